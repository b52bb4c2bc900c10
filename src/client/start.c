#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "client/priv.h"

#define READY_FD 3
#define READY_TIMEOUT_NS 20000000000ull

/* In the child.  Never returns. */
__attribute__((noreturn)) static void become_keeper(const struct places *p, const char *program,
						    int ready_fd)
{
	int null = open("/dev/null", O_RDWR);

	/* Our own session: neither the terminal's Ctrl-C nor its hang-up is meant
	 * for the keeper.  It belongs to no pane either, even if it was started
	 * from one: else it would be that pane's stray. */
	(void)setsid();
	(void)unsetenv("ORCHFLOW_PANE");
	(void)unsetenv("ORCHFLOW_SESSION");
	(void)signal(SIGPIPE, SIG_DFL);
	if (ready_fd == READY_FD) {
		(void)fcntl(READY_FD, F_SETFD, 0);
	} else {
		(void)dup2(ready_fd, READY_FD);
	}
	(void)dup2(null, 0);
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	(void)close_range(READY_FD + 1, ~0u, 0);
	(void)execl(program, program, "--state", p->state_dir, "--socket", p->socket, "--ready-fd",
		    "3", (char *)NULL);
	dprintf(READY_FD, "error cannot execute %s: %s\n", program, strerror(errno));
	_exit(1);
}

/* The keeper's one line.  0: @line is it (without newline); FAIL_E_FAILED. */
static int read_word(int fd, char *line, size_t size, struct fail *reterr)
{
	uint64_t deadline = clock_mono_ns() + READY_TIMEOUT_NS;
	size_t n = 0;

	while (n + 1 < size) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_mono_ns();
		ssize_t got;

		if (now >= deadline)
			return client_failf(reterr, "the keeper does not get ready");
		if (poll(&p, 1, (int)((deadline - now) / 1000000) + 1) <= 0)
			continue;
		got = read(fd, line + n, size - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return client_failf(reterr, "the keeper ended without a word");
		n += (size_t)got;
		line[n] = '\0';
		if (memchr(line, '\n', n)) {
			*strchr(line, '\n') = '\0';
			return 0;
		}
	}
	return client_failf(reterr, "the keeper says too much");
}

static int judge_word(const struct places *p, const char *line, struct fail *reterr)
{
	if (strcmp(line, "ok") == 0)
		return 0;
	if (strncmp(line, "busy", 4) == 0)
		return START_E_BUSY;
	(void)client_failf(reterr, "the server did not start: %s",
			   strncmp(line, "error ", 6) == 0 ? line + 6 : line);
	fail_hint(reterr, "see %.90s/log/", p->state_dir);
	return FAIL_E_FAILED;
}

int start_keeper(const struct places *p, struct fail *reterr)
{
	char program[PATH_MAX], line[256];
	int pipe_fds[2], r;
	pid_t pid;

	r = places_make_dirs(p, reterr);
	if (r)
		return r;
	if (places_find_program("orchflow-keeper", "keeper", program, sizeof(program))) {
		(void)client_failf(reterr, "orchflow-keeper is not installed beside this program");
		fail_hint(reterr, "set ORCHFLOW_LIBEXEC to the directory that holds it");
		return FAIL_E_FAILED;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_origin(-errno);
	pid = fork();
	if (pid < 0) {
		r = err_origin(-errno);
		(void)close(pipe_fds[0]);
		(void)close(pipe_fds[1]);
		return r;
	}
	if (pid == 0)
		become_keeper(p, program, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	r = read_word(pipe_fds[0], line, sizeof(line), reterr);
	(void)close(pipe_fds[0]);
	/* It has either gone to the background by a fork of its own, or is still
	 * this child, which init will inherit. */
	(void)waitpid(pid, NULL, WNOHANG);
	if (r)
		return r;
	return judge_word(p, line, reterr);
}
