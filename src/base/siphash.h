/* SipHash-2-4 (Aumasson and Bernstein): a keyed hash that nobody without the key
 * can foresee. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/defs.h"

#define SIPHASH_KEY_BYTES 16

uint64_t siphash(const uint8_t key[SIPHASH_KEY_BYTES], const void *data, size_t n);

#endif
