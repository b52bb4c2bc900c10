#include "vt/reflow.h"

#include "vt/history.h"
#include "vt/scroll.h"

#include "base/utf8.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/*
 * All lines, oldest first, run through one row under construction.  A row that
 * is complete goes straight to the new history while there are still so many
 * source lines to come that it cannot be on the screen; later ones go to the
 * new grid, whose top row leaves for the history when it is full.
 *
 * Choices: a wide character that does not fit goes to the next row and leaves a
 * blank that reflow will drop again; on a screen of one column it becomes
 * U+FFFD.  Double-width lines are wrapped at half the width and stay so.
 */
struct flow {
	struct vt *vt;
	int cols, rows;
	struct history *history; /* new; NULL: none is kept */
	struct grid grid;        /* new */
	int n_grid;              /* rows of it in use */
	int64_t n_done;          /* rows completed so far */
	int64_t n_left;          /* source lines to come */

	struct line_buf out; /* the row under construction */
	int out_cols;
	struct mark marks[LINE_MARKS_MAX];
	uint16_t n_marks;
	uint8_t size_flags; /* of the source line: LINE_DOUBLE, ... */

	struct place *places; /* those still to be met have met[i] false */
	bool *met;
	int n_places;
};

static int flow_width(const struct flow *f)
{
	return f->size_flags & LINE_DOUBLE ? (f->cols + 1) / 2 : f->cols;
}

/* --- rows out --- */

static struct cell cell_from(struct vt *vt, const char *text, size_t n, enum line_form form)
{
	struct cell c = { 0, 0 };

	if (form == LINE_CLUSTER) {
		uint32_t id = cluster_intern(&vt->clusters, text, (uint32_t)n);

		if (id != CLUSTER_NONE) {
			c.text = CELL_CLUSTER | id;
		} else {
			utf8_decode(text, n, &c.text);
		}
	} else if (form != LINE_BLANK) {
		utf8_decode(text, n, &c.text);
	}
	return c;
}

static size_t text_step(const char *text, size_t n)
{
	size_t i = 1;

	while (i < n && ((uint8_t)text[i] & 0xc0) == 0x80)
		i++;
	return i;
}

/* Fill an empty row.  Tables grow but are not swept here, since the ids in the
 * new grid are nowhere that a sweep would see. */
static void row_from_run(struct vt *vt, struct row *r, const struct line_run *run, const char *text)
{
	struct style style = run->style;
	size_t left = run->n_bytes;
	int end = r->n + run->n_cols;

	if (run->link)
		style.link = link_intern(&vt->links, run->link->uri, run->link->id);

	uint32_t id = style_intern(&vt->styles, &style);

	while (left > 0 && r->n < end) {
		size_t n = run->form == LINE_CLUSTER ? left : text_step(text, left);
		struct cell c = cell_from(vt, text, n, (enum line_form)run->form);
		bool is_wide =
			run->form == LINE_WIDE || (run->form == LINE_CLUSTER && run->n_cols == 2);

		c.style = id;
		c.text |= is_wide ? CELL_WIDE : 0;
		r->cells[r->n++] = c;
		if (is_wide)
			r->cells[r->n++] = (struct cell){ CELL_SPACER, id };
		text += n;
		left -= n;
	}
}

static int row_from_view(struct vt *vt, struct row *r, const struct line_view *v, int cols)
{
	const char *text = v->text;

	if (v->n_cols && !row_open(r, cols))
		return -ENOMEM;
	for (uint32_t i = 0; i < v->n_runs; i++) {
		row_from_run(vt, r, &v->runs[i], text);
		text += v->runs[i].n_bytes;
	}
	/* Double-width lines and margins do not go together (DECLRMM). */
	r->flags = term_mode(vt, VT_MODE_DECLRMM) ? v->flags & LINE_WRAPPED : v->flags;
	r->is_mono = r->is_ascii = r->n == 0;
	r->age = vt->age;
	for (uint16_t i = 0; i < v->n_marks; i++)
		row_add_mark(r, &v->marks[i]);
	return 0;
}

/* The grid's first row leaves for the history. */
static int flow_roll(struct flow *f)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view view;
	int r = 0;

	if (f->history) {
		r = scroll_row_view(f->vt, f->grid.rows[0], &buf, &view);
		if (r == 0)
			r = history_push(f->history, &view);
		line_buf_fini(&buf);
	}
	row_clear(grid_roll(&f->grid), f->cols, 0);
	f->n_grid--;
	return r;
}

/* The row under construction is complete. */
static int flow_emit(struct flow *f, bool is_wrapped)
{
	struct line_view v;
	int r = line_buf_view(&f->out, &v);

	if (r < 0)
		return r;
	v.flags = (uint8_t)(f->size_flags | (is_wrapped ? LINE_WRAPPED : 0));
	v.marks = f->marks;
	v.n_marks = f->n_marks;
	if (f->n_left >= f->rows) {
		if (f->history)
			r = history_push(f->history, &v);
	} else {
		if (f->n_grid == f->rows)
			r = flow_roll(f);
		if (r == 0)
			r = row_from_view(f->vt, f->grid.rows[f->n_grid], &v, f->cols);
		f->n_grid++;
	}
	line_buf_clear(&f->out);
	f->out_cols = 0;
	f->n_marks = 0;
	f->n_done++;
	return r;
}

/* --- places and marks --- */

/* Source columns [col, col + n) are now appended to the row under construction
 * (@n INT_MAX: the line ended, everything behind counts). */
static void flow_places(struct flow *f, int64_t line, int col, int n)
{
	for (int i = 0; i < f->n_places; i++) {
		struct place *p = &f->places[i];

		if (f->met[i] || p->line != line || p->col < col || p->col - col >= n)
			continue;
		f->met[i] = true;
		p->line = f->n_done;
		p->col = f->out_cols + p->col - col;
	}
}

static void flow_marks(struct flow *f, const struct line_view *v, int col, int n)
{
	for (uint16_t i = 0; i < v->n_marks; i++) {
		int at = (int)v->marks[i].col;

		if (at < col || at - col >= n)
			continue;
		if (f->n_marks == LINE_MARKS_MAX) {
			memmove(f->marks, f->marks + 1, sizeof f->marks - sizeof f->marks[0]);
			f->n_marks--;
		}
		f->marks[f->n_marks] = v->marks[i];
		f->marks[f->n_marks++].col = (uint32_t)(f->out_cols + at - col);
	}
}

/* --- lines in --- */

/* Bytes of the first @n code points. */
static size_t text_span(const struct line_run *run, const char *text, size_t left, unsigned n)
{
	size_t i = 0;

	if (run->n_bytes == run->n_cols)
		return n; /* one byte each */
	while (n-- && i < left)
		i += text_step(text + i, left - i);
	return i;
}

static int flow_run(struct flow *f, const struct line_view *v, int64_t line, int col,
		    const struct line_run *run, const char *text)
{
	int width = flow_width(f), left = run->n_cols;
	int unit = run->form == LINE_WIDE ? 2 : run->form == LINE_CLUSTER ? run->n_cols : 1;
	size_t n_left = run->n_bytes;

	while (left > 0) {
		int room = width - f->out_cols, n;

		if (room < unit && f->out_cols > 0) {
			int r = flow_emit(f, true);

			if (r < 0)
				return r;
			continue;
		}
		n = room < left ? room - room % unit : left;
		flow_places(f, line, col, n ? n : unit);
		flow_marks(f, v, col, n ? n : unit);
		if (n) {
			size_t bytes = run->form == LINE_CLUSTER
					       ? n_left
					       : text_span(run, text, n_left, (unsigned)(n / unit));

			line_buf_add(&f->out, (enum line_form)run->form, text, bytes, (unsigned)n,
				     &run->style, run->link);
			f->out_cols += n;
			text += bytes;
			n_left -= bytes;
		} else { /* wider than the screen */
			size_t bytes = run->form == LINE_CLUSTER ? n_left : text_step(text, n_left);

			line_buf_add(&f->out, LINE_NARROW, "\xef\xbf\xbd", 3, 1, &run->style,
				     run->link);
			f->out_cols++;
			text += bytes;
			n_left -= bytes;
			n = unit;
		}
		left -= n;
		col += n;
	}
	return 0;
}

static int flow_line(struct flow *f, int64_t line, const struct line_view *v)
{
	const uint8_t size_flags = v->flags & (uint8_t)~LINE_WRAPPED;
	const char *text = v->text;
	int col = 0, r;

	/* What is left of a line of another size cannot stand on one row with this. */
	if (f->out_cols > 0 && f->size_flags != size_flags) {
		r = flow_emit(f, true);
		if (r < 0)
			return r;
	}
	f->size_flags = size_flags;
	for (uint32_t i = 0; i < v->n_runs; i++) {
		r = flow_run(f, v, line, col, &v->runs[i], text);
		if (r < 0)
			return r;
		text += v->runs[i].n_bytes;
		col += v->runs[i].n_cols;
	}
	flow_places(f, line, col, INT_MAX);
	flow_marks(f, v, col, INT_MAX);
	return v->flags & LINE_WRAPPED ? 0 : flow_emit(f, false);
}

static int flow_all(struct flow *f, int n_used)
{
	struct vt *vt = f->vt;
	uint32_t n_history = vt->history ? history_count(vt->history) : 0;
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view view;
	int r = 0;

	f->n_left = (int64_t)n_history + n_used;
	for (int64_t i = 0; r == 0 && f->n_left > 0; i++) {
		f->n_left--;
		if (i < n_history) {
			r = history_read(vt->history, (uint32_t)i, &buf, &view);
		} else {
			r = scroll_row_view(vt, vt->primary.grid.rows[i - n_history], &buf, &view);
		}
		if (r == 0)
			r = flow_line(f, i, &view);
	}
	if (r == 0 && f->out_cols > 0) /* the last line claims to go on */
		r = flow_emit(f, false);
	line_buf_fini(&buf);
	return r;
}

/* --- putting it in place --- */

/* The screen begins at the place @top, unless what follows would not fit. */
static int flow_settle(struct flow *f, const struct place *top, int extra)
{
	int64_t first = f->n_done - f->n_grid; /* row that the grid begins with */
	int64_t want = top->line - extra;
	int r = 0;

	while (r == 0 && first < want && f->n_grid > 1) {
		r = flow_roll(f);
		first++;
	}
	for (int i = 0; i < f->n_places; i++)
		f->places[i].line -= first;
	return r;
}

/* Rows above the screen that belong on it, back from the history. */
static int flow_unroll(struct flow *f, int64_t n)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view view;
	int r = 0;

	while (r == 0 && n-- > 0 && f->n_grid < f->rows && f->history &&
	       history_count(f->history)) {
		r = history_read(f->history, history_count(f->history) - 1, &buf, &view);
		if (r < 0)
			break;
		grid_rotate_down(&f->grid, 0, f->rows - 1, 1);
		r = row_from_view(f->vt, f->grid.rows[0], &view, f->cols);
		history_pop(f->history);
		f->n_grid++;
		for (int i = 0; i < f->n_places; i++)
			f->places[i].line++;
	}
	line_buf_fini(&buf);
	return r;
}

static void flow_fini(struct flow *f)
{
	line_buf_fini(&f->out);
	grid_fini(&f->grid);
	history_free(f->history);
}

#define PLACES_MAX 4

/* NOLINTNEXTLINE(readability-function-size): the places are three of them */
int reflow(struct vt *vt, int cols, int rows, int n_used, struct place *places, int n_places,
	   unsigned top, int extra)
{
	struct flow f = { .vt = vt, .cols = cols, .rows = rows, .n_places = n_places };
	struct place moved[PLACES_MAX];
	bool met[PLACES_MAX] = { false };
	int r = -ENOMEM;

	memcpy(moved, places, (size_t)n_places * sizeof *places);
	f.places = moved;
	f.met = met;
	if (vt->history) {
		f.history = history_new(vt->opts.history_lines, vt->opts.history_bytes,
					vt->opts.compress);
		if (!f.history)
			return r;
	}
	if (grid_init(&f.grid, cols, rows))
		r = flow_all(&f, n_used);
	if (r == 0)
		r = flow_settle(&f, &moved[top], extra);
	if (r == 0)
		r = flow_unroll(&f, extra - moved[top].line);
	if (r == 0) {
		struct grid old = vt->primary.grid;
		struct history *old_history = vt->history;

		vt->primary.grid = f.grid;
		vt->history = f.history;
		f.grid = old;
		f.history = old_history;
		memcpy(places, moved, (size_t)n_places * sizeof *places);
	}
	flow_fini(&f);
	return r;
}
