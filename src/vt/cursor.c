#include "vt/cursor.h"

#include <string.h>

static int clamp(int v, int low, int high)
{
	return v < low ? low : v > high ? high : v;
}

void cursor_place(struct vt *vt, int row, int col)
{
	vt->cur.y = clamp(row, 0, vt->rows - 1);
	vt->cur.x = clamp(col, 0, vt->cols - 1);
	vt->cur.is_last = false;
}

void cursor_set(struct vt *vt, int row, int col)
{
	if (!term_mode(vt, VT_MODE_DECOM)) {
		cursor_place(vt, row, col);
		return;
	}
	vt->cur.y = clamp(row + vt->top, vt->top, vt->bottom);
	vt->cur.x = clamp(col + vt->left, vt->left, vt->right);
	vt->cur.is_last = false;
}

void cursor_up(struct vt *vt, int n)
{
	int limit = vt->cur.y >= vt->top ? vt->top : 0;

	vt->cur.y = clamp(vt->cur.y - n, limit, vt->rows - 1);
	vt->cur.is_last = false;
}

void cursor_down(struct vt *vt, int n)
{
	int limit = vt->cur.y <= vt->bottom ? vt->bottom : vt->rows - 1;

	vt->cur.y = clamp(vt->cur.y + n, 0, limit);
	vt->cur.is_last = false;
}

void cursor_forward(struct vt *vt, int n)
{
	int limit = term_width(vt, vt->grid->rows[vt->cur.y]) - 1;

	if (vt->cur.x <= vt->right && vt->right < limit)
		limit = vt->right;
	vt->cur.x = clamp(vt->cur.x + n, 0, limit);
	vt->cur.is_last = false;
}

/* One column back from the left edge: the end of the row before, or of the last
 * one from the top margin. */
static bool back_wrap(struct vt *vt)
{
	int y = vt->cur.y == vt->top ? vt->bottom : vt->cur.y - 1;

	if (y < 0)
		return false;
	vt->cur.y = y;
	vt->cur.x = vt->right;
	return true;
}

/* Mode 45 is what it was from 1986 until xterm's patch 383, which gave that to
 * mode 1045 and let 45 go back within wrapped lines only. */
void cursor_back(struct vt *vt, int n)
{
	bool wraps =
		(term_mode(vt, VT_MODE_REVERSE_WRAP) || term_mode(vt, VT_MODE_EXT_REVERSE_WRAP)) &&
		term_mode(vt, VT_MODE_DECAWM);
	int left = vt->cur.x < vt->left ? 0 : vt->left;

	if (wraps && vt->cur.is_last)
		n--; /* from behind the last column to on it */
	vt->cur.is_last = false;
	while (n > 0) {
		int step = clamp(n, 0, vt->cur.x - left);

		vt->cur.x -= step;
		n -= step;
		if (n > 0 && (!wraps || !back_wrap(vt)))
			break;
		left = vt->left;
		n--;
	}
}

void cursor_return(struct vt *vt)
{
	bool is_inside = vt->cur.x >= vt->left || term_mode(vt, VT_MODE_DECOM);

	vt->cur.x = is_inside ? vt->left : 0;
	vt->cur.is_last = false;
}

/* --- tab stops --- */

bool tab_is_set(const struct vt *vt, int col)
{
	return vt->tabs[col / 8] >> col % 8 & 1;
}

void tab_set(struct vt *vt, int col, bool is_set)
{
	uint8_t bit = (uint8_t)(1u << col % 8);

	if (is_set) {
		vt->tabs[col / 8] |= bit;
	} else {
		vt->tabs[col / 8] &= (uint8_t)~bit;
	}
}

void tabs_clear(struct vt *vt)
{
	memset(vt->tabs, 0, (VT_COLS_MAX + 7) / 8);
}

void tabs_reset(struct vt *vt)
{
	memset(vt->tabs, 1, (VT_COLS_MAX + 7) / 8);
}

void cursor_tab(struct vt *vt, int n)
{
	int limit = term_width(vt, vt->grid->rows[vt->cur.y]) - 1;

	if (vt->cur.x <= vt->right && vt->right < limit)
		limit = vt->right;
	for (; n > 0 && vt->cur.x < limit; n--) {
		do {
			vt->cur.x++;
		} while (vt->cur.x < limit && !tab_is_set(vt, vt->cur.x));
	}
}

void cursor_back_tab(struct vt *vt, int n)
{
	int left = term_mode(vt, VT_MODE_DECOM) ? vt->left : 0;

	for (; n > 0 && vt->cur.x > left; n--) {
		do {
			vt->cur.x--;
		} while (vt->cur.x > left && !tab_is_set(vt, vt->cur.x));
	}
	vt->cur.is_last = false;
}

/* --- DECSC, DECRC --- */

static struct screen *shown(struct vt *vt)
{
	return vt->is_alternate ? &vt->alternate : &vt->primary;
}

void cursor_save(struct vt *vt)
{
	struct screen *s = shown(vt);

	s->saved = vt->cur;
	s->saved.is_origin = term_mode(vt, VT_MODE_DECOM);
	s->has_saved = true;
}

void cursor_restore(struct vt *vt)
{
	const struct screen *s = shown(vt);
	bool is_origin = s->has_saved && s->saved.is_origin;

	vt->modes &= ~(1ull << VT_MODE_DECOM);
	if (is_origin)
		vt->modes |= 1ull << VT_MODE_DECOM;
	if (s->has_saved) {
		vt->cur = s->saved;
	} else {
		vt->cur = (struct cursor){ .gr = 2 };
	}
	vt->cur.x = clamp(vt->cur.x, 0, vt->cols - 1);
	vt->cur.y = clamp(vt->cur.y, 0, vt->rows - 1);
	term_pen_changed(vt);
	term_update_simple(vt);
}
