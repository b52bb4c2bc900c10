/* Control sequences of the input, taken apart (ECMA-48, 5.4). */
#ifndef CLI_KEYIN_CSI_H
#define CLI_KEYIN_CSI_H

#include "cli/keyin.h"

#define KEYIN_VALUES_MAX 24
#define KEYIN_NONE UINT32_MAX /* a parameter that was left out */

struct keyin_csi {
	char prefix;       /* '<', '=', '>', '?'; 0 = none */
	char intermediate; /* the last one; 0 = none */
	char final;
	unsigned n;
	uint32_t values[KEYIN_VALUES_MAX];
	uint8_t fields[KEYIN_VALUES_MAX]; /* which parameter it is of; colons part values */
};

/* @p: behind CSI, @n bytes with the final one.  False: malformed, or of more
 * values than any that we know. */
bool keyin_csi_parse(const char *p, size_t n, struct keyin_csi *ret);

/* Value @sub of parameter @field. */
uint32_t keyin_csi_get(const struct keyin_csi *c, unsigned field, unsigned sub, uint32_t otherwise);

/*
 * What it means, in @ret (zeroed before).
 *
 * Return: 0, or an outcome: not known; understood, but nothing to tell; the
 * beginning of a paste.
 */
enum { KEYIN_E_UNKNOWN = 1, KEYIN_E_NOTHING = 2, KEYIN_E_PASTE = 3 };
NODISCARD int keyin_csi_event(const struct keyin_csi *c, struct keyin_event *ret);

/* SS3 @c: the key, or 0. */
uint32_t keyin_ss3_code(char c);

/* A key that types @cp, with the Shift that an upper-case ASCII letter implies. */
void keyin_set_char(struct key *key, uint32_t cp);

#endif
