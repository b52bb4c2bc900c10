/*
 * Draws a terminal's screen onto the user's terminal: knows what stands there
 * and sends the difference, within what that terminal can do.
 *
 * Works on the alternate screen, if there is one, so that the user's own
 * screen and scrollback stay as they were.  Where the pane is larger than the
 * user's terminal, the part around the cursor is shown; where it is smaller,
 * the rest stays blank.
 *
 * Pure: appends to buffers, knows no file descriptors and no clock.  All of
 * what is appended must reach the terminal, in order.
 */
#ifndef CLI_DRAW_H
#define CLI_DRAW_H

#include "base/buf.h"
#include "cli/termcaps.h"
#include "vt/vt.h"

struct draw;

/* Outcomes of draw_frame(). */
enum {
	DRAW_E_SYNCED = 1, /* the program is amid an update (mode 2026): nothing is drawn */
};

/* @cols x @rows: the user's terminal.  NULL: no memory.  @caps are copied. */
NODISCARD struct draw *draw_new(int cols, int rows, const struct termcaps *caps);
struct draw *draw_free(struct draw *d);
DEFINE_CLEANUP(struct draw *, draw_free);

/* More became known; takes effect at the next frame. */
void draw_set_caps(struct draw *d, const struct termcaps *caps);

/* What OSC 10 and 11 are in a pane that did not change them, 0xrrggbb: the .fg
 * and .bg of its vt_opts.  Unless told: those of a vt without opts. */
void draw_set_defaults(struct draw *d, uint32_t fg, uint32_t bg);

/* The user's terminal has another size, or somebody else wrote to it: all is
 * drawn again.  -ENOMEM: as it was. */
NODISCARD int draw_resize(struct draw *d, int cols, int rows);
void draw_forget(struct draw *d);

/* The next frame shows another struct vt than the last one. */
void draw_restart(struct draw *d);

/* Take the user's terminal, and give it back as it was. */
void draw_enter(struct draw *d, struct buf *out);
void draw_leave(struct draw *d, struct buf *out);

/* What draw_leave() would append, DRAW_UNDO_MAX bytes at most: to be kept for
 * signal handlers, renewed after each frame. */
#define DRAW_UNDO_MAX 256
void draw_undo(const struct draw *d, struct buf *out);

/*
 * Append what makes the user's terminal show @vt: screen, cursor, titles, and
 * the modes of keyboard and mouse that its program wants.
 *
 * While the program is amid an update, DRAW_E_SYNCED: ask again later, or, when
 * patience has ended, call vt_sync_end() before.  -ENOMEM: @out is to be
 * discarded from here on, and the next frame draws all.
 */
NODISCARD int draw_frame(struct draw *d, struct vt *vt, struct buf *out);

/* What else a program asked for; goes out with the next frame, if the terminal
 * knows it.  @selection and @data as vt_callbacks.clipboard has them. */
void draw_bell(struct draw *d);
void draw_clipboard(struct draw *d, const char *selection, const char *data, size_t n);
void draw_notify(struct draw *d, const char *title, const char *body);

/* The pane's row and column in the upper left corner: mouse positions are
 * shifted by these. */
void draw_offset(const struct draw *d, int *ret_row, int *ret_col);

#endif
