/*
 * Bytes on their way to one or many sockets: made once, never changed, freed by
 * the last who holds a reference.
 */
#ifndef API_SHARED_H
#define API_SHARED_H

#include "base/defs.h"

struct shared {
	uint32_t n_refs;
	size_t n; /* bytes */
	char data[];
};

/* A copy of @n bytes with one reference; NULL if memory is out. */
NODISCARD struct shared *shared_new(const void *p, size_t n);
struct shared *shared_ref(struct shared *s);
/* NULL is allowed; returns NULL. */
struct shared *shared_unref(struct shared *s);

#endif
