#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/priv.h"

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/orchflow-start-XXXXXX");
	assert_non_null(mkdtemp(dir));
	setenv("ORCHFLOW_LIBEXEC", dir, 1);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command); /* NOLINT: our own directory */
}

/* A keeper that runs @script. */
static int start(const char *script, struct fail *fail)
{
	struct places p = { .is_socket_told = true };
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/orchflow-keeper", dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(path, 0755);
	snprintf(p.socket, sizeof(p.socket), "%s/run/s", dir);
	snprintf(p.state_dir, sizeof(p.state_dir), "%s/a/b/state", dir);
	memset(fail, 0, sizeof(*fail));
	return start_keeper(&p, fail);
}

static void the_keepers_word_decides(void **state)
{
	struct fail f;

	(void)state;
	assert_int_equal(start("echo ok >&3", &f), 0);
	assert_int_equal(start("echo busy 77 >&3; exit 3", &f), START_E_BUSY);
	assert_int_equal(start("echo error no room >&3; exit 1", &f), FAIL_E_FAILED);
	assert_non_null(strstr(f.detail, "no room"));
	assert_non_null(strstr(f.hint, "/log/"));
	assert_int_equal(start("exit 1", &f), FAIL_E_FAILED);
	assert_non_null(strstr(f.detail, "without a word"));
	assert_int_equal(start("printf o >&3; sleep 0.05; echo k >&3", &f), 0);
}

static void it_is_told_the_places_and_belongs_to_no_pane(void **state)
{
	struct fail f;

	(void)state;
	setenv("ORCHFLOW_PANE", "p1", 1);
	assert_int_equal(start("[ \"$1 $3 $5 $6\" = '--state --socket --ready-fd 3' ] && "
			       "[ -d \"$2\" ] && [ -d \"${4%/s}\" ] && [ -z \"$ORCHFLOW_PANE\" ] "
			       "&& "
			       "echo ok >&3",
			       &f),
			 0);
	unsetenv("ORCHFLOW_PANE");
}

static void it_inherits_no_descriptor_and_nobodys_session(void **state)
{
	struct fail f;
	int leak = dup2(0, 77);

	(void)state;
	assert_int_equal(leak, 77);
	assert_int_equal(start("s=$(cut -d' ' -f6 /proc/$$/stat); "
			       "[ ! -e /proc/$$/fd/77 ] && [ $s = $$ ] && echo ok >&3",
			       &f),
			 0);
	close(leak);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_keepers_word_decides, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_is_told_the_places_and_belongs_to_no_pane,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_inherits_no_descriptor_and_nobodys_session,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
