/*
 * A pane on the user's terminal, drawn: an emulator of our own is fed with the
 * pane's output, and the user's terminal gets the difference between what it
 * shows and what it should show.  What is typed is decoded and encoded again for
 * the program's modes.  Used by attach.
 *
 * Frames are paced: at once when something was just typed, else at most one in
 * SCREEN_FRAME_NS, and none while the terminal has not taken the last one.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "cli/draw.h"
#include "cli/keyin.h"
#include "cli/keyin_detach.h"
#include "cli/pump.h"
#include "vt/vt.h"

#define SCREEN_FRAME_NS 8000000ull

struct screen {
	struct pump *pump;
	char pane[32];
	bool ignores_size, is_read_only, is_detached;
	struct vt *vt;
	struct draw *draw;
	struct termcaps caps;
	struct keyin keys;
	struct keyin_detach detach;
	struct buf typed;
	bool is_dirty; /* something changed since the last frame */
	uint64_t last_frame_ns, last_typed_ns;
	uint64_t ask_until_ns;    /* answers of the terminal are waited for; 0: not */
	uint64_t escape_at_ns;    /* keyin_flush() is due; 0: nothing held */
	uint64_t detach_at_ns;    /* the second detach key did not come; 0: not waiting */
	uint64_t note_until_ns;   /* a note of ours covers the last line; 0: none */
	uint64_t synced_since_ns; /* the program is amid an update; 0: it is not */
};

/* @pane: PANE as the server told it.  0, or -ENOMEM. */
NODISCARD int screen_init(struct screen *s, struct pump *pump, const json_t *pane);
void screen_fini(struct screen *s);

/* Raw mode, and the terminal taken; leave gives it back as it was. */
NODISCARD int screen_enter(struct screen *s);
void screen_leave(struct screen *s);

/* The user's terminal has another size: the pane is told, and all drawn again. */
void screen_tell_size(struct screen *s);

/* What the server says. */
void screen_output(struct screen *s, const char *data, size_t n);
void screen_reset(struct screen *s, const struct client_screen *to);
void screen_gap(struct screen *s);
void screen_resized(struct screen *s, int cols, int rows);
void screen_bell(struct screen *s);
/* Connected again: says so if it took over a second. */
void screen_resumed(struct screen *s, uint64_t down_ns);

/* What the user does. */
void screen_input(struct screen *s, const char *data, size_t n);

/* For pump_ops: before each wait, and when the deadline that it set has passed. */
void screen_turn(struct screen *s);

#endif
