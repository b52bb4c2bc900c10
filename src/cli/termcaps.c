#include "cli/termcaps.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What an xterm of this century does, and all who say that they are one. */
#define LIKE_XTERM                                                                                \
	(TERMCAPS_ALTERNATE | TERMCAPS_TITLE | TERMCAPS_SHAPE | TERMCAPS_MOVE | TERMCAPS_SCROLL | \
	 TERMCAPS_BCE | TERMCAPS_ATTRS | TERMCAPS_MOUSE | TERMCAPS_FOCUS | TERMCAPS_PASTE |       \
	 TERMCAPS_KEYPAD | TERMCAPS_UTF8 | TERMCAPS_QUESTIONS)
#define MODERN \
	(LIKE_XTERM | TERMCAPS_TITLE_STACK | TERMCAPS_REPEAT | TERMCAPS_UNDERLINES | TERMCAPS_LINKS)
#define IN_TMUX ((LIKE_XTERM & ~(unsigned)TERMCAPS_BCE) | TERMCAPS_TITLE_STACK | TERMCAPS_CLIPBOARD)

/* By the beginning of TERM; the first that fits. */
static const struct {
	const char *prefix;
	enum termcaps_colors colors;
	uint32_t features;
} terms[] = {
	{ "xterm-kitty", TERMCAPS_RGB,
	  MODERN | TERMCAPS_OVERLINE | TERMCAPS_KITTY_KEYS | TERMCAPS_SYNC | TERMCAPS_CLIPBOARD |
		  TERMCAPS_NOTIFY_9 },
	{ "xterm-ghostty", TERMCAPS_RGB,
	  MODERN | TERMCAPS_OVERLINE | TERMCAPS_KITTY_KEYS | TERMCAPS_SYNC | TERMCAPS_CLIPBOARD |
		  TERMCAPS_NOTIFY_9 | TERMCAPS_NOTIFY_777 | TERMCAPS_CLUSTERS },
	{ "ghostty", TERMCAPS_RGB, MODERN | TERMCAPS_KITTY_KEYS | TERMCAPS_SYNC },
	{ "foot", TERMCAPS_RGB,
	  MODERN | TERMCAPS_KITTY_KEYS | TERMCAPS_SYNC | TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_777 |
		  TERMCAPS_CLUSTERS },
	{ "wezterm", TERMCAPS_RGB,
	  MODERN | TERMCAPS_OVERLINE | TERMCAPS_SYNC | TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_777 },
	{ "alacritty", TERMCAPS_RGB, MODERN | TERMCAPS_CLIPBOARD },
	{ "contour", TERMCAPS_RGB, MODERN | TERMCAPS_CLUSTERS },
	{ "mintty", TERMCAPS_RGB, MODERN | TERMCAPS_OVERLINE | TERMCAPS_OTHER_KEYS },
	{ "vte", TERMCAPS_RGB, MODERN | TERMCAPS_OVERLINE },
	{ "konsole", TERMCAPS_RGB, LIKE_XTERM },
	{ "iterm", TERMCAPS_RGB, MODERN },
	{ "xterm-direct", TERMCAPS_RGB, LIKE_XTERM },
	{ "xterm-256", TERMCAPS_256, LIKE_XTERM },
	{ "xterm-16color", TERMCAPS_16, LIKE_XTERM },
	{ "xterm", TERMCAPS_16, LIKE_XTERM },
	{ "tmux-256", TERMCAPS_256, IN_TMUX | TERMCAPS_UNDERLINES | TERMCAPS_OVERLINE },
	{ "tmux-direct", TERMCAPS_RGB, IN_TMUX | TERMCAPS_UNDERLINES | TERMCAPS_OVERLINE },
	{ "tmux", TERMCAPS_8, IN_TMUX },
	{ "screen-256", TERMCAPS_256,
	  TERMCAPS_ALTERNATE | TERMCAPS_MOVE | TERMCAPS_SCROLL | TERMCAPS_PASTE | TERMCAPS_MOUSE |
		  TERMCAPS_KEYPAD | TERMCAPS_UTF8 | TERMCAPS_QUESTIONS },
	{ "screen", TERMCAPS_8,
	  TERMCAPS_ALTERNATE | TERMCAPS_MOVE | TERMCAPS_SCROLL | TERMCAPS_PASTE | TERMCAPS_MOUSE |
		  TERMCAPS_KEYPAD | TERMCAPS_UTF8 | TERMCAPS_QUESTIONS },
	{ "rxvt-unicode-256", TERMCAPS_256, LIKE_XTERM },
	{ "rxvt-unicode", TERMCAPS_16, LIKE_XTERM },
	{ "rxvt", TERMCAPS_16,
	  TERMCAPS_ALTERNATE | TERMCAPS_TITLE | TERMCAPS_MOVE | TERMCAPS_SCROLL | TERMCAPS_BCE |
		  TERMCAPS_KEYPAD | TERMCAPS_UTF8 },
	{ "st-", TERMCAPS_256, LIKE_XTERM },
	{ "st", TERMCAPS_8, LIKE_XTERM },
	{ "mlterm", TERMCAPS_256, LIKE_XTERM },
	{ "putty", TERMCAPS_256,
	  LIKE_XTERM & ~(unsigned)(TERMCAPS_SHAPE | TERMCAPS_FOCUS | TERMCAPS_QUESTIONS) },
	/* Prints the end of what it does not know. */
	{ "linux", TERMCAPS_16, TERMCAPS_MOVE | TERMCAPS_BCE | TERMCAPS_KEYPAD | TERMCAPS_UTF8 },
	{ "cygwin", TERMCAPS_8, TERMCAPS_MOVE | TERMCAPS_BCE | TERMCAPS_UTF8 },
	{ "ansi", TERMCAPS_8, 0 },
	{ "vt", TERMCAPS_MONO, 0 },
};

/* By the beginning of what XTVERSION says: more than TERM dares to promise. */
static const struct {
	const char *prefix;
	uint32_t features;
	bool has_rgb;
} names[] = {
	{ "kitty",
	  MODERN | TERMCAPS_OVERLINE | TERMCAPS_KITTY_KEYS | TERMCAPS_SYNC | TERMCAPS_CLIPBOARD |
		  TERMCAPS_NOTIFY_9,
	  true },
	{ "ghostty",
	  MODERN | TERMCAPS_OVERLINE | TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_9 |
		  TERMCAPS_NOTIFY_777 | TERMCAPS_CLUSTERS,
	  true },
	{ "foot",
	  MODERN | TERMCAPS_OTHER_KEYS | TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_777 |
		  TERMCAPS_CLUSTERS,
	  true },
	{ "WezTerm",
	  MODERN | TERMCAPS_OVERLINE | TERMCAPS_OTHER_KEYS | TERMCAPS_CLIPBOARD |
		  TERMCAPS_NOTIFY_9 | TERMCAPS_NOTIFY_777,
	  true },
	{ "OrchFlow",
	  MODERN | TERMCAPS_OVERLINE | TERMCAPS_KITTY_KEYS | TERMCAPS_OTHER_KEYS | TERMCAPS_SYNC |
		  TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_9 | TERMCAPS_NOTIFY_777 | TERMCAPS_CLUSTERS,
	  true },
	{ "iTerm2", MODERN | TERMCAPS_OTHER_KEYS | TERMCAPS_CLIPBOARD | TERMCAPS_NOTIFY_9, true },
	{ "VTE", (MODERN | TERMCAPS_OVERLINE) & ~(unsigned)TERMCAPS_TITLE_STACK, true },
	{ "mintty", MODERN | TERMCAPS_OVERLINE | TERMCAPS_OTHER_KEYS | TERMCAPS_CLIPBOARD, true },
	{ "contour", MODERN | TERMCAPS_OVERLINE | TERMCAPS_CLIPBOARD | TERMCAPS_CLUSTERS, true },
	{ "XTerm", LIKE_XTERM | TERMCAPS_TITLE_STACK | TERMCAPS_REPEAT | TERMCAPS_OTHER_KEYS,
	  false },
	{ "tmux", IN_TMUX | TERMCAPS_UNDERLINES | TERMCAPS_OVERLINE | TERMCAPS_OTHER_KEYS, false },
};

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static const char *env(termcaps_getenv_fn *get, const char *name)
{
	const char *value = get(name);

	return value ? value : "";
}

static void learn_term(struct termcaps *c, const char *term)
{
	for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
		if (!has_prefix(term, terms[i].prefix))
			continue;
		c->colors = terms[i].colors;
		c->features = terms[i].features;
		return;
	}
	/* Who names itself after 256 colours is of our time. */
	if (strstr(term, "256color")) {
		c->colors = TERMCAPS_256;
		c->features = TERMCAPS_ALTERNATE | TERMCAPS_MOVE | TERMCAPS_UTF8;
	}
}

static void learn_name(struct termcaps *c, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strncasecmp(name, names[i].prefix, strlen(names[i].prefix)) != 0)
			continue;
		c->features |= names[i].features;
		if (names[i].has_rgb)
			c->colors = TERMCAPS_RGB;
	}
}

/* What terminal programs say about themselves. */
static void learn_program(struct termcaps *c, termcaps_getenv_fn *get)
{
	const char *program = env(get, "TERM_PROGRAM");

	/* Inside of a pane of ours the variables are from outside, as with tmux. */
	if (*env(get, "ORCHFLOW_PANE")) {
		learn_name(c, "OrchFlow");
		return;
	}
	if (*env(get, "VTE_VERSION") && strtol(env(get, "VTE_VERSION"), NULL, 10) >= 5200)
		learn_name(c, "VTE");
	if (*env(get, "KONSOLE_VERSION"))
		c->colors = TERMCAPS_RGB;
	if (strcmp(program, "iTerm.app") == 0) {
		learn_name(c, "iTerm2");
	} else if (strcmp(program, "Apple_Terminal") == 0) {
		c->features &= ~(uint32_t)TERMCAPS_QUESTIONS; /* prints them */
	}
}

/* Only a locale that names another character set says that it is not UTF-8. */
static bool is_utf8(termcaps_getenv_fn *get)
{
	static const char *const vars[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(vars); i++) {
		const char *value = env(get, vars[i]), *charset = strchr(value, '.');

		if (!*value)
			continue;
		return !charset || strncasecmp(charset, ".utf-8", 6) == 0 ||
		       strncasecmp(charset, ".utf8", 5) == 0;
	}
	return true;
}

void termcaps_init(struct termcaps *c, termcaps_getenv_fn *get)
{
	const char *term = env(get, "TERM"), *colorterm = env(get, "COLORTERM");

	memset(c, 0, sizeof(*c));
	learn_term(c, term);
	if (has_prefix(term, "xterm"))
		learn_program(c, get);
	if (c->colors > TERMCAPS_MONO && c->features & TERMCAPS_ALTERNATE &&
	    (strcmp(colorterm, "truecolor") == 0 || strcmp(colorterm, "24bit") == 0) &&
	    !has_prefix(term, "screen"))
		c->colors = TERMCAPS_RGB;
	if (!is_utf8(get))
		c->features &= ~(uint32_t)TERMCAPS_UTF8;
}

/* --- questions and answers --- */

/* Modes to be asked for, and what hangs on them. */
static const struct {
	uint16_t number;
	uint32_t feature;
} modes[] = {
	{ 1004, TERMCAPS_FOCUS }, { 1006, TERMCAPS_MOUSE }, { 1007, TERMCAPS_ALT_SCROLL },
	{ 2004, TERMCAPS_PASTE }, { 2026, TERMCAPS_SYNC },  { 2027, TERMCAPS_CLUSTERS },
};

void termcaps_ask(struct termcaps *c, struct buf *out)
{
	if (!termcaps_has(c, TERMCAPS_QUESTIONS))
		return;
	buf_put_str(out, "\033[>q\033[?u");
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		buf_printf(out, "\033[?%u$p", (unsigned)modes[i].number);
	buf_put_str(out, "\033[c");
	c->is_asking = true;
}

void termcaps_give_up(struct termcaps *c)
{
	c->is_asking = false;
}

/* DECRPM: 0 not known, 1 set, 2 reset, 3 always set, 4 always reset. */
static void learn_mode(struct termcaps *c, uint32_t number, uint32_t state)
{
	bool can_switch = state == 1 || state == 2;
	size_t i = 0;

	while (i < ARRAY_LEN(modes) && modes[i].number != number)
		i++;
	if (i == ARRAY_LEN(modes))
		return;
	if (can_switch || (state == 3 && number == 2027)) {
		c->features |= modes[i].feature;
	} else if (number != 2027) { /* some count clusters and have no switch for it */
		c->features &= ~modes[i].feature;
	}
	if (number == 1007)
		c->was_alt_scroll = state == 1;
	if (number == 2027 && can_switch) {
		c->features |= TERMCAPS_GRAPHEME;
		c->was_grapheme = state == 1;
	}
}

static void learn_version(struct termcaps *c, const struct termcaps_answer *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_text && n < sizeof(c->name) - 1; i++) {
		if (a->text[i] >= 0x20 && a->text[i] < 0x7f)
			c->name[n++] = a->text[i];
	}
	c->name[n] = '\0';
	learn_name(c, c->name);
}

bool termcaps_answer(struct termcaps *c, const struct termcaps_answer *a)
{
	bool was_asking = c->is_asking;

	switch (a->kind) {
	case TERMCAPS_DA1:
		c->is_asking = false;
		return was_asking;
	case TERMCAPS_MODE:
		if (a->n_params >= 2)
			learn_mode(c, a->params[0], a->params[1]);
		break;
	case TERMCAPS_KITTY:
		c->features |= TERMCAPS_KITTY_KEYS;
		break;
	case TERMCAPS_VERSION:
		learn_version(c, a);
		break;
	case TERMCAPS_OTHER:
		break;
	}
	return false;
}
