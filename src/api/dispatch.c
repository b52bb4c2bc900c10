/* From a message to the handlers of its calls. */
#include <assert.h>

#include "api/state.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/probe.h"
#include "rpc/envelope.h"

static int refuse_unknown(const char *name, struct fail *reterr)
{
	const char *nearest = api_method_nearest(name);

	(void)fail_setf(reterr, FAIL_METHOD_NOT_FOUND, name, "%.80s", name);
	if (nearest) {
		fail_hint(reterr, "did you mean %s?", nearest);
	} else {
		fail_hint(reterr, "rpc.discover lists all methods");
	}
	return FAIL_E_FAILED;
}

/* Everything that stands between a well-formed request and its handler. */
static int admit(struct api_call *call, const struct rpc_request *req, struct fail *reterr)
{
	int i = api_method_find(req->method);

	if (call->server->is_handing_over) {
		(void)fail_set(reterr, FAIL_UPGRADING, NULL);
		fail_hint(reterr, "it was not done: connect and ask again");
		return FAIL_E_FAILED;
	}
	if (i < 0)
		return refuse_unknown(req->method, reterr);
	call->index = (size_t)i;
	call->method = api_method_at(call->index);
	if (!(call->client->scopes & call->method->scope)) {
		return fail_setf(reterr, FAIL_PERMISSION_DENIED, call->method->name,
				 "it needs the scope %s", api_scope_name(call->method->scope));
	}
	return rpc_args_check(call->method->params, call->method->n_params,
			      conn_encoding(&call->client->conn), req->params, &call->args, reterr);
}

static void handle(struct api_call *call)
{
	struct core *core = call->server->core;
	struct fail f;

	if (api_call_failed(call, core_method_enter(core, call->method->name, &f), &f))
		return;
	PROBE2(request_begin, call->method->name, call->client->pid);
	call->method->handler(call);
	assert(call->is_answered || call->is_deferred);
	core_method_leave(core);
}

static void call_one(struct client *client, struct api_batch *batch, json_t *v, uint64_t now_ns)
{
	struct api_call call = { .server = client->server, .client = client, .started_ns = now_ns };
	struct rpc_request req;
	struct fail f;

	client->server->counters.n_requests++;
	if (rpc_request_check(v, &req, &f)) {
		api_answer_error(client, batch, req.id, &f);
		return;
	}
	call.id = req.id;
	if (batch && call.id) {
		call.batch = batch;
		api_batch_join(batch);
	}
	if (!api_call_failed(&call, admit(&call, &req, &f), &f))
		handle(&call);
}

static int check_batch(const json_t *v, struct fail *reterr)
{
	size_t n = json_array_size(v);

	if (n == 0)
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL, "the batch is empty");
	if (n > API_MAX_BATCH) {
		return fail_setf(reterr, FAIL_INVALID_REQUEST, NULL,
				 "%zu calls in one batch, %u are allowed", n, API_MAX_BATCH);
	}
	return 0;
}

static void call_batch(struct client *client, json_t *v, uint64_t now_ns)
{
	struct api_batch *batch;
	struct fail f;
	json_t *element;
	size_t i;

	if (check_batch(v, &f)) {
		api_answer_error(client, NULL, NULL, &f);
		return;
	}
	batch = api_batch_new(client);
	if (!batch) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		api_answer_error(client, NULL, NULL, &f);
		return;
	}
	json_array_foreach(v, i, element) call_one(client, batch, element, now_ns);
	api_batch_close(batch);
}

/* Whoever sends only garbage is not speaking our protocol. */
static void note_bad(struct client *client)
{
	client->server->counters.n_parse_errors++;
	if (++client->n_bad < API_MAX_BAD)
		return;
	log_warn("client closed pid=%u: %u parse errors in a row", client->pid, client->n_bad);
	conn_close_soon(&client->conn);
}

void client_on_message(struct conn *c, const char *p, size_t n)
{
	struct client *client = client_of(c);
	uint64_t now_ns = clock_mono_ns();
	json_t *v = NULL;
	struct fail f;
	int r = rpc_value_parse(conn_encoding(c), p, n, &v, &f);

	if (r < 0) {
		log_fault(r, "request of %zu bytes", n);
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
	}
	if (r) {
		api_answer_error(client, NULL, NULL, &f);
		if (r > 0)
			note_bad(client);
		return;
	}
	client->n_bad = 0;
	if (json_is_array(v)) {
		call_batch(client, v, now_ns);
	} else {
		call_one(client, NULL, v, now_ns);
	}
	json_decref(v);
}

void client_on_oversized(struct conn *c)
{
	struct client *client = client_of(c);
	struct fail f;

	(void)fail_setf(&f, FAIL_LIMIT_REQUEST, NULL, "a request may have %zu bytes",
			c->hub->limits.max_request_bytes);
	api_answer_error(client, NULL, NULL, &f);
}
