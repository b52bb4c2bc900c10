#include "cli/verbs.h"

#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

static int run(const struct cli_args *a, const struct cli_verb *v)
{
	CLEANUP(client_closep) struct client *c = NULL;
	int n = a->n_operands ? a->n_operands - 1 : 0;

	if (n < v->min || (v->max >= 0 && n > v->max)) {
		return out_usage(a->command, "write `orchflow %s %s%s%s`", a->command->name,
				 v->name, v->operands[0] ? " " : "", v->operands);
	}
	c = server_open(a, SERVER_START, NULL);
	return c ? v->run(a, c) : EXIT_ERROR;
}

static int refuse(const struct cli_args *a, const struct cli_verb *verbs, size_t n)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", verbs[i].name);
	return out_usage(a->command, "%s is none of %.*s", a->operands[0], (int)buf_len(&names),
			 buf_data(&names));
}

int verbs_run(const struct cli_args *a, const struct cli_verb *verbs, size_t n)
{
	if (!a->n_operands)
		return run(a, &verbs[0]);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(verbs[i].name, a->operands[0]) == 0)
			return run(a, &verbs[i]);
	}
	return refuse(a, verbs, n);
}
