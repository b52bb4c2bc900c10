#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

/* ---- what there is ---- */

static json_t *discover(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, SERVER_START, NULL);

	return c ? server_call(c, "rpc.discover", json_object()) : NULL;
}

static int list_methods(const struct cli_args *a)
{
	json_auto_t *doc = discover(a);
	struct out_table t;
	json_t *m;
	size_t i;

	if (!doc)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(doc);
	out_table_init(&t, "METHOD SUMMARY", 0);
	json_array_foreach(json_object_get(doc, "methods"), i, m)
	{
		out_table_add(&t, OUT_BOLD, server_str(m, "name"));
		out_table_add(&t, OUT_PLAIN, server_str(m, "summary"));
	}
	out_table_print(&t);
	out_table_fini(&t);
	return out_finish();
}

static void put_type(struct buf *b, const json_t *schema)
{
	const json_t *type = json_object_get(schema, "type"),
		     *values = json_object_get(schema, "enum");
	json_t *v;
	size_t i;

	json_array_foreach(values, i, v)
		buf_printf(b, "%s%s", i ? "|" : "",
			   json_string_value(v) ? json_string_value(v) : "");
	if (values)
		return;
	json_array_foreach(type, i, v) buf_printf(b, "%s%s", i ? "|" : "",
						  json_string_value(v) ? json_string_value(v) : "");
	if (json_is_string(type))
		buf_put_str(b, json_string_value(type));
}

static void add_param(struct out_table *t, const json_t *p)
{
	const json_t *schema = json_object_get(p, "schema");
	const json_t *fallback = json_object_get(schema, "default");
	struct buf b = BUF_INIT;
	char *text;

	out_table_addf(t, OUT_BOLD, "%s%s", server_str(p, "name"),
		       json_is_true(json_object_get(p, "required")) ? " *" : "");
	put_type(&b, schema);
	out_table_add_buf(t, OUT_PLAIN, &b);
	text = fallback ? json_dumps(fallback, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	out_table_add(t, OUT_DIM, text ? text : "");
	free(text);
	out_table_add(t, OUT_PLAIN,
		      *server_str(p, "description") ? server_str(p, "description")
						    : server_str(p, "summary"));
	buf_fini(&b);
}

static const json_t *find_method(const json_t *doc, const char *name)
{
	json_t *m;
	size_t i;

	json_array_foreach(json_object_get(doc, "methods"), i, m)
	{
		if (strcmp(server_str(m, "name"), name) == 0)
			return m;
	}
	return NULL;
}

static int describe(const struct cli_args *a, const char *name)
{
	json_auto_t *doc = discover(a);
	const json_t *m = find_method(doc, name);
	struct out_table t;
	json_t *p;
	size_t i;

	if (!doc)
		return EXIT_ERROR;
	if (!m) {
		out_error("no method %s; `orchflow api` lists them", name);
		return EXIT_ERROR;
	}
	if (args_has(a, "json"))
		return out_json(m);
	(void)printf("%s: %s\n\n", name, server_str(m, "summary"));
	out_table_init(&t, "PARAMETER TYPE DEFAULT MEANING", 0);
	json_array_foreach(json_object_get(m, "params"), i, p) add_param(&t, p);
	if (i) {
		out_table_print(&t);
	} else {
		(void)puts("It takes no parameters.");
	}
	out_table_fini(&t);
	return out_finish();
}

/* ---- calling ---- */

static json_t *read_params(const struct cli_args *a, int *ret_exit)
{
	const char *text = a->n_operands > 1 ? a->operands[1] : "{}";
	json_error_t e;
	json_t *v;

	*ret_exit = EXIT_USAGE;
	if (strcmp(text, "-") == 0) {
		v = json_loadf(stdin, JSON_REJECT_DUPLICATES, &e);
	} else {
		v = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	}
	if (!v) {
		(void)out_usage(a->command,
				"the parameters are not a JSON object or array: %s "
				"(line %d, column %d)",
				e.text, e.line, e.column);
	}
	return v;
}

/* What is followed, so that it can be asked for again after a loss of the connection. */
struct followed {
	const char *method;
	json_t *params;
	bool has_resumed;
};

/* Where a subscription to one pane's output goes on. */
static void note_position(struct followed *f, const char *method, const json_t *params)
{
	json_t *seq = json_object_get(params, "seq");
	size_t n = json_string_length(json_object_get(params, "data"));
	const char *data = json_string_value(json_object_get(params, "data"));

	if (strcmp(method, "pane.output") != 0 || strcmp(f->method, "pane.subscribe") != 0 ||
	    !json_is_object(f->params) || !json_is_integer(seq) || !data || n < 4 ||
	    strcmp(server_str(params, "stream"), "err") == 0)
		return;
	/* base64: three bytes in four characters, less what is filled up */
	(void)json_object_set_new(f->params, "from",
				  json_integer(json_integer_value(seq) + (json_int_t)(n / 4 * 3) -
					       (data[n - 1] == '=') - (data[n - 2] == '=')));
	(void)json_object_del(f->params, "start");
}

static void on_event(const char *method, json_t *params, void *user)
{
	json_auto_t *event = json_pack("{s:s, s:O}", "method", method, "params", params);

	note_position(user, method, params);
	(void)json_dumpf(event, stdout, JSON_COMPACT);
	(void)putchar('\n');
	if (fflush(stdout) != 0)
		exit(EXIT_ERROR);
}

static void on_resumed(uint64_t down_ns, void *user)
{
	struct followed *f = user;

	(void)down_ns;
	f->has_resumed = true;
}

static bool is_subscription(const char *method)
{
	const char *dot = strrchr(method, '.');

	return dot && strcmp(dot, ".subscribe") == 0;
}

/* The next server knows nothing of what the last one was asked. */
static int ask_again(struct client *c, struct followed *f, struct fail *reterr)
{
	f->has_resumed = false;
	if (!is_subscription(f->method))
		return 0;
	return client_call(c, f->method, json_incref(f->params), NULL, reterr);
}

static int follow(struct client *c, struct followed *followed)
{
	for (;;) {
		struct fail f;
		int r = client_poll(c, -1, &f);

		if (!r && followed->has_resumed)
			r = ask_again(c, followed, &f);
		if (r)
			return out_failure(r, &f);
	}
}

static int call(const struct cli_args *a)
{
	struct followed followed = { .method = a->operands[0] };
	struct client_ops ops = { .on_event = on_event,
				  .on_resumed = on_resumed,
				  .user = &followed };
	CLEANUP(client_closep) struct client *c = NULL;
	json_auto_t *result = NULL;
	json_auto_t *params = NULL;
	int r;

	params = read_params(a, &r);
	if (!params)
		return r;
	c = server_open(a, SERVER_START, &ops);
	if (!c)
		return EXIT_ERROR;
	followed.params = params;
	result = server_call(c, a->operands[0], json_incref(params));
	if (!result)
		return EXIT_ERROR;
	r = out_json(result);
	return !r && args_has(a, "follow") ? follow(c, &followed) : r;
}

int cmd_api(const struct cli_args *a)
{
	if (a->n_operands == 0)
		return list_methods(a);
	if (a->wants_help || args_has(a, "describe"))
		return describe(a, a->operands[0]);
	return call(a);
}
