/* The command line of one command, parsed by its row of the table. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "base/buf.h"
#include "cli/command.h"

struct cli_given {
	const struct cli_option *option;
	const char *value; /* NULL: a flag */
};

struct cli_args {
	const struct cli_command *command;
	struct cli_given *given; /* in the order of the command line */
	size_t n_given;
	char **operands;
	int n_operands;
	bool wants_help;
};

/*
 * @argv[0] is the command's name.  Options and operands may be mixed, `--` ends
 * the options; `--name=value`, `--name value`, `-nvalue`, `-n value` and flags
 * run together are understood.
 *
 * Return: 0; ARGS_E_USAGE with a message appended to @reterr; -ENOMEM.
 */
enum { ARGS_E_USAGE = 1 };
NODISCARD int args_parse(const struct cli_command *command, int argc, char **argv,
			 struct cli_args *ret, struct buf *reterr);
void args_fini(struct cli_args *a);

/* By long name, which must be in the command's table (assert). */
bool args_has(const struct cli_args *a, const char *name);
/* The last value given, or NULL. */
const char *args_value(const struct cli_args *a, const char *name);
/* Values of a repeated option one after the other: start with *@pos = 0; NULL at
 * the end. */
const char *args_each(const struct cli_args *a, const char *name, size_t *pos);

/* Parsed values.  0 and *@ret set; ARGS_E_ABSENT: the option was not given;
 * ARGS_E_BAD: a usage error was printed. */
enum { ARGS_E_ABSENT = 1, ARGS_E_BAD };
NODISCARD int args_duration_ms(const struct cli_args *a, const char *name, int64_t *ret);
NODISCARD int args_number(const struct cli_args *a, const char *name, int64_t min, int64_t max,
			  int64_t *ret);

/* "COLSxROWS".  False if it is not of that form; any size is for the server to
 * judge. */
bool args_parse_size(const char *s, int64_t *ret_cols, int64_t *ret_rows);

#endif
