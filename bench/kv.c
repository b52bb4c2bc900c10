/* Key-value through the API (BENCHMARKS.md K1 to K3). */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define MAX_CLIENTS 256
#define VALUE_BYTES 100

static void send_set(struct conn *c, unsigned long key)
{
	char value[VALUE_BYTES + 1];

	memset(value, 'v', VALUE_BYTES);
	value[VALUE_BYTES] = '\0';
	conn_send(c, "kv.set", "{\"key\":\"key%06lu\",\"text\":\"%s\"}", key, value);
}

/* COUNT CLIENTS: each client sets one key after the other, all at the same time. */
int bench_kvset(int argc, char **argv)
{
	static struct conn conns[MAX_CLIENTS];
	static struct pollfd p[MAX_CLIENTS];
	unsigned long count = strtoul(argv[0], NULL, 10), n = strtoul(argv[1], NULL, 10), sent = 0,
		      done = 0;
	uint64_t start;

	(void)argc;
	if (n > MAX_CLIENTS || n > count)
		die("at most %d clients", MAX_CLIENTS);
	for (unsigned i = 0; i < n; i++) {
		conn_open(&conns[i]);
		p[i] = (struct pollfd){ .fd = conns[i].fd, .events = POLLIN };
	}
	start = now_ns();
	while (sent < n) {
		send_set(&conns[sent], sent);
		sent++;
	}
	while (done < count) {
		if (poll(p, n, -1) < 0)
			die("poll");
		for (unsigned i = 0; i < n; i++) {
			if (!p[i].revents)
				continue;
			conn_answer(&conns[i]);
			done++;
			if (sent < count)
				send_set(&conns[i], sent++);
		}
	}
	printf("{\"n\":%lu,\"seconds\":%.6f}\n", count, (double)(now_ns() - start) / 1e9);
	for (unsigned i = 0; i < n; i++)
		conn_close(&conns[i]);
	return EXIT_SUCCESS;
}

/* COUNT KEYS WINDOW: gets of random keys, WINDOW of them under way. */
int bench_kvgets(int argc, char **argv)
{
	unsigned long count = strtoul(argv[0], NULL, 10), keys = strtoul(argv[1], NULL, 10),
		      window = strtoul(argv[2], NULL, 10), sent = 0;
	struct conn c;
	uint64_t start;

	(void)argc;
	conn_open(&c);
	start = now_ns();
	for (unsigned long done = 0; done < count; done++) {
		while (sent < count && sent - done < window) {
			conn_send(&c, "kv.get", "{\"key\":\"key%06lu\"}", sent * 7919 % keys);
			sent++;
		}
		conn_answer(&c);
	}
	printf("{\"n\":%lu,\"seconds\":%.6f}\n", count, (double)(now_ns() - start) / 1e9);
	conn_close(&c);
	return EXIT_SUCCESS;
}

/* COUNT KEYS: gets of random keys among the first KEYS, one after the other. */
int bench_kvget(int argc, char **argv)
{
	unsigned long count = strtoul(argv[0], NULL, 10), keys = strtoul(argv[1], NULL, 10);
	struct stat_set s;
	struct conn c;
	uint64_t start;
	unsigned long random = 1;

	(void)argc;
	conn_open(&c);
	stat_init(&s, count);
	for (unsigned long i = 0; i < count; i++) {
		random = random * 6364136223846793005ul + 1442695040888963407ul;
		start = now_ns();
		conn_send(&c, "kv.get", "{\"key\":\"key%06lu\"}", (random >> 33) % keys);
		conn_answer(&c);
		stat_add(&s, now_ns() - start);
	}
	stat_print(&s);
	stat_fini(&s);
	conn_close(&c);
	return EXIT_SUCCESS;
}
