#include "vt/print.h"

#include "vt/action.h"
#include "vt/encode.h"
#include "vt/feed.h"
#include "vt/unicode.h"

#include <string.h>

/* --- UTF-8 (Unicode 15, table 3-7 and "maximal subparts") --- */

/* A lead byte, or U+FFFD at once for what cannot be one: true if *ret_cp is
 * complete. */
static bool utf8_begin(struct parser *p, uint8_t c, uint32_t *ret_cp)
{
	*ret_cp = c < 0x80 ? c : PRINT_REPLACEMENT;
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
		*ret_cp = PRINT_REPLACEMENT;
		return true;
	}
	p->utf8_cp = p->utf8_cp << 6 | (c & 0x3f);
	p->utf8_low = 0x80;
	p->utf8_high = 0xbf;
	*ret_cp = p->utf8_cp;
	return --p->utf8_need == 0;
}

/* One code point, well-formed and complete: its bytes; else 0.  Leads to nothing
 * that utf8_begin() and utf8_continue() would not come to. */
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

/* --- clusters --- */

/* Whether a code point of these @props continues what was printed last. */
static bool print_joins(struct vt *vt, uint8_t props)
{
	unsigned width = props & UNICODE_WIDTH;

	if (!term_mode(vt, VT_MODE_GRAPHEME) || vt->last_x < 0)
		return width == 0;
	return !unicode_breaks(&vt->break_state, vt->last_props, props) || width == 0;
}

/* The text of a cell while code points join it. */
struct joining {
	char text[CLUSTER_BYTES_MAX];
	uint32_t n;
	uint32_t base;    /* the code point before, if it is all there was; else 0 */
	bool is_grapheme; /* mode 2027: the cluster decides on the width */
	bool is_wide;
};

static void joining_begin(const struct vt *vt, struct joining *j, struct cell c)
{
	uint32_t value = c.text & CELL_VALUE;

	j->is_wide = c.text & CELL_WIDE;
	j->is_grapheme = term_mode(vt, VT_MODE_GRAPHEME);
	if (c.text & CELL_CLUSTER) {
		const char *old = cluster_text(&vt->clusters, value, &j->n);

		memcpy(j->text, old, j->n);
		j->base = 0;
	} else {
		j->base = value;
		j->n = (uint32_t)(encode_utf8(value ? value : ' ', j->text) - j->text);
	}
}

/* What no longer fits is dropped. */
static void joining_add(struct joining *j, uint32_t cp, uint8_t props)
{
	bool is_emoji = j->base && unicode_props(j->base) & UNICODE_EMOJI;
	bool is_flag = j->base && unicode_class(props) == UNICODE_REGIONAL;

	if (j->n + 4 <= CLUSTER_BYTES_MAX)
		j->n = (uint32_t)(encode_utf8(cp, j->text + j->n) - j->text);
	j->base = 0;
	if (!j->is_grapheme)
		return;
	if ((props & UNICODE_WIDTH) == 2 || is_flag || (is_emoji && cp == 0xfe0f)) {
		j->is_wide = true;
	} else if (is_emoji && cp == 0xfe0e) {
		j->is_wide = false;
	}
}

static void joining_end(struct vt *vt, const struct joining *j, struct row *r, int x)
{
	uint32_t wide = r->cells[x].text & CELL_WIDE, id;

	if (cluster_table_is_full(&vt->clusters))
		term_sweep_clusters(vt);
	id = cluster_intern(&vt->clusters, j->text, j->n);
	if (id != CLUSTER_NONE)
		r->cells[x].text = wide | CELL_CLUSTER | id;
	r->is_mono = r->is_ascii = false;
	if (j->is_wide != !!wide)
		print_set_wide(vt, r, x, j->is_wide);
}

/*
 * @cp joins the cell printed last, and so do those that follow it at @s, as far
 * as they are at hand; they are taken together because a cell's cluster is
 * looked up by its whole text.  Returns what is behind them.
 */
static const uint8_t *print_join(struct vt *vt, uint32_t cp, uint8_t props, const uint8_t *s,
				 const uint8_t *end)
{
	int x = print_previous(vt);
	struct row *r = term_row(vt, vt->cur.y);
	struct joining j;
	size_t n = 0;

	vt->last_props = props;
	if (x < 0 || !row_open(r, vt->cols))
		return s;
	joining_begin(vt, &j, r->cells[x]);
	for (;;) {
		joining_add(&j, cp, props);
		if (s >= end || *s < 0x80 || !(n = utf8_quick(s, end, &cp)) || cp < 0xa0)
			break;
		props = unicode_props(cp);
		if (!print_joins(vt, props)) {
			/* Asking again could get another answer: print it now. */
			joining_end(vt, &j, r, x);
			vt->break_state = 0;
			vt->last_props = props;
			print_cell(vt, cp, (int)(props & UNICODE_WIDTH));
			return s + n;
		}
		vt->last_props = props;
		s += n;
	}
	joining_end(vt, &j, r, x);
	return s;
}

static const uint8_t *print_or_join(struct vt *vt, uint32_t cp, uint8_t props, const uint8_t *s,
				    const uint8_t *end)
{
	if (print_joins(vt, props))
		return print_join(vt, cp, props, s, end);
	vt->break_state = 0;
	vt->last_props = props;
	print_cell(vt, cp, (int)(props & UNICODE_WIDTH));
	return s;
}

void print_decoded(struct vt *vt, uint32_t cp, uint8_t props)
{
	print_or_join(vt, cp, props, NULL, NULL);
}

/* --- runs --- */

/* Classes of which any two may stand side by side and are two clusters, unless
 * something of another class is between them or before. */
#define CLASS(c) (1u << UNICODE_##c)
#define APART (CLASS(OTHER) | CLASS(LV) | CLASS(LVT) | CLASS(PICTOGRAPH) | CLASS(CONSONANT))

static inline bool stands_apart(uint8_t props)
{
	return (APART >> unicode_class(props) & 1) && props & UNICODE_WIDTH;
}

static inline bool is_tail(uint32_t c)
{
	return (c ^ 0x80) < 0x40;
}

/* As utf8_quick(), with 4 bytes at hand; what it leaves out (0) is looked at
 * again. */
static inline size_t utf8_ready(const uint8_t *s, uint32_t *ret_cp)
{
	uint32_t c = s[0], a = s[1], b = s[2];

	if (c < 0xe0) {
		*ret_cp = (c & 0x1f) << 6 | (a & 0x3f);
		return c >= 0xc2 && is_tail(a) ? 2 : 0;
	}
	if (c < 0xf0) {
		uint32_t cp = (c << 12 ^ a << 6 ^ b) ^ (0xe0 << 12 ^ 0x80 << 6 ^ 0x80);

		*ret_cp = cp;
		return is_tail(a) && is_tail(b) && (cp - 0x800 < 0xd000 || cp >= 0xe000) ? 3 : 0;
	}
	return utf8_quick(s, s + 4, ret_cp);
}

#define RUN_ASCII_MAX 16 /* that many in a row are better left to print_ascii() */

/* Where print_run() has come to. */
struct progress {
	const uint8_t *s; /* what was not taken */
	int x;            /* column behind the last cell */
	uint32_t cp;      /* of the last one; 0 = there was none */
	uint8_t props;
};

/* The cells of print_run(), beginning before @limit; there is room for a wide
 * one behind it. */
static struct progress run_cells(struct cell *cells, int x, int limit, uint32_t style,
				 const uint8_t *s, const uint8_t *end)
{
	struct progress p = { .x = x };
	int n_ascii = 0;

	while (end - s >= 4 && x < limit) {
		uint32_t cp = *s;
		uint8_t props = 1;
		size_t n = 1;

		if (cp >= 0x80) {
			n = utf8_ready(s, &cp);
			if (!n)
				break;
			props = unicode_props(cp);
			if (props != 1 && props != 2 && !stands_apart(props))
				break;
			n_ascii = 0;
		} else if (cp < 0x20 || cp == 0x7f || ++n_ascii > RUN_ASCII_MAX) {
			break;
		}
		s += n;
		if (props & 2) {
			cells[x] = (struct cell){ cp | CELL_WIDE, style };
			cells[x + 1] = (struct cell){ CELL_SPACER, style };
			x += 2;
		} else {
			cells[x++] = (struct cell){ cp, style };
		}
		p.cp = cp;
		p.props = props;
	}
	p.s = s;
	p.x = x;
	return p;
}

/*
 * Cells one after the other at the end of a row, for as long as nothing unusual
 * comes: no joining, no wrap, no overwriting, no control.  Where it stops,
 * print_or_join() does the next one.
 */
static const uint8_t *print_run(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	uint32_t style = term_pen(vt);
	struct row *r = term_row(vt, vt->cur.y);
	/* Two columns short of the edge: whatever comes fits without a wrap. */
	int limit = print_limit(vt, r) - 2;
	struct progress p;

	if (vt->cur.is_last || vt->cur.x >= limit || vt->cur.x < r->n || !row_open(r, vt->cols) ||
	    (vt->last_x >= 0 && !stands_apart(vt->last_props)))
		return s;
	p = run_cells(r->cells, vt->cur.x, limit, style, s, end);
	if (p.cp) {
		for (int x = r->n; x < vt->cur.x; x++)
			r->cells[x] = (struct cell){ 0, 0 };
		if (vt->cur.x > r->n)
			r->is_solid = false;
		r->is_mono = r->is_ascii = false;
		r->n = (uint16_t)p.x;
		vt->cur.x = p.x;
		vt->last_x = p.x - (p.props & 2 ? 2 : 1);
		vt->last_y = vt->cur.y;
		vt->last_cp = p.cp;
		vt->last_props = p.props;
		vt->break_state = 0;
	}
	return p.s;
}

/* One code point off the wire. */
static const uint8_t *print_wire(struct vt *vt, uint32_t cp, const uint8_t *s, const uint8_t *end)
{
	if (cp >= 0x80 && cp < 0xa0) {
		parser_c1(vt, (uint8_t)cp);
	} else if (vt->is_simple) {
		s = print_or_join(vt, cp, unicode_props(cp), s, end);
	} else {
		print_code_point(vt, cp);
	}
	return s;
}

/* Text that is not all ASCII, to the next control or to where only ASCII is in
 * sight.  May leave GROUND (a C1 control). */
const uint8_t *print_utf8(struct vt *vt, const uint8_t *s, const uint8_t *end)
{
	struct parser *p = &vt->parser;

	while (s < end && p->state == STATE_GROUND) {
		bool is_taken = true, is_whole;
		uint32_t cp;

		if (vt->is_simple && !p->utf8_need) {
			s = print_run(vt, s, end);
			if (s == end)
				break;
		}
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
			s = print_wire(vt, cp, s, end);
	}
	return s;
}
