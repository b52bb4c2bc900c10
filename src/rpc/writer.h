/*
 * What goes out: one writer for both encodings, straight into a buffer, no
 * tree in between.  Sticky: errors are looked at once, with buf_check() on the
 * buffer; a partial message is taken back with buf_truncate().  Text that is not
 * UTF-8 leaves as U+FFFD (JSON and MessagePack str), a real that is not finite
 * as null.  Misuse (a value without its key, an end without its begin) is an
 * assertion.  Nothing is consumed from the buffer while a container is open.
 */
#ifndef RPC_WRITER_H
#define RPC_WRITER_H

#include <jansson.h>

#include "base/buf.h"
#include "rpc/value.h"

#define RPC_WRITER_DEPTH 32

struct rpc_writer {
	struct buf *out;
	enum rpc_encoding enc;
	unsigned depth;
	struct {
		size_t at; /* MessagePack: offset of the header to patch, from the buffer's start */
		uint32_t n; /* members so far */
		bool is_map;
	} open[RPC_WRITER_DEPTH];
	bool has_key; /* a key was written, its value is next */
};

void rpc_writer_init(struct rpc_writer *w, enum rpc_encoding enc, struct buf *out);

void rpc_map_begin(struct rpc_writer *w);
void rpc_map_end(struct rpc_writer *w);
void rpc_array_begin(struct rpc_writer *w);
void rpc_array_end(struct rpc_writer *w);
void rpc_key(struct rpc_writer *w, const char *key);            /* a literal: not escaped */
void rpc_keyn(struct rpc_writer *w, const char *key, size_t n); /* any text: escaped */

void rpc_null(struct rpc_writer *w);
void rpc_bool(struct rpc_writer *w, bool v);
void rpc_int(struct rpc_writer *w, int64_t v);
/* Beyond INT64_MAX rpc_value_parse() refuses it. */
void rpc_uint(struct rpc_writer *w, uint64_t v);
void rpc_real(struct rpc_writer *w, double v);
void rpc_str(struct rpc_writer *w, const char *s); /* NULL: null */
void rpc_strn(struct rpc_writer *w, const char *s, size_t n);
void rpc_bytes(struct rpc_writer *w, const void *p, size_t n); /* base64, or bin */
/* Two pieces as one value, e.g. what lies around the end of a ring. */
void rpc_bytes2(struct rpc_writer *w, const void *p, size_t n, const void *q, size_t m);
/* A tree, e.g. metadata that a client gave; NULL: null.  A byte string in it
 * leaves as text, since the tree does not tell them apart. */
void rpc_json(struct rpc_writer *w, const json_t *v);

/* key and value at once */
void rpc_kv_bool(struct rpc_writer *w, const char *key, bool v);
void rpc_kv_int(struct rpc_writer *w, const char *key, int64_t v);
void rpc_kv_uint(struct rpc_writer *w, const char *key, uint64_t v);
void rpc_kv_real(struct rpc_writer *w, const char *key, double v);
void rpc_kv_str(struct rpc_writer *w, const char *key, const char *s);
void rpc_kv_bytes(struct rpc_writer *w, const char *key, const void *p, size_t n);

#endif
