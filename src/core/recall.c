/*
 * Screens out of journals.
 *
 * What a pane shows is made again by feeding what it printed to a new emulator,
 * from a checkpoint on that is old enough for the history to be whole: the
 * journal up to its end, then the ring up to fed_seq.  All of that was fed once
 * already: nothing is answered, nothing is told (pane.is_replaying).
 *
 * Sizes count where they changed.  One that the program itself asked for (DECCOLM)
 * takes effect in the middle of what was fed at once, and was written down behind
 * it.  So output is held back until the next change of size is known.
 */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "core/state.h"
#include "journal/journal.h"
#include "vt/image.h"
#include "vt/vt.h"

/* A change of size comes within one turn's reading. */
#define HELD_BYTES ((size_t)2 * CORE_READ_PER_TURN)
#define FEED_BYTES (1u << 20)

struct recall {
	struct pane *pane;
	struct journal_reader *reader;
	struct buf held; /* read and not yet fed */
	uint64_t seq;    /* behind what was read */
	uint64_t end;    /* fed_seq */
	uint64_t checkpoint_seq;
	bool wants_image; /* the next checkpoint counts: bytes before it are missing */
	bool is_begun;
	int r;
};

static void feed_held(struct recall *c, size_t keep)
{
	size_t n = buf_len(&c->held);

	if (n <= keep || !c->pane->vt)
		return;
	core_feed_enter(c->pane->core, c->pane->number, c->seq - n);
	vt_feed(c->pane->vt, buf_data(&c->held), n - keep);
	core_feed_leave(c->pane->core);
	buf_consume(&c->held, n - keep);
}

static void make_vt(struct recall *c, uint16_t cols, uint16_t rows)
{
	if (!c->pane->vt && term_make(c->pane, cols, rows) < 0)
		c->r = -ENOMEM;
	c->is_begun = true;
}

static void take_output(struct recall *c, uint64_t seq, const void *p, size_t n)
{
	if (seq < c->seq) {
		size_t skip = c->seq - seq < n ? c->seq - seq : n;

		p = (const char *)p + skip;
		n -= skip;
		seq += skip;
	}
	if (n > c->end - seq)
		n = c->end - seq;
	if (n == 0)
		return;
	make_vt(c, c->pane->cols, c->pane->rows);
	buf_put(&c->held, p, n);
	if (buf_check(&c->held) < 0)
		c->r = -ENOMEM;
	c->seq = seq + n;
	if (buf_len(&c->held) > FEED_BYTES)
		feed_held(c, HELD_BYTES);
}

static void take_resize(struct recall *c, uint16_t cols, uint16_t rows)
{
	struct pane *p = c->pane;

	if (!p->vt) {
		make_vt(c, cols, rows);
		return;
	}
	p->replay_cols = cols;
	p->replay_rows = rows;
	feed_held(c, 0);
	p->replay_cols = p->replay_rows = 0;
	if (vt_resize(p->vt, cols, rows) < 0)
		c->r = -ENOMEM;
}

/* The first one is where it begins; later ones count only behind a gap. */
static void take_checkpoint(struct recall *c, const struct journal_record *r)
{
	struct vt *vt;

	c->checkpoint_seq = r->seq;
	if (c->is_begun && !c->wants_image)
		return;
	vt = term_load(c->pane, r->data[0].p, r->data[0].n);
	if (!vt) { /* as if it were not there */
		c->wants_image = true;
		return;
	}
	buf_clear(&c->held);
	vt_free(c->pane->vt);
	c->pane->vt = vt;
	c->seq = r->seq;
	c->is_begun = true;
	c->wants_image = false;
}

static void take_gap(struct recall *c, uint64_t to)
{
	feed_held(c, 0);
	if (c->pane->vt)
		vt_feed(c->pane->vt, "\030", 1); /* CAN: ends a sequence cut in two */
	c->seq = to;
	c->wants_image = true;
}

/* The directory is no part of a checkpoint. */
static void take_mark(struct recall *c, const struct journal_record *r)
{
	char path[4096];
	size_t n = r->data[0].n;

	if (r->mark.what != JOURNAL_MARK_CWD || n >= sizeof path)
		return;
	memcpy(path, r->data[0].p, n);
	path[n] = '\0';
	term_set_cwd(c->pane, path);
}

/* False: the rest is not wanted. */
static bool take(struct recall *c, const struct journal_record *r)
{
	if (r->stream != CORE_OUT)
		return true;
	if (r->seq > c->end || (r->kind == JOURNAL_OUTPUT && r->seq == c->end))
		return false;
	switch (r->kind) {
	case JOURNAL_OUTPUT:
		take_output(c, r->seq, r->data[0].p, r->data[0].n);
		break;
	case JOURNAL_RESIZE:
		take_resize(c, r->resize.cols, r->resize.rows);
		break;
	case JOURNAL_SPAWN:
		take_resize(c, r->spawn.cols, r->spawn.rows);
		break;
	case JOURNAL_CHECKPOINT:
		take_checkpoint(c, r);
		break;
	case JOURNAL_GAP:
		take_gap(c, r->gap.to);
		break;
	case JOURNAL_MARK:
		take_mark(c, r);
		break;
	case JOURNAL_EXIT:
	case JOURNAL_CLOSED:
	case JOURNAL_INPUT:
		break;
	}
	return c->r == 0;
}

static int seek(struct recall *c, const struct journal_want *want, uint64_t *ret_lines,
		uint64_t *ret_seq)
{
	struct journal_record found;
	int r = journal_seek_checkpoint(c->reader, want);

	if (r == 0)
		r = journal_next(c->reader, &found);
	if (r != 0)
		return r;
	*ret_lines = found.checkpoint.lines_pushed;
	*ret_seq = found.seq;
	return 0;
}

/*
 * To a checkpoint so old that the history is whole again: as many lines before the
 * newest as are kept.  The count of lines begins anew at a change of size, so it
 * may lead nowhere, or too far back: then bytes decide, as many as are kept.
 */
static int seek_begin(struct recall *c)
{
	const struct core_config *cfg = &c->pane->core->config;
	struct journal_want want = { c->end, UINT64_MAX, UINT64_MAX };
	uint64_t n_lines = (uint64_t)cfg->history_lines + VT_ROWS_MAX;
	uint64_t lines = 0, newest = 0, seq = 0;
	int r = seek(c, &want, &lines, &newest);

	if (r == 0 && lines > n_lines) {
		want.lines_pushed = lines - n_lines;
		r = seek(c, &want, &lines, &seq);
	} else if (r == 0) {
		r = JOURNAL_E_NONE;
	}
	if (r == JOURNAL_E_NONE || (r == 0 && newest - seq > 2ull * cfg->history_bytes)) {
		seq = newest > cfg->history_bytes ? newest - cfg->history_bytes : 0;
		want = (struct journal_want){ seq, UINT64_MAX, UINT64_MAX };
		r = seek(c, &want, &lines, &seq);
	}
	if (r == 0) /* to its record, which was read to look at it */
		return journal_seek_checkpoint(c->reader, &want);
	return r == JOURNAL_E_NONE ? journal_seek_start(c->reader) : r;
}

static int read_journal(struct recall *c)
{
	struct journal_record record;
	struct journal_state state;
	char dir[560];
	int r = journal_path(c->pane->core->state_dir, c->pane->number, dir, sizeof dir);

	if (r == 0)
		r = journal_reader_open(dir, &c->reader);
	if (r != 0)
		return r;
	journal_reader_state(c->reader, &state);
	/* What begins in the middle begins with a checkpoint. */
	c->wants_image = state.tail[CORE_OUT] > 0;
	r = seek_begin(c);
	while (r == 0 || r == JOURNAL_E_UNKNOWN || r == JOURNAL_E_VERSION) {
		r = journal_next(c->reader, &record);
		if (r == 0 && !take(c, &record))
			break;
	}
	c->reader = journal_reader_close(c->reader);
	return r < 0 ? r : c->r;
}

static void read_ring(struct recall *c)
{
	struct pane *p = c->pane;
	struct stream *s = &p->streams[CORE_OUT];
	struct arena_event events[ARENA_EVENTS];
	uint32_t n, i = 0;
	uint64_t tail = stream_tail(s);

	if (c->seq < tail && c->end > tail && c->is_begun)
		take_gap(c, tail);
	if (c->seq < tail)
		c->seq = tail;
	n = arena_slot_events(&p->core->arena, s->slot, events, ARENA_EVENTS);
	while (i < n && events[i].seq < c->seq)
		i++;
	while (c->r == 0 && c->seq < c->end) {
		uint64_t to = i < n && events[i].seq < c->end ? events[i].seq : c->end;
		uint64_t from = c->seq;
		struct arena_view v = arena_slot_view(&p->core->arena, s->slot, from, to - from);

		take_output(c, from, v.p[0], v.n[0]);
		take_output(c, from + v.n[0], v.p[1], v.n[1]);
		for (; i < n && events[i].seq <= to; i++)
			take_resize(c, events[i].a, events[i].b);
	}
}

/* Titles are part of a checkpoint, and what is fed from there on may not set one. */
static void take_over_title(struct pane *p)
{
	const char *title = vt_title(p->vt, VT_TITLE_WINDOW);

	if (title[0])
		term_set_title(p, title);
}

int recall_screen(struct pane *p)
{
	uint64_t begun = clock_mono_ns();
	struct stream *s = &p->streams[CORE_OUT];
	struct recall c = { .pane = p };
	int r = 0;

	c.end = s->has_slot ? (uint64_t)p->core->arena.slots[s->slot].fed_seq : UINT64_MAX;
	p->is_replaying = true;
	if (!p->is_private && c.end > 0)
		r = read_journal(&c);
	if (r < 0 && r != -ENOENT) {
		log_fault(r, "pane p%llu: its journal cannot be read",
			  (unsigned long long)p->number);
	}
	err_clear();
	if (s->has_slot)
		read_ring(&c);
	make_vt(&c, p->cols, p->rows);
	feed_held(&c, 0);
	if (p->vt && (vt_cols(p->vt) != p->cols || vt_rows(p->vt) != p->rows) &&
	    vt_resize(p->vt, p->cols, p->rows) < 0)
		c.r = -ENOMEM;
	p->is_replaying = false;
	hist_record(&p->core->metrics.recall, clock_mono_ns() - begun);
	p->checkpoint_seq = c.checkpoint_seq;
	buf_fini(&c.held);
	if (p->vt)
		take_over_title(p);
	return p->vt ? 0 : err_origin(-ENOMEM);
}
