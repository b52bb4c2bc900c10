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

# in_shell SHELL RC-FILE TEXT [ARG...]: with these lines in the user's own file, four commands answer as they should.
in_shell()
{
	local shell=$1 rc=$2 p
	command -v "$shell" >/dev/null || { echo "# no $shell here" >&3; return 0; }
	mkdir -p "$(dirname "$HOME/$rc")"
	printf '%s\n' "$3" >"$HOME/$rc"
	shift 3
	p=$(of new -- "$shell" "$@")
	[ "$(of run -p "$p" -t 30s -- 'echo hi')" = hi ]
	fails_with 1 of run -p "$p" -t 30s -- false
	[ "$(of run -p "$p" -t 30s -- 'printf abc')" = abc ]
	[ "$(of run -p "$p" -t 30s --json -- 'true' | "$PYTHON" -c 'import json,sys; r=json.load(sys.stdin); print(r["text"], r["exit_code"], r["evidence"])')" = "true 0 marks" ]
	has "$(of run -p "$p" -t 30s -- 'env | grep -i -c -e nonce -e 133 || :')" 0
	of kill "$p" --grace 0 >/dev/null
}

@test "bash is asked whatever the user has made of prompt, hooks and traps" {
	in_shell bash .bashrc ''
	in_shell bash .bashrc 'PS1="\[\e[32m\]\u\n\w\[\e[0m\] \$ "; PROMPT_COMMAND="echo -n; false"'
	in_shell bash .bashrc 'PROMPT_COMMAND=(true "PS1=\"\$? \$RANDOM \$ \"")'
	in_shell bash .bashrc 'trap "last=\$BASH_COMMAND" DEBUG; trap "true" ERR; set -o functrace'
	in_shell bash .bashrc 'make_prompt() { PS1="[$?] $(date +%N) > "; PS0=""; }; PROMPT_COMMAND=make_prompt'
	in_shell bash .bashrc 'set -u; shopt -u promptvars; HISTCONTROL=ignoreboth; export PS1="$ "'
	in_shell bash .bashrc 'bind "set enable-bracketed-paste off"'
	in_shell bash .bash_profile 'export FROM_PROFILE=1; PS1="login "' -l
	[ ! -e "$HOME/.sh_history" ]
}

@test "zsh and fish are asked whatever the user has made of prompt and hooks" {
	in_shell zsh .zshrc 'precmd() { PROMPT="$? $RANDOM %# "; print -Pn "\e]0;t\a" }; preexec() { print -Pn "\e]0;$1\a" }'
	in_shell zsh .zshrc 'setopt prompt_subst no_prompt_sp; PROMPT="\$(date +%N) %# "; RPROMPT="right"'
	in_shell zsh .zshrc 'setopt no_unset; PROMPT_EOL_MARK=""; add() { PS1="x %# " }; autoload -U add-zsh-hook; add-zsh-hook precmd add'
	in_shell fish .config/fish/config.fish 'function fish_prompt; echo "$status"; echo -n "two> "; end; function fish_right_prompt; date; end'
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
