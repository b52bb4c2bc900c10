#include "cli/termcaps.h"
#include "vt/style.h"

static const uint8_t steps[6] = { 0, 0x5f, 0x87, 0xaf, 0xd7, 0xff };

uint32_t termcaps_palette(unsigned index)
{
	static const uint32_t ansi[16] = { 0x000000, 0xcd0000, 0x00cd00, 0xcdcd00,
					   0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
					   0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
					   0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff };

	if (index < 16)
		return ansi[index];
	if (index < 232) {
		index -= 16;
		return (uint32_t)steps[index / 36] << 16 | (uint32_t)steps[index / 6 % 6] << 8 |
		       steps[index % 6];
	}
	return (8 + ((index > 255 ? 255 : index) - 232) * 10) * 0x010101u;
}

/* Weighted as the eye does: green counts most. */
static uint32_t distance(uint32_t a, uint32_t b)
{
	int32_t r = (int32_t)(a >> 16 & 255) - (int32_t)(b >> 16 & 255);
	int32_t g = (int32_t)(a >> 8 & 255) - (int32_t)(b >> 8 & 255);
	int32_t blue = (int32_t)(a & 255) - (int32_t)(b & 255);

	return (uint32_t)(3 * r * r + 6 * g * g + blue * blue);
}

static unsigned nearest_step(uint32_t v)
{
	unsigned best = 0;

	for (unsigned i = 1; i < 6; i++) {
		if ((v > steps[i] ? v - steps[i] : steps[i] - v) <
		    (v > steps[best] ? v - steps[best] : steps[best] - v))
			best = i;
	}
	return best;
}

/* The cube or the greys: the first sixteen are whatever the user chose. */
static unsigned nearest_of_256(uint32_t rgb)
{
	unsigned cube = 16 + 36 * nearest_step(rgb >> 16 & 255) + 6 * nearest_step(rgb >> 8 & 255) +
			nearest_step(rgb & 255);
	uint32_t mean = ((rgb >> 16 & 255) + (rgb >> 8 & 255) + (rgb & 255)) / 3;
	unsigned grey = 232 + (mean < 13 ? 0 : mean > 233 ? 23 : (mean - 3) / 10);

	return distance(termcaps_palette(grey), rgb) < distance(termcaps_palette(cube), rgb) ? grey
											     : cube;
}

static unsigned nearest_of_first(uint32_t rgb, unsigned n)
{
	unsigned best = 0;

	for (unsigned i = 1; i < n; i++) {
		if (distance(termcaps_palette(i), rgb) < distance(termcaps_palette(best), rgb))
			best = i;
	}
	return best;
}

static uint32_t reduce_to_first(uint32_t color, unsigned n)
{
	uint32_t value = color & COLOR_VALUE;

	if ((color & COLOR_KIND) == COLOR_INDEXED) {
		if (value < n)
			return color;
		if (value < 16)
			return COLOR_INDEXED | (value & 7);
		value = termcaps_palette(value);
	}
	return COLOR_INDEXED | nearest_of_first(value, n);
}

uint32_t termcaps_reduce(enum termcaps_colors colors, uint32_t color)
{
	if ((color & COLOR_KIND) == COLOR_DEFAULT)
		return COLOR_DEFAULT;
	switch (colors) {
	case TERMCAPS_MONO:
		return COLOR_DEFAULT;
	case TERMCAPS_8:
		return reduce_to_first(color, 8);
	case TERMCAPS_16:
		return reduce_to_first(color, 16);
	case TERMCAPS_256:
		if ((color & COLOR_KIND) == COLOR_RGB)
			return COLOR_INDEXED | nearest_of_256(color & COLOR_VALUE);
		return color;
	case TERMCAPS_RGB:
		return color;
	}
	return color;
}
