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

/* RFC 4648, section 10. */
static const struct {
	const char *bytes, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/" },
};

static void assert_holds(const struct buf *b, const void *p, size_t n)
{
	assert_int_equal(buf_check(b), 0);
	assert_int_equal(buf_len(b), n);
	assert_memory_equal(buf_data(b), p, n);
}

static void the_vectors_of_the_standard_hold_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const char *bytes = vectors[i].bytes, *text = vectors[i].text;
		struct buf out = BUF_INIT, in = BUF_INIT;

		base64_encode(bytes, strlen(bytes), &out);
		assert_holds(&out, text, strlen(text));
		assert_int_equal(base64_decode(text, strlen(text), &in), 0);
		assert_holds(&in, bytes, strlen(bytes));
		buf_fini(&out);
		buf_fini(&in);
	}
}

static void random_bytes_come_back(void **state)
{
	struct buf text = BUF_INIT, back = BUF_INIT;
	uint8_t bytes[300];
	size_t len;

	(void)state;
	srand(1);
	for (int round = 0; round < 3000; round++) {
		size_t n = (size_t)rand() % sizeof bytes;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)rand();
		buf_clear(&text);
		buf_clear(&back);
		base64_encode(bytes, n, &text);
		assert_int_equal(buf_len(&text), BASE64_LEN(n));
		assert_true(base64_is_valid(buf_data(&text), buf_len(&text), &len));
		assert_int_equal(len, n);
		assert_int_equal(base64_decode(buf_data(&text), buf_len(&text), &back), 0);
		assert_holds(&back, bytes, n);
	}
	buf_fini(&text);
	buf_fini(&back);
}

static void two_pieces_are_written_as_if_they_were_one(void **state)
{
	static const char bytes[] = "0123456789abcdef";

	(void)state;
	for (size_t n = 0; n < sizeof bytes; n++) {
		struct buf whole = BUF_INIT;

		base64_encode(bytes, n, &whole);
		for (size_t cut = 0; cut <= n; cut++) {
			struct buf out = BUF_INIT;

			base64_encode2(bytes, cut, bytes + cut, n - cut, &out);
			assert_holds(&out, buf_data(&whole), buf_len(&whole));
			buf_fini(&out);
		}
		buf_fini(&whole);
	}
}

static void what_is_not_strict_base64_is_refused_and_appends_nothing(void **state)
{
	static const char *const bad[] = {
		"A",    "AA",       "AAA",      "AAAAA", "=",       "====",     "A===",
		"AA=A", "AAA=AAAA", "AA==AAAA", "=AAA",  "Zg=",     "Zg==\n",   " Zg==",
		"Zh==", "Zm9=",     "AAA\n",    "AA-_",  "A\x80zz", "AAAA====", "AAA==",
	};
	struct buf out = BUF_INIT;
	size_t len;

	(void)state;
	buf_put_char(&out, 'x');
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (base64_decode(bad[i], strlen(bad[i]), &out) != BASE64_E_INVALID)
			fail_msg("\"%s\" was decoded", bad[i]);
		if (base64_is_valid(bad[i], strlen(bad[i]), &len))
			fail_msg("\"%s\" is said to be valid", bad[i]);
	}
	assert_holds(&out, "x", 1);
	assert_int_equal(base64_decode("AA\0A", 4, &out), BASE64_E_INVALID);
	buf_fini(&out);
}

static void one_wrong_character_is_found_wherever_it_is(void **state)
{
	char text[64];
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof text; i++) {
		memset(text, 'Q', sizeof text);
		text[i] = '*';
		assert_int_equal(base64_decode(text, sizeof text, &out), BASE64_E_INVALID);
	}
	assert_int_equal(buf_len(&out), 0);
	buf_fini(&out);
}

static void without_memory_nothing_is_appended(void **state)
{
	char text[400];
	struct buf out = BUF_INIT;

	(void)state;
	memset(text, 'Q', sizeof text);
	mem_fail_after(0);
	assert_true(base64_decode(text, sizeof text, &out) < 0);
	assert_int_equal(buf_len(&out), 0);
	base64_encode(text, sizeof text, &out);
	mem_fail_after(-1);
	assert_true(buf_check(&out) < 0);
	assert_int_equal(buf_len(&out), 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_standard_hold_both_ways),
		cmocka_unit_test(random_bytes_come_back),
		cmocka_unit_test(two_pieces_are_written_as_if_they_were_one),
		cmocka_unit_test(what_is_not_strict_base64_is_refused_and_appends_nothing),
		cmocka_unit_test(one_wrong_character_is_found_wherever_it_is),
		cmocka_unit_test(without_memory_nothing_is_appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
