#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/draw.h"
#include "vt/unicode.h"

/* A pane, and a second terminal in the place of the user's. */
struct rig {
	struct vt *pane, *user;
	struct draw *draw;
	struct buf out;
	struct termcaps caps;
	size_t n_frame; /* bytes of the last frame */
	unsigned n_bells;
	char clipboard[64], notice[64];
};

static void on_bell(void *user)
{
	((struct rig *)user)->n_bells++;
}

static void on_clipboard(void *user, const char *selection, const char *data, size_t n)
{
	struct rig *r = user;

	(void)snprintf(r->clipboard, sizeof(r->clipboard), "%s:%.*s", selection, (int)n, data);
}

static void on_notify(void *user, const char *title, const char *body)
{
	struct rig *r = user;

	(void)snprintf(r->notice, sizeof(r->notice), "%s|%s", title, body);
}

#define ENTERED "user's screen"

static void rig_give(struct rig *r)
{
	r->n_frame = buf_len(&r->out);
	assert_int_equal(buf_check(&r->out), 0);
	vt_feed(r->user, buf_data(&r->out), buf_len(&r->out));
	buf_clear(&r->out);
}

static void rig_init_sizes(struct rig *r, const int pane[2], const int user[2])
{
	static const struct vt_callbacks cbs = { .bell = on_bell,
						 .clipboard = on_clipboard,
						 .notify = on_notify };
	static const struct vt_opts opts = { .clipboard = VT_CLIPBOARD_WRITE };

	memset(r, 0, sizeof(*r));
	r->caps = (struct termcaps){ .colors = TERMCAPS_RGB,
				     .features = TERMCAPS_ALL,
				     .was_grapheme = true };
	r->pane = vt_new(pane[0], pane[1], NULL, NULL, NULL);
	r->user = vt_new(user[0], user[1], &opts, &cbs, r);
	r->draw = draw_new(user[0], user[1], &r->caps);
	assert_true(r->pane && r->user && r->draw);
	vt_feed(r->user, ENTERED, strlen(ENTERED));
	draw_enter(r->draw, &r->out);
	rig_give(r);
}

static void rig_init(struct rig *r, int cols, int rows)
{
	const int size[2] = { cols, rows };

	rig_init_sizes(r, size, size);
}

static void rig_fini(struct rig *r)
{
	draw_free(r->draw);
	vt_free(r->pane);
	vt_free(r->user);
	buf_fini(&r->out);
}

/* --- what is seen --- */

/* One column as a person sees it. */
struct seen {
	char text[40]; /* "" = the right half of a wide one */
	uint32_t fg, bg, underline;
	uint16_t attrs;
	char uri[40];
};

static uint32_t seen_color(const struct vt *vt, uint32_t color, enum vt_dynamic_color which)
{
	if ((color & COLOR_KIND) == COLOR_INDEXED)
		return vt_palette(vt, color & 255);
	if ((color & COLOR_KIND) == COLOR_RGB)
		return color & COLOR_VALUE;
	return vt_dynamic_color(vt, which);
}

/* What does not show does not count: the text colour of a space, ... */
static struct seen see(const struct vt *vt, const struct line_run *r, const char *text, size_t n)
{
	const uint16_t on_space = STYLE_UNDERLINE_MASK | STYLE_STRIKE | STYLE_OVERLINE;
	struct seen s;
	uint32_t fg = seen_color(vt, r->style.fg, VT_COLOR_FG);
	uint32_t bg = seen_color(vt, r->style.bg, VT_COLOR_BG);
	bool is_inverse = r->style.attrs & STYLE_INVERSE;

	memset(&s, 0, sizeof(s));
	if (vt_mode(vt, VT_MODE_DECSCNM))
		is_inverse = !is_inverse;
	memcpy(s.text, text, n < sizeof(s.text) - 1 ? n : sizeof(s.text) - 1);
	s.attrs = r->style.attrs & (uint16_t) ~(STYLE_PROTECTED | STYLE_INVERSE);
	s.fg = is_inverse ? bg : fg;
	s.bg = is_inverse ? fg : bg;
	if (s.attrs & STYLE_UNDERLINE_MASK && r->style.underline != COLOR_DEFAULT)
		s.underline = 1 + seen_color(vt, r->style.underline, VT_COLOR_FG);
	if (r->link) {
		(void)snprintf(s.uri, sizeof(s.uri), "%s", r->link->uri);
	} else if (n == 1 && *text == ' ' && !(s.attrs & on_space)) {
		s.fg = 0;
		s.attrs = 0;
	}
	return s;
}

/* Columns [from, from + n) of a line, blank behind its end. */
static void see_line(const struct vt *vt, int row, int from, struct seen *out, int n)
{
	const struct line_run blank = { .form = LINE_BLANK };
	struct line_buf buf = LINE_BUF_INIT, part = LINE_BUF_INIT;
	struct line_view v;
	const char *text;
	int x = 0;

	for (int i = 0; i < n; i++)
		out[i] = see(vt, &blank, " ", 1);
	if (row >= vt_rows(vt))
		return;
	assert_int_equal(vt_line(vt, row, &buf, &v), 0);
	line_buf_add_slice(&part, &v, (unsigned)from, (unsigned)(from + n));
	assert_int_equal(line_buf_view(&part, &v), 0);
	text = v.text;
	for (uint32_t i = 0; i < v.n_runs; i++) {
		const struct line_run *r = &v.runs[i];
		int width = r->form == LINE_WIDE ? 2 : r->form == LINE_CLUSTER ? r->n_cols : 1;

		for (int k = 0; k < r->n_cols; k += width) {
			size_t len = 1;

			while (r->form != LINE_BLANK && r->form != LINE_CLUSTER &&
			       ((unsigned char)text[len] & 0xc0) == 0x80)
				len++;
			if (r->form == LINE_CLUSTER)
				len = r->n_bytes;
			out[x] = see(vt, r, text, len);
			if (width == 2)
				out[x + 1] = see(vt, r, "", 0);
			x += width;
			text += len;
		}
	}
	line_buf_fini(&buf);
	line_buf_fini(&part);
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	return strcmp(a->text, b->text) == 0 && strcmp(a->uri, b->uri) == 0 && a->fg == b->fg &&
	       a->bg == b->bg && a->underline == b->underline && a->attrs == b->attrs;
}

static void check_row(const struct rig *r, int y, int top, int left)
{
	static struct seen want[VT_COLS_MAX], got[VT_COLS_MAX];
	int cols = vt_cols(r->user);
	int inside = vt_cols(r->pane) - left < cols ? vt_cols(r->pane) - left : cols;
	const struct line_run blank = { .form = LINE_BLANK };

	see_line(r->pane, top + y, left, want, inside);
	for (int x = inside; x < cols; x++)
		want[x] = see(r->user, &blank, " ", 1);
	if (top + y >= vt_rows(r->pane))
		see_line(r->user, vt_rows(r->user), 0, want, cols);
	see_line(r->user, y, 0, got, cols);
	for (int x = 0; x < cols; x++) {
		if (!is_same(&want[x], &got[x])) {
			fail_msg("row %d column %d: \"%s\" %06x on %06x, %x, %s; "
				 "drawn \"%s\" %06x on %06x, %x, %s",
				 y, x, want[x].text, want[x].fg, want[x].bg, want[x].attrs,
				 want[x].uri, got[x].text, got[x].fg, got[x].bg, got[x].attrs,
				 got[x].uri);
		}
	}
}

static void check_cursor(const struct rig *r, int top, int left)
{
	struct vt_cursor want = vt_cursor(r->pane), got = vt_cursor(r->user);

	assert_int_equal(got.row, want.row - top);
	assert_int_equal(got.col, want.col - left);
	assert_int_equal(got.is_visible, want.is_visible);
	assert_int_equal(got.shape, want.shape);
	assert_string_equal(vt_title(r->user, VT_TITLE_WINDOW), vt_title(r->pane, VT_TITLE_WINDOW));
	assert_string_equal(vt_title(r->user, VT_TITLE_ICON), vt_title(r->pane, VT_TITLE_ICON));
}

static void check(const struct rig *r)
{
	int top, left;

	draw_offset(r->draw, &top, &left);
	for (int y = 0; y < vt_rows(r->user); y++)
		check_row(r, y, top, left);
	check_cursor(r, top, left);
}

static void feed(struct vt *vt, const char *bytes)
{
	vt_feed(vt, bytes, strlen(bytes));
}

static void frame(struct rig *r)
{
	if (vt_is_synced(r->pane))
		vt_sync_end(r->pane);
	assert_int_equal(draw_frame(r->draw, r->pane, &r->out), 0);
	rig_give(r);
}

static void show(struct rig *r, const char *bytes)
{
	feed(r->pane, bytes);
	frame(r);
	check(r);
}

/* --- tests --- */

static void test_a_screen_is_drawn_as_it_is(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 10);
	show(&r, "hello\r\n\033[1;3;31mred\033[m \033[44mblue\033[K\033[m\r\n");
	show(&r, "\033[5;10Hmiddle\033[38;2;1;2;3m rgb \033[48;5;200m x \033[m");
	show(&r, "\033[4:3;58:2::9:8:7mcurly\033[24m \033[53mover\033[9;8mhid\033[m");
	show(&r, "\033[10;38Habc\033[Hfirst");
	show(&r, "\033[2J");
	rig_fini(&r);
}

static void test_nothing_changed_costs_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 80, 24);
	show(&r, "hello \033[7mworld\033[m");
	show(&r, "");
	assert_int_equal(r.n_frame, 0);
	show(&r, "\033[H\033[2Jhello \033[7mworld\033[m");
	assert_int_equal(r.n_frame, 0);
	rig_fini(&r);
}

static void test_a_typed_character_costs_its_byte(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 80, 24);
	show(&r, "$ l");
	show(&r, "s");
	assert_int_equal(r.n_frame, 1);
	show(&r, "\b \b");
	assert_in_range(r.n_frame, 1, 5);
	show(&r, "\r\n$ ");
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
		show(&r, text);
	}
	srand(1);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof(text), "\0337\033[%d;%dH\033[1;%dm%c\0338",
			       1 + rand() % 60, 1 + rand() % 200, 31 + rand() % 7,
			       'a' + rand() % 26);
		show(&r, text);
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
		show(&r, text);
	}
	assert_in_range(r.n_frame, 1, 60);
	show(&r, "\033[5;20r\033[20;1H\n\n\n");
	assert_in_range(r.n_frame, 1, 60);
	show(&r, "\033[5;1H\033M\033M");
	assert_in_range(r.n_frame, 1, 60);
	show(&r, "\033[r\033[3;1H\033[2L\033[10;1H\033[M");
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
		feed(r->pane, text);
	}
	show(r, "");
}

static void test_text_is_moved_beside_what_stays(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 80, 24);
	show(&r, "\033[24;1Hstatus\033[3;70Hx");
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
	show(&r, "日本語|端末\r\n한국어|e\xcc\x81|👩‍👩‍👧|🇩🇪🇫🇷|"
		 "❤️x\r\n");
	show(&r, "\033[1;2Hx\033[2;1Hyy\033[1;6H\033[P");
	show(&r, "\033[3;1H\xe1\x84\x80\033[3;3H\xe1\x85\xa1|");
	show(&r, "\033[4;1H🇩\033[4;2H🇪\033[4;3H🇫");
	show(&r, "\033[5;1H\xe0\xa4\x95\033[5;2H\xe0\xa4\x83\033[5;3Hक्\033[5;4Hष");
	show(&r, "\033[2;9H  \033[5;19H日\033[5;20Hz\033[6;19H日");
	show(&r, "\033[2;9H👩\xf0\x9f\x8f\xbd\033[H\033[@\033[@");
	rig_fini(&r);
}

static void test_links_are_drawn_with_an_address_that_cannot_break_out(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	show(&r, "\033]8;;https://example.org/a?b;c\033\\link\033]8;;\033\\ no "
		 "\033]8;id=x;file:///tmp\033\\other\033]8;;\033\\");
	show(&r, "\033[H\033]8;;http://b/\033\\LI");
	feed(r.pane, "\033[3H\033]8;;http://\xc3\xa9 \xff/\033\\");
	feed(r.pane, "bad");
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
	show(&r, "\033[?25l\033]2;one\a");
	show(&r, "\033[?25h\033[5 q\033]0;two \xc3\xa9\a");
	show(&r, "\033[2 q\033]1;icon\a");
	show(&r, "\033[4 q\033]2;\a\033[2;40Hx");
	show(&r, "\033[0 q");
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
	show(&r, "\033[?1000;1004;2004h\033[>5u\033=");
	assert_true(user_has(&r, VT_MODE_MOUSE_NORMAL) && user_has(&r, VT_MODE_MOUSE_SGR));
	assert_true(user_has(&r, VT_MODE_FOCUS) && user_has(&r, VT_MODE_PASTE));
	assert_true(user_has(&r, VT_MODE_DECNKM));
	assert_int_equal(vt_kitty_flags(r.user), 5);
	show(&r, "\033[?1002h\033[=1u\033>");
	assert_true(user_has(&r, VT_MODE_MOUSE_DRAG) && !user_has(&r, VT_MODE_MOUSE_NORMAL));
	assert_int_equal(vt_kitty_flags(r.user), 1);
	show(&r, "\033[?1003h\033[<u\033[>4;2m\033[?1049h");
	assert_true(user_has(&r, VT_MODE_MOUSE_ANY));
	assert_int_equal(vt_kitty_flags(r.user), 0);
	assert_int_equal(vt_modify_other_keys(r.user), 2);
	show(&r, "\033[?1003;1004;2004l\033[>4m");
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
	show(&r, "\033]0;t\a\033[?1003;1004;2004h\033[>31u\033=\033[?25l\033[3 q\033[41;1mx"
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
	feed(r.user, "!");
	feed(fresh, "!");
	see_line(r.user, 0, 0, a, 40);
	see_line(fresh, 0, 0, b, 40);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		assert_true(is_same(&a[i], &b[i]));
	draw_enter(r.draw, &r.out);
	show(&r, "again");
	draw_leave(r.draw, &r.out);
	rig_give(&r);
	draw_undo(r.draw, &r.out);
	assert_int_equal(buf_len(&r.out), 0);
	vt_free(fresh);
	buf_fini(&undo);
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
		show(&r, text);
	}
	show(&r, "\033[50;90H|");
	draw_offset(r.draw, &top, &left);
	assert_int_equal(top, 40);
	assert_true(left > 0);
	show(&r, "\033[H");
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
	show(&r, "\033[44m\033[2J\033[Hblue all over, wrapped at twenty\r\n\n\n\n\n\nend");
	assert_int_equal(vt_resize(r.pane, 60, 15), 0);
	show(&r, "\033[15;60Hx\033[14;1Hy");
	assert_int_equal(vt_resize(r.pane, 10, 3), 0);
	show(&r, "");
	rig_fini(&r);
}

static void test_a_resized_terminal_is_drawn_anew(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 10);
	show(&r, "one\r\ntwo\r\n\033[7mthree");
	assert_int_equal(vt_resize(r.user, 60, 8), 0);
	assert_int_equal(draw_resize(r.draw, 60, 8), 0);
	show(&r, "");
	feed(r.user, "\033[3;3Hrubbish\033[41m");
	draw_forget(r.draw);
	show(&r, "");
	rig_fini(&r);
}

static void test_an_update_is_awaited(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	feed(r.pane, "\033[?2026hhalf");
	assert_int_equal(draw_frame(r.draw, r.pane, &r.out), DRAW_E_SYNCED);
	assert_int_equal(buf_len(&r.out), 0);
	show(&r, " whole\033[?2026l");
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
	show(&r, "");
	assert_int_equal(r.n_bells, 1);
	assert_string_equal(r.clipboard, "c:te\033xt");
	assert_string_equal(r.notice, "a b|body ]0;x ");
	r.caps.features &=
		~(uint32_t)(TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_777 | TERMCAPS_NOTIFY_9);
	draw_set_caps(r.draw, &r.caps);
	show(&r, "");
	draw_clipboard(r.draw, "c", "text", 4);
	draw_notify(r.draw, "", "body");
	show(&r, "");
	assert_int_equal(r.n_frame, 0);
	rig_fini(&r);
}

static void test_colours_are_those_that_the_pane_means(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 40, 4);
	show(&r, "\033[31mred \033[m plain\r\n");
	show(&r, "\033]4;1;#123456\a");
	show(&r, "\033]11;#202020\a\033]10;#fefefe\a");
	show(&r, "\033[?5h");
	show(&r, "\033]104\a\033]110\a\033]111\a\033[?5l");
	rig_fini(&r);
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
	feed(r.pane, "plain \033[1;31mred\033[m \033[48;2;0;0;200mbg\033[K\033[m\r\n\xe6\x97\xa5"
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

/* --- properties --- */

static const char *const pieces[] = {
	"hello",
	"world ",
	"\r\n",
	"\n",
	"\r",
	"\b",
	"\t",
	"日本",
	"🚀",
	"e\xcc\x81",
	"👩‍👩‍👧",
	"\033[H",
	"\033[2J",
	"\033[K",
	"\033[1K",
	"\033[J",
	"\033[1J",
	"\033[L",
	"\033[3M",
	"\033[@",
	"\033[2P",
	"\033[5X",
	"\033M",
	"\033[2S",
	"\033[T",
	"\033[?1049h",
	"\033[?1049l",
	"\033[?25l",
	"\033[?25h",
	"\033[1m",
	"\033[m",
	"\033[7m",
	"\033[4m",
	"\033[4:3m",
	"\033[53m",
	"\033[9m",
	"\033[2;3m",
	"\033[22m",
	"\033[48;5;100m",
	"\033[38;2;9;8;7m",
	"\033[K",
	"\033[44m",
	"\033]8;;http://x/\033\\",
	"\033]8;;\033\\",
	"\033]2;a title\a",
	"\033]0;both\a",
	"\033[5 q",
	"\033[0 q",
	"\0337",
	"\0338",
	"\033[?7l",
	"\033[?7h",
	"\033[4h",
	"\033[4l",
	"\033(0",
	"\033(B",
	"\033[r",
	"\033[5;2H\xe0\xa4\x83",
	"\033[?5h",
	"\033[?5l",
	"\033]4;1;#aabbcc\a",
	"\033]104\a",
	"\033[31m",
	"\033#8",
	"aaaaaaaaaaaaaaaaaaaaaaaa",
	"\033[20b",
	"────────────────",
	"\033[10;20r",
	"\033[?6h",
	"\033[?6l",
	"\033[3;15s",
	"\033[?69h",
	"\033[?69l",
	"\033['}",
	"\033['~",
	"\033[2 @",
	"\033[8m",
	"\033[28m",
};

static void random_piece(struct rig *r)
{
	char text[32];

	if (rand() % 4 == 0) {
		(void)snprintf(text, sizeof(text), "\033[%d;%dH", 1 + rand() % vt_rows(r->pane),
			       1 + rand() % vt_cols(r->pane));
	} else {
		(void)snprintf(text, sizeof(text), "%s",
			       pieces[(size_t)rand() % ARRAY_LEN(pieces)]);
	}
	feed(r->pane, text);
}

static void random_resize(struct rig *r)
{
	int cols = 2 + rand() % 60, rows = 1 + rand() % 25;

	if (rand() % 2) {
		assert_int_equal(vt_resize(r->pane, cols, rows), 0);
		return;
	}
	assert_int_equal(vt_resize(r->user, cols, rows), 0);
	assert_int_equal(draw_resize(r->draw, cols, rows), 0);
}

static void run_random(struct rig *r, unsigned n, bool resizes)
{
	for (unsigned i = 0; i < n; i++) {
		for (int k = rand() % 12; k >= 0; k--)
			random_piece(r);
		if (resizes && rand() % 20 == 0)
			random_resize(r);
		show(r, "");
	}
}

static void test_random_screens_are_drawn_identically(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned seed = 0; seed < 60; seed++) {
		srand(seed);
		rig_init(&r, 2 + rand() % 80, 1 + rand() % 30);
		run_random(&r, 60, false);
		rig_fini(&r);
	}
}

static void test_random_sizes_show_the_visible_part(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned seed = 0; seed < 60; seed++) {
		srand(seed);
		rig_init(&r, 40, 12);
		run_random(&r, 100, true);
		rig_fini(&r);
	}
}

static void test_any_subset_of_abilities_draws_the_same_text(void **state)
{
	const uint32_t needed = TERMCAPS_UTF8 | TERMCAPS_ATTRS | TERMCAPS_UNDERLINES |
				TERMCAPS_OVERLINE | TERMCAPS_LINKS | TERMCAPS_TITLE |
				TERMCAPS_SHAPE | TERMCAPS_ALTERNATE | TERMCAPS_CLUSTERS;
	struct rig r;

	(void)state;
	for (unsigned seed = 0; seed < 60; seed++) {
		srand(seed);
		rig_init(&r, 40, 12);
		r.caps.features = ((uint32_t)rand() & TERMCAPS_ALL) | needed;
		draw_set_caps(r.draw, &r.caps);
		run_random(&r, 60, false);
		rig_fini(&r);
	}
}

static void test_tables_do_not_grow_with_every_colour_ever_seen(void **state)
{
	struct rig r;
	char text[64];

	(void)state;
	rig_init(&r, 60, 20);
	for (int i = 0; i < 400; i++) {
		for (int k = 0; k < 40; k++) {
			(void)snprintf(text, sizeof(text),
				       "\033]8;;http://%d/\033\\\033[38;2;%d;%d;%dm%ca%lc\033[m",
				       i * 40 + k, i & 255, k, i >> 8, 'a' + k % 26, 0x300 + k);
			feed(r.pane, text);
		}
		show(&r, "");
	}
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
		cmocka_unit_test(test_a_larger_pane_is_shown_around_its_cursor),
		cmocka_unit_test(test_a_smaller_pane_leaves_the_rest_blank),
		cmocka_unit_test(test_a_resized_terminal_is_drawn_anew),
		cmocka_unit_test(test_an_update_is_awaited),
		cmocka_unit_test(test_bell_clipboard_and_notices_are_passed_on_if_known),
		cmocka_unit_test(test_colours_are_those_that_the_pane_means),
		cmocka_unit_test(test_a_simple_terminal_gets_simple_sequences),
		cmocka_unit_test(test_random_screens_are_drawn_identically),
		cmocka_unit_test(test_random_sizes_show_the_visible_part),
		cmocka_unit_test(test_any_subset_of_abilities_draws_the_same_text),
		cmocka_unit_test(test_tables_do_not_grow_with_every_colour_ever_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
