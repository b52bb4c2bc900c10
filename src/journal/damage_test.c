/* Damage at any offset: what is read is what was written, up to there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "journal/rig.h"
#include "journal/segment.h"

/* Two sealed segments, one that waits, one running. */
static const char *const names[] = { "00000001.seal", "00000002.seal", "00000003.raw",
				     "00000004.raw" };
#define N_FILES ARRAY_LEN(names)
#define NEWEST (N_FILES - 1)

struct image {
	struct rig rig;
	uint8_t *bytes[N_FILES];
	size_t n[N_FILES];
	uint64_t begin[N_FILES + 1]; /* positions of stream 0 at which the segments begin */
	struct rig_sum sum;          /* of the undamaged */
};

static void find_begins(struct image *m)
{
	for (size_t i = 0; i < N_FILES; i++) {
		struct segment s;
		struct segment_start start;
		char path[256];

		rig_path(&m->rig, names[i], path, sizeof path);
		rig_must(segment_open(&s, path, 7, i + 1));
		rig_must(segment_first(&s, &start));
		m->begin[i] = start.state.seq[0];
		segment_close(&s);
	}
	m->begin[N_FILES] = m->rig.seq[0];
}

static void make_image(struct image *m)
{
	struct rig *r = &m->rig;
	struct journal_squeezer *s = journal_squeezer_new();

	rig_init(r);
	r->opts.block_bytes = 500;
	r->opts.segment_bytes = 1500;
	rig_must(rig_open(r, NULL));
	for (int i = 0, n_more = 3; n_more > 0; i++) {
		n_more -= rig_size(r, names[NEWEST]) > 0;
		rig_must(rig_print(r, 0, 90));
		if (i % 3 == 0)
			rig_must(rig_print(r, 1, 20));
		if (i % 4 == 0)
			rig_must(rig_mark(r, "ls"));
		if (i % 5 == 0)
			rig_must(rig_checkpoint(r, (uint64_t)i, 40));
		rig_must(journal_flush(r->w));
		/* Until two are sealed. */
		while (rig_count(r, ".seal") < 2 && journal_step(r->w, s) == JOURNAL_E_MORE)
			;
	}
	rig_close(r);
	journal_squeezer_free(s);
	for (size_t i = 0; i < N_FILES; i++)
		m->bytes[i] = rig_load(r, names[i], &m->n[i]);
	rig_read(r, &m->sum);
	assert_int_equal(m->sum.n_gap[0], 0);
	assert_int_equal(rig_count(r, "000"), N_FILES);
}

static void restore(struct image *m)
{
	rig_must(journal_delete(m->rig.dir));
	rig_must(journal_writer_open(m->rig.dir, 7, NULL, NULL, &m->rig.w));
	rig_close(&m->rig);
	for (size_t i = 0; i < N_FILES; i++)
		rig_store(&m->rig, names[i], m->bytes[i], m->n[i]);
}

/* What is left of a damaged journal can be read, and everything before the damage is there. */
static void check_reading(struct image *m, size_t file, struct rig_sum *ret)
{
	struct journal_reader *jr;
	struct journal_want want = { m->rig.seq[0] / 2, UINT64_MAX, UINT64_MAX };
	struct journal_record rec;

	rig_read(&m->rig, ret);
	assert_int_equal(ret->end, JOURNAL_E_END);
	assert_true(ret->head[0] <= m->sum.head[0]);
	/* Only the damaged segment's own bytes can be missing. */
	uint64_t missing = m->sum.n_output[0] - ret->n_output[0];
	assert_true(missing <= m->begin[file + 1] - m->begin[file]);
	if (file > 0)
		assert_int_equal(ret->tail[0], 0);
	if (file != NEWEST)
		assert_int_equal(ret->head[0], m->sum.head[0]);
	rig_must(journal_reader_open(m->rig.dir, &jr));
	assert_true(journal_seek_checkpoint(jr, &want) >= 0);
	rig_must(journal_seek(jr, 0, m->begin[1] + 1));
	assert_int_equal(journal_next(jr, &rec), 0);
	assert_int_equal(rec.seq, m->begin[1] + 1);
	journal_reader_close(jr);
}

/* A writer mends it, keeps what it cannot explain, and goes on. */
static void check_writing(struct image *m, const struct rig_sum *before)
{
	struct rig *r = &m->rig;
	struct rig_sum after;
	struct journal_state s;

	rig_must(rig_open(r, &s));
	assert_int_equal(s.head[0], before->head[0]);
	rig_must(rig_print(r, 0, 33));
	rig_must(journal_flush(r->w));
	rig_read(r, &after);
	assert_int_equal(after.n_output[0], before->n_output[0] + 33);
	assert_int_equal(after.n_gap[0], before->n_gap[0]);
	rig_close(r);
	rig_must(rig_open(r, &s));
	assert_int_equal(s.head[0], before->head[0] + 33);
	rig_close(r);
}

/* Bytes are only ever lost from the newest file, and then only those of a torn write. */
static void check_kept(const struct image *m, size_t file, size_t n_damaged, bool was_cut)
{
	size_t n = 0;

	if (file != NEWEST)
		return;
	n = rig_size(&m->rig, names[file]);
	if (!was_cut && rig_count(&m->rig, ".damaged") == 0)
		assert_true(n + 200 > n_damaged);
}

static void cut_at(struct image *m, size_t file, size_t at)
{
	struct rig_sum sum;

	restore(m);
	rig_store(&m->rig, names[file], m->bytes[file], at);
	check_reading(m, file, &sum);
	check_writing(m, &sum);
	/* A newest file that was cut is torn, never damaged. */
	if (file == NEWEST)
		assert_int_equal(rig_count(&m->rig, ".damaged"), 0);
}

static void overwrite_at(struct image *m, size_t file, size_t at, unsigned how)
{
	struct rig_sum sum;
	size_t n = m->n[file], end = at + 1;
	uint8_t *p = malloc(n);

	assert_non_null(p);
	memcpy(p, m->bytes[file], n);
	if (how == 0) {
		p[at] ^= (uint8_t)(1u << at % 8);
	} else {
		end = at + 64 < n ? at + 64 : n;
		memset(p + at, how == 1 ? 0 : 0xa7, end - at);
	}
	/* A version from the future is another matter. */
	bool is_version = at < 12 && end > 8;
	if (memcmp(p, m->bytes[file], n) != 0 && !is_version) {
		restore(m);
		rig_store(&m->rig, names[file], p, n);
		check_reading(m, file, &sum);
		check_writing(m, &sum);
		check_kept(m, file, n, end == n);
	}
	free(p);
}

static struct image *image;
static size_t step = 3; /* offsets; 1 in the long run */

static int setup(void **state)
{
	(void)state;
	if (getenv("ORCHFLOW_E2E_SCALE"))
		step = 1;
	image = calloc(1, sizeof *image);
	make_image(image);
	find_begins(image);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FILES; i++)
		free(image->bytes[i]);
	rig_fini(&image->rig);
	free(image);
	return 0;
}

static void a_journal_cut_anywhere_is_a_prefix(void **state)
{
	(void)state;
	for (size_t file = 0; file < N_FILES; file++) {
		for (size_t at = 0; at < image->n[file]; at += step)
			cut_at(image, file, at);
	}
}

static void a_flipped_bit_anywhere_costs_little(void **state)
{
	(void)state;
	for (size_t file = 0; file < N_FILES; file++) {
		for (size_t at = 0; at < image->n[file]; at += step)
			overwrite_at(image, file, at, 0);
	}
}

static void zeros_and_garbage_anywhere_cost_little(void **state)
{
	(void)state;
	for (size_t file = 0; file < N_FILES; file++) {
		for (size_t at = 0; at < image->n[file]; at += 5 * step) {
			overwrite_at(image, file, at, 1);
			overwrite_at(image, file, at, 2);
		}
	}
}

static void a_newer_version_is_refused_and_left_alone(void **state)
{
	struct rig *r = &image->rig;
	struct journal_reader *jr;
	struct rig_sum sum;

	(void)state;
	restore(image);
	image->bytes[NEWEST][8] = 2;
	rig_store(r, names[NEWEST], image->bytes[NEWEST], image->n[NEWEST]);
	image->bytes[NEWEST][8] = 1;
	rig_store(r, "00000009.tmp", NULL, 0);
	assert_int_equal(journal_writer_open(r->dir, 7, &r->opts, NULL, &r->w), JOURNAL_E_VERSION);
	r->w = NULL;
	assert_int_equal(rig_size(r, names[NEWEST]), image->n[NEWEST]);
	assert_int_equal(rig_count(r, ".tmp"), 1);
	assert_int_equal(journal_reader_open(r->dir, &jr), JOURNAL_E_VERSION);
	/* In the middle the reader says so and can go on. */
	restore(image);
	image->bytes[1][8] = 2;
	rig_store(r, names[1], image->bytes[1], image->n[1]);
	image->bytes[1][8] = 1;
	rig_must(journal_reader_open(r->dir, &jr));
	rig_walk(jr, &sum);
	assert_int_equal(sum.end, JOURNAL_E_VERSION);
	assert_int_equal(sum.head[0], image->begin[1]);
	rig_walk(jr, &sum);
	assert_int_equal(sum.end, JOURNAL_E_END);
	assert_int_equal(sum.tail[0], image->begin[1]);
	assert_int_equal(sum.n_gap[0], image->begin[2] - image->begin[1]);
	journal_reader_close(jr);
}

static void a_seal_and_its_raw_file_count_once(void **state)
{
	struct rig *r = &image->rig;
	struct rig_sum sum;
	size_t n;

	(void)state;
	/* As after a crash between the rename and the removal; and with a bad seal. */
	for (int damage = 0; damage < 2; damage++) {
		restore(image);
		uint8_t *raw = rig_load(r, names[2], &n);
		struct journal_squeezer *s = journal_squeezer_new();
		rig_must(rig_open(r, NULL));
		while (journal_step(r->w, s) == JOURNAL_E_MORE)
			;
		rig_close(r);
		journal_squeezer_free(s);
		assert_int_equal(rig_count(r, "00000003.seal"), 1);
		rig_store(r, names[2], raw, n);
		free(raw);
		if (damage) {
			uint8_t *seal = rig_load(r, "00000003.seal", &n);

			seal[n - 5] ^= 1;
			rig_store(r, "00000003.seal", seal, n / 2);
			free(seal);
		}
		rig_must(rig_open(r, NULL));
		assert_int_equal(rig_count(r, damage ? "00000003.raw" : "00000003.seal"), 1);
		assert_int_equal(rig_count(r, "00000003."), 1 + damage);
		rig_close(r);
		rig_read(r, &sum);
		assert_int_equal(sum.n_output[0], image->sum.n_output[0]);
		assert_int_equal(sum.n_gap[0], 0);
	}
}

static void a_file_of_another_pane_is_set_aside(void **state)
{
	struct rig *r = &image->rig;
	struct journal_state s;

	(void)state;
	restore(image);
	assert_int_equal(journal_writer_open(r->dir, 8, &r->opts, &s, &r->w), 0);
	assert_false(s.has_records);
	assert_true(s.was_torn);
	assert_int_equal(rig_count(r, ".damaged"), N_FILES);
	rig_close(r);
}

static void strange_names_are_ignored(void **state)
{
	struct rig *r = &image->rig;
	struct rig_sum sum;
	static const char *const strange[] = {
		"1.raw",        "000000001.raw", "00000005.raw.bak",        "00000000.raw",
		"-0000001.raw", "00000001.rawx", "99999999999999999999.raw"
	};

	(void)state;
	restore(image);
	for (size_t i = 0; i < ARRAY_LEN(strange); i++)
		rig_store(r, strange[i], (const uint8_t *)"x", 1);
	rig_read(r, &sum);
	assert_int_equal(sum.n_output[0], image->sum.n_output[0]);
	rig_must(rig_open(r, NULL));
	rig_close(r);
	for (size_t i = 0; i < ARRAY_LEN(strange); i++)
		assert_int_equal(rig_size(r, strange[i]), 1);
}

static void a_missing_segment_is_a_gap(void **state)
{
	struct rig *r = &image->rig;
	struct rig_sum sum;
	char path[256];

	(void)state;
	restore(image);
	rig_path(r, names[1], path, sizeof path);
	unlink(path);
	rig_read(r, &sum);
	assert_int_equal(sum.n_gap[0], image->begin[2] - image->begin[1]);
	assert_int_equal(sum.head[0], image->sum.head[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_journal_cut_anywhere_is_a_prefix),
		cmocka_unit_test(a_flipped_bit_anywhere_costs_little),
		cmocka_unit_test(zeros_and_garbage_anywhere_cost_little),
		cmocka_unit_test(a_newer_version_is_refused_and_left_alone),
		cmocka_unit_test(a_seal_and_its_raw_file_count_once),
		cmocka_unit_test(a_file_of_another_pane_is_set_aside),
		cmocka_unit_test(strange_names_are_ignored),
		cmocka_unit_test(a_missing_segment_is_a_gap),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
