#!/usr/bin/env bats
# With nothing to do, nothing wakes up.
load helper

# Context switches that the threads of these processes made by themselves, and their CPU ticks.
activity()
{
	local pid
	for pid; do
		awk '/^voluntary_ctxt_switches/ { n += $2 } END { printf "%d ", n }' /proc/"$pid"/task/*/status
		awk '{ printf "%d ", $14 + $15 }' "/proc/$pid/stat"
	done
}

@test "keeper and daemon do not wake up in five idle seconds" {
	for _ in 1 2 3 4 5; do
		of new -- sleep 1000 >/dev/null
	done
	id=$(of new -- sh -c 'echo a line; exec sleep 1000')
	until_shows "$id" 'a line'
	# Two clients that only listen.
	PYTHONPATH=$E2E "$PYTHON" -c 'import time, client
a, b = client.Client(), client.Client()
a.call("events.subscribe")
b.call("pane.subscribe", pane="p1")
open("listening", "w").close()
time.sleep(1000)' 3>&- &
	listener=$!
	until_true "[ -e listening ]"
	keeper=$(keeper_pid)
	daemon=$(daemon_pid)
	# What follows the last request (flushes, giving pages back) has an end.
	quiet()
	{
		before=$(activity "$keeper" "$daemon")
		sleep 5
		after=$(activity "$keeper" "$daemon")
		[ "$before" = "$after" ]
	}
	quiet || quiet || quiet || fail "wake-ups: keeper switches, ticks, daemon switches, ticks: $before -> $after"

	if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
		timeout -s INT 6 strace -f -ttt -qq -o "$T/trace" -p "$keeper" -p "$daemon" || :
		# Attaching itself interrupts the calls that wait: those of the first second are its own.
		awk '!start { start = $2 } $2 > start + 1 && !/detached|unfinished/' "$T/trace" >"$T/calls"
		is "$(wc -l <"$T/calls")" 0
	fi
	kill $listener
}
