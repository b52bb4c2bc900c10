/* Command records: what looks for them.  Runs in a reader. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/command.h"
#include "store/priv.h"

#define HALF_LIFE_US (7.0 * 86400 * 1000000)
#define PLACE_TIMES 2 /* beside the once that they count everywhere */

struct query_op {
	struct store_op op;
	command_list_fn *list_done;
	command_texts_fn *texts_done;
	command_stats_fn *stats_done;
	struct command_query q;
	struct command_suggest suggest;
	struct command_stats stats;
	uint64_t id; /* get */
	uint32_t n_top;
	bool has_more;
	struct buf rows; /* struct store_command or command_text; texts are offsets until told */
	struct buf text;
	char given[]; /* pattern, cwd */
};

static void query_fini(struct store_op *op)
{
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);

	buf_fini(&q->rows);
	buf_fini(&q->text);
}

/* An offset in the place of a pointer: the buffer moves while it grows. */
static const char *keep(struct query_op *q, sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	uintptr_t at = buf_len(&q->text);
	const char *ret;

	buf_put_str(&q->text, text ? text : "");
	buf_put_char(&q->text, 0);
	memcpy(&ret, &at, sizeof ret);
	return ret;
}

static const char *kept(const struct query_op *q, const char *offset)
{
	uintptr_t at;

	memcpy(&at, &offset, sizeof at);
	return buf_data(&q->text) + at;
}

static int check(const struct query_op *q)
{
	return buf_check(&q->rows) < 0 || buf_check(&q->text) < 0 ? SQLITE_NOMEM : SQLITE_OK;
}

/* ---- records ---- */

#define COLUMNS                                                                        \
	"SELECT c.id, c.pane, c.session, c.generation, c.number, c.source, t.text, "   \
	"c.cwd, c.cwd_after, c.shell, c.start_us, c.end_us, c.exit_code, c.seq_from, " \
	"c.seq_to FROM command c CROSS JOIN command_text t ON t.id = c.text "

static int take_record(struct query_op *q, sqlite3_stmt *stmt)
{
	struct store_command c = {
		.id = (uint64_t)sqlite3_column_int64(stmt, 0),
		.pane = (uint64_t)sqlite3_column_int64(stmt, 1),
		.session = (uint64_t)sqlite3_column_int64(stmt, 2),
		.generation = (uint32_t)sqlite3_column_int64(stmt, 3),
		.number = (uint64_t)sqlite3_column_int64(stmt, 4),
		.source = (enum command_source)sqlite3_column_int(stmt, 5),
		.text = keep(q, stmt, 6),
		.cwd = keep(q, stmt, 7),
		.cwd_after = keep(q, stmt, 8),
		.shell = keep(q, stmt, 9),
		.start_us = (uint64_t)sqlite3_column_int64(stmt, 10),
		.end_us = (uint64_t)sqlite3_column_int64(stmt, 11),
		.has_exit = sqlite3_column_type(stmt, 12) != SQLITE_NULL,
		.exit_code = sqlite3_column_int(stmt, 12),
		.has_seq = sqlite3_column_type(stmt, 13) != SQLITE_NULL,
		.seq_from = (uint64_t)sqlite3_column_int64(stmt, 13),
		.seq_to = (uint64_t)sqlite3_column_int64(stmt, 14),
	};

	buf_put(&q->rows, &c, sizeof c);
	return check(q);
}

static size_t n_records(const struct query_op *q)
{
	return buf_len(&q->rows) / sizeof(struct store_command);
}

static void bind_text_or_null(sqlite3_stmt *stmt, int at, const char *text)
{
	if (text) {
		db_bind_text(stmt, at, text);
	} else {
		sqlite3_bind_null(stmt, at);
	}
}

static void bind_query(sqlite3_stmt *stmt, const struct command_query *q)
{
	sqlite3_bind_int64(stmt, 1, (int64_t)q->before);
	sqlite3_bind_int64(stmt, 2, (int64_t)q->before_us);
	sqlite3_bind_int64(stmt, 3, (int64_t)q->pane);
	sqlite3_bind_int64(stmt, 4, (int64_t)q->session);
	bind_text_or_null(stmt, 5, q->text);
	bind_text_or_null(stmt, 6, q->cwd);
	if (q->has_exit) {
		sqlite3_bind_int64(stmt, 7, q->exit_code);
	} else {
		sqlite3_bind_null(stmt, 7);
	}
	sqlite3_bind_int64(stmt, 8, q->wants_failed);
	sqlite3_bind_int64(stmt, 9, (int64_t)q->since_us);
	sqlite3_bind_int64(stmt, 10, (int64_t)q->until_us);
	sqlite3_bind_int64(stmt, 11, (int64_t)q->max + 1);
}

static int list_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] =
		COLUMNS "WHERE (?1 = 0 OR (c.start_us, c.id) < (?2, ?1)) "
			"AND (?3 = 0 OR c.pane = ?3) AND (?4 = 0 OR c.session = ?4) "
			"AND (?5 IS NULL OR t.text LIKE ?5 ESCAPE '\\') "
			"AND (?6 IS NULL OR c.cwd = ?6) AND (?7 IS NULL OR c.exit_code = ?7) "
			"AND (?8 = 0 OR c.exit_code <> 0) AND (?9 = 0 OR c.start_us >= ?9) "
			"AND (?10 = 0 OR c.start_us <= ?10) "
			"ORDER BY c.start_us DESC, c.id DESC LIMIT ?11";
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	buf_clear(&q->rows);
	buf_clear(&q->text);
	q->has_more = false;
	if (!stmt)
		return sqlite3_errcode(db->sql);
	bind_query(stmt, &q->q);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		q->has_more = n_records(q) == q->q.max;
		if (q->has_more || take_record(q, stmt) != SQLITE_OK)
			break;
	}
	(void)sqlite3_reset(stmt);
	if (check(q) != SQLITE_OK)
		return SQLITE_NOMEM;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int get_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] = COLUMNS "WHERE c.id = ?1";
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	buf_clear(&q->rows);
	buf_clear(&q->text);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, (int64_t)q->id);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		rc = take_record(q, stmt);
	} else if (rc == SQLITE_DONE) {
		(void)fail_set(&op->fail, FAIL_RECORD_NOT_FOUND, NULL);
		rc = STORE_OP_FAILED;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static void list_finish(struct store *s, struct store_op *op)
{
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);
	size_t n = n_records(q);
	struct store_command *cs = mem_dup(buf_data(&q->rows), buf_len(&q->rows));

	(void)s;
	if (!cs)
		(void)fail_set(&op->fail, FAIL_NO_MEMORY, NULL);
	if (!cs || op->fail.code != FAIL_NONE) {
		q->list_done(NULL, 0, false, &op->fail, op->user);
	} else {
		for (size_t i = 0; i < n; i++) {
			cs[i].text = kept(q, cs[i].text);
			cs[i].cwd = kept(q, cs[i].cwd);
			cs[i].cwd_after = kept(q, cs[i].cwd_after);
			cs[i].shell = kept(q, cs[i].shell);
		}
		q->list_done(cs, n, q->has_more, NULL, op->user);
	}
	mem_free(cs);
}

/* ---- texts ---- */

static int take_text(struct query_op *q, sqlite3_stmt *stmt, double now)
{
	struct command_text t = {
		.text = keep(q, stmt, 0),
		.n_runs = (uint64_t)sqlite3_column_int64(stmt, 1),
		.n_failed = (uint64_t)sqlite3_column_int64(stmt, 2),
		.last_us = (uint64_t)sqlite3_column_int64(stmt, 3),
		.frecency = exp2(sqlite3_column_double(stmt, 4) - now),
	};

	if (sqlite3_column_type(stmt, 5) != SQLITE_NULL)
		t.frecency += PLACE_TIMES * exp2(sqlite3_column_double(stmt, 5) - now);
	buf_put(&q->rows, &t, sizeof t);
	return check(q);
}

static int by_frecency(const void *a, const void *b)
{
	const struct command_text *x = a, *y = b;

	return (x->frecency < y->frecency) - (x->frecency > y->frecency);
}

/* Twice as many as wanted, by a bound of their frecency, then exactly. */
static int suggest_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] =
		"SELECT t.text, t.n_runs, t.n_failed, t.last_us, t.weight, p.weight "
		"FROM command_text t LEFT JOIN command_place p ON p.cwd = ?1 AND p.text = t.id "
		"WHERE substr(t.text, 1, length(?2)) = ?2 "
		"ORDER BY max(t.weight, coalesce(p.weight + 1.6, t.weight)) DESC LIMIT ?3";
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);
	sqlite3_stmt *stmt = db_statement(db, sql);
	double now = (double)clock_wall_us() / HALF_LIFE_US;
	int rc;

	buf_clear(&q->rows);
	buf_clear(&q->text);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	bind_text_or_null(stmt, 1, q->suggest.cwd);
	db_bind_text(stmt, 2, q->suggest.prefix);
	sqlite3_bind_int64(stmt, 3, 4 * (int64_t)q->suggest.max);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (take_text(q, stmt, now) != SQLITE_OK)
			break;
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc == SQLITE_ROW ? SQLITE_NOMEM : rc;
}

static struct command_text *texts_of(const struct query_op *q, size_t *ret_n)
{
	struct command_text *v = mem_dup(buf_data(&q->rows), buf_len(&q->rows));
	size_t n = buf_len(&q->rows) / sizeof *v;

	for (size_t i = 0; v && i < n; i++)
		v[i].text = kept(q, v[i].text);
	*ret_n = n;
	return v;
}

static void suggest_finish(struct store *s, struct store_op *op)
{
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);
	size_t n;
	struct command_text *v = texts_of(q, &n);

	(void)s;
	if (!v)
		(void)fail_set(&op->fail, FAIL_NO_MEMORY, NULL);
	if (!v || op->fail.code != FAIL_NONE) {
		q->texts_done(NULL, 0, &op->fail, op->user);
	} else {
		qsort(v, n, sizeof *v, by_frecency);
		q->texts_done(v, n < q->suggest.max ? n : q->suggest.max, NULL, op->user);
	}
	mem_free(v);
}

/* ---- statistics ---- */

static int count_all(struct store_db *db, struct command_stats *ret)
{
	static const char sql[] =
		"SELECT count(*), (SELECT count(*) FROM command_text), total(exit_code <> 0), "
		"total(end_us > start_us), min(start_us), max(start_us), "
		"total(CASE WHEN end_us > start_us THEN end_us - start_us ELSE 0 END) FROM command";
	sqlite3_stmt *stmt = db_statement(db, sql);
	int rc;

	if (!stmt)
		return sqlite3_errcode(db->sql);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*ret = (struct command_stats){
			.n_records = (uint64_t)sqlite3_column_int64(stmt, 0),
			.n_texts = (uint64_t)sqlite3_column_int64(stmt, 1),
			.n_failed = (uint64_t)sqlite3_column_double(stmt, 2),
			.n_timed = (uint64_t)sqlite3_column_double(stmt, 3),
			.first_us = (uint64_t)sqlite3_column_int64(stmt, 4),
			.last_us = (uint64_t)sqlite3_column_int64(stmt, 5),
			.total_us = (uint64_t)sqlite3_column_double(stmt, 6),
		};
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int stats_run(struct store_db *db, struct store_op *op)
{
	static const char sql[] = "SELECT text, n_runs, n_failed, last_us, weight, NULL "
				  "FROM command_text ORDER BY n_runs DESC, last_us DESC LIMIT ?1";
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);
	double now = (double)clock_wall_us() / HALF_LIFE_US;
	sqlite3_stmt *stmt;
	int rc = count_all(db, &q->stats);

	buf_clear(&q->rows);
	buf_clear(&q->text);
	if (rc != SQLITE_OK)
		return rc;
	stmt = db_statement(db, sql);
	if (!stmt)
		return sqlite3_errcode(db->sql);
	sqlite3_bind_int64(stmt, 1, q->n_top);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (take_text(q, stmt, now) != SQLITE_OK)
			break;
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc == SQLITE_ROW ? SQLITE_NOMEM : rc;
}

static void stats_finish(struct store *s, struct store_op *op)
{
	struct query_op *q = CONTAINER_OF(op, struct query_op, op);
	struct command_text *v = texts_of(q, &q->stats.n_top);

	(void)s;
	if (!v)
		(void)fail_set(&op->fail, FAIL_NO_MEMORY, NULL);
	q->stats.top = v;
	if (op->fail.code != FAIL_NONE) {
		q->stats_done(NULL, &op->fail, op->user);
	} else {
		q->stats_done(&q->stats, NULL, op->user);
	}
	mem_free(v);
}

/* ---- verbs ---- */

static const struct store_op_kind list_kind = { .run = list_run,
						.finish = list_finish,
						.fini = query_fini };
static const struct store_op_kind get_kind = { .run = get_run,
					       .finish = list_finish,
					       .fini = query_fini };
static const struct store_op_kind suggest_kind = { .run = suggest_run,
						   .finish = suggest_finish,
						   .fini = query_fini };
static const struct store_op_kind stats_kind = { .run = stats_run,
						 .finish = stats_finish,
						 .fini = query_fini,
						 .is_compound = true };

/* The pattern that finds what contains @text: none of its characters means anything. */
static size_t put_pattern(char *to, const char *text)
{
	size_t n = 0;

	to[n++] = '%';
	for (; *text; text++) {
		if (strchr("%_\\", *text))
			to[n++] = '\\';
		to[n++] = *text;
	}
	to[n++] = '%';
	to[n++] = 0;
	return n;
}

static const char *put_string(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1);
	return to;
}

static struct query_op *query_new(const struct store_op_kind *kind, const char *a, const char *b,
				  void *user)
{
	size_t n = 2 * strlen(a ? a : "") + strlen(b ? b : "") + 8;

	return store_op_new(kind, sizeof(struct query_op) + n, user);
}

void store_command_list(struct store *s, const struct command_query *q, command_list_fn *done,
			void *user)
{
	struct query_op *o = query_new(&list_kind, q->text, q->cwd, user);
	struct fail f;
	size_t n = 0;

	if (!o) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, 0, false, &f, user);
		return;
	}
	o->q = *q;
	if (q->text) {
		n = put_pattern(o->given, q->text);
		o->q.text = o->given;
	}
	if (q->cwd)
		o->q.cwd = put_string(o->given + n, q->cwd);
	o->list_done = done;
	store_read_written(s, &o->op);
}

void store_command_get(struct store *s, uint64_t id, command_list_fn *done, void *user)
{
	struct query_op *o = query_new(&get_kind, NULL, NULL, user);
	struct fail f;

	if (!o) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, 0, false, &f, user);
		return;
	}
	o->id = id;
	o->list_done = done;
	store_read_written(s, &o->op);
}

void store_command_suggest(struct store *s, const struct command_suggest *q, command_texts_fn *done,
			   void *user)
{
	struct query_op *o = query_new(&suggest_kind, q->prefix, q->cwd, user);
	struct fail f;

	if (!o) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, 0, &f, user);
		return;
	}
	o->suggest = *q;
	o->suggest.prefix = put_string(o->given, q->prefix);
	if (q->cwd)
		o->suggest.cwd = put_string(o->given + strlen(q->prefix) + 1, q->cwd);
	o->texts_done = done;
	store_read_written(s, &o->op);
}

void store_command_stats(struct store *s, uint32_t n_top, command_stats_fn *done, void *user)
{
	struct query_op *o = query_new(&stats_kind, NULL, NULL, user);
	struct fail f;

	if (!o) {
		(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
		return;
	}
	o->n_top = n_top;
	o->stats_done = done;
	store_read_written(s, &o->op);
}
