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
