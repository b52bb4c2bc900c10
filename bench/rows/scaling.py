"""scaling: what one operation costs beside 10, 100 and 1,000 of what there can be many of."""
import threading
import time

import rig
from rig import corpus, row
from rows.fanout import busy_ns
from rows.idle import activity
from rows.recovery import create


def report(what, figures, unit, target=None, digits=1):
    """Figures by how many there were; the ratio is of the last to the first."""
    counts = list(figures)
    first, last = figures[counts[0]], figures[counts[-1]]
    ratio = last / first if first else 1
    rig.report("scaling", f"{what}, {counts[-1]:,}", f"{last:.{digits}f} {unit}",
               ", ".join(f"{n:,}: {figures[n]:.{digits}f}" for n in counts[:-1]) + f" {unit}", f"{ratio:.2f} ×",
               f"≤ {target} ×" if target else "-", ratio <= target if target else None, {str(n): v for n, v in figures.items()})


def cpu_per_mb(c, viewers=0):
    """Milliseconds of the daemon's processor time for each MB that a pane prints at 1 MB/s."""
    seconds = 1 if rig.args.quick else 3
    drive = rig.args.build / "bench" / "bench_drive"
    pane = c.call("pane.create", cols=150, rows=50, command=[str(drive), "pace", "1000000", str(seconds + 60)])["id"]
    _, daemon = rig.pids()
    watching = None
    if viewers:
        watching = threading.Thread(target=lambda: rig.drive("fanout", pane, viewers, 0, seconds + 2))
        watching.start()
    time.sleep(1)  # they have all subscribed
    seq, busy = c.call("pane.get", pane=pane)["seq"], busy_ns(daemon)
    time.sleep(seconds)
    busy, seq = busy_ns(daemon) - busy, c.call("pane.get", pane=pane)["seq"] - seq
    if watching:
        watching.join()
    c.call("pane.kill", pane=pane, grace_ms=100)
    return busy / seq


def best(sample, n=3):
    return min(sample() for _ in range(n))


def of_panes(counts):
    found = {"server.status": {}, "pane.get": {}, "CPU of 1 MB printed": {}, "wake-ups in 2 idle seconds": {}, "memory of a pane": {}}
    n = 500 if rig.args.quick else 2000
    with rig.instance() as c:
        empty, _ = rig.memory(*rig.pids())
        for have, count in zip([0, *counts], counts):
            create(c, [rig.PROMPT] * (count - have))
            time.sleep(2.5)
            found["memory of a pane"][count] = (rig.memory(*rig.pids())[0] - empty) / count
            before = activity(rig.pids())
            time.sleep(2)
            found["wake-ups in 2 idle seconds"][count] = activity(rig.pids())[0] - before[0]
            found["server.status"][count] = best(lambda: rig.drive("rtt", n, "server.status", "{}")["p50_us"])
            found["pane.get"][count] = best(lambda: rig.drive("rtt", n, "pane.get", '{"pane":"p7"}')["p50_us"])
            found["CPU of 1 MB printed"][count] = cpu_per_mb(c)
    report("server.status beside panes", found["server.status"], "µs", 1.5)
    report("pane.get beside panes", found["pane.get"], "µs", 1.5)
    report("CPU of 1 MB printed in one pane beside panes", found["CPU of 1 MB printed"], "ms", 1.5)
    report("wake-ups in 2 idle seconds, panes", found["wake-ups in 2 idle seconds"], "wake-ups", digits=0)
    report("memory of a pane (PSS), panes", found["memory of a pane"], "KiB", 1.5)


def of_keys(counts):
    get, put, listing = {}, {}, {}
    with rig.instance() as c:
        for have, count in zip([0, *counts], counts):
            for start in range(have, count, 1000):
                c.call("kv.batch", ops=[{"op": "set", "key": f"key{k:06}", "text": "v" * 100}
                                        for k in range(start, min(start + 1000, count))])
            get[count] = best(lambda count=count: rig.drive("kvget", 2000, count)["p50_us"])
            put[count] = best(lambda: rig.drive("kvset", 200, 1)["seconds"] / 200 * 1e6)
            listing[count] = best(lambda: rig.drive("rtt", 100, "kv.list", '{"prefix":"key0000","limit":100}')["p50_us"])
    report("kv.get among keys", get, "µs", 1.5)
    report("durable kv.set among keys", put, "µs", 1.5)
    report("kv.list of 100 keys among keys", listing, "µs", 1.5)


def of_history(counts):
    shot, found = {}, {}
    with rig.instance(f"[limits]\nhistory_lines = {counts[-1]}\nhistory_bytes = {64 << 20}\n") as c:
        for count in counts:
            pane, = create(c, [["sh", "-c", f"head -n {count + 50} {corpus('plain')}; exec sleep 1000"]], cols=150, rows=50)
            while c.call("pane.snapshot", pane=pane, format="text")["history"] < count:
                time.sleep(0.1)
            shot[count] = best(lambda pane=pane: rig.drive("rtt", 500, "pane.snapshot", f'{{"pane":"{pane}"}}')["p50_us"])
            found[count] = best(lambda pane=pane: rig.drive(
                "rtt", 20, "search.run", f'{{"pattern":"nowhere-4711","pane":"{pane}","case":"sensitive"}}')["p50_us"])
    report("pane.snapshot of the screen above lines of history", shot, "µs", 1.5)
    report("a literal that is nowhere, a line of history, lines", {n: v / n * 1000 for n, v in found.items()}, "ns")


def of_subscribers(counts):
    with rig.instance() as c:
        cpu = {n: cpu_per_mb(c, n) for n in counts}
    report("CPU of 1 MB printed, a subscriber, subscribers", {n: v / n for n, v in cpu.items()}, "ms")


@row("scaling")
def scaling():
    small = rig.args.quick
    of_panes((10, 100) if small else (10, 100, 999))  # and the one that prints: the limit is 1,000
    of_keys((100, 1000) if small else (100, 10000, 100000))
    of_history((100, 1000) if small else (100, 1000, 10000))
    of_subscribers((1, 10) if small else (1, 10, 100))
