/*
 * The hyperlinks (OSC 8) that cells of one terminal point to, by small number.
 * They are few and long, so each is an allocation of its own and its strings
 * do not move while it lives.
 */
#ifndef VT_LINK_H
#define VT_LINK_H

#include "vt/style.h"

#define LINK_BYTES_MAX 2083u   /* longest uri; longer ones are no link */
#define LINK_ID_BYTES_MAX 256u /* longest id= */
#define LINKS_MAX 4096u        /* in use at one time; more are not taken */

struct link_table {
	struct link **links; /* by id - 1; NULL = free */
	uint32_t n, size;    /* slots ever used; allocated */
};

void link_table_fini(struct link_table *t);

/* The number of that link, or 0 when it is too long, there are too many or
 * memory is out.  Equal strings are one link. */
uint16_t link_intern(struct link_table *t, const char *uri, const char *id);

/* NULL for 0. */
static inline const struct link *link_get(const struct link_table *t, uint16_t n)
{
	return n ? t->links[n - 1] : NULL;
}

/* Free every link that @is_live (a byte per number, t->n + 1 of them) does not
 * name. */
void link_table_sweep(struct link_table *t, const uint8_t *is_live);

static inline bool link_table_is_full(const struct link_table *t)
{
	return t->n >= t->size;
}

#endif
