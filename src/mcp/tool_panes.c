#include <string.h>
#include <sys/stat.h>

#include "mcp/common.h"

/* ---- list ---- */

static const struct rpc_param list_params[] = {
	{ .name = "session",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 128,
	  .doc = "Only the panes of this session (name or id)" },
	{ .name = "state",
	  .type = RPC_T_ENUM,
	  .choices = "running|exited|lost",
	  .doc = "Only panes in this state" },
	{ .name = "limit",
	  .type = RPC_T_INT,
	  .fallback = "50",
	  .min = 1,
	  .max = 200,
	  .doc = "At most so many" },
	{ .name = "cursor",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 24,
	  .doc = "`next` of the answer before, for the panes after those" },
};

static const struct mcp_field list_fields[] = {
	{ "panes", "array", false,
	  "{pane, session, state, command, cwd, title, seq, exit_code, signal}" },
	{ "next", "string", true, "Cursor for the panes after these, if there are any" },
};

static void put_command(const json_t *command, struct buf *out)
{
	size_t i;
	json_t *word;

	json_array_foreach(command, i, word)
		buf_printf(out, "%s%s", i ? " " : "", json_string_value(word));
}

static json_t *pane_entry(const json_t *pane, struct buf *text)
{
	struct buf command = BUF_INIT, shown = BUF_INIT;
	struct text_cut ignored;
	json_t *o;

	put_command(json_object_get(pane, "command"), &command);
	text_cut(buf_data(&command), buf_len(&command), 200, TEXT_HEAD, &shown, &ignored);
	buf_printf(text, "%s\t%s\t", common_str(pane, "id"), common_str(pane, "session_name"));
	if (json_is_object(json_object_get(pane, "status"))) {
		text_status(json_object_get(pane, "status"), text);
	} else {
		buf_put_str(text, common_str(pane, "state"));
	}
	buf_put_char(text, '\t');
	for (size_t i = 0; i < buf_len(&shown); i++) {
		char c = buf_data(&shown)[i];

		/* One line in the list, whatever the command was. */
		buf_put_char(text, (char)(c >= 0 && c < ' ' ? ' ' : c));
	}
	buf_put_char(text, '\n');
	o = mcp_pack("{s:s, s:s, s:o, s:s, s:s, s:I}", "pane", common_str(pane, "id"), "session",
		     common_str(pane, "session_name"), "command",
		     text_json(buf_data(&shown), buf_len(&shown)), "cwd", common_str(pane, "cwd"),
		     "title", common_str(pane, "title"), "seq",
		     (json_int_t)common_int(pane, "seq"));
	common_put_state(o, pane);
	buf_fini(&command);
	buf_fini(&shown);
	return o;
}

static void on_list(struct job *job, json_t *result, const struct fail *f)
{
	struct buf text = BUF_INIT;
	json_t *panes = json_array(), *pane, *o;
	size_t i;

	if (f) {
		json_decref(panes);
		tool_fail(job, f);
		return;
	}
	json_array_foreach(json_object_get(result, "panes"), i, pane)(void)
		json_array_append_new(panes, pane_entry(pane, &text));
	if (!json_array_size(panes))
		buf_put_str(&text, "no panes");
	o = mcp_pack("{s:o}", "panes", panes);
	if (json_object_get(result, "next")) {
		(void)json_object_set(o, "next", json_object_get(result, "next"));
		buf_printf(&text, "more with cursor %s\n", common_str(result, "next"));
	}
	tool_answer(job, &text, o);
}

static void start_list(struct job *job)
{
	json_t *p = mcp_pack("{s:I}", "limit", (json_int_t)rpc_arg_int(&job->args, "limit", 50));
	static const char *const passed[] = { "session", "state", "cursor" };

	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *value = rpc_arg_str(&job->args, passed[i], NULL);

		if (value)
			(void)json_object_set_new(p, passed[i], json_string(value));
	}
	job_ask(job, "pane.list", p, on_list);
}

const struct mcp_tool tool_list_panes = {
	.name = "list",
	.title = "List panes",
	.tier = MCP_READ,
	.doc = "List the panes (terminals) there are, also those whose program has ended: id, "
	       "session, state and command. Panes of earlier conversations and of people are "
	       "among them.",
	.params = list_params,
	.n_params = ARRAY_LEN(list_params),
	.fields = list_fields,
	.n_fields = ARRAY_LEN(list_fields),
	.is_read_only = true,
	.is_idempotent = true,
	.start = start_list,
};

/* ---- create ---- */

static const struct rpc_param create_params[] = {
	{ .name = "command",
	  .type = RPC_T_STRINGS,
	  .max = 256,
	  .doc = "Program and arguments, one item each, not a shell command line. Else: the user's "
		 "shell" },
	{ .name = "cwd",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 4096,
	  .doc = "Directory to start in; else the one this server was started in" },
	{ .name = "env",
	  .type = RPC_T_MAP,
	  .max = 256,
	  .doc = "Variables to set, beside those this server was started with" },
	{ .name = "session",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 64,
	  .doc = "Session to put it in, made if there is none of that name" },
	{ .name = "title", .type = RPC_T_STRING, .max = 200, .doc = "For people who look at it" },
	{ .name = "cols",
	  .type = RPC_T_INT,
	  .fallback = "120",
	  .min = 1,
	  .max = 2000,
	  .doc = "Columns of the terminal" },
	{ .name = "rows",
	  .type = RPC_T_INT,
	  .fallback = "40",
	  .min = 1,
	  .max = 1000,
	  .doc = "Rows of the terminal" },
};

static const struct mcp_field create_fields[] = {
	{ "pane", "string", false, "Its id, for the other tools" },
	{ "session", "string", false, "Name of its session" },
	{ "pid", "integer", true, "Of the program" },
	{ "state", "string", false, "running, or exited if it has ended already" },
};

static void on_created(struct job *job, json_t *result, const struct fail *f)
{
	struct buf text = BUF_INIT;
	json_t *o;

	if (f) {
		tool_fail(job, f);
		return;
	}
	buf_printf(&text, "[%s] created in session %s", common_str(result, "id"),
		   common_str(result, "session_name"));
	o = mcp_pack("{s:s, s:s, s:s}", "pane", common_str(result, "id"), "session",
		     common_str(result, "session_name"), "state", common_str(result, "state"));
	if (json_is_integer(json_object_get(result, "pid")))
		(void)json_object_set(o, "pid", json_object_get(result, "pid"));
	tool_answer(job, &text, o);
}

static void start_create(struct job *job)
{
	const json_t *command = rpc_arg_json(&job->args, "command");
	const char *title = rpc_arg_str(&job->args, "title", NULL);
	mode_t mask = umask(077);
	json_t *p;

	(void)umask(mask);
	p = mcp_pack("{s:s, s:o, s:o, s:i, s:I, s:I, s:o}", "session",
		     rpc_arg_str(&job->args, "session", job->m->options.session), "cwd",
		     common_directory(rpc_arg_str(&job->args, "cwd", NULL)), "env",
		     common_environment(rpc_arg_json(&job->args, "env")), "umask", (int)mask,
		     "cols", (json_int_t)rpc_arg_int(&job->args, "cols", 120), "rows",
		     (json_int_t)rpc_arg_int(&job->args, "rows", 40), "key", common_key());
	if (json_array_size(command))
		(void)json_object_set(p, "command", rpc_value_iterable(command));
	if (title)
		(void)json_object_set_new(p, "title", json_string(title));
	job_ask(job, "pane.create", p, on_created);
}

const struct mcp_tool tool_create_pane = {
	.name = "create_pane",
	.title = "Create a pane",
	.tier = MCP_SPAWN,
	.doc = "Start a shell or another interactive program (a REPL, a debugger, ssh, an editor, "
	       "a "
	       "server) in a new terminal that stays until closed, also beyond this conversation. "
	       "Then talk to it with `send`, `wait` and `read`. For a command that ends by itself, "
	       "`run` is simpler.",
	.params = create_params,
	.n_params = ARRAY_LEN(create_params),
	.fields = create_fields,
	.n_fields = ARRAY_LEN(create_fields),
	.is_open = true,
	.start = start_create,
};

/* ---- close ---- */

static const struct rpc_param close_params[] = {
	PARAM_PANE,
	{ .name = "keep",
	  .type = RPC_T_BOOL,
	  .fallback = "false",
	  .doc = "End its processes only; its output can still be read" },
	{ .name = "grace_ms",
	  .type = RPC_T_INT,
	  .fallback = "2000",
	  .min = 0,
	  .max = 60000,
	  .doc = "Between asking its processes to end (SIGHUP) and killing them" },
};

static const struct mcp_field close_fields[] = {
	{ "pane", "string", false, "Its id" },
	{ "ended", "integer", false, "How many processes were ended" },
	{ "deleted", "boolean", false, "It is gone, with its output" },
};

static void close_answer(struct job *job, bool is_deleted)
{
	struct buf text = BUF_INIT;
	json_int_t ended =
		job->pane ? (json_int_t)json_array_size(json_object_get(job->pane, "ended")) : 0;

	buf_printf(&text, "[%s] %lld processes ended%s", job->name, (long long)ended,
		   is_deleted ? "; it is gone" : "; its output can still be read");
	tool_answer(job, &text,
		    mcp_pack("{s:s, s:I, s:b}", "pane", job->name, "ended", ended, "deleted",
			     is_deleted));
}

static void on_deleted(struct job *job, json_t *result, const struct fail *f)
{
	(void)result;
	if (f) {
		tool_fail(job, f);
	} else {
		close_answer(job, true);
	}
}

static void on_killed(struct job *job, json_t *result, const struct fail *f)
{
	/* Ended before: that is what was wanted. */
	if (f && f->code != FAIL_PANE_EXITED) {
		tool_fail(job, f);
		return;
	}
	json_decref(job->pane);
	job->pane = f ? NULL : json_incref(result);
	if (rpc_arg_bool(&job->args, "keep", false)) {
		close_answer(job, false);
	} else {
		job_ask(job, "pane.delete", mcp_pack("{s:s}", "pane", job->name), on_deleted);
	}
}

static void on_found(struct job *job, json_t *result, const struct fail *f)
{
	if (f) {
		tool_fail(job, f);
		return;
	}
	common_name(job, common_str(result, "id"));
	job_ask(job, "pane.kill",
		mcp_pack("{s:s, s:I}", "pane", job->name, "grace_ms",
			 (json_int_t)rpc_arg_int(&job->args, "grace_ms", 2000)),
		on_killed);
}

static void start_close(struct job *job)
{
	job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", rpc_arg_str(&job->args, "pane", "")),
		on_found);
}

const struct mcp_tool tool_close_pane = {
	.name = "close_pane",
	.title = "Close a pane",
	.tier = MCP_SPAWN,
	.doc = "End all processes of a pane and remove it with its output. With keep=true its "
	       "output stays. Close what you created and no longer need; leave panes of other "
	       "people alone.",
	.params = close_params,
	.n_params = ARRAY_LEN(close_params),
	.fields = close_fields,
	.n_fields = ARRAY_LEN(close_fields),
	.is_destructive = true,
	.is_idempotent = true,
	.start = start_close,
};
