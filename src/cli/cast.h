/*
 * Recordings for the public players: asciicast, version 3 (times are intervals) and version 2
 * (times are since the beginning).  https://docs.asciinema.org/manual/asciicast/v3/ and /v2/.
 *
 * Pure: appends lines to a buffer.  Text in events is UTF-8 whatever the program printed: a
 * character that two records share is held back for the second, what is ill-formed becomes
 * U+FFFD.
 */
#ifndef CLI_CAST_H
#define CLI_CAST_H

#include <jansson.h>

#include "base/buf.h"

struct cast {
	struct buf *out;
	int version;
	uint64_t first_us, last_us; /* of the recording, of the last event */
	char held[4];               /* bytes of a character that is not complete */
	size_t n_held;
	uint64_t held_us;
};

struct cast_head {
	int cols, rows;
	uint64_t first_us;     /* wall clock of the beginning */
	const char *title;     /* NULL or "": none */
	const json_t *command; /* array of strings; NULL: not known */
};

void cast_begin(struct cast *c, struct buf *out, int version, const struct cast_head *head);
void cast_output(struct cast *c, uint64_t time_us, const char *p, size_t n);
void cast_resize(struct cast *c, uint64_t time_us, int cols, int rows);
void cast_marker(struct cast *c, uint64_t time_us, const char *label, size_t n);
void cast_input(struct cast *c, uint64_t time_us, const char *p, size_t n);
/* Version 3 only; nothing in version 2. */
void cast_exit(struct cast *c, uint64_t time_us, int status);
void cast_end(struct cast *c);

#endif
