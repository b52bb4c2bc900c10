/* Rows of the command table (commands.c, which alone includes this): what is kept. */
#ifndef CLI_COMMANDS_STORE_H
#define CLI_COMMANDS_STORE_H

#include "cli/command.h"

static const struct cli_option kv_options[] = {
	{ 'n', "namespace", "NAME", "In that namespace (default: default)", CLI_ANY, NULL },
	{ 't', "ttl", "DURATION", "set: it is gone after that long", CLI_ANY, NULL },
	{ 0, "if-absent", NULL, "set: only if there is no such key", CLI_ANY, NULL },
	{ 0, "if-revision", "N", "set: only if the key is of that revision", CLI_ANY, NULL },
	{ 'l', "long", NULL, "ls: with size, age and revision", CLI_ANY, NULL },
	{ 0, "json", NULL, "Print the answer as JSON", CLI_ANY, NULL },
	{ 0, NULL, NULL, NULL, CLI_ANY, NULL },
};
static const struct cli_example kv_examples[] = {
	{ "orchflow kv set build/last ok", "Set a key." },
	{ "make 2>&1 | orchflow kv set build/log", "The value is what comes in." },
	{ "orchflow kv set lock me --if-absent --ttl 5m", "Take a lock that ends by itself." },
	{ "orchflow kv ls build/", "All keys that begin so." },
	{ NULL, NULL },
};
static const struct cli_option store_options[] = {
	{ 0, "json", NULL, "status: print it as JSON", CLI_ANY, NULL },
	{ 0, NULL, NULL, NULL, CLI_ANY, NULL },
};
static const struct cli_option backup_options[] = {
	{ 0, NULL, NULL, NULL, CLI_ANY, NULL },
};

static const struct cli_option history_options[] = {
	{ 'p', "pane", "PANE", "Only of that pane (its id; it may be gone)", CLI_TARGET, NULL },
	{ 'c', "cwd", "DIR", "Only begun in that directory; --suggest: runs there count more",
	  CLI_DIR, NULL },
	{ 'f', "failed", NULL, "Only those whose exit code is not 0", CLI_ANY, NULL },
	{ 'n', "limit", "N", "The newest N, 0 for all (default: 25)", CLI_ANY, NULL },
	{ 0, "suggest", "PREFIX", "Instead: what begins so and was run most often and lately",
	  CLI_ANY, NULL },
	{ 0, "stats", NULL, "Instead: counts", CLI_ANY, NULL },
	{ 0, "import", "FILE", "Instead: add a history file of bash, zsh or fish", CLI_FILE, NULL },
	{ 0, "json", NULL, "Print JSON for programs, not text for people", CLI_ANY, NULL },
	{ 0, NULL, NULL, NULL, CLI_ANY, NULL },
};
static const struct cli_example history_examples[] = {
	{ "orchflow history make", "What was made lately, how it ended and how long it took." },
	{ "orchflow history --import ~/.bash_history", "Begin with what the shell remembers." },
	{ "orchflow history -n 0 --json", "All of it, for programs." },
	{ NULL, NULL },
};

#define STORE_COMMANDS                                                                             \
	{ .name = "kv",                                                                            \
	  .operands = "set KEY [VALUE] | get KEY | del KEY... | exists KEY | ls [PREFIX] | count " \
		      "[PREFIX] | clear [PREFIX] | namespaces",                                    \
	  .summary = "keep values under keys",                                                     \
	  .doc = "A small store for scripts and programs: keys are text, values any bytes. set "   \
		 "returns when the value is on the disk. VALUE - or none is standard input; get "  \
		 "prints the value as it is, with no newline behind it. A PREFIX is taken "        \
		 "literally. A namespace is made by the first set in it.",                         \
	  .options = kv_options,                                                                   \
	  .examples = kv_examples,                                                                 \
	  .exits = "1|also: there is no such key (get, del, exists), or it is not as expected "    \
		   "(set)",                                                                        \
	  .min_operands = 1,                                                                       \
	  .max_operands = -1,                                                                      \
	  .run = cmd_kv },                                                                         \
		{ .name = "history",                                                               \
		  .operands = "[TEXT]",                                                            \
		  .summary = "list the commands that ended in all panes",                          \
		  .doc = "Lists commands that contain TEXT, of shells with integration, the "      \
			 "newest last, "                                                           \
			 "with age, duration and exit code. Not kept are commands that begin "     \
			 "with a space "                                                           \
			 "and those of private panes. Suggestions are ordered by frecency: the "   \
			 "sum, over "                                                              \
			 "the runs of a text, of 2^(-age / 7 days), a run that failed counting "   \
			 "half, and "                                                              \
			 "one in the directory --cwd three times.",                                \
		  .options = history_options,                                                      \
		  .examples = history_examples,                                                    \
		  .max_operands = 1,                                                               \
		  .run = cmd_history },                                                            \
		{ .name = "backup",                                                                \
		  .operands = "FILE",                                                              \
		  .summary = "copy the state database",                                            \
		  .doc = "Writes a consistent copy of the database (sessions, panes, layouts, "    \
			 "key-value, "                                                             \
			 "command records) into the new FILE, while all goes on. To go back to "   \
			 "it, "                                                                    \
			 "stop the server and put it in place of orchflow.db in the state "        \
			 "directory.",                                                             \
		  .options = backup_options,                                                       \
		  .min_operands = 1,                                                               \
		  .max_operands = 1,                                                               \
		  .kind = CLI_FILE,                                                                \
		  .run = cmd_backup },                                                             \
	{                                                                                          \
		.name = "store", .operands = "status | check | vacuum",                            \
		.summary = "look after the state database",                                        \
		.doc = "status says how it is, check looks at every page of it, vacuum gives "     \
		       "unused room back.",                                                        \
		.options = store_options, .min_operands = 1, .max_operands = 1, .run = cmd_store   \
	}

#endif
