/*
 * Layouts in the registry: one JSON text per session,
 *
 *   {"active": NAME or null, "layouts": [{"name":, "tree": as layout_print(),
 *    "cols":, "rows":, "zoomed": pane's number or 0}, ...]}
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/layout.h"
#include "core/state.h"

static json_t *record_of(const struct layout *l)
{
	struct buf b = BUF_INIT;
	json_t *v = NULL;

	layout_print(l->root, &b);
	if (buf_check(&b) == 0) {
		v = json_pack("{s:s, s:s%, s:i, s:i, s:I}", "name", l->name, "tree", buf_data(&b),
			      buf_len(&b), "cols", l->cols, "rows", l->rows, "zoomed",
			      (json_int_t)l->zoomed);
	}
	buf_fini(&b);
	return v;
}

void layouts_save(struct session *s)
{
	const char *active = s->active_layout ? s->active_layout->name : NULL;
	json_t *list = json_array(), *v;
	char *text;

	for (uint32_t i = 0; i < s->n_layouts; i++)
		json_array_append_new(list, record_of(s->layouts[i]));
	v = json_pack("{s:s?, s:o}", "active", active, "layouts", list);
	text = v ? json_dumps(v, JSON_COMPACT) : NULL;
	if (text) {
		registry_put_layouts(s, text);
	} else {
		log_error("session s%" PRIu64 ": no memory to write its layouts down", s->number);
	}
	mem_free(text);
	json_decref(v);
}

/* Is it a pane of the session that is in no layout yet? */
static bool is_free(const struct session *s, uint64_t pane)
{
	const struct pane *p = pane_by_number(s->core, pane);

	return p && p->session == s && !p->layout;
}

/* Panes that are not there any more (or, of a text that lies, twice) leave it. */
static void prune(const struct session *s, struct layout_node **root)
{
	struct layout_node *n = layout_first_leaf(*root), *next;

	for (; n && *root; n = next) {
		next = layout_next_leaf(n);
		if (!is_free(s, n->pane) || layout_find(*root, n->pane) != n)
			layout_node_free(layout_remove(root, n));
	}
}

static uint16_t number_of(const json_t *v, const char *key, uint16_t max, uint16_t fallback)
{
	json_int_t n = json_integer_value(json_object_get(v, key));

	return n >= 1 && n <= max ? (uint16_t)n : fallback;
}

static int restore_one(struct session *s, const json_t *v)
{
	const char *name = json_string_value(json_object_get(v, "name"));
	const char *tree = json_string_value(json_object_get(v, "tree"));
	uint64_t zoomed = (uint64_t)json_integer_value(json_object_get(v, "zoomed"));
	CLEANUP(layout_node_freep) struct layout_node *root = NULL;
	uint32_t cols, rows;
	struct layout *l;
	struct fail f;
	char why[128];

	if (!name || !tree || layout_check_name(s, name, &f) ||
	    layout_parse(tree, &root, why, sizeof why))
		return -EINVAL;
	prune(s, &root);
	if (!root)
		return 0;
	layout_least(root, &cols, &rows);
	if (cols > LAYOUT_COLS_MAX || rows > LAYOUT_ROWS_MAX)
		return -EINVAL;
	if (layout_add(s, name, root, &l) < 0)
		return err_origin(-ENOMEM);
	root = NULL;
	l->cols = number_of(v, "cols", LAYOUT_COLS_MAX, 80);
	l->rows = number_of(v, "rows", LAYOUT_ROWS_MAX, 24);
	l->zoomed = layout_find(l->root, zoomed) ? zoomed : 0;
	layout_fit_all(l);
	return 0;
}

static void restore(struct session *s)
{
	json_t *v = json_loads(s->layouts_text, 0, NULL), *one;
	const char *active = json_string_value(json_object_get(v, "active"));
	unsigned n_bad = v == NULL;
	size_t i;

	json_array_foreach(json_object_get(v, "layouts"), i, one) n_bad +=
		s->n_layouts >= LAYOUTS_PER_SESSION || restore_one(s, one) < 0;
	err_clear();
	if (s->n_layouts > 0)
		s->active_layout = s->layouts[0];
	if (active && layout_by_name(s, active))
		s->active_layout = layout_by_name(s, active);
	if (n_bad > 0) {
		log_warn("session s%" PRIu64 ": %u layouts could not be read; their panes are in "
			 "the background",
			 s->number, n_bad);
	}
	json_decref(v);
}

void layouts_restore(struct core *c)
{
	for (uint32_t i = 0; i < c->n_sessions; i++) {
		if (c->sessions[i]->layouts_text && c->sessions[i]->n_layouts == 0)
			restore(c->sessions[i]);
	}
}
