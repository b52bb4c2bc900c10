/*
 * A pane on the user's terminal: its output passed through, the terminal's modes
 * followed so that they can be undone, its size told to the pane.  Used by attach
 * and by an interactive run.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "cli/passthru.h"
#include "cli/pump.h"

struct view {
	struct pump *pump;
	struct passthru pass;
	char pane[32];
	uint64_t replay_until; /* position up to which output is old: its questions are left out */
	bool is_partial;       /* begins in the middle: skip to where a line or sequence begins */
	bool ignores_size;
	char last;             /* last byte shown */
	uint64_t n_input_lost; /* bytes */
};

/* @pane: PANE as the server told it. */
void view_init(struct view *v, struct pump *pump, const json_t *pane, bool ignores_size);

/* Raw mode, a fresh screen (what was on it scrolls up, not away), the size told. */
NODISCARD int view_enter(struct view *v, bool wants_fresh_screen);
/* The terminal as it was; the cursor where a message can follow. */
void view_leave(struct view *v);

/* Tell the pane the terminal's size. */
void view_tell_size(struct view *v);

void view_output(struct view *v, uint64_t end_seq, const char *data, size_t n);
void view_gap(struct view *v);
/* Type; dropped with a bell when too much waits. */
void view_type(struct view *v, const char *data, size_t n);
/* For client_ops.on_resumed: says so if it took over a second. */
void view_resumed(struct view *v, uint64_t down_ns);

#endif
