/* A pane that prints at a steady pace, and many subscribers of it (BENCHMARKS.md V1). */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define PIECES_PER_S 100
#define MAX_SUBSCRIBERS 1000

/* BYTES_PER_SECOND SECONDS: text on stdout, a piece every 10 ms. */
int bench_pace(int argc, char **argv)
{
	size_t piece = strtoul(argv[0], NULL, 10) / PIECES_PER_S;
	unsigned n = (unsigned)strtoul(argv[1], NULL, 10) * PIECES_PER_S;
	char *text = malloc(piece + 1);
	uint64_t start = now_ns();

	(void)argc;
	if (!text)
		die("out of memory");
	for (size_t i = 0; i < piece; i++)
		text[i] = (char)(i % 80 == 79 ? '\n' : 'a' + i % 26);
	for (unsigned i = 0; i < n; i++) {
		uint64_t due = start + (uint64_t)i * (1000000000u / PIECES_PER_S), now = now_ns();

		if (due > now)
			pause_us((unsigned)((due - now) / 1000));
		if (write(STDOUT_FILENO, text, piece) < 0)
			break;
	}
	free(text);
	return EXIT_SUCCESS;
}

/* Everything that is there, thrown away. */
static uint64_t drain(int fd)
{
	static char scratch[256 << 10];
	uint64_t all = 0;
	ssize_t n;

	while ((n = recv(fd, scratch, sizeof scratch, MSG_DONTWAIT)) > 0)
		all += (uint64_t)n;
	return all;
}

static uint64_t read_all(struct pollfd *p, unsigned n, uint64_t until_ns)
{
	uint64_t bytes = 0;

	while (now_ns() < until_ns) {
		if (poll(p, n, 50) <= 0)
			continue;
		for (unsigned i = 0; i < n; i++) {
			if (p[i].revents)
				bytes += drain(p[i].fd);
		}
	}
	return bytes;
}

/* PANE SUBSCRIBERS STALLED SECONDS: so many subscribe, those stalled never read. */
int bench_fanout(int argc, char **argv)
{
	unsigned n = (unsigned)strtoul(argv[1], NULL, 10),
		 stalled = (unsigned)strtoul(argv[2], NULL, 10);
	uint64_t seconds = strtoul(argv[3], NULL, 10);
	static struct conn conns[MAX_SUBSCRIBERS];
	static struct pollfd p[MAX_SUBSCRIBERS];
	uint64_t bytes;

	(void)argc;
	if (n > MAX_SUBSCRIBERS || stalled > n)
		die("at most %d subscribers", MAX_SUBSCRIBERS);
	for (unsigned i = 0; i < n; i++) {
		conn_open(&conns[i]);
		conn_send(&conns[i], "pane.subscribe", "{\"pane\":\"%s\"}", argv[0]);
		conn_answer(&conns[i]);
		p[i] = (struct pollfd){ .fd = conns[i].fd, .events = POLLIN };
	}
	bytes = read_all(p + stalled, n - stalled, now_ns() + seconds * 1000000000u);
	printf("{\"bytes\":%llu}\n", (unsigned long long)bytes);
	for (unsigned i = 0; i < n; i++)
		conn_close(&conns[i]);
	return EXIT_SUCCESS;
}
