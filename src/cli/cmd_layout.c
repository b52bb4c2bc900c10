#include <stdio.h>
#include <string.h>

#include "cli/create.h"
#include "cli/out.h"
#include "cli/server.h"
#include "cli/verbs.h"

/* ---- what is printed ---- */

/* One line, the tree: it can be given to `layout new` again. */
static int print_layout(const struct cli_args *a, const json_t *layout)
{
	if (!layout)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(layout);
	(void)printf("%s %s\n", server_str(layout, "name"), server_str(layout, "tree"));
	return out_finish();
}

static int list(const struct cli_args *a, struct client *c)
{
	const char *session = a->n_operands > 1 ? a->operands[1] : args_value(a, "session");
	json_auto_t *result =
		server_call(c, "layout.list", server_pack("{s:s*}", "session", session));
	const json_t *layouts = json_object_get(result, "layouts");
	struct out_table t;
	json_t *l;
	size_t i;

	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(layouts);
	out_table_init(&t, "SESSION LAYOUT SIZE PANES TREE", 1u << 3);
	json_array_foreach(layouts, i, l)
	{
		bool is_active = json_is_true(json_object_get(l, "active"));

		out_table_add(&t, OUT_PLAIN, server_str(l, "session_name"));
		out_table_addf(&t, OUT_BOLD, "%s%s", server_str(l, "name"), is_active ? " *" : "");
		out_table_addf(&t, OUT_PLAIN, "%dx%d", (int)server_int(l, "cols"),
			       (int)server_int(l, "rows"));
		out_table_addf(&t, OUT_PLAIN, "%zu", json_array_size(json_object_get(l, "panes")));
		out_table_add(&t, OUT_DIM, server_str(l, "tree"));
	}
	out_table_print(&t);
	out_table_fini(&t);
	return out_finish();
}

static int templates(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "layout.templates", json_object());
	const json_t *all = json_object_get(result, "templates");
	struct out_table t;
	json_t *v;
	size_t i;

	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(all);
	out_table_init(&t, "TEMPLATE TREE", 0);
	json_array_foreach(all, i, v)
	{
		out_table_add(&t, OUT_BOLD, server_str(v, "name"));
		out_table_add(&t, OUT_PLAIN, server_str(v, "tree"));
	}
	out_table_print(&t);
	out_table_fini(&t);
	return out_finish();
}

/* {"session"} and, if operand @index is there, {"layout"}. */
static json_t *layout_params(const struct cli_args *a, int index)
{
	return server_pack("{s:s*, s:s*}", "session", args_value(a, "session"), "layout",
			   index < a->n_operands ? a->operands[index] : NULL);
}

static int show(const struct cli_args *a, struct client *c)
{
	json_auto_t *layout = server_call(c, "layout.get", layout_params(a, 1));
	struct out_table t;
	json_t *p;
	size_t i;

	if (!layout || args_has(a, "json"))
		return print_layout(a, layout);
	out_table_init(&t, "PANE X Y SIZE", 1u << 1 | 1u << 2);
	json_array_foreach(json_object_get(layout, "panes"), i, p)
	{
		out_table_add(&t, OUT_BOLD, server_str(p, "pane"));
		out_table_addf(&t, OUT_PLAIN, "%d", (int)server_int(p, "x"));
		out_table_addf(&t, OUT_PLAIN, "%d", (int)server_int(p, "y"));
		out_table_addf(&t, OUT_PLAIN, "%dx%d", (int)server_int(p, "cols"),
			       (int)server_int(p, "rows"));
	}
	out_table_print(&t);
	out_table_fini(&t);
	return out_finish();
}

/* ---- making ---- */

/* What new and run say of a pane, with the operands from @first on as the command. */
static json_t *start_params(const struct cli_args *a, int first, int *ret_exit)
{
	struct cli_args rest = *a;

	rest.operands += first < a->n_operands ? first : a->n_operands;
	rest.n_operands = first < a->n_operands ? a->n_operands - first : 0;
	return create_params(&rest, ret_exit);
}

static int create(const struct cli_args *a, struct client *c, const char *what)
{
	json_auto_t *layout = NULL;
	json_t *params;
	int r;

	params = start_params(a, a->n_operands, &r);
	if (!params)
		return r;
	(void)json_object_del(params, "key");
	if (json_object_set_new(params, what, json_string(a->operands[1])) < 0) {
		json_decref(params);
		return out_usage(a->command, "%s: not UTF-8 text", what);
	}
	if (args_has(a, "name"))
		(void)json_object_set_new(params, "name", json_string(args_value(a, "name")));
	layout = server_call(c, "layout.create", params);
	return print_layout(a, layout);
}

static int create_of_tree(const struct cli_args *a, struct client *c)
{
	return create(a, c, "tree");
}

static int create_of_template(const struct cli_args *a, struct client *c)
{
	return create(a, c, "template");
}

static const char *side_of(const struct cli_args *a)
{
	static const char *const sides[] = { "right", "below", "left", "above" };

	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		if (args_has(a, sides[i]))
			return sides[i];
	}
	return NULL;
}

static void set_optional(json_t *params, const char *key, const char *value)
{
	if (value)
		(void)json_object_set_new(params, key, json_string(value));
}

static int split(const struct cli_args *a, struct client *c)
{
	const char *pane = server_target(a, 1);
	json_auto_t *result = NULL;
	json_t *params;
	int r;

	if (!pane)
		return EXIT_USAGE;
	params = start_params(a, 2, &r);
	if (!params)
		return r;
	(void)json_object_del(params, "session");
	(void)json_object_del(params, "cols");
	(void)json_object_del(params, "rows");
	set_optional(params, "pane", pane);
	set_optional(params, "side", side_of(a));
	set_optional(params, "ratio", args_value(a, "ratio"));
	set_optional(params, "with", args_value(a, "with"));
	result = server_call(c, "layout.split", params);
	if (!result)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(result);
	(void)puts(server_str(json_object_get(result, "pane"), "id"));
	return out_finish();
}

/* ---- changing ---- */

/* "40" is a size, "+5" and "-5" are counted from the present one. */
static int add_cells(const struct cli_args *a, const char *axis, int64_t now, json_t *params)
{
	const char *text = args_value(a, axis);
	long long n;
	char rest;

	if (!text)
		return EXIT_OK;
	if (sscanf(text, "%lld%c", &n, &rest) != 1)
		return out_usage(a->command, "--%s %s: write N, +N or -N", axis, text);
	if (*text == '+' || *text == '-')
		n += now;
	(void)json_object_set_new(params, axis, json_integer(n));
	return EXIT_OK;
}

static const json_t *find_place(const json_t *layout, const char *pane)
{
	json_t *p;
	size_t i;

	json_array_foreach(json_object_get(layout, "panes"), i, p)
	{
		if (strcmp(server_str(p, "pane"), pane) == 0)
			return p;
	}
	return NULL;
}

static int resize(const struct cli_args *a, struct client *c)
{
	const char *target = a->n_operands > 1 ? a->operands[1] : NULL;
	json_auto_t *pane = NULL;
	json_auto_t *now = NULL;
	json_auto_t *params = NULL;
	json_auto_t *layout = NULL;
	const json_t *place;
	int r;

	if (target) {
		pane = server_call(c, "pane.get", server_pack("{s:s}", "pane", target));
		if (!pane)
			return EXIT_ERROR;
		params = server_pack("{s:s}", "pane", server_str(pane, "id"));
	} else {
		params = layout_params(a, a->n_operands);
	}
	now = server_call(c, "layout.get", json_incref(params));
	if (!now)
		return EXIT_ERROR;
	place = target ? find_place(now, server_str(pane, "id")) : now;
	r = add_cells(a, "cols", server_int(place, "cols"), params);
	if (r == EXIT_OK)
		r = add_cells(a, "rows", server_int(place, "rows"), params);
	if (r)
		return r;
	set_optional(params, "ratio", args_value(a, "ratio"));
	set_optional(params, "axis", args_value(a, "axis"));
	layout = server_call(c, "layout.resize", json_incref(params));
	return print_layout(a, layout);
}

static int move(const struct cli_args *a, struct client *c)
{
	json_t *params =
		server_pack("{s:s, s:s, s:s*, s:s*}", "pane", a->operands[1], "to", a->operands[2],
			    "side", side_of(a), "ratio", args_value(a, "ratio"));
	json_auto_t *layout = server_call(c, "layout.move", params);

	return print_layout(a, layout);
}

static int swap(const struct cli_args *a, struct client *c)
{
	json_auto_t *layout = server_call(c, "layout.swap",
					  server_pack("{s:s, s:s}", "pane", a->operands[1], "with",
						      a->operands[2]));

	return print_layout(a, layout);
}

/* Methods of one pane. */
static json_t *call_with_pane(const struct cli_args *a, struct client *c, const char *method)
{
	const char *pane = server_target(a, 1);

	return pane ? server_call(c, method, server_pack("{s:s}", "pane", pane)) : NULL;
}

static int zoom(const struct cli_args *a, struct client *c)
{
	json_auto_t *layout = call_with_pane(a, c, "layout.zoom");

	return print_layout(a, layout);
}

static int close_it(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = call_with_pane(a, c, "layout.close");

	return result ? EXIT_OK : EXIT_ERROR;
}

static int rename_it(const struct cli_args *a, struct client *c)
{
	json_auto_t *layout =
		server_call(c, "layout.rename",
			    server_pack("{s:s*, s:s, s:s}", "session", args_value(a, "session"),
					"layout", a->operands[1], "name", a->operands[2]));

	return print_layout(a, layout);
}

static int select_it(const struct cli_args *a, struct client *c)
{
	json_auto_t *layout = server_call(c, "layout.select", layout_params(a, 1));

	return print_layout(a, layout);
}

static int delete_it(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "layout.delete", layout_params(a, 1));

	return result ? EXIT_OK : EXIT_ERROR;
}

int cmd_layout(const struct cli_args *a)
{
	static const struct cli_verb verbs[] = {
		{ "ls", "[SESSION]", 0, 1, list },
		{ "show", "[LAYOUT]", 0, 1, show },
		{ "templates", "", 0, 0, templates },
		{ "apply", "TEMPLATE", 1, 1, create_of_template },
		{ "new", "TREE", 1, 1, create_of_tree },
		{ "split", "[PANE [COMMAND [ARG]...]]", 0, -1, split },
		{ "resize", "[PANE]", 0, 1, resize },
		{ "move", "PANE TO", 2, 2, move },
		{ "swap", "PANE PANE", 2, 2, swap },
		{ "zoom", "[PANE]", 0, 1, zoom },
		{ "close", "[PANE]", 0, 1, close_it },
		{ "rename", "LAYOUT NAME", 2, 2, rename_it },
		{ "select", "LAYOUT", 1, 1, select_it },
		{ "delete", "LAYOUT", 1, 1, delete_it },
	};

	return verbs_run(a, verbs, ARRAY_LEN(verbs));
}
