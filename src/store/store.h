/*
 * The state store: one SQLite file in the state directory, for all that is not
 * a stream.  Only this module's .c know SQL.
 *
 * Writes go to one writer thread with the only write connection.  It takes all
 * that wait and commits them together (group commit, WAL, synchronous=FULL); a
 * write that fails is undone alone, the others of its commit stand.  Its owner
 * hears of a write (store_done_fn) when it is on the disk, never before.  Reads
 * that miss the cache go to a small pool of threads with read-only connections,
 * started when needed.
 *
 * One owner: all functions are called in one thread, and all callbacks come
 * there, out of store_dispatch().  Texts and bytes given are copied.
 *
 * What cannot be used is said and left alone, never deleted: a damaged file is set
 * aside and a new one begun; one from a newer version, or without locks, stays as
 * it is, and every verb then answers STORAGE_*.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/fail.h"
#include "base/hist.h"

struct store;

#define STORE_FILE "orchflow.db"
#define STORE_SCHEMA 2 /* PRAGMA user_version of the newest */

/* How it stands; told by store_status and, in words, by store_state_text(). */
enum store_state {
	STORE_OK,
	STORE_FULL,        /* no room (ENOSPC, EDQUOT, EFBIG) at the last write */
	STORE_FAILING,     /* another error of the last write */
	STORE_DAMAGED,     /* it was found to be, while in use */
	STORE_FUTURE,      /* written by a newer version: not touched */
	STORE_NO_LOCKS,    /* the file system has none: not touched */
	STORE_UNAVAILABLE, /* cannot be opened: no permission, read-only, ... */
};
const char *store_state_text(enum store_state s);

struct store_opts {
	uint32_t max_key_bytes;       /* 512 */
	uint32_t max_value_bytes;     /* 1 MiB */
	uint64_t max_namespace_bytes; /* 256 MiB, keys and values */
	uint32_t max_namespaces;      /* 1,000 */
	uint32_t cache_bytes;         /* values kept at hand: 16 MiB, as they come */
	uint32_t max_commands;        /* command records kept: 100,000 */
	uint32_t max_queue_bytes;     /* waiting for the writer: 64 MiB; then LIMIT_PENDING */
};
void store_opts_init(struct store_opts *o);

/* What became of the start. */
struct store_opened {
	enum store_state state;
	bool is_new;         /* there was no file */
	bool is_network;     /* the file system is one of the network: told, and used */
	char set_aside[256]; /* where a damaged file went, or "" */
	char detail[168];    /* what SQLite or the kernel said, or "" */
	uint64_t next_session, next_pane; /* no number below was ever used by it; >= 1 */
};

/* 0 also when the file cannot be used (see @ret_opened): verbs then answer so.
 * < 0: out of memory or descriptors. */
NODISCARD int store_open(const char *state_dir, const struct store_opts *opts, struct store **ret,
			 struct store_opened *ret_opened);
/* Writes what waits, and answers it; reads under way are answered too.  The
 * callbacks may not ask for more. */
struct store *store_close(struct store *s);
void store_configure(struct store *s, const struct store_opts *opts);

/* Before anything is written: what store_load() found damaged is set aside, and a new
 * file begun. */
NODISCARD int store_begin_anew(struct store *s, struct store_opened *ret);

/* Readable when callbacks are due; never changes. */
int store_fd(const struct store *s);
void store_dispatch(struct store *s);

/* @f NULL: done, and durable if it was a write.  Else STORAGE_*, NO_MEMORY or
 * what the verb says.  Comes once; if out of memory maybe before the verb returns. */
typedef void store_done_fn(const struct fail *f, void *user);

/* When all writes asked for so far were tried: those that succeeded are durable. */
void store_barrier(struct store *s, store_done_fn *done, void *user);

/* ---- upkeep ---- */

struct store_stats {
	uint64_t n_commits, n_writes, n_failed; /* since the start */
	uint64_t n_reads, n_cache_hits, n_cache_misses;
	uint64_t file_bytes, wal_bytes, cache_bytes;
	uint64_t n_waiting;       /* writes asked for and not yet answered */
	uint64_t max_commit;      /* writes of the largest commit */
	uint64_t commit_us;       /* spent in commits, sum */
	uint64_t waiting_bytes;   /* of writes asked for and not yet taken */
	struct hist commit, wait; /* of a commit; of a write, from asking until it is durable */
	enum store_state state;
	bool is_network;
	char detail[168];
};
void store_get_stats(struct store *s, struct store_stats *ret);

/* A consistent copy of all that is durable, into a new file @path (mode 0600; it
 * appears under its name when complete).  STORAGE_FAILED with what is in the way
 * (it exists, no room, ...). */
void store_backup(struct store *s, const char *path, store_done_fn *done, void *user);
/* Gives unused room back to the file system. */
void store_vacuum(struct store *s, store_done_fn *done, void *user);
/* Looks at every page: STORAGE_DAMAGED with the first of what is wrong. */
void store_check(struct store *s, store_done_fn *done, void *user);

#endif
