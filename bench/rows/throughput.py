"""T1, T2, T4: how fast a pane may print."""
import os
import pathlib
import shutil
import statistics
import tempfile
import time

import rig
from rig import corpus, row


def tmux_cat(command):
    """Seconds until tmux has read what the command prints."""
    rig.end_tmux()
    rig.tmux("new-session -d -x 150 -y 50 'exec sleep 1000'")
    start = time.monotonic()
    rig.tmux(f"new-window -d '{command}; {rig.TMUX} wait-for -S done' \\; wait-for done")
    seconds = time.monotonic() - start
    rig.end_tmux()
    return seconds


def screen_cat(path):
    """Seconds until GNU screen has read what the command prints, in a window that nobody views."""
    with tempfile.TemporaryDirectory(prefix="orchflow-bench-") as home:
        pathlib.Path(f"{home}/rc").write_text("defscrollback 10000\nstartup_message off\n")
        environment = dict(os.environ, SCREENDIR=f"{home}/dir", HOME=home)
        os.mkdir(f"{home}/dir", 0o700)
        start = time.monotonic()
        rig.run("screen", "-c", f"{home}/rc", "-D", "-m", "cat", str(path), env=environment)
        return time.monotonic() - start


def report_screen(name, path, ours):
    if not shutil.which("screen"):
        rig.report("T2", f"the same against screen, {name}", "-", "screen skipped", "-", "-", None)
        return
    n = 1 if rig.args.quick else 3
    theirs = statistics.median(path.stat().st_size / screen_cat(path) / 1e6 for _ in range(n))
    rig.report("T2", f"the same against screen (80 × 24), {name}", f"{ours:.0f} MB/s", f"screen {theirs:.0f} MB/s",
               f"{ours / theirs:.1f} ×", "-", None)


@row("T1", "T2")
def cat_corpus():
    for name, factor in (("plain", 2), ("sgr", 3), ("uni", 12), ("cur", 3)):
        path = corpus(name)
        command = f"cat {path}"
        size = path.stat().st_size
        with rig.instance():
            rig.drive("cat", 1, f"head -c 1000000 {path}")
            pairs = rig.turns(lambda: rig.drive("cat", 1, command), lambda: rig.raw(1, command))
        a, b, ratio = rig.medians([({"rate": x["bytes"] / x["seconds"] / 1e6}, {"rate": y["bytes"] / y["seconds"] / 1e6})
                                   for x, y in pairs], "rate")
        for x, y in pairs:
            if x["bytes"] != y["bytes"]:
                raise RuntimeError(f"{name}: {x['bytes']} bytes kept, {y['bytes']} printed")
        rig.report("T1", f"cat {name} in a detached pane", f"{a:.0f} MB/s", f"raw {b:.0f} MB/s", f"{ratio:.2f} ×",
                   "≥ 0.85 × raw", ratio >= 0.85, pairs)
        if not shutil.which("tmux"):
            rig.report("T2", f"the same against tmux, {name}", "-", "tmux skipped", "-", f"≥ {factor} ×", None)
            continue
        n = 1 if rig.args.quick else 3
        theirs = statistics.median(size / tmux_cat(command) / 1e6 for _ in range(n))
        rig.report("T2", f"the same against tmux, {name}", f"{a:.0f} MB/s", f"tmux {theirs:.0f} MB/s",
                   f"{a / theirs:.1f} ×", f"≥ {factor} ×", a / theirs >= factor)
        report_screen(name, path, a)


@row("T4")
def eight_panes():
    command = f"cat {corpus('sgr')}"
    with rig.instance():
        pairs = rig.turns(lambda: rig.drive("cat", 8, command), lambda: rig.raw(8, command))
    a, b, ratio = rig.medians([({"rate": x["bytes"] / x["seconds"] / 1e6}, {"rate": y["bytes"] / y["seconds"] / 1e6})
                               for x, y in pairs], "rate")
    rig.report("T4", "8 panes printing at once", f"{a:.0f} MB/s", f"8 raw readers {b:.0f} MB/s", f"{ratio:.2f} ×",
               "≥ 0.55 ×", ratio >= 0.55, pairs)
