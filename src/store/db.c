/* One connection to the database: opening it, its statements, what its errors mean. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/priv.h"

#define BUSY_MS 2000 /* somebody looks into it with another tool */

/* ---- memory: SQLite's goes through base/mem like ours ---- */

static void *on_malloc(int n)
{
	return mem_alloc((size_t)n);
}

static void *on_realloc(void *p, int n)
{
	return mem_realloc(p, (size_t)n);
}

static int on_size(void *p)
{
	return p ? (int)malloc_usable_size(p) : 0;
}

static int on_roundup(int n)
{
	return (n + 7) & ~7;
}

static int on_init(void *unused)
{
	(void)unused;
	return SQLITE_OK;
}

static void on_shutdown(void *unused)
{
	(void)unused;
}

int db_setup(void)
{
	static const sqlite3_mem_methods methods = {
		on_malloc, mem_free, on_realloc, on_size, on_roundup, on_init, on_shutdown, NULL,
	};
	static bool is_done;

	if (is_done)
		return 0;
	/* A connection is used by one thread at a time: no locks inside. */
	if (sqlite3_config(SQLITE_CONFIG_MULTITHREAD) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK)
		return err_origin(-EINVAL);
	if (sqlite3_initialize() != SQLITE_OK)
		return err_origin(-ENOMEM);
	is_done = true;
	return 0;
}

/* ---- errors ---- */

static bool is_errno_of_full(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

enum store_state db_state_of(const struct store_db *db, int rc)
{
	switch (rc) {
	case SQLITE_IOERR_LOCK:
	case SQLITE_IOERR_RDLOCK:
	case SQLITE_IOERR_UNLOCK:
	case SQLITE_IOERR_CHECKRESERVEDLOCK:
	case SQLITE_IOERR_SHMLOCK:
		return STORE_NO_LOCKS;
	default:
		break;
	}
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return STORE_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STORE_DAMAGED;
	case SQLITE_PROTOCOL:
		return STORE_NO_LOCKS;
	default:
		return is_errno_of_full(sqlite3_system_errno(db->sql)) ? STORE_FULL : STORE_FAILING;
	}
}

static enum fail_code code_of(const struct store_db *db, int rc)
{
	if ((rc & 0xff) == SQLITE_NOMEM)
		return FAIL_NO_MEMORY;
	switch (db_state_of(db, rc)) {
	case STORE_FULL:
		return FAIL_STORAGE_FULL;
	case STORE_DAMAGED:
		return FAIL_STORAGE_DAMAGED;
	case STORE_OK:
	case STORE_FAILING:
	case STORE_FUTURE:
	case STORE_NO_LOCKS:
	case STORE_UNAVAILABLE:
		break;
	}
	return FAIL_STORAGE_FAILED;
}

void db_fail(const struct store_db *db, int rc, struct fail *f)
{
	int error = (rc & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(db->sql) : 0;

	(void)fail_setf(f, code_of(db, rc), NULL, "%s%s%s", sqlite3_errstr(rc), error ? ": " : "",
			error ? strerror(error) : "");
	if (f->code == FAIL_STORAGE_DAMAGED)
		fail_hint(f, "`orchflow store check` says more; a restart sets the file aside");
}

/* ---- statements ---- */

sqlite3_stmt *db_statement(struct store_db *db, const char *text)
{
	for (size_t i = 0; i < STORE_MAX_STATEMENTS; i++) {
		if (db->statements[i].text == text) {
			/* What it said last time, if it failed, was heard then. */
			(void)sqlite3_reset(db->statements[i].stmt);
			return db->statements[i].stmt;
		}
		if (db->statements[i].text)
			continue;
		if (sqlite3_prepare_v3(db->sql, text, -1, SQLITE_PREPARE_PERSISTENT,
				       &db->statements[i].stmt, NULL) != SQLITE_OK)
			return NULL;
		db->statements[i].text = text;
		return db->statements[i].stmt;
	}
	return NULL;
}

int db_run(sqlite3_stmt *stmt)
{
	int rc;

	if (!stmt)
		return SQLITE_NOMEM;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		;
	(void)sqlite3_reset(stmt); /* says the same again */
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void db_reset_all(struct store_db *db)
{
	for (size_t i = 0; i < STORE_MAX_STATEMENTS && db->statements[i].text; i++) {
		if (sqlite3_stmt_busy(db->statements[i].stmt))
			(void)sqlite3_reset(db->statements[i].stmt); /* it has no news */
	}
}

int db_sync_new(struct store_db *db)
{
	sqlite3_file *file = NULL;
	int rc = SQLITE_OK;

	if (!db->is_unsynced)
		return SQLITE_OK;
	/* Not through a descriptor of our own: closing that would drop the locks. */
	if (sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK)
		rc = file->pMethods->xSync(file, SQLITE_SYNC_FULL);
	if (rc == SQLITE_OK)
		db->is_unsynced = false;
	return rc;
}

int db_exec(struct store_db *db, const char *sql)
{
	return sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
}

void db_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

void db_bind_bytes(sqlite3_stmt *stmt, int at, const void *p, size_t n)
{
	/* NULL would be SQL's NULL. */
	sqlite3_bind_blob64(stmt, at, n ? p : "", n, SQLITE_STATIC);
}

/* ---- opening ---- */

struct store_db *db_close(struct store_db *db)
{
	if (!db)
		return NULL;
	for (size_t i = 0; i < STORE_MAX_STATEMENTS; i++)
		sqlite3_finalize(db->statements[i].stmt);
	sqlite3_close(db->sql);
	mem_free(db->spaces);
	mem_free(db);
	return NULL;
}

static int open_connection(const char *path, int flags, struct store_db **ret)
{
	struct store_db *db = mem_new(struct store_db);
	int rc;

	if (!db)
		return SQLITE_NOMEM;
	*ret = db;
	db->n_commands = -1;
	rc = sqlite3_open_v2(path, &db->sql, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(db->sql, 1);
		sqlite3_busy_timeout(db->sql, BUSY_MS);
	}
	return rc;
}

/* The one number that a query gives; @fallback if there is no row. */
static int number_of(struct store_db *db, const char *sql, int64_t fallback, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);

	*ret = fallback;
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int load_meta(struct store_db *db, struct store_opened *o)
{
	int64_t session = 1, pane = 1;
	int rc = number_of(db, "SELECT value FROM meta WHERE name = 'next_session'", 1, &session);

	if (rc == SQLITE_OK)
		rc = number_of(db, "SELECT value FROM meta WHERE name = 'next_pane'", 1, &pane);
	if (session > 1)
		o->next_session = (uint64_t)session;
	if (pane > 1)
		o->next_pane = (uint64_t)pane;
	return rc;
}

/* Also what it did not find worth noting: of a file that is not loaded nobody sees it. */
static void load_numbers(struct store_db *db, struct store_opened *o)
{
	int64_t session = 0, pane = 0;

	if (load_meta(db, o) != SQLITE_OK ||
	    number_of(db, "SELECT max(number) FROM session", 0, &session) != SQLITE_OK ||
	    number_of(db, "SELECT max(number) FROM pane", 0, &pane) != SQLITE_OK)
		return;
	if (session >= 0 && (uint64_t)session >= o->next_session)
		o->next_session = (uint64_t)session + 1;
	if (pane >= 0 && (uint64_t)pane >= o->next_pane)
		o->next_pane = (uint64_t)pane + 1;
}

#define IS_NOT_OURS 1000000 /* beside SQLite's codes */
#define IS_FUTURE 1000001

static int check_version(struct store_db *db, int *ret_version)
{
	int64_t version = 0, application = 0, n_tables = 0;
	int rc = number_of(db, "PRAGMA user_version", 0, &version);

	if (rc == SQLITE_OK)
		rc = number_of(db, "PRAGMA application_id", 0, &application);
	if (rc == SQLITE_OK && version == 0)
		rc = number_of(db, "SELECT count(*) FROM sqlite_schema", 0, &n_tables);
	if (rc != SQLITE_OK)
		return rc;
	if (n_tables > 0 || (version > 0 && application != STORE_APPLICATION_ID))
		return IS_NOT_OURS;
	*ret_version = (int)version;
	return version > STORE_SCHEMA || version < 0 ? IS_FUTURE : SQLITE_OK;
}

static int set_manners(struct store_db *db, bool is_new)
{
	static const char manners[] = "PRAGMA temp_store = MEMORY;"
				      "PRAGMA cache_size = -2048;"
				      "PRAGMA journal_size_limit = 4194304;"
				      "PRAGMA trusted_schema = OFF;";
	sqlite3_stmt *stmt = NULL;
	const char *mode = NULL;
	int rc = db_exec(db, is_new ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL");

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db->sql, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		mode = (const char *)sqlite3_column_text(stmt, 0);
		rc = mode && strcmp(mode, "wal") == 0 ? SQLITE_OK : SQLITE_IOERR_SHMMAP;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? db_exec(db, manners) : rc;
}

static int open_writer_once(struct store *s, struct store_opened *o, bool is_exclusive,
			    struct store_db **ret)
{
	int version = 0, rc;

	rc = open_connection(s->path, SQLITE_OPEN_READWRITE, ret);
	if (rc == SQLITE_OK && is_exclusive)
		rc = db_exec(*ret, "PRAGMA locking_mode = EXCLUSIVE");
	if (rc == SQLITE_OK)
		rc = check_version(*ret, &version);
	if (rc == IS_FUTURE) {
		/* Not even a checkpoint. */
		sqlite3_db_config((*ret)->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		load_numbers(*ret, o);
	}
	if (rc == SQLITE_OK)
		rc = set_manners(*ret, version == 0);
	if (rc == SQLITE_OK && version < STORE_SCHEMA)
		rc = db_migrate(*ret, version);
	if (rc == SQLITE_OK && version == 0)
		rc = db_exec(*ret, "PRAGMA synchronous = FULL");
	if (rc == SQLITE_OK)
		(*ret)->is_unsynced = version == 0;
	if (rc == SQLITE_OK)
		rc = load_meta(*ret, o);
	return rc;
}

static void set_state(const struct store_db *db, int rc, struct store_opened *o)
{
	int error = db && db->sql ? sqlite3_system_errno(db->sql) : 0;

	if (rc == IS_NOT_OURS) {
		o->state = STORE_DAMAGED;
		snprintf(o->detail, sizeof o->detail, "it is a database of something else");
	} else if (rc == IS_FUTURE) {
		o->state = STORE_FUTURE;
		snprintf(o->detail, sizeof o->detail, "this program knows versions up to %d",
			 STORE_SCHEMA);
	} else {
		o->state = db && db->sql ? db_state_of(db, rc) : STORE_UNAVAILABLE;
		if (o->state == STORE_FAILING)
			o->state = STORE_UNAVAILABLE;
		snprintf(o->detail, sizeof o->detail, "%s%s%s", sqlite3_errstr(rc),
			 error ? ": " : "", error ? strerror(error) : "");
	}
}

/* The log goes first: left behind it would be played into the new file. */
int db_set_aside(const char *path, char *ret, size_t size)
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	char from[600], to[600];

	snprintf(ret, size, "%.*s.damaged-%llu", (int)size - 40, path,
		 (unsigned long long)clock_wall_us());
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(from, sizeof from, "%s%s", path, suffixes[i]);
		snprintf(to, sizeof to, "%s%s", ret, suffixes[i]);
		if (rename(from, to) < 0 && errno != ENOENT) {
			ret[0] = 0;
			return -errno;
		}
	}
	return 0;
}

/* Of SQLite alone it would be readable for others. */
static int create_file(const char *path, bool *ret_is_new)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*ret_is_new = fd >= 0;
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	close(fd);
	return 0;
}

/* Without shared memory (a network, a full disk) it is used by one connection alone. */
static int open_either_way(struct store *s, struct store_opened *o, struct store_db **ret)
{
	int rc = SQLITE_IOERR_SHMMAP;

	if (!o->is_network)
		rc = open_writer_once(s, o, false, ret);
	switch (rc) {
	case SQLITE_IOERR_SHMOPEN:
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMMAP:
	case SQLITE_IOERR_SHMLOCK:
		*ret = db_close(*ret);
		s->is_exclusive = true;
		return open_writer_once(s, o, true, ret);
	default:
		return rc;
	}
}

static int give_up(struct store_opened *o, int error)
{
	o->state = is_errno_of_full(error) ? STORE_FULL : STORE_UNAVAILABLE;
	snprintf(o->detail, sizeof o->detail, "%s", strerror(error));
	return 0;
}

/* Of a file that cannot be used: what it numbered is not to be numbered again.  Nobody can
 * lock it or nobody writes it, and it is only read. */
static void peek_numbers(const char *path, struct store_opened *o)
{
	struct store_db db = { 0 };
	int rc = sqlite3_open_v2(path, &db.sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
				 "unix-none");

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db.sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc == SQLITE_OK)
		rc = db_exec(&db, "PRAGMA locking_mode = EXCLUSIVE");
	if (rc == SQLITE_OK)
		load_numbers(&db, o);
	sqlite3_close(db.sql);
}

int db_open_writer(struct store *s, struct store_opened *o, struct store_db **ret)
{
	struct store_db *db = NULL;
	int r, rc = SQLITE_OK;

	o->is_network = place_is_network(s->path, &s->network);
	for (int i = 0; i < 2; i++) {
		r = create_file(s->path, &o->is_new);
		if (r < 0)
			return give_up(o, -r);
		if (i == 0 && !o->is_network && o->is_new)
			o->is_network = place_is_network(s->path, &s->network);
		rc = open_either_way(s, o, &db);
		if (rc == SQLITE_OK)
			break;
		set_state(db, rc, o);
		db = db_close(db);
		/* SQLite takes ENOLCK for a lock that somebody has. */
		if ((rc & 0xff) == SQLITE_BUSY && !place_has_locks(s->path))
			o->state = STORE_NO_LOCKS;
		if (o->state == STORE_NO_LOCKS || o->state == STORE_UNAVAILABLE)
			peek_numbers(s->path, o);
		if (rc == SQLITE_NOMEM)
			return err_origin(-ENOMEM);
		if (o->state != STORE_DAMAGED || i > 0)
			return 0;
		r = db_set_aside(s->path, o->set_aside, sizeof o->set_aside);
		if (r < 0)
			return 0;
	}
	if (rc != SQLITE_OK)
		return 0;
	o->state = STORE_OK;
	if (o->is_network)
		snprintf(o->detail, sizeof o->detail, "on %s", s->network);
	db->opts = &s->opts;
	*ret = db;
	return 0;
}

int db_open_reader(const char *path, const struct store_opts *opts, struct store_db **ret)
{
	static const char manners[] = "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;"
				      "PRAGMA trusted_schema = OFF";
	struct store_db *db = NULL;
	int rc = open_connection(path, SQLITE_OPEN_READONLY, &db);

	if (rc == SQLITE_OK)
		rc = db_exec(db, manners);
	if (rc != SQLITE_OK) {
		db_close(db);
		return rc == SQLITE_NOMEM ? -ENOMEM : -EIO;
	}
	db->opts = opts;
	*ret = db;
	return 0;
}
