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

#include "cli/doctor.h"
#include "cli/server.h"

static struct doctor d;

static int set_up(void **state)
{
	(void)state;
	doctor_init(&d);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	doctor_fini(&d);
	return 0;
}

/* The level of the finding of @check whose text has @part. */
static const char *level_of(const char *check, const char *part)
{
	json_t *f;
	size_t i;

	json_array_foreach(d.findings, i, f)
	{
		if (strcmp(server_str(f, "check"), check) == 0 &&
		    strstr(server_str(f, "text"), part)) {
			/* whatever is not in order comes with something to do */
			if (strcmp(server_str(f, "level"), "ok") != 0)
				assert_true(strlen(server_str(f, "advice")) > 5);
			return server_str(f, "level");
		}
	}
	return "none";
}

static void cgroups_tell_what_a_logout_ends(void **state)
{
	(void)state;
	assert_int_equal(doctor_parse_cgroup("0::/user.slice/user-1000.slice/session-3.scope\n"),
			 DOCTOR_CGROUP_SESSION);
	assert_int_equal(doctor_parse_cgroup("0::/user.slice/user-1000.slice/user@1000.service/"
					     "app.slice/orchflow.service\n"),
			 DOCTOR_CGROUP_USER);
	assert_int_equal(doctor_parse_cgroup("0::/system.slice/orchflow.service\n"),
			 DOCTOR_CGROUP_OTHER);
	assert_int_equal(doctor_parse_cgroup("0::/\n"), DOCTOR_CGROUP_OTHER);
	assert_int_equal(doctor_parse_cgroup(""), DOCTOR_CGROUP_OTHER);
	/* version 1 has a line per controller */
	assert_int_equal(doctor_parse_cgroup("2:cpu:/\n1:name=systemd:/user.slice/"
					     "user-0.slice/session-c1.scope\n0::/\n"),
			 DOCTOR_CGROUP_SESSION);
}

static void lingering_decides_about_logout(void **state)
{
	(void)state;
	doctor_judge_logout(&d, DOCTOR_CGROUP_USER, true, true, DOCTOR_KILLS_YES);
	assert_false(d.is_wrong);
	doctor_judge_logout(&d, DOCTOR_CGROUP_OTHER, true, false, DOCTOR_KILLS_YES);
	doctor_judge_logout(&d, DOCTOR_CGROUP_USER, false, false, DOCTOR_KILLS_YES);
	assert_false(d.is_wrong);
	doctor_judge_logout(&d, DOCTOR_CGROUP_USER, true, false, DOCTOR_KILLS_NO);
	assert_string_equal(level_of("logout", "lingering is off"), "wrong");
	assert_true(d.is_wrong);
}

static void in_a_login_only_logind_decides(void **state)
{
	(void)state;
	doctor_judge_logout(&d, DOCTOR_CGROUP_SESSION, true, true, DOCTOR_KILLS_UNKNOWN);
	assert_string_equal(level_of("logout", "KillUserProcesses"), "note");
	doctor_judge_logout(&d, DOCTOR_CGROUP_SESSION, true, false, DOCTOR_KILLS_NO);
	assert_string_equal(level_of("logout", "outlives the login"), "ok");
	assert_false(d.is_wrong);
	doctor_judge_logout(&d, DOCTOR_CGROUP_SESSION, true, true, DOCTOR_KILLS_YES);
	assert_string_equal(level_of("logout", "KillUserProcesses=yes"), "wrong");
	assert_true(d.is_wrong);
}

static void the_last_word_about_killing_counts(void **state)
{
	(void)state;
	assert_int_equal(doctor_parse_logind("", DOCTOR_KILLS_UNKNOWN), DOCTOR_KILLS_UNKNOWN);
	assert_int_equal(doctor_parse_logind("[Login]\n#KillUserProcesses=yes\n", DOCTOR_KILLS_NO),
			 DOCTOR_KILLS_NO);
	assert_int_equal(doctor_parse_logind("[Login]\nKillUserProcesses=no", DOCTOR_KILLS_YES),
			 DOCTOR_KILLS_NO);
	assert_int_equal(doctor_parse_logind("KillUserProcesses=no\nKillUserProcesses=on\n",
					     DOCTOR_KILLS_UNKNOWN),
			 DOCTOR_KILLS_YES);
	assert_int_equal(doctor_parse_logind("KillUserProcesses=", DOCTOR_KILLS_YES),
			 DOCTOR_KILLS_NO);
}

static void errors_in_the_log_are_counted(void **state)
{
	static const char text[] = "half of a line\n"
				   "2026-11-23T10:00:00.000Z info orchflowd start error=none\n"
				   "2026-11-23T10:00:01.000Z error orchflowd first\n"
				   "2026-11-23T10:00:02.000Z warn orchflowd an error is told here\n"
				   "2026-11-23T10:00:03.000Z error orchflowd second";
	char last[32];

	(void)state;
	assert_int_equal(doctor_log_errors(text, sizeof(text) - 1, last, sizeof(last)), 2);
	assert_memory_equal(last, "2026-11-23T10:00:03.000Z error ", 31);
	assert_int_equal(doctor_log_errors("", 0, last, sizeof(last)), 0);
	assert_string_equal(last, "");
	assert_int_equal(doctor_log_errors("\n\n error \n x error ", 19, last, sizeof(last)), 0);
}

static void limits_are_judged_before_they_are_hit(void **state)
{
	json_auto_t *full = json_pack("{s:{s:i, s:i, s:i, s:i}}", "limits", "panes", 1000,
				      "pty_max", 4096, "pty_used", 4000, "nofile", 1024);
	json_auto_t *fine = json_pack("{s:{s:i, s:i, s:i, s:i}}", "limits", "panes", 1000,
				      "pty_max", 4096, "pty_used", 12, "nofile", 524288);
	json_auto_t *small = json_pack("{s:{s:i, s:i, s:i, s:i}}", "limits", "panes", 4000,
				       "pty_max", 3071, "pty_used", 12, "nofile", 524288);

	(void)state;
	doctor_judge_limits(&d, fine);
	assert_string_equal(level_of("terminals", "12 of 4096"), "ok");
	assert_string_equal(level_of("descriptors", "524288"), "ok");
	doctor_judge_limits(&d, small);
	assert_string_equal(level_of("terminals", "3071"), "note");
	assert_false(d.is_wrong);
	doctor_judge_limits(&d, full);
	assert_string_equal(level_of("terminals", "4000 of the 4096"), "wrong");
	assert_string_equal(level_of("descriptors", "1024"), "note");
	assert_true(d.is_wrong);
}

static void leaks_and_strays_are_found(void **state)
{
	json_auto_t *fine = json_pack("{s:{s:i, s:i}, s:{s:i, s:i}, s:i, s:i}", "daemon", "fds", 40,
				      "expected_fds", 38, "keeper", "fds", 20, "expected_fds", 20,
				      "zombies", 0, "strays", 0);
	json_auto_t *bad = json_pack("{s:{s:i, s:i}, s:{s:i, s:i}, s:i, s:i}", "daemon", "fds", 400,
				     "expected_fds", 38, "keeper", "fds", 20, "expected_fds", 20,
				     "zombies", 3, "strays", 1);

	(void)state;
	doctor_judge_census(&d, fine);
	assert_string_equal(level_of("leaks", "daemon holds 40"), "ok");
	assert_string_equal(level_of("processes", "no strays"), "ok");
	assert_false(d.is_wrong);
	doctor_judge_census(&d, bad);
	assert_string_equal(level_of("leaks", "daemon holds 400"), "wrong");
	assert_string_equal(level_of("zombies", "3 dead"), "wrong");
	assert_string_equal(level_of("strays", "1 process left"), "note");
}

static void versions_and_crashes_are_told(void **state)
{
	json_auto_t *status = json_pack("{s:s, s:s, s:{s:i, s:i, s:s}}", "version", "0.2.0",
					"config_error", "line 3: unknown key", "daemon", "pid", 7,
					"starts", 3, "last_death", "killed by SIGSEGV");

	(void)state;
	doctor_judge_server(&d, status, "0.1.0");
	assert_string_equal(level_of("version", "0.2.0"), "wrong");
	assert_string_equal(level_of("daemon", "SIGSEGV"), "note");
	assert_string_equal(level_of("config", "line 3"), "wrong");
	(void)json_object_clear(json_object_get(status, "daemon"));
	(void)json_object_del(status, "config_error");
	doctor_judge_server(&d, status, "0.2.0");
	assert_string_equal(level_of("version", "both 0.2.0"), "ok");
}

static void places_of_others_are_wrong(void **state)
{
	char dir[] = "/tmp/orchflow-doctor-XXXXXX";
	struct places p = { .is_socket_told = true };

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(p.socket, sizeof(p.socket), "%s/s", dir);
	(void)snprintf(p.state_dir, sizeof(p.state_dir), "%s", dir);
	doctor_judge_places(&d, &p);
	assert_string_equal(level_of("socket", "safe"), "ok");
	assert_string_equal(level_of("state", "yours alone"), "ok");
	assert_false(d.is_wrong);
	(void)chmod(dir, 0777);
	doctor_judge_places(&d, &p);
	assert_string_equal(level_of("socket", "open to others"), "wrong");
	assert_string_equal(level_of("state", "open to others"), "wrong");
	(void)rmdir(dir);
}

int main(void)
{
#define WITH_DOCTOR(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_DOCTOR(cgroups_tell_what_a_logout_ends),
		WITH_DOCTOR(lingering_decides_about_logout),
		WITH_DOCTOR(in_a_login_only_logind_decides),
		WITH_DOCTOR(the_last_word_about_killing_counts),
		WITH_DOCTOR(errors_in_the_log_are_counted),
		WITH_DOCTOR(limits_are_judged_before_they_are_hit),
		WITH_DOCTOR(leaks_and_strays_are_found),
		WITH_DOCTOR(versions_and_crashes_are_told),
		WITH_DOCTOR(places_of_others_are_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
