#include "vt/report.h"
#include "vt/title.h"

/*
 * XTWINOPS (CSI t).  There is no window: what would move, hide or raise one is
 * not done, and what asks about one is answered as for a window of exactly the
 * size of its text, in the corner of a screen of that size.
 */

static void ask_size(struct vt *vt, int rows, int cols)
{
	if (vt->cbs.resize && !vt->is_replay)
		vt->cbs.resize(vt->user, cols < VT_COLS_MAX ? cols : VT_COLS_MAX,
			       rows < VT_ROWS_MAX ? rows : VT_ROWS_MAX);
}

/* 4 and 8: what is left out stays, 0 would be the display's size: it stays too. */
static void ask_resize(struct vt *vt, int unit_height, int unit_width)
{
	const struct params *p = &vt->parser.params;
	int height = param(p, 1, 0) / unit_height, width = param(p, 2, 0) / unit_width;

	ask_size(vt, height ? height : vt->rows, width ? width : vt->cols);
}

static void report_pixels(struct vt *vt, int code)
{
	term_replyf(vt, "\033[%d;%d;%dt", code, vt->rows * vt->opts.cell_height,
		    vt->cols * vt->opts.cell_width);
}

void window_operation(struct vt *vt)
{
	const struct params *p = &vt->parser.params;
	int op = param(p, 0, 0);

	switch (op) {
	case 4:
		ask_resize(vt, vt->opts.cell_height, vt->opts.cell_width);
		break;
	case 8:
		ask_resize(vt, 1, 1);
		break;
	case 11:
		term_replyf(vt, "\033[1t");
		break;
	case 13:
		term_replyf(vt, "\033[3;0;0t");
		break;
	case 14:
		report_pixels(vt, 4);
		break;
	case 15:
		report_pixels(vt, 5);
		break;
	case 16:
		term_replyf(vt, "\033[6;%d;%dt", vt->opts.cell_height, vt->opts.cell_width);
		break;
	case 18:
		term_replyf(vt, "\033[8;%d;%dt", vt->rows, vt->cols);
		break;
	case 19:
		term_replyf(vt, "\033[9;%d;%dt", vt->rows, vt->cols);
		break;
	case 20:
		title_report(vt, VT_TITLE_ICON);
		break;
	case 21:
		title_report(vt, VT_TITLE_WINDOW);
		break;
	case 22:
		title_push(vt, param(p, 1, 0), param(p, 2, 0));
		break;
	case 23:
		title_pop(vt, param(p, 1, 0), param(p, 2, 0));
		break;
	default:
		if (op >= 24) /* DECSLPP */
			ask_size(vt, op, vt->cols);
		break;
	}
}
