#include "vt/unicode.h"

#include "vt/unicode_tables.inc.h"

_Static_assert(UNICODE_TABLES_BLOCK == 1 << UNICODE_BLOCK_SHIFT, "tables of another layout");

/*
 * What the text before @prev tells, for the three rules that look further back
 * than one code point.  At most one is at work: the first character decides.
 */
enum state {
	STATE_NONE,
	STATE_PAIRED,          /* GB12, GB13: the last indicator ends a flag */
	STATE_PICTOGRAPH,      /* GB11: a pictograph and Extend* */
	STATE_PICTOGRAPH_ZWJ,  /* ... and a ZWJ */
	STATE_CONSONANT,       /* GB9c: a consonant and Extend* */
	STATE_CONSONANT_LINKED /* ... with a linker among them */
};

_Static_assert(STATE_CONSONANT_LINKED == UNICODE_STATE_MAX, "told in the header");

/* The state behind @c. */
static enum state state_after(enum state s, enum unicode_class c)
{
	switch (c) {
	case UNICODE_PICTOGRAPH:
		return STATE_PICTOGRAPH;
	case UNICODE_CONSONANT:
		return STATE_CONSONANT;
	case UNICODE_REGIONAL:
		return s;
	case UNICODE_EXTEND:
		return s == STATE_PICTOGRAPH ? s : STATE_NONE;
	case UNICODE_EXTEND_CONJUNCT:
		return s == STATE_PICTOGRAPH_ZWJ ? STATE_NONE : s;
	case UNICODE_LINKER:
		if (s == STATE_CONSONANT)
			return STATE_CONSONANT_LINKED;
		return s == STATE_PICTOGRAPH_ZWJ ? STATE_NONE : s;
	case UNICODE_ZWJ:
		if (s == STATE_PICTOGRAPH)
			return STATE_PICTOGRAPH_ZWJ;
		return s == STATE_PICTOGRAPH_ZWJ ? STATE_NONE : s;
	case UNICODE_OTHER:
	case UNICODE_CR:
	case UNICODE_LF:
	case UNICODE_CONTROL:
	case UNICODE_PREPEND:
	case UNICODE_SPACING:
	case UNICODE_L:
	case UNICODE_V:
	case UNICODE_T:
	case UNICODE_LV:
	case UNICODE_LVT:
	case UNICODE_N_CLASSES:
		break;
	}
	return STATE_NONE;
}

static bool is_control(enum unicode_class c)
{
	return c == UNICODE_CR || c == UNICODE_LF || c == UNICODE_CONTROL;
}

/* GB6 to GB8: hangul syllables. */
static bool joins_hangul(enum unicode_class p, enum unicode_class n)
{
	if (p == UNICODE_L)
		return n == UNICODE_L || n == UNICODE_V || n == UNICODE_LV || n == UNICODE_LVT;
	if (p == UNICODE_LV || p == UNICODE_V)
		return n == UNICODE_V || n == UNICODE_T;
	return (p == UNICODE_LVT || p == UNICODE_T) && n == UNICODE_T;
}

bool unicode_breaks_between(uint8_t *state, uint8_t prev, uint8_t next)
{
	enum unicode_class p = unicode_class(prev), n = unicode_class(next);
	enum state s = state_after((enum state) * state, p);
	bool joins;

	if (is_control(p) || is_control(n)) {
		joins = p == UNICODE_CR && n == UNICODE_LF; /* GB3 to GB5 */
	} else if ((n >= UNICODE_EXTEND && n <= UNICODE_ZWJ) || n == UNICODE_SPACING ||
		   p == UNICODE_PREPEND) {
		joins = true; /* GB9, GB9a, GB9b */
	} else if (n == UNICODE_REGIONAL) {
		joins = p == UNICODE_REGIONAL && s != STATE_PAIRED;
	} else if (n == UNICODE_PICTOGRAPH) {
		joins = s == STATE_PICTOGRAPH_ZWJ;
	} else if (n == UNICODE_CONSONANT) {
		joins = s == STATE_CONSONANT_LINKED;
	} else {
		joins = joins_hangul(p, n);
	}
	if (joins && p == UNICODE_REGIONAL && n == UNICODE_REGIONAL)
		s = STATE_PAIRED;
	*state = joins ? (uint8_t)s : STATE_NONE;
	return !joins;
}

const char *unicode_version(void)
{
	return UNICODE_TABLES_VERSION;
}
