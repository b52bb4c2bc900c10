/*
 * Trees of splits: how panes share a rectangle.  Pure: numbers in, rectangles out;
 * what the panes are is for layout.c.
 *
 * A split's children lie side by side (LAYOUT_COLS) or one below another
 * (LAYOUT_ROWS), with one line of separator between neighbours.  What each gets
 * is its weight's part of the sum of weights, exact fractions of integers that
 * only splitting, removing, moving and resizing change: fitting a tree into
 * an area reads them.  So areas may change any number of times, and the same
 * tree in the same area is the same rectangles.
 *
 *   cell k of a line of n is child i's when  n * (w0 + .. + w[i-1]) / sum <= k
 *   and k < n * (w0 + .. + w[i]) / sum,  rounded down; n without separators.
 *   A child that would get less than it needs gets that, at the cost of those
 *   that have most to spare.
 */
#ifndef CORE_LAYOUT_TREE_H
#define CORE_LAYOUT_TREE_H

#include "base/buf.h"
#include "base/list.h"

#define LAYOUT_MIN_COLS 2 /* of a pane */
#define LAYOUT_MIN_ROWS 1
#define LAYOUT_COLS_MAX 2000 /* of an area */
#define LAYOUT_ROWS_MAX 1000
#define LAYOUT_DEPTH_MAX 100           /* splits inside each other */
#define LAYOUT_WEIGHT_MAX (1ull << 48) /* sum of a split's weights */
#define LAYOUT_RATIO_MAX 10000         /* numerator and denominator */

enum layout_axis { LAYOUT_COLS, LAYOUT_ROWS };
enum layout_side { LAYOUT_RIGHT, LAYOUT_BELOW, LAYOUT_LEFT, LAYOUT_ABOVE };

struct layout_rect {
	uint16_t x, y, cols, rows; /* cells, from the area's upper left corner */
};

struct layout_node {
	struct list link;     /* parent's children, in order */
	struct list children; /* a split has two or more, a leaf none */
	struct layout_node *parent;
	enum layout_axis axis; /* of a split */
	uint64_t weight;       /* >= 1; of the parent's sum */
	uint64_t pane;         /* of a leaf: its number; 0: one to be started */
	char *kind, *command;  /* of a leaf to be started; may be NULL */
	struct layout_rect at; /* set by layout_fit(), as is what it needs */
	uint32_t least_cols, least_rows;
};

/* A part of a whole: 0 < num < den <= LAYOUT_RATIO_MAX. */
struct layout_ratio {
	uint32_t num, den;
};

enum {
	LAYOUT_E_DEEP = 1, /* more than LAYOUT_DEPTH_MAX splits inside each other */
	LAYOUT_E_ALONE,    /* nothing shares that axis with the pane */
	LAYOUT_E_SYNTAX,
};

NODISCARD struct layout_node *layout_leaf_new(uint64_t pane);
struct layout_node *layout_node_free(struct layout_node *n); /* with all below */
DEFINE_CLEANUP(struct layout_node *, layout_node_free);
NODISCARD struct layout_node *layout_node_copy(const struct layout_node *n);

bool layout_is_leaf(const struct layout_node *n);
struct layout_node *layout_first_child(const struct layout_node *n); /* NULL: a leaf */
struct layout_node *layout_next(const struct layout_node *n);        /* sibling, or NULL */
struct layout_node *layout_find(struct layout_node *root, uint64_t pane);
/* Leaves in reading order: the first, then the one behind; NULL at the end. */
struct layout_node *layout_first_leaf(struct layout_node *root);
struct layout_node *layout_next_leaf(struct layout_node *leaf);
uint32_t layout_count(struct layout_node *root);

/*
 * The verbs.  A root may be replaced, so they take its address.  On an error the
 * tree is as it was.
 *
 * split   @at becomes a split of itself and @fresh, which is then the tree's and gets
 *         @share, on that side.  No other fraction changes, so any number of splits and
 *         removals in reverse give the same tree again
 * remove  the leaf is taken out and handed back, and what it had goes to those that
 *         shared its split, by their weights.  Of the last leaf *root becomes NULL
 * share   @leaf, or what holds it, gets @num / @den of its split along @axis, and
 *         what else is in there keeps its proportions.  num < den.  LAYOUT_E_ALONE
 */
NODISCARD int layout_split(struct layout_node **root, struct layout_node *at, enum layout_side side,
			   struct layout_ratio share, struct layout_node *fresh);
struct layout_node *layout_remove(struct layout_node **root, struct layout_node *leaf);
NODISCARD int layout_share(struct layout_node *leaf, enum layout_axis axis, uint32_t num,
			   uint32_t den);
/* Cells along @axis that layout_share() deals in: of the whole split, without its
 * separators.  0: nothing shares that axis. */
uint32_t layout_shared_cells(const struct layout_node *leaf, enum layout_axis axis);

/* The smallest area that holds the tree. */
void layout_least(struct layout_node *root, uint32_t *ret_cols, uint32_t *ret_rows);
/* Set `at` of every node; the area is at least layout_least(). */
void layout_fit(struct layout_node *root, uint32_t cols, uint32_t rows);
/* The line between @child and the next one of its split. */
struct layout_rect layout_separator(const struct layout_node *child);

/*
 * As text:   cols(70 p1, 30 rows(p2, editor="vi notes"))
 *
 *   tree   = leaf | ("cols" | "rows") "(" part "," part ... ")"
 *   part   = [weight] tree               weight: 1 .. 10000, 1 if absent
 *   leaf   = "p" number | kind ["=" '"' command '"']
 *   kind   = letters, digits, - and _; in the command \" and \\ stand for themselves
 *
 * parse: 0 and *ret, -ENOMEM, LAYOUT_E_DEEP, or LAYOUT_E_SYNTAX with what is wrong
 * in @why.  print: what parse makes of it is the same tree (weights have no limit
 * but LAYOUT_WEIGHT_MAX there).
 */
NODISCARD int layout_parse(const char *text, struct layout_node **ret, char *why, size_t size);
void layout_print(const struct layout_node *root, struct buf *out);
/* "1/3", "30%": false if it is neither, or not inside 0 .. 1. */
bool layout_parse_ratio(const char *text, struct layout_ratio *ret);

#endif
