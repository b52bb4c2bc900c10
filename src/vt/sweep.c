/* Interning, and finding out which ids are still in use when a table is full. */
#include "vt/term.h"

#include "base/mem.h"

static void mark_grid(const struct grid *g, uint8_t *styles, uint8_t *clusters)
{
	for (int y = 0; y < g->n_rows; y++) {
		const struct row *r = g->rows[y];

		for (int x = 0; x < r->n; x++) {
			struct cell c = r->cells[x];

			if (styles)
				styles[c.style] = 1;
			if (clusters && c.text & CELL_CLUSTER)
				clusters[c.text & CELL_VALUE] = 1;
		}
	}
}

static void sweep_styles(struct vt *vt)
{
	uint8_t *live = vt->styles.n ? mem_zalloc(vt->styles.n, 1) : NULL;

	if (!live)
		return; /* nothing is freed; the table will grow if it can */
	mark_grid(&vt->primary.grid, live, NULL);
	mark_grid(&vt->alternate.grid, live, NULL);
	if (vt->pen_id != STYLE_NONE)
		live[vt->pen_id] = 1;
	if (vt->blank_id != STYLE_NONE)
		live[vt->blank_id] = 1;
	style_table_sweep(&vt->styles, live);
	mem_free(live);
}

/* Sweeping a table that is nearly all in use would soon have to be done again:
 * let it grow instead. */
static bool is_sparse(const struct style_table *t)
{
	uint32_t n_free = 0;

	for (uint32_t id = t->free_id; id; id = t->styles[id].fg)
		n_free++;
	return n_free >= t->size / 4 * 3;
}

uint32_t term_intern(struct vt *vt, const struct style *s)
{
	if (style_table_is_full(&vt->styles) && vt->styles.size >= 64 && !style_is_default(s)) {
		sweep_styles(vt);
		if (!is_sparse(&vt->styles))
			style_table_reserve(&vt->styles);
	}
	return style_intern(&vt->styles, s);
}

uint32_t term_pen_slow(struct vt *vt)
{
	vt->pen_id = term_intern(vt, &vt->cur.pen);
	return vt->pen_id;
}

/* Background colour erase: of the pen only the background counts. */
uint32_t term_blank_slow(struct vt *vt)
{
	struct style s = { .bg = vt->cur.pen.bg };

	vt->blank_id = term_intern(vt, &s);
	return vt->blank_id;
}

void term_sweep_clusters(struct vt *vt)
{
	uint8_t *live = vt->clusters.n ? mem_zalloc(vt->clusters.n, 1) : NULL;

	if (!live)
		return;
	mark_grid(&vt->primary.grid, NULL, live);
	mark_grid(&vt->alternate.grid, NULL, live);
	cluster_table_sweep(&vt->clusters, live);
	mem_free(live);
}

void term_sweep_links(struct vt *vt)
{
	uint8_t *live = vt->links.n ? mem_zalloc(vt->links.n + 1, 1) : NULL;

	if (!live)
		return;
	sweep_styles(vt);
	for (uint32_t id = 1; id < vt->styles.n; id++) {
		if (vt->styles.styles[id].attrs != STYLE_FREE)
			live[vt->styles.styles[id].link] = 1;
	}
	live[vt->cur.pen.link] = 1;
	live[vt->primary.saved.pen.link] = 1;
	live[vt->alternate.saved.pen.link] = 1;
	for (unsigned i = 0; i < vt->n_sgr; i++)
		live[vt->sgr_stack[i].link] = 1;
	link_table_sweep(&vt->links, live);
	mem_free(live);
}

void term_update_simple(struct vt *vt)
{
	const struct cursor *c = &vt->cur;

	vt->is_simple = !term_mode(vt, VT_MODE_IRM) && !c->single && vt->is_utf8 &&
			c->g[c->gl] == CHARSET_ASCII;
}
