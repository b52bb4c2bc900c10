/*
 * Namespaces, as the writer knows them: how many keys and bytes each holds, so that
 * limits need no counting.  They change in memory with each write and go into their
 * rows once for each commit; when a transaction was undone they are loaded anew.
 */
#include <string.h>

#include "base/mem.h"
#include "store/priv.h"

void spaces_forget(struct store_db *db)
{
	mem_free(db->spaces);
	db->spaces = NULL;
	db->n_spaces = db->max_spaces = 0;
}

static struct kv_space *add(struct store_db *db)
{
	if (db->n_spaces == db->max_spaces) {
		size_t max = db->max_spaces ? 2 * db->max_spaces : 8;
		struct kv_space *more = mem_realloc(db->spaces, max * sizeof *more);

		if (!more)
			return NULL;
		db->spaces = more;
		db->max_spaces = max;
	}
	memset(&db->spaces[db->n_spaces], 0, sizeof db->spaces[0]);
	return &db->spaces[db->n_spaces++];
}

static int load_row(struct store_db *db, sqlite3_stmt *stmt)
{
	const char *name = (const char *)sqlite3_column_text(stmt, 1);
	struct kv_space *k;

	if (!name || strlen(name) >= sizeof k->name)
		return SQLITE_OK; /* not ours: it is as if it were not there */
	k = add(db);
	if (!k)
		return SQLITE_NOMEM;
	k->id = sqlite3_column_int64(stmt, 0);
	memcpy(k->name, name, strlen(name) + 1);
	k->n_keys = (uint64_t)sqlite3_column_int64(stmt, 2);
	k->n_bytes = (uint64_t)sqlite3_column_int64(stmt, 3);
	k->revision = (uint64_t)sqlite3_column_int64(stmt, 4);
	return SQLITE_OK;
}

static int load(struct store_db *db)
{
	static const char sql[] = "SELECT id, name, n_keys, n_bytes, revision FROM namespace";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc = stmt ? SQLITE_OK : sqlite3_errcode(db->sql);

	while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		rc = load_row(db, stmt);
	if (stmt)
		(void)sqlite3_reset(stmt); /* as rc says */
	if (rc == SQLITE_DONE)
		return SQLITE_OK;
	spaces_forget(db);
	return rc;
}

int space_find(struct store_db *db, const char *name, struct kv_space **ret)
{
	int rc = db->spaces ? SQLITE_OK : load(db);

	*ret = NULL;
	for (size_t i = 0; rc == SQLITE_OK && i < db->n_spaces; i++) {
		if (strcmp(db->spaces[i].name, name) == 0) {
			*ret = &db->spaces[i];
			break;
		}
	}
	return rc;
}

static int make(struct store_db *db, const char *name, struct kv_space **ret)
{
	static const char sql[] = "INSERT INTO namespace (name, n_keys, n_bytes, revision) "
				  "VALUES (?1, 0, 0, 0)";
	sqlite3_stmt *stmt = db_statement(db, sql);
	struct kv_space *k;
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	db_bind_text(stmt, 1, name);
	rc = db_run(stmt);
	if (rc != SQLITE_OK)
		return rc;
	k = add(db);
	if (!k)
		return SQLITE_NOMEM;
	k->id = sqlite3_last_insert_rowid(db->sql);
	memcpy(k->name, name, strlen(name) + 1);
	*ret = k;
	return SQLITE_OK;
}

int space_make(struct store_db *db, struct store_op *op, const char *name, struct kv_space **ret)
{
	int rc = space_find(db, name, ret);

	if (rc != SQLITE_OK || *ret)
		return rc;
	if (db->n_spaces >= db->opts->max_namespaces) {
		(void)fail_setf(&op->fail, FAIL_LIMIT_NAMESPACES, NULL, "the limit is %u",
				db->opts->max_namespaces);
		return STORE_OP_FAILED;
	}
	return make(db, name, ret);
}

static int flush_one(struct store_db *db, struct kv_space *k)
{
	static const char sql[] = "UPDATE namespace SET n_keys = ?2, n_bytes = ?3, revision = ?4 "
				  "WHERE id = ?1";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, k->id);
	sqlite3_bind_int64(stmt, 2, (int64_t)k->n_keys);
	sqlite3_bind_int64(stmt, 3, (int64_t)k->n_bytes);
	sqlite3_bind_int64(stmt, 4, (int64_t)k->revision);
	rc = db_run(stmt);
	if (rc == SQLITE_OK)
		k->is_dirty = false;
	return rc;
}

int spaces_flush(struct store_db *db)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < db->n_spaces; i++) {
		if (db->spaces[i].is_dirty)
			rc = flush_one(db, &db->spaces[i]);
	}
	return rc;
}
