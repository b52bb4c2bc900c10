/*
 * Layouts of a session: named trees of its panes, one of them active.  A pane is
 * in one layout at most; one that is in none is in the background.
 *
 * A layout has an area in cells, and the panes in it have the sizes that the
 * tree gives them (layout_tree.h).  The area is what its viewers have, the
 * smallest one; without viewers of the layout, what viewers of its panes
 * have; without any, what it was.  It is never taken smaller than the tree
 * needs.  A pane that somebody looks at alone (core_pane_attach()) has that
 * viewer's size meanwhile, and a zoomed one the whole area.
 *
 * A pane that exits or is deleted leaves its layout, the last one with the layout.
 * What ends at a shutdown stays in it, as lost panes do: they can be respawned.
 */
#ifndef CORE_LAYOUT_H
#define CORE_LAYOUT_H

#include "core/core.h"
#include "core/layout_tree.h"

#define LAYOUT_NAME_MAX 64
#define LAYOUTS_PER_SESSION 100

struct layout;

struct layout_info {
	const char *name;
	const struct session *session;
	const struct layout_node *root; /* fitted */
	uint16_t cols, rows;            /* the area */
	uint64_t zoomed;                /* pane number, 0 none */
	bool is_active;
	uint32_t n_viewers;
};
void layout_get_info(const struct layout *l, struct layout_info *ret);
/* In order of creation; NULL behind the last. */
struct layout *session_layout_at(const struct session *s, uint32_t index);
struct layout *pane_layout(const struct pane *p); /* NULL: background */

/* @session NULL: "main"; @name NULL: its active one. */
NODISCARD int core_layout_find(struct core *c, const char *session, const char *name,
			       struct layout **ret, struct fail *reterr);
/* The layout that a pane is in: NOT_IN_LAYOUT. */
NODISCARD int core_layout_of(struct pane *p, struct layout **ret, struct fail *reterr);

struct layout_spec {
	const char *session; /* name or id; NULL: "main"; made if there is none of that name */
	const char *name;    /* NULL: the template's, or made up */
	const char *tree;    /* as text; NULL: @template */
	const char *template;
	int64_t cols, rows; /* of the area */
	/* Of panes that are to be started. */
	const char *cwd;
	const json_t *env;
	uint32_t umask;
};
/* Starts what the tree names by kind, takes the panes that it names by id, and
 * makes the layout active.  All or nothing; @done comes once. */
typedef void core_layout_fn(struct layout *l, struct pane *fresh, const struct fail *f, void *user);
void core_layout_create(struct core *c, const struct layout_spec *spec, core_layout_fn *done,
			void *user);

struct layout_split_spec {
	struct pane *at;
	enum layout_side side;
	struct layout_ratio share;     /* of what @at has, for the new one */
	struct pane *with;             /* a background pane of the session; NULL: a new one */
	const struct pane_spec *fresh; /* its session and size are set here */
};
/* @at that is in no layout gets one first, of its own size. */
void core_layout_split(struct core *c, const struct layout_split_spec *spec, core_layout_fn *done,
		       void *user);

/* The area, with no viewer that says otherwise. */
NODISCARD int core_layout_resize(struct layout *l, int64_t cols, int64_t rows, struct fail *reterr);
/* What @p (or what holds it) has along @axis: @cells, or @share of what it shares. */
NODISCARD int core_layout_resize_pane(struct pane *p, enum layout_axis axis, int64_t cells,
				      struct fail *reterr);
NODISCARD int core_layout_share(struct pane *p, enum layout_axis axis, struct layout_ratio share,
				struct fail *reterr);
/* Into the background; of its last pane the layout goes. */
NODISCARD int core_layout_close(struct pane *p, struct fail *reterr);
/* Beside @to, which is in a layout of the same session. */
NODISCARD int core_layout_move(struct pane *p, struct pane *to, enum layout_side side,
			       struct layout_ratio share, struct fail *reterr);
NODISCARD int core_layout_swap(struct pane *a, struct pane *b, struct fail *reterr);
NODISCARD int core_layout_zoom(struct pane *p, bool is_on, struct fail *reterr);
NODISCARD int core_layout_rename(struct layout *l, const char *name, struct fail *reterr);
/* Active; @p, if not NULL, is in it and becomes the session's active pane. */
void core_layout_select(struct layout *l, struct pane *p);
/* Its panes go to the background. */
void core_layout_delete(struct layout *l);

NODISCARD int core_layout_attach(struct layout *l, void *viewer, int64_t cols, int64_t rows,
				 bool ignore_size, struct fail *reterr);
void core_layout_detach(struct layout *l, void *viewer);

/* The i-th template of the configuration; false behind the last. */
bool core_template_at(const struct core *c, uint32_t i, const char **ret_name,
		      const char **ret_tree);

#endif
