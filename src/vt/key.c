#include "vt/key.h"

#include "base/utf8.h"

#include <string.h>

#define LEGACY_MODS (KEY_SHIFT | KEY_ALT | KEY_CTRL)
#define XTERM_MODS (LEGACY_MODS | KEY_SUPER) /* four bits; xterm calls the last one Meta */
#define LOCKS (KEY_CAPS_LOCK_ON | KEY_NUM_LOCK_ON)

/* A bounded writer: what does not fit makes the whole result empty. */
struct sink {
	char *out;
	size_t size, n;
	bool is_full;
};

static void put(struct sink *s, const char *p, size_t n)
{
	if (s->is_full || n > s->size - s->n) {
		s->is_full = true;
		return;
	}
	memcpy(s->out + s->n, p, n);
	s->n += n;
}

static void put_str(struct sink *s, const char *p)
{
	put(s, p, strlen(p));
}

static void put_char(struct sink *s, char c)
{
	put(s, &c, 1);
}

static void put_num(struct sink *s, uint32_t v)
{
	char digits[10];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + v % 10);
	} while (v /= 10);
	put(s, digits + n, sizeof(digits) - n);
}

/* The number and final byte of the CSI sequence of a functional key; number 0
 * means that it has none and only the kitty protocol can tell of it. */
struct functional {
	uint8_t number;
	char final;
};

/* KEY_INSERT to KEY_END */
static const struct functional main_keys[] = {
	{ 2, '~' }, { 3, '~' }, { 1, 'D' }, { 1, 'C' }, { 1, 'A' },
	{ 1, 'B' }, { 5, '~' }, { 6, '~' }, { 1, 'H' }, { 1, 'F' },
};

/* F1 to F20 as ctlseqs numbers them; F21 to F24 as xterm goes on. */
static const struct functional f_keys[] = {
	{ 1, 'P' },  { 1, 'Q' },  { 1, 'R' },  { 1, 'S' },  { 15, '~' }, { 17, '~' },
	{ 18, '~' }, { 19, '~' }, { 20, '~' }, { 21, '~' }, { 23, '~' }, { 24, '~' },
	{ 25, '~' }, { 26, '~' }, { 28, '~' }, { 29, '~' }, { 31, '~' }, { 32, '~' },
	{ 33, '~' }, { 34, '~' }, { 42, '~' }, { 43, '~' }, { 44, '~' }, { 45, '~' },
};

/* The keypad without NumLock, from KEY_KP_LEFT on, does what the keys of these names do. */
static const struct functional kp_keys[] = {
	{ 1, 'D' }, { 1, 'C' }, { 1, 'A' }, { 1, 'B' }, { 5, '~' }, { 6, '~' },
	{ 1, 'H' }, { 1, 'F' }, { 2, '~' }, { 3, '~' }, { 1, 'E' },
};

static struct functional functional_of(uint32_t code)
{
	if (code >= KEY_INSERT && code <= KEY_END)
		return main_keys[code - KEY_INSERT];
	if (code >= KEY_F1 && code <= KEY_F24)
		return f_keys[code - KEY_F1];
	if (code >= KEY_KP_LEFT && code <= KEY_KP_BEGIN)
		return kp_keys[code - KEY_KP_LEFT];
	return (struct functional){ 0 };
}

/* The control character that Ctrl makes of an ASCII character on a VT220
 * keyboard, or -1. */
static int control_of(uint32_t cp)
{
	if ((cp >= '@' && cp <= '_') || (cp >= 'a' && cp <= 'z'))
		return (int)(cp & 0x1f);
	switch (cp) {
	case ' ':
	case '2':
	case '`':
		return 0x00;
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
		return (int)(cp - '3' + 0x1b);
	case '/':
		return 0x1f;
	case '~':
		return 0x1e;
	case '8':
	case '?':
		return 0x7f;
	default:
		return -1;
	}
}

static uint32_t shifted_of(const struct key *key)
{
	if (!(key->mods & KEY_SHIFT))
		return key->code;
	if (key->shifted)
		return key->shifted;
	return key->code >= 'a' && key->code <= 'z' ? key->code & ~0x20u : key->code;
}

static void put_text(struct sink *s, const struct key *key)
{
	char utf8[4];

	if (key->n_text && key->n_text <= KEY_TEXT_MAX) {
		put(s, key->text, key->n_text);
	} else {
		put(s, utf8, utf8_encode(shifted_of(key), utf8));
	}
}

static bool has_text(const struct key *key)
{
	return key->n_text && key->n_text <= KEY_TEXT_MAX && (uint8_t)key->text[0] >= 0x20 &&
	       key->text[0] != 0x7f;
}

/* The character that the legacy and modifyOtherKeys forms report for a key
 * that is no functional key; 0 if there is none. */
static uint32_t char_of(const struct key *key)
{
	switch (key->code) {
	case KEY_ESCAPE:
		return 0x1b;
	case KEY_ENTER:
		return '\r';
	case KEY_TAB:
		return '\t';
	case KEY_BACKSPACE:
		return 0x7f;
	default:
		return key->code < KEY_ESCAPE ? shifted_of(key) : 0;
	}
}

/*
 * Whether xterm's modifyOtherKeys reports the key in the long form.  Level 1
 * leaves alone what has a well-known meaning (Ctrl-letter, Alt as ESC prefix,
 * Shift-Tab); level 2 reports everything but text that Shift alone selects.
 */
static bool is_other_key(const struct key *key, const struct key_modes *m)
{
	uint8_t mods = key->mods & XTERM_MODS;
	uint32_t c = char_of(key);

	if (!m->modify_other_keys || !mods || !c)
		return false;
	if (key->code == KEY_TAB && mods == KEY_SHIFT)
		return false;
	if (m->modify_other_keys == 1) {
		if (key->code == KEY_BACKSPACE || mods == KEY_ALT)
			return false;
		if (key->code >= KEY_ESCAPE)
			return true;
		return mods != KEY_SHIFT && mods != (KEY_SHIFT | KEY_ALT) &&
		       !(mods == KEY_CTRL && control_of(c) >= 0);
	}
	if (key->code == KEY_BACKSPACE)
		return mods != KEY_CTRL;
	return mods != KEY_SHIFT || c == ' ' || c == '\r' || c == 0x1b;
}

static void encode_other_key(struct sink *s, const struct key *key, const struct key_modes *m)
{
	uint32_t mods = 1u + (key->mods & XTERM_MODS);

	put_str(s, m->is_other_keys_csi_u ? "\033[" : "\033[27;");
	put_num(s, m->is_other_keys_csi_u ? char_of(key) : mods);
	put_char(s, ';');
	put_num(s, m->is_other_keys_csi_u ? mods : char_of(key));
	put_char(s, m->is_other_keys_csi_u ? 'u' : '~');
}

static void encode_legacy_char(struct sink *s, const struct key *key)
{
	int control = key->mods & KEY_CTRL ? control_of(shifted_of(key)) : -1;

	if (key->mods & KEY_CTRL && control < 0)
		control = control_of(key->code);
	if (key->mods & KEY_ALT)
		put_char(s, '\033');
	if (control >= 0) {
		put_char(s, (char)control);
	} else {
		put_text(s, key);
	}
}

/* Escape, Enter, Tab and Backspace. */
static void encode_legacy_control(struct sink *s, const struct key *key, const struct key_modes *m)
{
	if (key->mods & KEY_ALT)
		put_char(s, '\033');
	switch (key->code) {
	case KEY_ENTER:
		put_str(s, m->is_newline ? "\r\n" : "\r");
		break;
	case KEY_TAB:
		put_str(s, key->mods & KEY_SHIFT ? "\033[Z" : "\t");
		break;
	case KEY_BACKSPACE:
		put_char(s, m->is_backarrow_bs != !!(key->mods & KEY_CTRL) ? '\b' : 0x7f);
		break;
	default:
		put_char(s, '\033');
	}
}

/* A VT52 has four arrows and three, here four, keys without a legend. */
static void encode_vt52(struct sink *s, struct functional f)
{
	if (f.number == 1 && f.final != 'H' && f.final != 'F' && f.final != 'E') {
		put_char(s, '\033');
		put_char(s, f.final);
	}
}

static void encode_legacy_functional(struct sink *s, const struct key *key,
				     const struct key_modes *m)
{
	struct functional f = functional_of(key->code);
	uint32_t mods = key->mods & XTERM_MODS;
	bool is_f1_to_f4 = key->code >= KEY_F1 && key->code <= KEY_F4;

	if (!f.number)
		return;
	if (m->is_vt52) {
		encode_vt52(s, f);
		return;
	}
	if (f.number == 1 && !mods) {
		put_str(s, is_f1_to_f4 || m->is_app_cursor ? "\033O" : "\033[");
		put_char(s, f.final);
		return;
	}
	put_str(s, "\033[");
	put_num(s, f.number);
	if (mods) {
		put_char(s, ';');
		put_num(s, 1 + mods);
	}
	put_char(s, f.final);
}

/* Keypad keys that type something: SS3 and a letter in application mode. */
static void encode_legacy_keypad(struct sink *s, const struct key *key, const struct key_modes *m)
{
	static const char text[] = "0123456789./*-+\r=,", app[] = "pqrstuvwxynojmkMXl";
	size_t i = key->code - KEY_KP_0;

	if (key->mods & KEY_ALT)
		put_char(s, '\033');
	if (m->is_app_keypad) {
		put_str(s, m->is_vt52 ? "\033?" : "\033O");
		put_char(s, app[i]);
	} else if (key->code == KEY_KP_ENTER && m->is_newline) {
		put_str(s, "\r\n");
	} else {
		put_char(s, text[i]);
	}
}

static void encode_legacy(struct sink *s, const struct key *key, const struct key_modes *m)
{
	if (is_other_key(key, m) && !m->is_vt52) {
		encode_other_key(s, key, m);
	} else if (key->code < KEY_ESCAPE) {
		encode_legacy_char(s, key);
	} else if (key->code <= KEY_BACKSPACE) {
		encode_legacy_control(s, key, m);
	} else if (key->code >= KEY_KP_0 && key->code <= KEY_KP_SEPARATOR) {
		encode_legacy_keypad(s, key, m);
	} else {
		encode_legacy_functional(s, key, m);
	}
}

static struct functional kitty_functional_of(uint32_t code)
{
	/* F3 as CSI R would be a cursor position report; F13 and up and the
	 * keypad have numbers of their own, so that they can be told apart. */
	if (code == KEY_F3)
		return (struct functional){ 13, '~' };
	if (code >= KEY_F13 && code != KEY_KP_BEGIN)
		return (struct functional){ 0 };
	return functional_of(code);
}

static uint32_t kitty_number(uint32_t code)
{
	switch (code) {
	case KEY_ESCAPE:
		return 27;
	case KEY_ENTER:
		return 13;
	case KEY_TAB:
		return 9;
	case KEY_BACKSPACE:
		return 127;
	default:
		return code < KEY_ESCAPE ? code : code - KEY_ESCAPE + 57344;
	}
}

static void put_kitty_text(struct sink *s, const struct key *key)
{
	for (size_t i = 0; i < key->n_text;) {
		uint32_t cp;

		put_char(s, i ? ':' : ';');
		i += utf8_decode(key->text + i, key->n_text - i, &cp);
		put_num(s, cp);
	}
}

/* CSI number:shifted:base ; mods:event ; text u, empty parts left out. */
static void put_kitty(struct sink *s, const struct key *key, const struct key_modes *m)
{
	struct functional f = kitty_functional_of(key->code);
	uint32_t number = f.number ? f.number : kitty_number(key->code);
	bool with_event = m->kitty_flags & KEY_KITTY_EVENTS && key->event != KEY_PRESS;
	bool with_text = m->kitty_flags & KEY_KITTY_TEXT && m->kitty_flags & KEY_KITTY_ALL &&
			 key->event != KEY_RELEASE && has_text(key) && key->code < KEY_INSERT;
	bool with_alternates = m->kitty_flags & KEY_KITTY_ALTERNATES && key->code < KEY_ESCAPE;
	uint32_t shifted = with_alternates && key->mods & KEY_SHIFT ? shifted_of(key) : number;
	uint32_t base = with_alternates && key->base_layout ? key->base_layout : number;
	bool with_mods = key->mods || with_event;

	put_str(s, "\033[");
	if (number != 1 || with_mods || with_text)
		put_num(s, number);
	if (shifted != number || base != number)
		put_char(s, ':');
	if (shifted != number)
		put_num(s, shifted);
	if (base != number) {
		put_char(s, ':');
		put_num(s, base);
	}
	if (with_mods || with_text)
		put_char(s, ';');
	if (with_mods)
		put_num(s, 1u + key->mods);
	if (with_event) {
		put_char(s, ':');
		put_num(s, 1u + key->event);
	}
	if (with_text)
		put_kitty_text(s, key);
	put_char(s, (char)(f.number ? f.final : 'u'));
}

/* Keys that keep their legacy bytes unless all keys are asked for, so that a
 * shell left in this mode by a crashed program can still be typed at. */
static bool is_kept_legacy(const struct key *key)
{
	return !(key->mods & ~LOCKS) && key->code >= KEY_ENTER && key->code <= KEY_BACKSPACE;
}

static void encode_kitty(struct sink *s, const struct key *key, const struct key_modes *m)
{
	uint8_t flags = m->kitty_flags;
	struct key k = *key;

	if (flags & KEY_KITTY_ALL) {
		put_kitty(s, &k, m);
		return;
	}
	if (k.code >= KEY_LEFT_SHIFT || (k.code >= KEY_CAPS_LOCK && k.code <= KEY_NUM_LOCK))
		return;
	if (k.event == KEY_RELEASE && k.code >= KEY_ENTER && k.code <= KEY_BACKSPACE)
		return;
	if (k.code <= KEY_BACKSPACE)
		k.mods &= (uint8_t)~LOCKS;
	if (k.event != KEY_RELEASE) {
		if (has_text(&k) && !(k.mods & ~KEY_SHIFT & ~LOCKS)) {
			put_text(s, &k);
			return;
		}
		if (is_kept_legacy(&k) ||
		    (!(flags & KEY_KITTY_DISAMBIGUATE) && k.code < KEY_INSERT)) {
			encode_legacy(s, &k, m);
			return;
		}
		if (k.code < KEY_ESCAPE && !(k.mods & ~KEY_SHIFT)) {
			put_text(s, &k);
			return;
		}
	}
	put_kitty(s, &k, m);
}

size_t key_encode(const struct key *key, const struct key_modes *modes, char *out, size_t size)
{
	struct sink s = { 0 };

	s.out = out;
	s.size = size;
	if (key->code >= KEY_CODE_END)
		return 0;
	if (key->event == KEY_RELEASE && !(modes->kitty_flags & KEY_KITTY_EVENTS))
		return 0;
	if (modes->kitty_flags && !modes->is_vt52) {
		encode_kitty(&s, key, modes);
	} else {
		encode_legacy(&s, key, modes);
	}
	return s.is_full ? 0 : s.n;
}

size_t key_encode_focus(bool is_focused, char *out, size_t size)
{
	struct sink s = { 0 };

	s.out = out;
	s.size = size;
	put_str(&s, is_focused ? "\033[I" : "\033[O");
	return s.is_full ? 0 : s.n;
}
