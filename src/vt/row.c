#include "vt/row.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

void row_fini(struct row *r)
{
	mem_free(r->cells);
	mem_free(r->marks);
	memset(r, 0, sizeof *r);
}

bool row_open(struct row *r, int cols)
{
	if (r->size >= cols)
		return true;

	struct cell *cells = mem_zalloc((size_t)cols, sizeof *cells);

	if (!cells)
		return false;
	if (r->n)
		memcpy(cells, r->cells, r->n * sizeof *cells);
	mem_free(r->cells);
	r->cells = cells;
	r->size = (uint16_t)cols;
	return true;
}

/* Both halves of a wide character that the edge before @x cuts become blanks. */
static void row_cut(struct row *r, int x)
{
	if (x > 0 && x < r->n && (r->cells[x].text & CELL_SPACER)) {
		r->cells[x - 1].text = 0;
		r->cells[x].text = 0;
		r->is_mono = r->is_ascii = false;
	}
}

static void row_fill(struct row *r, int from, int to, struct cell c)
{
	for (int x = from; x < to; x++)
		r->cells[x] = c;
}

/* Columns from n up to @to come into use as blanks. */
static void row_extend(struct row *r, int to)
{
	if (r->n < to) {
		memset(&r->cells[r->n], 0, (size_t)(to - r->n) * sizeof *r->cells);
		r->n = (uint16_t)to;
		r->is_mono = r->is_ascii = false;
	}
}

struct cell *row_span(struct row *r, int cols, int from, int to)
{
	if (!row_open(r, cols))
		return NULL;
	row_cut(r, from);
	row_cut(r, to);
	row_extend(r, to);
	r->is_mono = r->is_ascii = false;
	return r->cells;
}

void row_erase(struct row *r, int cols, int from, int to, uint32_t blank)
{
	if (to >= cols)
		r->flags &= (uint8_t)~LINE_WRAPPED;
	if (blank == 0 && to >= r->n) {
		row_cut(r, from);
		if (from < r->n)
			r->n = (uint16_t)from;
		if (r->n == 0)
			r->is_mono = r->is_solid = r->is_ascii = true;
		return;
	}

	struct cell *cells = row_span(r, cols, from, to);

	if (cells)
		row_fill(r, from, to, (struct cell){ 0, blank });
}

void row_clear(struct row *r, int cols, uint32_t blank)
{
	r->n = 0;
	r->flags = 0;
	r->n_marks = 0;
	r->is_mono = r->is_solid = r->is_ascii = true;
	if (blank)
		row_erase(r, cols, 0, cols, blank);
}

void row_insert(struct row *r, int cols, int from, int to, int n, uint32_t blank)
{
	if (n > to - from)
		n = to - from;
	if (from >= r->n && blank == 0)
		return;
	if (!row_span(r, cols, from, to))
		return;
	row_cut(r, to - n); /* what the shift would push half out */
	memmove(&r->cells[from + n], &r->cells[from], (size_t)(to - from - n) * sizeof *r->cells);
	row_fill(r, from, from + n, (struct cell){ 0, blank });
}

void row_delete(struct row *r, int cols, int from, int to, int n, uint32_t blank)
{
	if (n > to - from)
		n = to - from;
	if (from >= r->n && blank == 0)
		return;
	if (!row_span(r, cols, from, to))
		return;
	row_cut(r, from + n);
	memmove(&r->cells[from], &r->cells[from + n], (size_t)(to - from - n) * sizeof *r->cells);
	row_fill(r, to - n, to, (struct cell){ 0, blank });
	if (to >= cols)
		r->flags &= (uint8_t)~LINE_WRAPPED;
}

void row_truncate(struct row *r, int cols)
{
	row_cut(r, cols);
	if (r->n > cols)
		r->n = (uint16_t)cols;
}

void row_copy(struct row *dst, int at, const struct row *src, int from, int n, int cols)
{
	struct cell *cells = row_span(dst, cols, at, at + n);

	if (!cells)
		return;

	int have = src->n - from < n ? src->n - from : n;

	if (have > 0) {
		memmove(&cells[at], &src->cells[from], (size_t)have * sizeof *cells);
	} else {
		have = 0;
	}
	row_fill(dst, at + have, at + n, (struct cell){ 0, 0 });
	/* Halves whose other half stayed behind. */
	if (cells[at].text & CELL_SPACER)
		cells[at].text = 0;
	if (cells[at + n - 1].text & CELL_WIDE)
		cells[at + n - 1].text = 0;
}

void row_add_mark(struct row *r, const struct mark *m)
{
	if (!r->marks)
		r->marks = mem_zalloc(LINE_MARKS_MAX, sizeof *r->marks);
	if (!r->marks)
		return;
	if (r->n_marks == LINE_MARKS_MAX) {
		memmove(r->marks, r->marks + 1, (LINE_MARKS_MAX - 1) * sizeof *r->marks);
		r->n_marks--;
	}
	r->marks[r->n_marks++] = *m;
}

void row_check(const struct row *r)
{
	assert(r->n <= r->size);
	assert(!r->cells == !r->size);
	for (int x = 0; x < r->n; x++) {
		uint32_t t = r->cells[x].text;

		if (t & CELL_WIDE)
			assert(x + 1 < r->n && (r->cells[x + 1].text & CELL_SPACER));
		if (t & CELL_SPACER)
			assert(x > 0 && (r->cells[x - 1].text & CELL_WIDE));
		if (r->is_ascii)
			assert(!t || (t >= 0x20 && t < 0x7f));
		if (r->is_solid && r->is_ascii)
			assert(t);
		if (r->is_mono)
			assert(r->cells[x].style == r->cells[0].style);
	}
}
