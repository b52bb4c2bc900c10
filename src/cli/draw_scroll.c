/*
 * Finds rows that stand on the user's terminal already, only some lines higher
 * or lower, and moves them there.
 *
 * For each distance, the best stretch of rows is the one with the greatest sum
 * (Kadane) of what it saves: the cost of a row that need not be drawn, less that
 * of a row that was right and must be drawn again.
 */
#include <string.h>

#include "cli/draw_state.h"

#define DISTANCE_MAX 200 /* rows */
#define SCROLL_COST 20   /* bytes of the sequences, roughly */
#define ROUNDS 3         /* a screen may be split */

struct move {
	int top, bottom; /* rows of the region, inclusive */
	int by;          /* up by that many rows; negative: down */
	int gain;        /* bytes, roughly */
};

static bool is_right(const struct draw *d, int y)
{
	return d->next[y].hash == d->shown[y].hash;
}

/* Bytes to draw row @y from nothing, roughly. */
static int cost(const struct draw *d, int y)
{
	const struct cell *cells = d->next[y].cells;
	int n = 0;

	for (int x = 0; x < d->cols; x++)
		n += cells[x].text != 0 || cells[x].style != 0;
	return n;
}

/* What is lost by the blank rows that come in at @from .. @to. */
static int loss(const struct draw *d, const int *costs, int from, int to)
{
	int sum = 0;

	for (int y = from; y <= to; y++)
		sum += is_right(d, y) ? costs[y] : 0;
	return sum;
}

static void try_stretch(const struct draw *d, const int *costs, struct move *best,
			const struct move *m)
{
	struct move found = *m;

	if (m->by > 0) {
		found.gain -= loss(d, costs, m->bottom + 1, m->bottom + m->by);
		found.bottom += m->by;
	} else {
		found.gain -= loss(d, costs, m->top + m->by, m->top - 1);
		found.top += m->by;
	}
	if (found.gain > best->gain)
		*best = found;
}

static void try_distance(const struct draw *d, const int *costs, int by, struct move *best)
{
	int from = by > 0 ? 0 : -by, to = by > 0 ? d->rows - by : d->rows;
	struct move run = { .top = from, .by = by };

	for (int y = from; y < to; y++) {
		bool fits = d->next[y].hash == d->shown[y + by].hash;
		int v = is_right(d, y) ? (fits ? 0 : -costs[y]) : (fits ? costs[y] : 0);

		if (run.gain <= 0)
			run = (struct move){ .top = y, .by = by };
		run.gain += v;
		run.bottom = y;
		if (fits && run.gain > best->gain)
			try_stretch(d, costs, best, &run);
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

void draw_scroll(struct draw *d, struct buf *out)
{
	int costs[VT_ROWS_MAX], n_wrong = 0;

	if (!draw_has(d, TERMCAPS_SCROLL) || d->rows > VT_ROWS_MAX)
		return;
	for (int y = 0; y < d->rows; y++) {
		n_wrong += !is_right(d, y);
		costs[y] = cost(d, y);
	}
	for (int round = 0; round < ROUNDS && n_wrong > 2; round++) {
		struct move best = { .gain = SCROLL_COST };
		int max = d->rows - 1 < DISTANCE_MAX ? d->rows - 1 : DISTANCE_MAX;

		for (int by = 1; by <= max; by++) {
			try_distance(d, costs, by, &best);
			try_distance(d, costs, -by, &best);
		}
		if (!best.by)
			return;
		put_scroll(d, &best, out);
		n_wrong = 0;
		for (int y = 0; y < d->rows; y++)
			n_wrong += !is_right(d, y);
	}
}
