/*
 * For tests: a server on a socket in a fresh directory, played by a script that
 * runs in a thread.  The script says what it expects and what it answers; what
 * goes against its expectation aborts the test.
 */
#ifndef CLIENT_FAKE_SERVER_H
#define CLIENT_FAKE_SERVER_H

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>

#include "client/client.h"

struct fake {
	char dir[64];
	struct places places;
	int listen_fd;
	int fd;        /* the connection, -1 none */
	FILE *in;      /* of fd */
	int passed_fd; /* received with the last message, -1 none */
	pthread_t thread;
	void (*script)(struct fake *f);
};

void fake_start(struct fake *f, void (*script)(struct fake *f));
/* Wait for the script's end and clean up. */
void fake_stop(struct fake *f);

/* For the script. */
void fake_accept(struct fake *f); /* and answer hello */
void fake_accept_silently(struct fake *f);
void fake_hang_up(struct fake *f);
/* The next request, which must be of @method; the caller owns it. */
json_t *fake_expect(struct fake *f, const char *method);
void fake_answer(struct fake *f, json_t *request, json_t *result); /* takes both */
void fake_event(struct fake *f, const char *method, json_t *params);
void fake_send(struct fake *f, const char *text);

/* Client on the fake server, resuming if asked. */
struct client *fake_client(struct fake *f, bool wants_resume, const struct client_ops *ops);

#endif
