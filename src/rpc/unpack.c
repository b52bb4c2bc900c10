#include "rpc/unpack.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <msgpack.h>

#include "base/err.h"
#include "base/utf8.h"

/*
 * Two passes.  The first walks the bytes without recursion or allocation and
 * checks everything that a header promises: lengths that fit, nesting, number
 * of values, no extension types, nothing behind the end.  Only then does
 * msgpack-c see it, because it allocates what an array header announces before
 * it looks whether the elements are there.
 */

struct scan {
	const unsigned char *p;
	size_t n;
	size_t at;                    /* next byte */
	unsigned depth;               /* open containers */
	uint32_t n_values;            /* seen so far */
	uint64_t left[RPC_MAX_DEPTH]; /* values still to come in each open container */
	const char *problem;          /* set when the scan failed */
	enum fail_code code;
};

static bool refuse(struct scan *s, enum fail_code code, const char *problem)
{
	s->code = code;
	s->problem = problem;
	return false;
}

static bool skip(struct scan *s, uint64_t n)
{
	if (n > s->n - s->at)
		return refuse(s, FAIL_PARSE_ERROR, "the message ends inside a value");
	s->at += (size_t)n;
	return true;
}

/* A big-endian length of 1, 2 or 4 bytes. */
static bool take_length(struct scan *s, size_t n_bytes, uint32_t *ret)
{
	size_t at = s->at;
	uint32_t v = 0;

	if (!skip(s, n_bytes))
		return false;
	for (; at < s->at; at++)
		v = v << 8 | s->p[at];
	*ret = v;
	return true;
}

static bool open_container(struct scan *s, uint32_t n_children, bool is_map)
{
	if (s->depth == RPC_MAX_DEPTH)
		return refuse(s, FAIL_INVALID_REQUEST, "nested too deeply");
	s->left[s->depth++] = is_map ? 2 * (uint64_t)n_children : n_children;
	return true;
}

/* The rows c0..df of the format table; the rest is told by the upper bits. */
enum kind { NEVER, FIXED, SIZED, EXT, ARRAY, MAP };

static const struct {
	uint8_t kind;
	uint8_t n; /* FIXED: bytes that follow; else: bytes of the length */
} formats[32] = {
	{ FIXED, 0 }, { NEVER, 0 }, { FIXED, 0 }, { FIXED, 0 }, /* nil, -, false, true */
	{ SIZED, 1 }, { SIZED, 2 }, { SIZED, 4 },               /* bin */
	{ EXT, 0 },   { EXT, 0 },   { EXT, 0 },                 /* ext */
	{ FIXED, 4 }, { FIXED, 8 },                             /* float */
	{ FIXED, 1 }, { FIXED, 2 }, { FIXED, 4 }, { FIXED, 8 }, /* uint */
	{ FIXED, 1 }, { FIXED, 2 }, { FIXED, 4 }, { FIXED, 8 }, /* int */
	{ EXT, 0 },   { EXT, 0 },   { EXT, 0 },   { EXT, 0 },   { EXT, 0 }, /* fixext */
	{ SIZED, 1 }, { SIZED, 2 }, { SIZED, 4 },                           /* str */
	{ ARRAY, 2 }, { ARRAY, 4 }, { MAP, 2 },   { MAP, 4 },
};

static bool scan_format(struct scan *s, unsigned char c)
{
	uint32_t len = 0;
	size_t n = formats[c - 0xc0].n;

	switch ((enum kind)formats[c - 0xc0].kind) {
	case NEVER:
		return refuse(s, FAIL_PARSE_ERROR, "0xc1 starts no value");
	case EXT:
		return refuse(s, FAIL_INVALID_REQUEST, "extension types are not understood");
	case FIXED:
		return skip(s, n);
	case SIZED:
		return take_length(s, n, &len) && skip(s, len);
	case ARRAY:
		return take_length(s, n, &len) && open_container(s, len, false);
	case MAP:
		return take_length(s, n, &len) && open_container(s, len, true);
	}
	return false;
}

static bool scan_value(struct scan *s)
{
	unsigned char c;

	if (s->at == s->n)
		return refuse(s, FAIL_PARSE_ERROR, "the message ends where a value is due");
	if (++s->n_values > RPC_MAX_VALUES)
		return refuse(s, FAIL_INVALID_REQUEST, "too many values in one message");
	c = s->p[s->at++];
	if (c <= 0x7f || c >= 0xe0)
		return true;
	if (c <= 0x8f)
		return open_container(s, c & 0x0f, true);
	if (c <= 0x9f)
		return open_container(s, c & 0x0f, false);
	if (c <= 0xbf)
		return skip(s, c & 0x1f);
	return scan_format(s, c);
}

static bool scan_message(struct scan *s)
{
	if (!scan_value(s))
		return false;
	while (s->depth > 0) {
		if (s->left[s->depth - 1] == 0) {
			s->depth--;
			continue;
		}
		s->left[s->depth - 1]--;
		if (!scan_value(s))
			return false;
	}
	if (s->at != s->n)
		return refuse(s, FAIL_PARSE_ERROR, "bytes behind the value");
	return true;
}

/* What a conversion needs beside the value: where it is, for the message. */
struct conversion {
	const char *start;
	struct fail *reterr;
};

static int refuse_at(const struct conversion *c, const char *p, const char *problem)
{
	return fail_setf(c->reterr, FAIL_PARSE_ERROR, NULL, "byte %zu: %s",
			 p ? (size_t)(p - c->start) : 0, problem);
}

/* msgpack-c may have no address for an empty str or bin; jansson wants one. */
static const char *address(const char *p)
{
	return p ? p : "";
}

static int convert(const struct conversion *c, const msgpack_object *o, json_t **ret);

static int convert_array(const struct conversion *c, const msgpack_object_array *a, json_t **ret)
{
	json_auto_t *array = json_array();

	if (!array)
		return err_origin(-ENOMEM);
	for (uint32_t i = 0; i < a->size; i++) {
		json_t *v = NULL;
		int r = convert(c, &a->ptr[i], &v);

		if (r)
			return r;
		if (json_array_append_new(array, v) < 0)
			return err_origin(-ENOMEM);
	}
	*ret = TAKE(array);
	return 0;
}

static int check_key(const struct conversion *c, const msgpack_object *key)
{
	const msgpack_object_str *s = &key->via.str;

	if (key->type != MSGPACK_OBJECT_STR)
		return fail_setf(c->reterr, FAIL_PARSE_ERROR, NULL, "a key is not a str");
	if (utf8_valid_prefix(s->ptr, s->size) != s->size)
		return refuse_at(c, s->ptr, "not UTF-8");
	/* Keys become C strings all over the place. */
	if (memchr(address(s->ptr), '\0', s->size))
		return refuse_at(c, s->ptr, "a key holds a NUL");
	return 0;
}

static int convert_map(const struct conversion *c, const msgpack_object_map *m, json_t **ret)
{
	json_auto_t *object = json_object();

	if (!object)
		return err_origin(-ENOMEM);
	for (uint32_t i = 0; i < m->size; i++) {
		const msgpack_object_str *key = &m->ptr[i].key.via.str;
		json_t *v = NULL;
		int r = check_key(c, &m->ptr[i].key);

		if (!r)
			r = convert(c, &m->ptr[i].val, &v);
		if (r)
			return r;
		if (json_object_setn_new_nocheck(object, address(key->ptr), key->size, v) < 0)
			return err_origin(-ENOMEM);
		if (json_object_size(object) != (size_t)i + 1)
			return refuse_at(c, key->ptr, "duplicate key");
	}
	*ret = TAKE(object);
	return 0;
}

static int convert_real(const struct conversion *c, double v, json_t **ret)
{
	/* jansson cannot hold what JSON cannot say. */
	if (!__builtin_isfinite(v))
		return fail_setf(c->reterr, FAIL_PARSE_ERROR, NULL, "a number is not finite");
	*ret = json_real(v);
	return *ret ? 0 : err_origin(-ENOMEM);
}

static int convert_str(const struct conversion *c, const msgpack_object_str *s, json_t **ret)
{
	if (utf8_valid_prefix(s->ptr, s->size) != s->size)
		return refuse_at(c, s->ptr, "not UTF-8");
	*ret = json_stringn_nocheck(address(s->ptr), s->size);
	return *ret ? 0 : err_origin(-ENOMEM);
}

/* Recursion is bounded by what the scan let through. */
static int convert(const struct conversion *c, const msgpack_object *o, json_t **ret)
{
	switch (o->type) {
	case MSGPACK_OBJECT_ARRAY:
		return convert_array(c, &o->via.array, ret);
	case MSGPACK_OBJECT_MAP:
		return convert_map(c, &o->via.map, ret);
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		return convert_real(c, o->via.f64, ret);
	case MSGPACK_OBJECT_STR:
		return convert_str(c, &o->via.str, ret);
	case MSGPACK_OBJECT_BIN:
		*ret = json_stringn_nocheck(address(o->via.bin.ptr), o->via.bin.size);
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		if (o->via.u64 > INT64_MAX) {
			return fail_setf(c->reterr, FAIL_PARSE_ERROR, NULL,
					 "an integer is beyond 2^63 - 1");
		}
		*ret = json_integer(o->via.i64);
		break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		*ret = json_integer(o->via.i64);
		break;
	case MSGPACK_OBJECT_BOOLEAN:
		*ret = json_boolean(o->via.boolean);
		break;
	case MSGPACK_OBJECT_NIL:
		*ret = json_null();
		break;
	case MSGPACK_OBJECT_EXT:
		assert(!"the scan refuses extension types");
		break;
	}
	return *ret ? 0 : err_origin(-ENOMEM);
}

int rpc_unpack(const char *p, size_t n, json_t **ret, struct fail *reterr)
{
	struct scan scan = { .p = (const unsigned char *)p, .n = n };
	struct conversion c = { .start = p, .reterr = reterr };
	msgpack_unpacked unpacked;
	msgpack_unpack_return outcome;
	int r;

	if (!scan_message(&scan))
		return fail_setf(reterr, scan.code, NULL, "byte %zu: %s", scan.at, scan.problem);
	msgpack_unpacked_init(&unpacked);
	outcome = msgpack_unpack_next(&unpacked, p, n, NULL);
	if (outcome == MSGPACK_UNPACK_SUCCESS) {
		r = convert(&c, &unpacked.data, ret);
	} else if (outcome == MSGPACK_UNPACK_NOMEM_ERROR) {
		r = err_origin(-ENOMEM);
	} else {
		r = fail_setf(reterr, FAIL_PARSE_ERROR, NULL, "not MessagePack");
	}
	msgpack_unpacked_destroy(&unpacked);
	return r;
}
