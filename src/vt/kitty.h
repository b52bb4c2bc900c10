/* The kitty keyboard protocol's flags and xterm's key modifier options: what a
 * program may choose of them.  key.c does what they say. */
#ifndef VT_KITTY_H
#define VT_KITTY_H

#include "vt/term.h"

void kitty_query(struct vt *vt); /* CSI ? u */
void kitty_set(struct vt *vt);   /* CSI = flags ; mode u */
void kitty_push(struct vt *vt);  /* CSI > flags u */
void kitty_pop(struct vt *vt);   /* CSI < number u */

void keys_set_modify(struct vt *vt);   /* XTMODKEYS: CSI > Pp ; Pv m */
void keys_query_modify(struct vt *vt); /* XTQMODKEYS: CSI ? Pp m */
void keys_off(struct vt *vt);          /* CSI > Pp n */
void keys_set_format(struct vt *vt);   /* XTFMTKEYS: CSI > Pp ; Pv f */
void keys_query_format(struct vt *vt); /* CSI ? Pp g */

#endif
