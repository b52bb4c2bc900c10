/* Other programs in the place of the daemon and of the keeper itself. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "keeper/image.h"
#include "keeper/rig.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(script) ARGV("sh", "-c", (script))
#define SECONDS 1000u

static struct rig rig;
static char text[8192];

static int start(void **state)
{
	(void)state;
	rig_start(&rig);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_end(&rig);
	return 0;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static const struct keeper_child *adopted(uint64_t pane)
{
	for (uint32_t i = 0; i < rig.n_adopted; i++) {
		if (rig.adopted[i].pane == pane)
			return &rig.adopted[i];
	}
	fail_msg("pane %d was not adopted", (int)pane);
	return NULL;
}

/* A script in the rig's directory; its path is valid until the next call. */
static const char *script(const char *body)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof path, "%s/script", rig.dir);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", body) > 0);
	close(fd);
	return path;
}

/* ---- of the daemon ---- */

static void a_new_daemon_takes_over_and_is_told(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	rig_upgrade(&rig, KEEPER_PROGRAM_DAEMON, rig_daemon_path, 10 * SECONDS);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	assert_int_equal(rig.upgraded.state, KEEPER_UPGRADE_UNDER_WAY);
	assert_int_equal(adopted(1)->pid, pid);
	rig_expect_upgraded(&rig, KEEPER_UPGRADE_DONE);
	/* Whoever comes later hears of it too, and of nothing else. */
	rig_kill_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(rig.upgraded.state, KEEPER_UPGRADE_DONE);
}

static void a_daemon_that_dies_on_trial_is_replaced_by_the_old_program(void **state)
{
	(void)state;
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	rig_upgrade(&rig, KEEPER_PROGRAM_DAEMON, script("exit 7"), 10 * SECONDS);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	assert_int_equal(rig.upgraded.state, KEEPER_UPGRADE_FAILED);
	assert_int_equal(WEXITSTATUS(rig.upgraded.status), 7);
	assert_int_equal(rig.upgraded.was_late, 0);
	assert_int_equal(rig.n_adopted, 1);
}

static void a_daemon_that_is_late_on_trial_is_replaced_by_the_old_program(void **state)
{
	(void)state;
	rig_upgrade(&rig, KEEPER_PROGRAM_DAEMON, script("exec sleep 1000"), 300);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	assert_int_equal(rig.upgraded.state, KEEPER_UPGRADE_FAILED);
	assert_int_equal(WTERMSIG(rig.upgraded.status), SIGKILL);
	assert_int_equal(rig.upgraded.was_late, 1);
}

static void what_is_no_program_at_all_fails_on_trial(void **state)
{
	(void)state;
	rig_upgrade(&rig, KEEPER_PROGRAM_DAEMON, "/etc/passwd", 10 * SECONDS);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	assert_int_equal(rig.upgraded.state, KEEPER_UPGRADE_FAILED);
	assert_int_equal(WEXITSTATUS(rig.upgraded.status), 127);
}

static void a_death_on_trial_counts_for_no_quarantine(void **state)
{
	struct arena a;

	(void)state;
	assert_int_equal(arena_map(&a, rig.arena_fd), 0);
	rig_upgrade(&rig, KEEPER_PROGRAM_DAEMON, script("kill -ABRT $$"), 10 * SECONDS);
	arena_doing_feed(&a, 1, 2);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	assert_int_equal(rig.upgraded.state, KEEPER_UPGRADE_FAILED);
	assert_int_equal(a.header->last_death.n_deaths, 0);
	arena_unmap(&a);
}

static void a_daemon_that_is_overwritten_is_started_again_as_it_was(void **state)
{
	char path[64], command[256];

	(void)state;
	/* The copy is what runs; then something else lies at its path. */
	snprintf(path, sizeof path, "%s/copy", rig.dir);
	snprintf(command, sizeof command, "cp %s %s", rig_daemon_path, path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	rig_upgrade(&rig, KEEPER_PROGRAM_DAEMON, path, 10 * SECONDS);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	rig_expect_upgraded(&rig, KEEPER_UPGRADE_DONE);
	assert_int_equal(unlink(path), 0);
	for (int i = 0; i < 3; i++) {
		rig_kill_daemon(&rig);
		rig_accept(&rig);
	}
}

/* ---- of the keeper ---- */

static void replace_keeper(void)
{
	rig_upgrade(&rig, KEEPER_PROGRAM_KEEPER, rig_keeper_path, 10 * SECONDS);
	rig_expect_upgraded(&rig, KEEPER_UPGRADE_DONE);
	assert_int_equal(rig.upgraded.program, KEEPER_PROGRAM_KEEPER);
}

static void the_keeper_goes_on_as_another_program(void **state)
{
	struct stat st;

	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 5,
						       .argv = SH("read x; exit 42"),
						       .flags = KEEPER_SPAWN_PTY,
						       .key = "client's key" });
	int tty = fcntl(rig.fds[0], F_DUPFD_CLOEXEC, 3);
	int n_fds = rig_count_fds(rig.keeper);
	for (int i = 0; i < 5; i++)
		replace_keeper();
	assert_int_equal(rig_count_fds(rig.keeper), n_fds);
	assert_int_equal(kill(pid, 0), 0);
	/* The lock is held, the socket stands. */
	snprintf(text, sizeof text, "%s/keeper.lock", rig.state);
	int lock = open(text, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), -1);
	close(lock);
	assert_int_equal(stat(rig.socket, &st), 0);
	/* The child's exit comes, and a new daemon learns all that the old one knew. */
	assert_int_equal(write(tty, "\n", 1), 1);
	assert_int_equal(WEXITSTATUS(rig_expect_exit(&rig, 5)), 42);
	replace_keeper();
	rig_kill_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(adopted(5)->state, KEEPER_CHILD_EXITED);
	assert_int_equal(adopted(5)->pid, pid);
	assert_int_equal(WEXITSTATUS(adopted(5)->status), 42);
	assert_string_equal(adopted(5)->key, "client's key");
	assert_int_equal(rig.welcome.first_pane_hint, 5);
	assert_int_equal(rig.welcome.n_restarts, 1);
	assert_int_equal(rig.n_adopted, 1);
	close(tty);
}

static void who_starts_and_ends_while_the_keeper_is_replaced_is_not_lost(void **state)
{
	enum { N = 60 };
	bool is_running[N + 1] = { false }, has_exited[N + 1] = { false };
	int n_left = 2 * N + 1;

	(void)state;
	for (int i = 1; i <= N; i++) {
		snprintf(text, sizeof text, "sleep 0.0%d; exit %d", i % 10, i);
		rig_spawn(&rig, &(struct rig_spawn){ .pane = (uint64_t)i, .argv = SH(text) });
		if (i == N / 2) {
			rig_upgrade(&rig, KEEPER_PROGRAM_KEEPER, rig_keeper_path, 10 * SECONDS);
		}
	}
	while (n_left-- > 0) {
		rig_receive_any(&rig);
		uint64_t pane =
			rig.in.h.type == KEEPER_EXITED ? rig.in.exited.pane : rig.in.spawned.pane;

		if (rig.in.h.type == KEEPER_UPGRADED)
			continue;
		assert_true(pane >= 1 && pane <= N);
		if (rig.in.h.type == KEEPER_SPAWNED) {
			assert_int_equal(rig.in.spawned.step, 0);
			assert_false(is_running[pane]);
			is_running[pane] = true;
		} else {
			assert_int_equal(rig.in.h.type, KEEPER_EXITED);
			assert_true(is_running[pane] && !has_exited[pane]);
			assert_int_equal(WEXITSTATUS(rig.in.exited.status), pane);
			has_exited[pane] = true;
		}
	}
	/* No zombie is left of any. */
	snprintf(text, sizeof text, "/proc/%d/task/%d/children", rig.keeper, rig.keeper);
	FILE *f = fopen(text, "re");
	if (f) {
		int pid = 0;

		while (fscanf(f, "%d", &pid) == 1)
			assert_int_equal(pid, rig.daemon);
		fclose(f);
	}
}

static void a_keeper_that_does_not_understand_the_state_is_refused(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	rig_upgrade(&rig, KEEPER_PROGRAM_KEEPER, script("exit 9"), 10 * SECONDS);
	rig_expect_upgraded(&rig, KEEPER_UPGRADE_FAILED);
	assert_int_equal(WEXITSTATUS(rig.upgraded.status), 9);
	rig_upgrade(&rig, KEEPER_PROGRAM_KEEPER, script("exec sleep 1000"), 200);
	rig_expect_upgraded(&rig, KEEPER_UPGRADE_FAILED);
	assert_int_equal(rig.upgraded.was_late, 1);
	rig_upgrade(&rig, KEEPER_PROGRAM_KEEPER, "/etc/passwd", 10 * SECONDS);
	rig_expect_upgraded(&rig, KEEPER_UPGRADE_FAILED);
	assert_int_equal(kill(pid, 0), 0);
	replace_keeper();
	assert_int_equal(kill(pid, 0), 0);
}

/* Exit status of `keeper --check-state` for that file. */
static int check(int fd)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(rig.log_fd, STDERR_FILENO);
		dup2(fd, 5);
		execl(rig_keeper_path, rig_keeper_path, "--check-state", "5", (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int make_state(const struct image_head *h)
{
	static const struct image_child child = { .state = 2, .fds = { -1, -1 }, .report_fd = -1 };
	char name[32];
	int fd;

	snprintf(name, sizeof name, "/tmp/keeper-state-XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, h, sizeof *h), sizeof *h);
	for (uint32_t i = 0; i < h->n_children && i < 10; i++)
		assert_int_equal(write(fd, &child, sizeof child), sizeof child);
	assert_int_equal(write(fd, "/bin/true", 10), 10);
	return fd;
}

static void a_state_that_is_damaged_or_too_new_is_refused(void **state)
{
	const struct image_head good = { .magic = IMAGE_MAGIC,
					 .version = IMAGE_VERSION,
					 .head_bytes = sizeof good,
					 .child_bytes = sizeof(struct image_child),
					 .args_bytes = 10,
					 .n_children = 2,
					 .n_args = 1 };
	struct image_head bad[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = good;
	bad[0].magic++;
	bad[1].version++;
	bad[2].head_bytes++;
	bad[3].child_bytes++;
	bad[4].n_children = 5000;
	bad[5].n_args = 2;
	bad[6].args_bytes = 11;
	memset(bad[7].state, 'x', sizeof bad[7].state);
	int fd = make_state(&good);
	assert_int_equal(check(fd), 0);
	close(fd);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fd = make_state(&bad[i]);
		assert_int_equal(check(fd), 1);
		close(fd);
	}
}

/* ---- a daemon that hangs ---- */

static void a_daemon_that_is_asked_and_answers_stays(void **state)
{
	(void)state;
	pid_t daemon = rig.daemon;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kill(rig.keeper, SIGHUP), 0);
		pause_ms(20);
		/* Any packet: the question came before it. */
		rig_run(&rig, &(struct rig_spawn){ .pane = (uint64_t)i + 1, .argv = ARGV("true") });
		rig_expect_exit(&rig, (uint64_t)i + 1);
	}
	assert_true(rig.n_pings >= 1);
	assert_int_equal(rig.daemon, daemon);
}

static int start_impatient(void **state)
{
	(void)state;
	rig_look_ms = "100";
	rig_start(&rig);
	rig_look_ms = NULL;
	return 0;
}

/* Its process sleeps for good, and nobody reads its link. */
static void a_daemon_that_is_stuck_is_aborted(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	assert_int_equal(kill(rig.keeper, SIGHUP), 0);
	rig_expect_gone(rig.daemon);
	rig_drop_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(WTERMSIG(rig.welcome.last_status), SIGABRT);
	assert_int_equal(adopted(1)->pid, pid);
	assert_true(rig_logged(&rig, "it is stuck"));
}

static void a_daemon_that_is_stopped_or_not_asked_is_let_be(void **state)
{
	(void)state;
	pid_t daemon = rig.daemon;
	pause_ms(500);
	assert_int_equal(kill(daemon, 0), 0);
	assert_int_equal(kill(daemon, SIGSTOP), 0);
	assert_int_equal(kill(rig.keeper, SIGHUP), 0);
	pause_ms(1000);
	assert_int_equal(kill(daemon, 0), 0);
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	assert_true(rig.n_pings == 1);
	assert_int_equal(kill(daemon, SIGCONT), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
		T(a_new_daemon_takes_over_and_is_told),
		T(a_daemon_that_dies_on_trial_is_replaced_by_the_old_program),
		T(a_daemon_that_is_late_on_trial_is_replaced_by_the_old_program),
		T(what_is_no_program_at_all_fails_on_trial),
		T(a_death_on_trial_counts_for_no_quarantine),
		T(a_daemon_that_is_overwritten_is_started_again_as_it_was),
		T(the_keeper_goes_on_as_another_program),
		T(who_starts_and_ends_while_the_keeper_is_replaced_is_not_lost),
		T(a_keeper_that_does_not_understand_the_state_is_refused),
		T(a_state_that_is_damaged_or_too_new_is_refused),
		T(a_daemon_that_is_asked_and_answers_stays),
#define IMPATIENT(name) cmocka_unit_test_setup_teardown(name, start_impatient, end)
		IMPATIENT(a_daemon_that_is_stuck_is_aborted),
		IMPATIENT(a_daemon_that_is_stopped_or_not_asked_is_let_be),
	};

	return rig_take_paths(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
