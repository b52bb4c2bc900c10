/*
 * The bytes of docs/journal-format.md, to and from structs.  Pure: knows
 * offsets, CRCs and limits, no files.
 */
#ifndef JOURNAL_FORMAT_H
#define JOURNAL_FORMAT_H

#include "journal/journal.h"

#define FORMAT_SEGMENT_BYTES 64u
#define FORMAT_RECORD_BYTES 56u
#define FORMAT_STATE_BYTES 40u
#define FORMAT_FRAME_BYTES 48u
#define FORMAT_ENTRY_BYTES 96u
#define FORMAT_TRAILER_BYTES 128u
#define FORMAT_BLOCK_RECORD_BYTES (FORMAT_RECORD_BYTES + FORMAT_STATE_BYTES)
#define FORMAT_BLOCK_MAX (32u << 20) /* bytes of a block, uncompressed */
#define FORMAT_SEQ_MAX (1ull << 62)
#define FORMAT_FLAG_SEALED 1u

/* Kinds that only the inside knows. */
#define FORMAT_KIND_BLOCK 32u
#define FORMAT_KIND_END 33u

#define FORMAT_NO_LINES UINT64_MAX

enum { FORMAT_E_BAD = 1, FORMAT_E_VERSION };

struct format_segment {
	uint32_t nonce, flags;
	uint64_t pane, number, wall_us;
};

struct format_record {
	uint32_t n_data, data_crc;
	uint8_t kind, stream;
	uint32_t a;
	uint64_t b, seq, time_us, wall_us;
};

/* What a reader must know who begins at a block. */
struct format_state {
	uint64_t seq[JOURNAL_STREAMS];
	uint64_t generation;
	uint16_t cols, rows;
	bool has_exit, has_closed;
	int32_t exit_code, exit_signal;
};

/* Before a block in a sealed segment. */
struct format_frame {
	uint32_t n_raw, n_data, data_crc, n_filter, filter_crc;
	uint64_t raw_offset;
};

/* A block in the index. */
struct format_entry {
	uint64_t offset; /* sealed: of its frame; raw: of its first record */
	uint64_t seq[JOURNAL_STREAMS], end_seq[JOURNAL_STREAMS];
	uint64_t time_us, end_time_us, wall_us;
	uint64_t lines_pushed; /* FORMAT_NO_LINES: no checkpoint */
	uint32_t n_raw, n_data, n_filter;
};

struct format_trailer {
	uint32_t n_blocks;
	uint64_t index_offset;
	struct format_state end;
	uint64_t seq[JOURNAL_STREAMS];
	uint64_t first_time_us, last_time_us, first_wall_us, last_wall_us;
};

void format_put_segment(uint8_t *p, const struct format_segment *s);
/* 0, FORMAT_E_BAD, FORMAT_E_VERSION. */
NODISCARD int format_get_segment(const uint8_t *p, struct format_segment *ret);

void format_put_record(uint8_t *p, uint32_t nonce, const struct format_record *r);
/* Only the CRC is checked: false if it is wrong. */
NODISCARD bool format_get_record(const uint8_t *p, uint32_t nonce, struct format_record *ret);
/* Whether a record of that head can be; of unknown kinds only what holds for all. */
NODISCARD bool format_is_possible(const struct format_record *r);
/* CRC of data as it stands in heads: 0 of nothing. */
uint32_t format_data_crc(uint32_t nonce, const void *p, size_t n);

void format_put_state(uint8_t *p, const struct format_state *s);
void format_get_state(const uint8_t *p, struct format_state *ret);

void format_put_frame(uint8_t *p, uint32_t nonce, const struct format_frame *f);
NODISCARD bool format_get_frame(const uint8_t *p, uint32_t nonce, struct format_frame *ret);

void format_put_entry(uint8_t *p, const struct format_entry *e);
void format_get_entry(const uint8_t *p, struct format_entry *ret);

/* @index: the encoded entries, which the trailer's CRC covers. */
void format_put_trailer(uint8_t *p, uint32_t nonce, const struct format_trailer *t,
			const uint8_t *index);
NODISCARD bool format_get_trailer(const uint8_t *p, struct format_trailer *ret);
NODISCARD bool format_check_trailer(const uint8_t *p, uint32_t nonce, const uint8_t *index,
				    size_t n_index);

#endif
