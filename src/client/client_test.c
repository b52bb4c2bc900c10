#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/fake_server.h"

/* ---- answers ---- */

static void script_answers(struct fake *f)
{
	fake_accept(f);
	fake_answer(f, fake_expect(f, "server.status"), json_pack("{s:i}", "clients", 1));
	json_decref(fake_expect(f, "pane.get"));
	fake_send(f,
		  "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":1002,\"message\":\"no such "
		  "pane: p9\","
		  "\"data\":{\"name\":\"PANE_NOT_FOUND\",\"ref\":\"p9\",\"hint\":\"try ls\"}}}\n");
}

static void a_call_returns_the_result_or_the_typed_failure(void **state)
{
	struct fake f;
	struct client *c;
	struct fail fail;
	json_t *result;

	(void)state;
	fake_start(&f, script_answers);
	c = fake_client(&f, false, NULL);
	assert_int_equal(client_call(c, "server.status", NULL, &result, &fail), 0);
	assert_int_equal(json_integer_value(json_object_get(result, "clients")), 1);
	assert_int_equal(client_server(c)->daemon_pid, 4242);
	json_decref(result);
	assert_int_equal(client_call(c, "pane.get", NULL, NULL, &fail), FAIL_E_FAILED);
	assert_int_equal(fail.code, FAIL_PANE_NOT_FOUND);
	assert_string_equal(fail.ref, "p9");
	assert_string_equal(fail.hint, "try ls");
	client_close(c);
	fake_stop(&f);
}

/* ---- events ---- */

struct seen {
	char text[256];
	uint64_t from, to;
	char events[256];
};

static void on_output(const char *pane, enum client_stream s, const char *p, size_t n, void *user)
{
	struct seen *seen = user;

	(void)pane;
	(void)s;
	strncat(seen->text, p, n);
}

static void on_gap(const char *pane, enum client_stream s, uint64_t from, uint64_t to, void *user)
{
	struct seen *seen = user;

	(void)pane;
	(void)s;
	seen->from = from;
	seen->to = to;
}

static void on_event(const char *method, json_t *params, void *user)
{
	struct seen *seen = user;

	(void)params;
	strncat(seen->events, method, 64);
	strncat(seen->events, " ", 2);
}

static struct client_ops ops_for(struct seen *seen)
{
	struct client_ops ops = {
		.on_output = on_output, .on_gap = on_gap, .on_event = on_event, .user = seen
	};

	return ops;
}

static void script_interleaved(struct fake *f)
{
	json_t *q;

	fake_accept(f);
	fake_answer(f, fake_expect(f, "pane.subscribe"),
		    json_pack("{s:i, s:s, s:i, s:i}", "subscription", 7, "pane", "p1", "seq", 10,
			      "tail_seq", 0));
	q = fake_expect(f, "server.status");
	/* "abc" at 10, then a repetition of its end, then a hole */
	fake_event(f, "pane.output",
		   json_pack("{s:s, s:s, s:i, s:s}", "pane", "p1", "stream", "out", "seq", 10,
			     "data", "YWJj"));
	fake_event(f, "pane.output",
		   json_pack("{s:s, s:s, s:i, s:s}", "pane", "p1", "stream", "out", "seq", 12,
			     "data", "Y2Q="));
	fake_event(f, "session.created", json_object());
	fake_event(f, "pane.resync",
		   json_pack("{s:s, s:s, s:i, s:i}", "pane", "p1", "stream", "out", "from", 14,
			     "to", 20));
	fake_event(f, "pane.output",
		   json_pack("{s:s, s:s, s:i, s:s}", "pane", "p2", "stream", "out", "seq", 0,
			     "data", "WlpaWg=="));
	fake_answer(f, q, json_object());
}

static void events_wait_for_the_end_of_a_blocking_call(void **state)
{
	struct client_stream_spec spec = { .pane = "p1", .from = CLIENT_FROM_START };
	struct seen seen = { 0 };
	struct client_ops ops = ops_for(&seen);
	struct fake f;
	struct client *c;
	struct fail fail;

	(void)state;
	fake_start(&f, script_interleaved);
	c = fake_client(&f, false, &ops);
	assert_int_equal(client_subscribe(c, &spec, 1, &fail), 0);
	assert_int_equal(client_stream_seq(c, "p1", CLIENT_OUT), 10);
	assert_int_equal(client_call(c, "server.status", NULL, NULL, &fail), 0);
	assert_string_equal(seen.text, "");
	assert_int_equal(client_timeout_ms(c), 0);
	assert_true(client_dispatch(c, &fail) >= 0);
	assert_string_equal(seen.text, "abcd");
	assert_string_equal(seen.events, "session.created ");
	assert_int_equal(seen.from, 14);
	assert_int_equal(seen.to, 20);
	assert_int_equal(client_stream_seq(c, "p1", CLIENT_OUT), 20);
	client_close(c);
	fake_stop(&f);
}

/* ---- descriptors ---- */

static void script_fd(struct fake *f)
{
	json_t *q;

	fake_accept(f);
	q = fake_expect(f, "pane.create");
	if (f->passed_fd < 0 || write(f->passed_fd, "hello", 5) != 5)
		abort();
	(void)close(f->passed_fd);
	fake_answer(f, q, json_object());
}

static void a_descriptor_rides_with_its_request(void **state)
{
	struct fake f;
	struct client *c;
	struct fail fail;
	char got[8] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	fake_start(&f, script_fd);
	c = fake_client(&f, false, NULL);
	assert_int_equal(client_call_fd(c, "pane.create", NULL, fds[1], NULL, &fail), 0);
	assert_int_equal(read(fds[0], got, sizeof(got)), 5);
	assert_string_equal(got, "hello");
	close(fds[0]);
	close(fds[1]);
	client_close(c);
	fake_stop(&f);
}

/* ---- bad servers ---- */

static void call_and_expect(void (*script)(struct fake *f), bool wants_resume, const char *part,
			    enum fail_code code)
{
	struct fake f;
	struct client *c;
	struct fail fail = { 0 };

	fake_start(&f, script);
	c = fake_client(&f, wants_resume, NULL);
	assert_int_equal(client_call(c, "server.status", NULL, NULL, &fail), FAIL_E_FAILED);
	assert_int_equal(fail.code, code);
	if (!strstr(fail.detail, part))
		fail_msg("\"%s\" does not say \"%s\"", fail.detail, part);
	/* and again: what is dead stays dead */
	assert_int_equal(client_call(c, "server.status", NULL, NULL, &fail), FAIL_E_FAILED);
	client_close(c);
	fake_stop(&f);
}

static void script_garbage(struct fake *f)
{
	fake_accept_silently(f);
	json_decref(fake_expect(f, "rpc.hello"));
	fake_send(f, "HTTP/1.1 400 Bad Request\r\n\r\n");
}

static void script_nonsense(struct fake *f)
{
	fake_accept_silently(f);
	json_decref(fake_expect(f, "rpc.hello"));
	fake_send(f, "{\"id\":1}\n");
}

static void script_down(struct fake *f)
{
	fake_accept_silently(f);
	fake_send(f, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1307,\"message\":"
		     "\"down\"}}\n");
	json_decref(fake_expect(f, "rpc.hello"));
}

static void script_hang_up(struct fake *f)
{
	fake_accept(f);
	json_decref(fake_expect(f, "server.status"));
}

static void garbage_ends_the_connection_with_a_message(void **state)
{
	(void)state;
	call_and_expect(script_garbage, true, "does not speak our protocol", FAIL_NONE);
	call_and_expect(script_nonsense, true, "does not speak our protocol", FAIL_NONE);
}

static void a_keeper_without_its_daemon_says_so(void **state)
{
	(void)state;
	call_and_expect(script_down, true, "", FAIL_DAEMON_DOWN);
}

static void a_lost_connection_is_a_failure_when_nobody_wants_to_resume(void **state)
{
	(void)state;
	call_and_expect(script_hang_up, false, "lost the server", FAIL_NONE);
}

static void script_stopping(struct fake *f)
{
	fake_accept(f);
	json_decref(fake_expect(f, "events.subscribe"));
	fake_event(f, "server.stopping", json_object());
}

static void a_server_that_said_goodbye_is_not_waited_for(void **state)
{
	struct fake f;
	struct client *c;
	struct fail fail;
	int r;

	(void)state;
	fake_start(&f, script_stopping);
	c = fake_client(&f, true, NULL);
	assert_int_equal(client_send(c, "events.subscribe", NULL, NULL, NULL), 0);
	do {
		r = client_poll(c, -1, &fail);
	} while (!r);
	assert_int_equal(r, FAIL_E_FAILED);
	assert_non_null(strstr(fail.detail, "stopped"));
	client_close(c);
	fake_stop(&f);
}

static void nothing_there_is_told_apart(void **state)
{
	struct places p = { .socket = "/tmp/orchflow-none/s", .state_dir = "/tmp/orchflow-none" };
	struct client_options o = { .name = "test" };
	struct client *c;
	struct fail fail;

	(void)state;
	p.is_socket_told = true;
	assert_int_equal(client_open(&p, &o, &c, &fail), CLIENT_E_DOWN);
}

/* Needs root: another uid must listen. */
static void a_server_of_another_user_is_refused(void **state)
{
	char dir[] = "/tmp/orchflow-peer-XXXXXX";
	struct places p = { .is_socket_told = true };
	struct client_options o = { .name = "test" };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct client *c;
	struct fail fail;
	int ready[2];
	char byte;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(dir));
	assert_int_equal(pipe(ready), 0);
	(void)snprintf(p.socket, sizeof(p.socket), "%s/s", dir);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", p.socket);
	pid = fork();
	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || setuid(65534) || listen(fd, 4) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(client_open(&p, &o, &c, &fail), FAIL_E_FAILED);
	assert_non_null(strstr(fail.detail, "uid 65534"));
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)unlink(p.socket);
	(void)rmdir(dir);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_returns_the_result_or_the_typed_failure),
		cmocka_unit_test(events_wait_for_the_end_of_a_blocking_call),
		cmocka_unit_test(a_descriptor_rides_with_its_request),
		cmocka_unit_test(garbage_ends_the_connection_with_a_message),
		cmocka_unit_test(a_keeper_without_its_daemon_says_so),
		cmocka_unit_test(a_lost_connection_is_a_failure_when_nobody_wants_to_resume),
		cmocka_unit_test(a_server_that_said_goodbye_is_not_waited_for),
		cmocka_unit_test(nothing_there_is_told_apart),
		cmocka_unit_test(a_server_of_another_user_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
