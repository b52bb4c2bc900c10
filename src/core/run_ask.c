/* Asking for a command to be run, and for what became of it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/run.h"
#include "core/state.h"

#define COMMAND_MAX (256u << 10)

static bool is_typable(const char *s, size_t n)
{
	if (utf8_valid_prefix(s, n) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char b = (unsigned char)s[i];

		if ((b < 0x20 && b != '\n' && b != '\t') || b == 0x7f ||
		    (b == 0xc2 && (unsigned char)s[i + 1] < 0xa0))
			return false;
	}
	return true;
}

static int check_text(const struct core_run_spec *spec, size_t *ret_n, struct fail *reterr)
{
	size_t n = spec->n_text, blank;

	while (n > 0 && spec->text[n - 1] == '\n')
		n--;
	for (blank = 0; blank < n && strchr(" \t\n", spec->text[blank]); blank++)
		;
	if (blank == n)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "command", "it is empty");
	if (n > COMMAND_MAX) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "command", "longer than %u bytes",
				 COMMAND_MAX);
	}
	if (!is_typable(spec->text, n)) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "command",
				 "control characters other than tab and newline are keys; use "
				 "pane.send_keys");
	}
	*ret_n = n;
	return 0;
}

/* What a shell does not take. */
static int check_for_shell(const struct pane *p, const char *text, size_t n, struct fail *reterr)
{
	if (p->shell && p->shell->kind == SHELL_FISH && memchr(text, '\t', n)) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "command",
				 "fish drops tabs from what is pasted");
	}
	return 0;
}

static int fail_without_shell(const struct pane *p, struct fail *reterr)
{
	fail_setf(reterr, FAIL_NO_INTEGRATION, NULL, "it runs %.80s",
		  json_string_value(json_array_get(p->command, 0)));
	fail_hint(reterr, "with idle_ms it is typed all the same, and ends when it is quiet");
	return FAIL_E_FAILED;
}

/* May it be typed, now or later, and by what? */
static int check_pane(struct pane *p, const struct core_run_spec *spec, bool *ret_blind,
		      struct fail *reterr)
{
	const struct shell *s;
	bool is_free;

	*ret_blind = false;
	if (p->state > PANE_RUNNING)
		return fail_set(reterr, FAIL_PANE_EXITED, NULL);
	if (!p->is_pty)
		return fail_setf(reterr, FAIL_NO_INTEGRATION, NULL, "it has no terminal");
	(void)term_get(p);
	s = command_shell(p);
	if (!s && spec->idle_ms < 0)
		return fail_without_shell(p, reterr);
	is_free = list_is_empty(&p->runs) ||
		  (p->runs.next->next == &p->runs && run_first(p)->phase == RUN_ENDED);
	if (!s || (s->state == SHELL_RUNNING && spec->idle_ms >= 0)) {
		*ret_blind = true;
	} else if (is_free && (s->state == SHELL_UNKNOWN || s->state == SHELL_BETWEEN)) {
		return 0; /* the prompt is to come */
	} else if (is_free && s->state == SHELL_PROMPT) {
		is_free = command_is_line_empty(p);
	} else {
		is_free = false;
	}
	if (!is_free && !spec->wants_queue) {
		run_fail_busy(p, reterr);
		return FAIL_E_FAILED;
	}
	return 0;
}

static struct run_waiter *add_waiter(struct run *r, int64_t timeout_ms, core_run_fn *done,
				     void *user)
{
	struct run_waiter *w = mem_new(struct run_waiter);

	if (!w)
		return NULL;
	w->id = ++r->pane->core->next_run;
	w->deadline_ns = timeout_ms >= 0 ? clock_mono_ns() + (uint64_t)timeout_ms * RUN_MS : 0;
	w->on_done = done;
	w->user = user;
	list_append(&r->waiters, &w->link);
	return w;
}

static struct run *make_run(struct pane *p, const struct core_run_spec *spec, size_t n)
{
	struct run *r = mem_new(struct run);
	const struct shell *s = p->shell;

	if (!r)
		return NULL;
	list_init(&r->link);
	list_init(&r->all_link);
	list_init(&r->waiters);
	r->typed = mem_zalloc(n + 1, 1);
	if (!r->typed) {
		mem_free(r);
		return NULL;
	}
	memcpy(r->typed, spec->text, n);
	r->pane = p;
	r->number = p->next_command++;
	r->wants_queue = spec->wants_queue;
	r->idle_ms = spec->idle_ms;
	r->asked_ns = clock_mono_ns();
	r->budget = spec->budget;
	r->shell = s ? shell_kind_name(s->kind) : NULL;
	(void)snprintf(r->key, sizeof r->key, "%s", spec->key ? spec->key : "");
	return r;
}

/* The one that a request with that key asked for before. */
static const struct run *find_key(const struct pane *p, const char *key)
{
	const struct list *lists[] = { &p->runs, &p->runs_over };

	for (size_t i = 0; key && *key && i < ARRAY_LEN(lists); i++) {
		list_for_each (l, lists[i]) {
			const struct run *r = list_entry(l, struct run, link);

			if (strcmp(r->key, key) == 0)
				return r;
		}
	}
	return NULL;
}

void core_run(struct core *c, struct pane *p, const struct core_run_spec *spec, core_run_fn *done,
	      void *user, uint64_t *ret_id)
{
	const struct run *known = find_key(p, spec->key);
	struct run_waiter *w = NULL;
	struct run *r = NULL;
	bool is_blind = false;
	size_t n = 0;
	struct fail f;
	uint64_t id;

	if (known) {
		core_run_wait(p, known->number, spec->timeout_ms, done, user, ret_id);
		return;
	}
	*ret_id = 0;
	if (check_text(spec, &n, &f) || check_pane(p, spec, &is_blind, &f) ||
	    check_for_shell(p, spec->text, n, &f)) {
		done(NULL, &f, user);
		return;
	}
	r = make_run(p, spec, n);
	w = r ? add_waiter(r, spec->timeout_ms, done, user) : NULL;
	if (!w) {
		if (r)
			run_free(r);
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
		return;
	}
	r->is_blind = is_blind;
	id = w->id;
	list_append(&p->runs, &r->link);
	list_append(&c->runs, &r->all_link);
	pane_hold(p);
	run_advance(p);
	pane_let_go(p);
	/* Answered at once only by failure: then it is gone. */
	list_for_each (l, &c->runs) {
		if (l == &r->all_link)
			*ret_id = id;
	}
}

struct run *run_find(struct pane *p, uint64_t number)
{
	struct run *found = NULL;

	list_for_each (l, &p->runs_over) {
		struct run *r = list_entry(l, struct run, link);

		if (!number || r->number == number)
			found = r;
	}
	list_for_each (l, &p->runs) {
		struct run *r = list_entry(l, struct run, link);

		if (!number || r->number == number)
			found = r;
	}
	return found;
}

/* Of a run that was over under an earlier daemon. */
static void read_again(struct run *r, uint64_t *ret_id)
{
	list_append(&r->pane->core->runs, &r->all_link);
	run_catch_up(r);
	if (list_is_empty(&r->waiters)) /* at once: it is answered */
		*ret_id = 0;
}

void core_run_wait(struct pane *p, uint64_t number, int64_t timeout_ms, core_run_fn *done,
		   void *user, uint64_t *ret_id)
{
	struct run *r = run_find(p, number);
	struct run_waiter *w = r ? add_waiter(r, timeout_ms, done, user) : NULL;
	struct fail f;

	*ret_id = 0;
	if (!w) {
		fail_setf(&f, r ? FAIL_NO_MEMORY : FAIL_COMMAND_NOT_KNOWN, NULL,
			  "results of the last %u are kept", RUN_KEPT_MAX);
		done(NULL, &f, user);
	} else if (r->phase == RUN_OVER && !r->is_unread && !r->is_catching_up) {
		run_answer(r, w);
	} else {
		*ret_id = w->id;
		if (r->is_unread)
			read_again(r, ret_id);
		run_settle(p->core);
	}
}

void core_run_forsake(struct core *c, uint64_t id)
{
	list_for_each (l, &c->runs) {
		struct run *r = list_entry(l, struct run, all_link);

		list_for_each (k, &r->waiters) {
			struct run_waiter *w = list_entry(k, struct run_waiter, link);

			if (w->id != id)
				continue;
			list_remove(&w->link);
			mem_free(w);
			if (r->phase == RUN_QUEUED && list_is_empty(&r->waiters))
				run_free(r);
			run_settle(c);
			return;
		}
	}
}

int core_command_range(struct pane *p, uint64_t number, uint64_t *ret_from, uint64_t *ret_to,
		       struct fail *reterr)
{
	const struct core_command *c = core_pane_command(p);
	const struct run *r = run_find(p, number);

	if (r && r->phase >= RUN_BEGUN) {
		*ret_from = r->from;
		*ret_to = r->phase == RUN_BEGUN ? r->fed : r->to;
	} else if (c && c->number == number) {
		*ret_from = c->seq_from;
		*ret_to = c->is_running ? stream_head(&p->streams[CORE_OUT]) : c->seq_to;
	} else {
		return fail_setf(reterr, FAIL_COMMAND_NOT_KNOWN, NULL,
				 "the last %u that were run, and the last one typed, are known",
				 RUN_KEPT_MAX);
	}
	return 0;
}
