#include "rpc/param.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"
#include "rpc/base64.h"

/* --- one value against one row --- */

/* Room for "from MIN to MAX UNIT". */
struct limits {
	char text[96];
};

static struct limits limits_of(const struct rpc_param *p, const char *unit)
{
	const char *space = unit ? " " : "";
	struct limits l;

	unit = unit ? unit : "";
	if (p->max == 0 && p->type != RPC_T_INT) {
		(void)snprintf(l.text, sizeof l.text, "at least %lld%s%s", (long long)p->min, space,
			       unit);
	} else if (p->min == 0 && p->type != RPC_T_INT) {
		(void)snprintf(l.text, sizeof l.text, "at most %lld%s%s", (long long)p->max, space,
			       unit);
	} else {
		(void)snprintf(l.text, sizeof l.text, "from %lld to %lld%s%s", (long long)p->min,
			       (long long)p->max, space, unit);
	}
	return l;
}

static int refuse(struct fail *f, const struct rpc_param *p, const char *must)
{
	return fail_setf(f, FAIL_INVALID_PARAMS, p->name, "%s must be %s", p->name, must);
}

/* UTF-8 without a NUL: what can safely become a C string.  A MessagePack bin
 * or a "\u0000" may come as a jansson string too. */
static bool is_text(const json_t *v)
{
	const char *s = json_string_value(v);
	size_t n = json_string_length(v);

	return s && !memchr(s, '\0', n) && utf8_valid_prefix(s, n) == n;
}

/* Lengths and numbers of items. */
static int check_count(const struct rpc_param *p, size_t n, const char *unit, struct fail *reterr)
{
	if (n >= (size_t)p->min && (p->max == 0 || n <= (size_t)p->max))
		return 0;
	return fail_setf(reterr, FAIL_INVALID_PARAMS, p->name, "%s must be %s long, not %zu",
			 p->name, limits_of(p, unit).text, n);
}

static int check_string(const struct rpc_param *p, const json_t *v, struct fail *reterr)
{
	if (!is_text(v))
		return refuse(reterr, p, "a string without NUL");
	return check_count(p, json_string_length(v), "bytes", reterr);
}

/* The integer in @v, also if it came as a real without a fraction. */
static bool read_int(const json_t *v, int64_t *ret)
{
	const double beyond = 9007199254740992.0; /* 2^53: above it reals skip integers */
	double d;

	if (json_is_integer(v)) {
		*ret = json_integer_value(v);
		return true;
	}
	d = json_real_value(v);
	if (!json_is_real(v) || d < -beyond || d > beyond || (double)(int64_t)d != d)
		return false;
	*ret = (int64_t)d;
	return true;
}

static int check_int(const struct rpc_param *p, const json_t *v, struct fail *reterr)
{
	bool is_bounded = p->min || p->max;
	int64_t i;

	if (!read_int(v, &i))
		return refuse(reterr, p, "an integer");
	if (!is_bounded || (i >= p->min && i <= p->max))
		return 0;
	return fail_setf(reterr, FAIL_INVALID_PARAMS, p->name, "%s must be %s, not %lld", p->name,
			 limits_of(p, p->unit).text, (long long)i);
}

static int check_bytes(const struct rpc_param *p, enum rpc_encoding enc, const json_t *v,
		       struct fail *reterr)
{
	size_t n = json_string_length(v);

	if (!json_is_string(v))
		return refuse(reterr, p, enc == RPC_JSON ? "base64 text" : "bin or str");
	if (enc == RPC_JSON && !base64_is_valid(json_string_value(v), n, &n))
		return refuse(reterr, p, "base64 text (RFC 4648, padded)");
	return check_count(p, n, "bytes", reterr);
}

static int check_strings(const struct rpc_param *p, const json_t *v, struct fail *reterr)
{
	if (!json_is_array(v))
		return refuse(reterr, p, "an array of strings");
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (is_text(json_array_get(v, i)))
			continue;
		return fail_setf(reterr, FAIL_INVALID_PARAMS, p->name,
				 "%s[%zu] must be a string without NUL", p->name, i);
	}
	return check_count(p, json_array_size(v), "items", reterr);
}

static int check_map(const struct rpc_param *p, const json_t *v, struct fail *reterr)
{
	json_t *map = rpc_value_iterable(v);
	const char *key;
	json_t *value;

	if (!json_is_object(v))
		return refuse(reterr, p, "an object of strings");
	json_object_foreach(map, key, value)
	{
		if (is_text(value))
			continue;
		return fail_setf(reterr, FAIL_INVALID_PARAMS, p->name,
				 "%s.%.40s must be a string without NUL", p->name, key);
	}
	return check_count(p, json_object_size(v), "items", reterr);
}

static int check_tree(const struct rpc_param *p, const json_t *v, struct fail *reterr)
{
	if (p->type == RPC_T_OBJECT && !json_is_object(v))
		return refuse(reterr, p, "an object");
	if (rpc_value_depth(v) <= RPC_MAX_PARAM_DEPTH)
		return 0;
	return fail_setf(reterr, FAIL_INVALID_PARAMS, p->name, "%s must be nested at most %d deep",
			 p->name, RPC_MAX_PARAM_DEPTH);
}

/* @s against each of "a|b|c". */
static bool is_choice(const char *choices, const char *s, size_t n)
{
	while (*choices) {
		size_t len = strcspn(choices, "|");

		if (len == n && memcmp(choices, s, n) == 0)
			return true;
		choices += len + (choices[len] == '|');
	}
	return false;
}

static int check_enum(const struct rpc_param *p, const json_t *v, struct fail *reterr)
{
	if (is_text(v) && is_choice(p->choices, json_string_value(v), json_string_length(v)))
		return 0;
	return fail_setf(reterr, FAIL_INVALID_PARAMS, p->name, "%s must be one of %s", p->name,
			 p->choices);
}

static int check_value(const struct rpc_param *p, enum rpc_encoding enc, const json_t *v,
		       struct fail *reterr)
{
	switch (p->type) {
	case RPC_T_STRING:
		return check_string(p, v, reterr);
	case RPC_T_INT:
		return check_int(p, v, reterr);
	case RPC_T_BOOL:
		return json_is_boolean(v) ? 0 : refuse(reterr, p, "true or false");
	case RPC_T_BYTES:
		return check_bytes(p, enc, v, reterr);
	case RPC_T_STRINGS:
		return check_strings(p, v, reterr);
	case RPC_T_MAP:
		return check_map(p, v, reterr);
	case RPC_T_ENUM:
		return check_enum(p, v, reterr);
	case RPC_T_OBJECT:
	case RPC_T_ANY:
		return check_tree(p, v, reterr);
	}
	return 0;
}

/* --- all values --- */

static int refuse_unknown(const struct rpc_param *params, size_t n, const char *key,
			  struct fail *reterr)
{
	const char *names[RPC_MAX_PARAMS];
	const char *nearest;

	for (size_t i = 0; i < n; i++)
		names[i] = params[i].name;
	nearest = nearest_name(key, names, n);
	(void)fail_setf(reterr, FAIL_INVALID_PARAMS, key, "there is no parameter %.40s", key);
	if (nearest)
		fail_hint(reterr, "did you mean %s?", nearest);
	return FAIL_E_FAILED;
}

static int take_by_name(struct rpc_args *a, const json_t *given, struct fail *reterr)
{
	json_t *object = rpc_value_iterable(given);
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		size_t i = 0;

		while (i < a->n && strcmp(a->params[i].name, key) != 0)
			i++;
		if (i == a->n)
			return refuse_unknown(a->params, a->n, key, reterr);
		a->args[i] = value;
	}
	return 0;
}

static int take_by_position(struct rpc_args *a, const json_t *given, struct fail *reterr)
{
	size_t n = json_array_size(given);

	if (n > a->n) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, NULL,
				 "%zu parameters where at most %zu are taken", n, a->n);
	}
	for (size_t i = 0; i < n; i++)
		a->args[i] = json_array_get(given, i);
	return 0;
}

static int take(struct rpc_args *a, const json_t *given, struct fail *reterr)
{
	if (!given)
		return 0;
	if (json_is_object(given))
		return take_by_name(a, given, reterr);
	if (json_is_array(given))
		return take_by_position(a, given, reterr);
	return fail_setf(reterr, FAIL_INVALID_PARAMS, NULL,
			 "parameters must be an object or an array");
}

int rpc_args_check(const struct rpc_param *params, size_t n, enum rpc_encoding enc,
		   const json_t *given, struct rpc_args *ret, struct fail *reterr)
{
	int r;

	assert(n <= RPC_MAX_PARAMS);
	*ret = (struct rpc_args){ .params = params, .n = n, .enc = enc };
	r = take(ret, given, reterr);
	for (size_t i = 0; !r && i < n; i++) {
		if (json_is_null(ret->args[i]))
			ret->args[i] = NULL;
		if (ret->args[i]) {
			r = check_value(&params[i], enc, ret->args[i], reterr);
		} else if (params[i].is_required) {
			r = fail_setf(reterr, FAIL_INVALID_PARAMS, params[i].name, "%s is required",
				      params[i].name);
		}
	}
	return r;
}

/* --- reading --- */

static const json_t *find(const struct rpc_args *a, const char *name)
{
	size_t i = 0;

	while (i < a->n && strcmp(a->params[i].name, name) != 0)
		i++;
	assert(i < a->n);
	return a->args[i];
}

bool rpc_arg_has(const struct rpc_args *a, const char *name)
{
	return find(a, name);
}

const char *rpc_arg_str(const struct rpc_args *a, const char *name, const char *fallback)
{
	const char *s = json_string_value(find(a, name));

	return s ? s : fallback;
}

size_t rpc_arg_len(const struct rpc_args *a, const char *name)
{
	return json_string_length(find(a, name));
}

int64_t rpc_arg_int(const struct rpc_args *a, const char *name, int64_t fallback)
{
	const json_t *v = find(a, name);
	int64_t i;

	return v && read_int(v, &i) ? i : fallback;
}

bool rpc_arg_bool(const struct rpc_args *a, const char *name, bool fallback)
{
	const json_t *v = find(a, name);

	return v ? json_is_true(v) : fallback;
}

const json_t *rpc_arg_json(const struct rpc_args *a, const char *name)
{
	return find(a, name);
}

int rpc_arg_bytes(const struct rpc_args *a, const char *name, struct buf *out)
{
	const json_t *v = find(a, name);

	return v ? rpc_value_bytes(a->enc, v, out) : 0;
}
