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
#include "rpc/writer.h"

static const enum rpc_encoding encodings[] = { RPC_JSON, RPC_MSGPACK };

static int count_json_memory(void **state)
{
	(void)state;
	json_set_alloc_funcs(mem_alloc, mem_free);
	return 0;
}

static json_t *parse(enum rpc_encoding enc, const struct buf *b)
{
	json_t *v = NULL;
	struct fail f;

	assert_int_equal(buf_check(b), 0);
	if (rpc_value_parse(enc, buf_data(b), buf_len(b), &v, &f) != 0)
		fail_msg("cannot read back \"%.*s\": %s", (int)buf_len(b), buf_data(b), f.detail);
	return v;
}

static void assert_text(const struct buf *b, const char *text)
{
	if (buf_len(b) != strlen(text) || memcmp(buf_data(b), text, strlen(text)) != 0)
		fail_msg("\"%.*s\", not \"%s\"", (int)buf_len(b), buf_data(b), text);
}

/* Every verb once. */
static void write_everything(struct rpc_writer *w)
{
	rpc_map_begin(w);
	rpc_kv_bool(w, "yes", true);
	rpc_kv_bool(w, "no", false);
	rpc_kv_int(w, "least", INT64_MIN);
	rpc_kv_int(w, "minus", -1);
	rpc_kv_uint(w, "most", INT64_MAX);
	rpc_kv_real(w, "half", 0.5);
	rpc_kv_real(w, "two", 2.0);
	rpc_kv_str(w, "text", "a\"b\\c\n\x01\x7f\xc3\xa9");
	rpc_kv_str(w, "none", NULL);
	rpc_keyn(w, "any\"key!", 7);
	rpc_strn(w, "a\0b", 3);
	rpc_key(w, "list");
	rpc_array_begin(w);
	rpc_null(w);
	rpc_array_begin(w);
	rpc_array_end(w);
	rpc_map_begin(w);
	rpc_map_end(w);
	rpc_int(w, 7);
	rpc_array_end(w);
	rpc_map_end(w);
}

static void json_is_written_as_one_would_by_hand(void **state)
{
	struct buf out = BUF_INIT;
	struct rpc_writer w;

	(void)state;
	rpc_writer_init(&w, RPC_JSON, &out);
	write_everything(&w);
	assert_text(&out, "{\"yes\":true,\"no\":false,\"least\":-9223372036854775808,\"minus\":-1,"
			  "\"most\":9223372036854775807,\"half\":0.5,\"two\":2.0,"
			  "\"text\":\"a\\\"b\\\\c\\u000a\\u0001\x7f\xc3\xa9\",\"none\":null,"
			  "\"any\\\"key\":\"a\\u0000b\",\"list\":[null,[],{},7]}");
	buf_fini(&out);
}

static void both_encodings_say_the_same(void **state)
{
	json_t *v[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		struct rpc_writer w;

		rpc_writer_init(&w, encodings[i], &out);
		write_everything(&w);
		v[i] = parse(encodings[i], &out);
		buf_fini(&out);
	}
	assert_int_equal(json_object_size(v[0]), 11);
	assert_true(json_equal(v[0], v[1]));
	json_decref(v[0]);
	json_decref(v[1]);
}

static void a_message_may_follow_others_and_move_with_its_buffer(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buf out = BUF_INIT;
		struct rpc_writer w;
		json_t *v;

		/* Once with room, so that the front stays consumed, once without. */
		if (i / 2)
			assert_non_null(buf_reserve(&out, 4096));
		buf_printf(&out, "%50s", "other");
		buf_consume(&out, 49);
		rpc_writer_init(&w, encodings[i % 2], &out);
		write_everything(&w);
		buf_consume(&out, 1);
		v = parse(encodings[i % 2], &out);
		assert_int_equal(json_object_size(v), 11);
		json_decref(v);
		buf_fini(&out);
	}
}

static void bytes_come_back_whichever_way_they_were_cut(void **state)
{
	uint8_t bytes[300];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t cut = 0; cut <= sizeof bytes; cut += 23) {
		for (size_t i = 0; i < 2; i++) {
			struct buf out = BUF_INIT, back = BUF_INIT;
			struct rpc_writer w;
			json_t *v;

			rpc_writer_init(&w, encodings[i], &out);
			rpc_bytes2(&w, bytes, cut, bytes + cut, sizeof bytes - cut);
			v = parse(encodings[i], &out);
			assert_int_equal(rpc_value_bytes(encodings[i], v, &back), 0);
			assert_int_equal(buf_len(&back), sizeof bytes);
			assert_memory_equal(buf_data(&back), bytes, sizeof bytes);
			json_decref(v);
			buf_fini(&out);
			buf_fini(&back);
		}
	}
}

static void no_bytes_are_a_value_too(void **state)
{
	struct buf out = BUF_INIT;
	struct rpc_writer w;

	(void)state;
	rpc_writer_init(&w, RPC_JSON, &out);
	rpc_bytes(&w, NULL, 0);
	assert_text(&out, "\"\"");
	buf_clear(&out);
	rpc_writer_init(&w, RPC_MSGPACK, &out);
	rpc_bytes(&w, NULL, 0);
	assert_int_equal(buf_len(&out), 2);
	assert_memory_equal(buf_data(&out), "\xc4\x00", 2);
	buf_fini(&out);
}

static void text_that_is_not_utf8_leaves_as_replacements_in_both(void **state)
{
	static const char bad[] = "ok\xff\xe2\x82z\xc3";
	static const char want[] = "ok\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd";

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		struct rpc_writer w;
		json_t *v;

		rpc_writer_init(&w, encodings[i], &out);
		rpc_str(&w, bad);
		v = parse(encodings[i], &out);
		assert_string_equal(json_string_value(v), want);
		json_decref(v);
		buf_fini(&out);
	}
}

static void reals_come_back_exactly_and_as_reals(void **state)
{
	static const double reals[] = { 0.0,
					1.0,
					-1.0,
					0.1,
					1.0 / 3,
					1e300,
					-1e-300,
					5e-324,
					123456789012345678.0,
					1e15,
					1e16,
					1e17,
					0.3,
					1.7976931348623157e308,
					2.2250738585072014e-308 };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(reals); k++) {
		for (size_t i = 0; i < 2; i++) {
			struct buf out = BUF_INIT;
			struct rpc_writer w;
			json_t *v;

			rpc_writer_init(&w, encodings[i], &out);
			rpc_real(&w, reals[k]);
			v = parse(encodings[i], &out);
			assert_true(json_is_real(v));
			assert_true(json_real_value(v) == reals[k]);
			json_decref(v);
			buf_fini(&out);
		}
	}
}

static void a_real_that_json_cannot_say_is_null(void **state)
{
	static const double reals[] = { __builtin_inf(), -__builtin_inf(), __builtin_nan("") };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(reals); k++) {
		for (size_t i = 0; i < 2; i++) {
			struct buf out = BUF_INIT;
			struct rpc_writer w;
			json_t *v;

			rpc_writer_init(&w, encodings[i], &out);
			rpc_real(&w, reals[k]);
			v = parse(encodings[i], &out);
			assert_true(json_is_null(v));
			json_decref(v);
			buf_fini(&out);
		}
	}
}

static uint64_t seed = 1;

static uint64_t draw(uint64_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % below;
}

static json_t *random_string(void)
{
	static const char *const pieces[] = { "a",     "\"",       "\\",
					      "\n",    "\xc3\xa9", "\xf0\x9f\x98\x80",
					      "zz zz", "</",       "\x7f" };
	size_t n = (size_t)draw(60);
	struct buf text = BUF_INIT;
	json_t *v;

	for (size_t i = 0; i < n; i++)
		buf_put_str(&text, pieces[draw(ARRAY_LEN(pieces))]);
	v = json_stringn(buf_data(&text), buf_len(&text));
	buf_fini(&text);
	return v;
}

static json_t *random_tree(unsigned depth);

static json_t *random_container(unsigned depth)
{
	size_t n = (size_t)draw(20);
	json_t *v;

	if (draw(2)) {
		v = json_array();
		for (size_t i = 0; i < n; i++)
			json_array_append_new(v, random_tree(depth - 1));
		return v;
	}
	v = json_object();
	for (size_t i = 0; i < n; i++) {
		char key[20];

		(void)snprintf(key, sizeof key, "k\"%u", (unsigned)draw(1000));
		json_object_set_new(v, key, random_tree(depth - 1));
	}
	return v;
}

static json_t *random_tree(unsigned depth)
{
	switch (draw(depth ? 9 : 6)) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(draw(2));
	case 2:
		return json_integer((int64_t)(draw(1u << 31) << draw(32)) - (int64_t)draw(1000));
	case 3:
		return json_real((double)draw(1u << 30) / 7);
	case 4:
	case 5:
		return random_string();
	default:
		return random_container(depth);
	}
}

static void trees_come_back_as_they_were(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		json_t *v = random_tree(5);

		for (size_t i = 0; i < 2; i++) {
			struct buf out = BUF_INIT;
			struct rpc_writer w;
			json_t *back;

			rpc_writer_init(&w, encodings[i], &out);
			rpc_json(&w, v);
			back = parse(encodings[i], &out);
			assert_true(json_equal(v, back));
			json_decref(back);
			buf_fini(&out);
		}
		json_decref(v);
	}
}

static void long_lists_and_texts_come_back(void **state)
{
	static const size_t lengths[] = { 15, 16, 31, 32, 255, 256, 65535, 65536 };
	static char text[65536];

	(void)state;
	memset(text, 't', sizeof text);
	for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
		for (size_t i = 0; i < 2; i++) {
			struct buf out = BUF_INIT;
			struct rpc_writer w;
			json_t *v;

			rpc_writer_init(&w, encodings[i], &out);
			rpc_array_begin(&w);
			rpc_strn(&w, text, lengths[k]);
			for (size_t n = 1; n < lengths[k]; n++)
				rpc_uint(&w, n);
			rpc_array_end(&w);
			v = parse(encodings[i], &out);
			assert_int_equal(json_array_size(v), lengths[k]);
			assert_int_equal(json_string_length(json_array_get(v, 0)), lengths[k]);
			json_decref(v);
			buf_fini(&out);
		}
	}
}

static void a_tree_of_full_depth_fits_inside_open_containers(void **state)
{
	json_t *v = json_integer(1);
	struct buf out = BUF_INIT;

	(void)state;
	for (int i = 0; i < RPC_MAX_DEPTH; i++) {
		json_t *outer = json_array();

		json_array_append_new(outer, v);
		v = outer;
	}
	for (size_t i = 0; i < 2; i++) {
		struct rpc_writer w;

		buf_clear(&out);
		rpc_writer_init(&w, encodings[i], &out);
		for (int k = 0; k < RPC_WRITER_DEPTH; k++)
			rpc_array_begin(&w);
		rpc_json(&w, v);
		rpc_json(&w, NULL);
		for (int k = 0; k < RPC_WRITER_DEPTH; k++)
			rpc_array_end(&w);
		assert_int_equal(buf_check(&out), 0);
	}
	json_decref(v);
	buf_fini(&out);
}

static void every_single_failing_allocation_is_seen_at_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		bool was_whole = false;

		for (long n = 0; !was_whole; n++) {
			struct buf out = BUF_INIT;
			struct rpc_writer w;

			mem_fail_after(n);
			rpc_writer_init(&w, encodings[i], &out);
			write_everything(&w);
			mem_fail_after(-1);
			was_whole = buf_check(&out) == 0;
			buf_fini(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_written_as_one_would_by_hand),
		cmocka_unit_test(both_encodings_say_the_same),
		cmocka_unit_test(a_message_may_follow_others_and_move_with_its_buffer),
		cmocka_unit_test(bytes_come_back_whichever_way_they_were_cut),
		cmocka_unit_test(no_bytes_are_a_value_too),
		cmocka_unit_test(text_that_is_not_utf8_leaves_as_replacements_in_both),
		cmocka_unit_test(reals_come_back_exactly_and_as_reals),
		cmocka_unit_test(a_real_that_json_cannot_say_is_null),
		cmocka_unit_test(trees_come_back_as_they_were),
		cmocka_unit_test(long_lists_and_texts_come_back),
		cmocka_unit_test(a_tree_of_full_depth_fits_inside_open_containers),
		cmocka_unit_test(every_single_failing_allocation_is_seen_at_the_end),
	};

	return cmocka_run_group_tests(tests, count_json_memory, NULL);
}
