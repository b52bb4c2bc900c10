/*
 * The screen does not depend on how bytes are cut: one terminal gets each piece
 * at once, another in random cuts; both are resized at the same places.  The
 * invariants hold throughout, and the vector code does what the plain does.
 *
 * Input: columns, rows, a seed for the cuts, then bytes; 0xff 0xfe and two
 * bytes resize.
 */
#include "vt/check.h"
#include "vt/scan.h"
#include "vt/term.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void feed_cut(struct vt *vt, const uint8_t *p, size_t n, uint32_t *seed)
{
	while (n) {
		size_t k = 1 + next(seed) % 9;

		k = k < n ? k : n;
		vt_feed(vt, p, k);
		vt_check(vt);
		p += k;
		n -= k;
	}
}

static void check_same(const struct vt *a, const struct vt *b)
{
	const char *what;

	vt_check(a);
	vt_check(b);
	if (vt_differ(a, b, &what)) {
		fprintf(stderr, "%s differ\n", what);
		abort();
	}
}

static void resize(struct vt *vt, const uint8_t *p)
{
	if (vt_resize(vt, 1 + p[0] % 70, 1 + p[1] % 30) < 0)
		abort();
	vt_check(vt);
}

/* Bytes up to the next resize. */
static size_t piece(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && !(n - i >= 4 && p[i] == 0xff && p[i + 1] == 0xfe))
		i++;
	return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct vt_opts opts = { .history_lines = 60,
				      .string_bytes = 4096,
				      .clipboard = VT_CLIPBOARD_READ_WRITE };
	struct vt *a, *b;
	uint32_t seed;

	if (len < 3 || len > 20000)
		return 0;
	a = vt_new(1 + data[0] % 70, 1 + data[1] % 30, &opts, NULL, NULL);
	b = vt_new(1 + data[0] % 70, 1 + data[1] % 30, &opts, NULL, NULL);
	if (!a || !b)
		abort();
	b->isa = SCAN_PLAIN;
	seed = data[2];
	data += 3;
	len -= 3;
	while (len) {
		size_t n = piece(data, len);

		vt_feed(a, data, n);
		feed_cut(b, data, n, &seed);
		check_same(a, b);
		data += n;
		len -= n;
		if (len) {
			resize(a, data + 2);
			resize(b, data + 2);
			check_same(a, b);
			data += 4;
			len -= 4;
		}
	}
	vt_free(a);
	vt_free(b);
	return 0;
}
