#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/termcaps.h"
#include "vt/style.h"

/* NAME=VALUE strings, ended by NULL. */
static const char *const *environment;

static char *get(const char *name)
{
	static char values[8][64];
	static unsigned i;
	char *value = values[i++ % ARRAY_LEN(values)];
	size_t n = strlen(name);

	for (const char *const *e = environment; *e; e++) {
		if (strncmp(*e, name, n) != 0 || (*e)[n] != '=')
			continue;
		(void)snprintf(value, sizeof(values[0]), "%s", *e + n + 1);
		return value;
	}
	return NULL;
}

static struct termcaps caps_of(const char *const *env)
{
	struct termcaps c;

	environment = env;
	termcaps_init(&c, get);
	return c;
}

#define CAPS(...) caps_of((const char *const[]){ __VA_ARGS__, NULL })

static struct termcaps_answer answer(enum termcaps_answer_kind kind, uint32_t a, uint32_t b)
{
	return (struct termcaps_answer){ .kind = kind, .n_params = 2, .params = { a, b } };
}

static struct termcaps_answer version(const char *text)
{
	return (struct termcaps_answer){ .kind = TERMCAPS_VERSION,
					 .text = text,
					 .n_text = strlen(text) };
}

static void test_the_environment_tells_of_colours(void **state)
{
	(void)state;
	assert_int_equal(CAPS("TERM=xterm-256color").colors, TERMCAPS_256);
	assert_int_equal(CAPS("TERM=xterm-256color", "COLORTERM=truecolor").colors, TERMCAPS_RGB);
	assert_int_equal(CAPS("TERM=foot").colors, TERMCAPS_RGB);
	assert_int_equal(CAPS("TERM=linux").colors, TERMCAPS_16);
	assert_int_equal(CAPS("TERM=vt220").colors, TERMCAPS_MONO);
	assert_int_equal(CAPS("TERM=dumb").colors, TERMCAPS_MONO);
	assert_int_equal(CAPS("LANG=C").colors, TERMCAPS_MONO);
	assert_int_equal(CAPS("TERM=xterm-256color", "NO_COLOR=1").colors, TERMCAPS_256);
}

static void test_variables_from_outside_a_multiplexer_are_not_believed(void **state)
{
	struct termcaps tmux = CAPS("TERM=screen-256color", "VTE_VERSION=6800");
	struct termcaps vte = CAPS("TERM=xterm-256color", "VTE_VERSION=6800");
	struct termcaps ours = CAPS("TERM=xterm-256color", "ORCHFLOW_PANE=p1", "KONSOLE_VERSION=1");

	(void)state;
	assert_false(termcaps_has(&tmux, TERMCAPS_LINKS));
	assert_true(termcaps_has(&vte, TERMCAPS_LINKS));
	assert_true(termcaps_has(&ours, TERMCAPS_CLUSTERS));
}

static void test_only_another_character_set_excludes_utf8(void **state)
{
	struct termcaps latin = CAPS("TERM=xterm", "LANG=de_DE.ISO-8859-1");
	struct termcaps c = CAPS("TERM=xterm", "LC_ALL=C");
	struct termcaps utf8 = CAPS("TERM=xterm", "LC_ALL=C.UTF-8", "LANG=de_DE.ISO-8859-1");

	(void)state;
	assert_false(termcaps_has(&latin, TERMCAPS_UTF8));
	assert_true(termcaps_has(&c, TERMCAPS_UTF8) && termcaps_has(&utf8, TERMCAPS_UTF8));
}

static void test_who_may_print_a_question_is_not_asked(void **state)
{
	static const char *const shy[] = { "TERM=linux", "TERM=vt100", "TERM=dumb",
					   "TERM=unknown" };
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shy); i++) {
		struct termcaps c = CAPS(shy[i]);

		termcaps_ask(&c, &out);
		assert_false(c.is_asking);
		assert_int_equal(buf_len(&out), 0);
	}
	buf_fini(&out);
}

static void test_answers_add_and_take_away(void **state)
{
	struct termcaps c = CAPS("TERM=xterm-256color");
	struct termcaps_answer a = version("foot(1.13.1)");
	struct buf out = BUF_INIT;

	(void)state;
	termcaps_ask(&c, &out);
	assert_true(c.is_asking);
	assert_memory_equal(buf_data(&out) + buf_len(&out) - 3, "\033[c", 3);
	assert_false(termcaps_answer(&c, &a));
	assert_string_equal(c.name, "foot(1.13.1)");
	assert_int_equal(c.colors, TERMCAPS_RGB);
	assert_true(termcaps_has(&c, TERMCAPS_LINKS));
	a = answer(TERMCAPS_KITTY, 0, 0);
	assert_false(termcaps_answer(&c, &a));
	assert_true(termcaps_has(&c, TERMCAPS_KITTY_KEYS));
	a = answer(TERMCAPS_MODE, 2026, 2);
	assert_false(termcaps_answer(&c, &a));
	assert_true(termcaps_has(&c, TERMCAPS_SYNC));
	a = answer(TERMCAPS_MODE, 2004, 0);
	assert_false(termcaps_answer(&c, &a));
	assert_false(termcaps_has(&c, TERMCAPS_PASTE));
	a = answer(TERMCAPS_MODE, 1007, 1);
	assert_false(termcaps_answer(&c, &a));
	assert_true(c.was_alt_scroll);
	a = answer(TERMCAPS_DA1, 62, 4);
	assert_true(termcaps_answer(&c, &a));
	assert_false(termcaps_answer(&c, &a));
	buf_fini(&out);
}

static void test_colours_are_reduced_to_the_nearest(void **state)
{
	(void)state;
	assert_int_equal(termcaps_reduce(TERMCAPS_RGB, COLOR_RGB | 0x123456), COLOR_RGB | 0x123456);
	assert_int_equal(termcaps_reduce(TERMCAPS_256, COLOR_RGB | 0xff0000), COLOR_INDEXED | 196);
	assert_int_equal(termcaps_reduce(TERMCAPS_256, COLOR_RGB | 0x080808), COLOR_INDEXED | 232);
	assert_int_equal(termcaps_reduce(TERMCAPS_256, COLOR_INDEXED | 3), COLOR_INDEXED | 3);
	assert_int_equal(termcaps_reduce(TERMCAPS_16, COLOR_INDEXED | 196), COLOR_INDEXED | 9);
	assert_int_equal(termcaps_reduce(TERMCAPS_16, COLOR_RGB | 0x00d000), COLOR_INDEXED | 2);
	assert_int_equal(termcaps_reduce(TERMCAPS_8, COLOR_INDEXED | 12), COLOR_INDEXED | 4);
	assert_int_equal(termcaps_reduce(TERMCAPS_MONO, COLOR_INDEXED | 12), COLOR_DEFAULT);
	assert_int_equal(termcaps_reduce(TERMCAPS_8, COLOR_DEFAULT), COLOR_DEFAULT);
}

static void test_every_palette_colour_reduces_to_one_that_looks_the_same(void **state)
{
	(void)state;
	for (unsigned i = 16; i < 256; i++) {
		uint32_t c = termcaps_reduce(TERMCAPS_256, COLOR_RGB | termcaps_palette(i));

		assert_int_equal(c & COLOR_KIND, COLOR_INDEXED);
		assert_int_equal(termcaps_palette(c & 255), termcaps_palette(i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_environment_tells_of_colours),
		cmocka_unit_test(test_variables_from_outside_a_multiplexer_are_not_believed),
		cmocka_unit_test(test_only_another_character_set_excludes_utf8),
		cmocka_unit_test(test_who_may_print_a_question_is_not_asked),
		cmocka_unit_test(test_answers_add_and_take_away),
		cmocka_unit_test(test_colours_are_reduced_to_the_nearest),
		cmocka_unit_test(test_every_palette_colour_reduces_to_one_that_looks_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
