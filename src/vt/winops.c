#include "vt/report.h"
#include "vt/title.h"

/*
 * XTWINOPS (CSI t).  There is no window: it is as large as its text, on a screen
 * of that size.  That it was moved or made an icon is remembered and reported,
 * and means nothing; what would raise, lower or maximise one is not done.
 */

/* 4 and 8: what is left out stays, 0 would be the display's size: it stays too. */
static void ask_resize(struct vt *vt, int unit_height, int unit_width)
{
	const struct params *p = &vt->parser.params;
	int height = param(p, 1, 0) / unit_height, width = param(p, 2, 0) / unit_width;

	term_ask_size(vt, width ? width : vt->cols, height ? height : vt->rows);
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
	case 1:
	case 2:
		vt->is_icon = op == 2;
		break;
	case 3:
		vt->window_x = param(p, 1, 0);
		vt->window_y = param(p, 2, 0);
		break;
	case 4:
		ask_resize(vt, vt->opts.cell_height, vt->opts.cell_width);
		break;
	case 8:
		ask_resize(vt, 1, 1);
		break;
	case 11:
		term_replyf(vt, "\033[%dt", vt->is_icon ? 2 : 1);
		break;
	case 13:
		term_replyf(vt, "\033[3;%d;%dt", vt->window_x, vt->window_y);
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
			term_ask_size(vt, vt->cols, op);
		break;
	}
}
