/*
 * orchflow-keeper: holds terminals, children and the listening socket, and
 * keeps a daemon running that does everything else.  docs/keeper.md.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "keeper/activation.h"
#include "keeper/image.h"
#include "keeper/keeper.h"

#define MAX_DAEMON_ARGS 64
#define LOG_MAX_BYTES (1u << 20) /* then it becomes keeper.log.1 */
#define EVENTS_PER_TURN 64
#define LOOK_MS 10000

#define OOM_MAX 1000

enum { EXIT_USAGE = 2, EXIT_BUSY = 3 };

enum {
	OPT_STATE,
	OPT_SOCKET,
	OPT_DAEMON,
	OPT_FOREGROUND,
	OPT_READY_FD,
	OPT_LOOK_MS,
	OPT_RESTORE,
	OPT_CHECK_STATE,
	OPT_PRINT_VERSIONS,
	OPT_N
};

struct options {
	const char *v[OPT_N]; /* NULL = not given */
	int ready_fd;         /* -1 = none */
	int listen_fd;        /* passed by a service manager; -1 = none */
	char **daemon_args;
	int n_daemon_args;
};

static struct keeper keeper;
static char default_daemon[PATH_MAX + 32];
static const char *daemon_argv[MAX_DAEMON_ARGS];

uint64_t keeper_now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

void keeper_poll(struct keeper *k, int fd, uint32_t events, enum poll_kind kind, uint32_t index)
{
	struct epoll_event ev = { .events = events, .data.u64 = (uint64_t)kind << 32 | index };

	if (epoll_ctl(k->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 && errno == EEXIST)
		(void)epoll_ctl(k->epoll_fd, EPOLL_CTL_MOD, fd, &ev);
}

void keeper_unpoll(struct keeper *k, int fd)
{
	(void)epoll_ctl(k->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* ---- start-up ------------------------------------------------------------- */

static void usage(void)
{
	fputs("usage: orchflow-keeper --state DIR --socket PATH [--daemon PATH] [--foreground]\n"
	      "                       [--ready-fd N] [--look-ms N] [-- daemon args...]\n"
	      "       orchflow-keeper --print-versions\n"
	      "DIR and PATHs are absolute.  Usually started by orchflow.\n",
	      stderr);
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "state", required_argument, NULL, OPT_STATE },
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "daemon", required_argument, NULL, OPT_DAEMON },
		{ "foreground", no_argument, NULL, OPT_FOREGROUND },
		{ "ready-fd", required_argument, NULL, OPT_READY_FD },
		{ "look-ms", required_argument, NULL, OPT_LOOK_MS },
		{ "restore", required_argument, NULL, OPT_RESTORE },
		{ "check-state", required_argument, NULL, OPT_CHECK_STATE },
		{ "print-versions", no_argument, NULL, OPT_PRINT_VERSIONS },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	*o = (struct options){ .ready_fd = -1, .listen_fd = -1 };
	while ((c = getopt_long(argc, argv, "+", names, NULL)) != -1) {
		if (c >= OPT_N)
			return false;
		o->v[c] = optarg ? optarg : "";
	}
	if (o->v[OPT_READY_FD])
		o->ready_fd = (int)strtol(o->v[OPT_READY_FD], NULL, 10);
	o->daemon_args = argv + optind;
	o->n_daemon_args = argc - optind;
	if (o->v[OPT_CHECK_STATE] || o->v[OPT_PRINT_VERSIONS])
		return true;
	return o->v[OPT_STATE] && o->v[OPT_SOCKET] && o->n_daemon_args <= MAX_DAEMON_ARGS - 8;
}

/* Tell who started us, once. */
PRINTF_LIKE(2, 3) static void tell(struct options *o, const char *fmt, ...)
{
	char line[768];
	va_list ap;

	if (o->ready_fd < 0)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	(void)!write(o->ready_fd, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
	close(o->ready_fd);
	o->ready_fd = -1;
}

static _Noreturn void die(struct options *o, const char *what, const char *why)
{
	fprintf(stderr, "orchflow-keeper: %s%s%s\n", what, *why ? ": " : "", why);
	tell(o, "error %s%s%s\n", what, *why ? ": " : "", why);
	exit(EXIT_FAILURE);
}

/* Nothing of the one who started us: descriptors, handlers, mask, umask. */
static void shed_inheritance(struct options *o)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	o->listen_fd = activation_take();
	if (o->ready_fd >= 0)
		o->ready_fd = fcntl(o->ready_fd, F_DUPFD_CLOEXEC, 3);
	while (null >= 0 && null <= STDERR_FILENO)
		null = dup(null);
	if (null >= 0)
		close(null);
	spawn_close_all_but(o->ready_fd >= 0 ? o->ready_fd : o->listen_fd,
			    o->listen_fd >= 0 ? o->listen_fd : o->ready_fd);
	spawn_ignore_signals();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
}

static void open_place(struct keeper *k, struct options *o)
{
	int r = place_open(&k->place, o->v[OPT_STATE], o->v[OPT_SOCKET], o->listen_fd);

	if (r == PLACE_E_BUSY) {
		fprintf(stderr, "orchflow-keeper: another keeper (pid %d) serves %s\n",
			(int)k->place.busy_pid, o->v[OPT_STATE]);
		tell(o, "busy %d\n", (int)k->place.busy_pid);
		exit(EXIT_BUSY);
	}
	if (r == PLACE_E_REFUSED)
		die(o, k->place.error, "");
	if (r != 0)
		die(o, "state directory", strerror(-r));
}

/* The lock and the socket are open by now and go along; what is told about
 * them was told to the first process's exit status. */
static void detach(struct options *o)
{
	pid_t pid = daemon(1, 0) < 0 ? -1 : fork();

	/* The second fork: no session leader, no controlling terminal ever. */
	if (pid < 0)
		die(o, "cannot go to the background", strerror(errno));
	if (pid > 0)
		_exit(EXIT_SUCCESS);
}

/* A terminal stopped by Ctrl-S, or a pipe that nobody reads, must not stop the
 * keeper; and the flag must not reach others who have that description. */
static void unblock_stderr(void)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dup2(fd, STDERR_FILENO);
	close(fd);
}

static void open_log(struct keeper *k, struct options *o)
{
	char path[sizeof k->place.state + 32];

	snprintf(path, sizeof path, "%s/log", k->place.state);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		die(o, path, strerror(errno));
	snprintf(path, sizeof path, "%s/log/keeper.log", k->place.state);
	int r = log_open(k->is_foreground ? NULL : path, LOG_MAX_BYTES, "keeper");
	if (r < 0)
		die(o, path, strerror(-r));
}

static int read_oom(void)
{
	char text[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!read(fd, text, sizeof text - 1);
		close(fd);
	}
	return (int)strtol(text, NULL, 10);
}

/* More room and a better place in the row for ourselves; remember what to give
 * back to others. */
static void take_privileges(struct keeper *k)
{
	int adj = read_oom();
	struct rlimit lim;

	k->daemon_oom_score_adj = MIN(adj + SPAWN_OOM_DAEMON, OOM_MAX);
	k->original.oom_score_adj = MIN(adj + SPAWN_OOM_CHILD, OOM_MAX);
	for (int try = -OOM_MAX; try < adj && spawn_set_oom(try) < 0; try += 100)
		;
	if (getrlimit(RLIMIT_NOFILE, &k->original.nofile) == 0) {
		lim = k->original.nofile;
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void open_signals(struct keeper *k, struct options *o)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	k->epoll_fd = k->table.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (k->signal_fd < 0 || k->epoll_fd < 0)
		die(o, "event loop", strerror(errno));
	keeper_poll(k, k->signal_fd, EPOLLIN, POLL_SIGNALS, 0);
}

/* Beside our own program, or where a build tree has it. */
static const char *find_daemon(struct options *o)
{
	static const char *const places[] = { "/orchflowd", "/../daemon/orchflowd" };
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);

	if (o->v[OPT_DAEMON])
		return o->v[OPT_DAEMON];
	if (n < 0)
		die(o, "/proc/self/exe", strerror(errno));
	own[n] = '\0';
	*strrchr(own, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		snprintf(default_daemon, sizeof default_daemon, "%s%s", own, places[i]);
		if (access(default_daemon, X_OK) == 0)
			return default_daemon;
	}
	die(o, "no orchflowd beside", own);
}

static void fill_daemon_argv(struct keeper *k, struct options *o)
{
	int n = 0;

	daemon_argv[n++] = find_daemon(o);
	daemon_argv[n++] = "--state";
	daemon_argv[n++] = k->place.state;
	daemon_argv[n++] = "--socket";
	daemon_argv[n++] = k->place.socket;
	if (o->v[OPT_FOREGROUND])
		daemon_argv[n++] = "--foreground";
	for (int i = 0; i < o->n_daemon_args; i++)
		daemon_argv[n++] = o->daemon_args[i];
	daemon_argv[n] = NULL;
	k->daemon.argv = daemon_argv;
}

static void open_program(struct keeper *k, struct options *o)
{
	fill_daemon_argv(k, o);
	if (k->daemon.argv[0][0] != '/')
		die(o, "--daemon must be an absolute path", "");
	if (access(k->daemon.argv[0], X_OK) < 0)
		die(o, k->daemon.argv[0], strerror(errno));
	/* One that may be executed, not read, is started by its path. */
	k->daemon.program_fd = open(k->daemon.argv[0], O_RDONLY | O_CLOEXEC);
	k->daemon.trial_fd = k->upgrade.keeper_fd = -1;
}

static void start_up(struct keeper *k, struct options *o)
{
	k->is_foreground = o->v[OPT_FOREGROUND];
	k->look_ms = o->v[OPT_LOOK_MS] ? (uint32_t)strtoul(o->v[OPT_LOOK_MS], NULL, 10) : LOOK_MS;
	shed_inheritance(o);
	open_place(k, o);
	open_program(k, o);
	if (!o->v[OPT_FOREGROUND])
		detach(o);
	unblock_stderr();
	open_log(k, o);
	if (chdir("/") < 0)
		die(o, "/", strerror(errno));
	int r = place_write_lock(&k->place);
	if (r < 0)
		die(o, "keeper.lock", strerror(-r));
	take_privileges(k);
	r = arena_create(0, &k->arena_fd);
	if (r < 0)
		die(o, "cannot make the shared memory", strerror(-r));
	open_signals(k, o);
	k->link.fd = -1;
	k->started_wall_us = clock_wall_us();
	log_info("keeper %d serves %s on %s", (int)getpid(), k->place.state, k->place.socket);
	tell(o, "ok\n");
}

/* We took the place of a keeper that looked at us first (upgrade.c): what it had is
 * ours.  There is nobody to tell of a failure, nor a way back. */
static void restore(struct keeper *k, struct options *o)
{
	int fd = (int)strtol(o->v[OPT_RESTORE], NULL, 10);
	const char *why;

	if (image_read(k, fd, &why))
		die(o, "state", why);
	close(fd);
	image_keep_fds(k, false);
	open_log(k, o);
	open_signals(k, o);
	for (uint32_t i = 0; i < k->table.n_high; i++) {
		if (k->table.children[i].report_fd >= 0)
			keeper_poll(k, k->table.children[i].report_fd, EPOLLIN, POLL_REPORT, i);
	}
	if (!k->link.is_closed)
		keeper_poll(k, k->link.fd, 0, POLL_LINK, 0);
	/* Who died meanwhile sent a signal that nobody may have kept. */
	k->has_more_dead = true;
	log_info("keeper %d goes on with %u children", (int)getpid(), k->table.n_high);
	upgrade_done(k);
}

static int check_state(const char *number)
{
	const char *why;
	int r = image_read(&keeper, (int)strtol(number, NULL, 10), &why);

	if (r)
		fprintf(stderr, "orchflow-keeper: state: %s\n", why);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int print_versions(void)
{
	printf("{\"program\": \"orchflow-keeper\", \"version\": \"%s\", \"keeper_protocol\": [%u, "
	       "%u], "
	       "\"keeper_state\": [%u, %u], \"arena\": [%u, %u]}\n",
	       ORCHFLOW_VERSION, KEEPER_PROTO_VERSION, KEEPER_PROTO_VERSION, IMAGE_VERSION,
	       IMAGE_VERSION, ARENA_VERSION, ARENA_VERSION);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- loop ----------------------------------------------------------------- */

static void on_signals(struct keeper *k)
{
	struct signalfd_siginfo si;

	while (read(k->signal_fd, &si, sizeof si) == sizeof si) {
		switch (si.ssi_signo) {
		case SIGCHLD:
			k->has_more_dead = true;
			break;
		case SIGHUP:
			daemon_on_hangup(k);
			break;
		default: /* SIGTERM, SIGINT */
			daemon_on_terminate(k);
			break;
		}
	}
}

static void on_event(struct keeper *k, const struct epoll_event *ev)
{
	uint32_t index = (uint32_t)ev->data.u64;

	switch ((enum poll_kind)(ev->data.u64 >> 32)) {
	case POLL_SIGNALS:
		on_signals(k);
		break;
	case POLL_LISTEN:
		daemon_on_connection(k);
		break;
	case POLL_LINK:
		if (k->link.phase != LINK_DOWN)
			link_on_event(k, ev->events);
		break;
	case POLL_REPORT:
		/* The record may have a new owner by now: reading is harmless. */
		if (k->table.children[index].report_fd >= 0)
			spawn_on_report(&k->table, &k->table.children[index], false);
		break;
	}
}

static int timeout_ms(const struct keeper *k)
{
	uint64_t first = keeper_deadline(k), now = keeper_now_ms();

	if (k->has_more_dead || first <= now)
		return 0;
	return first == UINT64_MAX ? -1 : (int)MIN(first - now, 60000);
}

static void run(struct keeper *k)
{
	struct epoll_event events[EVENTS_PER_TURN];

	while (k->daemon.stop != STOP_DONE) {
		int n = epoll_wait(k->epoll_fd, events, EVENTS_PER_TURN, timeout_ms(k));

		for (int i = 0; i < n; i++)
			on_event(k, &events[i]);
		if (k->has_more_dead)
			keeper_reap(k);
		daemon_on_time(k);
		link_flush(k);
		upgrade_become(k);
	}
}

int main(int argc, char **argv)
{
	struct options o;

	if (!parse_options(argc, argv, &o)) {
		usage();
		return EXIT_USAGE;
	}
	if (o.v[OPT_PRINT_VERSIONS])
		return print_versions();
	if (o.v[OPT_CHECK_STATE])
		return check_state(o.v[OPT_CHECK_STATE]);
	keeper.argv = argv;
	(void)prctl(PR_SET_NAME, "orchflow-keeper");
	if (o.v[OPT_RESTORE]) {
		restore(&keeper, &o);
	} else {
		start_up(&keeper, &o);
	}
	run(&keeper);
	daemon_end_children(&keeper);
	return EXIT_SUCCESS;
}
