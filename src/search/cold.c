#include "search/cold.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "search/play.h"
#include "vt/vt.h"

#define MAGIC "OFTF"
#define VERSION 1u /* also one more whenever the emulator renders text differently */
#define HEAD_BYTES 48u
#define OPEN 1u
#define HEAD_CLOSED 2u
#define LOG2_MAX 19u /* 64 KiB */
#define LOG2_MIN 10u

struct builder {
	uint8_t *bits;   /* 2^LOG2_MAX */
	uint32_t last;   /* the last three bytes of the line under way, folded */
	uint32_t n_line; /* how many it has, counted up to 3 */
	bool is_open;
	bool is_ending; /* the block is over: the screen comes last */
	bool is_screen; /* it is what is added */
	struct cold cold;
};

static inline uint32_t index_of(uint32_t hash, unsigned log2_bits)
{
	return hash >> (32 - LOG2_MAX) & ((1u << log2_bits) - 1);
}

/* ---- making ---- */

static void add_text(struct builder *b, const char *text, size_t n)
{
	uint32_t last = b->last, n_line = b->n_line;

	for (size_t i = 0; i < n; i++) {
		last = (last << 8 | history_fold((uint8_t)text[i])) & 0xffffff;
		if (++n_line >= 3) {
			uint32_t bit = index_of(history_hash(last), LOG2_MAX);

			b->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
			n_line = 3;
		}
	}
	b->last = last;
	b->n_line = n_line;
}

static void note_head(struct builder *b, const char *text, size_t n, bool is_continued)
{
	struct cold *c = &b->cold;

	if (c->is_head_closed || b->is_screen)
		return;
	for (size_t i = 0; i < n && c->n_head < 2; i++)
		c->head[c->n_head++] = (uint8_t)history_fold((uint8_t)text[i]);
	c->is_head_closed = !is_continued;
}

static void end_line(struct builder *b)
{
	b->last = b->n_line = 0;
	b->is_open = false;
}

static void add_line(struct builder *b, const struct history_text *t)
{
	note_head(b, t->text, t->n_bytes, t->is_wrapped);
	add_text(b, t->text, t->n_bytes);
	b->is_open = t->is_wrapped;
	if (!b->is_open)
		end_line(b);
}

struct pages {
	struct builder *b;
	uint64_t number, from;
};

static bool on_line(const struct history_text *t, void *user)
{
	struct pages *p = user;

	if (p->number++ >= p->from)
		add_line(p->b, t);
	return true;
}

static int add_history(struct builder *b, const struct history_share *h, uint64_t from_line)
{
	struct history_reader reader = { 0 };
	struct pages p = { .b = b, .from = from_line };
	uint32_t n = history_share_pages(h);
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++) {
		struct history_page_info info = history_share_page(h, i);

		p.number = info.first;
		if (info.first + info.n_lines > from_line)
			r = history_share_each(h, i, &reader, on_line, &p);
	}
	history_reader_fini(&reader);
	return r < 0 ? err_origin(r) : 0;
}

static void note_tail(struct builder *b)
{
	struct cold *c = &b->cold;

	c->is_open = b->is_open;
	c->n_tail = (uint8_t)(b->n_line < 2 ? b->n_line : 2);
	for (unsigned i = 0; i < c->n_tail; i++)
		c->tail[i] = (uint8_t)(b->last >> 8 * (c->n_tail - 1u - i));
}

static int on_lines(struct player *p, const struct search_source *s, enum play_lines how,
		    uint64_t from_line, uint64_t *ret_next)
{
	struct builder *b = p->user;
	int r = add_history(b, s->history, from_line);

	if (b->is_ending)
		note_tail(b);
	b->is_screen = true;
	for (uint32_t i = 0; i < s->n_rows; i++) {
		const struct search_row *row = &s->rows[i];

		add_line(b, &(struct history_text){ buf_data(&s->text) + row->from, row->n_bytes,
						    row->is_wrapped });
	}
	b->is_screen = false;
	if (how != PLAY_MORE)
		end_line(b);
	*ret_next = s->first_row;
	return r;
}

/* Can the terminal be made of what the block begins with? */
static bool is_beginning(const struct journal_record *rec)
{
	if (rec->stream != 0)
		return false;
	if (rec->kind == JOURNAL_CHECKPOINT)
		return true;
	return rec->seq == 0 && ((rec->kind == JOURNAL_SPAWN && rec->spawn.cols > 0) ||
				 (rec->kind == JOURNAL_RESIZE && rec->resize.cols > 0));
}

/* JOURNAL_E_NONE: it cannot be played by itself. */
static int play(struct player *p, struct journal_cursor *block)
{
	struct journal_record rec;
	bool is_first = true;
	int r;

	while ((r = journal_cursor_next(block, &rec)) == 0) {
		if (is_first && !is_beginning(&rec))
			return JOURNAL_E_NONE;
		p->is_block_start = is_first;
		r = player_take(p, &rec);
		if (r < 0)
			return err_trace(r);
		if (is_first && rec.kind == JOURNAL_CHECKPOINT && !p->vt)
			return JOURNAL_E_NONE;
		is_first = false;
	}
	return r < 0 ? err_trace(r) : r == JOURNAL_E_END && p->vt ? 0 : JOURNAL_E_NONE;
}

static int finish(struct player *p, struct builder *b)
{
	struct cold *c = &b->cold;
	int64_t top = player_top(p);
	int r;

	player_date(p, top, &c->screen_seq, &c->screen_time_us);
	b->is_ending = true;
	r = player_show(p, PLAY_ALL);
	c->is_open &= !p->is_lost && !p->is_resized; /* a checkpoint comes first */
	c->n_lines = (uint64_t)top + (p->is_lost ? (uint64_t)vt_rows(p->vt) : 0);
	return r;
}

static uint32_t count_bits(const uint8_t *bits, uint32_t n)
{
	uint32_t count = 0;
	uint64_t word;

	for (uint32_t i = 0; i < n; i += 8) {
		memcpy(&word, bits + i, 8);
		count += (uint32_t)__builtin_popcountll(word);
	}
	return count;
}

/* To half its size while at most a quarter of the bits will be set. */
static unsigned fold_bits(uint8_t *bits)
{
	unsigned log2_bits = LOG2_MAX;

	for (; log2_bits > LOG2_MIN; log2_bits--) {
		uint32_t half = 1u << (log2_bits - 4);

		if (count_bits(bits, 2 * half) > 2 * half)
			break;
		for (uint32_t i = 0; i < half; i++)
			bits[i] |= bits[half + i];
	}
	return log2_bits;
}

static void put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, 8);
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return le64toh(v);
}

static int put(struct builder *b, struct buf *out)
{
	const struct cold *c = &b->cold;
	uint8_t head[HEAD_BYTES] = MAGIC;
	unsigned log2_bits = fold_bits(b->bits);

	head[4] = VERSION;
	head[6] = (uint8_t)((c->is_open ? OPEN : 0) | (c->is_head_closed ? HEAD_CLOSED : 0));
	head[7] = (uint8_t)log2_bits;
	put64(head + 8, c->n_lines);
	put64(head + 16, c->screen_seq);
	put64(head + 24, c->screen_time_us);
	head[32] = c->n_head;
	head[33] = c->n_tail;
	memcpy(head + 34, c->head, 2);
	memcpy(head + 36, c->tail, 2);
	buf_put(out, head, sizeof head);
	buf_put(out, b->bits, 1u << (log2_bits - 3));
	return err_trace(buf_check(out));
}

int cold_make(void *user, struct journal_cursor *block, struct buf *out)
{
	struct builder b = { .bits = mem_zalloc(1, 1u << (LOG2_MAX - 3)) };
	struct player p = { .on_lines = on_lines, .user = &b };
	int r = b.bits ? play(&p, block) : err_origin(-ENOMEM);

	(void)user;
	if (r == 0)
		r = finish(&p, &b);
	if (r == 0)
		r = put(&b, out);
	player_fini(&p);
	mem_free(b.bits);
	return r < 0 ? err_trace(r) : 0;
}

/* ---- reading ---- */

bool cold_read(const void *p, size_t n, struct cold *ret)
{
	const uint8_t *head = p;

	if (n < HEAD_BYTES || memcmp(head, MAGIC, 4) != 0 || head[4] != VERSION || head[5] != 0 ||
	    head[7] < LOG2_MIN || head[7] > LOG2_MAX || head[32] > 2 || head[33] > 2 ||
	    n != HEAD_BYTES + ((size_t)1 << (head[7] - 3)))
		return false;
	*ret = (struct cold){ .n_lines = get64(head + 8),
			      .screen_seq = get64(head + 16),
			      .screen_time_us = get64(head + 24),
			      .is_open = head[6] & OPEN,
			      .is_head_closed = head[6] & HEAD_CLOSED,
			      .n_head = head[32],
			      .n_tail = head[33],
			      .head = { head[34], head[35] },
			      .tail = { head[36], head[37] },
			      .log2_bits = head[7],
			      .bits = head + HEAD_BYTES };
	return ret->n_lines <= INT64_MAX;
}

uint64_t cold_present(const struct cold *c, const struct history_probe *p)
{
	uint64_t present = 0;

	for (unsigned i = 0; i < p->n; i++) {
		uint32_t bit = index_of(p->hashes[i], c->log2_bits);

		present |= (uint64_t)(c->bits[bit / 8] >> bit % 8 & 1) << i;
	}
	return present;
}

bool cold_present_between(const struct cold *a, const struct cold *b, const struct history_probe *p,
			  uint64_t *ret)
{
	uint32_t three = (uint32_t)a->tail[0] << 16 | (uint32_t)a->tail[1] << 8 | b->head[0];

	*ret = 0;
	if (a->n_tail < 2 || (b->n_head < 2 && !b->is_head_closed))
		return false;
	for (unsigned k = 0; k < b->n_head; k++) {
		for (unsigned i = 0; i < p->n; i++)
			*ret |= (uint64_t)(p->hashes[i] == history_hash(three)) << i;
		three = (three << 8 | b->head[1]) & 0xffffff;
	}
	return true;
}
