/* Marks of shell integration: where prompts, commands and output begin. */
#ifndef VT_MARK_H
#define VT_MARK_H

#include "vt/term.h"

/* The @args behind "133;" and "633;". */
void mark_osc133(struct vt *vt, const char *args);
void mark_osc633(struct vt *vt, const char *args);

/* At the cursor; @text: what the sequence said besides. */
void mark_add(struct vt *vt, enum mark_kind kind, int status, const char *text, bool is_633);

#endif
