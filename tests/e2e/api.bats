#!/usr/bin/env bats
# The wire: JSON-RPC 2.0 as the standard says, and the methods as docs/protocol.md says.
load helper

# A Python script on stdin, with a connected client c and what else it needs at hand (prelude.py).
script()
{
	of ls >/dev/null
	PYTHONPATH=$E2E timeout 120 "$PYTHON" -c "from prelude import *
$(cat)" 3>&-
}

@test "hello names server, versions and encoding, and refuses versions of the future" {
	script <<'E'
hello = c.call("rpc.hello", client="test")
assert hello["server"] == "orchflow" and hello["protocol"] == 1 and hello["encoding"] == "json", hello
assert os.path.exists(f"/proc/{hello['daemon_pid']}") and os.path.exists(f"/proc/{hello['keeper_pid']}")
refused("VERSION_UNSUPPORTED", "rpc.hello", min=1000, max=1001)
E
}

@test "discover is an OpenRPC document of methods with typed parameters" {
	script <<'E'
doc = c.call("rpc.discover")
assert doc["openrpc"].startswith("1."), doc["openrpc"]
assert doc["info"]["title"] and doc["info"]["version"]
names = [m["name"] for m in doc["methods"]]
assert len(set(names)) == len(names) and {"pane.create", "pane.read", "server.status", "rpc.hello"} <= set(names)
for method in doc["methods"]:
    assert method.get("summary") or method.get("description"), method["name"]
    for param in method["params"]:
        assert param["name"] and "schema" in param, (method["name"], param)
E
}

@test "ids of all kinds come back as they were; notifications get no answer" {
	script <<'E'
for id_ in (1, 0, -5, "text", "", None, 12345678901234):
    got, = answers(json.dumps({"jsonrpc": "2.0", "id": id_, "method": "server.status"}).encode() + b"\n", 1)
    assert got["id"] == id_ and got["jsonrpc"] == "2.0" and "result" in got, got
got, = answers(b'{"jsonrpc":"2.0","method":"server.status"}\n{"jsonrpc":"2.0","id":2,"method":"server.status"}\n', 1)
assert got["id"] == 2, got
E
}

@test "a batch is answered by one array, in which notifications have no part" {
	script <<'E'
batch = [{"jsonrpc": "2.0", "id": 1, "method": "server.status"}, {"jsonrpc": "2.0", "method": "server.status"},
         {"jsonrpc": "2.0", "id": 2, "method": "no.such"}, 7]
got, = answers(json.dumps(batch).encode() + b"\n", 1)
assert isinstance(got, list) and len(got) == 3, got
by_id = {a["id"]: a for a in got}
assert "result" in by_id[1] and by_id[2]["error"]["code"] == -32601 and by_id[None]["error"]["code"] == -32600
got, = answers(b"[]\n", 1)
assert got["error"]["code"] == -32600, got
E
}

@test "wrong JSON, wrong requests and wrong parameters get their errors and the connection lives on" {
	script <<'E'
good = b'{"jsonrpc":"2.0","id":99,"method":"server.status"}\n'
for raw, code in ((b'{"jsonrpc":"2.0","id":1,\n', -32700), (b"\xff\xfe{}\n", -32700), (b'"text"\n', -32600),
                  (b'{"jsonrpc":"1.0","id":1,"method":"x"}\n', -32600), (b'{"jsonrpc":"2.0","id":1}\n', -32600),
                  (b'{"jsonrpc":"2.0","id":{},"method":"server.status"}\n', -32600),
                  (b'{"jsonrpc":"2.0","id":1,"method":"nope"}\n', -32601),
                  (b'{"jsonrpc":"2.0","id":1,"method":"pane.get"}\n', -32602),
                  (b'{"jsonrpc":"2.0","id":1,"method":"pane.get","params":{"pane":5}}\n', -32602),
                  (b'{"jsonrpc":"2.0","id":1,"method":"pane.get","params":{"pane":"p1","no":1}}\n', -32602)):
    first, second = answers(raw + good, 2)
    assert first["error"]["code"] == code, (raw, first)
    assert second["id"] == 99 and "result" in second, (raw, second)
first, = answers(b'{"jsonrpc":"2.0","id":1,"method":?}\n', 1)
said = json.dumps(first["error"].get("data", "")) + first["error"]["message"]
assert re.search(r"\d", said), first  # where it is wrong
E
}

@test "errors carry code, name, category, severity and what is involved" {
	script <<'E'
error = refused("PANE_NOT_FOUND", "pane.get", pane="p4711")
data = error["data"]
assert error["code"] == 1002 and data["category"] == "state" and data["severity"] == "error", error
assert data["retryable"] is False and "p4711" in json.dumps(error), error
E
}

@test "unknown ids are typed errors" {
	script <<'E'
needed = {"write": {"text": "x"}, "send_keys": {"keys": ["a"]}, "resize": {"cols": 80, "rows": 24},
          "signal": {"signal": "INT"}, "wait": {"exit": True}}
for verb in ("get", "write", "send_keys", "resize", "read", "signal", "kill", "respawn", "subscribe", "wait", "delete"):
    refused("PANE_NOT_FOUND", f"pane.{verb}", pane="p4711", **needed.get(verb, {}))
refused("SESSION_NOT_FOUND", "session.get", session="nobody")
refused("SESSION_NOT_FOUND", "session.delete", session="s4711")
refused("SUBSCRIPTION_NOT_FOUND", "pane.unsubscribe", subscription=4711)
E
}

@test "sizes of 0 and 100,000 are refused and change nothing" {
	script <<'E'
p = c.call("pane.create", command=["sleep", "1000"])
for cols, rows in ((0, 24), (80, 0), (100000, 24), (80, 100000), (-1, 24), (2001, 24), (80, 1001)):
    refused("INVALID_SIZE", "pane.resize", pane=p["id"], cols=cols, rows=rows)
    refused("INVALID_SIZE", "pane.create", command=["true"], cols=cols, rows=rows)
now = c.call("pane.get", pane=p["id"])
assert (now["cols"], now["rows"]) == (80, 24), now
assert c.call("pane.resize", pane=p["id"], cols=2000, rows=1000) == {"cols": 2000, "rows": 1000}
assert len(c.call("pane.list")["panes"]) == 1
E
}

@test "a command that cannot be started is an error of pane.create, and no pane" {
	script <<'E'
refused("COMMAND_NOT_FOUND", "pane.create", command=["no-such-command-at-all"])
refused("COMMAND_NOT_EXECUTABLE", "pane.create", command=["/etc/passwd"])
refused("DIRECTORY_NOT_FOUND", "pane.create", command=["true"], cwd="/no/such/directory")
refused("FD_MISSING", "pane.create", command=["true"], stdin="fd")
assert c.call("pane.list")["panes"] == []
E
}

@test "sessions are created, listed, renamed and deleted" {
	script <<'E'
s = c.call("session.create", name="work", cwd="/")
assert s["name"] == "work" and s["id"] == "s1" and s["panes"] == [] and s["active"] is None, s
refused("SESSION_EXISTS", "session.create", name="work")
c.call("session.rename", session="work", name="play")
assert c.call("session.get", session="play")["id"] == "s1"
p = c.call("pane.create", session="play", command=["sh", "-c", "pwd; sleep 1000"])
assert p["session_name"] == "play" and p["cwd"] == "/", p
refused("PANE_RUNNING", "session.delete", session="play")
assert c.call("session.delete", session="play", force=True)["panes"] == [p["id"]]
assert c.call("session.list")["sessions"] == []
assert c.call("session.create", name="work")["id"] == "s2"  # ids are never used again
assert c.call("pane.create", session="work", command=["true"])["id"] == "p2"
E
}

@test "long lists come in pages" {
	script <<'E'
for n in range(25):
    c.call("session.create", name=f"n{n}")
seen, cursor = [], {}
while cursor is not None:
    page = c.call("session.list", limit=10, **cursor)
    seen += [s["name"] for s in page["sessions"]]
    cursor = {"cursor": page["next"]} if page.get("next") else None
assert seen == [f"n{n}" for n in range(25)], seen
E
}

@test "write takes any bytes and is answered when the terminal took them" {
	script <<'E'
p = c.call("pane.create", command=["sh", "-c", "stty raw -echo; echo ready; head -c 100256 | sha256sum; sleep 1000"])
shows(p["id"], "ready")
data = bytes(range(256)) + b"x" * 100000
answer = write(p["id"], data)
assert answer["written"] == len(data) and answer["input_seq"] == len(data), answer
shows(p["id"], hashlib.sha256(data).hexdigest())
E
}

@test "input that nobody takes is bounded, then refused, and harms nobody" {
	script <<'E'
p = c.call("pane.create", command=["sh", "-c", "stty raw -echo; echo ready; sleep 1000"])
shows(p["id"], "ready")
block = base64.b64encode(b"x" * (256 << 10)).decode()
for _ in range(12):
    c.start("pane.write", {"pane": p["id"], "data": block})
deadline, names = time.monotonic() + 60, set()
while not names and time.monotonic() < deadline:
    try:
        c.pump(time.monotonic() + 1)
    except TimeoutError:
        pass
    names = {a["error"]["data"]["name"] for a in c.answers.values() if "error" in a}
assert names == {"LIMIT_INPUT"}, names
assert Client().call("server.status")["panes"]["running"] == 1
E
}

@test "send_keys knows names, and refuses all when one is unknown" {
	script <<'E'
p = c.call("pane.create", command=["sh", "-c", "stty raw -echo; echo ready; od -An -v -tx1 -w14"])
shows(p["id"], "ready")
refused("UNKNOWN_KEY", "pane.send_keys", pane=p["id"], keys=["a", "Entre"])
assert c.call("pane.get", pane=p["id"])["input_seq"] == 0
c.call("pane.send_keys", pane=p["id"], keys=["a", "Enter", "C-c", "M-x", "Up", "F5", "Escape"])
shows(p["id"], "61 0d 03 1b 78 1b 5b 41 1b 5b 31 35 7e 1b")
c.call("pane.send_keys", pane=p["id"], keys=["Up"] * 7, literal=True)
shows(p["id"], " ".join(["55 70"] * 7))
E
}

@test "subscriptions begin now, at the start or at a position; what is no longer kept is a gap, exactly" {
	script <<'E'
# Without a journal only the ring is kept.
p = c.call("pane.create", command=["sh", "-c", "seq 1 100000; sleep 1000"], raw_output=True, private=True)["id"]
wanted = "".join(f"{n}\n" for n in range(1, 100001)).encode()
while c.call("pane.get", pane=p)["seq"] < len(wanted):
    time.sleep(0.02)
def collect(**how):
    s = Client()
    at = s.call("pane.subscribe", pane=p, **how)["seq"]
    begin, data, gap = at, b"", None
    while at < len(wanted):
        name, params = s.event()
        if name == "pane.resync":
            assert params["from"] == at and params["to"] > at, params
            gap, at = (params["from"], params["to"]), params["to"]
            begin = at
        elif name == "pane.output":
            assert params["seq"] == at, (params["seq"], at)
            data += data_of(params)
            at += len(data_of(params))
    return begin, data, gap
begin, data, gap = collect(**{"from": len(wanted) - 5000})
assert gap is None and data == wanted[-5000:]
begin, data, gap = collect(start=True)
assert data == wanted[begin:] and begin == c.call("pane.get", pane=p)["tail_seq"], begin
begin, data, gap = collect(**{"from": 10})
assert gap == (10, begin) and data == wanted[begin:], gap
read = c.call("pane.read", pane=p, max=1 << 20, **{"from": 10})
assert read["gap"] == read["from"] - 10 and data_of(read) == wanted[read["from"]:read["to"]], read["gap"]
refused("INVALID_PARAMS", "pane.read", pane=p, **{"from": len(wanted) + 1})
E
}

@test "events come for the kinds and ids that were asked for" {
	script <<'E'
c.call("events.subscribe", kinds=["pane.exit", "pane.closed", "session.*"])
p = Client().call("pane.create", session="fresh", command=["sh", "-c", "echo hello; exit 3"])
got = [c.event() for _ in range(2)]
while not any(name == "pane.closed" for name, _ in got):
    got.append(c.event())
names = [name for name, _ in got]
assert "session.created" in names and "pane.output" not in names and "pane.created" not in names, names
ended = next(params for name, params in got if name == "pane.exit")
assert ended["pane"] == p["id"] and ended["status"] == {"code": 3} and ended["seq"] == 7, ended
assert names.index("pane.exit") < names.index("pane.closed"), names
E
}

@test "all output of a command is delivered before its exit" {
	script <<'E'
for n in range(20):
    c.call("events.subscribe", kinds=["pane.exit"])
    body = f"stty -echo; echo ready; read x; sleep 0.0{n % 3}; seq 1 3000; printf END"
    p = c.call("pane.create", command=["sh", "-c", body], raw_output=True)["id"]
    shows(p, "ready")
    c.call("pane.subscribe", pane=p, **{"from": 0})
    c.call("pane.write", pane=p, text="\n")
    data = b""
    while True:
        name, params = c.event()
        if name == "pane.output" and params["pane"] == p:
            data += data_of(params)
        if name == "pane.exit" and params["pane"] == p:
            break
    assert data.endswith(b"2999\n3000\nEND") and params["seq"] == len(data), (data[-20:], params)
E
}

@test "wait answers with its reason and the evidence for it" {
	script <<'E'
p = c.call("pane.create", command=["sh", "-c", "echo ready; read x; echo \"<$x>\"; exit 6"])["id"]
got = c.call("pane.wait", pane=p, regex="rea(dy)", timeout_ms=60000, **{"from": 0})
assert got["reason"] == "match" and got["evidence"] == "output" and got["match"]["text"] == "ready", got
assert 0 <= got["match"]["seq"] <= got["seq"], got
assert c.call("pane.wait", pane=p, idle_ms=50, timeout_ms=60000)["reason"] == "idle"
assert c.call("pane.wait", pane=p, regex="never", timeout_ms=50)["reason"] == "timeout"
refused("INVALID_REGEX", "pane.wait", pane=p, regex="(")
waiting = c.start("pane.wait", {"pane": p, "exit": True, "timeout_ms": 60000})
Client().call("pane.write", pane=p, text="a\n")
got = c.finish(waiting)
assert got["reason"] == "exit" and got["evidence"] == "wait-status" and got["status"] == {"code": 6}, got
refused("PANE_EXITED", "pane.write", pane=p, text="x")
E
}

@test "a signal reaches the leader or the whole session" {
	script <<'E'
body = ("trap 'echo leader' USR1; (trap 'echo child' USR1; echo up1; while :; do sleep 0.05; done) & "
        "echo up2; while :; do sleep 0.05; done")
p = c.call("pane.create", command=["sh", "-c", body])["id"]
shows(p, "up1")
shows(p, "up2")
c.call("pane.signal", pane=p, signal="USR1", to="leader")
shows(p, "leader")
seq = c.call("pane.get", pane=p)["seq"]
# A process that has no trap dies of it: the sleeps.  The shells go on.
c.call("pane.signal", pane=p, signal="SIGUSR1", to="session")
shows(p, "leader", seq)
shows(p, "child", seq)
refused("INVALID_PARAMS", "pane.signal", pane=p, signal="NOPE")
E
}

@test "a key makes pane.create repeatable, and a different request with it a conflict" {
	script <<'E'
a = c.call("pane.create", command=["sleep", "1000"], key="once")
b = c.call("pane.create", command=["sleep", "1000"], key="once")
assert a["id"] == b["id"] and a["pid"] == b["pid"], (a, b)
refused("KEY_CONFLICT", "pane.create", command=["sleep", "2000"], key="once")
assert len(c.call("pane.list")["panes"]) == 1
E
}

@test "after hello, MessagePack carries the same values" {
	script <<'E'
import msgpack_lite as m
p = c.call("pane.create", command=["cat"], metadata={"a": [1, -1, 1.5, True, None, "é"]})["id"]
packed = Client()
assert packed.call("rpc.hello", encoding="msgpack")["encoding"] == "msgpack"
def call(method, **params):
    return m.call(packed.sock, method, params)
assert call("pane.write", pane=p, data=b"\xc3\xa9\x01\n")["written"] == 4
while c.call("pane.get", pane=p)["seq"] < len("é^A\r\né\1\r\n".encode()):  # the echo, and what cat says
    time.sleep(0.01)
read = call("pane.read", pane=p)
assert isinstance(read["data"], bytes) and read["data"] == data_of(c.call("pane.read", pane=p)), read
# The journal may come up between two looks.
for _ in range(1000):
    one, other = call("pane.get", pane=p), c.call("pane.get", pane=p)
    if one == other:
        break
    time.sleep(0.01)
assert one == other, (one, other)
assert call("rpc.discover") == c.call("rpc.discover")
E
}

@test "metrics count, as JSON and for Prometheus" {
	script <<'E'
p = c.call("pane.create", command=["echo", "x"])["id"]
c.call("pane.wait", pane=p, exit=True, timeout_ms=60000)
assert "pane.create" in json.dumps(c.call("server.metrics"))
text = c.call("server.metrics", format="prometheus")["text"]
for line in text.splitlines():
    assert line.startswith("#") or float(line.rsplit(" ", 1)[1]) >= 0, line
assert "orchflow" in text
E
}

@test "a session's name stands for its active pane" {
	script <<'E'
a = c.call("pane.create", session="x", command=["sleep", "1000"])
b = c.call("pane.create", session="x", command=["sleep", "1000"])
s = c.call("session.get", session="x")
assert s["panes"] == [a["id"], b["id"]] and s["running"] == 2, s
assert c.call("pane.get", pane="x")["id"] == s["active"], s
E
}

@test "metrics are what Prometheus reads: help and type before samples, buckets that add up" {
	script <<'E'
import re, shutil, subprocess
c.call("pane.create", command=["sh", "-c", "echo x"])
text = c.call("server.metrics", format="prometheus")["text"]
types, seen, buckets = {}, set(), {}
for line in text.splitlines():
    if line.startswith("# HELP "):
        name = line.split()[2]
        assert name not in types and len(line.split()) > 3, line
        types[name] = None
    elif line.startswith("# TYPE "):
        _, _, name, kind = line.split()
        assert name in types and types[name] is None and kind in ("counter", "gauge", "histogram", "summary"), line
        assert kind != "counter" or name.endswith("_total"), line
        types[name] = kind
    else:
        m = re.fullmatch(r'([a-zA-Z_:][\w:]*)(\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})? ([-+.\deE]+|[+-]Inf|NaN)', line)
        assert m, line
        name, labels, value = m[1], m[2] or "", float(m[3])
        family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
        assert types.get(family), line
        assert (name, labels) not in seen, line
        seen.add((name, labels))
        if name.endswith("_bucket") and types[family] == "histogram":
            key = family, re.sub(r',?le="[^"]*"', "", labels)
            assert value >= buckets.get(key, (0, 0))[0], line
            buckets[key] = value, re.search(r'le="([^"]*)"', labels)[1]
assert len(seen) > 30 and any(kind == "histogram" for kind in types.values()), types
assert all(last == "+Inf" for _, last in buckets.values()), buckets
if shutil.which("promtool"):
    subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=True)
E
}

@test "a pane's statistics tell its bytes, its memory and what its processes use" {
	script <<'E'
import shutil, subprocess
# A child that worked and ended, one that lives, and 100,000 bytes.
p = c.call("pane.create", command=["sh", "-c", "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done'; "
           "sleep 1000 & head -c 100000 /dev/urandom | base64 -w 0 | head -c 100000; echo ready; wait"])["id"]
c.call("pane.wait", pane=p, regex="ready", timeout_ms=60000, **{"from": 0})
s = c.call("pane.get", pane=p, stats=True)["stats"]
assert s["output_bytes"] == 100000 + len("ready\r\n") and s["output_bytes_per_s"] >= 0, s
assert s["processes"] == 2 and s["rss_bytes"] > 500000 and s["cpu_ms"] >= 10, s
assert s["screen_bytes"] > 1000 and s["history_bytes"] > 1000, s
assert "stats" not in c.call("pane.get", pane=p)
m = c.call("server.metrics", panes=True)
mine, = [x for x in m["panes"] if x["pane"] == p]
assert mine["output_bytes"] == s["output_bytes"] and mine["processes"] == 2, mine
assert m["memory"]["history"] > 1000 and m["memory"]["rings"] > 0, m["memory"]
missing = {"read", "parse", "journal_append", "journal_flush", "store_commit", "store_wait", "socket_write"}
deadline = time.monotonic() + 60
while missing and time.monotonic() < deadline:  # a flush and a commit come when they are due
    missing = {stage for stage in missing if not c.call("server.metrics")["stages"][stage]["n"]}
    time.sleep(0.02)
assert not missing, missing
text = c.call("server.metrics", panes=True, format="prometheus")["text"]
assert f'\norchflow_pane_processes{{pane="{p}"}} 2\n' in text, text
if shutil.which("promtool"):
    subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=True)
refused("PANE_NOT_FOUND", "pane.get", pane="p99", stats=True)
E
	of stats --panes | grep -qE '^p1 '
}

@test "stats --watch shows rates until it is interrupted" {
	of new -- sh -c 'echo x; exec sleep 1000' >/dev/null
	"$ORCHFLOW" stats --watch >"$T/watched" 3>&- &
	until_true "grep -qE '^panes running +1 ' '$T/watched' && grep -qE '^requests +[1-9][0-9]*/s ' '$T/watched'"
	# A shell starts what is in its background with SIGINT ignored.
	kill -TERM $!
	ended $!
	is "$status" 0
}

@test "the dashboard asks for metrics that there are" {
	script <<'E'
import re
text = c.call("server.metrics", format="prometheus")["text"]
board = json.load(open(os.path.join(os.path.dirname(client.__file__), "../../contrib/grafana/orchflow.json")))
asked = {name for p in board["panels"] for t in p["targets"] for name in re.findall(r"orchflow_\w+", t["expr"])}
there = set(re.findall(r"^# TYPE (\w+)", text, re.M))
assert len(asked) > 20 and {re.sub(r"_bucket$", "", name) for name in asked} <= there, asked - there
assert 'method="' in text
E
}
