/*
 * The inside of struct draw: what its files share.  Nobody else includes it.
 *
 * Cells are those of vt/cell.h with tables of our own, so that two are the same
 * if and only if their eight bytes are.  Styles are what was sent, after
 * colours were reduced.  A space that shows nothing but its background is a
 * blank (text 0) of a style that has only a background.
 */
#ifndef CLI_DRAW_STATE_H
#define CLI_DRAW_STATE_H

#include "cli/draw.h"
#include "vt/cell.h"
#include "vt/cluster.h"
#include "vt/link.h"
#include "vt/style.h"

/* A cell that shows we do not know what: equal to none. */
#define DRAW_UNKNOWN ((struct cell){ 0xffffffffu, 0 })

/* A column or row that is not known. */
#define DRAW_NOWHERE (-1)

struct draw_row {
	struct cell *cells; /* draw.cols of them */
	uint64_t hash;      /* of the cells, as of the last frame */
	bool is_double;     /* next: a line of double width, whose columns count twice */
};

/* DEC private modes that are switched for a pane. */
enum draw_mode {
	DRAW_MOUSE_BUTTON,
	DRAW_MOUSE_DRAG,
	DRAW_MOUSE_ANY,
	DRAW_MOUSE_SGR,
	DRAW_FOCUS,
	DRAW_PASTE,
	DRAW_ALT_SCROLL,
	DRAW_GRAPHEME,
	DRAW_N_MODES
};

/* What is switched at the user's terminal, and what shall be. */
struct draw_modes {
	uint32_t set;       /* bit per enum draw_mode */
	uint8_t kitty;      /* flags pushed; with has_kitty */
	bool has_kitty;     /* an entry of ours is on the keyboard stack */
	uint8_t other_keys; /* XTMODKEYS 4 */
	bool is_keypad;     /* DECKPAM */
	uint8_t shape;      /* DECSCUSR parameter; 0 = as the user has it */
	bool is_hidden;     /* DECTCEM */
};

struct draw_cursor {
	int row, col; /* DRAW_NOWHERE: unknown */
};

struct draw {
	struct termcaps caps;
	int cols, rows;
	uint32_t default_fg, default_bg;

	/* the user's terminal */
	struct draw_row *shown; /* what stands there */
	struct cell *shown_slab;
	struct draw_cursor at;
	struct style pen;
	uint8_t prev_props; /* of the code point that the next one could join; 1 = none */
	struct draw_modes modes;
	char *titles[2]; /* enum vt_title: as sent; NULL = none was */
	bool is_entered;
	bool is_alternate;      /* we switched to the alternate screen */
	bool has_pushed_titles; /* the user's are on the title stack */
	bool is_unknown;        /* clear before drawing */

	/* what shall stand there */
	struct draw_row *next;
	struct cell *next_slab;
	int top, left; /* of the pane, shown in the corner */

	/* tables for both */
	struct style_table styles;
	struct cluster_table clusters;
	struct link_table links;
	uint32_t sweep_at; /* entries in a table at which to look for dead ones */

	/* the pane, as of the last frame */
	uint64_t seen_age;
	bool was_alternate;
	int pane_cols, pane_rows;

	bool wants_bell;
	struct buf extra; /* clipboard, notifications */
	struct buf body;
	struct line_buf line;
};

static inline bool cell_equal(struct cell a, struct cell b)
{
	return a.text == b.text && a.style == b.style;
}

static inline bool draw_has(const struct draw *d, enum termcaps_feature f)
{
	return termcaps_has(&d->caps, f);
}

/* draw_read.c: row @row of the pane into next[@y]. */
NODISCARD int draw_read_row(struct draw *d, const struct vt *vt, int row, int y);
uint64_t draw_hash(const struct cell *cells, int n);

/* draw_cell.c: the text of a cell that is no spacer, as it may be sent. */
#define DRAW_TEXT_MAX (CLUSTER_BYTES_MAX + 4)
size_t draw_cell_text(const struct draw *d, struct cell c, char *out);
/* The terminal may give it another width than we do. */
bool draw_is_unsure(const struct draw *d, struct cell c);

/* draw_style.c: make the pen that style; nothing, if it is. */
void draw_pen(struct draw *d, const struct style *s, struct buf *out);
void draw_pen_id(struct draw *d, uint32_t id, struct buf *out);

/* draw_move.c */
void draw_move(struct draw *d, int row, int col, struct buf *out);

/* draw_row.c: the cells of next[@y] that differ; shown[@y] is then equal. */
void draw_row(struct draw *d, int y, struct buf *out);
/* The last rows, if all of them become blank. */
void draw_blank_end(struct draw *d, struct buf *out);

/* draw_scroll.c: move what stands there already. */
void draw_scroll(struct draw *d, struct buf *out);

/* draw_modes.c */
void draw_modes_sync(struct draw *d, const struct vt *vt, struct buf *out);
uint32_t draw_initial_modes(const struct draw *d); /* as the terminal had them */
void draw_modes_undo(const struct draw *d, struct buf *out);
void draw_titles(struct draw *d, const struct vt *vt, struct buf *out);
/* A cursor shape for DECSCUSR. */
void draw_shape(struct draw *d, const struct vt_cursor *c, struct buf *out);

#endif
