/* server.* */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/census.h"
#include "api/pane_stats.h"
#include "api/records.h"
#include "api/state.h"
#include "base/err.h"
#include "base/mem.h"

#define DEFAULT_GRACE_MS 2000
#define MAX_GRACE_MS 600000
#define DEFAULT_UPGRADE_MS 5000
#define MAX_KEY 63

/* A number in a file of /proc; 0 if it cannot be read. */
static uint64_t read_number(const char *path)
{
	char text[32];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

/* What the kernel says; looked at again after so long, since a status is asked
 * for more often than files of /proc are cheap. */
#define SYSTEM_FRESH_MS 100

static const struct api_system *look_at_system(struct api_server *s)
{
	uint64_t now_ms = uv_now(s->loop);
	struct rlimit nofile = { 0 };

	if (s->system.seen_ms && now_ms - s->system.seen_ms < SYSTEM_FRESH_MS)
		return &s->system;
	(void)getrlimit(RLIMIT_NOFILE, &nofile);
	s->system = (struct api_system){
		.seen_ms = now_ms,
		.pty_max = read_number("/proc/sys/kernel/pty/max"),
		.pty_used = read_number("/proc/sys/kernel/pty/nr"),
		.nofile = nofile.rlim_cur,
	};
	return &s->system;
}

static void put_limits(struct rpc_writer *w, struct api_server *s)
{
	const struct api_system *system = look_at_system(s);

	rpc_key(w, "limits");
	rpc_map_begin(w);
	rpc_kv_uint(w, "sessions", s->config.max_sessions);
	rpc_kv_uint(w, "panes", s->config.max_panes);
	rpc_kv_uint(w, "clients", s->config.max_clients);
	rpc_kv_uint(w, "pty_max", system->pty_max);
	rpc_kv_uint(w, "pty_used", system->pty_used);
	rpc_kv_uint(w, "nofile", system->nofile);
	rpc_map_end(w);
}

/* How the daemon before this one died, in words; NULL: it did not. */
static const char *last_death(int status, char *out, size_t size)
{
	char name[16];

	if (status == 0)
		return NULL;
	if (WIFSIGNALED(status)) {
		(void)snprintf(out, size, "killed by %s", signal_name(WTERMSIG(status), name));
	} else {
		(void)snprintf(out, size, "exited with %d", WEXITSTATUS(status));
	}
	return out;
}

static void put_processes(struct rpc_writer *w, const struct api_server *s,
			  const struct core_status *status)
{
	char death[48];

	rpc_key(w, "daemon");
	rpc_map_begin(w);
	rpc_kv_int(w, "pid", getpid());
	rpc_kv_uint(w, "started_us", s->started_us);
	rpc_kv_uint(w, "starts", status->n_daemon_starts);
	rpc_kv_str(w, "last_death", last_death(status->last_daemon_status, death, sizeof death));
	rpc_map_end(w);
	rpc_key(w, "keeper");
	rpc_map_begin(w);
	rpc_kv_uint(w, "pid", status->keeper_pid);
	rpc_kv_uint(w, "started_us", status->keeper_started_us);
	rpc_map_end(w);
}

static void put_counts(struct rpc_writer *w, const struct api_server *s,
		       const struct core_status *status)
{
	rpc_kv_uint(w, "sessions", status->n_sessions);
	rpc_key(w, "panes");
	rpc_map_begin(w);
	rpc_kv_uint(w, "total", status->n_panes);
	rpc_kv_uint(w, "running", status->n_running);
	rpc_kv_uint(w, "exited", status->n_exited);
	rpc_kv_uint(w, "lost", status->n_lost);
	rpc_map_end(w);
	rpc_kv_uint(w, "clients", s->counters.n_clients);
	rpc_kv_uint(w, "subscriptions", s->counters.n_subscriptions);
}

static void server_status(struct api_call *call)
{
	struct api_server *s = call->server;
	struct core_status status;
	struct rpc_writer *w;

	core_get_status(s->core, &status);
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_kv_str(w, "version", ORCHFLOW_VERSION);
	rpc_kv_int(w, "protocol", API_PROTOCOL);
	rpc_kv_str(w, "socket", s->hooks.socket_path);
	rpc_kv_str(w, "state_dir", s->hooks.state_dir);
	s->hooks.status(w, s->hooks.user);
	put_processes(w, s, &status);
	put_counts(w, s, &status);
	put_limits(w, s);
	rpc_kv_bool(w, "shutting_down", status.is_shutting_down);
	rpc_map_end(w);
	api_call_result_end(call);
}

/* @all NULL: of the panes nothing is told. */
static void answer_metrics(struct api_call *call, const struct pane_usage *all, size_t n)
{
	const struct api_hooks *hooks = &call->server->hooks;
	struct rpc_writer *w = api_call_result_begin(call);

	rpc_map_begin(w);
	hooks->metrics(w, hooks->user);
	if (all) {
		rpc_key(w, "panes");
		pane_stats_write(w, api_call_core(call), all, n);
	}
	rpc_map_end(w);
	api_call_result_end(call);
}

static void answer_metrics_text(struct api_call *call, const struct pane_usage *all, size_t n)
{
	const struct api_hooks *hooks = &call->server->hooks;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct rpc_writer *w;

	hooks->metrics_text(&text, hooks->user);
	if (all)
		pane_stats_text(&text, api_call_core(call), all, n);
	if (api_call_failed(call, buf_check(&text), NULL))
		return;
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_key(w, "text");
	rpc_strn(w, buf_data(&text), buf_len(&text));
	rpc_map_end(w);
	api_call_result_end(call);
}

static void on_usage(const struct core_process *ps, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct pane_usage *all;
	size_t n_all = 0;

	if (f) {
		api_call_fail(call, f);
		return;
	}
	all = pane_usage_gather(ps, n, &n_all);
	if (api_call_failed(call, all ? 0 : err_origin(-ENOMEM), NULL))
		return;
	if (call->number) {
		answer_metrics_text(call, all, n_all);
	} else {
		answer_metrics(call, all, n_all);
	}
	mem_free(all);
}

static void server_metrics(struct api_call *call)
{
	bool wants_text = strcmp(rpc_arg_str(&call->args, "format", "json"), "json") != 0;
	struct api_call *later;

	if (rpc_arg_bool(&call->args, "panes", false)) {
		call->number = wants_text;
		later = api_call_defer(call);
		if (later)
			core_processes(api_call_core(later), NULL, on_usage, later);
	} else if (wants_text) {
		answer_metrics_text(call, NULL, 0);
	} else {
		answer_metrics(call, NULL, 0);
	}
}

static void on_census(const struct core_process *ps, size_t n, const struct fail *f, void *user)
{
	struct api_call *call = user;

	if (f) {
		api_call_fail(call, f);
		return;
	}
	census_write(api_call_result_begin(call), call->server, ps, n);
	api_call_result_end(call);
}

static void server_census(struct api_call *call)
{
	struct api_call *later = api_call_defer(call);

	if (later)
		core_processes(api_call_core(later), NULL, on_census, later);
}

static void server_reload(struct api_call *call)
{
	const struct api_hooks *hooks = &call->server->hooks;
	struct rpc_writer *w;
	struct fail f;

	if (api_call_failed(call, hooks->reload(&f, hooks->user), &f))
		return;
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	hooks->write_reloaded(w, hooks->user);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void on_upgraded(const struct api_upgraded *u, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_kv_str(w, "from", u->from);
	rpc_kv_str(w, "to", u->to);
	rpc_kv_str(w, "binary", u->binary);
	rpc_kv_uint(w, "took_ms", u->took_ms);
	rpc_kv_int(w, "daemon_pid", getpid());
	rpc_map_end(w);
	api_call_result_end(call);
}

void server_upgrade(struct api_call *call)
{
	const struct rpc_args *args = &call->args;
	struct api_upgrade spec = {
		.is_keeper = rpc_arg_bool(args, "keeper", false),
		.is_check = rpc_arg_bool(args, "check", false),
		.binary = rpc_arg_str(args, "binary", NULL),
		.key = rpc_arg_str(args, "key", NULL),
		.timeout_ms = (uint32_t)rpc_arg_int(args, "within_ms", DEFAULT_UPGRADE_MS),
	};
	struct api_server *s = call->server;
	struct api_call *later = api_call_defer(call);

	if (later)
		s->hooks.upgrade(&spec, on_upgraded, later, s->hooks.user);
}

static void on_shut_down(const struct core_kill_report *report, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct api_server *s = call->server;
	struct rpc_writer *w;

	w = api_call_object_begin(call, f);
	if (!w)
		return;
	record_kills(w, report);
	record_strays(w, report);
	rpc_map_end(w);
	api_call_result_end(call);
	s->hooks.stop(s->hooks.user);
}

static void server_shutdown(struct api_call *call)
{
	int64_t grace_ms = rpc_arg_int(&call->args, "grace_ms", DEFAULT_GRACE_MS);
	struct api_call *later = api_call_defer(call);

	if (!later)
		return;
	api_server_announce_stop(call->server);
	core_shutdown(api_call_core(later), (uint32_t)grace_ms, on_shut_down, later);
}

#define STATUS_RESULT                                                                            \
	API_RESULT("The state of the server.", { "version", "string", "release" },               \
		   { "protocol", "integer", "" }, { "socket", "string", "path" },                \
		   { "state_dir", "string", "path" },                                            \
		   { "config_path", "string|null", "null: none was found" },                     \
		   { "config_error", "string|null", "why the configuration was refused" },       \
		   { "client", "object", "`{detach_keys}`: what is configured for clients" },    \
		   { "daemon", "object", "`{pid, started_us, starts, last_death}`" },            \
		   { "keeper", "object", "`{pid, started_us}`" }, { "sessions", "integer", "" }, \
		   { "panes", "object", "`{total, running, exited, lost}`" },                    \
		   { "clients", "integer", "" }, { "subscriptions", "integer", "" },             \
		   { "limits", "object",                                                         \
		     "`{sessions, panes, clients, pty_max, pty_used, nofile}`" },                \
		   { "shutting_down", "boolean", "" })

static const struct api_method methods[] = {
	{
		.name = "server.status",
		.doc = "Tell how the server is",
		.params = NULL,
		STATUS_RESULT,
		API_ERRORS(),
		.scope = API_SCOPE_READ,
		.handler = server_status,
	},
	{
		.name = "server.metrics",
		.doc = "Counters, gauges and latency histograms",
		API_PARAMS({ .name = "format",
			     .type = RPC_T_ENUM,
			     .choices = "json|prometheus",
			     .fallback = "\"json\"",
			     .doc = "prometheus: text exposition 0.0.4" },
			   { .name = "panes",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "of each pane too, with a look at all processes" }),
		API_RESULT("The metrics.", { "text", "string?", "format prometheus" },
			   { "counters", "object?", "totals since the start" },
			   { "gauges", "object?", "values now" },
			   { "memory", "object?", "bytes by who has them" },
			   { "stages", "object?", "histograms of the stages" },
			   { "methods", "object?", "calls, errors and latency by method" },
			   { "panes", "[PaneStats]?", "with `panes`; each with `pane`, its id" }),
		API_ERRORS(),
		.scope = API_SCOPE_READ,
		.handler = server_metrics,
	},
	{
		.name = "server.census",
		.doc = "Count what daemon and keeper hold against what they should",
		.params = NULL,
		API_RESULT("What was found.",
			   { "daemon", "object", "`{fds, expected_fds, rss_bytes, pss_bytes}`" },
			   { "keeper", "object", "likewise" },
			   { "zombies", "integer", "children that nobody reaped" },
			   { "strays", "integer", "processes that left their pane" }),
		API_ERRORS(),
		.scope = API_SCOPE_READ,
		.handler = server_census,
	},
	{
		.name = "server.reload",
		.doc = "Read the configuration again; an invalid one changes nothing",
		.params = NULL,
		API_RESULT("What changed.", { "path", "string|null", "of the file" },
			   { "changed", "[string]", "keys, as `limits.panes`" }),
		API_ERRORS(FAIL_CONFIG_INVALID),
		.scope = API_SCOPE_ADMIN,
		.handler = server_reload,
	},
	{
		.name = "server.upgrade",
		.doc = "Go on with another program, and with the present one again if that fails",
		API_PARAMS({ .name = "keeper",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "the keeper's program, else the daemon's" },
			   { .name = "check",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "only say whether it would be done" },
			   { .name = "binary",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_PATH,
			     .doc = "absolute path of the program; else what is installed" },
			   { .name = "within_ms",
			     .type = RPC_T_INT,
			     .unit = "ms",
			     .fallback = "5000",
			     .min = 100,
			     .max = MAX_GRACE_MS,
			     .doc = "until it must serve" },
			   { .name = "key",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = MAX_KEY,
			     .doc = "made up by the client: asked again with the same key, after "
				    "the "
				    "connection was lost, the answer is how it went" }),
		API_RESULT("What goes on now, or with `check` would.",
			   { "from", "string", "release before; of the keeper: empty" },
			   { "to", "string", "release now" },
			   { "binary", "string", "path of the program" },
			   { "took_ms", "integer", "until the new one served" },
			   { "daemon_pid", "integer", "of the daemon that answers" }),
		API_ERRORS(FAIL_UPGRADE_REFUSED, FAIL_UPGRADE_FAILED, FAIL_SPAWN_FAILED),
		.scope = API_SCOPE_ADMIN,
		.handler = server_upgrade,
	},
	{
		.name = "server.shutdown",
		.doc = "End all panes and the server; answered when all have ended",
		API_PARAMS({ .name = "grace_ms",
			     .type = RPC_T_INT,
			     .unit = "ms",
			     .fallback = "2000",
			     .min = 0,
			     .max = MAX_GRACE_MS,
			     .doc = "between SIGHUP and SIGKILL" }),
		API_RESULT("What was ended.", { "ended", "[Ended]", "" }, { "left", "[Left]", "" },
			   { "strays", "[Ended]", "those of them that had strayed" }),
		API_ERRORS(),
		.scope = API_SCOPE_ADMIN,
		.handler = server_shutdown,
	},
};

const struct api_group api_server_group = { methods, ARRAY_LEN(methods) };
