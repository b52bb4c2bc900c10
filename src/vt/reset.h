/* RIS, DECSTR, and what both begin with. */
#ifndef VT_RESET_H
#define VT_RESET_H

#include "vt/term.h"

void reset_soft(struct vt *vt); /* DECSTR */
void reset_full(struct vt *vt); /* RIS; the history stays */

#endif
