/* Titles: setting, the stack, reports. */
#ifndef VT_TITLE_H
#define VT_TITLE_H

#include "vt/term.h"

#define TITLE_BYTES_MAX 4096u /* of one title */

/* As OSC 0, 1, 2 send it. */
void title_set(struct vt *vt, enum vt_title which, const char *text);
void title_report(struct vt *vt, enum vt_title which);

/* XTWINOPS 22 and 23.  @what: 0 both, 1 icon, 2 window.  @slot: 1 .. TITLES_MAX
 * names a place on the stack, 0 its top. */
void title_push(struct vt *vt, int what, int slot);
void title_pop(struct vt *vt, int what, int slot);

/* A copy with control characters left out; @n bytes at most.  NULL: no memory. */
char *text_copy(const char *text, size_t n);

#endif
