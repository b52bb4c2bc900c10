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
#include "rpc/base64.h"
#include "rpc/value.h"

/* jansson's memory, made to fail like ours. */
static int count_json_memory(void **state)
{
	(void)state;
	json_set_alloc_funcs(mem_alloc, mem_free);
	return 0;
}

static json_t *parse(enum rpc_encoding enc, const void *p, size_t n)
{
	json_t *v = NULL;
	struct fail f;
	int r = rpc_value_parse(enc, p, n, &v, &f);

	if (r)
		fail_msg("refused: %s", r > 0 ? f.detail : "fault");
	return v;
}

static void assert_refused(enum rpc_encoding enc, const void *p, size_t n, enum fail_code code,
			   const char *detail)
{
	json_t *v = NULL;
	struct fail f;

	assert_int_equal(rpc_value_parse(enc, p, n, &v, &f), FAIL_E_FAILED);
	assert_null(v);
	if (f.code != code || !strstr(f.detail, detail))
		fail_msg("%s: \"%s\", not \"%s\"", fail_kind(f.code)->name, f.detail, detail);
}

static void assert_json_refused(const char *text, enum fail_code code, const char *detail)
{
	assert_refused(RPC_JSON, text, strlen(text), code, detail);
}

#define PACKED(s) (s), sizeof(s) - 1

static void json_of_every_type_becomes_a_tree(void **state)
{
	static const char text[] = " {\"a\":[1,-2,1.5,true,false,null,\"x\\u00e9\"]}\t";
	json_auto_t *v = parse(RPC_JSON, text, strlen(text));
	json_auto_t *want = json_pack("{s:[i,i,f,b,b,n,s]}", "a", 1, -2, 1.5, 1, 0, "x\xc3\xa9");

	(void)state;
	assert_true(json_equal(v, want));
}

static void a_bare_scalar_is_a_message_too(void **state)
{
	json_auto_t *v = parse(RPC_JSON, "7", 1);

	(void)state;
	assert_int_equal(json_integer_value(v), 7);
}

static void broken_json_is_refused_with_its_position(void **state)
{
	(void)state;
	assert_json_refused("", FAIL_PARSE_ERROR, "line 1, column 0: ");
	assert_json_refused("{\"a\":}", FAIL_PARSE_ERROR, "line 1, column 6: ");
	assert_json_refused("[1,\n 2,,3]", FAIL_PARSE_ERROR, "line 2, column 4: ");
	assert_json_refused("[1] x", FAIL_PARSE_ERROR, "line 1, column 5: ");
	assert_json_refused("[1][2]", FAIL_PARSE_ERROR, "line 1, column 4: ");
	assert_json_refused("[NaN]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[Infinity]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[1,]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[01]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("['a']", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[\"a", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[\"a\\", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[\"\\ud800\"]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[\"\x01\"]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[\"\xff\"]", FAIL_PARSE_ERROR, "line ");
	assert_json_refused("[\"\xc0\xaf\"]", FAIL_PARSE_ERROR, "line ");
	assert_json_refused("[1e999]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("[9223372036854775808]", FAIL_PARSE_ERROR, "line 1, ");
	assert_json_refused("}{", FAIL_PARSE_ERROR, "line 1, ");
	assert_refused(RPC_JSON, "[1]\0", 4, FAIL_PARSE_ERROR, "line 1, ");
}

static void duplicate_keys_are_refused_in_both_encodings(void **state)
{
	(void)state;
	assert_json_refused("{\"a\":1,\"b\":2,\"a\":3}", FAIL_PARSE_ERROR, "duplicate");
	assert_refused(RPC_MSGPACK,
		       PACKED("\x82\xa1"
			      "a\x01\xa1"
			      "a\x02"),
		       FAIL_PARSE_ERROR, "byte 5: duplicate key");
}

static void a_nul_may_be_in_a_string_but_not_in_a_key(void **state)
{
	json_auto_t *a = parse(RPC_JSON, "\"a\\u0000b\"", 10);
	json_auto_t *b = parse(RPC_MSGPACK, PACKED("\xa3"
						   "a\0b"));

	(void)state;
	assert_int_equal(json_string_length(a), 3);
	assert_true(json_equal(a, b));
	assert_json_refused("{\"a\\u0000b\":1}", FAIL_PARSE_ERROR, "NUL");
	assert_refused(RPC_MSGPACK,
		       PACKED("\x81\xa2"
			      "a\0\x01"),
		       FAIL_PARSE_ERROR, "NUL");
}

static void fill(char *p, size_t n, char open, char close)
{
	memset(p, open, n);
	memset(p + n, close, n);
}

static void nesting_is_allowed_up_to_the_limit_and_no_further(void **state)
{
	char json[2 * RPC_MAX_DEPTH + 2], packed[RPC_MAX_DEPTH + 1];
	json_t *v;

	(void)state;
	fill(json, RPC_MAX_DEPTH, '[', ']');
	v = parse(RPC_JSON, json, (size_t)2 * RPC_MAX_DEPTH);
	assert_int_equal(rpc_value_depth(v), RPC_MAX_DEPTH);
	json_decref(v);
	fill(json, RPC_MAX_DEPTH + 1, '[', ']');
	assert_refused(RPC_JSON, json, sizeof json, FAIL_INVALID_REQUEST, "byte 32: nested");

	memset(packed, '\x91', sizeof packed);
	packed[RPC_MAX_DEPTH - 1] = '\x90';
	v = parse(RPC_MSGPACK, packed, RPC_MAX_DEPTH);
	assert_int_equal(rpc_value_depth(v), RPC_MAX_DEPTH);
	json_decref(v);
	packed[RPC_MAX_DEPTH - 1] = '\x91';
	packed[RPC_MAX_DEPTH] = '\x90';
	assert_refused(RPC_MSGPACK, packed, sizeof packed, FAIL_INVALID_REQUEST, "nested");
}

static void brackets_inside_strings_do_not_nest(void **state)
{
	char json[200];
	size_t n = 0;
	json_t *v;

	(void)state;
	json[n++] = '"';
	json[n++] = '\\';
	json[n++] = '"';
	memset(json + n, '[', 100);
	n += 100;
	json[n++] = '"';
	v = parse(RPC_JSON, json, n);
	assert_int_equal(json_string_length(v), 101);
	json_decref(v);
}

static void a_hundred_thousand_open_brackets_are_harmless(void **state)
{
	static char text[100000];

	(void)state;
	memset(text, '[', sizeof text);
	assert_refused(RPC_JSON, text, sizeof text, FAIL_INVALID_REQUEST, "nested");
	memset(text, '\x91', sizeof text);
	assert_refused(RPC_MSGPACK, text, sizeof text, FAIL_INVALID_REQUEST, "nested");
	memset(text, '\xdd', sizeof text);
	assert_refused(RPC_MSGPACK, text, sizeof text, FAIL_INVALID_REQUEST, "nested");
}

static void the_number_of_values_is_bounded(void **state)
{
	static char text[2 * RPC_MAX_VALUES + 10];
	static const uint8_t array32[] = { 0xdd, 0, RPC_MAX_VALUES >> 16, 0, 0 };
	size_t n = 0;

	(void)state;
	text[n++] = '[';
	for (size_t i = 0; i < RPC_MAX_VALUES; i++) {
		text[n++] = '1';
		text[n++] = ',';
	}
	text[n - 1] = ']';
	assert_refused(RPC_JSON, text, n, FAIL_INVALID_REQUEST, "values");
	memset(text, 1, sizeof text);
	memcpy(text, array32, sizeof array32);
	assert_refused(RPC_MSGPACK, text, RPC_MAX_VALUES + sizeof array32, FAIL_INVALID_REQUEST,
		       "values");
}

static void messagepack_of_every_format_becomes_a_tree(void **state)
{
	static const char packed[] =
		"\xdc\x00\x16"                             /* array16 of 22 */
		"\x07\xff\xc0\xc2\xc3"                     /* 7 -1 nil false true */
		"\xcc\xff\xcd\x01\x00\xce\x00\x01\x00\x00" /* 255 256 65536 */
		"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"     /* 2^63 - 1 */
		"\xd0\x80\xd1\x80\x00\xd2\x80\x00\x00\x00" /* -128 -32768 -2^31 */
		"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"     /* -2^63 */
		"\xca\x3f\xc0\x00\x00"                     /* 1.5f */
		"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"     /* 1.5 */
		"\xa1x\xd9\x01x\xda\x00\x01x\xdb\x00\x00\x00\x01x"
		"\xc4\x01\xff"       /* bin8 */
		"\x80\x81\xa1k\x90"; /* {} {"k":[]} */
	json_auto_t *v = parse(RPC_MSGPACK, PACKED(packed));

	(void)state;
	assert_int_equal(json_array_size(v), 22);
	assert_int_equal(json_integer_value(json_array_get(v, 1)), -1);
	assert_int_equal(json_integer_value(json_array_get(v, 7)), 65536);
	assert_true(json_integer_value(json_array_get(v, 8)) == INT64_MAX);
	assert_true(json_integer_value(json_array_get(v, 12)) == INT64_MIN);
	assert_true(json_real_value(json_array_get(v, 13)) == 1.5);
	assert_true(json_real_value(json_array_get(v, 14)) == 1.5);
	assert_string_equal(json_string_value(json_array_get(v, 18)), "x");
	assert_memory_equal(json_string_value(json_array_get(v, 19)), "\xff", 1);
	assert_true(json_is_object(json_array_get(v, 20)));
}

static void empty_texts_and_keys_are_values_like_any(void **state)
{
	json_auto_t *v = parse(RPC_MSGPACK, PACKED("\x93\xa0\xc4\x00\x81\xa0\xa0"));
	json_auto_t *want = json_pack("[s,s,{s:s}]", "", "", "", "");
	json_auto_t *alone = parse(RPC_MSGPACK, PACKED("\xa0"));

	(void)state;
	assert_true(json_equal(v, want));
	assert_int_equal(json_string_length(alone), 0);
	assert_refused(RPC_MSGPACK, PACKED("\x82\xa0\x01\xa0\x02"), FAIL_PARSE_ERROR, "duplicate");
}

static void broken_messagepack_is_refused_with_its_position(void **state)
{
	(void)state;
	assert_refused(RPC_MSGPACK, "", 0, FAIL_PARSE_ERROR, "byte 0: ");
	assert_refused(RPC_MSGPACK, PACKED("\xc1"), FAIL_PARSE_ERROR, "byte 1: 0xc1");
	assert_refused(RPC_MSGPACK, PACKED("\x01\x02"), FAIL_PARSE_ERROR, "byte 1: bytes behind");
	assert_refused(RPC_MSGPACK, PACKED("\xd4\x01\x02"), FAIL_INVALID_REQUEST, "extension");
	assert_refused(RPC_MSGPACK, PACKED("\xc7\x01\x02\x03"), FAIL_INVALID_REQUEST, "extension");
	assert_refused(RPC_MSGPACK, PACKED("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"),
		       FAIL_PARSE_ERROR, "2^63");
	assert_refused(RPC_MSGPACK, PACKED("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"),
		       FAIL_PARSE_ERROR, "finite");
	assert_refused(RPC_MSGPACK, PACKED("\xca\xff\x80\x00\x00"), FAIL_PARSE_ERROR, "finite");
	assert_refused(RPC_MSGPACK, PACKED("\x92\x01\xa1\xff"), FAIL_PARSE_ERROR,
		       "byte 3: not UTF-8");
	assert_refused(RPC_MSGPACK, PACKED("\x81\x01\x01"), FAIL_PARSE_ERROR, "key");
	assert_refused(RPC_MSGPACK, PACKED("\x81\xc4\x01k\x01"), FAIL_PARSE_ERROR, "key");
	assert_refused(RPC_MSGPACK, PACKED("\x81\xa1\xff\x01"), FAIL_PARSE_ERROR, "UTF-8");
	assert_refused(RPC_MSGPACK, PACKED("\xdd\xff\xff\xff\xff\x01"), FAIL_PARSE_ERROR, "ends");
	assert_refused(RPC_MSGPACK, PACKED("\xdf\xff\xff\xff\xff"), FAIL_PARSE_ERROR, "ends");
	assert_refused(RPC_MSGPACK, PACKED("\xdb\xff\xff\xff\xffzz"), FAIL_PARSE_ERROR, "ends");
	assert_refused(RPC_MSGPACK, PACKED("\xc6\xff\xff\xff\xffzz"), FAIL_PARSE_ERROR, "ends");
}

static void every_cut_of_a_message_is_refused(void **state)
{
	static const char packed[] = "\x83\xa1"
				     "a\x93\x01\xcd\x01\x00\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"
				     "\xa1"
				     "b\xd9\x03xyz\xa1"
				     "c\xc5\x00\x02\xff\xfe";
	static const char json[] = "{\"a\":[1,256,1.5],\"b\":\"x\\n\"}";
	json_t *v = NULL;
	struct fail f;

	(void)state;
	json_decref(parse(RPC_MSGPACK, PACKED(packed)));
	for (size_t n = 0; n < sizeof packed - 1; n++) {
		assert_int_equal(rpc_value_parse(RPC_MSGPACK, packed, n, &v, &f), FAIL_E_FAILED);
		assert_int_equal(f.code, FAIL_PARSE_ERROR);
	}
	json_decref(parse(RPC_JSON, PACKED(json)));
	for (size_t n = 0; n < sizeof json - 1; n++) {
		assert_int_equal(rpc_value_parse(RPC_JSON, json, n, &v, &f), FAIL_E_FAILED);
		assert_int_equal(f.code, FAIL_PARSE_ERROR);
	}
}

static void assert_survives_each_failing_allocation(enum rpc_encoding enc, const char *p, size_t n)
{
	int r = -1;

	for (long i = 0; r; i++) {
		json_t *v = NULL;
		struct fail f;

		mem_fail_after(i);
		r = rpc_value_parse(enc, p, n, &v, &f);
		mem_fail_after(-1);
		if (r > 0)
			fail_msg("allocation %ld failed and was called %s", i, f.detail);
		json_decref(v);
	}
}

static void every_single_failing_allocation_is_a_fault_and_not_a_parse_error(void **state)
{
	static const char json[] =
		"{\"a\":[1,\"two\",{\"three\":3.5}],\"b\":{\"c\":[]},\"d\":null}";
	static const char packed[] = "\x82\xa1"
				     "a\x94\x01\xa3two\x81\xa5three\xcb\x3f\xf8\x00\x00\x00"
				     "\x00\x00\x00\xc4\x01\xff\xa1"
				     "b\x81\xa1"
				     "c\x90";

	(void)state;
	assert_survives_each_failing_allocation(RPC_JSON, PACKED(json));
	assert_survives_each_failing_allocation(RPC_MSGPACK, PACKED(packed));
}

static void bytes_are_base64_in_json_and_raw_in_messagepack(void **state)
{
	json_auto_t *text = json_string("AP8=");
	json_auto_t *raw = parse(RPC_MSGPACK, PACKED("\xc4\x02\x00\xff"));
	json_auto_t *number = json_integer(1);
	json_auto_t *bad = json_string("AP8");
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(rpc_value_bytes(RPC_JSON, text, &out), 0);
	assert_int_equal(rpc_value_bytes(RPC_MSGPACK, raw, &out), 0);
	assert_int_equal(buf_len(&out), 4);
	assert_memory_equal(buf_data(&out), "\0\xff\0\xff", 4);
	assert_int_equal(rpc_value_bytes(RPC_JSON, number, &out), RPC_VALUE_E_INVALID);
	assert_int_equal(rpc_value_bytes(RPC_MSGPACK, number, &out), RPC_VALUE_E_INVALID);
	assert_int_equal(rpc_value_bytes(RPC_JSON, bad, &out), RPC_VALUE_E_INVALID);
	assert_int_equal(buf_len(&out), 4);
	buf_fini(&out);
	mem_fail_after(0);
	assert_true(rpc_value_bytes(RPC_JSON, text, &out) < 0);
	assert_true(rpc_value_bytes(RPC_MSGPACK, raw, &out) < 0);
	mem_fail_after(-1);
	buf_fini(&out);
}

static void depth_counts_containers(void **state)
{
	json_auto_t *v = parse(RPC_JSON, PACKED("{\"a\":[1,{}],\"b\":2}"));

	(void)state;
	assert_int_equal(rpc_value_depth(json_object_get(v, "b")), 0);
	assert_int_equal(rpc_value_depth(json_object_get(v, "a")), 2);
	assert_int_equal(rpc_value_depth(v), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_of_every_type_becomes_a_tree),
		cmocka_unit_test(a_bare_scalar_is_a_message_too),
		cmocka_unit_test(broken_json_is_refused_with_its_position),
		cmocka_unit_test(duplicate_keys_are_refused_in_both_encodings),
		cmocka_unit_test(a_nul_may_be_in_a_string_but_not_in_a_key),
		cmocka_unit_test(nesting_is_allowed_up_to_the_limit_and_no_further),
		cmocka_unit_test(brackets_inside_strings_do_not_nest),
		cmocka_unit_test(a_hundred_thousand_open_brackets_are_harmless),
		cmocka_unit_test(the_number_of_values_is_bounded),
		cmocka_unit_test(messagepack_of_every_format_becomes_a_tree),
		cmocka_unit_test(empty_texts_and_keys_are_values_like_any),
		cmocka_unit_test(broken_messagepack_is_refused_with_its_position),
		cmocka_unit_test(every_cut_of_a_message_is_refused),
		cmocka_unit_test(every_single_failing_allocation_is_a_fault_and_not_a_parse_error),
		cmocka_unit_test(bytes_are_base64_in_json_and_raw_in_messagepack),
		cmocka_unit_test(depth_counts_containers),
	};

	return cmocka_run_group_tests(tests, count_json_memory, NULL);
}
