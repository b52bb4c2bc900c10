/* The way in: bytes to actions. */
#ifndef VT_FEED_H
#define VT_FEED_H

#include "vt/term.h"

void parser_feed(struct vt *vt, const uint8_t *s, size_t n);

/* An 8-bit control 0x80 .. 0x9f. */
void parser_c1(struct vt *vt, uint8_t c);

#endif
