/*
 * The screen as one JSON object, on one line:
 *
 *   {"cols", "rows",
 *    "cursor": {"row", "col", "visible", "shape": "block" | "underline" | "bar"},
 *    "alternate", "title", "modes": {name: true | false, ...},
 *    "history_lines": those there are, however many are printed,
 *    "lines": [{"wrapped", "runs": [{"text", "width", "fg", "bg", "underline_color",
 *               "attrs": [...], "link"}]}]}
 *
 * Rows and columns count from 0.  The last "rows" lines are the screen, those
 * before it history.  "width" is the columns that a run covers; the characters
 * of a run are all of one width, and a cluster of several code points is a run
 * of its own.  Colours: "default", 0..255 or "#rrggbb".  Blanks at the end of
 * a line are left out where they are of the default look.
 */
#include "vt/snapshot_out.h"

#include <string.h>

/* Literals, without a walk to their ends. */
#define PUT(out, literal) buf_put((out), (literal), sizeof(literal) - 1)

static void put_number(struct buf *out, unsigned v)
{
	char digits[10];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(out, digits + n, sizeof(digits) - n);
}

static void put_string(struct buf *out, const char *text, size_t n)
{
	size_t from = 0;

	buf_put_char(out, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		snapshot_put_utf8(out, text + from, i - from);
		if (c >= 0x20) {
			buf_printf(out, "\\%c", c);
		} else {
			buf_printf(out, "\\u%04x", c);
		}
		from = i + 1;
	}
	snapshot_put_utf8(out, text + from, n - from);
	buf_put_char(out, '"');
}

static const char *bool_name(bool b)
{
	return b ? "true" : "false";
}

static void put_color(struct buf *out, uint32_t color)
{
	static const char hex[] = "0123456789abcdef";
	char rgb[9] = "\"#000000\"";

	if ((color & COLOR_KIND) == COLOR_INDEXED) {
		put_number(out, color & 0xff);
	} else if ((color & COLOR_KIND) == COLOR_RGB) {
		for (unsigned i = 0; i < 6; i++)
			rgb[2 + i] = hex[color >> (20 - 4 * i) & 15];
		buf_put(out, rgb, sizeof(rgb));
	} else {
		PUT(out, "\"default\"");
	}
}

static void put_attrs(struct buf *out, const struct style *style)
{
	static const struct {
		uint16_t attr;
		const char *name;
	} attrs[] = {
		{ STYLE_BOLD, "bold" },           { STYLE_FAINT, "faint" },
		{ STYLE_ITALIC, "italic" },       { STYLE_BLINK, "blink" },
		{ STYLE_RAPID, "rapid_blink" },   { STYLE_INVERSE, "inverse" },
		{ STYLE_INVISIBLE, "invisible" }, { STYLE_STRIKE, "strike" },
		{ STYLE_OVERLINE, "overline" },   { STYLE_PROTECTED, "protected" },
	};
	static const char *const underlines[] = { NULL,
						  "underline",
						  "double_underline",
						  "curly_underline",
						  "dotted_underline",
						  "dashed_underline" };
	enum style_underline u = style_underline(style);
	const char *sep = "\"";

	for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
		if (!(style->attrs & attrs[i].attr))
			continue;
		buf_put_str(out, sep);
		buf_put_str(out, attrs[i].name);
		sep = "\",\"";
	}
	if (u != UNDERLINE_NONE && u < ARRAY_LEN(underlines)) {
		buf_put_str(out, sep);
		buf_put_str(out, underlines[u]);
		sep = "\",\"";
	}
	if (sep[1])
		buf_put_char(out, '"');
}

static void put_look(struct buf *out, const struct line_run *r)
{
	PUT(out, ",\"fg\":");
	put_color(out, r->style.fg);
	PUT(out, ",\"bg\":");
	put_color(out, r->style.bg);
	PUT(out, ",\"underline_color\":");
	put_color(out, r->style.underline);
	PUT(out, ",\"attrs\":[");
	put_attrs(out, &r->style);
	PUT(out, "],\"link\":");
	if (r->link) {
		put_string(out, r->link->uri, strlen(r->link->uri));
	} else {
		PUT(out, "null");
	}
}

/* Characters of one column each: printed ones and blanks make one run. */
static bool is_single(const struct line_run *r)
{
	return r->form == LINE_NARROW || r->form == LINE_BLANK;
}

/* Runs without blanks of the default look at the end: a wrapped line has them. */
static uint32_t count_runs(const struct line_view *v)
{
	uint32_t n = v->n_runs;

	while (n > 0 && v->runs[n - 1].form == LINE_BLANK && !v->runs[n - 1].link &&
	       style_is_default(&v->runs[n - 1].style))
		n--;
	return n;
}

static uint32_t last_of_run(const struct line_view *v, uint32_t i, uint32_t n_runs)
{
	const struct line_run *r = &v->runs[i];

	while (i + 1 < n_runs && is_single(r) && is_single(&v->runs[i + 1]) &&
	       style_equal(&r->style, &v->runs[i + 1].style) && r->link == v->runs[i + 1].link)
		i++;
	return i;
}

static void put_runs(struct buf *out, const struct line_view *v)
{
	const char *text = v->text;
	uint32_t n_runs = count_runs(v);

	for (uint32_t i = 0; i < n_runs; i++) {
		const struct line_run *r = &v->runs[i];
		uint32_t last = last_of_run(v, i, n_runs);
		size_t n_bytes = r->n_bytes;
		unsigned n_cols = r->n_cols;

		if (i)
			PUT(out, ",");
		for (; i < last; i++) {
			n_bytes += v->runs[i + 1].n_bytes;
			n_cols += v->runs[i + 1].n_cols;
		}
		PUT(out, "{\"text\":");
		put_string(out, text, n_bytes);
		text += n_bytes;
		PUT(out, ",\"width\":");
		put_number(out, n_cols);
		put_look(out, r);
		PUT(out, "}");
	}
}

static void put_modes(struct buf *out, const struct vt *vt)
{
	PUT(out, ",\"modes\":{");
	for (int m = 0; m < VT_N_MODES; m++) {
		buf_put_str(out, m ? ",\"" : "\"");
		buf_put_str(out, vt_mode_info((enum vt_mode)m)->name);
		buf_put_str(out, vt_mode(vt, (enum vt_mode)m) ? "\":true" : "\":false");
	}
	PUT(out, "}");
}

static void put_head(struct buf *out, const struct vt *vt)
{
	static const char *const shapes[] = { [VT_CURSOR_BLOCK] = "block",
					      [VT_CURSOR_UNDERLINE] = "underline",
					      [VT_CURSOR_BAR] = "bar" };
	const char *title = vt_title(vt, VT_TITLE_WINDOW);
	struct vt_cursor c = vt_cursor(vt);

	buf_printf(out,
		   "{\"cols\":%d,\"rows\":%d,\"cursor\":{\"row\":%d,\"col\":%d,\"visible\":%s,",
		   vt_cols(vt), vt_rows(vt), c.row, c.col, bool_name(c.is_visible));
	buf_printf(out, "\"shape\":\"%s\"},\"alternate\":%s,\"title\":", shapes[c.shape],
		   bool_name(vt_is_alternate(vt)));
	put_string(out, title, strlen(title));
	put_modes(out, vt);
	buf_printf(out, ",\"history_lines\":%d,\"lines\":[", vt_history_lines(vt));
}

void snapshot_json(struct snapshot *s)
{
	put_head(s->out, s->vt);
	for (int row = s->from; row < s->to && snapshot_read(s, row); row++) {
		buf_put_str(s->out, row > s->from ? ",{\"wrapped\":" : "{\"wrapped\":");
		buf_put_str(s->out, bool_name(s->line.flags & LINE_WRAPPED));
		PUT(s->out, ",\"runs\":[");
		put_runs(s->out, &s->line);
		buf_put_str(s->out, "]}");
	}
	buf_put_str(s->out, "]}");
}
