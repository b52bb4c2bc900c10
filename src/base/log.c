#include "base/log.h"

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

#define LOG_LINE_MAX 2048 /* bytes of one record; the rest is cut */
#define LOG_HOPS_MAX 16

static struct {
	int fd;               /* < 0: not open, stderr is used */
	size_t size;          /* bytes in the file at fd */
	size_t max_bytes;     /* 0: no rotation */
	enum log_level level; /* records above it are dropped */
	char path[PATH_MAX];
	char program[32];
} state = { .fd = -1, .level = LOG_LEVEL_INFO };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* One record on its way: a line on the stack, so that logging an ENOMEM works. */
struct line {
	size_t n;
	char text[LOG_LINE_MAX];
};

static void PRINTF_LIKE(2, 0) line_vput(struct line *l, const char *fmt, va_list args)
{
	size_t room = sizeof l->text - l->n;
	int n = vsnprintf(l->text + l->n, room, fmt, args);

	if (n > 0)
		l->n += (size_t)n < room ? (size_t)n : room - 1;
}

static void PRINTF_LIKE(2, 3) line_put(struct line *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line_vput(l, fmt, args);
	va_end(args);
}

static int open_file(void)
{
	struct stat st;
	int fd = open(state.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return err_origin(-errno);
	state.fd = fd;
	state.size = fstat(fd, &st) == 0 ? (size_t)st.st_size : 0;
	return 0;
}

static void close_file(void)
{
	if (state.fd >= 0)
		(void)close(state.fd);
	state.fd = -1;
}

static void rotate(void)
{
	char old[PATH_MAX + 2];

	/* A directory that lets us write the file but not rename it: go on
	 * with the one file rather than without a log. */
	(void)snprintf(old, sizeof old, "%s.1", state.path);
	if (rename(state.path, old) < 0) {
		state.max_bytes = 0;
		return;
	}
	close_file();
	if (open_file() < 0)
		err_clear();
}

int log_open(const char *path, size_t max_bytes, const char *program)
{
	log_close();
	(void)snprintf(state.program, sizeof state.program, "%s", program);
	if (!path)
		return 0;
	if (strlen(path) >= sizeof state.path)
		return err_origin(-ENAMETOOLONG);
	(void)snprintf(state.path, sizeof state.path, "%s", path);
	state.max_bytes = max_bytes;
	return err_trace(open_file());
}

void log_close(void)
{
	close_file();
	state.max_bytes = 0;
}

void log_set_level(enum log_level level)
{
	state.level = level;
}

int log_parse_level(const char *s)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(s, level_names[i]) == 0)
			return (int)i;
	}
	return err_origin(-EINVAL);
}

static void line_begin(struct line *l, enum log_level level)
{
	struct timespec now;
	struct tm tm;

	l->n = 0;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	l->n = strftime(l->text, sizeof l->text, "%Y-%m-%dT%H:%M:%S", &tm);
	line_put(l, ".%03ldZ %s %s[%d] ", now.tv_nsec / 1000000, level_names[level], state.program,
		 (int)getpid());
}

static void line_end(struct line *l)
{
	int fd = state.fd >= 0 ? state.fd : STDERR_FILENO;

	/* One record is one line, and no reader's terminal is driven by what a
	 * client put into a name. */
	for (size_t i = 0; i < l->n; i++) {
		unsigned char c = (unsigned char)l->text[i];

		if (c < 0x20 || c == 0x7f)
			l->text[i] = '?';
	}
	l->text[l->n++] = '\n';
	if (state.fd >= 0 && state.max_bytes && state.size && state.size + l->n > state.max_bytes) {
		rotate();
		fd = state.fd >= 0 ? state.fd : STDERR_FILENO;
	}
	/* One write, so that lines of two processes do not mix; a log that
	 * cannot be written (disk full, pipe full) must not stop its program. */
	ssize_t n = write(fd, l->text, l->n);

	if (n > 0)
		state.size += (size_t)n;
}

void log_record(enum log_level level, const char *fmt, ...)
{
	struct line l;
	va_list args;

	if (level > state.level)
		return;
	line_begin(&l, level);
	va_start(args, fmt);
	line_vput(&l, fmt, args);
	va_end(args);
	line_end(&l);
}

void log_fault(int r, const char *fmt, ...)
{
	struct err_hop hops[LOG_HOPS_MAX];
	size_t n_hops = err_hops(hops, ARRAY_LEN(hops));
	struct line l;
	va_list args;

	line_begin(&l, LOG_LEVEL_ERROR);
	va_start(args, fmt);
	line_vput(&l, fmt, args);
	va_end(args);
	line_put(&l, ": %s", strerror(r < 0 ? -r : r));
	for (size_t i = 0; i < n_hops; i++) {
		line_put(&l, " %s %s:%d(%s)", i ? "<-" : "at", hops[i].file, hops[i].line,
			 hops[i].func);
	}
	line_end(&l);
	err_clear();
}
