/* What is looked through: see scan.h. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "search/scan.h"
#include "vt/vt.h"

void search_source_fini(struct search_source *s)
{
	buf_fini(&s->text);
	mem_free(s->rows);
	s->rows = NULL;
	s->n_rows = s->size_rows = 0;
}

static void put_utf8(struct buf *out, const char *text, size_t n)
{
	while (n > 0) {
		size_t valid = utf8_valid_prefix(text, n);
		uint32_t cp;

		buf_put(out, text, valid);
		text += valid;
		n -= valid;
		if (n > 0) {
			size_t bad = utf8_decode(text, n, &cp);

			buf_put_str(out, "\xef\xbf\xbd");
			text += bad;
			n -= bad;
		}
	}
}

int search_source_add(struct search_source *s, const char *text, size_t n, bool is_wrapped)
{
	size_t from = buf_len(&s->text);

	put_utf8(&s->text, text, n);
	if (buf_check(&s->text) < 0 ||
	    !search_reserve((void **)&s->rows, s->n_rows, &s->size_rows, sizeof s->rows[0]))
		return err_origin(-ENOMEM);
	s->rows[s->n_rows++] =
		(struct search_row){ from, (uint32_t)(buf_len(&s->text) - from), is_wrapped };
	return 0;
}

int search_source_add_screen(struct search_source *s, const struct vt *vt)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;
	uint32_t n_shown = s->n_rows;
	int r = 0;

	for (int row = 0; row < vt_rows(vt) && r == 0; row++) {
		uint32_t n;

		r = vt_line(vt, row, &buf, &v);
		if (r)
			break;
		n = history_visible_bytes(&v);
		r = search_source_add(s, v.text, n, v.flags & LINE_WRAPPED);
		if (n > 0)
			n_shown = s->n_rows;
	}
	line_buf_fini(&buf);
	if (r == 0)
		s->n_rows = n_shown; /* rows that never had anything are no lines */
	return err_trace(r);
}

int search_source_add_bytes(struct search_source *s, const char *bytes, size_t n)
{
	int r = 0;

	while (n > 0 && r == 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t length = end ? (size_t)(end - bytes) : n, used = length + (end != NULL);

		if (length > 0 && bytes[length - 1] == '\r')
			length--;
		r = search_source_add(s, bytes, length, false);
		bytes += used;
		n -= used;
	}
	return err_trace(r);
}
