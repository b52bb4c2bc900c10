#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/priv.h"

static struct client_typing *find(const struct client *c, const char *pane)
{
	list_for_each (l, &c->typings) {
		struct client_typing *t = list_entry(l, struct client_typing, link);

		if (strcmp(t->pane, pane) == 0)
			return t;
	}
	return NULL;
}

struct client_typing *input_free(struct client_typing *t)
{
	if (!t)
		return NULL;
	list_remove(&t->link);
	call_forget(t->client, t);
	buf_fini(&t->data);
	mem_free(t->pane);
	mem_free(t);
	return NULL;
}

int client_input_begin(struct client *c, const char *pane, uint64_t input_seq)
{
	struct client_typing *t = find(c, pane);

	if (!t) {
		t = mem_new(struct client_typing);
		if (!t)
			return err_origin(-ENOMEM);
		list_init(&t->link);
		t->client = c;
		t->pane = mem_strdup(pane);
		if (!t->pane) {
			mem_free(t);
			return err_origin(-ENOMEM);
		}
		list_append(&c->typings, &t->link);
	}
	t->acked = input_seq;
	return 0;
}

static void lose(struct client_typing *t, size_t n, const struct fail *f)
{
	struct client *c = t->client;

	buf_consume(&t->data, n);
	if (n && c->ops.on_input_lost)
		c->ops.on_input_lost(t->pane, n, f, c->ops.user);
}

static int send_piece(struct client_typing *t);

static void on_written(json_t *result, const struct fail *f, void *user)
{
	struct client_typing *t = user;
	size_t n = t->in_flight;

	t->in_flight = 0;
	if (t->client->state == CLIENT_UP)
		t->client->poke_ns = 0;
	if (f) {
		lose(t, n, f);
	} else {
		buf_consume(&t->data, n);
		t->acked = (uint64_t)json_integer_value(json_object_get(result, "input_seq"));
	}
	/* Out of memory: what is typed next tries again. */
	(void)!send_piece(t);
}

/* One request at a time per pane: then after a crash it is known which bytes
 * the pane's input_seq speaks of. */
static int send_piece(struct client_typing *t)
{
	size_t n = buf_len(&t->data);
	struct client_request *q;
	json_t *params;
	int r;

	if (!n || t->in_flight || t->is_asking || t->client->state == CLIENT_DOWN)
		return 0;
	if (n > CLIENT_WRITE_PIECE)
		n = CLIENT_WRITE_PIECE;
	params = json_pack("{s:s}", "pane", t->pane);
	if (!params)
		return err_origin(-ENOMEM);
	r = call_new(t->client, "pane.write", params, &q);
	if (r)
		return r;
	buf_put(&q->data, buf_data(&t->data), n);
	r = buf_check(&q->data);
	if (r) {
		(void)call_free(q);
		return err_trace(r);
	}
	q->is_own = true;
	q->done = on_written;
	q->user = t;
	t->in_flight = n;
	if (!t->client->poke_ns)
		t->client->poke_ns = clock_mono_ns() + CLIENT_POKE_NS;
	return err_trace(call_submit(t->client, q));
}

int client_input(struct client *c, const char *pane, const void *data, size_t n)
{
	struct client_typing *t = find(c, pane);
	int r;

	if (!t)
		return err_origin(-EINVAL);
	if (buf_len(&t->data) + n > CLIENT_INPUT_MAX)
		return CLIENT_E_FULL;
	buf_put(&t->data, data, n);
	r = buf_check(&t->data);
	if (r)
		return err_trace(r);
	return err_trace(send_piece(t));
}

size_t client_input_waiting(const struct client *c, const char *pane)
{
	const struct client_typing *t = find(c, pane);

	return t ? buf_len(&t->data) : 0;
}

/* ---- after a reconnection ---- */

/* How much of what was in flight went in before the connection broke.  What the
 * server is not sure of counts as gone in: a key pressed twice is worse than
 * one to press again. */
static size_t went_in(const struct client_typing *t, const json_t *pane)
{
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(pane, "input_seq"));
	const json_t *unsure = json_object_get(pane, "input_unsure");
	uint64_t n;

	seq += json_is_true(unsure) ? 0 : (uint64_t)json_integer_value(unsure);
	n = seq > t->acked ? seq - t->acked : 0;
	return n < t->in_flight ? (size_t)n : t->in_flight;
}

static void on_pane(json_t *result, const struct fail *f, void *user)
{
	struct client_typing *t = user;

	t->is_asking = false;
	if (f) {
		lose(t, buf_len(&t->data), f);
	} else {
		buf_consume(&t->data, went_in(t, result));
		t->acked = (uint64_t)json_integer_value(json_object_get(result, "input_seq"));
	}
	t->in_flight = 0;
	(void)!send_piece(t);
}

static int resume_typing(struct client *c, struct client_typing *t)
{
	json_t *params;

	if (!t->in_flight || t->is_asking)
		return err_trace(send_piece(t));
	params = json_pack("{s:s}", "pane", t->pane);
	if (!params)
		return err_origin(-ENOMEM);
	t->is_asking = true;
	return err_trace(call_send_own(c, "pane.get", params, on_pane, t));
}

int input_resume(struct client *c)
{
	int r = 0;

	list_for_each (l, &c->typings) {
		if (!r)
			r = resume_typing(c, list_entry(l, struct client_typing, link));
	}
	return err_trace(r);
}
