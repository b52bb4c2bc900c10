#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/attach.h"
#include "cli/out.h"
#include "cli/pump.h"
#include "cli/screen.h"
#include "cli/server.h"
#include "cli/tty.h"

struct attach {
	struct pump pump;
	struct screen screen;
	bool is_deleted, is_exited;
	int signo; /* that made us leave */
	uint64_t exit_seq;
	json_t *status;
};

/* ---- what the server tells ---- */

static void check_end(struct attach *at)
{
	if (at->is_exited &&
	    client_stream_seq(at->pump.client, at->screen.pane, CLIENT_OUT) >= at->exit_seq)
		at->pump.wants_stop = true;
}

static void on_output(const char *pane, enum client_stream s, const char *data, size_t n,
		      void *user)
{
	struct attach *at = user;

	(void)pane;
	(void)s;
	screen_output(&at->screen, data, n);
	check_end(at);
}

static void on_screen(const char *pane, const struct client_screen *screen, void *user)
{
	struct attach *at = user;

	(void)pane;
	screen_reset(&at->screen, screen);
	check_end(at);
}

static void on_gap(const char *pane, enum client_stream s, uint64_t from, uint64_t to, void *user)
{
	struct attach *at = user;

	(void)pane;
	(void)s;
	(void)from;
	(void)to;
	screen_gap(&at->screen);
	check_end(at);
}

static void on_event(const char *method, json_t *params, void *user)
{
	struct attach *at = user;

	if (strcmp(server_str(params, "pane"), at->screen.pane) != 0)
		return;
	if (strcmp(method, "pane.resized") == 0) {
		screen_resized(&at->screen, (int)server_int(params, "cols"),
			       (int)server_int(params, "rows"));
	}
	if (strcmp(method, "pane.deleted") != 0)
		return;
	at->is_deleted = true;
	at->pump.wants_stop = true;
}

static void on_resumed(uint64_t down_ns, void *user)
{
	struct attach *at = user;

	screen_resumed(&at->screen, down_ns);
}

static void on_input_lost(const char *pane, size_t n, const struct fail *f, void *user)
{
	struct attach *at = user;

	(void)pane;
	(void)n;
	(void)f;
	screen_bell(&at->screen);
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

static void on_typed(struct pump *p, const char *data, size_t n)
{
	screen_input(&((struct attach *)p->user)->screen, data, n);
}

static void on_turn(struct pump *p)
{
	screen_turn(&((struct attach *)p->user)->screen);
}

static void suspend(struct attach *at)
{
	int r;

	screen_leave(&at->screen);
	(void)raise(SIGSTOP);
	r = screen_enter(&at->screen);
	if (r < 0)
		at->pump.wants_stop = true;
	screen_tell_size(&at->screen);
}

static void on_signal(struct pump *p, int signo)
{
	struct attach *at = p->user;

	if (signo == SIGWINCH) {
		screen_tell_size(&at->screen);
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
	struct client_stream_spec spec = { .pane = at->screen.pane, .wants_snapshot = true };
	struct client *c = at->pump.client;
	int r = client_subscribe(c, &spec, 1, reterr);

	if (!r) {
		r = client_send(c, "events.subscribe",
				json_pack("{s:[s, s], s:[s]}", "kinds", "pane.deleted",
					  "pane.resized", "panes", at->screen.pane),
				NULL, NULL);
	}
	if (!r) {
		r = client_send(c, "pane.wait",
				json_pack("{s:s, s:b}", "pane", at->screen.pane, "exit", 1),
				on_exit_told, at);
	}
	return r;
}

static int say_how(const struct attach *at, int r)
{
	struct buf b = BUF_INIT;

	if (r)
		return out_failure(r, &at->pump.fail);
	if (at->screen.is_detached) {
		out_note("detached from %s", at->screen.pane);
	} else if (at->is_deleted) {
		out_note("%s was deleted", at->screen.pane);
	} else if (at->signo) {
		out_note("detached from %s by SIG%s", at->screen.pane, sigabbrev_np(at->signo));
		return EXIT_SIGNAL + at->signo;
	} else {
		server_put_status(&b, at->status);
		out_note("%s %.*s", at->screen.pane, buf_len(&b) ? (int)buf_len(&b) : 5,
			 buf_len(&b) ? buf_data(&b) : "ended");
		buf_fini(&b);
	}
	return EXIT_OK;
}

static int follow(struct attach *at, const json_t *pane)
{
	struct fail f;
	int r = client_input_begin(at->pump.client, at->screen.pane,
				   (uint64_t)server_int(pane, "input_seq"));

	screen_tell_size(&at->screen);
	if (!r)
		r = subscribe(at, &f);
	if (!r)
		r = screen_enter(&at->screen);
	if (r)
		return out_failure(r, &f);
	at->pump.wants_input = true;
	r = pump_run(&at->pump);
	screen_leave(&at->screen);
	return say_how(at, r);
}

/* What the server's configuration says; "": nothing. */
static json_t *configured_keys(struct client *c)
{
	json_auto_t *status = NULL;
	struct fail f;

	if (client_call(c, "server.status", json_object(), &status, &f))
		return NULL;
	return json_incref(json_object_get(json_object_get(status, "client"), "detach_keys"));
}

static bool init_keys(struct attach *at, struct client *c, const struct attach_options *o,
		      const struct cli_args *a)
{
	const char *keys = o->detach_keys ? o->detach_keys : getenv("ORCHFLOW_DETACH_KEYS");
	json_auto_t *configured = keys && keys[0] ? NULL : configured_keys(c);

	if (!keys || !keys[0])
		keys = json_string_value(configured);
	if (!keys || !keys[0])
		keys = "^\\,^\\";
	if (keyin_detach_init(&at->screen.detach, keys) == 0)
		return true;
	(void)out_usage(a->command, "detach keys %s: write ^a,d or C-a,d or none", keys);
	return false;
}

int attach_run(const struct cli_args *a, const struct attach_options *o)
{
	static const struct pump_ops pump_ops = { .on_input = on_typed,
						  .on_signal = on_signal,
						  .on_turn = on_turn,
						  .on_closed = on_closed };
	struct attach at = { 0 };
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
	c = server_open(a, SERVER_START | SERVER_STREAM, &ops);
	if (c)
		pane = find_pane(c, o->target);
	if (!pane)
		return EXIT_ERROR;
	pump_init(&at.pump, c, &pump_ops, &at);
	r = screen_init(&at.screen, &at.pump, pane);
	at.screen.ignores_size = o->ignores_size;
	at.screen.is_read_only = o->is_read_only;
	if (r < 0) {
		out_error("out of memory");
		r = EXIT_ERROR;
	} else {
		r = init_keys(&at, c, o, a) ? follow(&at, pane) : EXIT_USAGE;
	}
	json_decref(at.status);
	screen_fini(&at.screen);
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
