/* SGR (ECMA-48 8.3.117, ITU T.416 colours, and the underline styles of kitty). */
#ifndef VT_SGR_H
#define VT_SGR_H

#include "vt/parser.h"
#include "vt/style.h"

/* Apply parameters [@from, p->n) to a style. */
void sgr_apply(struct style *s, const struct params *p, unsigned from);

/* The parameters, beginning with "0", that make it out of a reset one.  @out has
 * room for SGR_TEXT_MAX bytes, terminated. */
#define SGR_TEXT_MAX 128
size_t sgr_format(const struct style *s, char *out);

#endif
