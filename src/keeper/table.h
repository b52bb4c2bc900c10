/*
 * The children: a static table of records.  A record lives from the fork until
 * the daemon forgot it and the process was reaped.
 *
 *   FREE -> STARTING            fork                       (spawn.c)
 *   STARTING -> RUNNING         exec took place            (spawn.c)
 *   STARTING -> FAILED          a step before exec failed  (spawn.c)
 *   RUNNING -> EXITED           reaped                     (supervise.c)
 *   EXITED -> FREE              FORGET                     (link.c)
 *   FAILED -> FREE              SPAWNED went out, FORGET   (link.c)
 *   STARTING, RUNNING -> FREE   reaped after FORGET
 */
#ifndef KEEPER_TABLE_H
#define KEEPER_TABLE_H

#include <sys/types.h>

#include "keeper/proto.h"

enum child_state { CHILD_FREE, CHILD_STARTING, CHILD_RUNNING, CHILD_EXITED, CHILD_FAILED };

/* Packets that the daemon has not got yet: flags, so that what waits cannot
 * grow.  A new daemon learns the same from ADOPT. */
enum { CHILD_OWES_SPAWNED = 1, CHILD_OWES_EXITED = 2 };

struct child {
	enum child_state state;
	uint32_t owes;
	bool is_forgotten;  /* STARTING, RUNNING: tell nobody, drop when reaped */
	bool is_past_setup; /* STARTING: it said that only exec is left */
	uint32_t n_fds;
	int fds[2];      /* PTY master, or out and err; -1 = none */
	int report_fd;   /* STARTING: pipe that exec closes; else -1 */
	pid_t pid;       /* STARTING, RUNNING: not reaped, hence not reused.  EXITED: was */
	int status;      /* EXITED: wait status */
	int step, error; /* FAILED */
	uint64_t token, pane;
	uint32_t generation, flags;
	uint64_t started_wall_us, exited_wall_us;
	char key[KEEPER_KEY_BYTES];
};

struct table {
	struct child children[KEEPER_MAX_CHILDREN];
	uint32_t n_high;       /* records from here on are free */
	uint32_t n_owing;      /* records with .owes */
	uint64_t highest_pane; /* ever spawned */
	int epoll_fd;          /* where report descriptors are polled */
};

/* A cleared record (state FREE until the caller sets it); NULL: full. */
struct child *table_take(struct table *t);
/* Closes its descriptors. */
void table_drop(struct table *t, struct child *c);
struct child *table_by_pane(struct table *t, uint64_t pane); /* not a forgotten one; NULL */
struct child *table_by_pid(struct table *t, pid_t pid);      /* STARTING or RUNNING; NULL */
uint32_t table_count(const struct table *t, enum child_state state);
void table_owe(struct table *t, struct child *c, uint32_t what);
void table_paid(struct table *t, struct child *c, uint32_t what);
void child_close_fds(struct child *c);
/* Unpolled first: a child that has not got to exec holds a copy, which would
 * keep a closed descriptor's events coming. */
void table_close_report(const struct table *t, struct child *c);

#endif
