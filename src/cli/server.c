#include "cli/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cli/out.h"

struct client *server_open(const struct cli_args *a, unsigned flags, const struct client_ops *ops)
{
	struct client_options o = { .wants_start = (flags & SERVER_START) != 0,
				    .wants_msgpack = (flags & SERVER_STREAM) != 0,
				    .wants_resume = true };
	struct places places;
	struct client *c = NULL;
	struct fail f;
	char name[64];
	int r;

	(void)snprintf(name, sizeof(name), "orchflow %s", a->command->name);
	o.name = name;
	if (ops)
		o.ops = *ops;
	r = places_resolve(&places, &f);
	if (!r)
		r = client_open(&places, &o, &c, &f);
	if (r) {
		(void)out_failure(r, &f);
		return NULL;
	}
	return c;
}

json_t *server_pack(const char *fmt, ...)
{
	json_error_t e;
	va_list ap;
	json_t *v;

	va_start(ap, fmt);
	v = json_vpack_ex(&e, 0, fmt, ap);
	va_end(ap);
	if (!v)
		out_error("what was given is not UTF-8 text");
	return v;
}

json_t *server_call(struct client *c, const char *method, json_t *params)
{
	json_t *result = NULL;
	struct fail f;
	int r;

	if (!params)
		return NULL;
	r = client_call(c, method, params, &result, &f);
	if (r) {
		(void)out_failure(r, &f);
		return NULL;
	}
	return result;
}

json_t *server_list(struct client *c, const char *method, const char *key, json_t *params)
{
	json_t *all = json_array();

	for (;;) {
		json_t *page = server_call(c, method, json_incref(params));
		const json_t *next = json_object_get(page, "next");

		if (!page || !all) {
			json_decref(params);
			json_decref(all);
			json_decref(page);
			return NULL;
		}
		(void)json_array_extend(all, json_object_get(page, key));
		if (!json_is_string(next)) {
			json_decref(page);
			json_decref(params);
			return all;
		}
		(void)json_object_set_new(params, "cursor", json_string(json_string_value(next)));
		json_decref(page);
	}
}

const char *server_target(const struct cli_args *a, int index)
{
	const char *own = getenv("ORCHFLOW_PANE");

	if (index < a->n_operands)
		return a->operands[index];
	if (own && own[0])
		return own;
	(void)out_usage(a->command, "which pane? Give its id or its session's name; `orchflow ls` "
				    "lists them");
	return NULL;
}

const char *server_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

int64_t server_int(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

void server_put_status(struct buf *b, const json_t *status)
{
	const char *name = server_str(status, "name");

	if (json_object_get(status, "code")) {
		buf_printf(b, "exited with status %d", (int)server_int(status, "code"));
	} else if (json_object_get(status, "signal")) {
		buf_printf(b, "killed by %s%s (%d)", strncmp(name, "SIG", 3) == 0 ? "" : "SIG",
			   name, (int)server_int(status, "signal"));
	}
}

int server_exit_code(const json_t *status)
{
	if (json_object_get(status, "signal"))
		return EXIT_SIGNAL + (int)server_int(status, "signal");
	return (int)server_int(status, "code");
}

json_t *server_key(void)
{
	unsigned char random[16];
	char text[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		out_error("the kernel gives no random bytes");
		exit(EXIT_ERROR);
	}
	for (size_t i = 0; i < sizeof(random); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", random[i]);
	return json_string(text);
}
