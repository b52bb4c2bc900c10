/* Key-value: what looks into it.  Runs in a reader. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/priv.h"

struct found {
	size_t key, value; /* in read_op.text */
	struct kv_entry entry;
};

struct read_op {
	struct store_op op;
	char ns[KV_MAX_NAMESPACE_BYTES + 1];
	uint64_t stamp; /* GET */
	kv_entry_fn *entry_done;
	kv_list_fn *list_done;
	kv_count_fn *count_done;
	kv_namespaces_fn *namespaces_done;
	struct kv_list list;
	bool has_more;
	uint64_t n_counted;
	struct buf entries; /* struct found, at the end struct kv_entry or kv_namespace */
	struct buf text;    /* keys and values */
	char given[];       /* key, or prefix and after */
};

static void read_fini(struct store_op *op)
{
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);

	buf_fini(&r->entries);
	buf_fini(&r->text);
}

static int find_space(struct store_db *db, struct read_op *r, int64_t *ret)
{
	static const char sql[] = "SELECT id FROM namespace WHERE name = ?1";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	db_bind_text(stmt, 1, r->ns);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt); /* as rc says */
	if (rc == SQLITE_ROW)
		return SQLITE_OK;
	if (rc != SQLITE_DONE)
		return rc;
	(void)fail_set(&r->op.fail, FAIL_NAMESPACE_NOT_FOUND, r->ns);
	fail_hint(&r->op.fail, "one is made by the first set in it");
	return STORE_OP_FAILED;
}

static bool is_expired(sqlite3_stmt *stmt, int column, uint64_t now)
{
	return sqlite3_column_type(stmt, column) != SQLITE_NULL &&
	       (uint64_t)sqlite3_column_int64(stmt, column) <= now;
}

/* Columns: key, revision, updated_us, expires_us, length of the value, value. */
static int take_row(struct read_op *r, sqlite3_stmt *stmt, bool wants_value)
{
	size_t n_key = (size_t)sqlite3_column_bytes(stmt, 0);
	struct found f = {
		.key = buf_len(&r->text),
		.entry = { .n_key = n_key,
			   .revision = (uint64_t)sqlite3_column_int64(stmt, 1),
			   .updated_us = (uint64_t)sqlite3_column_int64(stmt, 2),
			   .expires_us = (uint64_t)sqlite3_column_int64(stmt, 3),
			   .n_value = (size_t)sqlite3_column_int64(stmt, 4) },
	};

	buf_put(&r->text, sqlite3_column_text(stmt, 0), n_key);
	buf_put_char(&r->text, 0);
	f.value = buf_len(&r->text);
	if (wants_value) {
		const void *p = sqlite3_column_blob(stmt, 5);

		buf_put(&r->text, p, f.entry.n_value);
		buf_put_char(&r->text, 0);
	}
	buf_put(&r->entries, &f, sizeof f);
	return buf_check(&r->text) < 0 || buf_check(&r->entries) < 0 ? SQLITE_NOMEM : SQLITE_OK;
}

static size_t n_found(const struct read_op *r)
{
	return buf_len(&r->entries) / sizeof(struct found);
}

static struct kv_entry entry_at(const struct read_op *r, size_t i, bool has_value)
{
	struct found f;

	memcpy(&f, buf_data(&r->entries) + i * sizeof f, sizeof f);
	f.entry.key = buf_data(&r->text) + f.key;
	if (has_value) {
		f.entry.value.p = buf_data(&r->text) + f.value;
		f.entry.value.n = f.entry.n_value;
	}
	return f.entry;
}

/* ---- get ---- */

static int get_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] = "SELECT key, revision, updated_us, expires_us, length(value),"
				  " value FROM kv WHERE namespace = ?1 AND key = ?2";
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);
	int64_t space = 0;
	sqlite3_stmt *stmt;
	int rc = find_space(db, r, &space);

	buf_clear(&r->entries);
	buf_clear(&r->text);
	if (rc != SQLITE_OK)
		return rc;
	stmt = db_statement(db, sql);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, space);
	db_bind_text(stmt, 2, r->given);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW && !is_expired(stmt, 3, clock_wall_us())) {
		rc = take_row(r, stmt, true);
	} else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
		(void)fail_set(&op->fail, FAIL_KEY_NOT_FOUND, r->given);
		rc = STORE_OP_FAILED;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static void get_finish(struct store *s, struct store_op *op)
{
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);
	struct kv_entry e;

	if (op->fail.code != FAIL_NONE) {
		r->entry_done(NULL, &op->fail, op->user);
		return;
	}
	e = entry_at(r, 0, true);
	cache_fill(s->cache, r->ns, &e, r->stamp);
	r->entry_done(&e, NULL, op->user);
}

/* ---- list ---- */

static bool begins_with(const char *key, size_t n_key, const char *prefix)
{
	size_t n = strlen(prefix);

	return n_key >= n && memcmp(key, prefix, n) == 0;
}

static bool is_page_full(const struct read_op *r)
{
	return n_found(r) >= r->list.max ||
	       (r->list.wants_values && n_found(r) > 0 && buf_len(&r->text) >= r->list.max_bytes);
}

static int list_rows(struct read_op *r, sqlite3_stmt *stmt)
{
	uint64_t now = clock_wall_us();
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(stmt, 0);

		if (!begins_with(key, (size_t)sqlite3_column_bytes(stmt, 0), r->list.prefix))
			return SQLITE_DONE;
		if (is_expired(stmt, 3, now))
			continue;
		r->has_more = is_page_full(r);
		if (r->has_more)
			return SQLITE_DONE;
		rc = take_row(r, stmt, r->list.wants_values);
		if (rc != SQLITE_OK)
			return rc;
	}
	return rc;
}

#define LIST(columns, from)                                                               \
	"SELECT key, revision, updated_us, expires_us, length(value)" columns " FROM kv " \
	"WHERE namespace = ?1 AND key " from " ?2 ORDER BY key"

static int list_run(struct store_db *db, struct store_op *op)
{
	static const char keys_at[] = LIST("", ">="), keys_behind[] = LIST("", ">");
	static const char at[] = LIST(", value", ">="), behind[] = LIST(", value", ">");
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);
	bool is_behind = r->list.after && strcmp(r->list.after, r->list.prefix) >= 0;
	const char *sql = r->list.wants_values ? (is_behind ? behind : at)
					       : (is_behind ? keys_behind : keys_at);
	int64_t space = 0;
	sqlite3_stmt *stmt;
	int rc = find_space(db, r, &space);

	buf_clear(&r->entries);
	buf_clear(&r->text);
	r->has_more = false;
	if (rc != SQLITE_OK)
		return rc;
	stmt = db_statement(db, sql);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, space);
	db_bind_text(stmt, 2, is_behind ? r->list.after : r->list.prefix);
	rc = list_rows(r, stmt);
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void list_finish(struct store *s, struct store_op *op)
{
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);
	size_t n = n_found(r);
	struct kv_entry *es = mem_zalloc(n ? n : 1, sizeof *es);

	(void)s;
	if (!es)
		(void)fail_set(&op->fail, FAIL_NO_MEMORY, NULL);
	if (!es || op->fail.code != FAIL_NONE) {
		r->list_done(NULL, 0, false, &op->fail, op->user);
	} else {
		for (size_t i = 0; i < n; i++)
			es[i] = entry_at(r, i, r->list.wants_values);
		r->list_done(es, n, r->has_more, NULL, op->user);
	}
	mem_free(es);
}

/* ---- count ---- */

static int count_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] = "SELECT count(*) FROM kv WHERE namespace = ?1 AND key >= ?2 "
				  "AND key < ?3 AND (expires_us IS NULL OR expires_us > ?4)";
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);
	size_t n = strlen(r->given);
	int64_t space = 0;
	sqlite3_stmt *stmt;
	int rc = find_space(db, r, &space);

	if (rc != SQLITE_OK)
		return rc;
	/* Behind all that begin so, in the order of bytes; UTF-8 has no byte 0xff. */
	buf_clear(&r->text);
	buf_put(&r->text, n ? r->given : "\xff", n ? n : 1);
	buf_put_char(&r->text, 0);
	if (buf_check(&r->text) < 0)
		return SQLITE_NOMEM;
	if (n)
		r->text.data[r->text.start + n - 1]++;
	stmt = db_statement(db, sql);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, space);
	db_bind_text(stmt, 2, r->given);
	db_bind_text(stmt, 3, buf_data(&r->text));
	sqlite3_bind_int64(stmt, 4, (int64_t)clock_wall_us());
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		r->n_counted = (uint64_t)sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static void count_finish(struct store *s, struct store_op *op)
{
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);

	(void)s;
	r->count_done(r->n_counted, op->fail.code ? &op->fail : NULL, op->user);
}

/* ---- namespaces ---- */

static int namespaces_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] = "SELECT name, n_keys, n_bytes FROM namespace ORDER BY name";
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	buf_clear(&r->entries);
	buf_clear(&r->text);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct found f = {
			.key = buf_len(&r->text),
			.entry = { .n_key = (size_t)sqlite3_column_int64(stmt, 1),
				   .n_value = (size_t)sqlite3_column_int64(stmt, 2) },
		};

		buf_put(&r->text, sqlite3_column_text(stmt, 0),
			(size_t)sqlite3_column_bytes(stmt, 0));
		buf_put_char(&r->text, 0);
		buf_put(&r->entries, &f, sizeof f);
	}
	(void)sqlite3_reset(stmt);
	if (buf_check(&r->text) < 0 || buf_check(&r->entries) < 0)
		return SQLITE_NOMEM;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void namespaces_finish(struct store *s, struct store_op *op)
{
	struct read_op *r = CONTAINER_OF(op, struct read_op, op);
	size_t n = n_found(r);
	struct kv_namespace *v = mem_zalloc(n ? n : 1, sizeof *v);

	(void)s;
	if (!v)
		(void)fail_set(&op->fail, FAIL_NO_MEMORY, NULL);
	if (!v || op->fail.code != FAIL_NONE) {
		r->namespaces_done(NULL, 0, &op->fail, op->user);
	} else {
		for (size_t i = 0; i < n; i++) {
			struct kv_entry e = entry_at(r, i, false);

			v[i] = (struct kv_namespace){ e.key, e.n_key, e.n_value };
		}
		r->namespaces_done(v, n, NULL, op->user);
	}
	mem_free(v);
}

/* ---- verbs ---- */

static const struct store_op_kind get_kind = { .run = get_run,
					       .finish = get_finish,
					       .fini = read_fini };
static const struct store_op_kind list_kind = { .run = list_run,
						.finish = list_finish,
						.fini = read_fini,
						.is_compound = true };
static const struct store_op_kind count_kind = { .run = count_run,
						 .finish = count_finish,
						 .fini = read_fini,
						 .is_compound = true };
static const struct store_op_kind namespaces_kind = { .run = namespaces_run,
						      .finish = namespaces_finish,
						      .fini = read_fini };

static struct read_op *read_new(const struct store_op_kind *kind, const char *ns, const char *a,
				const char *b, void *user)
{
	size_t n_a = strlen(a) + 1, n_b = b ? strlen(b) + 1 : 0;
	struct read_op *r = store_op_new(kind, sizeof *r + n_a + n_b, user);

	if (!r)
		return NULL;
	memcpy(r->ns, ns, strnlen(ns, KV_MAX_NAMESPACE_BYTES));
	memcpy(r->given, a, n_a);
	if (b)
		memcpy(r->given + n_a, b, n_b);
	return r;
}

bool store_kv_peek(struct store *s, const char *ns, const char *key, struct kv_entry *ret_entry)
{
	bool is_hit = cache_get(s->cache, ns, key, ret_entry);

	pthread_mutex_lock(&s->lock);
	s->stats.n_cache_hits += is_hit;
	s->stats.n_cache_misses += !is_hit;
	pthread_mutex_unlock(&s->lock);
	return is_hit;
}

void store_kv_get(struct store *s, const char *ns, const char *key, kv_entry_fn *done, void *user)
{
	struct read_op *r = read_new(&get_kind, ns, key, NULL, user);
	struct fail f;

	if (!r) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
		return;
	}
	r->entry_done = done;
	r->stamp = cache_stamp(s->cache, ns, key);
	store_read(s, &r->op);
}

void store_kv_list(struct store *s, const char *ns, const struct kv_list *list, kv_list_fn *done,
		   void *user)
{
	struct read_op *r = read_new(&list_kind, ns, list->prefix, list->after, user);
	struct fail f;

	if (!r) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, 0, false, &f, user);
		return;
	}
	r->list = *list;
	r->list.prefix = r->given;
	r->list.after = list->after ? r->given + strlen(r->given) + 1 : NULL;
	r->list_done = done;
	store_read(s, &r->op);
}

void store_kv_count(struct store *s, const char *ns, const char *prefix, kv_count_fn *done,
		    void *user)
{
	struct read_op *r = read_new(&count_kind, ns, prefix, NULL, user);
	struct fail f;

	if (!r) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(0, &f, user);
		return;
	}
	r->count_done = done;
	store_read(s, &r->op);
}

void store_kv_namespaces(struct store *s, kv_namespaces_fn *done, void *user)
{
	struct read_op *r = read_new(&namespaces_kind, "", "", NULL, user);
	struct fail f;

	if (!r) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, 0, &f, user);
		return;
	}
	r->namespaces_done = done;
	store_read(s, &r->op);
}
