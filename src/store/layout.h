/* The layouts of a session, as one JSON text; loaded by store_load(). */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include "store/store.h"

#define STORE_MAX_LAYOUT_BYTES (1u << 20)

/* @json NULL: none any more. */
void store_layouts_put(struct store *s, uint64_t session, const char *json, store_done_fn *done,
		       void *user);

#endif
