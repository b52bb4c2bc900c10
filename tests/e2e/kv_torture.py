#!/usr/bin/env python3
"""kill -9 the daemon at random moments while clients set keys: what was acknowledged must be there.

usage: kv_torture.py SCALE      10 x SCALE kills, 4 clients, each counting up in keys of its own
"""
import os
import random
import signal
import sys
import threading
import time

from client import ApiError, Client, steady

N_KILLS = int(10 * float(sys.argv[1]))
acked, over = [{} for _ in range(4)], threading.Event()


def client(me):
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
        except (OSError, ConnectionError, TimeoutError, ApiError):
            c = None
            time.sleep(0.005)


def check():
    """Each key holds what was last acknowledged, or something later."""
    n_lost, n_keys = 0, 0
    for me, keys in enumerate(acked):
        for key, wanted in list(keys.items()):
            got = int(steady("kv.get", {"namespace": "torture", "key": f"{me}/{key}", "as": "text"})["text"])
            n_keys += 1
            n_lost += got < wanted
    return n_lost, n_keys


threads = [threading.Thread(target=client, args=(i,)) for i in range(len(acked))]
for t in threads:
    t.start()
lost = 0
for _ in range(N_KILLS):
    time.sleep(random.uniform(0.02, 0.3))
    pid = steady("server.status", {})["daemon"]["pid"]
    os.kill(pid, signal.SIGKILL)
    lost += check()[0]
over.set()
for t in threads:
    t.join()
n_lost, n_keys = check()
n_acked = sum(max(keys.values(), default=0) for keys in acked)
steady("store.check", {})
print(f"{N_KILLS} kills, {n_acked} sets, {n_keys} keys looked at each time, {lost + n_lost} lost")
sys.exit(1 if lost + n_lost or n_acked < 50 else 0)
