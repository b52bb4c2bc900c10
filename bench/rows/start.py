"""S1, S2: from nothing to the first answer; a thousand panes."""
import os
import tempfile

import rig
from rig import row


@row("S1")
def cold_start():
    with tempfile.TemporaryDirectory(prefix="orchflow-bench-") as home:
        os.environ.update(ORCHFLOW_SOCKET=f"{home}/run/s.sock", ORCHFLOW_STATE_DIR=f"{home}/state", HOME=home,
                          XDG_CONFIG_HOME=f"{home}/config")
        os.mkdir(f"{home}/run", 0o700)
        rig.end_tmux()
        a, b, ratio = rig.drive("process", 6 if rig.args.quick else 30, f"{rig.args.orchflow} ls", f"{rig.args.orchflow} stop",
                                f"{rig.TMUX} new-session -d ; {rig.TMUX} ls", f"{rig.TMUX} kill-server ; sleep 0.1")
    rig.report("S1", "cold start: nothing running to first answer", rig.us(a["p50_us"]), f"tmux {rig.us(b['p50_us'])}",
               f"{ratio['p50_us'] / 1000:.2f} ×", "≤ 10 ms, ≤ 1 × tmux",
               a["p50_us"] <= 10000 and ratio["p50_us"] <= 1000, [a, b, ratio])


@row("S2")
def many_panes():
    n = 100 if rig.args.quick else 1000
    with rig.instance():
        rig.drive("spawn", 50)
        pairs = rig.turns(lambda: rig.drive("spawn", n), lambda: rig.drive("fork", n))
    a, b, ratio = rig.medians(pairs, "seconds")
    rig.report("S2", f"{n} panes over one connection", f"{a * 1000:.0f} ms", f"fork+exec {b * 1000:.0f} ms",
               f"{ratio:.2f} ×", "≤ 1.5 ×", ratio <= 1.5, pairs)
