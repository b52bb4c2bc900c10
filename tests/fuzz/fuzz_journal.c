/*
 * Reading and mending journals of any bytes.  First byte: how the rest is meant.
 *
 *   0  a raw segment as it is        1  a sealed one as it is
 *   2  records, made correct, in raw segments
 *   3  the same, sealed (every other one without an index)
 *
 * A record is described by: kind, stream, flags, n data (1 byte each), a (4), b, seq, time
 * (8 each, little endian), then its data.  Kind 255 begins a segment.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buf.h"
#include "journal/format.h"
#include "journal/journal.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PANE 7
#define NONCE 0x12345678u
#define DESCRIPTION 32u
#define NEW_SEGMENT 255
#define MAX_RECORDS 1000000

static char dir[64];

static void save(uint64_t number, bool is_sealed, const void *p, size_t n)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%08llu.%s", dir, (unsigned long long)number,
		 is_sealed ? "seal" : "raw");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	close(fd);
}

static void put_head(struct buf *b, uint64_t number, uint32_t flags)
{
	struct format_segment s = {
		.nonce = NONCE, .flags = flags, .pane = PANE, .number = number
	};

	format_put_segment((uint8_t *)buf_extend(b, FORMAT_SEGMENT_BYTES), &s);
}

/* One record of the description at @p; returns the bytes it took of @n. */
static size_t put_record(struct buf *b, const uint8_t *p, size_t n)
{
	struct format_record r = { .kind = p[0], .stream = p[1] };
	size_t n_data = p[3];

	memcpy(&r.a, p + 4, sizeof r.a);
	memcpy(&r.b, p + 8, sizeof r.b);
	memcpy(&r.seq, p + 16, sizeof r.seq);
	memcpy(&r.time_us, p + 24, sizeof r.time_us);
	if (n_data > n - DESCRIPTION)
		n_data = n - DESCRIPTION;
	r.wall_us = r.time_us;
	r.n_data = (uint32_t)n_data;
	r.data_crc = format_data_crc(NONCE, p + DESCRIPTION, n_data);
	/* Blocks and ends know where they are; a flag makes them wrong. */
	if ((p[0] == FORMAT_KIND_BLOCK || p[0] == FORMAT_KIND_END) && !(p[2] & 1))
		r.b = buf_len(b);
	r.data_crc ^= p[2] & 2;
	uint8_t head[FORMAT_RECORD_BYTES];
	format_put_record(head, NONCE, &r);
	head[0] ^= p[2] & 4;
	buf_put(b, head, sizeof head);
	buf_put(b, p + DESCRIPTION, n_data);
	return DESCRIPTION + n_data;
}

/* The raw segment in @raw as a sealed one of one block. */
static void save_sealed(const struct buf *raw, uint64_t number)
{
	struct buf b = BUF_INIT;
	static uint8_t packed[1 << 17];
	size_t n_raw = buf_len(raw) - FORMAT_SEGMENT_BYTES;
	size_t n = ZSTD_compress(packed, sizeof packed, buf_data(raw) + FORMAT_SEGMENT_BYTES, n_raw,
				 1);
	struct format_frame f = {
		.n_raw = (uint32_t)n_raw,
		.n_data = (uint32_t)n,
		.data_crc = format_data_crc(NONCE, packed, n),
		.raw_offset = FORMAT_SEGMENT_BYTES,
	};
	struct format_entry e = { .offset = FORMAT_SEGMENT_BYTES,
				  .lines_pushed = number % 3,
				  .end_seq = { 1000, 10 },
				  .n_raw = f.n_raw,
				  .n_data = f.n_data };
	struct format_trailer t = { .n_blocks = 1, .end.seq = { 1000, 10 } };

	if (ZSTD_isError(n))
		return;
	put_head(&b, number, FORMAT_FLAG_SEALED);
	format_put_frame((uint8_t *)buf_extend(&b, FORMAT_FRAME_BYTES), NONCE, &f);
	buf_put(&b, packed, n);
	if (number % 2 == 0) {
		uint8_t tail[FORMAT_ENTRY_BYTES + FORMAT_TRAILER_BYTES];

		t.index_offset = buf_len(&b);
		format_put_entry(tail, &e);
		format_put_trailer(tail + FORMAT_ENTRY_BYTES, NONCE, &t, tail);
		buf_put(&b, tail, sizeof tail);
	}
	save(number, true, buf_data(&b), buf_len(&b));
	buf_fini(&b);
}

static void save_records(const uint8_t *p, size_t n, bool is_sealed)
{
	struct buf b = BUF_INIT;
	uint64_t number = 1;

	put_head(&b, number, 0);
	while (n >= DESCRIPTION && number < 6) {
		bool ends = p[0] == NEW_SEGMENT;
		size_t took = ends ? 1 : put_record(&b, p, n);

		p += took;
		n -= took;
		if (!ends && n >= DESCRIPTION)
			continue;
		if (is_sealed && buf_len(&b) > FORMAT_SEGMENT_BYTES) {
			save_sealed(&b, number);
		} else {
			save(number, false, buf_data(&b), buf_len(&b));
		}
		buf_clear(&b);
		put_head(&b, ++number, 0);
	}
	buf_fini(&b);
}

/* What all readers rely on, whatever the bytes. */
static void walk(struct journal_reader *r)
{
	uint64_t head[JOURNAL_STREAMS] = { 0 }, time_us = 0;
	bool has[JOURNAL_STREAMS] = { false };
	struct journal_record rec;
	unsigned n = 0;
	int k;

	while ((k = journal_next(r, &rec)) == 0 || k == JOURNAL_E_UNKNOWN) {
		volatile uint8_t sum = 0;

		assert(++n < MAX_RECORDS);
		if (k != 0)
			continue;
		assert(rec.stream < JOURNAL_STREAMS && rec.time_us >= time_us);
		assert(!has[rec.stream] || rec.seq == head[rec.stream]);
		assert(rec.kind != JOURNAL_OUTPUT || rec.data[0].n > 0);
		assert(rec.kind != JOURNAL_GAP || rec.gap.to > rec.seq);
		time_us = rec.time_us;
		has[rec.stream] = true;
		head[rec.stream] = rec.seq;
		if (rec.kind == JOURNAL_OUTPUT)
			head[rec.stream] += rec.data[0].n;
		if (rec.kind == JOURNAL_GAP)
			head[rec.stream] = rec.gap.to;
		for (size_t i = 0; i < rec.data[0].n; i++)
			sum = (uint8_t)(sum + ((const uint8_t *)rec.data[0].p)[i]);
	}
	assert(k == JOURNAL_E_END || k == JOURNAL_E_VERSION);
}

static void read_it(uint64_t a, uint64_t b)
{
	struct journal_reader *r;
	struct journal_block block;
	struct journal_want want = { a, b, UINT64_MAX };
	struct journal_state state;
	unsigned n = 0;

	if (journal_reader_open(dir, &r) != 0)
		return;
	journal_reader_state(r, &state);
	walk(r);
	assert(journal_seek(r, a % 2, b) >= 0);
	walk(r);
	assert(journal_seek_time(r, a) >= 0);
	walk(r);
	if (journal_seek_checkpoint(r, &want) == 0) {
		struct journal_record rec;

		assert(journal_next(r, &rec) == 0 && rec.kind == JOURNAL_CHECKPOINT);
		assert(rec.seq <= a && rec.checkpoint.lines_pushed <= b);
	}
	assert(journal_seek_start(r) == 0);
	while (journal_next_block(r, &block) == 0) {
		struct journal_record rec;

		assert(++n < MAX_RECORDS);
		if (n % 2 == 0)
			assert(journal_next(r, &rec) >= 0);
	}
	journal_reader_close(r);
}

static void mend_it(void)
{
	struct journal_opts opts = { .no_sync = true, .segment_bytes = 300, .block_bytes = 100 };
	struct journal_writer *w;
	struct journal_state s;
	static struct journal_squeezer *q;

	if (!q)
		q = journal_squeezer_new();
	if (journal_writer_open(dir, PANE, &opts, &s, &w) != 0)
		return;
	for (unsigned i = 0; i < 10; i++) {
		struct journal_record rec = {
			.kind = JOURNAL_OUTPUT,
			.seq = s.head[0] + 50ull * i,
			.wall_us = i,
			.data = { { "0123456789012345678901234567890123456789", 40 } },
		};

		/* Not where the positions end. */
		if (journal_append(w, &rec) != 0)
			break;
		assert(journal_flush(w) == 0);
	}
	for (unsigned i = 0; journal_step(w, q) == JOURNAL_E_MORE; i++)
		assert(i < 1000);
	assert(journal_writer_close(w) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t a = 0, b = 0;

	if (len < 17)
		return 0;
	if (!dir[0]) {
		snprintf(dir, sizeof dir, "%s/fuzz-journal-%d",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
	}
	if (mkdir(dir, 0700) < 0)
		abort();
	memcpy(&a, data + 1, sizeof a);
	memcpy(&b, data + 9, sizeof b);
	if (data[0] % 4 < 2) {
		save(1, data[0] % 4 == 1, data + 17, len - 17);
	} else {
		save_records(data + 17, len - 17, data[0] % 4 == 3);
	}
	read_it(a, b);
	mend_it();
	read_it(b, a);
	if (journal_delete(dir) != 0)
		abort();
	return 0;
}
