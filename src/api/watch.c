#include "api/watch.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/events.h"
#include "api/shared.h"
#include "api/state.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/nearest.h"

struct watch {
	struct list link;     /* client.watches */
	struct list all_link; /* server.watches */
	struct client *client;
	uint64_t id;
	struct watch_spec spec;
};

uint32_t watch_all_kinds(void)
{
	return (1u << API_N_EVENTS) - 1;
}

/* "pane.*": the words before the star are all that counts. */
static bool matches(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return strncmp(pattern, name, n - 1) == 0;
	return strcmp(pattern, name) == 0;
}

static int refuse_kind(const char *pattern, struct fail *reterr)
{
	const char *names[API_N_EVENTS], *nearest;

	for (size_t i = 0; i < API_N_EVENTS; i++)
		names[i] = api_event_at(i)->name;
	(void)fail_setf(reterr, FAIL_INVALID_PARAMS, "kinds", "no event is called %.60s", pattern);
	nearest = nearest_name(pattern, names, API_N_EVENTS);
	if (strcmp(pattern, "pane.output") == 0 || strcmp(pattern, "pane.resync") == 0) {
		fail_hint(reterr, "output comes by pane.subscribe");
	} else if (nearest) {
		fail_hint(reterr, "did you mean %s?", nearest);
	}
	return FAIL_E_FAILED;
}

int watch_parse_kind(const char *pattern, uint32_t *kinds, struct fail *reterr)
{
	uint32_t found = 0;

	for (unsigned i = 0; i < API_N_EVENTS; i++) {
		if (matches(pattern, api_event_at(i)->name))
			found |= 1u << i;
	}
	if (!found)
		return refuse_kind(pattern, reterr);
	*kinds |= found;
	return 0;
}

/* Looking for it costs something, so it is done only while somebody wants to know. */
static void update_input_watch(struct api_server *s)
{
	bool is_wanted = false;

	list_for_each (l, &s->watches) {
		const struct watch *w = list_entry(l, struct watch, all_link);

		is_wanted |= (w->spec.kinds & 1u << CORE_PANE_INPUT_WANTED) != 0;
	}
	if (s->core)
		core_watch_input(s->core, is_wanted);
}

int watch_add(struct client *client, struct watch_spec *spec, uint64_t *ret_id, struct fail *reterr)
{
	struct api_server *s = client->server;
	struct watch *w;

	if (client->n_subs >= API_MAX_SUBSCRIPTIONS)
		return fail_set(reterr, FAIL_LIMIT_SUBSCRIPTIONS, NULL);
	w = mem_new(struct watch);
	if (!w)
		return err_origin(-ENOMEM);
	w->client = client;
	w->id = *ret_id = ++s->next_subscription;
	w->spec = *spec;
	*spec = (struct watch_spec){ 0 };
	list_append(&client->watches, &w->link);
	list_append(&s->watches, &w->all_link);
	client->n_subs++;
	s->counters.n_subscriptions++;
	update_input_watch(s);
	return 0;
}

static void free_watch(struct watch *w)
{
	list_remove(&w->link);
	list_remove(&w->all_link);
	w->client->n_subs--;
	w->client->server->counters.n_subscriptions--;
	update_input_watch(w->client->server);
	mem_free(w->spec.panes);
	mem_free(w->spec.sessions);
	mem_free(w);
}

int watch_remove(struct client *client, uint64_t id, struct fail *reterr)
{
	list_for_each (l, &client->watches) {
		struct watch *w = list_entry(l, struct watch, link);

		if (w->id == id) {
			free_watch(w);
			return 0;
		}
	}
	return fail_setf(reterr, FAIL_SUBSCRIPTION_NOT_FOUND, NULL, "%" PRIu64, id);
}

void watches_drop(struct client *client)
{
	while (!list_is_empty(&client->watches))
		free_watch(list_entry(client->watches.next, struct watch, link));
}

/* ---- sending ---- */

static bool has(const uint64_t *numbers, size_t n, uint64_t number)
{
	for (size_t i = 0; i < n; i++) {
		if (numbers[i] == number)
			return true;
	}
	return false;
}

static bool wants(const struct watch_spec *spec, const struct event *e)
{
	if (!(spec->kinds & 1u << e->kind))
		return false;
	if (spec->n_panes + spec->n_sessions == 0 || e->kind == API_SERVER_STOPPING)
		return true;
	return (e->pane_number && has(spec->panes, spec->n_panes, e->pane_number)) ||
	       (e->session_number && has(spec->sessions, spec->n_sessions, e->session_number));
}

/* One encoding per event and encoding, made when the first wants it. */
struct encodings {
	struct shared *bytes[2];
};

static struct shared *encoded(struct encodings *all, struct conn_hub *hub, enum rpc_encoding enc,
			      const struct event *e)
{
	struct buf *out;

	if (all->bytes[enc])
		return all->bytes[enc];
	out = conn_hub_scratch(hub);
	event_encode(e, enc, out);
	if (!out->is_broken)
		all->bytes[enc] = shared_new(buf_data(out), buf_len(out));
	return all->bytes[enc];
}

/* A client that does not read its events is told later how many it lost. */
static void send_event(struct client *client, struct encodings *all, const struct event *e)
{
	struct conn *c = &client->conn;
	struct shared *bytes = encoded(all, c->hub, conn_encoding(c), e);
	int r = bytes ? conn_push(c, bytes) : -ENOMEM;

	if (r == 0) {
		client->server->counters.n_events++;
		return;
	}
	client->n_events_lost++;
	client->server->counters.n_events_lost++;
	/* on_drained() comes after FULL; without memory the next flush must do. */
	if (r < 0) {
		err_clear();
		c->is_stalled = true;
	}
}

void watches_send(struct api_server *s, const struct event *e)
{
	struct encodings all = { 0 };

	s->n_events++;
	list_for_each (l, &s->watches) {
		struct watch *w = list_entry(l, struct watch, all_link);

		/* Once to each client, however many of its watches want it. */
		if (w->client->last_event == s->n_events || !wants(&w->spec, e))
			continue;
		w->client->last_event = s->n_events;
		send_event(w->client, &all, e);
	}
	shared_unref(all.bytes[RPC_JSON]);
	shared_unref(all.bytes[RPC_MSGPACK]);
}

void watches_on_drained(struct client *client)
{
	struct encodings all = { 0 };
	struct event e = { .kind = API_EVENTS_LOST, .n_lost = client->n_events_lost };
	struct conn *c = &client->conn;
	struct shared *bytes;

	if (client->n_events_lost == 0)
		return;
	bytes = encoded(&all, c->hub, conn_encoding(c), &e);
	if (bytes && conn_push_always(c, bytes) == 0) {
		client->n_events_lost = 0;
	} else {
		c->is_stalled = true; /* the next flush asks again */
	}
	shared_unref(bytes);
}
