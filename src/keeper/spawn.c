#include "keeper/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

/* Descriptors that children may not use up: what the keeper needs to start the
 * daemon again, to answer, to log. */
#define RESERVED_FDS 32

/* Both ends of what will be the child's stdio. */
struct stdio {
	int child[3]; /* to become 0, 1, 2; -1 = same as the one before (or /dev/null for 0) */
	int ours[2];  /* PTY master, or out and err */
	uint32_t n_ours;
};

static int fail(struct spawn_failure *reterr, int step, int error)
{
	*reterr = (struct spawn_failure){ step, error };
	return SPAWN_E_FAILED;
}

static void close_stdio(struct stdio *s, bool with_ours)
{
	for (size_t i = 0; i < ARRAY_LEN(s->child); i++) {
		if (s->child[i] >= 0)
			close(s->child[i]);
	}
	for (size_t i = 0; with_ours && i < ARRAY_LEN(s->ours); i++) {
		if (s->ours[i] >= 0)
			close(s->ours[i]);
	}
}

static int set_terminal(int master, int slave, const struct keeper_spawn *m)
{
	struct winsize size = { .ws_col = m->cols, .ws_row = m->rows };
	struct termios t;
	int on = 1;

	if (ioctl(master, TIOCSWINSZ, &size) < 0 || ioctl(master, TIOCPKT, &on) < 0 ||
	    tcgetattr(slave, &t) < 0)
		return -errno;
	t.c_iflag |= IUTF8;
	if (m->flags & KEEPER_SPAWN_RAW_OUTPUT)
		t.c_oflag &= ~(tcflag_t)OPOST;
	if (m->flags & KEEPER_SPAWN_NO_ECHO)
		t.c_lflag &= ~(tcflag_t)ECHO;
	return tcsetattr(slave, TCSANOW, &t) < 0 ? -errno : 0;
}

static int open_terminal(struct stdio *s, const struct keeper_spawn *m)
{
	int unlock = 0;

	s->ours[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (s->ours[0] < 0)
		return -errno;
	s->n_ours = 1;
	if (ioctl(s->ours[0], TIOCSPTLCK, &unlock) < 0)
		return -errno;
	/* By descriptor, not by name: nobody can put something else there. */
	s->child[1] = ioctl(s->ours[0], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->child[1] < 0)
		return -errno;
	return set_terminal(s->ours[0], s->child[1], m);
}

static int open_pipes(struct stdio *s)
{
	for (int i = 0; i < 2; i++) {
		int p[2];

		if (pipe2(p, O_CLOEXEC) < 0)
			return -errno;
		s->ours[i] = p[0];
		s->child[1 + i] = p[1];
		s->n_ours = (uint32_t)i + 1;
		/* Our end only: a program need not expect a non-blocking stdout. */
		if (fcntl(p[0], F_SETFL, O_NONBLOCK) < 0)
			return -errno;
	}
	return 0;
}

static int open_stdio(struct stdio *s, const struct keeper_spawn *m, int stdin_fd,
		      struct spawn_failure *reterr)
{
	bool has_tty = m->flags & KEEPER_SPAWN_PTY;
	int r = has_tty ? open_terminal(s, m) : open_pipes(s);

	if (r == 0 && stdin_fd >= 0) {
		s->child[0] = fcntl(stdin_fd, F_DUPFD_CLOEXEC, 3);
		r = s->child[0] < 0 ? -errno : 0;
	} else if (r == 0 && !has_tty) {
		s->child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		r = s->child[0] < 0 ? -errno : 0;
	}
	if (r == 0)
		return 0;
	close_stdio(s, true);
	return fail(reterr, has_tty ? KEEPER_STEP_PTY : KEEPER_STEP_PIPE, -r);
}

/* Nothing that a terminal or a stray kill can send may end or stop the keeper. */
static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGQUIT, SIGTSTP, SIGTTIN,
			       SIGTTOU, SIGUSR1, SIGUSR2, SIGALRM };

void spawn_ignore_signals(void)
{
	/* Inherited "ignore" would reach every shell; and SIGCHLD ignored would
	 * lose every exit status. */
	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL);
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
}

void spawn_reset_signals(void)
{
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		(void)signal(ignored[i], SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_between(unsigned first, unsigned last)
{
	if (first <= last)
		(void)close_range(first, last, 0);
}

void spawn_close_all_but(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (a < 0 || b < 0)
		low = high = STDERR_FILENO;
	close_between(3, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, UINT_MAX);
}

int spawn_set_oom(int adj)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d", adj);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = write(fd, text, (size_t)n) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* ---- in the child ------------------------------------------------------- */

struct report {
	int step, error; /* error 0: "what is left is this step" */
};

struct setup {
	const struct keeper_spawn *m;
	const struct stdio *stdio;
	const struct spawn_limits *limits;
	int spec_fd, report_fd;
};

static void report(int fd, int step, int error)
{
	struct report r = { step, error };

	(void)!write(fd, &r, sizeof r);
}

static _Noreturn void give_up(int report_fd, int step, int error)
{
	report(report_fd, step, error);
	_exit(127);
}

static int take_stdio(const struct stdio *s, bool has_tty)
{
	int in = s->child[0] >= 0 ? s->child[0] : s->child[1];
	int err = s->child[2] >= 0 ? s->child[2] : s->child[1];

	if (setsid() < 0)
		return KEEPER_STEP_SESSION;
	if (has_tty && ioctl(s->child[1], TIOCSCTTY, 0) < 0)
		return KEEPER_STEP_TERMINAL;
	if (dup2(in, 0) < 0 || dup2(s->child[1], 1) < 0 || dup2(err, 2) < 0)
		return KEEPER_STEP_TERMINAL;
	return 0;
}

static int read_all(int fd, void *buf, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = read(fd, (char *)buf + at, size - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EINVAL;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

struct spec {
	char **argv, **envp;
	const char *cwd;
};

/* Point @vec at @n strings from *p on and move *p behind them. */
static bool take_strings(char **p, const char *end, char **vec, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char *nul = memchr(*p, '\0', (size_t)(end - *p));

		if (!nul)
			return false;
		vec[i] = *p;
		*p = nul + 1;
	}
	vec[n] = NULL;
	return true;
}

static int parse_spec(char *text, const struct keeper_spec_header *h, char **vec, struct spec *ret)
{
	char *end = text + h->bytes - sizeof *h, *cwd[2];

	ret->argv = vec;
	ret->envp = vec + h->n_argv + 1;
	if (!take_strings(&text, end, ret->argv, h->n_argv) ||
	    !take_strings(&text, end, ret->envp, h->n_env) || !take_strings(&text, end, cwd, 1))
		return -EINVAL;
	ret->cwd = cwd[0][0] ? cwd[0] : "/";
	return text == end ? 0 : -EINVAL;
}

/* Into fresh memory, never unmapped: exec does that.  Each string is at least
 * one byte, so that the size bounds the counts. */
static int read_spec(int fd, struct spec *ret)
{
	struct keeper_spec_header h;

	(void)lseek(fd, 0, SEEK_SET);
	int r = read_all(fd, &h, sizeof h);
	if (r < 0)
		return r;
	if (h.magic != KEEPER_SPEC_MAGIC || h.bytes > KEEPER_SPEC_MAX || h.bytes <= sizeof h ||
	    h.n_argv == 0 || h.n_argv > h.bytes || h.n_env > h.bytes)
		return -EINVAL;

	size_t vec_bytes = ((size_t)h.n_argv + h.n_env + 2) * sizeof(char *);
	char *p = mmap(NULL, vec_bytes + h.bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	r = read_all(fd, p + vec_bytes, h.bytes - sizeof h);
	return r < 0 ? r : parse_spec(p + vec_bytes, &h, (void *)p, ret);
}

static _Noreturn void run_child(const struct setup *s)
{
	struct spec spec = { .cwd = "/" };
	int fd = s->report_fd;

	spawn_reset_signals();
	int step = take_stdio(s->stdio, s->m->flags & KEEPER_SPAWN_PTY);
	if (step)
		give_up(fd, step, errno);
	/* Before anything that can hang: a hung child must not keep other
	 * children's terminals or the keeper's lock open. */
	spawn_close_all_but(fd, s->spec_fd);
	spawn_set_oom(s->limits->oom_score_adj);
	if (setrlimit(RLIMIT_NOFILE, &s->limits->nofile) < 0)
		give_up(fd, KEEPER_STEP_LIMITS, errno);
	int r = read_spec(s->spec_fd, &spec);
	if (r < 0)
		give_up(fd, KEEPER_STEP_SPEC, -r);
	umask((mode_t)s->m->umask);
	if (chdir(spec.cwd) < 0)
		give_up(fd, KEEPER_STEP_CHDIR, errno);
	report(fd, KEEPER_STEP_EXEC, 0);
	assert(spec.argv && spec.argv[0]);
	/* execvpe() would search the PATH of this process. */
	environ = spec.envp;
	execvp(spec.argv[0], spec.argv);
	give_up(fd, KEEPER_STEP_EXEC, errno);
}

/* ---- in the keeper ------------------------------------------------------ */

static bool is_near_limit(int fd)
{
	struct rlimit lim;

	return getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY &&
	       (rlim_t)fd + RESERVED_FDS > lim.rlim_cur;
}

static int open_report(struct stdio *s, int report_pipe[2], struct spawn_failure *reterr)
{
	if (pipe2(report_pipe, O_CLOEXEC) < 0) {
		int error = errno;

		close_stdio(s, true);
		return fail(reterr, KEEPER_STEP_PIPE, error);
	}
	/* The highest descriptor so far: numbers are given lowest first. */
	if (is_near_limit(report_pipe[1]) || fcntl(report_pipe[0], F_SETFL, O_NONBLOCK) < 0) {
		close(report_pipe[0]);
		close(report_pipe[1]);
		close_stdio(s, true);
		return fail(reterr, KEEPER_STEP_PIPE, EMFILE);
	}
	return 0;
}

static void fill_record(struct child *c, const struct keeper_spawn *m, const struct stdio *s,
			pid_t pid, int report_fd)
{
	c->state = CHILD_STARTING;
	c->pid = pid;
	c->report_fd = report_fd;
	c->n_fds = s->n_ours;
	memcpy(c->fds, s->ours, sizeof c->fds);
	c->token = m->token;
	c->pane = m->pane;
	c->generation = m->generation;
	c->flags = m->flags;
	c->started_wall_us = clock_wall_us();
	memcpy(c->key, m->key, sizeof c->key);
}

int spawn_start(struct table *t, const struct keeper_spawn *m, const int *fds,
		const struct spawn_limits *limits, struct child **ret_child,
		struct spawn_failure *reterr)
{
	struct stdio s = { .child = { -1, -1, -1 }, .ours = { -1, -1 } };
	int stdin_fd = m->flags & KEEPER_SPAWN_STDIN ? fds[1] : -1, report_pipe[2];

	if (table_by_pane(t, m->pane))
		return fail(reterr, KEEPER_STEP_TABLE, EEXIST);
	struct child *c = table_take(t);
	if (!c)
		return fail(reterr, KEEPER_STEP_TABLE, ENOSPC);
	int r = open_stdio(&s, m, stdin_fd, reterr);
	if (r)
		return r;
	r = open_report(&s, report_pipe, reterr);
	if (r)
		return r;

	struct setup setup = { m, &s, limits, fds[0], report_pipe[1] };
	pid_t pid = fork();
	if (pid == 0)
		run_child(&setup);
	int error = errno;
	close(report_pipe[1]);
	close_stdio(&s, pid < 0);
	if (pid < 0) {
		close(report_pipe[0]);
		return fail(reterr, KEEPER_STEP_FORK, error);
	}
	fill_record(c, m, &s, pid, report_pipe[0]);
	if (m->pane > t->highest_pane && !(m->pane & KEEPER_HELPER_BIT))
		t->highest_pane = m->pane;
	*ret_child = c;
	return 0;
}

static void end_start(struct table *t, struct child *c)
{
	table_close_report(t, c);
	if (c->state == CHILD_STARTING && c->is_past_setup) {
		c->state = CHILD_RUNNING;
	} else if (c->state == CHILD_STARTING) {
		c->state = CHILD_FAILED;
		c->step = KEEPER_STEP_EXEC;
		c->error = ECANCELED;
	}
	if (c->state == CHILD_FAILED)
		child_close_fds(c);
	table_owe(t, c, CHILD_OWES_SPAWNED);
	/* A failed one has nothing left but its answer; the process is reaped
	 * like a stray. */
	if (c->state == CHILD_FAILED && c->is_forgotten)
		table_drop(t, c);
}

void spawn_on_report(struct table *t, struct child *c, bool is_dead)
{
	struct report r;
	ssize_t n;

	assert(c->report_fd >= 0);
	while ((n = read(c->report_fd, &r, sizeof r)) == sizeof r) {
		if (r.error == 0) {
			c->is_past_setup = true;
			continue;
		}
		c->state = CHILD_FAILED;
		c->step = r.step;
		c->error = r.error;
	}
	if (n == 0 || is_dead)
		end_start(t, c);
}
