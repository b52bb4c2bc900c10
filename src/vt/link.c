#include "vt/link.h"

#include "base/mem.h"

#include <string.h>

#define SIZE_MIN 8u

void link_table_fini(struct link_table *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		mem_free(t->links[i]);
	mem_free(t->links);
	memset(t, 0, sizeof *t);
}

static struct link *link_make(const char *uri, const char *id)
{
	size_t n_uri = strlen(uri) + 1;
	size_t n_id = strlen(id) + 1;

	if (n_uri > LINK_BYTES_MAX + 1 || n_id > LINK_ID_BYTES_MAX + 1)
		return NULL;

	struct link *l = mem_zalloc(1, sizeof *l + n_uri + n_id);

	if (!l)
		return NULL;

	char *text = (char *)(l + 1);

	memcpy(text, uri, n_uri);
	memcpy(text + n_uri, id, n_id);
	l->uri = text;
	l->id = text + n_uri;
	return l;
}

static bool table_grow(struct link_table *t)
{
	uint32_t size = t->size ? t->size * 2 : SIZE_MIN;

	if (size > LINKS_MAX)
		return false;

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers it is */
	struct link **links = mem_zalloc(size, sizeof *links);

	if (!links)
		return false;
	if (t->n) {
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
		memcpy(links, t->links, t->n * sizeof *links);
	}
	mem_free(t->links);
	t->links = links;
	t->size = size;
	return true;
}

uint16_t link_intern(struct link_table *t, const char *uri, const char *id)
{
	uint32_t free_slot = t->n;

	for (uint32_t i = 0; i < t->n; i++) {
		if (!t->links[i]) {
			free_slot = i;
		} else if (!strcmp(t->links[i]->uri, uri) && !strcmp(t->links[i]->id, id)) {
			return (uint16_t)(i + 1);
		}
	}
	if (free_slot == t->size && !table_grow(t))
		return 0;
	t->links[free_slot] = link_make(uri, id);
	if (!t->links[free_slot])
		return 0;
	if (free_slot == t->n)
		t->n++;
	return (uint16_t)(free_slot + 1);
}

void link_table_sweep(struct link_table *t, const uint8_t *is_live)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if (!is_live[i + 1]) {
			mem_free(t->links[i]);
			t->links[i] = NULL;
		}
	}
	while (t->n && !t->links[t->n - 1])
		t->n--;
}
