/*
 * The lines that left the top of the screen, oldest first: index 0 is the
 * oldest one kept.
 *
 * They are stored as text with runs of style, in pages of 64 KiB that hold no
 * pointers (history_page.h).  A page that is full never changes again; it can
 * be compressed when the pane is quiet.  Bounded in lines and in bytes; the
 * oldest go first.  Any line reads back as the very view that was pushed.
 *
 * Not here: wrapping again (reflow.c), which reads and pushes.
 */
#ifndef VT_HISTORY_H
#define VT_HISTORY_H

#include "vt/compress.h"
#include "vt/line.h"

struct history;

/*
 * @max_lines  lines kept, >= 1
 * @max_bytes  of encoded lines, whether compressed or not; the newest page is
 *             kept whatever its size
 * @compress   copied; NULL = pages stay as they are
 *
 * Allocates little until the first line comes.  NULL when memory is out.
 */
NODISCARD struct history *history_new(uint32_t max_lines, size_t max_bytes,
				      const struct vt_compress *compress);
struct history *history_free(struct history *h);
DEFINE_CLEANUP(struct history *, history_free);

/*
 * Append a copy of the line.  @v has at most UINT16_MAX columns.
 *
 * Return:  0, or -ENOMEM: that line is lost and everything else as it was.
 */
NODISCARD int history_push(struct history *h, const struct line_view *v);

/*
 * The fast way for a line of @n printable ASCII characters, all of one style
 * (no link), without marks.  @n <= UINT16_MAX.
 *
 * Return:  room for its @n bytes, which the caller fills before the next call;
 *          HISTORY_SLACK bytes behind may be scribbled on.  NULL: out of
 *          memory, that line is lost.
 */
#define HISTORY_SLACK 32
NODISCARD char *history_push_plain(struct history *h, uint32_t n, const struct style *style,
				   uint8_t flags);

/* Forget the newest line, if there is one. */
void history_pop(struct history *h);
void history_clear(struct history *h);

uint32_t history_count(const struct history *h);

/* An empty history goes on as if @n_dropped lines had been in it. */
void history_begin(struct history *h, uint64_t n_dropped);

/* Lines that were ever dropped at the old end, history_clear() included;
 * history_dropped() + index names a line for good. */
uint64_t history_dropped(const struct history *h);

/* Bytes of memory, and of encoded lines (what @max_bytes bounds). */
size_t history_memory(const struct history *h);
size_t history_bytes(const struct history *h);

/*
 * Read one line.  @ret_view points into @buf and, for links, into the history:
 * valid until the next call with that buffer and until that line is dropped.
 * May decompress up to 256 KiB (they are kept open, so reading on is cheap).
 *
 * Return:  0, -ERANGE, -ENOMEM.
 */
NODISCARD int history_read(const struct history *h, uint32_t index, struct line_buf *buf,
			   struct line_view *ret_view);

/* Where the mark @id is: 0, or 1 when it is not there. */
int history_find_mark(const struct history *h, uint64_t id, uint32_t *ret_index,
		      struct mark *ret_mark);

/* One bounded step of housekeeping (up to 256 KiB are compressed, or memory for
 * reading is given back): call when the pane is quiet; true while there is more. */
bool history_idle(struct history *h);

/*
 * Pages, for whoever keeps them elsewhere: a full one never changes, and what it
 * holds is offsets only.
 *
 * history_page_lines()  lines of page @page, from the oldest kept on; 0 if there is
 *                       no such page or it can still change
 * history_page_save()   appends its image to @out; @page must have lines: 0, -ENOMEM
 * history_page_load()   appends the lines of an image behind all others; it is
 *                       checked throughout: 0, -ENOMEM, or HISTORY_E_DAMAGED with
 *                       nothing appended
 */
struct buf;
enum { HISTORY_E_DAMAGED = 1 };
uint32_t history_page_lines(const struct history *h, uint32_t page);
NODISCARD int history_page_save(const struct history *h, uint32_t page, struct buf *out);
NODISCARD int history_page_load(struct history *h, const void *image, size_t n);

#endif
