/*
 * How cold history is made small.  The emulator is pure and links no
 * compressor: its owner brings one (zstd level 1 suits; one context may serve
 * any number of terminals of one thread).
 */
#ifndef VT_COMPRESS_H
#define VT_COMPRESS_H

#include "base/defs.h"

struct vt_compress {
	void *user; /* handed to both calls */

	/* Squeeze @n bytes into at most @size bytes.  Returns the bytes written, or
	 * 0 when they do not fit or it cannot be done now. */
	size_t (*compress)(void *user, const void *src, size_t n, void *dst, size_t size);

	/* The inverse: true if @src gave exactly @size bytes. */
	bool (*decompress)(void *user, const void *src, size_t n, void *dst, size_t size);
};

#endif
