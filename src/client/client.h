/*
 * A client of orchflowd: connect (starting the keeper when none runs), call,
 * stream, and go on after the daemon was gone for a moment.  It is what the
 * command line, the MCP server, the gateways and plugins are built on.
 *
 * One connection, one thread, no loop of its own: either call blockingly, or
 * put client_fd() into a poll set.  It knows what may safely be repeated, and
 * little else of the methods it carries.
 *
 * Results: 0; FAIL_E_FAILED with a struct fail; a fault (-errno).  A failure
 * that did not come from the server (no connection, not trusted, ...) has code
 * FAIL_NONE and says all in `detail`.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <jansson.h>

#include "base/fail.h"
#include "client/places.h"

#define CLIENT_PROTOCOL_MIN 1
#define CLIENT_PROTOCOL_MAX 1
#define CLIENT_CONNECT_TIMEOUT_NS 10000000000ull
#define CLIENT_RESUME_TIMEOUT_NS 30000000000ull
#define CLIENT_INPUT_MAX (1u << 20) /* bytes of input that may wait here, per pane */

struct client;

enum client_stream { CLIENT_OUT, CLIENT_ERR };

/* The whole screen, instead of bytes: what a terminal of that size shows at @seq. */
struct client_screen {
	uint64_t seq;
	int cols, rows;
	const char *data; /* for a terminal that was just reset; begins with that reset */
	size_t n;
};

/* Callbacks; each may be NULL.  They run inside client_dispatch() and
 * client_poll(), never inside a blocking call. */
struct client_ops {
	/* @data is valid during the call.  Pieces come in order, each byte once. */
	void (*on_output)(const char *pane, enum client_stream s, const char *data, size_t n,
			  void *user);
	/* Bytes [from, to) of the stream are not to be had. */
	void (*on_gap)(const char *pane, enum client_stream s, uint64_t from, uint64_t to,
		       void *user);
	/* Of a stream with wants_snapshot: first of all, and where else there would be
	 * a gap. */
	void (*on_screen)(const char *pane, const struct client_screen *screen, void *user);
	/* Any other notification.  After a reconnection `pane.deleted` also comes
	 * for a streamed pane that is no longer there. */
	void (*on_event)(const char *method, json_t *params, void *user);
	/* Connected again after @down_ns; streams go on, requests were repeated. */
	void (*on_resumed)(uint64_t down_ns, void *user);
	/* Input that did not go in: @n bytes were thrown away because of @f. */
	void (*on_input_lost)(const char *pane, size_t n, const struct fail *f, void *user);
	void *user;
};

struct client_options {
	const char *name;    /* for the server's log: "orchflow ls" */
	bool wants_start;    /* start a keeper when none runs */
	bool wants_msgpack;  /* for streams: bytes travel as they are */
	bool wants_resume;   /* reconnect when the connection is lost */
	uint64_t timeout_ns; /* until the server said hello; 0 = CLIENT_CONNECT_TIMEOUT_NS */
	struct client_ops ops;
};

/* The server's hello; all zero until it came. */
struct client_server {
	char version[32];
	int protocol;
	int daemon_pid, keeper_pid;
};

/*
 * Connect.  Returns as soon as the kernel has the connection: hello travels
 * with the first request, and its failure is that request's failure.
 *
 * @places  copied; @options copied, the strings in it too.
 * Failure: also CLIENT_E_DOWN (with @reterr): nothing runs and wants_start is
 *          not set.
 */
enum { CLIENT_E_DOWN = FAIL_E_FAILED + 1 };
NODISCARD int client_open(const struct places *places, const struct client_options *options,
			  struct client **ret, struct fail *reterr);
struct client *client_close(struct client *c);
DEFINE_CLEANUP(struct client *, client_close);

/* Valid after the first answer. */
const struct client_server *client_server(const struct client *c);
/* The socket that we are connected to. */
const char *client_socket(const struct client *c);

/*
 * Call and wait for the answer.  Events that arrive meanwhile wait for the next
 * client_dispatch().
 *
 * @params      an object or array, or NULL; the reference is taken over.
 * @ret_result  may be NULL; else the caller owns the reference.
 *
 * If the connection is lost meanwhile and wants_resume is set, a request that
 * is safe to repeat is repeated; any other fails.
 */
NODISCARD int client_call(struct client *c, const char *method, json_t *params, json_t **ret_result,
			  struct fail *reterr);
/* The same with a descriptor that rides along; it stays the caller's. */
NODISCARD int client_call_fd(struct client *c, const char *method, json_t *params, int fd,
			     json_t **ret_result, struct fail *reterr);

/* Call without waiting.  @done comes once, from client_dispatch(); @result is
 * borrowed, NULL on failure.  Dropped silently by client_close(). */
typedef void client_reply_fn(json_t *result, const struct fail *f, void *user);
NODISCARD int client_send(struct client *c, const char *method, json_t *params,
			  client_reply_fn *done, void *user);

/* ---- streams ---- */

enum client_from { CLIENT_FROM_NOW, CLIENT_FROM_START, CLIENT_FROM_SEQ };

struct client_stream_spec {
	const char *pane; /* an id; copied */
	enum client_stream stream;
	enum client_from from;
	uint64_t seq;        /* CLIENT_FROM_SEQ */
	bool wants_pause;    /* a slow reader stops the pane instead of losing output */
	bool wants_snapshot; /* begin with the screen (and again after a reconnection) */
};
/*
 * Blocking.  At most one per pane and stream.  Several are asked for at once: a
 * pane that is held until somebody listens (pane.create, `hold`) then finds all
 * its listeners.  On failure some may have been made.
 */
#define CLIENT_SUBSCRIBE_MAX 8
NODISCARD int client_subscribe(struct client *c, const struct client_stream_spec *specs, size_t n,
			       struct fail *reterr);
NODISCARD int client_unsubscribe(struct client *c, const char *pane, enum client_stream s,
				 struct fail *reterr);
/* Position behind the last byte that on_output had; 0 if there is no such stream. */
uint64_t client_stream_seq(const struct client *c, const char *pane, enum client_stream s);

/* View @pane with a terminal of that size, now and after each reconnection;
 * again = new size.  Not waiting. */
NODISCARD int client_attach(struct client *c, const char *pane, int cols, int rows,
			    bool ignore_size);

/*
 * Type into @pane.  Queued, sent one piece at a time, and after a reconnection
 * only what did not go in is sent again.
 *
 * client_input_begin() first; @input_seq: of the pane, as last told by the server.
 * CLIENT_E_FULL: CLIENT_INPUT_MAX bytes wait already; nothing was taken.
 */
enum { CLIENT_E_FULL = 1 };
NODISCARD int client_input_begin(struct client *c, const char *pane, uint64_t input_seq);
NODISCARD int client_input(struct client *c, const char *pane, const void *data, size_t n);
size_t client_input_waiting(const struct client *c, const char *pane);

/* ---- for poll loops ---- */

int client_fd(const struct client *c);            /* -1 while there is no connection */
short client_poll_events(const struct client *c); /* POLLIN, POLLOUT */
int client_timeout_ms(const struct client *c);    /* until client_dispatch() is due; -1 none */

/* Do what can be done without waiting.  A failure is final: the connection is
 * gone for good. */
NODISCARD int client_dispatch(struct client *c, struct fail *reterr);
/* poll() for at most @timeout_ms (-1: for ever), then client_dispatch(). */
NODISCARD int client_poll(struct client *c, int timeout_ms, struct fail *reterr);

#endif
