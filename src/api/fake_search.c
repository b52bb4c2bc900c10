/* The fake core finds one line of its first pane. */
#include "api/fake_core.h"
#include "core/search.h"

#include <string.h>

void core_search(struct core *c, const struct core_search_spec *spec, core_searched_fn *done,
		 void *user, uint64_t *ret_id)
{
	const struct search_match match = { .line = 7,
					    .column = 1,
					    .text = { 0, 5 },
					    .n_spans = 1,
					    .spans = { { 1, 3 } },
					    .n_before = 1,
					    .before = { { 5, 3 } } };
	const struct core_found found = { .pane = core_pane_next(c, 0),
					  .match = &match,
					  .pool = "foundold",
					  .time_us = 1,
					  .seq = UINT64_MAX };
	const struct core_search_result r = { .found = &found, .n_found = 1, .next = "p1:8" };

	*ret_id = 0;
	if (strcmp(spec->pattern.text, "slow") == 0) {
		*ret_id = 1;
		c->search_done = done;
		c->search_user = user;
		return;
	}
	done(&r, NULL, user);
}

bool core_search_cancel(struct core *c, uint64_t id)
{
	struct fail f;

	if (id != 1 || !c->search_done)
		return false;
	(void)fail_set(&f, FAIL_SEARCH_CANCELLED, NULL);
	c->search_done(NULL, &f, c->search_user);
	c->search_done = NULL;
	return true;
}
