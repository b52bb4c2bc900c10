/*
 * Images of terminals.
 *
 * First byte even: the rest is the body of an image, its checksum made good.
 * What is taken is a sound terminal, takes input and other sizes, and saved and
 * loaded again it is the same.
 *
 * Odd: columns, rows, where to cut (2 bytes), then input, in which 0xff 0xfe and
 * two bytes resize.  A terminal that was saved and loaded at the cut goes on as
 * one that was not, to the next resize (which takes lines from a history that an
 * image does not have); without a history, to the end.
 */
#include "vt/check.h"
#include "vt/image.h"
#include "vt/image_io.h"

#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len); /* NOLINT: its name is given */

static void save(const struct vt *vt, struct buf *out)
{
	buf_clear(out);
	if (vt_save(vt, out))
		abort();
}

static struct vt *load(const struct buf *image, const struct vt_opts *opts)
{
	struct vt *vt;

	if (vt_load(buf_data(image), buf_len(image), opts, NULL, NULL, &vt)) {
		fprintf(stderr, "an image of ours is refused\n");
		abort();
	}
	vt_check(vt);
	return vt;
}

/* All that an image holds, and the lines that both have. */
static void check_same(struct vt *a, struct vt *b)
{
	struct buf p = BUF_INIT, q = BUF_INIT;
	const char *what = "something";

	b->age = a->age;
	b->reflow_age = a->reflow_age;
	save(a, &p);
	save(b, &q);
	if (buf_len(&p) != buf_len(&q) || memcmp(buf_data(&p), buf_data(&q), buf_len(&p)) != 0 ||
	    !vt_same_lines(a, b, vt_history_lines(b))) {
		vt_differ(a, b, &what);
		fprintf(stderr, "%s differs\n", what);
		abort();
	}
	buf_fini(&p);
	buf_fini(&q);
}

static void fuzz_load(const uint8_t *body, size_t len)
{
	static const char more[] =
		"\xcc\x81x\r\n\033[5bab\033[3;3H\xe6\x97\xa5\033#6\0338z\033[?47h";
	const struct vt_opts opts = { .history_lines = 60, .string_bytes = 4096 };
	struct buf image = BUF_INIT, again = BUF_INIT;
	uint8_t head[IMAGE_HEAD_BYTES] = IMAGE_MAGIC;
	struct vt *vt, *copy;

	image_put_le(head + 4, len, 4);
	image_put_le(head + 8, image_checksum(body, len), 8);
	buf_put(&image, head, sizeof head);
	buf_put(&image, body, len);
	if (!vt_load(buf_data(&image), buf_len(&image), &opts, NULL, NULL, &vt)) {
		vt_check(vt);
		save(vt, &again);
		copy = load(&again, &opts);
		check_same(vt, copy);
		vt_free(copy);
		vt_feed(vt, more, sizeof more - 1);
		vt_check(vt);
		if (vt_resize(vt, 7, 3))
			abort();
		vt_check(vt);
		vt_feed(vt, "\033c", 2);
		vt_check(vt);
		vt_free(vt);
	}
	buf_fini(&image);
	buf_fini(&again);
}

/* Up to the next resize, or to @end. */
static size_t piece(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && !(n - i >= 4 && p[i] == 0xff && p[i + 1] == 0xfe))
		i++;
	return i;
}

static void resize(struct vt *vt, const uint8_t *p)
{
	if (vt_resize(vt, 1 + p[0] % 70, 1 + p[1] % 30) < 0)
		abort();
}

/* Feeds until @len is used up or, if @is_one, to the next resize: what is left. */
static size_t feed(struct vt *vt, const uint8_t *p, size_t len, bool is_one)
{
	while (len) {
		size_t n = piece(p, len);

		vt_feed(vt, p, n);
		p += n;
		len -= n;
		if (!len || is_one)
			break;
		resize(vt, p + 2);
		p += 4;
		len -= 4;
	}
	return len;
}

static void fuzz_cut(const uint8_t *data, size_t len)
{
	const struct vt_opts opts = { .history_lines = 60,
				      .has_no_history = data[3] & 0x80,
				      .string_bytes = 4096,
				      .clipboard = VT_CLIPBOARD_READ_WRITE };
	size_t cut = ((size_t)data[2] << 8 | data[3]) & 0x7fff;
	struct vt *a = vt_new(1 + data[0] % 70, 1 + data[1] % 30, &opts, NULL, NULL), *b;
	struct buf image = BUF_INIT;

	if (!a)
		abort();
	data += 4;
	len -= 4;
	cut = cut < len ? cut : len;
	feed(a, data, cut, false);
	save(a, &image);
	b = load(&image, &opts);
	check_same(a, b);
	feed(a, data + cut, len - cut, !opts.has_no_history);
	feed(b, data + cut, len - cut, !opts.has_no_history);
	vt_check(b);
	check_same(a, b);
	vt_free(a);
	vt_free(b);
	buf_fini(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 5 || len > 20000)
		return 0;
	if (data[0] % 2) {
		fuzz_cut(data + 1, len - 1);
	} else {
		fuzz_load(data + 1, len - 1);
	}
	return 0;
}
