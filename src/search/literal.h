/*
 * Finding bytes in bytes: two of the needle's rarest bytes are compared at
 * sixteen places at once, and only where both fit is the rest looked at.
 */
#ifndef SEARCH_LITERAL_H
#define SEARCH_LITERAL_H

#include "base/defs.h"

struct literal {
	uint8_t *bytes;  /* folded if is_folded; owned */
	size_t n;        /* >= 1 */
	size_t probe[2]; /* offsets of the two; the same if n is 1 */
	uint8_t mask[2]; /* 0x20 where the case of that one is not looked at */
	bool is_folded;  /* A-Z match a-z */
};

NODISCARD int literal_init(struct literal *l, const char *text, size_t n, bool is_folded);
void literal_fini(struct literal *l);
/* Where it begins at or behind @from; SIZE_MAX: nowhere. */
size_t literal_find(const struct literal *l, const char *text, size_t n, size_t from);

#endif
