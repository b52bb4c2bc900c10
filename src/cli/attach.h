/* Attaching, for `attach` and `new --attach`. */
#ifndef CLI_ATTACH_H
#define CLI_ATTACH_H

#include "cli/args.h"

struct attach_options {
	const char *target;
	const char *detach_keys; /* NULL: $ORCHFLOW_DETACH_KEYS, else Ctrl-\ twice */
	bool ignores_size;
	bool is_read_only;
};

/* Returns an exit status, all said. */
int attach_run(const struct cli_args *a, const struct attach_options *o);

#endif
