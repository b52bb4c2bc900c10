#include "journal/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/io.h"

static int check_head(struct segment *s, uint64_t pane, uint64_t number)
{
	uint8_t p[FORMAT_SEGMENT_BYTES];
	size_t n = 0;
	int r = io_size(s->fd, &s->n_bytes);

	if (r == 0)
		r = io_read_at(s->fd, p, sizeof p, 0, &n);
	if (r < 0)
		return err_origin(r);
	if (n < sizeof p)
		return SEGMENT_E_BAD;
	r = format_get_segment(p, &s->head);
	if (r != 0)
		return r == FORMAT_E_VERSION ? SEGMENT_E_VERSION : SEGMENT_E_BAD;
	if (s->head.number != number || (pane && s->head.pane != pane))
		return SEGMENT_E_BAD;
	s->is_sealed = s->head.flags & FORMAT_FLAG_SEALED;
	return 0;
}

int segment_open(struct segment *s, const char *path, uint64_t pane, uint64_t number)
{
	int fd = io_open(path, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return fd == -ENOENT ? fd : err_origin(fd);
	*s = (struct segment){ .fd = fd, .loaded = SIZE_MAX };
	int r = check_head(s, pane, number);
	if (r != 0) {
		segment_close(s);
	} else {
		s->valid = FORMAT_SEGMENT_BYTES;
	}
	return r;
}

void segment_close(struct segment *s)
{
	io_close(s->fd);
	mem_free(s->entries);
	mem_free(s->block);
	mem_free(s->packed);
	*s = (struct segment){ .fd = -1, .loaded = SIZE_MAX };
}

int segment_reserve(uint8_t **p, size_t *size, size_t want)
{
	if (want <= *size)
		return 0;
	uint8_t *q = mem_realloc(*p, want);
	if (!q)
		return err_origin(-ENOMEM);
	*p = q;
	*size = want;
	return 0;
}

int segment_add_entry(struct segment *s, const struct format_entry *e)
{
	if (s->n == s->size) {
		size_t size = s->size ? s->size * 2 : 8;
		struct format_entry *p = mem_realloc(s->entries, size * sizeof *p);

		if (!p)
			return err_origin(-ENOMEM);
		s->entries = p;
		s->size = size;
	}
	s->entries[s->n++] = *e;
	return 0;
}

/* The state in a raw segment's first record, which is a block record. */
static int first_of_raw(struct segment *s, struct segment_start *ret)
{
	uint8_t p[FORMAT_BLOCK_RECORD_BYTES];
	struct journal_cursor c = { .p = p, .nonce = s->head.nonce };
	struct format_record f;
	const uint8_t *data;
	struct track t = { 0 };
	int r = io_read_at(s->fd, p, sizeof p, FORMAT_SEGMENT_BYTES, &c.n);

	if (r < 0)
		return err_origin(r);
	if (cursor_next(&c, &f, &data) != 0 || f.kind != FORMAT_KIND_BLOCK)
		return SEGMENT_E_BAD;
	track_apply(&t, &f, data);
	*ret = (struct segment_start){ t.state, t.time_us, t.wall_us };
	return 0;
}

int segment_first(struct segment *s, struct segment_start *ret)
{
	int r = s->is_sealed ? SEGMENT_E_BAD : first_of_raw(s, ret);

	if (r != SEGMENT_E_BAD)
		return r;
	r = segment_index(s);
	if (r == 0) {
		const struct format_entry *e = &s->entries[0];

		*ret = (struct segment_start){
			.state.seq = { e->seq[0], e->seq[1] },
			.time_us = e->time_us,
			.wall_us = e->wall_us,
		};
	}
	return r;
}

/* An end record in the last bytes: false if there is none. */
static int find_end(struct segment *s, bool *ret_found)
{
	uint8_t p[FORMAT_BLOCK_RECORD_BYTES];
	struct journal_cursor c = { .p = p, .nonce = s->head.nonce };
	struct format_record f;
	const uint8_t *data;

	*ret_found = false;
	if (s->n_bytes < FORMAT_SEGMENT_BYTES + 2 * sizeof p)
		return 0;
	int r = io_read_at(s->fd, p, sizeof p, s->n_bytes - sizeof p, &c.n);
	if (r < 0)
		return err_origin(r);
	if (c.n < sizeof p || cursor_next(&c, &f, &data) != 0 || f.kind != FORMAT_KIND_END)
		return 0;
	track_apply(&s->track, &f, data);
	s->valid = s->n_bytes;
	*ret_found = true;
	return 0;
}

int segment_last(struct segment *s)
{
	bool is_found = false;
	int r = 0;

	if (!s->is_sealed && !s->is_indexed)
		r = find_end(s, &is_found);
	if (r == 0 && !is_found)
		r = segment_index(s);
	return r;
}

int segment_index(struct segment *s)
{
	int r;

	if (!s->is_sealed) {
		r = segment_scan(s);
	} else if (s->is_indexed) {
		return 0;
	} else {
		r = segment_read_index(s);
		if (r == SEGMENT_E_BAD)
			r = segment_walk_frames(s);
	}
	if (r == 0)
		s->is_indexed = true;
	return r == 0 && s->n == 0 ? SEGMENT_E_BAD : r;
}

/* Unpack what is in s->packed. */
static int unpack(struct segment *s, const struct format_frame *f)
{
	if (ZSTD_getFrameContentSize(s->packed, f->n_data) != f->n_raw)
		return SEGMENT_E_BAD;
	int r = segment_reserve(&s->block, &s->block_size, f->n_raw);
	if (r < 0)
		return err_trace(r);
	if (ZSTD_decompress(s->block, f->n_raw, s->packed, f->n_data) != f->n_raw)
		return SEGMENT_E_BAD;
	s->n_block = f->n_raw;
	return 0;
}

static int read_frame(struct segment *s, uint64_t offset, struct format_frame *ret)
{
	uint8_t p[FORMAT_FRAME_BYTES];
	size_t n = 0;
	int r = io_read_at(s->fd, p, sizeof p, offset, &n);

	if (r < 0)
		return err_origin(r);
	if (n < sizeof p || !format_get_frame(p, s->head.nonce, ret))
		return SEGMENT_E_BAD;
	return 0;
}

/* @n bytes at @offset with CRC @crc into s->packed. */
static int read_packed(struct segment *s, uint64_t offset, uint32_t n, uint32_t crc)
{
	size_t got = 0;
	int r = 0;

	if (offset > s->n_bytes || n > s->n_bytes - offset)
		return SEGMENT_E_BAD;
	r = segment_reserve(&s->packed, &s->packed_size, n);
	if (r < 0)
		return err_trace(r);
	r = io_read_at(s->fd, s->packed, n, offset, &got);
	if (r < 0)
		return err_origin(r);
	return got == n && format_data_crc(s->head.nonce, s->packed, n) == crc ? 0 : SEGMENT_E_BAD;
}

static int load_sealed(struct segment *s, const struct format_entry *e)
{
	struct format_frame f = { 0 };
	int r = read_frame(s, e->offset, &f);

	if (r == 0) {
		r = read_packed(s, e->offset + FORMAT_FRAME_BYTES + f.n_filter, f.n_data,
				f.data_crc);
	}
	return r == 0 ? unpack(s, &f) : err_trace(r);
}

static int load_raw(struct segment *s, const struct format_entry *e)
{
	int r = segment_reserve(&s->block, &s->block_size, e->n_raw);

	if (r < 0)
		return err_trace(r);
	r = io_read_at(s->fd, s->block, e->n_raw, e->offset, &s->n_block);
	if (r < 0)
		return err_origin(r);
	return s->n_block > 0 ? 0 : SEGMENT_E_BAD;
}

int segment_load(struct segment *s, size_t i)
{
	const struct format_entry *e = &s->entries[i];
	int r;

	if (s->loaded == i && (s->is_sealed || s->n_block == e->n_raw))
		return 0;
	s->loaded = SIZE_MAX;
	s->n_block = 0;
	r = s->is_sealed ? load_sealed(s, e) : load_raw(s, e);
	if (r == 0)
		s->loaded = i;
	return r;
}

int segment_filter(struct segment *s, size_t i, size_t *ret_n)
{
	const struct format_entry *e = &s->entries[i];
	struct format_frame f = { 0 };

	*ret_n = 0;
	if (!s->is_sealed || e->n_filter == 0)
		return 0;
	int r = read_frame(s, e->offset, &f);
	if (r == 0)
		r = read_packed(s, e->offset + FORMAT_FRAME_BYTES, f.n_filter, f.filter_crc);
	if (r == 0)
		*ret_n = f.n_filter;
	return r == SEGMENT_E_BAD ? 0 : r; /* without a filter one has to look */
}
