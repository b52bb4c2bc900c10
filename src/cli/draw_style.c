#include <stdio.h>
#include <string.h>

#include "cli/draw_state.h"

/* Parameters of one SGR sequence. */
struct params {
	char text[160];
	size_t n;
};

static void add(struct params *p, const char *text)
{
	size_t n = strlen(text);

	if (p->n + n + 1 > sizeof(p->text))
		return; /* cannot be: all of a style takes 120 */
	if (p->n)
		p->text[p->n++] = ';';
	memcpy(p->text + p->n, text, n);
	p->n += n;
}

static void add_number(struct params *p, unsigned n)
{
	char text[12];

	(void)snprintf(text, sizeof(text), "%u", n);
	add(p, text);
}

/* @base: 30 or 40.  Semicolons for the long forms: who knows colons for colours
 * knows these too. */
static void add_color(struct params *p, uint32_t color, unsigned base)
{
	uint32_t v = color & COLOR_VALUE;
	char text[32];

	switch (color & COLOR_KIND) {
	case COLOR_INDEXED:
		if (v < 8) {
			add_number(p, base + v);
			return;
		}
		if (v < 16) {
			add_number(p, base + 60 + v - 8);
			return;
		}
		(void)snprintf(text, sizeof(text), "%u;5;%u", base + 8, v & 255);
		break;
	case COLOR_RGB:
		(void)snprintf(text, sizeof(text), "%u;2;%u;%u;%u", base + 8, v >> 16, v >> 8 & 255,
			       v & 255);
		break;
	default:
		add_number(p, base + 9);
		return;
	}
	add(p, text);
}

/* Colons, as the terminals that began with it have it. */
static void add_underline_color(struct params *p, uint32_t color)
{
	uint32_t v = color & COLOR_VALUE;
	char text[32];

	switch (color & COLOR_KIND) {
	case COLOR_INDEXED:
		(void)snprintf(text, sizeof(text), "58:5:%u", v & 255);
		break;
	case COLOR_RGB:
		(void)snprintf(text, sizeof(text), "58:2::%u:%u:%u", v >> 16, v >> 8 & 255,
			       v & 255);
		break;
	default:
		(void)snprintf(text, sizeof(text), "59");
	}
	add(p, text);
}

static const struct {
	uint16_t attr;
	uint8_t on, off;
} attrs[] = {
	{ STYLE_BOLD, 1, 22 },   { STYLE_FAINT, 2, 22 },     { STYLE_ITALIC, 3, 23 },
	{ STYLE_BLINK, 5, 25 },  { STYLE_RAPID, 6, 25 },     { STYLE_INVERSE, 7, 27 },
	{ STYLE_STRIKE, 9, 29 }, { STYLE_INVISIBLE, 8, 28 }, { STYLE_OVERLINE, 53, 55 },
};

static void add_underline(struct params *p, enum style_underline u)
{
	char text[8];

	if (u == UNDERLINE_NONE || u == UNDERLINE_SINGLE) {
		add_number(p, u == UNDERLINE_NONE ? 24 : 4);
		return;
	}
	(void)snprintf(text, sizeof(text), "4:%u", (unsigned)u);
	add(p, text);
}

/* From @from, which is what the terminal has. */
static void add_changes(struct params *p, const struct style *from, const struct style *to)
{
	uint16_t off = from->attrs & (uint16_t)~to->attrs, have = from->attrs;
	unsigned last = 0;

	/* Some that go, go together: then the other has to come back. */
	for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
		if (!(off & attrs[i].attr))
			continue;
		if (attrs[i].off != last)
			add_number(p, attrs[i].off);
		last = attrs[i].off;
		for (size_t k = 0; k < ARRAY_LEN(attrs); k++) {
			if (attrs[k].off == last)
				have &= (uint16_t)~attrs[k].attr;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
		if (to->attrs & attrs[i].attr && !(have & attrs[i].attr))
			add_number(p, attrs[i].on);
	}
	if (style_underline(from) != style_underline(to))
		add_underline(p, style_underline(to));
	if (from->fg != to->fg)
		add_color(p, to->fg, 30);
	if (from->bg != to->bg)
		add_color(p, to->bg, 40);
	if (from->underline != to->underline)
		add_underline_color(p, to->underline);
}

/* OSC 8.  The address is the program's: only what an URI may hold is sent, the
 * rest percent-coded.  The id is ours, so that the pieces in which a link is
 * drawn are one to the user's terminal. */
static void put_link(const struct link *l, struct buf *out)
{
	uint32_t h = 2166136261u;

	if (!l) {
		buf_put_str(out, "\033]8;;\033\\");
		return;
	}
	for (const char *s = l->id; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	for (const char *s = l->uri; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	buf_printf(out, "\033]8;id=of%08x;", (unsigned)h);
	for (const char *s = l->uri; *s; s++) {
		if (*s > 0x20 && *s < 0x7f) {
			buf_put_char(out, *s);
		} else {
			buf_printf(out, "%%%02X", (unsigned)(uint8_t)*s);
		}
	}
	buf_put_str(out, "\033\\");
}

void draw_pen(struct draw *d, const struct style *s, struct buf *out)
{
	struct params delta = { .n = 0 }, fresh = { .n = 0 };

	if (d->pen.link != s->link) {
		put_link(link_get(&d->links, s->link), out);
		d->pen.link = s->link;
	}
	if (style_equal(&d->pen, s))
		return;
	add_changes(&delta, &d->pen, s);
	add_changes(&fresh, &style_default, s);
	if (fresh.n + (fresh.n ? 2 : 0) < delta.n) {
		buf_printf(out, "\033[%s%.*sm", fresh.n ? "0;" : "", (int)fresh.n, fresh.text);
	} else {
		buf_printf(out, "\033[%.*sm", (int)delta.n, delta.text);
	}
	d->pen = *s;
}

void draw_pen_id(struct draw *d, uint32_t id, struct buf *out)
{
	struct style s = *style_get(&d->styles, id);

	draw_pen(d, &s, out);
}
