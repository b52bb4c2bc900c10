/* orchflow kv, backup, store */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/out.h"
#include "cli/server.h"
#include "cli/verbs.h"
#include "rpc/base64.h"

#define VALUE_MAX (64u << 20) /* the server's limit is what counts */

static const char *namespace_of(const struct cli_args *a)
{
	return args_value(a, "namespace");
}

/* ---- values ---- */

static int read_stdin(struct buf *b)
{
	for (;;) {
		char *room = buf_reserve(b, 65536);
		ssize_t n = room ? read(STDIN_FILENO, room, 65536) : -1;

		if (!room)
			out_error("out of memory");
		if (room && n < 0 && errno == EINTR)
			continue;
		if (room && n < 0)
			out_error("cannot read standard input: %s", strerror(errno));
		if (n <= 0)
			return n < 0 ? EXIT_ERROR : EXIT_OK;
		buf_commit(b, (size_t)n);
		if (buf_len(b) > VALUE_MAX) {
			out_error("standard input is more than %u bytes", VALUE_MAX);
			return EXIT_ERROR;
		}
	}
}

/* Operand @index as a value: `-` or nothing is standard input. NULL after a message. */
static json_t *value_of(const struct cli_args *a, int index)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (a->n_operands > index && strcmp(a->operands[index], "-") != 0) {
		buf_put_str(&b, a->operands[index]);
	} else if (read_stdin(&b) != EXIT_OK) {
		return NULL;
	}
	base64_encode(buf_data(&b), buf_len(&b), &text);
	if (buf_check(&text) < 0)
		out_error("out of memory");
	return json_stringn(buf_data(&text), buf_len(&text));
}

/* As it is: what was set comes out, with no newline behind it. */
static int print_value(const json_t *entry)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	const json_t *data = json_object_get(entry, "data");

	if (base64_decode(json_string_value(data) ? json_string_value(data) : "",
			  json_string_length(data), &b) != 0) {
		out_error("the server sent no value");
		return EXIT_ERROR;
	}
	(void)fwrite(buf_data(&b), 1, buf_len(&b), stdout);
	return out_finish();
}

/* ---- verbs ---- */

/* What set was told beside key and value; false: a usage error was printed. */
struct set_options {
	json_t *ttl, *revision; /* NULL: not given */
	bool is_cas;
};

static bool read_set_options(const struct cli_args *a, struct set_options *ret)
{
	int64_t ttl = 0, revision = 0;
	int r_ttl = args_duration_ms(a, "ttl", &ttl);
	int r_revision = args_number(a, "if-revision", 1, INT64_MAX, &revision);

	if (r_ttl == ARGS_E_BAD || r_revision == ARGS_E_BAD)
		return false;
	*ret = (struct set_options){
		.ttl = r_ttl == 0 ? json_integer(ttl) : NULL,
		.revision = r_revision == 0 ? json_integer(revision) : NULL,
		.is_cas = r_revision == 0 || args_has(a, "if-absent"),
	};
	return true;
}

static int tell_set(const struct cli_args *a, const struct set_options *o, const json_t *result)
{
	int r = args_has(a, "json") ? out_json(result) : EXIT_OK;

	if (o->is_cas && !json_is_true(json_object_get(result, "swapped"))) {
		out_error("%s is not as expected: nothing was set", a->operands[1]);
		return EXIT_ERROR;
	}
	return r;
}

static int set(const struct cli_args *a, struct client *c)
{
	struct set_options o;
	json_auto_t *value = NULL, *result = NULL;

	if (!read_set_options(a, &o))
		return EXIT_USAGE;
	value = value_of(a, 2);
	if (value) {
		result = server_call(c, o.is_cas ? "kv.cas" : "kv.set",
				     server_pack("{s:s*, s:s, s:O, s:O*, s:O*}", "namespace",
						 namespace_of(a), "key", a->operands[1], "data",
						 value, "ttl_ms", o.ttl, "expect_revision",
						 o.revision));
	}
	json_decref(o.ttl);
	json_decref(o.revision);
	return result ? tell_set(a, &o, result) : EXIT_ERROR;
}

static int get(const struct cli_args *a, struct client *c)
{
	json_auto_t *entry = server_call(c, "kv.get",
					 server_pack("{s:s*, s:s, s:s}", "namespace",
						     namespace_of(a), "key", a->operands[1], "as",
						     args_has(a, "json") ? "text" : "data"));

	if (!entry)
		return EXIT_ERROR;
	return args_has(a, "json") ? out_json(entry) : print_value(entry);
}

static int del(const struct cli_args *a, struct client *c)
{
	int n_missing = 0;

	for (int i = 1; i < a->n_operands; i++) {
		json_auto_t *result =
			server_call(c, "kv.delete",
				    server_pack("{s:s*, s:s}", "namespace", namespace_of(a), "key",
						a->operands[i]));

		if (!result)
			return EXIT_ERROR;
		if (!json_is_true(json_object_get(result, "deleted"))) {
			out_error("there is no key %s", a->operands[i]);
			n_missing++;
		}
	}
	return n_missing ? EXIT_ERROR : EXIT_OK;
}

static int exists(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "kv.exists",
					  server_pack("{s:s*, s:s}", "namespace", namespace_of(a),
						      "key", a->operands[1]));

	if (!result)
		return EXIT_ERROR;
	return json_is_true(json_object_get(result, "exists")) ? EXIT_OK : EXIT_ERROR;
}

static json_t *prefix_params(const struct cli_args *a)
{
	return server_pack("{s:s*, s:s*}", "namespace", namespace_of(a), "prefix",
			   a->n_operands > 1 ? a->operands[1] : NULL);
}

static void print_entries(const struct cli_args *a, const json_t *entries)
{
	bool is_long = args_has(a, "long");
	struct out_table t;
	struct buf b = BUF_INIT;
	json_t *e;
	size_t i;

	out_table_init(&t, "SIZE AGE REVISION KEY", 1u | 1u << 1 | 1u << 2);
	json_array_foreach(entries, i, e)
	{
		if (!is_long) {
			(void)puts(server_str(e, "key"));
			continue;
		}
		out_put_bytes(&b, (uint64_t)server_int(e, "size"));
		out_table_add_buf(&t, OUT_PLAIN, &b);
		out_put_age(&b, clock_wall_us() - (uint64_t)server_int(e, "updated_us"));
		out_table_add_buf(&t, OUT_DIM, &b);
		out_table_addf(&t, OUT_PLAIN, "%lld", (long long)server_int(e, "revision"));
		out_table_add(&t, OUT_BOLD, server_str(e, "key"));
	}
	if (is_long)
		out_table_print(&t);
	out_table_fini(&t);
	buf_fini(&b);
}

static int list(const struct cli_args *a, struct client *c)
{
	json_auto_t *entries = server_list(c, "kv.list", "entries", prefix_params(a));

	if (!entries)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(entries);
	print_entries(a, entries);
	return out_finish();
}

static int print_number(const struct cli_args *a, json_t *result, const char *member)
{
	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(result);
	(void)printf("%lld\n", (long long)server_int(result, member));
	return out_finish();
}

static int count(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "kv.count", prefix_params(a));

	return print_number(a, result, "count");
}

static int clear(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "kv.clear", prefix_params(a));

	return print_number(a, result, "deleted");
}

static int namespaces(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "kv.namespaces", json_object());
	json_t *list = json_object_get(result, "namespaces"), *n;
	struct out_table t;
	struct buf b = BUF_INIT;
	size_t i;

	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(list);
	out_table_init(&t, "NAMESPACE KEYS BYTES", 1u << 1 | 1u << 2);
	json_array_foreach(list, i, n)
	{
		out_table_add(&t, OUT_BOLD, server_str(n, "name"));
		out_table_addf(&t, OUT_PLAIN, "%lld", (long long)server_int(n, "keys"));
		out_put_bytes(&b, (uint64_t)server_int(n, "bytes"));
		out_table_add_buf(&t, OUT_PLAIN, &b);
	}
	out_table_print(&t);
	out_table_fini(&t);
	buf_fini(&b);
	return out_finish();
}

/* ---- commands ---- */

int cmd_kv(const struct cli_args *a)
{
	static const struct cli_verb verbs[] = {
		{ "set", "KEY [VALUE]", 1, 2, set },  { "get", "KEY", 1, 1, get },
		{ "del", "KEY...", 1, -1, del },      { "exists", "KEY", 1, 1, exists },
		{ "ls", "[PREFIX]", 0, 1, list },     { "count", "[PREFIX]", 0, 1, count },
		{ "clear", "[PREFIX]", 0, 1, clear }, { "namespaces", "", 0, 0, namespaces },
	};

	return verbs_run(a, verbs, ARRAY_LEN(verbs));
}

int cmd_backup(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	json_auto_t *result = NULL;
	char path[PATH_MAX + 1], cwd[PATH_MAX];

	if (a->operands[0][0] != '/' && !getcwd(cwd, sizeof cwd)) {
		out_error("the working directory is not known: %s", strerror(errno));
		return EXIT_ERROR;
	}
	if (snprintf(path, sizeof path, "%s%s%s", a->operands[0][0] == '/' ? "" : cwd,
		     a->operands[0][0] == '/' ? "" : "/", a->operands[0]) >= (int)sizeof path) {
		out_error("%s: %s", a->operands[0], strerror(ENAMETOOLONG));
		return EXIT_ERROR;
	}
	c = server_open(a, SERVER_START, NULL);
	if (c)
		result = server_call(c, "store.backup", server_pack("{s:s}", "path", path));
	return result ? EXIT_OK : EXIT_ERROR;
}

static int store_status(const struct cli_args *a, struct client *c)
{
	json_auto_t *s = server_call(c, "store.status", json_object());
	struct buf b = BUF_INIT;

	if (!s)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(s);
	buf_printf(&b, "state     %s%s%s\n", server_str(s, "state"),
		   server_str(s, "detail")[0] ? ": " : "", server_str(s, "detail"));
	buf_put_str(&b, "file      ");
	out_put_bytes(&b, (uint64_t)server_int(s, "file_bytes"));
	buf_put_str(&b, ", log ");
	out_put_bytes(&b, (uint64_t)server_int(s, "wal_bytes"));
	buf_printf(&b, "\nwrites    %lld in %lld commits, the largest of %lld; %lld failed\n",
		   (long long)server_int(s, "writes"), (long long)server_int(s, "commits"),
		   (long long)server_int(s, "largest_commit"), (long long)server_int(s, "failed"));
	buf_printf(&b, "reads     %lld, and %lld from the cache\n",
		   (long long)server_int(s, "reads"), (long long)server_int(s, "cache_hits"));
	(void)fwrite(buf_data(&b), 1, buf_len(&b), stdout);
	buf_fini(&b);
	return out_finish();
}

static int store_check(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "store.check", json_object());

	(void)a;
	if (result)
		(void)puts("ok");
	return result ? out_finish() : EXIT_ERROR;
}

static int store_vacuum(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "store.vacuum", json_object());

	(void)a;
	return result ? EXIT_OK : EXIT_ERROR;
}

int cmd_store(const struct cli_args *a)
{
	static const struct cli_verb verbs[] = {
		{ "status", "", 0, 0, store_status },
		{ "check", "", 0, 0, store_check },
		{ "vacuum", "", 0, 0, store_vacuum },
	};

	return verbs_run(a, verbs, ARRAY_LEN(verbs));
}
