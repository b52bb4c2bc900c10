#include "base/hist.h"

#define SUB_BITS 3     /* 8 sub-buckets for each power of two */
#define FIRST_OCTAVE 8 /* 2^8 ns */

_Static_assert(HIST_BUCKETS % (1 << SUB_BITS) == 0, "whole octaves");

static unsigned bucket_of(uint64_t ns)
{
	unsigned octave, i;

	if (ns < 1u << FIRST_OCTAVE)
		return 0;
	octave = 63 - (unsigned)__builtin_clzll(ns);
	i = (octave - FIRST_OCTAVE) << SUB_BITS |
	    ((unsigned)(ns >> (octave - SUB_BITS)) & ((1u << SUB_BITS) - 1));
	return i < HIST_BUCKETS ? i : HIST_BUCKETS - 1;
}

/* The largest value that falls into bucket @i, were nothing clamped. */
static uint64_t upper_bound_ns(unsigned i)
{
	unsigned octave = (i >> SUB_BITS) + FIRST_OCTAVE;
	uint64_t sub = i & ((1u << SUB_BITS) - 1);

	return (((1ull << SUB_BITS) + sub + 1) << (octave - SUB_BITS)) - 1;
}

void hist_record(struct hist *h, uint64_t ns)
{
	h->n++;
	h->sum_ns += ns;
	if (ns > h->max_ns)
		h->max_ns = ns;
	h->buckets[bucket_of(ns)]++;
}

uint64_t hist_quantile_ns(const struct hist *h, double q)
{
	double rank = q * (double)h->n;
	uint64_t seen = 0;

	if (h->n == 0)
		return 0;
	for (unsigned i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += h->buckets[i];
		if (seen > 0 && (double)seen >= rank) {
			uint64_t bound = upper_bound_ns(i);

			return bound < h->max_ns ? bound : h->max_ns;
		}
	}
	return h->max_ns;
}
