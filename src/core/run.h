/*
 * Commands that were asked for: typed into the pane's shell at its prompt, and
 * what became of them, by the marks (command.h).
 *
 *   QUEUED --> TYPED --C--> BEGUN --D--> ENDED --B--> OVER
 *                |                         |
 *                +--------- D, B ----------+     ENDED waits for the next prompt, so that
 *                                                who is answered finds the shell ready
 *
 * At most one of a pane, the first in its list, is behind QUEUED.  One that is over
 * is kept for a while, to be asked for again.  A blind one goes without marks: it
 * is BEGUN when it was typed, and over when the pane was quiet.
 */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/capture.h"
#include "core/command.h"

enum run_phase { RUN_QUEUED, RUN_TYPED, RUN_BEGUN, RUN_ENDED, RUN_OVER };

#define RUN_KEY_BYTES 65

struct run {
	struct list link;     /* pane.runs; OVER: pane.runs_over */
	struct list all_link; /* core.runs, until OVER */
	struct list waiters;  /* struct run_waiter.link */
	struct pane *pane;
	uint64_t number;
	enum run_phase phase;
	bool is_blind, wants_queue;
	bool has_run, has_exit, is_shell_gone;
	bool is_catching_up;     /* with what it printed before this daemon was there */
	bool is_unread;          /* OVER: its output was not looked for yet */
	char key[RUN_KEY_BYTES]; /* of the request; "": none */
	int exit_code;
	unsigned n_looks; /* at the line editor, or at a shell that does not begin */
	int64_t idle_ms;
	char *typed;                  /* as asked for, without the end of its line */
	char *text, *cwd, *cwd_after; /* NULL: not known */
	const char *shell;
	uint64_t asked_ns, typed_ns, look_ns; /* look_ns: when to look again */
	uint64_t typed_at;                    /* position of the output then */
	uint64_t started_us, started_ns, ended_ns;
	uint64_t from, to, fed; /* of its output */
	struct core_budget budget;
	struct capture capture; /* BEGUN */
	struct buf output;      /* ENDED */
	struct core_extract extract;
};

struct run_waiter {
	struct list link;
	uint64_t id;
	uint64_t deadline_ns; /* 0: none */
	core_run_fn *on_done;
	void *user;
};

/* Told by command.c and the life of the pane. */
uint64_t run_number_typed(struct pane *p); /* of the command about to begin */
void run_on_begin(struct pane *p);
void run_on_end(struct pane *p);
void run_on_nothing(struct pane *p, uint64_t at, int status); /* the line ran nothing */
void run_on_prompt(struct pane *p);
/* Output is there up to @to; @is_end: the next byte is no longer the command's. */
void run_on_output(struct pane *p, uint64_t to, bool is_end);
void run_on_exit(struct pane *p);
void run_drop_pane(struct pane *p);
void run_init(struct core *c);

/* Between run.c and run_ask.c. */
#define RUN_MS 1000000ull
#define RUN_KEPT_MAX 16u                     /* results of a pane */
struct run *run_first(const struct pane *p); /* NULL: none is under way */
void run_free(struct run *r);
void run_advance(struct pane *p); /* type the next one, if it may be */
void run_settle(struct core *c);  /* the timer is set to what is due next */
void run_answer(const struct run *r, struct run_waiter *w);
struct run *run_find(struct pane *p, uint64_t number); /* 0: the last; NULL: not known */

/* run_log.c: for and after a crash of the daemon. */
json_t *run_to_json(const struct pane *p); /* NULL: there is none */
void run_from_json(struct pane *p, const json_t *v);
void run_catch_up(struct run *r);  /* read what it printed so far */
void run_caught_up(struct run *r); /* in run.c: go on from there */

/* run_type.c: typing.  0: it was typed; RUN_E_*; FAIL_E_FAILED with @reterr. */
enum { RUN_E_NOT_READY = 2 };
NODISCARD int run_type(struct run *r, struct fail *reterr);
/* Why nothing is typed there now: what the pane does. */
void run_fail_busy(struct pane *p, struct fail *reterr);
/* How many of the bytes [from, to) may belong to what is shown behind the output. */
uint64_t run_held_back(const struct pane *p, uint64_t from, uint64_t to);
/* Leave out what the shell said to us and what fish puts before the output. */
void run_clean_raw(const struct run *r, struct buf *b);
/* Is the line editor waiting for more, though Enter was pressed? */
bool run_is_stuck(const struct run *r);

#endif
