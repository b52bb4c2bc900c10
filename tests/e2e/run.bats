#!/usr/bin/env bats
# orchflow run: a command's output, input and status, as if it had been started directly.
load helper

@test "run hands on the command's exit status" {
	of run -- true
	fails_with 7 of run -- sh -c 'exit 7'
	fails_with 255 of run -- sh -c 'exit 255'
}

@test "run says 127 for a command that is not there and 126 for one that cannot be executed" {
	fails_with 127 of run -- no-such-command-at-all
	has "$output" no-such-command-at-all
	printf 'text' >"$T/plain"
	fails_with 126 of run -- "$T/plain"
	fails_with 126 of run -- "$T"
}

@test "run says 128 plus the signal that killed the command" {
	fails_with 137 of run -- sh -c 'kill -9 $$'
	fails_with 143 of run -- sh -c 'kill -TERM $$'
}

@test "run without a command is a usage error" {
	fails_with 2 of run
	fails_with 2 of run --no-such-option -- true
}

@test "run in a directory that is not there fails with 125 and says so" {
	fails_with 125 of run -c "$T/nowhere" -- true
	has "$output" nowhere
}

@test "run's output into a pipe is what the command wrote, byte for byte" {
	of run -- printf 'one\ntwo\n\001\377end' >"$T/out"
	printf 'one\ntwo\n\001\377end' | cmp - "$T/out"
	of run -- seq 1 300000 | sha256sum >"$T/sum"
	seq 1 300000 | sha256sum | cmp - "$T/sum"
}

@test "run loses nothing to a slow reader" {
	of run -- seq 1 300000 | { sleep 1; sha256sum; } >"$T/sum"
	seq 1 300000 | sha256sum | cmp - "$T/sum"
}

@test "10 MiB of random bytes through run's stdin arrive as they are" {
	head -c 10M /dev/urandom >"$T/random"
	wanted=$(sha256sum <"$T/random")
	is "$(of run -- sha256sum <"$T/random")" "$wanted"
	# shellcheck disable=SC2002  # a pipe is the case to test
	is "$(cat "$T/random" | of run -- sha256sum)" "$wanted"
	is "$(of run --no-pty -- cat <"$T/random" | sha256sum)" "$wanted"
}

@test "--no-pty keeps stderr apart and gives the command no terminal" {
	of run --no-pty -- sh -c 'echo out; echo err >&2; [ -t 1 ] || echo none' >"$T/out" 2>"$T/err"
	is "$(cat "$T/out")" $'out\nnone'
	is "$(cat "$T/err")" err
}

@test "run gives the command a terminal" {
	is "$(of run -- sh -c '[ -t 1 ] && [ -t 2 ] && tty <&1' </dev/null | cut -c1-9)" /dev/pts/
}

@test "run returns at once when a background child holds the terminal" {
	run of run -- sh -c 'sleep 1000 & echo started'
	is "$status" 0
	is "${output%$'\r'}" started
}

@test "run's deadline ends it with 124" {
	fails_with 124 of run --timeout 300ms -- sleep 1000
}

@test "SIGINT to run reaches the command" {
	"$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$ORCHFLOW" run -- sh -c \
		'trap "echo caught; exit 3" INT; echo ready; while :; do sleep 0.05; done' >"$T/out" 3>&- &
	client=$!
	until_true "grep -q ready $T/out"
	kill -INT $client
	ended $client
	is "$status" 3
	has "$(cat "$T/out")" caught
}

@test "a command gets the client's environment, directory and umask" {
	of ls >/dev/null # a keeper with another environment than the next client's
	mkdir "$T/home/work dir"
	cd "$T/home/work dir"
	umask 027
	# shellcheck disable=SC2016  # the command's own variables
	run env MARK='a  b=c' "$ORCHFLOW" run -- sh -c 'echo "$MARK"; pwd; umask; echo "$TERM $COLORTERM"'
	is "$output" "$(printf 'a  b=c\n%s\n0027\nxterm-256color truecolor' "$T/home/work dir")"
}

@test "a command knows its pane, session and socket" {
	# shellcheck disable=SC2016
	run of run -s here -- sh -c 'echo "$ORCHFLOW_PANE $ORCHFLOW_SESSION $ORCHFLOW_SOCKET"'
	[[ $output =~ ^p[0-9]+\ [^\ ]+\ $ORCHFLOW_SOCKET$ ]] || fail "$output"
}

@test "a command starts clean: own session, default signals, no stray descriptors, original limits" {
	ulimit -Sn 512
	of ls >/dev/null
	# shellcheck disable=SC2016
	run of run -- sh -c 'read -r pid _ _ _ _ sid _ </proc/self/stat; echo $$; ps -o sid= -p $$ | tr -d " "
		grep -E "^Sig(Blk|Ign)" /proc/self/status | cut -f2; ulimit -Sn; ls /proc/self/fd | tr "\n" " "'
	is "${lines[0]}" "${lines[1]}"
	is "${lines[2]}" 0000000000000000
	# 32 and 33 are the C library's own; nobody can set them through it, and posix_spawn() ignores them.
	is $((0x${lines[3]} & ~0x180000000)) 0
	is "${lines[4]}" 512
	is "${lines[5]}" "0 1 2 3 " # 3 is ls's own
}

@test "run survives the death of the daemon" {
	# shellcheck disable=SC2016
	"$ORCHFLOW" run -- sh -c 'i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.05; done; exit 9' \
		>"$T/out" 2>"$T/err" 3>&- &
	client=$!
	until_true "grep -q 5 $T/out"
	kill_daemon
	until_true "grep -q 12 $T/out"
	kill_daemon
	ended $client
	is "$status" 9
	seq 0 39 | cmp - "$T/out"
}
