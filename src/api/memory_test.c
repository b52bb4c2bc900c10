/* What is allocated, and what happens when it cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "api/rig.h"
#include "api/state.h"
#include "base/mem.h"

static void *count_alloc(size_t n)
{
	return mem_realloc(NULL, n ? n : 1);
}

static int setup(void **state)
{
	static struct rig rig;

	json_set_alloc_funcs(count_alloc, mem_free);
	rig_init(&rig, NULL);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	return 0;
}

static const char missing[] =
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.get\",\"params\":[\"p99\"]}";

static struct client *client_of_peer(struct rig *r)
{
	return client_of(list_entry(r->server->hub.conns.next, struct conn, link));
}

static void an_error_is_built_and_sent_without_allocation(void **state)
{
	struct rig *r = *state;
	struct api_call call;
	struct fail f;
	uint64_t before;
	struct peer p;

	peer_init(&p, r);
	peer_expect_error(&p, missing, "PANE_NOT_FOUND"); /* the shared buffers exist now */

	/* A handler's part, between the parsed request and the socket. */
	call = (struct api_call){ .server = r->server,
				  .client = client_of_peer(r),
				  .id = json_null(),
				  .method = api_method_at((size_t)api_method_find("pane.get")) };
	r->server->hub.corked = &call.client->conn;
	before = mem_count();
	(void)fail_setf(&f, FAIL_PANE_NOT_FOUND, "p99", "of %d panes", 1);
	fail_hint(&f, "`orchflow ls` lists them");
	api_call_fail(&call, &f);
	assert_int_equal(mem_count(), before);
	buf_clear(&r->server->hub.cork);
	r->server->hub.corked = NULL;

	/* The whole way, from the core's failure until the bytes are out: the
	 * count was taken inside core_pane_find(). */
	peer_send(&p, missing);
	(void)uv_run(&r->loop, UV_RUN_NOWAIT);
	assert_true(r->core->mem_count_at_fail > 0);
	assert_int_equal(mem_count(), r->core->mem_count_at_fail);
	assert_true(peer_drain(&p) > 0);
	peer_fini(&p);
}

static void a_request_allocates_only_what_its_parsing_needs(void **state)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.status\"}";
	struct rig *r = *state;
	uint64_t before, parsing;
	struct peer p;
	json_t *v;
	struct fail f;

	peer_init(&p, r);
	peer_send(&p, request);
	assert_true(peer_drain(&p) > 0);
	before = mem_count();
	assert_int_equal(rpc_value_parse(RPC_JSON, request, strlen(request), &v, &f), 0);
	json_decref(v);
	parsing = mem_count() - before;
	peer_send(&p, request);
	before = mem_count();
	assert_true(peer_drain(&p) > 0);
	assert_int_equal(mem_count() - before, parsing);
	peer_fini(&p);
}

static void an_idle_client_holds_no_buffers(void **state)
{
	struct rig *r = *state;
	const struct client *c;
	struct peer p;

	peer_init(&p, r);
	json_decref(peer_result(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}"));
	rig_spin(r);
	c = client_of_peer(r);
	assert_null(c->conn.framer.in.data);
	/* Only the beginning of a message is worth keeping. */
	peer_send_raw(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,", 24);
	rig_spin(r);
	assert_non_null(c->conn.framer.in.data);
	assert_true(c->conn.framer.in.size <= 64);
	json_decref(peer_result(&p, "\"method\":\"server.status\"}"));
	assert_null(c->conn.framer.in.data);
	assert_null(c->conn.out.items);
	assert_true(sizeof *c < 1024);
	peer_fini(&p);
}

/* ---- every allocation fails once ---- */

static const char *const requests[] = {
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.status\"}",
	"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"pane.write\",\"params\":{\"pane\":\"p1\","
	"\"data\":\"aGk=\"}}",
	"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"pane.subscribe\",\"params\":[\"p1\"]}",
	"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"events.subscribe\",\"params\":{\"panes\":["
	"\"p1\"],\"sessions\":[\"s1\"]}}",
	"[{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"pane.get\",\"params\":[\"p1\"]},"
	"{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"session.delete\",\"params\":[\"s1\",true]}]",
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"rpc.discover\"}",
	"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"server.metrics\",\"params\":[\"prometheus\"]}",
};

/* Each request with the Nth allocation failing, for every N until it is
 * answered as if nothing were: always an answer or a closed connection, never
 * silence, and nothing left behind (which the sanitizers see). */
static bool survives(struct rig *r, const char *request, long n)
{
	struct peer p, other;
	bool is_done;
	json_t *v;

	peer_init(&p, r);
	peer_init(&other, r);
	peer_send(&p, request);
	mem_fail_after(n);
	for (int i = 0; i < 4; i++)
		(void)uv_run(&r->loop, UV_RUN_NOWAIT);
	(void)fake_print(r->core, r->pane, "output", 6);
	fake_title(r->core, r->pane, "t");
	for (int i = 0; i < 4; i++)
		(void)uv_run(&r->loop, UV_RUN_NOWAIT);
	mem_fail_after(-1);
	v = peer_receive(&p);
	assert_true(v || peer_is_closed(&p));
	is_done = json_is_array(v) || json_object_get(v, "result");
	json_decref(v);
	/* Nobody else noticed. */
	json_decref(peer_result(&other, requests[0]));
	peer_fini(&p);
	peer_fini(&other);
	return is_done;
}

/* Where the answer outgrows its buffer, a shorter one takes its place; alone
 * and in a batch, whose other answers are none the worse for it. */
static bool is_no_memory(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");

	return json_integer_value(json_object_get(answer, "id")) == 7 &&
	       json_integer_value(json_object_get(error, "code")) == 1208;
}

#define DISCOVER "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"rpc.discover\"}"
#define GET "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.get\",\"params\":[\"p1\"]}"

static json_t *ask_with_little_memory(struct rig *r, struct peer *p, const char *request, long n)
{
	peer_init(p, r);
	buf_fini(&r->server->hub.cork);
	assert_non_null(buf_reserve(&r->server->hub.cork, 4096));
	peer_send(p, request);
	mem_fail_after(n);
	rig_spin(r);
	mem_fail_after(-1);
	return peer_receive(p);
}

static void an_answer_that_does_not_fit_becomes_an_error(void **state)
{
	struct rig *r = *state;
	size_t n_alone = 0, n_in_batch = 0;

	for (long n = 0; n < 150; n++) {
		struct peer p, q;
		json_t *v = ask_with_little_memory(r, &p, DISCOVER, n);
		json_t *batch = ask_with_little_memory(r, &q, "[" DISCOVER "," GET "]", n);

		n_alone += is_no_memory(v);
		if (json_array_size(batch) == 2 && is_no_memory(json_array_get(batch, 0)))
			n_in_batch++;
		json_decref(v);
		json_decref(batch);
		peer_fini(&p);
		peer_fini(&q);
	}
	assert_true(n_alone > 0);
	assert_true(n_in_batch > 0);
}

static void every_allocation_may_fail(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		long n = 0;

		while (!survives(r, requests[i], n) || n < 40)
			n++;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_error_is_built_and_sent_without_allocation,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_allocates_only_what_its_parsing_needs,
						setup, teardown),
		cmocka_unit_test_setup_teardown(an_idle_client_holds_no_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_that_does_not_fit_becomes_an_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_allocation_may_fail, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
