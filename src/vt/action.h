/* What the parser found: implemented by the files named on the left.  All of
 * them take whatever the wire said and do nothing where it makes no sense. */
#ifndef VT_ACTION_H
#define VT_ACTION_H

#include "vt/term.h"

/* print.c */
void print_ascii(struct vt *vt, const uint8_t *p, size_t n); /* 0x20 .. 0x7e each */
const uint8_t *print_utf8(struct vt *vt, const uint8_t *s, const uint8_t *end);
void print_code_point(struct vt *vt, uint32_t cp); /* through the charsets */
void print_del(struct vt *vt);                     /* a character in a set of 96, else nothing */
void print_wrap(struct vt *vt);                    /* to the next line */
void print_repeat(struct vt *vt, int n);           /* REP */

/* control.c */
void control_c0(struct vt *vt, uint8_t c);

/* esc.c: params holds the intermediates */
void esc_dispatch(struct vt *vt, char final);
void vt52_dispatch(struct vt *vt, char final);
void vt52_move(struct vt *vt, int row, int col);

/* csi.c */
void csi_dispatch(struct vt *vt, char final);

/* osc.c, dcs.c: the payload is in parser.string, NUL-terminated */
void osc_dispatch(struct vt *vt);
void dcs_dispatch(struct vt *vt);
void apc_dispatch(struct vt *vt);
size_t dcs_limit(const struct vt *vt); /* longest payload kept for the DCS just begun */

#endif
