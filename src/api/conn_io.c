#include "api/conn_io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#define SEND_PIECES 64  /* iovecs of one sendmsg() */
#define SENDS_A_FLUSH 8 /* a peer that reads as fast as we write must not hold us */

static void keep_fds(struct conn *c, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c->n_fds < CONN_MAX_FDS) {
			c->fds[c->n_fds++] = fds[i];
			continue;
		}
		(void)close(fds[i]);
		c->hub->stats.n_fds_dropped++;
	}
}

/* More descriptors than the control buffer holds are closed by the kernel. */
static void take_fds(struct conn *c, struct msghdr *msg)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		int fds[CONN_MAX_FDS];
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		if (n > CONN_MAX_FDS)
			n = CONN_MAX_FDS; /* padding of CMSG_SPACE: cannot be */
		memcpy(fds, CMSG_DATA(h), n * sizeof(int));
		keep_fds(c, fds, n);
	}
}

static bool is_peer_gone(const struct conn *c)
{
	struct pollfd p = { .fd = c->fd };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

/* End of input.  The client may still want its answers and streams
 * (`printf ... | socat - UNIX:...`); a client that died wants nothing. */
static void half_close(struct conn *c)
{
	if (is_peer_gone(c)) {
		conn_close(c);
		return;
	}
	c->is_half_closed = true;
	c->hub->n_half_closed++;
	conn_hub_watch_half_closed(c->hub);
}

bool conn_receive(struct conn *c)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * CONN_MAX_FDS)];
	} control;
	struct iovec iov = { .iov_len = CONN_TURN_BYTES };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof control.bytes };
	ssize_t n;

	if (c->is_half_closed)
		return false;
	iov.iov_base = rpc_framer_reserve(&c->framer, iov.iov_len);
	if (!iov.iov_base) {
		log_fault(err_origin(-ENOMEM), "client dropped fd=%d", c->fd);
		conn_close(c);
		return false;
	}
	n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n > 0) {
		take_fds(c, &msg);
		c->hub->stats.n_bytes_in += (size_t)n;
		rpc_framer_commit(&c->framer, (size_t)n);
		return true;
	}
	if (n == 0) {
		half_close(c);
	} else if (errno != EAGAIN && errno != EINTR) {
		conn_close(c);
	}
	return false;
}

ssize_t conn_send(struct conn *c, struct iovec *iov, size_t n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	uint64_t begun = clock_mono_ns();
	ssize_t sent = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	int e = errno;

	hist_record(&c->hub->stats.send, clock_mono_ns() - begun);
	c->hub->stats.n_sends++;
	if (sent >= 0) {
		c->hub->stats.n_bytes_out += (size_t)sent;
		return sent;
	}
	if (e != EAGAIN && e != EINTR && e != ENOBUFS)
		conn_close(c); /* EPIPE, ECONNRESET: gone */
	return 0;
}

void conn_send_queue(struct conn *c)
{
	for (int i = 0; i < SENDS_A_FLUSH && !c->is_closed && !outq_is_empty(&c->out); i++) {
		struct iovec iov[SEND_PIECES];
		size_t n_iov = outq_iov(&c->out, iov, SEND_PIECES);
		ssize_t n = conn_send(c, iov, n_iov);

		if (n <= 0)
			return;
		outq_sent(&c->out, (size_t)n);
	}
}
