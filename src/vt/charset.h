/* The DEC and national character sets: what a byte 0x20 .. 0x7f means. */
#ifndef VT_CHARSET_H
#define VT_CHARSET_H

#include "base/defs.h"

/* Code point of @c (0x20 .. 0x7f) in @set, an enum charset. */
uint32_t charset_map(uint8_t set, uint32_t c);

/* The set that the final characters @s of SCS name, or -1.  @is_96: of the sets
 * with 96 characters (ESC - . /). */
int charset_find(const char *s, size_t n, bool is_96);

/* The final characters that name it, for reports. */
const char *charset_name(uint8_t set);
bool charset_is_96(uint8_t set);

/* The byte 0x5f .. 0x7e under which DEC special graphics has @cp, or 0. */
uint8_t charset_graphics_byte(uint32_t cp);

#endif
