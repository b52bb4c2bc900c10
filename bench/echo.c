/*
 * A key and its echo: through the API, on a bare pseudo terminal, and through
 * tmux's control mode.  The terminal echoes by itself (the line discipline); a
 * program drains what was typed.  "flood" adds a second terminal that prints
 * without pause.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define DRAIN "stty -icanon echo; printf ready; exec cat >/dev/null"
#define GAP_US 1000u /* between keys; a typist needs 100 times as long */

static bool is_flood(const char *arg)
{
	return strcmp(arg, "flood") == 0;
}

/* ---- through the API ---- */

static void await_output(struct conn *c, const char *pane)
{
	char from[24];

	for (;;) {
		char *line = conn_line(c);

		if (!conn_is_event(line, "pane.output"))
			continue;
		conn_text(line, "pane", from, sizeof from);
		if (strcmp(from, pane) == 0)
			return;
	}
}

int bench_echo(int argc, char **argv)
{
	size_t count = strtoul(argv[0], NULL, 10);
	char pane[24], flood[24] = "";
	struct stat_set s;
	struct conn c;

	(void)argc;
	conn_open(&c);
	conn_pane(&c, DRAIN, pane);
	conn_send(&c, "pane.wait", "{\"pane\":\"%s\",\"regex\":\"ready\",\"from\":0}", pane);
	conn_answer(&c);
	if (is_flood(argv[1]))
		conn_pane(&c, "exec yes", flood);
	conn_send(&c, "pane.subscribe", "{\"pane\":\"%s\"}", pane);
	conn_answer(&c);
	pause_us(200000);
	stat_init(&s, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t start = now_ns();

		conn_send(&c, "pane.write", "{\"pane\":\"%s\",\"text\":\"x\"}", pane);
		await_output(&c, pane);
		stat_add(&s, now_ns() - start);
		pause_us(GAP_US);
	}
	stat_print(&s);
	conn_end_pane(&c, pane);
	if (flood[0])
		conn_end_pane(&c, flood);
	stat_fini(&s);
	conn_close(&c);
	return 0;
}

/* ---- on a bare pseudo terminal ---- */

static pid_t start_pty(const char *command, int *ret_fd)
{
	struct winsize size = { .ws_row = 50, .ws_col = 150 };
	pid_t pid = forkpty(ret_fd, NULL, NULL, &size);

	if (pid < 0)
		die("forkpty: %s", strerror(errno));
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return pid;
}

/* A reader of its own, as tmux and the daemon are: in another process. */
static pid_t start_flood(void)
{
	static char buf[1 << 16];
	int fd;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	start_pty("exec yes", &fd);
	while (read(fd, buf, sizeof buf) > 0)
		;
	_exit(0);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int bench_rawecho(int argc, char **argv)
{
	size_t count = strtoul(argv[0], NULL, 10);
	char buf[4096];
	struct stat_set s;
	int fd;
	pid_t pid = start_pty(DRAIN, &fd), flood = is_flood(argv[1]) ? start_flood() : 0;

	(void)argc;
	if (read(fd, buf, sizeof buf) <= 0) /* "ready" */
		die("read: %s", strerror(errno));
	pause_us(200000);
	stat_init(&s, count);
	for (size_t i = 0; i < count; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t start = now_ns();

		if (write(fd, "x", 1) != 1 || poll(&p, 1, 10000) != 1 ||
		    read(fd, buf, sizeof buf) <= 0)
			die("no echo");
		stat_add(&s, now_ns() - start);
		pause_us(GAP_US);
	}
	stat_print(&s);
	end(pid);
	if (flood)
		end(flood);
	stat_fini(&s);
	return 0;
}

/* ---- tmux's control mode ---- */

struct control {
	pid_t pid;
	int in, out;
	char buf[1 << 16];
	size_t n;
};

static void control_start(struct control *t, const char *socket_name, const char *command)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		die("pipe: %s", strerror(errno));
	t->pid = fork();
	if (t->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("tmux", "tmux", "-L", socket_name, "-f", "/dev/null", "-C", "new-session",
		       "-x", "150", "-y", "50", command, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	t->in = in[1];
	t->out = out[0];
	t->n = 0;
}

static void control_say(struct control *t, const char *text)
{
	if (write(t->in, text, strlen(text)) != (ssize_t)strlen(text))
		die("tmux: %s", strerror(errno));
}

/* Read on until @what was seen in what came since the last call. */
static void control_await(struct control *t, const char *what)
{
	t->n = 0;
	for (;;) {
		if (t->n == sizeof t->buf - 1) {
			memmove(t->buf, t->buf + t->n / 2, t->n - t->n / 2);
			t->n -= t->n / 2;
		}
		ssize_t r = read(t->out, t->buf + t->n, sizeof t->buf - 1 - t->n);
		if (r <= 0)
			die("tmux is gone");
		t->n += (size_t)r;
		t->buf[t->n] = '\0';
		if (strstr(t->buf, what))
			return;
	}
}

int bench_tmuxecho(int argc, char **argv)
{
	size_t count = strtoul(argv[0], NULL, 10);
	static struct control t;
	struct stat_set s;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	control_start(&t, argv[2], DRAIN);
	control_await(&t, "ready");
	if (is_flood(argv[1])) {
		/* Its output is not sent to us, as it is not in echo's case. */
		control_say(&t, "new-window -d 'exec yes'\n");
		control_say(&t, "refresh-client -A '%1:off'\n");
	}
	pause_us(300000);
	stat_init(&s, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t start = now_ns();

		control_say(&t, "send-keys -t %0 -l z\n");
		control_await(&t, "%output %0 z");
		stat_add(&s, now_ns() - start);
		pause_us(GAP_US);
	}
	stat_print(&s);
	control_say(&t, "kill-server\n");
	close(t.in);
	waitpid(t.pid, NULL, 0);
	stat_fini(&s);
	return 0;
}
