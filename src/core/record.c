/* Journaling, the loop's side: what is queued, and when a terminal must wait. */
#include "core/record.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "vt/image.h"
#include "vt/vt.h"

static bool is_queueing(const struct recording *rec)
{
	return rec && (rec->state == RECORD_ON || rec->is_trying);
}

/* ---- items ---- */

static struct record_item *new_item(enum journal_kind kind, uint32_t stream, uint64_t seq,
				    const void *data, size_t n)
{
	struct record_item *i = mem_zalloc(1, sizeof *i + n);

	if (!i)
		return NULL;
	i->r.kind = kind;
	i->r.stream = stream;
	i->r.seq = i->to = seq;
	i->r.mono_us = clock_mono_ns() / 1000;
	i->r.wall_us = clock_wall_us();
	if (n > 0) {
		memcpy(i->data, data, n);
		i->r.data[0] = (struct journal_piece){ i->data, n };
	}
	return i;
}

/* Under the lock.  The thread is woken for the first item, to sleep until it is
 * due, and when so much waits that it should not sleep. */
static void put(struct recording *rec, struct record_item *i)
{
	struct recorder *r = rec->r;
	bool was_urgent = rec->is_urgent, was_idle = list_is_empty(&r->due);

	list_append(&rec->items, &i->link);
	rec->n_items++;
	if (i->r.kind == JOURNAL_OUTPUT) {
		rec->n_bytes += i->to - i->r.seq;
		rec->queued[i->r.stream] = i->to;
	}
	rec->is_urgent = rec->n_bytes >= RECORD_URGENT_BYTES;
	record_schedule(rec);
	if (rec->is_urgent && !was_urgent) {
		list_remove(&rec->due);
		list_append(r->due.next, &rec->due);
	}
	if (r->is_asleep && (was_idle || (rec->is_urgent && !was_urgent)))
		pthread_cond_signal(&r->wake);
}

/* Under the lock.  True: the last item covers it now. */
static bool merge_output(struct recording *rec, uint32_t stream, uint64_t to, uint64_t now_us)
{
	struct record_item *last;
	uint64_t n;

	if (list_is_empty(&rec->items))
		return false;
	last = list_entry(rec->items.prev, struct record_item, link);
	if (last->r.kind != JOURNAL_OUTPUT || last->r.stream != stream ||
	    last->to != rec->queued[stream])
		return false;
	n = to - last->to;
	if (last->to - last->r.seq + n > JOURNAL_OUTPUT_MAX ||
	    (now_us - last->r.mono_us > RECORD_MERGE_NS / 1000 &&
	     rec->n_items < RECORD_MERGE_ITEMS))
		return false;
	list_remove(&last->link);
	rec->n_items--;
	rec->n_bytes -= last->to - last->r.seq;
	last->to = to;
	put(rec, last);
	return true;
}

static void queue_output(struct recording *rec, uint32_t stream, uint64_t to)
{
	struct recorder *r = rec->r;
	struct record_item *i = NULL;
	bool is_done;

	if (to <= rec->queued[stream])
		return;
	pthread_mutex_lock(&r->lock);
	is_done = merge_output(rec, stream, to, clock_mono_ns() / 1000);
	if (!is_done)
		i = new_item(JOURNAL_OUTPUT, stream, rec->queued[stream], NULL, 0);
	if (i) {
		i->to = to;
		put(rec, i);
	}
	pthread_mutex_unlock(&r->lock); /* without memory: the next one covers it too */
}

static void queue(struct recording *rec, struct record_item *i)
{
	if (!i)
		return;
	if (i->r.kind == JOURNAL_INPUT && rec->n_items > RECORD_MAX_ITEMS) {
		mem_free(i);
		return;
	}
	pthread_mutex_lock(&rec->r->lock);
	put(rec, i);
	pthread_mutex_unlock(&rec->r->lock);
}

/* ---- recordings ---- */

static void attach_slot(struct recording *rec, struct stream *s)
{
	struct core *c = s->pane->core;
	struct arena_slot *slot;
	uint64_t from;

	if (!s->has_slot || rec->slot[s->which])
		return;
	slot = &c->arena.slots[s->slot];
	from = slot->journaled_seq > stream_tail(s) ? slot->journaled_seq : stream_tail(s);
	pthread_mutex_lock(&rec->r->lock);
	rec->slot[s->which] = slot;
	rec->ring[s->which] = c->arena.rings + (size_t)s->slot * c->arena.ring_bytes;
	rec->queued[s->which] = rec->written[s->which] = rec->copied[s->which] = from;
	pthread_mutex_unlock(&rec->r->lock);
}

/* Of a daemon that died: what it had read and resized, and not written. */
static void queue_leftovers(struct recording *rec)
{
	struct pane *p = rec->pane;
	struct stream *out = &p->streams[CORE_OUT];
	struct arena_event events[ARENA_EVENTS];
	uint32_t n, end, done;

	if (!out->has_slot)
		return;
	n = arena_slot_events(&p->core->arena, out->slot, events, ARENA_EVENTS);
	end = rec->slot[0]->n_events;
	done = rec->slot[0]->n_events_journaled;
	for (uint32_t i = 0; i < n; i++) {
		struct record_item *item;

		if (end - n + i < done || events[i].kind != 1 ||
		    events[i].seq > rec->slot[0]->fed_seq)
			continue;
		queue_output(rec, CORE_OUT, events[i].seq);
		item = new_item(JOURNAL_RESIZE, CORE_OUT, events[i].seq, NULL, 0);
		if (!item)
			continue;
		item->r.resize.cols = events[i].a;
		item->r.resize.rows = events[i].b;
		item->event = end - n + i + 1;
		queue(rec, item);
	}
	for (int k = 0; k < 2; k++) {
		if (rec->slot[k])
			queue_output(rec, (uint32_t)k, rec->slot[k]->fed_seq);
	}
}

static struct recording *make(struct pane *p)
{
	struct core *c = p->core;
	struct recording *rec = mem_new(struct recording);

	if (!rec || record_start_threads(c->recorder) < 0) {
		mem_free(rec);
		err_clear();
		return NULL;
	}
	rec->r = c->recorder;
	rec->pane = p;
	rec->number = p->number;
	rec->state = RECORD_ON;
	rec->release[0] = rec->release[1] = -1;
	list_init(&rec->marks);
	list_init(&rec->due);
	list_init(&rec->news);
	list_init(&rec->items);
	list_init(&rec->open);
	list_init(&rec->dirty);
	p->rec = rec;
	return rec;
}

/* NULL: it is not recorded (or there is no memory: the next output tries again). */
static struct recording *record_of(struct pane *p)
{
	struct core *c = p->core;

	if (p->rec || p->is_private || !c->config.journal.is_enabled || !c->recorder)
		return p->rec;
	if (!make(p))
		return NULL;
	for (int k = 0; k < 2; k++)
		attach_slot(p->rec, &p->streams[k]);
	queue_leftovers(p->rec);
	return p->rec;
}

void record_adopt(struct pane *p)
{
	const struct stream *out = &p->streams[CORE_OUT];
	bool has_rest = false;

	for (int k = 0; k < 2; k++) {
		const struct stream *s = &p->streams[k];
		const struct arena_slot *slot = &p->core->arena.slots[s->slot];

		has_rest = has_rest || (s->has_slot && slot->journaled_seq < slot->fed_seq);
	}
	if (out->has_slot) {
		const struct arena_slot *slot = &p->core->arena.slots[out->slot];

		has_rest = has_rest || slot->n_events_journaled < slot->n_events;
	}
	if (has_rest)
		(void)record_of(p);
}

/* ---- what happens to a pane ---- */

/* Marks stand where they came up. */
static void queue_fed(struct recording *rec, uint32_t stream)
{
	list_for_each_safe (l, &rec->marks) {
		struct record_item *i = list_entry(l, struct record_item, link);

		list_remove(l);
		queue_output(rec, i->r.stream, i->r.seq);
		queue(rec, i);
	}
	queue_output(rec, stream, rec->slot[stream]->fed_seq);
}

void record_output(struct stream *s)
{
	struct recording *rec = record_of(s->pane);

	if (!rec)
		return;
	attach_slot(rec, s);
	if (!is_queueing(rec)) {
		record_drop_marks(s->pane);
		return;
	}
	queue_fed(rec, s->which);
	record_checkpoint(s->pane, RECORD_CHECKPOINT_BYTES);
}

void record_drop_marks(struct pane *p)
{
	if (!p->rec)
		return;
	list_for_each_safe (l, &p->rec->marks) {
		list_remove(l);
		mem_free(list_entry(l, struct record_item, link));
	}
}

void record_mark(struct pane *p, uint64_t seq, enum journal_mark what, int64_t value,
		 const char *text)
{
	struct recording *rec = record_of(p);
	size_t n = strlen(text);
	struct record_item *i;

	if (!is_queueing(rec))
		return;
	i = new_item(JOURNAL_MARK, CORE_OUT, seq, text,
		     n < JOURNAL_TEXT_MAX ? n : JOURNAL_TEXT_MAX);
	if (!i)
		return;
	i->r.mark.what = what;
	i->r.mark.value = value;
	list_append(&rec->marks, &i->link);
}

/* Something that stands behind all that was fed so far. */
static struct record_item *begin(struct pane *p, enum journal_kind kind, const void *data, size_t n)
{
	struct recording *rec = record_of(p);
	struct stream *out = &p->streams[CORE_OUT];

	if (!rec)
		return NULL;
	attach_slot(rec, out);
	if (!is_queueing(rec) || !rec->slot[CORE_OUT])
		return NULL;
	queue_fed(rec, CORE_OUT);
	return new_item(kind, CORE_OUT, rec->slot[CORE_OUT]->fed_seq, data, n);
}

void record_resize(struct pane *p)
{
	struct record_item *i = begin(p, JOURNAL_RESIZE, NULL, 0);

	if (!i)
		return;
	i->r.resize.cols = p->cols;
	i->r.resize.rows = p->rows;
	i->event = p->rec->slot[CORE_OUT]->n_events;
	queue(p->rec, i);
}

void record_spawn(struct pane *p)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct record_item *i;
	size_t k;
	json_t *arg;

	buf_put(&b, p->cwd, strlen(p->cwd) + 1);
	json_array_foreach(p->command, k, arg)
	{
		if (buf_len(&b) + json_string_length(arg) + 1 <= JOURNAL_TEXT_MAX)
			buf_put(&b, json_string_value(arg), json_string_length(arg) + 1);
	}
	i = buf_check(&b) < 0 ? NULL : begin(p, JOURNAL_SPAWN, buf_data(&b), buf_len(&b));
	if (!i)
		return;
	i->r.spawn.generation = p->generation;
	i->r.spawn.cols = p->cols;
	i->r.spawn.rows = p->rows;
	queue(p->rec, i);
}

void record_exit(struct pane *p)
{
	struct record_item *i = begin(p, JOURNAL_EXIT, NULL, 0);

	if (!i)
		return;
	i->r.exit.code = WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1;
	i->r.exit.signal = WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;
	queue(p->rec, i);
}

void record_closed(struct pane *p)
{
	struct record_item *i = begin(p, JOURNAL_CLOSED, NULL, 0);

	if (i)
		queue(p->rec, i);
}

/* Only what the terminal itself shows: whatever is typed unseen may be a secret. */
void record_input(struct pane *p, const void *data, size_t n)
{
	struct termios t;
	struct record_item *i;

	if (!p->core->config.journal.has_input || p->is_private || n > JOURNAL_TEXT_MAX ||
	    tcgetattr(p->streams[CORE_OUT].fd, &t) < 0 || !(t.c_lflag & ECHO))
		return;
	i = begin(p, JOURNAL_INPUT, data, n);
	if (i)
		queue(p->rec, i);
}

void record_checkpoint(struct pane *p, uint64_t min_bytes)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct stream *out = &p->streams[CORE_OUT];
	struct record_item *i;
	uint64_t fed;

	if (!p->vt || !is_queueing(p->rec) || !out->has_slot)
		return;
	fed = p->core->arena.slots[out->slot].fed_seq;
	if (fed - p->checkpoint_seq < min_bytes || fed == p->checkpoint_seq)
		return;
	p->checkpoint_seq = fed; /* whether or not it can be had: the next one is far away */
	if (vt_save(p->vt, &b) < 0 || buf_len(&b) > JOURNAL_CHECKPOINT_MAX) {
		err_clear();
		return;
	}
	i = begin(p, JOURNAL_CHECKPOINT, buf_data(&b), buf_len(&b));
	if (!i)
		return;
	i->r.checkpoint.lines_pushed = vt_lines_pushed(p->vt);
	queue(p->rec, i);
	if (p->cwd_now)
		record_mark(p, fed, JOURNAL_MARK_CWD, 0, p->cwd_now);
}

/* ---- after a failure ---- */

/* From what the ring still holds; what it lost meanwhile becomes a gap. */
void record_try_again(struct recording *rec)
{
	struct pane *p = rec->pane;

	pthread_mutex_lock(&rec->r->lock);
	/* What was queued between the failure and our hearing of it comes again. */
	record_free_items(rec);
	rec->has_failed = false;
	for (int k = 0; k < 2; k++) {
		uint64_t tail = stream_tail(&p->streams[k]);

		if (rec->written[k] < tail)
			rec->written[k] = tail;
		rec->queued[k] = rec->copied[k] = rec->written[k];
	}
	pthread_mutex_unlock(&rec->r->lock);
	rec->is_trying = true;
	record_resize(p);
	for (int k = 0; k < 2; k++) {
		if (rec->slot[k])
			queue_output(rec, (uint32_t)k, rec->slot[k]->fed_seq);
	}
	record_checkpoint(p, 0);
	if (p->state == PANE_EXITED)
		record_exit(p);
	if (p->is_closed)
		record_closed(p);
}

/* ---- room in the ring ---- */

/* Under the lock, policy gap: what is not yet with the thread is given up. */
static void give_up(struct recording *rec, uint32_t stream, uint64_t head)
{
	uint64_t from = rec->queued[stream];
	struct record_item *gap;

	list_for_each_safe (l, &rec->items) {
		struct record_item *i = list_entry(l, struct record_item, link);

		if (i->r.kind != JOURNAL_OUTPUT || i->r.stream != stream)
			continue;
		from = i->r.seq < from ? i->r.seq : from;
		rec->n_items--;
		rec->n_bytes -= i->to - i->r.seq;
		list_remove(l);
		mem_free(i);
	}
	gap = new_item(JOURNAL_GAP, stream, from, NULL, 0);
	if (gap) {
		gap->to = gap->r.gap.to = head;
		gap->r.gap.reason = JOURNAL_GAP_POLICY;
		put(rec, gap);
	}
	/* Without memory for saying so the journal marks the gap by itself. */
	rec->queued[stream] = rec->copied[stream] = head;
	rec->r->core->metrics.n_journal_gap_bytes += head - from;
}

uint64_t record_room(struct stream *s)
{
	struct recording *rec = s->pane->rec;
	uint64_t head = stream_head(s), size = s->pane->core->arena.ring_bytes, room;

	if (!is_queueing(rec) || !rec->slot[s->which])
		return UINT64_MAX;
	pthread_mutex_lock(&rec->r->lock);
	if (rec->r->is_gap_policy && !rec->is_copying &&
	    size - (head - rec->copied[s->which]) < ARENA_READ_MAX)
		give_up(rec, s->which, head);
	room = size - (head - (rec->r->is_gap_policy ? rec->copied : rec->written)[s->which]);
	if (room < ARENA_READ_MAX)
		rec->wants_wake = !rec->has_failed;
	if (rec->has_failed)
		room = UINT64_MAX;
	pthread_mutex_unlock(&rec->r->lock);
	return room;
}

/* ---- the end of a pane ---- */

/* The thread may be reading from the ring: then the slot waits for it. */
void record_release_slot(struct stream *s)
{
	struct recording *rec = s->pane->rec;
	bool is_busy = false;

	if (rec && rec->slot[s->which]) {
		pthread_mutex_lock(&rec->r->lock);
		is_busy = rec->is_busy;
		rec->slot[s->which] = NULL;
		pthread_mutex_unlock(&rec->r->lock);
	}
	if (is_busy) {
		rec->release[s->which] = s->slot;
	} else {
		arena_slot_release(&s->pane->core->arena, s->pane->core->arena_fd, s->slot);
	}
}

void record_pane_gone(struct pane *p, bool wants_delete)
{
	struct core *c = p->core;
	struct recording *rec = p->rec;

	/* Also a journal that this daemon never opened. */
	if (!rec && wants_delete && !p->is_private && c->recorder)
		rec = make(p);
	if (!rec)
		return;
	p->rec = NULL;
	rec->pane = NULL;
	if (!c->recorder) {
		record_free(rec);
		return;
	}
	pthread_mutex_lock(&rec->r->lock);
	rec->is_dropped = true;
	rec->wants_delete = wants_delete;
	record_schedule(rec);
	list_remove(&rec->due);
	list_append(rec->r->due.next, &rec->due);
	pthread_cond_signal(&rec->r->wake);
	pthread_mutex_unlock(&rec->r->lock);
}

/* What is not in the journal by now is not to get there. */
static void skip_ring(struct stream *s)
{
	struct arena_slot *slot = &s->pane->core->arena.slots[s->slot];

	if (!s->has_slot)
		return;
	atomic_store(&slot->journaled_seq, atomic_load(&slot->fed_seq));
	atomic_store(&slot->base_seq, atomic_load(&slot->fed_seq));
	atomic_store(&slot->n_events_journaled, atomic_load(&slot->n_events));
}

void record_forget(struct pane *p)
{
	struct recording *rec = p->rec;

	if (rec) {
		/* What it is writing just now counts for nothing. */
		pthread_mutex_lock(&rec->r->lock);
		rec->slot[0] = rec->slot[1] = NULL;
		pthread_mutex_unlock(&rec->r->lock);
	}
	record_pane_gone(p, true);
	for (int k = 0; k < 2; k++) {
		skip_ring(&p->streams[k]);
		p->journal_tail[k] = p->journal_head[k] = stream_head(&p->streams[k]);
	}
	p->has_bounds = true;
	p->has_old_journal = false;
	p->checkpoint_seq = 0;
	if (!p->streams[CORE_OUT].has_slot)
		return;
	/* The screen is what is now, not what was: a new journal begins with it. */
	record_resize(p);
	record_checkpoint(p, 0);
}

bool record_tail(const struct pane *p, enum core_stream which, uint64_t *ret)
{
	struct recording *rec = p->rec;
	bool has_tail;

	if (!rec)
		return false;
	pthread_mutex_lock(&rec->r->lock);
	has_tail = rec->has_tail;
	*ret = rec->tail[which];
	pthread_mutex_unlock(&rec->r->lock);
	return has_tail;
}

void record_get(const struct pane *p, struct pane_journal_info *ret)
{
	const struct recording *rec = p->rec;
	const struct stream *out = &p->streams[CORE_OUT];

	*ret = (struct pane_journal_info){ .state = RECORD_OFF };
	if (p->is_private || !p->core->config.journal.is_enabled)
		return;
	ret->state = rec ? rec->state : RECORD_ON;
	ret->error = rec ? rec->error : 0;
	if (out->has_slot)
		ret->seq = p->core->arena.slots[out->slot].journaled_seq;
}
