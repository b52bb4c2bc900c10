#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/out.h"
#include "cli/server.h"

static void on_sessions(json_t *result, const struct fail *f, void *user)
{
	json_t **ret = user;

	(void)f;
	if (result)
		*ret = json_incref(result);
}

/* Both lists in one round trip when they are short. */
static int fetch(struct client *c, const char *session, json_t **ret_sessions, json_t **ret_panes)
{
	json_t *sessions = NULL, *panes;

	if (session) {
		sessions = server_call(c, "session.get", server_pack("{s:s}", "session", session));
		if (!sessions)
			return EXIT_ERROR;
		*ret_sessions = json_pack("[o]", sessions);
		*ret_panes = server_list(c, "pane.list", "panes",
					 server_pack("{s:s}", "session", session));
		return *ret_panes ? EXIT_OK : EXIT_ERROR;
	}
	if (client_send(c, "session.list", json_object(), on_sessions, &sessions) < 0)
		return EXIT_ERROR;
	panes = server_list(c, "pane.list", "panes", json_object());
	if (!panes)
		return EXIT_ERROR;
	*ret_panes = panes;
	if (sessions && !json_is_string(json_object_get(sessions, "next"))) {
		*ret_sessions = json_incref(json_object_get(sessions, "sessions"));
		json_decref(sessions);
	} else {
		json_decref(sessions);
		*ret_sessions = server_list(c, "session.list", "sessions", json_object());
	}
	return *ret_sessions ? EXIT_OK : EXIT_ERROR;
}

static enum out_color color_of(const json_t *pane)
{
	const char *state = server_str(pane, "state");

	if (json_is_true(json_object_get(pane, "quarantined")) || strcmp(state, "lost") == 0)
		return OUT_RED;
	if (strcmp(state, "exited") == 0)
		return server_exit_code(json_object_get(pane, "status")) ? OUT_YELLOW : OUT_DIM;
	return OUT_GREEN;
}

static void add_state(struct out_table *t, const json_t *pane)
{
	const json_t *status = json_object_get(pane, "status");
	const char *state = server_str(pane, "state"), *name = server_str(status, "name");
	enum out_color color = color_of(pane);

	if (json_is_true(json_object_get(pane, "quarantined"))) {
		out_table_addf(t, color, "%s!", state);
	} else if (json_object_get(status, "signal")) {
		out_table_addf(t, color, "%s %s", state, name);
	} else if (json_object_get(status, "code")) {
		out_table_addf(t, color, "%s %d", state, (int)server_int(status, "code"));
	} else {
		out_table_add(t, color, state);
	}
}

/* How long it has been what it is. */
static void add_age(struct out_table *t, const json_t *pane, uint64_t now)
{
	uint64_t since = (uint64_t)server_int(pane, "exited_us");
	struct buf b = BUF_INIT;

	if (!since)
		since = (uint64_t)server_int(pane, "started_us");
	if (!since)
		since = (uint64_t)server_int(pane, "created_us");
	out_put_age(&b, now > since ? now - since : 0);
	out_table_add_buf(t, OUT_PLAIN, &b);
	buf_fini(&b);
}

static void put_command(struct buf *b, const json_t *command)
{
	size_t i;
	json_t *word;

	json_array_foreach(command, i, word)
	{
		if (i)
			buf_put_char(b, ' ');
		buf_put_str(b, json_string_value(word));
	}
}

static void add_pane(struct out_table *t, const json_t *pane, const char *session, uint64_t now)
{
	struct buf b = BUF_INIT;

	out_table_add(t, OUT_BOLD, session);
	out_table_addf(t, OUT_PLAIN, "%s%s", server_str(pane, "id"),
		       json_is_true(json_object_get(pane, "active")) ? "*" : "");
	add_state(t, pane);
	if (json_is_false(json_object_get(pane, "pty"))) {
		out_table_add(t, OUT_DIM, "-");
	} else {
		out_table_addf(t, OUT_PLAIN, "%dx%d", (int)server_int(pane, "cols"),
			       (int)server_int(pane, "rows"));
	}
	add_age(t, pane, now);
	out_put_bytes(&b, (uint64_t)(server_int(pane, "seq") + server_int(pane, "err_seq")));
	out_table_add_buf(t, OUT_PLAIN, &b);
	put_command(&b, json_object_get(pane, "command"));
	out_table_add_buf(t, OUT_PLAIN, &b);
	buf_fini(&b);
}

/* Panes by session; a session's name stands at its first pane. */
static void print_table(const json_t *sessions, const json_t *panes)
{
	uint64_t now = clock_wall_us();
	struct out_table t;
	size_t i, k;
	json_t *session, *pane;

	out_table_init(&t, "SESSION PANE STATE SIZE AGE OUTPUT COMMAND", 1u << 4 | 1u << 5);
	json_array_foreach(sessions, i, session)
	{
		const char *name = server_str(session, "name");
		bool is_first = true;

		json_array_foreach(panes, k, pane)
		{
			if (strcmp(server_str(pane, "session"), server_str(session, "id")) != 0)
				continue;
			add_pane(&t, pane, is_first ? name : "", now);
			is_first = false;
		}
		if (!is_first)
			continue;
		out_table_add(&t, OUT_BOLD, name);
		for (k = 1; k < t.n_columns; k++)
			out_table_add(&t, OUT_DIM, k + 1 == t.n_columns ? "(no panes)" : "-");
	}
	out_table_print(&t);
	out_table_fini(&t);
}

static int print_members(const json_t *list, const char *key)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)(void) puts(server_str(v, key));
	return out_finish();
}

int cmd_ls(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, SERVER_START, NULL);
	json_auto_t *sessions = NULL;
	json_auto_t *panes = NULL;

	if (!c || fetch(c, a->n_operands ? a->operands[0] : NULL, &sessions, &panes))
		return EXIT_ERROR;
	if (args_has(a, "json")) {
		json_auto_t *all = json_pack("{s:O, s:O}", "sessions", sessions, "panes", panes);

		return out_json(all);
	}
	if (args_has(a, "ids"))
		return print_members(panes, "id");
	if (args_has(a, "names"))
		return print_members(sessions, "name");
	if (json_array_size(sessions) == 0) {
		(void)fputs("No sessions. `orchflow new` makes one with a shell in it.\n", stderr);
		return EXIT_OK;
	}
	print_table(sessions, panes);
	return out_finish();
}
