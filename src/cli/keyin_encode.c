#include "base/utf8.h"
#include "cli/keyin.h"
#include "vt/paste.h"

/* A cell as vt reports it unless told otherwise. */
#define CELL_WIDTH 8u
#define CELL_HEIGHT 16u

static void put_key(const struct key *key, const struct key_modes *modes, struct buf *out)
{
	char bytes[KEY_ENCODE_MAX];

	buf_put(out, bytes, key_encode(key, modes, bytes, sizeof(bytes)));
}

/* An Escape and then a key look like that key with Alt to us.  A program that
 * asked for keys to be told apart would take Alt for it, so it gets what the
 * terminal sent: two keys.  (A terminal that tells them apart itself sends no
 * such prefix.) */
static void encode_key(const struct keyin_event *ev, const struct vt *vt, struct buf *out)
{
	static const struct key escape = { .code = KEY_ESCAPE };
	struct key_modes modes = vt_key_modes(vt);
	struct key key = ev->key;

	if (ev->is_prefixed && (modes.kitty_flags || modes.modify_other_keys)) {
		put_key(&escape, &modes, out);
		key.mods &= (uint8_t)~KEY_ALT;
		if (key.code >= 0x20 && key.code < KEY_ESCAPE && !(key.mods & KEY_CTRL)) {
			uint32_t cp = key.mods & KEY_SHIFT && key.shifted ? key.shifted : key.code;

			key.n_text = (uint8_t)utf8_encode(cp, key.text);
		}
	}
	put_key(&key, &modes, out);
}

static struct mouse_modes mouse_modes_of(const struct vt *vt)
{
	struct mouse_modes m = { MOUSE_TRACK_OFF, MOUSE_FORMAT_DEFAULT };

	if (vt_mode(vt, VT_MODE_MOUSE_ANY)) {
		m.track = MOUSE_TRACK_ANY;
	} else if (vt_mode(vt, VT_MODE_MOUSE_DRAG)) {
		m.track = MOUSE_TRACK_DRAG;
	} else if (vt_mode(vt, VT_MODE_MOUSE_NORMAL)) {
		m.track = MOUSE_TRACK_NORMAL;
	} else if (vt_mode(vt, VT_MODE_MOUSE_X10)) {
		m.track = MOUSE_TRACK_X10;
	}
	if (vt_mode(vt, VT_MODE_MOUSE_PIXELS)) {
		m.format = MOUSE_FORMAT_PIXELS;
	} else if (vt_mode(vt, VT_MODE_MOUSE_SGR)) {
		m.format = MOUSE_FORMAT_SGR;
	} else if (vt_mode(vt, VT_MODE_MOUSE_URXVT)) {
		m.format = MOUSE_FORMAT_URXVT;
	} else if (vt_mode(vt, VT_MODE_MOUSE_UTF8)) {
		m.format = MOUSE_FORMAT_UTF8;
	}
	return m;
}

/* A button that is let go, or dragged, outside of the pane counts at its edge:
 * the program would else believe it held for ever. */
static void encode_mouse(const struct mouse_event *ev, const struct vt *vt, struct buf *out)
{
	struct mouse_modes modes = mouse_modes_of(vt);
	struct mouse_event m = *ev;
	uint32_t rows = (uint32_t)vt_rows(vt), cols = (uint32_t)vt_cols(vt);
	char bytes[MOUSE_ENCODE_MAX];

	if (m.row >= rows || m.col >= cols) {
		if (m.type == MOUSE_PRESS || m.button == MOUSE_NONE)
			return;
		m.row = m.row < rows ? m.row : rows - 1;
		m.col = m.col < cols ? m.col : cols - 1;
	}
	m.y = m.row * CELL_HEIGHT + CELL_HEIGHT / 2;
	m.x = m.col * CELL_WIDTH + CELL_WIDTH / 2;
	buf_put(out, bytes, mouse_encode(&m, &modes, bytes));
}

void keyin_encode(const struct keyin_event *ev, const struct vt *vt, int top, int left,
		  struct buf *out)
{
	struct mouse_event m = ev->mouse;
	char focus[3];

	switch (ev->type) {
	case KEYIN_KEY:
		encode_key(ev, vt, out);
		break;
	case KEYIN_MOUSE:
		m.row += (uint32_t)top;
		m.col += (uint32_t)left;
		encode_mouse(&m, vt, out);
		break;
	case KEYIN_FOCUS:
		if (vt_mode(vt, VT_MODE_FOCUS))
			buf_put(out, focus, key_encode_focus(ev->is_focused, focus, sizeof(focus)));
		break;
	case KEYIN_PASTE:
		paste_encode(ev->text, ev->n_text, vt_mode(vt, VT_MODE_PASTE), out);
		break;
	case KEYIN_ANSWER:
		break;
	case KEYIN_BYTES:
		buf_put(out, ev->text, ev->n_text);
		break;
	}
}
