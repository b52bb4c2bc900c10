#include "keeper/rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

const char *rig_keeper_path, *rig_daemon_path, *rig_look_ms;

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, RIG_WAIT_MS), 1);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- the keeper ------------------------------------------------------------ */

bool rig_take_paths(int argc, char **argv)
{
	static char keeper[PATH_MAX], daemon[PATH_MAX];

	if (argc != 3 || !realpath(argv[1], keeper) || !realpath(argv[2], daemon))
		return false;
	rig_keeper_path = keeper;
	rig_daemon_path = daemon;
	return true;
}

void rig_init(struct rig *r)
{
	memset(r, 0, sizeof *r);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	r->relay_fd = r->control_fd = r->link_fd = r->arena_fd = r->listen_fd = -1;
	snprintf(r->dir, sizeof r->dir, "/tmp/keeper-test-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->state, sizeof r->state, "%s/state", r->dir);
	snprintf(r->socket, sizeof r->socket, "%s/run/orchflow.sock", r->dir);
	snprintf(r->relay, sizeof r->relay, "%s/relay", r->dir);
	r->log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(r->log_fd >= 0);
}

pid_t rig_run_keeper(struct rig *r, char *ret_told, size_t size)
{
	char ready[16];
	int p[2];

	assert_int_equal(pipe(p), 0);
	snprintf(ready, sizeof ready, "%d", p[1]);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Things that a keeper must not pass on. */
		signal(SIGHUP, SIG_IGN);
		signal(SIGCHLD, SIG_IGN);
		dup2(r->log_fd, STDERR_FILENO);
		execl(rig_keeper_path, rig_keeper_path, "--state", r->state, "--socket", r->socket,
		      "--daemon", rig_daemon_path, "--foreground", "--ready-fd", ready, "--look-ms",
		      rig_look_ms ? rig_look_ms : "10000", "--", r->relay, (char *)NULL);
		_exit(99);
	}
	close(p[1]);
	rig_read(p[0], false, "\n", ret_told, size);
	close(p[0]);
	return pid;
}

void rig_listen(struct rig *r)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof a.sun_path, "%s", r->relay);
	unlink(r->relay);
	r->relay_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(r->relay_fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(r->relay_fd, 8), 0);
}

void rig_refuse(struct rig *r)
{
	close_fd(&r->relay_fd);
	unlink(r->relay);
}

void rig_start(struct rig *r)
{
	char told[256];

	rig_init(r);
	rig_listen(r);
	r->keeper = rig_run_keeper(r, told, sizeof told);
	assert_string_equal(told, "ok\n");
	rig_accept(r);
}

int rig_wait_keeper(struct rig *r)
{
	int status;

	assert_int_equal(waitpid(r->keeper, &status, 0), r->keeper);
	r->keeper = 0;
	return status;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

/* Only after a test that failed: the next one starts afresh. */
static void end_leftover(pid_t pid)
{
	for (int i = 0; i < 1000; i++) {
		if (i % 500 == 0)
			kill(pid, i == 0 ? SIGTERM : SIGKILL);
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		pause_ms(10);
	}
}

void rig_remove(struct rig *r)
{
	if (r->keeper)
		end_leftover(r->keeper);
	rig_refuse(r);
	rig_drop_daemon(r);
	close_fd(&r->log_fd);
	assert_int_equal(nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void rig_end(struct rig *r)
{
	struct stat st;

	if (r->daemon) {
		rig_plain(r, KEEPER_STOP);
		rig_order(r, 'q', 0);
	} else {
		assert_int_equal(kill(r->keeper, SIGTERM), 0);
	}
	int status = rig_wait_keeper(r);
	int gone = stat(r->socket, &st);
	rig_remove(r);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(gone, -1);
}

bool rig_logged(const struct rig *r, const char *text)
{
	static char log[1 << 16];
	ssize_t n = pread(r->log_fd, log, sizeof log - 1, 0);

	log[n > 0 ? n : 0] = '\0';
	return strstr(log, text) != NULL;
}

/* ---- the daemon ------------------------------------------------------------- */

void rig_accept_mute(struct rig *r)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { &r->daemon, sizeof r->daemon };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof control };

	wait_readable(r->relay_fd);
	r->control_fd = accept4(r->relay_fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(r->control_fd >= 0);
	assert_int_equal(recvmsg(r->control_fd, &msg, MSG_CMSG_CLOEXEC), sizeof r->daemon);
	const struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c)
		memcpy(&r->link_fd, CMSG_DATA(c), sizeof r->link_fd);
	assert_true(r->link_fd >= 0);
}

static void take_upgraded(struct rig *r)
{
	memcpy(&r->upgraded, r->in.room, sizeof r->upgraded);
}

static void take_batch(struct rig *r)
{
	const struct keeper_adopt *m = (const void *)r->in.room;
	size_t at = 0;

	r->n_batches++;
	for (uint32_t i = 0; i < m->n; i++) {
		uint32_t j = r->n_adopted++;

		assert_true(j < RIG_MAX_CHILDREN);
		r->adopted[j] = m->children[i];
		for (uint32_t f = 0; f < 2; f++)
			r->adopted_fds[j][f] = f < m->children[i].n_fds ? r->fds[at++] : -1;
	}
	r->n_fds = 0;
}

uint32_t rig_receive_any(struct rig *r)
{
	size_t n;

	for (;;) {
		rig_close_fds(r);
		wait_readable(r->link_fd);
		assert_int_equal(keeper_proto_recv(r->link_fd, r->in.room, &n, r->fds, &r->n_fds),
				 0);
		if (r->in.h.type != KEEPER_PING)
			return r->in.h.type;
		r->n_pings++;
		rig_plain(r, KEEPER_PONG);
	}
}

void rig_adopt(struct rig *r)
{
	rig_receive(r, KEEPER_WELCOME);
	memcpy(&r->welcome, r->in.room, sizeof r->welcome);
	r->arena_fd = r->fds[0];
	r->listen_fd = r->fds[1];
	r->n_fds = 0;
	r->n_adopted = r->n_batches = 0;
	r->upgraded = (struct keeper_upgraded){ .state = KEEPER_UPGRADE_NONE };
	for (;;) {
		uint32_t type = rig_receive_any(r);

		if (type == KEEPER_ADOPT_END)
			break;
		if (type == KEEPER_UPGRADED) {
			take_upgraded(r);
			continue;
		}
		assert_int_equal(type, KEEPER_ADOPT);
		take_batch(r);
	}
}

void rig_accept(struct rig *r)
{
	rig_accept_mute(r);
	rig_adopt(r);
	rig_plain(r, KEEPER_READY);
}

void rig_drop_daemon(struct rig *r)
{
	rig_close_fds(r);
	close_fd(&r->control_fd);
	close_fd(&r->link_fd);
	close_fd(&r->arena_fd);
	close_fd(&r->listen_fd);
	for (uint32_t i = 0; i < r->n_adopted; i++) {
		close_fd(&r->adopted_fds[i][0]);
		close_fd(&r->adopted_fds[i][1]);
	}
	r->n_adopted = 0;
	r->daemon = 0;
}

void rig_kill_daemon(struct rig *r)
{
	assert_int_equal(kill(r->daemon, SIGKILL), 0);
	rig_drop_daemon(r);
}

void rig_freeze_keeper(struct rig *r)
{
	int status;

	assert_int_equal(kill(r->keeper, SIGSTOP), 0);
	assert_int_equal(waitpid(r->keeper, &status, WUNTRACED), r->keeper);
	assert_true(WIFSTOPPED(status));
}

void rig_order(struct rig *r, char what, char status)
{
	assert_int_equal(write(r->control_fd, (char[]){ what, status }, 2), 2);
	rig_drop_daemon(r);
}

/* ---- protocol --------------------------------------------------------------- */

static void put_string(int fd, const char *s)
{
	assert_int_equal(write(fd, s, strlen(s) + 1), strlen(s) + 1);
}

static uint32_t put_strings(int fd, const char *const *v)
{
	uint32_t n = 0;

	while (v[n])
		put_string(fd, v[n++]);
	return n;
}

int rig_make_spec(const struct rig_spawn *s)
{
	static const char *const path_only[] = { "PATH=/usr/local/bin:/usr/bin:/bin", NULL };
	struct keeper_spec_header h = { .magic = KEEPER_SPEC_MAGIC };
	int fd = memfd_create("spec", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, &h, sizeof h), sizeof h);
	h.n_argv = put_strings(fd, s->argv);
	h.n_env = put_strings(fd, s->env ? s->env : path_only);
	put_string(fd, s->cwd ? s->cwd : "");
	h.bytes = (uint32_t)lseek(fd, 0, SEEK_CUR);
	assert_int_equal(pwrite(fd, &h, sizeof h, 0), sizeof h);
	return fd;
}

void rig_send(struct rig *r, const void *packet, size_t n, const int *fds, size_t n_fds)
{
	assert_int_equal(keeper_proto_send(r->link_fd, packet, n, fds, n_fds), 0);
}

void rig_spawn(struct rig *r, const struct rig_spawn *s)
{
	struct keeper_spawn m = { .token = s->pane + 1000,
				  .pane = s->pane,
				  .generation = 3,
				  .flags = s->flags,
				  .cols = s->cols,
				  .rows = s->rows,
				  .umask = s->umask };
	int fds[2] = { s->spec_fd > 0 ? s->spec_fd : rig_make_spec(s), s->stdin_fd };

	KEEPER_MSG(&m, KEEPER_SPAWN);
	if (s->key)
		snprintf(m.key, sizeof m.key, "%s", s->key);
	rig_send(r, &m, sizeof m, fds, s->flags & KEEPER_SPAWN_STDIN ? 2 : 1);
	if (s->spec_fd <= 0)
		close(fds[0]);
}

void rig_signal(struct rig *r, uint64_t pane, int signo, enum keeper_target target)
{
	struct keeper_signal m = { .pane = pane, .signo = (uint32_t)signo, .target = target };

	KEEPER_MSG(&m, KEEPER_SIGNAL);
	rig_send(r, &m, sizeof m, NULL, 0);
}

void rig_forget(struct rig *r, uint64_t pane)
{
	struct keeper_forget m = { .pane = pane };

	KEEPER_MSG(&m, KEEPER_FORGET);
	rig_send(r, &m, sizeof m, NULL, 0);
}

void rig_plain(struct rig *r, enum keeper_type type)
{
	struct keeper_plain m;

	KEEPER_MSG(&m, type);
	rig_send(r, &m, sizeof m, NULL, 0);
}

void rig_upgrade(struct rig *r, enum keeper_program program, const char *path, uint32_t timeout_ms)
{
	struct keeper_upgrade m = { .program = program, .timeout_ms = timeout_ms, .note = "note" };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	KEEPER_MSG(&m, KEEPER_UPGRADE);
	rig_send(r, &m, sizeof m, &fd, 1);
	close(fd);
}

void rig_expect_upgraded(struct rig *r, enum keeper_upgrade_state state)
{
	rig_receive(r, KEEPER_UPGRADED);
	take_upgraded(r);
	assert_int_equal(r->upgraded.state, state);
	assert_string_equal((const char *)r->upgraded.note, "note");
}

void rig_close_fds(struct rig *r)
{
	for (size_t i = 0; i < r->n_fds; i++)
		close(r->fds[i]);
	r->n_fds = 0;
}

void rig_receive(struct rig *r, enum keeper_type type)
{
	assert_int_equal(rig_receive_any(r), type);
}

pid_t rig_run(struct rig *r, const struct rig_spawn *s)
{
	rig_spawn(r, s);
	rig_receive(r, KEEPER_SPAWNED);
	assert_int_equal(r->in.spawned.step, KEEPER_STEP_NONE);
	assert_int_equal(r->in.spawned.pane, s->pane);
	assert_int_equal(r->in.spawned.token, s->pane + 1000);
	assert_int_equal(r->in.spawned.generation, 3);
	assert_int_equal(r->n_fds, s->flags & KEEPER_SPAWN_PTY ? 1 : 2);
	return (pid_t)r->in.spawned.pid;
}

void rig_expect_failure(struct rig *r, const struct rig_spawn *s, enum keeper_step step, int error)
{
	rig_spawn(r, s);
	rig_receive(r, KEEPER_SPAWNED);
	assert_int_equal(r->in.spawned.pane, s->pane);
	assert_int_equal(r->in.spawned.step, step);
	assert_int_equal(r->in.spawned.error, error);
}

int rig_expect_exit(struct rig *r, uint64_t pane)
{
	rig_receive(r, KEEPER_EXITED);
	assert_int_equal(r->in.exited.pane, pane);
	assert_int_equal(r->in.exited.generation, 3);
	return r->in.exited.status;
}

void rig_read(int fd, bool is_pty, const char *until, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	while (at + 1 < size && !strstr(buf, until)) {
		char chunk[512];
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, RIG_WAIT_MS) != 1)
			fail_msg("waited in vain for '%s' after '%s'", until, buf);
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		if (is_pty && chunk[0] != 0)
			continue;
		for (ssize_t i = is_pty; i < n && at + 1 < size; i++)
			buf[at++] = chunk[i];
		buf[at] = '\0';
	}
}

void rig_expect_gone(pid_t pid)
{
	for (int i = 0; i < RIG_WAIT_MS / 10; i++) {
		/* What a dead keeper left is ours to reap (rig_init()). */
		(void)waitpid(pid, NULL, WNOHANG);
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return;
		pause_ms(10);
	}
	fail_msg("process %d is still there", (int)pid);
}

int rig_count_fds(pid_t pid)
{
	char path[64];
	int n = -2; /* "." and ".." */

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}
