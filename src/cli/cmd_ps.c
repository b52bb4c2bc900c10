#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/out.h"
#include "cli/server.h"

#define MAX_DEPTH 24

static const json_t *by_pid(const json_t *processes, int64_t pid)
{
	size_t i;
	json_t *p;

	json_array_foreach(processes, i, p)
	{
		if (server_int(p, "pid") == pid)
			return p;
	}
	return NULL;
}

static void add_process(struct out_table *t, const char *where, const json_t *p, unsigned depth)
{
	uint64_t now = clock_wall_us(), since = (uint64_t)server_int(p, "started_us");
	enum out_color color = json_is_true(json_object_get(p, "stray")) ? OUT_YELLOW : OUT_PLAIN;
	struct buf b = BUF_INIT;

	out_table_add(t, OUT_BOLD, where);
	out_table_addf(t, color, "%d", (int)server_int(p, "pid"));
	out_table_add(t, color, server_str(p, "state"));
	out_put_ns(&b, (uint64_t)server_int(p, "cpu_ms") * 1000000);
	out_table_add_buf(t, color, &b);
	out_put_bytes(&b, (uint64_t)server_int(p, "rss_bytes"));
	out_table_add_buf(t, color, &b);
	out_put_age(&b, now > since ? now - since : 0);
	out_table_add_buf(t, color, &b);
	for (unsigned i = 0; i < depth; i++)
		buf_put_str(&b, i + 1 == depth ? "└ " : "  ");
	buf_put_str(&b, server_str(p, "command"));
	if (json_is_true(json_object_get(p, "stray")))
		buf_put_str(&b, "  (stray)");
	out_table_add_buf(t, color, &b);
	buf_fini(&b);
}

/* The children of @parent, and theirs; @is_first: the pane's name is still to
 * be written. */
static void add_children(struct out_table *t, const json_t *processes, int64_t parent,
			 unsigned depth, const char **where) /* NOLINT(misc-no-recursion) */
{
	size_t i;
	json_t *p;

	json_array_foreach(processes, i, p)
	{
		if (server_int(p, "ppid") != parent || depth > MAX_DEPTH)
			continue;
		add_process(t, *where, p, depth);
		*where = "";
		add_children(t, processes, server_int(p, "pid"), depth + 1, where);
	}
}

static void add_tree(struct out_table *t, const char *where, const json_t *processes)
{
	size_t i;
	json_t *p;

	/* Roots are those whose parent is not among them. */
	json_array_foreach(processes, i, p)
	{
		if (by_pid(processes, server_int(p, "ppid")))
			continue;
		add_process(t, where, p, 0);
		where = "";
		add_children(t, processes, server_int(p, "pid"), 1, &where);
	}
}

static void print_table(const json_t *result)
{
	struct out_table t;
	json_t *pane;
	size_t i;

	out_table_init(&t, "PANE PID S CPU MEMORY AGE COMMAND",
		       1u << 1 | 1u << 3 | 1u << 4 | 1u << 5);
	json_array_foreach(json_object_get(result, "panes"), i, pane)
		add_tree(&t, server_str(pane, "pane"), json_object_get(pane, "processes"));
	json_array_foreach(json_object_get(result, "strays"), i, pane)
		add_process(&t, *server_str(pane, "pane") ? server_str(pane, "pane") : "?", pane,
			    0);
	out_table_print(&t);
	out_table_fini(&t);
}

int cmd_ps(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, SERVER_START, NULL);
	json_auto_t *result = NULL;

	if (!c)
		return EXIT_ERROR;
	result = server_call(c, "pane.processes",
			     server_pack("{s:s*}", "pane", a->n_operands ? a->operands[0] : NULL));
	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(result);
	print_table(result);
	return out_finish();
}
