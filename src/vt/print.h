/* Printing, between the file that decodes and the one that writes cells. */
#ifndef VT_PRINT_H
#define VT_PRINT_H

#include "vt/term.h"

#define PRINT_REPLACEMENT 0xfffdu

/* Column behind the last one that may be printed to from the cursor: the right
 * margin, unless the cursor is already beyond it. */
int print_limit(const struct vt *vt, const struct row *r);

/* One character of 1 or 2 columns into a cell of its own. */
void print_cell(struct vt *vt, uint32_t cp, int n_cols);

/* A code point that may join what was printed last; @props: of unicode.h. */
void print_decoded(struct vt *vt, uint32_t cp, uint8_t props);

/* The column of the cell that a combining mark at the cursor joins, or -1. */
int print_previous(const struct vt *vt);

/* The cell at (@x, cursor's row) takes two columns, or one. */
void print_set_wide(struct vt *vt, struct row *r, int x, bool is_wide);

#endif
