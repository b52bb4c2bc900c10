#!/usr/bin/env python3
"""Creates and kills panes in numbers and looks for what stays behind.

usage: churn.py cycle N      N panes one after another (50 at a time), some with grandchildren that flee
       churn.py many N       N panes at once over one connection, twice

Runs against the instance of $ORCHFLOW_SOCKET.
"""
import os
import sys
import time

import client

WINDOW = 50
SLACK_BYTES = 1 << 20  # over a long run: flat
BACK_BYTES = 4 << 20  # of which up to 2 MiB are the state store's page cache, full from then on
# Leaves the session, ignores what a closed terminal and a polite end send, and says that it is there.
FLEE = "setsid sh -c 'trap \"\" HUP TERM INT; echo fled; while :; do sleep 1000; done' & exec sleep 1000"
COMMANDS = [["sleep", "1000"]] * 7 + [["sh", "-c", "sleep 1000 & sleep 1000"]] * 2 + [["sh", "-c", FLEE]]


def check(is_so, text):
    if not is_so:
        sys.exit(f"FAULT: {text}")


def members():
    """Processes that carry this instance's socket, but for the test's own."""
    mine, own, pid = [], set(), os.getpid()
    while pid > 1:
        own.add(pid)
        pid = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
    needle = f"ORCHFLOW_SOCKET={os.environ['ORCHFLOW_SOCKET']}".encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) in own:
            continue
        try:
            if needle in open(f"/proc/{entry}/environ", "rb").read().split(b"\0"):
                mine.append(int(entry))
        except OSError:
            pass
    return mine


def check_memory(c, now, limit, text):
    """A sanitizer keeps what was freed: its memory says nothing."""
    with open(f"/proc/{c.call('server.status')['daemon']['pid']}/maps") as maps:
        if "libasan" not in maps.read():
            check(now <= limit, f"{text}: {now >> 10} KiB, at most {limit >> 10} expected")


class Census:
    def __init__(self, c):
        now = c.call("server.census")
        self.fds = {who: (now[who]["fds"], now[who]["expected_fds"]) for who in ("daemon", "keeper")}
        self.pss = now["daemon"]["pss_bytes"] + now["keeper"]["pss_bytes"]
        self.zombies, self.strays, self.processes = now["zombies"], now["strays"], len(members())

    def holds_what_it_should(self):
        return all(fds == expected for fds, expected in self.fds.values())

    def __str__(self):
        return (f"fds {self.fds}, PSS {self.pss >> 10} KiB, {self.processes} processes, "
                f"{self.zombies} zombies, {self.strays} strays")


def settled(c, reference):
    """A census once what is still ending has ended; memory is given back a little later, or not."""
    deadline = time.monotonic() + 10
    while True:
        now = Census(c)
        is_clean = (now.processes <= reference.processes and now.zombies == 0 and now.strays == 0
                    and now.holds_what_it_should())
        if is_clean and now.pss <= reference.pss + BACK_BYTES or time.monotonic() > deadline:
            return now
        time.sleep(0.05)


def compare(before, after, what):
    print(f"{what}: before {before}; after {after}", flush=True)
    check(after.zombies == 0, f"{after.zombies} zombies")
    check(after.strays == 0, f"{after.strays} strays")
    check(after.processes <= before.processes, f"{after.processes} processes, were {before.processes}")
    check(after.fds == before.fds, f"descriptors {after.fds}, were {before.fds}")
    for who, (fds, expected) in after.fds.items():
        check(fds == expected, f"{who} holds {fds} descriptors, should hold {expected}")


def all_of(c, requests):
    """Results of many requests sent at once."""
    return [c.finish(i) for i in [c.start(method, params) for method, params in requests]]


def create(c, commands):
    return all_of(c, [("pane.create", {"session": "churn", "command": cmd}) for cmd in commands])


def end(c, panes):
    for pane, ended in zip(panes, all_of(c, [("pane.kill", {"pane": p["id"], "tree": True, "grace_ms": 100})
                                             for p in panes])):
        check(not ended["left"], f"{pane['id']}: left alive: {ended['left']}")
        check(ended["ended"], f"{pane['id']}: nothing was ended")
    all_of(c, [("pane.delete", {"pane": p["id"]}) for p in panes])


def window(c, n):
    commands = [COMMANDS[i % len(COMMANDS)] for i in range(n)]
    panes = create(c, commands)
    # Half of those that flee get the time to; the others are caught on the way.
    fleeing = [p for p, cmd in zip(panes, commands) if cmd[-1] is FLEE][::2]
    for result in all_of(c, [("pane.wait", {"pane": p["id"], "regex": "fled", "from": 0, "timeout_ms": 60000})
                             for p in fleeing]):
        check(result["reason"] == "match", f"no grandchild: {result}")
    end(c, panes)


def cycle(n):
    c = client.Client()
    window(c, WINDOW)  # what is allocated once is not a leak
    start = settled(c, Census(c))
    marks, began = [], time.monotonic()
    for done in range(0, n, WINDOW):
        window(c, min(WINDOW, n - done))
        if done * 5 // n != (done + WINDOW) * 5 // n:
            marks.append(Census(c).pss)
    after = settled(c, start)
    compare(start, after, f"{n} panes in {time.monotonic() - began:.1f} s")
    print("PSS over the run, KiB:", *[m >> 10 for m in marks])
    check_memory(c, after.pss, marks[0] + SLACK_BYTES, "memory grew")


def many(n):
    c = client.Client()
    end(c, create(c, [["sleep", "1000"]] * 20))
    start = settled(c, Census(c))
    rounds = []
    for _ in range(2):
        began = time.monotonic()
        panes = create(c, [["sleep", "1000"]] * n)
        created = time.monotonic()
        check(len({p["id"] for p in panes}) == n, "ids are not unique")
        listed, cursor = 0, {}
        while cursor is not None:
            page = c.call("pane.list", session="churn", limit=200, **cursor)
            listed += len(page["panes"])
            cursor = {"cursor": page["next"]} if page.get("next") else None
        check(listed == n, f"{listed} panes listed of {n}")
        full = Census(c)
        check(full.processes == start.processes + n, f"{full.processes} processes with {n} panes")
        end(c, panes)
        print(f"{n} panes created in {created - began:.2f} s, ended in {time.monotonic() - created:.2f} s; "
              f"PSS with them {full.pss >> 10} KiB")
        rounds.append(settled(c, start))
        compare(start, rounds[-1], f"{n} panes at once")
    check_memory(c, rounds[1].pss, rounds[0].pss + SLACK_BYTES, "the second round took memory that the first had not")
    check_memory(c, rounds[1].pss, start.pss + BACK_BYTES, "memory is not back to where it was")


{"cycle": cycle, "many": many}[sys.argv[1]](int(sys.argv[2]))
