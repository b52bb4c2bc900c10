#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rpc/envelope.h"

static const enum rpc_encoding encodings[] = { RPC_JSON, RPC_MSGPACK };

static int count_json_memory(void **state)
{
	(void)state;
	json_set_alloc_funcs(mem_alloc, mem_free);
	return 0;
}

static json_t *parse(enum rpc_encoding enc, const char *p, size_t n)
{
	json_t *v = NULL;
	struct fail f;

	if (rpc_value_parse(enc, p, n, &v, &f) != 0)
		fail_msg("cannot read \"%.*s\": %s", (int)n, p, f.detail);
	return v;
}

static json_t *parse_text(const char *text)
{
	return parse(RPC_JSON, text, strlen(text));
}

static void a_call_has_method_params_and_id(void **state)
{
	json_auto_t *v = parse_text("{\"jsonrpc\":\"2.0\",\"method\":\"pane.list\",\"id\":\"x1\","
				    "\"params\":[1],\"extra\":1}");
	struct rpc_request r;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_request_check(v, &r, &f), 0);
	assert_string_equal(r.method, "pane.list");
	assert_string_equal(json_string_value(r.id), "x1");
	assert_int_equal(json_array_size(r.params), 1);
}

static void a_call_without_an_id_is_a_notification_and_null_is_an_id(void **state)
{
	json_auto_t *v = parse_text("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}");
	json_auto_t *null = parse_text("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":null}");
	struct rpc_request r;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_request_check(v, &r, &f), 0);
	assert_null(r.id);
	assert_null(r.params);
	assert_int_equal(rpc_request_check(null, &r, &f), 0);
	assert_true(json_is_null(r.id));
}

static void a_batch_of_garbage_is_refused_one_by_one_with_the_ids_that_can_be_read(void **state)
{
	json_auto_t *batch = parse_text(
		"[1,null,\"x\",[],[[]],true,{},{\"id\":7},"
		"{\"jsonrpc\":\"2.0\",\"id\":7},{\"jsonrpc\":2.0,\"method\":\"m\",\"id\":7},"
		"{\"jsonrpc\":\"1.0\",\"method\":\"m\",\"id\":7},"
		"{\"jsonrpc\":\"2.0\",\"method\":5,\"id\":7},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"\",\"id\":7},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"a\\u0000b\",\"id\":7},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":3,\"id\":7},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":null,\"id\":7},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":{}},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":true},"
		"{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":7}]");

	(void)state;
	for (size_t i = 0; i < json_array_size(batch); i++) {
		json_t *v = json_array_get(batch, i);
		json_t *id = json_object_get(v, "id");
		struct rpc_request r;
		struct fail f;

		assert_int_equal(rpc_request_check(v, &r, &f), FAIL_E_FAILED);
		assert_int_equal(f.code, FAIL_INVALID_REQUEST);
		assert_ptr_equal(r.id, json_is_number(id) ? id : NULL);
	}
}

static void an_id_is_bounded(void **state)
{
	char long_id[RPC_MAX_ID + 2] = { 0 };
	struct rpc_request r;
	struct fail f;

	(void)state;
	memset(long_id, 'i', RPC_MAX_ID);
	for (int i = 0; i < 2; i++) {
		json_auto_t *v =
			json_pack("{s:s,s:s,s:s}", "jsonrpc", "2.0", "method", "m", "id", long_id);

		assert_int_equal(rpc_request_check(v, &r, &f), i);
		long_id[RPC_MAX_ID] = 'i';
	}
}

static void answers_events_and_calls_have_their_shape_in_both_encodings(void **state)
{
	json_auto_t *id = json_integer(7);
	json_auto_t *want =
		parse_text("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1}},"
			   "{\"jsonrpc\":\"2.0\",\"method\":\"pane.exit\",\"params\":2},"
			   "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"m\",\"params\":[]}]");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		struct rpc_writer w;
		json_t *v;

		rpc_writer_init(&w, encodings[i], &out);
		rpc_array_begin(&w);
		rpc_result_begin(&w, id);
		rpc_map_begin(&w);
		rpc_kv_int(&w, "a", 1);
		rpc_map_end(&w);
		rpc_result_end(&w);
		rpc_notify_begin(&w, "pane.exit");
		rpc_int(&w, 2);
		rpc_notify_end(&w);
		rpc_call_begin(&w, 9, "m");
		rpc_array_begin(&w);
		rpc_array_end(&w);
		rpc_call_end(&w);
		rpc_array_end(&w);
		v = parse(encodings[i], buf_data(&out), buf_len(&out));
		assert_true(json_equal(v, want));
		json_decref(v);
		buf_fini(&out);
	}
}

static void an_error_says_all_there_is_to_say(void **state)
{
	json_auto_t *want = parse_text(
		"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":1002,"
		"\"message\":\"no such pane: it was closed\",\"data\":{\"name\":\"PANE_NOT_FOUND\","
		"\"category\":\"state\",\"severity\":\"error\",\"retryable\":false,\"ref\":\"p7\","
		"\"detail\":\"it was closed\",\"hint\":\"look in orchflow ls\"}}}");
	json_auto_t *id = json_string("x");
	struct fail f;

	(void)state;
	(void)fail_setf(&f, FAIL_PANE_NOT_FOUND, "p7", "it was closed");
	fail_hint(&f, "look in orchflow ls");
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		struct rpc_writer w;
		json_t *v;

		rpc_writer_init(&w, encodings[i], &out);
		rpc_error(&w, id, &f);
		v = parse(encodings[i], buf_data(&out), buf_len(&out));
		assert_true(json_equal(v, want));
		json_decref(v);
		buf_fini(&out);
	}
}

static void an_error_without_an_id_or_details_is_short(void **state)
{
	static const char want[] =
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32601,"
		"\"message\":\"no such method\",\"data\":{\"name\":\"METHOD_NOT_FOUND\","
		"\"category\":\"validation\",\"severity\":\"error\",\"retryable\":false}}}";
	struct buf out = BUF_INIT;
	struct rpc_writer w;
	struct fail f;

	(void)state;
	(void)fail_set(&f, FAIL_METHOD_NOT_FOUND, NULL);
	rpc_writer_init(&w, RPC_JSON, &out);
	rpc_error(&w, NULL, &f);
	assert_int_equal(buf_len(&out), strlen(want));
	assert_memory_equal(buf_data(&out), want, strlen(want));
	buf_fini(&out);
}

static void even_the_largest_error_fits_what_was_reserved_and_allocates_nothing(void **state)
{
	char text[RPC_MAX_ID + 1] = { 0 };
	json_t *id;
	struct fail f;

	(void)state;
	memset(text, '\x01', RPC_MAX_ID);
	id = json_string(text);
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		struct rpc_writer w;
		uint64_t before;

		assert_non_null(buf_reserve(&out, RPC_MAX_ERROR));
		before = mem_count();
		mem_fail_after(0);
		(void)fail_setf(&f, FAIL_INVALID_PARAMS, text, "%s", text);
		fail_hint(&f, "%s", text);
		rpc_writer_init(&w, encodings[i], &out);
		rpc_error(&w, id, &f);
		mem_fail_after(-1);
		assert_int_equal(mem_count(), before);
		assert_int_equal(buf_check(&out), 0);
		assert_true(buf_len(&out) <= RPC_MAX_ERROR);
		json_decref(parse(encodings[i], buf_data(&out), buf_len(&out)));
		buf_fini(&out);
	}
	json_decref(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_method_params_and_id),
		cmocka_unit_test(a_call_without_an_id_is_a_notification_and_null_is_an_id),
		cmocka_unit_test(
			a_batch_of_garbage_is_refused_one_by_one_with_the_ids_that_can_be_read),
		cmocka_unit_test(an_id_is_bounded),
		cmocka_unit_test(answers_events_and_calls_have_their_shape_in_both_encodings),
		cmocka_unit_test(an_error_says_all_there_is_to_say),
		cmocka_unit_test(an_error_without_an_id_or_details_is_short),
		cmocka_unit_test(
			even_the_largest_error_fits_what_was_reserved_and_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, count_json_memory, NULL);
}
