/* For the tests: a directory, a pane whose every byte can be told from its position, and a
 * reader that checks what all readers may rely on. */
#ifndef JOURNAL_RIG_H
#define JOURNAL_RIG_H

#include "journal/journal.h"

struct rig {
	char state[64]; /* state directory, removed at the end */
	char dir[128];  /* the journal's */
	uint64_t mono_us, wall_us;
	uint64_t seq[JOURNAL_STREAMS];
	unsigned n_notices[3];
	struct journal_hooks hooks;
	struct journal_opts opts; /* small blocks and segments, no sync */
	struct journal_writer *w;
};

void rig_init(struct rig *r);
void rig_fini(struct rig *r);
/* Opens the writer; its outcome.  0: also in @ret (may be NULL). */
int rig_open(struct rig *r, struct journal_state *ret);
void rig_close(struct rig *r);

/* The byte that a stream has at a position. */
uint8_t rig_byte(uint32_t stream, uint64_t seq);
/* The next @n bytes of a stream, by one append; the result.  On failure the position
 * stays. */
int rig_print(struct rig *r, uint32_t stream, size_t n);
int rig_mark(struct rig *r, const char *text);
int rig_checkpoint(struct rig *r, uint64_t lines_pushed, size_t n);
void rig_must(int r);

/* What a walk over all records found. */
struct rig_sum {
	uint64_t n_records, n_output[JOURNAL_STREAMS], n_gap[JOURNAL_STREAMS]; /* bytes */
	uint64_t tail[JOURNAL_STREAMS], head[JOURNAL_STREAMS];
	uint64_t n_marks, n_checkpoints, n_unknown;
	uint64_t last_time_us;
	int end; /* the outcome that ended it */
};
/* From where @jr stands to the end.  Asserts that positions and times only grow, that
 * nothing is missing without a gap, and that every byte is right. */
void rig_walk(struct journal_reader *jr, struct rig_sum *ret);
/* The same of a journal from its beginning. */
void rig_read(const struct rig *r, struct rig_sum *ret);

/* Files of the journal. */
void rig_path(const struct rig *r, const char *name, char *path, size_t size);
size_t rig_size(const struct rig *r, const char *name); /* 0: none */
uint8_t *rig_load(const struct rig *r, const char *name, size_t *ret_n);
void rig_store(const struct rig *r, const char *name, const uint8_t *p, size_t n);
unsigned rig_count(const struct rig *r, const char *part); /* names that contain it */

#endif
