/*
 * Ending processes, with a report of what was ended.
 *
 *   ask the census --> who is there? --none--> done
 *        ^                  | new ones get SIGHUP (and SIGCONT, so that a
 *        |                  | stopped one can act on it); after the grace
 *        +--- a little later +  all that are left get SIGKILL
 *
 * so what is forked meanwhile is found by the next round.  A process is named
 * by pid and start time, and signalled through a pidfd that was checked after
 * it was opened: a pid that was reused is never hit.
 *
 * A pane that is still starting (its directory may hang) has no process that the
 * census knows as its own: the keeper, whose child it is, passes the signals on.
 * That start then fails, and the pane goes if it was its first.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

#define FIRST_DELAY_MS 2
#define LAST_DELAY_MS 100
#define KILL_ROUNDS 30 /* after SIGKILL: 3 s, then it is reported as left */

struct kill {
	struct list link, pane_link;
	struct core *core;
	struct pane *pane; /* NULL: all (or it was deleted) */
	uint64_t number;   /* 0: everything that is ours */
	uint32_t leader, generation;
	bool wants_tree, is_asking, is_over, has_asked_again, has_status;
	bool was_starting; /* when it began */
	int status;
	uint64_t begun_ns, deadline_ns;
	unsigned delay_ms, n_rounds;
	struct core_process *targets;
	uint32_t n_targets, max_targets;
	core_killed_fn *on_done;
	void *user;
	struct census_request request; /* is_asking */
	uv_timer_t timer;
};

static void on_census(const struct census *census, void *user);

static void ask(struct kill *k)
{
	if (k->is_asking) {
		k->has_asked_again = true;
		return;
	}
	k->is_asking = true;
	census_request(k->core, &k->request);
}

static void on_timer(uv_timer_t *t)
{
	ask(t->data);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct kill *k = h->data;

	k->core->n_handles--;
	mem_free(k->targets);
	mem_free(k);
}

/* From here on nobody finds it: its owner may delete the pane while it is told. */
static void unlink_kill(struct kill *k)
{
	k->is_over = true;
	list_remove(&k->link);
	list_remove(&k->pane_link);
	k->pane = NULL;
}

/* Under way at the census: that lets go of it. */
static void dispose(struct kill *k)
{
	if (!k->is_asking)
		uv_close((uv_handle_t *)&k->timer, on_timer_closed);
}

static void finish(struct kill *k)
{
	struct core_kill_report r = { .processes = k->targets, .n = k->n_targets };

	if (k->pane && k->pane->has_status && k->pane->state == PANE_EXITED) {
		r.has_status = true;
		r.status = k->pane->status;
	}
	hist_record(&k->core->metrics.kill, clock_mono_ns() - k->begun_ns);
	unlink_kill(k);
	k->on_done(&r, NULL, k->user);
	dispose(k);
}

/* The pane was started anew: what runs in it now is not meant. */
static bool is_outlived(const struct kill *k)
{
	return k->pane && k->pane->generation != k->generation;
}

/* The census knows whose a process is; a leader's number alone may be that of
 * another pane by now, if this one has exited. */
static bool is_wanted(const struct kill *k, const struct core_process *p)
{
	if (p->state == 'Z')
		return false; /* ended: the keeper is about to reap it, or its parent must */
	if (k->number == 0)
		return true;
	if (p->pane != k->number || is_outlived(k))
		return false;
	return k->wants_tree || (k->leader && (p->sid == k->leader || p->pid == k->leader));
}

static struct core_process *find(struct kill *k, const struct core_process *p)
{
	for (uint32_t i = 0; i < k->n_targets; i++) {
		if (k->targets[i].pid == p->pid && k->targets[i].started_us == p->started_us)
			return &k->targets[i];
	}
	return NULL;
}

static struct core_process *add(struct kill *k, const struct core_process *p)
{
	if (k->n_targets == k->max_targets) {
		uint32_t max = k->max_targets ? 2 * k->max_targets : 16;
		void *grown = mem_realloc(k->targets, max * sizeof *k->targets);

		if (!grown)
			return NULL;
		k->targets = grown;
		k->max_targets = max;
	}
	k->targets[k->n_targets] = *p;
	k->targets[k->n_targets].signo = 0;
	return &k->targets[k->n_targets++];
}

/* True if the process is (still) the one meant and the signal was sent. */
static bool send_signal(const struct core_process *p, int signo)
{
	struct core_process now;
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)p->pid, 0);
	bool is_same, is_sent = false;

	if (fd < 0)
		return false;
	is_same = census_read_stat(p->pid, &now) && now.sid == p->sid;
	if (is_same) {
		is_sent = syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0) == 0;
		if (signo == SIGHUP)
			syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0);
	}
	close(fd);
	return is_sent;
}

/* Returns how many are still there. */
static uint32_t signal_round(struct kill *k, const struct census *census, int signo)
{
	uint32_t n_alive = 0;

	for (uint32_t i = 0; i < k->n_targets; i++)
		k->targets[i].is_gone = true;
	for (size_t i = 0; i < census->n; i++) {
		const struct core_process *p = &census->processes[i];
		struct core_process *t = find(k, p);

		if (p->state == 'Z' || (!t && !is_wanted(k, p)))
			continue;
		if (!t)
			t = add(k, p);
		n_alive++;
		if (!t)
			continue;
		t->is_gone = false;
		/* What could not be sent, for want of a descriptor say, is tried again. */
		if (t->signo != signo && t->signo != SIGKILL && send_signal(p, signo))
			t->signo = signo;
	}
	return n_alive;
}

static bool has_settled(const struct kill *k)
{
	if (k->number == 0)
		return k->core->n_live == 0;
	return !k->pane || k->pane->state > PANE_RUNNING || is_outlived(k);
}

static void on_census(const struct census *census, void *user)
{
	struct kill *k = user;
	uint64_t now = clock_mono_ns(), left_ms;
	bool is_late = now >= k->deadline_ns;
	uint32_t n_alive;

	k->is_asking = false;
	if (k->is_over) {
		uv_close((uv_handle_t *)&k->timer, on_timer_closed);
		return;
	}
	n_alive = signal_round(k, census, is_late ? SIGKILL : SIGHUP);
	if (k->pane && k->pane->state == PANE_STARTING && !is_outlived(k))
		link_signal(k->core, k->number, is_late ? SIGKILL : SIGHUP, KEEPER_TO_LEADER);
	k->n_rounds += is_late;
	if ((n_alive == 0 && census->error == 0 && has_settled(k)) || k->n_rounds > KILL_ROUNDS) {
		finish(k);
		return;
	}
	if (k->has_asked_again) {
		k->has_asked_again = false;
		k->delay_ms = FIRST_DELAY_MS;
	}
	left_ms = is_late ? LAST_DELAY_MS : (k->deadline_ns - now) / 1000000 + 1;
	uv_timer_start(&k->timer, on_timer, k->delay_ms < left_ms ? k->delay_ms : left_ms, 0);
	k->delay_ms = k->delay_ms * 2 < LAST_DELAY_MS ? k->delay_ms * 2 : LAST_DELAY_MS;
}

/* Whatever the timer says: now is a good moment to look. */
void kill_on_exit(struct pane *p)
{
	list_for_each (l, &p->kills) {
		struct kill *k = list_entry(l, struct kill, pane_link);

		uv_timer_stop(&k->timer);
		ask(k);
	}
}

/* At the end: whoever waits for one learns that nobody will tell. */
void kill_drop_all(struct core *c)
{
	struct fail f;

	fail_set(&f, FAIL_SHUTTING_DOWN, NULL);
	while (!list_is_empty(&c->kills)) {
		struct kill *k = list_entry(c->kills.next, struct kill, link);

		unlink_kill(k);
		k->on_done(NULL, &f, k->user);
		dispose(k);
	}
}

void kill_drop_pane(struct pane *p)
{
	struct fail f;

	fail_setf(&f, FAIL_PANE_NOT_FOUND, NULL, "it was deleted");
	while (!list_is_empty(&p->kills)) {
		struct kill *k = list_entry(p->kills.next, struct kill, pane_link);

		if (k->was_starting) {
			finish(k); /* its end is what was asked for */
			continue;
		}
		unlink_kill(k);
		k->on_done(NULL, &f, k->user);
		dispose(k);
	}
}

static struct kill *begin(struct core *c, struct pane *p, bool tree, uint32_t grace_ms,
			  core_killed_fn *done, void *user)
{
	struct kill *k = mem_new(struct kill);

	if (!k)
		return NULL;
	k->core = c;
	k->pane = p;
	k->number = p ? p->number : 0;
	k->leader = p ? p->pid : 0;
	k->was_starting = p && p->state == PANE_STARTING;
	k->generation = p ? p->generation : 0;
	k->request = (struct census_request){ .on_done = on_census, .user = k };
	k->wants_tree = tree;
	k->begun_ns = clock_mono_ns();
	k->deadline_ns = k->begun_ns + (uint64_t)grace_ms * 1000000;
	k->delay_ms = FIRST_DELAY_MS;
	k->on_done = done;
	k->user = user;
	list_init(&k->pane_link);
	uv_timer_init(c->loop, &k->timer);
	k->timer.data = k;
	c->n_handles++;
	list_append(&c->kills, &k->link);
	if (p)
		list_append(&p->kills, &k->pane_link);
	ask(k);
	return k;
}

void core_pane_kill(struct core *c, struct pane *p, bool tree, uint32_t grace_ms,
		    core_killed_fn *done, void *user)
{
	struct fail f;

	if (!begin(c, p, tree, grace_ms, done, user)) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
	}
}

struct shutdown {
	struct core *core;
	core_killed_fn *on_done;
	void *user;
};

static void on_all_ended(const struct core_kill_report *r, const struct fail *f, void *user)
{
	struct shutdown *s = user;
	struct core *c = s->core;

	if (!f)
		lost_save_all(c);
	s->on_done(r, f, s->user);
	if (!f)
		link_stop(c);
	mem_free(s);
}

void core_shutdown(struct core *c, uint32_t grace_ms, core_killed_fn *done, void *user)
{
	struct shutdown *s = c->is_shutting_down ? NULL : mem_new(struct shutdown);
	struct fail f;

	if (!s) {
		fail_set(&f, c->is_shutting_down ? FAIL_SHUTTING_DOWN : FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
		return;
	}
	*s = (struct shutdown){ .core = c, .on_done = done, .user = user };
	c->is_shutting_down = true;
	if (!begin(c, NULL, true, grace_ms, on_all_ended, s)) {
		c->is_shutting_down = false;
		mem_free(s);
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
	}
}

static int signal_foreground(struct pane *p, int signo)
{
	int fd = p->streams[CORE_OUT].fd;
	pid_t group = p->is_pty && fd >= 0 ? tcgetpgrp(fd) : -1;

	/* The kernel itself finds the group for the three that keys can send. */
	if (group > 0 && (signo == SIGINT || signo == SIGQUIT || signo == SIGTSTP))
		return ioctl(fd, TIOCSIG, signo) < 0 ? -errno : 0;
	if (group > 0)
		return kill(-group, signo) < 0 ? -errno : 0;
	link_signal(p->core, p->number, signo, KEEPER_TO_SESSION);
	return 0;
}

int core_pane_signal(struct core *c, struct pane *p, int signo, enum core_signal_to to,
		     struct fail *reterr)
{
	int r = 0;

	if (p->state != PANE_RUNNING)
		return fail_set(reterr, FAIL_PANE_EXITED, NULL);
	switch (to) {
	case CORE_TO_FOREGROUND:
		r = signal_foreground(p, signo);
		break;
	case CORE_TO_LEADER:
		link_signal(c, p->number, signo, KEEPER_TO_LEADER);
		break;
	case CORE_TO_SESSION:
		link_signal(c, p->number, signo, KEEPER_TO_SESSION);
		break;
	}
	return r < 0 ? fail_setf(reterr, FAIL_SIGNAL_FAILED, NULL, "%s", strerror(-r)) : 0;
}
