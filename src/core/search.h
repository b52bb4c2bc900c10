/*
 * One search over what panes show and remember.  Lines are looked at in worker
 * threads, on what is shared with them; the loop only hands panes out, one at a
 * time to each worker, and puts the results in order.
 *
 * Results come in order of panes and lines, at most so many at a time; a cursor
 * goes on behind them.
 */
#ifndef CORE_SEARCH_H
#define CORE_SEARCH_H

#include "core/core.h"
#include "search/scan.h"

#define CORE_SEARCHES_MAX 64u /* at the same time */

struct core_search_spec {
	struct search_pattern_spec pattern;
	const char *session;        /* id or name; NULL: all */
	const char *pane;           /* as core_pane_find(); NULL: all */
	int64_t since_us, until_us; /* wall clock; < 0: no limit */
	bool has_exit;
	int exit_code; /* of the command that printed it, where that is known; else of the pane's */
	const char *command; /* part of the pane's command line; NULL: any */
	bool wants_journal;  /* also what is only in the journal any more */
	uint32_t n_context, limit, max_text;
	int64_t timeout_ms;
	const char *cursor; /* NULL: from the beginning */
};

enum core_found_in { CORE_IN_HISTORY, CORE_IN_SCREEN, CORE_IN_OUTPUT, CORE_IN_JOURNAL };
/* A match, with what is known of it; valid during the call. */
struct core_found {
	const struct pane *pane;
	const struct search_match *match;
	const char *pool; /* of the match's texts */
	enum core_found_in where;
	int64_t row; /* as vt_line(): negative in the history; else as match->line */
	/* Of its shell; text NULL: not known. */
	struct core_found_command {
		const char *text;
		uint64_t number, started_us;
		bool has_exit;
		int exit_code;
	} command;
	uint64_t time_us; /* printed by then; 0: not known */
	uint64_t seq;     /* a position not far in front of it; UINT64_MAX: not known */
};
struct core_search_result {
	const struct core_found *found;
	uint32_t n_found;
	char next[48]; /* cursor; "": that was all */
	bool was_late; /* the time was over: fewer than `limit`, and there may be more */
	uint32_t n_panes;
	uint64_t n_lines, n_bytes, n_skipped_bytes, elapsed_us;
};
typedef void core_searched_fn(const struct core_search_result *r, const struct fail *f, void *user);
/* @ret_id for core_search_cancel(); 0 when @done was called already. */
void core_search(struct core *c, const struct core_search_spec *spec, core_searched_fn *done,
		 void *user, uint64_t *ret_id);
/* @done comes, with SEARCH_CANCELLED; false: there is no such search. */
bool core_search_cancel(struct core *c, uint64_t id);

#endif
