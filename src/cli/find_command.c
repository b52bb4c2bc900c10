#include <string.h>

#include "base/nearest.h"
#include "cli/command.h"

#define KNOWN_MAX 128 /* names to choose the nearest from */

const struct cli_command *cli_find_command(const char *name)
{
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

const char *cli_nearest_command(const char *name)
{
	const char *known[KNOWN_MAX];
	size_t n = 0;

	for (const struct cli_command *c = cli_commands; c->name && n < KNOWN_MAX; c++)
		known[n++] = c->name;
	return nearest_name(name, known, n);
}
