#!/usr/bin/env python3
"""A program in a pane of the torture test.

usage: actor.py paint LOG    numbered titles, colours, cursor movements, wide characters, the other screen; LOG: titles set so far
       actor.py ask LOG      asks the terminal again and again; LOG: "asked N answered M stray K"
       actor.py take LOG     reads its input, which it does not echo; LOG: all of it
SIGUSR1 ends it.
"""
import os
import random
import select
import signal
import sys
import termios
import time
import tty

is_over = False
ANSWER = b"\033[0n"


def on_signal(_signo, _frame):
    global is_over
    is_over = True


def say(text):
    os.write(1, text.encode())


def paint(log):
    random.seed(1)
    n = 0
    while not is_over:
        n += 1
        log.seek(0)
        log.write(f"{n:09}")
        log.flush()
        say(f"\033]2;title {n}\007")
        for _ in range(random.randrange(1, 8)):
            say(random.choice((
                f"\033[{random.randrange(30, 38)}m{n} plain text and more of it\r\n",
                f"\033[{random.randrange(1, 20)};{random.randrange(1, 70)}H*{n}",
                "wide: 漢字 e\u0301 \U0001f469\u200d\U0001f680\r\n",
                "\033[38;2;1;2;3mtrue colour\033[0m\r\n", "\033[2J\033[H", "\033[1;4mbold\033[m \033[K",
                "\033[?1049h other screen \033[?1049l", "\033[5;15r\033[15;1H\n\n\033[r", "\033[L", "\033[3P", "\t\t|\r\n")))
        time.sleep(0.02)


def ask(log):
    n, answered, stray, got = 0, 0, b"", b""
    while not is_over:
        n += 1
        say("\033[5n")  # answered with ESC [ 0 n
        before, until = answered, time.monotonic() + 0.5
        while answered == before and time.monotonic() < until and not is_over:
            if select.select([0], [], [], 0.05)[0]:
                got += os.read(0, 100)
            while got.startswith(ANSWER):
                answered, got = answered + 1, got[len(ANSWER):]
            if not ANSWER.startswith(got):
                stray, got = stray + got, b""
        log.seek(0)
        log.write(f"asked {n} answered {answered} stray {stray!r}\n")
        log.truncate()
        log.flush()
        time.sleep(0.01)


def take(log):
    while not is_over:
        if select.select([0], [], [], 0.2)[0]:
            log.write(os.read(0, 4096).decode())
            log.flush()


signal.signal(signal.SIGUSR1, on_signal)
tty.setraw(0, termios.TCSANOW)
with open(sys.argv[2], "w", encoding="utf-8") as file:
    {"paint": paint, "ask": ask, "take": take}[sys.argv[1]](file)
