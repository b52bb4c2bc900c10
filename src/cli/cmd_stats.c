#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "cli/server.h"
#include "cli/stats.h"

static void add_time(struct out_table *t, const json_t *o, const char *key)
{
	struct buf b = BUF_INIT;

	out_put_ns(&b, (uint64_t)server_int(o, key));
	out_table_add_buf(t, OUT_PLAIN, &b);
	buf_fini(&b);
}

static void add_times(struct out_table *t, const json_t *o)
{
	add_time(t, o, "p50_ns");
	add_time(t, o, "p99_ns");
	add_time(t, o, "max_ns");
}

static void print_methods(json_t *methods)
{
	struct out_table t;
	const char *name;
	json_t *m;

	out_table_init(&t, "METHOD CALLS ERRORS P50 P99 MAX", 0x1e);
	json_object_foreach(methods, name, m)
	{
		out_table_add(&t, OUT_BOLD, name);
		out_table_addf(&t, OUT_PLAIN, "%lld", (long long)server_int(m, "calls"));
		out_table_addf(&t, server_int(m, "errors") ? OUT_YELLOW : OUT_PLAIN, "%lld",
			       (long long)server_int(m, "errors"));
		add_times(&t, m);
	}
	out_table_print(&t);
	out_table_fini(&t);
}

static void print_stages(json_t *stages)
{
	struct out_table t;
	const char *name;
	json_t *s;

	out_table_init(&t, "STAGE TIMES P50 P99 MAX", 0xe);
	json_object_foreach(stages, name, s)
	{
		if (server_int(s, "n") == 0)
			continue;
		out_table_add(&t, OUT_BOLD, name);
		out_table_addf(&t, OUT_PLAIN, "%lld", (long long)server_int(s, "n"));
		add_times(&t, s);
	}
	out_table_print(&t);
	out_table_fini(&t);
}

static void add_bytes(struct out_table *t, const json_t *o, const char *key)
{
	struct buf b = BUF_INIT;

	out_put_bytes(&b, (uint64_t)server_int(o, key));
	out_table_add_buf(t, OUT_PLAIN, &b);
	buf_fini(&b);
}

static void print_panes(const json_t *panes)
{
	struct out_table t;
	json_t *p;
	size_t i;

	out_table_init(&t, "PANE OUTPUT PER-S INPUT SCREEN HISTORY PROCESSES CPU MEMORY", 0x1fe);
	json_array_foreach(panes, i, p)
	{
		struct buf b = BUF_INIT;

		out_table_add(&t, OUT_BOLD, server_str(p, "pane"));
		add_bytes(&t, p, "output_bytes");
		add_bytes(&t, p, "output_bytes_per_s");
		add_bytes(&t, p, "input_bytes");
		add_bytes(&t, p, "screen_bytes");
		add_bytes(&t, p, "history_bytes");
		out_table_addf(&t, OUT_PLAIN, "%lld", (long long)server_int(p, "processes"));
		out_put_ns(&b, (uint64_t)server_int(p, "cpu_ms") * 1000000);
		out_table_add_buf(&t, OUT_PLAIN, &b);
		add_bytes(&t, p, "rss_bytes");
		buf_fini(&b);
	}
	out_table_print(&t);
	out_table_fini(&t);
}

static void print_numbers(const char *titles, json_t *numbers, bool is_bytes)
{
	struct out_table t;
	const char *name;
	json_t *n;

	out_table_init(&t, titles, 0);
	json_object_foreach(numbers, name, n)
	{
		struct buf b = BUF_INIT;

		out_table_add(&t, OUT_BOLD, name);
		if (is_bytes || strstr(name, "bytes")) {
			out_put_bytes(&b, (uint64_t)json_integer_value(n));
			out_table_add_buf(&t, OUT_PLAIN, &b);
		} else {
			out_table_addf(&t, OUT_PLAIN, "%lld", (long long)json_integer_value(n));
		}
		buf_fini(&b);
	}
	out_table_print(&t);
	out_table_fini(&t);
}

static void print_all(const json_t *metrics)
{
	const json_t *panes = json_object_get(metrics, "panes");

	print_methods(json_object_get(metrics, "methods"));
	(void)putchar('\n');
	print_stages(json_object_get(metrics, "stages"));
	(void)putchar('\n');
	print_numbers("NOW VALUE", json_object_get(metrics, "gauges"), false);
	(void)putchar('\n');
	print_numbers("MEMORY BYTES", json_object_get(metrics, "memory"), true);
	(void)putchar('\n');
	print_numbers("TOTAL VALUE", json_object_get(metrics, "counters"), false);
	if (panes) {
		(void)putchar('\n');
		print_panes(panes);
	}
}

int cmd_stats(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, 0, NULL);
	json_auto_t *metrics = NULL;
	bool wants_text = args_has(a, "prometheus");

	if (!c)
		return EXIT_ERROR;
	if (args_has(a, "watch"))
		return stats_watch(c);
	metrics = server_call(c, "server.metrics",
			      server_pack("{s:s,s:b}", "format", wants_text ? "prometheus" : "json",
					  "panes", args_has(a, "panes")));
	if (!metrics)
		return EXIT_ERROR;
	if (wants_text) {
		(void)fputs(server_str(metrics, "text"), stdout);
		return out_finish();
	}
	if (args_has(a, "json"))
		return out_json(metrics);
	print_all(metrics);
	return out_finish();
}
