/* Output within a budget, and to read on behind it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/capture.h"
#include "core/fake_keeper.h"
#include "core/state.h"

static struct pane *pane_of(struct fake_keeper *k)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;

	return fake_create(k, &spec, &made);
}

static char text[1 << 20];
static struct core_extract extract;

/* What is answered to @n bytes that come @piece at a time. */
static const char *captured(const struct pane *p, const struct core_budget *budget,
			    const char *bytes, size_t piece)
{
	struct buf out = BUF_INIT;
	struct capture c;

	assert_int_equal(capture_init(&c, p, budget), 0);
	for (size_t n = strlen(bytes), at = 0; at < n; at += piece)
		capture_feed(&c, bytes + at, n - at < piece ? n - at : piece);
	assert_int_equal(capture_read(&c, &out, &extract), 0);
	assert_true(buf_len(&out) < sizeof text);
	if (buf_len(&out))
		memcpy(text, buf_data(&out), buf_len(&out));
	text[buf_len(&out)] = '\0';
	buf_fini(&out);
	capture_fini(&c);
	return text;
}

static struct core_budget budget_of(enum core_keep keep, uint32_t max_bytes, uint32_t max_lines)
{
	return (struct core_budget){ .keep = keep, .max_bytes = max_bytes, .max_lines = max_lines };
}

/* "1\r\n2\r\n...": lines of a number each. */
static const char *numbers(unsigned n)
{
	static char all[1 << 17];
	size_t at = 0;

	for (unsigned i = 1; i <= n; i++)
		at += (size_t)snprintf(all + at, sizeof all - at, "%u\r\n", i);
	return all;
}

static void text_is_what_the_screen_shows(void **state)
{
	struct pane *p = pane_of(*state);
	struct core_budget b = budget_of(CORE_KEEP_BOTH, 65536, 1000);

	assert_string_equal(captured(p, &b, "10%\r50%\r100%\r\n\033[31mred\033[m", 3), "100%\nred");
	assert_string_equal(captured(p, &b, "gone\033[H\033[2Jhere", 1), "here");
	assert_string_equal(captured(p, &b, "a\r\n\033[?1049hhidden\033[?1049lb", 2), "a\nb");
	assert_string_equal(captured(p, &b, "", 1), "");
	assert_false(extract.is_truncated);
}

static void the_beginning_the_end_or_both_are_kept(void **state)
{
	struct pane *p = pane_of(*state);
	struct core_budget b = budget_of(CORE_KEEP_HEAD, 65536, 3);

	for (size_t piece = 1; piece < 9000; piece = piece * 5 + 1) {
		b.keep = CORE_KEEP_HEAD;
		assert_string_equal(captured(p, &b, numbers(500), piece), "1\n2\n3\n");
		assert_true(extract.is_truncated);
		assert_int_equal(extract.next, 3);
		b.keep = CORE_KEEP_TAIL;
		assert_string_equal(captured(p, &b, numbers(500), piece), "498\n499\n500\n");
		assert_int_equal(extract.next, 0);
		assert_int_equal(extract.n_omitted_rows, 497);
		b.keep = CORE_KEEP_BOTH;
		assert_string_equal(captured(p, &b, numbers(500), piece), "1\n499\n500\n");
		assert_int_equal(extract.next, 1);
		assert_int_equal(extract.n_omitted_rows, 497);
	}
}

static void bytes_are_counted_too(void **state)
{
	struct pane *p = pane_of(*state);
	struct core_budget b = budget_of(CORE_KEEP_HEAD, 5, 1000);

	assert_string_equal(captured(p, &b, "abc\r\ndef\r\nghi", 100), "abc\n");
	assert_int_equal(extract.next, 1);
	b.keep = CORE_KEEP_TAIL;
	assert_string_equal(captured(p, &b, "abc\r\ndef\r\nghi", 100), "ghi");
	b.max_bytes = 13;
	b.keep = CORE_KEEP_BOTH;
	assert_true(strlen(captured(p, &b, numbers(500), 100)) <= 13);
	assert_true(extract.is_truncated);
}

/* Each page says where the next begins; together they are all there was. */
static void what_was_left_out_is_read_on(void **state)
{
	struct pane *p = pane_of(*state);
	struct core_budget b = budget_of(CORE_KEEP_HEAD, 100, 1000);
	static char all[1 << 16];
	const char *given = numbers(1000);
	size_t n = 0, wanted = strlen(given) - 1000; /* CR LF is one */

	for (unsigned pages = 0; n < wanted; pages++) {
		assert_true(pages < 200);
		n += (size_t)snprintf(all + n, sizeof all - n, "%s", captured(p, &b, given, 1000));
		assert_true(extract.next > b.skip || !extract.is_truncated);
		b.skip = extract.next;
	}
	assert_int_equal(n, wanted);
	n = 0;
	for (unsigned i = 1; i <= 1000; i++) {
		char line[16];
		size_t k = (size_t)snprintf(line, sizeof line, "%u\n", i);

		assert_memory_equal(all + n, line, k);
		n += k;
	}
}

static void bytes_as_they_came_are_kept_at_both_ends(void **state)
{
	struct pane *p = pane_of(*state);
	struct core_budget b = budget_of(CORE_KEEP_BOTH, 6, 1);

	b.is_raw = true;
	for (size_t piece = 1; piece < 12; piece++) {
		b.keep = CORE_KEEP_BOTH;
		assert_string_equal(captured(p, &b, "abc\r\nxyz", piece), "abcxyz");
		assert_int_equal(extract.n_omitted_bytes, 2);
		assert_int_equal(extract.next, 3);
		b.keep = CORE_KEEP_HEAD;
		assert_string_equal(captured(p, &b, "abc\r\nxyz", piece), "abc\r\nx");
		b.keep = CORE_KEEP_TAIL;
		assert_string_equal(captured(p, &b, "abc\r\nxyz", piece), "c\r\nxyz");
		assert_string_equal(captured(p, &b, "abcdef", piece), "abcdef");
		assert_false(extract.is_truncated);
	}
}

/* However much: the lines at the ends are right and the memory is bounded. */
static void a_flood_keeps_its_ends(void **state)
{
	struct pane *p = pane_of(*state);
	struct core_budget b = budget_of(CORE_KEEP_BOTH, 65536, 4);
	struct buf out = BUF_INIT;
	struct capture c;
	char line[32];

	assert_int_equal(capture_init(&c, p, &b), 0);
	for (unsigned i = 1; i <= 200000; i++)
		capture_feed(&c, line, (size_t)snprintf(line, sizeof line, "line %u\r\n", i));
	assert_int_equal(capture_read(&c, &out, &extract), 0);
	buf_put_char(&out, '\0');
	assert_string_equal(buf_data(&out), "line 1\nline 2\nline 199999\nline 200000\n");
	assert_int_equal(extract.n_omitted_rows, 199996);
	assert_true(buf_len(&c.head) < 100);
	buf_fini(&out);
	capture_fini(&c);
}

static void on_text(const struct core_text *t, const struct fail *f, void *user)
{
	struct fail *ret = user;

	*ret = f ? *f : (struct fail){ 0 };
	text[0] = '\0';
	if (t) {
		snprintf(text, sizeof text, "%.*s|%d-%d", (int)t->n, t->text ? t->text : "",
			 (int)t->from, (int)t->to);
	}
}

static const char *text_of(struct fake_keeper *k, struct pane *p, int64_t from, int64_t to,
			   struct fail *f)
{
	struct core_text_spec s = { .is_from_set = from >= 0,
				    .from = (uint64_t)from,
				    .is_to_set = to >= 0,
				    .to = (uint64_t)to,
				    .budget = budget_of(CORE_KEEP_BOTH, 65536, 1000) };

	core_pane_text(k->core, p, &s, on_text, f);
	return text;
}

static void a_range_of_a_pane_is_read_as_text(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = pane_of(k);
	struct fail f;

	fake_print(k, p, "one\r\ntwo\r\nthree");
	assert_string_equal(text_of(k, p, -1, -1, &f), "one\ntwo\nthree|0-15");
	assert_string_equal(text_of(k, p, 5, 8, &f), "two|5-8");
	assert_string_equal(text_of(k, p, 5, 100, &f), "two\nthree|5-15"); /* what there is */
	assert_string_equal(text_of(k, p, 15, -1, &f), "|15-15");
	assert_string_equal(text_of(k, p, 16, -1, &f), "");
	assert_int_equal(f.code, FAIL_INVALID_PARAMS);
	assert_string_equal(text_of(k, p, 8, 5, &f), "");
	assert_int_equal(f.code, FAIL_INVALID_PARAMS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_keeper_setup, fake_keeper_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(text_is_what_the_screen_shows),
		T(the_beginning_the_end_or_both_are_kept),
		T(bytes_are_counted_too),
		T(what_was_left_out_is_read_on),
		T(bytes_as_they_came_are_kept_at_both_ends),
		T(a_flood_keeps_its_ends),
		T(a_range_of_a_pane_is_read_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
