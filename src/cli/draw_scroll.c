/*
 * Finds rows that stand on the user's terminal already, only some lines higher
 * or lower, and moves them there.
 *
 * For each distance, the best stretch of rows is the one with the greatest sum
 * (Kadane) of what it saves: the cells of a row that need not be drawn, less
 * those that were right and must be drawn again.  Rows that come from far are
 * only compared as a whole (by hash); those from near also cell by cell, since
 * text often moves beside something that does not (line numbers, a border).
 */
#include <string.h>

#include "cli/draw_state.h"

#define DISTANCE_MAX 200 /* rows */
#define NEAR 3
#define SCROLL_COST 20 /* bytes of the sequences, roughly */
#define ROUNDS 3       /* a screen may be split */

struct move {
	int top, bottom; /* rows of the region, inclusive */
	int by;          /* up by that many rows; negative: down */
	int gain;        /* cells, which are about as many bytes */
};

/* Of each row: what drawing it costs. */
struct costs {
	int blank[VT_ROWS_MAX]; /* on a blank row */
	int here[VT_ROWS_MAX];  /* on what stands there now */
};

static bool is_right(const struct draw *d, int y)
{
	return d->next[y].hash == d->shown[y].hash;
}

/* Cells of next[@y] that are not those of shown[@from]. */
static int difference(const struct draw *d, int y, int from)
{
	const struct cell *a = d->next[y].cells, *b = d->shown[from].cells;
	int n = 0;

	if (d->next[y].hash == d->shown[from].hash)
		return 0;
	for (int x = 0; x < d->cols; x++)
		n += !cell_equal(a[x], b[x]);
	return n;
}

static int blank_cost(const struct draw *d, int y)
{
	const struct cell *cells = d->next[y].cells;
	int n = 0;

	for (int x = 0; x < d->cols; x++)
		n += cells[x].text != 0 || cells[x].style != 0;
	return n;
}

/* What is lost by the blank rows that come in at @from .. @to. */
static int loss(const struct costs *c, int from, int to)
{
	int sum = 0;

	for (int y = from; y <= to; y++)
		sum += c->blank[y] > c->here[y] ? c->blank[y] - c->here[y] : 0;
	return sum;
}

static void try_stretch(const struct costs *c, struct move *best, const struct move *m)
{
	struct move found = *m;

	if (m->by > 0) {
		found.gain -= loss(c, m->bottom + 1, m->bottom + m->by);
		found.bottom += m->by;
	} else {
		found.gain -= loss(c, m->top + m->by, m->top - 1);
		found.top += m->by;
	}
	if (found.gain > best->gain)
		*best = found;
}

/* What is saved when shown[@from] comes to @y. */
static int saving(const struct draw *d, const struct costs *c, int y, int from)
{
	int by = from - y;

	if (d->next[y].hash == d->shown[from].hash)
		return c->here[y];
	if (by <= NEAR && by >= -NEAR)
		return c->here[y] - difference(d, y, from);
	return is_right(d, y) ? -c->blank[y] : 0;
}

static void try_distance(const struct draw *d, const struct costs *c, int by, struct move *best)
{
	int from = by > 0 ? 0 : -by, to = by > 0 ? d->rows - by : d->rows;
	struct move run = { .top = from, .by = by };

	for (int y = from; y < to; y++) {
		int v = saving(d, c, y, y + by);

		if (run.gain <= 0)
			run = (struct move){ .top = y, .by = by };
		run.gain += v;
		run.bottom = y;
		if (v > 0 && run.gain > best->gain)
			try_stretch(c, best, &run);
	}
}

static void rotate(struct draw *d, const struct move *m)
{
	int n = m->bottom - m->top + 1, by = m->by > 0 ? m->by : n + m->by;
	struct draw_row *rows = d->shown + m->top;
	struct cell *blank = NULL;

	/* @by single steps would be as good; rows are few and steps are cheap. */
	for (int i = 0; i < by; i++) {
		struct draw_row first = rows[0];

		memmove(rows, rows + 1, (size_t)(n - 1) * sizeof(*rows));
		rows[n - 1] = first;
	}
	for (int i = 0; i < (m->by > 0 ? m->by : -m->by); i++) {
		struct draw_row *r = &d->shown[m->by > 0 ? m->bottom - i : m->top + i];

		blank = r->cells;
		memset(blank, 0, (size_t)d->cols * sizeof(*blank));
		r->hash = draw_hash(blank, d->cols);
	}
}

static void put_scroll(struct draw *d, const struct move *m, struct buf *out)
{
	bool is_whole = m->top == 0 && m->bottom == d->rows - 1;
	int n = m->by > 0 ? m->by : -m->by;

	/* New rows have the background in use. */
	draw_pen(d, &style_default, out);
	if (!is_whole)
		buf_printf(out, "\033[%d;%dr", m->top + 1, m->bottom + 1);
	if (n == 1) {
		buf_printf(out, "\033[%c", m->by > 0 ? 'S' : 'T');
	} else {
		buf_printf(out, "\033[%d%c", n, m->by > 0 ? 'S' : 'T');
	}
	if (!is_whole) {
		buf_put_str(out, "\033[r");
		d->at = (struct draw_cursor){ 0, 0 };
	}
	d->prev_props = 1;
	rotate(d, m);
}

/* Rows that are not right. */
static int count_costs(const struct draw *d, struct costs *c)
{
	int n = 0;

	for (int y = 0; y < d->rows; y++) {
		n += !is_right(d, y);
		c->blank[y] = blank_cost(d, y);
		c->here[y] = difference(d, y, y);
	}
	return n;
}

void draw_scroll(struct draw *d, struct buf *out)
{
	int max = d->rows - 1 < DISTANCE_MAX ? d->rows - 1 : DISTANCE_MAX;
	struct costs c;

	if (!draw_has(d, TERMCAPS_SCROLL))
		return;
	for (int round = 0; round < ROUNDS && count_costs(d, &c) > 2; round++) {
		struct move best = { .gain = SCROLL_COST };

		for (int by = 1; by <= max; by++) {
			try_distance(d, &c, by, &best);
			try_distance(d, &c, -by, &best);
		}
		if (!best.by)
			return;
		put_scroll(d, &best, out);
	}
}
