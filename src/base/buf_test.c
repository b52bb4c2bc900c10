#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

static void assert_holds(const struct buf *b, const char *text)
{
	assert_int_equal(buf_len(b), strlen(text));
	assert_memory_equal(buf_data(b), text, strlen(text));
}

static void an_unused_buffer_owns_nothing(void **state)
{
	struct buf b = BUF_INIT;
	uint64_t before = mem_count();

	(void)state;
	assert_int_equal(buf_len(&b), 0);
	assert_non_null(buf_data(&b));
	buf_put(&b, NULL, 0);
	buf_clear(&b);
	buf_shrink(&b);
	assert_int_equal(mem_count(), before);
	assert_int_equal(buf_check(&b), 0);
	assert_null(b.data);
}

static void appends_are_read_back_in_order(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put(&b, "ab", 2);
	buf_put_str(&b, "cd");
	buf_put_char(&b, 'e');
	buf_printf(&b, "%d-%s", 42, "f");
	assert_holds(&b, "abcde42-f");
	buf_consume(&b, 5);
	assert_holds(&b, "42-f");
	buf_fini(&b);
}

static void a_long_print_grows_the_buffer(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_printf(&b, "%1000d|", 7);
	assert_int_equal(buf_len(&b), 1001);
	assert_int_equal(buf_data(&b)[1000], '|');
	buf_fini(&b);
}

static void an_emptied_buffer_starts_at_the_front(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_str(&b, "abc");
	buf_consume(&b, 3);
	assert_int_equal(b.start, 0);
	assert_int_equal(b.end, 0);
	buf_fini(&b);
}

static void eating_in_crumbs_does_not_grow_it_for_ever(void **state)
{
	struct buf b = BUF_INIT;
	char chunk[60];

	(void)state;
	memset(chunk, 'x', sizeof chunk);
	for (int i = 0; i < 100000; i++) {
		buf_put(&b, chunk, sizeof chunk);
		if (i > 10)
			buf_consume(&b, sizeof chunk);
	}
	assert_true(b.size <= 4096);
	assert_int_equal(buf_len(&b), 11 * sizeof chunk);
	buf_fini(&b);
}

static void a_full_buffer_eaten_in_crumbs_is_seldom_moved(void **state)
{
	struct buf b = BUF_INIT;
	int n_moves = 0;

	(void)state;
	while (buf_len(&b) < 65536)
		buf_put_char(&b, 'x');
	for (int i = 0; i < 100000; i++) {
		size_t start;

		buf_consume(&b, 1);
		start = b.start;
		buf_put_char(&b, 'x');
		n_moves += b.start < start;
	}
	assert_true(n_moves <= 4);
	buf_fini(&b);
}

static void growing_keeps_what_was_not_consumed(void **state)
{
	struct buf b = BUF_INIT;
	uint32_t written = 0, eaten = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < round % 7; i++, written++)
			buf_put(&b, &written, sizeof written);
		for (int i = 0; i < round % 5 && buf_len(&b); i++, eaten++) {
			assert_memory_equal(buf_data(&b), &eaten, sizeof eaten);
			buf_consume(&b, sizeof eaten);
		}
	}
	assert_int_equal(buf_len(&b), (written - eaten) * sizeof written);
	buf_fini(&b);
}

static void a_failed_append_breaks_the_buffer_but_keeps_what_fitted(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_str(&b, "fits");
	mem_fail_after(0);
	buf_printf(&b, "%1000d", 1);
	mem_fail_after(-1);
	assert_true(buf_check(&b) < 0);
	buf_put_str(&b, "never");
	buf_put_char(&b, '!');
	buf_printf(&b, "never");
	assert_holds(&b, "fits");
	assert_null(buf_extend(&b, 1));
	assert_null(buf_steal_str(&b));
	buf_clear(&b);
	buf_put_str(&b, "again");
	assert_int_equal(buf_check(&b), 0);
	assert_holds(&b, "again");
	buf_fini(&b);
}

static void every_single_failing_allocation_is_survived(void **state)
{
	bool was_whole = false;

	(void)state;
	for (long n = 0; !was_whole; n++) {
		struct buf b = BUF_INIT;

		mem_fail_after(n);
		for (int i = 0; i < 1000; i++)
			buf_put_char(&b, (char)('a' + i % 26));
		mem_fail_after(-1);
		was_whole = buf_check(&b) == 0;
		assert_true(was_whole == (buf_len(&b) == 1000));
		for (size_t i = 0; i < buf_len(&b); i++)
			assert_int_equal(buf_data(&b)[i], 'a' + i % 26);
		buf_fini(&b);
	}
}

static void a_failed_reserve_leaves_the_buffer_whole(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_str(&b, "xyz");
	buf_consume(&b, 1);
	mem_fail_after(0);
	assert_null(buf_reserve(&b, 1000));
	mem_fail_after(-1);
	assert_null(buf_reserve(&b, SIZE_MAX - 1));
	assert_int_equal(buf_check(&b), 0);
	assert_holds(&b, "yz");
	buf_fini(&b);
}

static void truncating_takes_back_a_half_written_message(void **state)
{
	struct buf b = BUF_INIT;
	size_t mark;

	(void)state;
	buf_put_str(&b, "..whole");
	buf_consume(&b, 2);
	mark = buf_len(&b);
	buf_put_str(&b, "half");
	mem_fail_after(0);
	buf_printf(&b, "%1000d", 1);
	mem_fail_after(-1);
	buf_truncate(&b, mark);
	assert_int_equal(buf_check(&b), 0);
	assert_holds(&b, "whole");
	buf_fini(&b);
}

static void stealing_gives_a_terminated_string_and_an_empty_buffer(void **state)
{
	struct buf b = BUF_INIT;
	char *s;

	(void)state;
	buf_put_str(&b, "--text");
	buf_consume(&b, 2);
	s = buf_steal_str(&b);
	assert_string_equal(s, "text");
	mem_free(s);
	assert_int_equal(buf_len(&b), 0);
	s = buf_steal_str(&b);
	assert_string_equal(s, "");
	mem_free(s);
}

static void shrinking_frees_only_an_empty_buffer(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_str(&b, "ab");
	buf_shrink(&b);
	assert_holds(&b, "ab");
	buf_consume(&b, 2);
	buf_shrink(&b);
	assert_null(b.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unused_buffer_owns_nothing),
		cmocka_unit_test(appends_are_read_back_in_order),
		cmocka_unit_test(a_long_print_grows_the_buffer),
		cmocka_unit_test(an_emptied_buffer_starts_at_the_front),
		cmocka_unit_test(eating_in_crumbs_does_not_grow_it_for_ever),
		cmocka_unit_test(a_full_buffer_eaten_in_crumbs_is_seldom_moved),
		cmocka_unit_test(growing_keeps_what_was_not_consumed),
		cmocka_unit_test(a_failed_append_breaks_the_buffer_but_keeps_what_fitted),
		cmocka_unit_test(every_single_failing_allocation_is_survived),
		cmocka_unit_test(a_failed_reserve_leaves_the_buffer_whole),
		cmocka_unit_test(truncating_takes_back_a_half_written_message),
		cmocka_unit_test(stealing_gives_a_terminated_string_and_an_empty_buffer),
		cmocka_unit_test(shrinking_frees_only_an_empty_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
