#include "mcp/protocol.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "rpc/envelope.h"

#define META_VERSION "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"
#define META_SERVER "io.modelcontextprotocol/serverInfo"

/* Oldest first. */
static const struct mcp_version versions[] = {
	{ .name = "2024-11-05" },
	{ .name = "2025-03-26", .has_batches = true, .has_annotations = true },
	{ .name = "2025-06-18", .has_annotations = true, .has_structured = true },
	{ .name = "2025-11-25",
	  .has_annotations = true,
	  .has_structured = true,
	  .has_no_id = true },
	{ .name = "2026-07-28",
	  .has_annotations = true,
	  .has_structured = true,
	  .has_no_id = true,
	  .is_stateless = true },
};

/* The answers of one array of messages, which are one array too. */
struct mcp_batch {
	json_t *answers;
	unsigned n_open; /* requests without an answer, and one while it is read */
};

static const char instructions[] =
	"Terminals that outlive this connection. `run` executes a shell command and returns its "
	"exit "
	"status and output; when it takes longer than its timeout the command goes on and `wait` "
	"and "
	"`read` follow it by the pane's id. For programs that talk back (shells, REPLs, debuggers, "
	"ssh), use `create_pane`, `send`, `wait` and `read`. Text is what a person would see: no "
	"control sequences, progress bars in their last state. Answers are cut to `max_bytes`; "
	"what "
	"was left out stays readable.";

const struct mcp_version *protocol_version(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(versions); i++) {
		if (strcmp(versions[i].name, name) == 0)
			return &versions[i];
	}
	return NULL;
}

static const struct mcp_version *newest_with_handshake(void)
{
	const struct mcp_version *best = &versions[0];

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		if (!versions[i].is_stateless)
			best = &versions[i];
	}
	return best;
}

/* ---- sending ---- */

static void batch_close(struct mcp *m, struct mcp_batch *batch)
{
	if (--batch->n_open)
		return;
	if (json_array_size(batch->answers)) {
		wire_send(m, batch->answers);
	} else {
		json_decref(batch->answers);
	}
	mem_free(batch);
}

void protocol_send(struct mcp *m, struct mcp_batch *batch, json_t *message)
{
	if (!batch) {
		if (message)
			wire_send(m, message);
		return;
	}
	if (message)
		(void)json_array_append_new(batch->answers, message);
	batch_close(m, batch);
}

json_t *protocol_error(json_t *id, int code, const char *text, json_t *data)
{
	json_t *error = mcp_pack("{s:i, s:s}", "code", code, "message", text);
	json_t *message = mcp_pack("{s:s}", "jsonrpc", "2.0");

	if (id)
		(void)json_object_set_new(message, "id", id);
	if (data)
		(void)json_object_set_new(error, "data", data);
	(void)json_object_set_new(message, "error", error);
	return message;
}

/* An error that belongs to no request. */
static void send_stray_error(struct mcp *m, struct mcp_batch *batch, int code, const char *text)
{
	bool has_null = m->version && !m->version->has_no_id;
	json_t *message = protocol_error(has_null ? json_null() : NULL, code, text, NULL);

	if (batch)
		batch->n_open++;
	protocol_send(m, batch, message);
}

static json_t *server_info(const struct mcp *m)
{
	return mcp_pack("{s:s, s:s, s:s}", "name", "orchflow", "title", "OrchFlow terminals",
			"version", m->options.version);
}

void protocol_seal(const struct mcp *m, json_t *result)
{
	json_t *meta = json_object_get(result, "_meta");

	(void)json_object_set_new(result, "resultType", json_string("complete"));
	if (!meta) {
		meta = mcp_pack("{}");
		(void)json_object_set_new(result, "_meta", meta);
	}
	(void)json_object_set_new(meta, META_SERVER, server_info(m));
}

/* ---- who are we ---- */

static json_t *capabilities(const struct mcp_version *v)
{
	json_t *c = mcp_pack("{s:{s:b}, s:{s:b, s:b}}", "tools", "listChanged", 0, "resources",
			     "subscribe", 1, "listChanged", 1);

	/* The newest version tells server and client not to begin with it. */
	if (!v->is_stateless)
		(void)json_object_set_new(c, "logging", mcp_pack("{}"));
	return c;
}

static void on_initialize(struct job *job)
{
	const char *asked = json_string_value(json_object_get(job->params, "protocolVersion"));
	const struct mcp_version *v = protocol_version(asked);
	struct mcp *m = job->m;

	if (!asked) {
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "protocolVersion is missing");
		return;
	}
	if (!v || v->is_stateless)
		v = newest_with_handshake();
	m->version = v;
	job->version = v;
	job_answer(job, mcp_pack("{s:s, s:o, s:o, s:s}", "protocolVersion", v->name, "capabilities",
				 capabilities(v), "serverInfo", server_info(m), "instructions",
				 instructions));
}

/* Those that a request may name; the others begin with a handshake. */
static json_t *version_names(void)
{
	json_t *names = json_array();

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		if (versions[i].is_stateless)
			(void)json_array_append_new(names, json_string(versions[i].name));
	}
	return names;
}

static void on_discover(struct job *job)
{
	job_answer(job, mcp_pack("{s:o, s:o, s:s, s:i, s:s}", "supportedVersions", version_names(),
				 "capabilities", capabilities(job->version), "instructions",
				 instructions, "ttlMs", 3600000, "cacheScope", "public"));
}

static void on_ping(struct job *job)
{
	job_answer(job, mcp_pack("{}"));
}

static void on_set_level(struct job *job)
{
	static const char *const levels[] = { "emergency", "alert",  "critical", "error",
					      "warning",   "notice", "info",     "debug" };
	const char *level = json_string_value(json_object_get(job->params, "level"));

	for (size_t i = 0; level && i < ARRAY_LEN(levels); i++) {
		if (strcmp(levels[i], level) == 0) {
			job->m->log_level = (int)i;
			job_answer(job, mcp_pack("{}"));
			return;
		}
	}
	job_refuse(job, MCP_INVALID_PARAMS, NULL, "unknown log level");
}

static void on_tools_list(struct job *job)
{
	json_t *result;

	if (json_object_get(job->params, "cursor")) {
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "invalid cursor: there is one page");
		return;
	}
	result = mcp_pack("{s:o}", "tools", tool_list(job->m, job->version));
	if (job->version->is_stateless) {
		(void)json_object_set_new(result, "ttlMs", json_integer(3600000));
		(void)json_object_set_new(result, "cacheScope", json_string("public"));
	}
	job_answer(job, result);
}

/* ---- the methods ---- */

enum era { BOTH, HANDSHAKE, STATELESS };

static const struct {
	const char *name;
	enum era era;
	void (*run)(struct job *job);
} methods[] = {
	{ "initialize", HANDSHAKE, on_initialize },
	{ "server/discover", STATELESS, on_discover },
	{ "ping", HANDSHAKE, on_ping },
	{ "logging/setLevel", HANDSHAKE, on_set_level },
	{ "tools/list", BOTH, on_tools_list },
	{ "tools/call", BOTH, tool_call },
	{ "resources/list", BOTH, resource_list },
	{ "resources/templates/list", BOTH, resource_templates },
	{ "resources/read", BOTH, resource_read },
	{ "resources/subscribe", HANDSHAKE, resource_subscribe },
	{ "resources/unsubscribe", HANDSHAKE, resource_unsubscribe },
	{ "subscriptions/listen", STATELESS, resource_listen },
};

static bool is_before_handshake(const char *method)
{
	return strcmp(method, "initialize") == 0 || strcmp(method, "ping") == 0;
}

/* The version that this request is in; NULL after it was refused. */
static const struct mcp_version *version_of(struct job *job, const char *method)
{
	const json_t *meta = json_object_get(job->params, "_meta");
	const json_t *told = json_object_get(meta, META_VERSION);
	const struct mcp_version *v = protocol_version(json_string_value(told));
	bool is_modern = strcmp(method, "server/discover") == 0 ||
			 strcmp(method, "subscriptions/listen") == 0;

	if (!told && !is_modern) {
		if (job->m->version || is_before_handshake(method))
			return job->m->version ? job->m->version : newest_with_handshake();
		job_refuse(job, MCP_INVALID_PARAMS, NULL,
			   "neither initialized nor is there " META_VERSION " in _meta");
		return NULL;
	}
	if (!json_is_string(told) || !json_is_object(json_object_get(meta, META_CAPABILITIES))) {
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "_meta needs %s and %s", META_VERSION,
			   META_CAPABILITIES);
		return NULL;
	}
	if (v && v->is_stateless)
		return v;
	job_refuse(job, MCP_UNSUPPORTED_VERSION,
		   mcp_pack("{s:o, s:s}", "supported", version_names(), "requested",
			    json_string_value(told)),
		   "unsupported protocol version");
	return NULL;
}

static void run_method(struct job *job, const char *method)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		enum era era = job->version->is_stateless ? STATELESS : HANDSHAKE;

		if (strcmp(methods[i].name, method) == 0 &&
		    (methods[i].era == BOTH || methods[i].era == era)) {
			methods[i].run(job);
			return;
		}
	}
	job_refuse(job, MCP_METHOD_NOT_FOUND, NULL, "no such method: %.100s", method);
}

/* ---- what came in ---- */

static struct job *find_job(const struct mcp *m, const json_t *id)
{
	list_for_each (l, &m->calls) {
		struct job *job = list_entry(l, struct job, link);

		if (!job->is_over && json_equal(job->id, id))
			return job;
	}
	return NULL;
}

static struct job *new_job(struct mcp *m, struct mcp_batch *batch, const struct rpc_request *q)
{
	struct job *job = mem_new(struct job);
	json_t *token = json_object_get(json_object_get(q->params, "_meta"), "progressToken");

	if (!job)
		mcp_die("out of memory");
	job->m = m;
	list_init(&job->asks);
	job->id = json_incref(q->id);
	job->params = json_incref(q->params);
	job->batch = batch;
	job->version = m->version ? m->version : newest_with_handshake();
	job->started_ns = clock_mono_ns();
	job->next_progress_ns = job->started_ns + MCP_PROGRESS_NS;
	if (json_is_string(token) || json_is_number(token))
		job->token = json_incref(token);
	list_append(&m->calls, &job->link);
	m->n_calls++;
	return job;
}

static void on_request(struct mcp *m, struct mcp_batch *batch, const struct rpc_request *q)
{
	bool is_known = find_job(m, q->id) != NULL;
	bool is_full = m->n_calls >= MCP_CALLS_MAX;
	struct job *job = new_job(m, batch, q);

	if (batch)
		batch->n_open++;
	if (is_known) {
		job_refuse(job, MCP_INVALID_REQUEST, NULL,
			   "a request with that id is still under way");
	} else if (is_full) {
		job_refuse(job, MCP_INTERNAL_ERROR, NULL, "%d requests are under way already",
			   MCP_CALLS_MAX);
	} else if (q->params && !json_is_object(q->params)) {
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "params must be an object");
	} else {
		const struct mcp_version *v = version_of(job, q->method);

		if (v) {
			job->version = v;
			run_method(job, q->method);
		}
	}
	job_settle(job);
}

static void on_notification(struct mcp *m, const struct rpc_request *q)
{
	struct job *job;

	/* initialized tells nothing that is needed here; roots are not used. */
	if (strcmp(q->method, "notifications/cancelled") != 0)
		return;
	job = find_job(m, json_object_get(q->params, "requestId"));
	if (job)
		job_cancel(job);
}

static bool is_answer(const json_t *v)
{
	return json_is_object(v) && !json_object_get(v, "method") &&
	       (json_object_get(v, "result") || json_object_get(v, "error"));
}

static void on_message(struct mcp *m, struct mcp_batch *batch, json_t *v)
{
	struct rpc_request q;
	struct fail f;

	if (is_answer(v)) /* we ask nothing */
		return;
	if (rpc_request_check(v, &q, &f) == 0 && !json_is_null(q.id)) {
		if (q.id) {
			on_request(m, batch, &q);
		} else {
			on_notification(m, &q);
		}
		return;
	}
	send_stray_error(m, batch, MCP_INVALID_REQUEST,
			 f.code ? "not a JSON-RPC 2.0 request" : "the id must not be null");
}

static void on_batch(struct mcp *m, json_t *messages)
{
	struct mcp_batch *batch = mem_new(struct mcp_batch);
	size_t i;
	json_t *v;

	if (!batch)
		mcp_die("out of memory");
	*batch = (struct mcp_batch){ .answers = json_array(), .n_open = 1 };
	json_array_foreach(messages, i, v) on_message(m, batch, v);
	batch_close(m, batch);
}

void protocol_oversized(struct mcp *m)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "a message may have %u bytes", MCP_LINE_MAX);
	send_stray_error(m, NULL, MCP_INVALID_REQUEST, text);
}

void protocol_line(struct mcp *m, const char *p, size_t n)
{
	struct fail f = { 0 };
	json_t *v = NULL;
	int r = rpc_value_parse(RPC_JSON, p, n, &v, &f);

	if (r < 0)
		mcp_die("out of memory");
	if (r) {
		char text[256];

		(void)snprintf(text, sizeof(text), "%s%s%s", fail_kind(f.code)->text,
			       f.detail[0] ? ": " : "", f.detail);
		send_stray_error(m, NULL,
				 f.code == FAIL_PARSE_ERROR ? MCP_PARSE_ERROR : MCP_INVALID_REQUEST,
				 text);
		return;
	}
	if (!json_is_array(v)) {
		on_message(m, NULL, v);
	} else if (json_array_size(v) && m->version && m->version->has_batches) {
		on_batch(m, v);
	} else {
		send_stray_error(m, NULL, MCP_INVALID_REQUEST, "no batches in this version");
	}
	json_decref(v);
}
