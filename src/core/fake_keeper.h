/* For the core's tests: a keeper that starts nothing.  The test holds the slave
 * side of each pane's terminal and so plays the program too. */
#ifndef CORE_FAKE_KEEPER_H
#define CORE_FAKE_KEEPER_H

#include <uv.h>

#include "core/core.h"
#include "keeper/proto.h"

#define FAKE_PANES 16

struct fake_keeper {
	char dir[64]; /* state directory, made by fake_keeper_init() */
	uv_loop_t loop;
	struct core *core;
	int ours, theirs; /* the socket pair */
	int arena_fd, listen_fd;
	uint32_t n_restarts;
	int fail_step, fail_error; /* != 0: answer the next SPAWN with it */
	bool is_silent;            /* spawns are not answered */
	bool is_slow;              /* nor begun: the child stays STARTING */
	bool is_deaf;              /* FORGETs are not read */
	struct fake_pane {
		struct keeper_child child;
		int master, slave; /* PTY; or pipe's read end, -1 */
		int out, err;      /* no-pty: what the program would write to */
		int fds[2];        /* what the daemon gets */
	} panes[FAKE_PANES];
	unsigned n_panes;
	unsigned n_events[CORE_N_EVENTS];
	uint64_t last_exit_seq, last_exit_err_seq;
	unsigned n_serving, n_gone;
	struct keeper_signal last_signal;
	unsigned n_signals, n_forgotten;
	bool is_stopped;
};

void fake_keeper_init(struct fake_keeper *k);
void fake_keeper_fini(struct fake_keeper *k);
/* For cmocka: one that runs, in *state. */
int fake_keeper_setup(void **state);
int fake_keeper_teardown(void **state);

/* Start a core; after fake_keeper_crash() again, as the keeper would. */
void fake_keeper_start(struct fake_keeper *k, const struct core_config *config);
/* The daemon is gone without a word (what it holds in memory is freed). */
void fake_keeper_crash(struct fake_keeper *k);

/* Turn loop and keeper until *flag, at most 5 s (then the test fails). */
void fake_keeper_until(struct fake_keeper *k, const bool *flag);
void fake_keeper_until_count(struct fake_keeper *k, const unsigned *count, unsigned n);
/* Until that many bytes of the pane were read. */
void fake_until_seq(struct fake_keeper *k, struct pane *p, uint64_t seq);
/* The program prints; returns when all of it was read. */
void fake_print(struct fake_keeper *k, struct pane *p, const char *text);
void fake_keeper_turn(struct fake_keeper *k, unsigned n);

/* What the pane printed, from the ring or the journal, at most @max bytes from @from
 * on, appended to @out; returns where it begins. */
uint64_t fake_read(struct fake_keeper *k, struct pane *p, enum core_stream which, uint64_t from,
		   size_t max, struct buf *out);
/* All that was queued for the journals is written, and the core knows. */
void fake_journal(struct fake_keeper *k);

struct fake_pane *fake_pane_of(struct fake_keeper *k, uint64_t number);
/* The program ends: the keeper reports it; the slave is closed if @closes. */
void fake_pane_exit(struct fake_keeper *k, uint64_t number, int status, bool closes);

/* The keeper tells that it was started, once again or late (@step: or not). */
void fake_spawned(struct fake_keeper *k, uint64_t number, uint32_t generation, int step);
/* Between two daemons: the keeper no longer has the pane. */
void fake_keeper_lose(struct fake_keeper *k, uint64_t number);
struct pane *fake_pane(struct fake_keeper *k, uint64_t number); /* NULL: the core has none */

/* core_pane_create() and what came of it. */
struct fake_created {
	uint64_t pane;
	struct fail fail;
	bool is_done;
};
void fake_on_created(struct pane *p, const struct fail *f, void *user);
struct pane *fake_create(struct fake_keeper *k, const struct pane_spec *spec,
			 struct fake_created *ret);
struct pane_spec fake_spec(void);

#endif
