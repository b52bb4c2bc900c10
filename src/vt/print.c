#include "vt/print.h"

#include "vt/action.h"
#include "vt/cell.h"
#include "vt/charset.h"
#include "vt/scan.h"
#include "vt/scroll.h"
#include "vt/unicode.h"

#include <string.h>

/* Column behind the last one that may be printed to from the cursor: the right
 * margin, unless the cursor is already beyond it. */
int print_limit(const struct vt *vt, const struct row *r)
{
	int width = term_width(vt, r);

	return vt->cur.x <= vt->right && vt->right + 1 < width ? vt->right + 1 : width;
}

/* To the beginning of the next line, which continues this one. */
void print_wrap(struct vt *vt)
{
	struct row *r = vt->grid->rows[vt->cur.y];

	if (vt->right == vt->cols - 1 || vt->cur.x > vt->right) {
		r->flags |= LINE_WRAPPED;
		r->age = vt->age;
	}
	vt->cur.is_last = false;
	scroll_index(vt);
	vt->cur.x = vt->left;
}

/* Before anything is written at the cursor. */
static void print_prepare(struct vt *vt)
{
	if (vt->cur.is_last) {
		if (term_mode(vt, VT_MODE_DECAWM))
			print_wrap(vt);
		vt->cur.is_last = false;
	}
}

/* The cursor behind @n columns just written. */
static void print_advance(struct vt *vt, int n, int limit)
{
	vt->cur.x += n;
	if (vt->cur.x >= limit) {
		vt->cur.x = limit - 1;
		vt->cur.is_last = true;
	}
}

/* Keeps what is known of the row where row_span() would have to give it up. */
static void row_put_ascii(const struct vt *vt, struct row *r, int x, const uint8_t *p, int n,
			  uint32_t style)
{
	bool is_ascii = r->is_ascii, is_solid = r->is_solid && x <= r->n;
	uint32_t first = r->n ? r->cells[0].style : x ? 0 : style;
	bool is_mono = r->is_mono && first == style && (x <= r->n || style == 0);

	if (x != r->n || r->size < vt->cols) {
		if (!row_span(r, vt->cols, x, x + n))
			return;
	} else {
		r->n = (uint16_t)(x + n);
	}
	r->is_ascii = is_ascii;
	r->is_solid = is_solid;
	r->is_mono = is_mono;
	scan_widen((enum scan_isa)vt->isa, &r->cells[x], p, (size_t)n, style);
}

static void print_ascii_simple(struct vt *vt, const uint8_t *p, size_t n)
{
	uint32_t style = term_pen(vt);

	while (n) {
		print_prepare(vt);

		struct row *r = term_row(vt, vt->cur.y);
		int limit = print_limit(vt, r);
		int x = vt->cur.x < limit ? vt->cur.x : limit - 1;
		int k = n < (size_t)(limit - x) ? (int)n : limit - x;

		row_put_ascii(vt, r, x, p, k, style);
		vt->cur.x = x;
		vt->last_x = x + k - 1;
		print_advance(vt, k, limit);
		p += k;
		n -= (size_t)k;
	}
	vt->last_y = vt->cur.y;
	vt->last_cp = p[-1];
	vt->last_props = 1;
	vt->break_state = 0;
}

static void print_ascii_mapped(struct vt *vt, const uint8_t *p, size_t n)
{
	for (; n; n--)
		print_code_point(vt, *p++);
}

/* What was printed last takes in whatever comes next (UAX #29, GB9b). */
static bool joins_any(const struct vt *vt)
{
	return vt->last_x >= 0 && unicode_class(vt->last_props) == UNICODE_PREPEND;
}

void print_ascii(struct vt *vt, const uint8_t *p, size_t n)
{
	if (joins_any(vt)) {
		print_code_point(vt, *p++);
		if (!--n)
			return;
	}
	if (vt->is_simple) {
		print_ascii_simple(vt, p, n);
	} else {
		print_ascii_mapped(vt, p, n);
	}
}

/* One character of 1 or 2 columns into a cell of its own. */
void print_cell(struct vt *vt, uint32_t cp, int n_cols)
{
	print_prepare(vt);

	struct row *r = term_row(vt, vt->cur.y);
	int limit = print_limit(vt, r);

	if (n_cols == 2 && vt->cur.x + 2 > limit) {
		if (limit < 2 || limit - vt->left < 2) {
			cp = PRINT_REPLACEMENT; /* no room on any line */
			n_cols = 1;
			vt->last_props = unicode_props(cp);
		} else if (term_mode(vt, VT_MODE_DECAWM)) {
			/* What is left of the line stays blank, and reflow knows
			 * it as filling because the line is wrapped. */
			row_erase(r, vt->cols, vt->cur.x, limit, 0);
			print_wrap(vt);
			r = term_row(vt, vt->cur.y);
			limit = print_limit(vt, r);
		} else {
			vt->cur.x = limit - 2;
		}
	}

	int x = vt->cur.x < limit ? vt->cur.x : limit - 1;

	if (term_mode(vt, VT_MODE_IRM))
		row_insert(r, vt->cols, x, limit, n_cols, 0);

	uint32_t style = term_pen(vt);
	struct cell *cells = row_span(r, vt->cols, x, x + n_cols);

	vt->cur.x = x;
	if (cells) {
		cells[x] = (struct cell){ cp | (n_cols == 2 ? CELL_WIDE : 0), style };
		if (n_cols == 2)
			cells[x + 1] = (struct cell){ CELL_SPACER, style };
	}
	vt->last_x = x;
	vt->last_y = vt->cur.y;
	vt->last_cp = cp;
	print_advance(vt, n_cols, limit);
}

/* The column of the cell that a combining mark at the cursor joins, or -1. */
int print_previous(const struct vt *vt)
{
	const struct row *r = vt->grid->rows[vt->cur.y];
	int x = vt->cur.is_last ? vt->cur.x : vt->cur.x - 1;

	if (vt->last_x >= 0 && vt->last_y == vt->cur.y)
		return vt->last_x < r->n ? vt->last_x : -1;
	if (x > 0 && row_cell(r, x).text & CELL_SPACER)
		x--;
	return x < r->n ? x : -1;
}

/* The cell at (@x, cursor's row) takes one column more or less. */
void print_set_wide(struct vt *vt, struct row *r, int x, bool is_wide)
{
	int limit = print_limit(vt, r);
	uint32_t style = r->cells[x].style;
	bool is_behind = vt->cur.x == x + (is_wide ? 1 : 2) && !vt->cur.is_last;

	if (is_wide) {
		uint32_t text = r->cells[x].text;

		if (x + 2 > limit)
			return; /* in the last column it stays narrow */
		if (!row_span(r, vt->cols, x, x + 2))
			return;
		r->cells[x] = (struct cell){ text | CELL_WIDE, style };
		r->cells[x + 1] = (struct cell){ CELL_SPACER, style };
		if (is_behind)
			print_advance(vt, 1, limit);
		return;
	}
	r->cells[x].text &= ~CELL_WIDE;
	r->cells[x + 1] = (struct cell){ 0, style };
	if (is_behind) {
		vt->cur.x--;
	} else if (vt->cur.is_last && vt->cur.x == x + 1) {
		vt->cur.is_last = false;
	}
}

void print_code_point(struct vt *vt, uint32_t cp)
{
	if (cp < 0x80) {
		struct cursor *c = &vt->cur;
		uint8_t set = c->g[c->single ? c->single : c->gl];

		if (set != CHARSET_ASCII)
			cp = charset_map(set, cp);
	} else if (cp < 0x100 && !vt->is_utf8) {
		uint8_t set = vt->cur.g[vt->cur.gr];

		if (set != CHARSET_ASCII && cp >= 0xa0)
			cp = charset_map(set, cp & 0x7f);
	}
	if (vt->cur.single) {
		vt->cur.single = 0;
		term_update_simple(vt);
	}
	/* Of 94 characters, 0xff is none. */
	if (cp >= 0x20 && cp != 0x7f)
		print_decoded(vt, cp, unicode_props(cp));
}

void print_del(struct vt *vt)
{
	const struct cursor *c = &vt->cur;

	if (charset_is_96(c->g[c->single ? c->single : c->gl]))
		print_code_point(vt, 0x7f);
}

void print_repeat(struct vt *vt, int n)
{
	uint32_t cp = vt->last_cp;
	int max = vt->cols * vt->rows;
	uint8_t text[256];

	if (!cp)
		return;
	n = n < max ? n : max;
	if (vt->is_simple && cp < 0x80) {
		memset(text, (int)cp, sizeof text);
		for (; n > (int)sizeof text; n -= (int)sizeof text)
			print_ascii(vt, text, sizeof text);
		print_ascii(vt, text, (size_t)n);
		return;
	}
	for (; n > 0; n--) {
		term_forget_last(vt); /* each is a cell of its own */
		print_decoded(vt, cp, unicode_props(cp));
	}
}
