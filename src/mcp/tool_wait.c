#include <string.h>

#include "base/clock.h"
#include "mcp/command.h"
#include "mcp/common.h"

#define IDLE_MS 1000

static const struct rpc_param params[] = {
	PARAM_PANE,
	{ .name = "until",
	  .type = RPC_T_ENUM,
	  .is_required = true,
	  .choices = "exit|command|prompt|input|text|idle",
	  .doc = "exit: its process ended. command: what `run` typed into its shell ended "
		 "(answers with its exit status and output). prompt: its shell is at its prompt. "
		 "input: a program waits for a line, a password or keys. text: what it prints "
		 "matches `pattern`. idle: it printed nothing for idle_ms" },
	{ .name = "pattern",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 4096,
	  .doc = "Regular expression (PCRE2) for until=text, matched against the text shown, "
		 "wrapped lines joined" },
	{ .name = "since",
	  .type = RPC_T_INT,
	  .max = INT64_MAX,
	  .doc = "Position from which text counts: `seq` of an earlier answer, so that nothing "
		 "printed in between is missed. Else: from now on" },
	{ .name = "idle_ms",
	  .type = RPC_T_INT,
	  .fallback = "1000",
	  .min = 1,
	  .max = 600000,
	  .doc = "For until=idle" },
	PARAM_TIMEOUT,
};

static const struct mcp_field fields[] = {
	{ "pane", "string", false, "Its id" },
	{ "reason", "string", false,
	  "exit, command, prompt, input, match, idle, timeout or closed" },
	{ "evidence", "string", true, "What the answer rests on" },
	{ "match", "string", true, "The text that matched" },
	{ "input", "string", true, "What is waited for: line, password or raw (keys; inferred)" },
	{ "program", "string", true, "Who waits for input" },
	{ "seq", "integer", false, "Position in the pane's output, for `since`" },
	{ "state", "string", false, "starting, running, exited or lost" },
	{ "exit_code", "integer", true, "When it exited by itself" },
	{ "signal", "string", true, "When a signal ended it" },
	{ "output", "string", true,
	  "until=command: what it printed, within the budget of its run" },
	{ "truncated", "boolean", true, "until=command: output was left out" },
};

static void describe(const struct job *job, const json_t *pane, struct buf *text)
{
	const char *reason = common_str(job->pane, "reason");

	if (strcmp(reason, "match") == 0) {
		buf_printf(text, "matched: %s",
			   common_str(json_object_get(job->pane, "match"), "text"));
	} else if (strcmp(reason, "idle") == 0) {
		buf_put_str(text, "it has been silent");
	} else if (strcmp(reason, "prompt") == 0) {
		buf_put_str(text, "its shell is at its prompt");
	} else if (strcmp(reason, "input") == 0) {
		buf_printf(text, "%s waits for input (%s)", common_str(job->pane, "program"),
			   common_str(job->pane, "input"));
	} else if (strcmp(reason, "timeout") == 0) {
		buf_put_str(text, "timeout: it did not happen");
	} else if (strcmp(reason, "closed") == 0) {
		buf_put_str(text, "its output has ended");
	} else {
		buf_put_str(text, "it ended");
	}
	buf_put_str(text, "; ");
	text_status(json_object_get(pane, "status"), text);
}

static void on_pane(struct job *job, json_t *result, const struct fail *f)
{
	static const char *const passed[] = { "input", "program" };
	struct buf text = BUF_INIT;
	const json_t *match = json_object_get(json_object_get(job->pane, "match"), "text");
	json_t *o;

	if (f) {
		tool_fail(job, f);
		return;
	}
	buf_printf(&text, "[%s] ", common_str(result, "id"));
	describe(job, result, &text);
	buf_printf(&text, " (seq %lld)", (long long)common_int(job->pane, "seq"));
	o = mcp_pack("{s:s, s:s, s:s, s:I}", "pane", common_str(result, "id"), "reason",
		     common_str(job->pane, "reason"), "evidence", common_str(job->pane, "evidence"),
		     "seq", (json_int_t)common_int(job->pane, "seq"));
	if (match)
		(void)json_object_set(o, "match", rpc_value_iterable(match));
	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		if (json_object_get(job->pane, passed[i]))
			(void)json_object_set(o, passed[i], json_object_get(job->pane, passed[i]));
	}
	common_put_state(o, result);
	tool_answer(job, &text, o);
}

static void on_waited(struct job *job, json_t *result, const struct fail *f)
{
	if (f) {
		tool_fail(job, f);
		return;
	}
	json_decref(job->pane);
	job->pane = json_incref(result);
	job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", job->name), on_pane);
}

/* Where it stands: what is printed between two slices must not be missed. */
static void on_begin(struct job *job, json_t *result, const struct fail *f)
{
	const char *until = rpc_arg_str(&job->args, "until", "");
	json_t *p;

	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	p = mcp_pack("{s:s}", "pane", job->name);
	if (strcmp(until, "exit") == 0 || strcmp(until, "prompt") == 0) {
		(void)json_object_set_new(p, until, json_true());
	} else if (strcmp(until, "input") == 0) {
		(void)json_object_set_new(p, "input", json_string("any"));
	} else if (strcmp(until, "idle") == 0) {
		(void)json_object_set_new(p, "idle_ms",
					  json_integer(
						  rpc_arg_int(&job->args, "idle_ms", IDLE_MS)));
	} else {
		(void)json_object_set_new(p, "regex",
					  json_string(rpc_arg_str(&job->args, "pattern", "")));
		(void)json_object_set_new(p, "from",
					  json_integer(rpc_arg_int(&job->args, "since",
								   common_int(result, "seq"))));
	}
	job_wait(job, p, on_waited);
}

static void start(struct job *job)
{
	if (strcmp(rpc_arg_str(&job->args, "until", ""), "text") == 0 &&
	    !rpc_arg_has(&job->args, "pattern")) {
		tool_failf(job, "until=text needs a pattern");
		return;
	}
	common_deadline(job);
	if (strcmp(rpc_arg_str(&job->args, "until", ""), "command") == 0) {
		command_wait(job);
		return;
	}
	job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", rpc_arg_str(&job->args, "pane", "")),
		on_begin);
}

const struct mcp_tool tool_wait = {
	.name = "wait",
	.title = "Wait for a pane",
	.tier = MCP_READ,
	.doc = "Wait until something happens in a pane: its process ends, it prints text that "
	       "matches, or it falls silent. Answers at the latest after timeout_ms with "
	       "reason=timeout, which is no failure: ask again to go on waiting. Prefer this to "
	       "reading again and again.",
	.params = params,
	.n_params = ARRAY_LEN(params),
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
	.is_read_only = true,
	.is_idempotent = true,
	.start = start,
};
