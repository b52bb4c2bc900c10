/* The writer's inside, shared by the files that make it up. */
#ifndef JOURNAL_WRITER_H
#define JOURNAL_WRITER_H

#include "base/buf.h"
#include "journal/dir.h"
#include "journal/segment.h"

#define WRITER_OLD_FDS 4

/* Where the next record goes, as of some moment. */
struct writer_place {
	struct track track;
	uint64_t block_bytes; /* of the running block */
	bool has_segment;     /* one was begun, if only in the buffer */
	bool has_block;
	bool has_records; /* ever, in this journal */
};

struct seal;

/*
 * Invariants (writer_check):
 *   W1  the buffer holds bytes of the running segment only, which belong at offset `end`
 *   W2  `written` is the place at `end`; without anything in the buffer now = written
 *   W3  the running segment is the list's last once something of it was written, and
 *       no file has a number above `number`
 */
struct journal_writer {
	char *dir;
	uint64_t pane;
	struct journal_opts opts; /* defaults filled in */
	struct dir_list list;
	int fd;          /* of the running segment; -1: not open (yet) */
	uint64_t number; /* of it, or of the one before when none was begun */
	uint32_t nonce;
	uint64_t end; /* bytes of its file that were written */
	struct buf out;
	struct writer_place now, written;
	uint64_t mono_us; /* of the last record */
	bool has_mono;
	enum journal_gap gap_reason; /* of the next one that opens */
	int old_fds[WRITER_OLD_FDS]; /* finished segments that were not synced */
	size_t n_old;
	bool is_dirty, is_dir_dirty; /* written and not synced */
	bool wants_end;              /* no end record at the end */
	bool was_torn;
	struct segment_start first; /* of the oldest segment */
	struct seal *seal;          /* under way, or NULL */
	uint64_t last_us;           /* wall clock of the oldest segment's end; 0: not looked */
};

void writer_check(const struct journal_writer *w);
void writer_notice(const struct journal_hooks *h, enum journal_notice what, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* After the oldest segment changed. */
NODISCARD int writer_find_first(struct journal_writer *w);

/* Make what a crash left fit to go on with; docs/journal-format.md, "What a writer
 * does when it opens".  Fills in all that is known of @w; JOURNAL_E_VERSION. */
NODISCARD int recover(struct journal_writer *w);

/* seal.c.  One step of sealing segment @number: JOURNAL_E_MORE, 0 when it is done. */
NODISCARD int seal_step(struct journal_writer *w, struct journal_squeezer *s, uint64_t number);
struct seal *seal_abort(struct seal *s); /* NULL is fine; returns NULL */
uint64_t seal_number(const struct seal *s);

#endif
