#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "store/layout.h"
#include "store/pane.h"
#include "store/priv.h"
#include "store/rig.h"
#include "store/session.h"

/* ---- records ---- */

struct seen {
	char text[2048];
	int fail_at; /* -ENOMEM at the so manieth */
};

static int see(struct seen *s, const char *fmt, ...)
{
	size_t n = strlen(s->text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->text + n, sizeof s->text - n, fmt, args);
	va_end(args);
	return 0;
}

static int on_env(uint32_t id, const char *block, size_t n, void *user)
{
	return see(user, "env %u %zu %s;", id, n, block);
}

static int on_session(const struct store_session *v, void *user)
{
	return see(user, "session %d env %u %s;", (int)v->number, v->env, v->record);
}

static int on_pane(const struct store_pane *v, void *user)
{
	return see(user, "pane %d of %d env %u %s;", (int)v->number, (int)v->session, v->env,
		   v->record);
}

static int on_layouts(uint64_t session, const char *json, void *user)
{
	return see(user, "layouts %d %s;", (int)session, json);
}

static const char *load(struct rig *r)
{
	static struct seen seen;
	struct store_load_ops ops = { .on_env = on_env,
				      .on_session = on_session,
				      .on_pane = on_pane,
				      .on_layouts = on_layouts,
				      .user = &seen };

	seen.text[0] = 0;
	assert_int_equal(store_load(r->store, &ops), 0);
	return seen.text;
}

static void reopen(struct rig *r)
{
	rig_close(r);
	rig_open(r);
}

static void put_some(struct rig *r)
{
	struct store_session s = { .number = 1, .env = 7, .record = "{\"name\":\"main\"}" };
	struct store_pane p = { .number = 3, .session = 1, .env = 7, .record = "{}" };

	store_env_put(r->store, 7, "A=1\0B=2", 8, NULL, NULL);
	store_session_put(r->store, &s, NULL, NULL);
	s.number = 2;
	s.env = 0;
	store_session_put(r->store, &s, NULL, NULL);
	store_pane_put(r->store, &p, NULL, NULL);
	p.number = 4;
	store_pane_put(r->store, &p, rig_done, r);
	store_layouts_put(r->store, 1, "[1]", NULL, NULL);
	store_layouts_put(r->store, 2, "[2]", rig_done, r);
	rig_wait(r, 2);
	assert_int_equal(r->fail.code, FAIL_NONE);
}

static void records_are_found_again(void **state)
{
	struct rig *r = *state;

	assert_true(r->opened.is_new);
	assert_int_equal(r->opened.state, STORE_OK);
	put_some(r);
	reopen(r);
	assert_false(r->opened.is_new);
	assert_string_equal(load(r), "env 7 8 A=1;"
				     "session 1 env 7 {\"name\":\"main\"};"
				     "session 2 env 0 {\"name\":\"main\"};"
				     "pane 3 of 1 env 7 {};pane 4 of 1 env 7 {};"
				     "layouts 1 [1];layouts 2 [2];");
}

static void numbers_of_what_was_dropped_are_not_given_out_again(void **state)
{
	struct rig *r = *state;

	put_some(r);
	store_pane_drop(r->store, 4, rig_done, r);
	store_session_drop(r->store, 2, rig_done, r);
	store_pane_drop(r->store, 3, rig_done, r);
	store_next_put(r->store, 2, 9);
	store_barrier(r->store, rig_done, r);
	rig_wait(r, 6);
	reopen(r);
	assert_int_equal(r->opened.next_pane, 9);
	assert_int_equal(r->opened.next_session, 3);
	assert_string_equal(load(r), "env 7 8 A=1;session 1 env 7 {\"name\":\"main\"};"
				     "layouts 1 [1];");
}

static void only_what_is_named_is_kept(void **state)
{
	struct rig *r = *state;
	uint64_t sessions[] = { 2 }, panes[] = { 4 };
	struct store_kept kept = { sessions, panes, 1, 1 };

	put_some(r);
	store_keep_only(r->store, &kept, rig_done, r);
	rig_wait(r, 3);
	assert_int_equal(r->fail.code, FAIL_NONE);
	store_keep_only(r->store, &kept, rig_done, r); /* once more */
	rig_wait(r, 4);
	assert_int_equal(r->fail.code, FAIL_NONE);
	reopen(r);
	assert_string_equal(load(r), "env 7 8 A=1;session 2 env 0 {\"name\":\"main\"};"
				     "pane 4 of 1 env 7 {};layouts 2 [2];");
}

/* ---- what cannot be used ---- */

static void a_file_that_is_no_database_is_set_aside(void **state)
{
	struct rig *r = *state;

	rig_close(r);
	assert_int_equal(rig_shell(r, "head -c 20000 /dev/zero | tr '\\0' x > orchflow.db"), 0);
	rig_open(r);
	assert_int_equal(r->opened.state, STORE_OK);
	assert_true(r->opened.is_new);
	assert_int_equal(access(r->opened.set_aside, F_OK), 0);
	assert_int_equal(rig_set(r, "k", "v"), FAIL_NONE);
	assert_int_equal(rig_shell(r, "grep -q xxxx orchflow.db.damaged-*"), 0);
}

static void a_database_of_something_else_is_set_aside(void **state)
{
	struct rig *r = *state;

	rig_close(r);
	assert_int_equal(rig_shell(r, "rm orchflow.db*"), 0);
	rig_sql(r, "orchflow.db", "CREATE TABLE t(x); INSERT INTO t VALUES (17)");
	rig_open(r);
	assert_int_equal(r->opened.state, STORE_OK);
	assert_string_equal(rig_sql(r, strrchr(r->opened.set_aside, '/') + 1, "SELECT x FROM t"),
			    "17");
}

/* Overwrite from the root page of @table on. */
static void damage(struct rig *r, const char *table, int offset, int n)
{
	char sql[128];
	int page;

	snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
	page = atoi(rig_sql(r, "orchflow.db", sql));
	assert_int_equal(rig_shell(r,
				   "head -c %d /dev/zero | tr '\\0' '\\377' | dd of=orchflow.db "
				   "bs=1 seek=%d conv=notrunc 2>/dev/null",
				   n, (page - 1) * 4096 + offset),
			 0);
}

static void a_damaged_table_is_set_aside_with_its_log(void **state)
{
	struct rig *r = *state;
	struct store_load_ops ops = { .on_env = on_env,
				      .on_session = on_session,
				      .on_pane = on_pane,
				      .on_layouts = on_layouts };
	struct seen seen = { 0 };

	put_some(r);
	rig_close(r);
	damage(r, "pane", 0, 4096);
	rig_open(r);
	assert_int_equal(r->opened.state, STORE_OK);
	ops.user = &seen;
	assert_int_equal(store_load(r->store, &ops), STORE_LOAD_E_DAMAGED);
	assert_non_null(strstr(seen.text, "session 2"));
	assert_int_equal(store_begin_anew(r->store, &r->opened), 0);
	assert_int_equal(r->opened.state, STORE_OK);
	assert_int_equal(access(r->opened.set_aside, F_OK), 0);
	assert_int_equal(rig_set(r, "k", "v"), FAIL_NONE);
	assert_string_equal(load(r), "");
}

static void a_database_of_a_newer_version_is_left_as_it_is(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_set(r, "k", "v"), FAIL_NONE);
	put_some(r);
	rig_close(r);
	rig_sql(r, "orchflow.db",
		"PRAGMA user_version = 4711; INSERT INTO meta VALUES ('next_pane', 55)");
	assert_int_equal(rig_shell(r, "cp orchflow.db before"), 0);
	rig_open(r);
	assert_int_equal(r->opened.state, STORE_FUTURE);
	assert_int_equal(r->opened.next_pane, 55);
	r->n_answers = 0;
	assert_int_equal(rig_set(r, "k", "w"), FAIL_STORAGE_VERSION);
	rig_get(r, "k");
	assert_int_equal(r->fail.code, FAIL_STORAGE_VERSION);
	rig_close(r);
	assert_int_equal(rig_shell(r, "cmp orchflow.db before"), 0);
	rig_open(r);
}

static void without_locks_it_is_not_used_and_says_so(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_set(r, "k", "v"), FAIL_NONE);
	rig_close(r);
	rig_fail_after(RIG_LOCK, 0, true, 0);
	rig_open(r);
	rig_fail_after(RIG_LOCK, -1, true, 0);
	assert_int_equal(r->opened.state, STORE_NO_LOCKS);
	assert_int_equal(rig_set(r, "k", "w"), FAIL_STORAGE_UNAVAILABLE);
	assert_string_equal(r->fail.detail, "the file system has no locks");
	reopen(r);
	assert_string_equal(rig_get(r, "k"), "v");
}

static void without_shared_memory_one_connection_does_all(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_set(r, "k", "v"), FAIL_NONE);
	rig_close(r);
	rig_fail_after(RIG_SHM, 0, true, 0);
	rig_open(r);
	assert_int_equal(r->opened.state, STORE_OK);
	assert_string_equal(rig_get(r, "k"), "v");
	assert_int_equal(rig_set(r, "k", "w"), FAIL_NONE);
	assert_string_equal(rig_get(r, "k"), "w");
	rig_close(r);
	rig_fail_after(RIG_SHM, -1, true, 0);
	rig_open(r);
	assert_string_equal(rig_get(r, "k"), "w");
}

static void a_directory_that_cannot_be_written_is_said(void **state)
{
	struct rig *r = *state;
	struct store *s;
	struct store_opened o;

	assert_int_equal(store_open("/proc/self", &r->opts, &s, &o), 0);
	assert_int_equal(o.state, STORE_UNAVAILABLE);
	assert_true(strlen(o.detail) > 0);
	store_close(s);
}

/* ---- group commit ---- */

static void on_results(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	(void)results;
	(void)n;
	rig_done(f, user);
}

struct answer {
	struct rig *rig;
	enum fail_code code;
};

static void on_answer(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	struct answer *a = user;

	(void)results;
	(void)n;
	a->code = f ? f->code : FAIL_NONE;
	rig_done(f, a->rig);
}

/* 100 sets at once; the one with a value over the limit fails, nobody else. */
static void one_that_fails_spoils_no_other_of_its_commit(void **state)
{
	struct rig *r = *state;
	struct answer answers[100];
	struct store_stats stats;
	char key[16], big[300];

	memset(big, 'x', sizeof big);
	r->opts.max_value_bytes = 200;
	store_configure(r->store, &r->opts);
	for (int i = 0; i < 100; i++) {
		struct kv_op op = { .verb = KV_SET, .key = key, .value = { big, 100 } };
		struct kv_op two[2];

		snprintf(key, sizeof key, "k%d", i);
		op.value.n = i == 50 ? 300 : 100;
		two[0] = two[1] = op;
		two[1].key =
			"second"; /* of 60, 61, ...: undone by its savepoint when the first fails */
		answers[i] = (struct answer){ r, FAIL_N };
		if (i >= 60 && i < 70) {
			two[1].value.n = i == 65 ? 300 : 10;
			store_kv_batch(r->store, "many", two, 2, on_answer, &answers[i]);
		} else {
			store_kv_batch(r->store, "many", &op, 1, on_answer, &answers[i]);
		}
	}
	rig_wait(r, 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(answers[i].code,
				 i == 50 || i == 65 ? FAIL_LIMIT_VALUE : FAIL_NONE);
	}
	store_get_stats(r->store, &stats);
	assert_true(stats.n_commits < 100 && stats.max_commit > 1);
	assert_int_equal(stats.n_writes, 100);
	rig_close(r);
	assert_string_equal(rig_sql(r, "orchflow.db", "SELECT count(*) FROM kv"), "99");
	assert_string_equal(rig_sql(r, "orchflow.db",
				    "SELECT count(*) FROM namespace n WHERE name = 'many' AND "
				    "n_keys = "
				    "99 AND n_bytes = (SELECT sum(length(key) + length(value)) "
				    "FROM kv "
				    "WHERE namespace = n.id)"),
			    "1");
	rig_open(r);
}

/* ---- the Nth write, sync or allocation fails ---- */

/* What was answered is there, what failed is not, and afterwards all is well. */
static void check_after_faults(struct rig *r, const bool *was_set, int n)
{
	char key[16];

	reopen(r);
	assert_int_equal(r->opened.state, STORE_OK);
	assert_string_equal(r->opened.set_aside, "");
	for (int i = 0; i < n; i++) {
		snprintf(key, sizeof key, "k%d", i);
		if (was_set[i])
			assert_string_equal(rig_get(r, key), "value");
	}
	r->n_answers = 0;
	store_check(r->store, rig_done, r);
	rig_wait(r, 1);
	assert_int_equal(r->fail.code, FAIL_NONE);
	assert_int_equal(rig_set(r, "after", "all"), FAIL_NONE);
	assert_int_equal(rig_shell(r, "rm -f ./*.bak"), 0);
}

#define N_SETS 3

static void fail_nth(struct rig *r, enum rig_fault fault, bool sticky, int error)
{
	bool was_set[N_SETS], is_over = false;
	char key[16];

	for (long n = 0; !is_over; n++) {
		unsigned before = rig_count(fault);

		rig_fail_after(fault, n, sticky, error);
		for (int i = 0; i < N_SETS; i++) {
			snprintf(key, sizeof key, "k%d", i);
			was_set[i] = rig_set(r, key, "value") == FAIL_NONE;
			if (!was_set[i] && error == ENOSPC)
				assert_int_equal(r->fail.code, FAIL_STORAGE_FULL);
		}
		is_over = rig_count(fault) - before <= (unsigned)n;
		rig_fail_after(fault, -1, false, 0);
		check_after_faults(r, was_set, N_SETS);
		assert_int_equal(rig_shell(r, "rm -f orchflow.db*; true"), 0);
		reopen(r);
		assert_true(n < 500);
	}
}

static void every_write_may_fail(void **state)
{
	fail_nth(*state, RIG_WRITE, false, EIO);
}

static void the_disk_may_be_full_from_any_write_on(void **state)
{
	fail_nth(*state, RIG_WRITE, true, ENOSPC);
}

static void every_sync_may_fail(void **state)
{
	fail_nth(*state, RIG_SYNC, false, EIO);
}

static void on_a_full_disk_it_says_so_and_goes_on_when_there_is_room(void **state)
{
	struct rig *r = *state;
	struct store_stats stats;

	assert_int_equal(rig_set(r, "k", "old"), FAIL_NONE);
	rig_fail_after(RIG_WRITE, 0, true, ENOSPC);
	assert_int_equal(rig_set(r, "k", "new"), FAIL_STORAGE_FULL);
	store_get_stats(r->store, &stats);
	assert_int_equal(stats.state, STORE_FULL);
	assert_string_equal(rig_get(r, "k"), "old");
	rig_fail_after(RIG_WRITE, -1, true, 0);
	assert_int_equal(rig_set(r, "k", "newer"), FAIL_NONE);
	store_get_stats(r->store, &stats);
	assert_int_equal(stats.state, STORE_OK);
}

static void every_allocation_may_fail(void **state)
{
	struct rig *r = *state;
	bool was_set[N_SETS];
	char key[16];

	for (long n = 0; n < 400; n++) {
		mem_fail_after(n);
		for (int i = 0; i < N_SETS; i++) {
			struct kv_op ops[2] = {
				{ .verb = KV_SET, .key = key, .value = { "value", 5 } },
				{ .verb = KV_GET, .key = key }
			};

			snprintf(key, sizeof key, "k%d", i);
			r->n_answers = 0;
			store_kv_batch(r->store, KV_DEFAULT, ops, 2, on_results, r);
			rig_wait(r, 1);
			was_set[i] = r->fail.code == FAIL_NONE;
			if (!was_set[i] && r->fail.code != FAIL_NO_MEMORY)
				fail_msg("%ld: %s", n, r->fail.detail);
		}
		mem_fail_after(-1);
		for (int i = 0; i < N_SETS; i++) {
			snprintf(key, sizeof key, "k%d", i);
			if (was_set[i])
				assert_string_equal(rig_get(r, key), "value");
		}
		if (n % 8 == 0)
			reopen(r); /* statements and caches made anew */
	}
	assert_int_equal(rig_set(r, "after", "all"), FAIL_NONE);
}

static void opening_may_run_out_of_memory(void **state)
{
	struct rig *r = *state;
	int failed = -1;

	rig_close(r);
	for (long n = 0; failed != 0; n++) {
		mem_fail_after(n);
		failed = store_open(r->dir, &r->opts, &r->store, &r->opened);
		mem_fail_after(-1);
		if (failed == 0 && r->opened.state != STORE_OK) {
			rig_close(r);
			failed = -1;
		}
		assert_true(n < 5000);
		assert_string_equal(r->opened.set_aside, "");
	}
}

/* ---- a torn log ---- */

/* Whatever is cut off the write-ahead log, or written into it: a beginning of what was
 * written is there. */
static void a_torn_log_gives_a_beginning_of_what_was_written(void **state)
{
	struct rig *r = *state;
	struct stat st;
	char wal[128], value[16];

	for (int i = 0; i < 20; i++) {
		snprintf(value, sizeof value, "%d", i);
		assert_int_equal(rig_set(r, "k", value), FAIL_NONE);
	}
	assert_int_equal(rig_shell(r, "mkdir kept && cp orchflow.db orchflow.db-wal kept"), 0);
	rig_close(r);
	snprintf(wal, sizeof wal, "%s/kept/orchflow.db-wal", r->dir);
	assert_int_equal(stat(wal, &st), 0);
	for (long at = 0; at < st.st_size; at += 2999) {
		int last;

		assert_int_equal(rig_shell(r, "rm -f orchflow.db*; cp kept/* ."), 0);
		if (at % 2) {
			assert_int_equal(rig_shell(r, "truncate -s %ld orchflow.db-wal", at), 0);
		} else {
			assert_int_equal(rig_shell(r,
						   "printf GARBAGE | dd of=orchflow.db-wal bs=1 "
						   "seek=%ld conv=notrunc 2>/dev/null",
						   at),
					 0);
		}
		rig_open(r);
		assert_int_equal(r->opened.state, STORE_OK);
		last = atoi(rig_get(r, "k"));
		assert_true(last >= 0 && last < 20);
		store_check(r->store, rig_done, r);
		rig_wait(r, r->n_answers + 1);
		assert_int_equal(r->fail.code, FAIL_NONE);
		rig_close(r);
	}
	rig_open(r);
}

/* A process that is killed in the middle of writing: all that was answered is there. */
static void what_was_answered_survives_kill(void **state)
{
	struct rig *r = *state;
	int pipes[2], n = 0;
	uint32_t last = 0, read_back;
	pid_t pid;

	rig_close(r);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		rig_open(r);
		for (uint32_t i = 1;; i++) {
			char value[16];

			snprintf(value, sizeof value, "%u", i);
			if (rig_set(r, "k", value) != FAIL_NONE || write(pipes[1], &i, 4) != 4)
				_exit(1);
		}
	}
	while (n < 100 && read(pipes[0], &read_back, 4) == 4)
		n++;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pipes[1]);
	last = read_back;
	while (read(pipes[0], &read_back, 4) == 4)
		last = read_back;
	close(pipes[0]);
	rig_open(r);
	assert_true((uint32_t)atoi(rig_get(r, "k")) >= last && last >= 100);
}

/* ---- upkeep ---- */

static void a_backup_is_a_whole_database(void **state)
{
	struct rig *r = *state;
	char path[128];

	assert_int_equal(rig_set(r, "k", "v"), FAIL_NONE);
	put_some(r);
	snprintf(path, sizeof path, "%s/copy.bak", r->dir);
	store_backup(r->store, path, rig_done, r);
	rig_wait(r, r->n_answers + 1);
	assert_string_equal(r->fail.code ? r->fail.detail : "", "");
	assert_int_equal(rig_shell(r, "test \"$(stat -c %%a copy.bak)\" = 600"), 0);
	assert_int_equal(rig_shell(r, "test ! -e copy.bak.part"), 0);
	store_backup(r->store, path, rig_done, r); /* never over what is there */
	rig_wait(r, r->n_answers + 1);
	assert_int_equal(r->fail.code, FAIL_STORAGE_FAILED);
	assert_int_equal(rig_set(r, "k", "later"), FAIL_NONE);
	rig_close(r);
	assert_int_equal(rig_shell(r, "rm orchflow.db*; cp copy.bak orchflow.db"), 0);
	rig_open(r);
	assert_int_equal(r->opened.state, STORE_OK);
	assert_string_equal(rig_get(r, "k"), "v");
	assert_non_null(strstr(load(r), "pane 4"));
}

static void vacuum_gives_room_back(void **state)
{
	struct rig *r = *state;
	struct store_stats before, after;
	static char big[100001];
	char key[16];

	memset(big, 'x', sizeof big - 1);
	for (int i = 0; i < 20; i++) {
		struct kv_op op = { .verb = KV_DELETE, .key = key };

		snprintf(key, sizeof key, "k%d", i);
		assert_int_equal(rig_set(r, key, big), FAIL_NONE);
		store_kv_batch(r->store, KV_DEFAULT, &op, 1, on_results, r);
	}
	rig_wait(r, 40);
	assert_int_equal(rig_set(r, "k0", "small"), FAIL_NONE);
	assert_int_equal(rig_set(r, "k0", "smaller"), FAIL_NONE); /* it looked for the old one */
	store_get_stats(r->store, &before);
	store_vacuum(r->store, rig_done, r); /* beside what the writer did before */
	rig_wait(r, r->n_answers + 1);
	assert_int_equal(r->fail.code, FAIL_NONE);
	store_get_stats(r->store, &after);
	assert_true(after.file_bytes + after.wal_bytes < before.file_bytes + before.wal_bytes);
}

static void the_check_finds_a_damaged_page(void **state)
{
	struct rig *r = *state;
	char key[16];

	for (int i = 0; i < 300; i++) {
		struct kv_op op = { .verb = KV_SET, .key = key, .value = { "0123456789", 10 } };

		snprintf(key, sizeof key, "key-%d", i);
		store_kv_batch(r->store, KV_DEFAULT, &op, 1, on_results, r);
	}
	rig_wait(r, 300);
	rig_close(r);
	damage(r, "kv", 12, 6);
	rig_open(r);
	store_check(r->store, rig_done, r);
	rig_wait(r, r->n_answers + 1);
	assert_int_equal(r->fail.code, FAIL_STORAGE_DAMAGED);
	assert_true(strlen(r->fail.detail) > 0);
}

static void closing_answers_what_was_asked(void **state)
{
	struct rig *r = *state;
	struct kv_op op = { .verb = KV_SET, .key = "k", .value = { "v", 1 } };

	for (int i = 0; i < 50; i++)
		store_kv_batch(r->store, KV_DEFAULT, &op, 1, on_results, r);
	rig_close(r);
	assert_int_equal(r->n_answers, 50);
	rig_open(r);
	assert_string_equal(rig_get(r, "k"), "v");
}

static void a_queue_that_is_full_refuses(void **state)
{
	struct rig *r = *state;
	static char big[100001];
	struct kv_op op = { .verb = KV_SET, .key = "k", .value = { big, 100000 } };
	unsigned n_refused = 0;
	static struct answer answers[1000]; /* more than any disk takes in that time */

	r->opts.max_queue_bytes = 1000000;
	store_configure(r->store, &r->opts);
	for (int i = 0; i < 1000; i++) {
		answers[i] = (struct answer){ r, FAIL_N };
		store_kv_batch(r->store, KV_DEFAULT, &op, 1, on_answer, &answers[i]);
	}
	rig_wait(r, 1000);
	for (int i = 0; i < 1000; i++) {
		assert_true(answers[i].code == FAIL_NONE || answers[i].code == FAIL_LIMIT_PENDING);
		n_refused += answers[i].code != FAIL_NONE;
	}
	assert_true(n_refused > 0 && n_refused < 1000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_are_found_again),
		T(numbers_of_what_was_dropped_are_not_given_out_again),
		T(only_what_is_named_is_kept),
		T(a_file_that_is_no_database_is_set_aside),
		T(a_database_of_something_else_is_set_aside),
		T(a_damaged_table_is_set_aside_with_its_log),
		T(a_database_of_a_newer_version_is_left_as_it_is),
		T(without_locks_it_is_not_used_and_says_so),
		T(without_shared_memory_one_connection_does_all),
		T(a_directory_that_cannot_be_written_is_said),
		T(one_that_fails_spoils_no_other_of_its_commit),
		T(every_write_may_fail),
		T(the_disk_may_be_full_from_any_write_on),
		T(every_sync_may_fail),
		T(on_a_full_disk_it_says_so_and_goes_on_when_there_is_room),
		T(every_allocation_may_fail),
		T(opening_may_run_out_of_memory),
		T(a_torn_log_gives_a_beginning_of_what_was_written),
		T(what_was_answered_survives_kill),
		T(a_backup_is_a_whole_database),
		T(vacuum_gives_room_back),
		T(the_check_finds_a_damaged_page),
		T(closing_answers_what_was_asked),
		T(a_queue_that_is_full_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
