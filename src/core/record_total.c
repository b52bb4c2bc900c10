/* The limit for all journals together, kept by the disk thread between its batches. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/record.h"

#define AGAIN_NS 2000000000ull
#define DROPS_MAX 64 /* of one round: the next batch waits for it */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static struct recording *find_open(struct recorder *r, uint64_t pane)
{
	list_for_each (l, &r->open) {
		struct recording *rec = list_entry(l, struct recording, open);

		if (rec->number == pane)
			return rec;
	}
	return NULL;
}

/* The oldest segment of it; of an ended pane the whole, when that is all there is. */
static int shrink(struct recorder *r, const struct journal_usage *u, uint64_t *ret_bytes)
{
	struct recording *rec = find_open(r, u->pane);
	char dir[560];
	int e;

	*ret_bytes = 0;
	if (rec)
		return journal_writer_drop_oldest(rec->w, ret_bytes);
	e = journal_path(r->state_dir, u->pane, dir, sizeof dir);
	if (e == 0)
		e = journal_drop_oldest(dir, ret_bytes);
	if (e == JOURNAL_E_NONE && u->is_exited) {
		*ret_bytes = u->n_bytes;
		e = journal_delete(dir);
	}
	return e;
}

/* False: the limit is exceeded still, and later more can go. */
static bool drop_until_within(struct recorder *r, struct journal_usage *all, size_t n)
{
	bool is_all = true;
	uint64_t bytes;
	size_t i;

	for (int k = 0; k < DROPS_MAX; k++) {
		if (journal_pick_victim(all, n, r->total_bytes, &i) != 0)
			return is_all;
		if (shrink(r, &all[i], &bytes) != 0) {
			/* Nothing of it can go, now: it may be just being written. */
			is_all = is_all && !find_open(r, all[i].pane);
			all[i] = all[--n];
			err_clear();
		} else {
			all[i].n_bytes -= bytes < all[i].n_bytes ? bytes : all[i].n_bytes;
		}
	}
	return false;
}

void record_keep_total(struct recorder *r)
{
	struct journal_usage *all;
	size_t n;

	r->n_unchecked = 0;
	r->total_ns = UINT64_MAX;
	if (journal_list(r->state_dir, &all, &n) != 0) {
		err_clear();
		return;
	}
	for (size_t i = 0; i < n; i++) {
		all[i].is_exited =
			!bsearch(&all[i].pane, r->live, r->n_live, sizeof *r->live, compare);
	}
	if (!drop_until_within(r, all, n))
		r->total_ns = clock_mono_ns() + AGAIN_NS;
	mem_free(all);
}
