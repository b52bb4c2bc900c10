/*
 * What the writer and the reader of images (image.c, image_load.c) share.
 *
 *   image    "OFt1", u32 bytes of body, u64 checksum of body; body
 *   body     size, modes, fields, pens, tabs, titles, palette, string, screens
 *   number   little-endian base-128; signed ones zigzag
 *   colour   number: value << 2 | kind
 *   pen      4 numbers: fg, bg, underline, attrs; link
 *   link     number: 0 none, or the n-th to appear; if it is new (one more than
 *            so far): lengths of uri and id, both
 *   row      enum line_flag | ROW_HAS_*; [marks]; [n cells in use, runs]
 *   run      number: cells << 3 | ROW_SAME | enum run_kind; [style: 0 default, or
 *            the n-th to appear; if it is new: a pen]; text
 *   text     RUN_ASCII: bytes; RUN_BLANK: nothing; RUN_ANY: for each character
 *            code point << 1 | is wide, or with IMAGE_CLUSTER + n the n-th
 *            cluster to appear; if it is new: length, UTF-8
 *
 * All fixed-width numbers are little-endian.  A change of what follows from the
 * bytes means another digit in the magic.
 */
#ifndef VT_IMAGE_IO_H
#define VT_IMAGE_IO_H

#include "vt/term.h"

#include <string.h>

#define IMAGE_HEAD_BYTES 16u
#define IMAGE_CLUSTER 0x110000u
#define IMAGE_MAGIC "OFt1"

enum run_kind { RUN_ASCII, RUN_BLANK, RUN_ANY };
enum { RUN_KIND = 3, RUN_SAME = 4, RUN_SHIFT = 3 };
enum { ROW_HAS_MARKS = 1 << 4, ROW_HAS_CELLS = 1 << 5 };

#define IMAGE_NUMBER_MAX 10 /* bytes of a number */

/* Plain numbers of struct vt that are kept as they are. */
struct image_field {
	uint32_t offset;  /* in struct vt */
	uint32_t size;    /* 1, 2, 4 or 8 */
	int64_t min, max; /* inclusive; what is outside is damage */
};

extern const struct image_field image_fields[];
extern const unsigned image_n_fields;

static inline uint64_t image_get_le(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static inline void image_put_le(uint8_t *p, uint64_t v, unsigned n)
{
	for (; n--; v >>= 8)
		*p++ = (uint8_t)v;
}

/* Not against malice, which the reader withstands anyway; against torn writes. */
uint64_t image_checksum(const void *bytes, size_t n);

/* What the parser needs in a state (for STATE_STRING_ESC: of the one outside). */
static inline bool image_has_string(uint8_t state)
{
	return state == STATE_OSC || state == STATE_STRING || state == STATE_DCS_PASS ||
	       state == STATE_DCS_IGNORE;
}

static inline bool image_has_params(uint8_t state)
{
	return state != STATE_GROUND && (!image_has_string(state) || state == STATE_DCS_PASS);
}

/* Behind DECANM's ESC Y, the row stands in the first one, which does not count. */
static inline unsigned image_n_params(uint8_t state, unsigned n)
{
	return state == STATE_VT52_COL ? 1 : n < PARAMS_MAX ? n : PARAMS_MAX;
}

/* What may stand in a cell. */
static inline bool image_is_text(uint32_t cp)
{
	return cp >= 0x20 && cp < 0x110000 && (cp < 0x7f || cp >= 0xa0) &&
	       (cp < 0xd800 || cp >= 0xe000);
}

#endif
