/* The registry's start: the store's records, then what the log has beyond them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"
#include "store/pane.h"
#include "store/session.h"

/* ---- records ---- */

/* Environments by their number in the file. */
struct loading {
	struct core *core;
	struct core_env **envs;
	uint32_t max_envs;
	unsigned n_lines, n_bad;
	bool is_damaged; /* the store is not whole */
};

static int64_t get_int(const json_t *v, const char *key)
{
	return json_integer_value(json_object_get(v, key));
}

#define MAX_ENV 1000000 /* numbers; the table of them is that long */

static struct core_env *env_numbered(struct loading *l, int64_t id)
{
	return id > 0 && id < (int64_t)l->max_envs ? l->envs[id] : NULL;
}

/* @wants_id: it keeps its number, which is the store's. */
static int add_env(struct loading *l, int64_t id, const char *block, size_t n, bool wants_id)
{
	struct core *c = l->core;
	struct core_env *e;
	int r;

	if (id <= 0 || id > MAX_ENV)
		return -EINVAL;
	r = table_reserve((void ***)&l->envs, (uint32_t)id + 1, &l->max_envs);
	if (r == 0) {
		l->envs[id] = env_unref(l->envs[id]);
		r = env_intern_block(c, block, n, &l->envs[id]);
	}
	e = r == 0 ? l->envs[id] : NULL;
	if (e && wants_id && e->n_refs == 1) {
		e->id = (uint32_t)id;
		e->is_written = true;
	}
	if (r == 0 && id >= c->next_env)
		c->next_env = (uint32_t)id + 1;
	return err_trace(r);
}

static int load_env(struct loading *l, const json_t *v)
{
	struct buf b = BUF_INIT;
	size_t i;
	json_t *s;
	int r;

	json_array_foreach(json_object_get(v, "vars"), i, s)
	{
		if (json_is_string(s))
			buf_put(&b, json_string_value(s), json_string_length(s) + 1);
	}
	r = buf_check(&b);
	if (r == 0)
		r = add_env(l, get_int(v, "id"), buf_data(&b), buf_len(&b), false);
	buf_fini(&b);
	return err_trace(r);
}

static void set_string(char **field, const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	mem_free(*field);
	*field = s ? mem_strdup(s) : NULL;
}

static int load_session(struct loading *l, const json_t *v)
{
	struct core *c = l->core;
	uint64_t number = (uint64_t)get_int(v, "id");
	const char *name = json_string_value(json_object_get(v, "name"));
	const char *cwd = json_string_value(json_object_get(v, "cwd"));
	struct session *s = session_by_number(c, number);
	int r = 0;

	if (!number || !name || !cwd)
		return -EINVAL;
	if (!s) {
		r = session_add(c, number, name, cwd, env_numbered(l, get_int(v, "env")), &s);
	} else if (strcmp(s->name, name) != 0) {
		r = err_trace(session_set_name(s, name));
	}
	if (r == 0)
		s->created_us = (uint64_t)get_int(v, "created");
	if (r == 0)
		set_string(&s->layouts_text, v, "layouts");
	return r;
}

static enum pane_state state_named(const char *name)
{
	for (int s = PANE_STARTING; s <= PANE_LOST; s++) {
		if (name && strcmp(name, pane_state_name((enum pane_state)s)) == 0)
			return (enum pane_state)s;
	}
	return PANE_LOST;
}

static void load_pane_fields(struct loading *l, struct pane *p, const json_t *v)
{
	const json_t *status = json_object_get(v, "status");
	const json_t *command = json_object_get(v, "command"),
		     *metadata = json_object_get(v, "metadata");
	const char *key = json_string_value(json_object_get(v, "key"));
	int64_t cols = get_int(v, "cols"), rows = get_int(v, "rows");

	pane_set_state(p, state_named(json_string_value(json_object_get(v, "state"))));
	p->generation = (uint32_t)get_int(v, "gen");
	p->is_pty = json_is_true(json_object_get(v, "pty"));
	p->is_private = json_is_true(json_object_get(v, "private"));
	p->wants_raw_output = json_is_true(json_object_get(v, "raw"));
	p->wants_hold = json_is_true(json_object_get(v, "hold"));
	p->is_fresh = json_is_true(json_object_get(v, "fresh"));
	p->is_closed = json_is_true(json_object_get(v, "closed"));
	p->is_quarantined = json_is_true(json_object_get(v, "quarantined"));
	p->cols = cols >= 1 && cols <= 2000 ? (uint16_t)cols : 80;
	p->rows = rows >= 1 && rows <= 1000 ? (uint16_t)rows : 24;
	p->umask = (uint32_t)get_int(v, "umask");
	p->has_status = json_is_integer(status);
	p->status = (int)json_integer_value(status);
	p->created_us = (uint64_t)get_int(v, "created");
	p->started_us = (uint64_t)get_int(v, "started");
	p->exited_us = (uint64_t)get_int(v, "exited");
	set_string(&p->cwd, v, "cwd");
	set_string(&p->kind, v, "kind");
	set_string(&p->title, v, "title");
	set_string(&p->cwd_now, v, "cwd_now");
	set_string(&p->place_layout, v, "layout");
	set_string(&p->place, v, "place");
	p->input_seq_kept = (uint64_t)get_int(v, "input");
	pane_set_key(p, key ? key : "");
	json_decref(p->command);
	p->command = json_is_array(command) ? json_deep_copy(command) : json_array();
	json_decref(p->metadata);
	p->metadata = json_is_object(metadata) ? json_deep_copy(metadata) : NULL;
	env_unref(p->env);
	p->env = env_ref(env_numbered(l, get_int(v, "env")));
	if (!p->cwd)
		p->cwd = mem_strdup("/");
}

static int load_pane(struct loading *l, const json_t *v)
{
	struct core *c = l->core;
	uint64_t number = (uint64_t)get_int(v, "id");
	struct session *s = session_by_number(c, (uint64_t)get_int(v, "session"));
	struct pane *p = pane_by_number(c, number);
	int r = 0;

	if (!number || !s)
		return -EINVAL;
	if (!p)
		r = pane_add(c, number, s, &p);
	if (r == 0)
		load_pane_fields(l, p, v);
	return err_trace(r);
}

static int load_record(struct loading *l, const json_t *v)
{
	struct core *c = l->core;
	const char *t = json_string_value(json_object_get(v, "t"));
	uint64_t id = (uint64_t)get_int(v, "id");
	struct session *s;
	struct pane *p;

	if (!t)
		return -EINVAL;
	if (strcmp(t, "env") == 0)
		return load_env(l, v);
	if (strcmp(t, "session") == 0)
		return load_session(l, v);
	if (strcmp(t, "pane") == 0)
		return load_pane(l, v);
	if (strcmp(t, "command") == 0)
		return err_trace(registry_load_command(c, v));
	if (strcmp(t, "-pane") == 0) {
		if (id >= c->next_pane)
			c->next_pane = id + 1;
		p = pane_by_number(c, id);
		if (p)
			pane_remove(p, false);
	} else if (strcmp(t, "-session") == 0) {
		s = session_by_number(c, id);
		if (s && s->n_panes == 0)
			session_remove(s);
	} else if (strcmp(t, "next") == 0) {
		if ((uint64_t)get_int(v, "session") > c->next_session)
			c->next_session = (uint64_t)get_int(v, "session");
		if ((uint64_t)get_int(v, "pane") > c->next_pane)
			c->next_pane = (uint64_t)get_int(v, "pane");
	} else {
		return -EINVAL;
	}
	return 0;
}

/* ---- the store ---- */

static int on_env(uint32_t id, const char *block, size_t n, void *user)
{
	int r = add_env(user, id, block, n, true);

	return r == -EINVAL ? 0 : r;
}

static int load_text(struct loading *l, const char *text)
{
	json_t *v = json_loads(text, 0, NULL);
	int r = v ? load_record(l, v) : -EINVAL;

	json_decref(v);
	if (r < 0 && r != -ENOMEM) {
		l->is_damaged = true;
		r = 0;
	}
	return r;
}

static int on_session(const struct store_session *v, void *user)
{
	return load_text(user, v->record);
}

static int on_pane(const struct store_pane *v, void *user)
{
	return load_text(user, v->record);
}

static int on_layouts(uint64_t session, const char *json, void *user)
{
	struct loading *l = user;
	struct session *s = session_by_number(l->core, session);
	char *copy = s ? mem_strdup(json) : NULL;

	if (s && !copy)
		return err_origin(-ENOMEM);
	if (s) {
		mem_free(s->layouts_text);
		s->layouts_text = copy;
	}
	return 0;
}

static void tell_opened(const struct core *c)
{
	const struct store_opened *o = &c->registry.opened;

	if (o->set_aside[0])
		log_error("the database was damaged; it is kept as %s", o->set_aside);
	if (o->state != STORE_OK) {
		log_error("the database cannot be used: %s%s%s; sessions and panes go on in "
			  "registry.log",
			  store_state_text(o->state), o->detail[0] ? ": " : "", o->detail);
	}
	if (o->is_network) {
		log_warn("the state directory is %s: a crash of the other side may damage the "
			 "database",
			 o->detail);
	}
}

static int load_store(struct core *c, struct loading *l)
{
	struct registry *g = &c->registry;
	struct store_load_ops ops = { .on_env = on_env,
				      .on_session = on_session,
				      .on_pane = on_pane,
				      .on_layouts = on_layouts,
				      .user = l };
	int r = store_open(c->state_dir, &c->config.store, &g->store, &g->opened);

	if (r < 0)
		return err_trace(r);
	r = store_load(g->store, &ops);
	if (r == STORE_LOAD_E_DAMAGED) {
		l->is_damaged = true;
		r = store_begin_anew(g->store, &g->opened);
	}
	tell_opened(c);
	if (g->opened.set_aside[0] || g->opened.state != STORE_OK)
		l->is_damaged = true;
	if (g->opened.next_session > c->next_session)
		c->next_session = g->opened.next_session;
	if (g->opened.next_pane > c->next_pane)
		c->next_pane = g->opened.next_pane;
	return err_trace(r);
}

/* ---- the log ---- */

static int load_lines(struct loading *l, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int r = 0;

	while (r != -ENOMEM && (n = getline(&line, &size, f)) > 0) {
		json_t *v = json_loadb(line, (size_t)n, 0, NULL);

		r = v ? load_record(l, v) : -EINVAL;
		l->n_lines++;
		if (r < 0)
			l->n_bad++;
		json_decref(v);
	}
	free(line); /* getline's */
	return r == -ENOMEM ? r : 0;
}

static void keep_bad(const char *path, unsigned n_bad)
{
	char aside[560];

	snprintf(aside, sizeof aside, "%s.damaged-%llu", path, (unsigned long long)clock_wall_us());
	if (link(path, aside) < 0) {
		log_error("cannot set %s aside: %s", path, strerror(errno));
	} else {
		log_warn("%u lines of the registry could not be read; the file is kept as %s",
			 n_bad, aside);
	}
}

static int load_log(struct core *c, struct loading *l)
{
	struct registry *g = &c->registry;
	FILE *f;
	int r = 0;

	registry_log_open(g, c->state_dir);
	f = fopen(g->path, "re");
	if (f) {
		r = load_lines(l, f);
		fclose(f);
	}
	if (l->n_bad > 0)
		keep_bad(g->path, l->n_bad);
	g->wants_empty = l->n_lines > 0;
	return err_trace(r);
}

/* Some of them nobody uses any more; or their numbers grew too large for a table. */
static bool wants_fewer_envs(struct core *c)
{
	bool is_unused = false;

	if (c->next_env > MAX_ENV / 2) {
		c->next_env = 1;
		list_for_each (l, &c->envs)
			list_entry(l, struct core_env, link)->id = c->next_env++;
		return true;
	}
	list_for_each (l, &c->envs)
		is_unused |= list_entry(l, struct core_env, link)->n_refs == 1; /* the table's */
	return is_unused;
}

int registry_load(struct core *c)
{
	struct loading l = { .core = c };
	int r = load_store(c, &l);

	if (r == 0)
		r = load_log(c, &l);
	/* Its other name keeps the old file. */
	if (r == 0 && l.n_bad > 0 && registry_rewrite_log(c) < 0)
		log_error("%s cannot be written anew", c->registry.path);
	c->registry_next_pane = l.n_bad > 0 || l.is_damaged ? 0 : c->next_pane;
	/* Written anew, once the panes are as they are found (registry_adopted). */
	c->registry.is_behind = r == 0 && (wants_fewer_envs(c) || l.n_lines > 0 || l.is_damaged);
	c->registry.retry_at_ns = UINT64_MAX;
	for (uint32_t i = 0; i < l.max_envs; i++)
		env_unref(l.envs[i]);
	mem_free(l.envs);
	return err_trace(r);
}
