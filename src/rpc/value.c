#include "rpc/value.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "rpc/base64.h"
#include "rpc/unpack.h"

/* Is it within what we are ready to build a tree for?  jansson recurses up to
 * 2048 deep and has no limit on values.  Text that is no JSON may be counted
 * wrongly here: it is refused either way. */
static int check_limits(const char *p, size_t n, struct fail *reterr)
{
	unsigned depth = 0;
	size_t n_values = 1;
	bool is_in_string = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"') {
			is_in_string = !is_in_string;
		} else if (is_in_string) {
			i += p[i] == '\\';
		} else if (p[i] == '[' || p[i] == '{') {
			n_values++;
			if (++depth > RPC_MAX_DEPTH) {
				return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL,
						 "byte %zu: nested more than %d deep", i,
						 RPC_MAX_DEPTH);
			}
		} else if ((p[i] == ']' || p[i] == '}') && depth > 0) {
			depth--;
		} else if (p[i] == ',') {
			n_values++;
		}
	}
	if (n_values > RPC_MAX_VALUES) {
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL,
				 "more than %u values in one message", RPC_MAX_VALUES);
	}
	return 0;
}

static int parse_json(const char *p, size_t n, json_t **ret, struct fail *reterr)
{
	json_error_t e;
	json_t *v;
	uint64_t failures = mem_failures();
	int r = check_limits(p, n, reterr);

	if (r)
		return r;
	v = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (!v) {
		/* jansson seldom says so when memory runs out: in some places it
		 * says nothing, in others it takes the half-read string for a
		 * syntax error.  Where it allocates through base, base knows. */
		if (mem_failures() != failures || e.text[0] == '\0')
			return err_origin(-ENOMEM);
		return fail_setf(reterr, FAIL_PARSE_ERROR, NULL, "line %d, column %d: %s", e.line,
				 e.column, e.text);
	}
	*ret = v;
	return 0;
}

int rpc_value_parse(enum rpc_encoding enc, const char *p, size_t n, json_t **ret,
		    struct fail *reterr)
{
	switch (enc) {
	case RPC_JSON:
		return parse_json(p, n, ret, reterr);
	case RPC_MSGPACK:
		return rpc_unpack(p, n, ret, reterr);
	}
	return err_origin(-EINVAL);
}

int rpc_value_bytes(enum rpc_encoding enc, const json_t *v, struct buf *out)
{
	const char *s;
	size_t n;

	if (!json_is_string(v))
		return RPC_VALUE_E_INVALID;
	s = json_string_value(v);
	n = json_string_length(v);
	switch (enc) {
	case RPC_JSON: {
		int r = base64_decode(s, n, out);

		return r > 0 ? RPC_VALUE_E_INVALID : err_trace(r);
	}
	case RPC_MSGPACK:
		buf_put(out, s, n);
		return err_trace(buf_check(out));
	}
	return RPC_VALUE_E_INVALID;
}

json_t *rpc_value_iterable(const json_t *v)
{
	union {
		const json_t *in;
		json_t *out;
	} u = { .in = v };

	return u.out;
}

static unsigned deepest_member(const json_t *v)
{
	json_t *object = rpc_value_iterable(v);
	unsigned deepest = 0;
	const char *key;
	json_t *child;

	json_object_foreach(object, key, child)
	{
		unsigned d = rpc_value_depth(child);

		deepest = d > deepest ? d : deepest;
	}
	return deepest;
}

unsigned rpc_value_depth(const json_t *v)
{
	unsigned deepest = 0;

	if (json_is_object(v))
		return 1 + deepest_member(v);
	if (!json_is_array(v))
		return 0;
	for (size_t i = 0; i < json_array_size(v); i++) {
		unsigned d = rpc_value_depth(json_array_get(v, i));

		deepest = d > deepest ? d : deepest;
	}
	return 1 + deepest;
}
