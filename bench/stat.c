#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

void stat_init(struct stat_set *s, size_t max)
{
	*s = (struct stat_set){ .ns = calloc(max, sizeof *s->ns), .max = max };
	if (!s->ns)
		die("out of memory");
}

void stat_fini(struct stat_set *s)
{
	free(s->ns);
}

void stat_add(struct stat_set *s, uint64_t ns)
{
	if (s->n < s->max)
		s->ns[s->n++] = ns;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double at_us(const struct stat_set *s, size_t i)
{
	return (double)s->ns[i] / 1e3;
}

void stat_print(struct stat_set *s)
{
	if (s->n == 0)
		die("no samples");
	qsort(s->ns, s->n, sizeof *s->ns, by_value);
	printf("{\"n\":%zu,\"p50_us\":%.2f,\"p95_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f}\n",
	       s->n, at_us(s, s->n / 2), at_us(s, s->n * 95 / 100), at_us(s, s->n * 99 / 100),
	       at_us(s, s->n - 1));
}
