"""`orchflow attach` in real terminals (tmux), while panes print and somebody types.

A terminal is looked at while it is drawn, so what is seen may be half a frame.  A hole between two lines counts when it
is seen again after the terminal went on: half a frame does not come twice, bytes that are missing scroll with the rest.
"""
import os
import subprocess
import threading
import time

import client

ORCHFLOW = os.environ["ORCHFLOW"]
COLS, ROWS = 100, 50


def tmux(folder, *args):
    return subprocess.run(["tmux", "-f", "/dev/null", "-L", "attached", *args], check=True, stdout=subprocess.PIPE,
                          env={**os.environ, "TMUX_TMPDIR": folder}, timeout=client.PATIENCE_S, text=True).stdout


def start_terminals(folder):
    """The server of the terminals; they stay when what runs in them ends."""
    tmux(folder, "new-session", "-d", "-s", "none", "exec sleep 100000", ";", "set", "-g", "remain-on-exit", "on", ";",
         "set", "-g", "status", "off")


def end_terminals(folder):
    tmux(folder, "kill-server")


class Printer:
    """A pane that prints numbered lines, and keeps what it is given to read in a file."""

    def __init__(self, name, rate, writer, folder):
        self.typed = os.path.join(folder, f"{name}.typed")
        script = 'stty -echo; : >"$1"; cat </dev/tty >>"$1" & exec "$2" "$3" "$4" 7'
        made = client.steady("pane.create", {"session": name, "key": name, "command": [
            "sh", "-c", script, "sh", self.typed, writer, os.path.join(folder, f"{name}.record"), str(rate)]})
        self.id = made["id"]

    def signal(self, name):
        client.steady("pane.signal", {"pane": self.id, "signal": name, "to": "leader"})

    def shows(self):
        r = subprocess.run([ORCHFLOW, "capture", self.id], stdout=subprocess.PIPE, check=True, text=True,
                           timeout=client.PATIENCE_S)
        return r.stdout.rstrip().splitlines()


class Attached:
    """One terminal with `orchflow attach` in it."""

    def __init__(self, name, pane, folder, fault):
        self.name, self.pane, self.folder, self.fault = name, pane, folder, fault
        self.holes, self.last, self.n_looks = {}, -1, 0
        tmux(folder, "new-session", "-d", "-s", name, "-x", str(COLS), "-y", str(ROWS), f"exec {ORCHFLOW} attach {pane.id}")
        self.pid = self.about("#{pane_pid}")

    def about(self, what):
        return tmux(self.folder, "list-panes", "-t", self.name, "-F", what).strip()

    def screen(self):
        return tmux(self.folder, "capture-pane", "-p", "-t", self.name).rstrip().splitlines()

    def look(self):
        """Look for holes."""
        numbers = [int(line[:12]) for line in self.screen() if line[:12].isdigit() and line[12:13] == " "]
        if not numbers:
            return
        self.n_looks += 1
        for pair in zip(numbers, numbers[1:]):
            if pair[1] == pair[0] + 1:
                continue
            if self.holes.setdefault(pair, numbers[-1]) != numbers[-1]:
                self.fault(f"{self.name}: behind line {pair[0]} comes {pair[1]}")
                del self.holes[pair]
        self.last = max(self.last, numbers[-1])

    def compare(self):
        """Of a pane that does not print now: the terminal shows what the pane shows."""
        deadline = time.monotonic() + client.PATIENCE_S
        while True:
            want, got = self.pane.shows(), self.screen()
            if want == got:
                return
            if time.monotonic() > deadline:
                first = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
                return self.fault(f"{self.name} differs from row {first} on: {got[first:first + 2]}, the pane has "
                                  f"{want[first:first + 2]}; {self.about('#{pane_dead} #{pane_dead_status}')}")
            time.sleep(0.02)

    def verify(self):
        """The pane's command has ended: attach says so, and is the process that it was."""
        deadline = time.monotonic() + client.PATIENCE_S
        while self.about("#{pane_dead}") != "1":
            if time.monotonic() > deadline:
                return self.fault(f"{self.name} does not end")
            time.sleep(0.02)
        ended = self.about("#{pane_pid} #{pane_dead_status}")
        if ended != f"{self.pid} 0":
            self.fault(f"{self.name} was process {self.pid}, ended as {ended}: {self.screen()[-3:]}")


class Typist(threading.Thread):
    """Types numbered lines into a terminal."""

    def __init__(self, attached):
        super().__init__(daemon=True)
        self.attached, self.is_over, self.n = attached, False, 0

    def run(self):
        while not self.is_over:
            tmux(self.attached.folder, "send-keys", "-t", self.attached.name, f"typed {self.n}", "Enter")
            self.n += 1
            time.sleep(0.02)

    def verify(self):
        self.is_over = True
        self.join(client.PATIENCE_S)
        wanted = "".join(f"typed {i}\n" for i in range(self.n))
        deadline = time.monotonic() + client.PATIENCE_S
        while True:
            with open(self.attached.pane.typed, encoding="utf-8") as f:
                got = f.read()
            if got == wanted:
                return
            if time.monotonic() > deadline or not wanted.startswith(got):
                at = len(os.path.commonprefix((got, wanted)))
                return self.attached.fault(f"{self.attached.name}: typed {wanted[at:at + 40]!r}, arrived {got[at:at + 40]!r}")
            time.sleep(0.02)


class Terminals(threading.Thread):
    """Five terminals at three panes: two that print without end, one of them typed into, and a calm one."""

    def __init__(self, writer, folder, fault):
        super().__init__(daemon=True)
        self.folder, self.is_over = folder, False
        start_terminals(folder)
        flood, busy, calm = (Printer(name, rate, writer, folder)
                             for name, rate in (("flood", 0), ("busy", 0), ("calm", 100)))
        self.panes = (flood, busy, calm)
        self.all = [Attached(name, pane, folder, fault) for name, pane in (
            ("at-flood", flood), ("at-busy", busy), ("at-calm", calm), ("at-calm-too", calm), ("at-busy-too", busy))]
        self.typists = [Typist(self.all[1]), Typist(self.all[2])]

    def run(self):
        for typist in self.typists:
            typist.start()
        while not self.is_over:
            for attached in self.all:
                attached.look()

    def compare(self):
        for pane in self.panes:
            pane.signal("STOP")
        for attached in self.all:
            attached.compare()
        for pane in self.panes:
            pane.signal("CONT")

    def verify(self):
        for typist in self.typists:
            typist.verify()
        self.is_over = True
        self.join(client.PATIENCE_S)
        self.compare()
        for pane in self.panes:
            pane.signal("USR1")
        for attached in self.all:
            attached.verify()
        end_terminals(self.folder)
        return (f"attached: {len(self.all)}, looked at {sum(a.n_looks for a in self.all)} times; "
                f"lines typed there: {sum(t.n for t in self.typists)}")
