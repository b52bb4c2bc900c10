/*
 * MessagePack in: whatever the bytes, an answer.  What parses, written and
 * parsed again, is written the same; and JSON says the same as MessagePack.
 */
#include "rpc/value.h"
#include "rpc/writer.h"

#include <assert.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void write_tree(enum rpc_encoding enc, const json_t *v, struct buf *out)
{
	struct rpc_writer w;

	rpc_writer_init(&w, enc, out);
	rpc_json(&w, v);
	assert(!buf_check(out));
}

static json_t *parse(enum rpc_encoding enc, const struct buf *b)
{
	json_t *v = NULL;
	struct fail f;
	int r = rpc_value_parse(enc, buf_data(b), buf_len(b), &v, &f);

	assert(r == 0);
	return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf packed = BUF_INIT, again = BUF_INIT, text = BUF_INIT;
	json_t *v = NULL, *from_packed, *from_text;
	struct fail f;
	int r = rpc_value_parse(RPC_MSGPACK, (const char *)data, len, &v, &f);

	assert(r >= 0);
	if (r) {
		assert(!v && f.detail[0]);
		return 0;
	}
	assert(rpc_value_depth(v) <= RPC_MAX_DEPTH);
	/* Byte strings leave as text, so that only what was written once can be
	 * compared. */
	write_tree(RPC_MSGPACK, v, &packed);
	write_tree(RPC_JSON, v, &text);
	from_packed = parse(RPC_MSGPACK, &packed);
	from_text = parse(RPC_JSON, &text);
	assert(json_equal(from_packed, from_text));
	write_tree(RPC_MSGPACK, from_packed, &again);
	assert(buf_len(&packed) == buf_len(&again));
	assert(!memcmp(buf_data(&packed), buf_data(&again), buf_len(&packed)));
	json_decref(v);
	json_decref(from_packed);
	json_decref(from_text);
	buf_fini(&packed);
	buf_fini(&again);
	buf_fini(&text);
	return 0;
}
