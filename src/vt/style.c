#include "vt/style.h"

#include "base/mem.h"

#include <string.h>

#define SIZE_MIN 16u

const struct style style_default;

void style_table_fini(struct style_table *t)
{
	mem_free(t->styles);
	mem_free(t->hash);
	memset(t, 0, sizeof *t);
}

static uint32_t style_hash(const struct style *s)
{
	uint64_t h = s->fg * 0x9e3779b97f4a7c15u;

	h = (h ^ (h >> 29) ^ s->bg) * 0xbf58476d1ce4e5b9u;
	h = (h ^ (h >> 32) ^ s->underline) * 0x94d049bb133111ebu;
	h = (h ^ (h >> 29) ^ ((uint32_t)s->attrs << 16 | s->link)) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

static void hash_put(struct style_table *t, uint32_t id)
{
	uint32_t mask = t->size * 2 - 1;
	uint32_t i = style_hash(&t->styles[id]) & mask;

	while (t->hash[i])
		i = (i + 1) & mask;
	t->hash[i] = id;
}

static bool table_grow(struct style_table *t)
{
	uint32_t size = t->size ? t->size * 2 : SIZE_MIN;
	struct style *styles = mem_zalloc(size, sizeof *styles);
	uint32_t *hash = mem_zalloc((size_t)size * 2, sizeof *hash);

	if (!styles || !hash) {
		mem_free(styles);
		mem_free(hash);
		return false;
	}
	if (t->n)
		memcpy(styles, t->styles, t->n * sizeof *styles);
	mem_free(t->styles);
	mem_free(t->hash);
	t->styles = styles;
	t->hash = hash;
	t->size = size;
	if (!t->n)
		t->n = 1;
	for (uint32_t id = 1; id < t->n; id++) {
		if (t->styles[id].attrs != STYLE_FREE)
			hash_put(t, id);
	}
	return true;
}

void style_table_reserve(struct style_table *t)
{
	if (!table_grow(t))
		return; /* style_intern() tries again when it must */
}

uint32_t style_intern(struct style_table *t, const struct style *s)
{
	if (style_is_default(s))
		return 0;
	if (t->size) {
		uint32_t mask = t->size * 2 - 1;

		for (uint32_t i = style_hash(s) & mask; t->hash[i]; i = (i + 1) & mask) {
			if (style_equal(&t->styles[t->hash[i]], s))
				return t->hash[i];
		}
	}
	if (style_table_is_full(t) && !table_grow(t))
		return 0;

	uint32_t id = t->free_id;

	if (id) {
		t->free_id = t->styles[id].fg;
	} else {
		id = t->n++;
	}
	t->styles[id] = *s;
	hash_put(t, id);
	return id;
}

void style_table_sweep(struct style_table *t, const uint8_t *is_live)
{
	if (!t->size)
		return;
	memset(t->hash, 0, (size_t)t->size * 2 * sizeof *t->hash);
	t->free_id = 0;
	for (uint32_t id = t->n; id-- > 1;) {
		if (is_live[id]) {
			hash_put(t, id);
		} else {
			t->styles[id] = (struct style){ .fg = t->free_id, .attrs = STYLE_FREE };
			t->free_id = id;
		}
	}
}
