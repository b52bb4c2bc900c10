#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

/* What a lead byte promises: Unicode 15, table 3-7.  Only the second byte has
 * a range of its own (no overlong forms, no surrogates, nothing beyond
 * U+10FFFF); the rest are 80..BF. */
struct lead {
	uint8_t len;       /* bytes in all; 0 = no lead byte */
	uint8_t low, high; /* allowed second byte, inclusive */
};

static struct lead lead_of(unsigned char c)
{
	if (c < 0xc2)
		return (struct lead){ 0 };
	if (c < 0xe0)
		return (struct lead){ 2, 0x80, 0xbf };
	if (c < 0xf0)
		return (struct lead){ 3, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf };
	if (c < 0xf5)
		return (struct lead){ 4, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf };
	return (struct lead){ 0 };
}

/* Bytes of the sequence at @p (not ASCII) that are well-formed so far; equal
 * to the promised length when whole.  At least 1: the maximal subpart. */
static size_t sequence(const unsigned char *p, size_t n, bool *ret_is_whole)
{
	struct lead lead = lead_of(p[0]);
	size_t i;

	*ret_is_whole = false;
	if (lead.len == 0 || n < 2 || p[1] < lead.low || p[1] > lead.high)
		return 1;
	for (i = 2; i < lead.len && i < n && (p[i] & 0xc0) == 0x80; i++)
		;
	*ret_is_whole = i == lead.len;
	return i;
}

size_t utf8_valid_prefix(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0;

	while (i < n) {
		bool is_whole;
		size_t len;
		uint64_t word;

		/* Nearly all text is ASCII: eight bytes a step. */
		while (n - i >= sizeof word) {
			memcpy(&word, p + i, sizeof word);
			if (word & 0x8080808080808080ull)
				break;
			i += sizeof word;
		}
		if (i == n)
			break;
		if (p[i] < 0x80) {
			i++;
			continue;
		}
		len = sequence(p + i, n - i, &is_whole);
		if (!is_whole)
			return i;
		i += len;
	}
	return i;
}

size_t utf8_decode(const char *s, size_t n, uint32_t *ret_cp)
{
	static const unsigned char lead_bits[] = { 0, 0, 0x1f, 0x0f, 0x07 };
	const unsigned char *p = (const unsigned char *)s;
	bool is_whole;
	size_t len;
	uint32_t cp;

	if (p[0] < 0x80) {
		*ret_cp = p[0];
		return 1;
	}
	len = sequence(p, n, &is_whole);
	if (!is_whole) {
		*ret_cp = REPLACEMENT;
		return len;
	}
	cp = p[0] & lead_bits[len];
	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | (p[i] & 0x3f);
	*ret_cp = cp;
	return len;
}

size_t utf8_encode(uint32_t cp, char *out)
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = REPLACEMENT;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}
