#include "api/shape.h"

#include <string.h>

#include "api/method.h"

/* ---- the named shapes ---- */

#define FIELDS(...)                          \
	.fields = (const struct api_field[]) \
	{                                    \
		__VA_ARGS__,                 \
		{                            \
			0                    \
		}                            \
	}

const struct api_shape api_shape_nothing = { .doc = "Nothing.",
					     .fields = (const struct api_field[]){ { 0 } } };

const struct api_shape api_shape_session = {
	.name = "Session",
	.doc = "A named set of panes with a working directory and an environment.",
	FIELDS({ "id", "string", "`s1`, `s2`, ...; never used again" },
	       { "name", "string", "unique among the sessions" },
	       { "cwd", "string", "where its panes start unless told" },
	       { "created_us", "integer", "microseconds since 1970" },
	       { "panes", "[string]", "ids, in order of creation" },
	       { "active", "string|null", "the pane that stands for the session" },
	       { "running", "integer", "panes whose process runs" })
};

const struct api_shape api_shape_status = {
	.name = "Status",
	.doc = "How a process ended: by itself (code) or by a signal.",
	FIELDS({ "code", "integer?", "exit code, 0 to 255" },
	       { "signal", "integer?", "number of the signal" },
	       { "name", "string?", "its name, as `SIGKILL`" })
};

const struct api_shape api_shape_pane = {
	.name = "Pane",
	.doc = "One terminal (or pair of pipes) and the process in it.",
	FIELDS({ "id", "string", "`p1`, `p2`, ...; never used again" },
	       { "session", "string", "id of its session" },
	       { "session_name", "string", "name of its session" },
	       { "state", "string", "`starting`, `running`, `exited` or `lost`" },
	       { "pid", "integer|null", "of the leader; null when there is none" },
	       { "command", "[string]", "what was started" },
	       { "cwd", "string", "where it was started" },
	       { "title", "string", "as given, or as set by the program" },
	       { "kind", "string", "a label chosen by who made it" },
	       { "metadata", "object", "whatever who made it wants to remember" },
	       { "cols", "integer", "columns of the terminal" },
	       { "rows", "integer", "rows of the terminal" },
	       { "pty", "boolean", "false: pipes, with stderr apart" },
	       { "private", "boolean", "nothing of it is written to disk" },
	       { "active", "boolean", "it stands for its session" },
	       { "seq", "integer", "bytes of output since it began" },
	       { "tail_seq", "integer", "position of the oldest byte still kept" },
	       { "err_seq", "integer?", "as seq, of stderr (no pty)" },
	       { "err_tail_seq", "integer?", "as tail_seq, of stderr (no pty)" },
	       { "input_seq", "integer", "bytes that the terminal took" },
	       { "input_unsure", "integer",
		 "bytes under way when the daemon died: they went in or not" },
	       { "input_at", "integer", "`seq` when a client last wrote to it; 0: never" },
	       { "status", "Status|null", "null until it exited" },
	       { "created_us", "integer", "microseconds since 1970" },
	       { "started_us", "integer|null", "start of the present process" },
	       { "exited_us", "integer|null", "end of it" },
	       { "generation", "integer", "how often it was respawned" },
	       { "closed", "boolean", "nobody holds the terminal any more" },
	       { "quarantined", "boolean", "its output killed the daemon; it is not parsed" },
	       { "viewers", "integer", "clients attached to it" },
	       { "journal", "Journal", "what is kept of it on disk" },
	       { "stats", "PaneStats?", "pane.get with `stats`" })
};

const struct api_shape api_shape_pane_stats = {
	.name = "PaneStats",
	.doc = "What a pane did and holds.",
	FIELDS({ "pane", "string?", "its id, where there are several" },
	       { "output_bytes", "integer", "printed since it began" },
	       { "output_bytes_per_s", "integer", "in the last seconds" },
	       { "input_bytes", "integer", "that its terminal took" },
	       { "screen_bytes", "integer", "memory of its screens" },
	       { "history_bytes", "integer", "memory of its history" },
	       { "processes", "integer", "in it, with all descendants" },
	       { "cpu_ms", "integer", "processor time of these, and of their children that ended" },
	       { "rss_bytes", "integer", "resident memory of these" })
};

const struct api_shape api_shape_journal = {
	.name = "Journal",
	.doc = "What a pane printed, on disk.",
	FIELDS({ "state", "string",
		 "`on`; `off`: it has none; `failing`: it cannot be written, the pane goes on in "
		 "memory and the disk is tried again" },
	       { "error", "string|null", "why it is failing" },
	       { "seq", "integer", "output before it is in the files" })
};

const struct api_shape api_shape_kv_entry = {
	.name = "KvEntry",
	.doc = "A key of the key-value store and what it has.",
	FIELDS({ "key", "string", "" }, { "data", "bytes?", "the value, if asked for" },
	       { "text", "string?", "instead, if asked for and it is text" },
	       { "size", "integer", "of the value, in bytes" },
	       { "revision", "integer", "grows with each write to the namespace" },
	       { "updated_us", "integer", "when it was set" },
	       { "expires_us", "integer|null", "when it is no longer there" }),
};

const struct api_shape api_shape_command_record = {
	.name = "CommandRecord",
	.doc = "A command that ended in some shell, or was imported from its history.",
	FIELDS({ "id", "integer", "of the record" }, { "text", "string", "as the shell read it" },
	       { "pane", "string|null", "where it ran; it may be gone" },
	       { "session", "string|null", "" },
	       { "number", "integer|null", "in its pane; the handle is PANE:NUMBER" },
	       { "cwd", "string|null", "when it began" },
	       { "cwd_after", "string|null", "when it had ended" },
	       { "shell", "string|null", "bash, zsh, fish" },
	       { "source", "string", "marks or import" },
	       { "exit_code", "integer|null", "128 + n for signal n" },
	       { "started_us", "integer|null", "" }, { "duration_us", "integer|null", "" },
	       { "seq_from", "integer|null", "its output in the stream" },
	       { "seq_to", "integer|null", "" }),
};

const struct api_shape api_shape_layout = {
	.name = "Layout",
	.doc = "A tree of splits whose leaves are panes of a session.",
	FIELDS({ "name", "string", "unique in its session" },
	       { "session", "string", "id of its session" },
	       { "session_name", "string", "name of its session" },
	       { "active", "boolean", "the session shows this one" },
	       { "cols", "integer", "columns of the area that is shared" },
	       { "rows", "integer", "rows of it" },
	       { "zoomed", "string|null", "the pane that has the whole area for now" },
	       { "tree", "string", "as layout.create takes it" },
	       { "panes", "[object]",
		 "in reading order: `pane`, and where it is in cells: `x`, `y`, `cols`, `rows`" },
	       { "separators", "[object]",
		 "the lines between them, one cell wide: `x`, `y`, `cols`, `rows`" },
	       { "viewers", "integer", "clients attached to the whole of it" })
};

const struct api_shape api_shape_match = {
	.name = "Match",
	.doc = "A line that search.run found.",
	FIELDS({ "pane", "string", "id" }, { "session", "string", "id" },
	       { "session_name", "string", "" },
	       { "in", "string",
		 "`history`, `screen`, `output`: lines of a pane without a screen, or `journal`: "
		 "as it was recorded" },
	       { "line", "integer",
		 "its number in the pane, which stays while the width of the terminal does" },
	       { "row", "integer",
		 "where it is now: of the screen; negative: of the history, -1 the newest" },
	       { "column", "integer", "characters before the first match" },
	       { "text", "string", "the line, joined where the terminal wrapped it" },
	       { "cut", "boolean", "the text is not the whole line" },
	       { "spans", "[object]",
		 "the matches in the text: bytes `from` and, behind the last, `to`" },
	       { "before", "[string]", "lines before it, the nearest first" },
	       { "after", "[string]", "lines behind it" },
	       { "command", "object|null",
		 "the command of the pane's shell that printed it, where it is known: `number`, "
		 "`text` (cut at 199 bytes), `exit_code` or null, `started_us`" },
	       { "time_us", "integer|null", "it was printed by then, not long before" },
	       { "seq", "integer|null", "a position in the output not far in front of it" })
};

const struct api_shape api_shape_process = {
	.name = "Process",
	.doc = "A process that descends from a pane.",
	FIELDS({ "pid", "integer", "" }, { "ppid", "integer", "" }, { "pgid", "integer", "" },
	       { "sid", "integer", "" },
	       { "state", "string", "one letter, as in proc(5): R, S, D, Z, T" },
	       { "command", "string", "its arguments, cut at 127 bytes" },
	       { "cpu_ms", "integer", "user and system time used" },
	       { "rss_bytes", "integer", "resident memory" },
	       { "started_us", "integer", "microseconds since 1970" },
	       { "stray", "boolean", "it left its pane's process tree" },
	       { "pane", "string|null", "the pane that it came from" })
};

const struct api_shape api_shape_ended = {
	.name = "Ended",
	.doc = "A process that was ended.",
	FIELDS({ "pane", "string|null", "the pane that it came from" }, { "pid", "integer", "" },
	       { "command", "string", "" },
	       { "signal", "string|null", "the last signal sent, as `SIGHUP`" },
	       { "stray", "boolean", "it had left its pane's process tree" })
};

const struct api_shape api_shape_left = {
	.name = "Left",
	.doc = "A process that resisted.",
	FIELDS({ "pane", "string|null", "the pane that it came from" }, { "pid", "integer", "" },
	       { "command", "string", "" })
};

const struct api_shape *const api_shapes[] = {
	&api_shape_session,
	&api_shape_pane,
	&api_shape_pane_stats,
	&api_shape_journal,
	&api_shape_layout,
	&api_shape_match,
	&api_shape_status,
	&api_shape_process,
	&api_shape_ended,
	&api_shape_left,
	&api_shape_run,
	&api_shape_record,
	&api_shape_kv_entry,
	&api_shape_command_record,
	NULL,
};

/* ---- types ---- */

struct type {
	char base[24]; /* "string", "Pane" */
	bool is_array, is_nullable, is_optional;
};

static bool cut_suffix(char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	if (n < m || strcmp(s + n - m, suffix) != 0)
		return false;
	s[n - m] = '\0';
	return true;
}

static struct type parse_type(const char *text)
{
	struct type t = { 0 };

	if (strlen(text) >= sizeof t.base)
		return t;
	memcpy(t.base, text, strlen(text) + 1);
	t.is_optional = cut_suffix(t.base, "?");
	t.is_nullable = cut_suffix(t.base, "|null");
	if (t.base[0] == '[' && cut_suffix(t.base, "]")) {
		t.is_array = true;
		memmove(t.base, t.base + 1, strlen(t.base));
	}
	return t;
}

static const struct api_shape *find_shape(const char *name)
{
	for (const struct api_shape *const *s = api_shapes; *s; s++) {
		if (strcmp((*s)->name, name) == 0)
			return *s;
	}
	return NULL;
}

static bool is_basic(const char *name)
{
	static const char *const names[] = { "string", "integer", "number", "boolean",
					     "object", "any",     "bytes" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

bool api_type_is_known(const char *type)
{
	struct type t = parse_type(type);

	return is_basic(t.base) || find_shape(t.base);
}

/* ---- JSON Schema ---- */

static void put_type_name(struct rpc_writer *w, const char *name, bool is_nullable)
{
	rpc_key(w, "type");
	if (!is_nullable) {
		rpc_str(w, name);
		return;
	}
	rpc_array_begin(w);
	rpc_str(w, name);
	rpc_str(w, "null");
	rpc_array_end(w);
}

static void put_reference(struct rpc_writer *w, const char *name)
{
	char path[64] = "#/components/schemas/";

	strncat(path, name, sizeof path - strlen(path) - 1);
	rpc_kv_str(w, "$ref", path);
}

static void put_null_schema(struct rpc_writer *w)
{
	rpc_map_begin(w);
	put_type_name(w, "null", false);
	rpc_map_end(w);
}

/* The members of a schema object for one value that is no array. */
static void put_base(struct rpc_writer *w, const struct type *t, bool is_nullable)
{
	if (find_shape(t->base) && is_nullable) {
		rpc_key(w, "anyOf");
		rpc_array_begin(w);
		rpc_map_begin(w);
		put_reference(w, t->base);
		rpc_map_end(w);
		put_null_schema(w);
		rpc_array_end(w);
	} else if (find_shape(t->base)) {
		put_reference(w, t->base);
	} else if (strcmp(t->base, "bytes") == 0) {
		put_type_name(w, "string", is_nullable);
		rpc_kv_str(w, "contentEncoding", "base64");
	} else if (strcmp(t->base, "any") != 0) {
		put_type_name(w, t->base, is_nullable);
	}
}

static void put_field(struct rpc_writer *w, const struct api_field *f)
{
	struct type t = parse_type(f->type);

	rpc_key(w, f->name);
	rpc_map_begin(w);
	/* Beside a $ref other members do not count (draft 7). */
	if (f->doc[0] && (t.is_array || t.is_nullable || !find_shape(t.base)))
		rpc_kv_str(w, "description", f->doc);
	if (t.is_array) {
		put_type_name(w, "array", t.is_nullable);
		rpc_key(w, "items");
		rpc_map_begin(w);
		put_base(w, &t, false);
		rpc_map_end(w);
	} else {
		put_base(w, &t, t.is_nullable);
	}
	rpc_map_end(w);
}

void api_shape_schema(struct rpc_writer *w, const struct api_shape *s)
{
	bool has_required = false;

	rpc_map_begin(w);
	put_type_name(w, "object", false);
	rpc_kv_str(w, "description", s->doc);
	rpc_key(w, "properties");
	rpc_map_begin(w);
	for (const struct api_field *f = s->fields; f->name; f++) {
		put_field(w, f);
		has_required |= !parse_type(f->type).is_optional;
	}
	rpc_map_end(w);
	if (has_required) {
		rpc_key(w, "required");
		rpc_array_begin(w);
		for (const struct api_field *f = s->fields; f->name; f++) {
			if (!parse_type(f->type).is_optional)
				rpc_str(w, f->name);
		}
		rpc_array_end(w);
	}
	rpc_map_end(w);
}

/* ---- Markdown ---- */

void api_shape_markdown(struct buf *out, const struct api_shape *s)
{
	if (!s->fields->name)
		return;
	buf_put_str(out, "| member | type | meaning |\n|---|---|---|\n");
	for (const struct api_field *f = s->fields; f->name; f++) {
		struct type t = parse_type(f->type);

		buf_printf(out, "| `%s` | %s%s%s%s | %s |\n", f->name,
			   t.is_array ? "array of " : "", t.base, t.is_nullable ? " or null" : "",
			   t.is_optional ? ", optional" : "", f->doc);
	}
	buf_put_char(out, '\n');
}
