#include "search/tape.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "search/plan.h"
#include "search/play.h"
#include "vt/history_share.h"

struct tape {
	struct search_worker *w;
	const struct search_tape *spec;
	struct search_limits limits;
	struct search_result *result;
	struct journal_reader *reader;
	struct plan plan;
	uint32_t at; /* block of the plan */
};

void search_tape_fini(struct search_tape *t)
{
	mem_free(t->dir);
	buf_fini(&t->rest);
	t->dir = NULL;
}

/* The deadline counts once the first line that is wanted was reached. */
static bool has_begun(const struct tape *t, const struct player *p)
{
	int64_t top = player_top(p);

	return top >= 0 && (uint64_t)top >= t->limits.from_line;
}

static int on_lines(struct player *p, const struct search_source *s, enum play_lines how,
		    uint64_t from_line, uint64_t *ret_next)
{
	struct tape *t = p->user;
	struct search_limits limits = t->limits;
	uint32_t first = t->result->n_matches;
	int64_t wanted = (int64_t)t->limits.from_line - p->base;
	int r;

	(void)how;
	limits.from_line =
		wanted > 0 && (uint64_t)wanted > from_line ? (uint64_t)wanted : from_line;
	limits.deadline_ns = has_begun(t, p) ? t->limits.deadline_ns : 0;
	t->result->next_line = limits.from_line;
	r = search_scan(t->w, s, &limits, t->result);
	for (uint32_t i = first; i < t->result->n_matches; i++) {
		struct search_match *m = &t->result->matches[i];

		m->line = (uint64_t)((int64_t)m->line + p->base);
		player_date(p, (int64_t)m->line, &m->seq, &m->time_us);
	}
	*ret_next = t->result->next_line;
	t->result->next_line = (uint64_t)((int64_t)t->result->next_line + p->base);
	p->is_done = t->result->is_full;
	return r;
}

/* What the plan says of a block; NULL: it came since, or is another now. */
static const struct plan_block *planned(struct tape *t, const struct journal_block *b)
{
	const struct plan *plan = &t->plan;

	for (uint32_t i = t->at; i < plan->n && !t->spec->plays_all; i++) {
		const struct plan_block *p = &plan->blocks[i];

		if (p->seq == b->seq[0] && p->end_seq == b->end_seq[0] &&
		    p->time_us == b->time_us) {
			t->at = i + 1;
			return p;
		}
	}
	return NULL;
}

static int play_block(struct tape *t, struct player *p, const struct journal_block *b)
{
	struct journal_record rec;
	int r = 0, e = 0;

	p->is_block_start = true;
	if (p->vt && b->seq[0] > p->seq)
		player_lose(p, b->seq[0]);
	while (r == 0 && !p->is_done) {
		e = journal_next_here(t->reader, &rec);
		if (e == JOURNAL_E_NONE || e == JOURNAL_E_END)
			break;
		if (e < 0)
			r = e;
		if (e == 0)
			r = player_take(p, &rec);
	}
	return r;
}

static int play_blocks(struct tape *t, struct player *p)
{
	struct journal_block b;
	const struct plan_block *plan;
	int r = journal_seek_start(t->reader), e;

	while (r == 0 && !p->is_done) {
		e = journal_next_block(t->reader, &b);
		if (e == JOURNAL_E_END)
			break;
		if (e < 0)
			return err_trace(e);
		plan = e == 0 ? planned(t, &b) : NULL;
		if (plan && !plan->plays) {
			r = player_skip(p, plan->n_lines, plan->end_seq, &plan->screen);
			t->result->n_lines += plan->n_lines;
			t->result->n_skipped_bytes += plan->n_bytes;
			t->result->next_line = (uint64_t)player_top(p);
			if (t->at == t->plan.n) /* what came since is not in `rest` either */
				break;
		} else if (e == 0) {
			r = play_block(t, p, &b);
		}
	}
	return r;
}

static int play_journal(struct tape *t, struct player *p)
{
	int r = journal_reader_open(t->spec->dir, &t->reader);

	if (r == -ENOENT || r == JOURNAL_E_VERSION)
		return 0;
	if (r == 0)
		r = journal_seek_start(t->reader);
	if (r == 0 && !t->spec->plays_all)
		r = plan_make(&t->plan, t->reader, t->spec, t->w->pattern, &t->limits);
	if (r == 0)
		r = play_blocks(t, p);
	t->reader = journal_reader_close(t->reader);
	mem_free(t->plan.blocks);
	return r;
}

static int play_rest(const struct search_tape *t, struct player *p)
{
	uint64_t end = t->rest_seq + buf_len(&t->rest);

	if (end <= p->seq)
		return 0;
	if (p->seq < t->rest_seq)
		p->seq = t->rest_seq;
	return player_feed(p, buf_data(&t->rest) + (p->seq - t->rest_seq), (size_t)(end - p->seq),
			   0);
}

int search_scan_tape(struct search_worker *w, const struct search_tape *t,
		     const struct search_limits *limits, struct search_result *ret)
{
	struct tape tape = { .w = w, .spec = t, .limits = *limits, .result = ret };
	struct player p = { .on_lines = on_lines, .user = &tape, .cols = t->cols, .rows = t->rows };
	int r = play_journal(&tape, &p);

	if (r == 0 && !p.is_done)
		r = play_rest(t, &p);
	if (r == 0 && !p.is_done)
		r = player_show(&p, PLAY_ALL);
	player_fini(&p);
	return r;
}
