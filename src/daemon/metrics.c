#include "daemon/metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/census.h"

/* hist.h: 8 sub-buckets for every power of two from 2^8 ns on. */
#define SUB_BUCKETS 8
#define FIRST_OCTAVE 8
#define N_OCTAVES (HIST_BUCKETS / SUB_BUCKETS)

struct number {
	const char *name; /* "bytes_read" */
	const char *doc;
	uint64_t value;
};

struct stage {
	const char *name;
	const char *doc;
	const struct hist *hist;
};

#define N_COUNTERS 32
#define N_GAUGES 15
#define N_STAGES 17
#define N_OWNERS 9

/* Everything but the methods, read at one moment. */
struct snapshot {
	struct number counters[N_COUNTERS], gauges[N_GAUGES];
	struct stage stages[N_STAGES];
	struct number owners[N_OWNERS]; /* of memory */
	struct api_stats api;
	struct store_stats store;
	struct core_journal_metrics journal;
};

static uint64_t resident_bytes(void)
{
	char text[64], *end;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	(void)strtoull(text, &end, 10);
	return strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void take_counters(struct snapshot *now, const struct core_metrics *m)
{
	const struct api_stats *a = &now->api;
	const struct store_stats *db = &now->store;
	const struct number rows[N_COUNTERS] = {
		{ "read_bytes", "Bytes read from terminals", m->n_bytes_read },
		{ "reads", "Reads from terminals", m->n_reads },
		{ "written_bytes", "Bytes that terminals took", m->n_bytes_written },
		{ "spawns", "Commands started", m->n_spawns },
		{ "spawn_failures", "Commands that could not be started", m->n_spawn_failures },
		{ "exits", "Processes that ended", m->n_exits },
		{ "flushes", "Times output was sent to subscribers", m->n_flushes },
		{ "fanned_bytes", "Bytes of output sent to subscribers", m->n_bytes_fanned },
		{ "resyncs", "Times a subscriber lost output", m->n_resyncs },
		{ "gap_bytes", "Bytes of output that subscribers lost", m->n_gap_bytes },
		{ "pauses", "Times a subscriber stopped a terminal", m->n_pauses },
		{ "disk_stalls", "Times a terminal waited for its journal", m->n_stalls },
		{ "journal_failures", "Journals that could not be written", m->n_journal_failures },
		{ "journal_gap_bytes", "Bytes of output given up for a slow disk",
		  m->n_journal_gap_bytes },
		{ "journal_bytes", "Bytes of output written to journals", now->journal.n_bytes },
		{ "recovered_intents", "Reads under way when a daemon died",
		  m->n_recovered_intents },
		{ "recovered_bytes", "Bytes recovered from them", m->n_recovered_bytes },
		{ "clients_accepted", "Clients that connected", a->n_accepted },
		{ "clients_refused", "Clients that were refused", a->n_refused },
		{ "requests", "Requests", a->n_requests },
		{ "request_errors", "Requests answered with an error", a->n_errors },
		{ "parse_errors", "Messages that could not be parsed", a->n_parse_errors },
		{ "events", "Events sent to clients", a->n_events },
		{ "events_lost", "Events that slow clients lost", a->n_events_lost },
		{ "socket_read_bytes", "Bytes read from clients", a->n_bytes_in },
		{ "socket_written_bytes", "Bytes written to clients", a->n_bytes_out },
		{ "socket_writes", "System calls that wrote to clients", a->n_sends },
		{ "store_commits", "Commits of the database", db->n_commits },
		{ "store_writes", "Writes in them", db->n_writes },
		{ "store_failures", "Writes that failed", db->n_failed },
		{ "store_reads", "Reads that asked the database", db->n_reads },
		{ "store_cache_hits", "Reads that the cache answered", db->n_cache_hits },
	};

	memcpy(now->counters, rows, sizeof rows);
}

static void take_gauges(struct snapshot *now, const struct core_status *c)
{
	const struct api_stats *a = &now->api;
	const struct store_stats *db = &now->store;
	const struct number rows[N_GAUGES] = {
		{ "sessions", "Sessions", c->n_sessions },
		{ "panes", "Panes", c->n_panes },
		{ "panes_running", "Panes whose process runs", c->n_running },
		{ "panes_exited", "Panes whose process ended", c->n_exited },
		{ "panes_lost", "Panes that the keeper lost", c->n_lost },
		{ "clients", "Connected clients", a->n_clients },
		{ "subscriptions", "Subscriptions", a->n_subscriptions },
		{ "requests_pending", "Requests under way", a->n_pending },
		{ "queue_bytes", "Bytes waiting for clients to read them", a->queue_bytes },
		{ "resident_bytes", "Resident memory of the daemon", resident_bytes() },
		{ "open_fds", "File descriptors of the daemon, but for journals",
		  census_count_fds(0) },
		{ "daemon_starts", "Times that the keeper started a daemon", c->n_daemon_starts },
		{ "store_bytes", "Size of the database", db->file_bytes + db->wal_bytes },
		{ "store_waiting", "Writes that wait for the database", db->n_waiting },
		{ "store_unusable", "The database cannot be written (1) or can (0)",
		  db->state != STORE_OK },
	};

	memcpy(now->gauges, rows, sizeof rows);
}

static void take_stages(struct snapshot *now, const struct core_metrics *m)
{
	const struct stage rows[N_STAGES] = {
		{ "spawn", "From pane.create to exec", &m->spawn },
		{ "read_turn", "One turn of reading terminals", &m->read_turn },
		{ "read", "Reading one chunk from a terminal", &m->read },
		{ "parse", "Emulating one chunk", &m->parse },
		{ "journal_wait", "From reading output until it is taken to be written",
		  &now->journal.wait },
		{ "journal_append", "Putting a batch of output into its journal",
		  &now->journal.append },
		{ "journal_flush", "Writing that batch to the file", &now->journal.flush },
		{ "journal_sync", "Syncing a journal", &now->journal.sync },
		{ "flush_wait", "From reading output until subscribers have it", &m->flush_wait },
		{ "fanout", "Sending output to all subscribers of a stream", &m->fanout },
		{ "socket_write", "One system call that writes to a client", &now->api.send },
		{ "write_wait", "From pane.write until the terminal took it", &m->write_wait },
		{ "store_wait", "From asking for a write until it is durable", &now->store.wait },
		{ "store_commit", "One commit of the database", &now->store.commit },
		{ "loop_lag", "Time by which the loop was late for a timer", &m->loop_lag },
		{ "kill", "From pane.kill until all had ended", &m->kill },
		{ "recall", "Making a screen again from journal and ring", &m->recall },
	};

	memcpy(now->stages, rows, sizeof rows);
}

static void take_owners(struct snapshot *now, const struct core *core)
{
	struct core_memory memory;

	core_get_memory(core, &memory);
	const struct number rows[N_OWNERS] = {
		{ "screens", NULL, memory.screens },
		{ "history", NULL, memory.history },
		{ "rings", NULL, memory.rings },
		{ "client_queues", NULL, now->api.queue_bytes },
		{ "input_queues", NULL, memory.input_queues },
		{ "journal_queues", NULL, memory.journal_queues },
		{ "store_queue", NULL, now->store.waiting_bytes },
		{ "store_cache", NULL, now->store.cache_bytes },
		{ "statistics", NULL,
		  sizeof(struct core_metrics) + sizeof now->journal +
			  api_method_count() * sizeof(struct api_method_stats) },
	};

	memcpy(now->owners, rows, sizeof rows);
}

/* @now holds what its stages point to. */
static void take(struct snapshot *now, const struct api_server *s, const struct core *core)
{
	const struct core_metrics *m = core_get_metrics(core);
	struct core_status status;

	now->store = (struct store_stats){ .state = STORE_UNAVAILABLE };
	if (core_store(core))
		store_get_stats(core_store(core), &now->store);
	core_get_journal_metrics(core, &now->journal);
	core_get_status(core, &status);
	api_server_get_stats(s, &now->api);
	take_counters(now, m);
	take_gauges(now, &status);
	take_stages(now, m);
	take_owners(now, core);
}

/* ---- JSON ---- */

static void put_numbers(struct rpc_writer *w, const char *key, const struct number *rows, size_t n)
{
	rpc_key(w, key);
	rpc_map_begin(w);
	for (size_t i = 0; i < n; i++)
		rpc_kv_uint(w, rows[i].name, rows[i].value);
	rpc_map_end(w);
}

static void put_hist_members(struct rpc_writer *w, const struct hist *h)
{
	rpc_kv_uint(w, "n", h->n);
	rpc_kv_uint(w, "sum_ns", h->sum_ns);
	rpc_kv_uint(w, "max_ns", h->max_ns);
	rpc_kv_uint(w, "p50_ns", hist_quantile_ns(h, 0.5));
	rpc_kv_uint(w, "p90_ns", hist_quantile_ns(h, 0.9));
	rpc_kv_uint(w, "p99_ns", hist_quantile_ns(h, 0.99));
}

static void put_methods(struct rpc_writer *w, const struct api_server *s)
{
	rpc_key(w, "methods");
	rpc_map_begin(w);
	for (size_t i = 0; i < api_method_count(); i++) {
		const struct api_method_stats *stats = api_server_method_stats(s, i);

		if (stats->n_calls == 0)
			continue;
		rpc_key(w, api_method_at(i)->name);
		rpc_map_begin(w);
		rpc_kv_uint(w, "calls", stats->n_calls);
		rpc_kv_uint(w, "errors", stats->n_errors);
		put_hist_members(w, &stats->latency);
		rpc_map_end(w);
	}
	rpc_map_end(w);
}

void metrics_write(struct rpc_writer *w, const struct api_server *s, const struct core *core)
{
	struct snapshot now;

	take(&now, s, core);
	put_numbers(w, "counters", now.counters, N_COUNTERS);
	put_numbers(w, "gauges", now.gauges, N_GAUGES);
	put_numbers(w, "memory", now.owners, N_OWNERS);
	rpc_key(w, "stages");
	rpc_map_begin(w);
	for (size_t i = 0; i < N_STAGES; i++) {
		rpc_key(w, now.stages[i].name);
		rpc_map_begin(w);
		put_hist_members(w, now.stages[i].hist);
		rpc_map_end(w);
	}
	rpc_map_end(w);
	put_methods(w, s);
}

/* ---- Prometheus ---- */

static void text_head(struct buf *out, const char *name, const char *suffix, const char *doc,
		      const char *type)
{
	buf_printf(out, "# HELP orchflow_%s%s %s.\n# TYPE orchflow_%s%s %s\n", name, suffix, doc,
		   name, suffix, type);
}

static void text_numbers(struct buf *out, const struct number *rows, size_t n, const char *suffix,
			 const char *type)
{
	for (size_t i = 0; i < n; i++) {
		text_head(out, rows[i].name, suffix, rows[i].doc, type);
		buf_printf(out, "orchflow_%s%s %llu\n", rows[i].name, suffix,
			   (unsigned long long)rows[i].value);
	}
}

/* Cumulative counts at every other power of two, from 1 us to 17 s.  @label is
 * `method="x",` or "". */
static void text_hist(struct buf *out, const char *name, const char *label, const struct hist *h)
{
	int comma_cut = (int)strlen(label) - (*label != '\0');
	uint64_t n = 0;

	for (int octave = 0; octave < N_OCTAVES - 2; octave++) {
		for (int i = 0; i < SUB_BUCKETS; i++)
			n += h->buckets[octave * SUB_BUCKETS + i];
		if (octave % 2 == 1) {
			buf_printf(out, "orchflow_%s_bucket{%sle=\"%.9g\"} %llu\n", name, label,
				   (double)(1ull << (FIRST_OCTAVE + octave + 1)) / 1e9,
				   (unsigned long long)n);
		}
	}
	buf_printf(out, "orchflow_%s_bucket{%sle=\"+Inf\"} %llu\n", name, label,
		   (unsigned long long)h->n);
	buf_printf(out, "orchflow_%s_sum{%.*s} %.9g\n", name, comma_cut, label,
		   (double)h->sum_ns / 1e9);
	buf_printf(out, "orchflow_%s_count{%.*s} %llu\n", name, comma_cut, label,
		   (unsigned long long)h->n);
}

static void text_owners(struct buf *out, const struct number *rows)
{
	text_head(out, "memory_bytes", "", "Memory by who has it; rings are shared with the keeper",
		  "gauge");
	for (size_t i = 0; i < N_OWNERS; i++) {
		buf_printf(out, "orchflow_memory_bytes{owner=\"%s\"} %llu\n", rows[i].name,
			   (unsigned long long)rows[i].value);
	}
}

static void text_stages(struct buf *out, const struct stage *stages)
{
	for (size_t i = 0; i < N_STAGES; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "%s_seconds", stages[i].name);
		text_head(out, name, "", stages[i].doc, "histogram");
		text_hist(out, name, "", stages[i].hist);
	}
}

static void text_methods(struct buf *out, const struct api_server *s)
{
	text_head(out, "method_errors", "_total", "Requests answered with an error, by method",
		  "counter");
	for (size_t i = 0; i < api_method_count(); i++) {
		const struct api_method_stats *stats = api_server_method_stats(s, i);

		if (stats->n_calls) {
			buf_printf(out, "orchflow_method_errors_total{method=\"%s\"} %llu\n",
				   api_method_at(i)->name, (unsigned long long)stats->n_errors);
		}
	}
	text_head(out, "method_seconds", "", "From reading a request to writing its answer",
		  "histogram");
	for (size_t i = 0; i < api_method_count(); i++) {
		const struct api_method_stats *stats = api_server_method_stats(s, i);
		char label[96];

		if (stats->n_calls == 0)
			continue;
		(void)snprintf(label, sizeof label, "method=\"%s\",", api_method_at(i)->name);
		text_hist(out, "method_seconds", label, &stats->latency);
	}
}

void metrics_text(struct buf *out, const struct api_server *s, const struct core *core)
{
	struct snapshot now;

	take(&now, s, core);
	text_numbers(out, now.counters, N_COUNTERS, "_total", "counter");
	text_numbers(out, now.gauges, N_GAUGES, "", "gauge");
	text_owners(out, now.owners);
	text_stages(out, now.stages);
	text_methods(out, s);
}
