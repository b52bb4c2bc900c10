/*
 * The schema, step by step.  A step that was released is never changed; a new one
 * is appended, STORE_SCHEMA counted up, and a test added to migrate_test.c.
 *
 * `record` is JSON of the registry's (core/registry.c).  `weight` is the
 * logarithm to the base 2 of a frecency, see command.h.
 */
#include <stdio.h>

#include "store/priv.h"

const char *const store_migrations[STORE_SCHEMA] = {
	/* 1: records of sessions and panes, and key-value. */
	"CREATE TABLE meta ("
	"  name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE env ("
	"  id INTEGER PRIMARY KEY, block BLOB NOT NULL) STRICT;"
	"CREATE TABLE session ("
	"  number INTEGER PRIMARY KEY, env INTEGER NOT NULL, record TEXT NOT NULL) STRICT;"
	"CREATE TABLE layout ("
	"  session INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;"
	"CREATE TABLE pane ("
	"  number INTEGER PRIMARY KEY, session INTEGER NOT NULL, env INTEGER NOT NULL,"
	"  record TEXT NOT NULL) STRICT;"
	"CREATE TABLE namespace ("
	"  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, n_keys INTEGER NOT NULL,"
	"  n_bytes INTEGER NOT NULL, revision INTEGER NOT NULL) STRICT;"
	"CREATE TABLE kv ("
	"  namespace INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
	"  revision INTEGER NOT NULL, updated_us INTEGER NOT NULL, expires_us INTEGER,"
	"  PRIMARY KEY (namespace, key)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX kv_expires ON kv (expires_us) WHERE expires_us IS NOT NULL;"
	"INSERT INTO namespace VALUES (1, 'default', 0, 0, 0);",

	/* 2: command records. */
	"CREATE TABLE command_text ("
	"  id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, n_runs INTEGER NOT NULL,"
	"  n_failed INTEGER NOT NULL, last_us INTEGER NOT NULL, weight REAL NOT NULL) STRICT;"
	"CREATE INDEX command_text_weight ON command_text (weight);"
	"CREATE TABLE command_place ("
	"  cwd TEXT NOT NULL, text INTEGER NOT NULL, weight REAL NOT NULL,"
	"  PRIMARY KEY (cwd, text)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE command ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, text INTEGER NOT NULL, pane INTEGER NOT NULL,"
	"  session INTEGER NOT NULL, generation INTEGER NOT NULL, number INTEGER NOT NULL,"
	"  source INTEGER NOT NULL, cwd TEXT NOT NULL, cwd_after TEXT NOT NULL,"
	"  shell TEXT NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,"
	"  exit_code INTEGER, seq_from INTEGER, seq_to INTEGER) STRICT;"
	"CREATE INDEX command_start ON command (start_us);"
	"CREATE INDEX command_of_text ON command (text);"
	"CREATE INDEX command_of_pane ON command (pane, start_us);",
};

int db_migrate(struct store_db *db, int from)
{
	char version[64];
	int rc = db_exec(db, "BEGIN IMMEDIATE");

	for (int i = from; rc == SQLITE_OK && i < STORE_SCHEMA; i++)
		rc = db_exec(db, store_migrations[i]);
	if (rc == SQLITE_OK && from == 0) {
		snprintf(version, sizeof version, "PRAGMA application_id = %d",
			 STORE_APPLICATION_ID);
		rc = db_exec(db, version);
	}
	if (rc == SQLITE_OK) {
		snprintf(version, sizeof version, "PRAGMA user_version = %d", STORE_SCHEMA);
		rc = db_exec(db, version);
	}
	if (rc == SQLITE_OK)
		rc = db_exec(db, "COMMIT");
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db->sql) &&
	    db_exec(db, "ROLLBACK") != SQLITE_OK)
		return rc;
	return rc;
}
