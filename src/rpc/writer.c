#include "rpc/writer.h"

#include <assert.h>
#include <string.h>

#include "rpc/scalar.h"

#define HEADER_BYTES 5 /* map32, array32: a type and a 4-byte count */

enum { MAP32 = 0xdf, ARRAY32 = 0xdd };

void rpc_writer_init(struct rpc_writer *w, enum rpc_encoding enc, struct buf *out)
{
	w->out = out;
	w->enc = enc;
	w->depth = 0;
	w->has_key = false;
}

/* Before anything that is a value: its place in what is open. */
static void begin_value(struct rpc_writer *w)
{
	if (w->depth == 0)
		return;
	if (w->open[w->depth - 1].is_map) {
		assert(w->has_key);
		w->has_key = false;
		return;
	}
	if (w->open[w->depth - 1].n++ && w->enc == RPC_JSON)
		buf_put_char(w->out, ',');
}

static void begin_key(struct rpc_writer *w)
{
	assert(w->depth > 0 && w->open[w->depth - 1].is_map && !w->has_key);
	w->has_key = true;
	if (w->open[w->depth - 1].n++ && w->enc == RPC_JSON)
		buf_put_char(w->out, ',');
}

/* A header whose count is not known yet.  Offsets count from the first byte
 * in the buffer, so that they survive its moving. */
static void put_header(struct buf *out, uint8_t type)
{
	const uint8_t header[HEADER_BYTES] = { type };

	buf_put(out, header, sizeof header);
}

static void patch_header(struct buf *out, size_t at, uint32_t n)
{
	uint8_t *p;

	/* A broken buffer may end before the header. */
	if (out->is_broken)
		return;
	p = (uint8_t *)out->data + out->start + at + 1;
	p[0] = (uint8_t)(n >> 24);
	p[1] = (uint8_t)(n >> 16);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
}

static void begin_container(struct rpc_writer *w, bool is_map)
{
	begin_value(w);
	assert(w->depth < RPC_WRITER_DEPTH);
	w->open[w->depth].at = buf_len(w->out);
	w->open[w->depth].n = 0;
	w->open[w->depth].is_map = is_map;
	w->depth++;
	switch (w->enc) {
	case RPC_JSON:
		buf_put_char(w->out, is_map ? '{' : '[');
		break;
	case RPC_MSGPACK:
		put_header(w->out, is_map ? MAP32 : ARRAY32);
		break;
	}
}

static void end_container(struct rpc_writer *w, bool is_map)
{
	assert(w->depth > 0 && !w->has_key);
	w->depth--;
	assert(w->open[w->depth].is_map == is_map);
	switch (w->enc) {
	case RPC_JSON:
		buf_put_char(w->out, is_map ? '}' : ']');
		break;
	case RPC_MSGPACK:
		patch_header(w->out, w->open[w->depth].at, w->open[w->depth].n);
		break;
	}
}

void rpc_map_begin(struct rpc_writer *w)
{
	begin_container(w, true);
}

void rpc_map_end(struct rpc_writer *w)
{
	end_container(w, true);
}

void rpc_array_begin(struct rpc_writer *w)
{
	begin_container(w, false);
}

void rpc_array_end(struct rpc_writer *w)
{
	end_container(w, false);
}

/* --- scalars: a place, then the value --- */

void rpc_key(struct rpc_writer *w, const char *key)
{
	begin_key(w);
	switch (w->enc) {
	case RPC_JSON:
		buf_put_char(w->out, '"');
		buf_put_str(w->out, key);
		buf_put(w->out, "\":", 2);
		break;
	case RPC_MSGPACK:
		scalar_put_str(w->enc, w->out, key, strlen(key));
		break;
	}
}

void rpc_keyn(struct rpc_writer *w, const char *key, size_t n)
{
	begin_key(w);
	scalar_put_str(w->enc, w->out, key, n);
	if (w->enc == RPC_JSON)
		buf_put_char(w->out, ':');
}

void rpc_null(struct rpc_writer *w)
{
	begin_value(w);
	scalar_put_null(w->enc, w->out);
}

void rpc_bool(struct rpc_writer *w, bool v)
{
	begin_value(w);
	scalar_put_bool(w->enc, w->out, v);
}

void rpc_int(struct rpc_writer *w, int64_t v)
{
	begin_value(w);
	scalar_put_int(w->enc, w->out, v);
}

void rpc_uint(struct rpc_writer *w, uint64_t v)
{
	begin_value(w);
	scalar_put_uint(w->enc, w->out, v);
}

void rpc_real(struct rpc_writer *w, double v)
{
	begin_value(w);
	scalar_put_real(w->enc, w->out, v);
}

void rpc_str(struct rpc_writer *w, const char *s)
{
	begin_value(w);
	if (s) {
		scalar_put_str(w->enc, w->out, s, strlen(s));
	} else {
		scalar_put_null(w->enc, w->out);
	}
}

void rpc_strn(struct rpc_writer *w, const char *s, size_t n)
{
	begin_value(w);
	scalar_put_str(w->enc, w->out, s, n);
}

void rpc_bytes(struct rpc_writer *w, const void *p, size_t n)
{
	rpc_bytes2(w, p, n, NULL, 0);
}

void rpc_bytes2(struct rpc_writer *w, const void *p, size_t n, const void *q, size_t m)
{
	const struct scalar_bytes bytes = { p, n, q, m };

	begin_value(w);
	scalar_put_bytes(w->enc, w->out, &bytes);
}

void rpc_json(struct rpc_writer *w, const json_t *v)
{
	begin_value(w);
	if (v) {
		scalar_put_tree(w->enc, w->out, v);
	} else {
		scalar_put_null(w->enc, w->out);
	}
}

/* --- key and value at once --- */

void rpc_kv_bool(struct rpc_writer *w, const char *key, bool v)
{
	rpc_key(w, key);
	rpc_bool(w, v);
}

void rpc_kv_int(struct rpc_writer *w, const char *key, int64_t v)
{
	rpc_key(w, key);
	rpc_int(w, v);
}

void rpc_kv_uint(struct rpc_writer *w, const char *key, uint64_t v)
{
	rpc_key(w, key);
	rpc_uint(w, v);
}

void rpc_kv_real(struct rpc_writer *w, const char *key, double v)
{
	rpc_key(w, key);
	rpc_real(w, v);
}

void rpc_kv_str(struct rpc_writer *w, const char *key, const char *s)
{
	rpc_key(w, key);
	rpc_str(w, s);
}

void rpc_kv_bytes(struct rpc_writer *w, const char *key, const void *p, size_t n)
{
	rpc_key(w, key);
	rpc_bytes(w, p, n);
}
