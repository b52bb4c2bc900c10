/*
 * Moving the user's cursor, the shortest way.  Relative ways are used only where
 * the position is known; after the last column was written it is not (some
 * terminals wait there, some do not).
 */
#include <stdio.h>
#include <string.h>

#include "cli/draw_state.h"

#define WAY_MAX 48 /* bytes of the longest way, with room */
#define REPEAT_MAX 6

struct way {
	char text[WAY_MAX];
	size_t n;
};

static void take_if_shorter(struct way *best, const struct way *other)
{
	if (other->n < best->n)
		*best = *other;
}

/* CSI n @final; n = 1 is left out. */
static struct way csi(int n, char final)
{
	struct way w;
	int len = n == 1 ? snprintf(w.text, sizeof(w.text), "\033[%c", final)
			 : snprintf(w.text, sizeof(w.text), "\033[%d%c", n, final);

	w.n = (size_t)len;
	return w;
}

static struct way repeat(char c, int n)
{
	struct way w = { .n = WAY_MAX };

	if (n <= REPEAT_MAX) {
		memset(w.text, c, (size_t)n);
		w.n = (size_t)n;
	}
	return w;
}

static struct way absolute(int row, int col)
{
	struct way w;
	int n;

	if (col) {
		n = snprintf(w.text, sizeof(w.text), "\033[%d;%dH", row + 1, col + 1);
	} else if (row) {
		n = snprintf(w.text, sizeof(w.text), "\033[%dH", row + 1);
	} else {
		n = snprintf(w.text, sizeof(w.text), "\033[H");
	}
	w.n = (size_t)n;
	return w;
}

/* .n is WAY_MAX where there is none. */
static struct way vertical(const struct draw *d, int row)
{
	int by = row - d->at.row;
	struct way best = { .n = by ? WAY_MAX : 0 }, w;

	if (!by || d->at.row == DRAW_NOWHERE)
		return best;
	best = csi(by > 0 ? by : -by, by > 0 ? 'B' : 'A');
	if (by > 0) {
		/* Not from the last row, which cannot be: row is below. */
		w = repeat('\n', by);
		take_if_shorter(&best, &w);
	}
	if (draw_has(d, TERMCAPS_MOVE)) {
		w = csi(row + 1, 'd');
		take_if_shorter(&best, &w);
	}
	return best;
}

static struct way horizontal(const struct draw *d, int col)
{
	int by = col - d->at.col;
	struct way best = { .n = WAY_MAX }, w;

	if (d->at.col == col)
		return (struct way){ .n = 0 };
	if (d->at.col != DRAW_NOWHERE) {
		best = csi(by > 0 ? by : -by, by > 0 ? 'C' : 'D');
		w = repeat('\b', by < 0 ? -by : REPEAT_MAX + 1);
		take_if_shorter(&best, &w);
	}
	if (draw_has(d, TERMCAPS_MOVE)) {
		w = csi(col + 1, 'G');
		take_if_shorter(&best, &w);
	}
	if (!col) {
		w = repeat('\r', 1);
		take_if_shorter(&best, &w);
	}
	return best;
}

void draw_move(struct draw *d, int row, int col, struct buf *out)
{
	struct way down, across, best;

	if (d->at.row == row && d->at.col == col)
		return;
	best = absolute(row, col);
	down = vertical(d, row);
	across = horizontal(d, col);
	/* Back to the margin first: moving down from behind the last column is
	 * where terminals differ. */
	if (down.n + across.n < best.n) {
		buf_put(out, across.text, across.n);
		buf_put(out, down.text, down.n);
	} else {
		buf_put(out, best.text, best.n);
	}
	d->at = (struct draw_cursor){ row, col };
	d->prev_props = 1;
}
