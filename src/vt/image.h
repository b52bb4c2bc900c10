/*
 * A terminal as bytes, to go on from later: in another process, after a crash.
 *
 * An image holds everything that decides on what later bytes do: both screens,
 * cursors, modes, margins, tab stops, character sets, colours, titles, links,
 * marks on the screen, key options, and the parser wherever it stopped (within
 * a code point, a sequence, a string).  Not in it: the history, what struct
 * vt_opts and struct vt_callbacks say, and ages.
 *
 *   load(save of a), feed b   is   feed a b
 *
 * but for the history, which begins empty: vt_lines_pushed() goes on from
 * where it was, and all lines before count as dropped.  Who wants history
 * loads an older image and feeds what came since, under vt_replay() so that
 * nobody is told twice; a newer image adds nothing to that.  A resize wraps
 * the history too and takes rows from it: what is to be resized exactly as it
 * once was wants an image so old that a screenful of lines was pushed since.
 *
 * Ages go on above all that the saved terminal can have given out, and
 * everything counts as changed just now.
 *
 * Bytes of any origin may be loaded.  An image is checked to its end before a
 * terminal is made of it; one made by a later version is refused.
 */
#ifndef VT_IMAGE_H
#define VT_IMAGE_H

#include "vt/vt.h"

struct buf;

enum { VT_E_IMAGE = 2 };

/*
 * Append the image.  About 200 bytes and the text of the screens with 2 to 20
 * bytes for each change of style; more while a long string (OSC, DCS, APC) is
 * under way, which is kept as far as it came.
 *
 * Return: 0, or -ENOMEM: what was appended is to be cut off again.
 */
NODISCARD int vt_save(const struct vt *vt, struct buf *out);

/*
 * A terminal from an image; the rest as vt_new().  *ret is set on success.
 *
 * Return: 0, -ENOMEM, or VT_E_IMAGE: damaged, cut short, or of another version.
 */
NODISCARD int vt_load(const void *image, size_t n, const struct vt_opts *opts,
		      const struct vt_callbacks *cbs, void *user, struct vt **ret);

#endif
