/* What a pane, the journals and memory come to: for those who ask. */
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "core/record.h"
#include "vt/vt.h"

#define RATE_NS 5000000000ull     /* a rate is of so much time, or of what passed since */
#define RATE_MIN_NS 1000000000ull /* ... and of no less than so much */

static uint64_t per_second(uint64_t n, uint64_t ns)
{
	return ns ? (uint64_t)((double)n * 1e9 / (double)ns) : 0;
}

/* Two windows, so that it costs a comparison for each chunk. */
void measure_output(struct pane *p, uint64_t now_ns, uint32_t n)
{
	uint64_t passed = now_ns - p->rate_since_ns;

	if (passed > RATE_NS) {
		p->rate_before = per_second(p->rate_bytes, passed);
		p->rate_since_ns = now_ns;
		p->rate_bytes = 0;
	}
	p->rate_bytes += n;
}

static uint64_t rate_of(const struct pane *p, uint64_t now_ns)
{
	uint64_t passed = now_ns - p->rate_since_ns;

	if (!p->rate_since_ns)
		return 0;
	return passed < RATE_MIN_NS ? p->rate_before : per_second(p->rate_bytes, passed);
}

void pane_get_stats(const struct pane *p, struct pane_stats *ret)
{
	struct pane_info i;

	pane_get_info(p, &i);
	*ret = (struct pane_stats){
		.output_bytes = i.seq + i.err_seq,
		.input_bytes = i.input_seq,
		.bytes_per_s = rate_of(p, clock_mono_ns()),
	};
	if (!p->vt)
		return;
	ret->history_bytes = vt_history_memory(p->vt);
	ret->screen_bytes = vt_memory(p->vt) - ret->history_bytes;
}

void core_get_journal_metrics(const struct core *c, struct core_journal_metrics *ret)
{
	*ret = (struct core_journal_metrics){ 0 };
	if (!c->recorder)
		return;
	pthread_mutex_lock(&c->recorder->lock);
	*ret = c->recorder->metrics;
	pthread_mutex_unlock(&c->recorder->lock);
}

static uint64_t journal_queue_bytes(const struct recording *rec)
{
	uint64_t n;

	if (!rec)
		return 0;
	pthread_mutex_lock(&rec->r->lock);
	n = rec->n_items * sizeof(struct record_item);
	pthread_mutex_unlock(&rec->r->lock);
	return n;
}

void core_get_memory(const struct core *c, struct core_memory *ret)
{
	struct stat st;

	*ret = (struct core_memory){ 0 };
	for (uint32_t i = 0; i < c->n_panes; i++) {
		const struct pane *p = c->panes[i];
		uint64_t history = p->vt ? vt_history_memory(p->vt) : 0;

		ret->history += history;
		ret->screens += p->vt ? vt_memory(p->vt) - history : 0;
		ret->input_queues += p->write_bytes;
		ret->journal_queues += journal_queue_bytes(p->rec);
	}
	if (c->arena_fd >= 0 && fstat(c->arena_fd, &st) == 0)
		ret->rings = (uint64_t)st.st_blocks * 512;
}
