/* One row: what differs, in as few bytes as come to mind. */
#include <string.h>

#include "base/utf8.h"
#include "cli/draw_state.h"
#include "vt/unicode.h"

#define REPRINT_MAX 3 /* cells: CSI C is as long */
#define ERASE_MIN 10  /* blanks: ECH and a move behind them cost as much */
#define REPEAT_MIN 10 /* characters of a byte; REP likewise */
#define EL_MIN 4      /* blanks to the end of the line */

static int width_of(struct cell c)
{
	return c.text & CELL_WIDE ? 2 : 1;
}

/* Half a wide character that was overwritten took the other half with it; but
 * then that column differs from what shall be there anyway. */
static void show(struct draw *d, int y, int from, int to)
{
	memcpy(d->shown[y].cells + from, d->next[y].cells + from,
	       (size_t)(to - from) * sizeof(struct cell));
}

static void advance(struct draw *d, int n)
{
	d->at.col += n;
	/* Behind the last column: some wait, some do not. */
	if (d->at.col >= d->cols)
		d->at.col = DRAW_NOWHERE;
}

/* --- going there --- */

static bool is_plain(struct cell c)
{
	return c.text == 0 || (c.text >= 0x20 && c.text < 0x7f);
}

/* Print what stands between, where that is shorter than to jump over it. */
static bool reprint(struct draw *d, int y, int x, struct buf *out)
{
	const struct cell *cells = d->next[y].cells;

	if (d->at.row != y || d->at.col == DRAW_NOWHERE || x <= d->at.col ||
	    x - d->at.col > REPRINT_MAX)
		return false;
	for (int i = d->at.col; i < x; i++) {
		if (!is_plain(cells[i]) || !cell_equal(cells[i], d->shown[y].cells[i]) ||
		    !style_equal(style_get(&d->styles, cells[i].style), &d->pen))
			return false;
	}
	for (int i = d->at.col; i < x; i++)
		buf_put_char(out, (char)(cells[i].text ? cells[i].text : ' '));
	d->prev_props = 1;
	d->at.col = x;
	return true;
}

static void go(struct draw *d, int y, int x, struct buf *out)
{
	if (!reprint(d, y, x, out))
		draw_move(d, y, x, out);
}

/* --- printing --- */

/* Whether the terminal would take @cp for a part of what it printed before. */
static bool joins(const struct draw *d, uint32_t cp)
{
	uint8_t state = 0, props = unicode_props(cp);

	return !unicode_breaks(&state, d->prev_props, props) || !(props & UNICODE_WIDTH);
}

/* If it turns out narrower than we think, nothing old may show beside it. */
static void clear_under(struct draw *d, int y, int x, struct buf *out)
{
	const struct cell *old = d->shown[y].cells + x;
	int n = width_of(d->next[y].cells[x]);

	if (old[0].text == 0 && old[n - 1].text == 0)
		return;
	buf_put(out, "  ", (size_t)n);
	advance(d, n);
	d->prev_props = 1;
	draw_move(d, y, x, out);
}

static int put_cell(struct draw *d, int y, int x, struct buf *out)
{
	struct cell c = d->next[y].cells[x];
	bool is_unsure = draw_is_unsure(d, c);
	char text[DRAW_TEXT_MAX];
	size_t n = draw_cell_text(d, c, text);
	int width = width_of(c);
	uint32_t cp;

	(void)utf8_decode(text, n, &cp);
	go(d, y, x, out);
	draw_pen_id(d, c.style, out);
	if (is_unsure)
		clear_under(d, y, x, out);
	if (joins(d, cp)) {
		d->at.col = DRAW_NOWHERE;
		draw_move(d, y, x, out);
	}
	buf_put(out, text, n);
	show(d, y, x, x + width);
	advance(d, width);
	d->prev_props = unicode_props(cp);
	if (is_unsure) {
		d->at.col = DRAW_NOWHERE;
		if (x + width < d->cols)
			d->shown[y].cells[x + width] = DRAW_UNKNOWN;
	}
	return x + width;
}

/* --- runs --- */

/* Columns from @x on that are all that cell and worth drawing. */
static int run_length(const struct draw *d, int y, int x)
{
	const struct cell *next = d->next[y].cells, *shown = d->shown[y].cells;
	int last = x;

	for (int i = x; i < d->cols && cell_equal(next[i], next[x]); i++) {
		if (!cell_equal(next[i], shown[i]))
			last = i;
	}
	return last - x + 1;
}

/* Without BCE, erasing leaves the terminal's own background. */
static bool can_erase(const struct draw *d, struct cell c)
{
	return c.text == 0 && (c.style == 0 || draw_has(d, TERMCAPS_BCE));
}

static bool put_erased(struct draw *d, int y, int x, int n, struct buf *out)
{
	struct cell c = d->next[y].cells[x];

	if (n < ERASE_MIN || !can_erase(d, c) || !draw_has(d, TERMCAPS_MOVE))
		return false;
	go(d, y, x, out);
	draw_pen_id(d, c.style, out);
	buf_printf(out, "\033[%dX", n);
	show(d, y, x, x + n);
	return true;
}

static bool put_repeated(struct draw *d, int y, int x, int n, struct buf *out)
{
	struct cell c = d->next[y].cells[x];

	if (n < REPEAT_MIN || c.text & (CELL_CLUSTER | CELL_WIDE) || draw_is_unsure(d, c) ||
	    !draw_has(d, TERMCAPS_REPEAT) || joins(d, c.text ? c.text : ' '))
		return false;
	(void)put_cell(d, y, x, out);
	buf_printf(out, "\033[%db", n - 1);
	show(d, y, x + 1, x + n);
	advance(d, n - 1);
	return true;
}

/* First column of the blanks of one look that end the row; cols if none do. */
static int blank_tail(const struct draw *d, int y)
{
	const struct cell *next = d->next[y].cells;
	int x = d->cols;

	while (x > 0 && next[x - 1].text == 0 && cell_equal(next[x - 1], next[d->cols - 1]))
		x--;
	return x;
}

static void erase_to_end(struct draw *d, int y, int x, struct buf *out)
{
	go(d, y, x, out);
	draw_pen_id(d, d->next[y].cells[x].style, out);
	buf_put_str(out, "\033[K");
	show(d, y, x, d->cols);
}

void draw_row(struct draw *d, int y, struct buf *out)
{
	const struct cell *next = d->next[y].cells, *shown = d->shown[y].cells;
	int tail = blank_tail(d, y), x = 0;

	while (x < d->cols) {
		int n;

		if (cell_equal(next[x], shown[x])) {
			x++;
			continue;
		}
		if (next[x].text & CELL_SPACER && x > 0)
			x--;
		n = run_length(d, y, x);
		if (x >= tail && n >= EL_MIN && can_erase(d, next[x])) {
			erase_to_end(d, y, x, out);
			return;
		}
		if (put_erased(d, y, x, n, out) || put_repeated(d, y, x, n, out)) {
			x += n;
		} else {
			x = put_cell(d, y, x, out);
		}
	}
}

/* --- many rows --- */

static bool is_blank_row(const struct draw *d, const struct cell *cells)
{
	for (int i = 0; i < d->cols; i++) {
		if (cells[i].text || cells[i].style)
			return false;
	}
	return true;
}

void draw_blank_end(struct draw *d, struct buf *out)
{
	int first = d->rows, n = 0;

	for (int y = d->rows - 1; y >= 0 && is_blank_row(d, d->next[y].cells); y--) {
		if (is_blank_row(d, d->shown[y].cells))
			continue;
		first = y;
		n++;
	}
	if (n < 2)
		return;
	draw_move(d, first, 0, out);
	draw_pen(d, &style_default, out);
	buf_put_str(out, "\033[J");
	for (int y = first; y < d->rows; y++)
		memset(d->shown[y].cells, 0, (size_t)d->cols * sizeof(struct cell));
}
