#include <string.h>

#include "mcp/common.h"

static const struct rpc_param params[] = {
	PARAM_PANE,
	{ .name = "what",
	  .type = RPC_T_ENUM,
	  .fallback = "output",
	  .choices = "output|screen",
	  .doc = "output: what it printed, with what has scrolled away. screen: what its terminal "
		 "shows now, line by line (right for full-screen programs)" },
	{ .name = "since",
	  .type = RPC_T_INT,
	  .max = INT64_MAX,
	  .doc = "For output: from this position on: `seq` of an earlier answer gives what is new, "
		 "0 "
		 "everything. Else: the newest" },
	{ .name = "row",
	  .type = RPC_T_INT,
	  .max = INT32_MAX,
	  .doc = "To go on where an answer was cut: its next_row, with the same since" },
	{ .name = "lines",
	  .type = RPC_T_INT,
	  .min = 1,
	  .max = 100000,
	  .doc = "For output: at most so many lines" },
	PARAM_MAX_BYTES,
	{ .name = "keep",
	  .type = RPC_T_ENUM,
	  .choices = "both|head|tail",
	  .doc = "Which part to keep of a text that is too long: both ends, the beginning or the "
		 "end; else the end, and with since both" },
};

static const struct mcp_field fields[] = {
	{ "pane", "string", false, "Its id" },
	{ "text", "string", false, "What was asked for, at most max_bytes" },
	{ "truncated", "boolean", false, "Text was left out of this answer" },
	{ "omitted_lines", "integer", true, "About how many lines of it" },
	{ "next_row", "integer", true, "Where they begin: `row` to read them" },
	{ "gap_bytes", "integer", true, "Output of that range that is no longer kept" },
	{ "seq", "integer", false, "Position behind the text: `since` for what comes next" },
	{ "state", "string", false, "starting, running, exited or lost" },
	{ "exit_code", "integer", true, "When it exited by itself" },
	{ "signal", "string", true, "When a signal ended it" },
};

static void answer(struct job *job, json_t *o, struct buf *shown, json_int_t seq)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "[%s: ", job->name);
	text_status(json_object_get(job->pane, "status"), &text);
	buf_printf(&text, ", seq %lld", (long long)seq);
	common_put_omission(o, &text);
	buf_put_str(&text, "]\n");
	buf_put(&text, buf_data(shown), buf_len(shown));
	(void)json_object_set_new(o, "text", text_json(buf_data(shown), buf_len(shown)));
	(void)json_object_set_new(o, "pane", json_string(job->name));
	(void)json_object_set_new(o, "seq", json_integer(seq));
	common_put_state(o, job->pane);
	buf_fini(shown);
	tool_answer(job, &text, o);
}

static void on_screen(struct job *job, json_t *result, const struct fail *f)
{
	const json_t *v = json_object_get(result, "text");
	struct buf shown = BUF_INIT;
	struct text_cut cut;

	if (f) {
		tool_fail(job, f);
		return;
	}
	common_cut(job, json_string_value(v),
		   text_trim(json_string_value(v), json_string_length(v)), &shown, &cut);
	answer(job, mcp_pack("{s:b}", "truncated", cut.omitted != 0), &shown,
	       common_int(result, "seq"));
}

static void on_text(struct job *job, json_t *result, const struct fail *f)
{
	struct buf shown = BUF_INIT;
	json_t *o;

	if (f) {
		tool_fail(job, f);
		return;
	}
	o = mcp_pack("{}");
	common_take_text(result, &shown, o);
	answer(job, o, &shown, common_int(result, "to"));
}

static void ask_for_output(struct job *job)
{
	static const char *const numbers[][2] = { { "since", "from" },
						  { "row", "row" },
						  { "lines", "max_lines" } };
	const char *keep = rpc_arg_str(&job->args, "keep", NULL);
	json_t *p = mcp_pack("{s:s, s:I}", "pane", job->name, "max_bytes",
			     (json_int_t)rpc_arg_int(&job->args, "max_bytes", MCP_BYTES));

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (rpc_arg_has(&job->args, numbers[i][0])) {
			(void)json_object_set_new(p, numbers[i][1],
						  json_integer(rpc_arg_int(&job->args,
									   numbers[i][0], 0)));
		}
	}
	if (keep)
		(void)json_object_set_new(p, "keep", json_string(keep));
	job_ask(job, "pane.text", p, on_text);
}

static void on_pane(struct job *job, json_t *result, const struct fail *f)
{
	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	json_decref(job->pane);
	job->pane = json_incref(result);
	if (strcmp(rpc_arg_str(&job->args, "what", "output"), "screen") == 0) {
		job_ask(job, "pane.snapshot", mcp_pack("{s:s}", "pane", job->name), on_screen);
	} else {
		ask_for_output(job);
	}
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
	       "after it has ended. Long text is cut to max_bytes and says how much was left out "
	       "and "
	       "how to read that. `seq` of an answer is `since` of the next, for what is new.",
	.params = params,
	.n_params = ARRAY_LEN(params),
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
	.is_read_only = true,
	.is_idempotent = true,
	.start = start,
};
