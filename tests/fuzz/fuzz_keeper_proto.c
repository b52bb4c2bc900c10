/* The check of the keeper's packets.  First byte: number of descriptors; the
 * rest: the packet. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keeper/proto.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What a reader of an accepted batch relies on. */
static void use_batch(const uint8_t *packet, size_t n, size_t n_fds)
{
	struct keeper_adopt m;
	struct keeper_child c;
	size_t sum = 0;

	memcpy(&m, packet, sizeof m);
	for (size_t i = 0; i < m.n; i++) {
		size_t at = sizeof m + i * sizeof c;

		assert(at + sizeof c <= n);
		memcpy(&c, packet + at, sizeof c);
		assert(strnlen(c.key, sizeof c.key) < sizeof c.key);
		sum += c.n_fds;
	}
	assert(sum == n_fds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct keeper_header h;

	if (len == 0)
		return 0;
	/* Of exactly its size, so that a byte read too far is seen. */
	size_t n = len - 1;
	uint8_t *packet = malloc(n ? n : 1);
	if (!packet)
		return 0;
	memcpy(packet, data + 1, n);
	if (keeper_proto_check(packet, n, data[0]) == 0) {
		memcpy(&h, packet, sizeof h);
		assert(h.bytes == n && n <= KEEPER_MAX_PACKET && data[0] <= KEEPER_MAX_FDS);
		if (h.type == KEEPER_ADOPT)
			use_batch(packet, n, data[0]);
	}
	free(packet);
	return 0;
}
