/* kv.*: what programs keep here. */
#include <string.h>

#include "api/method.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/core.h"
#include "store/kv.h"

#define LIST_VALUE_BYTES (2u << 20) /* values of one page */

/* ---- what comes in ---- */

static const char *namespace_of(const struct api_call *call)
{
	return rpc_arg_str(&call->args, "namespace", KV_DEFAULT);
}

/* A value given as `data` or as `text`, under these names; exactly one of them. */
struct value_names {
	const char *data, *text;
};

static int read_value(const struct rpc_args *a, const struct value_names *names, struct buf *out,
		      struct fail *reterr)
{
	if (rpc_arg_has(a, names->data) == rpc_arg_has(a, names->text)) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, names->data, "either %s or %s",
				 names->data, names->text);
	}
	if (rpc_arg_has(a, names->data))
		return rpc_arg_bytes(a, names->data, out) < 0 ? -ENOMEM : 0;
	buf_put(out, rpc_arg_str(a, names->text, ""), rpc_arg_len(a, names->text));
	return err_trace(buf_check(out));
}

static uint64_t expiry(int64_t ttl_ms)
{
	return ttl_ms > 0 ? clock_wall_us() + (uint64_t)ttl_ms * 1000 : 0;
}

/* ---- what goes out ---- */

static bool is_text(const struct kv_bytes *v)
{
	return utf8_valid_prefix(v->p, v->n) == v->n && !memchr(v->p, 0, v->n);
}

static void put_entry(struct rpc_writer *w, const struct kv_entry *e, bool wants_text)
{
	rpc_map_begin(w);
	rpc_key(w, "key");
	rpc_strn(w, e->key, e->n_key);
	if (e->value.p && wants_text && is_text(&e->value)) {
		rpc_key(w, "text");
		rpc_strn(w, e->value.p, e->value.n);
	} else if (e->value.p) {
		rpc_kv_bytes(w, "data", e->value.p, e->value.n);
	}
	rpc_kv_uint(w, "size", e->n_value);
	rpc_kv_uint(w, "revision", e->revision);
	rpc_kv_uint(w, "updated_us", e->updated_us);
	rpc_key(w, "expires_us");
	if (e->expires_us) {
		rpc_uint(w, e->expires_us);
	} else {
		rpc_null(w);
	}
	rpc_map_end(w);
}

static bool wants_text(const struct rpc_args *a)
{
	return strcmp(rpc_arg_str(a, "as", "data"), "text") == 0;
}

/* How values are wanted, kept with a deferred call: its arguments are gone then. */
#define AS_TEXT 1u

static struct api_call *defer(struct api_call *call, bool as_text)
{
	struct api_call *later = api_call_defer(call);

	if (later)
		later->number = as_text ? AS_TEXT : 0;
	return later;
}

static void answer_entry(struct api_call *call, const struct kv_entry *e, bool as_text)
{
	put_entry(api_call_result_begin(call), e, as_text);
	api_call_result_end(call);
}

static void answer_bool(struct api_call *call, const char *name, bool v)
{
	struct rpc_writer *w = api_call_result_begin(call);

	rpc_map_begin(w);
	rpc_kv_bool(w, name, v);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void answer_number(struct api_call *call, const char *name, uint64_t v)
{
	struct rpc_writer *w = api_call_result_begin(call);

	rpc_map_begin(w);
	rpc_kv_uint(w, name, v);
	rpc_map_end(w);
	api_call_result_end(call);
}

/* ---- set, get, delete, exists ---- */

static void on_set(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	(void)n;
	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_kv_bool(w, "created", !results[0].was_there);
	rpc_kv_uint(w, "revision", results[0].entry.revision);
	rpc_map_end(w);
	api_call_result_end(call);
}

static const struct value_names plain_names = { "data", "text" };

static void kv_set(struct api_call *call)
{
	CLEANUP(buf_fini) struct buf value = BUF_INIT;
	struct store *s = api_call_store(call);
	struct kv_op op = { .verb = KV_SET };
	const char *ns = namespace_of(call);
	struct api_call *later;
	struct fail f;

	if (!s || api_call_failed(call, read_value(&call->args, &plain_names, &value, &f), &f))
		return;
	op.key = rpc_arg_str(&call->args, "key", "");
	op.value = (struct kv_bytes){ buf_data(&value), buf_len(&value) };
	op.expires_us = expiry(rpc_arg_int(&call->args, "ttl_ms", 0));
	later = api_call_defer(call);
	if (later)
		store_kv_batch(s, ns, &op, 1, on_set, later);
}

static void on_got(const struct kv_entry *e, const struct fail *f, void *user)
{
	struct api_call *call = user;

	if (f) {
		api_call_fail(call, f);
		return;
	}
	answer_entry(call, e, call->number == AS_TEXT);
}

static void kv_get(struct api_call *call)
{
	const char *key = rpc_arg_str(&call->args, "key", ""), *ns = namespace_of(call);
	struct store *s = api_call_store(call);
	bool as_text = wants_text(&call->args);
	struct api_call *later;
	struct kv_entry e;

	if (!s)
		return;
	if (store_kv_peek(s, ns, key, &e)) {
		answer_entry(call, &e, as_text);
		return;
	}
	later = defer(call, as_text);
	if (later)
		store_kv_get(s, ns, key, on_got, later);
}

static void on_looked(const struct kv_entry *e, const struct fail *f, void *user)
{
	if (f && f->code != FAIL_KEY_NOT_FOUND) {
		api_call_fail(user, f);
		return;
	}
	answer_bool(user, "exists", e != NULL);
}

static void kv_exists(struct api_call *call)
{
	const char *key = rpc_arg_str(&call->args, "key", ""), *ns = namespace_of(call);
	struct store *s = api_call_store(call);
	struct api_call *later;
	struct kv_entry e;

	if (!s)
		return;
	if (store_kv_peek(s, ns, key, &e)) {
		answer_bool(call, "exists", true);
		return;
	}
	later = api_call_defer(call);
	if (later)
		store_kv_get(s, ns, key, on_looked, later);
}

static void on_deleted(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	(void)n;
	if (f) {
		api_call_fail(user, f);
		return;
	}
	answer_bool(user, "deleted", results[0].was_there);
}

static void kv_delete(struct api_call *call)
{
	struct kv_op op = { .verb = KV_DELETE, .key = rpc_arg_str(&call->args, "key", "") };
	const char *ns = namespace_of(call);
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_kv_batch(s, ns, &op, 1, on_deleted, later);
}

/* ---- list, count, clear ---- */

static void on_list(const struct kv_entry *es, size_t n, bool has_more, const struct fail *f,
		    void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "entries");
	rpc_array_begin(w);
	for (size_t i = 0; i < n; i++)
		put_entry(w, &es[i], call->number == AS_TEXT);
	rpc_array_end(w);
	if (has_more && n > 0) {
		rpc_key(w, "next");
		rpc_strn(w, es[n - 1].key, es[n - 1].n_key);
	}
	rpc_map_end(w);
	api_call_result_end(call);
}

static void kv_list(struct api_call *call)
{
	struct kv_list list = { .prefix = rpc_arg_str(&call->args, "prefix", ""),
				.after = rpc_arg_str(&call->args, "cursor", NULL),
				.max = (uint32_t)rpc_arg_int(&call->args, "limit", API_MAX_PAGE),
				.wants_values = rpc_arg_bool(&call->args, "values", false),
				.max_bytes = LIST_VALUE_BYTES };
	const char *ns = namespace_of(call);
	bool as_text = wants_text(&call->args);
	struct store *s = api_call_store(call);
	struct api_call *later = s ? defer(call, as_text) : NULL;

	if (later)
		store_kv_list(s, ns, &list, on_list, later);
}

static void on_count(uint64_t n, const struct fail *f, void *user)
{
	if (f) {
		api_call_fail(user, f);
		return;
	}
	answer_number(user, "count", n);
}

static void kv_count(struct api_call *call)
{
	const char *prefix = rpc_arg_str(&call->args, "prefix", ""), *ns = namespace_of(call);
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_kv_count(s, ns, prefix, on_count, later);
}

static void on_cleared(uint64_t n, const struct fail *f, void *user)
{
	if (f) {
		api_call_fail(user, f);
		return;
	}
	answer_number(user, "deleted", n);
}

static void kv_clear(struct api_call *call)
{
	const char *prefix = rpc_arg_str(&call->args, "prefix", ""), *ns = namespace_of(call);
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_kv_clear(s, ns, prefix, on_cleared, later);
}

static void on_namespaces(const struct kv_namespace *v, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "namespaces");
	rpc_array_begin(w);
	for (size_t i = 0; i < n; i++) {
		rpc_map_begin(w);
		rpc_kv_str(w, "name", v[i].name);
		rpc_kv_uint(w, "keys", v[i].n_keys);
		rpc_kv_uint(w, "bytes", v[i].n_bytes);
		rpc_map_end(w);
	}
	rpc_array_end(w);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void kv_namespaces(struct api_call *call)
{
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_kv_namespaces(s, on_namespaces, later);
}

/* ---- compare and set ---- */

static void on_swapped(bool is_swapped, const struct kv_entry *e, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_kv_bool(w, "swapped", is_swapped);
	rpc_key(w, "revision");
	if (e) {
		rpc_uint(w, e->revision);
	} else {
		rpc_null(w);
	}
	rpc_map_end(w);
	api_call_result_end(call);
}

static const struct value_names expect_names = { "expect_data", "expect_text" };

static int read_expect(const struct rpc_args *a, struct buf *value, struct kv_expect *ret,
		       struct fail *reterr)
{
	int n = rpc_arg_has(a, "expect_data") + rpc_arg_has(a, "expect_text") +
		rpc_arg_has(a, "expect_revision");
	int r = 0;

	if (n > 1)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "expect_data", "one of expect_*");
	*ret = (struct kv_expect){ .wants_absent = n == 0,
				   .revision = (uint64_t)rpc_arg_int(a, "expect_revision", 0) };
	if (n == 1 && !rpc_arg_has(a, "expect_revision")) {
		r = read_value(a, &expect_names, value, reterr);
		ret->has_value = true;
		ret->value = (struct kv_bytes){ buf_data(value), buf_len(value) };
	}
	return r;
}

static void kv_cas(struct api_call *call)
{
	CLEANUP(buf_fini) struct buf value = BUF_INIT;
	CLEANUP(buf_fini) struct buf expected = BUF_INIT;
	struct store *s = api_call_store(call);
	struct kv_op op = { .verb = KV_SET };
	const char *ns = namespace_of(call);
	struct kv_expect expect;
	struct api_call *later;
	struct fail f;

	if (!s || api_call_failed(call, read_value(&call->args, &plain_names, &value, &f), &f) ||
	    api_call_failed(call, read_expect(&call->args, &expected, &expect, &f), &f))
		return;
	op.key = rpc_arg_str(&call->args, "key", "");
	op.value = (struct kv_bytes){ buf_data(&value), buf_len(&value) };
	op.expires_us = expiry(rpc_arg_int(&call->args, "ttl_ms", 0));
	later = api_call_defer(call);
	if (later)
		store_kv_cas(s, ns, &expect, &op, on_swapped, later);
}

/* ---- batch ---- */

struct batch {
	size_t n;
	struct kv_op ops[KV_MAX_BATCH];
	struct buf values[KV_MAX_BATCH];
};

static struct batch *batch_free(struct batch *b)
{
	for (size_t i = 0; b && i < b->n; i++)
		buf_fini(&b->values[i]);
	mem_free(b);
	return NULL;
}
DEFINE_CLEANUP(struct batch *, batch_free);

static int fail_of_op(struct fail *reterr, size_t i, const char *why)
{
	return fail_setf(reterr, FAIL_INVALID_PARAMS, "ops", "operation %zu: %s", i, why);
}

static const char *text_member(const json_t *v, const char *name)
{
	const json_t *m = json_object_get(v, name);
	const char *s = json_string_value(m);

	return s && strlen(s) == json_string_length(m) ? s : NULL;
}

/* Its members are checked here: the table knows only that it is an array. */
static int read_op(enum rpc_encoding enc, const json_t *v, struct kv_op *op, struct buf *value)
{
	const char *verb = text_member(v, "op");
	const json_t *data = json_object_get(v, "data"), *text = json_object_get(v, "text");
	int r;

	op->key = text_member(v, "key");
	if (!verb || !op->key)
		return FAIL_E_FAILED;
	op->verb = strcmp(verb, "set") == 0   ? KV_SET
		   : strcmp(verb, "get") == 0 ? KV_GET
					      : KV_DELETE;
	op->expires_us = expiry(json_integer_value(json_object_get(v, "ttl_ms")));
	if (op->verb == KV_DELETE && strcmp(verb, "delete") != 0)
		return FAIL_E_FAILED;
	if (op->verb != KV_SET)
		return data || text ? FAIL_E_FAILED : 0;
	if ((data != NULL) == (text != NULL) || (text && !json_is_string(text)))
		return FAIL_E_FAILED;
	if (text)
		buf_put(value, json_string_value(text), json_string_length(text));
	r = data ? rpc_value_bytes(enc, data, value) : err_trace(buf_check(value));
	op->value = (struct kv_bytes){ buf_data(value), buf_len(value) };
	return r > 0 ? FAIL_E_FAILED : r;
}

static int read_batch(const struct rpc_args *a, struct batch *b, struct fail *reterr)
{
	const json_t *ops = rpc_arg_json(a, "ops");
	size_t n = json_array_size(ops);

	if (!json_is_array(ops) || n < 1 || n > KV_MAX_BATCH) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "ops",
				 "an array of 1 to %u operations", KV_MAX_BATCH);
	}
	for (size_t i = 0; i < n; i++) {
		int r = read_op(a->enc, json_array_get(ops, i), &b->ops[i], &b->values[i]);

		b->n = i + 1;
		if (r < 0)
			return r;
		if (r > 0) {
			return fail_of_op(reterr, i,
					  "{op: set|get|delete, key, and for set data or text, "
					  "ttl_ms}");
		}
	}
	return 0;
}

static void put_result(struct rpc_writer *w, const struct kv_result *r, bool as_text)
{
	rpc_map_begin(w);
	rpc_kv_bool(w, "found", r->was_there);
	if (r->entry.key) {
		rpc_key(w, "entry");
		put_entry(w, &r->entry, as_text);
	}
	rpc_map_end(w);
}

static void on_batch(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "results");
	rpc_array_begin(w);
	for (size_t i = 0; i < n; i++)
		put_result(w, &results[i], call->number == AS_TEXT);
	rpc_array_end(w);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void kv_batch(struct api_call *call)
{
	CLEANUP(batch_freep) struct batch *b = mem_new(struct batch);
	const char *ns = namespace_of(call);
	struct store *s = api_call_store(call);
	struct api_call *later;
	struct fail f;

	if (!s)
		return;
	if (!b) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		api_call_fail(call, &f);
		return;
	}
	if (api_call_failed(call, read_batch(&call->args, b, &f), &f))
		return;
	later = defer(call, wants_text(&call->args));
	if (later)
		store_kv_batch(s, ns, b->ops, b->n, on_batch, later);
}

/* ---- the table ---- */

#define NAMESPACE                                                                               \
	{                                                                                       \
		.name = "namespace", .type = RPC_T_STRING, .fallback = "\"default\"", .min = 1, \
		.max = KV_MAX_NAMESPACE_BYTES, .doc = "made by the first set in it"             \
	}
#define KEY                                                                                       \
	{                                                                                         \
		.name = "key", .type = RPC_T_STRING, .is_required = true, .min = 1, .doc = "text" \
	}
#define PREFIX                                                                                    \
	{                                                                                         \
		.name = "prefix", .type = RPC_T_STRING, .fallback = "\"\"",                       \
		.doc = "of the keys, byte for byte: no character of it means anything but itself" \
	}
#define VALUE                                                                           \
	{ .name = "data", .type = RPC_T_BYTES, .doc = "the value: any bytes" },         \
	{                                                                               \
		.name = "text", .type = RPC_T_STRING, .doc = "the value, if it is text" \
	}
#define TTL                                                                            \
	{                                                                              \
		.name = "ttl_ms", .type = RPC_T_INT, .unit = "ms", .min = 1,           \
		.max = 315360000000000, .doc = "after that long it is no longer there" \
	}
#define AS                                                                                        \
	{                                                                                         \
		.name = "as", .type = RPC_T_ENUM, .choices = "data|text", .fallback = "\"data\"", \
		.doc = "values that are text come as `text`, others always as `data`"             \
	}
#define WRITE_ERRORS                                                             \
	API_STORAGE_ERRORS, FAIL_STORAGE_FULL, FAIL_LIMIT_KEY, FAIL_LIMIT_VALUE, \
		FAIL_LIMIT_NAMESPACE, FAIL_LIMIT_NAMESPACES

static const struct api_method methods[] = {
	{
		.name = "kv.set",
		.doc = "Set a key; answered when it is on the disk",
		API_PARAMS(KEY, VALUE, NAMESPACE, TTL),
		API_RESULT("What was done.", { "created", "boolean", "it was not there before" },
			   { "revision", "integer", "grows with each write to the namespace" }),
		API_ERRORS(WRITE_ERRORS),
		.scope = API_SCOPE_WRITE,
		.handler = kv_set,
	},
	{
		.name = "kv.get",
		.doc = "Get the value of a key",
		API_PARAMS(KEY, NAMESPACE, AS),
		.result = &api_shape_kv_entry,
		API_ERRORS(API_STORAGE_ERRORS, FAIL_NAMESPACE_NOT_FOUND, FAIL_KEY_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = kv_get,
	},
	{
		.name = "kv.delete",
		.doc = "Delete a key",
		API_PARAMS(KEY, NAMESPACE),
		API_RESULT("What was done.", { "deleted", "boolean", "it was there" }),
		API_ERRORS(WRITE_ERRORS, FAIL_NAMESPACE_NOT_FOUND),
		.scope = API_SCOPE_WRITE,
		.handler = kv_delete,
	},
	{
		.name = "kv.exists",
		.doc = "Is there such a key",
		API_PARAMS(KEY, NAMESPACE),
		API_RESULT("The answer.", { "exists", "boolean", "it is there" }),
		API_ERRORS(API_STORAGE_ERRORS, FAIL_NAMESPACE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = kv_exists,
	},
	{
		.name = "kv.list",
		.doc = "List keys in the order of their bytes",
		API_PARAMS(PREFIX, NAMESPACE, API_CURSOR_PARAM(1, 0), API_LIMIT_PARAM(KV_MAX_PAGE),
			   { .name = "values",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "with their values; a page then ends at 2 MiB of them" },
			   AS),
		API_RESULT("One page.", { "entries", "[KvEntry]", "" }, API_NEXT_FIELD),
		API_ERRORS(API_STORAGE_ERRORS, FAIL_NAMESPACE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = kv_list,
	},
	{
		.name = "kv.count",
		.doc = "Count the keys that begin so",
		API_PARAMS(PREFIX, NAMESPACE),
		API_RESULT("The answer.", { "count", "integer", "" }),
		API_ERRORS(API_STORAGE_ERRORS, FAIL_NAMESPACE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = kv_count,
	},
	{
		.name = "kv.clear",
		.doc = "Delete all keys that begin so",
		API_PARAMS(PREFIX, NAMESPACE),
		API_RESULT("What was done.", { "deleted", "integer", "so many were there" }),
		API_ERRORS(WRITE_ERRORS, FAIL_NAMESPACE_NOT_FOUND),
		.scope = API_SCOPE_WRITE,
		.handler = kv_clear,
	},
	{
		.name = "kv.batch",
		.doc = "Set, get and delete in one transaction, all of it or nothing",
		API_PARAMS({ .name = "ops",
			     .type = RPC_T_ANY,
			     .is_required = true,
			     .doc = "1 to 1000 of {op: set, get or delete; key; for set: data or "
				    "text, ttl_ms}; each sees what those before it did" },
			   NAMESPACE, AS),
		API_RESULT("What came of each.",
			   { "results", "[object]",
			     "in order: {found: it was there before; entry: as KvEntry, of set "
			     "(without value) and of a get that found something}" }),
		API_ERRORS(WRITE_ERRORS, FAIL_NAMESPACE_NOT_FOUND),
		.scope = API_SCOPE_WRITE,
		.handler = kv_batch,
	},
	{
		.name = "kv.cas",
		.doc = "Set a key if it is as expected: by default, if it is not there",
		API_PARAMS(KEY, VALUE, NAMESPACE, TTL,
			   { .name = "expect_data",
			     .type = RPC_T_BYTES,
			     .doc = "it has this value" },
			   { .name = "expect_text",
			     .type = RPC_T_STRING,
			     .doc = "it has this value" },
			   { .name = "expect_revision",
			     .type = RPC_T_INT,
			     .min = 1,
			     .max = INT64_MAX,
			     .doc = "it is of this revision" }),
		API_RESULT("What was done.",
			   { "swapped", "boolean", "it was as expected, and is set" },
			   { "revision", "integer|null",
			     "what it has now; null: it is not there" }),
		API_ERRORS(WRITE_ERRORS),
		.scope = API_SCOPE_WRITE,
		.handler = kv_cas,
	},
	{
		.name = "kv.namespaces",
		.doc = "List the namespaces",
		.params = NULL,
		API_RESULT("All of them.", { "namespaces", "[object]",
					     "{name, keys, bytes}, with what has expired and is "
					     "not yet cleared away" }),
		API_ERRORS(API_STORAGE_ERRORS),
		.scope = API_SCOPE_READ,
		.handler = kv_namespaces,
	},
};

const struct api_group api_kv_group = { methods, ARRAY_LEN(methods) };
