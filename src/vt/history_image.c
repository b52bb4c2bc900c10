/*
 * Pages as images that can be kept elsewhere:
 *
 *   "OFh1", u32 bytes of records, u32 lines, u32 lines of these that were
 *   dropped; the records; the index, the last line's entry first
 *
 * all little-endian.  What comes back is checked line by line: nothing in the
 * rest of the terminal expects text that is no UTF-8 or a character too many.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "vt/history_page.h"

#include <errno.h>
#include <string.h>

#define HEAD_BYTES 16u
#define USED_MAX (64u << 20) /* no line is that long */

static const char magic[4] = { 'O', 'F', 'h', '1' };

static void put_u32(struct buf *out, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		buf_put_char(out, (char)(v >> 8 * i));
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t history_page_lines(const struct history *h, uint32_t page)
{
	const struct page *p = history_page_at(h, page);

	return p && p->is_closed ? p->n_lines - history_page_skip(h, p) : 0;
}

int history_page_save(const struct history *h, uint32_t page, struct buf *out)
{
	const struct page *p = history_page_at(h, page);
	const uint8_t *data;
	uint32_t used;
	int r;

	if (!p || !p->is_closed)
		return -EINVAL;
	r = history_page_data(h, p, &data);
	if (r)
		return r < 0 ? r : -EIO;
	/* Lines that were popped since are not part of it. */
	used = p->n_lines < p->n_stored ? page_offset(data, p->index_end, p->n_lines) : p->used;
	buf_put(out, magic, sizeof(magic));
	put_u32(out, used);
	put_u32(out, p->n_lines);
	put_u32(out, history_page_skip(h, p));
	buf_put(out, data, used);
	buf_put(out, data + p->index_end - 2 * (size_t)p->n_lines, 2 * (size_t)p->n_lines);
	return buf_check(out);
}

/* --- loading --- */

/* Code points in well-formed text, none of them a control character; -1 for
 * other text. */
static int count_chars(const char *text, size_t n)
{
	int count = 0;

	if (utf8_valid_prefix(text, n) != n)
		return -1;
	for (size_t i = 0; i < n; count++) {
		uint32_t cp;

		i += utf8_decode(text + i, n - i, &cp);
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return -1;
	}
	return count;
}

static bool is_sound_run(const struct line_run *r, const char *text)
{
	int n = count_chars(text, r->n_bytes);

	switch ((enum line_form)r->form) {
	case LINE_NARROW:
		return n == r->n_cols;
	case LINE_WIDE:
		return n * 2 == r->n_cols;
	case LINE_CLUSTER:
		return n >= 1 && r->n_cols <= 2;
	case LINE_BLANK:
		return true;
	}
	return false;
}

static int check_line(struct page *p, uint32_t line, struct line_buf *buf)
{
	struct mark marks[LINE_MARKS_MAX];
	struct line_view v;
	const char *text;
	int r = page_read(p, p->raw, line, buf, &v);

	if (r)
		return r;
	text = v.text;
	for (uint32_t i = 0; i < v.n_runs; i++) {
		if (!is_sound_run(&v.runs[i], text))
			return HISTORY_E_DAMAGED;
		text += v.runs[i].n_bytes;
	}
	for (unsigned i = page_read_marks(p, p->raw, line, marks); i > 0; i--) {
		uint64_t id = marks[i - 1].id;

		p->mark_min = id < p->mark_min ? id : p->mark_min;
		p->mark_max = id > p->mark_max ? id : p->mark_max;
	}
	return 0;
}

static int check_page(struct page *p)
{
	struct line_buf buf = LINE_BUF_INIT;
	int r = 0;

	if (page_offset(p->raw, p->index_end, 0) != 0)
		r = HISTORY_E_DAMAGED;
	for (uint32_t i = 0; i < p->n_lines && !r; i++)
		r = check_line(p, i, &buf);
	line_buf_fini(&buf);
	/* Views are no more: their links are not kept for what nobody may read. */
	page_free_links(p, 0);
	return r;
}

/* The lines that had been dropped when the image was made stay dropped: the
 * page begins with the first one kept. */
static void skip_lines(struct page *p, uint32_t n)
{
	p->n_lines -= n;
	p->n_stored -= n;
	p->index_end -= 2 * n;
}

int history_page_load(struct history *h, const void *image, size_t n)
{
	const uint8_t *head = image;
	struct page p = { .mark_min = UINT64_MAX, .is_closed = true };
	uint32_t used, lines, skip, to;
	int r;

	if (n < HEAD_BYTES || memcmp(head, magic, sizeof(magic)) != 0)
		return HISTORY_E_DAMAGED;
	used = get_u32(head + 4);
	lines = get_u32(head + 8);
	skip = get_u32(head + 12);
	if (used > USED_MAX || !lines || lines > used || skip >= lines ||
	    (lines > 1 && used > PAGE_BYTES) || n != HEAD_BYTES + used + 2 * (size_t)lines)
		return HISTORY_E_DAMAGED;
	to = (used + 1) & ~1u;
	p.used = used;
	p.n_lines = p.n_stored = lines;
	p.index_end = to + 2 * lines;
	p.raw = page_raw_new(p.index_end);
	if (!p.raw)
		return -ENOMEM;
	p.raw[to - 1] = 0; /* fills up, if the records' bytes are odd */
	memcpy(p.raw, head + HEAD_BYTES, used);
	memcpy(p.raw + to, head + HEAD_BYTES + used, 2 * (size_t)lines);
	r = check_page(&p);
	if (!r) {
		skip_lines(&p, skip);
		r = history_adopt(h, &p);
	}
	if (r)
		page_raw_unref(p.raw);
	return r;
}
