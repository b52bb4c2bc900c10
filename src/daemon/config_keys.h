/* The table of keys; config.c reads with it, config_manual.c describes it. */
#ifndef DAEMON_CONFIG_KEYS_H
#define DAEMON_CONFIG_KEYS_H

#include "daemon/config.h"

enum config_type {
	CONFIG_COUNT,
	CONFIG_SIZE,     /* bytes; K, M and G are powers of 1024 */
	CONFIG_DURATION, /* a bare number counts `unit`s; else as "1.5s" */
	CONFIG_CHOICE,   /* the index in `choices` */
	CONFIG_TEXT,     /* char[64] */
};

struct config_key {
	const char *name; /* "limits.panes" */
	enum config_type type;
	bool is_hidden;        /* a test hook, not in the manual */
	size_t offset;         /* in struct config */
	uint64_t unit_ns;      /* DURATION: of the stored number */
	const char *unit;      /* DURATION: "us" */
	uint64_t bare_ns;      /* DURATION: of a bare number; 0: as unit_ns */
	const char *bare_unit; /* DURATION: "days"; NULL: as unit */
	const char *fallback;  /* as it would stand in the file */
	int64_t min, max;      /* of the stored number */
	const char *limits;    /* the same for people */
	const char *choices;   /* CHOICE: "error|warn" */
	const char *doc;
};

extern const struct config_key config_keys[];

/* Set one key from its text.  CONFIG_E_INVALID: @why (128 bytes) says what is
 * wrong. */
NODISCARD int config_set(struct config *c, const struct config_key *key, const char *text,
			 char *why, size_t size);

#endif
