"""What the rows of the benchmark share: a private instance, the drivers, turns, the table.

A row is a function in rows/*.py, marked with @row("T1", "T2"): the names it reports.  It measures ours and the
reference in turns and calls report() once for each line of the table.
"""
import contextlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))
import client  # noqa: E402

args = None  # set by run.py: build, quick, pairs, orchflow
benches = {}  # name of a row: the function that reports it
rows = []
PROMPT = ["sh", "-c", "printf '$ '; exec sleep 1000"]
# The socket's name is tmux's; nothing else on the machine is touched.
TMUX = f"tmux -L orchflow-bench-{os.getpid()} -f {HERE}/tmux.conf"


def row(*names):
    """Decorator: this function reports the rows of these names."""
    def add(function):
        for name in names:
            if name in benches:
                raise RuntimeError(f"two functions report {name}")
            benches[name] = function
        return function
    return add


class Skip(Exception):
    """A row cannot be measured here; says why."""


def run(*command, **kwargs):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=600, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.returncode}: {done.stderr.strip()}")
    return done


def drive(*command):
    """A mode of bench_drive; its JSON lines.  `driver`: the share of a core that the driver itself used."""
    done = run(args.build / "bench" / "bench_drive", *command)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    for line in done.stderr.splitlines():
        word = line.split()
        if word[0] == "answer_bytes":
            results[0]["answer_bytes"] = int(word[1])
        elif word[0] == "driver":
            results[0]["driver"] = int(word[1]) / max(1, int(word[2]))
    return results if len(results) > 1 else results[0]


def raw(n, command):
    return json.loads(run(args.build / "bench" / "bench_raw", n, "sh", "-c", command).stdout)


def tmux(command):
    return run("sh", "-c", f"{TMUX} {command}")


def end_tmux():
    subprocess.run(["sh", "-c", f"{TMUX} kill-server"], capture_output=True, stdin=subprocess.DEVNULL)
    time.sleep(0.1)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}"


def corpus(name):
    """A file of this kind of text; the quick run's are a tenth."""
    scale = 0.1 if args.quick else 1.0
    folder = HERE / "corpora" / f"{scale}"
    if not (folder / "cur.txt").exists():
        run(HERE / "make-corpora.py", folder, scale)
    return folder / f"{name}.txt"


def has_tmux():
    return shutil.which("tmux") is not None


def compiled(name, libraries, package):
    """A reference program of ours, bench/references/NAME.c, built against libraries that may be missing."""
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *libraries], capture_output=True, text=True)
    if flags.returncode:
        raise Skip(f"{package} is not installed")
    program = args.build / "bench" / f"ref_{name}"
    source = HERE / "references" / f"{name}.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        run("cc", "-O3", "-o", program, source, *flags.stdout.split())
    return program


@contextlib.contextmanager
def instance(config="", where=None):
    """A keeper and a daemon of our own; ends all that it started."""
    with tempfile.TemporaryDirectory(prefix="orchflow-bench-", dir=where) as home:
        os.environ.update(ORCHFLOW_SOCKET=f"{home}/run/s.sock", ORCHFLOW_STATE_DIR=f"{home}/state",
                          XDG_CONFIG_HOME=f"{home}/config", HOME=home, SHELL="/bin/sh")
        os.mkdir(f"{home}/run", 0o700)
        if config:
            os.makedirs(f"{home}/config/orchflow")
            pathlib.Path(f"{home}/config/orchflow/orchflow.conf").write_text(config)
        run(args.orchflow, "ls")
        try:
            yield client.Client()
        finally:
            subprocess.run([args.orchflow, "stop"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60)


def progress(text):
    """One line that is written over, on a terminal; else a line of its own, but not for every turn."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def turns(ours, reference, n=None):
    """Pairs of figures, ours first."""
    pairs = []
    n = n or args.pairs
    for i in range(n):
        progress(f"  pair {i + 1} of {n}")
        pairs.append((ours(), reference()))
    progress("")
    return pairs


def driver_share(samples):
    """The largest share of a core that a driver used in these samples of ours; None: none says so."""
    if isinstance(samples, dict):
        found = [samples["driver"]] if "driver" in samples else []
        found += [driver_share(v) for v in samples.values() if isinstance(v, (dict, list, tuple))]
    elif isinstance(samples, (list, tuple)):
        found = [driver_share(v) for v in samples]
    else:
        found = []
    return max((share for share in found if share is not None), default=None)


def report(name, what, ours, reference, ratio, target, is_met, samples=None):
    """One line of the table; figures as text, with units.  is_met None: nothing to meet."""
    share = driver_share(samples)
    rows.append({"row": name, "workload": what, "ours": ours, "reference": reference, "ratio": ratio, "target": target,
                 "met": {True: "yes", False: "NO", None: "-"}[is_met],
                 "driver": "-" if share is None else f"{share:.0%}", "samples": samples})
    progress("")
    print(f"{name}: {what}: {ours} against {reference}, {ratio} (target {target}): {rows[-1]['met']}", file=sys.stderr)


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
