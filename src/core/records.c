#include "core/records.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/state.h"
#include "vt/vt.h"

#define PATIENCE_NS 1000000000ull /* for what is on its way to the disk */
#define LOOK_NS 4000000l
#define MAX_IMAGE (1u << 20) /* larger ones are told without their bytes */

struct job {
	uv_work_t work;
	struct core *core;
	char dir[560];
	struct core_records_spec spec;
	uint64_t wait_for[2]; /* heads that the journal will reach */
	struct core_record *records;
	struct buf data;
	struct core_records result;
	uint64_t time_us, n_at_time; /* of the last record */
	int r;
	core_records_fn *on_done;
	void *user;
};

static const char *kind_name(enum journal_kind k)
{
	switch (k) {
	case JOURNAL_OUTPUT:
		return "output";
	case JOURNAL_RESIZE:
		return "resize";
	case JOURNAL_MARK:
		return "mark";
	case JOURNAL_EXIT:
		return "exit";
	case JOURNAL_CLOSED:
		return "closed";
	case JOURNAL_SPAWN:
		return "spawn";
	case JOURNAL_INPUT:
		return "input";
	case JOURNAL_GAP:
		return "gap";
	case JOURNAL_CHECKPOINT:
		return "checkpoint";
	}
	return "?";
}

static const char *mark_name(uint32_t what)
{
	static const char *const names[] = {
		[JOURNAL_MARK_PROMPT] = "prompt",
		[JOURNAL_MARK_INPUT] = "input",
		[JOURNAL_MARK_COMMAND] = "command",
		[JOURNAL_MARK_DONE] = "done",
		[JOURNAL_MARK_COMMAND_LINE] = "command-line",
		[JOURNAL_MARK_CWD] = "cwd",
		[JOURNAL_MARK_TITLE] = "title",
	};

	return what < ARRAY_LEN(names) && names[what] ? names[what] : "other";
}

static const char *gap_name(uint32_t reason)
{
	static const char *const names[] = {
		[JOURNAL_GAP_LOST] = "lost",        [JOURNAL_GAP_POLICY] = "slow-disk",
		[JOURNAL_GAP_DISK] = "not-written", [JOURNAL_GAP_DAMAGED] = "damaged",
		[JOURNAL_GAP_DROPPED] = "dropped",
	};

	return reason < ARRAY_LEN(names) && names[reason] ? names[reason] : "other";
}

/* What a kind has of its own. */
static void describe(const struct journal_record *rec, struct core_record *ret)
{
	switch (rec->kind) {
	case JOURNAL_RESIZE:
		ret->cols = rec->resize.cols;
		ret->rows = rec->resize.rows;
		break;
	case JOURNAL_MARK:
		ret->what = mark_name(rec->mark.what);
		ret->value = rec->mark.value;
		break;
	case JOURNAL_EXIT:
		ret->value = rec->exit.code;
		ret->signal = rec->exit.signal;
		break;
	case JOURNAL_SPAWN:
		ret->cols = rec->spawn.cols;
		ret->rows = rec->spawn.rows;
		ret->number = rec->spawn.generation;
		break;
	case JOURNAL_GAP:
		ret->to = rec->gap.to;
		ret->what = gap_name(rec->gap.reason);
		break;
	case JOURNAL_CHECKPOINT:
		ret->number = rec->checkpoint.lines_pushed;
		break;
	case JOURNAL_OUTPUT:
	case JOURNAL_CLOSED:
	case JOURNAL_INPUT:
		break;
	}
}

static void keep(struct job *j, const struct journal_record *rec)
{
	struct core_record *c = &j->records[j->result.n++];
	/* A page must fit an answer. */
	bool is_too_large = rec->kind == JOURNAL_CHECKPOINT && rec->data[0].n > MAX_IMAGE;

	*c = (struct core_record){
		.kind = kind_name(rec->kind),
		.stream = rec->stream,
		.seq = rec->seq,
		.time_us = rec->time_us,
		.wall_us = rec->wall_us,
		.at = buf_len(&j->data),
		.n = is_too_large ? 0 : rec->data[0].n,
	};
	describe(rec, c);
	buf_put(&j->data, rec->data[0].p, c->n);
}

static void note_time(struct job *j, uint64_t time_us)
{
	j->n_at_time = time_us == j->time_us ? j->n_at_time + 1 : 1;
	j->time_us = time_us;
}

/* Records that the page before had. */
static bool is_skipped(struct job *j)
{
	return j->spec.from == CORE_RECORDS_CURSOR && j->time_us == j->spec.value &&
	       j->n_at_time <= j->spec.skip;
}

static bool is_full(const struct job *j, const struct journal_record *rec)
{
	return j->result.n == j->spec.max_records ||
	       (j->result.n > 0 && buf_len(&j->data) + rec->data[0].n > j->spec.max_bytes);
}

static int collect(struct job *j, struct journal_reader *reader)
{
	bool wants_image = j->spec.wants_checkpoint && j->spec.from != CORE_RECORDS_CURSOR;
	struct journal_record rec;
	int r;

	for (;;) {
		r = journal_next(reader, &rec);
		if (r == JOURNAL_E_UNKNOWN || r == JOURNAL_E_VERSION)
			continue;
		if (r != 0)
			break;
		if (is_full(j, &rec))
			return 0;
		note_time(j, rec.time_us);
		if (is_skipped(j) || (rec.kind == JOURNAL_CHECKPOINT && !wants_image))
			continue;
		/* One is enough; those behind it say nothing new. */
		wants_image &= rec.kind != JOURNAL_CHECKPOINT;
		keep(j, &rec);
	}
	j->result.is_end = r == JOURNAL_E_END;
	return r == JOURNAL_E_END ? 0 : err_trace(r);
}

static int seek(struct job *j, struct journal_reader *reader)
{
	const struct core_records_spec *s = &j->spec;
	struct journal_want want = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	int r;

	switch (s->from) {
	case CORE_RECORDS_START:
		return journal_seek_start(reader);
	case CORE_RECORDS_CURSOR:
		return journal_seek_time(reader, s->value);
	case CORE_RECORDS_SEQ:
		want.seq = s->value;
		break;
	case CORE_RECORDS_TIME:
		want.time_us = s->value;
		break;
	}
	if (s->wants_checkpoint) {
		/* Without one: from the beginning on. */
		r = journal_seek_checkpoint(reader, &want);
		return r == JOURNAL_E_NONE ? 0 : r;
	}
	return s->from == CORE_RECORDS_SEQ ? journal_seek(reader, 0, s->value)
					   : journal_seek_time(reader, s->value);
}

/* What was printed before the question belongs to the answer. */
static int wait_for_disk(struct job *j, struct journal_reader *reader, struct journal_state *ret)
{
	uint64_t until = clock_mono_ns() + PATIENCE_NS;
	int r = 0;

	journal_reader_state(reader, ret);
	while (r == 0 && (ret->head[0] < j->wait_for[0] || ret->head[1] < j->wait_for[1]) &&
	       clock_mono_ns() < until) {
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
		r = journal_reader_refresh(reader);
		journal_reader_state(reader, ret);
	}
	return r;
}

static int open_reader(struct job *j, struct journal_reader **ret)
{
	uint64_t until = clock_mono_ns() + PATIENCE_NS;
	int r = journal_reader_open(j->dir, ret);

	while (r == -ENOENT && (j->wait_for[0] || j->wait_for[1]) && clock_mono_ns() < until) {
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
		r = journal_reader_open(j->dir, ret);
	}
	return r;
}

static int read_page(struct job *j)
{
	struct journal_reader *reader;
	struct journal_state s;
	int r = open_reader(j, &reader);

	if (r != 0)
		return r;
	r = wait_for_disk(j, reader, &s);
	if (r == 0)
		r = seek(j, reader);
	if (r == 0)
		r = collect(j, reader);
	journal_reader_close(reader);
	j->result.tail = s.tail[0];
	j->result.head = s.head[0];
	j->result.first_time_us = s.first_time_us;
	j->result.last_time_us = s.last_time_us;
	j->result.cols = s.cols;
	j->result.rows = s.rows;
	return r == 0 ? err_trace(buf_check(&j->data)) : r;
}

/* In a worker thread. */
static void on_work(uv_work_t *w)
{
	struct job *j = w->data;

	if (j->spec.from == CORE_RECORDS_CURSOR)
		j->time_us = j->spec.value;
	j->r = read_page(j);
	err_clear();
}

static void free_job(struct job *j)
{
	buf_fini(&j->data);
	mem_free(j->records);
	mem_free(j);
}

static void fail_with(struct job *j, int r)
{
	struct fail f;

	if (r == -ENOENT) {
		(void)fail_set(&f, FAIL_NOT_RECORDED, NULL);
	} else if (r == JOURNAL_E_VERSION) {
		(void)fail_set(&f, FAIL_JOURNAL_VERSION, NULL);
	} else if (r == -ENOMEM) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
	} else {
		(void)fail_setf(&f, FAIL_JOURNAL_FAILED, NULL, "%s", strerror(r < 0 ? -r : EIO));
	}
	j->on_done(NULL, &f, j->user);
}

static void on_worked(uv_work_t *w, int status)
{
	struct job *j = w->data;
	int r = status < 0 ? status : j->r;

	j->core->n_handles--;
	if (r != 0) {
		fail_with(j, r);
	} else {
		j->result.records = j->records;
		j->result.data = (const uint8_t *)buf_data(&j->data);
		j->result.next_time_us = j->time_us;
		j->result.next_skip = j->n_at_time;
		j->on_done(&j->result, NULL, j->user);
	}
	free_job(j);
}

static struct job *new_job(struct core *c, struct pane *p, const struct core_records_spec *spec)
{
	struct job *j = mem_new(struct job);
	struct pane_journal_info info;

	if (!j)
		return NULL;
	j->records = mem_zalloc(spec->max_records, sizeof *j->records);
	if (!j->records || journal_path(c->state_dir, p->number, j->dir, sizeof j->dir) < 0) {
		free_job(j);
		return NULL;
	}
	j->work.data = j;
	j->core = c;
	j->spec = *spec;
	record_get(p, &info);
	for (int k = 0; k < 2 && info.state == RECORD_ON; k++) {
		uint64_t tail;

		if (p->streams[k].has_slot)
			stream_bounds(&p->streams[k], &tail, &j->wait_for[k]);
	}
	return j;
}

void core_pane_records(struct core *c, struct pane *p, const struct core_records_spec *spec,
		       core_records_fn *done, void *user)
{
	struct job *j;
	struct fail f;

	if (p->is_private) {
		(void)fail_setf(&f, FAIL_NOT_RECORDED, NULL, "the pane is private");
		done(NULL, &f, user);
		return;
	}
	j = new_job(c, p, spec);
	if (!j || uv_queue_work(c->loop, &j->work, on_work, on_worked) < 0) {
		if (j)
			free_job(j);
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
		return;
	}
	j->on_done = done;
	j->user = user;
	c->n_handles++;
}

void core_pane_forget(struct pane *p)
{
	if (p->vt)
		vt_clear_history(p->vt);
	record_forget(p);
}
