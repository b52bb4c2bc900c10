#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/state.h"

static struct core_env *find_same(struct core *c, const char *block, size_t bytes, uint64_t hash)
{
	list_for_each (l, index_bucket(&c->env_index, hash)) {
		struct core_env *e = list_entry(l, struct core_env, by_hash);

		if (e->hash == hash && e->bytes == bytes && memcmp(e->data, block, bytes) == 0)
			return e;
	}
	return NULL;
}

int env_intern_block(struct core *c, const char *block, size_t bytes, struct core_env **ret)
{
	uint64_t hash = index_hash(block, bytes);
	struct core_env *e = find_same(c, block, bytes, hash);

	if (e) {
		*ret = env_ref(e);
		return 0;
	}
	e = mem_zalloc(1, sizeof *e + bytes);
	if (!e)
		return err_origin(-ENOMEM);
	memcpy(e->data, block, bytes);
	e->bytes = bytes;
	e->hash = hash;
	e->n_refs = 1;
	e->id = c->next_env++;
	for (size_t i = 0; i < bytes; i++)
		e->n_vars += block[i] == 0;
	list_append(&c->envs, &e->link);
	list_append(index_bucket(&c->env_index, hash), &e->by_hash);
	*ret = e;
	return 0;
}

/* ORCHFLOW_PANE and the like are set for each pane: what a client inside
 * another pane passes on is not taken over. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = { "TERM",
					    "COLORTERM",
					    "ORCHFLOW_PANE",
					    "ORCHFLOW_SESSION",
					    "ORCHFLOW_SOCKET",
					    "COLUMNS",
					    "LINES",
					    "TERMCAP",
					    "ORCHFLOW_NONCE",
					    "ORCHFLOW_LOGIN",
					    "ORCHFLOW_ENV",
					    "ORCHFLOW_ZDOTDIR" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (strcmp(name, ours[i]) == 0)
			return true;
	}
	return false;
}

/* jansson's iterators want a mutable object that they do not change. */
static json_t *as_mutable(const json_t *v)
{
	union {
		const json_t *given;
		json_t *wanted;
	} u = { .given = v };

	return u.wanted;
}

int env_intern(struct core *c, const json_t *vars, struct core_env **ret)
{
	struct buf b = BUF_INIT;
	const char *name;
	json_t *value;
	int r;

	json_object_foreach(as_mutable(vars), name, value)
	{
		if (!json_is_string(value) || is_ours(name) || strchr(name, '=') || !*name)
			continue;
		buf_put_str(&b, name);
		buf_put_char(&b, '=');
		buf_put_str(&b, json_string_value(value));
		buf_put_char(&b, 0);
	}
	r = buf_check(&b);
	if (r == 0)
		r = env_intern_block(c, buf_data(&b), buf_len(&b), ret);
	buf_fini(&b);
	return err_trace(r);
}

struct core_env *env_ref(struct core_env *e)
{
	if (e)
		e->n_refs++;
	return e;
}

struct core_env *env_unref(struct core_env *e)
{
	if (e && --e->n_refs == 0) {
		list_remove(&e->link);
		list_remove(&e->by_hash);
		mem_free(e);
	}
	return NULL;
}

const char *env_get(const struct core_env *e, const char *name)
{
	size_t n = strlen(name);

	if (!e)
		return NULL;
	for (const char *p = e->data; p < e->data + e->bytes; p += strlen(p) + 1) {
		if (strncmp(p, name, n) == 0 && p[n] == '=')
			return p + n + 1;
	}
	return NULL;
}
