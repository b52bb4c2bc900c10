#include "vt/action.h"
#include "vt/charset.h"
#include "vt/cursor.h"
#include "vt/edit.h"
#include "vt/mode.h"
#include "vt/report.h"
#include "vt/reset.h"
#include "vt/scroll.h"

static void invoke(struct vt *vt, uint8_t *which, uint8_t set)
{
	*which = set;
	term_update_simple(vt);
}

static void set_protect(struct vt *vt, bool is_on)
{
	vt->protect = PROTECT_ISO;
	if (is_on) {
		vt->cur.pen.attrs |= STYLE_PROTECTED;
	} else {
		vt->cur.pen.attrs &= (uint16_t)~STYLE_PROTECTED;
	}
	term_pen_changed(vt);
}

static void next_line(struct vt *vt)
{
	vt->cur.is_last = false;
	scroll_index(vt);
	cursor_return(vt);
}

static void esc_plain(struct vt *vt, char final)
{
	switch (final) {
	case '6':
		edit_back_index(vt);
		break;
	case '7':
		cursor_save(vt);
		break;
	case '8':
		cursor_restore(vt);
		break;
	case '9':
		edit_forward_index(vt);
		break;
	case '=': /* DECKPAM */
	case '>': /* DECKPNM */
		mode_put(vt, VT_MODE_DECNKM, final == '=');
		break;
	case 'D':
		vt->cur.is_last = false;
		scroll_index(vt);
		break;
	case 'E':
		next_line(vt);
		break;
	case 'H':
		tab_set(vt, vt->cur.x, true);
		break;
	case 'M':
		vt->cur.is_last = false;
		scroll_reverse_index(vt);
		break;
	case 'N':
	case 'O':
		invoke(vt, &vt->cur.single, final == 'N' ? 2 : 3);
		break;
	case 'V':
	case 'W':
		set_protect(vt, final == 'V');
		break;
	case 'Z':
		report_da1(vt);
		break;
	case 'c':
		reset_full(vt);
		break;
	case 'n':
	case 'o':
		invoke(vt, &vt->cur.gl, final == 'n' ? 2 : 3);
		break;
	case '~':
	case '}':
	case '|':
		invoke(vt, &vt->cur.gr, (uint8_t)('~' - final + 1));
		break;
	default:
		break;
	}
}

/* ESC # */
static void esc_line(struct vt *vt, char final)
{
	static const uint8_t sizes[] = { ['3'] = LINE_DOUBLE | LINE_DHL_TOP,
					 ['4'] = LINE_DOUBLE | LINE_DHL_BOTTOM,
					 ['6'] = LINE_DOUBLE };

	if (final == '8') {
		edit_align(vt);
	} else if (final == '3' || final == '4' || final == '5' || final == '6') {
		edit_line_size(vt, sizes[(uint8_t) final]);
	}
}

/* ESC SP */
static void esc_announce(struct vt *vt, char final)
{
	if (final == 'F' || final == 'G')
		vt->is_8bit = final == 'G';
}

static void designate(struct vt *vt, unsigned which, bool is_96, char inter, char final)
{
	char name[2] = { inter, final };
	int set = charset_find(inter ? name : name + 1, inter ? 2 : 1, is_96);

	if (set < 0)
		return;
	vt->cur.g[which] = (uint8_t)set;
	term_update_simple(vt);
}

void esc_dispatch(struct vt *vt, char final)
{
	const struct params *p = &vt->parser.params;

	term_forget_last(vt);
	switch (p->inter[0]) {
	case 0:
		esc_plain(vt, final);
		break;
	case ' ':
		esc_announce(vt, final);
		break;
	case '#':
		esc_line(vt, final);
		break;
	case '%':
		if (final == '@' || final == 'G')
			vt->is_utf8 = final == 'G';
		term_update_simple(vt);
		break;
	case '(':
	case ')':
	case '*':
	case '+':
		designate(vt, (unsigned)(p->inter[0] - '('), false, p->inter[1], final);
		break;
	case '-':
	case '.':
	case '/':
		designate(vt, (unsigned)(p->inter[0] - '-' + 1), true, p->inter[1], final);
		break;
	default:
		break;
	}
}

/* --- VT52 (DECANM reset) --- */

void vt52_move(struct vt *vt, int row, int col)
{
	term_forget_last(vt);
	if (row < vt->rows)
		cursor_place(vt, row, vt->cur.x);
	if (col < vt->cols)
		cursor_place(vt, vt->cur.y, col);
}

void vt52_dispatch(struct vt *vt, char final)
{
	term_forget_last(vt);
	switch (final) {
	case 'A':
		cursor_up(vt, 1);
		break;
	case 'B':
		cursor_down(vt, 1);
		break;
	case 'C':
		cursor_forward(vt, 1);
		break;
	case 'D':
		cursor_back(vt, 1);
		break;
	case 'F':
	case 'G':
		vt->cur.g[0] = final == 'F' ? CHARSET_GRAPHICS : CHARSET_ASCII;
		term_update_simple(vt);
		break;
	case 'H':
		cursor_place(vt, 0, 0);
		break;
	case 'I':
		scroll_reverse_index(vt);
		break;
	case 'J':
		edit_erase_display(vt, 0, false);
		break;
	case 'K':
		edit_erase_line(vt, 0, false);
		break;
	case 'Z':
		term_replyf(vt, "\033/Z");
		break;
	case '=':
	case '>':
		mode_put(vt, VT_MODE_DECNKM, final == '=');
		break;
	case '<':
		mode_put(vt, VT_MODE_DECANM, true);
		break;
	default:
		break;
	}
}
