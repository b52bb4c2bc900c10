#!/usr/bin/env bats
# Layouts with real panes: what the programs in them see of their places.
load helper

# size ID: as the program in there sees it, "COLSxROWS".
size() { pane "$1" '"%dx%d" % (d["cols"], d["rows"])'; }
tree() { of layout show "$@" --json | field 'd["tree"]'; }
# The same from inside: the terminal's own size.
stty_size()
{
	of send "$1" --enter 'stty size' && until_shows "$1" "^$2\$"
}

@test "the templates that ship start their panes in 70 and 30 parts, and a crash leaves them so" {
	of layout apply dev -s work --size 100x41 >"$T/out"
	is "$(cat "$T/out")" "dev rows(70 p1, 30 p2)"
	is "$(size p1) $(size p2)" "100x28 100x12"
	is "$(pane p1 'd["kind"]') $(pane p2 'd["kind"]')" "editor terminal"
	stty_size p1 '28 100'
	of layout apply test -s work --size 100x41 >/dev/null
	is "$(tree -s work)" "cols(50 p3, 50 rows(50 p4, 50 p5))"
	kill_daemon
	is "$(tree -s work)" "cols(50 p3, 50 rows(50 p4, 50 p5))"
	of layout select dev -s work >/dev/null
	is "$(tree -s work)" "rows(70 p1, 30 p2)"
	stty_size p2 '12 100'
	fails_with 1 of layout apply nope
	has "$output" "no such layout template"
}

@test "splitting, resizing and closing reach the programs" {
	of new >/dev/null
	is "$(of layout split p1 --below --ratio 1/4 -- sh -c 'stty size; exec cat')" p2
	until_shows p2 '^6 80$'
	stty_size p1 '17 80'
	is "$(of layout resize p1 --rows -8)" "1 rows(9 p1, 14 p2)"
	stty_size p1 '9 80'
	of layout zoom p1 >/dev/null
	stty_size p1 '24 80'
	of layout zoom p1 >/dev/null
	of layout swap p1 p2 >/dev/null
	is "$(size p1)" 80x14
	of send p2 --keys C-d
	until_state p2 exited
	is "$(tree)" p1
	stty_size p1 '24 80'
	fails_with 1 of resize p1 90x30
	has "$output" "the pane is in a layout"
	of layout close p1
	of resize p1 90x30
	is "$(of layout ls --json)" "[]"
}

@test "a layout from text takes panes that are there and starts the rest" {
	of new >/dev/null
	is "$(of layout new 'cols(2 p1, rows(logs="echo \"hi there\"; exec cat", shell))' -n mine --size 62x21)" \
		"mine cols(2 p1, 1 rows(1 p2, 1 p3))"
	until_shows p2 'hi there'
	is "$(of layout show mine --json | field '[(p["pane"], p["x"], p["y"], p["cols"], p["rows"]) for p in d["panes"]]')" \
		"[('p1', 0, 0, 40, 21), ('p2', 41, 0, 21, 10), ('p3', 41, 11, 21, 10)]"
	refused LAYOUT_INVALID layout.create '{"tree":"cols(p1"}'
	refused LAYOUT_TOO_SMALL layout.create '{"tree":"cols(a,b,c,d)","cols":8}'
	refused IN_LAYOUT layout.create '{"tree":"p1"}'
	refused LAYOUT_NOT_FOUND layout.get '{"layout":"other"}'
	is "$(of ls -q | wc -l)" 3
}

@test "viewers of the layout set the area, and events tell of it" {
	of new >/dev/null
	of layout split p1 >/dev/null
	PYTHONPATH=$E2E timeout 120 "$PYTHON" -c "from prelude import *
import client
$(cat <<'E2'
watcher = client.Client()
watcher.call("events.subscribe", kinds=["layout.changed"])
c.call("layout.attach", cols=121, rows=30)
d = client.Client()
d.call("layout.attach", cols=61, rows=40)
places = [(p["cols"], p["rows"]) for p in c.call("layout.get")["panes"]]
assert places == [(30, 30), (30, 30)], places
d.close()
seen = []
while seen[-3:] != [121, 61, 121]:
    name, event = watcher.event()
    if event["layouts"][0]["cols"] not in seen[-1:]:
        seen.append(event["layouts"][0]["cols"])
places = [(p["cols"], p["rows"]) for p in c.call("layout.get")["panes"]]
assert places == [(60, 30), (60, 30)], places
E2
)" 3>&-
}

@test "templates of the configuration, and what is wrong with them" {
	mkdir -p "$T/config/orchflow"
	printf '[layouts]\ntwo = cols(1 a, 3 b)\ndev = one\n' >"$T/config/orchflow/orchflow.conf"
	is "$(of layout apply two --size 81x10)" "two cols(1 p1, 3 p2)"
	is "$(of layout templates --json | field '[t["tree"] for t in d if t["name"] == "dev"]')" "['one']"
	printf '[layouts]\nbad = cols(a\n' >"$T/config/orchflow/orchflow.conf"
	fails_with 1 of reload
	has "$output" "orchflow.conf:2"
	has "$output" "closing parenthesis"
}
