#!/usr/bin/env python3
"""Measures everything that docs/performance.md quotes, and prints one table.

usage: run.py [--build DIR] [--quick] [ROW...]        rows: S1 S2 L1 L2 L3 L4 I1 M1 M2 T1 T2 T4

Ours and the reference take turns (A B A B ...); the figure quoted is the median of the pairwise ratios, beside
the median of each.  Absolute figures are of this machine, this minute.  The instance that is measured is private;
the results, with every single sample, go to bench/results/.
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))
import client  # noqa: E402

args = None
rows = []
PROMPT = ["sh", "-c", "printf '$ '; exec sleep 1000"]
# The socket's name is tmux's; nothing else on the machine is touched.
TMUX = f"tmux -L orchflow-bench-{os.getpid()} -f {HERE}/tmux.conf"


def run(*command, **kwargs):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=600, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}: {done.stderr.strip()}")
    return done


def drive(*command):
    """A mode of bench_drive; its JSON lines."""
    done = run(args.build / "bench" / "bench_drive", *command)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    for line in done.stderr.splitlines():
        if line.startswith("answer_bytes"):
            results[0]["answer_bytes"] = int(line.split()[1])
    return results if len(results) > 1 else results[0]


def raw(n, command):
    return json.loads(run(args.build / "bench" / "bench_raw", n, "sh", "-c", command).stdout)


def tmux(command):
    return run("sh", "-c", f"{TMUX} {command}")


def end_tmux():
    subprocess.run(["sh", "-c", f"{TMUX} kill-server"], capture_output=True, stdin=subprocess.DEVNULL)
    time.sleep(0.1)


@contextlib.contextmanager
def instance():
    """A keeper and a daemon of our own; ends all that it started."""
    with tempfile.TemporaryDirectory(prefix="orchflow-bench-") as home:
        os.environ.update(ORCHFLOW_SOCKET=f"{home}/run/s.sock", ORCHFLOW_STATE_DIR=f"{home}/state",
                          XDG_CONFIG_HOME=f"{home}/config", HOME=home, SHELL="/bin/sh")
        os.mkdir(f"{home}/run", 0o700)
        run(args.orchflow, "ls")
        try:
            yield client.Client()
        finally:
            subprocess.run([args.orchflow, "stop"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60)


def turns(ours, reference, n=None):
    """Pairs of figures, ours first."""
    return [(ours(), reference()) for _ in range(n or args.pairs)]


def report(name, what, ours, reference, ratio, target, is_met, samples=None):
    """One row of the table; figures as text, with units."""
    row = {"row": name, "workload": what, "ours": ours, "reference": reference, "ratio": ratio, "target": target,
           "met": {True: "yes", False: "NO", None: "-"}[is_met], "samples": samples}
    rows.append(row)
    print(f"{name}: {what}: {ours} against {reference}, {ratio} (target {target}): {row['met']}", file=sys.stderr)


def medians(pairs, key):
    return (statistics.median(a[key] for a, _ in pairs), statistics.median(b[key] for _, b in pairs),
            statistics.median(a[key] / b[key] for a, b in pairs))


def us(value):
    return f"{value / 1000:.2f} ms" if value >= 1000 else f"{value:.0f} µs"


def pids():
    status = client.Client().call("server.status")
    return status["keeper"]["pid"], status["daemon"]["pid"]


def memory(*processes):
    """(PSS, RSS) in KiB."""
    totals = {"Pss:": 0, "Rss:": 0}
    for pid in processes:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            word = line.split()
            if word[0] in totals:
                totals[word[0]] += int(word[1])
    return totals["Pss:"], totals["Rss:"]


def tmux_pid():
    return int(tmux("display-message -p '#{pid}'").stdout)


# ---- start ----

def bench_s1():
    with tempfile.TemporaryDirectory(prefix="orchflow-bench-") as home:
        os.environ.update(ORCHFLOW_SOCKET=f"{home}/run/s.sock", ORCHFLOW_STATE_DIR=f"{home}/state", HOME=home,
                          XDG_CONFIG_HOME=f"{home}/config")
        os.mkdir(f"{home}/run", 0o700)
        end_tmux()
        a, b, ratio = drive("process", 6 if args.quick else 30, f"{args.orchflow} ls", f"{args.orchflow} stop",
                            f"{TMUX} new-session -d ; {TMUX} ls", f"{TMUX} kill-server ; sleep 0.1")
    report("S1", "cold start: nothing running to first answer", us(a["p50_us"]), f"tmux {us(b['p50_us'])}",
           f"{ratio['p50_us'] / 1000:.2f} ×", "≤ 10 ms, ≤ 1 × tmux",
           a["p50_us"] <= 10000 and ratio["p50_us"] <= 1000, [a, b, ratio])


def bench_s2():
    n = 200 if args.quick else 1000
    with instance():
        drive("spawn", 50)
        pairs = turns(lambda: drive("spawn", n), lambda: drive("fork", n))
    a, b, ratio = medians(pairs, "seconds")
    report("S2", f"{n} panes over one connection", f"{a * 1000:.0f} ms", f"fork+exec {b * 1000:.0f} ms",
           f"{ratio:.2f} ×", "≤ 1.5 ×", ratio <= 1.5, pairs)


# ---- latency ----

def bench_l1():
    n = 200 if args.quick else 1000
    has_tmux = shutil.which("tmux")
    for load, slack_us in (("idle", 1000), ("flood", 5000)):
        with instance():
            pairs = turns(lambda load=load: drive("echo", n, load), lambda load=load: drive("rawecho", n, load))
            others = [drive("tmuxecho", n, load, f"orchflow-bench-{os.getpid()}")
                      for _ in range(args.pairs if has_tmux else 0)]
            end_tmux()
        beside = "" if load == "idle" else ", beside a flood"
        for key, is_target in (("p50_us", False), ("p99_us", True)):
            a, b, _ = medians(pairs, key)
            extra = statistics.median(x[key] - y[key] for x, y in pairs)
            t = f", tmux {us(statistics.median(o[key] for o in others))}" if others else ", tmux skipped"
            report("L1", f"key to echo, {key[:3]}{beside}", us(a), f"raw {us(b)}{t}", f"+{us(extra)}",
                   f"≤ raw + {slack_us // 1000} ms" if is_target else "-",
                   extra <= slack_us if is_target else None, [pairs, others])


def bench_l2():
    n = 2000 if args.quick else 20000
    with instance():
        first = drive("rtt", 200, "server.status", "{}")
        size = first["answer_bytes"]
        pairs = turns(lambda: drive("rtt", n, "server.status", "{}"), lambda: drive("pingpong", n, 60, size))
        piped = [drive("pipeline", n * 2, 64) for _ in range(args.pairs)]
    a, b, _ = medians(pairs, "p50_us")
    extra = statistics.median(x["p50_us"] - y["p50_us"] for x, y in pairs)
    report("L2", "one request (server.status), p50", us(a), f"bare socket {us(b)}", f"+{us(extra)}",
           "≤ bare + 25 µs", extra <= 25, pairs)
    rate = statistics.median(p["per_second"] for p in piped)
    report("L2", "the same, pipelined", f"{rate:,.0f}/s", "-", "-", "≥ 40,000/s", rate >= 40000, piped)


def bench_l3():
    n = 300 if args.quick else 2000
    with instance() as c:
        for _ in range(20):
            c.call("pane.create", command=["sleep", "1000"])
        found = {}
        for method, params in (("pane.list", '{"limit":200}'), ("pane.snapshot", '{"pane":"%s"}')):
            found[method] = [drive("beside", n, method, params) for _ in range(args.pairs)]
    reference = "tmux skipped"
    if shutil.which("tmux"):
        end_tmux()
        tmux("new-session -d -x 150 -y 50 'exec yes'")
        other, = [drive("process", max(20, n // 10), f"{TMUX} capture-pane -p", "", "", "")]
        end_tmux()
        reference = f"tmux capture-pane {us(other['p50_us'])}, p95 {us(other['p95_us'])}"
    for method, got in found.items():
        p50, p99 = (statistics.median(g[k] for g in got) for k in ("p50_us", "p99_us"))
        report("L3", f"{method} beside a flood, p50 / p99", f"{us(p50)} / {us(p99)}", reference, "-",
               "≤ 0.5 ms / 2 ms", p50 <= 500 and p99 <= 2000, got)


def bench_l4():
    n = 30 if args.quick else 200
    if not shutil.which("tmux"):
        return report("L4", "one-shot commands", "-", "tmux skipped", "-", "≤ 1 × tmux", None)
    with instance() as c:
        c.call("pane.create", session="bench", command=["sh", "-c", "stty -icanon; exec cat >/dev/null"])
        end_tmux()
        tmux("new-session -d -x 150 -y 50 -s bench 'stty -icanon; exec cat >/dev/null'")
        for what, ours, theirs in (("send", "send bench x", "send-keys -t bench -l x"),
                                   ("capture", "capture bench", "capture-pane -p -t bench"), ("ls", "ls", "ls")):
            a, b, ratio = drive("process", n, f"{args.orchflow} {ours}", "", f"{TMUX} {theirs}", "")
            report("L4", f"orchflow {what}, the whole process", us(a["p50_us"]), f"tmux {us(b['p50_us'])}",
                   f"{ratio['p50_us'] / 1000:.2f} ×", "≤ 1 × tmux", ratio["p50_us"] <= 1000, [a, b, ratio])
        end_tmux()


# ---- idle and memory ----

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


def bench_i1():
    seconds = 3 if args.quick else 10
    with instance() as c:
        for _ in range(100):
            c.call("pane.create", command=PROMPT)
        c.call("events.subscribe")
        other = client.Client()
        for n in range(1, 101):
            other.call("pane.subscribe", pane=f"p{n}")
        processes = pids()
        time.sleep(3)
        before = activity(processes)
        time.sleep(seconds)
        after = activity(processes)
        wakes, ticks = after[0] - before[0], after[1] - before[1]
        calls = syscalls(processes, min(seconds, 5))
    said = "strace not there" if calls is None else f"{calls} system calls"
    report("I1", f"{seconds} idle seconds, 100 panes, 2 subscribers", f"{wakes} wake-ups, {ticks} ticks, {said}",
           "tmux 0 ticks", "-", "0, 0", wakes == 0 and ticks == 0 and not calls)


def tmux_memory(n):
    if not shutil.which("tmux"):
        return "tmux skipped"
    end_tmux()
    tmux("new-session -d -x 80 -y 24 \"printf '$ '; exec sleep 1000\"")
    for _ in range(n - 1):
        tmux("new-window -d \"printf '$ '; exec sleep 1000\"")
    pss, rss = memory(tmux_pid())
    end_tmux()
    return f"tmux PSS {pss / 1024:.1f}, RSS {rss / 1024:.1f} MiB"


def bench_m1():
    with instance():
        time.sleep(0.5)
        pss, rss = memory(*pids())
        keeper, _ = memory(pids()[0])
    report("M1", "memory with nothing open, PSS", f"{pss / 1024:.2f} MiB (keeper {keeper / 1024:.2f}; RSS {rss / 1024:.1f})",
           tmux_memory(1), "-", "≤ 6 MiB", pss <= 6 * 1024)


def bench_m2():
    n = 200 if args.quick else 1000
    with instance() as c:
        for id_ in [c.start("pane.create", {"command": PROMPT}) for _ in range(n)]:
            c.finish(id_)
        time.sleep(3)
        pss, rss = memory(*pids())
    limit = 6 + 12 * n // 1000
    report("M2", f"memory with {n} idle panes, PSS", f"{pss / 1024:.2f} MiB (RSS {rss / 1024:.1f})",
           tmux_memory(n), "-", f"≤ {limit} MiB", pss <= limit * 1024)


# ---- throughput ----

def corpus(name):
    scale = 0.1 if args.quick else 1.0
    folder = HERE / "corpora" / f"{scale}"
    if not (folder / "cur.txt").exists():
        run(HERE / "make-corpora.py", folder, scale)
    return folder / f"{name}.txt"


def tmux_cat(command):
    """Seconds until tmux has read what the command prints."""
    end_tmux()
    tmux("new-session -d -x 150 -y 50 'exec sleep 1000'")
    start = time.monotonic()
    tmux(f"new-window -d '{command}; {TMUX} wait-for -S done' \\; wait-for done")
    seconds = time.monotonic() - start
    end_tmux()
    return seconds


def bench_t1():
    for name, factor in (("plain", 2), ("sgr", 3), ("uni", 12), ("cur", 3)):
        path = corpus(name)
        command = f"cat {path}"
        size = path.stat().st_size
        with instance():
            drive("cat", 1, f"head -c 1000000 {path}")
            pairs = turns(lambda: drive("cat", 1, command), lambda: raw(1, command))
        a, b, ratio = medians([({"rate": x["bytes"] / x["seconds"] / 1e6}, {"rate": y["bytes"] / y["seconds"] / 1e6})
                               for x, y in pairs], "rate")
        for x, y in pairs:
            if x["bytes"] != y["bytes"]:
                raise RuntimeError(f"{name}: {x['bytes']} bytes kept, {y['bytes']} printed")
        report("T1", f"cat {name} in a detached pane", f"{a:.0f} MB/s", f"raw {b:.0f} MB/s", f"{ratio:.2f} ×",
               "≥ 0.85 × raw", ratio >= 0.85, pairs)
        if not shutil.which("tmux"):
            report("T2", f"the same against tmux, {name}", "-", "tmux skipped", "-", f"≥ {factor} ×", None)
            continue
        n = 1 if args.quick else 3
        theirs = statistics.median(size / tmux_cat(command) / 1e6 for _ in range(n))
        report("T2", f"the same against tmux, {name}", f"{a:.0f} MB/s", f"tmux {theirs:.0f} MB/s",
               f"{a / theirs:.1f} ×", f"≥ {factor} ×", a / theirs >= factor)


def bench_t4():
    command = f"cat {corpus('sgr')}"
    with instance():
        pairs = turns(lambda: drive("cat", 8, command), lambda: raw(8, command))
    a, b, ratio = medians([({"rate": x["bytes"] / x["seconds"] / 1e6}, {"rate": y["bytes"] / y["seconds"] / 1e6})
                           for x, y in pairs], "rate")
    report("T4", "8 panes printing at once", f"{a:.0f} MB/s", f"8 raw readers {b:.0f} MB/s", f"{ratio:.2f} ×",
           "≥ 0.55 ×", ratio >= 0.55, pairs)


BENCHES = {"S1": bench_s1, "S2": bench_s2, "L1": bench_l1, "L2": bench_l2, "L3": bench_l3, "L4": bench_l4,
           "I1": bench_i1, "M1": bench_m1, "M2": bench_m2, "T1": bench_t1, "T4": bench_t4}
COLUMNS = ("row", "workload", "ours", "reference", "ratio", "target", "met")


def calibrate():
    """What this machine does just now: the measure for the absolute figures."""
    trip = drive("pingpong", 1000, 60, 60)
    rate = raw(1, "head -c 50000000 /dev/zero")
    return {"raw_pty_mb_per_s": rate["bytes"] / rate["seconds"] / 1e6, "1000_round_trips_ms": trip["p50_us"]}


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}"


def main():
    calibration = calibrate()
    for name in args.rows or BENCHES:
        BENCHES["T1" if name == "T2" else name]()
    table = [COLUMNS] + [tuple(r[c] for c in COLUMNS) for r in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(COLUMNS))]
    date = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
    print(f"\n{date}, {machine()}; raw pseudo terminal {calibration['raw_pty_mb_per_s']:.0f} MB/s, 1,000 bare socket "
          f"round trips {calibration['1000_round_trips_ms']:.1f} ms; {args.pairs} pairs\n")
    for n, line in enumerate(table):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if n == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    path = results / f"{date.replace(' ', '-').replace(':', '')}.json"
    path.write_text(json.dumps({"date": date, "machine": machine(), "calibration": calibration, "rows": rows}, indent=1))
    print(f"\nevery sample: {os.path.relpath(path)}")


parser = argparse.ArgumentParser()
parser.add_argument("--build", type=lambda p: pathlib.Path(p).resolve(), default=HERE.parent / "build")
parser.add_argument("--quick", action="store_true")
parser.add_argument("rows", nargs="*")
args = parser.parse_args()
args.pairs = 2 if args.quick else 5
args.orchflow = str(args.build / "src" / "cli" / "orchflow")
os.environ.pop("TMUX", None)
main()
