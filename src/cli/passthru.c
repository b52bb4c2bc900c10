#include "cli/passthru.h"

#include <stdio.h>
#include <string.h>

/* Private modes (DECSET) that a program may leave behind, with what a fresh
 * terminal has.  Others (132 columns, ...) change no more than what is shown. */
static const struct {
	uint16_t mode;
	bool is_on; /* in a fresh terminal */
} watched[] = {
	{ 1, false },    { 5, false },    { 6, false },    { 7, true },     { 9, false },
	{ 12, false },   { 25, true },    { 45, false },   { 47, false },   { 66, false },
	{ 69, false },   { 1000, false }, { 1001, false }, { 1002, false }, { 1003, false },
	{ 1004, false }, { 1005, false }, { 1006, false }, { 1015, false }, { 1016, false },
	{ 1047, false }, { 1049, false }, { 2004, false }, { 2026, false }, { 2027, false },
	{ 2031, false }, { 2048, false },
};

void passthru_init(struct passthru *p)
{
	memset(p, 0, sizeof(*p));
}

/* ---- what sequences do ---- */

static void set_mode(struct passthru *p, unsigned mode, bool is_on)
{
	for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
		unsigned k = 0;

		if (watched[i].mode != mode)
			continue;
		while (k < p->n_modes && p->modes[k] != mode)
			k++;
		if (is_on != watched[i].is_on && k == p->n_modes && k < PASSTHRU_MODES) {
			p->modes[p->n_modes++] = (uint16_t)mode;
		} else if (is_on == watched[i].is_on && k < p->n_modes) {
			p->modes[k] = p->modes[--p->n_modes];
		}
	}
}

/* ESC c, CSI ! p: all modes are fresh again. */
static void forget_modes(struct passthru *p)
{
	p->n_modes = 0;
	p->has_margins = p->has_keypad = p->has_style = p->has_cursor_style = false;
	p->has_charset = p->has_other_keys = false;
	p->n_kitty = 0;
}

static void private_modes(struct passthru *p, const char *params, bool is_on)
{
	while (*params >= '0' && *params <= '9') {
		unsigned mode = 0;

		while (*params >= '0' && *params <= '9' && mode < 100000)
			mode = mode * 10 + (unsigned)(*params++ - '0');
		set_mode(p, mode, is_on);
		if (*params == ';')
			params++;
	}
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c) != NULL;
}

/* The private prefix of a CSI sequence, and the byte before its final one where
 * an intermediate stands; 0 if there is none. */
static char prefix_of(const char *s)
{
	if (is_one_of(s[2], "?>=<"))
		return s[2];
	return 0;
}

static char intermediate_of(const char *s, size_t n)
{
	if (n > 3 && s[n - 2] >= 0x20 && s[n - 2] < 0x30)
		return s[n - 2];
	return 0;
}

static bool is_csi_question(const char *s, size_t n)
{
	static const struct {
		const char *prefixes; /* NULL: any */
		char intermediate, final;
	} questions[] = {
		{ NULL, 0, 'c' },   /* DA1, DA2, DA3 */
		{ NULL, 0, 'n' },   /* DSR, CPR */
		{ NULL, 0, 'x' },   /* DECREQTPARM */
		{ NULL, '$', 'p' }, /* DECRQM */
		{ ">", 0, 'q' },    /* XTVERSION */
		{ "?", 0, 'u' },    /* kitty keyboard flags */
		{ "?", 0, 'm' },    /* XTQMODKEYS */
		{ NULL, '*', 'y' }, /* DECRQCRA */
		{ NULL, '$', 'w' }, /* DECRQPSR */
		{ "?", 0, 'S' },    /* XTSMGRAPHICS */
	};
	char prefix = prefix_of(s), intermediate = intermediate_of(s, n);
	unsigned first = 0;

	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		if (s[n - 1] == questions[i].final && intermediate == questions[i].intermediate &&
		    (!questions[i].prefixes || is_one_of(prefix, questions[i].prefixes)))
			return true;
	}
	/* XTWINOPS: some of its operations report */
	return s[n - 1] == 't' && !prefix && sscanf(s + 2, "%u", &first) == 1 && first >= 11 &&
	       first <= 21;
}

static void follow_csi(struct passthru *p, const char *s, size_t n)
{
	char final = s[n - 1], intermediate = intermediate_of(s, n);
	unsigned number = 0;

	switch (final) {
	case 'H':
	case 'f':
	case 'd':
		p->has_moved = true;
		break;
	case 'h':
	case 'l':
		if (s[2] == '?')
			private_modes(p, s + 3, final == 'h');
		break;
	case 'm':
		if (s[2] == '>') {
			p->has_other_keys = true;
		} else if (s[2] != '?') {
			p->has_style = !(n == 3 || (n == 4 && s[2] == '0'));
		}
		break;
	case 'p':
		if (intermediate == '!')
			forget_modes(p);
		break;
	case 'q':
		if (intermediate == ' ')
			p->has_cursor_style = true;
		break;
	case 'r':
		if (s[2] != '?')
			p->has_margins = n > 3;
		break;
	case 'u':
		if (s[2] == '>') {
			p->n_kitty++;
		} else if (s[2] == '<') {
			if (sscanf(s + 3, "%u", &number) != 1)
				number = 1;
			p->n_kitty -= number < p->n_kitty ? number : p->n_kitty;
		}
		break;
	default:
		break;
	}
}

static void follow_escape(struct passthru *p, const char *s, size_t n)
{
	if (n == 2 && s[1] == 'c') {
		forget_modes(p);
	} else if (n == 2 && (s[1] == '=' || s[1] == '>')) {
		p->has_keypad = s[1] == '=';
	} else if (n == 3 && s[1] == '(') {
		p->has_charset = s[2] != 'B';
	} else if (n == 2 && is_one_of(s[1], "no")) {
		p->has_charset = true;
	}
}

/* OSC 4, 10..19, 52, ... with a question mark for the value; DCS $ q, + q; APC G
 * (kitty graphics answers). */
static bool is_string_question(const char *s)
{
	unsigned number;

	switch (s[1]) {
	case ']':
		if (sscanf(s + 2, "%u", &number) != 1)
			return false;
		return strstr(s, ";?") != NULL &&
		       (number == 4 || number == 5 || (number >= 10 && number <= 19) ||
			number == 21 || number == 52);
	case 'P':
		return is_one_of(s[2], "$+") && s[3] == 'q';
	case '_':
		return s[2] == 'G' && strstr(s, "a=q") != NULL;
	default:
		return false;
	}
}

static void follow_string(struct passthru *p, const char *s)
{
	unsigned number;

	if (s[1] == ']' && sscanf(s + 2, "%u", &number) == 1 &&
	    (number == 4 || (number >= 10 && number <= 19)) && !strstr(s, ";?"))
		p->has_colors = true;
}

/* ---- finding them ---- */

/* The sequence is complete. */
static void end(struct passthru *p, struct buf *out)
{
	const char *s = p->seq;
	size_t n = p->n_seq;
	bool is_question = false;

	p->seq[n] = '\0';
	if (!p->is_long) {
		if (p->state == PASSTHRU_CSI) {
			is_question = is_csi_question(s, n);
			follow_csi(p, s, n);
		} else if (p->state == PASSTHRU_STRING || p->state == PASSTHRU_STRING_ESC) {
			is_question = is_string_question(s);
			follow_string(p, s);
		} else {
			is_question = n == 2 && s[1] == 'Z'; /* DECID */
			follow_escape(p, s, n);
		}
	}
	if (!p->is_dropping && !(is_question && p->wants_no_questions))
		buf_put(out, s, n);
	passthru_cut(p);
}

void passthru_cut(struct passthru *p)
{
	p->state = PASSTHRU_GROUND;
	p->n_seq = 0;
	p->is_long = p->is_dropping = false;
}

static void keep(struct passthru *p, char c, struct buf *out)
{
	if (p->n_seq == PASSTHRU_MAX) {
		p->seq[PASSTHRU_MAX] = '\0';
		if (!p->is_long) {
			p->is_long = true;
			p->is_dropping = p->wants_no_questions && p->state == PASSTHRU_STRING &&
					 is_string_question(p->seq);
			if (!p->is_dropping && p->state == PASSTHRU_STRING)
				follow_string(p, p->seq);
		}
		if (!p->is_dropping)
			buf_put(out, p->seq, p->n_seq);
		p->n_seq = 0;
	}
	p->seq[p->n_seq++] = c;
}

static void begin(struct passthru *p)
{
	p->state = PASSTHRU_ESCAPE;
	p->seq[0] = '\033';
	p->n_seq = 1;
	p->is_long = p->is_dropping = false;
}

/* CAN, SUB and ESC end any sequence; C0 controls within one are executed. */
static bool is_cancelled(struct passthru *p, unsigned char c, struct buf *out)
{
	if (c == 0x18 || c == 0x1a) {
		passthru_cut(p);
		buf_put_char(out, (char)c);
		return true;
	}
	if (c == 0x1b) {
		begin(p);
		return true;
	}
	if (c < 0x20) {
		buf_put_char(out, (char)c);
		return true;
	}
	return false;
}

static void escape(struct passthru *p, unsigned char c, struct buf *out)
{
	if (is_cancelled(p, c, out))
		return;
	keep(p, (char)c, out);
	if (p->state == PASSTHRU_ESCAPE && c == '[') {
		p->state = PASSTHRU_CSI;
	} else if (p->state == PASSTHRU_ESCAPE && is_one_of((char)c, "]P_^X")) {
		p->state = PASSTHRU_STRING;
	} else if (c >= 0x20 && c < 0x30) {
		p->state = PASSTHRU_INTERMEDIATE;
	} else {
		end(p, out);
	}
}

static void csi(struct passthru *p, unsigned char c, struct buf *out)
{
	if (is_cancelled(p, c, out))
		return;
	keep(p, (char)c, out);
	if (c >= 0x40)
		end(p, out);
}

static void string(struct passthru *p, unsigned char c, struct buf *out)
{
	if (p->state == PASSTHRU_STRING_ESC && c != '\\') {
		/* The ESC ended the string and began something else. */
		p->n_seq--;
		end(p, out);
		begin(p);
		escape(p, c, out);
		return;
	}
	if (c == 0x18 || c == 0x1a) {
		(void)is_cancelled(p, c, out);
		return;
	}
	keep(p, (char)c, out);
	if (p->state == PASSTHRU_STRING_ESC || c == '\a') {
		end(p, out);
	} else if (c == 0x1b) {
		p->state = PASSTHRU_STRING_ESC;
	}
}

static void ground(struct passthru *p, const char *data, size_t n, size_t *at, struct buf *out)
{
	size_t from = *at;

	while (*at < n && data[*at] != '\033' && data[*at] != '\005')
		++*at;
	buf_put(out, data + from, *at - from);
	if (*at == n)
		return;
	if (data[*at] == '\033') {
		begin(p);
	} else if (!p->wants_no_questions) { /* ENQ */
		buf_put_char(out, '\005');
	}
	++*at;
}

void passthru_feed(struct passthru *p, const char *data, size_t n, struct buf *out)
{
	for (size_t at = 0; at < n;) {
		switch (p->state) {
		case PASSTHRU_GROUND:
			ground(p, data, n, &at, out);
			break;
		case PASSTHRU_ESCAPE:
		case PASSTHRU_INTERMEDIATE:
			escape(p, (unsigned char)data[at++], out);
			break;
		case PASSTHRU_CSI:
			csi(p, (unsigned char)data[at++], out);
			break;
		case PASSTHRU_STRING:
		case PASSTHRU_STRING_ESC:
			string(p, (unsigned char)data[at++], out);
			break;
		}
	}
}

/* ---- leaving ---- */

static bool was_on(unsigned mode)
{
	for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
		if (watched[i].mode == mode)
			return watched[i].is_on;
	}
	return false;
}

void passthru_undo(const struct passthru *p, struct buf *out)
{
	/* An unfinished sequence would swallow what comes next. */
	if (p->state == PASSTHRU_STRING || p->state == PASSTHRU_STRING_ESC) {
		buf_put_str(out, "\033\\");
	} else if (p->state != PASSTHRU_GROUND) {
		buf_put_str(out, "\030");
	}
	if (p->n_kitty)
		buf_printf(out, "\033[<%uu", p->n_kitty);
	if (p->has_other_keys)
		buf_put_str(out, "\033[>4m");
	if (p->has_margins)
		buf_put_str(out, "\0337\033[r\0338"); /* DECSTBM homes the cursor */
	for (unsigned i = 0; i < p->n_modes; i++)
		buf_printf(out, "\033[?%u%c", p->modes[i], was_on(p->modes[i]) ? 'h' : 'l');
	if (p->has_keypad)
		buf_put_str(out, "\033>");
	if (p->has_charset)
		buf_put_str(out, "\017\033(B");
	if (p->has_cursor_style)
		buf_put_str(out, "\033[0 q");
	if (p->has_colors)
		buf_put_str(out, "\033]104\033\\\033]110\033\\\033]111\033\\\033]112\033\\");
	if (p->has_style)
		buf_put_str(out, "\033[m");
}
