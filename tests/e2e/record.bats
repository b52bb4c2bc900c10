#!/usr/bin/env bats
# What was recorded of a pane: export, replay, forget.
load helper

lacks() { case $2 in *"$1"*) fail "'$1' is in: $2" ;; esac; }
term() { TMUX_TMPDIR=$T tmux -f /dev/null -L r "$@" 3>&-; }

# A recording is what the published formats say: header, events, times.
check_cast()
{
	"$PYTHON" - "$1" <<'END'
import json, sys

lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
head, version = json.loads(lines[0]), json.loads(lines[0])["version"]
size = (head["term"]["cols"], head["term"]["rows"]) if version == 3 else (head["width"], head["height"])
assert all(isinstance(n, int) and n > 0 for n in size), head
assert isinstance(head["timestamp"], int) and abs(head["timestamp"] - __import__("time").time()) < 3600
last, shown = 0.0, ""
for line in lines[1:]:
    time, code, data = json.loads(line)
    assert isinstance(time, float) and isinstance(data, str)
    assert code in ("oirmx" if version == 3 else "oirm"), line
    assert time >= (0 if version == 3 else last), line
    last = time
    if code == "r":
        cols, rows = map(int, data.split("x"))
    shown += data if code == "o" else ""
print(shown, end="")
END
}

@test "export makes a recording of what was printed, in both versions of the format" {
	id=$(of new -- sh -c 'echo one; sleep 0.2; printf "\303"; sleep 0.2; printf "\244\n"; exit 7')
	of wait "$id" --exit --timeout 60s || :
	of export "$id" >"$T/3.cast"
	of export "$id" --format asciicast2 >"$T/2.cast"
	is "$(check_cast "$T/3.cast" | tr -d '\r')" $'one\nä'
	is "$(check_cast "$T/2.cast" | tr -d '\r')" $'one\nä'
	# The exit status ends the newer one; pauses are intervals there.
	has "$(tail -n 1 "$T/3.cast")" '"x", "7"'
	"$PYTHON" -c 'import json, sys
times = [[json.loads(l)[0] for l in open(f).read().splitlines()[1:]] for f in sys.argv[1:]]
assert abs(sum(times[0][:3]) - times[1][2 if len(times[1]) > 2 else -1]) < 0.001 + times[0][-1], times
assert max(times[0]) >= 0.15, times' "$T/3.cast" "$T/2.cast"
}

@test "export as text and HTML is all that was ever shown" {
	id=$(of new -- sh -c 'seq 1 20000; printf "\033[31mred\033[0m\n"')
	of wait "$id" --exit --timeout 60s
	is "$(of export "$id" --format text)" "$(seq 1 20000; echo red)"
	has "$(of export "$id" --format html | tail -n 30)" red
	# Part of it: what came before is on the screen, not in the events.
	of export "$id" --from 1h >"$T/late.cast"
	has "$(check_cast "$T/late.cast")" red
	fails_with 2 of export "$id" --from yesterday-ish
	fails_with 2 of export "$id" --format gif
}

@test "a resize is in the recording" {
	id=$(of new --size 80x24 -- cat)
	of send "$id" --enter wide
	until_shows "$id" wide
	of resize "$id" 100x30
	of send "$id" --enter wider
	until_shows "$id" wider
	of export "$id" >"$T/r.cast"
	has "$(cat "$T/r.cast")" '"r", "100x30"'
	has "$(head -n 1 "$T/r.cast")" '"cols":80'
}

@test "records come page by page, none twice and none lost, and go on where one stopped" {
	id=$(of new -- sh -c 'for i in $(seq 1 300); do echo line $i; done; exec cat')
	until_shows "$id" "line 300"
	"$PYTHON" - "$id" "$ORCHFLOW" <<'END'
import base64, json, subprocess, sys

def page(**more):
    more.update(pane=sys.argv[1])
    return json.loads(subprocess.run([sys.argv[2], "api", "pane.records", json.dumps(more)],
                                     capture_output=True, check=True).stdout)

def text(records):
    return b"".join(base64.b64decode(r["data"]) for r in records if r["kind"] == "output")

whole = page()
records, p = [], page(limit=1)
while True:
    records += p["records"]
    if p["end"]:
        break
    p = page(limit=1, cursor=p["next"])
assert records == whole["records"], (len(records), len(whole["records"]))
want = "".join(f"line {i}\r\n" for i in range(1, 301)).encode()
assert text(records) == want and whole["head"] == len(want)
assert text(page(**{"from": 100})["records"]) == want[100:]
assert page(cursor=p["next"])["records"] == []
subprocess.run([sys.argv[2], "send", sys.argv[1], "more"], check=True)
import time
for _ in range(500):
    more = page(cursor=p["next"])["records"]
    if more:
        break
    time.sleep(0.02)
assert text(more).startswith(b"m"), more
END
}

@test "what a private pane printed is not recorded" {
	id=$(of new --private -- sh -c 'echo secret; exec cat')
	until_shows "$id" secret
	fails_with 1 of export "$id"
	has "$output" recorded
	[ ! -e "$ORCHFLOW_STATE_DIR/journal/$id" ]
}

@test "forget removes what was printed, from disk and memory, and recording goes on" {
	id=$(of new -- sh -c 'seq 1 3000; printf "\033[2J\033[H"; exec cat')
	of send "$id" --enter kept-on-screen
	until_shows "$id" kept-on-screen
	has "$(of export "$id" --format text)" 1234
	of forget "$id"
	until_true "! grep -aq 1234 $ORCHFLOW_STATE_DIR/journal/$id/*"
	lacks 1234 "$(of export "$id" --format text)"
	lacks 1234 "$(of capture "$id" --history all)"
	lacks 1234 "$(of capture "$id" --format raw 2>/dev/null)"
	has "$(of capture "$id")" kept-on-screen
	of send "$id" --enter after
	until_shows "$id" after
	# Also after a crash nothing comes back, and the screen is as it was.
	kill_daemon
	has "$(of capture "$id")" kept-on-screen
	has "$(of capture "$id")" after
	lacks 1234 "$(of capture "$id" --history all)"
	has "$(of export "$id" --format text)" after
}

@test "the recording of a pane outlives its process, the daemon and the keeper" {
	id=$(of new -- sh -c 'echo long gone; exec cat')
	until_shows "$id" "long gone"
	until_true "grep -aq 'long gone' $ORCHFLOW_STATE_DIR/journal/$id/*"
	of stop >/dev/null
	has "$(of export "$id" --format text)" "long gone"
}

@test "replay plays it on the terminal, and nothing gets there unparsed" {
	command -v tmux >/dev/null || skip "no tmux"
	id=$(of new -- sh -c 'stty -echo; printf "first\n"; sleep 0.3; printf "\033]0;a title\007\033[5nlast\n"')
	of wait "$id" --exit --timeout 60s
	term new-session -d -s r -x 80 -y 24 \
		"$ORCHFLOW replay $id --idle-limit 5s --wait; echo left with \$?; exec sleep 1000"
	until_true "term capture-pane -p -t r | grep -q last"
	# Its question was not asked of this terminal: no answer was typed.
	lacks '[0n' "$(term capture-pane -p -t r)"
	term send-keys -t r q
	until_true "term capture-pane -p -t r | grep -q 'left with 0'"
	lacks first "$(term capture-pane -p -t r)"
	term kill-server
}

@test "replay says what it wants" {
	id=$(of new -- true)
	fails_with 2 of replay "$id" </dev/null
	has "$output" "needs a terminal"
	fails_with 2 of replay "$id" --speed fast
}
