/*
 * The registry: what must be known of sessions and panes when the daemon
 * starts again.  A log of JSON lines in the state directory, the last line of
 * an object wins:
 *
 *   {"t":"next","session":N,"pane":N}
 *   {"t":"env","id":N,"vars":["K=V",...]}
 *   {"t":"session","id":N,"name":...,"cwd":...,"env":N,"created":us}
 *   {"t":"pane","id":N,...}
 *   {"t":"-session","id":N}  {"t":"-pane","id":N}
 *
 * A line is in the kernel's page cache before the next step is taken, which is
 * what a crash of the daemon needs.  A line that cannot be read is skipped and
 * the file set aside; when a line cannot be written, the whole is written anew
 * at the next chance.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

#define REWRITE_SLACK_BYTES (8u << 20)

static void path_of(const struct core *c, const char *suffix, char *out, size_t size)
{
	snprintf(out, size, "%s/registry.log%s", c->state_dir, suffix);
}

/* ---- records ---- */

static json_t *record_of_env(const struct core_env *e)
{
	json_t *vars = json_array();

	for (const char *p = e->data; p < e->data + e->bytes; p += strlen(p) + 1) {
		json_t *v = json_string(p); /* NULL if it is not UTF-8: left out */

		if (v)
			json_array_append_new(vars, v);
	}
	return json_pack("{s:s, s:i, s:o}", "t", "env", "id", (int)e->id, "vars", vars);
}

static json_t *record_of_session(const struct session *s)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:s*}", "t", "session", "id",
			 (json_int_t)s->number, "name", s->name, "cwd", s->cwd, "env",
			 s->env ? (int)s->env->id : 0, "created", (json_int_t)s->created_us,
			 "layouts", s->layouts_text);
}

static json_t *record_of_pane(const struct pane *p)
{
	json_t *v = json_pack("{s:s, s:I, s:I, s:s, s:i, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:i, "
			      "s:i, s:i}",
			      "t", "pane", "id", (json_int_t)p->number, "session",
			      (json_int_t)p->session->number, "state", pane_state_name(p->state),
			      "gen", (int)p->generation, "pty", p->is_pty, "private", p->is_private,
			      "raw", p->wants_raw_output, "hold", p->wants_hold, "fresh",
			      p->is_fresh, "closed", p->is_closed, "quarantined", p->is_quarantined,
			      "cols", p->cols, "rows", p->rows, "umask", (int)p->umask);

	if (!v)
		return NULL;
	/* Text that is not UTF-8 is left out; a command or metadata must not be. */
	json_object_set_new(v, "cwd", json_string(p->cwd));
	json_object_set_new(v, "kind", p->kind ? json_string(p->kind) : json_null());
	json_object_set_new(v, "title", p->title ? json_string(p->title) : json_null());
	json_object_set_new(v, "key", json_string(p->key));
	if (json_object_set(v, "command", p->command) < 0 ||
	    json_object_set(v, "metadata", p->metadata ? p->metadata : json_null()) < 0) {
		json_decref(v);
		return NULL;
	}
	json_object_set_new(v, "env", json_integer(p->env ? p->env->id : 0));
	json_object_set_new(v, "status", p->has_status ? json_integer(p->status) : json_null());
	json_object_set_new(v, "created", json_integer((json_int_t)p->created_us));
	json_object_set_new(v, "started", json_integer((json_int_t)p->started_us));
	json_object_set_new(v, "exited", json_integer((json_int_t)p->exited_us));
	return v;
}

/* ---- writing ---- */

static int put_line(struct buf *b, json_t *v)
{
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;

	json_decref(v);
	if (!text)
		return err_origin(-ENOMEM);
	buf_put_str(b, text);
	buf_put_char(b, '\n');
	mem_free(text);
	return err_trace(buf_check(b));
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_origin(r < 0 ? -errno : -EIO);
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* Environments are numbered anew: only so many are in use, however many ever were. */
static int put_everything(struct core *c, struct buf *b)
{
	int r = put_line(b,
			 json_pack("{s:s, s:I, s:I}", "t", "next", "session",
				   (json_int_t)c->next_session, "pane", (json_int_t)c->next_pane));

	c->next_env = 1;
	list_for_each (l, &c->envs) {
		struct core_env *e = list_entry(l, struct core_env, link);

		e->id = c->next_env++;
		e->is_written = true;
		if (r == 0)
			r = put_line(b, record_of_env(e));
	}
	for (uint32_t i = 0; r == 0 && i < c->n_sessions; i++)
		r = put_line(b, record_of_session(c->sessions[i]));
	for (uint32_t i = 0; r == 0 && i < c->n_panes; i++) {
		if (!c->panes[i]->is_deleted)
			r = put_line(b, record_of_pane(c->panes[i]));
	}
	return err_trace(r);
}

/* The whole into a new file, which then takes the old one's place. */
static int rewrite(struct core *c)
{
	struct buf b = BUF_INIT;
	char tmp[512], path[512];
	int fd = -1, r = put_everything(c, &b);

	path_of(c, ".new", tmp, sizeof tmp);
	path_of(c, "", path, sizeof path);
	if (r == 0) {
		fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
		r = fd < 0 ? err_origin(-errno) : write_all(fd, buf_data(&b), buf_len(&b));
	}
	if (r == 0 && rename(tmp, path) < 0)
		r = err_origin(-errno);
	if (r == 0) {
		if (c->registry_fd >= 0)
			close(c->registry_fd);
		c->registry_fd = fd;
		c->registry_bytes = buf_len(&b);
		c->registry_rewrite_at = 2 * c->registry_bytes + REWRITE_SLACK_BYTES;
		c->is_registry_broken = false;
	} else if (fd >= 0) {
		close(fd);
		unlink(tmp); /* it is in the way on a full disk */
	}
	buf_fini(&b);
	return r;
}

/* Whole lines only: what did not fit is taken back, so that the file stays a
 * beginning of what happened. */
static int append_line(struct core *c, const struct buf *b)
{
	int r = write_all(c->registry_fd, buf_data(b), buf_len(b));

	if (r == 0) {
		c->registry_bytes += buf_len(b);
	} else if (ftruncate(c->registry_fd, (off_t)c->registry_bytes) < 0) {
		log_error("a broken line is left in the registry: %s", strerror(errno));
	}
	return r;
}

static void append(struct core *c, json_t *v)
{
	struct buf b = BUF_INIT;
	int r = put_line(&b, v);

	if (r == 0 && (c->is_registry_broken || c->registry_bytes > c->registry_rewrite_at)) {
		r = rewrite(c);
	} else if (r == 0) {
		r = append_line(c, &b);
	}
	if (r < 0 && !c->is_registry_broken)
		log_fault(r, "the registry cannot be written; sessions and panes go on in memory");
	if (r < 0)
		c->is_registry_broken = true;
	err_clear();
	buf_fini(&b);
}

static void put_env(struct core *c, struct core_env *e)
{
	if (e && !e->is_written) {
		e->is_written = true;
		append(c, record_of_env(e));
	}
}

void registry_put_session(struct session *s)
{
	put_env(s->core, s->env);
	append(s->core, record_of_session(s));
}

void registry_put_layouts(struct session *s, const char *json)
{
	char *copy = mem_strdup(json);

	if (!copy)
		return; /* the next change writes them */
	mem_free(s->layouts_text);
	s->layouts_text = copy;
	registry_put_session(s);
}

void registry_put_pane(struct pane *p)
{
	if (p->is_deleted)
		return;
	put_env(p->core, p->env);
	append(p->core, record_of_pane(p));
}

static void drop(struct core *c, const char *type, uint64_t number)
{
	append(c, json_pack("{s:s, s:I}", "t", type, "id", (json_int_t)number));
}

void registry_drop_session(struct core *c, uint64_t number)
{
	drop(c, "-session", number);
}

void registry_drop_pane(struct core *c, uint64_t number)
{
	drop(c, "-pane", number);
}

/* ---- reading ---- */

/* Environments by their number in the file. */
struct loading {
	struct core *core;
	struct core_env **envs;
	uint32_t max_envs;
	unsigned n_bad;
};

static int64_t get_int(const json_t *v, const char *key)
{
	return json_integer_value(json_object_get(v, key));
}

static struct core_env *env_numbered(struct loading *l, int64_t id)
{
	return id > 0 && id < (int64_t)l->max_envs ? l->envs[id] : NULL;
}

static int load_env(struct loading *l, const json_t *v)
{
	int64_t id = get_int(v, "id");
	struct buf b = BUF_INIT;
	size_t i;
	json_t *s;
	int r;

	if (id <= 0 || id > 1000000)
		return -EINVAL;
	json_array_foreach(json_object_get(v, "vars"), i, s)
	{
		if (json_is_string(s))
			buf_put(&b, json_string_value(s), json_string_length(s) + 1);
	}
	r = buf_check(&b);
	if (r == 0)
		r = table_reserve((void ***)&l->envs, (uint32_t)id + 1, &l->max_envs);
	if (r == 0) {
		l->envs[id] = env_unref(l->envs[id]);
		r = env_intern_block(l->core, buf_data(&b), buf_len(&b), &l->envs[id]);
	}
	buf_fini(&b);
	return err_trace(r);
}

static void set_string(char **field, const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	mem_free(*field);
	*field = s ? mem_strdup(s) : NULL;
}

static int load_session(struct loading *l, const json_t *v)
{
	struct core *c = l->core;
	uint64_t number = (uint64_t)get_int(v, "id");
	const char *name = json_string_value(json_object_get(v, "name"));
	const char *cwd = json_string_value(json_object_get(v, "cwd"));
	struct session *s = session_by_number(c, number);
	int r = 0;

	if (!number || !name || !cwd)
		return -EINVAL;
	if (!s) {
		r = session_add(c, number, name, cwd, env_numbered(l, get_int(v, "env")), &s);
	} else if (strcmp(s->name, name) != 0) {
		r = err_trace(session_set_name(s, name));
	}
	if (r == 0)
		s->created_us = (uint64_t)get_int(v, "created");
	if (r == 0)
		set_string(&s->layouts_text, v, "layouts");
	return r;
}

static enum pane_state state_named(const char *name)
{
	for (int s = PANE_STARTING; s <= PANE_LOST; s++) {
		if (name && strcmp(name, pane_state_name((enum pane_state)s)) == 0)
			return (enum pane_state)s;
	}
	return PANE_LOST;
}

static void load_pane_fields(struct loading *l, struct pane *p, const json_t *v)
{
	const json_t *status = json_object_get(v, "status");
	const json_t *command = json_object_get(v, "command"),
		     *metadata = json_object_get(v, "metadata");
	const char *key = json_string_value(json_object_get(v, "key"));
	int64_t cols = get_int(v, "cols"), rows = get_int(v, "rows");

	pane_set_state(p, state_named(json_string_value(json_object_get(v, "state"))));
	p->generation = (uint32_t)get_int(v, "gen");
	p->is_pty = json_is_true(json_object_get(v, "pty"));
	p->is_private = json_is_true(json_object_get(v, "private"));
	p->wants_raw_output = json_is_true(json_object_get(v, "raw"));
	p->wants_hold = json_is_true(json_object_get(v, "hold"));
	p->is_fresh = json_is_true(json_object_get(v, "fresh"));
	p->is_closed = json_is_true(json_object_get(v, "closed"));
	p->is_quarantined = json_is_true(json_object_get(v, "quarantined"));
	p->cols = cols >= 1 && cols <= 2000 ? (uint16_t)cols : 80;
	p->rows = rows >= 1 && rows <= 1000 ? (uint16_t)rows : 24;
	p->umask = (uint32_t)get_int(v, "umask");
	p->has_status = json_is_integer(status);
	p->status = (int)json_integer_value(status);
	p->created_us = (uint64_t)get_int(v, "created");
	p->started_us = (uint64_t)get_int(v, "started");
	p->exited_us = (uint64_t)get_int(v, "exited");
	set_string(&p->cwd, v, "cwd");
	set_string(&p->kind, v, "kind");
	set_string(&p->title, v, "title");
	pane_set_key(p, key ? key : "");
	json_decref(p->command);
	p->command = json_is_array(command) ? json_deep_copy(command) : json_array();
	json_decref(p->metadata);
	p->metadata = json_is_object(metadata) ? json_deep_copy(metadata) : NULL;
	env_unref(p->env);
	p->env = env_ref(env_numbered(l, get_int(v, "env")));
	if (!p->cwd)
		p->cwd = mem_strdup("/");
}

static int load_pane(struct loading *l, const json_t *v)
{
	struct core *c = l->core;
	uint64_t number = (uint64_t)get_int(v, "id");
	struct session *s = session_by_number(c, (uint64_t)get_int(v, "session"));
	struct pane *p = pane_by_number(c, number);
	int r = 0;

	if (!number || !s)
		return -EINVAL;
	if (!p)
		r = pane_add(c, number, s, &p);
	if (r == 0)
		load_pane_fields(l, p, v);
	return err_trace(r);
}

static int load_record(struct loading *l, const json_t *v)
{
	struct core *c = l->core;
	const char *t = json_string_value(json_object_get(v, "t"));
	uint64_t id = (uint64_t)get_int(v, "id");
	struct session *s;
	struct pane *p;

	if (!t)
		return -EINVAL;
	if (strcmp(t, "env") == 0)
		return load_env(l, v);
	if (strcmp(t, "session") == 0)
		return load_session(l, v);
	if (strcmp(t, "pane") == 0)
		return load_pane(l, v);
	if (strcmp(t, "-pane") == 0) {
		if (id >= c->next_pane)
			c->next_pane = id + 1;
		p = pane_by_number(c, id);
		if (p)
			pane_remove(p, false);
	} else if (strcmp(t, "-session") == 0) {
		s = session_by_number(c, id);
		if (s && s->n_panes == 0)
			session_remove(s);
	} else if (strcmp(t, "next") == 0) {
		if ((uint64_t)get_int(v, "session") > c->next_session)
			c->next_session = (uint64_t)get_int(v, "session");
		if ((uint64_t)get_int(v, "pane") > c->next_pane)
			c->next_pane = (uint64_t)get_int(v, "pane");
	} else {
		return -EINVAL;
	}
	return 0;
}

static int load_lines(struct loading *l, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int r = 0;

	while (r != -ENOMEM && (n = getline(&line, &size, f)) > 0) {
		json_t *v = json_loadb(line, (size_t)n, 0, NULL);

		r = v ? load_record(l, v) : -EINVAL;
		if (r < 0)
			l->n_bad++;
		json_decref(v);
	}
	free(line); /* getline's */
	return r == -ENOMEM ? r : 0;
}

int registry_load(struct core *c)
{
	struct loading l = { .core = c };
	char path[512], aside[560];
	FILE *f;
	int r = 0;

	path_of(c, "", path, sizeof path);
	f = fopen(path, "re");
	if (!f && errno != ENOENT)
		log_error("cannot read %s: %s", path, strerror(errno));
	if (f) {
		r = load_lines(&l, f);
		fclose(f);
	}
	c->registry_next_pane = l.n_bad > 0 ? 0 : c->next_pane;
	if (l.n_bad > 0) {
		snprintf(aside, sizeof aside, "%s.damaged-%llu", path,
			 (unsigned long long)clock_wall_us());
		if (link(path, aside) < 0)
			log_error("cannot set %s aside: %s", path, strerror(errno));
		log_warn("%u lines of the registry could not be read; the file is kept as %s",
			 l.n_bad, aside);
	}
	if (r == 0 && rewrite(c) < 0) {
		log_error("the registry cannot be written: a crash of the daemon will forget what "
			  "changes now");
		c->is_registry_broken = true;
		err_clear();
	}
	for (uint32_t i = 0; i < l.max_envs; i++)
		env_unref(l.envs[i]);
	mem_free(l.envs);
	return err_trace(r);
}

void registry_close(struct core *c)
{
	if (c->registry_fd >= 0)
		close(c->registry_fd);
	c->registry_fd = -1;
}
