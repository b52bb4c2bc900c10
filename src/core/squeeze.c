/*
 * Cold history: what the emulator's compressor is made of (zstd level 1), and
 * when it runs.  Never while a pane prints: a second after the last output one
 * bounded step per turn of the loop, until nothing is left; then nothing wakes.
 */
#include <zstd.h>

#include "base/clock.h"
#include "core/recall.h"
#include "core/state.h"
#include "vt/compress.h"
#include "vt/vt.h"

#define QUIET_MS 1000
#define QUIET_NS (QUIET_MS * 1000000ull)
#define MAX_RING_WAITS 7 /* two minutes in all */
#define LEVEL 1
#define KEPT_BYTES 4096u

static size_t squeeze(void *user, const void *src, size_t n, void *dst, size_t size)
{
	struct core *c = user;
	size_t r;

	if (!c->zstd_c)
		c->zstd_c = ZSTD_createCCtx();
	if (!c->zstd_c)
		return 0;
	r = ZSTD_compressCCtx(c->zstd_c, dst, size, src, n, LEVEL);
	return ZSTD_isError(r) ? 0 : r;
}

static bool unsqueeze(void *user, const void *src, size_t n, void *dst, size_t size)
{
	struct core *c = user;

	if (!c->zstd_d)
		c->zstd_d = ZSTD_createDCtx();
	return c->zstd_d && ZSTD_decompressDCtx(c->zstd_d, dst, size, src, n) == size;
}

void squeeze_init(struct core *c)
{
	c->compress =
		(struct vt_compress){ .user = c, .compress = squeeze, .decompress = unsqueeze };
}

/* The contexts are large; they are made again when they are needed. */
static void drop_contexts(struct core *c)
{
	ZSTD_freeCCtx(c->zstd_c);
	ZSTD_freeDCtx(c->zstd_d);
	c->zstd_c = NULL;
	c->zstd_d = NULL;
}

void squeeze_fini(struct core *c)
{
	drop_contexts(c);
}

/* Ring pages of what is in the journal: read back from there, should anybody ask.  The
 * last bytes stay: a prompt, and what is looked at to tell what follows it.
 * Returns false if the journal is not there yet. */
static bool give_ring_back(struct pane *p)
{
	struct core *c = p->core;
	bool is_all = true;

	for (int k = 0; k < 2; k++) {
		const struct stream *s = &p->streams[k];
		const struct arena_slot *slot;

		if (!s->has_slot || !recall_has_journal(p))
			continue;
		slot = &c->arena.slots[s->slot];
		if (slot->committed_seq <= KEPT_BYTES)
			continue;
		if (slot->journaled_seq != slot->committed_seq ||
		    slot->fed_seq != slot->committed_seq) {
			is_all = false;
			continue;
		}
		(void)arena_slot_give_back(&c->arena, c->arena_fd, s->slot,
					   slot->committed_seq - KEPT_BYTES);
	}
	return is_all;
}

/* A slow disk is waited for, less and less often; a full one not for ever. */
static bool is_worth_waiting(struct pane *p, uint64_t now)
{
	if (p->n_ring_waits == MAX_RING_WAITS)
		return false;
	p->squeeze_after_ns = now + (QUIET_NS << p->n_ring_waits++);
	return true;
}

/* Not at each change: a program may set a thousand titles in a second. */
static void keep_titles(struct pane *p)
{
	if (!p->is_record_stale)
		return;
	p->is_record_stale = false;
	registry_put_pane(p);
}

/* One step for one pane.  Returns when to look again, 0 at once, UINT64_MAX never. */
static uint64_t step(struct core *c, uint64_t now)
{
	uint64_t soonest = UINT64_MAX;

	for (uint32_t i = 0; i < c->n_panes; i++) {
		struct pane *p = c->panes[i];
		uint64_t at = p->last_output_ns + QUIET_NS;

		if (!p->has_cold)
			continue;
		at = at > p->squeeze_after_ns ? at : p->squeeze_after_ns;
		if (now < at) {
			soonest = at < soonest ? at : soonest;
			continue;
		}
		p->has_cold = p->vt && vt_idle(p->vt);
		if (!p->has_cold) {
			p->has_cold = !give_ring_back(p) && is_worth_waiting(p, now);
			keep_titles(p);
		}
		return 0;
	}
	return soonest;
}

static void on_quiet(uv_timer_t *t)
{
	struct core *c = t->data;
	uint64_t now = clock_mono_ns(), at = step(c, now);

	if (at == UINT64_MAX) {
		c->is_squeezing = false;
		drop_contexts(c);
		core_give_memory_back(c);
		return;
	}
	uv_timer_start(&c->quiet_timer, on_quiet, at <= now ? 0 : (at - now) / 1000000 + 1, 0);
}

void squeeze_note_output(struct pane *p)
{
	struct core *c = p->core;

	p->has_cold = true;
	p->n_ring_waits = 0;
	p->squeeze_after_ns = 0;
	if (c->is_squeezing)
		return;
	c->is_squeezing = true;
	uv_timer_start(&c->quiet_timer, on_quiet, QUIET_MS, 0);
}
