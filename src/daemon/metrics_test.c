/* The metrics in both forms, of a server over a core of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rig.h"
#include "base/mem.h"
#include "daemon/metrics.h"

static int setup(void **state)
{
	static struct rig rig;
	struct peer p;

	rig_init(&rig, NULL);
	for (uint64_t ns = 100; ns < 100000000000; ns *= 3)
		hist_record(&rig.core->metrics.spawn, ns);
	rig.core->metrics.n_bytes_read = 12345;
	peer_init(&p, &rig);
	json_decref(peer_result(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.list\"}"));
	peer_expect_error(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.get\"}",
			  "INVALID_PARAMS");
	peer_fini(&p);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	return 0;
}

static json_int_t number(const json_t *v, const char *a, const char *b, const char *c)
{
	v = json_object_get(json_object_get(v, a), b);
	if (c)
		v = json_object_get(v, c);
	assert_true(json_is_integer(v));
	return json_integer_value(v);
}

static void json_holds_counters_gauges_stages_and_methods(void **state)
{
	const struct rig *r = *state;
	struct buf out = BUF_INIT;
	struct rpc_writer w;
	json_t *v = NULL;
	struct fail f;

	rpc_writer_init(&w, RPC_JSON, &out);
	rpc_map_begin(&w);
	metrics_write(&w, r->server, r->core);
	rpc_map_end(&w);
	assert_int_equal(rpc_value_parse(RPC_JSON, buf_data(&out), buf_len(&out), &v, &f), 0);
	assert_int_equal(number(v, "counters", "read_bytes", NULL), 12345);
	assert_int_equal(number(v, "counters", "requests", NULL), 2);
	assert_int_equal(number(v, "counters", "request_errors", NULL), 1);
	assert_int_equal(number(v, "gauges", "panes", NULL), 1);
	assert_true(number(v, "gauges", "resident_bytes", NULL) > 100000);
	assert_true(number(v, "gauges", "open_fds", NULL) > 2);
	assert_int_equal(number(v, "methods", "session.list", "calls"), 1);
	assert_int_equal(number(v, "methods", "pane.get", "errors"), 1);
	assert_true(number(v, "stages", "spawn", "p99_ns") > 1000);
	assert_int_equal(number(v, "stages", "journal_flush", "n"), 2);
	assert_int_equal(number(v, "memory", "history", NULL), 4096);
	assert_int_equal(number(v, "memory", "rings", NULL), 65536);
	json_decref(v);
	buf_fini(&out);
}

/* The buckets of a histogram, line after line. */
struct series {
	double le;
	long long n;
};

static void check_bucket(struct series *s, const char *line)
{
	const char *le = strstr(line, "le=\"");
	double bound = strtod(le + 4, NULL); /* +Inf too */
	long long n = strtoll(strchr(line, '}') + 1, NULL, 10);

	if (s->n >= 0) {
		assert_true(bound > s->le);
		assert_true(n >= s->n);
	}
	*s = (struct series){ .le = bound, .n = n };
}

static void check_line(struct series *s, const char *line)
{
	if (strncmp(line, "# HELP orchflow_", 16) == 0 ||
	    strncmp(line, "# TYPE orchflow_", 16) == 0)
		return;
	assert_int_equal(strncmp(line, "orchflow_", 9), 0);
	assert_non_null(strchr(line, ' '));
	if (strstr(line, "_bucket{")) {
		check_bucket(s, line);
	} else if (strstr(line, "_count{")) {
		/* The last bucket was +Inf and holds all. */
		assert_true(s->le > 1e300);
		assert_int_equal(strtoll(strchr(line, '}') + 1, NULL, 10), s->n);
		s->n = -1;
	}
}

static void prometheus_text_is_well_formed(void **state)
{
	const struct rig *r = *state;
	struct series s = { .n = -1 };
	struct buf out = BUF_INIT;
	char *text, *line, *rest;

	metrics_text(&out, r->server, r->core);
	text = buf_steal_str(&out);
	assert_non_null(text);
	assert_non_null(strstr(text, "\norchflow_read_bytes_total 12345\n"));
	assert_non_null(strstr(text, "\norchflow_panes 1\n"));
	assert_non_null(strstr(text, "\norchflow_memory_bytes{owner=\"history\"} 4096\n"));
	assert_non_null(strstr(text, "\norchflow_method_errors_total{method=\"pane.get\"} 1\n"));
	assert_non_null(strstr(text, "\norchflow_spawn_seconds_bucket{le=\"1.024e-06\"} 3\n"));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		check_line(&s, line);
	assert_int_equal(s.n, -1);
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_holds_counters_gauges_stages_and_methods),
		cmocka_unit_test(prometheus_text_is_well_formed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
