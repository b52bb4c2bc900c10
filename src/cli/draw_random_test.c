/* What is drawn looks like the pane, whatever the pane shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/draw_rig.h"

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
	rig_feed(r->pane, text);
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
		rig_show(r, "");
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
			rig_feed(r.pane, text);
		}
		rig_show(&r, "");
	}
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_screens_are_drawn_identically),
		cmocka_unit_test(test_random_sizes_show_the_visible_part),
		cmocka_unit_test(test_any_subset_of_abilities_draws_the_same_text),
		cmocka_unit_test(test_tables_do_not_grow_with_every_colour_ever_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
