/* The configuration file, its errors, and the manual made of its table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "daemon/config_keys.h"

static char path[] = "/tmp/orchflow-config-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static void load(struct config *c, const char *text)
{
	struct fail f;

	write_file(text);
	assert_int_equal(config_load(c, path, &f), 0);
}

/* Refused, with a complaint that holds @what, and with nothing changed. */
static void refuse(const char *text, int line, const char *what)
{
	struct config c, before;
	char place[64];
	struct fail f;

	config_init(&c);
	c.max_panes = 17;
	before = c;
	write_file(text);
	assert_int_equal(config_load(&c, path, &f), CONFIG_E_INVALID);
	assert_int_equal(f.code, FAIL_CONFIG_INVALID);
	(void)snprintf(place, sizeof place, "%s:%d: ", path, line);
	if (!strstr(f.detail, place) || (!strstr(f.detail, what) && !strstr(f.hint, what)))
		fail_msg("%s (%s)", f.detail, f.hint);
	assert_memory_equal(&c, &before, sizeof c);
}

static void the_defaults_are_those_of_the_other_modules(void **state)
{
	struct core_config core, core_default;
	struct api_config api, api_default;
	struct config c;

	(void)state;
	config_init(&c);
	config_to_core(&c, &core);
	core_config_init(&core_default);
	assert_memory_equal(&core, &core_default, sizeof core);
	config_to_api(&c, &api);
	api_config_init(&api_default);
	assert_int_equal(api.max_sessions, api_default.max_sessions);
	assert_int_equal(api.max_panes, api_default.max_panes);
	assert_int_equal(api.max_clients, api_default.max_clients);
	assert_int_equal(api.max_request_bytes, api_default.max_request_bytes);
	assert_int_equal(api.max_stream_bytes, api_default.max_stream_bytes);
}

static void values_are_read_with_their_suffixes(void **state)
{
	struct config c;

	(void)state;
	load(&c, "# a comment\n"
		 "[limits]\n"
		 "panes = 2000 ; another\n"
		 "input_queue=8k\n"
		 "request: 16M\n"
		 "subscriber_queue = 5000\n"
		 "exited_days = 2\n"
		 "\n"
		 "[stream]\n"
		 "flush_quiet_us = 250\n"
		 "flush_latest_us = 2.5ms\n"
		 "pause_max_ms = 1m\n"
		 "[log]\n"
		 "level = debug\n"
		 "[debug]\n"
		 "abort_on = BOOM\n");
	assert_int_equal(c.max_panes, 2000);
	assert_int_equal(c.input_queue, 8192);
	assert_int_equal(c.request, 16 << 20);
	assert_int_equal(c.subscriber_queue, 5000);
	assert_int_equal(c.exited_keep_s, 2 * 86400);
	assert_int_equal(c.flush_quiet_us, 250);
	assert_int_equal(c.flush_latest_us, 2500);
	assert_int_equal(c.pause_max_ms, 60000);
	assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(c.abort_on, "BOOM");
	assert_int_equal(c.max_sessions, 1000); /* not named: the default */
	load(&c, "[limits]\nexited_days = 12h\n");
	assert_int_equal(c.exited_keep_s, 12 * 3600);
	load(&c, "");
	assert_int_equal(c.max_panes, 1000);
}

static void titles_are_reported_only_when_told_so(void **state)
{
	struct core_config core;
	struct config c;

	(void)state;
	config_init(&c);
	config_to_core(&c, &core);
	assert_false(core.has_title_report);
	load(&c, "[terminal]\ntitle_report = true\n");
	config_to_core(&c, &core);
	assert_true(core.has_title_report);
	load(&c, "[terminal]\ntitle_report = false\n");
	config_to_core(&c, &core);
	assert_false(core.has_title_report);
	refuse("[terminal]\ntitle_report = yes\n", 2, "one of false|true");
}

static void shells_tell_of_their_commands_unless_told_not_to(void **state)
{
	struct core_config core;
	struct config c;

	(void)state;
	config_init(&c);
	config_to_core(&c, &core);
	assert_true(core.has_shell_integration);
	load(&c, "[shell]\nintegration = off\n");
	config_to_core(&c, &core);
	assert_false(core.has_shell_integration);
	refuse("[shell]\nintegration = no\n", 2, "one of off|on");
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	(void)state;
	refuse("[limits]\npannes = 1\n", 2, "did you mean limits.panes?");
	refuse("[limit]\n", 1, "no section [limit]");
	refuse("panes = 1\n", 1, "no key");
	refuse("[limits]\n\npanes\n", 3, "neither");
	refuse("[limits]\npanes = 0\n", 2, "1 to 4000");
	refuse("[limits]\npanes = -1\n", 2, "number");
	refuse("[limits]\npanes = 12x\n", 2, "number");
	refuse("[limits]\npanes = 99999999999999999999\n", 2, "number");
	refuse("[limits]\npanes =\n", 2, "number");
	refuse("[limits]\nrequest = 4T\n", 2, "size");
	refuse("[limits]\nrequest = 4MB\n", 2, "size");
	refuse("[limits]\nrequest = 9223372036854775807G\n", 2, "size");
	refuse("[limits]\nrequest = 1\n", 2, "4K to 256M");
	refuse("[stream]\npause_max_ms = soon\n", 2, "ms");
	refuse("[stream]\npause_max_ms = 2d\n", 2, "1 day");
	refuse("[stream]\nflush_quiet_us = 9223372036854775807\n", 2, "us");
	refuse("[limits]\nexited_days = 9223372036854775807\n", 2, "days");
	refuse("[log]\nlevel = loud\n", 2, "error|warn|info|debug");
	refuse("[log]\nlevel = erro\n", 2, "one of");
	/* Only the first of two. */
	refuse("[log]\nlevel = info\nlevle = x\nfoo = y\n", 3, "did you mean log.level?");
}

static void long_lines_are_refused(void **state)
{
	char text[1024] = "[debug]\nabort_on = ";

	(void)state;
	memset(text + strlen(text), 'x', 80);
	refuse(text, 2, "too long");
	memset(text + strlen(text), 'x', 800);
	refuse(text, 2, "longer than");
}

static void an_absent_file_means_the_defaults(void **state)
{
	struct config c;
	struct fail f;

	(void)state;
	c.max_panes = 3;
	assert_int_equal(config_load(&c, "/nonexistent/orchflow.conf", &f), CONFIG_E_ABSENT);
	assert_int_equal(c.max_panes, 1000);
	/* There, but no file: an error, since somebody meant something by it. */
	assert_int_equal(config_load(&c, "/tmp", &f), CONFIG_E_INVALID);
}

static void changes_are_named(void **state)
{
	const char *names[8];
	struct config a, b;

	(void)state;
	config_init(&a);
	b = a;
	assert_int_equal(config_changes(&a, &b, names, 8), 0);
	b.max_panes++;
	b.log_level = LOG_LEVEL_ERROR;
	(void)snprintf(b.abort_on, sizeof b.abort_on, "x");
	assert_int_equal(config_changes(&a, &b, names, 8), 3);
	assert_string_equal(names[0], "limits.panes");
	assert_string_equal(names[1], "log.level");
	assert_string_equal(names[2], "debug.abort_on");
	assert_int_equal(config_changes(&a, &b, names, 1), 1);
}

static void the_file_is_looked_for_where_the_user_says(void **state)
{
	char out[128];

	(void)state;
	(void)setenv("HOME", "/home/u", 1);
	(void)unsetenv("ORCHFLOW_CONFIG");
	(void)unsetenv("XDG_CONFIG_HOME");
	assert_int_equal(config_find(out, sizeof out), 0);
	assert_string_equal(out, "/home/u/.config/orchflow/orchflow.conf");
	(void)setenv("XDG_CONFIG_HOME", "/x", 1);
	assert_int_equal(config_find(out, sizeof out), 0);
	assert_string_equal(out, "/x/orchflow/orchflow.conf");
	(void)setenv("ORCHFLOW_CONFIG", "/y.conf", 1);
	assert_int_equal(config_find(out, sizeof out), 0);
	assert_string_equal(out, "/y.conf");
	assert_true(config_find(out, 3) < 0);
}

static void the_manual_names_every_key_but_the_hooks(void **state)
{
	struct buf out = BUF_INIT;
	char *text;

	(void)state;
	config_manual(&out);
	text = buf_steal_str(&out);
	assert_non_null(text);
	for (size_t i = 0; i < config_n_keys(); i++) {
		if (!config_keys[i].is_hidden)
			assert_non_null(strstr(text, config_keys[i].doc));
	}
	assert_null(strstr(text, "abort"));
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_the_other_modules),
		cmocka_unit_test(values_are_read_with_their_suffixes),
		cmocka_unit_test(titles_are_reported_only_when_told_so),
		cmocka_unit_test(shells_tell_of_their_commands_unless_told_not_to),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(long_lines_are_refused),
		cmocka_unit_test(an_absent_file_means_the_defaults),
		cmocka_unit_test(changes_are_named),
		cmocka_unit_test(the_file_is_looked_for_where_the_user_says),
		cmocka_unit_test(the_manual_names_every_key_but_the_hooks),
	};
	int failed, fd = mkstemp(path);

	if (fd < 0)
		return 1;
	(void)close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return failed;
}
