#include "cli/command.h"
#include "cli/command_rows.h"
#include "cli/commands_store.h"

static const struct cli_option upgrade_options[] = {
	{ 0, "keeper", NULL, "Replace the keeper, not the daemon", CLI_ANY, NULL },
	{ 0, "check", NULL, "Only say whether it could be done", CLI_ANY, NULL },
	{ 0, "binary", "FILE", "That program, not the one that is installed", CLI_FILE, NULL },
	OPT_TIMEOUT("How long it may take until the new one serves (default: 5s)"),
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example upgrade_examples[] = {
	{ "orchflow upgrade && orchflow upgrade --keeper",
	  "After the installation of a new release." },
	END_EXAMPLES,
};

static const struct cli_option new_options[] = {
	OPT_SESSION,
	OPT_DIRECTORY,
	OPT_ENV,
	OPT_SIZE,
	{ 0, "title", "TITLE", "Title to begin with", CLI_ANY, NULL },
	{ 0, "kind", "KIND", "Free label, shown by ls --json (default: terminal)", CLI_ANY, NULL },
	{ 0, "private", NULL, "Record nothing of it on disk", CLI_ANY, NULL },
	{ 0, "no-integration", NULL,
	  "Start the shell as it is: it does not tell of its prompts and commands", CLI_ANY, NULL },
	{ 'a', "attach", NULL, "Attach to it at once", CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example new_examples[] = {
	{ "orchflow new", "A shell in session main." },
	{ "orchflow new -s web -c ~/site -- npm start",
	  "A server in the background; prints, say, p4." },
	{ "orchflow new -a -- htop", "Start htop and look at it." },
	END_EXAMPLES,
};

static const struct cli_option run_options[] = {
	OPT_SESSION,
	OPT_DIRECTORY,
	OPT_ENV,
	OPT_SIZE,
	OPT_TIMEOUT("Kill the command after that time and exit with 124 (with --pane it goes on)"),
	{ 0, "no-pty", NULL,
	  "Give it pipes, not a terminal: stdout and stderr stay apart, and programs behave as in "
	  "a pipeline",
	  CLI_ANY, NULL },
	{ 'k', "keep", NULL, "Keep the pane when the command has ended", CLI_ANY, NULL },
	{ 'p', "pane", "TARGET",
	  "Type COMMAND, as a line for the shell, into that pane's own shell when it is at its "
	  "prompt, and print what came of it; a busy shell is an error",
	  CLI_TARGET, NULL },
	{ 'q', "queue", NULL, "With --pane: wait until the shell is at its prompt", CLI_ANY, NULL },
	{ 'i', "idle", "MS",
	  "With --pane: where no shell tells of its commands, type it all the same and take so "
	  "long a silence for its end",
	  CLI_ANY, NULL },
	{ 0, "raw", NULL, "With --pane: the bytes that it printed, not the text that they show",
	  CLI_ANY, NULL },
	{ 0, "max-bytes", "N", "With --pane: print at most so much of its output (1048576)",
	  CLI_ANY, NULL },
	{ 0, "max-lines", "N", "With --pane: print at most so many lines", CLI_ANY, NULL },
	{ 0, "keep-end", "WHICH", "With --pane: what of an output that is too long is printed",
	  CLI_CHOICE, "head|tail|both" },
	{ 0, "result", "ID",
	  "The result of a command that run --pane left behind at its deadline, when it has ended",
	  CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example run_examples[] = {
	{ "orchflow run -- make -j8", "Build; the output streams by, make's status is returned." },
	{ "orchflow run -t 2m --keep -- ./test.sh",
	  "At most two minutes; read it again later with orchflow capture." },
	{ "orchflow run -p p3 -- cd /srv '&&' ls", "In the shell of p3, which stays there." },
	{ "head -c 10M /dev/urandom | orchflow run -- sha256sum",
	  "What stands on stdin is read by the command itself." },
	END_EXAMPLES,
};

static const struct cli_option json_options[] = { OPT_JSON, END_OPTIONS };

static const struct cli_option ls_options[] = {
	{ 'q', "ids", NULL, "Print only the ids of panes, one a line", CLI_ANY, NULL },
	{ 0, "names", NULL, "Print only the names of sessions, one a line", CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example ls_examples[] = {
	{ "orchflow ls", "Everything." },
	{ "orchflow ls --json | jq -r '.panes[] | select(.state == \"running\").id'",
	  "Ids of what runs." },
	END_EXAMPLES,
};

static const struct cli_option attach_options[] = {
	OPT_IGNORE_SIZE,
	{ 'r', "read-only", NULL, "Only watch: what is typed goes nowhere, save the detach keys",
	  CLI_ANY, NULL },
	OPT_DETACH_KEYS,
	END_OPTIONS,
};
static const struct cli_example attach_examples[] = {
	{ "orchflow attach", "The active pane of session main." },
	{ "orchflow attach p3 -r", "Watch p3." },
	{ "orchflow attach web --detach-keys ^a,d", "As screen does it." },
	END_EXAMPLES,
};

static const struct cli_option send_options[] = {
	{ 'k', "keys", NULL,
	  "TEXT are names of keys: Enter, Tab, Up, F5, C-c, M-x, or single characters", CLI_ANY,
	  NULL },
	{ 'e', "enter", NULL, "Press Enter at the end", CLI_ANY, NULL },
	END_OPTIONS,
};
static const struct cli_example send_examples[] = {
	{ "orchflow send p3 --enter make test", "Type a command and press Enter." },
	{ "orchflow send p3 --keys C-c Up Enter", "Interrupt, and run the last command again." },
	{ "orchflow send p3 - < script.sql", "Type a whole file." },
	END_EXAMPLES,
};

static const struct cli_option tail_options[] = {
	{ 'f', "follow", NULL, "Go on with what is printed from now on, until the pane is closed",
	  CLI_ANY, NULL },
	{ 'n', "lines", "N", "The last N lines (default: 10)", CLI_ANY, NULL },
	{ 'a', "all", NULL, "All that is kept", CLI_ANY, NULL },
	END_OPTIONS,
};
static const struct cli_example tail_examples[] = {
	{ "orchflow tail -f web", "Follow the server's output." },
	END_EXAMPLES,
};

static const struct cli_option capture_options[] = {
	{ 0, "format", "FORMAT",
	  "text (default), ansi: the bytes that restore that screen, json, html, svg, or raw: the "
	  "bytes as the command printed them, all that are kept",
	  CLI_CHOICE, "text|ansi|json|html|svg|raw" },
	{ 'n', "history", "N|all", "First so many lines that left the top of the screen", CLI_ANY,
	  NULL },
	{ 'j', "join", NULL, "With text: a line that was wrapped comes as one", CLI_ANY, NULL },
	{ 0, "stderr", NULL, "The error output of a pane without a terminal (run --no-pty), raw",
	  CLI_ANY, NULL },
	END_OPTIONS,
};
static const struct cli_example capture_examples[] = {
	{ "orchflow capture p3", "The screen of p3 as text." },
	{ "orchflow capture p3 --history all | grep -n error", "Everything it remembers." },
	{ "orchflow capture p3 --format svg > p3.svg", "A picture." },
	END_EXAMPLES,
};

static const struct cli_option read_options[] = {
	{ 0, "from", "SEQ",
	  "What output from that position on shows: `to` of --json gives what changed since "
	  "(default: 256 KiB before the end)",
	  CLI_ANY, NULL },
	{ 0, "to", "SEQ", "Up to that position", CLI_ANY, NULL },
	{ 'c', "command", "ID", "The output of that command of its shell (p3:17, or 17)", CLI_ANY,
	  NULL },
	{ 'n', "lines", "N", "At most so many lines (2000)", CLI_ANY, NULL },
	{ 0, "max-bytes", "N", "At most so many bytes (65536)", CLI_ANY, NULL },
	{ 0, "keep-end", "WHICH",
	  "Which end of a text that is too long (default: tail; with --from and --command both)",
	  CLI_CHOICE, "head|tail|both" },
	{ 0, "row", "N",
	  "Leave out so many rows at the beginning, to go on where rows were left out", CLI_ANY,
	  NULL },
	{ 0, "split", NULL, "A line that the terminal wrapped comes as several", CLI_ANY, NULL },
	{ 0, "stderr", NULL, "The error output of a pane without a terminal", CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example read_examples[] = {
	{ "orchflow read p3 -n 20", "The last twenty lines that p3 printed." },
	{ "orchflow read p3 --from 48213 --json", "What it printed since that position." },
	END_EXAMPLES,
};

static const struct cli_option vt_options[] = {
	{ 0, "size", "COLSxROWS", "Of that size (default: 80x24)", CLI_ANY, NULL },
	{ 0, "history", "N|all", "First so many lines that left the top of the screen", CLI_ANY,
	  NULL },
	{ 0, "format", "FORMAT",
	  "text (default), ansi: the bytes that restore this screen, json, html, svg", CLI_CHOICE,
	  "text|ansi|json|html|svg" },
	{ 0, "replies", NULL, "With json: also what the terminal answered, in base64", CLI_ANY,
	  NULL },
	END_OPTIONS,
};
static const struct cli_example vt_examples[] = {
	{ "script -qec 'ls --color' /dev/null | orchflow vt --format svg > ls.svg", "A picture." },
	END_EXAMPLES,
};

static const struct cli_option mcp_options[] = {
	{ 0, "allow", "read|write|spawn",
	  "What the agent may do: look only; type into panes, too; run commands, make and close "
	  "panes, too (default: spawn)",
	  CLI_CHOICE, "read|write|spawn" },
	{ 's', "session", "SESSION", "Put new panes into that session (default: mcp)", CLI_SESSION,
	  NULL },
	{ 0, "shell", "PATH",
	  "Shell for its commands (default: $SHELL if it reads sh's language, else bash)", CLI_FILE,
	  NULL },
	END_OPTIONS,
};
static const struct cli_example mcp_examples[] = {
	{ "claude mcp add orchflow -- orchflow mcp", "Claude Code." },
	{ "codex mcp add orchflow -- orchflow mcp --allow read", "Codex, which may only look." },
	END_EXAMPLES,
};

static const struct cli_option wait_options[] = {
	{ 'f', "for", "REGEX", "Until its output matches (Perl syntax); prints the match", CLI_ANY,
	  NULL },
	{ 0, "text", "TEXT", "As --for, but the text itself, not a pattern", CLI_ANY, NULL },
	{ 'p', "prompt", NULL,
	  "Until its shell stands at its prompt (bash, zsh and fish tell, see docs/automation.md)",
	  CLI_ANY, NULL },
	{ 'c', "command-end", NULL,
	  "Until a command of its shell has ended; prints its exit status", CLI_ANY, NULL },
	{ 0, "input", "KIND",
	  "Until a program waits for input: a line, a password (a line that is not echoed), raw "
	  "(keys; inferred), or any of them; prints which",
	  CLI_CHOICE, "line|password|raw|any" },
	{ 0, "from", "start|now|SEQ",
	  "Where --for begins to look: at the oldest output that is kept, at what comes from now "
	  "on, or at that position. Otherwise at what came since something was last typed into "
	  "the pane",
	  CLI_ANY, NULL },
	{ 'i', "idle", "MS", "Until nothing was printed for that many milliseconds", CLI_ANY,
	  NULL },
	{ 'x', "exit", NULL, "Until its command has ended; prints how", CLI_ANY, NULL },
	OPT_TIMEOUT("Give up after that time and exit with 124"),
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example wait_examples[] = {
	{ "orchflow wait web --for 'listening on \\d+' --from start --timeout 30s",
	  "Until the server is up." },
	{ "orchflow wait p3 --exit --json", "The end of p3, with its status." },
	END_EXAMPLES,
};

static const struct cli_option search_options[] = {
	{ 'e', "regex", NULL, "PATTERN is an expression (Perl syntax), within one line", CLI_ANY,
	  NULL },
	{ 'F', "fixed", NULL, "PATTERN is a text as it is (the default)", CLI_ANY, NULL },
	{ 'i', "ignore-case", NULL,
	  "Case never counts (default: it counts if PATTERN has a capital letter)", CLI_ANY, NULL },
	{ 0, "case", NULL, "Case always counts", CLI_ANY, NULL },
	{ 'w', "word", NULL, "Whole words only", CLI_ANY, NULL },
	{ 'C', "context", "N", "Print so many lines before and behind each match", CLI_ANY, NULL },
	{ 'm', "max", "N", "Stop after so many lines", CLI_ANY, NULL },
	{ 'p', "pane", "TARGET", "Only in that pane", CLI_TARGET, NULL },
	{ 's', "session", "SESSION", "Only in panes of that session", CLI_SESSION, NULL },
	{ 'a', "all", NULL,
	  "Also what is no longer in memory: everything that was recorded is played again, which "
	  "takes longer",
	  CLI_ANY, NULL },
	{ 0, "since", "TIME",
	  "Only what was printed then or later, as far as that is known: a duration before now "
	  "(10m), a date or a time of day",
	  CLI_ANY, NULL },
	{ 0, "until", "TIME", "Only what was printed then or before", CLI_ANY, NULL },
	{ 0, "exit", "CODE",
	  "Only lines of commands that ended with that code (where none of a shell is known: of "
	  "panes whose process did)",
	  CLI_ANY, NULL },
	{ 0, "command", "TEXT", "Only lines of commands with that in them; likewise", CLI_ANY,
	  NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example search_examples[] = {
	{ "orchflow search 'connection refused'", "In all panes." },
	{ "orchflow search -e 'error: .*timeout' -C 3 --since 1h", "With three lines around." },
	{ "orchflow search -w TODO -s work --json | jq -r '.[].text'", "For programs." },
	END_EXAMPLES,
};

static const struct cli_option kill_options[] = {
	{ 0, "tree", NULL,
	  "Also what its processes started and let go: daemons, children in sessions of their own",
	  CLI_ANY, NULL },
	{ 0, "grace", "DURATION", "Time to end by themselves before SIGKILL (default: 2s)", CLI_ANY,
	  NULL },
	{ 's', "signal", "SIGNAL",
	  "Only send that signal to the foreground process group (with --tree: to the whole "
	  "session) and do not wait",
	  CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example kill_examples[] = {
	{ "orchflow kill web --tree", "End the server and all it started." },
	{ "orchflow kill p3 -s INT", "As if Ctrl-C was pressed." },
	END_EXAMPLES,
};

static const struct cli_option force_options[] = {
	{ 'f', "force", NULL, "Kill what runs first", CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_option delete_options[] = {
	{ 'f', "force", NULL, "Kill what runs first", CLI_ANY, NULL },
	END_OPTIONS,
};
static const struct cli_option session_options[] = {
	OPT_DIRECTORY,
	{ 'f', "force", NULL, "delete: kill what runs in it first", CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example session_examples[] = {
	{ "orchflow session new work -c ~/work", "An empty session." },
	{ "orchflow session rename work old", "Another name." },
	{ "orchflow session delete old --force", "With all its panes." },
	END_EXAMPLES,
};

static const struct cli_option layout_options[] = {
	{ 's', "session", "SESSION", "Of that session (default: main)", CLI_SESSION, NULL },
	{ 'n', "name", "NAME", "apply, new: name of the layout", CLI_ANY, NULL },
	{ 0, "right", NULL, "split, move: put it to the right (the default)", CLI_ANY, NULL },
	{ 0, "below", NULL, "split, move: put it below", CLI_ANY, NULL },
	{ 0, "left", NULL, "split, move: put it to the left", CLI_ANY, NULL },
	{ 0, "above", NULL, "split, move: put it above", CLI_ANY, NULL },
	{ 0, "ratio", "RATIO",
	  "split, move: what it gets of the other one's place (default: 1/2); resize: its part of "
	  "what it shares; as 1/3 or 30%",
	  CLI_ANY, NULL },
	{ 0, "with", "PANE", "split: put that pane there, which is in no layout", CLI_TARGET,
	  NULL },
	{ 0, "cols", "N", "resize: so many columns; +N and -N change them", CLI_ANY, NULL },
	{ 0, "rows", "N", "resize: so many rows; likewise", CLI_ANY, NULL },
	{ 0, "axis", "AXIS", "resize --ratio: along cols (default) or rows", CLI_CHOICE,
	  "cols|rows" },
	OPT_DIRECTORY,
	OPT_ENV,
	{ 0, "size", "COLSxROWS", "apply, new: the area, until somebody looks (default: 80x24)",
	  CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example layout_examples[] = {
	{ "orchflow layout apply dev -s work", "Two panes, the upper one with 70 % of the rows." },
	{ "orchflow layout new 'cols(2 editor=\"vi .\", rows(terminal, tests=\"make test\"))'",
	  "An editor beside a shell and the tests." },
	{ "orchflow layout split p1 --below --ratio 30% -- make watch",
	  "A new pane below p1; prints its id." },
	{ "orchflow layout resize p1 --cols +10", "Ten columns more, at the cost of the others." },
	END_EXAMPLES,
};

static const struct cli_option stop_options[] = {
	{ 0, "grace", "DURATION", "Time to end by themselves before SIGKILL (default: 2s)", CLI_ANY,
	  NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_option stats_options[] = {
	{ 0, "prometheus", NULL, "Print the text that Prometheus reads", CLI_ANY, NULL },
	{ 'w', "watch", NULL, "Show rates and values as they change, with the last minute as bars",
	  CLI_ANY, NULL },
	{ 'p', "panes", NULL, "Of each pane: output, memory, processor time of all in it", CLI_ANY,
	  NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_option log_options[] = {
	{ 'f', "follow", NULL, "Go on with what is logged from now on", CLI_ANY, NULL },
	{ 'n', "lines", "N", "The last N lines (default: 50)", CLI_ANY, NULL },
	{ 0, "keeper", NULL, "The keeper's log, not the daemon's", CLI_ANY, NULL },
	END_OPTIONS,
};
static const struct cli_option api_options[] = {
	{ 'd', "describe", NULL, "Tell what METHOD takes, instead of calling it", CLI_ANY, NULL },
	{ 'f', "follow", NULL, "Stay and print events, one line of JSON each", CLI_ANY, NULL },
	OPT_JSON,
	END_OPTIONS,
};
static const struct cli_example api_examples[] = {
	{ "orchflow api", "All methods." },
	{ "orchflow api --describe pane.create", "Its parameters." },
	{ "orchflow api pane.get '{\"pane\":\"p1\"}'", "Call it." },
	{ "orchflow api -f events.subscribe", "Watch what happens." },
	END_EXAMPLES,
};
static const struct cli_option help_options[] = {
	{ 0, "scdoc", NULL, "Print the source of the manual page orchflow(1)", CLI_ANY, NULL },
	{ 0, "completion", "SHELL", "Print the completion script of that shell", CLI_CHOICE,
	  "bash|zsh|fish" },
	END_OPTIONS,
};

const struct cli_command cli_commands[] = {
	{ .name = "new",
	  .operands = "[--] [COMMAND [ARG]...]",
	  .summary = "make a pane and print its id",
	  .doc = "Starts COMMAND (without one: your shell) in a new pane and prints the pane's id. "
		 "It gets a terminal of its own, and environment, directory and umask of this "
		 "process. It lives until it ends or is killed, whoever looks at it.\n\n"
		 "COMMAND is a program and its arguments, not a line for a shell; for that write "
		 "-- sh -c 'LINE'. A command that cannot be executed is an error of this "
		 "command, and no pane is made.",
	  .options = new_options,
	  .examples = new_examples,
	  .max_operands = -1,
	  .ends_options = true,
	  .kind = CLI_COMMAND_LINE,
	  .run = cmd_new },
	{ .name = "run",
	  .operands = "[--] [COMMAND [ARG]...]",
	  .summary = "run a command, stream its output, exit with its status",
	  .doc = "Runs COMMAND in a new pane and behaves as if it had been started here: its "
		 "output comes as it is printed, its status becomes ours, SIGINT, SIGTERM and "
		 "SIGHUP are passed on. Meanwhile others can watch it with orchflow attach.\n\n"
		 "When stdin and stdout are terminals, the command has this terminal: keys go to "
		 "it as they are pressed, and the size follows. Else stdin itself is handed over "
		 "as the command's stdin, and when stdout is no terminal its output is not "
		 "translated (no carriage returns are added).\n\n"
		 "It returns when COMMAND ends and all that COMMAND printed was passed on; what "
		 "COMMAND left running in the background does not delay it. The pane is deleted "
		 "then, whether COMMAND succeeded or not, save with --keep or while such a "
		 "background process still holds the pane's terminal. When nobody reads our "
		 "output any more, COMMAND is killed, and we exit with 141.\n\n"
		 "With --pane nothing is started: COMMAND is typed into the shell that runs in "
		 "that pane, with its directory, variables and functions. The shell itself tells "
		 "where the output begins and ends and what the exit status is (bash, zsh and "
		 "fish, see docs/automation.md); nothing is added to what is typed. With --json "
		 "all that is known of it is printed.",
	  .options = run_options,
	  .examples = run_examples,
	  .exits = "124|the time given by --timeout was over\n"
		   "125|orchflow itself failed\n"
		   "126|the command cannot be executed\n"
		   "127|the command was not found\n"
		   "128+n|the command was killed by signal n\n"
		   "else|the status of the command",
	  .max_operands = -1,
	  .ends_options = true,
	  .kind = CLI_COMMAND_LINE,
	  .run = cmd_run },
	{ .name = "ls",
	  .operands = "[SESSION]",
	  .summary = "list sessions and panes",
	  .doc = "One line per pane, with its state (and how it ended), size, how long it has been "
		 "in that state, how much it has printed, and its command. A star marks the active "
		 "pane of a session: the one that a session's name stands for.",
	  .options = ls_options,
	  .examples = ls_examples,
	  .max_operands = 1,
	  .kind = CLI_SESSION,
	  .run = cmd_ls },
	{ .name = "attach",
	  .operands = "[TARGET]",
	  .summary = "your terminal in that pane",
	  .doc = "Shows the pane on this terminal and types into it what you type, until you "
		 "detach (Ctrl-\\\\ twice) or its command ends. The pane takes the size of this "
		 "terminal; of several attached ones the smallest decides.\n\n"
		 "TARGET is a pane's id (p3) or a session's name (its active pane); without one "
		 "it is session main. Should the daemon be replaced meanwhile, it goes on "
		 "where it was.",
	  .options = attach_options,
	  .examples = attach_examples,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_attach },
	{ .name = "send",
	  .operands = "TARGET [TEXT]...",
	  .summary = "type into a pane",
	  .doc = "Types TEXT, its words joined by single spaces, and returns when the terminal has "
		 "taken all of it. TEXT - means standard input. TARGET is a pane's id (p3) or a "
		 "session's name (its active pane).",
	  .options = send_options,
	  .examples = send_examples,
	  .min_operands = 1,
	  .max_operands = -1,
	  .kind = CLI_TARGET,
	  .run = cmd_send },
	{ .name = "tail",
	  .operands = "[TARGET]",
	  .summary = "print the last output of a pane",
	  .doc = "Prints what the pane printed, byte by byte as it is. " TARGET_DOC,
	  .options = tail_options,
	  .examples = tail_examples,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_tail },
	{ .name = "read",
	  .operands = "[TARGET]",
	  .summary = "print output as text, within a budget",
	  .doc = "Prints what a terminal would show of the pane's output: no control sequences, "
		 "progress bars collapsed, wrapped lines whole. What is left out is said on "
		 "stderr; "
		 "with --json also the positions to go on from. " TARGET_DOC,
	  .options = read_options,
	  .examples = read_examples,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_read },
	{ .name = "capture",
	  .operands = "[TARGET]",
	  .summary = "print what a pane shows or has shown",
	  .doc = "Prints the screen as it is now, or all output. " TARGET_DOC,
	  .options = capture_options,
	  .examples = capture_examples,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_capture },
	{ .name = "replay",
	  .operands = "[TARGET]",
	  .summary = "show again what happened in a pane",
	  .doc = "Plays what was recorded of a pane, on this terminal and with its pauses. "
		 "Space pauses, + and - change the speed, n skips a pause, q ends. " TIME_DOC
		 "\n\n" TARGET_DOC,
	  .options = cli_replay_options,
	  .examples = cli_replay_examples,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_replay },
	{ .name = "export",
	  .operands = "[TARGET]",
	  .summary = "write what happened in a pane as a recording or a document",
	  .doc = "Prints what was recorded of a pane: as a recording with its times for the "
		 "players of asciinema, or all that it showed as text or HTML. " TIME_DOC
		 "\n\n" TARGET_DOC,
	  .options = cli_export_options,
	  .examples = cli_export_examples,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_export },
	{ .name = "forget",
	  .operands = "[TARGET]",
	  .summary = "remove what was recorded of a pane",
	  .doc = "Removes what a pane printed so far: what was recorded on disk, the history "
		 "and the output still in memory. The screen stays as it is (clear it first, if "
		 "that is to go too), the process is left alone, and what it prints from now on is "
		 "recorded again. " TARGET_DOC,
	  .options = cli_forget_options,
	  .examples = cli_forget_examples,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_forget },
	{ .name = "wait",
	  .operands = "[TARGET]",
	  .summary = "wait until something happens in a pane",
	  .doc = "Returns when one of the conditions holds. With --json it prints which one, on "
		 "what evidence, and the position in the output. " TARGET_DOC,
	  .options = wait_options,
	  .examples = wait_examples,
	  .exits = "1|it can no longer happen: the pane is closed\n"
		   "124|the time given by --timeout was over",
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_wait },
	{ .name = "search",
	  .operands = "PATTERN",
	  .summary = "find text in what panes show and remember",
	  .doc = "Looks through screens and histories of all panes and prints the lines that "
		 "match: "
		 "the pane, the number of the line in it, and its text. A line that the terminal "
		 "wrapped is one.",
	  .options = search_options,
	  .examples = search_examples,
	  .exits = "1|nothing was found\n"
		   "2|the search failed",
	  .min_operands = 1,
	  .max_operands = 1,
	  .kind = CLI_ANY,
	  .run = cmd_search },
	{ .name = "kill",
	  .operands = "[TARGET]",
	  .summary = "end what runs in a pane",
	  .doc = "Hangs up the pane's session (SIGHUP), waits, then sends SIGKILL to what is left, "
		 "and prints what it ended. The pane stays, with its output and status, until it "
		 "is "
		 "deleted. " TARGET_DOC,
	  .options = kill_options,
	  .examples = kill_examples,
	  .exits = "1|something could not be ended",
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_kill },
	{ .name = "delete",
	  .operands = "TARGET...",
	  .summary = "forget panes that have ended",
	  .doc = "Removes the panes with all that is kept of them.",
	  .options = delete_options,
	  .min_operands = 1,
	  .max_operands = -1,
	  .kind = CLI_TARGET,
	  .run = cmd_delete },
	{ .name = "respawn",
	  .operands = "[TARGET]",
	  .summary = "start a pane's command again",
	  .doc = "Starts the same command in the same environment, in the same pane, whose output "
		 "goes on, and in its place in the layout. Its directory is the one that its shell "
		 "told last; when that is gone, or was never told, the one where it was started "
		 "first. " TARGET_DOC,
	  .options = force_options,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_respawn },
	{ .name = "resize",
	  .operands = "[TARGET] COLSxROWS",
	  .summary = "give a pane another size",
	  .doc = "Its program is told (SIGWINCH). An attached terminal takes "
		 "precedence. " TARGET_DOC,
	  .min_operands = 1,
	  .max_operands = 2,
	  .kind = CLI_TARGET,
	  .run = cmd_resize },
	{ .name = "ps",
	  .operands = "[TARGET]",
	  .summary = "processes of the panes",
	  .doc = "Trees of what runs in each pane, with processor time and memory, and strays: "
		 "processes that left their pane's session and parent, but were started in it.",
	  .options = json_options,
	  .max_operands = 1,
	  .kind = CLI_TARGET,
	  .run = cmd_ps },
	{ .name = "session",
	  .operands = "ls | new [NAME] | rename SESSION NAME | delete SESSION",
	  .summary = "make, rename and delete sessions",
	  .doc = "A session is a named group of panes. It is made by the first pane that is put "
		 "into it (new -s, run -s), or here.",
	  .options = session_options,
	  .examples = session_examples,
	  .max_operands = -1,
	  .kind = CLI_SESSION,
	  .run = cmd_session },
	{ .name = "layout",
	  .operands =
		  "ls [SESSION] | show [LAYOUT] | templates | apply TEMPLATE | new TREE | split "
		  "[PANE "
		  "[--] [COMMAND [ARG]...]] | resize [PANE] | move PANE TO | swap PANE PANE | zoom "
		  "[PANE] | close [PANE] | rename LAYOUT NAME | select LAYOUT | delete LAYOUT",
	  .summary = "arrange panes in splits",
	  .doc = "A session has any number of named layouts, one of them active. A layout is a "
		 "tree "
		 "of splits whose leaves are panes; their sizes follow from it and from the area, "
		 "which is what the smallest viewer has. A pane is in one layout or in the "
		 "background; it leaves its layout when its command ends.\n\n"
		 "A TREE is a pane's id; or the kind of a pane to start, with a command in quotes "
		 "behind = or a shell without; or cols(...) of trees side by side, or rows(...) of "
		 "trees one below another, separated by commas. A number before a tree in there is "
		 "its weight: what it gets is its part of the sum. TEMPLATEs are trees of the "
		 "configuration.\n\n"
		 "split prints the new pane's id; what else changes a layout prints its name and "
		 "its "
		 "tree. resize without PANE sets the area. close and delete end no command.",
	  .options = layout_options,
	  .examples = layout_examples,
	  .max_operands = -1,
	  .kind = CLI_TARGET,
	  .run = cmd_layout },
	STORE_COMMANDS,
	{ .name = "status",
	  .operands = "",
	  .summary = "what the server is doing",
	  .doc = "Its version, age, numbers and places. Starts no server: exits with 1 if none "
		 "runs.",
	  .options = json_options,
	  .run = cmd_status },
	{ .name = "stop",
	  .operands = "",
	  .summary = "end all panes and the server",
	  .doc = "Ends everything in order (SIGHUP, a time of grace, SIGKILL) and prints what it "
		 "ended.",
	  .options = stop_options,
	  .run = cmd_stop },
	{ .name = "serve",
	  .operands = "",
	  .summary = "run the server in the foreground",
	  .doc = "For service managers and containers; it logs to stderr. Otherwise the first "
		 "command that needs a server starts one in the background.",
	  .run = cmd_serve },
	{ .name = "reload",
	  .operands = "",
	  .summary = "read the configuration again",
	  .doc = "Prints which settings changed. A configuration with an error is refused, with "
		 "the line, and the old one stays. When the daemon is down because it kept "
		 "crashing, it is started again.",
	  .options = json_options,
	  .run = cmd_reload },
	{ .name = "upgrade",
	  .operands = "",
	  .summary = "go on with the version that is installed now",
	  .doc = "Replaces the running daemon, and with --keeper the keeper, by the program that "
		 "is "
		 "installed. Shells, what they print and attached clients go on.\n\n"
		 "Nothing is touched before the other program has said that it understands all "
		 "that is there; a daemon that does not come up in time is followed by the one "
		 "before it.",
	  .options = upgrade_options,
	  .examples = upgrade_examples,
	  .run = cmd_upgrade },
	{ .name = "doctor",
	  .operands = "",
	  .summary = "look for what is or may go wrong",
	  .doc = "Checks places, permissions, keeper, daemon, versions, limits, what happens at "
		 "logout, leaks, strays and the log, and tells for each finding what to do.",
	  .options = json_options,
	  .exits = "1|something is wrong",
	  .run = cmd_doctor },
	{ .name = "log",
	  .operands = "",
	  .summary = "print the server's log",
	  .doc = "The log says what the server did, never what a terminal showed or what was "
		 "typed.",
	  .options = log_options,
	  .run = cmd_log },
	{ .name = "stats",
	  .operands = "",
	  .summary = "latencies and counters of the server",
	  .doc = "Of each method how often it was called and how long it took (median, 99th "
		 "percentile, longest), the same of the stages of its work, who has its memory, "
		 "and its counters. With --panes also of each pane what it prints and what its "
		 "processes use; those of their children that ended are counted in.",
	  .options = stats_options,
	  .run = cmd_stats },
	{ .name = "api",
	  .operands = "[METHOD [JSON|-]]",
	  .summary = "call a method of the API",
	  .doc = "Calls METHOD with the parameters in JSON (-: read from standard input) and "
		 "prints "
		 "the result. Without METHOD it lists the methods; with --describe it tells what "
		 "METHOD takes, as orchflow api --help METHOD does.",
	  .options = api_options,
	  .examples = api_examples,
	  .max_operands = 2,
	  .kind = CLI_METHOD,
	  .run = cmd_api },
	{ .name = "mcp",
	  .operands = "",
	  .summary = "serve an agent that speaks the Model Context Protocol",
	  .doc = "On standard input and output; agents start it by themselves, once they are told "
		 "to. They can run commands and get exit status and output, wait, read, type, and "
		 "all of it stays when they go. See orchflow-mcp(1).",
	  .options = mcp_options,
	  .examples = mcp_examples,
	  .run = cmd_mcp },
	{ .name = "vt",
	  .operands = "",
	  .summary = "a terminal for pipes: bytes in, the screen they paint out",
	  .doc = "Reads what a program printed to its terminal from standard input and prints the "
		 "screen that it left. Nothing is started, and no server is needed.",
	  .options = vt_options,
	  .examples = vt_examples,
	  .run_plain = cmd_vt },
	{ .name = "help",
	  .operands = "[COMMAND]",
	  .summary = "tell how to use orchflow or one of its commands",
	  .doc = "The same as orchflow COMMAND --help.",
	  .options = help_options,
	  .max_operands = 1,
	  .kind = CLI_TOPIC,
	  .run = cmd_help },
	{ .name = "version",
	  .operands = "",
	  .summary = "print the version",
	  .doc = "Of this program; orchflow status tells that of the server.",
	  .run = cmd_version },
	{ .name = NULL },
};
