#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/attach.h"
#include "cli/detach.h"
#include "cli/out.h"
#include "cli/pump.h"
#include "cli/server.h"
#include "cli/tty.h"
#include "cli/view.h"

#define HOLD_NS 500000000ull /* how long the first detach key waits for the second */

struct attach {
	struct pump pump;
	struct view view;
	struct detach detach;
	bool is_read_only;
	bool is_detached, is_deleted, is_exited;
	int signo; /* that made us leave */
	uint64_t exit_seq;
	json_t *status;
};

/* ---- what the server tells ---- */

static void check_end(struct attach *at)
{
	if (at->is_exited &&
	    client_stream_seq(at->pump.client, at->view.pane, CLIENT_OUT) >= at->exit_seq)
		at->pump.wants_stop = true;
}

static void on_output(const char *pane, enum client_stream s, const char *data, size_t n,
		      void *user)
{
	struct attach *at = user;

	(void)pane;
	(void)s;
	view_output(&at->view, data, n);
	check_end(at);
}

static void on_screen(const char *pane, const struct client_screen *screen, void *user)
{
	struct attach *at = user;

	(void)pane;
	view_screen(&at->view, screen);
	check_end(at);
}

static void on_gap(const char *pane, enum client_stream s, uint64_t from, uint64_t to, void *user)
{
	struct attach *at = user;

	(void)pane;
	(void)s;
	(void)from;
	(void)to;
	view_gap(&at->view);
	check_end(at);
}

static void on_event(const char *method, json_t *params, void *user)
{
	struct attach *at = user;

	if (strcmp(method, "pane.deleted") != 0 ||
	    strcmp(server_str(params, "pane"), at->view.pane) != 0)
		return;
	at->is_deleted = true;
	at->pump.wants_stop = true;
}

static void on_resumed(uint64_t down_ns, void *user)
{
	struct attach *at = user;

	view_resumed(&at->view, down_ns);
}

static void on_input_lost(const char *pane, size_t n, const struct fail *f, void *user)
{
	struct attach *at = user;

	(void)pane;
	(void)n;
	(void)f;
	buf_put_char(&at->pump.out[0], '\a');
}

static void on_exit_told(json_t *result, const struct fail *f, void *user)
{
	struct attach *at = user;

	if (f) {
		/* Deleted while it ran; or no connection, which the loop sees. */
		at->is_deleted = f->code == FAIL_PANE_NOT_FOUND;
		at->pump.wants_stop |= at->is_deleted;
		return;
	}
	at->is_exited = true;
	at->exit_seq = (uint64_t)server_int(result, "seq");
	at->status = json_incref(json_object_get(result, "status"));
	check_end(at);
}

/* ---- what the user does ---- */

static void pass_on(struct attach *at, struct buf *typed)
{
	if (buf_len(typed) && !at->is_read_only)
		view_type(&at->view, buf_data(typed), buf_len(typed));
	at->pump.deadline_ns = detach_is_waiting(&at->detach) ? clock_mono_ns() + HOLD_NS : 0;
}

static void on_typed(struct pump *p, const char *data, size_t n)
{
	struct attach *at = p->user;
	struct buf typed = BUF_INIT;

	if (detach_feed(&at->detach, data, n, &typed)) {
		at->is_detached = true;
		p->wants_stop = p->is_hurried = true;
	}
	pass_on(at, &typed);
	buf_fini(&typed);
}

static void on_deadline(struct pump *p)
{
	struct attach *at = p->user;
	struct buf typed = BUF_INIT;

	detach_give_up(&at->detach, &typed);
	pass_on(at, &typed);
	buf_fini(&typed);
}

/* All of the screen once more. */
static int show_again(struct attach *at, struct fail *reterr)
{
	struct client_stream_spec spec = { .pane = at->view.pane, .wants_snapshot = true };
	struct client *c = at->pump.client;
	json_auto_t *pane = NULL;
	int r = client_unsubscribe(c, at->view.pane, CLIENT_OUT, reterr);

	if (!r) {
		r = client_call(c, "pane.get", json_pack("{s:s}", "pane", at->view.pane), &pane,
				reterr);
	}
	if (r)
		return r;
	view_init(&at->view, &at->pump, pane, at->view.ignores_size);
	view_tell_size(&at->view);
	r = client_subscribe(c, &spec, 1, reterr);
	if (r)
		return r;
	return view_enter(&at->view, true);
}

static void suspend(struct attach *at)
{
	view_leave(&at->view);
	(void)raise(SIGSTOP);
	if (show_again(at, &at->pump.fail) > 0)
		at->pump.wants_stop = true;
}

static void on_signal(struct pump *p, int signo)
{
	struct attach *at = p->user;

	if (signo == SIGWINCH) {
		view_tell_size(&at->view);
		return;
	}
	if (signo == SIGTSTP) {
		suspend(at);
		return;
	}
	at->signo = signo;
	p->wants_stop = p->is_hurried = true;
}

static void on_closed(struct pump *p)
{
	struct attach *at = p->user;

	at->signo = SIGHUP;
	p->wants_stop = true;
}

/* ---- the whole ---- */

static bool is_own_pane(const struct client *c, const json_t *pane)
{
	const char *own = getenv("ORCHFLOW_PANE"), *socket = getenv("ORCHFLOW_SOCKET");

	return own && strcmp(own, server_str(pane, "id")) == 0 &&
	       (!socket || strcmp(socket, client_socket(c)) == 0);
}

static json_t *find_pane(struct client *c, const char *target)
{
	const char *own = getenv("ORCHFLOW_PANE");
	json_t *pane = server_call(c, "pane.get", server_pack("{s:s}", "pane", target));

	if (!pane)
		return NULL;
	if (json_is_false(json_object_get(pane, "pty"))) {
		out_error("%s has no terminal; `orchflow tail -f %s` follows its output", target,
			  target);
		return json_decref(pane), NULL;
	}
	if (is_own_pane(c, pane)) {
		out_error("%s is the pane that this is running in; `orchflow ls` lists the others",
			  server_str(pane, "id"));
		return json_decref(pane), NULL;
	}
	if (own && own[0]) {
		out_note("from inside of %s: the detach keys reach the outer attach first; "
			 "--detach-keys gives this one others",
			 own);
	}
	return pane;
}

static int subscribe(struct attach *at, struct fail *reterr)
{
	struct client_stream_spec spec = { .pane = at->view.pane, .wants_snapshot = true };
	struct client *c = at->pump.client;
	int r = client_subscribe(c, &spec, 1, reterr);

	if (!r) {
		r = client_send(c, "events.subscribe",
				json_pack("{s:[s], s:[s]}", "kinds", "pane.deleted", "panes",
					  at->view.pane),
				NULL, NULL);
	}
	if (!r) {
		r = client_send(c, "pane.wait",
				json_pack("{s:s, s:b}", "pane", at->view.pane, "exit", 1),
				on_exit_told, at);
	}
	return r;
}

static int say_how(const struct attach *at, int r)
{
	struct buf b = BUF_INIT;

	if (r)
		return out_failure(r, &at->pump.fail);
	if (at->is_detached) {
		out_note("detached from %s", at->view.pane);
	} else if (at->is_deleted) {
		out_note("%s was deleted", at->view.pane);
	} else if (at->signo) {
		out_note("detached from %s by SIG%s", at->view.pane, sigabbrev_np(at->signo));
		return EXIT_SIGNAL + at->signo;
	} else {
		server_put_status(&b, at->status);
		out_note("%s %.*s", at->view.pane, buf_len(&b) ? (int)buf_len(&b) : 5,
			 buf_len(&b) ? buf_data(&b) : "ended");
		buf_fini(&b);
	}
	return EXIT_OK;
}

static int follow(struct attach *at, const json_t *pane)
{
	struct fail f;
	int r = client_input_begin(at->pump.client, at->view.pane,
				   (uint64_t)server_int(pane, "input_seq"));

	view_tell_size(&at->view);
	if (!r)
		r = subscribe(at, &f);
	if (!r)
		r = view_enter(&at->view, true);
	if (r)
		return out_failure(r, &f);
	at->pump.wants_input = true;
	r = pump_run(&at->pump);
	view_leave(&at->view);
	return say_how(at, r);
}

static bool init_keys(struct attach *at, const struct attach_options *o, const struct cli_args *a)
{
	const char *keys = o->detach_keys ? o->detach_keys : getenv("ORCHFLOW_DETACH_KEYS");

	if (!keys || !keys[0])
		keys = "^\\,^\\";
	if (detach_init(&at->detach, keys) == 0)
		return true;
	(void)out_usage(a->command, "detach keys %s: write ^a,d or C-a,d or none", keys);
	return false;
}

int attach_run(const struct cli_args *a, const struct attach_options *o)
{
	static const struct pump_ops pump_ops = { .on_input = on_typed,
						  .on_signal = on_signal,
						  .on_deadline = on_deadline,
						  .on_closed = on_closed };
	struct attach at = { .is_read_only = o->is_read_only };
	struct client_ops ops = { .on_output = on_output,
				  .on_gap = on_gap,
				  .on_screen = on_screen,
				  .on_event = on_event,
				  .on_resumed = on_resumed,
				  .on_input_lost = on_input_lost,
				  .user = &at };
	CLEANUP(client_closep) struct client *c = NULL;
	json_auto_t *pane = NULL;
	int r;

	if (!isatty(0) || !isatty(1)) {
		out_error("attach needs a terminal; `orchflow tail -f` follows without one");
		return EXIT_ERROR;
	}
	if (!init_keys(&at, o, a))
		return EXIT_USAGE;
	c = server_open(a, SERVER_START | SERVER_STREAM, &ops);
	if (c)
		pane = find_pane(c, o->target);
	if (!pane)
		return EXIT_ERROR;
	pump_init(&at.pump, c, &pump_ops, &at);
	view_init(&at.view, &at.pump, pane, o->ignores_size);
	r = follow(&at, pane);
	json_decref(at.status);
	detach_fini(&at.detach);
	pump_fini(&at.pump);
	return r;
}

int cmd_attach(const struct cli_args *a)
{
	const char *own = getenv("ORCHFLOW_PANE");
	struct attach_options o = {
		.target = a->n_operands   ? a->operands[0]
			  : own && own[0] ? own
					  : "main",
		.detach_keys = args_value(a, "detach-keys"),
		.ignores_size = args_has(a, "ignore-size"),
		.is_read_only = args_has(a, "read-only"),
	};

	return attach_run(a, &o);
}
