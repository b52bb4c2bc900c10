/* Where everything in a tree is: see layout_tree.h. */
#include "core/layout_tree.h"

#include <assert.h>

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Of @n from its children's, which are known. */
static void add_up(const struct layout_node *n, uint32_t *ret_cols, uint32_t *ret_rows)
{
	uint32_t cols = 0, rows = 0, n_children = 0;

	list_for_each (l, &n->children) {
		const struct layout_node *c = list_entry(l, struct layout_node, link);

		cols = n->axis == LAYOUT_COLS ? cols + c->least_cols : max_u32(cols, c->least_cols);
		rows = n->axis == LAYOUT_ROWS ? rows + c->least_rows : max_u32(rows, c->least_rows);
		n_children++;
	}
	*ret_cols = n_children == 0 ? LAYOUT_MIN_COLS
				    : cols + (n->axis == LAYOUT_COLS ? n_children - 1 : 0);
	*ret_rows = n_children == 0 ? LAYOUT_MIN_ROWS
				    : rows + (n->axis == LAYOUT_ROWS ? n_children - 1 : 0);
}

/* What everything needs, from the leaves up. */
static void measure(struct layout_node *n)
{
	list_for_each (l, &n->children)
		measure(list_entry(l, struct layout_node, link));
	add_up(n, &n->least_cols, &n->least_rows);
}

static uint16_t *size_in(struct layout_node *n, enum layout_axis axis)
{
	return axis == LAYOUT_COLS ? &n->at.cols : &n->at.rows;
}

static uint32_t least_along(const struct layout_node *n, enum layout_axis axis)
{
	return axis == LAYOUT_COLS ? n->least_cols : n->least_rows;
}

/* Take @n cells from who has most to spare, one at a time. */
static void take_back(struct layout_node *split, uint32_t n)
{
	for (; n > 0; n--) {
		struct layout_node *richest = NULL;
		uint32_t most = 0;

		list_for_each (l, &split->children) {
			struct layout_node *child = list_entry(l, struct layout_node, link);
			uint32_t size = *size_in(child, split->axis);
			uint32_t spare = size - least_along(child, split->axis);

			if (spare > most) {
				most = spare;
				richest = child;
			}
		}
		assert(richest); /* the area holds the tree */
		if (richest)
			--*size_in(richest, split->axis);
	}
}

/* Sizes of the children along the split's axis; they add up to @n. */
static void deal(struct layout_node *split, uint32_t n)
{
	uint64_t sum = 0, before = 0;
	uint32_t lent = 0;

	list_for_each (l, &split->children)
		sum += list_entry(l, struct layout_node, link)->weight;
	assert(sum > 0);
	list_for_each (l, &split->children) {
		struct layout_node *child = list_entry(l, struct layout_node, link);
		uint64_t from = n * before / sum, to;
		uint32_t least = least_along(child, split->axis), size;

		before += child->weight;
		to = n * before / sum;
		size = (uint32_t)(to - from);
		if (size < least) {
			lent += least - size;
			size = least;
		}
		*size_in(child, split->axis) = (uint16_t)size;
	}
	take_back(split, lent);
}

void layout_least(struct layout_node *root, uint32_t *ret_cols, uint32_t *ret_rows)
{
	measure(root);
	*ret_cols = root->least_cols;
	*ret_rows = root->least_rows;
}

static void place(struct layout_node *n)
{
	uint16_t x = n->at.x, y = n->at.y, length;
	uint32_t n_children = 0;

	list_for_each (l, &n->children)
		n_children++;
	if (n_children == 0)
		return;
	length = *size_in(n, n->axis);
	deal(n, length - (n_children - 1));
	list_for_each (l, &n->children) {
		struct layout_node *child = list_entry(l, struct layout_node, link);

		child->at.x = x;
		child->at.y = y;
		if (n->axis == LAYOUT_COLS) {
			child->at.rows = n->at.rows;
			x = (uint16_t)(x + child->at.cols + 1);
		} else {
			child->at.cols = n->at.cols;
			y = (uint16_t)(y + child->at.rows + 1);
		}
		place(child);
	}
}

void layout_fit(struct layout_node *root, uint32_t cols, uint32_t rows)
{
	uint32_t least_cols, least_rows;

	layout_least(root, &least_cols, &least_rows);
	assert(cols >= least_cols && rows >= least_rows);
	assert(cols <= LAYOUT_COLS_MAX && rows <= LAYOUT_ROWS_MAX);
	root->at = (struct layout_rect){ .cols = (uint16_t)cols, .rows = (uint16_t)rows };
	place(root);
}
