/*
 * Framing: the same messages, in the same order, however the bytes are split,
 * and never more buffered than promised.  The input's first byte chooses
 * encoding and limit, the second how to split.
 */
#include "rpc/frame.h"

#include <assert.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Each message with its length before it; an oversized one as a lone mark. */
static void drain(struct rpc_framer *f, struct buf *events)
{
	const char *p;
	size_t n;
	int r;

	while ((r = rpc_framer_next(f, &p, &n)) != RPC_FRAME_E_MORE) {
		if (r == RPC_FRAME_E_OVERSIZED) {
			buf_put_str(events, "oversized;");
			continue;
		}
		assert(r == 0 && n <= f->max_bytes);
		buf_printf(events, "%zu:", n);
		buf_put(events, p, n);
	}
}

static void feed(struct rpc_framer *f, const uint8_t *p, size_t n, struct buf *events)
{
	char *room = rpc_framer_reserve(f, n);

	assert(room);
	memcpy(room, p, n);
	rpc_framer_commit(f, n);
	drain(f, events);
	assert(buf_len(&f->in) <= f->max_bytes + 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf whole = BUF_INIT, pieces = BUF_INIT;
	struct rpc_framer f, g;
	enum rpc_encoding enc;
	size_t max_bytes;
	uint32_t split;

	if (len < 3)
		return 0;
	enc = data[0] & 1 ? RPC_MSGPACK : RPC_JSON;
	max_bytes = data[0] >> 1;
	split = data[1];
	data += 2;
	len -= 2;
	rpc_framer_init(&f, enc, max_bytes);
	feed(&f, data, len, &whole);
	rpc_framer_init(&g, enc, max_bytes);
	for (size_t at = 0, n; at < len; at += n) {
		split = split * 1103515245 + 12345;
		n = 1 + (split >> 16) % 13;
		n = n < len - at ? n : len - at;
		feed(&g, data + at, n, &pieces);
	}
	assert(buf_len(&whole) == buf_len(&pieces));
	assert(!memcmp(buf_data(&whole), buf_data(&pieces), buf_len(&whole)));
	assert(buf_len(&f.in) == buf_len(&g.in));
	rpc_framer_fini(&f);
	rpc_framer_fini(&g);
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
