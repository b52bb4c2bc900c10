#include "api/fake_core.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

struct session {
	uint64_t number;
	char name[64];
	struct core *core;
};

struct pane {
	struct core *core;
	uint64_t number;
	struct session *session;
	enum pane_state state;
	char title[64];
	uint16_t cols, rows;
	bool is_pty;
	uint64_t seq;
	char data[256]; /* the last bytes printed */
	json_t *command;
};

struct sub {
	struct list link;
	uint64_t id;
	struct pane *pane;
	const struct core_sub_ops *ops;
	void *user;
};

enum held_kind { HELD_PANE, HELD_WRITTEN, HELD_KILLED, HELD_WAITED, HELD_DONE, HELD_PROCESSES };

struct fake_held {
	struct list link;
	enum held_kind kind;
	void (*fn)(void); /* cast back by kind */
	void *user;
	struct pane *pane;
	struct session *session;
	size_t n;
	uint64_t id;
};

struct core *fake_core_new(void)
{
	struct core *c = mem_new(struct core);

	assert(c);
	list_init(&c->subs);
	list_init(&c->held);
	c->last_stdin_fd = -1;
	return c;
}

const struct session *fake_session_of(const struct pane *p)
{
	return p->session;
}

struct core *fake_core_free(struct core *c)
{
	for (size_t i = 0; i < c->n_panes; i++) {
		json_decref(c->panes[i]->command);
		mem_free(c->panes[i]);
	}
	for (size_t i = 0; i < c->n_sessions; i++)
		mem_free(c->sessions[i]);
	while (!list_is_empty(&c->held)) {
		struct fake_held *h = list_entry(c->held.next, struct fake_held, link);

		list_remove(&h->link);
		mem_free(h);
	}
	assert(list_is_empty(&c->subs));
	mem_free(c);
	return NULL;
}

void core_config_init(struct core_config *c)
{
	*c = (struct core_config){ 0 };
}

static void tell(struct core *c, enum core_event e, struct pane *p, struct session *s)
{
	if (c->ops.on_event)
		c->ops.on_event(e, p, s, c->ops.user);
}

void core_get_status(const struct core *c, struct core_status *ret)
{
	*ret = (struct core_status){ .n_sessions = (uint32_t)c->n_sessions,
				     .n_panes = (uint32_t)c->n_panes };
}

const struct core_metrics *core_get_metrics(const struct core *c)
{
	return &c->metrics;
}

/* ---- held answers ---- */

static void answer(struct core *c, struct fake_held *h)
{
	const struct core_process ps[] = {
		{ .pid = 7, .pane = 1, .state = 'S', .is_gone = true, .signo = 1, .command = "sh" },
		{ .pid = 8, .pane = 1, .state = 'Z', .is_stray = true, .command = "sleep" },
	};
	const struct core_kill_report report = { .processes = ps, .n = 2, .has_status = true };
	const struct core_wait_result waited = {
		.reason = CORE_WAIT_MATCH, .seq = 5, .match = "ab\xff", .n_match = 3, .match_seq = 2
	};

	list_remove(&h->link);
	switch (h->kind) {
	case HELD_PANE:
		((core_pane_fn *)h->fn)(h->pane, NULL, h->user);
		break;
	case HELD_WRITTEN:
		((core_written_fn *)h->fn)(h->n, h->n, NULL, h->user);
		break;
	case HELD_KILLED:
		((core_killed_fn *)h->fn)(&report, NULL, h->user);
		break;
	case HELD_WAITED:
		((core_waited_fn *)h->fn)(&waited, NULL, h->user);
		break;
	case HELD_DONE:
		((core_done_fn *)h->fn)(NULL, h->user);
		break;
	case HELD_PROCESSES:
		((core_processes_fn *)h->fn)(ps, 2, NULL, h->user);
		break;
	}
	(void)c;
	mem_free(h);
}

void fake_release(struct core *c)
{
	while (!list_is_empty(&c->held))
		answer(c, list_entry(c->held.next, struct fake_held, link));
}

static uint64_t hold(struct core *c, struct fake_held with)
{
	struct fake_held *h = malloc(sizeof *h); /* not counted, never failing */

	assert(h);
	*h = with;
	h->id = ++c->next_wait;
	list_init(&h->link);
	list_append(&c->held, &h->link);
	if (c->is_holding)
		return h->id;
	answer(c, h);
	return 0;
}

#define HOLD(c, kind_, fn_, user_, ...)                            \
	hold((c), (struct fake_held){ .kind = (kind_),             \
				      .fn = (void (*)(void))(fn_), \
				      .user = (user_)__VA_OPT__(, ) __VA_ARGS__ })

/* ---- sessions ---- */

void session_get_info(const struct session *s, struct session_info *ret)
{
	*ret = (struct session_info){ .name = s->name, .cwd = "/" };
	(void)snprintf(ret->id, sizeof ret->id, "s%" PRIu64, s->number);
	for (size_t i = 0; i < s->core->n_panes; i++)
		ret->n_panes += s->core->panes[i]->session == s;
}

struct pane *session_pane_at(const struct session *s, uint32_t index)
{
	for (size_t i = 0; i < s->core->n_panes; i++) {
		if (s->core->panes[i]->session == s && index-- == 0)
			return s->core->panes[i];
	}
	return NULL;
}

struct pane *session_active(const struct session *s)
{
	return session_pane_at(s, 0);
}

uint64_t session_number(const struct session *s)
{
	return s->number;
}

int core_session_create(struct core *c, const char *name, const char *cwd, const json_t *env,
			struct session **ret, struct fail *reterr)
{
	struct session *s = NULL;

	(void)cwd;
	(void)env;
	if (name && core_session_find(c, name, &s, reterr) == 0)
		return fail_set(reterr, FAIL_SESSION_EXISTS, name);
	if (c->n_sessions == 16)
		return fail_set(reterr, FAIL_LIMIT_SESSIONS, NULL);
	s = calloc(1, sizeof *s);
	assert(s);
	s->core = c;
	s->number = ++c->next_session;
	(void)snprintf(s->name, sizeof s->name, "%s", name ? name : "unnamed");
	c->sessions[c->n_sessions++] = s;
	tell(c, CORE_SESSION_CREATED, NULL, s);
	*ret = s;
	return 0;
}

int core_session_find(struct core *c, const char *id, struct session **ret, struct fail *reterr)
{
	for (size_t i = 0; i < c->n_sessions; i++) {
		struct session_info info;

		session_get_info(c->sessions[i], &info);
		if (strcmp(info.id, id) == 0 || strcmp(info.name, id) == 0) {
			*ret = c->sessions[i];
			return 0;
		}
	}
	return fail_set(reterr, FAIL_SESSION_NOT_FOUND, id);
}

int core_session_rename(struct core *c, struct session *s, const char *name, struct fail *reterr)
{
	(void)reterr;
	(void)snprintf(s->name, sizeof s->name, "%s", name);
	tell(c, CORE_SESSION_CHANGED, NULL, s);
	return 0;
}

void core_session_delete(struct core *c, struct session *s, bool force, core_done_fn *done,
			 void *user)
{
	struct fail f;

	if (!force) {
		(void)fail_set(&f, FAIL_PANE_RUNNING, "p1");
		done(&f, user);
		return;
	}
	tell(c, CORE_SESSION_DELETED, NULL, s);
	(void)HOLD(c, HELD_DONE, done, user);
}

struct session *core_session_next(struct core *c, uint64_t after)
{
	return after < c->n_sessions ? c->sessions[after] : NULL;
}

struct session *core_session_by_number(struct core *c, uint64_t number)
{
	for (size_t i = 0; i < c->n_sessions; i++) {
		if (c->sessions[i]->number == number)
			return c->sessions[i];
	}
	return NULL;
}

void core_when_durable(struct core *c, core_durable_fn *done, void *user)
{
	(void)c;
	done(user);
}

bool core_is_registry_behind(const struct core *c)
{
	(void)c;
	return false;
}

struct store *core_store(const struct core *c)
{
	return c->store;
}

/* ---- panes ---- */

const char *pane_state_name(enum pane_state s)
{
	static const char *const names[] = { "starting", "running", "exited", "lost" };

	return names[s];
}

void pane_get_info(const struct pane *p, struct pane_info *ret)
{
	*ret = (struct pane_info){
		.session_name = p->session->name,
		.cwd = "/",
		.title = p->title,
		.kind = "terminal",
		.command = p->command,
		.state = p->state,
		.pid = 7,
		.cols = p->cols,
		.rows = p->rows,
		.is_pty = p->is_pty,
		.has_status = p->state == PANE_EXITED,
		.status = 9, /* killed */
		.seq = p->seq,
		.tail_seq = p->seq > sizeof p->data ? p->seq - sizeof p->data : 0,
	};
	(void)snprintf(ret->id, sizeof ret->id, "p%" PRIu64, p->number);
	(void)snprintf(ret->session_id, sizeof ret->session_id, "s%" PRIu64, p->session->number);
}

uint64_t pane_number(const struct pane *p)
{
	return p->number;
}

static struct pane *add_pane(struct core *c, struct session *s)
{
	struct pane *p = calloc(1, sizeof *p);

	assert(p && c->n_panes < ARRAY_LEN(c->panes));
	p->core = c;
	p->number = ++c->next_pane;
	p->session = s;
	p->state = PANE_RUNNING;
	p->cols = 80;
	p->rows = 24;
	p->is_pty = true;
	p->command = json_array();
	c->panes[c->n_panes++] = p;
	return p;
}

struct pane *fake_core_populate(struct core *c)
{
	struct session *s = NULL;
	struct fail f;
	int r = core_session_create(c, "main", NULL, NULL, &s, &f);

	assert(r == 0 && s);
	(void)r;
	return add_pane(c, s);
}

void core_pane_create(struct core *c, const struct pane_spec *spec, core_pane_fn *done, void *user)
{
	struct fail f;
	struct pane *p;

	if (spec->cols < 1 || spec->cols > 2000) {
		(void)fail_set(&f, FAIL_INVALID_SIZE, "cols");
		done(NULL, &f, user);
		return;
	}
	if (c->last_stdin_fd >= 0)
		(void)close(c->last_stdin_fd);
	c->last_stdin_fd = spec->stdin_fd;
	p = add_pane(c, c->sessions[0]);
	p->is_pty = spec->wants_pty;
	tell(c, CORE_PANE_CREATED, p, NULL);
	(void)HOLD(c, HELD_PANE, done, user, .pane = p);
}

void core_pane_respawn(struct core *c, struct pane *p, bool force, const char *key,
		       core_pane_fn *done, void *user)
{
	struct fail f;

	(void)key;
	if (force) {
		(void)HOLD(c, HELD_PANE, done, user, .pane = p);
		return;
	}
	(void)fail_set(&f, FAIL_PANE_RUNNING, "p1");
	done(NULL, &f, user);
}

int core_pane_find(struct core *c, const char *target, struct pane **ret, struct fail *reterr)
{
	uint64_t n = target[0] == 'p' ? strtoull(target + 1, NULL, 10) : 0;
	struct session *s = NULL;

	if (core_session_find(c, target, &s, reterr) == 0 && s) {
		*ret = session_active(s);
	} else if (n > 0 && n <= c->n_panes) {
		*ret = c->panes[n - 1];
	} else {
		(void)fail_set(reterr, FAIL_PANE_NOT_FOUND, target);
		fail_hint(reterr, "a hint");
		c->mem_count_at_fail = mem_count();
		return FAIL_E_FAILED;
	}
	return 0;
}

struct pane *core_pane_next(struct core *c, uint64_t after)
{
	return after < c->n_panes ? c->panes[after] : NULL;
}

int core_pane_delete(struct core *c, struct pane *p, struct fail *reterr)
{
	(void)c;
	return p->state == PANE_RUNNING ? fail_set(reterr, FAIL_PANE_RUNNING, "p1") : 0;
}

/* ---- bytes ---- */

void core_pane_write(struct core *c, struct pane *p, const void *data, size_t n,
		     core_written_fn *done, void *user)
{
	(void)p;
	(void)data;
	(void)HOLD(c, HELD_WRITTEN, done, user, .n = n);
}

int core_keys_encode(struct pane *p, const json_t *keys, bool is_literal, struct buf *out,
		     struct fail *reterr)
{
	const char *first = json_string_value(json_array_get(keys, 0));

	(void)p;
	if (!is_literal && strcmp(first, "Enter") != 0)
		return fail_set(reterr, FAIL_UNKNOWN_KEY, first);
	buf_put_str(out, "\r");
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): as core.h has it */
int core_pane_read(struct pane *p, enum core_stream s, uint64_t from, size_t max,
		   struct core_bytes *ret, struct fail *reterr)
{
	uint64_t tail = p->seq > sizeof p->data ? p->seq - sizeof p->data : 0;
	uint64_t at = from < tail ? tail : from;
	size_t n;

	(void)s;
	if (from > p->seq)
		return fail_set(reterr, FAIL_INVALID_PARAMS, "from");
	n = p->seq - at < max ? p->seq - at : max;
	*ret = (struct core_bytes){ .p = { (const uint8_t *)p->data + (at - tail), NULL },
				    .n = { n, 0 },
				    .from = at,
				    .to = at + n,
				    .head = p->seq,
				    .tail = tail,
				    .gap = at - from };
	return 0;
}

void core_pane_read_old(struct pane *p, enum core_stream which, uint64_t from, size_t max,
			core_read_fn *done, void *user)
{
	(void)p;
	(void)which;
	(void)from;
	(void)max;
	(void)done;
	(void)user;
	abort(); /* its panes have all they printed in memory */
}

const char *record_state_name(enum record_state s)
{
	return s == RECORD_FAILING ? "failing" : s == RECORD_ON ? "on" : "off";
}

bool snapshot_format_find(const char *name, enum snapshot_format *ret)
{
	*ret = strcmp(name, "ansi") == 0 ? SNAPSHOT_ANSI : SNAPSHOT_TEXT;
	return true;
}

int core_pane_snapshot(struct pane *p, const struct core_snapshot *spec, struct buf *out,
		       struct core_snapshot_info *ret, struct fail *reterr)
{
	(void)spec;
	(void)reterr;
	*ret = (struct core_snapshot_info){ .seq = p->seq, .cols = p->cols, .rows = p->rows };
	buf_put_str(out, "shown");
	return 0;
}

int core_pane_resize(struct core *c, struct pane *p, int64_t cols, int64_t rows,
		     struct fail *reterr)
{
	if (cols < 1 || cols > 2000 || rows < 1 || rows > 1000)
		return fail_set(reterr, FAIL_INVALID_SIZE, "p1");
	p->cols = (uint16_t)cols;
	p->rows = (uint16_t)rows;
	tell(c, CORE_PANE_RESIZED, p, NULL);
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): as core.h has it */
int core_pane_attach(struct pane *p, void *viewer, int64_t cols, int64_t rows, bool ignore_size,
		     struct fail *reterr)
{
	(void)viewer;
	(void)ignore_size;
	return core_pane_resize(p->core, p, cols, rows, reterr);
}

void core_pane_detach(struct core *c, struct pane *p, void *viewer)
{
	(void)c;
	(void)p;
	(void)viewer;
}

void core_viewer_gone(struct core *c, void *viewer)
{
	(void)viewer;
	c->n_viewers_gone++;
}

int core_pane_signal(struct core *c, struct pane *p, int signo, enum core_signal_to to,
		     struct fail *reterr)
{
	(void)c;
	(void)to;
	if (signo == 19)
		return fail_set(reterr, FAIL_SIGNAL_FAILED, "p1");
	p->state = PANE_EXITED;
	tell(c, CORE_PANE_EXIT, p, NULL);
	return 0;
}

void core_pane_kill(struct core *c, struct pane *p, bool tree, uint32_t grace_ms,
		    core_killed_fn *done, void *user)
{
	(void)p;
	(void)tree;
	(void)grace_ms;
	(void)HOLD(c, HELD_KILLED, done, user);
}

void core_shutdown(struct core *c, uint32_t grace_ms, core_killed_fn *done, void *user)
{
	(void)grace_ms;
	(void)HOLD(c, HELD_KILLED, done, user);
}

void core_processes(struct core *c, struct pane *p, core_processes_fn *done, void *user)
{
	(void)p;
	(void)HOLD(c, HELD_PROCESSES, done, user);
}

/* ---- subscriptions ---- */

/* NOLINTNEXTLINE(readability-function-size): as core.h has it */
int core_subscribe(struct pane *p, const struct core_sub_spec *spec, uint64_t *ret_id,
		   uint64_t *ret_seq, struct fail *reterr)
{
	struct sub *sub;

	if (spec->is_from_set && spec->from > p->seq)
		return fail_set(reterr, FAIL_INVALID_PARAMS, "from");
	sub = calloc(1, sizeof *sub);
	assert(sub);
	sub->id = ++p->core->next_sub;
	sub->pane = p;
	sub->ops = spec->ops;
	sub->user = spec->user;
	list_append(&p->core->subs, &sub->link);
	*ret_id = sub->id;
	*ret_seq = p->seq;
	return 0;
}

int core_unsubscribe(struct core *c, uint64_t id, struct fail *reterr)
{
	list_for_each (l, &c->subs) {
		struct sub *sub = list_entry(l, struct sub, link);

		if (sub->id == id) {
			list_remove(&sub->link);
			free(sub);
			return 0;
		}
	}
	return fail_set(reterr, FAIL_SUBSCRIPTION_NOT_FOUND, NULL);
}

void core_subscription_ready(struct core *c, uint64_t id)
{
	(void)id;
	c->n_ready++;
}

bool fake_print(struct core *c, struct pane *p, const void *data, size_t n)
{
	size_t keep = n < sizeof p->data ? n : sizeof p->data;
	size_t half = n / 2;
	struct core_chunk chunk = { .pane = p->number };
	bool is_taken = true;

	/* Two pieces, as from a ring. */
	chunk.bytes = (struct core_bytes){ .p = { data, (const uint8_t *)data + half },
					   .n = { half, n - half },
					   .from = p->seq,
					   .to = p->seq + n };
	memcpy(p->data, (const char *)data + n - keep, keep);
	p->seq += n;
	list_for_each (l, &c->subs) {
		struct sub *sub = list_entry(l, struct sub, link);

		if (sub->pane == p && sub->ops->push(&chunk, sub->user) == CORE_PUSH_FULL)
			is_taken = false;
	}
	list_for_each (l, &c->subs) {
		struct sub *sub = list_entry(l, struct sub, link);

		sub->ops->chunk_done(&chunk);
		break;
	}
	return is_taken;
}

void fake_lose(struct core *c, struct pane *p, uint64_t from, uint64_t to)
{
	list_for_each (l, &c->subs) {
		struct sub *sub = list_entry(l, struct sub, link);

		if (sub->pane == p)
			sub->ops->resync(p->number, CORE_OUT, from, to, sub->user);
	}
}

void fake_title(struct core *c, struct pane *p, const char *title)
{
	(void)snprintf(p->title, sizeof p->title, "%s", title);
	tell(c, CORE_PANE_TITLE, p, NULL);
}

/* ---- waiting, quarantine ---- */

void core_wait(struct core *c, struct pane *p, const struct core_wait_spec *spec,
	       core_waited_fn *done, void *user, uint64_t *ret_id)
{
	struct fail f;

	(void)p;
	*ret_id = 0;
	if (spec->regex && strcmp(spec->regex, "(") == 0) {
		(void)fail_set(&f, FAIL_INVALID_REGEX, "regex");
		done(NULL, &f, user);
		return;
	}
	*ret_id = HOLD(c, HELD_WAITED, done, user);
}

void core_wait_cancel(struct core *c, uint64_t id)
{
	list_for_each (l, &c->held) {
		struct fake_held *h = list_entry(l, struct fake_held, link);

		if (h->id == id) {
			c->n_waits_cancelled++;
			list_remove(&h->link);
			mem_free(h);
			return;
		}
	}
	assert(!"no such wait");
}

static void tell_run(const struct core_run_spec *spec, core_run_fn *done, void *user)
{
	const struct core_run_result r = { .number = 17,
					   .state = CORE_RUN_DONE,
					   .evidence = CORE_BY_MARKS,
					   .has_run = true,
					   .has_exit = true,
					   .exit_code = 130,
					   .shell = "bash",
					   .text = spec->text,
					   .is_raw = spec->budget.is_raw,
					   .output = "hi\xff",
					   .n_output = 3,
					   .extract = { .is_truncated = true,
							.n_omitted_rows = 5 } };

	done(&r, NULL, user);
}

void core_run(struct core *c, struct pane *p, const struct core_run_spec *spec, core_run_fn *done,
	      void *user, uint64_t *ret_id)
{
	(void)p;
	*ret_id = 0;
	if (c->is_holding) {
		*ret_id = ++c->next_wait;
		c->forsakable = *ret_id;
		return;
	}
	tell_run(spec, done, user);
}

void core_run_wait(struct pane *p, uint64_t number, int64_t timeout_ms, core_run_fn *done,
		   void *user, uint64_t *ret_id)
{
	const struct core_run_spec spec = { .text = "true" };
	struct fail f;

	(void)p;
	(void)timeout_ms;
	*ret_id = 0;
	if (number == 17) {
		tell_run(&spec, done, user);
		return;
	}
	(void)fail_set(&f, FAIL_COMMAND_NOT_KNOWN, NULL);
	done(NULL, &f, user);
}

int core_command_range(struct pane *p, uint64_t number, uint64_t *ret_from, uint64_t *ret_to,
		       struct fail *reterr)
{
	(void)p;
	if (number != 17)
		return fail_set(reterr, FAIL_COMMAND_NOT_KNOWN, NULL);
	*ret_from = *ret_to = 0;
	return 0;
}

void core_pane_text(struct core *c, struct pane *p, const struct core_text_spec *spec,
		    core_text_fn *done, void *user)
{
	const struct core_text t = { .text = "hi\xff",
				     .n = 3,
				     .to = spec->to,
				     .extract = { .is_truncated = true, .n_omitted_rows = 5 } };

	(void)c;
	(void)p;
	done(&t, NULL, user);
}

void core_run_forsake(struct core *c, uint64_t id)
{
	assert(c->forsakable == id);
	c->forsakable = 0;
}

const struct core_wanted *core_pane_wanted(const struct pane *p)
{
	static const struct core_wanted wanted = {
		.kind = CORE_WANTED_PASSWORD, .evidence = "syscall", .pid = 7, .command = "sudo"
	};

	(void)p;
	return &wanted;
}

void core_watch_input(struct core *c, bool on)
{
	c->is_input_watched = on;
}

const struct core_command *core_pane_command(const struct pane *p)
{
	static const struct core_command none;

	(void)p;
	return &none;
}

int core_method_enter(struct core *c, const char *method, struct fail *reterr)
{
	if (strcmp(c->refused_method, method) == 0)
		return fail_set(reterr, FAIL_QUARANTINED, method);
	c->n_methods_entered++;
	return 0;
}

void core_method_leave(struct core *c)
{
	c->n_methods_left++;
}
