#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "cli/pump.h"
#include "cli/server.h"

#define READ_MAX (1 << 20)

struct tail {
	struct pump pump;
	char pane[32];
	bool has_err; /* two streams, no terminal */
	bool is_closed;
	uint64_t out_end, err_end; /* is_closed */
	uint64_t n_lost;
	int signo;
};

static void check_end(struct tail *t)
{
	struct client *c = t->pump.client;

	if (t->is_closed && client_stream_seq(c, t->pane, CLIENT_OUT) >= t->out_end &&
	    client_stream_seq(c, t->pane, CLIENT_ERR) >= t->err_end)
		t->pump.wants_stop = true;
}

static void on_output(const char *pane, enum client_stream s, const char *data, size_t n,
		      void *user)
{
	struct tail *t = user;

	(void)pane;
	buf_put(&t->pump.out[s == CLIENT_ERR], data, n);
	check_end(t);
}

static void on_gap(const char *pane, enum client_stream s, uint64_t from, uint64_t to, void *user)
{
	struct tail *t = user;

	(void)pane;
	(void)s;
	t->n_lost += to - from;
	check_end(t);
}

/* ---- the end ---- */

static void on_looked(json_t *pane, const struct fail *f, void *user)
{
	struct tail *t = user;

	if (f || !json_is_true(json_object_get(pane, "closed")))
		return;
	t->is_closed = true;
	t->out_end = (uint64_t)server_int(pane, "seq");
	t->err_end = t->has_err ? (uint64_t)server_int(pane, "err_seq") : 0;
	check_end(t);
}

/* Is it closed (already)? */
static void look(struct tail *t)
{
	(void)!client_send(t->pump.client, "pane.get", json_pack("{s:s}", "pane", t->pane),
			   on_looked, t);
}

static void watch(struct tail *t)
{
	(void)!client_send(t->pump.client, "events.subscribe",
			   json_pack("{s:[s,s], s:[s]}", "kinds", "pane.closed", "pane.deleted",
				     "panes", t->pane),
			   NULL, NULL);
	look(t);
}

static void on_event(const char *method, json_t *params, void *user)
{
	struct tail *t = user;

	if (strcmp(server_str(params, "pane"), t->pane) != 0)
		return;
	if (strcmp(method, "pane.deleted") == 0) {
		t->pump.wants_stop = true;
	} else if (strcmp(method, "pane.closed") == 0) {
		look(t);
	}
}

static void on_resumed(uint64_t down_ns, void *user)
{
	struct tail *t = user;

	if (down_ns > 1000000000)
		buf_printf(&t->pump.out[1], "[reconnected after %.1f s]\n", (double)down_ns / 1e9);
	watch(t);
}

static void on_signal(struct pump *p, int signo)
{
	struct tail *t = p->user;

	if (signo == SIGWINCH)
		return;
	if (signo == SIGTSTP) {
		(void)raise(SIGSTOP);
		return;
	}
	t->signo = signo;
	p->wants_stop = p->is_hurried = true;
}

static void on_closed(struct pump *p)
{
	struct tail *t = p->user;

	t->signo = SIGPIPE;
	p->wants_stop = true;
}

/* ---- what is there already ---- */

static size_t start_of_last(const char *p, size_t n, int64_t n_lines)
{
	for (size_t i = n; i-- > 0;) {
		/* The newline of the last line ends it, it begins none. */
		if (p[i] == '\n' && i != n - 1 && --n_lines == 0)
			return i + 1;
	}
	return 0;
}

/* The last @n_lines lines of a stream (< 0: all) into @out; *@ret_seq: its end. */
static int print_last(struct tail *t, const char *stream, int64_t n_lines, struct buf *out,
		      uint64_t *ret_seq)
{
	json_auto_t *piece =
		server_call(t->pump.client, "pane.read",
			    server_pack("{s:s, s:s, s:i, s:i}", "pane", t->pane, "stream", stream,
					"last", READ_MAX, "max", READ_MAX));
	const json_t *data = json_object_get(piece, "data");
	size_t n = json_string_length(data), from = 0;

	if (!piece)
		return EXIT_ERROR;
	if (n_lines >= 0)
		from = start_of_last(json_string_value(data), n, n_lines);
	buf_put(out, json_string_value(data) + from, n - from);
	*ret_seq = (uint64_t)server_int(piece, "to");
	return EXIT_OK;
}

static int follow_stream(struct tail *t, enum client_stream s, uint64_t seq)
{
	struct client_stream_spec spec = { .pane = t->pane,
					   .stream = s,
					   .from = CLIENT_FROM_SEQ,
					   .seq = seq,
					   .wants_pause = false };
	struct fail f;
	int r = client_subscribe(t->pump.client, &spec, 1, &f);

	return r ? out_failure(r, &f) : EXIT_OK;
}

static int go(struct tail *t, int64_t n_lines, bool wants_follow)
{
	uint64_t out_seq = 0, err_seq = 0;
	int r = print_last(t, "out", n_lines, &t->pump.out[0], &out_seq);

	if (!r && t->has_err)
		r = print_last(t, "err", n_lines, &t->pump.out[1], &err_seq);
	if (r)
		return r;
	if (wants_follow) {
		r = follow_stream(t, CLIENT_OUT, out_seq);
		if (!r && t->has_err)
			r = follow_stream(t, CLIENT_ERR, err_seq);
		if (r)
			return r;
		watch(t);
	} else {
		t->pump.wants_stop = true;
	}
	r = pump_run(&t->pump);
	if (t->n_lost)
		out_error("%llu bytes were lost: read too slowly", (unsigned long long)t->n_lost);
	if (r)
		return out_failure(r, &t->pump.fail);
	return t->signo ? EXIT_SIGNAL + t->signo : EXIT_OK;
}

int cmd_tail(const struct cli_args *a)
{
	static const struct pump_ops pump_ops = { .on_signal = on_signal, .on_closed = on_closed };
	struct tail t = { .n_lost = 0 };
	struct client_ops ops = { .on_output = on_output,
				  .on_gap = on_gap,
				  .on_event = on_event,
				  .on_resumed = on_resumed,
				  .user = &t };
	const char *target = server_target(a, 0);
	CLEANUP(client_closep) struct client *c = NULL;
	json_auto_t *pane = NULL;
	int64_t n_lines = 10;
	int r;

	if (!target || args_number(a, "lines", 0, INT32_MAX, &n_lines) == ARGS_E_BAD)
		return EXIT_USAGE;
	c = server_open(a, SERVER_START | SERVER_STREAM, &ops);
	if (c)
		pane = server_call(c, "pane.get", server_pack("{s:s}", "pane", target));
	if (!pane)
		return EXIT_ERROR;
	pump_init(&t.pump, c, &pump_ops, &t);
	(void)snprintf(t.pane, sizeof(t.pane), "%s", server_str(pane, "id"));
	t.has_err = json_is_false(json_object_get(pane, "pty"));
	r = go(&t, args_has(a, "all") ? -1 : n_lines, args_has(a, "follow"));
	pump_fini(&t.pump);
	return r;
}
