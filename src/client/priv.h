/* Shared by the files of this module; nobody else includes it. */
#ifndef CLIENT_PRIV_H
#define CLIENT_PRIV_H

#include "base/buf.h"
#include "base/list.h"
#include "client/client.h"
#include "rpc/frame.h"
#include "rpc/value.h"

#define CLIENT_FRAME_MAX (16u << 20)   /* bytes of one message from the server */
#define CLIENT_QUEUE_MAX (64u << 20)   /* bytes of events that may wait for a blocking call */
#define CLIENT_WRITE_PIECE (64u << 10) /* bytes of input in one request */
#define CLIENT_POKE_NS 3000000000ull   /* without an answer: then the keeper is told */
#define CLIENT_BACKOFF_MIN_NS 5000000ull
#define CLIENT_BACKOFF_MAX_NS 250000000ull

/*
 * DOWN --connect--> HELLO --answer to hello--> UP --loss--> DOWN | DEAD
 *                     `--loss--> DOWN | DEAD
 * Requests are written in HELLO and UP.  DEAD is final; `death` says why.
 */
enum client_state { CLIENT_DOWN, CLIENT_HELLO, CLIENT_UP, CLIENT_DEAD };

struct client_request {
	struct list link; /* client.requests, in the order of sending */
	uint64_t id;
	char *method;
	json_t *params;       /* NULL: {} */
	struct buf data;      /* BYTES parameter `data`, if not empty */
	uint64_t deadline_ns; /* from timeout_ms, which shrinks when repeated; 0 none */
	bool is_repeatable;
	unsigned n_sent;
	bool is_sent; /* on the present connection */
	bool is_own;  /* of the machinery of resuming, which makes a new one: dropped on loss */
	int fd;       /* rides along; -1 none.  Ours until answered */
	client_reply_fn *done;
	void *user;
};

struct client_event {
	struct list link; /* client.events, oldest first */
	json_t *message;  /* the notification */
	size_t bytes;
};

struct client_sub {
	struct list link; /* client.subs */
	struct client *client;
	char *pane;
	enum client_stream stream;
	bool wants_pause, wants_snapshot;
	bool is_known; /* seq is set */
	uint64_t seq;  /* next byte for on_output */
	int64_t id;    /* of the server; < 0 not (yet) subscribed */
};

struct client_typing {
	struct list link; /* client.typings */
	struct client *client;
	char *pane;
	struct buf data;  /* in flight, then waiting */
	size_t in_flight; /* bytes at the front of data */
	uint64_t acked;   /* input_seq before data */
	bool is_asking;   /* pane.get after a reconnection is under way */
};

struct client {
	struct places places;
	char socket[PLACES_SOCKET_MAX];
	char *name;
	bool wants_start, wants_resume;
	enum rpc_encoding enc; /* after hello */
	uint64_t timeout_ns;
	struct client_ops ops;

	enum client_state state;
	int fd;
	struct rpc_framer framer;
	struct buf out;
	uint64_t next_id;
	uint64_t hello_id;
	struct client_server server;
	struct fail death; /* DEAD */
	bool is_stopping;  /* server.stopping was seen */

	uint64_t deadline_ns; /* DOWN, HELLO: give up then */
	uint64_t poke_ns;     /* HELLO, or input is under way: does the daemon hang?  0: told */
	uint64_t lost_ns;     /* when the connection was lost; 0: not since UP */
	uint64_t next_try_ns; /* DOWN */
	uint64_t backoff_ns;

	struct list requests, events, subs, typings;
	size_t n_event_bytes;
	unsigned n_blocking; /* blocking calls on the stack: events wait */

	struct {
		char *pane;
		int cols, rows;
		bool ignore_size;
	} viewed;
};

/* ---- client.c ---- */
/* Fill @f with a failure of our own; returns FAIL_E_FAILED. */
int client_failf(struct fail *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The end: every request fails with @f, nothing is tried any more. */
void client_die(struct client *c, const struct fail *f);

/* ---- start.c ---- */
/* Start a keeper; its word decides.  START_E_BUSY: another one has the lock. */
enum { START_E_BUSY = FAIL_E_FAILED + 1 };
NODISCARD int start_keeper(const struct places *p, struct fail *reterr);

/* ---- connect.c ---- */
/* One attempt, not waiting for the server to accept.  CONNECT_E_NOBODY: nothing
 * listens there (ENOENT, ECONNREFUSED); CONNECT_E_LATER: its queue is full. */
enum { CONNECT_E_NOBODY = FAIL_E_FAILED + 1, CONNECT_E_LATER };
NODISCARD int connect_socket(const char *path, int *ret_fd, struct fail *reterr);
/* Find or start a keeper and connect. */
NODISCARD int connect_first(struct client *c, struct fail *reterr);
/* Queue hello on a fresh connection. */
NODISCARD int connect_adopt(struct client *c, int fd);

/* ---- call.c ---- */
NODISCARD int call_new(struct client *c, const char *method, json_t *params,
		       struct client_request **ret);
struct client_request *call_free(struct client_request *q);
/* Put it on the wire if there is one; takes @q over. */
NODISCARD int call_submit(struct client *c, struct client_request *q);
NODISCARD int call_write(struct client *c, struct client_request *q);
/* Answer @q and free it.  @result borrowed; exactly one of the two is set. */
void call_answer(struct client_request *q, json_t *result, const struct fail *f);
/* A blocking call in two parts, so that several can be under way at once.  The
 * slot must stay where it is in between, and call_end() must be called. */
struct call_slot {
	struct client_request *request; /* NULL once it is answered */
	json_t *result;                 /* NULL: it failed with f */
	struct fail f;
};
NODISCARD int call_begin(struct client *c, const char *method, json_t *params, int fd,
			 struct call_slot *ret);
NODISCARD int call_end(struct client *c, struct call_slot *slot, json_t **ret_result,
		       struct fail *reterr);
/* As client_send(), for a request with is_own. */
NODISCARD int call_send_own(struct client *c, const char *method, json_t *params,
			    client_reply_fn *done, void *user);
/* @user goes away: its requests are answered to nobody. */
void call_forget(struct client *c, const void *user);
/* A message of the server. */
NODISCARD int call_receive(struct client *c, json_t *message, size_t bytes, struct fail *reterr);
void call_failure_of(const json_t *error, struct fail *ret);

/* ---- stream.c ---- */
void stream_event(struct client *c, const char *method, json_t *params);
NODISCARD int stream_resume(struct client *c);
struct client_sub *stream_free(struct client_sub *s);

/* ---- input.c ---- */
NODISCARD int input_resume(struct client *c);
struct client_typing *input_free(struct client_typing *t);

/* ---- resume.c ---- */
/* The connection is lost (@why); DOWN or DEAD afterwards. */
void resume_lost(struct client *c, const char *why);
/* DOWN: try again if it is time. */
NODISCARD int resume_try(struct client *c);
/* Hello was answered. */
NODISCARD int resume_up(struct client *c);

#endif
