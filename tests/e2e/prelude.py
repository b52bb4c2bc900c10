"""What the scripts of api.bats and crash.bats begin with."""
import base64
import hashlib
import json
import os
import re
import signal
import socket
import sys
import time

import client
from client import ApiError, Client, data_of

c = Client()


def answers(raw, n):
    """The next n answers to raw bytes sent on a connection of their own."""
    s = Client()
    s.sock.sendall(raw)
    while s.buf.count(b"\n") < n:
        data = s.sock.recv(1 << 20)
        assert data, (raw, bytes(s.buf))
        s.buf += data
    return [json.loads(line) for line in bytes(s.buf).split(b"\n")[:n]]


def refused(error_name, method, /, **params):
    try:
        result = c.call(method, **params)
    except ApiError as e:
        assert e.name == error_name, (error_name, e.error)
        return e.error
    raise AssertionError(f"{method} {params} was not refused: {result}")


def write(pane, data):
    return c.call("pane.write", pane=pane, data=base64.b64encode(data).decode())


def shows(pane, regex, start=0):
    """Wait until the pane printed it; returns the match."""
    got = client.steady("pane.wait", {"pane": pane, "regex": regex, "from": start, "timeout_ms": 60000})
    assert got["reason"] == "match", (regex, got, data_of(client.steady("pane.read", {"pane": pane, "from": 0})))
    return got


def new_daemon(old_pid):
    """Wait for a daemon that is not old_pid; c is connected to it."""
    while True:
        pid = client.steady("server.status", {})["daemon"]["pid"]
        if pid != old_pid:
            c.close()
            c.__init__()  # the scripts hold this very object
            return pid
        time.sleep(0.005)
