#include "vt/mouse.h"

#include "base/utf8.h"
#include "vt/key.h"

#include <stdio.h>

#define BIAS 32u       /* makes a byte of the default form printable */
#define POS_MAX 223u   /* largest number that it can say: 255 - BIAS */
#define UTF8_MAX 2015u /* two bytes of UTF-8 end at 2047 */

static bool is_reported(const struct mouse_event *ev, enum mouse_track track)
{
	bool is_wheel = ev->button >= MOUSE_WHEEL_UP && ev->button <= MOUSE_WHEEL_RIGHT;

	if (ev->button >= MOUSE_N_BUTTONS || (ev->button == MOUSE_NONE && ev->type != MOUSE_MOTION))
		return false;
	if (is_wheel && ev->type != MOUSE_PRESS)
		return false;
	switch (track) {
	case MOUSE_TRACK_OFF:
		return false;
	case MOUSE_TRACK_X10:
		return ev->type == MOUSE_PRESS && ev->button <= MOUSE_RIGHT;
	case MOUSE_TRACK_NORMAL:
		return ev->type != MOUSE_MOTION;
	case MOUSE_TRACK_DRAG:
		return ev->type != MOUSE_MOTION || ev->button != MOUSE_NONE;
	case MOUSE_TRACK_ANY:
		return true;
	}
	return false;
}

/* Bits 0-1 and 6-7 the button, 2-4 the modifiers, 5 motion. */
static unsigned code_of(const struct mouse_event *ev, enum mouse_track track)
{
	unsigned code = ev->button & 3;

	if (ev->button >= MOUSE_BACK) {
		code |= 128;
	} else if (ev->button >= MOUSE_WHEEL_UP) {
		code |= 64;
	}
	if (track == MOUSE_TRACK_X10)
		return code;
	code |= ev->mods & KEY_SHIFT ? 4 : 0;
	code |= ev->mods & KEY_ALT ? 8 : 0;
	code |= ev->mods & KEY_CTRL ? 16 : 0;
	return code | (ev->type == MOUSE_MOTION ? 32 : 0);
}

/* Outside SGR a release does not tell which button. */
static unsigned code_without_release(const struct mouse_event *ev, unsigned code)
{
	return ev->type == MOUSE_RELEASE ? (code & ~0xc3u) | 3 : code;
}

/* What cannot be said becomes NUL, as xterm does. */
static char byte_of(uint32_t v)
{
	return (char)(v > POS_MAX ? 0 : v + BIAS);
}

static size_t encode_utf8(unsigned code, uint32_t col, uint32_t row, char *out)
{
	size_t n = (size_t)snprintf(out, MOUSE_ENCODE_MAX, "\033[M");

	n += utf8_encode(code + BIAS, out + n);
	n += utf8_encode(col > UTF8_MAX ? 0 : col + BIAS, out + n);
	return n + utf8_encode(row > UTF8_MAX ? 0 : row + BIAS, out + n);
}

static size_t encode_default(unsigned code, uint32_t col, uint32_t row, char *out)
{
	out[0] = '\033';
	out[1] = '[';
	out[2] = 'M';
	out[3] = byte_of(code);
	out[4] = byte_of(col);
	out[5] = byte_of(row);
	return 6;
}

static size_t encode_sgr(const struct mouse_event *ev, unsigned code, uint32_t col, uint32_t row,
			 char *out)
{
	return (size_t)snprintf(out, MOUSE_ENCODE_MAX, "\033[<%u;%u;%u%c", code, col, row,
				ev->type == MOUSE_RELEASE ? 'm' : 'M');
}

static uint32_t from_one(uint32_t v)
{
	return v == UINT32_MAX ? v : v + 1;
}

size_t mouse_encode(const struct mouse_event *ev, const struct mouse_modes *modes, char *out)
{
	uint32_t col = from_one(ev->col), row = from_one(ev->row);
	unsigned code;

	if (!is_reported(ev, modes->track))
		return 0;
	code = code_of(ev, modes->track);
	switch (modes->format) {
	case MOUSE_FORMAT_DEFAULT:
		break;
	case MOUSE_FORMAT_UTF8:
		return encode_utf8(code_without_release(ev, code), col, row, out);
	case MOUSE_FORMAT_SGR:
		return encode_sgr(ev, code, col, row, out);
	case MOUSE_FORMAT_URXVT:
		return (size_t)snprintf(out, MOUSE_ENCODE_MAX, "\033[%u;%u;%uM",
					code_without_release(ev, code) + BIAS, col, row);
	case MOUSE_FORMAT_PIXELS:
		return encode_sgr(ev, code, from_one(ev->x), from_one(ev->y), out);
	}
	return encode_default(code_without_release(ev, code), col, row, out);
}
