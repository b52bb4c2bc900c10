#include "api/events.h"

#include <assert.h>

#include "api/records.h"
#include "api/state.h"
#include "core/layout.h"
#include "rpc/envelope.h"

#define FIELDS(...) ((const struct api_field[]){ __VA_ARGS__, { 0 } })

static const struct api_event_row rows[] = {
	[CORE_PANE_CREATED] = { "pane.created", "A pane was made and its command runs.",
				FIELDS({ "pane", "Pane", "" }) },
	[CORE_PANE_EXIT] = { "pane.exit",
			     "The pane's process ended. Everything that it wrote came before.",
			     FIELDS({ "pane", "string", "id" },
				    { "seq", "integer", "output up to here was before the exit" },
				    { "status", "Status|null", "null: not known" },
				    { "exited_us", "integer|null", "microseconds since 1970" }) },
	[CORE_PANE_CLOSED] = { "pane.closed", "Nobody holds the terminal any more: no more output.",
			       FIELDS({ "pane", "string", "id" },
				      { "seq", "integer", "bytes of output in all" }) },
	[CORE_PANE_RESIZED] = { "pane.resized", "The terminal has a new size.",
				FIELDS({ "pane", "string", "id" }, { "cols", "integer", "" },
				       { "rows", "integer", "" }) },
	[CORE_PANE_TITLE] = { "pane.title", "The title changed.",
			      FIELDS({ "pane", "string", "id" }, { "title", "string", "" }) },
	[CORE_PANE_RESPAWNED] = { "pane.respawned", "The pane's command was started again.",
				  FIELDS({ "pane", "Pane", "" }) },
	[CORE_PANE_DELETED] = { "pane.deleted", "The pane is gone.",
				FIELDS({ "pane", "string", "id" }) },
	[CORE_PANE_BELL] = { "pane.bell", "The program rang the bell.",
			     FIELDS({ "pane", "string", "id" }) },
	[CORE_PANE_CWD] = { "pane.cwd", "The program told of another working directory.",
			    FIELDS({ "pane", "string", "id" }, { "cwd", "string", "" }) },
	[CORE_PANE_INPUT_WANTED] = { "pane.input_wanted",
				     "A program waits for input. Looked for only while somebody "
				     "subscribes, 30, 120 and 480 ms after output stopped.",
				     FIELDS({ "pane", "string", "id" },
					    { "input", "string", "`line`, `password`, `raw`" },
					    { "evidence", "string",
					      "`syscall`, `wchan`, `termios`, as in pane.wait" },
					    { "pid", "integer|null", "who wants it" },
					    { "program", "string|null", "its name" },
					    { "seq", "integer", "position of the output then" }) },
	[CORE_COMMAND_STARTED] = { "command.started",
				   "A shell began a command (with shell integration).",
				   FIELDS({ "pane", "string", "id" }, { "command", "string", "id" },
					  { "text", "string|null", "what was entered" },
					  { "cwd", "string|null", "" },
					  { "seq", "integer", "where its output begins" }) },
	[CORE_COMMAND_FINISHED] = { "command.finished", "It ended.",
				    FIELDS({ "pane", "string", "id" },
					   { "command", "string", "id" },
					   { "text", "string|null", "what was entered" },
					   { "cwd", "string|null", "" },
					   { "cwd_after", "string|null", "" },
					   { "exit_code", "integer|null", "as the shell says it" },
					   { "signal", "string?", "where that is 128 + n" },
					   { "started_us", "integer", "microseconds since 1970" },
					   { "duration_us", "integer", "" },
					   { "seq_from", "integer", "its output begins there" },
					   { "seq_to", "integer", "and ends before this" }) },
	[CORE_PANE_JOURNAL] = { "pane.journal",
				"The pane's journal cannot be written any more, or can be again.",
				FIELDS({ "pane", "string", "id" },
				       { "journal", "Journal", "as in the pane" }) },
	[CORE_SESSION_CREATED] = { "session.created", "A session was made.",
				   FIELDS({ "session", "Session", "" }) },
	[CORE_SESSION_CHANGED] = { "session.changed",
				   "The session's name, panes or active pane changed.",
				   FIELDS({ "session", "Session", "" }) },
	[CORE_SESSION_DELETED] = { "session.deleted", "The session is gone.",
				   FIELDS({ "session", "string", "id" }) },
	[CORE_LAYOUT_CHANGED] = { "layout.changed",
				  "A layout of the session came, went or changed, or another one "
				  "became active.",
				  FIELDS({ "session", "string", "id" },
					 { "layouts", "[Layout]", "all of the session" }) },
	[API_SERVER_STOPPING] = { "server.stopping", "Everything is being ended.",
				  (const struct api_field[]){ { 0 } } },
	[API_EVENTS_LOST] = { "events.lost",
			      "This client did not read in time: events were dropped. Sent to "
			      "subscribers of any event.",
			      FIELDS({ "n", "integer", "how many" }) },
	[API_PANE_OUTPUT] = { "pane.output", "Output of a pane, after pane.subscribe.",
			      FIELDS({ "pane", "string", "id" },
				     { "stream", "string", "`out` or `err`" },
				     { "seq", "integer", "position of the first byte" },
				     { "data", "bytes", "" }) },
	[API_PANE_RESYNC] = { "pane.resync",
			      "Bytes that this subscriber does not get: it was too slow, or they "
			      "are no longer kept. The stream goes on at `to`.",
			      FIELDS({ "pane", "string", "id" },
				     { "stream", "string", "`out` or `err`" },
				     { "from", "integer", "first byte missing" },
				     { "to", "integer", "behind the last byte missing" },
				     { "cols", "integer?", "with snapshot" },
				     { "rows", "integer?", "with snapshot" },
				     { "snapshot", "bytes?",
				       "makes a terminal of that size show what is there at `to`; "
				       "where the subscriber wants it" }) },
};

size_t api_event_count(void)
{
	return API_N_ROWS;
}

const struct api_event_row *api_event_at(size_t i)
{
	assert(i < API_N_ROWS);
	return &rows[i];
}

static void put_whole_pane(struct rpc_writer *w, const struct event *e)
{
	rpc_key(w, "pane");
	record_pane(w, e->pane);
}

static void put_whole_session(struct rpc_writer *w, const struct event *e)
{
	rpc_key(w, "session");
	record_session(w, e->session);
}

static void put_pane_id(struct rpc_writer *w, const struct pane_info *i)
{
	rpc_kv_str(w, "pane", i->id);
}

static void put_pane_alone(struct rpc_writer *w, const struct event *e)
{
	struct pane_info i;

	pane_get_info(e->pane, &i);
	put_pane_id(w, &i);
}

static void put_exit(struct rpc_writer *w, const struct event *e)
{
	struct pane_info i;

	pane_get_info(e->pane, &i);
	put_pane_id(w, &i);
	rpc_kv_uint(w, "seq", i.seq);
	rpc_key(w, "status");
	record_status(w, i.has_status, i.status);
	rpc_key(w, "exited_us");
	if (i.exited_us) {
		rpc_uint(w, i.exited_us);
	} else {
		rpc_null(w);
	}
}

static void put_closed(struct rpc_writer *w, const struct event *e)
{
	struct pane_info i;

	pane_get_info(e->pane, &i);
	put_pane_id(w, &i);
	rpc_kv_uint(w, "seq", i.seq);
}

static void put_size(struct rpc_writer *w, const struct event *e)
{
	struct pane_info i;

	pane_get_info(e->pane, &i);
	put_pane_id(w, &i);
	rpc_kv_uint(w, "cols", i.cols);
	rpc_kv_uint(w, "rows", i.rows);
}

static void put_title(struct rpc_writer *w, const struct event *e)
{
	struct pane_info i;

	pane_get_info(e->pane, &i);
	put_pane_id(w, &i);
	rpc_kv_str(w, "title", i.title);
}

static void put_cwd(struct rpc_writer *w, const struct event *e)
{
	struct pane_info i;

	pane_get_info(e->pane, &i);
	put_pane_id(w, &i);
	rpc_kv_str(w, "cwd", i.cwd);
}

static void put_input_wanted(struct rpc_writer *w, const struct event *e)
{
	const struct core_wanted *wanted = core_pane_wanted(e->pane);

	put_pane_alone(w, e);
	rpc_kv_str(w, "input", record_wanted_kind(wanted->kind));
	rpc_kv_str(w, "evidence", wanted->evidence);
	rpc_key(w, "pid");
	if (wanted->pid) {
		rpc_uint(w, wanted->pid);
	} else {
		rpc_null(w);
	}
	rpc_kv_str(w, "program", wanted->pid ? wanted->command : NULL);
	rpc_kv_uint(w, "seq", wanted->seq);
}

static const struct core_command *put_command(struct rpc_writer *w, const struct event *e)
{
	const struct core_command *c = core_pane_command(e->pane);

	put_pane_alone(w, e);
	if (!c)
		return NULL;
	record_command_id(w, e->pane_number, c->number);
	rpc_kv_str(w, "text", c->text);
	rpc_kv_str(w, "cwd", c->cwd);
	return c;
}

static void put_started(struct rpc_writer *w, const struct event *e)
{
	const struct core_command *c = put_command(w, e);

	if (c)
		rpc_kv_uint(w, "seq", c->seq_from);
}

static void put_finished(struct rpc_writer *w, const struct event *e)
{
	const struct core_command *c = put_command(w, e);

	if (!c)
		return;
	rpc_kv_str(w, "cwd_after", c->cwd_after);
	record_exit_code(w, c->has_exit, c->exit_code);
	rpc_kv_uint(w, "started_us", c->started_us);
	rpc_kv_uint(w, "duration_us", (c->ended_ns - c->started_ns) / 1000);
	rpc_kv_uint(w, "seq_from", c->seq_from);
	rpc_kv_uint(w, "seq_to", c->seq_to);
}

static void put_journal(struct rpc_writer *w, const struct event *e)
{
	struct pane_info i;

	pane_get_info(e->pane, &i);
	put_pane_id(w, &i);
	rpc_key(w, "journal");
	record_journal(w, &i.journal);
}

static void put_session_id(struct rpc_writer *w, const struct event *e)
{
	struct session_info i;

	session_get_info(e->session, &i);
	rpc_kv_str(w, "session", i.id);
}

static void put_layouts(struct rpc_writer *w, const struct event *e)
{
	const struct layout *l;

	put_session_id(w, e);
	rpc_key(w, "layouts");
	rpc_array_begin(w);
	for (uint32_t i = 0; (l = session_layout_at(e->session, i)); i++)
		record_layout(w, l);
	rpc_array_end(w);
}

static void put_lost(struct rpc_writer *w, const struct event *e)
{
	rpc_kv_uint(w, "n", e->n_lost);
}

static void put_nothing(struct rpc_writer *w, const struct event *e)
{
	(void)w;
	(void)e;
}

/* The members of each; output and resync are written in stream.c. */
static void (*const put_members[])(struct rpc_writer *w, const struct event *e) = {
	[CORE_PANE_CREATED] = put_whole_pane,
	[CORE_PANE_EXIT] = put_exit,
	[CORE_PANE_CLOSED] = put_closed,
	[CORE_PANE_RESIZED] = put_size,
	[CORE_PANE_TITLE] = put_title,
	[CORE_PANE_RESPAWNED] = put_whole_pane,
	[CORE_PANE_DELETED] = put_pane_alone,
	[CORE_PANE_BELL] = put_pane_alone,
	[CORE_PANE_CWD] = put_cwd,
	[CORE_PANE_INPUT_WANTED] = put_input_wanted,
	[CORE_COMMAND_STARTED] = put_started,
	[CORE_COMMAND_FINISHED] = put_finished,
	[CORE_PANE_JOURNAL] = put_journal,
	[CORE_SESSION_CREATED] = put_whole_session,
	[CORE_SESSION_CHANGED] = put_whole_session,
	[CORE_SESSION_DELETED] = put_session_id,
	[CORE_LAYOUT_CHANGED] = put_layouts,
	[API_SERVER_STOPPING] = put_nothing,
	[API_EVENTS_LOST] = put_lost,
};

_Static_assert(ARRAY_LEN(put_members) == API_EVENTS_LOST + 1, "a writer for each event");

void event_encode(const struct event *e, enum rpc_encoding enc, struct buf *out)
{
	size_t mark = rpc_frame_begin(enc, out);
	struct rpc_writer w;

	rpc_writer_init(&w, enc, out);
	rpc_notify_begin(&w, rows[e->kind].name);
	rpc_map_begin(&w);
	put_members[e->kind](&w, e);
	rpc_map_end(&w);
	rpc_notify_end(&w);
	rpc_frame_end(enc, out, mark);
}

void api_server_on_event(struct api_server *s, enum core_event kind, struct pane *p,
			 struct session *session)
{
	struct event e = { .kind = (int)kind, .pane = p, .session = session };

	if (list_is_empty(&s->watches))
		return;
	if (p) {
		struct pane_info i;

		pane_get_info(p, &i);
		e.pane_number = pane_number(p);
		e.session_number = record_id_parse(i.session_id, 's');
	}
	if (session)
		e.session_number = session_number(session);
	watches_send(s, &e);
}

void api_server_announce_stop(struct api_server *s)
{
	struct event e = { .kind = API_SERVER_STOPPING };

	if (s->is_stop_announced)
		return;
	s->is_stop_announced = true;
	watches_send(s, &e);
}
