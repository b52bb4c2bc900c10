/* UTF-8 for text that crosses our API (Unicode 15, section 3.9). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/defs.h"

/* Bytes of @s that are well-formed, counted from its start (== n if all). */
size_t utf8_valid_prefix(const char *s, size_t n);

/* Decode one scalar value; ill-formed input gives U+FFFD for its maximal
 * subpart.  n > 0.  Returns bytes consumed, 1..4. */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret_cp);

/* Encode; @out has 4 bytes.  Surrogates and values beyond U+10FFFF become
 * U+FFFD.  Returns bytes written. */
size_t utf8_encode(uint32_t cp, char *out);

#endif
