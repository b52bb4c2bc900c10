/* Key-value: what changes it.  Runs in the writer; the cache follows when it is durable. */
#include <string.h>

#include "base/mem.h"
#include "store/priv.h"

#define PURGE_EVERY_US 1000000u
#define PURGE_MAX 500

struct write_op {
	struct store_op op;
	char ns[KV_MAX_NAMESPACE_BYTES + 1];
	kv_batch_fn *batch_done;
	kv_cas_fn *cas_done;
	kv_count_fn *count_done;
	struct kv_expect expect;
	bool is_swapped;
	uint64_t n_cleared;
	const char *prefix;
	size_t n;
	struct kv_op *ops;
	struct kv_result *results;
	void **copies; /* of what GET found; owned */
	char *data;    /* keys and values of ops */
};

/* ---- one key ---- */

/* What stands there; @ret->key NULL: nothing.  The value is SQLite's until the statement is
 * used again. */
static int look(struct store_db *db, const struct kv_space *k, const char *key,
		struct kv_entry *ret, bool *ret_is_row)
{
	static const char sql[] = "SELECT value, revision, updated_us, expires_us FROM kv "
				  "WHERE namespace = ?1 AND key = ?2";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	*ret = (struct kv_entry){ 0 };
	*ret_is_row = false;
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, k->id);
	db_bind_text(stmt, 2, key);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	*ret_is_row = true;
	ret->n_value = (size_t)sqlite3_column_bytes(stmt, 0);
	ret->value = (struct kv_bytes){ sqlite3_column_blob(stmt, 0), ret->n_value };
	ret->revision = (uint64_t)sqlite3_column_int64(stmt, 1);
	ret->updated_us = (uint64_t)sqlite3_column_int64(stmt, 2);
	ret->expires_us = (uint64_t)sqlite3_column_int64(stmt, 3);
	ret->n_key = strlen(key);
	if (!ret->expires_us || ret->expires_us > db->now_us)
		ret->key = key;
	return SQLITE_OK;
}

static int check_limits(const struct store_db *db, struct store_op *op, const struct kv_op *o)
{
	size_t n_key = strlen(o->key);

	if (n_key == 0 || n_key > db->opts->max_key_bytes) {
		(void)fail_setf(&op->fail, FAIL_LIMIT_KEY, NULL, "%zu bytes, 1 to %u are allowed",
				n_key, db->opts->max_key_bytes);
		return STORE_OP_FAILED;
	}
	if (o->verb == KV_SET && o->value.n > db->opts->max_value_bytes) {
		(void)fail_setf(&op->fail, FAIL_LIMIT_VALUE, NULL, "%zu bytes, %u are allowed",
				o->value.n, db->opts->max_value_bytes);
		return STORE_OP_FAILED;
	}
	return SQLITE_OK;
}

static int insert(struct store_db *db, const struct kv_space *k, const struct kv_op *o,
		  uint64_t revision)
{
	static const char sql[] = "INSERT OR REPLACE INTO kv VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
	sqlite3_stmt *stmt = db_statement(db, sql);

	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, k->id);
	db_bind_text(stmt, 2, o->key);
	db_bind_bytes(stmt, 3, o->value.p, o->value.n);
	sqlite3_bind_int64(stmt, 4, (int64_t)revision);
	sqlite3_bind_int64(stmt, 5, (int64_t)db->now_us);
	if (o->expires_us) {
		sqlite3_bind_int64(stmt, 6, (int64_t)o->expires_us);
	} else {
		sqlite3_bind_null(stmt, 6);
	}
	return db_run(stmt);
}

static int set_one(struct store_db *db, struct store_op *op, struct kv_space *k,
		   const struct kv_op *o, struct kv_result *ret)
{
	struct kv_entry old;
	size_t n_new = strlen(o->key) + o->value.n, n_old;
	bool is_row;
	int rc = look(db, k, o->key, &old, &is_row);

	if (rc != SQLITE_OK)
		return rc;
	n_old = is_row ? old.n_key + old.n_value : 0;
	if (k->n_bytes - n_old + n_new > db->opts->max_namespace_bytes) {
		(void)fail_setf(&op->fail, FAIL_LIMIT_NAMESPACE, k->name,
				"it holds %llu of %llu bytes", (unsigned long long)k->n_bytes,
				(unsigned long long)db->opts->max_namespace_bytes);
		return STORE_OP_FAILED;
	}
	rc = insert(db, k, o, k->revision + 1);
	if (rc != SQLITE_OK)
		return rc;
	k->revision++;
	k->n_bytes = k->n_bytes - n_old + n_new;
	k->n_keys += !is_row;
	k->is_dirty = true;
	ret->was_there = old.key;
	ret->entry = (struct kv_entry){ .key = o->key,
					.n_key = strlen(o->key),
					.n_value = o->value.n,
					.revision = k->revision,
					.updated_us = db->now_us,
					.expires_us = o->expires_us };
	return SQLITE_OK;
}

static int delete_one(struct store_db *db, struct kv_space *k, const char *key,
		      struct kv_result *ret)
{
	static const char sql[] = "DELETE FROM kv WHERE namespace = ?1 AND key = ?2";
	struct kv_entry old;
	sqlite3_stmt *stmt;
	bool is_row;
	int rc = look(db, k, key, &old, &is_row);

	if (rc != SQLITE_OK || !is_row)
		return rc;
	stmt = db_statement(db, sql);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, k->id);
	db_bind_text(stmt, 2, key);
	rc = db_run(stmt);
	if (rc != SQLITE_OK)
		return rc;
	k->n_bytes -= old.n_key + old.n_value;
	k->n_keys--;
	k->revision++;
	k->is_dirty = true;
	ret->was_there = old.key;
	return SQLITE_OK;
}

static int get_one(struct store_db *db, const struct kv_space *k, const char *key,
		   struct kv_result *ret, void **ret_copy)
{
	bool is_row;
	int rc = look(db, k, key, &ret->entry, &is_row);

	if (rc != SQLITE_OK || !ret->entry.key) {
		ret->entry = (struct kv_entry){ 0 };
		return rc;
	}
	ret->was_there = true;
	ret->entry.value.p = *ret_copy = mem_dup(ret->entry.value.p, ret->entry.n_value);
	return *ret_copy ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- ops ---- */

static void drop_results(struct write_op *w)
{
	for (size_t i = 0; i < w->n; i++) {
		mem_free(w->copies[i]);
		w->copies[i] = NULL;
		w->results[i] = (struct kv_result){ 0 };
	}
}

static void write_fini(struct store_op *op)
{
	struct write_op *w = CONTAINER_OF(op, struct write_op, op);

	if (w->copies)
		drop_results(w);
	mem_free(w->copies);
	mem_free(w->ops);
	mem_free(w->results);
	mem_free(w->data);
}

static int no_namespace(struct store_op *op, const char *ns)
{
	(void)fail_set(&op->fail, FAIL_NAMESPACE_NOT_FOUND, ns);
	fail_hint(&op->fail, "one is made by the first set in it");
	return STORE_OP_FAILED;
}

static int find_space(struct store_db *db, struct store_op *op, const char *ns, bool wants_make,
		      struct kv_space **ret)
{
	int rc = wants_make ? space_make(db, op, ns, ret) : space_find(db, ns, ret);

	return rc == SQLITE_OK && !*ret ? no_namespace(op, ns) : rc;
}

static int run_one(struct store_db *db, struct write_op *w, struct kv_space *k, size_t i)
{
	const struct kv_op *o = &w->ops[i];
	struct kv_result *ret = &w->results[i];
	int rc = check_limits(db, &w->op, o);

	if (rc != SQLITE_OK)
		return rc;
	switch (o->verb) {
	case KV_SET:
		return set_one(db, &w->op, k, o, ret);
	case KV_GET:
		return get_one(db, k, o->key, ret, &w->copies[i]);
	case KV_DELETE:
		return delete_one(db, k, o->key, ret);
	}
	return SQLITE_OK;
}

static int batch_run(struct store_db *db, struct store_op *op)
{
	struct write_op *w = CONTAINER_OF(op, struct write_op, op);
	struct kv_space *k = NULL, saved;
	bool wants_make = false;
	int rc;

	drop_results(w);
	for (size_t i = 0; i < w->n; i++)
		wants_make |= w->ops[i].verb == KV_SET;
	rc = find_space(db, op, w->ns, wants_make, &k);
	if (rc != SQLITE_OK)
		return rc;
	saved = *k;
	for (size_t i = 0; rc == SQLITE_OK && i < w->n; i++)
		rc = run_one(db, w, k, i);
	if (rc != SQLITE_OK)
		*k = saved;
	return rc;
}

static void follow(struct store *s, const struct write_op *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct kv_entry e = w->results[i].entry;

		switch (w->ops[i].verb) {
		case KV_SET:
			e.value = w->ops[i].value;
			if (!e.value.p)
				e.value.p = "";
			cache_put(s->cache, w->ns, &e);
			break;
		case KV_DELETE:
			cache_drop(s->cache, w->ns, w->ops[i].key);
			break;
		case KV_GET:
			break;
		}
	}
}

static void batch_finish(struct store *s, struct store_op *op)
{
	struct write_op *w = CONTAINER_OF(op, struct write_op, op);
	bool is_failed = op->fail.code != FAIL_NONE;

	if (!is_failed)
		follow(s, w);
	if (w->batch_done) {
		w->batch_done(is_failed ? NULL : w->results, is_failed ? 0 : w->n,
			      is_failed ? &op->fail : NULL, op->user);
	}
}

static bool equals(const struct kv_bytes *a, const struct kv_bytes *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

static bool is_expected(const struct kv_expect *x, const struct kv_entry *e)
{
	if (x->wants_absent || !e->key)
		return x->wants_absent && !e->key;
	return (!x->has_value || equals(&x->value, &e->value)) &&
	       (!x->revision || x->revision == e->revision);
}

static int cas_run(struct store_db *db, struct store_op *op)
{
	struct write_op *w = CONTAINER_OF(op, struct write_op, op);
	struct kv_space *k = NULL;
	struct kv_entry now;
	bool is_row;
	int rc = check_limits(db, op, &w->ops[0]);

	if (rc == SQLITE_OK)
		rc = find_space(db, op, w->ns, true, &k);
	if (rc == SQLITE_OK)
		rc = look(db, k, w->ops[0].key, &now, &is_row);
	if (rc != SQLITE_OK)
		return rc;
	w->is_swapped = is_expected(&w->expect, &now);
	if (w->is_swapped)
		return set_one(db, op, k, &w->ops[0], &w->results[0]);
	w->results[0].entry = now;
	w->results[0].entry.value.p = NULL; /* told by its revision: whoever wants it asks */
	return SQLITE_OK;
}

static void cas_finish(struct store *s, struct store_op *op)
{
	struct write_op *w = CONTAINER_OF(op, struct write_op, op);
	const struct kv_entry *e = &w->results[0].entry;

	if (op->fail.code != FAIL_NONE) {
		w->cas_done(false, NULL, &op->fail, op->user);
		return;
	}
	if (w->is_swapped)
		follow(s, w);
	w->cas_done(w->is_swapped, e->key ? e : NULL, NULL, op->user);
}

/* ---- clearing ---- */

/* Behind all that begin with @prefix, in the order of bytes; "" has no such. */
static bool end_of(const char *prefix, char *ret)
{
	size_t n = strlen(prefix);

	if (n == 0)
		return false;
	memcpy(ret, prefix, n + 1);
	ret[n - 1] = (char)(ret[n - 1] + 1); /* UTF-8 has no byte 0xff */
	return true;
}

struct measured {
	uint64_t n, n_live, n_bytes;
};

static int measure(struct store_db *db, const struct kv_space *k, const char *from, const char *to,
		   struct measured *ret)
{
	static const char sql[] =
		"SELECT count(*), total(length(CAST(key AS BLOB)) + length(value)),"
		" total(expires_us IS NULL OR expires_us > ?4) FROM kv "
		"WHERE namespace = ?1 AND key >= ?2 AND key < ?3";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, k->id);
	db_bind_text(stmt, 2, from);
	db_bind_text(stmt, 3, to);
	sqlite3_bind_int64(stmt, 4, (int64_t)db->now_us);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		ret->n = (uint64_t)sqlite3_column_int64(stmt, 0);
		ret->n_bytes = (uint64_t)sqlite3_column_double(stmt, 1);
		ret->n_live = (uint64_t)sqlite3_column_double(stmt, 2);
		rc = SQLITE_OK;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static int clear_range(struct store_db *db, const struct kv_space *k, const char *from,
		       const char *to)
{
	static const char sql[] = "DELETE FROM kv WHERE namespace = ?1 AND key >= ?2 AND key < ?3";
	sqlite3_stmt *stmt = db_statement(db, sql);

	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, k->id);
	db_bind_text(stmt, 2, from);
	db_bind_text(stmt, 3, to);
	return db_run(stmt);
}

static int clear_run(struct store_db *db, struct store_op *op)
{
	struct write_op *w = CONTAINER_OF(op, struct write_op, op);
	char *to = w->data + strlen(w->prefix) + 1;
	struct measured m = { 0 };
	struct kv_space *k = NULL;
	int rc = find_space(db, op, w->ns, false, &k);

	if (!end_of(w->prefix, to))
		memcpy(to, "\xff", 2);
	if (rc == SQLITE_OK)
		rc = measure(db, k, w->prefix, to, &m);
	if (rc == SQLITE_OK)
		rc = clear_range(db, k, w->prefix, to);
	if (rc != SQLITE_OK)
		return rc;
	w->n_cleared = m.n_live;
	k->n_keys -= m.n;
	k->n_bytes -= m.n_bytes;
	k->revision++;
	k->is_dirty = true;
	return SQLITE_OK;
}

static void clear_finish(struct store *s, struct store_op *op)
{
	struct write_op *w = CONTAINER_OF(op, struct write_op, op);
	bool is_failed = op->fail.code != FAIL_NONE;

	if (!is_failed)
		cache_drop_all(s->cache);
	w->count_done(w->n_cleared, is_failed ? &op->fail : NULL, op->user);
}

#define KEY_ROOM 4096 /* longer keys were never let in */

/* Some key that has expired; SQLITE_DONE: there is none. */
static int find_expired(struct store_db *db, int64_t *ret_space, char ret_key[KEY_ROOM])
{
	static const char sql[] = "SELECT namespace, key FROM kv WHERE expires_us <= ?1 LIMIT 1";
	sqlite3_stmt *stmt = db_statement(db, sql);
	const char *key;
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, (int64_t)db->now_us);
	rc = sqlite3_step(stmt);
	key = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 1) : NULL;
	if (key && strlen(key) < KEY_ROOM) {
		memcpy(ret_key, key, strlen(key) + 1);
		*ret_space = sqlite3_column_int64(stmt, 0);
		rc = SQLITE_OK;
	} else if (rc == SQLITE_ROW) {
		rc = SQLITE_DONE;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static int purge_one(struct store_db *db, int64_t space, const char *key)
{
	struct kv_result gone = { 0 };
	struct kv_space *k = NULL;
	int rc = space_find(db, KV_DEFAULT, &k); /* loads them */

	for (size_t i = 0; rc == SQLITE_OK && i < db->n_spaces; i++) {
		if (db->spaces[i].id == space)
			return delete_one(db, &db->spaces[i], key, &gone);
	}
	return rc == SQLITE_OK ? SQLITE_DONE : rc;
}

/* Some of what has expired, at most once a second and only when something is written anyway. */
int kv_purge(struct store_db *db)
{
	char key[KEY_ROOM];
	int64_t space = 0;
	int rc = SQLITE_OK;

	if (db->now_us < db->purged_us + PURGE_EVERY_US)
		return SQLITE_OK;
	db->purged_us = db->now_us;
	for (int i = 0; rc == SQLITE_OK && i < PURGE_MAX; i++) {
		rc = find_expired(db, &space, key);
		if (rc == SQLITE_OK)
			rc = purge_one(db, space, key);
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* ---- verbs ---- */

static const struct store_op_kind set_kind = { .run = batch_run,
					       .finish = batch_finish,
					       .fini = write_fini };
static const struct store_op_kind batch_kind = { .run = batch_run,
						 .finish = batch_finish,
						 .fini = write_fini,
						 .is_compound = true };
static const struct store_op_kind cas_kind = { .run = cas_run,
					       .finish = cas_finish,
					       .fini = write_fini };
static const struct store_op_kind clear_kind = { .run = clear_run,
						 .finish = clear_finish,
						 .fini = write_fini };

static char *put_text(char **at, const void *p, size_t n)
{
	char *to = *at;

	if (n)
		memcpy(to, p, n);
	to[n] = 0;
	*at += n + 1;
	return to;
}

static bool copy_ops(struct write_op *w, const struct kv_op *ops, size_t n)
{
	size_t n_data = 1;
	char *at;

	for (size_t i = 0; i < n; i++)
		n_data += strlen(ops[i].key) + ops[i].value.n + 2;
	w->ops = mem_zalloc(n ? n : 1, sizeof w->ops[0]);
	w->results = mem_zalloc(n ? n : 1, sizeof w->results[0]);
	w->copies = mem_zalloc(n ? n : 1, sizeof w->copies[0]);
	w->data = mem_alloc(n_data);
	if (!w->ops || !w->results || !w->copies || !w->data) {
		mem_free(w->copies);
		w->copies = NULL;
		return false;
	}
	w->n = n;
	w->op.n_bytes += n_data + n * (sizeof w->ops[0] + sizeof w->results[0]);
	at = w->data;
	for (size_t i = 0; i < n; i++) {
		w->ops[i] = ops[i];
		w->ops[i].key = put_text(&at, ops[i].key, strlen(ops[i].key));
		w->ops[i].value.p = put_text(&at, ops[i].value.p, ops[i].value.n);
	}
	return true;
}

static void drop_op(struct write_op *w)
{
	if (w) {
		write_fini(&w->op);
		mem_free(w);
	}
}

static struct write_op *write_new(const struct store_op_kind *kind, const char *ns,
				  const struct kv_op *ops, size_t n, void *user)
{
	struct write_op *w = store_op_new(kind, sizeof *w, user);

	if (w && !copy_ops(w, ops, n)) {
		drop_op(w);
		return NULL;
	}
	if (w)
		memcpy(w->ns, ns, strnlen(ns, KV_MAX_NAMESPACE_BYTES));
	return w;
}

void store_kv_batch(struct store *s, const char *ns, const struct kv_op *ops, size_t n,
		    kv_batch_fn *done, void *user)
{
	struct write_op *w = write_new(n == 1 ? &set_kind : &batch_kind, ns, ops, n, user);
	struct fail f;

	if (!w) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, 0, &f, user);
		return;
	}
	w->batch_done = done;
	store_write(s, &w->op);
}

void store_kv_cas(struct store *s, const char *ns, const struct kv_expect *expect,
		  const struct kv_op *set, kv_cas_fn *done, void *user)
{
	/* The expected value rides along as a second op that is not run. */
	struct kv_op both[2] = { *set, { .verb = KV_SET, .key = "", .value = expect->value } };
	struct write_op *w = write_new(&cas_kind, ns, both, expect->has_value ? 2 : 1, user);
	struct fail f;

	if (!w) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(false, NULL, &f, user);
		return;
	}
	w->n = 1;
	w->expect = *expect;
	w->expect.value = expect->has_value ? w->ops[1].value : (struct kv_bytes){ 0 };
	w->cas_done = done;
	store_write(s, &w->op);
}

void store_kv_clear(struct store *s, const char *ns, const char *prefix, kv_count_fn *done,
		    void *user)
{
	struct write_op *w = write_new(&clear_kind, ns, NULL, 0, user);
	size_t n = strlen(prefix) + 1;
	char *both = w ? mem_realloc(w->data, 2 * n + 2) : NULL;
	struct fail f;

	if (!both) {
		drop_op(w);
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(0, &f, user);
		return;
	}
	w->data = both;
	memcpy(both, prefix, n);
	w->prefix = both;
	w->count_done = done;
	store_write(s, &w->op);
}
