#include "vt/rect.h"

#include "vt/charset.h"
#include "vt/edit.h"
#include "vt/sgr.h"

#include <stdio.h>
#include <string.h>

struct rect {
	int top, left, bottom, right; /* inclusive, on the screen */
};

static int clamp(int v, int low, int high)
{
	return v < low ? low : v > high ? high : v;
}

/* Four parameters from @i on; missing or 0 means the edge.  False: it is empty. */
static bool rect_parse(const struct vt *vt, unsigned i, struct rect *ret)
{
	const struct params *p = &vt->parser.params;
	bool is_origin = term_mode(vt, VT_MODE_DECOM);
	int top = is_origin ? vt->top : 0, left = is_origin ? vt->left : 0;
	int bottom = is_origin ? vt->bottom : vt->rows - 1;
	int right = is_origin ? vt->right : vt->cols - 1;
	int v[4];

	for (unsigned k = 0; k < 4; k++)
		v[k] = param(p, i + k, 0);
	ret->top = v[0] ? clamp(v[0] - 1 + top, top, bottom) : top;
	ret->left = v[1] ? clamp(v[1] - 1 + left, left, right) : left;
	ret->bottom = v[2] ? clamp(v[2] - 1 + top, top, bottom) : bottom;
	ret->right = v[3] ? clamp(v[3] - 1 + left, left, right) : right;
	return ret->top <= ret->bottom && ret->left <= ret->right;
}

void rect_fill(struct vt *vt)
{
	int c = param(&vt->parser.params, 0, ' ');
	struct rect a;

	if (!((c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c <= 0xff)) || !rect_parse(vt, 1, &a))
		return;

	uint32_t style = term_pen(vt);
	uint8_t set = vt->cur.g[c < 0x80 ? vt->cur.gl : vt->cur.gr];
	uint32_t cp = (uint32_t)c;

	if (c < 0x80 || !vt->is_utf8)
		cp = set == CHARSET_ASCII ? cp : charset_map(set, cp & 0x7f);
	if (cp == 0x7f)
		return; /* of 94 characters, 0xff is none */
	for (int y = a.top; y <= a.bottom; y++) {
		struct row *r = term_row(vt, y);
		int to = term_clip(vt, r, a.right + 1);
		struct cell *cells = a.left < to ? row_span(r, vt->cols, a.left, to) : NULL;

		for (int x = a.left; cells && x < to; x++)
			cells[x] = (struct cell){ cp, style };
	}
}

void rect_erase(struct vt *vt, bool is_selective)
{
	struct rect a;

	if (!rect_parse(vt, 0, &a))
		return;
	for (int y = a.top; y <= a.bottom; y++)
		edit_erase_rect(vt, y, a.left, a.right + 1, is_selective);
}

void rect_copy(struct vt *vt)
{
	const struct params *p = &vt->parser.params;
	bool is_origin = term_mode(vt, VT_MODE_DECOM);
	struct rect a;

	if (!rect_parse(vt, 0, &a))
		return;

	/* Parameters 4 and 7 are pages, of which there is one. */
	int row = param_count(p, 5) - 1 + (is_origin ? vt->top : 0);
	int col = param_count(p, 6) - 1 + (is_origin ? vt->left : 0);
	int max_row = is_origin ? vt->bottom : vt->rows - 1;
	int max_col = is_origin ? vt->right : vt->cols - 1;

	row = clamp(row, 0, max_row);
	col = clamp(col, 0, max_col);

	int n_rows = clamp(a.bottom - a.top + 1, 0, max_row - row + 1);
	int n_cols = clamp(a.right - a.left + 1, 0, max_col - col + 1);

	for (int i = 0; i < n_rows; i++) {
		int k = row > a.top ? n_rows - 1 - i : i; /* overlapping: far end first */

		struct row *to = term_row(vt, row + k);
		int n = term_clip(vt, to, col + n_cols) - col;

		if (n > 0)
			row_copy(to, col, vt->grid->rows[a.top + k], a.left, n, vt->cols);
	}
}

/* --- DECCARA, DECRARA --- */

#define RECT_ATTRS                                                                  \
	(STYLE_BOLD | STYLE_BLINK | STYLE_RAPID | STYLE_INVERSE | STYLE_INVISIBLE | \
	 STYLE_UNDERLINE_MASK)

static uint16_t toggled_attr(int v)
{
	switch (v) {
	case 0:
		return STYLE_BOLD | STYLE_BLINK | STYLE_INVERSE | STYLE_INVISIBLE |
		       UNDERLINE_SINGLE << STYLE_UNDERLINE_SHIFT;
	case 1:
		return STYLE_BOLD;
	case 4:
		return UNDERLINE_SINGLE << STYLE_UNDERLINE_SHIFT;
	case 5:
		return STYLE_BLINK;
	case 7:
		return STYLE_INVERSE;
	case 8:
		return STYLE_INVISIBLE;
	default:
		return 0;
	}
}

static void change_style(struct style *s, const struct params *p, bool is_toggle)
{
	struct style to = *s;

	if (is_toggle) {
		for (unsigned i = 4; i < p->n; i++)
			s->attrs ^= toggled_attr(param(p, i, 0));
		return;
	}
	for (unsigned i = 4; i < p->n || i == 4; i++) {
		if (param(p, i, 0) == 0)
			to.attrs &= (uint16_t)~RECT_ATTRS;
	}
	if (p->n > 4 && param(p, 4, 0) != 0)
		sgr_apply(&to, p, 4);
	*s = to;
}

static void change_cells(struct vt *vt, int y, int from, int to, bool is_toggle)
{
	struct row *r = term_row(vt, y);
	struct cell *cells;
	uint32_t old = STYLE_NONE, new = 0;

	to = term_clip(vt, r, to);
	cells = from < to ? row_span(r, vt->cols, from, to) : NULL;
	for (int x = from; cells && x < to; x++) {
		if (cells[x].style != old) {
			struct style s = *style_get(&vt->styles, cells[x].style);

			old = cells[x].style;
			change_style(&s, &vt->parser.params, is_toggle);
			new = term_intern(vt, &s);
		}
		cells[x].style = new;
	}
}

void rect_attributes(struct vt *vt, bool is_toggle)
{
	bool is_stream = vt->change_extent != 2;
	struct rect a;

	if (!rect_parse(vt, 0, &a) && !is_stream)
		return;
	for (int y = a.top; y <= a.bottom; y++) {
		int from = is_stream && y != a.top ? 0 : a.left;
		int to = is_stream && y != a.bottom ? vt->cols : a.right + 1;

		if (from < to)
			change_cells(vt, y, from, to, is_toggle);
	}
}

/* --- DECRQCRA, as xterm computes it --- */

enum checksum_flag {
	SUM_POSITIVE = 1, /* do not negate */
	SUM_NO_ATTRS = 2,
	SUM_NO_TRIM = 4, /* count trailing blanks */
	SUM_DRAWN = 8,   /* count cells never written, as blanks */
	SUM_UNICODE = 16 /* the code points, not the bytes of the character set */
};

/* Protected cells count like others: the manuals are silent, and conformance
 * tests expect it. */
static int attrs_sum(const struct style *s)
{
	int sum = 0;

	sum += s->attrs & STYLE_INVISIBLE ? 0x08 : 0;
	sum += style_underline(s) != UNDERLINE_NONE ? 0x10 : 0;
	sum += s->attrs & STYLE_INVERSE ? 0x20 : 0;
	sum += s->attrs & STYLE_BLINK ? 0x40 : 0;
	sum += s->attrs & STYLE_BOLD ? 0x80 : 0;
	return sum;
}

static int cell_sum(const struct vt *vt, struct cell c)
{
	uint32_t cp = c.text & CELL_VALUE;

	if (c.text & CELL_CLUSTER) {
		uint32_t n;
		const char *text = cluster_text(&vt->clusters, cp, &n);

		cp = 0;
		for (uint32_t i = 0; i < n; i++)
			cp += (uint8_t)text[i];
		return (int)cp;
	}
	if (cell_is_blank(c) || c.text & CELL_SPACER)
		return ' ';
	if (!(vt->checksum_flags & SUM_UNICODE) && charset_graphics_byte(cp))
		return charset_graphics_byte(cp);
	return (int)cp;
}

struct sum {
	int total, trimmed;
	int embedded; /* blanks that count once something follows them */
	bool is_first;
};

/*
 * One difference from newer xterms: these skip what was never written, also as
 * the first cell of the rectangle, where they do count a written blank; up to
 * patch 278, and here, it counts as a blank in both cases.
 */
static void sum_cell(const struct vt *vt, struct cell c, struct sum *sum)
{
	const struct style *style = style_get(&vt->styles, c.style);
	uint8_t flags = vt->checksum_flags;
	uint16_t seen = STYLE_BOLD | STYLE_BLINK | STYLE_INVERSE | STYLE_UNDERLINE_MASK;

	int v = cell_sum(vt, c);

	if (!(flags & SUM_NO_ATTRS))
		v += attrs_sum(style);
	if (sum->is_first || v != ' ' || style->attrs & seen) {
		sum->trimmed += v + sum->embedded;
		sum->embedded = 0;
	} else if (flags & SUM_NO_TRIM) {
		sum->embedded += v;
	}
	sum->total += v;
	sum->is_first = flags & SUM_NO_TRIM;
}

void rect_checksum(struct vt *vt)
{
	struct sum sum = { .is_first = true };
	struct rect a;

	if (rect_parse(vt, 2, &a)) {
		for (int y = a.top; y <= a.bottom; y++) {
			for (int x = a.left; x <= a.right; x++)
				sum_cell(vt, row_cell(vt->grid->rows[y], x), &sum);
			if (!(vt->checksum_flags & SUM_NO_TRIM)) {
				sum.embedded = 0;
				sum.is_first = false;
			}
		}
	}

	int v = vt->checksum_flags & SUM_NO_TRIM ? sum.total : sum.trimmed;

	if (!(vt->checksum_flags & SUM_POSITIVE))
		v = -v;
	term_replyf(vt, "\033P%d!~%04X\033\\", param(&vt->parser.params, 0, 0),
		    (unsigned)v & 0xffff);
}

/* XTREPORTSGR: the looks that all cells of the rectangle share. */
void rect_report_sgr(struct vt *vt)
{
	struct style common = { .attrs = 0 };
	bool is_first = true;
	char text[SGR_TEXT_MAX];
	struct rect a;

	if (!rect_parse(vt, 0, &a))
		return;
	for (int y = a.top; y <= a.bottom; y++) {
		for (int x = a.left; x <= a.right; x++) {
			const struct style *s =
				style_get(&vt->styles, row_cell(vt->grid->rows[y], x).style);

			if (is_first)
				common = *s;
			common.fg = common.fg == s->fg ? s->fg : COLOR_DEFAULT;
			common.bg = common.bg == s->bg ? s->bg : COLOR_DEFAULT;
			common.attrs &= s->attrs;
			is_first = false;
		}
	}
	sgr_format(&common, text);
	term_replyf(vt, "\033[%sm", text);
}
