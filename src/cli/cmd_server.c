/* serve, status, stop, reload: the server as a whole. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/ended.h"
#include "cli/out.h"
#include "cli/server.h"

int cmd_serve(const struct cli_args *a)
{
	char program[PATH_MAX];
	struct places p;
	struct fail f;
	int r = places_resolve(&p, &f);

	(void)a;
	if (!r)
		r = places_check_dir(&p, &f);
	if (!r)
		r = places_make_dirs(&p, &f);
	if (r)
		return out_failure(r, &f);
	if (places_find_program("orchflow-keeper", "keeper", program, sizeof(program))) {
		out_error("orchflow-keeper is not installed beside this program; set "
			  "ORCHFLOW_LIBEXEC to the directory that holds it");
		return EXIT_ERROR;
	}
	(void)execl(program, program, "--state", p.state_dir, "--socket", p.socket, "--foreground",
		    (char *)NULL);
	out_error("cannot execute %s: %s", program, strerror(errno));
	return EXIT_ERROR;
}

static void print_age(const char *what, int pid, int64_t since_us)
{
	uint64_t now = clock_wall_us();
	struct buf b = BUF_INIT;

	out_put_age(&b, now > (uint64_t)since_us ? now - (uint64_t)since_us : 0);
	(void)printf("%-10s pid %d, up %.*s", what, pid, (int)buf_len(&b), buf_data(&b));
	buf_fini(&b);
}

static void print_status(const json_t *s)
{
	const json_t *daemon = json_object_get(s, "daemon"), *keeper = json_object_get(s, "keeper"),
		     *panes = json_object_get(s, "panes"), *limits = json_object_get(s, "limits");
	int starts = (int)server_int(daemon, "starts");

	(void)printf("%-10s %s (protocol %d)%s\n", "version", server_str(s, "version"),
		     (int)server_int(s, "protocol"),
		     json_is_true(json_object_get(s, "shutting_down")) ? ", shutting down" : "");
	print_age("keeper", (int)server_int(keeper, "pid"), server_int(keeper, "started_us"));
	(void)putchar('\n');
	print_age("daemon", (int)server_int(daemon, "pid"), server_int(daemon, "started_us"));
	if (starts > 1) {
		(void)printf(", started %d times, last death: %s", starts,
			     server_str(daemon, "last_death"));
	}
	(void)putchar('\n');
	(void)printf("%-10s %d of %d\n", "sessions", (int)server_int(s, "sessions"),
		     (int)server_int(limits, "sessions"));
	(void)printf("%-10s %d of %d: %d running, %d exited, %d lost\n", "panes",
		     (int)server_int(panes, "total"), (int)server_int(limits, "panes"),
		     (int)server_int(panes, "running"), (int)server_int(panes, "exited"),
		     (int)server_int(panes, "lost"));
	(void)printf("%-10s %d of %d, %d subscriptions\n", "clients", (int)server_int(s, "clients"),
		     (int)server_int(limits, "clients"), (int)server_int(s, "subscriptions"));
	(void)printf("%-10s %s\n", "socket", server_str(s, "socket"));
	(void)printf("%-10s %s\n", "state", server_str(s, "state_dir"));
	(void)printf("%-10s %s\n", "config",
		     *server_str(s, "config_path") ? server_str(s, "config_path") : "(none)");
}

int cmd_status(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, 0, NULL);
	json_auto_t *status = NULL;

	if (!c)
		return EXIT_ERROR;
	status = server_call(c, "server.status", json_object());
	if (!status)
		return EXIT_ERROR;
	if (args_has(a, "json"))
		return out_json(status);
	print_status(status);
	return out_finish();
}

/* The daemon is down for good, and only the keeper is there to do something. */
static int tell_keeper(int signo, const char *done)
{
	struct places_lock lock;
	struct places p;
	struct fail f;
	int r = places_resolve(&p, &f);

	if (r)
		return out_failure(r, &f);
	if (places_read_lock(&p, &lock) || !places_signal_keeper(&lock, signo)) {
		out_error("no keeper holds %s", p.state_dir);
		return EXIT_ERROR;
	}
	(void)printf("the daemon was down; %s\n", done);
	return out_finish();
}

/* As server_call(), but with what to do when the daemon is down: then *@ret_exit is
 * what to leave with. */
static json_t *call_or_tell(struct client *c, const char *method, json_t *params, int signo,
			    int *ret_exit)
{
	json_t *result = NULL;
	struct fail f;
	int r = client_call(c, method, params, &result, &f);

	if (!r)
		return result;
	if (r > 0 && f.code == FAIL_DAEMON_DOWN) {
		*ret_exit = tell_keeper(signo, signo == SIGHUP
						       ? "the keeper starts it again"
						       : "the keeper hangs up its shells and ends");
	} else {
		*ret_exit = out_failure(r, &f);
	}
	return NULL;
}

#define END_NS 5000000000ull /* from the answer to the end of the keeper */

/* The answer comes before the end.  Who stops and starts again in one line must not
 * meet the old server. */
static void wait_for_end(const struct places *p, const struct places_lock *lock)
{
	if (!places_wait_end(p, lock, END_NS))
		out_error("the keeper (pid %d) has not ended yet", (int)lock->pid);
}

int cmd_stop(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = NULL;
	struct places_lock lock;
	struct places p;
	struct fail f;
	bool has_lock;
	json_auto_t *result = NULL;
	int64_t grace_ms = 2000;
	size_t n;
	int r = EXIT_ERROR;

	if (args_duration_ms(a, "grace", &grace_ms) == ARGS_E_BAD)
		return EXIT_USAGE;
	has_lock = places_resolve(&p, &f) == 0 && places_read_lock(&p, &lock) == 0;
	c = server_open(a, 0, NULL);
	if (!c)
		return EXIT_ERROR;
	result = call_or_tell(c, "server.shutdown",
			      json_pack("{s:I}", "grace_ms", (json_int_t)grace_ms), SIGTERM, &r);
	if (!result)
		return r;
	if (has_lock)
		wait_for_end(&p, &lock);
	if (args_has(a, "json"))
		return out_json(result);
	r = ended_report(result, &n);
	(void)printf("stopped; %zu process%s ended\n", n, n == 1 ? "" : "es");
	return out_finish() ? EXIT_ERROR : r;
}

int cmd_reload(const struct cli_args *a)
{
	CLEANUP(client_closep) struct client *c = server_open(a, 0, NULL);
	json_auto_t *result = NULL;
	const json_t *changed;
	const char *path;
	json_t *key;
	size_t i;
	int r = EXIT_ERROR;

	if (!c)
		return EXIT_ERROR;
	result = call_or_tell(c, "server.reload", json_object(), SIGHUP, &r);
	if (!result)
		return r;
	if (args_has(a, "json"))
		return out_json(result);
	changed = json_object_get(result, "changed");
	path = server_str(result, "path");
	(void)printf("%s%s: %zu setting%s changed\n", path[0] ? "read " : "no configuration file",
		     path, json_array_size(changed), json_array_size(changed) == 1 ? "" : "s");
	json_array_foreach(changed, i, key)(void) printf("  %s\n", json_string_value(key));
	return out_finish();
}
