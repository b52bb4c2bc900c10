#include "cli/create.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/out.h"
#include "cli/server.h"

static bool is_text(const char *s, size_t n)
{
	return utf8_valid_prefix(s, n) == n;
}

/* Variables that are ours to set, or not text: a value that cannot travel as it
 * is had better not travel. */
static bool is_passed_on(const char *entry)
{
	static const char *const ours[] = { "ORCHFLOW_PANE=", "ORCHFLOW_SESSION=" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (strncmp(entry, ours[i], strlen(ours[i])) == 0)
			return false;
	}
	return is_text(entry, strlen(entry));
}

static int set_variable(json_t *env, const char *entry)
{
	const char *equals = strchr(entry, '=');
	char name[256];

	if (!equals || equals == entry || (size_t)(equals - entry) >= sizeof(name))
		return -1;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - entry), entry);
	return json_object_set_new(env, name, json_string(equals + 1));
}

/* This process's environment, and --env on top. */
static json_t *environment(const struct cli_args *a, int *ret_exit)
{
	json_t *env = json_object();
	size_t pos = 0;
	const char *e;

	for (char **p = environ; *p; p++) {
		if (is_passed_on(*p))
			(void)set_variable(env, *p);
	}
	while ((e = args_each(a, "env", &pos)) != NULL) {
		if (set_variable(env, e) == 0)
			continue;
		*ret_exit = out_usage(a->command, "--env %s: write NAME=VALUE", e);
		json_decref(env);
		return NULL;
	}
	return env;
}

/* The working directory by the name that its user knows, if it is still that. */
static const char *working_directory(char *out, size_t size)
{
	const char *pwd = getenv("PWD");
	struct stat a, b;

	if (pwd && pwd[0] == '/' && stat(pwd, &a) == 0 && stat(".", &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return pwd;
	return getcwd(out, size);
}

json_t *create_directory(const struct cli_args *a)
{
	const char *given = args_value(a, "directory");
	char cwd[PATH_MAX], path[2 * PATH_MAX];
	const char *base = NULL;

	if (given && given[0] == '/')
		return json_string(given);
	base = working_directory(cwd, sizeof(cwd));
	if (!base)
		return NULL;
	if (!given)
		return json_string(base);
	(void)snprintf(path, sizeof(path), "%s/%s", base, given);
	return json_string(path);
}

static json_t *command_line(const struct cli_args *a)
{
	json_t *command = json_array();

	for (int i = 0; i < a->n_operands; i++) {
		if (json_array_append_new(command, json_string(a->operands[i])) == 0)
			continue;
		out_error("argument %d of the command is not UTF-8 text", i + 1);
		json_decref(command);
		return NULL;
	}
	return command;
}

static mode_t current_umask(void)
{
	mode_t m = umask(077);

	(void)umask(m);
	return m;
}

static int add_size(const struct cli_args *a, json_t *params)
{
	const char *size = args_value(a, "size");
	int64_t cols, rows;

	if (!size)
		return 0;
	if (!args_parse_size(size, &cols, &rows))
		return out_usage(a->command, "--size %s: write COLUMNSxROWS, as in 120x40", size);
	(void)json_object_set_new(params, "cols", json_integer(cols));
	(void)json_object_set_new(params, "rows", json_integer(rows));
	return 0;
}

json_t *create_params(const struct cli_args *a, int *ret_exit)
{
	const char *session = args_value(a, "session");
	json_auto_t *env = environment(a, ret_exit);
	json_auto_t *params = NULL;
	json_auto_t *cwd = NULL;
	json_auto_t *command = NULL;
	int r;

	if (!env)
		return NULL;
	*ret_exit = EXIT_ERROR;
	command = command_line(a);
	if (!command)
		return NULL;
	cwd = create_directory(a);
	params = server_pack("{s:O, s:i, s:o, s:O*, s:s*}", "env", env, "umask",
			     (int)current_umask(), "key", server_key(), "cwd", cwd, "session",
			     session);
	if (!params)
		return NULL;
	if (json_array_size(command))
		(void)json_object_set(params, "command", command);
	r = add_size(a, params);
	if (r) {
		*ret_exit = r;
		return NULL;
	}
	return json_incref(params);
}
