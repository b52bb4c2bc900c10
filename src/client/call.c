#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/priv.h"
#include "rpc/envelope.h"

/* Methods that may be asked twice: they change nothing, or twice is like once. */
static const char *const repeatable[] = {
	"rpc.hello",     "rpc.discover",     "session.list",   "session.get",    "pane.list",
	"pane.get",      "pane.resize",      "pane.attach",    "pane.detach",    "pane.read",
	"pane.snapshot", "pane.kill",        "pane.processes", "pane.wait",      "pane.subscribe",
	"command.wait",  "events.subscribe", "server.status",  "server.metrics", "server.census",
	"server.reload", "server.shutdown",
};

static bool is_repeatable(const char *method, const json_t *params)
{
	/* With a key the server knows a repetition from a second request. */
	if (json_is_string(json_object_get(params, "key")))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(repeatable); i++) {
		if (strcmp(method, repeatable[i]) == 0)
			return true;
	}
	return false;
}

int call_new(struct client *c, const char *method, json_t *params, struct client_request **ret)
{
	struct client_request *q = mem_new(struct client_request);
	json_int_t timeout_ms = json_integer_value(json_object_get(params, "timeout_ms"));

	if (!q) {
		json_decref(params);
		return err_origin(-ENOMEM);
	}
	list_init(&q->link);
	buf_init(&q->data);
	q->fd = -1;
	q->params = params;
	q->method = mem_strdup(method);
	if (!q->method) {
		(void)call_free(q);
		return err_origin(-ENOMEM);
	}
	q->id = c->next_id++;
	q->is_repeatable = is_repeatable(method, params);
	if (timeout_ms > 0)
		q->deadline_ns = clock_mono_ns() + (uint64_t)timeout_ms * 1000000;
	*ret = q;
	return 0;
}

struct client_request *call_free(struct client_request *q)
{
	if (!q)
		return NULL;
	list_remove(&q->link);
	json_decref(q->params);
	buf_fini(&q->data);
	if (q->fd >= 0)
		(void)close(q->fd);
	mem_free(q->method);
	mem_free(q);
	return NULL;
}

void call_answer(struct client_request *q, json_t *result, const struct fail *f)
{
	list_remove(&q->link);
	if (q->done)
		q->done(result, f, q->user);
	(void)call_free(q);
}

/* What is left of timeout_ms when a request is sent again. */
static void shrink_timeout(struct client_request *q)
{
	uint64_t now = clock_mono_ns(), left;

	if (!q->deadline_ns)
		return;
	left = q->deadline_ns > now ? (q->deadline_ns - now) / 1000000 : 0;
	(void)json_object_set_new(q->params, "timeout_ms", json_integer((json_int_t)left));
}

static void write_params(struct rpc_writer *w, struct client_request *q)
{
	const char *key;
	json_t *v;

	if (!buf_len(&q->data)) {
		if (q->params) {
			rpc_json(w, q->params);
		} else {
			rpc_map_begin(w);
			rpc_map_end(w);
		}
		return;
	}
	rpc_map_begin(w);
	json_object_foreach(q->params, key, v)
	{
		rpc_key(w, key);
		rpc_json(w, v);
	}
	rpc_kv_bytes(w, "data", buf_data(&q->data), buf_len(&q->data));
	rpc_map_end(w);
}

/* Everything that is queued, however long it takes (bounded by the deadline of
 * the connection, for which the reader looks). */
static void flush_blocking(struct client *c)
{
	while (c->fd >= 0 && buf_len(&c->out)) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		ssize_t n;

		if (poll(&p, 1, 10000) <= 0)
			return;
		n = send(c->fd, buf_data(&c->out), buf_len(&c->out), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return;
		buf_consume(&c->out, (size_t)n);
	}
}

/* The descriptor belongs to the first byte of its request. */
static void send_with_fd(struct client *c, int fd)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = c->out.data + c->out.start, .iov_len = buf_len(&c->out) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };
	ssize_t n;

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	do {
		n = poll(&p, 1, 10000);
		if (n > 0)
			n = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	/* Nothing went: the connection is broken, and its reader will see it. */
	if (n > 0)
		buf_consume(&c->out, (size_t)n);
}

int call_write(struct client *c, struct client_request *q)
{
	enum rpc_encoding enc = q->id == c->hello_id ? RPC_JSON : c->enc;
	struct rpc_writer w;
	size_t mark;

	if (q->n_sent++)
		shrink_timeout(q);
	if (q->fd >= 0)
		flush_blocking(c);
	mark = rpc_frame_begin(enc, &c->out);
	rpc_writer_init(&w, enc, &c->out);
	rpc_call_begin(&w, q->id, q->method);
	write_params(&w, q);
	rpc_call_end(&w);
	rpc_frame_end(enc, &c->out, mark);
	q->is_sent = true;
	if (q->fd >= 0)
		send_with_fd(c, q->fd);
	return err_trace(buf_check(&c->out));
}

int call_submit(struct client *c, struct client_request *q)
{
	list_append(&c->requests, &q->link);
	switch (c->state) {
	case CLIENT_DEAD:
		call_answer(q, NULL, &c->death);
		return 0;
	case CLIENT_DOWN:
		return 0;
	case CLIENT_HELLO:
	case CLIENT_UP:
		break;
	}
	return err_trace(call_write(c, q));
}

static int send_request(struct client *c, const char *method, json_t *params,
			const struct client_request *how)
{
	struct client_request *q;
	int r = call_new(c, method, params, &q);

	if (r)
		return r;
	q->done = how->done;
	q->user = how->user;
	q->is_own = how->is_own;
	return err_trace(call_submit(c, q));
}

int client_send(struct client *c, const char *method, json_t *params, client_reply_fn *done,
		void *user)
{
	struct client_request how = { .done = done, .user = user };

	return err_trace(send_request(c, method, params, &how));
}

int call_send_own(struct client *c, const char *method, json_t *params, client_reply_fn *done,
		  void *user)
{
	struct client_request how = { .done = done, .user = user, .is_own = true };

	return err_trace(send_request(c, method, params, &how));
}

void call_forget(struct client *c, const void *user)
{
	list_for_each (l, &c->requests) {
		struct client_request *q = list_entry(l, struct client_request, link);

		if (q->user == user)
			q->done = NULL;
	}
}

/* ---- blocking ---- */

static void on_slot(json_t *result, const struct fail *f, void *user)
{
	struct call_slot *s = user;

	s->request = NULL;
	if (f) {
		s->f = *f;
	} else {
		s->result = json_incref(result);
	}
}

int call_begin(struct client *c, const char *method, json_t *params, int fd, struct call_slot *ret)
{
	struct client_request *q;
	int r = call_new(c, method, params, &q);

	memset(ret, 0, sizeof(*ret));
	if (r)
		return r;
	if (fd >= 0) {
		/* Our own copy: a repetition may need it when the caller's is closed. */
		q->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (q->fd < 0) {
			r = err_origin(-errno);
			(void)call_free(q);
			return r;
		}
	}
	q->done = on_slot;
	q->user = ret;
	ret->request = q;
	r = call_submit(c, q);
	if (r < 0)
		(void)call_free(q);
	return err_trace(r);
}

int call_end(struct client *c, struct call_slot *slot, json_t **ret_result, struct fail *reterr)
{
	int r = 0;

	c->n_blocking++;
	while (r >= 0 && slot->request) {
		/* A failure is final: all requests were answered, ours too. */
		r = client_poll(c, -1, reterr);
	}
	c->n_blocking--;
	if (r < 0) {
		/* Out of memory: the slot must not be written to any more. */
		(void)call_free(slot->request);
		json_decref(slot->result);
		return err_trace(r);
	}
	if (!slot->result) {
		*reterr = slot->f;
		return FAIL_E_FAILED;
	}
	if (ret_result) {
		*ret_result = slot->result;
	} else {
		json_decref(slot->result);
	}
	return 0;
}

int client_call_fd(struct client *c, const char *method, json_t *params, int fd,
		   json_t **ret_result, struct fail *reterr)
{
	struct call_slot slot;
	int r = call_begin(c, method, params, fd, &slot);

	return r ? err_trace(r) : err_trace(call_end(c, &slot, ret_result, reterr));
}

int client_call(struct client *c, const char *method, json_t *params, json_t **ret_result,
		struct fail *reterr)
{
	return err_trace(client_call_fd(c, method, params, -1, ret_result, reterr));
}

/* ---- receiving ---- */

static const char *member(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

void call_failure_of(const json_t *error, struct fail *ret)
{
	json_int_t code = json_integer_value(json_object_get(error, "code"));
	const json_t *data = json_object_get(error, "data");

	memset(ret, 0, sizeof(*ret));
	for (int i = FAIL_NONE + 1; i < FAIL_N; i++) {
		if (fail_kind((enum fail_code)i)->code == code)
			ret->code = (enum fail_code)i;
	}
	(void)snprintf(ret->ref, sizeof(ret->ref), "%s", member(data, "ref"));
	(void)snprintf(ret->hint, sizeof(ret->hint), "%s", member(data, "hint"));
	/* A code of a newer server: all there is to tell is its message. */
	(void)snprintf(ret->detail, sizeof(ret->detail), "%s",
		       ret->code ? member(data, "detail") : member(error, "message"));
}

static struct client_request *find_request(struct client *c, json_int_t id)
{
	list_for_each (l, &c->requests) {
		struct client_request *q = list_entry(l, struct client_request, link);

		if (q->id == (uint64_t)id)
			return q;
	}
	return NULL;
}

/* An error about no request in particular.  Which one it was cannot be known
 * (it could not be read), so it is told to all that wait; before hello it is a
 * keeper's "the daemon is down". */
static void receive_stray_error(struct client *c, const struct fail *f)
{
	if (c->state == CLIENT_HELLO) {
		client_die(c, f);
		return;
	}
	list_for_each_safe (l, &c->requests) {
		struct client_request *q = list_entry(l, struct client_request, link);

		if (q->is_sent)
			call_answer(q, NULL, f);
	}
}

static int receive_event(struct client *c, json_t *message, size_t bytes, struct fail *reterr)
{
	const char *method = json_string_value(json_object_get(message, "method"));
	struct client_event *e;

	if (!c->n_blocking && list_is_empty(&c->events)) {
		stream_event(c, method, json_object_get(message, "params"));
		return 0;
	}
	if (c->n_event_bytes + bytes > CLIENT_QUEUE_MAX) {
		(void)client_failf(reterr, "too many events while a call was under way");
		client_die(c, reterr);
		return FAIL_E_FAILED;
	}
	e = mem_new(struct client_event);
	if (!e)
		return err_origin(-ENOMEM);
	e->message = json_incref(message);
	e->bytes = bytes;
	c->n_event_bytes += bytes;
	list_append(&c->events, &e->link);
	return 0;
}

int call_receive(struct client *c, json_t *message, size_t bytes, struct fail *reterr)
{
	const json_t *error = json_object_get(message, "error");
	json_t *result = json_object_get(message, "result");
	const json_t *id = json_object_get(message, "id");
	struct client_request *q;
	struct fail f;

	if (json_is_string(json_object_get(message, "method")))
		return err_trace(receive_event(c, message, bytes, reterr));
	if (!json_is_object(error) && !result) {
		(void)client_failf(reterr, "%s does not speak our protocol", c->socket);
		client_die(c, reterr);
		return FAIL_E_FAILED;
	}
	if (error)
		call_failure_of(error, &f);
	if (!json_is_integer(id)) {
		if (error)
			receive_stray_error(c, &f);
		return 0;
	}
	q = find_request(c, json_integer_value(id));
	if (q && error && f.code == FAIL_UPGRADING && c->wants_resume) {
		/* It was not done, and the server is about to hang up: the next one is asked. */
		q->is_sent = false;
	} else if (q && error) {
		call_answer(q, NULL, &f);
	} else if (q) {
		call_answer(q, result, NULL);
	}
	return 0;
}
