"""I1, M1, M2: what it costs to do nothing."""
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import client
import rig
from rig import row


def activity(processes):
    """(wake-ups, ticks): voluntary context switches of all threads, and CPU ticks."""
    switches = ticks = 0
    for pid in processes:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for line in (task / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    switches += int(line.split()[1])
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return switches, ticks


def syscalls(processes, seconds):
    """System calls in that time by strace, or None where it may not look."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile() as out:
        command = ["strace", "-f", "-ttt", "-qq", "-o", out.name]
        for pid in processes:
            command += ["-p", str(pid)]
        tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds + 1)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
        lines = [line.split(None, 2) for line in open(out.name)]
    if not lines:
        return 0
    start = float(lines[0][1]) + 1  # attaching interrupts the calls that wait
    return sum(float(at) > start and "detached" not in rest and "unfinished" not in rest for _, at, rest in lines)


@row("I1")
def idle_seconds():
    seconds = 2 if rig.args.quick else 10
    with rig.instance() as c:
        for _ in range(100):
            c.call("pane.create", command=rig.PROMPT)
        c.call("events.subscribe")
        other = rig.client.Client()
        for n in range(1, 101):
            other.call("pane.subscribe", pane=f"p{n}")
        processes = rig.pids()
        time.sleep(1.5 if rig.args.quick else 3)
        before = activity(processes)
        time.sleep(seconds)
        after = activity(processes)
        wakes, ticks = after[0] - before[0], after[1] - before[1]
        calls = syscalls(processes, min(seconds, 5))
    said = "strace not there" if calls is None else f"{calls} system calls"
    rig.report("I1", f"{seconds} idle seconds, 100 panes, 2 subscribers", f"{wakes} wake-ups, {ticks} ticks, {said}",
               "tmux 0 ticks", "-", "0, 0", wakes == 0 and ticks == 0 and not calls)


def tmux_memory(n):
    if not shutil.which("tmux"):
        return "tmux skipped"
    rig.end_tmux()
    rig.tmux("new-session -d -x 80 -y 24 \"printf '$ '; exec sleep 1000\"")
    for _ in range(n - 1):
        rig.tmux("new-window -d \"printf '$ '; exec sleep 1000\"")
    pss, rss = rig.memory(rig.tmux_pid())
    rig.end_tmux()
    return f"tmux PSS {pss / 1024:.1f}, RSS {rss / 1024:.1f} MiB"


@row("M1")
def memory_empty():
    with rig.instance():
        time.sleep(0.5)
        pss, rss = rig.memory(*rig.pids())
        keeper, _ = rig.memory(rig.pids()[0])
    rig.report("M1", "memory with nothing open, PSS", f"{pss / 1024:.2f} MiB (keeper {keeper / 1024:.2f}; RSS {rss / 1024:.1f})",
               tmux_memory(1), "-", "≤ 6 MiB", pss <= 6 * 1024)


@row("M2")
def memory_of_panes():
    n = 200 if rig.args.quick else 1000
    with rig.instance() as c:
        for id_ in [c.start("pane.create", {"command": rig.PROMPT}) for _ in range(n)]:
            c.finish(id_)
        time.sleep(3)
        pss, rss = rig.memory(*rig.pids())
    limit = 6 + 12 * n // 1000
    rig.report("M2", f"memory with {n} idle panes, PSS", f"{pss / 1024:.2f} MiB (RSS {rss / 1024:.1f})",
               tmux_memory(n), "-", f"≤ {limit} MiB", pss <= limit * 1024)
