/*
 * What the user's terminal can do: from its environment first, then from what
 * it answers to a few questions.  Who draws asks here before it sends anything,
 * so that no terminal gets a sequence that it does not know.
 *
 * The environment is believed only where it speaks of this very terminal: TERM
 * always; the variables that terminal programs set (VTE_VERSION, ...) only
 * where TERM names no multiplexer, since those pass them on from outside.
 * NO_COLOR is not for us: the colours are the program's in the pane.
 *
 * Pure but for the given getenv().
 */
#ifndef CLI_TERMCAPS_H
#define CLI_TERMCAPS_H

#include "base/buf.h"

enum termcaps_colors {
	TERMCAPS_MONO,
	TERMCAPS_8,
	TERMCAPS_16,
	TERMCAPS_256,
	TERMCAPS_RGB,
};

enum termcaps_feature {
	TERMCAPS_ALTERNATE = 1 << 0,   /* ?1049 */
	TERMCAPS_TITLE = 1 << 1,       /* OSC 0, 1, 2 */
	TERMCAPS_TITLE_STACK = 1 << 2, /* CSI 22 t, CSI 23 t */
	TERMCAPS_SHAPE = 1 << 3,       /* DECSCUSR */
	TERMCAPS_MOVE = 1 << 4,        /* CHA, VPA, ECH */
	TERMCAPS_SCROLL = 1 << 5,      /* DECSTBM with SU and SD */
	TERMCAPS_BCE = 1 << 6,         /* erasing paints the background in use */
	TERMCAPS_REPEAT = 1 << 7,      /* REP */
	TERMCAPS_ATTRS = 1 << 8,       /* faint, italic, invisible, strike */
	TERMCAPS_UNDERLINES = 1 << 9,  /* SGR 4:N and 58 */
	TERMCAPS_OVERLINE = 1 << 10,   /* SGR 53 */
	TERMCAPS_LINKS = 1 << 11,      /* OSC 8 */
	TERMCAPS_MOUSE = 1 << 12,      /* ?1000, 1002, 1003 as ?1006 reports them */
	TERMCAPS_FOCUS = 1 << 13,      /* ?1004 */
	TERMCAPS_PASTE = 1 << 14,      /* ?2004 */
	TERMCAPS_SYNC = 1 << 15,       /* ?2026 */
	TERMCAPS_CLUSTERS = 1 << 16,   /* width per grapheme cluster, now or with ?2027 */
	TERMCAPS_KITTY_KEYS = 1 << 17, /* CSI = flags u */
	TERMCAPS_OTHER_KEYS = 1 << 18, /* CSI > 4 ; n m */
	TERMCAPS_KEYPAD = 1 << 19,     /* ESC =, ESC > */
	TERMCAPS_UTF8 = 1 << 20,       /* text other than ASCII */
	TERMCAPS_CLIPBOARD = 1 << 21,  /* OSC 52 */
	TERMCAPS_NOTIFY_9 = 1 << 22,   /* OSC 9 */
	TERMCAPS_NOTIFY_777 = 1 << 23, /* OSC 777 ; notify */
	TERMCAPS_QUESTIONS = 1 << 24,  /* skips any well-formed CSI and DCS that it does not know */
	TERMCAPS_ALT_SCROLL = 1 << 25, /* ?1007, and what it was set to is known */
	TERMCAPS_GRAPHEME = 1 << 26,   /* ?2027 can be switched */
	TERMCAPS_ALL = (1 << 27) - 1,
};

#define TERMCAPS_NAME_MAX 48

struct termcaps {
	enum termcaps_colors colors;
	uint32_t features;                 /* enum termcaps_feature */
	bool was_alt_scroll, was_grapheme; /* as we found ?1007 and ?2027 */
	bool is_asking;
	char name[TERMCAPS_NAME_MAX]; /* what XTVERSION said, "" if nothing */
};

/* An answer that keyin.c found in the input. */
enum termcaps_answer_kind {
	TERMCAPS_DA1,     /* CSI ? ... c */
	TERMCAPS_MODE,    /* CSI ? number ; state $ y */
	TERMCAPS_KITTY,   /* CSI ? flags u */
	TERMCAPS_VERSION, /* DCS > | text ST */
	TERMCAPS_OTHER,   /* some other report, which nobody asked for */
};

#define TERMCAPS_PARAMS_MAX 16

struct termcaps_answer {
	enum termcaps_answer_kind kind;
	unsigned n_params;
	uint32_t params[TERMCAPS_PARAMS_MAX];
	const char *text; /* of VERSION, not terminated */
	size_t n_text;
};

/* getenv(), or a test's. */
typedef char *termcaps_getenv_fn(const char *name);

void termcaps_init(struct termcaps *c, termcaps_getenv_fn *get);

/* The questions; a terminal that may print what it does not know gets fewer or
 * none (then is_asking stays false).  To be sent on the alternate screen, before
 * anything is drawn there. */
void termcaps_ask(struct termcaps *c, struct buf *out);

/*
 * An answer came.  True with the last one: DA1, which every terminal gives and
 * gives in order.  Answers are good also after the caller's patience ended
 * (termcaps_give_up()), as long as what is drawn with is then told.
 */
bool termcaps_answer(struct termcaps *c, const struct termcaps_answer *a);
void termcaps_give_up(struct termcaps *c);

static inline bool termcaps_has(const struct termcaps *c, enum termcaps_feature f)
{
	return c->features & f;
}

/* --- colours, as struct style has them (COLOR_*) --- */

/* The 0xrrggbb that xterm gives index 0..255. */
uint32_t termcaps_palette(unsigned index);

/* The nearest colour that such a terminal has. */
uint32_t termcaps_reduce(enum termcaps_colors colors, uint32_t color);

#endif
