/*
 * What waits to be sent on one connection, in order: references to shared
 * bytes.  Two classes are counted apart, since they have different limits:
 * answers (the client asked for them) and streams (they come by themselves).
 * Limits are the caller's affair.  An empty queue owns no memory.
 */
#ifndef API_OUTQ_H
#define API_OUTQ_H

#include <sys/uio.h>

#include "base/defs.h"

struct shared;

enum outq_class { OUTQ_ANSWER, OUTQ_STREAM };

/* What a queued item costs beside its bytes, so that a flood of tiny ones is
 * limited by what it really holds. */
#define OUTQ_ITEM_COST 48u

struct outq_item {
	struct shared *bytes;
	enum outq_class class;
};

struct outq {
	struct outq_item *items; /* ring of `size`, a power of two; NULL while empty */
	uint32_t size, first, n;
	size_t n_sent;     /* bytes of the first item that are sent already */
	size_t n_bytes[2]; /* held, by class, OUTQ_ITEM_COST for each item included */
};

void outq_fini(struct outq *q); /* an outq starts zeroed */

/* Takes a reference of its own.  -ENOMEM: nothing was queued. */
NODISCARD int outq_push(struct outq *q, struct shared *bytes, enum outq_class class);

/* The first pieces, at most @max; returns how many. */
size_t outq_iov(const struct outq *q, struct iovec *iov, size_t max);
/* @n bytes of them were sent. */
void outq_sent(struct outq *q, size_t n);

static inline bool outq_is_empty(const struct outq *q)
{
	return q->n == 0;
}

#endif
