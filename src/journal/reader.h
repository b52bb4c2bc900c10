/* The reader's inside, shared by reading on and seeking. */
#ifndef JOURNAL_READER_H
#define JOURNAL_READER_H

#include "journal/dir.h"
#include "journal/segment.h"

/* Up to where records were given out.  Nothing is given out twice. */
struct reader_sight {
	uint64_t seq[JOURNAL_STREAMS];
	uint64_t time_us;
	bool is_known; /* false: the next block record says where it begins */
};

/* A place to come back to within the open segment. */
struct reader_place {
	size_t block;
	size_t at; /* offset in the block */
	struct reader_sight sight;
};

struct journal_reader {
	char *dir;
	struct dir_list list;
	struct segment segment;
	uint64_t number; /* of the segment that is open, or was passed last; 0: none yet */
	uint64_t held;  /* number of the one in `segment`; 0: none.  It is kept for the next seek */
	bool is_open;   /* it is the one being read */
	bool is_loaded; /* block `block` is the one being read */
	bool is_told;   /* journal_next_block() told of it, and it was not loaded since */
	bool is_kept_in; /* for journal_next_here(): not on into the next block */
	bool is_missing; /* a segment that was listed is gone */
	size_t block;    /* the one being read, or the next to be */
	size_t at;       /* offset in it */
	struct reader_sight sight;
	/* After a seek: records before it are not given out. */
	bool skips_seq, skips_time;
	uint32_t skip_stream;
	uint64_t skip_seq, skip_time_us;
	struct journal_state state;
};

enum {
	READER_E_BAD = 16, /* that segment cannot be read: it was passed over */
};

/* Back to before the oldest record; forgets what was given out. */
void reader_rewind(struct journal_reader *r);
void reader_let_go(struct journal_reader *r); /* of the segment */
/* Open segment @number in either form, and index it.  -ENOENT without a trace,
 * READER_E_BAD, JOURNAL_E_VERSION: then none is open, but it counts as passed. */
NODISCARD int reader_open_segment(struct journal_reader *r, uint64_t number);
/* As journal_next(), ignoring the seek's limits; @ret_at: before the record. */
NODISCARD int reader_step(struct journal_reader *r, struct journal_record *ret,
			  struct reader_place *ret_at);
void reader_go(struct journal_reader *r, const struct reader_place *p);
/* Make the next block the one that is read.  JOURNAL_E_END, JOURNAL_E_VERSION. */
NODISCARD int reader_advance(struct journal_reader *r);

#endif
