#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/out.h"
#include "cli/server.h"

#define READ_MAX (1 << 20)

/* One piece of the stream, to stdout.  @seq moves to its end; false at the head. */
static bool copy_piece(struct client *c, const char *id, const char *stream, json_int_t *seq,
		       int *ret_exit)
{
	json_auto_t *piece = server_call(c, "pane.read",
					 server_pack("{s:s, s:s, s:I, s:i}", "pane", id, "stream",
						     stream, "from", *seq, "max", READ_MAX));
	const json_t *data = json_object_get(piece, "data");
	json_int_t gap = server_int(piece, "gap");

	*ret_exit = EXIT_ERROR;
	if (!piece)
		return false;
	if (gap > 0)
		out_error("%lld bytes were no longer kept", (long long)gap);
	/* msgpack: bytes are strings that hold them as they are */
	(void)fwrite(json_string_value(data), 1, json_string_length(data), stdout);
	*seq = server_int(piece, "to");
	*ret_exit = EXIT_OK;
	return json_string_length(data) > 0 && *seq < server_int(piece, "head");
}

int cmd_capture(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *target = server_target(a, 0), *format = args_value(a, "format");
	const char *stream = args_has(a, "stderr") ? "err" : "out";
	json_auto_t *pane = NULL;
	json_int_t seq;
	int r;

	if (!target)
		return EXIT_USAGE;
	if (format && strcmp(format, "raw") != 0)
		return out_usage(a->command, "--format %s: only raw is there yet", format);
	c = server_open(a, SERVER_START | SERVER_STREAM, NULL);
	if (!c)
		return EXIT_ERROR;
	pane = server_call(c, "pane.get", server_pack("{s:s}", "pane", target));
	if (!pane)
		return EXIT_ERROR;
	seq = server_int(pane, *stream == 'e' ? "err_tail_seq" : "tail_seq");
	while (copy_piece(c, server_str(pane, "id"), stream, &seq, &r))
		;
	return r ? r : out_finish();
}
