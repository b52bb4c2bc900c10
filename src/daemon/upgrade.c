#include "daemon/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/versions.h"

#define LOOK_TIMEOUT_MS 5000 /* for --print-versions */
#define REST_MS 1000         /* for what is under way */
#define REST_STEP_MS 2
#define MAX_ASKERS 8

struct asker {
	api_upgraded_fn *done;
	void *user;
};

/* What goes with the keeper to the next daemon, as JSON. */
struct note {
	char key[64], from[32], to[32], binary[300];
	int pid; /* of the daemon that left */
};

struct upgrade {
	uv_timer_t timer;
	struct api_server *api;
	struct core *core;
	char *program, *last_words;
	bool is_under_way, is_keeper, is_check;
	int fd; /* the other program; -1 */
	uint32_t timeout_ms, n_steps;
	struct note note;
	struct asker askers[MAX_ASKERS]; /* told when it is over */
	size_t n_askers;
};

static void on_closed(uv_handle_t *handle)
{
	struct upgrade *u = handle->data;

	if (u->fd >= 0)
		(void)close(u->fd);
	mem_free(u->program);
	mem_free(u->last_words);
	mem_free(u);
}

int upgrade_new(uv_loop_t *loop, const char *program, const char *last_words, struct upgrade **ret)
{
	struct upgrade *u = mem_new(struct upgrade);

	if (!u)
		return err_origin(-ENOMEM);
	(void)uv_timer_init(loop, &u->timer);
	u->timer.data = u;
	u->fd = -1;
	u->program = mem_strdup(program);
	u->last_words = mem_strdup(last_words);
	if (!u->program || !u->last_words) {
		upgrade_close(u);
		return err_origin(-ENOMEM);
	}
	*ret = u;
	return 0;
}

void upgrade_close(struct upgrade *u)
{
	if (u)
		uv_close((uv_handle_t *)&u->timer, on_closed);
}

void upgrade_set(struct upgrade *u, struct api_server *api, struct core *core)
{
	u->api = api;
	u->core = core;
}

/* ---- the note ---- */

static void write_note(const struct note *n, char *out, size_t size)
{
	json_auto_t *v = json_pack("{s:s, s:s, s:s, s:s, s:i}", "key", n->key, "from", n->from,
				   "to", n->to, "binary", n->binary, "pid", n->pid);
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;

	(void)snprintf(out, size, "%s", text && strlen(text) < size ? text : "{}");
	mem_free(text);
}

static void copy(const json_t *v, const char *name, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(v, name));

	(void)snprintf(out, size, "%s", s ? s : "");
}

static struct note read_note(const char *text)
{
	json_auto_t *v = json_loads(text, 0, NULL);
	struct note n = { .pid = (int)json_integer_value(json_object_get(v, "pid")) };

	copy(v, "key", n.key, sizeof n.key);
	copy(v, "from", n.from, sizeof n.from);
	copy(v, "to", n.to, sizeof n.to);
	copy(v, "binary", n.binary, sizeof n.binary);
	return n;
}

/* ---- how it went ---- */

/* "... [PID] text": what the daemon that failed said last, if it said anything. */
static const char *words_of_other(const struct upgrade *u, int old_pid)
{
	char mark[16];
	const char *p;

	(void)snprintf(mark, sizeof mark, "[%d] ", old_pid);
	if (!u->last_words[0] || strstr(u->last_words, mark))
		return NULL;
	p = strstr(u->last_words, "] ");
	return p ? p + 2 : u->last_words;
}

static void describe_death(const struct core_upgraded *how, char *out, size_t size)
{
	if (how->was_late) {
		(void)snprintf(out, size, "did not serve within %u ms", how->took_ms);
	} else if (WIFSIGNALED(how->status)) {
		(void)snprintf(out, size, "was killed by signal %d", WTERMSIG(how->status));
	} else {
		(void)snprintf(out, size, "exited with status %d", WEXITSTATUS(how->status));
	}
}

static void answer(const struct upgrade *u, const struct core_upgraded *how, api_upgraded_fn *done,
		   void *user)
{
	struct note n = read_note(how->note);
	struct api_upgraded done_well = {
		.from = n.from, .to = n.to, .binary = n.binary, .took_ms = how->took_ms
	};
	const char *words =
		how->program == CORE_DAEMON ? words_of_other(u, n.pid) : "see log/keeper.log";
	char death[64];
	struct fail f;

	if (!how->has_failed) {
		done(&done_well, NULL, user);
		return;
	}
	describe_death(how, death, sizeof death);
	(void)fail_setf(&f, FAIL_UPGRADE_FAILED, n.to, "version %s %s%s%.100s", n.to, death,
			words ? ": " : "", words ? words : "");
	fail_hint(&f, "`orchflow log` may tell more");
	done(NULL, &f, user);
}

/* ---- who asks ---- */

static bool add_asker(struct upgrade *u, api_upgraded_fn *done, void *user)
{
	if (u->n_askers == MAX_ASKERS)
		return false;
	u->askers[u->n_askers++] = (struct asker){ done, user };
	return true;
}

static void end(struct upgrade *u)
{
	u->is_under_way = false;
	if (u->fd >= 0)
		(void)close(u->fd);
	u->fd = -1;
}

static void refuse(struct upgrade *u, const struct fail *f)
{
	log_warn("upgrade refused: %s", f->detail);
	end(u);
	while (u->n_askers > 0) {
		u->n_askers--;
		u->askers[u->n_askers].done(NULL, f, u->askers[u->n_askers].user);
	}
}

void upgrade_on_upgraded(struct upgrade *u, const struct core_upgraded *how)
{
	if (!how->is_over)
		return;
	end(u);
	while (u->n_askers > 0) {
		u->n_askers--;
		answer(u, how, u->askers[u->n_askers].done, u->askers[u->n_askers].user);
	}
}

/* Asked again, by who lost the connection when the daemon left. */
static bool is_known(struct upgrade *u, const struct api_upgrade *spec, api_upgraded_fn *done,
		     void *user)
{
	const struct core_upgraded *last = core_last_upgrade(u->core);
	struct note n = read_note(last->note);
	struct fail f;

	if (!spec->key || (strcmp(spec->key, n.key) != 0 &&
			   !(u->is_under_way && strcmp(spec->key, u->note.key) == 0)))
		return false;
	if (!u->is_under_way && last->is_over) {
		answer(u, last, done, user);
	} else if (!add_asker(u, done, user)) {
		(void)fail_set(&f, FAIL_LIMIT_PENDING, NULL);
		done(NULL, &f, user);
	}
	return true;
}

/* ---- leaving ---- */

static void on_at_rest(void *user)
{
	struct upgrade *u = user;
	char note[512];
	struct fail f;

	write_note(&u->note, note, sizeof note);
	log_info("making room for %s version=%s", u->note.binary, u->note.to);
	/* If it cannot be told, this program is started again: nothing is lost but time. */
	if (core_upgrade(u->core, CORE_DAEMON, u->fd, u->timeout_ms, note, &f))
		log_error("the keeper does not know of it");
	api_server_leave(u->api);
	uv_stop(u->timer.loop);
}

static void on_step(uv_timer_t *timer)
{
	struct upgrade *u = timer->data;

	if (api_server_n_under_way(u->api) > 0 && ++u->n_steps < REST_MS / REST_STEP_MS)
		return;
	(void)uv_timer_stop(timer);
	core_prepare_handover(u->core, on_at_rest, u);
}

static void leave(struct upgrade *u)
{
	api_server_hand_over(u->api);
	u->n_steps = 0;
	(void)uv_timer_start(&u->timer, on_step, 0, REST_STEP_MS);
}

static void ask_keeper(struct upgrade *u)
{
	char note[512];
	struct fail f;

	write_note(&u->note, note, sizeof note);
	if (core_upgrade(u->core, CORE_KEEPER, u->fd, u->timeout_ms, note, &f))
		refuse(u, &f);
}

static void on_checked(struct upgrade *u)
{
	struct asker *a = &u->askers[0];
	struct api_upgraded would = { .from = u->note.from,
				      .to = u->note.to,
				      .binary = u->note.binary };

	if (u->is_check) {
		end(u);
		u->n_askers = 0;
		a->done(&would, NULL, a->user);
	} else if (u->is_keeper) {
		ask_keeper(u);
	} else {
		leave(u);
	}
}

/* ---- looking ---- */

/* The last line of what a program that failed printed. */
static const char *last_line(const char *text, size_t n, char *out, size_t size)
{
	const char *begin;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	begin = memrchr(text, '\n', n);
	begin = begin ? begin + 1 : text;
	(void)snprintf(out, size, "%.*s", (int)(n - (size_t)(begin - text)), begin);
	return out;
}

static int check_run(const struct upgrade *u, const struct core_ran *ran, struct fail *reterr)
{
	char line[120];

	if (!ran->was_late && WIFEXITED(ran->status) && WEXITSTATUS(ran->status) == 0)
		return 0;
	return fail_setf(reterr, FAIL_UPGRADE_REFUSED, NULL, "%s --print-versions %s: %s",
			 strrchr(u->note.binary, '/') + 1, ran->was_late ? "does not end" : "fails",
			 last_line(ran->err, ran->n_err, line, sizeof line));
}

/* What was asked is what lies there: it might have been replaced since it was opened. */
static int check_same(const struct upgrade *u, struct fail *reterr)
{
	struct stat opened, there;

	if (fstat(u->fd, &opened) == 0 && stat(u->note.binary, &there) == 0 &&
	    opened.st_dev == there.st_dev && opened.st_ino == there.st_ino)
		return 0;
	return fail_setf(reterr, FAIL_UPGRADE_REFUSED, NULL, "it is being replaced just now");
}

static int judge(struct upgrade *u, const struct core_ran *ran, struct fail *reterr)
{
	json_auto_t *other = NULL;
	struct core_status status;

	if (check_run(u, ran, reterr) || check_same(u, reterr))
		return FAIL_E_FAILED;
	other = versions_parse(ran->out, ran->n_out, u->is_keeper ? "orchflow-keeper" : "orchflowd",
			       reterr);
	if (!other)
		return FAIL_E_FAILED;
	copy(other, "version", u->note.to, sizeof u->note.to);
	core_get_status(u->core, &status);
	return u->is_keeper ? versions_check_keeper(other, reterr)
			    : versions_check_daemon(other, status.keeper_protocol, reterr);
}

static void on_looked(const struct core_ran *ran, const struct fail *f, void *user)
{
	struct upgrade *u = user;
	struct fail why;

	if (f) {
		refuse(u, f);
	} else if (judge(u, ran, &why)) {
		refuse(u, &why);
	} else {
		on_checked(u);
	}
}

/* Where the program that runs was installed: there the other one lies by now. */
static int find_binary(struct upgrade *u, const char *told, struct fail *reterr)
{
	static const char deleted[] = " (deleted)";
	struct core_status status;
	char link[32], path[PATH_MAX] = "";
	ssize_t n = 0;

	core_get_status(u->core, &status);
	(void)snprintf(link, sizeof link, "/proc/%u/exe", status.keeper_pid);
	if (told || !u->is_keeper) {
		(void)snprintf(path, sizeof path, "%s", told ? told : u->program);
	} else {
		n = readlink(link, path, sizeof path - 1);
	}
	if (n > (ssize_t)sizeof deleted && strcmp(path + n - sizeof deleted + 1, deleted) == 0)
		path[n - (ssize_t)sizeof deleted + 1] = '\0';
	if (path[0] != '/' || strlen(path) >= sizeof u->note.binary) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "binary",
				 "must be an absolute path of less than %zu bytes",
				 sizeof u->note.binary);
	}
	memcpy(u->note.binary, path, strlen(path) + 1);
	u->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (u->fd < 0) {
		return fail_setf(reterr, FAIL_UPGRADE_REFUSED, NULL, "%.120s: %s", path,
				 strerror(errno));
	}
	return 0;
}

static void begin(struct upgrade *u, const struct api_upgrade *spec)
{
	const char *const argv[] = { u->note.binary, "--print-versions", NULL };
	struct fail f;

	u->is_under_way = true;
	u->is_keeper = spec->is_keeper;
	u->is_check = spec->is_check;
	u->timeout_ms = spec->timeout_ms;
	u->note = (struct note){ .pid = getpid() };
	if (!u->is_keeper)
		(void)snprintf(u->note.from, sizeof u->note.from, "%s", ORCHFLOW_VERSION);
	(void)snprintf(u->note.key, sizeof u->note.key, "%s", spec->key ? spec->key : "");
	if (find_binary(u, spec->binary, &f)) {
		refuse(u, &f);
		return;
	}
	core_run_program(u->core, argv, LOOK_TIMEOUT_MS, on_looked, u);
}

void upgrade_ask(struct upgrade *u, const struct api_upgrade *spec, api_upgraded_fn *done,
		 void *user)
{
	struct core_status status;
	struct fail f;

	core_get_status(u->core, &status);
	if (is_known(u, spec, done, user))
		return;
	if (u->is_under_way) {
		(void)fail_setf(&f, FAIL_UPGRADE_REFUSED, NULL, "another one is under way");
		done(NULL, &f, user);
	} else if (status.is_shutting_down || !add_asker(u, done, user)) {
		(void)fail_set(&f, FAIL_SHUTTING_DOWN, NULL);
		done(NULL, &f, user);
	} else {
		begin(u, spec);
	}
}
