/*
 * Single values as JSON text or MessagePack, without the commas and keys around
 * them.  Internal to rpc: writer.h is the door.  All append to a sticky buffer.
 */
#ifndef RPC_SCALAR_H
#define RPC_SCALAR_H

#include "rpc/value.h"

void scalar_put_null(enum rpc_encoding enc, struct buf *out);
void scalar_put_bool(enum rpc_encoding enc, struct buf *out, bool v);
void scalar_put_int(enum rpc_encoding enc, struct buf *out, int64_t v);
void scalar_put_uint(enum rpc_encoding enc, struct buf *out, uint64_t v);
void scalar_put_real(enum rpc_encoding enc, struct buf *out, double v); /* not finite: null */
/* Ill-formed UTF-8 leaves as U+FFFD. */
void scalar_put_str(enum rpc_encoding enc, struct buf *out, const char *s, size_t n);

/* Two pieces as one byte string. */
struct scalar_bytes {
	const void *p;
	size_t n;
	const void *q;
	size_t m;
};
void scalar_put_bytes(enum rpc_encoding enc, struct buf *out, const struct scalar_bytes *b);

/* A whole tree. */
void scalar_put_tree(enum rpc_encoding enc, struct buf *out, const json_t *v);

#endif
