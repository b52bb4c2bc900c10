#!/usr/bin/env bats
# The installed tree, and the first thing that a new user runs.
load helper

@test "an installed tree works from where it is" {
	command -v meson >/dev/null || skip "needs meson"
	meson install -C "$ORCHFLOW_BUILD" --no-rebuild --quiet --destdir "$T/dest" >/dev/null
	bin=$(find "$T/dest" -path '*/bin/orchflow')
	root=${bin%/bin/orchflow}
	[ -x "$root/libexec/orchflow/orchflowd" ]
	[ -x "$root/libexec/orchflow/orchflow-keeper" ]
	# The build's own programs must not be what it finds.
	is "$("$bin" run -- sh -c 'readlink /proc/$PPID/exe' | tr -d '\r')" "$root/libexec/orchflow/orchflow-keeper"
	"$bin" stop
	find "$root/share/man" -name 'orchflow.1*' | grep -q .
	find "$root/share/man" -name 'orchflow.conf.5*' | grep -q .
	find "$root/share" -path '*bash-completion*' -name 'orchflow*' | grep -q .
	find "$root/share" -name '_orchflow' | grep -q .
	find "$root/share" -name 'orchflow.fish' | grep -q .
}

@test "the demonstration runs to its end without a terminal and leaves nothing running" {
	run timeout 200 "$E2E/../../tools/demo" </dev/null 3>&-
	echo "$output"
	is "$status" 0
	has "$output" "still running"
	[ -z "$(keeper_pid)" ] || ! is_alive "$(keeper_pid)"
}

@test "the demonstration does not disturb what already runs" {
	of new -s demo -- sleep 1000 >/dev/null
	run timeout 200 "$E2E/../../tools/demo" </dev/null 3>&-
	is "$status" 0
	is "$(pane p1 "d['state'], d['session_name']")" "('running', 'demo')"
	is "$(status "d['sessions'], d['panes']['running']")" "(1, 1)"
}
