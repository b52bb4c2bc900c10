#include "vt/snapshot_out.h"

#include <string.h>

static const char *underline_css(enum style_underline u)
{
	static const char *const css[] = { "", " solid", " double", " wavy", " dotted", " dashed" };

	return u < ARRAY_LEN(css) ? css[u] : css[UNDERLINE_SINGLE];
}

static void put_decoration(struct buf *out, const struct style *st,
			   const struct snapshot_look *look)
{
	enum style_underline u = style_underline(st);

	if (u == UNDERLINE_NONE && !(st->attrs & (STYLE_STRIKE | STYLE_OVERLINE)))
		return;
	buf_put_str(out, ";text-decoration:");
	buf_put_str(out, u != UNDERLINE_NONE ? "underline" : "");
	buf_put_str(out, st->attrs & STYLE_STRIKE ? " line-through" : "");
	buf_put_str(out, st->attrs & STYLE_OVERLINE ? " overline" : "");
	buf_put_str(out, underline_css(u));
	if (st->underline != COLOR_DEFAULT)
		buf_printf(out, " #%06x", (unsigned)look->underline);
}

static void put_style(struct buf *out, const struct vt *vt, const struct style *st)
{
	struct snapshot_look look = snapshot_look(vt, st);

	buf_printf(out, "color:#%06x", (unsigned)look.fg);
	if (look.has_bg)
		buf_printf(out, ";background:#%06x", (unsigned)look.bg);
	if (st->attrs & STYLE_BOLD)
		buf_put_str(out, ";font-weight:bold");
	if (st->attrs & STYLE_ITALIC)
		buf_put_str(out, ";font-style:italic");
	put_decoration(out, st, &look);
}

static void put_run(struct snapshot *s, const struct line_run *r, const char *text)
{
	const char *uri = snapshot_safe_uri(r->link);
	bool is_styled = !style_is_default(&r->style);
	/* What a font draws at another width than the terminal's is kept in its cells. */
	bool is_boxed = r->form == LINE_CLUSTER || r->form == LINE_WIDE;

	if (uri) {
		buf_put_str(s->out, "<a href=\"");
		snapshot_put_xml(s->out, uri, strlen(uri));
		buf_put_str(s->out, "\">");
	}
	if (is_styled || is_boxed) {
		buf_put_str(s->out, "<span style=\"");
		if (is_boxed) {
			buf_printf(s->out, "display:inline-block;width:%uch%s", r->n_cols,
				   is_styled ? ";" : "");
		}
		if (is_styled)
			put_style(s->out, s->vt, &r->style);
		buf_put_str(s->out, "\">");
	}
	snapshot_put_xml(s->out, text, r->n_bytes);
	if (is_styled || is_boxed)
		buf_put_str(s->out, "</span>");
	if (uri)
		buf_put_str(s->out, "</a>");
}

void snapshot_html(struct snapshot *s)
{
	const char *title = vt_title(s->vt, VT_TITLE_WINDOW);

	buf_put_str(s->out, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>");
	snapshot_put_xml(s->out, title, strlen(title));
	buf_printf(s->out,
		   "</title>\n<style>pre{color:#%06x;background:#%06x;font-family:monospace;"
		   "line-height:1.2}a{color:inherit}</style></head>\n<body><pre>",
		   (unsigned)snapshot_foreground(s->vt), (unsigned)snapshot_background(s->vt));
	for (int row = s->from; row < s->to && snapshot_read(s, row); row++) {
		const char *text = s->line.text;

		for (uint32_t i = 0; i < s->line.n_runs; i++) {
			put_run(s, &s->line.runs[i], text);
			text += s->line.runs[i].n_bytes;
		}
		buf_put_char(s->out, '\n');
	}
	buf_put_str(s->out, "</pre></body></html>\n");
}
