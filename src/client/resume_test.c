#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/fake_server.h"

struct seen {
	char text[256];
	unsigned n_resumed;
	bool is_deleted;
	size_t n_lost;
	char screen[64];
};

static void on_output(const char *pane, enum client_stream s, const char *p, size_t n, void *user)
{
	(void)pane;
	(void)s;
	strncat(((struct seen *)user)->text, p, n);
}

static void on_screen(const char *pane, const struct client_screen *screen, void *user)
{
	struct seen *seen = user;

	assert(strcmp(pane, "p1") == 0);
	(void)snprintf(seen->screen, sizeof(seen->screen), "%dx%d@%d %.*s", screen->cols,
		       screen->rows, (int)screen->seq, (int)screen->n, screen->data);
}

static void on_event(const char *method, json_t *params, void *user)
{
	(void)params;
	if (strcmp(method, "pane.deleted") == 0)
		((struct seen *)user)->is_deleted = true;
}

static void on_resumed(uint64_t down_ns, void *user)
{
	assert(down_ns > 0);
	((struct seen *)user)->n_resumed++;
}

static void on_input_lost(const char *pane, size_t n, const struct fail *f, void *user)
{
	(void)pane;
	(void)f;
	((struct seen *)user)->n_lost += n;
}

static struct client_ops ops_for(struct seen *seen)
{
	struct client_ops ops = { .on_output = on_output,
				  .on_event = on_event,
				  .on_screen = on_screen,
				  .on_resumed = on_resumed,
				  .on_input_lost = on_input_lost,
				  .user = seen };

	return ops;
}

static const json_t *param(const json_t *request, const char *name)
{
	return json_object_get(json_object_get(request, "params"), name);
}

/* ---- requests ---- */

static void script_repeat(struct fake *f)
{
	json_t *q;

	fake_accept(f);
	q = fake_expect(f, "pane.wait");
	assert(json_integer_value(param(q, "timeout_ms")) == 60000);
	json_decref(q);
	(void)usleep(30000);
	fake_hang_up(f);
	fake_accept(f);
	q = fake_expect(f, "pane.wait");
	assert(json_integer_value(param(q, "timeout_ms")) < 60000);
	assert(json_integer_value(param(q, "timeout_ms")) > 50000);
	fake_answer(f, q, json_pack("{s:s}", "reason", "exit"));
	json_decref(fake_expect(f, "session.create"));
	fake_hang_up(f);
	fake_accept(f);
	/* The session is not asked for twice; this is the test's next call. */
	fake_answer(f, fake_expect(f, "server.status"), json_object());
}

static void what_may_be_repeated_is_and_the_rest_fails(void **state)
{
	struct seen seen = { 0 };
	struct client_ops ops = ops_for(&seen);
	struct fake f;
	struct client *c;
	struct fail fail;
	json_t *result;

	(void)state;
	fake_start(&f, script_repeat);
	c = fake_client(&f, true, &ops);
	assert_int_equal(client_call(c, "pane.wait",
				     json_pack("{s:s, s:b, s:i}", "pane", "p1", "exit", 1,
					       "timeout_ms", 60000),
				     &result, &fail),
			 0);
	assert_string_equal(json_string_value(json_object_get(result, "reason")), "exit");
	json_decref(result);
	assert_int_equal(client_call(c, "session.create", NULL, NULL, &fail), FAIL_E_FAILED);
	assert_non_null(strstr(fail.detail, "not known"));
	assert_int_equal(client_call(c, "server.status", NULL, NULL, &fail), 0);
	assert_int_equal(seen.n_resumed, 2);
	client_close(c);
	fake_stop(&f);
}

static void script_key(struct fake *f)
{
	json_t *q;
	char key[80];

	fake_accept(f);
	q = fake_expect(f, "pane.create");
	(void)snprintf(key, sizeof(key), "%s", json_string_value(param(q, "key")));
	json_decref(q);
	fake_hang_up(f);
	/* The daemon starts, and dies again at once. */
	fake_accept_silently(f);
	fake_hang_up(f);
	fake_accept(f);
	q = fake_expect(f, "pane.create");
	assert(strcmp(key, json_string_value(param(q, "key"))) == 0);
	fake_answer(f, q, json_pack("{s:s}", "id", "p1"));
}

static void a_creation_is_repeated_with_its_key(void **state)
{
	struct seen seen = { 0 };
	struct client_ops ops = ops_for(&seen);
	struct fake f;
	struct client *c;
	struct fail fail;

	(void)state;
	fake_start(&f, script_key);
	c = fake_client(&f, true, &ops);
	assert_int_equal(client_call(c, "pane.create", json_pack("{s:s}", "key", "k1"), NULL,
				     &fail),
			 0);
	client_close(c);
	fake_stop(&f);
}

/* ---- streams ---- */

static void script_stream(struct fake *f)
{
	json_t *q;

	fake_accept(f);
	q = fake_expect(f, "pane.subscribe");
	assert(json_is_true(param(q, "start")));
	fake_answer(f, q, json_pack("{s:i, s:s, s:i}", "subscription", 1, "pane", "p1", "seq", 0));
	fake_answer(f, fake_expect(f, "pane.attach"), json_object());
	fake_event(f, "pane.output",
		   json_pack("{s:s, s:s, s:i, s:s}", "pane", "p1", "stream", "out", "seq", 0,
			     "data", "YWJj"));
	/* Cut in the middle of an event. */
	fake_send(f, "{\"jsonrpc\":\"2.0\",\"method\":\"pane.out");
	fake_hang_up(f);
	fake_accept(f);
	q = fake_expect(f, "pane.attach");
	assert(json_integer_value(param(q, "cols")) == 100);
	fake_answer(f, q, json_object());
	q = fake_expect(f, "pane.subscribe");
	assert(json_integer_value(param(q, "from")) == 3);
	assert(!param(q, "start"));
	fake_answer(f, q, json_pack("{s:i, s:s, s:i}", "subscription", 5, "pane", "p1", "seq", 3));
	fake_event(f, "pane.output",
		   json_pack("{s:s, s:s, s:i, s:s}", "pane", "p1", "stream", "out", "seq", 3,
			     "data", "ZGVm"));
	fake_event(f, "server.stopping", json_object());
}

static void a_stream_goes_on_where_it_was(void **state)
{
	struct client_stream_spec spec = { .pane = "p1", .from = CLIENT_FROM_START };
	struct seen seen = { 0 };
	struct client_ops ops = ops_for(&seen);
	struct fake f;
	struct client *c;
	struct fail fail;

	(void)state;
	fake_start(&f, script_stream);
	c = fake_client(&f, true, &ops);
	assert_int_equal(client_subscribe(c, &spec, 1, &fail), 0);
	assert_int_equal(client_attach(c, "p1", 100, 30, false), 0);
	while (client_poll(c, -1, &fail) == 0)
		;
	assert_string_equal(seen.text, "abcdef");
	assert_int_equal(seen.n_resumed, 1);
	client_close(c);
	fake_stop(&f);
}

static void script_screen(struct fake *f)
{
	json_t *q;

	fake_accept(f);
	q = fake_expect(f, "pane.subscribe");
	assert(json_is_true(param(q, "snapshot")));
	fake_answer(f, q, json_pack("{s:i, s:s, s:i}", "subscription", 1, "pane", "p1", "seq", 90));
	fake_event(f, "pane.resync",
		   json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:s}", "pane", "p1", "stream", "out",
			     "from", 90, "to", 100, "cols", 80, "rows", 24, "snapshot",
			     "c2NyZWVu"));
	fake_event(f, "pane.output",
		   json_pack("{s:s, s:s, s:i, s:s}", "pane", "p1", "stream", "out", "seq", 100,
			     "data", "YWJj"));
	fake_event(f, "server.stopping", json_object());
}

static void a_screen_stands_for_what_was_before_it(void **state)
{
	struct client_stream_spec spec = { .pane = "p1", .wants_snapshot = true };
	struct seen seen = { 0 };
	struct client_ops ops = ops_for(&seen);
	struct fake f;
	struct client *c;
	struct fail fail;

	(void)state;
	fake_start(&f, script_screen);
	c = fake_client(&f, true, &ops);
	assert_int_equal(client_subscribe(c, &spec, 1, &fail), 0);
	while (client_poll(c, -1, &fail) == 0) {
	}
	assert_string_equal(seen.screen, "80x24@100 screen");
	assert_string_equal(seen.text, "abc");
	assert_int_equal(client_stream_seq(c, "p1", CLIENT_OUT), 103);
	client_close(c);
	fake_stop(&f);
}

static void script_deleted(struct fake *f)
{
	json_t *q;
	char text[256];

	fake_accept(f);
	fake_answer(f, fake_expect(f, "pane.subscribe"),
		    json_pack("{s:i, s:s, s:i}", "subscription", 1, "pane", "p1", "seq", 0));
	fake_hang_up(f);
	fake_accept(f);
	q = fake_expect(f, "pane.subscribe");
	(void)snprintf(text, sizeof(text),
		       "{\"jsonrpc\":\"2.0\",\"id\":%d,\"error\":{\"code\":1002,\"message\":\"x\"}}"
		       "\n",
		       (int)json_integer_value(json_object_get(q, "id")));
	json_decref(q);
	fake_send(f, text);
	fake_event(f, "server.stopping", json_object());
}

static void a_pane_that_went_meanwhile_is_told_as_deleted(void **state)
{
	struct client_stream_spec spec = { .pane = "p1", .from = CLIENT_FROM_NOW };
	struct seen seen = { 0 };
	struct client_ops ops = ops_for(&seen);
	struct fake f;
	struct client *c;
	struct fail fail;

	(void)state;
	fake_start(&f, script_deleted);
	c = fake_client(&f, true, &ops);
	assert_int_equal(client_subscribe(c, &spec, 1, &fail), 0);
	while (client_poll(c, -1, &fail) == 0)
		;
	assert_true(seen.is_deleted);
	client_close(c);
	fake_stop(&f);
}

/* ---- input ---- */

static void script_input(struct fake *f)
{
	json_t *q;

	fake_accept(f);
	q = fake_expect(f, "pane.write");
	assert(strcmp(json_string_value(param(q, "data")), "YWJj") == 0);
	fake_answer(f, q, json_pack("{s:i, s:i}", "written", 3, "input_seq", 103));
	json_decref(fake_expect(f, "pane.write")); /* "defgh": two of five went in */
	fake_hang_up(f);
	fake_accept(f);
	fake_answer(f, fake_expect(f, "pane.get"),
		    json_pack("{s:i, s:i}", "input_seq", 105, "input_unsure", 0));
	q = fake_expect(f, "pane.write");
	assert(strcmp(json_string_value(param(q, "data")), "ZmdoaQ==") == 0); /* "fghi" */
	fake_answer(f, q, json_pack("{s:i, s:i}", "written", 4, "input_seq", 109));
}

static void only_the_input_that_did_not_go_in_is_sent_again(void **state)
{
	struct seen seen = { 0 };
	struct client_ops ops = ops_for(&seen);
	struct fake f;
	struct client *c;
	struct fail fail;

	(void)state;
	fake_start(&f, script_input);
	c = fake_client(&f, true, &ops);
	assert_int_equal(client_input_begin(c, "p1", 100), 0);
	assert_int_equal(client_input(c, "p1", "abc", 3), 0);
	while (client_input_waiting(c, "p1"))
		assert_int_equal(client_poll(c, -1, &fail), 0);
	assert_int_equal(client_input(c, "p1", "defgh", 5), 0);
	assert_int_equal(client_input(c, "p1", "i", 1), 0);
	while (client_input_waiting(c, "p1"))
		assert_int_equal(client_poll(c, -1, &fail), 0);
	assert_int_equal(seen.n_lost, 0);
	client_close(c);
	fake_stop(&f);
}

static void input_has_a_bound(void **state)
{
	static char big[CLIENT_INPUT_MAX + 1];
	struct fake f;
	struct client *c;

	(void)state;
	fake_start(&f, fake_accept_silently);
	c = fake_client(&f, true, NULL);
	assert_int_equal(client_input_begin(c, "p1", 0), 0);
	assert_int_equal(client_input(c, "p1", big, sizeof(big)), CLIENT_E_FULL);
	assert_int_equal(client_input_waiting(c, "p1"), 0);
	client_close(c);
	fake_stop(&f);
}

/* ---- a server that does not answer ---- */

/* A keeper as clients know one: by its lock and its name.  It says on @fd that it was
 * told. */
static pid_t run_keeper(const struct fake *f, int fd)
{
	char path[128], line[160];
	sigset_t hup;
	int signo, lock;
	pid_t pid;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	assert_int_equal(sigprocmask(SIG_BLOCK, &hup, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_NAME, "orchflow-keeper");
		(void)mkdir(f->places.state_dir, 0700);
		(void)snprintf(path, sizeof(path), "%.60s/keeper.lock", f->places.state_dir);
		lock = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		(void)snprintf(line, sizeof(line), "%d\n%s\n", (int)getpid(), f->places.socket);
		(void)!write(lock, line, strlen(line));
		(void)!write(fd, "r", 1);
		(void)sigwait(&hup, &signo);
		(void)!write(fd, "h", 1);
		(void)unlink(path);
		(void)rmdir(f->places.state_dir);
		_exit(0);
	}
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &hup, NULL), 0);
	return pid;
}

static int told_fd;

/* Answers only once the keeper was told. */
static void script_mute(struct fake *f)
{
	json_t *hello;
	char byte;

	fake_accept_silently(f);
	hello = fake_expect(f, "rpc.hello");
	if (read(told_fd, &byte, 1) != 1 || byte != 'h')
		abort();
	fake_answer(f, hello, json_pack("{s:s, s:i}", "version", "1", "protocol", 1));
	fake_answer(f, fake_expect(f, "server.status"), json_object());
}

static void a_server_that_does_not_answer_is_told_to_the_keeper(void **state)
{
	struct fake f;
	struct client *c;
	struct fail fail;
	int told[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	told_fd = told[0];
	fake_start(&f, script_mute);
	pid = run_keeper(&f, told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	c = fake_client(&f, true, NULL);
	assert_int_equal(client_call(c, "server.status", NULL, NULL, &fail), 0);
	client_close(c);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	fake_stop(&f);
	close(told[0]);
	close(told[1]);
}

/* A request that the server did not do, because it makes room for another one. */
static void script_upgrading(struct fake *f)
{
	json_t *request;
	char text[160];

	fake_accept(f);
	request = fake_expect(f, "pane.send_keys");
	(void)snprintf(text, sizeof(text),
		       "{\"jsonrpc\":\"2.0\",\"id\":%d,\"error\":{\"code\":%d,\"message\":\"x\"}}"
		       "\n",
		       (int)json_integer_value(json_object_get(request, "id")),
		       fail_kind(FAIL_UPGRADING)->code);
	json_decref(request);
	fake_send(f, text);
	fake_hang_up(f);
	fake_accept(f);
	fake_answer(f, fake_expect(f, "pane.send_keys"), json_object());
}

static void what_a_server_that_leaves_did_not_do_the_next_one_does(void **state)
{
	struct fake f;
	struct client *c;
	struct fail fail;

	(void)state;
	fake_start(&f, script_upgrading);
	c = fake_client(&f, true, NULL);
	assert_int_equal(client_call(c, "pane.send_keys", NULL, NULL, &fail), 0);
	client_close(c);
	fake_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_repeated_is_and_the_rest_fails),
		cmocka_unit_test(a_creation_is_repeated_with_its_key),
		cmocka_unit_test(a_stream_goes_on_where_it_was),
		cmocka_unit_test(a_screen_stands_for_what_was_before_it),
		cmocka_unit_test(a_pane_that_went_meanwhile_is_told_as_deleted),
		cmocka_unit_test(only_the_input_that_did_not_go_in_is_sent_again),
		cmocka_unit_test(input_has_a_bound),
		cmocka_unit_test(a_server_that_does_not_answer_is_told_to_the_keeper),
		cmocka_unit_test(what_a_server_that_leaves_did_not_do_the_next_one_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
