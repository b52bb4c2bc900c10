#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/create.h"
#include "cli/out.h"
#include "cli/pump.h"
#include "cli/run_pane.h"
#include "cli/server.h"
#include "cli/tty.h"
#include "cli/view.h"

#define CLOSE_TRIES 5 /* looks for whether the terminal is closed after the exit ... */
#define CLOSE_MS 20   /* ... and time between them */

struct run {
	struct pump pump;
	struct view view;
	const struct cli_args *args;
	bool is_interactive, has_pty, wants_keep;
	bool is_exited, is_timed_out, is_abandoned;
	uint64_t out_end, err_end; /* is_exited: positions to be printed up to */
	uint64_t n_lost;           /* bytes of output */
	int status;                /* is_exited */
};

/* ---- what the server tells ---- */

static void check_end(struct run *run)
{
	struct client *c = run->pump.client;

	if (run->is_exited && client_stream_seq(c, run->view.pane, CLIENT_OUT) >= run->out_end &&
	    client_stream_seq(c, run->view.pane, CLIENT_ERR) >= run->err_end)
		run->pump.wants_stop = true;
}

static void on_output(const char *pane, enum client_stream s, const char *data, size_t n,
		      void *user)
{
	struct run *run = user;

	(void)pane;
	if (run->is_interactive) {
		view_output(&run->view, data, n);
	} else if (!run->pump.is_closed) {
		buf_put(&run->pump.out[s == CLIENT_ERR], data, n);
	}
	check_end(run);
}

static void on_gap(const char *pane, enum client_stream s, uint64_t from, uint64_t to, void *user)
{
	struct run *run = user;

	(void)pane;
	(void)s;
	run->n_lost += to - from;
	check_end(run);
}

static void on_resumed(uint64_t down_ns, void *user)
{
	struct run *run = user;

	view_resumed(&run->view, down_ns);
}

/* The end of stderr, which the answer about the exit does not tell. */
static void on_last_look(json_t *pane, const struct fail *f, void *user)
{
	struct run *run = user;

	if (!f && !run->has_pty) {
		run->err_end = (uint64_t)server_int(pane, "err_seq");
		if (run->out_end < (uint64_t)server_int(pane, "seq"))
			run->out_end = (uint64_t)server_int(pane, "seq");
	}
	run->is_exited = true;
	check_end(run);
}

static void on_exit_told(json_t *result, const struct fail *f, void *user)
{
	struct run *run = user;

	if (f) {
		run->pump.fail = *f;
		run->pump.wants_stop = true;
		return;
	}
	run->status = server_exit_code(json_object_get(result, "status"));
	run->out_end = (uint64_t)server_int(result, "seq");
	if (run->has_pty) {
		run->is_exited = true;
		check_end(run);
		return;
	}
	if (client_send(run->pump.client, "pane.get", json_pack("{s:s}", "pane", run->view.pane),
			on_last_look, run) < 0)
		run->pump.wants_stop = true;
}

/* ---- what happens to us ---- */

static void kill_pane(struct run *run)
{
	(void)!client_send(run->pump.client, "pane.kill",
			   json_pack("{s:s}", "pane", run->view.pane), NULL, NULL);
	run->pump.is_hurried = true;
}

static void on_signal(struct pump *p, int signo)
{
	struct run *run = p->user;

	if (signo == SIGWINCH) {
		if (run->is_interactive)
			view_tell_size(&run->view);
		return;
	}
	if (signo == SIGTSTP) {
		/* The command goes on, as its output is kept. */
		(void)raise(SIGSTOP);
		return;
	}
	/* Without a terminal there is no foreground group: all of the session. */
	(void)!client_send(p->client, "pane.signal",
			   json_pack("{s:s, s:s, s:s}", "pane", run->view.pane, "signal",
				     sigabbrev_np(signo), "to",
				     run->has_pty ? "foreground" : "session"),
			   NULL, NULL);
}

static void on_deadline(struct pump *p)
{
	struct run *run = p->user;

	run->is_timed_out = true;
	kill_pane(run);
}

static void on_closed(struct pump *p)
{
	struct run *run = p->user;

	if (run->is_exited)
		return;
	run->is_abandoned = true;
	kill_pane(run);
}

static void on_typed(struct pump *p, const char *data, size_t n)
{
	struct run *run = p->user;

	view_type(&run->view, data, n);
}

/* ---- beginning ---- */

static int exit_code_of(const struct fail *f)
{
	if (f->code == FAIL_COMMAND_NOT_FOUND)
		return EXIT_NOT_FOUND;
	if (f->code == FAIL_COMMAND_NOT_EXECUTABLE)
		return EXIT_NOT_EXECUTABLE;
	return EXIT_OWN_FAILURE;
}

static void add_manner(const struct run *run, json_t *params)
{
	bool has_stdin = fcntl(0, F_GETFD) >= 0;
	int cols, rows;

	(void)json_object_set_new(params, "kind", json_string("run"));
	/* Nothing is read of it before we listen: what is printed first is as exact
	 * as the rest. */
	(void)json_object_set_new(params, "hold", json_true());
	(void)json_object_set_new(params, "pty", json_boolean(run->has_pty));
	(void)json_object_set_new(params, "raw_output", json_boolean(!isatty(1)));
	(void)json_object_set_new(params, "stdin",
				  json_string(run->is_interactive ? "terminal"
					      : has_stdin         ? "fd"
								  : "null"));
	if (isatty(1) && !args_has(run->args, "size") && tty_size(&cols, &rows)) {
		(void)json_object_set_new(params, "cols", json_integer(cols));
		(void)json_object_set_new(params, "rows", json_integer(rows));
	}
}

/* EXIT_OK and *@ret; else said. */
static int create(struct run *run, struct client *c, json_t *params, json_t **ret)
{
	bool passes_stdin = strcmp(server_str(params, "stdin"), "fd") == 0;
	struct fail f;
	int r = client_call_fd(c, "pane.create", params, passes_stdin ? 0 : -1, ret, &f);

	if (!r)
		return EXIT_OK;
	(void)out_failure(r, &f);
	if (r > 0 && f.code == FAIL_COMMAND_NOT_FOUND && run->args->n_operands == 1 &&
	    strchr(run->args->operands[0], ' ')) {
		(void)fprintf(stderr, "For a line of shell write -- sh -c '%s'.\n",
			      run->args->operands[0]);
	}
	return r > 0 ? exit_code_of(&f) : EXIT_OWN_FAILURE;
}

static int subscribe(struct run *run, struct fail *reterr)
{
	struct client *c = run->pump.client;
	const char *pane = run->view.pane;
	const struct client_stream_spec specs[] = {
		{ .pane = pane,
		  .stream = CLIENT_OUT,
		  .from = CLIENT_FROM_START,
		  .wants_pause = true },
		{ .pane = pane,
		  .stream = CLIENT_ERR,
		  .from = CLIENT_FROM_START,
		  .wants_pause = true },
	};
	int r = client_subscribe(c, specs, run->has_pty ? 1 : 2, reterr);

	if (r)
		return r;
	/* Its first byte is at 0: what is before the beginning of a stream is lost. */
	run->n_lost +=
		client_stream_seq(c, pane, CLIENT_OUT) + client_stream_seq(c, pane, CLIENT_ERR);
	return client_send(c, "pane.wait", json_pack("{s:s, s:b}", "pane", pane, "exit", 1),
			   on_exit_told, run);
}

static int go(struct run *run, const json_t *pane)
{
	struct fail f;
	int r = subscribe(run, &f);

	if (run->is_interactive)
		view_tell_size(&run->view);
	if (!r && run->is_interactive) {
		r = client_input_begin(run->pump.client, run->view.pane,
				       (uint64_t)server_int(pane, "input_seq"));
	}
	if (!r && run->is_interactive)
		r = view_enter(&run->view);
	if (r) {
		(void)out_failure(r, &f);
		return EXIT_OWN_FAILURE;
	}
	run->pump.wants_input = run->is_interactive;
	r = pump_run(&run->pump);
	view_leave(&run->view);
	if (r || (!run->is_exited && run->pump.fail.code)) {
		(void)out_failure(r ? r : FAIL_E_FAILED, &run->pump.fail);
		return EXIT_OWN_FAILURE;
	}
	if (run->n_lost)
		out_error("%llu bytes of its output were lost", (unsigned long long)run->n_lost);
	if (run->is_timed_out) {
		out_error("the time is over; %s was killed", run->view.pane);
		return EXIT_TIMEOUT;
	}
	return run->is_abandoned ? EXIT_SIGNAL + SIGPIPE : run->status;
}

/* ---- afterwards ---- */

static bool is_closed(struct run *run)
{
	for (int i = 0; i < CLOSE_TRIES; i++) {
		json_auto_t *pane = NULL;
		struct fail f;

		if (client_call(run->pump.client, "pane.get",
				json_pack("{s:s}", "pane", run->view.pane), &pane, &f))
			return false;
		if (json_is_true(json_object_get(pane, "closed")))
			return true;
		(void)usleep(CLOSE_MS * 1000);
	}
	return false;
}

/* Deleting a pane takes the terminal away from those who still hold it. */
static void clean_up(struct run *run)
{
	struct fail f;

	if (run->wants_keep || !run->is_exited)
		return;
	if (is_closed(run)) {
		(void)!client_call(run->pump.client, "pane.delete",
				   json_pack("{s:s}", "pane", run->view.pane), NULL, &f);
	} else if (isatty(2)) {
		out_note("%s is kept: something in the background still holds its terminal",
			 run->view.pane);
	}
}

static int with_client(struct run *run, struct client *c, json_t *params)
{
	static const struct pump_ops pump_ops = { .on_input = on_typed,
						  .on_signal = on_signal,
						  .on_deadline = on_deadline,
						  .on_closed = on_closed };
	json_auto_t *pane = NULL;
	int64_t timeout_ms;
	int r = create(run, c, params, &pane);

	if (r)
		return r;
	pump_init(&run->pump, c, &pump_ops, run);
	view_init(&run->view, &run->pump, pane, false);
	if (args_duration_ms(run->args, "timeout", &timeout_ms) == 0)
		run->pump.deadline_ns = clock_mono_ns() + (uint64_t)timeout_ms * 1000000;
	r = go(run, pane);
	clean_up(run);
	pump_fini(&run->pump);
	return r;
}

int cmd_run(const struct cli_args *a)
{
	struct run run = { .args = a,
			   .has_pty = !args_has(a, "no-pty"),
			   .wants_keep = args_has(a, "keep") };
	struct client_ops ops = {
		.on_output = on_output, .on_gap = on_gap, .on_resumed = on_resumed, .user = &run
	};
	CLEANUP(client_closep) struct client *c = NULL;
	json_t *params;
	int64_t timeout_ms;
	int r;

	if (args_has(a, "pane") || args_has(a, "result"))
		return run_in_pane(a);
	if (a->n_operands == 0)
		return out_usage(a->command, "which command?");
	run.is_interactive = run.has_pty && isatty(0) && isatty(1);
	if (args_duration_ms(a, "timeout", &timeout_ms) == ARGS_E_BAD)
		return EXIT_USAGE;
	params = create_params(a, &r);
	if (!params)
		return r == EXIT_USAGE ? r : EXIT_OWN_FAILURE;
	add_manner(&run, params);
	c = server_open(a, SERVER_START | SERVER_STREAM, &ops);
	if (!c) {
		json_decref(params);
		return EXIT_OWN_FAILURE;
	}
	return with_client(&run, c, params);
}
