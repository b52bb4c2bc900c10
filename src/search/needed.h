/* What every match of an expression must hold, as far as that is easy to see. */
#ifndef SEARCH_NEEDED_H
#define SEARCH_NEEDED_H

#include "base/buf.h"

/*
 * The longest text that each match of @regex holds as it stands, appended to @out;
 * nothing, where none is seen.  @is_caseless: letters of it may come in another case, and
 * none of them has relatives beyond ASCII.
 */
void needed_text(const char *regex, bool is_caseless, struct buf *out);

#endif
