#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define BUF_MIN_BYTES 64

void buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void buf_fini(struct buf *b)
{
	mem_free(b->data);
	buf_init(b);
}

const char *buf_data(const struct buf *b)
{
	return b->data ? b->data + b->start : "";
}

size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static void move_to_front(struct buf *b)
{
	size_t len = buf_len(b);

	if (b->start && b->data)
		memmove(b->data, b->data + b->start, len);
	b->start = 0;
	b->end = len;
}

/* At least @need bytes in all.  Moving pays for itself only when no more than
 * what was consumed is moved; else a nearly full buffer that is eaten in crumbs
 * would cost O(n) for each: then double, which is paid for by what follows. */
static size_t size_for(const struct buf *b, size_t need)
{
	size_t size = b->size ? b->size : BUF_MIN_BYTES;

	while (size < need)
		size *= 2;
	if (size == b->size && b->start < buf_len(b))
		size *= 2;
	return size;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t size;
	char *data;

	if (b->data && b->size - b->end >= n)
		return b->data + b->end;
	if (n > SIZE_MAX / 4 - buf_len(b))
		return NULL;
	size = size_for(b, buf_len(b) + n);
	if (size != b->size) {
		/* Moved first either way, so that the copy has no dead bytes. */
		move_to_front(b);
		data = mem_realloc(b->data, size);
		if (!data)
			return NULL;
		b->data = data;
		b->size = size;
	}
	move_to_front(b);
	return b->data + b->end;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(n <= b->size - b->end);
	b->end += n;
}

char *buf_extend(struct buf *b, size_t n)
{
	char *room = b->is_broken ? NULL : buf_reserve(b, n);

	if (!room) {
		b->is_broken = true;
		return NULL;
	}
	b->end += n;
	return room;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	char *room = n ? buf_extend(b, n) : NULL;

	if (room)
		memcpy(room, p, n);
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_put_char(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char *room = NULL;
	va_list args;
	int n;

	if (b->is_broken)
		return;
	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	/* One more byte for the NUL that vsnprintf() insists on. */
	if (n >= 0)
		room = buf_reserve(b, (size_t)n + 1);
	if (!room) {
		b->is_broken = true;
		return;
	}
	va_start(args, fmt);
	(void)vsnprintf(room, (size_t)n + 1, fmt, args);
	va_end(args);
	b->end += (size_t)n;
}

int buf_check(const struct buf *b)
{
	return b->is_broken ? err_origin(-ENOMEM) : 0;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void buf_truncate(struct buf *b, size_t len)
{
	assert(len <= buf_len(b));
	b->end = b->start + len;
	b->is_broken = false;
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
	b->is_broken = false;
}

void buf_shrink(struct buf *b)
{
	if (buf_len(b) == 0) {
		mem_free(b->data);
		b->data = NULL;
		b->start = b->end = b->size = 0;
	}
}

char *buf_steal_str(struct buf *b)
{
	char *s;

	if (b->is_broken || !buf_reserve(b, 1))
		return NULL;
	move_to_front(b);
	s = b->data;
	s[b->end] = '\0';
	buf_init(b);
	return s;
}
