/*
 * The API server: clients on a listening socket, their requests to the core,
 * the core's events to them.  Knows nothing of files, signals or the keeper:
 * what only the daemon knows comes through struct api_hooks.
 *
 * Life: api_server_new, core_new (with api_server_on_event among its ops),
 * api_server_set_core, api_server_listen ... api_server_stop, one more run of
 * the loop, core_free, api_server_free.
 */
#ifndef API_SERVER_H
#define API_SERVER_H

#include <uv.h>

#include "api/method.h"
#include "core/core.h"

struct api_server;

#define API_PROTOCOL 1 /* version of what clients speak; rpc.hello negotiates */

/* server.upgrade */
struct api_upgrade {
	bool is_keeper;     /* its program, else the daemon's */
	bool is_check;      /* look only */
	const char *binary; /* NULL: what is installed */
	const char *key;    /* NULL: none */
	uint32_t timeout_ms;
};
struct api_upgraded {
	const char *from, *to; /* versions */
	const char *binary;
	uint32_t took_ms;
};
typedef void api_upgraded_fn(const struct api_upgraded *u, const struct fail *f, void *user);

struct api_config {
	uint32_t max_sessions, max_panes; /* the core's, for server.status */
	uint32_t max_clients;             /* 1,000 */
	size_t max_request_bytes;         /* 4 MiB */
	size_t max_stream_bytes;          /* waiting for one client: 1 MiB */
};
void api_config_init(struct api_config *c);

/* What the daemon answers.  All run inside a request; they may not block. */
struct api_hooks {
	const char *socket_path, *state_dir; /* valid as long as the server */
	/* Members of server.status: config_path, config_error. */
	void (*status)(struct rpc_writer *w, void *user);
	/* Read the configuration again.  On success the members `path` and
	 * `changed` of the result are written. */
	int (*reload)(struct fail *reterr, void *user);
	void (*write_reloaded)(struct rpc_writer *w, void *user);
	/* Members of server.metrics. */
	void (*metrics)(struct rpc_writer *w, void *user);
	void (*metrics_text)(struct buf *out, void *user);
	/* @done comes once, maybe before this returns; never when this daemon goes: the
	 * next one knows by the key what to answer.  @spec and what it points to are
	 * valid during the call. */
	void (*upgrade)(const struct api_upgrade *spec, api_upgraded_fn *done, void *done_user,
			void *user);
	/* server.shutdown was answered: leave the loop soon. */
	void (*stop)(void *user);
	void *user;
};

NODISCARD int api_server_new(uv_loop_t *loop, const struct api_config *config,
			     const struct api_hooks *hooks, struct api_server **ret);
struct api_server *api_server_free(struct api_server *s);
void api_server_configure(struct api_server *s, const struct api_config *config);
void api_server_set_core(struct api_server *s, struct core *core);

/* Accept clients on @fd, which is taken over, instead of on any earlier one. */
NODISCARD int api_server_listen(struct api_server *s, int fd);
/* Adopt one connected socket, as if it had been accepted; @fd is taken over. */
NODISCARD int api_server_adopt(struct api_server *s, int fd);

/* core_ops.on_event */
void api_server_on_event(struct api_server *s, enum core_event kind, struct pane *p,
			 struct session *session);
/* Tell everybody that the end is near (server.stopping), once. */
void api_server_announce_stop(struct api_server *s);

/* Send what is queued, as far as it goes at once; then accept nothing and close
 * every connection.  The core must still be there. */
void api_server_stop(struct api_server *s);
/* Before another daemon takes over: accept nobody, and refuse every request that comes
 * (UPGRADING).  Those under way go on. */
void api_server_hand_over(struct api_server *s);
/* Calls that are not answered; who waits for something to happen is not counted. */
uint32_t api_server_n_under_way(const struct api_server *s);
/* Answer what can still be answered: who waits, and what clients sent until now.
 * api_server_stop() follows. */
void api_server_leave(struct api_server *s);
/* Until the loop has run their last callbacks. */
bool api_server_has_clients(const struct api_server *s);

struct api_stats {
	uint32_t n_clients, n_subscriptions, n_pending;
	uint64_t n_accepted, n_refused, n_requests, n_errors, n_parse_errors, n_events,
		n_events_lost, n_bytes_in, n_bytes_out, n_turns, n_sends;
	uint64_t n_undocumented; /* answers with an error that the table does not list */
	size_t queue_bytes;      /* waiting for all clients */
	struct hist send;        /* one system call that wrote to a client */
};
void api_server_get_stats(const struct api_server *s, struct api_stats *ret);
const struct api_method_stats *api_server_method_stats(const struct api_server *s, size_t method);

/* docs/protocol.md */
void api_protocol_markdown(struct buf *out);

#endif
