#!/usr/bin/env python3
"""kill -9 the daemon at random moments while clients set keys and run commands: what was acknowledged must be there.

usage: kv_torture.py SCALE      10 x SCALE kills; 4 clients count up in keys of their own, 2 run commands in a shell each, one
                                more only listens for the ends of commands

A set is acknowledged by its answer; a command's record by the answer of pane.run and by the event command.finished, whichever
somebody saw.
"""
import os
import random
import signal
import sys
import threading
import time

from client import ApiError, Client, steady

N_KILLS = int(10 * float(sys.argv[1]))
GONE = (OSError, ConnectionError, TimeoutError)
acked, over = [{} for _ in range(4)], threading.Event()
lock, told, found = threading.Lock(), {}, set()  # command texts: who told of it


def set_keys(me):
    """Counts up; a request whose answer never came may or may not have been done."""
    c, n = None, 0
    while not over.is_set():
        n += 1
        try:
            c = c or Client()
            if n % 5 == 0:
                c.call("kv.batch", namespace="torture", ops=[
                    {"op": "set", "key": f"{me}/{k}", "text": str(n)} for k in ("a", "b", "c")])
                acked[me].update(a=n, b=n, c=n)
            else:
                c.call("kv.set", namespace="torture", key=f"{me}/{'abc'[n % 3]}", text=str(n))
                acked[me]["abc"[n % 3]] = n
        except (*GONE, ApiError):
            c = None
            time.sleep(0.005)


def tell(text, who):
    with lock:
        told.setdefault(text, who)


def make_pane():
    return steady("pane.create", {"command": ["bash"], "cwd": "/", "env": dict(os.environ, HISTFILE="")})["id"]


def run_commands(me):
    """One text each: what is found twice was recorded twice."""
    c, n, n_busy, pane = None, 0, 0, make_pane()
    while not over.is_set():
        n += 1
        try:
            c = c or Client()
            r = c.call("pane.run", pane=pane, command=f": {me}-{n}", timeout_ms=20000, queue=True)
            if r["state"] == "done":
                tell(r["text"], "answer")
            n_busy = 0
        except ApiError as e:
            n_busy += 1
            assert n_busy < 50, e
            time.sleep(0.05)
        except GONE:
            c = None
            time.sleep(0.005)


def listen():
    """Also to what somebody runs whose answer never came."""
    c = None
    while not over.is_set():
        try:
            if not c:
                c = Client()
                c.call("events.subscribe", kinds=["command.finished"])
            event = c.event(0.2)
            if event and event[1].get("text"):
                tell(event[1]["text"], "event")
        except GONE:
            c = None
            time.sleep(0.005)


def lost_keys():
    """Each key holds what was last acknowledged, or something later."""
    n_lost, n_keys = 0, 0
    for me, keys in enumerate(acked):
        for key, wanted in list(keys.items()):
            got = int(steady("kv.get", {"namespace": "torture", "key": f"{me}/{key}", "as": "text"})["text"])
            n_keys += 1
            n_lost += got < wanted
    return n_lost, n_keys


def records(wanted):
    """Of those texts how often each is recorded; pages from the newest on, until all were seen."""
    counts, cursor = {}, None
    while True:
        page = steady("command.list", {"cursor": cursor} if cursor else {})
        for r in page["commands"]:
            counts[r["text"]] = counts.get(r["text"], 0) + 1
        cursor = page.get("next")
        if not cursor or (wanted and wanted <= counts.keys()):
            return counts


def lost_commands():
    with lock:
        wanted = set(told) - found
    lost = wanted - records(wanted).keys() if wanted else set()
    found.update(wanted)  # each is counted once
    if lost:
        print("lost:", {text: told[text] for text in lost}, flush=True)
    return len(lost)


def main():
    threads = [threading.Thread(target=set_keys, args=(i,)) for i in range(4)]
    threads += [threading.Thread(target=run_commands, args=(i,)) for i in range(2)] + [threading.Thread(target=listen)]
    for t in threads:
        t.start()
    lost_k = lost_c = 0
    for i in range(N_KILLS):
        time.sleep(random.uniform(0.02, 0.3))
        os.kill(steady("server.status", {})["daemon"]["pid"], signal.SIGKILL)
        lost_k += lost_keys()[0]
        lost_c += lost_commands()
        if i % 100 == 99:
            print(f"# {i + 1} kills, {len(told)} commands, lost {lost_k} and {lost_c}", flush=True)
    over.set()
    for t in threads:
        t.join()
    n_lost, n_keys = lost_keys()
    lost_k += n_lost
    counts = records(None)
    lost_c = max(lost_c + lost_commands(), len(told.keys() - counts.keys()))
    twice = [text for text in told if counts.get(text, 0) > 1]
    n_acked = sum(max(keys.values(), default=0) for keys in acked)
    steady("store.check", {})
    print(f"{N_KILLS} kills; {n_acked} sets, {n_keys} keys looked at each time, {lost_k} lost; "
          f"{len(told)} commands told, {lost_c} lost, {len(twice)} recorded twice")
    return 1 if lost_k or lost_c or twice or n_acked < 50 or len(told) < 10 else 0


sys.exit(main())
