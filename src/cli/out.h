/*
 * What people see: messages on stderr, tables and records on stdout, colours
 * where they are welcome.  Text that did not come from us (titles, commands,
 * names) is made harmless before it reaches a terminal.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/fail.h"
#include "cli/command.h"

/* "orchflow: ..." on stderr. */
void out_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* "[...]" on stderr: talk of attach and run. */
void out_note(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* A usage error of @command (NULL: of orchflow itself); returns EXIT_USAGE. */
int out_usage(const struct cli_command *command, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Says what failed and what to do next.  @r as returned beside @f: a fault (-errno) is
 * reported as such.  Returns EXIT_ERROR. */
int out_failure(int r, const struct fail *f);
/* The same text without its newline. */
void out_failure_text(const struct fail *f, struct buf *out);

/* Print and flush a JSON value: indented for a terminal, else on one line. */
int out_json(const json_t *v);

/* Flush stdout; EXIT_ERROR (said on stderr) if it did not take all. */
int out_finish(void);

enum out_color { OUT_PLAIN, OUT_BOLD, OUT_DIM, OUT_RED, OUT_GREEN, OUT_YELLOW };
/* stdout is a terminal, and neither NO_COLOR nor TERM=dumb speaks against it. */
bool out_wants_color(void);
/* Columns of the terminal, 0 if stdout is none. */
int out_width(void);

/* Text for a terminal: control characters become visible, ill-formed UTF-8 U+FFFD. */
void out_put_safe(struct buf *b, const char *s, size_t n);

/* "512", "1.4K", "23M" */
void out_put_bytes(struct buf *b, uint64_t n);
/* "3s", "12m", "5h", "2d" */
void out_put_age(struct buf *b, uint64_t us);
/* "820ns", "14us", "3.2ms", "1.5s" */
void out_put_ns(struct buf *b, uint64_t ns);

/* A table: cells are added row by row, widths follow from all of them.  The last
 * column is cut where the terminal ends. */
#define OUT_TABLE_COLUMNS 12
struct out_table {
	unsigned n_columns;
	unsigned is_right; /* bit i: column i is aligned to the right */
	struct buf text;   /* cells, each with a NUL behind it */
	struct buf colors; /* a byte per cell */
	size_t n_cells;
};
/* @titles: one line with a space between the columns' titles. */
void out_table_init(struct out_table *t, const char *titles, unsigned is_right);
void out_table_fini(struct out_table *t);
/* Made safe and added. */
void out_table_add(struct out_table *t, enum out_color color, const char *s);
void out_table_addf(struct out_table *t, enum out_color color, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* What @b holds, which is emptied. */
void out_table_add_buf(struct out_table *t, enum out_color color, struct buf *b);
void out_table_print(const struct out_table *t);

#endif
