/* The table of commands is complete and consistent, and parsed as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/help.h"

#define FOR_EACH_COMMAND(c) for (const struct cli_command *c = cli_commands; c->name; c++)
#define FOR_EACH_OPTION(o, c) for (const struct cli_option *o = (c)->options; o && o->name; o++)

static void every_command_is_documented(void **state)
{
	(void)state;
	FOR_EACH_COMMAND(c)
	{
		assert_non_null(c->operands);
		assert_non_null(c->summary);
		assert_true(islower((unsigned char)c->summary[0]) || c->summary[0] == 'l');
		assert_int_not_equal(c->summary[strlen(c->summary) - 1], '.');
		assert_true(c->run_plain || (c->doc && strlen(c->doc) > 20));
		assert_true((c->run != NULL) != (c->run_plain != NULL));
		assert_true(c->max_operands < 0 || c->max_operands >= c->min_operands);
		/* operands in the synopsis if and only if there may be some */
		assert_true(c->run_plain || (c->max_operands != 0) == (c->operands[0] != '\0'));
		assert_ptr_equal(cli_find_command(c->name), c);
	}
}

static void every_option_is_documented_and_unique(void **state)
{
	(void)state;
	FOR_EACH_COMMAND(c)
	{
		FOR_EACH_OPTION(o, c)
		{
			assert_true(o->doc && strlen(o->doc) > 8);
			assert_true(isupper((unsigned char)o->doc[0]) || o->kind == CLI_CHOICE ||
				    strchr(o->doc, ':'));
			assert_int_not_equal(o->doc[strlen(o->doc) - 1], '.');
			assert_true((o->kind == CLI_CHOICE) == (o->choices != NULL));
			assert_true(o->letter != 'h' && strcmp(o->name, "help") != 0);
			for (const struct cli_option *q = o + 1; q->name; q++) {
				assert_string_not_equal(o->name, q->name);
				assert_true(!o->letter || o->letter != q->letter);
			}
		}
	}
}

static char *printed(void (*print)(FILE *to))
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	print(f);
	(void)fclose(f);
	return text;
}

static void print_bash(FILE *to)
{
	assert_true(complete_print("bash", to));
}

static void print_zsh(FILE *to)
{
	assert_true(complete_print("zsh", to));
}

static void print_fish(FILE *to)
{
	assert_true(complete_print("fish", to));
}

static void expect_in(const char *text, const char *name)
{
	if (!strstr(text, name))
		fail_msg("%s is missing in: %.60s...", name, text);
}

static void manual_and_completions_know_every_command_and_option(void **state)
{
	void (*const prints[])(FILE * to) = { manual_print, print_bash, print_zsh, print_fish };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(prints); i++) {
		char *text = printed(prints[i]);

		FOR_EACH_COMMAND(c)
		{
			expect_in(text, c->name);
			FOR_EACH_OPTION(o, c)
			expect_in(text, o->name);
		}
		free(text);
	}
	assert_false(complete_print("tcsh", stderr));
}

static void a_mistyped_command_is_recognised(void **state)
{
	(void)state;
	assert_string_equal(cli_nearest_command("atach"), "attach");
	assert_string_equal(cli_nearest_command("satus"), "status");
	assert_null(cli_nearest_command("frobnicate"));
}

/* ---- parsing ---- */

#define MAX_WORDS 12

static struct cli_args args;
static struct buf err;
static char words[MAX_WORDS][64];
static char *argv[MAX_WORDS];

/* @line: words separated by single spaces. */
static int parse(const char *line)
{
	int argc = 0;

	for (const char *s = line; *s;) {
		size_t n = strcspn(s, " ");

		assert_true(argc < MAX_WORDS);
		(void)snprintf(words[argc], sizeof(words[argc]), "%.*s", (int)n, s);
		argv[argc] = words[argc];
		argc++;
		s += n;
		s += *s == ' ';
	}
	args_fini(&args);
	buf_clear(&err);
	return args_parse(cli_find_command(words[0]), argc, argv, &args, &err);
}

static void expect_error(const char *line, const char *part)
{
	assert_int_equal(parse(line), ARGS_E_USAGE);
	buf_put_char(&err, '\0');
	if (!strstr(buf_data(&err), part))
		fail_msg("\"%s\" does not say \"%s\"", buf_data(&err), part);
}

static void options_come_in_all_forms(void **state)
{
	(void)state;
	assert_int_equal(parse("new -s web --size=100x30 -cDIR -e A=1 --env B=2 --private"), 0);
	assert_string_equal(args_value(&args, "session"), "web");
	assert_string_equal(args_value(&args, "size"), "100x30");
	assert_string_equal(args_value(&args, "directory"), "DIR");
	assert_true(args_has(&args, "private"));
	assert_false(args_has(&args, "json"));
	size_t pos = 0;
	assert_string_equal(args_each(&args, "env", &pos), "A=1");
	assert_string_equal(args_each(&args, "env", &pos), "B=2");
	assert_null(args_each(&args, "env", &pos));
	assert_int_equal(parse("tail -fn3 p1"), 0);
	assert_true(args_has(&args, "follow"));
	assert_string_equal(args_value(&args, "lines"), "3");
	assert_string_equal(args.operands[0], "p1");
}

static void a_command_line_begins_at_the_first_operand(void **state)
{
	(void)state;
	assert_int_equal(parse("run -k ls -l --json"), 0);
	assert_int_equal(args.n_operands, 3);
	assert_string_equal(args.operands[1], "-l");
	assert_int_equal(parse("run -- -odd name"), 0);
	assert_string_equal(args.operands[0], "-odd");
	assert_int_equal(parse("run a -- b"), 0);
	assert_int_equal(args.n_operands, 3);
	/* while others mix */
	assert_int_equal(parse("kill p1 --tree"), 0);
	assert_true(args_has(&args, "tree"));
	assert_int_equal(parse("send p1 -- -x"), 0);
	assert_string_equal(args.operands[1], "-x");
	assert_int_equal(parse("send p1 -"), 0);
	assert_string_equal(args.operands[1], "-");
}

static void usage_errors_say_what_is_wrong(void **state)
{
	(void)state;
	expect_error("kill --tre p1", "did you mean --tree?");
	expect_error("kill -q", "no option -q");
	expect_error("kill --grace", "needs a value: DURATION");
	expect_error("kill --tree=1", "takes no value");
	expect_error("kill p1 p2", "what is \"p2\"?");
	expect_error("status x", "options only");
	expect_error("send", "missing");
	expect_error("delete", "missing: TARGET");
	expect_error("wait p1 --input x", "--input x: none of line, password, raw, any");
	expect_error("wait p1 --input lin", "none of");
	expect_error("wait p1 --input=", "none of");
	assert_int_equal(parse("run --help"), 0);
	assert_true(args.wants_help);
}

static void sizes_are_columns_by_rows(void **state)
{
	int64_t cols, rows;

	(void)state;
	assert_true(args_parse_size("120x40", &cols, &rows));
	assert_int_equal(cols, 120);
	assert_int_equal(rows, 40);
	assert_true(args_parse_size("0x100000", &cols, &rows)); /* for the server to refuse */
	assert_false(args_parse_size("120", &cols, &rows));
	assert_false(args_parse_size("x40", &cols, &rows));
	assert_false(args_parse_size("120x", &cols, &rows));
	assert_false(args_parse_size("12x40x", &cols, &rows));
	assert_false(args_parse_size("-1x40", &cols, &rows));
	assert_false(args_parse_size("99999999999x40", &cols, &rows));
}

static int tear_down(void **state)
{
	(void)state;
	args_fini(&args);
	buf_fini(&err);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_documented),
		cmocka_unit_test(every_option_is_documented_and_unique),
		cmocka_unit_test(manual_and_completions_know_every_command_and_option),
		cmocka_unit_test(a_mistyped_command_is_recognised),
		cmocka_unit_test(options_come_in_all_forms),
		cmocka_unit_test(a_command_line_begins_at_the_first_operand),
		cmocka_unit_test(usage_errors_say_what_is_wrong),
		cmocka_unit_test(sizes_are_columns_by_rows),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
