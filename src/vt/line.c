#include "vt/line.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define BYTES_MIN 256u
#define RUNS_MIN 16u

void line_buf_fini(struct line_buf *b)
{
	mem_free(b->text);
	mem_free(b->runs);
	memset(b, 0, sizeof *b);
}

void line_buf_clear(struct line_buf *b)
{
	b->n_bytes = 0;
	b->n_runs = 0;
	b->is_broken = false;
}

/* Room for @need objects in an array of @size; the new size, or 0. */
static size_t array_grow(void **array, size_t used, size_t size, size_t need, size_t object)
{
	size_t to = size * 2 > need ? size * 2 : need;
	void *p = mem_zalloc(to, object);

	if (!p)
		return 0;
	if (used)
		memcpy(p, *array, used * object);
	mem_free(*array);
	*array = p;
	return to;
}

static bool reserve_text(struct line_buf *b, size_t n)
{
	void *p = b->text;

	if (b->size_bytes - b->n_bytes >= n)
		return true;

	size_t size = array_grow(&p, b->n_bytes, b->size_bytes, b->n_bytes + n + BYTES_MIN, 1);

	if (!size)
		return false;
	b->text = p;
	b->size_bytes = size;
	return true;
}

static bool reserve_runs(struct line_buf *b, size_t n)
{
	void *p = b->runs;

	if (b->size_runs - b->n_runs >= n)
		return true;

	size_t size =
		array_grow(&p, b->n_runs, b->size_runs, b->n_runs + n + RUNS_MIN, sizeof *b->runs);

	if (!size)
		return false;
	b->runs = p;
	b->size_runs = size;
	return true;
}

/* Views of different places have structs of their own for one link. */
static bool same_link(const struct link *a, const struct link *b)
{
	return a == b || (a && b && !strcmp(a->uri, b->uri) && !strcmp(a->id, b->id));
}

static bool run_continues(const struct line_run *r, enum line_form form, unsigned n_cols,
			  const struct style *style, const struct link *link)
{
	return r->form == form && r->n_cols + n_cols <= UINT16_MAX && form != LINE_CLUSTER &&
	       same_link(r->link, link) && r->style.fg == style->fg && r->style.bg == style->bg &&
	       r->style.underline == style->underline && r->style.attrs == style->attrs;
}

bool line_buf_prepare(struct line_buf *b, size_t n_bytes, size_t n_runs)
{
	return reserve_text(b, n_bytes) && reserve_runs(b, n_runs);
}

char *line_buf_reserve(struct line_buf *b, size_t n_bytes)
{
	/* Never nothing: NULL says that memory is out, and nothing may be added to it. */
	if (b->is_broken || !reserve_text(b, n_bytes ? n_bytes : 1)) {
		b->is_broken = true;
		return NULL;
	}
	return b->text + b->n_bytes;
}

void line_buf_commit(struct line_buf *b, enum line_form form, size_t n_bytes, unsigned n_cols,
		     const struct style *style, const struct link *link)
{
	struct line_run *r = b->n_runs ? &b->runs[b->n_runs - 1] : NULL;

	if (!n_cols || b->is_broken)
		return;
	if (!r || !run_continues(r, form, n_cols, style, link)) {
		if (!reserve_runs(b, 1)) {
			b->is_broken = true;
			return;
		}
		assert(b->runs);
		r = &b->runs[b->n_runs++];
		*r = (struct line_run){ .form = (uint8_t)form, .style = *style, .link = link };
		r->style.link = 0;
	}
	b->n_bytes += n_bytes;
	r->n_bytes += (uint32_t)n_bytes;
	r->n_cols = (uint16_t)(r->n_cols + n_cols);
}

/* NOLINTNEXTLINE(readability-function-size): a run has that many sides */
void line_buf_add(struct line_buf *b, enum line_form form, const char *text, size_t n_bytes,
		  unsigned n_cols, const struct style *style, const struct link *link)
{
	if (form == LINE_BLANK)
		n_bytes = n_cols;

	char *to = line_buf_reserve(b, n_bytes);

	if (!to)
		return;
	if (form == LINE_BLANK) {
		memset(to, ' ', n_bytes);
	} else {
		memcpy(to, text, n_bytes);
	}
	line_buf_commit(b, form, n_bytes, n_cols, style, link);
}

/* Bytes of the first @n code points of well-formed text. */
static size_t text_skip(const char *text, size_t n_bytes, unsigned n)
{
	size_t i = 0;

	while (i < n_bytes && n--) {
		for (i++; i < n_bytes && ((unsigned char)text[i] & 0xc0) == 0x80; i++)
			;
	}
	return i;
}

/* Columns [from, to) of one run, relative to its start. */
static void add_run_slice(struct line_buf *b, const struct line_run *r, const char *text,
			  unsigned from, unsigned to)
{
	unsigned cell = r->form == LINE_WIDE ? 2 : r->form == LINE_CLUSTER ? r->n_cols : 1;
	unsigned head = from % cell ? cell - from % cell : 0;
	unsigned tail = to % cell;

	if (head >= to - from) {
		line_buf_add(b, LINE_BLANK, NULL, 0, to - from, &r->style, r->link);
		return;
	}
	line_buf_add(b, LINE_BLANK, NULL, 0, head, &r->style, r->link);
	from += head;
	to -= tail;
	if (from < to) {
		unsigned n_from = r->form == LINE_CLUSTER ? 0 : from / cell;
		size_t skip = text_skip(text, r->n_bytes, n_from);
		size_t take = r->n_bytes - skip;

		if (r->form != LINE_CLUSTER && to < r->n_cols)
			take = text_skip(text + skip, take, (to - from) / cell);
		line_buf_add(b, (enum line_form)r->form, text + skip, take, to - from, &r->style,
			     r->link);
	}
	line_buf_add(b, LINE_BLANK, NULL, 0, tail, &r->style, r->link);
}

void line_buf_add_slice(struct line_buf *b, const struct line_view *src, unsigned from, unsigned to)
{
	const char *text = src->text;
	unsigned col = 0;

	for (uint32_t i = 0; i < src->n_runs && col < to; i++) {
		const struct line_run *r = &src->runs[i];
		unsigned end = col + r->n_cols;

		if (end > from && col < to) {
			add_run_slice(b, r, text, from > col ? from - col : 0,
				      (to < end ? to : end) - col);
		}
		text += r->n_bytes;
		col = end;
	}
}

int line_buf_view(const struct line_buf *b, struct line_view *ret_view)
{
	struct line_view v = { .text = b->text, .runs = b->runs };

	if (b->is_broken)
		return -ENOMEM;
	v.n_bytes = (uint32_t)b->n_bytes;
	v.n_runs = (uint32_t)b->n_runs;
	for (uint32_t i = 0; i < v.n_runs; i++)
		v.n_cols += v.runs[i].n_cols;
	*ret_view = v;
	return 0;
}
