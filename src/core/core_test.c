#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "base/mem.h"
#include "core/fake_keeper.h"

static struct pane *make(struct fake_keeper *k)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p = fake_create(k, &spec, &made);

	assert_non_null(p);
	return p;
}

static void assert_reads(struct fake_keeper *k, struct pane *p, enum core_stream which,
			 const char *text)
{
	struct buf got = BUF_INIT;

	assert_int_equal(fake_read(k, p, which, 0, 255, &got), 0);
	assert_int_equal(buf_len(&got), strlen(text));
	assert_memory_equal(buf_data(&got), text, strlen(text));
	buf_fini(&got);
}

static void a_pane_runs_and_what_it_prints_can_be_read(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct pane_info info;

	fake_print(k, p, "hello");
	assert_reads(k, p, CORE_OUT, "hello");
	pane_get_info(p, &info);
	assert_int_equal(info.state, PANE_RUNNING);
	assert_int_equal(info.seq, 5);
	assert_string_equal(info.id, "p1");
	assert_string_equal(info.session_name, "main");
	assert_int_equal(k->n_events[CORE_PANE_CREATED], 1);
}

static void without_a_terminal_stdout_and_stderr_are_apart(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;

	spec.wants_pty = false;
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fake_print(k, p, "out");
	assert_int_equal(write(fake_pane_of(k, 1)->err, "err!", 4), 4);
	fake_print(k, p, ".");
	assert_reads(k, p, CORE_OUT, "out.");
	assert_reads(k, p, CORE_ERR, "err!");
}

static void a_command_that_cannot_start_leaves_nothing(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct core_status s;

	k->fail_step = KEEPER_STEP_EXEC;
	k->fail_error = ENOENT;
	assert_null(fake_create(k, &spec, &made));
	assert_int_equal(made.fail.code, FAIL_COMMAND_NOT_FOUND);
	k->fail_step = KEEPER_STEP_CHDIR;
	k->fail_error = EACCES;
	assert_null(fake_create(k, &spec, &made));
	assert_int_equal(made.fail.code, FAIL_DIRECTORY_NOT_FOUND);
	core_get_status(k->core, &s);
	assert_int_equal(s.n_panes, 0);
	assert_int_equal(s.n_sessions, 0);
}

static void wrong_sizes_are_refused(void **state)
{
	static const int64_t wrong[][2] = {
		{ 0, 24 }, { 80, 0 }, { 100000, 24 }, { 80, 1001 }, { -1, -1 }
	};
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct fake_created made;
	struct fail f;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct pane_spec spec = fake_spec();

		spec.cols = wrong[i][0];
		spec.rows = wrong[i][1];
		assert_null(fake_create(k, &spec, &made));
		assert_int_equal(made.fail.code, FAIL_INVALID_SIZE);
		assert_int_equal(core_pane_resize(k->core, p, spec.cols, spec.rows, &f),
				 FAIL_E_FAILED);
		assert_int_equal(f.code, FAIL_INVALID_SIZE);
	}
}

static void the_same_key_never_starts_a_command_twice(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made;

	spec.key = "abc";
	assert_non_null(fake_create(k, &spec, &made));
	assert_non_null(fake_create(k, &spec, &made));
	assert_int_equal(made.pane, 1);
	fake_keeper_crash(k);
	fake_keeper_start(k, NULL);
	assert_non_null(fake_create(k, &spec, &made));
	assert_int_equal(made.pane, 1);
	assert_int_equal(k->n_panes, 1);

	json_t *other = json_pack("[s]", "/bin/other");
	spec.command = other;
	assert_null(fake_create(k, &spec, &made));
	assert_int_equal(made.fail.code, FAIL_KEY_CONFLICT);
	json_decref(other);
}

static void the_limit_of_panes_is_a_typed_error(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct core_config config;
	struct fake_created made;

	core_config_init(&config);
	config.max_panes = 2;
	core_configure(k->core, &config);
	make(k);
	make(k);
	assert_null(fake_create(k, &spec, &made));
	assert_int_equal(made.fail.code, FAIL_LIMIT_PANES);
}

/* ---- exits ---- */

static void an_exit_comes_after_all_that_was_printed(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct pane_info info;

	assert_int_equal(write(fake_pane_of(k, 1)->slave, "last words", 10), 10);
	fake_pane_exit(k, 1, 7 << 8, true);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	assert_int_equal(k->n_events[CORE_PANE_EXIT], 1);
	assert_int_equal(k->last_exit_seq, 10);
	assert_int_equal(k->n_events[CORE_PANE_CLOSED], 1);
	pane_get_info(p, &info);
	assert_int_equal(info.state, PANE_EXITED);
	assert_int_equal(info.status, 7 << 8);
	assert_reads(k, p, CORE_OUT, "last words");
}

static void survivors_keep_the_terminal_open_after_the_exit(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct pane_info info;

	fake_pane_exit(k, 1, 0, false);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_EXIT], 1);
	assert_int_equal(k->n_events[CORE_PANE_EXIT], 1);
	assert_int_equal(k->n_events[CORE_PANE_CLOSED], 0);
	fake_print(k, p, "still here");
	assert_reads(k, p, CORE_OUT, "still here");
	close(fake_pane_of(k, 1)->slave);
	fake_pane_of(k, 1)->slave = -1;
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	pane_get_info(p, &info);
	assert_true(info.is_closed);
	assert_int_equal(k->n_events[CORE_PANE_CLOSED], 1);
}

static void an_exited_pane_starts_again_and_its_stream_goes_on(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };
	struct pane *p = make(k);
	struct pane_info info;

	fake_print(k, p, "one");
	fake_pane_exit(k, 1, 0, true);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	core_pane_respawn(k->core, p, false, NULL, fake_on_created, &made);
	fake_keeper_until(k, &made.is_done);
	assert_int_equal(made.pane, 1);
	fake_print(k, p, "two");
	assert_reads(k, p, CORE_OUT, "onetwo");
	pane_get_info(p, &info);
	assert_int_equal(info.generation, 1);
	assert_int_equal(k->n_events[CORE_PANE_RESPAWNED], 1);
	made.is_done = false;
	core_pane_respawn(k->core, p, false, NULL, fake_on_created, &made);
	assert_true(made.is_done);
	assert_int_equal(made.fail.code, FAIL_PANE_RUNNING);
}

/* ---- crashes ---- */

static void a_crash_of_the_daemon_loses_neither_bytes_nor_records(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_info info;
	struct pane *p = make(k);
	struct session *s;
	struct fail f;

	fake_print(k, p, "before ");
	assert_int_equal(core_session_create(k->core, "work", "/tmp", NULL, &s, &f), 0);
	fake_keeper_crash(k);
	assert_int_equal(write(fake_pane_of(k, 1)->slave, "meanwhile", 9), 9);
	fake_keeper_start(k, NULL);
	assert_int_equal(core_pane_find(k->core, "p1", &p, &f), 0);
	fake_until_seq(k, p, 16);
	assert_reads(k, p, CORE_OUT, "before meanwhile");
	pane_get_info(p, &info);
	assert_int_equal(info.state, PANE_RUNNING);
	assert_int_equal(core_session_find(k->core, "work", &s, &f), 0);
}

static void an_exit_during_the_crash_is_reported_after_it(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_info info;
	struct pane *p = make(k);
	struct fail f;

	fake_keeper_crash(k);
	fake_pane_exit(k, 1, 9, true);
	fake_keeper_start(k, NULL);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_EXIT], 1);
	assert_int_equal(core_pane_find(k->core, "p1", &p, &f), 0);
	pane_get_info(p, &info);
	assert_int_equal(info.state, PANE_EXITED);
	assert_int_equal(info.status, 9);
	assert_int_equal(k->n_events[CORE_PANE_EXIT], 1);
}

static void without_its_keeper_a_pane_is_lost_with_its_history(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_info info;
	struct pane *p = make(k);
	struct fail f;
	bool is_gone = false;

	fake_print(k, p, "remember me");
	close(k->ours);
	k->ours = -1;
	for (int i = 0; i < 1000 && !is_gone; i++) {
		uv_run(&k->loop, UV_RUN_NOWAIT);
		is_gone = k->n_gone > 0;
	}
	assert_true(is_gone);
	fake_keeper_crash(k);
	/* A new keeper: new arena, no children. */
	close(k->arena_fd);
	assert_int_equal(arena_create(0, &k->arena_fd), 0);
	for (int i = 0; i < 2; i++) {
		if (k->panes[0].fds[i] >= 0)
			close(k->panes[0].fds[i]);
	}
	close(k->panes[0].slave);
	memset(&k->panes[0], 0, sizeof k->panes[0]);
	fake_keeper_start(k, NULL);
	assert_int_equal(core_pane_find(k->core, "p1", &p, &f), 0);
	pane_get_info(p, &info);
	assert_int_equal(info.state, PANE_LOST);
	assert_reads(k, p, CORE_OUT, "remember me");
}

static void a_spawn_that_never_reached_the_keeper_leaves_no_pane(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made = { 0 };
	struct core_status s;

	k->is_silent = true;
	core_pane_create(k->core, &spec, fake_on_created, &made);
	fake_keeper_turn(k, 3);
	assert_false(made.is_done);
	fake_keeper_crash(k);
	fake_keeper_start(k, NULL);
	core_get_status(k->core, &s);
	assert_int_equal(s.n_panes, 0);
	k->is_silent = false;
	assert_non_null(fake_create(k, &spec, &made));
	assert_int_equal(made.pane, 2); /* numbers are never used again */
}

static void a_damaged_registry_is_set_aside(void **state)
{
	struct fake_keeper *k = *state;
	char path[128], command[256];
	struct session *s;
	struct fail f;
	FILE *out;

	assert_int_equal(core_session_create(k->core, "keep", "/", NULL, &s, &f), 0);
	fake_keeper_crash(k);
	snprintf(path, sizeof path, "%s/registry.log", k->dir);
	out = fopen(path, "ae");
	assert_non_null(out);
	fputs("{\"t\":\"pane\"\nrubbish\n\xff\xfe\n{\"t\":\"what\"}\n{\"t\":\"pane\",\"id\":4,"
	      "\"session\":99}\n",
	      out);
	fclose(out);
	fake_keeper_start(k, NULL);
	assert_int_equal(core_session_find(k->core, "keep", &s, &f), 0);
	snprintf(command, sizeof command, "ls %s | grep -q 'registry.log.damaged-'", k->dir);
	assert_int_equal(system(command), 0);
}

/* ---- sizes ---- */

static void the_smallest_viewer_wins(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct winsize w;
	struct fail f;
	int a, b, c;

	assert_int_equal(core_pane_attach(p, &a, 120, 40, false, &f), 0);
	assert_int_equal(core_pane_attach(p, &b, 100, 50, false, &f), 0);
	assert_int_equal(core_pane_attach(p, &c, 10, 10, true, &f), 0);
	ioctl(fake_pane_of(k, 1)->slave, TIOCGWINSZ, &w);
	assert_int_equal(w.ws_col, 100);
	assert_int_equal(w.ws_row, 40);
	core_viewer_gone(k->core, &b);
	ioctl(fake_pane_of(k, 1)->slave, TIOCGWINSZ, &w);
	assert_int_equal(w.ws_col, 120);
	core_pane_detach(k->core, p, &a);
	ioctl(fake_pane_of(k, 1)->slave, TIOCGWINSZ, &w);
	assert_int_equal(w.ws_col, 120);
}

/* ---- sessions ---- */

static void names_of_sessions_are_unique_and_speakable(void **state)
{
	static const char *const wrong[] = { "", "a\nb", "s1", "p7", "\xff" };
	struct fake_keeper *k = *state;
	struct session *s;
	struct fail f;

	assert_int_equal(core_session_create(k->core, "a", "/", NULL, &s, &f), 0);
	assert_int_equal(core_session_create(k->core, "a", "/", NULL, &s, &f), FAIL_E_FAILED);
	assert_int_equal(f.code, FAIL_SESSION_EXISTS);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(core_session_create(k->core, wrong[i], "/", NULL, &s, &f),
				 FAIL_E_FAILED);
		assert_int_equal(f.code, FAIL_INVALID_PARAMS);
	}
	assert_int_equal(core_session_create(k->core, NULL, "/", NULL, &s, &f), 0);
	assert_int_equal(core_session_rename(k->core, s, "a", &f), FAIL_E_FAILED);
	assert_int_equal(core_session_rename(k->core, s, "b", &f), 0);
}

static void memory_that_runs_out_changes_nothing(void **state)
{
	struct fake_keeper *k = *state;
	json_t *env = json_pack("{s:s, s:s}", "HOME", "/root", "A", "b");
	struct core_status s;
	struct session *made = NULL;
	struct fail f;
	int r = FAIL_E_FAILED;

	for (long n = 0; r && n < 50; n++) {
		mem_fail_after(n);
		r = core_session_create(k->core, "x", "/", env, &made, &f);
		mem_fail_after(-1);
		core_get_status(k->core, &s);
		assert_int_equal(s.n_sessions, r ? 0 : 1);
		if (r)
			assert_int_equal(f.code, FAIL_NO_MEMORY);
	}
	assert_int_equal(r, 0);
	json_decref(env);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fake_keeper_setup, fake_keeper_teardown)
	const struct CMUnitTest tests[] = {
		T(a_pane_runs_and_what_it_prints_can_be_read),
		T(without_a_terminal_stdout_and_stderr_are_apart),
		T(a_command_that_cannot_start_leaves_nothing),
		T(wrong_sizes_are_refused),
		T(the_same_key_never_starts_a_command_twice),
		T(the_limit_of_panes_is_a_typed_error),
		T(an_exit_comes_after_all_that_was_printed),
		T(survivors_keep_the_terminal_open_after_the_exit),
		T(an_exited_pane_starts_again_and_its_stream_goes_on),
		T(a_crash_of_the_daemon_loses_neither_bytes_nor_records),
		T(an_exit_during_the_crash_is_reported_after_it),
		T(without_its_keeper_a_pane_is_lost_with_its_history),
		T(a_spawn_that_never_reached_the_keeper_leaves_no_pane),
		T(a_damaged_registry_is_set_aside),
		T(the_smallest_viewer_wins),
		T(names_of_sessions_are_unique_and_speakable),
		T(memory_that_runs_out_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
