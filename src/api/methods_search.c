/* search.* */
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "api/method.h"
#include "api/records.h"
#include "api/state.h"
#include "base/mem.h"
#include "core/search.h"

#define DEFAULT_LIMIT 200
#define MAX_LIMIT 1000
#define DEFAULT_TEXT 2048
#define DEFAULT_TIMEOUT_MS 5000
#define MAX_TIMEOUT_MS 60000
#define MAX_PATTERN 4096
#define MAX_SEARCH_NAME 64

static void put_text(struct rpc_writer *w, const char *pool, const struct search_text *t)
{
	rpc_strn(w, pool + t->from, t->n_bytes);
}

static void put_texts(struct rpc_writer *w, const char *key, const char *pool,
		      const struct search_text *t, uint32_t n)
{
	rpc_key(w, key);
	rpc_array_begin(w);
	for (uint32_t i = 0; i < n; i++)
		put_text(w, pool, &t[i]);
	rpc_array_end(w);
}

static void put_spans(struct rpc_writer *w, const struct search_match *m)
{
	rpc_key(w, "spans");
	rpc_array_begin(w);
	for (uint32_t i = 0; i < m->n_spans; i++) {
		rpc_map_begin(w);
		rpc_kv_uint(w, "from", m->spans[i].from);
		rpc_kv_uint(w, "to", m->spans[i].to);
		rpc_map_end(w);
	}
	rpc_array_end(w);
}

static const char *name_of(enum core_found_in where)
{
	switch (where) {
	case CORE_IN_HISTORY:
		return "history";
	case CORE_IN_SCREEN:
		return "screen";
	case CORE_IN_OUTPUT:
		return "output";
	case CORE_IN_JOURNAL:
		return "journal";
	}
	return "output";
}

static void put_where(struct rpc_writer *w, const struct core_found *f)
{
	struct pane_info i;

	pane_get_info(f->pane, &i);
	rpc_kv_str(w, "pane", i.id);
	rpc_kv_str(w, "session", i.session_id);
	rpc_kv_str(w, "session_name", i.session_name);
	rpc_kv_str(w, "in", name_of(f->where));
	rpc_kv_uint(w, "line", f->match->line);
	rpc_kv_int(w, "row", f->row);
	rpc_kv_uint(w, "column", f->match->column);
}

static void put_command(struct rpc_writer *w, const struct core_found *f)
{
	rpc_key(w, "command");
	if (!f->command.text) {
		rpc_null(w);
		return;
	}
	rpc_map_begin(w);
	rpc_kv_uint(w, "number", f->command.number);
	rpc_kv_str(w, "text", f->command.text);
	rpc_key(w, "exit_code");
	if (f->command.has_exit) {
		rpc_int(w, f->command.exit_code);
	} else {
		rpc_null(w);
	}
	rpc_kv_uint(w, "started_us", f->command.started_us);
	rpc_map_end(w);
}

static void put_found(struct rpc_writer *w, const struct core_found *f)
{
	const struct search_match *m = f->match;

	rpc_map_begin(w);
	put_where(w, f);
	rpc_key(w, "text");
	put_text(w, f->pool, &m->text);
	rpc_kv_bool(w, "cut", m->is_cut);
	put_spans(w, m);
	put_texts(w, "before", f->pool, m->before, m->n_before);
	put_texts(w, "after", f->pool, m->after, m->n_after);
	put_command(w, f);
	rpc_key(w, "time_us");
	if (f->time_us) {
		rpc_uint(w, f->time_us);
	} else {
		rpc_null(w);
	}
	rpc_key(w, "seq");
	if (f->seq != UINT64_MAX) {
		rpc_uint(w, f->seq);
	} else {
		rpc_null(w);
	}
	rpc_map_end(w);
}

static void on_searched(const struct core_search_result *r, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	call->search = 0;
	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "matches");
	rpc_array_begin(w);
	for (uint32_t i = 0; i < r->n_found; i++)
		put_found(w, &r->found[i]);
	rpc_array_end(w);
	if (r->next[0])
		rpc_kv_str(w, "next", r->next);
	rpc_kv_bool(w, "late", r->was_late);
	rpc_kv_uint(w, "panes", r->n_panes);
	rpc_kv_uint(w, "lines", r->n_lines);
	rpc_kv_uint(w, "bytes", r->n_bytes);
	rpc_kv_uint(w, "skipped_bytes", r->n_skipped_bytes);
	rpc_kv_uint(w, "elapsed_us", r->elapsed_us);
	rpc_map_end(w);
	api_call_result_end(call);
}

static enum search_case read_case(const struct rpc_args *a)
{
	const char *name = rpc_arg_str(a, "case", "smart");

	if (strcmp(name, "sensitive") == 0)
		return SEARCH_SENSITIVE;
	return strcmp(name, "insensitive") == 0 ? SEARCH_INSENSITIVE : SEARCH_SMART_CASE;
}

static void search_run(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct core_search_spec spec = {
		.pattern = { .text = rpc_arg_str(a, "pattern", ""),
			     .is_regex = rpc_arg_bool(a, "regex", false),
			     .is_word = rpc_arg_bool(a, "word", false),
			     .which_case = read_case(a) },
		.session = rpc_arg_str(a, "session", NULL),
		.pane = rpc_arg_str(a, "pane", NULL),
		.since_us = rpc_arg_int(a, "since_us", -1),
		.until_us = rpc_arg_int(a, "until_us", -1),
		.has_exit = rpc_arg_has(a, "exit"),
		.exit_code = (int)rpc_arg_int(a, "exit", 0),
		.command = rpc_arg_str(a, "command", NULL),
		.wants_journal = rpc_arg_bool(a, "journal", false),
		.n_context = (uint32_t)rpc_arg_int(a, "context", 0),
		.limit = (uint32_t)rpc_arg_int(a, "limit", DEFAULT_LIMIT),
		.max_text = (uint32_t)rpc_arg_int(a, "max_text", DEFAULT_TEXT),
		.timeout_ms = rpc_arg_int(a, "timeout_ms", DEFAULT_TIMEOUT_MS),
		.cursor = rpc_arg_str(a, "cursor", NULL),
	};
	const char *name = rpc_arg_str(a, "search", NULL);
	struct api_call *later = api_call_defer(call);
	uint64_t id;

	if (!later)
		return;
	/* The name is how search.cancel finds it: kept with the call. */
	later->extra = mem_strdup(name);
	core_search(api_call_core(later), &spec, on_searched, later, &id);
	if (id)
		later->search = id;
}

static void search_cancel(struct api_call *call)
{
	const char *name = rpc_arg_str(&call->args, "search", "");
	struct fail f;

	list_for_each (l, &call->client->calls) {
		const struct api_call *c = list_entry(l, struct api_call, link);

		if (!c->search || !c->extra || strcmp(c->extra, name) != 0)
			continue;
		(void)core_search_cancel(api_call_core(call), c->search);
		api_call_result_empty(call);
		return;
	}
	(void)fail_set(&f, FAIL_SEARCH_NOT_FOUND, name);
	api_call_fail(call, &f);
}

static const struct api_method methods[] = {
	{
		.name = "search.run",
		.doc = "Look for a text in what panes show and remember, the oldest panes first; "
		       "lines that the terminal wrapped are one",
		API_PARAMS({ .name = "pattern",
			     .type = RPC_T_STRING,
			     .is_required = true,
			     .min = 1,
			     .max = MAX_PATTERN,
			     .doc = "a text as it is, or with `regex` an expression (PCRE2), "
				    "within one "
				    "line" },
			   { .name = "regex",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "it is an expression" },
			   { .name = "case",
			     .type = RPC_T_ENUM,
			     .choices = "smart|sensitive|insensitive",
			     .fallback = "\"smart\"",
			     .doc = "smart: it counts if the pattern has a capital letter" },
			   { .name = "word",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "whole words only" },
			   { .name = "context",
			     .type = RPC_T_INT,
			     .fallback = "0",
			     .max = SEARCH_CONTEXT_MAX,
			     .unit = "lines",
			     .doc = "before and behind each match" },
			   { .name = "session",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "only panes of that one" },
			   { .name = "pane",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "only this one" },
			   { .name = "since_us",
			     .type = RPC_T_INT,
			     .max = INT64_MAX,
			     .unit = "us",
			     .doc = "printed then or later, as far as that is known; since 1970" },
			   { .name = "until_us",
			     .type = RPC_T_INT,
			     .max = INT64_MAX,
			     .unit = "us",
			     .doc = "printed then or before" },
			   { .name = "exit",
			     .type = RPC_T_INT,
			     .max = 255,
			     .doc = "only lines of commands that ended with that code; where no "
				    "command of a shell is "
				    "known, of panes whose process did" },
			   { .name = "command",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = 1024,
			     .doc = "likewise: with that in the command" },
			   { .name = "journal",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "all that was ever recorded, played again, not only what is in "
				    "memory; slower" },
			   { .name = "limit",
			     .type = RPC_T_INT,
			     .fallback = "200",
			     .min = 1,
			     .max = MAX_LIMIT,
			     .doc = "matching lines of one answer" },
			   { .name = "max_text",
			     .type = RPC_T_INT,
			     .fallback = "2048",
			     .min = 16,
			     .max = 65536,
			     .unit = "bytes",
			     .doc = "of one line; a longer one is cut around the match" },
			   { .name = "timeout_ms",
			     .type = RPC_T_INT,
			     .fallback = "5000",
			     .min = 1,
			     .max = MAX_TIMEOUT_MS,
			     .unit = "ms",
			     .doc = "then what was found is answered, with a cursor to go on" },
			   { .name = "cursor",
			     .type = RPC_T_STRING,
			     .min = 4,
			     .max = 48,
			     .doc = "`next` of the answer before" },
			   { .name = "search",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = MAX_SEARCH_NAME,
			     .doc = "a name for search.cancel, chosen by the client" }),
		API_RESULT("What was found.",
			   { "matches", "[Match]", "in order of panes and lines" },
			   { "next", "string?", "cursor, if there may be more" },
			   { "late", "boolean", "the time was over" },
			   { "panes", "integer", "that were looked at" },
			   { "lines", "integer", "that were looked at" },
			   { "bytes", "integer", "of them" },
			   { "skipped_bytes", "integer",
			     "that were known not to match without being read" },
			   { "elapsed_us", "integer", "" }),
		API_ERRORS(FAIL_INVALID_REGEX, FAIL_REGEX_LIMIT, FAIL_SEARCH_CANCELLED,
			   FAIL_SESSION_NOT_FOUND, FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = search_run,
	},
	{
		.name = "search.cancel",
		.doc = "End a search of this connection that is under way; it is answered with "
		       "SEARCH_CANCELLED",
		API_PARAMS({ .name = "search",
			     .type = RPC_T_STRING,
			     .is_required = true,
			     .min = 1,
			     .max = MAX_SEARCH_NAME,
			     .doc = "its name" }),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_SEARCH_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = search_cancel,
	},
};

const struct api_group api_search_group = { methods, ARRAY_LEN(methods) };
