/*
 * Starting a child: terminal or pipes here, everything that can hang or fail on
 * a user's account (directory, program) in the child after the fork, which
 * reports through a pipe that exec closes.
 */
#ifndef KEEPER_SPAWN_H
#define KEEPER_SPAWN_H

#include <sys/resource.h>

#include "keeper/table.h"

/* What children get back of what the keeper changed for itself. */
struct spawn_limits {
	struct rlimit nofile;
	int oom_score_adj; /* of children */
};

#define SPAWN_OOM_DAEMON 100 /* above what the keeper was started with */
#define SPAWN_OOM_CHILD 200

/* Why not: step and errno. */
struct spawn_failure {
	int step, error;
};

enum { SPAWN_E_FAILED = 1 };
/* Fork a child for @m; @spec_fd and @stdin_fd (-1: none) stay the caller's.
 * On 0 *ret_child is STARTING and its report_fd is to be polled. */
NODISCARD int spawn_start(struct table *t, const struct keeper_spawn *m, const int *fds,
			  const struct spawn_limits *limits, struct child **ret_child,
			  struct spawn_failure *reterr);

/* The report pipe is readable, or the child is dead: STARTING becomes RUNNING
 * or FAILED once the pipe is closed.  @is_dead: no more can come. */
void spawn_on_report(struct table *t, struct child *c, bool is_dead);

/* Shared with the start of the daemon; after fork, async-signal-safe. */
void spawn_ignore_signals(void);        /* the keeper's dispositions */
void spawn_reset_signals(void);         /* its children's */
void spawn_close_all_but(int a, int b); /* and but 0, 1, 2; -1: but these */
int spawn_set_oom(int adj);             /* a hint to the kernel: may be refused */

#endif
