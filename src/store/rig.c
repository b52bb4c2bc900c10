#include "store/rig.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/priv.h"

/* ---- a file system that fails ---- */

static struct {
	long left;
	bool is_sticky;
	unsigned n;
} faults[RIG_N_FAULTS];
static int fault_errno;
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;

void rig_fail_after(enum rig_fault fault, long n, bool sticky, int error)
{
	pthread_mutex_lock(&fault_lock);
	faults[fault].left = n < 0 ? -1 : n + 1;
	faults[fault].is_sticky = sticky;
	fault_errno = error;
	pthread_mutex_unlock(&fault_lock);
}

unsigned rig_count(enum rig_fault fault)
{
	return faults[fault].n;
}

static bool fails(enum rig_fault fault)
{
	bool is_due = false;

	pthread_mutex_lock(&fault_lock);
	faults[fault].n++;
	if (faults[fault].left > 0 && --faults[fault].left == 0) {
		is_due = true;
		faults[fault].left = faults[fault].is_sticky ? 1 : -1;
	}
	pthread_mutex_unlock(&fault_lock);
	return is_due;
}

struct shim {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct shim *)(void *)f)->real;
}

static int on_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	/* Torn: half of it is there. */
	if (fails(RIG_WRITE)) {
		if (n > 8)
			(void)real_of(f)->pMethods->xWrite(real_of(f), p, n / 2, at);
		return fault_errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	}
	return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int on_sync(sqlite3_file *f, int flags)
{
	return fails(RIG_SYNC) ? SQLITE_IOERR_FSYNC
			       : real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int on_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), ret);
}

static int on_lock(sqlite3_file *f, int level)
{
	return fails(RIG_LOCK) ? SQLITE_IOERR_LOCK : real_of(f)->pMethods->xLock(real_of(f), level);
}

static int on_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int on_reserved(sqlite3_file *f, int *ret)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int on_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int on_traits(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int on_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	return fails(RIG_SHM) ? SQLITE_IOERR_SHMMAP
			      : real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, ret);
}

static int on_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void on_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int on_shm_unmap(sqlite3_file *f, int wants_delete)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), wants_delete);
}

static const sqlite3_io_methods shim_methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_reserved,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_traits,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

static sqlite3_vfs *real_vfs, shim_vfs;

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret)
{
	struct shim *s = (struct shim *)(void *)f;
	int rc;

	(void)vfs;
	s->real = (sqlite3_file *)(void *)(s + 1);
	rc = real_vfs->xOpen(real_vfs, name, s->real, flags, ret);
	s->base.pMethods = s->real->pMethods ? &shim_methods : NULL;
	return rc;
}

static void install(void)
{
	if (real_vfs)
		return;
	assert(db_setup() == 0);
	real_vfs = sqlite3_vfs_find(NULL);
	shim_vfs = *real_vfs;
	shim_vfs.zName = "rig";
	shim_vfs.szOsFile += (int)sizeof(struct shim);
	shim_vfs.xOpen = on_open;
	assert(sqlite3_vfs_register(&shim_vfs, 1) == SQLITE_OK);
}

/* ---- a store ---- */

void rig_open(struct rig *r)
{
	assert(store_open(r->dir, &r->opts, &r->store, &r->opened) == 0);
}

void rig_close(struct rig *r)
{
	r->store = store_close(r->store);
}

int rig_setup(void **state)
{
	struct rig *r = mem_new(struct rig);

	assert(r);
	install();
	for (int i = 0; i < RIG_N_FAULTS; i++)
		rig_fail_after((enum rig_fault)i, -1, false, 0);
	/* In memory where that can be had: it syncs thousands of times. */
	snprintf(r->dir, sizeof r->dir, "%s/store-test-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(r->dir));
	store_opts_init(&r->opts);
	rig_open(r);
	*state = r;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *r = *state;
	char command[128];

	rig_close(r);
	snprintf(command, sizeof command, "rm -rf %s", r->dir);
	assert(system(command) == 0);
	mem_free(r);
	return 0;
}

void rig_wait(struct rig *r, unsigned n)
{
	struct pollfd p = { .fd = store_fd(r->store), .events = POLLIN };

	while (r->n_answers < n) {
		assert(poll(&p, 1, 60000) == 1);
		store_dispatch(r->store);
	}
}

void rig_done(const struct fail *f, void *user)
{
	struct rig *r = user;

	r->n_answers++;
	r->fail.code = FAIL_NONE;
	if (f)
		r->fail = *f;
}

static void on_set(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	(void)results;
	(void)n;
	rig_done(f, user);
}

enum fail_code rig_set(struct rig *r, const char *key, const char *value)
{
	struct kv_op op = { .verb = KV_SET, .key = key, .value = { value, strlen(value) } };

	store_kv_batch(r->store, KV_DEFAULT, &op, 1, on_set, r);
	rig_wait(r, r->n_answers + 1);
	return r->fail.code;
}

static char got[4096];

static void on_get(const struct kv_entry *e, const struct fail *f, void *user)
{
	got[0] = 0;
	if (e)
		snprintf(got, sizeof got, "%.*s", (int)e->value.n, (const char *)e->value.p);
	rig_done(f, user);
}

const char *rig_get(struct rig *r, const char *key)
{
	store_kv_get(r->store, KV_DEFAULT, key, on_get, r);
	rig_wait(r, r->n_answers + 1);
	return got;
}

int rig_shell(const struct rig *r, const char *fmt, ...)
{
	char text[512], command[640];
	va_list args;

	va_start(args, fmt);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was begun above */
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	snprintf(command, sizeof command, "cd %s && %s", r->dir, text);
	return system(command);
}

const char *rig_sql(const struct rig *r, const char *file, const char *sql)
{
	static char text[256];
	sqlite3_stmt *stmt = NULL;
	const char *rest = sql;
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/%s", r->dir, file);
	text[0] = 0;
	assert(sqlite3_open(path, &db) == SQLITE_OK);
	while (*rest) {
		assert(sqlite3_prepare_v2(db, rest, -1, &stmt, &rest) == SQLITE_OK);
		if (sqlite3_step(stmt) == SQLITE_ROW) {
			snprintf(text, sizeof text, "%s",
				 (const char *)sqlite3_column_text(stmt, 0));
		}
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
	return text;
}
