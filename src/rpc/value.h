/*
 * What came in: a request or event as a jansson tree, whichever encoding it
 * came in.  Byte strings: in JSON they are base64 text, in MessagePack `bin`;
 * a bin becomes a jansson string that may hold any bytes (also NUL), so that
 * who reads a BYTES parameter asks rpc_value_bytes() and nobody else.
 */
#ifndef RPC_VALUE_H
#define RPC_VALUE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/fail.h"

enum rpc_encoding { RPC_JSON, RPC_MSGPACK };

#define RPC_MAX_DEPTH 32
#define RPC_MAX_REQUEST (4u << 20) /* bytes of one request */
/* Values in one message.  A tree takes up to 100 bytes for one byte of text
 * ("{},{},..."), so that a limit on bytes alone would not bound memory. */
#define RPC_MAX_VALUES (1u << 18)

/* Parse one message.  FAIL_E_FAILED with PARSE_ERROR and position ("line 1,
 * column 17: ..." or "byte 17: ...") or, for what is well-formed but beyond our
 * limits, INVALID_REQUEST; -ENOMEM.  Strict: UTF-8, no NaN, integers within
 * int64_t, no trailing bytes, depth <= RPC_MAX_DEPTH, duplicate keys and keys
 * with a NUL refused, no MessagePack extension types.  A string may hold a NUL
 * in either encoding.  The caller owns the reference.  ENOMEM is told from a
 * parse error for sure where jansson allocates through base/mem.h. */
NODISCARD int rpc_value_parse(enum rpc_encoding enc, const char *p, size_t n, json_t **ret,
			      struct fail *reterr);

/* Bytes of a BYTES value: decoded from base64 (appended to @out), or as they
 * are.  RPC_VALUE_E_INVALID: not a string, or not base64. */
enum { RPC_VALUE_E_INVALID = 1 };
NODISCARD int rpc_value_bytes(enum rpc_encoding enc, const json_t *v, struct buf *out);

/* jansson iterates over an object without changing it (json_object_foreach()),
 * but wants it mutable. */
json_t *rpc_value_iterable(const json_t *v);

/* Nesting of a tree: 0 for a scalar, 1 for `[]`, 2 for `[[]]`. */
unsigned rpc_value_depth(const json_t *v);

#endif
