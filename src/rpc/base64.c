#include "rpc/base64.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of a digit plus one, so that what is not listed is 0: no digit. */
static const uint8_t values[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
	['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
	['/'] = 64,
};

static void encode_triple(const uint8_t *p, char *out)
{
	uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

	out[0] = digits[v >> 18];
	out[1] = digits[v >> 12 & 63];
	out[2] = digits[v >> 6 & 63];
	out[3] = digits[v & 63];
}

/* Whole triples only; what is left over (0..2 bytes) is the caller's. */
static char *encode_triples(const uint8_t *p, size_t n, char *out)
{
	for (; n >= 3; n -= 3, p += 3, out += 4)
		encode_triple(p, out);
	return out;
}

static void encode_rest(const uint8_t *p, size_t n, char *out)
{
	uint8_t last[3] = { 0 };

	if (n == 0)
		return;
	memcpy(last, p, n);
	encode_triple(last, out);
	out[3] = '=';
	if (n == 1)
		out[2] = '=';
}

void base64_encode(const void *p, size_t n, struct buf *out)
{
	base64_encode2(p, n, NULL, 0, out);
}

void base64_encode2(const void *p, size_t n, const void *q, size_t m, struct buf *out)
{
	const uint8_t *a = p, *b = q ? q : p;
	size_t n_left = n % 3;
	uint8_t seam[3];
	size_t n_seam = 0;
	char *o;

	if (n + m == 0)
		return;
	o = buf_extend(out, BASE64_LEN(n + m));
	if (!o)
		return;
	o = encode_triples(a, n, o);
	/* The triple that straddles both pieces. */
	while (n_seam < n_left) {
		seam[n_seam] = a[n - n_left + n_seam];
		n_seam++;
	}
	for (; n_seam > 0 && n_seam < 3 && m > 0; m--)
		seam[n_seam++] = *b++;
	if (n_seam == 3) {
		o = encode_triples(seam, 3, o);
		n_seam = 0;
	}
	o = encode_triples(b, m, o);
	if (n_seam) {
		encode_rest(seam, n_seam, o);
	} else {
		encode_rest(b + m - m % 3, m % 3, o);
	}
}

/* Four digits into 24 bits; all ones (more than 24 bits) if one is no digit. */
static uint32_t decode_quad(const uint8_t *p)
{
	uint32_t a = values[p[0]], b = values[p[1]], c = values[p[2]], d = values[p[3]];

	if (!a || !b || !c || !d)
		return UINT32_MAX;
	return (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
}

/* Bytes that @n digits stand for, told by their number and the padding alone;
 * SIZE_MAX if that is impossible. */
static size_t decoded_len(const char *p, size_t n)
{
	if (n % 4)
		return SIZE_MAX;
	if (n == 0)
		return 0;
	return n / 4 * 3 - (p[n - 1] == '=') - (p[n - 1] == '=' && p[n - 2] == '=');
}

/* The last four digits, padding read as zero bits; those bits that padding
 * leaves over must be zero (RFC 4648 section 3.5: else two texts would stand
 * for the same bytes). */
static uint32_t decode_last(const uint8_t *p, size_t n_bytes)
{
	uint8_t quad[4] = { p[0], p[1], p[2], p[3] };
	uint32_t v;

	if (n_bytes < 3)
		quad[3] = 'A';
	if (n_bytes < 2)
		quad[2] = 'A';
	v = decode_quad(quad);
	return v & (0xffffffu >> (8 * n_bytes)) ? UINT32_MAX : v;
}

int base64_decode(const char *s, size_t n, struct buf *out)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t len = decoded_len(s, n), n_last = len % 3 ? len % 3 : 3;
	uint8_t *o;
	uint32_t v;

	if (len == SIZE_MAX)
		return BASE64_E_INVALID;
	if (len == 0)
		return 0;
	o = (uint8_t *)buf_reserve(out, len);
	if (!o)
		return err_origin(-ENOMEM);
	for (; n > 4; n -= 4, p += 4, o += 3) {
		v = decode_quad(p);
		if (v == UINT32_MAX)
			return BASE64_E_INVALID;
		o[0] = (uint8_t)(v >> 16);
		o[1] = (uint8_t)(v >> 8);
		o[2] = (uint8_t)v;
	}
	v = decode_last(p, n_last);
	if (v == UINT32_MAX)
		return BASE64_E_INVALID;
	for (size_t i = 0; i < n_last; i++)
		o[i] = (uint8_t)(v >> (16 - 8 * i));
	buf_commit(out, len);
	return 0;
}

bool base64_is_valid(const char *s, size_t n, size_t *ret_len)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t len = decoded_len(s, n);

	if (len == SIZE_MAX)
		return false;
	if (n) {
		for (; n > 4; n -= 4, p += 4) {
			if (decode_quad(p) == UINT32_MAX)
				return false;
		}
		if (decode_last(p, len % 3 ? len % 3 : 3) == UINT32_MAX)
			return false;
	}
	*ret_len = len;
	return true;
}
