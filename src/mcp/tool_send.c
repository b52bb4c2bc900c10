#include <string.h>

#include "base/mem.h"
#include "mcp/common.h"

static const struct rpc_param params[] = {
	PARAM_PANE,
	{ .name = "text", .type = RPC_T_STRING, .max = 65536, .doc = "Text to type, as it is" },
	{ .name = "keys",
	  .type = RPC_T_STRINGS,
	  .max = 256,
	  .doc = "Keys to press after the text: Enter, Tab, Escape, Up, C-c, C-d, M-x, F5, or "
		 "single "
		 "characters" },
	{ .name = "enter",
	  .type = RPC_T_BOOL,
	  .fallback = "false",
	  .doc = "Press Enter at the end" },
};

static const struct mcp_field fields[] = {
	{ "pane", "string", false, "Its id" },
	{ "written", "integer", false, "Bytes that the terminal took" },
	{ "seq", "integer", false,
	  "Position of the output before the input: give it to wait or read as `since`" },
};

struct sending {
	json_int_t written, seq;
};

static void finish(struct job *job)
{
	const struct sending *s = job->state;
	struct buf text = BUF_INIT;

	buf_printf(&text, "[%s] %lld bytes typed; output before that ends at seq %lld", job->name,
		   (long long)s->written, (long long)s->seq);
	tool_answer(job, &text,
		    mcp_pack("{s:s, s:I, s:I}", "pane", job->name, "written", s->written, "seq",
			     s->seq));
}

static void on_written(struct job *job, json_t *result, const struct fail *f)
{
	struct sending *s = job->state;

	if (f) {
		tool_fail(job, f);
		return;
	}
	s->written += common_int(result, "written");
	finish(job);
}

/* Keys, and Enter, in one request. */
static void press(struct job *job)
{
	const json_t *keys = rpc_arg_json(&job->args, "keys");
	json_t *all = keys ? json_deep_copy(keys) : json_array();

	if (rpc_arg_bool(&job->args, "enter", false))
		(void)json_array_append_new(all, json_string("Enter"));
	if (!json_array_size(all)) {
		json_decref(all);
		finish(job);
		return;
	}
	job_ask(job, "pane.send_keys", mcp_pack("{s:s, s:o}", "pane", job->name, "keys", all),
		on_written);
}

static void on_typed(struct job *job, json_t *result, const struct fail *f)
{
	struct sending *s = job->state;

	if (f) {
		tool_fail(job, f);
		return;
	}
	s->written += common_int(result, "written");
	press(job);
}

static void on_pane(struct job *job, json_t *result, const struct fail *f)
{
	const char *text = rpc_arg_str(&job->args, "text", NULL);
	struct sending *s = job->state;

	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	s->seq = common_int(result, "seq");
	if (text && *text) {
		job_ask(job, "pane.write", mcp_pack("{s:s, s:s}", "pane", job->name, "text", text),
			on_typed);
	} else {
		press(job);
	}
}

static void start(struct job *job)
{
	job->state = mem_zalloc(1, sizeof(struct sending));
	if (!job->state)
		mcp_die("out of memory");
	if (!rpc_arg_len(&job->args, "text") && !rpc_arg_bool(&job->args, "enter", false) &&
	    !json_array_size(rpc_arg_json(&job->args, "keys"))) {
		tool_failf(job, "nothing to send: give text, keys or enter");
		return;
	}
	job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", rpc_arg_str(&job->args, "pane", "")),
		on_pane);
}

const struct mcp_tool tool_send = {
	.name = "send",
	.title = "Type into a pane",
	.tier = MCP_WRITE,
	.doc = "Type text and press keys in a pane, as a person at its keyboard would. Answers "
	       "when "
	       "the terminal took everything; it does not wait for what comes of it: follow with "
	       "`wait` (since = the seq of this answer) and `read`. C-c interrupts the program, "
	       "C-d ends its input.",
	.params = params,
	.n_params = ARRAY_LEN(params),
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
	.is_destructive = true,
	.is_open = true,
	.start = start,
};
