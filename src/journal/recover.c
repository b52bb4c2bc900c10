/*
 * Opening for writing: what a crash left is made fit to go on with.
 *
 * Nothing is deleted but what a crash explains: temporary files, raw segments
 * whose seal is complete, and torn ends.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/io.h"
#include "journal/writer.h"

static int make_dirs(const char *dir)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(dir, '/');

	if (slash && slash != dir) {
		snprintf(parent, sizeof parent, "%.*s", (int)(slash - dir), dir);
		int r = io_mkdir(parent);
		if (r < 0)
			return err_origin(r);
	}
	int r = io_mkdir(dir);
	return r < 0 ? err_origin(r) : 0;
}

static int list_or_make(struct journal_writer *w)
{
	int r = dir_list(w->dir, &w->list);

	if (r == -ENOENT) {
		r = make_dirs(w->dir);
		if (r == 0)
			r = dir_list(w->dir, &w->list);
	}
	return err_trace(r);
}

static int set_aside(struct journal_writer *w, const struct dir_path *path, bool keep_name)
{
	struct dir_path aside;
	int r = dir_set_aside(path, keep_name, &aside);

	if (r < 0)
		return err_trace(r);
	w->was_torn = true;
	writer_notice(w->opts.hooks, JOURNAL_NOTICE_DAMAGED, "%s is damaged: kept as %s", path->s,
		      aside.s);
	return 0;
}

/* 0 or JOURNAL_E_VERSION; anything else that is wrong is seen later. */
static int check_version(const struct journal_writer *w)
{
	struct segment s;
	struct dir_path path;

	if (w->list.n == 0)
		return 0;
	const struct dir_segment *last = &w->list.segments[w->list.n - 1];
	dir_name(w->dir, last->number, last->has_seal ? DIR_SEAL : DIR_RAW, &path);
	int r = segment_open(&s, path.s, 0, last->number);
	if (r == 0)
		segment_close(&s);
	return r == SEGMENT_E_VERSION ? JOURNAL_E_VERSION : r < 0 ? err_trace(r) : 0;
}

/* Both files: the seal is right if it is whole. */
static int resolve(struct journal_writer *w, struct dir_segment *d)
{
	struct segment s;
	struct dir_path raw, seal;

	dir_name(w->dir, d->number, DIR_RAW, &raw);
	dir_name(w->dir, d->number, DIR_SEAL, &seal);
	int r = segment_open(&s, seal.s, w->pane, d->number);
	if (r == 0) {
		r = s.is_sealed ? segment_read_index(&s) : SEGMENT_E_BAD;
		segment_close(&s);
	}
	if (r < 0)
		return err_trace(r);
	if (r > 0) {
		r = set_aside(w, &seal, false);
		d->has_seal = false;
	} else {
		r = io_unlink(raw.s);
		d->has_raw = false;
	}
	return err_trace(r);
}

static int resolve_all(struct journal_writer *w)
{
	for (size_t i = 0; i < w->list.n; i++) {
		struct dir_segment *d = &w->list.segments[i];

		if (d->has_raw && d->has_seal) {
			int r = resolve(w, d);
			if (r < 0)
				return err_trace(r);
		}
	}
	return 0;
}

/* The valid prefix of damaged @s takes its place. */
static int write_prefix(struct journal_writer *w, struct segment *s, const struct dir_path *tmp)
{
	size_t n = 0;
	uint8_t *p = mem_alloc((size_t)s->valid);

	if (!p)
		return err_origin(-ENOMEM);
	int fd = io_open(tmp->s, O_WRONLY | O_CREAT | O_TRUNC);
	int r = fd < 0 ? fd : io_read_at(s->fd, p, (size_t)s->valid, 0, &n);
	if (r == 0 && n != s->valid)
		r = -EIO;
	if (r == 0)
		r = io_write_at(fd, p, n, 0);
	if (r == 0 && !w->opts.no_sync)
		r = io_sync(fd);
	io_close(fd);
	mem_free(p);
	return r < 0 ? err_origin(r) : 0;
}

static int keep_prefix(struct journal_writer *w, struct segment *s, const struct dir_path *path)
{
	struct dir_path tmp;

	dir_name(w->dir, s->head.number, DIR_TMP, &tmp);
	int r = write_prefix(w, s, &tmp);
	if (r == 0)
		r = set_aside(w, path, true);
	if (r == 0)
		r = io_rename(tmp.s, path->s);
	w->is_dir_dirty = true;
	return err_trace(r);
}

static int cut(struct journal_writer *w, const struct segment *s, const struct dir_path *path)
{
	int fd = io_open(path->s, O_WRONLY);
	int r = fd < 0 ? fd : io_truncate(fd, s->valid);

	io_close(fd);
	if (r < 0)
		return err_origin(r);
	w->was_torn = true;
	writer_notice(w->opts.hooks, JOURNAL_NOTICE_CUT, "%s: %llu bytes of a torn write cut off",
		      path->s, (unsigned long long)(s->n_bytes - s->valid));
	return 0;
}

/* The newest segment is raw and open: go on in it. */
static int adopt_raw(struct journal_writer *w, struct segment *s, const struct dir_path *path)
{
	int r = 0;

	if (s->is_cut)
		r = s->is_torn ? cut(w, s, path) : keep_prefix(w, s, path);
	if (r < 0)
		return err_trace(r);
	if (s->n_lost > 0) {
		w->was_torn = true;
		writer_notice(w->opts.hooks, JOURNAL_NOTICE_DAMAGED,
			      "%s is damaged: %llu bytes in it are passed over", path->s,
			      (unsigned long long)s->n_lost);
	}
	w->nonce = s->head.nonce;
	w->end = s->valid;
	w->now.has_segment = true;
	/* After a clean end the blocks are not known; then a new one is begun. */
	w->now.has_block = s->is_indexed;
	w->now.block_bytes = s->is_indexed ? s->entries[s->n - 1].n_raw : 0;
	w->wants_end = s->is_indexed;
	w->list.segments[w->list.n - 1].n_bytes = s->valid;
	return 0;
}

/* A file too short to hold a record holds none. */
static bool was_just_begun(const struct journal_writer *w, const struct dir_path *path)
{
	uint64_t n = UINT64_MAX;
	int fd = io_open(path->s, O_RDONLY);
	int r = fd < 0 ? fd : io_size(fd, &n);

	(void)w;
	io_close(fd);
	return r == 0 && n < FORMAT_SEGMENT_BYTES + FORMAT_BLOCK_RECORD_BYTES;
}

/* The newest segment is no use. */
static int give_up_last(struct journal_writer *w, const struct dir_path *path, bool is_raw)
{
	int r;

	if (is_raw && was_just_begun(w, path)) {
		r = io_unlink(path->s);
		if (r == 0) {
			writer_notice(w->opts.hooks, JOURNAL_NOTICE_CUT,
				      "%s: begun, and nothing in it", path->s);
		}
		w->was_torn = true;
	} else {
		r = set_aside(w, path, false);
	}
	w->list.n--;
	return r < 0 ? err_trace(r) : SEGMENT_E_BAD;
}

/* 0: the newest segment is fine now; SEGMENT_E_BAD: it is out of the list. */
static int mend_last(struct journal_writer *w)
{
	struct segment s;
	struct dir_path path;
	const struct dir_segment *d = &w->list.segments[w->list.n - 1];
	bool is_raw = !d->has_seal;

	dir_name(w->dir, d->number, is_raw ? DIR_RAW : DIR_SEAL, &path);
	int r = segment_open(&s, path.s, w->pane, d->number);
	if (r == 0) {
		s.is_newest = true;
		r = s.is_sealed == !is_raw ? segment_last(&s) : SEGMENT_E_BAD;
		if (r == 0) {
			w->now.track = s.track;
			w->now.has_records = true;
			r = is_raw ? adopt_raw(w, &s, &path) : 0;
		}
		segment_close(&s);
	}
	return r <= 0 ? err_trace(r) : give_up_last(w, &path, is_raw);
}

int writer_find_first(struct journal_writer *w)
{
	for (size_t i = 0; i < w->list.n; i++) {
		const struct dir_segment *d = &w->list.segments[i];
		struct segment s;
		struct dir_path path;

		dir_name(w->dir, d->number, d->has_seal ? DIR_SEAL : DIR_RAW, &path);
		int r = segment_open(&s, path.s, w->pane, d->number);
		if (r == 0) {
			r = segment_first(&s, &w->first);
			segment_close(&s);
		}
		if (r == 0)
			return 0;
		if (r < 0 && r != -ENOENT)
			return err_trace(r);
	}
	/* None is left: it begins where the next record will stand. */
	const struct track *t = &w->now.track;
	w->first = (struct segment_start){ t->state, t->time_us, t->wall_us };
	return 0;
}

int recover(struct journal_writer *w)
{
	int r = list_or_make(w);

	if (r == 0)
		r = check_version(w);
	if (r == 0)
		r = dir_remove_tmp(w->dir, &w->list);
	if (r == 0)
		r = resolve_all(w);
	if (r != 0)
		return r;
	/* The numbers of what is given up are not used again. */
	w->number = w->list.n > 0 ? w->list.segments[w->list.n - 1].number : 0;
	while (w->list.n > 0 && (r = mend_last(w)) == SEGMENT_E_BAD)
		;
	if (r < 0)
		return err_trace(r);
	if (w->now.has_segment)
		w->number = w->list.segments[w->list.n - 1].number;
	return err_trace(writer_find_first(w));
}
