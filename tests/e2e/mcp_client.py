"""A client of orchflow-mcp, of its own: JSON lines over the program's stdin and stdout."""
import collections
import json
import os
import select
import subprocess
import time

PATIENCE_S = float(os.environ.get("PATIENCE", 60))


class McpError(Exception):
    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.code = error["code"]


class Mcp:
    def __init__(self, *args, version="2025-11-25"):
        self.proc = subprocess.Popen([os.environ["ORCHFLOW"], "mcp", *args], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
        self.buf, self.ids = b"", 0
        self.answers, self.notes = {}, collections.deque()
        if version:
            self.hello = self.call("initialize", protocolVersion=version, capabilities={},
                                   clientInfo={"name": "e2e", "version": "1"})
            self.note("notifications/initialized")

    def raw(self, data):
        self.proc.stdin.write(data)
        self.proc.stdin.flush()

    def send(self, message):
        self.raw(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def note(self, method, **params):
        self.send({"method": method, "params": params})

    def start(self, method, **params):
        self.ids += 1
        self.send({"id": self.ids, "method": method, "params": params})
        return self.ids

    def pump(self, timeout_s):
        """One more chunk of what it says; False when nothing came."""
        if not select.select([self.proc.stdout], [], [], max(0, timeout_s))[0]:
            return False
        data = os.read(self.proc.stdout.fileno(), 1 << 20)
        if not data:
            raise EOFError("orchflow-mcp is gone")
        *lines, self.buf = (self.buf + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            assert message["jsonrpc"] == "2.0", message
            if "method" in message:
                self.notes.append(message)
            else:
                self.answers[message.get("id")] = message
        return True

    def finish(self, id_, timeout_s=PATIENCE_S):
        deadline = time.monotonic() + timeout_s
        while id_ not in self.answers:
            if not self.pump(deadline - time.monotonic()):
                raise TimeoutError(f"no answer to {id_}")
        answer = self.answers.pop(id_)
        if "error" in answer:
            raise McpError(answer["error"])
        return answer["result"]

    def call(self, method, **params):
        return self.finish(self.start(method, **params))

    def tool(self, name, **arguments):
        """The structured answer of a tool; the text of an error as an exception."""
        result = self.call("tools/call", name=name, arguments=arguments)
        if result["isError"]:
            raise RuntimeError(result["content"][0]["text"])
        return result["structuredContent"]

    def next_note(self, method, timeout_s=PATIENCE_S):
        deadline = time.monotonic() + timeout_s
        while True:
            while self.notes:
                note = self.notes.popleft()
                if note["method"] == method:
                    return note.get("params", {})
            if not self.pump(deadline - time.monotonic()):
                return None

    def close(self):
        self.proc.stdin.close()
        return self.proc.wait(PATIENCE_S)
