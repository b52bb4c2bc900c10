/* What the next daemon makes of a crash between any two steps. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "core/fake_keeper.h"

static struct pane *make(struct fake_keeper *k)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p = fake_create(k, &spec, &made);

	assert_non_null(p);
	return p;
}

static void end(struct fake_keeper *k, uint64_t number, bool closes)
{
	unsigned n = k->n_events[closes ? CORE_PANE_CLOSED : CORE_PANE_EXIT];

	fake_pane_exit(k, number, 3 << 8, closes);
	fake_keeper_until_count(k, &k->n_events[closes ? CORE_PANE_CLOSED : CORE_PANE_EXIT], n + 1);
}

static void restart(struct fake_keeper *k)
{
	fake_keeper_crash(k);
	fake_keeper_start(k, NULL);
}

static struct pane_info info_of(struct fake_keeper *k, uint64_t number)
{
	struct pane *p = fake_pane(k, number);
	struct pane_info info;

	assert_non_null(p);
	pane_get_info(p, &info);
	return info;
}

/* ---- exits ---- */

static void an_exit_that_was_told_is_not_told_again(void **state)
{
	struct fake_keeper *k = *state;

	make(k);
	end(k, 1, false);
	restart(k);
	fake_keeper_turn(k, 5);
	assert_int_equal(info_of(k, 1).state, PANE_EXITED);
	assert_int_equal(info_of(k, 1).status, 3 << 8);
	fake_print(k, fake_pane(k, 1), "a survivor");
	assert_int_equal(k->n_events[CORE_PANE_EXIT], 1);
	assert_int_equal(k->n_events[CORE_PANE_CLOSED], 0);
	close(fake_pane_of(k, 1)->slave);
	fake_pane_of(k, 1)->slave = -1;
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	assert_int_equal(k->n_events[CORE_PANE_EXIT], 1);
}

static void a_pane_that_was_closed_is_forgotten_once_more(void **state)
{
	struct fake_keeper *k = *state;

	k->is_deaf = true;
	for (uint64_t i = 1; i <= 14; i++) { /* more than the socket holds */
		make(k);
		end(k, i, true);
	}
	fake_keeper_turn(k, 2);
	fake_keeper_crash(k);
	k->is_deaf = false;
	k->n_forgotten = 0;
	fake_keeper_start(k, NULL);
	fake_keeper_until_count(k, &k->n_forgotten, 14);
	assert_int_equal(info_of(k, 14).state, PANE_EXITED);
	assert_int_equal(k->n_events[CORE_PANE_CLOSED], 14);
}

/* ---- starts ---- */

static void begin(struct fake_keeper *k, struct fake_created *made)
{
	struct pane_spec spec = fake_spec();

	k->is_slow = true;
	core_pane_create(k->core, &spec, fake_on_created, made);
	fake_keeper_turn(k, 3);
	assert_false(made->is_done);
	restart(k);
	assert_int_equal(info_of(k, 1).state, PANE_STARTING);
	fake_pane_of(k, 1)->child.state = KEEPER_CHILD_RUNNING;
}

static void a_start_that_an_earlier_daemon_asked_for_is_taken_over(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };

	begin(k, &made);
	fake_spawned(k, 1, 7, KEEPER_STEP_NONE); /* of another generation */
	fake_keeper_turn(k, 2);
	assert_int_equal(info_of(k, 1).state, PANE_STARTING);
	fake_spawned(k, 1, 0, KEEPER_STEP_NONE);
	fake_spawned(k, 1, 0, KEEPER_STEP_NONE); /* twice */
	fake_spawned(k, 1, 0, KEEPER_STEP_EXEC); /* and with another end */
	fake_keeper_turn(k, 3);
	assert_int_equal(info_of(k, 1).state, PANE_RUNNING);
	assert_int_equal(k->n_events[CORE_PANE_CREATED], 1);
	fake_print(k, fake_pane(k, 1), "hello");
}

static void a_start_that_fails_under_the_next_daemon_leaves_no_pane(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };

	begin(k, &made);
	fake_spawned(k, 1, 0, KEEPER_STEP_EXEC);
	fake_keeper_turn(k, 2);
	assert_null(fake_pane(k, 1));
	fake_keeper_lose(k, 1);
	k->is_slow = false;
	assert_int_equal(pane_number(make(k)), 2);
}

static void on_done(const struct fail *f, void *user)
{
	(void)user;
	assert_null(f);
}

static void a_start_whose_pane_was_deleted_meanwhile_is_ended(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };
	struct session *s;
	struct fail f;

	begin(k, &made);
	assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
	core_session_delete(k->core, s, true, on_done, NULL);
	assert_null(fake_pane(k, 1));
	fake_keeper_turn(k, 2);
	k->n_signals = k->n_forgotten = 0;
	fake_spawned(k, 1, 0, KEEPER_STEP_NONE); /* it was on its way */
	fake_keeper_turn(k, 3);
	assert_int_equal(k->last_signal.signo, SIGKILL);
	assert_int_equal(k->n_signals, 1);
	assert_int_equal(k->n_forgotten, 1);
}

/* ---- starting again ---- */

static void a_respawn_that_never_reached_the_keeper_leaves_an_exited_pane(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };
	struct fail f;

	make(k);
	end(k, 1, false);
	core_pane_respawn(k->core, fake_pane(k, 1), false, "key", fake_on_created, &made);
	restart(k); /* neither FORGET nor SPAWN was read */
	assert_int_equal(info_of(k, 1).state, PANE_EXITED);
	fake_keeper_until_count(k, &k->n_forgotten, 1);
	assert_int_equal(core_pane_delete(k->core, fake_pane(k, 1), &f), 0);
}

static void the_keepers_newer_generation_is_right(void **state)
{
	struct fake_keeper *k = *state;

	make(k);
	end(k, 1, false);
	fake_keeper_crash(k);
	fake_pane_of(k, 1)->child.generation = 1;
	fake_pane_of(k, 1)->child.state = KEEPER_CHILD_RUNNING;
	fake_keeper_start(k, NULL);
	assert_int_equal(info_of(k, 1).state, PANE_RUNNING);
	assert_int_equal(info_of(k, 1).generation, 1);
	fake_print(k, fake_pane(k, 1), "again");
	end(k, 1, true);
}

/* ---- deletions ---- */

static void a_pane_that_was_deleted_does_not_come_back(void **state)
{
	struct fake_keeper *k = *state;
	struct session *s;
	struct fail f;

	make(k);
	end(k, 1, false);
	assert_int_equal(core_pane_delete(k->core, fake_pane(k, 1), &f), 0);
	restart(k); /* FORGET was not read */
	assert_null(fake_pane(k, 1));
	assert_int_equal(core_session_find(k->core, "recovered", &s, &f), FAIL_E_FAILED);
	fake_keeper_until_count(k, &k->n_forgotten, 1);
	assert_int_equal(pane_number(make(k)), 2);
}

/* ---- the registry on a full disk ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t registry_bytes(struct fake_keeper *k)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/registry.log", k->dir);
	assert_int_equal(stat(path, &st), 0);
	return (rlim_t)st.st_size;
}

/* The file is larger than what else is written (spawn blocks). */
static void fill_registry(struct fake_keeper *k)
{
	struct session *s;
	char name[32];
	struct fail f;

	for (int i = 0; registry_bytes(k) < 8192; i++) {
		snprintf(name, sizeof name, "filler-%d", i);
		assert_int_equal(core_session_create(k->core, name, "/", NULL, &s, &f), 0);
	}
}

static void a_full_disk_forgets_no_pane_and_starts_none_twice(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	json_t *command = json_pack("[s]", "/bin/sh");
	struct fake_created made;

	fill_registry(k);
	limit_files(registry_bytes(k) + 20);
	spec.key = "key";
	spec.command = command;
	assert_non_null(fake_create(k, &spec, &made));
	make(k);
	assert_int_equal(info_of(k, 1).state, PANE_RUNNING);
	restart(k); /* still full */
	assert_string_equal(info_of(k, 1).session_name, "recovered");
	assert_int_equal(info_of(k, 2).state, PANE_RUNNING);
	assert_non_null(fake_create(k, &spec, &made));
	assert_int_equal(made.pane, 1);
	limit_files(RLIM_INFINITY);
	assert_int_equal(pane_number(make(k)), 3); /* there is room again */
	restart(k);
	assert_string_equal(info_of(k, 3).session_name, "main");
	assert_int_equal(info_of(k, 2).state, PANE_RUNNING);
	json_decref(command);
}

static void a_full_disk_leaves_no_broken_line(void **state)
{
	struct fake_keeper *k = *state;
	char command[256];

	fill_registry(k);
	limit_files(registry_bytes(k) + 20);
	make(k);
	limit_files(RLIM_INFINITY);
	restart(k);
	snprintf(command, sizeof command, "! ls %s | grep -q 'damaged\\|new'", k->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(info_of(k, 1).state, PANE_RUNNING);
}

static void what_is_deleted_while_the_registry_is_written_anew_stays_deleted(void **state)
{
	struct fake_keeper *k = *state;
	struct session *s;
	struct fail f;

	fill_registry(k);
	make(k);
	end(k, 1, true);
	for (int i = 0; i < 2; i++) {
		limit_files(registry_bytes(k) + 5);
		assert_int_equal(core_session_create(k->core, NULL, "/", NULL, &s, &f), 0);
		limit_files(RLIM_INFINITY);
		if (i == 0) { /* this is what writes it anew */
			assert_int_equal(core_pane_delete(k->core, fake_pane(k, 1), &f), 0);
		} else {
			assert_int_equal(core_session_find(k->core, "main", &s, &f), 0);
			core_session_delete(k->core, s, false, on_done, NULL);
		}
	}
	restart(k);
	assert_null(fake_pane(k, 1));
	assert_int_equal(core_session_find(k->core, "main", &s, &f), FAIL_E_FAILED);
	assert_int_equal(pane_number(make(k)), 2);
}

/* ---- quarantine ---- */

static struct arena_header *map_header(struct fake_keeper *k, struct arena *a)
{
	assert_int_equal(arena_map(a, k->arena_fd), 0);
	return a->header;
}

static void a_pane_stays_set_aside_until_that_is_lifted(void **state)
{
	struct fake_keeper *k = *state;
	struct arena a;

	make(k);
	fake_print(k, fake_pane(k, 1), "poison");
	fake_keeper_crash(k);
	map_header(k, &a)->last_death =
		(struct arena_task){ .kind = ARENA_DOING_FEED, .n_deaths = 2, .pane = 1 };
	fake_keeper_start(k, NULL);
	assert_true(info_of(k, 1).is_quarantined);
	fake_keeper_crash(k);
	a.header->last_death = (struct arena_task){ .kind = ARENA_DOING_NOTHING };
	fake_keeper_start(k, NULL);
	assert_true(info_of(k, 1).is_quarantined);
	core_quarantine_clear(k->core);
	restart(k);
	assert_false(info_of(k, 1).is_quarantined);
	arena_unmap(&a);
}

static void an_exited_pane_can_be_set_aside_too(void **state)
{
	struct fake_keeper *k = *state;
	struct arena a;

	make(k);
	fake_print(k, fake_pane(k, 1), "poison");
	end(k, 1, true);
	fake_keeper_crash(k);
	map_header(k, &a)->last_death =
		(struct arena_task){ .kind = ARENA_DOING_FEED, .n_deaths = 2, .pane = 1 };
	fake_keeper_start(k, NULL);
	assert_true(info_of(k, 1).is_quarantined);
	arena_unmap(&a);
}

static void a_method_that_has_a_screen_rebuilt_is_still_what_is_done(void **state)
{
	struct core_snapshot spec = { .format = SNAPSHOT_TEXT };
	struct fake_keeper *k = *state;
	struct core_snapshot_info info;
	struct buf out = BUF_INIT;
	struct arena a;
	struct fail f;

	make(k);
	fake_print(k, fake_pane(k, 1), "text");
	restart(k);
	map_header(k, &a);
	assert_int_equal(core_method_enter(k->core, "pane.snapshot", &f), 0);
	assert_int_equal(core_pane_snapshot(fake_pane(k, 1), &spec, &out, &info, &f), 0);
	assert_int_equal(a.header->doing.kind, ARENA_DOING_METHOD);
	assert_string_equal(a.header->doing.method, "pane.snapshot");
	core_method_leave(k->core);
	assert_int_equal(a.header->doing.kind, ARENA_DOING_NOTHING);
	arena_unmap(&a);
	buf_fini(&out);
}

/* ---- the keeper ---- */

static void on_killed(const struct core_kill_report *r, const struct fail *f, void *user)
{
	(void)r;
	(void)f;
	(void)user;
}

static void a_keeper_that_dies_amid_a_shutdown_takes_no_history_along(void **state)
{
	struct fake_keeper *k = *state;
	struct buf got = BUF_INIT;

	fake_print(k, make(k), "remember me");
	core_shutdown(k->core, 60000, on_killed, NULL);
	close(k->ours);
	k->ours = -1;
	for (int i = 0; i < 1000 && k->n_gone == 0; i++)
		uv_run(&k->loop, UV_RUN_NOWAIT);
	assert_int_equal(k->n_gone, 1);
	fake_keeper_crash(k);
	fake_keeper_lose(k, 1);
	close(k->arena_fd);
	assert_int_equal(arena_create(0, &k->arena_fd), 0);
	fake_keeper_start(k, NULL);
	assert_int_equal(info_of(k, 1).state, PANE_LOST);
	assert_int_not_equal(info_of(k, 1).exited_us, 0);
	assert_int_equal(fake_read(k, fake_pane(k, 1), CORE_OUT, 0, 100, &got), 0);
	assert_int_equal(buf_len(&got), 11);
	buf_fini(&got);
}

static void a_keeper_that_reads_late_gets_everything_in_order(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made[FAKE_PANES] = { { 0 } };

	for (unsigned i = 0; i < FAKE_PANES; i++) {
		spec.stdin_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		core_pane_create(k->core, &spec, fake_on_created, &made[i]);
	}
	for (unsigned i = 0; i < FAKE_PANES; i++) {
		fake_keeper_until(k, &made[i].is_done);
		assert_int_equal(made[i].pane, i + 1);
	}
}

/* With no room in the socket and @n_free descriptors. */
static enum fail_code create_with(struct fake_keeper *k, rlim_t n_free, unsigned *ret_n)
{
	struct fake_created made[64] = { { 0 } };
	struct pane_spec spec = fake_spec();
	struct rlimit before, low;
	struct core_status s;
	int lowest = dup(0);

	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = (rlim_t)lowest + n_free;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		core_pane_create(k->core, &spec, fake_on_created, &made[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	core_get_status(k->core, &s);
	*ret_n = s.n_panes;
	assert_true(made[63].is_done);
	fake_keeper_crash(k);
	return made[63].fail.code;
}

static void without_descriptors_a_create_fails_and_leaves_nothing(void **state)
{
	struct fake_keeper *k = *state;
	unsigned n;

	assert_int_equal(create_with(k, 0, &n), FAIL_NO_DESCRIPTORS);
	assert_int_equal(n, 0);
	/* Two: enough for a spawn block, not for a second copy in the queue. */
	fake_keeper_start(k, NULL);
	assert_int_equal(create_with(k, 2, &n), FAIL_NO_DESCRIPTORS);
	assert_true(n < 64);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fake_keeper_setup, fake_keeper_teardown)
	const struct CMUnitTest tests[] = {
		T(an_exit_that_was_told_is_not_told_again),
		T(a_pane_that_was_closed_is_forgotten_once_more),
		T(a_start_that_an_earlier_daemon_asked_for_is_taken_over),
		T(a_start_that_fails_under_the_next_daemon_leaves_no_pane),
		T(a_start_whose_pane_was_deleted_meanwhile_is_ended),
		T(a_respawn_that_never_reached_the_keeper_leaves_an_exited_pane),
		T(the_keepers_newer_generation_is_right),
		T(a_pane_that_was_deleted_does_not_come_back),
		T(a_full_disk_forgets_no_pane_and_starts_none_twice),
		T(a_full_disk_leaves_no_broken_line),
		T(what_is_deleted_while_the_registry_is_written_anew_stays_deleted),
		T(a_pane_stays_set_aside_until_that_is_lifted),
		T(an_exited_pane_can_be_set_aside_too),
		T(a_method_that_has_a_screen_rebuilt_is_still_what_is_done),
		T(a_keeper_that_dies_amid_a_shutdown_takes_no_history_along),
		T(a_keeper_that_reads_late_gets_everything_in_order),
		T(without_descriptors_a_create_fails_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
