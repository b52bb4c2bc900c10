/*
 * Runs that outlive the daemon: what is written of them (command_log.c), and how the
 * next daemon comes by what they printed before it was there.
 *
 * That may be more than the ring holds.  It is read from the journal, a piece at a
 * time, and fed to the run's capture until that has caught up with the terminal; until
 * then a run that ends is answered no sooner.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/run.h"
#include "core/state.h"

#define PIECE_BYTES (128u << 10) /* fed in one turn of the loop: less than a millisecond */
#define LOOK_MS 400u

static const char *const phase_names[] = { [RUN_QUEUED] = "queued",
					   [RUN_TYPED] = "typed",
					   [RUN_BEGUN] = "begun",
					   [RUN_ENDED] = "over",
					   [RUN_OVER] = "over" };

/* ---- what is written ---- */

/* The one under way, else the last. */
static const struct run *run_to_keep(const struct pane *p)
{
	const struct run *r = run_first(p);

	if (r && r->phase != RUN_QUEUED)
		return r;
	return list_is_empty(&p->runs_over) ? NULL
					    : list_entry(p->runs_over.prev, struct run, link);
}

static void put_result(const struct run *r, json_t *v)
{
	(void)json_object_set_new(v, "ran", json_boolean(r->has_run));
	(void)json_object_set_new(v, "gone", json_boolean(r->is_shell_gone));
	(void)json_object_set_new(v, "exit", r->has_exit ? json_integer(r->exit_code) : NULL);
	command_log_set_int(v, "start_us", r->started_us);
	command_log_set_int(v, "start_ns", r->started_ns);
	command_log_set_int(v, "end_ns", r->ended_ns);
	command_log_set_int(v, "from", r->from);
	command_log_set_int(v, "to", r->to);
}

static json_t *json_of_budget(const struct core_budget *b)
{
	return json_pack("{s:b, s:b, s:i, s:i, s:i}", "raw", b->is_raw, "split", b->is_split,
			 "keep", (int)b->keep, "bytes", (int)b->max_bytes, "lines",
			 (int)b->max_lines);
}

json_t *run_to_json(const struct pane *p)
{
	const struct run *r = run_to_keep(p);
	json_t *v;

	if (!r)
		return NULL;
	v = json_object();
	command_log_set_int(v, "n", r->number);
	command_log_set_text(v, "phase", phase_names[r->phase]);
	command_log_set_text(v, "key", r->key);
	(void)json_object_set_new(v, "blind", json_boolean(r->is_blind));
	(void)json_object_set_new(v, "idle", json_integer(r->idle_ms));
	if (!p->is_private) {
		command_log_set_text(v, "typed", r->typed);
		command_log_set_text(v, "text", r->text);
	}
	command_log_set_text(v, "cwd", r->cwd);
	if (r->phase == RUN_ENDED && !r->is_blind && !r->cwd_after && p->shell) {
		command_log_set_text(v, "after", p->shell->cwd); /* as it will be answered */
	} else {
		command_log_set_text(v, "after", r->cwd_after);
	}
	command_log_set_int(v, "typed_at", r->typed_at);
	command_log_set_int(v, "typed_ns", r->typed_ns);
	put_result(r, v);
	(void)json_object_set_new(v, "budget", json_of_budget(&r->budget));
	return v;
}

/* ---- what is read ---- */

static void restore_budget(struct core_budget *b, const json_t *v)
{
	int64_t keep = (int64_t)command_log_int(v, "keep");
	uint64_t bytes = command_log_int(v, "bytes");

	b->is_raw = json_is_true(json_object_get(v, "raw"));
	b->is_split = json_is_true(json_object_get(v, "split"));
	b->keep = keep == CORE_KEEP_HEAD   ? CORE_KEEP_HEAD
		  : keep == CORE_KEEP_TAIL ? CORE_KEEP_TAIL
					   : CORE_KEEP_BOTH;
	b->max_bytes = bytes < CAPTURE_BYTES_MAX ? (uint32_t)bytes : CAPTURE_BYTES_MAX;
	b->max_lines = (uint32_t)command_log_int(v, "lines");
}

static void restore_fields(struct run *r, const json_t *v)
{
	const json_t *code = json_object_get(v, "exit");
	const char *key = json_string_value(json_object_get(v, "key"));

	r->number = command_log_int(v, "n");
	snprintf(r->key, sizeof r->key, "%s", key ? key : "");
	r->is_blind = json_is_true(json_object_get(v, "blind"));
	r->idle_ms = (int64_t)command_log_int(v, "idle");
	r->typed = command_log_text(v, "typed");
	r->text = command_log_text(v, "text");
	r->cwd = command_log_text(v, "cwd");
	r->cwd_after = command_log_text(v, "after");
	r->typed_at = command_log_int(v, "typed_at");
	r->typed_ns = command_log_int(v, "typed_ns");
	r->has_run = json_is_true(json_object_get(v, "ran"));
	r->is_shell_gone = json_is_true(json_object_get(v, "gone"));
	r->has_exit = json_is_integer(code);
	r->exit_code = (int)json_integer_value(code);
	r->started_us = command_log_int(v, "start_us");
	r->started_ns = command_log_int(v, "start_ns");
	r->ended_ns = command_log_int(v, "end_ns");
	r->from = r->fed = command_log_int(v, "from");
	r->to = command_log_int(v, "to");
	restore_budget(&r->budget, json_object_get(v, "budget"));
}

static struct run *new_run(struct pane *p)
{
	struct run *r = mem_new(struct run);

	if (!r)
		return NULL;
	list_init(&r->link);
	list_init(&r->all_link);
	list_init(&r->waiters);
	r->pane = p;
	r->asked_ns = clock_mono_ns();
	r->shell = p->shell ? shell_kind_name(p->shell->kind) : NULL;
	return r;
}

void run_from_json(struct pane *p, const json_t *v)
{
	const char *phase = json_string_value(json_object_get(v, "phase"));
	struct run *r = phase ? new_run(p) : NULL;
	uint64_t head = stream_head(&p->streams[CORE_OUT]);

	if (!r)
		return;
	restore_fields(r, v);
	if (r->number >= p->next_command)
		p->next_command = r->number + 1;
	if (!r->typed)
		r->typed = mem_strdup("");
	if (!r->typed || r->from > head || r->to > head || r->typed_at > head) {
		run_free(r);
		return;
	}
	if (strcmp(phase, phase_names[RUN_OVER]) == 0) {
		r->phase = RUN_OVER;
		r->is_unread = r->to > r->from;
		list_append(&p->runs_over, &r->link);
		return;
	}
	list_append(&p->runs, &r->link);
	list_append(&p->core->runs, &r->all_link);
	if (strcmp(phase, phase_names[RUN_TYPED]) == 0) {
		r->phase = RUN_TYPED;
		r->look_ns = clock_mono_ns() + LOOK_MS * RUN_MS;
	} else {
		r->phase = RUN_BEGUN;
		run_catch_up(r);
	}
	run_settle(p->core);
}

/* ---- catching up ---- */

struct catch_up {
	struct core *core;
	uint64_t pane, run;
};

static void on_old(const struct core_bytes *b, const struct fail *f, void *user);

/* Up to where it may be fed by now. */
static uint64_t limit_of(const struct run *r)
{
	const struct pane *p = r->pane;
	const struct stream *s = &p->streams[CORE_OUT];
	uint64_t to = r->to;

	if (r->phase == RUN_BEGUN) {
		to = s->has_slot ? (uint64_t)p->core->arena.slots[s->slot].fed_seq : stream_head(s);
		if (!r->is_blind && s->has_slot && to > r->fed)
			to -= run_held_back(p, r->fed, to);
	}
	return to;
}

static void take(struct run *r, const struct core_bytes *b, uint64_t limit)
{
	uint64_t left;

	if (b->to <= r->fed) { /* nothing more is to be had */
		r->fed = limit;
		return;
	}
	if (b->from > r->fed)
		r->fed = b->from < limit ? b->from : limit;
	left = limit - r->fed;
	for (int i = 0; i < 2; i++) {
		size_t n = b->n[i] < left ? b->n[i] : (size_t)left;

		if (n > 0 && (r->budget.is_raw || r->capture.vt))
			capture_feed(&r->capture, b->p[i], n);
		left -= n;
		r->fed += n;
	}
}

/* True: the rest comes later. */
static bool feed_more(struct run *r, struct catch_up *u)
{
	struct core_bytes b;
	struct fail f;
	uint64_t limit;

	while (r->fed < (limit = limit_of(r))) {
		size_t max = limit - r->fed < PIECE_BYTES ? (size_t)(limit - r->fed) : PIECE_BYTES;
		int e = core_pane_read(r->pane, CORE_OUT, r->fed, max, &b, &f);

		if (e == CORE_READ_E_OLD) {
			core_pane_read_old(r->pane, CORE_OUT, r->fed, max, on_old, u);
			return true;
		}
		if (e) {
			err_clear();
			r->fed = limit;
		} else {
			take(r, &b, limit);
		}
	}
	return false;
}

static void go_on(struct catch_up *u)
{
	struct pane *p = pane_by_number(u->core, u->pane);
	struct run *r = p ? run_find(p, u->run) : NULL;

	if (r && r->is_catching_up) {
		if (feed_more(r, u))
			return;
		run_caught_up(r);
	}
	mem_free(u);
}

static void on_old(const struct core_bytes *b, const struct fail *f, void *user)
{
	struct catch_up *u = user;
	struct pane *p = pane_by_number(u->core, u->pane);
	struct run *r = p ? run_find(p, u->run) : NULL;

	if (r && r->is_catching_up) {
		uint64_t limit = limit_of(r);

		if (f || r->fed >= limit) {
			r->fed = limit;
		} else {
			take(r, b, limit);
		}
	}
	go_on(u);
}

void run_catch_up(struct run *r)
{
	struct catch_up *u = mem_new(struct catch_up);

	r->is_unread = false;
	r->fed = r->from;
	if (capture_init(&r->capture, r->pane, &r->budget) < 0)
		err_clear(); /* the answer is without output then */
	if (!u) {
		run_caught_up(r);
		return;
	}
	*u = (struct catch_up){ r->pane->core, r->pane->number, r->number };
	r->is_catching_up = true;
	go_on(u);
}
