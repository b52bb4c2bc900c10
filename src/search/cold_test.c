/* With the filters of sealed blocks a search finds what it finds without them. */
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
#include "search/cold.h"
#include "search/tape.h"
#include "vt/image.h"
#include "vt/vt.h"

#define BLOCK 24576u

struct cold_rig {
	char dir[64], path[96];
	struct journal_hooks hooks;
	struct journal_opts opts;
	struct journal_writer *writer;
	struct vt *vt; /* the pane's own, of which checkpoints are made */
	uint64_t seq, time_us, checked;
	unsigned seed;
	char words[32][16]; /* what this part of the output talks about */
	struct buf out;
};

static unsigned roll(struct cold_rig *t, unsigned n)
{
	return (unsigned)rand_r(&t->seed) % n;
}

static int setup(void **state)
{
	struct cold_rig *t = calloc(1, sizeof *t);

	snprintf(t->dir, sizeof t->dir, "/tmp/cold-test.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof t->path, "%s/p1", t->dir);
	t->hooks = (struct journal_hooks){ .make_filter = cold_make };
	t->opts = (struct journal_opts){ .no_sync = true,
					 .block_bytes = BLOCK,
					 .segment_bytes = 4 * BLOCK,
					 .hooks = &t->hooks };
	t->time_us = 1000000;
	*state = t;
	return 0;
}

static void clear(struct cold_rig *t)
{
	char command[128];

	if (t->writer)
		assert_int_equal(journal_writer_close(TAKE(t->writer)), 0);
	snprintf(command, sizeof command, "rm -rf %s", t->path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of ours */
	t->vt = vt_free(t->vt);
	buf_clear(&t->out);
	t->seq = t->checked = 0;
}

static int teardown(void **state)
{
	struct cold_rig *t = *state;

	clear(t);
	assert_int_equal(rmdir(t->dir), 0);
	buf_fini(&t->out);
	free(t);
	return 0;
}

/* ---- writing ---- */

static struct journal_record record(struct cold_rig *t, enum journal_kind kind)
{
	t->time_us += 1000;
	return (struct journal_record){
		.kind = kind, .seq = t->seq, .wall_us = t->time_us, .mono_us = t->time_us
	};
}

static void start(struct cold_rig *t, uint16_t cols, uint16_t rows)
{
	struct journal_record r;

	assert_int_equal(journal_writer_open(t->path, 1, &t->opts, NULL, &t->writer), 0);
	t->vt = vt_new(cols, rows, NULL, NULL, NULL);
	r = record(t, JOURNAL_SPAWN);
	r.spawn.cols = cols;
	r.spawn.rows = rows;
	r.spawn.generation = 1;
	r.data[0] = (struct journal_piece){ "/\0sh", 5 };
	assert_int_equal(journal_append(t->writer, &r), 0);
}

static void checkpoint(struct cold_rig *t)
{
	struct journal_record r = record(t, JOURNAL_CHECKPOINT);
	struct buf image = BUF_INIT;

	assert_int_equal(vt_save(t->vt, &image), 0);
	r.checkpoint.lines_pushed = vt_lines_pushed(t->vt);
	r.data[0] = (struct journal_piece){ buf_data(&image), buf_len(&image) };
	assert_int_equal(journal_append(t->writer, &r), 0);
	buf_fini(&image);
	t->checked = t->seq;
}

/* What waits in t->out. */
static void flush(struct cold_rig *t)
{
	struct journal_record r = record(t, JOURNAL_OUTPUT);

	if (buf_len(&t->out) == 0)
		return;
	r.data[0] = (struct journal_piece){ buf_data(&t->out), buf_len(&t->out) };
	assert_int_equal(journal_append(t->writer, &r), 0);
	vt_feed(t->vt, buf_data(&t->out), buf_len(&t->out));
	t->seq += buf_len(&t->out);
	buf_clear(&t->out);
	if (t->seq - t->checked >= t->opts.block_bytes / 2)
		checkpoint(t);
}

static void resize(struct cold_rig *t, uint16_t cols, uint16_t rows)
{
	struct journal_record r = record(t, JOURNAL_RESIZE);

	flush(t);
	r.resize.cols = cols;
	r.resize.rows = rows;
	assert_int_equal(journal_append(t->writer, &r), 0);
	assert_int_equal(vt_resize(t->vt, cols, rows), 0);
}

static void lose(struct cold_rig *t)
{
	struct journal_record r;

	flush(t);
	r = record(t, JOURNAL_GAP);
	r.gap.to = t->seq + 100;
	r.gap.reason = JOURNAL_GAP_POLICY;
	assert_int_equal(journal_append(t->writer, &r), 0);
	t->seq += 100;
	vt_feed(t->vt, "what nobody reads\r\n", 19);
	checkpoint(t);
}

static void seal(struct cold_rig *t)
{
	struct journal_squeezer *s = journal_squeezer_new();

	flush(t);
	assert_int_equal(journal_flush(t->writer), 0);
	assert_int_equal(journal_finish_segment(t->writer), 0);
	while (journal_step(t->writer, s) == JOURNAL_E_MORE)
		;
	journal_squeezer_free(s);
}

/* ---- what programs print ---- */

static void choose_words(struct cold_rig *t)
{
	for (unsigned i = 0; i < ARRAY_LEN(t->words); i++) {
		unsigned n = 3 + roll(t, 10);

		for (unsigned k = 0; k < n; k++)
			t->words[i][k] = (char)((roll(t, 8) == 0 ? 'A' : 'a') + roll(t, 26));
		t->words[i][n] = '\0';
	}
}

/* A word with colours, motions and other things in it that cannot be seen. */
static void put_word(struct cold_rig *t, const char *word)
{
	for (; *word; word++) {
		buf_put_char(&t->out, *word);
		switch (roll(t, 40)) {
		case 0:
			buf_printf(&t->out, "\033[3%um", roll(t, 8));
			break;
		case 1:
			buf_put_str(&t->out, "\033[m");
			break;
		case 2:
			buf_put_str(&t->out, "\033[D\033[C");
			break;
		case 3:
			buf_put_str(&t->out, "\033]0;title of it\007");
			break;
		case 4:
			buf_put_str(&t->out, "\0337\033[H\0338"); /* there and back */
			break;
		}
	}
}

static void print_strange(struct cold_rig *t)
{
	switch (roll(t, 16)) {
	case 0: /* a line that is printed over */
		buf_put_str(&t->out, "\r");
		break;
	case 1:
		buf_printf(&t->out, "\033[%u;%uH", roll(t, 30) + 1, roll(t, 90) + 1);
		break;
	case 2:
		buf_printf(&t->out, "\033[%uG\033[%u@", roll(t, 40) + 1, roll(t, 9));
		break;
	case 3:
		buf_printf(&t->out, "\033[%uP", roll(t, 9));
		break;
	case 4:
		buf_put_str(&t->out, "x\033[5b");
		break;
	case 5:
		buf_put_str(&t->out, "\033[2K\r");
		break;
	case 6:
		buf_put_str(&t->out, "\xe4\xb8\xad\xe6\x96\x87 \xc3\xa4\xcc\x81 \xff\xfe");
		break;
	case 7:
		buf_put_str(&t->out, roll(t, 2) ? "\033[?1049h" : "\033[?1049l");
		break;
	case 8:
		buf_put_str(&t->out, roll(t, 8) ? "\033M\033M" : "\033[2J\033[3J");
		break;
	case 9:
		buf_put_str(&t->out, roll(t, 2) ? "\033[5;9r" : "\033[r");
		break;
	case 10: /* a program that shows nothing for long */
		for (unsigned i = roll(t, 30) == 0 ? 4000 : 4; i > 0; i--)
			buf_put_str(&t->out, "\033[31m\033[m\r");
		break;
	case 11: /* one line, longer than a block */
		for (unsigned i = roll(t, 30) == 0 ? 6000 : 6; i > 0; i--)
			put_word(t, t->words[roll(t, ARRAY_LEN(t->words))]);
		break;
	}
}

static void print_much(struct cold_rig *t, size_t n)
{
	uint64_t end = t->seq + n;

	buf_put_str(&t->out, "\033[?1049l\033[r\r\n");
	while (t->seq < end) {
		if (roll(t, 3000) == 0)
			choose_words(t);
		put_word(t, t->words[roll(t, ARRAY_LEN(t->words))]);
		buf_put_str(&t->out, roll(t, 9) ? " " : "\r\n");
		if (roll(t, 30) == 0)
			print_strange(t);
		if (roll(t, 200) == 0)
			buf_put_str(&t->out, "\033[?1049l\033[r\033[99;1H");
		if (roll(t, 40) == 0)
			flush(t);
		if (roll(t, 6000) == 0)
			resize(t, (uint16_t)(1 + roll(t, 90)), (uint16_t)(1 + roll(t, 30)));
		if (roll(t, 10000) == 0)
			lose(t);
	}
	flush(t);
}

/* ---- looking ---- */

static struct search_result scan(const struct cold_rig *t, const struct search_pattern_spec *spec,
				 struct search_limits limits, bool plays_all)
{
	struct search_tape tape = {
		.cols = 60, .rows = 10, .dir = mem_strdup(t->path), .plays_all = plays_all
	};
	struct search_result r = { 0 };
	struct search_worker w = { 0 };
	struct search_pattern *p = NULL;
	struct fail f;

	assert_int_equal(search_pattern_new(spec, &p, &f), 0);
	w.pattern = p;
	w.matcher = search_matcher_new(p);
	assert_int_equal(search_scan_tape(&w, &tape, &limits, &r), 0);
	search_tape_fini(&tape);
	history_reader_fini(&w.reader);
	search_matcher_free(w.matcher);
	search_pattern_free(p);
	return r;
}

static void must_be_same_text(const struct search_result *ra, const struct search_text *a,
			      const struct search_result *rb, const struct search_text *b)
{
	assert_int_equal(a->n_bytes, b->n_bytes);
	assert_memory_equal(buf_data(&ra->pool) + a->from, buf_data(&rb->pool) + b->from,
			    a->n_bytes);
}

static void must_be_same(const struct search_result *on, const struct search_result *off)
{
	assert_int_equal(on->n_matches, off->n_matches);
	assert_int_equal(on->is_full, off->is_full);
	for (uint32_t i = 0; i < on->n_matches; i++) {
		const struct search_match *a = &on->matches[i], *b = &off->matches[i];

		assert_int_equal(a->line, b->line);
		assert_int_equal(a->column, b->column);
		must_be_same_text(on, &a->text, off, &b->text);
	}
}

/* Where it is the same, and what a page or the lines around need is there too. */
static uint64_t compare(const struct cold_rig *t, const struct search_pattern_spec *spec,
			const struct search_limits *limits)
{
	struct search_result on = scan(t, spec, *limits, false), off = scan(t, spec, *limits, true);
	uint64_t skipped = on.n_skipped_bytes;

	must_be_same(&on, &off);
	if (limits->from_line == 0 && on.n_matches > 2) {
		struct search_limits page = *limits;

		page.from_line = on.matches[on.n_matches / 2].line;
		page.max_matches = 3;
		page.n_context = 2;
		skipped += compare(t, spec, &page);
	}
	search_result_fini(&on);
	search_result_fini(&off);
	return skipped;
}

/* A piece of a line that is there, as it was rendered. */
static void choose_needle(struct cold_rig *t, const struct search_result *all, char *ret,
			  size_t size)
{
	const struct search_match *m = &all->matches[roll(t, all->n_matches)];
	const char *text = buf_data(&all->pool) + m->text.from;
	size_t n = m->text.n_bytes, from = roll(t, (unsigned)n), to = from + 3 + roll(t, 9);

	while (from > 0 && ((unsigned char)text[from] & 0xC0) == 0x80)
		from--;
	to = to < n ? to : n;
	while (to < n && ((unsigned char)text[to] & 0xC0) == 0x80)
		to++;
	n = to - from < size ? to - from : size - 1;
	memcpy(ret, text + from, n);
	ret[n] = '\0';
}

static void the_filters_hide_no_match(void **state)
{
	struct cold_rig *t = *state;
	struct search_limits limits = { .max_matches = UINT32_MAX, .max_text = 1u << 30 };
	uint64_t skipped = 0;
	char needle[64], regex[96];

	for (t->seed = 1; t->seed <= 6;) {
		unsigned seed = t->seed;
		struct search_result all;

		choose_words(t);
		start(t, (uint16_t)(seed % 3 == 0 ? 7 : 60), 10);
		print_much(t, 400000);
		if (seed % 2)
			seal(t);
		print_much(t, 20000);
		assert_int_equal(journal_flush(t->writer), 0);
		all = scan(t, &(struct search_pattern_spec){ .text = ".", .is_regex = true },
			   limits, true);
		assert_true(all.n_matches > 500);
		for (unsigned i = 0; i < 12; i++) {
			choose_needle(t, &all, needle, sizeof needle);
			skipped += compare(t, &(struct search_pattern_spec){ .text = needle },
					   &limits);
			snprintf(regex, sizeof regex, "%s[a-z]*", t->words[roll(t, 32)]);
			skipped += compare(t,
					   &(struct search_pattern_spec){ .text = regex,
									  .is_regex = true },
					   &limits);
		}
		search_result_fini(&all);
		clear(t);
		t->seed = seed + 1;
	}
	assert_true(skipped > 2000000); /* it was about something */
}

/* Of a line that lies across the edge of two blocks neither filter has all. */
static void what_lies_across_an_edge_is_told_by_the_bytes_beside_it(void **state)
{
	struct cold a = { .n_tail = 2, .tail = { 'a', 'b' } };
	struct cold b = { .n_head = 2, .head = { 'c', 'd' } };
	struct history_probe probe;
	uint64_t present;

	(void)state;
	history_probe_init(&probe, "xABCDy", 6, false);
	assert_true(cold_present_between(&a, &b, &probe, &present));
	assert_int_equal(present, 2 | 4); /* abc, bcd */
	b.n_head = 1;
	assert_false(cold_present_between(&a, &b, &probe, &present)); /* and then? */
	b.is_head_closed = true;
	assert_true(cold_present_between(&a, &b, &probe, &present));
	assert_int_equal(present, 2);
	a.n_tail = 1;
	assert_false(cold_present_between(&a, &b, &probe, &present));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_filters_hide_no_match),
		cmocka_unit_test(what_lies_across_an_edge_is_told_by_the_bytes_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
