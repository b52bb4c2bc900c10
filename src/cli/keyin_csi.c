#include "cli/keyin_csi.h"

#include <string.h>

#include "base/utf8.h"

#define KITTY_FIRST 57344u /* kitty's number of KEY_ESCAPE */
#define VALUE_MAX 10000000u

/* --- taking apart --- */

static void add_value(struct keyin_csi *c, unsigned field)
{
	c->values[c->n] = KEYIN_NONE;
	c->fields[c->n] = (uint8_t)field;
	c->n++;
}

static void add_digit(struct keyin_csi *c, char digit)
{
	uint32_t *v = &c->values[c->n - 1];

	if (*v == KEYIN_NONE)
		*v = 0;
	if (*v < VALUE_MAX)
		*v = *v * 10 + (uint32_t)(digit - '0');
}

bool keyin_csi_parse(const char *p, size_t n, struct keyin_csi *ret)
{
	unsigned field = 0;

	memset(ret, 0, sizeof(*ret));
	add_value(ret, 0);
	for (size_t i = 0; i + 1 < n; i++) {
		if (p[i] >= '0' && p[i] <= '9') {
			if (ret->intermediate)
				return false;
			add_digit(ret, p[i]);
		} else if (p[i] == ';' || p[i] == ':') {
			if (ret->n == KEYIN_VALUES_MAX || ret->intermediate)
				return false;
			field += p[i] == ';';
			add_value(ret, field);
		} else if (p[i] >= '<' && p[i] <= '?') {
			if (i)
				return false;
			ret->prefix = p[i];
		} else {
			ret->intermediate = p[i];
		}
	}
	ret->final = p[n - 1];
	return true;
}

uint32_t keyin_csi_get(const struct keyin_csi *c, unsigned field, unsigned sub, uint32_t otherwise)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (c->fields[i] != field || sub--)
			continue;
		return c->values[i] == KEYIN_NONE ? otherwise : c->values[i];
	}
	return otherwise;
}

/* --- keys --- */

void keyin_set_char(struct key *key, uint32_t cp)
{
	key->code = cp;
	if (cp >= 'A' && cp <= 'Z') {
		key->code = cp | 0x20;
		key->shifted = cp;
		key->mods |= KEY_SHIFT;
	}
}

/* Modifiers and event: the second parameter of every key. */
static void set_mods(struct key *key, const struct keyin_csi *c, unsigned field)
{
	uint32_t mods = keyin_csi_get(c, field, 0, 1), event = keyin_csi_get(c, field, 1, 1);

	key->mods |= (uint8_t)(mods ? mods - 1 : 0);
	if (event == 2) {
		key->event = KEY_REPEAT;
	} else if (event == 3) {
		key->event = KEY_RELEASE;
	}
}

/* By the number before a tilde; 0 is none. */
static uint32_t code_of_number(uint32_t n)
{
	static const uint32_t codes[46] = {
		[1] = KEY_HOME,     [2] = KEY_INSERT,    [3] = KEY_DELETE,   [4] = KEY_END,
		[5] = KEY_PAGE_UP,  [6] = KEY_PAGE_DOWN, [7] = KEY_HOME,     [8] = KEY_END,
		[11] = KEY_F1,      [12] = KEY_F1 + 1,   [13] = KEY_F3,      [14] = KEY_F4,
		[15] = KEY_F1 + 4,  [17] = KEY_F1 + 5,   [18] = KEY_F1 + 6,  [19] = KEY_F1 + 7,
		[20] = KEY_F1 + 8,  [21] = KEY_F1 + 9,   [23] = KEY_F1 + 10, [24] = KEY_F12,
		[25] = KEY_F13,     [26] = KEY_F13 + 1,  [28] = KEY_F13 + 2, [29] = KEY_F13 + 3,
		[31] = KEY_F13 + 4, [32] = KEY_F13 + 5,  [33] = KEY_F13 + 6, [34] = KEY_F20,
		[42] = KEY_F20 + 1, [43] = KEY_F20 + 2,  [44] = KEY_F20 + 3, [45] = KEY_F24,
	};

	return n < ARRAY_LEN(codes) ? codes[n] : 0;
}

static uint32_t code_of_letter(char c)
{
	switch (c) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'E':
		return KEY_KP_BEGIN;
	case 'F':
		return KEY_END;
	case 'H':
		return KEY_HOME;
	case 'P':
	case 'Q':
	case 'R':
	case 'S':
		return KEY_F1 + (uint32_t)(c - 'P');
	default:
		return 0;
	}
}

uint32_t keyin_ss3_code(char c)
{
	static const char keypad[] = "pqrstuvwxynojmkMXl";
	const char *at = c ? strchr(keypad, c) : NULL;

	return at ? KEY_KP_0 + (uint32_t)(at - keypad) : code_of_letter(c);
}

static bool is_char(uint32_t cp)
{
	return cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0) && cp < 0x110000;
}

/* A character's number in modifyOtherKeys and kitty; false if it is none. */
static bool set_code(struct key *key, uint32_t n)
{
	if (n >= KITTY_FIRST && n - KITTY_FIRST + KEY_ESCAPE < KEY_CODE_END) {
		key->code = n - KITTY_FIRST + KEY_ESCAPE;
	} else if (n == 27) {
		key->code = KEY_ESCAPE;
	} else if (n == '\r') {
		key->code = KEY_ENTER;
	} else if (n == '\t') {
		key->code = KEY_TAB;
	} else if (n == 0x7f || n == '\b') {
		key->code = KEY_BACKSPACE;
	} else if (is_char(n) && n >> 11 != 0x1b) {
		key->code = n >= 'A' && n <= 'Z' ? n | 0x20 : n;
	} else {
		return false;
	}
	if (n >= 'A' && n <= 'Z')
		key->shifted = n;
	return true;
}

/* Kitty: number:shifted:base ; mods:event ; text:... u */
static int key_u(const struct keyin_csi *c, struct key *key)
{
	uint32_t cp, shifted = keyin_csi_get(c, 0, 1, 0), base = keyin_csi_get(c, 0, 2, 0);

	if (!set_code(key, keyin_csi_get(c, 0, 0, 0)))
		return KEYIN_E_UNKNOWN;
	set_mods(key, c, 1);
	if (is_char(shifted))
		key->shifted = shifted;
	if (is_char(base))
		key->base_layout = base;
	for (unsigned i = 0; (cp = keyin_csi_get(c, 2, i, KEYIN_NONE)) != KEYIN_NONE; i++) {
		if (is_char(cp) && key->n_text + 4u <= KEY_TEXT_MAX)
			key->n_text += (uint8_t)utf8_encode(cp, key->text + key->n_text);
	}
	return 0;
}

static int key_tilde(const struct keyin_csi *c, struct key *key)
{
	uint32_t n = keyin_csi_get(c, 0, 0, 0);

	if (n == 200)
		return KEYIN_E_PASTE;
	if (n == 201)
		return KEYIN_E_NOTHING; /* the end of a paste that we gave up */
	if (n == 27) {                  /* modifyOtherKeys */
		set_mods(key, c, 1);
		return set_code(key, keyin_csi_get(c, 2, 0, 0)) ? 0 : KEYIN_E_UNKNOWN;
	}
	key->code = code_of_number(n);
	set_mods(key, c, 1);
	return key->code ? 0 : KEYIN_E_UNKNOWN;
}

/* What rxvt does: other finals for Control and for both. */
static int key_rxvt(const struct keyin_csi *c, struct key *key)
{
	key->code = code_of_number(keyin_csi_get(c, 0, 0, 0));
	key->mods = c->final == '^' ? KEY_CTRL : KEY_CTRL | KEY_SHIFT;
	return key->code && c->n == 1 ? 0 : KEYIN_E_UNKNOWN;
}

static int key_letter(const struct keyin_csi *c, struct keyin_event *ev)
{
	uint32_t first = keyin_csi_get(c, 0, 0, 1);

	/* The position of the cursor ends like F3 with modifiers. */
	if (c->final == 'R' && first != 1) {
		ev->type = KEYIN_ANSWER;
		ev->answer.kind = TERMCAPS_OTHER;
		return 0;
	}
	ev->key.code = code_of_letter(c->final);
	set_mods(&ev->key, c, 1);
	return ev->key.code && first == 1 ? 0 : KEYIN_E_UNKNOWN;
}

/* --- others --- */

static int mouse_sgr(const struct keyin_csi *c, struct keyin_event *ev)
{
	uint32_t code = keyin_csi_get(c, 0, 0, KEYIN_NONE), col = keyin_csi_get(c, 1, 0, 0),
		 row = keyin_csi_get(c, 2, 0, 0);
	struct mouse_event *m = &ev->mouse;
	unsigned button = (code & 3) | (code & 64 ? 4 : 0) | (code & 128 ? 8 : 0);

	if (code > 255 || !col || !row || button >= MOUSE_N_BUTTONS)
		return KEYIN_E_UNKNOWN;
	ev->type = KEYIN_MOUSE;
	m->button = (enum mouse_button)button;
	m->type = c->final == 'm' ? MOUSE_RELEASE : code & 32 ? MOUSE_MOTION : MOUSE_PRESS;
	m->mods = (uint8_t)((code & 4 ? KEY_SHIFT : 0) | (code & 8 ? KEY_ALT : 0) |
			    (code & 16 ? KEY_CTRL : 0));
	m->col = col - 1;
	m->row = row - 1;
	return 0;
}

static void set_answer(const struct keyin_csi *c, struct keyin_event *ev)
{
	struct termcaps_answer *a = &ev->answer;

	ev->type = KEYIN_ANSWER;
	a->kind = TERMCAPS_OTHER;
	if (c->prefix == '?' && c->final == 'c') {
		a->kind = TERMCAPS_DA1;
	} else if (c->prefix == '?' && c->final == 'u') {
		a->kind = TERMCAPS_KITTY;
	} else if (c->prefix == '?' && c->final == 'y' && c->intermediate == '$') {
		a->kind = TERMCAPS_MODE;
	}
	for (unsigned i = 0; i < c->n && i < TERMCAPS_PARAMS_MAX; i++)
		a->params[a->n_params++] = c->values[i] == KEYIN_NONE ? 0 : c->values[i];
}

static int focus(const struct keyin_csi *c, struct keyin_event *ev)
{
	ev->type = KEYIN_FOCUS;
	ev->is_focused = c->final == 'I';
	return c->n == 1 && c->values[0] == KEYIN_NONE ? 0 : KEYIN_E_UNKNOWN;
}

static int plain_event(const struct keyin_csi *c, struct keyin_event *ev)
{
	switch (c->final) {
	case '~':
		return key_tilde(c, &ev->key);
	case 'u':
		return key_u(c, &ev->key);
	case 'I':
	case 'O':
		return focus(c, ev);
	case 'Z':
		ev->key.code = KEY_TAB;
		set_mods(&ev->key, c, 1);
		ev->key.mods |= KEY_SHIFT;
		return 0;
	case '^':
	case '@':
		return key_rxvt(c, &ev->key);
	case 'a':
	case 'b':
	case 'c':
	case 'd':
		if (c->n > 1 || c->values[0] != KEYIN_NONE)
			return KEYIN_E_UNKNOWN;
		ev->key.code = code_of_letter((char)(c->final - 'a' + 'A'));
		ev->key.mods = KEY_SHIFT;
		return 0;
	case 'n':
	case 't':
		set_answer(c, ev);
		return 0;
	default:
		return key_letter(c, ev);
	}
}

int keyin_csi_event(const struct keyin_csi *c, struct keyin_event *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (c->prefix == '<' && !c->intermediate && (c->final == 'M' || c->final == 'm'))
		return mouse_sgr(c, ret);
	if (c->prefix == '<')
		return KEYIN_E_UNKNOWN;
	/* No key begins like that. */
	if (c->prefix || (c->intermediate == '$' && c->final == 'y')) {
		set_answer(c, ret);
		return 0;
	}
	return c->intermediate ? KEYIN_E_UNKNOWN : plain_event(c, ret);
}
