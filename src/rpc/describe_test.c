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
#include "rpc/describe.h"

static void assert_schema(const struct rpc_param *p, const char *want_text)
{
	static const enum rpc_encoding encodings[] = { RPC_JSON, RPC_MSGPACK };

	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		struct rpc_writer w;
		json_t *v = NULL, *want = NULL;
		struct fail f;

		rpc_writer_init(&w, encodings[i], &out);
		rpc_param_schema(&w, p);
		assert_int_equal(rpc_value_parse(RPC_JSON, want_text, strlen(want_text), &want, &f),
				 0);
		assert_int_equal(rpc_value_parse(encodings[i], buf_data(&out), buf_len(&out), &v,
						 &f),
				 0);
		if (!json_equal(v, want))
			fail_msg("%.*s, not %s", (int)buf_len(&out), buf_data(&out), want_text);
		json_decref(v);
		json_decref(want);
		buf_fini(&out);
	}
}

static void every_type_has_its_json_schema(void **state)
{
	static const struct {
		struct rpc_param p;
		const char *want;
	} cases[] = {
		{ { .name = "n",
		    .type = RPC_T_STRING,
		    .is_required = true,
		    .min = 2,
		    .max = 8,
		    .doc = "A." },
		  "{\"name\":\"n\",\"summary\":\"A.\",\"required\":true,"
		  "\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":8}}" },
		{ { .name = "n", .type = RPC_T_INT, .unit = "ms", .fallback = "80", .max = 9 },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9,"
		  "\"x-unit\":\"ms\",\"default\":80}}" },
		{ { .name = "n", .type = RPC_T_INT },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"integer\"}}" },
		{ { .name = "n", .type = RPC_T_BOOL, .fallback = "false" },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"boolean\",\"default\":false}}" },
		{ { .name = "n", .type = RPC_T_BYTES, .min = 1, .max = 4 },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"string\",\"contentEncoding\":\"base64\","
		  "\"minLength\":4,\"maxLength\":8}}" },
		{ { .name = "n",
		    .type = RPC_T_STRINGS,
		    .min = 1,
		    .max = 4,
		    .fallback = "[\"sh\"]" },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
		  "\"minItems\":1,\"maxItems\":4,\"default\":[\"sh\"]}}" },
		{ { .name = "n", .type = RPC_T_MAP, .max = 4 },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"object\",\"maxProperties\":4,"
		  "\"additionalProperties\":{\"type\":\"string\"}}}" },
		{ { .name = "n", .type = RPC_T_OBJECT },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"object\"}}" },
		{ { .name = "n", .type = RPC_T_ENUM, .choices = "a|bc", .fallback = "\"a\"" },
		  "{\"name\":\"n\",\"schema\":{\"type\":\"string\",\"enum\":[\"a\",\"bc\"],"
		  "\"default\":\"a\"}}" },
		{ { .name = "n", .type = RPC_T_ANY }, "{\"name\":\"n\",\"schema\":{}}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_schema(&cases[i].p, cases[i].want);
}

static void a_default_that_is_no_json_is_told_as_text(void **state)
{
	static const struct rpc_param p = { .name = "n",
					    .type = RPC_T_ANY,
					    .fallback = "the client's" };

	(void)state;
	assert_schema(&p, "{\"name\":\"n\",\"schema\":{\"default\":\"the client's\"}}");
}

static void without_memory_for_a_default_the_buffer_is_broken(void **state)
{
	static const struct rpc_param p = { .name = "n", .type = RPC_T_ANY, .fallback = "[1]" };
	struct buf out = BUF_INIT;
	struct rpc_writer w;

	(void)state;
	json_set_alloc_funcs(mem_alloc, mem_free);
	assert_non_null(buf_reserve(&out, 1000));
	rpc_writer_init(&w, RPC_JSON, &out);
	mem_fail_after(0);
	rpc_param_schema(&w, &p);
	mem_fail_after(-1);
	assert_true(buf_check(&out) < 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_its_json_schema),
		cmocka_unit_test(a_default_that_is_no_json_is_told_as_text),
		cmocka_unit_test(without_memory_for_a_default_the_buffer_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
