#include "vt/cluster.h"

#include "base/mem.h"
#include "vt/cell.h"

#include <string.h>

#define SIZE_MIN 16u
#define BYTES_MIN 256u

void cluster_table_fini(struct cluster_table *t)
{
	mem_free(t->clusters);
	mem_free(t->hash);
	mem_free(t->text);
	memset(t, 0, sizeof *t);
}

static uint32_t text_hash(const char *text, uint32_t n)
{
	uint64_t h = n;

	for (; n >= 8; text += 8, n -= 8) {
		uint64_t v;

		memcpy(&v, text, 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	uint64_t tail = 0;

	memcpy(&tail, text, n);
	h = (h ^ tail) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(h >> 32);
}

static void hash_put(struct cluster_table *t, uint32_t id)
{
	const struct cluster *c = &t->clusters[id];
	uint32_t mask = t->size * 2 - 1;
	uint32_t i = text_hash(t->text + c->offset, c->n_bytes) & mask;

	while (t->hash[i])
		i = (i + 1) & mask;
	t->hash[i] = id + 1;
}

static bool table_grow(struct cluster_table *t)
{
	uint32_t size = t->size ? t->size * 2 : SIZE_MIN;

	if (size > CELL_CLUSTERS_MAX)
		return false;

	struct cluster *clusters = mem_zalloc(size, sizeof *clusters);
	uint32_t *hash = mem_zalloc((size_t)size * 2, sizeof *hash);

	if (!clusters || !hash) {
		mem_free(clusters);
		mem_free(hash);
		return false;
	}
	if (t->n)
		memcpy(clusters, t->clusters, t->n * sizeof *clusters);
	mem_free(t->clusters);
	mem_free(t->hash);
	t->clusters = clusters;
	t->hash = hash;
	t->size = size;
	t->free_id = CLUSTER_NONE;
	for (uint32_t id = 0; id < t->n; id++) {
		if (t->clusters[id].n_bytes)
			hash_put(t, id);
	}
	return true;
}

static bool text_reserve(struct cluster_table *t, uint32_t n)
{
	if (t->size_bytes - t->n_bytes >= n)
		return true;

	uint32_t size = t->size_bytes ? t->size_bytes * 2 : BYTES_MIN;
	char *text = mem_zalloc(size, 1);

	if (!text)
		return false;
	if (t->n_bytes)
		memcpy(text, t->text, t->n_bytes);
	mem_free(t->text);
	t->text = text;
	t->size_bytes = size;
	return true;
}

static uint32_t cluster_find(const struct cluster_table *t, const char *text, uint32_t n_bytes)
{
	if (!t->size)
		return CLUSTER_NONE;

	uint32_t mask = t->size * 2 - 1;

	for (uint32_t i = text_hash(text, n_bytes) & mask; t->hash[i]; i = (i + 1) & mask) {
		const struct cluster *c = &t->clusters[t->hash[i] - 1];

		if (c->n_bytes == n_bytes && !memcmp(t->text + c->offset, text, n_bytes))
			return t->hash[i] - 1;
	}
	return CLUSTER_NONE;
}

uint32_t cluster_intern(struct cluster_table *t, const char *text, uint32_t n_bytes)
{
	uint32_t id = cluster_find(t, text, n_bytes);

	if (id != CLUSTER_NONE)
		return id;
	if (cluster_table_is_full(t) && !table_grow(t))
		return CLUSTER_NONE;
	if (!text_reserve(t, n_bytes))
		return CLUSTER_NONE;
	if (t->n < t->size) {
		id = t->n++;
	} else {
		id = t->free_id;
		t->free_id = t->clusters[id].offset;
	}
	memcpy(t->text + t->n_bytes, text, n_bytes);
	t->clusters[id] = (struct cluster){ .offset = t->n_bytes, .n_bytes = n_bytes };
	t->n_bytes += n_bytes;
	hash_put(t, id);
	return id;
}

/* Ids stay as they are, hence the texts (not in the order of ids, since ids are
 * used again) move to a fresh block; without memory for one nothing is freed. */
void cluster_table_sweep(struct cluster_table *t, const uint8_t *is_live)
{
	char *text = t->size_bytes ? mem_zalloc(t->size_bytes, 1) : NULL;
	uint32_t n_bytes = 0;

	if (!text)
		return;
	memset(t->hash, 0, (size_t)t->size * 2 * sizeof *t->hash);
	t->free_id = CLUSTER_NONE;
	for (uint32_t id = t->n; id-- > 0;) {
		struct cluster *c = &t->clusters[id];

		if (!is_live[id] || !c->n_bytes) {
			*c = (struct cluster){ .offset = t->free_id };
			t->free_id = id;
			continue;
		}
		memcpy(text + n_bytes, t->text + c->offset, c->n_bytes);
		c->offset = n_bytes;
		n_bytes += c->n_bytes;
	}
	mem_free(t->text);
	t->text = text;
	t->n_bytes = n_bytes;
	for (uint32_t id = 0; id < t->n; id++) {
		if (t->clusters[id].n_bytes)
			hash_put(t, id);
	}
}
