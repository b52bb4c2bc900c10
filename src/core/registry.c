/*
 * The registry: what must be known of sessions and panes when the daemon
 * starts again.  It stands in the state store (SQLite), which is told of every
 * change and says when that is on the disk; until then it stands in a log beside it
 * (registry_log.c), which is in the kernel's page cache before the next step is taken: a
 * crash of the daemon loses nothing, a crash of the machine nothing that was answered.
 *
 * When the store cannot be written it is behind: sessions and panes go on in memory and
 * in the log, and everything is written anew at the next chance, at times that
 * grow apart.  When there is no store at all, the log is the registry.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/registry.h"
#include "core/state.h"
#include "store/layout.h"
#include "store/pane.h"
#include "store/session.h"

#define RETRY_FIRST_NS 10000000ull
#define RETRY_LAST_NS 60000000000ull
#define LAST_ANSWER_MS 10000

/* ---- records ---- */

static json_t *record_of_env(const struct core_env *e)
{
	json_t *vars = json_array();

	for (const char *p = e->data; p < e->data + e->bytes; p += strlen(p) + 1) {
		json_t *v = json_string(p); /* NULL if it is not UTF-8: left out */

		if (v)
			json_array_append_new(vars, v);
	}
	return json_pack("{s:s, s:i, s:o}", "t", "env", "id", (int)e->id, "vars", vars);
}

/* @with_layouts: they stand apart in the store. */
static json_t *record_of_session(const struct session *s, bool with_layouts)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:s*}", "t", "session", "id",
			 (json_int_t)s->number, "name", s->name, "cwd", s->cwd, "env",
			 s->env ? (int)s->env->id : 0, "created", (json_int_t)s->created_us,
			 "layouts", with_layouts ? s->layouts_text : NULL);
}

static json_t *record_of_pane(const struct pane *p)
{
	json_t *v = json_pack("{s:s, s:I, s:I, s:s, s:i, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:i, "
			      "s:i, s:i}",
			      "t", "pane", "id", (json_int_t)p->number, "session",
			      (json_int_t)p->session->number, "state", pane_state_name(p->state),
			      "gen", (int)p->generation, "pty", p->is_pty, "private", p->is_private,
			      "raw", p->wants_raw_output, "hold", p->wants_hold, "fresh",
			      p->is_fresh, "closed", p->is_closed, "quarantined", p->is_quarantined,
			      "cols", p->cols, "rows", p->rows, "umask", (int)p->umask);

	if (!v)
		return NULL;
	/* Text that is not UTF-8 is left out; a command or metadata must not be. */
	json_object_set_new(v, "cwd", json_string(p->cwd));
	json_object_set_new(v, "kind", p->kind ? json_string(p->kind) : json_null());
	json_object_set_new(v, "title", p->title ? json_string(p->title) : json_null());
	json_object_set_new(v, "cwd_now", p->cwd_now ? json_string(p->cwd_now) : json_null());
	json_object_set_new(v, "input", json_integer((json_int_t)pane_input_seq(p)));
	if (p->place_layout) {
		json_object_set_new(v, "layout", json_string(p->place_layout));
		json_object_set_new(v, "place", json_string(p->place));
	}
	json_object_set_new(v, "key", json_string(p->key));
	if (json_object_set(v, "command", p->command) < 0 ||
	    json_object_set(v, "metadata", p->metadata ? p->metadata : json_null()) < 0) {
		json_decref(v);
		return NULL;
	}
	json_object_set_new(v, "env", json_integer(p->env ? p->env->id : 0));
	json_object_set_new(v, "status", p->has_status ? json_integer(p->status) : json_null());
	json_object_set_new(v, "created", json_integer((json_int_t)p->created_us));
	json_object_set_new(v, "started", json_integer((json_int_t)p->started_us));
	json_object_set_new(v, "exited", json_integer((json_int_t)p->exited_us));
	return v;
}

/* ---- writing ---- */

static bool has_store(const struct core *c)
{
	return c->registry.store && c->registry.opened.state == STORE_OK;
}

static void on_retry(uv_timer_t *t)
{
	registry_catch_up(t->data);
}

static void retry_later(struct core *c)
{
	struct registry *g = &c->registry;

	g->retry_ns = g->retry_ns ? 2 * g->retry_ns : RETRY_FIRST_NS;
	if (g->retry_ns > RETRY_LAST_NS)
		g->retry_ns = RETRY_LAST_NS;
	g->retry_at_ns = clock_mono_ns() + g->retry_ns;
	if (!c->has_quit && g->has_handles)
		uv_timer_start(&g->timer, on_retry, g->retry_ns / 1000000, 0);
}

static void fall_behind(struct core *c, const char *why)
{
	if (!c->registry.is_behind && !c->registry.is_told) {
		log_error("the registry cannot be written (%s): sessions and panes go on in memory",
			  why);
		c->registry.is_told = true;
	}
	if (!c->registry.is_behind)
		retry_later(c);
	c->registry.is_behind = true;
}

void registry_on_stored(const struct fail *f, void *user)
{
	struct core *c = user;

	c->registry.n_stored++;
	if (f)
		fall_behind(c, f->detail[0] ? f->detail : fail_kind(f->code)->text);
}

/* Everything is on the disk: the log is not needed any more. */
static void settle(struct core *c)
{
	struct registry *g = &c->registry;

	if (g->is_behind || g->n_stored != g->n_put)
		return;
	if (g->is_told)
		log_info("the registry is written again");
	g->is_told = g->is_command_lost = false;
	g->retry_ns = 0;
	if (has_store(c) && (g->bytes > REGISTRY_LOG_BYTES || g->is_log_broken || g->wants_empty))
		registry_log_empty(g);
}

static void answer_waiters(struct core *c, bool all)
{
	struct registry *g = &c->registry;

	while (!list_is_empty(&g->waiters)) {
		struct registry_waiter *w =
			list_entry(g->waiters.next, struct registry_waiter, link);

		if (!all && !registry_is_durable(c, w->at))
			return;
		list_remove(&w->link);
		w->done(w->number, w->user);
		mem_free(w);
	}
}

static void on_store(uv_poll_t *h, int status, int events)
{
	struct core *c = h->data;

	(void)status;
	(void)events;
	store_dispatch(c->registry.store);
	settle(c);
	answer_waiters(c, false);
}

bool registry_is_durable(const struct core *c, uint64_t at)
{
	return c->registry.n_stored >= at || c->registry.is_behind || !has_store(c);
}

void registry_when_durable(struct core *c, uint64_t at, registry_durable_fn *done, uint64_t number,
			   void *user)
{
	struct registry_waiter *w = NULL;

	if (!registry_is_durable(c, at))
		w = mem_new(struct registry_waiter);
	if (!w) {
		done(number, user);
		return;
	}
	w->at = at;
	w->done = done;
	w->number = number;
	w->user = user;
	list_append(&c->registry.waiters, &w->link);
}

static char *text_of(json_t *v)
{
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;

	json_decref(v);
	return text;
}

/* One object into the store; the log has it already. */
static void store_env(struct core *c, struct core_env *e)
{
	e->is_written = true;
	c->registry.n_put++;
	store_env_put(c->registry.store, e->id, e->data, e->bytes, registry_on_stored, c);
}

static void store_session(struct core *c, const struct session *s, const char *text)
{
	struct store_session v = { .number = s->number,
				   .env = s->env ? s->env->id : 0,
				   .record = text };

	c->registry.n_put++;
	store_session_put(c->registry.store, &v, registry_on_stored, c);
}

static void store_pane(struct core *c, const struct pane *p, const char *text)
{
	struct store_pane v = { .number = p->number,
				.session = p->session->number,
				.env = p->env ? p->env->id : 0,
				.record = text };

	c->registry.n_put++;
	store_pane_put(c->registry.store, &v, registry_on_stored, c);
}

static void store_layouts(struct core *c, const struct session *s)
{
	c->registry.n_put++;
	store_layouts_put(c->registry.store, s->number, s->layouts_text, registry_on_stored, c);
}

static void log_text(struct core *c, const char *text)
{
	int r;

	if (!has_store(c) && c->registry.bytes > c->registry.rewrite_at)
		registry_catch_up(c);
	if (c->registry.is_log_broken)
		return;
	r = text ? registry_log_append(&c->registry, text) : -ENOMEM;
	/* With a store: until that has caught up. */
	if (r < 0) {
		c->registry.is_log_broken = true;
		if (!has_store(c))
			fall_behind(c, strerror(-r));
	}
}

/* Ready for one more: else it is written with all others, later. */
bool registry_can_store(struct core *c)
{
	if (c->registry.is_behind && clock_mono_ns() >= c->registry.retry_at_ns)
		registry_catch_up(c);
	return has_store(c) && !c->registry.is_behind;
}

static void put_env(struct core *c, struct core_env *e)
{
	char *text;

	if (!e || e->is_written)
		return;
	text = text_of(record_of_env(e));
	log_text(c, text);
	mem_free(text);
	e->is_written = true;
	if (registry_can_store(c))
		store_env(c, e);
}

void registry_put_session(struct session *s)
{
	struct core *c = s->core;
	char *text;

	put_env(c, s->env);
	text = text_of(record_of_session(s, true));
	log_text(c, text);
	mem_free(text);
	text = registry_can_store(c) ? text_of(record_of_session(s, false)) : NULL;
	if (text)
		store_session(c, s, text);
	mem_free(text);
}

void registry_put_layouts(struct session *s, const char *json)
{
	char *copy = mem_strdup(json);

	if (!copy)
		return; /* the next change writes them */
	mem_free(s->layouts_text);
	s->layouts_text = copy;
	registry_put_session(s);
	if (registry_can_store(s->core))
		store_layouts(s->core, s);
}

void registry_put_pane(struct pane *p)
{
	struct core *c = p->core;
	char *text;

	if (p->is_deleted)
		return;
	put_env(c, p->env);
	text = text_of(record_of_pane(p));
	log_text(c, text);
	if (text && registry_can_store(c))
		store_pane(c, p, text);
	mem_free(text);
}

void registry_log_record(struct core *c, json_t *v)
{
	char *text = text_of(v);

	log_text(c, text);
	mem_free(text);
}

static void log_drop(struct core *c, const char *type, uint64_t number)
{
	registry_log_record(c, json_pack("{s:s, s:I}", "t", type, "id", (json_int_t)number));
}

void registry_drop_session(struct core *c, uint64_t number)
{
	log_drop(c, "-session", number);
	if (registry_can_store(c)) {
		c->registry.n_put++;
		store_session_drop(c->registry.store, number, registry_on_stored, c);
	}
}

void registry_drop_pane(struct core *c, uint64_t number)
{
	log_drop(c, "-pane", number);
	if (registry_can_store(c)) {
		c->registry.n_put++;
		store_pane_drop(c->registry.store, number, registry_on_stored, c);
	}
}

/* ---- writing everything ---- */

static void store_others_not(struct core *c)
{
	struct store_kept kept = { .n_sessions = c->n_sessions };
	uint64_t *numbers = mem_zalloc(c->n_sessions + c->n_panes + 1, sizeof *numbers);

	if (!numbers) {
		fall_behind(c, strerror(ENOMEM));
		return;
	}
	for (uint32_t i = 0; i < c->n_sessions; i++)
		numbers[i] = c->sessions[i]->number;
	for (uint32_t i = 0; i < c->n_panes; i++) {
		if (!c->panes[i]->is_deleted)
			numbers[c->n_sessions + kept.n_panes++] = c->panes[i]->number;
	}
	kept.sessions = numbers;
	kept.panes = numbers + c->n_sessions;
	c->registry.n_put++;
	store_keep_only(c->registry.store, &kept, registry_on_stored, c);
	mem_free(numbers);
}

static void store_everything(struct core *c)
{
	list_for_each (l, &c->envs)
		store_env(c, list_entry(l, struct core_env, link));
	for (uint32_t i = 0; i < c->n_sessions; i++) {
		char *text = text_of(record_of_session(c->sessions[i], false));

		if (text)
			store_session(c, c->sessions[i], text);
		store_layouts(c, c->sessions[i]);
		mem_free(text);
	}
	for (uint32_t i = 0; i < c->n_panes; i++) {
		char *text = c->panes[i]->is_deleted ? NULL : text_of(record_of_pane(c->panes[i]));

		if (text)
			store_pane(c, c->panes[i], text);
		mem_free(text);
	}
	store_others_not(c);
	registry_store_commands(c);
	/* No number of what is gone is given out again. */
	store_next_put(c->registry.store, c->next_session, c->next_pane);
}

int registry_rewrite_log(struct core *c)
{
	struct buf b = BUF_INIT;
	int r = registry_log_put(&b, json_pack("{s:s, s:I, s:I}", "t", "next", "session",
					       (json_int_t)c->next_session, "pane",
					       (json_int_t)c->next_pane));

	list_for_each (l, &c->envs) {
		struct core_env *e = list_entry(l, struct core_env, link);

		e->is_written = true;
		if (r == 0)
			r = registry_log_put(&b, record_of_env(e));
	}
	for (uint32_t i = 0; r == 0 && i < c->n_sessions; i++)
		r = registry_log_put(&b, record_of_session(c->sessions[i], true));
	for (uint32_t i = 0; r == 0 && i < c->n_panes; i++) {
		if (!c->panes[i]->is_deleted)
			r = registry_log_put(&b, record_of_pane(c->panes[i]));
	}
	if (r == 0)
		r = registry_log_commands(c, &b);
	if (r == 0)
		r = registry_log_replace(&c->registry, &b);
	buf_fini(&b);
	return r;
}

void registry_catch_up(struct core *c)
{
	struct registry *g = &c->registry;

	if (!has_store(c)) {
		int r = registry_rewrite_log(c);

		g->is_behind = false;
		if (r < 0) {
			fall_behind(c, strerror(-r));
		} else {
			settle(c);
		}
		err_clear();
		return;
	}
	g->is_behind = false;
	store_everything(c);
	/* It tells whether it went: on_stored() falls behind again. */
	g->retry_at_ns = clock_mono_ns() + g->retry_ns;
}

/* ---- beginning and end ---- */

void registry_adopted(struct core *c)
{
	struct registry *g = &c->registry;

	if (g->is_behind)
		registry_catch_up(c);
}

/* What failed is only known when it was answered; the end may wait for that. */
static void wait_for_store(struct registry *g)
{
	struct pollfd fd = { .fd = store_fd(g->store), .events = POLLIN };

	while (g->n_stored != g->n_put && poll(&fd, 1, LAST_ANSWER_MS) > 0)
		store_dispatch(g->store);
}

void registry_last_chance(struct core *c)
{
	if (!c->is_adopted || !c->registry.store)
		return;
	wait_for_store(&c->registry);
	if (c->registry.is_behind)
		registry_catch_up(c);
}

int registry_watch(struct core *c)
{
	struct registry *g = &c->registry;
	int r;

	if (!g->store)
		return 0;
	r = uv_poll_init(c->loop, &g->poll, store_fd(g->store));
	if (r < 0)
		return err_origin(r);
	uv_timer_init(c->loop, &g->timer);
	g->poll.data = g->timer.data = c;
	c->n_handles += 2;
	g->has_handles = true;
	return err_origin(uv_poll_start(&g->poll, UV_READABLE, on_store));
}

void registry_unwatch(struct core *c)
{
	struct registry *g = &c->registry;

	if (!g->has_handles)
		return;
	g->has_handles = false;
	uv_close((uv_handle_t *)&g->poll, core_on_handle_closed);
	uv_close((uv_handle_t *)&g->timer, core_on_handle_closed);
}

void registry_close(struct core *c)
{
	struct registry *g = &c->registry;
	bool was_open = has_store(c);

	g->store = store_close(g->store); /* what waits is written and told */
	answer_waiters(c, true);
	if (was_open && !g->is_behind && g->n_put == g->n_stored && g->bytes > 0)
		registry_log_empty(g);
	registry_free_commands(c);
	registry_log_close(g);
}

/* ---- for others ---- */

struct store *core_store(const struct core *c)
{
	return c->registry.store;
}

bool core_is_registry_behind(const struct core *c)
{
	return c->registry.is_behind;
}

struct when {
	core_durable_fn *done;
	void *user;
};

static void on_durable(uint64_t number, void *user)
{
	struct when *w = user;

	(void)number;
	w->done(w->user);
	mem_free(w);
}

void core_when_durable(struct core *c, core_durable_fn *done, void *user)
{
	struct when *w = registry_is_durable(c, c->registry.n_put) ? NULL : mem_new(struct when);

	if (!w) {
		done(user);
		return;
	}
	*w = (struct when){ done, user };
	registry_when_durable(c, c->registry.n_put, on_durable, 0, w);
}

uint64_t registry_position(const struct core *c)
{
	return c->registry.n_put;
}
