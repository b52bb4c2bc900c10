/* pane.*: what concerns a pane's life; its bytes are in methods_io.c. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "api/method.h"
#include "api/pane_stats.h"
#include "api/records.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/core.h"

#define DEFAULT_UMASK 18 /* 022 */
#define DEFAULT_GRACE_MS 2000
#define MAX_GRACE_MS 600000
#define MAX_KEY 64

static void answer_pane(struct api_call *call, const struct pane *p)
{
	record_pane(api_call_result_begin(call), p);
	api_call_result_end(call);
}

static void on_pane(struct pane *p, const struct fail *f, void *user)
{
	if (p) {
		answer_pane(user, p);
	} else {
		api_call_fail(user, f);
	}
}

/* ---- create ---- */

/* The descriptor for fd 0; -1: the terminal (or nothing, without one). */
static int take_stdin(struct api_call *call, int *ret_fd, struct fail *reterr)
{
	const char *from = rpc_arg_str(&call->args, "stdin", "terminal");

	*ret_fd = -1;
	if (strcmp(from, "terminal") == 0)
		return 0;
	if (strcmp(from, "null") == 0) {
		*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *ret_fd < 0 ? err_origin(-errno) : 0;
	}
	*ret_fd = conn_take_fd(&call->client->conn);
	return *ret_fd < 0 ? fail_set(reterr, FAIL_FD_MISSING, "stdin") : 0;
}

static void read_spec(const struct rpc_args *a, struct pane_spec *ret)
{
	*ret = (struct pane_spec){
		.session = rpc_arg_str(a, "session", NULL),
		.command = rpc_arg_json(a, "command"),
		.cwd = rpc_arg_str(a, "cwd", NULL),
		.env = rpc_arg_json(a, "env"),
		.kind = rpc_arg_str(a, "kind", NULL),
		.title = rpc_arg_str(a, "title", NULL),
		.metadata = rpc_arg_json(a, "metadata"),
		.key = rpc_arg_str(a, "key", NULL),
		.cols = rpc_arg_int(a, "cols", 80),
		.rows = rpc_arg_int(a, "rows", 24),
		.umask = (uint32_t)rpc_arg_int(a, "umask", DEFAULT_UMASK),
		.is_private = rpc_arg_bool(a, "private", false),
		.wants_pty = rpc_arg_bool(a, "pty", true),
		.wants_raw_output = rpc_arg_bool(a, "raw_output", false),
		.wants_hold = rpc_arg_bool(a, "hold", false),
		.stdin_fd = -1,
	};
}

static void pane_create(struct api_call *call)
{
	struct pane_spec spec;
	struct api_call *later;
	struct fail f;
	int fd = -1;

	read_spec(&call->args, &spec);
	if (api_call_failed(call, take_stdin(call, &fd, &f), &f))
		return;
	later = api_call_defer(call);
	if (!later) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	spec.stdin_fd = fd;
	core_pane_create(api_call_core(later), &spec, on_pane, later);
}

static void pane_respawn(struct api_call *call)
{
	bool is_forced = rpc_arg_bool(&call->args, "force", false);
	const char *key = rpc_arg_str(&call->args, "key", NULL);
	struct pane *p = api_call_pane(call);
	struct api_call *later = p ? api_call_defer(call) : NULL;

	if (later)
		core_pane_respawn(api_call_core(later), p, is_forced, key, on_pane, later);
}

/* ---- looking ---- */

struct filter {
	const struct session *session; /* NULL: all */
	const char *state;             /* NULL: all */
};

static bool passes(const struct filter *filter, const struct pane *p)
{
	struct pane_info i;

	if (!filter->session && !filter->state)
		return true;
	pane_get_info(p, &i);
	if (filter->state && strcmp(filter->state, pane_state_name(i.state)) != 0)
		return false;
	return !filter->session ||
	       record_id_parse(i.session_id, 's') == session_number(filter->session);
}

static const struct pane *next_passing(struct core *core, uint64_t after,
				       const struct filter *filter)
{
	const struct pane *p = core_pane_next(core, after);

	while (p && !passes(filter, p))
		p = core_pane_next(core, pane_number(p));
	return p;
}

static int read_filter(struct api_call *call, struct filter *ret, uint64_t *ret_after,
		       struct fail *reterr)
{
	const char *session = rpc_arg_str(&call->args, "session", NULL);
	const char *cursor = rpc_arg_str(&call->args, "cursor", NULL);
	struct session *s = NULL;
	int r = 0;

	*ret_after = cursor ? record_id_parse(cursor, 'p') : 0;
	if (cursor && !*ret_after) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "cursor",
				 "not one that was given out");
	}
	if (session)
		r = core_session_find(api_call_core(call), session, &s, reterr);
	*ret = (struct filter){ .session = s, .state = rpc_arg_str(&call->args, "state", NULL) };
	return r;
}

static void pane_list(struct api_call *call)
{
	int64_t limit = rpc_arg_int(&call->args, "limit", API_MAX_PAGE);
	struct core *core = api_call_core(call);
	struct filter filter = { 0 };
	const struct pane *p;
	struct rpc_writer *w;
	uint64_t after;
	struct fail f;

	if (api_call_failed(call, read_filter(call, &filter, &after, &f), &f))
		return;
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_key(w, "panes");
	rpc_array_begin(w);
	for (p = next_passing(core, after, &filter); p && limit-- > 0;
	     p = next_passing(core, after, &filter)) {
		record_pane(w, p);
		after = pane_number(p);
	}
	rpc_array_end(w);
	if (p) {
		rpc_key(w, "next");
		record_id(w, 'p', after);
	}
	rpc_map_end(w);
	api_call_result_end(call);
}

static void answer_with_stats(struct api_call *call, const struct pane *p,
			      const struct pane_usage *all, size_t n)
{
	struct rpc_writer *w = api_call_result_begin(call);

	record_pane_begin(w, p);
	rpc_key(w, "stats");
	record_pane_stats(w, p, all, n);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void on_usage(const struct core_process *ps, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct pane_usage *all;
	struct pane *p = NULL;
	struct fail gone;
	size_t n_all = 0;
	char id[24];

	if (f) {
		api_call_fail(call, f);
		return;
	}
	/* It may have gone in the meantime. */
	(void)snprintf(id, sizeof id, "p%llu", (unsigned long long)call->number);
	if (api_call_failed(call, core_pane_find(api_call_core(call), id, &p, &gone), &gone))
		return;
	all = pane_usage_gather(ps, n, &n_all);
	if (!api_call_failed(call, all ? 0 : err_origin(-ENOMEM), NULL))
		answer_with_stats(call, p, all, n_all);
	mem_free(all);
}

static void pane_get(struct api_call *call)
{
	struct pane *p = api_call_pane(call);
	struct api_call *later;

	if (!p)
		return;
	if (!rpc_arg_bool(&call->args, "stats", false)) {
		answer_pane(call, p);
		return;
	}
	call->number = pane_number(p);
	later = api_call_defer(call);
	if (later)
		core_processes(api_call_core(later), p, on_usage, later);
}

/* ---- size and viewers ---- */

static void pane_resize(struct api_call *call)
{
	struct pane *p = api_call_pane(call);
	struct pane_info i;
	struct rpc_writer *w;
	struct fail f;
	int r;

	if (!p)
		return;
	r = core_pane_resize(api_call_core(call), p, rpc_arg_int(&call->args, "cols", 0),
			     rpc_arg_int(&call->args, "rows", 0), &f);
	if (api_call_failed(call, r, &f))
		return;
	pane_get_info(p, &i);
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_kv_uint(w, "cols", i.cols);
	rpc_kv_uint(w, "rows", i.rows);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void pane_attach(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct pane *p = api_call_pane(call);
	struct fail f;
	int r;

	if (!p)
		return;
	r = core_pane_attach(p, call->client, rpc_arg_int(a, "cols", 0), rpc_arg_int(a, "rows", 0),
			     rpc_arg_bool(a, "ignore_size", false), &f);
	if (api_call_failed(call, r, &f))
		return;
	call->client->is_viewer = true;
	answer_pane(call, p);
}

static void pane_detach(struct api_call *call)
{
	struct pane *p = api_call_pane(call);

	if (!p)
		return;
	core_pane_detach(api_call_core(call), p, call->client);
	api_call_result_empty(call);
}

/* ---- ending ---- */

static void pane_signal(struct api_call *call)
{
	const char *name = rpc_arg_str(&call->args, "signal", "");
	const char *to = rpc_arg_str(&call->args, "to", "foreground");
	enum core_signal_to target = CORE_TO_FOREGROUND;
	struct pane *p = api_call_pane(call);
	int signo = signal_parse(name);
	struct fail f;

	if (!p)
		return;
	if (signo == 0) {
		(void)fail_setf(&f, FAIL_INVALID_PARAMS, "signal", "no signal is called %.40s",
				name);
		fail_hint(&f, "a name as INT or SIGINT, or a number as 2");
		api_call_fail(call, &f);
		return;
	}
	if (strcmp(to, "leader") == 0) {
		target = CORE_TO_LEADER;
	} else if (strcmp(to, "session") == 0) {
		target = CORE_TO_SESSION;
	}
	if (!api_call_failed(call, core_pane_signal(api_call_core(call), p, signo, target, &f), &f))
		api_call_result_empty(call);
}

static void on_killed(const struct core_kill_report *report, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	record_kills(w, report);
	rpc_key(w, "status");
	record_status(w, report->has_status, report->status);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void pane_kill(struct api_call *call)
{
	bool wants_tree = rpc_arg_bool(&call->args, "tree", false);
	int64_t grace_ms = rpc_arg_int(&call->args, "grace_ms", DEFAULT_GRACE_MS);
	struct pane *p = api_call_pane(call);
	struct api_call *later = p ? api_call_defer(call) : NULL;

	if (later) {
		core_pane_kill(api_call_core(later), p, wants_tree, (uint32_t)grace_ms, on_killed,
			       later);
	}
}

static void pane_delete(struct api_call *call)
{
	struct pane *p = api_call_pane(call);
	struct rpc_writer *w;
	uint64_t number;
	struct fail f;

	if (!p)
		return;
	number = pane_number(p);
	if (api_call_failed(call, core_pane_delete(api_call_core(call), p, &f), &f))
		return;
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_key(w, "deleted");
	record_id(w, 'p', number);
	rpc_map_end(w);
	api_call_result_end(call);
}

/* ---- processes ---- */

static void put_processes_of(struct rpc_writer *w, const struct core_process *ps, size_t n,
			     uint64_t pane)
{
	rpc_map_begin(w);
	rpc_key(w, "pane");
	record_id(w, 'p', pane);
	rpc_key(w, "processes");
	rpc_array_begin(w);
	for (size_t i = 0; i < n; i++) {
		if (ps[i].pane == pane && !ps[i].is_stray)
			record_process(w, &ps[i]);
	}
	rpc_array_end(w);
	rpc_map_end(w);
}

static bool has_process(const struct core_process *ps, size_t n, uint64_t pane)
{
	for (size_t i = 0; i < n; i++) {
		if (ps[i].pane == pane && !ps[i].is_stray)
			return true;
	}
	return false;
}

static void on_processes(const struct core_process *ps, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "panes");
	rpc_array_begin(w);
	for (const struct pane *p = core_pane_next(api_call_core(call), 0); p;
	     p = core_pane_next(api_call_core(call), pane_number(p))) {
		if (has_process(ps, n, pane_number(p)))
			put_processes_of(w, ps, n, pane_number(p));
	}
	rpc_array_end(w);
	rpc_key(w, "strays");
	rpc_array_begin(w);
	for (size_t i = 0; i < n; i++) {
		if (ps[i].is_stray)
			record_process(w, &ps[i]);
	}
	rpc_array_end(w);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void pane_processes(struct api_call *call)
{
	struct pane *p = NULL;
	struct api_call *later;

	if (rpc_arg_has(&call->args, "pane")) {
		p = api_call_pane(call);
		if (!p)
			return;
	}
	later = api_call_defer(call);
	if (later)
		core_processes(api_call_core(later), p, on_processes, later);
}

/* ---- the rows ---- */

#define SIZE_PARAMS                                                                     \
	{ .name = "cols",                                                               \
	  .type = RPC_T_INT,                                                            \
	  .is_required = true,                                                          \
	  .unit = "columns",                                                            \
	  .doc = "1 to 2,000" },                                                        \
	{                                                                               \
		.name = "rows", .type = RPC_T_INT, .is_required = true, .unit = "rows", \
		.doc = "1 to 1,000"                                                     \
	}

#define KEY_PARAM                                                                      \
	{                                                                              \
		.name = "key", .type = RPC_T_STRING, .min = 1, .max = MAX_KEY,         \
		.doc = "chosen by the client: the same key again starts nothing again" \
	}

static const struct api_method methods[] = {
	{
		.name = "pane.create",
		.doc = "Start a command in a new pane; answered when it was executed",
		API_PARAMS({ .name = "session",
			     .type = RPC_T_STRING,
			     .fallback = "\"main\"",
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "id or name; an unknown name makes a session" },
			   { .name = "command",
			     .type = RPC_T_STRINGS,
			     .doc = "program and arguments; a shell if absent" },
			   { .name = "cwd",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_PATH,
			     .doc = "working directory; the session's if absent" },
			   { .name = "env",
			     .type = RPC_T_MAP,
			     .doc = "the whole environment; the session's if absent" },
			   { .name = "umask",
			     .type = RPC_T_INT,
			     .fallback = "18",
			     .min = 0,
			     .max = 511,
			     .doc = "file mode creation mask" },
			   { .name = "cols",
			     .type = RPC_T_INT,
			     .unit = "columns",
			     .fallback = "80",
			     .doc = "1 to 2,000" },
			   { .name = "rows",
			     .type = RPC_T_INT,
			     .unit = "rows",
			     .fallback = "24",
			     .doc = "1 to 1,000" },
			   { .name = "kind",
			     .type = RPC_T_STRING,
			     .fallback = "\"terminal\"",
			     .min = 1,
			     .max = 64,
			     .doc = "a label" },
			   { .name = "title",
			     .type = RPC_T_STRING,
			     .max = 512,
			     .doc = "until the program sets one" },
			   { .name = "metadata",
			     .type = RPC_T_OBJECT,
			     .doc = "kept with the pane, not interpreted" },
			   { .name = "private",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "write nothing of its output to disk" },
			   { .name = "pty",
			     .type = RPC_T_BOOL,
			     .fallback = "true",
			     .doc = "false: pipes, with stderr apart" },
			   { .name = "raw_output",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "output is not post-processed (no CR before LF)" },
			   { .name = "stdin",
			     .type = RPC_T_ENUM,
			     .choices = "terminal|null|fd",
			     .fallback = "\"terminal\"",
			     .doc = "fd: the descriptor that rides with the request (SCM_RIGHTS)" },
			   { .name = "hold",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "stop the program before a byte of its output is dropped that "
				    "nobody has subscribed to yet" },
			   KEY_PARAM),
		.result = &api_shape_pane,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_COMMAND_NOT_FOUND,
			   FAIL_COMMAND_NOT_EXECUTABLE, FAIL_DIRECTORY_NOT_FOUND, FAIL_SPAWN_FAILED,
			   FAIL_NO_PTY, FAIL_LIMIT_PANES, FAIL_LIMIT_SESSIONS, FAIL_INVALID_SIZE,
			   FAIL_FD_MISSING, FAIL_KEY_CONFLICT, FAIL_PANE_EXITED,
			   FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_SPAWN,
		.handler = pane_create,
	},
	{
		.name = "pane.list",
		.doc = "List panes, by id",
		API_PARAMS({ .name = "session",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "only of this one; id or name" },
			   { .name = "state",
			     .type = RPC_T_ENUM,
			     .choices = "starting|running|exited|lost",
			     .doc = "only in this state" },
			   API_PAGE_PARAMS),
		API_RESULT("One page.", { "panes", "[Pane]", "" }, API_NEXT_FIELD),
		API_ERRORS(FAIL_SESSION_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = pane_list,
	},
	{
		.name = "pane.get",
		.doc = "Describe one pane",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "stats",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "with what it did and holds, and a look at its processes" }),
		.result = &api_shape_pane,
		API_ERRORS(FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = pane_get,
	},
	{
		.name = "pane.resize",
		.doc = "Change the size of the terminal; with viewers, their smallest size wins",
		API_PARAMS(API_PANE_PARAM, SIZE_PARAMS),
		API_RESULT("The size it has now.", { "cols", "integer", "" },
			   { "rows", "integer", "" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_INVALID_SIZE, FAIL_PANE_EXITED),
		.scope = API_SCOPE_WRITE,
		.handler = pane_resize,
	},
	{
		.name = "pane.attach",
		.doc = "View the pane with a window of this size, until detach or the end of the "
		       "connection; again: a new size",
		API_PARAMS(API_PANE_PARAM, SIZE_PARAMS,
			   { .name = "ignore_size",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "have no say in the terminal's size" }),
		.result = &api_shape_pane,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_INVALID_SIZE, FAIL_PANE_EXITED),
		.scope = API_SCOPE_WRITE,
		.handler = pane_attach,
	},
	{
		.name = "pane.detach",
		.doc = "View the pane no longer",
		API_PARAMS(API_PANE_PARAM),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_WRITE,
		.handler = pane_detach,
	},
	{
		.name = "pane.signal",
		.doc = "Send a signal",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "signal",
			     .type = RPC_T_STRING,
			     .is_required = true,
			     .min = 1,
			     .max = 16,
			     .doc = "`INT`, `SIGINT` or `2`" },
			   { .name = "to",
			     .type = RPC_T_ENUM,
			     .choices = "foreground|leader|session",
			     .fallback = "\"foreground\"",
			     .doc = "the foreground process group, the leader, or all of the "
				    "terminal's session" }),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_PANE_EXITED, FAIL_SIGNAL_FAILED),
		.scope = API_SCOPE_WRITE,
		.handler = pane_signal,
	},
	{
		.name = "pane.kill",
		.doc = "End the pane's processes: SIGHUP, and SIGKILL after the grace; answered "
		       "when done",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "tree",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "strays too" },
			   { .name = "grace_ms",
			     .type = RPC_T_INT,
			     .unit = "ms",
			     .fallback = "2000",
			     .min = 0,
			     .max = MAX_GRACE_MS,
			     .doc = "between the two signals" }),
		API_RESULT("What happened to whom.", { "ended", "[Ended]", "" },
			   { "left", "[Left]", "what resisted" },
			   { "status", "Status|null", "of the pane's leader" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_PANE_EXITED, FAIL_SIGNAL_FAILED),
		.scope = API_SCOPE_SPAWN,
		.handler = pane_kill,
	},
	{
		.name = "pane.respawn",
		.doc = "Start the pane's command again: in the directory that its shell told last "
		       "(when that is gone or was never told: where it was started first), and "
		       "in its place in the layout",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "force",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "kill it first if it runs" },
			   KEY_PARAM),
		.result = &api_shape_pane,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_PANE_RUNNING, FAIL_COMMAND_NOT_FOUND,
			   FAIL_COMMAND_NOT_EXECUTABLE, FAIL_DIRECTORY_NOT_FOUND, FAIL_SPAWN_FAILED,
			   FAIL_NO_PTY, FAIL_LIMIT_PANES, FAIL_KEY_CONFLICT, FAIL_PANE_EXITED),
		.scope = API_SCOPE_SPAWN,
		.handler = pane_respawn,
	},
	{
		.name = "pane.delete",
		.doc = "Forget an exited pane",
		API_PARAMS(API_PANE_PARAM),
		API_RESULT("What is gone.", { "deleted", "string", "the pane's id" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_PANE_RUNNING),
		.scope = API_SCOPE_SPAWN,
		.handler = pane_delete,
	},
	{
		.name = "pane.processes",
		.doc = "List the processes of one pane, or of all, and those that strayed",
		API_PARAMS({ .name = "pane",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "id, or a session's id or name" }),
		API_RESULT("What was found.",
			   { "panes", "[object]", "`{pane, processes: [Process]}`" },
			   { "strays", "[Process]", "" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = pane_processes,
	},
};

const struct api_group api_pane_group = { methods, ARRAY_LEN(methods) };
