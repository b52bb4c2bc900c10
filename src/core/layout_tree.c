#include "core/layout_tree.h"

#include <assert.h>
#include <errno.h>

#include "base/err.h"
#include "base/mem.h"

struct layout_node *layout_leaf_new(uint64_t pane)
{
	struct layout_node *n = mem_new(struct layout_node);

	if (!n)
		return NULL;
	list_init(&n->link);
	list_init(&n->children);
	n->weight = 1;
	n->pane = pane;
	return n;
}

struct layout_node *layout_node_free(struct layout_node *n)
{
	if (!n)
		return NULL;
	list_for_each_safe (l, &n->children)
		layout_node_free(list_entry(l, struct layout_node, link));
	list_remove(&n->link);
	mem_free(n->kind);
	mem_free(n->command);
	mem_free(n);
	return NULL;
}

static void adopt(struct layout_node *parent, struct layout_node *child)
{
	child->parent = parent;
	list_append(&parent->children, &child->link);
}

static bool copy_text(struct layout_node *to, const struct layout_node *from)
{
	to->kind = mem_strdup(from->kind);
	to->command = mem_strdup(from->command);
	return (to->kind || !from->kind) && (to->command || !from->command);
}

struct layout_node *layout_node_copy(const struct layout_node *n)
{
	CLEANUP(layout_node_freep) struct layout_node *copy = layout_leaf_new(n->pane);

	if (!copy || !copy_text(copy, n))
		return NULL;
	copy->axis = n->axis;
	copy->weight = n->weight;
	copy->at = n->at;
	list_for_each (l, &n->children) {
		struct layout_node *child =
			layout_node_copy(list_entry(l, struct layout_node, link));

		if (!child)
			return NULL;
		adopt(copy, child);
	}
	return TAKE(copy);
}

/* ---- walking ---- */

bool layout_is_leaf(const struct layout_node *n)
{
	return list_is_empty(&n->children);
}

struct layout_node *layout_first_child(const struct layout_node *n)
{
	return layout_is_leaf(n) ? NULL : list_entry(n->children.next, struct layout_node, link);
}

struct layout_node *layout_next(const struct layout_node *n)
{
	if (!n->parent || n->link.next == &n->parent->children)
		return NULL;
	return list_entry(n->link.next, struct layout_node, link);
}

struct layout_node *layout_first_leaf(struct layout_node *root)
{
	while (!layout_is_leaf(root))
		root = layout_first_child(root);
	return root;
}

struct layout_node *layout_next_leaf(struct layout_node *leaf)
{
	struct layout_node *n = leaf, *next = layout_next(n);

	while (!next && n->parent) {
		n = n->parent;
		next = layout_next(n);
	}
	return next ? layout_first_leaf(next) : NULL;
}

struct layout_node *layout_find(struct layout_node *root, uint64_t pane)
{
	for (struct layout_node *n = layout_first_leaf(root); n; n = layout_next_leaf(n)) {
		if (n->pane == pane)
			return n;
	}
	return NULL;
}

uint32_t layout_count(struct layout_node *root)
{
	uint32_t count = 0;

	for (struct layout_node *n = layout_first_leaf(root); n; n = layout_next_leaf(n))
		count++;
	return count;
}

struct layout_rect layout_separator(const struct layout_node *child)
{
	const struct layout_rect *at = &child->at;

	if (child->parent->axis == LAYOUT_COLS)
		return (struct layout_rect){ (uint16_t)(at->x + at->cols), at->y, 1, at->rows };
	return (struct layout_rect){ at->x, (uint16_t)(at->y + at->rows), at->cols, 1 };
}

/* ---- weights ---- */

static uint64_t sum_of(const struct layout_node *split)
{
	uint64_t sum = 0;

	list_for_each (l, &split->children)
		sum += list_entry(l, struct layout_node, link)->weight;
	return sum;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Smaller numbers, same proportions. */
static void reduce(struct layout_node *split)
{
	uint64_t common = 0;

	list_for_each (l, &split->children)
		common = gcd(list_entry(l, struct layout_node, link)->weight, common);
	assert(common > 0); /* weights are, and there are some */
	list_for_each (l, &split->children)
		list_entry(l, struct layout_node, link)->weight /= common;
}

/* Weights up to 2^62 into the limit: to the nearest, and never to nothing. */
static void round_down(struct layout_node *split)
{
	reduce(split);
	while (sum_of(split) > LAYOUT_WEIGHT_MAX) {
		list_for_each (l, &split->children) {
			struct layout_node *n = list_entry(l, struct layout_node, link);

			n->weight = n->weight / 2 + (n->weight & 1);
		}
	}
}

/* ---- depth ---- */

static unsigned level_of(const struct layout_node *n)
{
	unsigned level = 0;

	for (; n->parent; n = n->parent)
		level++;
	return level;
}

/* ---- splitting ---- */

static enum layout_axis axis_of(enum layout_side side)
{
	return side == LAYOUT_RIGHT || side == LAYOUT_LEFT ? LAYOUT_COLS : LAYOUT_ROWS;
}

static bool is_before(enum layout_side side)
{
	return side == LAYOUT_LEFT || side == LAYOUT_ABOVE;
}

/* Put @split where @n is. */
static void replace(struct layout_node **root, struct layout_node *n, struct layout_node *split)
{
	split->weight = n->weight;
	split->parent = n->parent;
	if (n->parent) {
		list_append(&n->link, &split->link);
		list_remove(&n->link);
	} else {
		*root = split;
	}
}

int layout_split(struct layout_node **root, struct layout_node *at, enum layout_side side,
		 struct layout_ratio share, struct layout_node *fresh)
{
	struct layout_node *split;

	assert(share.num > 0 && share.num < share.den && share.den <= LAYOUT_RATIO_MAX);
	if (level_of(at) + 1 > LAYOUT_DEPTH_MAX)
		return LAYOUT_E_DEEP;
	split = layout_leaf_new(0);
	if (!split)
		return err_origin(-ENOMEM);
	split->axis = axis_of(side);
	replace(root, at, split);
	adopt(split, is_before(side) ? fresh : at);
	adopt(split, is_before(side) ? at : fresh);
	fresh->weight = share.num;
	at->weight = share.den - share.num;
	reduce(split);
	return 0;
}

/* ---- removing ---- */

/* A split with one child left is that child. */
static void collapse(struct layout_node **root, struct layout_node *split, struct layout_node *only)
{
	list_remove(&only->link);
	replace(root, split, only);
	layout_node_free(split);
}

struct layout_node *layout_remove(struct layout_node **root, struct layout_node *leaf)
{
	struct layout_node *split = leaf->parent, *first;

	list_remove(&leaf->link);
	leaf->parent = NULL;
	leaf->weight = 1;
	if (!split) {
		*root = NULL;
		return leaf;
	}
	first = list_entry(split->children.next, struct layout_node, link);
	if (first->link.next != &split->children) {
		reduce(split);
	} else {
		collapse(root, split, first);
	}
	return leaf;
}

/* ---- shares ---- */

/* @leaf or the nearest of what holds it whose split goes along @axis; or NULL. */
static struct layout_node *sharer(struct layout_node *leaf, enum layout_axis axis)
{
	while (leaf->parent && leaf->parent->axis != axis)
		leaf = leaf->parent;
	return leaf->parent ? leaf : NULL;
}

uint32_t layout_shared_cells(const struct layout_node *leaf, enum layout_axis axis)
{
	uint32_t cells = 0;

	while (leaf->parent && leaf->parent->axis != axis)
		leaf = leaf->parent;
	if (!leaf->parent)
		return 0;
	list_for_each (l, &leaf->parent->children) {
		const struct layout_node *n = list_entry(l, struct layout_node, link);

		cells += axis == LAYOUT_COLS ? n->at.cols : n->at.rows;
	}
	return cells;
}

int layout_share(struct layout_node *leaf, enum layout_axis axis, uint32_t num, uint32_t den)
{
	struct layout_node *n = sharer(leaf, axis), *split = n ? n->parent : NULL;
	uint64_t others;

	assert(num > 0 && num < den && den <= LAYOUT_RATIO_MAX);
	if (!n)
		return LAYOUT_E_ALONE;
	/* LAYOUT_WEIGHT_MAX * LAYOUT_RATIO_MAX is below 2^62. */
	others = sum_of(split) - n->weight;
	list_for_each (l, &split->children) {
		struct layout_node *sibling = list_entry(l, struct layout_node, link);

		sibling->weight *= den - num;
	}
	n->weight = others * num;
	round_down(split);
	return 0;
}
