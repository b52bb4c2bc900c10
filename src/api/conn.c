#include "api/conn.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/conn_io.h"
#include "api/shared.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#define CORK_FLUSH_BYTES (256u << 10)  /* a turn's answers leave early beyond this */
#define KEEP_BUFFER_BYTES (128u << 10) /* larger shared buffers are given back */

static void on_poll(uv_poll_t *handle, int status, int events);

static void on_handle_closed(uv_handle_t *handle)
{
	struct conn *c = CONTAINER_OF(handle, struct conn, poll);

	list_remove(&c->link);
	c->hub->n_conns--;
	outq_fini(&c->out);
	rpc_framer_fini(&c->framer);
	c->hub->ops->on_closed(c);
}

int conn_init(struct conn *c, struct conn_hub *hub, int fd)
{
	int r = uv_poll_init(hub->loop, &c->poll, fd);

	if (r < 0) {
		(void)close(fd);
		return err_origin(r);
	}
	c->hub = hub;
	c->fd = fd;
	list_init(&c->link);
	list_init(&c->dirty_link);
	list_init(&c->ready_link);
	list_append(&hub->conns, &c->link);
	hub->n_conns++;
	rpc_framer_init(&c->framer, RPC_JSON, hub->limits.max_request_bytes);
	conn_update_poll(c);
	return 0;
}

static void drop_fds(struct conn *c)
{
	for (int i = 0; i < c->n_fds; i++)
		(void)close(c->fds[i]);
	c->hub->stats.n_fds_dropped += c->n_fds;
	c->n_fds = 0;
}

void conn_close(struct conn *c)
{
	if (c->is_closed)
		return;
	c->is_closed = true;
	if (c->is_half_closed)
		c->hub->n_half_closed--;
	list_remove(&c->dirty_link);
	list_remove(&c->ready_link);
	drop_fds(c);
	/* Freed in the callback, when no stack holds @c any more. */
	uv_close((uv_handle_t *)&c->poll, on_handle_closed);
	(void)close(c->fd);
	c->fd = -1;
}

void conn_close_soon(struct conn *c)
{
	c->is_leaving = true;
	conn_mark_dirty(c);
}

enum rpc_encoding conn_encoding(const struct conn *c)
{
	return c->framer.enc;
}

void conn_set_encoding(struct conn *c, enum rpc_encoding enc)
{
	rpc_framer_set_encoding(&c->framer, enc);
}

int conn_take_fd(struct conn *c)
{
	int fd;

	if (c->n_fds == 0)
		return -1;
	fd = c->fds[0];
	memmove(c->fds, c->fds + 1, --c->n_fds * sizeof c->fds[0]);
	return fd;
}

void conn_update_poll(struct conn *c)
{
	int events = 0, r;

	if (c->is_closed)
		return;
	if (!c->is_half_closed && !c->is_choked)
		events |= UV_READABLE;
	if (!outq_is_empty(&c->out))
		events |= UV_WRITABLE;
	if (events == c->events)
		return;
	c->events = events;
	r = events ? uv_poll_start(&c->poll, events, on_poll) : uv_poll_stop(&c->poll);
	if (r < 0)
		conn_close(c);
}

/* ---- writing ---- */

void conn_mark_dirty(struct conn *c)
{
	if (c->is_closed || c->hub->corked == c)
		return; /* the end of the turn flushes */
	if (list_is_empty(&c->dirty_link))
		list_append(&c->hub->dirty, &c->dirty_link);
	conn_hub_wake(c->hub);
}

static int queue(struct conn *c, const void *p, size_t n, enum outq_class class)
{
	struct shared *s = shared_new(p, n);
	int r;

	if (!s)
		return err_origin(-ENOMEM);
	r = outq_push(&c->out, s, class);
	shared_unref(s);
	return err_trace(r);
}

/* A client that would miss an answer in the middle cannot be served: it would
 * wait for ever. */
static void lose(struct conn *c, int r)
{
	log_fault(r, "client dropped fd=%d", c->fd);
	conn_close(c);
}

/* Offer the corked answers to the socket, queue the rest. */
static void uncork(struct conn *c, bool is_direct)
{
	struct buf *cork = &c->hub->cork;
	ssize_t n = 0;
	int r = 0;

	if (is_direct && outq_is_empty(&c->out) && !c->is_closed && buf_len(cork) > 0) {
		n = conn_send(c,
			      &(struct iovec){ .iov_base = cork->data + cork->start,
					       .iov_len = buf_len(cork) },
			      1);
	}
	if (n > 0)
		buf_consume(cork, (size_t)n);
	if (!c->is_closed && buf_len(cork) > 0)
		r = queue(c, buf_data(cork), buf_len(cork), OUTQ_ANSWER);
	buf_clear(cork);
	if (r < 0)
		lose(c, r);
}

struct buf *conn_answer_begin(struct conn *c)
{
	struct conn_hub *hub = c->hub;
	struct buf *out = hub->corked == c ? &hub->cork : conn_hub_scratch(hub);

	assert(!hub->answering);
	hub->answering = c;
	hub->answer_mark = buf_len(out);
	return out;
}

static struct buf *answer_buf(const struct conn *c)
{
	return c->hub->corked == c ? &c->hub->cork : &c->hub->scratch;
}

void conn_answer_undo(struct conn *c)
{
	assert(c->hub->answering == c);
	buf_truncate(answer_buf(c), c->hub->answer_mark);
}

void conn_answer_end(struct conn *c)
{
	struct buf *out = answer_buf(c);
	int r = buf_check(out);

	assert(c->hub->answering == c);
	c->hub->answering = NULL;
	if (r < 0)
		buf_truncate(out, c->hub->answer_mark);
	if (r == 0 && out == &c->hub->scratch && !c->is_closed)
		r = queue(c, buf_data(out), buf_len(out), OUTQ_ANSWER);
	if (r < 0) {
		lose(c, r);
	} else if (out == &c->hub->cork && buf_len(out) > CORK_FLUSH_BYTES) {
		uncork(c, true);
	}
	conn_mark_dirty(c);
}

static int push(struct conn *c, struct shared *bytes)
{
	int r;

	if (c->hub->corked == c && buf_len(&c->hub->cork) > 0)
		uncork(c, false); /* answers given so far come first */
	if (c->is_closed)
		return 0;
	r = outq_push(&c->out, bytes, OUTQ_STREAM);
	conn_mark_dirty(c);
	return err_trace(r);
}

int conn_push(struct conn *c, struct shared *bytes)
{
	size_t held = c->out.n_bytes[OUTQ_STREAM];

	if (c->is_closed)
		return 0;
	/* What is larger than the limit passes when nothing else waits. */
	if (held > 0 && held + bytes->n + OUTQ_ITEM_COST > c->hub->limits.max_stream_bytes) {
		c->is_stalled = true;
		return CONN_E_FULL;
	}
	return err_trace(push(c, bytes));
}

int conn_push_always(struct conn *c, struct shared *bytes)
{
	return c->is_closed ? 0 : err_trace(push(c, bytes));
}

/* Queue to socket, then all that follows from what left. */
void conn_flush(struct conn *c)
{
	const struct conn_limits *limits = &c->hub->limits;

	conn_send_queue(c);
	if (c->is_closed)
		return;
	if (c->is_leaving) {
		conn_close(c);
		return;
	}
	if (c->is_choked && c->out.n_bytes[OUTQ_ANSWER] <= limits->max_answer_bytes / 2) {
		c->is_choked = false;
		conn_mark_ready(c); /* whole messages may be left in the framer */
	}
	if (c->is_stalled && c->out.n_bytes[OUTQ_STREAM] <= limits->max_stream_bytes / 2) {
		c->is_stalled = false;
		c->hub->ops->on_drained(c);
	}
	if (c->is_half_closed && outq_is_empty(&c->out) && list_is_empty(&c->ready_link) &&
	    !c->hub->ops->is_owed(c))
		conn_close(c);
	conn_update_poll(c);
}

/* ---- a turn ---- */

/* The framer borrows the hub's receive buffer unless it holds the beginning of
 * a message in its own. */
static bool lend(struct conn *c)
{
	if (c->framer.in.data)
		return false;
	c->framer.in = c->hub->rx;
	buf_init(&c->hub->rx);
	return true;
}

static void take_back(struct conn *c)
{
	struct buf own = BUF_INIT;
	struct buf *in = &c->framer.in;
	int r;

	if (!c->is_closed)
		buf_put(&own, buf_data(in), buf_len(in));
	if (in->size > KEEP_BUFFER_BYTES) {
		buf_fini(in);
	} else {
		buf_clear(in);
		c->hub->rx = *in;
	}
	c->framer.in = own;
	r = buf_check(&own);
	if (r < 0)
		lose(c, r);
}

static bool may_go_on(const struct conn *c)
{
	return !c->is_closed && !c->is_leaving && !c->is_choked;
}

/* Messages one by one until there are no more, or enough for now. */
static void work(struct conn *c)
{
	bool has_received = false;
	unsigned n_left = CONN_TURN_MESSAGES;

	while (may_go_on(c)) {
		const char *p;
		size_t n;
		int r;

		if (n_left == 0) {
			conn_mark_ready(c);
			return;
		}
		r = rpc_framer_next(&c->framer, &p, &n);
		if (r == RPC_FRAME_E_MORE) {
			if (has_received || !conn_receive(c))
				return;
			has_received = true;
			continue;
		}
		n_left--;
		c->hub->stats.n_messages++;
		if (r == RPC_FRAME_E_OVERSIZED) {
			c->hub->ops->on_oversized(c);
		} else {
			c->hub->ops->on_message(c, p, n);
		}
		if (c->out.n_bytes[OUTQ_ANSWER] > c->hub->limits.max_answer_bytes)
			c->is_choked = true;
	}
}

void conn_serve(struct conn *c)
{
	struct conn_hub *hub = c->hub;
	bool is_lent = lend(c);

	assert(!hub->corked);
	hub->corked = c;
	hub->stats.n_turns++;
	work(c);
	/* A descriptor belongs to the message it came with. */
	if (buf_len(&c->framer.in) == 0)
		drop_fds(c);
	if (is_lent) {
		take_back(c);
	} else {
		buf_shrink(&c->framer.in);
	}
	uncork(c, true);
	hub->corked = NULL;
	if (buf_len(&hub->cork) == 0 && hub->cork.size > KEEP_BUFFER_BYTES)
		buf_shrink(&hub->cork);
	if (!c->is_closed)
		conn_flush(c);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct conn *c = CONTAINER_OF(handle, struct conn, poll);

	if (status < 0) {
		conn_close(c); /* EPOLLERR: the peer went and left bytes unread */
		return;
	}
	if (events & UV_WRITABLE)
		conn_flush(c);
	if (events & UV_READABLE && may_go_on(c) && list_is_empty(&c->ready_link))
		conn_serve(c);
}
