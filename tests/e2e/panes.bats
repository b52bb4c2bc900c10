#!/usr/bin/env bats
# The command line's verbs for panes and sessions.
load helper

@test "new prints the pane's id and ls shows it" {
	id=$(of new -s work -- sleep 1000)
	[[ $id =~ ^p[0-9]+$ ]] || fail "$id"
	has "$(of ls)" work
	has "$(of ls)" "$id"
	of ls --json | field 'd' >/dev/null
}

@test "new takes directory, environment and size" {
	id=$(of new -c / -e GREETING=hello --size 100x30 -- sh -c 'pwd; echo $GREETING; stty size; sleep 1000')
	until_shows "$id" "30 100"
	run of capture "$id"
	has "$output" hello
	is "${lines[0]%$'\r'}" /
}

@test "new of a command that cannot run fails at once, with the reason" {
	fails_with 1 of new -- no-such-command-at-all
	has "$output" no-such-command-at-all
	fails_with 1 of new -c "$T/nowhere" -- true
	has "$output" nowhere
	is "$(status 'd["panes"]["total"]')" 0
}

@test "send types text, --enter ends the line, --keys knows names" {
	id=$(of new -- sed -u 's/.*/<&>/')
	of send "$id" --enter 'hello world'
	until_shows "$id" '<hello world>'
	of send "$id" --keys C-d
	of wait "$id" --exit --timeout 60s
	is "$(pane "$id" "d['status']")" "{'code': 0}"
}

@test "send refuses a key that does not exist and sends nothing" {
	id=$(of new -- cat)
	fails_with 1 of send "$id" --keys a NoSuchKey
	has "$output" NoSuchKey
	is "$(pane "$id" "d['input_seq']")" 0
}

@test "C-c interrupts the foreground command" {
	id=$(of new -- sh -c 'trap "echo interrupted; exit 4" INT; echo ready; while :; do sleep 0.05; done')
	until_shows "$id" ready
	of send "$id" --keys C-c
	of wait "$id" --exit --timeout 60s
	is "$(pane "$id" "d['status']")" "{'code': 4}"
}

@test "tail prints what is kept, tail -f follows to the end" {
	id=$(of new -- sh -c 'for i in 1 2 3; do echo line $i; sleep 0.2; done')
	of tail -f "$id" >"$T/out"
	is "$(tr -d '\r' <"$T/out")" $'line 1\nline 2\nline 3'
	is "$(of tail "$id" | tr -d '\r')" $'line 1\nline 2\nline 3'
}

@test "wait --for finds a pattern, --idle a pause, --exit the end" {
	id=$(of new -- sh -c 'echo begin; read line; echo "got <$line>"; read more; exit 5')
	is "$(of wait "$id" --for beg.n --from start --timeout 60s)" begin
	of wait "$id" --idle 100 --timeout 60s
	of send "$id" --enter abc
	until_shows "$id" 'got <abc>'
	of send "$id" --enter x
	of wait "$id" --exit --timeout 60s
	is "$(pane "$id" "d['status']")" "{'code': 5}"
}

@test "wait ends with 124 when the time is over" {
	id=$(of new -- sleep 1000)
	fails_with 124 of wait "$id" --for never --timeout 200ms
	fails_with 124 of wait "$id" --exit --timeout 200ms
	fails_with 1 of wait "$id" --for '(' --timeout 200ms
}

@test "kill ends the session of the pane and says what it ended" {
	id=$(of new -- sh -c 'sleep 1000 & sleep 1000')
	pid=$(pane "$id" "d['pid']")
	until_true "[ \$(pgrep -cs $pid) = 3 ]"
	run of kill "$id"
	is "$status" 0
	is "$(pgrep -cs "$pid" || :)" 0
	is "$(pane "$id" "d['state']")" exited
}

@test "kill --tree also ends what left the session and ignores SIGHUP" {
	id=$(of new -- sh -c "setsid sh -c 'trap \"\" HUP TERM; echo \$\$ >$T/fled; exec sleep 1000' & exec sleep 1000")
	until_true "[ -s $T/fled ]"
	fled=$(cat "$T/fled")
	of kill "$id" --tree
	until_gone "$fled" 5
	is "$(api server.census | field "d['strays'], d['zombies']")" "(0, 0)"
}

@test "kill without --tree leaves what left the session; ps shows it as a stray" {
	id=$(of new -- sh -c "setsid sh -c 'trap \"\" HUP TERM; echo \$\$ >$T/fled; exec sleep 1000' & exec sleep 1000")
	until_true "[ -s $T/fled ]"
	fled=$(cat "$T/fled")
	of kill "$id"
	is_alive "$fled"
	run of ps
	has "$output" "$fled"
	has "$output" stray
	kill -9 "$fled"
}

@test "a shell that exits by itself kills nobody" {
	id=$(of new -- sh -c "trap '' HUP; sleep 1000 & echo \$! >$T/child; exit 0")
	of wait "$id" --exit --timeout 60s
	sleep 0.2
	is_alive "$(cat "$T/child")"
	is "$(pane "$id" "d['closed']")" False
	kill -9 "$(cat "$T/child")"
	until_true "[ \"\$(pane $id 'd[\"closed\"]')\" = True ]"
}

@test "all output of the leader comes before its exit, also a long last word" {
	for _ in 1 2 3 4 5; do
		id=$(of new -- sh -c 'seq 1 9000; printf END')
		of wait "$id" --exit --timeout 60s
		is "$(of tail "$id" | tail -c 3)" END
	done
}

@test "respawn starts the same command in the same directory again" {
	id=$(of new -c / -- sh -c 'pwd; exit 3')
	of wait "$id" --exit --timeout 60s
	of respawn "$id"
	of wait "$id" --exit --timeout 60s
	is "$(of capture "$id" | tr -d '\r' | grep -cx /)" 2
	id=$(of new -- sleep 1000)
	fails_with 1 of respawn "$id"
}

@test "resize reaches the program" {
	id=$(of new -- sh -c 'trap "stty size" WINCH; echo ready; while :; do sleep 0.05; done')
	until_shows "$id" ready
	of resize "$id" 111x22
	until_shows "$id" "22 111"
	fails_with 1 of resize "$id" 0x22
	fails_with 1 of resize "$id" 100000x22
	fails_with 2 of resize "$id" wide
}

@test "ps shows the tree with CPU and memory" {
	id=$(of new -- sh -c 'sleep 1000 & wait')
	pid=$(pane "$id" "d['pid']")
	until_true "[ \$(pgrep -cP $pid) = 1 ]"
	run of ps "$id"
	has "$output" "$pid"
	has "$output" "sleep 1000"
}

@test "a session's name stands for its active pane; inside a pane nothing needs to be named" {
	of new -s one -- sh -c 'echo in one; sleep 1000' >/dev/null
	until_shows one "in one"
	id=$(OF=$ORCHFLOW of new -s two -- sh -c 'echo mine; sleep 0.2; $OF capture | grep -c mine; sleep 1000')
	until_shows "$id" '^1'
}

@test "an unknown target is named in the error" {
	of ls >/dev/null
	fails_with 1 of capture p99
	has "$output" p99
	fails_with 1 of kill nobody
	has "$output" nobody
}

@test "status, stats, log, ps and doctor have something to say" {
	of new -- sleep 1000 >/dev/null
	has "$(of status)" "$ORCHFLOW_SOCKET"
	of stats | grep -q .
	of log | grep -q .
	of ps | grep -q sleep
	of doctor || [ $? -eq 1 ]
	of doctor --json | field d >/dev/null
	of status --json | field "d['version']" >/dev/null
}

@test "every command has --help, and an unknown one is a usage error that suggests" {
	for c in new run ls attach send tail capture wait kill respawn resize ps serve status stop reload doctor log stats api; do
		run of "$c" --help
		is "$status" 0
		has "$output" "orchflow $c"
	done
	fails_with 2 of attahc
	has "$output" attach
	of --help | grep -q attach
	of --version | grep -q '[0-9]\.[0-9]'
}

# Of those that carry the instance's mark, the test itself excepted.
nobody_left()
{
	instance_pids >"$T/left"
	while read -r pid; do
		is_ours "$pid" || ! is_alive "$pid" || return 1
	done <"$T/left"
}

@test "stop ends everything, says what it ended, and the socket is gone" {
	of new -- sleep 1000 >/dev/null
	of new -- sh -c 'trap "" HUP; echo ready; while :; do sleep 1; done' >/dev/null
	until_shows p2 ready
	keeper=$(keeper_pid)
	run of stop
	is "$status" 0
	has "$output" p1
	until_gone "$keeper" 10
	[ ! -e "$ORCHFLOW_SOCKET" ]
	until_true nobody_left 10
}

@test "reload takes a changed configuration and names a wrong line" {
	mkdir -p "$T/config/orchflow"
	of ls >/dev/null
	printf 'no_such_key = 1\n' >"$T/config/orchflow/orchflow.conf"
	fails_with 1 of reload
	has "$output" 1
	has "$output" no_such_key
	: >"$T/config/orchflow/orchflow.conf"
	of reload
}

@test "completions and manual pages know the commands" {
	[ -n "$(find "$ORCHFLOW_BUILD" -name 'orchflow.1*' | head -n 1)" ]
	[ -n "$(find "$ORCHFLOW_BUILD" -name '_orchflow' | head -n 1)" ]
}
