/* Where a keeper may live: directories, lock, socket; with the real program. */
#include <errno.h>
#include <fcntl.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "keeper/rig.h"

static struct rig rig;
static char told[1024], path[256];

static int init(void **state)
{
	(void)state;
	rig_init(&rig);
	rig_listen(&rig);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	rig_remove(&rig);
	return 0;
}

static int exit_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_refused(const char *why)
{
	pid_t pid = rig_run_keeper(&rig, told, sizeof told);

	assert_int_equal(exit_of(pid), 1);
	assert_true(strncmp(told, "error ", 6) == 0);
	if (!strstr(told, why))
		fail_msg("'%s' not in: %s", why, told);
}

static void expect_served(void)
{
	rig.keeper = rig_run_keeper(&rig, told, sizeof told);
	assert_string_equal(told, "ok\n");
	rig_accept(&rig);
	rig_plain(&rig, KEEPER_STOP);
	rig_order(&rig, 'q', 0);
	assert_int_equal(rig_wait_keeper(&rig), 0);
}

static mode_t mode_of(const char *p)
{
	struct stat st;

	assert_int_equal(lstat(p, &st), 0);
	return st.st_mode & 07777;
}

static void make_directory(const char *p, mode_t mode)
{
	assert_int_equal(mkdir(p, 0700), 0);
	assert_int_equal(chmod(p, mode), 0);
}

static int listen_at(const char *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", p);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void make_socket_directory(mode_t mode)
{
	snprintf(path, sizeof path, "%s/run", rig.dir);
	make_directory(path, mode);
}

static void directories_are_made_for_their_owner_alone(void **state)
{
	(void)state;
	snprintf(rig.state, sizeof rig.state, "%s/a/b", rig.dir);
	rig.keeper = rig_run_keeper(&rig, told, sizeof told);
	rig_accept(&rig);
	assert_int_equal(mode_of(rig.state), 0700);
	snprintf(path, sizeof path, "%s/a", rig.dir);
	assert_int_equal(mode_of(path), 0700);
	snprintf(path, sizeof path, "%s/run", rig.dir);
	assert_int_equal(mode_of(path), 0700);
	assert_int_equal(mode_of(rig.socket), 0600);
	snprintf(path, sizeof path, "%s/log", rig.state);
	assert_int_equal(mode_of(path), 0700);
	rig_plain(&rig, KEEPER_STOP);
	rig_order(&rig, 'q', 0);
	assert_int_equal(rig_wait_keeper(&rig), 0);
}

static void the_lock_says_who_holds_it_and_refuses_a_second(void **state)
{
	char want[128];

	(void)state;
	rig.keeper = rig_run_keeper(&rig, told, sizeof told);
	rig_accept(&rig);
	snprintf(path, sizeof path, "%s/keeper.lock", rig.state);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	size_t n = fread(told, 1, sizeof told - 1, f);
	told[n] = '\0';
	fclose(f);
	snprintf(want, sizeof want, "%d\n%s\n", (int)rig.keeper, rig.socket);
	assert_string_equal(told, want);

	pid_t second = rig_run_keeper(&rig, told, sizeof told);
	snprintf(want, sizeof want, "busy %d\n", (int)rig.keeper);
	assert_string_equal(told, want);
	assert_int_equal(exit_of(second), 3);
	rig_plain(&rig, KEEPER_STOP);
	rig_order(&rig, 'q', 0);
	assert_int_equal(rig_wait_keeper(&rig), 0);
	/* Gone with its holder. */
	expect_served();
}

static void of_many_keepers_at_once_one_wins(void **state)
{
	int p[8][2], n_ok = 0, n_busy = 0;
	pid_t pids[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(pipe(p[i]), 0);
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			snprintf(path, sizeof path, "%d", p[i][1]);
			dup2(rig.log_fd, STDERR_FILENO);
			execl(rig_keeper_path, rig_keeper_path, "--state", rig.state, "--socket",
			      rig.socket, "--daemon", rig_daemon_path, "--foreground", "--ready-fd",
			      path, "--", rig.relay, (char *)NULL);
			_exit(99);
		}
		close(p[i][1]);
	}
	for (int i = 0; i < 8; i++) {
		rig_read(p[i][0], false, "\n", told, sizeof told);
		close(p[i][0]);
		if (strcmp(told, "ok\n") == 0) {
			n_ok++;
			rig.keeper = pids[i];
		}
		n_busy += strncmp(told, "busy ", 5) == 0;
	}
	for (int i = 0; i < 8; i++) {
		if (n_ok == 1 && pids[i] != rig.keeper)
			assert_int_equal(exit_of(pids[i]), 3);
		if (n_ok > 1)
			kill(pids[i], SIGTERM);
	}
	assert_int_equal(n_ok, 1);
	assert_int_equal(n_busy, 7);
	rig_accept(&rig);
	rig_plain(&rig, KEEPER_STOP);
	rig_order(&rig, 'q', 0);
	assert_int_equal(rig_wait_keeper(&rig), 0);
}

static void a_stale_socket_is_replaced(void **state)
{
	(void)state;
	make_socket_directory(0700);
	close(listen_at(rig.socket));
	expect_served();
}

static void a_socket_that_somebody_serves_is_left_alone(void **state)
{
	(void)state;
	make_socket_directory(0700);
	int fd = listen_at(rig.socket);
	expect_refused("another server listens");
	assert_true(mode_of(rig.socket)); /* still there */
	close(fd);
	expect_served();
}

static void what_is_not_a_socket_is_left_alone(void **state)
{
	(void)state;
	make_socket_directory(0700);
	int fd = open(rig.socket, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	expect_refused("is not a socket");
	assert_int_equal(mode_of(rig.socket), 0600);
}

static void a_socket_directory_open_to_others_is_refused(void **state)
{
	const mode_t bad[] = { 0755, 0710, 0701, 0720, 0702, 01777 };

	(void)state;
	make_socket_directory(0700);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(chmod(path, bad[i]), 0);
		expect_refused("open to others");
	}
	assert_int_equal(chmod(path, 0700), 0);
	expect_served();
}

static void a_state_directory_that_others_can_write_is_refused(void **state)
{
	(void)state;
	make_directory(rig.state, 0777);
	expect_refused("open to others");
	assert_int_equal(chmod(rig.state, 0720), 0);
	expect_refused("open to others");
	/* Reading its name does no harm: what is inside is 0700. */
	assert_int_equal(chmod(rig.state, 0755), 0);
	expect_served();
}

static void directories_of_somebody_else_are_refused(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		make_directory(rig.state, 0700);
		assert_int_equal(chown(rig.state, 12345, 12345), 0);
		expect_refused("not yours");
		assert_int_equal(chown(rig.state, 0, 0), 0);
		make_socket_directory(0700);
		assert_int_equal(chown(path, 12345, 12345), 0);
		expect_refused("not yours");
		return;
	}
	snprintf(rig.socket, sizeof rig.socket, "/usr/orchflow.sock");
	expect_refused("not yours");
	snprintf(rig.state, sizeof rig.state, "/usr");
	expect_refused("not yours");
}

static void odd_paths_are_refused_with_the_reason(void **state)
{
	(void)state;
	snprintf(rig.socket, sizeof rig.socket, "relative.sock");
	expect_refused("absolute");
	snprintf(rig.socket, sizeof rig.socket, "/orchflow.sock");
	expect_refused("root directory");
	snprintf(rig.socket, sizeof rig.socket, "%s/run/s", rig.dir);
	snprintf(rig.state, sizeof rig.state, "%s/f", rig.dir);
	int fd = open(rig.state, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	expect_refused("not a directory");
}

static void a_daemon_that_is_not_there_is_told_at_once(void **state)
{
	const char *path_before = rig_daemon_path;

	(void)state;
	rig_daemon_path = "/no/such/orchflowd";
	expect_refused("/no/such/orchflowd: No such file");
	rig_daemon_path = path_before;
}

/* As the command line starts it: the caller returns, the log is a file. */
static void in_the_background_it_logs_to_a_bounded_file(void **state)
{
	struct stat st;
	int p[2];

	(void)state;
	snprintf(path, sizeof path, "%s/log", rig.state);
	assert_int_equal(mkdir(rig.state, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/log/keeper.log", rig.state);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	close(fd);
	assert_int_equal(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(p[1], STDIN_FILENO); /* any number will do, also a low one */
		execl(rig_keeper_path, rig_keeper_path, "--state", rig.state, "--socket",
		      rig.socket, "--daemon", rig_daemon_path, "--ready-fd", "0", "--", rig.relay,
		      (char *)NULL);
		_exit(99);
	}
	close(p[1]);
	assert_int_equal(exit_of(pid), 0);
	rig_read(p[0], false, "\n", told, sizeof told);
	close(p[0]);
	assert_string_equal(told, "ok\n");
	rig_accept(&rig);
	rig.keeper = (pid_t)rig.welcome.keeper_pid;
	assert_int_equal(getsid(rig.keeper) == getsid(0), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1, 4096);
	strncat(path, ".1", 3);
	assert_int_equal(stat(path, &st), 0);
	rig_plain(&rig, KEEPER_STOP);
	rig_order(&rig, 'q', 0);
	rig_expect_gone(rig.keeper);
	rig.keeper = 0;
}

int main(int argc, char **argv)
{
#define AT_PLACE(f) cmocka_unit_test_setup_teardown(f, init, finish)
	const struct CMUnitTest tests[] = {
		AT_PLACE(directories_are_made_for_their_owner_alone),
		AT_PLACE(the_lock_says_who_holds_it_and_refuses_a_second),
		AT_PLACE(of_many_keepers_at_once_one_wins),
		AT_PLACE(a_stale_socket_is_replaced),
		AT_PLACE(a_socket_that_somebody_serves_is_left_alone),
		AT_PLACE(what_is_not_a_socket_is_left_alone),
		AT_PLACE(a_socket_directory_open_to_others_is_refused),
		AT_PLACE(a_state_directory_that_others_can_write_is_refused),
		AT_PLACE(directories_of_somebody_else_are_refused),
		AT_PLACE(odd_paths_are_refused_with_the_reason),
		AT_PLACE(a_daemon_that_is_not_there_is_told_at_once),
		AT_PLACE(in_the_background_it_logs_to_a_bounded_file),
	};

	if (!rig_take_paths(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
