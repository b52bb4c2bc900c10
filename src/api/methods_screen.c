/* pane.*: what a terminal shows. */
#include <string.h>

#include "api/method.h"
#include "api/records.h"
#include "base/err.h"
#include "core/core.h"

static int read_spec(const struct rpc_args *a, struct core_snapshot *ret, struct fail *reterr)
{
	*ret = (struct core_snapshot){
		.n_history = (int32_t)rpc_arg_int(a, "history", 0),
		.has_no_screen = !rpc_arg_bool(a, "screen", true),
		.is_joined = rpc_arg_bool(a, "join", false),
	};
	if (snapshot_format_find(rpc_arg_str(a, "format", "text"), &ret->format))
		return 0;
	return fail_set(reterr, FAIL_INVALID_PARAMS, "format");
}

static void answer(struct api_call *call, enum snapshot_format format, const struct buf *shown,
		   const struct core_snapshot_info *info)
{
	struct rpc_writer *w = api_call_result_begin(call);

	rpc_map_begin(w);
	if (format == SNAPSHOT_ANSI) {
		rpc_kv_bytes(w, "data", buf_data(shown), buf_len(shown));
	} else {
		rpc_key(w, "text");
		rpc_strn(w, buf_data(shown), buf_len(shown));
	}
	rpc_kv_uint(w, "seq", info->seq);
	rpc_kv_uint(w, "cols", info->cols);
	rpc_kv_uint(w, "rows", info->rows);
	rpc_kv_uint(w, "history", info->n_history);
	rpc_kv_bool(w, "alternate", info->is_alternate);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void pane_snapshot(struct api_call *call)
{
	CLEANUP(buf_fini) struct buf shown = BUF_INIT;
	struct pane *p = api_call_pane(call);
	struct core_snapshot_info info;
	struct core_snapshot spec;
	struct fail f;

	if (!p || api_call_failed(call, read_spec(&call->args, &spec, &f), &f) ||
	    api_call_failed(call, core_pane_snapshot(p, &spec, &shown, &info, &f), &f))
		return;
	answer(call, spec.format, &shown, &info);
}

static const struct api_method methods[] = {
	{
		.name = "pane.snapshot",
		.doc = "Show the screen, and lines of its history before it",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "format",
			     .type = RPC_T_ENUM,
			     .choices = "text|ansi|json|html|svg",
			     .fallback = "\"text\"",
			     .doc = "ansi: the bytes that make a terminal of that size look the "
				    "same" },
			   { .name = "history",
			     .type = RPC_T_INT,
			     .unit = "lines",
			     .fallback = "0",
			     .min = 0,
			     .max = INT32_MAX,
			     .doc = "newest lines of the history to put first; 2147483647: all" },
			   { .name = "screen",
			     .type = RPC_T_BOOL,
			     .fallback = "true",
			     .doc = "false: the history alone" },
			   { .name = "join",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "text: a line that was wrapped comes as one" }),
		API_RESULT("What is shown.", { "text", "string?", "every format but ansi" },
			   { "data", "bytes?", "format ansi" },
			   { "seq", "integer", "it shows the output up to here" },
			   { "cols", "integer", "" }, { "rows", "integer", "" },
			   { "history", "integer", "lines of history there are" },
			   { "alternate", "boolean", "the alternate screen is shown" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = pane_snapshot,
	},
};

const struct api_group api_screen_group = { methods, ARRAY_LEN(methods) };
