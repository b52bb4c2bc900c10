#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static void assert_duration(const char *s, uint64_t want_ns)
{
	uint64_t ns = 0;

	if (clock_parse_duration(s, &ns) != 0)
		fail_msg("\"%s\" was refused", s);
	if (ns != want_ns)
		fail_msg("\"%s\" is %llu ns", s, (unsigned long long)ns);
}

static void durations_have_units_and_fractions(void **state)
{
	(void)state;
	assert_duration("0", 0);
	assert_duration("90", 90000000000);
	assert_duration("1.5s", 1500000000);
	assert_duration("250ms", 250000000);
	assert_duration("0.25ms", 250000);
	assert_duration("3us", 3000);
	assert_duration("7ns", 7);
	assert_duration("2m", 120000000000);
	assert_duration("1h", 3600000000000);
	assert_duration("1.000000001d", 86400000086400);
	assert_duration("0.1234567899", 123456789);
	assert_duration("18446744073709551615ns", UINT64_MAX);
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"s",
		"-1",
		"+1",
		".5",
		"1.",
		"1.s",
		" 1",
		"1 ",
		"1 s",
		"1S",
		"1ss",
		"1e3",
		"0x10",
		"1,5",
		"nan",
		"inf",
		"1d1h",
		"1.2.3",
		"18446744073709551616ns",
		"18446744073709551615",
		"300000000000000000h",
		"99999999999999999999999999999999",
		"18446744073709551615d",
		"340282366920938463463374607431768211457ns", /* 2^128 + 1 */
		"18446744073.709551616",                     /* only the fraction is too much */
	};
	uint64_t ns = 5;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (clock_parse_duration(bad[i], &ns) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(ns, 5);
}

static void monotonic_time_does_not_go_back(void **state)
{
	uint64_t last = clock_mono_ns();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_mono_ns();

		assert_true(now >= last);
		last = now;
	}
}

static void wall_time_is_this_century(void **state)
{
	(void)state;
	assert_true(clock_wall_us() > 1700000000000000);
	assert_true(clock_wall_us() < 4102444800000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_units_and_fractions),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(monotonic_time_does_not_go_back),
		cmocka_unit_test(wall_time_is_this_century),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
