/*
 * Prints numbered lines to stdout and keeps its own record of every byte, so
 * that a test can compare what a terminal kept with what was really written.
 *
 * usage: e2e_writer RECORD LINES_PER_SECOND STATUS      0 lines per second: as fast as it goes
 *
 * The record is a file of RECORD_BYTES: the last bytes written, as a ring that
 * byte n stands in at n % RECORD_BYTES, behind a header page with their count.
 * A byte is recorded before it is written; so at any time the record covers
 * what a reader can have seen, and after the exit it is exact.
 *
 * SIGUSR1 ends it, with STATUS, after the line that it is writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HEADER_BYTES 4096u
#define RECORD_BYTES (32u << 20)
#define LINE_BYTES 80u

static volatile sig_atomic_t is_over;

static void on_signal(int signo)
{
	(void)signo;
	is_over = 1;
}

static uint8_t *map_record(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, HEADER_BYTES + RECORD_BYTES) != 0) {
		return NULL;
	}
	uint8_t *map =
		mmap(NULL, HEADER_BYTES + RECORD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

/* A count that a reader in another process must not see before the bytes. */
static void record(uint8_t *map, uint64_t *total, const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		map[HEADER_BYTES + (*total + i) % RECORD_BYTES] = (uint8_t)line[i];
	}
	*total += n;
	__atomic_store_n((uint64_t *)(void *)map, *total, __ATOMIC_RELEASE);
}

static int write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(STDOUT_FILENO, p, n);

		if (w > 0) {
			p += w;
			n -= (size_t)w;
		} else if (w < 0 && errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_signal };
	uint64_t total = 0;
	char line[LINE_BYTES + 1];

	if (argc != 4) {
		fprintf(stderr, "usage: e2e_writer RECORD LINES_PER_SECOND STATUS\n");
		return 2;
	}
	uint8_t *map = map_record(argv[1]);
	long per_second = strtol(argv[2], NULL, 10);

	if (!map || sigaction(SIGUSR1, &act, NULL) != 0) {
		return 3;
	}
	for (uint64_t i = 0; !is_over; i++) {
		int n = snprintf(line, sizeof line, "%012llu %0*llu\n", (unsigned long long)i,
				 (int)(i % 60 + 1), (unsigned long long)(i * 2654435761u));

		record(map, &total, line, (size_t)n);
		if (write_all(line, (size_t)n) != 0) {
			return 4;
		}
		if (per_second > 0) {
			nanosleep(&(struct timespec){ .tv_nsec = 999999999 / per_second }, NULL);
		}
	}
	return (int)strtol(argv[3], NULL, 10);
}
