/*
 * Layouts with panes that are still to be started.  The tree is checked first,
 * then everything in it is started at the size that it will have; when the last
 * one runs, the tree is the session's.  If one cannot be started, those that
 * were are removed again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/layout.h"
#include "core/state.h"

struct making {
	struct core *core;
	uint64_t session;
	char *name;
	struct layout_node *root; /* leaves to be started have pane 0 until they run */
	uint16_t cols, rows;
	uint32_t n_waiting;
	bool has_failed, has_made_session;
	struct fail fail; /* has_failed */
	core_layout_fn *on_done;
	void *user;
};

/* A leaf that is being started. */
struct start {
	struct making *making;
	struct layout_node *leaf;
};

static void making_free(struct making *m)
{
	layout_node_free(m->root);
	mem_free(m->name);
	mem_free(m);
}

static int fail_of_parse(int r, const char *why, struct fail *reterr)
{
	switch (r) {
	case LAYOUT_E_SYNTAX:
		return fail_setf(reterr, FAIL_LAYOUT_INVALID, "tree", "%s", why);
	case LAYOUT_E_DEEP:
		return fail_setf(reterr, FAIL_LIMIT_LAYOUTS, NULL,
				 "at most %d splits inside splits", LAYOUT_DEPTH_MAX);
	default:
		err_clear();
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
}

static const char *find_template(const struct core *c, const char *name)
{
	const char *found, *tree;

	for (uint32_t i = 0; core_template_at(c, i, &found, &tree); i++) {
		if (strcmp(found, name) == 0)
			return tree;
	}
	return NULL;
}

static int parse(const struct core *c, const struct layout_spec *spec, struct layout_node **ret,
		 struct fail *reterr)
{
	const char *text = spec->tree ? spec->tree : "terminal";
	char why[128] = "";
	int r;

	if (!spec->tree && spec->template) {
		text = find_template(c, spec->template);
		if (!text) {
			fail_set(reterr, FAIL_TEMPLATE_NOT_FOUND, spec->template);
			fail_hint(reterr, "`orchflow layout templates` lists them");
			return FAIL_E_FAILED;
		}
	}
	r = layout_parse(text, ret, why, sizeof why);
	return r ? fail_of_parse(r, why, reterr) : 0;
}

/* Panes named in the tree: of @s (NULL: there is no such session yet), once each,
 * and in no layout. */
static int check_panes(struct core *c, const struct session *s, struct layout_node *root,
		       struct fail *reterr)
{
	char id[24];

	for (struct layout_node *n = layout_first_leaf(root); n; n = layout_next_leaf(n)) {
		const struct pane *p = n->pane ? pane_by_number(c, n->pane) : NULL;

		if (!n->pane)
			continue;
		snprintf(id, sizeof id, "p%" PRIu64, n->pane);
		if (!p || p->session != s)
			return fail_set(reterr, FAIL_PANE_NOT_FOUND, id);
		if (p->layout)
			return fail_set(reterr, FAIL_IN_LAYOUT, id);
		if (layout_find(root, n->pane) != n) {
			return fail_setf(reterr, FAIL_LAYOUT_INVALID, id, "%s is in it twice", id);
		}
	}
	return 0;
}

/* "1", "2", ...: the first that is free. */
static char *make_name(const struct session *s, const struct layout_spec *spec)
{
	char name[24];

	if (spec->name || (spec->template && !layout_by_name(s, spec->template)))
		return mem_strdup(spec->name ? spec->name : spec->template);
	for (uint32_t i = 1;; i++) {
		snprintf(name, sizeof name, "%u", i);
		if (!layout_by_name(s, name))
			return mem_strdup(name);
	}
}

static struct session *find_session(struct core *c, const char *name, struct fail *reterr)
{
	struct session *s = NULL;

	return core_session_find(c, name, &s, reterr) ? NULL : s;
}

/* ---- the end ---- */

static void undo(struct making *m)
{
	struct session *s;
	struct layout_node *n = m->root ? layout_first_leaf(m->root) : NULL;

	for (; n; n = layout_next_leaf(n)) {
		struct pane *p = n->kind && n->pane ? pane_by_number(m->core, n->pane) : NULL;

		if (p)
			pane_remove(p, true);
	}
	s = session_by_number(m->core, m->session);
	if (s && m->has_made_session && s->n_panes == 0) {
		core_event(m->core, CORE_SESSION_DELETED, NULL, s);
		session_remove(s);
		registry_drop_session(m->core, m->session);
	}
}

/* What ended or went meanwhile is not in it. */
static void leave_out_ended(struct making *m)
{
	struct layout_node *n = layout_first_leaf(m->root), *next;

	for (; n && m->root; n = next) {
		const struct pane *p = pane_by_number(m->core, n->pane);

		next = layout_next_leaf(n);
		if (!p || p->layout || (n->kind && p->state > PANE_RUNNING))
			layout_node_free(layout_remove(&m->root, n));
	}
}

/* From now on they are panes like any. */
static void forget_starts(struct layout_node *root)
{
	for (struct layout_node *n = layout_first_leaf(root); n; n = layout_next_leaf(n)) {
		mem_free(TAKE(n->kind));
		mem_free(TAKE(n->command));
	}
}

static int finish(struct making *m, struct layout **ret, struct fail *reterr)
{
	struct session *s = session_by_number(m->core, m->session);

	if (m->has_failed) {
		*reterr = m->fail;
		return FAIL_E_FAILED;
	}
	if (!s)
		return fail_set(reterr, FAIL_SESSION_NOT_FOUND, NULL);
	if (layout_check_name(s, m->name, reterr)) /* somebody took it meanwhile */
		return FAIL_E_FAILED;
	leave_out_ended(m);
	if (!m->root)
		return fail_setf(reterr, FAIL_SPAWN_FAILED, NULL, "its panes ended at once");
	if (layout_add(s, m->name, m->root, ret) < 0)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	forget_starts(TAKE(m->root));
	(*ret)->cols = m->cols;
	(*ret)->rows = m->rows;
	return 0;
}

static void settle(struct making *m)
{
	struct layout *l = NULL;
	struct fail f;

	if (--m->n_waiting > 0)
		return;
	if (finish(m, &l, &f)) {
		undo(m);
		m->on_done(NULL, NULL, &f, m->user);
	} else {
		layout_apply(l);
		core_layout_select(l, NULL);
		m->on_done(l, NULL, NULL, m->user);
	}
	making_free(m);
}

/* ---- starting ---- */

static void on_started(struct pane *p, const struct fail *f, void *user)
{
	struct start *s = user;
	struct making *m = s->making;

	if (p) {
		s->leaf->pane = p->number;
	} else if (!m->has_failed) {
		m->has_failed = true;
		m->fail = *f;
	}
	mem_free(s);
	settle(m);
}

static json_t *command_of(const struct layout_node *leaf)
{
	return leaf->command ? json_pack("[s, s, s]", "/bin/sh", "-c", leaf->command) : NULL;
}

static void start(struct making *m, const char *session, struct layout_node *leaf,
		  const struct layout_spec *spec)
{
	struct start *s = mem_new(struct start);
	json_t *command = command_of(leaf);
	struct pane_spec pane = { .session = session,
				  .command = command,
				  .cwd = spec->cwd,
				  .env = spec->env,
				  .umask = spec->umask,
				  .kind = leaf->kind,
				  .cols = leaf->at.cols,
				  .rows = leaf->at.rows,
				  .wants_pty = true,
				  .stdin_fd = -1 };

	if (!s || (leaf->command && !command)) {
		m->has_failed = true;
		fail_set(&m->fail, FAIL_NO_MEMORY, NULL);
		mem_free(s);
	} else {
		*s = (struct start){ m, leaf };
		m->n_waiting++;
		core_pane_create(m->core, &pane, on_started, s);
	}
	json_decref(command);
}

static int prepare(struct core *c, const struct layout_spec *spec, struct making *m,
		   struct fail *reterr)
{
	const char *name = spec->session ? spec->session : "main";
	struct session *s = find_session(c, name, reterr);

	if (size_check(spec->cols, spec->rows, "cols", reterr) ||
	    parse(c, spec, &m->root, reterr) || check_panes(c, s, m->root, reterr) ||
	    layout_check_fit(m->root, (uint32_t)spec->cols, (uint32_t)spec->rows, reterr) ||
	    (spec->name && layout_check_name(s, spec->name, reterr)))
		return FAIL_E_FAILED;
	if (s && s->n_layouts >= LAYOUTS_PER_SESSION)
		return fail_set(reterr, FAIL_LIMIT_LAYOUTS, NULL);
	if (!s) {
		if (core_session_create(c, name, spec->cwd, spec->env, &s, reterr))
			return FAIL_E_FAILED;
		m->has_made_session = true;
	}
	m->session = s->number;
	m->cols = (uint16_t)spec->cols;
	m->rows = (uint16_t)spec->rows;
	layout_fit(m->root, m->cols, m->rows);
	m->name = make_name(s, spec);
	return m->name ? 0 : fail_set(reterr, FAIL_NO_MEMORY, NULL);
}

void core_layout_create(struct core *c, const struct layout_spec *spec, core_layout_fn *done,
			void *user)
{
	struct making *m = mem_new(struct making);
	struct fail f;
	char session[24];

	if (!m) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, NULL, &f, user);
		return;
	}
	*m = (struct making){ .core = c, .n_waiting = 1, .on_done = done, .user = user };
	if (prepare(c, spec, m, &f)) {
		undo(m);
		making_free(m);
		done(NULL, NULL, &f, user);
		return;
	}
	snprintf(session, sizeof session, "s%" PRIu64, m->session);
	for (struct layout_node *n = layout_first_leaf(m->root); n && !m->has_failed;
	     n = layout_next_leaf(n)) {
		if (!n->pane)
			start(m, session, n, spec);
	}
	settle(m);
}

/* ---- splitting ---- */

struct splitting {
	struct core *core;
	uint64_t at;
	enum layout_side side;
	struct layout_ratio share;
	core_layout_fn *on_done;
	void *user;
};

/* A copy of @at's tree with @fresh in it; of a pane in no layout, a tree of both. */
static int split_copy(const struct splitting *s, const struct pane *at, uint64_t fresh,
		      struct layout_node **ret, struct fail *reterr)
{
	CLEANUP(layout_node_freep) struct layout_node *leaf = layout_leaf_new(fresh);
	CLEANUP(layout_node_freep)
	struct layout_node *root =
		at->layout ? layout_node_copy(at->layout->root) : layout_leaf_new(at->number);
	int r = leaf && root ? 0 : -ENOMEM;

	if (r == 0)
		r = layout_split(&root, layout_find(root, at->number), s->side, s->share, leaf);
	if (r)
		return fail_of_parse(r, "", reterr);
	leaf = NULL;
	*ret = TAKE(root);
	return 0;
}

/* The layout of @at, made if it has none. */
static int layout_for(struct pane *at, struct layout **ret, struct fail *reterr)
{
	const struct layout_spec spec = { 0 };
	struct session *s = at->session;
	struct layout_node *root;
	char *name;
	int r;

	*ret = at->layout;
	if (*ret)
		return 0;
	if (s->n_layouts >= LAYOUTS_PER_SESSION)
		return fail_set(reterr, FAIL_LIMIT_LAYOUTS, NULL);
	root = layout_leaf_new(at->number);
	name = make_name(s, &spec);
	r = root && name ? layout_add(s, name, root, ret) : -ENOMEM;
	mem_free(name);
	if (r < 0) {
		err_clear();
		layout_node_free(root);
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
	(*ret)->cols = at->cols;
	(*ret)->rows = at->rows;
	return 0;
}

static int put_beside(const struct splitting *s, struct pane *fresh, struct layout **ret,
		      struct fail *reterr)
{
	struct pane *at = pane_by_number(s->core, s->at);
	struct layout_node *root = NULL;
	bool was_alone = at && !at->layout;
	int r;

	if (!at || at->session != fresh->session)
		return fail_set(reterr, FAIL_PANE_NOT_FOUND, NULL);
	r = split_copy(s, at, fresh->number, &root, reterr);
	if (r == 0)
		r = layout_for(at, ret, reterr);
	if (r == 0)
		r = layout_commit(*ret, root, reterr);
	if (r) {
		layout_node_free(root);
		if (was_alone && at->layout)
			layout_remove_from_session(at->layout);
	}
	return r;
}

static void on_fresh(struct pane *p, const struct fail *f, void *user)
{
	struct splitting *s = user;
	struct layout *l = NULL;
	struct fail why;

	if (!p) {
		s->on_done(NULL, NULL, f, s->user);
	} else if (p->layout) { /* a request that was repeated */
		s->on_done(p->layout, p, NULL, s->user);
	} else if (put_beside(s, p, &l, &why)) {
		pane_remove(p, true);
		s->on_done(NULL, NULL, &why, s->user);
	} else {
		core_layout_select(l, p);
		s->on_done(l, p, NULL, s->user);
	}
	mem_free(s);
}

/* What the split would be; the new pane starts with the size that it will have. */
static int check_split(const struct splitting *s, struct pane *at, uint16_t *ret_cols,
		       uint16_t *ret_rows, struct fail *reterr)
{
	CLEANUP(layout_node_freep) struct layout_node *root = NULL;
	uint32_t cols = at->cols, rows = at->rows;
	const struct layout_node *leaf;
	struct layout_info info;

	if (split_copy(s, at, UINT64_MAX, &root, reterr))
		return FAIL_E_FAILED;
	if (at->layout) {
		layout_get_info(at->layout, &info);
		cols = info.cols;
		rows = info.rows;
	}
	if (layout_check_fit(root, cols, rows, reterr))
		return FAIL_E_FAILED;
	layout_fit(root, cols, rows);
	leaf = layout_find(root, UINT64_MAX);
	*ret_cols = leaf->at.cols;
	*ret_rows = leaf->at.rows;
	return 0;
}

static int check_with(const struct layout_split_spec *spec, struct fail *reterr)
{
	const struct pane *with = spec->with;

	if (!with)
		return 0;
	if (with->layout)
		return fail_setf(reterr, FAIL_IN_LAYOUT, NULL, "p%" PRIu64, with->number);
	if (with == spec->at || with->session != spec->at->session) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "with",
				 "another pane of the same session is wanted");
	}
	return 0;
}

void core_layout_split(struct core *c, const struct layout_split_spec *spec, core_layout_fn *done,
		       void *user)
{
	struct splitting *s = mem_new(struct splitting);
	struct pane_spec fresh;
	uint16_t cols, rows;
	char session[24];
	struct fail f;

	if (!s) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, NULL, &f, user);
		return;
	}
	*s = (struct splitting){ .core = c,
				 .at = spec->at->number,
				 .side = spec->side,
				 .share = spec->share,
				 .on_done = done,
				 .user = user };
	if (check_with(spec, &f) || check_split(s, spec->at, &cols, &rows, &f)) {
		mem_free(s);
		done(NULL, NULL, &f, user);
		return;
	}
	if (spec->with) {
		struct layout *l = NULL;
		int r = put_beside(s, spec->with, &l, &f);

		mem_free(s);
		if (r == 0)
			core_layout_select(l, spec->with);
		done(r ? NULL : l, r ? NULL : spec->with, r ? &f : NULL, user);
		return;
	}
	snprintf(session, sizeof session, "s%" PRIu64, spec->at->session->number);
	fresh = *spec->fresh;
	fresh.session = session;
	fresh.cols = cols;
	fresh.rows = rows;
	fresh.stdin_fd = -1;
	core_pane_create(c, &fresh, on_fresh, s);
}
