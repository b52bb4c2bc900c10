#include "vt/scroll.h"

#include "vt/history.h"
#include "vt/scan.h"

_Static_assert(HISTORY_SLACK >= SCAN_NARROW_SLACK, "scan_narrow() writes behind the line");

void scroll_keep(struct vt *vt, const struct row *r)
{
	struct line_view view;

	vt->anchor.is_set = false;
	if (!vt->history)
		return;
	if (row_is_plain(r) && !r->n_marks) {
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

		if (y + n >= top && y + n <= vt->bottom) {
			row_copy(r, vt->left, g->rows[y + n], vt->left, width, vt->cols);
		} else {
			row_erase(r, vt->cols, vt->left, vt->right + 1, blank);
		}
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
	if (is_kept && top == 0 && g == &vt->primary.grid) {
		for (int y = 0; y < n; y++)
			scroll_keep(vt, g->rows[y]);
	}
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

/* Rows of the margins, from column @left on: to the left, or (n < 0) right. */
static void scroll_columns(struct vt *vt, int left, int n)
{
	uint32_t blank = term_blank(vt);

	for (int y = vt->top; y <= vt->bottom; y++) {
		struct row *r = term_row(vt, y);
		int to = term_clip(vt, r, vt->right + 1);

		if (left >= to)
			continue;
		if (n > 0) {
			row_delete(r, term_width(vt, r), left, to, n, blank);
		} else {
			row_insert(r, term_width(vt, r), left, to, -n, blank);
		}
	}
}

void scroll_left(struct vt *vt, int left, int n)
{
	scroll_columns(vt, left, n);
}

void scroll_right(struct vt *vt, int left, int n)
{
	scroll_columns(vt, left, -n);
}
