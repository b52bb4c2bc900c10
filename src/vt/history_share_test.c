/* Histories that somebody reads while they go on. */
#include "vt/history_share.h"

#include "vt/snapshot.h"
#include "vt/vt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* It puts things aside, and only their number is what is left. */
static struct {
	uint8_t *bytes;
	size_t n;
} aside[4096];
static uint32_t n_aside;

static size_t squeeze(void *user, const void *src, size_t n, void *dst, size_t size)
{
	(void)user;
	assert_true(size >= sizeof(n_aside) && n_aside < ARRAY_LEN(aside));
	aside[n_aside].bytes = malloc(n);
	aside[n_aside].n = n;
	memcpy(aside[n_aside].bytes, src, n);
	memcpy(dst, &n_aside, sizeof(n_aside));
	n_aside++;
	return sizeof(n_aside);
}

static bool expand(void *user, const void *src, size_t n, void *dst, size_t size)
{
	uint32_t i;

	(void)user;
	assert_int_equal(n, sizeof(i));
	memcpy(&i, src, sizeof(i));
	assert_true(i < n_aside && aside[i].n == size);
	memcpy(dst, aside[i].bytes, size);
	return true;
}

static int forget_aside(void **state)
{
	(void)state;
	while (n_aside > 0)
		free(aside[--n_aside].bytes);
	return 0;
}

static const struct vt_compress squeezer = { NULL, squeeze, expand };

static struct vt *make(void)
{
	struct vt_opts opts = { .compress = &squeezer };
	struct vt *vt = vt_new(40, 5, &opts, NULL, NULL);

	assert_non_null(vt);
	return vt;
}

/* All kinds of lines, most with long runs; each with its number in the middle. */
static void print_many(struct vt *vt, unsigned from, unsigned to)
{
	static const char *const kinds[][2] = {
		{ "number ", " ===========================\r\n" },
		{ "\033[31mred ", "\033[m        pppppppppppppppp           \r\n" },
		{ "gap\033[9Cbehind ", "bbbbbbbbbbbbbbbbbb\r\n" },
		{ "\xc3\xa4\xe4\xb8\xad wide ", "wwwwwwwwwwwwwwwwwwwwwwww\r\n" },
		{ "wrapped ",
		  " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" },
		{ "", "llllllllllllllllllllllllllllll\r\n\r\n" },
		{ "\033]8;;http://x.y/z\033\\link\033]8;;\033\\", "\r\n" },
	};

	for (unsigned i = from; i < to; i++) {
		const char *const *k = kinds[i % ARRAY_LEN(kinds)];
		char number[16];

		(void)snprintf(number, sizeof(number), "%u", i);
		vt_feed(vt, k[0], strlen(k[0]));
		vt_feed(vt, number, strlen(number));
		vt_feed(vt, k[1], strlen(k[1]));
	}
}

static bool put_line(const struct history_text *line, void *user)
{
	buf_put(user, line->text, line->n_bytes);
	if (!line->is_wrapped)
		buf_put_char(user, '\n');
	return true;
}

static void assert_same(const struct buf *a, const struct buf *b)
{
	assert_int_equal(buf_len(a), buf_len(b));
	assert_memory_equal(buf_data(a), buf_data(b), buf_len(a));
}

static void snapshot(const struct vt *vt, struct buf *out)
{
	struct snapshot_opts opts = { .n_history = SNAPSHOT_ALL,
				      .has_no_screen = true,
				      .is_joined = true,
				      .wants_blank_lines = true };

	assert_int_equal(snapshot_write(vt, &opts, out), 0);
}

/* Through pages, and once more line by line. */
static void read_share(const struct history_share *s, struct buf *pages, struct buf *lines)
{
	struct history_reader r = { .compress = &squeezer };
	struct history_text text;

	for (uint32_t i = 0; i < history_share_pages(s); i++)
		assert_int_equal(history_share_each(s, i, &r, put_line, pages), 0);
	for (uint32_t i = 0; i < history_share_lines(s); i++) {
		assert_int_equal(history_share_line(s, history_share_first(s) + i, &r, &text), 0);
		put_line(&text, lines);
	}
	assert_int_equal(history_share_line(s, history_share_first(s) + history_share_lines(s), &r,
					    &text),
			 -ERANGE);
	history_reader_fini(&r);
}

static void check_share(struct vt *vt, bool is_changed)
{
	struct history_share *s = history_share_new(vt);
	struct buf wanted = BUF_INIT, pages = BUF_INIT, lines = BUF_INIT;

	snapshot(vt, &wanted);
	if (is_changed) {
		/* Whatever happens to the terminal afterwards. */
		print_many(vt, 0, 30000);
		while (vt_idle(vt))
			;
		assert_int_equal(vt_resize(vt, 33, 7), 0);
	}
	vt_free(vt);
	read_share(s, &pages, &lines);
	assert_same(&wanted, &pages);
	assert_same(&wanted, &lines);
	buf_fini(&wanted);
	buf_fini(&pages);
	buf_fini(&lines);
	history_share_free(s);
}

static void a_share_has_the_lines_of_that_moment(void **state)
{
	static const unsigned counts[] = { 0, 3, 6, 400, 20000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		for (int how = 0; how < 4; how++) {
			struct vt *vt = make();

			print_many(vt, 0, counts[i]);
			if (how & 1) {
				while (vt_idle(vt))
					;
			}
			if (how & 2)
				print_many(vt, 0, 100);
			check_share(vt, i % 2 == 0 || how > 1);
		}
	}
}

static struct history_probe probe(const char *text, bool has_relatives)
{
	struct history_probe p;

	history_probe_init(&p, text, strlen(text), has_relatives);
	return p;
}

static void a_filter_never_denies_what_is_there(void **state)
{
	struct vt *vt = make();
	struct history_share *s;
	struct history_reader r = { .compress = &squeezer };
	struct history_probe none = probe("nowhere to be found", false), p;
	unsigned n_skipped = 0, n_cold = 0;

	(void)state;
	print_many(vt, 0, 20000);
	while (vt_idle(vt))
		;
	s = history_share_new(vt);
	for (uint32_t i = 0; i < history_share_pages(s); i++) {
		struct history_page_info info = history_share_page(s, i);

		n_cold += info.is_cold;
		n_skipped += !history_share_may_hold(s, i, &none);
		for (uint32_t k = 0; k < info.n_lines; k++) {
			struct history_text t;

			assert_int_equal(history_share_line(s, info.first + k, &r, &t), 0);
			history_probe_init(&p, t.text, t.n_bytes, k % 2);
			assert_true(history_share_may_hold(s, i, &p));
		}
	}
	assert_true(n_cold > 0);
	assert_true(n_skipped > 0);
	p = probe("NUMBER 17500 ==", false);
	n_skipped = 0;
	for (uint32_t i = 0; i < history_share_pages(s); i++)
		n_skipped += !history_share_may_hold(s, i, &p);
	assert_true(n_skipped < history_share_pages(s));
	history_reader_fini(&r);
	history_share_free(s);
	vt_free(vt);
}

static void a_probe_leaves_out_what_has_relatives(void **state)
{
	(void)state;
	assert_int_equal(probe("abc", true).n, 1);
	assert_int_equal(probe("akc", true).n, 0);
	assert_int_equal(probe("Sab", true).n, 0);
	assert_int_equal(probe("akc", false).n, 1);
	assert_int_equal(probe("ab\xc3\xa4", true).n, 0);
	assert_int_equal(probe("ab", false).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_share_has_the_lines_of_that_moment, forget_aside),
		cmocka_unit_test_teardown(a_filter_never_denies_what_is_there, forget_aside),
		cmocka_unit_test(a_probe_leaves_out_what_has_relatives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
