#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

/* Adds what --from says, as it is at this moment: a request that is repeated
 * after a reconnection must not begin later.  The default is the last input, so
 * that `send` and then `wait` never miss what came between them. */
static int add_from(const struct cli_args *a, struct client *c, json_t *params)
{
	const char *from = args_value(a, "from");
	json_auto_t *pane = NULL;
	unsigned long long seq;
	char *end;

	if (from && strcmp(from, "now") != 0 && strcmp(from, "start") != 0) {
		seq = strtoull(from, &end, 10);
		if (end == from || *end) {
			return out_usage(a->command, "--from %s: write start, now or a position",
					 from);
		}
		(void)json_object_set_new(params, "from", json_integer((json_int_t)seq));
		return EXIT_OK;
	}
	pane = server_call(c, "pane.get",
			   server_pack("{s:O}", "pane", json_object_get(params, "pane")));
	if (!pane)
		return EXIT_ERROR;
	(void)json_object_set(params, "from",
			      json_object_get(pane, !from          ? "input_at"
						    : *from == 's' ? "tail_seq"
								   : "seq"));
	return EXIT_OK;
}

static int add_conditions(const struct cli_args *a, json_t *params)
{
	int64_t ms;
	int r;

	if (args_has(a, "exit"))
		(void)json_object_set_new(params, "exit", json_true());
	if (args_has(a, "for") &&
	    json_object_set_new(params, "regex", json_string(args_value(a, "for"))) < 0)
		return out_usage(a->command, "--for: not UTF-8 text");
	if (args_has(a, "prompt"))
		(void)json_object_set_new(params, "prompt", json_true());
	if (args_has(a, "command-end"))
		(void)json_object_set_new(params, "command_end", json_true());
	if (args_has(a, "input"))
		(void)json_object_set_new(params, "input", json_string(args_value(a, "input")));
	if (args_has(a, "text") &&
	    json_object_set_new(params, "text", json_string(args_value(a, "text"))) < 0)
		return out_usage(a->command, "--text: not UTF-8 text");
	r = args_number(a, "idle", 0, INT32_MAX, &ms);
	if (r == ARGS_E_BAD)
		return EXIT_USAGE;
	if (r == 0)
		(void)json_object_set_new(params, "idle_ms", json_integer(ms));
	if (json_object_size(params) == 1) {
		return out_usage(a->command,
				 "wait for what? --exit, --prompt, --command-end, --input KIND, "
				 "--for REGEX, --text TEXT or --idle MS");
	}
	r = args_duration_ms(a, "timeout", &ms);
	if (r == ARGS_E_BAD)
		return EXIT_USAGE;
	if (r == 0)
		(void)json_object_set_new(params, "timeout_ms", json_integer(ms));
	return EXIT_OK;
}

static int report(const char *target, const json_t *result)
{
	const char *reason = server_str(result, "reason");
	const json_t *match = json_object_get(result, "match");
	struct buf b = BUF_INIT;

	if (strcmp(reason, "timeout") == 0) {
		out_error("the time is over");
		return EXIT_TIMEOUT;
	}
	if (strcmp(reason, "closed") == 0) {
		out_error("%s is closed: nothing can come any more", target);
		return EXIT_ERROR;
	}
	if (strcmp(reason, "match") == 0) {
		(void)puts(server_str(match, "text"));
	} else if (strcmp(reason, "input") == 0) {
		(void)puts(server_str(result, "input"));
	} else if (strcmp(reason, "command_end") == 0) {
		(void)printf("%lld\n", (long long)server_int(result, "exit_code"));
	} else if (strcmp(reason, "exit") == 0) {
		server_put_status(&b, json_object_get(result, "status"));
		(void)printf("%.*s\n", (int)buf_len(&b), buf_data(&b));
		buf_fini(&b);
	}
	return out_finish();
}

int cmd_wait(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	const char *target = server_target(a, 0);
	json_auto_t *params = NULL;
	json_auto_t *result = NULL;
	const char *reason;
	int r;

	if (!target)
		return EXIT_USAGE;
	params = server_pack("{s:s}", "pane", target);
	if (!params)
		return EXIT_ERROR;
	r = add_conditions(a, params);
	if (r)
		return r;
	c = server_open(a, SERVER_START, NULL);
	if (!c)
		return EXIT_ERROR;
	r = args_has(a, "for") || args_has(a, "text") || args_has(a, "command-end")
		    ? add_from(a, c, params)
		    : EXIT_OK;
	if (r)
		return r;
	result = server_call(c, "pane.wait", json_incref(params));
	if (!result)
		return EXIT_ERROR;
	if (!args_has(a, "json"))
		return report(target, result);
	reason = server_str(result, "reason");
	r = out_json(result);
	if (strcmp(reason, "timeout") == 0)
		return EXIT_TIMEOUT;
	return strcmp(reason, "closed") == 0 ? EXIT_ERROR : r;
}
