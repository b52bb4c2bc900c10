/* Methods, events and streams, over a core of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/events.h"
#include "api/rig.h"
#include "base/buf.h"
#include "base/mem.h"
#include "rpc/envelope.h"

#define CALL(method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"

static int setup(void **state)
{
	static struct rig rig;

	rig_init(&rig, NULL);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	struct api_stats stats;

	api_server_get_stats(r->server, &stats);
	assert_int_equal(stats.n_undocumented, 0);
	rig_fini(r);
	return 0;
}

/* ---- results are what the table says ---- */

static void check_against(const struct api_field *fields, json_t *record)
{
	const char *key;
	json_t *v;

	for (const struct api_field *f = fields; f->name; f++) {
		v = json_object_get(record, f->name);
		if (!v && f->type[strlen(f->type) - 1] != '?')
			fail_msg("%s is missing", f->name);
		if (json_is_null(v) && !strstr(f->type, "|null"))
			fail_msg("%s is null", f->name);
	}
	json_object_foreach(record, key, v)
	{
		const struct api_field *f = fields;

		while (f->name && strcmp(f->name, key) != 0)
			f++;
		if (!f->name)
			fail_msg("%s is not documented", key);
	}
}

static const struct {
	const char *method, *request;
} good[] = {
	{ "rpc.hello", CALL("rpc.hello", "{\"client\":\"test\"}") },
	{ "rpc.discover", CALL("rpc.discover", "{}") },
	{ "session.create",
	  CALL("session.create", "{\"name\":\"other\",\"cwd\":\"/\",\"env\":{\"A\":\"b\"}}") },
	{ "session.list", CALL("session.list", "{\"limit\":1}") },
	{ "session.get", CALL("session.get", "[\"main\"]") },
	{ "session.rename", CALL("session.rename", "[\"s1\",\"work\"]") },
	{ "session.delete", CALL("session.delete", "{\"session\":\"work\",\"force\":true}") },
	{ "pane.create",
	  CALL("pane.create",
	       "{\"command\":[\"true\"],\"metadata\":{\"a\":[1]},\"stdin\":\"null\"}") },
	{ "pane.create", CALL("pane.create", "{\"pty\":false}") },
	{ "pane.list",
	  CALL("pane.list", "{\"limit\":1,\"session\":\"s1\",\"state\":\"running\"}") },
	{ "pane.get", CALL("pane.get", "[\"p3\"]") },
	{ "pane.resize", CALL("pane.resize", "[\"p1\",100,30]") },
	{ "pane.attach", CALL("pane.attach", "[\"p1\",100,30]") },
	{ "pane.detach", CALL("pane.detach", "[\"p1\"]") },
	{ "pane.respawn", CALL("pane.respawn", "{\"pane\":\"p1\",\"force\":true}") },
	{ "pane.processes", CALL("pane.processes", "{}") },
	{ "pane.write", CALL("pane.write", "{\"pane\":\"p1\",\"data\":\"aGk=\"}") },
	{ "pane.send_keys", CALL("pane.send_keys", "{\"pane\":\"p1\",\"keys\":[\"Enter\"]}") },
	{ "pane.read", CALL("pane.read", "{\"pane\":\"p1\",\"last\":10}") },
	{ "pane.records", CALL("pane.records", "{\"pane\":\"p1\",\"cursor\":\"5:1\"}") },
	{ "pane.forget", CALL("pane.forget", "[\"p1\"]") },
	{ "pane.snapshot", CALL("pane.snapshot", "{\"pane\":\"p1\",\"history\":10}") },
	{ "pane.snapshot", CALL("pane.snapshot", "[\"p1\",\"ansi\"]") },
	{ "pane.wait", CALL("pane.wait", "{\"pane\":\"p1\",\"regex\":\"x\",\"timeout_ms\":5}") },
	{ "pane.run", CALL("pane.run", "{\"pane\":\"p1\",\"command\":\"kill $$\"}") },
	{ "pane.run", CALL("pane.run", "{\"pane\":\"p1\",\"command\":\"x\",\"output\":\"raw\"}") },
	{ "command.wait", CALL("command.wait", "[\"p1:17\"]") },
	{ "pane.text", CALL("pane.text", "{\"pane\":\"p1\",\"command\":\"p1:17\"}") },
	{ "pane.subscribe", CALL("pane.subscribe", "{\"pane\":\"p1\",\"on_lag\":\"pause\"}") },
	{ "pane.unsubscribe", CALL("pane.unsubscribe", "[1]") },
	{ "events.subscribe",
	  CALL("events.subscribe",
	       "{\"kinds\":[\"pane.title\"],\"panes\":[\"p1\"],\"sessions\":[\"s1\"]}") },
	{ "events.unsubscribe", CALL("events.unsubscribe", "[2]") },
	{ "search.run", CALL("search.run", "{\"pattern\":\"x\",\"context\":2,\"word\":true}") },
	{ "search.cancel", NULL },
	{ "layout.create", CALL("layout.create", "{\"template\":\"dev\",\"cols\":100}") },
	{ "layout.list", CALL("layout.list", "{}") },
	{ "layout.list", CALL("layout.list", "[\"s1\"]") },
	{ "layout.get", CALL("layout.get", "{\"session\":\"s1\",\"layout\":\"fake\"}") },
	{ "layout.get", CALL("layout.get", "{\"pane\":\"p1\"}") },
	{ "layout.split",
	  CALL("layout.split", "{\"pane\":\"p1\",\"side\":\"below\",\"ratio\":\"30%\"}") },
	{ "layout.resize", CALL("layout.resize", "{\"pane\":\"p1\",\"cols\":10,\"rows\":5}") },
	{ "layout.resize", CALL("layout.resize", "{\"cols\":100}") },
	{ "layout.resize",
	  CALL("layout.resize", "{\"pane\":\"p1\",\"ratio\":\"2/3\",\"axis\":\"rows\"}") },
	{ "layout.move", CALL("layout.move", "[\"p1\",\"p1\",\"above\"]") },
	{ "layout.swap", CALL("layout.swap", "[\"p1\",\"p1\"]") },
	{ "layout.zoom", CALL("layout.zoom", "{\"pane\":\"p1\"}") },
	{ "layout.rename", CALL("layout.rename", "{\"name\":\"x\"}") },
	{ "layout.select", CALL("layout.select", "{\"pane\":\"p1\"}") },
	{ "layout.attach", CALL("layout.attach", "[80,24]") },
	{ "layout.detach", CALL("layout.detach", "{}") },
	{ "layout.close", CALL("layout.close", "[\"p1\"]") },
	{ "layout.delete", CALL("layout.delete", "{}") },
	{ "layout.templates", CALL("layout.templates", "{}") },
	{ "pane.kill", CALL("pane.kill", "{\"pane\":\"p1\",\"tree\":true,\"grace_ms\":0}") },
	{ "pane.signal", CALL("pane.signal", "[\"p1\",\"sigint\",\"session\"]") },
	{ "pane.delete", CALL("pane.delete", "[\"p1\"]") },
	{ "command.import",
	  CALL("command.import", "{\"commands\":[{\"text\":\"make\",\"started_us\":5}]}") },
	{ "command.list", CALL("command.list", "{\"limit\":1,\"pane\":\"p1\"}") },
	{ "command.search", CALL("command.search", "[\"ma\"]") },
	{ "command.get", CALL("command.get", "[1]") },
	{ "command.stats", CALL("command.stats", "{}") },
	{ "command.suggest", CALL("command.suggest", "[\"m\"]") },
	{ "kv.set", CALL("kv.set", "[\"k\",\"AAEC\"]") },
	{ "kv.set",
	  CALL("kv.set", "{\"key\":\"t\",\"text\":\"v\",\"namespace\":\"n\",\"ttl_ms\":100000}") },
	{ "kv.get", CALL("kv.get", "[\"k\"]") },
	{ "kv.get", CALL("kv.get", "{\"key\":\"t\",\"namespace\":\"n\",\"as\":\"text\"}") },
	{ "kv.exists", CALL("kv.exists", "[\"k\"]") },
	{ "kv.list", CALL("kv.list", "{\"values\":true}") },
	{ "kv.list", CALL("kv.list", "{\"prefix\":\"k\",\"limit\":1}") },
	{ "kv.count", CALL("kv.count", "{}") },
	{ "kv.batch",
	  CALL("kv.batch", "[[{\"op\":\"set\",\"key\":\"k\",\"text\":\"2\"},{\"op\":\"get\","
			   "\"key\":\"k\"},{\"op\":\"delete\",\"key\":\"x\"}]]") },
	{ "kv.cas", CALL("kv.cas", "{\"key\":\"k\",\"text\":\"3\",\"expect_text\":\"2\"}") },
	{ "kv.cas", CALL("kv.cas", "{\"key\":\"k\",\"text\":\"3\"}") },
	{ "kv.delete", CALL("kv.delete", "[\"k\"]") },
	{ "kv.clear", CALL("kv.clear", "{}") },
	{ "kv.namespaces", CALL("kv.namespaces", "{}") },
	{ "store.status", CALL("store.status", "{}") },
	{ "store.check", CALL("store.check", "{}") },
	{ "store.vacuum", CALL("store.vacuum", "{}") },
	{ "server.status", CALL("server.status", "{}") },
	{ "server.metrics", CALL("server.metrics", "{}") },
	{ "server.metrics", CALL("server.metrics", "{\"format\":\"prometheus\"}") },
	{ "server.census", CALL("server.census", "{}") },
	{ "server.reload", CALL("server.reload", "{}") },
	{ "server.upgrade", CALL("server.upgrade", "{\"binary\":\"/x\"}") },
	{ "server.shutdown", CALL("server.shutdown", "{\"grace_ms\":10}") },
};

static void every_method_answers_as_documented(void **state)
{
	bool is_called[256] = { false };
	struct rig *r = *state;
	struct peer p;

	struct store_opts opts;
	struct store_opened opened;
	char dir[] = "/tmp/orchflow-api-XXXXXX", backup[128], command[64];

	assert_non_null(mkdtemp(dir));
	store_opts_init(&opts);
	assert_int_equal(store_open(dir, &opts, &r->core->store, &opened), 0);
	peer_init(&p, r);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		json_t *result;
		int m = api_method_find(good[i].method);

		assert_true(m >= 0);
		is_called[m] = true;
		if (!good[i].request)
			continue; /* has a test of its own */
		result = peer_result(&p, good[i].request);
		check_against(api_method_at((size_t)m)->result->fields, result);
		json_decref(result);
	}
	is_called[api_method_find("store.backup")] = true; /* below: it wants a path of its own */
	for (size_t i = 0; i < api_method_count(); i++)
		assert_true(is_called[i]);
	assert_true(r->is_stopped);
	snprintf(backup, sizeof backup, CALL("store.backup", "[\"%s/b\"]"), dir);
	json_decref(peer_result(&p, backup));
	r->core->store = store_close(r->core->store);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	peer_fini(&p);
}

static const struct {
	const char *request, *error;
} bad[] = {
	{ CALL("rpc.hello", "{\"min\":2}"), "VERSION_UNSUPPORTED" },
	{ CALL("rpc.hello", "{\"max\":0}"), "VERSION_UNSUPPORTED" },
	{ CALL("rpc.hello", "{\"encoding\":\"xml\"}"), "INVALID_PARAMS" },
	{ CALL("session.create", "[\"main\"]"), "SESSION_EXISTS" },
	{ CALL("session.get", "[\"nobody\"]"), "SESSION_NOT_FOUND" },
	{ CALL("session.delete", "[\"main\"]"), "PANE_RUNNING" },
	{ CALL("session.list", "{\"cursor\":\"p1\"}"), "INVALID_PARAMS" },
	{ CALL("session.list", "{\"limit\":201}"), "INVALID_PARAMS" },
	{ CALL("pane.create", "{\"cols\":100000}"), "INVALID_SIZE" },
	{ CALL("pane.create", "{\"cols\":0}"), "INVALID_SIZE" },
	{ CALL("pane.create", "{\"stdin\":\"fd\"}"), "FD_MISSING" },
	{ CALL("pane.create", "{\"umask\":512}"), "INVALID_PARAMS" },
	{ CALL("pane.list", "{\"session\":\"nobody\"}"), "SESSION_NOT_FOUND" },
	{ CALL("pane.list", "{\"state\":\"dead\"}"), "INVALID_PARAMS" },
	{ CALL("pane.list", "{\"cursor\":\"zzz\"}"), "INVALID_PARAMS" },
	{ CALL("pane.resize", "[\"p1\",0,1]"), "INVALID_SIZE" },
	{ CALL("pane.respawn", "[\"p1\"]"), "PANE_RUNNING" },
	{ CALL("pane.delete", "[\"p1\"]"), "PANE_RUNNING" },
	{ CALL("pane.signal", "[\"p1\",\"NOPE\"]"), "INVALID_PARAMS" },
	{ CALL("pane.signal", "[\"p1\",\"0\"]"), "INVALID_PARAMS" },
	{ CALL("pane.signal", "[\"p1\",\"STOP\"]"), "SIGNAL_FAILED" },
	{ CALL("pane.write", "[\"p1\"]"), "INVALID_PARAMS" },
	{ CALL("pane.write", "{\"pane\":\"p1\",\"data\":\"###\"}"), "INVALID_PARAMS" },
	{ CALL("pane.write", "{\"pane\":\"p1\",\"data\":\"\",\"text\":\"\"}"), "INVALID_PARAMS" },
	{ CALL("pane.send_keys", "{\"pane\":\"p1\",\"keys\":[\"Entre\"]}"), "UNKNOWN_KEY" },
	{ CALL("pane.send_keys", "{\"pane\":\"p1\",\"keys\":[]}"), "INVALID_PARAMS" },
	{ CALL("pane.read", "{\"pane\":\"p1\",\"from\":1,\"last\":1}"), "INVALID_PARAMS" },
	{ CALL("pane.read", "{\"pane\":\"p1\",\"from\":99}"), "INVALID_PARAMS" },
	{ CALL("pane.records", "{\"pane\":\"p1\",\"cursor\":\"5\"}"), "INVALID_PARAMS" },
	{ CALL("pane.records", "{\"pane\":\"p1\",\"from\":5,\"from_us\":5}"), "INVALID_PARAMS" },
	{ CALL("pane.records", "[\"p9\"]"), "PANE_NOT_FOUND" },
	{ CALL("pane.wait", "[\"p1\"]"), "INVALID_PARAMS" },
	{ CALL("pane.wait", "{\"pane\":\"p1\",\"text\":\"a\",\"regex\":\"a\"}"), "INVALID_PARAMS" },
	{ CALL("pane.wait", "{\"pane\":\"p1\",\"input\":\"mouse\"}"), "INVALID_PARAMS" },
	{ CALL("pane.wait", "{\"pane\":\"p1\",\"regex\":\"(\"}"), "INVALID_REGEX" },
	{ CALL("pane.run", "[\"p1\"]"), "INVALID_PARAMS" },
	{ CALL("pane.run", "[\"p1\",\"\"]"), "INVALID_PARAMS" },
	{ CALL("pane.run", "[\"p9\",\"true\"]"), "PANE_NOT_FOUND" },
	{ CALL("command.wait", "[\"p1:18\"]"), "COMMAND_NOT_KNOWN" },
	{ CALL("pane.text", "{\"pane\":\"p1\",\"command\":\"p1:18\"}"), "COMMAND_NOT_KNOWN" },
	{ CALL("command.wait", "[\"p1:x\"]"), "COMMAND_NOT_KNOWN" },
	{ CALL("command.wait", "[\"p1:\"]"), "COMMAND_NOT_KNOWN" },
	{ CALL("pane.subscribe", "{\"pane\":\"p1\",\"from\":99}"), "INVALID_PARAMS" },
	{ CALL("pane.unsubscribe", "[77]"), "SUBSCRIPTION_NOT_FOUND" },
	{ CALL("events.subscribe", "{\"kinds\":[\"pane.output\"]}"), "INVALID_PARAMS" },
	{ CALL("events.subscribe", "{\"panes\":[\"p1\",\"p99\"]}"), "PANE_NOT_FOUND" },
	{ CALL("events.subscribe", "{\"sessions\":[\"s9\"]}"), "SESSION_NOT_FOUND" },
	{ CALL("events.unsubscribe", "[77]"), "SUBSCRIPTION_NOT_FOUND" },
};

static void bad_requests_get_typed_errors(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		peer_expect_error(&p, bad[i].request, bad[i].error);
	r->wants_reload_error = true;
	peer_expect_error(&p, CALL("server.reload", "{}"), "CONFIG_INVALID");
	peer_fini(&p);
}

static void a_server_that_makes_room_refuses_what_it_does_not_do(void **state)
{
	struct rig *r = *state;
	struct peer p, waiting;
	json_t *v;

	peer_init(&p, r);
	peer_init(&waiting, r);
	json_decref(peer_result(&p, CALL("server.status", "{}")));
	json_decref(peer_result(&waiting, CALL("server.status", "{}")));
	r->core->is_holding = true;
	peer_send(&waiting, CALL("pane.wait", "{\"pane\":\"p1\",\"exit\":true}"));
	rig_spin(r);
	assert_int_equal(api_server_n_under_way(r->server), 0);
	api_server_hand_over(r->server);
	peer_expect_error(&p, CALL("pane.list", "{}"), "UPGRADING");
	/* What is in the socket when it leaves was not done either, and is told so. */
	peer_send(&p, CALL("pane.list", "{}"));
	api_server_leave(r->server);
	v = peer_receive(&p);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(v, "error"), "code")),
			 fail_kind(FAIL_UPGRADING)->code);
	json_decref(v);
	v = peer_receive(&waiting);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(v, "error"), "code")),
			 fail_kind(FAIL_UPGRADING)->code);
	json_decref(v);
	peer_fini(&waiting);
	peer_fini(&p);
}

static void lists_are_paged(void **state)
{
	struct rig *r = *state;
	char request[160], cursor[40] = "";
	size_t n_seen = 0, n_pages = 0;
	struct peer p;

	peer_init(&p, r);
	for (int i = 0; i < 449; i++)
		json_decref(peer_result(&p, CALL("pane.create", "{}")));
	do {
		json_t *result;
		const char *next;

		(void)snprintf(request, sizeof request, CALL("pane.list", "{%s}"), cursor);
		result = peer_result(&p, request);
		n_seen += json_array_size(json_object_get(result, "panes"));
		n_pages++;
		next = json_string_value(json_object_get(result, "next"));
		if (next) {
			(void)snprintf(cursor, sizeof cursor, "\"cursor\":\"%s\"", next);
		} else {
			cursor[0] = '\0';
		}
		json_decref(result);
	} while (cursor[0]);
	assert_int_equal(n_seen, 450);
	assert_int_equal(n_pages, 3);
	peer_fini(&p);
}

/* ---- events ---- */

static void expect_event(struct peer *p, const char *name)
{
	json_t *e = peer_receive(p);

	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "method")), name);
	for (size_t i = 0; i < api_event_count(); i++) {
		if (strcmp(api_event_at(i)->name, name) == 0)
			check_against(api_event_at(i)->fields, json_object_get(e, "params"));
	}
	json_decref(e);
}

static void events_come_as_documented(void **state)
{
	struct rig *r = *state;
	struct peer p, q;

	peer_init(&p, r);
	peer_init(&q, r);
	json_decref(peer_result(&p, CALL("events.subscribe", "{}")));
	json_decref(
		peer_result(&p, CALL("events.subscribe", "{\"kinds\":[\"*\"]}"))); /* still once */
	json_decref(peer_result(&q, CALL("session.create", "[\"x\"]")));
	expect_event(&p, "session.created");
	json_decref(peer_result(&q, CALL("session.rename", "[\"x\",\"y\"]")));
	expect_event(&p, "session.changed");
	json_decref(peer_result(&q, CALL("session.delete", "[\"y\",true]")));
	expect_event(&p, "session.deleted");
	json_decref(peer_result(&q, CALL("pane.create", "{}")));
	expect_event(&p, "pane.created");
	json_decref(peer_result(&q, CALL("pane.resize", "[\"p1\",10,10]")));
	expect_event(&p, "pane.resized");
	fake_title(r->core, r->pane, "hello");
	expect_event(&p, "pane.title");
	json_decref(peer_result(&q, CALL("pane.signal", "[\"p1\",\"KILL\"]")));
	expect_event(&p, "pane.exit");
	for (int e = CORE_PANE_CLOSED; e < CORE_N_EVENTS; e++) {
		api_server_on_event(r->server, (enum core_event)e, r->pane,
				    core_session_next(r->core, 0));
	}
	expect_event(&p, "pane.closed");
	expect_event(&p, "pane.resized");
	expect_event(&p, "pane.title");
	expect_event(&p, "pane.respawned");
	expect_event(&p, "pane.deleted");
	expect_event(&p, "pane.bell");
	expect_event(&p, "pane.cwd");
	expect_event(&p, "pane.journal");
	expect_event(&p, "pane.input_wanted");
	expect_event(&p, "command.started");
	expect_event(&p, "command.finished");
	expect_event(&p, "session.created");
	expect_event(&p, "session.changed");
	expect_event(&p, "session.deleted");
	expect_event(&p, "layout.changed");
	api_server_announce_stop(r->server);
	api_server_announce_stop(r->server);
	expect_event(&p, "server.stopping");
	assert_null(peer_receive(&p));
	assert_null(peer_receive(&q));
	peer_fini(&p);
	peer_fini(&q);
}

static void a_search_is_cancelled_by_name_or_with_its_client(void **state)
{
	struct rig *r = *state;
	struct peer p;
	json_t *e;

	peer_init(&p, r);
	peer_send(&p, CALL("search.run", "{\"pattern\":\"slow\",\"search\":\"mine\"}"));
	peer_expect_error(&p, CALL("search.cancel", "[\"other\"]"), "SEARCH_NOT_FOUND");
	peer_send(&p, CALL("search.cancel", "[\"mine\"]"));
	e = peer_receive(&p);
	assert_string_equal(json_string_value(
				    json_object_get(json_object_get(json_object_get(e, "error"),
								    "data"),
						    "name")),
			    "SEARCH_CANCELLED");
	json_decref(e);
	json_decref(peer_receive(&p));
	peer_send(&p, CALL("search.run", "{\"pattern\":\"slow\"}"));
	json_decref(peer_result(&p, CALL("server.status", "{}")));
	assert_non_null(r->core->search_done);
	peer_fini(&p);
	rig_spin(r);
	assert_null(r->core->search_done);
}

static void events_are_filtered(void **state)
{
	struct rig *r = *state;
	struct peer p;

	peer_init(&p, r);
	json_decref(peer_result(&p, CALL("pane.create", "{}")));
	json_decref(peer_result(&p, CALL("events.subscribe",
					 "{\"kinds\":[\"pane.*\"],\"panes\":[\"p2\"]}")));
	fake_title(r->core, r->pane, "not wanted");
	assert_null(peer_receive(&p));
	fake_title(r->core, core_pane_next(r->core, 1), "wanted");
	expect_event(&p, "pane.title");
	json_decref(peer_result(&p, CALL("events.unsubscribe", "[1]")));
	json_decref(peer_result(&p, CALL("events.subscribe", "{\"sessions\":[\"main\"]}")));
	fake_title(r->core, r->pane, "wanted");
	expect_event(&p, "pane.title");
	peer_fini(&p);
}

static void an_event_comes_after_the_answer_that_was_before_it(void **state)
{
	struct peer p;
	json_t *answer;

	peer_init(&p, *state);
	/* Both in one turn: the answers are corked when the event is queued. */
	peer_send(&p, CALL("events.subscribe", "{}") "\n" CALL("session.create", "[\"x\"]"));
	answer = peer_receive(&p);
	assert_non_null(json_object_get(json_object_get(answer, "result"), "subscription"));
	json_decref(answer);
	expect_event(&p, "session.created");
	json_decref(peer_receive(&p));
	peer_fini(&p);
}

/* More titles than the queue takes; then read them all. */
static void flood_with_events(struct rig *r, struct peer *p, int64_t *n_got, int64_t *n_lost)
{
	struct api_stats stats;
	json_t *e;

	for (int i = 0; i < 30000; i++) {
		fake_title(r->core, r->pane, "a title that takes some room in the queue of events");
		if (i % 100 == 0)
			rig_spin(r);
	}
	api_server_get_stats(r->server, &stats);
	assert_true(stats.queue_bytes <= 1u << 20);
	while ((e = peer_receive(p))) {
		const json_t *n = json_object_get(json_object_get(e, "params"), "n");

		*n_lost += json_integer_value(n);
		*n_got += !n;
		json_decref(e);
	}
}

static void lost_events_are_counted_for_who_does_not_read(void **state)
{
	int64_t n_lost = 0, n_got = 0;
	struct rig *r = *state;
	struct api_stats stats;
	struct peer p;

	peer_init(&p, r);
	json_decref(peer_result(&p, CALL("events.subscribe", "{}")));
	for (int round = 1; round <= 2; round++) {
		flood_with_events(r, &p, &n_got, &n_lost);
		api_server_get_stats(r->server, &stats);
		assert_true(n_lost > 0);
		assert_int_equal(n_lost, stats.n_events_lost);
		assert_int_equal(n_got + n_lost, round * 30000);
	}
	peer_fini(&p);
}

/* ---- output ---- */

static void output_comes_with_its_position(void **state)
{
	struct rig *r = *state;
	struct peer p;
	json_t *e, *params;

	peer_init(&p, r);
	json_decref(peer_result(&p, CALL("pane.subscribe", "[\"p1\"]")));
	assert_true(fake_print(r->core, r->pane, "hello", 5));
	assert_true(fake_print(r->core, r->pane, "\xff\0", 2));
	e = peer_receive(&p);
	params = json_object_get(e, "params");
	assert_string_equal(json_string_value(json_object_get(params, "data")), "aGVsbG8=");
	assert_string_equal(json_string_value(json_object_get(params, "pane")), "p1");
	assert_string_equal(json_string_value(json_object_get(params, "stream")), "out");
	assert_int_equal(json_integer_value(json_object_get(params, "seq")), 0);
	json_decref(e);
	e = peer_receive(&p);
	params = json_object_get(e, "params");
	assert_string_equal(json_string_value(json_object_get(params, "data")), "/wA=");
	assert_int_equal(json_integer_value(json_object_get(params, "seq")), 5);
	json_decref(e);
	fake_lose(r->core, r->pane, 7, 9);
	expect_event(&p, "pane.resync");
	json_decref(peer_result(&p, CALL("pane.unsubscribe", "[1]")));
	assert_true(fake_print(r->core, r->pane, "x", 1));
	assert_null(peer_receive(&p));
	peer_fini(&p);
}

static void who_does_not_read_is_refused_and_told_of_the_gap(void **state)
{
	static char chunk[32 << 10];
	struct rig *r = *state;
	struct api_stats stats;
	struct peer p;
	json_t *e;
	int n_taken = 0, n_got = 0;

	memset(chunk, 'x', sizeof chunk);
	peer_init(&p, r);
	json_decref(peer_result(&p, CALL("pane.subscribe", "[\"p1\"]")));
	while (n_taken < 1000 && fake_print(r->core, r->pane, chunk, sizeof chunk)) {
		n_taken++;
		rig_spin(r);
	}
	assert_true(n_taken < 1000);
	/* The ring overruns twice before the client reads: one gap. */
	fake_lose(r->core, r->pane, 100, 200);
	fake_lose(r->core, r->pane, 200, 300);
	api_server_get_stats(r->server, &stats);
	assert_true(stats.queue_bytes <= 1u << 20);
	assert_int_equal(r->core->n_ready, 0);
	/* Answers pass, however full the streams are. */
	peer_send(&p, CALL("pane.get", "[\"p1\"]"));
	for (; (e = peer_receive(&p)); n_got++) {
		const json_t *params = json_object_get(e, "params");

		if (!params) {
			assert_non_null(json_object_get(e, "result"));
			n_got--;
		} else if (json_object_get(params, "from")) {
			assert_int_equal(json_integer_value(json_object_get(params, "from")), 100);
			assert_int_equal(json_integer_value(json_object_get(params, "to")), 300);
			n_got--;
		}
		json_decref(e);
	}
	assert_int_equal(n_got, n_taken);
	assert_int_equal(r->core->n_ready, 1);
	peer_fini(&p);
}

static void many_subscribers_share_one_encoding(void **state)
{
	static char chunk[4096];
	struct rig *r = *state;
	struct peer peers[20];
	uint64_t before, after;

	memset(chunk, 'y', sizeof chunk);
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		peer_init(&peers[i], r);
		json_decref(peer_result(&peers[i], CALL("pane.subscribe", "[\"p1\"]")));
	}
	assert_true(fake_print(r->core, r->pane, chunk, sizeof chunk));
	rig_spin(r);
	before = mem_count();
	assert_true(fake_print(r->core, r->pane, chunk, sizeof chunk));
	after = mem_count();
	/* One shared encoding, and a place in each queue. */
	assert_int_equal(after - before, 1 + ARRAY_LEN(peers));
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		expect_event(&peers[i], "pane.output");
		expect_event(&peers[i], "pane.output");
		peer_fini(&peers[i]);
	}
}

/* ---- MessagePack ---- */

static void put_call(struct buf *out, int id, const char *method, const char *pane)
{
	size_t mark = rpc_frame_begin(RPC_MSGPACK, out);
	struct rpc_writer w;

	rpc_writer_init(&w, RPC_MSGPACK, out);
	rpc_call_begin(&w, (uint64_t)id, method);
	rpc_map_begin(&w);
	rpc_kv_str(&w, "pane", pane);
	rpc_map_end(&w);
	rpc_call_end(&w);
	rpc_frame_end(RPC_MSGPACK, out, mark);
}

static void hello_switches_to_messagepack(void **state)
{
	struct buf calls = BUF_INIT;
	struct rig *r = *state;
	struct peer p, q;
	json_t *v;

	peer_init(&p, r);
	peer_init(&q, r);
	/* In one send: what follows the request is in the new encoding already. */
	buf_put_str(&calls, CALL("rpc.hello", "{\"encoding\":\"msgpack\"}") "\n");
	put_call(&calls, 2, "pane.subscribe", "p1");
	put_call(&calls, 3, "pane.get", "nobody");
	peer_send_raw(&p, buf_data(&calls), buf_len(&calls));
	v = peer_receive(&p); /* still JSON */
	assert_string_equal(json_string_value(
				    json_object_get(json_object_get(v, "result"), "encoding")),
			    "msgpack");
	json_decref(v);
	rpc_framer_set_encoding(&p.framer, RPC_MSGPACK);
	v = peer_receive(&p);
	assert_int_equal(json_integer_value(json_object_get(v, "id")), 2);
	json_decref(v);
	v = peer_receive(&p);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(v, "error"), "code")),
			 1002);
	json_decref(v);
	/* Bytes are bytes here, and base64 for the other. */
	json_decref(peer_result(&q, CALL("pane.subscribe", "[\"p1\"]")));
	assert_true(fake_print(r->core, r->pane, "\0\xff", 2));
	v = peer_receive(&p);
	assert_int_equal(json_string_length(json_object_get(json_object_get(v, "params"), "data")),
			 2);
	json_decref(v);
	v = peer_receive(&q);
	assert_int_equal(json_string_length(json_object_get(json_object_get(v, "params"), "data")),
			 4);
	json_decref(v);
	buf_fini(&calls);
	peer_fini(&p);
	peer_fini(&q);
}

static void the_encoding_cannot_change_under_a_batch(void **state)
{
	struct peer p;
	json_t *answers;

	peer_init(&p, *state);
	answers = peer_ask(&p, "[" CALL("rpc.hello", "{\"encoding\":\"msgpack\"}") "]");
	assert_non_null(json_object_get(json_array_get(answers, 0), "error"));
	json_decref(answers);
	json_decref(peer_result(&p, CALL("rpc.hello", "{\"encoding\":\"json\"}")));
	peer_fini(&p);
}

static void garbage_in_messagepack_is_answered_too(void **state)
{
	struct peer p;
	json_t *v;

	peer_init(&p, *state);
	json_decref(peer_result(&p, CALL("rpc.hello", "{\"encoding\":\"msgpack\"}")));
	rpc_framer_set_encoding(&p.framer, RPC_MSGPACK);
	for (int i = 0; i < 16; i++) {
		peer_send_raw(&p, "\0\0\0\1\xc1", 5);
		v = peer_receive(&p);
		assert_int_equal(json_integer_value(
					 json_object_get(json_object_get(v, "error"), "code")),
				 -32700);
		json_decref(v);
	}
	assert_true(peer_is_closed(&p));
	peer_fini(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_method_answers_as_documented),
		TEST(bad_requests_get_typed_errors),
		TEST(a_server_that_makes_room_refuses_what_it_does_not_do),
		TEST(lists_are_paged),
		TEST(events_come_as_documented),
		TEST(events_are_filtered),
		TEST(a_search_is_cancelled_by_name_or_with_its_client),
		TEST(an_event_comes_after_the_answer_that_was_before_it),
		TEST(lost_events_are_counted_for_who_does_not_read),
		TEST(output_comes_with_its_position),
		TEST(who_does_not_read_is_refused_and_told_of_the_gap),
		TEST(many_subscribers_share_one_encoding),
		TEST(hello_switches_to_messagepack),
		TEST(the_encoding_cannot_change_under_a_batch),
		TEST(garbage_in_messagepack_is_answered_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
