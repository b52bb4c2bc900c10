/*
 * Log-linear histogram of nanoseconds in fixed memory: 8 sub-buckets for every
 * power of two from 2^8 ns to 2^36 ns (68 s), values outside clamped.  Relative
 * error of a quantile <= 12.5 %.  Recording is a handful of instructions.
 */
#ifndef BASE_HIST_H
#define BASE_HIST_H

#include "base/defs.h"

#define HIST_BUCKETS 232

struct hist {
	uint64_t n; /* values recorded */
	uint64_t sum_ns;
	uint64_t max_ns;
	uint32_t buckets[HIST_BUCKETS];
};

void hist_record(struct hist *h, uint64_t ns);
/* Upper bound of the bucket that holds the @q quantile (0..1), or the largest
 * value recorded if that is less; 0 if empty. */
uint64_t hist_quantile_ns(const struct hist *h, double q);

#endif
