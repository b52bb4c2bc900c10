#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"

static const struct mode {
	const char *name, *args, *doc;
	int n_args;
	int (*run)(int argc, char **argv);
} modes[] = {
	{ "rtt", "COUNT METHOD PARAMS", "one request after the other", 3, bench_rtt },
	{ "pipeline", "COUNT WINDOW", "server.status, WINDOW under way", 2, bench_pipeline },
	{ "pingpong", "COUNT REQUEST ANSWER", "a bare socket with as many bytes", 3,
	  bench_pingpong },
	{ "beside", "COUNT METHOD PARAMS", "rtt beside a pane that floods; %s is the pane", 3,
	  bench_beside },
	{ "echo", "COUNT idle|flood", "key to echo, through the API", 2, bench_echo },
	{ "rawecho", "COUNT idle|flood", "the same on a bare pseudo terminal", 2, bench_rawecho },
	{ "tmuxecho", "COUNT idle|flood SOCKET", "the same in tmux's control mode", 3,
	  bench_tmuxecho },
	{ "spawn", "COUNT", "panes created over one connection", 1, bench_spawn },
	{ "fork", "COUNT", "fork and exec in a loop", 1, bench_fork },
	{ "cat", "COUNT COMMAND", "panes that print, until all of it is kept", 2, bench_cat },
	{ "pace", "BYTES_PER_SECOND SECONDS", "text on stdout at a steady pace", 2, bench_pace },
	{ "fanout", "PANE SUBSCRIBERS STALLED SECONDS", "subscribers that read, or do not", 4,
	  bench_fanout },
	{ "kvset", "COUNT CLIENTS", "durable sets, each client one after the other", 2,
	  bench_kvset },
	{ "kvgets", "COUNT KEYS WINDOW", "gets, WINDOW under way", 3, bench_kvgets },
	{ "kvget", "COUNT KEYS", "gets of random keys", 2, bench_kvget },
	{ "process", "COUNT A CLEANUP B CLEANUP", "two commands in turns, as processes", 5,
	  bench_process },
};

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "bench_drive: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(EXIT_FAILURE);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void pause_us(unsigned us)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
}

/* On stderr: processor time of this process alone, and the time that passed. */
static int run_mode(const struct mode *m, int argc, char **argv)
{
	uint64_t start = now_ns();
	struct rusage used;
	int r = m->run(argc, argv);

	getrusage(RUSAGE_SELF, &used);
	fprintf(stderr, "driver %lld %llu\n",
		(long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
			used.ru_utime.tv_usec + used.ru_stime.tv_usec,
		(unsigned long long)(now_ns() - start) / 1000);
	return r;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (argc > 1 && strcmp(argv[1], modes[i].name) == 0 &&
		    argc - 2 == modes[i].n_args) {
			return run_mode(&modes[i], argc - 2, argv + 2);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		fprintf(stderr, "bench_drive %s %s\n\t%s\n", modes[i].name, modes[i].args,
			modes[i].doc);
	}
	return 2;
}
