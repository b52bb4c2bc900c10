#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void every_scalar_value_survives_the_round_trip(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		uint32_t back;
		char out[4];
		size_t n;

		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		n = utf8_encode(cp, out);
		if (utf8_decode(out, n, &back) != n || back != cp || utf8_valid_prefix(out, n) != n)
			fail_msg("U+%04X", (unsigned)cp);
	}
}

static void what_is_no_scalar_value_is_written_as_a_replacement(void **state)
{
	static const uint32_t bad[] = { 0xd800, 0xdbff, 0xdc00, 0xdfff, 0x110000, UINT32_MAX };
	char out[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(utf8_encode(bad[i], out), 3);
		assert_memory_equal(out, "\xef\xbf\xbd", 3);
	}
}

/* Unicode 15, tables 3-8 to 3-11: one replacement for each maximal subpart. */
static void ill_formed_text_gives_one_replacement_per_maximal_subpart(void **state)
{
	static const struct {
		const char *in;
		const char *want; /* '?' for U+FFFD */
	} cases[] = {
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82"
		  "A",
		  "????????A" },
		{ "\xed\xa0\x80\xed\xbf\xbf\xed\xaf"
		  "A",
		  "????????A" },
		{ "\xf4\x91\x92\x93\xff"
		  "A\x80\xbf"
		  "B",
		  "?????A??B" },
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
		  "A",
		  "????A" },
		{ "\xf5\x80\x80\x80", "????" },
		{ "\xe2\x82", "?" },
		{ "\xf0\x9f\x98", "?" },
		{ "\xc3", "?" },
		{ "\xc3(", "?(" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *p = cases[i].in;
		size_t n = strlen(p), n_out = 0;
		char got[32] = { 0 };

		while (n) {
			uint32_t cp;
			size_t used = utf8_decode(p, n, &cp);

			assert_in_range(used, 1, n);
			got[n_out] = '?';
			if (cp != 0xfffd)
				got[n_out] = (char)cp;
			n_out++;
			p += used;
			n -= used;
		}
		assert_string_equal(got, cases[i].want);
	}
}

static void the_valid_prefix_ends_before_the_first_bad_byte(void **state)
{
	static const char good[] =
		"plain ascii text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80, and more";
	char text[sizeof good];

	(void)state;
	assert_int_equal(utf8_valid_prefix(good, sizeof good), sizeof good);
	assert_int_equal(utf8_valid_prefix("", 0), 0);
	for (size_t i = 0; i < sizeof good - 1; i++) {
		size_t valid;

		memcpy(text, good, sizeof good);
		text[i] = (char)0xff;
		valid = utf8_valid_prefix(text, sizeof text);
		assert_true(valid <= i && i - valid < 4);
		assert_memory_equal(text, good, valid);
	}
}

static void a_cut_character_is_not_part_of_the_prefix(void **state)
{
	(void)state;
	assert_int_equal(utf8_valid_prefix("12345678\xe2\x82\xac", 10), 8);
	assert_int_equal(utf8_valid_prefix("\xf0\x9f\x98\x80", 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scalar_value_survives_the_round_trip),
		cmocka_unit_test(what_is_no_scalar_value_is_written_as_a_replacement),
		cmocka_unit_test(ill_formed_text_gives_one_replacement_per_maximal_subpart),
		cmocka_unit_test(the_valid_prefix_ends_before_the_first_bad_byte),
		cmocka_unit_test(a_cut_character_is_not_part_of_the_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
