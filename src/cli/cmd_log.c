#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/out.h"
#include "cli/server.h"

#define PIECE 65536

static int copy_rest(int fd)
{
	static char piece[PIECE];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if (fwrite(piece, 1, (size_t)n, stdout) != (size_t)n)
			break;
	}
	return out_finish();
}

/* Where the last @n lines begin. */
static off_t start_of_last(int fd, off_t size, int64_t n)
{
	static char piece[PIECE];
	off_t at = size;

	while (at > 0) {
		size_t want = at > (off_t)sizeof(piece) ? sizeof(piece) : (size_t)at;
		ssize_t got = pread(fd, piece, want, at - (off_t)want);

		if (got != (ssize_t)want)
			return 0;
		for (size_t i = want; i-- > 0;) {
			off_t pos = at - (off_t)want + (off_t)i;

			/* The newline of the last line ends it, it begins none. */
			if (piece[i] == '\n' && pos != size - 1 && --n == 0)
				return pos + 1;
		}
		at -= (off_t)want;
	}
	return 0;
}

/* The file at @path is no longer the one that @fd reads: it was rotated. */
static bool is_replaced(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	       (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

static int follow(int fd, const char *dir, const char *path)
{
	int watch = inotify_init1(IN_CLOEXEC);
	int r = EXIT_OK;

	if (watch < 0 || inotify_add_watch(watch, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		out_error("cannot watch %s: %s", dir, strerror(errno));
		r = EXIT_ERROR;
	}
	while (!r) {
		char events[4096];

		r = copy_rest(fd);
		if (!r && is_replaced(fd, path)) {
			(void)close(fd);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			continue;
		}
		if (!r && read(watch, events, sizeof(events)) < 0 && errno != EINTR)
			r = EXIT_ERROR;
	}
	(void)close(fd);
	(void)close(watch);
	return r;
}

int cmd_log(const struct cli_args *a)
{
	char dir[PATH_MAX + 8], path[PATH_MAX + 32];
	struct places p;
	struct stat st;
	struct fail f;
	int64_t n = 50;
	int fd, r;

	if (args_number(a, "lines", 1, INT32_MAX, &n) == ARGS_E_BAD)
		return EXIT_USAGE;
	r = places_resolve(&p, &f);
	if (r)
		return out_failure(r, &f);
	(void)snprintf(dir, sizeof(dir), "%s/log", p.state_dir);
	(void)snprintf(path, sizeof(path), "%s/%s.log", dir,
		       args_has(a, "keeper") ? "keeper" : "daemon");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		out_error("cannot read %s: %s", path, strerror(errno));
		return EXIT_ERROR;
	}
	if (lseek(fd, start_of_last(fd, st.st_size, n), SEEK_SET) < 0)
		return out_failure(-errno, NULL);
	if (args_has(a, "follow"))
		return follow(fd, dir, path);
	r = copy_rest(fd);
	(void)close(fd);
	return r;
}
