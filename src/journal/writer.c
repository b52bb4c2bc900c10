#include "journal/writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/crc32c.h"
#include "journal/io.h"

#define BUFFER_MAX (4u << 20) /* bytes that are flushed unasked */

void writer_check(const struct journal_writer *w)
{
	assert(w->now.has_segment || buf_len(&w->out) == 0);
	assert(!w->written.has_segment || w->end >= FORMAT_SEGMENT_BYTES);
	assert(!w->written.has_segment || w->list.n == 0 ||
	       w->list.segments[w->list.n - 1].number == w->number);
	assert(w->now.track.state.seq[0] >= w->written.track.state.seq[0]);
	assert(w->now.track.time_us >= w->written.track.time_us);
}

void writer_notice(const struct journal_hooks *h, enum journal_notice what, const char *fmt, ...)
{
	char text[PATH_MAX + 200];
	va_list ap;

	if (!h || !h->on_notice)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	h->on_notice(h->user, what, text);
}

static void set_opts(struct journal_writer *w, const struct journal_opts *opts)
{
	if (opts)
		w->opts = *opts;
	if (!w->opts.max_bytes)
		w->opts.max_bytes = JOURNAL_MAX_BYTES;
	if (!w->opts.block_bytes)
		w->opts.block_bytes = JOURNAL_BLOCK_BYTES;
	if (!w->opts.segment_bytes)
		w->opts.segment_bytes = JOURNAL_SEGMENT_BYTES;
	/* A record more must still be a block that can be read. */
	if (w->opts.block_bytes > FORMAT_BLOCK_MAX / 4)
		w->opts.block_bytes = FORMAT_BLOCK_MAX / 4;
}

static void writer_free(struct journal_writer *w)
{
	w->seal = seal_abort(w->seal);
	for (size_t i = 0; i < w->n_old; i++)
		io_close(w->old_fds[i]);
	io_close(w->fd);
	buf_fini(&w->out);
	dir_fini(&w->list);
	mem_free(w->dir);
	mem_free(w);
}

int journal_writer_open(const char *dir, uint64_t pane, const struct journal_opts *opts,
			struct journal_state *ret_state, struct journal_writer **ret)
{
	if (strlen(dir) > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	struct journal_writer *w = mem_new(struct journal_writer);
	if (!w)
		return err_origin(-ENOMEM);
	w->fd = -1;
	w->pane = pane;
	w->gap_reason = JOURNAL_GAP_LOST;
	set_opts(w, opts);
	w->dir = mem_strdup(dir);
	int r = w->dir ? recover(w) : err_origin(-ENOMEM);
	if (r != 0) {
		writer_free(w);
		return r < 0 ? err_trace(r) : r;
	}
	w->written = w->now;
	writer_check(w);
	if (ret_state)
		journal_writer_state(w, ret_state);
	*ret = w;
	return 0;
}

void journal_writer_state(const struct journal_writer *w, struct journal_state *ret)
{
	const struct track *t = &w->now.track;

	*ret = (struct journal_state){ .was_torn = w->was_torn };
	if (!w->now.has_records)
		return;
	*ret = (struct journal_state){
		.tail = { w->first.state.seq[0], w->first.state.seq[1] },
		.head = { t->state.seq[0], t->state.seq[1] },
		.first_wall_us = w->first.wall_us,
		.last_wall_us = t->wall_us,
		.first_time_us = w->first.time_us,
		.last_time_us = t->time_us,
		.generation = t->state.generation,
		.cols = t->state.cols,
		.rows = t->state.rows,
		.has_records = true,
		.has_exit = t->state.has_exit,
		.has_closed = t->state.has_closed,
		.exit_code = t->state.exit_code,
		.exit_signal = t->state.exit_signal,
		.was_torn = w->was_torn,
	};
}

/* Where the next byte of the buffer will stand in the file. */
static uint64_t offset(const struct journal_writer *w)
{
	return w->end + buf_len(&w->out);
}

/* Encode one record; @f lacks what follows from the data. */
static int put(struct journal_writer *w, struct format_record *f, const struct journal_piece *data)
{
	uint32_t crc = w->nonce;
	size_t n = data[0].n + data[1].n;
	size_t before = buf_len(&w->out);
	uint8_t *p = (uint8_t *)buf_extend(&w->out, FORMAT_RECORD_BYTES + n);

	if (!p) {
		buf_truncate(&w->out, before);
		return err_origin(-ENOMEM);
	}
	uint8_t *to = p + FORMAT_RECORD_BYTES;
	for (int i = 0; i < 2; i++) {
		if (data[i].n > 0) {
			memcpy(to, data[i].p, data[i].n);
			to += data[i].n;
		}
	}
	f->n_data = (uint32_t)n;
	f->data_crc = n > 0 ? crc32c(crc, p + FORMAT_RECORD_BYTES, n) : 0;
	format_put_record(p, w->nonce, f);
	track_apply(&w->now.track, f, p + FORMAT_RECORD_BYTES);
	w->now.block_bytes += FORMAT_RECORD_BYTES + n;
	w->wants_end = true;
	return 0;
}

/* A record of the inside, whose data are the state. */
static int put_state(struct journal_writer *w, uint8_t kind, uint64_t b)
{
	uint8_t state[FORMAT_STATE_BYTES];
	struct format_record f = {
		.kind = kind,
		.b = b,
		.seq = w->now.track.state.seq[0],
		.time_us = w->now.track.time_us,
		.wall_us = w->now.track.wall_us,
	};

	format_put_state(state, &w->now.track.state);
	return put(w, &f, (struct journal_piece[2]){ { state, sizeof state }, { NULL, 0 } });
}

/* The running segment is finished: only syncing it remains. */
static void leave_segment(struct journal_writer *w)
{
	if (w->fd >= 0 && w->is_dirty) {
		if (w->n_old == WRITER_OLD_FDS) {
			/* Nobody syncs.  If this fails nothing was promised. */
			int ignored = w->opts.no_sync ? 0 : io_sync(w->old_fds[0]);

			(void)ignored;
			io_close(w->old_fds[0]);
			memmove(w->old_fds, w->old_fds + 1, sizeof *w->old_fds * --w->n_old);
		}
		w->old_fds[w->n_old++] = w->fd;
	} else {
		io_close(w->fd);
	}
	w->fd = -1;
	w->is_dirty = false;
	w->end = 0;
	w->now.has_segment = w->now.has_block = false;
	w->written = w->now;
}

static uint32_t make_nonce(void)
{
	uint32_t n;

	if (getrandom(&n, sizeof n, GRND_NONBLOCK) != (ssize_t)sizeof n)
		n = (uint32_t)clock_mono_ns();
	return n;
}

/* Leaves the old one only when all of it is written. */
static int begin_segment(struct journal_writer *w, uint64_t wall_us)
{
	if (w->now.has_segment) {
		int r = journal_flush(w);
		if (r < 0)
			return err_trace(r);
		leave_segment(w);
	}
	char *p = buf_extend(&w->out, FORMAT_SEGMENT_BYTES);
	if (!p) {
		buf_clear(&w->out);
		return err_origin(-ENOMEM);
	}
	w->number++;
	w->nonce = make_nonce();
	w->now.has_segment = true;
	format_put_segment((uint8_t *)p, &(struct format_segment){ .nonce = w->nonce,
								   .pane = w->pane,
								   .number = w->number,
								   .wall_us = wall_us });
	return 0;
}

static bool wants_block(const struct journal_writer *w, const struct format_record *f, size_t n)
{
	uint64_t have = w->now.block_bytes;

	if (!w->now.has_block || have >= w->opts.block_bytes)
		return true;
	if (f->kind == JOURNAL_CHECKPOINT && have >= w->opts.block_bytes / 4)
		return true;
	return have + n + FORMAT_RECORD_BYTES > FORMAT_BLOCK_MAX;
}

/* Begin a block, and a segment, if it is time for a record of @n bytes of data. */
static int make_room(struct journal_writer *w, const struct format_record *f, size_t n)
{
	if (!wants_block(w, f, n))
		return 0;
	if (!w->now.has_segment || offset(w) >= w->opts.segment_bytes) {
		int r = begin_segment(w, f->wall_us);
		if (r < 0)
			return err_trace(r);
	}
	/* The block begins when its first record does. */
	struct track before = w->now.track;
	w->now.track.time_us = f->time_us;
	w->now.track.wall_us = f->wall_us;
	uint64_t bytes = w->now.block_bytes;
	w->now.block_bytes = 0;
	int r = put_state(w, FORMAT_KIND_BLOCK, offset(w));
	if (r < 0) {
		w->now.track = before;
		w->now.block_bytes = bytes;
		return err_trace(r);
	}
	w->now.has_block = true;
	if (!w->now.has_records)
		w->first = (struct segment_start){ w->now.track.state, f->time_us, f->wall_us };
	w->now.has_records = true;
	return 0;
}

static int add(struct journal_writer *w, struct format_record *f, const struct journal_piece *data)
{
	int r = make_room(w, f, data[0].n + data[1].n);

	if (r == 0)
		r = put(w, f, data);
	return err_trace(r);
}

static int add_gap(struct journal_writer *w, const struct format_record *like, uint64_t to)
{
	struct format_record f = *like;

	f.kind = JOURNAL_GAP;
	f.seq = w->now.track.state.seq[f.stream];
	f.a = w->gap_reason;
	f.b = to;
	int r = add(w, &f, (struct journal_piece[2]){ { NULL, 0 }, { NULL, 0 } });
	if (r == 0)
		w->gap_reason = JOURNAL_GAP_LOST;
	return err_trace(r);
}

/* Bytes [from, from + n) of two pieces. */
static void slice(const struct journal_piece *all, size_t from, size_t n, struct journal_piece *ret)
{
	for (int i = 0; i < 2; i++) {
		size_t skip = from < all[i].n ? from : all[i].n;
		size_t take = all[i].n - skip < n ? all[i].n - skip : n;

		ret[i] = (struct journal_piece){ take > 0 ? (const uint8_t *)all[i].p + skip : NULL,
						 take };
		from -= skip;
		n -= take;
	}
}

static int add_output(struct journal_writer *w, const struct format_record *f,
		      const struct journal_piece *data)
{
	const uint64_t *head = &w->now.track.state.seq[f->stream];
	uint64_t end = f->seq + data[0].n + data[1].n;
	int r = 0;

	if (f->seq > *head)
		r = add_gap(w, f, f->seq);
	while (r == 0 && *head < end) {
		struct format_record part = *f;
		struct journal_piece bytes[2];
		uint64_t n = end - *head;

		part.seq = *head;
		slice(data, (size_t)(*head - f->seq),
		      n < JOURNAL_OUTPUT_MAX ? (size_t)n : JOURNAL_OUTPUT_MAX, bytes);
		r = add(w, &part, bytes);
	}
	return err_trace(r);
}

/* The journal's clock: never back, never behind the wall. */
static uint64_t next_time(const struct journal_writer *w, const struct journal_record *r)
{
	uint64_t t = w->now.track.time_us;

	if (w->has_mono && r->mono_us > w->mono_us)
		t += r->mono_us - w->mono_us;
	return t > r->wall_us ? t : r->wall_us;
}

static int append(struct journal_writer *w, const struct journal_record *r)
{
	struct format_record f;
	uint64_t *head = &w->now.track.state.seq[r->stream];

	record_to_format(r, &f);
	f.time_us = next_time(w, r);
	/* The beginning is where it begins. */
	if (!w->now.has_records)
		*head = r->seq;
	if (r->kind == JOURNAL_OUTPUT)
		return add_output(w, &f, r->data);
	if (r->kind == JOURNAL_GAP && r->gap.to <= *head)
		return err_origin(-EINVAL);
	f.seq = *head;
	return add(w, &f, r->data);
}

int journal_append(struct journal_writer *w, const struct journal_record *r)
{
	int k = 0;

	if (!record_is_valid(r))
		return err_origin(-EINVAL);
	if (buf_len(&w->out) > BUFFER_MAX)
		k = journal_flush(w);
	if (k == 0)
		k = append(w, r);
	if (k < 0)
		return err_trace(k);
	w->mono_us = r->mono_us;
	w->has_mono = true;
	return 0;
}

size_t journal_unflushed(const struct journal_writer *w)
{
	return buf_len(&w->out);
}

static int open_running(struct journal_writer *w)
{
	struct dir_path path;

	dir_name(w->dir, w->number, DIR_RAW, &path);
	int fd = io_open(path.s, w->end == 0 ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY);
	if (fd < 0)
		return err_origin(fd);
	w->fd = fd;
	w->is_dir_dirty |= w->end == 0;
	return 0;
}

/* What was flushed is in the list: its size is what retention counts. */
static int note_written(struct journal_writer *w, size_t n)
{
	if (w->end == 0) {
		int r = dir_add(&w->list,
				(struct dir_segment){ .number = w->number, .has_raw = true });
		if (r < 0)
			return err_trace(r);
	}
	w->list.segments[w->list.n - 1].n_bytes += n;
	return 0;
}

int journal_flush(struct journal_writer *w)
{
	size_t n = buf_len(&w->out);
	int r = 0;

	if (n == 0)
		return 0;
	if (w->fd < 0)
		r = open_running(w);
	if (r < 0)
		return err_trace(r);
	r = io_write_at(w->fd, buf_data(&w->out), n, w->end);
	if (r == 0)
		r = note_written(w, n);
	if (r < 0) {
		/* If this fails too the next write or the next open mends it. */
		int ignored = io_truncate(w->fd, w->end);

		(void)ignored;
		return err_origin(r);
	}
	w->end += n;
	buf_clear(&w->out);
	w->written = w->now;
	w->is_dirty = true;
	writer_check(w);
	return 0;
}

void journal_discard(struct journal_writer *w)
{
	uint64_t time_us = w->now.track.time_us;

	if (buf_len(&w->out) == 0)
		return;
	buf_clear(&w->out);
	/* A segment that was begun in the buffer only was never there. */
	if (!w->written.has_segment && w->now.has_segment) {
		struct dir_path path;

		if (w->fd >= 0) {
			io_close(w->fd);
			w->fd = -1;
			dir_name(w->dir, w->number, DIR_RAW, &path);
			int ignored = io_unlink(path.s);
			(void)ignored;
		}
		w->number--;
	}
	w->now = w->written;
	w->now.track.time_us = time_us;
	w->gap_reason = JOURNAL_GAP_DISK;
	writer_check(w);
}

int journal_finish_segment(struct journal_writer *w)
{
	if (!w->now.has_segment)
		return 0;
	int r = journal_flush(w);
	if (r == 0)
		leave_segment(w);
	return err_trace(r);
}

/* Everything is in memory now, and only what is to be known of it is written again. */
static int begin_anew(struct journal_writer *w)
{
	struct format_record f = { .time_us = w->now.track.time_us,
				   .wall_us = w->now.track.wall_us };

	w->first = (struct segment_start){ w->now.track.state, f.time_us, f.wall_us };
	if (!w->now.has_records)
		return 0;
	int r = make_room(w, &f, 0);
	if (r == 0)
		r = journal_flush(w);
	return err_trace(r);
}

int journal_writer_forget(struct journal_writer *w)
{
	buf_clear(&w->out);
	leave_segment(w);
	while (w->n_old > 0)
		io_close(w->old_fds[--w->n_old]);
	w->seal = seal_abort(w->seal);
	w->gap_reason = JOURNAL_GAP_LOST;
	w->last_us = 0;
	int r = dir_empty(w->dir);
	if (r < 0)
		return err_trace(r);
	dir_fini(&w->list);
	return err_trace(begin_anew(w));
}

int journal_sync(struct journal_writer *w)
{
	int fd = -1, r;

	while ((r = journal_sync_fd(w, &fd)) == 0) {
		r = io_sync(fd);
		io_close(fd);
		if (r < 0)
			return err_origin(r);
	}
	return r < 0 ? err_trace(r) : 0;
}

int journal_sync_fd(struct journal_writer *w, int *ret_fd)
{
	int fd;

	if (w->opts.no_sync)
		return JOURNAL_E_NONE;
	if (w->n_old > 0) {
		*ret_fd = w->old_fds[--w->n_old];
		return 0;
	}
	if (w->is_dir_dirty) {
		fd = io_open(w->dir, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			return err_origin(fd);
		w->is_dir_dirty = false;
	} else if (w->fd >= 0 && w->is_dirty) {
		fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return err_origin(-errno);
		w->is_dirty = false;
	} else {
		return JOURNAL_E_NONE;
	}
	*ret_fd = fd;
	return 0;
}

int journal_writer_close(struct journal_writer *w)
{
	if (!w)
		return 0;
	int r = journal_flush(w);
	if (r == 0 && w->wants_end && w->now.has_segment) {
		r = put_state(w, FORMAT_KIND_END, offset(w));
		if (r == 0)
			r = journal_flush(w);
	}
	writer_free(w);
	return r < 0 ? err_trace(r) : 0;
}
