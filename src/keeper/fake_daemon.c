/*
 * Stands in for the daemon in the keeper's tests: it hands its end of the link
 * to the test, which then speaks the protocol itself, and does what the test
 * says: 'q' + status = exit, 'a' = abort.  Without a test that listens it exits
 * at once with 1, as a daemon that cannot come up does.
 *
 * usage: fake-daemon [daemon's options] RELAY-SOCKET
 *        fake-daemon --probe     tell what a child of the keeper finds, in lines
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "keeper/proto.h"

static int relay(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), link = KEEPER_DAEMON_FD;
	pid_t pid = getpid();
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { &pid, sizeof pid };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof control };
	char order[2] = { 0, 0 };

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof a) < 0)
		return 1;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof link);
	memcpy(CMSG_DATA(c), &link, sizeof link);
	if (sendmsg(s, &msg, MSG_NOSIGNAL) < 0)
		return 1;
	if (recv(s, order, sizeof order, MSG_WAITALL) < 2)
		return 0;
	if (order[0] == 'a')
		abort();
	return order[1];
}

static void probe_descriptors(void)
{
	printf("fds=");
	for (int fd = 0; fd < 20000; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	}
	printf("\n");
}

static void probe_signals(void)
{
	sigset_t mask;
	int n_blocked = 0, n_changed = 0;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int signo = 1; signo <= SIGRTMAX; signo++) {
		struct sigaction sa;

		n_blocked += sigismember(&mask, signo) == 1;
		n_changed += sigaction(signo, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL;
	}
	printf("blocked=%d\nchanged=%d\n", n_blocked, n_changed);
}

static void probe_terminal(void)
{
	struct winsize w = { .ws_col = 0 };
	struct termios t = { .c_iflag = 0 };
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	tcgetattr(STDOUT_FILENO, &t);
	printf("isatty=%d%d%d\nsize=%dx%d\n", isatty(0), isatty(1), isatty(2), w.ws_col, w.ws_row);
	printf("controlling=%d\nforeground=%d\n", tty >= 0, tty >= 0 && tcgetpgrp(tty) == getpid());
	printf("utf8=%d\nopost=%d\necho=%d\n", !!(t.c_iflag & IUTF8), !!(t.c_oflag & OPOST),
	       !!(t.c_lflag & ECHO));
}

static int probe(void)
{
	char cwd[4096] = "", adj[16] = "";
	struct rlimit lim;
	mode_t mask = umask(0);
	FILE *f = fopen("/proc/self/oom_score_adj", "re");

	if (f && fgets(adj, sizeof adj, f))
		fclose(f);
	probe_descriptors();
	probe_signals();
	probe_terminal();
	getrlimit(RLIMIT_NOFILE, &lim);
	printf("umask=%03o\ncwd=%s\nnofile=%llu\n", (unsigned)mask, getcwd(cwd, sizeof cwd),
	       (unsigned long long)lim.rlim_cur);
	printf("leader=%d\noom=%d\n", getsid(0) == getpid(), atoi(adj));
	printf("env=%s\npath=%s\n", getenv("PROBE") ? getenv("PROBE") : "", getenv("PATH"));
	printf("end=1\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--probe") == 0)
		return probe();
	return argc < 2 ? 2 : relay(argv[argc - 1]);
}
