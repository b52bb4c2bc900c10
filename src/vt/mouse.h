/*
 * Mouse events as xterm reports them (ctlseqs, "Mouse Tracking").  Positions
 * count from 0; what goes out counts from 1.
 */
#ifndef VT_MOUSE_H
#define VT_MOUSE_H

#include "base/defs.h"

enum mouse_track {
	MOUSE_TRACK_OFF,
	MOUSE_TRACK_X10,    /* mode 9: presses of the first three buttons */
	MOUSE_TRACK_NORMAL, /* 1000: presses and releases */
	MOUSE_TRACK_DRAG,   /* 1002: and motion while a button is held */
	MOUSE_TRACK_ANY,    /* 1003: and all motion */
};

enum mouse_format {
	MOUSE_FORMAT_DEFAULT, /* one byte per number; positions up to 222 */
	MOUSE_FORMAT_UTF8,    /* 1005: up to 2014 */
	MOUSE_FORMAT_SGR,     /* 1006 */
	MOUSE_FORMAT_URXVT,   /* 1015 */
	MOUSE_FORMAT_PIXELS,  /* 1016: as SGR, in pixels */
};

struct mouse_modes {
	enum mouse_track track;
	enum mouse_format format;
};

enum mouse_type { MOUSE_PRESS, MOUSE_RELEASE, MOUSE_MOTION };

enum mouse_button {
	MOUSE_LEFT,
	MOUSE_MIDDLE,
	MOUSE_RIGHT,
	MOUSE_NONE, /* motion with no button held */
	MOUSE_WHEEL_UP,
	MOUSE_WHEEL_DOWN,
	MOUSE_WHEEL_LEFT,
	MOUSE_WHEEL_RIGHT,
	MOUSE_BACK,
	MOUSE_FORWARD,
	MOUSE_BUTTON_10,
	MOUSE_BUTTON_11,
	MOUSE_N_BUTTONS
};

struct mouse_event {
	enum mouse_type type;
	enum mouse_button button; /* of a motion: the one that is held */
	uint8_t mods;             /* KEY_SHIFT, KEY_ALT, KEY_CTRL; others are not sent */
	uint32_t row, col;
	uint32_t y, x; /* pixels, for MOUSE_FORMAT_PIXELS */
};

#define MOUSE_ENCODE_MAX 40 /* bytes */

/*
 * The report of that event, or 0 bytes if these modes have none for it.
 * Motion inside one cell is the caller's to leave out (save for pixels).
 * @out has MOUSE_ENCODE_MAX bytes.
 */
size_t mouse_encode(const struct mouse_event *ev, const struct mouse_modes *modes, char *out);

#endif
