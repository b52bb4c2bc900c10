#include "search/tape.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "vt/history_share.h"
#include "vt/image.h"
#include "vt/vt.h"

#define HISTORY_LINES 60000u
#define HARVEST_LINES 4000u
#define ERASE "\033[3J"        /* the history is erased: looked at before that */
#define FEED_BYTES (64u << 10) /* at most so many lines leave the screen at once */

/* Everything above `line` was printed when the output was at `seq`. */
struct sample {
	uint64_t line, seq, time_us;
};

struct player {
	struct search_worker *w;
	struct search_limits limits;
	uint64_t deadline_ns; /* counts once the first line that is wanted was reached */
	struct search_result *result;
	struct journal_reader *reader;
	struct vt *vt;
	uint16_t cols, rows;
	uint64_t seq;       /* behind what was fed */
	uint64_t first_seq; /* where the terminal began */
	uint64_t begin;     /* line where the next harvest begins, as vt counts */
	uint64_t base;      /* what vt's count lacks */
	struct sample *samples;
	uint32_t n_samples, size_samples;
	bool is_lost; /* bytes are missing: the next checkpoint counts */
};

void search_tape_fini(struct search_tape *t)
{
	mem_free(t->dir);
	buf_fini(&t->rest);
	t->dir = NULL;
}

static int make_vt(struct player *p)
{
	const struct vt_opts opts = { .history_lines = HISTORY_LINES, .history_bytes = 64u << 20 };

	if (!p->vt) {
		p->vt = vt_new(p->cols, p->rows, &opts, NULL, NULL);
		p->first_seq = p->seq;
	}
	return p->vt ? 0 : err_origin(-ENOMEM);
}

/* ---- time and position of a match ---- */

static int note(struct player *p, uint64_t time_us)
{
	uint64_t line = p->base + vt_lines_pushed(p->vt) + (uint64_t)vt_cursor(p->vt).row;

	if (p->n_samples > 0 && p->samples[p->n_samples - 1].line == line)
		return 0;
	if (!search_reserve((void **)&p->samples, p->n_samples, &p->size_samples,
			    sizeof p->samples[0]))
		return err_origin(-ENOMEM);
	p->samples[p->n_samples++] = (struct sample){ line, p->seq, time_us };
	return 0;
}

static void date(const struct player *p, struct search_match *m)
{
	uint32_t from = 0, to = p->n_samples;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (p->samples[mid].line > m->line) {
			to = mid;
		} else {
			from = mid + 1;
		}
	}
	m->seq = from > 0 ? p->samples[from - 1].seq : p->first_seq;
	if (p->n_samples > 0)
		m->time_us = p->samples[from < p->n_samples ? from : p->n_samples - 1].time_us;
}

/* Only the last sample is wanted by the lines that come. */
static void forget_samples(struct player *p)
{
	if (p->n_samples > 1) {
		p->samples[0] = p->samples[p->n_samples - 1];
		p->n_samples = 1;
	}
}

/* ---- looking ---- */

static bool has_begun(const struct player *p)
{
	return p->base + vt_lines_pushed(p->vt) >= p->limits.from_line;
}

/* Look at what came since the last time; with the screen, when nothing more comes. */
static int harvest(struct player *p, bool is_end)
{
	struct search_limits limits = p->limits;
	struct search_source s = { .history = history_share_new(p->vt),
				   .first_row = vt_lines_pushed(p->vt),
				   .is_partial = !is_end };
	uint32_t first = p->result->n_matches;
	uint64_t wanted = limits.from_line > p->base ? limits.from_line - p->base : 0;
	int r = s.history ? 0 : err_origin(-ENOMEM);

	limits.from_line = wanted > p->begin ? wanted : p->begin;
	limits.deadline_ns = has_begun(p) ? p->deadline_ns : 0;
	p->result->next_line = limits.from_line;
	if (r == 0 && is_end)
		r = search_source_add_screen(&s, p->vt);
	if (r == 0)
		r = search_scan(p->w, &s, &limits, p->result);
	for (uint32_t i = first; i < p->result->n_matches; i++) {
		p->result->matches[i].line += p->base;
		date(p, &p->result->matches[i]);
	}
	p->begin = p->result->next_line;
	p->result->next_line += p->base;
	forget_samples(p);
	history_share_free(s.history);
	search_source_fini(&s);
	return r;
}

static int feed(struct player *p, const char *bytes, size_t n, uint64_t time_us)
{
	int r = make_vt(p);

	while (r == 0 && n > 0 && !p->result->is_full) {
		const char *erase = memmem(bytes, n, ERASE, strlen(ERASE));
		size_t piece = erase && erase > bytes ? (size_t)(erase - bytes) : n;

		piece = piece < FEED_BYTES ? piece : FEED_BYTES;
		if (erase == bytes) {
			r = harvest(p, false);
			piece = strlen(ERASE);
		}
		vt_feed(p->vt, bytes, piece);
		bytes += piece;
		n -= piece;
		p->seq += piece;
		if (r == 0)
			r = note(p, time_us);
		if (r == 0 && vt_lines_pushed(p->vt) >= p->begin + HARVEST_LINES)
			r = harvest(p, false);
	}
	return r;
}

/* ---- records ---- */

/* Lines are wrapped and counted anew: those that left the screen are done with. */
static int resize(struct player *p, uint16_t cols, uint16_t rows)
{
	uint64_t before;
	int r;

	p->cols = cols;
	p->rows = rows;
	if (!p->vt || (vt_cols(p->vt) == cols && vt_rows(p->vt) == rows))
		return 0;
	r = harvest(p, false);
	if (r)
		return r;
	before = vt_lines_pushed(p->vt);
	vt_forget_history(p->vt);
	r = vt_resize(p->vt, cols, rows);
	p->base += before - vt_lines_dropped(p->vt);
	p->begin = vt_lines_dropped(p->vt);
	return err_trace(r);
}

static int load(struct player *p, const struct journal_record *rec)
{
	const struct vt_opts opts = { .history_lines = HISTORY_LINES, .history_bytes = 64u << 20 };
	struct vt *vt = NULL;
	int r;

	if (p->vt && !p->is_lost)
		return 0;
	if (p->vt) {
		r = harvest(p, true);
		if (r)
			return r;
		p->base += vt_lines_pushed(p->vt) + (uint64_t)vt_rows(p->vt);
	}
	if (vt_load(rec->data[0].p, rec->data[0].n, &opts, NULL, NULL, &vt) != 0)
		return 0; /* as if it were not there */
	vt_free(p->vt);
	p->vt = vt;
	p->base -= vt_lines_pushed(vt) < p->base ? vt_lines_pushed(vt) : p->base;
	p->begin = vt_lines_pushed(vt);
	p->seq = p->first_seq = rec->seq;
	p->is_lost = false;
	return 0;
}

static int take_output(struct player *p, const struct journal_record *rec)
{
	const char *bytes = rec->data[0].p;
	size_t n = rec->data[0].n;
	uint64_t skip = rec->seq < p->seq ? p->seq - rec->seq : 0;

	if (skip >= n)
		return 0;
	if (rec->seq > p->seq)
		p->seq = rec->seq;
	return feed(p, bytes + skip, n - skip, rec->time_us);
}

static int take(struct player *p, const struct journal_record *rec)
{
	if (rec->stream != 0)
		return 0;
	switch (rec->kind) {
	case JOURNAL_OUTPUT:
		return take_output(p, rec);
	case JOURNAL_RESIZE:
		return resize(p, rec->resize.cols, rec->resize.rows);
	case JOURNAL_SPAWN:
		return resize(p, rec->spawn.cols, rec->spawn.rows);
	case JOURNAL_CHECKPOINT:
		return load(p, rec);
	case JOURNAL_GAP:
		if (p->vt)
			vt_feed(p->vt, "\030", 1); /* CAN: ends a sequence cut in two */
		p->seq = rec->gap.to;
		p->is_lost = p->vt != NULL;
		return 0;
	case JOURNAL_MARK:
	case JOURNAL_EXIT:
	case JOURNAL_CLOSED:
	case JOURNAL_INPUT:
		return 0;
	}
	return 0;
}

static int play_journal(struct player *p, const char *dir)
{
	struct journal_record rec;
	int r = journal_reader_open(dir, &p->reader), e;

	if (r == -ENOENT || r == JOURNAL_E_VERSION)
		return 0;
	if (r == 0)
		r = journal_seek_start(p->reader);
	while (r == 0 && !p->result->is_full) {
		e = journal_next(p->reader, &rec);
		if (e == JOURNAL_E_END)
			break;
		if (e < 0)
			r = e;
		if (e == 0)
			r = take(p, &rec);
	}
	p->reader = journal_reader_close(p->reader);
	return r;
}

static int play_rest(struct player *p, const struct search_tape *t)
{
	uint64_t end = t->rest_seq + buf_len(&t->rest);

	if (end <= p->seq)
		return 0;
	if (p->seq < t->rest_seq)
		p->seq = t->rest_seq;
	return feed(p, buf_data(&t->rest) + (p->seq - t->rest_seq), (size_t)(end - p->seq), 0);
}

int search_scan_tape(struct search_worker *w, const struct search_tape *t,
		     const struct search_limits *limits, struct search_result *ret)
{
	struct player p = { .w = w,
			    .limits = *limits,
			    .deadline_ns = limits->deadline_ns,
			    .result = ret,
			    .cols = t->cols,
			    .rows = t->rows };
	int r = play_journal(&p, t->dir);

	if (r == 0 && !ret->is_full)
		r = play_rest(&p, t);
	if (r == 0 && !ret->is_full && p.vt)
		r = harvest(&p, true);
	vt_free(p.vt);
	mem_free(p.samples);
	return r;
}
