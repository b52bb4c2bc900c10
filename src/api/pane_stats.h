/* What each pane did and holds, with the processes in it. */
#ifndef API_PANE_STATS_H
#define API_PANE_STATS_H

#include "core/core.h"
#include "rpc/writer.h"

/* What the living processes of a pane used, and those of their children that ended. */
struct pane_usage {
	uint64_t pane, n, cpu_ms, rss_bytes;
};
/* One for each pane that has processes, by pane; the caller's.  NULL: out of memory. */
NODISCARD struct pane_usage *pane_usage_gather(const struct core_process *ps, size_t n,
					       size_t *ret_n);

/* One value: the record PaneStats. */
void record_pane_stats(struct rpc_writer *w, const struct pane *p, const struct pane_usage *all,
		       size_t n);
/* Of all panes: an array, or families of Prometheus. */
void pane_stats_write(struct rpc_writer *w, struct core *core, const struct pane_usage *all,
		      size_t n);
void pane_stats_text(struct buf *out, struct core *core, const struct pane_usage *all, size_t n);

#endif
