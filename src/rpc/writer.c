#include "rpc/writer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <msgpack.h>

#include "base/utf8.h"
#include "rpc/base64.h"

#define HEADER_BYTES 5 /* map32, array32: a type and a 4-byte count */

enum { MAP32 = 0xdf, ARRAY32 = 0xdd };

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

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

static void patch_header(struct buf *out, size_t at, size_t n)
{
	uint8_t *p;

	/* A broken buffer may end before the header. */
	if (out->is_broken || n > UINT32_MAX) {
		out->is_broken = true;
		return;
	}
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

/* --- text --- */

/* The bytes of @s that JSON text may hold as they are. */
static size_t plain_prefix(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

/* Well-formed UTF-8. */
static void put_escaped(struct buf *out, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	while (n) {
		size_t plain = plain_prefix(s, n);
		unsigned char c;

		buf_put(out, s, plain);
		if (plain == n)
			return;
		c = (unsigned char)s[plain];
		if (c < 0x20) {
			const char escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

			buf_put(out, escape, sizeof escape);
		} else {
			const char escape[] = { '\\', (char)c };

			buf_put(out, escape, sizeof escape);
		}
		s += plain + 1;
		n -= plain + 1;
	}
}

static void put_verbatim(struct buf *out, const char *s, size_t n)
{
	buf_put(out, s, n);
}

/* @put each well-formed stretch, U+FFFD for what lies between. */
static void put_utf8(struct buf *out, const char *s, size_t n,
		     void (*put)(struct buf *, const char *, size_t))
{
	while (n) {
		size_t valid = utf8_valid_prefix(s, n);
		uint32_t cp;

		put(out, s, valid);
		s += valid;
		n -= valid;
		if (n) {
			size_t bad = utf8_decode(s, n, &cp);

			buf_put(out, replacement, sizeof replacement - 1);
			s += bad;
			n -= bad;
		}
	}
}

/* --- MessagePack scalars --- */

static int on_packed(void *out, const char *p, size_t n)
{
	buf_put(out, p, n);
	return 0;
}

static msgpack_packer packer_of(struct buf *out)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, on_packed);
	return pk;
}

/* What put_utf8() will write of @s. */
static size_t len_as_utf8(const char *s, size_t n)
{
	size_t len = 0;

	while (n) {
		size_t used = utf8_valid_prefix(s, n);
		uint32_t cp;

		len += used;
		if (used < n) {
			used += utf8_decode(s + used, n - used, &cp);
			len += sizeof replacement - 1;
		}
		s += used;
		n -= used;
	}
	return len;
}

static void pack_str(struct buf *out, const char *s, size_t n)
{
	msgpack_packer pk = packer_of(out);
	size_t len = len_as_utf8(s, n);

	if (len > UINT32_MAX) {
		out->is_broken = true;
		return;
	}
	msgpack_pack_str(&pk, len);
	put_utf8(out, s, n, put_verbatim);
}

/* --- scalars of either encoding, without their place: the tree needs them too --- */

static void put_str(struct rpc_writer *w, const char *s, size_t n)
{
	switch (w->enc) {
	case RPC_JSON:
		buf_put_char(w->out, '"');
		put_utf8(w->out, s, n, put_escaped);
		buf_put_char(w->out, '"');
		break;
	case RPC_MSGPACK:
		pack_str(w->out, s, n);
		break;
	}
}

static void put_literal(struct rpc_writer *w, const char *json, uint8_t packed)
{
	switch (w->enc) {
	case RPC_JSON:
		buf_put_str(w->out, json);
		break;
	case RPC_MSGPACK:
		buf_put_char(w->out, (char)packed);
		break;
	}
}

static void put_null(struct rpc_writer *w)
{
	put_literal(w, "null", 0xc0);
}

static void put_bool(struct rpc_writer *w, bool v)
{
	put_literal(w, v ? "true" : "false", v ? 0xc3 : 0xc2);
}

static void put_decimal(struct buf *out, bool is_negative, uint64_t v)
{
	char text[24], *p = text + sizeof text;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	if (is_negative)
		*--p = '-';
	buf_put(out, p, (size_t)(text + sizeof text - p));
}

static void put_int(struct rpc_writer *w, int64_t v)
{
	msgpack_packer pk = packer_of(w->out);

	switch (w->enc) {
	case RPC_JSON:
		put_decimal(w->out, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
		break;
	case RPC_MSGPACK:
		msgpack_pack_int64(&pk, v);
		break;
	}
}

/* 17 digits are enough to read back the same double; fewer where they do too.
 * A reader tells a real from an integer by the point or the exponent. */
static void put_json_real(struct buf *out, double v)
{
	char text[40];
	bool is_marked = false;

	if (!__builtin_isfinite(v)) {
		buf_put_str(out, "null");
		return;
	}
	(void)snprintf(text, sizeof text, "%.15g", v);
	if (strtod(text, NULL) != v)
		(void)snprintf(text, sizeof text, "%.17g", v);
	for (char *p = text; *p; p++) {
		/* The locale may have its own decimal point. */
		if (*p == ',')
			*p = '.';
		is_marked |= *p == '.' || *p == 'e';
	}
	buf_put_str(out, text);
	if (!is_marked)
		buf_put_str(out, ".0");
}

static void put_real(struct rpc_writer *w, double v)
{
	msgpack_packer pk = packer_of(w->out);

	switch (w->enc) {
	case RPC_JSON:
		put_json_real(w->out, v);
		break;
	case RPC_MSGPACK:
		/* Not JSON-able means not there: the same in both encodings. */
		if (__builtin_isfinite(v)) {
			msgpack_pack_double(&pk, v);
		} else {
			msgpack_pack_nil(&pk);
		}
		break;
	}
}

/* --- the public verbs: a place, then the scalar --- */

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
		pack_str(w->out, key, strlen(key));
		break;
	}
}

void rpc_keyn(struct rpc_writer *w, const char *key, size_t n)
{
	begin_key(w);
	put_str(w, key, n);
	if (w->enc == RPC_JSON)
		buf_put_char(w->out, ':');
}

void rpc_null(struct rpc_writer *w)
{
	begin_value(w);
	put_null(w);
}

void rpc_bool(struct rpc_writer *w, bool v)
{
	begin_value(w);
	put_bool(w, v);
}

void rpc_int(struct rpc_writer *w, int64_t v)
{
	begin_value(w);
	put_int(w, v);
}

void rpc_uint(struct rpc_writer *w, uint64_t v)
{
	msgpack_packer pk = packer_of(w->out);

	begin_value(w);
	switch (w->enc) {
	case RPC_JSON:
		put_decimal(w->out, false, v);
		break;
	case RPC_MSGPACK:
		msgpack_pack_uint64(&pk, v);
		break;
	}
}

void rpc_real(struct rpc_writer *w, double v)
{
	begin_value(w);
	put_real(w, v);
}

void rpc_str(struct rpc_writer *w, const char *s)
{
	begin_value(w);
	if (s) {
		put_str(w, s, strlen(s));
	} else {
		put_null(w);
	}
}

void rpc_strn(struct rpc_writer *w, const char *s, size_t n)
{
	begin_value(w);
	put_str(w, s, n);
}

void rpc_bytes(struct rpc_writer *w, const void *p, size_t n)
{
	rpc_bytes2(w, p, n, NULL, 0);
}

void rpc_bytes2(struct rpc_writer *w, const void *p, size_t n, const void *q, size_t m)
{
	msgpack_packer pk = packer_of(w->out);

	begin_value(w);
	switch (w->enc) {
	case RPC_JSON:
		buf_put_char(w->out, '"');
		base64_encode2(p, n, q, m, w->out);
		buf_put_char(w->out, '"');
		break;
	case RPC_MSGPACK:
		if (n + m > UINT32_MAX) {
			w->out->is_broken = true;
			return;
		}
		msgpack_pack_bin(&pk, n + m);
		buf_put(w->out, p, n);
		buf_put(w->out, q, m);
		break;
	}
}

/* --- trees --- */

static void put_tree(struct rpc_writer *w, const json_t *v);

/* The tree says its sizes beforehand and may be deeper than w->open[] is. */
static void put_tree_header(struct rpc_writer *w, uint8_t type, char json, size_t n)
{
	size_t at = buf_len(w->out);

	switch (w->enc) {
	case RPC_JSON:
		buf_put_char(w->out, json);
		break;
	case RPC_MSGPACK:
		put_header(w->out, type);
		patch_header(w->out, at, n);
		break;
	}
}

static void put_tree_array(struct rpc_writer *w, const json_t *v)
{
	bool is_json = w->enc == RPC_JSON;

	put_tree_header(w, ARRAY32, '[', json_array_size(v));
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (i && is_json)
			buf_put_char(w->out, ',');
		put_tree(w, json_array_get(v, i));
	}
	if (is_json)
		buf_put_char(w->out, ']');
}

static void put_tree_object(struct rpc_writer *w, const json_t *v)
{
	/* jansson iterates without changing, but wants it mutable. */
	union {
		const json_t *in;
		json_t *out;
	} object = { .in = v };
	bool is_json = w->enc == RPC_JSON, is_first = true;
	const char *key;
	size_t n;
	json_t *child;

	put_tree_header(w, MAP32, '{', json_object_size(v));
	json_object_keylen_foreach(object.out, key, n, child)
	{
		if (!is_first && is_json)
			buf_put_char(w->out, ',');
		is_first = false;
		put_str(w, key, n);
		if (is_json)
			buf_put_char(w->out, ':');
		put_tree(w, child);
	}
	if (is_json)
		buf_put_char(w->out, '}');
}

static void put_tree(struct rpc_writer *w, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		put_tree_object(w, v);
		break;
	case JSON_ARRAY:
		put_tree_array(w, v);
		break;
	case JSON_STRING:
		put_str(w, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		put_int(w, json_integer_value(v));
		break;
	case JSON_REAL:
		put_real(w, json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		put_bool(w, json_is_true(v));
		break;
	case JSON_NULL:
		put_null(w);
		break;
	}
}

void rpc_json(struct rpc_writer *w, const json_t *v)
{
	begin_value(w);
	if (v) {
		put_tree(w, v);
	} else {
		put_null(w);
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
