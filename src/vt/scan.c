#include "vt/scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static size_t printable_plain(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x20 && p[i] < 0x7f)
		i++;
	return i;
}

static void widen_plain(struct cell *dst, const uint8_t *src, size_t n, uint32_t style)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (struct cell){ src[i], style };
}

static void narrow_plain(char *dst, const struct cell *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (char)src[i].text;
}

#if defined(__x86_64__)

/* As signed bytes, what is not printable is below 0x20 or equal to 0x7f. */
static size_t printable_sse2(const uint8_t *p, size_t n)
{
	const __m128i low = _mm_set1_epi8(0x20), del = _mm_set1_epi8(0x7f);
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i bad = _mm_or_si128(_mm_cmplt_epi8(v, low), _mm_cmpeq_epi8(v, del));
		unsigned mask = (unsigned)_mm_movemask_epi8(bad);

		if (mask)
			return i + (unsigned)__builtin_ctz(mask);
	}
	return i + printable_plain(p + i, n - i);
}

static void widen_sse2(struct cell *dst, const uint8_t *src, size_t n, uint32_t style)
{
	const __m128i zero = _mm_setzero_si128(), s = _mm_set1_epi32((int)style);
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		__m128i *out = (__m128i *)(void *)(dst + i);
		__m128i b = _mm_loadl_epi64((const __m128i *)(const void *)(src + i));
		__m128i w = _mm_unpacklo_epi8(b, zero);
		__m128i lo = _mm_unpacklo_epi16(w, zero), hi = _mm_unpackhi_epi16(w, zero);

		_mm_storeu_si128(out, _mm_unpacklo_epi32(lo, s));
		_mm_storeu_si128(out + 1, _mm_unpackhi_epi32(lo, s));
		_mm_storeu_si128(out + 2, _mm_unpacklo_epi32(hi, s));
		_mm_storeu_si128(out + 3, _mm_unpackhi_epi32(hi, s));
	}
	widen_plain(dst + i, src + i, n - i, style);
}

/* The text words of four cells. */
static __m128i texts_sse2(const struct cell *c)
{
	__m128 a = _mm_loadu_ps((const float *)(const void *)c);
	__m128 b = _mm_loadu_ps((const float *)(const void *)(c + 2));

	return _mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)));
}

static void narrow_sse2(char *dst, const struct cell *src, size_t n)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i a = _mm_packs_epi32(texts_sse2(src + i), texts_sse2(src + i + 4));
		__m128i b = _mm_packs_epi32(texts_sse2(src + i + 8), texts_sse2(src + i + 12));

		_mm_storeu_si128((__m128i *)(void *)(dst + i), _mm_packus_epi16(a, b));
	}
	for (; i + 4 <= n; i += 4) {
		__m128i a = _mm_packs_epi32(texts_sse2(src + i), _mm_setzero_si128());
		int four = _mm_cvtsi128_si32(_mm_packus_epi16(a, a));

		memcpy(dst + i, &four, 4);
	}
	narrow_plain(dst + i, src + i, n - i);
}

__attribute__((target("avx2"))) static size_t printable_avx2(const uint8_t *p, size_t n)
{
	const __m256i low = _mm256_set1_epi8(0x20), del = _mm256_set1_epi8(0x7f);
	size_t i = 0;

	for (; i + 32 <= n; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
		__m256i bad = _mm256_or_si256(_mm256_cmpgt_epi8(low, v), _mm256_cmpeq_epi8(v, del));
		unsigned mask = (unsigned)_mm256_movemask_epi8(bad);

		if (mask)
			return i + (unsigned)__builtin_ctz(mask);
	}
	return i + printable_sse2(p + i, n - i);
}

__attribute__((target("avx2"))) static void widen_avx2(struct cell *dst, const uint8_t *src,
						       size_t n, uint32_t style)
{
	const __m256i s = _mm256_set1_epi64x((long long)style << 32);
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		int four;

		memcpy(&four, src + i, 4);

		__m256i c = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four));

		_mm256_storeu_si256((__m256i *)(void *)(dst + i), _mm256_or_si256(c, s));
	}
	for (; i < n; i++)
		dst[i] = (struct cell){ src[i], style };
}

#elif defined(__aarch64__)

static size_t printable_neon(const uint8_t *p, size_t n)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		uint8x16_t v = vsubq_u8(vld1q_u8(p + i), vdupq_n_u8(0x20));

		if (vmaxvq_u8(v) >= 0x5f)
			break;
	}
	return i + printable_plain(p + i, n - i);
}

static void widen_neon(struct cell *dst, const uint8_t *src, size_t n, uint32_t style)
{
	const uint32x4_t s = vdupq_n_u32(style);
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint16x8_t w = vmovl_u8(vld1_u8(src + i));
		uint32x4x2_t lo = { { vmovl_u16(vget_low_u16(w)), s } };
		uint32x4x2_t hi = { { vmovl_u16(vget_high_u16(w)), s } };

		vst2q_u32((uint32_t *)(void *)(dst + i), lo);
		vst2q_u32((uint32_t *)(void *)(dst + i + 4), hi);
	}
	widen_plain(dst + i, src + i, n - i, style);
}

static void narrow_neon(char *dst, const struct cell *src, size_t n)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		const uint32_t *words = (const uint32_t *)(const void *)(src + i);
		uint16x4_t lo = vmovn_u32(vld2q_u32(words).val[0]);
		uint16x4_t hi = vmovn_u32(vld2q_u32(words + 8).val[0]);

		vst1_u8((uint8_t *)(void *)(dst + i), vmovn_u16(vcombine_u16(lo, hi)));
	}
	narrow_plain(dst + i, src + i, n - i);
}

#endif

bool scan_isa_works(enum scan_isa isa)
{
	if (isa == SCAN_PLAIN)
		return true;
#if defined(__x86_64__)
	return isa == SCAN_SSE2 || (isa == SCAN_AVX2 && __builtin_cpu_supports("avx2"));
#elif defined(__aarch64__)
	return isa == SCAN_NEON;
#else
	return false;
#endif
}

enum scan_isa scan_isa_best(void)
{
	if (scan_isa_works(SCAN_AVX2))
		return SCAN_AVX2;
	if (scan_isa_works(SCAN_SSE2))
		return SCAN_SSE2;
	return scan_isa_works(SCAN_NEON) ? SCAN_NEON : SCAN_PLAIN;
}

size_t scan_printable(enum scan_isa isa, const uint8_t *p, size_t n)
{
#if defined(__x86_64__)
	if (isa == SCAN_AVX2)
		return printable_avx2(p, n);
	if (isa == SCAN_SSE2)
		return printable_sse2(p, n);
#elif defined(__aarch64__)
	if (isa == SCAN_NEON)
		return printable_neon(p, n);
#endif
	(void)isa;
	return printable_plain(p, n);
}

void scan_widen(enum scan_isa isa, struct cell *dst, const uint8_t *src, size_t n, uint32_t style)
{
#if defined(__x86_64__)
	if (isa == SCAN_AVX2) {
		widen_avx2(dst, src, n, style);
		return;
	}
	if (isa == SCAN_SSE2) {
		widen_sse2(dst, src, n, style);
		return;
	}
#elif defined(__aarch64__)
	if (isa == SCAN_NEON) {
		widen_neon(dst, src, n, style);
		return;
	}
#endif
	(void)isa;
	widen_plain(dst, src, n, style);
}

void scan_narrow(enum scan_isa isa, char *dst, const struct cell *src, size_t n)
{
#if defined(__x86_64__)
	if (isa == SCAN_AVX2 || isa == SCAN_SSE2) {
		narrow_sse2(dst, src, n);
		return;
	}
#elif defined(__aarch64__)
	if (isa == SCAN_NEON) {
		narrow_neon(dst, src, n);
		return;
	}
#endif
	(void)isa;
	narrow_plain(dst, src, n);
}
