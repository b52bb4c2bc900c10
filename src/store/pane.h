/* Panes, as the registry must find them again. */
#ifndef STORE_PANE_H
#define STORE_PANE_H

#include "store/store.h"

struct store_pane {
	uint64_t number, session;
	uint32_t env;       /* 0: none */
	const char *record; /* JSON: the rest */
};
void store_pane_put(struct store *s, const struct store_pane *v, store_done_fn *done, void *user);
/* The number is not given out again. */
void store_pane_drop(struct store *s, uint64_t number, store_done_fn *done, void *user);

#endif
