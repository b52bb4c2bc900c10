#include <string.h>

#include "mcp/common.h"

#define HISTORY_MAX 10000 /* lines */

static const struct rpc_param params[] = {
	PARAM_PANE,
	{ .name = "what",
	  .type = RPC_T_ENUM,
	  .fallback = "output",
	  .choices = "output|screen",
	  .doc = "output: what it printed, with what has scrolled away. screen: what its terminal "
		 "shows now, line by line (right for full-screen programs)" },
	{ .name = "lines",
	  .type = RPC_T_INT,
	  .min = 1,
	  .max = HISTORY_MAX,
	  .doc = "For output: only the newest lines, about so many" },
	PARAM_MAX_BYTES,
	PARAM_KEEP,
};

static const struct mcp_field fields[] = {
	{ "pane", "string", false, "Its id" },
	{ "text", "string", false, "What was asked for, at most max_bytes" },
	{ "truncated", "boolean", false, "Text was left out of this answer" },
	{ "omitted_lines", "integer", true, "About how many lines of it" },
	{ "seq", "integer", false, "Position of the output that the text shows: for `wait` since" },
	{ "state", "string", false, "starting, running, exited or lost" },
	{ "exit_code", "integer", true, "When it exited by itself" },
	{ "signal", "string", true, "When a signal ended it" },
};

static void on_text(struct job *job, json_t *result, const struct fail *f)
{
	const json_t *v = json_object_get(result, "text");
	struct buf text = BUF_INIT, shown = BUF_INIT;
	struct text_cut cut;
	json_t *o;

	if (f) {
		tool_fail(job, f);
		return;
	}
	common_cut(job, json_string_value(v),
		   text_trim(json_string_value(v), json_string_length(v)), &shown, &cut);
	buf_printf(&text, "[%s: ", job->name);
	text_status(json_object_get(job->pane, "status"), &text);
	buf_printf(&text, ", seq %lld]\n", (long long)common_int(result, "seq"));
	buf_put(&text, buf_data(&shown), buf_len(&shown));
	o = mcp_pack("{s:s, s:o, s:b, s:I}", "pane", job->name, "text",
		     text_json(buf_data(&shown), buf_len(&shown)), "truncated", cut.omitted != 0,
		     "seq", (json_int_t)common_int(result, "seq"));
	if (cut.omitted) {
		(void)json_object_set_new(o, "omitted_lines",
					  json_integer((json_int_t)cut.omitted_lines));
	}
	common_put_state(o, job->pane);
	buf_fini(&shown);
	tool_answer(job, &text, o);
}

static void on_pane(struct job *job, json_t *result, const struct fail *f)
{
	bool is_screen = strcmp(rpc_arg_str(&job->args, "what", "output"), "screen") == 0;
	int64_t lines = rpc_arg_int(&job->args, "lines", HISTORY_MAX);

	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	json_decref(job->pane);
	job->pane = json_incref(result);
	job_ask(job, "pane.snapshot",
		mcp_pack("{s:s, s:I, s:b}", "pane", job->name, "history",
			 (json_int_t)(is_screen ? 0 : lines), "join", (int)!is_screen),
		on_text);
}

static void start(struct job *job)
{
	job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", rpc_arg_str(&job->args, "pane", "")),
		on_pane);
}

const struct mcp_tool tool_read = {
	.name = "read",
	.title = "Read a pane",
	.tier = MCP_READ,
	.doc = "Read what a pane shows or has printed, as text. Works while its program runs and "
	       "after it has ended. Long text is cut to max_bytes and says how much was left out.",
	.params = params,
	.n_params = ARRAY_LEN(params),
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
	.is_read_only = true,
	.is_idempotent = true,
	.start = start,
};
