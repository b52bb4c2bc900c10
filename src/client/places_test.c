#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/places.h"

static int clean_environment(void **state)
{
	(void)state;
	unsetenv("ORCHFLOW_SOCKET");
	unsetenv("ORCHFLOW_STATE_DIR");
	unsetenv("ORCHFLOW_CONFIG");
	unsetenv("ORCHFLOW_LIBEXEC");
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_CONFIG_HOME");
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	setenv("HOME", "/home/me", 1);
	return 0;
}

static struct places resolved(void)
{
	struct places p;
	struct fail f;

	assert_int_equal(places_resolve(&p, &f), 0);
	return p;
}

static void the_usual_places_follow_xdg(void **state)
{
	struct places p = resolved();

	(void)state;
	assert_string_equal(p.socket, "/run/user/7/orchflow/orchflow.sock");
	assert_string_equal(p.state_dir, "/home/me/.local/state/orchflow");
	assert_string_equal(p.config, "/home/me/.config/orchflow/orchflow.conf");
	setenv("XDG_STATE_HOME", "/s", 1);
	setenv("XDG_CONFIG_HOME", "/c", 1);
	p = resolved();
	assert_string_equal(p.state_dir, "/s/orchflow");
	assert_string_equal(p.config, "/c/orchflow/orchflow.conf");
	/* relative ones are to be ignored */
	setenv("XDG_STATE_HOME", "s", 1);
	assert_string_equal(resolved().state_dir, "/home/me/.local/state/orchflow");
}

static void without_a_runtime_directory_tmp_serves(void **state)
{
	char want[64], dir[64];
	struct places p;

	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned)geteuid());
	if (access(dir, F_OK) == 0)
		skip();
	p = resolved();
	snprintf(want, sizeof(want), "/tmp/orchflow-%u/orchflow.sock", (unsigned)geteuid());
	assert_string_equal(p.socket, want);
}

static void what_is_told_wins_and_becomes_absolute(void **state)
{
	char cwd[PATH_MAX - 2], want[PATH_MAX];
	struct places p;

	(void)state;
	assert_int_equal(chdir("/tmp"), 0);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	setenv("ORCHFLOW_SOCKET", "s", 1);
	setenv("ORCHFLOW_STATE_DIR", "/state", 1);
	setenv("ORCHFLOW_CONFIG", "/x.conf", 1);
	p = resolved();
	snprintf(want, sizeof(want), "%s/s", cwd);
	assert_string_equal(p.socket, want);
	assert_string_equal(p.state_dir, "/state");
	assert_string_equal(p.config, "/x.conf");
	assert_true(p.is_socket_told);
}

static void a_socket_path_that_the_kernel_cannot_take_is_refused(void **state)
{
	struct places p;
	struct fail f;
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("ORCHFLOW_SOCKET", path, 1);
	assert_int_equal(places_resolve(&p, &f), FAIL_E_FAILED);
	assert_non_null(strstr(f.detail, "too long"));
}

static int check(const char *dir, const char *part)
{
	struct places p = { 0 };
	struct fail f = { 0 };
	int r;

	snprintf(p.socket, sizeof(p.socket), "%s/s", dir);
	r = places_check_dir(&p, &f);
	if (part && !strstr(f.detail, part))
		fail_msg("\"%s\" does not say \"%s\"", f.detail, part);
	return r;
}

static void a_directory_that_is_not_ours_alone_is_refused(void **state)
{
	char dir[] = "/tmp/orchflow-places-XXXXXX", link_path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(check(dir, NULL), 0);
	chmod(dir, 0750);
	assert_int_equal(check(dir, "mode 0750"), FAIL_E_FAILED);
	chmod(dir, 01777);
	assert_int_equal(check(dir, "open to others"), FAIL_E_FAILED);
	chmod(dir, 0700);
	snprintf(link_path, sizeof(link_path), "%s.link", dir);
	assert_int_equal(symlink(dir, link_path), 0);
	assert_int_equal(check(link_path, NULL), 0);
	if (geteuid() == 0) {
		assert_int_equal(lchown(link_path, 65534, 65534), 0);
		assert_int_equal(check(link_path, "not a directory"), FAIL_E_FAILED);
		assert_int_equal(chown(dir, 65534, 65534), 0);
		assert_int_equal(check(dir, "uid 65534"), FAIL_E_FAILED);
	}
	unlink(link_path);
	rmdir(dir);
	assert_int_equal(check(dir, NULL), 0);
}

static void write_lock(const struct places *p, const char *text)
{
	char path[PATH_MAX + 16];
	FILE *f;

	snprintf(path, sizeof(path), "%s/keeper.lock", p->state_dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void the_lock_tells_pid_and_socket(void **state)
{
	char dir[] = "/tmp/orchflow-places-XXXXXX", text[64], path[64];
	struct places_lock lock;
	struct places p = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(p.state_dir, sizeof(p.state_dir), "%s", dir);
	assert_int_equal(places_read_lock(&p, &lock), PLACES_E_NONE);
	snprintf(text, sizeof(text), "%d\n/a/b.sock\n", (int)getpid());
	write_lock(&p, text);
	assert_int_equal(places_read_lock(&p, &lock), 0);
	assert_int_equal(lock.pid, getpid());
	assert_string_equal(lock.socket, "/a/b.sock");
	/* garbage, half of it, or a process that is gone */
	write_lock(&p, "hello\n");
	assert_int_equal(places_read_lock(&p, &lock), PLACES_E_NONE);
	write_lock(&p, "1\n/a/b.sock\n");
	assert_int_equal(places_read_lock(&p, &lock), PLACES_E_NONE);
	snprintf(text, sizeof(text), "%d\n/a/b", (int)getpid());
	write_lock(&p, text);
	assert_int_equal(places_read_lock(&p, &lock), PLACES_E_NONE);
	write_lock(&p, "2147483646\n/a/b.sock\n");
	assert_int_equal(places_read_lock(&p, &lock), PLACES_E_NONE);
	snprintf(path, sizeof(path), "%s/keeper.lock", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_usual_places_follow_xdg, clean_environment),
		cmocka_unit_test_setup(without_a_runtime_directory_tmp_serves, clean_environment),
		cmocka_unit_test_setup(what_is_told_wins_and_becomes_absolute, clean_environment),
		cmocka_unit_test_setup(a_socket_path_that_the_kernel_cannot_take_is_refused,
				       clean_environment),
		cmocka_unit_test(a_directory_that_is_not_ours_alone_is_refused),
		cmocka_unit_test(the_lock_tells_pid_and_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
