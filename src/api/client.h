/* A client: its connection and all that is held on its behalf. */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include "api/conn.h"

struct api_server;

struct client {
	struct conn conn;
	struct api_server *server;
	struct list calls;   /* struct api_call.link: deferred */
	struct list streams; /* struct stream_sub.link */
	struct list watches; /* struct watch.link */
	uint32_t n_calls;
	uint32_t n_batches;     /* unanswered */
	uint32_t n_subs;        /* streams and watches */
	uint32_t n_bad;         /* parse errors in a row */
	uint32_t pid;           /* of who connected; 0 unknown */
	unsigned scopes;        /* enum api_scope */
	bool is_viewer;         /* pane.attach was called */
	uint64_t last_event;    /* api_server.n_events when one was last sent */
	uint64_t n_events_lost; /* since the client was last told */
};

static inline struct client *client_of(struct conn *c)
{
	return CONTAINER_OF(c, struct client, conn);
}

extern const struct conn_ops client_conn_ops;

/* @fd is taken over in every case.  -errno. */
NODISCARD int client_new(struct api_server *server, int fd, uint32_t pid);

/* dispatch.c */
void client_on_message(struct conn *c, const char *p, size_t n);
void client_on_oversized(struct conn *c);

#endif
