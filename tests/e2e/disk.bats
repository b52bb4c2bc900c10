#!/usr/bin/env bats
# State directories that are full, read-only, without locks, on a network, of another version, or somebody else's.
# What cannot be kept is said, nothing is lost, and panes go on in memory.
load helper

# own_disk SIZE: the state directory becomes a small disk of its own, in a mount namespace that `of` enters.
own_disk()
{
	local flags=-m
	[ "$(id -u)" = 0 ] || flags=-rm
	mkdir -m 700 "$ORCHFLOW_STATE_DIR"
	unshare $flags sh -c "mount -t tmpfs -o size=$1,mode=700 e2e $ORCHFLOW_STATE_DIR && : >$T/mounted && exec sleep 100000" \
		>/dev/null 2>"$T/unshare" 3>&- &
	HOLDER=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -e "$T/mounted" ] || break
		is_alive "$HOLDER" || break
		sleep 0.02
	done
	[ -e "$T/mounted" ] || skip "no disk of its own can be mounted here: $(cat "$T/unshare")"
	# Its processes are found by teardown, which does not enter.
	ENTER=(nsenter -t "$HOLDER" -m)
	[ "$(id -u)" = 0 ] || ENTER=(nsenter -t "$HOLDER" -U -m --preserve-credentials)
	of() { timeout "$PATIENCE" "${ENTER[@]}" "$ORCHFLOW" "$@" 3>&-; }
	keeper_pid() { "${ENTER[@]}" head -n 1 "$ORCHFLOW_STATE_DIR/keeper.lock" 2>/dev/null || :; }
}

inside() { "${ENTER[@]}" "$@"; }
fill_disk() { inside dd if=/dev/zero of="$ORCHFLOW_STATE_DIR/ballast" bs=4096 status=none 2>/dev/null || :; }
journal() { pane "$1" "d['journal']['$2']"; }
daemon_log() { cat "$ORCHFLOW_STATE_DIR/log/daemon.log"; }

# A world of its own for what is started from now on.
in_world()
{
	[ -n "$E2E_SHIM_SO" ] || skip "needs the preloaded library of the build"
	export LD_PRELOAD=$E2E_SHIM_SO E2E_SHIM=$1 E2E_CLOCK=$T/clock
	export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
}
in_this_world() { unset LD_PRELOAD E2E_SHIM; }

# prints_lines ID FROM TO: has a cat print them back
prints_lines() { seq "$2" "$3" | sed 's/^/line /' >"$T/lines" && of send "$1" - <"$T/lines" && until_shows "$1" "line $3\$"; }
has_lines() { is "$(of tail -a "$1" | tr -d '\r' | grep '^line' | sort -u -k 2n | tail -n 1)" "line $2" && is "$(of tail -a "$1" | tr -d '\r' | grep -c '^line')" "$2"; }

@test "on a full disk panes go on in memory and come back to it, and nothing is lost" {
	own_disk 4m
	id=$(of new -- sh -c 'stty -echo; echo here; exec cat')
	until_shows "$id" here
	of kv set before kept
	prints_lines "$id" 1 100
	fill_disk
	# More than fits anywhere that is not yet taken.
	prints_lines "$id" 101 20000
	until_true "[ \"\$(journal $id state)\" = failing ]"
	has "$(journal "$id" error)" 'No space left'
	fails_with 1 of kv set big "$(head -c 100000 /dev/zero | tr '\0' v)"
	has "$output" 'full'
	is "$(of kv get before)" kept
	# Also a new one starts, and it is a terminal like others.
	other=$(of new -- sh -c 'echo other; exec cat')
	until_shows "$other" other
	is "$(of tail -a "$id" | grep -c line)" 20000
	inside rm "$ORCHFLOW_STATE_DIR/ballast"
	until_true "[ \"\$(journal $id state)\" = on ]"
	until_true 'of kv set after kept'
	prints_lines "$id" 20001 20100
	kill_daemon
	has_lines "$id" 20100
	is "$(of kv get after)" kept
	has "$(of tail -a "$other")" other
}

@test "a disk that becomes read-only is said, and panes go on in memory until it is writable" {
	own_disk 32m
	id=$(of new -- sh -c 'stty -echo; exec cat')
	prints_lines "$id" 1 100
	of kv set before kept
	# Files are open for writing: what is opened from now on is read-only.
	inside mount --bind "$ORCHFLOW_STATE_DIR" "$ORCHFLOW_STATE_DIR"
	inside mount -o remount,bind,ro "$ORCHFLOW_STATE_DIR"
	prints_lines "$id" 101 200
	other=$(of new -- sh -c 'stty -echo; echo other; exec cat')
	until_shows "$other" other
	until_true "[ \"\$(journal $other state)\" = failing ]"
	has "$(journal "$other" error)" 'Read-only'
	is "$(of kv get before)" kept
	# After a crash nothing can be opened for writing at all.
	kill_daemon
	has_lines "$id" 200
	fails_with 1 of kv set k v
	has "$output" 'readonly database'
	prints_lines "$id" 201 300
	inside mount -o remount,bind,rw "$ORCHFLOW_STATE_DIR"
	until_true "[ \"\$(journal $id state)\" = on ]"
	kill_daemon
	has_lines "$id" 300
	is "$(of kv get before)" kept
	of kv set k v
	has "$(of tail -a "$other")" other
}

@test "a state directory that is read-only from the start is refused with the reason" {
	own_disk 4m
	inside mount -o remount,ro "$ORCHFLOW_STATE_DIR"
	fails_with 1 of new -- cat
	has "$output" 'Read-only file system'
	has "$output" "$ORCHFLOW_STATE_DIR"
	inside mount -o remount,rw "$ORCHFLOW_STATE_DIR"
	id=$(of new -- cat)
	is "$(pane "$id" "d['state']")" running
}

@test "two servers on one state directory: the second is refused and disturbs nothing" {
	id=$(of new -- cat)
	keeper=$(keeper_pid)
	lock=$(cat "$ORCHFLOW_STATE_DIR/keeper.lock")
	mkdir -m 700 "$T/run2"
	fails_with 3 timeout "$PATIENCE" "$ORCHFLOW_BUILD/src/keeper/orchflow-keeper" --state "$ORCHFLOW_STATE_DIR" --socket "$T/run2/s.sock"
	has "$output" "$keeper"
	# A client finds the one that there is.
	is "$(ORCHFLOW_SOCKET=$T/run2/s.sock of ls | grep -c cat)" 1
	is "$(cat "$ORCHFLOW_STATE_DIR/keeper.lock")" "$lock"
	[ ! -e "$T/run2/s.sock" ]
	is "$(keeper_pid)" "$keeper"
	of send "$id" --enter alive
	until_shows "$id" alive
}

@test "without locks the keeper does not start, and a database without them is left alone" {
	of new -s before -- true >/dev/null
	of kv set k kept
	of stop >/dev/null
	cp "$ORCHFLOW_STATE_DIR/orchflow.db" "$T/before.db"
	in_world noflock
	fails_with 1 of ls
	has "$output" 'cannot lock'
	in_world nolocks
	# Numbers that were given are not given again.
	id=$(of new -s between -- cat)
	is "$id" p2
	fails_with 1 of kv set k other
	has "$output" 'no locks'
	of send "$id" --enter alive
	until_shows "$id" alive
	of stop >/dev/null
	in_this_world
	cmp "$T/before.db" "$ORCHFLOW_STATE_DIR/orchflow.db"
	is "$(of kv get k)" kept
	is "$(api session.list | field "[s['id'] + s['name'] for s in d['sessions']]")" "['s1before', 's2between']"
	is "$(pane "$id" "d['session_name']")" between
}

@test "a network file system is told, and used" {
	in_world nfs
	id=$(of new -- sh -c 'echo here; exec cat')
	until_shows "$id" here
	of kv set k kept
	has "$(daemon_log)" 'the state directory is on NFS'
	has "$(of doctor || :)" NFS
	is "$(api store.status | field "d['network']")" True
	kill_daemon
	is "$(of kv get k)" kept
	has "$(of capture "$id")" here
}

@test "a journal of a newer version is neither written nor lost; its pane goes on in memory" {
	id=$(of new -- sh -c 'stty -echo; exec cat')
	prints_lines "$id" 1 100
	of api pane.records "{\"pane\":\"$id\"}" >/dev/null # they are in the files
	daemon=$(daemon_pid)
	kill -STOP "$daemon"
	file=$(find "$ORCHFLOW_STATE_DIR/journal/$id" -type f)
	# The version stands behind the magic (docs/journal-format.md).
	printf '\x63' | dd of="$file" bs=1 seek=8 conv=notrunc status=none
	cp "$file" "$T/before"
	kill -9 "$daemon"
	until_gone "$daemon"
	prints_lines "$id" 101 200
	until_true "[ \"\$(journal $id state)\" = failing ]"
	fails_with 1 of export "$id"
	has "$output" 'newer version'
	cmp "$file" "$T/before"
	of send "$id" --enter alive
	until_shows "$id" alive
	# The version that wrote it comes back.
	printf '\x01' | dd of="$file" bs=1 seek=8 conv=notrunc status=none
	until_true "[ \"\$(journal $id state)\" = on ]"
	kill_daemon
	has_lines "$id" 200
}

@test "a clock that jumps back loses nothing, and what is ordered stays in order" {
	echo 0 >"$T/clock"
	in_world clock
	id=$(of new -- sh -c 'stty -echo; exec cat')
	prints_lines "$id" 1 100
	of kv set k first
	of kv set fleeting v --ttl 1h
	echo -86400 >"$T/clock"
	prints_lines "$id" 101 200
	of kv set k second
	kill_daemon
	prints_lines "$id" 201 300
	has_lines "$id" 300
	is "$(of kv get k)" second
	is "$(of kv get fleeting)" v
	of export "$id" --format text >"$T/text"
	is "$(grep -c '^line' "$T/text")" 300
	of export "$id" --format asciicast >"$T/cast"
	"$PYTHON" - "$T/cast" <<-'PY'
		import json, sys
		events = [json.loads(line) for line in open(sys.argv[1])][1:]
		assert all(e[0] >= 0 for e in events), "an interval below zero"
		text = "".join(e[2] for e in events if e[1] == "o")
		assert [w for w in text.split() if w.isdigit()] == [str(i) for i in range(1, 301)], text[-200:]
	PY
	api pane.records "{\"pane\":\"$id\"}" | field "[r['seq'] for r in d['records'] if 'seq' in r] == sorted(r['seq'] for r in d['records'] if 'seq' in r)" | grep -q True
	echo 0 >"$T/clock"
	is "$(of kv get k)" second
}
