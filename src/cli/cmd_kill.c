#include <stdio.h>
#include <string.h>

#include "cli/ended.h"
#include "cli/out.h"
#include "cli/server.h"

static int send_signal(struct client *c, const char *target, const struct cli_args *a)
{
	json_auto_t *result =
		server_call(c, "pane.signal",
			    server_pack("{s:s, s:s, s:s}", "pane", target, "signal",
					args_value(a, "signal"), "to",
					args_has(a, "tree") ? "session" : "foreground"));

	return result ? EXIT_OK : EXIT_ERROR;
}

static int report(const char *target, const json_t *result)
{
	size_t n;
	int r = ended_report(result, &n);

	if (n == 0 && r == EXIT_OK)
		out_note("nothing was running in %s", target);
	return out_finish() ? EXIT_ERROR : r;
}

int cmd_kill(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *target = server_target(a, 0);
	json_auto_t *result = NULL;
	int64_t grace_ms = 2000;

	if (!target || args_duration_ms(a, "grace", &grace_ms) == ARGS_E_BAD)
		return EXIT_USAGE;
	c = server_open(a, SERVER_START, NULL);
	if (!c)
		return EXIT_ERROR;
	if (args_has(a, "signal"))
		return send_signal(c, target, a);
	result = server_call(c, "pane.kill",
			     server_pack("{s:s, s:b, s:I}", "pane", target, "tree",
					 (int)args_has(a, "tree"), "grace_ms",
					 (json_int_t)grace_ms));
	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json")) {
		(void)out_json(result);
		return json_array_size(json_object_get(result, "left")) ? EXIT_ERROR : EXIT_OK;
	}
	return report(target, result);
}
