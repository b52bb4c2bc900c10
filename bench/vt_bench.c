/*
 * How fast the terminal emulator takes bytes: reads files into memory and
 * feeds them in chunks of 64 KiB (BENCHMARKS.md T3).
 *
 * usage: vt_bench [--vterm] [--raw] [--lines N] [--size COLSxROWS] [--repeat N] FILE...
 *
 * Prints a line per file: its name, MB/s (10^6 bytes; the best of the
 * repetitions) and memory in use behind it.  LF becomes CR LF first, as it does
 * on the way through a pseudo terminal; --raw leaves the bytes alone.
 * --vterm measures libvterm instead, where it was built in.
 */
#include "vt/vt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_VTERM
#include <vterm.h>
#endif

#define CHUNK 65536

struct config {
	int cols, rows, repeat;
	uint32_t lines;
	bool is_vterm, is_raw;
};

/* CPU time: other work on the machine is not ours. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static char *load(const char *path, bool is_raw, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	char *raw, *cooked;
	size_t n, k = 0;

	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	n = (size_t)ftell(f);
	rewind(f);
	raw = malloc(n + 1);
	cooked = malloc(2 * n + 1);
	if (!raw || !cooked || fread(raw, 1, n, f) != n)
		exit(EXIT_FAILURE);
	fclose(f);
	for (size_t i = 0; i < n; i++) {
		if (raw[i] == '\n' && !is_raw)
			cooked[k++] = '\r';
		cooked[k++] = raw[i];
	}
	free(raw);
	*ret_n = k;
	return cooked;
}

static double feed_ours(const struct config *c, const char *data, size_t n, size_t *ret_memory)
{
	struct vt_opts opts = { .history_lines = c->lines };
	struct vt *vt = vt_new(c->cols, c->rows, &opts, NULL, NULL);
	double start;

	if (!vt)
		exit(EXIT_FAILURE);
	start = now();
	for (size_t i = 0; i < n; i += CHUNK)
		vt_feed(vt, data + i, n - i < CHUNK ? n - i : CHUNK);
	start = now() - start;
	*ret_memory = vt_memory(vt);
	vt_free(vt);
	return start;
}

#ifdef HAVE_VTERM
static double feed_vterm(const struct config *c, const char *data, size_t n)
{
	VTerm *vterm = vterm_new(c->rows, c->cols);
	double start;

	vterm_set_utf8(vterm, 1);
	vterm_screen_reset(vterm_obtain_screen(vterm), 1);
	start = now();
	for (size_t i = 0; i < n; i += CHUNK)
		vterm_input_write(vterm, data + i, n - i < CHUNK ? n - i : CHUNK);
	start = now() - start;
	vterm_free(vterm);
	return start;
}
#else
static double feed_vterm(const struct config *c, const char *data, size_t n)
{
	(void)c;
	(void)data;
	(void)n;
	fprintf(stderr, "vt_bench: built without libvterm\n");
	exit(EXIT_FAILURE);
}
#endif

static void bench(const struct config *c, const char *path)
{
	double best = 1e9;
	size_t n, memory = 0;
	char *data = load(path, c->is_raw, &n);

	if (!data) {
		fprintf(stderr, "vt_bench: cannot read %s\n", path);
		exit(EXIT_FAILURE);
	}
	for (int i = 0; i < c->repeat; i++) {
		double t = c->is_vterm ? feed_vterm(c, data, n) : feed_ours(c, data, n, &memory);

		best = t < best ? t : best;
	}
	printf("%-32s %8.1f MB/s %8zu KiB\n", path, (double)n / best / 1e6, memory >> 10);
	free(data);
}

int main(int argc, char **argv)
{
	struct config c = { .cols = 150, .rows = 50, .repeat = 1, .lines = 10000 };

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--vterm")) {
			c.is_vterm = true;
		} else if (!strcmp(argv[i], "--raw")) {
			c.is_raw = true;
		} else if (!strcmp(argv[i], "--repeat") && i + 1 < argc) {
			c.repeat = atoi(argv[++i]);
		} else if (!strcmp(argv[i], "--lines") && i + 1 < argc) {
			c.lines = (uint32_t)atoi(argv[++i]);
		} else if (!strcmp(argv[i], "--size") && i + 1 < argc) {
			sscanf(argv[++i], "%dx%d", &c.cols, &c.rows);
		} else {
			bench(&c, argv[i]);
		}
	}
	return EXIT_SUCCESS;
}
