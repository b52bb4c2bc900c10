#include "vt/color.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_SPECIAL 5
#define N_DYNAMIC 10

uint32_t color_default(unsigned i)
{
	/* xterm's sixteen, then the 6x6x6 cube and the greys. */
	static const uint32_t ansi[16] = { 0x000000, 0xcd0000, 0x00cd00, 0xcdcd00,
					   0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
					   0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
					   0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff };
	static const uint8_t steps[6] = { 0, 0x5f, 0x87, 0xaf, 0xd7, 0xff };

	if (i < 16)
		return ansi[i];
	if (i < 232) {
		i -= 16;
		return (uint32_t)steps[i / 36] << 16 | (uint32_t)steps[i / 6 % 6] << 8 |
		       steps[i % 6];
	}
	return (8 + (i - 232) * 10) * 0x010101u;
}

/* OSC 10 .. 19: text, background, cursor, the pointer's two, Tektronix's two,
 * highlight, Tektronix cursor, highlighted text. */
static uint32_t default_dynamic(const struct vt *vt, unsigned i)
{
	static const bool is_background[N_DYNAMIC] = {
		[1] = true, [4] = true, [6] = true, [9] = true
	};

	if (i == 2)
		return vt->opts.cursor;
	return is_background[i] ? vt->opts.bg : vt->opts.fg;
}

uint32_t vt_palette(const struct vt *vt, unsigned index)
{
	index &= 255;
	return vt->palette ? vt->palette->indexed[index] : color_default(index);
}

static uint32_t dynamic(const struct vt *vt, unsigned i)
{
	return vt->palette ? vt->palette->dynamic[i] : default_dynamic(vt, i);
}

static uint32_t special(const struct vt *vt, unsigned i)
{
	return vt->palette ? vt->palette->special[i] : vt->opts.fg;
}

uint32_t vt_dynamic_color(const struct vt *vt, enum vt_dynamic_color which)
{
	return dynamic(vt, (unsigned)which);
}

/* A place to write to; NULL when memory is out. */
static struct palette *palette_get(struct vt *vt)
{
	if (!vt->palette) {
		struct palette *p = mem_new(struct palette);

		if (!p)
			return NULL;
		for (unsigned i = 0; i < 256; i++)
			p->indexed[i] = color_default(i);
		for (unsigned i = 0; i < N_SPECIAL; i++)
			p->special[i] = vt->opts.fg;
		for (unsigned i = 0; i < N_DYNAMIC; i++)
			p->dynamic[i] = default_dynamic(vt, i);
		vt->palette = p;
	}
	vt->state_age = vt->age;
	return vt->palette;
}

/* --- specifications --- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "#rgb": the digits are the upper ones of each channel. */
static bool parse_hash(const char *s, uint32_t *ret)
{
	size_t n = strlen(s);
	uint32_t rgb = 0;

	if (n % 3 || n < 3 || n > 12)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (hex_value(s[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < 3; i++) {
		const char *at = s + i * (n / 3);

		rgb = rgb << 8 | (uint32_t)hex_value(at[0]) << 4 |
		      (n > 3 ? (uint32_t)hex_value(at[1]) : 0);
	}
	*ret = rgb;
	return true;
}

/* "r/g/b" with 1 to 4 digits each, scaled. */
static bool parse_rgb(const char *s, uint32_t *ret)
{
	uint32_t rgb = 0;

	for (int i = 0; i < 3; i++) {
		uint32_t v = 0, max = 0;

		for (; hex_value(*s) >= 0 && max < 0xffff; s++) {
			v = v << 4 | (uint32_t)hex_value(*s);
			max = max << 4 | 15;
		}
		if (!max || *s != (i < 2 ? '/' : '\0'))
			return false;
		s++;
		rgb = rgb << 8 | (v * 255 + max / 2) / max;
	}
	*ret = rgb;
	return true;
}

bool color_parse(const char *text, uint32_t *ret_rgb)
{
	static const struct {
		const char *name;
		uint32_t rgb;
	} names[] = { { "black", 0x000000 }, { "white", 0xffffff },   { "red", 0xff0000 },
		      { "green", 0x00ff00 }, { "blue", 0x0000ff },    { "yellow", 0xffff00 },
		      { "cyan", 0x00ffff },  { "magenta", 0xff00ff }, { "gray", 0xbebebe },
		      { "grey", 0xbebebe },  { "orange", 0xffa500 },  { "pink", 0xffc0cb },
		      { "brown", 0xa52a2a }, { "purple", 0xa020f0 },  { "navy", 0x000080 } };

	if (*text == '#')
		return parse_hash(text + 1, ret_rgb);
	if (!strncmp(text, "rgb:", 4))
		return parse_rgb(text + 4, ret_rgb);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(names[i].name, text)) {
			*ret_rgb = names[i].rgb;
			return true;
		}
	}
	return false;
}

/* --- sequences --- */

static void color_answer(struct vt *vt, const char *what, uint32_t rgb)
{
	unsigned r = rgb >> 16, g = rgb >> 8 & 255, b = rgb & 255;

	term_replyf(vt, "\033]%s;rgb:%02x%02x/%02x%02x/%02x%02x%s", what, r, r, g, g, b, b,
		    vt->parser.is_by_bel ? "\a" : "\033\\");
}

/* The next field of a ;-list, cut out of it in @buf; NULL at the end. */
#define FIELD_MAX 64
static const char *next_field(const char **args, char *buf)
{
	size_t n;

	if (!*args)
		return NULL;
	n = strcspn(*args, ";");
	if (n >= FIELD_MAX) {
		*args = NULL;
		return NULL;
	}
	memcpy(buf, *args, n);
	buf[n] = '\0';
	*args = (*args)[n] ? *args + n + 1 : NULL;
	return buf;
}

static int field_number(const char *s)
{
	char *end;
	long v = strtol(s, &end, 10);

	return *s < '0' || *s > '9' || *end || v > 511 ? -1 : (int)v;
}

/* OSC 4 and 5: pairs of a number and a specification or "?".  From 256 on, OSC 4
 * means the special colours. */
static void color_pairs(struct vt *vt, int osc, const char *args)
{
	char buf[FIELD_MAX], what[32];
	const char *s;

	while ((s = next_field(&args, buf))) {
		int i = field_number(s);
		bool is_special = osc == 5 || i >= 256;
		unsigned at = (unsigned)(i >= 256 ? i - 256 : i);
		uint32_t rgb;

		s = next_field(&args, buf);
		if (i < 0 || !s || at >= (is_special ? N_SPECIAL : 256u))
			return;
		if (!strcmp(s, "?")) {
			snprintf(what, sizeof what, "%d;%d", osc, i);
			color_answer(vt, what, is_special ? special(vt, at) : vt_palette(vt, at));
		} else if (color_parse(s, &rgb) && palette_get(vt)) {
			*(is_special ? &vt->palette->special[at] : &vt->palette->indexed[at]) = rgb;
		}
	}
}

/* OSC 10 .. 19: one specification for it, further ones for those behind it. */
static void color_dynamic(struct vt *vt, int osc, const char *args)
{
	char buf[FIELD_MAX];
	const char *s;

	for (; osc <= 19 && (s = next_field(&args, buf)); osc++) {
		unsigned i = (unsigned)osc - 10;
		char what[3] = { '1', (char)('0' + i), '\0' };
		uint32_t rgb;

		if (!strcmp(s, "?")) {
			color_answer(vt, what, dynamic(vt, i));
		} else if (color_parse(s, &rgb) && palette_get(vt)) {
			vt->palette->dynamic[i] = rgb;
		}
	}
}

/* OSC 104 and 105: the numbers named, or all. */
static void color_reset(struct vt *vt, int osc, const char *args)
{
	char buf[FIELD_MAX];
	const char *s;

	if (!vt->palette)
		return;
	vt->state_age = vt->age;
	for (unsigned i = 0; !*args && i < 256 && osc == 104; i++)
		vt->palette->indexed[i] = color_default(i);
	for (unsigned i = 0; !*args && i < N_SPECIAL; i++)
		vt->palette->special[i] = vt->opts.fg;
	if (!*args)
		return;
	while ((s = next_field(&args, buf))) {
		int i = field_number(s);
		unsigned at = (unsigned)(i >= 256 ? i - 256 : i);

		if (i >= 0 && (osc == 105 || i >= 256)) {
			if (at < N_SPECIAL)
				vt->palette->special[at] = vt->opts.fg;
		} else if (i >= 0) {
			vt->palette->indexed[at] = color_default(at);
		}
	}
}

void color_osc(struct vt *vt, int number, const char *args)
{
	if (number == 4 || number == 5) {
		color_pairs(vt, number, args);
	} else if (number >= 10 && number <= 19) {
		color_dynamic(vt, number, args);
	} else if (number == 104 || number == 105) {
		color_reset(vt, number, args);
	} else if (number >= 110 && number <= 119 && vt->palette) {
		vt->palette->dynamic[number - 110] = default_dynamic(vt, (unsigned)number - 110);
	}
}
