#!/usr/bin/env python3
"""Drives Debian's vttest in a pane and looks whether its screens are what their own text says they must be.

usage: vttest.py     (ORCHFLOW_SOCKET names the server)

Menus 1, 2, 4 and 8 whole: they want no key but RETURN.  Menu 1, 2 and 8 go to 132 columns and back, which the
pane follows.  Of menus 3, 5, 6 and 11 what vttest_deeper.py has.
"""
import json
import re
import string
import sys
import time

from client import Client, PATIENCE_S
from vttest_deeper import DEEPER

PUSH = "Push <RETURN>"
UPPER = string.ascii_uppercase


class Screen:
    def __init__(self, doc):
        self.cols, self.rows = doc["cols"], doc["rows"]
        self.lines = doc["lines"] + [{"runs": []}] * (doc["rows"] - len(doc["lines"]))
        self.text = ["".join(r["text"] for r in line["runs"]).rstrip() for line in self.lines]
        self.modes = doc["modes"]

    def attrs(self, row, word):
        """The attributes of a row's run that is or ends with the word; None: there is none."""
        for run in self.lines[row]["runs"]:
            if run["text"].rstrip().endswith(word):
                return set(run["attrs"])
        return None


def has(s, *parts):
    return all(any(p in line for line in s.text) for p in parts)


# --- menu 1 ---

def frame(cols):
    """An unbroken border of * and + around the edge, and a frame of E's in the middle, one free position inside."""
    def check(s):
        if s.cols != cols or not has(s, "The screen should be cleared", PUSH):
            return False
        top = [i for i, line in enumerate(s.text) if re.search("EEEE", line)]
        edge = s.text[0] == s.text[-1] == "*" * cols and \
            s.text[1] == s.text[-2] == "*" + "+" * (cols - 2) + "*" and \
            all(line.startswith("*+") and line.endswith("+*") and len(line) == cols for line in s.text[2:-2])
        if not edge or len(top) != 2 or top[0] + top[1] != s.rows - 1:
            return False
        left, right = s.text[top[0]].index("E"), s.text[top[0]].rindex("E")
        return left + right == cols - 1 and s.text[top[0]] == s.text[top[1]] and all(
            line[left:left + 2] == "E " and line[right - 1:right + 1] == " E" and
            not line[2:left].strip() and not line[right + 1:-2].strip() for line in s.text[top[0] + 1:top[1]])
    return check


def autowrap(cols):
    """The left and right margins have letters in order."""
    def check(s):
        rows = [line for line in s.text if re.fullmatch("[A-Z] +[a-z]", line)]
        return s.cols == cols and has(s, "margins should have letters in order", PUSH) and \
            "".join(r[0] for r in rows) == UPPER[8:] and "".join(r[-1] for r in rows) == UPPER[8:].lower() and \
            all(len(r) == cols for r in rows)
    return check


def four_identical(s):
    lines = [line for line in s.text if line.startswith("A B")]
    return has(s, "four identical lines", PUSH) and lines == [" ".join(UPPER[:9])] * 4


def leading_zeros(s):
    return has(s, "leading zeros", PUSH) and s.text.count("This is a correct sentence") == 1


# --- menu 2 ---

def three_lines(s):
    return has(s, "three identical lines", PUSH) and s.text[:3] == ["*" * s.cols] * 3


def tabs(s):
    return has(s, "These two lines", PUSH) and s.text[0] == s.text[1] and s.text[0].count("*") == 13


def width(cols, is_light):
    def check(s):
        what = f"This is {cols} column mode, {'light' if is_light else 'dark'} background."
        rows = [i for i, line in enumerate(s.text) if what in line]
        return s.cols == cols and PUSH in s.text[rows[-1] if rows else 0] and \
            [s.text[i].index("This") for i in rows] == list(range(2, 2 + len(rows))) and \
            s.modes["reverse_video"] == is_light and len(rows) == 18
    return check


def scrolled_down(kind, top, bottom):
    """The newest lines of 29 fill the region, the last one on top."""
    def check(s):
        n = bottom - top + 1
        what = f"{kind} scroll down region [{top}..{bottom}] size {n} Line "
        rows = [line for line in s.text if line.startswith(what)]
        wanted = [what + str(k) for k in range(29, 29 - n, -1)]
        return s.text[top - 1] == PUSH and rows == wanted[:n - 1] and \
            s.text[top:top + len(rows)] == rows
    return check


def origin_bottom(s):
    return s.text[-1].startswith("Origin mode test. This line should be at the bottom") and \
        s.text[-2].startswith("This line should be the one above the bottom") and PUSH in s.text[-2] and \
        not any(s.text[:-2])


def origin_top(s):
    return s.text[0].startswith("This line should be at the top of the screen.") and PUSH in s.text[0] and \
        s.text[-1].startswith("Origin mode test.") and not any(s.text[1:-1])


def renditions(is_light):
    """Each word is painted as it says."""
    names = {"bold": "bold", "underline": "underline", "blink": "blink", "negative": "inverse"}

    def check(s):
        if not has(s, "Graphic rendition test pattern", ("Light" if is_light else "Dark") + " background. " + PUSH):
            return False
        seen = 0
        for y, line in enumerate(s.text[2:-3], 2):
            for words in re.split("  +", line.strip()):
                if not words:
                    continue
                wanted = {names[w] for w in words.split() if w in names}
                if s.attrs(y, words) != wanted:
                    return False
                seen += 1
        return seen == 16 and s.modes["reverse_video"] == is_light
    return check


def saved_cursor(s):
    flavours = {"stars:": "*", "line:": "─", "x'es:": "x", "diamonds:": "◆"}
    found = {line.split()[0]: line.split()[1:] for line in s.text if line and line.split()[0] in flavours}
    return has(s, "SAVE/RESTORE CURSOR", PUSH) and s.text[:4] == ["AAAAA"] * 4 and not s.text[4] and \
        found == {name: [c * 10] * 5 for name, c in flavours.items()}


# --- menu 4 ---

def double_sized(cols, last):
    """The margins that the arrows point to are the double-sized lines' too: half the column."""
    def check(s):
        if s.cols < cols or not has(s, f"{cols} column mode", last, PUSH):
            return False
        arrow = next(line.index("v---") for line in s.text if "v---" in line)
        begins = [line.index("This") for line in s.text
                  if re.match(" +This is (a Double|another)", line)]
        return len(begins) == 5 and all(2 * b == arrow for b in begins)
    return check


def programmer(n_rows):
    def check(s):
        wide = "┌" + "─" * 38 + "┐"
        rows = [line for line in s.text if re.match("[┌│└]", line)]
        return has(s, PUSH) and len(rows) == n_rows and rows[:2] == [wide] * 2 and \
            (n_rows == 5 or rows[-2:] == ["└" + "─" * 38 + "┘"] * 2)
    return check


# --- menu 8 ---

def accordion_begin(cols):
    def check(s):
        return s.cols == cols and has(s, "Screen accordion test", PUSH) and \
            all(set(line[65:]) == {c} for line, c in zip(s.text, UPPER))
    return check


def accordion_end(cols):
    def check(s):
        return s.cols == cols and s.text[0] == "A" * cols and s.text[1].startswith("Top line: A's") and \
            PUSH in s.text[1] and s.text[-1] == "X" * cols and not any(s.text[2:-1])
    return check


def inserted(cols):
    def check(s):
        return has(s, "Test of 'Insert Mode'", PUSH) and s.text[0] == "A" + "*" * (cols - 2) + "B"
    return check


def deleted(s):
    return has(s, "Test of 'Delete Character'", PUSH) and s.text[0] == "AB"


def staggered(width_of_first):
    """The right column is staggered by one."""
    def check(s):
        return has(s, "The right column should be staggered", PUSH) and \
            [len(line) for line in s.text] == [width_of_first - i for i in range(s.rows)]
    return check


def inserted_blanks(s):
    line = "  " + " ".join(UPPER)
    return has(s, "'Insert Character'", PUSH) and s.text.count(line) == 2


MENUS = {
    "1": [frame(80), frame(132), autowrap(80), autowrap(132), four_identical, leading_zeros],
    "2": [three_lines, tabs, width(132, True), width(80, True), width(132, False), width(80, False),
          scrolled_down("Soft", 12, 13), scrolled_down("Soft", 1, 24),
          scrolled_down("Jump", 12, 13), scrolled_down("Jump", 1, 24), origin_bottom, origin_top,
          renditions(False), renditions(True), saved_cursor],
    "4": [double_sized(80, "This is not a double-width line"), double_sized(80, "This **is** a double-width line"),
          double_sized(132, "This is not a double-width line"), double_sized(132, "This **is** a double-width line"),
          programmer(10), programmer(5)],
    "8": [accordion_begin(80), accordion_end(80), inserted(80), deleted, staggered(79), staggered(39), inserted_blanks,
          accordion_begin(132), accordion_end(132), inserted(132), deleted, staggered(131), staggered(65),
          inserted_blanks],
}


def main():
    c = Client()
    pane = c.call("pane.create", command=["vttest"])["id"]

    def screen():
        return Screen(json.loads(c.call("pane.snapshot", pane=pane, format="json")["text"]))

    def until(check, what):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            s = screen()
            if check(s):
                return s
            if time.monotonic() > deadline:
                sys.exit(f"{what} is not what it says:\n" + "\n".join("|" + line for line in s.text))
            time.sleep(0.02)

    def type_in(text):
        c.call("pane.write", pane=pane, text=text)

    def at_menu(path):
        title = f"Menu {'.'.join(path)}: " if path else "VT100 test program"
        until(lambda s: has(s, title) and has(s, "Enter choice number"), title)

    for menu, checks in MENUS.items():
        at_menu([])
        type_in(menu + "\r")
        for i, check in enumerate(checks):
            until(check, f"screen {i + 1} of menu {menu}")
            type_in("\r")
    n_screens = sum(len(checks) for checks in MENUS.values())
    for path, item, steps in DEEPER:
        for depth, choice in enumerate(path):
            at_menu(path[:depth])
            type_in(choice + "\r")
        at_menu(path)
        type_in(item + "\r")
        for i, (check, keys) in enumerate(steps):
            until(check, f"screen {i + 1} of item {item} of menu {'.'.join(path)}")
            c.call("pane.send_keys", pane=pane, keys=keys)
        for depth in range(len(path), 0, -1):
            at_menu(path[:depth])
            type_in("0\r")
        n_screens += len(steps)
    at_menu([])
    print(n_screens, "screens")


main()
