/*
 * A pane on the user's terminal: its output passed through, the terminal's modes
 * followed so that they can be undone, its size told to the pane.  Used by
 * an interactive run.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "cli/passthru.h"
#include "cli/pump.h"

struct view {
	struct pump *pump;
	struct passthru pass;
	char pane[32];
	bool is_partial; /* in the middle of things: skip to where a line or sequence begins */
	bool ignores_size;
	char last; /* last byte shown */
};

/* @pane: PANE as the server told it. */
void view_init(struct view *v, struct pump *pump, const json_t *pane, bool ignores_size);

/* Raw mode. */
NODISCARD int view_enter(struct view *v);
/* The terminal as it was; the cursor where a message can follow. */
void view_leave(struct view *v);

/* Tell the pane the terminal's size: before subscribing, so that the first screen
 * is of that size, and when it changes. */
void view_tell_size(struct view *v);

/* Output.  Questions in it are left out: the server has answered them. */
void view_output(struct view *v, const char *data, size_t n);
void view_gap(struct view *v);
/* Type; dropped with a bell when too much waits. */
void view_type(struct view *v, const char *data, size_t n);
/* For client_ops.on_resumed: says so if it took over a second. */
void view_resumed(struct view *v, uint64_t down_ns);

#endif
