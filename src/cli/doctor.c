#include "cli/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/server.h"

/* Descriptors that come and go (a client being accepted, a file of /proc being
 * read) and are no leak. */
#define FD_SLACK 8

const char *doctor_level_name(enum doctor_level l)
{
	switch (l) {
	case DOCTOR_OK:
		return "ok";
	case DOCTOR_NOTE:
		return "note";
	case DOCTOR_WRONG:
		return "wrong";
	}
	return "?";
}

void doctor_init(struct doctor *d)
{
	d->findings = json_array();
	d->is_wrong = false;
}

void doctor_fini(struct doctor *d)
{
	json_decref(d->findings);
}

void doctor_add(struct doctor *d, enum doctor_level level, const char *check, const char *advice,
		const char *fmt, ...)
{
	char text[512];
	va_list ap;
	json_t *f;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f = json_pack("{s:s, s:s, s:s, s:s*}", "check", check, "level", doctor_level_name(level),
		      "text", text, "advice", advice);
	/* Not UTF-8: an odd path. */
	if (!f) {
		f = json_pack("{s:s, s:s, s:s}", "check", check, "level", doctor_level_name(level),
			      "text", "(cannot be told: not UTF-8)");
	}
	(void)json_array_append_new(d->findings, f);
	d->is_wrong |= level == DOCTOR_WRONG;
}

static void judge_state_dir(struct doctor *d, const struct places *p)
{
	struct stat st;

	if (stat(p->state_dir, &st) < 0) {
		int e = errno;

		if (e == ENOENT) {
			doctor_add(d, DOCTOR_OK, "state", NULL,
				   "%s will be made at the first start", p->state_dir);
		} else {
			doctor_add(d, DOCTOR_WRONG, "state", "check the path and its permissions",
				   "%s: %s", p->state_dir, strerror(e));
		}
		return;
	}
	if (st.st_uid != geteuid()) {
		doctor_add(d, DOCTOR_WRONG, "state", "set ORCHFLOW_STATE_DIR to a place of yours",
			   "%s belongs to uid %u", p->state_dir, (unsigned)st.st_uid);
	} else if (st.st_mode & 077) {
		doctor_add(d, st.st_mode & 022 ? DOCTOR_WRONG : DOCTOR_NOTE, "state",
			   "chmod 700 that directory", "%s is open to others (mode %04o)",
			   p->state_dir, (unsigned)st.st_mode & 07777);
	} else {
		doctor_add(d, DOCTOR_OK, "state", NULL, "%s is yours alone", p->state_dir);
	}
}

void doctor_judge_places(struct doctor *d, const struct places *p)
{
	struct fail f;

	if (places_check_dir(p, &f)) {
		doctor_add(d, DOCTOR_WRONG, "socket",
			   f.hint[0] ? f.hint
				     : "remove it, or set ORCHFLOW_SOCKET to a path in a directory "
				       "of yours",
			   "%s", f.detail);
	} else if (!p->is_socket_told && strncmp(p->socket, "/tmp/", 5) == 0) {
		doctor_add(d, DOCTOR_NOTE, "socket",
			   "set XDG_RUNTIME_DIR, as a login with systemd does",
			   "%s: in /tmp, for want of a runtime directory", p->socket);
	} else {
		doctor_add(d, DOCTOR_OK, "socket", NULL, "%s: its directory is safe", p->socket);
	}
	judge_state_dir(d, p);
}

void doctor_judge_server(struct doctor *d, const json_t *status, const char *own)
{
	const json_t *daemon = json_object_get(status, "daemon");
	const char *version = server_str(status, "version");
	const char *error = server_str(status, "config_error");

	if (strcmp(version, own) != 0) {
		doctor_add(d, DOCTOR_WRONG, "version",
			   "`orchflow stop` when its shells can be spared, then start anew",
			   "the server is %s, this program %s", version, own);
	} else {
		doctor_add(d, DOCTOR_OK, "version", NULL, "server and program are both %s", own);
	}
	if (server_int(daemon, "starts") > 1) {
		doctor_add(d, DOCTOR_NOTE, "daemon",
			   "`orchflow log` shows what it did before; no shell was lost",
			   "it was started %d times; the last death: %s",
			   (int)server_int(daemon, "starts"), server_str(daemon, "last_death"));
	} else {
		doctor_add(d, DOCTOR_OK, "daemon", NULL, "pid %d, never restarted",
			   (int)server_int(daemon, "pid"));
	}
	if (error[0]) {
		doctor_add(d, DOCTOR_WRONG, "config", "correct it, then `orchflow reload`", "%s",
			   error);
	}
}

void doctor_judge_limits(struct doctor *d, const json_t *status)
{
	const json_t *limits = json_object_get(status, "limits");
	int64_t max = server_int(limits, "pty_max"), used = server_int(limits, "pty_used"),
		panes = server_int(limits, "panes"), nofile = server_int(limits, "nofile");

	if (max > 0 && used * 10 >= max * 9) {
		doctor_add(d, DOCTOR_WRONG, "terminals",
			   "close some, or as root: sysctl kernel.pty.max=8192",
			   "%lld of the %lld pseudo terminals of this machine are in use",
			   (long long)used, (long long)max);
	} else if (max > 0 && max < panes) {
		doctor_add(d, DOCTOR_NOTE, "terminals", "as root: sysctl kernel.pty.max=8192",
			   "this machine has %lld pseudo terminals, fewer than the %lld panes "
			   "allowed",
			   (long long)max, (long long)panes);
	} else {
		doctor_add(d, DOCTOR_OK, "terminals", NULL, "%lld of %lld pseudo terminals in use",
			   (long long)used, (long long)max);
	}
	if (nofile > 0 && nofile < 2 * panes + 64) {
		doctor_add(d, DOCTOR_NOTE, "descriptors",
			   "raise the hard limit (ulimit -Hn) where the server is started, or "
			   "lower "
			   "limits.panes",
			   "%lld descriptors are too few for %lld panes and their clients",
			   (long long)nofile, (long long)panes);
	} else {
		doctor_add(d, DOCTOR_OK, "descriptors", NULL, "up to %lld", (long long)nofile);
	}
}

static void judge_fds(struct doctor *d, const char *who, const json_t *of)
{
	int64_t fds = server_int(of, "fds"), expected = server_int(of, "expected_fds");

	if (fds > expected + FD_SLACK) {
		doctor_add(d, DOCTOR_WRONG, "leaks",
			   "please report it, with the output of ls -l /proc/PID/fd",
			   "the %s holds %lld descriptors, %lld are accounted for", who,
			   (long long)fds, (long long)expected);
	} else {
		doctor_add(d, DOCTOR_OK, "leaks", NULL,
			   "the %s holds %lld descriptors, as it should", who, (long long)fds);
	}
}

void doctor_judge_census(struct doctor *d, const json_t *census)
{
	int zombies = (int)server_int(census, "zombies"),
	    strays = (int)server_int(census, "strays");

	judge_fds(d, "daemon", json_object_get(census, "daemon"));
	judge_fds(d, "keeper", json_object_get(census, "keeper"));
	if (zombies) {
		doctor_add(d, DOCTOR_WRONG, "zombies", "please report it",
			   "%d dead processes were not reaped", zombies);
	}
	if (strays) {
		doctor_add(d, DOCTOR_NOTE, "strays",
			   "`orchflow ps` shows them, `orchflow kill TARGET --tree` ends them",
			   "%d process%s left the pane that started %s and still run%s", strays,
			   strays == 1 ? "" : "es", strays == 1 ? "it" : "them",
			   strays == 1 ? "s" : "");
	}
	if (!zombies && !strays)
		doctor_add(d, DOCTOR_OK, "processes", NULL, "no zombies, no strays");
}

void doctor_judge_panes(struct doctor *d, const json_t *panes)
{
	unsigned n_lost = 0;
	json_t *p;
	size_t i;

	json_array_foreach(panes, i, p)
	{
		n_lost += strcmp(server_str(p, "state"), "lost") == 0;
		if (json_is_true(json_object_get(p, "quarantined"))) {
			doctor_add(d, DOCTOR_WRONG, "quarantine",
				   "please report it; `orchflow capture` still reads the pane",
				   "%s was set aside: its output crashed the daemon twice",
				   server_str(p, "id"));
		}
	}
	if (n_lost) {
		doctor_add(d, DOCTOR_NOTE, "lost",
			   "`orchflow respawn` starts their commands again, `orchflow delete` "
			   "forgets "
			   "them",
			   "%u pane%s lost the process with the keeper or at a reboot", n_lost,
			   n_lost == 1 ? "" : "s");
	}
}

enum doctor_cgroup doctor_parse_cgroup(const char *text)
{
	const char *session = strstr(text, "/session-");

	if (session && strstr(session, ".scope"))
		return DOCTOR_CGROUP_SESSION;
	if (strstr(text, "/user@") && strstr(text, ".service"))
		return DOCTOR_CGROUP_USER;
	return DOCTOR_CGROUP_OTHER;
}

enum doctor_kills doctor_parse_logind(const char *text, enum doctor_kills was)
{
	static const char name[] = "KillUserProcesses=";

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n' || *line == ' ';
		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		/* yes, true, on, 1 */
		was = (line[strlen(name)] && strchr("yYtT1", line[strlen(name)])) ||
				      strncasecmp(line + strlen(name), "on", 2) == 0
			      ? DOCTOR_KILLS_YES
			      : DOCTOR_KILLS_NO;
	}
	return was;
}

#define AS_A_SERVICE                                                                         \
	"`loginctl enable-linger`; then `orchflow stop` and `systemctl --user enable --now " \
	"orchflow.socket`"

/* Lingering does not help what belongs to a login's own scope. */
static void judge_session_scope(struct doctor *d, enum doctor_kills kills)
{
	switch (kills) {
	case DOCTOR_KILLS_YES:
		doctor_add(d, DOCTOR_WRONG, "logout", AS_A_SERVICE,
			   "the server belongs to a login and ends with it: logind has "
			   "KillUserProcesses=yes");
		return;
	case DOCTOR_KILLS_NO:
		doctor_add(d, DOCTOR_OK, "logout", NULL,
			   "logind has KillUserProcesses=no: the server outlives the login");
		return;
	case DOCTOR_KILLS_UNKNOWN:
		doctor_add(d, DOCTOR_NOTE, "logout", AS_A_SERVICE,
			   "the server belongs to a login and ends with it where logind's built-in "
			   "KillUserProcesses is yes");
		return;
	}
}

void doctor_judge_logout(struct doctor *d, enum doctor_cgroup where, bool has_systemd,
			 bool is_lingering, enum doctor_kills kills)
{
	if (!has_systemd) {
		doctor_add(d, DOCTOR_OK, "logout", NULL,
			   "no systemd here: nothing ends the server at logout");
		return;
	}
	switch (where) {
	case DOCTOR_CGROUP_OTHER:
		doctor_add(d, DOCTOR_OK, "logout", NULL, "the server belongs to no login");
		return;
	case DOCTOR_CGROUP_SESSION:
		judge_session_scope(d, kills);
		return;
	case DOCTOR_CGROUP_USER:
		doctor_add(d, is_lingering ? DOCTOR_OK : DOCTOR_WRONG, "logout",
			   is_lingering ? NULL : "`loginctl enable-linger`",
			   is_lingering ? "lingering is on: the server outlives your logins"
					: "the server ends with your last login: lingering is off");
		return;
	}
}

size_t doctor_log_errors(const char *text, size_t n, char *ret_last, size_t size)
{
	const char *end = text + n;
	size_t n_errors = 0;

	ret_last[0] = '\0';
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;
		const char *level = memchr(text, ' ', (size_t)(line_end - text));

		/* time level program message ... */
		if (level && line_end - level > 7 && strncmp(level, " error ", 7) == 0) {
			n_errors++;
			(void)snprintf(ret_last, size, "%.*s", (int)(line_end - text), text);
		}
		text = line_end + 1;
	}
	return n_errors;
}
