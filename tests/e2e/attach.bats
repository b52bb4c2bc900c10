#!/usr/bin/env bats
# attach, in a real terminal: tmux is the terminal, and what it shows is what a person would see.
load helper

term() { TMUX_TMPDIR=$T tmux -f /dev/null -L t "$@" 3>&-; }

# in_terminal NAME COLSxROWS COMMAND: a terminal that stays when the command ends
in_terminal()
{
	term new-session -d -s "$1" -x "${2%x*}" -y "${2#*x}" "$3"\; set -g remain-on-exit on\; set -g status off
	term set -g default-terminal xterm-256color
}

# The same, but records how attach left the terminal.
attached()
{
	in_terminal "$1" "$2" "stty -g >$T/$1.before; $ORCHFLOW attach $3; echo \"left with \$?\"; stty -g >$T/$1.after; exec sleep 1000"
}

screen() { term capture-pane -p -t "$1"; }
type_in() { term send-keys -t "$@"; }
until_screen() { until_true "screen $1 | grep -qE -- '$2'" || { screen "$1"; return 1; }; }
left_as_found() { until_true "[ -s $T/$1.after ]" && is "$(cat "$T/$1.after")" "$(cat "$T/$1.before")"; }

@test "attach shows the shell, takes keys and leaves the terminal as it found it" {
	id=$(of new -s work -- sh)
	attached t 80x24 work
	until_screen t '\$'
	type_in t 'echo $((6 * 7))' Enter
	until_screen t '^42'
	type_in t 'C-\' 'C-\'
	until_screen t 'left with 0'
	left_as_found t
	is "$(pane "$id" "d['state']")" running
}

@test "attach again shows what there was" {
	of new -s work -- sh -c 'echo remember me; exec sh' >/dev/null
	until_shows work 'remember me'
	attached t 80x24 work
	until_screen t 'remember me'
}

@test "vim works in attach" {
	vim=$(command -v vim || command -v vim.tiny || command -v vi)
	id=$(of new -- "$vim" -u NONE -N "$T/text")
	attached t 80x24 "$id"
	until_screen t '^~'
	type_in t 'ihello from vim' Escape
	until_screen t '^hello from vim'
	type_in t 'yyp' ':wq' Enter
	until_screen t 'left with 0'
	is "$(cat "$T/text")" $'hello from vim\nhello from vim'
	left_as_found t
}

@test "less works in attach" {
	seq 1 500 >"$T/lines"
	id=$(of new -- less "$T/lines")
	attached t 80x24 "$id"
	until_screen t '^23$'
	type_in t G
	until_screen t '^500$'
	type_in t '?^250$' Enter
	until_screen t '^250$'
	type_in t q
	until_screen t 'left with'
}

@test "top works in attach" {
	id=$(of new -- top -d 0.5)
	attached t 100x30 "$id"
	until_screen t 'load average'
	until_screen t 'PID +USER'
	type_in t q
	until_screen t 'left with 0'
	left_as_found t
}

@test "python3 works in attach" {
	id=$(of new -- "$PYTHON" -q)
	attached t 80x24 "$id"
	until_screen t '>>>'
	type_in t 'print(6 * 7)' Enter
	until_screen t '^42'
	type_in t 'x = input("name? ")' Enter
	until_screen t 'name\?'
	type_in t 'abc' Enter 'x[::-1]' Enter
	until_screen t "'cba'"
	type_in t C-d
	until_screen t 'left with 0'
}

@test "the pane's size follows the terminal" {
	id=$(of new -- sh)
	attached t 90x20 "$id"
	until_true "[ \"\$(pane $id \"d['cols'], d['rows']\")\" = '(90, 20)' ]"
	term resize-window -t t -x 70 -y 15
	until_true "[ \"\$(pane $id \"d['cols'], d['rows']\")\" = '(70, 15)' ]"
	type_in t 'stty size' Enter
	until_screen t '^15 70'
}

@test "of two clients the smaller one sets the size; --ignore-size sets none" {
	id=$(of new -- sh)
	attached big 100x40 "$id"
	until_true "[ \"\$(pane $id \"d['cols'], d['rows']\")\" = '(100, 40)' ]"
	attached small 60x18 "$id"
	until_true "[ \"\$(pane $id \"d['cols'], d['rows']\")\" = '(60, 18)' ]"
	type_in big 'echo seen by both' Enter
	until_screen small '^seen by both'
	until_screen big '^seen by both'
	type_in small 'C-\' 'C-\'
	until_screen small 'left with 0'
	until_true "[ \"\$(pane $id \"d['cols'], d['rows']\")\" = '(100, 40)' ]"
	attached tiny 30x10 "--ignore-size $id"
	until_screen tiny 'seen by both'
	is "$(pane "$id" "d['cols'], d['rows']")" "(100, 40)"
}

@test "attach survives the death of the daemon, without a word" {
	id=$(of new -- sh)
	attached t 80x24 "$id"
	until_screen t '\$'
	for n in 1 2 3; do
		kill_daemon
		type_in t "echo after \$((100 + $n))" Enter
		until_screen t "^after 10$n"
	done
	screen t | grep -qi connect && fail "$(screen t)"
	type_in t 'C-\' 'C-\'
	until_screen t 'left with 0'
	left_as_found t
}

@test "nothing is lost or shown twice on the screen when the daemon dies while it prints" {
	# shellcheck disable=SC2016
	id=$(of new -- sh -c 'read x; i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "row $i"; sleep 0.02; done; read x')
	attached t 80x80 "$id"
	until_true "[ \"\$(pane $id \"d['rows']\")\" = 80 ]"
	type_in t Enter
	until_screen t 'row 10$'
	kill_daemon
	until_screen t 'row 35$'
	kill_daemon
	until_screen t 'row 60$'
	is "$(screen t | grep -cE '^row [0-9]+$')" 60
}

@test "attach ends when the command does, and the terminal is as it was" {
	id=$(of new -- sh)
	attached t 80x24 "$id"
	until_screen t '\$'
	type_in t 'exit 3' Enter
	until_screen t 'left with'
	left_as_found t
}

@test "attach leaves the terminal as it was on SIGTERM, on a hang-up of the other side and on stop" {
	id=$(of new -- sh -c 'printf "\033[?1049h\033[?25l\033[?1000hfull screen"; exec sleep 1000')
	attached a 80x24 "$id"
	until_screen a 'full screen'
	kill -TERM "$(pgrep -f "^$ORCHFLOW attach $id")"
	left_as_found a
	until_screen a 'left with'
	is "$(term display-message -p -t a '#{alternate_on} #{cursor_flag} #{mouse_standard_flag}')" "0 1 0"
	attached b 80x24 "$id"
	until_true "[ \"\$(pane $id \"d['viewers']\")\" = 1 ]"
	of stop >/dev/null
	left_as_found b
	until_screen b 'left with'
}

@test "attach without a terminal, or to nothing, says so" {
	of new -s work -- sleep 1000 >/dev/null
	run of attach work </dev/null
	[ "$status" -ne 0 ] || fail "attached to nothing"
	has "$output" terminal
	in_terminal t 80x24 "$ORCHFLOW attach nobody; echo \"left with \$?\"; exec sleep 1000"
	until_screen t 'nobody'
	until_screen t 'left with 1'
}

@test "a pane that floods does not keep attach from leaving" {
	id=$(of new -- sh -c 'while :; do seq 1 100000; done')
	attached t 80x24 "$id"
	until_screen t '[0-9]{3}'
	type_in t 'C-\' 'C-\'
	until_screen t 'left with 0'
}
