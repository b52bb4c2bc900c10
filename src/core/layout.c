/* Layouts of sessions: see layout.h.  Starting what is in them is in layout_make.c. */
#include "core/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/state.h"

/* ---- looking ---- */

struct layout *layout_by_name(const struct session *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_layouts; i++) {
		if (strcmp(s->layouts[i]->name, name) == 0)
			return s->layouts[i];
	}
	return NULL;
}

struct layout *session_layout_at(const struct session *s, uint32_t index)
{
	return index < s->n_layouts ? s->layouts[index] : NULL;
}

struct layout *pane_layout(const struct pane *p)
{
	return p->layout;
}

/* What the panes share: what is wanted, or what they need. */
static void area_of(const struct layout *l, uint32_t *ret_cols, uint32_t *ret_rows)
{
	uint32_t cols, rows;

	layout_least(l->root, &cols, &rows);
	*ret_cols = cols > l->cols ? cols : l->cols;
	*ret_rows = rows > l->rows ? rows : l->rows;
}

void layout_get_info(const struct layout *l, struct layout_info *ret)
{
	uint32_t cols, rows;

	area_of(l, &cols, &rows);
	*ret = (struct layout_info){ .name = l->name,
				     .session = l->session,
				     .root = l->root,
				     .cols = (uint16_t)cols,
				     .rows = (uint16_t)rows,
				     .zoomed = l->zoomed,
				     .is_active = l->session->active_layout == l };
	list_for_each (v, &l->viewers)
		ret->n_viewers++;
}

int core_layout_find(struct core *c, const char *session, const char *name, struct layout **ret,
		     struct fail *reterr)
{
	struct session *s = NULL;
	int r = core_session_find(c, session ? session : "main", &s, reterr);

	if (r)
		return r;
	*ret = name ? layout_by_name(s, name) : s->active_layout;
	if (!*ret) {
		fail_set(reterr, FAIL_LAYOUT_NOT_FOUND, name);
		fail_hint(reterr, "`orchflow layout ls` lists them");
		return FAIL_E_FAILED;
	}
	return 0;
}

/* Is it in none?  Then that is said. */
static bool is_outside(const struct pane *p, struct fail *reterr)
{
	if (p->layout)
		return false;
	fail_setf(reterr, FAIL_NOT_IN_LAYOUT, NULL, "p%" PRIu64, p->number);
	return true;
}

int core_layout_of(struct pane *p, struct layout **ret, struct fail *reterr)
{
	if (is_outside(p, reterr))
		return FAIL_E_FAILED;
	*ret = p->layout;
	return 0;
}

bool core_template_at(const struct core *c, uint32_t i, const char **ret_name,
		      const char **ret_tree)
{
	if (i >= c->config.n_templates)
		return false;
	*ret_name = c->config.templates[i].name;
	*ret_tree = c->config.templates[i].tree;
	return true;
}

/* ---- sizes ---- */

int layout_check_fit(struct layout_node *root, uint32_t cols, uint32_t rows, struct fail *reterr)
{
	uint32_t least_cols, least_rows;

	layout_least(root, &least_cols, &least_rows);
	if (least_cols <= cols && least_rows <= rows)
		return 0;
	return fail_setf(reterr, FAIL_LAYOUT_TOO_SMALL, NULL,
			 "it needs %u x %u cells, and there are %u x %u", least_cols, least_rows,
			 cols, rows);
}

bool layout_place_of(const struct pane *p, uint16_t *ret_cols, uint16_t *ret_rows)
{
	const struct layout *l = p->layout;
	const struct layout_node *leaf = l ? layout_find(l->root, p->number) : NULL;
	const struct layout_rect *at = leaf ? &leaf->at : NULL;

	if (!at)
		return false;
	if (l->zoomed == p->number)
		at = &l->root->at;
	*ret_cols = at->cols;
	*ret_rows = at->rows;
	return true;
}

void layout_fit_all(struct layout *l)
{
	uint32_t cols, rows;

	area_of(l, &cols, &rows);
	layout_fit(l->root, cols, rows);
}

void layout_apply(struct layout *l)
{
	struct core *c = l->session->core;

	layout_fit_all(l);
	for (struct layout_node *n = layout_first_leaf(l->root); n; n = layout_next_leaf(n)) {
		struct pane *p = pane_by_number(c, n->pane);

		if (p)
			size_settle(p);
	}
}

void layout_changed(struct session *s)
{
	layouts_save(s);
	core_event(s->core, CORE_LAYOUT_CHANGED, NULL, s);
}

/* ---- life ---- */

int layout_check_name(const struct session *s, const char *name, struct fail *reterr)
{
	size_t n = strlen(name);

	if (n == 0 || n > LAYOUT_NAME_MAX || utf8_valid_prefix(name, n) != n) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "name",
				 "a layout's name has 1 to %d bytes", LAYOUT_NAME_MAX);
	}
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return fail_setf(reterr, FAIL_INVALID_PARAMS, "name", "control characters");
	}
	if (s && layout_by_name(s, name))
		return fail_set(reterr, FAIL_LAYOUT_EXISTS, name);
	return 0;
}

/* The panes of the tree belong to @l (or, NULL, to none). */
static void claim(struct core *c, struct layout_node *root, struct layout *l)
{
	for (struct layout_node *n = layout_first_leaf(root); n; n = layout_next_leaf(n)) {
		struct pane *p = pane_by_number(c, n->pane);

		if (p)
			p->layout = l;
	}
}

int layout_add(struct session *s, const char *name, struct layout_node *root, struct layout **ret)
{
	struct layout *l = mem_new(struct layout);
	int r = l ? table_reserve((void ***)&s->layouts, s->n_layouts + 1, &s->max_layouts)
		  : -ENOMEM;

	if (r == 0)
		l->name = mem_strdup(name);
	if (r < 0 || !l->name) {
		mem_free(l);
		return err_origin(-ENOMEM);
	}
	l->session = s;
	l->root = root;
	l->cols = 80;
	l->rows = 24;
	list_init(&l->viewers);
	s->layouts[s->n_layouts++] = l;
	claim(s->core, root, l);
	*ret = l;
	return 0;
}

static void drop_viewer(struct layout_viewer *v)
{
	list_remove(&v->link);
	list_remove(&v->core_link);
	mem_free(v);
}

static void layout_free(struct layout *l)
{
	list_for_each_safe (v, &l->viewers)
		drop_viewer(list_entry(v, struct layout_viewer, link));
	layout_node_free(l->root);
	mem_free(l->name);
	mem_free(l);
}

void layout_remove_from_session(struct layout *l)
{
	struct session *s = l->session;
	uint32_t i = 0;

	while (s->layouts[i] != l)
		i++;
	s->n_layouts--;
	memmove(&s->layouts[i], &s->layouts[i + 1], (s->n_layouts - i) * sizeof(struct layout *));
	if (s->active_layout == l) {
		i = i < s->n_layouts ? i : s->n_layouts - 1;
		s->active_layout = s->n_layouts ? s->layouts[i] : NULL;
	}
	if (l->root)
		claim(s->core, l->root, NULL);
	layout_free(l);
}

void layouts_free(struct session *s)
{
	while (s->n_layouts > 0)
		layout_remove_from_session(s->layouts[s->n_layouts - 1]);
	mem_free(s->layouts);
	mem_free(s->layouts_text);
}

void core_layout_delete(struct layout *l)
{
	struct session *s = l->session;

	layout_remove_from_session(l);
	layout_changed(s);
}

/* ---- changing ---- */

int layout_commit(struct layout *l, struct layout_node *root, struct fail *reterr)
{
	struct core *c = l->session->core;
	uint32_t cols, rows;

	area_of(l, &cols, &rows);
	if (layout_check_fit(root, cols, rows, reterr))
		return FAIL_E_FAILED;
	claim(c, l->root, NULL);
	layout_node_free(l->root);
	l->root = root;
	l->zoomed = 0;
	claim(c, root, l);
	layout_apply(l);
	layout_changed(l->session);
	return 0;
}

static int fail_of(int r, struct fail *reterr)
{
	switch (r) {
	case LAYOUT_E_DEEP:
		return fail_setf(reterr, FAIL_LIMIT_LAYOUTS, NULL,
				 "at most %d splits inside splits", LAYOUT_DEPTH_MAX);
	case LAYOUT_E_ALONE:
		return fail_set(reterr, FAIL_LAYOUT_ALONE, NULL);
	default:
		err_clear();
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
}

/* @p out of its tree; of the last one the layout goes.  Not told. */
static void take_out(struct pane *p)
{
	struct layout *l = p->layout;

	layout_node_free(layout_remove(&l->root, layout_find(l->root, p->number)));
	p->layout = NULL;
	if (l->zoomed == p->number)
		l->zoomed = 0;
	if (l->root) {
		layout_apply(l);
	} else {
		layout_remove_from_session(l);
	}
}

void layout_drop_pane(struct pane *p)
{
	if (!p->layout)
		return;
	if (p->session->core->has_quit) {
		p->layout = NULL; /* only memory is given back: the registry keeps it */
		return;
	}
	take_out(p);
	layout_changed(p->session);
}

int core_layout_close(struct pane *p, struct fail *reterr)
{
	if (is_outside(p, reterr))
		return FAIL_E_FAILED;
	layout_drop_pane(p);
	return 0;
}

int core_layout_move(struct pane *p, struct pane *to, enum layout_side side,
		     struct layout_ratio share, struct fail *reterr)
{
	CLEANUP(layout_node_freep) struct layout_node *root = NULL;
	CLEANUP(layout_node_freep) struct layout_node *leaf = layout_leaf_new(p->number);
	struct layout *l = p->layout, *target = to->layout;
	uint32_t cols, rows;
	int r;

	if (is_outside(p, reterr) || is_outside(to, reterr))
		return FAIL_E_FAILED;
	if (p == to || p->session != to->session) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "to", "%s",
				 p == to ? "a pane cannot be beside itself"
					 : "the panes are of different sessions");
	}
	root = layout_node_copy(target->root);
	if (!root || !leaf)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	if (l == target)
		layout_node_free(layout_remove(&root, layout_find(root, p->number)));
	r = layout_split(&root, layout_find(root, to->number), side, share, leaf);
	if (r)
		return fail_of(r, reterr);
	leaf = NULL;
	area_of(target, &cols, &rows);
	if (layout_check_fit(root, cols, rows, reterr))
		return FAIL_E_FAILED;
	if (l != target)
		take_out(p);
	r = layout_commit(target, root, reterr);
	if (r == 0)
		root = NULL;
	return r;
}

int core_layout_swap(struct pane *a, struct pane *b, struct fail *reterr)
{
	struct layout_node *x, *y;
	struct layout *la = a->layout, *lb = b->layout;

	if (is_outside(a, reterr) || is_outside(b, reterr))
		return FAIL_E_FAILED;
	if (a->session != b->session) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "with",
				 "the panes are of different sessions");
	}
	x = layout_find(la->root, a->number);
	y = layout_find(lb->root, b->number);
	x->pane = b->number;
	y->pane = a->number;
	a->layout = lb;
	b->layout = la;
	la->zoomed = lb->zoomed = 0;
	layout_apply(la);
	layout_apply(lb);
	layout_changed(a->session);
	return 0;
}

int core_layout_share(struct pane *p, enum layout_axis axis, struct layout_ratio share,
		      struct fail *reterr)
{
	struct layout *l = p->layout;
	int r;

	if (is_outside(p, reterr))
		return FAIL_E_FAILED;
	r = layout_share(layout_find(l->root, p->number), axis, share.num, share.den);
	if (r)
		return fail_of(r, reterr);
	l->zoomed = 0;
	layout_apply(l);
	layout_changed(l->session);
	return 0;
}

int core_layout_resize_pane(struct pane *p, enum layout_axis axis, int64_t cells,
			    struct fail *reterr)
{
	struct layout *l = p->layout;
	uint32_t whole;

	if (is_outside(p, reterr))
		return FAIL_E_FAILED;
	whole = layout_shared_cells(layout_find(l->root, p->number), axis);
	if (whole == 0)
		return fail_set(reterr, FAIL_LAYOUT_ALONE, NULL);
	if (cells < 1 || cells >= whole) {
		return fail_setf(reterr, FAIL_LAYOUT_TOO_SMALL, NULL,
				 "%" PRId64 " of the %u cells that it shares with others", cells,
				 whole);
	}
	return core_layout_share(p, axis, (struct layout_ratio){ (uint32_t)cells, whole }, reterr);
}

int core_layout_zoom(struct pane *p, bool is_on, struct fail *reterr)
{
	struct layout *l = p->layout;
	uint64_t wanted = is_on ? p->number : 0;

	if (is_outside(p, reterr))
		return FAIL_E_FAILED;
	if (l->zoomed == wanted)
		return 0;
	l->zoomed = wanted;
	layout_apply(l);
	layout_changed(l->session);
	return 0;
}

int core_layout_rename(struct layout *l, const char *name, struct fail *reterr)
{
	char *copy;

	if (strcmp(name, l->name) == 0)
		return 0;
	if (layout_check_name(l->session, name, reterr))
		return FAIL_E_FAILED;
	copy = mem_strdup(name);
	if (!copy)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	mem_free(l->name);
	l->name = copy;
	layout_changed(l->session);
	return 0;
}

void core_layout_select(struct layout *l, struct pane *p)
{
	struct session *s = l->session;
	uint64_t active = p ? p->number : layout_first_leaf(l->root)->pane;
	bool is_new = s->active_layout != l;

	/* Whoever was active stays so if it is in there. */
	if (!p && layout_find(l->root, s->active))
		active = s->active;
	s->active_layout = l;
	if (s->active != active) {
		s->active = active;
		core_event(s->core, CORE_SESSION_CHANGED, NULL, s);
	}
	if (is_new)
		layout_changed(s);
}

/* ---- the area, and who looks ---- */

static void set_area(struct layout *l, uint16_t cols, uint16_t rows)
{
	if (l->cols == cols && l->rows == rows)
		return;
	l->cols = cols;
	l->rows = rows;
	layout_apply(l);
	layout_changed(l->session);
}

static void take_smaller(uint16_t *cols, uint16_t *rows, uint16_t c, uint16_t r)
{
	*cols = c < *cols ? c : *cols;
	*rows = r < *rows ? r : *rows;
}

/* Viewers of the layout; else of its panes; else it stays as it is. */
static void settle_area(struct layout *l)
{
	uint16_t cols = UINT16_MAX, rows = UINT16_MAX, c, r;

	list_for_each (link, &l->viewers) {
		const struct layout_viewer *v = list_entry(link, struct layout_viewer, link);

		if (!v->is_ignored)
			take_smaller(&cols, &rows, v->cols, v->rows);
	}
	for (struct layout_node *n = cols == UINT16_MAX ? layout_first_leaf(l->root) : NULL; n;
	     n = layout_next_leaf(n)) {
		const struct pane *p = pane_by_number(l->session->core, n->pane);

		if (p && viewers_smallest(p, &c, &r))
			take_smaller(&cols, &rows, c, r);
	}
	if (cols != UINT16_MAX)
		set_area(l, cols, rows);
}

void layout_on_viewers(struct pane *p)
{
	if (p->layout)
		settle_area(p->layout);
}

int core_layout_resize(struct layout *l, int64_t cols, int64_t rows, struct fail *reterr)
{
	if (size_check(cols, rows, "cols", reterr) ||
	    layout_check_fit(l->root, (uint32_t)cols, (uint32_t)rows, reterr))
		return FAIL_E_FAILED;
	set_area(l, (uint16_t)cols, (uint16_t)rows);
	return 0;
}

static struct layout_viewer *find_viewer(struct layout *l, const void *owner)
{
	list_for_each (link, &l->viewers) {
		struct layout_viewer *v = list_entry(link, struct layout_viewer, link);

		if (v->owner == owner)
			return v;
	}
	return NULL;
}

int core_layout_attach(struct layout *l, void *viewer, int64_t cols, int64_t rows, bool ignore_size,
		       struct fail *reterr)
{
	struct layout_viewer *v = find_viewer(l, viewer);

	if (size_check(cols, rows, "cols", reterr))
		return FAIL_E_FAILED;
	if (!v) {
		v = mem_new(struct layout_viewer);
		if (!v)
			return fail_set(reterr, FAIL_NO_MEMORY, NULL);
		v->owner = viewer;
		v->layout = l;
		list_append(&l->viewers, &v->link);
		list_append(&l->session->core->layout_viewers, &v->core_link);
	}
	v->cols = (uint16_t)cols;
	v->rows = (uint16_t)rows;
	v->is_ignored = ignore_size;
	settle_area(l);
	return 0;
}

void core_layout_detach(struct layout *l, void *viewer)
{
	struct layout_viewer *v = find_viewer(l, viewer);

	if (!v)
		return;
	drop_viewer(v);
	settle_area(l);
}

void layout_viewer_gone(struct core *c, const void *viewer)
{
	list_for_each_safe (link, &c->layout_viewers) {
		struct layout_viewer *v = list_entry(link, struct layout_viewer, core_link);

		if (v->owner == viewer)
			core_layout_detach(v->layout, v->owner);
	}
}
