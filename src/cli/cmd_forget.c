/* `orchflow forget`: what a pane printed is not kept any longer. */
#include "cli/out.h"
#include "cli/server.h"

int cmd_forget(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *target = server_target(a, 0);
	json_auto_t *result = NULL;

	if (!target)
		return EXIT_USAGE;
	c = server_open(a, SERVER_START, NULL);
	if (c)
		result = server_call(c, "pane.forget", server_pack("{s:s}", "pane", target));
	return result ? EXIT_OK : EXIT_ERROR;
}
