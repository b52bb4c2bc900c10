/* pane.text: output as text for programs, within a budget. */
#include <stdlib.h>
#include <string.h>

#include "api/method.h"
#include "api/records.h"
#include "core/core.h"

#define LAST_SEQ ((int64_t)1 << 53)
#define MAX_OUTPUT (1 << 20)
#define MAX_LINES 100000

static void on_text(const struct core_text *t, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "text");
	rpc_strn(w, t->text, t->n);
	rpc_kv_uint(w, "from", t->from);
	rpc_kv_uint(w, "to", t->to);
	rpc_kv_uint(w, "gap", t->gap);
	rpc_kv_uint(w, "rows", t->extract.n_rows);
	rpc_kv_bool(w, "truncated", t->extract.is_truncated);
	if (t->extract.is_truncated) {
		rpc_kv_uint(w, "omitted_rows", t->extract.n_omitted_rows);
		rpc_kv_uint(w, "next", t->extract.next);
	}
	rpc_map_end(w);
	api_call_result_end(call);
}

static void read_spec(const struct rpc_args *a, struct core_text_spec *ret)
{
	const char *keep =
		rpc_arg_str(a, "keep",
			    rpc_arg_has(a, "from") || rpc_arg_has(a, "command") ? "both" : "tail");

	*ret = (struct core_text_spec){
		.stream = strcmp(rpc_arg_str(a, "stream", "out"), "err") == 0 ? CORE_ERR : CORE_OUT,
		.is_from_set = rpc_arg_has(a, "from"),
		.from = (uint64_t)rpc_arg_int(a, "from", 0),
		.is_to_set = rpc_arg_has(a, "to"),
		.to = (uint64_t)rpc_arg_int(a, "to", 0),
		.budget = { .is_split = !rpc_arg_bool(a, "join", true),
			    .keep = *keep == 'h'   ? CORE_KEEP_HEAD
				    : *keep == 't' ? CORE_KEEP_TAIL
						   : CORE_KEEP_BOTH,
			    .max_bytes = (uint32_t)rpc_arg_int(a, "max_bytes", 65536),
			    .max_lines = (uint32_t)rpc_arg_int(a, "max_lines", 2000),
			    .skip = (uint64_t)rpc_arg_int(a, "row", 0) },
	};
}

/* The range of "p3:17", which must be of that pane. */
static int read_command(struct pane *p, const char *id, struct core_text_spec *spec,
			struct fail *reterr)
{
	const char *colon = strrchr(id, ':');
	const char *number = colon ? colon + 1 : id;

	spec->is_from_set = spec->is_to_set = true;
	return core_command_range(p, strtoull(number, NULL, 10), &spec->from, &spec->to, reterr);
}

static void pane_text(struct api_call *call)
{
	const char *command = rpc_arg_str(&call->args, "command", NULL);
	struct pane *p = api_call_pane(call);
	struct core_text_spec spec;
	struct api_call *later;
	struct fail f;

	if (!p)
		return;
	read_spec(&call->args, &spec);
	if (command && api_call_failed(call, read_command(p, command, &spec, &f), &f))
		return;
	later = api_call_defer(call);
	if (later)
		core_pane_text(api_call_core(later), p, &spec, on_text, later);
}

#define SEQ_PARAM(name_, doc_)                                                                  \
	{                                                                                       \
		.name = (name_), .type = RPC_T_INT, .unit = "bytes", .min = 0, .max = LAST_SEQ, \
		.doc = (doc_)                                                                   \
	}

static const struct api_method methods[] = {
	{
		.name = "pane.text",
		.doc = "Read output as text: no control sequences, progress bars collapsed, lines "
		       "whole, never more than asked for",
		API_PARAMS(API_PANE_PARAM,
			   SEQ_PARAM("from",
				     "what output from here on shows: `to` of the answer before "
				     "gives what changed since; default: 256 KiB before the end"),
			   SEQ_PARAM("to", "up to here; default: the end"),
			   { .name = "command",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "instead: the output of that command of its shell (`p3:17`)" },
			   { .name = "stream",
			     .type = RPC_T_ENUM,
			     .choices = "out|err",
			     .fallback = "\"out\"",
			     .doc = "which output" },
			   { .name = "join",
			     .type = RPC_T_BOOL,
			     .fallback = "true",
			     .doc = "a line that the terminal wrapped comes as one" },
			   { .name = "row",
			     .type = RPC_T_INT,
			     .min = 0,
			     .max = LAST_SEQ,
			     .doc = "leave out so many rows at the beginning: `next` of an answer "
				    "with "
				    "the same range" },
			   { .name = "max_bytes",
			     .type = RPC_T_INT,
			     .unit = "bytes",
			     .fallback = "65536",
			     .min = 0,
			     .max = MAX_OUTPUT,
			     .doc = "of text in the answer" },
			   { .name = "max_lines",
			     .type = RPC_T_INT,
			     .fallback = "2000",
			     .min = 1,
			     .max = MAX_LINES,
			     .doc = "of text in the answer" },
			   { .name = "keep",
			     .type = RPC_T_ENUM,
			     .choices = "head|tail|both",
			     .doc = "which end of a text that is too long; default: tail, with "
				    "from or "
				    "command both" }),
		API_RESULT("The text, and how to go on.", { "text", "string", "" },
			   { "from", "integer", "position where it begins" },
			   { "to", "integer", "position behind it: the next `from`" },
			   { "gap", "integer", "bytes of the range that are no longer kept" },
			   { "rows", "integer", "rows of the terminal that the range fills" },
			   { "truncated", "boolean",
			     "something was left out to keep to the budget" },
			   { "omitted_rows", "integer?", "so much" },
			   { "next", "integer?", "the first row of it" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_COMMAND_NOT_KNOWN),
		.scope = API_SCOPE_READ,
		.handler = pane_text,
	},
};

const struct api_group api_text_group = { methods, ARRAY_LEN(methods) };
