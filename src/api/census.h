/* What daemon and keeper hold, against what they should: descriptors, memory. */
#ifndef API_CENSUS_H
#define API_CENSUS_H

#include "core/core.h"
#include "rpc/writer.h"

struct api_server;

struct census_memory {
	uint64_t rss_bytes, pss_bytes; /* 0: unknown */
};

/* But for those of journals, which are open while they are written or read.
 * @pid 0: this process.  0: unknown. */
uint32_t census_count_fds(uint32_t pid);
void census_read_memory(uint32_t pid, struct census_memory *ret);

/* What both hold now beside panes and clients is what they are expected to hold
 * from here on. */
void census_note_base(struct api_server *s);
void census_write(struct rpc_writer *w, const struct api_server *s, const struct core_process *ps,
		  size_t n);

#endif
