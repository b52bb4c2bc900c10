/*
 * Reading.  A poll callback only marks its stream ready; reading happens in the
 * check phase, after all sockets of the turn were served: round robin, at most
 * CORE_READ_PER_TURN of a stream and CORE_TURN_NS in all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "core/recall.h"
#include "core/state.h"

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct stream *s = ((struct stream_poll *)h->data)->stream;
	struct pane *p = s->pane;

	pane_hold(p);
	if (events & UV_WRITABLE)
		input_writable(p);
	if (status < 0 || events & ~UV_WRITABLE)
		stream_make_ready(s);
	pane_let_go(p);
}

void stream_init(struct stream *s, struct pane *p, enum core_stream which)
{
	s->pane = p;
	s->which = which;
	s->fd = -1;
	list_init(&s->ready);
	list_init(&s->flushing);
	list_init(&s->subs);
}

/* It ran before: its output goes on where that ended. */
static void begin_behind_journal(struct stream *s)
{
	struct pane *p = s->pane;

	if (s->which == CORE_OUT)
		p->core->arena.slots[s->slot].input_seq = p->input_seq_kept;
	if (p->is_fresh || !recall_has_journal(p))
		return;
	recall_bounds(p);
	if (p->journal_head[s->which] > 0)
		arena_slot_begin_at(&p->core->arena, s->slot, p->journal_head[s->which]);
}

int stream_take_slot(struct stream *s)
{
	struct core *c = s->pane->core;
	enum arena_slot_kind kind = s->pane->is_pty ? ARENA_SLOT_PTY : ARENA_SLOT_PIPE;
	uint32_t recovered = 0;
	bool was_open = false;
	int r;

	if (s->has_slot)
		return 0;
	if (!c->is_adopted && arena_slot_find(&c->arena, s->pane->number, s->which, &s->slot) == 0)
		arena_slot_recover(&c->arena, s->slot, &recovered, &was_open);
	/* Found and sound: one of no known kind was freed just now.  Later there is
	 * none to be found, and looking takes time. */
	if (!c->is_adopted &&
	    arena_slot_find(&c->arena, s->pane->number, s->which, &s->slot) == 0) {
		c->metrics.n_recovered_intents += was_open;
		c->metrics.n_recovered_bytes += recovered;
		s->pane->input_unsure += c->arena.slots[s->slot].input_intent;
		c->arena.slots[s->slot].input_intent = 0;
	} else {
		r = arena_slot_take(&c->arena, kind, s->pane->number, s->which, &s->slot);
		if (r)
			return err_origin(-ENOSPC);
		begin_behind_journal(s);
	}
	s->has_slot = true;
	s->flushed = stream_head(s);
	return 0;
}

void stream_release_slot(struct stream *s)
{
	if (!s->has_slot)
		return;
	if (s->which == CORE_OUT)
		s->pane->input_seq_kept = pane_input_seq(s->pane);
	record_release_slot(s);
	s->has_slot = false;
}

int stream_open(struct stream *s, int fd)
{
	struct core *c = s->pane->core;
	struct stream_poll *poll = mem_new(struct stream_poll);
	int r = poll ? uv_poll_init(c->loop, &poll->handle, fd) : -ENOMEM;

	if (r < 0) {
		mem_free(poll);
		close(fd);
		return err_origin(r);
	}
	poll->handle.data = poll;
	poll->core = c;
	poll->stream = s;
	c->n_handles++;
	s->poll = poll;
	s->fd = fd;
	s->is_open = true;
	s->is_eof = s->is_drained = s->is_paused = s->is_stalled = false;
	s->polled = 0;
	stream_poll_update(s);
	return 0;
}

static void on_poll_closed(uv_handle_t *h)
{
	struct stream_poll *poll = h->data;

	poll->core->n_handles--;
	mem_free(poll);
}

void stream_close(struct stream *s)
{
	if (!s->is_open)
		return;
	list_remove(&s->ready);
	list_remove(&s->flushing);
	uv_close((uv_handle_t *)&s->poll->handle, on_poll_closed);
	close(s->fd);
	s->poll = NULL;
	s->fd = -1;
	s->is_open = s->is_paused = s->is_stalled = false;
}

/* What is worth waking up for: output unless paused or ended, room for input
 * while some waits. */
void stream_poll_update(struct stream *s)
{
	int want = 0;

	if (!s->is_open)
		return;
	if (!s->is_eof && !s->is_paused && !s->is_stalled)
		want |= UV_READABLE;
	if (!s->is_eof && s->which == CORE_OUT && !list_is_empty(&s->pane->writes))
		want |= UV_WRITABLE;
	if (want == s->polled)
		return;
	s->polled = want;
	if (want == 0) {
		uv_poll_stop(&s->poll->handle);
	} else if (uv_poll_start(&s->poll->handle, want, on_poll) < 0) {
		log_error("pane p%llu: its terminal cannot be polled",
			  (unsigned long long)s->pane->number);
	}
}

void stream_make_ready(struct stream *s)
{
	struct core *c = s->pane->core;

	if (!s->is_open || s->is_eof || s->is_paused || s->is_stalled || !list_is_empty(&s->ready))
		return;
	list_append(&c->ready, &s->ready);
	uv_idle_start(&c->spin, core_on_spin);
}

uint64_t stream_head(const struct stream *s)
{
	return s->has_slot ? arena_slot_head(&s->pane->core->arena, s->slot)
			   : s->pane->journal_head[s->which];
}

uint64_t stream_tail(const struct stream *s)
{
	return s->has_slot ? arena_slot_tail(&s->pane->core->arena, s->slot)
			   : s->pane->journal_head[s->which];
}

void stream_bounds(const struct stream *s, uint64_t *ret_tail, uint64_t *ret_head)
{
	struct pane *p = s->pane;

	*ret_tail = stream_tail(s);
	if (recall_has_journal(p) && !record_tail(p, s->which, ret_tail)) {
		recall_bounds(p);
		if (p->has_old_journal)
			*ret_tail = p->journal_tail[s->which];
	}
	*ret_head = stream_head(s);
}

static void on_pause_timer(uv_timer_t *t);

/* One timer for all: it looks when the oldest pause may be over. */
static void arm_pause(struct core *c, uint64_t left_ns)
{
	if (!uv_is_active((uv_handle_t *)&c->pause_timer))
		uv_timer_start(&c->pause_timer, on_pause_timer, left_ns / 1000000 + 1, 0);
}

static void on_pause_timer(uv_timer_t *t)
{
	struct core *c = t->data;
	uint64_t now = clock_mono_ns(), max_ns = (uint64_t)c->config.pause_max_ms * 1000000;
	uint64_t left_ns = 0;

	for (uint32_t i = 0; i < c->n_panes; i++) {
		for (int k = 0; k < 2; k++) {
			struct stream *s = &c->panes[i]->streams[k];

			if (!s->is_paused)
				continue;
			if (now - s->paused_since_ns < max_ns) {
				uint64_t left = s->paused_since_ns + max_ns - now;

				left_ns = left_ns && left_ns < left ? left_ns : left;
				continue;
			}
			log_warn("pane p%llu was stopped for %u ms: its reader is too slow",
				 (unsigned long long)c->panes[i]->number, c->config.pause_max_ms);
			pane_release_hold(c->panes[i]);
			fanout_end_pause(s);
		}
	}
	if (left_ns)
		arm_pause(c, left_ns);
}

void stream_pause(struct stream *s, bool on)
{
	if (s->is_paused == on || (on && !s->is_open))
		return;
	s->is_paused = on;
	s->paused_since_ns = on ? clock_mono_ns() : 0;
	if (on) {
		s->pane->core->metrics.n_pauses++;
		list_remove(&s->ready);
		arm_pause(s->pane->core, (uint64_t)s->pane->core->config.pause_max_ms * 1000000);
	}
	stream_poll_update(s);
	if (!on)
		stream_make_ready(s);
}

/* What the ring holds is not in the journal yet: the program waits for the disk. */
static void stall(struct stream *s)
{
	s->is_stalled = true;
	s->pane->core->metrics.n_stalls++;
	list_remove(&s->ready);
	stream_poll_update(s);
}

void stream_unstall(struct stream *s)
{
	if (!s->is_stalled)
		return;
	s->is_stalled = false;
	stream_poll_update(s);
	stream_make_ready(s);
}

void pane_release_hold(struct pane *p)
{
	if (!p->is_held)
		return;
	p->is_held = false;
	for (int i = 0; i < 2; i++)
		stream_pause(&p->streams[i], false);
}

/* Nobody reads yet who wants every byte: up to here the ring has room for it, and
 * for what an exit may still bring. */
static bool is_full_for_hold(const struct stream *s)
{
	return s->pane->is_held && !s->pane->is_exit_due &&
	       stream_head(s) + 2ull * CORE_READ_PER_TURN + ARENA_READ_MAX >
		       s->pane->core->arena.ring_bytes;
}

/* The test hook of the quarantine: a planted crash. */
static void look_for_trap(struct stream *s, uint64_t from, uint64_t to)
{
	struct core *c = s->pane->core;
	const char *trap = c->config.abort_on;
	struct arena_view v;

	if (!trap[0] || s->pane->is_quarantined || to <= from)
		return;
	core_feed_enter(c, s->pane->number, from);
	v = arena_slot_view(&c->arena, s->slot, from, to - from);
	for (int i = 0; i < 2; i++) {
		if (v.n[i] && memmem(v.p[i], v.n[i], trap, strlen(trap)))
			abort();
	}
	core_feed_leave(c);
}

/* What is being fed is written down first: bytes that kill the daemon twice are
 * not fed again. */
static void feed(struct stream *s)
{
	struct arena_slot *slot = &s->pane->core->arena.slots[s->slot];
	uint64_t from = slot->fed_seq, tail = stream_tail(s);

	look_for_trap(s, from < tail ? tail : from, stream_head(s));
	if (s->which == CORE_OUT && s->pane->is_pty) {
		term_feed(s->pane);
	} else {
		slot->fed_seq = stream_head(s);
	}
}

void stream_refeed(struct stream *s)
{
	if (s->has_slot && stream_head(s) > s->pane->core->arena.slots[s->slot].fed_seq) {
		feed(s);
		record_output(s);
	}
}

static void on_eof(struct stream *s)
{
	s->is_eof = true;
	list_remove(&s->ready);
	stream_poll_update(s);
	fanout_flush(s);
	if (s->which == CORE_OUT && s->pane->is_pty)
		input_fail_all(s->pane, FAIL_INPUT_CLOSED);
}

/*
 * Is more there already?  Where it is not, arena_slot_read() asks poll(), and
 * poll() on a pseudo terminal waits for the kernel's worker that carries bytes
 * over, which a program that floods keeps from a core for milliseconds.  So that
 * is asked for once in a turn, before the first byte, and sockets come between.
 */
static bool has_more(const struct stream *s)
{
	int n;

	return ioctl(s->fd, FIONREAD, &n) < 0 || n > 0;
}

/* One stream's turn.  False: it goes to the end of the queue. */
static bool read_stream(struct stream *s)
{
	struct core *c = s->pane->core;
	uint64_t room = record_room(s), begun = clock_mono_ns();
	uint32_t n, total = 0;
	int r = 0;

	while (total < CORE_READ_PER_TURN && total + ARENA_READ_MAX <= room &&
	       (total == 0 || has_more(s))) {
		r = arena_slot_read(&c->arena, s->slot, s->fd, &n);
		if (r == ARENA_READ_E_PACKET)
			continue;
		if (r)
			break;
		total += n;
		c->metrics.n_reads++;
	}
	if (r < 0) {
		log_fault(r, "pane p%llu: reading failed", (unsigned long long)s->pane->number);
		r = ARENA_READ_E_EOF;
	}
	if (total > 0) {
		uint64_t now = clock_mono_ns();

		c->metrics.n_bytes_read += total;
		s->pane->last_output_ns = now;
		hist_record(&c->metrics.read, now - begun);
		PROBE3(pane_output, s->pane->number, stream_head(s), total);
		measure_output(s->pane, now, total);
		feed(s);
		hist_record(&c->metrics.parse, clock_mono_ns() - now);
		record_output(s);
		squeeze_note_output(s->pane);
		fanout_note(s, now);
		wanted_on_output(s->pane, now);
		wait_on_output(s->pane);
	}
	s->is_drained = r == ARENA_READ_E_AGAIN || r == ARENA_READ_E_EOF;
	if (room < ARENA_READ_MAX)
		stall(s);
	if (is_full_for_hold(s))
		stream_pause(s, true);
	if (r == ARENA_READ_E_EOF)
		on_eof(s);
	return s->is_drained;
}

void reader_turn(struct core *c)
{
	uint64_t begun;
	struct list end; /* who comes behind it waits for the next turn */

	if (list_is_empty(&c->ready) || c->is_handing_over)
		return;
	begun = clock_mono_ns();
	list_append(&c->ready, &end);
	while (c->ready.next != &end) {
		struct stream *s = list_entry(c->ready.next, struct stream, ready);
		struct pane *p = s->pane;

		pane_hold(p);
		list_remove(&s->ready);
		if (!read_stream(s) && !s->is_paused && !s->is_stalled && s->is_open)
			list_append(&c->ready, &s->ready);
		pane_settle_exit(p);
		pane_settle_closed(p);
		pane_let_go(p);
		if (clock_mono_ns() - begun > CORE_TURN_NS)
			break;
	}
	list_remove(&end);
	hist_record(&c->metrics.read_turn, clock_mono_ns() - begun);
}
