#include "api/stream.h"

#include <errno.h>
#include <inttypes.h>

#include "api/records.h"
#include "api/shared.h"
#include "api/state.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/envelope.h"

/* What a subscriber missed and was not told yet. */
struct gap {
	uint64_t from, to;
	bool is_open;
};

struct stream_sub {
	struct list link; /* client.streams */
	struct client *client;
	uint64_t id;      /* what the client knows */
	uint64_t core_id; /* what the core knows; 0: it has let go */
	uint64_t pane;    /* number */
	bool wants_snapshot;
	bool is_waiting; /* a push was refused: core_subscription_ready() is owed */
	struct gap gaps[2];
};

static const char *stream_name(enum core_stream s)
{
	return s == CORE_ERR ? "err" : "out";
}

static void put_pane(struct rpc_writer *w, uint64_t pane)
{
	rpc_key(w, "pane");
	record_id(w, 'p', pane);
}

/* ---- what goes out ---- */

static struct shared *encode_chunk(struct conn_hub *hub, const struct core_chunk *chunk,
				   enum rpc_encoding enc)
{
	const struct core_bytes *b = &chunk->bytes;
	struct buf *out = conn_hub_scratch(hub);
	size_t mark = rpc_frame_begin(enc, out);
	struct rpc_writer w;

	rpc_writer_init(&w, enc, out);
	rpc_notify_begin(&w, "pane.output");
	rpc_map_begin(&w);
	put_pane(&w, chunk->pane);
	rpc_kv_str(&w, "stream", stream_name(chunk->stream));
	rpc_kv_uint(&w, "seq", b->from);
	rpc_key(&w, "data");
	rpc_bytes2(&w, b->p[0], b->n[0], b->p[1], b->n[1]);
	rpc_map_end(&w);
	rpc_notify_end(&w);
	rpc_frame_end(enc, out, mark);
	return out->is_broken ? NULL : shared_new(buf_data(out), buf_len(out));
}

/* The screen as it stands at the end of the gap, where one is wanted and to be had. */
static void put_screen(struct rpc_writer *w, const struct stream_sub *sub)
{
	CLEANUP(buf_fini) struct buf screen = BUF_INIT;
	struct core_snapshot spec = { .format = SNAPSHOT_ANSI };
	struct pane *p = core_pane_next(sub->client->server->core, sub->pane - 1);
	struct core_snapshot_info info;
	struct fail f;

	if (!p || pane_number(p) != sub->pane || core_pane_snapshot(p, &spec, &screen, &info, &f))
		return;
	rpc_kv_uint(w, "cols", info.cols);
	rpc_kv_uint(w, "rows", info.rows);
	rpc_kv_bytes(w, "snapshot", buf_data(&screen), buf_len(&screen));
}

static int send_resync(struct stream_sub *sub, enum core_stream stream, const struct gap *gap)
{
	struct conn *c = &sub->client->conn;
	enum rpc_encoding enc = conn_encoding(c);
	struct buf *out = conn_hub_scratch(c->hub);
	size_t mark = rpc_frame_begin(enc, out);
	struct shared *s = NULL;
	struct rpc_writer w;
	int r = -ENOMEM;

	rpc_writer_init(&w, enc, out);
	rpc_notify_begin(&w, "pane.resync");
	rpc_map_begin(&w);
	put_pane(&w, sub->pane);
	rpc_kv_str(&w, "stream", stream_name(stream));
	rpc_kv_uint(&w, "from", gap->from);
	rpc_kv_uint(&w, "to", gap->to);
	if (sub->wants_snapshot && stream == CORE_OUT)
		put_screen(&w, sub);
	rpc_map_end(&w);
	rpc_notify_end(&w);
	rpc_frame_end(enc, out, mark);
	if (!out->is_broken)
		s = shared_new(buf_data(out), buf_len(out));
	if (s)
		r = conn_push_always(c, s);
	shared_unref(s);
	return r < 0 ? err_origin(r) : 0;
}

/* Tell the gaps before anything that lies behind them.  A client that cannot
 * be told is closed: silence would pass off damage as output. */
static void send_gaps(struct stream_sub *sub)
{
	for (int i = 0; i < 2; i++) {
		int r;

		if (!sub->gaps[i].is_open)
			continue;
		sub->gaps[i].is_open = false;
		r = send_resync(sub, (enum core_stream)i, &sub->gaps[i]);
		if (r < 0) {
			log_fault(r, "client dropped pid=%u", sub->client->pid);
			conn_close(&sub->client->conn);
		}
	}
}

/* ---- called by the core ---- */

static enum core_push on_push(struct core_chunk *chunk, void *user)
{
	struct stream_sub *sub = user;
	struct conn *c = &sub->client->conn;
	enum rpc_encoding enc = conn_encoding(c);
	int r;

	if (c->is_closed)
		return CORE_PUSH_OK;
	if (!chunk->encoded[enc])
		chunk->encoded[enc] = encode_chunk(c->hub, chunk, enc);
	if (!chunk->encoded[enc]) {
		log_error("client dropped pid=%u: no memory for output", sub->client->pid);
		conn_close(c);
		return CORE_PUSH_OK;
	}
	if (!sub->is_waiting)
		send_gaps(sub);
	r = conn_push(c, chunk->encoded[enc]);
	if (r == 0)
		return CORE_PUSH_OK;
	if (r < 0) {
		log_fault(r, "client dropped pid=%u", sub->client->pid);
		conn_close(c);
		return CORE_PUSH_OK;
	}
	sub->is_waiting = true;
	return CORE_PUSH_FULL;
}

static void on_chunk_done(struct core_chunk *chunk)
{
	for (int i = 0; i < 2; i++)
		chunk->encoded[i] = shared_unref(chunk->encoded[i]);
}

/* Gaps of a client that does not read grow into one, so that telling them does
 * not fill the queue that is already full. */
static void on_resync(uint64_t pane, enum core_stream s, uint64_t from, uint64_t to, void *user)
{
	struct stream_sub *sub = user;
	struct gap *gap = &sub->gaps[s];

	(void)pane;
	if (gap->is_open) {
		gap->to = to;
	} else {
		*gap = (struct gap){ .from = from, .to = to, .is_open = true };
	}
	if (!sub->is_waiting)
		send_gaps(sub);
}

static void free_sub(struct stream_sub *sub)
{
	list_remove(&sub->link);
	sub->client->n_subs--;
	sub->client->server->counters.n_subscriptions--;
	mem_free(sub);
}

static void on_gone(uint64_t subscription, void *user)
{
	struct stream_sub *sub = user;

	(void)subscription;
	send_gaps(sub);
	free_sub(sub);
}

static const struct core_sub_ops sub_ops = {
	.push = on_push,
	.chunk_done = on_chunk_done,
	.resync = on_resync,
	.gone = on_gone,
};

/* ---- called by the methods and the client ---- */

int stream_subscribe(struct client *client, struct pane *p, const struct core_sub_spec *spec,
		     struct stream_begin *ret, struct fail *reterr)
{
	struct api_server *s = client->server;
	struct core_sub_spec full = *spec;
	struct stream_sub *sub;
	int r;

	if (client->n_subs >= API_MAX_SUBSCRIPTIONS)
		return fail_set(reterr, FAIL_LIMIT_SUBSCRIPTIONS, NULL);
	sub = mem_new(struct stream_sub);
	if (!sub)
		return err_origin(-ENOMEM);
	sub->client = client;
	sub->pane = pane_number(p);
	sub->wants_snapshot = spec->wants_snapshot;
	full.ops = &sub_ops;
	full.user = sub;
	r = core_subscribe(p, &full, &sub->core_id, &ret->seq, reterr);
	if (r) {
		mem_free(sub);
		return err_trace(r);
	}
	sub->id = ret->id = ++s->next_subscription;
	list_append(&client->streams, &sub->link);
	client->n_subs++;
	s->counters.n_subscriptions++;
	return 0;
}

static void end_sub(struct stream_sub *sub)
{
	struct core *core = sub->client->server->core;
	struct fail ignored;

	/* It cannot be unknown: the core says when it lets go (on_gone). */
	if (core && core_unsubscribe(core, sub->core_id, &ignored) < 0)
		err_clear();
	free_sub(sub);
}

int stream_unsubscribe(struct client *client, uint64_t id, struct fail *reterr)
{
	list_for_each (l, &client->streams) {
		struct stream_sub *sub = list_entry(l, struct stream_sub, link);

		if (sub->id == id) {
			end_sub(sub);
			return 0;
		}
	}
	return fail_setf(reterr, FAIL_SUBSCRIPTION_NOT_FOUND, NULL, "%" PRIu64, id);
}

void streams_drop(struct client *client)
{
	while (!list_is_empty(&client->streams))
		end_sub(list_entry(client->streams.next, struct stream_sub, link));
}

void streams_on_drained(struct client *client)
{
	list_for_each_safe (l, &client->streams) {
		struct stream_sub *sub = list_entry(l, struct stream_sub, link);

		if (!sub->is_waiting)
			continue;
		sub->is_waiting = false;
		send_gaps(sub);
		core_subscription_ready(client->server->core, sub->core_id);
	}
}
