/*
 * How a cell looks, and the table that gives each look in use a small number.
 *
 * The table belongs to one terminal.  Ids are stable between two collections;
 * only vt.c collects (see style_table_wants_sweep()), because only it knows
 * every place that holds an id.
 */
#ifndef VT_STYLE_H
#define VT_STYLE_H

#include "base/defs.h"

/* A colour: kind in the top byte, value below. */
#define COLOR_DEFAULT 0x00000000u
#define COLOR_INDEXED 0x01000000u /* | 0..255 */
#define COLOR_RGB 0x02000000u     /* | 0xrrggbb */
#define COLOR_KIND 0xff000000u
#define COLOR_VALUE 0x00ffffffu

enum style_attr {
	STYLE_BOLD = 1 << 0,
	STYLE_FAINT = 1 << 1,
	STYLE_ITALIC = 1 << 2,
	STYLE_BLINK = 1 << 3,
	STYLE_RAPID = 1 << 4, /* SGR 6: rapid blink */
	STYLE_INVERSE = 1 << 5,
	STYLE_INVISIBLE = 1 << 6,
	STYLE_STRIKE = 1 << 7,
	STYLE_OVERLINE = 1 << 8,
	STYLE_PROTECTED = 1 << 9, /* DECSCA or SPA: selective erase keeps it */
};

/* Underline style: SGR 4:N, stored in the attrs above the flags. */
#define STYLE_UNDERLINE_SHIFT 12
#define STYLE_UNDERLINE_MASK (7u << STYLE_UNDERLINE_SHIFT)
enum style_underline {
	UNDERLINE_NONE,
	UNDERLINE_SINGLE,
	UNDERLINE_DOUBLE,
	UNDERLINE_CURLY,
	UNDERLINE_DOTTED,
	UNDERLINE_DASHED,
};

struct style {
	uint32_t fg, bg;    /* COLOR_* */
	uint32_t underline; /* COLOR_*: colour of the line; default = as fg */
	uint16_t attrs;     /* enum style_attr and the underline style */
	uint16_t link;      /* id in the link table, 0 = none; always 0 in a line view */
};

static inline enum style_underline style_underline(const struct style *s)
{
	return (enum style_underline)((s->attrs & STYLE_UNDERLINE_MASK) >> STYLE_UNDERLINE_SHIFT);
}

static inline bool style_equal(const struct style *a, const struct style *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->underline == b->underline &&
	       a->attrs == b->attrs && a->link == b->link;
}

static inline bool style_is_default(const struct style *s)
{
	return !(s->fg | s->bg | s->underline | s->attrs | s->link);
}

extern const struct style style_default;

/* Free ids are chained through their .fg; id 0 is style_default and has no
 * slot of its own that is ever read. */
struct style_table {
	struct style *styles; /* by id; NULL until a second look is needed */
	uint32_t *hash;       /* 2 * size slots, open addressing; 0 = empty */
	uint32_t n;           /* ids handed out so far, id 0 included */
	uint32_t size;        /* slots allocated, a power of two */
	uint32_t free_id;     /* head of the free list; 0 = empty */
};

#define STYLE_NONE UINT32_MAX
#define STYLE_FREE 0xffffu /* attrs of a free id: no look has all of them */

void style_table_fini(struct style_table *t);

static inline const struct style *style_get(const struct style_table *t, uint32_t id)
{
	return id ? &t->styles[id] : &style_default;
}

/* The id of that look; grows the table as needed; 0 (default look) when memory
 * is out. */
uint32_t style_intern(struct style_table *t, const struct style *s);

/* Room for as many looks again, if memory allows. */
void style_table_reserve(struct style_table *t);

/* The next new look would have to grow the table: time to sweep it first. */
static inline bool style_table_is_full(const struct style_table *t)
{
	return t->n == t->size && !t->free_id;
}

/* Free every id that is not set in @is_live (a byte per id, t->n of them). */
void style_table_sweep(struct style_table *t, const uint8_t *is_live);

/* The text of OSC 8: both strings NUL-terminated, "" where none was given. */
struct link {
	const char *uri;
	const char *id; /* the id= parameter: cells of one id are one link */
};

#endif
