#!/usr/bin/env python3
"""Whether two terminals show the same: characters, looks and cursor.

usage: same_screen.py OURS.json REFERENCE.json [PATTERN...]

Both are what `orchflow vt --format json` prints.  Text that matches a PATTERN is left out of it.
"""
import json
import re
import sys


def cells(line):
    """The line as a list of (character, look), without blanks at the end: tmux does not tell what
    background a line was erased to behind its last character."""
    out = []
    for run in line["runs"]:
        look = (run["fg"], run["bg"], tuple(sorted(run["attrs"])))
        for ch in run["text"]:
            # A space shows its background alone, unless it is lined or inverse.
            plain = ch == " " and not {"inverse", "strike", "overline"} & set(run["attrs"]) \
                and not any("underline" in a for a in run["attrs"])
            out.append((ch, ("default", run["bg"], ()) if plain else look))
    while out and out[-1][0] == " " and not out[-1][1][2]:
        out.pop()
    return out


def screen(path, patterns):
    with open(path, encoding="utf-8") as f:
        doc = json.load(f)
    rows = [cells(line) for line in doc["lines"]]
    for row in rows:
        text = "".join(ch for ch, _ in row)
        for pattern in patterns:
            for m in re.finditer(pattern, text):
                row[m.start():m.end()] = [("?", None)] * (m.end() - m.start())
    while rows and not rows[-1]:
        rows.pop()
    return rows, doc["cursor"]


def main():
    ours, cursor = screen(sys.argv[1], sys.argv[3:])
    theirs, wanted = screen(sys.argv[2], sys.argv[3:])
    wrong = []
    for y in range(max(len(ours), len(theirs))):
        a = ours[y] if y < len(ours) else []
        b = theirs[y] if y < len(theirs) else []
        if a == b:
            continue
        x = next((i for i, (p, q) in enumerate(zip(a, b)) if p != q), min(len(a), len(b)))
        wrong.append(f"row {y}, from column {x}:\n  ours:      {''.join(c for c, _ in a)!r} {a[x:x + 3]}\n"
                     f"  reference: {''.join(c for c, _ in b)!r} {b[x:x + 3]}")
    if cursor["visible"] and (cursor["row"], cursor["col"]) != (wanted["row"], wanted["col"]):
        wrong.append(f"cursor: {cursor}, reference {wanted}")
    if wrong:
        sys.exit("\n".join(wrong))


main()
