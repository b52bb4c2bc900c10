/* Sessions and the environments that sessions and panes were asked for with. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "store/store.h"

struct store_session {
	uint64_t number;
	uint32_t env;       /* 0: none */
	const char *record; /* JSON: the rest */
};
void store_session_put(struct store *s, const struct store_session *v, store_done_fn *done,
		       void *user);
/* Its layouts go too.  The number is not given out again. */
void store_session_drop(struct store *s, uint64_t number, store_done_fn *done, void *user);

/* @block: "K=V\0K=V\0", @n bytes. */
void store_env_put(struct store *s, uint32_t id, const char *block, size_t n, store_done_fn *done,
		   void *user);

/* At the start, before anything is written: all there is.  @on_env first.  A fault
 * of a callback ends it and is returned.  > 0: STORE_LOAD_E_DAMAGED, what was told
 * so far is good. */
struct store_pane;
struct store_load_ops {
	int (*on_env)(uint32_t id, const char *block, size_t n, void *user);
	int (*on_session)(const struct store_session *v, void *user);
	int (*on_pane)(const struct store_pane *v, void *user);
	int (*on_layouts)(uint64_t session, const char *json, void *user);
	void *user;
};
#define STORE_LOAD_E_DAMAGED 1
NODISCARD int store_load(struct store *s, const struct store_load_ops *ops);

/* Records of other sessions, panes and environments than these are dropped: the end of
 * writing everything anew after writes had failed. */
struct store_kept {
	const uint64_t *sessions, *panes; /* numbers */
	size_t n_sessions, n_panes;
};
void store_keep_only(struct store *s, const struct store_kept *kept, store_done_fn *done,
		     void *user);

/* Numbers below these are not given out again. */
void store_next_put(struct store *s, uint64_t session, uint64_t pane);

#endif
