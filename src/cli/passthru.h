/*
 * What stands between a pane's output and the user's terminal while attach
 * passes bytes through: it follows the modes that the output sets, so that they
 * can be undone, and can leave out the questions that the output asks (an old
 * question, shown again at attach, would be answered into the pane).
 *
 * Pure: bytes in, bytes out.  Bounded: a sequence longer than PASSTHRU_MAX bytes
 * is passed on unexamined (or, if it is a string like OSC, by its beginning).
 */
#ifndef CLI_PASSTHRU_H
#define CLI_PASSTHRU_H

#include "base/buf.h"

#define PASSTHRU_MAX 256
#define PASSTHRU_MODES 40

enum passthru_state {
	PASSTHRU_GROUND,
	PASSTHRU_ESCAPE,       /* behind ESC */
	PASSTHRU_INTERMEDIATE, /* ESC with intermediates */
	PASSTHRU_CSI,
	PASSTHRU_STRING,     /* OSC, DCS, APC, PM, SOS: until ST (or BEL for OSC) */
	PASSTHRU_STRING_ESC, /* ESC within */
};

struct passthru {
	enum passthru_state state;
	char seq[PASSTHRU_MAX + 1]; /* the sequence so far, from its ESC; room for a NUL */
	size_t n_seq;
	bool is_long;     /* the sequence did not fit: its beginning is out already */
	bool is_dropping; /* ... or is dropped */
	bool wants_no_questions;

	uint16_t modes[PASSTHRU_MODES]; /* private modes that differ from a fresh terminal */
	unsigned n_modes;
	bool has_margins, has_keypad, has_style, has_cursor_style, has_charset, has_other_keys;
	bool has_moved;   /* the cursor was put somewhere: not just line after line */
	bool has_colors;  /* palette or dynamic colours were set */
	unsigned n_kitty; /* kitty keyboard: pushes less pops */
};

void passthru_init(struct passthru *p);

/* Bytes of the pane; what the terminal shall get is appended to @out. */
void passthru_feed(struct passthru *p, const char *data, size_t n, struct buf *out);

/* A piece of the stream is missing: forget the sequence that was under way. */
void passthru_cut(struct passthru *p);

/* Sequences that bring the terminal back to where it was, the modes first that
 * hide things from the user.  Nothing if nothing was changed. */
void passthru_undo(const struct passthru *p, struct buf *out);

#endif
