#include "api/rig.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define ROUNDS 8

static void on_status(struct rpc_writer *w, void *user)
{
	(void)user;
	rpc_kv_str(w, "config_path", NULL);
	rpc_kv_str(w, "config_error", NULL);
	rpc_key(w, "client");
	rpc_map_begin(w);
	rpc_kv_str(w, "detach_keys", "");
	rpc_map_end(w);
}

static int on_reload(struct fail *reterr, void *user)
{
	const struct rig *r = user;

	return r->wants_reload_error
		       ? fail_setf(reterr, FAIL_CONFIG_INVALID, NULL, "x.conf:3: wrong")
		       : 0;
}

static void on_write_reloaded(struct rpc_writer *w, void *user)
{
	(void)user;
	rpc_kv_str(w, "path", "x.conf");
	rpc_key(w, "changed");
	rpc_array_begin(w);
	rpc_array_end(w);
}

static void on_metrics(struct rpc_writer *w, void *user)
{
	(void)user;
	rpc_key(w, "counters");
	rpc_map_begin(w);
	rpc_map_end(w);
}

static void on_metrics_text(struct buf *out, void *user)
{
	(void)user;
	buf_put_str(out, "# nothing\n");
}

static void on_upgrade(const struct api_upgrade *spec, api_upgraded_fn *done, void *done_user,
		       void *user)
{
	const struct api_upgraded u = { "1", "2", spec->binary, 3 };
	struct fail f;

	(void)user;
	if (spec->binary) {
		done(&u, NULL, done_user);
		return;
	}
	(void)fail_set(&f, FAIL_UPGRADE_REFUSED, NULL);
	done(NULL, &f, done_user);
}

static void on_stop(void *user)
{
	struct rig *r = user;

	r->is_stopped = true;
}

static void on_event(enum core_event e, struct pane *p, struct session *s, void *user)
{
	const struct rig *r = user;

	api_server_on_event(r->server, e, p, s);
}

void rig_init(struct rig *r, const struct api_config *config)
{
	const struct api_hooks hooks = { .socket_path = "/s",
					 .state_dir = "/d",
					 .status = on_status,
					 .reload = on_reload,
					 .write_reloaded = on_write_reloaded,
					 .metrics = on_metrics,
					 .metrics_text = on_metrics_text,
					 .upgrade = on_upgrade,
					 .stop = on_stop,
					 .user = r };
	struct api_config defaults;
	int result;

	*r = (struct rig){ 0 };
	api_config_init(&defaults);
	result = uv_loop_init(&r->loop);
	assert(result == 0);
	result = api_server_new(&r->loop, config ? config : &defaults, &hooks, &r->server);
	assert(result == 0);
	(void)result;
	r->core = fake_core_new();
	r->core->ops = (struct core_ops){ .on_event = on_event, .user = r };
	r->pane = fake_core_populate(r->core);
	api_server_set_core(r->server, r->core);
}

void rig_fini(struct rig *r)
{
	int result;

	api_server_stop(r->server);
	while (api_server_has_clients(r->server))
		(void)uv_run(&r->loop, UV_RUN_ONCE);
	(void)uv_run(&r->loop, UV_RUN_DEFAULT);
	if (r->core->last_stdin_fd >= 0)
		(void)close(r->core->last_stdin_fd);
	r->core = fake_core_free(r->core);
	api_server_set_core(r->server, NULL);
	r->server = api_server_free(r->server);
	result = uv_loop_close(&r->loop);
	assert(result == 0);
	(void)result;
}

void rig_spin(struct rig *r)
{
	for (int i = 0; i < ROUNDS; i++)
		(void)uv_run(&r->loop, UV_RUN_NOWAIT);
}

void peer_init(struct peer *p, struct rig *r)
{
	int fds[2], result;

	*p = (struct peer){ .rig = r };
	result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds);
	assert(result == 0);
	p->fd = fds[0];
	rpc_framer_init(&p->framer, RPC_JSON, 64u << 20);
	result = api_server_adopt(r->server, fds[1]);
	assert(result == 0);
	(void)result;
}

void peer_fini(struct peer *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
	rpc_framer_fini(&p->framer);
	rig_spin(p->rig);
}

void peer_send_raw(struct peer *p, const void *data, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t sent = send(p->fd, (const char *)data + done, n - done,
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			done += (size_t)sent;
		} else if (errno != EAGAIN) {
			return; /* closed: the test will see */
		}
		if (sent <= 0)
			rig_spin(p->rig);
	}
}

void peer_send(struct peer *p, const char *json)
{
	peer_send_raw(p, json, strlen(json));
	peer_send_raw(p, "\n", 1);
}

/* One read; false: nothing is there. */
static bool pump(struct peer *p)
{
	char *room = rpc_framer_reserve(&p->framer, 256 << 10);
	ssize_t n;

	assert(room);
	n = recv(p->fd, room, 256 << 10, MSG_DONTWAIT);
	if (n > 0)
		rpc_framer_commit(&p->framer, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		p->is_eof = true;
	return n > 0;
}

/* An answer of the store, if the test has one. */
static void wait_for_store(const struct rig *r)
{
	struct pollfd fd = { .events = POLLIN };

	if (!r->core->store)
		return;
	fd.fd = store_fd(r->core->store);
	if (poll(&fd, 1, 1000) > 0)
		store_dispatch(r->core->store);
}

json_t *peer_receive(struct peer *p)
{
	const char *data;
	json_t *v = NULL;
	struct fail f;
	size_t n;

	for (int i = 0; i < 64; i++) {
		int r = rpc_framer_next(&p->framer, &data, &n);

		if (r == 0) {
			r = rpc_value_parse(p->framer.enc, data, n, &v, &f);
			assert(r == 0);
			return v;
		}
		if (!pump(p)) {
			if (i > 1)
				wait_for_store(p->rig);
			rig_spin(p->rig);
		}
	}
	return NULL;
}

json_t *peer_ask(struct peer *p, const char *json)
{
	peer_send(p, json);
	return peer_receive(p);
}

json_t *peer_result(struct peer *p, const char *json)
{
	json_t *answer = peer_ask(p, json);
	json_t *result = json_incref(json_object_get(answer, "result"));

	if (!result) {
		char *text = json_dumps(answer, JSON_ENCODE_ANY);

		(void)fprintf(stderr, "%s\n  answered %s\n", json, text ? text : "nothing");
		free(text);
	}
	assert(result);
	json_decref(answer);
	return result;
}

void peer_expect_error(struct peer *p, const char *json, const char *name)
{
	json_t *answer = peer_ask(p, json);
	const json_t *error = json_object_get(answer, "error");
	const json_t *found = json_object_get(json_object_get(error, "data"), "name");

	if (!found || strcmp(json_string_value(found), name) != 0) {
		char *text = json_dumps(answer, JSON_ENCODE_ANY);

		(void)fprintf(stderr, "%s\n  answered %s\n", json, text ? text : "nothing");
		free(text);
	}
	assert(found && strcmp(json_string_value(found), name) == 0);
	json_decref(answer);
}

size_t peer_drain(struct peer *p)
{
	char scratch[64 << 10];
	size_t all = 0;
	ssize_t n;

	for (int i = 0; i < ROUNDS; i++) {
		while ((n = recv(p->fd, scratch, sizeof scratch, MSG_DONTWAIT)) > 0) {
			all += (size_t)n;
			i = 0;
		}
		rig_spin(p->rig);
	}
	return all;
}

bool peer_is_closed(struct peer *p)
{
	for (int i = 0; i < 64 && !p->is_eof; i++) {
		while (pump(p))
			;
		rig_spin(p->rig);
	}
	return p->is_eof;
}
