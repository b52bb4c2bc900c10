/*
 * One segment open for reading, raw or sealed: its blocks, what stands at its
 * end, and the bytes of one block in memory.
 *
 * A raw segment may grow while it is open (segment_index() again looks for more);
 * then everything that is wrong at its end may be a write under way.
 */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include "journal/record.h"

struct segment {
	int fd; /* -1: not open */
	bool is_sealed;
	bool is_newest; /* raw: what is wrong ends the journal, nothing is passed over */
	bool is_indexed;
	bool is_cut;     /* raw: bytes behind `valid` that are no records (yet) */
	bool is_torn;    /* ... and which a write that was cut off explains */
	bool is_split;   /* raw: the next record begins an entry, whatever it is */
	uint64_t n_lost; /* raw: bytes in the middle that are no records */
	struct format_segment head;
	uint64_t n_bytes;             /* of the file, when last looked */
	uint64_t valid;               /* raw: offset behind the last good record */
	struct format_entry *entries; /* its blocks; of a raw one n_raw is its bytes so far */
	size_t n, size;
	struct track track; /* at the end of its entries */
	uint64_t first_wall_us;
	uint8_t *block; /* bytes of block `loaded` */
	size_t n_block, block_size;
	size_t loaded;   /* index of it, or SIZE_MAX */
	uint8_t *packed; /* compressed, or the filter */
	size_t packed_size;
};

enum {
	SEGMENT_E_BAD = 1,
	SEGMENT_E_VERSION,
};

/* What is known of a segment from its first bytes. */
struct segment_start {
	struct format_state state;
	uint64_t time_us, wall_us;
};

/* @path, of pane @pane (0: any) and number @number.  -ENOENT (not traced), SEGMENT_E_BAD,
 * SEGMENT_E_VERSION: then nothing is open. */
NODISCARD int segment_open(struct segment *s, const char *path, uint64_t pane, uint64_t number);
void segment_close(struct segment *s);

/* The state at its beginning: one read.  SEGMENT_E_BAD. */
NODISCARD int segment_first(struct segment *s, struct segment_start *ret);
/* The state at its end, in s->track: from an end record or the trailer if it can be had
 * so, else by segment_index(). */
NODISCARD int segment_last(struct segment *s);
/* Fill the entries; on a raw segment that was indexed before, look for more.
 * SEGMENT_E_BAD: not even one block. */
NODISCARD int segment_index(struct segment *s);
/* Block @i into s->block.  SEGMENT_E_BAD. */
NODISCARD int segment_load(struct segment *s, size_t i);
/* Its filter into s->packed; @ret_n 0: none. */
NODISCARD int segment_filter(struct segment *s, size_t i, size_t *ret_n);

/* For the parts of this. */
NODISCARD int segment_add_entry(struct segment *s, const struct format_entry *e);
NODISCARD int segment_reserve(uint8_t **p, size_t *size, size_t want);
/* Note a record in the running entry (the last one); a block record begins one. */
NODISCARD int segment_note(struct segment *s, const struct format_record *f, const uint8_t *data,
			   uint64_t offset);
NODISCARD int segment_scan(struct segment *s);        /* raw */
NODISCARD int segment_read_index(struct segment *s);  /* sealed; SEGMENT_E_BAD */
NODISCARD int segment_walk_frames(struct segment *s); /* sealed, without an index */

#endif
