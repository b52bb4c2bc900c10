#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void copies_are_independent(void **state)
{
	char text[] = "abc";
	CLEANUP(mem_freep) char *copy = mem_strdup(text);
	CLEANUP(mem_freep) void *nothing = mem_dup(NULL, 0);

	(void)state;
	text[0] = 'x';
	assert_string_equal(copy, "abc");
	assert_non_null(nothing);
	assert_null(mem_strdup(NULL));
}

static void an_overflowing_size_is_refused(void **state)
{
	volatile size_t huge = SIZE_MAX / 2;

	(void)state;
	assert_null(mem_zalloc(huge, 4));
}

static void the_nth_allocation_fails_and_all_after_it(void **state)
{
	void *first;

	(void)state;
	mem_fail_after(1);
	first = mem_zalloc(1, 1);
	assert_non_null(first);
	assert_null(mem_zalloc(1, 1));
	assert_null(mem_dup("a", 1));
	assert_null(mem_strdup("a"));
	assert_null(mem_realloc(first, 10));
	mem_fail_after(-1);
	first = mem_realloc(first, 10);
	assert_non_null(first);
	mem_free(first);
}

static void every_attempt_is_counted(void **state)
{
	uint64_t before = mem_count(), failed_before = mem_failures();

	(void)state;
	mem_free(mem_zalloc(1, 1));
	mem_fail_after(0);
	assert_null(mem_zalloc(1, 1));
	mem_fail_after(-1);
	assert_int_equal(mem_count() - before, 2);
	assert_int_equal(mem_failures() - failed_before, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_independent),
		cmocka_unit_test(an_overflowing_size_is_refused),
		cmocka_unit_test(the_nth_allocation_fails_and_all_after_it),
		cmocka_unit_test(every_attempt_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
