#include <string.h>

#include "mcp/common.h"

#define LINE_MAX_BYTES 500

static const struct rpc_param params[] = {
	{ .name = "pattern",
	  .type = RPC_T_STRING,
	  .is_required = true,
	  .min = 1,
	  .max = 4096,
	  .doc = "Text to look for, within one line. Capital letters in it make case count" },
	{ .name = "regex",
	  .type = RPC_T_BOOL,
	  .fallback = "false",
	  .doc = "The pattern is a regular expression (PCRE2)" },
	{ .name = "word", .type = RPC_T_BOOL, .fallback = "false", .doc = "Whole words only" },
	{ .name = "pane",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 128,
	  .doc = "Only this pane; else all" },
	{ .name = "session",
	  .type = RPC_T_STRING,
	  .min = 1,
	  .max = 128,
	  .doc = "Only panes of this session" },
	{ .name = "context",
	  .type = RPC_T_INT,
	  .fallback = "0",
	  .min = 0,
	  .max = 20,
	  .doc = "Lines before and behind each match" },
	{ .name = "limit",
	  .type = RPC_T_INT,
	  .fallback = "50",
	  .min = 1,
	  .max = 500,
	  .doc = "At most so many matching lines" },
	{ .name = "cursor",
	  .type = RPC_T_STRING,
	  .min = 4,
	  .max = 48,
	  .doc = "`next` of the answer before, with the same pattern" },
};

static const struct mcp_field fields[] = {
	{ "matches", "array", false,
	  "{pane, line, text, before, after, seq}; seq is a `since` for `read` shortly before it" },
	{ "next", "string", true, "Cursor, when there may be more" },
	{ "panes", "integer", false, "How many were looked at" },
	{ "lines", "integer", false, "How many lines were looked at" },
};

static void put_line(struct buf *out, const char *pane, json_int_t line, char mark,
		     const char *text)
{
	buf_printf(out, "%s:%lld%c %s\n", pane, (long long)line, mark, text);
}

/* As grep -C does it: "p3:12: text", and "-" for the lines around. */
static void put_match(const json_t *match, struct buf *out)
{
	const json_t *before = json_object_get(match, "before"),
		     *after = json_object_get(match, "after");
	const char *pane = common_str(match, "pane");
	json_int_t line = common_int(match, "line");

	for (size_t i = json_array_size(before); i > 0; i--) {
		put_line(out, pane, line - (json_int_t)i, '-',
			 json_string_value(json_array_get(before, i - 1)));
	}
	put_line(out, pane, line, ':', common_str(match, "text"));
	for (size_t i = 0; i < json_array_size(after); i++) {
		put_line(out, pane, line + 1 + (json_int_t)i, '-',
			 json_string_value(json_array_get(after, i)));
	}
}

static json_t *entry(const json_t *match)
{
	static const char *const passed[] = { "pane", "line", "text", "before", "after", "seq" };
	json_t *o = mcp_pack("{}");

	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		json_t *v = json_object_get(match, passed[i]);

		if (v && !json_is_null(v) && !(json_is_array(v) && !json_array_size(v)))
			(void)json_object_set(o, passed[i], v);
	}
	return o;
}

static void on_found(struct job *job, json_t *result, const struct fail *f)
{
	json_t *matches = json_array(), *match, *o;
	struct buf text = BUF_INIT;
	size_t i;

	if (f) {
		json_decref(matches);
		tool_fail(job, f);
		return;
	}
	json_array_foreach(json_object_get(result, "matches"), i, match)
	{
		put_match(match, &text);
		(void)json_array_append_new(matches, entry(match));
	}
	buf_printf(&text, "[%zu matching lines; %lld lines of %lld panes were looked at",
		   json_array_size(matches), (long long)common_int(result, "lines"),
		   (long long)common_int(result, "panes"));
	o = mcp_pack("{s:o, s:I, s:I}", "matches", matches, "panes",
		     (json_int_t)common_int(result, "panes"), "lines",
		     (json_int_t)common_int(result, "lines"));
	if (json_object_get(result, "next")) {
		(void)json_object_set(o, "next", json_object_get(result, "next"));
		buf_printf(&text, "; more with cursor %s", common_str(result, "next"));
	}
	buf_put_str(&text, "]\n");
	tool_answer(job, &text, o);
}

static void start(struct job *job)
{
	static const char *const texts[] = { "pattern", "pane", "session", "cursor" };
	json_t *p = mcp_pack("{s:b, s:b, s:I, s:I, s:i}", "regex",
			     rpc_arg_bool(&job->args, "regex", false), "word",
			     rpc_arg_bool(&job->args, "word", false), "context",
			     (json_int_t)rpc_arg_int(&job->args, "context", 0), "limit",
			     (json_int_t)rpc_arg_int(&job->args, "limit", 50), "max_text",
			     LINE_MAX_BYTES);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *value = rpc_arg_str(&job->args, texts[i], NULL);

		if (value)
			(void)json_object_set_new(p, texts[i], json_string(value));
	}
	job_ask(job, "search.run", p, on_found);
}

const struct mcp_tool tool_search = {
	.name = "search",
	.title = "Search all panes",
	.tier = MCP_READ,
	.doc = "Find lines in what all panes show and have printed, also those that have ended. "
	       "Answers like grep, with the pane's id and the line's number. Better than reading "
	       "a long output to look for one thing.",
	.params = params,
	.n_params = ARRAY_LEN(params),
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
	.is_read_only = true,
	.is_idempotent = true,
	.start = start,
};
