/* Opening a journal for reading, what it holds, and finding a place in it. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/reader.h"

#define MAX_TRIES 16

static int open_either(const struct journal_reader *r, const struct dir_segment *d,
		       struct segment *ret)
{
	struct dir_path path;

	dir_name(r->dir, d->number, d->has_seal ? DIR_SEAL : DIR_RAW, &path);
	return segment_open(ret, path.s, 0, d->number);
}

static void set_last(struct journal_reader *r, const struct segment *s)
{
	const struct format_state *f = &s->track.state;
	struct journal_state *j = &r->state;

	j->head[0] = f->seq[0];
	j->head[1] = f->seq[1];
	j->last_wall_us = s->track.wall_us;
	j->last_time_us = s->track.time_us;
	j->generation = f->generation;
	j->cols = f->cols;
	j->rows = f->rows;
	j->has_exit = f->has_exit;
	j->has_closed = f->has_closed;
	j->exit_code = f->exit_code;
	j->exit_signal = f->exit_signal;
	j->has_records = true;
	j->was_torn |= s->is_cut || s->n_lost > 0;
}

/* 0, SEGMENT_E_BAD: not of this segment; JOURNAL_E_VERSION. */
static int look_at_last(struct journal_reader *r, const struct dir_segment *d)
{
	struct segment s;
	int k = open_either(r, d, &s);

	if (k == SEGMENT_E_VERSION)
		return JOURNAL_E_VERSION;
	if (k != 0)
		return k;
	s.is_newest = dir_after(&r->list, d->number) == NULL;
	k = segment_last(&s);
	if (k == 0)
		set_last(r, &s);
	segment_close(&s);
	return k;
}

static int look_at_first(struct journal_reader *r, const struct dir_segment *d,
			 struct segment_start *ret)
{
	struct segment s;

	if (r->held == d->number)
		return segment_first(&r->segment, ret);
	int k = open_either(r, d, &s);

	if (k != 0)
		return k;
	k = segment_first(&s, ret);
	segment_close(&s);
	return k;
}

static int find_tail(struct journal_reader *r)
{
	struct segment_start start;

	for (size_t i = 0; i < r->list.n; i++) {
		int k = look_at_first(r, &r->list.segments[i], &start);

		if (k < 0)
			return k;
		if (k > 0)
			continue;
		r->state.tail[0] = start.state.seq[0];
		r->state.tail[1] = start.state.seq[1];
		r->state.first_time_us = start.time_us;
		r->state.first_wall_us = start.wall_us;
		return 0;
	}
	return 0;
}

static int find_state(struct journal_reader *r)
{
	int k = SEGMENT_E_BAD;

	r->state = (struct journal_state){ 0 };
	for (size_t i = r->list.n; i > 0 && k == SEGMENT_E_BAD; i--) {
		k = look_at_last(r, &r->list.segments[i - 1]);
		r->state.was_torn |= k == SEGMENT_E_BAD;
	}
	if (k == 0)
		k = find_tail(r);
	return k == SEGMENT_E_BAD ? 0 : k;
}

int journal_reader_refresh(struct journal_reader *r)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		struct dir_list l;
		int k = dir_list(r->dir, &l);

		if (k < 0)
			return k == -ENOENT ? k : err_trace(k);
		dir_fini(&r->list);
		r->list = l;
		k = find_state(r);
		/* A file went while we looked. */
		if (k != -ENOENT)
			return k < 0 ? err_trace(k) : k;
	}
	return err_origin(-EBUSY);
}

int journal_reader_open(const char *dir, struct journal_reader **ret)
{
	if (strlen(dir) > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	struct journal_reader *r = mem_new(struct journal_reader);
	if (!r)
		return err_origin(-ENOMEM);
	r->dir = mem_strdup(dir);
	int k = r->dir ? journal_reader_refresh(r) : err_origin(-ENOMEM);
	if (k != 0) {
		journal_reader_close(r);
		return k;
	}
	*ret = r;
	return 0;
}

struct journal_reader *journal_reader_close(struct journal_reader *r)
{
	if (r) {
		reader_let_go(r);
		dir_fini(&r->list);
		mem_free(r->dir);
		mem_free(r);
	}
	return NULL;
}

void journal_reader_state(const struct journal_reader *r, struct journal_state *ret)
{
	*ret = r->state;
}

int journal_seek_start(struct journal_reader *r)
{
	reader_rewind(r);
	return 0;
}

/* What is looked for: the last place that begins before it. */
struct target {
	bool is_time;
	uint32_t stream;
	uint64_t value;
};

static bool is_before(const struct target *t, uint64_t time_us, const uint64_t *seq)
{
	return (t->is_time ? time_us : seq[t->stream]) < t->value;
}

/* Of the segments that can be read, the newest that begins before @t, else the oldest.
 * It is opened; the reader then stands at the right block. */
static int go_to_segment(struct journal_reader *r, const struct target *t)
{
	for (size_t i = r->list.n; i > 0; i--) {
		const struct dir_segment *d = &r->list.segments[i - 1];
		struct segment_start start = { 0 };
		int k = look_at_first(r, d, &start);

		if (k == 0 && !is_before(t, start.time_us, start.state.seq))
			continue;
		if (k == 0)
			k = reader_open_segment(r, d->number);
		if (k == 0)
			return 0;
		if (k < 0 && k != -ENOENT)
			return err_trace(k);
	}
	/* From the oldest on, whatever it is. */
	reader_rewind(r);
	return 0;
}

static int go_to(struct journal_reader *r, const struct target *t)
{
	reader_rewind(r);
	int k = journal_reader_refresh(r);
	if (k != 0)
		return k < 0 ? err_trace(k) : k;
	k = go_to_segment(r, t);
	if (k < 0 || !r->is_open)
		return err_trace(k);
	for (size_t i = 1; i < r->segment.n; i++) {
		const struct format_entry *e = &r->segment.entries[i];

		if (is_before(t, e->time_us, e->seq))
			r->block = i;
	}
	return 0;
}

int journal_seek(struct journal_reader *r, uint32_t stream, uint64_t seq)
{
	if (stream >= JOURNAL_STREAMS)
		return err_origin(-EINVAL);
	int k = go_to(r, &(struct target){ .stream = stream, .value = seq });
	r->skips_seq = true;
	r->skip_stream = stream;
	r->skip_seq = seq;
	return k;
}

int journal_seek_time(struct journal_reader *r, uint64_t time_us)
{
	int k = go_to(r, &(struct target){ .is_time = true, .value = time_us });

	r->skips_time = true;
	r->skip_time_us = time_us;
	return k;
}

static bool fits(const struct journal_want *want, uint64_t seq, uint64_t time_us, uint64_t lines)
{
	return seq <= want->seq && time_us <= want->time_us && lines <= want->lines_pushed;
}

/* Offset of the last checkpoint in the loaded block that fits; SIZE_MAX: none. */
static size_t find_in_block(const struct segment *s, const struct journal_want *want)
{
	struct journal_cursor c = { .p = s->block, .n = s->n_block, .nonce = s->head.nonce };
	struct format_record f;
	const uint8_t *data;
	size_t found = SIZE_MAX, at = 0;

	while (cursor_hop(&c, &f, &data) == 0) {
		if (f.kind == JOURNAL_CHECKPOINT && f.stream == 0 &&
		    fits(want, f.seq, f.time_us, f.b) && cursor_is_good(&c, &f, data))
			found = at;
		at = c.at;
	}
	return found;
}

/* Stand in front of the record at offset @at of block @i. */
static int stop_at(struct journal_reader *r, size_t i, size_t at)
{
	struct journal_record rec;
	struct reader_place place;

	r->block = i;
	r->at = 0;
	r->is_loaded = r->is_told = false;
	r->sight = (struct reader_sight){ 0 };
	do {
		int k = reader_step(r, &rec, &place);

		if (k != 0 && k != JOURNAL_E_UNKNOWN)
			return k < 0 ? err_trace(k) : JOURNAL_E_NONE;
		if (r->block != i || place.at > at)
			return JOURNAL_E_NONE;
		/* A gap in front of it stands at the same place. */
	} while (place.at < at || rec.kind != JOURNAL_CHECKPOINT);
	reader_go(r, &place);
	return 0;
}

/* The newest that fits in the open segment.  JOURNAL_E_NONE. */
static int find_in_segment(struct journal_reader *r, const struct journal_want *want)
{
	struct segment *s = &r->segment;

	for (size_t i = s->n; i > 0; i--) {
		const struct format_entry *e = &s->entries[i - 1];

		if (e->lines_pushed == FORMAT_NO_LINES ||
		    !fits(want, e->seq[0], e->time_us, e->lines_pushed))
			continue;
		int k = segment_load(s, i - 1);
		if (k < 0)
			return err_trace(k);
		size_t at = k == 0 ? find_in_block(s, want) : SIZE_MAX;
		if (at != SIZE_MAX)
			return stop_at(r, i - 1, at);
	}
	return JOURNAL_E_NONE;
}

static int find_checkpoint(struct journal_reader *r, const struct journal_want *want)
{
	for (size_t i = r->list.n; i > 0; i--) {
		const struct dir_segment *d = &r->list.segments[i - 1];
		struct segment_start start = { 0 };
		int k = look_at_first(r, d, &start);

		if (k == 0 && !fits(want, start.state.seq[0], start.time_us, 0))
			continue;
		if (k == 0)
			k = reader_open_segment(r, d->number);
		if (k == 0)
			k = find_in_segment(r, want);
		if (k == 0)
			return 0;
		if (k < 0 && k != -ENOENT)
			return err_trace(k);
	}
	return JOURNAL_E_NONE;
}

int journal_seek_checkpoint(struct journal_reader *r, const struct journal_want *want)
{
	reader_rewind(r);
	int k = journal_reader_refresh(r);
	if (k == 0)
		k = find_checkpoint(r, want);
	if (k != 0)
		reader_rewind(r);
	return k < 0 ? err_trace(k) : k;
}
