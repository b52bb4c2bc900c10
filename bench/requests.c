/* Requests on an open socket, and a bare socket to compare with. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static void measure(struct conn *c, size_t count, const char *method, const char *params,
		    unsigned gap_us)
{
	struct stat_set s;
	size_t answer_bytes = 0;

	stat_init(&s, count);
	for (size_t i = 0; i < count + count / 10; i++) {
		uint64_t start = now_ns();

		conn_send(c, method, "%s", params);
		const char *line = conn_answer(c);
		uint64_t end = now_ns();
		answer_bytes = strlen(line) + 1;
		if (i >= count / 10) /* the first warm up */
			stat_add(&s, end - start);
		if (gap_us)
			pause_us(gap_us);
	}
	fprintf(stderr, "answer_bytes %zu\n", answer_bytes);
	stat_print(&s);
	stat_fini(&s);
}

int bench_rtt(int argc, char **argv)
{
	struct conn c;

	(void)argc;
	conn_open(&c);
	measure(&c, strtoul(argv[0], NULL, 10), argv[1], argv[2], 0);
	conn_close(&c);
	return 0;
}

int bench_beside(int argc, char **argv)
{
	char pane[24], params[256];
	struct conn c;

	(void)argc;
	conn_open(&c);
	conn_pane(&c, "exec yes", pane);
	const char *mark = strstr(argv[2], "%s");
	if (mark) {
		snprintf(params, sizeof params, "%.*s%s%s", (int)(mark - argv[2]), argv[2], pane,
			 mark + 2);
	} else {
		snprintf(params, sizeof params, "%s", argv[2]);
	}
	pause_us(200000);
	measure(&c, strtoul(argv[0], NULL, 10), argv[1], params, 1000);
	conn_end_pane(&c, pane);
	conn_close(&c);
	return 0;
}

int bench_pipeline(int argc, char **argv)
{
	size_t count = strtoul(argv[0], NULL, 10), window = strtoul(argv[1], NULL, 10);
	struct conn c;

	(void)argc;
	conn_open(&c);
	uint64_t start = now_ns();
	for (size_t sent = 0, got = 0; got < count; got++) {
		for (; sent < count && sent - got < window; sent++)
			conn_send(&c, "server.status", "{}");
		conn_answer(&c);
	}
	double s = (double)(now_ns() - start) / 1e9;
	printf("{\"n\":%zu,\"seconds\":%.6f,\"per_second\":%.0f}\n", count, s, (double)count / s);
	conn_close(&c);
	return 0;
}

static void move(int fd, char *buf, size_t n, bool is_write)
{
	for (size_t done = 0; done < n;) {
		ssize_t r =
			is_write ? write(fd, buf + done, n - done) : read(fd, buf + done, n - done);

		if (r <= 0)
			_exit(r < 0);
		done += (size_t)r;
	}
}

static _Noreturn void serve(int fd, char *buf, size_t n_request, size_t n_answer)
{
	for (;;) {
		move(fd, buf, n_request, false);
		move(fd, buf, n_answer, true);
	}
}

int bench_pingpong(int argc, char **argv)
{
	size_t count = strtoul(argv[0], NULL, 10), n_request = strtoul(argv[1], NULL, 10),
	       n_answer = strtoul(argv[2], NULL, 10);
	static char buf[1 << 20];
	struct stat_set s;
	int pair[2];

	(void)argc;
	if (n_request > sizeof buf || n_answer > sizeof buf || n_request == 0 || n_answer == 0)
		die("sizes");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		die("socketpair: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		serve(pair[1], buf, n_request, n_answer);
	}
	close(pair[1]);
	stat_init(&s, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t start = now_ns();

		move(pair[0], buf, n_request, true);
		move(pair[0], buf, n_answer, false);
		stat_add(&s, now_ns() - start);
	}
	close(pair[0]);
	waitpid(pid, NULL, 0);
	stat_print(&s);
	stat_fini(&s);
	return 0;
}
