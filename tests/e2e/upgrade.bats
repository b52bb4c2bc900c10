#!/usr/bin/env bats
# The programs are replaced while they run.
BATS_TEST_TIMEOUT=500
load helper

# An installation of its own, which can be overwritten.
own_libexec()
{
	mkdir -p "$T/libexec"
	cp "$ORCHFLOW_BUILD/src/keeper/orchflow-keeper" "$ORCHFLOW_BUILD/src/daemon/orchflowd" "$T/libexec"
	export ORCHFLOW_LIBEXEC=$T/libexec
}

# install NAME SCRIPT: a program that prints the right versions, and else does as the script says.
install_script()
{
	local real=$T/real.$1
	[ -e "$real" ] || cp "$ORCHFLOW_BUILD"/src/*/"$1" "$real"
	rm -f "$T/libexec/$1"
	printf '#!/bin/sh\nreal=%s\n%s\n' "$real" "$2" >"$T/libexec/$1"
	chmod +x "$T/libexec/$1"
}

# shellcheck disable=SC2016
PRINTS='[ "$1" = --print-versions ] && exec "$real" --print-versions'

@test "upgrades under load lose no byte, no status and no line that is typed" {
	own_libexec
	of ls >/dev/null
	n=6
	[ "${ORCHFLOW_E2E_SCALE:-100}" -le 100 ] || n=100
	run "$PYTHON" "$E2E/upgrade.py" "$E2E_WRITER" "$T" --upgrades $n
	echo "$output"
	[ "$status" -eq 0 ]
	has "$output" "bytes lost: 0; faults: 0"
	echo "# ${lines[-1]}" >&3
}

@test "the new version serves, and it says from what to what it went" {
	own_libexec
	id=$(of new -s work -- sh -c 'echo here; exec cat')
	until_shows "$id" here
	pid=$(pane "$id" "d['pid']")
	daemon=$(daemon_pid)
	# shellcheck disable=SC2016
	install_script orchflowd '[ "$1" = --print-versions ] && "$real" "$@" | sed "s/\"version\": \"[^\"]*/\"version\": \"7.8.9/" && exit
exec "$real" "$@"'
	has "$(of upgrade --check)" 'orchflowd 7.8.9'
	is "$(daemon_pid)" "$daemon"
	has "$(of upgrade)" '-> 7.8.9, served after'
	[ "$(daemon_pid)" != "$daemon" ]
	is "$(pane "$id" "d['pid'], d['state'], d['session_name']")" "($pid, 'running', 'work')"
	has "$(of capture "$id")" here
	# A crash does not bring the old one back, whatever lies at its path.
	install_script orchflowd 'exit 1'
	kill_daemon
	is "$(pane "$id" "d['pid']")" "$pid"
}

@test "a version that does not come up is followed by the one before" {
	own_libexec
	id=$(of new -- cat)
	pid=$(pane "$id" "d['pid']")
	install_script orchflowd "$PRINTS
exit 3"
	fails_with 1 of upgrade
	has "$output" 'exited with status 3'
	install_script orchflowd "$PRINTS
exec sleep 1000"
	fails_with 1 of upgrade --timeout 300ms
	has "$output" 'did not serve within'
	# One that says why, in the log.
	install_script orchflowd "$PRINTS
exec \"\$real\" --state \"\$2\" --socket \"\$4\" 3</dev/null"
	fails_with 1 of upgrade
	has "$output" 'exited with status 1'
	is "$(pane "$id" "d['pid'], d['state']")" "($pid, 'running')"
	of send "$id" --enter alive
	until_shows "$id" alive
}

@test "what cannot go on with what is there is refused before anything is touched" {
	own_libexec
	id=$(of new -- cat)
	daemon=$(daemon_pid)
	for name in arena keeper_protocol protocol journal store; do
		install_script orchflowd "\"\$real\" --print-versions | sed 's/\"$name\": \[[0-9]*, [0-9]*/\"$name\": [0, 0/'"
		fails_with 1 of upgrade
		has "$output" 'nothing changed'
		has "$output" 'understands 0 to 0'
	done
	install_script orchflowd "\"\$real\" --print-versions | sed 's/\"arena\"/\"other\"/'"
	fails_with 1 of upgrade
	has "$output" 'does not know the shared memory'
	fails_with 1 of upgrade --binary /bin/true
	has "$output" 'is no orchflowd'
	fails_with 1 of upgrade --binary /bin/false
	has "$output" 'fails'
	fails_with 1 of upgrade --binary "$T/libexec/orchflow-keeper"
	has "$output" 'but orchflow-keeper'
	refused UPGRADE_REFUSED server.upgrade '{"binary":"/nonexistent/orchflowd"}'
	refused INVALID_PARAMS server.upgrade '{"binary":"orchflowd"}'
	is "$(daemon_pid)" "$daemon"
	is "$(pane "$id" "d['state']")" running
}

@test "a keeper that does not understand the state of the other is refused" {
	own_libexec
	id=$(of new -- cat)
	pid=$(pane "$id" "d['pid']")
	keeper=$(keeper_pid)
	install_script orchflow-keeper "$PRINTS
echo 'no idea' >&2; exit 1"
	fails_with 1 of upgrade --keeper
	has "$output" 'the old one goes on'
	install_script orchflow-keeper "\"\$real\" --print-versions | sed 's/\"keeper_protocol\": \[[0-9]*, [0-9]*/\"keeper_protocol\": [99, 99/'"
	fails_with 1 of upgrade --keeper
	has "$output" 'upgrade the daemon first'
	rm "$T/libexec/orchflow-keeper"
	cp "$ORCHFLOW_BUILD/src/keeper/orchflow-keeper" "$T/libexec"
	of upgrade --keeper
	is "$(keeper_pid)" "$keeper"
	is "$(cat "/proc/$keeper/comm")" orchflow-keeper
	is "$(pane "$id" "d['pid'], d['state']")" "($pid, 'running')"
	# It is a whole keeper: it starts daemons and children, and ends in order.
	kill_daemon
	other=$(of new -- sh -c 'exit 4')
	of wait "$other" --exit >/dev/null || :
	is "$(pane "$other" "d['status']")" "{'code': 4}"
	of stop >/dev/null
	until_gone "$keeper"
}

@test "api --follow asks the next server again, and goes on where it was" {
	own_libexec
	id=$(of new -- sh -c 'i=0; while [ $i -lt 60 ]; do i=$((i + 1)); echo line $i; sleep 0.05; done; exec cat')
	"$ORCHFLOW" api --follow pane.subscribe "{\"pane\":\"$id\",\"start\":true}" >"$T/followed" 3>&- &
	"$ORCHFLOW" api --follow events.subscribe '{"kinds":["session.created"]}' >"$T/events" 3>&- &
	until_true "grep -q pane.output $T/followed"
	until_true "[ -s $T/events ]"
	of upgrade
	of upgrade
	until_shows "$id" 'line 60'
	until_true "tail -n 1 $T/followed | field 'd[\"params\"][\"seq\"]' | grep -q '^[0-9]*$'"
	wanted=$(of tail -a "$id" | base64 -w 0)
	until_true "[ \"\$($PYTHON -c '
import base64, json, sys
got = b\"\"
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get(\"method\") == \"pane.output\":
        assert event[\"params\"][\"seq\"] == len(got), (event, len(got))
        got += base64.b64decode(event[\"params\"][\"data\"])
print(base64.b64encode(got).decode())' $T/followed)\" = $wanted ]"
	of api session.create '{"name":"fresh"}' >/dev/null
	until_true "grep -q fresh $T/events"
}
