#include "journal/format.h"

#include <endian.h>
#include <string.h>

#include "journal/crc32c.h"

static const uint8_t segment_magic[8] = { 'O', 'F', 'J', 'R', 'N', 'L', '\r', '\n' };
#define FRAME_MAGIC 0x424a464fu   /* "OFJB" */
#define TRAILER_MAGIC 0x584a464fu /* "OFJX" */

static void put16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof v);
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof v);
}

static void put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof v);
}

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return le16toh(v);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return le32toh(v);
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return le64toh(v);
}

void format_put_segment(uint8_t *p, const struct format_segment *s)
{
	memset(p, 0, FORMAT_SEGMENT_BYTES);
	memcpy(p, segment_magic, sizeof segment_magic);
	put32(p + 8, JOURNAL_VERSION);
	put32(p + 16, s->nonce);
	put32(p + 20, s->flags);
	put64(p + 24, s->pane);
	put64(p + 32, s->number);
	put64(p + 40, s->wall_us);
	put32(p + 12, crc32c(0, p + 16, FORMAT_SEGMENT_BYTES - 16));
}

int format_get_segment(const uint8_t *p, struct format_segment *ret)
{
	if (memcmp(p, segment_magic, sizeof segment_magic) != 0)
		return FORMAT_E_BAD;
	/* A newer version may have moved all that follows, its CRC too. */
	if (get32(p + 8) > JOURNAL_VERSION)
		return FORMAT_E_VERSION;
	if (get32(p + 8) != JOURNAL_VERSION ||
	    get32(p + 12) != crc32c(0, p + 16, FORMAT_SEGMENT_BYTES - 16))
		return FORMAT_E_BAD;
	*ret = (struct format_segment){
		.nonce = get32(p + 16),
		.flags = get32(p + 20),
		.pane = get64(p + 24),
		.number = get64(p + 32),
		.wall_us = get64(p + 40),
	};
	return 0;
}

uint32_t format_data_crc(uint32_t nonce, const void *p, size_t n)
{
	return n ? crc32c(nonce, p, n) : 0;
}

void format_put_record(uint8_t *p, uint32_t nonce, const struct format_record *r)
{
	put32(p + 4, r->n_data);
	put32(p + 8, r->data_crc);
	p[12] = r->kind;
	p[13] = r->stream;
	put16(p + 14, 0);
	put32(p + 16, r->a);
	put32(p + 20, 0);
	put64(p + 24, r->b);
	put64(p + 32, r->seq);
	put64(p + 40, r->time_us);
	put64(p + 48, r->wall_us);
	put32(p, crc32c(nonce, p + 4, FORMAT_RECORD_BYTES - 4));
}

bool format_get_record(const uint8_t *p, uint32_t nonce, struct format_record *ret)
{
	if (get32(p) != crc32c(nonce, p + 4, FORMAT_RECORD_BYTES - 4))
		return false;
	*ret = (struct format_record){
		.n_data = get32(p + 4),
		.data_crc = get32(p + 8),
		.kind = p[12],
		.stream = p[13],
		.a = get32(p + 16),
		.b = get64(p + 24),
		.seq = get64(p + 32),
		.time_us = get64(p + 40),
		.wall_us = get64(p + 48),
	};
	return true;
}

/* Most bytes of data that a kind may have. */
static uint32_t max_data(uint8_t kind)
{
	static const uint32_t max[] = {
		[JOURNAL_OUTPUT] = JOURNAL_OUTPUT_MAX,
		[JOURNAL_INPUT] = JOURNAL_OUTPUT_MAX,
		[JOURNAL_MARK] = JOURNAL_TEXT_MAX,
		[JOURNAL_SPAWN] = JOURNAL_TEXT_MAX,
		[JOURNAL_CHECKPOINT] = JOURNAL_CHECKPOINT_MAX,
	};

	/* The future may bring anything; a checkpoint is the most that we can hold. */
	return kind < ARRAY_LEN(max) ? max[kind] : JOURNAL_CHECKPOINT_MAX;
}

bool format_is_possible(const struct format_record *r)
{
	if (r->stream >= JOURNAL_STREAMS || r->seq > FORMAT_SEQ_MAX ||
	    r->n_data > max_data(r->kind))
		return false;
	if (r->kind == JOURNAL_OUTPUT)
		return r->n_data > 0 && r->seq + r->n_data <= FORMAT_SEQ_MAX;
	if (r->kind == JOURNAL_GAP)
		return r->b > r->seq && r->b <= FORMAT_SEQ_MAX;
	if (r->kind == FORMAT_KIND_BLOCK || r->kind == FORMAT_KIND_END)
		return r->n_data == FORMAT_STATE_BYTES;
	return r->kind != 0;
}

void format_put_state(uint8_t *p, const struct format_state *s)
{
	put64(p, s->seq[0]);
	put64(p + 8, s->seq[1]);
	put64(p + 16, s->generation);
	put16(p + 24, s->cols);
	put16(p + 26, s->rows);
	put32(p + 28, (s->has_exit ? 1u : 0) | (s->has_closed ? 2u : 0));
	put32(p + 32, (uint32_t)s->exit_code);
	put32(p + 36, (uint32_t)s->exit_signal);
}

void format_get_state(const uint8_t *p, struct format_state *ret)
{
	uint32_t flags = get32(p + 28);

	*ret = (struct format_state){
		.seq = { get64(p), get64(p + 8) },
		.generation = get64(p + 16),
		.cols = get16(p + 24),
		.rows = get16(p + 26),
		.has_exit = flags & 1,
		.has_closed = flags & 2,
		.exit_code = (int32_t)get32(p + 32),
		.exit_signal = (int32_t)get32(p + 36),
	};
}

void format_put_frame(uint8_t *p, uint32_t nonce, const struct format_frame *f)
{
	memset(p, 0, FORMAT_FRAME_BYTES);
	put32(p, FRAME_MAGIC);
	put32(p + 8, f->n_raw);
	put32(p + 12, f->n_data);
	put32(p + 16, f->data_crc);
	put32(p + 20, f->n_filter);
	put32(p + 24, f->filter_crc);
	put64(p + 32, f->raw_offset);
	put32(p + 4, crc32c(nonce, p + 8, FORMAT_FRAME_BYTES - 8));
}

bool format_get_frame(const uint8_t *p, uint32_t nonce, struct format_frame *ret)
{
	if (get32(p) != FRAME_MAGIC || get32(p + 4) != crc32c(nonce, p + 8, FORMAT_FRAME_BYTES - 8))
		return false;
	*ret = (struct format_frame){
		.n_raw = get32(p + 8),
		.n_data = get32(p + 12),
		.data_crc = get32(p + 16),
		.n_filter = get32(p + 20),
		.filter_crc = get32(p + 24),
		.raw_offset = get64(p + 32),
	};
	return ret->n_raw > 0 && ret->n_raw <= FORMAT_BLOCK_MAX && ret->n_data > 0 &&
	       ret->n_data <= FORMAT_BLOCK_MAX && ret->n_filter <= JOURNAL_FILTER_MAX;
}

void format_put_entry(uint8_t *p, const struct format_entry *e)
{
	memset(p, 0, FORMAT_ENTRY_BYTES);
	put64(p, e->offset);
	put64(p + 8, e->seq[0]);
	put64(p + 16, e->seq[1]);
	put64(p + 24, e->end_seq[0]);
	put64(p + 32, e->end_seq[1]);
	put64(p + 40, e->time_us);
	put64(p + 48, e->end_time_us);
	put64(p + 56, e->wall_us);
	put64(p + 64, e->lines_pushed);
	put32(p + 72, e->n_raw);
	put32(p + 76, e->n_data);
	put32(p + 80, e->n_filter);
}

void format_get_entry(const uint8_t *p, struct format_entry *ret)
{
	*ret = (struct format_entry){
		.offset = get64(p),
		.seq = { get64(p + 8), get64(p + 16) },
		.end_seq = { get64(p + 24), get64(p + 32) },
		.time_us = get64(p + 40),
		.end_time_us = get64(p + 48),
		.wall_us = get64(p + 56),
		.lines_pushed = get64(p + 64),
		.n_raw = get32(p + 72),
		.n_data = get32(p + 76),
		.n_filter = get32(p + 80),
	};
}

static uint32_t trailer_crc(const uint8_t *p, uint32_t nonce, const uint8_t *index, size_t n_index)
{
	return crc32c(crc32c(nonce, p + 8, FORMAT_TRAILER_BYTES - 8), index, n_index);
}

void format_put_trailer(uint8_t *p, uint32_t nonce, const struct format_trailer *t,
			const uint8_t *index)
{
	memset(p, 0, FORMAT_TRAILER_BYTES);
	put32(p, TRAILER_MAGIC);
	put32(p + 8, t->n_blocks);
	put64(p + 16, t->index_offset);
	format_put_state(p + 24, &t->end);
	put64(p + 64, t->seq[0]);
	put64(p + 72, t->seq[1]);
	put64(p + 80, t->first_time_us);
	put64(p + 88, t->last_time_us);
	put64(p + 96, t->first_wall_us);
	put64(p + 104, t->last_wall_us);
	put32(p + 4, trailer_crc(p, nonce, index, (size_t)t->n_blocks * FORMAT_ENTRY_BYTES));
}

bool format_get_trailer(const uint8_t *p, struct format_trailer *ret)
{
	if (get32(p) != TRAILER_MAGIC)
		return false;
	*ret = (struct format_trailer){
		.n_blocks = get32(p + 8),
		.index_offset = get64(p + 16),
		.seq = { get64(p + 64), get64(p + 72) },
		.first_time_us = get64(p + 80),
		.last_time_us = get64(p + 88),
		.first_wall_us = get64(p + 96),
		.last_wall_us = get64(p + 104),
	};
	format_get_state(p + 24, &ret->end);
	return true;
}

bool format_check_trailer(const uint8_t *p, uint32_t nonce, const uint8_t *index, size_t n_index)
{
	return get32(p + 4) == trailer_crc(p, nonce, index, n_index);
}
