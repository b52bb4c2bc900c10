#include "rpc/scalar.h"

#include <stdio.h>
#include <string.h>

#include <msgpack.h>

#include "base/utf8.h"
#include "rpc/base64.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

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

void scalar_put_str(enum rpc_encoding enc, struct buf *out, const char *s, size_t n)
{
	switch (enc) {
	case RPC_JSON:
		buf_put_char(out, '"');
		put_utf8(out, s, n, put_escaped);
		buf_put_char(out, '"');
		break;
	case RPC_MSGPACK:
		pack_str(out, s, n);
		break;
	}
}

void scalar_put_bytes(enum rpc_encoding enc, struct buf *out, const struct scalar_bytes *b)
{
	msgpack_packer pk = packer_of(out);

	switch (enc) {
	case RPC_JSON:
		buf_put_char(out, '"');
		base64_encode2(b->p, b->n, b->q, b->m, out);
		buf_put_char(out, '"');
		break;
	case RPC_MSGPACK:
		if (b->n + b->m > UINT32_MAX) {
			out->is_broken = true;
			return;
		}
		msgpack_pack_bin(&pk, b->n + b->m);
		buf_put(out, b->p, b->n);
		buf_put(out, b->q, b->m);
		break;
	}
}

void scalar_put_null(enum rpc_encoding enc, struct buf *out)
{
	switch (enc) {
	case RPC_JSON:
		buf_put(out, "null", 4);
		break;
	case RPC_MSGPACK:
		buf_put_char(out, '\xc0');
		break;
	}
}

void scalar_put_bool(enum rpc_encoding enc, struct buf *out, bool v)
{
	switch (enc) {
	case RPC_JSON:
		buf_put_str(out, v ? "true" : "false");
		break;
	case RPC_MSGPACK:
		buf_put_char(out, v ? '\xc3' : '\xc2');
		break;
	}
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

void scalar_put_int(enum rpc_encoding enc, struct buf *out, int64_t v)
{
	msgpack_packer pk = packer_of(out);

	switch (enc) {
	case RPC_JSON:
		put_decimal(out, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
		break;
	case RPC_MSGPACK:
		msgpack_pack_int64(&pk, v);
		break;
	}
}

void scalar_put_uint(enum rpc_encoding enc, struct buf *out, uint64_t v)
{
	msgpack_packer pk = packer_of(out);

	switch (enc) {
	case RPC_JSON:
		put_decimal(out, false, v);
		break;
	case RPC_MSGPACK:
		msgpack_pack_uint64(&pk, v);
		break;
	}
}

/* 17 digits are enough to read back the same double; fewer where they do too.
 * A reader tells a real from an integer by the point or the exponent. */
static void put_json_real(struct buf *out, double v)
{
	char text[40];
	bool is_marked = false;

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

void scalar_put_real(enum rpc_encoding enc, struct buf *out, double v)
{
	msgpack_packer pk = packer_of(out);

	/* What JSON cannot say is null in both, so that they stay the same. */
	if (!__builtin_isfinite(v)) {
		scalar_put_null(enc, out);
		return;
	}
	switch (enc) {
	case RPC_JSON:
		put_json_real(out, v);
		break;
	case RPC_MSGPACK:
		msgpack_pack_double(&pk, v);
		break;
	}
}

/* --- trees --- */

static void open_container(enum rpc_encoding enc, struct buf *out, bool is_map, size_t n)
{
	msgpack_packer pk = packer_of(out);

	switch (enc) {
	case RPC_JSON:
		buf_put_char(out, is_map ? '{' : '[');
		break;
	case RPC_MSGPACK:
		if (is_map) {
			msgpack_pack_map(&pk, n);
		} else {
			msgpack_pack_array(&pk, n);
		}
		break;
	}
}

static void put_array(enum rpc_encoding enc, struct buf *out, const json_t *v)
{
	open_container(enc, out, false, json_array_size(v));
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (i && enc == RPC_JSON)
			buf_put_char(out, ',');
		scalar_put_tree(enc, out, json_array_get(v, i));
	}
	if (enc == RPC_JSON)
		buf_put_char(out, ']');
}

static void put_object(enum rpc_encoding enc, struct buf *out, const json_t *v)
{
	json_t *object = rpc_value_iterable(v);
	bool is_first = true;
	const char *key;
	size_t n;
	json_t *child;

	open_container(enc, out, true, json_object_size(v));
	json_object_keylen_foreach(object, key, n, child)
	{
		if (!is_first && enc == RPC_JSON)
			buf_put_char(out, ',');
		is_first = false;
		scalar_put_str(enc, out, key, n);
		if (enc == RPC_JSON)
			buf_put_char(out, ':');
		scalar_put_tree(enc, out, child);
	}
	if (enc == RPC_JSON)
		buf_put_char(out, '}');
}

void scalar_put_tree(enum rpc_encoding enc, struct buf *out, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		put_object(enc, out, v);
		break;
	case JSON_ARRAY:
		put_array(enc, out, v);
		break;
	case JSON_STRING:
		scalar_put_str(enc, out, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		scalar_put_int(enc, out, json_integer_value(v));
		break;
	case JSON_REAL:
		scalar_put_real(enc, out, json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		scalar_put_bool(enc, out, json_is_true(v));
		break;
	case JSON_NULL:
		scalar_put_null(enc, out);
		break;
	}
}
