/*
 * What the journal costs beside reading terminals: appending and flushing 64 KiB at a time
 * into the page cache, sealing, reading back, opening.
 *
 * usage: journal_bench [DIR [MIB]]        (DIR: where to write, default /tmp)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/journal.h"

#define CHUNK (64u << 10)

static double seconds(uint64_t since_ns)
{
	return (double)(clock_mono_ns() - since_ns) / 1e9;
}

static void must(int r, const char *what)
{
	if (r != 0) {
		fprintf(stderr, "journal_bench: %s: %d\n", what, r);
		exit(EXIT_FAILURE);
	}
}

static void fill(uint8_t *p, size_t n)
{
	unsigned x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245 + 12345;
		p[i] = i % 60 == 59 ? '\n' : (uint8_t)("etaoin shrdlu-0123456789"[x >> 16 & 15]);
	}
}

static void append(struct journal_writer *w, const uint8_t *bytes, uint64_t total, size_t chunk)
{
	for (uint64_t seq = 0; seq < total; seq += chunk) {
		struct journal_record rec = {
			.kind = JOURNAL_OUTPUT,
			.seq = seq,
			.mono_us = seq,
			.wall_us = seq,
			.data = { { bytes, chunk } },
		};

		must(journal_append(w, &rec), "append");
		must(journal_flush(w), "flush");
	}
}

/* Time on the wall, and of this process: machines are shared. */
struct watch {
	uint64_t wall_ns;
	clock_t cpu;
};

static struct watch begin(void)
{
	return (struct watch){ clock_mono_ns(), clock() };
}

static void tell(const char *what, uint64_t n, const struct watch *since)
{
	double mb = (double)n / 1e6;

	printf("%-32s %6.0f MB/s, %6.0f MB per second of CPU\n", what, mb / seconds(since->wall_ns),
	       mb * CLOCKS_PER_SEC / (double)(clock() - since->cpu));
}

/* What there is to compare with: the bytes written bare. */
static void write_bare(const char *parent, const uint8_t *bytes, uint64_t total)
{
	char path[256];

	snprintf(path, sizeof path, "%s/journal-bench-bare-%d", parent, (int)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct watch t = begin();
	for (uint64_t n = 0; n < total; n += CHUNK)
		must(write(fd, bytes, CHUNK) == CHUNK ? 0 : -1, "write");
	tell("write() alone, 64 KiB", total, &t);
	close(fd);
	unlink(path);
}

static void read_all(const char *dir, uint64_t total, const char *what)
{
	struct journal_reader *r;
	struct journal_record rec;
	uint64_t n = 0;
	struct watch t = begin();

	must(journal_reader_open(dir, &r), "reader");
	while (journal_next(r, &rec) == 0)
		n += rec.data[0].n;
	journal_reader_close(r);
	if (n != total)
		must(-1, "bytes are missing");
	tell(what, n, &t);
}

static void open_often(const char *dir, const struct journal_opts *opts, const char *what)
{
	enum { N = 200 };
	uint64_t writer = 0, reader = 0;

	for (int i = 0; i < N; i++) {
		struct journal_writer *w;
		struct journal_reader *r;
		uint64_t t = clock_mono_ns();

		must(journal_writer_open(dir, 1, opts, NULL, &w), "open");
		writer += clock_mono_ns() - t;
		must(journal_writer_close(w), "close");
		t = clock_mono_ns();
		must(journal_reader_open(dir, &r), "reader");
		reader += clock_mono_ns() - t;
		journal_reader_close(r);
	}
	printf("%-32s %8.0f us writer, %.0f us reader\n", what, (double)writer / N / 1e3,
	       (double)reader / N / 1e3);
}

int main(int argc, char **argv)
{
	static uint8_t bytes[CHUNK];
	const char *parent = argc > 1 ? argv[1] : "/tmp";
	uint64_t total = (argc > 2 ? strtoull(argv[2], NULL, 10) : 512) << 20;
	struct journal_opts opts = { .max_bytes = UINT64_MAX, .no_sync = true };
	struct journal_writer *w;
	char dir[256];
	int r;

	fill(bytes, sizeof bytes);
	snprintf(dir, sizeof dir, "%s/journal-bench-%d", parent, (int)getpid());
	write_bare(parent, bytes, total);
	must(journal_writer_open(dir, 1, &opts, NULL, &w), "open");
	struct watch t = begin();
	append(w, bytes, total, CHUNK);
	tell("append and flush, 64 KiB", total, &t);
	read_all(dir, total, "read, raw");

	struct journal_squeezer *s = journal_squeezer_new();
	uint64_t longest = 0;
	t = begin();
	do {
		uint64_t step = clock_mono_ns();

		r = journal_step(w, s);
		step = clock_mono_ns() - step;
		longest = step > longest ? step : longest;
	} while (r == JOURNAL_E_MORE);
	must(r, "step");
	tell("seal", total, &t);
	printf("%-32s %8.1f ms\n", "longest step of sealing", (double)longest / 1e6);
	must(journal_writer_close(w), "close");
	read_all(dir, total, "read, sealed");
	open_often(dir, &opts, "open");
	must(journal_delete(dir), "delete");

	must(journal_writer_open(dir, 1, &opts, NULL, &w), "open");
	t = begin();
	append(w, bytes, total / 16, 4096);
	tell("append and flush, 4 KiB", total / 16, &t);
	journal_squeezer_free(s);
	must(journal_writer_close(w), "close");
	must(journal_delete(dir), "delete");
	return 0;
}
