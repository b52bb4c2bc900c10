#include "vt/snapshot_out.h"

#include <string.h>

/* Units of the picture. */
#define CELL_WIDTH 8
#define CELL_HEIGHT 17
#define BASELINE 13
#define FONT_SIZE 13
#define MARGIN 8

static int y_of(const struct snapshot *s, int row)
{
	return MARGIN + (row - s->from) * CELL_HEIGHT;
}

static void put_rect(struct buf *out, int x, int y, int width, int height, uint32_t color)
{
	buf_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n", x,
		   y, width, height, (unsigned)color);
}

static void put_decoration(struct buf *out, const struct style *st)
{
	enum style_underline u = style_underline(st);

	if (u == UNDERLINE_NONE && !(st->attrs & (STYLE_STRIKE | STYLE_OVERLINE)))
		return;
	buf_put_str(out, " text-decoration=\"");
	buf_put_str(out, u != UNDERLINE_NONE ? "underline" : "");
	buf_put_str(out, st->attrs & STYLE_STRIKE ? " line-through" : "");
	buf_put_str(out, st->attrs & STYLE_OVERLINE ? " overline" : "");
	buf_put_char(out, '"');
}

/* textLength holds each run to its columns, whatever the font. */
static void put_run(struct snapshot *s, const struct line_run *r, const char *text, int x, int y,
		    int cell)
{
	struct snapshot_look look = snapshot_look(s->vt, &r->style);
	int width = r->n_cols * cell;

	if (look.has_bg)
		put_rect(s->out, x, y, width, CELL_HEIGHT, look.bg);
	if (r->form == LINE_BLANK || r->style.attrs & STYLE_INVISIBLE)
		return;
	buf_printf(s->out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"", x,
		   y + BASELINE, width, (unsigned)look.fg);
	if (r->style.attrs & STYLE_BOLD)
		buf_put_str(s->out, " font-weight=\"bold\"");
	if (r->style.attrs & STYLE_ITALIC)
		buf_put_str(s->out, " font-style=\"italic\"");
	put_decoration(s->out, &r->style);
	buf_put_char(s->out, '>');
	snapshot_put_xml(s->out, text, r->n_bytes);
	buf_put_str(s->out, "</text>\n");
}

static void put_line(struct snapshot *s, int row)
{
	int cell = s->line.flags & LINE_DOUBLE ? 2 * CELL_WIDTH : CELL_WIDTH;
	const char *text = s->line.text;
	int x = MARGIN;

	for (uint32_t i = 0; i < s->line.n_runs; i++) {
		const struct line_run *r = &s->line.runs[i];

		put_run(s, r, text, x, y_of(s, row), cell);
		text += r->n_bytes;
		x += r->n_cols * cell;
	}
}

static void put_cursor(struct snapshot *s)
{
	struct vt_cursor c = vt_cursor(s->vt);
	uint32_t color = vt_dynamic_color(s->vt, VT_COLOR_CURSOR);
	int x = MARGIN + c.col * CELL_WIDTH, y = y_of(s, c.row);

	if (!c.is_visible || s->opts->has_no_screen)
		return;
	switch (c.shape) {
	case VT_CURSOR_BLOCK:
		buf_printf(s->out,
			   "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\" "
			   "fill-opacity=\"0.5\"/>\n",
			   x, y, CELL_WIDTH, CELL_HEIGHT, (unsigned)color);
		break;
	case VT_CURSOR_UNDERLINE:
		put_rect(s->out, x, y + CELL_HEIGHT - 2, CELL_WIDTH, 2, color);
		break;
	case VT_CURSOR_BAR:
		put_rect(s->out, x, y, 2, CELL_HEIGHT, color);
		break;
	}
}

void snapshot_svg(struct snapshot *s)
{
	int width = vt_cols(s->vt) * CELL_WIDTH + 2 * MARGIN;
	int height = y_of(s, s->to) + MARGIN;

	buf_printf(s->out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		   "viewBox=\"0 0 %d %d\" font-family=\"monospace\" font-size=\"%d\" "
		   "xml:space=\"preserve\">\n",
		   width, height, width, height, FONT_SIZE);
	put_rect(s->out, 0, 0, width, height, snapshot_background(s->vt));
	for (int row = s->from; row < s->to && snapshot_read(s, row); row++)
		put_line(s, row);
	put_cursor(s);
	buf_put_str(s->out, "</svg>\n");
}
