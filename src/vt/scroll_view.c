#include "vt/encode.h"
#include "vt/scan.h"
#include "vt/scroll.h"

#include <errno.h>
#include <string.h>

#define CELL_KIND (CELL_CLUSTER | CELL_WIDE | CELL_SPACER)

/* The column behind the last one shown.  On a wrapped line blanks at the end
 * count: the line goes on behind them. */
static int row_end(const struct row *r)
{
	int end = r->n;

	if (r->flags & LINE_WRAPPED)
		return end;
	while (end > 0 && cell_is_blank(r->cells[end - 1]) && r->cells[end - 1].style == 0)
		end--;
	return end;
}

static inline void begin_run(const struct vt *vt, struct line_run *run, enum line_form form,
			     uint32_t style)
{
	const struct style *look = style_get(&vt->styles, style);

	run->form = (uint8_t)form;
	run->style = *look;
	run->style.link = 0;
	run->link = style ? link_get(&vt->links, look->link) : NULL;
}

/* NULs at @text. */
static size_t count_blank(const char *text, size_t n)
{
	size_t i = 0;
	uint64_t word;

	for (; i + 8 <= n; i += 8) {
		memcpy(&word, text + i, 8);
		if (word)
			break;
	}
	while (i < n && !text[i])
		i++;
	return i;
}

/* The column behind the run of bytes that begins at @x: of one style, and all
 * blank (NUL in @text) or all not. */
static int ascii_end(const struct row *r, const char *text, int x, int end)
{
	const struct cell *cells = r->cells;
	uint32_t style = cells[x].style;
	int to = r->is_mono ? end : x;
	const char *blank;

	while (to < end && cells[to].style == style)
		to++;
	if (!text[x])
		return x + (int)count_blank(text + x, (size_t)(to - x));
	blank = memchr(text + x, '\0', (size_t)(to - x));
	return blank ? (int)(blank - text) : to;
}

/* All cells are printable ASCII or blank: the text at once, then where the style
 * changes. */
static void view_ascii(const struct vt *vt, const struct row *r, int end, struct line_buf *buf)
{
	struct line_run *run = buf->runs;
	const struct cell *cells = r->cells;

	scan_narrow((enum scan_isa)vt->isa, buf->text, cells, (size_t)end);
	for (int x = 0; x < end; run++) {
		uint32_t style = cells[x].style;
		bool is_blank = !buf->text[x];
		int from = x;

		if (r->is_solid) {
			while (++x < end && cells[x].style == style)
				;
		} else {
			x = ascii_end(r, buf->text, x, end);
		}
		if (is_blank)
			memset(buf->text + from, ' ', (size_t)(x - from));
		begin_run(vt, run, is_blank ? LINE_BLANK : LINE_NARROW, style);
		run->n_bytes = (uint32_t)(x - from);
		run->n_cols = (uint16_t)(x - from);
	}
	buf->n_bytes = (size_t)end;
	buf->n_runs = (size_t)(run - buf->runs);
}

/* A cluster is a run by itself; @left columns behind it may need 4 bytes each. */
static bool view_cluster(const struct vt *vt, struct cell c, int left, struct line_buf *buf)
{
	struct line_run *run;
	uint32_t n;
	const char *text = cluster_text(&vt->clusters, c.text & CELL_VALUE, &n);

	if (!line_buf_prepare(buf, n + (size_t)left * 4, (size_t)left + 1))
		return false;
	run = &buf->runs[buf->n_runs++];
	begin_run(vt, run, LINE_CLUSTER, c.style);
	run->n_bytes = n;
	run->n_cols = c.text & CELL_WIDE ? 2 : 1;
	memcpy(buf->text + buf->n_bytes, text, n);
	buf->n_bytes += n;
	return true;
}

/* A cell as one word, so that kind and style are compared at once. */
static inline uint64_t cell_word(struct cell c)
{
	uint64_t w;

	memcpy(&w, &c, sizeof w);
	return w;
}

/* Narrow cells of one style, up to @end; the column behind them. */
static int encode_narrow(const struct cell *cells, int x, int end, char **to)
{
	uint64_t mask = cell_word((struct cell){ CELL_KIND, UINT32_MAX });
	uint64_t key = cell_word(cells[x]) & mask;
	char *at = *to;

	for (; x < end && (cell_word(cells[x]) & mask) == key; x++) {
		uint32_t cp = cells[x].text;

		if (!cp)
			break;
		at = cp < 0x800 ? encode_utf8_short(cp, at) : encode_utf8(cp, at);
	}
	*to = at;
	return x;
}

static int encode_wide(const struct cell *cells, int x, int end, char **to)
{
	uint64_t mask = cell_word((struct cell){ CELL_KIND, UINT32_MAX });
	uint64_t key = cell_word(cells[x]) & mask;
	char *at = *to;

	for (; x < end && (cell_word(cells[x]) & mask) == key; x += 2) {
		uint32_t cp = cells[x].text & CELL_VALUE;

		at = cp - 0x800 < 0xf800 ? encode_utf8_long(cp, at) : encode_utf8(cp, at);
	}
	*to = at;
	return x;
}

/* Cells from @x on that make one run; the column behind. */
static int view_run(const struct vt *vt, const struct cell *cells, int x, int end,
		    struct line_buf *buf)
{
	struct line_run *run = &buf->runs[buf->n_runs++];
	uint32_t style = cells[x].style;
	char *start = buf->text + buf->n_bytes, *to = start;
	int from = x;

	if (cell_is_blank(cells[x])) {
		begin_run(vt, run, LINE_BLANK, style);
		for (; x < end && cell_is_blank(cells[x]) && cells[x].style == style; x++)
			*to++ = ' ';
	} else if (cells[x].text & CELL_WIDE) {
		begin_run(vt, run, LINE_WIDE, style);
		x = encode_wide(cells, x, end, &to);
	} else {
		begin_run(vt, run, LINE_NARROW, style);
		x = encode_narrow(cells, x, end, &to);
	}
	run->n_bytes = (uint32_t)(to - start);
	run->n_cols = (uint16_t)(x - from);
	buf->n_bytes += run->n_bytes;
	return x;
}

static bool view_any(const struct vt *vt, const struct row *r, int end, struct line_buf *buf)
{
	for (int x = 0; x < end;) {
		struct cell c = r->cells[x];

		if (!(c.text & CELL_CLUSTER)) {
			x = view_run(vt, r->cells, x, end, buf);
			continue;
		}
		x += c.text & CELL_WIDE ? 2 : 1;
		if (!view_cluster(vt, c, end - x, buf))
			return false;
	}
	return true;
}

int scroll_row_view(const struct vt *vt, const struct row *r, struct line_buf *buf,
		    struct line_view *ret_view)
{
	int end = row_end(r);
	struct line_view v = { .flags = r->flags, .marks = r->marks, .n_marks = r->n_marks };

	line_buf_clear(buf);
	if (!line_buf_prepare(buf, (size_t)end * 4 + SCAN_NARROW_SLACK, (size_t)end))
		return -ENOMEM;
	if (end && r->is_ascii) {
		view_ascii(vt, r, end, buf);
	} else if (!view_any(vt, r, end, buf)) {
		return -ENOMEM;
	}
	v.text = buf->text;
	v.runs = buf->runs;
	v.n_bytes = (uint32_t)buf->n_bytes;
	v.n_runs = (uint32_t)buf->n_runs;
	v.n_cols = (uint32_t)end;
	*ret_view = v;
	return 0;
}
