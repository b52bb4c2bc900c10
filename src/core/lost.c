/*
 * Rings on disk, of panes whose journal is off or cannot be written.  When the
 * arena goes (the keeper died), what they printed last is written to
 * STATE/lost/pN.S, and loaded back into a ring at the next start.
 *
 * A file: struct lost_header, then the bytes [from, to).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "core/state.h"

#define LOST_MAGIC 0x54534f4c57464f31ull

struct lost_header {
	uint64_t magic;
	uint64_t from, to;
	uint64_t input_seq;
};

static void path_of(const struct core *c, uint64_t number, unsigned which, char *out, size_t size)
{
	snprintf(out, size, "%s/lost/p%llu.%u", c->state_dir, (unsigned long long)number, which);
}

static int save_stream(struct stream *s)
{
	struct core *c = s->pane->core;
	struct lost_header h = { .magic = LOST_MAGIC,
				 .from = stream_tail(s),
				 .to = stream_head(s) };
	struct arena_view v = arena_slot_view(&c->arena, s->slot, h.from, h.to - h.from);
	struct iovec iov[3] = { { &h, sizeof h }, { NULL, v.n[0] }, { NULL, v.n[1] } };
	char path[512];
	ssize_t n;
	int fd;

	/* iov_base is not const although writev() only reads. */
	memcpy(&iov[1].iov_base, &v.p[0], sizeof v.p[0]);
	memcpy(&iov[2].iov_base, &v.p[1], sizeof v.p[1]);
	h.input_seq = c->arena.slots[s->slot].input_seq;
	path_of(c, s->pane->number, s->which, path, sizeof path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_origin(-errno);
	n = writev(fd, iov, 3);
	close(fd);
	return n == (ssize_t)(sizeof h + v.n[0] + v.n[1]) ? 0 : err_origin(-ENOSPC);
}

static bool is_in_journal(const struct pane *p)
{
	struct pane_journal_info j;

	record_get(p, &j);
	return j.state == RECORD_ON;
}

void lost_save_all(struct core *c)
{
	char dir[512];
	int r = 0;

	(void)record_drain(c);
	snprintf(dir, sizeof dir, "%s/lost", c->state_dir);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		log_error("cannot make %s: %s", dir, strerror(errno));
	for (uint32_t i = 0; i < c->n_panes; i++) {
		struct pane *p = c->panes[i];

		for (int k = 0; k < 2 && !p->is_private && !is_in_journal(p); k++) {
			int one = p->streams[k].has_slot ? save_stream(&p->streams[k]) : 0;

			if (one < 0)
				r = one;
		}
	}
	if (r < 0)
		log_fault(r, "what some panes printed could not be written to %s", dir);
}

/* Reads as much as fits a ring; a file that is not what it should be is left alone. */
static int load_stream(struct stream *s, int fd)
{
	struct core *c = s->pane->core;
	struct lost_header h;
	struct arena_slot *slot;
	uint64_t at;
	uint8_t *ring;

	if (read(fd, &h, sizeof h) != sizeof h || h.magic != LOST_MAGIC || h.from > h.to)
		return err_origin(-EINVAL);
	if (h.to - h.from > c->arena.ring_bytes) {
		if (lseek(fd, (off_t)(h.to - h.from - c->arena.ring_bytes), SEEK_CUR) < 0)
			return err_origin(-errno);
		h.from = h.to - c->arena.ring_bytes;
	}
	slot = &c->arena.slots[s->slot];
	ring = c->arena.rings + (size_t)s->slot * c->arena.ring_bytes;
	for (at = h.from; at < h.to;) {
		size_t off = at & (c->arena.ring_bytes - 1), room = c->arena.ring_bytes - off;
		ssize_t n = read(fd, ring + off, h.to - at < room ? h.to - at : room);

		if (n <= 0)
			break;
		at += (uint64_t)n;
	}
	slot->base_seq = h.from;
	slot->committed_seq = slot->fed_seq = at;
	slot->journaled_seq = slot->replied_seq = h.from;
	slot->input_seq = h.input_seq;
	return 0;
}

void lost_load(struct pane *p)
{
	char path[512];

	for (unsigned k = 0; k < 2; k++) {
		int fd, r;

		path_of(p->core, p->number, k, path, sizeof path);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		r = stream_take_slot(&p->streams[k]);
		if (r == 0)
			r = load_stream(&p->streams[k], fd);
		if (r < 0) {
			log_fault(r, "cannot load %s", path);
		} else if (p->core->config.journal.is_enabled) {
			unlink(path); /* the journal has it from now on */
		}
		close(fd);
	}
}

void lost_drop(struct core *c, uint64_t number)
{
	char path[512];

	for (unsigned k = 0; k < 2; k++) {
		path_of(c, number, k, path, sizeof path);
		unlink(path);
	}
}
