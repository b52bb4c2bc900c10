#include "keeper/proto.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

static_assert(sizeof(struct keeper_child) % 8 == 0, "children are an array on the wire");
static_assert(sizeof(struct keeper_adopt) % 8 == 0, "children behind it are aligned");

#define SIGNO_MAX 64u

/* A copy, because what comes off a fuzzer (or a buffer) need not be aligned. */
#define LOAD(msg, packet) memcpy(&(msg), (packet), sizeof(msg))

static bool is_key(const char *key)
{
	return memchr(key, '\0', KEEPER_KEY_BYTES) != NULL;
}

static bool is_child(const struct keeper_child *c)
{
	return c->state >= KEEPER_CHILD_STARTING && c->state <= KEEPER_CHILD_EXITED &&
	       c->n_fds <= 2 && is_key(c->key);
}

static bool is_adopt(const uint8_t *packet, size_t n, size_t n_fds)
{
	struct keeper_adopt m;
	size_t sum = 0;

	if (n < sizeof m)
		return false;
	LOAD(m, packet);
	if (m.n == 0 || m.n > KEEPER_MAX_FDS || n != sizeof m + m.n * sizeof(struct keeper_child))
		return false;
	for (size_t i = 0; i < m.n; i++) {
		struct keeper_child c;

		LOAD(c, packet + sizeof m + i * sizeof c);
		if (!is_child(&c))
			return false;
		sum += c.n_fds;
	}
	return sum == n_fds;
}

static bool is_spawned(const void *packet, size_t n, size_t n_fds)
{
	struct keeper_spawned m;

	if (n != sizeof m)
		return false;
	LOAD(m, packet);
	if (m.step < KEEPER_STEP_NONE || m.step > KEEPER_STEP_EXEC)
		return false;
	return m.step == KEEPER_STEP_NONE ? n_fds == 1 || n_fds == 2 : n_fds == 0;
}

static bool is_spawn(const void *packet, size_t n, size_t n_fds)
{
	struct keeper_spawn m;
	const uint32_t known = KEEPER_SPAWN_PTY | KEEPER_SPAWN_STDIN | KEEPER_SPAWN_RAW_OUTPUT |
			       KEEPER_SPAWN_NO_ECHO;

	if (n != sizeof m)
		return false;
	LOAD(m, packet);
	return !(m.flags & ~known) && m.umask <= 0777 && is_key(m.key) &&
	       n_fds == (m.flags & KEEPER_SPAWN_STDIN ? 2 : 1);
}

static bool is_signal(const void *packet, size_t n, size_t n_fds)
{
	struct keeper_signal m;

	if (n != sizeof m || n_fds != 0)
		return false;
	LOAD(m, packet);
	return m.signo >= 1 && m.signo <= SIGNO_MAX && m.target <= KEEPER_TO_SESSION;
}

static bool is_upgrade(const void *packet, size_t n, size_t n_fds)
{
	struct keeper_upgrade m;

	if (n != sizeof m || n_fds != 1)
		return false;
	LOAD(m, packet);
	return m.program == KEEPER_PROGRAM_DAEMON || m.program == KEEPER_PROGRAM_KEEPER;
}

static bool is_upgraded(const void *packet, size_t n, size_t n_fds)
{
	struct keeper_upgraded m;

	if (n != sizeof m || n_fds != 0)
		return false;
	LOAD(m, packet);
	return (m.program == KEEPER_PROGRAM_DAEMON || m.program == KEEPER_PROGRAM_KEEPER) &&
	       m.state > KEEPER_UPGRADE_NONE && m.state <= KEEPER_UPGRADE_FAILED;
}

static bool is_body(uint32_t type, const void *packet, size_t n, size_t n_fds)
{
	/* A number off the wire, not one of our enumerators: hence the fall-through
	 * to false behind the switch. */
	switch ((enum keeper_type)type) {
	case KEEPER_WELCOME:
		return n == sizeof(struct keeper_welcome) && n_fds == 2;
	case KEEPER_ADOPT:
		return is_adopt(packet, n, n_fds);
	case KEEPER_SPAWNED:
		return is_spawned(packet, n, n_fds);
	case KEEPER_EXITED:
		return n == sizeof(struct keeper_exited) && n_fds == 0;
	case KEEPER_LISTENING:
		return n == sizeof(struct keeper_plain) && n_fds == 1;
	case KEEPER_SPAWN:
		return is_spawn(packet, n, n_fds);
	case KEEPER_SIGNAL:
		return is_signal(packet, n, n_fds);
	case KEEPER_FORGET:
		return n == sizeof(struct keeper_forget) && n_fds == 0;
	case KEEPER_UPGRADE:
		return is_upgrade(packet, n, n_fds);
	case KEEPER_UPGRADED:
		return is_upgraded(packet, n, n_fds);
	case KEEPER_ADOPT_END:
	case KEEPER_READY:
	case KEEPER_STOP:
	case KEEPER_PING:
	case KEEPER_PONG:
		return n == sizeof(struct keeper_plain) && n_fds == 0;
	}
	return false;
}

int keeper_proto_check(const void *packet, size_t n, size_t n_fds)
{
	struct keeper_header h;

	if (n < sizeof h || n > KEEPER_MAX_PACKET || n_fds > KEEPER_MAX_FDS)
		return KEEPER_PROTO_E_MALFORMED;
	LOAD(h, packet);
	if (h.bytes != n || !is_body(h.type, packet, n, n_fds))
		return KEEPER_PROTO_E_MALFORMED;
	return 0;
}

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(KEEPER_MAX_FDS * sizeof(int))];
};

int keeper_proto_send(int fd, const void *packet, size_t n, const int *fds, size_t n_fds)
{
	union control control;
	union {
		const void *in;
		void *out;
	} p = { .in = packet }; /* sendmsg() only reads; its struct cannot say so */
	struct iovec iov = { p.out, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	assert(n_fds <= KEEPER_MAX_FDS && n <= KEEPER_MAX_PACKET);
	if (n_fds > 0) {
		memset(&control, 0, CMSG_SPACE(n_fds * sizeof(int)));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do {
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	/* Too many descriptors in flight: as with a full socket, the receiver's
	 * reading makes room. */
	if (sent < 0 && (errno == ETOOMANYREFS || errno == EAGAIN))
		return -EAGAIN;
	return sent < 0 ? err_origin(-errno) : 0;
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static size_t take_fds(struct msghdr *msg, int *fds)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		assert(n + here <= KEEPER_MAX_FDS);
		memcpy(fds + n, CMSG_DATA(c), here * sizeof(int));
		n += here;
	}
	return n;
}

int keeper_proto_recv(int fd, void *buf, size_t *ret_n, int *fds, size_t *ret_n_fds)
{
	union control control;
	struct iovec iov = { buf, KEEPER_MAX_PACKET };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof control };
	ssize_t n;

	do {
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return KEEPER_RECV_E_AGAIN;
	/* The peer's death with our packets unread arrives as a reset. */
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return KEEPER_RECV_E_EOF;
	if (n < 0)
		return err_origin(-errno);

	size_t n_fds = take_fds(&msg, fds);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || keeper_proto_check(buf, (size_t)n, n_fds)) {
		close_all(fds, n_fds);
		return KEEPER_RECV_E_MALFORMED;
	}
	*ret_n = (size_t)n;
	*ret_n_fds = n_fds;
	return 0;
}
