/* What the terminal says about itself. */
#ifndef VT_REPORT_H
#define VT_REPORT_H

#include "vt/term.h"

void report_da1(struct vt *vt);
void report_da2(struct vt *vt);
void report_da3(struct vt *vt);
void report_terminal(struct vt *vt);                   /* DECREQTPARM */
void report_version(struct vt *vt);                    /* XTVERSION */
void report_status(struct vt *vt, bool is_private);    /* DSR */
void report_resize(struct vt *vt);                     /* mode 2048 */
void report_color_scheme(struct vt *vt);               /* mode 2031, DSR ?996 */
void report_setting(struct vt *vt, const char *what);  /* DECRQSS */
void report_termcap(struct vt *vt, const char *names); /* XTGETTCAP: hex, by ; */
void report_presentation(struct vt *vt);               /* DECRQPSR: DECCIR, DECTABSR */
void report_displayed_extent(struct vt *vt);           /* DECRQDE */

/* winops.c: XTWINOPS, the parameters of the sequence just parsed. */
void window_operation(struct vt *vt);

#endif
