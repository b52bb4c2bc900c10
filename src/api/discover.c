#include "api/discover.h"

#include <stdio.h>

#include "api/events.h"
#include "api/method.h"
#include "rpc/describe.h"

static void put_info(struct rpc_writer *w)
{
	rpc_key(w, "info");
	rpc_map_begin(w);
	rpc_kv_str(w, "title", "OrchFlow");
	rpc_kv_str(w, "version", ORCHFLOW_VERSION);
	rpc_kv_str(w, "description", "Terminals that are never lost, never slow, and scriptable.");
	rpc_key(w, "license");
	rpc_map_begin(w);
	rpc_kv_str(w, "name", "MIT");
	rpc_map_end(w);
	rpc_map_end(w);
}

static void put_error(struct rpc_writer *w, enum fail_code code)
{
	const struct fail_kind *kind = fail_kind(code);

	rpc_map_begin(w);
	rpc_kv_int(w, "code", kind->code);
	rpc_kv_str(w, "message", kind->text);
	rpc_key(w, "data");
	rpc_map_begin(w);
	rpc_kv_str(w, "name", kind->name);
	rpc_kv_str(w, "category", fail_category_name(kind->category));
	rpc_kv_str(w, "severity", fail_severity_name(kind->severity));
	rpc_kv_bool(w, "retryable", kind->is_retryable);
	rpc_map_end(w);
	rpc_map_end(w);
}

static void put_errors(struct rpc_writer *w, const enum fail_code *codes)
{
	for (; *codes != FAIL_NONE; codes++)
		put_error(w, *codes);
}

/* A content descriptor for the result; named shapes are referred to. */
static void put_result(struct rpc_writer *w, const struct api_shape *s)
{
	char path[64];

	rpc_key(w, "result");
	rpc_map_begin(w);
	rpc_kv_str(w, "name", s->name ? s->name : "result");
	rpc_key(w, "schema");
	if (s->name) {
		(void)snprintf(path, sizeof path, "#/components/schemas/%s", s->name);
		rpc_map_begin(w);
		rpc_kv_str(w, "$ref", path);
		rpc_map_end(w);
	} else {
		api_shape_schema(w, s);
	}
	rpc_map_end(w);
}

static void put_method(struct rpc_writer *w, const struct api_method *m)
{
	rpc_map_begin(w);
	rpc_kv_str(w, "name", m->name);
	rpc_kv_str(w, "summary", m->doc);
	rpc_kv_str(w, "paramStructure", "either");
	rpc_key(w, "params");
	rpc_array_begin(w);
	for (size_t i = 0; i < m->n_params; i++)
		rpc_param_schema(w, &m->params[i]);
	rpc_array_end(w);
	put_result(w, m->result);
	rpc_key(w, "errors");
	rpc_array_begin(w);
	put_errors(w, m->errors);
	put_errors(w, api_common_errors);
	rpc_array_end(w);
	rpc_kv_str(w, "x-scope", api_scope_name(m->scope));
	rpc_map_end(w);
}

static void put_event(struct rpc_writer *w, const struct api_event_row *e)
{
	struct api_shape shape = { .doc = e->doc, .fields = e->fields };

	rpc_map_begin(w);
	rpc_kv_str(w, "name", e->name);
	rpc_kv_str(w, "summary", e->doc);
	rpc_key(w, "schema");
	api_shape_schema(w, &shape);
	rpc_map_end(w);
}

static void put_components(struct rpc_writer *w)
{
	rpc_key(w, "components");
	rpc_map_begin(w);
	rpc_key(w, "schemas");
	rpc_map_begin(w);
	for (const struct api_shape *const *s = api_shapes; *s; s++) {
		rpc_key(w, (*s)->name);
		api_shape_schema(w, *s);
	}
	rpc_map_end(w);
	rpc_map_end(w);
}

void discover_write(struct rpc_writer *w)
{
	rpc_map_begin(w);
	rpc_kv_str(w, "openrpc", "1.3.2");
	put_info(w);
	rpc_key(w, "methods");
	rpc_array_begin(w);
	for (size_t i = 0; i < api_method_count(); i++)
		put_method(w, api_method_at(i));
	rpc_array_end(w);
	put_components(w);
	rpc_key(w, "x-events");
	rpc_array_begin(w);
	for (size_t i = 0; i < api_event_count(); i++)
		put_event(w, api_event_at(i));
	rpc_array_end(w);
	rpc_key(w, "x-errors");
	rpc_array_begin(w);
	for (int i = FAIL_NONE + 1; i < FAIL_N; i++)
		put_error(w, (enum fail_code)i);
	rpc_array_end(w);
	rpc_map_end(w);
}
