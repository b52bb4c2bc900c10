#include "vt/grid.h"

#include "base/mem.h"

#include <string.h>

bool grid_init(struct grid *g, int cols, int rows)
{
	*g = (struct grid){ .n_rows = rows, .n_cols = cols };
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers it is */
	g->ring = mem_zalloc((size_t)rows * 2, sizeof *g->ring);
	g->slab = mem_zalloc((size_t)rows, sizeof *g->slab);
	g->rows = g->ring;
	if (!g->ring || !g->slab) {
		grid_fini(g);
		return false;
	}
	for (int y = 0; y < rows; y++) {
		g->rows[y] = &g->slab[y];
		row_clear(&g->slab[y], cols, 0);
	}
	return true;
}

void grid_fini(struct grid *g)
{
	if (g->slab) {
		for (int y = 0; y < g->n_rows; y++)
			row_fini(&g->slab[y]);
	}
	mem_free(g->slab);
	mem_free(g->ring);
	memset(g, 0, sizeof *g);
}

static void reverse(struct row **rows, int from, int to)
{
	for (; from < to; from++, to--) {
		struct row *r = rows[from];

		rows[from] = rows[to];
		rows[to] = r;
	}
}

void grid_rotate_up(struct grid *g, int top, int bottom, int n)
{
	if (n == 1) {
		struct row *first = g->rows[top];

		/* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
		memmove(&g->rows[top], &g->rows[top + 1], (size_t)(bottom - top) * sizeof *g->rows);
		g->rows[bottom] = first;
		return;
	}
	reverse(g->rows, top, top + n - 1);
	reverse(g->rows, top + n, bottom);
	reverse(g->rows, top, bottom);
}

void grid_rotate_down(struct grid *g, int top, int bottom, int n)
{
	grid_rotate_up(g, top, bottom, bottom - top + 1 - n);
}
