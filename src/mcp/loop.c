#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mcp/mcp.h"
#include "mcp/text.h"

#define GRACE_NS 500000000ull /* for calls under way when stdin ends */
#define DRAIN_MS 2000         /* for the last answers to be read */

/* ---- the connection to the daemon ---- */

static void on_output(const char *pane, enum client_stream s, const char *data, size_t n,
		      void *user)
{
	(void)s;
	(void)data;
	(void)n;
	resource_touch(user, pane);
}

static void on_gap(const char *pane, enum client_stream s, uint64_t from, uint64_t to, void *user)
{
	(void)s;
	(void)from;
	(void)to;
	resource_touch(user, pane);
}

static void on_event(const char *method, json_t *params, void *user)
{
	const json_t *pane = json_object_get(params, "pane");

	if (json_is_string(pane))
		resource_touch(user, json_string_value(pane));
	if (strcmp(method, "pane.created") == 0 || strcmp(method, "pane.deleted") == 0)
		resource_list_changed(user);
}

static void say(struct mcp *m, int level, const char *name, const char *text)
{
	if (m->log_level >= level) {
		wire_notify(m, "notifications/message",
			    mcp_pack("{s:s, s:s, s:s}", "level", name, "logger", "orchflow", "data",
				     text));
	}
}

static void on_resumed(uint64_t down_ns, void *user)
{
	char text[96];

	(void)snprintf(text, sizeof(text),
		       "the daemon was away for %llu ms; panes are as they were",
		       (unsigned long long)down_ns / 1000000);
	say(user, 5, "notice", text);
	resource_reconnected(user);
}

static int resolve(struct mcp *m, struct fail *reterr)
{
	if (m->options.places) {
		m->places = *m->options.places;
		return 0;
	}
	return places_resolve(&m->places, reterr);
}

int mcp_connect(struct mcp *m, struct fail *reterr)
{
	struct client_options o = {
		.name = "orchflow-mcp",
		.wants_start = m->options.tier == MCP_SPAWN && !m->options.places,
		.wants_resume = true,
		.ops = { .on_output = on_output,
			 .on_gap = on_gap,
			 .on_event = on_event,
			 .on_resumed = on_resumed,
			 .user = m },
	};
	int r;

	if (m->client)
		return 0;
	r = resolve(m, reterr);
	if (!r)
		r = client_open(&m->places, &o, &m->client, reterr);
	if (r < 0)
		(void)fail_setf(reterr, FAIL_INTERNAL_ERROR, NULL, "%s", strerror(-r));
	if (r == CLIENT_E_DOWN)
		fail_hint(reterr, "start one with `orchflow serve` or any `orchflow new`");
	return r ? FAIL_E_FAILED : 0;
}

static void dispatch(struct mcp *m)
{
	struct fail f = { 0 };

	/* Gone for good: what was under way was told so, and the next call connects anew. */
	if (client_dispatch(m->client, &f)) {
		say(m, 3, "error", f.detail[0] ? f.detail : "the connection to the daemon is lost");
		m->client = client_close(m->client);
		m->has_events = false;
	}
}

/* ---- the loop ---- */

void mcp_init(struct mcp *m, const struct mcp_options *options, int in, int out)
{
	*m = (struct mcp){ .options = *options, .in = in, .out = out, .log_level = -1 };
	rpc_framer_init(&m->framer, RPC_JSON, MCP_LINE_MAX);
	buf_init(&m->queue);
	list_init(&m->calls);
	list_init(&m->watches);
}

void mcp_fini(struct mcp *m)
{
	resource_fini(m);
	m->client = client_close(m->client);
	list_for_each_safe (l, &m->calls)
		job_free(list_entry(l, struct job, link));
	rpc_framer_fini(&m->framer);
	buf_fini(&m->queue);
}

static int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int next_timeout(struct mcp *m)
{
	int timeout = sooner(job_progress(m), resource_updates(m));

	return m->client ? sooner(timeout, client_timeout_ms(m->client)) : timeout;
}

/* One turn; false when nobody reads us any more. */
static bool turn(struct mcp *m)
{
	int timeout = next_timeout(m);
	bool is_paused = m->is_eof || buf_len(&m->queue) > MCP_OUT_PAUSE;
	struct pollfd p[3] = {
		{ .fd = is_paused ? -1 : m->in, .events = POLLIN },
		{ .fd = m->out },
		{ .fd = -1 },
	};

	if (buf_len(&m->queue))
		p[1].events = POLLOUT;
	if (m->client) {
		p[2].fd = client_fd(m->client);
		p[2].events = client_poll_events(m->client);
	}
	if (m->is_eof)
		timeout = sooner(timeout, (int)(GRACE_NS / 1000000));
	if (poll(p, ARRAY_LEN(p), timeout) < 0 && errno != EINTR)
		mcp_die(strerror(errno));
	if (p[1].revents & (POLLERR | POLLNVAL))
		return false;
	if ((p[1].revents & (POLLOUT | POLLHUP)) && !wire_write(m))
		return false;
	if (p[0].revents)
		wire_read(m);
	if (m->client)
		dispatch(m);
	return true;
}

void mcp_serve(struct mcp *m)
{
	uint64_t end_ns = UINT64_MAX;

	/* What was asked just before the end is still answered if that is quick. */
	while (!m->is_eof || (m->n_calls && clock_mono_ns() < end_ns)) {
		if (!turn(m))
			return;
		if (m->is_eof && end_ns == UINT64_MAX)
			end_ns = clock_mono_ns() + GRACE_NS;
	}
	while (buf_len(&m->queue)) {
		struct pollfd p = { .fd = m->out, .events = POLLOUT };

		if (poll(&p, 1, DRAIN_MS) <= 0 || !(p.revents & POLLOUT) || !wire_write(m))
			return;
	}
}
