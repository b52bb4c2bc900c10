"""What torture.py has going on beside the writers: programs that paint, ask and take, and clients that type and listen."""
import collections
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import client

HERE = os.path.dirname(os.path.abspath(__file__))
COLS, ROWS = 80, 24


class Actor:
    """A pane that runs actor.py."""

    def __init__(self, mode, folder, fault, **params):
        self.log_path, self.fault = os.path.join(folder, f"{mode}-{random.randrange(1 << 30)}"), fault
        made = client.steady("pane.create", dict(params, session="torture", cols=COLS, rows=ROWS, key=f"actor-{self.log_path[-30:]}",
                                                 command=[sys.executable, f"{HERE}/actor.py", mode, self.log_path]))
        self.id, self.pid = made["id"], made["pid"]

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def shot(self):
        return client.steady("pane.snapshot", {"pane": self.id, "format": "ansi", "history": 100000})

    def stop(self):
        """It prints nothing more until cont()."""
        os.kill(self.pid, signal.SIGSTOP)
        before = -1
        while True:
            seq = client.steady("pane.get", {"pane": self.id})["seq"]
            if seq == before:
                return
            before = seq
            time.sleep(0.05)

    def cont(self):
        os.kill(self.pid, signal.SIGCONT)

    def end(self):
        os.kill(self.pid, signal.SIGUSR1)
        client.steady("pane.wait", {"pane": self.id, "exit": True, "timeout_ms": 60000})


class Painter(Actor):
    def compare_over(self, kill):
        """The screen before and after a death of the daemon."""
        self.stop()
        before = self.shot()
        kill()
        after = self.shot()
        self.cont()
        if before["seq"] != after["seq"] or before["data"] != after["data"]:
            self.fault(f"{self.id}: the screen at {before['seq']} is another after the crash, at {after['seq']}")

    def compare_replay(self, orchflow):
        """The screen against everything that was printed, fed to an emulator of its own.  Only of panes that kept their size."""
        data = bytearray()
        while True:
            piece = client.steady("pane.read", {"pane": self.id, "from": len(data), "max": 1 << 20})
            data += client.data_of(piece)
            if len(data) >= piece["head"]:
                break
        fresh = subprocess.run([orchflow, "vt", "--size", f"{COLS}x{ROWS}", "--history", "all", "--format", "ansi"],
                               input=bytes(data), stdout=subprocess.PIPE, check=True).stdout
        shot = self.shot()
        kept = client.data_of(shot)
        if kept.rstrip() != fresh.rstrip():
            at = next((i for i, (a, b) in enumerate(zip(kept, fresh)) if a != b), min(len(kept), len(fresh)))
            self.fault(f"{self.id}: the screen is not what its {len(data)} bytes paint: from {at}: {kept[at - 40:at + 40]!r}, "
                       f"fresh {fresh[at - 40:at + 40]!r}")


class Asker(Actor):
    def verify(self, n_kills):
        """Every question was answered at most once; not at all only where a daemon died over it."""
        found = re.fullmatch(r"asked (\d+) answered (\d+) stray (.*)\n", self.log())
        if not found:
            return self.fault(f"{self.id}: {self.log()!r}")
        asked, answered, stray = int(found[1]), int(found[2]), found[3]
        # An answer that came too late for the program is one that it did not wait for any more.
        if stray != "b''":
            self.fault(f"{self.id}: typed by nobody: {stray[:200]}")
        if answered > asked or asked - answered > 2 * n_kills + 2:
            self.fault(f"{self.id}: {answered} answers to {asked} questions")


class Typist(Actor, threading.Thread):
    """Types numbered records; knows at any time how many bytes must have gone in."""

    def __init__(self, folder, fault):
        threading.Thread.__init__(self, daemon=True)
        Actor.__init__(self, "take", folder, fault)
        self.n_sent, self.n_unknown, self.is_over = 0, 0, False

    def run(self):
        while not self.is_over:
            record = f"<{self.n_sent:07}>"
            try:
                c = client.connect()
                try:
                    c.call("pane.write", pane=self.id, text=record)
                finally:
                    c.close()
            except OSError:
                self.n_unknown += 1  # it went in or not; it is not sent again
            except client.ApiError as e:
                self.fault(f"{self.id}: {e}")
            self.n_sent += 1
            time.sleep(0.01)

    def verify(self):
        got = self.log()
        numbers = [int(n) for n in re.findall(r"<(\d{7})>", got)]
        if "".join(f"<{n:07}>" for n in numbers) != got:
            self.fault(f"{self.id}: it was typed what nobody sent: {got[-200:]!r}")
        if any(b <= a for a, b in zip(numbers, numbers[1:])):
            self.fault(f"{self.id}: a record was typed twice")
        if self.n_sent - len(numbers) > self.n_unknown:
            self.fault(f"{self.id}: {len(numbers)} of {self.n_sent} records arrived, {self.n_unknown} were unsure")


class Listener(threading.Thread):
    """Collects events over all deaths: none is told twice."""

    def __init__(self, fault):
        super().__init__(daemon=True)
        self.fault, self.titles, self.exits, self.is_over = fault, collections.defaultdict(int), collections.Counter(), False

    def run(self):
        while not self.is_over:
            try:
                c = client.connect()
                c.call("events.subscribe", kinds=["pane.title", "pane.exit"])
                while not self.is_over:
                    name, params = c.event(0.2) or (None, None)
                    if name == "pane.exit":
                        self.exits[params["pane"]] += 1
                    elif name == "pane.title" and params["title"].startswith("title "):
                        n = int(params["title"].split()[1])
                        if n <= self.titles[params["pane"]]:
                            self.fault(f"{params['pane']}: title {n} was told after {self.titles[params['pane']]}")
                        self.titles[params["pane"]] = n
            except (OSError, TimeoutError):
                pass

    def verify(self):
        for pane, n in self.exits.items():
            if n > 1:
                self.fault(f"{pane}: its exit was told {n} times")
        if not self.titles:
            self.fault("no event arrived at all: this proved nothing")


class Actors:
    def __init__(self, folder, n, fault):
        self.painters = [Painter("paint", folder, fault) for _ in range(n)]
        self.askers = [Asker("ask", folder, fault) for _ in range(max(1, n // 2))]
        self.typists = [Typist(folder, fault) for _ in range(max(1, n // 2))]
        self.listener = Listener(fault)
        for thread in (*self.typists, self.listener):
            thread.start()

    def resize_one(self):
        """The first painters keep their size, so that their screens can be painted afresh."""
        others = self.painters[1:]
        if others:
            client.steady("pane.resize", {"pane": random.choice(others).id, "cols": random.randrange(20, 150),
                                          "rows": random.randrange(5, 60)})

    def verify(self, n_kills, orchflow):
        for typist in self.typists:
            typist.is_over = True
            typist.join(client.PATIENCE_S)
        time.sleep(0.5)
        for actor in (*self.painters, *self.askers, *self.typists):
            actor.end()
        self.painters[0].compare_replay(orchflow)
        for asker in self.askers:
            asker.verify(n_kills)
        for typist in self.typists:
            typist.verify()
        time.sleep(0.5)
        self.listener.is_over = True
        self.listener.join(client.PATIENCE_S)
        self.listener.verify()
        return (f"screens compared; {sum(len(t.log()) // 9 for t in self.typists)} records typed "
                f"({sum(t.n_unknown for t in self.typists)} unsure); {'; '.join(a.log().strip() for a in self.askers[:1])}")
