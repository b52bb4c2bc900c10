/*
 * Reflow loses nothing: whatever sizes a terminal goes through (of three columns
 * and more), back at the first one it is what it was, history, marks and cursor
 * included; and on the way its text, rows that wrapped joined, stays the same.
 *
 * Input: columns, rows, the number of other sizes and two bytes for each, then
 * text; among it 1 is a line break, 2 and a byte a colour, 3 a mark, 4 a link, 5
 * a tab, 6 a double-width line.
 */
#include "vt/check.h"
#include "vt/vt.h"

#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len); /* NOLINT: its name is given */

static void make_input(const uint8_t *p, size_t len, struct buf *out)
{
	int n_marks = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = p[i];

		if (c == 1) {
			buf_put_str(out, "\r\n");
		} else if (c == 2 && i + 1 < len) {
			buf_printf(out, "\033[%dm", 30 + p[++i] % 8);
		} else if (c == 3 && n_marks++ < LINE_MARKS_MAX) { /* as many as a line can hold */
			/* Not at an edge: there it goes with the wide character that may follow. */
			buf_put_str(out, "\r\n\033]133;A\033\\");
		} else if (c == 4) {
			buf_printf(out, "\033]8;;http://x/%zu\033\\", i);
		} else if (c == 5) {
			buf_put_str(out, "\tx"); /* a cursor far behind the end cannot stay there */
		} else if (c == 6) {
			buf_put_str(out, "\r\n\033#6");
		} else if (c >= 0x20 && c != 0x7f && c != 0xc2) { /* no C1 controls */
			buf_put_char(out, (char)c);
		}
	}
}

/* All text, a line break where one was printed. */
static void read_text(const struct vt *vt, struct buf *out)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;

	buf_clear(out);
	for (int y = -vt_history_lines(vt); y < vt_rows(vt); y++) {
		if (vt_line(vt, y, &buf, &v))
			abort();
		buf_put(out, v.text, v.n_bytes);
		if (!(v.flags & LINE_WRAPPED))
			buf_put_char(out, '\n');
	}
	while (buf_len(out) && buf_data(out)[buf_len(out) - 1] == '\n')
		buf_truncate(out, buf_len(out) - 1);
	line_buf_fini(&buf);
}

static void check_text(const struct vt *vt, const struct buf *was)
{
	struct buf now = BUF_INIT;

	vt_check(vt);
	read_text(vt, &now);
	if (buf_len(&now) != buf_len(was) ||
	    memcmp(buf_data(&now), buf_data(was), buf_len(was)) != 0) {
		fprintf(stderr, "text was:\n%.*s\n--- is:\n%.*s\n", (int)buf_len(was),
			buf_data(was), (int)buf_len(&now), buf_data(&now));
		abort();
	}
	buf_fini(&now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf input = BUF_INIT, text = BUF_INIT;
	struct vt *a, *b;
	const char *what;
	int cols, rows, n_sizes;

	if (len < 3 || len > 4000 || len < 3 + 2 * (size_t)(data[2] % 8))
		return 0;
	cols = 3 + data[0] % 60;
	rows = 1 + data[1] % 20;
	n_sizes = data[2] % 8;
	a = vt_new(cols, rows, NULL, NULL, NULL);
	b = vt_new(cols, rows, NULL, NULL, NULL);
	if (!a || !b)
		abort();
	make_input(data + 3 + 2 * (size_t)n_sizes, len - 3 - 2 * (size_t)n_sizes, &input);
	vt_feed(a, buf_data(&input), buf_len(&input));
	vt_feed(b, buf_data(&input), buf_len(&input));
	read_text(a, &text);
	for (int i = 0; i < n_sizes; i++) {
		if (vt_resize(a, 3 + data[3 + 2 * i] % 80, 1 + data[4 + 2 * i] % 30))
			abort();
		check_text(a, &text);
	}
	if (vt_resize(a, cols, rows))
		abort();
	check_text(a, &text);
	if (vt_differ(a, b, &what)) {
		fprintf(stderr, "%s differ\n", what);
		abort();
	}
	vt_free(a);
	vt_free(b);
	buf_fini(&input);
	buf_fini(&text);
	return 0;
}
