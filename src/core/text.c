/*
 * What a pane shows, as text, for who waits for a pattern: the lines that
 * changed since the last look, joined where the terminal wrapped them.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "core/state.h"
#include "vt/vt.h"

#define OVERLAP_LINES 50
#define HISTORY_LOOK_LINES 4000 /* of a flood between two looks, the newest */

/* Line numbers that scrolling does not change. */
static int64_t number_of_row(const struct vt *vt, int row)
{
	return (int64_t)vt_lines_pushed(vt) + row;
}

void text_mark_begin(struct text_mark *m, const struct vt *vt)
{
	struct vt_cursor at = vt_cursor(vt);

	*m = (struct text_mark){ .age = vt_age(vt),
				 .n_pushed = vt_lines_pushed(vt),
				 .reflow_age = vt_reflow_age(vt),
				 .first_line = number_of_row(vt, at.row),
				 .first_col = at.col + at.is_wrap_pending };
}

static size_t utf8_bytes(const char *p, unsigned n_chars)
{
	size_t i = 0;

	for (unsigned k = 0; k < n_chars; k++) {
		i++;
		while (((unsigned char)p[i] & 0xC0) == 0x80)
			i++;
	}
	return i;
}

/* Bytes of the line's text that lie before column @col. */
static size_t bytes_before(const struct line_view *v, unsigned col)
{
	size_t at = 0;
	unsigned left = col;

	for (uint32_t i = 0; i < v->n_runs; i++) {
		const struct line_run *r = &v->runs[i];

		if (left >= r->n_cols) {
			left -= r->n_cols;
			at += r->n_bytes;
			continue;
		}
		switch ((enum line_form)r->form) {
		case LINE_NARROW:
		case LINE_BLANK:
			return at + utf8_bytes(v->text + at, left);
		case LINE_WIDE:
			return at + utf8_bytes(v->text + at, left / 2);
		case LINE_CLUSTER:
			return at;
		}
	}
	return at;
}

static int put_row(const struct vt *vt, int row, const struct text_mark *m,
		   struct line_buf *scratch, struct buf *out)
{
	struct line_view v;
	size_t skip = 0;
	int r = vt_line(vt, row, scratch, &v);

	if (r < 0)
		return r == -ERANGE ? 0 : err_origin(r);
	if (m->first_col > 0 && number_of_row(vt, row) == m->first_line)
		skip = bytes_before(&v, (unsigned)m->first_col);
	buf_put(out, v.text + skip, v.n_bytes - skip);
	if (!(v.flags & LINE_WRAPPED))
		buf_put_char(out, '\n');
	return 0;
}

/* The changed part of the screen, as one piece. */
static void changed_rows(const struct vt *vt, const struct text_mark *m, int *ret_first,
			 int *ret_last)
{
	*ret_first = vt_rows(vt);
	*ret_last = -1;
	for (int row = 0; row < vt_rows(vt); row++) {
		if (vt_row_age(vt, row) <= m->age || number_of_row(vt, row) < m->first_line)
			continue;
		if (row < *ret_first)
			*ret_first = row;
		*ret_last = row;
	}
}

/* Where to begin: with the lines that left the screen since the last look, or the
 * first that changed, and some before them, so that a pattern may span what came
 * in pieces.  What was looked at before did not match, or the wait were over. */
static int first_row(const struct vt *vt, const struct text_mark *m, int n_new, int first)
{
	int64_t row = (n_new > 0 ? -n_new : first) - OVERLAP_LINES;
	int64_t begin = m->first_line - (int64_t)vt_lines_pushed(vt);

	if (m->first_line == INT64_MIN)
		return 0;
	if (row < begin)
		row = begin;
	return row < -vt_history_lines(vt) ? -vt_history_lines(vt) : (int)row;
}

int text_changed(struct text_mark *m, const struct vt *vt, struct buf *out)
{
	struct line_buf scratch = LINE_BUF_INIT;
	int first, last, r = 0;
	int64_t n_new = (int64_t)(vt_lines_pushed(vt) - m->n_pushed);

	if (vt_age(vt) == m->age)
		return 0;
	if (vt_reflow_age(vt) != m->reflow_age || n_new < 0) {
		/* Wrapped anew: positions of before mean nothing, the whole screen is looked at. */
		n_new = 0;
		m->first_line = INT64_MIN;
		m->first_col = 0;
		m->age = 0;
	}
	changed_rows(vt, m, &first, &last);
	if (n_new > HISTORY_LOOK_LINES)
		n_new = HISTORY_LOOK_LINES;
	if (n_new > vt_history_lines(vt))
		n_new = vt_history_lines(vt);
	if (n_new > 0 || last >= 0) {
		for (int row = first_row(vt, m, (int)n_new, first); r == 0 && row <= last; row++)
			r = put_row(vt, row, m, &scratch, out);
	}
	m->age = vt_age(vt);
	m->n_pushed = vt_lines_pushed(vt);
	m->reflow_age = vt_reflow_age(vt);
	line_buf_fini(&scratch);
	return r < 0 ? err_trace(r) : err_trace(buf_check(out));
}

int text_put_row(const struct vt *vt, int row, int col, struct line_buf *scratch, struct buf *out)
{
	const struct text_mark m = { .first_line = number_of_row(vt, row), .first_col = col };

	return err_trace(put_row(vt, row, &m, scratch, out));
}

/* Column behind the row's last mark of where typing begins; -1: it has none. */
static int typed_from(const struct line_view *v, bool *ret_is_second)
{
	int col = -1;

	*ret_is_second = false;
	for (unsigned i = 0; i < v->n_marks; i++) {
		if (v->marks[i].kind == MARK_COMMAND)
			col = (int)v->marks[i].col;
		*ret_is_second |= v->marks[i].kind == MARK_CONTINUATION;
	}
	return col;
}

#define TYPED_ROWS_MAX 1000

void text_behind_prompt(const struct vt *vt, struct buf *out)
{
	struct line_buf scratch = LINE_BUF_INIT;
	int end = vt_cursor(vt).row, row = end, low = -vt_history_lines(vt), col = -1;
	struct line_view v;
	bool is_second = true;

	if (low < end - TYPED_ROWS_MAX)
		low = end - TYPED_ROWS_MAX;
	while (row > low && (col < 0 || is_second)) {
		if (vt_line(vt, --row, &scratch, &v) < 0)
			break;
		col = typed_from(&v, &is_second);
	}
	if (col < 0 || is_second)
		end = row;
	for (; row < end; row++) {
		if (vt_line(vt, row, &scratch, &v) < 0)
			break;
		col = typed_from(&v, &is_second);
		if (text_put_row(vt, row, col < 0 ? 0 : col, &scratch, out) < 0)
			break;
	}
	if (buf_len(out) > 0 && buf_data(out)[buf_len(out) - 1] == '\n')
		buf_truncate(out, buf_len(out) - 1);
	line_buf_fini(&scratch);
}
