/* The palette and the dynamic colours: OSC 4, 5, 10-19, 104, 105, 110-119. */
#ifndef VT_COLOR_H
#define VT_COLOR_H

#include "vt/term.h"

/* The @args behind "4;", "10;", ... */
void color_osc(struct vt *vt, int number, const char *args);

/* 0xrrggbb of index 0..255 until a program changes it. */
uint32_t color_default(unsigned index);

/* An X colour specification: "rgb:r/g/b", "#rgb" and longer, or one of a few
 * names.  False if it is none. */
bool color_parse(const char *text, uint32_t *ret_rgb);

#endif
