/*
 * The writer: all that waits is one transaction.
 *
 *   take the queue ─► BEGIN ─► each op (a compound one inside a savepoint) ─► COMMIT ─► hand back
 *
 * An op that fails is undone alone.  Where SQLite had to undo all of it (a full disk,
 * no memory), or the COMMIT fails, each op has one more try in a transaction of its
 * own, so that one's failure is nobody else's.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/probe.h"
#include "store/priv.h"

enum group_end { GROUP_DONE, GROUP_UNDONE };

static void clear_result(struct store_op *op)
{
	op->fail.code = FAIL_NONE;
}

/* Prepared when the writer begins, so that undoing needs no memory. */
static const char sql_begin[] = "BEGIN IMMEDIATE", sql_commit[] = "COMMIT",
		  sql_rollback[] = "ROLLBACK", sql_savepoint[] = "SAVEPOINT op",
		  sql_rollback_to[] = "ROLLBACK TO op", sql_release[] = "RELEASE op";

static int control(struct store_db *db, const char *sql)
{
	return db_run(db_statement(db, sql));
}

static void prepare_control(struct store_db *db)
{
	static const char *const all[] = { sql_begin,     sql_commit,      sql_rollback,
					   sql_savepoint, sql_rollback_to, sql_release };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		(void)db_statement(db, all[i]); /* what fails is tried again when needed */
}

static bool was_undone(const struct store_db *db)
{
	return sqlite3_get_autocommit(db->sql);
}

/* A transaction that could not be undone before is undone first. */
static int begin(struct store_db *db)
{
	int rc = was_undone(db) ? SQLITE_OK : control(db, sql_rollback);

	return rc == SQLITE_OK ? control(db, sql_begin) : rc;
}

static int run_compound(struct store_db *db, struct store_op *op)
{
	int rc = control(db, sql_savepoint);

	if (rc == SQLITE_OK)
		rc = op->kind->run(db, op);
	if (rc != SQLITE_OK && !was_undone(db) && control(db, sql_rollback_to) != SQLITE_OK)
		return rc;
	if (!was_undone(db) && control(db, sql_release) != SQLITE_OK && rc == SQLITE_OK)
		return sqlite3_errcode(db->sql);
	return rc;
}

/* Its failure is in op->fail. */
static void run_op(struct store_db *db, struct store_op *op)
{
	int rc;

	clear_result(op);
	rc = op->kind->is_compound ? run_compound(db, op) : op->kind->run(db, op);
	if (rc > 0)
		db_fail(db, rc, &op->fail);
}

static void undo(struct store_db *db)
{
	spaces_forget(db);
	db->n_commands = -1;
	if (!was_undone(db) && control(db, sql_rollback) != SQLITE_OK)
		return; /* begin() tries again */
}

static int commit(struct store_db *db)
{
	int rc;

	db_reset_all(db);
	rc = db_sync_new(db);

	if (rc == SQLITE_OK)
		rc = spaces_flush(db);
	if (rc == SQLITE_OK)
		rc = control(db, sql_commit);
	return rc;
}

static enum group_end run_group(struct store_db *db, struct list *ops)
{
	if (begin(db) != SQLITE_OK)
		return GROUP_UNDONE;
	list_for_each (l, ops) {
		run_op(db, list_entry(l, struct store_op, link));
		if (was_undone(db)) {
			undo(db);
			return GROUP_UNDONE;
		}
	}
	if (kv_purge(db) != SQLITE_OK || commit(db) != SQLITE_OK) {
		undo(db);
		return GROUP_UNDONE;
	}
	return GROUP_DONE;
}

static void run_alone(struct store_db *db, struct store_op *op)
{
	int rc = op->kind->is_alone ? SQLITE_OK : begin(db);

	clear_result(op);
	if (rc == SQLITE_OK)
		run_op(db, op);
	if (rc == SQLITE_OK && !op->kind->is_alone && !was_undone(db))
		rc = commit(db);
	if (rc != SQLITE_OK)
		db_fail(db, rc, &op->fail);
	if (!op->kind->is_alone && (rc != SQLITE_OK || op->fail.code != FAIL_NONE))
		undo(db);
}

static enum store_state state_of_fail(enum fail_code code)
{
	switch ((int)code) {
	case FAIL_STORAGE_FULL:
		return STORE_FULL;
	case FAIL_STORAGE_DAMAGED:
		return STORE_DAMAGED;
	case FAIL_STORAGE_FAILED:
		return STORE_FAILING;
	default: /* of the request, not of the store */
		return STORE_OK;
	}
}

/* What the group says of the database: the last op's word counts. */
static void note_group(struct store *s, struct list *ops, uint64_t n, uint64_t begun_ns)
{
	enum store_state state = STORE_OK;
	const struct fail *why = NULL;
	uint64_t n_failed = 0, now = clock_mono_ns();

	PROBE2(store_commit, n, now - begun_ns);
	list_for_each (l, ops) {
		const struct store_op *op = list_entry(l, struct store_op, link);

		n_failed += op->fail.code != FAIL_NONE;
		state = op->kind->is_alone ? state : state_of_fail(op->fail.code);
		if (state != STORE_OK)
			why = &op->fail;
	}
	store_note_state(s, state, state == STORE_OK ? "" : why->detail);
	pthread_mutex_lock(&s->lock);
	s->stats.n_commits++;
	s->stats.n_writes += n;
	s->stats.n_failed += n_failed;
	s->stats.commit_us += (now - begun_ns) / 1000;
	hist_record(&s->stats.commit, now - begun_ns);
	list_for_each (l, ops)
		hist_record(&s->stats.wait, now - list_entry(l, struct store_op, link)->asked_ns);
	if (n > s->stats.max_commit)
		s->stats.max_commit = n;
	pthread_mutex_unlock(&s->lock);
}

static void execute(struct store *s, struct list *ops, uint64_t n)
{
	struct store_db *db = s->db;
	uint64_t begun = clock_mono_ns(), now = clock_wall_us();
	const struct store_op *first = list_entry(ops->next, struct store_op, link);

	if (now > db->now_us)
		db->now_us = now;
	if (first->kind->is_alone || run_group(db, ops) == GROUP_UNDONE) {
		list_for_each (l, ops)
			run_alone(db, list_entry(l, struct store_op, link));
	}
	note_group(s, ops, n, begun);
	store_hand_back(s, ops);
}

/* What waits, but no more than one commit should hold; an op that must be alone is. */
static uint64_t take(struct store *s, struct list *ops)
{
	struct store_queue *q = &s->writes;
	uint64_t n = 0;

	while (!list_is_empty(&q->ops) && n < STORE_MAX_GROUP) {
		struct store_op *op = list_entry(q->ops.next, struct store_op, link);

		if (op->kind->is_alone && n > 0)
			break;
		list_remove(&op->link);
		list_append(ops, &op->link);
		q->n--;
		q->n_bytes -= op->n_bytes;
		n++;
		if (op->kind->is_alone)
			break;
	}
	return n;
}

void *store_writer_main(void *store)
{
	struct store *s = store;
	struct store_opts opts;
	struct list ops;
	uint64_t n;

	list_init(&ops);
	s->db->opts = &opts;
	prepare_control(s->db);
	for (;;) {
		pthread_mutex_lock(&s->lock);
		while (list_is_empty(&s->writes.ops) && !s->is_closing)
			pthread_cond_wait(&s->writes.wake, &s->lock);
		n = take(s, &ops);
		opts = s->applied;
		pthread_mutex_unlock(&s->lock);
		if (n == 0)
			break;
		execute(s, &ops, n);
	}
	s->db->opts = &s->opts;
	return NULL;
}
