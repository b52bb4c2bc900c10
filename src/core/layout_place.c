/*
 * The place of a pane that ended, for when it is started again: the layout's name and
 * its tree as it was.  If the others still stand as they did without it, that tree is
 * taken again, to the cell; else the pane comes beside one that it stood beside.
 */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/layout.h"
#include "core/state.h"

static void forget_place(struct pane *p)
{
	mem_free(p->place);
	mem_free(p->place_layout);
	p->place = p->place_layout = NULL;
}

static void remember(struct pane *p)
{
	struct buf b = BUF_INIT;

	forget_place(p);
	layout_print(p->layout->root, &b);
	p->place = buf_steal_str(&b);
	p->place_layout = mem_strdup(p->layout->name);
	if (!p->place || !p->place_layout)
		forget_place(p);
}

void layout_leave(struct pane *p)
{
	if (!p->layout)
		return;
	if (p->core->has_quit) {
		layout_drop_pane(p);
		return;
	}
	remember(p);
	layout_drop_pane(p);
	registry_put_pane(p);
}

static bool is_same(const struct layout_node *a, const struct layout_node *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	bool is_equal;

	layout_print(a, &x);
	layout_print(b, &y);
	is_equal = buf_check(&x) == 0 && buf_check(&y) == 0 && buf_len(&x) == buf_len(&y) &&
		   memcmp(buf_data(&x), buf_data(&y), buf_len(&x)) == 0;
	buf_fini(&x);
	buf_fini(&y);
	return is_equal;
}

/* The old tree, if the others stand in it as they do now. */
static bool return_exactly(struct pane *p, struct layout *l, const struct layout_node *old)
{
	CLEANUP(layout_node_freep) struct layout_node *root = layout_node_copy(old);
	CLEANUP(layout_node_freep) struct layout_node *rest = layout_node_copy(old);
	struct fail f;

	if (!root || !rest)
		return false;
	layout_node_free(layout_remove(&rest, layout_find(rest, p->number)));
	if (!rest || !is_same(rest, l->root) || layout_commit(l, root, &f))
		return false;
	root = NULL;
	return true;
}

/* A leaf beside it in the old tree that is in the layout now, and on which side of it. */
static uint64_t neighbour_of(const struct pane *p, const struct layout *l, struct layout_node *old,
			     enum layout_side *ret_side)
{
	struct layout_node *own = layout_find(old, p->number), *up;

	for (struct layout_node *n = own; (up = n->parent); n = up) {
		bool is_behind = false;

		for (struct layout_node *k = layout_first_child(up); k; k = layout_next(k)) {
			struct layout_node *leaf = layout_is_leaf(k) ? k : layout_first_leaf(k);

			if (k == n) {
				is_behind = true;
				continue;
			}
			if (!layout_find(l->root, leaf->pane))
				continue;
			if (up->axis == LAYOUT_COLS) {
				*ret_side = is_behind ? LAYOUT_LEFT : LAYOUT_RIGHT;
			} else {
				*ret_side = is_behind ? LAYOUT_ABOVE : LAYOUT_BELOW;
			}
			return leaf->pane;
		}
	}
	return 0;
}

static void return_beside(struct pane *p, struct layout *l, struct layout_node *old)
{
	CLEANUP(layout_node_freep) struct layout_node *root = layout_node_copy(l->root);
	struct layout_node *leaf = layout_leaf_new(p->number);
	enum layout_side side = LAYOUT_RIGHT;
	uint64_t beside = neighbour_of(p, l, old, &side);
	struct layout_node *at;
	struct fail f;

	at = root ? layout_find(root, beside) : NULL;
	if (!at && root)
		at = layout_first_leaf(root);
	if (!at || !leaf || layout_split(&root, at, side, (struct layout_ratio){ 1, 2 }, leaf)) {
		layout_node_free(leaf);
		err_clear();
		return;
	}
	if (layout_commit(l, root, &f) == 0)
		root = NULL; /* else it does not fit: in the background */
}

/* It was alone there, and the layout went with it. */
static void return_alone(struct pane *p, const char *name)
{
	struct layout_node *leaf = layout_leaf_new(p->number);
	struct session *s = p->session;
	struct layout *l;
	struct fail f;

	if (!leaf || s->n_layouts >= LAYOUTS_PER_SESSION || layout_check_name(s, name, &f) ||
	    layout_add(s, name, leaf, &l) < 0) {
		layout_node_free(leaf);
		err_clear();
		return;
	}
	l->cols = p->cols;
	l->rows = p->rows;
	if (!s->active_layout)
		s->active_layout = l;
	layout_apply(l);
	layout_changed(s);
}

void layout_return(struct pane *p)
{
	CLEANUP(layout_node_freep) struct layout_node *old = NULL;
	struct layout *l;
	char why[64];

	if (p->layout || !p->place || layout_parse(p->place, &old, why, sizeof why) ||
	    !layout_find(old, p->number)) {
		err_clear();
		forget_place(p);
		return;
	}
	l = layout_by_name(p->session, p->place_layout);
	if (!l) {
		return_alone(p, p->place_layout);
	} else if (!return_exactly(p, l, old)) {
		return_beside(p, l, old);
	}
	forget_place(p);
}
