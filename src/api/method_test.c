/* The method table, and what is generated from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "api/discover.h"
#include "api/events.h"
#include "api/method.h"
#include "api/server.h"
#include "base/mem.h"

static void every_row_is_whole(void **state)
{
	(void)state;
	assert_true(api_method_count() > 30);
	for (size_t i = 0; i < api_method_count(); i++) {
		const struct api_method *m = api_method_at(i);

		assert_non_null(m->handler);
		assert_non_null(m->result);
		assert_non_null(m->errors);
		assert_non_null(strchr(m->name, '.'));
		assert_true(strlen(m->doc) > 10);
		assert_int_not_equal(m->doc[strlen(m->doc) - 1], '.');
		assert_true(m->n_params <= RPC_MAX_PARAMS);
		/* Its name fits where a crash is noted (arena.h). */
		assert_true(strlen(m->name) < 40);
	}
}

static void every_parameter_is_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_method_count(); i++) {
		const struct api_method *m = api_method_at(i);

		for (size_t k = 0; k < m->n_params; k++) {
			const struct rpc_param *p = &m->params[k];

			assert_non_null(p->name);
			assert_true(strlen(p->doc) > 3);
			assert_true(p->min <= p->max || p->max == 0);
			assert_int_equal(p->type == RPC_T_ENUM, p->choices != NULL);
			/* A required one has no default, and comes before the others. */
			assert_false(p->is_required && p->fallback);
			assert_false(p->is_required && k > 0 && !m->params[k - 1].is_required);
			for (size_t j = 0; j < k; j++)
				assert_string_not_equal(p->name, m->params[j].name);
		}
	}
}

static void names_are_unique_and_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_method_count(); i++)
		assert_int_equal(api_method_find(api_method_at(i)->name), i);
	assert_int_equal(api_method_find("pane.creat"), -1);
	assert_int_equal(api_method_find(""), -1);
	assert_string_equal(api_method_nearest("pane.creat"), "pane.create");
	assert_null(api_method_nearest("xyzzy"));
}

static void every_documented_error_exists(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_method_count(); i++) {
		const struct api_method *m = api_method_at(i);

		for (const enum fail_code *c = m->errors; *c != FAIL_NONE; c++) {
			assert_true(*c > FAIL_NONE && *c < FAIL_N);
			assert_int_not_equal(fail_kind(*c)->code, 0);
			for (const enum fail_code *d = api_common_errors; *d != FAIL_NONE; d++)
				assert_int_not_equal(*c, *d);
		}
	}
}

static void check_fields(const struct api_field *fields)
{
	for (const struct api_field *f = fields; f->name; f++) {
		assert_true(api_type_is_known(f->type));
		assert_non_null(f->doc);
		for (const struct api_field *g = fields; g != f; g++)
			assert_string_not_equal(f->name, g->name);
	}
}

static void every_result_and_event_has_known_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_method_count(); i++)
		check_fields(api_method_at(i)->result->fields);
	for (size_t i = 0; i < api_event_count(); i++) {
		assert_non_null(strchr(api_event_at(i)->name, '.'));
		check_fields(api_event_at(i)->fields);
	}
	assert_false(api_type_is_known("Pan"));
	assert_true(api_type_is_known("[Pane]"));
	assert_true(api_type_is_known("Status|null"));
}

static json_t *discover(enum rpc_encoding enc)
{
	struct buf out = BUF_INIT;
	struct rpc_writer w;
	json_t *doc = NULL;
	struct fail f;

	rpc_writer_init(&w, enc, &out);
	discover_write(&w);
	assert_int_equal(rpc_value_parse(enc, buf_data(&out), buf_len(&out), &doc, &f), 0);
	buf_fini(&out);
	return doc;
}

/* A content descriptor: a name and a schema that is an object. */
static void check_descriptor(const json_t *d)
{
	assert_true(json_string_length(json_object_get(d, "name")) > 0);
	assert_true(json_is_object(json_object_get(d, "schema")));
}

/* Every "$ref" in the document leads to a schema in it. */
static void check_references(const json_t *schemas, json_t *v)
{
	const char prefix[] = "#/components/schemas/";
	const char *key;
	json_t *member;
	size_t i;

	json_array_foreach(v, i, member) check_references(schemas, member);
	json_object_foreach(v, key, member)
	{
		if (strcmp(key, "$ref") == 0) {
			const char *path = json_string_value(member);

			assert_int_equal(strncmp(path, prefix, strlen(prefix)), 0);
			assert_non_null(json_object_get(schemas, path + strlen(prefix)));
		}
		check_references(schemas, member);
	}
}

static void check_method(const json_t *m)
{
	const json_t *params = json_object_get(m, "params");
	const json_t *errors = json_object_get(m, "errors");
	bool may_be_required = true;

	assert_true(json_is_string(json_object_get(m, "name")));
	assert_true(json_is_array(params));
	for (size_t i = 0; i < json_array_size(params); i++) {
		const json_t *p = json_array_get(params, i);
		bool is_required = json_is_true(json_object_get(p, "required"));

		check_descriptor(p);
		assert_true(may_be_required || !is_required);
		may_be_required = is_required;
	}
	check_descriptor(json_object_get(m, "result"));
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const json_t *e = json_array_get(errors, i);

		assert_true(json_is_integer(json_object_get(e, "code")));
		assert_true(json_is_string(json_object_get(e, "message")));
	}
	assert_string_equal(json_string_value(json_object_get(m, "paramStructure")), "either");
	assert_non_null(json_object_get(m, "x-scope"));
}

static void discovery_is_openrpc(void **state)
{
	/* What the meta schema of OpenRPC 1.3 allows at the top. */
	static const char *const known[] = { "openrpc", "info", "methods", "components" };
	json_t *doc = discover(RPC_JSON);
	const json_t *methods = json_object_get(doc, "methods");
	const json_t *info = json_object_get(doc, "info");
	const json_t *schemas = json_object_get(json_object_get(doc, "components"), "schemas");
	const char *key;
	json_t *v;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(doc, "openrpc")), "1.3.2");
	assert_true(json_is_string(json_object_get(info, "title")));
	assert_true(json_is_string(json_object_get(info, "version")));
	assert_int_equal(json_array_size(methods), api_method_count());
	for (size_t i = 0; i < json_array_size(methods); i++)
		check_method(json_array_get(methods, i));
	check_references(schemas, doc);
	json_object_foreach(doc, key, v)
	{
		bool is_known = strncmp(key, "x-", 2) == 0;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			is_known |= strcmp(key, known[i]) == 0;
		assert_true(is_known);
	}
	json_decref(doc);
}

static void discovery_is_the_same_in_both_encodings(void **state)
{
	json_t *a = discover(RPC_JSON), *b = discover(RPC_MSGPACK);

	(void)state;
	assert_true(json_equal(a, b));
	json_decref(a);
	json_decref(b);
}

static void the_protocol_document_names_everything(void **state)
{
	struct buf out = BUF_INIT;
	char *text, heading[96];

	(void)state;
	api_protocol_markdown(&out);
	text = buf_steal_str(&out);
	assert_non_null(text);
	for (size_t i = 0; i < api_method_count(); i++) {
		(void)snprintf(heading, sizeof heading, "\n### %s\n", api_method_at(i)->name);
		assert_non_null(strstr(text, heading));
	}
	for (int i = FAIL_NONE + 1; i < FAIL_N; i++)
		assert_non_null(strstr(text, fail_kind((enum fail_code)i)->name));
	mem_free(text);
}

static void kinds_of_events_are_matched_by_pattern(void **state)
{
	uint32_t kinds = 0;
	struct fail f;

	(void)state;
	assert_int_equal(watch_parse_kind("pane.exit", &kinds, &f), 0);
	assert_int_equal(kinds, 1u << CORE_PANE_EXIT);
	kinds = 0;
	assert_int_equal(watch_parse_kind("session.*", &kinds, &f), 0);
	assert_int_equal(__builtin_popcount(kinds), 3);
	kinds = 0;
	assert_int_equal(watch_parse_kind("*", &kinds, &f), 0);
	assert_int_equal(kinds, watch_all_kinds());
	assert_int_equal(watch_parse_kind("pane.exot", &kinds, &f), FAIL_E_FAILED);
	assert_string_equal(f.hint, "did you mean pane.exit?");
	assert_int_equal(watch_parse_kind("pane.output", &kinds, &f), FAIL_E_FAILED);
	assert_non_null(strstr(f.hint, "pane.subscribe"));
	assert_int_equal(watch_parse_kind("", &kinds, &f), FAIL_E_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(every_parameter_is_described),
		cmocka_unit_test(names_are_unique_and_found),
		cmocka_unit_test(every_documented_error_exists),
		cmocka_unit_test(every_result_and_event_has_known_types),
		cmocka_unit_test(discovery_is_openrpc),
		cmocka_unit_test(discovery_is_the_same_in_both_encodings),
		cmocka_unit_test(the_protocol_document_names_everything),
		cmocka_unit_test(kinds_of_events_are_matched_by_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
