#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/param.h"

static const struct rpc_param params[] = {
	{ .name = "name", .type = RPC_T_STRING, .is_required = true, .min = 1, .max = 8 },
	{ .name = "columns", .type = RPC_T_INT, .unit = "columns", .min = 1, .max = 2000 },
	{ .name = "any_int", .type = RPC_T_INT },
	{ .name = "private", .type = RPC_T_BOOL },
	{ .name = "data", .type = RPC_T_BYTES, .max = 6 },
	{ .name = "argv", .type = RPC_T_STRINGS, .min = 1, .max = 3 },
	{ .name = "env", .type = RPC_T_MAP, .max = 2 },
	{ .name = "meta", .type = RPC_T_OBJECT },
	{ .name = "format", .type = RPC_T_ENUM, .choices = "text|ansi|json" },
	{ .name = "value", .type = RPC_T_ANY },
	{ .name = "text", .type = RPC_T_STRING },
};

static json_t *parse(const char *text)
{
	json_t *v = NULL;
	struct fail f;

	if (rpc_value_parse(RPC_JSON, text, strlen(text), &v, &f) != 0)
		fail_msg("bad test: %s", text);
	return v;
}

static void what_is_allowed_is_read_back(void **state)
{
	json_auto_t *given =
		parse("{\"name\":\"main\",\"columns\":80,\"any_int\":-5,\"private\":true,"
		      "\"data\":\"AP8=\",\"argv\":[\"sh\",\"\"],\"env\":{\"A\":\"b\"},"
		      "\"meta\":{\"x\":[]},\"format\":\"ansi\",\"value\":[1]}");
	struct buf data = BUF_INIT;
	struct rpc_args a;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, given, &a, &f), 0);
	assert_string_equal(rpc_arg_str(&a, "name", NULL), "main");
	assert_int_equal(rpc_arg_len(&a, "name"), 4);
	assert_int_equal(rpc_arg_int(&a, "columns", 1), 80);
	assert_int_equal(rpc_arg_int(&a, "any_int", 1), -5);
	assert_true(rpc_arg_bool(&a, "private", false));
	assert_int_equal(rpc_arg_bytes(&a, "data", &data), 0);
	assert_int_equal(buf_len(&data), 2);
	assert_int_equal(json_array_size(rpc_arg_json(&a, "argv")), 2);
	assert_string_equal(rpc_arg_str(&a, "format", NULL), "ansi");
	assert_true(rpc_arg_has(&a, "value"));
	assert_false(rpc_arg_has(&a, "text"));
	buf_fini(&data);
}

static void what_is_absent_or_null_gives_the_fallback(void **state)
{
	json_auto_t *given = parse("{\"name\":\"x\",\"columns\":null,\"private\":null}");
	struct buf data = BUF_INIT;
	struct rpc_args a;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, given, &a, &f), 0);
	assert_int_equal(rpc_arg_int(&a, "columns", 80), 80);
	assert_true(rpc_arg_bool(&a, "private", true));
	assert_string_equal(rpc_arg_str(&a, "format", "text"), "text");
	assert_int_equal(rpc_arg_len(&a, "format"), 0);
	assert_null(rpc_arg_json(&a, "meta"));
	assert_int_equal(rpc_arg_bytes(&a, "data", &data), 0);
	assert_int_equal(buf_len(&data), 0);
}

static void positions_do_as_well_as_names(void **state)
{
	json_auto_t *given = parse("[\"x\",81]");
	json_auto_t *many = parse("[1,2,3]");
	struct rpc_args a;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, given, &a, &f), 0);
	assert_int_equal(rpc_arg_int(&a, "columns", 80), 81);
	assert_int_equal(rpc_args_check(params, 2, RPC_JSON, many, &a, &f), FAIL_E_FAILED);
	assert_string_equal(f.detail, "3 parameters where at most 2 are taken");
}

static void no_parameters_are_fine_where_none_is_required(void **state)
{
	struct rpc_args a;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_args_check(params + 1, 3, RPC_JSON, NULL, &a, &f), 0);
	assert_int_equal(rpc_args_check(params, 0, RPC_JSON, NULL, &a, &f), 0);
	assert_int_equal(rpc_args_check(params, 3, RPC_JSON, NULL, &a, &f), FAIL_E_FAILED);
	assert_string_equal(f.ref, "name");
	assert_string_equal(f.detail, "name is required");
}

static void what_is_not_allowed_is_refused_with_its_name_and_what_is(void **state)
{
	static const struct {
		const char *given, *ref, *detail;
	} cases[] = {
		{ "{}", "name", "name is required" },
		{ "{\"name\":null}", "name", "name is required" },
		{ "{\"name\":5}", "name", "name must be a string without NUL" },
		{ "{\"name\":\"a\\u0000b\"}", "name", "name must be a string without NUL" },
		{ "{\"name\":\"\"}", "name", "name must be from 1 to 8 bytes long, not 0" },
		{ "{\"name\":\"123456789\"}", "name",
		  "name must be from 1 to 8 bytes long, not 9" },
		{ "{\"name\":\"x\",\"columns\":\"80\"}", "columns", "columns must be an integer" },
		{ "{\"name\":\"x\",\"columns\":80.5}", "columns", "columns must be an integer" },
		{ "{\"name\":\"x\",\"columns\":1e300}", "columns", "columns must be an integer" },
		{ "{\"name\":\"x\",\"columns\":0}", "columns",
		  "columns must be from 1 to 2000 columns, not 0" },
		{ "{\"name\":\"x\",\"columns\":2001}", "columns",
		  "columns must be from 1 to 2000 columns, not 2001" },
		{ "{\"name\":\"x\",\"private\":1}", "private", "private must be true or false" },
		{ "{\"name\":\"x\",\"data\":1}", "data", "data must be base64 text" },
		{ "{\"name\":\"x\",\"data\":\"A\"}", "data",
		  "data must be base64 text (RFC 4648, padded)" },
		{ "{\"name\":\"x\",\"data\":\"AAAAAAAAAA==\"}", "data",
		  "data must be at most 6 bytes long, not 7" },
		{ "{\"name\":\"x\",\"argv\":\"sh\"}", "argv", "argv must be an array of strings" },
		{ "{\"name\":\"x\",\"argv\":[]}", "argv",
		  "argv must be from 1 to 3 items long, not 0" },
		{ "{\"name\":\"x\",\"argv\":[\"a\",1]}", "argv",
		  "argv[1] must be a string without NUL" },
		{ "{\"name\":\"x\",\"argv\":[\"a\\u0000\"]}", "argv",
		  "argv[0] must be a string without NUL" },
		{ "{\"name\":\"x\",\"env\":[]}", "env", "env must be an object of strings" },
		{ "{\"name\":\"x\",\"env\":{\"A\":1}}", "env",
		  "env.A must be a string without NUL" },
		{ "{\"name\":\"x\",\"env\":{\"A\":\"\",\"B\":\"\",\"C\":\"\"}}", "env",
		  "env must be at most 2 items long, not 3" },
		{ "{\"name\":\"x\",\"meta\":[]}", "meta", "meta must be an object" },
		{ "{\"name\":\"x\",\"format\":\"tex\"}", "format",
		  "format must be one of text|ansi|json" },
		{ "{\"name\":\"x\",\"format\":\"text|ansi\"}", "format",
		  "format must be one of text|ansi|json" },
		{ "{\"name\":\"x\",\"format\":\"\"}", "format",
		  "format must be one of text|ansi|json" },
		{ "{\"name\":\"x\",\"format\":1}", "format",
		  "format must be one of text|ansi|json" },
		{ "{\"name\":\"x\",\"value\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}", "value",
		  "value must be nested at most 16 deep" },
		{ "{\"nam\":\"x\"}", "nam", "there is no parameter nam" },
		{ "7", "", "parameters must be an object or an array" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_auto_t *given = parse(cases[i].given);
		struct rpc_args a;
		struct fail f;
		int r = rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, given, &a, &f);

		if (r != FAIL_E_FAILED || f.code != FAIL_INVALID_PARAMS)
			fail_msg("%s was taken", cases[i].given);
		assert_string_equal(f.ref, cases[i].ref);
		assert_string_equal(f.detail, cases[i].detail);
	}
}

static void a_mistyped_name_is_answered_with_the_nearest_one(void **state)
{
	json_auto_t *near = parse("{\"name\":\"x\",\"colums\":80}");
	json_auto_t *far = parse("{\"name\":\"x\",\"quux\":80}");
	struct rpc_args a;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, near, &a, &f),
			 FAIL_E_FAILED);
	assert_string_equal(f.ref, "colums");
	assert_string_equal(f.hint, "did you mean columns?");
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, far, &a, &f),
			 FAIL_E_FAILED);
	assert_string_equal(f.hint, "");
}

static void a_real_without_a_fraction_is_an_integer(void **state)
{
	json_auto_t *given = parse("{\"name\":\"x\",\"columns\":80.0,\"any_int\":-1e15}");
	struct rpc_args a;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_JSON, given, &a, &f), 0);
	assert_int_equal(rpc_arg_int(&a, "columns", 1), 80);
	assert_int_equal(rpc_arg_int(&a, "any_int", 1), -1000000000000000);
}

static json_t *parse_packed(const char *p, size_t n)
{
	json_t *v = NULL;
	struct fail f;

	assert_int_equal(rpc_value_parse(RPC_MSGPACK, p, n, &v, &f), 0);
	return v;
}

static void raw_bytes_are_bytes_but_no_text(void **state)
{
	static const char with_data[] = "\x82\xa4name\xa1x\xa4"
					"data\xc4\x03\xff\x00\xfe";
	static const char with_name[] = "\x81\xa4name\xc4\x02\xff\xfe";
	json_auto_t *data = parse_packed(with_data, sizeof with_data - 1);
	json_auto_t *name = parse_packed(with_name, sizeof with_name - 1);
	struct buf out = BUF_INIT;
	struct rpc_args a;
	struct fail f;

	(void)state;
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_MSGPACK, data, &a, &f), 0);
	assert_int_equal(rpc_arg_bytes(&a, "data", &out), 0);
	assert_int_equal(buf_len(&out), 3);
	assert_memory_equal(buf_data(&out), "\xff\0\xfe", 3);
	buf_fini(&out);
	assert_int_equal(rpc_args_check(params, ARRAY_LEN(params), RPC_MSGPACK, name, &a, &f),
			 FAIL_E_FAILED);
	assert_string_equal(f.ref, "name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allowed_is_read_back),
		cmocka_unit_test(what_is_absent_or_null_gives_the_fallback),
		cmocka_unit_test(positions_do_as_well_as_names),
		cmocka_unit_test(no_parameters_are_fine_where_none_is_required),
		cmocka_unit_test(what_is_not_allowed_is_refused_with_its_name_and_what_is),
		cmocka_unit_test(a_mistyped_name_is_answered_with_the_nearest_one),
		cmocka_unit_test(a_real_without_a_fraction_is_an_integer),
		cmocka_unit_test(raw_bytes_are_bytes_but_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
