/* Connections: framing, batches, limits, and clients that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/census.h"
#include "api/conn.h"
#include "api/rig.h"
#include "base/buf.h"

#define STATUS "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.status\"}"
#define GET(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"pane.get\",\"params\":[\"p1\"]}"
#define HELD_WRITE(id)                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"pane.write\",\"params\":{\"pane\":" \
	"\"p1\",\"text\":\"x\"}}"

static int setup(void **state)
{
	static struct rig rig;

	rig_init(&rig, NULL);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	return 0;
}

static void expect_id(json_t *answer, const char *id)
{
	json_t *want = json_loads(id, JSON_DECODE_ANY, NULL);

	assert_non_null(answer);
	assert_true(json_equal(json_object_get(answer, "id"), want));
	json_decref(want);
	json_decref(answer);
}

static void ids_of_all_kinds_come_back(void **state)
{
	static const char *const ids[] = { "1",    "-7",  "\"x\"",           "\"\"",
					   "null", "1.5", "9007199254740993" };
	struct peer p;

	peer_init(&p, *state);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		char request[128];

		(void)snprintf(request, sizeof request,
			       "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"session.list\"}",
			       ids[i]);
		expect_id(peer_ask(&p, request), ids[i]);
	}
	peer_fini(&p);
}

static void requests_that_are_none_are_refused(void **state)
{
	struct peer p;

	peer_init(&p, *state);
	peer_expect_error(&p, "1", "INVALID_REQUEST");
	peer_expect_error(&p, "{}", "INVALID_REQUEST");
	peer_expect_error(&p, "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\"}", "INVALID_REQUEST");
	peer_expect_error(&p, "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"x\"}",
			  "INVALID_REQUEST");
	peer_expect_error(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.gett\"}",
			  "METHOD_NOT_FOUND");
	peer_expect_error(&p,
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.get\",\"params\":{"
			  "\"pan\":1}}",
			  "INVALID_PARAMS");
	peer_expect_error(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.get\"}",
			  "INVALID_PARAMS");
	peer_expect_error(&p,
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.get\",\"params\":["
			  "\"p9\"]}",
			  "PANE_NOT_FOUND");
	peer_fini(&p);
}

static void notifications_are_not_answered(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	peer_send(&p,
		  "{\"jsonrpc\":\"2.0\",\"method\":\"pane.resize\",\"params\":[\"p1\",100,30]}");
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"pane.get\",\"params\":[\"nobody\"]}");
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"method\":\"pane.write\",\"params\":{\"pane\":\"p1\","
		      "\"text\":\"x\"}}");
	expect_id(peer_ask(&p, GET("5")), "5");
	assert_int_equal(r->core->n_methods_entered, 4);
	assert_int_equal(r->core->n_methods_left, 4);
	peer_fini(&p);
}

/* ---- batches ---- */

static void a_batch_is_answered_in_one_message(void **state)
{
	struct peer p;
	json_t *answers;

	peer_init(&p, *state);
	answers =
		peer_ask(&p,
			 "[" GET("1") "," GET(
				 "\"b\"") ",{\"jsonrpc\":\"2.0\",\"method\":\"session.list\"},7]");
	assert_int_equal(json_array_size(answers), 3);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(answers, 0), "id")), 1);
	assert_non_null(json_object_get(json_array_get(answers, 1), "result"));
	assert_true(json_is_null(json_object_get(json_array_get(answers, 2), "id")));
	assert_non_null(json_object_get(json_array_get(answers, 2), "error"));
	json_decref(answers);
	peer_fini(&p);
}

static void a_batch_waits_for_its_last_answer(void **state)
{
	struct rig *r = *state;
	struct peer p;
	json_t *answers;

	peer_init(&p, r);
	r->core->is_holding = true;
	peer_send(&p, "[" HELD_WRITE("1") "," GET("2") "," HELD_WRITE("3") "]");
	/* What comes later overtakes it. */
	expect_id(peer_ask(&p, GET("9")), "9");
	fake_release(r->core);
	answers = peer_receive(&p);
	assert_int_equal(json_array_size(answers), 3);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(answers, 0), "id")), 2);
	json_decref(answers);
	peer_fini(&p);
}

static void odd_batches_get_what_the_specification_says(void **state)
{
	struct buf big = BUF_INIT;
	struct peer p;

	peer_init(&p, *state);
	peer_expect_error(&p, "[]", "INVALID_REQUEST");
	/* Only notifications: nothing, not even an empty array. */
	peer_send(&p, "[{\"jsonrpc\":\"2.0\",\"method\":\"session.list\"},{\"jsonrpc\":\"2.0\","
		      "\"method\":\"nope\"}]");
	expect_id(peer_ask(&p, GET("1")), "1");
	buf_put_str(&big, "[");
	for (int i = 0; i < 201; i++)
		buf_printf(&big, "%s" STATUS, i ? "," : "");
	buf_put_str(&big, "]\n");
	peer_send_raw(&p, buf_data(&big), buf_len(&big));
	peer_expect_error(&p, "", "INVALID_REQUEST");
	buf_fini(&big);
	peer_fini(&p);
}

static void a_client_may_go_with_a_batch_open(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	r->core->is_holding = true;
	peer_send(&p, "[" HELD_WRITE("1") "," GET("2") "," HELD_WRITE("3") "]");
	rig_spin(r);
	peer_fini(&p);
	fake_release(r->core);
	rig_spin(r);
}

/* ---- garbage ---- */

static void parse_errors_tell_the_position(void **state)
{
	struct peer p;
	json_t *answer;
	const char *message;

	peer_init(&p, *state);
	answer = peer_ask(&p, "{\"jsonrpc\":\"2.0\",,}");
	message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
	assert_non_null(strstr(message, "column"));
	assert_true(json_is_null(json_object_get(answer, "id")));
	json_decref(answer);
	peer_expect_error(&p, "\xff\xfe", "PARSE_ERROR");
	expect_id(peer_ask(&p, GET("1")), "1");
	peer_fini(&p);
}

static void garbage_closes_the_connection_in_the_end(void **state)
{
	struct peer p;

	peer_init(&p, *state);
	for (int i = 0; i < 15; i++)
		peer_expect_error(&p, "GET / HTTP/1.1", "PARSE_ERROR");
	/* A good one in between, and the count begins anew. */
	expect_id(peer_ask(&p, GET("1")), "1");
	for (int i = 0; i < 16; i++)
		peer_expect_error(&p, "garbage", "PARSE_ERROR");
	assert_true(peer_is_closed(&p));
	peer_fini(&p);
}

static void an_oversized_request_is_skipped(void **state)
{
	size_t n = 5u << 20;
	char *big = malloc(n);
	struct peer p;

	assert_non_null(big);
	memset(big, 'x', n);
	peer_init(&p, *state);
	peer_send_raw(&p, big, n);
	peer_expect_error(&p, "", "LIMIT_REQUEST");
	expect_id(peer_ask(&p, GET("1")), "1");
	free(big);
	peer_fini(&p);
}

static void requests_may_come_in_crumbs(void **state)
{
	const char *text = STATUS "\n" GET("2") "\r\n\n" GET("3") "\n";
	struct peer p;

	peer_init(&p, *state);
	for (; *text; text++) {
		peer_send_raw(&p, text, 1);
		rig_spin(*state);
	}
	expect_id(peer_receive(&p), "1");
	expect_id(peer_receive(&p), "2");
	expect_id(peer_receive(&p), "3");
	peer_fini(&p);
}

static void a_client_may_die_in_the_middle_of_a_frame(void **state)
{
	struct rig *r = *state;
	struct api_stats stats;
	struct peer p;

	peer_init(&p, r);
	peer_send_raw(&p, STATUS, sizeof STATUS - 5);
	rig_spin(r);
	peer_fini(&p);
	api_server_get_stats(r->server, &stats);
	assert_int_equal(stats.n_clients, 0);
}

/* ---- clients that go, and that do not read ---- */

static void what_is_owed_to_the_dead_is_dropped(void **state)
{
	struct rig *r = *state;
	struct api_stats stats;
	struct peer p;

	peer_init(&p, r);
	r->core->is_holding = true;
	peer_send(&p, HELD_WRITE("1"));
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"pane.wait\",\"params\":{\"pane\":"
		      "\"p1\",\"exit\":true}}");
	peer_send(&p, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"session.delete\",\"params\":{"
		      "\"session\":\"s1\",\"force\":true}}");
	json_decref(peer_result(&p, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"pane.attach\","
				    "\"params\":[\"p1\",80,24]}"));
	json_decref(peer_result(&p, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"pane.subscribe\","
				    "\"params\":[\"p1\"]}"));
	api_server_get_stats(r->server, &stats);
	assert_int_equal(stats.n_pending, 3);
	peer_fini(&p);
	assert_int_equal(r->core->n_waits_cancelled, 1);
	assert_int_equal(r->core->n_viewers_gone, 1);
	assert_true(list_is_empty(&r->core->subs));
	fake_release(r->core);
	api_server_get_stats(r->server, &stats);
	assert_int_equal(stats.n_pending, 0);
	assert_int_equal(stats.n_subscriptions, 0);
}

static void an_answer_may_be_owed_when_the_core_is_gone(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	r->core->is_holding = true;
	peer_send(&p, HELD_WRITE("1"));
	rig_spin(r);
	peer_fini(&p);
	/* teardown frees the core with the answer still held */
}

static void a_half_closed_client_gets_its_answers(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	r->core->is_holding = true;
	peer_send(&p, GET("1"));
	peer_send(&p, HELD_WRITE("2"));
	assert_int_equal(shutdown(p.fd, SHUT_WR), 0);
	expect_id(peer_receive(&p), "1");
	assert_false(peer_is_closed(&p));
	fake_release(r->core);
	expect_id(peer_receive(&p), "2");
	assert_true(peer_is_closed(&p));
	peer_fini(&p);
}

static void answers_that_nobody_reads_stop_the_reading(void **state)
{
	struct rig *r = *state;
	struct api_stats stats;
	struct buf many = BUF_INIT;
	struct peer p;
	size_t n_sent = 0, n_answers = 0;
	json_t *answer;

	peer_init(&p, r);
	for (int i = 0; i < 50000; i++)
		buf_put_str(&many, STATUS "\n");
	/* As much as the server takes: it stops when 8 MiB of answers wait. */
	for (int idle = 0; n_sent < buf_len(&many) && idle < 4; idle++) {
		ssize_t n = send(p.fd, buf_data(&many) + n_sent, buf_len(&many) - n_sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			n_sent += (size_t)n;
			idle = 0;
		}
		rig_spin(r);
	}
	assert_true(n_sent < buf_len(&many));
	api_server_get_stats(r->server, &stats);
	assert_true(stats.queue_bytes > 8u << 20);
	assert_true(stats.queue_bytes < 9u << 20);
	/* It goes on when they are read: every request sent is answered. */
	n_sent -= n_sent % sizeof STATUS;
	for (; n_answers < n_sent / sizeof STATUS; n_answers++) {
		answer = peer_receive(&p);
		assert_non_null(answer);
		json_decref(answer);
	}
	buf_fini(&many);
	peer_fini(&p);
}

static void requests_left_over_are_answered_when_answers_drain(void **state)
{
	static const char request[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
	const size_t n = 400;
	struct buf many = BUF_INIT;
	struct api_stats stats;
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	for (size_t i = 0; i < n; i++)
		buf_put_str(&many, request);
	/* All are received at once; the socket has no more to wake anybody. */
	assert_true(buf_len(&many) < CONN_TURN_BYTES);
	peer_send_raw(&p, buf_data(&many), buf_len(&many));
	for (int i = 0; i < 4; i++)
		rig_spin(r);
	api_server_get_stats(r->server, &stats);
	assert_true(stats.n_requests < n);
	for (size_t i = 0; i < n; i++)
		expect_id(peer_receive(&p), "1");
	buf_fini(&many);
	peer_fini(&p);
}

static void one_pipelining_client_does_not_starve_another(void **state)
{
	struct rig *r = *state;
	struct buf many = BUF_INIT;
	struct peer greedy, modest;
	struct api_stats before, after;

	peer_init(&greedy, r);
	peer_init(&modest, r);
	for (int i = 0; i < 1000; i++)
		buf_put_str(&many, STATUS "\n");
	peer_send_raw(&greedy, buf_data(&many), buf_len(&many));
	peer_send(&modest, GET("1"));
	api_server_get_stats(r->server, &before);
	(void)uv_run(&r->loop, UV_RUN_NOWAIT);
	api_server_get_stats(r->server, &after);
	/* One round: the modest one is served, the greedy one had one turn. */
	expect_id(peer_receive(&modest), "1");
	assert_true(after.n_requests - before.n_requests <= 65);
	for (int i = 0; i < 1000; i++)
		expect_id(peer_receive(&greedy), "1");
	buf_fini(&many);
	peer_fini(&greedy);
	peer_fini(&modest);
}

/* ---- descriptors ---- */

static void send_with_fds(struct peer *p, const char *text, const int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 16)];
	} control = { 0 };
	char copy[512];
	struct iovec iov = { .iov_base = copy, .iov_len = strlen(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = CMSG_SPACE(sizeof(int) * n) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	memcpy(copy, text, iov.iov_len);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(h), fds, sizeof(int) * n);
	assert_int_equal(sendmsg(p->fd, &msg, 0), iov.iov_len);
}

#define CREATE_WITH_FD \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.create\",\"params\":{\"stdin\":\"fd\"}}"

static void a_descriptor_rides_with_pane_create(void **state)
{
	struct rig *r = *state;
	struct peer p;
	char byte;
	int ends[2];

	peer_init(&p, r);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	send_with_fds(&p, CREATE_WITH_FD "\n", ends, 1);
	(void)close(ends[0]);
	expect_id(peer_receive(&p), "1");
	assert_true(r->core->last_stdin_fd >= 0);
	assert_int_equal(fcntl(r->core->last_stdin_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(read(r->core->last_stdin_fd, &byte, 1), 1);
	(void)close(ends[1]);
	peer_fini(&p);
}

static void a_missing_descriptor_is_an_error_and_surplus_ones_are_closed(void **state)
{
	struct rig *r = *state;
	struct peer p;
	uint32_t before;
	int fds[12];

	peer_init(&p, r);
	peer_expect_error(&p, CREATE_WITH_FD, "FD_MISSING");
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = STDIN_FILENO;
	before = census_count_fds(0);
	/* Not asked for; more than are kept; and cut in the middle of a message. */
	send_with_fds(&p, GET("1") "\n", fds, 2);
	expect_id(peer_receive(&p), "1");
	send_with_fds(&p, GET("2") "\n", fds, 12);
	expect_id(peer_receive(&p), "2");
	assert_int_equal(census_count_fds(0), before);
	send_with_fds(&p, "{\"jsonrpc\"", fds, 1);
	rig_spin(r);
	assert_int_equal(census_count_fds(0), before + 1);
	/* That one is kept for the rest of its message. */
	expect_id(peer_ask(&p, ":\"2.0\",\"id\":3,\"method\":\"pane.create\",\"params\":{\"stdin\":"
			       "\"fd\"}}"),
		  "3");
	assert_true(r->core->last_stdin_fd >= 0);
	send_with_fds(&p, "{", fds, 3);
	rig_spin(r);
	peer_fini(&p); /* and what a dead client left goes too */
	/* Two ends of the socket less, one stdin more. */
	assert_int_equal(census_count_fds(0), before - 1);
}

/* ---- limits ---- */

static void a_client_beyond_the_limit_is_told(void **state)
{
	struct api_config config;
	struct rig *r = *state;
	struct peer first, second;

	api_config_init(&config);
	config.max_clients = 1;
	api_server_configure(r->server, &config);
	peer_init(&first, r);
	peer_init(&second, r);
	peer_expect_error(&second, "", "LIMIT_CLIENTS");
	assert_true(peer_is_closed(&second));
	expect_id(peer_ask(&first, GET("1")), "1");
	peer_fini(&first);
	peer_fini(&second);
}

static void too_many_requests_under_way_are_refused(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	r->core->is_holding = true;
	for (unsigned i = 0; i < API_MAX_PENDING; i++)
		peer_send(&p, HELD_WRITE("1"));
	rig_spin(r);
	peer_expect_error(&p, HELD_WRITE("2"), "LIMIT_PENDING");
	fake_release(r->core);
	for (unsigned i = 0; i < API_MAX_PENDING; i++)
		expect_id(peer_receive(&p), "1");
	expect_id(peer_ask(&p, GET("3")), "3");
	peer_fini(&p);
}

static void a_method_in_quarantine_is_refused(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	(void)snprintf(r->core->refused_method, sizeof r->core->refused_method, "pane.get");
	peer_expect_error(&p, GET("1"), "QUARANTINED");
	json_decref(peer_result(&p, STATUS));
	peer_fini(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_of_all_kinds_come_back),
		TEST(requests_that_are_none_are_refused),
		TEST(notifications_are_not_answered),
		TEST(a_batch_is_answered_in_one_message),
		TEST(a_batch_waits_for_its_last_answer),
		TEST(odd_batches_get_what_the_specification_says),
		TEST(a_client_may_go_with_a_batch_open),
		TEST(parse_errors_tell_the_position),
		TEST(garbage_closes_the_connection_in_the_end),
		TEST(an_oversized_request_is_skipped),
		TEST(requests_may_come_in_crumbs),
		TEST(a_client_may_die_in_the_middle_of_a_frame),
		TEST(what_is_owed_to_the_dead_is_dropped),
		TEST(an_answer_may_be_owed_when_the_core_is_gone),
		TEST(a_half_closed_client_gets_its_answers),
		TEST(answers_that_nobody_reads_stop_the_reading),
		TEST(requests_left_over_are_answered_when_answers_drain),
		TEST(one_pipelining_client_does_not_starve_another),
		TEST(a_descriptor_rides_with_pane_create),
		TEST(a_missing_descriptor_is_an_error_and_surplus_ones_are_closed),
		TEST(a_client_beyond_the_limit_is_told),
		TEST(too_many_requests_under_way_are_refused),
		TEST(a_method_in_quarantine_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
