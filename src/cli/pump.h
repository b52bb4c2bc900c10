/*
 * The loop of attach, run and tail: between stdin, the server, and stdout and
 * stderr.  Nothing is read from the server while stdout does not take what was
 * read; signals interrupt every wait.
 */
#ifndef CLI_PUMP_H
#define CLI_PUMP_H

#include "base/buf.h"
#include "client/client.h"

struct pump;

/* Each may be NULL. */
struct pump_ops {
	void (*on_input)(struct pump *p, const char *data, size_t n);
	void (*on_signal)(struct pump *p, int signo); /* SIGINT, TERM, HUP, QUIT, WINCH, TSTP */
	void (*on_deadline)(struct pump *p);          /* deadline_ns passed; it is cleared before */
	void (*on_turn)(struct pump *p); /* before each wait: append, set deadline_ns */
	/* Stdout or stderr takes no more, for ever: what is written is dropped. */
	void (*on_closed)(struct pump *p);
};

struct pump {
	struct client *client;
	const struct pump_ops *ops;
	void *user;
	struct buf out[2];    /* for stdout and stderr: append here */
	uint64_t deadline_ns; /* monotonic; 0 none */
	bool wants_input;     /* read stdin */
	bool wants_stop;      /* leave the loop once `out` is written */
	bool is_hurried;      /* ... which may take a second only, not for ever */
	bool is_closed;
	struct fail fail; /* why the connection is gone, if it is */
};

void pump_init(struct pump *p, struct client *client, const struct pump_ops *ops, void *user);
void pump_fini(struct pump *p);

/* Until wants_stop.  0; FAIL_E_FAILED: the connection is gone for good (p->fail, what
 * was read is written); a fault. */
NODISCARD int pump_run(struct pump *p);

#endif
