#!/usr/bin/env python3
"""Measures everything that docs/performance.md quotes, and prints one table.

usage: run.py [--build DIR] [--quick] [--list] [ROW...]

Ours and the reference take turns (A B A B ...); the figure quoted is the median of the pairwise ratios, beside
the median of each.  Absolute figures are of this machine, this minute.  The instance that is measured is private;
the results, with every single sample, go to bench/results/.  A reference that is missing is skipped and said to be.
The column `driver` is the share of one core that the measuring program itself used while it measured ours.
"""
import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time
import traceback

import rig
import rows as _all_rows  # noqa: F401

COLUMNS = ("row", "workload", "ours", "reference", "ratio", "target", "met", "driver")
# What is quoted beside our figures, and how each tells its version.
VERSIONS = {"tmux": "tmux -V", "screen": "screen -v", "sqlite": "sqlite3 --version", "rg": "rg --version",
            "libvterm": "pkg-config --modversion vterm", "git": "git -C {here} describe --always --dirty"}


def calibrate():
    """What this machine does just now: the measure for the absolute figures."""
    trip = rig.drive("pingpong", 1000, 60, 60)
    rate = rig.raw(1, "head -c 50000000 /dev/zero")
    return {"raw_pty_mb_per_s": rate["bytes"] / rate["seconds"] / 1e6, "1000_round_trips_ms": trip["p50_us"]}


def versions():
    found = {}
    for name, command in VERSIONS.items():
        done = subprocess.run(["sh", "-c", command.format(here=rig.HERE)], capture_output=True, text=True)
        found[name] = done.stdout.splitlines()[0].strip() if done.stdout.strip() else None
    return found


def give_up(names, function, why, is_met):
    for name in names:
        rig.report(name, function.__name__.replace("_", " "), "-", why, "-", "-", is_met)


# The quick run ends within a minute: the longest come last, and what would begin too late is left out.
QUICK_S = 45
QUICK_LAST = ("stages", "V1", "R1", "R2", "M3", "F1", "scaling")
# A full run goes on with smaller samples when so much time has passed, so that it ends within 15 minutes.
FULL_S = 660


def measure(names):
    if rig.args.quick:
        names = sorted(names, key=lambda name: QUICK_LAST.index(name) + 1 if name in QUICK_LAST else 0)
    functions = list(dict.fromkeys(rig.benches[name] for name in names))
    began = time.monotonic()
    for i, function in enumerate(functions, 1):
        mine = [name for name, f in rig.benches.items() if f is function]
        print(f"[{i}/{len(functions)}, {time.monotonic() - began:.0f} s] {' '.join(mine)}: {function.__name__}",
              file=sys.stderr)
        try:
            if rig.args.quick and not rig.args.is_cut and not rig.args.rows and time.monotonic() - began > QUICK_S:
                raise rig.Skip("the quick run has no time left")
            if not rig.args.quick and time.monotonic() - began > FULL_S:
                print("  smaller samples from here on: much time has passed", file=sys.stderr)
                rig.args.quick, rig.args.pairs, rig.args.is_cut = True, 2, True
            function()
        except rig.Skip as why:
            give_up(mine, function, f"skipped: {why}", None)
        except Exception as e:  # the other rows are still worth having
            traceback.print_exc()
            give_up(mine, function, f"failed: {e}", False)
    return time.monotonic() - began


def print_table():
    table = [COLUMNS] + [tuple(r[c] for c in COLUMNS) for r in rig.rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(COLUMNS))]
    for n, line in enumerate(table):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if n == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main():
    calibration = calibrate()
    seconds = measure(rig.args.rows or rig.benches)
    date = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
    print(f"\n{date}, {rig.machine()}; raw pseudo terminal {calibration['raw_pty_mb_per_s']:.0f} MB/s, 1,000 bare socket "
          f"round trips {calibration['1000_round_trips_ms']:.1f} ms; {rig.args.pairs} pairs\n")
    print_table()
    results = rig.HERE / "results"
    results.mkdir(exist_ok=True)
    path = results / f"{date.replace(' ', '-').replace(':', '')}.json"
    path.write_text(json.dumps({"date": date, "machine": rig.machine(), "versions": versions(), "quick": rig.args.quick, "cut": rig.args.is_cut,
                                "seconds": seconds, "calibration": calibration, "rows": rig.rows}, indent=1))
    print(f"\nevery sample: {os.path.relpath(path)}; into docs/performance.md: bench/document.py")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--build", type=lambda p: pathlib.Path(p).resolve(), default=rig.HERE.parent / "build")
parser.add_argument("--quick", action="store_true", help="fewer and smaller samples: under a minute")
parser.add_argument("--list", action="store_true", help="the rows there are")
parser.add_argument("rows", nargs="*", metavar="ROW", help="only these")
rig.args = parser.parse_args()
if unknown := [name for name in rig.args.rows if name not in rig.benches]:
    parser.error(f"no row {unknown[0]}; there are: {' '.join(rig.benches)}")
if rig.args.list:
    print("\n".join(f"{name}\t{f.__name__.replace('_', ' ')}" for name, f in rig.benches.items()))
    sys.exit(0)
rig.args.pairs = 2 if rig.args.quick else 5
rig.args.is_cut = False
rig.args.orchflow = str(rig.args.build / "src" / "cli" / "orchflow")
os.environ.pop("TMUX", None)
main()
