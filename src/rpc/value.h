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
#define RPC_MAX_REQUEST (4u << 20)  /* bytes of one request */

/* Parse one message.  FAIL_E_FAILED with PARSE_ERROR and position ("line 1,
 * column 17: ...") or INVALID_REQUEST; -ENOMEM.  Strict: UTF-8, no NaN, no
 * trailing bytes, depth <= RPC_MAX_DEPTH, duplicate keys refused.  The caller
 * owns the reference. */
NODISCARD int rpc_value_parse(enum rpc_encoding enc, const char *p, size_t n, json_t **ret, struct fail *reterr);

/* Bytes of a BYTES value: decoded from base64 (appended to @out), or as they
 * are.  RPC_VALUE_E_INVALID: not a string, or not base64. */
enum { RPC_VALUE_E_INVALID = 1 };
NODISCARD int rpc_value_bytes(enum rpc_encoding enc, const json_t *v, struct buf *out);

#endif
