#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/out.h"
#include "cli/server.h"

#define PAGE 1000
#define NO_MATCH 1
#define FAILED 2 /* as grep says it */

#define RED "\033[1;31m"
#define GREEN "\033[32m"
#define PLAIN "\033[m"

struct printing {
	bool has_color, has_context, is_later;
};

/* ---- the parameters ---- */

/* A duration before now, or a date or time of day here. */
static bool parse_time(const char *text, int64_t *ret_us)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%d %H:%M",    "%Y-%m-%d",
					     "%H:%M:%S",          "%H:%M" };
	uint64_t ns;

	if (clock_parse_duration(text, &ns) == 0) {
		*ret_us = (int64_t)(clock_wall_us() - ns / 1000);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		time_t now = time(NULL);
		struct tm tm = { 0 };
		const char *end;

		(void)localtime_r(&now, &tm);
		tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
		end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		tm.tm_isdst = -1;
		*ret_us = (int64_t)mktime(&tm) * 1000000;
		return true;
	}
	return false;
}

static int add_time(const struct cli_args *a, const char *option, const char *key, json_t *params)
{
	const char *text = args_value(a, option);
	int64_t us;

	if (!text)
		return EXIT_OK;
	if (!parse_time(text, &us)) {
		return out_usage(a->command,
				 "--%s %s: write a duration (10m), a date (2026-01-31 or with a "
				 "time behind it) or a time (18:30)",
				 option, text);
	}
	(void)json_object_set_new(params, key, json_integer(us));
	return EXIT_OK;
}

static int add_number(const struct cli_args *a, const char *option, const char *key, int64_t max,
		      json_t *params)
{
	int64_t n;
	int r = args_number(a, option, 0, max, &n);

	if (r == 0)
		(void)json_object_set_new(params, key, json_integer(n));
	return r == ARGS_E_BAD ? EXIT_USAGE : EXIT_OK;
}

static int make_params(const struct cli_args *a, json_t **ret)
{
	json_auto_t *p =
		server_pack("{s:s, s:s*, s:s*, s:s*, s:i}", "pattern", a->operands[0], "pane",
			    args_value(a, "pane"), "session", args_value(a, "session"), "command",
			    args_value(a, "command"), "limit", PAGE);
	int r;

	if (!p)
		return FAILED;
	if (args_has(a, "regex"))
		(void)json_object_set_new(p, "regex", json_true());
	if (args_has(a, "all"))
		(void)json_object_set_new(p, "journal", json_true());
	if (args_has(a, "word"))
		(void)json_object_set_new(p, "word", json_true());
	if (args_has(a, "ignore-case"))
		(void)json_object_set_new(p, "case", json_string("insensitive"));
	if (args_has(a, "case"))
		(void)json_object_set_new(p, "case", json_string("sensitive"));
	r = add_number(a, "context", "context", 20, p);
	if (r == EXIT_OK)
		r = add_number(a, "exit", "exit", 255, p);
	if (r == EXIT_OK)
		r = add_time(a, "since", "since_us", p);
	if (r == EXIT_OK)
		r = add_time(a, "until", "until_us", p);
	if (r == EXIT_OK)
		*ret = json_incref(p);
	return r;
}

/* ---- what is printed ---- */

/* "p3:120:", or "p3-119-" for a line around a match. */
static void put_head(struct buf *b, const struct printing *p, const char *pane, int64_t line,
		     char mark)
{
	if (line >= 0) {
		buf_printf(b, "%s%s%s%c%lld%c", p->has_color ? GREEN : "", pane,
			   p->has_color ? PLAIN : "", mark, (long long)line, mark);
	} else {
		buf_printf(b, "%s%s%s%c", p->has_color ? GREEN : "", pane,
			   p->has_color ? PLAIN : "", mark);
	}
}

static void put_marked(struct buf *b, const char *text, size_t n, const json_t *spans)
{
	size_t at = 0, i;
	json_t *span;

	json_array_foreach(spans, i, span)
	{
		size_t from = (size_t)server_int(span, "from");
		size_t to = (size_t)server_int(span, "to");

		if (from < at || to > n || from > to)
			break; /* not what a server of ours says */
		out_put_safe(b, text + at, from - at);
		buf_put_str(b, RED);
		out_put_safe(b, text + from, to - from);
		buf_put_str(b, PLAIN);
		at = to;
	}
	out_put_safe(b, text + at, n - at);
}

static void put_around(struct buf *b, const struct printing *p, const char *pane,
		       const json_t *line)
{
	put_head(b, p, pane, -1, '-');
	out_put_safe(b, json_string_value(line), json_string_length(line));
	buf_put_char(b, '\n');
}

static void print_match(struct printing *p, const json_t *m)
{
	const json_t *before = json_object_get(m, "before"), *after = json_object_get(m, "after");
	const json_t *text = json_object_get(m, "text");
	const char *pane = server_str(m, "pane");
	struct buf b = BUF_INIT;

	if (p->has_context && p->is_later)
		buf_put_str(&b, "--\n");
	for (size_t i = json_array_size(before); i > 0; i--)
		put_around(&b, p, pane, json_array_get(before, i - 1));
	put_head(&b, p, pane, server_int(m, "line"), ':');
	put_marked(&b, json_string_value(text), json_string_length(text),
		   p->has_color ? json_object_get(m, "spans") : NULL);
	buf_put_char(&b, '\n');
	for (size_t i = 0; i < json_array_size(after); i++)
		put_around(&b, p, pane, json_array_get(after, i));
	(void)fwrite(buf_data(&b), 1, buf_len(&b), stdout);
	buf_fini(&b);
	p->is_later = true;
}

/* Page by page; how many there were, or -1 after a message. */
static int64_t search_all(const struct cli_args *a, struct client *c, json_t *params, int64_t max,
			  json_t *all)
{
	struct printing p = { .has_color = out_wants_color(),
			      .has_context = args_has(a, "context") };
	int64_t n = 0;

	while (n < max) {
		json_auto_t *result = NULL;
		const json_t *matches;
		size_t i;
		json_t *m;

		if (max - n < PAGE)
			(void)json_object_set_new(params, "limit", json_integer(max - n));
		result = server_call(c, "search.run", json_incref(params));
		if (!result)
			return -1;
		matches = json_object_get(result, "matches");
		json_array_foreach(matches, i, m)
		{
			if (all) {
				(void)json_array_append(all, m);
			} else {
				print_match(&p, m);
			}
		}
		n += (int64_t)i;
		if (!json_object_get(result, "next"))
			break;
		(void)json_object_set(params, "cursor", json_object_get(result, "next"));
	}
	return n;
}

int cmd_search(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	json_auto_t *params = NULL;
	json_auto_t *all = args_has(a, "json") ? json_array() : NULL;
	int64_t max = INT64_MAX, n;
	int r = args_number(a, "max", 1, INT32_MAX, &max);

	if (r == ARGS_E_BAD)
		return EXIT_USAGE;
	r = make_params(a, &params);
	if (r)
		return r;
	c = server_open(a, SERVER_START, NULL);
	if (!c)
		return FAILED;
	n = search_all(a, c, params, max, all);
	if (n < 0)
		return FAILED;
	if ((all ? out_json(all) : out_finish()) != EXIT_OK)
		return FAILED;
	return n > 0 ? EXIT_OK : NO_MATCH;
}
