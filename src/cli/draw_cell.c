#include "base/utf8.h"
#include "cli/draw_state.h"
#include "vt/unicode.h"

#define ZWJ 0x200du
#define AS_EMOJI 0xfe0fu

/* Scripts of which every terminal knows that they are wide. */
static bool is_surely_wide(uint32_t cp)
{
	return (cp >= 0x1100 && cp < 0x1160) || (cp >= 0x2e80 && cp < 0xa4d0) ||
	       (cp >= 0xac00 && cp < 0xd7a4) || (cp >= 0xf900 && cp < 0xfb00) ||
	       (cp >= 0xff00 && cp < 0xffe7) || (cp >= 0x20000 && cp < 0x40000);
}

bool draw_is_unsure(const struct draw *d, struct cell c)
{
	uint32_t cp = c.text & CELL_VALUE;

	(void)d;
	if (c.text & CELL_CLUSTER)
		return true;
	if (cp < 0x300)
		return false;
	if (c.text & CELL_WIDE)
		return !is_surely_wide(cp);
	/* Regional indicators, emoji that are narrow to us, private use. */
	return unicode_props(cp) & UNICODE_EMOJI || cp >= 0x1f000 || unicode_width(cp) != 1;
}

static bool is_regional(uint32_t cp)
{
	return unicode_class(unicode_props(cp)) == UNICODE_REGIONAL;
}

/*
 * The code points of a cluster that do not make it wider, on this terminal,
 * than we think it is: without clusters each counts for itself, with them a
 * variation selector or the second letter of a flag widens it (but the pane may
 * have had clusters off, or no room in its last column).
 */
static size_t fit(const struct draw *d, const char *text, size_t n, unsigned n_cols, char *out)
{
	unsigned width = 0;
	size_t n_out = 0;
	uint32_t cp, base = 0;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_decode(text + i, n - i, &cp);
		unsigned w = unicode_width(cp);
		bool is_widening =
			(cp == AS_EMOJI && unicode_props(base) & UNICODE_EMOJI) || is_regional(cp);

		if (draw_has(d, TERMCAPS_CLUSTERS)) {
			if (i && n_cols == 1 && (w == 2 || is_widening))
				break;
		} else {
			if (width + w > n_cols)
				break;
			width += w;
		}
		base = i ? base : cp;
		n_out += utf8_encode(cp, out + n_out);
		i += len;
	}
	/* Something that joins must not be left open. */
	while (n_out >= 3 && n_out < n && utf8_decode(out + n_out - 3, 3, &cp) == 3 && cp == ZWJ)
		n_out -= 3;
	return n_out;
}

size_t draw_cell_text(const struct draw *d, struct cell c, char *out)
{
	uint32_t value = c.text & CELL_VALUE, n;
	const char *text;
	size_t n_out;

	if (!(c.text & CELL_CLUSTER))
		return utf8_encode(value ? value : ' ', out);
	text = cluster_text(&d->clusters, value, &n);
	n_out = fit(d, text, n, c.text & CELL_WIDE ? 2 : 1, out);
	if (n_out)
		return n_out;
	out[0] = ' ';
	return 1;
}
