/* Output of programs made fit for a model: valid, without trailing blanks, within a budget. */
#ifndef MCP_TEXT_H
#define MCP_TEXT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/fail.h"

enum text_keep { TEXT_HEAD, TEXT_TAIL, TEXT_BOTH };

struct text_cut {
	size_t kept, omitted; /* bytes */
	size_t omitted_lines; /* newlines among them */
};

/* "head", "tail", "both"; TEXT_BOTH else. */
enum text_keep text_keep(const char *name);

/*
 * Append at most @max bytes of @s to @out (and a line that tells of what was left out, which is
 * not counted): whole lines where a line ends in the last quarter of its part, else whole
 * characters.
 */
void text_cut(const char *s, size_t n, size_t max, enum text_keep keep, struct buf *out,
	      struct text_cut *ret);

/* Bytes of @s without the blanks and newlines at its end. */
size_t text_trim(const char *s, size_t n);

/* A JSON string; what is not UTF-8 becomes U+FFFD. */
json_t *text_json(const char *s, size_t n);

/* "no such pane: p9; `list` tells which there are" */
void text_failure(const struct fail *f, struct buf *out);

/* "exited with status 3", "killed by SIGTERM (15)"; "still running" for null. */
void text_status(const json_t *status, struct buf *out);

/* 1234567 as "1,234,567". */
void text_count(uint64_t n, struct buf *out);

#endif
