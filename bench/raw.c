/*
 * The physical limit of a pseudo terminal: open N of them, run the command in
 * each, read and discard.  Prints bytes and seconds.
 *
 * usage: bench_raw N COMMAND...
 */
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0, n_open = n;
	static struct pollfd fds[64];
	static char buf[1 << 16];
	struct winsize size = { .ws_row = 50, .ws_col = 150 };
	struct timespec start, end;
	unsigned long long total = 0;

	if (n < 1 || n > 64)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < n; i++) {
		fds[i].events = POLLIN;
		if (forkpty(&fds[i].fd, NULL, NULL, &size) == 0) {
			execvp(argv[2], argv + 2);
			_exit(127);
		}
	}
	while (n_open > 0 && poll(fds, (nfds_t)n, -1) > 0) {
		for (int i = 0; i < n; i++) {
			ssize_t got = fds[i].revents ? read(fds[i].fd, buf, sizeof buf) : 0;

			if (got > 0) {
				total += (unsigned long long)got;
			} else if (fds[i].revents) {
				fds[i].fd = -1; /* EIO: the other side is closed */
				n_open--;
			}
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	double s =
		(double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	printf("{\"bytes\":%llu,\"seconds\":%.6f}\n", total, s);
	return 0;
}
