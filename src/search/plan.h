/* Which blocks of a journal a search must play. */
#ifndef SEARCH_PLAN_H
#define SEARCH_PLAN_H

#include "search/play.h"

struct journal_reader;
struct search_tape;

struct plan_block {
	uint64_t seq, end_seq, time_us; /* which one it is; of stream 0 */
	uint64_t n_bytes;               /* unpacked */
	uint64_t n_lines;               /* below here: if has_filter */
	struct play_sample screen;      /* of its last screen's first line */
	uint64_t present;               /* cold_present() */
	bool has_filter;
	bool is_beginning; /* it can be played without the one before */
	bool is_open;      /* its last line goes on in the next */
	bool is_unsure;    /* with the one before: what lies across the edge is not known */
	bool is_context;   /* plays only for the lines in front of a match */
	bool plays;
};
struct plan {
	struct plan_block *blocks; /* mem_free() */
	uint32_t n, size;
};

/* Reads the blocks' filters, nothing else of those that have one.  -errno. */
NODISCARD int plan_make(struct plan *p, struct journal_reader *r, const struct search_tape *t,
			const struct search_pattern *pattern, const struct search_limits *limits);

#endif
