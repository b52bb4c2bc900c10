/*
 * Values at hand: what was written or read lately, by namespace and key.  The owner's,
 * so it is as the answered writes left it.  A value that a reader brings may be older
 * than a write that was answered meanwhile: it is only taken when the place it
 * belongs to (a stamp for each of 256 classes of keys) was not written to since it was
 * asked for, and never over a newer revision.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/priv.h"

#define N_BUCKETS 16384u /* zeroed until the first entry: pages that are not used cost nothing */
#define N_STAMPS 256u

struct cached {
	struct list by_hash, by_use;
	uint64_t hash;
	uint64_t revision, updated_us, expires_us;
	size_t n_ns, n_key, n_value;
	char data[]; /* namespace NUL key NUL value */
};

struct cache {
	size_t max_bytes, bytes;
	struct list by_use; /* the latest last */
	uint64_t stamps[N_STAMPS];
	struct list buckets[N_BUCKETS];
};

struct cache *cache_new(size_t max_bytes)
{
	struct cache *c = mem_new(struct cache);

	if (!c)
		return NULL;
	c->max_bytes = max_bytes;
	list_init(&c->by_use);
	return c;
}

static size_t size_of(const struct cached *e)
{
	return sizeof *e + e->n_ns + e->n_key + e->n_value + 2;
}

static void evict(struct cache *c, struct cached *e)
{
	c->bytes -= size_of(e);
	list_remove(&e->by_hash);
	list_remove(&e->by_use);
	mem_free(e);
}

static void shrink_to(struct cache *c, size_t max_bytes)
{
	while (c->bytes > max_bytes)
		evict(c, list_entry(c->by_use.next, struct cached, by_use));
}

struct cache *cache_free(struct cache *c)
{
	if (c)
		shrink_to(c, 0);
	mem_free(c);
	return NULL;
}

void cache_resize(struct cache *c, size_t max_bytes)
{
	c->max_bytes = max_bytes;
	shrink_to(c, max_bytes);
}

size_t cache_bytes(const struct cache *c)
{
	return c->bytes;
}

static uint64_t hash_bytes(uint64_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211ull; /* FNV-1a */
	return h;
}

static uint64_t hash_of(const char *ns, const char *key)
{
	uint64_t h = hash_bytes(14695981039346656037ull, ns, strlen(ns) + 1);

	h = hash_bytes(h, key, strlen(key));
	return h ^ h >> 29;
}

static struct cached *find(const struct cache *c, const char *ns, const char *key, uint64_t hash)
{
	const struct list *head = &c->buckets[hash % N_BUCKETS];

	for (struct list *l = head->next; l && l != head; l = l->next) {
		struct cached *e = list_entry(l, struct cached, by_hash);

		if (e->hash == hash && strcmp(e->data, ns) == 0 &&
		    strcmp(e->data + e->n_ns + 1, key) == 0)
			return e;
	}
	return NULL;
}

static void describe(const struct cached *e, struct kv_entry *ret)
{
	ret->key = e->data + e->n_ns + 1;
	ret->n_key = e->n_key;
	ret->value.p = ret->key + e->n_key + 1;
	ret->value.n = ret->n_value = e->n_value;
	ret->revision = e->revision;
	ret->updated_us = e->updated_us;
	ret->expires_us = e->expires_us;
}

bool cache_get(struct cache *c, const char *ns, const char *key, struct kv_entry *ret)
{
	struct cached *e = find(c, ns, key, hash_of(ns, key));

	if (!e)
		return false;
	if (e->expires_us && e->expires_us <= clock_wall_us()) {
		evict(c, e);
		return false;
	}
	list_remove(&e->by_use);
	list_append(&c->by_use, &e->by_use);
	describe(e, ret);
	return true;
}

static void insert(struct cache *c, const char *ns, const struct kv_entry *v, uint64_t hash)
{
	size_t n_ns = strlen(ns), n = n_ns + v->n_key + v->value.n + 2;
	struct cached *e;

	if (!v->value.p || sizeof *e + n > c->max_bytes / 4)
		return;
	e = mem_alloc(sizeof *e + n);
	if (!e)
		return;
	*e = (struct cached){ .hash = hash,
			      .revision = v->revision,
			      .updated_us = v->updated_us,
			      .expires_us = v->expires_us,
			      .n_ns = n_ns,
			      .n_key = v->n_key,
			      .n_value = v->value.n };
	memcpy(e->data, ns, n_ns + 1);
	memcpy(e->data + n_ns + 1, v->key, v->n_key);
	e->data[n_ns + 1 + v->n_key] = 0;
	if (v->value.n)
		memcpy(e->data + n_ns + v->n_key + 2, v->value.p, v->value.n);
	c->bytes += size_of(e);
	if (!c->buckets[hash % N_BUCKETS].next)
		list_init(&c->buckets[hash % N_BUCKETS]);
	list_append(&c->buckets[hash % N_BUCKETS], &e->by_hash);
	list_append(&c->by_use, &e->by_use);
	shrink_to(c, c->max_bytes);
}

void cache_put(struct cache *c, const char *ns, const struct kv_entry *v)
{
	uint64_t hash = hash_of(ns, v->key);
	struct cached *e = find(c, ns, v->key, hash);

	c->stamps[hash % N_STAMPS]++;
	if (e)
		evict(c, e);
	insert(c, ns, v, hash);
}

void cache_drop(struct cache *c, const char *ns, const char *key)
{
	uint64_t hash = hash_of(ns, key);
	struct cached *e = find(c, ns, key, hash);

	c->stamps[hash % N_STAMPS]++;
	if (e)
		evict(c, e);
}

void cache_drop_all(struct cache *c)
{
	for (size_t i = 0; i < N_STAMPS; i++)
		c->stamps[i]++;
	shrink_to(c, 0);
}

uint64_t cache_stamp(const struct cache *c, const char *ns, const char *key)
{
	return c->stamps[hash_of(ns, key) % N_STAMPS];
}

void cache_fill(struct cache *c, const char *ns, const struct kv_entry *v, uint64_t stamp)
{
	uint64_t hash = hash_of(ns, v->key);
	struct cached *e = find(c, ns, v->key, hash);

	if (c->stamps[hash % N_STAMPS] != stamp || (e && e->revision >= v->revision))
		return;
	if (e)
		evict(c, e);
	insert(c, ns, v, hash);
}
