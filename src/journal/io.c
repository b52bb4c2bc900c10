#include "journal/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of one thread: that of the test. */
static _Thread_local long fail_after = -1;
static _Thread_local int fail_error;
static _Thread_local bool fails_for_good;
static _Thread_local uint64_t n_calls;

void io_fail_after(long n, int error, bool for_good)
{
	fail_after = n;
	fail_error = error;
	fails_for_good = for_good;
}

uint64_t io_count(void)
{
	return n_calls;
}

/* 0, or the error that this call is to fail with. */
static int injected(void)
{
	n_calls++;
	if (fail_after < 0)
		return 0;
	if (fail_after > 0) {
		fail_after--;
		return 0;
	}
	if (!fails_for_good)
		fail_after = -1;
	return -fail_error;
}

static int result(int r)
{
	return r < 0 ? -errno : r;
}

int io_open(const char *path, int flags)
{
	int r = injected();

	return r < 0 ? r : result(open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600));
}

static int write_all(int fd, const uint8_t *p, size_t n, uint64_t at)
{
	while (n > 0) {
		ssize_t k = pwrite(fd, p, n, (off_t)at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		p += k;
		n -= (size_t)k;
		at += (size_t)k;
	}
	return 0;
}

int io_write_at(int fd, const void *p, size_t n, uint64_t at)
{
	int r = injected();

	if (r < 0) {
		int ignored = write_all(fd, p, n / 2, at);

		(void)ignored;
		return r;
	}
	return write_all(fd, p, n, at);
}

int io_read_at(int fd, void *p, size_t n, uint64_t at, size_t *ret_n)
{
	size_t done = 0;
	int r = injected();

	if (r < 0)
		return r;
	while (done < n) {
		ssize_t k = pread(fd, (uint8_t *)p + done, n - done, (off_t)(at + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			break;
		done += (size_t)k;
	}
	*ret_n = done;
	return 0;
}

int io_sync(int fd)
{
	int r = injected();

	return r < 0 ? r : result(fdatasync(fd));
}

int io_sync_dir(const char *path)
{
	int fd = io_open(path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd;
	int r = io_sync(fd);
	close(fd);
	return r;
}

int io_truncate(int fd, uint64_t size)
{
	int r = injected();

	return r < 0 ? r : result(ftruncate(fd, (off_t)size));
}

int io_rename(const char *from, const char *to)
{
	int r = injected();

	return r < 0 ? r : result(rename(from, to));
}

int io_link(const char *from, const char *to)
{
	int r = injected();

	return r < 0 ? r : result(link(from, to));
}

int io_unlink(const char *path)
{
	int r = injected();

	if (r == 0)
		r = result(unlink(path));
	return r == -ENOENT ? 0 : r;
}

int io_mkdir(const char *path)
{
	int r = injected();

	if (r == 0)
		r = result(mkdir(path, 0700));
	return r == -EEXIST ? 0 : r;
}

int io_size(int fd, uint64_t *ret)
{
	struct stat st;
	int r = injected();

	if (r == 0)
		r = result(fstat(fd, &st));
	if (r == 0)
		*ret = (uint64_t)st.st_size;
	return r;
}

void io_close(int fd)
{
	if (fd >= 0)
		close(fd);
}
