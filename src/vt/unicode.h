/*
 * What a terminal must know of a code point: how many columns it takes, and
 * whether it joins the grapheme cluster before it (UAX #29, extended clusters,
 * with GB9c).  Not here: normalisation, case, bidi.
 *
 * The tables come from Debian's `unicode-data` through tools/gen-unicode.
 *
 * Columns: 2 for East Asian Wide and Fullwidth and for emoji presentation, 0
 * for combining marks, format and control characters and for conjoining
 * medial and final jamo, else 1 (ambiguous ones too).  Regional indicators are
 * 1 each, so that a flag, which is two, takes 2 however it is counted.
 */
#ifndef VT_UNICODE_H
#define VT_UNICODE_H

#include "base/defs.h"

/* Grapheme_Cluster_Break, with Extended_Pictographic and Indic_Conjunct_Break
 * folded in where they split a class. */
enum unicode_class {
	UNICODE_OTHER,
	UNICODE_CR,
	UNICODE_LF,
	UNICODE_CONTROL,
	UNICODE_EXTEND,
	UNICODE_EXTEND_CONJUNCT, /* Extend that an Indic conjunct may contain */
	UNICODE_LINKER,          /* Extend: a virama that makes conjuncts */
	UNICODE_ZWJ,
	UNICODE_REGIONAL,
	UNICODE_PREPEND,
	UNICODE_SPACING,
	UNICODE_L,
	UNICODE_V,
	UNICODE_T,
	UNICODE_LV,
	UNICODE_LVT,
	UNICODE_PICTOGRAPH,
	UNICODE_CONSONANT, /* Indic, of a script with conjuncts */
	UNICODE_N_CLASSES
};

/* The byte that unicode_props() gives. */
#define UNICODE_WIDTH 0x03u
#define UNICODE_CLASS_SHIFT 2
#define UNICODE_CLASS_MASK 0x7cu
#define UNICODE_EMOJI 0x80u /* U+FE0F behind it asks for the emoji, 2 columns; U+FE0E for 1 */

#define UNICODE_STATE_MAX 5 /* greatest state of unicode_breaks() */

#define UNICODE_BLOCK_SHIFT 7
extern const uint8_t unicode_stage1[0x110000 >> UNICODE_BLOCK_SHIFT];
extern const uint8_t unicode_stage2[];

/* Any value may be asked for; what is no code point is like an unassigned one. */
static inline uint8_t unicode_props(uint32_t cp)
{
	if (cp >= 0x110000)
		return 1;
	return unicode_stage2[(unsigned)unicode_stage1[cp >> UNICODE_BLOCK_SHIFT]
				      << UNICODE_BLOCK_SHIFT |
			      (cp & ((1u << UNICODE_BLOCK_SHIFT) - 1))];
}

static inline unsigned unicode_width(uint32_t cp)
{
	return unicode_props(cp) & UNICODE_WIDTH;
}

static inline enum unicode_class unicode_class(uint8_t props)
{
	return (enum unicode_class)((props & UNICODE_CLASS_MASK) >> UNICODE_CLASS_SHIFT);
}

bool unicode_breaks_between(uint8_t *state, uint8_t prev, uint8_t next);

/*
 * Whether a new cluster begins between two neighbours, given their props.
 * @state is 0 when @prev begins a cluster; it is updated, and 0 again when the
 * answer is yes.
 */
static inline bool unicode_breaks(uint8_t *state, uint8_t prev, uint8_t next)
{
	if (!((prev | next) & UNICODE_CLASS_MASK)) {
		*state = 0;
		return true;
	}
	return unicode_breaks_between(state, prev, next);
}

/* "15.0.0" */
const char *unicode_version(void);

#endif
