#!/usr/bin/env bats
# orchflow-mcp as an agent uses it.  The official client has its own test: tests/mcp.
load helper

script()
{
	PYTHONPATH=$E2E timeout 120 "$PYTHON" -c "
import json, os, signal, subprocess, time
from mcp_client import Mcp, McpError
import client as api
$(cat)" 3>&-
}

@test "run answers with exit status and output, and the pane stays" {
	script <<'E'
m = Mcp()
r = m.tool("run", command="echo out; echo err >&2; exit 3")
assert r["state"] == "done" and r["exit_code"] == 3 and r["evidence"] == "wait-status", r
assert r["output"].split() == ["out", "err"], r
assert m.tool("read", pane=r["pane"])["text"].split() == ["out", "err"]
r = m.tool("run", command="kill -TERM $$")
assert r["signal"] == "SIGTERM" and "exit_code" not in r, r
r = m.tool("run", command="pwd; echo $GREETING $PAGER", cwd="/usr", env={"GREETING": "hallo"})
assert r["output"].split() == ["/usr", "hallo", "cat"], r
# A progress bar is in its last state, and colours are gone.
r = m.tool("run", command=r"printf '10%%\r50%%\r100%%\n\033[31mred\033[m\n'")
assert r["output"] == "100%\nred", r
assert m.close() == 0
E
}

@test "a command that takes longer than its timeout goes on, and its result can be had later" {
	script <<'E'
m = Mcp()
r = m.tool("run", command="echo begun; while [ ! -e go ]; do sleep 0.05; done; echo ended; exit 4", timeout_ms=1500)
assert r["state"] == "running" and r["output"] == "begun", r
w = m.tool("wait", pane=r["pane"], until="exit", timeout_ms=50)
assert w["reason"] == "timeout" and w["state"] == "running", w
open("go", "w").close()
w = m.tool("wait", pane=r["pane"], until="exit")
assert w["reason"] == "exit" and w["exit_code"] == 4, w
assert m.tool("read", pane=r["pane"])["text"] == "begun\nended"
E
}

@test "run in the shell of a pane keeps its state, and a command that takes long is waited for" {
	script <<'E'
m = Mcp()
p = m.tool("create_pane", command=["bash"])["pane"]
m.tool("run", pane=p, command="cd /usr; greeting=hallo", queue=True)
r = m.tool("run", pane=p, command="pwd; echo $greeting; (exit 7)")
assert r["pane"] == p and r["state"] == "done" and r["exit_code"] == 7 and r["evidence"] == "marks", r
assert r["output"].split() == ["/usr", "hallo"] and r["cwd"] == "/usr", r
r = m.tool("run", pane=p, command="while [ ! -e ~/go ]; do sleep 0.05; done; echo gone", timeout_ms=200)
assert r["state"] == "running", r
try:
    m.tool("run", pane=p, command="true")
    assert False
except RuntimeError as e:
    assert "busy" in str(e) and "queue=true" in str(e), e
later = m.start("tools/call", name="run", arguments={"pane": p, "command": "echo queued", "queue": True})
assert m.tool("wait", pane=p, until="command", timeout_ms=100)["reason"] == "timeout"
open("go", "w").close()
r = m.finish(later)
assert r["structuredContent"]["output"] == "queued", r
assert m.tool("wait", pane=p, until="command")["output"] == "queued"
r = m.tool("run", pane=p, command="exit 5")
assert r["state"] == "shell_exited" and r["exit_code"] == 5, r
try:
    m.tool("run", pane=m.tool("create_pane", command=["cat"])["pane"], command="true")
    assert False
except RuntimeError as e:
    assert "without pane" in str(e), e
E
}

@test "an interactive program is talked to with send, wait and read" {
	script <<'E'
m = Mcp()
p = m.tool("create_pane", command=["sh", "-c", "echo ready; while read line; do echo \"<$line>\"; done"], title="echoes")["pane"]
assert m.tool("wait", pane=p, until="text", pattern="ready", since=0)["reason"] == "match"
s = m.tool("send", pane=p, text="one two", enter=True)
w = m.tool("wait", pane=p, until="text", pattern="<(.*)>", since=s["seq"])
assert w["match"] == "<one two>", w
m.tool("send", pane=p, keys=["a", "b", "Enter"])
m.tool("wait", pane=p, until="text", pattern="<ab>", since=s["seq"])
assert m.tool("wait", pane=p, until="idle", idle_ms=100)["reason"] == "idle"
m.tool("send", pane=p, keys=["C-d"])
assert m.tool("wait", pane=p, until="exit")["exit_code"] == 0
assert p in [x["pane"] for x in m.tool("list", state="exited")["panes"]]
assert m.tool("close_pane", pane=p)["deleted"]
for bad in ({"pane": p}, {"pane": "no-such"}):
    try:
        m.tool("read", **bad)
        assert False
    except RuntimeError as e:
        assert "no such pane" in str(e) and "list" in str(e), e
E
}

@test "long output is cut to the budget, says so, and can be read on, all of it" {
	script <<'E'
m = Mcp()
r = m.tool("run", command="seq 1 50000", max_bytes=1000)
assert r["truncated"] and r["output"].startswith("1\n2\n") and r["output"].endswith("49999\n50000"), r
row, rest = 0, ""
while row is not None:
    part = m.tool("read", pane=r["pane"], since=0, row=row, keep="head", max_bytes=100000)
    text = part["text"].split("\n[")[0].rstrip("\n")
    rest += text + "\n"
    row = part.get("next_row")
assert rest.split() == [str(n) for n in range(1, 50001)], (len(rest), rest[:100], rest[-100:])
before = m.tool("read", pane=r["pane"])["seq"]
assert m.tool("read", pane=r["pane"], since=before)["text"] == ""
r = m.tool("run", command="seq 1 5000", max_bytes=1000)
assert r["truncated"] and r["omitted_lines"] > 4000 and len(r["output"].encode()) < 1100, r
assert r["output"].startswith("1\n2\n") and r["output"].endswith("4999\n5000"), r
r = m.tool("read", pane=r["pane"], max_bytes=1000, keep="head")
assert r["text"].startswith("1\n2\n") and r["truncated"], r
r = m.tool("read", pane=r["pane"], max_bytes=1000, keep="tail")
assert r["text"].endswith("4999\n5000") and r["truncated"], r
E
}

@test "a command that asks for a line or a password is answered at once, and send goes on" {
	script <<'E'
m = Mcp()
r = m.tool("run", command="printf 'name? '; read name; echo \"hello $name\"")
assert r["state"] == "running" and r["input"] == "line" and r["output"] == "name?", r
m.tool("send", pane=r["pane"], text="you", enter=True)
assert m.tool("wait", pane=r["pane"], until="exit")["exit_code"] == 0
assert m.tool("read", pane=r["pane"])["text"].endswith("hello you")
r = m.tool("run", command="stty -echo; printf 'password: '; read x; echo; echo ${#x}")
assert r["input"] == "password", r
m.tool("send", pane=r["pane"], text="secret", enter=True)
assert m.tool("wait", pane=r["pane"], until="exit")["exit_code"] == 0
assert m.tool("read", pane=r["pane"])["text"].split() == ["password:", "6"]
p = m.tool("create_pane", command=["bash"])["pane"]
assert m.tool("wait", pane=p, until="prompt")["reason"] == "prompt"
p = m.tool("create_pane", command=["cat"])["pane"]
w = m.tool("wait", pane=p, until="input")
assert w["reason"] == "input" and w["input"] == "line" and "cat" in w["program"], w
E
}

@test "search finds lines in all panes and goes on with a cursor" {
	script <<'E'
m = Mcp()
a = m.tool("run", command="seq -f 'line %g of a' 1 300")["pane"]
b = m.tool("run", command="echo Needle in b; echo another")["pane"]
r = m.tool("search", pattern="needle", context=1)
assert [(x["pane"], x["text"], x["after"]) for x in r["matches"]] == [(b, "Needle in b", ["another"])], r
r = m.tool("search", pattern="line .*7 of", regex=True, pane=a, limit=20)
got = [x["text"] for x in r["matches"]]
while "next" in r:
    r = m.tool("search", pattern="line .*7 of", regex=True, pane=a, limit=20, cursor=r["next"])
    got += [x["text"] for x in r["matches"]]
assert got == [f"line {n} of a" for n in range(7, 301, 10)], got
try:
    m.tool("search", pattern="(", regex=True)
    assert False
except RuntimeError as e:
    assert "regular expression" in str(e), e
E
}

@test "calls are served at the same time, and a quick one is not kept waiting" {
	script <<'E'
m = Mcp()
slow = [m.start("tools/call", name="run", arguments={"command": "while [ ! -e go ]; do sleep 0.05; done; echo %d" % i}) for i in range(20)]
assert m.tool("run", command="echo quick")["output"] == "quick"
assert not any(id_ in m.answers for id_ in slow)
open("go", "w").close()
got = [m.finish(id_)["structuredContent"]["output"] for id_ in slow]
assert got == [str(i) for i in range(20)], got
E
}

@test "a cancelled request is not answered and what it started goes on" {
	script <<'E'
m = Mcp()
id_ = m.start("tools/call", name="run", arguments={"command": "while [ ! -e go ]; do sleep 0.05; done; echo done > result"})
while not [p for p in m.tool("list")["panes"]]:
    pass
m.note("notifications/cancelled", requestId=id_, reason="test")
pane = m.tool("list")["panes"][0]["pane"]
open("go", "w").close()
assert m.tool("wait", pane=pane, until="exit")["exit_code"] == 0
assert id_ not in m.answers and os.path.exists("result")
E
}

@test "progress is told for a request with a token, and grows" {
	script <<'E'
m = Mcp()
id_ = m.start("tools/call", name="run", arguments={"command": "echo x; while [ ! -e go ]; do sleep 0.05; done"}, _meta={"progressToken": "t1"})
notes = [m.next_note("notifications/progress") for _ in range(2)]
open("go", "w").close()
m.finish(id_)
assert all(n["progressToken"] == "t1" for n in notes) and notes[0]["progress"] < notes[1]["progress"], notes
assert "3 bytes of output" in notes[1]["message"], notes
E
}

@test "the client vanishes in the middle of a command: it goes on, and the next client finds it" {
	script <<'E'
m = Mcp()
m.start("tools/call", name="run", arguments={"command": "while [ ! -e go ]; do sleep 0.05; done; echo all there"})
while not m.tool("list")["panes"]:
    pass
pane = m.tool("list")["panes"][0]["pane"]
assert m.close() == 0
m = Mcp()
open("go", "w").close()
m.tool("wait", pane=pane, until="exit")
assert m.tool("read", pane=pane)["text"] == "all there"
# One that dies instead of closing: we notice on the next word that we say.
m.proc.kill()
E
}

@test "the daemon is killed in the middle of calls: they are answered all the same" {
	script <<'E'
m = Mcp()
m.tool("list")
ids = [m.start("tools/call", name="run", arguments={"command": "while [ ! -e go ]; do sleep 0.05; done; echo %d" % i}) for i in range(5)]
while len(m.tool("list", state="running")["panes"]) < 5:
    pass
for _ in range(3):
    os.kill(api.Client().call("server.status")["daemon"]["pid"], signal.SIGKILL)
    assert len(m.tool("list", state="running")["panes"]) == 5
open("go", "w").close()
got = [m.finish(id_)["structuredContent"] for id_ in ids]
assert [g["output"] for g in got] == [str(i) for i in range(5)] and all(g["exit_code"] == 0 for g in got), got
E
}

@test "broken and huge messages are refused and the next one is served" {
	script <<'E'
m = Mcp()
m.raw(b'{"jsonrpc":"2.0","id":1,"method":\n')
m.raw(b"\xff\xfe nonsense\n\n\r\n")
m.raw(b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"run","arguments":{"command":"' + b"x" * (5 << 20) + b'"}}}\n')
m.raw(b"[" * 100000 + b"\n")
assert m.call("ping") == {}
try:
    m.call("tools/call", name="run", arguments={"command": "x" * 100000})
except McpError:
    assert False, "the model should be told"
E
}

@test "tiers: what is not allowed is neither shown nor done" {
	script <<'E'
Mcp().tool("run", command="true")
for tier, n in (("read", 4), ("write", 6), ("spawn", 8)):
    m = Mcp("--allow", tier)
    names = {t["name"] for t in m.call("tools/list")["tools"]}
    assert len(names) == n, names
    r = m.call("tools/call", name="run", arguments={"command": "touch made"})
    assert r["isError"] == (tier != "spawn"), r
    assert os.path.exists("made") == (tier == "spawn")
    assert m.tool("list")["panes"]
E
	run "$ORCHFLOW" mcp --allow everything </dev/null
	[ "$status" = 2 ]
}

@test "resources: screens can be listed, read and watched" {
	script <<'E'
m = Mcp()
p = m.tool("create_pane", command=["sh", "-c", "echo hello; read x; echo bye; read x"])["pane"]
m.tool("wait", pane=p, until="text", pattern="hello", since=0)
uri = f"orchflow://pane/{p}/screen"
assert uri in [r["uri"] for r in m.call("resources/list")["resources"]]
assert m.call("resources/read", uri=uri)["contents"][0]["text"] == "hello"
assert m.call("resources/read", uri=uri.replace("screen", "output"))["contents"][0]["text"] == "hello"
assert len(m.call("resources/templates/list")["resourceTemplates"]) == 2
m.call("resources/subscribe", uri=uri)
m.tool("send", pane=p, enter=True)
assert m.next_note("notifications/resources/updated") == {"uri": uri}
m.call("resources/unsubscribe", uri=uri)
m.tool("run", command="true")
assert m.next_note("notifications/resources/list_changed") == {}
for bad in ("orchflow://pane/p99/screen", "file:///etc/passwd", "orchflow://pane/../screen"):
    try:
        m.call("resources/read", uri=bad)
        assert False, bad
    except McpError as e:
        assert e.code == -32002, e
E
}

@test "the stateless version: every request says its version, and subscriptions are one long request" {
	script <<'E'
m = Mcp(version=None)
meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
d = m.call("server/discover", _meta=meta)
assert d["supportedVersions"] == ["2026-07-28"] and d["resultType"] == "complete", d
r = m.call("tools/call", name="create_pane", arguments={"command": ["sh", "-c", "read x; echo y; read x"]}, _meta=meta)
pane = r["structuredContent"]["pane"]
uri = f"orchflow://pane/{pane}/screen"
id_ = m.start("subscriptions/listen", notifications={"resourceSubscriptions": [uri], "toolsListChanged": True, "resourcesListChanged": True}, _meta=meta)
ack = m.next_note("notifications/subscriptions/acknowledged")
assert ack["notifications"] == {"resourceSubscriptions": [uri], "resourcesListChanged": True}, ack
tag = {"io.modelcontextprotocol/subscriptionId": id_}
assert ack["_meta"] == tag
m.call("tools/call", name="send", arguments={"pane": pane, "enter": True}, _meta=meta)
assert m.next_note("notifications/resources/updated") == {"_meta": tag, "uri": uri}
m.call("tools/call", name="run", arguments={"command": "true"}, _meta=meta)
assert m.next_note("notifications/resources/list_changed") == {"_meta": tag}
m.note("notifications/cancelled", requestId=id_)
try:
    m.call("resources/read", uri="orchflow://pane/p99/screen", _meta=meta)
    assert False
except McpError as e:
    assert e.code == -32602, e
try:
    m.call("tools/list")
    assert False
except McpError as e:
    assert e.code == -32602, e
E
}
