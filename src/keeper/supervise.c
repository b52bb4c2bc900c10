#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arena/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "keeper/activation.h"
#include "keeper/keeper.h"
#include "keeper/session.h"

#define WAIT_FIRST_MS 50 /* before the second start in a row; doubles */
#define WAIT_MAX_MS 5000
#define HEALTHY_MS 10000 /* a daemon that was ready and ran so long starts afresh */
#define MAX_NEVER_READY 8
#define RETRY_MS 60000   /* given up: a connection may start it again */
#define ORDERLY_MS 30000 /* from SIGTERM to the daemon's STOP */
#define LEAVE_MS 2000    /* from STOP to the daemon's exit */
#define HANGUP_MS 2000   /* from SIGHUP to SIGKILL, without a daemon */
#define END_MS 2000      /* for SIGKILL to work */
#define REAP_PER_TURN 256
#define ANSWERS_PER_TURN 64

/* code and name: FAIL_DAEMON_DOWN of base/fail.h */
static const char down_answer[] =
	"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1307,"
	"\"message\":\"the daemon keeps crashing; shells are kept\","
	"\"data\":{\"name\":\"DAEMON_DOWN\",\"category\":\"system\",\"severity\":\"critical\","
	"\"retryable\":true,\"hint\":\"see log/keeper.log in the state directory; "
	"SIGHUP to the keeper starts the daemon again at once\"}}}\n";

/* ---- start ---------------------------------------------------------------- */

/* The system's count; 0 if the kernel does not say. */
static uint64_t count_oom_kills(void)
{
	static char text[32768];
	size_t at = 0;
	ssize_t n = 1;
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);

	/* A page at a time is what it gives. */
	while (fd >= 0 && n > 0 && at < sizeof text - 1) {
		n = read(fd, text + at, sizeof text - 1 - at);
		at += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	text[at] = '\0';
	const char *p = strstr(text, "\noom_kill ");
	return p ? strtoull(p + strlen("\noom_kill "), NULL, 10) : 0;
}

static _Noreturn void run_daemon(struct keeper *k, int fd)
{
	const struct supervisor *d = &k->daemon;

	spawn_reset_signals();
	/* Its own session: a Ctrl-C for the keeper in the foreground is the
	 * keeper's to pass on. */
	(void)setsid();
	spawn_set_oom(k->daemon_oom_score_adj);
	/* dup2() onto itself would leave CLOEXEC on. */
	if (fd == KEEPER_DAEMON_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, KEEPER_DAEMON_FD) < 0)
		_exit(126);
	(void)close_range(KEEPER_DAEMON_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	if (d->is_on_trial) {
		program_exec(d->trial_fd, NULL, d->argv);
	} else {
		program_exec(d->program_fd, d->argv[0], d->argv);
	}
	log_info("cannot run %s: %s", d->argv[0], strerror(errno));
	_exit(127);
}

static void wait_to_start(struct keeper *k, uint64_t ms)
{
	k->daemon.state = DAEMON_WAITING;
	k->daemon.start_ms = keeper_now_ms() + ms;
}

static void start(struct keeper *k)
{
	struct supervisor *d = &k->daemon;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		log_info("cannot start the daemon: socketpair: %s", strerror(errno));
		wait_to_start(k, WAIT_MAX_MS);
		return;
	}
	d->oom_kills = count_oom_kills();
	d->is_on_trial = d->trial_fd >= 0;
	pid_t pid = fork();
	if (pid == 0)
		run_daemon(k, pair[1]);
	int e = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		log_info("cannot start the daemon: fork: %s", strerror(e));
		wait_to_start(k, WAIT_MAX_MS);
		return;
	}
	d->pid = pid;
	d->state = DAEMON_STARTED;
	d->is_broken = false;
	d->kill_ms = d->ask_ms = 0;
	d->n_starts++;
	d->started_ms = keeper_now_ms();
	d->trial_ms = d->is_on_trial ? d->started_ms + k->upgrade.timeout_ms : 0;
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	log_info("daemon %d started (start %u)", (int)pid, d->n_starts);
	link_up(k, pair[0]);
}

void daemon_on_ready(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	if (d->state != DAEMON_STARTED)
		return;
	d->state = DAEMON_READY;
	d->n_never_ready = 0;
	log_info("daemon %d ready after %llu ms", (int)d->pid,
		 (unsigned long long)(keeper_now_ms() - d->started_ms));
	upgrade_on_ready(k);
	notify_ready();
}

/* ---- death ---------------------------------------------------------------- */

/* Its own fault, as opposed to somebody's wish: decides waiting, giving up and
 * the quarantine's count. */
static bool is_fault(const struct supervisor *d, int status)
{
	if (d->is_broken)
		return true;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) != 0 || d->state != DAEMON_READY;
	switch (WTERMSIG(status)) {
	case SIGKILL:
		/* The kernel's killer looks like anybody's kill -9 but for this. */
		return count_oom_kills() != d->oom_kills;
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
	case SIGHUP:
		return false;
	default:
		return true;
	}
}

static void note_fault(const struct keeper *k)
{
	struct arena a;

	/* Mapped only now: what a dead daemon left is looked at, not lived in. */
	if (arena_map(&a, k->arena_fd) != 0)
		return;
	arena_note_death(&a);
	arena_unmap(&a);
}

/* Before the next start. */
static uint64_t wait_ms(uint32_t n_failures)
{
	uint64_t ms = WAIT_FIRST_MS;

	if (n_failures <= 1)
		return 0;
	for (uint32_t i = 2; i < n_failures && ms < WAIT_MAX_MS; i++)
		ms *= 2;
	return ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS;
}

static void give_up(struct keeper *k)
{
	k->daemon.state = DAEMON_GIVEN_UP;
	keeper_poll(k, k->place.listen_fd, EPOLLIN, POLL_LISTEN, 0);
	log_error("GIVING UP on the daemon: it died %u times in a row before it was ready; %u "
		  "children "
		  "are kept; SIGHUP starts it again",
		  k->daemon.n_never_ready, table_count(&k->table, CHILD_RUNNING));
}

static void start_again(struct keeper *k, int status, bool was_ready, bool was_fault)
{
	struct supervisor *d = &k->daemon;
	bool was_killed = was_ready && !was_fault && WIFSIGNALED(status);
	bool was_healthy = was_ready && keeper_now_ms() - d->started_ms >= HEALTHY_MS;

	if (was_healthy || (was_ready && !was_fault))
		d->n_failures = 0;
	if (was_fault)
		d->n_failures++;
	if (was_fault && !was_ready)
		d->n_never_ready++;
	/* A kill is followed at once.  It may also end by itself, or be killed as
	 * it comes up: no fault, but no race either. */
	wait_to_start(k, was_fault || was_killed ? wait_ms(d->n_failures) : WAIT_FIRST_MS);
	if (d->n_never_ready >= MAX_NEVER_READY)
		give_up(k);
}

static void log_death(const struct keeper *k, int status, bool was_fault)
{
	const struct supervisor *d = &k->daemon;
	unsigned long long ms = keeper_now_ms() - d->started_ms;
	const char *how = WIFEXITED(status) ? "exited with status" : "was killed by signal";
	int n = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);

	log_info("daemon %d %s %d after %llu ms%s%s", (int)d->pid, how, n, ms,
		 d->state == DAEMON_READY ? "" : ", before it was ready",
		 was_fault ? ", its own fault" : "");
}

static void hang_up_sessions(struct keeper *k);

void daemon_on_exit(struct keeper *k, int status)
{
	struct supervisor *d = &k->daemon;

	/* Its last words; among them may be STOP. */
	link_drain(k);
	link_down(k);
	bool was_ready = d->state == DAEMON_READY;
	bool was_fault = d->stop != STOP_LEAVING && is_fault(d, status);
	log_death(k, status, was_fault);
	d->pid = 0;
	d->kill_ms = d->ask_ms = 0;
	d->last_status = status;
	bool was_on_trial = upgrade_on_exit(k, status);
	if (was_fault && !was_on_trial)
		note_fault(k);
	switch (d->stop) {
	case STOP_NOT:
		if (was_on_trial || d->trial_fd >= 0) {
			wait_to_start(k, 0);
		} else {
			start_again(k, status, was_ready, was_fault);
		}
		break;
	case STOP_ASKED:
		hang_up_sessions(k);
		break;
	case STOP_LEAVING:
	case STOP_HANGUP:
	case STOP_DONE:
		d->stop = STOP_DONE;
		break;
	}
}

void daemon_on_broken(struct keeper *k, const char *why)
{
	struct supervisor *d = &k->daemon;

	if (d->pid == 0 || d->is_broken)
		return;
	log_info("killing daemon %d: %s", (int)d->pid, why);
	d->is_broken = true;
	(void)kill(d->pid, SIGKILL);
}

/* ---- the keeper's own end ------------------------------------------------- */

void daemon_on_stop(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	if (d->stop == STOP_LEAVING)
		return;
	log_info("daemon %d says stop", (int)d->pid);
	place_close_socket(&k->place);
	d->stop = STOP_LEAVING;
	d->stop_ms = keeper_now_ms() + LEAVE_MS;
}

/* There is no daemon to do it in order. */
static void hang_up_sessions(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	place_close_socket(&k->place);
	for (uint32_t i = 0; i < k->table.n_high; i++) {
		const struct child *c = &k->table.children[i];

		if (c->state != CHILD_STARTING && c->state != CHILD_RUNNING)
			continue;
		session_signal(c->pid, SIGHUP);
		session_signal(c->pid, SIGCONT);
	}
	session_flush();
	d->state = DAEMON_WAITING;
	d->stop = STOP_HANGUP;
	d->stop_ms = keeper_now_ms() + HANGUP_MS;
}

void daemon_on_terminate(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	log_info("asked to stop");
	if (d->stop != STOP_NOT)
		return;
	if (d->pid == 0) {
		hang_up_sessions(k);
		return;
	}
	d->stop = STOP_ASKED;
	d->stop_ms = keeper_now_ms() + ORDERLY_MS;
	(void)kill(d->pid, SIGTERM);
}

static void on_stop_deadline(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	switch (d->stop) {
	case STOP_NOT:
	case STOP_DONE:
		break;
	case STOP_ASKED:
	case STOP_LEAVING:
		/* Its exit leads on to the next phase. */
		log_info("killing daemon %d: it did not end in time", (int)d->pid);
		(void)kill(d->pid, SIGKILL);
		d->stop_ms = keeper_now_ms() + LEAVE_MS;
		break;
	case STOP_HANGUP:
		d->stop = STOP_DONE;
		break;
	}
}

void daemon_end_children(struct keeper *k)
{
	uint64_t until = keeper_now_ms() + END_MS;

	/* Whoever dies leaves us its children: again until nobody is left. */
	while (keeper_now_ms() < until) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			break;
		session_kill_own_children();
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	log_info("keeper ends");
	place_close(&k->place);
}

/* ---- given up ------------------------------------------------------------- */

static void answer_one(int fd)
{
	char request[4096];

	/* Unread input would turn our close into a reset. */
	(void)!recv(fd, request, sizeof request, MSG_DONTWAIT);
	(void)!send(fd, down_answer, sizeof down_answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

/* What keeps crashing may have been replaced by what does not. */
static void take_program(struct keeper *k)
{
	int fd = open(k->daemon.argv[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	close(k->daemon.program_fd);
	k->daemon.program_fd = fd;
}

void daemon_on_connection(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	if (d->state != DAEMON_GIVEN_UP)
		return;
	if (keeper_now_ms() - d->started_ms >= RETRY_MS) {
		/* Not accepted: the daemon answers it, or we do when that failed. */
		keeper_unpoll(k, k->place.listen_fd);
		take_program(k);
		start(k);
		return;
	}
	for (int i = 0; i < ANSWERS_PER_TURN; i++) {
		int fd = accept4(k->place.listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		answer_one(fd);
	}
}

void daemon_on_hangup(struct keeper *k)
{
	struct supervisor *d = &k->daemon;
	bool was_given_up = d->state == DAEMON_GIVEN_UP;

	if (d->stop != STOP_NOT)
		return;
	if (was_given_up)
		keeper_unpoll(k, k->place.listen_fd);
	if (place_lost_socket(&k->place)) {
		k->link.owes_listening = place_listen(&k->place) == 0;
		log_info("socket %s was gone: %s", k->place.socket,
			 k->link.owes_listening ? "made again" : k->place.error);
	}
	if (was_given_up)
		take_program(k);
	if (was_given_up || d->state == DAEMON_WAITING)
		start(k);
	if (d->state == DAEMON_READY)
		watch_ask(k);
}

/* ---- time and reaping ----------------------------------------------------- */

uint64_t keeper_deadline(const struct keeper *k)
{
	const struct supervisor *d = &k->daemon;
	uint64_t ms = UINT64_MAX;

	if (d->stop == STOP_NOT && d->state == DAEMON_WAITING)
		ms = d->start_ms;
	if (d->kill_ms && d->kill_ms < ms)
		ms = d->kill_ms;
	if (d->stop != STOP_NOT && d->stop_ms < ms)
		ms = d->stop_ms;
	if (k->link.retry_ms && k->link.retry_ms < ms)
		ms = k->link.retry_ms;
	if (d->trial_ms && d->trial_ms < ms)
		ms = d->trial_ms;
	if (d->ask_ms && d->ask_ms < ms)
		ms = d->ask_ms;
	if (k->upgrade.check_pid && k->upgrade.check_ms < ms)
		ms = k->upgrade.check_ms;
	return ms;
}

void daemon_on_time(struct keeper *k)
{
	struct supervisor *d = &k->daemon;
	uint64_t now = keeper_now_ms();

	if (d->kill_ms && now >= d->kill_ms) {
		d->kill_ms = 0;
		daemon_on_broken(k, "it does not end");
	}
	upgrade_on_time(k);
	watch_on_time(k);
	if (d->stop == STOP_NOT && d->state == DAEMON_WAITING && now >= d->start_ms)
		start(k);
	if (d->stop != STOP_NOT && now >= d->stop_ms)
		on_stop_deadline(k);
	if (d->stop == STOP_HANGUP && table_count(&k->table, CHILD_RUNNING) == 0 &&
	    table_count(&k->table, CHILD_STARTING) == 0)
		d->stop = STOP_DONE;
}

static void on_child_dead(struct keeper *k, struct child *c, int status)
{
	/* Whether it got to exec is in the pipe, and nobody else writes to it. */
	if (c->state == CHILD_STARTING)
		spawn_on_report(&k->table, c, true);
	if (c->state != CHILD_RUNNING)
		return;
	if (c->is_forgotten) {
		table_drop(&k->table, c);
		return;
	}
	c->state = CHILD_EXITED;
	c->status = status;
	c->exited_wall_us = clock_wall_us();
	table_owe(&k->table, c, CHILD_OWES_EXITED);
}

void keeper_reap(struct keeper *k)
{
	int status, n = 0;
	pid_t pid = 0;

	while (n++ < REAP_PER_TURN && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *c = table_by_pid(&k->table, pid);

		if (pid == k->daemon.pid)
			daemon_on_exit(k, status);
		if (c)
			on_child_dead(k, c, status);
		upgrade_on_reaped(k, pid, status);
	}
	k->has_more_dead = pid > 0;
}
