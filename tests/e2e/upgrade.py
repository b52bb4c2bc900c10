#!/usr/bin/env python3
"""Upgrades daemon and keeper again and again while terminals print and clients type and watch.

usage: upgrade.py WRITER DIR [--upgrades N] [--panes N] [--floods N]

As torture.py, but nothing is killed: `orchflow upgrade` must answer that it was done, every time.  Three
subscribers speak the protocol themselves, two are `orchflow tail -f`, five are `orchflow attach` in terminals
(attached.py), and one types numbered lines with `orchflow send`, two more in terminals: each must arrive exactly
once, in order.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time

import client
import torture
from attached import Terminals
from torture import Pane, Subscriber, fault

ORCHFLOW = os.environ["ORCHFLOW"]


class Tail:
    """The C library as a subscriber."""

    def __init__(self, pane):
        self.pane, self.path = pane, f"{pane.path}.tail"
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen([ORCHFLOW, "tail", "-f", "-a", pane.id], stdout=out)

    def verify(self):
        try:
            status = self.process.wait(client.PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return fault(f"tail of {self.pane.id} does not end")
        with open(self.path, "rb") as f:
            got = f.read()
        if status != 0 or got != self.pane.recorded(0, self.pane.length()):
            fault(f"tail of {self.pane.id}: status {status}, {len(got)} bytes, {self.pane.length()} were written")


class Typist(threading.Thread):
    """Types lines, one command each."""

    def __init__(self):
        super().__init__(daemon=True)
        self.is_over, self.n = False, 0
        self.pane = client.steady("pane.create", {"command": ["cat"], "key": "typist"})["id"]

    def run(self):
        while not self.is_over:
            r = subprocess.run([ORCHFLOW, "send", self.pane, "--enter", f"line {self.n}."], capture_output=True,
                               timeout=client.PATIENCE_S, check=False)
            if r.returncode != 0:
                return fault(f"send: {r.stderr.decode()}")
            self.n += 1

    def verify(self):
        self.is_over = True
        self.join(client.PATIENCE_S)
        # What cat prints comes behind what the terminal echoes.
        wanted = [f"line {n}." for n in range(self.n)]
        deadline = time.monotonic() + client.PATIENCE_S
        while True:
            text = client.data_of(client.steady("pane.read", {"pane": self.pane, "from": 0, "max": 1 << 20})).decode()
            got = text.split()
            if text.count("line ") >= 2 * self.n or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        lines = [f"line {word}" for word in got[1::2]]
        for n, line in enumerate(wanted):
            if lines.count(line) != 2:
                fault(f"{line!r} (of {self.n}) was typed {lines.count(line) / 2:g} times")
                break


def upgrade(n):
    command = [ORCHFLOW, "upgrade", "--json"] + (["--keeper"] if n % 3 == 2 else [])
    before = client.steady("server.status", {})
    r = subprocess.run(command, capture_output=True, timeout=client.PATIENCE_S, check=False)
    if r.returncode != 0:
        fault(f"{command}: {r.stderr.decode()}")
        return 0
    after = client.steady("server.status", {})
    if before["keeper"]["pid"] != after["keeper"]["pid"]:
        fault("the keeper is another process")
    if (before["daemon"]["pid"] == after["daemon"]["pid"]) != (n % 3 == 2):
        fault(f"upgrade {n}: daemon {before['daemon']} -> {after['daemon']}")
    return json.loads(r.stdout)["took_ms"]


def main():
    panes = [Pane(n) for n in range(torture.args.panes)]
    calm = panes[torture.args.floods:]
    subscribers = [Subscriber(pane) for pane in calm[:3]]
    for s in subscribers:
        s.start()
    tails = [Tail(pane) for pane in calm[3:5]]
    typist = Typist()
    typist.start()
    terminals = Terminals(torture.args.writer, torture.args.dir, fault)
    terminals.start()
    mayflies, took = [], []
    for n in range(torture.args.upgrades):
        mayflies.append(torture.mayfly(n))
        time.sleep(random.random() * 0.15)
        took.append(upgrade(n))
        panes[random.randrange(len(panes))].compare()
        terminals.compare()
    typist.verify()
    said = terminals.verify()
    torture.end_panes(panes)
    torture.verify_end(panes, mayflies)
    for s in subscribers:
        torture.end_subscriber(s)
    for t in tails:
        t.verify()
    census = client.steady("server.census", {})
    if census["zombies"] or census["keeper"]["fds"] > census["keeper"]["expected_fds"]:
        fault(f"left over: {census}")
    daemons = sorted(t for n, t in enumerate(took) if n % 3 != 2)
    print(f"upgrades: {len(took)}, of the keeper: {len(took) // 3}; new daemon serves after: median "
          f"{daemons[len(daemons) // 2]} ms, longest {daemons[-1]} ms; lines typed: {typist.n}; {said}; bytes lost: {torture.lost}; "
          f"faults: {len(torture.faults)}")
    return bool(torture.faults)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("writer")
    parser.add_argument("dir")
    parser.add_argument("--upgrades", type=int, default=5)
    parser.add_argument("--panes", type=int, default=20)
    parser.add_argument("--floods", type=int, default=2)
    torture.args = parser.parse_args()
    sys.exit(main())
