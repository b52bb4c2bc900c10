#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "vt/check.h"
#include "vt/scan.h"
#include "vt/term.h"
#include "vt/test_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void feed(struct vt *vt, const char *text)
{
	vt_feed(vt, text, strlen(text));
}

static void assert_same(const struct vt *a, const struct vt *b)
{
	const char *what;

	if (vt_differ(a, b, &what)) {
		print_error("seed %u: %s differ\n", seed, what);
		fail();
	}
}

static void the_screen_does_not_depend_on_how_bytes_are_cut(void **state)
{
	static char bytes[4096];

	(void)state;
	for (uint32_t round = 0; round < 150; round++) {
		struct vt *a = vt_new(20, 8, NULL, NULL, NULL),
			  *b = vt_new(20, 8, NULL, NULL, NULL);

		seed = round;
		size_t n = random_bytes(bytes, sizeof bytes);

		vt_feed(a, bytes, n);
		for (size_t i = 0; i < n;) {
			size_t k = 1 + rnd(7);

			k = k < n - i ? k : n - i;
			vt_feed(b, bytes + i, k);
			vt_check(b);
			i += k;
		}
		assert_same(a, b);
		vt_free(a);
		vt_free(b);
	}
}

static void all_vector_forms_give_the_same(void **state)
{
	static uint8_t bytes[300];
	static struct cell want[300], got[300];
	static char narrow[300 + SCAN_NARROW_SLACK];

	(void)state;
	seed = 1;
	for (int round = 0; round < 2000; round++) {
		size_t n = rnd(sizeof bytes), printable;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(0x20 + rnd(95));
		if (n && rnd(2))
			bytes[rnd((uint32_t)n)] = (uint8_t)(rnd(2) ? rnd(0x20) : 0x7f + rnd(0x81));
		printable = scan_printable(SCAN_PLAIN, bytes, n);
		scan_widen(SCAN_PLAIN, want, bytes, n, 0x1234567);
		for (int isa = SCAN_PLAIN; isa <= SCAN_NEON; isa++) {
			if (!scan_isa_works((enum scan_isa)isa))
				continue;
			assert_int_equal(scan_printable((enum scan_isa)isa, bytes, n), printable);
			memset(got, 0, sizeof got);
			scan_widen((enum scan_isa)isa, got, bytes, n, 0x1234567);
			assert_memory_equal(got, want, n * sizeof *got);
			scan_narrow((enum scan_isa)isa, narrow, got, printable);
			assert_memory_equal(narrow, bytes, printable);
		}
	}
}

static void a_terminal_without_vectors_shows_the_same(void **state)
{
	static char bytes[8192];
	struct vt *a = vt_new(33, 9, NULL, NULL, NULL), *b = vt_new(33, 9, NULL, NULL, NULL);

	(void)state;
	seed = 7;
	b->isa = SCAN_PLAIN;
	size_t n = random_bytes(bytes, sizeof bytes);

	vt_feed(a, bytes, n);
	vt_feed(b, bytes, n);
	assert_same(a, b);
	vt_free(a);
	vt_free(b);
}

/* Text, colours, wide characters and links, but nothing that moves the cursor
 * upward. */
static void feed_lines(struct vt *vt, int n_lines)
{
	static const char *const words[] = { "plain ",
					     "日本 ",
					     "e\xcc\x81 ",
					     "\e[32mgreen\e[m ",
					     "\e]8;;http://a/\e\\link\e]8;;\e\\ ",
					     "👩‍👩‍👧 ",
					     "\tt " };

	for (int i = 0; i < n_lines; i++) {
		for (uint32_t k = rnd(30); k > 0; k--) {
			const char *word = words[rnd(ARRAY_LEN(words))];

			vt_feed(vt, word, strlen(word));
		}
		feed(vt, "\r\n");
	}
	feed(vt, "prompt$ ");
}

static void narrow_then_wide_is_identity(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		struct vt *a = vt_new(40, 10, NULL, NULL, NULL),
			  *b = vt_new(40, 10, NULL, NULL, NULL);

		seed = round;
		feed_lines(a, (int)(round % 40));
		seed = round;
		feed_lines(b, (int)(round % 40));
		for (uint32_t k = 1 + rnd(4); k > 0; k--) {
			assert_int_equal(vt_resize(a, 2 + (int)rnd(60), 1 + (int)rnd(20)), 0);
			vt_check(a);
		}
		assert_int_equal(vt_resize(a, 40, 10), 0);
		seed = round;
		assert_same(a, b);
		vt_free(a);
		vt_free(b);
	}
}

static void the_cursor_stays_on_its_character(void **state)
{
	(void)state;
	for (int cols = 3; cols < 30; cols++) {
		struct vt *vt = vt_new(20, 6, NULL, NULL, NULL);
		struct vt_cursor c;
		struct row *r;

		feed(vt, "abcdefghijklmnopqrstuvwxyz\e[1;9H");
		assert_int_equal(vt_resize(vt, cols, 12), 0);
		c = vt_cursor(vt);
		r = vt->grid->rows[c.row];
		assert_int_equal(r->cells[c.col].text, 'i');
		vt_free(vt);
	}
}

static void marks_stay_with_their_line(void **state)
{
	struct vt *vt = vt_new(10, 3, NULL, NULL, NULL);
	int row, col;

	(void)state;
	feed(vt, "12345678\e]133;A\e\\90abcd\r\n");
	assert_int_equal(vt_mark_find(vt, 1, &row, &col), 0);
	assert_int_equal(row, 0);
	assert_int_equal(col, 8);
	assert_int_equal(vt_resize(vt, 5, 3), 0);
	assert_int_equal(vt_mark_find(vt, 1, &row, &col), 0);
	assert_int_equal(row, 0); /* its line begins in the history */
	assert_int_equal(col, 3);
	feed(vt, "\r\n\r\n\r\n\r\n");
	assert_int_equal(vt_mark_find(vt, 1, &row, &col), 0);
	assert_true(row < 0);
	feed(vt, "\e[3J");
	assert_int_equal(vt_mark_find(vt, 1, &row, &col), VT_E_GONE);
	vt_free(vt);
}

static void ages_tell_what_changed(void **state)
{
	struct vt *vt = vt_new(10, 4, NULL, NULL, NULL);
	uint64_t age;

	(void)state;
	feed(vt, "one\r\ntwo");
	age = vt_age(vt);
	feed(vt, "\e[3;1Hx");
	assert_true(vt_row_age(vt, 0) <= age);
	assert_true(vt_row_age(vt, 1) <= age);
	assert_true(vt_row_age(vt, 2) > age);
	assert_true(vt_cursor_age(vt) > age);
	assert_true(vt_state_age(vt) <= age);
	age = vt_age(vt);
	feed(vt, "\e[?2004h");
	assert_true(vt_state_age(vt) > age);
	age = vt_age(vt);
	feed(vt, "\e[4;1H\n");
	for (int y = 0; y < 4; y++)
		assert_true(vt_row_age(vt, y) > age);
	vt_free(vt);
}

static int n_calls;

static void count_reply(void *user, const char *bytes, size_t n)
{
	(void)user;
	(void)bytes;
	(void)n;
	n_calls++;
}

static void count_bell(void *user)
{
	(void)user;
	n_calls++;
}

static void nothing_is_called_while_replaying(void **state)
{
	struct vt_callbacks cbs = { .reply = count_reply, .bell = count_bell };
	struct vt *vt = vt_new(10, 4, NULL, &cbs, NULL);

	(void)state;
	n_calls = 0;
	vt_replay(vt, true);
	feed(vt, "\a\e[c\e[5n");
	assert_int_equal(n_calls, 0);
	vt_replay(vt, false);
	feed(vt, "\a\e[5n");
	assert_int_equal(n_calls, 2);
	vt_free(vt);
}

static void any_allocation_may_fail(void **state)
{
	static char bytes[2048];

	(void)state;
	seed = 3;
	size_t n = random_bytes(bytes, sizeof bytes);

	for (long k = 0; k < 400; k++) {
		struct vt *vt;

		mem_fail_after(k);
		vt = vt_new(20, 8, NULL, NULL, NULL);
		if (vt) {
			vt_feed(vt, bytes, n);
			vt_check(vt);
			if (vt_resize(vt, 13, 5) == 0) {
				assert_int_equal(vt_cols(vt), 13);
			} else {
				assert_int_equal(vt_cols(vt), 20);
			}
			vt_check(vt);
			vt_feed(vt, bytes, n / 2);
			vt_check(vt);
		}
		mem_fail_after(-1);
		vt_free(vt);
	}
}

static void many_looks_do_not_grow_the_tables(void **state)
{
	struct vt *vt = vt_new(20, 5, NULL, NULL, NULL);
	char text[64];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int n = snprintf(text, sizeof text, "\e[38;2;%d;%d;7mx\e]8;;u%d\ay e%c\xcc\x81\r\n",
				 i & 255, i >> 8, i, 'a' + i % 26);

		vt_feed(vt, text, (size_t)n);
	}
	vt_check(vt);
	assert_true(vt->styles.size <= 256);
	assert_true(vt->links.size <= 256);
	assert_true(vt->clusters.size <= 256);
	vt_free(vt);
}

static void an_idle_terminal_is_small(void **state)
{
	struct vt *vt = vt_new(150, 50, NULL, NULL, NULL);

	(void)state;
	feed(vt, "\e[32muser@host\e[m:\e[34m~\e[m$ ");
	assert_true(vt_memory(vt) < 10000);
	vt_free(vt);
}

static void endless_strings_are_not_kept(void **state)
{
	struct vt *vt = vt_new(10, 2, NULL, NULL, NULL);
	static char block[1 << 16];

	(void)state;
	memset(block, 'x', sizeof block);
	feed(vt, "\e]2;");
	for (int i = 0; i < 1000; i++)
		vt_feed(vt, block, sizeof block);
	assert_true(vt_memory(vt) < 100000);
	feed(vt, "\aok");
	assert_string_equal(vt_title(vt, VT_TITLE_WINDOW), "");
	vt_free(vt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_screen_does_not_depend_on_how_bytes_are_cut),
		cmocka_unit_test(all_vector_forms_give_the_same),
		cmocka_unit_test(a_terminal_without_vectors_shows_the_same),
		cmocka_unit_test(narrow_then_wide_is_identity),
		cmocka_unit_test(the_cursor_stays_on_its_character),
		cmocka_unit_test(marks_stay_with_their_line),
		cmocka_unit_test(ages_tell_what_changed),
		cmocka_unit_test(nothing_is_called_while_replaying),
		cmocka_unit_test(any_allocation_may_fail),
		cmocka_unit_test(many_looks_do_not_grow_the_tables),
		cmocka_unit_test(an_idle_terminal_is_small),
		cmocka_unit_test(endless_strings_are_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
