#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/passthru.h"

/* What comes out, fed whole and byte by byte. */
static void expect(bool wants_no_questions, const char *in, size_t n, const char *want,
		   size_t n_want)
{
	for (int by_byte = 0; by_byte < 2; by_byte++) {
		struct passthru p;
		struct buf out = BUF_INIT;

		passthru_init(&p);
		p.wants_no_questions = wants_no_questions;
		for (size_t i = 0; by_byte && i < n; i++)
			passthru_feed(&p, in + i, 1, &out);
		if (!by_byte)
			passthru_feed(&p, in, n, &out);
		assert_int_equal(buf_len(&out), n_want);
		assert_memory_equal(buf_data(&out), want, n_want);
		buf_fini(&out);
	}
}

static void expect_unchanged(const char *in)
{
	expect(false, in, strlen(in), in, strlen(in));
	expect(true, in, strlen(in), in, strlen(in));
}

static void expect_without(const char *in, const char *want)
{
	expect(false, in, strlen(in), in, strlen(in));
	expect(true, in, strlen(in), want, strlen(want));
}

static void expect_undo(const char *in, const char *want)
{
	struct passthru p;
	struct buf out = BUF_INIT;

	passthru_init(&p);
	passthru_feed(&p, in, strlen(in), &out);
	buf_clear(&out);
	passthru_undo(&p, &out);
	buf_put_char(&out, '\0');
	assert_string_equal(buf_data(&out), want);
	buf_fini(&out);
}

static void what_a_program_prints_comes_out_as_it_is(void **state)
{
	(void)state;
	expect_unchanged("hello\r\n\tworld\a\b");
	expect_unchanged("\033[1;31mred\033[m \033[?1049h\033[2J\033[H");
	expect_unchanged("\033]0;title\a\033]2;title\033\\x");
	expect_unchanged("\033(B\033)0\033#8\033=\033>\0337\0338\033M");
	expect_unchanged("\033P1;2|17/abc\033\\");
	expect_unchanged("gr\303\274\303\237e \342\202\254 \360\237\230\200");
}

static void a_sequence_that_is_broken_off_has_no_effect(void **state)
{
	(void)state;
	expect(false,
	       "\033[3\030"
	       "1mx",
	       7,
	       "\030"
	       "1mx",
	       4);
	expect(false, "a\033\033[mb", 6, "a\033[mb", 5);
	/* while controls within one are carried out */
	expect(false, "\033[3\r1mx", 7, "\r\033[31mx", 7);
}

static void old_questions_are_left_out(void **state)
{
	(void)state;
	expect_without("a\033[cb", "ab");
	expect_without("a\033[>cb\033[=0c", "ab");
	expect_without("\033[6n\033[?6n\033[5n", "");
	expect_without("\033[?2026$p\033[4$p", "");
	expect_without("\033[>q\033[?u\033[?4m", "");
	expect_without("\033[14t\033[18t\033[21t", "");
	expect_without("\033]11;?\a\033]4;1;?\033\\\033]52;c;?\a", "");
	expect_without("\033P$qm\033\\\033P+q544e\033\\", "");
	expect_without("\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\", "");
	expect_without("\033Z\005", "");
	expect_without("\033[1;1;1;1;1;1*y", "");
}

static void what_only_looks_like_a_question_stays(void **state)
{
	(void)state;
	expect_unchanged("\033[!p\033[2 q\033[u\033[>1u\033[<u\033[>4;2m\033[8;24;80t\033[22;0t");
	expect_unchanged("\033]11;#ffffff\a\033]52;c;aGVsbG8=\a\033]8;;http://x/?q=;y\a");
	expect_unchanged("\033[3*x\033[S\033[2S");
}

static void modes_left_on_are_undone(void **state)
{
	(void)state;
	expect_undo("plain text", "");
	expect_undo("\033[?1049h", "\033[?1049l");
	expect_undo("\033[?1049h\033[?1049l", "");
	expect_undo("\033[?25l", "\033[?25h");
	expect_undo("\033[?1002;1006h\033[?2004h", "\033[?1002l\033[?1006l\033[?2004l");
	expect_undo("\033[?1h\033=", "\033[?1l\033>");
	expect_undo("\033[1;31m", "\033[m");
	expect_undo("\033[1;31mx\033[0m", "");
	expect_undo("\033[5;20r", "\0337\033[r\0338");
	expect_undo("\033[>1u\033[>5u\033[<u", "\033[<1u");
	expect_undo("\033[?1000h\033[?25l\033[3m\033c", "");
	expect_undo("\033[3 q", "\033[0 q");
}

static void an_unfinished_sequence_swallows_nothing(void **state)
{
	(void)state;
	expect_undo("\033[?10", "\030");
	expect_undo("\033]0;half a title", "\033\\");
}

static void a_sequence_without_end_costs_no_memory(void **state)
{
	struct passthru p;
	struct buf out = BUF_INIT;
	size_t n = 0;

	(void)state;
	passthru_init(&p);
	passthru_feed(&p, "\033]52;c;", 7, &out);
	for (int i = 0; i < 10000; i++) {
		passthru_feed(&p, "QUJD", 4, &out);
		n += buf_len(&out);
		buf_clear(&out);
	}
	assert_true(n > 39000);
	passthru_feed(&p, "\ax", 2, &out);
	n += buf_len(&out);
	assert_int_equal(n, 7 + 40000 + 2);
	assert_int_equal(p.state, PASSTHRU_GROUND);
	buf_fini(&out);
}

static void garbage_does_no_harm(void **state)
{
	struct passthru p;
	struct buf out = BUF_INIT;
	uint32_t random = 1;

	(void)state;
	passthru_init(&p);
	for (int i = 0; i < 200000; i++) {
		static const char alphabet[] = "\033[]P?>$;:0159ABmhlcu\\\a\030\x80\xff x";
		char c;

		random = random * 1664525 + 1013904223;
		c = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
		p.wants_no_questions = random >> 31;
		passthru_feed(&p, &c, 1, &out);
		assert_true(p.n_seq <= PASSTHRU_MAX);
	}
	assert_true(buf_len(&out) <= 200000);
	buf_clear(&out);
	passthru_undo(&p, &out);
	assert_true(buf_len(&out) < 512);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_prints_comes_out_as_it_is),
		cmocka_unit_test(a_sequence_that_is_broken_off_has_no_effect),
		cmocka_unit_test(old_questions_are_left_out),
		cmocka_unit_test(what_only_looks_like_a_question_stays),
		cmocka_unit_test(modes_left_on_are_undone),
		cmocka_unit_test(an_unfinished_sequence_swallows_nothing),
		cmocka_unit_test(a_sequence_without_end_costs_no_memory),
		cmocka_unit_test(garbage_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
