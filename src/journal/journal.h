/*
 * The journal: what one pane printed, and what happened to it, on disk.
 *
 * Per pane a directory of segment files, written by one writer and read by any
 * number of readers, also in other threads and processes, at the same time.
 * The bytes are described in docs/journal-format.md.  This is not a log of the
 * daemon and knows no terminal: a checkpoint is a blob that its owner made.
 *
 * A position is (stream, seq): bytes since the pane began.  Records other than
 * output stand at the position of the next byte of their stream.  For one
 * stream no reader ever sees a position go back, or bytes missing without a
 * JOURNAL_GAP in their place.
 *
 * Time.  Every record has two stamps, in microseconds: `wall_us` as the caller
 * gave it, which may jump, and `time_us`, the journal's own clock, which never
 * goes back: within one opening of the writer it advances with the caller's
 * monotonic clock, and it is never behind the wall clock.
 *
 * Nothing here logs or has threads.  A writer belongs to one thread at a time,
 * and so does a reader.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/defs.h"

struct buf;

#define JOURNAL_VERSION 1u
#define JOURNAL_STREAMS 2u                 /* out (or the terminal), err */
#define JOURNAL_OUTPUT_MAX (64u << 10)     /* bytes of one output record; longer is split */
#define JOURNAL_TEXT_MAX (64u << 10)       /* bytes of data of marks and spawns */
#define JOURNAL_CHECKPOINT_MAX (16u << 20) /* bytes of a checkpoint */
#define JOURNAL_BLOCK_BYTES (1u << 20)     /* default: a block is ended at the record behind it */
#define JOURNAL_SEGMENT_BYTES (4u << 20)   /* default: likewise a segment */
#define JOURNAL_MAX_BYTES (64ull << 20)    /* default limit of one pane's journal */

/* Outcomes; 0 is success, negative a fault. */
enum journal_outcome {
	JOURNAL_E_END = 1, /* nothing more now; a later call may find more */
	JOURNAL_E_NONE,    /* nothing that fits was found */
	JOURNAL_E_VERSION, /* of a version this program does not know; left untouched */
	JOURNAL_E_UNKNOWN, /* a whole record of a kind this program does not know; ask again
			    * for the one behind it */
	JOURNAL_E_MORE,    /* a bounded step was done and another is due */
};

/* On disk; never renumber.  Numbers that are missing here are used inside. */
enum journal_kind {
	JOURNAL_OUTPUT = 1,
	JOURNAL_RESIZE = 2,
	JOURNAL_MARK = 3,
	JOURNAL_EXIT = 4,   /* the leader ended */
	JOURNAL_CLOSED = 5, /* nobody holds the terminal any more */
	JOURNAL_SPAWN = 6,  /* a command was started: a new generation */
	JOURNAL_INPUT = 7,  /* typed; only where that was asked for */
	JOURNAL_GAP = 8,    /* bytes [seq, gap.to) of the stream are missing here */
	JOURNAL_CHECKPOINT = 9,
};

/* What a mark says; others are handed through.  On disk; never renumber. */
enum journal_mark {
	JOURNAL_MARK_PROMPT = 1,       /* OSC 133;A */
	JOURNAL_MARK_INPUT = 2,        /* OSC 133;B: the prompt ended */
	JOURNAL_MARK_COMMAND = 3,      /* OSC 133;C: output begins */
	JOURNAL_MARK_DONE = 4,         /* OSC 133;D; value: exit code, or -1 */
	JOURNAL_MARK_COMMAND_LINE = 5, /* text: the command line */
	JOURNAL_MARK_CWD = 6,          /* text: the directory */
	JOURNAL_MARK_TITLE = 7,        /* text: the title */
};

/* Why bytes are missing.  On disk; never renumber. */
enum journal_gap {
	JOURNAL_GAP_LOST = 1,    /* they were never given to the writer */
	JOURNAL_GAP_POLICY = 2,  /* the disk was too slow, and the owner chose to go on */
	JOURNAL_GAP_DISK = 3,    /* they could not be written */
	JOURNAL_GAP_DAMAGED = 4, /* what was written cannot be read: made by the reader */
	JOURNAL_GAP_DROPPED = 5, /* retention dropped them: made by the reader */
};

struct journal_piece {
	const void *p;
	size_t n; /* bytes */
};

/*
 * One record.  Given to journal_append() the caller sets everything but
 * time_us; from journal_next() everything but mono_us is set, and all bytes are
 * in data[0], valid until the next call with that reader.
 */
struct journal_record {
	enum journal_kind kind;
	uint32_t stream;  /* < JOURNAL_STREAMS */
	uint64_t seq;     /* position in that stream */
	uint64_t mono_us; /* CLOCK_MONOTONIC when it happened */
	uint64_t wall_us; /* since 1970, as the clock said then */
	uint64_t time_us; /* since 1970, never going back */
	union {
		struct {
			uint16_t cols, rows;
		} resize;
		struct {
			uint32_t what; /* enum journal_mark */
			int64_t value;
		} mark; /* data: its text, UTF-8, no NUL */
		struct {
			int32_t code;   /* exit code, or -1 */
			int32_t signal; /* or 0 */
		} exit;
		struct {
			uint64_t generation;
			uint16_t cols, rows;
		} spawn; /* data: the directory, then each argument, each ended by a NUL */
		struct {
			uint64_t to; /* position of the first byte that is there again */
			enum journal_gap reason;
		} gap;
		struct {
			uint64_t lines_pushed; /* into the history so far */
		} checkpoint;                  /* data: the image */
	};
	struct journal_piece data[2]; /* the bytes, one behind the other */
};

/* What a journal holds.  Of an empty one all is 0. */
struct journal_state {
	uint64_t tail[JOURNAL_STREAMS]; /* position of the oldest byte kept */
	uint64_t head[JOURNAL_STREAMS]; /* position behind the newest */
	uint64_t first_wall_us, last_wall_us;
	uint64_t first_time_us, last_time_us;
	uint64_t generation; /* of the last spawn; 0: none recorded */
	uint16_t cols, rows; /* last size; 0: none recorded */
	bool has_records;
	bool has_exit, has_closed; /* of that generation */
	int32_t exit_code, exit_signal;
	bool was_torn; /* the last write was cut off, or the files are damaged: what can be read
			* is a valid prefix */
};

/*
 * What the journal tells its owner, called on the thread that called in.
 */
enum journal_notice {
	JOURNAL_NOTICE_CUT,     /* a write that was cut off was removed */
	JOURNAL_NOTICE_DAMAGED, /* a damaged file was set aside under another name */
	JOURNAL_NOTICE_DROPPED, /* retention removed a segment */
};

struct journal_cursor;

struct journal_hooks {
	void *user;
	/* @text names the file and the reason.  May be NULL. */
	void (*on_notice)(void *user, enum journal_notice what, const char *text);
	/*
	 * A block is being sealed: append to @out what is to be found beside it
	 * later (journal_block.filter), at most JOURNAL_FILTER_MAX bytes; the
	 * journal does not look into it.  @block yields the block's records
	 * (journal_cursor_next()).  0, or a fault: then the block gets none.
	 * May be NULL.
	 */
	int (*make_filter)(void *user, struct journal_cursor *block, struct buf *out);
};

#define JOURNAL_FILTER_MAX (256u << 10)

/* What is 0 takes its default. */
struct journal_opts {
	uint64_t max_bytes;  /* of all segments of this pane; the newest stays in any case */
	uint64_t max_age_us; /* of a segment's newest record; 0: no limit */
	uint32_t segment_bytes, block_bytes;
	bool no_sync;                      /* never fdatasync: tests, benches */
	const struct journal_hooks *hooks; /* outlives the writer; NULL: none */
};

/* STATE/journal/pN into @path.  0, or -ENAMETOOLONG. */
NODISCARD int journal_path(const char *state_dir, uint64_t pane, char *path, size_t size);

struct journal_writer;

/*
 * Open the journal in @dir for appending; makes @dir (0700) and its parent when
 * they are missing, and mends what a crash left: a torn last record is cut off,
 * a damaged file is set aside (never deleted) and its valid prefix kept.
 * After a clean close this costs a directory listing and two reads, whatever the
 * journal's size; otherwise at most one segment is read.
 *
 * @opts NULL: defaults.  @ret_state may be NULL.  JOURNAL_E_VERSION: written by
 * a newer program; nothing was touched.
 */
NODISCARD int journal_writer_open(const char *dir, uint64_t pane, const struct journal_opts *opts,
				  struct journal_state *ret_state, struct journal_writer **ret);
/* Flushes, notes a clean end, closes; does not sync.  A failure to write is only
 * reported: the memory is freed in any case.  NULL is fine. */
int journal_writer_close(struct journal_writer *w);

/*
 * Take in one record; its bytes are copied, so they are free when this returns.
 * Nothing reaches the disk before journal_flush(), except that more than 4 MiB
 * are flushed at once.
 *
 * Output before the journal's head is cut off (recovery may offer it again);
 * output behind it is preceded by a gap (JOURNAL_GAP_LOST), unless the owner
 * appended one.  A checkpoint begins a block when the running one has a quarter
 * of its size.
 *
 * Other records stand at the journal's head, whatever their seq says.
 *
 * Return: 0; -EINVAL (nothing taken) for a record that cannot be: a kind or
 * stream out of range, data over its limit, a seq above 2^62, a gap that ends
 * before the head; -ENOMEM, -errno: of this record nothing was taken, or the
 * first bytes of output; to append it again is right in both cases.
 */
NODISCARD int journal_append(struct journal_writer *w, const struct journal_record *r);

/*
 * Write what was taken in, in one write.  On a fault it is still taken in and
 * may be flushed again; or journal_discard() throws it away, and the next output
 * is preceded by a gap (JOURNAL_GAP_DISK).  What was written by halves is
 * cut off here, or by the next open.  To only close after a fault is fine too.
 */
NODISCARD int journal_flush(struct journal_writer *w);
void journal_discard(struct journal_writer *w);
/* Bytes taken in and not yet written. */
size_t journal_unflushed(const struct journal_writer *w);

/* Everything flushed is on the disk when this returns 0.  After a fault the
 * kernel may have forgotten what it could not write: what was flushed since the
 * last success can be read, but may not outlive a power cut. */
NODISCARD int journal_sync(struct journal_writer *w);
/*
 * The same for another thread: a descriptor that the caller fdatasync()s and
 * closes.  Call until JOURNAL_E_NONE: more than one file (or the directory) may
 * be due.  The journal counts what it handed out as synced.
 */
NODISCARD int journal_sync_fd(struct journal_writer *w, int *ret_fd);

/* What compresses, for any number of writers of one thread; about 3 MiB, made at
 * first use.  Free it when all is quiet. */
struct journal_squeezer;
NODISCARD struct journal_squeezer *journal_squeezer_new(void);
struct journal_squeezer *journal_squeezer_free(struct journal_squeezer *s);

/*
 * One bounded step of housekeeping: drop the oldest segment if a limit is
 * exceeded; else, if @s, compress one block of a finished segment (some
 * milliseconds) or put the compressed one in its place (syncs it).  Without @s
 * only retention.  JOURNAL_E_MORE: another is due; 0: nothing left; a fault: try
 * again later, nothing was lost.
 */
NODISCARD int journal_step(struct journal_writer *w, struct journal_squeezer *s);
/* Bytes of finished segments that wait for compression.  They count in full against
 * max_bytes: an owner that sees much of it should not wait for quiet. */
uint64_t journal_backlog(const struct journal_writer *w);
/* Finish the running segment though it is not full, so that journal_step() will
 * compress it: for a pane that has ended.  What was flushed must be flushed. */
NODISCARD int journal_finish_segment(struct journal_writer *w);

/* Drop everything kept so far, also what is not yet flushed; the writer goes on
 * behind it. */
NODISCARD int journal_writer_forget(struct journal_writer *w);
void journal_writer_state(const struct journal_writer *w, struct journal_state *ret);

struct journal_reader;

/* Open for reading; changes nothing on disk.  -ENOENT: no such journal;
 * JOURNAL_E_VERSION: its newest segment is of a newer program.  Costs what opening a
 * writer costs. */
NODISCARD int journal_reader_open(const char *dir, struct journal_reader **ret);
struct journal_reader *journal_reader_close(struct journal_reader *r);
/* As it was when the reader was opened, or refreshed last. */
void journal_reader_state(const struct journal_reader *r, struct journal_state *ret);
NODISCARD int journal_reader_refresh(struct journal_reader *r);

/*
 * The next record.  Bytes that should be there and cannot be read come as a
 * JOURNAL_GAP.  JOURNAL_E_END, JOURNAL_E_UNKNOWN, JOURNAL_E_VERSION (a segment
 * of a newer program: the next call goes on behind it).
 */
NODISCARD int journal_next(struct journal_reader *r, struct journal_record *ret);

/* Where journal_next() goes on: at the oldest record; */
NODISCARD int journal_seek_start(struct journal_reader *r);
/* at the first record of @stream at or behind @seq (an output record that holds
 * @seq is cut there); records of the other stream follow as they come; */
NODISCARD int journal_seek(struct journal_reader *r, uint32_t stream, uint64_t seq);
/* at the first record whose time_us is at least @time_us. */
NODISCARD int journal_seek_time(struct journal_reader *r, uint64_t time_us);

/* The newest checkpoint within all these limits; UINT64_MAX: no limit. */
struct journal_want {
	uint64_t seq; /* of stream 0 */
	uint64_t lines_pushed;
	uint64_t time_us;
};
/* At that checkpoint's record.  JOURNAL_E_NONE: there is none; then at the oldest
 * record.  To skip one that turned out unusable, ask for less than its seq. */
NODISCARD int journal_seek_checkpoint(struct journal_reader *r, const struct journal_want *want);

/* A block, without its records: what can be known without reading it. */
struct journal_block {
	uint64_t seq[JOURNAL_STREAMS];     /* where it begins */
	uint64_t end_seq[JOURNAL_STREAMS]; /* where it ends */
	uint64_t time_us, end_time_us;
	uint64_t wall_us;
	uint64_t lines_pushed; /* of its first checkpoint; UINT64_MAX: it has none */
	uint64_t n_bytes;      /* uncompressed */
	bool is_sealed;
	const void *filter; /* what make_filter said; valid until the next call; NULL: none */
	size_t n_filter;    /* bytes */
};
/* Go to the beginning of the next block (after journal_seek_start(): the first)
 * and tell what it is; a sealed one is not read.  journal_next() then yields its
 * records, and goes on into the blocks behind it.  JOURNAL_E_END. */
NODISCARD int journal_next_block(struct journal_reader *r, struct journal_block *ret);
/* As journal_next(), but JOURNAL_E_NONE behind the block's last record.  (What is damaged
 * is passed over: then the records are those of the block behind it.) */
NODISCARD int journal_next_here(struct journal_reader *r, struct journal_record *ret);

/* The records of a block in memory, for make_filter.  0, JOURNAL_E_END,
 * JOURNAL_E_UNKNOWN.  Gaps are not made up here. */
NODISCARD int journal_cursor_next(struct journal_cursor *c, struct journal_record *ret);

/* One journal among those of a state directory. */
struct journal_usage {
	uint64_t pane;
	uint64_t n_bytes;        /* of all its files, also those set aside */
	uint64_t last_change_us; /* wall clock: when its newest file was last written */
	bool is_exited;          /* for the caller to fill in: journal_pick_victim() */
};
/*
 * All journals in STATE/journal, into an array that the caller mem_free()s.  Ends
 * a removal that a crash cut off.  No such directory: none.  Does not read the
 * files.
 */
NODISCARD int journal_list(const char *state_dir, struct journal_usage **ret, size_t *ret_n);
NODISCARD int journal_usage(const char *dir, uint64_t pane, struct journal_usage *ret);

/*
 * The limit for all journals together: which one must shrink next, or
 * JOURNAL_E_NONE while the sum is at most @max_bytes.  The exited pane whose last
 * output is the oldest; when there is none the pane with the largest journal.
 */
NODISCARD int journal_pick_victim(const struct journal_usage *u, size_t n, uint64_t max_bytes,
				  size_t *ret_index);
/* Remove the oldest segment of a journal without a writer; JOURNAL_E_NONE: only one is
 * left (journal_delete() takes that).  @ret_bytes: what became free. */
NODISCARD int journal_drop_oldest(const char *dir, uint64_t *ret_bytes);
/* The same with one; the segment being written stays. */
NODISCARD int journal_writer_drop_oldest(struct journal_writer *w, uint64_t *ret_bytes);

/* Remove a journal and everything set aside in it.  It disappears at once (by a
 * rename) and then its files; none there: success.  There must be no writer. */
NODISCARD int journal_delete(const char *dir);

#endif
