/*
 * What the keeper reports of a pane, and what follows from it.
 *
 *   STARTING --SPAWNED ok--> RUNNING --EXITED, then drained--> EXITED
 *   STARTING --SPAWNED failed--> removed (first spawn) or EXITED (respawn)
 *   any --keeper gone--> LOST
 *
 * EXITED is told (pane.exit) once all that the leader wrote was read; CLOSED
 * (pane.closed) when nobody holds the terminal any more.  Either may come first
 * from the kernel; pane.exit is always told first.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

static void close_fds(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void on_spawn_failed(struct pane *p, const struct keeper_spawned *m)
{
	struct fail f;

	p->core->metrics.n_spawn_failures++;
	spawn_fail_of_step(&f, p, m->step, m->error);
	if (p->is_fresh) {
		pane_fail_create(p, &f);
		return;
	}
	if (m->step == KEEPER_STEP_CHDIR && p->is_in_last_cwd) { /* it is gone: where it began */
		mem_free(p->cwd_now);
		p->cwd_now = NULL;
		p->is_in_last_cwd = false;
		link_forget(p->core, p->number);
		p->generation++;
		if (spawn_send(p, -1, &f) == 0) {
			registry_put_pane(p);
			return;
		}
	}
	pane_fail_respawn(p, &f);
}

static int open_streams(struct pane *p, const int *fds, size_t n_fds)
{
	int r = 0;

	if (n_fds != (p->is_pty ? 1u : 2u)) {
		close_fds(fds, n_fds);
		return -EPROTO;
	}
	for (size_t i = 0; i < n_fds; i++) {
		int one = stream_take_slot(&p->streams[i]);

		if (one < 0) {
			close(fds[i]);
		} else {
			one = stream_open(&p->streams[i], fds[i]);
		}
		if (one < 0)
			r = one;
	}
	return r;
}

/* It runs and cannot be read: better none than one that stops when its terminal
 * is full. */
static void on_unreadable(struct pane *p, int r)
{
	struct fail f;

	log_fault(r, "pane p%llu: its terminal cannot be polled", (unsigned long long)p->number);
	fail_set(&f, r == -ENOMEM ? FAIL_NO_MEMORY : FAIL_NO_DESCRIPTORS, NULL);
	p->core->metrics.n_spawn_failures++;
	link_signal(p->core, p->number, SIGKILL, KEEPER_TO_SESSION);
	link_forget(p->core, p->number);
	for (int i = 0; i < 2; i++)
		stream_close(&p->streams[i]);
	if (p->is_fresh) {
		pane_fail_create(p, &f);
	} else {
		pane_fail_respawn(p, &f);
	}
}

void pane_on_spawned(struct pane *p, const struct keeper_spawned *m, const int *fds, size_t n_fds)
{
	struct core *c = p->core;
	bool is_respawn = !p->is_fresh;
	int r;

	if (p->state != PANE_STARTING || m->generation != p->generation) {
		close_fds(fds, n_fds);
		return;
	}
	if (m->step != KEEPER_STEP_NONE) {
		close_fds(fds, n_fds);
		on_spawn_failed(p, m);
		return;
	}
	r = open_streams(p, fds, n_fds);
	if (r < 0) {
		on_unreadable(p, r);
		return;
	}
	if (p->spawned_ns)
		hist_record(&c->metrics.spawn, clock_mono_ns() - p->spawned_ns);
	p->pid = m->pid;
	p->started_us = clock_wall_us();
	p->is_fresh = false;
	p->session->is_made_by_create = false;
	pane_set_state(p, PANE_RUNNING);
	record_spawn(p);
	size_push(p); /* it may have been resized since it was asked for */
	registry_put_pane(p);
	core_event(c, is_respawn ? CORE_PANE_RESPAWNED : CORE_PANE_CREATED, p, p->session);
	pane_answer_create(p, NULL);
}

void pane_on_exited(struct pane *p, uint32_t generation, int status, uint64_t wall_us)
{
	if (generation != p->generation || p->state > PANE_RUNNING || p->is_exit_due)
		return;
	p->core->metrics.n_exits++;
	p->status = status;
	p->has_status = true;
	p->is_exit_due = true;
	p->exited_us = wall_us;
	pane_hold(p);
	for (int i = 0; i < 2; i++) {
		struct stream *s = &p->streams[i];

		s->exit_until = stream_head(s) + CORE_EXIT_DRAIN_BYTES;
		s->is_drained = false;
		stream_pause(s, false);
		stream_make_ready(s);
	}
	pane_settle_exit(p);
	pane_let_go(p);
}

/* All that the leader wrote was read; or so much that the rest is of survivors. */
static bool is_drained(const struct pane *p)
{
	for (int i = 0; i < 2; i++) {
		const struct stream *s = &p->streams[i];

		if (s->is_open && !s->is_eof && !s->is_drained && stream_head(s) < s->exit_until)
			return false;
	}
	return true;
}

void pane_settle_exit(struct pane *p)
{
	struct core *c = p->core;

	if (!p->is_exit_due || p->is_deleted || !is_drained(p))
		return;
	p->is_exit_due = false;
	pane_set_state(p, PANE_EXITED);
	for (int i = 0; i < 2; i++)
		fanout_flush(&p->streams[i]);
	input_fail_all(p, FAIL_PANE_EXITED);
	if (p->is_deleted)
		return;
	record_exit(p);
	registry_put_pane(p);
	command_on_exit(p);
	run_on_exit(p);
	if (p->is_deleted)
		return;
	core_event(c, CORE_PANE_EXIT, p, p->session);
	if (!c->is_shutting_down && !p->keeps_place)
		layout_leave(p);
	wait_on_exit(p);
	kill_on_exit(p);
	pane_settle_closed(p);
}

/* Both the exit was told and the terminal is let go of: nothing more can come. */
void pane_settle_closed(struct pane *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->streams[i].is_open && !p->streams[i].is_eof)
			return;
	}
	if (p->state != PANE_EXITED || p->is_closed || p->is_deleted)
		return;
	p->is_closed = true;
	for (int i = 0; i < 2; i++)
		stream_close(&p->streams[i]);
	record_closed(p);
	link_forget(p->core, p->number);
	registry_put_pane(p);
	core_event(p->core, CORE_PANE_CLOSED, p, p->session);
	wait_on_closed(p);
}
