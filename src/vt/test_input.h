/* For tests: input with a good share of everything that a terminal does. */
#ifndef VT_TEST_INPUT_H
#define VT_TEST_INPUT_H

#include "base/defs.h"

#include <stdio.h>
#include <string.h>

static uint32_t seed;

static inline uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Fills most of @out; the number of bytes. */
static inline size_t random_bytes(char *out, size_t size)
{
	static const char *const pieces[] = {
		"hello world ",
		"\r\n",
		"\n",
		"\e[31m",
		"\e[m",
		"\e[%d;%dH",
		"\e[%dA",
		"\e[%dC",
		"\e[K",
		"\e[J",
		"\e[%dL",
		"\e[%dM",
		"\e[%dP",
		"\e[%d@",
		"\e[%dX",
		"\e[%d;%dr",
		"\e[?69h",
		"\e[%d;%ds",
		"\e[?69l",
		"\e[r",
		"日本語",
		"e\xcc\x81",
		"👩‍👩‍👧",
		"한국어",
		"🇩🇪🇫🇷",
		"\xff",
		"\xe2\x82",
		"\t",
		"\b\b",
		"\e[?1049h",
		"\e[?1049l",
		"\e[4h",
		"\e[4l",
		"\e[%dS",
		"\e[%dT",
		"\e[38;2;%d;%d;9m",
		"\e]8;;http://x/%d\e\\",
		"\e]8;;\e\\",
		"\e(0qqq\e(B",
		"\e[%db",
		"\e]133;A\e\\",
		"\e[?7l",
		"\e[?7h",
		"\e[48;5;%dm",
		"\e7",
		"\e8",
		"\e#6",
		"\e#8",
		"\eM",
		"\eD",
		"a long line of plain text that is going to wrap at the end of the line, twice ",
		"\e[%d;%d;5;5$x",
		"\e[1;1;3;%d;1;2;%d$v",
		"\e[?6h",
		"\e[?6l",
		"\e[1\"q",
		"\e[\"q",
		"\e[?J",
		"❤\xef\xb8\x8f",
		"\e]2;t%d\a",
		"\e[!p",
	};
	size_t n = 0;

	while (n + 128 < size) {
		char piece[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		int k = snprintf(piece, sizeof piece, pieces[rnd(ARRAY_LEN(pieces))], rnd(30),
				 rnd(12));
#pragma GCC diagnostic pop

		memcpy(out + n, piece, (size_t)k);
		n += (size_t)k;
	}
	return n;
}

#endif
