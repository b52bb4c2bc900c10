#include "api/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/census.h"
#include "api/state.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/envelope.h"

#define ACCEPTS_A_TURN 16

void api_config_init(struct api_config *c)
{
	*c = (struct api_config){
		.max_sessions = 1000,
		.max_panes = 1000,
		.max_clients = 1000,
		.max_request_bytes = RPC_MAX_REQUEST,
		.max_stream_bytes = 1u << 20,
	};
}

void api_server_configure(struct api_server *s, const struct api_config *config)
{
	s->config = *config;
	s->hub.limits = (struct conn_limits){
		.max_request_bytes = config->max_request_bytes,
		.max_answer_bytes = API_MAX_ANSWER_BYTES,
		.max_stream_bytes = config->max_stream_bytes,
	};
}

int api_server_new(uv_loop_t *loop, const struct api_config *config, const struct api_hooks *hooks,
		   struct api_server **ret)
{
	struct api_server *s = mem_new(struct api_server);
	int r;

	if (!s)
		return err_origin(-ENOMEM);
	s->stats = mem_zalloc(api_method_count(), sizeof *s->stats);
	r = s->stats ? conn_hub_init(&s->hub, loop, &client_conn_ops) : err_origin(-ENOMEM);
	if (r < 0) {
		mem_free(s->stats);
		mem_free(s);
		return err_trace(r);
	}
	s->loop = loop;
	s->hooks = *hooks;
	s->listen_fd = -1;
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->started_us = clock_wall_us();
	list_init(&s->watches);
	list_init(&s->orphans);
	api_server_configure(s, config);
	*ret = s;
	return 0;
}

void api_server_set_core(struct api_server *s, struct core *core)
{
	s->core = core;
}

struct api_server *api_server_free(struct api_server *s)
{
	if (!s)
		return NULL;
	api_calls_drop(s);
	conn_hub_fini(&s->hub);
	if (s->spare_fd >= 0)
		(void)close(s->spare_fd);
	mem_free(s->stats);
	mem_free(s);
	return NULL;
}

/* ---- accepting ---- */

/* The user's other programs may connect, nobody else's. */
static bool is_trusted(int fd, uint32_t *ret_pid)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return false;
	*ret_pid = (uint32_t)peer.pid;
	if (peer.uid == geteuid())
		return true;
	log_warn("client refused pid=%d uid=%u: another user", peer.pid, peer.uid);
	return false;
}

/* Best effort, in the encoding that every connection starts with. */
static void send_refusal(struct api_server *s, int fd, const struct fail *f)
{
	struct buf *out = conn_hub_scratch(&s->hub);
	size_t mark = rpc_frame_begin(RPC_JSON, out);
	struct rpc_writer w;

	rpc_writer_init(&w, RPC_JSON, out);
	rpc_error(&w, NULL, f);
	rpc_frame_end(RPC_JSON, out, mark);
	if (!out->is_broken)
		(void)send(fd, buf_data(out), buf_len(out), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void refuse(struct api_server *s, int fd, enum fail_code code)
{
	struct fail f;

	s->counters.n_refused++;
	(void)fail_setf(&f, code, NULL, "%u clients are connected", s->counters.n_clients);
	send_refusal(s, fd, &f);
	(void)close(fd);
}

int api_server_adopt(struct api_server *s, int fd)
{
	uint32_t pid = 0;

	if (!is_trusted(fd, &pid)) {
		s->counters.n_refused++;
		(void)close(fd);
		return 0;
	}
	if (s->counters.n_clients >= s->config.max_clients) {
		log_warn("client refused pid=%u: %u are connected", pid, s->counters.n_clients);
		refuse(s, fd, FAIL_LIMIT_CLIENTS);
		return 0;
	}
	return err_trace(client_new(s, fd, pid));
}

/* Without a descriptor nobody can be accepted, and the loop would be told of
 * them for ever: give one up for the time it takes to say so. */
static void refuse_without_descriptor(struct api_server *s)
{
	int fd;

	if (s->spare_fd < 0)
		return;
	(void)close(s->spare_fd);
	fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		refuse(s, fd, FAIL_NO_DESCRIPTORS);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* False: nobody is left, or nobody can be let in now. */
static bool accept_one(struct api_server *s)
{
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (fd >= 0) {
		r = api_server_adopt(s, fd);
		if (r < 0)
			log_fault(r, "client not accepted");
		return true;
	}
	if (errno == EMFILE || errno == ENFILE) {
		log_error("client refused: no descriptors left");
		refuse_without_descriptor(s);
	}
	return errno == ECONNABORTED;
}

static void on_connect(uv_poll_t *handle, int status, int events)
{
	struct api_server *s = handle->data;

	(void)events;
	if (status < 0) {
		log_fault(err_origin(status), "listening socket");
		return;
	}
	for (int i = 0; i < ACCEPTS_A_TURN && accept_one(s); i++)
		;
}

static void on_listener_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

void server_close_listener(struct api_server *s)
{
	if (!s->listener)
		return;
	uv_close((uv_handle_t *)s->listener, on_listener_closed);
	s->listener = NULL;
	(void)close(s->listen_fd);
	s->listen_fd = -1;
}

static int make_listener(struct api_server *s, int fd, uv_poll_t **ret)
{
	int flags = fcntl(fd, F_GETFL), r;
	uv_poll_t *listener;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_origin(-errno);
	listener = mem_new(uv_poll_t);
	if (!listener)
		return err_origin(-ENOMEM);
	r = uv_poll_init(s->loop, listener, fd);
	if (r < 0) {
		mem_free(listener);
		return err_origin(r);
	}
	listener->data = s;
	*ret = listener;
	return 0;
}

int api_server_listen(struct api_server *s, int fd)
{
	uv_poll_t *listener = NULL;
	int r = make_listener(s, fd, &listener);

	assert(s->core);
	if (r < 0) {
		(void)close(fd);
		return err_trace(r);
	}
	server_close_listener(s);
	s->listener = listener;
	s->listen_fd = fd;
	census_note_base(s);
	return err_origin(uv_poll_start(listener, UV_READABLE, on_connect));
}

void api_server_stop(struct api_server *s)
{
	server_close_listener(s);
	conn_hub_flush(&s->hub);
	conn_hub_close(&s->hub);
}

bool api_server_has_clients(const struct api_server *s)
{
	return s->hub.n_conns > 0;
}

/* ---- looking in ---- */

static size_t queued_bytes(const struct api_server *s)
{
	size_t n = 0;

	list_for_each (l, &s->hub.conns) {
		const struct conn *c = list_entry(l, struct conn, link);

		n += c->out.n_bytes[OUTQ_ANSWER] + c->out.n_bytes[OUTQ_STREAM];
	}
	return n;
}

void api_server_get_stats(const struct api_server *s, struct api_stats *ret)
{
	*ret = s->counters;
	ret->n_bytes_in = s->hub.stats.n_bytes_in;
	ret->n_bytes_out = s->hub.stats.n_bytes_out;
	ret->n_turns = s->hub.stats.n_turns;
	ret->n_sends = s->hub.stats.n_sends;
	ret->send = s->hub.stats.send;
	ret->queue_bytes = queued_bytes(s);
}

const struct api_method_stats *api_server_method_stats(const struct api_server *s, size_t method)
{
	assert(method < api_method_count());
	return &s->stats[method];
}
