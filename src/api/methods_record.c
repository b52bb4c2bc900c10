/* pane.records: what the journal kept of a pane, record by record. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/method.h"
#include "base/err.h"
#include "core/core.h"
#include "core/records.h"

#define MAX_RECORDS 2000
#define MAX_BYTES (1 << 20)
#define CURSOR_TEXT 48

static void put_if(struct rpc_writer *w, const char *key, uint64_t v)
{
	if (v)
		rpc_kv_uint(w, key, v);
}

static bool is(const struct core_record *c, const char *kind)
{
	return strcmp(c->kind, kind) == 0;
}

/* The directory, then each argument, each ended by a NUL. */
static void put_command(struct rpc_writer *w, const char *p, size_t n)
{
	size_t len = strnlen(p, n);

	rpc_key(w, "cwd");
	rpc_strn(w, p, len);
	rpc_key(w, "command");
	rpc_array_begin(w);
	for (size_t at = len + 1; at < n; at += len + 1) {
		len = strnlen(p + at, n - at);
		rpc_strn(w, p + at, len);
	}
	rpc_array_end(w);
}

static void put_own(struct rpc_writer *w, const struct core_record *c, const uint8_t *data)
{
	if (is(c, "output") || is(c, "input") || (is(c, "checkpoint") && c->n > 0))
		rpc_kv_bytes(w, "data", data, c->n);
	if (is(c, "resize") || is(c, "spawn")) {
		rpc_kv_uint(w, "cols", c->cols);
		rpc_kv_uint(w, "rows", c->rows);
	}
	if (is(c, "mark")) {
		rpc_kv_str(w, "what", c->what);
		rpc_kv_int(w, "value", c->value);
		rpc_key(w, "text");
		rpc_strn(w, (const char *)data, c->n);
	} else if (is(c, "gap")) {
		rpc_kv_uint(w, "to", c->to);
		rpc_kv_str(w, "what", c->what);
	} else if (is(c, "exit")) {
		rpc_kv_int(w, "code", c->value);
		rpc_kv_int(w, "signal", c->signal);
	} else if (is(c, "spawn")) {
		rpc_kv_uint(w, "generation", c->number);
		put_command(w, (const char *)data, c->n);
	} else if (is(c, "checkpoint")) {
		rpc_kv_uint(w, "lines", c->number);
	}
}

static void put_record(struct rpc_writer *w, const struct core_record *c, const uint8_t *data)
{
	rpc_map_begin(w);
	rpc_kv_str(w, "kind", c->kind);
	rpc_kv_str(w, "stream", c->stream ? "err" : "out");
	rpc_kv_uint(w, "seq", c->seq);
	rpc_kv_uint(w, "time_us", c->time_us);
	if (c->wall_us != c->time_us)
		rpc_kv_uint(w, "wall_us", c->wall_us);
	put_own(w, c, data + c->at);
	rpc_map_end(w);
}

static void put_page(struct rpc_writer *w, const struct core_records *r)
{
	char next[CURSOR_TEXT];

	rpc_map_begin(w);
	rpc_key(w, "records");
	rpc_array_begin(w);
	for (size_t i = 0; i < r->n; i++)
		put_record(w, &r->records[i], r->data);
	rpc_array_end(w);
	(void)snprintf(next, sizeof next, "%" PRIu64 ":%" PRIu64, r->next_time_us, r->next_skip);
	rpc_kv_str(w, "next", r->next_skip ? next : NULL);
	rpc_kv_bool(w, "end", r->is_end);
	rpc_kv_uint(w, "tail", r->tail);
	rpc_kv_uint(w, "head", r->head);
	put_if(w, "first_us", r->first_time_us);
	put_if(w, "last_us", r->last_time_us);
	put_if(w, "cols", r->cols);
	put_if(w, "rows", r->rows);
	rpc_map_end(w);
}

static void on_records(const struct core_records *r, const struct fail *f, void *user)
{
	struct api_call *call = user;

	if (f) {
		api_call_fail(call, f);
		return;
	}
	put_page(api_call_result_begin(call), r);
	api_call_result_end(call);
}

static int read_cursor(const char *s, struct core_records_spec *ret, struct fail *reterr)
{
	char end;

	if (sscanf(s, "%" SCNu64 ":%" SCNu64 "%c", &ret->value, &ret->skip, &end) != 2)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "cursor", "not one of ours");
	ret->from = CORE_RECORDS_CURSOR;
	return 0;
}

static int read_spec(const struct rpc_args *a, struct core_records_spec *ret, struct fail *reterr)
{
	const char *cursor = rpc_arg_str(a, "cursor", NULL);
	int n = (cursor != NULL) + rpc_arg_has(a, "from") + rpc_arg_has(a, "from_us");

	*ret = (struct core_records_spec){
		.wants_checkpoint = rpc_arg_bool(a, "checkpoint", false),
		.max_records = (uint32_t)rpc_arg_int(a, "limit", 500),
		.max_bytes = (size_t)rpc_arg_int(a, "max", 262144),
	};
	if (n > 1) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "from",
				 "one of from, from_us and cursor");
	}
	if (cursor)
		return read_cursor(cursor, ret, reterr);
	if (rpc_arg_has(a, "from")) {
		ret->from = CORE_RECORDS_SEQ;
		ret->value = (uint64_t)rpc_arg_int(a, "from", 0);
	} else if (rpc_arg_has(a, "from_us")) {
		ret->from = CORE_RECORDS_TIME;
		ret->value = (uint64_t)rpc_arg_int(a, "from_us", 0);
	}
	return 0;
}

static void pane_records(struct api_call *call)
{
	struct pane *p = api_call_pane(call);
	struct core_records_spec spec;
	struct api_call *later;
	struct fail f;

	if (!p || api_call_failed(call, read_spec(&call->args, &spec, &f), &f))
		return;
	later = api_call_defer(call);
	if (later)
		core_pane_records(api_call_core(later), p, &spec, on_records, later);
}

static void pane_forget(struct api_call *call)
{
	struct pane *p = api_call_pane(call);

	if (!p)
		return;
	core_pane_forget(p);
	api_call_result_empty(call);
}

const struct api_shape api_shape_record = {
	.name = "Record",
	.doc = "Something that happened in a pane, as its journal kept it.",
	.fields =
		(const struct api_field[]){
			{ "kind", "string",
			  "`output`, `resize`, `mark` (of the shell), `spawn`, `exit`, `closed`, "
			  "`input` (where that is recorded), `gap`, `checkpoint`" },
			{ "stream", "string", "`out`, `err`" },
			{ "seq", "integer", "position in that stream" },
			{ "time_us", "integer", "microseconds since 1970, never going back" },
			{ "wall_us", "integer?", "the clock's, where that differs" },
			{ "data", "bytes?",
			  "of output, input and checkpoint (an image of the terminal, which only "
			  "programs of the same version read; left out beyond 1 MiB)" },
			{ "cols", "integer?", "resize, spawn" },
			{ "rows", "integer?", "resize, spawn" },
			{ "what", "string?",
			  "mark: `prompt`, `input`, `command`, `done`, `command-line`, `cwd`, "
			  "`title`; gap: `lost`, `slow-disk`, `not-written`, `damaged`, "
			  "`dropped`" },
			{ "value", "integer?", "mark: the exit code of `done`" },
			{ "text", "string?", "mark" },
			{ "to", "integer?", "gap: position of the first byte that is there again" },
			{ "code", "integer?", "exit: its code, -1: by a signal" },
			{ "signal", "integer?", "exit: 0: by itself" },
			{ "generation", "integer?", "spawn" },
			{ "cwd", "string?", "spawn" },
			{ "command", "[string]?", "spawn" },
			{ "lines", "integer?", "checkpoint: lines in the history so far" },
			{ 0 } }
};

static const struct api_method methods[] = {
	{
		.name = "pane.records",
		.doc = "Read what the journal kept of a pane, with times: for replay and export",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "from",
			     .type = RPC_T_INT,
			     .unit = "bytes",
			     .min = 0,
			     .max = (int64_t)1 << 53,
			     .doc = "a position of the output; without it the oldest record" },
			   { .name = "from_us",
			     .type = RPC_T_INT,
			     .unit = "us",
			     .min = 0,
			     .max = (int64_t)1 << 53,
			     .doc = "a time instead" },
			   { .name = "checkpoint",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "begin with the newest image of the terminal at or before "
				    "that, "
				    "where there is one" },
			   { .name = "cursor",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = CURSOR_TEXT,
			     .doc = "`next` of the page before" },
			   { .name = "limit",
			     .type = RPC_T_INT,
			     .fallback = "500",
			     .min = 1,
			     .max = MAX_RECORDS,
			     .doc = "records of one page" },
			   { .name = "max",
			     .type = RPC_T_INT,
			     .unit = "bytes",
			     .fallback = "262144",
			     .min = 1,
			     .max = MAX_BYTES,
			     .doc = "data of one page; one record comes in any case" }),
		API_RESULT(NULL, { "records", "[Record]", "oldest first" },
			   { "next", "string|null",
			     "cursor for what follows, also for what is yet to come; null: ask the "
			     "same again" },
			   { "end", "boolean", "nothing more now" },
			   { "tail", "integer", "oldest position that is kept" },
			   { "head", "integer", "position behind the newest" },
			   { "first_us", "integer?", "time of the oldest record" },
			   { "last_us", "integer?", "time of the newest record" },
			   { "cols", "integer?", "last size" },
			   { "rows", "integer?", "last size" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_NOT_RECORDED, FAIL_JOURNAL_VERSION,
			   FAIL_JOURNAL_FAILED),
		.scope = API_SCOPE_READ,
		.handler = pane_records,
	},
	{
		.name = "pane.forget",
		.doc = "Remove what was kept of a pane: journal, history, output still in memory; "
		       "the screen stays, and what comes is kept again",
		API_PARAMS(API_PANE_PARAM),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_SPAWN,
		.handler = pane_forget,
	},
};

const struct api_group api_record_group = { methods, ARRAY_LEN(methods) };
