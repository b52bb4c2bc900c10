/*
 * When a line was printed, and where in the output: a few samples per pane of the
 * cursor's line, taken while it prints.  When there is no room for more, every
 * other one goes, so that they reach back as far as the history, ever coarser.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/state.h"
#include "vt/vt.h"

#define SAMPLES 128u
#define EVERY_LINES 64u
#define EVERY_US 1000000u

struct line_sample {
	uint64_t line; /* below it all were printed */
	uint64_t seq, time_us;
};

struct line_clock {
	uint64_t reflow_age; /* lines are numbered anew when it grows */
	uint32_t n;
	uint32_t every_lines; /* distance of the samples that are kept */
	struct line_sample samples[SAMPLES];
};

static void thin_out(struct line_clock *k)
{
	for (uint32_t i = 0; i < SAMPLES / 2; i++)
		k->samples[i] = k->samples[2 * i + 1];
	k->n = SAMPLES / 2;
	k->every_lines *= 2;
}

void line_clock_note(struct pane *p)
{
	struct line_clock *k = p->line_clock;
	uint64_t line, now;

	if (!p->vt || vt_lines_pushed(p->vt) == 0)
		return; /* what is on the screen was printed by now */
	if (!k) {
		k = p->line_clock = mem_new(struct line_clock);
		if (!k)
			return;
		k->reflow_age = vt_reflow_age(p->vt);
		k->every_lines = EVERY_LINES;
	}
	if (k->reflow_age != vt_reflow_age(p->vt)) {
		k->reflow_age = vt_reflow_age(p->vt);
		k->n = 0;
		k->every_lines = EVERY_LINES;
	}
	line = vt_lines_pushed(p->vt) + (uint64_t)vt_cursor(p->vt).row;
	if (k->n > 0 && line < k->samples[k->n - 1].line + k->every_lines &&
	    (line == k->samples[k->n - 1].line || k->every_lines > EVERY_LINES))
		return;
	now = clock_wall_us();
	if (k->n > 0 && line < k->samples[k->n - 1].line + k->every_lines &&
	    now < k->samples[k->n - 1].time_us + EVERY_US)
		return;
	if (k->n == SAMPLES)
		thin_out(k);
	k->samples[k->n++] = (struct line_sample){ line, stream_head(&p->streams[CORE_OUT]), now };
}

void line_clock_find(const struct pane *p, uint64_t line, uint64_t *ret_time_us, uint64_t *ret_seq)
{
	const struct line_clock *k = p->line_clock;
	uint32_t from = 0, to = k ? k->n : 0;

	if (!p->vt || !k || k->n == 0 || k->reflow_age != vt_reflow_age(p->vt))
		return;
	/* The first sample behind the line. */
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (k->samples[mid].line > line) {
			to = mid;
		} else {
			from = mid + 1;
		}
	}
	if (from > 0)
		*ret_seq = k->samples[from - 1].seq;
	if (from < k->n)
		*ret_time_us = k->samples[from].time_us;
}

void line_clock_drop(struct pane *p)
{
	mem_free(TAKE(p->line_clock));
}
