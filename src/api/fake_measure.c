/* What is measured of the core without terminals. */
#include "api/fake_core.h"

void core_get_journal_metrics(const struct core *c, struct core_journal_metrics *ret)
{
	(void)c;
	*ret = (struct core_journal_metrics){ 0 };
	hist_record(&ret->flush, 1000);
	hist_record(&ret->flush, 100000);
}

void core_get_memory(const struct core *c, struct core_memory *ret)
{
	(void)c;
	*ret = (struct core_memory){ .history = 4096, .rings = 65536 };
}

void pane_get_stats(const struct pane *p, struct pane_stats *ret)
{
	(void)p;
	*ret = (struct pane_stats){ .output_bytes = 1000, .input_bytes = 10, .bytes_per_s = 100 };
}
