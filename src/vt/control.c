#include "vt/action.h"
#include "vt/cursor.h"
#include "vt/scroll.h"

static void line_feed(struct vt *vt)
{
	vt->cur.is_last = false;
	scroll_index(vt);
	if (term_mode(vt, VT_MODE_LNM))
		cursor_return(vt);
}

/* C0 (ECMA-48 5.2).  CAN and SUB ended what they were in; nothing is left to do. */
void control_c0(struct vt *vt, uint8_t c)
{
	term_forget_last(vt);
	switch (c) {
	case '\a':
		if (vt->cbs.bell && !vt->is_replay)
			vt->cbs.bell(vt->user);
		break;
	case '\b':
		cursor_back(vt, 1);
		break;
	case '\t':
		/* xterm's "more" fix: a tab behind the last column is in the next line */
		if (vt->cur.is_last && term_mode(vt, VT_MODE_MORE_FIX))
			print_wrap(vt);
		cursor_tab(vt, 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		line_feed(vt);
		break;
	case '\r':
		cursor_return(vt);
		break;
	case 0x0e: /* SO */
	case 0x0f: /* SI */
		vt->cur.gl = c == 0x0e;
		term_update_simple(vt);
		break;
	default:
		break;
	}
}
