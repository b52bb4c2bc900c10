#include "base/mem.h"
#include "vt/history_page.h"

#include <errno.h>
#include <string.h>

/* A reader that cannot leave its record: past the end it reads zeros, and says
 * so once at the end. */
struct source {
	const uint8_t *at, *end;
	bool is_bad;
};

static uint8_t get_byte(struct source *s)
{
	if (s->at == s->end) {
		s->is_bad = true;
		return 0;
	}
	return *s->at++;
}

static uint64_t get_varint(struct source *s)
{
	uint64_t v = 0;
	uint8_t b;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		b = get_byte(s);
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	s->is_bad = true;
	return 0;
}

/* A number that is at most @max, or the record is damaged. */
static uint32_t get_number(struct source *s, uint32_t max)
{
	uint64_t v = get_varint(s);

	if (v > max) {
		s->is_bad = true;
		return 0;
	}
	return (uint32_t)v;
}

static const uint8_t *get_bytes(struct source *s, size_t n)
{
	const uint8_t *p = s->at;

	if (n > (size_t)(s->end - s->at)) {
		s->is_bad = true;
		return NULL;
	}
	s->at += n;
	return p;
}

static void get_style(struct source *s, struct style *ret)
{
	uint32_t words[3] = { 0 };
	const uint8_t *p = get_bytes(s, 14);

	*ret = (struct style){ 0 };
	if (!p)
		return;
	for (unsigned i = 0; i < 12; i++)
		words[i / 4] |= (uint32_t)p[i] << i % 4 * 8;
	ret->fg = words[0];
	ret->bg = words[1];
	ret->underline = words[2];
	ret->attrs = (uint16_t)(p[12] | p[13] << 8);
}

/* All of a page that a record may refer to. */
struct scope {
	struct page *page;
	const uint8_t *data;
};

static struct source source_at(const struct scope *sc, struct source *s)
{
	uint32_t offset = get_number(s, sc->page->used);

	return (struct source){ sc->data + offset, sc->data + sc->page->used, false };
}

static void get_style_at(const struct scope *sc, struct source *s, struct style *ret)
{
	struct source there = source_at(sc, s);

	get_style(&there, ret);
	s->is_bad |= there.is_bad;
}

static struct page_link *new_link(uint32_t offset, const uint8_t *strings, size_t n_uri,
				  size_t n_id)
{
	struct page_link *l = mem_zalloc(1, sizeof(*l) + n_uri + n_id + 2);

	if (!l)
		return NULL;
	memcpy(l->strings, strings, n_uri + n_id + 2);
	l->offset = offset;
	l->link = (struct link){ .uri = l->strings, .id = l->strings + n_uri + 1 };
	return l;
}

/* The link whose text begins at @there.  Made once per page, so that views of
 * several lines can point to it.  NULL when memory is out: it is left out. */
static const struct link *get_link(const struct scope *sc, struct source *there)
{
	uint32_t offset = (uint32_t)(there->at - sc->data);
	uint32_t n_uri, n_id;
	const uint8_t *strings;
	struct page_link *l;

	n_uri = get_number(there, sc->page->used);
	n_id = get_number(there, sc->page->used);
	strings = get_bytes(there, (size_t)n_uri + n_id + 2);
	if (there->is_bad || !strings || strings[n_uri] || strings[n_uri + n_id + 1]) {
		there->is_bad = true;
		return NULL;
	}
	for (l = sc->page->links; l; l = l->next) {
		if (l->offset == offset)
			return &l->link;
	}
	l = new_link(offset, strings, n_uri, n_id);
	if (!l)
		return NULL;
	l->next = sc->page->links;
	sc->page->links = l;
	return &l->link;
}

void page_free_links(struct page *p, uint32_t from)
{
	for (struct page_link **pp = &p->links; *pp;) {
		struct page_link *l = *pp;

		if (l->offset < from) {
			pp = &l->next;
		} else {
			*pp = l->next;
			mem_free(l);
		}
	}
}

size_t page_links_memory(const struct page *p)
{
	size_t n = 0;

	for (const struct page_link *l = p->links; l; l = l->next)
		n += sizeof(*l) + strlen(l->link.uri) + strlen(l->link.id) + 2;
	return n;
}

static void get_run(const struct scope *sc, struct source *s, struct line_run *r)
{
	const struct line_run before = *r;
	uint8_t head = get_byte(s);

	*r = (struct line_run){ .form = head & 3 };
	r->n_cols = (uint16_t)get_number(s, UINT16_MAX);
	r->n_bytes = head & 1 << 6 ? r->n_cols : get_number(s, sc->page->used);
	switch (head >> 2 & 3) {
	case 0:
		r->style = before.style;
		break;
	case 2:
		get_style_at(sc, s, &r->style);
		break;
	case 3:
		get_style(s, &r->style);
		break;
	}
	switch (head >> 4 & 3) {
	case 1:
		r->link = before.link;
		break;
	case 2: {
		struct source there = source_at(sc, s);

		r->link = get_link(sc, &there);
		s->is_bad |= there.is_bad;
		break;
	}
	case 3:
		r->link = get_link(sc, s);
		break;
	}
	s->is_bad |= !r->n_cols || (r->form == LINE_BLANK && r->n_bytes != r->n_cols);
}

static unsigned get_marks(struct source *s, struct mark *ret)
{
	unsigned n = get_number(s, LINE_MARKS_MAX);

	for (unsigned i = 0; i < n; i++) {
		uint32_t zigzag;

		ret[i] = (struct mark){ .id = get_varint(s) };
		ret[i].col = get_number(s, UINT32_MAX);
		zigzag = get_number(s, UINT32_MAX);
		ret[i].status = (int32_t)(zigzag >> 1 ^ -(zigzag & 1));
		ret[i].kind = get_byte(s);
	}
	return n;
}

/* Room in @b for that much, and behind the text for all marks, aligned. */
static bool line_buf_room(struct line_buf *b, size_t n_bytes, size_t n_runs)
{
	n_bytes += 16 + LINE_MARKS_MAX * sizeof(struct mark);
	if (b->size_bytes < n_bytes) {
		char *text = mem_zalloc(1, n_bytes + n_bytes / 4);

		if (!text)
			return false;
		mem_free(b->text);
		b->text = text;
		b->size_bytes = n_bytes + n_bytes / 4;
	}
	if (b->size_runs < n_runs) {
		struct line_run *runs = mem_zalloc(n_runs + n_runs / 4 + 4, sizeof(*runs));

		if (!runs)
			return false;
		mem_free(b->runs);
		b->runs = runs;
		b->size_runs = n_runs + n_runs / 4 + 4;
	}
	return true;
}

static struct source record_source(const struct page *p, const uint8_t *data, uint32_t line)
{
	uint32_t from = page_offset(data, p->index_end, line), to = p->used;

	if (line + 1 < p->n_stored)
		to = page_offset(data, p->index_end, line + 1);
	if (to > p->used || from >= to)
		return (struct source){ .is_bad = true };
	return (struct source){ data + from, data + to, false };
}

/* Kinds 0 to 2: one run of ASCII, or nothing. */
static int read_plain(const struct scope *sc, struct source *s, unsigned kind, struct line_buf *buf)
{
	struct style style = { 0 };
	size_t n;

	if (kind == 1) {
		get_style_at(sc, s, &style);
	} else if (kind == 2) {
		get_style(s, &style);
	}
	n = (size_t)(s->end - s->at);
	if (s->is_bad || n > UINT16_MAX)
		return HISTORY_E_DAMAGED;
	if (!line_buf_room(buf, n, 1))
		return -ENOMEM;
	if (n) {
		memcpy(buf->text, s->at, n);
		buf->runs[0] = (struct line_run){ .n_bytes = (uint32_t)n,
						  .n_cols = (uint16_t)n,
						  .form = LINE_NARROW,
						  .style = style };
	}
	buf->n_bytes = n;
	buf->n_runs = n > 0;
	return 0;
}

static int read_text(struct source *s, struct line_buf *buf)
{
	char *to = buf->text;

	for (size_t i = 0; i < buf->n_runs; i++) {
		size_t n = buf->runs[i].n_bytes;

		if (buf->runs[i].form == LINE_BLANK) {
			memset(to, ' ', n);
		} else {
			const uint8_t *from = get_bytes(s, n);

			if (!from)
				return HISTORY_E_DAMAGED;
			memcpy(to, from, n);
		}
		to += n;
	}
	buf->n_bytes = (size_t)(to - buf->text);
	return 0;
}

static int read_runs(const struct scope *sc, struct source *s, uint32_t n_runs,
		     struct line_buf *buf)
{
	struct line_run last = { 0 };
	size_t n_bytes = 0, n_cols = 0;

	/* A run takes two bytes at least, so this bounds what a liar can ask for. */
	if (n_runs > (size_t)(s->end - s->at) / 2)
		return HISTORY_E_DAMAGED;
	if (!line_buf_room(buf, 0, n_runs))
		return -ENOMEM;
	for (uint32_t i = 0; i < n_runs; i++) {
		get_run(sc, s, &last);
		buf->runs[i] = last;
		n_bytes += last.n_bytes;
		n_cols += last.n_cols;
		if (s->is_bad || n_cols > UINT16_MAX)
			return HISTORY_E_DAMAGED;
	}
	if (n_bytes > (size_t)(s->end - s->at) + n_cols)
		return HISTORY_E_DAMAGED;
	if (!line_buf_room(buf, n_bytes, n_runs))
		return -ENOMEM;
	buf->n_runs = n_runs;
	return read_text(s, buf);
}

static int read_record(const struct scope *sc, struct source *s, struct line_buf *buf,
		       struct line_view *v)
{
	struct mark marks[LINE_MARKS_MAX];
	uint8_t head = get_byte(s);
	unsigned kind = head >> 4 & 3, n_marks = 0;
	int r;

	if (kind < 3) {
		r = read_plain(sc, s, kind, buf);
	} else {
		uint32_t n_runs = get_number(s, UINT16_MAX);

		if (head & 1 << 6)
			n_marks = get_marks(s, marks);
		r = s->is_bad ? HISTORY_E_DAMAGED : read_runs(sc, s, n_runs, buf);
	}
	if (r)
		return r;
	*v = (struct line_view){ .text = buf->text, .runs = buf->runs, .flags = head & 15 };
	v->n_bytes = (uint32_t)buf->n_bytes;
	v->n_runs = (uint32_t)buf->n_runs;
	for (uint32_t i = 0; i < v->n_runs; i++)
		v->n_cols += v->runs[i].n_cols;
	if (n_marks) {
		char *at = buf->text + ((buf->n_bytes + 15) & ~(size_t)15);

		memcpy(at, marks, n_marks * sizeof(*marks));
		v->marks = (const struct mark *)(const void *)at;
		v->n_marks = (uint16_t)n_marks;
	}
	return 0;
}

int page_read(struct page *p, const uint8_t *data, uint32_t line, struct line_buf *buf,
	      struct line_view *ret_view)
{
	const struct scope sc = { p, data };
	struct source s = record_source(p, data, line);

	line_buf_clear(buf);
	return s.is_bad ? HISTORY_E_DAMAGED : read_record(&sc, &s, buf, ret_view);
}

unsigned page_read_marks(const struct page *p, const uint8_t *data, uint32_t line, struct mark *ret)
{
	struct source s = record_source(p, data, line);
	uint8_t head = s.is_bad ? 0 : get_byte(&s);
	unsigned n;

	if (!(head & 1 << 6) || (head >> 4 & 3) != 3)
		return 0;
	get_number(&s, UINT16_MAX); /* runs */
	n = get_marks(&s, ret);
	return s.is_bad ? 0 : n;
}
