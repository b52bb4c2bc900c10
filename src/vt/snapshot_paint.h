/*
 * Bytes that paint given rows on a terminal that was just reset: the part of
 * the ANSI snapshot that deals with cells.
 *
 * A painter knows what its bytes have made of the receiving terminal, so that
 * they need say only what changes.  It counts on the receiver being an OrchFlow
 * terminal for details (how a cluster is formed, which blanks keep a style);
 * another one shows the same text.
 */
#ifndef VT_SNAPSHOT_PAINT_H
#define VT_SNAPSHOT_PAINT_H

#include "base/buf.h"
#include "vt/line.h"

struct painter {
	struct buf *out;
	int cols, rows;
	int limit;        /* column behind the last that printing reaches: the margin */
	int top, left;    /* what positions count from: the margins in origin mode */
	bool has_margins; /* they are set, and must stay */
	bool is_flowing;  /* lines go out one after the other: rows are not known */
	int x, y;         /* the receiver's cursor; x == -1: not known */
	bool is_pending;  /* it is behind the last column, at x == its width - 1 */
	struct style pen; /* without .link */
	const struct link *link;
	bool is_grapheme;    /* mode 2027 */
	bool is_joining;     /* printing may join what was printed last: */
	uint8_t break_state; /* of that cell, see unicode_breaks() */
	uint8_t last_props;
	bool has_protected; /* a protected cell was painted */
};

/* Move; nothing is written if the cursor is there. */
void paint_goto(struct painter *p, int y, int x);

void paint_pen(struct painter *p, const struct style *style, const struct link *link);

/*
 * The line on row @y, which is blank, the cursor's column being unknown.
 * Leaves the cursor behind it.  A line wider than the screen is cut.
 */
void paint_line(struct painter *p, int y, const struct line_view *v);

/* After paint_line(): the flag LINE_WRAPPED, for a line whose continuation is
 * the row below it.  That row is blank then and the cursor on it; the screen
 * scrolls when it has to. */
void paint_wrap(struct painter *p, const struct line_view *v);

/* The same for the line on the last row, which stays there. */
void paint_wrap_last_row(struct painter *p, const struct line_view *v);

/* Whether the cell at column @x of that line is protected: to paint it switches
 * protection on. */
bool paint_is_protected(const struct line_view *v, int x);

/* Paint the cell at column @x of that line again; false if that cannot be done:
 * it is blank (a protected or linked one is a space), or has no such column. */
bool paint_cell(struct painter *p, int y, int x, const struct line_view *v);

/* Leave the cursor on column @x, the last one before p->limit, with a wrap
 * pending.  False where that would cost the line its own wrap. */
bool paint_pending(struct painter *p, int y, int x, const struct line_view *v);

#endif
