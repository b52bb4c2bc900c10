#include "rpc/describe.h"

#include <string.h>

#include "rpc/base64.h"

static void put_limit(struct rpc_writer *w, const char *key, int64_t v)
{
	if (v)
		rpc_kv_int(w, key, v);
}

static void put_type(struct rpc_writer *w, const char *type)
{
	rpc_kv_str(w, "type", type);
}

static void put_strings_type(struct rpc_writer *w, const char *key)
{
	rpc_key(w, key);
	rpc_map_begin(w);
	put_type(w, "string");
	rpc_map_end(w);
}

static void put_choices(struct rpc_writer *w, const char *choices)
{
	rpc_key(w, "enum");
	rpc_array_begin(w);
	while (*choices) {
		size_t len = strcspn(choices, "|");

		rpc_strn(w, choices, len);
		choices += len + (choices[len] == '|');
	}
	rpc_array_end(w);
}

static void put_bytes_type(struct rpc_writer *w, const struct rpc_param *p)
{
	put_type(w, "string");
	rpc_kv_str(w, "contentEncoding", "base64");
	put_limit(w, "minLength", BASE64_LEN(p->min));
	put_limit(w, "maxLength", BASE64_LEN(p->max));
}

static void put_int_type(struct rpc_writer *w, const struct rpc_param *p)
{
	put_type(w, "integer");
	if (p->min || p->max) {
		rpc_kv_int(w, "minimum", p->min);
		rpc_kv_int(w, "maximum", p->max);
	}
}

static void put_typed(struct rpc_writer *w, const struct rpc_param *p)
{
	switch (p->type) {
	case RPC_T_STRING:
		put_type(w, "string");
		put_limit(w, "maxLength", p->max);
		if (p->min)
			rpc_kv_int(w, "minLength", 1);
		break;
	case RPC_T_INT:
		put_int_type(w, p);
		break;
	case RPC_T_BOOL:
		put_type(w, "boolean");
		break;
	case RPC_T_BYTES:
		put_bytes_type(w, p);
		break;
	case RPC_T_STRINGS:
		put_type(w, "array");
		put_strings_type(w, "items");
		put_limit(w, "minItems", p->min);
		put_limit(w, "maxItems", p->max);
		break;
	case RPC_T_MAP:
		put_type(w, "object");
		put_strings_type(w, "additionalProperties");
		put_limit(w, "minProperties", p->min);
		put_limit(w, "maxProperties", p->max);
		break;
	case RPC_T_OBJECT:
		put_type(w, "object");
		break;
	case RPC_T_ENUM:
		put_type(w, "string");
		put_choices(w, p->choices);
		break;
	case RPC_T_ANY:
		break;
	}
}

/* The table has it as JSON text, which has to become MessagePack at times. */
static void put_default(struct rpc_writer *w, const char *text)
{
	json_t *v = NULL;
	struct fail ignored;
	int r = rpc_value_parse(RPC_JSON, text, strlen(text), &v, &ignored);

	if (r < 0) {
		w->out->is_broken = true;
		return;
	}
	rpc_key(w, "default");
	if (r == 0) {
		rpc_json(w, v);
	} else {
		rpc_str(w, text);
	}
	json_decref(v);
}

void rpc_param_schema(struct rpc_writer *w, const struct rpc_param *p)
{
	rpc_map_begin(w);
	rpc_kv_str(w, "name", p->name);
	if (p->doc)
		rpc_kv_str(w, "summary", p->doc);
	if (p->is_required)
		rpc_kv_bool(w, "required", true);
	rpc_key(w, "schema");
	rpc_map_begin(w);
	put_typed(w, p);
	if (p->unit)
		rpc_kv_str(w, "x-unit", p->unit);
	if (p->fallback)
		put_default(w, p->fallback);
	rpc_map_end(w);
	rpc_map_end(w);
}
