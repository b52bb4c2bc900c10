#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/command.h"
#include "store/rig.h"

#define DAY_US 86400000000ull

static char said[4096];
static uint64_t last_id;

static void append(const char *text)
{
	size_t n = strlen(said);

	snprintf(said + n, sizeof said - n, "%s;", text);
}

static void on_put(uint64_t id, const struct fail *f, void *user)
{
	last_id = id;
	rig_done(f, user);
}

static uint64_t put(struct rig *r, const char *text, const char *cwd, int exit_code,
		    uint64_t start_us)
{
	struct store_command c = { .pane = 1,
				   .session = 2,
				   .number = 3,
				   .text = text,
				   .cwd = cwd,
				   .shell = "bash",
				   .start_us = start_us,
				   .end_us = start_us + 5,
				   .has_exit = true,
				   .exit_code = exit_code,
				   .has_seq = true,
				   .seq_from = 10,
				   .seq_to = 20 };

	r->n_answers = 0;
	store_command_put(r->store, &c, on_put, r);
	rig_wait(r, 1);
	assert_int_equal(r->fail.code, FAIL_NONE);
	return last_id;
}

static void on_list(const struct store_command *v, size_t n, bool has_more, const struct fail *f,
		    void *user)
{
	said[0] = 0;
	for (size_t i = 0; i < n; i++)
		append(v[i].text);
	if (has_more)
		append("...");
	rig_done(f, user);
}

static const char *list(struct rig *r, struct command_query q)
{
	if (q.max == 0)
		q.max = 100;
	r->n_answers = 0;
	store_command_list(r->store, &q, on_list, r);
	rig_wait(r, 1);
	return said;
}

static void on_texts(const struct command_text *v, size_t n, const struct fail *f, void *user)
{
	said[0] = 0;
	for (size_t i = 0; i < n; i++)
		append(v[i].text);
	rig_done(f, user);
}

static const char *suggest(struct rig *r, const char *prefix, const char *cwd, uint32_t max)
{
	struct command_suggest q = { .prefix = prefix, .cwd = cwd, .max = max };

	r->n_answers = 0;
	store_command_suggest(r->store, &q, on_texts, r);
	rig_wait(r, 1);
	return said;
}

static void records_are_listed_newest_first_and_by_what_they_are(void **state)
{
	struct rig *r = *state;

	put(r, "make", "/a", 0, 100);
	put(r, "make test", "/b", 2, 300);
	put(r, "echo 100%_", "/a", 0, 200);
	assert_string_equal(list(r, (struct command_query){ 0 }), "make test;echo 100%_;make;");
	assert_string_equal(list(r, (struct command_query){ .max = 1 }), "make test;...;");
	assert_string_equal(list(r, (struct command_query){ .text = "MAKE" }), "make test;make;");
	assert_string_equal(list(r, (struct command_query){ .text = "0%_" }), "echo 100%_;");
	assert_string_equal(list(r, (struct command_query){ .text = "a_e" }), "");
	assert_string_equal(list(r, (struct command_query){ .cwd = "/a" }), "echo 100%_;make;");
	assert_string_equal(list(r, (struct command_query){ .wants_failed = true }), "make test;");
	assert_string_equal(list(r, (struct command_query){ .has_exit = true, .exit_code = 2 }),
			    "make test;");
	assert_string_equal(list(r, (struct command_query){ .since_us = 150, .until_us = 250 }),
			    "echo 100%_;");
	assert_string_equal(list(r, (struct command_query){ .before_us = 200, .before = 3 }),
			    "make;");
	assert_string_equal(list(r, (struct command_query){ .pane = 7 }), "");
	store_command_get(r->store, 2, on_list, r);
	rig_wait(r, 2);
	assert_string_equal(said, "make test;");
	store_command_get(r->store, 99, on_list, r);
	rig_wait(r, 3);
	assert_int_equal(r->fail.code, FAIL_RECORD_NOT_FOUND);
}

static void what_is_not_to_be_kept_is_not(void **state)
{
	struct rig *r = *state;
	const char *patterns[] = { "*secret*", "rm *", NULL };

	assert_int_equal(store_command_ignore(r->store, patterns), 0);
	assert_int_equal(put(r, " export KEY=1", "/", 0, 1), 0);
	assert_int_equal(put(r, "curl -H secret: x", "/", 0, 2), 0);
	assert_int_equal(put(r, "rm -rf x", "/", 0, 3), 0);
	assert_true(put(r, "ls", "/", 0, 4) > 0);
	assert_string_equal(list(r, (struct command_query){ 0 }), "ls;");
}

static void what_is_run_often_and_lately_and_here_is_suggested_first(void **state)
{
	struct rig *r = *state;
	uint64_t now = clock_wall_us();

	for (int i = 0; i < 5; i++)
		put(r, "git old", "/a", 0, now - 60 * DAY_US + (uint64_t)i);
	put(r, "git once", "/a", 0, now - DAY_US);
	for (int i = 0; i < 2; i++)
		put(r, "git often", "/b", 0, now - DAY_US + (uint64_t)i);
	for (int i = 0; i < 3; i++)
		put(r, "git fails", "/b", 1, now - DAY_US + (uint64_t)i);
	put(r, "ls", "/a", 0, now);
	assert_string_equal(suggest(r, "git ", NULL, 9), "git often;git fails;git once;git old;");
	assert_string_equal(suggest(r, "git ", "/a", 9), "git once;git often;git fails;git old;");
	assert_string_equal(suggest(r, "git ", NULL, 1), "git often;");
	assert_string_equal(suggest(r, "nothing", NULL, 9), "");
}

static void on_count(uint64_t n, const struct fail *f, void *user)
{
	snprintf(said, sizeof said, "%d", (int)n);
	rig_done(f, user);
}

static void an_import_may_be_repeated(void **state)
{
	struct rig *r = *state;
	struct store_command cs[3] = {
		{ .text = "a", .start_us = 1, .source = COMMAND_IMPORTED },
		{ .text = "b", .start_us = 2, .source = COMMAND_IMPORTED },
		{ .text = " c", .start_us = 3, .source = COMMAND_IMPORTED }
	};

	for (int i = 0; i < 2; i++) {
		r->n_answers = 0;
		store_command_import(r->store, cs, 3, on_count, r);
		rig_wait(r, 1);
		assert_string_equal(said, i == 0 ? "2" : "0");
	}
	assert_string_equal(list(r, (struct command_query){ 0 }), "b;a;");
}

static void the_oldest_go_when_there_are_too_many(void **state)
{
	struct rig *r = *state;
	static struct store_command cs[1500];
	static char texts[1500][8];

	r->opts.max_commands = 1200;
	store_configure(r->store, &r->opts);
	for (int i = 0; i < 1500; i++) {
		snprintf(texts[i], sizeof texts[i], "t%d", i);
		cs[i] = (struct store_command){ .text = texts[i], .start_us = (uint64_t)i + 1 };
	}
	store_command_import(r->store, cs, 1500, on_count, r);
	rig_wait(r, 1);
	assert_string_equal(list(r, (struct command_query){ .max = 2 }), "t1499;t1498;...;");
	rig_close(r);
	assert_string_equal(rig_sql(r, "orchflow.db", "SELECT count(*) FROM command"), "200");
	assert_string_equal(rig_sql(r, "orchflow.db", "SELECT count(*) FROM command_text"), "200");
	rig_open(r);
}

static void a_read_sees_what_was_asked_for_before_it(void **state)
{
	struct rig *r = *state;
	struct command_query q = { .max = 200 };
	struct store_command c = { .pane = 1, .text = "x", .cwd = "", .shell = "" };

	for (c.start_us = 1; c.start_us <= 20; c.start_us++)
		store_command_put(r->store, &c, NULL, NULL);
	store_command_list(r->store, &q, on_list, r);
	rig_wait(r, 1);
	assert_int_equal(strlen(said), 20 * strlen("x;"));
	store_command_put(r->store, &c, NULL, NULL);
	store_command_list(r->store, &q, on_list, r); /* what never ran is answered all the same */
	rig_close(r);
	assert_int_equal(r->n_answers, 2);
	rig_open(r);
}

static void on_stats(const struct command_stats *v, const struct fail *f, void *user)
{
	snprintf(said, sizeof said, "%d %d %d %s", (int)v->n_records, (int)v->n_texts,
		 (int)v->n_failed, v->top[0].text);
	rig_done(f, user);
}

static void statistics_count(void **state)
{
	struct rig *r = *state;

	put(r, "a", "/", 0, 1);
	put(r, "b", "/", 1, 2);
	put(r, "b", "/", 0, 3);
	store_command_stats(r->store, 5, on_stats, r);
	rig_wait(r, 2);
	assert_string_equal(said, "3 2 1 b");
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_are_listed_newest_first_and_by_what_they_are),
		T(what_is_not_to_be_kept_is_not),
		T(what_is_run_often_and_lately_and_here_is_suggested_first),
		T(an_import_may_be_repeated),
		T(the_oldest_go_when_there_are_too_many),
		T(a_read_sees_what_was_asked_for_before_it),
		T(statistics_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
