"""R1, R2, M3: what a crash costs, what lost panes cost, what histories cost."""
import json
import os
import signal
import statistics
import time

import client
import rig
from rig import corpus, row


def create(c, commands, **params):
    """Panes of these commands, many requests at once."""
    ids = []
    for begin in range(0, len(commands), 200):
        under_way = [c.start("pane.create", dict(params, command=command)) for command in commands[begin:begin + 200]]
        ids += [c.finish(id_)["id"] for id_ in under_way]
    return ids


def answer_of_another(pid):
    """Seconds until a daemon that is not @pid has answered."""
    begin = time.monotonic()
    while True:
        try:
            now = client.Client().call("server.status")["daemon"]["pid"]
            if now != pid:
                return time.monotonic() - begin
        except (OSError, TimeoutError):
            pass
        time.sleep(0.0005)


@row("R1")
def killed_daemon():
    n = 200 if rig.args.quick else 1000
    writer = rig.args.build / "tests" / "e2e" / "e2e_writer"
    with rig.instance() as c:
        home = os.environ["HOME"]
        create(c, [rig.PROMPT] * (n - 10) + [[str(writer), f"{home}/record{i}", "500", "0"] for i in range(10)])
        time.sleep(3)
        times = []
        for _ in range(rig.args.pairs * 2):
            pid = rig.pids()[1]
            os.kill(pid, signal.SIGKILL)
            times.append(answer_of_another(pid) * 1000)
            time.sleep(1)
    rig.report("R1", f"kill -9 of the daemon, {n} panes, 10 printing, to the next answer",
               f"{statistics.median(times):.0f} ms (longest {max(times):.0f})", "-", "-", "≤ 250 ms",
               statistics.median(times) <= 250, times)


def wait_written(c, n_bytes):
    """Until every pane printed so much and its journal has it."""
    while True:
        panes, cursor = [], None
        while True:
            page = c.call("pane.list", **({"cursor": cursor} if cursor else {}))
            panes += page["panes"]
            cursor = page.get("next")
            if not cursor:
                break
        if all(p["seq"] >= n_bytes and p["journal"]["seq"] == p["seq"] for p in panes):
            return
        time.sleep(0.2)


@row("R2")
def lost_panes():
    n = 100 if rig.args.quick else 1000
    path = corpus("plain")
    with rig.instance() as c:
        for begin in range(0, n, 100):
            create(c, [["sh", "-c", f"head -c 1000000 {path}; exec sleep 1000"]] * min(100, n - begin))
            wait_written(c, 1000000)
        time.sleep(2)
        keeper, daemon = rig.pids()
        os.kill(keeper, signal.SIGKILL)
        while os.path.exists(f"/proc/{daemon}"):
            time.sleep(0.05)
        begin = time.monotonic()
        rig.run(rig.args.orchflow, "ls", "--json")
        first = time.monotonic() - begin
        c = client.Client()
        state = c.call("pane.get", pane="p1")
        begin = time.monotonic()
        shot = c.call("pane.snapshot", pane=f"p{n}", format="text", history=20000)
        one = time.monotonic() - begin
        if state["state"] != "lost" or state["seq"] < 1000000 or len(json.dumps(shot)) < 100000:
            raise RuntimeError(f"not what was expected: {state}")
    rig.report("R2", f"cold start with {n} lost panes of 1 MiB each, to a list of all",
               f"{first * 1000:.0f} ms (the first history of one: {one * 1000:.0f} ms)", "-", "-", "≤ 500 ms",
               first <= 0.5)


@row("M3")
def memory_of_histories():
    path = corpus("plain")
    lines = 10000
    with rig.instance() as c:
        create(c, [["sh", "-c", f"head -n {lines} {path}; exec sleep 1000"]] * 50, cols=150, rows=50)
        n_bytes = sum(len(line) + 1 for line in path.read_bytes().split(b"\n")[:lines])
        wait_written(c, n_bytes)
        warm, _ = rig.memory(*rig.pids())
        time.sleep(15)
        cold, rss = rig.memory(*rig.pids())
    rig.report("M3", f"memory with 50 panes of {lines} lines ({50 * n_bytes >> 20} MiB), PSS warm / quiet",
               f"{warm / 1024:.1f} / {cold / 1024:.1f} MiB (RSS {rss / 1024:.1f})", "-", "-", "≤ 75 / 25 MiB",
               warm <= 75 * 1024 and cold <= 25 * 1024)
