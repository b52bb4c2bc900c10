/*
 * A piece of a pane's output as somebody wants to read it, within a budget: as
 * text (what a terminal shows that was switched on there: control sequences are
 * gone, progress bars collapsed, wrapped lines joined) or as raw bytes.
 *
 * Memory is bounded whatever is fed: the beginning is set aside as soon as it
 * can no longer change, the end is what the terminal remembers.
 */
#ifndef CORE_CAPTURE_H
#define CORE_CAPTURE_H

#include "base/buf.h"
#include "core/core.h"

struct pane;
struct vt;

#define CAPTURE_BYTES_MAX (1u << 20)

struct capture {
	struct core_budget budget;
	struct vt *vt;     /* text */
	uint64_t n_taken;  /* rows (of those pushed) that stand in `head` */
	uint32_t n_lines;  /* whole lines in `head` */
	bool is_head_full; /* nothing more goes there */
	uint64_t n_bytes;  /* fed */
	uint64_t n_cut;    /* raw: bytes left out between head and tail */
	struct buf head, tail;
};

/* -ENOMEM: nothing to finish. */
NODISCARD int capture_init(struct capture *c, const struct pane *p,
			   const struct core_budget *budget);
void capture_fini(struct capture *c);
void capture_feed(struct capture *c, const void *bytes, size_t n);

/* What there is now.  Text is appended to @out. */
NODISCARD int capture_read(const struct capture *c, struct buf *out, struct core_extract *ret);

#endif
