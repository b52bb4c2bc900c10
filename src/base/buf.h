/*
 * A growable byte buffer.  Bytes are consumed at the front and appended at the
 * back; both are amortised O(1).  A buffer that was never written owns nothing.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/defs.h"

struct buf {
	char *data;     /* start of the allocation; NULL while empty and never grown */
	size_t start;   /* bytes: offset of the first unconsumed byte */
	size_t end;     /* bytes: offset behind the last byte */
	size_t size;    /* bytes allocated */
	bool is_broken; /* sticky: an append failed; contents are what fitted before */
};

#define BUF_INIT  \
	{         \
		0 \
	}

void buf_init(struct buf *b);
void buf_fini(struct buf *b);

/* Unconsumed bytes.  The pointer is valid until the next call that may grow or
 * consume; never NULL, not NUL-terminated. */
const char *buf_data(const struct buf *b);
size_t buf_len(const struct buf *b);

/* Room for at least @n bytes at the back; NULL on ENOMEM.  Follow with
 * buf_commit() of what was written there.  Does not set is_broken. */
NODISCARD char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

/* @n more bytes at the back, for the caller to fill at once; NULL if the buffer
 * is or now becomes broken.  @n > 0. */
NODISCARD char *buf_extend(struct buf *b, size_t n);

/* Append; on ENOMEM nothing is appended and is_broken sticks, so that a writer
 * of many small pieces checks once at the end with buf_check(). */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_str(struct buf *b, const char *s);
void buf_put_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* 0, or -ENOMEM if any append failed since the last clear. */
NODISCARD int buf_check(const struct buf *b);

void buf_consume(struct buf *b, size_t n);
/* Back to the first @len unconsumed bytes (<= buf_len()); also forgets a failed
 * append, since what is left is whole again: take @len from a buffer that was
 * not broken. */
void buf_truncate(struct buf *b, size_t len);
void buf_clear(struct buf *b);  /* keeps the allocation */
void buf_shrink(struct buf *b); /* gives the allocation back if nothing is in it */

/* NUL-terminated heap copy ownership: gives the contents away and leaves the
 * buffer empty; NULL on ENOMEM or a broken buffer.  Free with mem_free(). */
NODISCARD char *buf_steal_str(struct buf *b);

#endif
