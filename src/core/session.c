#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/state.h"

#define SESSION_NAME_MAX 64

/* "s12" to 12; 0 if it is not of that form. */
static uint64_t number_of_id(const char *id, char letter)
{
	char *end;
	unsigned long long n;

	if (id[0] != letter || !isdigit((unsigned char)id[1]))
		return 0;
	n = strtoull(id + 1, &end, 10);
	return *end ? 0 : n;
}

struct session *session_by_number(struct core *c, uint64_t number)
{
	for (uint32_t lo = 0, hi = c->n_sessions; lo < hi;) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->sessions[mid]->number == number)
			return c->sessions[mid];
		if (c->sessions[mid]->number < number) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return NULL;
}

struct session *session_by_name(struct core *c, const char *name)
{
	list_for_each (l, index_bucket_of(&c->names, name)) {
		struct session *s = list_entry(l, struct session, by_name);

		if (strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

int session_set_name(struct session *s, const char *name)
{
	char *copy = mem_strdup(name);

	if (!copy)
		return err_origin(-ENOMEM);
	mem_free(s->name);
	s->name = copy;
	list_remove(&s->by_name);
	list_append(index_bucket_of(&s->core->names, name), &s->by_name);
	return 0;
}

static struct session *find(struct core *c, const char *id_or_name)
{
	struct session *s = session_by_name(c, id_or_name);
	uint64_t n = s ? 0 : number_of_id(id_or_name, 's');

	return n ? session_by_number(c, n) : s;
}

/* A name must not look like an id, nor be one that a shell or a listing cannot show. */
static int check_name(struct core *c, const char *name, struct fail *reterr)
{
	size_t n = strlen(name);

	if (n == 0 || n > SESSION_NAME_MAX || utf8_valid_prefix(name, n) != n) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "name",
				 "a session's name has 1 to %d bytes", SESSION_NAME_MAX);
	}
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return fail_setf(reterr, FAIL_INVALID_PARAMS, "name", "control characters");
	}
	if (number_of_id(name, 's') || number_of_id(name, 'p')) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "name", "\"%s\" looks like an id",
				 name);
	}
	if (session_by_name(c, name))
		return fail_set(reterr, FAIL_SESSION_EXISTS, name);
	return 0;
}

int session_add(struct core *c, uint64_t number, const char *name, const char *cwd,
		struct core_env *env, struct session **ret)
{
	struct session *s = mem_new(struct session);
	uint32_t at = c->n_sessions;
	int r = s ? table_reserve((void ***)&c->sessions, c->n_sessions + 1, &c->max_sessions)
		  : -ENOMEM;

	if (r == 0) {
		s->core = c;
		list_init(&s->by_name);
		s->cwd = mem_strdup(cwd);
		r = s->cwd ? session_set_name(s, name) : -ENOMEM;
	}
	if (r < 0) {
		if (s)
			mem_free(s->cwd);
		mem_free(s);
		return err_origin(-ENOMEM);
	}
	s->number = number;
	s->env = env_ref(env);
	s->created_us = clock_wall_us();
	for (; at > 0 && c->sessions[at - 1]->number > number; at--)
		c->sessions[at] = c->sessions[at - 1];
	c->sessions[at] = s;
	c->n_sessions++;
	if (number >= c->next_session)
		c->next_session = number + 1;
	*ret = s;
	return 0;
}

void session_remove(struct session *s)
{
	struct core *c = s->core;
	uint32_t i = 0;

	while (c->sessions[i] != s)
		i++;
	for (; i + 1 < c->n_sessions; i++)
		c->sessions[i] = c->sessions[i + 1];
	c->n_sessions--;
	list_remove(&s->by_name);
	env_unref(s->env);
	layouts_free(s);
	mem_free(s->panes);
	mem_free(s->name);
	mem_free(s->cwd);
	mem_free(s);
}

int session_link_pane(struct session *s, struct pane *p)
{
	int r = table_reserve((void ***)&s->panes, s->n_panes + 1, &s->max_panes);

	if (r < 0)
		return err_trace(r);
	s->panes[s->n_panes++] = p;
	s->active = p->number;
	return 0;
}

void session_unlink_pane(struct session *s, struct pane *p)
{
	uint32_t i = 0;

	while (i < s->n_panes && s->panes[i] != p)
		i++;
	if (i == s->n_panes)
		return;
	for (; i + 1 < s->n_panes; i++)
		s->panes[i] = s->panes[i + 1];
	s->n_panes--;
	if (s->active == p->number)
		s->active = s->n_panes ? s->panes[s->n_panes - 1]->number : 0;
}

void session_get_info(const struct session *s, struct session_info *ret)
{
	*ret = (struct session_info){
		.name = s->name, .cwd = s->cwd, .created_us = s->created_us, .n_panes = s->n_panes
	};
	snprintf(ret->id, sizeof ret->id, "s%llu", (unsigned long long)s->number);
	for (uint32_t i = 0; i < s->n_panes; i++)
		ret->n_running += s->panes[i]->state == PANE_RUNNING;
}

struct pane *session_pane_at(const struct session *s, uint32_t index)
{
	return index < s->n_panes ? s->panes[index] : NULL;
}

struct pane *session_active(const struct session *s)
{
	return s->active ? pane_by_number(s->core, s->active) : NULL;
}

/* "1", "2", ...: the first that is free. */
static void make_name(struct core *c, char *out, size_t size)
{
	for (uint64_t i = c->next_session;; i++) {
		snprintf(out, size, "session-%llu", (unsigned long long)i);
		if (!session_by_name(c, out))
			return;
	}
}

int core_session_create(struct core *c, const char *name, const char *cwd, const json_t *env,
			struct session **ret, struct fail *reterr)
{
	char made[40];
	struct core_env *e = NULL;
	int r;

	if (c->n_sessions >= c->config.max_sessions) {
		return fail_setf(reterr, FAIL_LIMIT_SESSIONS, NULL, "the limit is %u",
				 c->config.max_sessions);
	}
	if (!name) {
		make_name(c, made, sizeof made);
		name = made;
	}
	if (check_name(c, name, reterr))
		return FAIL_E_FAILED;
	if (cwd && cwd[0] != '/')
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "cwd", "must be an absolute path");
	r = env ? env_intern(c, env, &e) : 0;
	if (r == 0)
		r = session_add(c, c->next_session, name, cwd ? cwd : "/", e, ret);
	env_unref(e);
	if (r < 0)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	registry_put_session(*ret);
	core_event(c, CORE_SESSION_CREATED, NULL, *ret);
	return 0;
}

int core_session_find(struct core *c, const char *id_or_name, struct session **ret,
		      struct fail *reterr)
{
	struct session *s = find(c, id_or_name);

	if (!s) {
		fail_set(reterr, FAIL_SESSION_NOT_FOUND, id_or_name);
		fail_hint(reterr, "`orchflow ls` lists the sessions");
		return FAIL_E_FAILED;
	}
	*ret = s;
	return 0;
}

int core_session_rename(struct core *c, struct session *s, const char *name, struct fail *reterr)
{
	if (strcmp(name, s->name) == 0)
		return 0;
	if (check_name(c, name, reterr))
		return FAIL_E_FAILED;
	if (session_set_name(s, name) < 0)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	registry_put_session(s);
	core_event(c, CORE_SESSION_CHANGED, NULL, s);
	return 0;
}

/* A deletion that waits for its panes to end. */
struct deletion {
	struct core *core;
	uint64_t number;
	uint32_t n_waiting;
	core_done_fn *on_done;
	void *user;
};

static void finish_deletion(struct deletion *d)
{
	struct session *s;

	/* Removing a pane ends its kills, and with them maybe a second deletion of
	 * this session: it is looked up each time. */
	while ((s = session_by_number(d->core, d->number)) && s->n_panes > 0)
		pane_remove(s->panes[s->n_panes - 1], true);
	if (s) {
		core_event(d->core, CORE_SESSION_DELETED, NULL, s);
		session_remove(s); /* first: the registry may be written anew */
		registry_drop_session(d->core, d->number);
	}
	d->on_done(NULL, d->user);
	mem_free(d);
}

static void on_pane_killed(const struct core_kill_report *r, const struct fail *f, void *user)
{
	struct deletion *d = user;

	(void)r;
	(void)f; /* whatever resisted is reported by the census; the session goes */
	if (--d->n_waiting == 0)
		finish_deletion(d);
}

void core_session_delete(struct core *c, struct session *s, bool force, core_done_fn *done,
			 void *user)
{
	struct deletion *d;
	struct fail f;
	uint64_t first = 0;

	for (uint32_t i = 0; i < s->n_panes && !first; i++) {
		if (s->panes[i]->state <= PANE_RUNNING)
			first = s->panes[i]->number;
	}
	if (first && !force) {
		fail_setf(&f, FAIL_PANE_RUNNING, s->name, "p%llu is still running",
			  (unsigned long long)first);
		fail_hint(&f, "end its panes first, or force");
		done(&f, user);
		return;
	}
	d = mem_new(struct deletion);
	if (!d) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(&f, user);
		return;
	}
	*d = (struct deletion){
		.core = c, .number = s->number, .n_waiting = 1, .on_done = done, .user = user
	};
	for (uint32_t i = 0; i < s->n_panes; i++) {
		/* One that is still starting has nothing to hang up: it goes as it is. */
		if (s->panes[i]->state != PANE_RUNNING)
			continue;
		d->n_waiting++;
		core_pane_kill(c, s->panes[i], true, 2000, on_pane_killed, d);
	}
	on_pane_killed(NULL, NULL, d);
}

struct session *core_session_next(struct core *c, uint64_t after)
{
	uint32_t lo = 0, hi = c->n_sessions;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->sessions[mid]->number > after) {
			hi = mid;
		} else {
			lo = mid + 1;
		}
	}
	return lo < c->n_sessions ? c->sessions[lo] : NULL;
}

uint64_t session_number(const struct session *s)
{
	return s->number;
}

struct session *core_session_by_number(struct core *c, uint64_t number)
{
	return session_by_number(c, number);
}
