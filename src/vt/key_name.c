#include "vt/key.h"

#include "base/nearest.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* Name, code, implied modifiers; the first row of a code is its canonical name. */
#define NAME_LIST(X)                                 \
	X("Enter", KEY_ENTER, 0)                     \
	X("Return", KEY_ENTER, 0)                    \
	X("CR", KEY_ENTER, 0)                        \
	X("Tab", KEY_TAB, 0)                         \
	X("BTab", KEY_TAB, KEY_SHIFT)                \
	X("BackTab", KEY_TAB, KEY_SHIFT)             \
	X("Escape", KEY_ESCAPE, 0)                   \
	X("Esc", KEY_ESCAPE, 0)                      \
	X("Backspace", KEY_BACKSPACE, 0)             \
	X("BSpace", KEY_BACKSPACE, 0)                \
	X("BS", KEY_BACKSPACE, 0)                    \
	X("Space", ' ', 0)                           \
	X("Minus", '-', 0)                           \
	X("Plus", '+', 0)                            \
	X("Insert", KEY_INSERT, 0)                   \
	X("Ins", KEY_INSERT, 0)                      \
	X("IC", KEY_INSERT, 0)                       \
	X("Delete", KEY_DELETE, 0)                   \
	X("Del", KEY_DELETE, 0)                      \
	X("DC", KEY_DELETE, 0)                       \
	X("Left", KEY_LEFT, 0)                       \
	X("Right", KEY_RIGHT, 0)                     \
	X("Up", KEY_UP, 0)                           \
	X("Down", KEY_DOWN, 0)                       \
	X("PageUp", KEY_PAGE_UP, 0)                  \
	X("PgUp", KEY_PAGE_UP, 0)                    \
	X("PPage", KEY_PAGE_UP, 0)                   \
	X("Prior", KEY_PAGE_UP, 0)                   \
	X("PageDown", KEY_PAGE_DOWN, 0)              \
	X("PgDn", KEY_PAGE_DOWN, 0)                  \
	X("PgDown", KEY_PAGE_DOWN, 0)                \
	X("NPage", KEY_PAGE_DOWN, 0)                 \
	X("Next", KEY_PAGE_DOWN, 0)                  \
	X("Home", KEY_HOME, 0)                       \
	X("End", KEY_END, 0)                         \
	X("CapsLock", KEY_CAPS_LOCK, 0)              \
	X("ScrollLock", KEY_SCROLL_LOCK, 0)          \
	X("NumLock", KEY_NUM_LOCK, 0)                \
	X("PrintScreen", KEY_PRINT_SCREEN, 0)        \
	X("Pause", KEY_PAUSE, 0)                     \
	X("Menu", KEY_MENU, 0)                       \
	X("F1", KEY_F1 + 0, 0)                       \
	X("F2", KEY_F1 + 1, 0)                       \
	X("F3", KEY_F1 + 2, 0)                       \
	X("F4", KEY_F1 + 3, 0)                       \
	X("F5", KEY_F1 + 4, 0)                       \
	X("F6", KEY_F1 + 5, 0)                       \
	X("F7", KEY_F1 + 6, 0)                       \
	X("F8", KEY_F1 + 7, 0)                       \
	X("F9", KEY_F1 + 8, 0)                       \
	X("F10", KEY_F1 + 9, 0)                      \
	X("F11", KEY_F1 + 10, 0)                     \
	X("F12", KEY_F1 + 11, 0)                     \
	X("F13", KEY_F1 + 12, 0)                     \
	X("F14", KEY_F1 + 13, 0)                     \
	X("F15", KEY_F1 + 14, 0)                     \
	X("F16", KEY_F1 + 15, 0)                     \
	X("F17", KEY_F1 + 16, 0)                     \
	X("F18", KEY_F1 + 17, 0)                     \
	X("F19", KEY_F1 + 18, 0)                     \
	X("F20", KEY_F1 + 19, 0)                     \
	X("F21", KEY_F1 + 20, 0)                     \
	X("F22", KEY_F1 + 21, 0)                     \
	X("F23", KEY_F1 + 22, 0)                     \
	X("F24", KEY_F1 + 23, 0)                     \
	X("F25", KEY_F1 + 24, 0)                     \
	X("F26", KEY_F1 + 25, 0)                     \
	X("F27", KEY_F1 + 26, 0)                     \
	X("F28", KEY_F1 + 27, 0)                     \
	X("F29", KEY_F1 + 28, 0)                     \
	X("F30", KEY_F1 + 29, 0)                     \
	X("F31", KEY_F1 + 30, 0)                     \
	X("F32", KEY_F1 + 31, 0)                     \
	X("F33", KEY_F1 + 32, 0)                     \
	X("F34", KEY_F1 + 33, 0)                     \
	X("F35", KEY_F1 + 34, 0)                     \
	X("KP_0", KEY_KP_0 + 0, 0)                   \
	X("KP_1", KEY_KP_0 + 1, 0)                   \
	X("KP_2", KEY_KP_0 + 2, 0)                   \
	X("KP_3", KEY_KP_0 + 3, 0)                   \
	X("KP_4", KEY_KP_0 + 4, 0)                   \
	X("KP_5", KEY_KP_0 + 5, 0)                   \
	X("KP_6", KEY_KP_0 + 6, 0)                   \
	X("KP_7", KEY_KP_0 + 7, 0)                   \
	X("KP_8", KEY_KP_0 + 8, 0)                   \
	X("KP_9", KEY_KP_0 + 9, 0)                   \
	X("KP0", KEY_KP_0 + 0, 0)                    \
	X("KP1", KEY_KP_0 + 1, 0)                    \
	X("KP2", KEY_KP_0 + 2, 0)                    \
	X("KP3", KEY_KP_0 + 3, 0)                    \
	X("KP4", KEY_KP_0 + 4, 0)                    \
	X("KP5", KEY_KP_0 + 5, 0)                    \
	X("KP6", KEY_KP_0 + 6, 0)                    \
	X("KP7", KEY_KP_0 + 7, 0)                    \
	X("KP8", KEY_KP_0 + 8, 0)                    \
	X("KP9", KEY_KP_0 + 9, 0)                    \
	X("KP_Decimal", KEY_KP_DECIMAL, 0)           \
	X("KP.", KEY_KP_DECIMAL, 0)                  \
	X("KP_Divide", KEY_KP_DIVIDE, 0)             \
	X("KP/", KEY_KP_DIVIDE, 0)                   \
	X("KP_Multiply", KEY_KP_MULTIPLY, 0)         \
	X("KP*", KEY_KP_MULTIPLY, 0)                 \
	X("KP_Subtract", KEY_KP_SUBTRACT, 0)         \
	X("KP-", KEY_KP_SUBTRACT, 0)                 \
	X("KP_Add", KEY_KP_ADD, 0)                   \
	X("KP+", KEY_KP_ADD, 0)                      \
	X("KP_Enter", KEY_KP_ENTER, 0)               \
	X("KPEnter", KEY_KP_ENTER, 0)                \
	X("KP_Equal", KEY_KP_EQUAL, 0)               \
	X("KP=", KEY_KP_EQUAL, 0)                    \
	X("KP_Separator", KEY_KP_SEPARATOR, 0)       \
	X("KP,", KEY_KP_SEPARATOR, 0)                \
	X("KP_Left", KEY_KP_LEFT, 0)                 \
	X("KP_Right", KEY_KP_RIGHT, 0)               \
	X("KP_Up", KEY_KP_UP, 0)                     \
	X("KP_Down", KEY_KP_DOWN, 0)                 \
	X("KP_PageUp", KEY_KP_PAGE_UP, 0)            \
	X("KP_PageDown", KEY_KP_PAGE_DOWN, 0)        \
	X("KP_Home", KEY_KP_HOME, 0)                 \
	X("KP_End", KEY_KP_END, 0)                   \
	X("KP_Insert", KEY_KP_INSERT, 0)             \
	X("KP_Delete", KEY_KP_DELETE, 0)             \
	X("KP_Begin", KEY_KP_BEGIN, 0)               \
	X("Begin", KEY_KP_BEGIN, 0)                  \
	X("MediaPlay", KEY_MEDIA_PLAY, 0)            \
	X("MediaPause", KEY_MEDIA_PLAY + 1, 0)       \
	X("MediaPlayPause", KEY_MEDIA_PLAY + 2, 0)   \
	X("MediaReverse", KEY_MEDIA_PLAY + 3, 0)     \
	X("MediaStop", KEY_MEDIA_PLAY + 4, 0)        \
	X("MediaFastForward", KEY_MEDIA_PLAY + 5, 0) \
	X("MediaRewind", KEY_MEDIA_PLAY + 6, 0)      \
	X("MediaNext", KEY_MEDIA_PLAY + 7, 0)        \
	X("MediaPrevious", KEY_MEDIA_PLAY + 8, 0)    \
	X("MediaRecord", KEY_MEDIA_PLAY + 9, 0)      \
	X("LowerVolume", KEY_MEDIA_PLAY + 10, 0)     \
	X("RaiseVolume", KEY_MEDIA_RAISE_VOLUME, 0)  \
	X("MuteVolume", KEY_MEDIA_MUTE_VOLUME, 0)    \
	X("LeftShift", KEY_LEFT_SHIFT, 0)            \
	X("LeftControl", KEY_LEFT_SHIFT + 1, 0)      \
	X("LeftAlt", KEY_LEFT_SHIFT + 2, 0)          \
	X("LeftSuper", KEY_LEFT_SHIFT + 3, 0)        \
	X("LeftHyper", KEY_LEFT_SHIFT + 4, 0)        \
	X("LeftMeta", KEY_LEFT_SHIFT + 5, 0)         \
	X("RightShift", KEY_LEFT_SHIFT + 6, 0)       \
	X("RightControl", KEY_LEFT_SHIFT + 7, 0)     \
	X("RightAlt", KEY_LEFT_SHIFT + 8, 0)         \
	X("RightSuper", KEY_LEFT_SHIFT + 9, 0)       \
	X("RightHyper", KEY_LEFT_SHIFT + 10, 0)      \
	X("RightMeta", KEY_RIGHT_META, 0)            \
	X("ISOLevel3Shift", KEY_ISO_LEVEL3_SHIFT, 0) \
	X("ISOLevel5Shift", KEY_ISO_LEVEL5_SHIFT, 0)

static const struct {
	uint32_t code;
	uint8_t mods; /* implied */
} keys[] = {
#define X(name, code, mods) { code, mods },
	NAME_LIST(X)
#undef X
};

/* Apart, so that nearest_name() can search them. */
static const char *const names[] = {
#define X(name, code, mods) name,
	NAME_LIST(X)
#undef X
};

static const struct {
	const char *name;
	uint8_t mod;
} mod_names[] = {
	{ "C", KEY_CTRL },      { "S", KEY_SHIFT },      { "M", KEY_ALT },
	{ "D", KEY_SUPER },     { "H", KEY_HYPER },      { "Meta", KEY_META },
	{ "Ctrl", KEY_CTRL },   { "Control", KEY_CTRL }, { "A", KEY_ALT },
	{ "Alt", KEY_ALT },     { "Option", KEY_ALT },   { "Shift", KEY_SHIFT },
	{ "Super", KEY_SUPER }, { "Cmd", KEY_SUPER },    { "Win", KEY_SUPER },
	{ "Hyper", KEY_HYPER },
};

static char to_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool is_same(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!a[i] || to_lower(a[i]) != to_lower(b[i]))
			return false;
	}
	return !a[n];
}

/* Bytes of the modifier prefix at @p, separator included; 0 if there is none.
 * Something must follow, or "-" and "C-" could not be told from keys. */
static size_t parse_mod(const char *p, uint8_t *ret_mod)
{
	size_t n = 0;

	if (p[0] == '^' && p[1]) {
		*ret_mod = KEY_CTRL;
		return 1;
	}
	while ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z'))
		n++;
	if (!n || (p[n] != '-' && p[n] != '+') || !p[n + 1])
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(mod_names); i++) {
		if (is_same(mod_names[i].name, p, n)) {
			*ret_mod = mod_names[i].mod;
			return n + 1;
		}
	}
	return 0;
}

static bool parse_named(const char *p, struct key *key)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (is_same(names[i], p, strlen(p))) {
			key->code = keys[i].code;
			key->mods |= keys[i].mods;
			return true;
		}
	}
	return false;
}

static bool parse_char(const char *p, struct key *key)
{
	size_t n = strlen(p);
	uint32_t cp;

	/* Four bytes, and none of them a control: those keys have names. */
	if (!n || n > 4 || utf8_valid_prefix(p, n) != n || utf8_decode(p, n, &cp) != n)
		return false;
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return false;
	key->code = cp;
	if (cp >= 'A' && cp <= 'Z') {
		key->code = cp | 0x20;
		if (!(key->mods & KEY_CTRL))
			key->mods |= KEY_SHIFT;
	}
	return true;
}

/* What the key types, as far as a program without a keyboard layout can know:
 * Ctrl and the like type nothing, Shift changes ASCII letters. */
static void fill_text(struct key *key)
{
	uint32_t cp = key->code;

	if (cp >= 'a' && cp <= 'z') {
		key->shifted = cp & ~0x20u;
		if (key->mods & KEY_SHIFT)
			cp = key->shifted;
	}
	if (cp >= KEY_KP_0 && cp <= KEY_KP_SEPARATOR && cp != KEY_KP_ENTER)
		cp = (uint32_t) "0123456789./*-+\r=,"[cp - KEY_KP_0];
	if (cp < KEY_ESCAPE && !(key->mods & ~(KEY_SHIFT)))
		key->n_text = (uint8_t)utf8_encode(cp, key->text);
}

int key_parse(const char *name, struct key *ret)
{
	struct key key = { 0 };
	uint8_t mod;
	size_t n;

	while ((n = parse_mod(name, &mod))) {
		key.mods |= mod;
		name += n;
	}
	if (!parse_char(name, &key) && !parse_named(name, &key))
		return KEY_E_UNKNOWN;
	fill_text(&key);
	*ret = key;
	return 0;
}

void key_suggest(const char *name, char *out, size_t size)
{
	const char *p = name, *known;
	uint8_t mod;
	size_t n;

	if (!size)
		return;
	while ((n = parse_mod(p, &mod)))
		p += n;
	known = nearest_name(p, names, ARRAY_LEN(names));
	if (known && p - name < KEY_NAME_MAX) {
		snprintf(out, size, "%.*s%s", (int)(p - name), name, known);
	} else {
		out[0] = '\0';
	}
}

static void format_code(const struct key *key, char *out, size_t size)
{
	char utf8[4];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (keys[i].code == key->code) {
			snprintf(out, size, "%s", names[i]);
			return;
		}
	}
	snprintf(out, size, "%.*s", (int)utf8_encode(key->code, utf8), utf8);
}

void key_format(const struct key *key, char *out, size_t size)
{
	char code[32], mods[24];
	size_t n = 0;

	if (!size)
		return;
	out[0] = '\0';
	if (key->code >= KEY_CODE_END || key->code < 0x20 ||
	    (key->code >= 0x7f && key->code < 0xa0))
		return;
	format_code(key, code, sizeof(code));
	for (size_t i = 0; i < 6; i++) {
		if (key->mods & mod_names[i].mod)
			n += (size_t)snprintf(mods + n, sizeof(mods) - n, "%s-", mod_names[i].name);
	}
	mods[n] = '\0';
	snprintf(out, size, "%s%s", mods, code);
}
