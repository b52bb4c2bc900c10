/* Setting, clearing, saving and reporting modes. */
#ifndef VT_MODE_H
#define VT_MODE_H

#include "vt/term.h"

/* SM, RM, DECSET, DECRST, XTSAVE, XTRESTORE, DECRQM: the parameters of the
 * sequence just parsed. */
void mode_set_params(struct vt *vt, bool is_private, bool is_set);
void mode_save_params(struct vt *vt);
void mode_restore_params(struct vt *vt);
void mode_report(struct vt *vt, bool is_private);

/* By its number in SM and RM, or (private) DECSET and DECRST; VT_N_MODES: there is none. */
enum vt_mode mode_find(bool is_private, int number);

/* One mode with all that it entails. */
void mode_set(struct vt *vt, enum vt_mode m, bool is_set);

/* The bit alone, and who wants to know is told. */
void mode_put(struct vt *vt, enum vt_mode m, bool is_set);

uint64_t modes_default(const struct vt *vt);

/* Show the other screen.  @wants_clear: erase the alternate one. */
void screen_switch(struct vt *vt, bool is_alternate);

/* Full-screen margins. */
void margins_reset(struct vt *vt);

#endif
