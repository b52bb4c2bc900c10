# OrchFlow's shell integration for bash (5.1 or later; what is missing in older ones is left out).
#
# It is read in place of ~/.bashrc (bash --rcfile) or, of a login shell, through ENV (bash --posix
# --login), and reads what bash itself would have read.  It marks where prompts, commands and their
# output begin and end, with sequences that show nothing.  Nothing is written to the user's files.
#
#   133;A 133;B   around the prompt       133;C   output begins     133;D;STATUS   the command ended
#   633;P;OrchflowLine  the history line  633;P;OrchflowCwd  the working directory
#
# Each carries a secret that only this shell knows, so that output cannot forge it.
# shellcheck shell=bash

if [[ -n ${ORCHFLOW_LOGIN-} ]]; then
	unset ORCHFLOW_LOGIN
	builtin set +o posix
	builtin shopt -u inherit_errexit 2>/dev/null
	if [[ -n ${ORCHFLOW_ENV+set} ]]; then
		export ENV=$ORCHFLOW_ENV
		unset ORCHFLOW_ENV
	else
		unset ENV
	fi
	# In POSIX mode bash chose another file.
	[[ ${HISTFILE-} != "${HOME-}/.sh_history" ]] || HISTFILE=~/.bash_history
	[[ ! -r /etc/profile ]] || builtin source /etc/profile
	if [[ -r ~/.bash_profile ]]; then
		builtin source ~/.bash_profile
	elif [[ -r ~/.bash_login ]]; then
		builtin source ~/.bash_login
	elif [[ -r ~/.profile ]]; then
		builtin source ~/.profile
	fi
elif [[ -r ~/.bashrc ]]; then
	builtin source ~/.bashrc
fi

if [[ $- == *i* && -n ${ORCHFLOW_NONCE-} && -z ${__orchflow_nonce-} ]]; then

__orchflow_nonce=$ORCHFLOW_NONCE
builtin unset ORCHFLOW_NONCE

# Prompt escapes, decoded each time a prompt is shown; \[ \] tell readline that they take no room.
__orchflow_a="\\[\\e]133;A;o=$__orchflow_nonce\\a\\]"
__orchflow_b="\\[\\e]133;B;o=$__orchflow_nonce\\a\\]"
__orchflow_k="\\[\\e]133;A;k=s;o=$__orchflow_nonce\\a\\]"
__orchflow_bang='\!' __orchflow_number='' __orchflow_line='' __orchflow_esc='' __orchflow_nl=$'\n' __orchflow_x=x __orchflow_bs='\'
__orchflow_escaped='\\' __orchflow_newline='\x0a' __orchflow_cwd=''

# PS0 is expanded when a line was read and is about to be run.  The line is what the history has
# as its last; the number that a new one would have got tells whether it was stored at all.  Only
# expansions, so that the one command substitution is all that it costs: the first of them assigns
# and always comes to nothing.  Escapes are put in twice, for backslashes and for newlines.
# shellcheck disable=SC2016
__orchflow_c='${__orchflow_x#[x"${__orchflow_line:=$(HISTTIMEFORMAT="" builtin history 1)}"]}'
__orchflow_c+="\\e]633;P;OrchflowLine=$__orchflow_nonce;"
# shellcheck disable=SC2016
__orchflow_c+='$__orchflow_number;${__orchflow_x#[x"${__orchflow_esc:=${__orchflow_line//"$__orchflow_bs"/"$__orchflow_escaped"}}"]}'
# shellcheck disable=SC2016
__orchflow_c+='${__orchflow_esc//"$__orchflow_nl"/"$__orchflow_newline"}\a'
__orchflow_c+="\\e]133;C;o=$__orchflow_nonce\\a"
__orchflow_c_plain="\\e]133;C;o=$__orchflow_nonce\\a"

__orchflow_pre()
{
	local status=$?
	builtin printf '\e]133;D;%s;o=%s\a' "$status" "$__orchflow_nonce" >&2
	if [[ $PWD != "$__orchflow_cwd" ]]; then
		__orchflow_cwd=$PWD
		local path=${PWD//"$__orchflow_bs"/"$__orchflow_escaped"}
		path=${path//$'\n'/"$__orchflow_newline"}
		builtin printf '\e]633;P;OrchflowCwd=%s;%s\a' "$__orchflow_nonce" "$path" >&2
	fi
	__orchflow_line='' __orchflow_esc=''
	# What was added behind us may write PS1 anew.  Only adding at the end is safe while bash
	# goes through the list.
	if [[ ${__orchflow_has_array-} && ${PROMPT_COMMAND[-1]-} != __orchflow_post ]]; then
		PROMPT_COMMAND+=(__orchflow_post)
	fi
	return "$status"
}

__orchflow_post()
{
	local plain
	# Another shell that inherited it would show our marks as its own.
	builtin export -n PS1 PS2 PS0
	if [[ ${PS1-} != "${__orchflow_ps1-?}" ]]; then
		plain=${PS1-}
		plain=${plain//"$__orchflow_a"/}
		plain=${plain//"$__orchflow_b"/}
		PS1=$__orchflow_a$plain$__orchflow_b
		__orchflow_ps1=$PS1
	fi
	if [[ ${PS2-} != "${__orchflow_ps2-?}" ]]; then
		plain=${PS2-}
		plain=${plain//"$__orchflow_k"/}
		PS2=$__orchflow_k${plain//"$__orchflow_b"/}$__orchflow_b
		__orchflow_ps2=$PS2
	fi
	if [[ ${PS0-} != "${__orchflow_ps0-?}" ]]; then
		plain=${PS0-}
		plain=${plain//"$__orchflow_c"/}
		plain=${plain//"$__orchflow_c_plain"/}
		if builtin shopt -q promptvars; then
			PS0=$plain$__orchflow_c
		else
			PS0=$plain$__orchflow_c_plain
		fi
		__orchflow_ps0=$PS0
	fi
	if [[ ${__orchflow_has_array-} && ${PROMPT_COMMAND[0]-} != *__orchflow_pre* ]]; then
		PROMPT_COMMAND[0]="__orchflow_pre;${PROMPT_COMMAND[0]-}"
	fi
	__orchflow_number=${__orchflow_bang@P}
	return 0
}

if ((BASH_VERSINFO[0] > 5 || (BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] >= 1))); then
	__orchflow_has_array=1
	PROMPT_COMMAND=(__orchflow_pre "${PROMPT_COMMAND[@]}" __orchflow_post)
else
	__orchflow_has_array=''
	PROMPT_COMMAND="__orchflow_pre${PROMPT_COMMAND:+; $PROMPT_COMMAND}; __orchflow_post"
fi

fi
