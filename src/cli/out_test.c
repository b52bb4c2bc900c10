#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

static struct buf b;

static void expect(const char *want)
{
	buf_put_char(&b, '\0');
	assert_string_equal(buf_data(&b), want);
	buf_clear(&b);
}

static void text_of_others_cannot_drive_the_terminal(void **state)
{
	static const char evil[] = "a\033[31mb\x9b\x07\n\tc\x7f\xff";

	(void)state;
	out_put_safe(&b, evil, sizeof(evil) - 1);
	expect("a\\x1b[31mb\357\277\275\\x07\\n\\tc\\x7f\357\277\275");
	/* C1 controls in UTF-8 are controls too */
	out_put_safe(&b, "\302\233", 2);
	expect("\\x9b");
	out_put_safe(&b, "gr\303\274n", 5);
	expect("gr\303\274n");
}

static void numbers_are_short(void **state)
{
	(void)state;
	out_put_bytes(&b, 0);
	expect("0");
	out_put_bytes(&b, 999);
	expect("999");
	out_put_bytes(&b, 1000);
	expect("1.0K");
	out_put_bytes(&b, 10485760);
	expect("10M");
	out_put_bytes(&b, 1023u << 10);
	expect("1.0M");
	out_put_age(&b, 59999999);
	expect("59s");
	out_put_age(&b, 3600000000ull);
	expect("1h");
	out_put_ns(&b, 820);
	expect("820ns");
	out_put_ns(&b, 14200);
	expect("14us");
	out_put_ns(&b, 3210000);
	expect("3.2ms");
	out_put_ns(&b, 1500000000);
	expect("1.5s");
}

static void a_failure_says_what_and_what_next(void **state)
{
	struct fail f;

	(void)state;
	(void)fail_set(&f, FAIL_PANE_NOT_FOUND, "p9");
	out_failure_text(&f, &b);
	expect("no such pane p9; `orchflow ls` lists them");
	(void)fail_setf(&f, FAIL_COMMAND_NOT_FOUND, "command", "%s", "nosuch");
	fail_hint(&f, "look into PATH");
	out_failure_text(&f, &b);
	expect("the command was not found: nosuch; look into PATH");
	(void)fail_set(&f, FAIL_SESSION_EXISTS, "work");
	out_failure_text(&f, &b);
	expect("a session of that name exists: work; choose another name");
	(void)fail_setf(&f, FAIL_INVALID_PARAMS, "cwd", "must be an absolute path");
	out_failure_text(&f, &b);
	expect("invalid parameters: cwd: must be an absolute path");
	(void)fail_setf(&f, FAIL_INVALID_PARAMS, "pane", "pane is required");
	out_failure_text(&f, &b);
	expect("invalid parameters: pane is required");
	memset(&f, 0, sizeof(f));
	strcpy(f.detail, "no server"); /* NOLINT: it fits */
	out_failure_text(&f, &b);
	expect("no server");
}

static void statuses_are_told_and_become_exit_codes(void **state)
{
	json_auto_t *code = json_pack("{s:i}", "code", 3);
	json_auto_t *killed = json_pack("{s:i, s:s}", "signal", 9, "name", "KILL");
	json_auto_t *killed2 = json_pack("{s:i, s:s}", "signal", 15, "name", "SIGTERM");

	(void)state;
	server_put_status(&b, code);
	expect("exited with status 3");
	assert_int_equal(server_exit_code(code), 3);
	server_put_status(&b, killed);
	expect("killed by SIGKILL (9)");
	assert_int_equal(server_exit_code(killed), 137);
	server_put_status(&b, killed2);
	expect("killed by SIGTERM (15)");
	server_put_status(&b, json_null());
	expect("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_others_cannot_drive_the_terminal),
		cmocka_unit_test(numbers_are_short),
		cmocka_unit_test(a_failure_says_what_and_what_next),
		cmocka_unit_test(statuses_are_told_and_become_exit_codes),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	buf_fini(&b);
	return r;
}
