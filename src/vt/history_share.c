#include "vt/history_share.h"

#include "base/mem.h"
#include "vt/history_page.h"
#include "vt/term.h"

#include <errno.h>
#include <string.h>

struct history_share {
	uint64_t first; /* number of the first line */
	uint32_t n_lines;
	uint32_t skip; /* lines of the first page that are not kept */
	uint32_t n_pages;
	struct page pages[];
};

/* The page that is being written, as it is. */
static bool copy_open(struct page *p)
{
	const uint8_t *from = p->raw;
	uint32_t n = 2 * p->n_stored;

	p->raw = page_raw_new(p->index_end);
	if (!p->raw)
		return false;
	memcpy(p->raw, from, p->used);
	memcpy(p->raw + p->index_end - n, from + p->index_end - n, n);
	return true;
}

static bool share_page(struct page *p)
{
	p->links = NULL;
	if (p->cold) {
		p->cold->n_refs++;
	} else if (p->is_closed) {
		page_raw_ref(p->raw);
	} else {
		return copy_open(p);
	}
	return true;
}

struct history_share *history_share_new(const struct vt *vt)
{
	const struct history *h = vt->history;
	uint32_t n = 0;
	struct history_share *s;

	while (h && history_page_at(h, n))
		n++;
	s = mem_zalloc(1, sizeof(*s) + n * sizeof(s->pages[0]));
	if (!s || n == 0)
		return s;
	s->first = history_dropped(h);
	s->n_lines = history_count(h);
	s->skip = history_page_skip(h, history_page_at(h, 0));
	for (uint32_t i = 0; i < n; i++) {
		s->pages[i] = *history_page_at(h, i);
		if (!share_page(&s->pages[i]))
			return history_share_free(s);
		s->n_pages++;
	}
	return s;
}

struct history_share *history_share_free(struct history_share *s)
{
	if (!s)
		return NULL;
	for (uint32_t i = 0; i < s->n_pages; i++) {
		page_free_links(&s->pages[i], 0);
		if (s->pages[i].cold) {
			page_cold_unref(s->pages[i].cold);
		} else {
			page_raw_unref(s->pages[i].raw);
		}
	}
	mem_free(s);
	return NULL;
}

void vt_forget_history(struct vt *vt)
{
	if (vt->history)
		history_clear(vt->history);
}

uint32_t history_share_lines(const struct history_share *s)
{
	return s->n_lines;
}

uint64_t history_share_first(const struct history_share *s)
{
	return s->first;
}

uint32_t history_share_pages(const struct history_share *s)
{
	return s->n_pages;
}

static uint32_t skip_of(const struct history_share *s, uint32_t page)
{
	return page == 0 ? s->skip : 0;
}

struct history_page_info history_share_page(const struct history_share *s, uint32_t page)
{
	const struct page *p = &s->pages[page];
	uint32_t skip = skip_of(s, page);

	return (struct history_page_info){ .first = p->base + skip,
					   .n_lines = p->n_lines - skip,
					   .n_bytes = p->used,
					   .is_cold = p->cold != NULL };
}

bool history_share_may_hold(const struct history_share *s, uint32_t page,
			    const struct history_probe *probe)
{
	const struct cold *c = s->pages[page].cold;

	return !c || !c->has_filter ||
	       history_filter_may_hold(c->bytes + c->n_bytes, c->filter_bytes, probe);
}

/* ---- reading ---- */

void history_reader_fini(struct history_reader *r)
{
	mem_free(r->data);
	line_buf_fini(&r->line);
	r->data = NULL;
	r->cold = NULL;
}

static int open_cold(struct history_reader *r, const struct cold *c)
{
	mem_free(r->data);
	r->cold = NULL;
	r->data = mem_realloc(NULL, c->size_bytes);
	if (!r->data)
		return -ENOMEM;
	if (!r->compress || !r->compress->decompress(r->compress->user, c->bytes, c->n_bytes,
						     r->data, c->size_bytes))
		return HISTORY_E_DAMAGED;
	r->cold = c;
	return 0;
}

static int page_bytes(const struct page *p, struct history_reader *r, const uint8_t **ret)
{
	int e = 0;

	if (!p->cold) {
		*ret = p->raw;
		return 0;
	}
	if (r->cold != p->cold)
		e = open_cold(r, p->cold);
	if (e == 0)
		*ret = r->data + p->cold_offset;
	return e;
}

/* Kinds of records, see history_page.h. */
static unsigned kind_of(uint8_t head)
{
	return head >> 4 & 3;
}

int history_share_bytes(const struct history_share *s, uint32_t page, struct history_reader *r,
			const uint8_t **ret, size_t *ret_n, bool *ret_is_simple)
{
	const struct page *p = &s->pages[page];
	int e = page_bytes(p, r, ret);
	bool is_simple = true;

	if (e)
		return e;
	for (uint32_t i = skip_of(s, page); i < p->n_lines && is_simple; i++) {
		uint32_t at = page_offset(*ret, p->index_end, i);

		is_simple =
			at < p->used && kind_of((*ret)[at]) != 3 && !((*ret)[at] & LINE_WRAPPED);
	}
	*ret_n = p->used;
	*ret_is_simple = is_simple;
	return 0;
}

uint32_t history_visible_bytes(const struct line_view *v)
{
	uint32_t n = v->n_bytes;

	if (v->flags & LINE_WRAPPED)
		return n;
	for (uint32_t i = v->n_runs; i > 0 && v->runs[i - 1].form == LINE_BLANK; i--)
		n -= v->runs[i - 1].n_bytes;
	return n;
}

int page_text(struct page *p, const uint8_t *data, uint32_t line, struct line_buf *buf,
	      struct history_text *ret)
{
	uint32_t from = page_offset(data, p->index_end, line), to = p->used;
	struct line_view v;
	int r;

	if (line + 1 < p->n_stored)
		to = page_offset(data, p->index_end, line + 1);
	if (to <= p->used && from < to && kind_of(data[from]) == 0) {
		*ret = (struct history_text){ .text = (const char *)data + from + 1,
					      .n_bytes = to - from - 1,
					      .is_wrapped = data[from] & LINE_WRAPPED };
		return 0;
	}
	r = page_read(p, data, line, buf, &v);
	*ret = (struct history_text){ 0 };
	if (r == 0) {
		*ret = (struct history_text){ .text = v.text,
					      .n_bytes = history_visible_bytes(&v),
					      .is_wrapped = v.flags & LINE_WRAPPED };
	}
	return r < 0 ? r : 0; /* of a damaged line nothing is there */
}

int history_share_each(const struct history_share *s, uint32_t page, struct history_reader *r,
		       history_text_fn *each, void *user)
{
	struct page copy = s->pages[page];
	const uint8_t *data = NULL;
	struct history_text line;
	int e = page_bytes(&copy, r, &data);

	copy.links = NULL;
	for (uint32_t i = skip_of(s, page); e >= 0 && i < copy.n_lines; i++) {
		line = (struct history_text){ 0 };
		e = e ? e : page_text(&copy, data, i, &r->line, &line);
		if (e >= 0 && !each(&line, user))
			break;
	}
	page_free_links(&copy, 0);
	return e < 0 ? e : 0;
}

/* The page that holds a line that is there. */
static uint32_t find_page(const struct history_share *s, uint64_t number)
{
	uint32_t from = 0, to = s->n_pages;

	while (to - from > 1) {
		uint32_t mid = from + (to - from) / 2;

		if (s->pages[mid].base <= number) {
			from = mid;
		} else {
			to = mid;
		}
	}
	return from;
}

int history_share_line(const struct history_share *s, uint64_t number, struct history_reader *r,
		       struct history_text *ret)
{
	struct page copy;
	const uint8_t *data = NULL;
	int e;

	*ret = (struct history_text){ 0 };
	if (number < s->first || number - s->first >= s->n_lines)
		return -ERANGE;
	copy = s->pages[find_page(s, number)];
	copy.links = NULL;
	e = page_bytes(&copy, r, &data);
	if (e == 0)
		e = page_text(&copy, data, (uint32_t)(number - copy.base), &r->line, ret);
	page_free_links(&copy, 0);
	return e < 0 ? e : 0;
}
