#include "cli/keyin.h"
#include "vt/paste.h"

/* A cell as vt reports it unless told otherwise. */
#define CELL_WIDTH 8u
#define CELL_HEIGHT 16u

static struct key_modes key_modes_of(const struct vt *vt)
{
	int other = vt_modify_other_keys(vt);

	return (struct key_modes){
		.is_vt52 = !vt_mode(vt, VT_MODE_DECANM),
		.is_app_cursor = vt_mode(vt, VT_MODE_DECCKM),
		.is_app_keypad = vt_mode(vt, VT_MODE_DECNKM),
		.is_backarrow_bs = vt_mode(vt, VT_MODE_DECBKM),
		.is_newline = vt_mode(vt, VT_MODE_LNM),
		.is_other_keys_csi_u = vt_format_other_keys(vt),
		.modify_other_keys = (uint8_t)(other > 2 ? 2 : other),
		.kitty_flags = (uint8_t)vt_kitty_flags(vt),
	};
}

static void encode_key(const struct key *key, const struct vt *vt, struct buf *out)
{
	struct key_modes modes = key_modes_of(vt);
	char bytes[KEY_ENCODE_MAX];

	buf_put(out, bytes, key_encode(key, &modes, bytes, sizeof(bytes)));
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
		encode_key(&ev->key, vt, out);
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
