/*
 * What cannot be in a piece of text: which sequences of three bytes its lines
 * have, by hash (a Bloom filter of one bit each).  Letters A-Z count as a-z, so
 * that it serves both ways of looking at case.
 */
#ifndef VT_HISTORY_FILTER_H
#define VT_HISTORY_FILTER_H

#include "base/defs.h"

#define HISTORY_FILTER_BYTES 4096u

struct history_filter {
	uint8_t *bits;       /* zeroed by the caller */
	uint32_t size_bytes; /* a power of two, at most HISTORY_FILTER_BYTES */
	uint32_t last;       /* the last three bytes of the line that is being added ... */
	uint32_t n_line;     /* ... and how many it has */
};

/* A line may come in pieces. */
void history_filter_add(struct history_filter *f, const char *text, size_t n);
void history_filter_end_line(struct history_filter *f);

static inline uint32_t history_fold(uint8_t c)
{
	return c | (uint32_t)(c >= 'A' && c <= 'Z') << 5;
}

/* Of three folded bytes, the first in bits 16 to 23; its upper bits are the best. */
static inline uint32_t history_hash(uint32_t three)
{
	return three * 0x9e3779b1u;
}

/* What a text needs. */
#define HISTORY_PROBE_MAX 64u
struct history_probe {
	uint32_t hashes[HISTORY_PROBE_MAX]; /* history_hash() */
	unsigned n;                         /* 0: anything may hold it */
};
/* @text is looked for.  @has_relatives: also with its letters in any case that Unicode
 * knows; else at most with A-Z and a-z exchanged. */
void history_probe_init(struct history_probe *p, const char *text, size_t n, bool has_relatives);
bool history_filter_may_hold(const uint8_t *bits, uint32_t size_bytes,
			     const struct history_probe *p);

#endif
