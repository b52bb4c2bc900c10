#include "vt/unicode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BREAK_TEST "/usr/share/unicode/auxiliary/GraphemeBreakTest.txt"

static void test_columns_of_a_code_point(void **state)
{
	static const struct {
		uint32_t cp;
		unsigned width;
	} rows[] = {
		{ 'a', 1 },     { 0, 0 },       { 0x1b, 0 },     { 0x7f, 0 },     { 0x9b, 0 },
		{ 0xa0, 1 },    { 0xad, 1 },    { 0x301, 0 },    { 0x200b, 0 },   { 0x200d, 0 },
		{ 0xfe0f, 0 },  { 0x1100, 2 },  { 0x1160, 0 },   { 0x11a8, 0 },   { 0xac00, 2 },
		{ 0x3042, 2 },  { 0x4e00, 2 },  { 0x9fff, 2 },   { 0xff21, 2 },   { 0xff71, 1 },
		{ 0x3000, 2 },  { 0x2026, 1 },  { 0x2500, 1 },   { 0x231a, 2 },   { 0x2764, 1 },
		{ 0x1f600, 2 }, { 0x1f1e6, 1 }, { 0x1f3fb, 2 },  { 0x2fffd, 2 },  { 0xe0100, 0 },
		{ 0x600, 1 },   { 0xe000, 1 },  { 0x10ffff, 1 }, { 0x110000, 1 }, { UINT32_MAX, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (unicode_width(rows[i].cp) != rows[i].width)
			fail_msg("U+%04X: %u", (unsigned)rows[i].cp, unicode_width(rows[i].cp));
	}
}

static void test_emoji_variation_is_known(void **state)
{
	(void)state;
	assert_true(unicode_props(0x2764) & UNICODE_EMOJI);
	assert_true(unicode_props('#') & UNICODE_EMOJI);
	assert_false(unicode_props('a') & UNICODE_EMOJI);
}

/* Clusters of @cps, as the number of breaks inside. */
static size_t count_clusters(const uint32_t *cps, size_t n)
{
	uint8_t state = 0;
	size_t clusters = 1;

	for (size_t i = 1; i < n; i++) {
		clusters +=
			unicode_breaks(&state, unicode_props(cps[i - 1]), unicode_props(cps[i]));
	}
	return clusters;
}

#define CLUSTERS(...)                                     \
	count_clusters((const uint32_t[]){ __VA_ARGS__ }, \
		       ARRAY_LEN(((const uint32_t[]){ __VA_ARGS__ })))

static void test_clusters_that_terminals_meet(void **state)
{
	(void)state;
	assert_int_equal(CLUSTERS('a', 'b'), 2);
	assert_int_equal(CLUSTERS('e', 0x301, 0x302), 1);
	assert_int_equal(CLUSTERS('#', 0xfe0f, 0x20e3), 1);
	assert_int_equal(CLUSTERS(0x1f468, 0x200d, 0x1f469, 0x200d, 0x1f467), 1);
	assert_int_equal(CLUSTERS(0x1f44d, 0x1f3fd), 1);
	assert_int_equal(CLUSTERS('a', 0x200d, 0x1f469), 2);
	assert_int_equal(CLUSTERS(0x1f1e9, 0x1f1ea), 1);
	assert_int_equal(CLUSTERS(0x1f1e9, 0x1f1ea, 0x1f1eb), 2);
	assert_int_equal(CLUSTERS(0x1f1e9, 0x1f1ea, 0x1f1eb, 0x1f1f7), 2);
	assert_int_equal(CLUSTERS(0x1100, 0x1161, 0x11a8), 1);
	assert_int_equal(CLUSTERS('\r', '\n'), 1);
}

static void test_indic_conjuncts_stay_together(void **state)
{
	(void)state;
	assert_int_equal(CLUSTERS(0x915, 0x94d, 0x937), 1);
	assert_int_equal(CLUSTERS(0x915, 0x94d, 0x200d, 0x937), 1);
	assert_int_equal(CLUSTERS(0x915, 0x93c, 0x94d, 0x937, 0x94d, 0x92f), 1);
	assert_int_equal(CLUSTERS(0x915, 0x94d, 'a'), 2);
	assert_int_equal(CLUSTERS(0x915, 0x937), 2);
	assert_int_equal(CLUSTERS(0x915, 0x93c, 0x937), 2);
}

/* One line, "÷ 0020 × 0308 ÷ 0020 ÷ # comment": 0xc3 begins both signs. */
static void check_line(char *line, int number)
{
	uint32_t prev = 0;
	uint8_t state = 0;
	bool wants_break = true, is_first = true;

	for (char *p = strtok(line, " \t\n"); p && *p != '#'; p = strtok(NULL, " \t\n")) {
		if (*p == '\xc3') {
			wants_break = p[1] == '\xb7';
			continue;
		}
		uint32_t cp = (uint32_t)strtoul(p, NULL, 16);

		if (!is_first &&
		    unicode_breaks(&state, unicode_props(prev), unicode_props(cp)) != wants_break)
			fail_msg("line %d, before U+%04X", number, (unsigned)cp);
		is_first = false;
		prev = cp;
	}
}

static void test_unicodes_own_break_tests_pass(void **state)
{
	FILE *f = fopen(BREAK_TEST, "r");
	char line[1024];
	int number = 0;

	(void)state;
	if (!f) {
		print_message("no %s: skipped\n", BREAK_TEST);
		skip();
	}
	while (fgets(line, sizeof(line), f))
		check_line(line, ++number);
	fclose(f);
	assert_true(number > 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_of_a_code_point),
		cmocka_unit_test(test_emoji_variation_is_known),
		cmocka_unit_test(test_clusters_that_terminals_meet),
		cmocka_unit_test(test_indic_conjuncts_stay_together),
		cmocka_unit_test(test_unicodes_own_break_tests_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
