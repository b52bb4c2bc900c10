"""F1: finding a literal and an expression in 50 histories."""
import itertools
import os
import shlex
import shutil
import statistics
import time

import rig
from rig import corpus, row

PANES, LINES = 50, 10000
NEEDLE = "Needle-4711"
# Never quiet, so that nothing is compressed; or quiet.
WARM, COLD = "while sleep 0.3; do printf .; done", "exec sleep 1000"
REGEX = "[0-9]{6,}[a-f]{3}[^ ]* [A-Z]"  # with nothing that must stand in it


def text(home):
    """A file with the newest lines of the corpus, and something that is in it once."""
    path = f"{home}/text"
    with open(corpus("plain"), errors="replace") as f, open(path, "w") as out:
        lines = list(itertools.islice(f, LINES))
        lines[LINES // 2] = f"one line of them has a {NEEDLE} in it\n"
        out.writelines(lines)
    return path, NEEDLE


def seconds(function):
    begin = time.monotonic()
    function()
    return (time.monotonic() - begin) * 1000


def of_ours(c, path, tail, needle):
    """Milliseconds for the literal and for the expression, as a client sees them."""
    for _ in range(PANES):
        c.call("pane.create", command=["sh", "-c", f"cat {shlex.quote(path)}; {tail}"], cols=150, rows=50)
    deadline = time.monotonic() + 120
    while len(c.call("search.run", pattern=needle, case="sensitive", limit=1000)["matches"]) < PANES:
        if time.monotonic() > deadline:
            raise rig.Skip("the panes did not print all")
        time.sleep(0.3)
    time.sleep(1 if tail == WARM else 8)

    def literal():
        found = c.call("search.run", pattern=needle, case="sensitive", limit=1000)["matches"]
        assert len(found) == PANES, len(found)

    def expression():
        c.call("search.run", pattern=REGEX, regex=True, case="sensitive", limit=1000, timeout_ms=60000)

    n = max(5, rig.args.pairs)
    return [seconds(literal) for _ in range(n)], [seconds(expression) for _ in range(n)]


def of_tmux(path, needle):
    if not rig.has_tmux():
        return None, None
    rig.tmux("new-session -d -x 150 -y 50 " + shlex.quote(f"cat {path}; exec sleep 1000"))
    for _ in range(PANES - 1):
        rig.tmux("new-window -d " + shlex.quote(f"cat {path}; exec sleep 1000"))
    time.sleep(5)

    def grep(option, pattern):
        panes = rig.tmux("list-panes -s -F '#{pane_id}'").stdout.split()
        for pane in panes:
            rig.run("sh", "-c", f"{rig.TMUX} capture-pane -p -S - -t {pane} | grep -c {option} -- "
                                f"{shlex.quote(pattern)} || :")

    try:
        return ([seconds(lambda: grep("-F", needle)) for _ in range(3)],
                [seconds(lambda: grep("-E", REGEX)) for _ in range(3)])
    finally:
        rig.end_tmux()


def of_rg(home, path, needle):
    """The same text, once for each pane, in files."""
    if not shutil.which("rg"):
        return None, None
    os.mkdir(f"{home}/files")
    for i in range(PANES):
        shutil.copy(path, f"{home}/files/{i}")
    return ([seconds(lambda: rig.run("rg", "-c", "-F", "--", needle, f"{home}/files")) for _ in range(3)],
            [seconds(lambda: rig.run("sh", "-c", f"rg -c -- '{REGEX}' {home}/files || :")) for _ in range(3)])


def ms(samples):
    return f"{statistics.median(samples):.1f} ms" if samples else "-"


@row("F1")
def search():
    figures = {}
    for state, tail in ("warm", WARM), ("cold", COLD):
        with rig.instance() as c:
            path, needle = text(os.environ["HOME"])
            figures[state] = of_ours(c, path, tail, needle)
            if state == "cold":
                tmux, rg = of_tmux(path, needle), of_rg(os.environ["HOME"], path, needle)
    for i, (kind, target) in enumerate((("literal", 50), ("regex", 150))):
        reference = f"tmux | grep {ms(tmux[i])}, rg {ms(rg[i])}"
        for state in "warm", "cold":
            median = statistics.median(figures[state][i])
            ratio = f"{statistics.median(tmux[i]) / median:.0f} x" if tmux[i] else "-"
            rig.report("F1", f"a {kind} in {PANES} histories of {LINES} lines, {state}", f"{median:.1f} ms", reference,
                       ratio, f"≤ {target} ms", median <= target, figures[state][i])
