# OrchFlow's shell integration for fish (3.1 or later), read by `fish --init-command` behind the
# user's own files.  What the marks mean is told in orchflow.bash.

if status is-interactive; and set -q ORCHFLOW_NONCE
    set -g __orchflow_nonce $ORCHFLOW_NONCE
    set -g __orchflow_cwd ''

    # Backslashes and control characters, as 633 wants them.
    function __orchflow_escape
        string replace -a '\\' '\\\\' -- $argv | string replace -a ';' '\x3b' |
            string replace -a \t '\x09' | string replace -a \e '\x1b' | string replace -a \a '\x07' |
            string join '\x0a'
    end

    function __orchflow_tell_cwd
        if test "$PWD" != "$__orchflow_cwd"
            set -g __orchflow_cwd $PWD
            printf '\e]633;P;OrchflowCwd=%s;%s\a' $__orchflow_nonce (__orchflow_escape $PWD)
        end
    end

    # A prompt that was defined anew is marked anew.
    function __orchflow_mark_prompt
        if not functions -q __orchflow_marked; or not string match -q '*__orchflow_user_prompt*' -- (functions fish_prompt | string collect)
            functions -q __orchflow_user_prompt; and functions -e __orchflow_user_prompt
            functions -q fish_prompt; and functions -c fish_prompt __orchflow_user_prompt
            function __orchflow_marked
            end
            function fish_prompt
                set -l __orchflow_status $status
                printf '\e]133;A;o=%s\a' $__orchflow_nonce
                __orchflow_set_status $__orchflow_status
                functions -q __orchflow_user_prompt; and __orchflow_user_prompt
                printf '\e]133;B;o=%s\a' $__orchflow_nonce
            end
        end
    end

    function __orchflow_set_status
        return $argv[1]
    end

    function __orchflow_on_prompt --on-event fish_prompt
        __orchflow_tell_cwd
        __orchflow_mark_prompt
    end

    function __orchflow_on_preexec --on-event fish_preexec
        printf '\e]633;E;%s;%s\a\e]133;C;o=%s\a' (__orchflow_escape $argv[1]) $__orchflow_nonce $__orchflow_nonce
    end

    function __orchflow_on_postexec --on-event fish_postexec
        printf '\e]133;D;%s;o=%s\a' $status $__orchflow_nonce
        __orchflow_tell_cwd
    end

    # A key that no keyboard has: empties the line.  Ctrl-C is a signal here and may hit what fish
    # is just doing instead, its prompt for one.
    function __orchflow_clear
        commandline -r ''
        printf '\e]133;D;130;o=%s\a' $__orchflow_nonce
        commandline -f repaint
    end
    for mode in default insert visual replace
        bind -M $mode \e\[6330~ __orchflow_clear
    end

    function __orchflow_on_cancel --on-event fish_cancel
        printf '\e]133;D;130;o=%s\a' $__orchflow_nonce
    end

    # As `fish -c` exits.
    function __orchflow_on_posterror --on-event fish_posterror
        printf '\e]133;D;127;o=%s\a' $__orchflow_nonce
    end
end
set -e ORCHFLOW_NONCE
