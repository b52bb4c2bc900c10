#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/attach.h"
#include "cli/create.h"
#include "cli/out.h"
#include "cli/server.h"

static int create(const struct cli_args *a, json_t *params, char *id, size_t size)
{
	CLEANUP(client_closep) struct client *c = server_open(a, SERVER_START, NULL);
	json_auto_t *pane = NULL;

	if (!c) {
		json_decref(params);
		return EXIT_ERROR;
	}
	pane = server_call(c, "pane.create", params);
	if (!pane)
		return EXIT_ERROR;
	(void)snprintf(id, size, "%s", server_str(pane, "id"));
	if (args_has(a, "json"))
		return out_json(pane);
	(void)puts(id);
	return out_finish();
}

int cmd_new(const struct cli_args *a)
{
	const char *title = args_value(a, "title"), *kind = args_value(a, "kind");
	char id[32] = "";
	json_t *params;
	int r;

	if (args_has(a, "attach") && !(isatty(0) && isatty(1)))
		return out_usage(a->command, "--attach needs a terminal");
	params = create_params(a, &r);
	if (!params)
		return r;
	if (title)
		(void)json_object_set_new(params, "title", json_string(title));
	if (kind)
		(void)json_object_set_new(params, "kind", json_string(kind));
	if (args_has(a, "private"))
		(void)json_object_set_new(params, "private", json_true());
	if (args_has(a, "no-integration")) {
		(void)json_object_set_new(json_object_get(params, "env"),
					  "ORCHFLOW_SHELL_INTEGRATION", json_string("0"));
	}
	r = create(a, params, id, sizeof(id));
	if (r == EXIT_OK && args_has(a, "attach")) {
		struct attach_options o = { .target = id };

		return attach_run(a, &o);
	}
	return r;
}
