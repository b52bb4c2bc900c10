/*
 * Typed parameters: one description serves checking, rpc.discover, the manual
 * and the command line.
 */
#ifndef RPC_PARAM_H
#define RPC_PARAM_H

#include "rpc/value.h"

enum rpc_type {
	RPC_T_STRING,
	RPC_T_INT,
	RPC_T_BOOL,
	RPC_T_BYTES,
	RPC_T_STRINGS /* array of strings */,
	RPC_T_MAP /* object of strings */,
	RPC_T_OBJECT /* any object */,
	RPC_T_ENUM,
	RPC_T_ANY
};

#define RPC_MAX_PARAMS 20
/* OBJECT and ANY: nesting, so that what one client stores and another lists
 * still fits RPC_MAX_DEPTH with the answer around it. */
#define RPC_MAX_PARAM_DEPTH 16

struct rpc_param {
	const char *name;
	enum rpc_type type;
	bool is_required;
	const char *unit;     /* "ms", "columns", "bytes", or NULL */
	const char *fallback; /* default as JSON text, for the documentation; NULL none */
	/* INT: inclusive, both 0 = any; STRING, BYTES: length in bytes (BYTES:
	 * decoded); STRINGS, MAP: items.  max 0 = no limit of its own. */
	int64_t min, max;
	const char *choices; /* ENUM: "a|b|c" */
	const char *doc;     /* one line */
};

/* Parameters of one call, checked: args[i] belongs to params[i]; NULL = absent
 * (or null).  Borrowed from the request. */
struct rpc_args {
	const struct rpc_param *params;
	size_t n;
	enum rpc_encoding enc;
	const json_t *args[RPC_MAX_PARAMS];
};

/* By name (object) or by position (array).  FAIL_E_FAILED with INVALID_PARAMS,
 * ref = the parameter, detail = what is wrong and what is allowed; an unknown
 * name is refused (with the nearest known one as hint).  Text (STRING, ENUM and
 * what STRINGS and MAP hold) is then UTF-8 without NUL, BYTES decodes.  An INT
 * may come as a real without a fraction (what JavaScript sends). */
NODISCARD int rpc_args_check(const struct rpc_param *params, size_t n, enum rpc_encoding enc,
			     const json_t *given, struct rpc_args *ret, struct fail *reterr);

/* Values by name; the name must be in the table (assert). */
bool rpc_arg_has(const struct rpc_args *a, const char *name);
const char *rpc_arg_str(const struct rpc_args *a, const char *name, const char *fallback);
int64_t rpc_arg_int(const struct rpc_args *a, const char *name, int64_t fallback);
bool rpc_arg_bool(const struct rpc_args *a, const char *name, bool fallback);
const json_t *rpc_arg_json(const struct rpc_args *a, const char *name);
/* STRING, ENUM: the text's length in bytes; 0 if absent. */
size_t rpc_arg_len(const struct rpc_args *a, const char *name);
/* Decoded BYTES appended to @out; 0, RPC_VALUE_E_INVALID, -ENOMEM. */
NODISCARD int rpc_arg_bytes(const struct rpc_args *a, const char *name, struct buf *out);

#endif
