/* What the files that write snapshots share.  Nobody else includes it. */
#ifndef VT_SNAPSHOT_OUT_H
#define VT_SNAPSHOT_OUT_H

#include "vt/snapshot.h"

struct snapshot {
	const struct vt *vt;
	const struct snapshot_opts *opts;
	struct buf *out;
	int from, to; /* lines [from, to), as vt_line() counts them */
	struct line_buf buf;
	struct line_view line; /* the one read last */
	int err;               /* sticky: 0 or the fault of a line that could not be read */
};

/* Read line @row into s->line; false after a fault. */
bool snapshot_read(struct snapshot *s, int row);

/* Writers, one per form. */
void snapshot_text(struct snapshot *s);
void snapshot_ansi(struct snapshot *s);
void snapshot_json(struct snapshot *s);
void snapshot_html(struct snapshot *s);
void snapshot_svg(struct snapshot *s);

/* The beginning of the sequence that the terminal is in the middle of. */
void snapshot_partial(struct snapshot *s);

/* Text with U+FFFD for what is no UTF-8: titles and links are as they came. */
void snapshot_put_utf8(struct buf *out, const char *text, size_t n);

/* The same with &, <, > and " replaced. */
void snapshot_put_xml(struct buf *out, const char *text, size_t n);

/* The colours that a run is drawn in: palette, inverse, faint and invisible
 * applied, 0xrrggbb. */
struct snapshot_look {
	uint32_t fg, bg, underline;
	bool has_bg; /* differs from the screen's */
};
struct snapshot_look snapshot_look(const struct vt *vt, const struct style *style);
uint32_t snapshot_background(const struct vt *vt);
uint32_t snapshot_foreground(const struct vt *vt);

/* The uri, if it may be made something to click on (http, https, mailto, ftp,
 * file); else NULL. */
const char *snapshot_safe_uri(const struct link *link);

#endif
