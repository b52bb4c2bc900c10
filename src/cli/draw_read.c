#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "cli/draw_state.h"

/* Attributes that show on a space. */
#define SHOWS_ON_SPACE (STYLE_INVERSE | STYLE_UNDERLINE_MASK | STYLE_STRIKE | STYLE_OVERLINE)

uint64_t draw_hash(const struct cell *cells, int n)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (int i = 0; i < n; i++) {
		h = (h ^ cells[i].text) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
		h = (h ^ cells[i].style) * 0xc4ceb9fe1a85ec53u;
		h ^= h >> 29;
	}
	return h;
}

/* --- looks --- */

/* A colour whose meaning the program has changed (OSC 4, 10, 11) is sent as what
 * it now means: the user's palette is the user's. */
static uint32_t resolve_color(const struct draw *d, const struct vt *vt, uint32_t color, int which)
{
	uint32_t rgb;

	if ((color & COLOR_KIND) == COLOR_INDEXED) {
		rgb = vt_palette(vt, color & 255);
		if (rgb != termcaps_palette(color & 255))
			color = COLOR_RGB | rgb;
	} else if (color == COLOR_DEFAULT && which >= 0) {
		rgb = vt_dynamic_color(vt, (enum vt_dynamic_color)which);
		if (rgb != (which == VT_COLOR_FG ? d->default_fg : d->default_bg))
			color = COLOR_RGB | rgb;
	}
	return termcaps_reduce(d->caps.colors, color);
}

static uint16_t resolve_attrs(const struct draw *d, uint16_t attrs)
{
	enum style_underline u =
		(enum style_underline)((attrs & STYLE_UNDERLINE_MASK) >> STYLE_UNDERLINE_SHIFT);

	attrs &= (uint16_t)~STYLE_PROTECTED;
	if (!draw_has(d, TERMCAPS_ATTRS))
		attrs &= (uint16_t) ~(STYLE_FAINT | STYLE_ITALIC | STYLE_STRIKE | STYLE_INVISIBLE);
	if (!draw_has(d, TERMCAPS_OVERLINE))
		attrs &= (uint16_t)~STYLE_OVERLINE;
	if (!draw_has(d, TERMCAPS_UNDERLINES)) {
		if (attrs & STYLE_RAPID)
			attrs = (uint16_t)((attrs & ~STYLE_RAPID) | STYLE_BLINK);
		if (u != UNDERLINE_NONE) {
			attrs = (uint16_t)((attrs & ~STYLE_UNDERLINE_MASK) |
					   UNDERLINE_SINGLE << STYLE_UNDERLINE_SHIFT);
		}
	}
	return attrs;
}

/* What an invisible character hides must not be sent to who does not know. */
static bool is_hidden(const struct draw *d, const struct style *s)
{
	return s->attrs & STYLE_INVISIBLE && !draw_has(d, TERMCAPS_ATTRS);
}

static struct style resolve(struct draw *d, const struct vt *vt, const struct line_run *r)
{
	struct style s = { .attrs = resolve_attrs(d, r->style.attrs) };
	uint32_t fg = r->style.fg;

	s.fg = resolve_color(d, vt, fg, VT_COLOR_FG);
	s.bg = resolve_color(d, vt, r->style.bg, VT_COLOR_BG);
	/* Two colours that fell together would hide the text. */
	if (s.fg == s.bg && s.fg != COLOR_DEFAULT && fg != r->style.bg &&
	    d->caps.colors < TERMCAPS_RGB)
		s.fg = COLOR_INDEXED | ((s.fg & 7) == 7 ? 0 : 7);
	if (draw_has(d, TERMCAPS_UNDERLINES) && s.attrs & STYLE_UNDERLINE_MASK)
		s.underline = resolve_color(d, vt, r->style.underline, -1);
	if (vt_mode(vt, VT_MODE_DECSCNM))
		s.attrs ^= STYLE_INVERSE;
	if (r->link && draw_has(d, TERMCAPS_LINKS))
		s.link = link_intern(&d->links, r->link->uri, r->link->id);
	return s;
}

/* The two looks that cells of a run can have. */
struct looks {
	uint32_t text, blank; /* ids */
	bool is_blank;        /* nothing of a space shows but its background */
	bool is_hidden;
};

static struct looks looks_of(struct draw *d, const struct vt *vt, const struct line_run *r)
{
	struct style s = resolve(d, vt, r), blank = { .bg = s.bg };
	struct looks l = { .is_blank = !(s.attrs & SHOWS_ON_SPACE) && !s.link,
			   .is_hidden = is_hidden(d, &r->style) };

	l.text = style_intern(&d->styles, &s);
	l.blank = l.is_blank ? style_intern(&d->styles, &blank) : l.text;
	return l;
}

/* --- text --- */

/* No control character reaches the user, whatever it came through. */
static uint32_t safe(const struct draw *d, uint32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		cp = 0xfffd;
	return cp < 0x80 || draw_has(d, TERMCAPS_UTF8) ? cp : '?';
}

static uint32_t cluster_cell(struct draw *d, const char *text, size_t n)
{
	char clean[CLUSTER_BYTES_MAX];
	uint32_t n_clean = 0, id, cp = '?';

	for (size_t i = 0; i < n;) {
		i += utf8_decode(text + i, n - i, &cp);
		if (n_clean + 4 > sizeof(clean) || !draw_has(d, TERMCAPS_UTF8))
			break;
		n_clean += (uint32_t)utf8_encode(safe(d, cp), clean + n_clean);
	}
	if (!draw_has(d, TERMCAPS_UTF8))
		return safe(d, cp);
	id = cluster_intern(&d->clusters, clean, n_clean);
	return id == CLUSTER_NONE ? 0xfffd : CELL_CLUSTER | id;
}

/* Where reading a line writes to. */
struct sink {
	struct draw *d;
	struct cell *cells;
	int x;       /* column of the pane */
	int n_cells; /* columns of the user's terminal */
	int scale;   /* 2 on a double-width line */
};

static void put_half(struct sink *k, struct cell c)
{
	int x = k->x - k->d->left;

	k->x++;
	if (x >= 0 && x < k->n_cells)
		k->cells[x] = c;
}

/* One character; a wide one that the view's edge cuts is blank. */
static void put_cell(struct sink *k, uint32_t text, int width, const struct looks *l)
{
	int x = k->x - k->d->left, n = width * k->scale;
	struct cell blank = { l->is_blank ? 0 : ' ', l->blank };
	bool is_cut = width == 2 && (x < 0 || x + 2 > k->n_cells);

	if (!is_cut && !l->is_hidden && text != ' ') {
		put_half(k, (struct cell){ text | (width == 2 ? CELL_WIDE : 0), l->text });
		if (width == 2)
			put_half(k, (struct cell){ CELL_SPACER, l->text });
		n -= width;
	}
	while (n-- > 0)
		put_half(k, blank);
}

static void put_run(struct sink *k, const struct line_run *r, const char *text,
		    const struct looks *l)
{
	int width = r->form == LINE_WIDE ? 2 : 1;
	uint32_t cp = ' ';

	if (r->form == LINE_CLUSTER) {
		put_cell(k, cluster_cell(k->d, text, r->n_bytes), r->n_cols, l);
		return;
	}
	for (size_t i = 0; i < r->n_bytes;) {
		if (r->form == LINE_BLANK) {
			i++;
		} else {
			i += utf8_decode(text + i, r->n_bytes - i, &cp);
		}
		if (k->x >= k->d->left + k->n_cells)
			return;
		put_cell(k, safe(k->d, cp), width, l);
	}
}

/* The columns that the line does not fill, in the pane's default look. */
static void fill(struct sink *k, const struct vt *vt)
{
	struct line_run none = { .form = LINE_BLANK };
	struct looks l = looks_of(k->d, vt, &none);

	for (k->scale = 1; k->x < vt_cols(vt) && k->x < k->d->left + k->n_cells;)
		put_cell(k, ' ', 1, &l);
}

int draw_read_row(struct draw *d, const struct vt *vt, int row, int y)
{
	struct sink k = { .d = d, .cells = d->next[y].cells, .n_cells = d->cols, .scale = 1 };
	int limit = vt_cols(vt) - d->left;
	struct line_view v;
	const char *text;
	int r;

	memset(k.cells, 0, (size_t)d->cols * sizeof(*k.cells));
	d->next[y].is_double = false;
	if (row < vt_rows(vt)) {
		k.n_cells = limit < d->cols ? limit : d->cols;
		r = vt_line(vt, row, &d->line, &v);
		if (r)
			return err_trace(r);
		d->next[y].is_double = v.flags & LINE_DOUBLE;
		k.scale = d->next[y].is_double ? 2 : 1;
		text = v.text;
		for (uint32_t i = 0; i < v.n_runs; i++) {
			struct looks l = looks_of(d, vt, &v.runs[i]);

			put_run(&k, &v.runs[i], text, &l);
			text += v.runs[i].n_bytes;
		}
		fill(&k, vt);
	}
	d->next[y].hash = draw_hash(k.cells, d->cols);
	return 0;
}
