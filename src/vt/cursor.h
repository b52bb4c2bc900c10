/* Moving the cursor.  Every function ends a pending wrap. */
#ifndef VT_CURSOR_H
#define VT_CURSOR_H

#include "vt/term.h"

/* CUP and its like: in origin mode relative to the margins and kept inside. */
void cursor_set(struct vt *vt, int row, int col);

/* Absolute, clamped to the screen. */
void cursor_place(struct vt *vt, int row, int col);

void cursor_up(struct vt *vt, int n);
void cursor_down(struct vt *vt, int n);
void cursor_forward(struct vt *vt, int n);
void cursor_back(struct vt *vt, int n); /* CUB and BS: may wrap backwards */
void cursor_return(struct vt *vt);      /* CR */

void cursor_tab(struct vt *vt, int n);      /* CHT and HT */
void cursor_back_tab(struct vt *vt, int n); /* CBT */
void tabs_reset(struct vt *vt);             /* every eighth column */
void tabs_clear(struct vt *vt);
void tab_set(struct vt *vt, int col, bool is_set);
bool tab_is_set(const struct vt *vt, int col);

void cursor_save(struct vt *vt);    /* DECSC */
void cursor_restore(struct vt *vt); /* DECRC */

#endif
