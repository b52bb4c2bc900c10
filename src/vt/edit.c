#include "vt/edit.h"

#include "vt/cursor.h"
#include "vt/history.h"
#include "vt/mode.h"
#include "vt/scroll.h"

static bool is_inside(const struct vt *vt)
{
	return vt->cur.y >= vt->top && vt->cur.y <= vt->bottom && vt->cur.x >= vt->left &&
	       vt->cur.x <= vt->right;
}

static bool is_protected(const struct vt *vt, struct cell c)
{
	return style_get(&vt->styles, c.style)->attrs & STYLE_PROTECTED;
}

/* Columns [from, to), as far as the row has them. */
static void erase(const struct vt *vt, struct row *r, int from, int to, uint32_t blank)
{
	row_erase(r, term_width(vt, r), term_clip(vt, r, from), term_clip(vt, r, to), blank);
}

/* The same, but around what is protected. */
static void erase_around(const struct vt *vt, struct row *r, int from, int to, uint32_t blank)
{
	int x = from;

	while (x < to) {
		int start = x;

		while (x < to && !is_protected(vt, row_cell(r, x)))
			x++;
		if (x > start)
			erase(vt, r, start, x, blank);
		while (x < to && is_protected(vt, row_cell(r, x)))
			x++;
	}
}

static bool spares_protected(const struct vt *vt, bool is_selective)
{
	return vt->protect == PROTECT_ISO || (is_selective && vt->protect == PROTECT_DEC);
}

void edit_erase(struct vt *vt, int y, int from, int to, bool is_selective)
{
	uint32_t blank = term_blank(vt);
	struct row *r = term_row(vt, y);

	if (spares_protected(vt, is_selective)) {
		erase_around(vt, r, from, to, blank);
	} else {
		erase(vt, r, from, to, blank);
	}
}

void edit_erase_rect(struct vt *vt, int y, int from, int to, bool is_selective)
{
	uint32_t blank = term_blank(vt);
	struct row *r = term_row(vt, y);

	if (is_selective && vt->protect == PROTECT_DEC) {
		erase_around(vt, r, from, to, blank);
	} else {
		erase(vt, r, from, to, blank);
	}
}

static void erase_rows(struct vt *vt, int from, int to, bool is_selective)
{
	uint32_t blank = term_blank(vt);

	for (int y = from; y < to; y++) {
		if (is_selective || spares_protected(vt, is_selective)) {
			edit_erase(vt, y, 0, vt->cols, is_selective);
		} else {
			row_clear(term_row(vt, y), vt->cols, blank);
		}
	}
}

void edit_erase_line(struct vt *vt, int how, bool is_selective)
{
	int x = vt->cur.x, y = vt->cur.y;

	if (how == 0) {
		edit_erase(vt, y, x, vt->cols, is_selective);
	} else if (how == 1) {
		edit_erase(vt, y, 0, x + 1, is_selective);
	} else if (how == 2) {
		edit_erase(vt, y, 0, vt->cols, is_selective);
	}
	vt->cur.is_last = false;
}

void edit_erase_display(struct vt *vt, int how, bool is_selective)
{
	int y = vt->cur.y;

	if (how == 0) {
		if (vt->cur.x == 0 && !is_selective) {
			erase_rows(vt, y, y + 1, false);
		} else {
			edit_erase_line(vt, 0, is_selective);
		}
		erase_rows(vt, y + 1, vt->rows, is_selective);
	} else if (how == 1) {
		erase_rows(vt, 0, y, is_selective);
		edit_erase_line(vt, 1, is_selective);
	} else if (how == 2) {
		erase_rows(vt, 0, vt->rows, is_selective);
	} else if (how == 3 && !is_selective && vt->history) {
		history_clear(vt->history);
	}
	vt->cur.is_last = false;
}

void edit_clear_screen(struct vt *vt)
{
	erase_rows(vt, 0, vt->rows, false);
}

void edit_erase_chars(struct vt *vt, int n)
{
	int left = term_width(vt, vt->grid->rows[vt->cur.y]) - vt->cur.x;

	if (left > 0)
		edit_erase(vt, vt->cur.y, vt->cur.x, vt->cur.x + (n < left ? n : left), false);
	vt->cur.is_last = false;
}

/* Columns of the cursor's row that ICH and DCH shift: how many; 0 outside the
 * margins. */
static int shift_width(const struct vt *vt, const struct row *r)
{
	int x = vt->cur.x;

	return x < vt->left || x > vt->right ? 0 : term_clip(vt, r, vt->right + 1) - x;
}

void edit_insert_chars(struct vt *vt, int n)
{
	uint32_t blank = term_blank(vt);
	struct row *r = term_row(vt, vt->cur.y);
	int x = vt->cur.x, width = shift_width(vt, r);

	if (width > 0)
		row_insert(r, term_width(vt, r), x, x + width, n, blank);
	vt->cur.is_last = false;
}

void edit_delete_chars(struct vt *vt, int n)
{
	uint32_t blank = term_blank(vt);
	struct row *r = term_row(vt, vt->cur.y);
	int x = vt->cur.x, width = shift_width(vt, r);

	if (width > 0)
		row_delete(r, term_width(vt, r), x, x + width, n, blank);
	vt->cur.is_last = false;
}

void edit_insert_lines(struct vt *vt, int n)
{
	if (!is_inside(vt))
		return;
	scroll_down(vt, vt->cur.y, n);
	vt->cur.x = vt->left;
	vt->cur.is_last = false;
}

void edit_delete_lines(struct vt *vt, int n)
{
	if (!is_inside(vt))
		return;
	scroll_up(vt, vt->cur.y, n, false);
	vt->cur.x = vt->left;
	vt->cur.is_last = false;
}

void edit_insert_columns(struct vt *vt, int n)
{
	if (is_inside(vt))
		scroll_right(vt, vt->cur.x, n);
	vt->cur.is_last = false;
}

void edit_delete_columns(struct vt *vt, int n)
{
	if (is_inside(vt))
		scroll_left(vt, vt->cur.x, n);
	vt->cur.is_last = false;
}

void edit_forward_index(struct vt *vt)
{
	if (vt->cur.x == vt->right && is_inside(vt)) {
		scroll_left(vt, vt->left, 1);
	} else if (vt->cur.x < vt->cols - 1) {
		cursor_place(vt, vt->cur.y, vt->cur.x + 1);
	}
}

void edit_back_index(struct vt *vt)
{
	if (vt->cur.x == vt->left && is_inside(vt)) {
		scroll_right(vt, vt->left, 1);
	} else if (vt->cur.x > 0) {
		cursor_place(vt, vt->cur.y, vt->cur.x - 1);
	}
}

void edit_align(struct vt *vt)
{
	margins_reset(vt);
	mode_put(vt, VT_MODE_DECOM, false);
	cursor_place(vt, 0, 0);
	for (int y = 0; y < vt->rows; y++) {
		struct row *r = term_row(vt, y);

		row_clear(r, vt->cols, 0);

		struct cell *cells = row_span(r, vt->cols, 0, vt->cols);

		for (int x = 0; cells && x < vt->cols; x++)
			cells[x] = (struct cell){ 'E', 0 };
	}
}

void edit_line_size(struct vt *vt, uint8_t flags)
{
	struct row *r = term_row(vt, vt->cur.y);

	if (term_mode(vt, VT_MODE_DECLRMM))
		return;
	r->flags = (uint8_t)((r->flags & LINE_WRAPPED) | flags);
	if (flags & LINE_DOUBLE) {
		int width = term_width(vt, r);

		/* What is now off the screen is lost, as on the hardware. */
		row_erase(r, vt->cols, width, vt->cols, 0);
		if (vt->cur.x >= width) {
			vt->cur.x = width - 1;
			vt->cur.is_last = false;
		}
	}
}
