#!/usr/bin/env bats
# pane.run, pane.wait and command.wait with the real shells: the table of docs/automation.md.
load helper

needs()
{
	command -v "$1" >/dev/null || skip "no $1 here"
}

# The whole column of that shell.
column()
{
	needs "$1"
	printf 'PS1="\\$ "\n' >"$HOME/.bashrc"
	: >"$HOME/.zshrc"
	of ls >/dev/null
	AUTOMATION_PAUSE=$((${ORCHFLOW_E2E_SCALE:-100} > 100 ? 30 : 1)) \
		run "$PYTHON" "$E2E/automation.py" check "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "bash answers as docs/automation.md says" { column bash; }
@test "zsh answers as docs/automation.md says" { column zsh; }
@test "fish answers as docs/automation.md says" { column fish; }
@test "bash without integration answers as docs/automation.md says" { column bash --plain; }
@test "zsh without integration answers as docs/automation.md says" { column zsh --plain; }
@test "fish without integration answers as docs/automation.md says" { column fish --plain; }

@test "the table in docs/automation.md is the one that is tested" {
	"$PYTHON" "$E2E/automation.py" doc "$E2E/../../docs/automation.md"
}
