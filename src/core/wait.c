/*
 * Waiting: for an exit, for quiet, for a pattern in the output, each with an
 * optional deadline.  A wait is answered once and then gone.
 *
 * A pattern is looked for in what came since the wait began (or since `from`),
 * over again with up to OVERLAP_BYTES of what was looked at before, so that a
 * match may span chunks.  PCRE2's limits bound every look.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <errno.h>
#include <pcre2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/state.h"
#include "vt/vt.h"

#define OVERLAP_BYTES 4096u
#define MATCH_LIMIT 200000u
#define DEPTH_LIMIT 1000u
#define OWN_HISTORY_LINES 1000

struct wait {
	struct list link, pane_link, by_id;
	struct core *core;
	struct pane *pane;
	uint64_t id;
	bool wants_exit, wants_prompt, wants_command_end, has_timer, is_over;
	unsigned inputs;
	int64_t idle_ms;
	uint64_t begun_ns, deadline_ns; /* 0: none */
	pcre2_code *regex;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	bool is_from_set;
	bool is_on_text;       /* looks at what is shown, not at bytes */
	struct text_mark mark; /* what of it was looked at */
	struct vt *own;        /* a screen of its own, for a wait from a position on; else NULL */
	uint64_t from;         /* next position to look at */
	core_waited_fn *on_done;
	void *user;
	uv_timer_t timer;
};

static void free_regex(struct wait *w)
{
	pcre2_match_data_free(w->match);
	pcre2_match_context_free(w->limits);
	pcre2_code_free(w->regex);
	vt_free(w->own);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct wait *w = h->data;

	w->core->n_handles--;
	free_regex(w);
	mem_free(w);
}

/* From here on nobody finds it: its owner may do anything while it is told. */
static void unlink_wait(struct wait *w)
{
	w->is_over = true;
	if (w->pane->wait_walk == &w->pane_link)
		w->pane->wait_walk = w->pane_link.next;
	list_remove(&w->link);
	list_remove(&w->pane_link);
	list_remove(&w->by_id);
	w->core->n_waits--;
	w->pane->n_input_waits -= w->inputs != 0;
}

/* The memory goes when libuv lets go of the timer. */
static void dispose(struct wait *w)
{
	if (w->has_timer) {
		uv_close((uv_handle_t *)&w->timer, on_timer_closed);
		return;
	}
	free_regex(w);
	mem_free(w);
}

static void answer(struct wait *w, enum core_wait_reason reason)
{
	const struct pane *p = w->pane;
	struct core_wait_result r = { .reason = reason,
				      .seq = stream_head(&p->streams[CORE_OUT]),
				      .has_status = p->has_status && p->state == PANE_EXITED,
				      .status = p->status };

	unlink_wait(w);
	w->on_done(&r, NULL, w->user);
	dispose(w);
}

static void fail_wait(struct wait *w, enum fail_code code, const char *detail)
{
	struct fail f;

	fail_setf(&f, code, NULL, "%s", detail);
	unlink_wait(w);
	w->on_done(NULL, &f, w->user);
	dispose(w);
}

static void answer_match(struct wait *w, const char *subject, uint64_t base)
{
	const size_t *at = pcre2_get_ovector_pointer(w->match);
	size_t begin = at[0], end = at[1] < at[0] ? at[0] : at[1]; /* \K can turn them round */
	uint64_t head = stream_head(&w->pane->streams[CORE_OUT]);
	struct core_wait_result r = { .reason = CORE_WAIT_MATCH,
				      .seq = w->is_on_text ? head : base + end,
				      .match_seq = w->is_on_text ? head : base + begin,
				      .match = subject + begin,
				      .n_match = end - begin };

	unlink_wait(w);
	w->on_done(&r, NULL, w->user);
	dispose(w);
}

/* Bytes as they came: of panes that have no screen. */
static int new_bytes(struct wait *w, struct buf *out, uint64_t *ret_base)
{
	struct stream *s = &w->pane->streams[CORE_OUT];
	uint64_t tail = stream_tail(s), head = stream_head(s);
	uint64_t from = w->from < tail ? tail : w->from;
	struct arena_view v = arena_slot_view(&w->core->arena, s->slot, from, head - from);

	buf_put(out, v.p[0], v.n[0]);
	buf_put(out, v.p[1], v.n[1]);
	*ret_base = from;
	if (head - from > OVERLAP_BYTES)
		w->from = head - OVERLAP_BYTES;
	return err_trace(buf_check(out));
}

static void feed_own(struct wait *w)
{
	struct stream *s = &w->pane->streams[CORE_OUT];
	uint64_t tail = stream_tail(s), head = stream_head(s);
	uint64_t from = w->from < tail ? tail : w->from;
	struct arena_view v = arena_slot_view(&w->core->arena, s->slot, from, head - from);

	for (int i = 0; i < 2; i++) {
		if (v.n[i] > 0)
			vt_feed(w->own, v.p[i], v.n[i]);
	}
	w->from = head;
}

static int new_text(struct wait *w, struct buf *out)
{
	if (w->own)
		feed_own(w);
	return err_trace(text_changed(&w->mark, w->own ? w->own : term_get(w->pane), out));
}

/* True: the wait is over. */
static bool look(struct wait *w)
{
	struct stream *s = &w->pane->streams[CORE_OUT];
	struct buf subject = BUF_INIT;
	uint64_t base = 0;
	bool is_over = true;
	int n, r;

	if (!w->regex || !s->has_slot || (w->is_on_text && !w->own && !w->pane->vt))
		return false;
	r = w->is_on_text ? new_text(w, &subject) : new_bytes(w, &subject, &base);
	if (r < 0) {
		n = PCRE2_ERROR_NOMEMORY;
	} else if (buf_len(&subject) == 0) {
		n = PCRE2_ERROR_NOMATCH;
	} else {
		n = pcre2_match(w->regex, (PCRE2_SPTR)buf_data(&subject), buf_len(&subject), 0, 0,
				w->match, w->limits);
	}
	if (n >= 0) {
		answer_match(w, buf_data(&subject), base);
	} else if (n == PCRE2_ERROR_NOMATCH) {
		is_over = false;
	} else {
		fail_wait(w, n == PCRE2_ERROR_NOMEMORY ? FAIL_NO_MEMORY : FAIL_REGEX_LIMIT,
			  "simplify the expression");
	}
	buf_fini(&subject);
	return is_over;
}

static void on_timer(uv_timer_t *t);

/* To the earliest of quiet and deadline.  Output moves the quiet on without a
 * system call: the timer looks when it fires. */
static void arm(struct wait *w, uint64_t now)
{
	uint64_t at = w->deadline_ns ? w->deadline_ns : UINT64_MAX, since;

	if (w->idle_ms >= 0) {
		since = w->pane->last_output_ns > w->begun_ns ? w->pane->last_output_ns
							      : w->begun_ns;
		since += (uint64_t)w->idle_ms * 1000000;
		at = since < at ? since : at;
	}
	if (at == UINT64_MAX)
		return;
	uv_timer_start(&w->timer, on_timer, at <= now ? 0 : (at - now + 999999) / 1000000, 0);
}

static void on_timer(uv_timer_t *t)
{
	struct wait *w = t->data;
	uint64_t now = clock_mono_ns();
	uint64_t since =
		w->pane->last_output_ns > w->begun_ns ? w->pane->last_output_ns : w->begun_ns;

	if (w->is_over)
		return;
	if (w->idle_ms >= 0 && now - since >= (uint64_t)w->idle_ms * 1000000) {
		answer(w, CORE_WAIT_IDLE);
	} else if (w->deadline_ns && now >= w->deadline_ns) {
		answer(w, CORE_WAIT_TIMEOUT);
	} else {
		arm(w, now);
	}
}

static void on_output(struct wait *w)
{
	(void)look(w);
}

static void on_exit_told(struct wait *w)
{
	if (!look(w) && w->wants_exit)
		answer(w, CORE_WAIT_EXIT);
}

static void on_closed(struct wait *w)
{
	if (!look(w))
		answer(w, CORE_WAIT_CLOSED);
}

/* Whoever is told may end other waits, or the pane: then the walk goes on with
 * what is left.  The caller holds the pane. */
static void walk(struct pane *p, void (*visit)(struct wait *w))
{
	for (struct list *l = p->waits.next; l != &p->waits; l = p->wait_walk) {
		p->wait_walk = l->next;
		visit(list_entry(l, struct wait, pane_link));
	}
	p->wait_walk = NULL;
}

void wait_on_output(struct pane *p)
{
	walk(p, on_output);
}

void wait_on_exit(struct pane *p)
{
	walk(p, on_exit_told);
}

/* Nothing can come any more: who waits for output learns so. */
void wait_on_closed(struct pane *p)
{
	walk(p, on_closed);
}

static void on_prompt(struct wait *w)
{
	if (w->wants_prompt && command_is_at_prompt(w->pane))
		answer(w, CORE_WAIT_PROMPT);
}

static void on_command_end(struct wait *w)
{
	if (w->wants_command_end)
		answer(w, CORE_WAIT_COMMAND_END);
}

static void on_input_wanted(struct wait *w)
{
	if (w->inputs & 1u << w->pane->wanted.kind)
		answer(w, CORE_WAIT_INPUT);
}

void wait_on_prompt(struct pane *p)
{
	walk(p, on_prompt);
}

void wait_on_command_end(struct pane *p)
{
	walk(p, on_command_end);
}

void wait_on_input_wanted(struct pane *p)
{
	walk(p, on_input_wanted);
}

void wait_drop_pane(struct pane *p)
{
	while (!list_is_empty(&p->waits)) {
		struct wait *w = list_entry(p->waits.next, struct wait, pane_link);

		fail_wait(w, FAIL_PANE_NOT_FOUND, "it was deleted");
	}
}

static int compile(struct wait *w, const struct core_wait_spec *spec, struct fail *reterr)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
			   (spec->is_literal ? PCRE2_LITERAL : PCRE2_MULTILINE);

	unsigned char text[120];
	PCRE2_SIZE at;
	int e;

	w->regex = pcre2_compile((PCRE2_SPTR)spec->regex, PCRE2_ZERO_TERMINATED, options, &e, &at,
				 NULL);
	if (!w->regex) {
		pcre2_get_error_message(e, text, sizeof text);
		return fail_setf(reterr, FAIL_INVALID_REGEX, "regex", "%s at offset %zu",
				 (const char *)text, at);
	}
	pcre2_jit_compile(w->regex, PCRE2_JIT_COMPLETE); /* refused: the interpreter serves */
	w->match = pcre2_match_data_create_from_pattern(w->regex, NULL);
	w->limits = pcre2_match_context_create(NULL);
	if (!w->match || !w->limits)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	pcre2_set_match_limit(w->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(w->limits, DEPTH_LIMIT);
	return 0;
}

static int check(struct core *c, struct pane *p, const struct core_wait_spec *spec,
		 struct fail *reterr)
{
	if (!spec->wants_exit && spec->idle_ms < 0 && !spec->regex && !spec->wants_prompt &&
	    !spec->wants_command_end && !spec->inputs)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, NULL, "say what to wait for");
	if ((spec->wants_prompt || spec->wants_command_end) && p->state <= PANE_RUNNING &&
	    !command_shell(p)) {
		fail_setf(reterr, FAIL_NO_INTEGRATION, NULL, "nothing there tells of prompts");
		fail_hint(reterr, "wait for a pattern, for idle_ms or for input");
		return FAIL_E_FAILED;
	}
	if (spec->is_from_set && spec->from > stream_head(&p->streams[CORE_OUT]))
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "from", "beyond the end");
	if (c->n_waits >= CORE_MAX_WAITS) {
		return fail_setf(reterr, FAIL_LIMIT_PENDING, NULL, "%u waits are under way",
				 CORE_MAX_WAITS);
	}
	return 0;
}

/* A command whose end lies behind the position that was given. */
static bool has_ended_since(const struct wait *w)
{
	const struct core_command *c = core_pane_command(w->pane);

	return w->is_from_set && c && !c->is_running && !w->pane->shell->is_ended &&
	       c->seq_to >= w->from;
}

/* What is already true when the wait begins. */
static bool settle_at_once(struct wait *w)
{
	const struct pane *p = w->pane;
	bool has_ended = p->state == PANE_EXITED || p->state == PANE_LOST;

	if (look(w))
		return true;
	if (w->wants_prompt && !has_ended && term_get(w->pane) && command_is_at_prompt(w->pane)) {
		answer(w, CORE_WAIT_PROMPT);
		return true;
	}
	if (w->wants_command_end && has_ended_since(w)) {
		answer(w, CORE_WAIT_COMMAND_END);
		return true;
	}
	if (w->wants_exit && has_ended) {
		answer(w, CORE_WAIT_EXIT);
		return true;
	}
	if (has_ended && (p->is_closed || p->state == PANE_LOST)) {
		answer(w, CORE_WAIT_CLOSED);
		return true;
	}
	return false;
}

/* A pattern is looked for in what the pane shows.  From a position on means: in
 * what a terminal would show that was switched on there. */
static void choose_subject(struct wait *w, bool is_from_set)
{
	struct vt_opts opts = { .history_lines = OWN_HISTORY_LINES };
	const struct vt *vt = w->regex ? term_get(w->pane) : NULL;

	if (!vt)
		return;
	if (is_from_set) {
		w->own = vt_new(w->pane->cols, w->pane->rows, &opts, NULL, NULL);
		vt = w->own;
	}
	w->is_on_text = vt;
	if (vt)
		text_mark_begin(&w->mark, vt);
}

void core_wait(struct core *c, struct pane *p, const struct core_wait_spec *spec,
	       core_waited_fn *done, void *user, uint64_t *ret_id)
{
	struct wait *w = NULL;
	uint64_t now = clock_mono_ns();
	struct fail f;

	*ret_id = 0;
	if (check(c, p, spec, &f) == 0 && !(w = mem_new(struct wait)))
		fail_set(&f, FAIL_NO_MEMORY, NULL);
	if (!w || (spec->regex && compile(w, spec, &f))) {
		if (w)
			free_regex(w);
		mem_free(w);
		done(NULL, &f, user);
		return;
	}
	w->core = c;
	w->pane = p;
	w->id = c->next_wait++;
	w->wants_exit = spec->wants_exit;
	w->wants_prompt = spec->wants_prompt;
	w->wants_command_end = spec->wants_command_end;
	w->inputs = spec->inputs;
	w->is_from_set = spec->is_from_set;
	w->idle_ms = spec->idle_ms;
	w->begun_ns = now;
	w->deadline_ns = spec->timeout_ms >= 0 ? now + (uint64_t)spec->timeout_ms * 1000000 : 0;
	w->from = spec->is_from_set ? spec->from : stream_head(&p->streams[CORE_OUT]);
	choose_subject(w, spec->is_from_set);
	w->on_done = done;
	w->user = user;
	list_append(&c->waits, &w->link);
	list_append(&p->waits, &w->pane_link);
	list_append(index_bucket(&c->wait_index, w->id), &w->by_id);
	c->n_waits++;
	p->n_input_waits += w->inputs != 0;
	if (settle_at_once(w))
		return;
	*ret_id = w->id;
	uv_timer_init(c->loop, &w->timer);
	w->timer.data = w;
	w->has_timer = true;
	c->n_handles++;
	uv_update_time(c->loop);
	arm(w, now);
	if (w->inputs)
		wanted_ask(p);
}

void core_wait_cancel(struct core *c, uint64_t id)
{
	list_for_each (l, index_bucket(&c->wait_index, id)) {
		struct wait *w = list_entry(l, struct wait, by_id);

		if (w->id == id) {
			unlink_wait(w);
			dispose(w);
			return;
		}
	}
}
