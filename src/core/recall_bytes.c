/* Bytes that the ring no longer holds, read out of the journal by a worker thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/recall.h"
#include "core/state.h"

struct recall_job {
	uv_work_t work;
	struct core *core;
	char dir[560];
	struct journal_reader *reader; /* open while the range goes on */
	uint32_t stream;
	uint64_t at; /* where the reader stands */
	size_t max;
	struct recall_bytes bytes;
	int r;
	bool is_running, is_dropped;
	recall_fn *on_done;
	void *user;
};

static int open_at(struct recall_job *j, uint64_t from)
{
	int r = 0;

	if (j->reader && j->at == from)
		return 0;
	if (!j->reader)
		r = journal_reader_open(j->dir, &j->reader);
	if (r == 0)
		r = journal_seek(j->reader, j->stream, from);
	j->at = from;
	return r;
}

/* False: enough. */
static bool take(struct recall_job *j, const struct journal_record *rec)
{
	struct recall_bytes *b = &j->bytes;

	if (rec->stream != j->stream)
		return true;
	if (rec->kind == JOURNAL_GAP && rec->gap.to > b->to) {
		if (buf_len(&b->data) > 0)
			return false; /* the reader is moved back for it */
		b->from = b->to = rec->gap.to;
	} else if (rec->kind == JOURNAL_OUTPUT && rec->seq + rec->data[0].n > b->to) {
		size_t skip = b->to > rec->seq ? b->to - rec->seq : 0;
		size_t n = rec->data[0].n - skip, room = j->max - buf_len(&b->data);

		if (rec->seq > b->to && buf_len(&b->data) == 0)
			b->from = b->to = rec->seq;
		n = n < room ? n : room;
		buf_put(&b->data, (const char *)rec->data[0].p + skip, n);
		b->to += n;
		j->at = skip + n == rec->data[0].n ? b->to : UINT64_MAX;
	}
	return buf_len(&b->data) < j->max;
}

/* In a worker thread. */
static void on_work(uv_work_t *w)
{
	struct recall_job *j = w->data;
	struct journal_record rec;
	bool is_more = true;
	int r = open_at(j, j->bytes.from);

	while (is_more && (r == 0 || r == JOURNAL_E_UNKNOWN || r == JOURNAL_E_VERSION)) {
		r = journal_next(j->reader, &rec);
		if (r == 0)
			is_more = take(j, &rec);
	}
	if (buf_check(&j->bytes.data) < 0)
		r = -ENOMEM;
	if (!is_more && j->at != j->bytes.to)
		j->at = UINT64_MAX;
	j->r = r < 0 ? r : 0;
	err_clear();
}

static void free_job(struct recall_job *j)
{
	journal_reader_close(j->reader);
	buf_fini(&j->bytes.data);
	mem_free(j);
}

static void on_worked(uv_work_t *w, int status)
{
	struct recall_job *j = w->data;

	j->core->n_handles--;
	j->is_running = false;
	if (j->is_dropped) {
		free_job(j);
		return;
	}
	j->on_done(j, &j->bytes, status < 0 ? status : j->r, j->user);
}

struct recall_job *recall_new(struct pane *p, enum core_stream stream, recall_fn *on_done,
			      void *user)
{
	struct recall_job *j = mem_new(struct recall_job);

	if (!j || journal_path(p->core->state_dir, p->number, j->dir, sizeof j->dir) < 0) {
		mem_free(j);
		return NULL;
	}
	j->core = p->core;
	j->stream = stream;
	j->on_done = on_done;
	j->user = user;
	j->work.data = j;
	return j;
}

int recall_start(struct recall_job *j, uint64_t from, size_t max)
{
	int r;

	buf_clear(&j->bytes.data);
	j->bytes.from = j->bytes.to = from;
	j->max = max;
	r = uv_queue_work(j->core->loop, &j->work, on_work, on_worked);
	if (r < 0)
		return err_origin(r);
	j->core->n_handles++;
	j->is_running = true;
	return 0;
}

bool recall_is_running(const struct recall_job *j)
{
	return j->is_running;
}

struct recall_job *recall_free(struct recall_job *j)
{
	if (!j)
		return NULL;
	if (j->is_running) {
		j->is_dropped = true;
	} else {
		free_job(j);
	}
	return NULL;
}

/* ---- what there is ---- */

bool recall_has_journal(struct pane *p)
{
	return !p->is_private && (p->core->config.journal.is_enabled || p->has_old_journal);
}

void recall_bounds(struct pane *p)
{
	struct journal_reader *reader;
	struct journal_state state;
	char dir[560];

	if (p->has_bounds)
		return;
	p->has_bounds = true;
	if (p->is_private || journal_path(p->core->state_dir, p->number, dir, sizeof dir) < 0 ||
	    journal_reader_open(dir, &reader) != 0) {
		err_clear();
		return;
	}
	journal_reader_state(reader, &state);
	journal_reader_close(reader);
	for (int k = 0; k < 2; k++) {
		p->journal_tail[k] = state.tail[k];
		p->journal_head[k] = state.head[k];
	}
	p->has_old_journal = true;
}

/* ---- pane.read ---- */

struct old_read {
	struct core *core;
	uint64_t pane, from;
	enum core_stream which;
	core_read_fn *on_done;
	void *user;
};

static void on_read(struct recall_job *j, const struct recall_bytes *b, int r, void *user)
{
	struct old_read *o = user;
	struct pane *p = pane_by_number(o->core, o->pane);
	struct core_bytes out = { .from = b->from, .to = b->to };
	struct fail f;

	if (!p) {
		fail_set(&f, FAIL_PANE_NOT_FOUND, NULL);
	} else if (r == -ENOMEM) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
	}
	if (!p || r == -ENOMEM) {
		o->on_done(NULL, &f, o->user);
	} else {
		uint64_t ring = stream_tail(&p->streams[o->which]);

		stream_bounds(&p->streams[o->which], &out.tail, &out.head);
		out.p[0] = (const uint8_t *)buf_data(&b->data);
		out.n[0] = buf_len(&b->data);
		if (out.n[0] == 0) /* what could not be read is missing */
			out.from = out.to = ring > o->from ? ring : o->from;
		out.gap = out.from - o->from;
		out.is_closed = p->is_closed;
		o->on_done(&out, NULL, o->user);
	}
	recall_free(j);
	mem_free(o);
}

void core_pane_read_old(struct pane *p, enum core_stream which, uint64_t from, size_t max,
			core_read_fn *done, void *user)
{
	struct old_read *o = mem_new(struct old_read);
	struct recall_job *j = o ? recall_new(p, which, on_read, o) : NULL;
	struct fail f;

	if (!j || recall_start(j, from, max) < 0) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		recall_free(j);
		mem_free(o);
		done(NULL, &f, user);
		return;
	}
	*o = (struct old_read){ .core = p->core,
				.pane = p->number,
				.from = from,
				.which = which,
				.on_done = done,
				.user = user };
}
