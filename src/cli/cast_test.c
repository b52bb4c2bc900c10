#include "cli/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/recorded.h"

/* The lines behind the head. */
static void is_events(const struct buf *b, const char *wanted)
{
	const char *p = memchr(buf_data(b), '\n', buf_len(b));
	size_t n;

	assert_non_null(p);
	n = buf_len(b) - (size_t)(p + 1 - buf_data(b));
	assert_int_equal(n, strlen(wanted));
	assert_memory_equal(p + 1, wanted, n);
}

static void begin(struct cast *c, struct buf *b, int version)
{
	buf_init(b);
	cast_begin(c, b, version,
		   &(struct cast_head){ .cols = 80, .rows = 24, .first_us = 1000000 });
}

static void the_head_is_of_its_version(void **state)
{
	struct cast c;
	struct buf b = BUF_INIT;
	json_auto_t *command = json_pack("[s,s,s]", "sh", "-c", "echo it's");
	struct cast_head head = {
		.cols = 100, .rows = 30, .first_us = 7000001, .title = "T", .command = command
	};

	(void)state;
	cast_begin(&c, &b, 3, &head);
	buf_put(&b, "", 1);
	assert_string_equal(buf_data(&b),
			    "{\"version\":3,\"term\":{\"cols\":100,\"rows\":30,\"type\":\"xterm-"
			    "256color\"},\"timestamp\":7,\"title\":\"T\","
			    "\"command\":\"sh -c 'echo it'\\\\''s'\"}\n");
	buf_clear(&b);
	head.command = NULL;
	cast_begin(&c, &b, 2, &head);
	buf_put(&b, "", 1);
	assert_string_equal(buf_data(&b), "{\"version\":2,\"width\":100,\"height\":30,"
					  "\"timestamp\":7,\"title\":\"T\","
					  "\"env\":{\"TERM\":\"xterm-256color\"}}\n");
	buf_fini(&b);
}

static void times_are_intervals_or_since_the_beginning(void **state)
{
	struct cast c;
	struct buf b;

	(void)state;
	begin(&c, &b, 3);
	cast_output(&c, 1500000, "a", 1);
	cast_output(&c, 3500001, "b", 1);
	cast_output(&c, 3000000, "c", 1); /* never back */
	cast_resize(&c, 3500002, 90, 20);
	cast_exit(&c, 3500002, 130);
	cast_end(&c);
	is_events(&b, "[0.500000, \"o\", \"a\"]\n[2.000001, \"o\", \"b\"]\n"
		      "[0.000000, \"o\", \"c\"]\n[0.000001, \"r\", \"90x20\"]\n"
		      "[0.000000, \"x\", \"130\"]\n");
	buf_fini(&b);
	begin(&c, &b, 2);
	cast_output(&c, 1500000, "a", 1);
	cast_marker(&c, 3500001, "make", 4);
	cast_exit(&c, 3500002, 0); /* version 2 has none */
	is_events(&b, "[0.500000, \"o\", \"a\"]\n[2.500001, \"m\", \"make\"]\n");
	buf_fini(&b);
}

static void a_character_is_never_torn(void **state)
{
	struct cast c;
	struct buf b;

	(void)state;
	begin(&c, &b, 3);
	cast_output(&c, 1000001, "x\xf0\x9f", 3);
	cast_output(&c, 1000002, "\x98", 1);
	cast_output(&c, 1000003, "\x80y", 2);
	cast_output(&c, 1000004, "\xe2\x82", 2); /* its end never comes */
	cast_resize(&c, 1000005, 1, 1);
	cast_output(&c, 1000006, "\xff\x80z", 3);
	cast_end(&c);
	is_events(&b, "[0.000001, \"o\", \"x\"]\n[0.000002, \"o\", \"\xf0\x9f\x98\x80y\"]\n"
		      "[0.000001, \"o\", \"\xef\xbf\xbd\"]\n[0.000001, \"r\", \"1x1\"]\n"
		      "[0.000001, \"o\", \"\xef\xbf\xbd\xef\xbf\xbdz\"]\n");
	buf_fini(&b);
}

static void times_are_understood(void **state)
{
	const uint64_t first = 1795460000000000, last = 1795463600000000; /* an hour */
	uint64_t t;

	(void)state;
	assert_true(recorded_parse_time("90s", first, last, &t));
	assert_true(t == first + 90000000);
	assert_true(recorded_parse_time("-10m", first, last, &t));
	assert_true(t == last - 600000000);
	assert_true(recorded_parse_time("-999999h", first, last, &t));
	assert_true(recorded_parse_time("@1795460007.5", first, last, &t));
	assert_true(t == 1795460007500000);
	setenv("TZ", "UTC", 1);
	assert_true(recorded_parse_time("2026-11-23 19:00:01", first, last, &t));
	assert_true(t == 1795460401000000);
	assert_true(recorded_parse_time("19:00", first, last, &t));
	assert_true(t == 1795460400000000);
	assert_false(recorded_parse_time("", first, last, &t));
	assert_false(recorded_parse_time("-", first, last, &t));
	assert_false(recorded_parse_time("@", first, last, &t));
	assert_false(recorded_parse_time("soon", first, last, &t));
	assert_false(recorded_parse_time("25:00", first, last, &t));
	assert_false(recorded_parse_time("19:00 or so", first, last, &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head_is_of_its_version),
		cmocka_unit_test(times_are_intervals_or_since_the_beginning),
		cmocka_unit_test(a_character_is_never_torn),
		cmocka_unit_test(times_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
