/* "Did you mean ...?": the known name that a mistyped one is most like. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/defs.h"

#define NEAREST_MAX_LEN 64 /* bytes; longer names are like nothing */

/* One of @known, or NULL if none is near: at most a third of the letters (and
 * at least one) wrong, missing, too many or swapped with their neighbour.
 * Case, and `-` `_` `.`, count as equal.  The first of equals wins. */
const char *nearest_name(const char *given, const char *const *known, size_t n);

#endif
