#include "vt/history.h"
#include "vt/mode.h"
#include "vt/reflow.h"
#include "vt/report.h"

#include <errno.h>

enum { TOP, CURSOR, SAVED, N_PLACES };

static int clamp(int v, int low, int high)
{
	return v < low ? low : v > high ? high : v;
}

/* Rows of the primary screen down to the last that holds something. */
static int rows_used(const struct grid *g)
{
	int n = g->n_rows;

	while (n > 0) {
		const struct row *r = g->rows[n - 1];

		if (r->n || r->n_marks || r->flags)
			break;
		n--;
	}
	return n;
}

static int row_width(const struct row *r, int cols)
{
	return r->flags & LINE_DOUBLE ? (cols + 1) / 2 : cols;
}

/* The alternate screen is cut or padded: its program paints it again. */
static void alternate_move(struct grid *to, struct grid *from, uint64_t age)
{
	for (int y = 0; y < to->n_rows && y < from->n_rows; y++) {
		struct row r = *to->rows[y];

		*to->rows[y] = *from->rows[y];
		*from->rows[y] = r;
		row_truncate(to->rows[y], row_width(to->rows[y], to->n_cols));
	}
	to->scroll_age = age;
}

static struct place place_of(const struct vt *vt, const struct cursor *c)
{
	int64_t n_history = vt->history ? history_count(vt->history) : 0;

	return (struct place){ .line = n_history + clamp(c->y, 0, vt->rows - 1),
			       .col = c->x + c->is_last };
}

/* On @g, the primary grid of now. */
static void cursor_from(struct cursor *c, const struct place *p, const struct grid *g)
{
	int width;

	c->y = p->line < 0 ? 0 : clamp((int)p->line, 0, g->n_rows - 1);
	width = row_width(g->rows[c->y], g->n_cols);
	c->x = clamp(p->col, 0, width - 1);
	c->is_last = p->col == width;
}

static void anchor_begin(struct vt *vt, int n_used)
{
	if (vt->anchor.is_set)
		return;
	vt->anchor =
		(struct anchor){ .rows = vt->rows, .is_full = n_used == vt->rows, .is_set = true };
}

/* The primary screen, whichever is shown, and its cursors. */
static int resize_primary(struct vt *vt, int cols, int rows)
{
	struct screen *s = &vt->primary;
	struct cursor *c = vt->is_alternate ? &s->saved : &vt->cur;
	int n_used = rows_used(&s->grid), extra, r;
	int64_t n_history = vt->history ? history_count(vt->history) : 0;
	struct place places[N_PLACES];

	if (c->y >= n_used)
		n_used = clamp(c->y, 0, vt->rows - 1) + 1;
	anchor_begin(vt, n_used);
	extra = vt->anchor.is_full && rows > vt->anchor.rows ? rows - vt->anchor.rows : 0;
	places[CURSOR] = place_of(vt, c);
	places[SAVED] = place_of(vt, &s->saved);
	places[TOP] = (struct place){ .line = n_history + vt->anchor.row, .col = vt->anchor.col };
	if (places[TOP].line < 0)
		places[TOP].line = 0;
	r = reflow(vt, cols, rows, n_used, places, N_PLACES, TOP, extra);
	if (r < 0)
		return r;
	vt->anchor.row = (int)places[TOP].line;
	vt->anchor.col = places[TOP].col;
	cursor_from(&s->saved, &places[SAVED], &s->grid);
	if (!vt->is_alternate)
		cursor_from(&vt->cur, &places[CURSOR], &s->grid);
	return 0;
}

int vt_resize(struct vt *vt, int cols, int rows)
{
	struct grid alternate = { .slab = NULL };
	int r;

	cols = clamp(cols, 1, VT_COLS_MAX);
	rows = clamp(rows, 1, VT_ROWS_MAX);
	if (cols == vt->cols && rows == vt->rows)
		return 0;
	vt->age++;
	if (vt->alternate.grid.slab && !grid_init(&alternate, cols, rows))
		return -ENOMEM;
	r = resize_primary(vt, cols, rows);
	if (r < 0) {
		grid_fini(&alternate);
		return r;
	}
	if (alternate.slab) {
		alternate_move(&alternate, &vt->alternate.grid, vt->age);
		grid_fini(&vt->alternate.grid);
		vt->alternate.grid = alternate;
	}
	vt->cols = cols;
	vt->rows = rows;
	if (vt->is_alternate) {
		vt->cur.x = clamp(vt->cur.x, 0, cols - 1);
		vt->cur.y = clamp(vt->cur.y, 0, rows - 1);
		vt->cur.is_last = false;
	}
	vt->alternate.saved.x = clamp(vt->alternate.saved.x, 0, cols - 1);
	vt->alternate.saved.y = clamp(vt->alternate.saved.y, 0, rows - 1);
	margins_reset(vt);
	term_forget_last(vt);
	vt->primary.grid.scroll_age = vt->age;
	vt->reflow_age = vt->cursor_age = vt->age;
	if (term_mode(vt, VT_MODE_RESIZE_EVENTS))
		report_resize(vt);
	return 0;
}

void term_ask_size(struct vt *vt, int cols, int rows)
{
	cols = clamp(cols, 1, VT_COLS_MAX);
	rows = clamp(rows, 1, VT_ROWS_MAX);
	if (!vt->cbs.resize || vt->is_replay || !vt->cbs.resize(vt->user, cols, rows))
		return;
	if (vt_resize(vt, cols, rows) < 0)
		return; /* out of memory: the screen stays, and the owner will see its size */
}
