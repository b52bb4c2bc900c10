#include "journal/rig.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

static void on_notice(void *user, enum journal_notice what, const char *text)
{
	struct rig *r = user;

	assert(text[0]);
	r->n_notices[what]++;
}

/* Like a filter: the number of the block's records and of its bytes. */
static int make_filter(void *user, struct journal_cursor *block, struct buf *out)
{
	struct journal_record rec;
	uint64_t n[2] = { 0 };

	(void)user;
	while (journal_cursor_next(block, &rec) == 0) {
		n[0]++;
		n[1] += rec.kind == JOURNAL_OUTPUT ? rec.data[0].n : 0;
	}
	buf_put(out, n, sizeof n);
	return 0;
}

void rig_init(struct rig *r)
{
	*r = (struct rig){
		.wall_us = 1700000000000000,
		.mono_us = 5000000,
		.hooks = { .on_notice = on_notice, .make_filter = make_filter },
		.opts = { .segment_bytes = 16384, .block_bytes = 4096, .no_sync = true },
	};
	/* In memory where that can be had: thousands of syncs are made. */
	snprintf(r->state, sizeof r->state, "%s/journal-test-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(r->state))
		abort();
	rig_must(journal_path(r->state, 7, r->dir, sizeof r->dir));
	r->hooks.user = r;
	r->opts.hooks = &r->hooks;
}

void rig_fini(struct rig *r)
{
	char parent[128];

	rig_close(r);
	rig_must(journal_delete(r->dir));
	snprintf(parent, sizeof parent, "%s/journal", r->state);
	rmdir(parent);
	rmdir(r->state);
}

void rig_must(int r)
{
	if (r != 0) {
		fprintf(stderr, "rig: %d\n", r);
		abort();
	}
}

int rig_open(struct rig *r, struct journal_state *ret)
{
	struct journal_state state;
	int k;

	r->opts.hooks = &r->hooks;
	k = journal_writer_open(r->dir, 7, &r->opts, &state, &r->w);
	if (k != 0)
		return k;
	r->seq[0] = state.head[0];
	r->seq[1] = state.head[1];
	if (ret)
		*ret = state;
	return 0;
}

void rig_close(struct rig *r)
{
	rig_must(journal_writer_close(r->w));
	r->w = NULL;
}

uint8_t rig_byte(uint32_t stream, uint64_t seq)
{
	/* Text with some pattern, so that it can be compressed. */
	uint64_t x = seq / 7 * 2654435761;

	return (uint8_t)(32 + (x >> 20 ^ seq % 11 ^ stream * 5ull) % 90);
}

static struct journal_record stamp(struct rig *r, enum journal_kind kind)
{
	r->mono_us += 1000;
	r->wall_us += 1000;
	return (struct journal_record){
		.kind = kind, .seq = r->seq[0], .mono_us = r->mono_us, .wall_us = r->wall_us
	};
}

int rig_print(struct rig *r, uint32_t stream, size_t n)
{
	static uint8_t bytes[1 << 20];
	struct journal_record rec = stamp(r, JOURNAL_OUTPUT);

	assert(n <= sizeof bytes);
	for (size_t i = 0; i < n; i++)
		bytes[i] = rig_byte(stream, r->seq[stream] + i);
	rec.stream = stream;
	rec.seq = r->seq[stream];
	/* In two pieces, as out of a ring. */
	rec.data[0] = (struct journal_piece){ bytes, n / 3 };
	rec.data[1] = (struct journal_piece){ bytes + n / 3, n - n / 3 };
	int k = journal_append(r->w, &rec);
	if (k == 0)
		r->seq[stream] += n;
	return k;
}

int rig_mark(struct rig *r, const char *text)
{
	struct journal_record rec = stamp(r, JOURNAL_MARK);

	rec.mark.what = JOURNAL_MARK_COMMAND_LINE;
	rec.mark.value = -3;
	rec.data[0] = (struct journal_piece){ text, strlen(text) };
	return journal_append(r->w, &rec);
}

int rig_checkpoint(struct rig *r, uint64_t lines_pushed, size_t n)
{
	static uint8_t image[1 << 20];
	struct journal_record rec = stamp(r, JOURNAL_CHECKPOINT);

	assert(n <= sizeof image);
	memset(image, 'c', n);
	rec.checkpoint.lines_pushed = lines_pushed;
	rec.data[0] = (struct journal_piece){ image, n };
	return journal_append(r->w, &rec);
}

static void walk_bytes(const struct journal_record *rec, struct rig_sum *s)
{
	const uint8_t *p = rec->data[0].p;

	for (size_t i = 0; i < rec->data[0].n; i++)
		assert(p[i] == rig_byte(rec->stream, rec->seq + i));
	s->n_output[rec->stream] += rec->data[0].n;
	s->head[rec->stream] = rec->seq + rec->data[0].n;
}

static void walk_record(const struct journal_record *rec, struct rig_sum *s, bool *has)
{
	uint32_t i = rec->stream;

	assert(i < JOURNAL_STREAMS);
	assert(rec->time_us >= s->last_time_us);
	s->last_time_us = rec->time_us;
	s->n_records++;
	if (!has[i]) {
		has[i] = true;
		s->tail[i] = s->head[i] = rec->seq;
	}
	assert(rec->seq == s->head[i]);
	if (rec->kind == JOURNAL_OUTPUT)
		walk_bytes(rec, s);
	if (rec->kind == JOURNAL_GAP) {
		assert(rec->gap.to > rec->seq);
		s->n_gap[i] += rec->gap.to - rec->seq;
		s->head[i] = rec->gap.to;
	}
	s->n_marks += rec->kind == JOURNAL_MARK;
	s->n_checkpoints += rec->kind == JOURNAL_CHECKPOINT;
}

void rig_walk(struct journal_reader *jr, struct rig_sum *ret)
{
	struct rig_sum s = { 0 };
	struct journal_record rec;
	bool has[JOURNAL_STREAMS] = { false };

	for (;;) {
		s.end = journal_next(jr, &rec);
		if (s.end == 0) {
			walk_record(&rec, &s, has);
		} else if (s.end == JOURNAL_E_UNKNOWN) {
			s.n_unknown++;
		} else {
			break;
		}
	}
	*ret = s;
}

void rig_read(const struct rig *r, struct rig_sum *ret)
{
	struct journal_reader *jr;

	rig_must(journal_reader_open(r->dir, &jr));
	rig_walk(jr, ret);
	journal_reader_close(jr);
}

void rig_path(const struct rig *r, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", r->dir, name);
}

size_t rig_size(const struct rig *r, const char *name)
{
	char path[256];
	struct stat st;

	rig_path(r, name, path, sizeof path);
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

uint8_t *rig_load(const struct rig *r, const char *name, size_t *ret_n)
{
	char path[256];
	size_t n = rig_size(r, name);
	uint8_t *p = malloc(n + 1);

	rig_path(r, name, path, sizeof path);
	FILE *f = fopen(path, "rb");
	if (!p || !f || fread(p, 1, n, f) != n)
		abort();
	fclose(f);
	*ret_n = n;
	return p;
}

void rig_store(const struct rig *r, const char *name, const uint8_t *p, size_t n)
{
	char path[256];

	rig_path(r, name, path, sizeof path);
	FILE *f = fopen(path, "wb");
	if (!f || (n > 0 && fwrite(p, 1, n, f) != n) || fclose(f) != 0)
		abort();
}

unsigned rig_count(const struct rig *r, const char *part)
{
	DIR *d = opendir(r->dir);
	const struct dirent *e;
	unsigned n = 0;

	if (!d)
		return 0;
	while ((e = readdir(d)) != NULL)
		n += strstr(e->d_name, part) != NULL;
	closedir(d);
	return n;
}
