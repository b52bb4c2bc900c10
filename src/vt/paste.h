/* Pasted text, made safe for the program that reads it. */
#ifndef VT_PASTE_H
#define VT_PASTE_H

#include "base/buf.h"

/*
 * Append what a terminal sends when @text is pasted.
 *
 * With bracketed paste (mode 2004): between ESC [ 200 ~ and ESC [ 201 ~, and
 * without control characters (C0 but for tab and line ends, DEL, C1 in both
 * forms) or end markers, so that the text cannot close the bracket and type
 * commands.  Without: as typed, that is with CR for each line end.
 *
 * Check @out with buf_check().
 */
void paste_encode(const char *text, size_t n, bool is_bracketed, struct buf *out);

#endif
