/* command.list, get, search, stats, suggest, import: records of what was run. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/method.h"
#include "api/records.h"
#include "base/mem.h"
#include "core/core.h"
#include "store/command.h"

#define IMPORT_MAX 10000u

static const char *source_name(enum command_source s)
{
	switch (s) {
	case COMMAND_FROM_MARKS:
		return "marks";
	case COMMAND_FROM_RUN:
		return "run";
	case COMMAND_IMPORTED:
		return "import";
	}
	return "import";
}

static void put_number(struct rpc_writer *w, const char *key, bool has, uint64_t v)
{
	rpc_key(w, key);
	if (has) {
		rpc_uint(w, v);
	} else {
		rpc_null(w);
	}
}

static void put_record(struct rpc_writer *w, const struct store_command *c)
{
	rpc_map_begin(w);
	rpc_kv_uint(w, "id", c->id);
	rpc_kv_str(w, "text", c->text);
	rpc_key(w, "pane");
	if (c->pane) {
		record_id(w, 'p', c->pane);
	} else {
		rpc_null(w);
	}
	rpc_key(w, "session");
	if (c->session) {
		record_id(w, 's', c->session);
	} else {
		rpc_null(w);
	}
	put_number(w, "number", c->number > 0, c->number);
	rpc_kv_str(w, "cwd", c->cwd[0] ? c->cwd : NULL);
	rpc_kv_str(w, "cwd_after", c->cwd_after[0] ? c->cwd_after : NULL);
	rpc_kv_str(w, "shell", c->shell[0] ? c->shell : NULL);
	rpc_kv_str(w, "source", source_name(c->source));
	put_number(w, "exit_code", c->has_exit, (uint64_t)c->exit_code);
	put_number(w, "started_us", c->start_us > 0, c->start_us);
	put_number(w, "duration_us", c->end_us > c->start_us, c->end_us - c->start_us);
	put_number(w, "seq_from", c->has_seq, c->seq_from);
	put_number(w, "seq_to", c->has_seq, c->seq_to);
	rpc_map_end(w);
}

static void on_list(const struct store_command *v, size_t n, bool has_more, const struct fail *f,
		    void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;
	char next[48];

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "commands");
	rpc_array_begin(w);
	for (size_t i = 0; i < n; i++)
		put_record(w, &v[i]);
	rpc_array_end(w);
	if (has_more && n > 0) {
		snprintf(next, sizeof next, "%" PRIu64 "-%" PRIu64, v[n - 1].start_us, v[n - 1].id);
		rpc_kv_str(w, "next", next);
	}
	rpc_map_end(w);
	api_call_result_end(call);
}

static int read_cursor(const struct rpc_args *a, struct command_query *q, struct fail *reterr)
{
	const char *cursor = rpc_arg_str(a, "cursor", NULL);
	char end;

	if (cursor &&
	    (sscanf(cursor, "%" SCNu64 "-%" SCNu64 "%c", &q->before_us, &q->before, &end) != 2 ||
	     !q->before)) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "cursor",
				 "not one that was given out");
	}
	return 0;
}

/* What may be gone already: ids count, of panes that are there also names. */
static uint64_t number_of(const struct rpc_args *a, const char *name, char letter)
{
	const char *id = rpc_arg_str(a, name, NULL);

	return id ? record_id_parse(id, letter) : 0;
}

static int read_query(const struct rpc_args *a, struct command_query *q, struct fail *reterr)
{
	*q = (struct command_query){
		.max = (uint32_t)rpc_arg_int(a, "limit", API_MAX_PAGE),
		.pane = number_of(a, "pane", 'p'),
		.session = number_of(a, "session", 's'),
		.text = rpc_arg_str(a, "text", NULL),
		.cwd = rpc_arg_str(a, "cwd", NULL),
		.has_exit = rpc_arg_has(a, "exit_code"),
		.exit_code = (int)rpc_arg_int(a, "exit_code", 0),
		.wants_failed = rpc_arg_bool(a, "failed", false),
		.since_us = (uint64_t)rpc_arg_int(a, "since_us", 0),
		.until_us = (uint64_t)rpc_arg_int(a, "until_us", 0),
	};
	if (rpc_arg_has(a, "pane") && !q->pane)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "pane", "an id such as p3");
	if (rpc_arg_has(a, "session") && !q->session)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "session", "an id such as s1");
	return read_cursor(a, q, reterr);
}

static void command_list(struct api_call *call)
{
	struct store *s = api_call_store(call);
	struct command_query q;
	struct api_call *later;
	struct fail f;

	if (!s || api_call_failed(call, read_query(&call->args, &q, &f), &f))
		return;
	later = api_call_defer(call);
	if (later)
		store_command_list(s, &q, on_list, later);
}

static void on_got(const struct store_command *v, size_t n, bool has_more, const struct fail *f,
		   void *user)
{
	struct api_call *call = user;

	(void)n;
	(void)has_more;
	if (f) {
		api_call_fail(call, f);
		return;
	}
	put_record(api_call_result_begin(call), v);
	api_call_result_end(call);
}

static void command_get(struct api_call *call)
{
	uint64_t id = (uint64_t)rpc_arg_int(&call->args, "id", 0);
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_command_get(s, id, on_got, later);
}

static void put_texts(struct rpc_writer *w, const char *key, const struct command_text *v, size_t n)
{
	rpc_key(w, key);
	rpc_array_begin(w);
	for (size_t i = 0; i < n; i++) {
		rpc_map_begin(w);
		rpc_kv_str(w, "text", v[i].text);
		rpc_kv_uint(w, "runs", v[i].n_runs);
		rpc_kv_uint(w, "failed", v[i].n_failed);
		rpc_kv_uint(w, "last_us", v[i].last_us);
		rpc_kv_real(w, "frecency", v[i].frecency);
		rpc_map_end(w);
	}
	rpc_array_end(w);
}

static void on_texts(const struct command_text *v, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	put_texts(w, "suggestions", v, n);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void command_suggest(struct api_call *call)
{
	struct command_suggest q = {
		.prefix = rpc_arg_str(&call->args, "prefix", ""),
		.cwd = rpc_arg_str(&call->args, "cwd", NULL),
		.max = (uint32_t)rpc_arg_int(&call->args, "limit", 10),
	};
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_command_suggest(s, &q, on_texts, later);
}

static void on_stats(const struct command_stats *v, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_kv_uint(w, "records", v->n_records);
	rpc_kv_uint(w, "texts", v->n_texts);
	rpc_kv_uint(w, "failed", v->n_failed);
	rpc_kv_uint(w, "timed", v->n_timed);
	rpc_kv_uint(w, "total_us", v->total_us);
	rpc_kv_uint(w, "first_us", v->first_us);
	rpc_kv_uint(w, "last_us", v->last_us);
	put_texts(w, "top", v->top, v->n_top);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void command_stats(struct api_call *call)
{
	uint32_t top = (uint32_t)rpc_arg_int(&call->args, "top", 10);
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_command_stats(s, top, on_stats, later);
}

/* ---- import ---- */

static void on_imported(uint64_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_kv_uint(w, "added", n);
	rpc_map_end(w);
	api_call_result_end(call);
}

static int read_import(const json_t *list, const char *shell, struct store_command *cs,
		       struct fail *reterr)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		const json_t *text = json_object_get(v, "text");
		json_int_t start = json_integer_value(json_object_get(v, "started_us"));

		if (!json_is_string(text) || start < 0) {
			return fail_setf(reterr, FAIL_INVALID_PARAMS, "commands",
					 "%zu: {text, started_us}", i);
		}
		cs[i] = (struct store_command){ .source = COMMAND_IMPORTED,
						.text = json_string_value(text),
						.shell = shell,
						.start_us = (uint64_t)start };
	}
	return 0;
}

static void command_import(struct api_call *call)
{
	const json_t *list = rpc_arg_json(&call->args, "commands");
	size_t n = json_array_size(list);
	struct store_command *cs = mem_zalloc(n + 1, sizeof *cs);
	struct store *s = api_call_store(call);
	struct api_call *later = NULL;
	struct fail f;
	int r = -ENOMEM;

	if (cs && (!json_is_array(list) || n > IMPORT_MAX)) {
		r = fail_setf(&f, FAIL_INVALID_PARAMS, "commands", "an array of at most %u",
			      IMPORT_MAX);
	} else if (cs) {
		r = read_import(list, rpc_arg_str(&call->args, "shell", NULL), cs, &f);
	}
	if (s && !api_call_failed(call, r, &f))
		later = api_call_defer(call);
	if (later)
		store_command_import(s, cs, n, on_imported, later);
	mem_free(cs);
}

/* ---- the table ---- */

#define FILTERS                                                                                  \
	{ .name = "pane", .type = RPC_T_STRING, .min = 1, .max = 24, .doc = "only of that id" }, \
		{ .name = "session",                                                             \
		  .type = RPC_T_STRING,                                                          \
		  .min = 1,                                                                      \
		  .max = 24,                                                                     \
		  .doc = "only of that id" },                                                    \
		{ .name = "cwd",                                                                 \
		  .type = RPC_T_STRING,                                                          \
		  .min = 1,                                                                      \
		  .max = API_MAX_PATH,                                                           \
		  .doc = "only begun in that directory" },                                       \
		{ .name = "exit_code",                                                           \
		  .type = RPC_T_INT,                                                             \
		  .min = 0,                                                                      \
		  .max = 255,                                                                    \
		  .doc = "only with that" },                                                     \
		{ .name = "failed",                                                              \
		  .type = RPC_T_BOOL,                                                            \
		  .fallback = "false",                                                           \
		  .doc = "only those whose exit code is not 0" },                                \
		{ .name = "since_us",                                                            \
		  .type = RPC_T_INT,                                                             \
		  .unit = "us",                                                                  \
		  .min = 1,                                                                      \
		  .max = INT64_MAX,                                                              \
		  .doc = "begun then or later" },                                                \
		{ .name = "until_us",                                                            \
		  .type = RPC_T_INT,                                                             \
		  .unit = "us",                                                                  \
		  .min = 1,                                                                      \
		  .max = INT64_MAX,                                                              \
		  .doc = "begun then or before" },                                               \
		API_CURSOR_PARAM(3, 48), API_LIMIT_PARAM(API_MAX_PAGE)
#define PAGE                                                                             \
	API_RESULT("One page, the newest first.", { "commands", "[CommandRecord]", "" }, \
		   API_NEXT_FIELD)

static const struct api_method methods[] = {
	{
		.name = "command.list",
		.doc = "List records of commands",
		API_PARAMS(FILTERS,
			   { .name = "text",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = 1024,
			     .doc = "only with that in it; ASCII letters of either case" }),
		PAGE,
		API_ERRORS(API_STORAGE_ERRORS),
		.scope = API_SCOPE_READ,
		.handler = command_list,
	},
	{
		.name = "command.search",
		.doc = "List records of commands that contain a text",
		API_PARAMS({ .name = "text",
			     .type = RPC_T_STRING,
			     .is_required = true,
			     .min = 1,
			     .max = 1024,
			     .doc = "as it is; ASCII letters of either case" },
			   FILTERS),
		PAGE,
		API_ERRORS(API_STORAGE_ERRORS),
		.scope = API_SCOPE_READ,
		.handler = command_list,
	},
	{
		.name = "command.get",
		.doc = "Describe one record of a command",
		API_PARAMS({ .name = "id",
			     .type = RPC_T_INT,
			     .is_required = true,
			     .min = 1,
			     .max = INT64_MAX,
			     .doc = "of the record" }),
		.result = &api_shape_command_record,
		API_ERRORS(API_STORAGE_ERRORS, FAIL_RECORD_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = command_get,
	},
	{
		.name = "command.stats",
		.doc = "Count what was run",
		API_PARAMS({ .name = "top",
			     .type = RPC_T_INT,
			     .fallback = "10",
			     .min = 0,
			     .max = API_MAX_PAGE,
			     .doc = "so many of the texts that were run most" }),
		API_RESULT("Counts of all records.", { "records", "integer", "" },
			   { "texts", "integer", "different ones" },
			   { "failed", "integer", "whose exit code is not 0" },
			   { "timed", "integer", "whose duration is known" },
			   { "total_us", "integer", "durations of those" },
			   { "first_us", "integer", "start of the oldest" },
			   { "last_us", "integer", "start of the newest" },
			   { "top", "[object]", "{text, runs, failed, last_us, frecency}" }),
		API_ERRORS(API_STORAGE_ERRORS),
		.scope = API_SCOPE_READ,
		.handler = command_stats,
	},
	{
		.name = "command.suggest",
		.doc = "Suggest texts by how often and how lately they were run",
		API_PARAMS({ .name = "prefix",
			     .type = RPC_T_STRING,
			     .fallback = "\"\"",
			     .max = 1024,
			     .doc = "they begin so" },
			   { .name = "cwd",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_PATH,
			     .doc = "runs in that directory count three times" },
			   { .name = "limit",
			     .type = RPC_T_INT,
			     .fallback = "10",
			     .min = 1,
			     .max = API_MAX_PAGE,
			     .doc = "at most so many" }),
		API_RESULT("The best first.",
			   { "suggestions", "[object]",
			     "{text, runs, failed, last_us, frecency}: the sum over its runs of "
			     "2^(-age / 7 days), one that failed counting half" }),
		API_ERRORS(API_STORAGE_ERRORS),
		.scope = API_SCOPE_READ,
		.handler = command_suggest,
	},
	{
		.name = "command.import",
		.doc = "Add records, such as those of a shell's history file",
		API_PARAMS({ .name = "commands",
			     .type = RPC_T_ANY,
			     .is_required = true,
			     .doc = "at most 10000 of {text, started_us}; those that are there "
				    "(same text and start) are passed over" },
			   { .name = "shell",
			     .type = RPC_T_STRING,
			     .max = 64,
			     .doc = "whose they were" }),
		API_RESULT("What was done.", { "added", "integer", "so many were new" }),
		API_ERRORS(API_STORAGE_ERRORS, FAIL_STORAGE_FULL),
		.scope = API_SCOPE_WRITE,
		.handler = command_import,
	},
};

const struct api_group api_command_group = { methods, ARRAY_LEN(methods) };
