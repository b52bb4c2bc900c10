/*
 * Preloaded into the programs under test: another world around them.
 *
 * E2E_SHIM holds words: `nolocks` and `noflock` (no file can be locked, by
 * fcntl or by flock), `nfs` (every file system is one of
 * the network), `clock` (the wall clock is off by the seconds in the file $E2E_CLOCK).
 */
/* Both names of each function are ours, so none may stand for the other. */
#undef _FILE_OFFSET_BITS

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define NFS_MAGIC 0x6969
#define PUBLIC __attribute__((visibility("default")))

static bool has_word(const char *word)
{
	const char *words = getenv("E2E_SHIM");

	return words && strstr(words, word);
}

/* Every command has one argument, a number or a pointer; the kernel does not care. */
static int locked_fcntl(int fd, int cmd, long arg)
{
	bool is_lock = cmd == F_SETLK || cmd == F_SETLKW || cmd == F_OFD_SETLK ||
		       cmd == F_OFD_SETLKW || cmd == F_GETLK;

	if (is_lock && has_word("nolocks")) {
		errno = ENOLCK;
		return -1;
	}
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

PUBLIC int fcntl(int fd, int cmd, ...)
{
	va_list ap;

	va_start(ap, cmd);
	long arg = va_arg(ap, long);
	va_end(ap);
	return locked_fcntl(fd, cmd, arg);
}

PUBLIC int fcntl64(int fd, int cmd, ...)
{
	va_list ap;

	va_start(ap, cmd);
	long arg = va_arg(ap, long);
	va_end(ap);
	return locked_fcntl(fd, cmd, arg);
}

PUBLIC int flock(int fd, int operation)
{
	if (has_word("noflock")) {
		errno = ENOLCK;
		return -1;
	}
	return (int)syscall(SYS_flock, fd, operation);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc's are reserved */
PUBLIC int statfs(const char *path, struct statfs *ret)
{
	int r = (int)syscall(SYS_statfs, path, ret);

	if (r == 0 && has_word("nfs")) {
		ret->f_type = NFS_MAGIC;
	}
	return r;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc's are reserved */
PUBLIC int statfs64(const char *path, struct statfs64 *ret)
{
	int r = (int)syscall(SYS_statfs, path, ret); /* the same on 64-bit machines */

	if (r == 0 && has_word("nfs")) {
		ret->f_type = NFS_MAGIC;
	}
	return r;
}

static long read_offset(void)
{
	const char *path = getenv("E2E_CLOCK");
	char text[32] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		if (read(fd, text, sizeof text - 1) < 0) {
			text[0] = '\0';
		}
		close(fd);
	}
	return strtol(text, NULL, 10);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc's are reserved */
PUBLIC int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);

	if (r == 0 && clock == CLOCK_REALTIME && has_word("clock")) {
		ret->tv_sec += read_offset();
	}
	return r;
}
