/* Children of the real keeper: how they start, what they find, how they end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "keeper/rig.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(script) ARGV("sh", "-c", (script))

static struct rig rig;

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

static char text[8192];

static void expect_line(const char *line)
{
	char want[256];

	/* A terminal's line ends with CR LF. */
	snprintf(want, sizeof want, "\n%s", line);
	const char *p = strstr(text, want);
	if (!p && strncmp(text, line, strlen(line)) == 0)
		return;
	if (!p || (p[strlen(want)] != '\n' && p[strlen(want)] != '\r'))
		fail_msg("no line '%s' in:\n%s", line, text);
}

static void probe(struct rig_spawn s)
{
	s.argv = ARGV(rig_daemon_path, "--probe");
	rig_run(&rig, &s);
	rig_read(rig.fds[0], s.flags & KEEPER_SPAWN_PTY, "end=1", text, sizeof text);
	assert_int_equal(rig_expect_exit(&rig, s.pane), 0);
}

static void a_child_finds_its_own_terminal_and_nothing_of_the_keeper(void **state)
{
	char line[128];
	struct rlimit lim;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &lim);
	probe((struct rig_spawn){ .pane = 1,
				  .flags = KEEPER_SPAWN_PTY,
				  .cols = 123,
				  .rows = 45,
				  .umask = 027,
				  .cwd = rig.dir,
				  .env = ARGV("PATH=/nowhere", "PROBE=a b=c") });
	expect_line("fds=0 1 2 ");
	expect_line("blocked=0");
	expect_line("changed=0");
	expect_line("isatty=111");
	expect_line("size=123x45");
	expect_line("controlling=1");
	expect_line("foreground=1");
	expect_line("utf8=1");
	expect_line("opost=1");
	expect_line("echo=1");
	expect_line("umask=027");
	expect_line("leader=1");
	expect_line("env=a b=c");
	expect_line("path=/nowhere");
	snprintf(line, sizeof line, "cwd=%s", rig.dir);
	expect_line(line);
	snprintf(line, sizeof line, "nofile=%llu", (unsigned long long)lim.rlim_cur);
	expect_line(line);
	assert_int_equal(rig.welcome.original_nofile, lim.rlim_cur);
}

static void flags_shape_the_terminal(void **state)
{
	(void)state;
	probe((struct rig_spawn){ .pane = 1,
				  .flags = KEEPER_SPAWN_PTY | KEEPER_SPAWN_RAW_OUTPUT |
					   KEEPER_SPAWN_NO_ECHO });
	expect_line("opost=0");
	expect_line("echo=0");
	expect_line("cwd=/");
}

static void without_a_terminal_there_are_pipes(void **state)
{
	char err[64];

	(void)state;
	probe((struct rig_spawn){ .pane = 1 });
	expect_line("fds=0 1 2 ");
	expect_line("isatty=000");
	expect_line("controlling=0");
	expect_line("leader=1");
	rig_run(&rig, &(struct rig_spawn){ .pane = 2, .argv = SH("cat; echo out; echo err >&2") });
	rig_read(rig.fds[0], false, "\n", text, sizeof text);
	rig_read(rig.fds[1], false, "\n", err, sizeof err);
	assert_string_equal(text, "out\n");
	assert_string_equal(err, "err\n");
	assert_true(fcntl(rig.fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(rig_expect_exit(&rig, 2), 0);
}

static void a_given_stdin_is_the_childs_stdin(void **state)
{
	int p[2];

	(void)state;
	for (uint32_t flags = 0; flags <= KEEPER_SPAWN_PTY; flags++) {
		assert_int_equal(pipe2(p, O_CLOEXEC), 0);
		assert_int_equal(write(p[1], "hello\n", 6), 6);
		close(p[1]);
		rig_run(&rig, &(struct rig_spawn){ .pane = flags + 1,
						   .flags = flags | KEEPER_SPAWN_STDIN,
						   .stdin_fd = p[0],
						   .argv = SH("cat; test -t 0 || echo no tty") });
		close(p[0]);
		rig_read(rig.fds[0], flags & KEEPER_SPAWN_PTY, "no tty", text, sizeof text);
		assert_true(strncmp(text, "hello", 5) == 0);
		assert_int_equal(rig_expect_exit(&rig, flags + 1), 0);
	}
}

static void the_path_of_the_clients_environment_is_searched(void **state)
{
	char path[128], env[128];

	(void)state;
	snprintf(path, sizeof path, "%s/only-here", rig.dir);
	assert_int_equal(symlink("/bin/echo", path), 0);
	snprintf(env, sizeof env, "PATH=%s", rig.dir);
	rig_run(&rig,
		&(struct rig_spawn){ .pane = 1, .argv = ARGV("only-here", "x"), .env = ARGV(env) });
	rig_read(rig.fds[0], false, "\n", text, sizeof text);
	assert_string_equal(text, "x\n");
	assert_int_equal(rig_expect_exit(&rig, 1), 0);
}

static void what_cannot_start_is_reported_with_step_and_errno(void **state)
{
	(void)state;
	rig_expect_failure(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("no-such-program") },
			   KEEPER_STEP_EXEC, ENOENT);
	rig_expect_failure(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("/etc/passwd") },
			   KEEPER_STEP_EXEC, EACCES);
	rig_expect_failure(&rig,
			   &(struct rig_spawn){ .pane = 1,
						.flags = KEEPER_SPAWN_PTY,
						.argv = SH("exit"),
						.cwd = "/no/such/directory" },
			   KEEPER_STEP_CHDIR, ENOENT);
	rig_expect_failure(&rig,
			   &(struct rig_spawn){ .pane = 1, .argv = SH(""), .cwd = "/etc/passwd" },
			   KEEPER_STEP_CHDIR, ENOTDIR);
	/* The record is free again. */
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = SH("exit 4") });
	assert_int_equal(WEXITSTATUS(rig_expect_exit(&rig, 1)), 4);
}

static void expect_bad_spec(const void *block, size_t n)
{
	int fd = memfd_create("spec", MFD_CLOEXEC);

	assert_int_equal(write(fd, block, n), n);
	rig_expect_failure(&rig, &(struct rig_spawn){ .pane = 1, .spec_fd = fd }, KEEPER_STEP_SPEC,
			   EINVAL);
	close(fd);
}

static void a_malformed_spawn_block_is_refused(void **state)
{
	struct {
		struct keeper_spec_header h;
		char s[16];
	} good = { { KEEPER_SPEC_MAGIC, sizeof good.h + 13, 1, 1 }, "/bin/sh\0A=b\0\0" }, b;

	(void)state;
	expect_bad_spec(&good, sizeof good.h - 1);
	expect_bad_spec(&good, good.h.bytes - 1);
	b = good, b.h.magic++;
	expect_bad_spec(&b, b.h.bytes);
	b = good, b.h.bytes--;
	expect_bad_spec(&b, sizeof b);
	b = good, b.h.bytes++;
	expect_bad_spec(&b, sizeof b);
	b = good, b.h.bytes = KEEPER_SPEC_MAX + 1;
	expect_bad_spec(&b, sizeof b);
	b = good, b.h.bytes = 3;
	expect_bad_spec(&b, sizeof b);
	b = good, b.h.n_argv = 0, b.h.n_env = 2;
	expect_bad_spec(&b, b.h.bytes);
	b = good, b.h.n_argv = 2;
	expect_bad_spec(&b, b.h.bytes);
	b = good, b.h.n_env = UINT32_MAX;
	expect_bad_spec(&b, b.h.bytes);
	b = good, b.h.n_argv = UINT32_MAX, b.h.n_env = 3;
	expect_bad_spec(&b, b.h.bytes);
	int fd = memfd_create("spec", MFD_CLOEXEC);
	assert_int_equal(write(fd, &good, good.h.bytes), good.h.bytes);
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .spec_fd = fd });
	close(fd);
	assert_int_equal(rig_expect_exit(&rig, 1), 0);
}

static void a_pane_number_in_use_is_refused(void **state)
{
	struct rig_spawn s = { .pane = 1, .argv = SH("exit 0") };

	(void)state;
	rig_run(&rig, &s);
	assert_int_equal(rig_expect_exit(&rig, 1), 0);
	rig_expect_failure(&rig, &s, KEEPER_STEP_TABLE, EEXIST);
	rig_forget(&rig, 1);
	rig_run(&rig, &s);
	assert_int_equal(rig_expect_exit(&rig, 1), 0);
}

/* A start that cannot go on: its block comes from a pipe that stays empty. */
static void a_hung_start_delays_no_other(void **state)
{
	struct rig_spawn hung = { .pane = 1, .flags = KEEPER_SPAWN_PTY };
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	hung.spec_fd = p[0];
	rig_spawn(&rig, &hung);
	rig_run(&rig, &(struct rig_spawn){ .pane = 2, .argv = SH("exit 2") });
	assert_int_equal(WEXITSTATUS(rig_expect_exit(&rig, 2)), 2);

	/* It outlives the daemon that asked for it ... */
	rig_kill_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(rig.n_adopted, 2);
	assert_int_equal(rig.adopted[0].pane, 1);
	assert_int_equal(rig.adopted[0].state, KEEPER_CHILD_STARTING);
	assert_int_equal(rig.adopted[0].pid, 0);
	assert_int_equal(rig.adopted[0].n_fds, 0);

	/* ... and the next one hears how it ended. */
	int spec = rig_make_spec(&(struct rig_spawn){ .argv = SH("echo went on") });
	ssize_t n = pread(spec, text, sizeof text, 0);
	assert_int_equal(write(p[1], text, (size_t)n), n);
	rig_receive(&rig, KEEPER_SPAWNED);
	assert_int_equal(rig.in.spawned.pane, 1);
	assert_int_equal(rig.in.spawned.token, 1001);
	assert_int_equal(rig.n_fds, 1);
	rig_read(rig.fds[0], true, "went on", text, sizeof text);
	assert_int_equal(rig_expect_exit(&rig, 1), 0);
	close(spec);
	close(p[0]);
	close(p[1]);
}

/* Forked while the other's terminal was open, it must have let go of it. */
static void a_hung_start_holds_nobodys_terminal(void **state)
{
	struct rig_spawn hung = { .pane = 2 };
	int p[2];

	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1,
						       .flags = KEEPER_SPAWN_PTY,
						       .argv = ARGV("sleep", "1000") });
	rig_close_fds(&rig);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	hung.spec_fd = p[0];
	rig_spawn(&rig, &hung);
	rig_forget(&rig, 1);
	rig_expect_gone(pid);
	rig_signal(&rig, 2, SIGKILL, KEEPER_TO_LEADER);
	rig_receive(&rig, KEEPER_SPAWNED);
	close(p[0]);
	close(p[1]);
}

static void a_start_killed_before_exec_is_a_failed_start(void **state)
{
	struct rig_spawn hung = { .pane = 1 };
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	hung.spec_fd = p[0];
	rig_spawn(&rig, &hung);
	rig_signal(&rig, 1, SIGKILL, KEEPER_TO_LEADER);
	rig_receive(&rig, KEEPER_SPAWNED);
	assert_int_equal(rig.in.spawned.step, KEEPER_STEP_EXEC);
	assert_int_equal(rig.in.spawned.error, ECANCELED);
	rig_forget(&rig, 1);
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = SH("exit 0") });
	assert_int_equal(rig_expect_exit(&rig, 1), 0);
	close(p[0]);
	close(p[1]);
}

static void a_full_table_refuses_and_goes_on(void **state)
{
	struct rig_spawn hung = { .argv = NULL };
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	hung.spec_fd = p[0];
	/* Nothing comes back until the table, or what the system grants, is full. */
	struct pollfd poll_link = { .fd = rig.link_fd, .events = POLLIN };
	while (poll(&poll_link, 1, 0) == 0 && hung.pane <= KEEPER_MAX_CHILDREN) {
		hung.pane++;
		rig_spawn(&rig, &hung);
	}
	rig_receive(&rig, KEEPER_SPAWNED);
	assert_in_range(rig.in.spawned.step, KEEPER_STEP_TABLE, KEEPER_STEP_FORK);
	print_message("refused at %llu: step %d, %s\n", (unsigned long long)rig.in.spawned.pane,
		      rig.in.spawned.step, strerror(rig.in.spawned.error));
	if (rig.in.spawned.step == KEEPER_STEP_TABLE)
		assert_int_equal(rig.in.spawned.pane, KEEPER_MAX_CHILDREN + 1);
	/* Closing the pipe ends them all; each start has its answer. */
	close(p[0]);
	close(p[1]);
	for (uint64_t i = 1; i < hung.pane; i++)
		rig_receive(&rig, KEEPER_SPAWNED);
	rig_run(&rig, &(struct rig_spawn){ .pane = 9999, .argv = SH("exit 0") });
	assert_int_equal(rig_expect_exit(&rig, 9999), 0);
}

static void the_status_of_an_exit_tells_how(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 5, .argv = ARGV("sleep", "1000") });
	rig_signal(&rig, 5, SIGTERM, KEEPER_TO_LEADER);
	int status = rig_expect_exit(&rig, 5);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(rig.in.exited.pid, pid);
	assert_true(rig.in.exited.wall_us > rig.welcome.started_wall_us);
}

/* A background job has a process group of its own, and stays behind. */
static void a_signal_to_the_session_reaches_every_group(void **state)
{
	const char *script = "set -m; sleep 1000 & echo pid $! end; exec sleep 1000";

	(void)state;
	rig_run(&rig,
		&(struct rig_spawn){ .pane = 1, .flags = KEEPER_SPAWN_PTY, .argv = SH(script) });
	rig_read(rig.fds[0], true, "end", text, sizeof text);
	pid_t job = (pid_t)strtol(strstr(text, "pid") + 4, NULL, 10);
	assert_true(job > 1);
	assert_int_equal(kill(job, 0), 0);
	rig_signal(&rig, 1, SIGTERM, KEEPER_TO_SESSION);
	assert_int_equal(WTERMSIG(rig_expect_exit(&rig, 1)), SIGTERM);
	rig_expect_gone(job);
}

static void a_session_without_its_leader_can_still_be_signalled(void **state)
{
	const char *script = "trap '' HUP; sleep 1000 & echo pid $! end";

	(void)state;
	rig_run(&rig,
		&(struct rig_spawn){ .pane = 1, .flags = KEEPER_SPAWN_PTY, .argv = SH(script) });
	rig_read(rig.fds[0], true, "end", text, sizeof text);
	pid_t job = (pid_t)strtol(strstr(text, "pid") + 4, NULL, 10);
	int master = fcntl(rig.fds[0], F_DUPFD_CLOEXEC, 3);
	assert_int_equal(rig_expect_exit(&rig, 1), 0);
	assert_int_equal(kill(job, 0), 0);
	rig_signal(&rig, 1, SIGKILL, KEEPER_TO_SESSION);
	rig_expect_gone(job);
	close(master);
}

static void forgetting_a_child_hangs_up_its_terminal(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1,
						       .flags = KEEPER_SPAWN_PTY,
						       .argv = ARGV("sleep", "1000") });
	rig_close_fds(&rig);
	rig_forget(&rig, 1);
	rig_expect_gone(pid);
	/* No EXITED for it, and its number can be used again. */
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = SH("exit 3") });
	assert_int_equal(WEXITSTATUS(rig_expect_exit(&rig, 1)), 3);
}

/* More answers than the socket takes, while nobody reads them. */
static void answers_wait_for_a_daemon_that_does_not_read(void **state)
{
	bool seen[2][301] = { { false } };

	(void)state;
	for (uint64_t i = 1; i <= 300; i++) {
		bool is_bad = i % 3 == 0;

		rig_spawn(&rig, &(struct rig_spawn){ .pane = i,
						     .argv = is_bad ? ARGV("no-such-program")
								    : SH("exit 5") });
	}
	for (int n = 0; n < 300 + 200; n++) {
		bool is_exit = rig_receive_any(&rig) == KEEPER_EXITED;
		uint64_t pane = is_exit ? rig.in.exited.pane : rig.in.spawned.pane;
		assert_in_range(pane, 1, 300);
		assert_false(seen[is_exit][pane]);
		assert_true(!is_exit || seen[0][pane]);
		seen[is_exit][pane] = true;
	}
}

/* Context switches of its own accord: one for each time that it slept. */
static long sleeps_of(pid_t pid)
{
	long n = -1;

	snprintf(text, sizeof text, "/proc/%d/status", (int)pid);
	FILE *f = fopen(text, "re");
	assert_non_null(f);
	while (fgets(text, sizeof text, f))
		(void)sscanf(text, "voluntary_ctxt_switches: %ld", &n);
	fclose(f);
	assert_true(n >= 0);
	return n;
}

static void many_children_leave_nothing_behind(void **state)
{
	(void)state;
	int n_fds = rig_count_fds(rig.keeper);
	for (uint64_t i = 1; i <= 1000; i++) {
		rig_run(&rig, &(struct rig_spawn){
				      .pane = i, .flags = KEEPER_SPAWN_PTY, .argv = ARGV("true") });
		assert_int_equal(rig_expect_exit(&rig, i), 0);
		rig_forget(&rig, i);
	}
	/* Answered after the last FORGET, hence a fence. */
	rig_expect_failure(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("no-such-program") },
			   KEEPER_STEP_EXEC, ENOENT);
	assert_int_equal(rig_count_fds(rig.keeper), n_fds);
}

static void an_idle_keeper_sleeps(void **state)
{
	(void)state;
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	long before = sleeps_of(rig.keeper);
	nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	/* Not exactly zero: the rest of the start may come late. */
	assert_in_range(sleeps_of(rig.keeper) - before, 0, 3);
}

int main(int argc, char **argv)
{
#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		WITH_RIG(a_child_finds_its_own_terminal_and_nothing_of_the_keeper),
		WITH_RIG(flags_shape_the_terminal),
		WITH_RIG(without_a_terminal_there_are_pipes),
		WITH_RIG(a_given_stdin_is_the_childs_stdin),
		WITH_RIG(the_path_of_the_clients_environment_is_searched),
		WITH_RIG(what_cannot_start_is_reported_with_step_and_errno),
		WITH_RIG(a_malformed_spawn_block_is_refused),
		WITH_RIG(a_pane_number_in_use_is_refused),
		WITH_RIG(a_hung_start_delays_no_other),
		WITH_RIG(a_hung_start_holds_nobodys_terminal),
		WITH_RIG(a_start_killed_before_exec_is_a_failed_start),
		WITH_RIG(a_full_table_refuses_and_goes_on),
		WITH_RIG(the_status_of_an_exit_tells_how),
		WITH_RIG(a_signal_to_the_session_reaches_every_group),
		WITH_RIG(a_session_without_its_leader_can_still_be_signalled),
		WITH_RIG(forgetting_a_child_hangs_up_its_terminal),
		WITH_RIG(answers_wait_for_a_daemon_that_does_not_read),
		WITH_RIG(many_children_leave_nothing_behind),
		WITH_RIG(an_idle_keeper_sleeps),
	};

	if (!rig_take_paths(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
