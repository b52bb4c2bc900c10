/* delete, respawn, resize: one request each. */
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

int cmd_delete(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, SERVER_START, NULL);
	int ret = EXIT_OK;

	if (!c)
		return EXIT_ERROR;
	for (int i = 0; i < a->n_operands; i++) {
		const char *target = a->operands[i];
		json_auto_t *killed = NULL;
		json_auto_t *result = NULL;

		if (args_has(a, "force")) {
			killed = server_call(c, "pane.kill", server_pack("{s:s}", "pane", target));
			if (!killed) {
				ret = EXIT_ERROR;
				continue;
			}
		}
		result = server_call(c, "pane.delete", server_pack("{s:s}", "pane", target));
		if (!result)
			ret = EXIT_ERROR;
	}
	return ret;
}

int cmd_respawn(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *target = server_target(a, 0);
	json_auto_t *pane = NULL;

	if (!target)
		return EXIT_USAGE;
	c = server_open(a, SERVER_START, NULL);
	if (!c)
		return EXIT_ERROR;
	pane = server_call(c, "pane.respawn",
			   server_pack("{s:s, s:b, s:o}", "pane", target, "force",
				       (int)args_has(a, "force"), "key", server_key()));
	if (!pane)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(pane);
	(void)puts(server_str(pane, "id"));
	return out_finish();
}

int cmd_resize(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *size = a->operands[a->n_operands - 1];
	/* `orchflow resize 100x30` inside a pane means that pane. */
	const char *target = a->n_operands == 2 ? a->operands[0] : server_target(a, 1);
	json_auto_t *result = NULL;
	int64_t cols, rows;

	if (!target)
		return EXIT_USAGE;
	if (!args_parse_size(size, &cols, &rows))
		return out_usage(a->command, "%s: write COLUMNSxROWS, as in 120x40", size);
	c = server_open(a, SERVER_START, NULL);
	if (!c)
		return EXIT_ERROR;
	result = server_call(c, "pane.resize",
			     server_pack("{s:s, s:I, s:I}", "pane", target, "cols",
					 (json_int_t)cols, "rows", (json_int_t)rows));
	return result ? EXIT_OK : EXIT_ERROR;
}
