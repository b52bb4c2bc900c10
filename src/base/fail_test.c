#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/mem.h"
#include "base/utf8.h"

static void every_kind_has_a_row_of_its_own(void **state)
{
	(void)state;
	for (enum fail_code a = FAIL_NONE + 1; a < FAIL_N; a++) {
		const struct fail_kind *kind = fail_kind(a);
		size_t n = strlen(kind->text);

		assert_true(kind->code != 0 && n > 0 && kind->text[n - 1] != '.');
		assert_true(kind->code < -32000 || (kind->code > 1000 && kind->code < 10000));
		for (enum fail_code b = FAIL_NONE + 1; b < a; b++) {
			assert_int_not_equal(fail_kind(b)->code, kind->code);
			assert_string_not_equal(fail_kind(b)->name, kind->name);
		}
	}
}

static void names_of_categories_and_severities_are_stable(void **state)
{
	(void)state;
	assert_string_equal(fail_category_name(FAIL_STATE), "state");
	assert_string_equal(fail_category_name(FAIL_SYSTEM), "system");
	assert_string_equal(fail_severity_name(FAIL_INFO), "info");
	assert_string_equal(fail_severity_name(FAIL_CRITICAL), "critical");
	assert_int_equal(fail_kind(FAIL_PANE_NOT_FOUND)->code, 1002);
	assert_string_equal(fail_kind(FAIL_PANE_NOT_FOUND)->name, "PANE_NOT_FOUND");
}

static void filling_one_in_allocates_nothing(void **state)
{
	uint64_t before = mem_count();
	struct fail f;

	(void)state;
	assert_int_equal(fail_set(&f, FAIL_PANE_NOT_FOUND, "p7"), FAIL_E_FAILED);
	assert_int_equal(fail_setf(&f, FAIL_NO_PTY, NULL, "%d of %d", 3, 3), FAIL_E_FAILED);
	fail_hint(&f, "raise %s", "kernel.pty.max");
	assert_int_equal(mem_count(), before);
	assert_string_equal(f.ref, "");
	assert_string_equal(f.detail, "3 of 3");
	assert_string_equal(f.hint, "raise kernel.pty.max");
}

static void setting_it_anew_forgets_detail_and_hint(void **state)
{
	struct fail f;

	(void)state;
	(void)fail_setf(&f, FAIL_NO_PTY, "x", "detail");
	fail_hint(&f, "hint");
	(void)fail_set(&f, FAIL_PANE_EXITED, f.ref);
	assert_string_equal(f.ref, "x");
	assert_string_equal(f.detail, "");
	assert_string_equal(f.hint, "");
}

static void long_text_is_cut_between_characters(void **state)
{
	(void)state;
	for (int offset = 0; offset < 8; offset++) {
		char text[600];
		struct fail f;
		size_t n = 0;

		for (int i = 0; i < offset; i++)
			text[n++] = 'x';
		while (n < sizeof text - 5) {
			memcpy(text + n, n % 2 ? "\xe2\x82\xac" : "\xf0\x9f\x98\x80", 4);
			n += n % 2 ? 3 : 4;
		}
		text[n] = '\0';
		(void)fail_setf(&f, FAIL_NO_PTY, text, "%s", text);
		fail_hint(&f, "%s", text);
		assert_int_equal(utf8_valid_prefix(f.ref, strlen(f.ref)), strlen(f.ref));
		assert_int_equal(utf8_valid_prefix(f.detail, strlen(f.detail)), strlen(f.detail));
		assert_int_equal(utf8_valid_prefix(f.hint, strlen(f.hint)), strlen(f.hint));
		assert_true(strlen(f.ref) >= sizeof f.ref - 4);
		assert_true(strlen(f.detail) >= sizeof f.detail - 4);
	}
}

static void text_that_just_fits_is_not_cut(void **state)
{
	struct fail f;
	char ref[sizeof f.ref];

	(void)state;
	memset(ref, 'r', sizeof ref - 1);
	ref[sizeof ref - 1] = '\0';
	(void)fail_set(&f, FAIL_NO_PTY, ref);
	assert_string_equal(f.ref, ref);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_row_of_its_own),
		cmocka_unit_test(names_of_categories_and_severities_are_stable),
		cmocka_unit_test(filling_one_in_allocates_nothing),
		cmocka_unit_test(setting_it_anew_forgets_detail_and_hint),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(text_that_just_fits_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
