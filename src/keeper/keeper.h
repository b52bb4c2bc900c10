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
	bool owes_listening, owes_upgraded, owes_ping;
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
	/* What is started: an open file, since another may lie at the path by now. */
	int program_fd;
	int trial_fd;      /* the upgrade's; -1 = none.  In the place of program_fd once READY */
	bool is_on_trial;  /* the present daemon is that one */
	uint64_t trial_ms; /* when its time is over; 0 = no limit */
	uint64_t ask_ms;   /* it owes a PONG: when to look at it again; 0 = it does not */
	uint64_t ask_cpu;  /* what it had used, in ticks, when it was asked ... */
	uint64_t look_cpu; /* ... and at the last look */
};

/* Upgrades: the last one or the one under way (proto.h). */
struct upgrade {
	struct keeper_upgraded result; /* .state NONE: there was none */
	uint64_t begun_ms;
	uint32_t timeout_ms;
	int keeper_fd;      /* the program that we are to become; -1 = none */
	pid_t check_pid;    /* it says whether it understands our state; 0 = nobody does */
	uint64_t check_ms;  /* when its time is over */
	bool is_understood; /* it does */
};

struct keeper {
	struct place place;
	struct table table;
	struct link link;
	struct supervisor daemon;
	struct upgrade upgrade;
	struct spawn_limits original;
	int daemon_oom_score_adj;
	int epoll_fd, signal_fd, arena_fd;
	uint64_t started_wall_us;
	bool has_more_dead; /* reaping was cut short */
	bool is_foreground;
	uint32_t look_ms; /* between two looks at a daemon that does not answer */
	char **argv;      /* main()'s */
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

/* upgrade.c */
void upgrade_begin(struct keeper *k, const struct keeper_upgrade *m, int fd);
void upgrade_on_ready(struct keeper *k);
/* The daemon died.  True: it was on trial; what was there before is to be started. */
bool upgrade_on_exit(struct keeper *k, int status);
/* A child that is in no table died: the check of our state? */
void upgrade_on_reaped(struct keeper *k, pid_t pid, int status);
void upgrade_on_time(struct keeper *k);
/* At the end of a turn: become the other keeper.  Returns if that is not to be. */
void upgrade_become(struct keeper *k);
/* We are the other keeper. */
void upgrade_done(struct keeper *k);
/* execv() of an open file; @path (NULL: none) if that cannot be. */
void program_exec(int fd, const char *path, const char *const *argv);

/* watch.c: a daemon that hangs without dying */
void watch_ask(struct keeper *k); /* PING, unless one is unanswered */
void watch_on_pong(struct keeper *k);
void watch_on_time(struct keeper *k);

/* image.c: our state as bytes, for the keeper that takes our place */
NODISCARD int image_write(const struct keeper *k, int *ret_fd); /* a memfd */
enum { IMAGE_E_UNKNOWN = 1 };
/* Everything but epoll and signals.  IMAGE_E_UNKNOWN: made by a keeper that we do
 * not understand, or damaged; @why (a literal) is set then. */
NODISCARD int image_read(struct keeper *k, int fd, const char **why);
/* Whether exec keeps what the image names. */
void image_keep_fds(const struct keeper *k, bool keep);

void keeper_reap(struct keeper *k);
uint64_t keeper_deadline(const struct keeper *k); /* ms; UINT64_MAX = none */

#endif
