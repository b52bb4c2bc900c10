/* UTF-8 where every cycle counts: the code point is one that a cell can hold. */
#ifndef VT_ENCODE_H
#define VT_ENCODE_H

#include "base/defs.h"

/* Up to 4 bytes; what is behind them. */
static inline char *encode_utf8(uint32_t cp, char *to)
{
	uint8_t *b = (uint8_t *)to;

	if (cp < 0x80) {
		b[0] = (uint8_t)cp;
		return to + 1;
	}
	if (cp < 0x800) {
		b[0] = (uint8_t)(0xc0 | cp >> 6);
		b[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return to + 2;
	}
	if (cp < 0x10000) {
		b[0] = (uint8_t)(0xe0 | cp >> 12);
		b[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		b[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return to + 3;
	}
	b[0] = (uint8_t)(0xf0 | cp >> 18);
	b[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	b[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	b[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return to + 4;
}

/*
 * The same for text that changes between lengths from letter to letter, where a
 * branch for each would be guessed wrong: below U+0800, and from there to U+FFFF.
 * The first writes 2 bytes whatever it returns.
 */
static inline char *encode_utf8_short(uint32_t cp, char *to)
{
	uint32_t is_two = cp >= 0x80;
	uint32_t lead = is_two ? 0xc0 | cp >> 6 : cp;
	uint8_t *b = (uint8_t *)to;

	b[0] = (uint8_t)lead;
	b[1] = (uint8_t)(0x80 | (cp & 0x3f));
	return to + 1 + is_two;
}

static inline char *encode_utf8_long(uint32_t cp, char *to)
{
	uint8_t *b = (uint8_t *)to;

	b[0] = (uint8_t)(0xe0 | cp >> 12);
	b[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	b[2] = (uint8_t)(0x80 | (cp & 0x3f));
	return to + 3;
}

#endif
