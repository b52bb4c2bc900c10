/*
 * The store's inside, shared by its own files and nobody else.
 *
 *   owner's thread            writer's thread             readers' threads
 *   verb: struct store_op ──► writes ── run, COMMIT ─┐
 *                        └──► reads ──────────────────┼── run ─┐
 *   store_dispatch: finish ◄─────────── done ◄────────┴────────┘   (eventfd)
 *
 * An op belongs to the owner until it is put into a queue, to the thread that took
 * it while it runs, and to the owner again once it is in `done`.  A connection (struct
 * store_db) belongs to one thread at a time: the write connection to the owner until the
 * writer is started at the first write.
 */
#ifndef STORE_PRIV_H
#define STORE_PRIV_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "base/list.h"
#include "store/kv.h"
#include "store/store.h"

#define STORE_MAX_READERS 2
#define STORE_MAX_STATEMENTS 96         /* prepared, of one connection */
#define STORE_MAX_GROUP 1024            /* writes of one commit */
#define STORE_APPLICATION_ID 0x4f72466c /* "OrFl" */

struct store_op;
struct store_db;

/* What run() answers beside SQLITE_OK and SQLite's codes: op->fail says it. */
#define STORE_OP_FAILED (-1)

struct store_op_kind {
	/* In the connection's thread.  May come again, after the transaction was undone:
	 * results are to be begun anew. */
	int (*run)(struct store_db *db, struct store_op *op);
	/* In the owner's thread, once: tell (op->fail.code FAIL_NONE: done). */
	void (*finish)(struct store *s, struct store_op *op);
	/* Gives back what the op holds beside itself; NULL: nothing. */
	void (*fini)(struct store_op *op);
	bool is_compound; /* several statements: undone by a savepoint when one fails */
	bool is_alone;    /* cannot run inside a transaction */
};

struct store_op {
	struct list link;
	const struct store_op_kind *kind;
	struct fail fail;
	size_t n_bytes; /* counted against the queue's limit */
	bool is_write;  /* was given to the writer */
	uint64_t asked_ns;
	void *user;
};

/* A connection, with its statements by the address of their text. */
struct store_db {
	sqlite3 *sql;
	const struct store_opts *opts;
	bool is_unsynced; /* just made, which is synced with the first commit: nobody waits for it
			   */
	struct {
		const char *text;
		sqlite3_stmt *stmt;
	} statements[STORE_MAX_STATEMENTS];
	/* The writer's: */
	struct kv_space *spaces; /* namespaces; NULL: to be loaded (again) */
	size_t n_spaces, max_spaces;
	uint64_t now_us;    /* wall time of this group; never goes back */
	uint64_t purged_us; /* when what has expired was last cleared away */
	int64_t n_commands; /* records there are; < 0: to be counted */
};

struct kv_space {
	int64_t id;
	char name[KV_MAX_NAMESPACE_BYTES + 1];
	uint64_t n_keys, n_bytes, revision;
	bool is_dirty; /* not yet as in its row */
};

struct store_queue {
	struct list ops;
	size_t n, n_bytes;
	pthread_cond_t wake;
};

struct cache;
struct store {
	char path[512];
	struct store_opts opts;
	struct store_opts applied; /* what the threads see: changed under the lock */
	int event_fd;
	struct store_db *db; /* the write connection; NULL: it cannot be used */
	bool is_exclusive;   /* no shared memory there: the writer reads too */
	const char *network; /* the file system, if it is one of the network; else NULL */
	struct cache *cache;
	char **ignored; /* patterns of commands that are not kept; NULL ends; NULL: none */
	/* Under the lock: */
	pthread_mutex_t lock;
	struct store_queue writes, reads;
	struct list done;
	bool is_closing;
	struct store_stats stats;
	uint32_t n_readers, n_idle_readers;
	/* The owner's: */
	pthread_t writer, readers[STORE_MAX_READERS];
	bool has_writer, is_dispatching;
	size_t n_unanswered; /* that the writer was given and the owner has not heard of */
};

/* ---- db.c: a connection ---- */

/* Once per process, before any other call of SQLite's. */
NODISCARD int db_setup(void);
/* Fills @o's state and detail; 0 or -ENOMEM, -EMFILE.  @ret NULL unless usable. */
NODISCARD int db_open_writer(struct store *s, struct store_opened *o, struct store_db **ret);
NODISCARD int db_open_reader(const char *path, const struct store_opts *opts,
			     struct store_db **ret);
struct store_db *db_close(struct store_db *db);
/* Its files take other names; 0 or -errno. */
NODISCARD int db_set_aside(const char *path, char *ret, size_t size);
/* Prepared and reset; NULL: out of memory or damaged (sqlite3_errcode). @text is kept by its
 * address. */
sqlite3_stmt *db_statement(struct store_db *db, const char *text);
/* All steps of a statement that gives no rows; then it is reset. */
NODISCARD int db_run(sqlite3_stmt *stmt);
/* No statement is in the middle of its rows: one that is keeps its transaction open. */
void db_reset_all(struct store_db *db);
NODISCARD int db_sync_new(struct store_db *db);
NODISCARD int db_exec(struct store_db *db, const char *sql);
/* What SQLite's @rc means to a client. */
void db_fail(const struct store_db *db, int rc, struct fail *f);
enum store_state db_state_of(const struct store_db *db, int rc);
/* Binds text or bytes that live until the statement is reset. */
void db_bind_text(sqlite3_stmt *stmt, int at, const char *text);
void db_bind_bytes(sqlite3_stmt *stmt, int at, const void *p, size_t n);

/* ---- migrate.c ---- */
extern const char *const store_migrations[STORE_SCHEMA];
NODISCARD int db_migrate(struct store_db *db, int from);

/* ---- place.c ---- */
bool place_is_network(const char *dir, const char **ret_name);
/* Can @file be locked?  Not to be asked while this process has locks on it: they would go. */
bool place_has_locks(const char *file);

/* ---- store.c: queues ---- */

/* An op of @size bytes whose first member is struct store_op; NULL: out of memory. */
NODISCARD void *store_op_new(const struct store_op_kind *kind, size_t size, void *user);
/* Takes the op; finishes it at once when there is no database or no room. */
void store_write(struct store *s, struct store_op *op);
void store_read(struct store *s, struct store_op *op);
/* Behind all writes asked for so far: where no cache answers. */
void store_read_written(struct store *s, struct store_op *op);
/* Of the threads. */
void store_hand_back(struct store *s, struct list *ops);
void store_note_state(struct store *s, enum store_state state, const char *detail);
void *store_writer_main(void *store);
void *store_reader_main(void *store);
/* Most verbs: @op may be NULL (out of memory). */
void store_fail_now(store_done_fn *done, void *user);

/* ---- kv_space.c: namespaces, of the writer ---- */
/* SQLITE_OK with @ret NULL: there is none. */
NODISCARD int space_find(struct store_db *db, const char *name, struct kv_space **ret);
NODISCARD int space_make(struct store_db *db, struct store_op *op, const char *name,
			 struct kv_space **ret);
NODISCARD int spaces_flush(struct store_db *db);
void spaces_forget(struct store_db *db);     /* to be loaded anew */
NODISCARD int kv_purge(struct store_db *db); /* some of what has expired */

/* ---- cache.c: the owner's ---- */
struct cache *cache_new(size_t max_bytes);
struct cache *cache_free(struct cache *c);
void cache_resize(struct cache *c, size_t max_bytes);
size_t cache_bytes(const struct cache *c);
bool cache_get(struct cache *c, const char *ns, const char *key, struct kv_entry *ret);
/* What was written. */
void cache_put(struct cache *c, const char *ns, const struct kv_entry *v);
void cache_drop(struct cache *c, const char *ns, const char *key);
void cache_drop_all(struct cache *c);
/* What was read: only if nothing was written there since cache_stamp() gave @stamp. */
uint64_t cache_stamp(const struct cache *c, const char *ns, const char *key);
void cache_fill(struct cache *c, const char *ns, const struct kv_entry *v, uint64_t stamp);

#endif
