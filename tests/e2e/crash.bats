#!/usr/bin/env bats
# Deaths: of the daemon, of the keeper, again and again.
load helper

script()
{
	of ls >/dev/null
	PYTHONPATH=$E2E timeout 240 "$PYTHON" -c "from prelude import *
$(cat)" 3>&-
}

@test "shells, sessions and output live through the death of the daemon" {
	id=$(of new -s work -c / -- sh)
	of send "$id" --enter 'marker=kept; echo before'
	until_shows "$id" before
	pid=$(pane "$id" "d['pid']")
	seq=$(pane "$id" "d['seq']")
	of api pane.resize "{\"pane\":\"$id\",\"cols\":99,\"rows\":33}" >/dev/null
	kill_daemon
	is "$(pane "$id" "d['pid'], d['state'], d['session_name'], d['cwd'], d['cols'], d['rows']")" \
		"($pid, 'running', 'work', '/', 99, 33)"
	[ "$(pane "$id" "d['seq']")" -ge "$seq" ]
	# shellcheck disable=SC2016
	of send "$id" --enter 'echo "still $marker"'
	until_shows "$id" 'still kept'
	has "$(of capture "$id")" before
	is "$(status "d['daemon']['starts']")" 2
}

@test "a connection that is made while no daemon runs is served by the next one" {
	of new -- sleep 1000 >/dev/null
	for _ in 1 2 3 4 5; do
		kill -9 "$(daemon_pid)"
		has "$(of ls)" p1
	done
}

@test "exit statuses of processes that end while no daemon runs are not lost" {
	script <<'E'
pid = c.call("rpc.hello")["daemon_pid"]
panes = [c.call("pane.create", command=["sh", "-c", f"read x; echo out{n}; exit {n}"])["id"] for n in range(1, 11)]
leaders = [c.call("pane.get", pane=p)["pid"] for p in panes]
os.kill(pid, signal.SIGKILL)
for n, leader in enumerate(leaders, 1):
    if n % 2:
        os.kill(leader, signal.SIGTERM)
new_daemon(pid)
for p in panes[1::2]:
    c.call("pane.write", pane=p, text="\n")
for n, p in enumerate(panes, 1):
    c.call("pane.wait", pane=p, exit=True, timeout_ms=60000)
    status = c.call("pane.get", pane=p)["status"]
    assert status == ({"signal": 15, "name": "SIGTERM"} if n % 2 else {"code": n}), (p, status)
E
}

@test "a pane.create that is repeated with its key after a crash starts the command once" {
	script <<'E'
pid = c.call("rpc.hello")["daemon_pid"]
for n in range(12):
    log = f"{os.environ['T']}/started{n}"
    params = {"command": ["sh", "-c", f"echo x >>{log}; exec sleep 1000"], "key": f"key{n}"}
    c.start("pane.create", params)
    time.sleep(n * 0.0007)
    os.kill(pid, signal.SIGKILL)
    pid = new_daemon(pid)
    p = client.steady("pane.create", params)
    again = client.steady("pane.create", params)
    assert again["id"] == p["id"] and again["pid"] == p["pid"] and p["state"] == "running", (p, again)
    while not os.path.exists(log) or not os.path.getsize(log):
        time.sleep(0.01)
    time.sleep(0.05)
    assert open(log).read() == "x\n", open(log).read()
assert len(c.call("pane.list")["panes"]) == 12
E
}

@test "after a crash input_seq tells how much of a write went in" {
	script <<'E'
pid = c.call("rpc.hello")["daemon_pid"]
p = c.call("pane.create", command=["sh", "-c", "stty raw -echo; echo ready; exec cat >$T/got"],
           env=dict(os.environ))["id"]
shows(p, "ready")
data = os.urandom(1 << 19)
at = 0
for _ in range(30):
    c.start("pane.write", {"pane": p, "data": base64.b64encode(data[at:]).decode()})
    time.sleep(0.004)
    os.kill(pid, signal.SIGKILL)
    pid = new_daemon(pid)
    now = c.call("pane.get", pane=p)
    # A write that was under way when it died either went in or not: that many bytes are unsure.
    while now["input_unsure"] and os.path.getsize(f"{os.environ['T']}/got") < now["input_seq"]:
        time.sleep(0.01)
    if now["input_unsure"]:
        time.sleep(0.2)
        at = os.path.getsize(f"{os.environ['T']}/got")
        assert now["input_seq"] - now["input_unsure"] <= at <= now["input_seq"] + now["input_unsure"], (at, now)
        break
    at = now["input_seq"]
    if at == len(data):
        break
while os.path.getsize(f"{os.environ['T']}/got") < at:
    time.sleep(0.01)
assert open(f"{os.environ['T']}/got", "rb").read() == data[:at]
E
}

@test "a subscriber resumes where it was, with nothing missing and nothing twice" {
	script <<'E'
pid = c.call("rpc.hello")["daemon_pid"]
p = c.call("pane.create", command=["sh", "-c", "for i in $(seq 1 2000); do echo line $i; sleep 0.002; done"],
           raw_output=True)["id"]
data, wanted = b"", "".join(f"line {n}\n" for n in range(1, 2001)).encode()
next_kill = time.monotonic() + 0.5
s = Client()
s.call("pane.subscribe", pane=p, **{"from": 0})
while len(data) < len(wanted):
    if time.monotonic() > next_kill:
        os.kill(pid, signal.SIGKILL)
        pid = new_daemon(pid)
        next_kill = time.monotonic() + 0.5
    try:
        event = s.event(0.2)
    except OSError:
        s = client.connect()
        s.call("pane.subscribe", pane=p, **{"from": len(data)})
        continue
    if event and event[0] == "pane.output":
        assert event[1]["seq"] == len(data), (event[1]["seq"], len(data))
        data += data_of(event[1])
    assert not event or event[0] != "pane.resync", event
assert data == wanted
E
}

@test "a pane whose output kills the daemon is set aside; the others go on" {
	mkdir -p "$T/config/orchflow"
	printf '[debug]\nabort_on = PLANTED-ABORT\n' >"$T/config/orchflow/orchflow.conf"
	good=$(of new -- cat)
	bad=$(of new -- cat)
	of send "$bad" --enter PLANTED-ABORT || :
	until_true "[ \"\$(pane $bad \"d['quarantined']\" 2>/dev/null)\" = True ]"
	is "$(pane "$bad" "d['state']")" running
	is "$(pane "$good" "d['quarantined'], d['state']")" "(False, 'running')"
	of send "$good" --enter hello
	until_shows "$good" hello
	# Set aside is not lost: it still takes input and prints.
	of send "$bad" --enter goodbye
	until_true "of tail $bad | grep -q goodbye"
	starts=$(status "d['daemon']['starts']")
	[ "$starts" -le 4 ] || fail "$starts starts"
}

@test "when the keeper dies its shells get SIGHUP and come back as lost, with what they printed" {
	id=$(of new -s work -- sh -c "trap 'echo hup >$T/hup; exit' HUP; echo remember me; while :; do sleep 0.05; done")
	until_shows "$id" 'remember me'
	pid=$(pane "$id" "d['pid']")
	daemon=$(daemon_pid)
	kill -9 "$(keeper_pid)"
	until_gone "$daemon"
	until_gone "$pid"
	is "$(cat "$T/hup")" hup
	has "$(of ls)" lost # starts both again
	is "$(pane "$id" "d['state'], d['session_name'], d['status'], d['pid']")" "('lost', 'work', None, None)"
	has "$(of capture "$id")" 'remember me'
	of respawn "$id"
	until_state "$id" running
}

@test "when both die at once panes come back as lost, and start again as they were" {
	mkdir -p "$T/place"
	# shellcheck disable=SC2016
	id=$(of new -s work -c "$T/place" -e MARK=kept --size 101x31 -- \
		sh -c 'umask; pwd; echo "<$MARK>" $(stty size); exec cat')
	other=$(of new -s work -- cat)
	until_shows "$id" '<kept> 31 101'
	printed=$(of tail -a "$id")
	# What was printed goes to the journal in the background.
	until_true "grep -rqs 'kept' $ORCHFLOW_STATE_DIR/journal"
	leader=$(pane "$id" "d['pid']")
	kill -9 "$(keeper_pid)" "$(daemon_pid)"
	until_gone "$leader"
	is "$(pane "$id" "d['state'], d['session_name'], d['cols'], d['rows'], d['cwd']")" \
		"('lost', 'work', 101, 31, '$T/place')"
	has "$(of capture "$id")" '<kept> 31 101'
	is "$(of tail -a "$id")" "$printed"
	seq=$(pane "$id" "d['seq']")
	of respawn "$id"
	until_state "$id" running
	until_true "[ \"\$(of tail -a $id | grep -c '<kept> 31 101')\" = 2 ]"
	is "$(of tail -a "$id" | tail -n +4)" "$printed"
	[ "$(pane "$id" "d['seq']")" -gt "$seq" ]
	is "$(api session.get '{"session":"work"}' | field "d['panes']")" "['$id', '$other']"
	of send "$id" --enter again
	until_shows "$id" again
}

@test "a daemon that cannot stay up costs no shell; SIGHUP to the keeper tries again" {
	mkdir -p "$T/libexec"
	cp "$ORCHFLOW_BUILD/src/keeper/orchflow-keeper" "$T/libexec"
	printf '#!/bin/sh\n[ ! -e %s ] || exit 1\nexec %s "$@"\n' "$T/broken" "$ORCHFLOW_BUILD/src/daemon/orchflowd" \
		>"$T/libexec/orchflowd"
	chmod +x "$T/libexec/orchflowd"
	export ORCHFLOW_LIBEXEC=$T/libexec
	id=$(of new -- sh -c 'echo here; exec cat')
	until_shows "$id" here
	pid=$(pane "$id" "d['pid']")
	keeper=$(keeper_pid)
	touch "$T/broken"
	kill -9 "$(daemon_pid)"
	until_true "grep -qiE 'gave up|giving up|give up' $ORCHFLOW_STATE_DIR/log/keeper.log"
	is_alive "$pid"
	is_alive "$keeper"
	run of ls
	is "$status" 1
	has "$output" HUP
	rm "$T/libexec/orchflowd"
	cp "$ORCHFLOW_BUILD/src/daemon/orchflowd" "$T/libexec"
	kill -HUP "$keeper"
	until_true "of ls | grep -q $id"
	is "$(pane "$id" "d['pid'], d['state']")" "($pid, 'running')"
	of send "$id" --enter again
	until_shows "$id" again
}

@test "a daemon that dies is started again as it was, whatever lies at its path" {
	mkdir -p "$T/libexec"
	cp "$ORCHFLOW_BUILD/src/keeper/orchflow-keeper" "$ORCHFLOW_BUILD/src/daemon/orchflowd" "$T/libexec"
	export ORCHFLOW_LIBEXEC=$T/libexec
	id=$(of new -- cat)
	rm "$T/libexec/orchflowd"
	printf '#!/bin/sh\nexit 1\n' >"$T/libexec/orchflowd"
	chmod +x "$T/libexec/orchflowd"
	kill_daemon
	is "$(pane "$id" "d['state']")" running
	is "$(cat "/proc/$(daemon_pid)/comm")" orchflowd
}

@test "a shared memory of another version or size costs no shell" {
	id=$(of new -- sh -c 'echo here; exec cat')
	until_shows "$id" here
	pid=$(pane "$id" "d['pid']")
	keeper=$(keeper_pid)
	poke()
	{
		"$PYTHON" -c '
import glob, os, struct, sys
pid, offset, value = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
path, = [f for f in glob.glob(f"/proc/{pid}/fd/*") if "memfd:orchflow-arena" in os.readlink(f)]
fd = os.open(path, os.O_RDWR)
print(struct.unpack("<I", os.pread(fd, 4, offset))[0])
os.pwrite(fd, struct.pack("<I", value), offset)' "$keeper" "$@"
	}
	# The version, and the size of a slot (arena.h, struct arena_header).
	for offset in 8 16; do
		daemon=$(daemon_pid)
		was=$(poke $offset 4711)
		: >"$ORCHFLOW_STATE_DIR/log/keeper.log"
		kill -9 "$daemon"
		until_true "grep -q 'GIVING UP' $ORCHFLOW_STATE_DIR/log/keeper.log"
		grep -q "the keeper's shared memory is .*; its shells are kept" "$ORCHFLOW_STATE_DIR/log/daemon.log"
		fails_with 1 of ls
		has "$output" HUP
		is_alive "$pid"
		poke $offset "$was" >/dev/null
		kill -HUP "$keeper"
		is "$(pane "$id" "d['pid'], d['state']")" "($pid, 'running')"
		has "$(of capture "$id")" here
	done
}

@test "rapid deaths by kill -9 leave everything as it was" {
	id=$(of new -- cat)
	keeper=$(keeper_pid)
	for _ in $(seq 25); do
		kill -9 "$(daemon_pid)"
	done
	is "$(keeper_pid)" "$keeper"
	is "$(pane "$id" "d['state'], d['quarantined']")" "('running', False)"
	of send "$id" --enter fine
	until_shows "$id" fine
	is "$(api server.census | field "d['zombies'], d['strays'], d['keeper']['fds'] == d['keeper']['expected_fds']")" \
		"(0, 0, True)"
}
