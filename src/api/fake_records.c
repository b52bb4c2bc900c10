/* The core as the tests see it: what was recorded. */
#include "core/records.h"

/* The same two records for every pane. */
void core_pane_records(struct core *c, struct pane *p, const struct core_records_spec *spec,
		       core_records_fn *done, void *user)
{
	static const struct core_record records[] = {
		{ .kind = "spawn",
		  .time_us = 5,
		  .wall_us = 5,
		  .cols = 80,
		  .rows = 24,
		  .number = 1,
		  .at = 0,
		  .n = 11 },
		{ .kind = "output", .time_us = 7, .wall_us = 6, .at = 11, .n = 2 },
	};
	struct core_records r = { .records = records,
				  .n = ARRAY_LEN(records),
				  .data = (const uint8_t *)"/tmp\0sh\0-c\0hi",
				  .next_time_us = spec->value + 7,
				  .next_skip = 1,
				  .is_end = true,
				  .head = 2 };

	(void)c;
	(void)p;
	done(&r, NULL, user);
}

void core_pane_forget(struct pane *p)
{
	(void)p;
}
