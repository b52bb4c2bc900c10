/*
 * Records of commands on their way into the store.  Each stands in the registry's
 * log before anybody is told that the command ended, and stays at hand until
 * the store has it: what the store could not take is given to it again when it
 * can, or by the next daemon, which finds it in the log.  The store passes over
 * what it has already.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/state.h"
#include "store/command.h"

#define WAITING_MAX_BYTES (8u << 20) /* then no more are kept until the store takes some */

struct registry_command {
	struct list link; /* registry.commands, in the order of their ends */
	struct core *core;
	struct store_command v;
	size_t n_bytes;
	bool is_asked;     /* the store has been asked to keep it */
	bool may_be_there; /* ... maybe more than once */
	char *texts[4];    /* text, cwd, cwd_after, shell: v's */
};

/* ---- the log's line ---- */

static const char *const text_keys[4] = { "text", "cwd", "after", "shell" };

/* What is not UTF-8 stands in an array, each byte as the character of that number. */
static json_t *json_of_text(const char *s)
{
	json_t *v = json_string(s);
	struct buf b = BUF_INIT;
	char one[4];

	if (v)
		return v;
	for (; *s; s++)
		buf_put(&b, one, utf8_encode((unsigned char)*s, one));
	v = buf_check(&b) == 0 ? json_pack("[s%]", buf_data(&b), buf_len(&b)) : NULL;
	buf_fini(&b);
	return v;
}

static char *text_of_json(const json_t *v)
{
	const json_t *bytes = json_array_get(v, 0);
	const char *s = json_string_value(bytes ? bytes : v);
	size_t n = bytes ? json_string_length(bytes) : 0;
	struct buf b = BUF_INIT;
	uint32_t cp;

	if (!s || !bytes)
		return mem_strdup(s ? s : "");
	while (n > 0) {
		size_t used = utf8_decode(s, n, &cp);

		buf_put_char(&b, (char)cp);
		s += used;
		n -= used;
	}
	return buf_steal_str(&b);
}

static json_t *record_of(const struct registry_command *e)
{
	const struct store_command *v = &e->v;
	json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:i, s:I, s:I}", "t", "command", "pane",
			      (json_int_t)v->pane, "session", (json_int_t)v->session, "number",
			      (json_int_t)v->number, "gen", (int)v->generation, "start",
			      (json_int_t)v->start_us, "end", (json_int_t)v->end_us);
	bool is_whole = j != NULL;

	for (int i = 0; is_whole && i < 4; i++)
		is_whole = json_object_set_new(j, text_keys[i], json_of_text(e->texts[i])) == 0;
	if (is_whole && v->has_exit)
		is_whole = json_object_set_new(j, "exit", json_integer(v->exit_code)) == 0;
	if (is_whole && v->has_seq) {
		is_whole = json_object_set_new(j, "from", json_integer((json_int_t)v->seq_from)) ==
				   0 &&
			   json_object_set_new(j, "to", json_integer((json_int_t)v->seq_to)) == 0;
	}
	if (is_whole)
		return j;
	json_decref(j);
	return NULL;
}

/* ---- those that wait ---- */

static void drop(struct registry_command *e)
{
	list_remove(&e->link);
	e->core->registry.command_bytes -= e->n_bytes;
	for (int i = 0; i < 4; i++)
		mem_free(e->texts[i]);
	mem_free(e);
}

/* Takes the texts, of which any may be NULL: out of memory. */
static struct registry_command *add(struct core *c, const struct store_command *v, char **texts)
{
	struct registry_command *e = mem_new(struct registry_command);
	bool is_whole = e != NULL;

	for (int i = 0; i < 4; i++)
		is_whole = is_whole && texts[i];
	if (!is_whole) {
		for (int i = 0; i < 4; i++)
			mem_free(texts[i]);
		mem_free(e);
		return NULL;
	}
	*e = (struct registry_command){ .core = c, .v = *v, .n_bytes = sizeof *e };
	for (int i = 0; i < 4; i++) {
		e->texts[i] = texts[i];
		e->n_bytes += strlen(texts[i]) + 1;
	}
	e->v.text = e->texts[0];
	e->v.cwd = e->texts[1];
	e->v.cwd_after = e->texts[2];
	e->v.shell = e->texts[3];
	list_append(&c->registry.commands, &e->link);
	c->registry.command_bytes += e->n_bytes;
	return e;
}

static void on_kept(uint64_t n, const struct fail *f, void *user)
{
	struct registry_command *e = user;
	struct core *c = e->core;

	(void)n;
	e->is_asked = false;
	if (!f)
		drop(e);
	registry_on_stored(f, c);
}

static void ask(struct registry_command *e)
{
	struct core *c = e->core;
	bool may_be_there = e->may_be_there;

	e->is_asked = e->may_be_there = true;
	c->registry.n_put++;
	if (may_be_there) {
		store_command_import(c->registry.store, &e->v, 1, on_kept, e);
	} else {
		store_command_put(c->registry.store, &e->v, on_kept, e);
	}
}

/* Out of memory, or too many wait: said once until they have gone. */
static void tell_lost(struct core *c, const char *why)
{
	if (!c->registry.is_command_lost)
		log_error("commands are not recorded: %s", why);
	c->registry.is_command_lost = true;
}

static char *copy(const char *s)
{
	return mem_strdup(s ? s : "");
}

void registry_put_command(const struct pane *p, const struct core_command *v)
{
	struct core *c = p->core;
	struct store_command s = { .pane = p->number,
				   .session = p->session->number,
				   .generation = p->generation,
				   .number = v->number,
				   .source = COMMAND_FROM_MARKS,
				   .start_us = v->started_us,
				   .end_us = v->ended_us,
				   .has_exit = v->has_exit,
				   .exit_code = v->exit_code,
				   .has_seq = true,
				   .seq_from = v->seq_from,
				   .seq_to = v->seq_to };
	struct registry_command *e;

	if (!v->text || p->is_private || !store_command_is_kept(c->registry.store, v->text))
		return;
	if (c->registry.command_bytes > WAITING_MAX_BYTES) {
		tell_lost(c, "too many wait for the store");
		return;
	}
	e = add(c, &s,
		(char *[]){ copy(v->text), copy(v->cwd), copy(v->cwd_after), copy(v->shell) });
	if (!e) {
		tell_lost(c, strerror(ENOMEM));
		return;
	}
	registry_log_record(c, record_of(e));
	if (registry_can_store(c))
		ask(e);
}

int registry_load_command(struct core *c, const json_t *v)
{
	const json_t *exit_code = json_object_get(v, "exit"), *from = json_object_get(v, "from");
	struct store_command s = {
		.pane = (uint64_t)json_integer_value(json_object_get(v, "pane")),
		.session = (uint64_t)json_integer_value(json_object_get(v, "session")),
		.generation = (uint32_t)json_integer_value(json_object_get(v, "gen")),
		.number = (uint64_t)json_integer_value(json_object_get(v, "number")),
		.source = COMMAND_FROM_MARKS,
		.start_us = (uint64_t)json_integer_value(json_object_get(v, "start")),
		.end_us = (uint64_t)json_integer_value(json_object_get(v, "end")),
		.has_exit = exit_code != NULL,
		.exit_code = (int)json_integer_value(exit_code),
		.has_seq = from != NULL,
		.seq_from = (uint64_t)json_integer_value(from),
		.seq_to = (uint64_t)json_integer_value(json_object_get(v, "to")),
	};
	char *texts[4];
	struct registry_command *e;

	if (!json_object_get(v, "text"))
		return -EINVAL;
	for (int i = 0; i < 4; i++)
		texts[i] = text_of_json(json_object_get(v, text_keys[i]));
	e = add(c, &s, texts);
	if (e)
		e->may_be_there = true;
	return e ? 0 : -ENOMEM;
}

int registry_log_commands(struct core *c, struct buf *b)
{
	int r = 0;

	list_for_each (l, &c->registry.commands) {
		const struct registry_command *e = list_entry(l, struct registry_command, link);

		if (r == 0)
			r = registry_log_put(b, record_of(e));
	}
	return r;
}

void registry_store_commands(struct core *c)
{
	/* An answer that comes at once (out of memory) takes none out of the list. */
	list_for_each (l, &c->registry.commands) {
		struct registry_command *e = list_entry(l, struct registry_command, link);

		if (!e->is_asked)
			ask(e);
	}
}

void registry_free_commands(struct core *c)
{
	while (!list_is_empty(&c->registry.commands))
		drop(list_entry(c->registry.commands.next, struct registry_command, link));
}
