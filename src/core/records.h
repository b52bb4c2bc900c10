/*
 * What the journal of a pane holds, record by record: for replay and export.
 * Read by a worker thread, a page at a time.
 */
#ifndef CORE_RECORDS_H
#define CORE_RECORDS_H

#include "core/core.h"

enum core_records_from {
	CORE_RECORDS_START,  /* the oldest */
	CORE_RECORDS_SEQ,    /* value: a position of stream 0 */
	CORE_RECORDS_TIME,   /* value: microseconds since 1970 */
	CORE_RECORDS_CURSOR, /* value, skip: as a page said where the next begins */
};

struct core_records_spec {
	enum core_records_from from;
	uint64_t value, skip;
	/* Begin at the newest checkpoint at or before `value`, where there is one (with
	 * CURSOR it says that checkpoints are wanted). */
	bool wants_checkpoint;
	uint32_t max_records;
	size_t max_bytes; /* of data; at least one record comes */
};

/* What is not said of a kind is 0 or NULL. */
struct core_record {
	const char *kind; /* "output", "resize", "mark", "exit", "closed", "spawn", "input", "gap",
			   * "checkpoint" */
	const char *what; /* mark: "prompt", "command", ...; gap: why */
	uint32_t stream;
	uint64_t seq, time_us, wall_us;
	uint16_t cols, rows; /* resize, spawn */
	uint64_t to;         /* gap */
	uint64_t number;     /* spawn: generation; checkpoint: lines in the history */
	int64_t value;       /* mark; exit: code */
	int32_t signal;      /* exit */
	size_t at, n;        /* the data, in core_records.data */
};

struct core_records {
	const struct core_record *records;
	size_t n;
	const uint8_t *data;
	/* Where the page behind begins; skip 0: there was nothing, so the same question. */
	uint64_t next_time_us, next_skip;
	bool is_end;         /* nothing more now */
	uint64_t tail, head; /* of stream 0 in the journal */
	uint64_t first_time_us, last_time_us;
	uint16_t cols, rows; /* last size; 0: not known */
};
/* Comes once, later.  @r NULL on failure: NOT_RECORDED, NEWER_VERSION, NO_MEMORY,
 * JOURNAL_FAILED. */
typedef void core_records_fn(const struct core_records *r, const struct fail *f, void *user);
/* Everything that the pane printed until now is waited for, if it is on its way to the
 * disk. */
void core_pane_records(struct core *c, struct pane *p, const struct core_records_spec *spec,
		       core_records_fn *done, void *user);

/* Remove what was kept: the journal, the history, what is still in memory of the output.  The
 * screen stays.  Of a private pane only the history goes. */
void core_pane_forget(struct pane *p);

#endif
