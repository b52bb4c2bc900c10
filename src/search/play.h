/*
 * Playing what a pane recorded into a terminal of its own.  The lines that leave
 * its screen are shown as they come, so nothing is kept in memory but some ten
 * thousand of them.
 *
 * Lines are counted from the first one that the player saw.  Where bytes are
 * missing, and at the first checkpoint that begins a block behind a resize (the
 * pane's own terminal had a history to take rows from then), the terminal goes
 * on as the checkpoint says; else checkpoints change nothing.  So a block that
 * begins with one shows the same lines whether what is before it was played or not.
 */
#ifndef SEARCH_PLAY_H
#define SEARCH_PLAY_H

#include "journal/journal.h"
#include "search/scan.h"

struct player;
struct vt;

enum play_lines {
	PLAY_MORE, /* a last line that is continued is not whole yet */
	PLAY_CUT,  /* nothing will continue it */
	PLAY_ALL,  /* likewise, and the screen is there too */
};
/*
 * Lines to be looked at: those of @s from @from_line on (counted as the terminal does;
 * p->base more to the outside).  *ret_next: the first one that was not.
 */
typedef int play_lines_fn(struct player *p, const struct search_source *s, enum play_lines how,
			  uint64_t from_line, uint64_t *ret_next);

/* Everything above `line` was printed when the output was at `seq`. */
struct play_sample {
	int64_t line;
	uint64_t seq, time_us;
};

struct player {
	play_lines_fn *on_lines;
	void *user;
	bool is_done; /* on_lines() wants no more */
	struct vt *vt;
	uint16_t cols, rows;
	uint64_t seq;       /* behind what was fed */
	uint64_t first_seq; /* in front of all that the terminal showed when it began */
	uint64_t begin;     /* line where the next look begins, as vt counts */
	int64_t base;       /* what vt's count lacks; without one: where it will begin */
	struct play_sample *samples;
	uint32_t n_samples, size_samples;
	bool is_lost;        /* bytes are missing: the next checkpoint counts */
	bool is_resized;     /* ... or the next that begins a block */
	bool is_block_start; /* the next record is the first of a block */
};

void player_fini(struct player *p);
/* Of any kind; of other streams than 0 nothing.  0, -ENOMEM, or what on_lines() said. */
NODISCARD int player_take(struct player *p, const struct journal_record *rec);
NODISCARD int player_feed(struct player *p, const char *bytes, size_t n, uint64_t time_us);
NODISCARD int player_show(struct player *p, enum play_lines how);
/* Bytes up to @to are missing. */
void player_lose(struct player *p, uint64_t to);
/* Output up to @to, with @n_lines, is left out and the terminal given up.  The next record
 * must be a checkpoint; @screen: the position and time of what it shows. */
NODISCARD int player_skip(struct player *p, uint64_t n_lines, uint64_t to,
			  const struct play_sample *screen);
/* Of the uppermost line of the screen. */
int64_t player_top(const struct player *p);
/* When a line (as the outside counts) was printed: a position in front of it, and a time
 * by which it was there; 0: not known. */
void player_date(const struct player *p, int64_t line, uint64_t *ret_seq, uint64_t *ret_time_us);

#endif
