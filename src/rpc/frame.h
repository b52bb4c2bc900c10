/*
 * Cutting the byte stream of a socket into messages.  RPC_JSON: one JSON text
 * per line (`\n`; a `\r` before it is dropped; empty lines are skipped).
 * RPC_MSGPACK: 4-byte big-endian length, then that many bytes.
 */
#ifndef RPC_FRAME_H
#define RPC_FRAME_H

#include "base/buf.h"
#include "rpc/value.h"

struct rpc_framer {
	struct buf in;
	enum rpc_encoding enc;
	size_t max_bytes; /* of one message */
	size_t scanned;   /* JSON: bytes of `in` known to hold no newline */
	size_t skipping; /* oversized message: MSGPACK bytes left to skip; JSON: 1 until the newline
			  */
};

void rpc_framer_init(struct rpc_framer *f, enum rpc_encoding enc, size_t max_bytes);
void rpc_framer_fini(struct rpc_framer *f);
void rpc_framer_set_encoding(struct rpc_framer *f,
			     enum rpc_encoding enc); /* for bytes not yet taken */

/* Where the caller may read() into; @n at least 1.  NULL on ENOMEM. */
NODISCARD char *rpc_framer_reserve(struct rpc_framer *f, size_t n);
void rpc_framer_commit(struct rpc_framer *f, size_t n);

enum {
	RPC_FRAME_E_MORE = 1,  /* no whole message yet */
	RPC_FRAME_E_OVERSIZED, /* one message was over max_bytes; it is skipped, go on */
};
/* Next message, without its frame; valid until the next call of any of these.
 * Call until RPC_FRAME_E_MORE: then never more than max_bytes + one read is
 * buffered.  OVERSIZED is said as soon as it is known.  No faults. */
NODISCARD int rpc_framer_next(struct rpc_framer *f, const char **ret_p, size_t *ret_n);

/* Sending: begin/end one frame around what a writer puts into @out.  If @out
 * broke in between, take the message back with buf_truncate(out, mark). */
size_t rpc_frame_begin(enum rpc_encoding enc, struct buf *out); /* returns a mark */
void rpc_frame_end(enum rpc_encoding enc, struct buf *out, size_t mark);

#endif
