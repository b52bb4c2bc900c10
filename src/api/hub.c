#include <assert.h>
#include <errno.h>
#include <poll.h>

#include "api/conn_io.h"
#include "base/err.h"

#define HALF_CLOSED_CHECK_MS 1000
#define CORK_FIRST_BYTES 8192
#define SCRATCH_KEEP_BYTES (256u << 10) /* a larger scratch buffer is given back */

/* Move all of @from to the empty @to. */
static void move_all(struct list *to, struct list *from)
{
	list_init(to);
	while (!list_is_empty(from)) {
		struct list *l = from->next;

		list_remove(l);
		list_append(to, l);
	}
}

/* Flush what was queued in the last round, then give a turn to everyone whose
 * last one ended with messages left.  Members may be added meanwhile: they have
 * their turn in the next round. */
static void on_idle(uv_idle_t *handle)
{
	struct conn_hub *hub = CONTAINER_OF(handle, struct conn_hub, idle);
	struct list dirty, ready;

	move_all(&dirty, &hub->dirty);
	move_all(&ready, &hub->ready);
	while (!list_is_empty(&dirty)) {
		struct conn *c = list_entry(dirty.next, struct conn, dirty_link);

		list_remove(&c->dirty_link);
		conn_flush(c);
	}
	while (!list_is_empty(&ready)) {
		struct conn *c = list_entry(ready.next, struct conn, ready_link);

		list_remove(&c->ready_link);
		conn_serve(c);
	}
	if (list_is_empty(&hub->dirty) && list_is_empty(&hub->ready))
		(void)uv_idle_stop(&hub->idle);
}

void conn_hub_wake(struct conn_hub *hub)
{
	(void)uv_idle_start(&hub->idle, on_idle); /* cannot fail with a callback */
}

void conn_mark_ready(struct conn *c)
{
	if (c->is_closed)
		return;
	if (list_is_empty(&c->ready_link))
		list_append(&c->hub->ready, &c->ready_link);
	conn_hub_wake(c->hub);
}

/* A half-closed socket is readable for ever, so it is not polled; that its peer
 * went altogether is noticed here. */
static void on_timer(uv_timer_t *handle)
{
	struct conn_hub *hub = CONTAINER_OF(handle, struct conn_hub, timer);

	list_for_each_safe (l, &hub->conns) {
		struct conn *c = list_entry(l, struct conn, link);
		struct pollfd p = { .fd = c->fd };

		if (c->is_half_closed && !c->is_closed && poll(&p, 1, 0) > 0 &&
		    p.revents & (POLLHUP | POLLERR))
			conn_close(c);
	}
	if (hub->n_half_closed == 0)
		(void)uv_timer_stop(&hub->timer);
}

void conn_hub_watch_half_closed(struct conn_hub *hub)
{
	if (!uv_is_active((uv_handle_t *)&hub->timer)) {
		(void)uv_timer_start(&hub->timer, on_timer, HALF_CLOSED_CHECK_MS,
				     HALF_CLOSED_CHECK_MS);
	}
}

int conn_hub_init(struct conn_hub *hub, uv_loop_t *loop, const struct conn_ops *ops)
{
	*hub = (struct conn_hub){ .loop = loop, .ops = ops };
	list_init(&hub->conns);
	list_init(&hub->dirty);
	list_init(&hub->ready);
	/* So that not even the first error needs memory. */
	if (!buf_reserve(&hub->cork, CORK_FIRST_BYTES))
		return err_origin(-ENOMEM);
	/* Neither call can fail: they only link the handle into the loop. */
	(void)uv_idle_init(loop, &hub->idle);
	(void)uv_timer_init(loop, &hub->timer);
	return 0;
}

struct buf *conn_hub_scratch(struct conn_hub *hub)
{
	assert(!hub->answering);
	if (hub->scratch.size > SCRATCH_KEEP_BYTES)
		buf_fini(&hub->scratch);
	buf_clear(&hub->scratch);
	return &hub->scratch;
}

void conn_hub_flush(struct conn_hub *hub)
{
	list_for_each_safe (l, &hub->conns) {
		struct conn *c = list_entry(l, struct conn, link);

		if (!c->is_closed)
			conn_flush(c);
	}
}

void conn_hub_close(struct conn_hub *hub)
{
	list_for_each_safe (l, &hub->conns)
		conn_close(list_entry(l, struct conn, link));
	if (!uv_is_closing((uv_handle_t *)&hub->idle)) {
		uv_close((uv_handle_t *)&hub->idle, NULL);
		uv_close((uv_handle_t *)&hub->timer, NULL);
	}
}

void conn_hub_fini(struct conn_hub *hub)
{
	assert(hub->n_conns == 0);
	buf_fini(&hub->rx);
	buf_fini(&hub->cork);
	buf_fini(&hub->scratch);
}
