#include "journal/crc32c.h"

#include <string.h>

/* Remainders of the 16 half bytes; the polynomial is 0x82f63b78, reflected. */
static const uint32_t half_bytes[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t crc32c_plain(uint32_t start, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint32_t r = ~start;

	for (size_t i = 0; i < n; i++) {
		r ^= b[i];
		r = r >> 4 ^ half_bytes[r & 15];
		r = r >> 4 ^ half_bytes[r & 15];
	}
	return ~r;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc32c_fast(uint32_t start, const void *p,
							      size_t n)
{
	const uint8_t *b = p;
	uint64_t r = ~start, word;

	for (; n >= sizeof word; n -= sizeof word, b += sizeof word) {
		memcpy(&word, b, sizeof word);
		r = __builtin_ia32_crc32di(r, word);
	}
	for (; n > 0; n--)
		r = __builtin_ia32_crc32qi((uint32_t)r, *b++);
	return ~(uint32_t)r;
}

uint32_t crc32c(uint32_t start, const void *p, size_t n)
{
	return __builtin_cpu_supports("sse4.2") ? crc32c_fast(start, p, n)
						: crc32c_plain(start, p, n);
}
#else
uint32_t crc32c(uint32_t start, const void *p, size_t n)
{
	return crc32c_plain(start, p, n);
}
#endif
