#include "mcp/common.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

void common_deadline(struct job *job)
{
	int64_t ms = rpc_arg_int(&job->args, "timeout_ms", MCP_TIMEOUT_MS);

	job->deadline_ns = job->started_ns + (uint64_t)ms * 1000000;
}

void common_name(struct job *job, const char *pane)
{
	mem_free(job->name);
	job->name = mem_strdup(pane);
}

const char *common_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

int64_t common_int(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

json_t *common_key(void)
{
	unsigned char raw[16];
	char key[2 * sizeof(raw) + 5] = "mcp-";

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		mcp_die("no random numbers");
	for (size_t i = 0; i < sizeof(raw); i++)
		(void)snprintf(key + 4 + 2 * i, 3, "%02x", raw[i]);
	return json_string(key);
}

/* Variables that are the pane's own to set, or not text. */
static bool is_passed_on(const char *entry)
{
	return strncmp(entry, "ORCHFLOW_PANE=", 14) != 0 &&
	       strncmp(entry, "ORCHFLOW_SESSION=", 17) != 0 &&
	       utf8_valid_prefix(entry, strlen(entry)) == strlen(entry);
}

json_t *common_environment(const json_t *extra)
{
	json_t *env = json_object();

	for (char **p = environ; *p; p++) {
		const char *equals = strchr(*p, '=');

		if (equals && equals != *p && is_passed_on(*p)) {
			(void)json_object_setn_new(env, *p, (size_t)(equals - *p),
						   json_string(equals + 1));
		}
	}
	if (extra)
		(void)json_object_update(env, rpc_value_iterable(extra));
	return env;
}

json_t *common_directory(const char *given)
{
	char cwd[PATH_MAX], path[2 * PATH_MAX];

	if (given && given[0] == '/')
		return json_string(given);
	if (!getcwd(cwd, sizeof(cwd)))
		return json_string("/");
	if (!given)
		return json_string(cwd);
	(void)snprintf(path, sizeof(path), "%s/%s", cwd, given);
	return json_string(path);
}

const char *common_shell(const struct mcp *m)
{
	static const char *const good[] = { "bash", "zsh", "sh", "dash", "ksh", "mksh" };
	const char *shell = getenv("SHELL");
	const char *base = shell ? strrchr(shell, '/') : NULL;

	if (m->options.shell)
		return m->options.shell;
	for (size_t i = 0; base && i < ARRAY_LEN(good); i++) {
		if (strcmp(base + 1, good[i]) == 0 && access(shell, X_OK) == 0)
			return shell;
	}
	return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

void common_cut(const struct job *job, const char *s, size_t n, struct buf *out,
		struct text_cut *ret)
{
	text_cut(s, n, (size_t)rpc_arg_int(&job->args, "max_bytes", MCP_BYTES),
		 text_keep(rpc_arg_str(&job->args, "keep", NULL)), out, ret);
}

void common_take_text(const json_t *result, struct buf *out, json_t *o)
{
	static const char *const numbers[][2] = { { "omitted_rows", "omitted_lines" },
						  { "next", "next_row" } };
	const char *text = common_str(result, "text");

	buf_put(out, text, text_trim(text, strlen(text)));
	(void)json_object_set_new(o, "truncated",
				  json_boolean(json_is_true(json_object_get(result, "truncated"))));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (json_object_get(result, numbers[i][0])) {
			(void)json_object_set(o, numbers[i][1],
					      json_object_get(result, numbers[i][0]));
		}
	}
	if (common_int(result, "gap"))
		(void)json_object_set(o, "gap_bytes", json_object_get(result, "gap"));
}

void common_put_omission(const json_t *o, struct buf *out)
{
	const json_t *row = json_object_get(o, "next_row");

	if (!json_is_true(json_object_get(o, "truncated")))
		return;
	buf_put_str(out, "; ");
	text_count((uint64_t)common_int(o, "omitted_lines"), out);
	buf_put_str(out, " lines are left out");
	if (json_is_integer(row))
		buf_printf(out, ", row %lld goes on", (long long)json_integer_value(row));
}

void common_put_state(json_t *o, const json_t *pane)
{
	const json_t *status = json_object_get(pane, "status");
	const json_t *code = json_object_get(status, "code");

	(void)json_object_set_new(o, "state", json_string(common_str(pane, "state")));
	if (code)
		(void)json_object_set(o, "exit_code", rpc_value_iterable(code));
	if (json_object_get(status, "name"))
		(void)json_object_set(o, "signal", json_object_get(status, "name"));
}
