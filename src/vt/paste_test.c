#include "vt/paste.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, size_t n, bool is_bracketed, const char *sent)
{
	struct buf out = BUF_INIT;

	paste_encode(text, n, is_bracketed, &out);
	assert_int_equal(buf_check(&out), 0);
	assert_int_equal(buf_len(&out), strlen(sent));
	assert_memory_equal(buf_data(&out), sent, strlen(sent));
	buf_fini(&out);
}

#define BRACKETED(text, sent) check(text, sizeof(text) - 1, true, "\033[200~" sent "\033[201~")
#define TYPED(text, sent) check(text, sizeof(text) - 1, false, sent)

static void test_unbracketed_line_ends_become_enter(void **state)
{
	(void)state;
	TYPED("one\ntwo\r\nthree\r", "one\rtwo\rthree\r");
	TYPED("\n\n", "\r\r");
	TYPED("", "");
}

static void test_bracketed_text_is_kept(void **state)
{
	(void)state;
	BRACKETED("one\n\ttwo\r\n", "one\n\ttwo\r\n");
	BRACKETED("h\xc3\xa9 \xf0\x9f\x98\x80", "h\xc3\xa9 \xf0\x9f\x98\x80");
	BRACKETED("latin \xe9", "latin \xe9");
	BRACKETED("", "");
}

static void test_nothing_in_the_text_can_end_the_bracket(void **state)
{
	(void)state;
	BRACKETED("a\033[201~rm -rf\n", "arm -rf\n");
	BRACKETED("a\033[20\033[201~1~b", "a[201~b");
	BRACKETED("a\x9b"
		  "201~b",
		  "ab");
	BRACKETED("a\xc2\x9b"
		  "201~b",
		  "ab");
	BRACKETED("\033", "");
}

static void test_control_characters_are_left_out(void **state)
{
	(void)state;
	BRACKETED("a\003b\004c\177d\0e\010f", "abcdef");
	BRACKETED("a\xc2\x85"
		  "b\x85"
		  "c",
		  "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbracketed_line_ends_become_enter),
		cmocka_unit_test(test_bracketed_text_is_kept),
		cmocka_unit_test(test_nothing_in_the_text_can_end_the_bracket),
		cmocka_unit_test(test_control_characters_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
