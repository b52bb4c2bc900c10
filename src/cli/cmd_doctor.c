#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/out.h"
#include "cli/server.h"

#define LOG_LOOK (256 << 10) /* bytes of the log's end that are looked at */

/* At most @size - 1 bytes from the end of a file; 0 if it cannot be read. */
static size_t read_end(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		off_t from = st.st_size > (off_t)size - 1 ? st.st_size - (off_t)size + 1 : 0;

		n = pread(fd, out, size - 1, from);
	}
	if (fd >= 0)
		(void)close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void check_programs(struct doctor *d)
{
	char path[PATH_MAX];

	if (places_find_program("orchflow-keeper", "keeper", path, sizeof(path))) {
		doctor_add(d, DOCTOR_WRONG, "programs",
			   "install all of OrchFlow, or set ORCHFLOW_LIBEXEC",
			   "orchflow-keeper is not beside this program");
	} else {
		doctor_add(d, DOCTOR_OK, "programs", NULL, "%s", path);
	}
}

/* In the order in which logind reads them: the last word counts. */
static enum doctor_kills look_at_logind(void)
{
	static const char *const patterns[] = { "/usr/lib/systemd/logind.conf",
						"/etc/systemd/logind.conf",
						"/usr/lib/systemd/logind.conf.d/*.conf",
						"/etc/systemd/logind.conf.d/*.conf" };
	enum doctor_kills kills = DOCTOR_KILLS_UNKNOWN;
	char text[8192];
	glob_t g;

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		if (glob(patterns[i], 0, NULL, &g) != 0)
			continue;
		for (size_t k = 0; k < g.gl_pathc; k++) {
			if (read_end(g.gl_pathv[k], text, sizeof(text)))
				kills = doctor_parse_logind(text, kills);
		}
		globfree(&g);
	}
	return kills;
}

static void check_logout(struct doctor *d, int keeper_pid)
{
	const struct passwd *pw = getpwuid(geteuid());
	char path[128], text[4096];

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", keeper_pid);
	(void)read_end(path, text, sizeof(text));
	(void)snprintf(path, sizeof(path), "/var/lib/systemd/linger/%s", pw ? pw->pw_name : "?");
	doctor_judge_logout(d, doctor_parse_cgroup(text), access("/run/systemd/system", F_OK) == 0,
			    access(path, F_OK) == 0, look_at_logind());
}

static void check_log(struct doctor *d, const struct places *p)
{
	static char text[LOG_LOOK];
	char path[PATH_MAX + 32], last[256];
	size_t n, n_errors;

	(void)snprintf(path, sizeof(path), "%s/log/daemon.log", p->state_dir);
	n = read_end(path, text, sizeof(text));
	n_errors = doctor_log_errors(text, n, last, sizeof(last));
	if (n_errors) {
		doctor_add(d, DOCTOR_NOTE, "log", "`orchflow log` shows the rest",
			   "%zu recent error%s; the last: %s", n_errors, n_errors == 1 ? "" : "s",
			   last);
	} else if (n) {
		doctor_add(d, DOCTOR_OK, "log", NULL, "no recent errors in %s", path);
	}
}

static json_t *ask(struct doctor *d, struct client *c, const char *method)
{
	json_t *result = NULL;
	struct buf b = BUF_INIT;
	struct fail f;
	int r = client_call(c, method, json_object(), &result, &f);

	if (!r)
		return result;
	if (r > 0)
		out_failure_text(&f, &b);
	doctor_add(d, DOCTOR_WRONG, "server",
		   "`orchflow log` and `orchflow log --keeper` tell more", "%s: %.*s", method,
		   (int)buf_len(&b), buf_data(&b));
	buf_fini(&b);
	return NULL;
}

static void judge_store(struct doctor *d, const json_t *s)
{
	const char *detail = server_str(s, "detail");

	if (!json_is_true(json_object_get(s, "ok"))) {
		doctor_add(d, DOCTOR_WRONG, "store",
			   "make room or mend what is said; `orchflow log` has more",
			   "the database: %s%s%s", server_str(s, "state"), *detail ? ": " : "",
			   detail);
	} else if (json_is_true(json_object_get(s, "network"))) {
		doctor_add(d, DOCTOR_NOTE, "store", "set ORCHFLOW_STATE_DIR to a local directory",
			   "the database lies on a file system of the network (%s)", detail);
	} else {
		doctor_add(d, DOCTOR_OK, "store", NULL, "%lld bytes, %lld commits",
			   (long long)server_int(s, "file_bytes"),
			   (long long)server_int(s, "commits"));
	}
}

static void check_running(struct doctor *d, const struct places *p, struct client *c)
{
	json_auto_t *status = ask(d, c, "server.status");
	json_auto_t *census = NULL;
	json_auto_t *panes = NULL;
	json_auto_t *store = NULL;

	if (!status)
		return;
	doctor_add(d, DOCTOR_OK, "keeper", NULL, "pid %d, listening at %s",
		   (int)server_int(json_object_get(status, "keeper"), "pid"), client_socket(c));
	if (strcmp(client_socket(c), p->socket) != 0) {
		doctor_add(d, DOCTOR_NOTE, "keeper",
			   "set ORCHFLOW_SOCKET to that path, or leave it unset everywhere",
			   "the keeper of %s listens elsewhere than the environment says",
			   p->state_dir);
	}
	doctor_judge_server(d, status, ORCHFLOW_VERSION);
	doctor_judge_limits(d, status);
	check_logout(d, (int)server_int(json_object_get(status, "keeper"), "pid"));
	census = ask(d, c, "server.census");
	if (census)
		doctor_judge_census(d, census);
	store = ask(d, c, "store.status");
	if (store)
		judge_store(d, store);
	panes = ask(d, c, "pane.list");
	if (panes)
		doctor_judge_panes(d, json_object_get(panes, "panes"));
}

static void check_server(struct doctor *d, const struct places *p)
{
	struct client_options o = { .name = "orchflow doctor", .wants_resume = true };
	CLEANUP(client_closep) struct client *c = NULL;
	struct fail f;
	int r = client_open(p, &o, &c, &f);

	if (r == CLIENT_E_DOWN) {
		doctor_add(d, DOCTOR_OK, "keeper", NULL,
			   "no server is running; the first command that needs one starts it");
	} else if (r == FAIL_E_FAILED) {
		doctor_add(d, DOCTOR_WRONG, "keeper", f.hint[0] ? f.hint : NULL, "%s", f.detail);
	} else if (r) {
		doctor_add(d, DOCTOR_WRONG, "keeper", NULL, "%s", strerror(-r));
	} else {
		check_running(d, p, c);
	}
}

static void print(const struct doctor *d)
{
	json_t *f;
	size_t i;

	json_array_foreach(d->findings, i, f)
	{
		const char *level = server_str(f, "level"), *advice = server_str(f, "advice");
		bool has_color = out_wants_color();
		const char *color = *level == 'o'   ? "\033[32m"
				    : *level == 'n' ? "\033[33m"
						    : "\033[31m";

		(void)printf("%s%-5s%s %-11s %s\n", has_color ? color : "", level,
			     has_color ? "\033[0m" : "", server_str(f, "check"),
			     server_str(f, "text"));
		if (*advice)
			(void)printf("      %-11s -> %s\n", "", advice);
	}
}

int cmd_doctor(const struct cli_args *a)
{
	struct places p;
	struct doctor d;
	struct fail f;
	int r;

	doctor_init(&d);
	if (places_resolve(&p, &f)) {
		doctor_add(&d, DOCTOR_WRONG, "places", "set ORCHFLOW_SOCKET and ORCHFLOW_STATE_DIR",
			   "%s", f.detail);
	} else {
		check_programs(&d);
		doctor_judge_places(&d, &p);
		check_server(&d, &p);
		check_log(&d, &p);
	}
	if (args_has(a, "json")) {
		json_auto_t *all =
			json_pack("{s:b, s:O}", "ok", (int)!d.is_wrong, "findings", d.findings);

		r = out_json(all);
	} else {
		print(&d);
		r = out_finish();
	}
	r = d.is_wrong ? EXIT_ERROR : r;
	doctor_fini(&d);
	return r;
}
