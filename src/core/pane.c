#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/state.h"

#define PRUNE_EVERY_US 60000000ull

const char *pane_state_name(enum pane_state s)
{
	switch (s) {
	case PANE_STARTING:
		return "starting";
	case PANE_RUNNING:
		return "running";
	case PANE_EXITED:
		return "exited";
	case PANE_LOST:
		return "lost";
	}
	return "?";
}

const char *record_state_name(enum record_state s)
{
	switch (s) {
	case RECORD_OFF:
		return "off";
	case RECORD_ON:
		return "on";
	case RECORD_FAILING:
		return "failing";
	}
	return "?";
}

/* Index of the first pane whose number is > @after. */
static uint32_t index_after(const struct core *c, uint64_t after)
{
	uint32_t lo = 0, hi = c->n_panes;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->panes[mid]->number > after) {
			hi = mid;
		} else {
			lo = mid + 1;
		}
	}
	return lo;
}

struct pane *core_pane_next(struct core *c, uint64_t after)
{
	uint32_t i = index_after(c, after);

	return i < c->n_panes ? c->panes[i] : NULL;
}

struct pane *pane_by_number(struct core *c, uint64_t number)
{
	struct pane *p = number ? core_pane_next(c, number - 1) : NULL;

	return p && p->number == number ? p : NULL;
}

static void init_fields(struct pane *p, struct core *c, uint64_t number)
{
	p->core = c;
	p->number = number;
	p->is_pty = true;
	p->cols = 80;
	p->rows = 24;
	p->created_us = clock_wall_us();
	stream_init(&p->streams[CORE_OUT], p, CORE_OUT);
	stream_init(&p->streams[CORE_ERR], p, CORE_ERR);
	list_init(&p->writes);
	list_init(&p->create_waiters);
	list_init(&p->viewers);
	list_init(&p->subs);
	list_init(&p->by_key);
	list_init(&p->waits);
	list_init(&p->kills);
	list_init(&p->sampling);
	list_init(&p->runs);
	list_init(&p->runs_over);
	p->next_command = 1;
}

int pane_add(struct core *c, uint64_t number, struct session *s, struct pane **ret)
{
	struct pane *p = mem_new(struct pane);
	int r = p ? table_reserve((void ***)&c->panes, c->n_panes + 1, &c->max_panes)
		  : err_origin(-ENOMEM);
	uint32_t at;

	if (r == 0)
		r = err_trace(session_link_pane(s, p));
	if (r < 0) {
		mem_free(p);
		return r;
	}
	init_fields(p, c, number);
	p->session = s;
	p->active_before = s->active;
	s->active = number;
	at = index_after(c, number);
	memmove(&c->panes[at + 1], &c->panes[at], (c->n_panes - at) * sizeof(struct pane *));
	c->panes[at] = p;
	c->n_panes++;
	c->n_live++; /* it begins as starting */
	if (number >= c->next_pane)
		c->next_pane = number + 1;
	*ret = p;
	return 0;
}

void pane_set_key(struct pane *p, const char *key)
{
	snprintf(p->key, sizeof p->key, "%s", key);
	list_remove(&p->by_key);
	if (key[0])
		list_append(index_bucket_of(&p->core->keys, p->key), &p->by_key);
}

void pane_set_state(struct pane *p, enum pane_state s)
{
	bool was_live = p->state <= PANE_RUNNING, is_live = s <= PANE_RUNNING;

	p->state = s;
	if (was_live && !is_live) {
		p->core->n_live--;
	} else if (!was_live && is_live) {
		p->core->n_live++;
	}
}

static void free_pane(struct pane *p)
{
	json_decref(p->command);
	json_decref(p->metadata);
	env_unref(p->env);
	command_free(p);
	term_drop(p);
	mem_free(p->cwd);
	mem_free(p->cwd_now);
	mem_free(p->place);
	mem_free(p->place_layout);
	mem_free(p->kind);
	mem_free(p->title);
	mem_free(p);
}

void pane_hold(struct pane *p)
{
	p->n_holds++;
}

void pane_let_go(struct pane *p)
{
	if (--p->n_holds == 0 && p->is_deleted)
		free_pane(p);
}

/* The keeper forgets it before the registry does: a crash in between leaves a
 * pane that can be deleted again, not a child that nobody knows. */
static void forget(struct pane *p)
{
	struct core *c = p->core;

	if (!p->is_fresh)
		core_event(c, CORE_PANE_DELETED, p, p->session);
	if (p->state <= PANE_RUNNING) {
		link_signal(c, p->number, SIGKILL,
			    p->state == PANE_STARTING ? KEEPER_TO_LEADER : KEEPER_TO_SESSION);
	}
	link_forget(c, p->number);
	registry_drop_pane(c, p->number);
	lost_drop(c, p->number);
}

/* From here on nobody finds it. */
static void unlink_pane(struct pane *p)
{
	struct core *c = p->core;
	uint32_t at = index_after(c, p->number) - 1;

	session_unlink_pane(p->session, p);
	list_remove(&p->by_key);
	if (p->state <= PANE_RUNNING)
		c->n_live--;
	memmove(&c->panes[at], &c->panes[at + 1], (c->n_panes - at - 1) * sizeof(struct pane *));
	c->n_panes--;
}

/* Whoever is told that it is gone may do anything, such as delete the session:
 * so it is unlinked first. */
void pane_remove(struct pane *p, bool tell)
{
	struct core *c = p->core;
	struct fail gone;

	if (p->is_deleted)
		return;
	pane_hold(p);
	p->is_deleted = true;
	if (tell)
		forget(p);
	fanout_drop_pane(p);
	unlink_pane(p);
	fail_set(&gone, FAIL_PANE_NOT_FOUND, NULL);
	pane_answer_create(p, &gone);
	input_fail_all(p, FAIL_PANE_NOT_FOUND);
	wait_drop_pane(p);
	run_drop_pane(p);
	list_remove(&p->sampling);
	kill_drop_pane(p);
	viewers_drop_all(p);
	layout_drop_pane(p);
	for (int i = 0; i < 2; i++) {
		stream_close(&p->streams[i]);
		if (tell)
			stream_release_slot(&p->streams[i]);
	}
	record_pane_gone(p, tell);
	pane_let_go(p);
	core_note_removed(c);
}

/* Exited and lost panes are kept for a while; the oldest go first.  Called with
 * each new pane: ages are looked at once in a while only. */
void pane_prune_exited(struct core *c)
{
	uint64_t now = clock_wall_us(), keep_us = (uint64_t)c->config.exited_keep_s * 1000000;
	uint32_t n = c->n_panes - c->n_live;
	uint32_t hard = c->config.max_panes > c->config.exited_keep_n ? c->config.max_panes
								      : c->config.exited_keep_n;

	if (n <= c->config.exited_keep_n || (n <= hard && now - c->pruned_us < PRUNE_EVERY_US))
		return;
	c->pruned_us = now;
	for (uint32_t i = 0; i < c->n_panes && n > c->config.exited_keep_n;) {
		struct pane *p = c->panes[i];

		if (p->state <= PANE_RUNNING || (p->state == PANE_EXITED && !p->is_closed) ||
		    (n <= hard && now - p->exited_us < keep_us)) {
			i++;
			continue;
		}
		pane_remove(p, true);
		n--;
	}
}

uint64_t pane_input_seq(const struct pane *p)
{
	const struct stream *out = &p->streams[CORE_OUT];

	return out->has_slot ? (uint64_t)p->core->arena.slots[out->slot].input_seq
			     : p->input_seq_kept;
}

static void copy_streams(const struct pane *p, struct pane_info *ret)
{
	const struct stream *out = &p->streams[CORE_OUT];

	stream_bounds(out, &ret->tail_seq, &ret->seq);
	if (!p->is_pty)
		stream_bounds(&p->streams[CORE_ERR], &ret->err_tail_seq, &ret->err_seq);
	ret->input_seq = pane_input_seq(p);
	ret->input_unsure = p->input_unsure;
	ret->input_at = p->input_at;
}

void pane_get_info(const struct pane *p, struct pane_info *ret)
{
	*ret = (struct pane_info){ .session_name = p->session->name,
				   .cwd = p->cwd_now ? p->cwd_now
					  : p->cwd   ? p->cwd
						     : "/",
				   .title = p->title ? p->title : "",
				   .kind = p->kind ? p->kind : "terminal",
				   .command = p->command,
				   .metadata = p->metadata,
				   .state = p->state,
				   .pid = p->state == PANE_RUNNING ? p->pid : 0,
				   .cols = p->cols,
				   .rows = p->rows,
				   .is_pty = p->is_pty,
				   .is_private = p->is_private,
				   .is_active = p->session->active == p->number,
				   .is_closed = p->is_closed,
				   .is_quarantined = p->is_quarantined,
				   .has_status = p->has_status && p->state == PANE_EXITED,
				   .status = p->status,
				   .created_us = p->created_us,
				   .started_us = p->started_us,
				   .exited_us = p->exited_us,
				   .generation = p->generation };
	snprintf(ret->id, sizeof ret->id, "p%llu", (unsigned long long)p->number);
	snprintf(ret->session_id, sizeof ret->session_id, "s%llu",
		 (unsigned long long)p->session->number);
	copy_streams(p, ret);
	record_get(p, &ret->journal);
	list_for_each (l, &p->viewers)
		ret->n_viewers++;
}

uint64_t pane_number(const struct pane *p)
{
	return p->number;
}

int core_pane_find(struct core *c, const char *target, struct pane **ret, struct fail *reterr)
{
	struct session *s;
	struct pane *p;
	char *end;

	if (target[0] == 'p' && target[1] >= '0' && target[1] <= '9') {
		unsigned long long n = strtoull(target + 1, &end, 10);

		p = *end ? NULL : pane_by_number(c, n);
		if (p) {
			*ret = p;
			return 0;
		}
		fail_set(reterr, FAIL_PANE_NOT_FOUND, target);
		fail_hint(reterr, "`orchflow ls` lists the panes");
		return FAIL_E_FAILED;
	}
	if (core_session_find(c, target, &s, reterr)) {
		fail_set(reterr, FAIL_PANE_NOT_FOUND, target);
		fail_hint(reterr,
			  "a target is a pane (p3) or a session's name; `orchflow ls` lists them");
		return FAIL_E_FAILED;
	}
	p = session_active(s);
	if (!p)
		return fail_setf(reterr, FAIL_PANE_NOT_FOUND, target, "the session has no pane");
	*ret = p;
	return 0;
}

int core_pane_delete(struct core *c, struct pane *p, struct fail *reterr)
{
	(void)c;
	if (p->state <= PANE_RUNNING) {
		fail_set(reterr, FAIL_PANE_RUNNING, NULL);
		fail_hint(reterr, "end it first with `orchflow kill`");
		return FAIL_E_FAILED;
	}
	pane_remove(p, true);
	return 0;
}

int core_pane_read(struct pane *p, enum core_stream which, uint64_t from, size_t max,
		   struct core_bytes *ret, struct fail *reterr)
{
	struct stream *s = &p->streams[which];
	struct arena_view v;

	uint64_t ring;

	*ret = (struct core_bytes){ .is_closed = p->is_closed };
	stream_bounds(s, &ret->tail, &ret->head);
	ring = stream_tail(s);
	if (from > ret->head) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "from",
				 "%llu is beyond the end, %llu", (unsigned long long)from,
				 (unsigned long long)ret->head);
	}
	if (from < ring && ret->tail < ring)
		return CORE_READ_E_OLD;
	ret->from = from < ring ? ring : from;
	ret->gap = ret->from - from;
	ret->to = ret->head - ret->from > max ? ret->from + max : ret->head;
	if (!s->has_slot)
		return 0;
	v = arena_slot_view(&p->core->arena, s->slot, ret->from, ret->to - ret->from);
	memcpy(ret->p, v.p, sizeof ret->p);
	memcpy(ret->n, v.n, sizeof ret->n);
	return 0;
}
