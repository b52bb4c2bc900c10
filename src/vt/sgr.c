#include "vt/sgr.h"

#include <stdio.h>

static void set(struct style *s, uint16_t attr)
{
	s->attrs |= attr;
}

static void clear(struct style *s, unsigned attrs)
{
	s->attrs &= (uint16_t)~attrs;
}

static void set_underline(struct style *s, int how)
{
	clear(s, STYLE_UNDERLINE_MASK);
	if (how >= 0 && how <= UNDERLINE_DASHED)
		s->attrs |= (uint16_t)(how << STYLE_UNDERLINE_SHIFT);
}

static int channel(int v)
{
	return v > 255 ? 255 : v;
}

static uint32_t rgb(const struct params *p, unsigned i)
{
	return COLOR_RGB |
	       (uint32_t)(channel(param(p, i, 0)) << 16 | channel(param(p, i + 1, 0)) << 8 |
			  channel(param(p, i + 2, 0)));
}

/* Parameters behind i that are its sub-parameters. */
static unsigned count_subs(const struct params *p, unsigned i)
{
	unsigned n = 0;

	while (param_is_sub(p, i + 1 + n))
		n++;
	return n;
}

/*
 * 38, 48 or 58 at @i: "38:5:n", "38:2:r:g:b", "38:2:space:r:g:b[:...]", or the
 * older "38;5;n" and "38;2;r;g;b".  Returns the parameters used behind @i; what
 * is not understood leaves the colour as it was.
 */
static unsigned set_color(uint32_t *color, const struct params *p, unsigned i)
{
	unsigned subs = count_subs(p, i);
	int kind = param(p, i + 1, 0);

	if (subs) {
		if (kind == 5 && subs >= 2 && param(p, i + 2, 0) <= 255) {
			*color = COLOR_INDEXED | (uint32_t)param(p, i + 2, 0);
		} else if (kind == 2 && subs >= 4) {
			*color = rgb(p, subs == 4 ? i + 2 : i + 3);
		}
		return subs;
	}
	if (kind == 5) {
		if (i + 2 < p->n && param(p, i + 2, 0) <= 255)
			*color = COLOR_INDEXED | (uint32_t)param(p, i + 2, 0);
		return 2;
	}
	if (kind == 2) {
		if (i + 4 < p->n)
			*color = rgb(p, i + 2);
		return 4;
	}
	return 1;
}

static void apply_attr(struct style *s, int v, int sub)
{
	static const uint16_t on[10] = {
		0,           STYLE_BOLD,  STYLE_FAINT,   STYLE_ITALIC,    0,
		STYLE_BLINK, STYLE_RAPID, STYLE_INVERSE, STYLE_INVISIBLE, STYLE_STRIKE
	};
	static const uint16_t off[10] = { 0,
					  0,
					  STYLE_BOLD | STYLE_FAINT,
					  STYLE_ITALIC,
					  STYLE_UNDERLINE_MASK,
					  STYLE_BLINK | STYLE_RAPID,
					  0,
					  STYLE_INVERSE,
					  STYLE_INVISIBLE,
					  STYLE_STRIKE };

	if (v == 4) {
		set_underline(s, sub < 0 ? UNDERLINE_SINGLE : sub);
	} else if (v == 21) {
		set_underline(s, UNDERLINE_DOUBLE);
	} else if (v < 10) {
		set(s, on[v]);
	} else {
		clear(s, off[v - 20]);
	}
}

static void sgr_reset(struct style *s)
{
	uint16_t kept = s->attrs & STYLE_PROTECTED;
	uint16_t link = s->link;

	*s = (struct style){ .attrs = kept, .link = link };
}

/* Returns the parameters used behind @i. */
static unsigned sgr_one(struct style *s, const struct params *p, unsigned i)
{
	int v = param(p, i, 0);

	if (v == 38)
		return set_color(&s->fg, p, i);
	if (v == 48)
		return set_color(&s->bg, p, i);
	if (v == 58)
		return set_color(&s->underline, p, i);
	if (v == 0) {
		sgr_reset(s);
	} else if ((v >= 1 && v <= 9) || (v >= 21 && v <= 29)) {
		apply_attr(s, v, param_is_sub(p, i + 1) ? param(p, i + 1, 0) : -1);
	} else if (v >= 30 && v <= 37) {
		s->fg = COLOR_INDEXED | (uint32_t)(v - 30);
	} else if (v >= 40 && v <= 47) {
		s->bg = COLOR_INDEXED | (uint32_t)(v - 40);
	} else if (v >= 90 && v <= 97) {
		s->fg = COLOR_INDEXED | (uint32_t)(v - 90 + 8);
	} else if (v >= 100 && v <= 107) {
		s->bg = COLOR_INDEXED | (uint32_t)(v - 100 + 8);
	} else if (v == 39) {
		s->fg = COLOR_DEFAULT;
	} else if (v == 49) {
		s->bg = COLOR_DEFAULT;
	} else if (v == 59) {
		s->underline = COLOR_DEFAULT;
	} else if (v == 53) {
		set(s, STYLE_OVERLINE);
	} else if (v == 55) {
		clear(s, STYLE_OVERLINE);
	}
	return count_subs(p, i);
}

void sgr_apply(struct style *s, const struct params *p, unsigned from)
{
	if (from >= p->n)
		sgr_reset(s);
	for (unsigned i = from; i < p->n; i++)
		i += sgr_one(s, p, i);
}

/* --- the other way round --- */

static size_t put_color(char *out, size_t size, int base, uint32_t color)
{
	uint32_t v = color & COLOR_VALUE;
	int n = 0;

	if ((color & COLOR_KIND) == COLOR_INDEXED && v < 8 && base != 58) {
		n = snprintf(out, size, ";%d", base - 8 + (int)v);
	} else if ((color & COLOR_KIND) == COLOR_INDEXED && v < 16 && base != 58) {
		n = snprintf(out, size, ";%d", base + 52 + (int)v - 8);
	} else if ((color & COLOR_KIND) == COLOR_INDEXED) {
		n = snprintf(out, size, ";%d:5:%u", base, v);
	} else if ((color & COLOR_KIND) == COLOR_RGB) {
		n = snprintf(out, size, ";%d:2::%u:%u:%u", base, v >> 16, v >> 8 & 255, v & 255);
	}
	return (size_t)n;
}

size_t sgr_format(const struct style *s, char *out)
{
	static const struct {
		uint16_t attr;
		const char *text;
	} attrs[] = {
		{ STYLE_BOLD, ";1" },      { STYLE_FAINT, ";2" },  { STYLE_ITALIC, ";3" },
		{ STYLE_BLINK, ";5" },     { STYLE_RAPID, ";6" },  { STYLE_INVERSE, ";7" },
		{ STYLE_INVISIBLE, ";8" }, { STYLE_STRIKE, ";9" }, { STYLE_OVERLINE, ";53" }
	};
	static const char *const underlines[] = { "", ";4", ";21", ";4:3", ";4:4", ";4:5" };
	enum style_underline u = style_underline(s);
	size_t n = (size_t)snprintf(out, SGR_TEXT_MAX, "0");

	for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
		if (s->attrs & attrs[i].attr)
			n += (size_t)snprintf(out + n, SGR_TEXT_MAX - n, "%s", attrs[i].text);
	}
	if (u != UNDERLINE_NONE && u <= UNDERLINE_DASHED)
		n += (size_t)snprintf(out + n, SGR_TEXT_MAX - n, "%s", underlines[u]);
	n += put_color(out + n, SGR_TEXT_MAX - n, 38, s->fg);
	n += put_color(out + n, SGR_TEXT_MAX - n, 48, s->bg);
	n += put_color(out + n, SGR_TEXT_MAX - n, 58, s->underline);
	return n;
}
