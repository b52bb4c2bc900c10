/*
 * SQLite alone, as the store uses it: WAL, synchronous=FULL, one connection.
 *
 * usage: sqlite DIR COUNT BATCH      COUNT sets of 100 bytes, BATCH in one transaction; seconds as
 * JSON
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void must(int r, int wanted, sqlite3 *db)
{
	if (r != wanted) {
		fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void set(sqlite3 *db, sqlite3_stmt *s, int i)
{
	char key[32], value[100];

	memset(value, 'v', sizeof(value));
	sqlite3_bind_text(s, 1, key, snprintf(key, sizeof(key), "key%06d", i), SQLITE_TRANSIENT);
	sqlite3_bind_blob(s, 2, value, sizeof(value), SQLITE_TRANSIENT);
	must(sqlite3_step(s), SQLITE_DONE, db);
	sqlite3_reset(s);
}

int main(int argc, char **argv)
{
	int count = argc == 4 ? atoi(argv[2]) : 0, batch = argc == 4 ? atoi(argv[3]) : 1;
	char path[4096];
	sqlite3 *db;
	sqlite3_stmt *s;
	double start;

	if (!count)
		return 2;
	snprintf(path, sizeof(path), "%s/reference.db", argv[1]);
	must(sqlite3_open(path, &db), SQLITE_OK, db);
	must(sqlite3_exec(db,
			  "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			  "CREATE TABLE kv(key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;",
			  NULL, NULL, NULL),
	     SQLITE_OK, db);
	must(sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO kv VALUES(?, ?)", -1, &s, NULL),
	     SQLITE_OK, db);
	start = now();
	for (int i = 0; i < count; i += batch) {
		must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK, db);
		for (int k = i; k < i + batch && k < count; k++)
			set(db, s, k);
		must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK, db);
	}
	printf("{\"n\":%d,\"seconds\":%.6f}\n", count, now() - start);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return 0;
}
