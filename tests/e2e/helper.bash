# Loaded by every scenario: a private instance per test, bounded waits, and a teardown that leaves nothing.
# shellcheck shell=bash disable=SC2154
#
# $T         scratch directory of the test; sockets, state and configuration live in it
# $ORCHFLOW  the command line program; of ARGS... runs it with a bound
# $PYTHON    a Python 3
#
# Waits are by condition: until 'COMMAND' polls for at most $PATIENCE seconds.  A slow machine makes a test
# slow, not red.

export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-280}
PATIENCE=${PATIENCE:-60}
E2E=$BATS_TEST_DIRNAME
ORCHFLOW_BUILD=${ORCHFLOW_BUILD:-$E2E/../../build}
ORCHFLOW_BUILD=$(cd "$ORCHFLOW_BUILD" && pwd)
ORCHFLOW=$ORCHFLOW_BUILD/src/cli/orchflow
E2E_WRITER=${E2E_WRITER:-$ORCHFLOW_BUILD/tests/e2e/e2e_writer}
E2E_SHIM_SO=${E2E_SHIM_SO:-$(find "$ORCHFLOW_BUILD/tests/e2e" -maxdepth 1 -name '*e2e_shim.so' 2>/dev/null)}
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=python3
export ORCHFLOW ORCHFLOW_BUILD E2E_WRITER PYTHON

setup()
{
	T=$(mktemp -d "${TMPDIR:-/tmp}/orchflow-e2e.XXXXXX")
	mkdir -m 700 "$T/run" "$T/config" "$T/home"
	export T ORCHFLOW_SOCKET=$T/run/s.sock ORCHFLOW_STATE_DIR=$T/state
	export XDG_RUNTIME_DIR=$T/run XDG_STATE_HOME=$T/xdgstate XDG_CONFIG_HOME=$T/config HOME=$T/home
	export SHELL=/bin/sh PS1='$ ' TERM=xterm-256color LC_ALL=C.UTF-8
	unset ORCHFLOW_PANE ORCHFLOW_SESSION ORCHFLOW_CONFIG ORCHFLOW_LIBEXEC ENV BASH_ENV NO_COLOR TMUX
	export ASAN_OPTIONS=log_path=$T/asan:detect_leaks=1 UBSAN_OPTIONS=log_path=$T/ubsan:print_stacktrace=1
	cd "$T/home" || return 1
}

# Every process that was started in this instance carries its socket in its environment.
instance_pids()
{
	local d
	for d in /proc/[0-9]*; do
		[ "${d#/proc/}" = "$$" ] || [ "${d#/proc/}" = "$BASHPID" ] && continue
		tr '\0' '\n' 2>/dev/null <"$d/environ" | grep -qxF "ORCHFLOW_SOCKET=$ORCHFLOW_SOCKET" && echo "${d#/proc/}"
	done 2>/dev/null
	return 0
}

teardown()
{
	local keeper pid report result=0
	keeper=$(keeper_pid)
	timeout 20 "$ORCHFLOW" stop >"$T/stop.out" 2>&1 </dev/null 3>&- || :
	[ -z "$keeper" ] || until_gone "$keeper" 5 || kill -9 "$keeper" 2>/dev/null || :
	for pid in $(instance_pids); do
		# bats and the test's own shell carry it too.
		is_ours "$pid" || kill -9 "$pid" 2>/dev/null || :
	done
	for report in "$T"/asan.* "$T"/ubsan.*; do
		[ -e "$report" ] || continue
		echo "sanitizer report:" && head -n 60 "$report"
		result=1
	done
	if [ $result != 0 ] || [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		tail -n 20 "$ORCHFLOW_STATE_DIR"/log/*.log 2>/dev/null || :
	fi
	cd / && rm -rf "$T"
	return $result
}

# Is the process this test, or what runs it?
is_ours()
{
	local pid=$BASHPID
	while [ "${pid:-0}" -gt 1 ]; do
		[ "$pid" = "$1" ] && return 0
		pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
	done
	return 1
}

of() { timeout "$PATIENCE" "$ORCHFLOW" "$@" 3>&-; }

# api METHOD [JSON]: the result as JSON.
api() { of api "$@"; }

# field EXPRESSION: of the JSON on stdin, in Python; d is the document.
field() { "$PYTHON" -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

status() { api server.status | field "$1"; }
pane() { api pane.get "{\"pane\":\"$1\"}" | field "$2"; }

keeper_pid() { head -n 1 "$ORCHFLOW_STATE_DIR/keeper.lock" 2>/dev/null || :; }
daemon_pid() { status "d['daemon']['pid']"; }

until_gone() { until_true "! is_alive $1" "${2:-$PATIENCE}"; }
is_alive() { [ -d "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# until_true 'COMMAND' [SECONDS]: polls; fails when the time is over.
until_true()
{
	local end=$((SECONDS + ${2:-$PATIENCE}))
	until eval "$1"; do
		[ $SECONDS -lt $end ] || { echo "never true: $1"; return 1; }
		sleep 0.02
	done
}

# Names for what tests wait for most.
until_state() { until_true "[ \"\$(pane $1 'd[\"state\"]')\" = $2 ]"; }
until_shows() { of wait "$1" --for "$2" --from start --timeout "${PATIENCE}s" >/dev/null || fail "$1 never showed '$2'"; }

kill_daemon()
{
	local pid
	pid=$(daemon_pid)
	kill -9 "$pid"
	until_gone "$pid"
}

fail() { echo "$*"; return 1; }

# is GOT WANTED
is() { [ "$1" = "$2" ] || fail "got '$1', wanted '$2'"; }
# has TEXT PART
has() { case $1 in *"$2"*) ;; *) fail "'$2' is not in: $1" ;; esac; }

# fails_with STATUS COMMAND...: its output stays in $output.
fails_with()
{
	local wanted=$1
	shift
	status=0
	output=$("$@" 2>&1) || status=$?
	[ "$status" -eq "$wanted" ] || fail "status $status, wanted $wanted: $* -> $output"
}

# The exit status of a background child, in $status.
ended()
{
	status=0
	wait "$1" || status=$?
}

# A call that must be refused with that error: refused NAME METHOD JSON
refused()
{
	run "$PYTHON" "$E2E/client.py" call "$2" "${3:-{\}}"
	[ "$status" -eq 1 ] || fail "not refused: $2 $3 -> $output"
	has "$output" "\"$1\""
}
