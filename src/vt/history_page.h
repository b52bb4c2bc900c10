/*
 * One page of history: records from its front, an index from its back.
 *
 *   0            used                     index_end - 2 * n_lines    index_end
 *   | record 0 | record 1 | ...   (room)  | u16 of line n-1 | ... | u16 of line 0 |
 *
 * An index entry is where the record begins; it ends where the next one begins
 * or at `used`.  Numbers are little-endian base-128 ("varints").
 *
 *   record   head, body
 *   head     bits 0-3 enum line_flag; bits 4-5 kind; bit 6 marks follow
 *   kind 0   text: ASCII, default style
 *   kind 1   varint style, text: ASCII
 *   kind 2   14 bytes of style, text: ASCII
 *   kind 3   varint n_runs, [marks], runs, their text without that of blanks
 *   marks    count, then for each: id, col, zigzag status, kind
 *   run      bits 0-1 form; bits 2-3 style: as the run before, default, at
 *            offset, here; bits 4-5 link: none, as before, at offset, here;
 *            bit 6: as many bytes as columns
 *            columns, [bytes], [offset or 14 bytes of style],
 *            [offset, or lengths of uri and id and both with their NULs]
 *
 * A style or link stands where it is first used, and is referred to by its
 * offset in the page.  Nothing in a page is a pointer, and nothing in it is
 * trusted when it is read: images of pages come back from disk.
 */
#ifndef VT_HISTORY_PAGE_H
#define VT_HISTORY_PAGE_H

#include "vt/history.h"
#include "vt/history_filter.h"

#define PAGE_BYTES 65536u /* u16 index; a longer line gets a page to itself */

struct page_link {
	struct page_link *next;
	uint32_t offset; /* in the page */
	struct link link;
	char strings[];
};

/* Pages that were compressed together: one after the other they have more in
 * common than each has in itself. */
struct cold {
	uint32_t n_refs;       /* pages that still point here; the last one frees it */
	uint32_t n_bytes;      /* compressed */
	uint32_t size_bytes;   /* of all pages together */
	uint32_t filter_bytes; /* behind the compressed ones: of the lines, see history_filter.h */
	bool has_filter;       /* no line lies in there only in part */
	bool is_continued;     /* the last line goes on in the next page */
	_Alignas(8) uint8_t bytes[]; /* behind all padding, so that *c can be assigned */
};
void page_cold_unref(struct cold *c);

/* Bytes of a page: counted, since whoever shares a full page keeps them too.  NULL:
 * out of memory. */
NODISCARD uint8_t *page_raw_new(size_t n);
void page_raw_ref(uint8_t *raw);
void page_raw_unref(uint8_t *raw); /* NULL is fine */
bool page_raw_is_shared(uint8_t *raw);

struct page {
	uint64_t base;               /* number of its first line, see history_dropped() */
	uint8_t *raw;                /* page_raw_new(); NULL while cold */
	struct cold *cold;           /* NULL while raw */
	struct page_link *links;     /* those that readers asked for; freed with the page */
	uint64_t mark_min, mark_max; /* ids; min > max = none */
	uint32_t used;               /* bytes of records */
	uint32_t index_end;          /* see above */
	uint32_t cold_offset;        /* bytes: where it begins in there */
	uint32_t n_lines;            /* in use */
	uint32_t n_stored;           /* in the index; > n_lines if some were popped while cold */
	bool is_closed;              /* takes no more lines */
	bool is_stubborn;            /* does not compress */
};

/* What the page that is being written can refer to: styles by hash, and the
 * last link. */
#define PAGE_CACHE_STYLES 256u
struct page_cache {
	struct {
		struct style style;
		uint32_t offset; /* 0 = empty */
	} slots[PAGE_CACHE_STYLES];
	uint32_t link_offset; /* 0 = none */
};

static inline uint16_t page_offset(const uint8_t *data, uint32_t index_end, uint32_t line)
{
	const uint8_t *p = data + index_end - 2 * (size_t)(line + 1);

	return (uint16_t)(p[0] | p[1] << 8);
}

/* Whether @n more bytes of record, and what a writer may scribble, have room. */
static inline bool page_has_room(const struct page *p, size_t n)
{
	return !p->is_closed &&
	       p->used + n + HISTORY_SLACK + 2 * (size_t)(p->n_lines + 1) <= p->index_end;
}

/* Begin a record where the page is used up to now. */
static inline void page_add_index(struct page *p)
{
	uint8_t *at = p->raw + p->index_end - 2 * (size_t)(p->n_lines + 1);

	at[0] = (uint8_t)p->used;
	at[1] = (uint8_t)(p->used >> 8);
	p->n_stored = ++p->n_lines;
}

/* Upper bounds, in bytes, of the records that the writers below make. */
#define PAGE_PLAIN_MAX(n) ((size_t)(n) + 1 + 14)
size_t page_record_max(const struct line_view *v);

/* Both need the room, and @cache may be NULL (nothing is then
 * referred to). */
char *page_write_plain(struct page *p, struct page_cache *cache, uint32_t n,
		       const struct style *style, uint8_t flags);
void page_write(struct page *p, struct page_cache *cache, const struct line_view *v);

/* Read line @line of @p, whose bytes are @data.  0, -ENOMEM, or
 * HISTORY_E_DAMAGED. */
NODISCARD int page_read(struct page *p, const uint8_t *data, uint32_t line, struct line_buf *buf,
			struct line_view *ret_view);

/* The same, only the text (history_share.h): 0, -ENOMEM. */
struct history_text;
NODISCARD int page_text(struct page *p, const uint8_t *data, uint32_t line, struct line_buf *buf,
			struct history_text *ret);

/* The marks of a line, into @ret[LINE_MARKS_MAX]; their number. */
unsigned page_read_marks(const struct page *p, const uint8_t *data, uint32_t line,
			 struct mark *ret);

/* Forget the links of records at @from and behind. */
void page_free_links(struct page *p, uint32_t from);
size_t page_links_memory(const struct page *p);

/* --- history.c --- */

/* A page, its bytes (0, -ENOMEM, HISTORY_E_DAMAGED), and the number of lines at
 * its beginning that were dropped. */
struct page *history_page_at(const struct history *h, uint32_t i);
NODISCARD int history_page_data(const struct history *h, const struct page *p, const uint8_t **ret);
uint32_t history_page_skip(const struct history *h, const struct page *p);

/* Take over @p, which is closed and has raw bytes, as the last page; 0, or -ENOMEM
 * and it is still the caller's. */
NODISCARD int history_adopt(struct history *h, const struct page *p);

#endif
