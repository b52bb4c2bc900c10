#include "keeper/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

static struct {
	char path[PATH_MAX]; /* "" = stderr, never rotated */
	int fd;
	size_t n_bytes;
} log_file = { .fd = STDERR_FILENO };

static int open_file(void)
{
	struct stat st;
	int fd = open(log_file.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_origin(-errno);
	log_file.n_bytes = fstat(fd, &st) == 0 ? (size_t)st.st_size : 0;
	log_file.fd = fd;
	return 0;
}

int klog_open(const char *path)
{
	if (!path)
		return 0;
	if ((size_t)snprintf(log_file.path, sizeof log_file.path, "%s", path) >=
	    sizeof log_file.path) {
		log_file.path[0] = '\0';
		return err_origin(-ENAMETOOLONG);
	}
	int r = open_file();
	if (r < 0)
		log_file.path[0] = '\0';
	return err_trace(r);
}

/* A file that cannot be renamed or opened again keeps being written. */
static void rotate(void)
{
	char old[PATH_MAX + 2];
	int fd = log_file.fd;

	snprintf(old, sizeof old, "%s.1", log_file.path);
	log_file.n_bytes = 0;
	if (rename(log_file.path, old) == 0 && open_file() == 0)
		close(fd);
}

static size_t put_time(char *line, size_t size)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, size - n, ".%03ldZ keeper ", now.tv_nsec / 1000000);
	return n;
}

void klog(const char *fmt, ...)
{
	char line[1024];
	size_t n = put_time(line, sizeof line - 1);
	va_list ap;

	va_start(ap, fmt);
	int more = vsnprintf(line + n, sizeof line - 1 - n, fmt, ap);
	va_end(ap);
	if (more > 0)
		n += (size_t)more < sizeof line - 2 - n ? (size_t)more : sizeof line - 2 - n;
	line[n++] = '\n';
	/* A full disk must not stop the keeper. */
	(void)!write(log_file.fd, line, n);
	log_file.n_bytes += n;
	if (log_file.path[0] && log_file.n_bytes > LOG_MAX_BYTES)
		rotate();
}
