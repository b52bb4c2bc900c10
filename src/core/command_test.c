/* What is made of a shell's marks, in order and out of it, and that it is not lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/command.h"
#include "core/fake_shell.h"
#include "core/state.h"
#include "store/command.h"

/* ---- what the store has ---- */

struct listed {
	char text[4096]; /* "TEXT=EXIT in CWD;" of each, the newest first */
	bool is_done;
};

static void on_list(const struct store_command *v, size_t n, bool has_more, const struct fail *f,
		    void *user)
{
	struct listed *l = user;
	size_t at = 0;

	assert_null(f);
	assert_false(has_more);
	for (size_t i = 0; i < n; i++) {
		at += (size_t)snprintf(l->text + at, sizeof l->text - at, "%s=%d in %s;", v[i].text,
				       v[i].has_exit ? v[i].exit_code : -1, v[i].cwd);
	}
	l->is_done = true;
}

static const char *records(struct fake_keeper *k)
{
	static struct listed l;
	struct command_query q = { .max = 200 };

	l = (struct listed){ 0 };
	store_command_list(core_store(k->core), &q, on_list, &l);
	fake_keeper_until(k, &l.is_done);
	return l.text;
}

/* ---- kept ---- */

static void in_dir(struct fake_keeper *k, const char *format)
{
	char command[512];

	snprintf(command, sizeof command, "cd %s && ", k->dir);
	strncat(command, format, sizeof command - strlen(command) - 1);
	assert_int_equal(system(command), 0);
}

/* As after kill -9 at this moment: nothing that the store is asked for is there. */
static void crash_before_the_store_writes(struct fake_keeper *k)
{
	in_dir(k, "cp registry.log then && cp orchflow.db base 2>/dev/null || true");
	fake_keeper_crash(k);
	in_dir(k, "rm -f orchflow.db* && cp then registry.log");
}

static void a_record_is_in_the_log_before_its_end_is_told(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = fake_shell(k, "bash");

	fake_say(k, p, "$A> $B");
	fake_command(k, p, "make", "", 2);
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 1);
	crash_before_the_store_writes(k);
	fake_keeper_start(k, NULL);
	assert_string_equal(records(k), "make=2 in ;");
}

static void a_record_that_is_in_store_and_log_is_one(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = fake_shell(k, "bash");

	fake_say(k, p, "$P{/tmp}$A> $B");
	fake_command(k, p, "make", "", 0);
	fake_command(k, p, "make", "", 0); /* another, of the same text */
	in_dir(k, "cp registry.log then");
	assert_string_equal(records(k), "make=0 in /tmp;make=0 in /tmp;");
	fake_keeper_crash(k);
	in_dir(k, "cp then registry.log");
	fake_keeper_start(k, NULL);
	assert_string_equal(records(k), "make=0 in /tmp;make=0 in /tmp;");
}

static void a_text_of_any_bytes_comes_back_from_the_log(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = fake_shell(k, "bash");

	fake_say(k, p, "$A> $B");
	fake_command(k, p, "caf\xe9 \"\\ \xe6\xbc\xa2", "", 0);
	crash_before_the_store_writes(k);
	fake_keeper_start(k, NULL);
	assert_non_null(strstr(records(k), "caf"));
	assert_non_null(strstr(records(k), "\"\\ \xe6\xbc\xa2=0"));
}

static void what_is_not_kept_is_not_in_the_log(void **state)
{
	struct fake_keeper *k = *state;
	const char *const ignored[] = { "ls*", NULL };
	struct pane *p = fake_shell(k, "bash");

	assert_int_equal(store_command_ignore(core_store(k->core), ignored), 0);
	fake_say(k, p, "$A> $B");
	fake_command(k, p, " secretive", "", 0);
	fake_command(k, p, "ls -l", "", 0);
	fake_command(k, p, "kept", "", 0);
	in_dir(k, "! grep -q 'secretive\\|ls -l' registry.log && grep -q kept registry.log");
	assert_string_equal(records(k), "kept=0 in ;");
}

static void a_damaged_line_loses_only_itself(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = fake_shell(k, "bash");

	fake_say(k, p, "$A> $B");
	fake_command(k, p, "one", "", 0);
	crash_before_the_store_writes(k);
	in_dir(k, "printf '%s\\n' '{\"t\":\"command\"}' "
		  "'{\"t\":\"command\",\"text\":7,\"end\":[]}' >>registry.log;"
		  " printf '{\"t\":\"command\",\"te' >>registry.log");
	fake_keeper_start(k, NULL);
	assert_non_null(strstr(records(k), "one=0 in ;"));
}

/* Nothing that is written anew leaves them out. */
static void they_stay_in_the_log_while_there_is_no_store(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = fake_shell(k, "bash");

	fake_say(k, p, "$A> $B");
	fake_command(k, p, "before", "", 0);
	fake_keeper_crash(k);
	/* A schema of the future: it is not touched. */
	in_dir(k,
	       "cp orchflow.db good && printf '\\0\\0\\022\\064' | dd of=orchflow.db bs=1 seek=60 "
	       "conv=notrunc 2>/dev/null");
	fake_keeper_start(k, NULL);
	p = fake_shell(k, "bash");
	fake_say(k, p, "$A> $B");
	fake_command(k, p, "meanwhile", "", 1);
	assert_int_equal(registry_rewrite_log(k->core), 0);
	fake_keeper_crash(k);
	in_dir(k, "mv good orchflow.db");
	fake_keeper_start(k, NULL);
	assert_string_equal(records(k), "meanwhile=1 in ;before=0 in ;");
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_keeper_setup, fake_keeper_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_record_is_in_the_log_before_its_end_is_told),
		T(a_record_that_is_in_store_and_log_is_one),
		T(a_text_of_any_bytes_comes_back_from_the_log),
		T(what_is_not_kept_is_not_in_the_log),
		T(a_damaged_line_loses_only_itself),
		T(they_stay_in_the_log_while_there_is_no_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
