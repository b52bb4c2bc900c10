/* Sealing: a finished raw segment becomes a compressed one, block by block. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/crc32c.h"
#include "journal/io.h"
#include "journal/writer.h"

#define LEVEL 1

struct journal_squeezer {
	ZSTD_CCtx *zstd;
	struct buf out; /* a frame: header, filter, data */
	struct buf filter;
};

struct seal {
	struct segment raw;
	int fd;      /* of the temporary file */
	uint64_t at; /* bytes written to it */
	size_t next; /* block */
};

struct journal_squeezer *journal_squeezer_new(void)
{
	struct journal_squeezer *s = mem_new(struct journal_squeezer);

	if (!s)
		return NULL;
	s->zstd = ZSTD_createCCtx();
	if (!s->zstd)
		return journal_squeezer_free(s);
	return s;
}

struct journal_squeezer *journal_squeezer_free(struct journal_squeezer *s)
{
	if (s) {
		ZSTD_freeCCtx(s->zstd);
		buf_fini(&s->out);
		buf_fini(&s->filter);
		mem_free(s);
	}
	return NULL;
}

struct seal *seal_abort(struct seal *s)
{
	if (s) {
		/* The temporary file goes when the journal is next opened, or sealed. */
		io_close(s->fd);
		segment_close(&s->raw);
		mem_free(s);
	}
	return NULL;
}

uint64_t seal_number(const struct seal *s)
{
	return s->raw.head.number;
}

static int write_head(struct seal *s)
{
	uint8_t p[FORMAT_SEGMENT_BYTES];
	struct format_segment head = s->raw.head;

	head.flags |= FORMAT_FLAG_SEALED;
	format_put_segment(p, &head);
	int r = io_write_at(s->fd, p, sizeof p, 0);
	s->at = sizeof p;
	return r < 0 ? err_origin(r) : 0;
}

/* A raw segment without one block is no use to anybody. */
static int set_aside(struct journal_writer *w, uint64_t number)
{
	struct dir_path path, aside;

	dir_name(w->dir, number, DIR_RAW, &path);
	int r = dir_set_aside(&path, false, &aside);
	if (r == 0) {
		writer_notice(w->opts.hooks, JOURNAL_NOTICE_DAMAGED, "%s is damaged: kept as %s",
			      path.s, aside.s);
	}
	return err_trace(r);
}

static int begin(struct journal_writer *w, uint64_t number)
{
	struct dir_path path;
	struct seal *s = mem_new(struct seal);

	if (!s)
		return err_origin(-ENOMEM);
	s->fd = -1;
	dir_name(w->dir, number, DIR_RAW, &path);
	int r = segment_open(&s->raw, path.s, w->pane, number);
	if (r != 0) {
		mem_free(s);
		return r;
	}
	r = s->raw.is_sealed ? SEGMENT_E_BAD : segment_index(&s->raw);
	if (r == 0) {
		dir_name(w->dir, number, DIR_TMP, &path);
		s->fd = io_open(path.s, O_WRONLY | O_CREAT | O_TRUNC);
		r = s->fd < 0 ? err_origin(s->fd) : write_head(s);
	}
	if (r != 0) {
		seal_abort(s);
		return r < 0 ? err_trace(r) : r;
	}
	w->seal = s;
	return 0;
}

static void make_filter(struct journal_writer *w, struct journal_squeezer *q, const struct seal *s)
{
	const struct journal_hooks *h = w->opts.hooks;
	struct journal_cursor c = { .p = s->raw.block,
				    .n = s->raw.n_block,
				    .nonce = s->raw.head.nonce };

	buf_clear(&q->filter);
	if (!h || !h->make_filter)
		return;
	if (h->make_filter(h->user, &c, &q->filter) < 0 || buf_check(&q->filter) < 0 ||
	    buf_len(&q->filter) > JOURNAL_FILTER_MAX)
		buf_clear(&q->filter);
}

/* The whole frame into q->out. */
static int pack(struct journal_squeezer *q, const struct seal *s, uint64_t raw_offset,
		struct format_frame *ret)
{
	size_t n_filter = buf_len(&q->filter);
	size_t bound = ZSTD_compressBound(s->raw.n_block);
	uint32_t nonce = s->raw.head.nonce;

	buf_clear(&q->out);
	uint8_t *p = (uint8_t *)buf_reserve(&q->out, FORMAT_FRAME_BYTES + n_filter + bound);
	if (!p)
		return err_origin(-ENOMEM);
	uint8_t *filter = p + FORMAT_FRAME_BYTES, *data = filter + n_filter;
	memcpy(filter, buf_data(&q->filter), n_filter);
	size_t n = ZSTD_compressCCtx(q->zstd, data, bound, s->raw.block, s->raw.n_block, LEVEL);
	if (ZSTD_isError(n))
		return err_origin(-ENOMEM);
	*ret = (struct format_frame){
		.n_raw = (uint32_t)s->raw.n_block,
		.n_data = (uint32_t)n,
		.data_crc = format_data_crc(nonce, data, n),
		.n_filter = (uint32_t)n_filter,
		.filter_crc = format_data_crc(nonce, filter, n_filter),
		.raw_offset = raw_offset,
	};
	format_put_frame(p, nonce, ret);
	buf_commit(&q->out, FORMAT_FRAME_BYTES + n_filter + n);
	return 0;
}

static int pack_block(struct journal_writer *w, struct journal_squeezer *q)
{
	struct seal *s = w->seal;
	struct format_entry *e = &s->raw.entries[s->next];
	struct format_frame f = { 0 };
	int r = segment_load(&s->raw, s->next);

	if (r != 0)
		return r < 0 ? err_trace(r) : err_origin(-EIO);
	make_filter(w, q, s);
	r = pack(q, s, e->offset, &f);
	if (r < 0)
		return err_trace(r);
	r = io_write_at(s->fd, buf_data(&q->out), buf_len(&q->out), s->at);
	if (r < 0)
		return err_origin(r);
	e->offset = s->at;
	e->n_raw = f.n_raw;
	e->n_data = f.n_data;
	e->n_filter = f.n_filter;
	s->at += buf_len(&q->out);
	s->next++;
	return JOURNAL_E_MORE;
}

/* Index and trailer. */
static int write_index(struct seal *s, struct journal_squeezer *q)
{
	const struct segment *raw = &s->raw;
	size_t n_index = raw->n * FORMAT_ENTRY_BYTES;
	struct format_trailer t = {
		.n_blocks = (uint32_t)raw->n,
		.index_offset = s->at,
		.end = raw->track.state,
		.seq = { raw->entries[0].seq[0], raw->entries[0].seq[1] },
		.first_time_us = raw->entries[0].time_us,
		.last_time_us = raw->track.time_us,
		.first_wall_us = raw->first_wall_us,
		.last_wall_us = raw->track.wall_us,
	};

	buf_clear(&q->out);
	uint8_t *p = (uint8_t *)buf_reserve(&q->out, n_index + FORMAT_TRAILER_BYTES);
	if (!p)
		return err_origin(-ENOMEM);
	for (size_t i = 0; i < raw->n; i++)
		format_put_entry(p + i * FORMAT_ENTRY_BYTES, &raw->entries[i]);
	format_put_trailer(p + n_index, raw->head.nonce, &t, p);
	int r = io_write_at(s->fd, p, n_index + FORMAT_TRAILER_BYTES, s->at);
	s->at += n_index + FORMAT_TRAILER_BYTES;
	return r < 0 ? err_origin(r) : 0;
}

/* The seal is on the disk under its name before the raw file goes. */
static int put_in_place(struct journal_writer *w, uint64_t number)
{
	struct dir_path tmp, seal;

	dir_name(w->dir, number, DIR_TMP, &tmp);
	dir_name(w->dir, number, DIR_SEAL, &seal);
	int r = w->opts.no_sync ? 0 : io_sync(w->seal->fd);
	if (r == 0)
		r = io_rename(tmp.s, seal.s);
	if (r == 0 && !w->opts.no_sync)
		r = io_sync_dir(w->dir);
	return r < 0 ? err_origin(r) : 0;
}

static struct dir_segment *listed(struct journal_writer *w, uint64_t number)
{
	for (size_t i = 0; i < w->list.n; i++) {
		if (w->list.segments[i].number == number)
			return &w->list.segments[i];
	}
	return NULL;
}

static int finish(struct journal_writer *w, struct journal_squeezer *q)
{
	struct seal *s = w->seal;
	uint64_t number = s->raw.head.number;
	struct dir_segment *d = listed(w, number);
	struct dir_path raw;
	int r = write_index(s, q);

	if (r == 0)
		r = put_in_place(w, number);
	if (r < 0)
		return err_trace(r);
	dir_name(w->dir, number, DIR_RAW, &raw);
	r = s->raw.is_cut && !s->raw.is_torn ? set_aside(w, number) : io_unlink(raw.s);
	assert(d);
	d->has_seal = true;
	d->has_raw = r < 0;
	d->n_bytes = s->at;
	w->seal = seal_abort(s);
	return err_trace(r);
}

int seal_step(struct journal_writer *w, struct journal_squeezer *s, uint64_t number)
{
	int r = JOURNAL_E_MORE;

	if (!w->seal) {
		r = begin(w, number);
		if (r == SEGMENT_E_VERSION)
			return err_origin(-EPROTONOSUPPORT);
		if (r == SEGMENT_E_BAD || r == -ENOENT) {
			struct dir_segment *d = listed(w, number);

			r = r == -ENOENT ? 0 : set_aside(w, number);
			d->has_raw = false;
			d->n_bytes = 0;
			return err_trace(r);
		}
		r = r == 0 ? JOURNAL_E_MORE : r;
	} else if (w->seal->next < w->seal->raw.n) {
		r = pack_block(w, s);
	} else {
		r = finish(w, s);
	}
	if (r < 0)
		w->seal = seal_abort(w->seal);
	return r < 0 ? err_trace(r) : r;
}
