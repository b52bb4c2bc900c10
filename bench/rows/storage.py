"""K1 to K3: key-value, sessions and errors; the report's own workloads."""
import json
import os
import statistics
import tempfile
import time

import rig
from rig import row


def rate(result):
    return result | {"rate": result["n"] / result["seconds"]}


def sqlite(program, count, batch):
    with tempfile.TemporaryDirectory(prefix="orchflow-bench-") as d:
        return rate(json.loads(rig.run(program, d, count, batch).stdout))


def fresh(count, clients):
    with rig.instance() as c:
        c.call("kv.set", key="first", text="x")
        return rate(rig.drive("kvset", count, clients))


@row("K1", "K2")
def durable_sets():
    one, many = (200, 6400) if rig.args.quick else (1000, 64000)
    program = rig.compiled("sqlite", ["sqlite3"], "libsqlite3-dev")
    alone = rig.turns(lambda: fresh(one, 1), lambda: sqlite(program, one, 1))
    a, b, _ = rig.medians(alone, "rate")
    ratio = statistics.median(y["rate"] / x["rate"] for x, y in alone)
    rig.report("K1", f"{one} durable sets, one by one", f"{1e6 / a:.0f} µs/op", f"SQLite alone {1e6 / b:.0f} µs/op",
               f"{ratio:.2f} ×", "≤ 1.3 ×", ratio <= 1.3, alone)
    together = rig.turns(lambda: fresh(many, 64), lambda: sqlite(program, many, 64))
    x, y, ratio = rig.medians(together, "rate")
    rig.report("K2", "64 clients, durable sets at the same time", f"{x:,.0f}/s", f"bare SQLite in batches of 64 {y:,.0f}/s",
               f"{ratio:.2f} ×", "≥ 0.6 ×", ratio >= 0.6, together)
    rig.report("K2", "the same against one client (K1)", f"{x:,.0f}/s", f"K1 {a:,.0f}/s", f"{x / a:.1f} ×", "≥ 8 ×",
               x / a >= 8)


def fill(c, begin, end):
    """Keys begin..end, a thousand in a request."""
    for start in range(begin, end, 1000):
        c.call("kv.batch", ops=[{"op": "set", "key": f"key{k:06}", "text": "v" * 100}
                                for k in range(start, min(start + 1000, end))])


def milliseconds(work, n=5):
    times = []
    for _ in range(n):
        start = time.monotonic()
        work()
        times.append((time.monotonic() - start) * 1000)
    return statistics.median(times)


def make_sessions(c):
    ids = [c.start("session.create") for _ in range(50)]
    for id_ in ids:
        c.finish(id_)


def scaling(c, largest):
    """(set, get) in µs at 100 keys and at many."""
    found = []
    for have, keys in ((0, 100), (100, largest)):
        fill(c, have, keys)
        found.append((rig.drive("kvset", 100, 1)["seconds"] * 1e4, rig.drive("kvget", 2000, keys)["p50_us"]))
    return found


@row("K3")
def the_reports_workloads():
    largest = 10000 if rig.args.quick else 100000
    for kind, folder in (("file", None), ("memory", "/dev/shm")):
        if folder and not os.access(folder, os.W_OK):
            rig.report("K3", "the same in memory", "-", f"skipped: no {folder}", "-", "-", None)
            continue
        with rig.instance(where=folder) as c:
            fill(c, 0, 1000)
            get = rig.drive("kvget", 1000, 1000)
            gets = [rig.drive("kvgets", 1000, 1000, 64) for _ in range(5)]
            listing = rig.drive("rtt", 50, "kv.list", '{"prefix":"key","limit":1000}')["p50_us"] / 1000
            sessions = milliseconds(lambda: make_sessions(c), 3)
            (set0, get0), (set1, get1) = scaling(c, largest)
        total = statistics.median(g["seconds"] for g in gets) * 1000
        rig.report("K3", f"1,000 gets over one connection, {kind}", f"{total:.1f} ms ({get['p50_us']:.0f} µs one by one)",
                   "report: 1 s", "-", "≤ 10 ms", total <= 10, [*gets, get])
        rig.report("K3", f"prefix listing of 1,000 keys, {kind}", f"{listing:.2f} ms", "report: 100 ms", "-", "≤ 1 ms",
                   listing <= 1)
        rig.report("K3", f"50 sessions at once, {kind}", f"{sessions:.1f} ms", "report: 5 s", "-", "≤ 50 ms",
                   sessions <= 50)
        rig.report("K3", f"a set among {largest:,} keys, {kind}", f"{set1:.0f} µs", f"among 100: {set0:.0f} µs",
                   f"{set1 / set0:.2f} ×", "≤ 1.5 ×", set1 / set0 <= 1.5)
        rig.report("K3", f"a get among {largest:,} keys, {kind}", f"{get1:.0f} µs", f"among 100: {get0:.0f} µs",
                   f"{get1 / get0:.2f} ×", "≤ 1.5 ×", get1 / get0 <= 1.5)
    errors = [json.loads(rig.run(rig.args.build / "bench" / "bench_errors", 10000).stdout) for _ in range(rig.args.pairs)]
    built, written = (statistics.median(e[k] for e in errors) / 1000 for k in ("built_us", "written_us"))
    rig.report("K3", "10,000 errors built", f"{built:.2f} ms", "report: 100 ms", "-", "≤ 1 ms", built <= 1, errors)
    rig.report("K3", "1,000 errors serialised", f"{written:.2f} ms", "report: 50 ms", "-", "≤ 0.5 ms", written <= 0.5, errors)
