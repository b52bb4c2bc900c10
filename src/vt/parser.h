/*
 * Where the parser stands between two bytes: Paul Williams' state machine for
 * DEC terminals (https://vt100.net/emu/dec_ansi_parser), plus UTF-8, plus
 * colons in parameters.  What it finds it hands to the functions named in
 * action.h.
 *
 * Everything that the other side chooses is bounded here: parameters saturate
 * at PARAM_MAX and surplus ones are dropped; a sequence with too many
 * intermediates is ignored; a string longer than its limit is skipped to its
 * end without being kept.
 */
#ifndef VT_PARSER_H
#define VT_PARSER_H

#include "base/defs.h"

#define PARAMS_MAX 32
#define PARAM_MAX 65535
#define INTERMEDIATES_MAX 2

enum parser_state {
	STATE_GROUND,
	STATE_ESCAPE,
	STATE_ESCAPE_INTER,
	STATE_CSI_ENTRY,
	STATE_CSI_PARAM,
	STATE_CSI_INTER,
	STATE_CSI_IGNORE,
	STATE_DCS_ENTRY,
	STATE_DCS_PARAM,
	STATE_DCS_INTER,
	STATE_DCS_IGNORE,
	STATE_DCS_PASS,
	STATE_OSC,
	STATE_STRING,     /* SOS, PM, APC */
	STATE_STRING_ESC, /* ESC inside one of the last four: ST, or the string is void */
	STATE_VT52,       /* DECANM reset: behind ESC */
	STATE_VT52_ROW,   /* ... Y */
	STATE_VT52_COL,
	STATE_N
};

struct params {
	int32_t v[PARAMS_MAX]; /* -1 = left out */
	uint32_t is_sub;       /* bit i: v[i] stands behind a colon */
	uint8_t n;             /* of v in use */
	char prefix;           /* '<' '=' '>' '?', or 0 */
	char inter[INTERMEDIATES_MAX];
	uint8_t n_inter; /* INTERMEDIATES_MAX + 1: too many */
};

struct parser {
	uint8_t state;   /* enum parser_state */
	uint8_t outer;   /* STATE_STRING_ESC: the state it interrupted */
	char introducer; /* STATE_STRING: 'X' SOS, '^' PM, '_' APC */
	char final;      /* STATE_DCS_PASS: of the introducing sequence */
	bool is_by_bel;  /* the string just dispatched ended with BEL */
	bool is_c2;      /* the byte before was 0xc2: a C1 may follow (UTF-8) */

	uint8_t utf8_need;           /* bytes missing to the code point begun; 0 = none begun */
	uint8_t utf8_low, utf8_high; /* what the next one must be within */
	uint32_t utf8_cp;            /* bits so far */

	struct params params;

	char *string; /* payload of OSC, DCS, APC; NULL or size_string bytes */
	size_t n_string, size_string, max_string;
	bool is_void; /* the string was too long, or memory is out: skip it */

	const uint8_t *fed, *taken; /* during a call: its bytes, and behind the string's end */
};

void parser_fini(struct parser *p);

/* Payload that had come before, of a string not void; false: no memory. */
NODISCARD bool parser_restore(struct parser *p, const void *bytes, size_t n);

/* The @i-th parameter; @missing if it was left out.  Any @i. */
static inline int param(const struct params *p, unsigned i, int missing)
{
	return i < p->n && p->v[i] >= 0 ? p->v[i] : missing;
}

/* A count: what is left out or 0 means 1. */
static inline int param_count(const struct params *p, unsigned i)
{
	int v = param(p, i, 1);

	return v ? v : 1;
}

static inline bool param_is_sub(const struct params *p, unsigned i)
{
	return i < p->n && (p->is_sub >> i & 1);
}

#endif
