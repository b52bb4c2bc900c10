/* For tests: what must hold of every terminal, and whether two are alike. */
#ifndef VT_CHECK_H
#define VT_CHECK_H

#include "base/defs.h"

struct vt;

/* Asserts the invariants of rows, tables, margins and cursors. */
void vt_check(const struct vt *vt);

/* Whether both show the same: screen, history, cursor, modes, titles.  On a
 * difference *ret_what says where. */
int vt_differ(const struct vt *a, const struct vt *b, const char **ret_what);

/* Whether the screens and the newest @n_history lines of both read the same. */
bool vt_same_lines(const struct vt *a, const struct vt *b, int n_history);

#endif
