/* upgrade: the server goes on as another version of itself. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

static json_t *pack_params(const struct cli_args *a, int64_t timeout_ms)
{
	const char *binary = args_value(a, "binary");
	json_t *params = server_pack("{s:b, s:b, s:I, s:o}", "keeper", (int)args_has(a, "keeper"),
				     "check", (int)args_has(a, "check"), "within_ms",
				     (json_int_t)timeout_ms, "key", server_key());
	char path[PATH_MAX];

	if (params && binary) {
		if (!realpath(binary, path)) {
			out_error("%s: %m", binary);
			json_decref(params);
			return NULL;
		}
		(void)json_object_set_new(params, "binary", json_string(path));
	}
	return params;
}

static void print(const struct cli_args *a, const json_t *r)
{
	const char *program = args_has(a, "keeper") ? "orchflow-keeper" : "orchflowd";
	const char *from = server_str(r, "from"), *to = server_str(r, "to");

	if (args_has(a, "check")) {
		(void)printf("%s %s (%s) can take over%s%s\n", program, to, server_str(r, "binary"),
			     *from ? " from " : "", from);
		return;
	}
	if (*from) {
		(void)printf("%s %s -> %s", program, from, to);
	} else {
		(void)printf("%s is now %s", program, to);
	}
	(void)printf(", served after %d ms\n", (int)server_int(r, "took_ms"));
}

int cmd_upgrade(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	json_auto_t *result = NULL;
	int64_t timeout_ms = 5000;
	json_t *params;

	if (args_duration_ms(a, "timeout", &timeout_ms) == ARGS_E_BAD)
		return EXIT_USAGE;
	params = pack_params(a, timeout_ms);
	if (!params)
		return EXIT_ERROR;
	c = server_open(a, 0, NULL);
	if (!c) {
		json_decref(params);
		return EXIT_ERROR;
	}
	result = server_call(c, "server.upgrade", params);
	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(result);
	print(a, result);
	return out_finish();
}
