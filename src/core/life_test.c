/* The life of panes: who may be removed while what is under way. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/fake_keeper.h"

#define FOR_EVER_MS 60000u

static struct rlimit limit_before;

static int setup(void **state)
{
	struct fake_keeper *k = calloc(1, sizeof *k);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
	fake_keeper_init(k);
	fake_keeper_start(k, NULL);
	*state = k;
	return 0;
}

static int teardown(void **state)
{
	setrlimit(RLIMIT_NOFILE, &limit_before); /* a test that failed may have left it low */
	fake_keeper_fini(*state);
	free(*state);
	return 0;
}

static struct pane *make_in(struct fake_keeper *k, const char *session, bool wants_pty)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;

	spec.session = session;
	spec.wants_pty = wants_pty;
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	return p;
}

static struct pane *make(struct fake_keeper *k)
{
	return make_in(k, NULL, true);
}

/* The program of @p ends and nobody holds its terminal. */
static void end(struct fake_keeper *k, uint64_t number, bool closes)
{
	unsigned n = k->n_events[closes ? CORE_PANE_CLOSED : CORE_PANE_EXIT];

	fake_pane_exit(k, number, 0, closes);
	fake_keeper_until_count(k, &k->n_events[closes ? CORE_PANE_CLOSED : CORE_PANE_EXIT], n + 1);
}

struct told {
	struct fake_keeper *k;
	bool is_done;
	unsigned n;
	enum fail_code code;
	uint64_t wait; /* to be cancelled when told */
};

static void on_done(const struct fail *f, void *user)
{
	struct told *t = user;

	t->is_done = true;
	t->n++;
	t->code = f ? f->code : FAIL_NONE;
}

static void on_killed(const struct core_kill_report *r, const struct fail *f, void *user)
{
	(void)r;
	on_done(f, user);
}

/* ---- deletion ---- */

static void deleting_a_session_twice_at_once_is_answered_twice(void **state)
{
	struct fake_keeper *k = *state;
	struct told one = { 0 }, two = { 0 };
	struct session *s;
	struct fail f;

	make(k);
	make(k);
	assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
	core_session_delete(k->core, s, true, on_done, &one);
	core_session_delete(k->core, s, true, on_done, &two);
	fake_pane_exit(k, 1, 0, true);
	fake_pane_exit(k, 2, 0, true);
	fake_keeper_until(k, &one.is_done);
	fake_keeper_until(k, &two.is_done);
	assert_int_equal(one.n, 1);
	assert_int_equal(two.n, 1);
	assert_int_equal(k->n_events[CORE_SESSION_DELETED], 1);
	assert_int_equal(k->n_events[CORE_PANE_DELETED], 2);
}

static void a_pane_deleted_while_its_session_is_being_deleted_ends_that(void **state)
{
	struct fake_keeper *k = *state;
	struct told t = { 0 };
	struct session *s;
	struct fail f;

	make(k);
	assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
	core_session_delete(k->core, s, true, on_done, &t);
	end(k, 1, true);
	if (!t.is_done)
		assert_int_equal(core_pane_delete(k->core, fake_pane(k, 1), &f), 0);
	assert_true(t.is_done);
	assert_int_equal(t.n, 1);
	assert_int_equal(k->n_events[CORE_SESSION_DELETED], 1);
	assert_int_equal(k->n_events[CORE_PANE_DELETED], 1);
	assert_int_equal(core_session_find(k->core, "main", &s, &f), FAIL_E_FAILED);
}

static void a_session_is_deleted_with_a_pane_that_is_still_starting(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made = { 0 };
	struct told t = { 0 };
	struct session *s;
	struct fail f;

	k->is_silent = true;
	core_pane_create(k->core, &spec, fake_on_created, &made);
	fake_keeper_turn(k, 2);
	assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
	core_session_delete(k->core, s, true, on_done, &t);
	assert_true(t.is_done);
	assert_true(made.is_done);
	assert_int_equal(made.fail.code, FAIL_PANE_NOT_FOUND);
	fake_keeper_turn(k, 2);
	assert_int_equal(k->last_signal.signo, SIGKILL); /* it may hold no terminal to hang up */
	assert_int_equal(k->n_forgotten, 1);
	assert_int_equal(k->n_events[CORE_PANE_DELETED], 0); /* nobody heard of it */
}

static void two_kills_of_a_pane_are_both_answered(void **state)
{
	struct fake_keeper *k = *state;
	struct told one = { 0 }, two = { 0 };
	struct pane *p = make(k);

	core_pane_kill(k->core, p, true, FOR_EVER_MS, on_killed, &one);
	core_pane_kill(k->core, p, false, FOR_EVER_MS, on_killed, &two);
	end(k, 1, true);
	fake_keeper_until(k, &one.is_done);
	fake_keeper_until(k, &two.is_done);
	assert_int_equal(one.n + two.n, 2);
	assert_int_equal(one.code, FAIL_NONE);
}

static void at_the_end_all_that_wait_are_told_and_nothing_is_left(void **state)
{
	struct fake_keeper *k = *state;
	struct told kill = { 0 }, deletion = { 0 }, shutdown = { 0 };
	struct fake_created respawn = { 0 };
	struct session *s;
	struct fail f;

	make(k);
	make_in(k, "other", true);
	assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
	core_pane_kill(k->core, fake_pane(k, 1), true, FOR_EVER_MS, on_killed, &kill);
	core_session_delete(k->core, s, true, on_done, &deletion);
	core_pane_respawn(k->core, fake_pane(k, 2), true, NULL, fake_on_created, &respawn);
	core_shutdown(k->core, FOR_EVER_MS, on_killed, &shutdown);
	fake_keeper_crash(k);
	assert_int_equal(kill.n, 1);
	assert_int_equal(deletion.n, 1);
	assert_int_equal(shutdown.n, 1);
	assert_true(respawn.is_done);
	assert_int_not_equal(shutdown.code, FAIL_NONE);
	fake_keeper_start(k, NULL);
	assert_non_null(fake_pane(k, 1)); /* a daemon that ends takes nothing along */
	assert_non_null(fake_pane(k, 2));
}

static void on_processes(const struct core_process *ps, size_t n, const struct fail *f, void *user)
{
	(void)ps;
	(void)n;
	on_done(f, user);
}

/* Other threads open files too when a core has just started: the number that stays the lowest. */
static int lowest_free(struct fake_keeper *k)
{
	int lowest = -1;

	for (int same = 0, i = 0; same < 20 && i < 2000; i++) {
		int fd;

		fake_keeper_turn(k, 1); /* the listening socket is handed over */
		poll(NULL, 0, 1);
		fd = dup(0);
		assert_true(fd >= 0);
		close(fd);
		same = fd == lowest ? same + 1 : 0;
		lowest = fd;
	}
	return lowest;
}

static void a_census_that_cannot_look_does_not_say_that_nobody_is_there(void **state)
{
	struct fake_keeper *k = *state;
	struct told listed = { 0 }, killed = { 0 };
	struct rlimit low;
	pid_t pid = fork();
	int status, lowest;

	assert_true(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 60; i++)
			sleep(1);
		_exit(0);
	}
	lowest = lowest_free(k);
	low = limit_before;
	low.rlim_cur = (rlim_t)lowest + 1; /* for the directory, not for what is in it */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	core_processes(k->core, NULL, on_processes, &listed);
	core_shutdown(k->core, 50, on_killed, &killed);
	fake_keeper_until(k, &listed.is_done);
	fake_keeper_turn(k, 20);
	assert_int_equal(listed.code, FAIL_NO_DESCRIPTORS);
	assert_false(killed.is_done);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit_before), 0);
	for (int i = 0; i < 5000 && !killed.is_done; i++) {
		fake_keeper_turn(k, 1);
		waitpid(pid, &status, WNOHANG);
		poll(NULL, 0, 1);
	}
	assert_true(killed.is_done);
	assert_int_equal(kill(pid, 0), -1);
}

static void a_pane_that_starts_for_ever_can_be_killed(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created created = { 0 };
	struct told killed = { 0 };
	struct pane_spec spec = fake_spec();

	k->is_silent = true;
	core_pane_create(k->core, &spec, fake_on_created, &created);
	fake_keeper_turn(k, 2);
	core_pane_kill(k->core, core_pane_next(k->core, 0), false, 2000, on_killed, &killed);
	fake_keeper_until_count(k, &k->n_signals, 1);
	assert_int_equal(k->last_signal.signo, SIGHUP);
	assert_int_equal(k->last_signal.target, KEEPER_TO_LEADER);
	assert_false(killed.is_done);
	/* The keeper reaps it before it came to exec. */
	fake_spawned(k, k->last_signal.pane, 0, KEEPER_STEP_EXEC);
	fake_keeper_until(k, &killed.is_done);
	assert_int_equal(killed.code, FAIL_NONE);
	assert_true(created.is_done);
	assert_int_not_equal(created.fail.code, FAIL_NONE);
	assert_null(core_pane_next(k->core, 0));
}

static void a_create_that_fails_does_not_move_the_active_pane(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created created[3] = { { 0 } };
	struct pane_spec spec = fake_spec();
	struct pane *first = fake_create(k, &spec, &created[0]);
	struct session *s;
	struct fail f;

	(void)fake_create(k, &spec, &created[0]);
	assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
	(void)first;
	uint64_t active = pane_number(session_active(s));
	k->is_silent = true;
	for (int i = 1; i < 3; i++)
		core_pane_create(k->core, &spec, fake_on_created, &created[i]);
	fake_keeper_turn(k, 2);
	/* In either order. */
	fake_spawned(k, active + 1, 0, KEEPER_STEP_EXEC);
	fake_keeper_until(k, &created[1].is_done);
	fake_spawned(k, active + 2, 0, KEEPER_STEP_EXEC);
	fake_keeper_until(k, &created[2].is_done);
	assert_int_equal(pane_number(session_active(s)), active);
}

/* ---- waits ---- */

static void on_waited(const struct core_wait_result *r, const struct fail *f, void *user)
{
	struct told *t = user;
	struct pane *p = fake_pane(t->k, 1);
	struct fail ignored;

	(void)r;
	on_done(f, user);
	if (t->wait)
		core_wait_cancel(t->k->core, t->wait);
	if (p && t->n == 1 && !t->wait)
		(void)!core_pane_delete(t->k->core, p, &ignored);
}

static void who_is_told_may_cancel_the_wait_that_comes_next(void **state)
{
	struct fake_keeper *k = *state;
	struct core_wait_spec spec = { .wants_exit = true, .idle_ms = -1, .timeout_ms = -1 };
	struct told t[3] = { { .k = k }, { .k = k }, { .k = k, .wait = UINT64_MAX } };
	struct pane *p = make(k);
	uint64_t id;

	core_wait(k->core, p, &spec, on_waited, &t[0], &id);
	core_wait(k->core, p, &spec, on_waited, &t[1], &t[0].wait);
	core_wait(k->core, p, &spec, on_waited, &t[2], &id);
	end(k, 1, false);
	assert_int_equal(t[0].n, 1);
	assert_int_equal(t[1].n, 0);
	assert_int_equal(t[2].n, 1);
}

static void who_is_told_may_delete_the_pane(void **state)
{
	struct fake_keeper *k = *state;
	struct core_wait_spec spec = { .wants_exit = true, .idle_ms = -1, .timeout_ms = -1 };
	struct told t[2] = { { .k = k }, { .k = k, .n = 1 } };
	struct pane *p = make(k);
	uint64_t id;

	core_wait(k->core, p, &spec, on_waited, &t[0], &id);
	core_wait(k->core, p, &spec, on_waited, &t[1], &id);
	fake_pane_exit(k, 1, 0, false);
	fake_keeper_until(k, &t[0].is_done);
	fake_keeper_turn(k, 3);
	assert_int_equal(t[0].n, 1);
	assert_int_equal(t[1].n, 2);
	assert_int_equal(t[1].code, FAIL_PANE_NOT_FOUND);
	assert_null(fake_pane(k, 1));
}

/* ---- starting again ---- */

static void a_pane_starts_again_while_survivors_hold_its_terminal(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };
	struct pane *p = make(k);

	fake_print(k, p, "one");
	end(k, 1, false);
	core_pane_respawn(k->core, p, false, NULL, fake_on_created, &made);
	fake_keeper_until(k, &made.is_done);
	assert_int_equal(made.pane, 1);
	fake_print(k, p, "two");
	fake_keeper_turn(k, 3);
	end(k, 1, true);
}

static void a_kill_does_not_wait_for_what_was_started_anew(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };
	struct told t = { 0 };
	struct pane *p = make(k);

	core_pane_kill(k->core, p, true, FOR_EVER_MS, on_killed, &t);
	fake_pane_exit(k, 1, 0, true);
	for (int i = 0; i < 5000 && k->n_events[CORE_PANE_CLOSED] == 0; i++)
		uv_run(&k->loop, UV_RUN_NOWAIT);
	if (!t.is_done) { /* the census has not come back yet */
		core_pane_respawn(k->core, p, false, NULL, fake_on_created, &made);
		fake_keeper_until(k, &made.is_done);
	}
	fake_keeper_until(k, &t.is_done);
	assert_int_equal(t.code, FAIL_NONE);
}

static void the_same_key_never_starts_a_pane_anew_twice(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created one = { 0 }, two = { 0 }, three = { 0 };
	struct pane_info info;
	struct pane *p = make(k);

	end(k, 1, true);
	k->is_silent = true;
	core_pane_respawn(k->core, p, false, "again", fake_on_created, &one);
	core_pane_respawn(k->core, p, false, "again", fake_on_created, &two);
	assert_false(one.is_done);
	assert_false(two.is_done);
	fake_keeper_turn(k, 2);
	fake_keeper_crash(k);
	k->is_silent = false;
	fake_keeper_start(k, NULL);
	/* It never got to the keeper: now it may. */
	p = fake_pane(k, 1);
	assert_non_null(p);
	core_pane_respawn(k->core, p, false, "again", fake_on_created, &three);
	fake_keeper_until(k, &three.is_done);
	assert_int_equal(three.pane, 1);
	end(k, 1, true);
	three.is_done = false;
	core_pane_respawn(k->core, p, false, "again", fake_on_created, &three);
	assert_true(three.is_done);
	assert_int_equal(three.pane, 1);
	pane_get_info(p, &info);
	assert_int_equal(info.state, PANE_EXITED);
}

static void a_command_that_cannot_start_again_leaves_an_exited_pane(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };
	struct pane_info info;
	struct fail f;
	struct pane *p = make(k);

	end(k, 1, true);
	k->fail_step = KEEPER_STEP_EXEC;
	k->fail_error = ENOENT;
	core_pane_respawn(k->core, p, false, "key", fake_on_created, &made);
	fake_keeper_until(k, &made.is_done);
	assert_int_equal(made.fail.code, FAIL_COMMAND_NOT_FOUND);
	pane_get_info(p, &info);
	assert_int_equal(info.state, PANE_EXITED);
	assert_true(info.is_closed);
	made.is_done = false;
	core_pane_respawn(k->core, p, false, "key", fake_on_created, &made);
	fake_keeper_until(k, &made.is_done);
	assert_int_equal(made.pane, 1);
	assert_int_equal(core_pane_delete(k->core, p, &f), FAIL_E_FAILED);
}

static void a_size_that_changes_while_it_starts_reaches_the_terminal(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made = { 0 };
	struct winsize w;
	struct fail f;

	core_pane_create(k->core, &spec, fake_on_created, &made);
	assert_int_equal(core_pane_resize(k->core, fake_pane(k, 1), 100, 30, &f), 0);
	fake_keeper_until(k, &made.is_done);
	ioctl(fake_pane_of(k, 1)->slave, TIOCGWINSZ, &w);
	assert_int_equal(w.ws_col, 100);
	assert_int_equal(w.ws_row, 30);
}

/* ---- order ---- */

static void what_goes_to_stderr_comes_before_the_exit_too(void **state)
{
	static char big[65536];
	struct fake_keeper *k = *state;
	struct pane *p = make_in(k, NULL, false);
	struct pane_info info;

	assert_int_equal(write(fake_pane_of(k, 1)->out, big, sizeof big), sizeof big);
	assert_int_equal(write(fake_pane_of(k, 1)->err, "why", 3), 3);
	fake_pane_exit(k, 1, 0, false); /* a survivor holds both: only reading tells */
	for (int i = 0; i < 5000 && k->n_events[CORE_PANE_EXIT] == 0; i++)
		fake_keeper_turn(k, 1);
	assert_int_equal(k->n_events[CORE_PANE_EXIT], 1);
	assert_int_equal(k->last_exit_seq, sizeof big);
	assert_int_equal(k->last_exit_err_seq, 3);
	pane_get_info(p, &info);
	assert_int_equal(info.err_seq, 3);
}

/* ---- memory ---- */

static void the_oldest_exited_panes_go_when_there_are_too_many(void **state)
{
	struct fake_keeper *k = *state;
	struct core_config config;
	struct core_status s;

	core_config_init(&config);
	config.max_panes = 3;
	config.exited_keep_n = 2;
	core_configure(k->core, &config);
	for (uint64_t i = 1; i <= 8; i++) {
		make(k);
		end(k, i, true);
	}
	core_get_status(k->core, &s);
	assert_true(s.n_panes <= 4);
	assert_null(fake_pane(k, 1));
	assert_non_null(fake_pane(k, 8));
}

static void a_create_that_runs_out_of_memory_leaves_nothing(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	json_t *env = json_pack("{s:s}", "A", "b"), *command = json_pack("[s]", "/bin/true"),
	       *metadata = json_pack("{s:s}", "m", "n");
	struct fake_created made = { 0 };
	struct pane_info info;
	struct core_status s;

	spec.title = "title";
	spec.kind = "kind";
	spec.key = "key";
	spec.env = env;
	spec.command = command;
	spec.metadata = metadata;
	for (long n = 0; made.pane == 0 && n < 500; n++) {
		memset(&made, 0, sizeof made);
		mem_fail_after(n);
		core_pane_create(k->core, &spec, fake_on_created, &made);
		fake_keeper_turn(k, 4);
		mem_fail_after(-1);
		fake_keeper_until(k, &made.is_done);
		core_get_status(k->core, &s);
		assert_int_equal(s.n_sessions, made.pane ? 1 : 0);
		assert_int_equal(s.n_panes, made.pane ? 1 : 0);
		if (!made.pane)
			assert_int_equal(made.fail.code, FAIL_NO_MEMORY);
	}
	assert_int_not_equal(made.pane, 0);
	pane_get_info(fake_pane(k, made.pane), &info);
	assert_string_equal(info.title, "title");
	assert_string_equal(info.kind, "kind");
	json_decref(env);
	json_decref(command);
	json_decref(metadata);
}

static void on_written(size_t n, uint64_t input_seq, const struct fail *f, void *user)
{
	(void)n;
	(void)input_seq;
	on_done(f, user);
}

static void what_runs_out_of_memory_is_answered_and_changes_nothing(void **state)
{
	struct fake_keeper *k = *state;
	struct core_wait_spec wait = {
		.regex = "never", .wants_exit = true, .idle_ms = -1, .timeout_ms = -1
	};
	struct told written = { 0 }, waited[20], killed = { 0 }, deleted = { 0 };
	struct pane *p = make(k);
	struct session *s;
	struct fail f;
	uint64_t id;

	for (long n = 0; n < 20; n++) {
		waited[n] = (struct told){ .k = k, .wait = UINT64_MAX };
		mem_fail_after(n);
		core_pane_write(k->core, p, "x", 1, on_written, &written);
		core_wait(k->core, p, &wait, on_waited, &waited[n], &id);
		mem_fail_after(-1);
		assert_int_equal(written.n, n + 1);
		assert_int_equal(waited[n].is_done, id == 0);
	}
	assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
	for (long n = 0; n < 2 && !killed.is_done; n++) {
		mem_fail_after(n);
		core_pane_kill(k->core, p, true, FOR_EVER_MS, on_killed, &killed);
		core_session_delete(k->core, s, true, on_done, &deleted);
		fake_keeper_turn(k, 20); /* censuses without memory tell nothing */
		mem_fail_after(-1);
	}
	assert_int_equal(deleted.code, FAIL_NO_MEMORY);
	assert_non_null(fake_pane(k, 1));
	fake_keeper_crash(k); /* who still waits is told, and lives until here only */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(deleting_a_session_twice_at_once_is_answered_twice),
		T(a_pane_deleted_while_its_session_is_being_deleted_ends_that),
		T(a_session_is_deleted_with_a_pane_that_is_still_starting),
		T(two_kills_of_a_pane_are_both_answered),
		T(at_the_end_all_that_wait_are_told_and_nothing_is_left),
		T(a_census_that_cannot_look_does_not_say_that_nobody_is_there),
		T(a_pane_that_starts_for_ever_can_be_killed),
		T(a_create_that_fails_does_not_move_the_active_pane),
		T(who_is_told_may_cancel_the_wait_that_comes_next),
		T(who_is_told_may_delete_the_pane),
		T(a_pane_starts_again_while_survivors_hold_its_terminal),
		T(a_kill_does_not_wait_for_what_was_started_anew),
		T(the_same_key_never_starts_a_pane_anew_twice),
		T(a_command_that_cannot_start_again_leaves_an_exited_pane),
		T(a_size_that_changes_while_it_starts_reaches_the_terminal),
		T(what_goes_to_stderr_comes_before_the_exit_too),
		T(the_oldest_exited_panes_go_when_there_are_too_many),
		T(a_create_that_runs_out_of_memory_leaves_nothing),
		T(what_runs_out_of_memory_is_answered_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
