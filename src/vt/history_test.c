#include "vt/history.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A run-length coder: (count, byte) pairs.  Slow to say much, quick to check. */
static size_t squeeze(void *user, const void *src, size_t n, void *dst, size_t size)
{
	const uint8_t *from = src;
	uint8_t *to = dst;
	size_t out = 0;

	++*(int *)user;
	for (size_t i = 0; i < n;) {
		size_t run = 1;

		while (i + run < n && run < 255 && from[i + run] == from[i])
			run++;
		if (out + 2 > size)
			return 0;
		to[out++] = (uint8_t)run;
		to[out++] = from[i];
		i += run;
	}
	return out;
}

static bool expand(void *user, const void *src, size_t n, void *dst, size_t size)
{
	const uint8_t *from = src;
	uint8_t *to = dst;
	size_t out = 0;

	(void)user;
	for (size_t i = 0; i + 1 < n; i += 2) {
		if (from[i] > size - out)
			return false;
		memset(to + out, from[i + 1], from[i]);
		out += from[i];
	}
	return out == size;
}

static int n_squeezed;
static const struct vt_compress squeezer = { &n_squeezed, squeeze, expand };
static const struct style plain;

static void push_text(struct history *h, const char *text, const struct style *style, uint8_t flags)
{
	uint32_t n = (uint32_t)strlen(text);
	char *at = history_push_plain(h, n, style, flags);

	assert_non_null(at);
	memcpy(at, text, n); /* NOLINT: no NUL is wanted */
	memset(at + n, 0xee, HISTORY_SLACK);
}

static void push_number(struct history *h, unsigned i)
{
	char text[32];

	snprintf(text, sizeof(text), "line %u", i);
	push_text(h, text, &plain, 0);
}

static void check_number(const struct history *h, uint32_t index, unsigned i)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;
	char text[32];

	snprintf(text, sizeof(text), "line %u", i);
	assert_int_equal(history_read(h, index, &buf, &v), 0);
	assert_int_equal(v.n_bytes, strlen(text));
	assert_memory_equal(v.text, text, v.n_bytes);
	line_buf_fini(&buf);
}

static void check_same(const struct line_view *a, const struct line_view *b)
{
	assert_int_equal(a->n_bytes, b->n_bytes);
	assert_int_equal(a->n_runs, b->n_runs);
	assert_int_equal(a->n_cols, b->n_cols);
	assert_int_equal(a->n_marks, b->n_marks);
	assert_int_equal(a->flags, b->flags);
	if (a->n_bytes)
		assert_memory_equal(a->text, b->text, a->n_bytes);
	for (uint32_t i = 0; i < a->n_runs; i++) {
		const struct line_run *x = &a->runs[i], *y = &b->runs[i];

		assert_int_equal(x->n_bytes, y->n_bytes);
		assert_int_equal(x->n_cols, y->n_cols);
		assert_int_equal(x->form, y->form);
		assert_true(style_equal(&x->style, &y->style));
		assert_int_equal(!x->link, !y->link);
		if (x->link && y->link) {
			assert_string_equal(x->link->uri, y->link->uri);
			assert_string_equal(x->link->id, y->link->id);
		}
	}
	for (unsigned i = 0; i < a->n_marks; i++) {
		assert_int_equal(a->marks[i].id, b->marks[i].id);
		assert_int_equal(a->marks[i].col, b->marks[i].col);
		assert_int_equal(a->marks[i].status, b->marks[i].status);
		assert_int_equal(a->marks[i].kind, b->marks[i].kind);
	}
}

static void test_an_empty_history_has_no_lines(void **state)
{
	struct history *h = history_new(10, 1 << 20, NULL);
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;

	(void)state;
	assert_non_null(h);
	assert_int_equal(history_count(h), 0);
	assert_int_equal(history_read(h, 0, &buf, &v), -ERANGE);
	assert_true(history_memory(h) < 1024);
	history_pop(h);
	assert_false(history_idle(h));
	history_free(h);
}

static void test_plain_lines_read_back(void **state)
{
	const struct style red = { .fg = COLOR_INDEXED | 1, .attrs = STYLE_BOLD };
	struct history *h = history_new(10, 1 << 20, NULL);
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;

	(void)state;
	push_text(h, "", &plain, 0);
	push_text(h, "one", &plain, LINE_WRAPPED);
	push_text(h, "two", &red, LINE_DOUBLE);
	push_text(h, "three", &red, 0);
	assert_int_equal(history_read(h, 0, &buf, &v), 0);
	assert_int_equal(v.n_runs, 0);
	assert_int_equal(history_read(h, 1, &buf, &v), 0);
	assert_int_equal(v.flags, LINE_WRAPPED);
	assert_int_equal(v.n_cols, 3);
	for (uint32_t i = 2; i < 4; i++) {
		assert_int_equal(history_read(h, i, &buf, &v), 0);
		assert_int_equal(v.n_runs, 1);
		assert_true(style_equal(&v.runs[0].style, &red));
	}
	assert_memory_equal(v.text, "three", 5);
	line_buf_fini(&buf);
	history_free(h);
}

static void test_the_oldest_lines_go_first(void **state)
{
	struct history *h = history_new(3000, 100 << 20, NULL);

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		push_number(h, i);
	assert_int_equal(history_count(h), 3000);
	assert_int_equal(history_dropped(h), 17000);
	for (uint32_t i = 0; i < 3000; i += 7)
		check_number(h, i, 17000 + i);
	check_number(h, 2999, 19999);
	history_free(h);
}

static void test_bytes_are_bounded_too(void **state)
{
	struct history *h = history_new(1000000, 100000, NULL);
	size_t most = 0;

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		push_number(h, i);
		most = history_bytes(h) > most ? history_bytes(h) : most;
	}
	assert_true(most <= 100000 + 32768);
	assert_true(most >= 90000);
	assert_true(history_memory(h) < 200000);
	check_number(h, history_count(h) - 1, 49999);
	check_number(h, 0, 50000 - history_count(h));
	history_free(h);
}

static void test_ten_thousand_lines_cost_little_more_than_their_text(void **state)
{
	struct history *h = history_new(10000, 10 << 20, NULL);
	char text[109];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[108] = '\0';
	for (unsigned i = 0; i < 30000; i++)
		push_text(h, text, &plain, 0);
	assert_int_equal(history_count(h), 10000);
	assert_true(history_bytes(h) < 1110000 + 65536);
	assert_true(history_memory(h) < 1250000);
	history_free(h);
}

/* A view of everything that a line can have. */
static void make_rich(struct line_buf *b, unsigned seed, struct line_view *ret)
{
	static const struct link links[] = { { "https://example.org/", "" },
					     { "file:///tmp", "id" } };
	static struct mark marks[2];
	struct style s = { .fg = COLOR_RGB | (seed & 0xffff), .attrs = STYLE_ITALIC };
	const struct style bg = { .bg = COLOR_INDEXED | 4, .underline = COLOR_RGB | 0x123456 };

	line_buf_clear(b);
	line_buf_add(b, LINE_NARROW, "h\xc3\xa9llo", 6, 5, &s, NULL);
	line_buf_add(b, LINE_BLANK, NULL, 0, 3, &bg, NULL);
	line_buf_add(b, LINE_WIDE, "\xe6\xbc\xa2\xe5\xad\x97", 6, 4, &s, &links[seed % 2]);
	line_buf_add(b, LINE_CLUSTER, "e\xcc\x81", 3, 1, &plain, &links[seed % 2]);
	line_buf_add(b, LINE_NARROW, "end", 3, 3, &plain, &links[(seed + 1) % 2]);
	line_buf_add(b, LINE_NARROW, "tail", 4, 4, &bg, NULL);
	if (seed % 3 == 0)
		line_buf_add(b, LINE_BLANK, NULL, 0, 2, &bg, NULL);
	assert_int_equal(line_buf_view(b, ret), 0);
	marks[0] = (struct mark){ 2 * seed + 1, 3, -1, MARK_DONE };
	marks[1] = (struct mark){ 2 * seed + 2, 70000, 127, MARK_PROMPT };
	ret->marks = marks;
	ret->n_marks = seed % 3;
	ret->flags = seed & (LINE_WRAPPED | LINE_DOUBLE | LINE_DHL_TOP);
}

static void test_any_line_reads_back_exactly(void **state)
{
	struct history *h = history_new(5000, 10 << 20, &squeezer);
	struct line_buf in = LINE_BUF_INIT, out = LINE_BUF_INIT;
	struct line_view a, b;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		make_rich(&in, i, &a);
		assert_int_equal(history_push(h, &a), 0);
	}
	while (history_idle(h))
		;
	for (unsigned i = 0; i < 5000; i++) {
		make_rich(&in, i, &a);
		assert_int_equal(history_read(h, i, &out, &b), 0);
		check_same(&a, &b);
	}
	line_buf_fini(&in);
	line_buf_fini(&out);
	history_free(h);
}

static void test_a_line_longer_than_a_page_is_kept(void **state)
{
	struct history *h = history_new(100, 10 << 20, &squeezer);
	struct line_buf in = LINE_BUF_INIT, out = LINE_BUF_INIT;
	struct line_view a, b;
	char cluster[64];

	(void)state;
	memset(cluster, 'm', sizeof(cluster));
	for (unsigned i = 0; i < 2000; i++)
		line_buf_add(&in, LINE_CLUSTER, cluster, sizeof(cluster), 1, &plain, NULL);
	assert_int_equal(line_buf_view(&in, &a), 0);
	push_number(h, 0);
	assert_int_equal(history_push(h, &a), 0);
	push_number(h, 2);
	assert_int_equal(history_push(h, &a), 0);
	while (history_idle(h))
		;
	for (uint32_t i = 1; i < 4; i += 2) {
		assert_int_equal(history_read(h, i, &out, &b), 0);
		check_same(&a, &b);
	}
	check_number(h, 0, 0);
	check_number(h, 2, 2);
	line_buf_fini(&in);
	line_buf_fini(&out);
	history_free(h);
}

static void test_cold_pages_shrink_one_step_at_a_time(void **state)
{
	struct history *h = history_new(10000, 10 << 20, &squeezer);
	char text[101];
	size_t warm;
	int steps = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[100] = '\0';
	for (unsigned i = 0; i < 10000; i++)
		push_text(h, text, &plain, 0);
	warm = history_memory(h);
	for (n_squeezed = 0; history_idle(h); steps++)
		assert_int_equal(n_squeezed, steps + 1);
	assert_true(steps >= 4);
	assert_true(history_memory(h) < warm / 4);
	assert_false(history_idle(h));
	assert_int_equal(n_squeezed, steps);
	history_free(h);
}

static void test_popped_lines_are_gone_even_from_cold_pages(void **state)
{
	struct history *h = history_new(50000, 10 << 20, &squeezer);

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		push_number(h, i);
	while (history_idle(h))
		;
	for (unsigned i = 0; i < 9000; i++)
		history_pop(h);
	assert_int_equal(history_count(h), 11000);
	check_number(h, 10999, 10999);
	for (unsigned i = 11000; i < 13000; i++)
		push_number(h, i);
	for (unsigned i = 0; i < 13000; i += 11)
		check_number(h, i, i);
	while (history_count(h))
		history_pop(h);
	push_number(h, 7);
	check_number(h, 0, 7);
	history_free(h);
}

static void test_marks_are_found_where_they_are(void **state)
{
	struct history *h = history_new(3000, 10 << 20, &squeezer);
	struct line_buf in = LINE_BUF_INIT;
	struct line_view v;
	struct mark m;
	uint32_t index;

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		make_rich(&in, i, &v);
		assert_int_equal(history_push(h, &v), 0);
	}
	while (history_idle(h))
		;
	assert_int_equal(history_find_mark(h, 2 * 4000 + 1, &index, &m), 0);
	assert_int_equal(index, 1000);
	assert_int_equal(m.status, -1);
	assert_int_equal(history_find_mark(h, 2 * 5999 + 2, &index, &m), 0);
	assert_int_equal(index, 2999);
	assert_int_equal(m.col, 70000);
	assert_int_equal(history_find_mark(h, 2 * 100 + 1, &index, &m), 1);
	assert_int_equal(history_find_mark(h, 1 << 20, &index, &m), 1);
	line_buf_fini(&in);
	history_free(h);
}

static void test_clearing_leaves_nothing(void **state)
{
	struct history *h = history_new(3000, 10 << 20, NULL);

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		push_number(h, i);
	history_clear(h);
	assert_int_equal(history_count(h), 0);
	assert_int_equal(history_dropped(h), 5000);
	assert_int_equal(history_bytes(h), 0);
	push_number(h, 1);
	check_number(h, 0, 1);
	history_free(h);
}

/* Random pushes, pops, clears and idle steps against a plain array of seeds. */
static void test_it_behaves_like_an_array(void **state)
{
	enum { MAX = 700 };
	struct history *h = history_new(MAX, 10 << 20, &squeezer);
	struct line_buf in = LINE_BUF_INIT, out = LINE_BUF_INIT;
	static unsigned model[MAX + 1];
	struct line_view a, b;
	unsigned n = 0, seed = 1;

	(void)state;
	srand(7);
	for (unsigned step = 0; step < 200000; step++) {
		int what = rand() % 1000;

		if (what < 600) {
			make_rich(&in, ++seed, &a);
			assert_int_equal(history_push(h, &a), 0);
			model[n++] = seed;
			if (n > MAX)
				memmove(model, model + 1, --n * sizeof(*model));
		} else if (what < 900) {
			history_pop(h);
			n -= n > 0;
		} else if (what < 901) {
			history_clear(h);
			n = 0;
		} else if (what < 905) {
			history_idle(h);
		} else if (n) {
			unsigned i = (unsigned)rand() % n;

			make_rich(&in, model[i], &a);
			assert_int_equal(history_read(h, i, &out, &b), 0);
			check_same(&a, &b);
		}
		assert_int_equal(history_count(h), n);
	}
	line_buf_fini(&in);
	line_buf_fini(&out);
	history_free(h);
}

/* All pages of @from into @to; their lines. */
static uint32_t copy_pages(const struct history *from, struct history *to)
{
	uint32_t lines = 0;

	for (uint32_t i = 0; history_page_lines(from, i); i++) {
		struct buf image = BUF_INIT;

		assert_int_equal(history_page_save(from, i, &image), 0);
		assert_int_equal(history_page_load(to, buf_data(&image), buf_len(&image)), 0);
		lines += history_page_lines(from, i);
		buf_fini(&image);
	}
	return lines;
}

static void test_full_pages_outlive_their_history(void **state)
{
	struct history *h = history_new(3000, 10 << 20, &squeezer);
	struct history *copy = history_new(2900, 10 << 20, NULL);
	struct line_buf in = LINE_BUF_INIT, out = LINE_BUF_INIT;
	struct line_view a, b;
	struct mark m;
	uint32_t n, index;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		make_rich(&in, i, &a);
		assert_int_equal(history_push(h, &a), 0);
	}
	history_idle(h);
	n = copy_pages(h, copy);
	assert_true(n > 2500 && n < 3000);
	assert_int_equal(history_count(copy), n < 2900 ? n : 2900);
	push_number(copy, 1);
	for (uint32_t i = 0; i + 1 < history_count(copy); i++) {
		make_rich(&in, 2000 + n - history_count(copy) + 1 + i, &a);
		assert_int_equal(history_read(copy, i, &out, &b), 0);
		check_same(&a, &b);
	}
	assert_int_equal(history_find_mark(copy, 2 * 3001 + 1, &index, &m), 0);
	line_buf_fini(&in);
	line_buf_fini(&out);
	history_free(h);
	history_free(copy);
}

static void test_a_damaged_page_is_refused_or_harmless(void **state)
{
	struct history *h = history_new(3000, 10 << 20, NULL);
	struct line_buf in = LINE_BUF_INIT;
	struct buf image = BUF_INIT;
	struct line_view v;
	unsigned n_refused = 0;

	(void)state;
	for (unsigned i = 0; i < 1500; i++) {
		make_rich(&in, i, &v);
		assert_int_equal(history_push(h, &v), 0);
	}
	assert_int_equal(history_page_save(h, 0, &image), 0);
	srand(5);
	for (int round = 0; round < 3000; round++) {
		struct history *to = history_new(3000, 10 << 20, NULL);
		char *bytes = mem_dup(buf_data(&image), buf_len(&image));
		size_t n = buf_len(&image);

		for (int k = rand() % 3; k >= 0; k--)
			bytes[(size_t)rand() % (k ? n : 2000)] = (char)rand();
		if (rand() % 8 == 0)
			n = (size_t)rand() % n;
		n_refused += history_page_load(to, bytes, n) == HISTORY_E_DAMAGED;
		for (uint32_t i = 0; i < history_count(to); i += 50)
			assert_int_equal(history_read(to, i, &in, &v), 0);
		mem_free(bytes);
		history_free(to);
	}
	assert_true(n_refused > 1000);
	line_buf_fini(&in);
	buf_fini(&image);
	history_free(h);
}

/* One pass over all that allocates; every failure must leave the lines whole. */
static void run_short_of_memory(long fail_after)
{
	struct line_buf in = LINE_BUF_INIT, out = LINE_BUF_INIT;
	struct line_view a, b;
	unsigned model[600], n = 0;
	struct history *h;

	mem_fail_after(fail_after);
	h = history_new(600, 10 << 20, &squeezer);
	for (unsigned i = 0; h && i < 600; i++) {
		mem_fail_after(-1);
		make_rich(&in, i, &a);
		mem_fail_after(fail_after > 0 ? (fail_after + (long)i) % 5 : 0);
		if (history_push(h, &a) == 0)
			model[n++] = i;
		assert_int_equal(history_count(h), n);
		if (i % 40 == 0)
			history_idle(h);
		if (n && history_read(h, n / 2, &out, &b) == 0)
			assert_true(b.n_cols > 0);
	}
	mem_fail_after(-1);
	for (unsigned i = 0; i < n; i++) {
		make_rich(&in, model[i], &a);
		assert_int_equal(history_read(h, i, &out, &b), 0);
		check_same(&a, &b);
	}
	line_buf_fini(&in);
	line_buf_fini(&out);
	history_free(h);
}

static void test_running_out_of_memory_loses_no_line_that_was_taken(void **state)
{
	(void)state;
	for (long n = 0; n < 40; n++)
		run_short_of_memory(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_history_has_no_lines),
		cmocka_unit_test(test_plain_lines_read_back),
		cmocka_unit_test(test_the_oldest_lines_go_first),
		cmocka_unit_test(test_bytes_are_bounded_too),
		cmocka_unit_test(test_ten_thousand_lines_cost_little_more_than_their_text),
		cmocka_unit_test(test_any_line_reads_back_exactly),
		cmocka_unit_test(test_a_line_longer_than_a_page_is_kept),
		cmocka_unit_test(test_cold_pages_shrink_one_step_at_a_time),
		cmocka_unit_test(test_popped_lines_are_gone_even_from_cold_pages),
		cmocka_unit_test(test_marks_are_found_where_they_are),
		cmocka_unit_test(test_clearing_leaves_nothing),
		cmocka_unit_test(test_it_behaves_like_an_array),
		cmocka_unit_test(test_full_pages_outlive_their_history),
		cmocka_unit_test(test_a_damaged_page_is_refused_or_harmless),
		cmocka_unit_test(test_running_out_of_memory_loses_no_line_that_was_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
