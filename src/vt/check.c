#include "vt/check.h"

#include "vt/term.h"

#include <assert.h>
#include <string.h>

static void check_cell(const struct vt *vt, struct cell c)
{
	assert(c.style == 0 || c.style < vt->styles.n);
	assert(c.style == 0 || vt->styles.styles[c.style].attrs != STYLE_FREE);
	if (c.style) {
		uint16_t link = vt->styles.styles[c.style].link;

		assert(link <= vt->links.n && (!link || vt->links.links[link - 1]));
	}
	if (c.text & CELL_CLUSTER) {
		assert((c.text & CELL_VALUE) < vt->clusters.n);
		assert(vt->clusters.clusters[c.text & CELL_VALUE].n_bytes > 0);
	} else {
		assert((c.text & CELL_VALUE) < 0x110000);
	}
}

static void check_grid(const struct vt *vt, const struct grid *g)
{
	if (!g->slab)
		return;
	assert(g->n_rows == vt->rows && g->n_cols == vt->cols);
	for (int y = 0; y < g->n_rows; y++) {
		const struct row *r = g->rows[y];

		row_check(r);
		assert(r->n <= term_width(vt, r));
		assert(!(r->flags & LINE_DOUBLE) || !term_mode(vt, VT_MODE_DECLRMM));
		assert(r->n_marks <= LINE_MARKS_MAX);
		for (int x = 0; x < r->n; x++)
			check_cell(vt, r->cells[x]);
	}
}

void vt_check(const struct vt *vt)
{
	assert(vt->cols >= 1 && vt->cols <= VT_COLS_MAX);
	assert(vt->rows >= 1 && vt->rows <= VT_ROWS_MAX);
	assert(vt->cur.x >= 0 && vt->cur.x < vt->cols);
	assert(vt->cur.y >= 0 && vt->cur.y < vt->rows);
	assert(vt->top >= 0 && vt->top <= vt->bottom && vt->bottom < vt->rows);
	assert(vt->left >= 0 && vt->left <= vt->right && vt->right < vt->cols);
	assert(vt->grid == (vt->is_alternate ? &vt->alternate.grid : &vt->primary.grid));
	assert(vt->parser.state < STATE_N && vt->parser.utf8_need <= 3);
	assert(vt->last_x < 0 || (vt->last_x < vt->cols && vt->last_y < vt->rows));
	assert(vt->last_x < 0 ||
	       !(row_cell(vt->grid->rows[vt->last_y], vt->last_x).text & CELL_SPACER));
	assert(vt->level >= 1 && vt->level <= 4 && vt->cursor_style <= 6);
	assert(vt->primary.n_kitty <= ARRAY_LEN(vt->primary.kitty));
	assert(vt->alternate.n_kitty <= ARRAY_LEN(vt->alternate.kitty));
	assert(vt->n_sgr <= ARRAY_LEN(vt->sgr_stack) && vt->n_titles <= TITLES_MAX);
	assert(vt->cur.gl <= 3 && vt->cur.gr <= 3 && vt->cur.single <= 3);
	for (int i = 0; i < 4; i++)
		assert(vt->cur.g[i] < CHARSET_N);
	assert(vt->parser.n_string == 0 || vt->parser.n_string < vt->parser.size_string);
	check_grid(vt, &vt->primary.grid);
	check_grid(vt, &vt->alternate.grid);
}

static bool same_link(const struct link *a, const struct link *b)
{
	return a == b || (a && b && !strcmp(a->uri, b->uri) && !strcmp(a->id, b->id));
}

static bool same_view(const struct line_view *a, const struct line_view *b)
{
	if (a->n_bytes != b->n_bytes || a->n_runs != b->n_runs || a->n_cols != b->n_cols ||
	    a->flags != b->flags || a->n_marks != b->n_marks)
		return false;
	if (a->n_bytes && memcmp(a->text, b->text, a->n_bytes) != 0)
		return false;
	for (uint32_t i = 0; i < a->n_runs; i++) {
		const struct line_run *p = &a->runs[i], *q = &b->runs[i];

		if (p->n_bytes != q->n_bytes || p->n_cols != q->n_cols || p->form != q->form ||
		    !style_equal(&p->style, &q->style) || !same_link(p->link, q->link))
			return false;
	}
	for (uint16_t i = 0; i < a->n_marks; i++) {
		if (a->marks[i].id != b->marks[i].id || a->marks[i].col != b->marks[i].col)
			return false;
	}
	return true;
}

bool vt_same_lines(const struct vt *a, const struct vt *b, int n_history)
{
	struct line_buf p = LINE_BUF_INIT, q = LINE_BUF_INIT;
	struct line_view v, w;
	bool is_same = true;

	for (int y = -n_history; is_same && y < a->rows; y++) {
		is_same = vt_line(a, y, &p, &v) == 0 && vt_line(b, y, &q, &w) == 0 &&
			  same_view(&v, &w);
	}
	line_buf_fini(&p);
	line_buf_fini(&q);
	return is_same;
}

int vt_differ(const struct vt *a, const struct vt *b, const char **ret_what)
{
	*ret_what = "size";
	if (a->cols != b->cols || a->rows != b->rows)
		return 1;
	*ret_what = "cursor";
	if (a->cur.x != b->cur.x || a->cur.y != b->cur.y || a->cur.is_last != b->cur.is_last ||
	    !style_equal(&a->cur.pen, &b->cur.pen) ||
	    memcmp(a->cur.g, b->cur.g, sizeof a->cur.g) != 0)
		return 1;
	*ret_what = "modes";
	if (a->modes != b->modes || a->is_alternate != b->is_alternate || a->top != b->top ||
	    a->bottom != b->bottom || a->left != b->left || a->right != b->right)
		return 1;
	*ret_what = "parser";
	if (a->parser.state != b->parser.state || a->parser.utf8_need != b->parser.utf8_need)
		return 1;
	*ret_what = "title";
	if (strcmp(vt_title(a, VT_TITLE_WINDOW), vt_title(b, VT_TITLE_WINDOW)) != 0)
		return 1;
	*ret_what = "history";
	if (vt_history_lines(a) != vt_history_lines(b))
		return 1;
	*ret_what = "lines";
	return !vt_same_lines(a, b, vt_history_lines(a));
}
