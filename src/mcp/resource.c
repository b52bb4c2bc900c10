#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "mcp/common.h"

#define SCHEME "orchflow://pane/"
#define PAGE 100 /* panes in one page of the list */

/* One resource that a client watches. */
struct watch {
	struct list link; /* mcp.watches */
	char *uri, *pane;
	json_t *listen_id; /* of subscriptions/listen; NULL: resources/subscribe */
	bool is_changed;
	uint64_t next_ns; /* when that may be told */
};

/* Somebody who listens for changes of the list, by subscriptions/listen, is a watch without a
 * pane: uri NULL. */

/* ---- names ---- */

/* orchflow://pane/p3/screen or .../output into its parts. */
static bool parse_uri(const char *uri, char *pane, size_t size, bool *ret_is_screen)
{
	size_t n = strlen(SCHEME), len;
	const char *rest;

	if (!uri || strncmp(uri, SCHEME, n) != 0)
		return false;
	len = strcspn(uri + n, "/");
	rest = uri + n + len;
	if (len == 0 || len >= size || strchr(uri, '%'))
		return false;
	memcpy(pane, uri + n, len);
	pane[len] = '\0';
	*ret_is_screen = strcmp(rest, "/screen") == 0;
	return *ret_is_screen || strcmp(rest, "/output") == 0;
}

static void refuse_uri(struct job *job, const char *uri)
{
	json_t *data = uri ? mcp_pack("{s:s}", "uri", uri) : NULL;

	job_refuse(job,
		   uri && !job->version->is_stateless ? MCP_RESOURCE_NOT_FOUND : MCP_INVALID_PARAMS,
		   data, uri ? "no such resource" : "uri is missing");
}

static void fail(struct job *job, const struct fail *f)
{
	struct buf text = BUF_INIT;

	text_failure(f, &text);
	buf_put_char(&text, '\0');
	job_refuse(job, MCP_INTERNAL_ERROR, NULL, "%s", buf_data(&text));
	buf_fini(&text);
}

/* How long an answer may be kept by who got it. */
static void put_cache(const struct job *job, json_t *result, int ttl_ms, const char *scope)
{
	if (!job->version->is_stateless)
		return;
	(void)json_object_set_new(result, "ttlMs", json_integer(ttl_ms));
	(void)json_object_set_new(result, "cacheScope", json_string(scope));
}

/* ---- list ---- */

static json_t *entry(const struct job *job, const json_t *pane)
{
	char uri[64], name[64], title[160];
	const char *shown = common_str(pane, "title");
	json_t *o;

	(void)snprintf(uri, sizeof(uri), SCHEME "%s/screen", common_str(pane, "id"));
	(void)snprintf(name, sizeof(name), "%s screen", common_str(pane, "id"));
	o = mcp_pack("{s:s, s:s, s:s}", "uri", uri, "name", name, "mimeType", "text/plain");
	if (*shown && job->version->has_structured) {
		(void)snprintf(title, sizeof(title), "%.140s", shown);
		(void)json_object_set_new(o, "title", text_json(title, strlen(title)));
	}
	return o;
}

static void on_list(struct job *job, json_t *result, const struct fail *f)
{
	json_t *all, *pane, *answer;
	size_t i;

	if (f && f->code == FAIL_INVALID_PARAMS) {
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "invalid cursor");
		return;
	}
	if (f) {
		fail(job, f);
		return;
	}
	all = json_array();
	json_array_foreach(json_object_get(result, "panes"), i, pane)(void)
		json_array_append_new(all, entry(job, pane));
	answer = mcp_pack("{s:o}", "resources", all);
	if (json_object_get(result, "next"))
		(void)json_object_set(answer, "nextCursor", json_object_get(result, "next"));
	put_cache(job, answer, 0, "private");
	job_answer(job, answer);
}

/* Events tell when the list changes; asked for once. */
static void want_events(struct mcp *m)
{
	if (m->has_events || !m->client)
		return;
	m->has_events = true;
	if (client_send(m->client, "events.subscribe",
			mcp_pack("{s:[s, s, s, s, s]}", "kinds", "pane.created", "pane.deleted",
				 "pane.exit", "pane.resized", "pane.title"),
			NULL, NULL))
		mcp_die("out of memory");
}

void resource_list(struct job *job)
{
	const json_t *cursor = json_object_get(job->params, "cursor");
	json_t *params = mcp_pack("{s:i}", "limit", PAGE);

	if (cursor && !json_is_string(cursor)) {
		json_decref(params);
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "invalid cursor");
		return;
	}
	if (cursor)
		(void)json_object_set(params, "cursor", rpc_value_iterable(cursor));
	if (!job->version->is_stateless)
		job->m->wants_list_changes = true;
	job_ask(job, "pane.list", params, on_list);
	if (job->m->wants_list_changes)
		want_events(job->m);
}

static json_t *template(const struct job *job, const char *what, const char *title, const char *doc)
{
	char uri[64];
	json_t *o;

	(void)snprintf(uri, sizeof(uri), SCHEME "{pane}/%s", what);
	o = mcp_pack("{s:s, s:s, s:s, s:s}", "uriTemplate", uri, "name", what, "description", doc,
		     "mimeType", "text/plain");
	if (job->version->has_structured)
		(void)json_object_set_new(o, "title", json_string(title));
	return o;
}

void resource_templates(struct job *job)
{
	json_t *answer = mcp_pack("{s:[o, o]}", "resourceTemplates",
				  template(job, "screen", "Screen of a pane",
					   "What the pane's terminal shows now"),
				  template(job, "output", "Output of a pane",
					   "What the pane printed, its end where that is long"));

	put_cache(job, answer, 3600000, "public");
	job_answer(job, answer);
}

/* ---- read ---- */

static void on_read(struct job *job, json_t *result, const struct fail *f)
{
	const json_t *v = json_object_get(result, "text");
	const char *uri = json_string_value(json_object_get(job->params, "uri"));
	struct buf text = BUF_INIT;
	struct text_cut ignored;
	json_t *answer;

	if (f && f->code == FAIL_PANE_NOT_FOUND) {
		refuse_uri(job, uri);
		return;
	}
	if (f) {
		fail(job, f);
		return;
	}
	text_cut(json_string_value(v), text_trim(json_string_value(v), json_string_length(v)),
		 MCP_BYTES_MAX, TEXT_TAIL, &text, &ignored);
	answer = mcp_pack("{s:[{s:s, s:s, s:o}]}", "contents", "uri", uri, "mimeType", "text/plain",
			  "text", text_json(buf_data(&text), buf_len(&text)));
	buf_fini(&text);
	put_cache(job, answer, 0, "private");
	job_answer(job, answer);
}

void resource_read(struct job *job)
{
	const char *uri = json_string_value(json_object_get(job->params, "uri"));
	char pane[64];
	bool is_screen;

	if (!parse_uri(uri, pane, sizeof(pane), &is_screen)) {
		refuse_uri(job, uri);
		return;
	}
	if (is_screen) {
		job_ask(job, "pane.snapshot", mcp_pack("{s:s}", "pane", pane), on_read);
	} else {
		job_ask(job, "pane.text",
			mcp_pack("{s:s, s:i, s:s}", "pane", pane, "max_bytes", MCP_BYTES_MAX,
				 "keep", "tail"),
			on_read);
	}
}

/* ---- watching ---- */

static bool is_streamed(const struct mcp *m, const char *pane)
{
	list_for_each (l, &m->watches) {
		const struct watch *w = list_entry(l, struct watch, link);

		if (w->pane && strcmp(w->pane, pane) == 0)
			return true;
	}
	return false;
}

static struct watch *watch_free(struct mcp *m, struct watch *w)
{
	struct fail ignored;

	list_remove(&w->link);
	m->n_watches--;
	if (w->pane && m->client && !is_streamed(m, w->pane)) {
		/* The pane may be gone, and its stream with it. */
		if (client_unsubscribe(m->client, w->pane, CLIENT_OUT, &ignored))
			err_clear();
	}
	mem_free(w->uri);
	mem_free(w->pane);
	json_decref(w->listen_id);
	mem_free(w);
	return NULL;
}

/* Only that something is printed matters; its bytes are dropped here. */
static int stream(struct mcp *m, const char *pane, struct fail *reterr)
{
	struct client_stream_spec spec = { .pane = pane, .from = CLIENT_FROM_NOW };

	if (mcp_connect(m, reterr))
		return FAIL_E_FAILED;
	want_events(m);
	if (is_streamed(m, pane))
		return 0;
	return client_subscribe(m->client, &spec, 1, reterr);
}

/* @listen_id is borrowed.  0, or FAIL_E_FAILED. */
static int watch_add(struct mcp *m, const char *uri, json_t *listen_id, struct fail *reterr)
{
	char pane[64] = "";
	bool is_screen;
	struct watch *w;
	int r;

	if (m->n_watches >= MCP_WATCHES_MAX) {
		return fail_setf(reterr, FAIL_LIMIT_SUBSCRIPTIONS, NULL, "%d resources are watched",
				 MCP_WATCHES_MAX);
	}
	if (uri && !parse_uri(uri, pane, sizeof(pane), &is_screen))
		return fail_set(reterr, FAIL_PANE_NOT_FOUND, uri);
	r = uri ? stream(m, pane, reterr) : 0;
	if (r < 0)
		mcp_die("out of memory");
	if (r)
		return FAIL_E_FAILED;
	w = mem_new(struct watch);
	if (!w)
		mcp_die("out of memory");
	list_init(&w->link);
	w->uri = mem_strdup(uri);
	w->pane = uri ? mem_strdup(pane) : NULL;
	w->listen_id = json_incref(listen_id);
	list_append(&m->watches, &w->link);
	m->n_watches++;
	return 0;
}

static struct watch *find_watch(struct mcp *m, const char *uri)
{
	list_for_each (l, &m->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (!w->listen_id && w->uri && strcmp(w->uri, uri) == 0)
			return w;
	}
	return NULL;
}

void resource_subscribe(struct job *job)
{
	const char *uri = json_string_value(json_object_get(job->params, "uri"));
	struct fail f = { 0 };

	if (uri && (find_watch(job->m, uri) || watch_add(job->m, uri, NULL, &f) == 0)) {
		job_answer(job, mcp_pack("{}"));
	} else if (!uri || f.code == FAIL_PANE_NOT_FOUND) {
		refuse_uri(job, uri);
	} else {
		fail(job, &f);
	}
}

void resource_unsubscribe(struct job *job)
{
	const char *uri = json_string_value(json_object_get(job->params, "uri"));
	struct watch *w = uri ? find_watch(job->m, uri) : NULL;

	if (w)
		(void)watch_free(job->m, w);
	if (uri) {
		job_answer(job, mcp_pack("{}"));
	} else {
		refuse_uri(job, uri);
	}
}

/* ---- subscriptions/listen ---- */

static json_t *tagged(json_t *id)
{
	return mcp_pack("{s:{s:O}}", "_meta", "io.modelcontextprotocol/subscriptionId", id);
}

/* Those resources that can be watched; what cannot is left out of the answer. */
static json_t *listen_to(struct job *job, const json_t *uris)
{
	json_t *taken = json_array(), *uri;
	struct fail ignored;
	size_t i;

	json_array_foreach(uris, i, uri)
	{
		if (json_is_string(uri) &&
		    watch_add(job->m, json_string_value(uri), job->id, &ignored) == 0)
			(void)json_array_append(taken, uri);
	}
	return taken;
}

void resource_listen(struct job *job)
{
	const json_t *wanted = json_object_get(job->params, "notifications");
	const json_t *uris = json_object_get(wanted, "resourceSubscriptions");
	json_t *agreed = mcp_pack("{}"), *ack;
	struct fail f = { 0 };

	if (!json_is_object(wanted)) {
		json_decref(agreed);
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "notifications is missing");
		return;
	}
	/* Tools and prompts never change here: not agreed to. */
	if (json_is_true(json_object_get(wanted, "resourcesListChanged")) &&
	    mcp_connect(job->m, &f) == 0 && watch_add(job->m, NULL, job->id, &f) == 0) {
		want_events(job->m);
		(void)json_object_set_new(agreed, "resourcesListChanged", json_true());
	}
	if (json_is_array(uris))
		(void)json_object_set_new(agreed, "resourceSubscriptions", listen_to(job, uris));
	ack = tagged(job->id);
	(void)json_object_set_new(ack, "notifications", agreed);
	wire_notify(job->m, "notifications/subscriptions/acknowledged", ack);
}

void resource_unlisten(struct job *job)
{
	list_for_each_safe (l, &job->m->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (w->listen_id && json_equal(w->listen_id, job->id))
			(void)watch_free(job->m, w);
	}
}

/* ---- telling ---- */

void resource_touch(struct mcp *m, const char *pane)
{
	list_for_each (l, &m->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (w->pane && strcmp(w->pane, pane) == 0)
			w->is_changed = true;
	}
}

void resource_list_changed(struct mcp *m)
{
	m->is_list_changed = m->wants_list_changes;
	list_for_each (l, &m->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (!w->pane)
			w->is_changed = true;
	}
}

static void tell(struct mcp *m, const struct watch *w)
{
	json_t *params = w->listen_id ? tagged(w->listen_id) : mcp_pack("{}");

	if (w->uri)
		(void)json_object_set_new(params, "uri", json_string(w->uri));
	wire_notify(m,
		    w->uri ? "notifications/resources/updated"
			   : "notifications/resources/list_changed",
		    params);
}

/* When what changed may be told; 0: now (and then not before a while). */
static uint64_t due(bool *is_changed, uint64_t *next_ns, uint64_t now)
{
	if (!*is_changed)
		return UINT64_MAX;
	if (*next_ns > now)
		return *next_ns;
	*is_changed = false;
	*next_ns = now + MCP_UPDATE_NS;
	return 0;
}

int resource_updates(struct mcp *m)
{
	uint64_t now = clock_mono_ns(), next = UINT64_MAX, at;

	at = due(&m->is_list_changed, &m->next_list_ns, now);
	if (at == 0) {
		wire_notify(m, "notifications/resources/list_changed", NULL);
	} else if (at < next) {
		next = at;
	}
	list_for_each (l, &m->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		at = due(&w->is_changed, &w->next_ns, now);
		if (at == 0) {
			tell(m, w);
		} else if (at < next) {
			next = at;
		}
	}
	return next == UINT64_MAX ? -1 : (int)((next - now) / 1000000) + 1;
}

void resource_reconnected(struct mcp *m)
{
	bool had_events = m->has_events;

	m->has_events = false;
	if (had_events)
		want_events(m);
	/* Nobody knows what happened meanwhile. */
	resource_list_changed(m);
	list_for_each (l, &m->watches)
		list_entry(l, struct watch, link)->is_changed = true;
}

void resource_fini(struct mcp *m)
{
	/* The connection goes with us, and its streams with it. */
	m->client = client_close(m->client);
	list_for_each_safe (l, &m->watches)
		(void)watch_free(m, list_entry(l, struct watch, link));
}
