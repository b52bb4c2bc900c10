/* The server's inside, shared by api's own files and nobody else. */
#ifndef API_STATE_H
#define API_STATE_H

#include "api/client.h"
#include "api/server.h"

#define API_MAX_BATCH 200u
#define API_MAX_BAD 16u                 /* parse errors in a row before the connection is closed */
#define API_MAX_SUBSCRIPTIONS 4096u     /* of one client */
#define API_MAX_ANSWER_BYTES (8u << 20) /* waiting answers before a client is not read from */

struct api_system {
	uint64_t seen_ms; /* loop time; 0 never */
	uint64_t pty_max, pty_used, nofile;
};

struct api_server {
	uv_loop_t *loop;
	struct core *core; /* NULL before and after its life */
	struct api_config config;
	struct api_hooks hooks;
	struct conn_hub hub;
	uv_poll_t *listener; /* NULL: not listening; its memory goes with its handle */
	int listen_fd;
	int spare_fd; /* given up for a moment to refuse when descriptors are out */
	uint64_t started_us;
	uint64_t next_subscription;
	struct list watches;            /* struct watch.all_link */
	uint64_t n_events;              /* that happened, watched or not */
	struct list orphans;            /* struct api_call.link: deferred, the client went */
	struct rpc_writer writer;       /* of the answer being written */
	size_t frame;                   /* its rpc_frame_begin() mark */
	struct api_method_stats *stats; /* by index of the table */
	struct api_stats counters;
	uint32_t base_daemon_fds, base_keeper_fds; /* without panes and clients; 0 unknown */
	struct api_system system;                  /* for server.status */
	bool is_stop_announced;
	bool is_handing_over; /* requests are refused: the next daemon takes them */
};

/* methods_server.c */
void server_upgrade(struct api_call *call);
/* server.c */
void server_close_listener(struct api_server *s);
/* watch.c: events.subscribe */
void watches_drop(struct client *client);
void watches_on_drained(struct client *client);
/* stream.c: pane.subscribe */
void streams_drop(struct client *client);
void streams_on_drained(struct client *client);

#endif
