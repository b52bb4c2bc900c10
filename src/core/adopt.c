/*
 * The start: the keeper's welcome, its children, the registry's records and the
 * arena's slots are put together.
 *
 *   in the registry   at the keeper   becomes
 *   yes               running         running, reading goes on at committed_seq
 *   running           exited          exited, once the rest was read
 *   exited            exited          exited; what survivors print is read on
 *   exited, closed    exited          exited; the keeper is told to forget it
 *   yes               starting        starting; SPAWNED follows
 *   starting, fresh   no              removed: the spawn never reached the keeper; lost if it
 *                                     was asked of an earlier keeper, which may have had it
 *   starting          no              exited: the respawn never reached the keeper
 *   running           no              lost (the keeper itself died)
 *   exited, lost      no              as it was
 *   deleted           yes             ended, and the keeper is told to forget it
 *   no                yes             a pane in the session "recovered"
 *
 * The keeper's generation may be older: of a respawn that never reached it.  Then
 * what it has is to be forgotten.  It may be newer, when the registry could not be
 * written: then the keeper is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

#define WELCOME_TIMEOUT_MS 10000

struct adoption {
	struct core *core;
	bool is_welcome, is_done;
};

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* Where clients find us: the keeper bound the socket, so the socket knows. */
static void learn_socket_path(struct core *c)
{
	struct sockaddr_un a = { 0 };
	socklen_t n = sizeof a;

	if (getsockname(c->listen_fd, (struct sockaddr *)&a, &n) == 0 && a.sun_family == AF_UNIX)
		snprintf(c->socket_path, sizeof c->socket_path, "%s", a.sun_path);
}

static int on_welcome(struct adoption *a, const struct keeper_welcome *m, const int *fds,
		      size_t n_fds)
{
	struct core *c = a->core;
	int r;

	if (m->version < KEEPER_PROTO_MIN || m->version > KEEPER_PROTO_VERSION || n_fds != 2 ||
	    a->is_welcome) {
		close_all(fds, n_fds);
		log_error("the keeper speaks version %u, this daemon %u to %u", m->version,
			  KEEPER_PROTO_MIN, KEEPER_PROTO_VERSION);
		return err_origin(-EPROTO);
	}
	a->is_welcome = true;
	c->arena_fd = fds[0];
	c->listen_fd = fds[1];
	learn_socket_path(c);
	c->status.keeper_pid = m->keeper_pid;
	c->status.keeper_protocol = m->version;
	c->status.keeper_started_us = m->started_wall_us;
	c->status.n_daemon_starts = m->n_restarts + 1;
	c->status.last_daemon_status = m->last_status;
	c->status.original_nofile = m->original_nofile;
	if (m->first_pane_hint >= c->next_pane)
		c->next_pane = m->first_pane_hint + 1;
	r = arena_map(&c->arena, c->arena_fd);
	if (r > 0) {
		log_error("the keeper's shared memory is %s; its shells are kept",
			  r == ARENA_E_VERSION ? "of another version than this daemon's"
					       : "not of the size that it says, or damaged");
	}
	if (r)
		return err_fold(r);
	return 0;
}

/* What the keeper has and we do not want any more. */
static void abandon(struct core *c, const struct keeper_child *k, const int *fds)
{
	close_all(fds, k->n_fds);
	if (k->state != KEEPER_CHILD_EXITED) {
		link_signal(c, k->pane, SIGKILL,
			    k->state == KEEPER_CHILD_STARTING ? KEEPER_TO_LEADER
							      : KEEPER_TO_SESSION);
	}
	link_forget(c, k->pane);
}

/* A child that the registry does not know: its line was never written (a full disk). */
static struct pane *make_recovered(struct core *c, const struct keeper_child *k)
{
	struct session *s = session_by_name(c, "recovered");
	struct pane *p = NULL;

	if (!s && session_add(c, c->next_session, "recovered", "/", NULL, &s) < 0)
		return NULL;
	if (pane_add(c, k->pane, s, &p) < 0)
		return NULL;
	p->is_pty = k->flags & KEEPER_SPAWN_PTY;
	p->cwd = mem_strdup("/");
	p->command = json_pack("[s]", CORE_UNKNOWN_COMMAND);
	p->generation = k->generation;
	pane_set_key(p, k->key);
	registry_put_session(s);
	registry_put_pane(p);
	log_warn("pane p%llu was not in the registry", (unsigned long long)k->pane);
	return p;
}

static void open_streams(struct pane *p, const struct keeper_child *k, const int *fds)
{
	uint32_t n = p->is_pty ? 1 : 2;

	p->pid = k->pid;
	for (uint32_t i = 0; i < k->n_fds; i++) {
		if (i >= n || stream_take_slot(&p->streams[i]) < 0) {
			close(fds[i]);
		} else if (stream_open(&p->streams[i], fds[i]) < 0) {
			log_error("pane p%llu: its terminal cannot be polled",
				  (unsigned long long)p->number);
		}
	}
}

static void on_running(struct pane *p, const struct keeper_child *k, const int *fds)
{
	bool is_news = p->is_fresh || p->state != PANE_RUNNING ||
		       (k->started_wall_us && p->started_us != k->started_wall_us);

	if (k->started_wall_us)
		p->started_us = k->started_wall_us;
	p->is_fresh = false;
	pane_set_state(p, PANE_RUNNING);
	p->is_held = p->wants_hold && k->state != KEEPER_CHILD_EXITED;
	open_streams(p, k, fds);
	if (k->state == KEEPER_CHILD_EXITED) {
		pane_on_exited(p, p->generation, k->status, k->exited_wall_us);
	} else if (is_news) {
		registry_put_pane(p);
	}
}

/* The exit was told; whether the terminal is closed, reading tells. */
static void on_exited_before(struct pane *p, const struct keeper_child *k, const int *fds)
{
	if (p->is_closed) {
		abandon(p->core, k, fds);
		return;
	}
	open_streams(p, k, fds);
	pane_settle_closed(p);
}

static void on_child(struct adoption *a, const struct keeper_child *k, const int *fds)
{
	struct core *c = a->core;
	struct pane *p = pane_by_number(c, k->pane);

	if (k->pane & KEEPER_HELPER_BIT ||
	    (p ? k->generation < p->generation : k->pane < c->registry_next_pane)) {
		abandon(c, k, fds);
		return;
	}
	if (!p)
		p = make_recovered(c, k);
	if (!p) {
		close_all(fds, k->n_fds);
		return;
	}
	if (k->generation > p->generation) {
		p->generation = k->generation;
		p->is_closed = p->has_status = false;
		pane_set_state(p, PANE_STARTING);
	}
	p->is_known = true;
	if (k->state == KEEPER_CHILD_STARTING) {
		close_all(fds, k->n_fds);
		pane_set_state(p, PANE_STARTING);
	} else if (p->state == PANE_EXITED && k->state == KEEPER_CHILD_EXITED) {
		on_exited_before(p, k, fds);
	} else {
		on_running(p, k, fds);
	}
}

static void on_adopt(struct adoption *a, const struct keeper_adopt *m, const int *fds, size_t n_fds)
{
	size_t at = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		if (at + m->children[i].n_fds > n_fds)
			break;
		on_child(a, &m->children[i], fds + at);
		at += m->children[i].n_fds;
	}
	close_all(fds + at, n_fds - at);
}

/* Blocks: there is nothing to serve before the panes are known. */
static int receive_one(struct adoption *a, int fd)
{
	static _Alignas(8) char buf[KEEPER_MAX_PACKET];
	const struct keeper_header *h = (const void *)buf;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int fds[KEEPER_MAX_FDS], r;
	size_t n, n_fds;

	r = poll(&pfd, 1, WELCOME_TIMEOUT_MS);
	if (r < 0 && errno == EINTR)
		return 0;
	if (r <= 0)
		return err_origin(-ETIMEDOUT);
	r = keeper_proto_recv(fd, buf, &n, fds, &n_fds);
	if (r)
		return r == KEEPER_RECV_E_AGAIN ? 0 : err_fold(r);
	if (h->type == KEEPER_WELCOME)
		return err_trace(on_welcome(a, (const void *)buf, fds, n_fds));
	if (a->is_welcome && h->type == KEEPER_ADOPT) {
		on_adopt(a, (const void *)buf, fds, n_fds);
	} else if (h->type == KEEPER_UPGRADED) {
		link_note_upgraded(a->core, (const void *)buf);
	} else {
		close_all(fds, n_fds);
	}
	a->is_done = h->type == KEEPER_ADOPT_END;
	return 0;
}

/* Slots whose pane nobody knows any more. */
static void release_orphan_slots(struct core *c)
{
	for (uint32_t i = 0; i < c->arena.n_high; i++) {
		const struct arena_slot *s = &c->arena.slots[i];

		if (s->kind != ARENA_SLOT_FREE && !pane_by_number(c, s->pane))
			arena_slot_release(&c->arena, c->arena_fd, i);
	}
}

/* Slots of panes that the keeper no longer has: what they printed stays. */
static void take_old_slots(struct core *c)
{
	uint32_t index;

	for (uint32_t i = 0; i < c->n_panes; i++) {
		struct pane *p = c->panes[i];

		for (uint32_t k = 0; k < 2; k++) {
			if (!p->streams[k].has_slot &&
			    arena_slot_find(&c->arena, p->number, k, &index) == 0 &&
			    stream_take_slot(&p->streams[k]) < 0) {
				log_error("pane p%llu: its ring is not to be had",
					  (unsigned long long)p->number);
			}
		}
		if (!p->streams[0].has_slot && p->state > PANE_STARTING)
			lost_load(p);
	}
}

static void settle_unheld(struct core *c)
{
	struct fail f;

	for (uint32_t i = c->n_panes; i > 0; i--) {
		struct pane *p = c->panes[i - 1];

		if (p->is_known)
			continue;
		if (p->state == PANE_STARTING && p->is_fresh &&
		    p->created_us >= c->status.keeper_started_us) {
			pane_set_state(p, PANE_EXITED); /* there is nothing to be killed */
			pane_remove(p, true);
		} else if (p->state == PANE_STARTING && !p->is_fresh) {
			fail_set(&f, FAIL_SPAWN_FAILED, NULL);
			pane_fail_respawn(p, &f);
		} else if (p->state <= PANE_RUNNING) {
			pane_set_state(p, PANE_LOST);
			p->is_closed = true;
			p->is_fresh = false;
			if (!p->exited_us)
				p->exited_us = clock_wall_us();
			registry_put_pane(p);
		} else {
			p->is_closed = true;
		}
	}
}

static void quarantine_method(struct core *c)
{
	const struct arena_task *t = &c->arena.header->last_death;

	if (t->kind != ARENA_DOING_METHOD || t->n_deaths < 2)
		return;
	snprintf(c->quarantined_method, sizeof c->quarantined_method, "%.39s", t->method);
	log_error("the daemon died %u times handling %s: refused from now on", t->n_deaths,
		  c->quarantined_method);
}

static void refeed_all(struct core *c)
{
	const struct arena_task *t = &c->arena.header->last_death;

	for (uint32_t i = 0; i < c->n_panes; i++) {
		struct pane *p = c->panes[i];

		if (t->kind == ARENA_DOING_FEED && t->n_deaths >= 2 && t->pane == p->number &&
		    !p->is_quarantined) {
			p->is_quarantined = true;
			registry_put_pane(p); /* the arena only remembers the last death */
			log_error("pane p%llu is set aside: feeding it killed the daemon %u times",
				  (unsigned long long)p->number, t->n_deaths);
		}
		command_log_restore(p);
		record_adopt(p);
		for (int k = 0; k < 2; k++)
			stream_refeed(&p->streams[k]);
	}
}

int adopt_all(struct core *c, int keeper_fd)
{
	struct adoption a = { .core = c };
	int r = err_trace(registry_load(c));

	c->keeper_fd = keeper_fd;
	if (r < 0)
		return r;
	layouts_restore(c);
	command_log_open(c);
	/* The keeper reads nothing before ADOPT_END: what we send must not wait for it. */
	if (fcntl(keeper_fd, F_SETFL, O_NONBLOCK) < 0)
		return err_origin(-errno);
	while (r == 0 && !a.is_done)
		r = receive_one(&a, keeper_fd);
	if (r == 0) {
		settle_unheld(c);
		release_orphan_slots(c);
		take_old_slots(c);
		registry_adopted(c);
		c->is_adopted = true;
		quarantine_method(c);
		refeed_all(c);
		log_info("serving %u panes in %u sessions, start %u", c->n_panes, c->n_sessions,
			 c->status.n_daemon_starts);
	}
	return err_trace(r);
}
