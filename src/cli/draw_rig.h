/*
 * For the tests of drawing: a pane, and a second terminal in the place of the
 * user's.  What is drawn onto it must look like the pane.
 */
#ifndef CLI_DRAW_RIG_H
#define CLI_DRAW_RIG_H

#include "cli/draw.h"

struct rig {
	struct vt *pane, *user;
	struct draw *draw;
	struct buf out;
	struct termcaps caps;
	size_t n_frame; /* bytes of the last frame */
	unsigned n_bells;
	char clipboard[64], notice[64];
};

#define ENTERED "user's screen" /* what stood there before */

void rig_init(struct rig *r, int cols, int rows);
void rig_init_sizes(struct rig *r, const int pane[2], const int user[2]);
void rig_fini(struct rig *r);

/* What was appended to .out goes to the user's terminal. */
void rig_give(struct rig *r);

void rig_feed(struct vt *vt, const char *bytes);
/* Draw, an update that is not complete too. */
void rig_frame(struct rig *r);
/* Fails unless all that is in view looks the same. */
void rig_check(const struct rig *r);
void rig_check_row(const struct rig *r, int y, int top, int left);
/* Feed the pane, draw, check. */
void rig_show(struct rig *r, const char *bytes);

/* One column as a person sees it. */
struct seen {
	char text[40]; /* "" = the right half of a wide one */
	uint32_t fg, bg, underline;
	uint16_t attrs;
	char uri[40];
};

/* Columns [from, from + n) of a line, blank behind its end. */
void seen_line(const struct vt *vt, int row, int from, struct seen *out, int n);
bool seen_is_same(const struct seen *a, const struct seen *b);

#endif
