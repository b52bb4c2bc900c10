/* Searching: see search.h. */
#include "core/search.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/recall.h"
#include "core/state.h"
#include "search/tape.h"
#include "vt/vt.h"

#define WORKERS 2u
#define NICE 10 /* who types comes first */
#define RAW_MAX (4u << 20)

struct search {
	struct list link; /* core.searches */
	struct core *core;
	uint64_t id;
	struct search_pattern_spec spec;
	struct search_pattern *pattern;
	char *text, *command;
	int64_t since_us, until_us;
	bool wants_journal, has_exit;
	int exit_code;
	uint32_t n_context, limit, max_text;
	uint64_t begun_ns, deadline_ns;
	struct job **jobs; /* one for each pane, in order */
	uint32_t n_jobs, next_job;
	uint32_t n_running;  /* jobs in worker threads */
	uint32_t n_in_order; /* jobs that ended, from the first one on */
	uint32_t n_matches;  /* of those */
	atomic_bool stop;
	bool is_over;
	struct fail fail; /* code != FAIL_NONE: it failed */
	core_searched_fn *on_done;
	void *user;
};

/* One pane, or (pane 0) the making of the pattern. */
struct job {
	uv_work_t work;
	struct search *search;
	uint64_t pane;
	uint64_t from_line;
	struct search_source source;
	struct search_result result;
	bool is_output; /* lines of output, not of a terminal */
	bool is_tape;   /* out of the journal, in place of `source` */
	struct search_tape tape;
	bool is_done;
	int outcome;
	struct fail fail; /* of the pattern */
};

static void free_job(struct job *j)
{
	if (!j)
		return;
	search_result_fini(&j->result);
	search_source_fini(&j->source);
	search_tape_fini(&j->tape);
	mem_free(j);
}

static void free_search(struct search *s)
{
	list_remove(&s->link);
	for (uint32_t i = 0; i < s->n_jobs; i++)
		free_job(s->jobs[i]);
	mem_free(s->jobs);
	search_pattern_free(s->pattern);
	mem_free(s->text);
	mem_free(s->command);
	mem_free(s);
}

/* ---- in the worker ---- */

static bool expand(void *user, const void *src, size_t n, void *dst, size_t size)
{
	return ZSTD_decompressDCtx(user, dst, size, src, n) == size;
}

static void be_nice(void)
{
	/* Of this thread alone, as Linux has it; who cannot be nice goes on all the same. */
	if (getpriority(PRIO_PROCESS, (id_t)gettid()) < NICE)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}

static void on_work(uv_work_t *work)
{
	struct job *j = work->data;
	struct search *s = j->search;
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	struct vt_compress unpack = { .user = zstd, .decompress = expand };
	struct search_worker w = { .pattern = s->pattern,
				   .matcher = search_matcher_new(s->pattern),
				   .reader = { .compress = &unpack } };
	struct search_limits limits = { .from_line = j->from_line,
					.max_matches = s->limit,
					.n_context = s->n_context,
					.max_text = s->max_text,
					.deadline_ns = s->deadline_ns,
					.stop = &s->stop };

	be_nice();
	j->outcome = -ENOMEM;
	if (zstd && w.matcher) {
		j->outcome = j->is_tape ? search_scan_tape(&w, &j->tape, &limits, &j->result)
					: search_scan(&w, &j->source, &limits, &j->result);
	}
	err_clear();
	search_matcher_free(w.matcher);
	history_reader_fini(&w.reader);
	ZSTD_freeDCtx(zstd);
}

static void on_compile(uv_work_t *work)
{
	struct job *j = work->data;

	j->outcome = search_pattern_new(&j->search->spec, &j->search->pattern, &j->fail);
}

/* ---- what a pane gives ---- */

static int add_stream(const struct stream *st, struct search_source *source)
{
	uint64_t tail = stream_tail(st), head = stream_head(st);
	struct arena_view v;
	struct buf b = BUF_INIT;
	int r;

	if (!st->has_slot || head == tail)
		return 0;
	tail = head - tail > RAW_MAX ? head - RAW_MAX : tail;
	v = arena_slot_view(&st->pane->core->arena, st->slot, tail, head - tail);
	buf_put(&b, v.p[0], v.n[0]);
	buf_put(&b, v.p[1], v.n[1]);
	r = buf_check(&b);
	if (r == 0)
		r = search_source_add_bytes(source, buf_data(&b), buf_len(&b));
	buf_fini(&b);
	return err_trace(r);
}

/* The journal, and what of the ring may not be in it yet. */
static int take_tape(struct pane *p, struct job *j)
{
	const struct stream *st = &p->streams[CORE_OUT];
	char dir[560];
	int r = journal_path(p->core->state_dir, p->number, dir, sizeof dir);

	j->is_tape = true;
	j->tape.cols = p->cols;
	j->tape.rows = p->rows;
	j->tape.dir = r == 0 ? mem_strdup(dir) : NULL;
	if (!j->tape.dir)
		return err_origin(-ENOMEM);
	if (st->has_slot) {
		uint64_t tail = stream_tail(st), head = stream_head(st);
		struct arena_view v = arena_slot_view(&p->core->arena, st->slot, tail, head - tail);

		j->tape.rest_seq = tail;
		buf_put(&j->tape.rest, v.p[0], v.n[0]);
		buf_put(&j->tape.rest, v.p[1], v.n[1]);
	}
	return err_trace(buf_check(&j->tape.rest));
}

/* A screen that was not needed yet since the start is not made for this. */
static bool is_on_tape(struct pane *p, bool wants_journal)
{
	return p->is_pty && !p->is_private && (wants_journal || !p->vt) && recall_has_journal(p);
}

static int take_source(struct pane *p, struct job *j)
{
	const struct vt *vt;
	int r;

	if (is_on_tape(p, j->search->wants_journal))
		return err_trace(take_tape(p, j));
	vt = term_get(p);
	if (!vt) {
		j->is_output = true;
		r = add_stream(&p->streams[CORE_OUT], &j->source);
		return r ? r : add_stream(&p->streams[CORE_ERR], &j->source);
	}
	j->source.history = history_share_new(vt);
	j->source.first_row = vt_lines_pushed(vt);
	if (!j->source.history)
		return err_origin(-ENOMEM);
	return err_trace(search_source_add_screen(&j->source, vt));
}

/* The share goes back to its terminal's thread. */
static void give_back(struct job *j)
{
	history_share_free(j->source.history);
	j->source.history = NULL;
	search_source_fini(&j->source);
	search_tape_fini(&j->tape);
}

/* ---- the answer ---- */

static void set_command(struct core_found *f, const struct line_command *l)
{
	if (l) {
		f->command = (struct core_found_command){ .text = l->text,
							  .number = l->number,
							  .started_us = l->started_us,
							  .has_exit = l->has_exit,
							  .exit_code = l->exit_code };
	}
}

static struct core_found found_of(const struct job *j, const struct search_match *m,
				  const struct pane *p)
{
	struct core_found f = { .pane = p,
				.match = m,
				.pool = buf_data(&j->result.pool),
				.where = CORE_IN_OUTPUT,
				.row = (int64_t)m->line,
				.time_us = m->time_us,
				.seq = m->seq };

	if (j->is_tape) {
		f.where = CORE_IN_JOURNAL;
	} else if (!j->is_output) {
		f.row = (int64_t)(m->line - j->source.first_row);
		f.where = f.row < 0 ? CORE_IN_HISTORY : CORE_IN_SCREEN;
		line_clock_find(p, m->line, &f.time_us, &f.seq);
		set_command(&f, line_command_find(p, m->line));
	}
	return f;
}

static bool is_in_time(const struct search *s, const struct core_found *f)
{
	return f->time_us == 0 || ((s->since_us < 0 || f->time_us >= (uint64_t)s->since_us) &&
				   (s->until_us < 0 || f->time_us <= (uint64_t)s->until_us));
}

static bool has_command(const struct search *s, const json_t *command)
{
	struct buf line = BUF_INIT;
	json_t *word;
	size_t i;
	bool is_in;

	if (!s->command)
		return true;
	json_array_foreach(command, i, word)
	{
		buf_put_str(&line, i > 0 ? " " : "");
		buf_put_str(&line, json_string_value(word));
	}
	buf_put_char(&line, '\0');
	is_in = buf_check(&line) == 0 && strstr(buf_data(&line), s->command) != NULL;
	buf_fini(&line);
	return is_in;
}

/* Does the pane itself, where no command of a shell is known? */
static bool fits_pane(const struct search *s, const struct pane *p)
{
	struct pane_info i;

	pane_get_info(p, &i);
	if (s->has_exit &&
	    !(i.has_status && WIFEXITED(i.status) && WEXITSTATUS(i.status) == s->exit_code))
		return false;
	return has_command(s, i.command);
}

static bool is_of_command(const struct search *s, const struct core_found *f)
{
	if (!f->command.text)
		return fits_pane(s, f->pane);
	if (s->has_exit && !(f->command.has_exit && f->command.exit_code == s->exit_code))
		return false;
	return !s->command || strstr(f->command.text, s->command) != NULL;
}

static void set_next(struct core_search_result *r, uint64_t pane, uint64_t line)
{
	(void)snprintf(r->next, sizeof r->next, "p%" PRIu64 ":%" PRIu64, pane, line);
}

/* The jobs that ended in order, as far as the limit goes. */
static uint32_t collect(const struct search *s, struct core_found *found,
			struct core_search_result *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_in_order; i++) {
		const struct job *j = s->jobs[i];
		const struct pane *p = pane_by_number(s->core, j->pane);

		r->n_panes += p != NULL;
		r->n_lines += j->result.n_lines;
		r->n_bytes += j->result.n_bytes;
		r->n_skipped_bytes += j->result.n_skipped_bytes;
		for (uint32_t k = 0; p && k < j->result.n_matches; k++) {
			if (n == s->limit) {
				set_next(r, j->pane, j->result.matches[k].line);
				return n;
			}
			found[n] = found_of(j, &j->result.matches[k], p);
			n += is_in_time(s, &found[n]) && is_of_command(s, &found[n]);
		}
		if (j->outcome == SEARCH_E_LATE || j->result.is_full) {
			r->was_late = j->outcome == SEARCH_E_LATE;
			set_next(r, j->pane, j->result.next_line);
			return n;
		}
	}
	if (s->n_in_order < s->n_jobs)
		set_next(r, s->jobs[s->n_in_order]->pane, s->jobs[s->n_in_order]->from_line);
	return n;
}

static void answer(struct search *s)
{
	struct core_search_result r = { .elapsed_us = (clock_mono_ns() - s->begun_ns) / 1000 };
	struct core_found *found = NULL;

	s->is_over = true;
	atomic_store(&s->stop, true);
	if (s->fail.code == FAIL_NONE) {
		found = mem_zalloc(s->limit, sizeof *found);
		if (!found)
			fail_set(&s->fail, FAIL_NO_MEMORY, NULL);
	}
	if (found) {
		r.n_found = collect(s, found, &r);
		r.found = found;
	}
	s->on_done(found ? &r : NULL, found ? NULL : &s->fail, s->user);
	mem_free(found);
}

static void pump(struct search *s);

/* How a job ended; false: the search is over. */
static bool take_outcome(struct search *s, const struct job *j)
{
	switch (j->outcome) {
	case 0:
	case SEARCH_E_LATE:
	case SEARCH_E_STOPPED:
		return true;
	case SEARCH_E_LIMIT:
		fail_set(&s->fail, FAIL_REGEX_LIMIT, NULL);
		fail_hint(&s->fail, "simplify the expression");
		return false;
	default:
		fail_set(&s->fail, FAIL_NO_MEMORY, NULL);
		return false;
	}
}

/* Everything up to here is in: is that enough? */
static bool is_enough(struct search *s)
{
	while (s->n_in_order < s->n_jobs && s->jobs[s->n_in_order]->is_done) {
		const struct job *j = s->jobs[s->n_in_order++];

		s->n_matches += j->result.n_matches;
		if (s->n_matches >= s->limit || j->result.is_full || j->outcome == SEARCH_E_LATE)
			return true;
	}
	return s->n_in_order == s->n_jobs;
}

static void on_scanned(uv_work_t *work, int status)
{
	struct job *j = work->data;
	struct search *s = j->search;

	(void)status;
	give_back(j);
	j->is_done = true;
	s->n_running--;
	if (!s->is_over && (!take_outcome(s, j) || is_enough(s)))
		answer(s);
	if (!s->is_over) {
		pump(s);
	} else if (s->n_running == 0) {
		free_search(s);
	}
}

/* One pane to a worker; it is done at once when it is not there any more. */
static void start_job(struct search *s, struct job *j)
{
	struct pane *p = pane_by_number(s->core, j->pane);

	j->work.data = j;
	if (!p || take_source(p, j) < 0 ||
	    uv_queue_work(s->core->loop, &j->work, on_work, on_scanned) < 0) {
		if (p) {
			err_clear();
			j->outcome = -ENOMEM;
		}
		give_back(j);
		j->is_done = true;
		return;
	}
	s->n_running++;
}

static void pump(struct search *s)
{
	while (s->n_running < WORKERS && s->next_job < s->n_jobs) {
		struct job *j = s->jobs[s->next_job++];

		start_job(s, j);
		if (j->is_done && !take_outcome(s, j)) {
			answer(s);
			break;
		}
	}
	if (s->n_running == 0 && !s->is_over) { /* the last ones were not there any more */
		(void)is_enough(s);
		answer(s);
	}
	if (s->n_running == 0 && s->is_over)
		free_search(s);
}

static void on_compiled(uv_work_t *work, int status)
{
	struct job *j = work->data;
	struct search *s = j->search;

	(void)status;
	s->n_running--;
	if (!s->is_over && j->outcome) {
		s->fail = j->fail;
		answer(s);
	}
	mem_free(j);
	if (s->is_over) {
		free_search(s);
	} else {
		pump(s);
	}
}

/* ---- beginning ---- */

/* A pane's life, as far as it is known, and the time that is wanted. */
static bool was_there(const struct search *s, const struct pane_info *i)
{
	if (s->until_us >= 0 && i->created_us > (uint64_t)s->until_us)
		return false;
	return s->since_us < 0 || !i->exited_us || i->state <= PANE_RUNNING ||
	       i->exited_us >= (uint64_t)s->since_us;
}

static bool is_wanted(const struct search *s, const struct session *session, const struct pane *p)
{
	struct pane_info i;

	if (session && p->session != session)
		return false;
	pane_get_info(p, &i);
	return was_there(s, &i) && (p->line_commands || fits_pane(s, p));
}

static int add_job(struct search *s, uint64_t pane, uint64_t from_line, uint32_t *size)
{
	struct job *j = mem_new(struct job);

	if (!j || !search_reserve((void **)&s->jobs, s->n_jobs, size, sizeof(struct job *))) {
		mem_free(j);
		return err_origin(-ENOMEM);
	}
	j->search = s;
	j->pane = pane;
	j->from_line = from_line;
	s->jobs[s->n_jobs++] = j;
	return 0;
}

static int parse_cursor(const char *cursor, uint64_t *ret_pane, uint64_t *ret_line,
			struct fail *reterr)
{
	char rest;

	*ret_pane = *ret_line = 0;
	if (!cursor || sscanf(cursor, "p%" SCNu64 ":%" SCNu64 "%c", ret_pane, ret_line, &rest) == 2)
		return 0;
	return fail_setf(reterr, FAIL_INVALID_PARAMS, "cursor", "not one that was given out");
}

static int choose_panes(struct search *s, const struct core_search_spec *spec, struct fail *reterr)
{
	struct core *c = s->core;
	struct session *session = NULL;
	struct pane *one = NULL;
	uint64_t first, line;
	uint32_t size = 0;
	int r = parse_cursor(spec->cursor, &first, &line, reterr);

	if (r == 0 && spec->session)
		r = core_session_find(c, spec->session, &session, reterr);
	if (r == 0 && spec->pane)
		r = core_pane_find(c, spec->pane, &one, reterr);
	for (uint32_t i = 0; r == 0 && i < c->n_panes; i++) {
		const struct pane *p = c->panes[i];

		if (p->number < first || (one && p != one) || !is_wanted(s, session, p))
			continue;
		if (add_job(s, p->number, p->number == first ? line : 0, &size) < 0)
			r = fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
	return r;
}

static int check(const struct core *c, const struct core_search_spec *spec, struct fail *reterr)
{
	uint32_t n = 0;

	list_for_each (l, &c->searches)
		n++;
	if (n >= CORE_SEARCHES_MAX)
		return fail_setf(reterr, FAIL_LIMIT_PENDING, NULL, "%u searches are under way", n);
	if (!spec->pattern.text[0] || strchr(spec->pattern.text, '\n')) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "pattern",
				 "one line of text is wanted, not empty");
	}
	return 0;
}

static int begin(struct search *s, const struct core_search_spec *spec, struct fail *reterr)
{
	struct job *j = mem_new(struct job);
	int r;

	s->text = mem_strdup(spec->pattern.text);
	s->command = mem_strdup(spec->command);
	if (!j || !s->text || (spec->command && !s->command)) {
		mem_free(j);
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
	s->spec = spec->pattern;
	s->spec.text = s->text;
	r = choose_panes(s, spec, reterr);
	if (r == 0) {
		j->search = s;
		j->work.data = j;
		s->n_running = 1;
		if (uv_queue_work(s->core->loop, &j->work, on_compile, on_compiled) == 0)
			return 0;
		r = fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
	mem_free(j);
	return r;
}

void core_search(struct core *c, const struct core_search_spec *spec, core_searched_fn *done,
		 void *user, uint64_t *ret_id)
{
	struct search *s = NULL;
	struct fail f;
	int r = check(c, spec, &f);

	*ret_id = 0;
	if (r == 0) {
		s = mem_new(struct search);
		r = s ? 0 : fail_set(&f, FAIL_NO_MEMORY, NULL);
	}
	if (s) {
		uint64_t now = clock_mono_ns();

		*s = (struct search){ .core = c,
				      .id = c->next_search++,
				      .since_us = spec->since_us,
				      .until_us = spec->until_us,
				      .wants_journal = spec->wants_journal,
				      .has_exit = spec->has_exit,
				      .exit_code = spec->exit_code,
				      .n_context = spec->n_context,
				      .limit = spec->limit,
				      .max_text = spec->max_text,
				      .begun_ns = now,
				      .deadline_ns = now + (uint64_t)spec->timeout_ms * 1000000,
				      .on_done = done,
				      .user = user };
		list_append(&c->searches, &s->link);
		r = begin(s, spec, &f);
	}
	if (r) {
		if (s)
			free_search(s);
		done(NULL, &f, user);
		return;
	}
	*ret_id = s->id;
}

bool core_search_cancel(struct core *c, uint64_t id)
{
	list_for_each (l, &c->searches) {
		struct search *s = list_entry(l, struct search, link);

		if (s->id != id || s->is_over)
			continue;
		fail_set(&s->fail, FAIL_SEARCH_CANCELLED, NULL);
		answer(s); /* its memory goes with its last worker */
		return true;
	}
	return false;
}

void search_drop_all(struct core *c)
{
	list_for_each (l, &c->searches) {
		struct search *s = list_entry(l, struct search, link);

		if (!s->is_over) {
			s->is_over = true; /* nobody is told any more */
			atomic_store(&s->stop, true);
		}
	}
}
