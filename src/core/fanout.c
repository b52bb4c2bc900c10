/*
 * Subscriptions: who gets which bytes, and when.
 *
 * A stream with subscribers and unflushed bytes is in core.flushing.  It is
 * flushed when 64 KiB wait, when the PTY is drained and either input came just
 * before or nothing was sent for a while, when 0.5 ms were quiet, and at the
 * latest 16 ms after the first byte.  One timerfd serves them all (libuv's
 * timers have milliseconds); it is armed only while something waits.
 */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/recall.h"
#include "core/state.h"

/* A subscription's place in one stream. */
struct place {
	struct sub *sub;
	struct list link; /* stream.subs */
	uint64_t pos;     /* next byte to send */
	bool is_on;
	bool needs_snapshot; /* the next thing it gets is a screen */
	/* Behind the ring, it is served from the journal until it has caught up. */
	bool is_from_old;       /* it asked for what was before the ring, and gets all of it */
	bool is_catching;       /* `job` is at work, or what it brought is not yet taken */
	struct recall_job *job; /* NULL: not needed so far */
	const struct recall_bytes *old; /* what it brought; NULL: nothing waits */
};

#define OLD_BYTES (256u << 10) /* of one reading */

static void begin_catching(struct place *at);

struct sub {
	struct list link; /* pane.subs */
	struct core *core;
	struct pane *pane;
	uint64_t id;
	enum core_lag on_lag;
	bool wants_snapshot;
	bool is_blocked; /* a push answered FULL */
	const struct core_sub_ops *ops;
	void *user;
	struct place places[2];
};

static void on_flush_timer(uv_poll_t *h, int status, int events)
{
	struct core *c = h->data;
	uint64_t n;

	(void)status;
	(void)events;
	if (read(c->flush_fd, &n, sizeof n) < 0 && errno != EAGAIN)
		return;
	if (c->flush_armed_ns)
		hist_record(&c->metrics.loop_lag, clock_mono_ns() - c->flush_armed_ns);
	c->flush_armed_ns = 0; /* the check phase that follows does the work */
}

int fanout_open(struct core *c)
{
	int r;

	c->flush_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->flush_fd < 0)
		return err_origin(-errno);
	r = uv_poll_init(c->loop, &c->flush_poll, c->flush_fd);
	if (r < 0)
		return err_origin(r);
	c->flush_poll.data = c;
	c->n_handles++;
	return err_origin(uv_poll_start(&c->flush_poll, UV_READABLE, on_flush_timer));
}

static void arm(struct core *c, uint64_t deadline_ns)
{
	struct itimerspec t = { .it_value = { .tv_sec = (time_t)(deadline_ns / 1000000000),
					      .tv_nsec = (long)(deadline_ns % 1000000000) } };

	/* An earlier alarm is kept: it costs one idle turn, a system call less now. */
	if (c->flush_armed_ns && c->flush_armed_ns <= deadline_ns)
		return;
	c->flush_armed_ns = deadline_ns;
	if (timerfd_settime(c->flush_fd, TFD_TIMER_ABSTIME, &t, NULL) < 0)
		c->flush_armed_ns = 0;
}

static bool has_waiting(const struct stream *s)
{
	uint64_t head = stream_head(s);

	list_for_each (l, &s->subs) {
		const struct place *at = list_entry(l, struct place, link);

		if ((at->pos < head || at->needs_snapshot) && !at->sub->is_blocked &&
		    !at->is_catching)
			return true;
	}
	return false;
}

/* A pausing subscriber that is behind by half the ring stops the terminal. */
static void pause_if_behind(struct stream *s)
{
	struct core *c = s->pane->core;
	uint64_t head = stream_head(s);
	bool wants = false;

	list_for_each (l, &s->subs) {
		const struct place *at = list_entry(l, struct place, link);

		if (at->sub->on_lag == CORE_LAG_PAUSE && (at->sub->is_blocked || at->is_catching) &&
		    head - at->pos > c->arena.ring_bytes / 2)
			wants = true;
	}
	if (!s->pane->is_held)
		stream_pause(s, wants && s->pane->state == PANE_RUNNING && !s->pane->is_exit_due);
}

void fanout_end_pause(struct stream *s)
{
	list_for_each (l, &s->subs) {
		struct place *at = list_entry(l, struct place, link);

		if (at->sub->is_blocked || at->is_catching)
			at->sub->on_lag = CORE_LAG_RESYNC;
	}
	stream_pause(s, false);
}

void fanout_note(struct stream *s, uint64_t now_ns)
{
	if (list_is_empty(&s->subs)) {
		s->flushed = stream_head(s);
		return;
	}
	if (list_is_empty(&s->flushing)) {
		s->first_ns = now_ns;
		list_append(&s->pane->core->flushing, &s->flushing);
	}
	s->last_ns = now_ns;
	if (stream_head(s) - s->flushed >= CORE_FLUSH_BYTES)
		fanout_flush(s);
	pause_if_behind(s);
}

static void resync(struct stream *s, struct place *at, uint64_t to)
{
	struct core *c = s->pane->core;

	c->metrics.n_resyncs++;
	c->metrics.n_gap_bytes += to - at->pos;
	at->sub->ops->resync(s->pane->number, s->which, at->pos, to, at->sub->user);
	at->pos = to;
	at->needs_snapshot = false;
}

/* Who asked for what is older than the ring, or stops the terminal rather than miss
 * anything, gets it from the journal. */
static bool wants_old(const struct stream *s, const struct place *at)
{
	uint64_t tail, head;

	if (at->sub->wants_snapshot || !(at->is_from_old || at->sub->on_lag == CORE_LAG_PAUSE) ||
	    !recall_has_journal(s->pane))
		return false;
	stream_bounds(s, &tail, &head);
	return tail < stream_tail(s);
}

/* A subscriber that the ring has overrun goes on in the middle of what is kept:
 * at the tail it would be overrun again at once.  Who shows a screen gets one,
 * and earlier: nobody wants to see a flood pass by that is long over. */
static void skip_gap(struct stream *s, struct place *at)
{
	uint64_t tail = stream_tail(s), head = stream_head(s),
		 half = s->pane->core->arena.ring_bytes / 2;
	bool has_screen = at->sub->wants_snapshot && s->which == CORE_OUT && s->pane->vt;

	if (has_screen && (at->needs_snapshot || head - at->pos > CORE_BACKLOG_BYTES)) {
		resync(s, at, head);
	} else if (at->pos < tail && wants_old(s, at)) {
		begin_catching(at);
	} else if (at->pos < tail) {
		resync(s, at, head - tail > half ? head - half : tail);
	}
}

static void make_chunk(struct stream *s, uint64_t from, uint64_t to, struct core_chunk *ret)
{
	struct arena_view v = arena_slot_view(&s->pane->core->arena, s->slot, from, to - from);

	*ret = (struct core_chunk){ .pane = s->pane->number, .stream = s->which };
	ret->bytes = (struct core_bytes){ .p = { v.p[0], v.p[1] },
					  .n = { v.n[0], v.n[1] },
					  .from = from,
					  .to = to,
					  .head = stream_head(s),
					  .tail = stream_tail(s),
					  .is_closed = s->pane->is_closed };
}

/* The lowest position at which somebody can take bytes, and where the next
 * higher one stands: up to there all those at the lowest can share a chunk. */
static bool find_lowest(struct stream *s, uint64_t head, uint64_t *ret_from, uint64_t *ret_to)
{
	uint64_t from = UINT64_MAX, next = head;

	list_for_each (l, &s->subs) {
		struct place *at = list_entry(l, struct place, link);

		if (at->sub->is_blocked || at->is_catching ||
		    (at->pos >= head && !at->needs_snapshot))
			continue;
		skip_gap(s, at);
		if (!at->is_catching && at->pos < from && at->pos < head)
			from = at->pos;
	}
	if (from == UINT64_MAX)
		return false;
	list_for_each (l, &s->subs) {
		const struct place *at = list_entry(l, struct place, link);

		if (!at->sub->is_blocked && !at->is_catching && at->pos > from && at->pos < next)
			next = at->pos;
	}
	*ret_from = from;
	*ret_to = next - from > CORE_FLUSH_BYTES ? from + CORE_FLUSH_BYTES : next;
	return true;
}

static void push_chunk(struct stream *s, uint64_t from, uint64_t to)
{
	struct core *c = s->pane->core;
	const struct core_sub_ops *ops = NULL;
	struct core_chunk chunk;

	make_chunk(s, from, to, &chunk);
	list_for_each (l, &s->subs) {
		struct place *at = list_entry(l, struct place, link);

		if (at->pos != from || at->sub->is_blocked || at->is_catching)
			continue;
		ops = at->sub->ops;
		switch (ops->push(&chunk, at->sub->user)) {
		case CORE_PUSH_OK:
			at->pos = to;
			c->metrics.n_bytes_fanned += to - from;
			break;
		case CORE_PUSH_FULL:
			at->sub->is_blocked = true;
			break;
		}
	}
	if (ops && ops->chunk_done)
		ops->chunk_done(&chunk);
}

void fanout_flush(struct stream *s)
{
	struct core *c = s->pane->core;
	/* Not so what is sent for other reasons than new output, see flush_soon(). */
	bool is_noted = !list_is_empty(&s->flushing) && s->first_ns > 1;
	uint64_t from, to, begun;

	list_remove(&s->flushing);
	if (list_is_empty(&s->subs))
		return;
	begun = clock_mono_ns();
	while (find_lowest(s, stream_head(s), &from, &to))
		push_chunk(s, from, to);
	s->flushed = stream_head(s);
	s->last_flush_ns = clock_mono_ns();
	c->metrics.n_flushes++;
	hist_record(&c->metrics.fanout, s->last_flush_ns - begun);
	if (is_noted)
		hist_record(&c->metrics.flush_wait, s->last_flush_ns - s->first_ns);
}

/* ---- catching up, from the journal ---- */

static void flush_soon(struct stream *s)
{
	s->first_ns = s->last_ns = 1;
	if (list_is_empty(&s->flushing))
		list_append(&s->pane->core->flushing, &s->flushing);
	uv_idle_start(&s->pane->core->spin, core_on_spin);
}

static void end_catching(struct stream *s, struct place *at)
{
	at->is_catching = at->is_from_old = false;
	at->old = NULL;
	at->job = recall_free(at->job);
	flush_soon(s);
	pause_if_behind(s);
}

/* What was read goes to this subscriber alone, in pieces.  False: it is full. */
static bool push_old(struct stream *s, struct place *at)
{
	struct core *c = s->pane->core;
	const struct recall_bytes *b = at->old;

	while (at->pos < b->to) {
		uint64_t n =
			b->to - at->pos < CORE_FLUSH_BYTES ? b->to - at->pos : CORE_FLUSH_BYTES;
		const uint8_t *p = (const uint8_t *)buf_data(&b->data) + (at->pos - b->from);
		struct core_chunk chunk = { .pane = s->pane->number, .stream = s->which };
		enum core_push r;

		chunk.bytes = (struct core_bytes){ .p = { p, p },
						   .n = { (size_t)n, 0 },
						   .from = at->pos,
						   .to = at->pos + n,
						   .is_closed = s->pane->is_closed };
		stream_bounds(s, &chunk.bytes.tail, &chunk.bytes.head);
		r = at->sub->ops->push(&chunk, at->sub->user);
		if (at->sub->ops->chunk_done)
			at->sub->ops->chunk_done(&chunk);
		if (r == CORE_PUSH_FULL) {
			at->sub->is_blocked = true;
			return false;
		}
		at->pos += n;
		c->metrics.n_bytes_fanned += n;
	}
	at->old = NULL;
	return true;
}

static void catch_up(struct stream *s, struct place *at)
{
	if (recall_is_running(at->job) || at->sub->is_blocked)
		return;
	if (at->old && !push_old(s, at))
		return;
	if (at->pos >= stream_tail(s)) {
		end_catching(s, at);
	} else if (recall_start(at->job, at->pos, OLD_BYTES) < 0) {
		resync(s, at, stream_tail(s));
		end_catching(s, at);
	}
}

static void on_old(struct recall_job *j, const struct recall_bytes *b, int r, void *user)
{
	struct place *at = user;
	struct stream *s = &at->sub->pane->streams[at == &at->sub->places[CORE_ERR]];

	(void)j;
	(void)r; /* what could not be read is missing, whatever the reason */
	if (b->to <= at->pos) {
		if (at->pos < stream_tail(s))
			resync(s, at, stream_tail(s));
		end_catching(s, at);
		return;
	}
	if (b->from > at->pos)
		resync(s, at, b->from);
	at->old = b;
	catch_up(s, at);
}

static void begin_catching(struct place *at)
{
	struct pane *p = at->sub->pane;
	struct stream *s = &p->streams[at == &at->sub->places[CORE_ERR]];

	at->is_catching = at->is_from_old = true;
	if (!at->job)
		at->job = recall_new(p, s->which, on_old, at);
	if (at->job) {
		catch_up(s, at);
	} else {
		resync(s, at, stream_tail(s));
		at->is_catching = false;
	}
}

/* ---- when ---- */

/* 0: flush now; else when to look again. */
static uint64_t deadline_of(const struct stream *s, uint64_t now)
{
	const struct core_config *cfg = &s->pane->core->config;
	uint64_t quiet = s->last_ns + (uint64_t)cfg->flush_quiet_us * 1000;
	uint64_t latest = s->first_ns + (uint64_t)cfg->flush_latest_us * 1000;
	bool is_prompt = now - s->pane->last_input_ns < CORE_INPUT_PROMPT_NS ||
			 s->first_ns - s->last_flush_ns >= (uint64_t)cfg->flush_latest_us * 1000;

	if (s->is_eof || now >= latest || (s->is_drained && (is_prompt || now >= quiet)))
		return 0;
	return s->is_drained && quiet < latest ? quiet : latest;
}

void fanout_turn(struct core *c)
{
	uint64_t now, first = UINT64_MAX;

	if (list_is_empty(&c->flushing))
		return;
	now = clock_mono_ns();
	list_for_each_safe (l, &c->flushing) {
		struct stream *s = list_entry(l, struct stream, flushing);
		uint64_t deadline = deadline_of(s, now);

		if (deadline == 0) {
			fanout_flush(s);
		} else if (deadline < first) {
			first = deadline;
		}
	}
	if (first != UINT64_MAX)
		arm(c, first);
}

/* ---- subscribing ---- */

/* Index of the subscription of that id, or where it would stand. */
static uint32_t index_of(const struct core *c, uint64_t id)
{
	uint32_t lo = 0, hi = c->n_subs;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->subs[mid]->id < id) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return lo;
}

static struct sub *find_sub(const struct core *c, uint64_t id)
{
	uint32_t i = index_of(c, id);

	return i < c->n_subs && c->subs[i]->id == id ? c->subs[i] : NULL;
}

static void drop(struct sub *sub, bool tell)
{
	struct core *c = sub->core;
	uint32_t i = index_of(c, sub->id);

	memmove(&c->subs[i], &c->subs[i + 1], (c->n_subs - i - 1) * sizeof(struct sub *));
	c->n_subs--;
	list_remove(&sub->link);
	for (int k = 0; k < 2; k++) {
		if (sub->places[k].is_on) {
			list_remove(&sub->places[k].link);
			recall_free(sub->places[k].job);
			pause_if_behind(&sub->pane->streams[k]);
		}
	}
	if (tell && sub->ops->gone)
		sub->ops->gone(sub->id, sub->user);
	mem_free(sub);
}

static void begin_at(struct sub *sub, enum core_stream which, uint64_t pos)
{
	struct stream *s = &sub->pane->streams[which];
	struct place *at = &sub->places[which];

	at->sub = sub;
	at->pos = pos;
	at->is_on = true;
	at->is_from_old = pos < stream_tail(s);
	at->needs_snapshot = sub->wants_snapshot && which == CORE_OUT && term_get(sub->pane);
	list_append(&s->subs, &at->link);
	if (pos < stream_head(s) || at->needs_snapshot) {
		/* What is kept goes out at the end of this turn. */
		flush_soon(s);
	}
}

int core_subscribe(struct pane *p, const struct core_sub_spec *spec, uint64_t *ret_id,
		   uint64_t *ret_seq, struct fail *reterr)
{
	struct core *c = p->core;
	uint64_t head, oldest, err_oldest, err_head, from;
	struct sub *sub;

	stream_bounds(&p->streams[CORE_OUT], &oldest, &head);
	stream_bounds(&p->streams[CORE_ERR], &err_oldest, &err_head);
	from = head;
	if (c->n_subs >= CORE_MAX_SUBSCRIPTIONS) {
		return fail_setf(reterr, FAIL_LIMIT_SUBSCRIPTIONS, NULL, "the limit is %u",
				 CORE_MAX_SUBSCRIPTIONS);
	}
	if (spec->is_from_set && spec->from > head) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "from",
				 "%llu is beyond the end, %llu", (unsigned long long)spec->from,
				 (unsigned long long)head);
	}
	sub = mem_new(struct sub);
	if (!sub || table_reserve((void ***)&c->subs, c->n_subs + 1, &c->max_subs) < 0) {
		mem_free(sub);
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
	if (spec->is_from_start) {
		from = oldest;
	} else if (spec->is_from_set) {
		from = spec->from;
	}
	sub->core = c;
	sub->pane = p;
	sub->id = c->next_sub++;
	sub->on_lag = spec->on_lag;
	sub->wants_snapshot = spec->wants_snapshot;
	sub->ops = spec->ops;
	sub->user = spec->user;
	list_append(&p->subs, &sub->link);
	c->subs[c->n_subs++] = sub; /* ids grow: it stays sorted */
	/* Also of a pane of which nothing is kept: it may start again. */
	if (spec->wants_out)
		begin_at(sub, CORE_OUT, from);
	if (spec->wants_err && !p->is_pty) {
		begin_at(sub, CORE_ERR,
			 spec->is_from_start                                   ? err_oldest
			 : spec->is_err_from_set && spec->err_from <= err_head ? spec->err_from
									       : err_head);
	}
	pane_release_hold(p);
	*ret_id = sub->id;
	*ret_seq = from;
	return 0;
}

int core_unsubscribe(struct core *c, uint64_t id, struct fail *reterr)
{
	struct sub *sub = find_sub(c, id);
	char ref[24];

	if (!sub) {
		snprintf(ref, sizeof ref, "%llu", (unsigned long long)id);
		return fail_set(reterr, FAIL_SUBSCRIPTION_NOT_FOUND, ref);
	}
	drop(sub, false);
	return 0;
}

void core_subscription_ready(struct core *c, uint64_t id)
{
	struct sub *sub = find_sub(c, id);

	if (!sub || !sub->is_blocked)
		return;
	sub->is_blocked = false;
	for (int i = 0; i < 2; i++) {
		struct stream *s = &sub->pane->streams[i];

		if (sub->places[i].is_on && sub->places[i].is_catching) {
			catch_up(s, &sub->places[i]);
		} else if (sub->places[i].is_on && has_waiting(s)) {
			flush_soon(s);
		}
		pause_if_behind(s);
	}
}

void fanout_drop_pane(struct pane *p)
{
	while (!list_is_empty(&p->subs))
		drop(list_entry(p->subs.next, struct sub, link), true);
}

void fanout_drop_all(struct core *c)
{
	while (c->n_subs > 0)
		drop(c->subs[c->n_subs - 1], false);
	mem_free(c->subs);
	c->subs = NULL;
	c->max_subs = 0;
}
