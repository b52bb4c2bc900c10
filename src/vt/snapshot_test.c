#include "vt/snapshot.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vt *terminal(int cols, int rows, const char *bytes)
{
	struct vt *vt = vt_new(cols, rows, NULL, NULL, NULL);

	assert_non_null(vt);
	vt_feed(vt, bytes, strlen(bytes));
	return vt;
}

/* Free the result with mem_free(). */
static char *take_with(const struct vt *vt, const struct snapshot_opts *opts)
{
	struct buf out = BUF_INIT;
	char *s;

	assert_int_equal(snapshot_write(vt, opts, &out), 0);
	s = buf_steal_str(&out);
	assert_non_null(s);
	return s;
}

static char *take(const struct vt *vt, enum snapshot_format format)
{
	const struct snapshot_opts opts = { .format = format, .n_history = SNAPSHOT_ALL };

	return take_with(vt, &opts);
}

static void check_text(const char *bytes, struct snapshot_opts opts, const char *text)
{
	struct vt *vt = terminal(10, 4, bytes);
	char *s = take_with(vt, &opts);

	assert_string_equal(s, text);
	mem_free(s);
	vt_free(vt);
}

#define OPTS(...) ((struct snapshot_opts){ __VA_ARGS__ })
#define SEVEN_LINES "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7"

static void test_text_leaves_out_blanks_that_nothing_follows(void **state)
{
	(void)state;
	check_text("", OPTS(0), "");
	check_text("hello", OPTS(0), "hello\n");
	check_text("a\033[3;3Hb\033[44m\033[K", OPTS(0), "a\n\n  b\n");
	check_text("a", OPTS(.wants_blank_lines = true), "a\n\n\n\n");
	check_text("typed  ", OPTS(0), "typed  \n");
}

static void test_text_joins_what_was_wrapped(void **state)
{
	(void)state;
	check_text("0123456789abc\r\nx", OPTS(0), "0123456789\nabc\nx\n");
	check_text("0123456789abc\r\nx", OPTS(.is_joined = true), "0123456789abc\nx\n");
}

static void test_history_comes_first_and_can_be_paged(void **state)
{
	(void)state;
	check_text(SEVEN_LINES, OPTS(0), "4\n5\n6\n7\n");
	check_text(SEVEN_LINES, OPTS(.n_history = 2), "2\n3\n4\n5\n6\n7\n");
	check_text(SEVEN_LINES, OPTS(.n_history = SNAPSHOT_ALL), "1\n2\n3\n4\n5\n6\n7\n");
	check_text(SEVEN_LINES, OPTS(.n_history = 3, .n_skip = 1, .has_no_screen = true), "1\n2\n");
	check_text(SEVEN_LINES, OPTS(.n_history = 3, .n_skip = 9, .has_no_screen = true), "");
	check_text(SEVEN_LINES, OPTS(.n_history = -1), "4\n5\n6\n7\n");
}

static void test_json_has_the_documented_shape(void **state)
{
	struct vt *vt = terminal(6, 2,
				 "\033]2;t\"\\\a\033[31;1;4:3;58;5;9mab\033[0m c\033[48;2;1;2;3m "
				 "\xe6\xbc\xa2");
	char *s = take(vt, SNAPSHOT_JSON);
	const char *lines = strstr(s, ",\"history_lines\"");

	(void)state;
	assert_ptr_equal(strstr(s,
				"{\"cols\":6,\"rows\":2,\"cursor\":{\"row\":1,\"col\":2,"
				"\"visible\":"
				"true,"
				"\"shape\":\"block\"},\"alternate\":false,\"title\":\"t\\\"\\\\\","
				"\"modes\":{\"keyboard_locked\":false,"),
			 s);
	assert_non_null(strstr(s, "\"autowrap\":true"));
	assert_non_null(lines);
	assert_string_equal(lines,
			    ",\"history_lines\":0,\"lines\":["
			    "{\"wrapped\":true,\"runs\":["
			    "{\"text\":\"ab\",\"width\":2,\"fg\":1,\"bg\":\"default\",\"underline_"
			    "color\":9,"
			    "\"attrs\":[\"bold\",\"curly_underline\"],\"link\":null},"
			    "{\"text\":\" c\",\"width\":2,\"fg\":\"default\",\"bg\":\"default\","
			    "\"underline_color\":\"default\",\"attrs\":[],\"link\":null},"
			    "{\"text\":\" \",\"width\":1,\"fg\":\"default\",\"bg\":\"#010203\","
			    "\"underline_color\":\"default\",\"attrs\":[],\"link\":null}]},"
			    "{\"wrapped\":false,\"runs\":["
			    "{\"text\":\"\xe6\xbc\xa2\",\"width\":2,\"fg\":\"default\",\"bg\":\"#"
			    "010203\","
			    "\"underline_color\":\"default\",\"attrs\":[],\"link\":null}]}]}");
	mem_free(s);
	vt_free(vt);
}

static void test_json_is_utf8_whatever_the_title_is(void **state)
{
	struct vt *vt = terminal(6, 2,
				 "\033]2;a\xff\xe6\xbc"
				 "b\a");
	char *s = take(vt, SNAPSHOT_JSON);

	(void)state;
	assert_non_null(strstr(s, "\"title\":\"a\xef\xbf\xbd\xef\xbf\xbd"
				  "b\""));
	mem_free(s);
	vt_free(vt);
}

static void test_html_escapes_text_and_distrusts_links(void **state)
{
	struct vt *vt =
		terminal(40, 2,
			 "\033]8;;https://e.org/?a=\"&b\033\\<b>\033]8;;javascript:alert(1)\033\\"
			 "x\033]8;;\033\\\033[7mi");
	char *s = take(vt, SNAPSHOT_HTML);

	(void)state;
	assert_non_null(strstr(s, "<a href=\"https://e.org/?a=&quot;&amp;b\">&lt;b&gt;</a>x"));
	assert_null(strstr(s, "javascript"));
	assert_non_null(strstr(s, "background:#e5e5e5\">i</span>"));
	mem_free(s);
	vt_free(vt);
}

static void test_svg_places_runs_on_a_grid(void **state)
{
	struct vt *vt = terminal(10, 2, "a\033[2;3H\033[41m&");
	char *s = take(vt, SNAPSHOT_SVG);

	(void)state;
	assert_non_null(strstr(s, "width=\"96\" height=\"50\""));
	assert_non_null(
		strstr(s, "<rect x=\"24\" y=\"25\" width=\"8\" height=\"17\" fill=\"#cd0000\"/>"));
	assert_non_null(strstr(s, ">&amp;</text>"));
	mem_free(s);
	vt_free(vt);
}

/* --- ANSI --- */

static struct vt *restore(const struct vt *vt)
{
	static const char other[] = "old\033[5;5Htext\033[?6h\033(0\033[4h\033]2;unfinished";
	char *ansi = take(vt, SNAPSHOT_ANSI);
	struct vt *copy = vt_new(vt_cols(vt), vt_rows(vt), NULL, NULL, NULL);

	assert_non_null(copy);
	/* Not fresh: what the receiver was doing must not matter. */
	vt_feed(copy, other, sizeof(other) - 1);
	vt_feed(copy, ansi, strlen(ansi));
	mem_free(ansi);
	return copy;
}

static bool is_same(const struct vt *a, const struct vt *b, enum snapshot_format format)
{
	char *x = take(a, format), *y = take(b, format);
	bool ret = strcmp(x, y) == 0;

	if (!ret) {
		size_t n = 0;

		while (x[n] && x[n] == y[n])
			n++;
		n -= n < 60 ? n : 60;
		print_error("...%.300s\n---\n...%.300s\n", x + n, y + n);
	}
	mem_free(x);
	mem_free(y);
	return ret;
}

static const char *const streams[] = {
	"hello\r\nworld",
	"0123456789012345678901234567890123456789012345678901234567890123456789",
	"\033[1;31mred\033[0;4:3;58;2;1;2;3mcurl\033[48;5;20m  \033[K\033[m\r\n\033[7m\033[2Kx",
	"\xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 e\xcc\x81 ",
	"\xe2\x9d\xa4\xef\xb8\x8f \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab",
	"\033[?2027l\xe2\x9d\xa4\xef\xb8\x8f\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
	"\033[?1h\033[?25l\033[?2004h\033[?1003h\033[?1006h\033=\033[20h\033[?7l\033[?5h",
	"\033[3;5r\033[?69h\033[2;9s\033[?6h\033[2;2Hxyz\033[4h",
	"main\0337\033[?1049halt\033[>5u\033[31m\033[3 q",
	"\033[5;5H\033(0\033[1m\0337\033[H\033(Bq\033)0\016qx",
	"\033[3g\033[5G\033H\tx\033[?5W\033[9G\033[g",
	"\033]2;title\033\\\033[22t\033]0;other\a\033]4;1;#ff0000\a\033]10;#123456\a",
	"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n11\r\n12\r\n13",
	"\033]8;id=a;http://x/y\033\\link\033]8;;\033\\ \033[1\"qprotected\033[0\"q\033[?2J",
	"\033#6double\r\n\033#3top\r\n\033#4bottom",
	"\033[>1u\033[>3u\033[>4;2m\033[?1s\033[?1h\033[?7s",
	"\033[2;2H\xe6\xbc\xa2\033[2;3Hx\033[31m\xe6\xbc\xa2\033[2;5Hy\033[1;1;3;3;1;44$r",
	"\033[1;20Hx\033[8;20Hlast row wraps\033[8;20Hz",
	"\033[62\"p\033[?45h\033[2*x\033[1#y\033[1;31m\033[#{\033[m",
	"ab\033[5b\033[?2026h",
	"\033[2;6r\033[?6h\033[9;9H\0337\033[r\0338",
	"\033]2;a\302\001\234b\302\001\302\001\235c\a",
	"\033[4h\033[8;16H\033[1\"qab  \033[8;21H  \033[?2J\033[8;1Hx",
};

static void test_a_restored_terminal_is_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct vt *vt = terminal(20, 8, streams[i]), *copy = restore(vt);

		if (!is_same(vt, copy, SNAPSHOT_JSON) || !is_same(vt, copy, SNAPSHOT_ANSI))
			fail_msg("stream %zu", i);
		vt_free(vt);
		vt_free(copy);
	}
}

static void test_a_stream_goes_on_behind_a_snapshot_at_any_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct vt *whole = terminal(20, 8, streams[i]);

		for (size_t n = 0; n < strlen(streams[i]); n++) {
			struct vt *vt = terminal(20, 8, ""), *copy;

			vt_feed(vt, streams[i], n);
			copy = restore(vt);
			vt_feed(copy, streams[i] + n, strlen(streams[i]) - n);
			if (!is_same(whole, copy, SNAPSHOT_JSON))
				fail_msg("stream %zu, cut at %zu", i, n);
			vt_free(vt);
			vt_free(copy);
		}
		vt_free(whole);
	}
}

/* Pieces of all streams in any order. */
static void test_random_terminals_are_restored(void **state)
{
	(void)state;
	srand(11);
	for (int round = 0; round < 1500; round++) {
		int cols = 4 + rand() % 30, rows = 3 + rand() % 9;
		struct vt *vt = terminal(cols, rows, ""), *copy;

		for (int i = rand() % 6; i >= 0; i--) {
			const char *s = streams[(size_t)rand() % ARRAY_LEN(streams)];
			size_t from = (size_t)rand() % strlen(s);

			/* A double-width line may hold more than it shows, after a resize
			 * or an erasure; that cannot be painted. */
			if (strstr(s, "\033#"))
				continue;
			vt_feed(vt, s + from, (size_t)rand() % (strlen(s) - from));
		}
		copy = restore(vt);
		if (!is_same(vt, copy, SNAPSHOT_JSON))
			fail_msg("round %d", round);
		vt_free(vt);
		vt_free(copy);
	}
}

static void test_lines_alone_do_not_touch_the_receiver(void **state)
{
	struct vt *vt = terminal(10, 2, "\033[31mred\033[m\r\n2\r\n3\r\n4");
	const struct snapshot_opts opts = { .format = SNAPSHOT_ANSI,
					    .n_history = 2,
					    .has_no_screen = true };
	char *s = take_with(vt, &opts);

	(void)state;
	assert_string_equal(s, "\033[0;31mred\033[m\r\n2\r\n");
	mem_free(s);
	vt_free(vt);
}

static void test_running_out_of_memory_is_told(void **state)
{
	struct vt *vt = terminal(20, 8, streams[3]);
	struct buf out = BUF_INIT;
	int r;

	(void)state;
	for (int f = SNAPSHOT_TEXT; f <= SNAPSHOT_SVG; f++) {
		const struct snapshot_opts opts = { .format = (enum snapshot_format)f };

		for (long n = 0;; n++) {
			buf_fini(&out);
			buf_init(&out);
			mem_fail_after(n);
			r = snapshot_write(vt, &opts, &out);
			mem_fail_after(-1);
			if (!r)
				break;
			assert_int_equal(r, -ENOMEM);
			assert_true(n < 100);
		}
	}
	buf_fini(&out);
	vt_free(vt);
}

static void test_formats_have_names(void **state)
{
	enum snapshot_format f;

	(void)state;
	assert_true(snapshot_format_find("svg", &f));
	assert_int_equal(f, SNAPSHOT_SVG);
	assert_false(snapshot_format_find("png", &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_leaves_out_blanks_that_nothing_follows),
		cmocka_unit_test(test_text_joins_what_was_wrapped),
		cmocka_unit_test(test_history_comes_first_and_can_be_paged),
		cmocka_unit_test(test_json_has_the_documented_shape),
		cmocka_unit_test(test_json_is_utf8_whatever_the_title_is),
		cmocka_unit_test(test_html_escapes_text_and_distrusts_links),
		cmocka_unit_test(test_svg_places_runs_on_a_grid),
		cmocka_unit_test(test_a_restored_terminal_is_the_same),
		cmocka_unit_test(test_a_stream_goes_on_behind_a_snapshot_at_any_byte),
		cmocka_unit_test(test_random_terminals_are_restored),
		cmocka_unit_test(test_lines_alone_do_not_touch_the_receiver),
		cmocka_unit_test(test_running_out_of_memory_is_told),
		cmocka_unit_test(test_formats_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
