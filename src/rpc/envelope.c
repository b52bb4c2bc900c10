#include "rpc/envelope.h"

#include <stdio.h>
#include <string.h>

static bool is_id(const json_t *id)
{
	if (json_is_string(id))
		return json_string_length(id) <= RPC_MAX_ID;
	return json_is_number(id) || json_is_null(id);
}

/* A string without a NUL inside, or NULL. */
static const char *plain_text(const json_t *v)
{
	const char *s = json_string_value(v);

	return s && strlen(s) == json_string_length(v) ? s : NULL;
}

int rpc_request_check(json_t *v, struct rpc_request *ret, struct fail *reterr)
{
	const char *version;
	json_t *id;

	*ret = (struct rpc_request){ 0 };
	if (!json_is_object(v))
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL, "it must be an object");
	/* The id first: whatever else is wrong, the answer should find its caller. */
	id = json_object_get(v, "id");
	if (id && !is_id(id)) {
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL,
				 "\"id\" must be a number, null or a string of at most %d bytes",
				 RPC_MAX_ID);
	}
	ret->id = id;
	version = plain_text(json_object_get(v, "jsonrpc"));
	if (!version || strcmp(version, "2.0") != 0)
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL, "\"jsonrpc\" must be \"2.0\"");
	ret->method = plain_text(json_object_get(v, "method"));
	if (!ret->method || !*ret->method) {
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL,
				 "\"method\" must be a method's name");
	}
	ret->params = json_object_get(v, "params");
	if (ret->params && !json_is_object(ret->params) && !json_is_array(ret->params)) {
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL,
				 "\"params\" must be an object or an array");
	}
	return 0;
}

static void begin(struct rpc_writer *w)
{
	rpc_map_begin(w);
	rpc_kv_str(w, "jsonrpc", "2.0");
}

void rpc_result_begin(struct rpc_writer *w, const json_t *id)
{
	begin(w);
	rpc_key(w, "id");
	rpc_json(w, id);
	rpc_key(w, "result");
}

void rpc_result_end(struct rpc_writer *w)
{
	rpc_map_end(w);
}

static void put_message(struct rpc_writer *w, const struct fail *f, const char *text)
{
	char message[sizeof f->detail + 128];

	(void)snprintf(message, sizeof message, "%s%s%s", text, f->detail[0] ? ": " : "",
		       f->detail);
	rpc_kv_str(w, "message", message);
}

static void put_data(struct rpc_writer *w, const struct fail *f, const struct fail_kind *kind)
{
	rpc_key(w, "data");
	rpc_map_begin(w);
	rpc_kv_str(w, "name", kind->name);
	rpc_kv_str(w, "category", fail_category_name(kind->category));
	rpc_kv_str(w, "severity", fail_severity_name(kind->severity));
	rpc_kv_bool(w, "retryable", kind->is_retryable);
	if (f->ref[0])
		rpc_kv_str(w, "ref", f->ref);
	if (f->detail[0])
		rpc_kv_str(w, "detail", f->detail);
	if (f->hint[0])
		rpc_kv_str(w, "hint", f->hint);
	rpc_map_end(w);
}

void rpc_error(struct rpc_writer *w, const json_t *id, const struct fail *f)
{
	const struct fail_kind *kind = fail_kind(f->code);

	begin(w);
	rpc_key(w, "id");
	rpc_json(w, id);
	rpc_key(w, "error");
	rpc_map_begin(w);
	rpc_kv_int(w, "code", kind->code);
	put_message(w, f, kind->text);
	put_data(w, f, kind);
	rpc_map_end(w);
	rpc_map_end(w);
}

void rpc_notify_begin(struct rpc_writer *w, const char *method)
{
	begin(w);
	rpc_kv_str(w, "method", method);
	rpc_key(w, "params");
}

void rpc_notify_end(struct rpc_writer *w)
{
	rpc_map_end(w);
}

void rpc_call_begin(struct rpc_writer *w, uint64_t id, const char *method)
{
	begin(w);
	rpc_kv_uint(w, "id", id);
	rpc_kv_str(w, "method", method);
	rpc_key(w, "params");
}

void rpc_call_end(struct rpc_writer *w)
{
	rpc_map_end(w);
}
