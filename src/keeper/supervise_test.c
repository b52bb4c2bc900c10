/* The daemon's life under the real keeper, and the keeper's own end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "keeper/rig.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(script) ARGV("sh", "-c", (script))

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

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	close(fd);
	return -1;
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

static void the_daemon_gets_its_link_and_nothing_else(void **state)
{
	(void)state;
	rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	rig_kill_daemon(&rig);
	rig_accept(&rig);
	/* 0, 1, 2, the link; and the call to the test. */
	assert_int_equal(rig_count_fds(rig.daemon), 5);
	assert_int_equal(getsid(rig.daemon), rig.daemon);
}

static void statuses_are_kept_until_they_are_forgotten(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 7,
						       .argv = SH("sleep 0.1; exit 42"),
						       .key = "client's key" });
	int out = fcntl(rig.fds[0], F_DUPFD_CLOEXEC, 3);
	rig_run(&rig, &(struct rig_spawn){ .pane = 8, .argv = SH("kill -9 $$") });
	rig_expect_exit(&rig, 8);
	/* It ends while there is no daemon. */
	rig_refuse(&rig);
	rig_kill_daemon(&rig);
	rig_expect_gone(pid);
	rig_listen(&rig);
	for (int round = 0; round < 2; round++) {
		rig_accept(&rig);
		assert_int_equal(rig.n_adopted, 2);
		assert_int_equal(rig.welcome.n_children, 2);
		assert_true(rig.welcome.n_restarts > (uint32_t)round);
		assert_int_equal(rig.welcome.first_pane_hint, 8);
		assert_int_equal(adopted(7)->state, KEEPER_CHILD_EXITED);
		assert_int_equal(WEXITSTATUS(adopted(7)->status), 42);
		assert_int_equal(adopted(7)->pid, pid);
		assert_int_equal(adopted(7)->generation, 3);
		assert_int_equal(adopted(7)->n_fds, 2);
		assert_string_equal(adopted(7)->key, "client's key");
		assert_int_equal(WTERMSIG(adopted(8)->status), SIGKILL);
		if (round == 0)
			rig_kill_daemon(&rig);
	}
	assert_int_equal(WTERMSIG(rig.welcome.last_status), SIGKILL);
	rig_forget(&rig, 7);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	assert_int_equal(rig.n_adopted, 1);
	adopted(8);
	close(out);
}

static void what_adoption_told_is_not_told_again(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	rig_freeze_keeper(&rig);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(kill(rig.daemon, SIGKILL), 0);
	pause_ms(50);
	assert_int_equal(kill(rig.keeper, SIGCONT), 0);
	rig_drop_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(adopted(1)->state, KEEPER_CHILD_EXITED);
	struct pollfd p = { .fd = rig.link_fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 100), 0);
}

static void more_children_than_one_batch_takes_are_adopted(void **state)
{
	const uint32_t n = 300;
	struct stat st;

	(void)state;
	for (uint32_t i = 1; i <= n; i++)
		rig_run(&rig, &(struct rig_spawn){ .pane = i, .argv = ARGV("sleep", "1000") });
	rig_kill_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(rig.n_adopted, n);
	assert_true(rig.n_batches >= 2 * n / KEEPER_MAX_FDS);
	for (uint32_t i = 1; i <= n; i++) {
		assert_int_equal(adopted(i)->state, KEEPER_CHILD_RUNNING);
		assert_int_equal(kill((pid_t)adopted(i)->pid, 0), 0);
		for (int f = 0; f < 2; f++) {
			assert_int_equal(fstat(rig.adopted_fds[i - 1][f], &st), 0);
			assert_true(S_ISFIFO(st.st_mode));
		}
	}
}

static void a_terminal_goes_on_across_daemons(void **state)
{
	int master;

	(void)state;
	rig_run(&rig, &(struct rig_spawn){ .pane = 1,
					   .flags = KEEPER_SPAWN_PTY | KEEPER_SPAWN_NO_ECHO,
					   .argv = ARGV("cat") });
	for (int i = 0; i < 5; i++) {
		rig_kill_daemon(&rig);
		rig_accept(&rig);
		master = rig.adopted_fds[0][0];
		snprintf(text, sizeof text, "round %d\n", i);
		assert_int_equal(write(master, text, strlen(text)), strlen(text));
		rig_read(master, true, "\n", text, sizeof text);
		assert_int_equal(strtol(text + 6, NULL, 10), i);
	}
}

static void the_arena_and_the_socket_outlive_the_daemon(void **state)
{
	struct arena a;
	uint32_t slot;

	(void)state;
	assert_int_equal(arena_map(&a, rig.arena_fd), 0);
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 77, 0, &slot), 0);
	arena_unmap(&a);
	rig_kill_daemon(&rig);
	int client = connect_to(rig.socket);
	assert_true(client >= 0);
	rig_accept(&rig);
	assert_int_equal(arena_map(&a, rig.arena_fd), 0);
	assert_int_equal(arena_slot_find(&a, 77, 0, &slot), 0);
	arena_unmap(&a);
	int served = accept4(rig.listen_fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(served >= 0);
	close(served);
	close(client);
}

/* What the daemon was doing when it died by its own fault is counted; a kill -9
 * is somebody's wish. */
static void only_faults_count_for_the_quarantine(void **state)
{
	struct arena a;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(arena_map(&a, rig.arena_fd), 0);
		assert_int_equal(a.header->last_death.n_deaths, i / 2);
		arena_doing_feed(&a, 5, 1000);
		arena_unmap(&a);
		if (i % 2 == 0)
			rig_kill_daemon(&rig);
		if (i % 2 == 1)
			rig_order(&rig, 'a', 0);
		rig_accept(&rig);
	}
	assert_int_equal(arena_map(&a, rig.arena_fd), 0);
	assert_int_equal(a.header->last_death.kind, ARENA_DOING_FEED);
	assert_int_equal(a.header->last_death.n_deaths, 2);
	arena_unmap(&a);
	assert_true(rig_logged(&rig, "its own fault"));
}

static void what_a_daemon_asked_for_before_it_died_is_done(void **state)
{
	(void)state;
	/* It is dead before the keeper reads the first of them. */
	rig_freeze_keeper(&rig);
	assert_int_equal(kill(rig.daemon, SIGKILL), 0);
	pause_ms(50);
	for (uint64_t i = 1; i <= 5; i++)
		rig_spawn(&rig, &(struct rig_spawn){ .pane = i, .argv = ARGV("sleep", "1000") });
	assert_int_equal(kill(rig.keeper, SIGCONT), 0);
	rig_drop_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(rig.n_adopted, 5);
	rig_order(&rig, 'q', 0);
	rig_accept(&rig);
	assert_int_equal(rig.n_adopted, 5);
}

static void a_daemon_that_breaks_the_protocol_is_replaced(void **state)
{
	struct keeper_plain m;

	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	KEEPER_MSG(&m, KEEPER_LISTENING);
	rig_send(&rig, &m, sizeof m - 1, NULL, 0);
	rig_drop_daemon(&rig);
	rig_accept(&rig);
	KEEPER_MSG(&m, KEEPER_ADOPT_END);
	rig_send(&rig, &m, sizeof m, NULL, 0);
	rig_drop_daemon(&rig);
	rig_accept(&rig);
	assert_true(rig_logged(&rig, "malformed packet"));
	assert_true(rig_logged(&rig, "only the keeper sends"));
	assert_int_equal(adopted(1)->pid, pid);
	assert_int_equal(kill(pid, 0), 0);
}

static void expect_down(const char *path)
{
	int fd = connect_to(path);

	assert_true(fd >= 0);
	rig_read(fd, false, "\n", text, sizeof text);
	assert_non_null(strstr(text, "\"code\":1307"));
	assert_non_null(strstr(text, "\"DAEMON_DOWN\""));
	assert_int_equal(read(fd, text, sizeof text), 0);
	close(fd);
}

/* Also in the way that a client meets it: a request first, then a look. */
static void expect_down_after_request(const char *path)
{
	int fd = connect_to(path);

	/* It may be too late to send, never to be told why. */
	(void)!send(fd, "{}\n", 3, MSG_NOSIGNAL);
	rig_read(fd, false, "\n", text, sizeof text);
	assert_non_null(strstr(text, "\"code\":1307"));
	close(fd);
}

static void after_instant_deaths_the_keeper_answers_and_keeps_the_shells(void **state)
{
	(void)state;
	pid_t pid = rig_run(&rig, &(struct rig_spawn){ .pane = 1, .argv = ARGV("sleep", "1000") });
	rig_refuse(&rig);
	rig_order(&rig, 'q', 0);
	for (int i = 0; i < RIG_WAIT_MS / 50 && !rig_logged(&rig, "GIVING UP"); i++)
		pause_ms(50);
	assert_true(rig_logged(&rig, "GIVING UP"));
	expect_down(rig.socket);
	expect_down_after_request(rig.socket);
	assert_int_equal(kill(pid, 0), 0);
	rig_listen(&rig);
	assert_int_equal(kill(rig.keeper, SIGHUP), 0);
	rig_accept(&rig);
	assert_int_equal(adopted(1)->pid, pid);
	/* It serves the socket again, and the keeper does not. */
	int client = connect_to(rig.socket);
	struct pollfd p = { .fd = client, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 100), 0);
	close(client);
}

static void a_socket_that_vanished_is_made_again(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(unlink(rig.socket), 0);
	assert_int_equal(kill(rig.keeper, SIGHUP), 0);
	rig_receive(&rig, KEEPER_LISTENING);
	int client = connect_to(rig.socket);
	assert_true(client >= 0);
	int served = accept4(rig.fds[0], NULL, NULL, SOCK_CLOEXEC);
	assert_true(served >= 0);
	assert_int_equal(stat(rig.socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(served);
	close(client);
}

/* A stray: no terminal, no session of ours, deaf to what can be ignored. */
static pid_t run_stray(uint64_t pane)
{
	const char *script = "(trap '' HUP TERM INT; setsid sleep 1000 >/dev/null 2>&1 &); "
			     "sleep 0.2; echo end";

	rig_run(&rig, &(struct rig_spawn){ .pane = pane, .argv = SH(script) });
	rig_read(rig.fds[0], false, "end", text, sizeof text);
	rig_expect_exit(&rig, pane);
	for (int i = 0; i < RIG_WAIT_MS / 10; i++) {
		FILE *f;
		int pid = 0;

		snprintf(text, sizeof text, "/proc/%d/task/%d/children", rig.keeper, rig.keeper);
		f = fopen(text, "re");
		if (!f)
			skip();
		while (fscanf(f, "%d", &pid) == 1 && pid == rig.daemon)
			;
		fclose(f);
		if (pid > 0 && pid != rig.daemon)
			return pid;
		pause_ms(10);
	}
	fail_msg("the stray did not become the keeper's child");
	return 0;
}

static void stop_ends_everything_even_strays(void **state)
{
	(void)state;
	rig_start(&rig);
	pid_t stray = run_stray(1);
	pid_t shell = rig_run(&rig, &(struct rig_spawn){ .pane = 2,
							 .flags = KEEPER_SPAWN_PTY,
							 .argv = SH("trap '' HUP; sleep 1000") });
	rig_end(&rig);
	rig_expect_gone(stray);
	rig_expect_gone(shell);
}

static void a_daemon_that_does_not_end_after_stop_is_killed(void **state)
{
	(void)state;
	rig_start(&rig);
	pid_t daemon = rig.daemon;
	rig_plain(&rig, KEEPER_STOP);
	int status = rig_wait_keeper(&rig);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_expect_gone(daemon);
	rig_remove(&rig);
}

static void terminating_the_keeper_hangs_up_when_the_daemon_cannot(void **state)
{
	(void)state;
	rig_start(&rig);
	pid_t shell =
		rig_run(&rig,
			&(struct rig_spawn){ .pane = 1,
					     .argv = SH("trap 'echo hup; exit' HUP; echo ready; "
							"while :; do sleep 0.01; done") });
	rig_read(rig.fds[0], false, "ready", text, sizeof text);
	/* The fake one just dies of SIGTERM. */
	assert_int_equal(kill(rig.keeper, SIGTERM), 0);
	rig_read(rig.fds[0], false, "hup", text, sizeof text);
	assert_non_null(strstr(text, "hup"));
	int status = rig_wait_keeper(&rig);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_expect_gone(shell);
	rig_remove(&rig);
}

/* Nobody can outlive it: the terminals hang up with its last descriptor. */
static void when_the_keeper_is_killed_its_shells_get_sighup(void **state)
{
	(void)state;
	rig_start(&rig);
	pid_t shell = rig_run(&rig, &(struct rig_spawn){ .pane = 1,
							 .flags = KEEPER_SPAWN_PTY,
							 .argv = ARGV("sleep", "1000") });
	pid_t daemon = rig.daemon;
	rig_close_fds(&rig);
	assert_int_equal(kill(rig.keeper, SIGKILL), 0);
	rig_wait_keeper(&rig);
	/* The daemon sees the end of the link. */
	struct pollfd p = { .fd = rig.link_fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, RIG_WAIT_MS), 1);
	assert_true(p.revents & POLLHUP);
	kill(daemon, SIGKILL);
	rig_expect_gone(shell);
	rig_remove(&rig);
}

static void fifty_kills_lose_no_child(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 10; i++)
		rig_run(&rig, &(struct rig_spawn){ .pane = i, .argv = ARGV("sleep", "1000") });
	for (int i = 0; i < 50; i++) {
		/* Before, amid and after adoption. */
		rig_kill_daemon(&rig);
		rig_accept_mute(&rig);
		if (i % 3 == 0) {
			rig_adopt(&rig);
			assert_int_equal(rig.n_adopted, 10);
		}
		if (i % 3 == 1)
			rig_receive(&rig, KEEPER_WELCOME);
	}
	rig_kill_daemon(&rig);
	rig_accept(&rig);
	assert_int_equal(rig.n_adopted, 10);
}

int main(int argc, char **argv)
{
#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		WITH_RIG(the_daemon_gets_its_link_and_nothing_else),
		WITH_RIG(statuses_are_kept_until_they_are_forgotten),
		WITH_RIG(what_adoption_told_is_not_told_again),
		WITH_RIG(more_children_than_one_batch_takes_are_adopted),
		WITH_RIG(a_terminal_goes_on_across_daemons),
		WITH_RIG(the_arena_and_the_socket_outlive_the_daemon),
		WITH_RIG(only_faults_count_for_the_quarantine),
		WITH_RIG(what_a_daemon_asked_for_before_it_died_is_done),
		WITH_RIG(a_daemon_that_breaks_the_protocol_is_replaced),
		WITH_RIG(after_instant_deaths_the_keeper_answers_and_keeps_the_shells),
		WITH_RIG(a_socket_that_vanished_is_made_again),
		WITH_RIG(fifty_kills_lose_no_child),
		cmocka_unit_test(stop_ends_everything_even_strays),
		cmocka_unit_test(a_daemon_that_does_not_end_after_stop_is_killed),
		cmocka_unit_test(terminating_the_keeper_hangs_up_when_the_daemon_cannot),
		cmocka_unit_test(when_the_keeper_is_killed_its_shells_get_sighup),
	};

	if (!rig_take_paths(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
