/*
 * A history as it is now, for somebody who reads it later or in another thread:
 * full pages by reference (they never change), the one that is being written
 * as a copy.  Costs a table of pages and that copy, whatever the history holds.
 *
 * new and free belong to the thread of the terminal; everything else may be called
 * from one other thread.  The terminal may be fed, resized and freed meanwhile.
 */
#ifndef VT_HISTORY_SHARE_H
#define VT_HISTORY_SHARE_H

#include "base/buf.h"
#include "vt/compress.h"
#include "vt/history_filter.h"
#include "vt/line.h"

struct vt;
struct history_share;

/* NULL when memory is out; of a terminal that keeps none, an empty one. */
NODISCARD struct history_share *history_share_new(const struct vt *vt);
struct history_share *history_share_free(struct history_share *s);

/* The lines that the terminal keeps are dropped, as if newer ones had displaced them. */
void vt_forget_history(struct vt *vt);

/* Lines, and the number of the first one, which stays its number while it is kept
 * (vt_lines_dropped() then). */
uint32_t history_share_lines(const struct history_share *s);
uint64_t history_share_first(const struct history_share *s);
uint32_t history_share_pages(const struct history_share *s);

/* What a reading thread needs: pages that were compressed, made readable. */
struct history_reader {
	const struct vt_compress *compress; /* of this thread */
	const void *cold;                   /* what `data` is of; NULL: nothing */
	uint8_t *data;
	struct line_buf line;
};
void history_reader_fini(struct history_reader *r);

/* What is known of a page without reading it. */
struct history_page_info {
	uint64_t first;   /* number of its first line that is kept */
	uint32_t n_lines; /* kept */
	uint32_t n_bytes;
	bool is_cold;
};
struct history_page_info history_share_page(const struct history_share *s, uint32_t page);
/* False: no line that lies in this page, whole or in part, holds such text.  Only a
 * compressed page can tell. */
bool history_share_may_hold(const struct history_share *s, uint32_t page,
			    const struct history_probe *probe);

/*
 * The bytes of a page as they lie, for a first look: when all its lines are ASCII and
 * none is continued (true), each line's text is in there in one piece, with
 * other bytes between them.  0, -ENOMEM, HISTORY_E_DAMAGED.
 */
NODISCARD int history_share_bytes(const struct history_share *s, uint32_t page,
				  struct history_reader *r, const uint8_t **ret, size_t *ret_n,
				  bool *ret_is_simple);

/* One line: its text as a snapshot writes it, without the blanks at its end unless
 * the next line continues it. */
struct history_text {
	const char *text; /* valid until the next call with that reader */
	uint32_t n_bytes;
	bool is_wrapped; /* the next line continues this one */
};
/* Lines @from .. of page @page, one after the other: @each returns false to stop. */
typedef bool history_text_fn(const struct history_text *line, void *user);
NODISCARD int history_share_each(const struct history_share *s, uint32_t page,
				 struct history_reader *r, history_text_fn *each, void *user);
/* The line of that number: 0, -ERANGE, -ENOMEM.  A damaged one is empty. */
NODISCARD int history_share_line(const struct history_share *s, uint64_t number,
				 struct history_reader *r, struct history_text *ret);

/* The text of a view: how many of its bytes a snapshot would write. */
uint32_t history_visible_bytes(const struct line_view *v);

#endif
