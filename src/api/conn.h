/*
 * Connections: bytes of a Unix stream socket in, whole messages up; answers and
 * streams down.  What a message means is the business of struct conn_ops.
 *
 * All connections of a server share a hub: the loop, one receive buffer, one
 * buffer for answers, and the lists of those that have something to do.
 *
 * Reading.  A connection is served for at most CONN_TURN_BYTES and
 * CONN_TURN_MESSAGES, then the others get their turn.  The framer borrows the
 * hub's receive buffer for the turn and keeps memory of its own only for a
 * message that is not whole yet.
 *
 * Writing.  The answers of one turn are corked and leave in one sendmsg();
 * what the socket does not take, and whatever is not the answer of the turn
 * under way, goes through the queue, which is flushed once per round of the
 * loop.  Order is kept in every case.
 *
 * Backpressure.  A connection with more than max_answer_bytes of answers
 * waiting is not read from until half of them left; streams are refused beyond
 * max_stream_bytes, and on_drained() says when half of that left.
 */
#ifndef API_CONN_H
#define API_CONN_H

#include <uv.h>

#include "api/outq.h"
#include "base/buf.h"
#include "base/hist.h"
#include "base/list.h"
#include "rpc/frame.h"

#define CONN_TURN_BYTES (64u << 10)
#define CONN_TURN_MESSAGES 64u
#define CONN_MAX_FDS 8 /* descriptors waiting for the request that wants them */

struct conn;

struct conn_ops {
	/* One message, without its frame; valid during the call.  May close @c. */
	void (*on_message)(struct conn *c, const char *p, size_t n);
	/* A message beyond max_request_bytes was skipped. */
	void (*on_oversized)(struct conn *c);
	/* After a conn_push() that was CONN_E_FULL: there is room again. */
	void (*on_drained)(struct conn *c);
	/* Does somebody still owe this client something, though it will send no
	 * more?  (Half-closed connections live as long as that.) */
	bool (*is_owed)(struct conn *c);
	/* The last call, from the loop; @c's memory is the callee's to free. */
	void (*on_closed)(struct conn *c);
};

struct conn_limits {
	size_t max_request_bytes;
	size_t max_answer_bytes;
	size_t max_stream_bytes;
};

struct conn_stats {
	uint64_t n_bytes_in, n_bytes_out, n_messages, n_turns, n_sends, n_fds_dropped;
	struct hist send; /* one system call */
};

struct conn_hub {
	uv_loop_t *loop;
	const struct conn_ops *ops;
	struct conn_limits limits;
	struct list conns;      /* struct conn.link */
	struct list dirty;      /* struct conn.dirty_link: to be flushed in on_idle() */
	struct list ready;      /* struct conn.ready_link: turn ended with messages left */
	uint32_t n_conns;       /* in `conns`: open ones and those about to be freed */
	uint32_t n_half_closed; /* the timer runs while there are any */
	struct buf rx;          /* lent to the framer of the connection being served */
	struct buf cork;        /* answers of the turn under way */
	struct buf scratch;     /* one message at a time, on its way to a struct shared */
	struct conn *corked;    /* whose turn it is; NULL between turns */
	struct conn *answering; /* between conn_answer_begin() and _end(); NULL else */
	size_t answer_mark;     /* where that answer starts in its buffer */
	uv_idle_t idle;         /* active while `dirty` or `ready` has members */
	uv_timer_t timer;       /* looks for half-closed peers that went */
	struct conn_stats stats;
};

struct conn {
	struct conn_hub *hub;
	struct list link, dirty_link, ready_link;
	uv_poll_t poll;
	int fd;
	int events;               /* UV_READABLE | UV_WRITABLE asked for; 0: not polled */
	struct rpc_framer framer; /* .enc is the connection's encoding, both ways */
	struct outq out;
	int fds[CONN_MAX_FDS]; /* received, not yet asked for; oldest first */
	uint8_t n_fds;
	bool is_closed;      /* on_closed() is on its way; everything sent is dropped */
	bool is_leaving;     /* to be closed at the end of the turn */
	bool is_choked;      /* too many answers wait: not read from */
	bool is_half_closed; /* the peer sends no more */
	bool is_stalled;     /* a push was refused: on_drained() is owed */
};

/* ---- the hub ---- */

/* @ops and @loop stay the caller's; limits are set by him afterwards.
 * -ENOMEM: there is nothing to close or to free. */
NODISCARD int conn_hub_init(struct conn_hub *hub, uv_loop_t *loop, const struct conn_ops *ops);
/* Close all; the loop must run once more before conn_hub_fini(). */
void conn_hub_close(struct conn_hub *hub);
void conn_hub_fini(struct conn_hub *hub);
/* Send what is queued, as far as the sockets take it at once. */
void conn_hub_flush(struct conn_hub *hub);

/* ---- one connection ---- */

/* @c zeroed, @fd non-blocking and taken over in every case. */
NODISCARD int conn_init(struct conn *c, struct conn_hub *hub, int fd);
/* Harmless twice and from inside any callback. */
void conn_close(struct conn *c);
/* Once what is answered so far was offered to the socket. */
void conn_close_soon(struct conn *c);

enum rpc_encoding conn_encoding(const struct conn *c);
/* From the next message on, both ways. */
void conn_set_encoding(struct conn *c, enum rpc_encoding enc);

/* The oldest received descriptor, now the caller's; -1 if there is none. */
NODISCARD int conn_take_fd(struct conn *c);

/* One framed message as the answer to something: append it to the buffer that
 * begin returns.  Never refused; if memory is out the connection is closed. No
 * two answers at a time. */
struct buf *conn_answer_begin(struct conn *c);
void conn_answer_undo(struct conn *c); /* back to the state after begin */
void conn_answer_end(struct conn *c);

/* A buffer for building one message that is then made a struct shared.  Empty;
 * the caller's until the next call. */
struct buf *conn_hub_scratch(struct conn_hub *hub);

/* Framed bytes that come by themselves.  CONN_E_FULL: not taken; on_drained()
 * will come.  -ENOMEM.  A closed connection takes everything. */
enum { CONN_E_FULL = 1 };
NODISCARD int conn_push(struct conn *c, struct shared *bytes);
/* As conn_push(), but never full: for what is small and rare. */
NODISCARD int conn_push_always(struct conn *c, struct shared *bytes);

#endif
