/* The registry's own state, embedded in struct core; see registry.c. */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include <jansson.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "store/store.h"

#define REGISTRY_LOG_BYTES (64u << 10)     /* emptied when everything is stored and it is longer */
#define REGISTRY_LOG_MAX_BYTES (64u << 20) /* while the store cannot be written */

struct registry {
	struct store *store; /* NULL: before the start */
	struct store_opened opened;
	struct list waiters;  /* struct registry_waiter, by `at` */
	struct list commands; /* struct registry_command: the store is not known to have them */
	size_t command_bytes;
	bool is_command_lost; /* the log of the daemon says so */
	uint64_t n_put, n_stored;
	uint64_t retry_ns, retry_at_ns; /* monotonic */
	uv_poll_t poll;
	uv_timer_t timer;
	bool has_handles;
	bool is_behind; /* the store (without one: the log) lacks something */
	bool is_told;   /* ... and the log of the daemon says so */
	/* registry_log.c */
	char path[512];
	int fd;
	uint64_t bytes, rewrite_at;
	bool is_log_broken; /* it lacks something */
	bool wants_empty;   /* what it holds is old */
};

/* ---- registry_log.c: JSON lines, the last line of an object wins ---- */

void registry_log_open(struct registry *g, const char *state_dir);
void registry_log_close(struct registry *g);
/* Whole lines only: what did not fit is taken back. */
NODISCARD int registry_log_append(struct registry *g, const char *text);
/* A line more; takes @v, NULL is out of memory. */
NODISCARD int registry_log_put(struct buf *b, json_t *v);
/* A new file with @b takes its place. */
NODISCARD int registry_log_replace(struct registry *g, const struct buf *b);
void registry_log_empty(struct registry *g);

/* ---- registry.c, for those who keep more in it ---- */

struct core;
struct fail;

/* A line of the log; takes @v, NULL is out of memory. */
void registry_log_record(struct core *c, json_t *v);
/* Ready for one more write; else everything is written later, when it is. */
bool registry_can_store(struct core *c);
/* The answer of each write that n_put counted. */
void registry_on_stored(const struct fail *f, void *user);

/* ---- registry_command.c ---- */

NODISCARD int registry_load_command(struct core *c, const json_t *v);
/* The lines of all that wait. */
NODISCARD int registry_log_commands(struct core *c, struct buf *b);
/* The store is asked for all that wait. */
void registry_store_commands(struct core *c);
void registry_free_commands(struct core *c);

#endif
