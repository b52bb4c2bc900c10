/*
 * A terminal emulator as a pure function of its input: bytes go in, a screen,
 * a history and callbacks come out.  It knows no file descriptors, no clock,
 * no log and no globals; two terminals may live on two threads.
 *
 * What it is like: an xterm with 256 and direct colours, UTF-8, and the
 * common extensions; docs/terminal.md lists what it does and where it differs.
 * Anything may be fed.  Bytes are never an error: what cannot be done for lack
 * of memory is left out (a line, a cluster, a string), and vt_feed() goes on.
 *
 * Rows and columns count from 0.  Screen rows are 0 .. rows-1; history lines
 * are negative, -1 being the newest and -vt_history_lines() the oldest.
 */
#ifndef VT_VT_H
#define VT_VT_H

#include "vt/line.h"
#include "vt/modes.h"

#define VT_COLS_MAX 2000
#define VT_ROWS_MAX 1000

struct key_modes;
struct vt;
struct vt_compress;

enum vt_clipboard_policy { VT_CLIPBOARD_OFF, VT_CLIPBOARD_WRITE, VT_CLIPBOARD_READ_WRITE };

/* Zero means the default named here. */
struct vt_opts {
	uint32_t history_lines;             /* 10,000 */
	size_t history_bytes;               /* of text and attributes: 10 MiB */
	bool has_no_history;                /* keep none, whatever the two above say */
	size_t string_bytes;                /* longest OSC or DCS that is kept: 1 MiB */
	size_t image_bytes;                 /* longest image payload: 4 MiB */
	enum vt_clipboard_policy clipboard; /* OSC 52 */
	bool is_legacy_width;               /* start with mode 2027 off: width per code point */
	bool has_title_report;   /* answer XTWINOPS 20 and 21: a title is text that output
				  * chose, and a reply is typed into the program */
	bool is_light;           /* colour scheme reported for 2031 */
	uint32_t fg, bg, cursor; /* 0xrrggbb answered to OSC 10-12; defaults if all are 0 */
	uint16_t cell_width;     /* pixels, for size reports: 8 */
	uint16_t cell_height;    /* 16 */
	const char *version;     /* answered to XTVERSION; kept by the caller; "OrchFlow" */
	const struct vt_compress *compress; /* for cold history, see compress.h; NULL = none */
};

enum vt_title { VT_TITLE_WINDOW, VT_TITLE_ICON };
enum vt_image { VT_IMAGE_SIXEL, VT_IMAGE_KITTY, VT_IMAGE_ITERM };

struct vt_mark_event {
	struct mark mark;
	const char *text; /* NUL-terminated: the rest of the sequence's parameters ("aid=7",
			   * for 633 the nonce), or "" */
	bool is_633;      /* which of the two protocols it came by */
};

/*
 * What happens on the way.  Every member may be NULL.  Strings are UTF-8 as
 * the program sent it with control characters removed, NUL-terminated, and
 * valid during the call only.  A callback may read the terminal (the screen is
 * as it was when the sequence arrived) but must not feed, resize or free it.
 *
 * None is called while vt_replay() is on.
 */
struct vt_callbacks {
	/* Bytes for the program's input, in the order they are owed. */
	void (*reply)(void *user, const char *bytes, size_t n);
	void (*title)(void *user, enum vt_title which, const char *text);
	void (*bell)(void *user);
	/* OSC 7, OSC 1337 CurrentDir, OSC 9;9, OSC 633 P Cwd: @host is "" where none was given;
	 * @path is percent-decoded. */
	void (*cwd)(void *user, const char *host, const char *path);
	/* OSC 52 write, base64 decoded, policy applied.  @selection: "c", "p", ... */
	void (*clipboard)(void *user, const char *selection, const char *data, size_t n);
	/* OSC 52 query under VT_CLIPBOARD_READ_WRITE: answer through vt_clipboard_reply(),
	 * at once or later. */
	void (*clipboard_query)(void *user, const char *selection);
	/* OSC 9, OSC 777 notify; @title may be "". */
	void (*notify)(void *user, const char *title, const char *body);
	/* OSC 9;4: state 0 none, 1 normal, 2 error, 3 indeterminate, 4 paused. */
	void (*progress)(void *user, int state, int percent);
	void (*mark)(void *user, const struct vt_mark_event *ev);
	/* OSC 633;E: the command line that was typed; @nonce is "" if none was sent. */
	void (*command_line)(void *user, const char *text, const char *nonce);
	/* OSC 1337 SetUserVar (decoded) and OSC 633 P other than Cwd. */
	void (*user_var)(void *user, const char *name, const char *value);
	/* Sixel (@params: "P1;P2;P3"), kitty graphics (the control data), iTerm2 File= (its
	 * arguments); the payload is as sent.  At the cursor's position. */
	void (*image)(void *user, enum vt_image kind, const char *params, const char *data,
		      size_t n);
	/* A mode changed by a program. */
	void (*mode)(void *user, enum vt_mode m, bool is_set);
	/* DECCOLM, DECSLPP, XTWINOPS, ... ask for another size, at most VT_COLS_MAX x
	 * VT_ROWS_MAX.  True agrees: the terminal takes that size at once, and the PTY should. */
	bool (*resize)(void *user, int cols, int rows);
};

/*
 * A new terminal; NULL when memory is out.  Sizes are clamped to 1..MAX.
 * @opts and @cbs may be NULL and are copied; @user is handed to the callbacks.
 */
NODISCARD struct vt *vt_new(int cols, int rows, const struct vt_opts *opts,
			    const struct vt_callbacks *cbs, void *user);
struct vt *vt_free(struct vt *vt);
DEFINE_CLEANUP(struct vt *, vt_free);

/* The state afterwards does not depend on how bytes were cut into calls. */
void vt_feed(struct vt *vt, const void *bytes, size_t n);

/*
 * For callbacks that a string sequence (OSC, DCS, APC) brought about: how many bytes
 * of the vt_feed() under way were taken, with that sequence; @ret_sequence: of how
 * many it consists itself, if no control character stands inside it.
 */
size_t vt_taken(const struct vt *vt, size_t *ret_sequence);

/*
 * Another size: the primary screen and the history are wrapped again (nothing
 * is lost, the cursor stays on its character); the alternate screen is cut or
 * padded.  0, or -ENOMEM with everything as it was.
 */
NODISCARD int vt_resize(struct vt *vt, int cols, int rows);
void vt_set_cell_pixels(struct vt *vt, int width, int height);

/* As after vt_new(), history included or kept. */
void vt_reset(struct vt *vt, bool wants_history_cleared);

/* The history is empty afterwards; the screen stays. */
void vt_clear_history(struct vt *vt);

/* While on, no callback is called: for feeding bytes again after a crash. */
void vt_replay(struct vt *vt, bool is_on);

/* Mode 2026 is set; who shows the screen waits for its end or, after a time
 * that it chooses, calls vt_sync_end(). */
bool vt_is_synced(const struct vt *vt);
void vt_sync_end(struct vt *vt);

/* The terminal's owner: tell the program when it asked to be told (modes 1004
 * and 2031); answer an OSC 52 query. */
void vt_focus(struct vt *vt, bool is_focused);
void vt_color_scheme(struct vt *vt, bool is_light);
void vt_clipboard_reply(struct vt *vt, const char *selection, const char *data, size_t n);

/* --- reading --- */

int vt_cols(const struct vt *vt);
int vt_rows(const struct vt *vt);

enum vt_cursor_shape { VT_CURSOR_BLOCK, VT_CURSOR_UNDERLINE, VT_CURSOR_BAR };

struct vt_cursor {
	int row, col;    /* col <= cols-1 even when a wrap is pending */
	bool is_visible; /* DECTCEM */
	bool is_blinking;
	bool is_wrap_pending;       /* the last column was just written */
	enum vt_cursor_shape shape; /* DECSCUSR */
};

struct vt_cursor vt_cursor(const struct vt *vt);
bool vt_mode(const struct vt *vt, enum vt_mode m);
bool vt_is_alternate(const struct vt *vt);
const char *vt_title(const struct vt *vt, enum vt_title which); /* "" if never set */
unsigned vt_kitty_flags(const struct vt *vt);                   /* kitty keyboard, current screen */
int vt_modify_other_keys(const struct vt *vt);                  /* XTMODKEYS 4: 0..3 */
bool vt_format_other_keys(const struct vt *vt); /* XTFMTKEYS 4: CSI u instead of CSI 27 */
/* What of all that decides how keys are sent, for key_encode() (vt/key.h). */
struct key_modes vt_key_modes(const struct vt *vt);
uint32_t vt_palette(const struct vt *vt, unsigned index); /* 0xrrggbb of index 0..255 */

enum vt_dynamic_color { VT_COLOR_FG, VT_COLOR_BG, VT_COLOR_CURSOR };
uint32_t vt_dynamic_color(const struct vt *vt, enum vt_dynamic_color which); /* 0xrrggbb */

int vt_history_lines(const struct vt *vt);

/*
 * One line as a view, see line.h: of the screen shown now (0 .. rows-1) or of
 * the history (negative).  @buf holds what the view points to.
 *
 * Return: 0, -ERANGE for a line that is not there, -ENOMEM.
 */
NODISCARD int vt_line(const struct vt *vt, int row, struct line_buf *buf,
		      struct line_view *ret_view);

/*
 * Damage by age: the terminal counts its calls to vt_feed(), vt_resize(), ...
 * and each thing remembers the count at its last change.  A reader keeps the
 * vt_age() of its last look, and what has a greater age is what changed.
 */
uint64_t vt_age(const struct vt *vt);
uint64_t vt_row_age(const struct vt *vt, int row); /* of what that screen row shows */
uint64_t vt_cursor_age(const struct vt *vt);       /* position, shape, visibility */
uint64_t vt_state_age(const struct vt *vt);        /* modes, titles, palette, screen switch */

/* Lines that ever left the top into the history, and those of them (the oldest)
 * that it has dropped.  A resize may wrap again: then vt_reflow_age() grows and
 * the count starts anew. */
uint64_t vt_lines_pushed(const struct vt *vt);
uint64_t vt_lines_dropped(const struct vt *vt);
uint64_t vt_reflow_age(const struct vt *vt);

/*
 * Where a mark is now.  Marks stay with their character through scrolling and
 * reflow until their line is dropped or erased.
 *
 * Return: 0, or VT_E_GONE.
 */
enum { VT_E_GONE = 1 };
NODISCARD int vt_mark_find(const struct vt *vt, uint64_t id, int *ret_row, int *ret_col);

/* A bounded piece of housekeeping (compressing cold history) for when the pane
 * is quiet; true while there is more to do. */
bool vt_idle(struct vt *vt);

/* Bytes of memory that hang on this terminal, for accounting. */
size_t vt_memory(const struct vt *vt);
/* ... and what of it is its history. */
size_t vt_history_memory(const struct vt *vt);

#endif
