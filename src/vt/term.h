/*
 * The inside of a terminal: what the files of this folder share.  Nobody else
 * includes it; snapshot*.c and key*.c only read.
 *
 * From history.h the grid wants (index 0 is the oldest line):
 *
 *   struct history *history_new(uint32_t max_lines, size_t max_bytes,
 *                               const struct vt_compress *compress);
 *   struct history *history_free(struct history *h);
 *   int history_push(struct history *h, const struct line_view *v);
 *           0, or -ENOMEM: that line is lost.  Drops the oldest when full.
 *   char *history_push_plain(struct history *h, uint32_t n, const struct style *style,
 *                            uint8_t flags);
 *           The fast way for a line of n printable ASCII characters, all of one
 *           style (.link is 0), no marks: room for its n bytes, which the caller
 *           fills at once; with 32 bytes of slack behind it that may be scribbled
 *           on (vector stores).  NULL: that line is lost.
 *   void history_pop(struct history *h);          forgets the newest line
 *   void history_clear(struct history *h);
 *   uint32_t history_count(const struct history *h);
 *   uint64_t history_dropped(const struct history *h);
 *   int history_read(const struct history *h, uint32_t index, struct line_buf *buf,
 *                    struct line_view *ret_view);
 *   bool history_idle(struct history *h);
 *   size_t history_memory(const struct history *h);
 *   int history_find_mark(const struct history *h, uint64_t id, uint32_t *ret_index,
 *                         struct mark *ret_mark);      0, or 1 when it is not there
 *
 * From unicode.h, all inline and one table walk:
 *
 *   uint8_t unicode_props(uint32_t cp);      low 2 bits: columns (0, 1, 2) by code point;
 *                                            the bits above: grapheme break class
 *   bool unicode_breaks(uint8_t *state, uint8_t prev, uint8_t next);
 *                                            UAX #29 between two code points' props; state
 *                                            is 0 at the start of a cluster and is updated
 *   VS15/VS16, ZWJ and regional indicators are looked at by print.c.
 */
#ifndef VT_TERM_H
#define VT_TERM_H

#include "vt/cluster.h"
#include "vt/grid.h"
#include "vt/link.h"
#include "vt/parser.h"
#include "vt/vt.h"

struct history;

enum charset {
	CHARSET_ASCII,
	CHARSET_GRAPHICS, /* DEC special graphics */
	CHARSET_UK,
	CHARSET_DUTCH,
	CHARSET_FINNISH,
	CHARSET_FRENCH,
	CHARSET_FRENCH_CANADIAN,
	CHARSET_GERMAN,
	CHARSET_ITALIAN,
	CHARSET_NORWEGIAN,
	CHARSET_PORTUGUESE,
	CHARSET_SPANISH,
	CHARSET_SWEDISH,
	CHARSET_SWISS,
	CHARSET_LATIN1,
	CHARSET_SUPPLEMENTAL, /* DEC supplemental graphics */
	CHARSET_TECHNICAL,    /* DEC technical */
	CHARSET_N
};

/* Cursor and what DECSC saves with it. */
struct cursor {
	int x, y;         /* column, row on the screen */
	bool is_last;     /* a wrap is pending ("last column flag") */
	bool is_origin;   /* DECOM, in a saved cursor only */
	uint8_t gl, gr;   /* which of g[] is invoked left and right */
	uint8_t single;   /* SS2, SS3: g[] for the next character, 0 = none */
	uint8_t g[4];     /* enum charset of G0 .. G3 */
	struct style pen; /* as SGR set it */
};

struct screen {
	struct grid grid;
	struct cursor saved; /* DECSC */
	bool has_saved;
	uint8_t kitty[16]; /* kitty keyboard flags, a stack */
	uint8_t n_kitty;   /* entries in use; the top is current; 0 = flags 0 */
};

#define TITLES_MAX 10 /* depth of the title stack */
#define COLORS_STACK_MAX 10

struct palette {
	uint32_t indexed[256]; /* 0xrrggbb */
	uint32_t special[5];   /* OSC 5: bold, underline, blink, reverse, italic */
	uint32_t dynamic[10];  /* OSC 10..19 */
};

/* The top left of the screen at the first of several resizes with no scrolling
 * between them: where to come back to, so that resizing back restores the screen. */
struct anchor {
	int row, col; /* row relative to the top of the screen now, <= 0 */
	int rows;     /* height of the screen then */
	bool is_full; /* its last row was in use */
	bool is_set;
};

/* What printing touches comes first, at the price of a few holes. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct vt {
	/* hot: printing */
	struct grid *grid; /* of the screen shown: one of the two below */
	struct cursor cur;
	uint32_t pen_id;   /* interned style of cur.pen; STYLE_NONE = intern at next use */
	uint32_t blank_id; /* style of erased cells (background only); likewise lazy */
	int cols, rows;
	int top, bottom; /* DECSTBM, rows inclusive */
	int left, right; /* DECLRMM margins, columns inclusive; whole width if off */
	uint64_t modes;  /* bit per enum vt_mode */
	uint64_t age;    /* see vt_age() */
	bool is_simple;  /* printing needs no IRM, charset or single shift */
	uint8_t isa;     /* enum scan_isa of this machine */

	struct parser parser;
	struct style_table styles;
	struct cluster_table clusters;
	struct link_table links;
	struct history *history; /* NULL: none is kept */

	struct screen primary, alternate; /* the alternate grid is made at first use */
	bool is_alternate;

	/* printing */
	int last_x, last_y;  /* cell that a combining mark joins; -1: none */
	uint32_t last_cp;    /* REP; 0 = nothing to repeat */
	uint8_t break_state; /* grapheme break state of the cell at last_x, last_y */
	uint8_t last_props;

	uint8_t *tabs;                         /* bit per column */
	uint8_t protect;                       /* enum protect: which of DECSCA and SPA counts */
	bool is_utf8;                          /* ESC % G and ESC % @ */
	bool is_8bit;                          /* S8C1T: replies use C1 controls */
	uint8_t level;                         /* DECSCL: 1..5 */
	uint8_t cursor_style;                  /* DECSCUSR parameter 0..6 */
	uint8_t change_extent;                 /* DECSACE: 1 stream, 2 rectangle */
	uint8_t checksum_flags;                /* XTCHECKSUM */
	uint8_t title_modes;                   /* XTSMTITLE bits */
	uint8_t mod_keys[8];                   /* XTMODKEYS values */
	uint8_t fmt_keys[8];                   /* XTFMTKEYS values */
	uint64_t saved_modes, has_saved_modes; /* XTSAVE, XTRESTORE */

	char *titles[2]; /* enum vt_title; NULL = "" */
	char *title_stack[TITLES_MAX][2];
	int n_titles;
	struct palette *palette; /* NULL until a program changes a colour */
	int window_x, window_y;  /* XTWINOPS 3, only reported */
	bool is_icon;            /* XTWINOPS 2, only reported */

	struct style sgr_stack[10]; /* XTPUSHSGR */
	uint8_t n_sgr;

	uint64_t next_mark;
	uint64_t cursor_age, state_age, reflow_age;
	struct anchor anchor;

	bool is_replay;
	bool is_focused;
	bool is_light;
	struct vt_opts opts;
	struct vt_callbacks cbs;
	void *user;
	struct line_buf scratch;
};

static inline bool term_mode(const struct vt *vt, enum vt_mode m)
{
	return vt->modes >> m & 1;
}

/* A screen row that is about to change. */
static inline struct row *term_row(struct vt *vt, int y)
{
	struct row *r = vt->grid->rows[y];

	r->age = vt->age;
	return r;
}

/* Style ids of what is printed and of what is erased; both sweep the tables
 * when these are full, so no other id may be held across a call. */
uint32_t term_intern(struct vt *vt, const struct style *s);
uint32_t term_pen_slow(struct vt *vt);
uint32_t term_blank_slow(struct vt *vt);

static inline uint32_t term_pen(struct vt *vt)
{
	return vt->pen_id != STYLE_NONE ? vt->pen_id : term_pen_slow(vt);
}

static inline uint32_t term_blank(struct vt *vt)
{
	return vt->blank_id != STYLE_NONE ? vt->blank_id : term_blank_slow(vt);
}

/* cur.pen has changed. */
static inline void term_pen_changed(struct vt *vt)
{
	vt->pen_id = STYLE_NONE;
	vt->blank_id = STYLE_NONE;
}

/* Free what no cell and no pen shows; called when a table is full. */
void term_sweep_clusters(struct vt *vt);
void term_sweep_links(struct vt *vt);

/* Whether printing may take the short way; after IRM, charsets, shifts. */
void term_update_simple(struct vt *vt);

/* What a combining mark could join is gone: the cursor moved. */
static inline void term_forget_last(struct vt *vt)
{
	vt->last_x = -1;
}

/* The row's width in its own columns: half for double-width lines. */
static inline int term_width(const struct vt *vt, const struct row *r)
{
	return r->flags & LINE_DOUBLE ? (vt->cols + 1) / 2 : vt->cols;
}

/* A column of the screen, or the row's end where that is before it. */
static inline int term_clip(const struct vt *vt, const struct row *r, int col)
{
	int width = term_width(vt, r);

	return col < width ? col : width;
}

/* A program asks for another size: its owner decides. */
void term_ask_size(struct vt *vt, int cols, int rows);

/* Bytes for the program; nothing while replaying. */
void term_reply(struct vt *vt, const char *bytes, size_t n);
void term_replyf(struct vt *vt, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
