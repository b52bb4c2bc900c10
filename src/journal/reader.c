#include "journal/reader.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Files come and go while one looks; somebody who does this all the time is no writer of
 * ours. */
#define MAX_TRIES 16

void reader_let_go(struct journal_reader *r)
{
	if (r->held > 0)
		segment_close(&r->segment);
	r->held = 0;
}

/* It is done, but a seek may come back to it. */
static void leave_segment(struct journal_reader *r)
{
	r->is_open = r->is_loaded = r->is_told = false;
	r->block = r->at = 0;
}

void reader_rewind(struct journal_reader *r)
{
	leave_segment(r);
	r->number = 0;
	r->is_missing = false;
	r->sight = (struct reader_sight){ 0 };
	r->skips_seq = r->skips_time = false;
}

static int relist(struct journal_reader *r)
{
	struct dir_list l;
	int k = dir_list(r->dir, &l);

	if (k < 0)
		return k;
	dir_fini(&r->list);
	r->list = l;
	return 0;
}

/* Either form of it: a seal takes the raw file's place at any time. */
static int open_either(struct segment *s, const char *dir, uint64_t number)
{
	struct dir_path path;
	int r;

	dir_name(dir, number, DIR_SEAL, &path);
	r = segment_open(s, path.s, 0, number);
	if (r == 0 || r == SEGMENT_E_VERSION || (r < 0 && r != -ENOENT))
		return r;
	dir_name(dir, number, DIR_RAW, &path);
	int k = segment_open(s, path.s, 0, number);
	if (k != -ENOENT)
		return k;
	if (r != -ENOENT)
		return r;
	dir_name(dir, number, DIR_SEAL, &path);
	return segment_open(s, path.s, 0, number);
}

static bool is_newest(const struct journal_reader *r, uint64_t number)
{
	return !dir_after(&r->list, number);
}

/* Have segment @number in r->segment, indexed. */
static int hold_segment(struct journal_reader *r, uint64_t number)
{
	int k = 0;

	if (r->held != number) {
		reader_let_go(r);
		k = open_either(&r->segment, r->dir, number);
		if (k != 0)
			return k;
		r->held = number;
	}
	r->segment.is_newest = is_newest(r, number);
	k = segment_index(&r->segment);
	if (k != 0)
		reader_let_go(r);
	return k;
}

int reader_open_segment(struct journal_reader *r, uint64_t number)
{
	leave_segment(r);
	int k = hold_segment(r, number);
	if (k < 0)
		return k == -ENOENT ? k : err_trace(k);
	/* Of the newest one not even the beginning may be written yet. */
	if (k == SEGMENT_E_BAD && is_newest(r, number))
		return JOURNAL_E_END;
	r->number = number;
	r->is_open = k == 0;
	if (k == SEGMENT_E_VERSION)
		return JOURNAL_E_VERSION;
	return k == 0 ? 0 : READER_E_BAD;
}

/* The segment behind the one that is done.  JOURNAL_E_END, JOURNAL_E_VERSION. */
static int next_segment(struct journal_reader *r)
{
	for (int i = 0; i < MAX_TRIES;) {
		const struct dir_segment *d = dir_after(&r->list, r->number);
		int k;

		if (!d) {
			leave_segment(r);
			return JOURNAL_E_END;
		}
		if (r->number > 0 && d->number > r->number + 1)
			r->is_missing = true;
		k = reader_open_segment(r, d->number);
		if (k == -ENOENT) {
			r->is_missing = true;
			k = relist(r);
			if (k < 0)
				return err_trace(k);
			i++;
		} else if (k != READER_E_BAD) {
			return k < 0 ? err_trace(k) : k;
		}
	}
	return err_origin(-EBUSY);
}

/* What was written to the open raw segment since.  Says whether that was anything. */
static int look_again(struct journal_reader *r, bool *ret_grew)
{
	struct segment *s = &r->segment;
	uint64_t before = s->valid;
	int k = segment_index(s);

	*ret_grew = s->valid > before;
	return k == SEGMENT_E_BAD ? 0 : err_trace(k);
}

/* All known blocks are done: are there more?  0: look again; JOURNAL_E_END. */
static int find_more(struct journal_reader *r)
{
	bool grew = false;
	int k = relist(r);

	if (k < 0)
		return k == -ENOENT ? JOURNAL_E_END : err_trace(k);
	/* The list is older than the look, so nothing written to a segment that is not
	 * its newest is missed. */
	if (r->is_open && !r->segment.is_sealed) {
		r->segment.is_newest = is_newest(r, r->number);
		k = look_again(r, &grew);
		if (k < 0)
			return err_trace(k);
	}
	return grew || !is_newest(r, r->number) ? 0 : JOURNAL_E_END;
}

/* The next block, with @ret_i < segment.n; the one being read again if it has grown and
 * @may_stay. */
static int find_block(struct journal_reader *r, bool may_stay, size_t *ret_i)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		/* To read, a block that was only told of comes first. */
		size_t next = r->block + (r->is_loaded || (r->is_told && !may_stay));

		if (r->is_open && may_stay && r->is_loaded && !r->segment.is_sealed &&
		    r->segment.entries[r->block].n_raw > r->segment.n_block)
			next = r->block;
		if (r->is_open && next < r->segment.n) {
			*ret_i = next;
			return 0;
		}
		if (r->is_open && is_newest(r, r->number) == false && r->segment.is_sealed) {
			int k = next_segment(r);
			if (k != 0)
				return k < 0 ? err_trace(k) : k;
			continue;
		}
		uint64_t valid = r->is_open ? r->segment.valid : 0;
		int k = find_more(r);
		if (k != 0)
			return k < 0 ? err_trace(k) : k;
		if (r->is_open && r->segment.valid > valid)
			continue;
		k = next_segment(r);
		if (k != 0)
			return k < 0 ? err_trace(k) : k;
	}
	return err_origin(-EBUSY);
}

int reader_advance(struct journal_reader *r)
{
	for (;;) {
		size_t i = 0;
		int k = find_block(r, true, &i);

		if (k != 0)
			return k < 0 ? err_trace(k) : k;
		bool stays = r->is_loaded && i == r->block;
		k = segment_load(&r->segment, i);
		if (k < 0)
			return err_trace(k);
		r->at = stays ? r->at : 0;
		r->block = i;
		r->is_loaded = true;
		r->is_told = false;
		if (k == 0)
			return 0;
		/* Damaged: it counts as read. */
		r->segment.n_block = 0;
		if (stays)
			return JOURNAL_E_END;
	}
}

void reader_go(struct journal_reader *r, const struct reader_place *p)
{
	assert(r->is_open && r->block == p->block);
	r->at = p->at;
	r->sight = p->sight;
}

/* Bytes up to @to are missing in front of @f. */
static int make_gap(struct journal_reader *r, const struct format_record *f, uint32_t stream,
		    uint64_t to, struct journal_record *ret)
{
	uint64_t *seq = &r->sight.seq[stream];

	*ret = (struct journal_record){
		.kind = JOURNAL_GAP,
		.stream = stream,
		.seq = *seq,
		.wall_us = f->wall_us,
		.time_us = f->time_us > r->sight.time_us ? f->time_us : r->sight.time_us,
		.gap = { .to = to,
			 .reason = r->is_missing ? JOURNAL_GAP_DROPPED : JOURNAL_GAP_DAMAGED },
	};
	r->sight.time_us = ret->time_us;
	r->is_missing = false;
	*seq = to;
	return 0;
}

enum { TAKE_E_NOTHING = 64, TAKE_E_GAP };

/* A record that says where the streams stand.  TAKE_E_GAP: @ret is what is missing in front. */
static int take_state(struct journal_reader *r, const struct format_record *f, const uint8_t *data,
		      struct journal_record *ret)
{
	struct format_state state;

	format_get_state(data, &state);
	for (uint32_t i = 0; i < JOURNAL_STREAMS; i++) {
		uint64_t seq = state.seq[i] < FORMAT_SEQ_MAX ? state.seq[i] : FORMAT_SEQ_MAX;

		if (!r->sight.is_known) {
			r->sight.seq[i] = seq;
		} else if (seq > r->sight.seq[i]) {
			int ignored = make_gap(r, f, i, seq, ret);

			(void)ignored;
			return TAKE_E_GAP;
		}
	}
	r->sight.is_known = true;
	r->is_missing = false;
	return TAKE_E_NOTHING;
}

/* What of it lies at or behind what was given out. */
static int trim(struct journal_reader *r, struct journal_record *ret)
{
	uint64_t *seq = &r->sight.seq[ret->stream];
	uint64_t end;

	if (ret->kind == JOURNAL_OUTPUT) {
		end = ret->seq + ret->data[0].n;
	} else if (ret->kind == JOURNAL_GAP) {
		end = ret->gap.to;
	} else {
		/* An image of what was before is to nobody's use here. */
		if (ret->kind == JOURNAL_CHECKPOINT && ret->seq < *seq)
			return TAKE_E_NOTHING;
		ret->seq = *seq;
		return 0;
	}
	if (end <= *seq)
		return TAKE_E_NOTHING;
	if (ret->kind == JOURNAL_OUTPUT) {
		ret->data[0].p = (const uint8_t *)ret->data[0].p + (*seq - ret->seq);
		ret->data[0].n = (size_t)(end - *seq);
	}
	ret->seq = *seq;
	*seq = end;
	return 0;
}

/* 0, JOURNAL_E_UNKNOWN, TAKE_E_*. */
static int take(struct journal_reader *r, const struct format_record *f, const uint8_t *data,
		struct journal_record *ret)
{
	if (f->kind == FORMAT_KIND_BLOCK || f->kind == FORMAT_KIND_END)
		return take_state(r, f, data, ret);
	/* Every block begins with a state; if one does not, this is where it begins. */
	if (!r->sight.is_known)
		r->sight.seq[f->stream] = f->seq;
	r->sight.is_known = true;
	if (f->seq > r->sight.seq[f->stream] && f->kind != JOURNAL_GAP) {
		int ignored = make_gap(r, f, f->stream, f->seq, ret);

		(void)ignored;
		return TAKE_E_GAP;
	}
	int k = record_from_format(f, data, ret);
	if (ret->time_us < r->sight.time_us)
		ret->time_us = r->sight.time_us;
	r->sight.time_us = ret->time_us;
	return k == 0 ? trim(r, ret) : k;
}

int reader_step(struct journal_reader *r, struct journal_record *ret, struct reader_place *ret_at)
{
	for (;;) {
		struct journal_cursor c = {
			.p = r->segment.block,
			.n = r->is_loaded ? r->segment.n_block : 0,
			.at = r->is_loaded ? r->at : 0,
			.nonce = r->segment.head.nonce,
		};
		struct format_record f;
		const uint8_t *data;
		int k = cursor_next(&c, &f, &data);

		if (k == CURSOR_E_END || k == CURSOR_E_CUT || k == CURSOR_E_BAD) {
			if (r->is_kept_in && r->is_loaded)
				return JOURNAL_E_NONE;
			k = reader_advance(r);
			if (k != 0)
				return k < 0 ? err_trace(k) : k;
			continue;
		}
		*ret_at = (struct reader_place){ r->block, r->at, r->sight };
		k = k == 0 ? take(r, &f, data, ret) : TAKE_E_NOTHING;
		if (k != TAKE_E_GAP)
			r->at = c.at;
		if (k != TAKE_E_NOTHING)
			return k == TAKE_E_GAP ? 0 : k;
	}
}

/* Whether the seek's limit is reached; then @rec is cut to it. */
static bool is_reached(const struct journal_reader *r, struct journal_record *rec)
{
	uint64_t end = rec->seq;

	if (r->skips_time)
		return rec->time_us >= r->skip_time_us;
	if (!r->skips_seq)
		return true;
	if (rec->stream != r->skip_stream)
		return false;
	if (rec->kind == JOURNAL_OUTPUT) {
		end += rec->data[0].n;
	} else if (rec->kind == JOURNAL_GAP) {
		end = rec->gap.to;
	}
	if (end < r->skip_seq || (end == r->skip_seq && end != rec->seq))
		return false;
	if (rec->seq < r->skip_seq) {
		uint64_t n = r->skip_seq - rec->seq;

		rec->seq = r->skip_seq;
		if (rec->kind == JOURNAL_OUTPUT) {
			rec->data[0].p = (const uint8_t *)rec->data[0].p + n;
			rec->data[0].n -= (size_t)n;
		}
	}
	return true;
}

/* The first record behind a seek stands behind what was asked for. */
static void gap_from_seek(struct journal_reader *r, const struct reader_place *at,
			  struct journal_record *rec)
{
	bool is_dropped = r->skip_seq < r->state.tail[rec->stream];

	reader_go(r, at);
	*rec = (struct journal_record){
		.kind = JOURNAL_GAP,
		.stream = rec->stream,
		.seq = r->skip_seq,
		.wall_us = rec->wall_us,
		.time_us = rec->time_us,
		.gap = { .to = rec->seq,
			 .reason = is_dropped ? JOURNAL_GAP_DROPPED : JOURNAL_GAP_DAMAGED },
	};
}

int journal_next(struct journal_reader *r, struct journal_record *ret)
{
	struct reader_place at = { 0 };
	int k;

	do {
		k = reader_step(r, ret, &at);
		if (k != 0)
			return k < 0 ? err_trace(k) : k;
	} while (!is_reached(r, ret));
	if (r->skips_seq && ret->seq > r->skip_seq)
		gap_from_seek(r, &at, ret);
	r->skips_seq = r->skips_time = false;
	return 0;
}

int journal_next_here(struct journal_reader *r, struct journal_record *ret)
{
	r->is_kept_in = true;
	int k = journal_next(r, ret);
	r->is_kept_in = false;
	return k < 0 ? err_trace(k) : k;
}

int journal_next_block(struct journal_reader *r, struct journal_block *ret)
{
	size_t i = 0;
	int k = find_block(r, false, &i);

	if (k != 0)
		return k < 0 ? err_trace(k) : k;
	const struct format_entry *e = &r->segment.entries[i];
	*ret = (struct journal_block){
		.seq = { e->seq[0], e->seq[1] },
		.end_seq = { e->end_seq[0], e->end_seq[1] },
		.time_us = e->time_us,
		.end_time_us = e->end_time_us,
		.wall_us = e->wall_us,
		.lines_pushed = e->lines_pushed,
		.n_bytes = e->n_raw,
		.is_sealed = r->segment.is_sealed,
	};
	k = segment_filter(&r->segment, i, &ret->n_filter);
	if (k < 0)
		return err_trace(k);
	ret->filter = ret->n_filter > 0 ? r->segment.packed : NULL;
	r->block = i;
	r->at = 0;
	r->is_loaded = false;
	r->is_told = true;
	r->sight = (struct reader_sight){ .time_us = r->sight.time_us };
	r->skips_seq = r->skips_time = false;
	return 0;
}
