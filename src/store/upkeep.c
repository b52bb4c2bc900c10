/* Backup, vacuum, integrity check. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/priv.h"

struct upkeep_op {
	struct store_op op;
	store_done_fn *done;
	char path[]; /* backup */
};

static void upkeep_finish(struct store *s, struct store_op *op)
{
	struct upkeep_op *u = CONTAINER_OF(op, struct upkeep_op, op);

	(void)s;
	u->done(op->fail.code ? &op->fail : NULL, op->user);
}

static struct upkeep_op *upkeep_new(const struct store_op_kind *kind, const char *path,
				    store_done_fn *done, void *user)
{
	size_t n = strlen(path) + 1;
	struct upkeep_op *u = store_op_new(kind, sizeof *u + n, user);

	if (!u) {
		store_fail_now(done, user);
		return NULL;
	}
	u->done = done;
	memcpy(u->path, path, n);
	return u;
}

/* ---- backup ---- */

static int fail_of_file(struct store_op *op, const char *what, int error)
{
	enum fail_code code = error == ENOSPC || error == EDQUOT || error == EFBIG
				      ? FAIL_STORAGE_FULL
				      : FAIL_STORAGE_FAILED;

	(void)fail_setf(&op->fail, code, NULL, "%s: %s", what, strerror(error));
	return STORE_OP_FAILED;
}

static int copy_to(struct store_db *db, const char *path)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sql, "VACUUM INTO ?1", -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		db_bind_text(stmt, 1, path);
		rc = db_run(stmt);
	}
	sqlite3_finalize(stmt);
	return rc;
}

/* It, or the directory that holds it, onto the disk. */
static int sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags), r = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int sync_parent(const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');

	if (!slash || (size_t)(slash - path) >= sizeof dir)
		return 0;
	snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return sync_path(dir, O_DIRECTORY);
}

/* Under another name first: what stands under its name is whole. */
static int backup_run(struct store_db *db, struct store_op *op)
{
	struct upkeep_op *u = CONTAINER_OF(op, struct upkeep_op, op);
	char part[4096];
	int fd, rc, r;

	if (snprintf(part, sizeof part, "%s.part", u->path) >= (int)sizeof part)
		return fail_of_file(op, "backup", ENAMETOOLONG);
	fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_of_file(op, part, errno);
	close(fd);
	rc = copy_to(db, part);
	if (rc != SQLITE_OK) {
		unlink(part);
		return rc;
	}
	r = sync_path(part, 0);
	/* Never over what is there. */
	if (r == 0 && link(part, u->path) < 0)
		r = -errno;
	unlink(part);
	if (r == 0)
		r = sync_parent(u->path);
	return r < 0 ? fail_of_file(op, u->path, -r) : SQLITE_OK;
}

static const struct store_op_kind backup_kind = { .run = backup_run,
						  .finish = upkeep_finish,
						  .is_alone = true };

void store_backup(struct store *s, const char *path, store_done_fn *done, void *user)
{
	struct upkeep_op *u = upkeep_new(&backup_kind, path, done, user);

	if (u)
		store_read(s, &u->op);
}

/* ---- vacuum ---- */

static int vacuum_run(struct store_db *db, struct store_op *op)
{
	int rc = db_exec(db, "VACUUM");

	(void)op;
	if (rc == SQLITE_OK)
		rc = db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	return rc;
}

static const struct store_op_kind vacuum_kind = { .run = vacuum_run,
						  .finish = upkeep_finish,
						  .is_alone = true };

void store_vacuum(struct store *s, store_done_fn *done, void *user)
{
	struct upkeep_op *u = upkeep_new(&vacuum_kind, "", done, user);

	if (u)
		store_write(s, &u->op);
}

/* ---- integrity ---- */

static int check_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] = "PRAGMA integrity_check(1)";
	sqlite3_stmt *stmt = db_statement(db, sql);
	const char *text;
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	rc = sqlite3_step(stmt);
	text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (text && strcmp(text, "ok") != 0) {
		(void)fail_setf(&op->fail, FAIL_STORAGE_DAMAGED, NULL, "%s", text);
		rc = STORE_OP_FAILED;
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static const struct store_op_kind check_kind = { .run = check_run, .finish = upkeep_finish };

void store_check(struct store *s, store_done_fn *done, void *user)
{
	struct upkeep_op *u = upkeep_new(&check_kind, "", done, user);

	if (u)
		store_read(s, &u->op);
}

int store_begin_anew(struct store *s, struct store_opened *ret)
{
	s->db = db_close(s->db);
	s->is_exclusive = false;
	if (db_set_aside(s->path, ret->set_aside, sizeof ret->set_aside) < 0) {
		ret->state = s->stats.state = STORE_DAMAGED;
		return 0;
	}
	return err_trace(db_open_writer(s, ret, &s->db));
}
