/*
 * One row of the grid and the operations inside it.
 *
 * Invariants (row_check):
 *   1. n <= size, and cells is NULL exactly if size is 0.
 *   2. Cells at n and behind are blanks of style 0, whatever memory holds.
 *   3. A CELL_WIDE cell is followed by its CELL_SPACER below n, and a
 *      CELL_SPACER follows a CELL_WIDE.
 *   4. is_ascii only if all cells below n are printable ASCII or blanks; is_solid
 *      only if none is blank; is_mono only if all are of one style.
 *
 * An operation that needs memory and gets none leaves the row as it was.
 * Columns are [from, to), clipped by the caller to the row's width.
 */
#ifndef VT_ROW_H
#define VT_ROW_H

#include "vt/cell.h"
#include "vt/line.h"

struct row {
	struct cell *cells; /* NULL until something is written */
	struct mark *marks; /* LINE_MARKS_MAX of them, or NULL */
	uint64_t age;       /* vt_age() at the last change */
	uint16_t size;      /* cells allocated */
	uint16_t n;         /* cells in use */
	uint8_t flags;      /* enum line_flag */
	uint8_t n_marks;
	bool is_ascii; /* see invariant 4: the text can be copied as bytes */
	bool is_solid;
	bool is_mono;
};

void row_fini(struct row *r);

/* Memory for @cols columns. */
NODISCARD bool row_open(struct row *r, int cols);

/* Ready for [from, to) to be overwritten by the caller: memory is there, cells
 * before are valid, wide characters that straddle an edge are cut.  The cells
 * of the row, or NULL. */
struct cell *row_span(struct row *r, int cols, int from, int to);

/* Blanks of style @blank; to >= cols ends a wrap too. */
void row_erase(struct row *r, int cols, int from, int to, uint32_t blank);

/* As new: blank, unwrapped, single width, no marks. */
void row_clear(struct row *r, int cols, uint32_t blank);

/* Shift [from, to) right or left by @n columns inside itself; blanks come in. */
void row_insert(struct row *r, int cols, int from, int to, int n, uint32_t blank);
void row_delete(struct row *r, int cols, int from, int to, int n, uint32_t blank);

/* What lies at column @cols and behind is gone. */
void row_truncate(struct row *r, int cols);

/* Copy columns; source and destination may be one row and overlap. */
void row_copy(struct row *dst, int at, const struct row *src, int from, int n, int cols);

static inline struct cell row_cell(const struct row *r, int x)
{
	return x < r->n ? r->cells[x] : (struct cell){ 0, 0 };
}

void row_add_mark(struct row *r, const struct mark *m);

void row_check(const struct row *r);

/* The line is one run of bytes. */
static inline bool row_is_plain(const struct row *r)
{
	return r->is_ascii && r->is_solid && r->is_mono;
}

#endif
