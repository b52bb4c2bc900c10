#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/priv.h"

static const char *const stream_names[] = { [CLIENT_OUT] = "out", [CLIENT_ERR] = "err" };

static struct client_sub *find(const struct client *c, const char *pane, enum client_stream s)
{
	list_for_each (l, &c->subs) {
		struct client_sub *sub = list_entry(l, struct client_sub, link);

		if (sub->stream == s && strcmp(sub->pane, pane) == 0)
			return sub;
	}
	return NULL;
}

struct client_sub *stream_free(struct client_sub *s)
{
	if (!s)
		return NULL;
	list_remove(&s->link);
	call_forget(s->client, s);
	mem_free(s->pane);
	mem_free(s);
	return NULL;
}

/* NULL on ENOMEM. */
static struct client_sub *sub_new(struct client *c, const struct client_stream_spec *spec)
{
	struct client_sub *s = mem_new(struct client_sub);

	if (!s)
		return NULL;
	list_init(&s->link);
	s->client = c;
	s->pane = mem_strdup(spec->pane);
	if (!s->pane) {
		mem_free(s);
		return NULL;
	}
	s->stream = spec->stream;
	s->wants_pause = spec->wants_pause;
	s->wants_snapshot = spec->wants_snapshot;
	s->id = -1;
	return s;
}

static json_t *sub_params(const struct client_sub *s)
{
	json_t *params =
		json_pack("{s:s, s:s, s:s}", "pane", s->pane, "stream", stream_names[s->stream],
			  "on_lag", s->wants_pause ? "pause" : "resync");

	/* Named only when wanted: older servers do not know it. */
	if (params && s->wants_snapshot &&
	    json_object_set_new(params, "snapshot", json_true()) < 0) {
		json_decref(params);
		return NULL;
	}
	return params;
}

static int add_from(json_t *params, enum client_from from, uint64_t seq)
{
	int r = 0;

	switch (from) {
	case CLIENT_FROM_NOW:
		break;
	case CLIENT_FROM_START:
		r = json_object_set_new(params, "start", json_true());
		break;
	case CLIENT_FROM_SEQ:
		r = json_object_set_new(params, "from", json_integer((json_int_t)seq));
		break;
	}
	return r < 0 ? err_origin(-ENOMEM) : 0;
}

/* Where a subscription begins, as the server told. */
static void note_answer(struct client_sub *s, const json_t *result)
{
	const json_t *seq = json_object_get(result, "seq");

	s->id = json_integer_value(json_object_get(result, "subscription"));
	if (s->is_known)
		return;
	s->seq = (uint64_t)json_integer_value(seq);
	s->is_known = true;
}

/* NULL with *@reterr_r, a fault. */
static struct client_sub *begin(struct client *c, const struct client_stream_spec *spec,
				struct call_slot *slot, int *reterr_r)
{
	struct client_sub *s = sub_new(c, spec);
	json_t *params = s ? sub_params(s) : NULL;
	int r = params ? add_from(params, spec->from, spec->seq) : err_origin(-ENOMEM);

	if (s && params && !r) {
		r = call_begin(c, "pane.subscribe", params, -1, slot);
		params = NULL;
		if (!r)
			return s;
	}
	json_decref(params);
	(void)stream_free(s);
	*reterr_r = r;
	return NULL;
}

/* Takes @s over. */
static int end(struct client *c, struct client_sub *s, struct call_slot *slot, struct fail *reterr)
{
	json_t *result;
	int r = call_end(c, slot, &result, reterr);

	if (r) {
		(void)stream_free(s);
		return err_trace(r);
	}
	/* Only now in the list: a reconnection during the call repeats the call. */
	list_append(&c->subs, &s->link);
	note_answer(s, result);
	json_decref(result);
	return 0;
}

int client_subscribe(struct client *c, const struct client_stream_spec *specs, size_t n,
		     struct fail *reterr)
{
	struct client_sub *subs[CLIENT_SUBSCRIBE_MAX] = { NULL };
	struct call_slot slots[CLIENT_SUBSCRIBE_MAX];
	size_t n_begun = 0;
	int r = 0;

	assert(n <= CLIENT_SUBSCRIBE_MAX);
	for (size_t i = 0; i < n; i++) {
		if (find(c, specs[i].pane, specs[i].stream))
			return client_failf(reterr, "%s is streamed already", specs[i].pane);
	}
	while (n_begun < n) {
		subs[n_begun] = begin(c, &specs[n_begun], &slots[n_begun], &r);
		if (!subs[n_begun])
			break;
		n_begun++;
	}
	for (size_t i = 0; i < n_begun; i++) {
		int e = end(c, subs[i], &slots[i], reterr);

		r = r ? r : e;
	}
	return err_trace(r);
}

int client_unsubscribe(struct client *c, const char *pane, enum client_stream stream,
		       struct fail *reterr)
{
	struct client_sub *s = find(c, pane, stream);
	int64_t id;

	if (!s)
		return 0;
	id = s->id;
	(void)stream_free(s);
	if (id < 0 || c->state != CLIENT_UP)
		return 0;
	return err_trace(client_call(c, "pane.unsubscribe",
				     json_pack("{s:I}", "subscription", (json_int_t)id), NULL,
				     reterr));
}

uint64_t client_stream_seq(const struct client *c, const char *pane, enum client_stream s)
{
	const struct client_sub *sub = find(c, pane, s);

	return sub ? sub->seq : 0;
}

/* ---- events ---- */

static struct client_sub *sub_of(struct client *c, const json_t *params)
{
	const char *pane = json_string_value(json_object_get(params, "pane"));
	const char *stream = json_string_value(json_object_get(params, "stream"));

	if (!pane)
		return NULL;
	return find(c, pane, stream && strcmp(stream, "err") == 0 ? CLIENT_ERR : CLIENT_OUT);
}

static void gap(struct client_sub *s, uint64_t to)
{
	struct client *c = s->client;
	uint64_t from = s->seq;

	if (to <= from)
		return;
	s->seq = to;
	if (c->ops.on_gap)
		c->ops.on_gap(s->pane, s->stream, from, to, c->ops.user);
}

static void output(struct client_sub *s, uint64_t seq, const char *p, size_t n)
{
	struct client *c = s->client;

	if (!s->is_known) {
		s->seq = seq;
		s->is_known = true;
	}
	/* After a reconnection the server may go back a little. */
	if (seq + n <= s->seq)
		return;
	if (seq < s->seq) {
		p += s->seq - seq;
		n -= (size_t)(s->seq - seq);
		seq = s->seq;
	}
	if (seq > s->seq)
		gap(s, seq);
	s->seq = seq + n;
	if (c->ops.on_output)
		c->ops.on_output(s->pane, s->stream, p, n, c->ops.user);
}

static const char *bytes_of(struct client *c, const json_t *v, struct buf *b, size_t *ret_n)
{
	if (c->enc == RPC_MSGPACK) {
		*ret_n = json_string_length(v);
		return json_string_value(v);
	}
	if (rpc_value_bytes(c->enc, v, b))
		return NULL;
	*ret_n = buf_len(b);
	return buf_data(b);
}

static void on_output(struct client *c, const json_t *params)
{
	struct client_sub *s = sub_of(c, params);
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(params, "seq"));
	struct buf b = BUF_INIT;
	const char *p;
	size_t n;

	if (!s)
		return;
	p = bytes_of(c, json_object_get(params, "data"), &b, &n);
	if (p)
		output(s, seq, p, n);
	buf_fini(&b);
}

static void on_resync(struct client *c, const json_t *params)
{
	struct client_sub *s = sub_of(c, params);
	const json_t *data = json_object_get(params, "snapshot");
	struct client_screen screen = {
		.seq = (uint64_t)json_integer_value(json_object_get(params, "to")),
		.cols = (int)json_integer_value(json_object_get(params, "cols")),
		.rows = (int)json_integer_value(json_object_get(params, "rows")),
	};
	struct buf b = BUF_INIT;

	if (!s)
		return;
	if (!json_is_string(data) || !c->ops.on_screen) {
		gap(s, screen.seq);
		return;
	}
	screen.data = bytes_of(c, data, &b, &screen.n);
	s->seq = screen.seq;
	s->is_known = true;
	if (screen.data)
		c->ops.on_screen(s->pane, &screen, c->ops.user);
	buf_fini(&b);
}

void stream_event(struct client *c, const char *method, json_t *params)
{
	/* Who has no streams here subscribed with a call of its own. */
	bool is_ours = !list_is_empty(&c->subs);

	if (is_ours && strcmp(method, "pane.output") == 0) {
		on_output(c, params);
		return;
	}
	if (is_ours && strcmp(method, "pane.resync") == 0) {
		on_resync(c, params);
		return;
	}
	if (strcmp(method, "server.stopping") == 0)
		c->is_stopping = true;
	if (c->ops.on_event)
		c->ops.on_event(method, params, c->ops.user);
}

/* ---- after a reconnection ---- */

static void on_resubscribed(json_t *result, const struct fail *f, void *user)
{
	struct client_sub *s = user;
	struct client *c = s->client;
	json_t *params;

	if (!f) {
		s->id = json_integer_value(json_object_get(result, "subscription"));
		return;
	}
	if (f->code != FAIL_PANE_NOT_FOUND || !c->ops.on_event)
		return;
	params = json_pack("{s:s}", "pane", s->pane);
	if (params)
		c->ops.on_event("pane.deleted", params, c->ops.user);
	json_decref(params);
}

static int resubscribe(struct client *c, struct client_sub *s)
{
	json_t *params = sub_params(s);
	int r = params ? add_from(params, CLIENT_FROM_SEQ, s->seq) : err_origin(-ENOMEM);

	s->id = -1;
	if (r < 0) {
		json_decref(params);
		return r;
	}
	return err_trace(call_send_own(c, "pane.subscribe", params, on_resubscribed, s));
}

static int send_view(struct client *c)
{
	json_t *params =
		json_pack("{s:s, s:i, s:i, s:b}", "pane", c->viewed.pane, "cols", c->viewed.cols,
			  "rows", c->viewed.rows, "ignore_size", (int)c->viewed.ignore_size);

	if (!params)
		return err_origin(-ENOMEM);
	return err_trace(call_send_own(c, "pane.attach", params, NULL, NULL));
}

int client_attach(struct client *c, const char *pane, int cols, int rows, bool ignore_size)
{
	char *copy = mem_strdup(pane);

	if (!copy)
		return err_origin(-ENOMEM);
	mem_free(c->viewed.pane);
	c->viewed.pane = copy;
	c->viewed.cols = cols;
	c->viewed.rows = rows;
	c->viewed.ignore_size = ignore_size;
	/* While there is no connection the next one will tell. */
	return c->state == CLIENT_DOWN ? 0 : err_trace(send_view(c));
}

int stream_resume(struct client *c)
{
	int r = 0;

	if (c->viewed.pane)
		r = send_view(c);
	list_for_each (l, &c->subs) {
		if (!r)
			r = resubscribe(c, list_entry(l, struct client_sub, link));
	}
	return err_trace(r);
}
