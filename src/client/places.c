#include "client/places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "client/priv.h"

/* A variable that is set and not empty. */
static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] ? v : NULL;
}

static int join(char *out, size_t size, const char *dir, const char *rest, struct fail *reterr)
{
	int n = snprintf(out, size, "%s%s", dir, rest);

	if (n < 0 || (size_t)n >= size) {
		return client_failf(reterr, "path too long (over %zu bytes): %.60s...", size - 1,
				    dir);
	}
	return 0;
}

/* A path that the user gave, made absolute. */
static int absolute(char *out, size_t size, const char *path, struct fail *reterr)
{
	char cwd[PATH_MAX];
	int n;

	if (path[0] == '/')
		return join(out, size, path, "", reterr);
	if (!getcwd(cwd, sizeof(cwd))) {
		return client_failf(reterr, "%s is relative, and the working directory is gone",
				    path);
	}
	n = snprintf(out, size, "%s/%s", cwd, path);
	if (n < 0 || (size_t)n >= size) {
		return client_failf(reterr, "path too long (over %zu bytes): %.60s...", size - 1,
				    path);
	}
	return 0;
}

static const char *home(struct fail *reterr)
{
	const char *h = env("HOME");
	const struct passwd *pw;

	if (h)
		return h;
	pw = getpwuid(geteuid());
	if (pw && pw->pw_dir && pw->pw_dir[0])
		return pw->pw_dir;
	(void)client_failf(reterr, "HOME is not set and the password database knows no home");
	return NULL;
}

static bool is_own_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int resolve_socket(struct places *p, struct fail *reterr)
{
	const char *told = env("ORCHFLOW_SOCKET"), *runtime = env("XDG_RUNTIME_DIR");
	char dir[64];

	p->is_socket_told = told != NULL;
	if (told)
		return absolute(p->socket, sizeof(p->socket), told, reterr);
	if (runtime && runtime[0] == '/') {
		return join(p->socket, sizeof(p->socket), runtime, "/orchflow/orchflow.sock",
			    reterr);
	}
	(void)snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned)geteuid());
	if (is_own_dir(dir))
		return join(p->socket, sizeof(p->socket), dir, "/orchflow/orchflow.sock", reterr);
	(void)snprintf(dir, sizeof(dir), "/tmp/orchflow-%u", (unsigned)geteuid());
	return join(p->socket, sizeof(p->socket), dir, "/orchflow.sock", reterr);
}

/* $XDG_variable/rest, else ~/fallback/rest. */
static int resolve_xdg(char *out, const char *variable, const char *fallback, const char *rest,
		       struct fail *reterr)
{
	const char *dir = env(variable);
	char base[PATH_MAX];
	int r;

	/* The XDG specification: a relative path is to be ignored. */
	if (!dir || dir[0] != '/') {
		dir = home(reterr);
		if (!dir)
			return FAIL_E_FAILED;
		r = join(base, sizeof(base), dir, fallback, reterr);
		if (r)
			return r;
		dir = base;
	}
	return join(out, PATH_MAX, dir, rest, reterr);
}

int places_resolve(struct places *ret, struct fail *reterr)
{
	const char *state = env("ORCHFLOW_STATE_DIR"), *config = env("ORCHFLOW_CONFIG");
	int r;

	memset(ret, 0, sizeof(*ret));
	r = resolve_socket(ret, reterr);
	if (r)
		return r;
	if (state) {
		r = absolute(ret->state_dir, sizeof(ret->state_dir), state, reterr);
	} else {
		r = resolve_xdg(ret->state_dir, "XDG_STATE_HOME", "/.local/state", "/orchflow",
				reterr);
	}
	if (r)
		return r;
	if (config)
		return absolute(ret->config, sizeof(ret->config), config, reterr);
	return resolve_xdg(ret->config, "XDG_CONFIG_HOME", "/.config", "/orchflow/orchflow.conf",
			   reterr);
}

static void dir_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash && slash != path ? (size_t)(slash - path) : 1;

	(void)snprintf(out, size, "%.*s", (int)n, path);
}

static int check_owner(const char *dir, const struct stat *st, struct fail *reterr)
{
	if (!S_ISDIR(st->st_mode))
		return client_failf(reterr, "%s is not a directory: not trusting it", dir);
	if (st->st_uid != geteuid()) {
		return client_failf(reterr, "%s belongs to uid %u, not to you: not trusting it",
				    dir, (unsigned)st->st_uid);
	}
	if (st->st_mode & 077) {
		(void)client_failf(reterr, "%s is open to others (mode %04o): not trusting it", dir,
				   (unsigned)st->st_mode & 07777);
		fail_hint(reterr, "chmod 700 %s", dir);
		return FAIL_E_FAILED;
	}
	return 0;
}

int places_check_dir(const struct places *p, struct fail *reterr)
{
	char dir[PLACES_SOCKET_MAX];
	struct stat st;
	int e;

	dir_of(p->socket, dir, sizeof(dir));
	e = lstat(dir, &st) < 0 ? errno : 0;
	/* A link of somebody else could be turned elsewhere at any time. */
	if (!e && S_ISLNK(st.st_mode) && st.st_uid == geteuid())
		e = stat(dir, &st) < 0 ? errno : 0;
	if (e == ENOENT)
		return 0;
	if (e)
		return client_failf(reterr, "cannot look at %s: %s", dir, strerror(e));
	return check_owner(dir, &st, reterr);
}

/* mkdir -p with mode 0700 for what is missing. */
static int make_path(const char *dir, struct fail *reterr)
{
	char path[PATH_MAX];
	int e = 0;

	(void)snprintf(path, sizeof(path), "%s", dir);
	for (char *s = path + 1;; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		e = mkdir(path, 0700) < 0 ? errno : 0;
		*s = c;
		if (c == '\0')
			break;
	}
	/* Errors of the parents show in the last one. */
	if (e && e != EEXIST)
		return client_failf(reterr, "cannot create %s: %s", dir, strerror(e));
	return 0;
}

int places_make_dirs(const struct places *p, struct fail *reterr)
{
	char dir[PLACES_SOCKET_MAX];
	int r;

	dir_of(p->socket, dir, sizeof(dir));
	r = make_path(dir, reterr);
	if (!r)
		r = make_path(p->state_dir, reterr);
	return r;
}

/* A process that has ended counts as gone, also while nobody has reaped it. */
static bool is_alive(pid_t pid)
{
	char path[40], text[128];
	const char *behind_name;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	behind_name = strrchr(text, ')');
	return behind_name && !strchr("ZX", behind_name[1] ? behind_name[2] : 'X');
}

int places_read_lock(const struct places *p, struct places_lock *ret)
{
	char path[PATH_MAX + 16], text[PLACES_SOCKET_MAX + 32];
	char *newline, *end;
	ssize_t n;
	long pid;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/keeper.lock", p->state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return PLACES_E_NONE;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return PLACES_E_NONE;
	text[n] = '\0';
	pid = strtol(text, &end, 10);
	if (pid <= 1 || pid > INT_MAX || *end != '\n')
		return PLACES_E_NONE;
	newline = strchr(++end, '\n');
	if (!newline || newline == end || (size_t)(newline - end) >= sizeof(ret->socket))
		return PLACES_E_NONE;
	if (!is_alive((pid_t)pid))
		return PLACES_E_NONE;
	*newline = '\0';
	ret->pid = (pid_t)pid;
	(void)snprintf(ret->socket, sizeof(ret->socket), "%s", end);
	return 0;
}

/* Is @pid really a keeper?  The signals that are meant for one end others. */
static bool is_keeper(pid_t pid)
{
	char path[40], comm[32];
	FILE *f;
	bool is;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	is = fgets(comm, sizeof(comm), f) && strcmp(comm, "orchflow-keeper\n") == 0;
	(void)fclose(f);
	return is;
}

bool places_signal_keeper(const struct places_lock *lock, int signo)
{
	return is_keeper(lock->pid) && kill(lock->pid, signo) == 0;
}

bool places_wait_end(const struct places *p, const struct places_lock *lock, uint64_t timeout_ns)
{
	uint64_t deadline = clock_mono_ns() + timeout_ns;
	struct places_lock now;

	while (places_read_lock(p, &now) == 0 && now.pid == lock->pid) {
		if (clock_mono_ns() > deadline)
			return false;
		(void)poll(NULL, 0, 1);
	}
	/* It empties the lock file just before it ends. */
	while (is_alive(lock->pid) && clock_mono_ns() <= deadline)
		(void)poll(NULL, 0, 1);
	return true;
}

int places_find_program(const char *name, const char *module, char *out, size_t size)
{
	const char *told = env("ORCHFLOW_LIBEXEC");
	char exe[PATH_MAX], dir[PATH_MAX];
	ssize_t n;

	if (told) {
		(void)snprintf(out, size, "%s/%s", told, name);
		if (access(out, X_OK) == 0)
			return 0;
	}
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n <= 0)
		return PLACES_E_NONE;
	exe[n] = '\0';
	dir_of(exe, dir, sizeof(dir));
	(void)snprintf(out, size, "%s/../libexec/orchflow/%s", dir, name);
	if (access(out, X_OK) == 0)
		return 0;
	(void)snprintf(out, size, "%s/../%s/%s", dir, module, name);
	if (access(out, X_OK) == 0)
		return 0;
	return PLACES_E_NONE;
}
