/* layout.* */
#include <string.h>

#include "api/client.h"
#include "api/method.h"
#include "api/records.h"
#include "core/layout.h"

#define DEFAULT_UMASK 18 /* 022 */
#define MAX_KEY 64
#define MAX_TREE 65536

static void answer_layout(struct api_call *call, const struct layout *l)
{
	record_layout(api_call_result_begin(call), l);
	api_call_result_end(call);
}

/* The layout that session and layout name; NULL: answered. */
static struct layout *find(struct api_call *call)
{
	struct layout *l = NULL;
	struct fail f;
	int r = core_layout_find(api_call_core(call), rpc_arg_str(&call->args, "session", NULL),
				 rpc_arg_str(&call->args, "layout", NULL), &l, &f);

	return api_call_failed(call, r, &f) ? NULL : l;
}

static struct pane *find_pane(struct api_call *call, const char *param)
{
	struct pane *p = NULL;
	struct fail f;
	int r = core_pane_find(api_call_core(call), rpc_arg_str(&call->args, param, ""), &p, &f);

	return api_call_failed(call, r, &f) ? NULL : p;
}

/* The same with a pane of it. */
static void answer_layout_of(struct api_call *call, struct pane *p)
{
	struct layout *l = NULL;
	struct fail f;

	if (!api_call_failed(call, core_layout_of(p, &l, &f), &f))
		answer_layout(call, l);
}

static void on_layout(struct layout *l, struct pane *fresh, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	if (f) {
		api_call_fail(call, f);
		return;
	}
	if (!fresh) {
		answer_layout(call, l);
		return;
	}
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_key(w, "pane");
	record_pane(w, fresh);
	rpc_key(w, "layout");
	record_layout(w, l);
	rpc_map_end(w);
	api_call_result_end(call);
}

/* ---- making ---- */

static void layout_create(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct layout_spec spec = {
		.session = rpc_arg_str(a, "session", NULL),
		.name = rpc_arg_str(a, "name", NULL),
		.tree = rpc_arg_str(a, "tree", NULL),
		.template = rpc_arg_str(a, "template", NULL),
		.cols = rpc_arg_int(a, "cols", 80),
		.rows = rpc_arg_int(a, "rows", 24),
		.cwd = rpc_arg_str(a, "cwd", NULL),
		.env = rpc_arg_json(a, "env"),
		.umask = (uint32_t)rpc_arg_int(a, "umask", DEFAULT_UMASK),
	};
	struct api_call *later;
	struct fail f;

	if (spec.tree && spec.template) {
		(void)fail_setf(&f, FAIL_INVALID_PARAMS, "template", "either tree or template");
		api_call_fail(call, &f);
		return;
	}
	later = api_call_defer(call);
	if (later)
		core_layout_create(api_call_core(later), &spec, on_layout, later);
}

static bool read_share(struct api_call *call, struct layout_ratio *ret)
{
	const char *text = rpc_arg_str(&call->args, "ratio", "1/2");
	struct fail f;

	if (layout_parse_ratio(text, ret))
		return true;
	(void)fail_setf(&f, FAIL_INVALID_PARAMS, "ratio",
			"\"%.40s\" is no part as 1/3 or 30%%, with numbers up to %d", text,
			LAYOUT_RATIO_MAX);
	api_call_fail(call, &f);
	return false;
}

static enum layout_side read_side(const struct rpc_args *a)
{
	switch (rpc_arg_str(a, "side", "right")[0]) {
	case 'b':
		return LAYOUT_BELOW;
	case 'l':
		return LAYOUT_LEFT;
	case 'a':
		return LAYOUT_ABOVE;
	default:
		return LAYOUT_RIGHT;
	}
}

static void layout_split_pane(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct pane_spec fresh = {
		.command = rpc_arg_json(a, "command"),
		.cwd = rpc_arg_str(a, "cwd", NULL),
		.env = rpc_arg_json(a, "env"),
		.kind = rpc_arg_str(a, "kind", NULL),
		.title = rpc_arg_str(a, "title", NULL),
		.key = rpc_arg_str(a, "key", NULL),
		.umask = (uint32_t)rpc_arg_int(a, "umask", DEFAULT_UMASK),
		.wants_pty = true,
		.stdin_fd = -1,
	};
	struct layout_split_spec spec = { .side = read_side(a), .fresh = &fresh };
	struct api_call *later;

	if (!read_share(call, &spec.share))
		return;
	spec.at = find_pane(call, "pane");
	if (!spec.at)
		return;
	if (rpc_arg_has(a, "with")) {
		spec.with = find_pane(call, "with");
		if (!spec.with)
			return;
	}
	later = api_call_defer(call);
	if (later)
		core_layout_split(api_call_core(later), &spec, on_layout, later);
}

/* ---- looking ---- */

static void put_layouts_of(struct rpc_writer *w, const struct session *s)
{
	const struct layout *l;

	for (uint32_t i = 0; (l = session_layout_at(s, i)); i++)
		record_layout(w, l);
}

static void layout_list(struct api_call *call)
{
	const char *name = rpc_arg_str(&call->args, "session", NULL);
	struct core *core = api_call_core(call);
	struct session *s = NULL;
	struct rpc_writer *w;
	struct fail f;

	if (name && api_call_failed(call, core_session_find(core, name, &s, &f), &f))
		return;
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_key(w, "layouts");
	rpc_array_begin(w);
	if (s) {
		put_layouts_of(w, s);
	} else {
		for (s = core_session_next(core, 0); s;
		     s = core_session_next(core, session_number(s)))
			put_layouts_of(w, s);
	}
	rpc_array_end(w);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void layout_get(struct api_call *call)
{
	const struct layout *l;
	struct pane *p;

	if (rpc_arg_has(&call->args, "pane")) {
		p = find_pane(call, "pane");
		if (p)
			answer_layout_of(call, p);
		return;
	}
	l = find(call);
	if (l)
		answer_layout(call, l);
}

static void layout_templates(struct api_call *call)
{
	const char *name, *tree;
	struct rpc_writer *w = api_call_result_begin(call);

	rpc_map_begin(w);
	rpc_key(w, "templates");
	rpc_array_begin(w);
	for (uint32_t i = 0; core_template_at(api_call_core(call), i, &name, &tree); i++) {
		rpc_map_begin(w);
		rpc_kv_str(w, "name", name);
		rpc_kv_str(w, "tree", tree);
		rpc_map_end(w);
	}
	rpc_array_end(w);
	rpc_map_end(w);
	api_call_result_end(call);
}

/* ---- changing ---- */

/* Of one pane: each axis that is given, and the ratio along the one that is. */
static int resize_pane(const struct rpc_args *a, struct pane *p, const struct layout_ratio *share,
		       struct fail *reterr)
{
	enum layout_axis axis =
		rpc_arg_str(a, "axis", "cols")[0] == 'r' ? LAYOUT_ROWS : LAYOUT_COLS;
	int r = 0;

	if (rpc_arg_has(a, "cols")) {
		r = core_layout_resize_pane(p, LAYOUT_COLS, rpc_arg_int(a, "cols", 0), reterr);
	}
	if (r == 0 && rpc_arg_has(a, "rows"))
		r = core_layout_resize_pane(p, LAYOUT_ROWS, rpc_arg_int(a, "rows", 0), reterr);
	if (r == 0 && rpc_arg_has(a, "ratio"))
		r = core_layout_share(p, axis, *share, reterr);
	return r;
}

static void layout_resize_area(struct api_call *call)
{
	struct layout *l = find(call);
	struct layout_info i;
	struct fail f;
	int r;

	if (!l)
		return;
	layout_get_info(l, &i);
	r = core_layout_resize(l, rpc_arg_int(&call->args, "cols", i.cols),
			       rpc_arg_int(&call->args, "rows", i.rows), &f);
	if (!api_call_failed(call, r, &f))
		answer_layout(call, l);
}

static void layout_resize(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct layout_ratio share;
	struct pane *p;
	struct fail f;

	if (!rpc_arg_has(a, "pane")) {
		layout_resize_area(call);
		return;
	}
	if (!read_share(call, &share))
		return;
	p = find_pane(call, "pane");
	if (p && !api_call_failed(call, resize_pane(a, p, &share, &f), &f))
		answer_layout_of(call, p);
}

static void layout_close(struct api_call *call)
{
	struct pane *p = find_pane(call, "pane");
	struct fail f;

	if (p && !api_call_failed(call, core_layout_close(p, &f), &f))
		api_call_result_empty(call);
}

static void layout_move(struct api_call *call)
{
	struct layout_ratio share;
	struct pane *p, *to;
	struct fail f;
	int r;

	if (!read_share(call, &share))
		return;
	p = find_pane(call, "pane");
	to = p ? find_pane(call, "to") : NULL;
	if (!to)
		return;
	r = core_layout_move(p, to, read_side(&call->args), share, &f);
	if (!api_call_failed(call, r, &f))
		answer_layout_of(call, p);
}

static void layout_swap(struct api_call *call)
{
	struct pane *p = find_pane(call, "pane"), *with = p ? find_pane(call, "with") : NULL;
	struct fail f;

	if (with && !api_call_failed(call, core_layout_swap(p, with, &f), &f))
		answer_layout_of(call, p);
}

static void layout_zoom(struct api_call *call)
{
	struct pane *p = find_pane(call, "pane");
	struct layout_info i = { 0 };
	struct fail f;
	bool is_on;

	if (!p)
		return;
	if (pane_layout(p))
		layout_get_info(pane_layout(p), &i);
	is_on = rpc_arg_bool(&call->args, "on", i.zoomed != pane_number(p));
	if (!api_call_failed(call, core_layout_zoom(p, is_on, &f), &f))
		answer_layout_of(call, p);
}

static void layout_rename(struct api_call *call)
{
	struct layout *l = find(call);
	struct fail f;

	if (l &&
	    !api_call_failed(call, core_layout_rename(l, rpc_arg_str(&call->args, "name", ""), &f),
			     &f))
		answer_layout(call, l);
}

static void layout_select(struct api_call *call)
{
	struct layout *l = NULL;
	struct pane *p = NULL;
	struct fail f;

	if (rpc_arg_has(&call->args, "pane")) {
		p = find_pane(call, "pane");
		if (!p || api_call_failed(call, core_layout_of(p, &l, &f), &f))
			return;
	} else {
		l = find(call);
		if (!l)
			return;
	}
	core_layout_select(l, p);
	answer_layout(call, l);
}

static void layout_delete(struct api_call *call)
{
	struct layout *l = find(call);

	if (!l)
		return;
	core_layout_delete(l);
	api_call_result_empty(call);
}

static void layout_attach(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct layout *l = find(call);
	struct fail f;
	int r;

	if (!l)
		return;
	r = core_layout_attach(l, call->client, rpc_arg_int(a, "cols", 0),
			       rpc_arg_int(a, "rows", 0), rpc_arg_bool(a, "ignore_size", false),
			       &f);
	if (api_call_failed(call, r, &f))
		return;
	call->client->is_viewer = true;
	answer_layout(call, l);
}

static void layout_detach(struct api_call *call)
{
	struct layout *l = find(call);

	if (!l)
		return;
	core_layout_detach(l, call->client);
	api_call_result_empty(call);
}

/* ---- the rows ---- */

#define LAYOUT_PARAMS                                                                  \
	{ .name = "session",                                                           \
	  .type = RPC_T_STRING,                                                        \
	  .min = 1,                                                                    \
	  .max = API_MAX_TARGET,                                                       \
	  .doc = "id or name; without it `main`" },                                    \
	{                                                                              \
		.name = "layout", .type = RPC_T_STRING, .min = 1, .max = API_MAX_NAME, \
		.doc = "name; else the active"                                         \
	}
#define NAME_PARAM(required, doc_)                                                         \
	{                                                                                  \
		.name = "name", .type = RPC_T_STRING, .is_required = (required), .min = 1, \
		.max = API_MAX_NAME, .doc = (doc_)                                         \
	}
#define OTHER_PANE_PARAM(name_, required, doc_)                                             \
	{                                                                                   \
		.name = (name_), .type = RPC_T_STRING, .is_required = (required), .min = 1, \
		.max = API_MAX_TARGET, .doc = (doc_)                                        \
	}
#define SIDE_PARAM                                                                         \
	{                                                                                  \
		.name = "side", .type = RPC_T_ENUM, .choices = "right|below|left|above",   \
		.fallback = "\"right\"", .doc = "where it comes, seen from the other pane" \
	}
#define RATIO_PARAM(fallback_, doc_)                                        \
	{                                                                   \
		.name = "ratio", .type = RPC_T_STRING, .min = 2, .max = 16, \
		.fallback = (fallback_), .doc = (doc_)                      \
	}
#define START_PARAMS                                                              \
	{ .name = "cwd",                                                          \
	  .type = RPC_T_STRING,                                                   \
	  .min = 1,                                                               \
	  .max = API_MAX_PATH,                                                    \
	  .doc = "of what is started; else the session's" },                      \
		{ .name = "env",                                                  \
		  .type = RPC_T_MAP,                                              \
		  .doc = "of what is started; else the session's" },              \
	{                                                                         \
		.name = "umask", .type = RPC_T_INT, .fallback = "18", .max = 511, \
		.doc = "of what is started, as a decimal number"                  \
	}
#define AREA_PARAMS(required)                                                                 \
	{ .name = "cols",                                                                     \
	  .type = RPC_T_INT,                                                                  \
	  .is_required = (required),                                                          \
	  .unit = "columns",                                                                  \
	  .doc = "of the area; 1 to 2,000" },                                                 \
	{                                                                                     \
		.name = "rows", .type = RPC_T_INT, .is_required = (required), .unit = "rows", \
		.doc = "of the area; 1 to 1,000"                                              \
	}
#define SPAWN_ERRORS                                                         \
	FAIL_SPAWN_FAILED, FAIL_DIRECTORY_NOT_FOUND, FAIL_COMMAND_NOT_FOUND, \
		FAIL_COMMAND_NOT_EXECUTABLE, FAIL_NO_PTY, FAIL_LIMIT_SESSIONS, FAIL_LIMIT_PANES

static const struct api_method methods[] = {
	{
		.name = "layout.create",
		.doc = "Make a layout and start what is in it, all or nothing; it becomes the "
		       "active one of its session",
		API_PARAMS({ .name = "session",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "id or name; made if there is none; without it `main`" },
			   NAME_PARAM(false, "unique in the session; else as the template, or a "
					     "number"),
			   { .name = "tree",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = MAX_TREE,
			     .doc = "as `cols(70 p1, 30 rows(terminal, tests=\"make test\"))`: "
				    "panes by id, or the kind and command of one to start" },
			   { .name = "template",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = 31,
			     .doc = "instead of a tree, one of the configuration" },
			   { .name = "cols",
			     .type = RPC_T_INT,
			     .fallback = "80",
			     .unit = "columns",
			     .doc = "of the area, until somebody looks" },
			   { .name = "rows",
			     .type = RPC_T_INT,
			     .fallback = "24",
			     .unit = "rows",
			     .doc = "likewise" },
			   START_PARAMS),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_LAYOUT_EXISTS, FAIL_LAYOUT_INVALID, FAIL_LAYOUT_TOO_SMALL,
			   FAIL_LIMIT_LAYOUTS, FAIL_TEMPLATE_NOT_FOUND, FAIL_PANE_NOT_FOUND,
			   FAIL_IN_LAYOUT, FAIL_INVALID_SIZE, FAIL_SESSION_NOT_FOUND, SPAWN_ERRORS),
		.scope = API_SCOPE_SPAWN,
		.handler = layout_create,
	},
	{
		.name = "layout.list",
		.doc = "List the layouts of one session or of all",
		API_PARAMS({ .name = "session",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_TARGET,
			     .doc = "id or name" }),
		API_RESULT("In order of creation.", { "layouts", "[Layout]", "" }),
		API_ERRORS(FAIL_SESSION_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = layout_list,
	},
	{
		.name = "layout.get",
		.doc = "Describe one layout",
		API_PARAMS(LAYOUT_PARAMS,
			   OTHER_PANE_PARAM("pane", false, "instead: the layout that it is in")),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_LAYOUT_NOT_FOUND, FAIL_PANE_NOT_FOUND,
			   FAIL_NOT_IN_LAYOUT),
		.scope = API_SCOPE_READ,
		.handler = layout_get,
	},
	{
		.name = "layout.split",
		.doc = "Put a pane beside another, a new one or one from the background; a pane in "
		       "no layout gets one first",
		API_PARAMS(API_PANE_PARAM, SIDE_PARAM,
			   RATIO_PARAM("\"1/2\"", "what the new pane gets of the old one's place, "
						  "as 1/3 or 30%"),
			   OTHER_PANE_PARAM("with", false, "a pane of the session in no layout"),
			   { .name = "command",
			     .type = RPC_T_STRINGS,
			     .doc = "else, what to start; a shell if absent" },
			   { .name = "kind",
			     .type = RPC_T_STRING,
			     .max = 64,
			     .doc = "label of what is started" },
			   { .name = "title",
			     .type = RPC_T_STRING,
			     .max = 256,
			     .doc = "its title to begin with" },
			   { .name = "key",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = MAX_KEY,
			     .doc = "chosen by the client: the same key again starts nothing "
				    "again" },
			   START_PARAMS),
		API_RESULT("What came of it.", { "pane", "Pane", "the one that was put there" },
			   { "layout", "Layout", "" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_IN_LAYOUT, FAIL_LAYOUT_TOO_SMALL,
			   FAIL_LIMIT_LAYOUTS, FAIL_KEY_CONFLICT, FAIL_INVALID_SIZE,
			   FAIL_SESSION_NOT_FOUND, SPAWN_ERRORS),
		.scope = API_SCOPE_SPAWN,
		.handler = layout_split_pane,
	},
	{
		.name = "layout.resize",
		.doc = "Move the borders of a pane, or change the whole area",
		API_PARAMS(LAYOUT_PARAMS,
			   OTHER_PANE_PARAM("pane", false, "this one; else the area is meant"),
			   { .name = "cols",
			     .type = RPC_T_INT,
			     .unit = "columns",
			     .doc = "of the pane (or what holds it), or of the area" },
			   { .name = "rows", .type = RPC_T_INT, .unit = "rows", .doc = "likewise" },
			   RATIO_PARAM(NULL,
				       "of a pane: its part of what it shares, as 1/3 or 30%"),
			   { .name = "axis",
			     .type = RPC_T_ENUM,
			     .choices = "cols|rows",
			     .fallback = "\"cols\"",
			     .doc = "along which the ratio counts" }),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_LAYOUT_NOT_FOUND, FAIL_PANE_NOT_FOUND,
			   FAIL_NOT_IN_LAYOUT, FAIL_LAYOUT_ALONE, FAIL_LAYOUT_TOO_SMALL,
			   FAIL_INVALID_SIZE),
		.scope = API_SCOPE_WRITE,
		.handler = layout_resize,
	},
	{
		.name = "layout.close",
		.doc = "Take a pane out of its layout, into the background; with its last pane the "
		       "layout goes",
		API_PARAMS(API_PANE_PARAM),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_NOT_IN_LAYOUT),
		.scope = API_SCOPE_WRITE,
		.handler = layout_close,
	},
	{
		.name = "layout.move",
		.doc = "Put a pane beside another one, in its layout or another of the session",
		API_PARAMS(API_PANE_PARAM, OTHER_PANE_PARAM("to", true, "beside which"), SIDE_PARAM,
			   RATIO_PARAM("\"1/2\"", "what it gets of the other one's place")),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_NOT_IN_LAYOUT, FAIL_LAYOUT_TOO_SMALL,
			   FAIL_LIMIT_LAYOUTS),
		.scope = API_SCOPE_WRITE,
		.handler = layout_move,
	},
	{
		.name = "layout.swap",
		.doc = "Let two panes of a session change places",
		API_PARAMS(API_PANE_PARAM, OTHER_PANE_PARAM("with", true, "the other one")),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_NOT_IN_LAYOUT),
		.scope = API_SCOPE_WRITE,
		.handler = layout_swap,
	},
	{
		.name = "layout.zoom",
		.doc = "Give a pane the whole area for a while, or end that; any other change of "
		       "the layout ends it too",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "on", .type = RPC_T_BOOL, .doc = "absent: the other way" }),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_NOT_IN_LAYOUT),
		.scope = API_SCOPE_WRITE,
		.handler = layout_zoom,
	},
	{
		.name = "layout.rename",
		.doc = "Give a layout another name",
		API_PARAMS(NAME_PARAM(true, "unique in the session"), LAYOUT_PARAMS),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_LAYOUT_NOT_FOUND, FAIL_LAYOUT_EXISTS),
		.scope = API_SCOPE_WRITE,
		.handler = layout_rename,
	},
	{
		.name = "layout.select",
		.doc = "Make a layout the active one of its session",
		API_PARAMS(LAYOUT_PARAMS,
			   OTHER_PANE_PARAM("pane", false,
					    "the one that it is in; it becomes active too")),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_LAYOUT_NOT_FOUND, FAIL_PANE_NOT_FOUND,
			   FAIL_NOT_IN_LAYOUT),
		.scope = API_SCOPE_WRITE,
		.handler = layout_select,
	},
	{
		.name = "layout.delete",
		.doc = "Delete a layout; its panes go on in the background",
		API_PARAMS(LAYOUT_PARAMS),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_LAYOUT_NOT_FOUND),
		.scope = API_SCOPE_WRITE,
		.handler = layout_delete,
	},
	{
		.name = "layout.attach",
		.doc = "View a whole layout with this connection: its area fits the smallest "
		       "viewer; again to change the size",
		API_PARAMS(AREA_PARAMS(true), LAYOUT_PARAMS,
			   { .name = "ignore_size",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "this viewer does not count" }),
		.result = &api_shape_layout,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_LAYOUT_NOT_FOUND, FAIL_INVALID_SIZE),
		.scope = API_SCOPE_READ,
		.handler = layout_attach,
	},
	{
		.name = "layout.detach",
		.doc = "View it no longer",
		API_PARAMS(LAYOUT_PARAMS),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_SESSION_NOT_FOUND, FAIL_LAYOUT_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = layout_detach,
	},
	{
		.name = "layout.templates",
		.doc = "List the templates of the configuration",
		API_PARAMS(),
		API_RESULT("All of them.",
			   { "templates", "[object]", "`name` and `tree` of each" }),
		API_ERRORS(),
		.scope = API_SCOPE_READ,
		.handler = layout_templates,
	},
};

const struct api_group api_layout_group = { methods, ARRAY_LEN(methods) };
