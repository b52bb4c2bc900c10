/*
 * The modes of the terminal: SM/RM (ECMA-48) and DECSET/DECRST (xterm's
 * ctlseqs), one row each.
 *
 * Columns: enumerator, private ('?') or not, number, default, name in JSON.
 * A mode that is a view of something else (the alternate screen, 1048) has
 * its row too, so that DECRQM and snapshots treat all alike.
 */
#ifndef VT_MODES_H
#define VT_MODES_H

#include "base/defs.h"

#define VT_MODE_LIST(X)                                          \
	X(KAM, 0, 2, 0, "keyboard_locked")                       \
	X(IRM, 0, 4, 0, "insert")                                \
	X(SRM, 0, 12, 1, "no_local_echo")                        \
	X(LNM, 0, 20, 0, "newline")                              \
	X(DECCKM, 1, 1, 0, "application_cursor_keys")            \
	X(DECANM, 1, 2, 1, "ansi")                               \
	X(DECCOLM, 1, 3, 0, "columns_132")                       \
	X(DECSCLM, 1, 4, 0, "smooth_scroll")                     \
	X(DECSCNM, 1, 5, 0, "reverse_video")                     \
	X(DECOM, 1, 6, 0, "origin")                              \
	X(DECAWM, 1, 7, 1, "autowrap")                           \
	X(DECARM, 1, 8, 1, "auto_repeat")                        \
	X(MOUSE_X10, 1, 9, 0, "mouse_x10")                       \
	X(CURSOR_BLINK, 1, 12, 0, "cursor_blink")                \
	X(DECPFF, 1, 18, 0, "print_form_feed")                   \
	X(DECPEX, 1, 19, 1, "print_extent")                      \
	X(DECTCEM, 1, 25, 1, "cursor_visible")                   \
	X(ALLOW_80_132, 1, 40, 0, "allow_columns_132")           \
	X(MORE_FIX, 1, 41, 0, "more_fix")                        \
	X(DECNRCM, 1, 42, 0, "national_charsets")                \
	X(MARGIN_BELL, 1, 44, 0, "margin_bell")                  \
	X(REVERSE_WRAP, 1, 45, 0, "reverse_wrap")                \
	X(ALT_47, 1, 47, 0, "alternate_47")                      \
	X(DECNKM, 1, 66, 0, "application_keypad")                \
	X(DECBKM, 1, 67, 0, "backarrow_sends_backspace")         \
	X(DECLRMM, 1, 69, 0, "left_right_margins")               \
	X(SIXEL_SCROLL, 1, 80, 0, "sixel_display")               \
	X(DECNCSM, 1, 95, 0, "no_clear_on_columns")              \
	X(MOUSE_NORMAL, 1, 1000, 0, "mouse_button")              \
	X(MOUSE_HILITE, 1, 1001, 0, "mouse_highlight")           \
	X(MOUSE_DRAG, 1, 1002, 0, "mouse_drag")                  \
	X(MOUSE_ANY, 1, 1003, 0, "mouse_any")                    \
	X(FOCUS, 1, 1004, 0, "focus_events")                     \
	X(MOUSE_UTF8, 1, 1005, 0, "mouse_utf8")                  \
	X(MOUSE_SGR, 1, 1006, 0, "mouse_sgr")                    \
	X(ALT_SCROLL, 1, 1007, 0, "alternate_scroll")            \
	X(MOUSE_URXVT, 1, 1015, 0, "mouse_urxvt")                \
	X(MOUSE_PIXELS, 1, 1016, 0, "mouse_sgr_pixels")          \
	X(META_8BIT, 1, 1034, 0, "meta_8bit")                    \
	X(NUMLOCK, 1, 1035, 0, "numlock_modifiers")              \
	X(META_ESC, 1, 1036, 1, "meta_sends_escape")             \
	X(DELETE_DEL, 1, 1037, 0, "delete_sends_del")            \
	X(ALT_ESC, 1, 1039, 1, "alt_sends_escape")               \
	X(BELL_URGENT, 1, 1042, 0, "bell_urgent")                \
	X(EXT_REVERSE_WRAP, 1, 1045, 0, "extended_reverse_wrap") \
	X(ALT_ALLOWED, 1, 1046, 1, "alternate_allowed")          \
	X(ALT_1047, 1, 1047, 0, "alternate_1047")                \
	X(CURSOR_1048, 1, 1048, 0, "cursor_saved")               \
	X(ALT_1049, 1, 1049, 0, "alternate_1049")                \
	X(SUN_KEYS, 1, 1051, 0, "sun_function_keys")             \
	X(HP_KEYS, 1, 1052, 0, "hp_function_keys")               \
	X(SCO_KEYS, 1, 1053, 0, "sco_function_keys")             \
	X(VT220_KEYS, 1, 1061, 0, "vt220_keyboard")              \
	X(SIXEL_COLORS, 1, 1070, 1, "sixel_private_colors")      \
	X(PASTE, 1, 2004, 0, "bracketed_paste")                  \
	X(SYNC, 1, 2026, 0, "synchronized_output")               \
	X(GRAPHEME, 1, 2027, 1, "grapheme_clusters")             \
	X(COLOR_SCHEME, 1, 2031, 0, "color_scheme_events")       \
	X(RESIZE_EVENTS, 1, 2048, 0, "resize_events")            \
	X(SIXEL_RIGHT, 1, 8452, 0, "sixel_cursor_right")

enum vt_mode {
#define X(name, ...) VT_MODE_##name,
	VT_MODE_LIST(X)
#undef X
		VT_N_MODES
};

struct vt_mode_info {
	uint16_t number;
	bool is_private;  /* DECSET/DECRST */
	bool is_default;  /* set after a reset */
	const char *name; /* as JSON prints it */
};

/* @m < VT_N_MODES */
const struct vt_mode_info *vt_mode_info(enum vt_mode m);

#endif
