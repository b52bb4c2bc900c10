"""What vttest.py checks of vttest's menus 3 (character sets), 5 (keys), 6 (reports) and 11 (other than VT100).

DEEPER: menus on the way, the item, and its screens: each a check and the keys that answer it.
"""
import re
import string

LOWER = string.ascii_lowercase
GRAPHICS = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"
ASCII = "".join(map(chr, range(0x20, 0x7f)))
LATIN1 = "".join(map(chr, range(0xa0, 0x100)))


def says(*parts):
    """Each part stands in some line."""
    return lambda s: all(any(p in line for line in s.text) for p in parts)


def rows_of(text):
    """Three rows of 32, as vttest shows a set."""
    return [text[i:i + 32] for i in range(0, len(text), 32)]


# --- menu 3 ---

def installed_sets(s):
    """Left as G0, right as G1: the same."""
    british = ASCII.replace("#", "£")
    special = ASCII[:63] + "\u00a0" + GRAPHICS
    sets = [ASCII, british, special, ASCII, special]
    shown = [s.text[3 + 4 * i + k] for i in range(5) for k in range(3)]
    wanted = [row.strip() for text in sets for row in rows_of(text)]
    return says("These are the installed character sets. Push <RETURN>")(s) and \
        [line[9:41].strip() for line in shown] == wanted and [line[41:].strip() for line in shown] == wanted


def shifted_in_and_out(s):
    shown = [line.strip() for line in s.text]
    return says("These are the G0 and G1 character sets.", "Push <RETURN>")(s) and \
        all(row.strip() in shown for row in rows_of(ASCII) + rows_of(LATIN1))


def single_shifts(which):
    """All 96 by a single shift, the first and the last among them."""
    def check(s):
        shown = dict(re.findall(r"(\d+): \((.)\)", "\n".join(s.text)))
        return says(f"Testing single-shift {which} into GL", "Push <RETURN>")(s) and \
            shown == {str(0x20 + i): c for i, c in enumerate(LATIN1)}
    return check


# --- menu 5 ---

def keys_in_turn(mode, *keys):
    """Each key, and what vttest says of it; the last goes on with TAB."""
    steps = [(says(mode), [keys[0][0]])]
    for (_, told), (key, _) in zip(keys, keys[1:]):
        steps.append((says(mode, told), [key]))
    return steps + [(says(mode, keys[-1][1]), ["Tab"])]


def cursor_keys(mode, prefix):
    return keys_in_turn(mode, *((name, f"<27> {prefix}{final}  ({name} arrow key)")
                                for name, final in (("Up", "A"), ("Down", "B"), ("Right", "C"), ("Left", "D"))))


def function_keys():
    numbers = {"F5": 15, "F6": 17, "F7": 18, "F8": 19, "F9": 20, "F10": 21, "F11": 23, "F12": 24}
    return keys_in_turn("Normal mode", *((name, f"<27> [ {n // 10} {n % 10} ~  ({name}{' (xterm)' if name == 'F5' else ''} key)")
                                         for name, n in numbers.items()))


CONTROLS = ["C-Space"] + ["C-" + c for c in LOWER] + ["C-[", "C-\\", "C-]", "C-^", "C-_"]

# --- menu 11 ---


def box(s):
    """An outline of *, empty within."""
    rows = [line.strip() for line in s.text if "*" in line and "***'s" not in line and "'s" not in line]
    inner = "*" + " " * (len(rows[0]) - 2) + "*" if rows else ""
    return says("There should be a box-outline", "Push <RETURN>")(s) and len(rows) == 13 and \
        rows == [rows[0]] + [inner] * 11 + [rows[0]] and set(rows[0]) == {"*"}


def numbered_tabs(s):
    return says("tab-stops should be numbered", "Push <RETURN>")(s) and s.text[:20] == \
        ["".join(f"{i:<8}" for i in range(1, 11)).rstrip()] * 20


def numbered_lines(n):
    return lambda s: says("numbered in sequence, from 1.", "Push <RETURN>")(s) and \
        s.text[:n] == [f"{i}." for i in range(1, n + 1)]


def stars_on_row(which):
    """One row of stars, the top one or that above the message."""
    def check(s):
        rows = [i for i, line in enumerate(s.text) if line.strip("*") == "" and line]
        ruler = [i for i, line in enumerate(s.text) if line.startswith("----+")]
        return says("There should be a horizontal row of *'s", "Push <RETURN>")(s) and \
            len(rows) == len(ruler) == 1 and rows[0] == (0 if which == "top" else ruler[0] - 1)
    return check


def column_of_stars(s):
    return says("vertical column of *'s centered", "Push <RETURN>")(s) and s.text[:20] == [" " * 39 + "*"] * 20


def colour_matrix(s):
    """Eight by eight twice, each pair of colours once, the second half bold."""
    seen = set()
    for y, line in enumerate(s.lines):
        for run in line["runs"]:
            if "Hello" in run["text"]:
                seen.add((run.get("fg"), run.get("bg"), "bold" in run["attrs"]))
    return says("There are 64 color combinations", "Push <RETURN>")(s) and len(seen) >= 112


ENTER = ["Enter"]

DEEPER = [
    (["3"], "8", [(installed_sets, ENTER)]),
    (["3"], "11", [(single_shifts("G2"), ENTER), (single_shifts("G3"), ENTER)]),
    (["5"], "4", cursor_keys("Cursor key mode RESET", "[ ") + cursor_keys("Cursor key mode SET", "O ") +
     cursor_keys("VT52 Mode", "") + [(says("Push <RETURN>"), ENTER)]),
    (["5"], "7", function_keys() + [(says("VT100/VT52 mode"), ["Tab"]), (says("Push <RETURN>"), ENTER)]),
    (["5"], "9", [(says("Push each CTRL-key TWICE"), [k for k in CONTROLS for _ in range(2)]),
                  (lambda s: any(line.startswith("  US ") for line in s.text), ["Backspace"]),
                  (lambda s: says("Push <RETURN>")(s) and not says("not been able")(s), ENTER)]),
    (["6"], "2", [(says("NewLine mode set."), ENTER), (says("<13> <10>  -- OK", "NewLine mode reset."), ENTER),
                  (says("<13>  -- OK", "Push <RETURN>"), ENTER)]),
    (["6"], "3", [(lambda s: says('means "TERMINAL OK"', "Push <RETURN>")(s) and
                   sum("-- OK" in line for line in s.text) == 2, ENTER)]),
    (["6"], "4", [(says("VT400 family", "Push <RETURN>"), ENTER)]),
    (["6"], "5", [(says("(VT420)", "registration number ok", "Push <RETURN>"), ENTER)]),
    (["6"], "6", [(says("<27> P ! | 0 0 0 0 0 0 0 0 <27> \\  ok", "Push <RETURN>"), ENTER)]),
    (["6"], "7", [(lambda s: says("Push <RETURN>")(s) and sum("-- OK" in line for line in s.text) == 2, ENTER)]),
    (["11", "1"], "3", [(says("8-bit controls enabled: <155> 1 ; 1 R  ok",
                              "8-bit controls disabled: <27> [ 1 ; 1 R  ok", "Push <RETURN>"), ENTER)]),
    (["11", "5"], "1", [(box, ENTER)]),
    (["11", "5"], "2", [(numbered_tabs, ENTER)]),
    (["11", "5"], "3", [(box, ENTER)]),
    (["11", "5"], "5", [(box, ENTER)]),
    (["11", "5"], "6", [(box, ENTER)]),
    (["11", "5"], "7", [(numbered_lines(19), ENTER)]),
    (["11", "5"], "8", [(numbered_lines(20), ENTER)]),
    (["11", "5"], "9", [(box, ENTER)]),
    (["11", "6"], "2", [(colour_matrix, ENTER)]),
    (["11", "7"], "3", [(stars_on_row("bottom"), ENTER)]),
    (["11", "7"], "4", [(column_of_stars, ENTER)]),
    (["11", "7"], "5", [(column_of_stars, ENTER)]),
    (["11", "7"], "6", [(stars_on_row("top"), ENTER)]),
    # Last: it leaves G1 shifted in, which entering menu 3 makes Latin-1.
    (["3"], "9", [(shifted_in_and_out, ENTER)]),
]
