/*
 * For the store's tests: a state directory of its own, waiting for answers, and
 * a file system (an SQLite VFS over the real one) whose Nth write, sync or lock fails.
 */
#ifndef STORE_RIG_H
#define STORE_RIG_H

#include "store/kv.h"
#include "store/store.h"

struct rig {
	char dir[64];
	struct store_opts opts;
	struct store *store;
	struct store_opened opened;
	struct fail fail; /* of the last answer; code FAIL_NONE: done */
	unsigned n_answers;
};

int rig_setup(void **state); /* *state: struct rig, with a store */
int rig_teardown(void **state);
void rig_open(struct rig *r);
void rig_close(struct rig *r);
/* Dispatch until @n answers came in all (rig_done counts). */
void rig_wait(struct rig *r, unsigned n);
store_done_fn rig_done; /* user: struct rig */
/* Ask and wait. */
enum fail_code rig_set(struct rig *r, const char *key, const char *value);
/* The value as text, "" and r->fail when there is none; asks the database, not the cache. */
const char *rig_get(struct rig *r, const char *key);
/* Run @sql in @file of the directory, past the store; the first column of its first row. */
const char *rig_sql(const struct rig *r, const char *file, const char *sql);
int rig_shell(const struct rig *r, const char *fmt, ...) PRINTF_LIKE(2, 3); /* in the directory */

enum rig_fault { RIG_WRITE, RIG_SYNC, RIG_LOCK, RIG_SHM, RIG_N_FAULTS };
/* After @n more of these every one fails (@sticky) or only the next; < 0: none does. */
void rig_fail_after(enum rig_fault fault, long n, bool sticky, int error);
unsigned rig_count(enum rig_fault fault); /* so many there were */

#endif
