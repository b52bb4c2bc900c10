/*
 * Finds the detach keys in what is typed, whatever encoding it came in.  Events
 * that may be their beginning are held back until it is clear, or until the
 * caller's patience ends.
 */
#ifndef CLI_KEYIN_DETACH_H
#define CLI_KEYIN_DETACH_H

#include "cli/keyin.h"

#define KEYIN_DETACH_KEYS_MAX 8
#define KEYIN_DETACH_HELD_MAX 64 /* with releases, and modifiers by themselves */

struct keyin_detach {
	struct key keys[KEYIN_DETACH_KEYS_MAX];
	struct key held[KEYIN_DETACH_HELD_MAX];
	unsigned n_keys, n_held;
	unsigned n_seen; /* keys that matched */
};

/* @spec: keys by name (key.h) with commas between, as "^\\,^\\" or "C-a,d"; "none": none
 * ever match.  KEYIN_DETACH_E_BAD: cannot be understood. */
enum { KEYIN_DETACH_E_BAD = 1 };
NODISCARD int keyin_detach_init(struct keyin_detach *d, const char *spec);

/*
 * An event: it, and what was held before it, goes on to @fn, unless it is held.
 *
 * Return: true when the keys are complete; they are then dropped.
 */
bool keyin_detach_feed(struct keyin_detach *d, const struct keyin_event *ev, keyin_event_fn *fn,
		       void *user);

/* Something is held back. */
bool keyin_detach_is_waiting(const struct keyin_detach *d);
/* The next key did not come: pass on what is held. */
void keyin_detach_give_up(struct keyin_detach *d, keyin_event_fn *fn, void *user);

#endif
