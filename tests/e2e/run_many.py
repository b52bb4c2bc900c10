#!/usr/bin/env python3
"""Many pane.run in a row over one connection, in one shell: every exit code and every byte is checked.

usage: run_many.py SHELL N      on the instance of $ORCHFLOW_SOCKET; prints the times of an empty command, by pane.run and by the
                                shell alone (typed into a terminal of our own)
"""
import base64
import os
import pty
import statistics
import sys
import time

from client import Client

HOME = os.environ["HOME"]


def case(i):
    """A command, what it prints, its exit code."""
    cases = (("true", "", 0), (f"echo line {i}", f"line {i}\n", 0), (f'printf "a%sb" {i}', f"a{i}b", 0),
             (f'sh -c "exit {i % 200}"', "", i % 200), (f"seq {i} {i + 3}", "".join(f"{j}\n" for j in range(i, i + 4)), 0),
             (f'echo "x\n{i}"', f"x\n{i}\n", 0), ("false", "", 1), (f"printf '%0{i % 300}d' 0", "0" * max(i % 300, 1), 0))
    return cases[i % len(cases)]


def through_pane_run(shell, n):
    c = Client()
    pane = c.call("pane.create", command=[shell], env=dict(os.environ), cwd=HOME)["id"]
    c.call("pane.wait", pane=pane, prompt=True, timeout_ms=60000)
    times = []
    for i in range(n):
        command, output, code = case(i)
        raw = {"output": "raw"} if i % 5 == 0 else {}
        begun = time.perf_counter()
        r = c.call("pane.run", pane=pane, command=command, timeout_ms=60000, **raw)
        if command == "true":
            times.append(time.perf_counter() - begun)
        got = base64.b64decode(r["data"]).decode().replace("\r\n", "\n") if raw else r["output"]
        assert (got, r["exit_code"], r["text"]) == (output, code, command), (i, command, r)
        assert r["state"] == "done" and r["ran"] and not r["truncated"] and r["evidence"] == "marks", r
    c.call("pane.kill", pane=pane, grace_ms=0)
    return times


def alone(shell, n):
    """The same shell without us: from the key to the next prompt."""
    files = {"bash": (".bashrc", "PS1='READY> '\n"), "zsh": (".zshrc", "PS1='READY> '\n"),
             "fish": (".config/fish/config.fish", "function fish_prompt; echo -n 'READY> '; end\n")}
    name, text = files[shell]
    home = os.path.join(HOME, "alone")
    path = os.path.join(home, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(HOME=home, TERM="dumb", XDG_CONFIG_HOME=home + "/.config")
        os.execvp(shell, [shell])

    def until_ready():
        seen = b""
        while b"READY> " not in seen:
            seen = seen[-16:] + os.read(fd, 65536)

    until_ready()
    times = []
    for _ in range(n):
        begun = time.perf_counter()
        os.write(fd, b"true\r")
        until_ready()
        times.append(time.perf_counter() - begun)
    os.close(fd)
    os.waitpid(pid, 0)
    return times


def main():
    shell, n = sys.argv[1], int(sys.argv[2])
    ours, own = through_pane_run(shell, n), alone(shell, 200)
    median = [statistics.median(t) * 1e3 for t in (ours, own)]
    print(f"{shell}: {n} runs, none wrong; p50 of `true`: pane.run {median[0]:.2f} ms, the shell alone {median[1]:.2f} ms")


if __name__ == "__main__":
    main()
