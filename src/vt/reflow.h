/* Wrapping lines to another width. */
#ifndef VT_REFLOW_H
#define VT_REFLOW_H

#include "vt/term.h"

/* A place that moves along with the character it is on.  Before: @line counts
 * the source lines, oldest history line first.  After: rows from the top of the
 * new screen, negative in the history. */
struct place {
	int64_t line;
	int col;
};

/*
 * The primary screen and its history for @cols x @rows.  @n_used rows of the
 * screen count; those below are blank.  @top is the place that should be the
 * first row's; @extra rows more are wanted above it if there is room.
 *
 * Return: 0 with everything replaced and the places moved, or -ENOMEM with
 * everything as it was.
 */
NODISCARD int reflow(struct vt *vt, int cols, int rows, int n_used, struct place *places,
		     int n_places, unsigned top, int extra);

#endif
