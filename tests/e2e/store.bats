#!/usr/bin/env bats
# What is kept: key-value, the database, its backup; and that it survives.

load helper

@test "a value of any bytes comes back as it went in" {
	head -c 100000 /dev/urandom >"$T/value"
	of kv set blob <"$T/value"
	of kv get blob >"$T/back"
	cmp "$T/value" "$T/back"
	of kv set empty ''
	[ -z "$(of kv get empty)" ]
	is "$(of kv get blob --json | field "d['size']")" 100000
}

@test "keys are listed by prefix, literally and page by page" {
	of api kv.batch "$("$PYTHON" -c '
import json
print(json.dumps({"ops": [{"op": "set", "key": f"n/{i:03}", "text": "v"} for i in range(450)]
                 + [{"op": "set", "key": k, "text": "v"} for k in ("a%b", "a_b", "axb")]}))')" >/dev/null
	[ "$(of kv ls n/ | wc -l)" = 450 ]
	[ "$(of kv ls n/ | head -n 1)" = n/000 ]
	[ "$(of kv ls 'a%')" = a%b ]
	[ "$(of kv ls a_)" = a_b ]
	[ "$(of kv count n/1)" = 100 ]
	[ "$(of kv clear n/)" = 450 ]
	[ "$(of kv count)" = 3 ]
}

@test "failures have names and statuses" {
	run of kv get missing
	[ "$status" = 1 ]
	[[ $output == *"no such key"* ]]
	run of kv get -n nowhere x
	[ "$status" = 1 ]
	[[ $output == *"no such namespace"* ]]
	run of kv del missing
	[ "$status" = 1 ]
	run of kv exists missing
	[ "$status" = 1 ]
	head -c 1048577 /dev/zero >"$T/big"
	run of kv set big - <"$T/big"
	[ "$status" = 1 ]
	[[ $output == *"the value is too large"* ]]
	run of kv set "$(head -c 600 /dev/zero | tr '\0' k)" v
	[ "$status" = 1 ]
	[[ $output == *"the key is too long"* ]]
	run of kv frobnicate
	[ "$status" = 2 ]
	run of kv set k v --ttl nonsense
	[ "$status" = 2 ]
}

@test "of many who take a lock one gets it, until it expires" {
	local takers=()
	of kv set begin 1
	for i in 1 2 3 4 5 6 7 8; do
		(of kv set lock "$i" --if-absent && echo won >>"$T/won") 3>&- 2>/dev/null &
		takers+=($!)
	done
	wait "${takers[@]}" || :
	[ "$(wc -l <"$T/won")" = 1 ]
	of kv set short v --ttl 100ms
	until_true '! of kv exists short'
	of kv set short again --if-absent
}

@test "the database survives kill -9 of all, and its backup is whole" {
	of new -s work -- sleep 1000
	of kv set k before
	of backup "$T/copy.db"
	[ "$(stat -c %a "$T/copy.db")" = 600 ]
	run of backup "$T/copy.db"
	[ "$status" = 1 ]
	of kv set k after
	kill_daemon
	[ "$(of kv get k)" = after ]
	of api session.get '{"session":"work"}'
	of store check
	of stop
	rm -f "$ORCHFLOW_STATE_DIR"/orchflow.db* "$ORCHFLOW_STATE_DIR/registry.log"
	cp "$T/copy.db" "$ORCHFLOW_STATE_DIR/orchflow.db"
	[ "$(of kv get k)" = before ]
	of api session.get '{"session":"work"}'
}

@test "a registry of an older version is imported once" {
	mkdir -m 700 "$ORCHFLOW_STATE_DIR"
	cat >"$ORCHFLOW_STATE_DIR/registry.log" <<-'LOG'
		{"t":"next","session":5,"pane":9}
		{"t":"env","id":1,"vars":["A=1"]}
		{"t":"session","id":3,"name":"old","cwd":"/","env":1,"created":1700000000000000}
		{"t":"pane","id":7,"session":3,"state":"exited","gen":0,"pty":true,"private":false,"raw":false,"hold":false,"fresh":false,"closed":true,"quarantined":false,"cols":80,"rows":24,"umask":18,"cwd":"/","kind":null,"title":null,"key":"","command":["true"],"metadata":null,"env":1,"status":0,"created":1700000000000000,"started":1700000000000000,"exited":1700000000000000}
	LOG
	is "$(of api session.get '{"session":"old"}' | field "d['id']")" s3
	of stop
	[ ! -s "$ORCHFLOW_STATE_DIR/registry.log" ]
	is "$(pane p7 "d['session']")" s3
	[ "$(of new -- true)" = p9 ]
}

@test "a database that is none is set aside, one of a newer version left alone" {
	of new -s keep -- true
	of stop
	cp "$ORCHFLOW_STATE_DIR/orchflow.db" "$T/good.db"
	echo "this is no database, but long enough to be taken for one: $(seq 1 1000)" >"$ORCHFLOW_STATE_DIR/orchflow.db"
	of kv set k v
	ls "$ORCHFLOW_STATE_DIR"/orchflow.db.damaged-*
	grep -q 'the database was damaged' "$ORCHFLOW_STATE_DIR/log/daemon.log"
	of stop
	# PRAGMA user_version stands at offset 60, big-endian.
	cp "$T/good.db" "$ORCHFLOW_STATE_DIR/orchflow.db"
	printf '\0\0\x12\x34' | dd of="$ORCHFLOW_STATE_DIR/orchflow.db" bs=1 seek=60 conv=notrunc 2>/dev/null
	cp "$ORCHFLOW_STATE_DIR/orchflow.db" "$T/future.db"
	run of kv set k v
	[ "$status" = 1 ]
	[[ $output == *"newer version"* ]]
	of new -- true # all else goes on
	of stop
	cmp "$T/future.db" "$ORCHFLOW_STATE_DIR/orchflow.db"
}

@test "every acknowledged set and every command that was told survive kill -9" {
	of kv set begin 1
	"$PYTHON" "$E2E/kv_torture.py" "${ORCHFLOW_E2E_SCALE:-1}"
}

@test "commands of a shell are recorded, found again and suggested" {
	printf '#1700000000\nls -l\n#1700000100\nmake test\n kept out\n' >"$T/bash_history"
	is "$(of history --import "$T/bash_history")" "2 added"
	is "$(of history --import "$T/bash_history")" "0 added"
	p=$(of new -- bash)
	of wait "$p" --prompt --timeout "${PATIENCE}s" >/dev/null
	of run -p "$p" -- 'make fail-here' || :
	of run -p "$p" -- ' secret word' || :
	until_true 'of history fail-here --json | grep -q fail-here'
	is "$(of history fail-here --json | field "d[0]['exit_code'] != 0 and d[0]['pane']")" "$p"
	kill_daemon
	is "$(of history make --json | field 'len(d)')" 2
	is "$(of history secret --json | field 'len(d)')" 0
	is "$(of history --suggest make | head -n 1)" "make fail-here"
}
