/*
 * Feed ∘ snapshot = identity: a fresh terminal of the same size that is fed the
 * ANSI snapshot of another looks the same (JSON), and remembers the same (its
 * own ANSI snapshot is that one again).  Writing the other forms must not fail.
 *
 * Input: columns, rows, then bytes; 0xff and two bytes resize.
 */
#include "vt/edit.h"
#include "vt/snapshot.h"
#include "vt/term.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len); /* NOLINT: its name is given */

static void take(const struct vt *vt, enum snapshot_format format, struct buf *out)
{
	const struct snapshot_opts opts = { .format = format, .n_history = SNAPSHOT_ALL };

	buf_clear(out);
	if (snapshot_write(vt, &opts, out))
		abort();
}

static void check_same(const char *what, const struct buf *a, const struct buf *b)
{
	if (buf_len(a) == buf_len(b) && !memcmp(buf_data(a), buf_data(b), buf_len(a)))
		return;
	fprintf(stderr, "%s differs:\n%.*s\n--- restored:\n%.*s\n", what, (int)buf_len(a),
		buf_data(a), (int)buf_len(b), buf_data(b));
	abort();
}

/* Mostly sizes at which everything can be restored. */
static int cols_of(uint8_t b)
{
	return b < 240 ? 4 + b % 60 : 1 + b % 3;
}

static int rows_of(uint8_t b)
{
	return b < 240 ? 3 + b % 20 : 1 + b % 2;
}

static struct vt *make(const uint8_t *data, size_t len, int *ret_cols, int *ret_rows,
		       bool *ret_tiny)
{
	const struct vt_opts opts = { .history_lines = 50 };
	int cols = cols_of(data[0]), rows = rows_of(data[1]);
	struct vt *vt = vt_new(cols, rows, &opts, NULL, NULL);
	bool was_tiny = cols < 4 || rows < 3;
	size_t from = 2;

	for (size_t i = 2; vt && i < len; i++) {
		if (data[i] != 0xff || i + 2 >= len)
			continue;
		vt_feed(vt, data + from, i - from);
		cols = cols_of(data[i + 1]);
		rows = rows_of(data[i + 2]);
		was_tiny |= cols < 4 || rows < 3;
		if (vt_resize(vt, cols, rows))
			abort();
		from = i + 3;
		i += 2;
	}
	if (vt && from < len)
		vt_feed(vt, data + from, len - from);
	*ret_tiny = was_tiny;
	*ret_cols = cols;
	*ret_rows = rows;
	return vt;
}

/* A wrap that came from a margin that is no more cannot be painted, nor one on
 * the last row where there is no room for what wraps: double-width lines of a
 * screen of less than five columns. */
static bool is_paintable(const struct vt *vt, const struct line_view *v)
{
	int width = v->flags & LINE_DOUBLE ? (vt_cols(vt) + 1) / 2 : vt_cols(vt);

	return !(v->flags & LINE_WRAPPED) || (width >= 3 && (int)v->n_cols >= width - 1);
}

static bool is_restorable(const struct vt *vt, bool was_tiny)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;
	bool ret = !was_tiny;

	for (int row = -vt_history_lines(vt); row < vt_rows(vt); row++) {
		if (vt_line(vt, row, &buf, &v))
			abort();
		ret &= is_paintable(vt, &v);
	}
	for (int y = 0; y < vt_rows(vt); y++) {
		const struct row *r = vt->primary.grid.rows[y];

		v = (struct line_view){ .flags = r->flags, .n_cols = r->n };
		ret &= is_paintable(vt, &v);
	}
	line_buf_fini(&buf);
	return ret;
}

/* What the snapshot must leave behind.  Origin mode, and a cursor outside the
 * margins: it is brought there by the alternate screen's DECSC slot, which is not
 * what it was then.  A pending wrap, and nobody protects: the character in the
 * last column may be a protected one, and to print it switches protection on. */
static bool leaves_trace(const struct vt *vt)
{
	const struct cursor *c = &vt->cur;
	bool is_outside =
		c->y < vt->top || c->y > vt->bottom || c->x < vt->left || c->x > vt->right;

	return (is_outside && !vt->is_alternate && term_mode(vt, VT_MODE_DECOM)) ||
	       (c->is_last && vt->protect == PROTECT_OFF);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum snapshot_format others[] = { SNAPSHOT_TEXT, SNAPSHOT_HTML, SNAPSHOT_SVG };
	const struct vt_opts opts = { .history_lines = 50 };
	struct buf ansi = BUF_INIT, again = BUF_INIT, json = BUF_INIT, restored = BUF_INIT;
	struct vt *vt, *copy;
	bool was_tiny;
	int cols, rows;

	if (len < 2)
		return 0;
	vt = make(data, len, &cols, &rows, &was_tiny);
	copy = vt_new(cols, rows, &opts, NULL, NULL);
	if (!vt || !copy)
		abort();
	take(vt, SNAPSHOT_ANSI, &ansi);
	vt_feed(copy, buf_data(&ansi), buf_len(&ansi));
	take(vt, SNAPSHOT_JSON, &json);
	take(copy, SNAPSHOT_JSON, &restored);
	take(copy, SNAPSHOT_ANSI, &again);
	if (is_restorable(vt, was_tiny)) {
		check_same("json", &json, &restored);
		if (!leaves_trace(vt))
			check_same("ansi", &ansi, &again);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		take(vt, others[i], &again);
	vt_free(vt);
	vt_free(copy);
	buf_fini(&ansi);
	buf_fini(&again);
	buf_fini(&json);
	buf_fini(&restored);
	return 0;
}
