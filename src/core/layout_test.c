/* Layouts of sessions: with panes, viewers and restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/fake_keeper.h"
#include "core/layout.h"

static int setup(void **state)
{
	struct fake_keeper *k = calloc(1, sizeof *k);

	fake_keeper_init(k);
	fake_keeper_start(k, NULL);
	*state = k;
	return 0;
}

static int teardown(void **state)
{
	fake_keeper_fini(*state);
	free(*state);
	return 0;
}

static struct pane *make(struct fake_keeper *k)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p = fake_create(k, &spec, &made);

	assert_non_null(p);
	return p;
}

struct told {
	bool is_done;
	bool has_layout;
	uint64_t fresh;
	struct fail fail;
};

static void on_layout(struct layout *l, struct pane *fresh, const struct fail *f, void *user)
{
	struct told *t = user;

	t->is_done = true;
	t->has_layout = l != NULL;
	t->fresh = fresh ? pane_number(fresh) : 0;
	if (f)
		t->fail = *f;
}

static struct layout *create(struct fake_keeper *k, const char *name, const char *tree)
{
	struct layout_spec spec = { .name = name, .tree = tree, .cols = 101, .rows = 31 };
	struct told t = { 0 };
	struct layout *l = NULL;
	struct fail f;

	core_layout_create(k->core, &spec, on_layout, &t);
	fake_keeper_until(k, &t.is_done);
	assert_true(t.has_layout);
	assert_int_equal(core_layout_find(k->core, "main", name, &l, &f), 0);
	return l;
}

static enum fail_code refuse(struct fake_keeper *k, const struct layout_spec *spec)
{
	struct told t = { 0 };

	core_layout_create(k->core, spec, on_layout, &t);
	fake_keeper_until(k, &t.is_done);
	assert_false(t.has_layout);
	return t.fail.code;
}

static void assert_size(struct fake_keeper *k, uint64_t number, unsigned cols, unsigned rows)
{
	struct pane_info i;

	assert_non_null(fake_pane(k, number));
	pane_get_info(fake_pane(k, number), &i);
	assert_int_equal(i.cols, cols);
	assert_int_equal(i.rows, rows);
}

static void assert_tree(const struct layout *l, const char *text)
{
	struct layout_info i;
	struct buf b = BUF_INIT;
	char *got;

	layout_get_info(l, &i);
	layout_print(i.root, &b);
	got = buf_steal_str(&b);
	assert_string_equal(got, text);
	mem_free(got);
}

static void a_layout_starts_what_is_in_it_at_its_size(void **state)
{
	struct fake_keeper *k = *state;
	struct layout *l = create(k, "work", "cols(70 a, 30 rows(b, c=\"echo hello\"))");
	struct layout_info i;
	struct pane_info p;

	assert_tree(l, "cols(70 p1, 30 rows(1 p2, 1 p3))");
	assert_size(k, 1, 70, 31);
	assert_size(k, 2, 30, 15);
	assert_size(k, 3, 30, 15);
	layout_get_info(l, &i);
	assert_true(i.is_active);
	pane_get_info(fake_pane(k, 3), &p);
	assert_string_equal(p.kind, "c");
	assert_string_equal(json_string_value(json_array_get(p.command, 2)), "echo hello");
	assert_int_equal(k->n_events[CORE_LAYOUT_CHANGED], 1);
}

static void templates_are_there_by_name(void **state)
{
	struct fake_keeper *k = *state;
	struct layout_spec spec = { .template = "dev", .cols = 80, .rows = 21 };
	struct told t = { 0 };
	struct layout *l;
	struct fail f;

	core_layout_create(k->core, &spec, on_layout, &t);
	fake_keeper_until(k, &t.is_done);
	assert_int_equal(core_layout_find(k->core, NULL, "dev", &l, &f), 0);
	assert_tree(l, "rows(70 p1, 30 p2)");
	assert_size(k, 1, 80, 14);
	assert_size(k, 2, 80, 6);
	spec.template = "nope";
	assert_int_equal(refuse(k, &spec), FAIL_TEMPLATE_NOT_FOUND);
}

static void one_that_cannot_start_takes_the_others_with_it(void **state)
{
	struct fake_keeper *k = *state;
	struct layout_spec spec = {
		.session = "new", .tree = "cols(a, b)", .cols = 80, .rows = 24
	};
	struct session *s;
	struct fail f;

	k->fail_step = KEEPER_STEP_EXEC;
	k->fail_error = 2;
	assert_int_equal(refuse(k, &spec), FAIL_COMMAND_NOT_FOUND);
	assert_null(core_pane_next(k->core, 0));
	assert_int_equal(core_session_find(k->core, "new", &s, &f), FAIL_E_FAILED);
}

static void wrong_layouts_are_refused(void **state)
{
	struct fake_keeper *k = *state;
	struct layout_spec spec = { .tree = "cols(p1, p1)", .cols = 80, .rows = 24 };

	make(k);
	make(k);
	assert_int_equal(refuse(k, &spec), FAIL_LAYOUT_INVALID);
	spec.tree = "cols(p1, p77)";
	assert_int_equal(refuse(k, &spec), FAIL_PANE_NOT_FOUND);
	spec.tree = "cols(p1";
	assert_int_equal(refuse(k, &spec), FAIL_LAYOUT_INVALID);
	spec.tree = "cols(p1, p2)";
	spec.cols = 4;
	assert_int_equal(refuse(k, &spec), FAIL_LAYOUT_TOO_SMALL);
	spec.cols = 80;
	spec.name = "";
	assert_int_equal(refuse(k, &spec), FAIL_INVALID_PARAMS);
	create(k, "x", "cols(p1, p2)");
	spec.name = "y";
	assert_int_equal(refuse(k, &spec), FAIL_IN_LAYOUT);
	spec.name = "x";
	spec.tree = "a";
	assert_int_equal(refuse(k, &spec), FAIL_LAYOUT_EXISTS);
	assert_int_equal(k->n_events[CORE_PANE_CREATED], 2);
}

static struct told split(struct fake_keeper *k, uint64_t at, enum layout_side side, uint64_t with)
{
	struct pane_spec fresh = fake_spec();
	struct layout_split_spec spec = { .at = fake_pane(k, at),
					  .side = side,
					  .share = { 1, 2 },
					  .with = with ? fake_pane(k, with) : NULL,
					  .fresh = &fresh };
	struct told t = { 0 };

	core_layout_split(k->core, &spec, on_layout, &t);
	fake_keeper_until(k, &t.is_done);
	return t;
}

static void a_pane_alone_gets_a_layout_when_it_is_split(void **state)
{
	struct fake_keeper *k = *state;
	struct layout *l;
	struct told t;
	struct fail f;

	make(k);
	t = split(k, 1, LAYOUT_RIGHT, 0);
	assert_int_equal(t.fresh, 2);
	assert_int_equal(core_layout_find(k->core, NULL, NULL, &l, &f), 0);
	assert_tree(l, "cols(1 p1, 1 p2)");
	assert_size(k, 1, 39, 24);
	assert_size(k, 2, 40, 24);
	make(k);
	t = split(k, 2, LAYOUT_ABOVE, 3);
	assert_int_equal(t.fresh, 3);
	assert_tree(l, "cols(1 p1, 1 rows(1 p3, 1 p2))");
	t = split(k, 2, LAYOUT_ABOVE, 3);
	assert_int_equal(t.fail.code, FAIL_IN_LAYOUT);
}

static void splits_end_where_there_is_no_room(void **state)
{
	struct fake_keeper *k = *state;
	struct told t = { 0 };
	unsigned n = 0;

	make(k);
	assert_true(split(k, 1, LAYOUT_BELOW, 0).has_layout);
	for (uint64_t last = 2; !t.is_done || t.has_layout; n++, last = t.fresh) {
		assert_true(n < 20);
		t = split(k, last, LAYOUT_BELOW, 0);
	}
	/* 24 rows hold 12 panes of one row. */
	assert_int_equal(t.fail.code, FAIL_LAYOUT_TOO_SMALL);
	assert_int_equal(n, 11);
}

static void who_ends_leaves_and_the_last_one_takes_the_layout_along(void **state)
{
	struct fake_keeper *k = *state;
	struct layout *l = create(k, "work", "cols(a, rows(b, c))");
	struct fail f;

	fake_pane_exit(k, 2, 0, true);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	assert_tree(l, "cols(1 p1, 1 p3)");
	assert_size(k, 3, 50, 31);
	assert_int_equal(core_layout_close(fake_pane(k, 1), &f), 0);
	assert_tree(l, "p3");
	assert_size(k, 3, 101, 31);
	assert_int_equal(core_layout_close(fake_pane(k, 1), &f), FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_NOT_IN_LAYOUT);
	fake_pane_exit(k, 3, 0, true);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 2);
	assert_int_equal(core_layout_find(k->core, NULL, NULL, &l, &f), FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_LAYOUT_NOT_FOUND);
}

static void panes_move_swap_and_zoom(void **state)
{
	struct fake_keeper *k = *state;
	struct layout *one = create(k, "one", "cols(a, b)"), *two = create(k, "two", "rows(c, d)");
	struct layout_info i;
	struct fail f;

	assert_int_equal(core_layout_swap(fake_pane(k, 1), fake_pane(k, 3), &f), 0);
	assert_tree(one, "cols(1 p3, 1 p2)");
	assert_tree(two, "rows(1 p1, 1 p4)");
	assert_size(k, 1, 101, 15);
	assert_int_equal(core_layout_move(fake_pane(k, 4), fake_pane(k, 2), LAYOUT_BELOW,
					  (struct layout_ratio){ 1, 3 }, &f),
			 0);
	assert_tree(one, "cols(1 p3, 1 rows(2 p2, 1 p4))");
	assert_tree(two, "p1");
	assert_size(k, 1, 101, 31);
	assert_int_equal(core_layout_move(fake_pane(k, 1), fake_pane(k, 1), LAYOUT_BELOW,
					  (struct layout_ratio){ 1, 3 }, &f),
			 FAIL_E_FAILED);
	assert_int_equal(core_layout_zoom(fake_pane(k, 4), true, &f), 0);
	assert_size(k, 4, 101, 31);
	assert_size(k, 2, 50, 20);
	layout_get_info(one, &i);
	assert_int_equal(i.zoomed, 4);
	assert_int_equal(core_layout_zoom(fake_pane(k, 4), false, &f), 0);
	assert_size(k, 4, 50, 10);
	core_layout_select(one, fake_pane(k, 2));
	assert_int_equal(core_pane_find(k->core, "main", &(struct pane *){ NULL }, &f), 0);
	layout_get_info(one, &i);
	assert_true(i.is_active);
	assert_int_equal(core_layout_rename(one, "two", &f), FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_LAYOUT_EXISTS);
	assert_int_equal(core_layout_rename(one, "drei", &f), 0);
	core_layout_delete(two);
	assert_null(pane_layout(fake_pane(k, 1)));
}

static void borders_move_in_cells_and_parts(void **state)
{
	struct fake_keeper *k = *state;
	struct layout *l = create(k, "w", "cols(a, rows(b, c))");
	struct fail f;

	assert_int_equal(core_layout_resize_pane(fake_pane(k, 2), LAYOUT_COLS, 20, &f), 0);
	assert_size(k, 1, 80, 31);
	assert_size(k, 2, 20, 15);
	assert_int_equal(core_layout_share(fake_pane(k, 3), LAYOUT_ROWS,
					   (struct layout_ratio){ 1, 3 }, &f),
			 0);
	assert_size(k, 3, 20, 10);
	assert_int_equal(core_layout_resize_pane(fake_pane(k, 1), LAYOUT_ROWS, 5, &f),
			 FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_LAYOUT_ALONE);
	assert_int_equal(core_layout_resize_pane(fake_pane(k, 1), LAYOUT_COLS, 100, &f),
			 FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_LAYOUT_TOO_SMALL);
	assert_int_equal(core_layout_resize(l, 51, 7, &f), 0);
	assert_size(k, 1, 40, 7);
	assert_size(k, 3, 10, 2);
	assert_int_equal(core_layout_resize(l, 4, 7, &f), FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_LAYOUT_TOO_SMALL);
	/* Its size is the layout's now. */
	assert_int_equal(core_pane_resize(k->core, fake_pane(k, 1), 10, 10, &f), FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_IN_LAYOUT);
}

static void viewers_set_the_area(void **state)
{
	struct fake_keeper *k = *state;
	struct layout *l = create(k, "w", "cols(a, b)");
	int one, two;
	struct fail f;

	assert_int_equal(core_layout_attach(l, &one, 61, 20, false, &f), 0);
	assert_int_equal(core_layout_attach(l, &two, 81, 10, false, &f), 0);
	assert_size(k, 2, 30, 10);
	/* Who looks at one pane alone has it whole; the rest is for the others. */
	assert_int_equal(core_pane_attach(fake_pane(k, 1), &one, 200, 50, false, &f), 0);
	assert_size(k, 1, 200, 50);
	assert_size(k, 2, 30, 10);
	core_viewer_gone(k->core, &one);
	assert_size(k, 1, 40, 10);
	assert_size(k, 2, 40, 10);
	core_layout_detach(l, &two);
	assert_size(k, 2, 40, 10);
	assert_int_equal(core_pane_attach(fake_pane(k, 1), &one, 121, 40, false, &f), 0);
	assert_size(k, 1, 121, 40);
	assert_size(k, 2, 60, 40);
	core_pane_detach(k->core, fake_pane(k, 1), &one);
	assert_size(k, 1, 60, 40);
	/* Never smaller than the panes need. */
	assert_int_equal(core_layout_attach(l, &two, 3, 1, false, &f), 0);
	assert_size(k, 1, 2, 1);
	core_layout_delete(l);
	core_viewer_gone(k->core, &two);
}

static void layouts_are_there_again_after_a_crash(void **state)
{
	struct fake_keeper *k = *state;
	struct layout *l = create(k, "w", "cols(3 a, 4 rows(b, c))");
	struct layout_info i;
	struct fail f;

	create(k, "v", "d");
	core_layout_select(l, NULL);
	assert_int_equal(core_layout_zoom(fake_pane(k, 2), true, &f), 0);
	fake_keeper_crash(k);
	fake_keeper_start(k, NULL);
	assert_int_equal(core_layout_find(k->core, NULL, NULL, &l, &f), 0);
	assert_tree(l, "cols(3 p1, 4 rows(1 p2, 1 p3))");
	layout_get_info(l, &i);
	assert_string_equal(i.name, "w");
	assert_int_equal(i.zoomed, 2);
	assert_int_equal(i.cols, 101);
	assert_ptr_equal(pane_layout(fake_pane(k, 2)), l);
	/* One that ended meanwhile, and one that the keeper lost: only the first leaves. */
	fake_pane_exit(k, 1, 0, true);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	fake_keeper_crash(k);
	fake_keeper_lose(k, 3);
	fake_keeper_start(k, NULL);
	assert_int_equal(core_layout_find(k->core, NULL, "w", &l, &f), 0);
	assert_tree(l, "rows(1 p2, 1 p3)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_layout_starts_what_is_in_it_at_its_size),
		TEST(templates_are_there_by_name),
		TEST(one_that_cannot_start_takes_the_others_with_it),
		TEST(wrong_layouts_are_refused),
		TEST(a_pane_alone_gets_a_layout_when_it_is_split),
		TEST(splits_end_where_there_is_no_room),
		TEST(who_ends_leaves_and_the_last_one_takes_the_layout_along),
		TEST(panes_move_swap_and_zoom),
		TEST(borders_move_in_cells_and_parts),
		TEST(viewers_set_the_area),
		TEST(layouts_are_there_again_after_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
