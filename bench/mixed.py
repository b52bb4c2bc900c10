#!/usr/bin/env python3
"""Mixed load for a long time, to see whether memory, descriptors or latency drift.

usage: mixed.py [--build DIR] [--minutes N] [--panes N] [--clients N] [--plot SVG] [--draw JSON]

Panes print (text, colours, letters of many scripts, cursor movement) at a steady pace and are resized; now and then
one is killed, deleted and made anew.  Clients come, subscribe, and go, one in five without reading.  Histories are
searched, keys are set.  Every few seconds a sample is taken: memory and descriptors of both processes, CPU time, the
time of requests, and that of a bare socket in the same second, which tells the machine's drift from ours.  Samples go
to bench/results/mixed-*.csv as they come, and with the verdict to *.json; --plot draws them, --draw only draws.
"""
import argparse
import csv
import datetime
import json
import os
import pathlib
import random
import select
import socket
import statistics
import sys
import threading
import time

import rig
import svg

PIECE, PACE_S = 8192, 0.5  # each pane: 16 KB/s
KEYS = 5000
JOURNAL_BYTES = 2 << 20    # small, so that within the hour all of them drop old output
SETTINGS = f"[journal]\nmax_bytes = {JOURNAL_BYTES}\n"
# Seconds between two of each.
RESIZE_S, CHURN_S, SEARCH_S, SET_S = 0.2, 5, 2, 0.05
CLIENT_S = (1, 20)
SETTLE = 0.15              # the first part of the samples is warming up


class Load(threading.Thread):
    """A thread that does something until it is told to stop; what it dies of is kept."""

    def __init__(self, name, stop, step, every):
        super().__init__(name=name, daemon=True)
        self.stop, self.step, self.every, self.error, self.n = stop, step, every, None, 0

    def run(self):
        try:
            c = rig.client.Client()
            while not self.stop.wait(self.every):
                self.step(c)
                self.n += 1
        except Exception as e:  # the verdict says it
            self.error = f"{self.name}: {type(e).__name__}: {e}"
            self.stop.set()


class Panes:
    """The panes there are; one may be gone while another thread names it."""

    def __init__(self, folder, n, random_):
        self.folder, self.random, self.ids = folder, random_, []
        c = rig.client.Client()
        for i in range(n):
            self.ids.append(self.make(c, i))

    def make(self, c, i):
        kind = ("plain", "sgr", "uni", "cur")[i % 4]
        command = f"i=0; while :; do i=$(((i + 1) % 64)); cat {self.folder}/{kind}.$i; sleep {PACE_S}; done"
        return c.call("pane.create", command=["sh", "-c", command], cols=100, rows=30)["id"]

    def resize(self, c):
        with ignored_gone():
            c.call("pane.resize", pane=self.random.choice(self.ids), cols=self.random.randint(20, 200),
                   rows=self.random.randint(5, 60))

    def churn(self, c):
        i = self.random.randrange(len(self.ids))
        c.call("pane.kill", pane=self.ids[i], grace_ms=200)
        c.call("pane.delete", pane=self.ids[i])
        self.ids[i] = self.make(c, i)

    def search(self, c):
        if self.random.random() < 0.2:
            c.call("search.run", pattern="[0-9]{5,}[a-f]{3}[^ ]*x", regex=True, limit=50, timeout_ms=20000)
        else:
            c.call("search.run", pattern="INFO " + self.random.choice("abcdefgh"), limit=50, timeout_ms=20000)

    def look(self, c):
        with ignored_gone():
            c.call("pane.snapshot", pane=self.random.choice(self.ids), format="ansi", history=self.random.choice((0, 200)))


class ignored_gone:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return kind is rig.client.ApiError and error.name == "PANE_NOT_FOUND"


def set_key(c):
    c.call("kv.set", key=f"mixed/{random.randrange(KEYS)}", text="v" * random.randint(10, 500))


class Visitors:
    """Clients that come, subscribe to a pane, and go: one in five never reads, one in two goes without a word."""

    def __init__(self, panes, n):
        self.panes, self.random, self.there = panes, panes.random, []
        self.n, self.n_came, self.n_bytes = n, 0, 0

    def come(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(os.environ["ORCHFLOW_SOCKET"])
        subscribe = {"jsonrpc": "2.0", "id": 1, "method": "pane.subscribe", "params": {"pane": self.random.choice(self.panes.ids)}}
        everything = {"jsonrpc": "2.0", "id": 2, "method": "events.subscribe", "params": {}}
        s.sendall((json.dumps(subscribe) + "\n" + json.dumps(everything) + "\n").encode())
        s.setblocking(False)
        self.there.append((s, time.monotonic() + self.random.uniform(*CLIENT_S), self.random.random() < 0.8))
        self.n_came += 1

    def go(self, visitor):
        self.there.remove(visitor)
        if self.random.random() < 0.5:
            visitor[0].shutdown(socket.SHUT_WR)
        visitor[0].close()

    def step(self, _):
        while len(self.there) < self.n:
            self.come()
        readers = {v[0]: v for v in self.there if v[2]}
        for s in select.select(list(readers), [], [], 0.2)[0]:
            data = s.recv(1 << 20)
            self.n_bytes += len(data)
            if not data:
                raise ConnectionError("the server closed the connection of a client that reads")
        for v in [v for v in self.there if v[1] < time.monotonic()]:
            self.go(v)


def cpu_ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def sample(c, began):
    keeper, daemon = rig.pids()
    figures = {"minute": round((time.monotonic() - began) / 60, 3)}
    for name, pid in ("daemon", daemon), ("keeper", keeper):
        pss, rss = rig.memory(pid)
        figures |= {f"{name}_pss_kib": pss, f"{name}_rss_kib": rss, f"{name}_fds": len(os.listdir(f"/proc/{pid}/fd")),
                    f"{name}_cpu_ticks": cpu_ticks(pid)}
    figures["daemon_pid"] = daemon
    for name, result in (("status", rig.drive("rtt", 300, "server.status", "{}")),
                         ("bare", rig.drive("pingpong", 300, 60, 600)),
                         ("list", rig.drive("rtt", 40, "pane.list", '{"limit":200}'))):
        figures |= {f"{name}_p50_us": result["p50_us"], f"{name}_p99_us": result["p99_us"]}
    metrics = c.call("server.metrics")
    for key in ("queue_bytes", "store_bytes", "clients", "subscriptions", "open_fds", "panes"):
        figures[key] = metrics["gauges"][key]
    figures |= {f"memory_{k}": v for k, v in metrics.get("memory", {}).items()}
    for key in ("read_bytes", "resyncs", "requests", "store_writes", "events_lost", "journal_failures"):
        figures[key] = metrics["counters"][key]
    figures["journal_kib"] = sum(f.stat().st_blocks for f in pathlib.Path(os.environ["ORCHFLOW_STATE_DIR"]).rglob("journal/*/*")
                                 if f.exists()) // 2
    figures["load"] = os.getloadavg()[0]
    return figures


def trend(samples, key):
    """(median of the second fifth, median of the last fifth) after warming up: what drifts differs."""
    values = [s[key] for s in samples[int(len(samples) * SETTLE):]]
    fifth = max(1, len(values) // 5)
    return statistics.median(values[:fifth]), statistics.median(values[-fifth:])


def verdict(samples):
    found = {}
    for key in ("daemon_pss_kib", "keeper_pss_kib", "daemon_fds", "keeper_fds", "status_p50_us", "status_p99_us",
                "bare_p50_us", "list_p50_us", "store_bytes", "journal_kib"):
        first, last = trend(samples, key)
        found[key] = {"first": first, "last": last, "ratio": round(last / first, 3) if first else None}
    return found


def draw(result, path):
    s = result["samples"]
    minutes = [x["minute"] for x in s]

    def column(key, unit=1):
        return [x.get(key) / unit if x.get(key) is not None else None for x in s]

    def rate(key, unit):
        return [None] + [(b[key] - a[key]) / max(0.001, (b["minute"] - a["minute"]) * 60) / unit for a, b in zip(s, s[1:])]

    panels = [("memory, PSS in MiB", {"daemon": column("daemon_pss_kib", 1024), "keeper": column("keeper_pss_kib", 1024)}),
              ("descriptors", {"daemon": column("daemon_fds"), "keeper": column("keeper_fds")}),
              ("server.status in µs, and a bare socket", {"p50": column("status_p50_us"), "p99": column("status_p99_us"),
                                                          "bare p50": column("bare_p50_us")}),
              ("pane.list of all panes, µs", {"p50": column("list_p50_us"), "p99": column("list_p99_us")}),
              ("CPU in % of one core", {"daemon": rate("daemon_cpu_ticks", 1), "keeper": rate("keeper_cpu_ticks", 1)}),
              ("on disk, MiB", {"journals": column("journal_kib", 1024), "database": column("store_bytes", 1 << 20)}),
              ("load of the machine", {"load": column("load")})]
    pathlib.Path(path).write_text(svg.over_time(result["what"], minutes, panels, result["notes"]))


def pieces(folder):
    for kind in ("plain", "sgr", "uni", "cur"):
        data = rig.corpus(kind).read_bytes()
        for i in range(64):
            at = i * (len(data) - PIECE) // 64
            pathlib.Path(f"{folder}/{kind}.{i}").write_bytes(data[at:at + PIECE])


def run(args, base):
    samples, errors, stop = [], [], threading.Event()
    with rig.instance(SETTINGS) as c, open(f"{base}.csv", "w", newline="") as out:
        folder = os.environ["HOME"]
        pieces(folder)
        panes = Panes(folder, args.panes, random.Random(args.seed))
        visitors = Visitors(panes, args.clients)
        loads = [Load("resizing", stop, panes.resize, RESIZE_S), Load("panes that come and go", stop, panes.churn, CHURN_S),
                 Load("searching", stop, panes.search, SEARCH_S), Load("looking", stop, panes.look, 1),
                 Load("setting keys", stop, set_key, SET_S), Load("clients", stop, visitors.step, 0)]
        for load in loads:
            load.start()
        began, writer = time.monotonic(), None
        every = min(15, max(2, args.minutes * 60 / 40))
        while not stop.is_set() and time.monotonic() - began < args.minutes * 60:
            time.sleep(every)
            try:
                samples.append(sample(c, began))
            except Exception as e:  # what was sampled before is still worth having
                errors.append(f"sampling: {type(e).__name__}: {e}")
                break
            writer = writer or csv.DictWriter(out, list(samples[0]))
            if len(samples) == 1:
                writer.writeheader()
            writer.writerow(samples[-1])
            out.flush()
            s = samples[-1]
            rig.progress(f"minute {s['minute']:.1f}: daemon {s['daemon_pss_kib'] / 1024:.1f} MiB, {s['daemon_fds']} fds, "
                         f"status {s['status_p50_us']} us")
        stop.set()
        for load in loads:
            load.join(30)
        census = c.call("server.census")
    return samples, {"census": census, "counts": {load.name: load.n for load in loads} | {"clients came": visitors.n_came},
                     "errors": errors + [load.error for load in loads if load.error]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=lambda p: pathlib.Path(p).resolve(), default=rig.HERE.parent / "build")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--panes", type=int, default=50)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", help="draw the samples there, as docs/mixed-load.svg")
    parser.add_argument("--draw", help="only draw: the results of an earlier run")
    args = parser.parse_args()
    if args.draw:
        return draw(json.loads(pathlib.Path(args.draw).read_text()), args.plot or "mixed-load.svg")
    args.quick, args.pairs = True, 1
    args.orchflow = str(args.build / "src" / "cli" / "orchflow")
    rig.args = args
    (rig.HERE / "results").mkdir(exist_ok=True)
    date = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
    base = rig.HERE / "results" / f"mixed-{date.replace(' ', '-').replace(':', '')}"
    samples, found = run(args, base)
    found |= {"verdict": verdict(samples), "date": date, "minutes": samples[-1]["minute"], "samples": samples,
              "what": f"{samples[-1]['minute']:.0f} minutes of mixed load: {args.panes} panes, {args.clients} clients",
              "notes": [f"{date}, {rig.machine()}", f"machine's load at first {samples[0]['load']:.1f}, at last {samples[-1]['load']:.1f}; "
                        f"{found['counts']['clients came']} clients came, {found['counts']['resizing']} resizes, "
                        f"{found['counts']['searching']} searches, {found['counts']['setting keys']} keys set"]}
    pathlib.Path(f"{base}.json").write_text(json.dumps(found, indent=1))
    if args.plot:
        draw(found, args.plot)
    print(json.dumps({k: found[k] for k in ("verdict", "counts", "errors", "census")}, indent=1))
    print(f"every sample: {os.path.relpath(base)}.csv, .json")
    return 1 if found["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
