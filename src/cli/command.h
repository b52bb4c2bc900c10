/*
 * What `orchflow` can do, as a table.  One description of each command serves
 * parsing, --help, the manual page and the completions of three shells.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/defs.h"

/* Exit statuses (orchflow(1), "EXIT STATUS"). */
enum cli_exit {
	EXIT_OK = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	EXIT_TIMEOUT = 124,     /* wait, run */
	EXIT_OWN_FAILURE = 125, /* run: we failed, not the command */
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL = 128, /* + signal */
};

/* What a value or operand is, for completion. */
enum cli_kind {
	CLI_ANY,
	CLI_TARGET, /* pane id or session name */
	CLI_SESSION,
	CLI_DIR,
	CLI_FILE,
	CLI_COMMAND_LINE, /* a program and its arguments */
	CLI_TOPIC,        /* name of one of our commands */
	CLI_METHOD,
	CLI_CHOICE, /* one of cli_option.choices */
};

/* In the order in which a row is best read. */
struct cli_option {        /* NOLINT(clang-analyzer-optin.performance.Padding) */
	char letter;       /* 0: long form only */
	const char *name;  /* "session", without dashes; NULL ends the list */
	const char *value; /* "SESSION"; NULL: a flag */
	const char *doc;   /* one sentence without its full stop */
	enum cli_kind kind;
	const char *choices; /* CLI_CHOICE: "a|b|c" */
};

struct cli_example {
	const char *line; /* what to type; NULL ends the list */
	const char *doc;  /* what it does */
};

struct cli_args;

struct cli_command {
	const char *name;
	const char *operands; /* synopsis: "[TARGET]" */
	const char *summary;  /* one line, lower case, no full stop */
	const char *doc;      /* paragraphs, separated by empty lines */
	const struct cli_option *options;
	const struct cli_example *examples;
	const char *exits;              /* exit statuses beyond 0, 1, 2; NULL none */
	int min_operands, max_operands; /* max < 0: any number */
	bool ends_options; /* the first operand ends the options: a command line follows */
	enum cli_kind kind;
	int (*run)(const struct cli_args *a);
	int (*run_plain)(int argc, char **argv); /* instead of run: parses for itself */
};

/* In the order of help and manual; ends with a NULL name. */
extern const struct cli_command cli_commands[];

const struct cli_command *cli_find_command(const char *name);
/* The command that @name is most like, or NULL. */
const char *cli_nearest_command(const char *name);

/* The commands; each in its cmd_NAME.c. */
int cmd_api(const struct cli_args *a);
int cmd_attach(const struct cli_args *a);
int cmd_backup(const struct cli_args *a);
int cmd_capture(const struct cli_args *a);
int cmd_delete(const struct cli_args *a);
int cmd_doctor(const struct cli_args *a);
int cmd_export(const struct cli_args *a);
int cmd_forget(const struct cli_args *a);
int cmd_help(const struct cli_args *a);
int cmd_history(const struct cli_args *a);
int cmd_kill(const struct cli_args *a);
int cmd_kv(const struct cli_args *a);
int cmd_layout(const struct cli_args *a);
int cmd_log(const struct cli_args *a);
int cmd_ls(const struct cli_args *a);
int cmd_mcp(const struct cli_args *a);
int cmd_new(const struct cli_args *a);
int cmd_ps(const struct cli_args *a);
int cmd_read(const struct cli_args *a);
int cmd_reload(const struct cli_args *a);
int cmd_replay(const struct cli_args *a);
int cmd_resize(const struct cli_args *a);
int cmd_respawn(const struct cli_args *a);
int cmd_run(const struct cli_args *a);
int cmd_search(const struct cli_args *a);
int cmd_send(const struct cli_args *a);
int cmd_serve(const struct cli_args *a);
int cmd_session(const struct cli_args *a);
int cmd_stats(const struct cli_args *a);
int cmd_status(const struct cli_args *a);
int cmd_stop(const struct cli_args *a);
int cmd_store(const struct cli_args *a);
int cmd_tail(const struct cli_args *a);
int cmd_version(const struct cli_args *a);
int cmd_upgrade(const struct cli_args *a);
int cmd_vt(int argc, char **argv);
int cmd_wait(const struct cli_args *a);

#endif
