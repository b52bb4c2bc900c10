#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "vt/check.h"
#include "vt/image.h"
#include "vt/image_io.h"
#include "vt/term.h"
#include "vt/test_input.h"

#include <errno.h>
#include <stdlib.h>

static const struct vt_opts opts = { .history_lines = 60, .clipboard = VT_CLIPBOARD_READ_WRITE };

static void feed(struct vt *vt, const char *text)
{
	vt_feed(vt, text, strlen(text));
}

static void save(const struct vt *vt, struct buf *out)
{
	buf_clear(out);
	assert_int_equal(vt_save(vt, out), 0);
}

static struct vt *load(const struct buf *image, const struct vt_opts *o)
{
	struct vt *vt = NULL;

	assert_int_equal(vt_load(buf_data(image), buf_len(image), o, NULL, NULL, &vt), 0);
	vt_check(vt);
	return vt;
}

static struct vt *copy_of(const struct vt *vt, const struct vt_opts *o)
{
	struct buf image = BUF_INIT;
	struct vt *copy;

	save(vt, &image);
	copy = load(&image, o);
	buf_fini(&image);
	return copy;
}

/* Two terminals that give the same image, ages apart, are the same. */
static void assert_same_state(struct vt *a, struct vt *b)
{
	struct buf p = BUF_INIT, q = BUF_INIT;

	b->age = a->age;
	b->reflow_age = a->reflow_age;
	save(a, &p);
	save(b, &q);
	if (buf_len(&p) != buf_len(&q) || memcmp(buf_data(&p), buf_data(&q), buf_len(&p)) != 0) {
		const char *what = "state";

		vt_differ(a, b, &what);
		print_error("seed %u: images differ (%s?)\n", seed, what);
		fail();
	}
	buf_fini(&p);
	buf_fini(&q);
}

static void assert_same(struct vt *a, struct vt *b)
{
	assert_same_state(a, b);
	assert_true(vt_same_lines(a, b, vt_history_lines(b)));
	assert_true(vt_lines_pushed(a) == vt_lines_pushed(b));
}

/* Something of everything: each cut falls into another construct. */
static const char rich[] =
	"\033[31;48;2;1;2;3mred\033[m plain e\xcc\x81 \xe6\x97\xa5\xe6\x9c\xac "
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 "
	"\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab\r\n"
	"\033]8;id=a;http://x/\033\\link\033]8;;\033\\ \033]133;A\033\\$ \033]133;B\033\\x\r\n"
	"\033]2;title\007\033[22t\033]0;other\007\033[?1049h\033[4mfull\033[2;5r\033[>5u\033[?1049l"
	"\033]4;1;#123456\033\\\033]10;#abcdef\007\033[3g\033[9C\033H\033(0qx\033(B\033*A\033Nz"
	"\033[?2004h\033[?2026h\033[>4;2m\033[4:3;58:5:9mcurl\033[#{\033[m\0337\033[2 q"
	"\033P$qm\033\\\033[8;99Hxyz\033[3b\033[?7s\033[?7l\033[!p\033_Gi=1;AAAA\033\\"
	"a\xc2\x9b"
	"31mb\033[?69h\033[3;9s\033[2*x\033[1\"qp\033[\"q\033#6wide\r\n\n\n\n\n\n\n"
	"\xe2\x82\033[?2l\033Y!!x\033<\033%@\xe9\033%G\xf0\x9f\x98\x80\033[1;2;3";

static void a_terminal_goes_on_from_every_cut(void **state)
{
	const size_t n = sizeof rich - 1;
	struct vt *whole = vt_new(20, 6, &opts, NULL, NULL);

	(void)state;
	assert_non_null(whole);
	vt_feed(whole, rich, n);
	for (size_t i = 0; i <= n; i++) {
		struct vt *first = vt_new(20, 6, &opts, NULL, NULL), *second;

		assert_non_null(first);
		vt_feed(first, rich, i);
		second = copy_of(first, &opts);
		vt_feed(second, rich + i, n - i);
		vt_check(second);
		assert_same(whole, second);
		vt_free(first);
		vt_free(second);
	}
	vt_free(whole);
}

static void resize_somehow(struct vt *a, struct vt *b)
{
	int cols = 1 + (int)rnd(60), rows = 1 + (int)rnd(20);

	assert_int_equal(vt_resize(a, cols, rows), 0);
	if (b)
		assert_int_equal(vt_resize(b, cols, rows), 0);
}

static void random_input_after_an_image_does_what_it_would_have_done(void **state)
{
	static char bytes[3000];

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct vt *a, *b;

		seed = round;
		a = vt_new(40, 12, &opts, NULL, NULL);
		assert_non_null(a);
		for (unsigned i = rnd(4); i > 0; i--) {
			vt_feed(a, bytes, random_bytes(bytes, sizeof bytes));
			resize_somehow(a, NULL);
		}
		vt_feed(a, bytes, random_bytes(bytes, sizeof bytes) - rnd(9));
		b = copy_of(a, &opts);
		assert_same(a, b);
		assert_true(vt_age(b) > vt_age(a) || b->age == a->age);
		for (int i = 0; i < 3; i++) {
			size_t n = random_bytes(bytes, sizeof bytes);

			vt_feed(a, bytes, n);
			vt_feed(b, bytes, n);
			vt_check(b);
			assert_same(a, b);
		}
		vt_free(a);
		vt_free(b);
	}
}

/* Without a history there is nothing that a resize could take lines from. */
static void resizes_after_an_image_do_what_they_would_have_done(void **state)
{
	const struct vt_opts none = { .has_no_history = true };
	static char bytes[2000];

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct vt *a = vt_new(30, 10, &none, NULL, NULL), *b;

		seed = 1000 + round;
		assert_non_null(a);
		vt_feed(a, bytes, random_bytes(bytes, sizeof bytes));
		resize_somehow(a, NULL);
		vt_feed(a, bytes, random_bytes(bytes, sizeof bytes));
		b = copy_of(a, &none);
		for (int i = 0; i < 3; i++) {
			size_t n = random_bytes(bytes, sizeof bytes);

			resize_somehow(a, b);
			vt_feed(a, bytes, n);
			vt_feed(b, bytes, n);
			vt_check(b);
			assert_same(a, b);
		}
		vt_free(a);
		vt_free(b);
	}
}

static void on_anything(void *user)
{
	++*(int *)user;
}

static void on_reply(void *user, const char *bytes, size_t n)
{
	(void)bytes;
	(void)n;
	on_anything(user);
}

static void on_title(void *user, enum vt_title which, const char *text)
{
	(void)which;
	(void)text;
	on_anything(user);
}

static void on_mark(void *user, const struct vt_mark_event *ev)
{
	(void)ev;
	on_anything(user);
}

static void on_mode(void *user, enum vt_mode m, bool is_set)
{
	(void)m;
	(void)is_set;
	on_anything(user);
}

static bool on_resize(void *user, int cols, int rows)
{
	(void)cols;
	(void)rows;
	on_anything(user);
	return true;
}

/* How a history is made again: an older image, and what came since. */
static void an_older_image_and_a_replay_make_the_history_and_tell_nobody(void **state)
{
	const struct vt_callbacks cbs = { .reply = on_reply,
					  .title = on_title,
					  .bell = on_anything,
					  .mark = on_mark,
					  .mode = on_mode,
					  .resize = on_resize };
	static const char more[] = "\033[c\033]2;t\007\007\033]133;A\007\033[?2004h\033[8;9;9t";
	struct vt *a = vt_new(20, 4, &opts, NULL, NULL), *b = NULL;
	struct buf image = BUF_INIT;
	int n_calls = 0;

	(void)state;
	assert_non_null(a);
	feed(a, "one\r\ntwo\r\n");
	save(a, &image);
	for (int i = 0; i < 5; i++) {
		feed(a, rich);
		feed(a, more);
	}
	assert_int_equal(vt_load(buf_data(&image), buf_len(&image), &opts, &cbs, &n_calls, &b), 0);
	vt_replay(b, true);
	for (int i = 0; i < 5; i++) {
		feed(b, rich);
		feed(b, more);
	}
	vt_replay(b, false);
	assert_int_equal(n_calls, 0);
	assert_same(a, b);
	assert_int_equal(vt_history_lines(a), vt_history_lines(b));
	feed(b, "\033c\033[c");
	assert_true(n_calls > 0);
	vt_free(a);
	vt_free(b);
	buf_fini(&image);
}

static void an_image_is_small(void **state)
{
	struct vt *vt = vt_new(80, 24, &opts, NULL, NULL);
	struct buf image = BUF_INIT;

	(void)state;
	feed(vt, "\033]0;user@host: ~\007\033]133;A\007\033[01;32muser@host\033[00m:\033[01;34m~"
		 "\033[00m$ \033]133;B\007\033[?2004h");
	save(vt, &image);
	assert_in_range(buf_len(&image), 1, 512);
	vt_free(vt);
	vt = vt_new(150, 50, &opts, NULL, NULL);
	for (int i = 0; i < 150 * 50; i++)
		feed(vt, "x");
	save(vt, &image);
	assert_in_range(buf_len(&image), 150 * 50, 150 * 50 + 1024);
	vt_free(vt);
	buf_fini(&image);
}

static void an_image_is_refused_with_any_byte_changed_and_at_any_length(void **state)
{
	struct vt *vt = vt_new(20, 6, &opts, NULL, NULL), *copy = NULL;
	struct buf image = BUF_INIT;
	char *bytes;
	size_t n;

	(void)state;
	feed(vt, rich);
	save(vt, &image);
	n = buf_len(&image);
	bytes = mem_dup(buf_data(&image), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(vt_load(bytes, i, &opts, NULL, NULL, &copy), VT_E_IMAGE);
		bytes[i] ^= 4;
		assert_int_equal(vt_load(bytes, n, &opts, NULL, NULL, &copy), VT_E_IMAGE);
		bytes[i] ^= 4;
	}
	assert_null(copy);
	mem_free(bytes);
	buf_fini(&image);
	vt_free(vt);
}

/* With the checksum made good: other numbers are other terminals, or none. */
static void an_image_with_other_numbers_makes_a_sound_terminal_or_none(void **state)
{
	struct vt *vt = vt_new(20, 6, &opts, NULL, NULL);
	struct buf image = BUF_INIT;
	unsigned n_taken = 0, n_refused = 0;
	uint8_t *bytes;
	size_t n;

	(void)state;
	feed(vt, rich);
	save(vt, &image);
	n = buf_len(&image);
	bytes = mem_dup(buf_data(&image), n);
	for (size_t i = IMAGE_HEAD_BYTES; i < n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct vt *copy = NULL;

			bytes[i] ^= 1u << bit;
			image_put_le(bytes + 8, image_checksum(bytes + 16, n - 16), 8);
			if (vt_load(bytes, n, &opts, NULL, NULL, &copy) == 0) {
				vt_check(copy);
				feed(copy, "\xcc\x81x\r\n\033[5b");
				assert_int_equal(vt_resize(copy, 11, 5), 0);
				vt_check(copy);
				n_taken++;
			} else {
				n_refused++;
			}
			vt_free(copy);
			bytes[i] ^= 1u << bit;
		}
	}
	assert_true(n_taken > 100 && n_refused > 100);
	mem_free(bytes);
	buf_fini(&image);
	vt_free(vt);
}

static void without_memory_nothing_is_saved_or_loaded(void **state)
{
	struct vt *vt = vt_new(20, 6, &opts, NULL, NULL), *copy = NULL;
	struct buf image = BUF_INIT, other = BUF_INIT;
	int r = -ENOMEM;

	(void)state;
	feed(vt, rich);
	save(vt, &image);
	for (long i = 0; r; i++) {
		mem_fail_after(i);
		r = vt_save(vt, &other);
		mem_fail_after(-1);
		assert_true(r == 0 || r == -ENOMEM);
		buf_fini(&other);
	}
	r = -ENOMEM;
	for (long i = 0; r; i++) {
		mem_fail_after(i);
		r = vt_load(buf_data(&image), buf_len(&image), &opts, NULL, NULL, &copy);
		mem_fail_after(-1);
		assert_true(r == 0 || (r == -ENOMEM && !copy));
	}
	assert_same_state(vt, copy);
	vt_free(vt);
	vt_free(copy);
	buf_fini(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_goes_on_from_every_cut),
		cmocka_unit_test(random_input_after_an_image_does_what_it_would_have_done),
		cmocka_unit_test(resizes_after_an_image_do_what_they_would_have_done),
		cmocka_unit_test(an_older_image_and_a_replay_make_the_history_and_tell_nobody),
		cmocka_unit_test(an_image_is_small),
		cmocka_unit_test(an_image_is_refused_with_any_byte_changed_and_at_any_length),
		cmocka_unit_test(an_image_with_other_numbers_makes_a_sound_terminal_or_none),
		cmocka_unit_test(without_memory_nothing_is_saved_or_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
