#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "journal/crc32c.h"
#include "journal/rig.h"

static int setup(void **state)
{
	struct rig *r = malloc(sizeof *r);

	rig_init(r);
	rig_must(rig_open(r, NULL));
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	free(*state);
	return 0;
}

static void flush(struct rig *r)
{
	rig_must(journal_flush(r->w));
}

static struct journal_reader *reader_of(const struct rig *r)
{
	struct journal_reader *jr;

	rig_must(journal_reader_open(r->dir, &jr));
	return jr;
}

/* Seal all that is finished. */
static void seal_all(struct rig *r)
{
	struct journal_squeezer *s = journal_squeezer_new();
	int k;

	while ((k = journal_step(r->w, s)) == JOURNAL_E_MORE)
		;
	assert_int_equal(k, 0);
	journal_squeezer_free(s);
}

/* @n records of @bytes, flushed one by one. */
static void print_many(struct rig *r, int n, size_t bytes)
{
	for (int i = 0; i < n; i++) {
		rig_must(rig_print(r, 0, bytes));
		flush(r);
	}
}

static void the_checksum_is_the_published_one(void **state)
{
	static const uint8_t zero[32];

	(void)state;
	/* RFC 3720 B.4; and the usual check value. */
	assert_int_equal(crc32c(0, zero, 32), 0x8a9136aa);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c_plain(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
	for (size_t n = 0; n < 32; n++) {
		assert_int_equal(crc32c(99, "0123456789abcdefghijklmnopqrstuvw", n),
				 crc32c_plain(99, "0123456789abcdefghijklmnopqrstuvw", n));
	}
}

static void what_was_appended_is_read_back(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;

	rig_must(rig_print(r, 0, 100));
	rig_must(rig_print(r, 1, 50));
	rig_must(rig_mark(r, "make"));
	rig_must(rig_print(r, 0, 1));
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.n_output[0], 101);
	assert_int_equal(sum.n_output[1], 50);
	assert_int_equal(sum.n_marks, 1);
	assert_int_equal(sum.n_gap[0] + sum.n_gap[1], 0);
	assert_int_equal(sum.end, JOURNAL_E_END);
}

static void nothing_is_written_before_a_flush(void **state)
{
	struct rig *r = *state;

	rig_must(rig_print(r, 0, 100));
	assert_int_equal(rig_count(r, ".raw"), 0);
	assert_true(journal_unflushed(r->w) > 100);
	flush(r);
	assert_int_equal(rig_count(r, ".raw"), 1);
	assert_int_equal(journal_unflushed(r->w), 0);
}

/* Every kind comes back with all its members. */
static void every_kind_comes_back_as_it_was(void **state)
{
	struct rig *r = *state;
	static const char argv[] = "/home\0make\0all";
	struct journal_record in[] = {
		{ .kind = JOURNAL_SPAWN,
		  .spawn = { .generation = 3, .cols = 80, .rows = 24 },
		  .data = { { argv, sizeof argv } } },
		{ .kind = JOURNAL_RESIZE, .resize = { 2000, 1000 } },
		{ .kind = JOURNAL_MARK,
		  .mark = { .what = 77, .value = INT64_MIN },
		  .data = { { "x", 1 }, { "yz", 2 } } },
		{ .kind = JOURNAL_INPUT, .data = { { "\0q", 2 } } },
		{ .kind = JOURNAL_CHECKPOINT,
		  .checkpoint = { 123456789012 },
		  .data = { { "image", 5 } } },
		{ .kind = JOURNAL_EXIT, .exit = { -1, 9 } },
		{ .kind = JOURNAL_CLOSED },
		{ .kind = JOURNAL_GAP, .stream = 1, .gap = { 500, JOURNAL_GAP_POLICY } },
	};
	struct journal_record out;

	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		in[i].wall_us = 1000 + i;
		rig_must(journal_append(r->w, &in[i]));
	}
	flush(r);
	struct journal_reader *jr = reader_of(r);
	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		assert_int_equal(journal_next(jr, &out), 0);
		assert_int_equal(out.kind, in[i].kind);
		assert_int_equal(out.wall_us, in[i].wall_us);
		assert_int_equal(out.data[0].n, in[i].data[0].n + in[i].data[1].n);
		if (i == 0) {
			assert_int_equal(out.spawn.generation, 3);
			assert_int_equal(out.spawn.cols, 80);
			assert_memory_equal(out.data[0].p, argv, sizeof argv);
		} else if (i == 1) {
			assert_int_equal(out.resize.cols, 2000);
			assert_int_equal(out.resize.rows, 1000);
		} else if (i == 2) {
			assert_int_equal(out.mark.what, 77);
			assert_true(out.mark.value == INT64_MIN);
			assert_memory_equal(out.data[0].p, "xyz", 3);
		} else if (i == 4) {
			assert_true(out.checkpoint.lines_pushed == 123456789012);
		} else if (i == 5) {
			assert_int_equal(out.exit.code, -1);
			assert_int_equal(out.exit.signal, 9);
		} else if (i == 7) {
			assert_int_equal(out.gap.to, 500);
			assert_int_equal(out.gap.reason, JOURNAL_GAP_POLICY);
		}
	}
	assert_int_equal(journal_next(jr, &out), JOURNAL_E_END);
	struct journal_state s;
	rig_must(journal_reader_refresh(jr));
	journal_reader_state(jr, &s);
	assert_true(s.has_exit && s.has_closed);
	assert_int_equal(s.exit_signal, 9);
	assert_int_equal(s.generation, 3);
	assert_int_equal(s.cols, 2000);
	assert_int_equal(s.head[1], 500);
	journal_reader_close(jr);
}

static void what_cannot_be_is_refused(void **state)
{
	struct rig *r = *state;
	static const uint8_t big[JOURNAL_TEXT_MAX + 1];
	const struct journal_record bad[] = {
		{ .kind = 0 },
		{ .kind = JOURNAL_CHECKPOINT + 1 },
		{ .kind = 32, .data = { { big, 40 } } },
		{ .kind = JOURNAL_OUTPUT },
		{ .kind = JOURNAL_OUTPUT, .stream = 2, .data = { { "x", 1 } } },
		{ .kind = JOURNAL_OUTPUT, .seq = UINT64_MAX, .data = { { "x", 1 } } },
		{ .kind = JOURNAL_OUTPUT, .seq = 1ull << 62, .data = { { "x", 1 } } },
		{ .kind = JOURNAL_MARK, .stream = 300 },
		{ .kind = JOURNAL_MARK, .data = { { big, sizeof big } } },
		{ .kind = JOURNAL_CLOSED, .data = { { "x", 1 } } },
		{ .kind = JOURNAL_CHECKPOINT, .data = { { big, JOURNAL_CHECKPOINT_MAX + 1 } } },
		{ .kind = JOURNAL_GAP, .seq = 5, .gap = { 5, 1 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(journal_append(r->w, &bad[i]), -EINVAL);
	assert_int_equal(journal_unflushed(r->w), 0);
	/* Only bytes that do not lie behind the head can be missing. */
	rig_must(rig_print(r, 0, 10));
	const struct journal_record late = { .kind = JOURNAL_GAP, .seq = 3, .gap = { 10, 1 } };
	assert_int_equal(journal_append(r->w, &late), -EINVAL);
}

static void output_offered_again_is_taken_once(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;

	rig_must(rig_print(r, 0, 1000));
	r->seq[0] = 400;
	rig_must(rig_print(r, 0, 500)); /* all of it known */
	rig_must(rig_print(r, 0, 300)); /* 100 known, 200 new */
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.n_output[0], 1200);
	assert_int_equal(sum.n_gap[0], 0);
}

static void output_that_was_never_offered_is_a_gap(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;

	rig_must(rig_print(r, 0, 10));
	r->seq[0] = 25;
	rig_must(rig_print(r, 0, 5));
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.n_gap[0], 15);
	assert_int_equal(sum.n_output[0], 15);
}

static void a_journal_may_begin_in_the_middle(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;
	struct journal_state s;

	r->seq[0] = 5000;
	rig_must(rig_print(r, 0, 10));
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.tail[0], 5000);
	assert_int_equal(sum.n_gap[0], 0);
	journal_writer_state(r->w, &s);
	assert_int_equal(s.tail[0], 5000);
	assert_int_equal(s.head[0], 5010);
}

static void long_output_is_split(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;

	rig_must(rig_print(r, 0, 300000));
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.n_output[0], 300000);
	assert_true(sum.n_records >= 5);
}

static void full_segments_are_followed_by_new_ones(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;

	print_many(r, 100, 1000);
	assert_true(rig_count(r, ".raw") >= 5);
	rig_read(r, &sum);
	assert_int_equal(sum.n_output[0], 100000);
	assert_true(journal_backlog(r->w) > 60000);
}

static void a_sealed_journal_reads_the_same(void **state)
{
	struct rig *r = *state;
	struct rig_sum before, after;

	print_many(r, 100, 1000);
	rig_must(rig_mark(r, "end"));
	flush(r);
	rig_read(r, &before);
	seal_all(r);
	assert_int_equal(rig_count(r, ".raw"), 1);
	assert_int_equal(rig_count(r, ".tmp"), 0);
	assert_int_equal(journal_backlog(r->w), 0);
	rig_read(r, &after);
	assert_memory_equal(&before, &after, sizeof before);
	rig_must(journal_finish_segment(r->w));
	seal_all(r);
	assert_int_equal(rig_count(r, ".raw"), 0);
	rig_read(r, &after);
	assert_memory_equal(&before, &after, sizeof before);
}

static void it_goes_on_after_a_clean_close(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;
	struct journal_state s;

	for (int i = 0; i < 20; i++) {
		print_many(r, 3, 700);
		if (i % 5 == 0)
			seal_all(r);
		if (i % 7 == 0)
			rig_must(journal_finish_segment(r->w));
		rig_close(r);
		rig_must(rig_open(r, &s));
		assert_int_equal(s.head[0], 2100 * (i + 1));
		assert_int_equal(s.tail[0], 0);
		assert_false(s.was_torn);
	}
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.n_output[0], 42000);
	assert_int_equal(sum.n_gap[0], 0);
}

static void nothing_appended_leaves_no_file(void **state)
{
	struct rig *r = *state;
	struct journal_state s;

	rig_close(r);
	rig_must(rig_open(r, &s));
	assert_false(s.has_records);
	rig_close(r);
	assert_int_equal(rig_count(r, ".raw"), 0);
}

static void files_are_closed_to_others(void **state)
{
	struct rig *r = *state;
	char path[256];
	struct stat st;

	print_many(r, 50, 1000);
	seal_all(r);
	assert_int_equal(stat(r->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	rig_path(r, "00000001.seal", path, sizeof path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* From every position, in every form. */
static void seek_finds_every_position(void **state)
{
	struct rig *r = *state;
	struct journal_reader *jr;
	struct journal_record rec;

	for (int i = 0; i < 60; i++) {
		rig_must(rig_print(r, 0, 997));
		rig_must(rig_print(r, 1, 13));
		if (i == 30) {
			flush(r);
			seal_all(r);
		}
	}
	flush(r);
	jr = reader_of(r);
	for (uint64_t seq = 0; seq < r->seq[0]; seq += 331) {
		rig_must(journal_seek(jr, 0, seq));
		assert_int_equal(journal_next(jr, &rec), 0);
		assert_int_equal(rec.kind, JOURNAL_OUTPUT);
		assert_int_equal(rec.stream, 0);
		assert_int_equal(rec.seq, seq);
		assert_int_equal(*(const uint8_t *)rec.data[0].p, rig_byte(0, seq));
	}
	for (uint64_t seq = 0; seq < r->seq[1]; seq += 7) {
		rig_must(journal_seek(jr, 1, seq));
		assert_int_equal(journal_next(jr, &rec), 0);
		assert_int_equal(rec.stream, 1);
		assert_int_equal(rec.seq, seq);
	}
	rig_must(journal_seek(jr, 0, r->seq[0]));
	assert_int_equal(journal_next(jr, &rec), JOURNAL_E_END);
	assert_int_equal(journal_seek(jr, 2, 0), -EINVAL);
	journal_reader_close(jr);
}

static void seek_time_finds_the_first_at_or_behind(void **state)
{
	struct rig *r = *state;
	struct journal_record rec;
	uint64_t first = r->wall_us + 1000;

	print_many(r, 80, 900);
	seal_all(r);
	struct journal_reader *jr = reader_of(r);
	for (uint64_t i = 0; i < 80; i++) {
		rig_must(journal_seek_time(jr, first + i * 1000 - 500));
		assert_int_equal(journal_next(jr, &rec), 0);
		assert_int_equal(rec.time_us, first + i * 1000);
		assert_int_equal(rec.seq, i * 900);
	}
	rig_must(journal_seek_time(jr, first + 80000));
	assert_int_equal(journal_next(jr, &rec), JOURNAL_E_END);
	journal_reader_close(jr);
}

static void the_newest_fitting_checkpoint_is_found(void **state)
{
	struct rig *r = *state;
	struct journal_record rec;

	for (uint64_t i = 0; i < 40; i++) {
		rig_must(rig_print(r, 0, 1500));
		rig_must(rig_checkpoint(r, i * 10, 100));
	}
	flush(r);
	seal_all(r);
	struct journal_reader *jr = reader_of(r);
	for (uint64_t i = 0; i < 40; i++) {
		struct journal_want by_seq = { 1500 * (i + 1) + 7, UINT64_MAX, UINT64_MAX };
		struct journal_want by_lines = { UINT64_MAX, i * 10 + 3, UINT64_MAX };

		rig_must(journal_seek_checkpoint(jr, &by_seq));
		rig_must(journal_next(jr, &rec));
		assert_int_equal(rec.kind, JOURNAL_CHECKPOINT);
		assert_int_equal(rec.checkpoint.lines_pushed, i * 10);
		rig_must(journal_seek_checkpoint(jr, &by_lines));
		rig_must(journal_next(jr, &rec));
		assert_int_equal(rec.checkpoint.lines_pushed, i * 10);
		uint64_t time_us = rec.time_us;
		/* What follows is what was printed after it. */
		if (i < 39) {
			rig_must(journal_next(jr, &rec));
			assert_int_equal(rec.kind, JOURNAL_OUTPUT);
			assert_int_equal(rec.seq, 1500 * (i + 1));
		}
		struct journal_want by_time = { UINT64_MAX, UINT64_MAX, time_us };
		rig_must(journal_seek_checkpoint(jr, &by_time));
		rig_must(journal_next(jr, &rec));
		assert_int_equal(rec.checkpoint.lines_pushed, i * 10);
	}
	struct journal_want none = { 100, UINT64_MAX, UINT64_MAX };
	assert_int_equal(journal_seek_checkpoint(jr, &none), JOURNAL_E_NONE);
	rig_must(journal_next(jr, &rec));
	assert_int_equal(rec.seq, 0);
	journal_reader_close(jr);
}

static void a_reader_follows_the_writer(void **state)
{
	struct rig *r = *state;
	struct journal_record rec;
	uint64_t seq = 0;
	struct journal_reader *jr = NULL;
	struct journal_squeezer *s = journal_squeezer_new();

	for (int i = 0; i < 400; i++) {
		rig_must(rig_print(r, 0, 300));
		flush(r);
		if (!jr)
			jr = reader_of(r);
		/* Segments are sealed under its feet. */
		if (i % 3 == 0)
			assert_true(journal_step(r->w, s) >= 0);
		if (i % 10 != 0)
			continue;
		while (journal_next(jr, &rec) == 0) {
			assert_int_equal(rec.kind, JOURNAL_OUTPUT);
			assert_int_equal(rec.seq, seq);
			seq += rec.data[0].n;
		}
		assert_int_equal(seq, r->seq[0]);
	}
	journal_squeezer_free(s);
	journal_reader_close(jr);
}

static void blocks_can_be_had_without_their_records(void **state)
{
	struct rig *r = *state;
	struct journal_block b;
	struct journal_record rec;
	uint64_t seq = 0, n_filters = 0, n_blocks = 0;

	print_many(r, 60, 1000);
	seal_all(r);
	struct journal_reader *jr = reader_of(r);
	while (journal_next_block(jr, &b) == 0) {
		assert_int_equal(b.seq[0], seq);
		assert_true(b.end_seq[0] > b.seq[0]);
		if (b.is_sealed) {
			uint64_t n[2];

			assert_int_equal(b.n_filter, sizeof n);
			memcpy(n, b.filter, sizeof n);
			assert_int_equal(n[1], b.end_seq[0] - b.seq[0]);
			n_filters++;
		}
		/* Every other one is read. */
		if (n_blocks++ % 2 == 0) {
			rig_must(journal_next(jr, &rec));
			assert_int_equal(rec.seq, seq);
		}
		seq = b.end_seq[0];
	}
	assert_int_equal(seq, r->seq[0]);
	assert_true(n_filters >= 9);
	assert_true(n_blocks > n_filters);
	journal_reader_close(jr);
}

static void times_never_go_back(void **state)
{
	struct rig *r = *state;
	struct journal_record rec;
	struct rig_sum sum;
	uint64_t t0 = r->wall_us + 1000;

	rig_must(rig_print(r, 0, 1));
	r->wall_us -= 3600000000; /* somebody sets the clock back by an hour */
	rig_must(rig_print(r, 0, 1));
	rig_must(rig_print(r, 0, 1));
	flush(r);
	rig_close(r);
	rig_must(rig_open(r, NULL));
	r->mono_us = 1; /* and starts the machine again */
	rig_must(rig_print(r, 0, 1));
	r->wall_us += 7200000000;
	rig_must(rig_print(r, 0, 1));
	flush(r);
	rig_read(r, &sum); /* asserts it */
	struct journal_reader *jr = reader_of(r);
	rig_must(journal_next(jr, &rec));
	assert_int_equal(rec.time_us, t0);
	rig_must(journal_next(jr, &rec));
	assert_int_equal(rec.time_us, t0 + 1000);
	assert_int_equal(rec.wall_us, t0 + 1000 - 3600000000);
	journal_reader_close(jr);
}

static void the_oldest_go_when_there_is_too_much(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;
	struct journal_state s;

	rig_close(r);
	r->opts.max_bytes = 50000;
	rig_must(rig_open(r, NULL));
	for (int i = 0; i < 200; i++) {
		print_many(r, 1, 1000);
		while (journal_step(r->w, NULL) == JOURNAL_E_MORE)
			;
	}
	assert_true(r->n_notices[JOURNAL_NOTICE_DROPPED] > 5);
	rig_read(r, &sum);
	assert_int_equal(sum.head[0], 200000);
	assert_true(sum.n_output[0] < 60000 && sum.n_output[0] > 30000);
	journal_writer_state(r->w, &s);
	assert_int_equal(s.tail[0], sum.tail[0]);
	/* Who asks for what is gone learns how much. */
	struct journal_reader *jr = reader_of(r);
	struct journal_record rec;
	rig_must(journal_seek(jr, 0, 10));
	rig_must(journal_next(jr, &rec));
	assert_int_equal(rec.kind, JOURNAL_GAP);
	assert_int_equal(rec.gap.reason, JOURNAL_GAP_DROPPED);
	assert_int_equal(rec.seq, 10);
	assert_int_equal(rec.gap.to, sum.tail[0]);
	rig_must(journal_next(jr, &rec));
	assert_int_equal(rec.seq, sum.tail[0]);
	journal_reader_close(jr);
}

static void the_oldest_go_when_they_are_too_old(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;

	rig_close(r);
	r->opts.max_age_us = 3600000000;
	rig_must(rig_open(r, NULL));
	print_many(r, 50, 1000); /* in 2023 */
	r->wall_us = clock_wall_us();
	print_many(r, 50, 1000);
	while (journal_step(r->w, NULL) == JOURNAL_E_MORE)
		;
	rig_read(r, &sum);
	assert_true(sum.tail[0] > 30000 && sum.tail[0] <= 50000);
	assert_int_equal(sum.head[0], 100000);
}

static void forgetting_leaves_nothing_but_the_position(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;
	struct journal_state s;

	print_many(r, 60, 1000);
	seal_all(r);
	rig_must(rig_print(r, 0, 10));
	rig_must(journal_writer_forget(r->w));
	rig_read(r, &sum);
	assert_int_equal(sum.n_records, 0);
	assert_int_equal(rig_count(r, ".seal"), 0);
	rig_close(r);
	rig_must(rig_open(r, &s));
	assert_int_equal(s.head[0], 60010);
	assert_int_equal(s.tail[0], 60010);
	print_many(r, 1, 10);
	rig_read(r, &sum);
	assert_int_equal(sum.tail[0], 60010);
	assert_int_equal(sum.n_output[0], 10);
	assert_int_equal(sum.n_gap[0], 0);
}

static void what_cannot_be_written_may_be_discarded(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;
	struct journal_record rec;

	rig_must(rig_print(r, 0, 100));
	flush(r);
	for (int i = 0; i < 30; i++)
		rig_must(rig_print(r, 0, 100));
	journal_discard(r->w);
	rig_must(rig_print(r, 0, 100));
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.n_output[0], 200);
	assert_int_equal(sum.n_gap[0], 3000);
	struct journal_reader *jr = reader_of(r);
	rig_must(journal_seek(jr, 0, 100));
	rig_must(journal_next(jr, &rec));
	assert_int_equal(rec.kind, JOURNAL_GAP);
	assert_int_equal(rec.gap.reason, JOURNAL_GAP_DISK);
	journal_reader_close(jr);
}

static void everything_discarded_leaves_nothing(void **state)
{
	struct rig *r = *state;
	struct rig_sum sum;

	rig_must(rig_print(r, 0, 100));
	journal_discard(r->w);
	journal_discard(r->w);
	assert_int_equal(rig_count(r, ".raw"), 0);
	rig_must(rig_print(r, 0, 100));
	flush(r);
	rig_read(r, &sum);
	assert_int_equal(sum.tail[0], 100);
	assert_int_equal(sum.n_output[0], 100);
}

static void syncing_can_be_left_to_another_thread(void **state)
{
	struct rig *r = *state;
	int fd, n = 0;

	rig_close(r);
	r->opts.no_sync = false;
	rig_must(rig_open(r, NULL));
	assert_int_equal(journal_sync_fd(r->w, &fd), JOURNAL_E_NONE);
	print_many(r, 40, 1000);
	while (journal_sync_fd(r->w, &fd) == 0) {
		assert_int_equal(fdatasync(fd), 0);
		close(fd);
		n++;
	}
	assert_true(n >= 3); /* two files and the directory at least */
	print_many(r, 1, 1);
	assert_int_equal(journal_sync(r->w), 0);
	assert_int_equal(journal_sync_fd(r->w, &fd), JOURNAL_E_NONE);
}

static void journals_are_listed_and_removed(void **state)
{
	struct rig *r = *state;
	struct journal_usage *all;
	size_t n;
	char gone[160], path[200];

	print_many(r, 10, 1000);
	rig_must(journal_list(r->state, &all, &n));
	assert_int_equal(n, 1);
	assert_int_equal(all[0].pane, 7);
	assert_true(all[0].n_bytes > 10000 && all[0].n_bytes < 12000);
	assert_true(all[0].last_change_us > 1700000000000000);
	mem_free(all);
	/* A removal that was cut off is ended by the next listing. */
	snprintf(gone, sizeof gone, "%s/journal/.gone-p8-1", r->state);
	assert_int_equal(mkdir(gone, 0700), 0);
	snprintf(path, sizeof path, "%s/00000001.raw", gone);
	close(creat(path, 0600));
	rig_must(journal_list(r->state, &all, &n));
	mem_free(all);
	assert_int_equal(access(gone, F_OK), -1);
	rig_close(r);
	rig_must(journal_delete(r->dir));
	assert_int_equal(access(r->dir, F_OK), -1);
	rig_must(journal_delete(r->dir));
	struct journal_reader *jr;
	assert_int_equal(journal_reader_open(r->dir, &jr), -ENOENT);
	rig_must(journal_list("/nonexistent", &all, &n));
	assert_int_equal(n, 0);
	mem_free(all);
}

static void the_oldest_exited_pane_is_the_first_to_shrink(void **state)
{
	struct journal_usage u[] = {
		{ .pane = 1, .n_bytes = 900, .last_change_us = 1 },
		{ .pane = 2, .n_bytes = 50, .last_change_us = 30, .is_exited = true },
		{ .pane = 3, .n_bytes = 50, .last_change_us = 20, .is_exited = true },
		{ .pane = 4, .n_bytes = 0, .last_change_us = 10, .is_exited = true },
	};
	size_t i;

	(void)state;
	assert_int_equal(journal_pick_victim(u, 4, 1000, &i), JOURNAL_E_NONE);
	rig_must(journal_pick_victim(u, 4, 999, &i));
	assert_int_equal(u[i].pane, 3);
	u[1].n_bytes = u[2].n_bytes = 0;
	rig_must(journal_pick_victim(u, 4, 100, &i));
	assert_int_equal(u[i].pane, 1);
	assert_int_equal(journal_pick_victim(u, 0, 0, &i), JOURNAL_E_NONE);
}

static void a_journal_without_a_writer_shrinks_too(void **state)
{
	struct rig *r = *state;
	uint64_t freed = 0;
	struct rig_sum sum;
	int n = 0;

	print_many(r, 60, 1000);
	seal_all(r);
	rig_close(r);
	while (journal_drop_oldest(r->dir, &freed) == 0)
		n++;
	assert_true(n >= 3 && freed > 0);
	rig_read(r, &sum);
	assert_int_equal(sum.head[0], 60000);
	assert_true(sum.tail[0] > 40000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_the_published_one),
		T(what_was_appended_is_read_back),
		T(nothing_is_written_before_a_flush),
		T(every_kind_comes_back_as_it_was),
		T(what_cannot_be_is_refused),
		T(output_offered_again_is_taken_once),
		T(output_that_was_never_offered_is_a_gap),
		T(a_journal_may_begin_in_the_middle),
		T(long_output_is_split),
		T(full_segments_are_followed_by_new_ones),
		T(a_sealed_journal_reads_the_same),
		T(it_goes_on_after_a_clean_close),
		T(nothing_appended_leaves_no_file),
		T(files_are_closed_to_others),
		T(seek_finds_every_position),
		T(seek_time_finds_the_first_at_or_behind),
		T(the_newest_fitting_checkpoint_is_found),
		T(a_reader_follows_the_writer),
		T(blocks_can_be_had_without_their_records),
		T(times_never_go_back),
		T(the_oldest_go_when_there_is_too_much),
		T(the_oldest_go_when_they_are_too_old),
		T(forgetting_leaves_nothing_but_the_position),
		T(what_cannot_be_written_may_be_discarded),
		T(everything_discarded_leaves_nothing),
		T(syncing_can_be_left_to_another_thread),
		T(journals_are_listed_and_removed),
		cmocka_unit_test(the_oldest_exited_pane_is_the_first_to_shrink),
		T(a_journal_without_a_writer_shrinks_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
