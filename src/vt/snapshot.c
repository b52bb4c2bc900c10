#include "vt/snapshot.h"

#include "base/utf8.h"
#include "vt/snapshot_out.h"

#include <string.h>

static void (*const writers[])(struct snapshot *s) = {
	[SNAPSHOT_TEXT] = snapshot_text, [SNAPSHOT_ANSI] = snapshot_ansi,
	[SNAPSHOT_JSON] = snapshot_json, [SNAPSHOT_HTML] = snapshot_html,
	[SNAPSHOT_SVG] = snapshot_svg,
};

static const char *const names[] = {
	[SNAPSHOT_TEXT] = "text", [SNAPSHOT_ANSI] = "ansi", [SNAPSHOT_JSON] = "json",
	[SNAPSHOT_HTML] = "html", [SNAPSHOT_SVG] = "svg",
};

bool snapshot_format_find(const char *name, enum snapshot_format *ret)
{
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(name, names[i])) {
			*ret = (enum snapshot_format)i;
			return true;
		}
	}
	return false;
}

static int clamp(int v, int max)
{
	return v < 0 ? 0 : v > max ? max : v;
}

int snapshot_write(const struct vt *vt, const struct snapshot_opts *opts, struct buf *out)
{
	struct snapshot s = { .vt = vt, .opts = opts, .out = out };
	int n_history = clamp(opts->n_history, vt_history_lines(vt));

	s.from = -n_history;
	s.to = opts->has_no_screen ? -clamp(opts->n_skip, n_history) : vt_rows(vt);
	writers[opts->format](&s);
	line_buf_fini(&s.buf);
	return s.err ? s.err : buf_check(out);
}

bool snapshot_read(struct snapshot *s, int row)
{
	if (!s->err)
		s->err = vt_line(s->vt, row, &s->buf, &s->line);
	return !s->err;
}

void snapshot_put_utf8(struct buf *out, const char *text, size_t n)
{
	while (n) {
		size_t valid = utf8_valid_prefix(text, n);
		uint32_t cp;

		buf_put(out, text, valid);
		text += valid;
		n -= valid;
		if (n) {
			size_t bad = utf8_decode(text, n, &cp);

			buf_put_str(out, "\xef\xbf\xbd");
			text += bad;
			n -= bad;
		}
	}
}

void snapshot_put_xml(struct buf *out, const char *text, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = text[i] == '&'   ? "&amp;"
				   : text[i] == '<' ? "&lt;"
				   : text[i] == '>' ? "&gt;"
				   : text[i] == '"' ? "&quot;"
						    : NULL;

		if (!name)
			continue;
		snapshot_put_utf8(out, text + from, i - from);
		buf_put_str(out, name);
		from = i + 1;
	}
	snapshot_put_utf8(out, text + from, n - from);
}

static uint32_t rgb_of(const struct vt *vt, uint32_t color, uint32_t otherwise)
{
	switch (color & COLOR_KIND) {
	case COLOR_INDEXED:
		return vt_palette(vt, color & 0xff);
	case COLOR_RGB:
		return color & COLOR_VALUE;
	default:
		return otherwise;
	}
}

uint32_t snapshot_background(const struct vt *vt)
{
	return vt_dynamic_color(vt, vt_mode(vt, VT_MODE_DECSCNM) ? VT_COLOR_FG : VT_COLOR_BG);
}

uint32_t snapshot_foreground(const struct vt *vt)
{
	return vt_dynamic_color(vt, vt_mode(vt, VT_MODE_DECSCNM) ? VT_COLOR_BG : VT_COLOR_FG);
}

static uint32_t mix(uint32_t a, uint32_t b)
{
	return ((a & 0xfefefe) >> 1) + ((b & 0xfefefe) >> 1);
}

struct snapshot_look snapshot_look(const struct vt *vt, const struct style *style)
{
	uint32_t fg = rgb_of(vt, style->fg, snapshot_foreground(vt));
	uint32_t bg = rgb_of(vt, style->bg, snapshot_background(vt));
	struct snapshot_look look = { .fg = fg, .bg = bg };

	if (style->attrs & STYLE_INVERSE) {
		look.fg = bg;
		look.bg = fg;
	}
	if (style->attrs & STYLE_FAINT)
		look.fg = mix(look.fg, look.bg);
	if (style->attrs & STYLE_INVISIBLE)
		look.fg = look.bg;
	look.underline = rgb_of(vt, style->underline, look.fg);
	look.has_bg = look.bg != snapshot_background(vt);
	return look;
}

const char *snapshot_safe_uri(const struct link *link)
{
	static const char *const schemes[] = { "http://", "https://", "mailto:", "ftp://",
					       "file://" };

	for (size_t i = 0; link && i < ARRAY_LEN(schemes); i++) {
		if (!strncmp(link->uri, schemes[i], strlen(schemes[i])))
			return link->uri;
	}
	return NULL;
}
