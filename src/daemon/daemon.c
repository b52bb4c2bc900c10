#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/server.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/config.h"
#include "daemon/metrics.h"
#include "daemon/upgrade.h"

#define SIGNAL_GRACE_MS 2000
#define MAX_CHANGES 64

struct daemon {
	const struct daemon_options *options;
	uv_loop_t loop;
	uv_signal_t term, intr, hup;
	struct config config;
	char config_path[PATH_MAX];
	bool has_config_file;
	struct fail config_fail;          /* .code FAIL_NONE: the file is in use (or absent) */
	const char *changes[MAX_CHANGES]; /* of the last reload */
	size_t n_changes;
	struct core *core;
	struct api_server *api;
	struct upgrade *upgrade;
	char last_words[256]; /* of the log, before we wrote to it */
	bool is_stopping, has_failed;
};

/* ---- configuration ---- */

static int load_config(struct daemon *d)
{
	struct config fresh;
	int r = config_load(&fresh, d->config_path, &d->config_fail);

	if (r == CONFIG_E_INVALID)
		return r;
	d->config_fail.code = FAIL_NONE;
	d->has_config_file = r == 0;
	d->n_changes = config_changes(&d->config, &fresh, d->changes, MAX_CHANGES);
	d->config = fresh;
	return 0;
}

static void apply_config(struct daemon *d)
{
	struct core_config core;
	struct api_config api;

	log_set_level((enum log_level)d->config.log_level);
	config_to_core(&d->config, &core);
	config_to_api(&d->config, &api);
	if (d->core)
		core_configure(d->core, &core);
	if (d->api)
		api_server_configure(d->api, &api);
}

static void log_config_fail(const struct daemon *d, const char *consequence)
{
	log_error("configuration refused, %s: %s%s%s", consequence, d->config_fail.detail,
		  d->config_fail.hint[0] ? "; " : "", d->config_fail.hint);
}

static int reload(struct daemon *d)
{
	int r = load_config(d);

	if (r) {
		log_config_fail(d, "nothing changed");
		return r;
	}
	apply_config(d);
	log_info("configuration read path=%s changed=%zu",
		 d->has_config_file ? d->config_path : "(none: defaults)", d->n_changes);
	return 0;
}

/* ---- what the api asks ---- */

static void on_status(struct rpc_writer *w, void *user)
{
	const struct daemon *d = user;
	bool is_refused = d->config_fail.code != FAIL_NONE;

	rpc_kv_str(w, "config_path", d->has_config_file || is_refused ? d->config_path : NULL);
	rpc_kv_str(w, "config_error", is_refused ? d->config_fail.detail : NULL);
	rpc_key(w, "client");
	rpc_map_begin(w);
	rpc_kv_str(w, "detach_keys", d->config.detach_keys);
	rpc_map_end(w);
}

static int on_reload(struct fail *reterr, void *user)
{
	struct daemon *d = user;

	if (reload(d) == 0)
		return 0;
	*reterr = d->config_fail;
	return FAIL_E_FAILED;
}

static void on_write_reloaded(struct rpc_writer *w, void *user)
{
	const struct daemon *d = user;

	rpc_kv_str(w, "path", d->has_config_file ? d->config_path : NULL);
	rpc_key(w, "changed");
	rpc_array_begin(w);
	for (size_t i = 0; i < d->n_changes; i++)
		rpc_str(w, d->changes[i]);
	rpc_array_end(w);
}

static void on_metrics(struct rpc_writer *w, void *user)
{
	const struct daemon *d = user;

	metrics_write(w, d->api, d->core);
}

static void on_metrics_text(struct buf *out, void *user)
{
	const struct daemon *d = user;

	metrics_text(out, d->api, d->core);
}

static void on_upgrade(const struct api_upgrade *spec, api_upgraded_fn *done, void *done_user,
		       void *user)
{
	const struct daemon *d = user;

	upgrade_ask(d->upgrade, spec, done, done_user);
}

static void on_stop(void *user)
{
	struct daemon *d = user;

	uv_stop(&d->loop);
}

/* ---- what the core tells ---- */

static void on_event(enum core_event e, struct pane *p, struct session *s, void *user)
{
	const struct daemon *d = user;

	if (d->api)
		api_server_on_event(d->api, e, p, s);
}

static void on_upgraded(const struct core_upgraded *how, void *user)
{
	const struct daemon *d = user;

	upgrade_on_upgraded(d->upgrade, how);
}

static void on_keeper_gone(void *user)
{
	struct daemon *d = user;

	log_error("the keeper is gone");
	uv_stop(&d->loop);
}

static int on_serving(int listen_fd, void *user)
{
	struct daemon *d = user;
	int r = api_server_listen(d->api, listen_fd);

	if (r == 0) {
		log_info("serving socket=%s", d->options->socket_path);
		return 0;
	}
	log_fault(r, "cannot serve");
	d->has_failed = true;
	uv_stop(&d->loop);
	return err_trace(r);
}

/* ---- signals ---- */

static void on_shut_down(const struct core_kill_report *report, const struct fail *f, void *user)
{
	struct daemon *d = user;

	if (f) {
		log_error("shutdown: %s", fail_kind(f->code)->text);
	} else {
		log_info("shutdown ended=%zu", report->n);
	}
	uv_stop(&d->loop);
}

/* The first asks for an orderly end; who asks again wants it now. */
static void on_term(uv_signal_t *handle, int signo)
{
	struct daemon *d = handle->data;

	log_info("signal %d", signo);
	if (d->is_stopping) {
		uv_stop(&d->loop);
		return;
	}
	d->is_stopping = true;
	api_server_announce_stop(d->api);
	core_shutdown(d->core, SIGNAL_GRACE_MS, on_shut_down, d);
}

static void on_hup(uv_signal_t *handle, int signo)
{
	struct daemon *d = handle->data;

	(void)signo;
	(void)reload(d); /* which logs */
}

static int watch_signal(struct daemon *d, uv_signal_t *handle, uv_signal_cb cb, int signo)
{
	int r = uv_signal_init(&d->loop, handle);

	if (r < 0)
		return err_origin(r);
	handle->data = d;
	r = uv_signal_start(handle, cb, signo);
	uv_unref((uv_handle_t *)handle);
	return err_origin(r);
}

static int watch_signals(struct daemon *d)
{
	int r = watch_signal(d, &d->term, on_term, SIGTERM);

	if (r == 0)
		r = watch_signal(d, &d->intr, on_term, SIGINT);
	if (r == 0)
		r = watch_signal(d, &d->hup, on_hup, SIGHUP);
	return r;
}

/* ---- life ---- */

static void *json_alloc(size_t n)
{
	return mem_realloc(NULL, n ? n : 1);
}

/* Small and steady: one heap, given back early; a large request has pages of
 * its own.  jansson allocates through mem.h, so that it is accounted and can be
 * made to fail. */
static void tune_memory(void)
{
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_TRIM_THRESHOLD, 128 << 10);
	(void)mallopt(M_TOP_PAD, 32 << 10);
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	json_set_alloc_funcs(json_alloc, mem_free);
}

static int make_dir(const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return err_origin(-errno);
}

/* What is not ours to format (a failed assertion, a sanitizer, libuv) ends up in
 * the log as well: nobody reads the stderr of a daemon. */
static void take_stderr(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)dup3(fd, STDERR_FILENO, 0);
	(void)close(fd);
}

/* Who was before us may have said why it is no more. */
static void read_last_words(struct daemon *d, const char *path)
{
	char text[sizeof d->last_words + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;
	const char *begin;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0) {
		off_t from = st.st_size > (off_t)sizeof text ? st.st_size - (off_t)sizeof text : 0;

		n = pread(fd, text, sizeof text - 1, from);
	}
	(void)close(fd);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	begin = n > 0 ? memrchr(text, '\n', (size_t)n) : NULL;
	begin = begin ? begin + 1 : text;
	(void)snprintf(d->last_words, sizeof d->last_words, "%.*s",
		       n > 0 ? (int)(text + n - begin) : 0, begin);
}

static int open_log(struct daemon *d)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/log", d->options->state_dir);
	int r;

	if (d->options->is_foreground)
		return log_open(NULL, 0, "orchflowd");
	if (n < 0 || (size_t)n + sizeof "/daemon.log" > sizeof path)
		return err_origin(-ENAMETOOLONG);
	r = make_dir(path);
	if (r < 0)
		return err_trace(r);
	(void)snprintf(path + n, sizeof path - (size_t)n, "/daemon.log");
	read_last_words(d, path);
	take_stderr(path);
	return err_trace(log_open(path, (size_t)d->config.log_max_bytes, "orchflowd"));
}

static void start_config(struct daemon *d)
{
	int r;

	config_init(&d->config);
	r = config_find(d->config_path, sizeof d->config_path);
	if (r < 0) {
		log_fault(r, "configuration not looked for");
		d->config_path[0] = '\0';
		return;
	}
	r = load_config(d); /* a refused file is logged once there is a log */
	d->n_changes = 0;
	(void)r;
}

static int start_api(struct daemon *d)
{
	const struct api_hooks hooks = {
		.socket_path = d->options->socket_path,
		.state_dir = d->options->state_dir,
		.status = on_status,
		.reload = on_reload,
		.write_reloaded = on_write_reloaded,
		.metrics = on_metrics,
		.metrics_text = on_metrics_text,
		.upgrade = on_upgrade,
		.stop = on_stop,
		.user = d,
	};
	struct api_config config;

	config_to_api(&d->config, &config);
	return err_trace(api_server_new(&d->loop, &config, &hooks, &d->api));
}

static int start_core(struct daemon *d)
{
	const struct core_ops ops = {
		.on_event = on_event,
		.on_keeper_gone = on_keeper_gone,
		.on_serving = on_serving,
		.on_upgraded = on_upgraded,
		.user = d,
	};
	struct core_config config;
	int r;

	config_to_core(&d->config, &config);
	r = core_new(&d->loop, d->options->keeper_fd, d->options->state_dir, &config, &ops,
		     &d->core);
	if (r < 0)
		return err_trace(r);
	api_server_set_core(d->api, d->core);
	upgrade_set(d->upgrade, d->api, d->core);
	return 0;
}

static int start(struct daemon *d)
{
	int r = watch_signals(d);

	if (r == 0)
		r = start_api(d);
	if (r == 0)
		r = upgrade_new(&d->loop, d->options->program, d->last_words, &d->upgrade);
	if (r == 0)
		r = start_core(d);
	return err_trace(r);
}

static void close_signal(uv_signal_t *handle)
{
	if (handle->data)
		uv_close((uv_handle_t *)handle, NULL);
}

/* In the order of api/server.h: clients first, while the core can still be told
 * that they go. */
static void stop(struct daemon *d)
{
	if (d->api)
		api_server_stop(d->api);
	close_signal(&d->term);
	close_signal(&d->intr);
	close_signal(&d->hup);
	upgrade_close(d->upgrade);
	while (d->api && api_server_has_clients(d->api))
		(void)uv_run(&d->loop, UV_RUN_ONCE);
	d->core = core_free(d->core);
	if (d->api)
		api_server_set_core(d->api, NULL);
	(void)uv_run(&d->loop, UV_RUN_DEFAULT);
	d->api = api_server_free(d->api);
	if (uv_loop_close(&d->loop) < 0)
		log_error("handles left open at the end");
	uv_library_shutdown();
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon d = { .options = options };
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
	tune_memory();
	start_config(&d);
	r = open_log(&d);
	if (r < 0)
		log_fault(r, "logging to stderr");
	apply_config(&d);
	if (d.config_fail.code != FAIL_NONE)
		log_config_fail(&d, "running on defaults");
	r = uv_loop_init(&d.loop);
	if (r < 0)
		return err_origin(r);
	r = start(&d);
	if (r == 0) {
		(void)uv_run(&d.loop, UV_RUN_DEFAULT);
		log_info("leaving");
	}
	stop(&d);
	log_close();
	return d.has_failed ? -EIO : r;
}
