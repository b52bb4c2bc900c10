/* orchflow history */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/out.h"
#include "cli/server.h"

#define IMPORT_AT_ONCE 2000

/* ---- list ---- */

static json_t *query(const struct cli_args *a)
{
	return server_pack("{s:s*, s:s*, s:s*, s:b}", "text", a->n_operands ? a->operands[0] : NULL,
			   "pane", args_value(a, "pane"), "cwd", args_value(a, "cwd"), "failed",
			   (int)args_has(a, "failed"));
}

/* The newest @max, or all (0); NULL after a message. */
static json_t *records(const struct cli_args *a, struct client *c, int64_t max)
{
	json_t *params = query(a), *page;
	json_auto_t *result = NULL;

	if (max == 0 || max > 200)
		return server_list(c, "command.list", "commands", params);
	if (params)
		json_object_set_new(params, "limit", json_integer(max));
	result = server_call(c, "command.list", params);
	page = json_incref(json_object_get(result, "commands"));
	return page;
}

static void print_records(const json_t *list)
{
	struct buf b = BUF_INIT;
	struct out_table t;

	out_table_init(&t, "ID PANE AGE TIME EXIT COMMAND", 1u | 1u << 2 | 1u << 3 | 1u << 4);
	/* The newest last, where people look. */
	for (size_t i = json_array_size(list); i > 0; i--) {
		const json_t *r = json_array_get(list, i - 1);
		int64_t exit_code = server_int(r, "exit_code");

		out_table_addf(&t, OUT_DIM, "%lld", (long long)server_int(r, "id"));
		out_table_add(&t, OUT_PLAIN, server_str(r, "pane"));
		out_put_age(&b, clock_wall_us() - (uint64_t)server_int(r, "started_us"));
		out_table_add_buf(&t, OUT_PLAIN, &b);
		out_put_ns(&b, (uint64_t)server_int(r, "duration_us") * 1000);
		out_table_add_buf(&t, OUT_PLAIN, &b);
		if (json_is_integer(json_object_get(r, "exit_code"))) {
			out_table_addf(&t, exit_code ? OUT_RED : OUT_PLAIN, "%lld",
				       (long long)exit_code);
		} else {
			out_table_add(&t, OUT_PLAIN, "");
		}
		out_table_add(&t, OUT_BOLD, server_str(r, "text"));
	}
	out_table_print(&t);
	out_table_fini(&t);
	buf_fini(&b);
}

static int list(const struct cli_args *a, struct client *c)
{
	int64_t max = 25;
	json_auto_t *found = NULL;

	if (args_number(a, "limit", 0, INT64_MAX, &max) == ARGS_E_BAD)
		return EXIT_USAGE;
	found = records(a, c, max);
	if (!found)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(found);
	print_records(found);
	return out_finish();
}

/* ---- suggest, stats ---- */

static int suggest(const struct cli_args *a, struct client *c)
{
	json_auto_t *result =
		server_call(c, "command.suggest",
			    server_pack("{s:s, s:s*}", "prefix", args_value(a, "suggest"), "cwd",
					args_value(a, "cwd")));
	json_t *found = json_object_get(result, "suggestions"), *one;
	size_t i;

	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(found);
	json_array_foreach(found, i, one)(void) puts(server_str(one, "text"));
	return out_finish();
}

static int stats(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "command.stats", json_object());
	json_t *top = json_object_get(result, "top"), *one;
	size_t i;

	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(result);
	(void)printf("%lld commands, %lld different, %lld failed\n",
		     (long long)server_int(result, "records"),
		     (long long)server_int(result, "texts"),
		     (long long)server_int(result, "failed"));
	json_array_foreach(top, i, one)
	{
		(void)printf("%6lld  %s\n", (long long)server_int(one, "runs"),
			     server_str(one, "text"));
	}
	return out_finish();
}

/* ---- import ---- */

struct import {
	json_t *commands;
	int64_t when; /* seconds, told by the line before; 0: not */
	int64_t n_lines;
};

static void add(struct import *m, const char *text, int64_t when_s)
{
	/* Without a time: its place in the file, so that a second import knows it again. */
	json_int_t started = when_s ? (json_int_t)when_s * 1000000 : (json_int_t)m->n_lines;
	json_t *v = *text ? json_pack("{s:s, s:I}", "text", text, "started_us", started) : NULL;

	if (v)
		json_array_append_new(m->commands, v);
	m->when = 0;
}

/* zsh: ": 1700000000:0;ls".  fish: "- cmd: ls" and "  when: 1700000000" behind it.
 * bash: "ls", behind "#1700000000" if it keeps times. */
static void take_line(struct import *m, const char *line)
{
	json_t *last = json_array_get(m->commands, json_array_size(m->commands) - 1);
	const char *semicolon = strchr(line, ';');

	m->n_lines++;
	if (strncmp(line, ": ", 2) == 0 && semicolon) {
		add(m, semicolon + 1, strtoll(line + 2, NULL, 10));
	} else if (strncmp(line, "- cmd: ", 7) == 0) {
		add(m, line + 7, 0);
	} else if (strncmp(line, "  when: ", 8) == 0 && last) {
		json_object_set_new(last, "started_us",
				    json_integer(strtoll(line + 8, NULL, 10) * 1000000));
	} else if (line[0] == '#' && strspn(line + 1, "0123456789") == strlen(line + 1) &&
		   line[1]) {
		m->when = strtoll(line + 1, NULL, 10);
	} else if (strncmp(line, "  ", 2) != 0) {
		add(m, line, m->when);
	}
}

static int send_import(struct client *c, struct import *m, int64_t *n_added)
{
	json_auto_t *result =
		server_call(c, "command.import", server_pack("{s:O}", "commands", m->commands));

	*n_added += server_int(result, "added");
	json_array_clear(m->commands);
	return result ? EXIT_OK : EXIT_ERROR;
}

static int import(const struct cli_args *a, struct client *c)
{
	struct import m = { .commands = json_array() };
	const char *path = args_value(a, "import");
	FILE *f = fopen(path, "re");
	int64_t n_added = 0;
	char *line = NULL;
	size_t size = 0;
	int r = f ? EXIT_OK : EXIT_ERROR;

	if (!f)
		out_error("cannot read %s: %s", path, strerror(errno));
	while (f && r == EXIT_OK && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		take_line(&m, line);
		/* Between two: what follows a command of fish says when it was. */
		if (json_array_size(m.commands) >= IMPORT_AT_ONCE && line[0] != '-')
			r = send_import(c, &m, &n_added);
	}
	if (r == EXIT_OK)
		r = send_import(c, &m, &n_added);
	if (r == EXIT_OK)
		(void)printf("%lld added\n", (long long)n_added);
	free(line); /* getline's */
	json_decref(m.commands);
	if (f)
		(void)fclose(f);
	return r == EXIT_OK ? out_finish() : r;
}

int cmd_history(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, SERVER_START, NULL);

	if (!c)
		return EXIT_ERROR;
	if (args_has(a, "import"))
		return import(a, c);
	if (args_has(a, "suggest"))
		return suggest(a, c);
	return args_has(a, "stats") ? stats(a, c) : list(a, c);
}
