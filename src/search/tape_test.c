/* What was recorded is found as it would be in a terminal that forgets nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "journal/journal.h"
#include "search/tape.h"
#include "vt/vt.h"

struct tape_rig {
	char dir[64], path[96];
	struct journal_writer *writer;
	uint64_t seq, time_us;
	struct vt *vt; /* the same, live */
};

static int setup(void **state)
{
	struct tape_rig *t = calloc(1, sizeof *t);
	struct journal_opts opts = { .no_sync = true,
				     .block_bytes = 32768,
				     .segment_bytes = 131072 };
	struct vt_opts all = { .history_lines = 1000000, .history_bytes = 1u << 30 };

	snprintf(t->dir, sizeof t->dir, "/tmp/tape-test.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof t->path, "%s/p1", t->dir);
	assert_int_equal(journal_writer_open(t->path, 1, &opts, NULL, &t->writer), 0);
	t->vt = vt_new(60, 10, &all, NULL, NULL);
	t->time_us = 1000000;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tape_rig *t = *state;
	char command[128];

	if (t->writer)
		assert_int_equal(journal_writer_close(t->writer), 0);
	snprintf(command, sizeof command, "rm -rf %s", t->dir);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of ours */
	vt_free(t->vt);
	free(t);
	return 0;
}

static void print(struct tape_rig *t, const char *text, size_t n)
{
	struct journal_record r = { .kind = JOURNAL_OUTPUT,
				    .seq = t->seq,
				    .wall_us = t->time_us,
				    .mono_us = t->time_us,
				    .data = { { text, n } } };

	if (n == 0)
		return;
	assert_int_equal(journal_append(t->writer, &r), 0);
	t->seq += n;
	t->time_us += 1000;
	vt_feed(t->vt, text, n);
}

static void resize(struct tape_rig *t, uint16_t cols, uint16_t rows)
{
	struct journal_record r = { .kind = JOURNAL_RESIZE,
				    .seq = t->seq,
				    .wall_us = t->time_us,
				    .mono_us = t->time_us,
				    .resize = { cols, rows } };

	assert_int_equal(journal_append(t->writer, &r), 0);
	assert_int_equal(vt_resize(t->vt, cols, rows), 0);
}

static void close_writer(struct tape_rig *t)
{
	assert_int_equal(journal_flush(t->writer), 0);
	assert_int_equal(journal_writer_close(TAKE(t->writer)), 0);
}

static struct search_result scan(const struct tape_rig *t, const char *text, bool is_regex,
				 const struct search_limits *limits)
{
	struct search_pattern_spec spec = { .text = text, .is_regex = is_regex };
	struct search_pattern *p = NULL;
	struct search_tape tape = { .cols = 60, .rows = 10, .dir = mem_strdup(t->path) };
	struct search_result r = { 0 };
	struct search_worker w = { 0 };
	struct fail f;

	assert_int_equal(search_pattern_new(&spec, &p, &f), 0);
	w.pattern = p;
	w.matcher = search_matcher_new(p);
	assert_int_equal(search_scan_tape(&w, &tape, limits, &r), 0);
	search_tape_fini(&tape);
	history_reader_fini(&w.reader);
	search_matcher_free(w.matcher);
	search_pattern_free(p);
	return r;
}

static struct search_result scan_live(const struct vt *vt, const char *text)
{
	struct search_pattern_spec spec = { .text = text };
	struct search_limits limits = { .max_matches = UINT32_MAX, .max_text = 4096 };
	struct search_pattern *p = NULL;
	struct search_source s = { .history = history_share_new(vt),
				   .first_row = vt_lines_pushed(vt) };
	struct search_result r = { 0 };
	struct search_worker w = { 0 };
	struct fail f;

	assert_int_equal(search_pattern_new(&spec, &p, &f), 0);
	w.pattern = p;
	w.matcher = search_matcher_new(p);
	assert_int_equal(search_source_add_screen(&s, vt), 0);
	assert_int_equal(search_scan(&w, &s, &limits, &r), 0);
	search_source_fini(&s);
	history_share_free(s.history);
	history_reader_fini(&w.reader);
	search_matcher_free(w.matcher);
	search_pattern_free(p);
	return r;
}

static const struct search_limits everything = { .max_matches = UINT32_MAX, .max_text = 4096 };

static void print_random(struct tape_rig *t, unsigned *seed, unsigned n)
{
	static const char *const pieces[] = {
		"foo ",         "bar",
		"\r\n",         "\033[31mred\033[m",
		"\xe4\xb8\xad", "a long piece of text that fills a line soon ",
		"x\r\n"
	};
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < n; i++) {
		buf_put_str(&b, pieces[(unsigned)rand_r(seed) % ARRAY_LEN(pieces)]);
		/* Cut anywhere, in the middle of a sequence too. */
		if (rand_r(seed) % 40 == 0 || buf_len(&b) > 30000) {
			size_t cut = buf_len(&b) - (size_t)rand_r(seed) % 3;

			print(t, buf_data(&b), cut);
			buf_consume(&b, cut);
		}
	}
	if (buf_len(&b) > 0)
		print(t, buf_data(&b), buf_len(&b));
	buf_fini(&b);
}

static void a_tape_has_what_a_terminal_without_limits_has(void **state)
{
	struct tape_rig *t = *state;
	unsigned seed = 1;
	struct search_result tape, live;

	resize(t, 60, 10);
	print_random(t, &seed, 200000);
	tape = scan(t, "foo", false, &everything);
	close_writer(t);
	search_result_fini(&tape);
	for (int i = 0; i < 3; i++) {
		const char *needle = i == 0   ? "foo"
				     : i == 1 ? "redfoo"
					      : "fills a line soon \xe4\xb8\xad";

		tape = scan(t, needle, false, &everything);
		live = scan_live(t->vt, needle);
		assert_true(live.n_matches > 100);
		assert_int_equal(tape.n_matches, live.n_matches);
		for (uint32_t k = 0; k < live.n_matches; k++) {
			const struct search_match *a = &tape.matches[k], *b = &live.matches[k];

			assert_int_equal(a->line, b->line);
			assert_int_equal(a->text.n_bytes, b->text.n_bytes);
			assert_memory_equal(buf_data(&tape.pool) + a->text.from,
					    buf_data(&live.pool) + b->text.from, a->text.n_bytes);
			assert_true(a->time_us >= 1000000 && a->time_us <= t->time_us);
			assert_true(a->seq < t->seq);
			assert_true(k == 0 || a->time_us >= tape.matches[k - 1].time_us);
		}
		search_result_fini(&tape);
		search_result_fini(&live);
	}
}

static void lines_are_found_once_whatever_size_the_terminal_had(void **state)
{
	struct tape_rig *t = *state;
	struct search_result r;
	char line[64];
	unsigned n = 0;

	for (unsigned round = 0; round < 20; round++) {
		resize(t, (uint16_t)(40 + round * 7 % 50), (uint16_t)(5 + round % 9));
		for (unsigned i = 0; i < 500; i++) {
			(void)snprintf(line, sizeof line, "number %u of all that there are\r\n",
				       n++);
			print(t, line, strlen(line));
		}
	}
	close_writer(t);
	r = scan(t, "number [0-9]+ of", true, &everything);
	/* None is missing; those on the screen at a change of size are found once too. */
	assert_int_equal(r.n_matches, n);
	for (uint32_t i = 0; i < r.n_matches; i++) {
		(void)snprintf(line, sizeof line, "number %u of", i);
		assert_memory_equal(buf_data(&r.pool) + r.matches[i].text.from, line, strlen(line));
		assert_true(i == 0 || r.matches[i].line > r.matches[i - 1].line);
	}
	search_result_fini(&r);
}

static void pages_go_on_where_the_last_one_ended(void **state)
{
	struct tape_rig *t = *state;
	struct search_limits limits = { .max_matches = 700, .max_text = 4096 };
	struct search_result r;
	uint32_t n = 0;
	char line[64];

	for (unsigned i = 0; i < 12000; i++) {
		(void)snprintf(line, sizeof line, "line %u\r\n", i);
		print(t, line, strlen(line));
		if (i == 6000)
			print(t, "\033[3J", 4); /* what it erases was there */
	}
	close_writer(t);
	do {
		r = scan(t, "line", false, &limits);
		for (uint32_t i = 0; i < r.n_matches; i++, n++)
			assert_int_equal(r.matches[i].line, n);
		limits.from_line = r.next_line;
		limits.deadline_ns = 0;
		search_result_fini(&r);
	} while (n % 700 == 0 && n < 12000);
	assert_int_equal(n, 12000);
}

static void a_journal_that_is_not_there_holds_nothing(void **state)
{
	struct tape_rig *t = *state;
	struct search_result r;

	strcat(t->path, "-other"); /* NOLINT: there is room */
	r = scan(t, "x", false, &everything);
	assert_int_equal(r.n_matches, 0);
	search_result_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_tape_has_what_a_terminal_without_limits_has),
		TEST(lines_are_found_once_whatever_size_the_terminal_had),
		TEST(pages_go_on_where_the_last_one_ended),
		TEST(a_journal_that_is_not_there_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
