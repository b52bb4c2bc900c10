/*
 * Key-value: namespaces of keys (text, ordered by bytes) with values (any bytes).
 * A namespace is there as soon as something was set in it ("default" always is); reading
 * one that is not: NAMESPACE_NOT_FOUND.  A read that is asked for after a write was
 * answered sees it.  What has expired is not there.
 */
#ifndef STORE_KV_H
#define STORE_KV_H

#include "store/store.h"

#define KV_DEFAULT "default"
#define KV_MAX_NAMESPACE_BYTES 64u
#define KV_MAX_BATCH 1000u
#define KV_MAX_PAGE 1000u

struct kv_bytes {
	const void *p;
	size_t n;
};

/* As it is stored; pointers are valid during the callback. */
struct kv_entry {
	const char *key;
	size_t n_key;
	struct kv_bytes value; /* p NULL: not asked for */
	size_t n_value;
	uint64_t revision;   /* grows with every write to the store */
	uint64_t updated_us; /* wall */
	uint64_t expires_us; /* wall; 0 never */
};

/* KEY_NOT_FOUND: @e NULL. */
typedef void kv_entry_fn(const struct kv_entry *e, const struct fail *f, void *user);
void store_kv_get(struct store *s, const char *ns, const char *key, kv_entry_fn *done, void *user);

/* @ret_entry from the cache, without waiting; false: not there, ask store_kv_get(). */
bool store_kv_peek(struct store *s, const char *ns, const char *key, struct kv_entry *ret_entry);

enum kv_verb { KV_SET, KV_GET, KV_DELETE };
struct kv_op {
	enum kv_verb verb;
	const char *key;
	struct kv_bytes value; /* SET */
	uint64_t expires_us;   /* SET: wall; 0 never */
};
struct kv_result {
	bool was_there;        /* GET: is there; SET, DELETE: was there before */
	struct kv_entry entry; /* GET, SET (without value) */
};
/* In one transaction, in order; GET sees what stands before it.  All or nothing: LIMIT_KEY,
 * LIMIT_VALUE, LIMIT_NAMESPACE, ...  @results NULL on failure. */
typedef void kv_batch_fn(const struct kv_result *results, size_t n, const struct fail *f,
			 void *user);
void store_kv_batch(struct store *s, const char *ns, const struct kv_op *ops, size_t n,
		    kv_batch_fn *done, void *user);

/* Set if it is as expected.  @is_swapped false: it was not; @e is what is there, NULL nothing. */
struct kv_expect {
	bool wants_absent;
	bool has_value;
	struct kv_bytes value; /* has_value: equal to this */
	uint64_t revision;     /* not 0: of this revision */
};
typedef void kv_cas_fn(bool is_swapped, const struct kv_entry *e, const struct fail *f, void *user);
void store_kv_cas(struct store *s, const char *ns, const struct kv_expect *expect,
		  const struct kv_op *set, kv_cas_fn *done, void *user);

/* Keys that begin with @prefix ("" all), in order of their bytes, behind @after (NULL: from
 * the first), at most @max; @has_more: there are others behind the last. */
struct kv_list {
	const char *prefix, *after;
	uint32_t max;
	bool wants_values;  /* then a page also ends at max_bytes of values */
	uint32_t max_bytes; /* at least one entry comes whatever its size */
};
typedef void kv_list_fn(const struct kv_entry *entries, size_t n, bool has_more,
			const struct fail *f, void *user);
void store_kv_list(struct store *s, const char *ns, const struct kv_list *list, kv_list_fn *done,
		   void *user);

typedef void kv_count_fn(uint64_t n, const struct fail *f, void *user);
void store_kv_count(struct store *s, const char *ns, const char *prefix, kv_count_fn *done,
		    void *user);
/* Delete all that begins with @prefix; how many there were. */
void store_kv_clear(struct store *s, const char *ns, const char *prefix, kv_count_fn *done,
		    void *user);

struct kv_namespace {
	const char *name;
	uint64_t n_keys, n_bytes; /* with what has expired and is not yet cleared away */
};
typedef void kv_namespaces_fn(const struct kv_namespace *v, size_t n, const struct fail *f,
			      void *user);
void store_kv_namespaces(struct store *s, kv_namespaces_fn *done, void *user);

#endif
