#include "api/call.h"

#include <assert.h>
#include <errno.h>

#include "api/state.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "core/search.h"
#include "rpc/envelope.h"

struct api_batch {
	struct client *client; /* NULL: it went */
	struct buf out;
	struct rpc_writer writer; /* in the array of answers */
	struct rpc_writer saved;  /* before the answer being written */
	size_t mark;              /* where that answer begins in `out` */
	size_t frame;
	uint32_t n_open;    /* calls to be answered, and the dispatcher while at work */
	uint32_t n_answers; /* written */
	bool is_lost;       /* an answer could not be written: memory is out */
};

static bool goes_nowhere(const struct api_call *call)
{
	return !call->client || !call->id;
}

/* ---- batches ---- */

struct api_batch *api_batch_new(struct client *client)
{
	enum rpc_encoding enc = conn_encoding(&client->conn);
	struct api_batch *b = mem_new(struct api_batch);

	if (!b)
		return NULL;
	b->client = client;
	b->n_open = 1;
	b->frame = rpc_frame_begin(enc, &b->out);
	rpc_writer_init(&b->writer, enc, &b->out);
	rpc_array_begin(&b->writer);
	client->n_batches++;
	return b;
}

static void batch_send(struct api_batch *b)
{
	struct conn *c = &b->client->conn;

	rpc_array_end(&b->writer);
	rpc_frame_end(b->writer.enc, &b->out, b->frame);
	/* A broken buffer breaks the connection's in turn, which closes it. */
	if (b->is_lost || b->out.is_broken) {
		log_error("client dropped: no memory for the answer of a batch");
		conn_close(c);
	} else if (b->n_answers > 0) {
		buf_put(conn_answer_begin(c), buf_data(&b->out), buf_len(&b->out));
		conn_answer_end(c);
	}
}

static void batch_leave(struct api_batch *b)
{
	if (--b->n_open > 0)
		return;
	if (b->client) {
		b->client->n_batches--;
		batch_send(b);
	}
	buf_fini(&b->out);
	mem_free(b);
}

void api_batch_join(struct api_batch *b)
{
	b->n_open++;
}

void api_batch_close(struct api_batch *b)
{
	batch_leave(b);
}

/* ---- one answer ---- */

static struct rpc_writer *open_answer(struct api_call *call)
{
	struct api_server *s = call->server;
	enum rpc_encoding enc;
	struct buf *out;

	if (goes_nowhere(call)) {
		rpc_writer_init(&s->writer, RPC_JSON, conn_hub_scratch(&s->hub));
		return &s->writer;
	}
	if (call->batch) {
		struct api_batch *b = call->batch;

		b->saved = b->writer;
		b->mark = buf_len(&b->out);
		return &b->writer;
	}
	enc = conn_encoding(&call->client->conn);
	out = conn_answer_begin(&call->client->conn);
	s->frame = rpc_frame_begin(enc, out);
	rpc_writer_init(&s->writer, enc, out);
	return &s->writer;
}

/* What was written of the answer broke the buffer: say NO_MEMORY instead, which
 * fits where the longer answer began. */
static void retry_without_memory(struct api_call *call)
{
	static const struct fail no_memory = { .code = FAIL_NO_MEMORY };
	struct api_server *s = call->server;
	struct api_batch *b = call->batch;

	if (b) {
		buf_truncate(&b->out, b->mark);
		b->writer = b->saved;
		rpc_error(&b->writer, call->id, &no_memory);
		if (b->out.is_broken) {
			buf_truncate(&b->out, b->mark);
			b->is_lost = true;
		}
		return;
	}
	conn_answer_undo(&call->client->conn);
	s->frame = rpc_frame_begin(s->writer.enc, s->writer.out);
	rpc_writer_init(&s->writer, s->writer.enc, s->writer.out);
	rpc_error(&s->writer, call->id, &no_memory);
}

static void close_answer(struct api_call *call)
{
	struct api_server *s = call->server;

	if (goes_nowhere(call))
		return;
	if (call->batch) {
		call->batch->n_answers++;
		if (call->batch->out.is_broken)
			retry_without_memory(call);
		return;
	}
	rpc_frame_end(s->writer.enc, s->writer.out, s->frame);
	if (s->writer.out->is_broken) {
		retry_without_memory(call);
		rpc_frame_end(s->writer.enc, s->writer.out, s->frame);
	}
	conn_answer_end(&call->client->conn);
}

/* ---- the end of a call ---- */

static void forget(struct api_call *call)
{
	list_remove(&call->link);
	if (call->client)
		call->client->n_calls--;
	call->server->counters.n_pending--;
	json_decref(call->id);
	mem_free(call->extra);
	mem_free(call);
}

static void end(struct api_call *call, bool is_error)
{
	struct api_server *s = call->server;
	struct api_batch *batch = call->batch;
	uint64_t ns;

	assert(!call->is_answered);
	call->is_answered = true;
	if (is_error)
		s->counters.n_errors++;
	if (call->method) {
		struct api_method_stats *stats = &s->stats[call->index];

		stats->n_calls++;
		stats->n_errors += is_error;
		ns = clock_mono_ns() - call->started_ns;
		hist_record(&stats->latency, ns);
		PROBE3(request_end, call->method->name, is_error, ns);
	}
	if (call->is_deferred)
		forget(call);
	if (batch)
		batch_leave(batch);
}

struct api_call *api_call_defer(struct api_call *call)
{
	struct client *client = call->client;
	struct api_call *later;
	struct fail f;

	if (client->n_calls >= API_MAX_PENDING) {
		(void)fail_setf(&f, FAIL_LIMIT_PENDING, NULL,
				"%u requests of this client are under way", client->n_calls);
		api_call_fail(call, &f);
		return NULL;
	}
	later = mem_dup(call, sizeof *call);
	if (!later) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		api_call_fail(call, &f);
		return NULL;
	}
	json_incref(later->id);
	later->args = (struct rpc_args){ 0 }; /* they die with the request */
	later->is_deferred = true;
	list_append(&client->calls, &later->link);
	client->n_calls++;
	call->server->counters.n_pending++;
	call->is_deferred = true;
	return later;
}

struct rpc_writer *api_call_result_begin(struct api_call *call)
{
	struct rpc_writer *w = open_answer(call);

	if (!goes_nowhere(call))
		rpc_result_begin(w, call->id);
	return w;
}

struct rpc_writer *api_call_object_begin(struct api_call *call, const struct fail *f)
{
	struct rpc_writer *w = NULL;

	if (f) {
		api_call_fail(call, f);
	} else {
		w = api_call_result_begin(call);
		rpc_map_begin(w);
	}
	return w;
}

void api_call_result_end(struct api_call *call)
{
	if (!goes_nowhere(call))
		rpc_result_end(call->batch ? &call->batch->writer : &call->server->writer);
	close_answer(call);
	end(call, false);
}

void api_call_result_empty(struct api_call *call)
{
	struct rpc_writer *w = api_call_result_begin(call);

	rpc_map_begin(w);
	rpc_map_end(w);
	api_call_result_end(call);
}

void api_call_fail(struct api_call *call, const struct fail *f)
{
	struct rpc_writer *w = open_answer(call);

	if (call->method && !api_method_documents(call->method, f->code)) {
		call->server->counters.n_undocumented++;
		log_warn("undocumented error method=%s error=%s", call->method->name,
			 fail_kind(f->code)->name);
	}
	if (!goes_nowhere(call))
		rpc_error(w, call->id, f);
	close_answer(call);
	end(call, true);
}

/* The one place where a fault becomes something that a client is told. */
static enum fail_code fault_code(int r)
{
	switch (-r) {
	case ENOMEM:
		return FAIL_NO_MEMORY;
	case EMFILE:
	case ENFILE:
		return FAIL_NO_DESCRIPTORS;
	default:
		return FAIL_INTERNAL_ERROR;
	}
}

bool api_call_failed(struct api_call *call, int r, const struct fail *f)
{
	struct fail fault;

	if (r == 0)
		return false;
	if (r > 0) {
		api_call_fail(call, f);
		return true;
	}
	log_fault(r, "method=%s", call->method ? call->method->name : "?");
	(void)fail_set(&fault, fault_code(r), NULL);
	api_call_fail(call, &fault);
	return true;
}

struct core *api_call_core(const struct api_call *call)
{
	return call->server->core;
}

struct pane *api_call_pane(struct api_call *call)
{
	struct pane *p = NULL;
	struct fail f;
	int r = core_pane_find(call->server->core, rpc_arg_str(&call->args, "pane", ""), &p, &f);

	return api_call_failed(call, r, &f) ? NULL : p;
}

struct store *api_call_store(struct api_call *call)
{
	struct store *s = core_store(call->server->core);
	struct fail f;

	if (!s) {
		(void)fail_set(&f, FAIL_STORAGE_UNAVAILABLE, NULL);
		api_call_fail(call, &f);
	}
	return s;
}

/* ---- clients that go ---- */

static void abandon(struct client *client, struct api_call *call)
{
	struct api_server *s = client->server;

	if (call->batch)
		call->batch->client = NULL;
	client->n_calls--;
	call->client = NULL;
	list_remove(&call->link);
	list_append(&s->orphans, &call->link);
	if (call->wait && s->core) {
		core_wait_cancel(s->core, call->wait);
		end(call, false);
	} else if (call->search && s->core) {
		(void)core_search_cancel(s->core, call->search); /* answers, and so ends it */
	} else if (call->run && s->core) {
		core_run_forsake(s->core, call->run);
		end(call, false);
	}
}

void api_calls_abandon(struct client *client)
{
	while (!list_is_empty(&client->calls))
		abandon(client, list_entry(client->calls.next, struct api_call, link));
}

void api_calls_drop(struct api_server *s)
{
	while (!list_is_empty(&s->orphans))
		end(list_entry(s->orphans.next, struct api_call, link), true);
}

void api_answer_error(struct client *client, struct api_batch *batch, json_t *id,
		      const struct fail *f)
{
	struct api_call call = { .server = client->server,
				 .client = client,
				 .id = id ? id : json_null(),
				 .batch = batch };

	if (batch)
		api_batch_join(batch);
	api_call_fail(&call, f);
}
