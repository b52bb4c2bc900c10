#include <stdio.h>
#include <string.h>

#include "cli/create.h"
#include "cli/out.h"
#include "cli/server.h"
#include "cli/verbs.h"

static int print_session(const struct cli_args *a, json_t *session)
{
	if (!session)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(session);
	(void)puts(server_str(session, "name"));
	return out_finish();
}

static int create(const struct cli_args *a, struct client *c)
{
	const char *name = a->n_operands > 1 ? a->operands[1] : NULL;
	json_auto_t *cwd = create_directory(a);
	json_auto_t *session = server_call(c, "session.create",
					   server_pack("{s:s*, s:O*}", "name", name, "cwd", cwd));

	return print_session(a, session);
}

static int rename_it(const struct cli_args *a, struct client *c)
{
	json_auto_t *session = server_call(c, "session.rename",
					   server_pack("{s:s, s:s}", "session", a->operands[1],
						       "name", a->operands[2]));

	return print_session(a, session);
}

static int delete_it(const struct cli_args *a, struct client *c)
{
	json_auto_t *result = server_call(c, "session.delete",
					  server_pack("{s:s, s:b}", "session", a->operands[1],
						      "force", (int)args_has(a, "force")));

	if (result && args_has(a, "json"))
		return out_json(result);
	return result ? EXIT_OK : EXIT_ERROR;
}

static int list(const struct cli_args *a, struct client *c)
{
	json_auto_t *sessions = server_list(c, "session.list", "sessions", json_object());
	struct out_table t;
	json_t *s;
	size_t i;

	if (!sessions)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(sessions);
	out_table_init(&t, "SESSION ID PANES RUNNING DIRECTORY", 1u << 2 | 1u << 3);
	json_array_foreach(sessions, i, s)
	{
		out_table_add(&t, OUT_BOLD, server_str(s, "name"));
		out_table_add(&t, OUT_PLAIN, server_str(s, "id"));
		out_table_addf(&t, OUT_PLAIN, "%zu", json_array_size(json_object_get(s, "panes")));
		out_table_addf(&t, OUT_PLAIN, "%d", (int)server_int(s, "running"));
		out_table_add(&t, OUT_PLAIN, server_str(s, "cwd"));
	}
	out_table_print(&t);
	out_table_fini(&t);
	return out_finish();
}

int cmd_session(const struct cli_args *a)
{
	static const struct cli_verb verbs[] = {
		{ "ls", "", 0, 0, list },
		{ "new", "[NAME]", 0, 1, create },
		{ "rename", "SESSION NAME", 2, 2, rename_it },
		{ "delete", "SESSION", 1, 1, delete_it },
	};

	return verbs_run(a, verbs, ARRAY_LEN(verbs));
}
