"""L1 to L4: keys, requests and whole commands."""
import os
import shutil
import statistics

import rig
from rig import row


@row("L1")
def key_to_echo():
    n = 200 if rig.args.quick else 1000
    has_tmux = shutil.which("tmux")
    for load, slack_us in (("idle", 1000), ("flood", 5000)):
        with rig.instance():
            pairs = rig.turns(lambda load=load: rig.drive("echo", n, load), lambda load=load: rig.drive("rawecho", n, load))
            others = [rig.drive("tmuxecho", n, load, f"orchflow-bench-{os.getpid()}")
                          for _ in range((1 if rig.args.quick else rig.args.pairs) if has_tmux else 0)]
            rig.end_tmux()
        beside = "" if load == "idle" else ", beside a flood"
        for key, is_target in (("p50_us", False), ("p99_us", True)):
            a, b, _ = rig.medians(pairs, key)
            extra = statistics.median(x[key] - y[key] for x, y in pairs)
            t = f", tmux {rig.us(statistics.median(o[key] for o in others))}" if others else ", tmux skipped"
            rig.report("L1", f"key to echo, {key[:3]}{beside}", rig.us(a), f"raw {rig.us(b)}{t}", f"+{rig.us(extra)}",
                       f"≤ raw + {slack_us // 1000} ms" if is_target else "-",
                       extra <= slack_us if is_target else None, [pairs, others])


@row("L2")
def one_request():
    n = 2000 if rig.args.quick else 20000
    with rig.instance():
        first = rig.drive("rtt", 200, "server.status", "{}")
        size = first["answer_bytes"]
        pairs = rig.turns(lambda: rig.drive("rtt", n, "server.status", "{}"), lambda: rig.drive("pingpong", n, 60, size))
        piped = [rig.drive("pipeline", n * 2, 64) for _ in range(rig.args.pairs)]
    a, b, _ = rig.medians(pairs, "p50_us")
    extra = statistics.median(x["p50_us"] - y["p50_us"] for x, y in pairs)
    rig.report("L2", "one request (server.status), p50", rig.us(a), f"bare socket {rig.us(b)}", f"+{rig.us(extra)}",
               "≤ bare + 25 µs", extra <= 25, pairs)
    rate = statistics.median(p["per_second"] for p in piped)
    rig.report("L2", "the same, pipelined", f"{rate:,.0f}/s", "-", "-", "≥ 40,000/s", rate >= 40000, piped)


@row("L3")
def beside_a_flood():
    n = 300 if rig.args.quick else 2000
    with rig.instance() as c:
        for _ in range(20):
            c.call("pane.create", command=["sleep", "1000"])
        found = {}
        for method, params in (("pane.list", '{"limit":200}'), ("pane.snapshot", '{"pane":"%s"}')):
            found[method] = [rig.drive("beside", n, method, params) for _ in range(rig.args.pairs)]
    reference = "tmux skipped"
    if shutil.which("tmux"):
        rig.end_tmux()
        rig.tmux("new-session -d -x 150 -y 50 'exec yes'")
        other, = [rig.drive("process", max(20, n // 10), f"{rig.TMUX} capture-pane -p", "", "", "")]
        rig.end_tmux()
        reference = f"tmux capture-pane {rig.us(other['p50_us'])}, p95 {rig.us(other['p95_us'])}"
    for method, got in found.items():
        p50, p99 = (statistics.median(g[k] for g in got) for k in ("p50_us", "p99_us"))
        rig.report("L3", f"{method} beside a flood, p50 / p99", f"{rig.us(p50)} / {rig.us(p99)}", reference, "-",
                   "≤ 0.5 ms / 2 ms", p50 <= 500 and p99 <= 2000, got)


@row("L4")
def one_shot():
    n = 30 if rig.args.quick else 200
    if not shutil.which("tmux"):
        return rig.report("L4", "one-shot commands", "-", "tmux skipped", "-", "≤ 1 × tmux", None)
    with rig.instance() as c:
        c.call("pane.create", session="bench", command=["sh", "-c", "stty -icanon; exec cat >/dev/null"])
        rig.end_tmux()
        rig.tmux("new-session -d -x 150 -y 50 -s bench 'stty -icanon; exec cat >/dev/null'")
        for what, ours, theirs in (("send", "send bench x", "send-keys -t bench -l x"),
                                   ("capture", "capture bench", "capture-pane -p -t bench"), ("ls", "ls", "ls")):
            a, b, ratio = rig.drive("process", n, f"{rig.args.orchflow} {ours}", "", f"{rig.TMUX} {theirs}", "")
            rig.report("L4", f"orchflow {what}, the whole process", rig.us(a["p50_us"]), f"tmux {rig.us(b['p50_us'])}",
                       f"{ratio['p50_us'] / 1000:.2f} ×", "≤ 1 × tmux", ratio["p50_us"] <= 1000, [a, b, ratio])
        rig.end_tmux()
