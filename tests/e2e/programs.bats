#!/usr/bin/env bats
# Programs that paint: what a pane shows of them is what another terminal shows, each character, look and the
# cursor.  The other terminal is tmux, of the same size and with the same TERM.  And vttest, whose screens say
# what they must look like.
load helper

COLS=80 ROWS=24

reference() { TMUX_TMPDIR=$T tmux -f "$T/tmux.conf" -L reference "$@" 3>&-; }

setup_file()
{
	command -v tmux >/dev/null || skip "no tmux"
}

# in_both COMMAND: runs it in a pane ($id) and in the reference.
in_both()
{
	printf '%s\n' 'set -g status off' 'set -g default-terminal xterm-256color' 'set -g remain-on-exit on' \
		'set -sg escape-time 0' >"$T/tmux.conf"
	id=$(of new -- sh -c "exec $1")
	reference new-session -d -s r -x $COLS -y $ROWS "exec $1"
}

keys()
{
	local key
	for key; do
		of send "$id" --keys "$key"
		reference send-keys -t r "$key"
	done
}

# tmux's own picture of it, read by our emulator: ) 0 for the line drawing that it marks with SO and SI.
picture()
{
	{
		printf '\033)0'
		reference capture-pane -p -e -N -t r | sed -e '$!s/$/\r/' | head -c -1
		reference display-message -p -t r '#{cursor_y} #{cursor_x}' | { read -r y x; printf '\033[%d;%dH' $((y + 1)) $((x + 1)); }
	} | of vt --size ${COLS}x$ROWS --format json
}

# compares [PATTERN...]: once, in $output what differs.
compares()
{
	of capture "$id" --format json >"$T/ours.json" && picture >"$T/theirs.json" &&
		output=$("$PYTHON" "$E2E/same_screen.py" "$T/ours.json" "$T/theirs.json" "$@" 2>&1)
}

# same TEXT [PATTERN...]: once both show TEXT, they come to show the same.
same()
{
	local text=$1
	shift
	until_true "of capture $id | grep -qF -- '$text' && reference capture-pane -p -t r | grep -qF -- '$text'" ||
		{ of capture "$id"; reference capture-pane -p -t r; return 1; }
	masks=$(printf '%q ' "$@")
	[ $# -gt 0 ] || masks=
	until_true "compares $masks" 20 || fail "$output"
}

ends() { keys "$@"; until_state "$id" exited; reference kill-server; }

@test "mc shows what it shows in another terminal" {
	command -v mc >/dev/null || skip "no mc"
	mkdir -p "$T/config/mc" "$T/files/folder" "$T/files/größe"
	printf '%s\n' '[Layout]' 'free_space=false' 'message_visible=false' >"$T/config/mc/ini"
	seq 1 200 >"$T/files/numbers"
	printf '日本語 wide\nplain\n' >"$T/files/wide"
	touch -d '2020-02-02 02:02' "$T"/files/* "$T/files"
	cd "$T/files"
	in_both "mc -u -d '$T/files' '$T/files'"
	same numbers
	keys Down Down Down
	same numbers
	keys F9
	same Left
	keys Enter
	same 'Listing'
	keys Escape Escape F1
	same 'Help'
	keys Escape Escape Tab End F3
	same '日本語'
	keys F10 F5
	same 'Copy'
	keys Escape Escape
	ends F10
}

@test "htop shows what it shows in another terminal" {
	command -v htop >/dev/null || skip "no htop"
	printf '%s\n' htop_version=3.2.2 config_reader_min_version=3 'fields=0 48 17 18 38 39 2 1' header_layout=two_50_50 \
		column_meters_0= column_meter_modes_0= column_meters_1= column_meter_modes_1= >"$T/htoprc"
	sleep 1000 3>&- &
	sleeper=$!
	export HTOPRC=$T/htoprc
	in_both "htop -d 50 -p $sleeper"
	# The meters at the top change all the time.
	same 'sleep 1000' '^.*(Tasks|Load average|Uptime|Mem|Swp).*$' '^ *[0-9 ]+\[.*$'
	keys F9
	same 'Send signal' '^.*(Tasks|Load average|Uptime|Mem|Swp).*$' '^ *[0-9 ]+\[.*$'
	keys Escape
	ends F10
	kill $sleeper
}

@test "tmux shows what it shows in another terminal" {
	printf '%s\n' "set -g status-left '[inner] '" "set -g status-right 'right'" 'set -g automatic-rename off' \
		"set -g allow-rename off" "set -g default-command 'printf \"hello \\033[1;31mred\\033[m 日本\\n\"; exec cat'" \
		'set -g default-terminal screen-256color' >"$T/inner.conf"
	in_both "env -u TMUX tmux -f '$T/inner.conf' -L inner\$\$ new-session -n window"
	same hello
	keys C-b '"'
	same right
	keys C-b %
	same '│hello'
	keys a b c
	same abc
	keys Enter C-b Up C-b z
	same hello
	keys C-b '['
	same '[0/0]'
	keys q C-b '?'
	same 'C-b'
	keys q C-b :
	same ':'
	keys k i l l - s e r v e r
	ends Enter
}

@test "vttest's screens are what they say" {
	command -v vttest >/dev/null || skip "no vttest"
	of new -- sleep 1000 >/dev/null # starts the server
	run "$PYTHON" "$E2E/vttest.py"
	is "$output" "97 screens"
}
