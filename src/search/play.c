#include "search/play.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "vt/history_share.h"
#include "vt/image.h"
#include "vt/vt.h"

#define HISTORY_LINES 60000u
#define HARVEST_LINES 4000u
#define ERASE "\033[3J"        /* the history is erased: looked at before that */
#define FEED_BYTES (64u << 10) /* at most so many lines leave the screen at once */

static const struct vt_opts opts = { .history_lines = HISTORY_LINES, .history_bytes = 64u << 20 };

void player_fini(struct player *p)
{
	p->vt = vt_free(p->vt);
	mem_free(p->samples);
	p->samples = NULL;
	p->n_samples = p->size_samples = 0;
}

int64_t player_top(const struct player *p)
{
	return p->base + (p->vt ? (int64_t)vt_lines_pushed(p->vt) : 0);
}

static int make_vt(struct player *p)
{
	if (!p->vt) {
		p->vt = vt_new(p->cols, p->rows, &opts, NULL, NULL);
		p->first_seq = p->seq;
		p->begin = 0;
	}
	return p->vt ? 0 : err_origin(-ENOMEM);
}

/* ---- time and position ---- */

static int note(struct player *p, uint64_t time_us)
{
	int64_t line = player_top(p) + vt_cursor(p->vt).row;

	if (p->n_samples > 0 && p->samples[p->n_samples - 1].line >= line)
		return 0;
	if (!search_reserve((void **)&p->samples, p->n_samples, &p->size_samples,
			    sizeof p->samples[0]))
		return err_origin(-ENOMEM);
	p->samples[p->n_samples++] = (struct play_sample){ line, p->seq, time_us };
	return 0;
}

void player_date(const struct player *p, int64_t line, uint64_t *ret_seq, uint64_t *ret_time_us)
{
	uint32_t from = 0, to = p->n_samples;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (p->samples[mid].line > line) {
			to = mid;
		} else {
			from = mid + 1;
		}
	}
	*ret_seq = from > 0 ? p->samples[from - 1].seq : p->first_seq;
	*ret_time_us = 0;
	if (p->n_samples > 0)
		*ret_time_us = p->samples[from < p->n_samples ? from : p->n_samples - 1].time_us;
}

/* What is on the screen is still to be dated; of what is above only the last one counts. */
static void forget_samples(struct player *p)
{
	uint32_t n = 0;
	int64_t top = p->base + (int64_t)p->begin;

	while (n + 1 < p->n_samples && p->samples[n + 1].line <= top)
		n++;
	if (n > 0) {
		p->n_samples -= n;
		memmove(p->samples, p->samples + n, p->n_samples * sizeof p->samples[0]);
	}
}

/* ---- showing ---- */

int player_show(struct player *p, enum play_lines how)
{
	struct search_source s = { .is_partial = how == PLAY_MORE };
	int r = 0;

	if (!p->vt)
		return 0;
	s.first_row = vt_lines_pushed(p->vt);
	s.history = history_share_new(p->vt);
	if (!s.history)
		r = err_origin(-ENOMEM);
	if (r == 0 && how == PLAY_ALL)
		r = search_source_add_screen(&s, p->vt);
	if (r == 0)
		r = p->on_lines(p, &s, how, p->begin, &p->begin);
	forget_samples(p);
	history_share_free(s.history);
	search_source_fini(&s);
	return r;
}

int player_feed(struct player *p, const char *bytes, size_t n, uint64_t time_us)
{
	int r = make_vt(p);

	while (r == 0 && n > 0 && !p->is_done) {
		const char *erase = memmem(bytes, n, ERASE, strlen(ERASE));
		size_t piece = erase && erase > bytes ? (size_t)(erase - bytes) : n;

		piece = piece < FEED_BYTES ? piece : FEED_BYTES;
		if (erase == bytes) {
			r = player_show(p, PLAY_MORE);
			piece = strlen(ERASE);
		}
		vt_feed(p->vt, bytes, piece);
		bytes += piece;
		n -= piece;
		p->seq += piece;
		if (r == 0)
			r = note(p, time_us);
		if (r == 0 && vt_lines_pushed(p->vt) >= p->begin + HARVEST_LINES)
			r = player_show(p, PLAY_MORE);
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
	r = player_show(p, PLAY_CUT);
	if (r)
		return r;
	before = vt_lines_pushed(p->vt);
	vt_forget_history(p->vt);
	r = vt_resize(p->vt, cols, rows);
	p->base += (int64_t)before - (int64_t)vt_lines_dropped(p->vt);
	p->begin = vt_lines_dropped(p->vt);
	p->is_resized = true;
	return err_trace(r);
}

static bool wants_checkpoint(const struct player *p, bool is_block_start)
{
	return !p->vt || p->is_lost || (p->is_resized && is_block_start);
}

/* What its terminal still owes; @ret_n_lines: of its screen, when that is not to be found again
 * in the next checkpoint. */
static int show_last(struct player *p, int64_t *ret_n_lines)
{
	*ret_n_lines = p->vt && p->is_lost ? vt_rows(p->vt) : 0;
	return player_show(p, p->is_lost ? PLAY_ALL : PLAY_CUT);
}

static int load(struct player *p, const struct journal_record *rec, bool is_block_start)
{
	struct vt *vt = NULL;
	uint64_t first_seq = p->first_seq;
	int64_t shown, top = player_top(p);
	int r;

	if (!wants_checkpoint(p, is_block_start))
		return 0;
	if (vt_load(rec->data[0].p, rec->data[0].n, &opts, NULL, NULL, &vt) != 0)
		return 0; /* as if it were not there */
	if (!p->vt && p->n_samples == 0)
		first_seq = rec->seq;
	r = show_last(p, &shown);
	vt_free(p->vt);
	p->vt = vt;
	p->base = top + shown - (int64_t)vt_lines_pushed(vt);
	p->begin = vt_lines_pushed(vt);
	p->seq = rec->seq;
	p->first_seq = first_seq;
	p->is_lost = p->is_resized = false;
	return r;
}

void player_lose(struct player *p, uint64_t to)
{
	if (p->vt)
		vt_feed(p->vt, "\030", 1); /* CAN: ends a sequence cut in two */
	p->seq = to;
	p->is_lost = p->vt != NULL;
}

int player_skip(struct player *p, uint64_t n_lines, uint64_t to, const struct play_sample *screen)
{
	int64_t shown, top = player_top(p) + (int64_t)n_lines;
	int r = show_last(p, &shown);

	top += shown;
	player_fini(p);
	p->base = top;
	p->seq = to;
	p->first_seq = screen->seq;
	p->is_lost = p->is_resized = false;
	if (search_reserve((void **)&p->samples, 0, &p->size_samples, sizeof p->samples[0])) {
		p->samples[p->n_samples++] =
			(struct play_sample){ top, screen->seq, screen->time_us };
	}
	return r;
}

static int take_output(struct player *p, const struct journal_record *rec)
{
	const char *bytes = rec->data[0].p;
	size_t n = rec->data[0].n;
	uint64_t skip = rec->seq < p->seq ? p->seq - rec->seq : 0;

	if (skip >= n)
		return 0;
	if (rec->seq > p->seq)
		player_lose(p, rec->seq);
	return player_feed(p, bytes + skip, n - skip, rec->time_us);
}

int player_take(struct player *p, const struct journal_record *rec)
{
	bool is_block_start = p->is_block_start;

	p->is_block_start = false;
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
		return load(p, rec, is_block_start);
	case JOURNAL_GAP:
		player_lose(p, rec->gap.to);
		return 0;
	case JOURNAL_MARK:
	case JOURNAL_EXIT:
	case JOURNAL_CLOSED:
	case JOURNAL_INPUT:
		return 0;
	}
	return 0;
}
