#include "search/plan.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "search/cold.h"
#include "search/tape.h"

/* A filter points to what the reader forgets: only the edges of the one before are kept. */
struct planner {
	struct plan *plan;
	const struct history_probe *probe;
	struct cold before;
	bool has_before;
};

static void take_filter(struct planner *n, struct plan_block *b, const struct cold *c)
{
	const struct plan_block *last = n->plan->n > 0 ? b - 1 : NULL;
	uint64_t between;

	b->has_filter = b->is_beginning = true;
	b->n_lines = c->n_lines;
	b->screen = (struct play_sample){ .seq = c->screen_seq, .time_us = c->screen_time_us };
	b->is_open = c->is_open;
	b->present = cold_present(c, n->probe);
	if (!last || !last->is_open)
		return;
	if (n->has_before && cold_present_between(&n->before, c, n->probe, &between)) {
		b->present |= between;
	} else {
		b->is_unsure = true;
	}
	b->is_open |= c->n_head == 0 && !c->is_head_closed; /* nothing left the screen */
}

/* The first record tells whether it can be played by itself. */
static int look_into(struct journal_reader *r, struct plan_block *b)
{
	struct journal_record rec;
	int k = journal_next_here(r, &rec);

	b->is_beginning = k == 0 && rec.kind == JOURNAL_CHECKPOINT && rec.stream == 0;
	b->is_open = true; /* it may be */
	return k < 0 ? err_trace(k) : 0;
}

static int add_block(struct planner *n, struct journal_reader *r, const struct journal_block *jb)
{
	struct plan *p = n->plan;
	struct plan_block *b;
	struct cold cold;
	int e = 0;

	if (!search_reserve((void **)&p->blocks, p->n, &p->size, sizeof p->blocks[0]))
		return err_origin(-ENOMEM);
	b = &p->blocks[p->n];
	*b = (struct plan_block){ .seq = jb->seq[0],
				  .end_seq = jb->end_seq[0],
				  .time_us = jb->time_us,
				  .n_bytes = jb->n_bytes };
	if (jb->filter && cold_read(jb->filter, jb->n_filter, &cold)) {
		take_filter(n, b, &cold);
		n->before = cold;
		n->has_before = true;
	} else {
		e = look_into(r, b);
		n->has_before = false;
	}
	p->n++;
	return e;
}

static int read_blocks(struct planner *n, struct journal_reader *r, const atomic_bool *stop)
{
	struct journal_block jb;
	int e = 0, k;

	while (e == 0) {
		if (stop && atomic_load_explicit(stop, memory_order_relaxed))
			return SEARCH_E_STOPPED;
		k = journal_next_block(r, &jb);
		if (k == JOURNAL_E_END)
			break;
		if (k < 0)
			return err_trace(k);
		if (k == 0)
			e = add_block(n, r, &jb);
	}
	return e;
}

/* Blocks that share a line play together, or none of them. */
static void choose_matching(struct plan *p, const struct history_probe *probe)
{
	uint64_t all = probe->n == 64 ? UINT64_MAX : ((uint64_t)1 << probe->n) - 1;
	uint32_t end;

	for (uint32_t i = 0; i < p->n; i = end) {
		uint64_t present = 0;
		bool plays = false;

		end = i;
		do {
			plays |= !p->blocks[end].has_filter || p->blocks[end].is_unsure;
			present |= p->blocks[end].present;
		} while (p->blocks[end++].is_open && end < p->n);
		for (uint32_t k = i; k < end; k++)
			p->blocks[k].plays = plays || present == all;
	}
}

/* What lies before the first line that is wanted, as long as lines can be counted. */
static void leave_out_front(struct plan *p, uint64_t from_line)
{
	uint64_t top = 0;

	for (uint32_t i = 0; i + 1 < p->n && p->blocks[i].has_filter; i++) {
		top += p->blocks[i].n_lines;
		if (top > from_line)
			break;
		p->blocks[i].plays = false;
	}
}

static void need_state(struct plan *p, uint32_t n_context)
{
	for (uint32_t i = p->n; i > 1; i--) {
		struct plan_block *b = &p->blocks[i - 1], *before = b - 1;
		bool wants_before = b->plays && n_context > 0 && !b->is_context;

		before->is_context = wants_before && !before->plays;
		if (before->end_seq < b->seq) /* bytes are missing between them */
			b->plays = before->plays = true;
		if (b->plays && (!b->is_beginning || before->is_open || wants_before))
			before->plays = true;
	}
}

int plan_make(struct plan *p, struct journal_reader *r, const struct search_tape *t,
	      const struct search_pattern *pattern, const struct search_limits *limits)
{
	struct planner n = { .plan = p, .probe = search_pattern_probe(pattern) };
	int e = read_blocks(&n, r, limits->stop);

	if (e || p->n == 0)
		return e;
	choose_matching(p, n.probe);
	leave_out_front(p, limits->from_line);
	if (t->rest_seq + buf_len(&t->rest) > p->blocks[p->n - 1].end_seq)
		p->blocks[p->n - 1].plays = true;
	need_state(p, limits->n_context);
	return 0;
}
