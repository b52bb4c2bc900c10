/* RFC 4648 section 4, with padding, strict. */
#ifndef RPC_BASE64_H
#define RPC_BASE64_H

#include "base/buf.h"

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

void base64_encode(const void *p, size_t n, struct buf *out);
/* Two pieces as if they were one. */
void base64_encode2(const void *p, size_t n, const void *q, size_t m, struct buf *out);
enum { BASE64_E_INVALID = 1 };
NODISCARD int base64_decode(const char *p, size_t n, struct buf *out);

#endif
