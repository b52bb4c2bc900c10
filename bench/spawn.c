/* Starting many, and printing much. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define N_MAX 4000u

static void report(size_t n, uint64_t start)
{
	printf("{\"n\":%zu,\"seconds\":%.6f}\n", n, (double)(now_ns() - start) / 1e9);
}

/* Until the last of them is exec'd: that is when pane.create is answered. */
int bench_spawn(int argc, char **argv)
{
	size_t n = strtoul(argv[0], NULL, 10);
	static char panes[N_MAX][24];
	struct conn c;

	(void)argc;
	if (n > N_MAX)
		die("at most %u", N_MAX);
	conn_open(&c);
	uint64_t start = now_ns();
	for (size_t sent = 0, got = 0; got < n; got++) {
		for (; sent < n && sent - got < 64; sent++) {
			conn_send(&c, "pane.create",
				  "{\"session\":\"bench\",\"command\":[\"sleep\",\"1000\"]}");
		}
		conn_text(strstr(conn_answer(&c), "\"result\":"), "id", panes[got],
			  sizeof panes[got]);
	}
	report(n, start);
	for (size_t i = 0; i < n; i++)
		conn_end_pane(&c, panes[i]);
	conn_close(&c);
	return 0;
}

/* All hold one end of a CLOEXEC pipe: it is closed when the last is exec'd. */
int bench_fork(int argc, char **argv)
{
	size_t n = strtoul(argv[0], NULL, 10);
	static pid_t pids[N_MAX];
	int execs[2];
	char c;

	(void)argc;
	if (n > N_MAX)
		die("at most %u", N_MAX);
	if (pipe2(execs, O_CLOEXEC) != 0)
		die("pipe: %s", strerror(errno));
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			execlp("sleep", "sleep", "1000", NULL);
			_exit(127);
		}
		if (pids[i] < 0)
			die("fork: %s", strerror(errno));
	}
	close(execs[1]);
	if (read(execs[0], &c, 1) != 0)
		die("read: %s", strerror(errno));
	report(n, start);
	for (size_t i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}

int bench_cat(int argc, char **argv)
{
	size_t n = strtoul(argv[0], NULL, 10);
	static char panes[N_MAX][24];
	uint64_t bytes = 0;
	struct conn c;

	(void)argc;
	if (n > N_MAX)
		die("at most %u", N_MAX);
	conn_open(&c);
	conn_send(&c, "events.subscribe", "{\"kinds\":[\"pane.closed\"]}");
	conn_answer(&c);
	uint64_t start = now_ns();
	size_t n_closed = 0;
	for (size_t i = 0; i < n; i++) {
		conn_send(&c, "pane.create",
			  "{\"session\":\"bench\",\"cols\":150,\"rows\":50,\"command\":[\"sh\",\"-"
			  "c\",\"%s\"]}",
			  argv[1]);
	}
	for (size_t got = 0; got < n || n_closed < n;) {
		char *line = conn_line(&c);

		if (conn_is_event(line, "pane.closed")) {
			bytes += conn_number(line, "seq");
			n_closed++;
		} else if (!conn_is_event(line, NULL)) {
			const char *result = strstr(line, "\"result\":");

			if (!result)
				die("%s", line);
			conn_text(result, "id", panes[got++], sizeof panes[0]);
		}
	}
	uint64_t end = now_ns();
	printf("{\"bytes\":%llu,\"seconds\":%.6f}\n", (unsigned long long)bytes,
	       (double)(end - start) / 1e9);
	for (size_t i = 0; i < n; i++) {
		conn_send(&c, "pane.delete", "{\"pane\":\"%s\"}", panes[i]);
		conn_answer(&c);
	}
	conn_close(&c);
	return 0;
}
