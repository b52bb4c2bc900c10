#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/draw_rig.h"

static void test_a_screen_is_drawn_as_it_is(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 10);
	rig_show(&r, "hello\r\n\033[1;3;31mred\033[m \033[44mblue\033[K\033[m\r\n");
	rig_show(&r, "\033[5;10Hmiddle\033[38;2;1;2;3m rgb \033[48;5;200m x \033[m");
	rig_show(&r, "\033[4:3;58:2::9:8:7mcurly\033[24m \033[53mover\033[9;8mhid\033[m");
	rig_show(&r, "\033[10;38Habc\033[Hfirst");
	rig_show(&r, "\033[2J");
	rig_fini(&r);
}

static void test_nothing_changed_costs_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 80, 24);
	rig_show(&r, "hello \033[7mworld\033[m");
	rig_show(&r, "");
	assert_int_equal(r.n_frame, 0);
	rig_show(&r, "\033[H\033[2Jhello \033[7mworld\033[m");
	assert_int_equal(r.n_frame, 0);
	rig_fini(&r);
}

static void test_a_typed_character_costs_its_byte(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 80, 24);
	rig_show(&r, "$ l");
	rig_show(&r, "s");
	assert_int_equal(r.n_frame, 1);
	rig_show(&r, "\b \b");
	assert_in_range(r.n_frame, 1, 5);
	rig_show(&r, "\r\n$ ");
	assert_in_range(r.n_frame, 1, 6);
	rig_fini(&r);
}

static void test_one_character_anywhere_costs_less_than_forty_bytes(void **state)
{
	struct rig r;
	char text[64];

	(void)state;
	rig_init(&r, 200, 60);
	for (int i = 0; i < 60; i++) {
		(void)snprintf(text, sizeof(text), "\033[%d;1H%0*d", i + 1, 50, i * 7919);
		rig_show(&r, text);
	}
	srand(1);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof(text), "\0337\033[%d;%dH\033[1;%dm%c\0338",
			       1 + rand() % 60, 1 + rand() % 200, 31 + rand() % 7,
			       'a' + rand() % 26);
		rig_show(&r, text);
		assert_in_range(r.n_frame, 0, 39);
	}
	rig_fini(&r);
}

static void test_scrolled_rows_are_moved_and_not_drawn_again(void **state)
{
	struct rig r;
	char text[128];

	(void)state;
	rig_init(&r, 80, 24);
	for (int i = 0; i < 60; i++) {
		(void)snprintf(text, sizeof(text), "line %d of a longer text\r\n", i * 31);
		rig_show(&r, text);
	}
	assert_in_range(r.n_frame, 1, 60);
	rig_show(&r, "\033[5;20r\033[20;1H\n\n\n");
	assert_in_range(r.n_frame, 1, 60);
	rig_show(&r, "\033[5;1H\033M\033M");
	assert_in_range(r.n_frame, 1, 60);
	rig_show(&r, "\033[r\033[3;1H\033[2L\033[10;1H\033[M");
	assert_in_range(r.n_frame, 1, 100);
	rig_fini(&r);
}

static void number_lines(struct rig *r, int first)
{
	char text[128];

	for (int y = 0; y < 20; y++) {
		(void)snprintf(text, sizeof(text),
			       "\033[%d;1H\033[33m%2d\033[m %d: a line of %d text", y + 1,
			       y > 9 ? y - 9 : 9 - y, first + y, (first + y) * 7919);
		rig_feed(r->pane, text);
	}
	rig_show(r, "");
}

static void test_text_is_moved_beside_what_stays(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 80, 24);
	rig_show(&r, "\033[24;1Hstatus\033[3;70Hx");
	number_lines(&r, 100);
	number_lines(&r, 101);
	assert_in_range(r.n_frame, 1, 350);
	number_lines(&r, 99);
	assert_in_range(r.n_frame, 1, 600);
	rig_fini(&r);
}

static void test_wide_characters_and_clusters_keep_their_columns(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 20, 6);
	rig_show(&r, "日本語|端末\r\n한국어|e\xcc\x81|👩‍👩‍👧|🇩🇪🇫🇷|"
		     "❤️x\r\n");
	rig_show(&r, "\033[1;2Hx\033[2;1Hyy\033[1;6H\033[P");
	rig_show(&r, "\033[3;1H\xe1\x84\x80\033[3;3H\xe1\x85\xa1|");
	rig_show(&r, "\033[4;1H🇩\033[4;2H🇪\033[4;3H🇫");
	rig_show(&r, "\033[5;1H\xe0\xa4\x95\033[5;2H\xe0\xa4\x83\033[5;3Hक्\033[5;4Hष");
	rig_show(&r, "\033[2;9H  \033[5;19H日\033[5;20Hz\033[6;19H日");
	rig_show(&r, "\033[2;9H👩\xf0\x9f\x8f\xbd\033[H\033[@\033[@");
	rig_fini(&r);
}

static void test_links_are_drawn_with_an_address_that_cannot_break_out(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	rig_show(&r, "\033]8;;https://example.org/a?b;c\033\\link\033]8;;\033\\ no "
		     "\033]8;id=x;file:///tmp\033\\other\033]8;;\033\\");
	rig_show(&r, "\033[H\033]8;;http://b/\033\\LI");
	rig_feed(r.pane, "\033[3H\033]8;;http://\xc3\xa9 \xff/\033\\");
	rig_feed(r.pane, "bad");
	assert_int_equal(draw_frame(r.draw, r.pane, &r.out), 0);
	for (size_t i = 0; i < buf_len(&r.out); i++)
		assert_in_range((unsigned char)buf_data(&r.out)[i], 0x08, 0x7e);
	buf_put_char(&r.out, '\0');
	assert_non_null(strstr(buf_data(&r.out), ";http://%C3%A9%20%FF/\033\\"));
	rig_fini(&r);
}

static void test_cursor_and_titles_follow_the_pane(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	rig_show(&r, "\033[?25l\033]2;one\a");
	rig_show(&r, "\033[?25h\033[5 q\033]0;two \xc3\xa9\a");
	rig_show(&r, "\033[2 q\033]1;icon\a");
	rig_show(&r, "\033[4 q\033]2;\a\033[2;40Hx");
	rig_show(&r, "\033[0 q");
	rig_fini(&r);
}

static bool user_has(const struct rig *r, enum vt_mode m)
{
	return vt_mode(r->user, m);
}

static void test_modes_of_the_pane_are_switched_at_the_terminal(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	rig_show(&r, "\033[?1000;1004;2004h\033[>5u\033=");
	assert_true(user_has(&r, VT_MODE_MOUSE_NORMAL) && user_has(&r, VT_MODE_MOUSE_SGR));
	assert_true(user_has(&r, VT_MODE_FOCUS) && user_has(&r, VT_MODE_PASTE));
	assert_true(user_has(&r, VT_MODE_DECNKM));
	assert_int_equal(vt_kitty_flags(r.user), 5);
	rig_show(&r, "\033[?1002h\033[=1u\033>");
	assert_true(user_has(&r, VT_MODE_MOUSE_DRAG) && !user_has(&r, VT_MODE_MOUSE_NORMAL));
	assert_int_equal(vt_kitty_flags(r.user), 1);
	rig_show(&r, "\033[?1003h\033[<u\033[>4;2m\033[?1049h");
	assert_true(user_has(&r, VT_MODE_MOUSE_ANY));
	assert_int_equal(vt_kitty_flags(r.user), 0);
	assert_int_equal(vt_modify_other_keys(r.user), 2);
	rig_show(&r, "\033[?1003;1004;2004l\033[>4m");
	assert_false(user_has(&r, VT_MODE_MOUSE_ANY) || user_has(&r, VT_MODE_MOUSE_SGR));
	assert_false(user_has(&r, VT_MODE_PASTE));
	assert_true(user_has(&r, VT_MODE_ALT_SCROLL));
	assert_int_equal(vt_modify_other_keys(r.user), 0);
	rig_fini(&r);
}

static uint64_t user_modes(const struct vt *vt)
{
	uint64_t modes = 0;

	for (int m = 0; m < VT_N_MODES; m++)
		modes |= vt_mode(vt, (enum vt_mode)m) ? 1ull << m : 0;
	return modes;
}

static void test_leaving_gives_the_terminal_back_as_it_was(void **state)
{
	struct rig r;
	struct vt *fresh = vt_new(40, 4, NULL, NULL, NULL);
	struct seen a[40], b[40];
	struct buf undo = BUF_INIT;

	(void)state;
	rig_init(&r, 40, 4);
	vt_feed(fresh, ENTERED, strlen(ENTERED));
	rig_show(&r, "\033]0;t\a\033[?1003;1004;2004h\033[>31u\033=\033[?25l\033[3 q\033[41;1mx"
		     "\033]8;;http://a/\033\\link\033[2;3r");
	draw_undo(r.draw, &undo);
	assert_in_range(buf_len(&undo), 1, DRAW_UNDO_MAX);
	draw_leave(r.draw, &r.out);
	assert_memory_equal(buf_data(&undo), buf_data(&r.out), buf_len(&r.out));
	rig_give(&r);
	assert_false(vt_is_alternate(r.user));
	assert_true(user_modes(r.user) == (user_modes(fresh) | 1ull << VT_MODE_CURSOR_BLINK));
	assert_int_equal(vt_kitty_flags(r.user), 0);
	assert_string_equal(vt_title(r.user, VT_TITLE_WINDOW), "");
	rig_feed(r.user, "!");
	rig_feed(fresh, "!");
	seen_line(r.user, 0, 0, a, 40);
	seen_line(fresh, 0, 0, b, 40);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		assert_true(seen_is_same(&a[i], &b[i]));
	draw_enter(r.draw, &r.out);
	rig_show(&r, "again");
	draw_leave(r.draw, &r.out);
	rig_give(&r);
	draw_undo(r.draw, &r.out);
	assert_int_equal(buf_len(&r.out), 0);
	vt_free(fresh);
	buf_fini(&undo);
	rig_fini(&r);
}

static void test_what_was_learned_later_is_not_undone_if_it_was_not_done(void **state)
{
	struct termcaps late;
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	late = r.caps;
	r.caps.features = TERMCAPS_UTF8;
	draw_leave(r.draw, &r.out);
	draw_set_caps(r.draw, &r.caps);
	draw_enter(r.draw, &r.out);
	rig_give(&r);
	draw_set_caps(r.draw, &late);
	rig_frame(&r);
	buf_clear(&r.out);
	draw_leave(r.draw, &r.out);
	buf_put_char(&r.out, '\0');
	assert_null(strstr(buf_data(&r.out), "\033[?1049l"));
	assert_null(strstr(buf_data(&r.out), "\033[23;0t"));
	rig_fini(&r);
}

static void test_a_larger_pane_is_shown_around_its_cursor(void **state)
{
	const int pane[2] = { 100, 50 }, user[2] = { 30, 10 };
	struct rig r;
	char text[64];
	int top, left;

	(void)state;
	rig_init_sizes(&r, pane, user);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(text, sizeof(text), "\033[%d;%dH%d日x日%d", i + 1, 2 * i + 1, i, i);
		rig_show(&r, text);
	}
	rig_show(&r, "\033[50;90H|");
	draw_offset(r.draw, &top, &left);
	assert_int_equal(top, 40);
	assert_true(left > 0);
	rig_show(&r, "\033[H");
	draw_offset(r.draw, &top, &left);
	assert_int_equal(top + left, 0);
	rig_fini(&r);
}

static void test_a_smaller_pane_leaves_the_rest_blank(void **state)
{
	const int pane[2] = { 20, 5 }, user[2] = { 50, 12 };
	struct rig r;

	(void)state;
	rig_init_sizes(&r, pane, user);
	rig_show(&r, "\033[44m\033[2J\033[Hblue all over, wrapped at twenty\r\n\n\n\n\n\nend");
	assert_int_equal(vt_resize(r.pane, 60, 15), 0);
	rig_show(&r, "\033[15;60Hx\033[14;1Hy");
	assert_int_equal(vt_resize(r.pane, 10, 3), 0);
	rig_show(&r, "");
	rig_fini(&r);
}

static void test_a_resized_terminal_is_drawn_anew(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 10);
	rig_show(&r, "one\r\ntwo\r\n\033[7mthree");
	assert_int_equal(vt_resize(r.user, 60, 8), 0);
	assert_int_equal(draw_resize(r.draw, 60, 8), 0);
	rig_show(&r, "");
	rig_feed(r.user, "\033[3;3Hrubbish\033[41m");
	draw_forget(r.draw);
	rig_show(&r, "");
	rig_fini(&r);
}

static void test_an_update_is_awaited(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	rig_feed(r.pane, "\033[?2026hhalf");
	assert_int_equal(draw_frame(r.draw, r.pane, &r.out), DRAW_E_SYNCED);
	assert_int_equal(buf_len(&r.out), 0);
	rig_show(&r, " whole\033[?2026l");
	rig_fini(&r);
}

static void test_bell_clipboard_and_notices_are_passed_on_if_known(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	draw_bell(r.draw);
	draw_bell(r.draw);
	draw_clipboard(r.draw, "c", "te\033xt", 5);
	draw_notify(r.draw, "a;b", "body\033]0;x\a");
	rig_show(&r, "");
	assert_int_equal(r.n_bells, 1);
	assert_string_equal(r.clipboard, "c:te\033xt");
	assert_string_equal(r.notice, "a b|body ]0;x ");
	r.caps.features &=
		~(uint32_t)(TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_777 | TERMCAPS_NOTIFY_9);
	draw_set_caps(r.draw, &r.caps);
	rig_show(&r, "");
	draw_clipboard(r.draw, "c", "text", 4);
	draw_notify(r.draw, "", "body");
	rig_show(&r, "");
	assert_int_equal(r.n_frame, 0);
	rig_fini(&r);
}

static void test_colours_are_those_that_the_pane_means(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	rig_show(&r, "\033[31mred \033[m plain\r\n");
	rig_show(&r, "\033]4;1;#123456\a");
	rig_show(&r, "\033]11;#202020\a\033]10;#fefefe\a");
	rig_show(&r, "\033[?5h");
	rig_show(&r, "\033]104\a\033]110\a\033]111\a\033[?5l");
	rig_fini(&r);
}

static void test_without_memory_nothing_is_broken(void **state)
{
	struct rig r;

	(void)state;
	for (int n = 0; n < 60; n++) {
		int result;

		rig_init(&r, 40, 6);
		rig_feed(r.pane,
			 "\033]2;title\a\033]8;;http://a/\033\\link \033[1;31mbold e\xcc\x81");
		draw_clipboard(r.draw, "c", "text", 4);
		mem_fail_after(n);
		result = draw_frame(r.draw, r.pane, &r.out);
		mem_fail_after(-1);
		assert_true(result <= 0);
		/* What was appended is whole, or to be discarded. */
		if (!result)
			rig_give(&r);
		buf_clear(&r.out);
		draw_forget(r.draw);
		rig_frame(&r);
		for (int y = 0; y < 6; y++)
			rig_check_row(&r, y, 0, 0);
		rig_fini(&r);
	}
	mem_fail_after(2);
	assert_null(draw_new(80, 24, &r.caps));
	mem_fail_after(-1);
}

/* A terminal that knows next to nothing: the text is right, and no sequence is
 * sent but those of a VT100. */
static void test_a_simple_terminal_gets_simple_sequences(void **state)
{
	struct rig r;
	struct termcaps none = { .colors = TERMCAPS_8 };

	(void)state;
	rig_init(&r, 40, 6);
	draw_set_caps(r.draw, &none);
	rig_feed(r.pane,
		 "plain \033[1;31mred\033[m \033[48;2;0;0;200mbg\033[K\033[m\r\n\xe6\x97\xa5"
		 "x\xcc\x81 \033[4:3;58:5:1mcurly\033[3;9mx\033[m\033]8;;http://a\033\\l"
		 "\033]2;t\a\033[?1000;2004h\033[>1u\033[5 q");
	assert_int_equal(draw_frame(r.draw, r.pane, &r.out), 0);
	buf_put_char(&r.out, '\0');
	for (const char *s = buf_data(&r.out); (s = strchr(s, '\033')); s++) {
		assert_int_equal(s[1], '[');
		s += 2;
		s += *s == '?';
		s += strspn(s, "0123456789;");
		if (!strchr("ABCDHJKmhl", *s))
			fail_msg("sent CSI %c", *s);
	}
	assert_null(strpbrk(buf_data(&r.out), ":>="));
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_screen_is_drawn_as_it_is),
		cmocka_unit_test(test_nothing_changed_costs_nothing),
		cmocka_unit_test(test_a_typed_character_costs_its_byte),
		cmocka_unit_test(test_one_character_anywhere_costs_less_than_forty_bytes),
		cmocka_unit_test(test_scrolled_rows_are_moved_and_not_drawn_again),
		cmocka_unit_test(test_text_is_moved_beside_what_stays),
		cmocka_unit_test(test_wide_characters_and_clusters_keep_their_columns),
		cmocka_unit_test(test_links_are_drawn_with_an_address_that_cannot_break_out),
		cmocka_unit_test(test_cursor_and_titles_follow_the_pane),
		cmocka_unit_test(test_modes_of_the_pane_are_switched_at_the_terminal),
		cmocka_unit_test(test_leaving_gives_the_terminal_back_as_it_was),
		cmocka_unit_test(test_what_was_learned_later_is_not_undone_if_it_was_not_done),
		cmocka_unit_test(test_a_larger_pane_is_shown_around_its_cursor),
		cmocka_unit_test(test_a_smaller_pane_leaves_the_rest_blank),
		cmocka_unit_test(test_a_resized_terminal_is_drawn_anew),
		cmocka_unit_test(test_an_update_is_awaited),
		cmocka_unit_test(test_bell_clipboard_and_notices_are_passed_on_if_known),
		cmocka_unit_test(test_colours_are_those_that_the_pane_means),
		cmocka_unit_test(test_without_memory_nothing_is_broken),
		cmocka_unit_test(test_a_simple_terminal_gets_simple_sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
