/* session.* */
#include "api/method.h"
#include "api/records.h"
#include "base/mem.h"
#include "core/core.h"

static void answer_session(struct api_call *call, const struct session *s)
{
	record_session(api_call_result_begin(call), s);
	api_call_result_end(call);
}

/* The session that the call is about; NULL: answered. */
static struct session *find(struct api_call *call)
{
	struct session *s = NULL;
	struct fail f;
	int r = core_session_find(api_call_core(call), rpc_arg_str(&call->args, "session", ""), &s,
				  &f);

	return api_call_failed(call, r, &f) ? NULL : s;
}

/* What is told to exist is on the disk first. */
static void on_durable(void *user)
{
	struct api_call *call = user;
	struct session *s = core_session_by_number(api_call_core(call), call->number);
	struct fail f;

	if (s) {
		answer_session(call, s);
		return;
	}
	(void)fail_set(&f, FAIL_SESSION_NOT_FOUND, NULL); /* deleted meanwhile */
	api_call_fail(call, &f);
}

static void answer_when_durable(struct api_call *call, const struct session *s)
{
	struct api_call *later = api_call_defer(call);

	if (!later)
		return;
	later->number = session_number(s);
	core_when_durable(api_call_core(later), on_durable, later);
}

static void session_create(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct session *s = NULL;
	struct fail f;
	int r = core_session_create(api_call_core(call), rpc_arg_str(a, "name", NULL),
				    rpc_arg_str(a, "cwd", NULL), rpc_arg_json(a, "env"), &s, &f);

	if (!api_call_failed(call, r, &f))
		answer_when_durable(call, s);
}

static void session_list(struct api_call *call)
{
	const char *cursor = rpc_arg_str(&call->args, "cursor", NULL);
	int64_t limit = rpc_arg_int(&call->args, "limit", API_MAX_PAGE);
	uint64_t after = cursor ? record_id_parse(cursor, 's') : 0;
	struct core *core = api_call_core(call);
	const struct session *s;
	struct session_info last;
	struct rpc_writer *w;
	struct fail f;

	if (cursor && !after) {
		(void)fail_setf(&f, FAIL_INVALID_PARAMS, "cursor", "not one that was given out");
		api_call_fail(call, &f);
		return;
	}
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_key(w, "sessions");
	rpc_array_begin(w);
	for (s = core_session_next(core, after); s && limit-- > 0;
	     s = core_session_next(core, after)) {
		record_session(w, s);
		session_get_info(s, &last);
		after = session_number(s);
	}
	rpc_array_end(w);
	if (s)
		rpc_kv_str(w, "next", last.id);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void session_get(struct api_call *call)
{
	const struct session *s = find(call);

	if (s)
		answer_session(call, s);
}

static void session_rename(struct api_call *call)
{
	struct session *s = find(call);
	struct fail f;
	int r;

	if (!s)
		return;
	r = core_session_rename(api_call_core(call), s, rpc_arg_str(&call->args, "name", ""), &f);
	if (!api_call_failed(call, r, &f))
		answer_when_durable(call, s);
}

/* What is being deleted: it is gone when the answer is written. */
struct deletion {
	uint64_t session;
	uint32_t n_panes;
	uint64_t panes[];
};

static void on_deleted(const struct fail *f, void *user)
{
	struct api_call *call = user;
	const struct deletion *d = call->extra;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_key(w, "deleted");
	record_id(w, 's', d->session);
	rpc_key(w, "panes");
	rpc_array_begin(w);
	for (uint32_t i = 0; i < d->n_panes; i++)
		record_id(w, 'p', d->panes[i]);
	rpc_array_end(w);
	rpc_map_end(w);
	api_call_result_end(call);
}

static struct deletion *deletion_new(const struct session *s)
{
	struct session_info info;
	struct deletion *d;

	session_get_info(s, &info);
	d = mem_zalloc(1, sizeof *d + info.n_panes * sizeof d->panes[0]);
	if (!d)
		return NULL;
	d->session = session_number(s);
	d->n_panes = info.n_panes;
	for (uint32_t i = 0; i < info.n_panes; i++)
		d->panes[i] = pane_number(session_pane_at(s, i));
	return d;
}

static void session_delete(struct api_call *call)
{
	bool is_forced = rpc_arg_bool(&call->args, "force", false);
	struct session *s = find(call);
	struct api_call *later;
	struct fail f;

	if (!s)
		return;
	later = api_call_defer(call);
	if (!later)
		return;
	later->extra = deletion_new(s);
	if (!later->extra) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		api_call_fail(later, &f);
		return;
	}
	core_session_delete(api_call_core(later), s, is_forced, on_deleted, later);
}

#define SESSION_PARAM                                                                   \
	{                                                                               \
		.name = "session", .type = RPC_T_STRING, .is_required = true, .min = 1, \
		.max = API_MAX_TARGET, .doc = "id or name"                              \
	}

static const struct api_method methods[] = {
	{
		.name = "session.create",
		.doc = "Make a session",
		API_PARAMS({ .name = "name",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_NAME,
			     .doc = "unique; made up if absent" },
			   { .name = "cwd",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_PATH,
			     .doc = "working directory of its panes" },
			   { .name = "env", .type = RPC_T_MAP, .doc = "environment of its panes" }),
		.result = &api_shape_session,
		API_ERRORS(FAIL_SESSION_EXISTS, FAIL_LIMIT_SESSIONS),
		.scope = API_SCOPE_SPAWN,
		.handler = session_create,
	},
	{
		.name = "session.list",
		.doc = "List the sessions, by id",
		API_PARAMS(API_PAGE_PARAMS),
		API_RESULT("One page.", { "sessions", "[Session]", "" }, API_NEXT_FIELD),
		API_ERRORS(),
		.scope = API_SCOPE_READ,
		.handler = session_list,
	},
	{
		.name = "session.get",
		.doc = "Describe one session",
		API_PARAMS(SESSION_PARAM),
		.result = &api_shape_session,
		API_ERRORS(FAIL_SESSION_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = session_get,
	},
	{
		.name = "session.rename",
		.doc = "Give a session another name",
		API_PARAMS(SESSION_PARAM, { .name = "name",
					    .type = RPC_T_STRING,
					    .is_required = true,
					    .min = 1,
					    .max = API_MAX_NAME,
					    .doc = "unique" }),
		.result = &api_shape_session,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_SESSION_EXISTS),
		.scope = API_SCOPE_WRITE,
		.handler = session_rename,
	},
	{
		.name = "session.delete",
		.doc = "Delete a session and its panes",
		API_PARAMS(SESSION_PARAM, { .name = "force",
					    .type = RPC_T_BOOL,
					    .fallback = "false",
					    .doc = "kill what runs in it first" }),
		API_RESULT("What is gone.", { "deleted", "string", "the session's id" },
			   { "panes", "[string]", "ids of its panes" }),
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_PANE_RUNNING),
		.scope = API_SCOPE_SPAWN,
		.handler = session_delete,
	},
};

const struct api_group api_session_group = { methods, ARRAY_LEN(methods) };
