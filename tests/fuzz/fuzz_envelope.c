/*
 * JSON in: whatever the bytes, an answer.  What parses survives being written
 * in either encoding, and goes through the checks of a request and its
 * parameters; each failure can be told.
 */
#include "rpc/envelope.h"
#include "rpc/param.h"

#include <assert.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct rpc_param params[] = {
	{ .name = "a", .type = RPC_T_STRING, .min = 1, .max = 8 },
	{ .name = "b", .type = RPC_T_INT, .min = -5, .max = 2000, .unit = "ms" },
	{ .name = "c", .type = RPC_T_BYTES, .max = 6 },
	{ .name = "d", .type = RPC_T_STRINGS, .max = 3 },
	{ .name = "e", .type = RPC_T_MAP, .max = 3 },
	{ .name = "f", .type = RPC_T_ENUM, .choices = "x|yz" },
	{ .name = "g", .type = RPC_T_ANY },
	{ .name = "h", .type = RPC_T_OBJECT },
	{ .name = "i", .type = RPC_T_BOOL },
};

static void check_round_trip(enum rpc_encoding enc, const json_t *v)
{
	struct buf out = BUF_INIT;
	struct rpc_writer w;
	json_t *back = NULL;
	struct fail f;
	int r;

	rpc_writer_init(&w, enc, &out);
	rpc_json(&w, v);
	assert(!buf_check(&out));
	r = rpc_value_parse(enc, buf_data(&out), buf_len(&out), &back, &f);
	assert(r == 0 && json_equal(v, back));
	json_decref(back);
	buf_fini(&out);
}

static void tell(enum rpc_encoding enc, const json_t *id, const struct fail *f)
{
	struct buf out = BUF_INIT;
	struct rpc_writer w;
	json_t *back = NULL;
	struct fail ignored;
	int r;

	rpc_writer_init(&w, enc, &out);
	rpc_error(&w, id, f);
	assert(!buf_check(&out) && buf_len(&out) <= RPC_MAX_ERROR);
	r = rpc_value_parse(enc, buf_data(&out), buf_len(&out), &back, &ignored);
	assert(r == 0);
	json_decref(back);
	buf_fini(&out);
}

static void check_params(const struct rpc_request *request)
{
	struct buf bytes = BUF_INIT;
	struct rpc_args a;
	struct fail f;

	if (rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, request->params, &a, &f)) {
		tell(RPC_JSON, request->id, &f);
		tell(RPC_MSGPACK, request->id, &f);
		return;
	}
	assert(strlen(rpc_arg_str(&a, "a", "")) == rpc_arg_len(&a, "a"));
	assert(rpc_arg_int(&a, "b", 0) >= -5 && rpc_arg_int(&a, "b", 0) <= 2000);
	assert(!rpc_arg_bytes(&a, "c", &bytes) && buf_len(&bytes) <= 6);
	buf_fini(&bytes);
}

static void check_request(json_t *v)
{
	struct rpc_request request;
	struct fail f;

	if (!rpc_request_check(v, &request, &f)) {
		assert(*request.method);
		check_params(&request);
		return;
	}
	tell(RPC_JSON, request.id, &f);
	tell(RPC_MSGPACK, request.id, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	json_t *v = NULL;
	struct fail f;
	int r = rpc_value_parse(RPC_JSON, (const char *)data, len, &v, &f);

	assert(r >= 0);
	if (r) {
		assert(!v && f.detail[0]);
		tell(RPC_JSON, NULL, &f);
		return 0;
	}
	assert(rpc_value_depth(v) <= RPC_MAX_DEPTH);
	check_round_trip(RPC_JSON, v);
	check_round_trip(RPC_MSGPACK, v);
	check_request(v);
	for (size_t i = 0; i < json_array_size(v); i++)
		check_request(json_array_get(v, i));
	json_decref(v);
	return 0;
}
