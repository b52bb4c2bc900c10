#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/session.h"

#define PACKETS_PER_TURN 64
#define RETRY_MS 20
#define CLOSED_MS 1000 /* from closing the link to being dead */

static uint8_t packet_in[KEEPER_MAX_PACKET] __attribute__((aligned(8)));
static uint8_t packet_out[KEEPER_MAX_PACKET] __attribute__((aligned(8)));

/* The batch of 253 descriptors is what fills up first. */
_Static_assert(sizeof(struct keeper_adopt) + KEEPER_MAX_FDS * sizeof(struct keeper_child) <=
		       sizeof packet_out,
	       "a full batch fits into a packet");

static void poll_link(struct keeper *k)
{
	struct link *l = &k->link;
	uint32_t want = 0;

	if (l->phase == LINK_LIVE && !l->has_reply)
		want |= EPOLLIN;
	if (l->waits_for_room)
		want |= EPOLLOUT;
	if (l->fd >= 0 && !l->is_closed && want != l->polled) {
		l->polled = want;
		keeper_poll(k, l->fd, want, POLL_LINK, 0);
	}
}

void link_up(struct keeper *k, int fd)
{
	struct link *l = &k->link;

	/* A failed start that the old daemon never heard of stays: the new one
	 * may know the pane. */
	*l = (struct link){
		.phase = LINK_WELCOME,
		.fd = fd,
		.has_reply = l->has_reply,
		.reply = l->reply,
		.owes_upgraded = k->upgrade.result.state != KEEPER_UPGRADE_NONE,
	};
	keeper_poll(k, fd, 0, POLL_LINK, 0);
	link_flush(k);
}

void link_down(struct keeper *k)
{
	struct link *l = &k->link;

	if (l->fd < 0)
		return;
	/* As with reports: a child before exec may hold a copy. */
	keeper_unpoll(k, l->fd);
	close(l->fd);
	l->fd = -1;
	l->phase = LINK_DOWN;
	l->waits_for_room = false;
	l->retry_ms = 0;
}

/* ---- sending -------------------------------------------------------------- */

/* Whether the packet went out.  If not, the caller tries again when there is
 * room; a dead peer is noticed by the death of its process. */
static bool send_packet(struct keeper *k, const void *packet, size_t n, const int *fds,
			size_t n_fds)
{
	struct link *l = &k->link;
	int r = keeper_proto_send(l->fd, packet, n, fds, n_fds);

	if (r == 0)
		return true;
	/* When epoll promised room and there is none (too many descriptors in
	 * flight), asking epoll again would spin. */
	if (l->waits_for_room) {
		l->waits_for_room = false;
		l->retry_ms = keeper_now_ms() + RETRY_MS;
	} else {
		l->waits_for_room = r == -EAGAIN;
		/* So many are unread: does it live? */
		if (l->waits_for_room && k->daemon.state == DAEMON_READY)
			watch_ask(k);
	}
	return false;
}

static bool send_plain(struct keeper *k, enum keeper_type type, const int *fds, size_t n_fds)
{
	struct keeper_plain m;

	KEEPER_MSG(&m, type);
	return send_packet(k, &m, sizeof m, fds, n_fds);
}

static bool send_welcome(struct keeper *k)
{
	const struct table *t = &k->table;
	int fds[] = { k->arena_fd, k->place.listen_fd };
	struct keeper_welcome m = {
		.version = KEEPER_PROTO_VERSION,
		.keeper_pid = (uint32_t)getpid(),
		.n_children = table_count(t, CHILD_STARTING) + table_count(t, CHILD_RUNNING) +
			      table_count(t, CHILD_EXITED),
		.n_restarts = k->daemon.n_starts - 1,
		.started_wall_us = k->started_wall_us,
		.first_pane_hint = t->highest_pane,
		.last_status = k->daemon.last_status,
		.original_nofile = (uint32_t)k->original.nofile.rlim_cur,
	};

	KEEPER_MSG(&m, KEEPER_WELCOME);
	if (!send_packet(k, &m, sizeof m, fds, ARRAY_LEN(fds)))
		return false;
	k->link.owes_listening = false;
	return true;
}

static bool is_adoptable(const struct child *c)
{
	switch (c->state) {
	case CHILD_STARTING:
	case CHILD_RUNNING:
	case CHILD_EXITED:
		return !c->is_forgotten;
	case CHILD_FREE:
	case CHILD_FAILED:
		break;
	}
	return false;
}

static struct keeper_child describe(const struct child *c)
{
	struct keeper_child m = {
		.pane = c->pane,
		.generation = c->generation,
		.pid = (uint32_t)c->pid,
		.state = KEEPER_CHILD_RUNNING,
		.n_fds = c->n_fds,
		.flags = c->flags,
		.started_wall_us = c->started_wall_us,
	};

	if (c->state == CHILD_STARTING) {
		m.state = KEEPER_CHILD_STARTING;
		m.pid = 0;
		m.n_fds = 0;
	} else if (c->state == CHILD_EXITED) {
		m.state = KEEPER_CHILD_EXITED;
		m.status = c->status;
		m.exited_wall_us = c->exited_wall_us;
	}
	memcpy(m.key, c->key, sizeof m.key);
	return m;
}

/* One batch from link.next on; sets *ret_next to where the next one begins. */
static uint32_t fill_batch(const struct keeper *k, struct keeper_adopt *m, int *fds,
			   uint32_t *ret_n_fds, uint32_t *ret_next)
{
	uint32_t i = k->link.next, n = 0, n_fds = 0;

	for (; i < k->table.n_high && n < KEEPER_MAX_FDS && n_fds + 2 <= KEEPER_MAX_FDS; i++) {
		const struct child *c = &k->table.children[i];

		if (!is_adoptable(c))
			continue;
		m->children[n] = describe(c);
		for (uint32_t j = 0; j < m->children[n].n_fds; j++)
			fds[n_fds++] = c->fds[j];
		n++;
	}
	*ret_n_fds = n_fds;
	*ret_next = i;
	return n;
}

/* What the batch says of them is owed no more. */
static void settle_batch(struct keeper *k, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct child *c = &k->table.children[i];

		if (is_adoptable(c))
			table_paid(&k->table, c, c->owes);
	}
}

static bool send_batch(struct keeper *k)
{
	struct keeper_adopt *m = (void *)packet_out;
	int fds[KEEPER_MAX_FDS];
	uint32_t n_fds, next, n = fill_batch(k, m, fds, &n_fds, &next);

	if (n > 0) {
		size_t bytes = sizeof *m + n * sizeof m->children[0];

		m->h = (struct keeper_header){ .type = KEEPER_ADOPT, .bytes = (uint32_t)bytes };
		m->n = n;
		m->pad = 0;
		if (!send_packet(k, m, bytes, fds, n_fds))
			return false;
		settle_batch(k, k->link.next, next);
	}
	k->link.next = next;
	return true;
}

static bool send_spawned(struct keeper *k, const struct child *c)
{
	bool has_failed = c->state == CHILD_FAILED;
	struct keeper_spawned m = {
		.token = c->token,
		.pane = c->pane,
		.generation = c->generation,
		.pid = has_failed ? 0 : (uint32_t)c->pid,
		.step = has_failed ? c->step : KEEPER_STEP_NONE,
		.error = has_failed ? c->error : 0,
	};

	KEEPER_MSG(&m, KEEPER_SPAWNED);
	return send_packet(k, &m, sizeof m, c->fds, c->n_fds);
}

static bool send_exited(struct keeper *k, const struct child *c)
{
	struct keeper_exited m = {
		.pane = c->pane,
		.generation = c->generation,
		.pid = (uint32_t)c->pid,
		.status = c->status,
		.wall_us = c->exited_wall_us,
	};

	KEEPER_MSG(&m, KEEPER_EXITED);
	return send_packet(k, &m, sizeof m, NULL, 0);
}

/* SPAWNED before EXITED of the same child. */
static bool send_owed(struct keeper *k, struct child *c)
{
	if (c->owes & CHILD_OWES_SPAWNED) {
		if (!send_spawned(k, c))
			return false;
		table_paid(&k->table, c, CHILD_OWES_SPAWNED);
		if (c->state == CHILD_FAILED) {
			table_drop(&k->table, c);
			return true;
		}
	}
	if (c->owes & CHILD_OWES_EXITED) {
		if (!send_exited(k, c))
			return false;
		table_paid(&k->table, c, CHILD_OWES_EXITED);
	}
	return true;
}

static bool send_upgraded(struct keeper *k)
{
	struct keeper_upgraded *m = &k->upgrade.result;

	KEEPER_MSG(m, KEEPER_UPGRADED);
	if (k->link.owes_upgraded && !send_packet(k, m, sizeof *m, NULL, 0))
		return false;
	k->link.owes_upgraded = false;
	return true;
}

static bool send_live(struct keeper *k)
{
	struct link *l = &k->link;

	if (l->owes_ping && !send_plain(k, KEEPER_PING, NULL, 0))
		return false;
	l->owes_ping = false;
	if (!send_upgraded(k))
		return false;
	if (l->has_reply && !send_packet(k, &l->reply, sizeof l->reply, NULL, 0))
		return false;
	l->has_reply = false;
	if (l->owes_listening && !send_plain(k, KEEPER_LISTENING, &k->place.listen_fd, 1))
		return false;
	l->owes_listening = false;
	for (uint32_t i = 0; k->table.n_owing > 0 && i < k->table.n_high; i++) {
		if (k->table.children[i].owes && !send_owed(k, &k->table.children[i]))
			return false;
	}
	return true;
}

/* One step of the present phase: false when it could not be sent. */
static bool advance(struct keeper *k)
{
	struct link *l = &k->link;

	switch (l->phase) {
	case LINK_DOWN:
		return true;
	case LINK_WELCOME:
		if (!send_welcome(k))
			return false;
		l->phase = LINK_ADOPT;
		return true;
	case LINK_ADOPT:
		if (!send_batch(k))
			return false;
		if (l->next >= k->table.n_high)
			l->phase = LINK_ADOPT_END;
		return true;
	case LINK_ADOPT_END:
		if (!send_upgraded(k) || !send_plain(k, KEEPER_ADOPT_END, NULL, 0))
			return false;
		l->phase = LINK_LIVE;
		return true;
	case LINK_LIVE:
		return send_live(k);
	}
	return true;
}

static void flush_now(struct keeper *k)
{
	struct link *l = &k->link;

	if (l->phase == LINK_DOWN || l->is_closed || l->retry_ms > keeper_now_ms())
		return;
	l->retry_ms = 0;
	while (advance(k)) {
		l->waits_for_room = false;
		if (l->phase == LINK_LIVE && !l->has_reply && !l->owes_listening &&
		    !l->owes_upgraded && !l->owes_ping && k->table.n_owing == 0)
			break;
	}
	poll_link(k);
}

void link_flush(struct keeper *k)
{
	if (!k->link.waits_for_room)
		flush_now(k);
}

/* ---- receiving ------------------------------------------------------------ */

static void on_spawn(struct keeper *k, const struct keeper_spawn *m, const int *fds)
{
	struct spawn_failure why;
	struct child *c;

	if (spawn_start(&k->table, m, fds, &k->original, &c, &why) == 0) {
		keeper_poll(k, c->report_fd, EPOLLIN, POLL_REPORT,
			    (uint32_t)(c - k->table.children));
		return;
	}
	k->link.reply = (struct keeper_spawned){ .token = m->token,
						 .pane = m->pane,
						 .generation = m->generation,
						 .step = why.step,
						 .error = why.error };
	KEEPER_MSG(&k->link.reply, KEEPER_SPAWNED);
	k->link.has_reply = true;
}

static void on_signal(struct keeper *k, const struct keeper_signal *m)
{
	const struct child *c = table_by_pane(&k->table, m->pane);
	bool is_leader_there = c && (c->state == CHILD_STARTING || c->state == CHILD_RUNNING);

	if (!c || c->state == CHILD_FAILED)
		return;
	if (m->target == KEEPER_TO_LEADER) {
		if (is_leader_there)
			(void)kill(c->pid, (int)m->signo);
		return;
	}
	/* A session keeps its number from being given out, but once the last
	 * member is gone it can be: then there is a process of that number. */
	if (is_leader_there || (kill(c->pid, 0) < 0 && errno == ESRCH))
		session_signal(c->pid, m->signo);
}

static void on_forget(struct keeper *k, const struct keeper_forget *m)
{
	struct child *c = table_by_pane(&k->table, m->pane);

	if (!c)
		return;
	if (c->state == CHILD_EXITED || c->state == CHILD_FAILED) {
		table_drop(&k->table, c);
		return;
	}
	child_close_fds(c);
	table_paid(&k->table, c, c->owes);
	c->is_forgotten = true;
}

static void on_packet(struct keeper *k, const int *fds)
{
	const struct keeper_header *h = (const void *)packet_in;

	switch ((enum keeper_type)h->type) {
	case KEEPER_READY:
		daemon_on_ready(k);
		break;
	case KEEPER_SPAWN:
		on_spawn(k, (const void *)packet_in, fds);
		break;
	case KEEPER_SIGNAL:
		on_signal(k, (const void *)packet_in);
		break;
	case KEEPER_FORGET:
		on_forget(k, (const void *)packet_in);
		break;
	case KEEPER_STOP:
		daemon_on_stop(k);
		break;
	case KEEPER_UPGRADE:
		upgrade_begin(k, (const void *)packet_in, fds[0]);
		break;
	case KEEPER_PONG:
		watch_on_pong(k);
		break;
	case KEEPER_WELCOME:
	case KEEPER_ADOPT:
	case KEEPER_ADOPT_END:
	case KEEPER_SPAWNED:
	case KEEPER_EXITED:
	case KEEPER_LISTENING:
	case KEEPER_UPGRADED:
	case KEEPER_PING:
		daemon_on_broken(k, "it sent what only the keeper sends");
		break;
	}
}

/* Every death closes the other end before the process can be reaped, so this
 * alone is no fault.  What it left unread is drained when it is dead. */
static void on_closed(struct keeper *k)
{
	k->link.is_closed = true;
	keeper_unpoll(k, k->link.fd);
	k->daemon.kill_ms = keeper_now_ms() + CLOSED_MS;
}

/* One packet; false when there is none, or none may be read now. */
static bool read_packet(struct keeper *k)
{
	struct link *l = &k->link;
	int fds[KEEPER_MAX_FDS];
	size_t n, n_fds = 0;

	if (l->phase != LINK_LIVE || l->has_reply)
		return false;
	int r = keeper_proto_recv(l->fd, packet_in, &n, fds, &n_fds);
	if (r == 0)
		on_packet(k, fds);
	if (r == KEEPER_RECV_E_EOF && !l->is_closed)
		on_closed(k);
	if (r == KEEPER_RECV_E_MALFORMED)
		daemon_on_broken(k, "it sent a malformed packet");
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	return r == 0;
}

void link_on_event(struct keeper *k, uint32_t events)
{
	struct link *l = &k->link;

	if (events & EPOLLOUT)
		flush_now(k);
	for (int i = 0; i < PACKETS_PER_TURN && read_packet(k); i++)
		;
	/* Before anything is reaped: numbers are safe until then. */
	session_flush();
	if (events & (EPOLLHUP | EPOLLERR) && !(l->polled & EPOLLIN) && !l->is_closed)
		on_closed(k);
	poll_link(k);
}

void link_drain(struct keeper *k)
{
	/* A dead daemon reads no answers: they must not stop this.  The last one
	 * is kept for its successor. */
	do {
		k->link.has_reply = false;
	} while (read_packet(k));
	session_flush();
}
