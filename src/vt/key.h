/*
 * Keys, their names, and the bytes a terminal sends for them.
 *
 * A key is what a person presses (or an API caller names): a code, modifiers
 * and, where it types something, the text.  key_encode() turns it into what
 * the terminal sends to the program in its current modes.  It knows nothing of
 * struct vt: the modes come in a small struct, so that a client without an
 * emulator can encode too.
 *
 * Sources: xterm's ctlseqs ("PC-Style Function Keys", "modifyOtherKeys"), the
 * VT220 manual (keypad), and the kitty keyboard protocol.
 */
#ifndef VT_KEY_H
#define VT_KEY_H

#include "base/defs.h"

/* Modifier bits, in the order of the kitty protocol (and, for the first four,
 * of xterm): the parameter on the wire is 1 + these. */
enum key_mod {
	KEY_SHIFT = 1 << 0,
	KEY_ALT = 1 << 1,
	KEY_CTRL = 1 << 2,
	KEY_SUPER = 1 << 3,
	KEY_HYPER = 1 << 4,
	KEY_META = 1 << 5,
	KEY_CAPS_LOCK_ON = 1 << 6,
	KEY_NUM_LOCK_ON = 1 << 7,
};

/*
 * Codes of keys that are not characters.  They lie behind the last code point,
 * in the order of the kitty protocol's private-use numbers, so that
 * code - KEY_ESCAPE + 57344 is kitty's number.
 */
enum key_code {
	KEY_ESCAPE = 0x110000,
	KEY_ENTER,
	KEY_TAB,
	KEY_BACKSPACE,
	KEY_INSERT,
	KEY_DELETE,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_CAPS_LOCK,
	KEY_SCROLL_LOCK,
	KEY_NUM_LOCK,
	KEY_PRINT_SCREEN,
	KEY_PAUSE,
	KEY_MENU,
	KEY_F1,
	KEY_F3 = KEY_F1 + 2,
	KEY_F4 = KEY_F1 + 3,
	KEY_F12 = KEY_F1 + 11,
	KEY_F13 = KEY_F1 + 12,
	KEY_F20 = KEY_F1 + 19,
	KEY_F24 = KEY_F1 + 23,
	KEY_F35 = KEY_F1 + 34,
	KEY_KP_0,
	KEY_KP_9 = KEY_KP_0 + 9,
	KEY_KP_DECIMAL,
	KEY_KP_DIVIDE,
	KEY_KP_MULTIPLY,
	KEY_KP_SUBTRACT,
	KEY_KP_ADD,
	KEY_KP_ENTER,
	KEY_KP_EQUAL,
	KEY_KP_SEPARATOR,
	KEY_KP_LEFT,
	KEY_KP_RIGHT,
	KEY_KP_UP,
	KEY_KP_DOWN,
	KEY_KP_PAGE_UP,
	KEY_KP_PAGE_DOWN,
	KEY_KP_HOME,
	KEY_KP_END,
	KEY_KP_INSERT,
	KEY_KP_DELETE,
	KEY_KP_BEGIN,
	KEY_MEDIA_PLAY,
	KEY_MEDIA_RAISE_VOLUME = KEY_MEDIA_PLAY + 11,
	KEY_MEDIA_MUTE_VOLUME,
	KEY_LEFT_SHIFT,
	KEY_RIGHT_META = KEY_LEFT_SHIFT + 11,
	KEY_ISO_LEVEL3_SHIFT,
	KEY_ISO_LEVEL5_SHIFT,
	KEY_CODE_END, /* behind the last one */
};

enum key_event { KEY_PRESS, KEY_REPEAT, KEY_RELEASE };

#define KEY_TEXT_MAX 24 /* bytes of UTF-8 that one key may type */

struct key {
	uint32_t code;        /* unshifted code point, or enum key_code */
	uint32_t shifted;     /* code point with Shift; 0 = none known */
	uint32_t base_layout; /* code point at that place of a US keyboard; 0 = same or unknown */
	uint8_t mods;         /* enum key_mod, or-ed */
	uint8_t event;        /* enum key_event */
	uint8_t n_text;       /* bytes of text; 0 = types nothing */
	char text[KEY_TEXT_MAX];
};

/* Flags of the kitty keyboard protocol, as in CSI = flags u. */
enum key_kitty {
	KEY_KITTY_DISAMBIGUATE = 1,
	KEY_KITTY_EVENTS = 2,
	KEY_KITTY_ALTERNATES = 4,
	KEY_KITTY_ALL = 8,
	KEY_KITTY_TEXT = 16,
};

/* What of the terminal's state decides how keys are sent.  All zero is a
 * freshly reset terminal. */
struct key_modes {
	bool is_vt52;              /* DECANM reset */
	bool is_app_cursor;        /* DECCKM */
	bool is_app_keypad;        /* DECKPAM */
	bool is_backarrow_bs;      /* DECBKM set: Backspace sends BS; reset: DEL */
	bool is_newline;           /* LNM: Enter sends CR LF */
	bool is_other_keys_csi_u;  /* formatOtherKeys: CSI code;mods u, not CSI 27;mods;code ~ */
	uint8_t modify_other_keys; /* 0, 1; 2 and above: all that is not plain text */
	uint8_t kitty_flags;       /* enum key_kitty of the current screen */
};

#define KEY_ENCODE_MAX 256 /* bytes: no key needs more */
#define KEY_NAME_MAX 64    /* bytes, terminating NUL included */

/* Outcomes of key_parse(). */
enum {
	KEY_E_UNKNOWN = 1, /* no such key; key_suggest() may know what was meant */
};

/*
 * The key that @name names, pressed.
 *
 * A name is any number of modifiers, each followed by '-' or '+', and a key:
 * one character ("a", "%", "é"), or a name ("Enter", "F5", "PageDown", "KP_7",
 * "Space"; case does not matter).  Modifiers are C Ctrl Control, M A Alt
 * Option, S Shift, D Super Cmd Win, H Hyper, Meta.  "^c" is "C-c", "BTab" is
 * "S-Tab".  An upper-case ASCII letter implies Shift, save behind Ctrl, where
 * people write "C-C" and mean "C-c" ("C-S-c" says otherwise).
 */
NODISCARD int key_parse(const char *name, struct key *ret);

/* The known name nearest to @name, modifiers kept, or "" when none is near.
 * Always terminated if @size > 0. */
void key_suggest(const char *name, char *out, size_t size);

/* The canonical name of @key, which key_parse() reads back; KEY_NAME_MAX bytes
 * always suffice.  "" for a code that is no key.  Locks, events and alternates
 * are not part of a name. */
void key_format(const struct key *key, char *out, size_t size);

/*
 * The bytes that a terminal in @modes sends for @key.
 *
 * Return:  bytes written to @out.  0 when that key sends nothing in these modes
 *          (a release without the kitty flag for it, a bare modifier, ...) or
 *          when @size is too small, which KEY_ENCODE_MAX never is.
 */
size_t key_encode(const struct key *key, const struct key_modes *modes, char *out, size_t size);

/* CSI I or CSI O, for mode 1004.  @out has at least 3 bytes. */
size_t key_encode_focus(bool is_focused, char *out, size_t size);

#endif
