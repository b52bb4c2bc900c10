#include <string.h>

#include "core/state.h"

void index_init(struct index *x)
{
	for (size_t i = 0; i < ARRAY_LEN(x->buckets); i++)
		list_init(&x->buckets[i]);
}

uint64_t index_hash(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h;
}

struct list *index_bucket(struct index *x, uint64_t hash)
{
	return &x->buckets[(hash ^ hash >> 32) % ARRAY_LEN(x->buckets)];
}

struct list *index_bucket_of(struct index *x, const char *text)
{
	return index_bucket(x, index_hash(text, strlen(text)));
}
