/* Pieces of OSC that more than one file needs. */
#ifndef VT_OSC_H
#define VT_OSC_H

#include "vt/term.h"

/* Tell the owner; control characters are taken out of both. */
void osc_cwd(struct vt *vt, const char *host, const char *path);

/* Base64 without regard to padding, in place; the decoded length, or -1. */
long osc_decode_base64(char *s, size_t n);

#endif
