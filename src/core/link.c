/* The keeper, as the daemon sees it: a poll handle, a queue for when its socket
 * is full, and what each of its messages does. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
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

/* Whose exit is known has exited; what never began is removed at the next start. */
static void lose(struct pane *p)
{
	if (p->state > PANE_RUNNING || p->is_fresh)
		return;
	if (!p->is_exit_due)
		p->exited_us = clock_wall_us();
	pane_set_state(p, p->is_exit_due ? PANE_EXITED : PANE_LOST);
	registry_put_pane(p);
}

static void keeper_is_gone(struct core *c)
{
	if (c->is_keeper_gone)
		return;
	c->is_keeper_gone = true;
	uv_poll_stop(&c->keeper_poll);
	if (!c->has_said_stop) {
		log_error("the keeper is gone; every pane is lost, what they printed is kept");
		lost_save_all(c);
		for (uint32_t i = 0; i < c->n_panes; i++)
			lose(c->panes[i]);
	}
	if (c->ops.on_keeper_gone)
		c->ops.on_keeper_gone(c->ops.user);
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* Queue with own copies of the descriptors; the caller's stay the caller's. */
static int enqueue(struct core *c, const void *packet, size_t n, const int *fds, size_t n_fds)
{
	struct keeper_packet *k = mem_zalloc(1, sizeof *k + n);
	int r = k ? 0 : -ENOMEM;

	while (r == 0 && k->n_fds < n_fds) {
		int fd = fcntl(fds[k->n_fds], F_DUPFD_CLOEXEC, 3);

		if (fd < 0) {
			r = -errno;
		} else {
			k->fds[k->n_fds++] = fd;
		}
	}
	if (r < 0) {
		if (k)
			close_all(k->fds, k->n_fds);
		mem_free(k);
		return err_origin(r);
	}
	memcpy(k->data, packet, n);
	k->n = n;
	list_append(&c->outgoing, &k->link);
	poll_for(c, UV_READABLE | UV_WRITABLE);
	return 0;
}

int link_send(struct core *c, const void *packet, size_t n, const int *fds, size_t n_fds)
{
	int r;

	if (c->is_keeper_gone)
		return err_origin(-EPIPE);
	if (!list_is_empty(&c->outgoing))
		return err_trace(enqueue(c, packet, n, fds, n_fds));
	r = keeper_proto_send(c->keeper_fd, packet, n, fds, n_fds);
	return err_trace(r == -EAGAIN ? enqueue(c, packet, n, fds, n_fds) : r);
}

/* Of what nobody can be told that it failed. */
static void send_or_log(struct core *c, const void *packet, size_t n)
{
	int r = c->is_keeper_gone ? 0 : link_send(c, packet, n, NULL, 0);

	if (r < 0)
		log_fault(r, "a message to the keeper was dropped");
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
		close_all(k->fds, k->n_fds);
		list_remove(l);
		mem_free(k);
	}
	poll_for(c, UV_READABLE);
}

void link_forget(struct core *c, uint64_t pane)
{
	struct keeper_forget m = { .pane = pane };

	KEEPER_MSG(&m, KEEPER_FORGET);
	send_or_log(c, &m, sizeof m);
}

void link_signal(struct core *c, uint64_t pane, int signo, enum keeper_target to)
{
	struct keeper_signal m = { .pane = pane, .signo = (uint32_t)signo, .target = to };

	KEEPER_MSG(&m, KEEPER_SIGNAL);
	send_or_log(c, &m, sizeof m);
}

void link_plain(struct core *c, enum keeper_type type)
{
	struct keeper_plain m;

	KEEPER_MSG(&m, type);
	send_or_log(c, &m, sizeof m);
}

void link_stop(struct core *c)
{
	c->has_said_stop = true;
	link_plain(c, KEEPER_STOP);
}

void link_note_upgraded(struct core *c, const struct keeper_upgraded *m)
{
	c->upgraded = (struct core_upgraded){
		.program = m->program == KEEPER_PROGRAM_KEEPER ? CORE_KEEPER : CORE_DAEMON,
		.is_over = m->state != KEEPER_UPGRADE_UNDER_WAY,
		.has_failed = m->state == KEEPER_UPGRADE_FAILED,
		.was_late = m->was_late,
		.status = m->status,
		.took_ms = m->took_ms,
	};
	memcpy(c->upgraded.note, m->note, sizeof m->note);
	c->upgraded.note[sizeof m->note] = '\0';
}

static void on_spawned(struct core *c, const struct keeper_spawned *m, const int *fds, size_t n_fds)
{
	struct pane *p = pane_by_number(c, m->pane);

	if (m->pane & KEEPER_HELPER_BIT && helper_on_spawned(c, m, fds, n_fds))
		return;
	if (p) {
		pane_on_spawned(p, m, fds, n_fds);
		return;
	}
	close_all(fds, n_fds); /* deleted meanwhile */
	if (m->step == KEEPER_STEP_NONE) {
		link_signal(c, m->pane, SIGKILL, KEEPER_TO_SESSION);
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
		if (exited->pane & KEEPER_HELPER_BIT)
			helper_on_exited(c, exited);
		if (p)
			pane_on_exited(p, exited->generation, exited->status, exited->wall_us);
		break;
	case KEEPER_LISTENING:
		if (n_fds == 1 && c->ops.on_serving) {
			int r = c->ops.on_serving(fds[0], c->ops.user);

			if (r < 0)
				log_fault(r, "cannot listen on the new socket");
			return;
		}
		break;
	case KEEPER_PING:
		link_plain(c, KEEPER_PONG);
		break;
	case KEEPER_UPGRADED:
		link_note_upgraded(c, packet);
		if (c->ops.on_upgraded)
			c->ops.on_upgraded(&c->upgraded, c->ops.user);
		break;
	case KEEPER_WELCOME:
	case KEEPER_ADOPT:
	case KEEPER_ADOPT_END:
	case KEEPER_UPGRADE:
	case KEEPER_PONG:
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
	int r = uv_poll_init(c->loop, &c->keeper_poll, keeper_fd); /* makes it non-blocking */

	if (r < 0)
		return err_origin(r);
	c->keeper_poll.data = c;
	c->n_handles++;
	poll_for(c, list_is_empty(&c->outgoing) ? UV_READABLE : UV_READABLE | UV_WRITABLE);
	return 0;
}
