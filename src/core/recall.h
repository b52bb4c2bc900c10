/* Reading back what panes printed, out of their journals. */
#ifndef CORE_RECALL_H
#define CORE_RECALL_H

#include "base/buf.h"
#include "core/core.h"

/*
 * Bytes of a stream, by a worker thread.  A job reads one range after another,
 * and is at its best when each begins where the one before ended.
 */
struct recall_job;
struct recall_bytes {
	uint64_t from, to; /* from: behind what was asked for, where bytes are missing */
	struct buf data;   /* [from, to); nothing: the journal ends here */
};
/* On the loop.  @r: 0 or a fault; what was read before it is in @b. */
typedef void recall_fn(struct recall_job *j, const struct recall_bytes *b, int r, void *user);

/* NULL: no memory. */
NODISCARD struct recall_job *recall_new(struct pane *p, enum core_stream stream, recall_fn *on_done,
					void *user);
/* At most @max bytes from @from on.  Not while it is running. */
NODISCARD int recall_start(struct recall_job *j, uint64_t from, size_t max);
bool recall_is_running(const struct recall_job *j);
/* Also while it is running: then @on_done does not come.  Takes NULL. */
struct recall_job *recall_free(struct recall_job *j);

/* It has a journal, or should have one. */
bool recall_has_journal(struct pane *p);
/* Look once what an old journal holds (pane.journal_tail, journal_head). */
void recall_bounds(struct pane *p);

#endif
