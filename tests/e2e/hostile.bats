#!/usr/bin/env bats
# Bad input, bad clients, bad surroundings: a clear error, and no effect on anything else.
load helper

start()
{
	of new -- cat >/dev/null
	daemon=$(daemon_pid)
}

# Whatever was done before: the same daemon serves, the pane prints, nothing leaked.
still_well()
{
	local word=well$RANDOM
	is "$(daemon_pid)" "$daemon"
	of send p1 --enter "$word"
	until_shows p1 "$word"
	until_true is_clean 20
}

is_clean()
{
	[ "$(api server.census | field "d['daemon']['fds'] == d['daemon']['expected_fds'] and d['zombies'] == 0")" = True ]
}

send_raw() { timeout "$PATIENCE" "$PYTHON" "$E2E/client.py" send "$@" 3>&-; }
daemon_rss() { api server.census | field "d['daemon']['rss_bytes']"; }

# grew_less BEFORE AFTER BYTES; a sanitizer keeps what was freed, so its memory says nothing.
grew_less()
{
	[ $(($2 - $1)) -lt "$3" ] || grep -q libasan "/proc/$daemon/maps" || fail "grew from $1 to $2"
}

# was_refused OUTPUT [NAME]: an error of that name, or the connection was closed.
was_refused() { [[ $1 == *${2:-\"error\"}* || $1 == *RESET || $1 == *EOF ]] || fail "${1:0:300}"; }

@test "a request of 5 MiB is refused as too large" {
	start
	run send_raw < <(printf '{"jsonrpc":"2.0","id":1,"method":"pane.write","params":{"pane":"p1","text":"'
		head -c 5242880 /dev/zero | tr '\0' x
		printf '"}}\n')
	was_refused "$output" LIMIT_REQUEST
	still_well
}

@test "a line that never ends is cut off, not collected" {
	start
	before=$(daemon_rss)
	run send_raw < <(head -c 64M /dev/zero | tr '\0' x)
	was_refused "$output" LIMIT_REQUEST
	after=$(daemon_rss)
	grew_less "$before" "$after" $((16 << 20))
	still_well
}

@test "invalid UTF-8 in a request is a parse error" {
	start
	run send_raw < <(printf '{"jsonrpc":"2.0","id":1,"method":"pane.write","params":{"pane":"p1","text":"\377\376"}}\n')
	has "$output" -32700
	still_well
}

@test "garbage gets an error or a closed connection" {
	start
	for _ in 1 2 3 4 5; do
		run send_raw < <(head -c 65536 /dev/urandom)
		was_refused "$output"
	done
	run send_raw < <(printf '\0\0\0\0\0\0\0\n\n\n\n{{{{[[[[\n')
	was_refused "$output"
	run send_raw < <(printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
	was_refused "$output"
	run send_raw < <("$PYTHON" -c 'print("[" * 100000)')
	was_refused "$output"
	still_well
}

@test "a client that dies in the middle of a frame leaves nothing behind" {
	start
	for n in 1 20 40; do
		printf '{"jsonrpc":"2.0","id":1,"method":"pane.create","params":{}}\n' | head -c "$n" | send_raw --half >/dev/null
	done
	# The same in MessagePack: a length that nothing follows, and one of 4 GiB.
	hello='{"jsonrpc":"2.0","id":1,"method":"rpc.hello","params":{"encoding":"msgpack"}}\n'
	printf '%b\0\0\0\100\201' "$hello" | send_raw --half >/dev/null
	run send_raw < <(printf '%b\377\377\377\377abc' "$hello")
	was_refused "$output" LIMIT_REQUEST
	is "$(status "d['panes']['total']")" 1
	still_well
}

@test "a client that never reads grows nothing and holds up nobody" {
	start
	of new -- sh -c 'while :; do seq 1 1000; done' >/dev/null
	before=$(daemon_rss)
	PYTHONPATH=$E2E "$PYTHON" - <<-'E' 3>&- &
	import socket, time
	import client
	mute = [client.Client() for _ in range(5)]
	for c in mute:
	    c.start("pane.subscribe", {"pane": "p2"})
	    c.sock.settimeout(0.5)
	    try:
	        for _ in range(2000):
	            c.start("rpc.discover")
	    except (TimeoutError, OSError):
	        pass  # it stopped reading us: that is one right answer
	open("mute", "w").close()
	time.sleep(1000)
	E
	mute=$!
	until_true "[ -e mute ]"
	for _ in $(seq 20); do
		of api pane.get '{"pane":"p1"}' >/dev/null
	done
	# What may wait for one client is bounded: 1 MiB of output, 8 MiB of answers that it asked for.
	after=$(daemon_rss)
	grew_less "$before" "$after" $((5 * 10 << 20))
	sleep 1
	grew_less "$after" "$(daemon_rss)" $((2 << 20))
	kill -9 $mute
	ended $mute
	until_true "[ \"\$(status \"d['clients']\")\" -le 1 ]"
	still_well
}

@test "more clients than allowed are told so; the others are served" {
	start
	PYTHONPATH=$E2E run "$PYTHON" - <<-'E'
	import client
	held, refused = [client.Client()], None
	for _ in range(held[0].call("server.status")["limits"]["clients"] + 5):
	    c = client.Client()
	    held.append(c)
	    try:
	        c.call("server.status")
	    except client.ApiError as e:
	        refused = e.name
	        break
	    except OSError:
	        refused = "closed"
	        break
	held[0].call("server.status")
	print(f"{len(held)} {refused}")
	assert refused in ("LIMIT_CLIENTS", "closed")
	E
	is "$status" 0
	still_well
}

@test "a socket directory that others may write is refused" {
	mkdir -m 777 "$T/open"
	ORCHFLOW_SOCKET=$T/open/s.sock fails_with 1 of ls
	has "$output" "$T/open"
	[ ! -e "$T/open/s.sock" ]
}

@test "a socket directory of somebody else is refused" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir -m 700 "$T/theirs"
	chown 65534 "$T/theirs"
	ORCHFLOW_SOCKET=$T/theirs/s.sock fails_with 1 of ls
	has "$output" "$T/theirs"
}

@test "a socket directory that cannot be read is named in the error" {
	if [ "$(id -u)" = 0 ]; then # root reads everything
		chmod 755 "$T"
		run setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/ ORCHFLOW_STATE_DIR="$T/nostate" \
			timeout 20 "$ORCHFLOW" ls
	else
		chmod 000 "$T/run"
		run of ls
		chmod 700 "$T/run"
	fi
	is "$status" 1
	has "$output" "$T/"
}

@test "a peer of another uid is refused" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	start
	chmod 755 "$T" "$T/run"
	chmod 666 "$ORCHFLOW_SOCKET"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$PYTHON" - <<-'E'
	import os, socket
	s = socket.socket(socket.AF_UNIX)
	s.connect(os.environ["ORCHFLOW_SOCKET"])
	s.settimeout(20)
	try:
	    s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"server.status"}\n')
	    data = s.recv(65536)
	except (ConnectionResetError, BrokenPipeError):
	    data = b""
	print("refused" if b"result" not in data else data)
	E
	is "$output" refused
	chmod 700 "$T/run"
	chmod 600 "$ORCHFLOW_SOCKET"
	still_well
}

@test "socket and directories are private from the start" {
	umask 000
	unset ORCHFLOW_SOCKET
	of new -- sleep 1000 >/dev/null
	is "$(stat -c %a "$T/run/orchflow")" 700
	is "$(stat -c %a "$T/run/orchflow/orchflow.sock")" 600
	is "$(stat -c %a "$ORCHFLOW_STATE_DIR")" 700
	of stop
	export ORCHFLOW_SOCKET=$T/run/s.sock
}

@test "a second keeper on the same state directory ends, and says who holds it" {
	start
	run timeout 20 "$ORCHFLOW_BUILD/src/keeper/orchflow-keeper" --state "$ORCHFLOW_STATE_DIR" \
		--socket "$T/run/other.sock" --ready-fd 1 3>&-
	is "$status" 3
	has "$output" "busy $(keeper_pid)"
	fails_with 3 of serve
	has "$output" "$(keeper_pid)"
	still_well
}

@test "ten clients that start it at once get one keeper" {
	clients=()
	for n in 1 2 3 4 5 6 7 8 9 10; do
		of new -s "work$n" -- sleep 1000 >/dev/null &
		clients+=($!)
	done
	for pid in "${clients[@]}"; do
		wait "$pid"
	done
	is "$(status "d['panes']['running']")" 10
	n=0
	for pid in $(instance_pids); do
		[[ $(readlink "/proc/$pid/exe") != */orchflow-keeper ]] || n=$((n + 1))
	done
	is "$n" 1
}

@test "a stale socket is replaced; a file that is no socket is not" {
	"$PYTHON" -c 'import os, socket; socket.socket(socket.AF_UNIX).bind(os.environ["ORCHFLOW_SOCKET"])'
	of new -- true >/dev/null
	of stop >/dev/null
	echo precious >"$ORCHFLOW_SOCKET"
	fails_with 1 of ls
	has "$output" "$ORCHFLOW_SOCKET"
	is "$(cat "$ORCHFLOW_SOCKET")" precious
}

@test "a vanished socket is made again, by the same keeper" {
	start
	keeper=$(keeper_pid)
	rm "$ORCHFLOW_SOCKET"
	until_true "of ls 2>/dev/null | grep -q p1"
	is "$(keeper_pid)" "$keeper"
	still_well
}

@test "a start that hangs delays no other" {
	start
	# Opening a pipe that nobody writes hangs the child before its exec: as a hung directory would.
	mkfifo "$T/fifo"
	# shellcheck disable=SC2016
	PYTHONPATH=$E2E "$PYTHON" - <<-'E' 3>&- &
	import os
	import client
	c = client.Client()
	c.start("pane.create", {"command": ["sh", "-c", "exec 9<" + os.environ["T"] + "/fifo"]})
	for _ in range(20):
	    c.call("pane.create", command=["true"])
	open("quick", "w").close()
	E
	until_true "[ -e quick ]"
	: >"$T/fifo"
	wait $!
	still_well
}

@test "a full table is a typed error, and what runs goes on" {
	mkdir -p "$T/config/orchflow"
	printf '[limits]\npanes = 3\n' >"$T/config/orchflow/orchflow.conf"
	start
	of new -- cat >/dev/null
	of new -- cat >/dev/null
	refused LIMIT_PANES pane.create '{"command":["cat"]}'
	of kill p3
	api pane.delete '{"pane":"p3"}' >/dev/null
	of new -- cat >/dev/null
	still_well
}
