/*
 * What is known of a sealed block of a journal without unpacking it: which texts
 * its lines cannot hold, and how many lines it has.  The filter is made of the
 * text as the terminal rendered it, so colours within a word, lines that wrap and
 * what was printed over are as a search will see them.
 * The bytes: docs/journal-format.md, "The filter of a block".
 */
#ifndef SEARCH_COLD_H
#define SEARCH_COLD_H

#include "base/buf.h"
#include "vt/history_filter.h"

struct journal_cursor;

struct cold {
	uint64_t n_lines;                    /* that left the screen */
	uint64_t screen_seq, screen_time_us; /* when its last screen's first line was printed */
	bool is_open;                        /* its last line goes on in the next block */
	bool is_head_closed;                 /* its first line ends in it */
	uint8_t n_head, n_tail;              /* bytes known of its first and of its last line */
	uint8_t head[2], tail[2];            /* folded */
	uint8_t log2_bits;                   /* 0: nothing is known of the text */
	const uint8_t *bits;
};

/* For journal_hooks.make_filter: nothing for a block that begins without a checkpoint and
 * not with the pane's first byte. */
NODISCARD int cold_make(void *user, struct journal_cursor *block, struct buf *out);
/* False: it is none, or of another version.  @ret points into @p. */
bool cold_read(const void *p, size_t n, struct cold *ret);
/* Bit i: what p->hashes[i] stands for may be in it. */
uint64_t cold_present(const struct cold *c, const struct history_probe *p);
/* The same for what lies across the edge of two blocks; false: anything may. */
bool cold_present_between(const struct cold *a, const struct cold *b, const struct history_probe *p,
			  uint64_t *ret);

#endif
