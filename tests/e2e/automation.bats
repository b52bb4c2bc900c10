#!/usr/bin/env bats
# pane.run, pane.wait and command.wait with the real shells: the table of docs/automation.md.
load helper

# Every column of the table, at once: most of it is waiting.
columns()
{
	local shell plain pid bad=0
	local -A pids
	printf 'PS1="\\$ "\n' >"$HOME/.bashrc"
	: >"$HOME/.zshrc"
	of ls >/dev/null
	export AUTOMATION_PAUSE=$((${ORCHFLOW_E2E_SCALE:-100} > 100 ? 30 : 1))
	for shell in "$@"; do
		command -v "$shell" >/dev/null || { echo "# no $shell here" >&3; continue; }
		for plain in "" --plain; do
			"$PYTHON" "$E2E/automation.py" check "$shell" $plain >"$T/$shell$plain" 2>&1 3>&- &
			pids[$!]=$shell$plain
		done
	done
	for pid in "${!pids[@]}"; do
		wait "$pid" && continue
		bad=1
		cat "$T/${pids[$pid]}"
	done
	return $bad
}

@test "bash, zsh and fish answer as docs/automation.md says, with and without integration" {
	columns bash zsh fish
}

many()
{
	command -v "$1" >/dev/null || { echo "# no $1 here" >&3; return 0; }
	run "$PYTHON" "$E2E/run_many.py" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $output" >&3
}

@test "hundreds of commands in a row in one shell, and not a byte or a status is wrong" {
	local n=500
	[ "${ORCHFLOW_E2E_SCALE:-100}" -le 100 ] || n=10000
	of ls >/dev/null
	many bash $n
	many zsh $((n / 5))
	many fish $((n / 10))
}

@test "the table in docs/automation.md is the one that is tested" {
	"$PYTHON" "$E2E/automation.py" doc "$E2E/../../docs/automation.md"
}
