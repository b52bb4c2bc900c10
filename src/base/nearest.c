#include "base/nearest.h"

#include <string.h>

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if (c == '-' || c == '.')
		return '_';
	return c;
}

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: edits and swaps of neighbours.  Both strings are
 * at most NEAREST_MAX_LEN bytes. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	/* Rows i, i-1 and i-2 of the matrix, used in turn. */
	unsigned rows[3][NEAREST_MAX_LEN + 1];

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			char ca = fold(a[i - 1]), cb = fold(b[j - 1]);

			row[j] = min2(above[j - 1] + (ca != cb), min2(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && ca == fold(b[j - 2]) && cb == fold(a[i - 2]))
				row[j] = min2(row[j], above2[j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

const char *nearest_name(const char *given, const char *const *known, size_t n)
{
	size_t len = strnlen(given, NEAREST_MAX_LEN + 1);
	unsigned best =
		len < 6 ? 2 : (unsigned)len / 3 + 1; /* the first distance that is too far */
	const char *ret = NULL;

	if (len == 0 || len > NEAREST_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t m = strnlen(known[i], NEAREST_MAX_LEN + 1);
		unsigned d;

		if (m > NEAREST_MAX_LEN)
			continue;
		d = distance(given, len, known[i], m);
		if (d < best) {
			best = d;
			ret = known[i];
		}
	}
	return ret;
}
