#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "client/priv.h"

/* Whoever listens must be us: in a directory like /tmp anybody may have been
 * there first.  The kernel tells who called listen(). */
static int check_peer(int fd, const char *path, struct fail *reterr)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return err_origin(-errno);
	if (peer.uid == geteuid())
		return 0;
	return client_failf(reterr, "%s is served by uid %u, not by you: not trusting it", path,
			    (unsigned)peer.uid);
}

int connect_socket(const char *path, int *ret_fd, struct fail *reterr)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, r;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_origin(-errno);
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
		int e = errno;

		(void)close(fd);
		if (e == ENOENT || e == ECONNREFUSED)
			return CONNECT_E_NOBODY;
		if (e == EAGAIN)
			return CONNECT_E_LATER;
		return client_failf(reterr, "cannot connect to %s: %s", path, strerror(e));
	}
	r = check_peer(fd, path, reterr);
	if (r) {
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static void nap(unsigned ms)
{
	(void)poll(NULL, 0, (int)ms);
}

/* connect_socket() until the deadline while its queue is full; also while nobody
 * listens there, if @keeper (NULL: nobody does) has promised to and is alive. */
static int connect_until(struct client *c, const struct places_lock *keeper, int *ret_fd,
			 struct fail *reterr)
{
	struct places_lock now;

	for (;;) {
		int r = connect_socket(c->socket, ret_fd, reterr);

		if (r == CONNECT_E_NOBODY &&
		    (!keeper || places_read_lock(&c->places, &now) || now.pid != keeper->pid))
			return r;
		if (r != CONNECT_E_LATER && r != CONNECT_E_NOBODY)
			return r;
		if (clock_mono_ns() > c->deadline_ns)
			return client_failf(reterr, "nobody accepts connections at %s", c->socket);
		nap(5);
	}
}

/* A keeper holds the lock of our state directory: go where it says it listens,
 * and if nothing is there (any more), have it listen again. */
static int connect_locked(struct client *c, int *ret_fd, struct fail *reterr)
{
	struct places_lock lock;
	int r = places_read_lock(&c->places, &lock);

	if (r)
		return CONNECT_E_NOBODY;
	memcpy(c->socket, lock.socket, sizeof(c->socket));
	r = connect_socket(c->socket, ret_fd, reterr);
	if (r != CONNECT_E_NOBODY && r != CONNECT_E_LATER)
		return r;
	if (r == CONNECT_E_NOBODY && !places_signal_keeper(&lock, SIGHUP))
		return CONNECT_E_NOBODY;
	return connect_until(c, &lock, ret_fd, reterr);
}

static int connect_start(struct client *c, int *ret_fd, struct fail *reterr)
{
	int r = start_keeper(&c->places, reterr);

	/* Two of us started one at the same time, or a keeper lives elsewhere. */
	if (r == START_E_BUSY) {
		r = connect_locked(c, ret_fd, reterr);
		if (r == CONNECT_E_NOBODY) {
			return client_failf(reterr,
					    "another keeper holds %.80s/keeper.lock, but "
					    "does not say where it listens",
					    c->places.state_dir);
		}
		return r;
	}
	if (r)
		return r;
	return connect_until(c, NULL, ret_fd, reterr);
}

int connect_first(struct client *c, struct fail *reterr)
{
	int fd = -1, r;

	r = places_check_dir(&c->places, reterr);
	if (r)
		return r;
	r = connect_socket(c->socket, &fd, reterr);
	if (r == CONNECT_E_LATER)
		r = connect_until(c, NULL, &fd, reterr);
	if (r == CONNECT_E_NOBODY)
		r = connect_locked(c, &fd, reterr);
	/* What the lock of a keeper that is gone said does not count. */
	if (r == CONNECT_E_NOBODY)
		memcpy(c->socket, c->places.socket, sizeof(c->socket));
	if (r == CONNECT_E_NOBODY && c->wants_start)
		r = connect_start(c, &fd, reterr);
	if (r == CONNECT_E_NOBODY || r == CONNECT_E_LATER) {
		(void)client_failf(reterr, "no server is running at %s", c->socket);
		fail_hint(reterr, "`orchflow new` starts one");
		return CLIENT_E_DOWN;
	}
	if (r)
		return r;
	return err_trace(connect_adopt(c, fd));
}

/* ---- hello ---- */

static void on_hello(json_t *result, const struct fail *f, void *user)
{
	struct client *c = user;
	const char *version = json_string_value(json_object_get(result, "version"));

	if (f) {
		if (c->state == CLIENT_HELLO)
			client_die(c, f);
		return;
	}
	(void)snprintf(c->server.version, sizeof(c->server.version), "%s", version ? version : "");
	c->server.protocol = (int)json_integer_value(json_object_get(result, "protocol"));
	c->server.daemon_pid = (int)json_integer_value(json_object_get(result, "daemon_pid"));
	c->server.keeper_pid = (int)json_integer_value(json_object_get(result, "keeper_pid"));
	rpc_framer_set_encoding(&c->framer, c->enc);
	/* Out of memory: the connection is as good as lost. */
	if (resume_up(c) < 0)
		resume_lost(c, "out of memory");
}

int connect_adopt(struct client *c, int fd)
{
	struct client_request *q;
	json_t *params;
	int r;

	c->fd = fd;
	c->state = CLIENT_HELLO;
	c->poke_ns = clock_mono_ns() + CLIENT_POKE_NS;
	rpc_framer_fini(&c->framer);
	rpc_framer_init(&c->framer, RPC_JSON, CLIENT_FRAME_MAX);
	buf_clear(&c->out);
	params = json_pack("{s:s, s:i, s:i, s:s}", "encoding",
			   c->enc == RPC_MSGPACK ? "msgpack" : "json", "min", CLIENT_PROTOCOL_MIN,
			   "max", CLIENT_PROTOCOL_MAX, "client", c->name);
	if (!params)
		return err_origin(-ENOMEM);
	r = call_new(c, "rpc.hello", params, &q);
	if (r)
		return r;
	c->hello_id = q->id;
	q->is_own = true;
	q->done = on_hello;
	q->user = c;
	return err_trace(call_submit(c, q));
}
