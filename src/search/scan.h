/*
 * Looking through the lines of one pane.  Lines that the terminal wrapped are
 * one, as a snapshot joins them; it has the number of its first row.
 *
 * Everything here runs in a thread of its own, on what nobody else changes.
 */
#ifndef SEARCH_SCAN_H
#define SEARCH_SCAN_H

#include <stdatomic.h>

#include "base/buf.h"
#include "search/pattern.h"
#include "vt/compress.h"
#include "vt/history_share.h"

/* Rows that follow a history: a screen; or all there is: output as lines. */
struct search_row {
	size_t from; /* in search_source.text */
	uint32_t n_bytes;
	bool is_wrapped; /* the next row continues it */
};
struct search_source {
	struct history_share *history; /* NULL: none */
	struct buf text;
	struct search_row *rows; /* mem_free() */
	uint32_t n_rows, size_rows;
	uint64_t first_row; /* number of the first row: behind the history's last line */
	bool is_partial;    /* more will come: a last line that is continued is left out */
};
void search_source_fini(struct search_source *s);
/* Grows an array of @item bytes each, by half; false: out of memory. */
bool search_reserve(void **array, uint32_t n, uint32_t *size, size_t item);
/* Adds a row; what is no UTF-8 becomes U+FFFD. */
NODISCARD int search_source_add(struct search_source *s, const char *text, size_t n,
				bool is_wrapped);

/* The screen of a terminal, without empty rows at its end; output, cut into lines. */
struct vt;
NODISCARD int search_source_add_screen(struct search_source *s, const struct vt *vt);
NODISCARD int search_source_add_bytes(struct search_source *s, const char *bytes, size_t n);

struct search_limits {
	uint64_t from_line;      /* numbers below are left out */
	uint32_t max_matches;    /* lines that match; 0: none are wanted, and nothing is done */
	uint32_t n_context;      /* lines before and behind each */
	uint32_t max_text;       /* bytes of one line; what is longer is cut around the match */
	uint64_t deadline_ns;    /* clock_mono_ns(); 0: none */
	const atomic_bool *stop; /* cancelled; NULL: cannot be */
};

struct search_text { /* in search_result.pool */
	size_t from;
	uint32_t n_bytes;
};
struct search_span {
	uint32_t from, to; /* bytes of the match's text */
};
#define SEARCH_SPANS_MAX 32u
#define SEARCH_CONTEXT_MAX 20u
struct search_match {
	uint64_t line;   /* its number */
	uint32_t column; /* characters before the first match in the line */
	struct search_text text;
	bool is_cut;      /* text is not the whole line */
	uint64_t time_us; /* printed by then; 0: not known */
	uint64_t seq;     /* in the output, not far in front of it; UINT64_MAX: not known */
	uint32_t n_spans, n_before, n_after;
	struct search_span spans[SEARCH_SPANS_MAX];
	struct search_text before[SEARCH_CONTEXT_MAX], after[SEARCH_CONTEXT_MAX];
};
struct search_result {
	struct search_match *matches; /* mem_free() */
	uint32_t n_matches, size_matches;
	struct buf pool;
	uint64_t n_lines, n_bytes; /* looked at */
	uint64_t n_skipped_bytes;  /* that could not match: not even unpacked */
	uint64_t next_line;        /* all lines below were looked at */
	bool is_full;              /* max_matches were found, and there may be more */
};
void search_result_fini(struct search_result *r);

/*
 * Appends what matches to @ret.
 *
 * 0, -ENOMEM; SEARCH_E_LIMIT: one line took too many steps; SEARCH_E_LATE: the deadline passed;
 * SEARCH_E_STOPPED.
 */
enum { SEARCH_E_LATE = SEARCH_E_LIMIT + 1, SEARCH_E_STOPPED };
struct search_worker {
	const struct search_pattern *pattern;
	struct search_matcher *matcher;
	struct history_reader reader;
};
NODISCARD int search_scan(struct search_worker *w, const struct search_source *s,
			  const struct search_limits *limits, struct search_result *ret);

#endif
