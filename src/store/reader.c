/*
 * A reader: one of the pool, with a read-only connection of its own.  What it sees is
 * the newest commit at the time it begins, so what was answered before it was asked is
 * in it.
 */
#include <errno.h>

#include "store/priv.h"

static void run(struct store_db *db, struct store_op *op)
{
	bool is_open = !sqlite3_get_autocommit(db->sql); /* ending the last one failed */
	int rc = op->kind->is_compound && !is_open ? db_exec(db, "BEGIN") : SQLITE_OK;

	op->fail.code = FAIL_NONE;
	if (rc == SQLITE_OK)
		rc = op->kind->run(db, op);
	if (rc > 0)
		db_fail(db, rc, &op->fail);
	/* Nothing was written: it cannot fail in a way that matters. */
	if (!sqlite3_get_autocommit(db->sql) && db_exec(db, "COMMIT") != SQLITE_OK &&
	    op->fail.code == FAIL_NONE)
		db_fail(db, sqlite3_errcode(db->sql), &op->fail);
}

static struct store_op *take(struct store *s)
{
	struct store_queue *q = &s->reads;
	struct store_op *op;

	if (list_is_empty(&q->ops))
		return NULL;
	op = list_entry(q->ops.next, struct store_op, link);
	list_remove(&op->link);
	q->n--;
	q->n_bytes -= op->n_bytes;
	s->stats.n_reads++;
	return op;
}

static struct store_op *wait_for_op(struct store *s, struct store_opts *opts)
{
	struct store_op *op;

	pthread_mutex_lock(&s->lock);
	s->n_idle_readers++;
	while (list_is_empty(&s->reads.ops) && !s->is_closing)
		pthread_cond_wait(&s->reads.wake, &s->lock);
	s->n_idle_readers--;
	op = take(s);
	*opts = s->applied;
	pthread_mutex_unlock(&s->lock);
	return op;
}

void *store_reader_main(void *store)
{
	struct store *s = store;
	struct store_opts opts = s->opts;
	struct store_db *db = NULL;
	struct store_op *op;
	struct list one;
	int r = db_open_reader(s->path, &opts, &db);

	while ((op = wait_for_op(s, &opts)) != NULL) {
		if (!db) /* tried again: there may be descriptors now */
			r = db_open_reader(s->path, &opts, &db);
		if (db) {
			run(db, op);
		} else if (r == -ENOMEM) {
			(void)fail_set(&op->fail, FAIL_NO_MEMORY, NULL);
		} else {
			(void)fail_setf(&op->fail, FAIL_STORAGE_FAILED, NULL,
					"it cannot be opened for reading");
		}
		list_init(&one);
		list_append(&one, &op->link);
		store_hand_back(s, &one);
	}
	db_close(db);
	return NULL;
}
