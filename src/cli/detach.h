/*
 * Finds the detach keys in what is typed.  Bytes that may be their beginning
 * are held back until it is clear, or until the caller's patience ends.
 */
#ifndef CLI_DETACH_H
#define CLI_DETACH_H

#include "base/buf.h"

#define DETACH_KEYS_MAX 8

struct detach {
	unsigned char keys[DETACH_KEYS_MAX]; /* bytes as a plain terminal sends them */
	unsigned n_keys;
	unsigned n_seen; /* keys that matched */
	struct buf held; /* what was typed for them */
};

/* @spec: "^\\,^\\" , "C-a,d", "none": no keys.  DETACH_E_BAD: cannot be understood. */
enum { DETACH_E_BAD = 1 };
NODISCARD int detach_init(struct detach *d, const char *spec);
void detach_fini(struct detach *d);

/*
 * What was typed: what is to be passed on is appended to @out.
 *
 * A control character is also found in the forms that it takes when the program
 * has switched to an extended keyboard protocol (CSI 92 ; 5 u, CSI 27 ; 5 ; 92 ~),
 * when it comes in one piece.
 *
 * Return: true when the keys are complete; what follows them is dropped.
 */
bool detach_feed(struct detach *d, const char *p, size_t n, struct buf *out);

/* Something is held back. */
bool detach_is_waiting(const struct detach *d);
/* The second key did not come: pass on what is held. */
void detach_give_up(struct detach *d, struct buf *out);

#endif
