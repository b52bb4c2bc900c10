/* pane.run, command.wait: commands typed into the pane's own shell, and what became of them. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/method.h"
#include "api/records.h"
#include "base/err.h"
#include "core/core.h"

#define MAX_TIMEOUT_MS (366ll * 24 * 3600 * 1000)
#define MAX_COMMAND (256 << 10)
#define MAX_OUTPUT (1 << 20)
#define MAX_LINES 100000
#define MAX_KEY 64

static void read_budget(const struct rpc_args *a, struct core_budget *ret)
{
	const char *keep = rpc_arg_str(a, "keep", "both");

	*ret = (struct core_budget){
		.is_raw = strcmp(rpc_arg_str(a, "output", "text"), "raw") == 0,
		.keep = *keep == 'h'   ? CORE_KEEP_HEAD
			: *keep == 't' ? CORE_KEEP_TAIL
				       : CORE_KEEP_BOTH,
		.max_bytes = (uint32_t)rpc_arg_int(a, "max_bytes", 65536),
		.max_lines = (uint32_t)rpc_arg_int(a, "max_lines", 2000),
	};
}

static const char *state_name(enum core_run_state s)
{
	switch (s) {
	case CORE_RUN_QUEUED:
		return "queued";
	case CORE_RUN_RUNNING:
		return "running";
	case CORE_RUN_DONE:
		return "done";
	case CORE_RUN_EXITED:
		return "exited";
	}
	return "?";
}

static const char *evidence_name(enum core_evidence e)
{
	switch (e) {
	case CORE_BY_NOTHING:
		return "none";
	case CORE_BY_MARKS:
		return "marks";
	case CORE_BY_WAIT_STATUS:
		return "wait-status";
	}
	return "?";
}

const char *record_wanted_kind(enum core_wanted_kind k)
{
	switch (k) {
	case CORE_WANTED_NOTHING:
		return NULL;
	case CORE_WANTED_LINE:
		return "line";
	case CORE_WANTED_PASSWORD:
		return "password";
	case CORE_WANTED_RAW:
		return "raw";
	}
	return NULL;
}

void record_command_id(struct rpc_writer *w, uint64_t pane, uint64_t number)
{
	char id[48];

	(void)snprintf(id, sizeof id, "p%" PRIu64 ":%" PRIu64, pane, number);
	rpc_kv_str(w, "command", id);
}

/* A shell says 128 + n for a command that signal n ended. */
void record_exit_code(struct rpc_writer *w, bool has_exit, int code)
{
	char name[16];

	rpc_key(w, "exit_code");
	if (!has_exit) {
		rpc_null(w);
		return;
	}
	rpc_int(w, code);
	if (code > 128 && code < 128 + NSIG)
		rpc_kv_str(w, "signal", signal_name(code - 128, name));
}

static void put_output(struct rpc_writer *w, const struct core_run_result *r)
{
	const struct core_extract *x = &r->extract;

	if (r->is_raw) {
		rpc_kv_bytes(w, "data", r->output, r->n_output);
	} else {
		rpc_key(w, "output");
		rpc_strn(w, r->output, r->n_output);
	}
	rpc_kv_bool(w, "truncated", x->is_truncated);
	if (!x->is_truncated)
		return;
	rpc_kv_uint(w, r->is_raw ? "omitted_bytes" : "omitted_rows",
		    r->is_raw ? x->n_omitted_bytes : x->n_omitted_rows);
	rpc_kv_uint(w, "next", x->next);
}

static void put_result(struct rpc_writer *w, uint64_t pane, const struct core_run_result *r)
{
	rpc_map_begin(w);
	record_command_id(w, pane, r->number);
	rpc_kv_str(w, "state", state_name(r->state));
	rpc_kv_str(w, "evidence", evidence_name(r->evidence));
	rpc_kv_bool(w, "ran", r->has_run);
	record_exit_code(w, r->has_exit, r->exit_code);
	put_output(w, r);
	rpc_kv_str(w, "text", r->text);
	rpc_kv_str(w, "shell", r->shell);
	rpc_kv_str(w, "cwd", r->cwd);
	rpc_kv_str(w, "cwd_after", r->cwd_after);
	rpc_kv_uint(w, "started_us", r->started_us);
	rpc_kv_uint(w, "duration_us", r->duration_us);
	rpc_kv_uint(w, "seq_from", r->seq_from);
	rpc_kv_uint(w, "seq_to", r->seq_to);
	rpc_map_end(w);
}

static void on_ran(const struct core_run_result *r, const struct fail *f, void *user)
{
	struct api_call *call = user;

	if (f) {
		api_call_fail(call, f);
		return;
	}
	put_result(api_call_result_begin(call), call->number, r);
	api_call_result_end(call);
}

static void pane_run(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct pane *p = api_call_pane(call);
	struct core_run_spec spec = {
		.text = rpc_arg_str(a, "command", ""),
		.n_text = rpc_arg_len(a, "command"),
		.wants_queue = rpc_arg_bool(a, "queue", false),
		.idle_ms = rpc_arg_int(a, "idle_ms", -1),
		.timeout_ms = rpc_arg_int(a, "timeout_ms", -1),
		.key = rpc_arg_str(a, "key", NULL),
	};
	struct api_call *later;
	uint64_t id = 0;

	read_budget(a, &spec.budget);
	later = p ? api_call_defer(call) : NULL;
	if (!later)
		return;
	later->number = pane_number(p);
	core_run(api_call_core(call), p, &spec, on_ran, later, &id);
	if (id) /* else it is answered, and gone */
		later->run = id;
}

/* "p3:17", or "p3": the last one there. */
static int find_command(struct core *core, const char *target, struct pane **ret,
			uint64_t *ret_number, struct fail *reterr)
{
	const char *colon = strrchr(target, ':');
	char pane[API_MAX_TARGET + 1], *end;

	*ret_number = 0;
	if (!colon)
		return core_pane_find(core, target, ret, reterr);
	*ret_number = strtoull(colon + 1, &end, 10);
	if (*end || *ret_number == 0 || (size_t)(colon - target) >= sizeof pane)
		return fail_setf(reterr, FAIL_COMMAND_NOT_KNOWN, NULL, "%.60s", target);
	memcpy(pane, target, (size_t)(colon - target));
	pane[colon - target] = '\0';
	return core_pane_find(core, pane, ret, reterr);
}

static void command_wait(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct pane *p = NULL;
	struct api_call *later;
	uint64_t id = 0, number;
	struct fail f;

	if (api_call_failed(call,
			    find_command(api_call_core(call), rpc_arg_str(a, "command", ""), &p,
					 &number, &f),
			    &f))
		return;
	later = api_call_defer(call);
	if (!later)
		return;
	later->number = pane_number(p);
	core_run_wait(p, number, rpc_arg_int(a, "timeout_ms", -1), on_ran, later, &id);
	if (id)
		later->run = id;
}

const struct api_shape api_shape_run = {
	.name = "Run",
	.doc = "A command that was typed into a pane's shell, and what became of it.",
	.fields =
		(const struct api_field[]){
			{ "command", "string", "`p3:17`: what command.wait takes" },
			{ "state", "string",
			  "`done`; `running`: the deadline came first, it goes on; `exited`: the "
			  "shell ended with it; `queued`" },
			{ "evidence", "string",
			  "what this rests on: `marks` (the shell said so), `wait-status` (of the "
			  "shell), `none` (the pane was quiet for idle_ms)" },
			{ "ran", "boolean",
			  "false: the shell took the line and ran nothing (syntax error, comment, "
			  "interrupted)" },
			{ "exit_code", "integer|null",
			  "as the shell says it; null: not known (yet)" },
			{ "signal", "string?", "where exit_code is 128 + n: its name" },
			{ "output", "string?",
			  "as text: what a terminal would show of it; wrapped lines joined" },
			{ "data", "bytes?", "as bytes, with output `raw`" },
			{ "truncated", "boolean", "something was left out to keep to the budget" },
			{ "omitted_rows", "integer?", "rows of the terminal that were left out" },
			{ "omitted_bytes", "integer?", "with raw" },
			{ "next", "integer?",
			  "row (raw: byte) of the output where the gap begins" },
			{ "text", "string|null", "the command as the shell read it" },
			{ "shell", "string|null", "`bash`, `zsh`, `fish`; null: none that tells" },
			{ "cwd", "string|null", "the shell's directory when it began" },
			{ "cwd_after", "string|null", "and when it had ended" },
			{ "started_us", "integer", "microseconds since 1970" },
			{ "duration_us", "integer", "so far, or in all" },
			{ "seq_from", "integer", "position of the first byte of its output" },
			{ "seq_to", "integer", "behind the last byte so far" },
			{ 0 } }
};

#define TIMEOUT_PARAM                                                            \
	{                                                                        \
		.name = "timeout_ms", .type = RPC_T_INT, .unit = "ms", .min = 0, \
		.max = MAX_TIMEOUT_MS,                                           \
		.doc = "answer after so long in any case; the command goes on"   \
	}

static const struct api_method methods[] = {
	{
		.name = "pane.run",
		.doc = "Type a command into the pane's shell when that is at its prompt, and wait "
		       "for its end",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "command",
			     .type = RPC_T_STRING,
			     .is_required = true,
			     .min = 1,
			     .max = MAX_COMMAND,
			     .doc = "as it would be typed; may have several lines" },
			   TIMEOUT_PARAM,
			   { .name = "queue",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "if the shell is busy wait for its prompt; else PANE_BUSY" },
			   { .name = "idle_ms",
			     .type = RPC_T_INT,
			     .unit = "ms",
			     .min = 0,
			     .max = MAX_TIMEOUT_MS,
			     .doc = "where no shell tells of its commands: type it all the same, "
				    "and take so long a silence for its end" },
			   { .name = "output",
			     .type = RPC_T_ENUM,
			     .choices = "text|raw",
			     .fallback = "\"text\"",
			     .doc = "as a terminal shows it, or the bytes" },
			   { .name = "max_bytes",
			     .type = RPC_T_INT,
			     .unit = "bytes",
			     .fallback = "65536",
			     .min = 0,
			     .max = MAX_OUTPUT,
			     .doc = "of output in the answer" },
			   { .name = "max_lines",
			     .type = RPC_T_INT,
			     .fallback = "2000",
			     .min = 1,
			     .max = MAX_LINES,
			     .doc = "of output in the answer" },
			   { .name = "keep",
			     .type = RPC_T_ENUM,
			     .choices = "head|tail|both",
			     .fallback = "\"both\"",
			     .doc = "which end of an output that is too long" },
			   { .name = "key",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = MAX_KEY,
			     .doc = "chosen by the client: the same key again types nothing again, "
				    "and waits for the end of what was typed" }),
		.result = &api_shape_run,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_PANE_EXITED, FAIL_PANE_BUSY,
			   FAIL_NO_INTEGRATION, FAIL_COMMAND_INCOMPLETE, FAIL_LIMIT_INPUT),
		.scope = API_SCOPE_WRITE,
		.handler = pane_run,
	},
	{
		.name = "command.wait",
		.doc = "Wait for the end of a command that pane.run typed, or tell its result "
		       "again",
		API_PARAMS({ .name = "command",
			     .type = RPC_T_STRING,
			     .is_required = true,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "as pane.run answered; a pane: the last one there" },
			   TIMEOUT_PARAM),
		.result = &api_shape_run,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_COMMAND_NOT_KNOWN, FAIL_PANE_EXITED,
			   FAIL_PANE_BUSY, FAIL_NO_INTEGRATION, FAIL_COMMAND_INCOMPLETE),
		.scope = API_SCOPE_READ,
		.handler = command_wait,
	},
};

const struct api_group api_run_group = { methods, ARRAY_LEN(methods) };
