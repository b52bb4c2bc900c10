# OrchFlow's shell integration for zsh.
#
# zsh reads it because ZDOTDIR points here; it puts ZDOTDIR back at once, so that zsh itself finds
# the user's other files, and reads the user's .zshenv.  The rest is done before the first prompt,
# when those were read.  What the marks mean is told in orchflow.bash.

if [[ -n "${ORCHFLOW_ZDOTDIR+set}" ]]; then
	builtin export ZDOTDIR="$ORCHFLOW_ZDOTDIR"
	builtin unset ORCHFLOW_ZDOTDIR
else
	builtin unset ZDOTDIR
fi
if [[ -o interactive && -n "${ORCHFLOW_NONCE-}" ]]; then
	builtin typeset -g __orchflow_nonce="$ORCHFLOW_NONCE"
fi
builtin unset ORCHFLOW_NONCE

if [[ -o interactive && -n "${__orchflow_nonce-}" ]]; then

builtin typeset -g __orchflow_cwd= __orchflow_ps1= __orchflow_ps2= __orchflow_eol_of=

# Backslash, semicolon and what is no character, as 633 wants them.
__orchflow_escape() {
	builtin emulate -L zsh
	builtin setopt extended_glob
	REPLY=$1
	[[ $REPLY == *[\\\;[:cntrl:]]* ]] || builtin return 0
	REPLY=${REPLY//(#m)[\\\;[:cntrl:]]/\\x${(l:2::0:)$(([##16]#MATCH))}}
}

# Before any other hook.  What zsh printed last is what it shows behind output without an end of
# line (PROMPT_SP): `eol` says how many bytes of it there are, so that they are not taken for output.
__orchflow_precmd() {
	builtin local -i __orchflow_status=$?
	if [[ -n "${__orchflow_told-}" ]]; then
		__orchflow_told=
		builtin return $__orchflow_status
	fi
	__orchflow_told=1
	{
		builtin emulate -L zsh -o no_err_exit -o no_err_return
		builtin local eol= REPLY= __orchflow_said=$__orchflow_status
		if [[ ${__orchflow_sp-} == 1 ]]; then
			if [[ "${PROMPT_EOL_MARK-unset}" != "$__orchflow_eol_of" ]]; then
				__orchflow_eol_of=${PROMPT_EOL_MARK-unset}
				builtin setopt prompt_percent
				builtin local mark="${(%)${PROMPT_EOL_MARK-%B%S%#%s%b}}"
				builtin setopt no_multibyte
				builtin typeset -g __orchflow_eol_bytes=$#mark
				builtin setopt multibyte
			fi
			eol=";eol=$((__orchflow_eol_bytes + COLUMNS + 2))"
		fi
		# What ran nothing leaves $? as it was, which would not be its status.
		[[ -n "${__orchflow_ran-}" ]] || __orchflow_said=
		__orchflow_ran=
		builtin print -rnu2 -- $'\e]133;D;'"$__orchflow_said$eol;o=$__orchflow_nonce"$'\a'
		if [[ "$PWD" != "$__orchflow_cwd" ]]; then
			__orchflow_cwd=$PWD
			__orchflow_escape "$PWD"
			builtin print -rnu2 -- $'\e]633;P;OrchflowCwd='"$__orchflow_nonce;$REPLY"$'\a'
		fi
	}
	builtin return $__orchflow_status
}

# Behind all other hooks: a prompt that they wrote anew is marked anew.
__orchflow_prompt() {
	builtin local -i __orchflow_status=$?
	{
		# Another shell that inherited it would show our marks as its own.
		builtin typeset -g +x PS1 PS2 PROMPT PROMPT2
		builtin local a=$'%{\e]133;A;o='"$__orchflow_nonce"$'\a%}'
		builtin local b=$'%{\e]133;B;o='"$__orchflow_nonce"$'\a%}'
		builtin local k=$'%{\e]133;A;k=s;o='"$__orchflow_nonce"$'\a%}'
		if [[ "${PS1-}" != "$__orchflow_ps1" ]]; then
			PS1=$a${${${PS1-}//"$a"/}//"$b"/}$b
			__orchflow_ps1=$PS1
		fi
		if [[ "${PS2-}" != "$__orchflow_ps2" ]]; then
			PS2=$k${${${PS2-}//"$k"/}//"$b"/}$b
			__orchflow_ps2=$PS2
		fi
		__orchflow_told=
		__orchflow_order
	}
	builtin return $__orchflow_status
}

__orchflow_preexec() {
	builtin local REPLY=
	__orchflow_ran=1
	__orchflow_sp=0
	[[ ! ( -o prompt_sp && -o prompt_cr ) ]] || __orchflow_sp=1
	__orchflow_escape "$1"
	builtin print -rnu2 -- $'\e]633;E;'"$REPLY;$__orchflow_nonce"$'\a\e]133;C;o='"$__orchflow_nonce"$'\a'
}

# First and last among the hooks, also when others came meanwhile.  A function `precmd` would come
# even before the first.
__orchflow_order() {
	builtin emulate -L zsh
	if [[ "${precmd_functions[1]-}" != __orchflow_precmd ]]; then
		precmd_functions=(__orchflow_precmd ${precmd_functions:#__orchflow_precmd})
	fi
	if [[ "${precmd_functions[-1]-}" != __orchflow_prompt ]]; then
		precmd_functions=(${precmd_functions:#__orchflow_prompt} __orchflow_prompt)
	fi
	if [[ "${preexec_functions[-1]-}" != __orchflow_preexec ]]; then
		preexec_functions=(${preexec_functions:#__orchflow_preexec} __orchflow_preexec)
	fi
	if (( $+functions[precmd] )) && [[ "$functions[precmd]" != *__orchflow_precmd* ]]; then
		functions[__orchflow_user_precmd]=$functions[precmd]
		functions[precmd]='__orchflow_precmd; __orchflow_user_precmd "$@"'
	fi
}

__orchflow_begin() {
	builtin local -i __orchflow_status=$?
	precmd_functions=(${precmd_functions:#__orchflow_begin})
	__orchflow_sp=1
	[[ -o prompt_sp && -o prompt_cr ]] || __orchflow_sp=0
	__orchflow_order
	__orchflow_precmd
	__orchflow_prompt
	# The hooks behind us were listed before ours was: they may still write this first prompt.
	builtin autoload -Uz add-zle-hook-widget
	add-zle-hook-widget line-init __orchflow_first 2>/dev/null
	builtin return $__orchflow_status
}

__orchflow_first() {
	add-zle-hook-widget -d line-init __orchflow_first
	[[ "${PS1-}" != "$__orchflow_ps1" ]] || builtin return 0
	__orchflow_prompt
	builtin zle reset-prompt
}

builtin typeset -ga precmd_functions
precmd_functions+=(__orchflow_begin)

fi

if [[ -r "${ZDOTDIR-$HOME}/.zshenv" ]]; then
	builtin source "${ZDOTDIR-$HOME}/.zshenv"
fi
