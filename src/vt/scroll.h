/* Moving lines: scrolling, and what leaves the top goes to the history. */
#ifndef VT_SCROLL_H
#define VT_SCROLL_H

#include "vt/term.h"

/* IND and RI: down or up a row, scrolling at the margin. */
void scroll_index(struct vt *vt);
void scroll_reverse_index(struct vt *vt);

/* The lines between @top and the bottom margin, by @n; those that leave the top of
 * the screen go to the history if @is_kept (deleting lines does not keep them). */
void scroll_up(struct vt *vt, int top, int n, bool is_kept);
void scroll_down(struct vt *vt, int top, int n);

/* Columns between @left and the right margin, in the margins' rows. */
void scroll_left(struct vt *vt, int left, int n);
void scroll_right(struct vt *vt, int left, int n);

/* A row as a view; @buf holds what it points to.  0 or -ENOMEM.  (scroll_view.c) */
NODISCARD int scroll_row_view(const struct vt *vt, const struct row *r, struct line_buf *buf,
			      struct line_view *ret_view);

/* To the end of the history, if there is one. */
void scroll_keep(struct vt *vt, const struct row *r);

#endif
