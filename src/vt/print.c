#include "vt/action.h"
#include "vt/cell.h"
#include "vt/charset.h"
#include "vt/feed.h"
#include "vt/scan.h"
#include "vt/scroll.h"
#include "vt/unicode.h"

#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

/* Column behind the last one that may be printed to from the cursor: the right
 * margin, unless the cursor is already beyond it. */
static int print_limit(const struct vt *vt, const struct row *r)
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

/* Keeps is_plain where row_span() would have to give it up. */
static void row_put_ascii(const struct vt *vt, struct row *r, int x, const uint8_t *p, int n,
			  uint32_t style)
{
	bool is_plain = r->is_plain && x <= r->n && (r->n == 0 || r->cells[0].style == style);

	if (x != r->n || r->size < vt->cols) {
		if (!row_span(r, vt->cols, x, x + n))
			return;
	} else {
		r->n = (uint16_t)(x + n);
	}
	r->is_plain = is_plain;
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

void print_ascii(struct vt *vt, const uint8_t *p, size_t n)
{
	if (vt->is_simple) {
		print_ascii_simple(vt, p, n);
		return;
	}
	for (; n; n--)
		print_code_point(vt, *p++);
}

/* One character of 1 or 2 columns into a cell of its own. */
static void print_cell(struct vt *vt, uint32_t cp, int n_cols)
{
	print_prepare(vt);

	struct row *r = term_row(vt, vt->cur.y);
	int limit = print_limit(vt, r);

	if (n_cols == 2 && vt->cur.x + 2 > limit) {
		if (limit < 2 || limit - vt->left < 2) {
			cp = REPLACEMENT; /* no room on any line */
			n_cols = 1;
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
static int print_previous(const struct vt *vt)
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
static void cell_set_wide(struct vt *vt, struct row *r, int x, bool is_wide)
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
	if (is_behind)
		vt->cur.x--;
	else if (vt->cur.is_last && vt->cur.x == x + 1)
		vt->cur.is_last = false;
}

/* Append to what stands in a cell; what does not fit is dropped. */
static void cell_append(struct vt *vt, struct cell *c, uint32_t cp)
{
	char text[CLUSTER_BYTES_MAX];
	uint32_t n = 0;

	if (cluster_table_is_full(&vt->clusters))
		term_sweep_clusters(vt);
	if (c->text & CELL_CLUSTER) {
		const char *old = cluster_text(&vt->clusters, c->text & CELL_VALUE, &n);

		memcpy(text, old, n);
	} else {
		n = (uint32_t)utf8_encode(c->text & CELL_VALUE ? c->text & CELL_VALUE : ' ', text);
	}
	if (n + 4 > CLUSTER_BYTES_MAX)
		return;
	n += (uint32_t)utf8_encode(cp, text + n);

	uint32_t id = cluster_intern(&vt->clusters, text, n);

	if (id != CLUSTER_NONE)
		c->text = (c->text & CELL_WIDE) | CELL_CLUSTER | id;
}

static void print_join(struct vt *vt, uint32_t cp, uint8_t props)
{
	int x = print_previous(vt);

	if (x < 0)
		return;

	struct row *r = term_row(vt, vt->cur.y);

	if (!row_open(r, vt->cols))
		return;

	struct cell *c = &r->cells[x];
	bool is_wide = c->text & CELL_WIDE;
	uint32_t base = c->text & CELL_CLUSTER ? 0 : c->text & CELL_VALUE;

	r->is_plain = false;
	cell_append(vt, c, cp);
	if (term_mode(vt, VT_MODE_GRAPHEME)) {
		bool is_emoji = base && unicode_props(base) & UNICODE_EMOJI;
		bool is_flag = base && unicode_class(props) == UNICODE_REGIONAL;

		if (!is_wide &&
		    ((props & UNICODE_WIDTH) == 2 || is_flag || (is_emoji && cp == 0xfe0f)))
			cell_set_wide(vt, r, x, true);
		else if (is_wide && is_emoji && cp == 0xfe0e)
			cell_set_wide(vt, r, x, false);
	}
}

/* Whether @props continues the cluster printed last. */
static bool print_joins(struct vt *vt, uint8_t props)
{
	unsigned width = props & UNICODE_WIDTH;

	if (!term_mode(vt, VT_MODE_GRAPHEME) || vt->last_x < 0)
		return width == 0;
	return !unicode_breaks(&vt->break_state, vt->last_props, props) || width == 0;
}

static void print_decoded(struct vt *vt, uint32_t cp, uint8_t props)
{
	if (print_joins(vt, props)) {
		print_join(vt, cp, props);
	} else {
		vt->break_state = 0;
		print_cell(vt, cp, props & UNICODE_WIDTH);
	}
	vt->last_props = props;
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
	if (cp >= 0x20)
		print_decoded(vt, cp, unicode_props(cp));
}

void print_repeat(struct vt *vt, int n)
{
	uint32_t cp = vt->last_cp;
	int max = vt->cols * vt->rows;

	if (!cp)
		return;
	for (n = n < max ? n : max; n > 0; n--) {
		term_forget_last(vt); /* each is a cell of its own */
		print_decoded(vt, cp, unicode_props(cp));
	}
}

/* --- UTF-8 (Unicode 15, table 3-7 and "maximal subparts") --- */

/* A lead byte, or U+FFFD at once for what cannot be one: true if *ret_cp is
 * complete. */
static bool utf8_begin(struct parser *p, uint8_t c, uint32_t *ret_cp)
{
	*ret_cp = c < 0x80 ? c : REPLACEMENT;
	if (c < 0xc2 || c > 0xf4)
		return true;
	p->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	p->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	p->utf8_need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	p->utf8_cp = c & (0x3fu >> p->utf8_need);
	return false;
}

/* A byte while some are missing; true if *ret_cp is complete.  A byte that does
 * not continue ends the ill-formed sequence and is left (*is_taken false). */
static bool utf8_continue(struct parser *p, uint8_t c, uint32_t *ret_cp, bool *is_taken)
{
	*is_taken = c >= p->utf8_low && c <= p->utf8_high;
	if (!*is_taken) {
		p->utf8_need = 0;
		*ret_cp = REPLACEMENT;
		return true;
	}
	p->utf8_cp = p->utf8_cp << 6 | (c & 0x3f);
	p->utf8_low = 0x80;
	p->utf8_high = 0xbf;
	*ret_cp = p->utf8_cp;
	return --p->utf8_need == 0;
}

/* One code point, well-formed and complete, or 0 bytes.  Leads to nothing that
 * utf8_begin() and utf8_continue() would not come to. */
static inline size_t utf8_quick(const uint8_t *s, const uint8_t *end, uint32_t *ret_cp)
{
	size_t n = (size_t)(end - s);
	uint32_t c = s[0];

	if (c < 0xe0) {
		if (n < 2 || c < 0xc2 || (s[1] & 0xc0) != 0x80)
			return 0;
		*ret_cp = (c & 0x1f) << 6 | (s[1] & 0x3f);
		return 2;
	}
	if (c < 0xf0) {
		if (n < 3 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
			return 0;
		*ret_cp = (c & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
		return *ret_cp >= 0x800 && *ret_cp >> 11 != 0x1b ? 3 : 0;
	}
	if (n < 4 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 || (s[3] & 0xc0) != 0x80)
		return 0;
	*ret_cp = (c & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 | (uint32_t)(s[2] & 0x3f) << 6 |
		  (s[3] & 0x3f);
	return c < 0xf5 && *ret_cp >= 0x10000 && *ret_cp < 0x110000 ? 4 : 0;
}

/* Neighbours of which the second always begins a cluster, by class: the common
 * case, decided without looking at what came before. */
#define CLASS(c) (1u << UNICODE_##c)
#define BREAK_BEHIND                                                                       \
	(CLASS(OTHER) | CLASS(LV) | CLASS(LVT) | CLASS(V) | CLASS(T) | CLASS(PICTOGRAPH) | \
	 CLASS(CONSONANT))
#define BREAK_BEFORE                                                                               \
	(CLASS(OTHER) | CLASS(LV) | CLASS(LVT) | CLASS(L) | CLASS(PICTOGRAPH) | CLASS(CONSONANT) | \
	 CLASS(REGIONAL))

static inline bool props_break(uint8_t prev, uint8_t next)
{
	return BREAK_BEHIND >> unicode_class(prev) & BREAK_BEFORE >> unicode_class(next) & 1;
}

/* Cells one after the other on one row, for as long as nothing unusual comes:
 * no joining, no wrap, no overwriting of wide characters.  Where it stops,
 * print_decoded() does the next one. */
static const uint8_t *print_utf8_run(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	uint32_t style = term_pen(vt);
	struct row *r = term_row(vt, vt->cur.y);
	int limit = print_limit(vt, r);
	int x = vt->cur.x, n_ascii = 0;
	uint32_t cp = 0;
	uint8_t prev = vt->last_props;

	if (vt->cur.is_last || vt->last_x < 0 || x != r->n || !row_open(r, vt->cols))
		return s;
	r->is_plain = false;
	while (s < end && n_ascii < 8) {
		uint32_t next = *s;
		uint8_t props = 1;
		size_t n = 1;

		if (next < 0x80) {
			if (next < 0x20 || next == 0x7f)
				break;
			n_ascii++;
		} else {
			n = utf8_quick(s, end, &next);
			props = n ? unicode_props(next) : 0;
			n_ascii = 0;
		}

		int w = props & UNICODE_WIDTH;

		if (!w || x + w >= limit || !props_break(prev, props) || next < 0x20 ||
		    (next >= 0x80 && next < 0xa0))
			break;
		cp = next;
		prev = props;
		r->cells[x] = (struct cell){ cp | (w == 2 ? CELL_WIDE : 0), style };
		if (w == 2)
			r->cells[x + 1] = (struct cell){ CELL_SPACER, style };
		x += w;
		s += n;
	}
	if (cp) {
		vt->last_x = prev & 2 ? x - 2 : x - 1;
		vt->last_y = vt->cur.y;
		vt->last_cp = cp;
		vt->last_props = prev;
		vt->break_state = 0;
		vt->cur.x = x;
		r->n = (uint16_t)x;
	}
	return s;
}

static void print_wire(struct vt *vt, uint32_t cp)
{
	if (cp >= 0x80 && cp < 0xa0)
		parser_c1(vt, (uint8_t)cp);
	else if (vt->is_simple)
		print_decoded(vt, cp, unicode_props(cp));
	else
		print_code_point(vt, cp);
}

/* Text that is not all ASCII, to the next control or to where only ASCII is in
 * sight.  May leave GROUND (a C1 control). */
const uint8_t *print_utf8(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	struct parser *p = &vt->parser;

	while (s < end && p->state == STATE_GROUND) {
		bool is_taken = true, is_whole;
		uint32_t cp;

		if (p->utf8_need) {
			is_whole = utf8_continue(p, *s, &cp, &is_taken);
		} else if (*s < 0x80) {
			break;
		} else if (!vt->is_utf8) {
			cp = *s;
			is_whole = true;
		} else {
			size_t n = utf8_quick(s, end, &cp);

			is_whole = n || utf8_begin(p, *s, &cp);
			s += n ? n - 1 : 0;
		}
		s += is_taken;
		if (is_whole)
			print_wire(vt, cp);
		if (vt->is_simple && !p->utf8_need && p->state == STATE_GROUND)
			s = print_utf8_run(vt, s, end);
	}
	return s;
}
