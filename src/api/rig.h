/* For the api's tests: a server over a fake core, and clients on socketpairs. */
#ifndef API_RIG_H
#define API_RIG_H

#include "api/fake_core.h"
#include "api/server.h"
#include "rpc/frame.h"

struct rig {
	uv_loop_t loop;
	struct core *core;
	struct pane *pane; /* p1 */
	struct api_server *server;
	bool is_stopped; /* hooks.stop came */
	bool wants_reload_error;
};

struct peer {
	struct rig *rig;
	int fd;
	bool is_eof;
	struct rpc_framer framer;
};

/* @config NULL: the defaults. */
void rig_init(struct rig *r, const struct api_config *config);
void rig_fini(struct rig *r);
/* A few rounds of the loop: whatever can happen at once has happened. */
void rig_spin(struct rig *r);

void peer_init(struct peer *p, struct rig *r);
void peer_fini(struct peer *p);
/* Bytes as they are; the loop runs while the socket is full. */
void peer_send_raw(struct peer *p, const void *data, size_t n);
void peer_send(struct peer *p, const char *json); /* and a newline */
/* The next message, owned by the caller; NULL if none comes. */
json_t *peer_receive(struct peer *p);
/* Send, then receive. */
json_t *peer_ask(struct peer *p, const char *json);
/* Ask, and expect {"result": ...}: the result, owned by the caller. */
json_t *peer_result(struct peer *p, const char *json);
/* Ask, and expect an error of that name. */
void peer_expect_error(struct peer *p, const char *json, const char *name);
/* Read and throw away everything that is there. */
size_t peer_drain(struct peer *p);
/* Run until the server has closed the connection. */
bool peer_is_closed(struct peer *p);

#endif
