/*
 * The three loops that see every byte of plain text: find how far it is
 * printable ASCII, widen it into cells, narrow cells into bytes.
 *
 * Each has a plain form and vector forms that give the same result; the
 * fastest that this machine has is taken.
 */
#ifndef VT_SCAN_H
#define VT_SCAN_H

#include "vt/cell.h"

enum scan_isa { SCAN_PLAIN, SCAN_SSE2, SCAN_AVX2, SCAN_NEON };

/* What this machine does best, and whether it can do a given one. */
enum scan_isa scan_isa_best(void);
bool scan_isa_works(enum scan_isa isa);

/* Length of the longest prefix of bytes 0x20 .. 0x7e. */
size_t scan_printable(enum scan_isa isa, const uint8_t *p, size_t n);

/* One narrow cell per byte. */
void scan_widen(enum scan_isa isa, struct cell *dst, const uint8_t *src, size_t n, uint32_t style);

/* The low byte of each cell's text.  May scribble on 16 bytes behind dst[n]. */
#define SCAN_NARROW_SLACK 16
void scan_narrow(enum scan_isa isa, char *dst, const struct cell *src, size_t n);

#endif
