#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

static char dir[64], path[80], old_path[80];

static int make_directory(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/log_test.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof path, "%s/log", dir);
	(void)snprintf(old_path, sizeof old_path, "%s/log.1", dir);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	log_close();
	log_set_level(LOG_LEVEL_INFO);
	(void)chmod(dir, 0700);
	(void)unlink(path);
	(void)unlink(old_path);
	return rmdir(dir);
}

/* The file's text in a static buffer. */
static const char *text_of(const char *file)
{
	static char text[65536];
	FILE *f = fopen(file, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void a_record_is_one_line_with_time_level_and_program(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(log_open(path, 0, "testd"), 0);
	log_info("core: made pane=%s", "p7");
	text = text_of(path);
	assert_int_equal(count_lines(text), 1);
	assert_int_equal(text[10], 'T');
	assert_int_equal(text[23], 'Z');
	assert_non_null(strstr(text, " info testd["));
	assert_non_null(strstr(text, "] core: made pane=p7\n"));
}

static void control_characters_cannot_forge_a_record(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(log_open(path, 0, "testd"), 0);
	log_info("name=%s", "a\nb\x1b[2Jc\x7f");
	text = text_of(path);
	assert_int_equal(count_lines(text), 1);
	assert_non_null(strstr(text, "name=a?b?[2Jc?\n"));
}

static void records_above_the_level_are_dropped(void **state)
{
	(void)state;
	assert_int_equal(log_open(path, 0, "testd"), 0);
	log_debug("quiet");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("quiet");
	log_error("loud");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("loud");
	assert_int_equal(count_lines(text_of(path)), 2);
	assert_null(strstr(text_of(path), "quiet"));
}

static void a_long_record_is_cut_and_still_a_line(void **state)
{
	(void)state;
	assert_int_equal(log_open(path, 0, "testd"), 0);
	log_info("%10000d", 1);
	log_info("next");
	assert_int_equal(count_lines(text_of(path)), 2);
	assert_non_null(strstr(text_of(path), "next\n"));
}

static void a_full_file_becomes_the_older_generation(void **state)
{
	(void)state;
	assert_int_equal(log_open(path, 1000, "testd"), 0);
	for (int i = 0; i < 100; i++)
		log_info("record %d", i);
	assert_non_null(strstr(text_of(path), "record 99\n"));
	assert_true(strlen(text_of(path)) <= 1000);
	assert_true(strlen(text_of(old_path)) <= 1000);
	assert_null(strstr(text_of(old_path), "record 99\n"));
}

static void a_reopened_file_is_continued(void **state)
{
	(void)state;
	assert_int_equal(log_open(path, 0, "testd"), 0);
	log_info("one");
	assert_int_equal(log_open(path, 0, "testd"), 0);
	log_info("two");
	assert_int_equal(count_lines(text_of(path)), 2);
}

static void a_path_that_cannot_be_opened_is_said(void **state)
{
	char missing[100];

	(void)state;
	(void)snprintf(missing, sizeof missing, "%s/none/log", dir);
	assert_int_equal(log_open(missing, 0, "testd"), -ENOENT);
}

static int fault_from_below(void)
{
	return err_trace(err_origin(-EIO));
}

static void a_stopped_fault_is_logged_with_its_path_and_cleared(void **state)
{
	struct err_hop hop;
	const char *text;

	(void)state;
	assert_int_equal(log_open(path, 0, "testd"), 0);
	log_fault(fault_from_below(), "loop: read failed fd=%d", 7);
	text = text_of(path);
	assert_int_equal(count_lines(text), 1);
	assert_non_null(strstr(text, " error testd["));
	assert_non_null(strstr(text, "loop: read failed fd=7: Input/output error at "));
	assert_non_null(strstr(text, "(fault_from_below) <- "));
	assert_int_equal(err_hops(&hop, 1), 0);
}

static void logging_allocates_nothing(void **state)
{
	uint64_t before;

	(void)state;
	assert_int_equal(log_open(path, 200, "testd"), 0);
	before = mem_count();
	for (int i = 0; i < 10; i++)
		log_fault(-ENOMEM, "still here");
	assert_int_equal(mem_count(), before);
}

static void level_names_are_known(void **state)
{
	(void)state;
	assert_int_equal(log_parse_level("error"), LOG_LEVEL_ERROR);
	assert_int_equal(log_parse_level("debug"), LOG_LEVEL_DEBUG);
	assert_int_equal(log_parse_level("loud"), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_is_one_line_with_time_level_and_program),
		TEST(control_characters_cannot_forge_a_record),
		TEST(records_above_the_level_are_dropped),
		TEST(a_long_record_is_cut_and_still_a_line),
		TEST(a_full_file_becomes_the_older_generation),
		TEST(a_reopened_file_is_continued),
		TEST(a_path_that_cannot_be_opened_is_said),
		TEST(a_stopped_fault_is_logged_with_its_path_and_cleared),
		TEST(logging_allocates_nothing),
		TEST(level_names_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
