/* What needs no daemon: envelope, versions, descriptions, tiers; and one call with a fake one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/fake_server.h"
#include "mcp/mcp.h"

#define META                                                                     \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," \
	"\"io.modelcontextprotocol/clientCapabilities\":{}}"

static void begin(struct mcp *m, enum mcp_tier tier)
{
	static struct mcp_options o = { .session = "mcp", .version = "9.9" };

	o.tier = tier;
	mcp_init(m, &o, -1, -1);
}

/* Hand in a line; the next message that is sent, NULL none. */
static json_t *say(struct mcp *m, const char *line)
{
	size_t n;
	json_t *v;
	const char *end;

	if (line)
		protocol_line(m, line, strlen(line));
	end = memchr(buf_data(&m->queue), '\n', buf_len(&m->queue));
	if (!end)
		return NULL;
	n = (size_t)(end - buf_data(&m->queue));
	v = json_loadb(buf_data(&m->queue), n, 0, NULL);
	assert_non_null(v);
	buf_consume(&m->queue, n + 1);
	return v;
}

static json_int_t code(const json_t *answer)
{
	return json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
}

static void expect_code(struct mcp *m, const char *line, json_int_t wanted)
{
	json_t *v = say(m, line);

	assert_non_null(v);
	assert_int_equal(code(v), wanted);
	json_decref(v);
}

static void initialize(struct mcp *m, const char *version, const char *wanted)
{
	char line[256];
	json_t *v;
	const char *got;

	(void)snprintf(line, sizeof(line),
		       "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
		       "\"protocolVersion\":\"%s\",\"capabilities\":{},\"clientInfo\":{}}}",
		       version);
	v = say(m, line);
	got = json_string_value(json_object_get(json_object_get(v, "result"), "protocolVersion"));
	assert_non_null(got);
	assert_string_equal(got, wanted);
	json_decref(v);
}

/* ---- the envelope ---- */

static void broken_messages_are_answered_and_the_next_one_served(void **state)
{
	struct mcp m;

	(void)state;
	begin(&m, MCP_SPAWN);
	expect_code(&m, "{\"jsonrpc\":\"2.0\",\"id\":1,", MCP_PARSE_ERROR);
	expect_code(&m, "nonsense", MCP_PARSE_ERROR);
	expect_code(&m, "{\"id\":1,\"method\":\"ping\"}", MCP_INVALID_REQUEST);
	expect_code(&m, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
		    MCP_INVALID_REQUEST);
	expect_code(&m, "[]", MCP_INVALID_REQUEST);
	expect_code(&m, "7", MCP_INVALID_REQUEST);
	initialize(&m, "2025-11-25", "2025-11-25");
	expect_code(&m, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/list\"}",
		    MCP_METHOD_NOT_FOUND);
	expect_code(&m, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":[]}",
		    MCP_INVALID_PARAMS);
	expect_code(&m,
		    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tools/call\",\"params\":{"
		    "\"name\":\"no_such\"}}",
		    MCP_INVALID_PARAMS);
	mcp_fini(&m);
}

static void notifications_and_answers_are_not_answered(void **state)
{
	struct mcp m;

	(void)state;
	begin(&m, MCP_SPAWN);
	assert_null(say(&m, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"));
	assert_null(say(&m, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
			    "\"params\":{\"requestId\":4}}"));
	assert_null(say(&m, "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}"));
	mcp_fini(&m);
}

static void batches_belong_to_one_version(void **state)
{
	static const char batch[] =
		"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"},3,"
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no/such\"}]";
	struct mcp m;
	json_t *v;

	(void)state;
	begin(&m, MCP_SPAWN);
	initialize(&m, "2025-03-26", "2025-03-26");
	v = say(&m, batch);
	assert_int_equal(json_array_size(v), 3);
	json_decref(v);
	initialize(&m, "2025-06-18", "2025-06-18");
	expect_code(&m, batch, MCP_INVALID_REQUEST);
	mcp_fini(&m);
}

/* ---- versions ---- */

static void a_version_that_we_know_is_agreed_on_and_else_the_newest(void **state)
{
	static const char *const known[] = { "2024-11-05", "2025-03-26", "2025-06-18",
					     "2025-11-25" };
	struct mcp m;

	(void)state;
	begin(&m, MCP_SPAWN);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		initialize(&m, known[i], known[i]);
	initialize(&m, "1999-01-01", "2025-11-25");
	initialize(&m, "2099-01-01", "2025-11-25");
	/* That one has no handshake. */
	initialize(&m, "2026-07-28", "2025-11-25");
	mcp_fini(&m);
}

static void nothing_but_ping_goes_before_the_handshake(void **state)
{
	struct mcp m;
	json_t *v;

	(void)state;
	begin(&m, MCP_SPAWN);
	v = say(&m, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	assert_non_null(json_object_get(v, "result"));
	json_decref(v);
	expect_code(&m, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}",
		    MCP_INVALID_PARAMS);
	mcp_fini(&m);
}

static void a_stateless_request_needs_no_handshake(void **state)
{
	struct mcp m;
	json_t *v, *result;

	(void)state;
	begin(&m, MCP_SPAWN);
	v = say(&m, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\",\"params\":{" META
		    "}}");
	result = json_object_get(v, "result");
	assert_string_equal(json_string_value(json_object_get(result, "resultType")), "complete");
	assert_string_equal(json_string_value(
				    json_array_get(json_object_get(result, "supportedVersions"),
						   0)),
			    "2026-07-28");
	assert_non_null(json_object_get(json_object_get(result, "_meta"),
					"io.modelcontextprotocol/serverInfo"));
	json_decref(v);
	v = say(&m,
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{" META "}}");
	result = json_object_get(v, "result");
	assert_true(json_is_integer(json_object_get(result, "ttlMs")));
	json_decref(v);
	/* What that version removed. */
	expect_code(&m, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\",\"params\":{" META "}}",
		    MCP_METHOD_NOT_FOUND);
	mcp_fini(&m);
}

static void a_stateless_request_must_say_its_version(void **state)
{
	struct mcp m;

	(void)state;
	begin(&m, MCP_SPAWN);
	expect_code(&m, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}",
		    MCP_INVALID_PARAMS);
	expect_code(&m,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":"
		    "{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}",
		    MCP_INVALID_PARAMS);
	expect_code(&m,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":"
		    "{\"io.modelcontextprotocol/protocolVersion\":\"1900-01-01\","
		    "\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
		    MCP_UNSUPPORTED_VERSION);
	mcp_fini(&m);
}

/* ---- tools ---- */

static json_t *list_tools(struct mcp *m)
{
	json_t *v = say(m, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	json_t *tools = json_incref(json_object_get(json_object_get(v, "result"), "tools"));

	json_decref(v);
	assert_true(json_is_array(tools));
	return tools;
}

static bool has_tool(const json_t *tools, const char *name)
{
	size_t i;
	json_t *t;

	json_array_foreach(tools, i, t)
	{
		if (strcmp(json_string_value(json_object_get(t, "name")), name) == 0)
			return true;
	}
	return false;
}

static void a_tier_shows_what_it_allows(void **state)
{
	static const struct {
		enum mcp_tier tier;
		bool has_send, has_run;
	} cases[] = { { MCP_READ, false, false },
		      { MCP_WRITE, true, true },
		      { MCP_SPAWN, true, true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mcp m;
		json_t *tools;

		begin(&m, cases[i].tier);
		initialize(&m, "2025-11-25", "2025-11-25");
		tools = list_tools(&m);
		assert_true(has_tool(tools, "list") && has_tool(tools, "read") &&
			    has_tool(tools, "wait"));
		assert_int_equal(has_tool(tools, "send"), cases[i].has_send);
		assert_int_equal(has_tool(tools, "run"), cases[i].has_run);
		assert_int_equal(has_tool(tools, "create_pane"), cases[i].tier == MCP_SPAWN);
		assert_int_equal(has_tool(tools, "close_pane"), cases[i].tier == MCP_SPAWN);
		json_decref(tools);
		mcp_fini(&m);
	}
}

/* @wanted: part of the text of an answer with isError. */
static void expect_tool_error(struct mcp *m, const char *line, const char *wanted)
{
	json_t *v = say(m, line), *result = json_object_get(v, "result");
	const char *text = json_string_value(
		json_object_get(json_array_get(json_object_get(result, "content"), 0), "text"));

	assert_true(json_is_true(json_object_get(result, "isError")));
	if (!strstr(text, wanted))
		fail_msg("%s: no %s", text, wanted);
	json_decref(v);
}

static void a_tool_beyond_the_tier_and_wrong_arguments_are_told_to_the_model(void **state)
{
	struct mcp m;

	(void)state;
	begin(&m, MCP_READ);
	initialize(&m, "2025-11-25", "2025-11-25");
	expect_tool_error(&m,
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
			  "\"name\":\"close_pane\",\"arguments\":{\"pane\":\"p1\"}}}",
			  "--allow spawn");
	expect_tool_error(&m,
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
			  "\"name\":\"read\",\"arguments\":{\"pane\":7}}}",
			  "pane");
	expect_tool_error(&m,
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
			  "\"name\":\"read\",\"arguments\":{\"pane\":\"p1\",\"max_bytes\":1}}}",
			  "max_bytes");
	expect_tool_error(&m,
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
			  "\"name\":\"wait\",\"arguments\":{\"pane\":\"p1\",\"until\":\"text\"}}}",
			  "pattern");
	mcp_fini(&m);
}

static void descriptions_fit_their_version(void **state)
{
	struct mcp m;
	json_t *tools, *t;
	size_t i;

	(void)state;
	begin(&m, MCP_SPAWN);
	initialize(&m, "2024-11-05", "2024-11-05");
	tools = list_tools(&m);
	json_array_foreach(tools, i, t) assert_null(json_object_get(t, "outputSchema"));
	json_decref(tools);
	initialize(&m, "2025-11-25", "2025-11-25");
	tools = list_tools(&m);
	json_array_foreach(tools, i, t)
	{
		json_t *in = json_object_get(t, "inputSchema"),
		       *out = json_object_get(t, "outputSchema");

		assert_true(json_string_length(json_object_get(t, "description")) > 40);
		assert_string_equal(json_string_value(json_object_get(in, "type")), "object");
		assert_true(json_is_object(json_object_get(in, "properties")));
		assert_string_equal(json_string_value(json_object_get(out, "type")), "object");
		assert_true(json_is_boolean(
			json_object_get(json_object_get(t, "annotations"), "readOnlyHint")));
	}
	json_decref(tools);
	mcp_fini(&m);
}

/* ---- with a daemon ---- */

static void script_list(struct fake *f)
{
	fake_accept(f);
	fake_answer(f, fake_expect(f, "pane.list"),
		    json_pack("{s:[{s:s, s:s, s:s, s:[s, s], s:s, s:s, s:i, s:n}], s:s}", "panes",
			      "id", "p4", "session_name", "main", "state", "running", "command",
			      "vi", "a\tb", "cwd", "/", "title", "", "seq", 10, "status", "next",
			      "p4"));
}

static void a_call_becomes_requests_and_one_answer(void **state)
{
	static const char lines[] =
		"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
		"\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{}}}\n"
		"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/call\",\"params\":{"
		"\"name\":\"list\"}}\n";
	struct mcp_options o = { .tier = MCP_READ, .session = "mcp", .version = "9.9" };
	char text[8192] = "", *second;
	struct fake f;
	struct mcp m;
	int in[2], out[2];
	json_t *v, *answer, *pane;

	(void)state;
	fake_start(&f, script_list);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(write(in[1], lines, sizeof(lines) - 1), sizeof(lines) - 1);
	close(in[1]);
	o.places = &f.places;
	mcp_init(&m, &o, in[0], out[1]);
	mcp_serve(&m);
	mcp_fini(&m);
	fake_stop(&f);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	second = strchr(text, '\n') + 1;
	v = json_loads(second, JSON_DISABLE_EOF_CHECK, NULL);
	assert_string_equal(json_string_value(json_object_get(v, "id")), "a");
	answer = json_object_get(json_object_get(v, "result"), "structuredContent");
	assert_string_equal(json_string_value(json_object_get(answer, "next")), "p4");
	pane = json_array_get(json_object_get(answer, "panes"), 0);
	assert_string_equal(json_string_value(json_object_get(pane, "command")), "vi a\tb");
	json_decref(v);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_messages_are_answered_and_the_next_one_served),
		cmocka_unit_test(notifications_and_answers_are_not_answered),
		cmocka_unit_test(batches_belong_to_one_version),
		cmocka_unit_test(a_version_that_we_know_is_agreed_on_and_else_the_newest),
		cmocka_unit_test(nothing_but_ping_goes_before_the_handshake),
		cmocka_unit_test(a_stateless_request_needs_no_handshake),
		cmocka_unit_test(a_stateless_request_must_say_its_version),
		cmocka_unit_test(a_tier_shows_what_it_allows),
		cmocka_unit_test(a_tool_beyond_the_tier_and_wrong_arguments_are_told_to_the_model),
		cmocka_unit_test(descriptions_fit_their_version),
		cmocka_unit_test(a_call_becomes_requests_and_one_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
