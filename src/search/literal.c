#include "search/literal.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(uint8_t c)
{
	return is_upper(c & (uint8_t)~0x20);
}

static uint8_t fold(uint8_t c)
{
	return is_upper(c) ? c | 0x20 : c;
}

/* How common a byte is in what terminals show: 0 rare. */
static unsigned commonness(uint8_t c)
{
	static const char common[] = "zqjxkvbpygfwmucldrhsnioate ";
	const char *at = c ? strchr(common, c) : NULL;

	if (at)
		return 40 + (unsigned)(at - common);
	if (c >= '0' && c <= '9')
		return 35;
	if (c == '.' || c == '-' || c == '/' || c == ':' || c == '=' || c == ',')
		return 30;
	return is_upper(c) ? 20 : 10;
}

/* The rarest one, but not at @taken. */
static size_t rarest(const uint8_t *bytes, size_t n, size_t taken)
{
	size_t best = taken == 0 && n > 1 ? 1 : 0;

	for (size_t i = 0; i < n; i++) {
		if (i != taken && commonness(bytes[i]) < commonness(bytes[best]))
			best = i;
	}
	return best;
}

int literal_init(struct literal *l, const char *text, size_t n, bool is_folded)
{
	*l = (struct literal){ .n = n, .is_folded = is_folded };
	l->bytes = mem_dup(text, n);
	if (!l->bytes)
		return err_origin(-ENOMEM);
	for (size_t i = 0; is_folded && i < n; i++)
		l->bytes[i] = fold(l->bytes[i]);
	l->probe[0] = rarest(l->bytes, n, SIZE_MAX);
	l->probe[1] = rarest(l->bytes, n, l->probe[0]);
	for (int i = 0; i < 2; i++)
		l->mask[i] = is_folded && is_letter(l->bytes[l->probe[i]]) ? 0x20 : 0;
	return 0;
}

void literal_fini(struct literal *l)
{
	mem_free(l->bytes);
	l->bytes = NULL;
}

static bool is_at(const struct literal *l, const uint8_t *p)
{
	if (!l->is_folded)
		return memcmp(p, l->bytes, l->n) == 0;
	for (size_t i = 0; i < l->n; i++) {
		if (fold(p[i]) != l->bytes[i])
			return false;
	}
	return true;
}

static size_t find_slowly(const struct literal *l, const uint8_t *text, size_t end, size_t from)
{
	size_t k = l->probe[0];

	for (; from < end; from++) {
		if ((text[from + k] | l->mask[0]) == l->bytes[k] && is_at(l, text + from))
			return from;
	}
	return SIZE_MAX;
}

#ifdef __SSE2__

/* Bit i: both bytes fit at p + i. */
static inline unsigned both_fit(const struct literal *l, const uint8_t *p, const __m128i *want,
				const __m128i *mask)
{
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(p + l->probe[0]));
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + l->probe[1]));

	a = _mm_cmpeq_epi8(_mm_or_si128(a, mask[0]), want[0]);
	b = _mm_cmpeq_epi8(_mm_or_si128(b, mask[1]), want[1]);
	return (unsigned)_mm_movemask_epi8(_mm_and_si128(a, b));
}

static size_t find(const struct literal *l, const uint8_t *text, size_t end, size_t from)
{
	__m128i want[2], mask[2];

	for (int i = 0; i < 2; i++) {
		want[i] = _mm_set1_epi8((char)l->bytes[l->probe[i]]);
		mask[i] = _mm_set1_epi8((char)l->mask[i]);
	}
	/* A place before `end` has the whole needle before it, so all loads of sixteen
	 * places before `end` are inside. */
	for (; end >= 16 && from <= end - 16; from += 16) {
		unsigned bits = both_fit(l, text + from, want, mask);

		for (; bits; bits &= bits - 1) {
			size_t at = from + (unsigned)__builtin_ctz(bits);

			if (is_at(l, text + at))
				return at;
		}
	}
	return find_slowly(l, text, end, from);
}

#else

static size_t find(const struct literal *l, const uint8_t *text, size_t end, size_t from)
{
	return find_slowly(l, text, end, from);
}

#endif

size_t literal_find(const struct literal *l, const char *text, size_t n, size_t from)
{
	if (n < l->n || from > n - l->n)
		return SIZE_MAX;
	return find(l, (const uint8_t *)text, n - l->n + 1, from);
}
