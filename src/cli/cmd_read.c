#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

static int add_number(const struct cli_args *a, const char *option, const char *param, int64_t min,
		      int64_t max, json_t *params)
{
	int64_t v;
	int r = args_number(a, option, min, max, &v);

	if (r == 0)
		(void)json_object_set_new(params, param, json_integer(v));
	return r == ARGS_E_BAD ? EXIT_USAGE : EXIT_OK;
}

static int add_options(const struct cli_args *a, json_t *params)
{
	static const struct {
		const char *option, *param;
		int64_t min, max;
	} numbers[] = {
		{ "from", "from", 0, INT64_C(1) << 53 }, { "to", "to", 0, INT64_C(1) << 53 },
		{ "row", "row", 0, INT64_C(1) << 53 },   { "max-bytes", "max_bytes", 0, 1 << 20 },
		{ "lines", "max_lines", 1, 100000 },
	};
	int r = EXIT_OK;

	for (size_t i = 0; r == EXIT_OK && i < ARRAY_LEN(numbers); i++) {
		r = add_number(a, numbers[i].option, numbers[i].param, numbers[i].min,
			       numbers[i].max, params);
	}
	if (args_has(a, "command"))
		(void)json_object_set_new(params, "command", json_string(args_value(a, "command")));
	if (args_has(a, "keep-end"))
		(void)json_object_set_new(params, "keep", json_string(args_value(a, "keep-end")));
	if (args_has(a, "split"))
		(void)json_object_set_new(params, "join", json_false());
	if (args_has(a, "stderr"))
		(void)json_object_set_new(params, "stream", json_string("err"));
	return r;
}

int cmd_read(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *target = server_target(a, 0);
	json_auto_t *params = NULL;
	json_auto_t *result = NULL;
	const json_t *text;
	int r;

	if (!target)
		return EXIT_USAGE;
	params = server_pack("{s:s}", "pane", target);
	if (!params)
		return EXIT_ERROR;
	r = add_options(a, params);
	if (r)
		return r;
	c = server_open(a, SERVER_START, NULL);
	result = c ? server_call(c, "pane.text", json_incref(params)) : NULL;
	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(result);
	text = json_object_get(result, "text");
	(void)fwrite(json_string_value(text), 1, json_string_length(text), stdout);
	if (server_int(result, "gap") > 0) {
		out_error("%lld bytes of it are no longer kept",
			  (long long)server_int(result, "gap"));
	}
	if (json_is_true(json_object_get(result, "truncated")))
		out_error("%lld rows were left out", (long long)server_int(result, "omitted_rows"));
	return out_finish();
}
