#include "vt/history.h"

#include "base/mem.h"
#include "vt/history_page.h"
#include "vt/history_share.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/*
 * Invariants:
 *   1. pages[0 .. n_pages-1] are in order and none is empty; pages[i].base +
 *      pages[i].n_lines == pages[i+1].base.
 *   2. Only the last page may be open (!is_closed), and only a closed one may
 *      be cold; a page has either raw or cold.  Pages of one struct cold are
 *      neighbours.
 *   3. skip < pages[0].n_lines, or both are 0: lines of the first page that are
 *      dropped already.
 *   4. n_bytes is the sum of page_bytes() over the pages.
 */
struct history {
	struct page *pages;
	uint32_t n_pages, size_pages;
	uint32_t skip;
	uint32_t n_lines; /* kept */
	uint32_t max_lines;
	uint32_t page_bytes; /* allocated for a page, <= PAGE_BYTES */
	size_t max_bytes;
	size_t n_bytes; /* of the closed pages; the open one counts when it closes */
	uint64_t n_dropped;
	uint32_t next_cold;       /* pages before this one need no compression */
	uint8_t *spare;           /* page_bytes, of a page that went; or NULL */
	struct page_cache *cache; /* of the open page; NULL until a style comes */
	struct vt_compress compress;
	struct reader *reader; /* the cold pages that were read last */
};

/* Cold pages made readable. */
struct reader {
	const struct cold *cold; /* which ones; NULL = none */
	uint8_t *data;           /* cold->size_bytes */
};

#define GROUP_PAGES 4u /* compressed together, in one step */

/* Small histories get small pages: the limits are kept to a page. */
static uint32_t page_size(uint32_t max_lines, size_t max_bytes)
{
	size_t n = max_bytes / 4;

	if (max_lines < n / 64)
		n = (size_t)max_lines * 64;
	if (n >= PAGE_BYTES)
		return PAGE_BYTES;
	return n < PAGE_BYTES / 16 ? PAGE_BYTES / 16 : (uint32_t)n & ~15u;
}

struct history *history_new(uint32_t max_lines, size_t max_bytes,
			    const struct vt_compress *compress)
{
	struct history *h = mem_new(struct history);

	if (!h)
		return NULL;
	h->reader = mem_new(struct reader);
	if (!h->reader) {
		mem_free(h);
		return NULL;
	}
	h->max_lines = max_lines ? max_lines : 1;
	h->max_bytes = max_bytes;
	h->page_bytes = page_size(h->max_lines, max_bytes);
	if (compress)
		h->compress = *compress;
	return h;
}

static void close_reader(const struct history *h)
{
	mem_free(h->reader->data);
	*h->reader = (struct reader){ 0 };
}

void page_cold_unref(struct cold *c)
{
	if (--c->n_refs == 0)
		mem_free(c);
}

/* The page was the last of the history that pointed there, or another follows. */
static void drop_cold(const struct history *h, struct cold *c)
{
	if (!c)
		return;
	if (h->reader->cold == c)
		close_reader(h);
	page_cold_unref(c);
}

/* --- bytes of pages --- */

struct raw {
	uint64_t n_refs;
	uint64_t unused; /* what follows is aligned as malloc() does it */
	uint8_t bytes[];
};

static struct raw *raw_of(uint8_t *bytes)
{
	return CONTAINER_OF(bytes, struct raw, bytes);
}

uint8_t *page_raw_new(size_t n)
{
	struct raw *r = mem_realloc(NULL, sizeof(*r) + n);

	if (!r)
		return NULL;
	r->n_refs = 1;
	return r->bytes;
}

void page_raw_ref(uint8_t *raw)
{
	raw_of(raw)->n_refs++;
}

void page_raw_unref(uint8_t *raw)
{
	if (raw && --raw_of(raw)->n_refs == 0)
		mem_free(raw_of(raw));
}

bool page_raw_is_shared(uint8_t *raw)
{
	return raw_of(raw)->n_refs > 1;
}

static void page_fini(const struct history *h, struct page *p)
{
	page_free_links(p, 0);
	page_raw_unref(p->raw);
	drop_cold(h, p->cold);
	p->raw = NULL;
	p->cold = NULL;
}

/* What a page counts against max_bytes; a page that is open counts nothing yet. */
static size_t page_bytes(const struct page *p)
{
	return p->is_closed ? p->used + 2 * (size_t)p->n_stored : 0;
}

struct history *history_free(struct history *h)
{
	if (!h)
		return NULL;
	history_clear(h);
	page_raw_unref(h->spare);
	mem_free(h->cache);
	mem_free(h->pages);
	mem_free(h->reader);
	mem_free(h);
	return NULL;
}

/* A page is done with; one buffer is kept for the next, so that a history that
 * is full allocates nothing. */
static void retire_page(struct history *h, struct page *p)
{
	h->n_bytes -= page_bytes(p);
	if (p->raw && !h->spare && p->index_end == h->page_bytes && !page_raw_is_shared(p->raw)) {
		h->spare = p->raw;
		p->raw = NULL;
	}
	page_fini(h, p);
}

static void drop_first_page(struct history *h)
{
	retire_page(h, &h->pages[0]);
	h->n_pages--;
	memmove(h->pages, h->pages + 1, h->n_pages * sizeof(*h->pages));
	h->skip = 0;
	h->next_cold -= h->next_cold > 0;
}

static void drop_first_line(struct history *h)
{
	h->n_lines--;
	h->n_dropped++;
	if (++h->skip == h->pages[0].n_lines)
		drop_first_page(h);
}

static void drop_excess_bytes(struct history *h)
{
	while (h->n_pages > 1 && h->n_bytes > h->max_bytes) {
		uint32_t n = h->pages[0].n_lines - h->skip;

		h->n_lines -= n;
		h->n_dropped += n;
		drop_first_page(h);
	}
}

void history_clear(struct history *h)
{
	h->n_dropped += h->n_lines;
	for (uint32_t i = 0; i < h->n_pages; i++)
		retire_page(h, &h->pages[i]);
	h->n_pages = h->skip = h->n_lines = h->next_cold = 0;
	close_reader(h);
}

static void close_last_page(struct history *h)
{
	struct page *p = h->n_pages ? &h->pages[h->n_pages - 1] : NULL;

	if (!p || p->is_closed)
		return;
	p->is_closed = true;
	h->n_bytes += page_bytes(p);
	drop_excess_bytes(h);
}

static bool reserve_page(struct history *h)
{
	uint32_t size = h->size_pages ? h->size_pages * 2 : 4;
	struct page *pages;

	if (h->n_pages < h->size_pages)
		return true;
	pages = mem_realloc(h->pages, size * sizeof(*pages));
	if (!pages)
		return false;
	h->pages = pages;
	h->size_pages = size;
	return true;
}

static struct page *append_page(struct history *h, uint8_t *raw, uint32_t size)
{
	struct page *p = &h->pages[h->n_pages++];

	assert(h->n_pages <= h->size_pages && p);
	*p = (struct page){ .base = h->n_dropped + h->n_lines, .index_end = size };
	p->raw = raw;
	p->mark_min = UINT64_MAX;
	return p;
}

/* A new last page with room for @n bytes of record; NULL, and nothing changed,
 * when memory is out. */
static struct page *open_page(struct history *h, size_t n)
{
	size_t size = n + HISTORY_SLACK + 2;
	uint8_t *raw;

	if (size < h->page_bytes)
		size = h->page_bytes;
	if (size > UINT32_MAX || !reserve_page(h))
		return NULL;
	close_last_page(h);
	raw = size == h->page_bytes ? TAKE(h->spare) : NULL;
	if (!raw)
		raw = page_raw_new(size);
	if (!raw)
		return NULL;
	if (h->cache)
		memset(h->cache, 0, sizeof(*h->cache));
	return append_page(h, raw, (uint32_t)size);
}

static struct page *writable_page(struct history *h, size_t n)
{
	struct page *p = h->n_pages ? &h->pages[h->n_pages - 1] : NULL;

	if (p && page_has_room(p, n))
		return p;
	return open_page(h, n);
}

static void count_line(struct history *h)
{
	if (++h->n_lines > h->max_lines)
		drop_first_line(h);
}

/* NULL when memory is out: styles are then written each time. */
static struct page_cache *page_cache(struct history *h)
{
	if (!h->cache)
		h->cache = mem_new(struct page_cache);
	return h->cache;
}

char *history_push_plain(struct history *h, uint32_t n, const struct style *style, uint8_t flags)
{
	struct page *p;
	char *text;

	assert(n <= UINT16_MAX);
	p = writable_page(h, PAGE_PLAIN_MAX(n));
	if (!p)
		return NULL;
	text = page_write_plain(p, style_is_default(style) ? NULL : page_cache(h), n, style, flags);
	count_line(h);
	return text;
}

/* A line wrapped again may end in blanks that a view leaves out (line.h). */
static void trim_line(struct line_view *v)
{
	while (v->n_runs && !(v->flags & LINE_WRAPPED)) {
		const struct line_run *r = &v->runs[v->n_runs - 1];

		if (r->form != LINE_BLANK || r->link || !style_is_default(&r->style))
			break;
		v->n_runs--;
		v->n_bytes -= r->n_bytes;
		v->n_cols -= r->n_cols;
	}
}

int history_push(struct history *h, const struct line_view *v)
{
	struct line_view line = *v;
	struct page *p;

	trim_line(&line);
	p = writable_page(h, page_record_max(&line));
	if (!p)
		return -ENOMEM;
	page_write(p, page_cache(h), &line);
	/* A record that begins behind 64 KiB could not be found by the index. */
	if (p->index_end > PAGE_BYTES)
		close_last_page(h);
	count_line(h);
	return 0;
}

void history_pop(struct history *h)
{
	struct page *p = h->n_pages ? &h->pages[h->n_pages - 1] : NULL;

	if (!p)
		return;
	h->n_lines--;
	p->n_lines--;
	if (!p->is_closed) {
		p->used = page_offset(p->raw, p->index_end, p->n_lines);
		p->n_stored = p->n_lines;
		page_free_links(p, p->used);
		if (h->cache) /* it may know styles that went with the line */
			memset(h->cache, 0, sizeof(*h->cache));
	}
	if (p->n_lines && h->n_lines)
		return;
	retire_page(h, p);
	h->n_pages--;
	if (h->next_cold > h->n_pages)
		h->next_cold = h->n_pages;
	if (!h->n_lines)
		h->skip = 0;
}

uint32_t history_count(const struct history *h)
{
	return h->n_lines;
}

void history_begin(struct history *h, uint64_t n_dropped)
{
	assert(!h->n_lines);
	h->n_dropped = n_dropped;
}

uint64_t history_dropped(const struct history *h)
{
	return h->n_dropped;
}

size_t history_bytes(const struct history *h)
{
	const struct page *last = h->n_pages ? &h->pages[h->n_pages - 1] : NULL;

	return h->n_bytes +
	       (last && !last->is_closed ? last->used + 2 * (size_t)last->n_stored : 0);
}

size_t history_memory(const struct history *h)
{
	size_t n = sizeof(*h) + sizeof(*h->reader) + h->size_pages * sizeof(*h->pages) +
		   (h->reader->cold ? h->reader->cold->size_bytes : 0) +
		   (h->spare ? h->page_bytes : 0) + (h->cache ? sizeof(*h->cache) : 0);

	for (uint32_t i = 0; i < h->n_pages; i++) {
		const struct page *p = &h->pages[i];

		n += (p->raw ? p->index_end : 0) + page_links_memory(p);
		if (p->cold && (!i || p->cold != p[-1].cold))
			n += sizeof(*p->cold) + p->cold->n_bytes + p->cold->filter_bytes;
	}
	return n;
}

/* --- reading --- */

static int open_reader(const struct history *h, const struct cold *c)
{
	struct reader *rd = h->reader;

	close_reader(h);
	rd->data = mem_realloc(NULL, c->size_bytes);
	if (!rd->data)
		return -ENOMEM;
	rd->cold = c;
	if (!h->compress.decompress ||
	    !h->compress.decompress(h->compress.user, c->bytes, c->n_bytes, rd->data,
				    c->size_bytes)) {
		close_reader(h);
		return HISTORY_E_DAMAGED;
	}
	return 0;
}

int history_page_data(const struct history *h, const struct page *p, const uint8_t **ret)
{
	int r = 0;

	if (p->raw) {
		*ret = p->raw;
		return 0;
	}
	if (h->reader->cold != p->cold)
		r = open_reader(h, p->cold);
	if (!r)
		*ret = h->reader->data + p->cold_offset;
	return r;
}

/* The page that holds line number @number, which is kept. */
static struct page *find_page(const struct history *h, uint64_t number)
{
	uint32_t from = 0, to = h->n_pages;

	while (to - from > 1) {
		uint32_t mid = from + (to - from) / 2;

		if (h->pages[mid].base <= number) {
			from = mid;
		} else {
			to = mid;
		}
	}
	return &h->pages[from];
}

int history_read(const struct history *h, uint32_t index, struct line_buf *buf,
		 struct line_view *ret_view)
{
	uint64_t number = h->n_dropped + index;
	struct page *p;
	const uint8_t *data;
	int r;

	if (index >= h->n_lines)
		return -ERANGE;
	p = find_page(h, number);
	r = history_page_data(h, p, &data);
	if (!r)
		r = page_read(p, data, (uint32_t)(number - p->base), buf, ret_view);
	if (r == HISTORY_E_DAMAGED) {
		/* A bad byte in memory or a compressor that failed: the line is there, its
		 * text is not. */
		line_buf_clear(buf);
		*ret_view = (struct line_view){ 0 };
		r = 0;
	}
	return r;
}

static bool find_in_page(const struct history *h, const struct page *p, uint64_t id,
			 uint32_t *ret_line, struct mark *ret_mark)
{
	struct mark marks[LINE_MARKS_MAX];
	const uint8_t *data;

	if (id < p->mark_min || id > p->mark_max || history_page_data(h, p, &data))
		return false;
	for (uint32_t line = p == h->pages ? h->skip : 0; line < p->n_lines; line++) {
		unsigned n = page_read_marks(p, data, line, marks);

		for (unsigned i = 0; i < n; i++) {
			if (marks[i].id == id) {
				*ret_line = line;
				*ret_mark = marks[i];
				return true;
			}
		}
	}
	return false;
}

int history_find_mark(const struct history *h, uint64_t id, uint32_t *ret_index,
		      struct mark *ret_mark)
{
	uint32_t line;

	for (uint32_t i = h->n_pages; i-- > 0;) {
		if (find_in_page(h, &h->pages[i], id, &line, ret_mark)) {
			*ret_index = (uint32_t)(h->pages[i].base + line - h->n_dropped);
			return 0;
		}
	}
	return 1;
}

/* --- pages from and for elsewhere (history_image.c) --- */

struct page *history_page_at(const struct history *h, uint32_t i)
{
	return i < h->n_pages ? &h->pages[i] : NULL;
}

uint32_t history_page_skip(const struct history *h, const struct page *p)
{
	return p == h->pages ? h->skip : 0;
}

int history_adopt(struct history *h, const struct page *p)
{
	if (!reserve_page(h))
		return -ENOMEM;
	close_last_page(h);
	h->pages[h->n_pages] = *p;
	h->pages[h->n_pages++].base = h->n_dropped + h->n_lines;
	h->n_lines += p->n_lines;
	h->n_bytes += page_bytes(p);
	while (h->n_lines > h->max_lines)
		drop_first_line(h);
	drop_excess_bytes(h);
	return 0;
}

/* --- cold pages --- */

/* A closed page with its index moved down to its records. */
static uint32_t packed_bytes(const struct page *p)
{
	return ((p->used + 1) & ~1u) + 2 * p->n_stored;
}

/* Into @to, which is then its data: whoever shares the page has it as it was. */
static void pack_page(struct page *p, uint8_t *to)
{
	uint32_t n = 2 * p->n_stored, at = (p->used + 1) & ~1u;

	memcpy(to, p->raw, p->used);
	to[at - 1] = p->used < at ? 0 : to[at - 1];
	memcpy(to + at, p->raw + p->index_end - n, n);
	p->index_end = at + n;
}

/* Pages from @first on that can be compressed together; their bytes. */
static uint32_t find_group(const struct history *h, uint32_t first, size_t *ret_bytes)
{
	uint32_t n = 0;

	for (*ret_bytes = 0; n < GROUP_PAGES && first + n < h->n_pages; n++) {
		const struct page *p = &h->pages[first + n];

		if (!p->is_closed || !p->raw || p->is_stubborn)
			break;
		*ret_bytes += packed_bytes(p);
	}
	return n;
}

static void chill_pages(struct page *p, uint32_t n, struct cold *c)
{
	uint32_t offset = 0;

	for (uint32_t i = 0; i < n; i++, offset += p[i - 1].index_end) {
		page_raw_unref(TAKE(p[i].raw));
		p[i].cold = c;
		p[i].cold_offset = offset;
	}
}

/* Does the line in front of page @i go on in it? */
static bool is_continued(const struct history *h, uint32_t i)
{
	const struct page *p = i > 0 ? &h->pages[i - 1] : NULL;
	uint32_t at;

	if (!p)
		return false;
	if (p->cold)
		return p->cold->is_continued;
	at = page_offset(p->raw, p->index_end, p->n_stored - 1);
	return p->raw[at] & LINE_WRAPPED;
}

/* A filter of a 64th of what it is of, at most HISTORY_FILTER_BYTES. */
static uint32_t filter_size(size_t n)
{
	uint32_t size = HISTORY_FILTER_BYTES;

	while (size > 64 && size / 2 >= n / 64)
		size /= 2;
	return size;
}

/* What a group's lines are made of, joined where they were wrapped.  None if a line of
 * it lies in part elsewhere: what spans the edge could not be told. */
static void make_filter(const struct history *h, uint32_t first, struct cold *c,
			const uint8_t *plain)
{
	struct history_filter f = { .bits = c->bytes + c->n_bytes, .size_bytes = c->filter_bytes };
	struct line_buf scratch = LINE_BUF_INIT;
	struct history_text line = { 0 };
	size_t at = 0;
	int r = 0;

	memset(f.bits, 0, f.size_bytes);
	for (uint32_t i = 0; i < c->n_refs; at += h->pages[first + i++].index_end) {
		struct page p = h->pages[first + i];

		p.links = NULL;
		for (uint32_t k = 0; k < p.n_stored && r == 0; k++) {
			r = page_text(&p, plain + at, k, &scratch, &line);
			history_filter_add(&f, line.text, line.n_bytes);
			if (!line.is_wrapped)
				history_filter_end_line(&f);
		}
		page_free_links(&p, 0);
	}
	c->is_continued = line.is_wrapped;
	c->has_filter = r == 0 && !line.is_wrapped && !is_continued(h, first);
	line_buf_fini(&scratch);
}

/* All pages of a group in @plain, to one struct cold.  What does not shrink by an
 * eighth stays as it is; where memory is out, nothing happens. */
static void compress_group(struct history *h, uint32_t first, uint32_t n, uint8_t *plain,
			   size_t size)
{
	struct page *pages = &h->pages[first];
	size_t room = size / 8 * 7, n_bytes, at = 0;
	uint32_t n_filter = filter_size(size);
	struct cold *c = mem_realloc(NULL, sizeof(*c) + room + n_filter), *fitted;

	if (!c)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct page packed = pages[i];

		pack_page(&packed, plain + at);
		at += packed.index_end;
	}
	n_bytes = h->compress.compress(h->compress.user, plain, size, c->bytes, room);
	if (!n_bytes) {
		for (uint32_t i = 0; i < n; i++)
			pages[i].is_stubborn = true;
		mem_free(c);
		return;
	}
	fitted = mem_realloc(c, sizeof(*c) + n_bytes + n_filter);
	c = fitted ? fitted : c;
	*c = (struct cold){ .n_refs = n,
			    .n_bytes = (uint32_t)n_bytes,
			    .size_bytes = (uint32_t)size,
			    .filter_bytes = n_filter };
	for (uint32_t i = 0; i < n; i++)
		pages[i].index_end = packed_bytes(&pages[i]);
	make_filter(h, first, c, plain);
	chill_pages(pages, n, c);
}

static bool give_back(struct history *h)
{
	page_raw_unref(TAKE(h->spare));
	close_reader(h);
	return false;
}

/* An open page that is not nearly empty counts as full when nothing comes. */
static void close_idle_page(struct history *h)
{
	const struct page *p = h->n_pages ? &h->pages[h->n_pages - 1] : NULL;

	if (p && p->used >= h->page_bytes / 4)
		close_last_page(h);
}

bool history_idle(struct history *h)
{
	uint8_t *plain;
	uint32_t n = 0;
	size_t size;

	if (!h->compress.compress)
		return give_back(h);
	close_idle_page(h);
	while (h->next_cold < h->n_pages) {
		n = find_group(h, h->next_cold, &size);
		if (n || !h->pages[h->next_cold].is_closed)
			break;
		h->next_cold++;
	}
	plain = n && size <= UINT32_MAX ? mem_realloc(NULL, size) : NULL;
	if (!plain)
		return give_back(h);
	compress_group(h, h->next_cold, n, plain, size);
	mem_free(plain);
	h->next_cold += n;
	return true;
}
