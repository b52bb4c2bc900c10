#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/out.h"
#include "cli/server.h"

/* In our place: the agent's pipes are its stdin and stdout. */
int cmd_mcp(const struct cli_args *a)
{
	static const char *const passed[][2] = { { "allow", "--allow" },
						 { "session", "--session" },
						 { "shell", "--shell" } };
	char *argv[2 * ARRAY_LEN(passed) + 2];
	char program[PATH_MAX];
	size_t n = 0;

	if (places_find_program("orchflow-mcp", "mcp", program, sizeof(program))) {
		out_error("orchflow-mcp is not installed beside this program; set "
			  "ORCHFLOW_LIBEXEC to the directory that holds it");
		return EXIT_ERROR;
	}
	argv[n++] = program;
	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *value = args_value(a, passed[i][0]);

		if (value) {
			argv[n++] = mem_strdup(passed[i][1]);
			argv[n++] = mem_strdup(value);
		}
	}
	argv[n] = NULL;
	(void)execv(program, argv);
	out_error("cannot execute %s: %s", program, strerror(errno));
	return EXIT_ERROR;
}
