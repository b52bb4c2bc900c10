"""What pane.run, pane.wait and command.wait answer: one row each of docs/automation.md and of the test.

A row: its name, what is typed or done, and the answer for bash, zsh, fish and for any of them without
integration.  `SAME`: as the column to the left.  An answer is written by `show`, see automation.py:
digits of three and more are written N, and `~` stands for the home directory.
"""

SAME = None
NO = "NO_INTEGRATION"


class Case:
    def __init__(self, name, typed, bash, zsh=SAME, fish=SAME, plain=NO, fresh=False, how="run", **params):
        zsh = bash if zsh is SAME else zsh
        self.name, self.typed, self.how, self.params, self.fresh = name, typed, how, params, fresh
        self.answers = {"bash": bash, "zsh": zsh, "fish": zsh if fish is SAME else fish, "plain": plain}

    def row(self):
        answers = [self.answers[k] for k in ("bash", "zsh", "fish", "plain")]
        return "| %s | %s | %s |" % (self.name, code(self.typed), " | ".join(answers))


def code(text):
    shown = text.replace("\n", "⏎").replace("|", "\\|").replace("\x1b", "\\e").replace("\x07", "\\a")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


RUNS = [
    Case("success", "echo hi", "`hi⏎` 0 marks"),
    Case("failure", "false", "nothing 1 marks"),
    Case("no end of line", "printf abc", "`abc` 0 marks"),
    Case("blanks at the end of a line", "echo 'a  '", "`a  ⏎` 0 marks"),
    Case("quotes", "echo \"a  b\" 'c d' e\\ f", "`a  b c d e f⏎` 0 marks"),
    Case("not ASCII", "echo 'é 漢 🙂'", "`é 漢 🙂⏎` 0 marks"),
    Case("tab", "echo 'a\tb'", "`a       b⏎` 0 marks", fish="INVALID_PARAMS"),
    Case("history expansion is the shell's own", "echo 'a!b'", "`a!b⏎` 0 marks"),
    Case("two lines", "echo a\necho b", "`a⏎b⏎` 0 marks"),
    Case("loop over lines", "for i in 1 2\ndo\n  echo $i\ndone", "`1⏎2⏎` 0 marks",
         fish="COMMAND_INCOMPLETE"),
    Case("quoted end of line", "echo 'a\nb'", "`a⏎b⏎` 0 marks"),
    Case("here-document", "cat <<E\nx $((1+1))\nE", "`x 2⏎` 0 marks", fish="error 127 marks, did not run"),
    Case("background job", "sleep 30 &", "`[1] N⏎` 0 marks", fish="nothing 0 marks"),
    Case("changes directory", "mkdir -p d && cd d", "nothing 0 marks, in ~, then ~/d", how="cwd"),
    Case("back again", "cd", "nothing 0 marks, in ~/d, then ~", how="cwd"),
    Case("colours", "printf '\\033[31mred\\033[0m\\n'", "`red⏎` 0 marks"),
    Case("progress bar", "printf '10%%\\r50%%\\r100%%\\n'", "`100%⏎` 0 marks"),
    Case("wrapped line is one line", "printf '%0100d\\n' 7", "`" + "0" * 99 + "7⏎` 0 marks"),
    Case("clears the screen", "echo gone; printf '\\033[H\\033[2J'; echo x", "`x⏎` 0 marks"),
    Case("alternate screen", "printf '\\033[?1049hsecret\\033[?1049l'; echo back", "`back⏎` 0 marks"),
    Case("bytes", "printf 'a\\r\\n\\033[1mb'", "`a\\r\\r⏎\\e[1mb` 0 marks", output="raw"),
    Case("stderr is in it", "echo e >&2", "`e⏎` 0 marks"),
    Case("killed by a signal", "sh -c 'kill -9 $$'", "killed 137 SIGKILL marks", "killed 137 SIGKILL marks",
         "killed 137 SIGKILL marks"),
    Case("exit status of a subshell", "sh -c 'exit 42'", "nothing 42 marks"),
    Case("syntax error", ")", "error 2 marks, did not run", "error marks, did not run",
         "error 127 marks, did not run"),
    Case("no such command", "no-such-command-at-all", "error 127 marks"),
    Case("comment", "# nothing", "nothing 127 marks, did not run", "error 127 marks", "nothing 127 marks"),
    Case("incomplete command", "echo \"abc", "COMMAND_INCOMPLETE"),
    Case("nothing", " ", "INVALID_PARAMS", plain="INVALID_PARAMS"),
    Case("keys instead of text", "echo a\x03", "INVALID_PARAMS", plain="INVALID_PARAMS"),
    Case("prints our marks without the secret", "printf '\\033]133;D;7\\a\\033]133;A\\a\\033]133;B\\a'; echo x; false",
         "`x⏎` 1 marks"),
    Case("prints our marks with a wrong secret", "printf '\\033]133;D;7;o=0000000000000000\\a'; echo x",
         "`x⏎` 0 marks"),
    Case("output stops in the middle", "echo a; sleep {pause}; echo b", "`a⏎b⏎` 0 marks"),
    Case("interrupted with Ctrl-C by somebody", "sleep 30", "killed 130 SIGINT marks", how="interrupted"),
    Case("deadline, and the end later", "sleep 1; echo late", "running, then `late⏎` 0 marks", how="deadline"),
    Case("client vanishes, and asks again", "sleep 1; echo still", "`still⏎` 0 marks", how="vanish"),
    Case("too long: both ends", "seq 1000", "`1⏎2⏎` gap `N⏎N⏎1000⏎` 0 marks", how="budget", max_lines=5),
    Case("too long: the end", "seq 1000", "gap `N⏎N⏎N⏎1000⏎` 0 marks", how="budget", max_lines=4, keep="tail"),
    Case("busy", "sleep 30", "PANE_BUSY", how="busy"),
    Case("busy, queued", "sleep 1", "`after⏎` 0 marks", how="queued"),
    Case("somebody is typing at the prompt", "echo typed", "PANE_BUSY", how="typing"),
    Case("a shell in the shell", "sh", "PANE_BUSY", how="inside"),
    Case("a shell in the shell, idle_ms", "sh", "none", plain="none", how="inside-idle"),
    Case("replaced by exec", "exec sh", "PANE_BUSY", how="inside", fresh=True),
    Case("leaves", "exit 3", "shell ended 3 wait-status", fresh=True),
    Case("exec", "exec sh -c 'echo x; exit 4'", "shell ended 4 wait-status", fresh=True),
    Case("shell dies", "kill -9 {self}", "shell ended 137 SIGKILL wait-status", fresh=True),
    Case("strict shell", "{strict}", "nothing 0 marks", "nothing 0 marks", "nothing 0 marks"),
]

WAITS = [
    Case("prompt, at it", "", "prompt marks", how="wait-prompt"),
    Case("prompt, behind a command", "sleep 0.5", "prompt marks", how="wait-prompt-behind"),
    Case("end of a command", "sh -c 'sleep 0.3; exit 5'", "command_end 5 marks", how="wait-end"),
    Case("pattern", "echo he''llo", "match `hello` output", plain="match `hello` output", how="wait-regex"),
    Case("text itself", "echo 'a.b''*c'", "match `a.b*c` output", plain="match `a.b*c` output", how="wait-text"),
    Case("idle", "", "idle output", plain="idle output", how="wait-idle"),
    Case("exit", "exit 6", "exit 6 wait-status", plain="exit 6 wait-status", how="wait-exit", fresh=True),
    Case("line wanted", "sh -c 'read x'", "input line syscall", plain="input line syscall", how="wait-input"),
    Case("password wanted", "sh -c 'stty -echo; printf Password:; read x; stty echo'",
         "input password syscall", plain="input password syscall", how="wait-input"),
    Case("key wanted", "sh -c 'stty raw -echo; printf key?; head -c 1; stty sane'", "input raw termios",
         plain="input raw termios", how="wait-input"),
    Case("nothing wanted", "sleep 1", "timeout none", plain="timeout none", how="wait-input"),
]


def table(cases):
    return "\n".join(["| case | typed | bash | zsh | fish | without integration |", "|---|---|---|---|---|---|"] +
                     [c.row() for c in cases])
