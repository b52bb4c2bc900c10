/* Commands whose first operand is a verb: `orchflow kv get KEY`. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/args.h"

struct client;

struct cli_verb {
	const char *name, *operands; /* synopsis of the operands behind it */
	int min, max;                /* how many those may be; max < 0: any number */
	int (*run)(const struct cli_args *a, struct client *c); /* its exit status */
};

/* Runs the verb that @a names, the first of the @n where it names none, with a
 * connection to a server that is started if need be. */
int verbs_run(const struct cli_args *a, const struct cli_verb *verbs, size_t n);

#endif
