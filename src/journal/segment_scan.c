/* The blocks of a segment: by reading its records, by its index, or from frame to frame. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/io.h"
#include "journal/segment.h"

#define CHUNK_BYTES (256u << 10)

static void begin_entry(struct format_entry *e, const struct track *t,
			const struct format_record *f, uint64_t offset)
{
	*e = (struct format_entry){
		.offset = offset,
		.seq = { t->state.seq[0], t->state.seq[1] },
		.time_us = t->time_us,
		.wall_us = f->wall_us,
		.lines_pushed = FORMAT_NO_LINES,
	};
}

int segment_note(struct segment *s, const struct format_record *f, const uint8_t *data,
		 uint64_t offset)
{
	struct format_entry *e;

	track_apply(&s->track, f, data);
	if (f->kind == FORMAT_KIND_BLOCK || s->is_split) {
		struct format_entry fresh;

		s->is_split = false;

		begin_entry(&fresh, &s->track, f, offset);
		int r = segment_add_entry(s, &fresh);
		if (r < 0)
			return err_trace(r);
		if (s->n == 1)
			s->first_wall_us = f->wall_us;
	}
	e = &s->entries[s->n - 1];
	if (f->kind == JOURNAL_CHECKPOINT && e->lines_pushed == FORMAT_NO_LINES)
		e->lines_pushed = f->b;
	e->end_seq[0] = s->track.state.seq[0];
	e->end_seq[1] = s->track.state.seq[1];
	e->end_time_us = s->track.time_us;
	return 0;
}

/* The window through which a raw segment is read. */
struct scan {
	uint8_t *p;
	size_t size, n; /* bytes allocated, read */
	uint64_t at;    /* file offset of p[0] */
};

/* Read at @at, at least @want bytes if the file has them. */
static int fill_at(struct segment *s, struct scan *w, uint64_t at, size_t want)
{
	uint64_t left = s->n_bytes > at ? s->n_bytes - at : 0;
	size_t size = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

	size = size > want ? size : want;
	int r = segment_reserve(&w->p, &w->size, size);

	if (r < 0)
		return err_trace(r);
	w->at = at;
	r = io_read_at(s->fd, w->p, size, w->at, &w->n);
	return r < 0 ? err_origin(r) : 0;
}

/* The same behind what is valid. */
static int fill(struct segment *s, struct scan *w, size_t want)
{
	return fill_at(s, w, s->valid, want);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Bytes that the record at the window's start takes, 0 if that cannot be told. */
static size_t wanted(const struct segment *s, const struct scan *w)
{
	struct format_record f;

	if (w->n < FORMAT_RECORD_BYTES || !format_get_record(w->p, s->head.nonce, &f) ||
	    !format_is_possible(&f))
		return 0;
	return FORMAT_RECORD_BYTES + f.n_data;
}

/* What remains behind the last good record: did a write that was cut off leave it? */
static int judge_rest(struct segment *s, struct scan *w)
{
	int r = fill(s, w, FORMAT_RECORD_BYTES);

	if (r < 0)
		return err_trace(r);
	uint64_t left = s->n_bytes > s->valid ? s->n_bytes - s->valid : 0;
	s->is_cut = left > 0;
	s->is_torn = left < FORMAT_RECORD_BYTES || wanted(s, w) > left;
	while (!s->is_torn && w->n > 0 && is_zero(w->p, w->n)) {
		uint64_t next = w->at + w->n;

		s->is_torn = next >= s->n_bytes;
		r = io_read_at(s->fd, w->p, w->size, next, &w->n);
		if (r < 0)
			return err_origin(r);
		w->at = next;
	}
	return 0;
}

/* One record was good; @at is its offset. */
static int take(struct segment *s, const struct format_record *f, const uint8_t *data, uint64_t at)
{
	uint64_t n = FORMAT_RECORD_BYTES + (uint64_t)f->n_data;
	bool is_block = f->kind == FORMAT_KIND_BLOCK;

	/* A segment begins with a block, and a block knows where it is. */
	if ((s->n == 0 && !is_block && !s->is_split) || (is_block && f->b != at))
		return SEGMENT_E_BAD;
	if (!is_block && !s->is_split && s->entries[s->n - 1].n_raw + n > FORMAT_BLOCK_MAX)
		return SEGMENT_E_BAD;
	int r = segment_note(s, f, data, at);
	if (r == 0) {
		s->entries[s->n - 1].n_raw += (uint32_t)n;
		s->valid = at + n;
	}
	return r;
}

/* A record whose data are wrong is passed over, but in the newest segment. */
static int pass_over(struct segment *s, const struct format_record *f)
{
	uint64_t n = FORMAT_RECORD_BYTES + (uint64_t)f->n_data;

	if (s->is_newest || s->n == 0 || f->kind == FORMAT_KIND_BLOCK ||
	    s->entries[s->n - 1].n_raw + n > FORMAT_BLOCK_MAX)
		return SEGMENT_E_BAD;
	s->entries[s->n - 1].n_raw += (uint32_t)n;
	s->valid += n;
	return 0;
}

/* The bytes of output count for nothing here but in the newest segment, where they tell
 * whether it ends; who reads them checks them. */
static bool is_good(const struct segment *s, const struct journal_cursor *c,
		    const struct format_record *f, const uint8_t *data)
{
	return (f->kind == JOURNAL_OUTPUT && !s->is_newest) || cursor_is_good(c, f, data);
}

/* All records in the window.  0: it is used up; SEGMENT_E_BAD: no further. */
static int scan_window(struct segment *s, const struct scan *w)
{
	struct journal_cursor c = { .p = w->p, .n = w->n, .nonce = s->head.nonce };
	struct format_record f;
	const uint8_t *data;
	int r = 0;

	while (r == 0) {
		int k = cursor_hop(&c, &f, &data);

		if (k == CURSOR_E_END || k == CURSOR_E_CUT)
			return 0;
		if (k == CURSOR_E_BAD)
			return SEGMENT_E_BAD;
		r = is_good(s, &c, &f, data) ? take(s, &f, data, s->valid) : pass_over(s, &f);
	}
	return r;
}

/* Whether @p, at offset @at, is a record that says where it stands: a block or an end. */
static bool is_landmark(const struct segment *s, const uint8_t *p, uint64_t at)
{
	struct journal_cursor c = { .p = p,
				    .n = FORMAT_BLOCK_RECORD_BYTES,
				    .nonce = s->head.nonce };
	struct format_record f;
	const uint8_t *data;

	/* Cheap things first: this is asked for every byte. */
	if (p[12] != FORMAT_KIND_BLOCK && p[12] != FORMAT_KIND_END)
		return false;
	return cursor_next(&c, &f, &data) == 0 && f.b == at;
}

/* Behind damage: go on at the next landmark.  SEGMENT_E_BAD: there is none. */
static int resync(struct segment *s, struct scan *w)
{
	uint64_t at = s->valid + 1;

	for (;;) {
		int r = fill_at(s, w, at, FORMAT_BLOCK_RECORD_BYTES);
		if (r < 0)
			return err_trace(r);
		if (w->n < FORMAT_BLOCK_RECORD_BYTES)
			return SEGMENT_E_BAD;
		for (size_t i = 0; i + FORMAT_BLOCK_RECORD_BYTES <= w->n; i++) {
			if (is_landmark(s, w->p + i, at + i)) {
				s->n_lost += at + i - s->valid;
				s->valid = at + i;
				s->is_split = true;
				return 0;
			}
		}
		at += w->n - FORMAT_BLOCK_RECORD_BYTES + 1;
	}
}

int segment_scan(struct segment *s)
{
	struct scan w = { 0 };
	uint64_t before;
	int r = io_size(s->fd, &s->n_bytes);

	if (r < 0)
		return err_origin(r);
	/* The end was known without the blocks. */
	if (!s->is_indexed) {
		s->valid = FORMAT_SEGMENT_BYTES;
		s->n = 0;
		s->n_lost = 0;
		s->is_split = false;
		s->track = (struct track){ 0 };
	}
	size_t want = FORMAT_RECORD_BYTES;
	do {
		before = s->valid;
		r = fill(s, &w, want);
		if (r == 0)
			r = scan_window(s, &w);
		if (r == SEGMENT_E_BAD)
			r = resync(s, &w);
		want = FORMAT_RECORD_BYTES;
		if (r == 0 && s->valid == before)
			want = wanted(s, &w);
	} while (r == 0 && (s->valid > before || (want > w.n && want <= s->n_bytes - s->valid)));
	if (r == 0 || r == SEGMENT_E_BAD)
		r = judge_rest(s, &w);
	mem_free(w.p);
	return r;
}

static bool is_entry_possible(const struct segment *s, const struct format_entry *e)
{
	return e->offset >= FORMAT_SEGMENT_BYTES && e->offset < s->n_bytes && e->n_raw > 0 &&
	       e->n_raw <= FORMAT_BLOCK_MAX && e->seq[0] <= e->end_seq[0] &&
	       e->seq[1] <= e->end_seq[1] && e->end_seq[0] <= FORMAT_SEQ_MAX &&
	       e->end_seq[1] <= FORMAT_SEQ_MAX;
}

static int take_index(struct segment *s, const struct format_trailer *t, const uint8_t *index)
{
	for (uint32_t i = 0; i < t->n_blocks; i++) {
		struct format_entry e;

		format_get_entry(index + (size_t)i * FORMAT_ENTRY_BYTES, &e);
		int r = is_entry_possible(s, &e) ? segment_add_entry(s, &e) : SEGMENT_E_BAD;
		if (r != 0) {
			s->n = 0;
			return r;
		}
	}
	s->track = (struct track){ t->end, t->last_time_us, t->last_wall_us };
	s->first_wall_us = t->first_wall_us;
	return 0;
}

int segment_read_index(struct segment *s)
{
	uint8_t p[FORMAT_TRAILER_BYTES];
	struct format_trailer t;
	size_t n = 0;

	if (s->n_bytes < FORMAT_SEGMENT_BYTES + sizeof p)
		return SEGMENT_E_BAD;
	uint64_t end = s->n_bytes - sizeof p;
	int r = io_read_at(s->fd, p, sizeof p, end, &n);
	if (r < 0)
		return err_origin(r);
	if (n < sizeof p || !format_get_trailer(p, &t) || t.index_offset > end ||
	    end - t.index_offset != (uint64_t)t.n_blocks * FORMAT_ENTRY_BYTES)
		return SEGMENT_E_BAD;
	size_t n_index = (size_t)(end - t.index_offset);
	r = segment_reserve(&s->packed, &s->packed_size, n_index ? n_index : 1);
	if (r < 0)
		return err_trace(r);
	r = io_read_at(s->fd, s->packed, n_index, t.index_offset, &n);
	if (r < 0)
		return err_origin(r);
	if (n < n_index || !format_check_trailer(p, s->head.nonce, s->packed, n_index))
		return SEGMENT_E_BAD;
	return take_index(s, &t, s->packed);
}

/* Index the block that was just loaded, whose frame is at @offset. */
static int note_block(struct segment *s, uint64_t offset)
{
	struct journal_cursor c = { .p = s->block, .n = s->n_block, .nonce = s->head.nonce };
	struct format_record f;
	const uint8_t *data;
	size_t n_before = s->n;
	int r = 0, k = 0;

	while (r == 0 && (k = cursor_next(&c, &f, &data)) != CURSOR_E_END) {
		if (k == CURSOR_E_CUT || k == CURSOR_E_BAD)
			break;
		/* One block record, at the beginning. */
		if ((f.kind == FORMAT_KIND_BLOCK) != (s->n == n_before))
			break;
		if (k == 0) {
			r = segment_note(s, &f, data, offset);
		} else if (s->n == n_before) {
			break;
		}
	}
	return r == 0 && s->n == n_before ? SEGMENT_E_BAD : r;
}

int segment_walk_frames(struct segment *s)
{
	uint64_t at = FORMAT_SEGMENT_BYTES;
	int r = 0;

	s->track = (struct track){ 0 };
	while (r == 0 || r == SEGMENT_E_BAD) {
		uint8_t p[FORMAT_FRAME_BYTES];
		struct format_frame f;
		struct format_entry e = { .offset = at };
		size_t n = 0;

		r = io_read_at(s->fd, p, sizeof p, at, &n);
		if (r < 0)
			return err_origin(r);
		if (n < sizeof p || !format_get_frame(p, s->head.nonce, &f))
			return 0;
		/* Loaded by way of an entry of its own, which note_block() then makes again. */
		r = segment_add_entry(s, &e);
		if (r < 0)
			return err_trace(r);
		s->loaded = SIZE_MAX;
		r = segment_load(s, s->n - 1);
		s->n--;
		if (r == 0)
			r = note_block(s, at);
		if (r == 0) {
			s->entries[s->n - 1].n_raw = f.n_raw;
			s->entries[s->n - 1].n_filter = f.n_filter;
			s->loaded = s->n - 1;
		}
		at += FORMAT_FRAME_BYTES + (uint64_t)f.n_filter + f.n_data;
	}
	return r;
}
