/*
 * Clusters: what stands in one cell but is more than one code point (a letter
 * with accents, an emoji joined from several).  Each gets a small number, as
 * looks do; see style.h for who collects and when.
 */
#ifndef VT_CLUSTER_H
#define VT_CLUSTER_H

#include "base/defs.h"

#define CLUSTER_BYTES_MAX 96 /* of UTF-8; code points that do not fit are dropped */

struct cluster {
	uint32_t offset;  /* of its text in the table's */
	uint32_t n_bytes; /* 0 = a free id; .offset chains those */
};

struct cluster_table {
	struct cluster *clusters; /* by id */
	uint32_t *hash;           /* 2 * size slots holding id + 1; 0 = empty */
	char *text;
	uint32_t n, size;             /* ids handed out; slots allocated, a power of two */
	uint32_t free_id;             /* head of the free list; CLUSTER_NONE = empty */
	uint32_t n_bytes, size_bytes; /* of text: used, allocated */
};

#define CLUSTER_NONE UINT32_MAX

void cluster_table_fini(struct cluster_table *t);

/* The id of that text; CLUSTER_NONE when memory is out or all ids are in use. */
uint32_t cluster_intern(struct cluster_table *t, const char *text, uint32_t n_bytes);

/* Valid until the next call that interns or sweeps. */
static inline const char *cluster_text(const struct cluster_table *t, uint32_t id,
				       uint32_t *ret_n_bytes)
{
	*ret_n_bytes = t->clusters[id].n_bytes;
	return t->text + t->clusters[id].offset;
}

static inline bool cluster_table_is_full(const struct cluster_table *t)
{
	return t->n == t->size && (!t->size || t->free_id == CLUSTER_NONE);
}

/* Keep only what @is_live names (a byte per id, t->n of them). */
void cluster_table_sweep(struct cluster_table *t, const uint8_t *is_live);

#endif
