"""stages: where the daemon's time for one chunk of output and for one request goes, by its own histograms."""
import rig
from rig import corpus, row

CHUNK = ("read", "parse", "journal_append", "journal_flush", "fanout", "socket_write")


def stages(c):
    return c.call("server.metrics")["stages"]


def passed(before, after, name):
    return after[name]["sum_ns"] - before[name]["sum_ns"], after[name]["n"] - before[name]["n"]


def of_chunk(c, kind):
    """[(stage, us for each chunk read)] while a pane prints and one client watches."""
    size = corpus(kind).stat().st_size
    hold = c.call("pane.create", cols=150, rows=50, command=["sh", "-c", f"read x; cat {corpus(kind)}; exec sleep 1000"])["id"]
    c.call("pane.subscribe", pane=hold)
    before = stages(c)
    c.call("pane.write", pane=hold, text="go\n")
    while c.call("pane.get", pane=hold)["journal"]["seq"] < size:
        c.event(0.1)
        c.events.clear()
    after = stages(c)
    c.call("pane.kill", pane=hold, grace_ms=100)
    _, chunks = passed(before, after, "read")
    return [(name, passed(before, after, name)[0] / 1000 / max(1, chunks)) for name in CHUNK]


def of_request(c):
    """[(part, us)] of a round trip: the daemon's own work, writing the answer, and the kernel with all waking."""
    n = 300 if rig.args.quick else 3000
    before, methods = stages(c), c.call("server.metrics")["methods"].get("pane.get", {"sum_ns": 0, "n": 0})
    trip = rig.drive("rtt", n, "pane.get", '{"pane":"p1"}')["p50_us"]
    after, now = stages(c), c.call("server.metrics")["methods"]["pane.get"]
    handled = (now["sum_ns"] - methods["sum_ns"]) / 1000 / (now["n"] - methods["n"])
    ns, times = passed(before, after, "socket_write")
    return [("request", handled), ("socket_write", ns / 1000 / times), ("kernel, waking", max(0, trip - handled - ns / 1000 / times))]


@row("stages")
def where_the_time_goes():
    with rig.instance() as c:
        c.call("pane.create", command=rig.PROMPT)
        bars = [(f"chunk, {kind}", of_chunk(c, kind)) for kind in ("plain", "sgr", "uni", "cur")]
        bars.append(("request", of_request(c)))
    for name, parts in bars:
        largest = max(parts, key=lambda part: part[1])
        rig.report("stages", name, f"{sum(us for _, us in parts):.1f} µs", f"most of it: {largest[0]} {largest[1]:.1f} µs",
                   "-", "-", None, {part: us for part, us in parts})
