/*
 * The keeper: its parts, and the two that hold each other: the link (packets to
 * and from the daemon) and the supervisor (the daemon's life, the keeper's end).
 * docs/keeper.md has the states in full.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include "keeper/place.h"
#include "keeper/spawn.h"
#include "keeper/table.h"

/* What an epoll event is about: kind << 32 | index. */
enum poll_kind { POLL_SIGNALS, POLL_LISTEN, POLL_LINK, POLL_REPORT };

/* Down, or how much the present daemon was told.  Only LIVE reads. */
enum link_phase { LINK_DOWN, LINK_WELCOME, LINK_ADOPT, LINK_ADOPT_END, LINK_LIVE };

struct link {
	enum link_phase phase;
	int fd;          /* -1 when down */
	uint32_t next;   /* ADOPT: record to go on with */
	uint32_t polled; /* epoll events asked for */
	bool is_closed;  /* the daemon's end is gone; the daemon maybe not yet */
	bool owes_listening;
	bool has_reply;              /* a start that failed before it had a record; */
	struct keeper_spawned reply; /* nothing is read until it went out */
	bool waits_for_room;         /* the last packet did not fit: epoll tells */
	uint64_t retry_ms;           /* and epoll's word was wrong: try then; 0 = not */
};

enum daemon_state {
	DAEMON_WAITING, /* none; start_ms says when */
	DAEMON_STARTED, /* runs, has not said READY */
	DAEMON_READY,
	DAEMON_GIVEN_UP /* none; the keeper answers connections */
};

enum stop_phase {
	STOP_NOT,
	STOP_ASKED,   /* the daemon was sent SIGTERM and ends things in order */
	STOP_LEAVING, /* the daemon said STOP; it is given a moment to end itself */
	STOP_HANGUP,  /* no daemon: sessions got SIGHUP */
	STOP_DONE
};

struct supervisor {
	enum daemon_state state;
	enum stop_phase stop;
	pid_t pid;      /* 0 = none */
	bool is_broken; /* it broke the protocol: killed by us, its fault */
	uint32_t n_starts;
	uint32_t n_failures;    /* faults in a row: decides the wait */
	uint32_t n_never_ready; /* faults before READY in a row: decides giving up */
	int last_status;
	uint64_t started_ms; /* when it was started */
	uint64_t start_ms;   /* WAITING: when to start it */
	uint64_t kill_ms;    /* it closed the link: when to kill it; 0 = not */
	uint64_t stop_ms;    /* stopping: when to go on to the next phase */
	uint64_t oom_kills;  /* of the system, when it started */
	const char *const *argv;
};

struct keeper {
	struct place place;
	struct table table;
	struct link link;
	struct supervisor daemon;
	struct spawn_limits original;
	int daemon_oom_score_adj;
	int epoll_fd, signal_fd, arena_fd;
	uint64_t started_wall_us;
	bool has_more_dead; /* reaping was cut short */
};

uint64_t keeper_now_ms(void);
void keeper_poll(struct keeper *k, int fd, uint32_t events, enum poll_kind kind, uint32_t index);
void keeper_unpoll(struct keeper *k, int fd);

/* @fd: our end of a fresh pair; owned. */
void link_up(struct keeper *k, int fd);
void link_down(struct keeper *k);
void link_on_event(struct keeper *k, uint32_t events);
void link_flush(struct keeper *k); /* send what is owed, as far as there is room */
void link_drain(struct keeper *k); /* the daemon is dead: do what it still asked for */

void daemon_on_exit(struct keeper *k, int status);
void daemon_on_ready(struct keeper *k);
void daemon_on_stop(struct keeper *k);
void daemon_on_broken(struct keeper *k, const char *why);
void daemon_on_hangup(struct keeper *k);     /* SIGHUP */
void daemon_on_terminate(struct keeper *k);  /* SIGTERM, SIGINT */
void daemon_on_connection(struct keeper *k); /* given up: somebody connects */
void daemon_on_time(struct keeper *k);
void daemon_end_children(struct keeper *k); /* the last thing: nobody survives */

void keeper_reap(struct keeper *k);
uint64_t keeper_deadline(const struct keeper *k); /* ms; UINT64_MAX = none */

#endif
