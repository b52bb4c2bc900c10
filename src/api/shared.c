#include "api/shared.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

struct shared *shared_new(const void *p, size_t n)
{
	struct shared *s = mem_realloc(NULL, sizeof *s + n);

	if (!s)
		return NULL;
	s->n_refs = 1;
	s->n = n;
	memcpy(s->data, p, n);
	return s;
}

struct shared *shared_ref(struct shared *s)
{
	assert(s->n_refs > 0);
	s->n_refs++;
	return s;
}

struct shared *shared_unref(struct shared *s)
{
	if (!s)
		return NULL;
	assert(s->n_refs > 0);
	if (--s->n_refs == 0)
		mem_free(s);
	return NULL;
}
