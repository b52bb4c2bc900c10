#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/out.h"

/* What people who come from elsewhere type. */
static const char *alias(const char *name)
{
	static const struct {
		const char *alias, *name;
	} aliases[] = {
		{ "list", "ls" }, { "rm", "delete" },         { "--help", "help" },
		{ "-h", "help" }, { "--version", "version" }, { "-V", "version" },
	};

	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (strcmp(aliases[i].alias, name) == 0)
			return aliases[i].name;
	}
	return name;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
	struct buf err = BUF_INIT;
	struct cli_args a;
	int r;

	if (command->run_plain)
		return command->run_plain(argc, argv);
	r = args_parse(command, argc, argv, &a, &err);
	if (r == ARGS_E_USAGE) {
		r = out_usage(command, "%.*s", (int)buf_len(&err), buf_data(&err));
	} else if (r < 0) {
		r = out_failure(r, NULL);
	} else {
		/* `api --help METHOD` asks about METHOD. */
		bool is_answered = a.wants_help && !(command->run == cmd_api && a.n_operands);

		r = is_answered ? help_command(command) : command->run(&a);
		args_fini(&a);
	}
	buf_fini(&err);
	return r;
}

int main(int argc, char **argv)
{
	const struct cli_command *command;
	const char *nearest;

	/* A closed pipe is an error of write(), which is looked at. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_overview(stderr);
		return EXIT_USAGE;
	}
	command = cli_find_command(alias(argv[1]));
	if (command)
		return run(command, argc - 1, argv + 1);
	nearest = cli_nearest_command(argv[1]);
	if (nearest)
		return out_usage(NULL, "no command %s; did you mean %s?", argv[1], nearest);
	return out_usage(NULL, "no command %s", argv[1]);
}
