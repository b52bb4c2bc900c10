#include "vt/history_page.h"

#include <assert.h>
#include <string.h>

#define VARINT_MAX 5u
#define STYLE_BYTES 14u
#define MARK_MAX (10 + 3 * VARINT_MAX + 1)

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	while (__builtin_expect(v >= 0x80, 0)) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/* The compiler makes one store of it. */
static inline uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
	return p + 4;
}

static uint8_t *put_style(uint8_t *p, const struct style *s)
{
	p = put_u32(put_u32(put_u32(p, s->fg), s->bg), s->underline);
	p[0] = (uint8_t)s->attrs;
	p[1] = (uint8_t)(s->attrs >> 8);
	return p + 2;
}

static bool is_same_look(const struct style *a, const struct style *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->underline == b->underline &&
	       a->attrs == b->attrs;
}

static bool is_plain_look(const struct style *s)
{
	return !(s->fg | s->bg | s->underline | s->attrs);
}

static unsigned hash_style(const struct style *s)
{
	uint32_t h = s->fg * 0x9e3779b1u ^ s->bg * 0x85ebca6bu ^ s->underline * 0xc2b2ae35u ^
		     s->attrs * 0x27d4eb2fu;

	return (h ^ h >> 15) >> 8 & (PAGE_CACHE_STYLES - 1);
}

/* Offset of that style in the page, or 0: it goes to @here, and is found there
 * from now on. */
static uint32_t find_style(struct page_cache *cache, const struct style *s, uint32_t here)
{
	unsigned i;

	if (!cache)
		return 0;
	i = hash_style(s);
	if (cache->slots[i].offset && is_same_look(&cache->slots[i].style, s))
		return cache->slots[i].offset;
	cache->slots[i].style = *s;
	cache->slots[i].offset = here;
	return 0;
}

char *page_write_plain(struct page *p, struct page_cache *cache, uint32_t n,
		       const struct style *style, uint8_t flags)
{
	uint8_t *head = p->raw + p->used, *at = head + 1;

	page_add_index(p);
	if (is_plain_look(style)) {
		*head = flags;
	} else {
		uint32_t offset = find_style(cache, style, p->used + 1);

		*head = (uint8_t)(flags | (offset ? 1 : 2) << 4);
		at = offset ? put_varint(at, offset) : put_style(at, style);
	}
	p->used = (uint32_t)(at - p->raw) + n;
	return (char *)at;
}

static bool is_plain(const struct line_view *v)
{
	const struct line_run *r = v->runs;

	return !v->n_marks && (!v->n_runs || (v->n_runs == 1 && r->form == LINE_NARROW &&
					      !r->link && r->n_bytes == r->n_cols));
}

static size_t links_max(const struct line_view *v)
{
	size_t n = 0;

	for (uint32_t i = 0; i < v->n_runs; i++) {
		const struct link *l = v->runs[i].link;

		n += l ? strlen(l->uri) + strlen(l->id) + 2 + 2 * (size_t)VARINT_MAX : 0;
	}
	return n;
}

size_t page_record_max(const struct line_view *v)
{
	size_t n = 1 + VARINT_MAX + v->n_bytes + 1 + v->n_marks * MARK_MAX +
		   v->n_runs * (size_t)(1 + 3 * VARINT_MAX + STYLE_BYTES);
	uintptr_t any = 0;

	for (uint32_t i = 0; i < v->n_runs; i++)
		any |= (uintptr_t)v->runs[i].link;
	return any ? n + links_max(v) : n;
}

/* What the last run left, so that the next can say "as before". */
struct last {
	struct style style;
	const struct link *link;
};

static uint8_t *put_run_style(struct page *p, struct page_cache *cache, uint8_t *at, uint8_t *head,
			      const struct line_run *r, struct last *last)
{
	uint32_t offset;

	if (is_same_look(&r->style, &last->style))
		return at;
	last->style = r->style;
	if (is_plain_look(&r->style)) {
		*head |= 1 << 2;
		return at;
	}
	offset = find_style(cache, &r->style, (uint32_t)(at - p->raw));
	*head |= (uint8_t)((offset ? 2 : 3) << 2);
	return offset ? put_varint(at, offset) : put_style(at, &r->style);
}

static bool is_same_link(const struct link *a, const struct link *b)
{
	return a == b || (a && b && !strcmp(a->uri, b->uri) && !strcmp(a->id, b->id));
}

/* Whether the link written at @offset is @l. */
static bool is_link_at(const uint8_t *at, const struct link *l, size_t n_uri, size_t n_id)
{
	uint8_t lengths[2 * VARINT_MAX];
	size_t n = (size_t)(put_varint(put_varint(lengths, n_uri), n_id) - lengths);

	return !memcmp(at, lengths, n) && !memcmp(at + n, l->uri, n_uri + 1) &&
	       !memcmp(at + n + n_uri + 1, l->id, n_id + 1);
}

/* Links repeat at once or not at all, mostly: only the last one is looked for. */
static uint8_t *put_run_link(struct page *p, struct page_cache *cache, uint8_t *at, uint8_t *head,
			     const struct link *l, struct last *last)
{
	size_t n_uri, n_id;

	if (!l) {
		last->link = NULL; /* "as before" means the run before */
		return at;
	}
	if (is_same_link(l, last->link)) {
		*head |= 1 << 4;
		return at;
	}
	n_uri = strlen(l->uri);
	n_id = strlen(l->id);
	last->link = l;
	if (cache && cache->link_offset &&
	    is_link_at(p->raw + cache->link_offset, l, n_uri, n_id)) {
		*head |= 2 << 4;
		return put_varint(at, cache->link_offset);
	}
	*head |= 3 << 4;
	if (cache)
		cache->link_offset = (uint32_t)(at - p->raw);
	at = put_varint(put_varint(at, n_uri), n_id);
	memcpy(at, l->uri, n_uri + 1);
	memcpy(at + n_uri + 1, l->id, n_id + 1);
	return at + n_uri + n_id + 2;
}

static uint8_t *put_run(struct page *p, struct page_cache *cache, uint8_t *at,
			const struct line_run *r, struct last *last)
{
	uint8_t *head = at;

	*at++ = r->form;
	at = put_varint(at, r->n_cols);
	if (r->n_bytes == r->n_cols) {
		*head |= 1 << 6;
	} else {
		at = put_varint(at, r->n_bytes);
	}
	at = put_run_style(p, cache, at, head, r, last);
	return put_run_link(p, cache, at, head, r->link, last);
}

static uint8_t *put_marks(struct page *p, uint8_t *at, const struct line_view *v)
{
	at = put_varint(at, v->n_marks);
	for (unsigned i = 0; i < v->n_marks; i++) {
		const struct mark *m = &v->marks[i];

		at = put_varint(put_varint(at, m->id), m->col);
		at = put_varint(at, (uint32_t)m->status << 1 ^ (m->status < 0 ? UINT32_MAX : 0));
		*at++ = m->kind;
		p->mark_min = m->id < p->mark_min ? m->id : p->mark_min;
		p->mark_max = m->id > p->mark_max ? m->id : p->mark_max;
	}
	return at;
}

static uint8_t *put_text(uint8_t *at, const struct line_view *v, bool has_blanks)
{
	const char *text = v->text;

	if (!has_blanks) {
		if (v->n_bytes)
			memcpy(at, text, v->n_bytes);
		return at + v->n_bytes;
	}
	for (uint32_t i = 0; i < v->n_runs; i++) {
		size_t n = v->runs[i].n_bytes;

		if (v->runs[i].form != LINE_BLANK) {
			memcpy(at, text, n);
			at += n;
		}
		text += n;
	}
	return at;
}

void page_write(struct page *p, struct page_cache *cache, const struct line_view *v)
{
	static const struct style none;
	struct last last = { 0 };
	bool has_blanks = false;
	uint8_t *head, *at;

	assert(v->n_cols <= UINT16_MAX && v->n_marks <= LINE_MARKS_MAX);
	if (is_plain(v)) {
		char *text = page_write_plain(p, cache, v->n_bytes,
					      v->n_runs ? &v->runs->style : &none, v->flags);

		if (v->n_bytes)
			memcpy(text, v->text, v->n_bytes);
		return;
	}
	head = p->raw + p->used;
	page_add_index(p);
	*head = (uint8_t)(v->flags | 3 << 4 | (v->n_marks ? 1 << 6 : 0));
	at = put_varint(head + 1, v->n_runs);
	if (v->n_marks)
		at = put_marks(p, at, v);
	for (uint32_t i = 0; i < v->n_runs; i++) {
		at = put_run(p, cache, at, &v->runs[i], &last);
		has_blanks |= v->runs[i].form == LINE_BLANK;
	}
	p->used = (uint32_t)(put_text(at, v, has_blanks) - p->raw);
}
