#include "vt/scroll.h"

#include "vt/history.h"
#include "vt/scan.h"

#include "base/utf8.h"

_Static_assert(HISTORY_SLACK >= SCAN_NARROW_SLACK, "scan_narrow() writes behind the line");

static enum line_form cell_form(struct cell c)
{
	if (c.text & CELL_CLUSTER)
		return LINE_CLUSTER;
	if (c.text & CELL_WIDE)
		return LINE_WIDE;
	return c.text & CELL_VALUE ? LINE_NARROW : LINE_BLANK;
}

static inline size_t encode(uint32_t cp, char *to)
{
	if (cp < 0x80) {
		to[0] = (char)cp;
		return 1;
	}
	return utf8_encode(cp, to);
}

/* Cells from @x on that make one run; the column behind it. */
static int add_run(const struct vt *vt, const struct row *r, int x, int end, struct line_buf *buf)
{
	const struct cell *cells = r->cells;
	enum line_form form = cell_form(cells[x]);
	uint32_t style_id = cells[x].style;
	const struct style *style = style_get(&vt->styles, style_id);
	const struct link *link = link_get(&vt->links, style->link);
	int from = x, step = cells[x].text & CELL_WIDE ? 2 : 1;
	size_t n = 0;

	if (form == LINE_CLUSTER) {
		uint32_t n_bytes;
		const char *text =
			cluster_text(&vt->clusters, cells[x].text & CELL_VALUE, &n_bytes);

		line_buf_add(buf, form, text, n_bytes, (unsigned)step, style, link);
		return x + step;
	}

	char *to = line_buf_reserve(buf, (size_t)(end - x) * 4);

	if (!to)
		return end;
	do {
		n += encode(form == LINE_BLANK ? ' ' : cells[x].text & CELL_VALUE, to + n);
		x += step;
	} while (x < end && cells[x].style == style_id && cell_form(cells[x]) == form);
	line_buf_commit(buf, form, n, (unsigned)(x - from), style, link);
	return x;
}

int scroll_row_view(const struct vt *vt, const struct row *r, struct line_buf *buf,
		    struct line_view *ret_view)
{
	int end = r->n;

	line_buf_clear(buf);
	while (end > 0 && cell_is_blank(r->cells[end - 1]) && r->cells[end - 1].style == 0)
		end--;
	for (int x = 0; x < end;)
		x = add_run(vt, r, x, end, buf);

	int err = line_buf_view(buf, ret_view);

	if (err < 0)
		return err;
	ret_view->flags = r->flags;
	ret_view->marks = r->marks;
	ret_view->n_marks = r->n_marks;
	return 0;
}

void scroll_keep(struct vt *vt, const struct row *r)
{
	struct line_view view;

	vt->anchor.is_set = false;
	if (!vt->history)
		return;
	if (r->is_plain && !r->n_marks) {
		const struct style *s =
			r->n ? style_get(&vt->styles, r->cells[0].style) : &style_default;

		if (!s->link) {
			char *to = history_push_plain(vt->history, r->n, s, r->flags);

			if (to && r->n)
				scan_narrow((enum scan_isa)vt->isa, to, r->cells, r->n);
			return;
		}
	}
	if (scroll_row_view(vt, r, &vt->scratch, &view) < 0 || history_push(vt->history, &view) < 0)
		return; /* out of memory: this line is not kept */
}

static bool is_full_width(const struct vt *vt)
{
	return vt->left == 0 && vt->right == vt->cols - 1;
}

/* Rows [top, bottom] are others now. */
static void scroll_touch(struct vt *vt, int top, int bottom)
{
	if (top == 0 && bottom == vt->rows - 1) {
		vt->grid->scroll_age = vt->age;
		return;
	}
	for (int y = top; y <= bottom; y++)
		vt->grid->rows[y]->age = vt->age;
}

/* The most frequent case: the whole screen, one line. */
static void scroll_screen(struct vt *vt, uint32_t blank)
{
	struct grid *g = vt->grid;
	struct row *r;

	if (g == &vt->primary.grid)
		scroll_keep(vt, g->rows[0]);
	r = grid_roll(g);
	row_clear(r, vt->cols, blank);
	r->age = vt->age;
	g->scroll_age = vt->age;
}

/* Rows of the margins' columns only: copied, since the rest stays. */
static void scroll_box(struct vt *vt, int top, int n, uint32_t blank)
{
	struct grid *g = vt->grid;
	int width = vt->right - vt->left + 1;
	int from = n > 0 ? top : vt->bottom, to = n > 0 ? vt->bottom + 1 : top - 1;

	for (int y = from; y != to; y += n > 0 ? 1 : -1) {
		struct row *r = term_row(vt, y);

		if (y + n >= top && y + n <= vt->bottom)
			row_copy(r, vt->left, g->rows[y + n], vt->left, width, vt->cols);
		else
			row_erase(r, vt->cols, vt->left, vt->right + 1, blank);
	}
}

/* The line that continues row @y is no longer below it. */
static void scroll_unwrap(struct vt *vt, int y)
{
	if (y >= 0)
		vt->grid->rows[y]->flags &= (uint8_t)~LINE_WRAPPED;
}

void scroll_up(struct vt *vt, int top, int n, bool is_kept)
{
	struct grid *g = vt->grid;
	int height = vt->bottom - top + 1;
	uint32_t blank = term_blank(vt);

	n = n < height ? n : height;
	if (n <= 0)
		return;
	if (!is_full_width(vt)) {
		scroll_box(vt, top, n, blank);
		return;
	}
	if (is_kept && top == 0 && vt->bottom == vt->rows - 1) {
		while (n-- > 0)
			scroll_screen(vt, blank);
		return;
	}
	if (is_kept && top == 0 && g == &vt->primary.grid)
		for (int y = 0; y < n; y++)
			scroll_keep(vt, g->rows[y]);
	scroll_unwrap(vt, top - 1);
	grid_rotate_up(g, top, vt->bottom, n);
	for (int y = vt->bottom - n + 1; y <= vt->bottom; y++)
		row_clear(g->rows[y], vt->cols, blank);
	scroll_touch(vt, top, vt->bottom);
}

void scroll_down(struct vt *vt, int top, int n)
{
	struct grid *g = vt->grid;
	int height = vt->bottom - top + 1;
	uint32_t blank = term_blank(vt);

	n = n < height ? n : height;
	if (n <= 0)
		return;
	if (!is_full_width(vt)) {
		scroll_box(vt, top, -n, blank);
		return;
	}
	scroll_unwrap(vt, top - 1);
	grid_rotate_down(g, top, vt->bottom, n);
	scroll_unwrap(vt, vt->bottom);
	for (int y = top; y < top + n; y++)
		row_clear(g->rows[y], vt->cols, blank);
	scroll_touch(vt, top, vt->bottom);
}

void scroll_index(struct vt *vt)
{
	if (vt->cur.y != vt->bottom) {
		if (vt->cur.y < vt->rows - 1)
			vt->cur.y++;
	} else if (vt->cur.x >= vt->left && vt->cur.x <= vt->right) {
		scroll_up(vt, vt->top, 1, true);
	}
}

void scroll_reverse_index(struct vt *vt)
{
	if (vt->cur.y != vt->top) {
		if (vt->cur.y > 0)
			vt->cur.y--;
	} else if (vt->cur.x >= vt->left && vt->cur.x <= vt->right) {
		scroll_down(vt, vt->top, 1);
	}
}

void scroll_left(struct vt *vt, int left, int n)
{
	uint32_t blank = term_blank(vt);

	for (int y = vt->top; y <= vt->bottom; y++)
		row_delete(term_row(vt, y), vt->cols, left, vt->right + 1, n, blank);
}

void scroll_right(struct vt *vt, int left, int n)
{
	uint32_t blank = term_blank(vt);

	for (int y = vt->top; y <= vt->bottom; y++)
		row_insert(term_row(vt, y), vt->cols, left, vt->right + 1, n, blank);
}
