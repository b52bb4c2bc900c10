/* What the rows of the table in commands.c are written with; and those of their lists that
 * stand in files of their own. */
#ifndef CLI_COMMAND_ROWS_H
#define CLI_COMMAND_ROWS_H

#include "cli/command.h"

#define END_OPTIONS                                \
	{                                          \
		0, NULL, NULL, NULL, CLI_ANY, NULL \
	}
#define END_EXAMPLES       \
	{                  \
		NULL, NULL \
	}
#define OPT_JSON                                                                               \
	{                                                                                      \
		0, "json", NULL, "Print JSON for programs, not text for people", CLI_ANY, NULL \
	}
#define OPT_SESSION                                                                            \
	{                                                                                      \
		's', "session", "SESSION",                                                     \
			"Put the pane into that session, which is made when there is none of " \
			"that name (default: main)",                                           \
			CLI_SESSION, NULL                                                      \
	}
#define OPT_DIRECTORY                                                                          \
	{                                                                                      \
		'c', "directory", "DIR", "Start there, not in the working directory", CLI_DIR, \
			NULL                                                                   \
	}
#define OPT_ENV                                                                                  \
	{                                                                                        \
		'e', "env", "NAME=VALUE",                                                        \
			"Set a variable in the command's environment, which else is the one of " \
			"this process (may be repeated)",                                        \
			CLI_ANY, NULL                                                            \
	}
#define OPT_SIZE                                                                               \
	{                                                                                      \
		0, "size", "COLSxROWS", "Size of the terminal (default: 80x24)", CLI_ANY, NULL \
	}
#define OPT_TIMEOUT(doc)                                       \
	{                                                      \
		't', "timeout", "DURATION", doc, CLI_ANY, NULL \
	}
#define OPT_IGNORE_SIZE                                                                       \
	{                                                                                     \
		0, "ignore-size", NULL,                                                       \
			"Do not make the pane fit this terminal (else the smallest attached " \
			"terminal decides)",                                                  \
			CLI_ANY, NULL                                                         \
	}
#define OPT_DETACH_KEYS                                                                          \
	{                                                                                        \
		0, "detach-keys", "KEYS",                                                        \
			"Keys that detach, separated by commas: ^X or C-x for Ctrl-X, or a "     \
			"character (default: $ORCHFLOW_DETACH_KEYS, else client.detach_keys of " \
			"orchflow.conf(5), else ^\\\\,^\\\\)",                                   \
			CLI_ANY, NULL                                                            \
	}

#define TARGET_DOC                                                                               \
	"TARGET is a pane's id (p3) or a session's name (its active pane); without one, inside " \
	"a pane, it is that pane."
#define TIME_DOC                                                                                  \
	"A TIME is a duration since the beginning (90s), one back from the end (-5m), a time of " \
	"day or a date in local time (14:05, 2026-11-23 14:05), or @SECONDS since 1970."

/* rows_record.c */
extern const struct cli_option cli_replay_options[], cli_export_options[], cli_forget_options[];
extern const struct cli_example cli_replay_examples[], cli_export_examples[], cli_forget_examples[];

#endif
