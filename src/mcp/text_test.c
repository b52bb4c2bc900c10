#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "mcp/text.h"

static char *cut(const char *s, size_t max, enum text_keep keep, struct text_cut *ret)
{
	struct buf out = BUF_INIT;

	text_cut(s, strlen(s), max, keep, &out, ret);
	return buf_steal_str(&out);
}

static void expect(const char *s, size_t max, enum text_keep keep, const char *wanted)
{
	struct text_cut c;
	char *got = cut(s, max, keep, &c);

	assert_string_equal(got, wanted);
	assert_int_equal(c.kept + c.omitted, strlen(s));
	free(got);
}

static void text_within_the_budget_stays_as_it_is(void **state)
{
	(void)state;
	expect("", 10, TEXT_BOTH, "");
	expect("0123456789", 10, TEXT_HEAD, "0123456789");
	expect("0123456789", 10, TEXT_TAIL, "0123456789");
}

static void whole_lines_are_kept_where_one_ends_nearby(void **state)
{
	(void)state;
	expect("one\ntwo\nthree\nfour\n", 9, TEXT_HEAD,
	       "one\ntwo\n[... 11 bytes, 2 lines left out ...]\n");
	expect("one\ntwo\nthree\nfour\n", 6, TEXT_TAIL,
	       "[... 14 bytes, 3 lines left out ...]\nfour\n");
	expect("a\nb\nc\nd\ne\nf\n", 8, TEXT_BOTH,
	       "a\nb\n[... 4 bytes, 2 lines left out ...]\ne\nf\n");
}

static void a_long_line_is_cut_between_characters(void **state)
{
	(void)state;
	expect("ää", 3, TEXT_HEAD, "ä\n[... 2 bytes, 0 lines left out ...]\n");
	expect("ää", 3, TEXT_TAIL, "[... 2 bytes, 0 lines left out ...]\nä");
}

static void no_cut_exceeds_its_budget_or_breaks_a_character(void **state)
{
	static const char text[] =
		"Grüße\n漢字 line two\n\n🙂🙂🙂 and a longer third line\nend";
	const size_t n = sizeof(text) - 1;

	(void)state;
	for (size_t max = 0; max <= n + 1; max++) {
		for (int keep = TEXT_HEAD; keep <= TEXT_BOTH; keep++) {
			struct text_cut c;
			char *got = cut(text, max, (enum text_keep)keep, &c);

			assert_true(c.kept <= max);
			assert_int_equal(c.kept + c.omitted, n);
			assert_int_equal(utf8_valid_prefix(got, strlen(got)), strlen(got));
			free(got);
		}
	}
}

static void what_is_not_utf8_becomes_replacement_characters(void **state)
{
	json_t *v = text_json("a\xff\xc3z\0b", 6);

	(void)state;
	assert_non_null(v);
	assert_int_equal(json_string_length(v), 10);
	assert_memory_equal(json_string_value(v), "a\xef\xbf\xbd\xef\xbf\xbdz\0b", 10);
	json_decref(v);
}

static void blanks_at_the_end_are_trimmed(void **state)
{
	(void)state;
	assert_int_equal(text_trim("a b \n \r\n\n", 9), 3);
	assert_int_equal(text_trim(" \n", 2), 0);
	assert_int_equal(text_trim("", 0), 0);
}

static char *status(const char *json)
{
	struct buf out = BUF_INIT;
	json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);

	text_status(v, &out);
	json_decref(v);
	return buf_steal_str(&out);
}

static void a_status_is_said_in_words(void **state)
{
	char *s;

	(void)state;
	s = status("{\"code\":3}");
	assert_string_equal(s, "exited with status 3");
	free(s);
	s = status("{\"signal\":9,\"name\":\"SIGKILL\"}");
	assert_string_equal(s, "killed by SIGKILL (9)");
	free(s);
	s = status("null");
	assert_string_equal(s, "still running");
	free(s);
}

static void a_failure_says_what_to_do_next(void **state)
{
	struct buf out = BUF_INIT;
	struct fail f = { 0 };
	char *s;

	(void)state;
	(void)fail_set(&f, FAIL_PANE_NOT_FOUND, "p9");
	text_failure(&f, &out);
	s = buf_steal_str(&out);
	assert_string_equal(s, "no such pane: p9; the tool `list` tells which panes there are");
	free(s);
}

static void numbers_are_grouped(void **state)
{
	struct buf out = BUF_INIT;
	char *s;

	(void)state;
	text_count(1234567, &out);
	buf_put_char(&out, ' ');
	text_count(999, &out);
	buf_put_char(&out, ' ');
	text_count(0, &out);
	s = buf_steal_str(&out);
	assert_string_equal(s, "1,234,567 999 0");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_within_the_budget_stays_as_it_is),
		cmocka_unit_test(whole_lines_are_kept_where_one_ends_nearby),
		cmocka_unit_test(a_long_line_is_cut_between_characters),
		cmocka_unit_test(no_cut_exceeds_its_budget_or_breaks_a_character),
		cmocka_unit_test(what_is_not_utf8_becomes_replacement_characters),
		cmocka_unit_test(blanks_at_the_end_are_trimmed),
		cmocka_unit_test(a_status_is_said_in_words),
		cmocka_unit_test(a_failure_says_what_to_do_next),
		cmocka_unit_test(numbers_are_grouped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
