#include "vt/snapshot_paint.h"

#include "base/utf8.h"
#include "vt/sgr.h"
#include "vt/unicode.h"

#include <string.h>

static const struct style no_style;

static int width_of(const struct painter *p, const struct line_view *v)
{
	int width = v->flags & LINE_DOUBLE ? (p->cols + 1) / 2 : p->cols;

	return width < p->limit ? width : p->limit;
}

void paint_goto(struct painter *p, int y, int x)
{
	if (p->x == x && p->y == y && !p->is_pending)
		return;
	if (p->y == y && x == 0 && !p->has_margins) {
		buf_put_char(p->out, '\r');
	} else if (p->y == y) {
		buf_printf(p->out, "\033[%dG", x - p->left + 1);
	} else {
		buf_printf(p->out, "\033[%d;%dH", y - p->top + 1, x - p->left + 1);
	}
	p->x = x;
	p->y = y;
	p->is_pending = false;
	p->is_joining = false;
}

static bool is_same_link(const struct link *a, const struct link *b)
{
	return a == b || (a && b && !strcmp(a->uri, b->uri) && !strcmp(a->id, b->id));
}

static void put_link(struct painter *p, const struct link *link)
{
	p->link = link;
	if (!link) {
		buf_put_str(p->out, "\033]8;;\033\\");
	} else if (*link->id) {
		buf_printf(p->out, "\033]8;id=%s;%s\033\\", link->id, link->uri);
	} else {
		buf_printf(p->out, "\033]8;;%s\033\\", link->uri);
	}
}

void paint_pen(struct painter *p, const struct style *style, const struct link *link)
{
	uint16_t changed = style->attrs ^ p->pen.attrs;
	char text[SGR_TEXT_MAX];
	struct style old = p->pen;

	p->pen = *style;
	p->pen.link = 0;
	old.attrs = (uint16_t)((old.attrs & ~STYLE_PROTECTED) | (style->attrs & STYLE_PROTECTED));
	if (!style_equal(&p->pen, &old)) {
		sgr_format(style, text);
		buf_printf(p->out, "\033[%sm", strcmp(text, "0") ? text : "");
	}
	if (changed & STYLE_PROTECTED) {
		buf_printf(p->out, "\033[%d\"q", !!(style->attrs & STYLE_PROTECTED));
		p->has_protected = true;
		p->is_joining = false;
	}
	if (!is_same_link(link, p->link))
		put_link(p, link);
}

/* The cursor behind @n columns just printed on a line of @width. */
static void advance(struct painter *p, int n, int width)
{
	p->x += n;
	if (p->x >= width) {
		p->x = width - 1;
		p->is_pending = true;
	}
}

static void set_grapheme(struct painter *p, bool is_on)
{
	if (p->is_grapheme == is_on)
		return;
	buf_put_str(p->out, is_on ? "\033[?2027h" : "\033[?2027l");
	p->is_grapheme = is_on;
	p->is_joining = false;
}

/* One cell's text.  Where the receiver would take its first character for a
 * part of the cell before, ST, which does nothing, keeps them apart. */
static void put_cell(struct painter *p, const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint8_t props;
		uint32_t cp;
		size_t len = utf8_decode(text + i, n - i, &cp);

		props = unicode_props(cp);
		if (i) {
			unicode_breaks(&p->break_state, p->last_props, props);
		} else {
			if (p->is_joining && p->is_grapheme &&
			    !unicode_breaks(&p->break_state, p->last_props, props))
				buf_put_str(p->out, "\033\\");
			p->break_state = 0;
		}
		p->last_props = props;
		i += len;
	}
	p->is_joining = true;
	buf_put(p->out, text, n);
}

/* Columns that a cluster takes when it is printed with mode 2027, given room. */
static int grapheme_width(const char *text, size_t n)
{
	uint32_t first, cp;
	size_t i = utf8_decode(text, n, &first);
	bool is_second = true, is_emoji = unicode_props(first) & UNICODE_EMOJI;
	bool is_wide = unicode_width(first) == 2;

	for (; i < n; is_second = false) {
		uint8_t props;

		i += utf8_decode(text + i, n - i, &cp);
		props = unicode_props(cp);
		if ((props & UNICODE_WIDTH) == 2)
			is_wide = true;
		if (is_second && unicode_class(props) == UNICODE_REGIONAL)
			is_wide = true;
		if (is_second && is_emoji && (cp == 0xfe0f || cp == 0xfe0e))
			is_wide = cp == 0xfe0f;
	}
	return is_wide ? 2 : 1;
}

/* Whether printing it without mode 2027 makes one cell of @width. */
static bool is_legacy_cell(const char *text, size_t n, int width)
{
	uint32_t cp;
	size_t i = utf8_decode(text, n, &cp);

	if ((int)unicode_width(cp) != width)
		return false;
	while (i < n) {
		i += utf8_decode(text + i, n - i, &cp);
		if (unicode_width(cp))
			return false;
	}
	return true;
}

/* A cluster that would be wide, in one column: it came to be at the right edge,
 * and does so again.  Deleting what is before it, which is blank so far, brings
 * it here. */
static void put_from_edge(struct painter *p, const char *text, size_t n, int width)
{
	buf_printf(p->out, "\033[%dG", width);
	p->is_joining = false;
	put_cell(p, text, n);
	paint_pen(p, &no_style, NULL);
	buf_printf(p->out, "\033[%dG\033[%dP\033[C", p->x + 1, width - 1 - p->x);
	p->is_joining = false;
}

static void put_cluster(struct painter *p, const char *text, size_t n, int n_cols, int width)
{
	bool is_last = p->x == width - 1;
	int natural = grapheme_width(text, n);

	if (natural == n_cols || (is_last && n_cols == 1)) {
		put_cell(p, text, n);
	} else if (is_legacy_cell(text, n, n_cols)) {
		set_grapheme(p, false);
		put_cell(p, text, n);
		set_grapheme(p, true);
	} else if (n_cols == 1) {
		put_from_edge(p, text, n, width);
	} else {
		put_cell(p, text, n);
		p->x = p->x + natural < width ? -1 : p->x;
	}
	if (p->x >= 0)
		advance(p, n_cols, width);
}

/* Look of erased cells: a background and nothing else. */
static bool is_erased(const struct style *s)
{
	return !(s->fg | s->underline | s->attrs | s->link);
}

/* DECCARA gives blanks a look without making them characters; blanks of the
 * default look it makes a part of the line. */
static void put_look(struct painter *p, int y, int x, int n_cols, const struct style *style)
{
	char text[SGR_TEXT_MAX];

	x -= p->left;
	y -= p->top;
	sgr_format(style, text);
	buf_printf(p->out, "\033[%d;%d;%d;%d;%s$r", y + 1, x + 1, y + 1, x + n_cols,
		   text[1] == ';' ? text + 2 : text);
	p->is_joining = false;
}

/* Nothing erases to these blanks; spaces look the same. */
static bool is_space(const struct line_run *r)
{
	return r->link || r->style.attrs & STYLE_PROTECTED;
}

static void put_blanks(struct painter *p, const struct line_run *r, int n_cols, int width)
{
	int x = p->x;

	if (style_is_default(&r->style) && !r->link)
		return;
	if (p->is_flowing || is_space(r)) {
		paint_pen(p, &r->style, r->link);
		for (int i = 0; i < n_cols; i++)
			put_cell(p, " ", 1);
		advance(p, n_cols, width);
	} else if (is_erased(&r->style) && !p->pen.attrs) {
		paint_pen(p, &r->style, NULL);
		buf_printf(p->out, "\033[%dX", n_cols);
		p->is_pending = false;
		p->is_joining = false;
	} else {
		put_look(p, p->y, x, n_cols, &r->style);
	}
}

/* Bytes of the first @n_cols columns of a run (of @r->n_cols). */
static size_t run_bytes(const struct line_run *r, const char *text, int n_cols)
{
	int n = r->form == LINE_WIDE ? n_cols / 2 : n_cols;
	size_t i = 0;

	if (n_cols >= r->n_cols)
		return r->n_bytes;
	while (n-- > 0 && i < r->n_bytes) {
		uint32_t cp;

		i += utf8_decode(text + i, r->n_bytes - i, &cp);
	}
	return i;
}

static void put_chars(struct painter *p, const char *text, size_t n, int cell, int width)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = utf8_decode(text + i, n - i, &cp);

		put_cell(p, text + i, len);
		advance(p, cell, width);
		i += len;
	}
}

static void put_run(struct painter *p, const struct line_run *r, const char *text, int n_cols,
		    int width)
{
	if (r->form == LINE_BLANK) {
		put_blanks(p, r, n_cols, width);
		return;
	}
	paint_pen(p, &r->style, r->link);
	if (r->form != LINE_CLUSTER) {
		put_chars(p, text, run_bytes(r, text, n_cols), r->form == LINE_WIDE ? 2 : 1, width);
	} else if (n_cols == r->n_cols) {
		put_cluster(p, text, r->n_bytes, n_cols, width);
	}
}

/* ESC # for the line's size, if it is not single; the cursor is on it. */
static void put_size(struct painter *p, const struct line_view *v)
{
	if (!(v->flags & LINE_DOUBLE))
		return;
	buf_put_str(p->out, v->flags & LINE_DHL_TOP      ? "\033#3"
			    : v->flags & LINE_DHL_BOTTOM ? "\033#4"
							 : "\033#6");
	p->is_joining = false;
}

static void put_runs(struct painter *p, int y, const struct line_view *v)
{
	const char *text = v->text;
	int width = width_of(p, v), col = 0;

	for (uint32_t i = 0; i < v->n_runs && col < width; i++) {
		const struct line_run *r = &v->runs[i];
		int n = col + r->n_cols <= width ? r->n_cols : width - col;

		if (!(r->form == LINE_BLANK && style_is_default(&r->style) && !r->link))
			paint_goto(p, y, col);
		put_run(p, r, text, n, width);
		text += r->n_bytes;
		col += r->n_cols;
	}
}

void paint_line(struct painter *p, int y, const struct line_view *v)
{
	paint_goto(p, y, 0);
	put_size(p, v);
	put_runs(p, y, v);
}

static void leave_row(struct painter *p, int y)
{
	p->y = y;
	p->x = -1;
	p->is_pending = false;
	p->is_joining = false;
	paint_goto(p, y, 0);
}

/* Wrap from the end of the line on row @y: a character goes to the row below,
 * or, where nothing stands in the last column, a wide one, for which there is
 * no room. */
static void put_wrap(struct painter *p, const struct line_view *v)
{
	int width = width_of(p, v), y = p->y;

	paint_pen(p, &no_style, NULL);
	if (!p->is_pending)
		paint_goto(p, y, width - 1);
	if (p->is_joining)
		buf_put_str(p->out, "\033\\");
	buf_put_str(p->out, p->is_pending ? "x" : "\xe3\x80\x80"); /* ideographic space */
	p->is_joining = false;
}

/* Blanks at the end of a wrapped line are a part of it, and the one in the last
 * column has a look; put_wrap() knew neither. */
static void restore_last_blank(struct painter *p, int y, const struct line_view *v)
{
	const struct line_run *r = v->n_runs ? &v->runs[v->n_runs - 1] : NULL;

	/* One with a link or protection was painted as a space. */
	if (!r || r->form != LINE_BLANK || r->link || r->style.attrs & STYLE_PROTECTED)
		return;
	if ((int)v->n_cols <= width_of(p, v))
		put_look(p, y, (int)v->n_cols - 1, 1, &r->style);
}

void paint_wrap(struct painter *p, const struct line_view *v)
{
	int y = p->y;

	if (width_of(p, v) < 2 && !p->is_pending) {
		buf_put_str(p->out, "\r\n");
		leave_row(p, y < p->rows - 1 ? y + 1 : y);
		return;
	}
	put_wrap(p, v);
	if (y == p->rows - 1 && p->rows > 1) { /* it scrolled */
		restore_last_blank(p, y - 1, v);
	} else if (y < p->rows - 1) {
		restore_last_blank(p, y, v);
		y++;
	}
	leave_row(p, y);
	buf_put_str(p->out, "\033[K");
}

void paint_wrap_last_row(struct painter *p, const struct line_view *v)
{
	int y = p->rows - 1;

	/* Below the bottom margin nothing scrolls: the character that wraps comes to
	 * stand in front on the same row, and is painted over. */
	if (p->rows < 3 || width_of(p, v) < 3)
		return;
	buf_printf(p->out, "\033[1;%dr", p->rows - 1);
	p->y = p->x = 0;
	p->is_pending = p->is_joining = false;
	if (!paint_cell(p, y, width_of(p, v) - 1, v))
		paint_goto(p, y, 0);
	put_wrap(p, v);
	leave_row(p, y);
	buf_put_str(p->out, "\033[2X");
	restore_last_blank(p, y, v);
	put_runs(p, y, v);
	buf_put_str(p->out, "\033[r");
	p->y = p->x = 0;
	p->is_pending = p->is_joining = false;
}

/* The run that covers column @x; @ret_col where it begins, @ret_text its text. */
static const struct line_run *find_run(const struct line_view *v, int x, int *ret_col,
				       const char **ret_text)
{
	const char *text = v->text;
	int col = 0;

	for (uint32_t i = 0; i < v->n_runs; i++) {
		if (x < col + v->runs[i].n_cols) {
			*ret_col = col;
			*ret_text = text;
			return &v->runs[i];
		}
		text += v->runs[i].n_bytes;
		col += v->runs[i].n_cols;
	}
	return NULL;
}

bool paint_is_protected(const struct line_view *v, int x)
{
	int col;
	const char *text;
	const struct line_run *r = find_run(v, x, &col, &text);

	return r && r->style.attrs & STYLE_PROTECTED;
}

bool paint_cell(struct painter *p, int y, int x, const struct line_view *v)
{
	int width = width_of(p, v), col, cell, at;
	const char *text;
	const struct line_run *r = find_run(v, x, &col, &text);
	struct line_run one;

	if (!r || (r->form == LINE_BLANK && !is_space(r)))
		return false;
	cell = r->form == LINE_WIDE ? 2 : r->form == LINE_CLUSTER ? r->n_cols : 1;
	at = x - col - (x - col) % cell;
	if (col + at + cell > width)
		return false;
	/* put_from_edge() would move the rest of the line. */
	if (r->form == LINE_CLUSTER && col + at < width - 1 &&
	    grapheme_width(text, r->n_bytes) != cell && !is_legacy_cell(text, r->n_bytes, cell))
		return false;
	one = *r;
	if (r->form != LINE_CLUSTER) {
		size_t skip = run_bytes(r, text, at);

		text += skip;
		one.n_bytes -= (uint32_t)skip;
		one.n_cols = (uint16_t)(r->n_cols - at);
		one.n_bytes = (uint32_t)run_bytes(&one, text, cell);
		one.n_cols = (uint16_t)cell;
	}
	paint_goto(p, y, col + at);
	put_run(p, &one, text, cell, width);
	return true;
}

bool paint_pending(struct painter *p, int y, int x, const struct line_view *v)
{
	const struct line_run *r;
	const char *text;
	int col;

	if (paint_cell(p, y, x, v))
		return true;
	if (v->flags & LINE_WRAPPED)
		return false;
	/* What stood there has been erased since: a character, and a rectangle that
	 * erases it. */
	r = find_run(v, x, &col, &text);
	paint_goto(p, y, x);
	paint_pen(p, &no_style, NULL);
	put_cell(p, " ", 1);
	y -= p->top;
	buf_printf(p->out, "\033[%d;%d;%d;%d$z", y + 1, x - p->left + 1, y + 1, x - p->left + 1);
	if (r && !style_is_default(&r->style))
		put_look(p, y + p->top, x, 1, &r->style);
	p->is_pending = true;
	p->is_joining = false;
	return true;
}
