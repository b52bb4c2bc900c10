/* The disk thread: it takes what is due, writes it, and says how far it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/probe.h"
#include "core/record.h"

#define RETENTION_STEPS 4
#define TOTAL_EVERY (64ull << 20) /* bytes written between two looks at all journals */

/* ---- what the loop is told ---- */

void record_tell(struct recording *rec)
{
	if (list_is_empty(&rec->news))
		list_append(&rec->r->news, &rec->news);
	uv_async_send(&rec->r->async);
}

void record_free_items(struct recording *rec)
{
	list_for_each_safe (l, &rec->items) {
		list_remove(l);
		mem_free(list_entry(l, struct record_item, link));
	}
	rec->n_items = 0;
	rec->n_bytes = 0;
	rec->is_urgent = false;
}

static void fail(struct recording *rec, int error)
{
	record_free_items(rec);
	rec->has_failed = true;
	rec->is_told = false;
	rec->failure = error;
	record_tell(rec);
}

/* ---- the file ---- */

static void close_writer(struct recording *rec)
{
	(void)!journal_writer_close(rec->w);
	err_clear();
	rec->w = NULL;
	list_remove(&rec->open);
	list_remove(&rec->dirty);
}

/* A journal that knows more than there ever was is not of this pane's life. */
static int set_aside(const char *dir)
{
	char to[600];

	snprintf(to, sizeof to, "%s.ahead-%llu", dir, (unsigned long long)clock_wall_us());
	return rename(dir, to) < 0 ? err_origin(-errno) : 0;
}

static int open_once(struct recording *rec, const uint64_t *queued, const char *dir)
{
	struct journal_state state;
	int r = journal_writer_open(dir, rec->number, &rec->r->opts, &state, &rec->w);

	if (r)
		return r > 0 ? err_origin(-EPROTONOSUPPORT) : err_trace(r);
	list_append(&rec->r->open, &rec->open);
	if (state.head[0] <= queued[0] && state.head[1] <= queued[1])
		return 0;
	close_writer(rec);
	return 1;
}

static int open_writer(struct recording *rec, const uint64_t *queued)
{
	char dir[560];
	int r;

	if (rec->w)
		return 0;
	r = err_trace(journal_path(rec->r->state_dir, rec->number, dir, sizeof dir));
	if (r == 0)
		r = open_once(rec, queued, dir);
	if (r > 0) {
		r = err_trace(set_aside(dir));
		if (r == 0)
			r = open_once(rec, queued, dir);
	}
	return r > 0 ? err_origin(-EIO) : r;
}

/* ---- a batch ---- */

static struct journal_piece piece(const struct recording *rec, uint32_t stream, uint64_t from,
				  uint64_t to)
{
	size_t size = rec->r->core->arena.ring_bytes, at = from & (size - 1);
	size_t n = to - from < size - at ? to - from : size - at;

	return (struct journal_piece){ rec->ring[stream] + at, n };
}

/* @i names a range of the ring: one record a piece of at most JOURNAL_OUTPUT_MAX. */
static int append_output(struct recording *rec, const struct record_item *i)
{
	struct journal_record out = i->r;
	int r = 0;

	while (r == 0 && out.seq < i->to) {
		uint64_t to =
			i->to - out.seq > JOURNAL_OUTPUT_MAX ? out.seq + JOURNAL_OUTPUT_MAX : i->to;

		out.data[0] = piece(rec, out.stream, out.seq, to);
		out.data[1] = (struct journal_piece){ NULL, 0 };
		if (out.seq + out.data[0].n < to)
			out.data[1] = piece(rec, out.stream, out.seq + out.data[0].n, to);
		r = journal_append(rec->w, &out);
		out.seq = to;
	}
	return r;
}

static int append(struct recording *rec, struct record_item *i)
{
	struct journal_state state;

	if (i->r.kind == JOURNAL_OUTPUT)
		return append_output(rec, i);
	journal_writer_state(rec->w, &state);
	/* Recovery offers again what may have been written before the crash. */
	if (i->r.seq < state.head[i->r.stream])
		return 0;
	return journal_append(rec->w, &i->r);
}

struct batch {
	struct list items;
	uint64_t waited_ns, append_ns, flush_ns, sync_ns; /* sync_ns 0: it was not synced */
	uint64_t to[2];
	uint64_t n_bytes;
	uint32_t event;
};

/* Splice off what fits one batch. */
static void take(struct recording *rec, struct batch *b)
{
	uint64_t n = 0;

	b->waited_ns = clock_mono_ns() - rec->first_ns;
	for (int k = 0; k < 2; k++)
		b->to[k] = rec->written[k];
	while (!list_is_empty(&rec->items) && n < RECORD_BATCH_BYTES) {
		struct record_item *i = list_entry(rec->items.next, struct record_item, link);

		list_remove(&i->link);
		list_append(&b->items, &i->link);
		rec->n_items--;
		if (i->event)
			b->event = i->event;
		if (i->r.kind == JOURNAL_OUTPUT) {
			n += i->to - i->r.seq;
			rec->n_bytes -= i->to - i->r.seq;
		}
		if (i->r.kind == JOURNAL_OUTPUT || i->r.kind == JOURNAL_GAP)
			b->to[i->r.stream] = i->to;
	}
	b->n_bytes = n;
	rec->is_copying = true;
	rec->is_urgent = rec->n_bytes >= RECORD_URGENT_BYTES;
}

static void note_copied(struct recording *rec, const struct batch *b)
{
	pthread_mutex_lock(&rec->r->lock);
	rec->is_copying = false;
	for (int k = 0; k < 2; k++) {
		if (rec->copied[k] < b->to[k])
			rec->copied[k] = b->to[k];
	}
	if (rec->r->is_gap_policy && rec->wants_wake)
		record_tell(rec);
	pthread_mutex_unlock(&rec->r->lock);
}

static int append_all(struct recording *rec, struct batch *b, bool *ret_is_closed)
{
	int r = 0;

	list_for_each_safe (l, &b->items) {
		struct record_item *i = list_entry(l, struct record_item, link);

		if (r == 0)
			r = append(rec, i);
		*ret_is_closed = i->r.kind == JOURNAL_CLOSED;
		mem_free(i);
	}
	return r;
}

static int write_batch(struct recording *rec, struct batch *b, bool is_sync)
{
	bool is_closed = false;
	uint64_t begun = clock_mono_ns(), appended, flushed;
	int r = append_all(rec, b, &is_closed);

	appended = clock_mono_ns();
	b->append_ns = appended - begun;
	note_copied(rec, b);
	if (r == 0)
		r = journal_flush(rec->w);
	flushed = clock_mono_ns();
	b->flush_ns = flushed - appended;
	PROBE3(journal_flush, rec->number, b->n_bytes, b->flush_ns);
	if (r == 0 && is_closed)
		r = journal_finish_segment(rec->w);
	if (r == 0 && is_sync)
		r = journal_sync(rec->w);
	if (is_sync)
		b->sync_ns = clock_mono_ns() - flushed;
	for (int n = 0; r == 0 && n < RETENTION_STEPS; n++) {
		if (journal_step(rec->w, NULL) != JOURNAL_E_MORE)
			break;
	}
	return r > 0 ? err_origin(-EIO) : r;
}

static void note_times(struct core_journal_metrics *m, const struct batch *b)
{
	m->n_bytes += b->n_bytes;
	hist_record(&m->wait, b->waited_ns);
	hist_record(&m->append, b->append_ns);
	hist_record(&m->flush, b->flush_ns);
	if (b->sync_ns)
		hist_record(&m->sync, b->sync_ns);
}

/* What is in the file outlives the daemon: now the ring need not hold it. */
static void report(struct recording *rec, const struct batch *b)
{
	struct journal_state state;

	rec->r->n_unchecked += b->n_bytes;
	note_times(&rec->r->metrics, b);
	journal_writer_state(rec->w, &state);
	rec->has_tail = true;
	memcpy(rec->tail, state.tail, sizeof rec->tail);
	for (int k = 0; k < 2; k++) {
		if (rec->written[k] < b->to[k])
			rec->written[k] = b->to[k];
		if (rec->slot[k])
			atomic_store(&rec->slot[k]->journaled_seq, rec->written[k]);
	}
	if (b->event && rec->slot[0])
		atomic_store(&rec->slot[0]->n_events_journaled, b->event);
	if (rec->failure) {
		rec->failure = 0;
		rec->has_succeeded = true;
		record_tell(rec);
	}
}

/* It was written to: it is unused from now on, and what it holds is not synced. */
static void note_use(struct recording *rec)
{
	struct recorder *r = rec->r;

	rec->used_ns = clock_mono_ns();
	list_remove(&rec->open);
	list_append(&r->open, &rec->open);
	if (r->sync_ns > 0 && list_is_empty(&rec->dirty)) {
		rec->dirty_ns = rec->used_ns;
		list_append(&r->dirty, &rec->dirty);
	}
}

/* How far there can be anything: a journal that goes beyond is of another life. */
static void get_limits(const struct recording *rec, uint64_t *limit)
{
	for (int k = 0; k < 2; k++) {
		limit[k] = rec->queued[k];
		if (rec->slot[k] && atomic_load(&rec->slot[k]->committed_seq) > limit[k])
			limit[k] = atomic_load(&rec->slot[k]->committed_seq);
	}
}

/* Under the lock, which is let go of for what takes time. */
static void do_batch(struct recording *rec)
{
	struct recorder *r = rec->r;
	struct batch b = { .event = 0 };
	bool is_sync = r->sync_ns == 0;
	uint64_t limit[2];
	int error;

	list_init(&b.items);
	get_limits(rec, limit);
	rec->is_busy = true;
	pthread_mutex_unlock(&r->lock);
	error = open_writer(rec, limit);
	if (error == 0) {
		pthread_mutex_lock(&r->lock);
		take(rec, &b);
		pthread_mutex_unlock(&r->lock);
		error = write_batch(rec, &b, is_sync);
	}
	err_clear();
	if (error < 0 && rec->w) {
		close_writer(rec);
	} else if (error == 0) {
		note_use(rec);
	}
	pthread_mutex_lock(&r->lock);
	rec->is_busy = false;
	if (error < 0) {
		fail(rec, -error);
	} else {
		report(rec, &b);
	}
	if (rec->wants_wake)
		record_tell(rec);
}

/* ---- the end of a recording ---- */

static void push_sync_fd(struct recorder *r, int fd)
{
	pthread_mutex_lock(&r->lock);
	if (r->n_sync == r->max_sync) {
		uint32_t n = r->max_sync ? 2 * r->max_sync : 16;
		int *more = mem_realloc(r->sync_fds, n * sizeof *more);

		if (more) {
			r->sync_fds = more;
			r->max_sync = n;
		}
	}
	if (r->n_sync < r->max_sync) {
		r->sync_fds[r->n_sync++] = fd;
		fd = -1;
	}
	pthread_cond_signal(&r->sync_wake);
	pthread_mutex_unlock(&r->lock);
	if (fd >= 0) {
		(void)!fdatasync(fd);
		close(fd);
	}
}

static void hand_to_syncer(struct recording *rec)
{
	int fd;

	list_remove(&rec->dirty);
	while (rec->w && journal_sync_fd(rec->w, &fd) == 0)
		push_sync_fd(rec->r, fd);
	err_clear();
}

static void finish(struct recording *rec)
{
	char dir[560];

	if (rec->w) {
		if (!rec->wants_delete)
			hand_to_syncer(rec);
		close_writer(rec);
	}
	if (rec->wants_delete && journal_path(rec->r->state_dir, rec->number, dir, sizeof dir) == 0)
		(void)!journal_delete(dir);
	err_clear();
}

/* ---- the thread ---- */

void record_schedule(struct recording *rec)
{
	if (list_is_empty(&rec->due)) {
		rec->first_ns = clock_mono_ns();
		list_append(&rec->r->due, &rec->due);
	}
}

/* One batch of the first that is due, or its end. */
static void do_due(struct recorder *r)
{
	struct recording *rec = list_entry(r->due.next, struct recording, due);

	list_remove(&rec->due);
	if (rec->has_failed || rec->wants_delete)
		record_free_items(rec);
	if (!list_is_empty(&rec->items))
		do_batch(rec);
	if (!list_is_empty(&rec->items)) {
		record_schedule(rec);
	} else if (rec->is_dropped) {
		list_remove(&rec->due);
		pthread_mutex_unlock(&r->lock);
		finish(rec);
		pthread_mutex_lock(&r->lock);
		rec->is_finished = true;
		record_tell(rec);
	}
}

static uint64_t due_at(const struct recorder *r)
{
	const struct recording *rec;

	if (list_is_empty(&r->due))
		return UINT64_MAX;
	rec = list_entry(r->due.next, struct recording, due);
	return rec->is_urgent || rec->is_dropped || r->is_draining
		       ? 0
		       : rec->first_ns + RECORD_DELAY_NS;
}

static uint64_t dirty_at(const struct recorder *r)
{
	if (list_is_empty(&r->dirty))
		return UINT64_MAX;
	return list_entry(r->dirty.next, struct recording, dirty)->dirty_ns + r->sync_ns;
}

static uint64_t quiet_at(const struct recorder *r)
{
	if (list_is_empty(&r->open))
		return UINT64_MAX;
	return list_entry(r->open.next, struct recording, open)->used_ns + RECORD_QUIET_NS;
}

/* One step for the writer that was unused the longest; at its end it closes. */
static void do_housework(struct recorder *r)
{
	struct recording *rec = list_entry(r->open.next, struct recording, open);

	if (!r->squeezer)
		r->squeezer = journal_squeezer_new();
	if (!r->is_stopping && journal_step(rec->w, r->squeezer) == JOURNAL_E_MORE)
		return;
	err_clear();
	hand_to_syncer(rec);
	close_writer(rec);
	if (list_is_empty(&r->open))
		r->squeezer = journal_squeezer_free(r->squeezer);
}

static void sleep_until(struct recorder *r, uint64_t at)
{
	struct timespec t = { .tv_sec = (time_t)(at / 1000000000),
			      .tv_nsec = (long)(at % 1000000000) };

	pthread_cond_broadcast(&r->done);
	r->is_asleep = true;
	if (at == UINT64_MAX) {
		pthread_cond_wait(&r->wake, &r->lock);
	} else {
		pthread_cond_timedwait(&r->wake, &r->lock, &t);
	}
	r->is_asleep = false;
}

/* All journals are measured now and then: when so much was written that it matters,
 * and the loop has said which panes live. */
static bool do_total(struct recorder *r, uint64_t now)
{
	uint64_t enough = r->total_bytes / 8 < TOTAL_EVERY ? r->total_bytes / 8 : TOTAL_EVERY;

	if ((r->n_unchecked > enough || now >= r->total_ns) && !r->wants_live && !r->has_live) {
		r->wants_live = true;
		uv_async_send(&r->async);
	}
	if (!r->has_live)
		return false;
	r->has_live = false;
	pthread_mutex_unlock(&r->lock);
	record_keep_total(r);
	pthread_mutex_lock(&r->lock);
	return true;
}

void *record_thread(void *recorder)
{
	struct recorder *r = recorder;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		uint64_t now = clock_mono_ns(), due = due_at(r), dirty = dirty_at(r),
			 quiet = quiet_at(r);

		if (r->is_stopping)
			dirty = quiet = list_is_empty(&r->open) ? UINT64_MAX : 0;
		if (due <= now) {
			do_due(r);
		} else if (!r->is_stopping && do_total(r, now)) {
			continue;
		} else if (r->is_stopping && list_is_empty(&r->open)) {
			break;
		} else if (dirty <= now && !r->is_stopping) {
			pthread_mutex_unlock(&r->lock);
			hand_to_syncer(list_entry(r->dirty.next, struct recording, dirty));
			pthread_mutex_lock(&r->lock);
		} else if (quiet <= now) {
			pthread_mutex_unlock(&r->lock);
			do_housework(r);
			pthread_mutex_lock(&r->lock);
		} else {
			uint64_t at = due < dirty ? due : dirty;

			if (!r->wants_live && r->total_ns < at)
				at = r->total_ns;

			sleep_until(r, at < quiet ? at : quiet);
		}
	}
	pthread_cond_broadcast(&r->done);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Syncing takes as long as the disk likes; writing goes on beside it. */
void *record_syncer(void *recorder)
{
	struct recorder *r = recorder;

	pthread_mutex_lock(&r->lock);
	while (!r->is_sync_stopping || r->n_sync > 0) {
		if (r->n_sync == 0) {
			pthread_cond_wait(&r->sync_wake, &r->lock);
			continue;
		}
		int fd = r->sync_fds[--r->n_sync], error;
		uint64_t begun;

		pthread_mutex_unlock(&r->lock);
		begun = clock_mono_ns();
		error = fdatasync(fd) < 0 ? errno : 0;
		begun = clock_mono_ns() - begun;
		close(fd);
		pthread_mutex_lock(&r->lock);
		hist_record(&r->metrics.sync, begun);
		if (error && !r->sync_error) {
			r->sync_error = error;
			uv_async_send(&r->async);
		}
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}
