/* What is found is what a plain walk over the lines finds. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "search/literal.h"
#include "search/needed.h"
#include "search/scan.h"
#include "vt/vt.h"

static size_t squeeze(void *user, const void *src, size_t n, void *dst, size_t size)
{
	size_t r = ZSTD_compress(dst, size, src, n, 1);

	(void)user;
	return ZSTD_isError(r) ? 0 : r;
}

static bool expand(void *user, const void *src, size_t n, void *dst, size_t size)
{
	(void)user;
	return ZSTD_decompress(dst, size, src, n) == size;
}

static const struct vt_compress squeezer = { NULL, squeeze, expand };

/* ---- literals ---- */

static size_t find_plainly(const char *text, size_t n, const char *needle, size_t m, bool fold)
{
	for (size_t i = 0; i + m <= n; i++) {
		if (fold ? strncasecmp(text + i, needle, m) == 0 : memcmp(text + i, needle, m) == 0)
			return i;
	}
	return SIZE_MAX;
}

static void literals_are_found_wherever_they_are(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[100], needle[8];
		size_t n = (size_t)rand_r(&seed) % sizeof text, m = 1 + (size_t)rand_r(&seed) % 7;
		bool is_folded = round & 1;
		struct literal l;

		/* Few letters, so that nearly everything nearly matches. */
		for (size_t i = 0; i < n; i++)
			text[i] = "aAbB_@"[rand_r(&seed) % 6];
		for (size_t i = 0; i < m; i++)
			needle[i] = "aAbB_@"[rand_r(&seed) % 6];
		assert_int_equal(literal_init(&l, needle, m, is_folded), 0);
		for (size_t from = 0; from <= n; from++) {
			size_t wanted = find_plainly(text + from, n - from, needle, m, is_folded);

			assert_int_equal(literal_find(&l, text, n, from),
					 wanted == SIZE_MAX ? SIZE_MAX : wanted + from);
		}
		literal_fini(&l);
	}
}

static void what_an_expression_needs_is_seen(void **state)
{
	static const struct {
		const char *regex, *wanted;
		bool is_caseless;
	} cases[] = {
		{ "error: \\d+", "error: ", false },
		{ "foo|bar", "", false },
		{ "fo+bar", "bar", false },
		{ "fooo*b", "foo", false },
		{ "ab?cde", "cde", false },
		{ "x{2}yz", "yz", false },
		{ "(abcdef)+gh", "gh", false },
		{ "(?i)abc", "", false },
		{ "(?:a|b)cd", "cd", false },
		{ "[abc]def[]x]g", "def", false },
		{ "[[:alpha:]]abc", "", false },
		{ "a\\.b\\/c", "a.b/c", false },
		{ "\\Qa.b\\E", "", false },
		{ "\\x41bc", "", false },
		{ "^abc$", "abc", false },
		{ "a.bcd", "bcd", false },
		{ "time\\s+out", "time", false },
		{ "timeouts now", "timeout", true },
		{ "\xc3\xa4"
		  "bc",
		  "\xc3\xa4"
		  "bc",
		  false },
		{ "\xc3\xa4"
		  "bc",
		  "bc", true },
		{ "b\xc3\xa4?", "b", false },
		{ "a{,5", "", false },
		{ "abc)", "", false },
		{ "(?=abc)def", "def", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		needed_text(cases[i].regex, cases[i].is_caseless, &b);
		assert_int_equal(buf_len(&b), strlen(cases[i].wanted));
		assert_memory_equal(buf_data(&b), cases[i].wanted, buf_len(&b));
		buf_fini(&b);
	}
}

/* ---- scans ---- */

static struct search_pattern *pattern(const char *text, bool is_regex, enum search_case c,
				      bool is_word)
{
	struct search_pattern_spec spec = {
		.text = text, .is_regex = is_regex, .which_case = c, .is_word = is_word
	};
	struct search_pattern *p = NULL;
	struct fail f;

	assert_int_equal(search_pattern_new(&spec, &p, &f), 0);
	return p;
}

static int scan(const struct search_pattern *p, const struct vt *vt,
		const struct search_limits *limits, struct search_result *ret)
{
	struct search_worker w = { .pattern = p,
				   .matcher = search_matcher_new(p),
				   .reader = { .compress = &squeezer } };
	struct search_source s = { .history = history_share_new(vt),
				   .first_row = vt_lines_pushed(vt) };
	int r;

	*ret = (struct search_result){ 0 };
	assert_int_equal(search_source_add_screen(&s, vt), 0);
	r = search_scan(&w, &s, limits, ret);
	search_source_fini(&s);
	history_share_free(s.history);
	history_reader_fini(&w.reader);
	search_matcher_free(w.matcher);
	return r;
}

static const struct search_limits everything = { .max_matches = UINT32_MAX, .max_text = 1u << 20 };

/* A line of the terminal by a plain walk: joined, and its first row. */
struct walked {
	struct buf text;
	int row; /* of the next line */
};

static bool walk(const struct vt *vt, struct walked *w, int64_t *ret_number)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v = { 0 };
	bool is_any = false;

	buf_clear(&w->text);
	*ret_number = (int64_t)vt_lines_pushed(vt) + w->row;
	do {
		size_t n;

		if (vt_line(vt, w->row, &buf, &v) != 0)
			break;
		is_any = true;
		w->row++;
		n = v.n_bytes;
		for (uint32_t i = v.n_runs;
		     !(v.flags & LINE_WRAPPED) && i > 0 && v.runs[i - 1].form == LINE_BLANK; i--)
			n -= v.runs[i - 1].n_bytes;
		buf_put(&w->text, v.text, n);
	} while (v.flags & LINE_WRAPPED);
	line_buf_fini(&buf);
	return is_any;
}

/* Where the first match in a line is, by other means than ours. */
struct naive {
	const char *needle;
	bool is_folded;
	pcre2_code *code;
};

static struct naive naive_new(const char *text, bool is_regex, bool is_folded)
{
	struct naive n = { .needle = text, .is_folded = is_folded };
	int error;
	size_t at;

	if (is_regex) {
		n.code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				       PCRE2_UTF | (is_folded ? PCRE2_CASELESS : 0), &error, &at,
				       NULL);
		assert_non_null(n.code);
	}
	return n;
}

static size_t naive_find(const struct naive *n, const struct buf *line)
{
	pcre2_match_data *data;
	size_t at = SIZE_MAX;

	if (!n->code) {
		return find_plainly(buf_data(line), buf_len(line), n->needle, strlen(n->needle),
				    n->is_folded);
	}
	data = pcre2_match_data_create_from_pattern(n->code, NULL);
	if (pcre2_match(n->code, (PCRE2_SPTR)buf_data(line), buf_len(line), 0, 0, data, NULL) >= 0)
		at = pcre2_get_ovector_pointer(data)[0];
	pcre2_match_data_free(data);
	return at;
}

static void assert_same_as_naive(const struct vt *vt, const char *text, bool is_regex,
				 bool is_folded)
{
	struct search_pattern *p =
		pattern(text, is_regex, is_folded ? SEARCH_INSENSITIVE : SEARCH_SENSITIVE, false);
	struct naive naive = naive_new(text, is_regex, is_folded);
	struct walked w = { .row = -vt_history_lines(vt) };
	struct search_result r;
	uint32_t n = 0;
	int64_t number;

	assert_int_equal(scan(p, vt, &everything, &r), 0);
	while (walk(vt, &w, &number)) {
		size_t at = naive_find(&naive, &w.text);
		const struct search_match *m = &r.matches[n];

		if (at == SIZE_MAX || (buf_len(&w.text) == 0 && n == r.n_matches))
			continue;
		assert_true(n < r.n_matches);
		assert_int_equal(m->line, number);
		assert_int_equal(m->text.n_bytes, buf_len(&w.text));
		assert_memory_equal(buf_data(&r.pool) + m->text.from, buf_data(&w.text),
				    buf_len(&w.text));
		assert_int_equal(m->n_spans ? m->spans[0].from : at, at);
		n++;
	}
	assert_int_equal(n, r.n_matches);
	pcre2_code_free(naive.code);
	buf_fini(&w.text);
	search_result_fini(&r);
	search_pattern_free(p);
}

/* Words of few letters, wide characters, colours, gaps, and lines of all lengths. */
static void feed_random(struct vt *vt, unsigned *seed, unsigned n)
{
	static const char *const pieces[] = { "foo",
					      "Foo ",
					      "bar",
					      "x",
					      " ",
					      "\xc3\xa4",
					      "\xe4\xb8\xad",
					      "\033[31m",
					      "\033[m",
					      "\033[5C",
					      "error: 17 ",
					      "_",
					      "\r\n",
					      "\r\n\r\n",
					      "aaaaaaaaaaaaaaaaaaaa",
					      "0123456789" };

	for (unsigned i = 0; i < n; i++) {
		const char *p = pieces[(unsigned)rand_r(seed) % ARRAY_LEN(pieces)];

		vt_feed(vt, p, strlen(p));
	}
}

static void a_search_finds_what_a_plain_walk_finds(void **state)
{
	static const char *const needles[] = { "foo",       "Foo",      "oba",      "o f",
					       "aaaaaaaaa", "\xc3\xa4", "\xc3\x84", "17 error",
					       "nowhere",   "9" };
	static const char *const regexes[] = { "fo+",       "^foo",
					       "bar$",      "error: \\d+",
					       "^$",        "x(?!x)",
					       "[^o]{30}",  "\xe4\xb8\xad.*\xc3\xa4",
					       "\\bfoo\\b", "a{12}" };

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		struct vt_opts opts = { .compress = &squeezer,
					.history_lines = round % 3 ? 20000 : 300 };
		struct vt *vt = vt_new(round % 2 ? 37 : 80, 9, &opts, NULL, NULL);
		unsigned seed = round;

		feed_random(vt, &seed, round % 4 == 3 ? 100 : 60000);
		while (round % 2 && vt_idle(vt))
			;
		feed_random(vt, &seed, 500);
		for (size_t i = 0; i < ARRAY_LEN(needles); i++) {
			assert_same_as_naive(vt, needles[i], false, false);
			if ((unsigned char)needles[i][0] < 0x80)
				assert_same_as_naive(vt, needles[i], false, true);
		}
		for (size_t i = 0; i < ARRAY_LEN(regexes); i++)
			assert_same_as_naive(vt, regexes[i], true, i % 2);
		vt_free(vt);
	}
}

static struct vt *of_text(const char *text)
{
	struct vt *vt = vt_new(20, 4, NULL, NULL, NULL);

	vt_feed(vt, text, strlen(text));
	return vt;
}

static uint32_t count(const char *text, const char *needle, bool is_regex, enum search_case c,
		      bool is_word)
{
	struct search_pattern *p = pattern(needle, is_regex, c, is_word);
	struct vt *vt = of_text(text);
	struct search_result r;
	uint32_t n;

	assert_int_equal(scan(p, vt, &everything, &r), 0);
	n = r.n_matches;
	search_result_fini(&r);
	vt_free(vt);
	search_pattern_free(p);
	return n;
}

static void case_and_words_count_when_they_should(void **state)
{
	const char *text = "Error\r\nerror\r\nerrors\r\n\xc3\x84rger\r\n\xc3\xa4rger\r\n";

	(void)state;
	assert_int_equal(count(text, "error", false, SEARCH_SMART_CASE, false), 3);
	assert_int_equal(count(text, "Error", false, SEARCH_SMART_CASE, false), 1);
	assert_int_equal(count(text, "error", false, SEARCH_SENSITIVE, false), 2);
	assert_int_equal(count(text, "ERROR", false, SEARCH_INSENSITIVE, false), 3);
	assert_int_equal(count(text, "error", false, SEARCH_SMART_CASE, true), 2);
	assert_int_equal(count(text, "err", false, SEARCH_SMART_CASE, true), 0);
	assert_int_equal(count(text, "\xc3\xa4rger", false, SEARCH_SMART_CASE, false), 2);
	assert_int_equal(count(text, "\xc3\xa4rger", false, SEARCH_SENSITIVE, false), 1);
	assert_int_equal(count(text, "\\Serror", true, SEARCH_SMART_CASE, false), 0);
	assert_int_equal(count(text, "errors?", true, SEARCH_SMART_CASE, true), 3);
	assert_int_equal(count(text, "a.b(", false, SEARCH_SMART_CASE, false), 0);
}

static void a_match_is_shown_with_what_is_around_it(void **state)
{
	struct search_limits limits = { .max_matches = 1, .max_text = 1000, .n_context = 2 };
	struct search_pattern *p = pattern("needle", false, SEARCH_SENSITIVE, false);
	struct vt *vt = of_text("one\r\ntwo two two two two two two\r\nthree\r\n"
				"\xc3\xa4\xc3\xa4 needle and a needle again, needle\r\nfour\r\n"
				"five five five five five five five\r\nsix\r\nneedle");
	struct search_result r;
	const struct search_match *m;
	const char *pool;

	(void)state;
	assert_int_equal(scan(p, vt, &limits, &r), 0);
	assert_int_equal(r.n_matches, 1);
	assert_true(r.is_full);
	m = r.matches;
	pool = buf_data(&r.pool);
	assert_int_equal(m->line, 4);
	assert_int_equal(m->column, 3);
	assert_int_equal(m->n_spans, 3);
	assert_int_equal(m->spans[1].from, 18);
	assert_int_equal(m->n_before, 2);
	assert_memory_equal(pool + m->before[0].from, "three", 5);
	assert_memory_equal(pool + m->before[1].from, "two two two two two two two", 27);
	assert_int_equal(m->n_after, 2);
	assert_memory_equal(pool + m->after[0].from, "four", 4);
	assert_memory_equal(pool + m->after[1].from, "five five five five five five five", 34);
	search_result_fini(&r);
	/* Going on behind it, with short texts. */
	limits = (struct search_limits){ .max_matches = 5, .max_text = 16, .from_line = 5 };
	assert_int_equal(scan(p, vt, &limits, &r), 0);
	assert_int_equal(r.n_matches, 1);
	assert_false(r.is_full);
	assert_int_equal(r.matches[0].line, 10);
	search_result_fini(&r);
	limits.from_line = 0;
	assert_int_equal(scan(p, vt, &limits, &r), 0);
	assert_true(r.matches[0].is_cut);
	assert_true(r.matches[0].text.n_bytes <= 16);
	assert_memory_equal(buf_data(&r.pool) + r.matches[0].spans[0].from, "needle", 6);
	search_result_fini(&r);
	vt_free(vt);
	search_pattern_free(p);
}

static void catastrophes_end(void **state)
{
	struct search_pattern *p = pattern("(a+)+$", true, SEARCH_SENSITIVE, false);
	struct vt *vt = vt_new(80, 24, NULL, NULL, NULL);
	struct search_limits limits = everything;
	atomic_bool stop = true;
	struct search_result r;

	(void)state;
	for (int i = 0; i < 60; i++)
		vt_feed(vt, "a", 1);
	vt_feed(vt, "b", 1);
	assert_int_equal(scan(p, vt, &everything, &r), SEARCH_E_LIMIT);
	search_result_fini(&r);
	limits.stop = &stop;
	assert_int_equal(scan(p, vt, &limits, &r), SEARCH_E_STOPPED);
	search_result_fini(&r);
	limits.stop = NULL;
	limits.deadline_ns = 1;
	assert_int_equal(scan(p, vt, &limits, &r), SEARCH_E_LATE);
	search_result_fini(&r);
	vt_free(vt);
	search_pattern_free(p);
}

static void wrong_expressions_are_refused(void **state)
{
	static const char *const bad[] = { "(", "a{2,1}", "[z-a]", "\\", "(?<n", "\\C" };
	struct search_pattern *p = NULL;
	struct fail f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct search_pattern_spec spec = { .text = bad[i], .is_regex = true };

		assert_int_equal(search_pattern_new(&spec, &p, &f), FAIL_E_FAILED);
		assert_int_equal(f.code, FAIL_INVALID_REGEX);
	}
}

static void output_without_a_terminal_is_searched_by_lines(void **state)
{
	struct search_pattern *p = pattern("b", false, SEARCH_SENSITIVE, false);
	struct search_worker w = { .pattern = p, .matcher = search_matcher_new(p) };
	struct search_source s = { 0 };
	struct search_result r = { 0 };

	(void)state;
	assert_int_equal(search_source_add_bytes(&s, "a\r\nb\xff\nc\nlast b", 15), 0);
	assert_int_equal(search_scan(&w, &s, &everything, &r), 0);
	assert_int_equal(r.n_matches, 2);
	assert_int_equal(r.matches[0].line, 1);
	assert_memory_equal(buf_data(&r.pool) + r.matches[0].text.from, "b\xef\xbf\xbd", 4);
	assert_int_equal(r.matches[1].line, 3);
	search_result_fini(&r);
	search_source_fini(&s);
	search_matcher_free(w.matcher);
	search_pattern_free(p);
}

static void cold_pages_that_cannot_match_are_not_read(void **state)
{
	struct vt_opts opts = { .compress = &squeezer };
	struct vt *vt = vt_new(100, 10, &opts, NULL, NULL);
	struct search_pattern *p = pattern("UNIQUE word", false, SEARCH_INSENSITIVE, false);
	struct search_result r;
	char line[128];

	(void)state;
	for (unsigned i = 0; i < 9000; i++) {
		(void)snprintf(line, sizeof line, "line %u of many that are like each other%s\r\n",
			       i, i == 5000 ? ", a unique word" : "");
		vt_feed(vt, line, strlen(line));
	}
	while (vt_idle(vt))
		;
	assert_int_equal(scan(p, vt, &everything, &r), 0);
	assert_int_equal(r.n_matches, 1);
	assert_int_equal(r.matches[0].line, 5000);
	assert_true(r.n_skipped_bytes > r.n_bytes);
	search_result_fini(&r);
	vt_free(vt);
	search_pattern_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_found_wherever_they_are),
		cmocka_unit_test(what_an_expression_needs_is_seen),
		cmocka_unit_test(a_search_finds_what_a_plain_walk_finds),
		cmocka_unit_test(case_and_words_count_when_they_should),
		cmocka_unit_test(a_match_is_shown_with_what_is_around_it),
		cmocka_unit_test(catastrophes_end),
		cmocka_unit_test(wrong_expressions_are_refused),
		cmocka_unit_test(output_without_a_terminal_is_searched_by_lines),
		cmocka_unit_test(cold_pages_that_cannot_match_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
