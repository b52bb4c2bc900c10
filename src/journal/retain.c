/* What is kept: limits of one journal, and the steps in which they are kept. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/err.h"
#include "journal/io.h"
#include "journal/writer.h"

/* Whether segment @d is the one that is written. */
static bool is_running(const struct journal_writer *w, const struct dir_segment *d)
{
	return w->written.has_segment && d->number == w->number;
}

static uint64_t total(const struct journal_writer *w)
{
	uint64_t n = 0;

	for (size_t i = 0; i < w->list.n; i++)
		n += w->list.segments[i].n_bytes;
	return n;
}

uint64_t journal_backlog(const struct journal_writer *w)
{
	uint64_t n = 0;

	for (size_t i = 0; i < w->list.n; i++) {
		const struct dir_segment *d = &w->list.segments[i];

		if (d->has_raw && !d->has_seal && !is_running(w, d))
			n += d->n_bytes;
	}
	return n;
}

static int remove_files(const struct journal_writer *w, const struct dir_segment *d)
{
	struct dir_path path;
	int r;

	dir_name(w->dir, d->number, DIR_RAW, &path);
	r = io_unlink(path.s);
	if (r == 0) {
		dir_name(w->dir, d->number, DIR_SEAL, &path);
		r = io_unlink(path.s);
	}
	return r < 0 ? err_origin(r) : 0;
}

int journal_writer_drop_oldest(struct journal_writer *w, uint64_t *ret_bytes)
{
	if (w->list.n == 0 || is_running(w, &w->list.segments[0]))
		return JOURNAL_E_NONE;
	struct dir_segment d = w->list.segments[0];
	if (w->seal && seal_number(w->seal) == d.number)
		w->seal = seal_abort(w->seal);
	int r = remove_files(w, &d);
	if (r < 0)
		return err_trace(r);
	dir_drop_first(&w->list);
	w->last_us = 0;
	writer_notice(w->opts.hooks, JOURNAL_NOTICE_DROPPED,
		      "%s: segment %" PRIu64 " dropped, %" PRIu64 " bytes", w->dir, d.number,
		      d.n_bytes);
	*ret_bytes = d.n_bytes;
	return err_trace(writer_find_first(w));
}

/* When the oldest segment ended: w->last_us. */
static int find_last_us(struct journal_writer *w)
{
	const struct dir_segment *d = &w->list.segments[0];
	struct segment s;
	struct dir_path path;

	dir_name(w->dir, d->number, d->has_seal ? DIR_SEAL : DIR_RAW, &path);
	int r = segment_open(&s, path.s, w->pane, d->number);
	if (r == 0) {
		r = segment_last(&s);
		if (r == 0)
			w->last_us = s.track.time_us;
		segment_close(&s);
	}
	if (r < 0 && r != -ENOENT)
		return err_trace(r);
	/* What cannot be read has no age: it goes by size. */
	if (r != 0)
		w->last_us = UINT64_MAX;
	return 0;
}

static int is_too_old(struct journal_writer *w, bool *ret)
{
	uint64_t now = clock_wall_us();

	*ret = false;
	if (!w->opts.max_age_us || w->list.n == 0 || is_running(w, &w->list.segments[0]))
		return 0;
	if (w->last_us == 0) {
		int r = find_last_us(w);
		if (r < 0)
			return err_trace(r);
	}
	*ret = w->last_us < now && now - w->last_us > w->opts.max_age_us;
	return 0;
}

/* The oldest segment that waits for compression; 0: none. */
static uint64_t next_to_seal(const struct journal_writer *w)
{
	for (size_t i = 0; i < w->list.n; i++) {
		const struct dir_segment *d = &w->list.segments[i];

		if (d->has_raw && !d->has_seal && !is_running(w, d))
			return d->number;
	}
	return 0;
}

int journal_step(struct journal_writer *w, struct journal_squeezer *s)
{
	uint64_t freed;
	bool is_over = total(w) > w->opts.max_bytes;
	int r = is_over ? 0 : is_too_old(w, &is_over);

	if (r < 0)
		return err_trace(r);
	if (is_over) {
		r = journal_writer_drop_oldest(w, &freed);
		if (r != JOURNAL_E_NONE)
			return r < 0 ? err_trace(r) : JOURNAL_E_MORE;
	}
	uint64_t number = s ? next_to_seal(w) : 0;
	if (number == 0)
		return 0;
	r = seal_step(w, s, number);
	return r < 0 ? err_trace(r) : JOURNAL_E_MORE;
}
