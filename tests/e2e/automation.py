#!/usr/bin/env python3
"""Goes through the table of automation_cases.py with the real shells.

usage: automation.py check SHELL [--plain]     every row of one column, on the instance of $ORCHFLOW_SOCKET
       automation.py doc FILE [--write]        are the tables in FILE those of the cases?
"""
import base64
import os
import re
import sys
import time

import automation_cases as cases
from client import ApiError, Client

QUICK_MS, LONG_MS = 250, 60000
STRICT = {"bash": "set -eu", "zsh": "setopt no_unset err_exit", "fish": "set -g strict 1"}
RELAX = {"bash": "set +eu", "zsh": "unsetopt no_unset err_exit", "fish": "set -e strict"}
SELF = {"bash": "$$", "zsh": "$$", "fish": "$fish_pid"}
HOME = os.environ["HOME"] if "HOME" in os.environ else "/"


class Column:
    """One shell, with or without integration."""

    def __init__(self, shell, is_plain):
        self.shell, self.is_plain = shell, is_plain
        self.client = Client()
        self.pane = self.make()

    def make(self):
        env = dict(os.environ)
        if self.is_plain:
            env["ORCHFLOW_SHELL_INTEGRATION"] = "0"
        pane = self.client.call("pane.create", command=[self.shell], env=env, cwd=HOME)["id"]
        if self.is_plain:
            self.client.call("pane.wait", pane=pane, idle_ms=700, timeout_ms=LONG_MS)
        else:
            self.client.call("pane.wait", pane=pane, prompt=True, timeout_ms=LONG_MS)
        return pane

    def text(self, case):
        return (case.typed.replace("{self}", SELF[self.shell]).replace("{strict}", STRICT[self.shell])
                .replace("{pause}", os.environ.get("AUTOMATION_PAUSE", "1")))

    def run(self, command, pane=None, client=None, **params):
        params.setdefault("timeout_ms", LONG_MS)
        return (client or self.client).call("pane.run", pane=pane or self.pane, command=command, **params)

    def type(self, text, pane=None):
        self.client.call("pane.write", pane=pane or self.pane, text=text)

    def keys(self, *keys, pane=None):
        self.client.call("pane.send_keys", pane=pane or self.pane, keys=list(keys))

    def wait(self, pane=None, **params):
        params.setdefault("timeout_ms", LONG_MS)
        return self.client.call("pane.wait", pane=pane or self.pane, **params)

    def seq(self, pane=None):
        return self.client.call("pane.get", pane=pane or self.pane)["seq"]

    def settle(self, pane=None):
        """Back at the prompt, whatever was there."""
        if self.is_plain:
            self.wait(pane, idle_ms=300)
        else:
            self.wait(pane, prompt=True)


# ---- how an answer is written in the table ----

def show_text(text):
    text = re.sub(r"\d{3,}", lambda m: m.group() if set(m.group()) <= set("017") else "N", text)
    return "`" + text.replace("\r", "\\r").replace("\n", "⏎").replace("\x1b", "\\e") + "`"


def show_end(r):
    parts = [] if r["exit_code"] is None else [str(r["exit_code"])]
    if "signal" in r:
        parts.append(r["signal"])
    return " ".join(parts + [r["evidence"]])


def show(r):
    if r["state"] == "running":
        return "running"
    if r["state"] == "exited":
        return "shell ended " + show_end(r)
    if r["evidence"] == "none":
        return "none"
    text = base64.b64decode(r["data"]).decode() if "data" in r else r["output"]
    if "signal" in r:
        what = "killed"  # shells differ in what they say of it, and how
    elif r["exit_code"] != 0 and re.search("error|Unexpected|not found|Unknown|unknown|Expected|Missing", text):
        what = "error"
    else:
        what = show_text(text) if text else "nothing"
    return f"{what} {show_end(r)}" + ("" if r["ran"] else ", did not run")


def show_wait(r):
    what = [r["reason"]]
    if "input" in r:
        what.append(r["input"])
    if "match" in r:
        what.append("`" + r["match"]["text"] + "`")
    if r.get("exit_code") is not None:
        what.append(str(r["exit_code"]))
    if r["reason"] == "exit":
        what.append(str(r["status"].get("code")))
    return " ".join(what + [r["evidence"]])


# ---- the ways of asking ----

def by_run(col, case, pane):
    return show(col.run(col.text(case), pane, **case.params))


def by_cwd(col, case, pane):
    r = col.run(col.text(case), pane)
    return f"{show(r)}, in {r['cwd'].replace(HOME, '~')}, then {r['cwd_after'].replace(HOME, '~')}"


def begin(col, case, pane):
    """A command is under way; its call's id."""
    since = col.seq(pane)
    call = col.client.start("pane.run", {"pane": pane, "command": col.text(case), "timeout_ms": LONG_MS})
    while call not in col.client.answers:  # else it was refused
        event = col.client.event(0.05)
        if event and event[1]["pane"] == pane and event[1]["text"] == col.text(case):
            break
    return call, since


def by_interrupted(col, case, pane):
    call, _ = begin(col, case, pane)
    press_until_answered(col, call, pane)
    return show(col.client.finish(call))


def press_until_answered(col, call, pane):
    """Ctrl-C, again where it came before the program had the terminal."""
    while call not in col.client.answers:
        time.sleep(0.1)
        col.keys("C-c", pane=pane)
        try:
            col.client.pump(time.monotonic() + 1)
        except TimeoutError:
            pass


def by_deadline(col, case, pane):
    r = col.run(col.text(case), pane, timeout_ms=QUICK_MS)
    then = col.client.call("command.wait", command=r["command"], timeout_ms=LONG_MS)
    assert then == col.client.call("command.wait", command=r["command"]), "another answer the second time"
    return f"{show(r)}, then {show(then)}"


def by_vanish(col, case, pane):
    other = Client()
    call = other.start("pane.run", {"pane": pane, "command": col.text(case)})
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and call not in other.answers:
        try:
            other.pump(time.monotonic() + QUICK_MS / 1000)
        except TimeoutError:
            break
    if call in other.answers:
        return show(other.finish(call))
    other.close()
    return show(col.client.call("command.wait", command=pane, timeout_ms=LONG_MS))


def by_budget(col, case, pane):
    r = col.run(col.text(case), pane, **case.params)
    assert r["truncated"] and r["omitted_rows"] > 900, r
    n_head = r["next"]
    lines = r["output"].splitlines(keepends=True)
    head, tail = "".join(lines[:n_head]), "".join(lines[n_head:])
    return " ".join(([show_text(head)] if head else []) + ["gap", show_text(tail), show_end(r)])


def with_busy(col, case, pane, ask):
    call, _ = begin(col, case, pane)
    if call in col.client.answers:
        return show(col.client.finish(call))
    try:
        return ask()
    finally:
        if ask.wants_end:
            press_until_answered(col, call, pane)
        col.client.finish(call)


def by_busy(col, case, pane):
    def ask():
        try:
            return show(col.run("echo x", pane))
        except ApiError as e:
            assert "sleep 30" in e.error["data"]["detail"], e.error
            return e.name
    ask.wants_end = True
    return with_busy(col, case, pane, ask)


def by_queued(col, case, pane):
    def ask():
        return show(col.run("echo after", pane, queue=True))
    ask.wants_end = False
    return with_busy(col, case, pane, ask)


def by_typing(col, case, pane):
    since = col.seq(pane)
    col.type(case.typed, pane)
    col.wait(pane, text="typed", **{"from": since})
    try:
        return show(col.run("echo x", pane))
    finally:
        col.keys("C-u", pane=pane)
        if not col.is_plain:  # no mark tells that the line is empty again
            col.type("\r", pane)


def enter_shell(col, case, pane):
    col.type(case.typed + "\r", pane)
    for _ in range(20):
        since = col.seq(pane)
        col.wait(pane, idle_ms=300)
        col.type("echo $((40+2))inside\r", pane)  # nothing that fish would do
        if col.wait(pane, text="42inside", timeout_ms=1500, **{"from": since})["reason"] == "match":
            col.wait(pane, idle_ms=100)
            return
    raise AssertionError("no shell in the shell")


def leave_shell(col, case, pane):
    if not case.fresh:
        col.type("exit\r", pane)


def by_inside(col, case, pane):
    enter_shell(col, case, pane)
    try:
        return show(col.run("echo x", pane))
    except ApiError as e:
        assert case.typed in str(e.error) or e.name == cases.NO, e.error
        raise
    finally:
        leave_shell(col, case, pane)


def by_inside_idle(col, case, pane):
    enter_shell(col, case, pane)
    r = col.run("echo in''side", pane, idle_ms=300)
    assert "inside" in r["output"] and r["exit_code"] is None, r
    leave_shell(col, case, pane)
    return show(r)


def by_wait_prompt(col, case, pane):
    return show_wait(col.wait(pane, prompt=True))


def by_wait_prompt_behind(col, case, pane):
    if col.is_plain:
        return show_wait(col.wait(pane, prompt=True))
    col.type(case.typed + "\r", pane)
    r = col.wait(pane, prompt=True)
    col.client.call("pane.snapshot", pane=pane)
    return show_wait(r)


def by_wait_end(col, case, pane):
    since = col.seq(pane)
    if not col.is_plain:
        col.type(case.typed + "\r", pane)
    return show_wait(col.wait(pane, command_end=True, **{"from": since}))


def by_pattern(col, case, pane, **params):
    since = col.seq(pane)
    col.type(case.typed + "\r", pane)
    return show_wait(col.wait(pane, **{"from": since}, **params))


def by_wait_regex(col, case, pane):
    return by_pattern(col, case, pane, regex="^hel+o$")


def by_wait_text(col, case, pane):
    return by_pattern(col, case, pane, text="a.b*c")


def by_wait_idle(col, case, pane):
    return show_wait(col.wait(pane, idle_ms=100))


def by_wait_exit(col, case, pane):
    col.type(case.typed + "\r", pane)
    return show_wait(col.wait(pane, exit=True))


def by_wait_input(col, case, pane):
    col.type(case.typed + "\r", pane)
    time.sleep(0.3)  # the shell has left its line editor
    r = col.wait(pane, input="any", timeout_ms=800 if "timeout" in case.answers["bash"] else LONG_MS)
    col.type("\r" if "raw" in case.answers["bash"] else "\n", pane)
    return show_wait(r)


HOW = {name[3:].replace("_", "-"): f for name, f in globals().items() if name.startswith("by_")}


SETTLE = ("typing", "inside", "inside-idle", "wait-regex", "wait-text", "wait-input", "wait-end", "wait-prompt-behind")


def answer(col, case):
    pane = col.make() if case.fresh else col.pane
    try:
        got = HOW[case.how](col, case, pane)
    except ApiError as e:
        got = e.name
    if case.fresh:
        col.client.call("pane.kill", pane=pane, grace_ms=0)
    elif col.is_plain and case.how not in SETTLE:
        pass  # nothing was typed
    elif case.typed == "{strict}" and not col.is_plain:
        assert show(col.run("true")) == "nothing 0 marks"
        col.run(RELAX[col.shell])
    else:
        col.settle()
    return got


def check(shell, is_plain):
    col = Column(shell, is_plain)
    col.client.call("events.subscribe", kinds=["command.started"])
    column, n_bad = "plain" if is_plain else shell, 0
    for case in cases.RUNS + cases.WAITS:
        begun = time.monotonic()
        want, got = case.answers[column], answer(col, case)
        if os.environ.get("AUTOMATION_TIMES"):
            print(f"{time.monotonic() - begun:6.2f} {case.name}")
        if got != want:
            n_bad += 1
            print(f"{shell}{' without integration' if is_plain else ''}: {case.name}: {got!r}, not {want!r}")
    print(f"{len(cases.RUNS + cases.WAITS)} cases, {n_bad} wrong")
    return n_bad > 0


def doc(path, wants_write):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    fresh = text
    for name, rows in (("run", cases.RUNS), ("wait", cases.WAITS)):
        fresh = re.sub(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)",
                       lambda m, rows=rows: m.group(1) + cases.table(rows) + m.group(2), fresh, flags=re.S)
    if wants_write:
        with open(path, "w", encoding="utf-8") as f:
            f.write(fresh)
    elif fresh != text:
        print(f"{path}: its tables are not those that are tested; tests/e2e/automation.py doc {path} --write")
        return 1
    return 0


def main():
    if sys.argv[1] == "check":
        return check(sys.argv[2], "--plain" in sys.argv)
    return doc(sys.argv[2], "--write" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
