#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hist.h"

static void an_empty_histogram_says_zero(void **state)
{
	struct hist h = { 0 };

	(void)state;
	assert_int_equal(hist_quantile_ns(&h, 0.5), 0);
}

static void every_value_is_read_back_within_an_eighth(void **state)
{
	(void)state;
	for (uint64_t ns = 256; ns < 1ull << 36; ns += 1 + ns / 97) {
		struct hist h = { 0 };
		uint64_t bound;

		hist_record(&h, ns);
		hist_record(&h, UINT64_MAX / 4); /* so that the largest does not help */
		bound = hist_quantile_ns(&h, 0.5);
		if (bound < ns || (double)(bound - ns) > 0.125 * (double)ns) {
			fail_msg("%llu became %llu", (unsigned long long)ns,
				 (unsigned long long)bound);
		}
	}
}

static void bounds_of_octaves_fall_into_their_own_bucket(void **state)
{
	(void)state;
	for (size_t e = 8; e < 37; e++) {
		struct hist h = { 0 };

		hist_record(&h, 1ull << e);
		assert_int_equal(h.buckets[(e - 8) * 8], 1);
		hist_record(&h, (2ull << e) - 1);
		assert_int_equal(h.buckets[(e - 8) * 8 + 7], 1);
	}
}

static void values_outside_are_clamped_not_lost(void **state)
{
	struct hist h = { 0 };

	(void)state;
	hist_record(&h, 0);
	hist_record(&h, 255);
	hist_record(&h, UINT64_MAX / 2);
	assert_int_equal(h.n, 3);
	assert_int_equal(h.buckets[0], 2);
	assert_int_equal(h.buckets[HIST_BUCKETS - 1], 1);
	assert_int_equal(h.max_ns, UINT64_MAX / 2);
	assert_int_equal(hist_quantile_ns(&h, 1), UINT64_MAX / 2);
}

static void quantiles_of_a_ramp_are_where_they_should_be(void **state)
{
	static const double q[] = { 0.01, 0.25, 0.5, 0.9, 0.99, 1.0 };
	struct hist h = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++)
		hist_record(&h, i * 1000);
	for (size_t i = 0; i < ARRAY_LEN(q); i++) {
		double want = q[i] * 1e8, got = (double)hist_quantile_ns(&h, q[i]);

		assert_true(got >= want * 0.999 && got <= want * 1.126);
	}
	assert_int_equal(hist_quantile_ns(&h, 1), 100000000);
	assert_int_equal(h.sum_ns, 100000ull * 100001 / 2 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_histogram_says_zero),
		cmocka_unit_test(every_value_is_read_back_within_an_eighth),
		cmocka_unit_test(bounds_of_octaves_fall_into_their_own_bucket),
		cmocka_unit_test(values_outside_are_clamped_not_lost),
		cmocka_unit_test(quantiles_of_a_ramp_are_where_they_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
