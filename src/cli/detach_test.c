#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/detach.h"

static struct detach d;
static struct buf out;

static int set_up(void **state)
{
	(void)state;
	buf_init(&out);
	return detach_init(&d, "^\\,^\\");
}

static int tear_down(void **state)
{
	(void)state;
	detach_fini(&d);
	buf_fini(&out);
	return 0;
}

static bool feed(const char *s)
{
	return detach_feed(&d, s, strlen(s), &out);
}

static void expect_passed(const char *want)
{
	assert_int_equal(buf_len(&out), strlen(want));
	assert_memory_equal(buf_data(&out), want, strlen(want));
	buf_clear(&out);
}

static void twice_detaches_and_what_follows_is_dropped(void **state)
{
	(void)state;
	assert_false(feed("ls\r"));
	expect_passed("ls\r");
	assert_true(feed("x\034\034yz"));
	expect_passed("x");
}

static void the_keys_may_come_one_by_one(void **state)
{
	(void)state;
	assert_false(feed("\034"));
	assert_true(detach_is_waiting(&d));
	expect_passed("");
	assert_true(feed("\034"));
	expect_passed("");
}

static void once_and_something_else_is_passed_on(void **state)
{
	(void)state;
	assert_false(feed("\034a"));
	expect_passed("\034a");
	assert_false(detach_is_waiting(&d));
	assert_false(feed("\034"));
	assert_false(feed("b\034"));
	expect_passed("\034b");
	assert_true(detach_is_waiting(&d));
}

static void patience_ends(void **state)
{
	(void)state;
	assert_false(feed("\034"));
	detach_give_up(&d, &out);
	expect_passed("\034");
	assert_false(detach_is_waiting(&d));
}

static void extended_keyboard_protocols_do_not_lock_one_in(void **state)
{
	(void)state;
	/* kitty, with releases; with num lock on; xterm's modifyOtherKeys */
	assert_true(feed("\033[92;5u\033[92;5:3u\033[92;5u"));
	expect_passed("");
	assert_true(feed("\033[92;133u\033[92;133:1u"));
	assert_true(feed("\033[27;5;92~\033[27;5;92~"));
	/* not Control */
	assert_false(feed("\033[92;3u\033[92;3u"));
	expect_passed("\033[92;3u\033[92;3u");
	/* and other sequences pass at once */
	assert_false(feed("\033[A\033"));
	expect_passed("\033[A\033");
}

static void other_keys_may_be_chosen(void **state)
{
	struct detach e;

	(void)state;
	assert_int_equal(detach_init(&e, "C-a,d"), 0);
	assert_false(detach_feed(&e, "\001\001x", 3, &out));
	expect_passed("\001\001x");
	assert_true(detach_feed(&e, "a\001d", 3, &out));
	expect_passed("a");
	detach_fini(&e);
	assert_int_equal(detach_init(&e, "none"), 0);
	assert_false(detach_feed(&e, "\034\034", 2, &out));
	expect_passed("\034\034");
	detach_fini(&e);
}

static void a_spec_that_makes_no_sense_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "^1", ",", "^a,", "C-", "ab", "^a^b", "^a,b,c,d,e,f,g,h,i",
	};
	struct detach e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(detach_init(&e, bad[i]), DETACH_E_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(twice_detaches_and_what_follows_is_dropped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_keys_may_come_one_by_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(once_and_something_else_is_passed_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(patience_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(extended_keyboard_protocols_do_not_lock_one_in,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_keys_may_be_chosen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_spec_that_makes_no_sense_is_refused, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
