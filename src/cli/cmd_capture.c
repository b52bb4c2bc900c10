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

static int capture_raw(const struct cli_args *a, struct client *c, const json_t *pane)
{
	const char *stream = args_has(a, "stderr") ? "err" : "out";
	json_int_t seq = server_int(pane, *stream == 'e' ? "err_tail_seq" : "tail_seq");
	int r;

	while (copy_piece(c, server_str(pane, "id"), stream, &seq, &r))
		;
	return r ? r : out_finish();
}

/* Lines of history wanted; < 0 after a message. */
static int64_t wanted_history(const struct cli_args *a)
{
	const char *s = args_value(a, "history");
	int64_t n = 0;

	if (s && strcmp(s, "all") == 0)
		return INT32_MAX;
	return args_number(a, "history", 0, INT32_MAX, &n) == ARGS_E_BAD ? -1 : n;
}

static int capture_screen(const struct cli_args *a, struct client *c, const json_t *pane,
			  const char *format)
{
	int64_t history = wanted_history(a);
	json_auto_t *shot = NULL;
	const json_t *text;

	if (history < 0)
		return EXIT_USAGE;
	shot = server_call(c, "pane.snapshot",
			   server_pack("{s:s, s:s, s:I, s:b}", "pane", server_str(pane, "id"),
				       "format", format, "history", (json_int_t)history, "join",
				       (int)args_has(a, "join")));
	if (!shot)
		return EXIT_ERROR;
	text = json_object_get(shot, strcmp(format, "ansi") == 0 ? "data" : "text");
	(void)fwrite(json_string_value(text), 1, json_string_length(text), stdout);
	if (strcmp(format, "json") == 0)
		(void)putchar('\n');
	return out_finish();
}

int cmd_capture(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *target = server_target(a, 0), *format = args_value(a, "format");
	json_auto_t *pane = NULL;

	if (!target)
		return EXIT_USAGE;
	c = server_open(a, SERVER_START | SERVER_STREAM, NULL);
	if (c)
		pane = server_call(c, "pane.get", server_pack("{s:s}", "pane", target));
	if (!pane)
		return EXIT_ERROR;
	/* Without a terminal there is no screen. */
	if (!format)
		format = json_is_false(json_object_get(pane, "pty")) ? "raw" : "text";
	if (strcmp(format, "raw") == 0 || args_has(a, "stderr"))
		return capture_raw(a, c, pane);
	return capture_screen(a, c, pane, format);
}
