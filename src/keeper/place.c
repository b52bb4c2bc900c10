#include "keeper/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

PRINTF_LIKE(2, 3) static int refuse(struct place *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof p->error, fmt, ap);
	va_end(ap);
	return PLACE_E_REFUSED;
}

/* Every component, 0700 (by the umask).  Returns the last one's errno, or 0;
 * which matters only if it is not there afterwards. */
static int make_directories(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s", dir);
	for (char *s = path; s; s = strchr(s + 1, '/')) {
		*s = '\0';
		(void)mkdir(path, 0700);
		*s = '/';
	}
	return mkdir(path, 0700) < 0 ? errno : 0;
}

/* @bad_mode: permission bits that others must not have. */
static int check_directory(struct place *p, const char *what, const char *dir, mode_t bad_mode)
{
	struct stat st;
	int e = make_directories(dir);

	if (lstat(dir, &st) < 0)
		return refuse(p, "%s directory %s: %s", what, dir, strerror(e ? e : errno));
	/* A link of somebody else could be turned elsewhere at any time. */
	if (S_ISLNK(st.st_mode) && (st.st_uid != geteuid() || stat(dir, &st) < 0))
		return refuse(p, "%s directory %s is a symbolic link that is not yours", what, dir);
	if (!S_ISDIR(st.st_mode))
		return refuse(p, "%s directory %s is not a directory", what, dir);
	if (st.st_uid != geteuid())
		return refuse(p, "%s directory %s is not yours", what, dir);
	if (st.st_mode & bad_mode)
		return refuse(p, "%s directory %s is open to others: chmod 700 it", what, dir);
	return 0;
}

static int open_directories(struct place *p)
{
	char dir[sizeof p->socket];

	int r = check_directory(p, "state", p->state, 0022);
	if (r)
		return r;
	snprintf(dir, sizeof dir, "%s", p->socket);
	*strrchr(dir, '/') = '\0';
	if (!dir[0])
		return refuse(p, "socket %s: not in the root directory", p->socket);
	return check_directory(p, "socket", dir, 0077);
}

/* Its holder may be just about to write it. */
static pid_t read_holder(int fd)
{
	for (int i = 0; i < 100; i++) {
		char text[32] = "";
		ssize_t n = pread(fd, text, sizeof text - 1, 0);

		if (n > 0 && strchr(text, '\n'))
			return (pid_t)strtol(text, NULL, 10);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	return 0;
}

static int take_lock(struct place *p)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/keeper.lock", p->state);
	p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->lock_fd < 0)
		return refuse(p, "cannot open %s: %s", path, strerror(errno));
	if (flock(p->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return ftruncate(p->lock_fd, 0) < 0 ? err_origin(-errno) : 0;
	if (errno != EWOULDBLOCK)
		return refuse(p, "cannot lock %s: %s", path, strerror(errno));
	p->busy_pid = read_holder(p->lock_fd);
	return PLACE_E_BUSY;
}

int place_write_lock(struct place *p)
{
	char text[sizeof p->socket + 32];
	int n = snprintf(text, sizeof text, "%d\n%s\n", (int)getpid(), p->socket);

	if (pwrite(p->lock_fd, text, (size_t)n, 0) != n)
		return err_origin(errno ? -errno : -EIO);
	return 0;
}

static struct sockaddr_un address(const struct place *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, p->socket, sizeof a.sun_path);
	return a;
}

/* Somebody with another state directory may serve here: only a socket that
 * refuses is stale. */
static int remove_stale(struct place *p)
{
	struct sockaddr_un a = address(p);
	struct stat st;

	if (lstat(p->socket, &st) < 0)
		return errno == ENOENT ? 0 : refuse(p, "%s: %s", p->socket, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return refuse(p, "%s is there and is not a socket", p->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(p, "socket: %s", strerror(errno));
	int e = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
	close(fd);
	if (e != ECONNREFUSED && e != ENOENT)
		return refuse(p, "another server listens on %s", p->socket);
	if (unlink(p->socket) < 0 && errno != ENOENT)
		return refuse(p, "cannot remove stale %s: %s", p->socket, strerror(errno));
	return 0;
}

static int bind_socket(struct place *p, int fd)
{
	struct sockaddr_un a = address(p);
	struct stat st = { .st_ino = 0 };

	mode_t old = umask(0177);
	int r = bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ? -errno : 0;
	umask(old);
	if (r == 0 && (listen(fd, BACKLOG) < 0 || lstat(p->socket, &st) < 0))
		r = -errno;
	if (r < 0)
		return refuse(p, "cannot listen on %s: %s", p->socket, strerror(-r));
	p->socket_dev = st.st_dev;
	p->socket_ino = st.st_ino;
	return 0;
}

int place_listen(struct place *p)
{
	int r = remove_stale(p);

	if (r)
		return r;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(p, "socket: %s", strerror(errno));
	r = bind_socket(p, fd);
	if (r) {
		close(fd);
		return r;
	}
	if (p->listen_fd >= 0)
		close(p->listen_fd);
	p->listen_fd = fd;
	p->is_foreign_socket = false;
	return 0;
}

static int set_paths(struct place *p, const char *state, const char *socket)
{
	if (state[0] != '/' || socket[0] != '/')
		return refuse(p, "state directory and socket must be absolute paths");
	if ((size_t)snprintf(p->state, sizeof p->state, "%s", state) >= sizeof p->state)
		return refuse(p, "state directory %.200s...: path too long", state);
	if ((size_t)snprintf(p->socket, sizeof p->socket, "%s", socket) >= sizeof p->socket)
		return refuse(p, "socket path %.200s: too long for the kernel", socket);
	return 0;
}

/* One that was passed to us.  It must be where clients look for it. */
static int take_socket(struct place *p, int fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNSPEC };
	socklen_t n = sizeof a, n_int = sizeof(int);
	struct stat st;
	int is_listening = 0;

	(void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &n_int);
	if (!is_listening || getsockname(fd, (struct sockaddr *)&a, &n) < 0 ||
	    a.sun_family != AF_UNIX)
		return refuse(p, "the socket that the service manager passed does not listen");
	if (strncmp(a.sun_path, p->socket, sizeof a.sun_path) != 0 || lstat(p->socket, &st) < 0) {
		return refuse(p, "the service manager's socket is %.100s, clients look at %.100s",
			      a.sun_path, p->socket);
	}
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	p->listen_fd = fd;
	p->socket_dev = st.st_dev;
	p->socket_ino = st.st_ino;
	p->is_foreign_socket = true;
	return 0;
}

int place_open(struct place *p, const char *state, const char *socket, int listen_fd)
{
	*p = (struct place){ .lock_fd = -1, .listen_fd = -1 };
	int r = set_paths(p, state, socket);
	if (r == 0)
		r = open_directories(p);
	if (r == 0)
		r = take_lock(p);
	if (r)
		return r;
	return listen_fd >= 0 ? take_socket(p, listen_fd) : place_listen(p);
}

bool place_lost_socket(const struct place *p)
{
	struct stat st;

	return lstat(p->socket, &st) < 0 || st.st_dev != p->socket_dev ||
	       st.st_ino != p->socket_ino;
}

void place_close_socket(struct place *p)
{
	if (p->listen_fd < 0)
		return;
	if (!p->is_foreign_socket && !place_lost_socket(p))
		(void)unlink(p->socket);
	close(p->listen_fd);
	p->listen_fd = -1;
}

void place_close(struct place *p)
{
	place_close_socket(p);
	if (p->lock_fd >= 0) {
		(void)!ftruncate(p->lock_fd, 0);
		close(p->lock_fd);
	}
	p->lock_fd = -1;
}
