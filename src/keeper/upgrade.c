/*
 * Going on with other programs.
 *
 *   of the daemon   READY --UPGRADE--> it ends --> the new one STARTED, on trial
 *                     --READY in time--> it stays, the old program is let go
 *                     --death, or time is over--> the old program again
 *   of the keeper   --UPGRADE--> the new one looks at our state (--check-state)
 *                     --says yes--> exec: same process, same descriptors, same children
 *                     --says no, dies, or time is over--> nothing changed
 *
 * Both are kept open as files from the beginning: what is verified is what is run,
 * whatever is put in the place of the path meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/keeper.h"

#define LEAVE_MS 10000 /* from UPGRADE to the end of the daemon that sent it */
#define STATE_FD 3     /* where the check finds our state */

/* execv*() only read; their types cannot say so. */
union argv {
	const char *const *in;
	char *const *out;
};

void program_exec(int fd, const char *path, const char *const *argv)
{
	union argv v = { .in = argv };

	if (fd >= 0) {
		(void)execveat(fd, "", v.out, environ, AT_EMPTY_PATH);
		/* A script: its interpreter opens the descriptor by name. */
		if (errno == ENOENT && fcntl(fd, F_SETFD, 0) == 0)
			(void)execveat(fd, "", v.out, environ, AT_EMPTY_PATH);
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	if (path)
		(void)execv(path, v.out);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void settle(struct keeper *k, enum keeper_upgrade_state state, int status, bool was_late)
{
	struct upgrade *u = &k->upgrade;

	u->result.state = state;
	u->result.status = status;
	u->result.was_late = was_late;
	u->result.took_ms = (uint32_t)(keeper_now_ms() - u->begun_ms);
	k->link.owes_upgraded = true;
	log_info("upgrade of the %s %s after %u ms",
		 u->result.program == KEEPER_PROGRAM_DAEMON ? "daemon" : "keeper",
		 state == KEEPER_UPGRADE_DONE ? "done" : "FAILED", u->result.took_ms);
}

/* ---- of the daemon ---- */

void upgrade_on_ready(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	if (!d->is_on_trial)
		return;
	close_fd(&d->program_fd);
	d->program_fd = d->trial_fd;
	d->trial_fd = -1;
	d->is_on_trial = false;
	d->trial_ms = 0;
	settle(k, KEEPER_UPGRADE_DONE, 0, false);
}

bool upgrade_on_exit(struct keeper *k, int status)
{
	struct supervisor *d = &k->daemon;

	if (!d->is_on_trial)
		return false;
	settle(k, KEEPER_UPGRADE_FAILED, status, d->trial_ms == 0);
	close_fd(&d->trial_fd);
	d->is_on_trial = false;
	d->trial_ms = 0;
	return true;
}

/* ---- of the keeper ---- */

static _Noreturn void run_check(const struct keeper *k, int state_fd)
{
	const char *const argv[] = { k->argv[0], "--check-state", "3", NULL };

	spawn_reset_signals();
	if (state_fd == STATE_FD ? fcntl(state_fd, F_SETFD, 0) < 0 : dup2(state_fd, STATE_FD) < 0)
		_exit(126);
	program_exec(k->upgrade.keeper_fd, NULL, argv);
	_exit(127);
}

static void start_check(struct keeper *k)
{
	struct upgrade *u = &k->upgrade;
	int fd, r = image_write(k, &fd);
	pid_t pid = r < 0 ? -1 : fork();

	if (pid == 0)
		run_check(k, fd);
	if (r == 0)
		close(fd);
	if (pid < 0) {
		close_fd(&u->keeper_fd);
		settle(k, KEEPER_UPGRADE_FAILED, 0, false);
		return;
	}
	u->check_pid = pid;
	u->check_ms = u->begun_ms + u->timeout_ms;
}

void upgrade_on_reaped(struct keeper *k, pid_t pid, int status)
{
	struct upgrade *u = &k->upgrade;

	if (pid != u->check_pid)
		return;
	u->check_pid = 0;
	u->is_understood = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (u->is_understood)
		return;
	close_fd(&u->keeper_fd);
	settle(k, KEEPER_UPGRADE_FAILED, status, keeper_now_ms() >= u->begun_ms + u->timeout_ms);
}

/* From here on nothing may go wrong any more; what can was tried before. */
static void become(struct keeper *k, int state_fd)
{
	char number[16];
	const char *const argv[] = { k->argv[0],     "--restore", number,          "--state",
				     k->place.state, "--socket",  k->place.socket, NULL };

	snprintf(number, sizeof number, "%d", state_fd);
	log_info("the keeper goes on as another program");
	image_keep_fds(k, true);
	(void)fcntl(state_fd, F_SETFD, 0);
	program_exec(k->upgrade.keeper_fd, NULL, argv);
	image_keep_fds(k, false);
	log_error("it does not: %s", strerror(errno));
}

void upgrade_become(struct keeper *k)
{
	struct upgrade *u = &k->upgrade;
	int fd;

	/* An answer that waits for room, or a daemon that just died, comes first. */
	if (!u->is_understood || k->daemon.state != DAEMON_READY || k->link.phase != LINK_LIVE)
		return;
	u->is_understood = false;
	if (k->daemon.stop == STOP_NOT && image_write(k, &fd) == 0) {
		become(k, fd);
		close(fd);
	}
	close_fd(&u->keeper_fd);
	settle(k, KEEPER_UPGRADE_FAILED, 0, false);
}

void upgrade_done(struct keeper *k)
{
	settle(k, KEEPER_UPGRADE_DONE, 0, false);
}

/* ---- both ---- */

static bool is_under_way(const struct keeper *k)
{
	return k->daemon.trial_fd >= 0 || k->upgrade.keeper_fd >= 0;
}

void upgrade_begin(struct keeper *k, const struct keeper_upgrade *m, int fd)
{
	struct upgrade *u = &k->upgrade;
	struct supervisor *d = &k->daemon;

	/* From one that is dead already (its last words) it counts too. */
	if (is_under_way(k) || d->state != DAEMON_READY || d->stop != STOP_NOT)
		return;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	u->result = (struct keeper_upgraded){ .program = m->program,
					      .state = KEEPER_UPGRADE_UNDER_WAY };
	memcpy(u->result.note, m->note, sizeof u->result.note);
	u->begun_ms = keeper_now_ms();
	u->timeout_ms = m->timeout_ms;
	if (own < 0) {
		settle(k, KEEPER_UPGRADE_FAILED, 0, false);
	} else if (m->program == KEEPER_PROGRAM_KEEPER) {
		u->keeper_fd = own;
		start_check(k);
	} else {
		log_info("daemon %d makes room for another program", (int)d->pid);
		d->trial_fd = own;
		d->kill_ms = u->begun_ms + LEAVE_MS;
	}
}

void upgrade_on_time(struct keeper *k)
{
	struct upgrade *u = &k->upgrade;
	struct supervisor *d = &k->daemon;
	uint64_t now = keeper_now_ms();

	if (d->trial_ms && now >= d->trial_ms) {
		d->trial_ms = 0;
		log_info("killing daemon %d: it is not ready in time", (int)d->pid);
		(void)kill(d->pid, SIGKILL);
	}
	if (u->check_pid && now >= u->check_ms)
		(void)kill(u->check_pid, SIGKILL);
	/* Until it is reaped: once is enough. */
	if (u->check_pid && now >= u->check_ms)
		u->check_ms = now + LEAVE_MS;
}
