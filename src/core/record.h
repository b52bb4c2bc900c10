/*
 * Journaling: what panes print goes to the disk beside the loop.
 *
 *   loop                                   disk thread
 *   read, feed ──── items, in order ────►  the pane's queue
 *                                            │ append (from the ring), flush
 *   room in the ring ◄──── written[] ────────┘ then journaled_seq in the arena
 *
 * The loop never waits for the disk.  Output is not copied into the queue: an
 * item names a range of the ring, and nothing is read over what is not written
 * yet: the terminal is stopped meanwhile, as a pipe would (on_backlog = slow), or
 * the range is given up and marked (gap).  So a queue holds a ring's worth of
 * output and what happened in it, never more.
 *
 * When the disk fails, the pane goes on in memory:
 *
 *   ON ──write fails──► FAILING ──a try succeeds──► ON
 *                          └──── a try fails ────┘ 1, 2, 4 ... 30 s
 *
 * What the ring still holds at the try that succeeds is written; before it a gap.
 *
 * Who owns what: a recording belongs to its pane until the pane is freed, then to
 * the thread, which closes the files and hands it back to be freed.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <pthread.h>

#include "core/state.h"
#include "journal/journal.h"

#define RECORD_DELAY_NS 20000000ull     /* so long items are gathered before they are written */
#define RECORD_URGENT_BYTES (64u << 10) /* ... or until so much waits */
#define RECORD_BATCH_BYTES (256u << 10) /* of one pane before the next has its turn */
#define RECORD_QUIET_NS \
	1000000000ull /* a writer unused for so long does its housework and closes */
#define RECORD_CHECKPOINT_BYTES (1u << 20)
/* A block waits for the next checkpoint, which then begins the block behind it: only
 * what begins with one can be passed over by a search. */
#define RECORD_BLOCK_BYTES (RECORD_CHECKPOINT_BYTES + RECORD_CHECKPOINT_BYTES / 2)
#define RECORD_MERGE_NS 5000000ull /* output that came so close together has one time */
#define RECORD_MERGE_ITEMS 64u     /* ... and any, while so many items wait */
#define RECORD_MAX_ITEMS 4096u     /* beyond it typed input is left out */

struct record_item {
	struct list link;
	struct journal_record r; /* data[0]: what stands in `data` */
	uint64_t to;             /* OUTPUT: the range is [r.seq, to) of the ring */
	uint32_t event;          /* RESIZE: arena events up to here; 0: none */
	char data[];
};

struct recording {
	struct recorder *r;
	uint64_t number;

	/* The loop's. */
	struct pane *pane; /* NULL: it is gone */
	enum record_state state;
	int error;          /* FAILING: errno */
	bool is_trying;     /* FAILING: items are queued as if ON */
	struct list marks;  /* struct record_item: came up in what is being fed */
	int64_t release[2]; /* slots to be released when the thread is done; -1: none */

	/* Both, under r->lock. */
	struct list due;  /* r->due: it has items, or is to be dropped */
	struct list news; /* r->news */
	struct list items;
	uint32_t n_items;
	uint64_t n_bytes;  /* of output in items */
	uint64_t first_ns; /* when the oldest item came */
	bool is_urgent, is_busy, is_copying, wants_wake;
	bool is_dropped, wants_delete, is_finished;
	bool is_told;               /* the loop knows of has_failed */
	bool has_failed;            /* what is queued is thrown away until the loop tries again */
	bool has_succeeded;         /* after a failure: to be told */
	int failure;                /* errno */
	uint64_t queued[2];         /* in items, or written */
	struct arena_slot *slot[2]; /* NULL: none, or released */
	const uint8_t *ring[2];
	uint64_t tail[2]; /* oldest in the journal */
	bool has_tail;
	uint64_t written[2]; /* in the file; what is below is free in the ring */
	uint64_t copied[2];  /* the writer has it: free in the ring under policy gap */

	/* The thread's. */
	struct journal_writer *w;
	struct list open;  /* r->open: it has a writer; the longest unused first */
	struct list dirty; /* r->dirty */
	uint64_t used_ns, dirty_ns;
};

struct recorder {
	struct core *core;
	char state_dir[512];
	pthread_mutex_t lock;
	pthread_cond_t wake;      /* for the thread */
	pthread_cond_t sync_wake; /* for the syncer */
	pthread_cond_t done;      /* nothing is due */
	pthread_t thread, syncer;
	bool has_threads, is_asleep, is_draining, is_stopping, is_sync_stopping;
	struct list due, news;
	struct buf notices; /* what the journal wants to be logged; lines */
	struct core_journal_metrics metrics;
	int *sync_fds; /* for the syncer */
	uint32_t n_sync, max_sync;
	int sync_error;
	/* As configured. */
	struct journal_opts opts;
	uint64_t sync_ns, total_bytes;
	bool is_gap_policy;

	/* For the limit of all journals: which panes live, asked for by the thread. */
	bool wants_live, has_live;
	uint64_t *live; /* numbers, ascending */
	uint32_t n_live;

	/* The thread's. */
	uint64_t n_unchecked; /* bytes written since all journals were measured */
	uint64_t total_ns;    /* when to measure them again in any case; UINT64_MAX: not */
	struct journal_hooks hooks;
	struct list open, dirty;
	struct journal_squeezer *squeezer;

	/* The loop's. */
	uv_async_t async;
	uv_timer_t retry;
	uint32_t retry_ms;
	unsigned n_handles; /* not yet closed */
};

/* record_life.c */
NODISCARD int record_start_threads(struct recorder *r);
struct recording *record_free(struct recording *rec);
/* record.c: the disk may work again. */
void record_try_again(struct recording *rec);

/* record_total.c, on the thread: shrink journals until all of them are within the limit. */
void record_keep_total(struct recorder *r);

/* record_disk.c: the thread */
void *record_thread(void *recorder);
void *record_syncer(void *recorder);
/* Under the lock. */
void record_free_items(struct recording *rec);
void record_schedule(struct recording *rec);
void record_tell(struct recording *rec);

#endif
