/* The keeper, as the daemon sees it: a poll handle, a queue for when its socket
 * is full, and what each of its messages does. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

static void on_link(uv_poll_t *h, int status, int events);

static void poll_for(struct core *c, int events)
{
	if (!c->keeper_poll.data)
		return; /* still starting: link_open() looks at the queue */
	if (uv_poll_start(&c->keeper_poll, events, on_link) < 0)
		log_error("cannot poll the keeper's socket");
}

static void keeper_is_gone(struct core *c)
{
	if (c->is_keeper_gone)
		return;
	c->is_keeper_gone = true;
	uv_poll_stop(&c->keeper_poll);
	if (!c->is_shutting_down) {
		log_error("the keeper is gone; every pane is lost, what they printed is kept");
		lost_save_all(c);
		for (uint32_t i = 0; i < c->n_panes; i++) {
			struct pane *p = c->panes[i];

			if (p->state > PANE_RUNNING)
				continue;
			pane_set_state(p, PANE_LOST);
			registry_put_pane(p);
		}
	}
	if (c->ops.on_keeper_gone)
		c->ops.on_keeper_gone(c->ops.user);
}

/* Queue with own copies of the descriptors; the caller's stay the caller's. */
static void enqueue(struct core *c, const void *packet, size_t n, const int *fds, size_t n_fds)
{
	struct keeper_packet *k = mem_zalloc(1, sizeof *k + n);

	if (!k) {
		log_error("out of memory: a message to the keeper was dropped");
		return;
	}
	memcpy(k->data, packet, n);
	k->n = n;
	for (; k->n_fds < n_fds; k->n_fds++)
		k->fds[k->n_fds] = fcntl(fds[k->n_fds], F_DUPFD_CLOEXEC, 3);
	list_append(&c->outgoing, &k->link);
	poll_for(c, UV_READABLE | UV_WRITABLE);
}

void link_send(struct core *c, const void *packet, size_t n, const int *fds, size_t n_fds)
{
	int r;

	if (c->is_keeper_gone)
		return;
	if (!list_is_empty(&c->outgoing)) {
		enqueue(c, packet, n, fds, n_fds);
		return;
	}
	r = keeper_proto_send(c->keeper_fd, packet, n, fds, n_fds);
	if (r == -EAGAIN) {
		enqueue(c, packet, n, fds, n_fds);
	} else if (r < 0) {
		log_fault(r, "cannot send to the keeper");
	}
}

void link_flush(struct core *c)
{
	list_for_each_safe (l, &c->outgoing) {
		struct keeper_packet *k = list_entry(l, struct keeper_packet, link);
		int r = keeper_proto_send(c->keeper_fd, k->data, k->n, k->fds, k->n_fds);

		if (r == -EAGAIN)
			return;
		if (r < 0)
			log_fault(r, "cannot send to the keeper");
		for (size_t i = 0; i < k->n_fds; i++)
			close(k->fds[i]);
		list_remove(l);
		mem_free(k);
	}
	poll_for(c, UV_READABLE);
}

void link_forget(struct core *c, uint64_t pane)
{
	struct keeper_forget m = { .pane = pane };

	KEEPER_MSG(&m, KEEPER_FORGET);
	link_send(c, &m, sizeof m, NULL, 0);
}

void link_signal(struct core *c, uint64_t pane, int signo, enum keeper_target to)
{
	struct keeper_signal m = { .pane = pane, .signo = (uint32_t)signo, .target = to };

	KEEPER_MSG(&m, KEEPER_SIGNAL);
	link_send(c, &m, sizeof m, NULL, 0);
}

void link_stop(struct core *c)
{
	struct keeper_plain m;

	KEEPER_MSG(&m, KEEPER_STOP);
	link_send(c, &m, sizeof m, NULL, 0);
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void on_spawned(struct core *c, const struct keeper_spawned *m, const int *fds, size_t n_fds)
{
	struct pane *p = pane_by_number(c, m->pane);

	if (p) {
		pane_on_spawned(p, m, fds, n_fds);
		return;
	}
	close_all(fds, n_fds); /* deleted meanwhile */
	if (m->step == KEEPER_STEP_NONE) {
		link_signal(c, m->pane, 9, KEEPER_TO_SESSION);
		link_forget(c, m->pane);
	}
}

static void on_packet(struct core *c, const void *packet, const int *fds, size_t n_fds)
{
	const struct keeper_header *h = packet;
	const struct keeper_exited *exited = packet;
	struct pane *p;

	switch ((enum keeper_type)h->type) {
	case KEEPER_SPAWNED:
		on_spawned(c, packet, fds, n_fds);
		return;
	case KEEPER_EXITED:
		p = pane_by_number(c, exited->pane);
		if (p)
			pane_on_exited(p, exited->generation, exited->status, exited->wall_us);
		break;
	case KEEPER_LISTENING:
		if (n_fds == 1 && c->ops.on_serving) {
			c->ops.on_serving(fds[0], c->ops.user);
			return;
		}
		break;
	case KEEPER_WELCOME:
	case KEEPER_ADOPT:
	case KEEPER_ADOPT_END:
	case KEEPER_READY:
	case KEEPER_SPAWN:
	case KEEPER_SIGNAL:
	case KEEPER_FORGET:
	case KEEPER_STOP:
		log_warn("unexpected message %u of the keeper", h->type);
		break;
	}
	close_all(fds, n_fds);
}

static void on_link(uv_poll_t *h, int status, int events)
{
	static _Alignas(8) char buf[KEEPER_MAX_PACKET];
	struct core *c = h->data;
	int fds[KEEPER_MAX_FDS];
	size_t n, n_fds;

	if (events & UV_WRITABLE)
		link_flush(c);
	/* Bounded: other sockets have their turn too. */
	for (int i = 0; i < 64 && (status < 0 || events & UV_READABLE); i++) {
		int r = keeper_proto_recv(c->keeper_fd, buf, &n, fds, &n_fds);

		if (r == KEEPER_RECV_E_AGAIN)
			return;
		if (r == KEEPER_RECV_E_MALFORMED) {
			log_error("malformed message of the keeper");
			continue;
		}
		if (r != 0) {
			if (r < 0)
				log_fault(r, "cannot receive from the keeper");
			keeper_is_gone(c);
			return;
		}
		on_packet(c, buf, fds, n_fds);
	}
}

int link_open(struct core *c, int keeper_fd)
{
	struct keeper_plain m;
	int r = uv_poll_init(c->loop, &c->keeper_poll, keeper_fd); /* makes it non-blocking */

	if (r < 0)
		return err_origin(r);
	c->keeper_poll.data = c;
	c->n_handles++;
	poll_for(c, list_is_empty(&c->outgoing) ? UV_READABLE : UV_READABLE | UV_WRITABLE);
	KEEPER_MSG(&m, KEEPER_READY);
	link_send(c, &m, sizeof m, NULL, 0);
	return 0;
}
