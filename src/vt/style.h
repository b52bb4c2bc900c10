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

/* The text of OSC 8: both strings NUL-terminated, "" where none was given. */
struct link {
	const char *uri;
	const char *id; /* the id= parameter: cells of one id are one link */
};

#endif
