/* Making panes: what a client asked for becomes a record, a slot in the arena,
 * a line in the registry and, last, a message to the keeper.  A crash between
 * any two of these leaves nothing that the next start cannot put right. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

static void put_strings(struct buf *b, const struct pane *p, uint32_t *ret_n_argv,
			uint32_t *ret_n_env)
{
	char line[192];
	const char *cwd;

	shell_put_argv(p, b, ret_n_argv);
	shell_put_env(p, b, ret_n_env);
	buf_put(b, "TERM=xterm-256color", sizeof "TERM=xterm-256color");
	buf_put(b, "COLORTERM=truecolor", sizeof "COLORTERM=truecolor");
	snprintf(line, sizeof line, "ORCHFLOW_PANE=p%llu", (unsigned long long)p->number);
	buf_put(b, line, strlen(line) + 1);
	snprintf(line, sizeof line, "ORCHFLOW_SESSION=%s", p->session->name);
	buf_put(b, line, strlen(line) + 1);
	snprintf(line, sizeof line, "ORCHFLOW_SOCKET=%s", p->core->socket_path);
	buf_put(b, line, strlen(line) + 1);
	*ret_n_env += 5;
	cwd = p->is_in_last_cwd ? p->cwd_now : p->cwd;
	buf_put(b, cwd, strlen(cwd) + 1);
}

static int put(int fd, const void *bytes, size_t n)
{
	ssize_t done = write(fd, bytes, n);

	return done < 0 ? -errno : (size_t)done == n ? 0 : -ENOSPC;
}

/* The spawn block, in a sealed memfd: the keeper passes it on unread. */
int spawn_make_spec(const struct buf *text, uint32_t n_argv, uint32_t n_env, int *ret_fd)
{
	struct keeper_spec_header h = { .magic = KEEPER_SPEC_MAGIC,
					.bytes = (uint32_t)(sizeof h + buf_len(text)),
					.n_argv = n_argv,
					.n_env = n_env };
	int fd, r = buf_check(text);

	if (r == 0 && buf_len(text) > KEEPER_SPEC_MAX - sizeof h)
		r = -E2BIG;
	if (r < 0)
		return err_origin(r);
	fd = memfd_create("orchflow-spawn", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_origin(-errno);
	r = put(fd, &h, sizeof h);
	if (r == 0)
		r = put(fd, buf_data(text), buf_len(text));
	if (r == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return err_origin(r);
	}
	*ret_fd = fd;
	return 0;
}

static int make_spec(const struct pane *p, int *ret_fd)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	uint32_t n_argv, n_env;

	put_strings(&text, p, &n_argv, &n_env);
	return spawn_make_spec(&text, n_argv, n_env, ret_fd);
}

static uint32_t spawn_flags(const struct pane *p, bool has_stdin)
{
	return (p->is_pty ? KEEPER_SPAWN_PTY : 0) | (has_stdin ? KEEPER_SPAWN_STDIN : 0) |
	       (p->wants_raw_output ? KEEPER_SPAWN_RAW_OUTPUT : 0);
}

/* Of what was to go to the keeper. */
static enum fail_code fail_of_send(const struct core *c, int r)
{
	if (c->is_keeper_gone)
		return FAIL_KEEPER_GONE;
	return r == -EMFILE || r == -ENFILE ? FAIL_NO_DESCRIPTORS : FAIL_NO_MEMORY;
}

/* @stdin_fd is taken over in every case. */
int spawn_send(struct pane *p, int stdin_fd, struct fail *reterr)
{
	struct keeper_spawn m = { .token = p->number,
				  .pane = p->number,
				  .generation = p->generation,
				  .flags = spawn_flags(p, stdin_fd >= 0),
				  .cols = p->cols,
				  .rows = p->rows,
				  .umask = p->umask };
	int fds[2] = { -1, stdin_fd };
	int r = make_spec(p, &fds[0]);

	if (r == 0)
		r = stream_take_slot(&p->streams[CORE_OUT]);
	if (r == 0 && !p->is_pty)
		r = stream_take_slot(&p->streams[CORE_ERR]);
	if (r < 0) {
		if (fds[0] >= 0)
			close(fds[0]);
		if (stdin_fd >= 0)
			close(stdin_fd);
		log_fault(r, "cannot prepare pane p%llu", (unsigned long long)p->number);
		return fail_setf(reterr, r == -E2BIG ? FAIL_SPAWN_FAILED : fail_of_send(p->core, r),
				 NULL, "%s", strerror(-r));
	}
	snprintf(m.key, sizeof m.key, "%.63s", p->key);
	KEEPER_MSG(&m, KEEPER_SPAWN);
	p->spawned_ns = clock_mono_ns();
	p->core->metrics.n_spawns++;
	r = link_send(p->core, &m, sizeof m, fds, stdin_fd >= 0 ? 2 : 1);
	close(fds[0]);
	if (stdin_fd >= 0)
		close(stdin_fd);
	if (r < 0) {
		log_fault(r, "pane p%llu is not started", (unsigned long long)p->number);
		return fail_set(reterr, fail_of_send(p->core, r), NULL);
	}
	return 0;
}

void spawn_fail_of_step(struct fail *f, const struct pane *p, int step, int error)
{
	const char *program = json_string_value(json_array_get(p->command, 0));
	enum fail_code code = FAIL_SPAWN_FAILED;

	switch ((enum keeper_step)step) {
	case KEEPER_STEP_NONE:
	case KEEPER_STEP_SPEC:
	case KEEPER_STEP_SESSION:
	case KEEPER_STEP_TERMINAL:
	case KEEPER_STEP_LIMITS:
		break;
	case KEEPER_STEP_TABLE:
		code = FAIL_LIMIT_PANES;
		break;
	case KEEPER_STEP_PTY:
		code = error == ENOSPC || error == EIO ? FAIL_NO_PTY : FAIL_NO_DESCRIPTORS;
		break;
	case KEEPER_STEP_PIPE:
	case KEEPER_STEP_FORK:
		code = FAIL_NO_DESCRIPTORS;
		break;
	case KEEPER_STEP_CHDIR:
		fail_setf(f, FAIL_DIRECTORY_NOT_FOUND, NULL, "%s: %s", p->cwd, strerror(error));
		return;
	case KEEPER_STEP_EXEC:
		code = error == ENOENT ? FAIL_COMMAND_NOT_FOUND : FAIL_COMMAND_NOT_EXECUTABLE;
		fail_setf(f, code, NULL, "%s: %s", program ? program : "?", strerror(error));
		return;
	}
	fail_setf(f, code, NULL, "%s", strerror(error));
	if (code == FAIL_NO_PTY) {
		fail_hint(f, "`orchflow doctor` shows how many there are; kernel.pty.max is the "
			     "limit");
	}
}

/* The user's shell: $SHELL as the client has it, then the password file's. */
static json_t *default_command(const struct core_env *env)
{
	const char *shell = env_get(env, "SHELL");

	if (!shell || shell[0] != '/') {
		const struct passwd *pw = getpwuid(getuid());

		shell = pw && pw->pw_shell && pw->pw_shell[0] ? pw->pw_shell : "/bin/sh";
	}
	return json_pack("[s]", shell);
}

/* What a daemon knows when a client told it no environment at all. */
static int default_env(struct core *c, struct core_env **ret)
{
	const struct passwd *pw = getpwuid(getuid());
	json_t *vars = json_pack("{s:s, s:s, s:s, s:s}", "PATH", "/usr/local/bin:/usr/bin:/bin",
				 "HOME", pw ? pw->pw_dir : "/", "USER", pw ? pw->pw_name : "",
				 "SHELL", pw && pw->pw_shell[0] ? pw->pw_shell : "/bin/sh");
	int r = vars ? env_intern(c, vars, ret) : err_origin(-ENOMEM);

	json_decref(vars);
	return err_trace(r);
}

static int check_command(const json_t *command, struct fail *reterr)
{
	size_t i;
	json_t *arg;

	json_array_foreach(command, i, arg)
	{
		if (!json_is_string(arg) ||
		    strlen(json_string_value(arg)) != json_string_length(arg)) {
			return fail_setf(reterr, FAIL_INVALID_PARAMS, "command",
					 "must be an array of strings without NUL");
		}
	}
	if (json_array_size(command) > 0 && json_string_length(json_array_get(command, 0)) == 0) {
		return fail_setf(reterr, FAIL_COMMAND_NOT_FOUND, "command",
				 "the program's name is empty");
	}
	return 0;
}

static int check_spec(struct core *c, const struct pane_spec *spec, struct fail *reterr)
{
	if (c->is_shutting_down)
		return fail_set(reterr, FAIL_SHUTTING_DOWN, NULL);
	if (size_check(spec->cols, spec->rows, "cols", reterr))
		return FAIL_E_FAILED;
	if (c->n_live >= c->config.max_panes) {
		fail_setf(reterr, FAIL_LIMIT_PANES, NULL, "the limit is %u", c->config.max_panes);
		fail_hint(reterr, "end some, or raise `panes` in orchflow.conf(5)");
		return FAIL_E_FAILED;
	}
	if (spec->key && (!*spec->key || strlen(spec->key) > KEEPER_KEY_BYTES - 1)) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "key", "must have 1 to %u bytes",
				 KEEPER_KEY_BYTES - 1);
	}
	if (spec->cwd && spec->cwd[0] != '/')
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "cwd", "must be an absolute path");
	return spec->command ? check_command(spec->command, reterr) : 0;
}

/* The session that was named, or a new one of that name. */
static int choose_session(struct core *c, const struct pane_spec *spec, struct session **ret,
			  struct fail *reterr)
{
	const char *name = spec->session ? spec->session : "main";
	struct fail ignored;
	int r;

	if (core_session_find(c, name, ret, &ignored) == 0)
		return 0;
	r = core_session_create(c, name, spec->cwd, spec->env, ret, reterr);
	if (r == 0)
		(*ret)->is_made_by_create = true;
	return r;
}

static int fill_pane(struct pane *p, const struct pane_spec *spec)
{
	struct core *c = p->core;
	int r = 0;

	p->is_fresh = true;
	p->wants_hold = p->is_held = spec->wants_hold;
	p->is_private = spec->is_private;
	p->is_pty = spec->wants_pty;
	p->wants_raw_output = spec->wants_raw_output;
	p->cols = (uint16_t)spec->cols;
	p->rows = (uint16_t)spec->rows;
	p->umask = spec->umask;
	pane_set_key(p, spec->key ? spec->key : "");
	if (spec->env) {
		r = env_intern(c, spec->env, &p->env);
	} else if (p->session->env) {
		p->env = env_ref(p->session->env);
	} else {
		r = default_env(c, &p->env);
	}
	p->cwd = mem_strdup(spec->cwd ? spec->cwd : p->session->cwd);
	if (spec->kind && strcmp(spec->kind, "terminal") != 0)
		p->kind = mem_strdup(spec->kind);
	if (spec->title)
		p->title = mem_strdup(spec->title);
	if ((spec->title && !p->title) ||
	    (spec->kind && strcmp(spec->kind, "terminal") != 0 && !p->kind))
		r = -ENOMEM;
	p->command = json_array_size(spec->command) ? json_deep_copy(spec->command)
						    : default_command(p->env);
	p->metadata = spec->metadata ? json_deep_copy(spec->metadata) : NULL;
	if (spec->metadata && !p->metadata)
		r = -ENOMEM;
	return r < 0 || !p->cwd || !p->command ? err_fold(r < 0 ? r : -ENOMEM) : 0;
}

int pane_add_waiter(struct pane *p, core_pane_fn *done, void *user)
{
	struct create_waiter *w = mem_new(struct create_waiter);

	if (!w)
		return err_origin(-ENOMEM);
	w->on_done = done;
	w->user = user;
	list_append(&p->create_waiters, &w->link);
	return 0;
}

/* The newest, if several have it. */
static struct pane *find_key(struct core *c, const char *key)
{
	struct pane *found = NULL;

	list_for_each (l, index_bucket_of(&c->keys, key)) {
		struct pane *p = list_entry(l, struct pane, by_key);

		if (strcmp(p->key, key) == 0 && (!found || p->number > found->number))
			found = p;
	}
	return found;
}

static bool is_unknown(const json_t *command)
{
	const char *first = json_string_value(json_array_get(command, 0));

	return first && strcmp(first, CORE_UNKNOWN_COMMAND) == 0;
}

/* The same request again (a client's retry after a crash): the same pane. */
static bool answer_known_key(struct core *c, const struct pane_spec *spec, core_pane_fn *done,
			     void *user)
{
	struct pane *p = spec->key && *spec->key ? find_key(c, spec->key) : NULL;
	struct fail f;

	if (!p)
		return false;
	if (json_array_size(spec->command) && !json_equal(spec->command, p->command) &&
	    !is_unknown(p->command)) {
		fail_setf(&f, FAIL_KEY_CONFLICT, spec->key, "p%llu runs another command",
			  (unsigned long long)p->number);
		done(NULL, &f, user);
	} else if (p->state != PANE_STARTING) {
		done(p, NULL, user);
	} else if (pane_add_waiter(p, done, user) < 0) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
	}
	return true;
}

/* A session that was made for a pane which did not come to be. */
static void drop_if_unborn(struct core *c, uint64_t number)
{
	struct session *s = session_by_number(c, number);

	if (s && s->is_made_by_create && s->n_panes == 0) {
		core_event(c, CORE_SESSION_DELETED, NULL, s);
		session_remove(s);
		registry_drop_session(c, number);
	}
}

static void take_waiters(struct pane *p, struct list *to)
{
	list_init(to);
	list_for_each_safe (l, &p->create_waiters) {
		list_remove(l);
		list_append(to, l);
	}
}

static void answer_all(struct list *waiters, struct pane *p, const struct fail *f)
{
	while (!list_is_empty(waiters)) {
		struct create_waiter *w = list_entry(waiters->next, struct create_waiter, link);

		list_remove(&w->link);
		w->on_done(p, f, w->user);
		mem_free(w);
	}
}

static void on_durable(uint64_t number, void *user)
{
	struct pane *p = pane_by_number(user, number);

	if (p && p->state != PANE_STARTING)
		pane_answer_create(p, NULL);
}

/* Who is told may remove the pane, and with it who waits for it.  That it runs is only
 * told when its record is on the disk, which usually was faster. */
void pane_answer_create(struct pane *p, const struct fail *f)
{
	struct list waiters;

	if (!f && !registry_is_durable(p->core, p->durable_at)) {
		registry_when_durable(p->core, p->durable_at, on_durable, p->number, p->core);
		return;
	}
	take_waiters(p, &waiters);
	answer_all(&waiters, f ? NULL : p, f);
}

/* As if it had never been: also for those that were made active after it. */
static void bring_active_back(struct pane *p)
{
	struct session *s = p->session;

	for (uint32_t i = 0; i < s->n_panes; i++) {
		if (s->panes[i]->active_before == p->number)
			s->panes[i]->active_before = p->active_before;
	}
	if (s->active == p->number && pane_by_number(p->core, p->active_before))
		s->active = p->active_before;
}

void pane_fail_create(struct pane *p, const struct fail *f)
{
	struct core *c = p->core;
	uint64_t session = p->session->number;
	struct list waiters;

	bring_active_back(p);
	take_waiters(p, &waiters);
	pane_set_state(p, PANE_EXITED); /* nothing of it is left to be killed */
	pane_remove(p, true);
	drop_if_unborn(c, session);
	answer_all(&waiters, NULL, f);
}

/* The key did not start anything: the same request may be tried again. */
void pane_fail_respawn(struct pane *p, const struct fail *f)
{
	pane_set_key(p, "");
	p->is_closed = true;
	p->exited_us = clock_wall_us();
	pane_set_state(p, PANE_EXITED);
	if (!p->core->is_shutting_down)
		layout_leave(p);
	registry_put_pane(p);
	pane_answer_create(p, f);
}

static int begin_create(struct core *c, const struct pane_spec *spec, core_pane_fn *done,
			void *user, int *stdin_fd, struct fail *reterr)
{
	struct session *s;
	struct pane *p;

	if (check_spec(c, spec, reterr) || choose_session(c, spec, &s, reterr))
		return FAIL_E_FAILED;
	if (pane_add(c, c->next_pane, s, &p) < 0) {
		drop_if_unborn(c, s->number);
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
	if (fill_pane(p, spec) < 0 || pane_add_waiter(p, done, user) < 0) {
		fail_set(reterr, FAIL_NO_MEMORY, NULL);
		pane_fail_create(p, reterr);
		return FAIL_E_FAILED;
	}
	registry_put_pane(p);
	p->durable_at = registry_position(c);
	if (spawn_send(p, *stdin_fd, reterr)) {
		*stdin_fd = -1;
		pane_fail_create(p, reterr);
		return 0; /* answered */
	}
	*stdin_fd = -1;
	return 0;
}

void core_pane_create(struct core *c, const struct pane_spec *spec, core_pane_fn *done, void *user)
{
	int stdin_fd = spec->stdin_fd;
	struct fail f;

	pane_prune_exited(c);
	if (!answer_known_key(c, spec, done, user) &&
	    begin_create(c, spec, done, user, &stdin_fd, &f))
		done(NULL, &f, user);
	if (stdin_fd >= 0)
		close(stdin_fd);
}
