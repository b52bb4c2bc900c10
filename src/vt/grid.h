/*
 * A screenful of rows.  Rows are reached through pointers in a window that
 * slides over an array of twice the height, so that scrolling the whole screen
 * moves one pointer and scrolling a region moves a few.
 */
#ifndef VT_GRID_H
#define VT_GRID_H

#include "vt/row.h"

struct grid {
	struct row **rows; /* the window: rows[0] is the top row */
	struct row **ring; /* 2 * n_rows pointers that the window slides over */
	struct row *slab;  /* the n_rows rows themselves */
	int n_rows, n_cols;
	uint64_t scroll_age; /* vt_age() when all rows last moved */
};

NODISCARD bool grid_init(struct grid *g, int cols, int rows);
void grid_fini(struct grid *g);

/* Rows [top, bottom] move up (the first becomes the last) or down, @n times.
 * What they hold is not touched. */
void grid_rotate_up(struct grid *g, int top, int bottom, int n);
void grid_rotate_down(struct grid *g, int top, int bottom, int n);

/* The whole screen up by one: the row that was at the top is now the last. */
static inline struct row *grid_roll(struct grid *g)
{
	struct row *first = g->rows[0];

	if (g->rows == g->ring + g->n_rows) {
		for (int i = 1; i < g->n_rows; i++)
			g->ring[i - 1] = g->rows[i];
		g->rows = g->ring;
	} else {
		g->rows++;
	}
	g->rows[g->n_rows - 1] = first;
	return first;
}

#endif
