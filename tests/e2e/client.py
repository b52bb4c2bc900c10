#!/usr/bin/env python3
"""A client of its own, independent of the C library: newline-delimited JSON-RPC on the Unix socket.

usage: client.py call METHOD [JSON]   prints the result, or the error and exits with 1
       client.py send [--half]        stdin to the socket as it is, prints what comes back until silence or EOF
"""
import base64
import collections
import json
import os
import select
import socket
import sys
import time

PATIENCE_S = float(os.environ.get("PATIENCE", 60))


class ApiError(Exception):
    """What the server answered instead of a result; .name is e.g. PANE_NOT_FOUND."""

    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.error = error
        self.name = (error.get("data") or {}).get("name")


class Client:
    def __init__(self, path=None, patience_s=PATIENCE_S):
        self.path, self.patience_s = path or os.environ["ORCHFLOW_SOCKET"], patience_s
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(patience_s)
        self.sock.connect(self.path)
        self.buf, self.ids = bytearray(), 0
        self.events = collections.deque()
        self.answers = {}

    def close(self):
        self.sock.close()

    def start(self, method, params=None):
        """Send a request, do not wait; its id for finish()."""
        self.ids += 1
        text = json.dumps({"jsonrpc": "2.0", "id": self.ids, "method": method, "params": params or {}})
        self.sock.sendall(text.encode() + b"\n")
        return self.ids

    def finish(self, id_):
        deadline = time.monotonic() + self.patience_s
        while id_ not in self.answers:
            self.pump(deadline)
        answer = self.answers.pop(id_)
        if "error" in answer:
            raise ApiError(answer["error"])
        return answer["result"]

    def call(self, method, **params):
        return self.finish(self.start(method, params))

    def event(self, timeout_s=None):
        """The next event as (method, params), or None after timeout_s."""
        deadline = time.monotonic() + (self.patience_s if timeout_s is None else timeout_s)
        while not self.events:
            try:
                self.pump(deadline)
            except TimeoutError:
                return None
        return self.events.popleft()

    def pump(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.sock], [], [], left)[0]:
            raise TimeoutError("nothing came")
        data = self.sock.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buf += data
        *lines, rest = self.buf.split(b"\n")
        self.buf = bytearray(rest)
        for line in lines:
            message = json.loads(line)
            if "method" in message:
                self.events.append((message["method"], message["params"]))
            else:
                self.answers[message["id"]] = message


def connect(patience_s=PATIENCE_S):
    """Connect, also while the daemon is being started again."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return Client(patience_s=patience_s)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def steady(method, params):
    """A call with an effect that may be repeated: asked again when the daemon dies under it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            client = connect()
            try:
                return client.call(method, **params)
            finally:
                client.close()
        except OSError:
            if time.monotonic() > deadline:
                raise


def data_of(params):
    return base64.b64decode(params["data"])


def main_call(method, params="{}"):
    try:
        print(json.dumps(Client().call(method, **json.loads(params))))
    except ApiError as e:
        print(json.dumps(e.error))
        return 1
    return 0


def main_send(is_half):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(os.environ["ORCHFLOW_SOCKET"])
    sock.settimeout(5)
    try:
        sock.sendall(sys.stdin.buffer.read())
        if is_half:
            sock.shutdown(socket.SHUT_WR)
        while True:
            data = sock.recv(1 << 16)
            if not data:
                print("EOF")
                return 0
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            sock.settimeout(0.5)
    except (BrokenPipeError, ConnectionResetError):
        print("RESET")
    except TimeoutError:
        print("SILENCE")
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "call":
        sys.exit(main_call(*sys.argv[2:]))
    sys.exit(main_send("--half" in sys.argv))
