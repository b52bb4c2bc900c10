#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mcp/mcp.h"
#include "mcp/text.h"
#include "rpc/describe.h"

/* In the order in which a model should think of them; the order is stable, for
 * those who cache it. */
static const struct mcp_tool *const tools[] = {
	&tool_run,  &tool_wait,       &tool_read,        &tool_search,
	&tool_send, &tool_list_panes, &tool_create_pane, &tool_close_pane,
};

/* ---- describing ---- */

/* The schema out of the description that rpc.discover gives. */
static json_t *param_schema(const struct rpc_param *p)
{
	struct buf text = BUF_INIT;
	struct rpc_writer w;
	json_t *described, *schema;

	rpc_writer_init(&w, RPC_JSON, &text);
	rpc_param_schema(&w, p);
	described = json_loadb(buf_data(&text), buf_len(&text), 0, NULL);
	schema = json_incref(json_object_get(described, "schema"));
	if (buf_check(&text) || !schema)
		mcp_die("out of memory");
	(void)json_object_del(schema, "x-unit");
	(void)json_object_set_new(schema, "description", json_string(p->doc));
	json_decref(described);
	buf_fini(&text);
	return schema;
}

static json_t *input_schema(const struct mcp_tool *t)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema = mcp_pack("{s:s, s:b}", "type", "object", "additionalProperties", 0);

	for (size_t i = 0; i < t->n_params; i++) {
		(void)json_object_set_new(properties, t->params[i].name,
					  param_schema(&t->params[i]));
		if (t->params[i].is_required)
			(void)json_array_append_new(required, json_string(t->params[i].name));
	}
	(void)json_object_set_new(schema, "properties", properties);
	if (json_array_size(required)) {
		(void)json_object_set_new(schema, "required", required);
	} else {
		json_decref(required);
	}
	return schema;
}

static json_t *field_schema(const struct mcp_field *f)
{
	json_t *schema = mcp_pack("{s:s, s:s}", "type", f->type, "description", f->doc);

	if (strcmp(f->type, "array") == 0)
		(void)json_object_set_new(schema, "items", mcp_pack("{s:s}", "type", "object"));
	return schema;
}

static json_t *output_schema(const struct mcp_tool *t)
{
	json_t *properties = json_object(), *required = json_array();

	for (size_t i = 0; i < t->n_fields; i++) {
		(void)json_object_set_new(properties, t->fields[i].name,
					  field_schema(&t->fields[i]));
		if (!t->fields[i].is_optional)
			(void)json_array_append_new(required, json_string(t->fields[i].name));
	}
	return mcp_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
			required);
}

static json_t *annotations(const struct mcp_tool *t)
{
	return mcp_pack("{s:s, s:b, s:b, s:b, s:b}", "title", t->title, "readOnlyHint",
			t->is_read_only, "destructiveHint", t->is_destructive, "idempotentHint",
			t->is_idempotent, "openWorldHint", t->is_open);
}

static json_t *describe(const struct mcp_tool *t, const struct mcp_version *v)
{
	json_t *d = mcp_pack("{s:s, s:s, s:o}", "name", t->name, "description", t->doc,
			     "inputSchema", input_schema(t));

	if (v->has_annotations)
		(void)json_object_set_new(d, "annotations", annotations(t));
	if (v->has_structured) {
		(void)json_object_set_new(d, "title", json_string(t->title));
		(void)json_object_set_new(d, "outputSchema", output_schema(t));
	}
	return d;
}

json_t *tool_list(const struct mcp *m, const struct mcp_version *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		if (tools[i]->tier <= m->options.tier)
			(void)json_array_append_new(list, describe(tools[i], v));
	}
	return list;
}

/* ---- answering ---- */

static void answer(struct job *job, struct buf *text, json_t *structured, bool is_error)
{
	json_t *result;

	if (buf_check(text))
		mcp_die("out of memory");
	result = mcp_pack("{s:[{s:s, s:o}], s:b}", "content", "type", "text", "text",
			  text_json(buf_data(text), buf_len(text)), "isError", is_error);
	if (structured && job->version->has_structured) {
		(void)json_object_set_new(result, "structuredContent", structured);
	} else {
		json_decref(structured);
	}
	buf_fini(text);
	job_answer(job, result);
}

void tool_answer(struct job *job, struct buf *text, json_t *structured)
{
	answer(job, text, structured, false);
}

void tool_fail(struct job *job, const struct fail *f)
{
	struct buf text = BUF_INIT;

	text_failure(f, &text);
	answer(job, &text, NULL, true);
}

void tool_failf(struct job *job, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_put_str(&text, line);
	answer(job, &text, NULL, true);
}

/* ---- calling ---- */

static const struct mcp_tool *find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(tools); i++) {
		if (strcmp(tools[i]->name, name) == 0)
			return tools[i];
	}
	return NULL;
}

void tool_call(struct job *job)
{
	static const char *const tiers[] = { "read", "write", "spawn" };
	const char *name = json_string_value(json_object_get(job->params, "name"));
	const json_t *arguments = json_object_get(job->params, "arguments");
	const struct mcp_tool *t = find(name);
	struct fail f = { 0 };

	if (!t) {
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "unknown tool: %.100s",
			   name ? name : "its name is missing");
		return;
	}
	if (arguments && !json_is_object(arguments)) {
		job_refuse(job, MCP_INVALID_PARAMS, NULL, "arguments must be an object");
		return;
	}
	job->tool = t;
	if (t->tier > job->m->options.tier) {
		tool_failf(job, "this server was started with --allow %s; %s needs --allow %s",
			   tiers[job->m->options.tier], t->name, tiers[t->tier]);
	} else if (rpc_args_check(t->params, t->n_params, RPC_JSON, arguments, &job->args, &f)) {
		tool_fail(job, &f);
	} else {
		t->start(job);
	}
}
