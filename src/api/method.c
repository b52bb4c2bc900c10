#include "api/method.h"

#include <assert.h>
#include <string.h>

#include "base/nearest.h"

#define MAX_METHODS 160
#define SLOTS 512u /* a power of two, well above MAX_METHODS */

static const struct api_group *const groups[] = {
	&api_rpc_group,    &api_session_group, &api_pane_group,   &api_io_group,
	&api_run_group,    &api_text_group,    &api_record_group, &api_screen_group,
	&api_layout_group, &api_search_group,  &api_kv_group,     &api_command_group,
	&api_store_group,  &api_server_group,
};

const enum fail_code api_common_errors[] = {
	FAIL_INVALID_PARAMS, FAIL_INVALID_REQUEST, FAIL_INTERNAL_ERROR, FAIL_NO_MEMORY,
	FAIL_NO_DESCRIPTORS, FAIL_LIMIT_PENDING,   FAIL_QUARANTINED,    FAIL_PERMISSION_DENIED,
	FAIL_SHUTTING_DOWN,  FAIL_KEEPER_GONE,     FAIL_UPGRADING,      FAIL_NONE,
};

/* The groups flattened, and a hash table over them; made at the first use, and
 * the same ever after. */
static struct {
	const struct api_method *all[MAX_METHODS];
	size_t n;
	uint8_t slots[SLOTS]; /* index + 1; 0 empty */
} table;

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h ^ h >> 15;
}

static void add(const struct api_method *m)
{
	uint32_t i = hash(m->name);

	assert(table.n < MAX_METHODS);
	table.all[table.n++] = m;
	while (table.slots[i % SLOTS])
		i++;
	table.slots[i % SLOTS] = (uint8_t)table.n;
}

static void fill(void)
{
	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		for (size_t i = 0; i < groups[g]->n; i++)
			add(&groups[g]->methods[i]);
	}
}

size_t api_method_count(void)
{
	if (table.n == 0)
		fill();
	return table.n;
}

const struct api_method *api_method_at(size_t i)
{
	assert(i < api_method_count());
	return table.all[i];
}

int api_method_find(const char *name)
{
	uint32_t i = hash(name);

	if (table.n == 0)
		fill();
	for (; table.slots[i % SLOTS]; i++) {
		int m = table.slots[i % SLOTS] - 1;

		if (strcmp(table.all[m]->name, name) == 0)
			return m;
	}
	return -1;
}

const char *api_method_nearest(const char *name)
{
	const char *names[MAX_METHODS];
	size_t n = api_method_count();

	for (size_t i = 0; i < n; i++)
		names[i] = table.all[i]->name;
	return nearest_name(name, names, n);
}

static bool lists(const enum fail_code *codes, enum fail_code code)
{
	for (; *codes != FAIL_NONE; codes++) {
		if (*codes == code)
			return true;
	}
	return false;
}

bool api_method_documents(const struct api_method *m, enum fail_code code)
{
	return lists(m->errors, code) || lists(api_common_errors, code);
}

const char *api_scope_name(enum api_scope scope)
{
	switch (scope) {
	case API_SCOPE_READ:
		return "read";
	case API_SCOPE_WRITE:
		return "write";
	case API_SCOPE_SPAWN:
		return "spawn";
	case API_SCOPE_ADMIN:
		return "admin";
	}
	return "admin";
}
