#!/usr/bin/env bats
# What the next daemon knows of shells and of commands that were run in them.
load helper

script()
{
	# shellcheck disable=SC2016
	printf 'PS1="\\$ "\n' >"$HOME/.bashrc"
	of ls >/dev/null
	PYTHONPATH=$E2E timeout 240 "$PYTHON" -c "from prelude import *
pane = c.call('pane.create', command=['bash'])['id']
c.call('pane.wait', pane=pane, prompt=True, timeout_ms=60000)

def kill():
    old = c.call('rpc.hello')['daemon_pid']
    os.kill(old, signal.SIGKILL)
    return new_daemon(old)

$(cat)" 3>&-
}

@test "a command under way when the daemon dies has its result, output and record" {
	script <<'E'
go = f"{os.environ['T']}/go"
run = {"pane": pane, "command": f"seq 40000; while [ ! -e {go} ]; do sleep 0.02; done; seq 40001 80000; (exit 7)",
       "key": "k1", "output": "raw", "max_bytes": 1 << 20}
c.start("pane.run", run)
while c.call("pane.get", pane=pane)["seq"] < 230000:
    time.sleep(0.02)
kill()
# It runs, and is neither at its prompt nor at an end.
for what in ("prompt", "command_end"):
    assert c.call("pane.wait", pane=pane, timeout_ms=50, **{what: True})["reason"] == "timeout", what
begun = client.steady("command.wait", {"command": pane, "timeout_ms": 0})
assert begun["state"] == "running" and begun["text"] == run["command"], begun
open(go, "w").close()
kill()
r = client.steady("pane.run", run)
want = "".join(f"{n}\r\n" for n in range(1, 80001))
got = data_of(r).decode()
assert r["state"] == "done" and r["exit_code"] == 7 and r["evidence"] == "marks" and r["ran"], r
assert r["command"] == begun["command"] and r["seq_from"] == begun["seq_from"], (r, begun)
assert r["seq_to"] - r["seq_from"] == len(want), (r["seq_from"], r["seq_to"])
assert got == want, (len(got), len(want))
# Once more, by a daemon that did not see it end.
kill()
again = client.steady("pane.run", run)
for k in ("command", "state", "exit_code", "seq_from", "seq_to", "data", "duration_us", "cwd_after"):
    assert again[k] == r[k], (k, str(again[k])[:80], str(r[k])[:80])
E
}

@test "a command that printed more than the ring holds is still known to run" {
	script <<'E'
go = f"{os.environ['T']}/go"
c.start("pane.run", {"pane": pane, "command": f"seq 200000; while [ ! -e {go} ]; do sleep 0.02; done; false"})
while c.call("pane.get", pane=pane)["seq"] < 1200000:
    time.sleep(0.02)
time.sleep(1.5)  # its ring's pages are given back
kill()
w = client.steady("pane.wait", {"pane": pane, "prompt": True, "timeout_ms": 100})
assert w["reason"] == "timeout", w
try:
    c.call("pane.run", pane=pane, command="true")
    assert False, "it is busy"
except Exception as e:
    assert "PANE_BUSY" in str(e) and "seq 200000" in str(e), e
w = c.start("pane.wait", {"pane": pane, "command_end": True})
open(go, "w").close()
w = c.call("command.wait", command=pane, timeout_ms=60000)
assert w["exit_code"] == 1 and w["state"] == "done", w
assert c.call("pane.wait", pane=pane, prompt=True, timeout_ms=60000)["reason"] == "prompt"
assert c.call("pane.run", pane=pane, command="echo on")["output"] == "on\n"
E
}

@test "commands run once each, with the right results, at whatever moment the daemon dies" {
	script <<'E'
ran = f"{os.environ['T']}/ran"
for n in range(25):
    run = {"pane": pane, "command": f"echo {n} >>{ran}; echo out {n}; (exit {n})", "key": f"k{n}", "queue": True}
    c.start("pane.run", run)
    time.sleep(n * 0.0011)
    kill()
    r = client.steady("pane.run", dict(run, timeout_ms=60000))
    assert r["state"] == "done" and r["exit_code"] == n and r["output"] == f"out {n}\n", (n, r)
assert open(ran).read() == "".join(f"{n}\n" for n in range(25)), open(ran).read()
time.sleep(0.2)
seen = c.call("command.list", pane=pane)["commands"]
codes = sorted(v["exit_code"] for v in seen if "echo out" in v["text"])
assert codes == list(range(25)), codes
E
}

@test "orchflow run --pane waits on when the daemon dies under it" {
	# shellcheck disable=SC2016
	printf 'PS1="\\$ "\n' >"$HOME/.bashrc"
	p=$(of new -- bash)
	(
		set +e
		of run -p "$p" -- "echo first; while [ ! -e $T/go ]; do sleep 0.05; done; echo second; (exit 5)" >"$T/out" 2>&1 3>&-
		echo "status $?" >>"$T/out"
	) &
	until_shows "$p" first
	kill_daemon
	touch "$T/go"
	wait $!
	is "$(cat "$T/out")" "$(printf 'first\nsecond\nstatus 5')"
}

# The machine's end, as far as processes go.
end_all()
{
	local keeper daemon
	keeper=$(keeper_pid)
	daemon=$(daemon_pid)
	kill -9 "$keeper" "$daemon"
	until_gone "$keeper"
	until_gone "$daemon"
}

@test "a lost pane tells its last directory and title, and is started again there" {
	# shellcheck disable=SC2016
	printf 'PS1="\\$ "\n' >"$HOME/.bashrc"
	mkdir "$T/first" "$T/last"
	p=$(of new -s work -c "$T/first" -- bash)
	of run -p "$p" -- "cd $T/last; printf '\\033]2;my title\\a'" >/dev/null
	is "$(pane "$p" "d['cwd'], d['title']")" "('$T/last', 'my title')"
	typed=$(pane "$p" "d['input_seq']")
	until_true "grep -aq 'title.:.my title' $ORCHFLOW_STATE_DIR/registry.log $ORCHFLOW_STATE_DIR/orchflow.db*"
	end_all
	is "$(pane "$p" "d['state'], d['cwd'], d['title']")" "('lost', '$T/last', 'my title')"
	[ "$(pane "$p" "d['input_seq']")" -gt 0 ]
	[ "$(pane "$p" "d['input_seq']")" -le "$typed" ]
	of respawn "$p" >/dev/null
	is "$(of run -p "$p" -- pwd)" "$T/last"
	# What is gone is no reason not to start.
	until_true "grep -aq 'state.:.running' $ORCHFLOW_STATE_DIR/registry.log $ORCHFLOW_STATE_DIR/orchflow.db*"
	end_all
	rmdir "$T/last"
	of respawn "$p" >/dev/null
	is "$(of run -p "$p" -- pwd)" "$T/first"
}

@test "input_seq goes on when the keeper has died" {
	p=$(of new -- cat)
	of send "$p" --enter 123456789
	until_shows "$p" 123456789
	is "$(pane "$p" "d['input_seq']")" 10
	daemon=$(daemon_pid)
	kill -9 "$(keeper_pid)"
	until_gone "$daemon"
	is "$(pane "$p" "d['state'], d['input_seq']")" "('lost', 10)"
	of respawn "$p" >/dev/null
	of send "$p" --enter abc
	until_true "[ \"\$(pane $p \"d['input_seq']\")\" = 14 ]"
}

@test "a pane that is started again is in its place in the layout" {
	script <<'E'
def tree():
    return c.call("layout.get", session="main")["tree"]
ids = [c.call("pane.create", command=["cat"])["id"] for _ in range(4)]
c.call("layout.create", tree="cols(70 %s, 30 rows(1 %s, 2 %s, 1 %s))" % tuple(ids))
before = tree()
def end(p):
    c.call("pane.kill", pane=p, grace_ms=0)
    c.call("pane.wait", pane=p, exit=True, timeout_ms=60000)
for p in ids:
    end(p)
    assert p not in json.dumps(tree())
    c.call("pane.respawn", pane=p)
    assert tree() == before, (p, tree(), before)
    c.call("pane.respawn", pane=p, force=True)
    assert tree() == before, (p, tree(), before)
# By a daemon that did not see it end.
end(ids[2])
kill()
c.call("pane.respawn", pane=ids[2])
assert tree() == before, tree()
# The others have moved meanwhile: it comes beside one of them all the same.
end(ids[1])
c.call("layout.close", pane=ids[3])
c.call("pane.respawn", pane=ids[1])
text = json.dumps(tree())
assert ids[1] in text and ids[2] in text and ids[3] not in text, text
E
}
