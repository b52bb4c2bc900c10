#!/usr/bin/env python3
"""Kills the daemon again and again while terminals print, and looks for anything lost.

usage: torture.py WRITER DIR [--kills N] [--panes N] [--floods N] [--actors N] [--subscribers N]

Runs against the instance of $ORCHFLOW_SOCKET.  Each pane runs WRITER, which keeps its own record of every byte
in DIR.  Checked: every pane's process lives through all kills; what pane.read gives equals the record, byte for
byte, as far back as journals and records go; subscribers see one stream without a gap; every exit status arrives,
also those of processes that ended while no daemon ran; screens and histories are the same after a crash as before,
and the same as a fresh replay; no question is answered twice, nothing is typed by nobody, no event is told twice.
"""
import argparse
import os
import random
import signal
import struct
import sys
import threading
import time

import client
from torture_actors import Actors

HEADER, RECORD = 4096, 32 << 20
PIECE = 1 << 20
SLOT_S = 0.25  # one kill in each slot, at a time drawn uniformly

args = None
lost = 0
faults = []


def fault(text):
    faults.append(text)
    print("FAULT:", text, flush=True)


class Pane:
    def __init__(self, number):
        self.number, self.status = number, 10 + number
        self.path = os.path.join(args.dir, f"record{number}")
        self.is_flood = number < args.floods
        self.is_raw = self.is_flood or number % 2 == 0
        rate = 0 if self.is_flood else random.choice((50, 200, 500))
        # "Raw" is without the terminal's \n -> \r\n.  A record that wrapped around could not be converted.
        made = client.steady("pane.create", {
            "session": "torture", "command": [args.writer, self.path, str(rate), str(self.status)],
            "raw_output": self.is_raw, "key": f"torture-{number}"})
        self.id, self.pid = made["id"], made["pid"]

    def recorded(self, start, end):
        """Bytes [start, end) of the stream as the writer recorded them, or None if no longer there."""
        with open(self.path, "rb") as f:
            if not self.is_raw:
                total, = struct.unpack("<Q", f.read(8))
                f.seek(HEADER)
                return f.read(total).replace(b"\n", b"\r\n")[start:end]
            at = start % RECORD
            f.seek(HEADER + at)
            data = f.read(min(end - start, RECORD - at))
            if len(data) < end - start:
                f.seek(HEADER)
                data += f.read(end - start - len(data))
            f.seek(0)
            total, = struct.unpack("<Q", f.read(8))
            return data if total - RECORD < start else None

    def length(self):
        with open(self.path, "rb") as f:
            total, = struct.unpack("<Q", f.read(8))
        return total if self.is_raw else len(self.recorded(0, 1 << 62))

    def compare(self):
        """A piece somewhere in what is kept, in journal or ring, against the record."""
        low, head = self.kept()
        return self.compare_from(random.randrange(low, max(low + 1, head - PIECE)))

    def kept(self):
        """From where on both the journal and the record have everything."""
        now = client.steady("pane.get", {"pane": self.id})
        return max(now["tail_seq"], now["seq"] - RECORD + (8 << 20)), now["seq"]

    def compare_all(self):
        """Everything that is kept."""
        at, head = self.kept()
        got = None
        while at < head:
            got = self.compare_from(at)
            if got is None or got["to"] <= at:
                return got
            at = got["to"]
        return got

    def compare_from(self, start):
        global lost
        for _ in range(20):
            got = client.steady("pane.read", {"pane": self.id, "from": start, "max": PIECE})
            data = client.data_of(got)
            wanted = self.recorded(got["from"], got["to"])
            if wanted is not None:
                break
        else:
            return fault(f"{self.id}: the record never covered what was read")
        if got["gap"] and start >= got["tail"]:
            lost += got["gap"]
            fault(f"{self.id}: a gap of {got['gap']} bytes before {got['from']}")
        if len(data) != got["to"] - got["from"]:
            fault(f"{self.id}: {len(data)} bytes for [{got['from']}, {got['to']})")
        if data != wanted:
            wrong = sum(a != b for a, b in zip(data, wanted)) + abs(len(data) - len(wanted))
            lost += wrong
            first = next((i for i, (a, b) in enumerate(zip(data, wanted)) if a != b), -1)
            fault(f"{self.id}: {wrong} bytes of [{got['from']}, {got['to']}) differ from the record, first at "
                  f"{got['from'] + first}: {data[first:first + 40]!r}, recorded {wanted[first:first + 40]!r}")
        return got


class Subscriber(threading.Thread):
    """Follows one pane from its beginning, across all deaths of the daemon."""

    def __init__(self, pane):
        super().__init__(daemon=True)
        self.pane, self.data, self.n_resumes, self.end = pane, bytearray(), 0, None

    def run(self):
        while self.end is None or len(self.data) < self.end:
            try:
                c = client.connect()
                c.call("pane.subscribe", pane=self.pane.id, **{"from": len(self.data)})
                self.n_resumes += 1
                self.follow(c)
            except (OSError, TimeoutError):
                pass
            except client.ApiError as e:
                return fault(f"subscribe: {e}")

    def follow(self, c):
        while self.end is None or len(self.data) < self.end:
            name, params = c.event(0.2) or (None, None)
            if name == "pane.resync":
                return fault(f"a gap for the subscriber: {params}")
            if name == "pane.output":
                if params["seq"] != len(self.data):
                    fault(f"the subscriber is at {len(self.data)}, an event begins at {params['seq']}")
                self.data += client.data_of(params)


def current_daemon(not_pid):
    """(pid, counters) of the daemon that serves after the one named."""
    deadline = time.monotonic() + client.PATIENCE_S
    while time.monotonic() < deadline:
        metrics = client.steady("server.metrics", {})
        pid = client.steady("server.status", {})["daemon"]["pid"]
        if pid != not_pid:
            return pid, metrics
        time.sleep(0.002)
    raise TimeoutError("no new daemon")


def find(tree, name):
    """The value of a key wherever it stands in the document."""
    if isinstance(tree, dict):
        if name in tree:
            return tree[name]
        tree = list(tree.values())
    if isinstance(tree, list):
        return next((v for v in (find(t, name) for t in tree) if v is not None), None)
    return None


def mayfly(n):
    """A process that ends by itself, maybe while no daemon is there to see it."""
    made = client.steady("pane.create", {
        "session": "mayflies", "command": ["sh", "-c", f"sleep 0.{n % 4}; exit {n % 200 + 1}"], "key": f"mayfly-{n}"})
    return made["id"], n % 200 + 1


def main():
    panes = [Pane(n) for n in range(args.panes)]
    subscribers = [Subscriber(pane) for pane in panes[args.floods:args.floods + args.subscribers]]
    for subscriber in subscribers:
        subscriber.start()
    actors = Actors(args.dir, args.actors, fault)
    mayflies, n_under_way, downtimes = [], 0, []
    pid, _ = current_daemon(None)
    start = time.monotonic()
    n_wanted = args.kills // 20 + 1
    # The share of time in a read depends on what else the machine does: where it is small, more kills are needed.
    for n in range(3 * args.kills):
        if n >= args.kills and n_under_way >= n_wanted:
            break
        if n % 4 == 0:
            mayflies.append(mayfly(n))
        at = start + (n + random.random()) * SLOT_S
        time.sleep(max(0.0, at - time.monotonic()))
        under_way = []

        def kill():
            nonlocal pid
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            pid, metrics = current_daemon(pid)
            downtimes.append(time.monotonic() - killed)
            under_way.append(find(metrics, "recovered_intents") or 0)

        if n % 5 == 0:
            random.choice(actors.painters).compare_over(kill)
        else:
            kill()
        actors.resize_one()
        n_under_way += sum(under_way)
        for pane in {random.randrange(args.floods), random.randrange(args.panes)}:
            panes[pane].compare()
        if (n + 1) * SLOT_S + start < time.monotonic():
            start = time.monotonic() - (n + 1) * SLOT_S  # recovery took longer than the slot: shift the rest

    end_panes(panes)
    verify_end(panes, mayflies)
    for subscriber in subscribers:
        end_subscriber(subscriber)
    said = actors.verify(len(downtimes), args.orchflow)

    n_kills = len(downtimes)
    share = 100 * n_under_way / n_kills
    total = sum(p.length() for p in panes)
    print(f"printed: {total >> 20} MiB; subscribers: {sum(s.n_resumes for s in subscribers)} times resumed, "
          f"{sum(len(s.data) for s in subscribers)} bytes; {said}; back after a kill: median "
          f"{sorted(downtimes)[len(downtimes) // 2] * 1000:.0f} ms, longest {max(downtimes) * 1000:.0f} ms")
    print(f"kills: {n_kills}, with a read under way: {n_under_way} ({share:.0f} %), bytes lost: {lost}")
    if n_under_way < n_wanted:
        fault("too few kills found a read under way: this proved nothing")
    return bool(faults)


def end_panes(panes):
    for pane in panes:
        now = client.steady("pane.get", {"pane": pane.id})
        if now["state"] != "running" or now["pid"] != pane.pid or not os.path.exists(f"/proc/{pane.pid}"):
            fault(f"{pane.id} did not live through it: {now}")
        client.steady("pane.signal", {"pane": pane.id, "signal": "USR1", "to": "leader"})
    for pane in panes:
        client.steady("pane.wait", {"pane": pane.id, "exit": True, "timeout_ms": 60000})


def end_subscriber(subscriber):
    subscriber.end = subscriber.pane.length()
    subscriber.join(client.PATIENCE_S)
    if bytes(subscriber.data) != subscriber.pane.recorded(0, subscriber.end):
        fault(f"the subscriber's {len(subscriber.data)} bytes are not the {subscriber.end} written")


def verify_end(panes, mayflies):
    global lost
    for pane in panes:
        now = client.steady("pane.get", {"pane": pane.id})
        if now["status"] != {"code": pane.status}:
            fault(f"{pane.id}: status {now['status']}, wanted {pane.status}")
        got = pane.compare_all()
        if got and got["to"] != pane.length():
            lost += abs(pane.length() - got["to"])
            fault(f"{pane.id}: {got['to']} bytes arrived, {pane.length()} were written")
    for pane_id, status in mayflies:
        client.steady("pane.wait", {"pane": pane_id, "exit": True, "timeout_ms": 60000})
        now = client.steady("pane.get", {"pane": pane_id})
        if now["status"] != {"code": status}:
            fault(f"{pane_id}: status {now['status']}, wanted {status}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("writer")
    parser.add_argument("dir")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--panes", type=int, default=20)
    parser.add_argument("--floods", type=int, default=4)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--subscribers", type=int, default=3)
    parser.add_argument("--orchflow", default=os.environ.get("ORCHFLOW", "orchflow"))
    args = parser.parse_args()
    sys.exit(main())
