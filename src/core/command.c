#include "core/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/run.h"
#include "core/state.h"
#include "vt/vt.h"

#define TEXT_MAX (64u << 10) /* of a command; what is longer is cut */
#define NOTES_MAX (1u << 20) /* bytes of notes from one feeding */
#define EOL_MAX (VT_COLS_MAX + 256)

enum note_kind {
	NOTE_PROMPT,
	NOTE_CONTINUATION,
	NOTE_EDIT,
	NOTE_OUTPUT,
	NOTE_DONE,
	NOTE_LINE,
	NOTE_CWD
};

struct command_note {
	enum note_kind kind;
	int status;
	uint64_t begin, end; /* of a mark */
	char *text;          /* LINE, CWD; OUTPUT: what stood behind the prompt; ours */
};

/* ---- life ---- */

static void recall(struct pane *p, struct shell *s);

struct shell *command_shell(struct pane *p)
{
	enum shell_kind kind;
	struct shell *s;

	if (p->shell)
		return p->shell;
	kind = shell_of_pane(p);
	s = kind == SHELL_NONE ? NULL : mem_new(struct shell);
	if (!s)
		return NULL;
	s->kind = kind;
	shell_nonce(p, s->nonce);
	p->shell = s;
	if (!command_log_recall(p))
		recall(p, s);
	return s;
}

static void free_notes(struct shell *s)
{
	struct command_note n;

	while (buf_len(&s->notes) >= sizeof n) {
		memcpy(&n, buf_data(&s->notes), sizeof n);
		buf_consume(&s->notes, sizeof n);
		mem_free(n.text);
	}
	buf_fini(&s->notes);
}

static void free_texts(struct core_command *c)
{
	mem_free(c->text);
	mem_free(c->cwd);
	mem_free(c->cwd_after);
	c->text = c->cwd = c->cwd_after = NULL;
}

void command_free(struct pane *p)
{
	struct shell *s = p->shell;

	json_decref(p->logged);
	p->logged = NULL;
	if (!s)
		return;
	free_notes(s);
	free_texts(&s->command);
	mem_free(s->cwd);
	mem_free(s->line);
	mem_free(s);
	p->shell = NULL;
}

const struct core_command *core_pane_command(const struct pane *p)
{
	return p->shell && p->shell->command.number ? &p->shell->command : NULL;
}

/* ---- after a crash of the daemon, when nothing was written down: where the shell was ---- */

static const char *last_of(const char *data, size_t n, const char *what)
{
	size_t k = strlen(what);

	for (size_t i = n < k ? 0 : n - k + 1; i > 0; i--) {
		if (memcmp(data + i - 1, what, k) == 0)
			return data + i - 1;
	}
	return NULL;
}

static enum shell_state state_after(const char *mark)
{
	switch (mark[0]) {
	case 'B':
		return SHELL_PROMPT;
	case 'C':
		return SHELL_RUNNING;
	default:
		return SHELL_BETWEEN;
	}
}

/* The last mark in what the ring still holds. */
static void recall(struct pane *p, struct shell *s)
{
	struct stream *out = &p->streams[CORE_OUT];
	uint64_t from = stream_tail(out), to;
	struct buf all = BUF_INIT;
	struct arena_view v;
	const char *at, *mark;

	if (!out->has_slot)
		return;
	to = p->core->arena.slots[out->slot].fed_seq;
	if (to <= from)
		return;
	p->next_command = to / 16 + 1; /* each took more bytes than that: no number comes twice */
	v = arena_slot_view(&p->core->arena, out->slot, from, to - from);
	buf_put(&all, v.p[0], v.n[0]);
	buf_put(&all, v.p[1], v.n[1]);
	at = last_of(buf_data(&all), buf_len(&all), s->nonce);
	mark = at ? last_of(buf_data(&all), (size_t)(at - buf_data(&all)), "\033]133;") : NULL;
	if (mark && at - mark < 64) {
		s->state = state_after(mark + 6);
		s->command.is_running = s->state == SHELL_RUNNING;
		s->command.number = s->command.is_running ? p->next_command++ : 0;
		s->command.seq_from = from + (uint64_t)(at - buf_data(&all)) + SHELL_NONCE_BYTES;
		s->command.shell = shell_kind_name(s->kind);
		s->command.started_us = clock_wall_us();
		s->command.started_ns = clock_mono_ns();
	}
	buf_fini(&all);
}

/* ---- notes ---- */

static void add_note(struct shell *s, const struct command_note *n)
{
	if (buf_len(&s->notes) < NOTES_MAX) {
		buf_put(&s->notes, n, sizeof *n);
		if (!s->notes.is_broken)
			return;
		buf_truncate(&s->notes, buf_len(&s->notes));
	}
	mem_free(n->text);
}

static struct shell *shell_of_nonce(struct pane *p, const char *nonce)
{
	struct shell *s = command_shell(p);

	return s && strcmp(nonce, s->nonce) == 0 ? s : NULL;
}

/* "0;eol=104;o=nonce": what stands behind "@name=" up to the next semicolon. */
static const char *field(const char *text, const char *name, size_t *ret_n)
{
	size_t n = strlen(name);

	for (const char *at = text; at; at = strchr(at, ';')) {
		at += *at == ';';
		if (strncmp(at, name, n) == 0 && at[n] == '=') {
			*ret_n = strcspn(at + n + 1, ";");
			return at + n + 1;
		}
	}
	return NULL;
}

static bool is_ours(const struct shell *s, const char *text)
{
	size_t n;
	const char *nonce = field(text, "o", &n);

	return nonce && n == strlen(s->nonce) && memcmp(nonce, s->nonce, n) == 0;
}

/* What zsh shows behind output without an end of line (it says how long that is), or nothing. */
static uint64_t eol_of(const struct pane *p, const char *text, uint64_t begin)
{
	const struct stream *out = &p->streams[CORE_OUT];
	size_t n;
	const char *given = field(text, "eol", &n);
	uint64_t eol = given ? strtoull(given, NULL, 10) : 0;
	struct arena_view v;

	if (eol < 4 || eol > EOL_MAX || eol > begin - stream_tail(out))
		return 0;
	v = arena_slot_view(&p->core->arena, out->slot, begin - 1, 1);
	return v.p[0][0] == '\r' ? eol : 0;
}

/* The line that was typed, as the screen has it, for when the shell does not tell. */
static char *typed_line(const struct pane *p)
{
	struct buf text = BUF_INIT;

	if (!p->vt)
		return NULL;
	text_behind_prompt(p->vt, &text);
	return buf_steal_str(&text);
}

void command_note_mark(struct pane *p, const struct vt_mark_event *ev, uint64_t begin, uint64_t end)
{
	struct shell *s = command_shell(p);
	struct command_note n = { .status = ev->mark.status, .begin = begin, .end = end };

	if (!s || !is_ours(s, ev->text))
		return;
	switch ((enum mark_kind)ev->mark.kind) {
	case MARK_PROMPT:
		n.kind = NOTE_PROMPT;
		break;
	case MARK_CONTINUATION:
		n.kind = NOTE_CONTINUATION;
		break;
	case MARK_COMMAND:
		n.kind = NOTE_EDIT;
		break;
	case MARK_OUTPUT:
		n.kind = NOTE_OUTPUT;
		n.text = s->has_line_noted ? NULL : typed_line(p);
		s->has_line_noted = false;
		break;
	case MARK_DONE:
		n.kind = NOTE_DONE;
		n.begin -= eol_of(p, ev->text, begin);
		break;
	case MARK_USER:
		return;
	}
	if (n.kind == NOTE_OUTPUT) {
		line_command_begin(p);
	} else if (n.kind == NOTE_DONE || n.kind == NOTE_PROMPT) {
		line_command_end(p, ev->mark.status);
	}
	add_note(s, &n);
}

static void note_text(struct shell *s, enum note_kind kind, const char *text)
{
	struct command_note n = { .kind = kind, .text = mem_strdup(text) };

	s->has_line_noted |= kind == NOTE_LINE;
	if (n.text)
		add_note(s, &n);
}

void command_note_line(struct pane *p, const char *text, const char *nonce)
{
	struct shell *s = shell_of_nonce(p, nonce);

	if (s)
		note_text(s, NOTE_LINE, text);
}

/* bash: "EXPECTED;  NUMBER  text", the last line of the history and the number it was to
 * have less one.  Another number: the line was not stored, and this is an older one. */
static const char *line_of_history(const char *value)
{
	char *end, *text;
	unsigned long long expected = strtoull(value, &end, 10), number;

	if (end == value || *end != ';')
		return NULL;
	number = strtoull(end + 1, &text, 10);
	if (text == end + 1 || number != expected + 1 || (text[0] != ' ' && text[0] != '*') ||
	    text[1] != ' ')
		return NULL;
	return text + 2;
}

void command_note_var(struct pane *p, const char *name, const char *value)
{
	bool is_line = strcmp(name, "OrchflowLine") == 0;
	struct shell *s;
	size_t n;

	if (!is_line && strcmp(name, "OrchflowCwd") != 0)
		return;
	s = command_shell(p);
	n = s ? strlen(s->nonce) : 0;
	if (!s || strncmp(value, s->nonce, n) != 0 || value[n] != ';')
		return;
	value += n + 1;
	if (is_line)
		value = line_of_history(value);
	if (value)
		note_text(s, is_line ? NOTE_LINE : NOTE_CWD, value);
}

/* ---- acting on them ---- */

static void replace(char **to, char *with)
{
	mem_free(*to);
	*to = with;
}

/* The next line of several that were entered at once. */
static void add_line(struct core_command *c, const char *line)
{
	struct buf all = BUF_INIT;
	char *text;

	if (!c->text || !line || strlen(c->text) + strlen(line) > TEXT_MAX)
		return;
	buf_put_str(&all, c->text);
	buf_put_char(&all, '\n');
	buf_put_str(&all, line);
	text = buf_steal_str(&all);
	if (text)
		replace(&c->text, text);
}

static void begin_command(struct pane *p, struct shell *s, struct command_note *n)
{
	struct core_command *c = &s->command;
	bool is_told = s->line != NULL;

	free_texts(c);
	*c = (struct core_command){ .number = run_number_typed(p),
				    .shell = shell_kind_name(s->kind),
				    .is_running = true,
				    .is_text_told = is_told,
				    .text = is_told ? TAKE(s->line) : TAKE(n->text),
				    .cwd = mem_strdup(s->cwd),
				    .started_us = clock_wall_us(),
				    .started_ns = clock_mono_ns(),
				    .seq_from = n->end };
	s->state = SHELL_RUNNING;
	s->is_ended = false;
	run_on_begin(p);
	command_log_put(p);
	core_event(p->core, CORE_COMMAND_STARTED, p, p->session);
}

static void on_output(struct pane *p, struct shell *s, struct command_note *n)
{
	if (s->state == SHELL_RUNNING) {
		add_line(&s->command, s->line);
	} else {
		begin_command(p, s, n);
	}
	replace(&s->line, NULL);
}

static void end_command(struct shell *s, uint64_t at, bool has_exit, int status)
{
	struct core_command *c = &s->command;

	c->is_running = false;
	c->has_exit = has_exit;
	c->exit_code = status;
	c->ended_us = clock_wall_us();
	c->ended_ns = clock_mono_ns();
	c->seq_to = at < c->seq_from ? c->seq_from : at;
	s->is_ended = true;
}

static void on_done(struct pane *p, struct shell *s, const struct command_note *n)
{
	bool was_running = s->state == SHELL_RUNNING;

	s->state = SHELL_BETWEEN;
	s->is_interrupted = s->wants_interrupt = false;
	if (was_running) {
		end_command(s, n->begin, n->status >= 0, n->status);
		run_on_end(p);
	} else {
		run_on_nothing(p, n->begin, n->status);
	}
}

/* The directory behind it was told too: the record is whole. */
void command_tell_finished(struct pane *p)
{
	struct shell *s = p->shell;

	if (!s || !s->is_ended)
		return;
	s->is_ended = false;
	replace(&s->command.cwd_after, mem_strdup(s->cwd));
	/* In this order: a crash between them finds the end once more, and its record there. */
	registry_put_command(p, &s->command);
	command_log_put(p);
	core_event(p->core, CORE_COMMAND_FINISHED, p, p->session);
	wait_on_command_end(p);
}

static void on_prompt(struct pane *p, struct shell *s, const struct command_note *n)
{
	if (s->state == SHELL_RUNNING) {
		end_command(s, n->begin, false, 0);
		run_on_end(p);
	}
	command_tell_finished(p);
	s->is_continuation = false;
	s->state = SHELL_BETWEEN;
}

static void on_edit(struct pane *p, struct shell *s, const struct command_note *n)
{
	s->prompt_at = n->end;
	if (s->wants_interrupt || s->is_interrupted)
		return;
	s->state = s->is_continuation ? SHELL_CONTINUED : SHELL_PROMPT;
	command_log_put(p);
	run_on_prompt(p);
	wait_on_prompt(p);
}

static void act(struct pane *p, struct shell *s, struct command_note *n)
{
	switch (n->kind) {
	case NOTE_PROMPT:
		on_prompt(p, s, n);
		break;
	case NOTE_CONTINUATION:
		s->is_continuation = true;
		break;
	case NOTE_EDIT:
		on_edit(p, s, n);
		break;
	case NOTE_OUTPUT:
		on_output(p, s, n);
		break;
	case NOTE_DONE:
		on_done(p, s, n);
		break;
	case NOTE_LINE:
		replace(&s->line, TAKE(n->text));
		break;
	case NOTE_CWD:
		replace(&s->cwd, TAKE(n->text));
		term_set_cwd(p, s->cwd);
		break;
	}
	mem_free(n->text);
}

void command_turn(struct pane *p)
{
	struct shell *s = p->shell;
	struct command_note n;

	if (!s)
		return;
	while (p->shell == s && buf_len(&s->notes) >= sizeof n) {
		memcpy(&n, buf_data(&s->notes), sizeof n);
		buf_consume(&s->notes, sizeof n);
		if (n.kind == NOTE_DONE || n.kind == NOTE_PROMPT)
			run_on_output(p, n.begin, true);
		if (n.end > 0)
			s->acted_at = n.end;
		act(p, s, &n);
	}
}

void command_on_exit(struct pane *p)
{
	struct shell *s = p->shell;

	if (!s)
		return;
	if (s->state == SHELL_RUNNING) {
		end_command(s, stream_head(&p->streams[CORE_OUT]), false, 0);
		s->command.is_shell_gone = true;
		s->command.has_exit = p->has_status;
		s->command.exit_code =
			WIFEXITED(p->status) ? WEXITSTATUS(p->status) : 128 + WTERMSIG(p->status);
	}
	s->state = SHELL_UNKNOWN;
	command_tell_finished(p);
}

bool command_is_line_empty(struct pane *p)
{
	const struct vt *vt = term_get(p);
	struct line_buf scratch = LINE_BUF_INIT;
	struct line_view v;
	bool is_empty = true;
	struct vt_cursor at;

	if (!vt)
		return true;
	at = vt_cursor(vt);
	if (vt_line(vt, at.row, &scratch, &v) == 0) {
		for (int i = (int)v.n_marks - 1; i >= 0; i--) {
			if (v.marks[i].kind != MARK_COMMAND)
				continue;
			is_empty = v.marks[i].col == (uint32_t)at.col;
			break;
		}
	}
	line_buf_fini(&scratch);
	return is_empty;
}

/* Nothing was typed since it was shown, as far as can be known. */
bool command_is_at_prompt(struct pane *p)
{
	const struct shell *s = p->shell;

	return s && s->state == SHELL_PROMPT && list_is_empty(&p->writes) &&
	       (p->input_at == 0 || p->input_at < s->prompt_at) && command_is_line_empty(p);
}
