#include "client/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/priv.h"

#define READ_BYTES (64u << 10)
#define READS_PER_TURN 16 /* then the caller has its turn, flood or not */

int client_failf(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	memset(f, 0, sizeof(*f));
	va_start(ap, fmt);
	(void)vsnprintf(f->detail, sizeof(f->detail), fmt, ap);
	va_end(ap);
	return FAIL_E_FAILED;
}

static int copy_options(struct client *c, const struct client_options *o)
{
	c->name = mem_strdup(o->name ? o->name : "client");
	if (!c->name)
		return err_origin(-ENOMEM);
	c->wants_start = o->wants_start;
	c->wants_resume = o->wants_resume;
	c->enc = o->wants_msgpack ? RPC_MSGPACK : RPC_JSON;
	c->timeout_ns = o->timeout_ns ? o->timeout_ns : CLIENT_CONNECT_TIMEOUT_NS;
	c->ops = o->ops;
	return 0;
}

static struct client *new_client(const struct places *places)
{
	struct client *c = mem_new(struct client);

	if (!c)
		return NULL;
	c->places = *places;
	memcpy(c->socket, places->socket, sizeof(c->socket));
	c->fd = -1;
	c->next_id = 1;
	rpc_framer_init(&c->framer, RPC_JSON, CLIENT_FRAME_MAX);
	buf_init(&c->out);
	list_init(&c->requests);
	list_init(&c->events);
	list_init(&c->subs);
	list_init(&c->typings);
	return c;
}

int client_open(const struct places *places, const struct client_options *options,
		struct client **ret, struct fail *reterr)
{
	CLEANUP(client_closep) struct client *c = new_client(places);
	int r;

	if (!c)
		return err_origin(-ENOMEM);
	r = copy_options(c, options);
	if (r)
		return r;
	c->deadline_ns = clock_mono_ns() + c->timeout_ns;
	r = connect_first(c, reterr);
	if (r)
		return r;
	*ret = TAKE(c);
	return 0;
}

static void free_events(struct client *c)
{
	list_for_each_safe (l, &c->events) {
		struct client_event *e = list_entry(l, struct client_event, link);

		list_remove(l);
		json_decref(e->message);
		mem_free(e);
	}
}

struct client *client_close(struct client *c)
{
	if (!c)
		return NULL;
	list_for_each_safe (l, &c->requests)
		(void)call_free(list_entry(l, struct client_request, link));
	list_for_each_safe (l, &c->subs)
		(void)stream_free(list_entry(l, struct client_sub, link));
	list_for_each_safe (l, &c->typings)
		(void)input_free(list_entry(l, struct client_typing, link));
	free_events(c);
	if (c->fd >= 0)
		(void)close(c->fd);
	rpc_framer_fini(&c->framer);
	buf_fini(&c->out);
	mem_free(c->viewed.pane);
	mem_free(c->name);
	mem_free(c);
	return NULL;
}

void client_die(struct client *c, const struct fail *f)
{
	if (c->state == CLIENT_DEAD)
		return;
	c->state = CLIENT_DEAD;
	c->death = *f;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	/* From the front each time: an answer may bring in new requests, which
	 * are answered at once, as we are dead. */
	while (!list_is_empty(&c->requests)) {
		call_answer(list_entry(c->requests.next, struct client_request, link), NULL,
			    &c->death);
	}
}

const struct client_server *client_server(const struct client *c)
{
	return &c->server;
}

const char *client_socket(const struct client *c)
{
	return c->socket;
}

int client_fd(const struct client *c)
{
	return c->fd;
}

short client_poll_events(const struct client *c)
{
	return (short)(buf_len(&c->out) ? POLLIN | POLLOUT : POLLIN);
}

static int until_ms(uint64_t when_ns)
{
	uint64_t now = clock_mono_ns();
	uint64_t ms = when_ns > now ? (when_ns - now + 999999) / 1000000 : 0;

	return ms > 3600000 ? 3600000 : (int)ms;
}

static int state_timeout_ms(const struct client *c)
{
	switch (c->state) {
	case CLIENT_DOWN:
		return until_ms(c->next_try_ns);
	case CLIENT_HELLO:
		return until_ms(c->poke_ns && c->poke_ns < c->deadline_ns ? c->poke_ns
									  : c->deadline_ns);
	case CLIENT_UP:
		return c->poke_ns ? until_ms(c->poke_ns) : -1;
	case CLIENT_DEAD:
		return 0;
	}
	return -1;
}

int client_timeout_ms(const struct client *c)
{
	return list_is_empty(&c->events) ? state_timeout_ms(c) : 0;
}

/* Send what the socket takes. */
static void flush(struct client *c)
{
	while (c->fd >= 0 && buf_len(&c->out)) {
		ssize_t n = send(c->fd, buf_data(&c->out), buf_len(&c->out),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0) {
			int e = errno;

			if (e == EINTR)
				continue;
			/* A closed peer may have told why: the reading side finds
			 * that, and the end. */
			if (e != EAGAIN && e != EPIPE && e != ECONNRESET)
				resume_lost(c, strerror(e));
			return;
		}
		buf_consume(&c->out, (size_t)n);
	}
}

static int take_messages(struct client *c, struct fail *reterr)
{
	const char *p;
	size_t n;

	while (c->fd >= 0) {
		json_t *message = NULL;
		struct fail f;
		int r = rpc_framer_next(&c->framer, &p, &n);

		if (r == RPC_FRAME_E_MORE)
			return 0;
		if (r == RPC_FRAME_E_OVERSIZED)
			continue;
		if (r < 0)
			return err_trace(r);
		r = rpc_value_parse(c->framer.enc, p, n, &message, &f);
		if (r < 0)
			return err_trace(r);
		if (r) {
			(void)client_failf(reterr, "%s does not speak our protocol: %.80s",
					   c->socket, f.detail);
			client_die(c, reterr);
			return FAIL_E_FAILED;
		}
		r = call_receive(c, message, n, reterr);
		json_decref(message);
		if (r)
			return r;
	}
	return 0;
}

static int read_socket(struct client *c, struct fail *reterr)
{
	for (int i = 0; i < READS_PER_TURN && c->fd >= 0; i++) {
		char *p = rpc_framer_reserve(&c->framer, READ_BYTES);
		ssize_t n;
		int r;

		if (!p)
			return err_origin(-ENOMEM);
		n = recv(c->fd, p, READ_BYTES, MSG_DONTWAIT);
		if (n < 0) {
			int e = errno;

			if (e == EINTR)
				continue;
			if (e != EAGAIN)
				resume_lost(c, strerror(e));
			return 0;
		}
		if (n == 0) {
			resume_lost(c, "it closed the connection");
			return 0;
		}
		rpc_framer_commit(&c->framer, (size_t)n);
		r = take_messages(c, reterr);
		if (r)
			return r;
		if ((size_t)n < READ_BYTES)
			return 0;
	}
	return 0;
}

static void deliver(struct client *c, json_t *message)
{
	const char *method = json_string_value(json_object_get(message, "method"));

	if (method)
		stream_event(c, method, json_object_get(message, "params"));
}

/* Events that waited for the end of a blocking call. */
static void deliver_waiting(struct client *c)
{
	while (!c->n_blocking && !list_is_empty(&c->events)) {
		struct client_event *e = list_entry(c->events.next, struct client_event, link);

		list_remove(&e->link);
		c->n_event_bytes -= e->bytes;
		deliver(c, e->message);
		json_decref(e->message);
		mem_free(e);
	}
}

/* Whether it is hung or merely slow is the keeper's to find out. */
static void check_poke(struct client *c)
{
	struct places_lock lock;

	if (!c->poke_ns || clock_mono_ns() < c->poke_ns)
		return;
	c->poke_ns = 0;
	if (c->state != CLIENT_DOWN && places_read_lock(&c->places, &lock) == 0)
		(void)places_signal_keeper(&lock, SIGHUP);
}

static void check_deadline(struct client *c)
{
	struct fail f;

	check_poke(c);
	if (c->state != CLIENT_HELLO || clock_mono_ns() < c->deadline_ns)
		return;
	(void)client_failf(&f, "no answer from the server at %s", c->socket);
	fail_hint(&f, "`orchflow doctor` looks for the reason, `orchflow log` shows its log");
	client_die(c, &f);
}

int client_dispatch(struct client *c, struct fail *reterr)
{
	int r = 0;

	deliver_waiting(c);
	if (c->state == CLIENT_DOWN)
		r = resume_try(c);
	if (!r) {
		flush(c);
		r = read_socket(c, reterr);
	}
	if (!r)
		check_deadline(c);
	if (!r) /* answers may have queued requests */
		flush(c);
	if (r < 0)
		return err_trace(r);
	if (c->state == CLIENT_DEAD) {
		*reterr = c->death;
		return FAIL_E_FAILED;
	}
	return r;
}

int client_poll(struct client *c, int timeout_ms, struct fail *reterr)
{
	struct pollfd p = { .fd = c->fd, .events = client_poll_events(c) };
	/* A blocking call must not spin on events that wait for its end. */
	int own = c->n_blocking ? state_timeout_ms(c) : client_timeout_ms(c);

	if (own >= 0 && (timeout_ms < 0 || own < timeout_ms))
		timeout_ms = own;
	if (poll(&p, 1, timeout_ms) < 0) {
		int e = errno;

		if (e != EINTR)
			return err_origin(-e);
	}
	return err_trace(client_dispatch(c, reterr));
}
