/* run --pane: a command typed into the shell of a pane that is there. */
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "cli/run_pane.h"
#include "cli/server.h"

#define OUTPUT_BYTES (1 << 20)
#define OUTPUT_LINES 100000

/* The words as one line for the shell. */
static json_t *line_of(const struct cli_args *a)
{
	struct buf b = BUF_INIT;
	json_t *line;

	for (int i = 0; i < a->n_operands; i++) {
		if (i > 0)
			buf_put_char(&b, ' ');
		buf_put_str(&b, a->operands[i]);
	}
	line = json_stringn(buf_data(&b), buf_len(&b));
	buf_fini(&b);
	if (!line)
		out_error("the command is not UTF-8 text");
	return line;
}

static int add_numbers(const struct cli_args *a, json_t *params)
{
	static const struct {
		const char *option, *param;
		int64_t min, max, fallback; /* fallback < 0: left to the server */
	} numbers[] = {
		{ "idle", "idle_ms", 0, INT32_MAX, -1 },
		{ "max-bytes", "max_bytes", 0, OUTPUT_BYTES, OUTPUT_BYTES },
		{ "max-lines", "max_lines", 1, OUTPUT_LINES, OUTPUT_LINES },
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int64_t v = numbers[i].fallback;

		if (args_number(a, numbers[i].option, numbers[i].min, numbers[i].max, &v) ==
		    ARGS_E_BAD)
			return EXIT_USAGE;
		if (v >= 0)
			(void)json_object_set_new(params, numbers[i].param, json_integer(v));
	}
	return EXIT_OK;
}

static int add_manner(const struct cli_args *a, json_t *params)
{
	const char *keep = args_value(a, "keep-end");
	int64_t ms;
	int r = args_duration_ms(a, "timeout", &ms);

	if (r == ARGS_E_BAD)
		return EXIT_USAGE;
	if (r == 0)
		(void)json_object_set_new(params, "timeout_ms", json_integer(ms));
	if (args_has(a, "result"))
		return EXIT_OK;
	/* So it may be asked again when the daemon went away under it. */
	(void)json_object_set_new(params, "key", server_key());
	if (args_has(a, "queue"))
		(void)json_object_set_new(params, "queue", json_true());
	if (args_has(a, "raw"))
		(void)json_object_set_new(params, "output", json_string("raw"));
	if (keep)
		(void)json_object_set_new(params, "keep", json_string(keep));
	return add_numbers(a, params);
}

static int exit_of(const json_t *result)
{
	const char *state = server_str(result, "state");
	const json_t *code = json_object_get(result, "exit_code");

	if (strcmp(state, "running") == 0 || strcmp(state, "queued") == 0)
		return EXIT_TIMEOUT;
	return json_is_integer(code) ? (int)json_integer_value(code) & 255 : EXIT_OK;
}

static void remark(const json_t *result)
{
	const char *state = server_str(result, "state");

	if (strcmp(state, "running") == 0) {
		out_error("it still runs; its end: orchflow run --result %s",
			  server_str(result, "command"));
	} else if (strcmp(state, "exited") == 0) {
		out_error("the shell ended with it");
	} else if (strcmp(server_str(result, "evidence"), "none") == 0) {
		out_error("no shell told of its end: the pane was quiet, and its exit status is "
			  "not known");
	}
	if (json_is_true(json_object_get(result, "truncated"))) {
		long long rows = server_int(result, "omitted_rows");

		out_error("%lld %s of its output were left out",
			  rows ? rows : (long long)server_int(result, "omitted_bytes"),
			  rows ? "rows" : "bytes");
	}
}

static int report(const struct cli_args *a, const json_t *result)
{
	const json_t *text = json_object_get(result, "output");

	if (args_has(a, "json"))
		return out_json(result) ? EXIT_OWN_FAILURE : exit_of(result);
	if (!text)
		text = json_object_get(result, "data");
	(void)fwrite(json_string_value(text), 1, json_string_length(text), stdout);
	if (out_finish())
		return EXIT_OWN_FAILURE;
	remark(result);
	return exit_of(result);
}

int run_in_pane(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *again = args_value(a, "result");
	json_auto_t *params = NULL;
	json_auto_t *result = NULL;
	int r;

	if (!again == (a->n_operands == 0)) {
		return out_usage(a->command,
				 again ? "--result takes no command" : "which command?");
	}
	params = json_object();
	(void)json_object_set_new(params, again ? "command" : "pane",
				  json_string(again ? again : args_value(a, "pane")));
	if (!again && json_object_set_new(params, "command", line_of(a)) < 0)
		return EXIT_OWN_FAILURE;
	r = add_manner(a, params);
	if (r)
		return r;
	/* As they are: bytes need no encoding then. */
	c = server_open(a, SERVER_START | SERVER_STREAM, NULL);
	if (!c)
		return EXIT_OWN_FAILURE;
	result = server_call(c, again ? "command.wait" : "pane.run", json_incref(params));
	return result ? report(a, result) : EXIT_OWN_FAILURE;
}
