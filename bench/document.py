#!/usr/bin/env python3
"""Puts what a run measured into docs/performance.md, and the picture of the stages beside it.

usage: document.py [RESULTS.json]     by default the newest of bench/results

Between the two comments `bench: begin` and `bench: end`: lines of rows that were measured replace those that stand
there, the others stay with the date that they have.
"""
import json
import pathlib
import re
import subprocess
import sys

import svg

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
COLUMNS = ("row", "workload", "ours", "reference", "ratio", "target", "met", "driver", "measured")
BEGIN, END = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"


def newest():
    return max((p for p in (HERE / "results").glob("*.json") if not p.name.startswith("mixed-")), key=lambda p: p.stat().st_mtime)


def commit():
    return subprocess.run(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()


def old_lines(block):
    found = [tuple(cell.strip().replace("\0", "\\|") for cell in line.replace("\\|", "\0").strip("|\n ").split("|"))
             for line in block.splitlines() if line.startswith("|")]
    return [line for line in found[2:] if len(line) == len(COLUMNS)]


def table(result, block):
    measured = {row["row"] for row in result["rows"]}
    when = f"{result['date']}, {commit()}" + (", quick" if result["quick"] and not result.get("cut") else "")
    lines = [tuple(str(row[c]).replace("|", "\\|") for c in COLUMNS[:-1]) + (when,) for row in result["rows"]]
    lines += [line for line in old_lines(block) if line[0] not in measured]
    return "\n".join("| " + " | ".join(line) + " |" for line in [COLUMNS, ("---",) * len(COLUMNS), *lines]) + "\n"


def stages(result):
    bars = [(row["workload"], list(row["samples"].items())) for row in result["rows"] if row["row"] == "stages" and row["samples"]]
    if bars:
        (DOCS / "stages.svg").write_text(svg.stacked_bars(
            "The daemon's time for one chunk of output (read at once, one subscriber), and for one request", "µs", bars,
            [f"{result['date']}, {result['machine']}", "Journal: on the disk thread, beside the loop; the rest on the loop."]))


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else newest()
    result, page = json.loads(path.read_text()), DOCS / "performance.md"
    head, block, tail = re.fullmatch(f"(.*{BEGIN})(.*)({END}.*)", page.read_text(), re.S).groups()
    machine = (f"{result['machine']}; in the last run the raw pseudo terminal did {result['calibration']['raw_pty_mb_per_s']:.0f} MB/s, "
               f"1,000 bare socket round trips took {result['calibration']['1000_round_trips_ms']:.1f} ms, all of it {result['seconds']:.0f} s.\n\n")
    page.write_text(head + "\n" + machine + table(result, block) + "\n" + tail)
    stages(result)
    print(f"{path.name} is in {page}")


main()
