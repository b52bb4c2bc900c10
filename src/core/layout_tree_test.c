/* Trees of splits, among them many random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/layout_tree.h"

static struct layout_node *parsed(const char *text)
{
	struct layout_node *root = NULL;
	char why[128] = "";
	int r = layout_parse(text, &root, why, sizeof why);

	if (r)
		print_error("%s: %s\n", text, why);
	assert_int_equal(r, 0);
	return root;
}

static void assert_prints(const struct layout_node *root, const char *text)
{
	struct buf b = BUF_INIT;
	char *got;

	layout_print(root, &b);
	got = buf_steal_str(&b);
	assert_string_equal(got, text);
	mem_free(got);
}

static void assert_at(struct layout_node *root, uint64_t pane, unsigned x, unsigned y,
		      unsigned cols, unsigned rows)
{
	const struct layout_node *n = layout_find(root, pane);

	assert_non_null(n);
	assert_int_equal(n->at.x, x);
	assert_int_equal(n->at.y, y);
	assert_int_equal(n->at.cols, cols);
	assert_int_equal(n->at.rows, rows);
}

static void children_share_by_weight_with_a_separator_between(void **state)
{
	struct layout_node *root = parsed("cols(70 p1, 30 rows(p2, p3))");

	(void)state;
	layout_fit(root, 101, 25);
	assert_at(root, 1, 0, 0, 70, 25);
	assert_at(root, 2, 71, 0, 30, 12);
	assert_at(root, 3, 71, 13, 30, 12);
	layout_node_free(root);
}

static void what_is_too_small_gets_what_it_needs_from_the_richest(void **state)
{
	struct layout_node *root = parsed("cols(1 p1, 10000 p2, 1 p3)");

	(void)state;
	layout_fit(root, 20, 1);
	assert_at(root, 1, 0, 0, 2, 1);
	assert_at(root, 2, 3, 0, 14, 1);
	assert_at(root, 3, 18, 0, 2, 1);
	layout_fit(root, 8, 1);
	assert_at(root, 2, 3, 0, 2, 1);
	layout_node_free(root);
}

static void text_is_read_and_written(void **state)
{
	static const char *const good[] = {
		"p1",
		"editor",
		"cols(1 p1, 2 p2)",
		"rows(70 editor, 30 cols(1 terminal=\"echo \\\"a\\\\b\\\"\", 1 p7))",
		"cols(1 rows(1 p1, 1 p2), 1 p3, 1 p4)",
	};
	static const char *const bad[] = { "",
					   "cols(p1)",
					   "cols(p1,)",
					   "cols(p1, p2",
					   "p1 p2",
					   "0 p1",
					   "cols(0 p1, p2)",
					   "tab(p1, p2)",
					   "x=\"\"",
					   "x=\"a",
					   "x=a",
					   "cols(999999999999999999 p1, p2)",
					   "(p1, p2)",
					   "p1=\"a\"",
					   "x=\"\xff\"",
					   "cols(281474976710656 p1, 2 p2)" };
	struct layout_node *root;
	char why[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		root = parsed(good[i]);
		assert_prints(root, good[i]);
		root = layout_node_free(root);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		root = NULL;
		assert_int_equal(layout_parse(bad[i], &root, why, sizeof why), LAYOUT_E_SYNTAX);
		assert_null(root);
	}
}

static void a_tree_that_is_too_deep_is_refused(void **state)
{
	struct layout_node *root = NULL;
	struct buf b = BUF_INIT;
	char *text, why[64];

	(void)state;
	for (int i = 0; i < LAYOUT_DEPTH_MAX + 1; i++)
		buf_put_str(&b, i % 2 ? "cols(p9, " : "rows(p9, ");
	buf_put_str(&b, "p1");
	for (int i = 0; i < LAYOUT_DEPTH_MAX + 1; i++)
		buf_put_char(&b, ')');
	text = buf_steal_str(&b);
	assert_int_equal(layout_parse(text, &root, why, sizeof why), LAYOUT_E_DEEP);
	assert_null(root);
	mem_free(text);
}

static void split(struct layout_node **root, uint64_t at, enum layout_side side, uint32_t num,
		  uint32_t den, uint64_t fresh)
{
	struct layout_node *leaf = layout_leaf_new(fresh);
	int r = layout_split(root, layout_find(*root, at), side, (struct layout_ratio){ num, den },
			     leaf);

	assert_int_equal(r, 0);
}

static void a_split_takes_a_part_of_one_pane_alone(void **state)
{
	struct layout_node *root = layout_leaf_new(1);

	(void)state;
	split(&root, 1, LAYOUT_RIGHT, 2, 3, 2);
	assert_prints(root, "cols(1 p1, 2 p2)");
	split(&root, 2, LAYOUT_LEFT, 1, 2, 3);
	assert_prints(root, "cols(1 p1, 2 cols(1 p3, 1 p2))");
	split(&root, 3, LAYOUT_BELOW, 1, 4, 4);
	assert_prints(root, "cols(1 p1, 2 cols(1 rows(3 p3, 1 p4), 1 p2))");
	split(&root, 1, LAYOUT_ABOVE, 1, 2, 5);
	assert_prints(root, "cols(1 rows(1 p5, 1 p1), 2 cols(1 rows(3 p3, 1 p4), 1 p2))");
	layout_node_free(root);
}

static void remove_pane(struct layout_node **root, uint64_t pane)
{
	layout_node_free(layout_remove(root, layout_find(*root, pane)));
}

static void what_is_left_keeps_its_proportions(void **state)
{
	struct layout_node *root = parsed("cols(1 p1, 2 p2, 3 rows(1 p3, 1 cols(5 p4, 1 p5)))");

	(void)state;
	remove_pane(&root, 1);
	assert_prints(root, "cols(2 p2, 3 rows(1 p3, 1 cols(5 p4, 1 p5)))");
	/* A split with one child left is that child. */
	remove_pane(&root, 3);
	assert_prints(root, "cols(2 p2, 3 cols(5 p4, 1 p5))");
	remove_pane(&root, 2);
	remove_pane(&root, 4);
	assert_prints(root, "p5");
	remove_pane(&root, 5);
	assert_null(root);
}

static void a_share_can_be_set_and_the_others_keep_theirs(void **state)
{
	struct layout_node *root = parsed("cols(1 p1, 2 p2, 3 rows(1 p3, 1 p4))");

	(void)state;
	assert_int_equal(layout_share(layout_find(root, 3), LAYOUT_COLS, 1, 2), 0);
	assert_prints(root, "cols(1 p1, 2 p2, 3 rows(1 p3, 1 p4))");
	assert_int_equal(layout_share(layout_find(root, 1), LAYOUT_COLS, 1, 2), 0);
	assert_prints(root, "cols(5 p1, 2 p2, 3 rows(1 p3, 1 p4))");
	assert_int_equal(layout_share(layout_find(root, 1), LAYOUT_ROWS, 1, 2), LAYOUT_E_ALONE);
	/* In cells: exactly as many as were asked for. */
	layout_fit(root, 102, 21);
	assert_int_equal(layout_shared_cells(layout_find(root, 4), LAYOUT_ROWS), 20);
	assert_int_equal(layout_shared_cells(layout_find(root, 4), LAYOUT_COLS), 100);
	assert_int_equal(layout_share(layout_find(root, 2), LAYOUT_COLS, 37, 100), 0);
	layout_fit(root, 102, 21);
	assert_int_equal(layout_find(root, 2)->at.cols, 37);
	layout_node_free(root);
}

static void ratios_are_read(void **state)
{
	static const char *const bad[] = { "",    "1",    "1/1", "0/3", "3/2", "0%",     "100%",
					   "-1%", "50%%", "1/",  "/2",  "a/b", "1/20000" };
	struct layout_ratio r;

	(void)state;
	assert_true(layout_parse_ratio("2/6", &r) && r.num == 2 && r.den == 6);
	assert_true(layout_parse_ratio("30%", &r) && r.num == 30 && r.den == 100);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(layout_parse_ratio(bad[i], &r));
}

/* ---- random trees ---- */

#define MAX_PANES 60

static uint32_t below(unsigned *seed, uint32_t n)
{
	return (uint32_t)rand_r(seed) % n;
}

/* Paint a rectangle; every cell at most once. */
static void paint(uint8_t *cells, unsigned stride, const struct layout_rect *at)
{
	for (unsigned y = at->y; y < at->y + at->rows; y++) {
		for (unsigned x = at->x; x < at->x + at->cols; x++) {
			assert_int_equal(cells[y * stride + x], 0);
			cells[y * stride + x] = 1;
		}
	}
}

/* The separators of all splits, each of its split's breadth. */
static void paint_separators(uint8_t *cells, unsigned stride, const struct layout_node *n)
{
	list_for_each (l, &n->children) {
		const struct layout_node *child = list_entry(l, struct layout_node, link);
		struct layout_rect bar = layout_separator(child);

		if (layout_next(child))
			paint(cells, stride, &bar);
		paint_separators(cells, stride, child);
	}
}

static void check_covered(struct layout_node *root, unsigned cols, unsigned rows)
{
	uint8_t *cells = calloc(cols, rows);

	layout_fit(root, cols, rows);
	for (struct layout_node *n = layout_first_leaf(root); n; n = layout_next_leaf(n)) {
		assert_true(n->at.cols >= LAYOUT_MIN_COLS && n->at.rows >= LAYOUT_MIN_ROWS);
		assert_true(n->at.x + n->at.cols <= cols && n->at.y + n->at.rows <= rows);
		paint(cells, cols, &n->at);
	}
	paint_separators(cells, cols, root);
	for (unsigned i = 0; i < cols * rows; i++)
		assert_int_equal(cells[i], 1);
	free(cells);
}

/* Nobody is further than a cell from his exact part, unless somebody was too small. */
static void check_parts(const struct layout_node *n)
{
	uint64_t sum = 0, cells = 0;
	bool is_tight = false;

	list_for_each (l, &n->children) {
		const struct layout_node *c = list_entry(l, struct layout_node, link);
		unsigned size = n->axis == LAYOUT_COLS ? c->at.cols : c->at.rows;

		is_tight |= size <= (n->axis == LAYOUT_COLS ? c->least_cols : c->least_rows);
		sum += c->weight;
		cells += size;
	}
	list_for_each (l, &n->children) {
		const struct layout_node *c = list_entry(l, struct layout_node, link);
		unsigned size = n->axis == LAYOUT_COLS ? c->at.cols : c->at.rows;
		double exact = (double)cells * (double)c->weight / (double)sum;

		assert_true(is_tight || (size > exact - 1.0001 && size < exact + 1.0001));
		check_parts(c);
	}
}

static void check_links(const struct layout_node *n, unsigned depth)
{
	unsigned n_children = 0;

	assert_true(depth <= LAYOUT_DEPTH_MAX);
	assert_true(n->weight >= 1 && n->weight <= LAYOUT_WEIGHT_MAX);
	list_for_each (l, &n->children) {
		const struct layout_node *c = list_entry(l, struct layout_node, link);

		assert_ptr_equal(c->parent, n);
		check_links(c, depth + !layout_is_leaf(c));
		n_children++;
	}
	assert_int_not_equal(n_children, 1);
}

static void check_text(struct layout_node *root)
{
	struct layout_node *copy = layout_node_copy(root), *again;
	struct buf b = BUF_INIT;
	char *text;

	layout_print(copy, &b);
	text = buf_steal_str(&b);
	again = parsed(text);
	assert_prints(again, text);
	mem_free(text);
	layout_node_free(copy);
	layout_node_free(again);
}

/* One random step; panes are 1 .. *n. */
static void mutate(struct layout_node **root, unsigned *seed, uint64_t *next)
{
	uint32_t n = layout_count(*root), k = below(seed, n), num;
	struct layout_node *leaf = layout_first_leaf(*root), *fresh;
	struct layout_ratio share = { .den = 2 + below(seed, 99) };

	while (k-- > 0)
		leaf = layout_next_leaf(leaf);
	share.num = 1 + below(seed, share.den - 1);
	switch (below(seed, 4)) {
	case 0:
		if (n > 1)
			layout_node_free(layout_remove(root, leaf));
		return;
	case 1:
		num = 1 + below(seed, 9999);
		(void)!layout_share(leaf, below(seed, 2), num, LAYOUT_RATIO_MAX);
		return;
	default:
		if (n >= MAX_PANES)
			return;
		fresh = layout_leaf_new((*next)++);
		if (layout_split(root, leaf, below(seed, 4), share, fresh))
			layout_node_free(fresh);
	}
}

static void every_cell_is_covered_once_whatever_was_done(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		unsigned seed = round;
		struct layout_node *root = layout_leaf_new(1);
		uint64_t next = 2;

		for (unsigned step = 0; step < 60; step++) {
			uint32_t cols, rows;

			mutate(&root, &seed, &next);
			check_links(root, !layout_is_leaf(root));
			layout_least(root, &cols, &rows);
			check_covered(root, cols, rows);
			check_covered(root, cols + below(&seed, 100), rows + below(&seed, 60));
			check_parts(root);
		}
		check_text(root);
		root = layout_node_free(root);
	}
}

/* Sizes come and go, and the tree is what it was: no rounding adds up. */
static void areas_leave_no_trace(void **state)
{
	struct layout_node *root =
		parsed("cols(3 p1, 5 rows(1 p2, 7 p3), 11 rows(2 p4, 3 cols(1 p5, 1 p6, 1 p7)))");
	struct layout_rect before[8];
	unsigned seed = 7;

	(void)state;
	layout_fit(root, 157, 47);
	for (uint64_t i = 1; i <= 7; i++)
		before[i] = layout_find(root, i)->at;
	for (int i = 0; i < 10000; i++)
		layout_fit(root, 30 + below(&seed, 300), 10 + below(&seed, 90));
	layout_fit(root, 157, 47);
	for (uint64_t i = 1; i <= 7; i++)
		assert_memory_equal(&layout_find(root, i)->at, &before[i], sizeof before[i]);
	layout_node_free(root);
}

/* Exact through any number of splits, from every side, and back. */
static void splitting_and_closing_gives_the_same_tree(void **state)
{
	const char *text = "cols(3 p1, 7 rows(5 p2, 4 p3))";
	struct layout_node *root = parsed(text);
	unsigned seed = 3;

	(void)state;
	for (int round = 0; round < 500; round++) {
		uint64_t n = 4 + below(&seed, 30);

		for (uint64_t i = 4; i <= n; i++) {
			uint32_t den = 2 + below(&seed, 9998);

			split(&root, 1 + below(&seed, (uint32_t)i - 1), below(&seed, 4),
			      1 + below(&seed, den - 1), den, i);
		}
		for (; n >= 4; n--)
			remove_pane(&root, n);
		assert_prints(root, text);
	}
	layout_node_free(root);
}

static void without_memory_the_tree_is_as_it_was(void **state)
{
	struct layout_node *root = parsed("cols(1 p1, 2 p2)"), *fresh = layout_leaf_new(3);
	struct layout_node *copy = NULL;
	char why[64];
	int r;

	(void)state;
	mem_fail_after(0);
	r = layout_split(&root, layout_find(root, 1), LAYOUT_BELOW, (struct layout_ratio){ 1, 2 },
			 fresh);
	mem_fail_after(-1);
	assert_true(r < 0);
	assert_prints(root, "cols(1 p1, 2 p2)");
	layout_node_free(fresh);
	for (long n = 0; !copy; n++) {
		mem_fail_after(n);
		copy = layout_node_copy(root);
		mem_fail_after(-1);
	}
	copy = layout_node_free(copy);
	for (long n = 0; !copy; n++) {
		mem_fail_after(n);
		r = layout_parse("rows(2 x=\"y\", 3 cols(p1, p2))", &copy, why, sizeof why);
		mem_fail_after(-1);
		assert_true(r <= 0);
		assert_int_equal(r == 0, copy != NULL);
	}
	copy = layout_node_free(copy);
	layout_node_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_share_by_weight_with_a_separator_between),
		cmocka_unit_test(what_is_too_small_gets_what_it_needs_from_the_richest),
		cmocka_unit_test(text_is_read_and_written),
		cmocka_unit_test(a_tree_that_is_too_deep_is_refused),
		cmocka_unit_test(a_split_takes_a_part_of_one_pane_alone),
		cmocka_unit_test(what_is_left_keeps_its_proportions),
		cmocka_unit_test(a_share_can_be_set_and_the_others_keep_theirs),
		cmocka_unit_test(ratios_are_read),
		cmocka_unit_test(every_cell_is_covered_once_whatever_was_done),
		cmocka_unit_test(areas_leave_no_trace),
		cmocka_unit_test(splitting_and_closing_gives_the_same_tree),
		cmocka_unit_test(without_memory_the_tree_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
