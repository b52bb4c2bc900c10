/*
 * What a terminal shows, written down: the screen, lines of its history, or
 * both, in one of five forms.
 *
 *   text   the characters; blanks at the end of a line are left out
 *   ansi   the bytes that make a terminal of the same size look and behave the
 *          same: screen, modes, cursor, margins, tab stops, character sets,
 *          saved cursors, titles, colours, keyboard flags.  What attach and
 *          resync send.  Begins with a full reset.
 *   json   one object, one line: see snapshot_json.c
 *   html   a document with one <pre>
 *   svg    a picture
 *
 * Reads the terminal only; feed it between two calls as you like.
 */
#ifndef VT_SNAPSHOT_H
#define VT_SNAPSHOT_H

#include "base/buf.h"
#include "vt/vt.h"

enum snapshot_format {
	SNAPSHOT_TEXT,
	SNAPSHOT_ANSI,
	SNAPSHOT_JSON,
	SNAPSHOT_HTML,
	SNAPSHOT_SVG,
};

#define SNAPSHOT_ALL INT32_MAX

/* Zero is the screen alone, as text. */
struct snapshot_opts {
	enum snapshot_format format;
	int32_t n_history;      /* newest lines of the history, put first; SNAPSHOT_ALL */
	int32_t n_skip;         /* of those, leave out the newest n (for pages of history) */
	bool has_no_screen;     /* history only; for ansi: nothing but lines is restored */
	bool is_joined;         /* text: a line that was wrapped comes as one */
	bool wants_blank_lines; /* text: also the blank ones at the end */
};

/* Appends to @out: 0, or -ENOMEM (what was appended is then incomplete). */
NODISCARD int snapshot_write(const struct vt *vt, const struct snapshot_opts *opts,
			     struct buf *out);

/* "text", "ansi", ...: false if there is no such format. */
bool snapshot_format_find(const char *name, enum snapshot_format *ret);

#endif
