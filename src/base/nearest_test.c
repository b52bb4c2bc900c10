#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *const methods[] = { "session.create", "session.list", "pane.create",
				       "pane.send_keys", "columns",      "rows" };

static const char *nearest(const char *given)
{
	return nearest_name(given, methods, ARRAY_LEN(methods));
}

static void small_slips_find_their_name(void **state)
{
	(void)state;
	assert_string_equal(nearest("colums"), "columns");
	assert_string_equal(nearest("cloumns"), "columns");
	assert_string_equal(nearest("row"), "rows");
	assert_string_equal(nearest("rwos"), "rows");
	assert_null(nearest("wrso"));
	assert_string_equal(nearest("sesion.craete"), "session.create");
	assert_string_equal(nearest("pane.sendkeys"), "pane.send_keys");
	assert_string_equal(nearest("Pane-Send-Keys"), "pane.send_keys");
	assert_string_equal(nearest("rows"), "rows");
}

static void what_is_like_nothing_finds_nothing(void **state)
{
	char longest[200];

	(void)state;
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_null(nearest(""));
	assert_null(nearest("xy"));
	assert_null(nearest("quux"));
	assert_null(nearest(longest));
	assert_null(nearest_name("rows", NULL, 0));
}

static void names_of_the_largest_length_are_compared(void **state)
{
	char given[NEAREST_MAX_LEN + 1], name[NEAREST_MAX_LEN + 1], over[NEAREST_MAX_LEN + 2];
	const char *known[] = { over, name };

	(void)state;
	memset(given, 'a', NEAREST_MAX_LEN);
	memset(name, 'a', NEAREST_MAX_LEN);
	memset(over, 'a', NEAREST_MAX_LEN + 1);
	given[NEAREST_MAX_LEN] = name[NEAREST_MAX_LEN] = over[NEAREST_MAX_LEN + 1] = '\0';
	name[10] = 'b';
	assert_ptr_equal(nearest_name(given, known, 2), name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_slips_find_their_name),
		cmocka_unit_test(what_is_like_nothing_finds_nothing),
		cmocka_unit_test(names_of_the_largest_length_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
