/*
 * Where the shells of panes were, in a file, for the next daemon: what a shell told
 * may lie far behind what the ring still holds, and what was asked of us (a run, its
 * number and budget) stands in no output at all.
 *
 * STATE/commands.log: JSON lines, the last line of a pane wins.  A line is written
 * before anything is typed, told or answered that rests on it, and is in the kernel's
 * page cache then: a crash of the daemon loses nothing.  It says up to which position
 * the shell's marks were acted on; those between there and fed_seq (a crash between
 * feeding and writing) are looked at once more.
 *
 * A file that cannot be written is emptied: what is old would be wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/command.h"
#include "core/run.h"
#include "core/state.h"
#include "vt/vt.h"

#define SLACK_BYTES (256u << 10) /* so much may be out of date before the file is written anew */

static const char *const state_names[] = { [SHELL_UNKNOWN] = "unknown",
					   [SHELL_BETWEEN] = "between",
					   [SHELL_PROMPT] = "prompt",
					   [SHELL_CONTINUED] = "continued",
					   [SHELL_RUNNING] = "running" };

/* ---- lines ---- */

void command_log_set_text(json_t *v, const char *key, const char *text)
{
	/* What is no UTF-8 is left out. */
	(void)json_object_set_new(v, key, text ? json_string(text) : json_null());
}

void command_log_set_int(json_t *v, const char *key, uint64_t n)
{
	(void)json_object_set_new(v, key, json_integer((json_int_t)n));
}

uint64_t command_log_int(const json_t *v, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(v, key));
}

char *command_log_text(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? mem_strdup(s) : NULL;
}

/* What a private pane runs is written nowhere. */
static json_t *json_of_command(const struct pane *p, const struct core_command *c)
{
	json_t *v = json_object();

	command_log_set_int(v, "n", c->number);
	command_log_set_text(v, "text", p->is_private ? NULL : c->text);
	command_log_set_text(v, "cwd", c->cwd);
	command_log_set_text(v, "after", c->cwd_after);
	(void)json_object_set_new(v, "told", json_boolean(c->is_text_told));
	(void)json_object_set_new(v, "runs", json_boolean(c->is_running));
	(void)json_object_set_new(v, "gone", json_boolean(c->is_shell_gone));
	(void)json_object_set_new(v, "exit", c->has_exit ? json_integer(c->exit_code) : NULL);
	command_log_set_int(v, "start_us", c->started_us);
	command_log_set_int(v, "start_ns", c->started_ns);
	command_log_set_int(v, "end_us", c->ended_us);
	command_log_set_int(v, "end_ns", c->ended_ns);
	command_log_set_int(v, "from", c->seq_from);
	command_log_set_int(v, "to", c->seq_to);
	return v;
}

static void put_shell(const struct pane *p, json_t *v)
{
	const struct shell *s = p->shell;

	command_log_set_text(v, "state", state_names[s->state]);
	command_log_set_int(v, "at", s->acted_at);
	command_log_set_int(v, "prompt", s->prompt_at);
	command_log_set_text(v, "cwd", s->cwd);
	command_log_set_text(v, "shell", shell_kind_name(s->kind));
	if (s->command.number)
		(void)json_object_set_new(v, "command", json_of_command(p, &s->command));
}

/* NULL: there is nothing to be said of it. */
static char *line_of(const struct pane *p)
{
	json_t *v, *run;
	char *text;

	/* Of an earlier daemon and not needed since. */
	if (p->logged)
		return json_dumps(p->logged, JSON_COMPACT);
	run = run_to_json(p);
	if (!p->shell && !run)
		return NULL;
	v = json_object();
	command_log_set_int(v, "pane", p->number);
	command_log_set_int(v, "gen", p->generation);
	command_log_set_int(v, "next", p->next_command);
	if (p->shell)
		put_shell(p, v);
	(void)json_object_set_new(v, "run", run);
	text = json_dumps(v, JSON_COMPACT);
	json_decref(v);
	return text;
}

/* ---- the file ---- */

static int write_all(int fd, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, s, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 ? -errno : -EIO;
		s += k;
		n -= (size_t)k;
	}
	return 0;
}

static void path_of(const struct core *c, const char *end, char *path, size_t size)
{
	snprintf(path, size, "%s/commands.log%s", c->state_dir, end);
}

static int replace_file(struct core *c, const struct buf *b)
{
	char path[560], fresh[560];
	int fd, r;

	path_of(c, "", path, sizeof path);
	path_of(c, ".new", fresh, sizeof fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_all(fd, buf_data(b), buf_len(b));
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0 && fd >= 0) {
		close(fd);
		unlink(fresh);
	}
	if (r < 0)
		return r;
	if (c->command_log.fd >= 0)
		close(c->command_log.fd);
	c->command_log.fd = fd;
	return 0;
}

static void set_broken(struct core *c, int r)
{
	struct command_log *l = &c->command_log;
	char path[560];

	if (!l->is_broken) {
		log_error("commands.log cannot be written (%s): after a crash of the daemon it "
			  "is not known what shells were running",
			  strerror(-r));
	}
	l->is_broken = true;
	path_of(c, "", path, sizeof path);
	if (l->fd >= 0 && ftruncate(l->fd, 0) < 0)
		unlink(path);
	l->bytes = 0;
}

/* Everything anew, so that what is out of date takes no room. */
static void rewrite(struct core *c)
{
	struct buf b = BUF_INIT;
	int r;

	for (uint32_t i = 0; i < c->n_panes; i++) {
		char *text = c->panes[i]->is_deleted ? NULL : line_of(c->panes[i]);

		if (text) {
			buf_put_str(&b, text);
			buf_put_char(&b, '\n');
		}
		mem_free(text);
	}
	r = buf_check(&b);
	if (r == 0)
		r = replace_file(c, &b);
	if (r < 0) {
		set_broken(c, r);
	} else {
		if (c->command_log.is_broken)
			log_info("commands.log is written again");
		c->command_log.is_broken = false;
		c->command_log.bytes = buf_len(&b);
		c->command_log.rewrite_at = 2 * buf_len(&b) + SLACK_BYTES;
	}
	buf_fini(&b);
	err_clear();
}

void command_log_put(struct pane *p)
{
	struct command_log *l = &p->core->command_log;
	struct buf b = BUF_INIT;
	char *text;
	int r;

	json_decref(p->logged); /* what is known now counts */
	p->logged = NULL;
	if (l->is_broken || l->fd < 0 || l->bytes > l->rewrite_at) {
		rewrite(p->core);
		return;
	}
	text = line_of(p);
	if (!text)
		return;
	buf_put_str(&b, text);
	buf_put_char(&b, '\n');
	mem_free(text);
	r = buf_check(&b);
	if (r == 0)
		r = write_all(l->fd, buf_data(&b), buf_len(&b));
	l->bytes += buf_len(&b);
	buf_fini(&b);
	if (r < 0)
		set_broken(p->core, r);
}

/* ---- a start ---- */

static void take_line(struct core *c, json_t *v)
{
	struct pane *p = pane_by_number(c, command_log_int(v, "pane"));

	if (!p) {
		json_decref(v);
		return;
	}
	json_decref(p->logged);
	p->logged = v;
}

void command_log_open(struct core *c)
{
	char path[560], *line = NULL;
	size_t size = 0;
	ssize_t n;
	FILE *f;

	path_of(c, "", path, sizeof path);
	f = fopen(path, "re");
	if (!f)
		return;
	while ((n = getline(&line, &size, f)) > 0)
		take_line(c, json_loadb(line, (size_t)n, 0, NULL));
	free(line); /* getline's */
	fclose(f);
}

void command_log_close(struct core *c)
{
	if (c->command_log.fd >= 0)
		close(c->command_log.fd);
	c->command_log.fd = -1;
}

static void restore_command(struct core_command *c, const struct shell *s, const json_t *v)
{
	const json_t *code = json_object_get(v, "exit");

	*c = (struct core_command){
		.number = command_log_int(v, "n"),
		.shell = shell_kind_name(s->kind),
		.text = command_log_text(v, "text"),
		.cwd = command_log_text(v, "cwd"),
		.cwd_after = command_log_text(v, "after"),
		.is_text_told = json_is_true(json_object_get(v, "told")),
		.is_running = json_is_true(json_object_get(v, "runs")),
		.is_shell_gone = json_is_true(json_object_get(v, "gone")),
		.has_exit = json_is_integer(code),
		.exit_code = (int)json_integer_value(code),
		.started_us = command_log_int(v, "start_us"),
		.started_ns = command_log_int(v, "start_ns"),
		.ended_us = command_log_int(v, "end_us"),
		.ended_ns = command_log_int(v, "end_ns"),
		.seq_from = command_log_int(v, "from"),
		.seq_to = command_log_int(v, "to"),
	};
}

/* Marks that were fed and not acted on any more: they are noted as if they came now. */
struct rest {
	struct pane *pane;
	struct vt *vt;
	uint64_t at;
};

static void on_mark(void *user, const struct vt_mark_event *ev)
{
	struct rest *x = user;
	size_t n, taken = vt_taken(x->vt, &n);

	command_note_mark(x->pane, ev, x->at + taken - n, x->at + taken);
}

static void on_command_line(void *user, const char *text, const char *nonce)
{
	command_note_line(((struct rest *)user)->pane, text, nonce);
}

static void on_user_var(void *user, const char *name, const char *value)
{
	command_note_var(((struct rest *)user)->pane, name, value);
}

static void note_rest(struct pane *p, uint64_t from)
{
	static const struct vt_callbacks callbacks = { .mark = on_mark,
						       .command_line = on_command_line,
						       .user_var = on_user_var };
	static const struct vt_opts opts = { .has_no_history = true };
	struct stream *out = &p->streams[CORE_OUT];
	struct rest x = { .pane = p, .at = from };
	struct arena_view v;
	uint64_t to;

	if (!out->has_slot)
		return;
	to = p->core->arena.slots[out->slot].fed_seq;
	if (x.at < stream_tail(out))
		x.at = stream_tail(out);
	if (x.at >= to)
		return;
	x.vt = vt_new(p->cols, p->rows, &opts, &callbacks, &x);
	if (!x.vt)
		return;
	v = arena_slot_view(&p->core->arena, out->slot, x.at, to - x.at);
	for (int i = 0; i < 2; i++) {
		if (v.n[i] > 0)
			vt_feed(x.vt, v.p[i], v.n[i]);
		x.at += v.n[i];
	}
	vt_free(x.vt);
}

static bool fits(const struct pane *p)
{
	return p->logged && command_log_int(p->logged, "gen") == p->generation;
}

bool command_log_recall(struct pane *p)
{
	const char *state = fits(p) ? json_string_value(json_object_get(p->logged, "state")) : NULL;
	struct shell *s = p->shell;
	const json_t *command;

	if (!state)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
		if (strcmp(state, state_names[i]) == 0)
			s->state = (enum shell_state)i;
	}
	s->acted_at = command_log_int(p->logged, "at");
	s->prompt_at = command_log_int(p->logged, "prompt");
	s->cwd = command_log_text(p->logged, "cwd");
	if (command_log_int(p->logged, "next") > p->next_command)
		p->next_command = command_log_int(p->logged, "next");
	command = json_object_get(p->logged, "command");
	if (json_is_object(command))
		restore_command(&s->command, s, command);
	note_rest(p, s->acted_at);
	return true;
}

/* A command that ran, or a run: somebody may wait for it.  All else has time. */
void command_log_restore(struct pane *p)
{
	const json_t *run = json_object_get(p->logged, "run"), *command;
	bool is_busy;

	if (!fits(p)) {
		json_decref(p->logged);
		p->logged = NULL;
		return;
	}
	command = json_object_get(p->logged, "command");
	is_busy = json_is_object(run) || json_is_true(json_object_get(command, "runs"));
	if (!is_busy)
		return;
	(void)command_shell(p);
	if (json_is_object(run))
		run_from_json(p, run);
	json_decref(p->logged);
	p->logged = NULL;
	command_turn(p);
	if (p->state > PANE_RUNNING) { /* it ended while there was no daemon, or with the keeper */
		command_on_exit(p);
		run_on_exit(p);
	}
}
