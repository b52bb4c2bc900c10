/*
 * One column of the screen: 8 bytes, compared and copied by value.
 *
 * A cell says what is there (a code point, or the id of a cluster of several)
 * and how it looks (the id of an interned style, see style.h).  Both ids mean
 * something only beside the terminal they come from and only until its next
 * vt_feed(); what leaves the grid (history, snapshots) goes as a line view,
 * which spells everything out (line.h).
 */
#ifndef VT_CELL_H
#define VT_CELL_H

#include "base/defs.h"

struct cell {
	uint32_t text;  /* CELL_* flags, and a code point or a cluster id */
	uint32_t style; /* id in the style table; 0 = default look, no link */
};

#define CELL_VALUE 0x001fffffu   /* mask: the code point or cluster id */
#define CELL_CLUSTER 0x00200000u /* the value is the id of a cluster */
#define CELL_WIDE 0x00400000u    /* left half; the next cell is its CELL_SPACER */
#define CELL_SPACER 0x00800000u  /* right half; value 0, style of the left half */

/* The number of clusters that can be told apart; then U+FFFD stands in. */
#define CELL_CLUSTERS_MAX CELL_VALUE

/* Never written, or erased since: shows as a space, and is left out of text
 * where it trails.  Its style can still have a background. */
static inline bool cell_is_blank(struct cell c)
{
	return c.text == 0;
}

#endif
