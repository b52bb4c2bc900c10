/*
 * Looking through what a pane recorded: its journal is played into a terminal of
 * its own, and the lines that leave that one's screen are looked at as they come.
 * So nothing is kept in memory but some ten thousand lines.  Sealed blocks whose
 * filter says that they cannot match are neither unpacked nor played.
 */
#ifndef SEARCH_TAPE_H
#define SEARCH_TAPE_H

#include "search/scan.h"

struct search_tape {
	char *dir;           /* of the journal; owned */
	uint16_t cols, rows; /* to begin with, where the journal does not tell */
	struct buf rest;     /* output that may not be written down yet ... */
	uint64_t rest_seq;   /* ... and where it begins */
	bool plays_all;      /* whatever the filters say: for tests and measurements */
};
void search_tape_fini(struct search_tape *t);

/* As search_scan(); lines are counted from the oldest one that was recorded.  Also:
 * a journal that is not there holds nothing; -errno where it cannot be read. */
NODISCARD int search_scan_tape(struct search_worker *w, const struct search_tape *t,
			       const struct search_limits *limits, struct search_result *ret);

#endif
