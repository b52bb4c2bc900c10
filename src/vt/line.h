/*
 * A line view: one row of text with everything that was printed on it, in a
 * form that does not depend on where it lives.  Rows of the grid and lines of
 * the history are both read as one, and history_push() takes one.
 *
 * A view owns nothing.  Its pointers lead into a struct line_buf, a history
 * page or a table, and are valid until that is next changed: for views made by
 * vt_line() until the next call that takes the same line_buf, or feeds,
 * resizes or frees the terminal.
 *
 * Runs say exactly which columns a piece of text covers, so that widths need
 * not be computed again (they depended on the modes of that moment):
 *
 *   LINE_NARROW   n_cols code points, each 1 column
 *   LINE_WIDE     n_cols / 2 code points, each 2 columns
 *   LINE_CLUSTER  one cluster of 2 or more code points, 1 or 2 columns
 *   LINE_BLANK    n_cols columns never written or erased; the text has that
 *                 many spaces for them
 *
 * Runs are in column order, without gaps, and neighbours with equal form and
 * style are merged except for clusters.  Blanks of the default style at the
 * end are left out, save on a wrapped line, where only the one column that a
 * wide character did not fit into is.  A double-width line counts its own (half as many)
 * columns.
 */
#ifndef VT_LINE_H
#define VT_LINE_H

#include "vt/style.h"

enum line_form { LINE_NARROW, LINE_WIDE, LINE_CLUSTER, LINE_BLANK };

enum line_flag {
	LINE_WRAPPED = 1 << 0,   /* the next line continues this one */
	LINE_DOUBLE = 1 << 1,    /* DECDWL: double width */
	LINE_DHL_TOP = 1 << 2,   /* DECDHL, with LINE_DOUBLE: upper half */
	LINE_DHL_BOTTOM = 1 << 3 /* lower half */
};

struct line_run {
	uint32_t n_bytes;        /* of text, UTF-8 */
	uint16_t n_cols;         /* columns covered, >= 1 */
	uint8_t form;            /* enum line_form */
	struct style style;      /* .link is 0 here */
	const struct link *link; /* OSC 8, NULL if none */
};

/* OSC 133 and 633: where a prompt, the typed command, or its output begins. */
enum mark_kind {
	MARK_PROMPT,       /* A: a prompt begins */
	MARK_COMMAND,      /* B: the prompt ends, what is typed begins */
	MARK_OUTPUT,       /* C: output begins */
	MARK_DONE,         /* D: the command has ended */
	MARK_CONTINUATION, /* A;k=s or a secondary prompt */
	MARK_USER,         /* set by OSC 1337 SetMark */
};

struct mark {
	uint64_t id;    /* 1, 2, ... in order of arrival; never reused */
	uint32_t col;   /* column on its line, 0-based; may lie behind the text */
	int32_t status; /* MARK_DONE: exit status, -1 = not told */
	uint8_t kind;   /* enum mark_kind */
};

struct line_view {
	const char *text; /* all runs' text, one after the other; no NUL */
	const struct line_run *runs;
	const struct mark *marks; /* ascending id */
	uint32_t n_bytes;         /* of text */
	uint32_t n_runs;
	uint32_t n_cols; /* sum over the runs */
	uint16_t n_marks;
	uint8_t flags; /* enum line_flag */
};

#define LINE_MARKS_MAX 8 /* per line; the oldest goes when a ninth comes */

/* Memory for one view: reused from line to line, never shrunk. */
struct line_buf {
	char *text;
	struct line_run *runs;
	size_t n_bytes, size_bytes; /* used and allocated */
	size_t n_runs, size_runs;   /* likewise, in runs */
	bool is_broken;             /* sticky until line_buf_clear(): memory ran out */
};

#define LINE_BUF_INIT \
	{             \
		0     \
	}

void line_buf_fini(struct line_buf *b);
void line_buf_clear(struct line_buf *b);

/*
 * Append @n_cols columns; merges into the last run where the rules above say
 * so.  @text is copied; for LINE_BLANK it is ignored and may be NULL.
 * @style->link is ignored.
 */
void line_buf_add(struct line_buf *b, enum line_form form, const char *text, size_t n_bytes,
		  unsigned n_cols, const struct style *style, const struct link *link);

/* The same in two steps, for who makes the text in place: room for @n_bytes (NULL:
 * out of memory), then how much of it was used. */
char *line_buf_reserve(struct line_buf *b, size_t n_bytes);
void line_buf_commit(struct line_buf *b, enum line_form form, size_t n_bytes, unsigned n_cols,
		     const struct style *style, const struct link *link);

/* Room for that much at the end, for who then writes text and runs himself. */
NODISCARD bool line_buf_prepare(struct line_buf *b, size_t n_bytes, size_t n_runs);

/*
 * Append columns [@from, @to) of @src.  A wide character that straddles either
 * edge is left out and its column inside becomes a blank.
 */
void line_buf_add_slice(struct line_buf *b, const struct line_view *src, unsigned from,
			unsigned to);

/* View what is there (marks: none, flags: none), or -ENOMEM if it is broken. */
NODISCARD int line_buf_view(const struct line_buf *b, struct line_view *ret_view);

#endif
