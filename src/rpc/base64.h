/* RFC 4648 section 4, with padding, strict: no white space, no missing padding,
 * no stray bits under it. */
#ifndef RPC_BASE64_H
#define RPC_BASE64_H

#include "base/buf.h"

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

void base64_encode(const void *p, size_t n, struct buf *out);
/* Two pieces as if they were one. */
void base64_encode2(const void *p, size_t n, const void *q, size_t m, struct buf *out);

/* Appended to @out; nothing is if it is invalid or memory is out. */
enum { BASE64_E_INVALID = 1 };
NODISCARD int base64_decode(const char *s, size_t n, struct buf *out);
/* Would it decode, and to how many bytes? */
bool base64_is_valid(const char *s, size_t n, size_t *ret_len);

#endif
