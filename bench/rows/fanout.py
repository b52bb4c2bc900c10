"""V1: what many viewers of one pane cost."""
import pathlib
import statistics
import threading
import time

import rig
from rig import row


def busy_ns(pid):
    """Time that all threads of a process have run."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def watch(c, n, stalled, seconds):
    """CPU share of the daemon and its largest memory while n subscribers watch a pane that prints 1 MB/s."""
    drive = rig.args.build / "bench" / "bench_drive"
    pane = c.call("pane.create", cols=80, rows=24, command=[str(drive), "pace", "1000000", str(seconds + 30)])["id"]
    _, daemon = rig.pids()
    found = {}
    thread = threading.Thread(target=lambda: found.update(rig.drive("fanout", pane, n, stalled, seconds + 2)))
    thread.start()
    time.sleep(1)  # they have all subscribed
    began, busy, memory = time.monotonic(), busy_ns(daemon), []
    while time.monotonic() - began < seconds:
        time.sleep(0.25)
        memory.append(rig.memory(daemon)[0])
    share = (busy_ns(daemon) - busy) / (time.monotonic() - began) / 1e9
    thread.join()
    c.call("pane.kill", pane=pane, grace_ms=100)
    # Queues fill at first; what grows after the first half goes on growing.
    half = len(memory) // 2
    return found | {"cpu": share, "grew_kib": max(memory[half:]) - max(memory[:half]), "pss_kib": max(memory)}


@row("V1")
def many_viewers():
    seconds, n = (1, 100) if rig.args.quick else (6, 100)
    with rig.instance() as c:
        pairs = rig.turns(lambda: watch(c, n, 0, seconds), lambda: watch(c, 1, 0, seconds),
                          1 if rig.args.quick else 3)
        stalled = watch(c, n, n // 2, seconds)
    a, b, ratio = rig.medians(pairs, "cpu")
    rig.report("V1", f"1 MB/s to {n} subscribers, CPU of the daemon", f"{a:.1%}", f"1 subscriber {b:.1%}",
               f"{ratio:.1f} ×", "≤ 4 ×", ratio <= 4, pairs)
    rig.report("V1", f"the same, half of them stalled: growth of memory", f"{stalled['grew_kib']} KiB",
               f"PSS {stalled['pss_kib'] / 1024:.1f} MiB", "-", "none", stalled["grew_kib"] <= 256, [stalled])
    if statistics.median(p[0]["bytes"] for p in pairs) < n * seconds * 500000:
        raise RuntimeError("the subscribers got less than was printed")
