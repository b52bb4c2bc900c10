#include "core/capture.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "core/state.h"
#include "vt/vt.h"

#define SLICE_BYTES 4096u /* fed at once while the beginning is set aside */
#define HISTORY_LINES 20000u
#define HISTORY_BYTES (8u << 20)

int capture_init(struct capture *c, const struct pane *p, const struct core_budget *budget)
{
	struct vt_opts opts = { .history_lines = HISTORY_LINES,
				.history_bytes = HISTORY_BYTES,
				.compress = &p->core->compress };

	*c = (struct capture){ .budget = *budget };
	if (budget->is_raw)
		return 0;
	c->vt = vt_new(p->cols, p->rows, &opts, NULL, NULL);
	c->n_taken = budget->skip;
	/* Where no terminal puts a CR before each LF, a LF is a whole end of line (LNM). */
	if (c->vt && (!p->is_pty || p->wants_raw_output))
		vt_feed(c->vt, "\033[20h", 5);
	return c->vt ? 0 : err_origin(-ENOMEM);
}

void capture_fini(struct capture *c)
{
	c->vt = vt_free(c->vt);
	buf_fini(&c->head);
	buf_fini(&c->tail);
}

/* The share of the beginning. */
static uint32_t head_part(const struct capture *c, uint32_t all)
{
	switch (c->budget.keep) {
	case CORE_KEEP_HEAD:
		return all;
	case CORE_KEEP_TAIL:
		return 0;
	case CORE_KEEP_BOTH:
		return all / 2;
	}
	return all;
}

/* ---- text ---- */

static bool ends_line(const struct buf *b)
{
	return buf_len(b) > 0 && buf_data(b)[buf_len(b) - 1] == '\n';
}

static int put_row(const struct capture *c, int row, struct line_buf *scratch, struct buf *out)
{
	size_t was = buf_len(out);
	int r = text_put_row(c->vt, row, 0, scratch, out);

	if (r == 0 && c->budget.is_split && (buf_len(out) == was || !ends_line(out)))
		buf_put_char(out, '\n');
	return r;
}

/* The beginning, as far as it was put together. */
struct beginning {
	struct buf *text;
	uint64_t n_taken;
	uint32_t n_lines;
};

/* One more row, if it fits.  What does not fit stays out whole. */
static bool take_row(const struct capture *c, int row, struct beginning *b,
		     struct line_buf *scratch)
{
	size_t was = buf_len(b->text);

	if (b->n_lines >= head_part(c, c->budget.max_lines) ||
	    put_row(c, row, scratch, b->text) < 0)
		return false;
	if (buf_len(b->text) > head_part(c, c->budget.max_bytes)) {
		buf_truncate(b->text, was);
		return false;
	}
	b->n_lines += ends_line(b->text);
	b->n_taken++;
	return true;
}

/* Rows up to @end; false: it is full. */
static bool take_rows(const struct capture *c, int64_t end, struct beginning *b)
{
	struct line_buf scratch = LINE_BUF_INIT;
	int64_t pushed = (int64_t)vt_lines_pushed(c->vt), row;
	bool has_room = true;

	while (has_room && (row = (int64_t)b->n_taken - pushed) < end)
		has_room = row >= -vt_history_lines(c->vt) && take_row(c, (int)row, b, &scratch);
	line_buf_fini(&scratch);
	return has_room;
}

/* Rows that left the screen no longer change. */
static void take_pushed(struct capture *c)
{
	struct beginning b = { &c->head, c->n_taken, c->n_lines };

	c->is_head_full = !take_rows(c, 0, &b);
	c->n_taken = b.n_taken;
	c->n_lines = b.n_lines;
}

static void feed_text(struct capture *c, const char *s, size_t n)
{
	while (n > 0) {
		size_t k = c->is_head_full || n < SLICE_BYTES ? n : SLICE_BYTES;

		vt_feed(c->vt, s, k);
		if (!c->is_head_full)
			take_pushed(c);
		s += k;
		n -= k;
	}
}

/* Behind the last row that shows anything or was reached. */
static int end_row(const struct capture *c)
{
	struct vt_cursor at = vt_cursor(c->vt);
	struct line_buf scratch = LINE_BUF_INIT;
	struct line_view v;
	int end = vt_rows(c->vt);

	while (end > at.row + 1 && vt_line(c->vt, end - 1, &scratch, &v) == 0 && v.n_bytes == 0)
		end--;
	line_buf_fini(&scratch);
	return end;
}

/* The newest rows that fit, from behind; @low: the first that may be taken. */
static int first_of_tail(const struct capture *c, int low, int end, size_t max_bytes,
			 uint32_t max_lines)
{
	struct line_buf scratch = LINE_BUF_INIT;
	struct line_view v;
	size_t n_bytes = 0;
	uint32_t n_lines = 0;
	int row = end;

	while (row > low && vt_line(c->vt, row - 1, &scratch, &v) == 0) {
		bool is_line = row < end && (c->budget.is_split || !(v.flags & LINE_WRAPPED));

		n_bytes += v.n_bytes + 1;
		n_lines += is_line;
		if (n_bytes > max_bytes || n_lines > max_lines)
			break;
		row--;
	}
	line_buf_fini(&scratch);
	return row;
}

static int put_rows(const struct capture *c, int from, int to, struct buf *out)
{
	struct line_buf scratch = LINE_BUF_INIT;
	int r = 0;

	for (int row = from; r == 0 && row < to; row++)
		r = put_row(c, row, &scratch, out);
	line_buf_fini(&scratch);
	return r;
}

static int read_text(const struct capture *c, struct buf *out, struct core_extract *ret)
{
	int64_t pushed = (int64_t)vt_lines_pushed(c->vt), low;
	struct beginning b = { out, c->n_taken, c->n_lines };
	int end = end_row(c), from = end, r;

	ret->n_rows = (uint64_t)(pushed + end);
	buf_put(out, buf_data(&c->head), buf_len(&c->head));
	if (!c->is_head_full)
		(void)take_rows(c, end, &b);
	low = (int64_t)b.n_taken - pushed;
	if (low < -vt_history_lines(c->vt))
		low = -vt_history_lines(c->vt);
	if (c->budget.keep != CORE_KEEP_HEAD && low < end) {
		from = first_of_tail(c, (int)low, end, c->budget.max_bytes - buf_len(out),
				     c->budget.max_lines - b.n_lines);
	}
	ret->next = b.n_taken;
	if (pushed + from > (int64_t)b.n_taken)
		ret->n_omitted_rows = (uint64_t)(pushed + from) - b.n_taken;
	ret->is_truncated = ret->n_omitted_rows > 0;
	r = put_rows(c, from, end, out);
	/* The row where the cursor is has no end of line yet. */
	if ((!ret->is_truncated || from < end) && ends_line(out))
		buf_truncate(out, buf_len(out) - 1);
	return r < 0 ? err_trace(r) : err_trace(buf_check(out));
}

/* ---- raw ---- */

static void feed_raw(struct capture *c, const char *s, size_t n)
{
	size_t head_max = head_part(c, c->budget.max_bytes);
	size_t tail_max = c->budget.max_bytes - head_max;
	size_t room = head_max - buf_len(&c->head), k = n < room ? n : room;

	if (k > 0)
		buf_put(&c->head, s, k);
	s += k;
	n -= k;
	if (n > tail_max) {
		c->n_cut += n - tail_max;
		s += n - tail_max;
		n = tail_max;
	}
	if (n == 0)
		return;
	if (buf_len(&c->tail) + n > tail_max) {
		k = buf_len(&c->tail) + n - tail_max;
		c->n_cut += k;
		buf_consume(&c->tail, k);
	}
	buf_put(&c->tail, s, n);
}

static int read_raw(const struct capture *c, struct buf *out, struct core_extract *ret)
{
	buf_put(out, buf_data(&c->head), buf_len(&c->head));
	buf_put(out, buf_data(&c->tail), buf_len(&c->tail));
	ret->n_omitted_bytes = c->n_cut;
	ret->is_truncated = c->n_cut > 0;
	ret->next = buf_len(&c->head);
	if (buf_check(&c->head) < 0 || buf_check(&c->tail) < 0)
		return err_origin(-ENOMEM);
	return err_trace(buf_check(out));
}

void capture_feed(struct capture *c, const void *bytes, size_t n)
{
	c->n_bytes += n;
	if (c->budget.is_raw) {
		feed_raw(c, bytes, n);
	} else {
		feed_text(c, bytes, n);
	}
}

int capture_read(const struct capture *c, struct buf *out, struct core_extract *ret)
{
	*ret = (struct core_extract){ 0 };
	return c->budget.is_raw ? err_trace(read_raw(c, out, ret))
				: err_trace(read_text(c, out, ret));
}
