#include "mcp/command.h"

#include <string.h>

#include "base/clock.h"
#include "mcp/common.h"

static bool is_over(const char *state)
{
	return strcmp(state, "done") == 0 || strcmp(state, "exited") == 0;
}

static bool is_wait(const struct job *job)
{
	return strcmp(job->tool->name, "wait") == 0;
}

static void put_headline(const struct job *job, const json_t *run, struct buf *out)
{
	const char *state = common_str(run, "state");
	const json_t *code = json_object_get(run, "exit_code");
	double seconds = (double)common_int(run, "duration_us") / 1e6;

	buf_printf(out, "[%s: ", job->name);
	if (!is_over(state)) {
		buf_printf(out,
			   "%s after %.1f s; it goes on: wait with "
			   "{\"pane\":\"%s\",\"until\":\"command\"}",
			   strcmp(state, "queued") == 0 ? "not typed yet" : "still running",
			   seconds, job->name);
	} else if (json_is_false(json_object_get(run, "ran"))) {
		buf_put_str(out, "the shell ran nothing");
	} else if (json_is_integer(code)) {
		buf_printf(out, "exit status %lld after %.1f s",
			   (long long)json_integer_value(code), seconds);
	} else {
		buf_printf(out, "ended after %.1f s, its exit status is not known", seconds);
	}
	if (strcmp(state, "exited") == 0)
		buf_put_str(out, "; the shell ended with it");
	buf_put_str(out, "]\n");
}

static size_t output_len(const json_t *run)
{
	const char *s = common_str(run, "output");

	return text_trim(s, strlen(s));
}

static json_t *output_of(const json_t *run)
{
	return text_json(common_str(run, "output"), output_len(run));
}

/* Both tools' members; what one does not list the other does, and more may always come. */
static json_t *describe(const struct job *job, const json_t *run)
{
	const char *state = common_str(run, "state");
	const json_t *cwd = json_object_get(run, "cwd_after"),
		     *code = json_object_get(run, "exit_code");
	json_t *o = mcp_pack("{s:s, s:s, s:o, s:b, s:I, s:s, s:b}", "pane", job->name, "state",
			     strcmp(state, "exited") == 0 ? "shell_exited" : state, "output",
			     output_of(run), "truncated",
			     json_is_true(json_object_get(run, "truncated")), "duration_ms",
			     (json_int_t)(common_int(run, "duration_us") / 1000), "evidence",
			     common_str(run, "evidence"), "ran",
			     !json_is_false(json_object_get(run, "ran")));

	if (json_is_integer(code))
		(void)json_object_set(o, "exit_code", rpc_value_iterable(code));
	if (json_object_get(run, "signal"))
		(void)json_object_set(o, "signal", json_object_get(run, "signal"));
	if (json_object_get(run, "omitted_rows"))
		(void)json_object_set(o, "omitted_lines", json_object_get(run, "omitted_rows"));
	if (json_is_string(cwd))
		(void)json_object_set(o, "cwd", rpc_value_iterable(cwd));
	return o;
}

static void answer(struct job *job, const json_t *run)
{
	struct buf text = BUF_INIT;
	json_t *o = describe(job, run);

	if (is_wait(job)) {
		bool is_done = is_over(common_str(run, "state"));

		(void)json_object_set_new(o, "reason",
					  json_string(is_done ? "command" : "timeout"));
		(void)json_object_set_new(o, "seq", json_integer(common_int(run, "seq_to")));
	}
	put_headline(job, run, &text);
	buf_put(&text, common_str(run, "output"), output_len(run));
	tool_answer(job, &text, o);
}

/* ---- in slices, so that a cancelled one does not stay with the daemon ---- */

static json_int_t left_ms(const struct job *job)
{
	uint64_t now = clock_mono_ns();

	return job->deadline_ns > now ? (json_int_t)((job->deadline_ns - now) / 1000000) : 0;
}

static json_int_t slice_ms(const struct job *job)
{
	json_int_t left = left_ms(job);

	return left < MCP_WAIT_SLICE_MS ? left : MCP_WAIT_SLICE_MS;
}

static void wait_for(struct job *job, const char *command);

/* It waits in the queue: nothing has been typed yet. */
static void on_queued(struct job *job)
{
	json_t *run;

	if (clock_mono_ns() < job->deadline_ns) {
		wait_for(job, job->name);
		return;
	}
	run = mcp_pack("{s:s, s:s, s:s}", "state", "queued", "evidence", "none", "output", "");
	answer(job, run);
	json_decref(run);
}

static void on_run(struct job *job, json_t *result, const struct fail *f)
{
	if (f && f->code == FAIL_PANE_BUSY && is_wait(job)) {
		on_queued(job);
	} else if (f) {
		tool_fail(job, f);
	} else if (is_over(common_str(result, "state")) || clock_mono_ns() >= job->deadline_ns) {
		answer(job, result);
	} else {
		wait_for(job, common_str(result, "command"));
	}
}

static void wait_for(struct job *job, const char *command)
{
	job_ask(job, "command.wait",
		mcp_pack("{s:s, s:I}", "command", command, "timeout_ms", slice_ms(job)), on_run);
}

static void on_pane_to_run(struct job *job, json_t *result, const struct fail *f)
{
	/* What waits in the queue leaves it with its deadline. */
	bool is_queued = rpc_arg_bool(&job->args, "queue", false);

	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	job_ask(job, "pane.run",
		mcp_pack("{s:s, s:s, s:b, s:I, s:I, s:s}", "pane", job->name, "command",
			 rpc_arg_str(&job->args, "command", ""), "queue", is_queued, "timeout_ms",
			 is_queued ? left_ms(job) : slice_ms(job), "max_bytes",
			 (json_int_t)rpc_arg_int(&job->args, "max_bytes", MCP_BYTES), "keep",
			 rpc_arg_str(&job->args, "keep", "both")),
		on_run);
}

static void on_pane_to_wait(struct job *job, json_t *result, const struct fail *f)
{
	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	wait_for(job, job->name);
}

static void ask_for_pane(struct job *job, mcp_done_fn *done)
{
	job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", rpc_arg_str(&job->args, "pane", "")),
		done);
}

void command_run(struct job *job)
{
	ask_for_pane(job, on_pane_to_run);
}

void command_wait(struct job *job)
{
	ask_for_pane(job, on_pane_to_wait);
}
