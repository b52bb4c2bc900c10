/* Images of history pages: whatever the bytes, a page that is taken reads as lines
 * that the rest of the terminal can use, and is saved as it came. */
#include "vt/history.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len); /* NOLINT: its name is given */

static void check_line(const struct line_view *v)
{
	uint32_t n_bytes = 0, n_cols = 0;

	for (uint32_t i = 0; i < v->n_runs; i++) {
		n_bytes += v->runs[i].n_bytes;
		n_cols += v->runs[i].n_cols;
		if (v->runs[i].link) {
			assert(strlen(v->runs[i].link->uri) + strlen(v->runs[i].link->id) <
			       1 << 20);
		}
	}
	assert(n_bytes == v->n_bytes && n_cols == v->n_cols);
	assert(utf8_valid_prefix(v->text, v->n_bytes) == v->n_bytes);
}

static void read_all(struct history *h)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;
	struct mark m;
	uint32_t index;

	for (uint32_t i = 0; i < history_count(h); i++) {
		if (history_read(h, i, &buf, &v))
			abort();
		check_line(&v);
		for (unsigned k = 0; k < v.n_marks; k++)
			assert(!history_find_mark(h, v.marks[k].id, &index, &m));
	}
	line_buf_fini(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct history *h = history_new(10000, 10 << 20, NULL);
	struct buf image = BUF_INIT;

	if (!h)
		abort();
	if (!history_page_load(h, data, len)) {
		assert(history_count(h) > 0);
		read_all(h);
		if (history_page_save(h, 0, &image))
			abort();
		assert(buf_len(&image) <= len);
		history_pop(h);
		read_all(h);
	}
	buf_fini(&image);
	history_free(h);
	return 0;
}
