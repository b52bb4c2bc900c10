#include "cli/pump.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

#define HIGH_WATER (256u << 10) /* bytes for stdout: then the server has to wait */
#define PIECE 4096u             /* a pipe that polls writable takes as much without waiting */
#define HURRY_NS 1000000000ull

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP };

/* Set by the handler; signals are blocked save while we wait. */
static volatile sig_atomic_t is_pending[NSIG];

static void on_signal(int signo)
{
	is_pending[signo] = 1;
}

void pump_init(struct pump *p, struct client *client, const struct pump_ops *ops, void *user)
{
	memset(p, 0, sizeof(*p));
	p->client = client;
	p->ops = ops;
	p->user = user;
}

void pump_fini(struct pump *p)
{
	buf_fini(&p->out[0]);
	buf_fini(&p->out[1]);
}

/* @ret_old: the mask to wait with. */
static void take_signals(sigset_t *ret_old)
{
	struct sigaction a = { .sa_handler = on_signal };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct sigaction before;

		/* What nohup made ignored stays so. */
		(void)sigaction(signals[i], NULL, &before);
		if (before.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(signals[i], &a, NULL);
		(void)sigaddset(&set, signals[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &set, ret_old);
}

static void deliver_signals(struct pump *p)
{
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		if (!is_pending[signals[i]])
			continue;
		is_pending[signals[i]] = 0;
		if (p->ops->on_signal)
			p->ops->on_signal(p, signals[i]);
	}
}

static void close_out(struct pump *p)
{
	buf_clear(&p->out[0]);
	buf_clear(&p->out[1]);
	if (p->is_closed)
		return;
	p->is_closed = true;
	if (p->ops->on_closed)
		p->ops->on_closed(p);
}

/* A terminal may block although it polled writable: let signals in meanwhile. */
static void write_piece(struct pump *p, int i, const sigset_t *waiting)
{
	struct buf *b = &p->out[i];
	size_t n = buf_len(b) < PIECE ? buf_len(b) : PIECE;
	sigset_t blocked;
	ssize_t done;
	int e;

	(void)sigprocmask(SIG_SETMASK, waiting, &blocked);
	done = write(i + 1, buf_data(b), n);
	e = errno;
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
	if (done >= 0) {
		buf_consume(b, (size_t)done);
	} else if (e != EINTR && e != EAGAIN) {
		close_out(p);
	}
}

static void read_input(struct pump *p)
{
	char data[PIECE];
	ssize_t n = read(0, data, sizeof(data));

	if (n > 0) {
		p->ops->on_input(p, data, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* The terminal is gone. */
	p->wants_input = false;
	if (p->ops->on_signal)
		p->ops->on_signal(p, SIGHUP);
}

static bool is_full(const struct pump *p)
{
	return buf_len(&p->out[0]) > HIGH_WATER || buf_len(&p->out[1]) > HIGH_WATER;
}

/* Time until something is due, in @ts; NULL: nothing is. */
static struct timespec *time_left(const struct pump *p, bool is_dead, struct timespec *ts)
{
	int ms = is_dead || is_full(p) ? -1 : client_timeout_ms(p->client);
	uint64_t left = ms < 0 ? UINT64_MAX : (uint64_t)ms * 1000000;
	uint64_t now = clock_mono_ns();

	if (p->deadline_ns) {
		uint64_t until = p->deadline_ns > now ? p->deadline_ns - now : 0;

		left = until < left ? until : left;
	}
	if (left == UINT64_MAX)
		return NULL;
	ts->tv_sec = (time_t)(left / 1000000000);
	ts->tv_nsec = (long)(left % 1000000000);
	return ts;
}

static void check_deadline(struct pump *p)
{
	if (!p->deadline_ns || clock_mono_ns() < p->deadline_ns)
		return;
	p->deadline_ns = 0;
	if (p->ops->on_deadline)
		p->ops->on_deadline(p);
}

/* One wait and what it brought; @is_dead: the connection is gone. */
static int turn(struct pump *p, bool is_dead, const sigset_t *waiting)
{
	bool takes = !is_dead && (!is_full(p) || p->is_hurried);
	struct timespec ts;
	struct pollfd f[4] = {
		{ .fd = p->wants_input && !is_dead ? 0 : -1, .events = POLLIN },
		{ .fd = buf_len(&p->out[0]) ? 1 : -1, .events = POLLOUT },
		{ .fd = buf_len(&p->out[1]) ? 2 : -1, .events = POLLOUT },
		{ .fd = is_dead ? -1 : client_fd(p->client),
		  .events = (short)(takes ? client_poll_events(p->client) : 0) },
	};
	int r = ppoll(f, ARRAY_LEN(f), time_left(p, is_dead, &ts), waiting);

	if (r < 0 && errno != EINTR)
		return err_origin(-errno);
	deliver_signals(p);
	check_deadline(p);
	if (r > 0 && f[0].revents)
		read_input(p);
	for (int i = 0; r > 0 && i < 2; i++) {
		if (f[1 + i].revents)
			write_piece(p, i, waiting);
	}
	if (takes)
		return err_trace(client_dispatch(p->client, &p->fail));
	return 0;
}

/* What is left for stdout and stderr. */
static int drain(struct pump *p, const sigset_t *waiting)
{
	uint64_t until = clock_mono_ns() + HURRY_NS;
	int r = 0;

	while (!r && (buf_len(&p->out[0]) || buf_len(&p->out[1]))) {
		if (p->is_hurried && !p->deadline_ns)
			p->deadline_ns = until;
		if (p->is_hurried && clock_mono_ns() >= until)
			break;
		r = turn(p, true, waiting);
	}
	return err_trace(r);
}

int pump_run(struct pump *p)
{
	sigset_t waiting;
	int r = 0, e;

	take_signals(&waiting);
	while (!r && !p->wants_stop) {
		if (p->ops->on_turn)
			p->ops->on_turn(p);
		r = turn(p, false, &waiting);
	}
	if (r < 0)
		return err_trace(r);
	p->deadline_ns = 0;
	e = drain(p, &waiting);
	return e ? err_trace(e) : r;
}
