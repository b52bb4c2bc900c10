/* Command records: what keeps them.  Runs in the writer. */
#include "store/command.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "store/priv.h"

#define HALF_LIFE_US (7.0 * 86400 * 1000000)
#define DROP_AT_ONCE 1000

struct put_op {
	struct store_op op;
	command_put_fn *put_done;
	command_count_fn *count_done;
	bool is_import;
	uint64_t id, n_added;
	size_t n;
	struct store_command *commands;
	char *data;
};

/* ---- frecency ---- */

/* The logarithm of 2^a + 2^b. */
static double add_weights(double a, double b)
{
	double high = a > b ? a : b, low = a > b ? b : a;

	return high + log2(1 + exp2(low - high));
}

static double weight_of(const struct store_command *c)
{
	bool is_failed = c->has_exit && c->exit_code != 0;

	return (double)c->start_us / HALF_LIFE_US - (is_failed ? 1 : 0);
}

/* ---- one record ---- */

struct known {
	int64_t id;
	double weight;
	bool is_there;
};

static int find_text(struct store_db *db, const char *text, struct known *ret)
{
	static const char sql[] = "SELECT id, weight FROM command_text WHERE text = ?1";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	*ret = (struct known){ 0 };
	if (!stmt)
		return sqlite3_errcode(db->sql);
	db_bind_text(stmt, 1, text);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*ret = (struct known){ sqlite3_column_int64(stmt, 0),
				       sqlite3_column_double(stmt, 1), true };
	}
	(void)sqlite3_reset(stmt); /* as rc says */
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_text(struct store_db *db, const struct store_command *c, struct known *k)
{
	static const char add[] = "INSERT INTO command_text "
				  "(text, n_runs, n_failed, last_us, weight) "
				  "VALUES (?1, 1, ?2, ?3, ?4)";
	static const char more[] = "UPDATE command_text SET n_runs = n_runs + 1, "
				   "n_failed = n_failed + ?2, last_us = max(last_us, ?3), "
				   "weight = ?4 WHERE id = ?1";
	sqlite3_stmt *stmt = db_statement(db, k->is_there ? more : add);
	double weight = weight_of(c);
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	if (k->is_there) {
		sqlite3_bind_int64(stmt, 1, k->id);
		weight = add_weights(weight, k->weight);
	} else {
		db_bind_text(stmt, 1, c->text);
	}
	sqlite3_bind_int64(stmt, 2, c->has_exit && c->exit_code != 0);
	sqlite3_bind_int64(stmt, 3, (int64_t)c->start_us);
	sqlite3_bind_double(stmt, 4, weight);
	rc = db_run(stmt);
	if (rc == SQLITE_OK && !k->is_there)
		k->id = sqlite3_last_insert_rowid(db->sql);
	return rc;
}

static int put_place(struct store_db *db, const struct store_command *c, int64_t text)
{
	static const char look[] = "SELECT weight FROM command_place WHERE cwd = ?1 AND text = ?2";
	static const char put[] = "INSERT OR REPLACE INTO command_place VALUES (?1, ?2, ?3)";
	sqlite3_stmt *stmt = db_statement(db, look);
	double weight = weight_of(c);
	int rc;

	if (!c->cwd[0])
		return SQLITE_OK;
	if (!stmt)
		return sqlite3_errcode(db->sql);
	db_bind_text(stmt, 1, c->cwd);
	sqlite3_bind_int64(stmt, 2, text);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		weight = add_weights(weight, sqlite3_column_double(stmt, 0));
	(void)sqlite3_reset(stmt); /* as rc says */
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return rc;
	stmt = db_statement(db, put);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	db_bind_text(stmt, 1, c->cwd);
	sqlite3_bind_int64(stmt, 2, text);
	sqlite3_bind_double(stmt, 3, weight);
	return db_run(stmt);
}

static void bind_or_null(sqlite3_stmt *stmt, int at, bool has, int64_t v)
{
	if (has) {
		sqlite3_bind_int64(stmt, at, v);
	} else {
		sqlite3_bind_null(stmt, at);
	}
}

static int put_record(struct store_db *db, const struct store_command *c, int64_t text)
{
	static const char sql[] =
		"INSERT INTO command (text, pane, session, generation, number, source, cwd, "
		"cwd_after, shell, start_us, end_us, exit_code, seq_from, seq_to) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
	sqlite3_stmt *stmt = db_statement(db, sql);

	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, text);
	sqlite3_bind_int64(stmt, 2, (int64_t)c->pane);
	sqlite3_bind_int64(stmt, 3, (int64_t)c->session);
	sqlite3_bind_int64(stmt, 4, c->generation);
	sqlite3_bind_int64(stmt, 5, (int64_t)c->number);
	sqlite3_bind_int64(stmt, 6, c->source);
	db_bind_text(stmt, 7, c->cwd);
	db_bind_text(stmt, 8, c->cwd_after);
	db_bind_text(stmt, 9, c->shell);
	sqlite3_bind_int64(stmt, 10, (int64_t)c->start_us);
	sqlite3_bind_int64(stmt, 11, (int64_t)c->end_us);
	bind_or_null(stmt, 12, c->has_exit, c->exit_code);
	bind_or_null(stmt, 13, c->has_seq, (int64_t)c->seq_from);
	bind_or_null(stmt, 14, c->has_seq, (int64_t)c->seq_to);
	return db_run(stmt);
}

static int is_known_run(struct store_db *db, const struct store_command *c, int64_t text, bool *ret)
{
	static const char sql[] = "SELECT 1 FROM command WHERE text = ?1 AND start_us = ?2 "
				  "AND pane = ?3";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	*ret = false;
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, text);
	sqlite3_bind_int64(stmt, 2, (int64_t)c->start_us);
	sqlite3_bind_int64(stmt, 3, (int64_t)c->pane);
	rc = sqlite3_step(stmt);
	*ret = rc == SQLITE_ROW;
	(void)sqlite3_reset(stmt); /* as rc says */
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_one(struct store_db *db, struct put_op *p, const struct store_command *c)
{
	struct known k;
	bool is_known = false;
	int rc = find_text(db, c->text, &k);

	if (rc == SQLITE_OK && p->is_import && k.is_there)
		rc = is_known_run(db, c, k.id, &is_known);
	if (rc != SQLITE_OK || is_known)
		return rc;
	rc = put_text(db, c, &k);
	if (rc == SQLITE_OK)
		rc = put_place(db, c, k.id);
	if (rc == SQLITE_OK)
		rc = put_record(db, c, k.id);
	if (rc == SQLITE_OK) {
		p->id = (uint64_t)sqlite3_last_insert_rowid(db->sql);
		p->n_added++;
		db->n_commands += db->n_commands >= 0;
	}
	return rc;
}

/* ---- retention ---- */

static int count_commands(struct store_db *db)
{
	static const char sql[] = "SELECT count(*) FROM command";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	if (db->n_commands >= 0)
		return SQLITE_OK;
	if (!stmt)
		return sqlite3_errcode(db->sql);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		db->n_commands = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt); /* as rc says */
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* The oldest go, some at a time, and the texts that only they had. */
static int drop_oldest(struct store_db *db)
{
	char sql[256];
	int rc = count_commands(db);

	if (rc != SQLITE_OK || db->n_commands <= (int64_t)db->opts->max_commands)
		return rc;
	sqlite3_snprintf(sizeof sql, sql,
			 "DELETE FROM command WHERE id IN (SELECT id FROM command "
			 "ORDER BY start_us, id LIMIT %lld)",
			 (long long)db->n_commands - db->opts->max_commands + DROP_AT_ONCE);
	rc = db_exec(db, sql);
	if (rc == SQLITE_OK) {
		rc = db_exec(db, "DELETE FROM command_text WHERE id NOT IN "
				 "(SELECT text FROM command);"
				 "DELETE FROM command_place WHERE text NOT IN "
				 "(SELECT id FROM command_text)");
	}
	db->n_commands = -1;
	return rc;
}

static int put_run(struct store_db *db, struct store_op *op)
{
	struct put_op *p = CONTAINER_OF(op, struct put_op, op);
	int rc = SQLITE_OK;

	p->id = p->n_added = 0;
	for (size_t i = 0; rc == SQLITE_OK && i < p->n; i++)
		rc = put_one(db, p, &p->commands[i]);
	if (rc == SQLITE_OK)
		rc = drop_oldest(db);
	if (rc != SQLITE_OK)
		db->n_commands = -1;
	return rc;
}

static void put_finish(struct store *s, struct store_op *op)
{
	struct put_op *p = CONTAINER_OF(op, struct put_op, op);
	const struct fail *f = op->fail.code ? &op->fail : NULL;

	(void)s;
	if (p->put_done)
		p->put_done(f ? 0 : p->id, f, op->user);
	if (p->count_done)
		p->count_done(f ? 0 : p->n_added, f, op->user);
}

static void put_fini(struct store_op *op)
{
	struct put_op *p = CONTAINER_OF(op, struct put_op, op);

	mem_free(p->commands);
	mem_free(p->data);
}

static const struct store_op_kind put_kind = { .run = put_run,
					       .finish = put_finish,
					       .fini = put_fini,
					       .is_compound = true };

/* ---- what is not kept ---- */

static void ignored_free(struct store *s)
{
	for (char **p = s->ignored; p && *p; p++)
		mem_free(*p);
	mem_free(s->ignored);
	s->ignored = NULL;
}

int store_command_ignore(struct store *s, const char *const *patterns)
{
	size_t n = 0;

	ignored_free(s);
	while (patterns && patterns[n])
		n++;
	s->ignored = mem_zalloc(n + 1, sizeof s->ignored[0]);
	for (size_t i = 0; s->ignored && i < n; i++) {
		s->ignored[i] = mem_strdup(patterns[i]);
		if (!s->ignored[i])
			ignored_free(s);
	}
	return s->ignored ? 0 : -ENOMEM;
}

bool store_command_is_kept(const struct store *s, const char *text)
{
	if (!text[0] || text[0] == ' ')
		return false;
	for (char **p = s->ignored; p && *p; p++) {
		if (fnmatch(*p, text, 0) == 0)
			return false;
	}
	return true;
}

/* ---- verbs ---- */

static size_t text_bytes(const char *text)
{
	size_t n = strnlen(text, COMMAND_MAX_TEXT_BYTES + 1);

	return n <= COMMAND_MAX_TEXT_BYTES ? n : utf8_valid_prefix(text, COMMAND_MAX_TEXT_BYTES);
}

static const char *copy(char **at, const char *text, size_t n)
{
	char *to = *at;

	memcpy(to, text ? text : "", n);
	to[n] = 0;
	*at += n + 1;
	return to;
}

static size_t bytes_of(const struct store_command *c)
{
	return text_bytes(c->text) + strlen(c->cwd ? c->cwd : "") +
	       strlen(c->cwd_after ? c->cwd_after : "") + strlen(c->shell ? c->shell : "") + 4;
}

/* NULL: out of memory. */
static struct put_op *put_new(const struct store *s, const struct store_command *cs, size_t n,
			      void *user)
{
	struct put_op *p = store_op_new(&put_kind, sizeof *p, user);
	size_t n_data = 1;
	char *at;

	if (!p)
		return NULL;
	for (size_t i = 0; i < n; i++)
		n_data += bytes_of(&cs[i]);
	p->commands = mem_zalloc(n ? n : 1, sizeof p->commands[0]);
	p->data = at = mem_alloc(n_data);
	if (!p->commands || !p->data) {
		put_fini(&p->op);
		mem_free(p);
		return NULL;
	}
	p->op.n_bytes += n_data + n * sizeof p->commands[0];
	for (size_t i = 0; i < n; i++) {
		struct store_command *c = &p->commands[p->n];

		if (!store_command_is_kept(s, cs[i].text))
			continue;
		*c = cs[i];
		c->text = copy(&at, cs[i].text, text_bytes(cs[i].text));
		c->cwd = copy(&at, cs[i].cwd, strlen(cs[i].cwd ? cs[i].cwd : ""));
		c->cwd_after =
			copy(&at, cs[i].cwd_after, strlen(cs[i].cwd_after ? cs[i].cwd_after : ""));
		c->shell = copy(&at, cs[i].shell, strlen(cs[i].shell ? cs[i].shell : ""));
		p->n++;
	}
	return p;
}

void store_command_put(struct store *s, const struct store_command *c, command_put_fn *done,
		       void *user)
{
	struct put_op *p = put_new(s, c, 1, user);
	struct fail f;

	if (!p) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		if (done)
			done(0, &f, user);
		return;
	}
	p->put_done = done;
	store_write(s, &p->op);
}

void store_command_import(struct store *s, const struct store_command *cs, size_t n,
			  command_count_fn *done, void *user)
{
	struct put_op *p = put_new(s, cs, n, user);
	struct fail f;

	if (!p) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(0, &f, user);
		return;
	}
	p->is_import = true;
	p->count_done = done;
	store_write(s, &p->op);
}
