/*
 * Which command a line on the screen or in the history belongs to: where the cursor
 * was when the shell told of its beginning and of its end.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "core/state.h"
#include "vt/vt.h"

#define COMMANDS 64u

/* The newest ones, in order. */
struct line_commands {
	uint64_t reflow_age; /* lines are numbered anew when it grows */
	uint32_t n;
	struct line_command list[COMMANDS];
};

static struct line_commands *commands_of(struct pane *p)
{
	struct line_commands *c = p->line_commands;

	if (!c) {
		c = p->line_commands = mem_new(struct line_commands);
		if (!c)
			return NULL;
		c->reflow_age = vt_reflow_age(p->vt);
	}
	if (c->reflow_age != vt_reflow_age(p->vt)) {
		c->reflow_age = vt_reflow_age(p->vt);
		c->n = 0;
	}
	return c;
}

static void set_text(struct line_command *l, const char *text)
{
	size_t n = strlen(text);

	n = n < sizeof l->text ? n : sizeof l->text - 1;
	n = utf8_valid_prefix(text, n);
	memcpy(l->text, text, n);
	l->text[n] = '\0';
}

static struct line_command *last_open(struct line_commands *c)
{
	return c->n > 0 && c->list[c->n - 1].end == UINT64_MAX ? &c->list[c->n - 1] : NULL;
}

static uint64_t cursor_line(const struct pane *p)
{
	return vt_lines_pushed(p->vt) + (uint64_t)vt_cursor(p->vt).row;
}

void line_command_begin(struct pane *p)
{
	struct line_commands *c = p->vt ? commands_of(p) : NULL;

	if (!c || last_open(c))
		return; /* of several lines that were typed at once */
	if (c->n == COMMANDS)
		memmove(c->list, c->list + 1, --c->n * sizeof c->list[0]);
	c->list[c->n++] = (struct line_command){ .first = cursor_line(p), .end = UINT64_MAX };
}

void line_command_end(struct pane *p, int status)
{
	struct line_commands *c = p->vt && p->line_commands ? commands_of(p) : NULL;
	struct line_command *l = c ? last_open(c) : NULL;

	if (!l)
		return;
	/* Output that ends within a line shares it with the prompt. */
	l->end = cursor_line(p) + (vt_cursor(p->vt).col > 0);
	l->has_exit = status >= 0;
	l->exit_code = status;
}

/* The oldest one that has no name yet: they are told in their order. */
void line_command_note(struct pane *p)
{
	const struct core_command *command = core_pane_command(p);
	struct line_commands *c = command && p->vt && p->line_commands ? commands_of(p) : NULL;

	for (uint32_t i = 0; c && i < c->n; i++) {
		struct line_command *l = &c->list[i];

		if (l->number == command->number)
			return;
		if (l->number)
			continue;
		l->number = command->number;
		l->started_us = command->started_us;
		if (command->text)
			set_text(l, command->text);
		return;
	}
}

const struct line_command *line_command_find(const struct pane *p, uint64_t line)
{
	const struct line_commands *c = p->line_commands;

	if (!c || !p->vt || c->reflow_age != vt_reflow_age(p->vt))
		return NULL;
	for (uint32_t i = c->n; i > 0; i--) {
		const struct line_command *l = &c->list[i - 1];

		if (line >= l->first)
			return line < l->end ? l : NULL;
	}
	return NULL;
}

void line_command_drop(struct pane *p)
{
	mem_free(TAKE(p->line_commands));
}
