#include "vt/charset.h"

#include "vt/term.h"

#include <string.h>

/* 0x5f .. 0x7e of DEC special graphics. */
static const uint16_t graphics[32] = {
	0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b,
	0x2518, 0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c,
	0x2524, 0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

/* 0x21 .. 0x7e of DEC technical; 0 = not defined. */
static const uint16_t technical[94] = {
	0x23b7, 0x250c, 0x2500, 0x2320, 0x2321, 0x2502, 0x23a1, 0x23a3, 0x23a4, 0x23a6, 0x239b,
	0x239d, 0x239e, 0x23a0, 0x23a8, 0x23ac, 0,      0,      0,      0,      0,      0,
	0,      0,      0,      0,      0,      0x2264, 0x2260, 0x2265, 0x222b, 0x2234, 0x221d,
	0x221e, 0x00f7, 0x0394, 0x2207, 0x03a6, 0x0393, 0x223c, 0x2243, 0x0398, 0x00d7, 0x039b,
	0x21d4, 0x21d2, 0x2261, 0x03a0, 0x03a8, 0,      0x03a3, 0,      0,      0x221a, 0x03a9,
	0x039e, 0x03a5, 0x2282, 0x2283, 0x2229, 0x222a, 0x2227, 0x2228, 0x00ac, 0x03b1, 0x03b2,
	0x03c7, 0x03b4, 0x03b5, 0x03c6, 0x03b3, 0x03b7, 0x03b9, 0x03b8, 0x03ba, 0x03bb, 0,
	0x03bd, 0x2202, 0x03c0, 0x03c8, 0x03c1, 0x03c3, 0x03c4, 0,      0x0192, 0x03c9, 0x03be,
	0x03c5, 0x03b6, 0x2190, 0x2191, 0x2192, 0x2193,
};

/* Where the national sets differ from ASCII: "byte, code point" pairs. */
static const struct {
	uint8_t c;
	uint16_t cp;
} national[CHARSET_N][14] = {
	[CHARSET_UK] = { { '#', 0xa3 } },
	[CHARSET_DUTCH] = { { '#', 0xa3 },
			    { '@', 0xbe },
			    { '[', 0x133 },
			    { '\\', 0xbd },
			    { ']', '|' },
			    { '{', 0xa8 },
			    { '|', 0x192 },
			    { '}', 0xbc },
			    { '~', 0xb4 } },
	[CHARSET_FINNISH] = { { '[', 0xc4 },
			      { '\\', 0xd6 },
			      { ']', 0xc5 },
			      { '^', 0xdc },
			      { '`', 0xe9 },
			      { '{', 0xe4 },
			      { '|', 0xf6 },
			      { '}', 0xe5 },
			      { '~', 0xfc } },
	[CHARSET_FRENCH] = { { '#', 0xa3 },
			     { '@', 0xe0 },
			     { '[', 0xb0 },
			     { '\\', 0xe7 },
			     { ']', 0xa7 },
			     { '{', 0xe9 },
			     { '|', 0xf9 },
			     { '}', 0xe8 },
			     { '~', 0xa8 } },
	[CHARSET_FRENCH_CANADIAN] = { { '@', 0xe0 },
				      { '[', 0xe2 },
				      { '\\', 0xe7 },
				      { ']', 0xea },
				      { '^', 0xee },
				      { '`', 0xf4 },
				      { '{', 0xe9 },
				      { '|', 0xf9 },
				      { '}', 0xe8 },
				      { '~', 0xfb } },
	[CHARSET_GERMAN] = { { '@', 0xa7 },
			     { '[', 0xc4 },
			     { '\\', 0xd6 },
			     { ']', 0xdc },
			     { '{', 0xe4 },
			     { '|', 0xf6 },
			     { '}', 0xfc },
			     { '~', 0xdf } },
	[CHARSET_ITALIAN] = { { '#', 0xa3 },
			      { '@', 0xa7 },
			      { '[', 0xb0 },
			      { '\\', 0xe7 },
			      { ']', 0xe9 },
			      { '`', 0xf9 },
			      { '{', 0xe0 },
			      { '|', 0xf2 },
			      { '}', 0xe8 },
			      { '~', 0xec } },
	[CHARSET_NORWEGIAN] = { { '@', 0xc4 },
				{ '[', 0xc6 },
				{ '\\', 0xd8 },
				{ ']', 0xc5 },
				{ '^', 0xdc },
				{ '`', 0xe4 },
				{ '{', 0xe6 },
				{ '|', 0xf8 },
				{ '}', 0xe5 },
				{ '~', 0xfc } },
	[CHARSET_PORTUGUESE] = { { '[', 0xc3 },
				 { '\\', 0xc7 },
				 { ']', 0xd5 },
				 { '{', 0xe3 },
				 { '|', 0xe7 },
				 { '}', 0xf5 } },
	[CHARSET_SPANISH] = { { '#', 0xa3 },
			      { '@', 0xa7 },
			      { '[', 0xa1 },
			      { '\\', 0xd1 },
			      { ']', 0xbf },
			      { '{', 0xb0 },
			      { '|', 0xf1 },
			      { '}', 0xe7 } },
	[CHARSET_SWEDISH] = { { '@', 0xc9 },
			      { '[', 0xc4 },
			      { '\\', 0xd6 },
			      { ']', 0xc5 },
			      { '^', 0xdc },
			      { '`', 0xe9 },
			      { '{', 0xe4 },
			      { '|', 0xf6 },
			      { '}', 0xe5 },
			      { '~', 0xfc } },
	[CHARSET_SWISS] = { { '#', 0xf9 },
			    { '@', 0xe0 },
			    { '[', 0xe9 },
			    { '\\', 0xe7 },
			    { ']', 0xea },
			    { '^', 0xee },
			    { '_', 0xe8 },
			    { '`', 0xf4 },
			    { '{', 0xe4 },
			    { '|', 0xf6 },
			    { '}', 0xfc },
			    { '~', 0xfb } },
};

/* DEC supplemental is Latin-1 but for these. */
static uint32_t supplemental(uint32_t c)
{
	switch (c) {
	case 0xa8:
		return 0xa4;
	case 0xd7:
		return 0x152;
	case 0xdd:
		return 0x178;
	case 0xf7:
		return 0x153;
	case 0xfd:
		return 0xff;
	default:
		return c;
	}
}

uint32_t charset_map(uint8_t set, uint32_t c)
{
	if (set == CHARSET_GRAPHICS)
		return c >= 0x5f && c <= 0x7e ? graphics[c - 0x5f] : c;
	if (set == CHARSET_TECHNICAL)
		return c > 0x20 && c < 0x7f && technical[c - 0x21] ? technical[c - 0x21] : c;
	if (set == CHARSET_LATIN1)
		return c + 0x80;
	if (set == CHARSET_SUPPLEMENTAL)
		return supplemental(c + 0x80);
	if (set < CHARSET_N) {
		for (size_t i = 0; i < ARRAY_LEN(national[set]); i++) {
			if (national[set][i].c == c)
				return national[set][i].cp;
		}
	}
	return c;
}

uint8_t charset_graphics_byte(uint32_t cp)
{
	if (cp < 0xa0)
		return 0;
	for (size_t i = 1; i < ARRAY_LEN(graphics); i++) {
		if (graphics[i] == cp)
			return (uint8_t)(0x5f + i);
	}
	return 0;
}

static const struct {
	const char *name;
	uint8_t set;
} names[] = {
	/* the first name of a set is the one that reports give */
	{ "B", CHARSET_ASCII },
	{ "0", CHARSET_GRAPHICS },
	{ "2", CHARSET_GRAPHICS },
	{ "1", CHARSET_ASCII },
	{ "A", CHARSET_UK },
	{ "4", CHARSET_DUTCH },
	{ "5", CHARSET_FINNISH },
	{ "C", CHARSET_FINNISH },
	{ "R", CHARSET_FRENCH },
	{ "f", CHARSET_FRENCH },
	{ "Q", CHARSET_FRENCH_CANADIAN },
	{ "9", CHARSET_FRENCH_CANADIAN },
	{ "K", CHARSET_GERMAN },
	{ "Y", CHARSET_ITALIAN },
	{ "6", CHARSET_NORWEGIAN },
	{ "`", CHARSET_NORWEGIAN },
	{ "E", CHARSET_NORWEGIAN },
	{ "%6", CHARSET_PORTUGUESE },
	{ "Z", CHARSET_SPANISH },
	{ "7", CHARSET_SWEDISH },
	{ "H", CHARSET_SWEDISH },
	{ "=", CHARSET_SWISS },
	{ "<", CHARSET_SUPPLEMENTAL },
	{ "%5", CHARSET_SUPPLEMENTAL },
	{ ">", CHARSET_TECHNICAL },
};

int charset_find(const char *s, size_t n, bool is_96)
{
	if (is_96)
		return n == 1 && *s == 'A' ? (int)CHARSET_LATIN1 : -1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i].name) == n && !memcmp(names[i].name, s, n))
			return names[i].set;
	}
	return -1;
}

const char *charset_name(uint8_t set)
{
	if (set == CHARSET_LATIN1)
		return "A";
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].set == set)
			return names[i].name;
	}
	return "B";
}

bool charset_is_96(uint8_t set)
{
	return set == CHARSET_LATIN1;
}
