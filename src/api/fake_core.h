/*
 * A core without terminals, for the tests of the api: sessions and panes are
 * rows in memory, output is what the test prints, and asynchronous answers come
 * when the test says so.
 */
#ifndef API_FAKE_CORE_H
#define API_FAKE_CORE_H

#include "core/core.h"
#include "core/search.h"

struct fake_held; /* an answer that waits for the test */

struct core {
	struct core_ops ops;
	struct session *sessions[16];
	struct pane *panes[2048];
	size_t n_sessions, n_panes;
	uint64_t next_session, next_pane, next_sub, next_wait;
	struct list subs, held;
	bool is_holding; /* asynchronous answers wait for fake_release() */
	bool has_aborted;
	bool is_input_watched;
	uint64_t forsakable; /* a core_run() that is held */
	uint32_t n_waits_cancelled, n_viewers_gone, n_methods_entered, n_methods_left;
	uint32_t n_ready;        /* core_subscription_ready() calls */
	int last_stdin_fd;       /* of the last pane.create; the test closes it */
	char refused_method[40]; /* QUARANTINED */
	struct core_metrics metrics;
	struct store *store;           /* the test's own; NULL: none */
	core_searched_fn *search_done; /* a search that takes its time */
	void *search_user;
	uint64_t mem_count_at_fail; /* mem_count() when core_pane_find() failed last */
};

struct core *fake_core_new(void);
struct core *fake_core_free(struct core *c);
/* A session "main" with pane p1. */
struct pane *fake_core_populate(struct core *c);

const struct session *fake_session_of(const struct pane *p);

/* Let the answers go that were held back. */
void fake_release(struct core *c);

/* Print to a pane: the subscribers get it at once.  False: somebody was full. */
bool fake_print(struct core *c, struct pane *p, const void *data, size_t n);
/* The ring overran: every subscriber loses [from, to). */
void fake_lose(struct core *c, struct pane *p, uint64_t from, uint64_t to);
void fake_title(struct core *c, struct pane *p, const char *title);

#endif
