#include "api/outq.h"

#include <assert.h>
#include <errno.h>

#include "api/shared.h"
#include "base/err.h"
#include "base/mem.h"

#define OUTQ_FIRST_SIZE 8u

static struct outq_item *at(const struct outq *q, uint32_t i)
{
	return &q->items[(q->first + i) & (q->size - 1)];
}

static int grow(struct outq *q)
{
	uint32_t size = q->size ? q->size * 2 : OUTQ_FIRST_SIZE;
	struct outq_item *items = mem_zalloc(size, sizeof *items);

	if (!items)
		return err_origin(-ENOMEM);
	for (uint32_t i = 0; i < q->n; i++)
		items[i] = *at(q, i);
	mem_free(q->items);
	q->items = items;
	q->size = size;
	q->first = 0;
	return 0;
}

int outq_push(struct outq *q, struct shared *bytes, enum outq_class class)
{
	if (q->n == q->size) {
		int r = grow(q);

		if (r < 0)
			return err_trace(r);
	}
	*at(q, q->n++) = (struct outq_item){ .bytes = shared_ref(bytes), .class = class };
	q->n_bytes[class] += bytes->n + OUTQ_ITEM_COST;
	return 0;
}

size_t outq_iov(const struct outq *q, struct iovec *iov, size_t max)
{
	size_t n = q->n < max ? q->n : max;

	for (uint32_t i = 0; i < n; i++) {
		struct shared *s = at(q, i)->bytes;
		size_t skip = i == 0 ? q->n_sent : 0;

		iov[i] = (struct iovec){ .iov_base = s->data + skip, .iov_len = s->n - skip };
	}
	return n;
}

static void pop(struct outq *q)
{
	struct outq_item *item = at(q, 0);

	q->n_bytes[item->class] -= item->bytes->n + OUTQ_ITEM_COST;
	shared_unref(item->bytes);
	q->first = (q->first + 1) & (q->size - 1);
	q->n--;
	q->n_sent = 0;
}

static void release(struct outq *q)
{
	mem_free(q->items);
	*q = (struct outq){ 0 };
}

void outq_sent(struct outq *q, size_t n)
{
	q->n_sent += n;
	while (q->n > 0 && q->n_sent >= at(q, 0)->bytes->n) {
		size_t over = q->n_sent - at(q, 0)->bytes->n;

		pop(q);
		q->n_sent = over;
	}
	assert(q->n > 0 || q->n_sent == 0);
	if (q->n == 0)
		release(q);
}

void outq_fini(struct outq *q)
{
	while (q->n > 0)
		pop(q);
	release(q);
}
