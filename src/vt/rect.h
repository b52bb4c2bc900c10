/* Operations on rectangles (VT400): their parameters are those of the sequence
 * just parsed, one-based, in origin mode relative to the margins. */
#ifndef VT_RECT_H
#define VT_RECT_H

#include "vt/term.h"

void rect_fill(struct vt *vt);                       /* DECFRA */
void rect_erase(struct vt *vt, bool is_selective);   /* DECERA, DECSERA */
void rect_copy(struct vt *vt);                       /* DECCRA */
void rect_attributes(struct vt *vt, bool is_toggle); /* DECCARA, DECRARA */
void rect_checksum(struct vt *vt);                   /* DECRQCRA */
void rect_report_sgr(struct vt *vt);                 /* XTREPORTSGR */

#endif
