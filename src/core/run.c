#include "core/run.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/state.h"

#define FIRST_PROMPT_MS 15000u /* so long a silence, and no prompt will come */
#define NEXT_PROMPT_MS 250u    /* behind the end, for the prompt to come */
#define STUCK_MS 400u          /* between two looks at a shell that does not begin */
#define STUCK_LOOKS 3u
#define CLEAR_LOOKS 3u
#define CLEAR_QUIET_MS 20u
#define INTERRUPT_MS 1000u /* before it is tried again */
#define FISH_SYNTAX_ERROR 127
#define FISH_CLEAR "\033[6330~" /* bound by our script */
#define KEPT_BYTES (1u << 20)

/* ---- life ---- */

struct run *run_first(const struct pane *p)
{
	return list_is_empty(&p->runs) ? NULL : list_entry(p->runs.next, struct run, link);
}

void run_free(struct run *r)
{
	list_remove(&r->link);
	list_remove(&r->all_link);
	capture_fini(&r->capture);
	buf_fini(&r->output);
	mem_free(r->typed);
	mem_free(r->text);
	mem_free(r->cwd);
	mem_free(r->cwd_after);
	mem_free(r);
}

static void forget_old(struct pane *p)
{
	size_t n = 0, bytes = 0;

	for (struct list *l = p->runs_over.prev, *next; l != &p->runs_over; l = next) {
		struct run *r = list_entry(l, struct run, link);

		next = l->prev;
		bytes += buf_len(&r->output);
		if (n++ > 0 && (n > RUN_KEPT_MAX || bytes > KEPT_BYTES))
			run_free(r);
	}
}

/* ---- answers ---- */

static enum core_run_state state_of(const struct run *r)
{
	switch (r->phase) {
	case RUN_QUEUED:
		return CORE_RUN_QUEUED;
	case RUN_TYPED:
	case RUN_BEGUN:
		return CORE_RUN_RUNNING;
	case RUN_ENDED:
	case RUN_OVER:
		return r->is_shell_gone ? CORE_RUN_EXITED : CORE_RUN_DONE;
	}
	return CORE_RUN_DONE;
}

static enum core_evidence evidence_of(const struct run *r)
{
	if (r->is_shell_gone)
		return CORE_BY_WAIT_STATUS;
	return r->is_blind || r->phase < RUN_BEGUN ? CORE_BY_NOTHING : CORE_BY_MARKS;
}

static void fill_result(const struct run *r, struct core_run_result *ret)
{
	uint64_t end = r->ended_ns ? r->ended_ns : clock_mono_ns();

	*ret = (struct core_run_result){
		.number = r->number,
		.state = state_of(r),
		.evidence = evidence_of(r),
		.has_run = r->has_run,
		.has_exit = r->has_exit,
		.exit_code = r->exit_code,
		.shell = r->is_blind ? NULL : r->shell,
		.text = r->text ? r->text : r->typed,
		.cwd = r->cwd,
		.cwd_after = r->cwd_after,
		.started_us = r->started_us,
		.duration_us = r->started_ns ? (end - r->started_ns) / 1000 : 0,
		.seq_from = r->from,
		.seq_to = r->to,
		.is_raw = r->budget.is_raw,
		.output = buf_data(&r->output),
		.n_output = buf_len(&r->output),
		.extract = r->extract,
	};
}

void run_answer(const struct run *r, struct run_waiter *w)
{
	struct core_run_result result;

	list_remove(&w->link);
	fill_result(r, &result);
	w->on_done(&result, NULL, w->user);
	mem_free(w);
}

static void read_capture(struct run *r)
{
	buf_clear(&r->output);
	if ((r->budget.is_raw || r->capture.vt) &&
	    capture_read(&r->capture, &r->output, &r->extract) < 0)
		err_clear();
	if (r->budget.is_raw)
		run_clean_raw(r, &r->output);
}

/* What it printed so far. */
static void answer_early(struct run *r, struct run_waiter *w)
{
	bool is_part = r->phase == RUN_BEGUN || r->is_catching_up;

	if (is_part)
		read_capture(r);
	if (r->phase == RUN_BEGUN) {
		r->to = r->fed;
	} else if (r->is_catching_up) {
		r->extract.is_truncated = true;
	}
	run_answer(r, w);
	if (is_part)
		buf_fini(&r->output);
}

/* Everybody who waits is told, and the run is gone. */
static void fail_run(struct run *r, const struct fail *f)
{
	struct fail copy = *f;

	list_remove(&r->link);
	list_remove(&r->all_link);
	while (!list_is_empty(&r->waiters)) {
		struct run_waiter *w = list_entry(r->waiters.next, struct run_waiter, link);

		list_remove(&w->link);
		w->on_done(NULL, &copy, w->user);
		mem_free(w);
	}
	run_free(r);
}

static void answer_all(struct run *r)
{
	list_remove(&r->all_link);
	while (!list_is_empty(&r->waiters))
		run_answer(r, list_entry(r->waiters.next, struct run_waiter, link));
}

static void finish(struct run *r)
{
	struct pane *p = r->pane;

	r->phase = RUN_OVER;
	list_remove(&r->link);
	list_append(&p->runs_over, &r->link);
	if (!r->cwd_after && p->shell && p->shell->cwd && !r->is_blind)
		r->cwd_after = mem_strdup(p->shell->cwd);
	pane_hold(p);
	if (!r->is_blind)
		command_tell_finished(p); /* without a prompt; else it was told */
	if (!r->is_catching_up)
		answer_all(r);
	forget_old(p);
	run_advance(p);
	pane_let_go(p);
}

/* ---- output ---- */

static void begin_capture(struct run *r, uint64_t from)
{
	r->from = r->fed = r->to = from;
	r->started_us = clock_wall_us();
	r->started_ns = clock_mono_ns();
	if (capture_init(&r->capture, r->pane, &r->budget) < 0)
		err_clear(); /* the answer is without output then */
}

static void feed(struct run *r, uint64_t to)
{
	struct stream *s = &r->pane->streams[CORE_OUT];
	uint64_t from = r->fed < stream_tail(s) ? stream_tail(s) : r->fed;
	struct arena_view v;

	if (to <= from)
		return;
	r->fed = to;
	if (!r->budget.is_raw && !r->capture.vt)
		return;
	v = arena_slot_view(&r->pane->core->arena, s->slot, from, to - from);
	for (int i = 0; i < 2; i++) {
		if (v.n[i] > 0)
			capture_feed(&r->capture, v.p[i], v.n[i]);
	}
}

void run_on_output(struct pane *p, uint64_t to, bool is_end)
{
	struct run *r = run_first(p);

	if (!r || r->phase != RUN_BEGUN || r->is_catching_up || to <= r->fed)
		return;
	feed(r, is_end || r->is_blind ? to : to - run_held_back(p, r->fed, to));
}

static void end_output(struct run *r, uint64_t to)
{
	r->to = to > r->from ? to : r->from;
	if (!r->is_catching_up) {
		feed(r, to);
		read_capture(r);
		capture_fini(&r->capture);
	}
	r->phase = RUN_ENDED;
	r->ended_ns = clock_mono_ns();
	r->look_ns = r->ended_ns + NEXT_PROMPT_MS * RUN_MS;
}

void run_caught_up(struct run *r)
{
	r->is_catching_up = false;
	if (r->phase < RUN_ENDED)
		return;
	read_capture(r);
	capture_fini(&r->capture);
	if (r->phase == RUN_OVER)
		answer_all(r);
}

/* ---- what the shell tells ---- */

uint64_t run_number_typed(struct pane *p)
{
	const struct run *r = run_first(p);

	return r && r->phase == RUN_TYPED ? r->number : p->next_command++;
}

static void set_text(struct run *r, const char *text)
{
	char *copy = mem_strdup(text);

	if (!copy)
		return;
	mem_free(r->text);
	r->text = copy;
}

void run_on_begin(struct pane *p)
{
	struct run *r = run_first(p);
	struct core_command *c = &p->shell->command;

	if (!r || r->phase != RUN_TYPED)
		return;
	if (!c->is_text_told) {
		char *typed = mem_strdup(r->typed);

		if (typed) {
			mem_free(c->text);
			c->text = typed;
		}
	}
	set_text(r, c->text);
	r->cwd = mem_strdup(c->cwd);
	r->has_run = true;
	r->phase = RUN_BEGUN;
	begin_capture(r, c->seq_from);
}

void run_on_end(struct pane *p)
{
	struct run *r = run_first(p);
	const struct core_command *c = &p->shell->command;

	if (!r || r->phase != RUN_BEGUN || r->is_blind)
		return;
	r->has_exit = c->has_exit;
	r->exit_code = c->exit_code;
	set_text(r, c->text); /* lines may have been added */
	end_output(r, c->seq_to);
	run_settle(p->core);
}

/* The line was taken and nothing ran: its complaint begins behind the echo, which ends
 * with the line editor's farewell, else with the line. */
static uint64_t complaint_from(const struct run *r, uint64_t to)
{
	struct stream *s = &r->pane->streams[CORE_OUT];
	uint64_t from = r->typed_at < stream_tail(s) ? stream_tail(s) : r->typed_at;
	struct arena_view v = arena_slot_view(&r->pane->core->arena, s->slot, from, to - from);
	struct buf all = BUF_INIT;
	const char *at, *begin, *end;
	uint64_t result = from;

	buf_put(&all, v.p[0], v.n[0]);
	buf_put(&all, v.p[1], v.n[1]);
	begin = buf_data(&all);
	end = begin + buf_len(&all);
	for (at = begin; (at = memmem(at, (size_t)(end - at), "\033[?2004l", 8)); at += 8)
		result = from + (uint64_t)(at + 8 - begin);
	if (result == from && (at = memchr(begin, '\n', (size_t)(end - begin))))
		result = from + (uint64_t)(at - begin);
	while (result < to && (begin[result - from] == '\r' || begin[result - from] == '\n'))
		result++;
	buf_fini(&all);
	return result;
}

/* What stands in the shell's line editor goes; the shell tells when it went. */
static void interrupt(struct pane *p)
{
	const char *key;

	p->shell->state = SHELL_BETWEEN;
	p->shell->is_interrupted = true;
	p->shell->interrupted_ns = clock_mono_ns();
	key = p->shell->kind == SHELL_FISH ? FISH_CLEAR : "\003";
	core_pane_write(p->core, p, key, strlen(key), NULL, NULL);
}

void run_on_nothing(struct pane *p, uint64_t at, int status)
{
	struct run *r = run_first(p);

	if (!r || r->phase != RUN_TYPED)
		return;
	begin_capture(r, complaint_from(r, at));
	r->has_exit = status >= 0;
	r->exit_code = status;
	r->cwd = mem_strdup(p->shell->cwd);
	end_output(r, at);
	/* fish leaves what it complains of in the line. */
	r->n_looks = 0;
	p->shell->wants_interrupt = p->shell->kind == SHELL_FISH && status == FISH_SYNTAX_ERROR;
	if (p->shell->wants_interrupt)
		r->look_ns = r->ended_ns + CLEAR_QUIET_MS * RUN_MS;
	run_settle(p->core);
}

static void give_up_incomplete(struct run *r)
{
	struct fail f;

	fail_setf(&f, FAIL_COMMAND_INCOMPLETE, NULL,
		  "the shell asked for more; it was interrupted");
	interrupt(r->pane);
	fail_run(r, &f);
}

void run_on_prompt(struct pane *p)
{
	struct run *r = run_first(p);
	struct shell *s = p->shell;

	if (r && s->state == SHELL_CONTINUED && !r->is_blind &&
	    (r->phase == RUN_TYPED || r->phase == RUN_BEGUN)) {
		give_up_incomplete(r);
		return;
	}
	if (s->state != SHELL_PROMPT)
		return;
	if (r && r->phase == RUN_ENDED) {
		finish(r);
	} else {
		run_advance(p);
	}
}

void run_on_exit(struct pane *p)
{
	struct run *r = run_first(p);
	struct fail f;

	if (r && r->phase != RUN_QUEUED) {
		r->is_shell_gone = true; /* fish tells of the end of `exit` too */
		if (r->phase == RUN_TYPED)
			begin_capture(r, r->typed_at);
		if (r->phase <= RUN_BEGUN)
			end_output(r, stream_head(&p->streams[CORE_OUT]));
		r->has_exit = p->has_status;
		r->exit_code =
			WIFEXITED(p->status) ? WEXITSTATUS(p->status) : 128 + WTERMSIG(p->status);
		command_log_put(p);
		finish(r);
	}
	while ((r = run_first(p))) {
		fail_set(&f, FAIL_PANE_EXITED, NULL);
		fail_run(r, &f);
	}
}

void run_drop_pane(struct pane *p)
{
	struct run *r;
	struct fail f;

	while ((r = run_first(p))) {
		fail_set(&f, FAIL_PANE_NOT_FOUND, NULL);
		fail_run(r, &f);
	}
	while (!list_is_empty(&p->runs_over))
		run_free(list_entry(p->runs_over.next, struct run, link));
}

/* ---- typing ---- */

static void type_now(struct run *r)
{
	struct fail f;
	int e = run_type(r, &f);

	if (e == RUN_E_NOT_READY) {
		r->look_ns = clock_mono_ns() + RUN_MS;
	} else if (e) {
		fail_run(r, &f);
	} else {
		r->phase = RUN_TYPED;
		r->look_ns = r->typed_ns + STUCK_MS * RUN_MS;
		if (r->is_blind) {
			r->phase = RUN_BEGUN;
			begin_capture(r, r->typed_at);
		}
	}
}

/* The first that waits is typed if it may be. */
void run_advance(struct pane *p)
{
	struct shell *s = p->shell;
	struct run *r = run_first(p);

	if (r && r->phase == RUN_QUEUED &&
	    (r->is_blind || (s && s->state == SHELL_PROMPT && command_is_line_empty(p))))
		type_now(r);
	run_settle(p->core);
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nothing runs, and the prompt does not come. */
static bool waits_for_prompt(const struct run *r)
{
	const struct shell *s = r->pane->shell;

	return r->phase == RUN_QUEUED && !r->is_blind && s && run_first(r->pane) == r &&
	       (s->state == SHELL_UNKNOWN || s->state == SHELL_BETWEEN);
}

static uint64_t no_prompt_at(const struct run *r)
{
	uint64_t since =
		r->asked_ns > r->pane->last_output_ns ? r->asked_ns : r->pane->last_output_ns;

	return since + FIRST_PROMPT_MS * RUN_MS;
}

static uint64_t quiet_since(const struct run *r)
{
	return r->pane->last_output_ns > r->typed_ns ? r->pane->last_output_ns : r->typed_ns;
}

static uint64_t due_of(const struct run *r)
{
	uint64_t due = UINT64_MAX;

	list_for_each (l, &r->waiters) {
		const struct run_waiter *w = list_entry(l, struct run_waiter, link);

		if (w->deadline_ns)
			due = earlier(due, w->deadline_ns);
	}
	if (waits_for_prompt(r))
		due = earlier(due, no_prompt_at(r));
	if (waits_for_prompt(r) && r->pane->shell->is_interrupted)
		due = earlier(due, r->pane->shell->interrupted_ns + INTERRUPT_MS * RUN_MS);
	if (r->phase == RUN_BEGUN && r->is_blind)
		due = earlier(due, quiet_since(r) + (uint64_t)r->idle_ms * RUN_MS);
	if (r->look_ns &&
	    (r->phase == RUN_ENDED || r->phase == RUN_TYPED || r->phase == RUN_QUEUED))
		due = earlier(due, r->look_ns);
	return due;
}

static void on_deadline(struct run *r, struct run_waiter *w)
{
	struct fail f;

	if (r->phase != RUN_QUEUED) {
		answer_early(r, w);
		return;
	}
	run_fail_busy(r->pane, &f);
	list_remove(&w->link);
	w->on_done(NULL, &f, w->user);
	mem_free(w);
	if (list_is_empty(&r->waiters))
		run_free(r);
}

static bool expire_waiter(struct run *r, uint64_t now)
{
	list_for_each (l, &r->waiters) {
		struct run_waiter *w = list_entry(l, struct run_waiter, link);

		if (w->deadline_ns && w->deadline_ns <= now) {
			on_deadline(r, w);
			return true;
		}
	}
	return false;
}

static void on_no_prompt(struct run *r)
{
	struct fail f;

	if (r->idle_ms >= 0) {
		r->is_blind = true;
		run_advance(r->pane);
		return;
	}
	fail_setf(&f, FAIL_NO_INTEGRATION, NULL, "its shell showed no prompt for %u s",
		  FIRST_PROMPT_MS / 1000);
	fail_hint(&f, "is it still starting? with idle_ms it is typed all the same");
	fail_run(r, &f);
}

/* True: @r waits for the line editor to be emptied, when all is quiet. */
static bool clear_line(struct run *r, uint64_t now)
{
	struct pane *p = r->pane;

	if (!p->shell || !p->shell->wants_interrupt || r->n_looks >= CLEAR_LOOKS)
		return false;
	r->look_ns = p->last_output_ns + CLEAR_QUIET_MS * RUN_MS;
	if (r->look_ns <= now) {
		r->n_looks++;
		interrupt(p);
		r->look_ns = now + INTERRUPT_MS * RUN_MS;
	}
	return true;
}

/* Something about @r is due. */
static void on_due(struct run *r, uint64_t now)
{
	if (expire_waiter(r, now))
		return;
	if (waits_for_prompt(r) && no_prompt_at(r) <= now) {
		on_no_prompt(r);
	} else if (waits_for_prompt(r) && r->pane->shell->is_interrupted) {
		interrupt(r->pane); /* it came when nobody read */
	} else if (r->phase == RUN_BEGUN && r->is_blind) {
		end_output(r, r->fed);
		finish(r);
	} else if (r->phase == RUN_ENDED) {
		if (!clear_line(r, now))
			finish(r);
	} else if (r->phase == RUN_QUEUED) {
		r->look_ns = 0;
		run_advance(r->pane);
	} else if (r->phase == RUN_TYPED) {
		r->look_ns = now + STUCK_MS * RUN_MS;
		if (r->pane->last_output_ns + STUCK_MS * RUN_MS > now || !run_is_stuck(r)) {
			r->n_looks = 0;
		} else if (++r->n_looks >= STUCK_LOOKS) {
			give_up_incomplete(r);
		}
	}
}

static void on_timer(uv_timer_t *t)
{
	struct core *c = t->data;
	uint64_t now = clock_mono_ns();
	bool has_more = true;

	/* Whoever is told may change the list: from the start each time. */
	while (has_more) {
		has_more = false;
		list_for_each (l, &c->runs) {
			struct run *r = list_entry(l, struct run, all_link);

			if (due_of(r) <= now) {
				on_due(r, now);
				has_more = true;
				break;
			}
		}
	}
	run_settle(c);
}

/* The timer is set to what is due next. */
void run_settle(struct core *c)
{
	uint64_t due = UINT64_MAX, now;

	list_for_each (l, &c->runs)
		due = earlier(due, due_of(list_entry(l, struct run, all_link)));
	if (due == UINT64_MAX || c->has_quit) {
		uv_timer_stop(&c->run_timer);
		return;
	}
	now = clock_mono_ns();
	uv_update_time(c->loop);
	uv_timer_start(&c->run_timer, on_timer, due <= now ? 0 : (due - now + RUN_MS - 1) / RUN_MS,
		       0);
}

void run_init(struct core *c)
{
	list_init(&c->runs);
}
