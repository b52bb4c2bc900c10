/* Sessions, panes, environments and layouts: the registry's records. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/layout.h"
#include "store/pane.h"
#include "store/priv.h"
#include "store/session.h"

/* One statement with at most three numbers and one text or block. */
struct record_op {
	struct store_op op;
	store_done_fn *done;
	const char *sql, *sql_next; /* sql_next: with the number, behind it; NULL none */
	int64_t numbers[3];
	int n_numbers;
	bool is_block; /* data is bytes, not text */
	size_t n;
	char data[];
};

static int run_next(struct store_db *db, const struct record_op *r)
{
	sqlite3_stmt *stmt = r->sql_next ? db_statement(db, r->sql_next) : NULL;

	if (!r->sql_next)
		return SQLITE_OK;
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, r->numbers[0]);
	return db_run(stmt);
}

static int record_run(struct store_db *db, struct store_op *op)
{
	struct record_op *r = CONTAINER_OF(op, struct record_op, op);
	sqlite3_stmt *stmt = db_statement(db, r->sql);
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	for (int i = 0; i < r->n_numbers; i++)
		sqlite3_bind_int64(stmt, i + 1, r->numbers[i]);
	if (r->is_block) {
		db_bind_bytes(stmt, r->n_numbers + 1, r->data, r->n);
	} else if (r->n > 0) {
		sqlite3_bind_text(stmt, r->n_numbers + 1, r->data, (int)r->n, SQLITE_STATIC);
	}
	rc = db_run(stmt);
	return rc == SQLITE_OK ? run_next(db, r) : rc;
}

static void record_finish(struct store *s, struct store_op *op)
{
	struct record_op *r = CONTAINER_OF(op, struct record_op, op);

	(void)s;
	if (r->done)
		r->done(op->fail.code ? &op->fail : NULL, op->user);
}

static const struct store_op_kind record_kind = { .run = record_run, .finish = record_finish };
static const struct store_op_kind record_pair_kind = { .run = record_run,
						       .finish = record_finish,
						       .is_compound = true };

static struct record_op *record_new(const char *sql, const char *sql_next, const void *data,
				    size_t n, store_done_fn *done, void *user)
{
	struct record_op *r =
		store_op_new(sql_next ? &record_pair_kind : &record_kind, sizeof *r + n, user);

	if (!r) {
		store_fail_now(done, user);
		return NULL;
	}
	r->done = done;
	r->sql = sql;
	r->sql_next = sql_next;
	r->n = n;
	if (n)
		memcpy(r->data, data, n);
	return r;
}

static void add_number(struct record_op *r, uint64_t n)
{
	r->numbers[r->n_numbers++] = (int64_t)n;
}

void store_session_put(struct store *s, const struct store_session *v, store_done_fn *done,
		       void *user)
{
	static const char sql[] = "INSERT OR REPLACE INTO session VALUES (?1, ?2, ?3)";
	struct record_op *r = record_new(sql, NULL, v->record, strlen(v->record), done, user);

	if (!r)
		return;
	add_number(r, v->number);
	add_number(r, v->env);
	store_write(s, &r->op);
}

void store_pane_put(struct store *s, const struct store_pane *v, store_done_fn *done, void *user)
{
	static const char sql[] = "INSERT OR REPLACE INTO pane VALUES (?1, ?2, ?3, ?4)";
	struct record_op *r = record_new(sql, NULL, v->record, strlen(v->record), done, user);

	if (!r)
		return;
	add_number(r, v->number);
	add_number(r, v->session);
	add_number(r, v->env);
	store_write(s, &r->op);
}

void store_env_put(struct store *s, uint32_t id, const char *block, size_t n, store_done_fn *done,
		   void *user)
{
	static const char sql[] = "INSERT OR REPLACE INTO env VALUES (?1, ?2)";
	struct record_op *r = record_new(sql, NULL, block, n, done, user);

	if (!r)
		return;
	add_number(r, id);
	r->is_block = true;
	store_write(s, &r->op);
}

/* A number that was used is never used again. */
#define NEXT(name, number)                                                               \
	"INSERT INTO meta VALUES ('" name "', " number ") ON CONFLICT (name) DO UPDATE " \
	"SET value = max(value, excluded.value)"

static void drop(struct store *s, const char *sql, const char *next, uint64_t number,
		 store_done_fn *done, void *user)
{
	struct record_op *r = record_new(sql, next, NULL, 0, done, user);

	if (!r)
		return;
	add_number(r, number);
	store_write(s, &r->op);
}

void store_pane_drop(struct store *s, uint64_t number, store_done_fn *done, void *user)
{
	static const char sql[] = "DELETE FROM pane WHERE number = ?1";
	static const char next[] = NEXT("next_pane", "?1 + 1");

	drop(s, sql, next, number, done, user);
}

void store_session_drop(struct store *s, uint64_t number, store_done_fn *done, void *user)
{
	static const char sql[] = "DELETE FROM session WHERE number = ?1";
	static const char next[] = NEXT("next_session", "?1 + 1");

	store_layouts_put(s, number, NULL, NULL, NULL);
	drop(s, sql, next, number, done, user);
}

void store_layouts_put(struct store *s, uint64_t session, const char *json, store_done_fn *done,
		       void *user)
{
	static const char put[] = "INSERT OR REPLACE INTO layout VALUES (?1, ?2)";
	static const char none[] = "DELETE FROM layout WHERE session = ?1";
	struct record_op *r =
		record_new(json ? put : none, NULL, json, json ? strlen(json) : 0, done, user);

	if (!r)
		return;
	add_number(r, session);
	store_write(s, &r->op);
}

void store_next_put(struct store *s, uint64_t session, uint64_t pane)
{
	static const char next_session[] = NEXT("next_session", "?1");
	static const char next_pane[] = NEXT("next_pane", "?1");

	drop(s, next_session, NULL, session, NULL, NULL);
	drop(s, next_pane, NULL, pane, NULL, NULL);
}

/* ---- only these ---- */

struct keep_op {
	struct store_op op;
	store_done_fn *done;
	size_t n_sessions, n_panes;
	uint64_t numbers[]; /* of the sessions, then of the panes */
};

static int mark_kept(struct store_db *db, const char *sql, const uint64_t *numbers, size_t n)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
		stmt = db_statement(db, sql);
		if (!stmt)
			return sqlite3_errcode(db->sql);
		sqlite3_bind_int64(stmt, 1, (int64_t)numbers[i]);
		rc = db_run(stmt);
	}
	return rc;
}

static int keep_run(struct store_db *db, struct store_op *op)
{
	static const char drop_others[] = "DELETE FROM session WHERE number NOT IN kept_session;"
					  "DELETE FROM layout WHERE session NOT IN kept_session;"
					  "DELETE FROM pane WHERE number NOT IN kept_pane;"
					  "DELETE FROM env WHERE id NOT IN "
					  "(SELECT env FROM session UNION SELECT env FROM pane)";
	static const char session[] = "INSERT INTO temp.kept_session VALUES (?1)";
	static const char pane[] = "INSERT INTO temp.kept_pane VALUES (?1)";
	struct keep_op *k = CONTAINER_OF(op, struct keep_op, op);
	int rc = db_exec(db, "CREATE TEMP TABLE IF NOT EXISTS kept_session "
			     "(number INTEGER PRIMARY KEY);"
			     "CREATE TEMP TABLE IF NOT EXISTS kept_pane "
			     "(number INTEGER PRIMARY KEY);"
			     "DELETE FROM temp.kept_session; DELETE FROM temp.kept_pane");

	if (rc == SQLITE_OK)
		rc = mark_kept(db, session, k->numbers, k->n_sessions);
	if (rc == SQLITE_OK)
		rc = mark_kept(db, pane, k->numbers + k->n_sessions, k->n_panes);
	if (rc == SQLITE_OK)
		rc = db_exec(db, drop_others);
	return rc;
}

static void keep_finish(struct store *s, struct store_op *op)
{
	struct keep_op *k = CONTAINER_OF(op, struct keep_op, op);

	(void)s;
	if (k->done)
		k->done(op->fail.code ? &op->fail : NULL, op->user);
}

static const struct store_op_kind keep_kind = { .run = keep_run,
						.finish = keep_finish,
						.is_compound = true };

void store_keep_only(struct store *s, const struct store_kept *kept, store_done_fn *done,
		     void *user)
{
	size_t n = (kept->n_sessions + kept->n_panes) * sizeof kept->panes[0];
	struct keep_op *k = store_op_new(&keep_kind, sizeof *k + n, user);

	if (!k) {
		store_fail_now(done, user);
		return;
	}
	k->done = done;
	k->n_sessions = kept->n_sessions;
	k->n_panes = kept->n_panes;
	if (k->n_sessions)
		memcpy(k->numbers, kept->sessions, k->n_sessions * sizeof k->numbers[0]);
	if (k->n_panes) {
		memcpy(k->numbers + k->n_sessions, kept->panes, k->n_panes * sizeof k->numbers[0]);
	}
	store_write(s, &k->op);
}

/* ---- loading ---- */

typedef int row_fn(sqlite3_stmt *stmt, const struct store_load_ops *ops);

static const char *text_at(sqlite3_stmt *stmt, int i)
{
	const char *text = (const char *)sqlite3_column_text(stmt, i);

	return text ? text : "";
}

static int env_row(sqlite3_stmt *stmt, const struct store_load_ops *ops)
{
	const char *block = sqlite3_column_blob(stmt, 1);
	size_t n = (size_t)sqlite3_column_bytes(stmt, 1);

	/* Each variable ends with a NUL: what does not was not written by us. */
	if (n > 0 && block[n - 1] != 0)
		n = 0;
	return ops->on_env((uint32_t)sqlite3_column_int64(stmt, 0), n ? block : "", n, ops->user);
}

static int session_row(sqlite3_stmt *stmt, const struct store_load_ops *ops)
{
	struct store_session v = {
		.number = (uint64_t)sqlite3_column_int64(stmt, 0),
		.env = (uint32_t)sqlite3_column_int64(stmt, 1),
		.record = text_at(stmt, 2),
	};

	return ops->on_session(&v, ops->user);
}

static int pane_row(sqlite3_stmt *stmt, const struct store_load_ops *ops)
{
	struct store_pane v = {
		.number = (uint64_t)sqlite3_column_int64(stmt, 0),
		.session = (uint64_t)sqlite3_column_int64(stmt, 1),
		.env = (uint32_t)sqlite3_column_int64(stmt, 2),
		.record = text_at(stmt, 3),
	};

	return ops->on_pane(&v, ops->user);
}

static int layout_row(sqlite3_stmt *stmt, const struct store_load_ops *ops)
{
	return ops->on_layouts((uint64_t)sqlite3_column_int64(stmt, 0), text_at(stmt, 1),
			       ops->user);
}

/* @ret_rc: SQLite's; the callbacks' fault is returned. */
static int each_row(struct store_db *db, const char *sql, row_fn *row,
		    const struct store_load_ops *ops, int *ret_rc)
{
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	*ret_rc = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);
	while (r == 0 && *ret_rc == SQLITE_OK) {
		*ret_rc = sqlite3_step(stmt);
		if (*ret_rc != SQLITE_ROW)
			break;
		*ret_rc = SQLITE_OK;
		r = row(stmt, ops);
	}
	if (*ret_rc == SQLITE_DONE)
		*ret_rc = SQLITE_OK;
	sqlite3_finalize(stmt);
	return r;
}

int store_load(struct store *s, const struct store_load_ops *ops)
{
	static const struct {
		const char *sql;
		row_fn *row;
	} tables[] = {
		{ "SELECT id, block FROM env", env_row },
		{ "SELECT number, env, record FROM session ORDER BY number", session_row },
		{ "SELECT number, session, env, record FROM pane ORDER BY number", pane_row },
		{ "SELECT session, record FROM layout", layout_row },
	};
	bool is_damaged = false;

	if (!s->db)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		int rc, r = each_row(s->db, tables[i].sql, tables[i].row, ops, &rc);

		if (r < 0)
			return err_trace(r);
		if (rc == SQLITE_NOMEM)
			return err_origin(-ENOMEM);
		if (rc != SQLITE_OK)
			is_damaged = true;
	}
	return is_damaged ? STORE_LOAD_E_DAMAGED : 0;
}
