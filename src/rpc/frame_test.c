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
#include "rpc/frame.h"

#define MAX_BYTES 10

/* What came out, as text: a line for each message, `!` for an oversized one. */
static void drain(struct rpc_framer *f, struct buf *events)
{
	const char *p;
	size_t n;
	int r;

	while ((r = rpc_framer_next(f, &p, &n)) != RPC_FRAME_E_MORE) {
		if (r == 0) {
			buf_put(events, p, n);
		} else {
			buf_put_char(events, '!');
		}
		buf_put_char(events, '\n');
	}
}

static void feed(struct rpc_framer *f, const char *p, size_t n)
{
	char *room = rpc_framer_reserve(f, n);

	assert_non_null(room);
	memcpy(room, p, n);
	rpc_framer_commit(f, n);
}

static void assert_events(struct buf *events, const char *want)
{
	if (buf_len(events) != strlen(want) || memcmp(buf_data(events), want, strlen(want)) != 0)
		fail_msg("\"%.*s\", not \"%s\"", (int)buf_len(events), buf_data(events), want);
	buf_fini(events);
}

/* Feeds @p in pieces of every size, and in two pieces cut at every place. */
static void assert_cut_anywhere(enum rpc_encoding enc, const char *p, size_t n, const char *want)
{
	for (size_t cut = 0; cut <= n; cut++) {
		struct buf events = BUF_INIT;
		struct rpc_framer f;

		rpc_framer_init(&f, enc, MAX_BYTES);
		if (cut)
			feed(&f, p, cut);
		drain(&f, &events);
		if (cut < n)
			feed(&f, p + cut, n - cut);
		drain(&f, &events);
		assert_events(&events, want);
		rpc_framer_fini(&f);
	}
	for (size_t piece = 1; piece <= n; piece++) {
		struct buf events = BUF_INIT;
		struct rpc_framer f;

		rpc_framer_init(&f, enc, MAX_BYTES);
		for (size_t at = 0; at < n; at += piece) {
			feed(&f, p + at, n - at < piece ? n - at : piece);
			drain(&f, &events);
			assert_true(buf_len(&f.in) <= MAX_BYTES + 4 + piece);
		}
		assert_events(&events, want);
		rpc_framer_fini(&f);
	}
}

#define JSON(s) RPC_JSON, (s), sizeof(s) - 1
#define PACKED(s) RPC_MSGPACK, (s), sizeof(s) - 1

static void lines_are_messages_however_they_are_split(void **state)
{
	(void)state;
	assert_cut_anywhere(JSON("one\ntwo\r\n\n\r\nthree\nrest"), "one\ntwo\nthree\n");
	assert_cut_anywhere(JSON("\r\r\n\rx\n"), "\r\n\rx\n");
}

static void an_oversized_line_is_skipped_and_said_once(void **state)
{
	(void)state;
	assert_cut_anywhere(JSON("0123456789\n"), "0123456789\n");
	assert_cut_anywhere(JSON("0123456789\r\n"), "0123456789\n");
	assert_cut_anywhere(JSON("0123456789A\n"), "!\n");
	assert_cut_anywhere(JSON("0123456789\r\r\n"), "!\n");
	assert_cut_anywhere(JSON("a\n0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\nb\n"), "a\n!\nb\n");
	assert_cut_anywhere(JSON("0123456789ABCDEF\n0123456789ABCDEF\nb\n"), "!\n!\nb\n");
}

static void packets_are_messages_however_they_are_split(void **state)
{
	(void)state;
	assert_cut_anywhere(PACKED("\0\0\0\3one\0\0\0\0\0\0\0\3two\0\0\0\5par"), "one\n\ntwo\n");
}

static void an_oversized_packet_is_skipped_and_said_once(void **state)
{
	(void)state;
	assert_cut_anywhere(PACKED("\0\0\0\12"
				   "0123456789"),
			    "0123456789\n");
	assert_cut_anywhere(PACKED("\0\0\0\13"
				   "0123456789A\0\0\0\1b"),
			    "!\nb\n");
	assert_cut_anywhere(PACKED("\0\0\0\1a\0\0\0\13"
				   "0123456789A\0\0\0\13"
				   "0123456789A\0\0\0\1b"),
			    "a\n!\n!\nb\n");
	assert_cut_anywhere(PACKED("\xff\xff\xff\xff"
				   "0123456789A\0\0\0\1b"),
			    "!\n");
}

static void an_endless_line_never_takes_more_than_one_read_beyond_the_limit(void **state)
{
	static char junk[4096];
	struct buf events = BUF_INIT;
	struct rpc_framer f;

	(void)state;
	memset(junk, 'j', sizeof junk);
	rpc_framer_init(&f, RPC_JSON, 65536);
	for (int i = 0; i < 1000; i++) {
		feed(&f, junk, sizeof junk);
		drain(&f, &events);
		assert_true(buf_len(&f.in) <= 65536 + sizeof junk);
	}
	assert_true(f.in.size <= 262144);
	feed(&f, "\nok\n", 4);
	drain(&f, &events);
	assert_events(&events, "!\nok\n");
	rpc_framer_fini(&f);
}

static void a_large_message_is_not_scanned_again_with_every_piece(void **state)
{
	static char junk[1024];
	struct rpc_framer f;
	const char *p;
	size_t n;

	(void)state;
	memset(junk, 'j', sizeof junk);
	rpc_framer_init(&f, RPC_JSON, RPC_MAX_REQUEST);
	for (int i = 0; i < 4096; i++) {
		feed(&f, junk, sizeof junk);
		assert_int_equal(rpc_framer_next(&f, &p, &n), RPC_FRAME_E_MORE);
		assert_int_equal(f.scanned, buf_len(&f.in));
	}
	feed(&f, "\n", 1);
	assert_int_equal(rpc_framer_next(&f, &p, &n), 0);
	assert_int_equal(n, RPC_MAX_REQUEST);
	rpc_framer_fini(&f);
}

static void the_room_of_a_large_message_is_given_back(void **state)
{
	struct rpc_framer f;
	const char *p;
	char *room;
	size_t n;

	(void)state;
	rpc_framer_init(&f, RPC_JSON, RPC_MAX_REQUEST);
	room = rpc_framer_reserve(&f, 1000001);
	assert_non_null(room);
	memset(room, 'x', 1000000);
	room[1000000] = '\n';
	rpc_framer_commit(&f, 1000001);
	assert_int_equal(rpc_framer_next(&f, &p, &n), 0);
	assert_int_equal(p[n - 1], 'x');
	assert_int_equal(rpc_framer_next(&f, &p, &n), RPC_FRAME_E_MORE);
	assert_int_equal(f.in.size, 0);
	rpc_framer_fini(&f);
}

static void the_encoding_changes_between_two_messages(void **state)
{
	static const char stream[] = "hello\n\0\0\0\3two";
	struct buf events = BUF_INIT;
	struct rpc_framer f;
	const char *p;
	size_t n;

	(void)state;
	rpc_framer_init(&f, RPC_JSON, MAX_BYTES);
	feed(&f, stream, sizeof stream - 1);
	assert_int_equal(rpc_framer_next(&f, &p, &n), 0);
	assert_int_equal(n, 5);
	rpc_framer_set_encoding(&f, RPC_MSGPACK);
	drain(&f, &events);
	assert_events(&events, "two\n");
	rpc_framer_fini(&f);
}

static void what_is_framed_is_cut_out_again(void **state)
{
	static const enum rpc_encoding encodings[] = { RPC_JSON, RPC_MSGPACK };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT, events = BUF_INIT;
		struct rpc_framer f;
		size_t mark;

		for (int k = 0; k < 3; k++) {
			mark = rpc_frame_begin(encodings[i], &out);
			buf_printf(&out, "msg %d", k);
			rpc_frame_end(encodings[i], &out, mark);
		}
		assert_cut_anywhere(encodings[i], buf_data(&out), buf_len(&out),
				    "msg 0\nmsg 1\nmsg 2\n");
		/* The mark survives the buffer's moving. */
		buf_consume(&out, 1);
		mark = rpc_frame_begin(encodings[i], &out);
		buf_printf(&out, "%9d", 7);
		rpc_frame_end(encodings[i], &out, mark);
		buf_consume(&out, mark);
		rpc_framer_init(&f, encodings[i], MAX_BYTES);
		feed(&f, buf_data(&out), buf_len(&out));
		drain(&f, &events);
		assert_events(&events, "        7\n");
		rpc_framer_fini(&f);
		buf_fini(&out);
	}
}

static void a_frame_that_memory_cut_short_is_taken_back(void **state)
{
	static const enum rpc_encoding encodings[] = { RPC_JSON, RPC_MSGPACK };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (long n = 0; n < 5; n++) {
			struct buf out = BUF_INIT;
			size_t mark;

			buf_put_str(&out, "before");
			mem_fail_after(n);
			mark = rpc_frame_begin(encodings[i], &out);
			for (int k = 0; k < 1000; k++)
				buf_put_char(&out, 'x');
			rpc_frame_end(encodings[i], &out, mark);
			mem_fail_after(-1);
			if (buf_check(&out) < 0) {
				buf_truncate(&out, mark);
				assert_int_equal(buf_len(&out), 6);
			} else {
				assert_true(buf_len(&out) > 1006);
			}
			buf_fini(&out);
		}
	}
}

static void without_memory_there_is_no_room_and_nothing_is_lost(void **state)
{
	struct buf events = BUF_INIT;
	struct rpc_framer f;

	(void)state;
	rpc_framer_init(&f, RPC_JSON, MAX_BYTES);
	feed(&f, "ab", 2);
	mem_fail_after(0);
	assert_null(rpc_framer_reserve(&f, 1000));
	mem_fail_after(-1);
	feed(&f, "c\n", 2);
	drain(&f, &events);
	assert_events(&events, "abc\n");
	rpc_framer_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_messages_however_they_are_split),
		cmocka_unit_test(an_oversized_line_is_skipped_and_said_once),
		cmocka_unit_test(packets_are_messages_however_they_are_split),
		cmocka_unit_test(an_oversized_packet_is_skipped_and_said_once),
		cmocka_unit_test(an_endless_line_never_takes_more_than_one_read_beyond_the_limit),
		cmocka_unit_test(a_large_message_is_not_scanned_again_with_every_piece),
		cmocka_unit_test(the_room_of_a_large_message_is_given_back),
		cmocka_unit_test(the_encoding_changes_between_two_messages),
		cmocka_unit_test(what_is_framed_is_cut_out_again),
		cmocka_unit_test(a_frame_that_memory_cut_short_is_taken_back),
		cmocka_unit_test(without_memory_there_is_no_room_and_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
