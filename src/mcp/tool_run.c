#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mcp/command.h"
#include "mcp/common.h"

/* Wide, so that little is wrapped. */
#define RUN_COLS 120
#define RUN_ROWS 40
#define RUN_TITLE_MAX 200 /* bytes of the command in the pane's title */

static const struct rpc_param params[] = {
	{ .name = "command",
	  .type = RPC_T_STRING,
	  .is_required = true,
	  .min = 1,
	  .max = 65536,
	  .doc = "Shell command line, as typed at a prompt. Pipes, quotes, several lines are "
		 "fine" },
	{ .name = "pane",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 128,
	  .doc = "Type it into the shell of this pane, which keeps its directory, variables and "
		 "virtual environment. Else: in a new pane, alone" },
	{ .name = "queue",
	  .type = RPC_T_BOOL,
	  .fallback = "false",
	  .doc = "With pane: where its shell is busy, wait until it is at its prompt" },
	{ .name = "cwd",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 4096,
	  .doc = "Without pane: directory to run in; else the one this server was started in" },
	{ .name = "env",
	  .type = RPC_T_MAP,
	  .max = 256,
	  .doc = "Without pane: variables to set, beside those this server was started with" },
	PARAM_TIMEOUT,
	PARAM_MAX_BYTES,
	PARAM_KEEP,
};

static const struct mcp_field fields[] = {
	{ "pane", "string", false, "Where it runs: for wait, read, send, close_pane" },
	{ "state", "string", false,
	  "done; running: it goes on; shell_exited: its shell ended with "
	  "it" },
	{ "exit_code", "integer", true, "When it ended by itself" },
	{ "signal", "string", true, "When a signal ended it, like SIGTERM" },
	{ "output", "string", false, "What it printed, at most max_bytes" },
	{ "truncated", "boolean", false, "Output was left out of this answer" },
	{ "omitted_lines", "integer", true, "About how many lines of it" },
	{ "next_row", "integer", true,
	  "Without pane: `row` for `read` with since=0, to read them" },
	{ "input", "string", true, "It waits for that before it goes on: line or password" },
	{ "duration_ms", "integer", false, "Until it ended, or until now" },
	{ "evidence", "string", false,
	  "What the end rests on: wait-status (of its process), marks (its shell said so), none" },
	{ "ran", "boolean", true, "False: the shell took the line and ran nothing (syntax error)" },
	{ "cwd", "string", true, "With pane: the shell's directory afterwards" },
};

static void put_headline(const struct job *job, json_int_t ms, bool is_running, struct buf *out)
{
	const char *input = job->state;

	buf_printf(out, "[%s: ", job->name);
	text_status(json_object_get(job->pane, "status"), out);
	buf_printf(out, " after %.1f s", (double)ms / 1000);
	if (is_running && input) {
		buf_printf(out, "; it waits for input (%s): answer with send", input);
	} else if (is_running) {
		buf_printf(out, "; wait with {\"pane\":\"%s\",\"until\":\"exit\"} or read it later",
			   job->name);
	}
}

static void on_text(struct job *job, json_t *result, const struct fail *f)
{
	const char *state = common_str(job->pane, "state");
	bool is_running = strcmp(state, "running") == 0 || strcmp(state, "starting") == 0;
	json_int_t ms = (json_int_t)((clock_mono_ns() - job->started_ns) / 1000000);
	struct buf text = BUF_INIT, output = BUF_INIT;
	json_t *o;

	if (f) {
		tool_fail(job, f);
		return;
	}
	put_headline(job, ms, is_running, &text);
	o = mcp_pack("{s:s, s:I, s:s}", "pane", job->name, "duration_ms", ms, "evidence",
		     is_running ? "none" : "wait-status");
	common_put_state(o, job->pane);
	common_take_text(result, &output, o);
	(void)json_object_set_new(o, "state", json_string(is_running ? "running" : "done"));
	(void)json_object_set_new(o, "output", text_json(buf_data(&output), buf_len(&output)));
	if (is_running && job->state)
		(void)json_object_set_new(o, "input", json_string(job->state));
	common_put_omission(o, &text);
	buf_put_str(&text, "]\n");
	buf_put(&text, buf_data(&output), buf_len(&output));
	buf_fini(&output);
	tool_answer(job, &text, o);
}

static void on_pane(struct job *job, json_t *result, const struct fail *f)
{
	if (f) {
		tool_fail(job, f);
		return;
	}
	json_decref(job->pane);
	job->pane = json_incref(result);
	job_ask(job, "pane.text",
		mcp_pack("{s:s, s:i, s:I, s:s}", "pane", job->name, "from", 0, "max_bytes",
			 (json_int_t)rpc_arg_int(&job->args, "max_bytes", MCP_BYTES), "keep",
			 rpc_arg_str(&job->args, "keep", "both")),
		on_text);
}

static void on_waited(struct job *job, json_t *result, const struct fail *f)
{
	const char *input = common_str(result, "input");

	if (f) {
		tool_fail(job, f);
		return;
	}
	/* Nobody will answer a question but who called us.  Keys are only inferred from silence:
	 * such a program may as well be busy. */
	if (strcmp(input, "raw") == 0) {
		job_wait(job, mcp_pack("{s:s, s:b}", "pane", job->name, "exit", 1), on_waited);
		return;
	}
	if (*input)
		job->state = mem_strdup(input);
	job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", job->name), on_pane);
}

static void on_created(struct job *job, json_t *result, const struct fail *f)
{
	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	job_wait(job, mcp_pack("{s:s, s:b, s:s}", "pane", job->name, "exit", 1, "input", "any"),
		 on_waited);
}

/* What would wait for somebody to press a key prints all at once. */
static json_t *environment(const struct job *job)
{
	static const char *const pagers[] = { "PAGER", "GIT_PAGER", "MANPAGER", "SYSTEMD_PAGER" };
	const json_t *given = rpc_arg_json(&job->args, "env");
	json_t *extra = json_object(), *env;

	for (size_t i = 0; i < ARRAY_LEN(pagers); i++)
		(void)json_object_set_new(extra, pagers[i], json_string("cat"));
	if (given)
		(void)json_object_update(extra, rpc_value_iterable(given));
	env = common_environment(extra);
	json_decref(extra);
	return env;
}

static mode_t current_umask(void)
{
	mode_t m = umask(077);

	(void)umask(m);
	return m;
}

static void start_alone(struct job *job)
{
	const char *command = rpc_arg_str(&job->args, "command", "");
	size_t n = strlen(command);
	struct buf title = BUF_INIT;
	struct text_cut ignored;

	text_cut(command, n, RUN_TITLE_MAX, TEXT_HEAD, &title, &ignored);
	job_ask(job, "pane.create",
		mcp_pack("{s:s, s:[s, s, s], s:o, s:o, s:i, s:i, s:i, s:s, s:o, s:o}", "session",
			 job->m->options.session, "command", common_shell(job->m), "-c", command,
			 "cwd", common_directory(rpc_arg_str(&job->args, "cwd", NULL)), "env",
			 environment(job), "umask", (int)current_umask(), "cols", RUN_COLS, "rows",
			 RUN_ROWS, "kind", "run", "title",
			 text_json(buf_data(&title), strcspn(command, "\n") < buf_len(&title)
							     ? strcspn(command, "\n")
							     : buf_len(&title)),
			 "key", common_key()),
		on_created);
	buf_fini(&title);
}

static void start(struct job *job)
{
	common_deadline(job);
	if (rpc_arg_has(&job->args, "pane")) {
		command_run(job);
	} else if (job->m->options.tier < MCP_SPAWN) {
		tool_failf(job, "a new pane needs --allow spawn: give the pane of a shell that is "
				"there already");
	} else {
		start_alone(job);
	}
}

const struct mcp_tool tool_run = {
	.name = "run",
	.title = "Run a command",
	.tier = MCP_WRITE,
	.doc = "Run a shell command and wait for its end: in a new terminal, or with `pane` in a "
	       "shell that is there already. Answers with the exit status and exactly what it "
	       "printed, as a person would see it (no control sequences, progress bars in their "
	       "last state). When it asks for input (`input` in the answer: line, password) the "
	       "answer comes at once, and `send` goes on. When it has not ended after timeout_ms, "
	       "the answer says so and the "
	       "command GOES ON: follow it with `wait` and `read`, type into it with `send`, end "
	       "it with `close_pane` or the key C-c. Use this for anything that ends by itself; "
	       "for programs that you talk to, use `create_pane`.",
	.params = params,
	.n_params = ARRAY_LEN(params),
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
	.is_destructive = true,
	.is_open = true,
	.start = start,
};
