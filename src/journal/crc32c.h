/* CRC-32C (Castagnoli), as RFC 3720 and iSCSI use it: with the processor's own
 * instruction where it has one. */
#ifndef JOURNAL_CRC32C_H
#define JOURNAL_CRC32C_H

#include "base/defs.h"

/* Of @n bytes; @start 0, or the CRC of what stands before them. */
uint32_t crc32c(uint32_t start, const void *p, size_t n);
/* The same without that instruction, to compare with. */
uint32_t crc32c_plain(uint32_t start, const void *p, size_t n);

#endif
