/* Erasing, inserting and deleting at the cursor. */
#ifndef VT_EDIT_H
#define VT_EDIT_H

#include "vt/term.h"

enum protect { PROTECT_OFF, PROTECT_DEC, PROTECT_ISO };

/* Columns [from, to) of row @y.  @is_selective: by DECSED, DECSEL, DECSERA, which spare
 * what DECSCA protects; SPA protects from all. */
void edit_erase(struct vt *vt, int y, int from, int to, bool is_selective);

/* The same for DECERA and DECSERA: SPA does not count here. */
void edit_erase_rect(struct vt *vt, int y, int from, int to, bool is_selective);

void edit_erase_display(struct vt *vt, int how, bool is_selective); /* ED, DECSED */
void edit_erase_line(struct vt *vt, int how, bool is_selective);    /* EL, DECSEL */
void edit_erase_chars(struct vt *vt, int n);                        /* ECH */
void edit_clear_screen(struct vt *vt);

void edit_insert_chars(struct vt *vt, int n);   /* ICH */
void edit_delete_chars(struct vt *vt, int n);   /* DCH */
void edit_insert_lines(struct vt *vt, int n);   /* IL */
void edit_delete_lines(struct vt *vt, int n);   /* DL */
void edit_insert_columns(struct vt *vt, int n); /* DECIC */
void edit_delete_columns(struct vt *vt, int n); /* DECDC */

void edit_forward_index(struct vt *vt);            /* DECFI */
void edit_back_index(struct vt *vt);               /* DECBI */
void edit_align(struct vt *vt);                    /* DECALN */
void edit_line_size(struct vt *vt, uint8_t flags); /* DECDHL, DECSWL, DECDWL */

#endif
